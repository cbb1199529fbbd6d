"""Layers: parts of a network, each with weights of its own."""

from ..vocabulary import answer, answer_of
from .attention import (
    AdditiveAttention,
    Attention,
    GroupQueryAttention,
    MultiHeadAttention,
)
from .augmentation import (
    CenterCrop,
    RandomBrightness,
    RandomContrast,
    RandomCrop,
    RandomErasing,
    RandomFlip,
    RandomRotation,
    RandomShear,
    RandomTranslation,
    RandomZoom,
)
from .base import (
    Layer,
    deserialize,
    register,
    registry,
    serialize,
)
from .cells import (
    StackedRNNCells,
)
from .colors import (
    RandomColorDegeneration,
    RandomGrayscale,
    RandomInvert,
    RandomPosterization,
    Solarization,
)
from .conv_transpose import (
    Conv1DTranspose,
    Conv2DTranspose,
    Conv3DTranspose,
)
from .convolution import (
    Conv1D,
    Conv2D,
    Conv3D,
    DepthwiseConv1D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
)
from .core import (
    Activation,
    Flatten,
    LeakyReLU,
    ReLU,
    Rescaling,
    Sigmoid,
    Softmax,
    Tanh,
)
from .dense import (
    Dense,
)
from .dropout import (
    Dropout,
)
from .einsum_dense import (
    EinsumDense,
)
from .embedding import (
    Embedding,
    ReversibleEmbedding,
)
from .ensemble import EnsembleDense
from .gru import (
    GRU,
    GRUCell,
)
from .input import (
    Input,
    InputLayer,
)
from .lstm import (
    LSTM,
    LSTMCell,
)
from .masking import (
    Masking,
)
from .merging import (
    Add,
    Average,
    Concatenate,
    Dot,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    concatenate,
    dot,
    maximum,
    minimum,
    multiply,
    subtract,
)
from .noise import (
    ActivityRegularization,
    AlphaDropout,
    GaussianDropout,
    GaussianNoise,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)
from .normalization import (
    BatchNormalization,
    GroupNormalization,
    LayerNormalization,
    LocalResponseNormalization,
    RMSNormalization,
    UnitNormalization,
)
from .piecewise import PiecewiseLinearEncoding
from .pooling import (
    AdaptiveAveragePooling1D,
    AdaptiveAveragePooling2D,
    AdaptiveAveragePooling3D,
    AdaptiveMaxPooling1D,
    AdaptiveMaxPooling2D,
    AdaptiveMaxPooling3D,
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from .positions import (
    PositionEmbedding,
    RotaryEmbedding,
    SinePositionEncoding,
)
from .preprocessing import (
    CategoryEncoding,
    Normalization,
)
from .rectifiers import (
    ELU,
    PReLU,
)
from .recurrent import (
    RNN,
)
from .reshaping import (
    Identity,
    Lambda,
    Permute,
    RepeatVector,
    Reshape,
)
from .resizing import (
    Cropping1D,
    Cropping2D,
    Cropping3D,
    Resizing,
    UpSampling1D,
    UpSampling2D,
    UpSampling3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)
from .shared_bias import (
    SharedBiasDense,
)
from .simple_rnn import (
    SimpleRNN,
    SimpleRNNCell,
)
from .text import (
    TextVectorization,
)
from .transformer import (
    CachedMultiHeadAttention,
    TransformerDecoder,
    TransformerEncoder,
)
from .wrappers import (
    Bidirectional,
    SpectralNormalization,
    TimeDistributed,
)

# names that Keras knows too
AvgPool1D = AveragePooling1D
AvgPool2D = AveragePooling2D
AvgPool3D = AveragePooling3D
Convolution1D = Conv1D
Convolution1DTranspose = Conv1DTranspose
Convolution2D = Conv2D
Convolution2DTranspose = Conv2DTranspose
Convolution3D = Conv3D
Convolution3DTranspose = Conv3DTranspose
GlobalAvgPool1D = GlobalAveragePooling1D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalAvgPool3D = GlobalAveragePooling3D
GlobalMaxPool1D = GlobalMaxPooling1D
GlobalMaxPool2D = GlobalMaxPooling2D
GlobalMaxPool3D = GlobalMaxPooling3D
Linear = Dense
MaxPool1D = MaxPooling1D
MaxPool2D = MaxPooling2D
MaxPool3D = MaxPooling3D
SeparableConvolution1D = SeparableConv1D
SeparableConvolution2D = SeparableConv2D

# loaded when they are first asked for; a file may name them before
_FILES = {
    "host.discretization": "Discretization",
    "host.hashing": "HashedCrossing Hashing",
    "host.lookup": "IntegerLookup StringLookup",
    "host.table_encoder": "TableEncoder",
    "images.histograms": "AutoContrast ContrastLimitedAdaptiveHistogramEqualization Equalization",
    "images.hues": "RandomColorJitter RandomHue RandomSaturation",
    "images.mixing": "CutMix MixUp",
    "images.policies": "AugMix RandAugment",
    "images.sharpness": "RandomGaussianBlur RandomSharpness",
    "images.warps": "RandomElasticTransform RandomPerspective",
}
_LATER = {name: f"layers.{file}" for file, names in _FILES.items() for name in names.split()}

__all__ = [
    "Activation",
    "ActivityRegularization",
    "AdaptiveAveragePooling1D",
    "AdaptiveAveragePooling2D",
    "AdaptiveAveragePooling3D",
    "AdaptiveMaxPooling1D",
    "AdaptiveMaxPooling2D",
    "AdaptiveMaxPooling3D",
    "Add",
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "BatchNormalization",
    "Bidirectional",
    "CachedMultiHeadAttention",
    "CategoryEncoding",
    "CenterCrop",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "Convolution1D",
    "Convolution1DTranspose",
    "Convolution2D",
    "Convolution2DTranspose",
    "Convolution3D",
    "Convolution3DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Dot",
    "Dropout",
    "ELU",
    "EinsumDense",
    "EnsembleDense",
    "Embedding",
    "Flatten",
    "GRU",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "GroupNormalization",
    "GroupQueryAttention",
    "Identity",
    "Input",
    "InputLayer",
    "LSTM",
    "LSTMCell",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Linear",
    "LocalResponseNormalization",
    "Masking",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "Maximum",
    "Minimum",
    "MultiHeadAttention",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "PiecewiseLinearEncoding",
    "PositionEmbedding",
    "RMSNormalization",
    "RNN",
    "RandomBrightness",
    "RandomColorDegeneration",
    "RandomContrast",
    "RandomCrop",
    "RandomErasing",
    "RandomFlip",
    "RandomGrayscale",
    "RandomInvert",
    "RandomPosterization",
    "RandomRotation",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
    "ReLU",
    "RepeatVector",
    "Reshape",
    "Rescaling",
    "Resizing",
    "ReversibleEmbedding",
    "RotaryEmbedding",
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
    "SharedBiasDense",
    "Sigmoid",
    "SimpleRNN",
    "SimpleRNNCell",
    "SinePositionEncoding",
    "Softmax",
    "Solarization",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "SpectralNormalization",
    "StackedRNNCells",
    "Subtract",
    "Tanh",
    "TextVectorization",
    "TimeDistributed",
    "TransformerDecoder",
    "TransformerEncoder",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "register",
    "registry",
    "serialize",
    "subtract",
]
__all__ += _LATER

for _name, _module in {**_LATER, "FeatureSpace": "layers.host.feature_space"}.items():
    registry.add_later(_module, [_name])

answer(__name__, later=_LATER)
answer_of(Layer, "layer")
