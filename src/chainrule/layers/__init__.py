"""Layers: parts of a network, each with weights of its own."""

from ..vocabulary import answer
from .attention import AdditiveAttention, Attention, GroupQueryAttention, MultiHeadAttention
from .base import Layer, deserialize, register, registry, serialize
from .core import (
    Activation,
    Flatten,
    LeakyReLU,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)
from .dense import Dense
from .dropout import Dropout
from .embedding import Embedding
from .input import Input, InputLayer
from .normalization import (
    BatchNormalization,
    GroupNormalization,
    LayerNormalization,
    LocalResponseNormalization,
    RMSNormalization,
    UnitNormalization,
)
from .positions import PositionEmbedding, RotaryEmbedding, SinePositionEncoding
from .transformer import CachedMultiHeadAttention, TransformerDecoder, TransformerEncoder

Linear = Dense

__all__ = [
    "Activation",
    "AdditiveAttention",
    "Attention",
    "BatchNormalization",
    "CachedMultiHeadAttention",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GroupNormalization",
    "GroupQueryAttention",
    "Input",
    "InputLayer",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Linear",
    "LocalResponseNormalization",
    "MultiHeadAttention",
    "PositionEmbedding",
    "RMSNormalization",
    "ReLU",
    "RotaryEmbedding",
    "Sigmoid",
    "SinePositionEncoding",
    "Softmax",
    "Tanh",
    "TransformerDecoder",
    "TransformerEncoder",
    "UnitNormalization",
    "deserialize",
    "register",
    "registry",
    "serialize",
]

answer(__name__)
