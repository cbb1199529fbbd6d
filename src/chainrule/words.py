"""Names that people bring along from Keras 3, PyTorch and scikit-learn; loaded when one is missing.

`NAMES` are the words of each public module of Keras (and a few of the others') that may be missing
here; whether one is here is found by looking, never from this table. What a word of another library
is called here stands in `synonyms.py`.

Sources: the public API lists of keras.io/api, pytorch.org/docs and scikit-learn.org.
"""

from __future__ import annotations

__all__ = ["NAMES"]


def _each(pattern: str, numbers: str = "123") -> str:
    """`Conv#D` for one, two and three axes."""
    return " ".join(word.replace("#", n) for word in pattern.split() for n in numbers)


NAMES: dict[str, str] = {
    "": """
        DTypePolicy Function KerasTensor Operation Quantizer RematScope StatelessScope SymbolicScope
        applications backend constraints device distribution dtype_policies export image io jacfwd
        jacrev linalg mixed_precision name_scope numpy preprocessing quantizers random remat saving
        tree visualization vmap wrappers
    """,
    "layers": _each(
        """
        AveragePooling#D AvgPool#D Conv#D Conv#DTranspose ConvLSTM#D Convolution#D
        Convolution#DTranspose Cropping#D GlobalAveragePooling#D GlobalAvgPool#D GlobalMaxPool#D
        GlobalMaxPooling#D MaxPool#D MaxPooling#D SpatialDropout#D UpSampling#D ZeroPadding#D
        """
    )
    + _each(" DepthwiseConv#D SeparableConv#D SeparableConvolution#D", "12")
    + """
        ActivityRegularization Add AdditiveAttention AlphaDropout Attention AugMix AutoContrast
        Average BatchNormalization Bidirectional CategoryEncoding CenterCrop Concatenate CutMix
        Discretization Dot ELU EinsumDense Embedding Equalization FlaxLayer GRU GRUCell
        GaussianDropout GaussianNoise GroupNormalization GroupQueryAttention HashedCrossing Hashing
        Identity InputSpec IntegerLookup JaxLayer LSTM LSTMCell Lambda LayerNormalization Masking
        MaxNumBoundingBoxes Maximum MelSpectrogram Minimum MixUp MultiHeadAttention Multiply
        Normalization PReLU Permute Pipeline RMSNormalization RNN RandAugment RandomBrightness
        RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop RandomElasticTransform
        RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale RandomHeight RandomHue
        RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation
        RandomSharpness RandomShear RandomTranslation RandomWidth RandomZoom RepeatVector Rescaling
        Reshape Resizing STFTSpectrogram SimpleRNN SimpleRNNCell Solarization SpectralNormalization
        StackedRNNCells StringLookup Subtract TFSMLayer TextVectorization ThresholdedReLU
        TimeDistributed TorchModuleWrapper UnitNormalization Wrapper
        AdaptiveMaxPool2d Bilinear ConstantPad2d EmbeddingBag Fold Hardshrink InstanceNorm1d
        InstanceNorm2d LocalResponseNorm LPPool2d MaxUnpool2d PixelShuffle PixelUnshuffle
        ReflectionPad2d RReLU Transformer TransformerDecoder TransformerDecoderLayer
        TransformerEncoder TransformerEncoderLayer Unfold
    """,
    "ops": """
        amax amin angle append arange argpartition argsort array array_split associative_scan
        average average_pool bartlett batch_normalization binary_crossentropy bincount bitwise_and
        bitwise_invert bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor
        blackman categorical_crossentropy cbrt cholesky cholesky_inverse cond conj conv
        conv_transpose convert_to_tensor copy corrcoef correlate count_nonzero cross ctc_decode
        ctc_loss cumprod deg2rad depthwise_conv det diag diagflat diagonal diff digitize
        divide_no_nan dot dot_product_attention dtype eig eigh empty empty_like erfinv exp2
        extract_sequences eye fft fft2 floor_divide fori_loop full full_like gcd hamming hanning
        heaviside histogram hstack hypot ifft2 imag image in_top_k inner inv irfft is_tensor isclose
        isin isinf isneginf isposinf isreal istft jvp kaiser kron layer_normalization lcm ldexp
        left_shift linalg linspace logaddexp2 logdet logical_xor logspace lstsq lu_factor map
        max_pool median meshgrid mod moments multi_hot nan_to_num nancumsum nanmax nanmean nanmin
        nansum ndim nonzero norm normalize ones outer polar psnr ptp qr quantile rad2deg ravel
        real rearrange repeat rfft right_shift rms_normalization roll rot90 saturate_cast scan
        scatter scatter_update searchsorted segment_max segment_sum select separable_conv shape
        signbit size slice slice_update slogdet solve solve_triangular sort
        sparse_categorical_crossentropy stft svd switch take_along_axis tensordot top_k trace
        trapezoid tri tril triu trunc unfold unravel_index unstack vander vdot vectorize
        vectorized_map view_as_complex view_as_real vstack while_loop zeros
        avg_pool2d conv1d conv2d cosine_similarity cumulative_sum embedding grid_sample group_norm
        interpolate layer_norm lerp log_normal max_pool2d mode multinomial pairwise_distance rand
        randint randn
    """,
    "losses": """
        BinaryFocalCrossentropy CTC CategoricalFocalCrossentropy CategoricalGeneralizedCrossEntropy
        CategoricalHinge Circle CosineSimilarity Dice Hinge Huber KLDivergence LogCosh
        MeanAbsolutePercentageError MeanSquaredLogarithmicError Poisson SquaredHinge Tversky
        binary_focal_crossentropy categorical_focal_crossentropy categorical_hinge circle
        cosine_similarity ctc dice hinge huber kl_divergence log_cosh
        mean_absolute_percentage_error mean_squared_logarithmic_error poisson squared_hinge tversky
        AdaptiveLogSoftmaxWithLoss CosineEmbeddingLoss GaussianNLLLoss HingeEmbeddingLoss
        MarginRankingLoss MultiLabelMarginLoss MultiMarginLoss TripletMarginLoss
    """,
    "metrics": """
        AUC Accuracy BinaryIoU CategoricalHinge ConcordanceCorrelation CosineSimilarity F1Score
        FBetaScore FalseNegatives FalsePositives Hinge IoU KLDivergence LogCoshError
        MeanAbsolutePercentageError MeanIoU MeanMetricWrapper MeanSquaredLogarithmicError OneHotIoU
        OneHotMeanIoU PearsonCorrelation Poisson Precision PrecisionAtRecall R2Score Recall
        RecallAtPrecision RootMeanSquaredError SensitivityAtSpecificity
        SparseTopKCategoricalAccuracy SpecificityAtSensitivity SquaredHinge Sum
        TopKCategoricalAccuracy TrueNegatives TruePositives
        balanced_accuracy_score classification_report confusion_matrix log_loss matthews_corrcoef
        roc_auc_score roc_curve
    """,
    "optimizers": """
        Adafactor Ftrl Lamb Lion Muon Nadam ScheduleFreeAdamW
        ASGD LBFGS RAdam Rprop SparseAdam
        CosineDecay CosineDecayRestarts ExponentialDecay InverseTimeDecay LearningRateSchedule
        PiecewiseConstantDecay PolynomialDecay
        CyclicLR
    """,
    "callbacks": """
        BackupAndRestore CSVLogger SwapEMAWeights TensorBoard
    """,
    "activations": "",
    "initializers": """
        Identity IdentityInitializer LecunNormal LecunUniform Orthogonal OrthogonalInitializer
        RandomNormal RandomUniform STFT TruncatedNormal VarianceScaling dirac_ sparse_
    """,
    "regularizers": "OrthogonalRegularizer orthogonal_regularizer",
    "utils": """
        CustomObjectScope FeatureSpace Progbar PyDataset Sequence array_to_img
        audio_dataset_from_directory clear_session custom_object_scope disable_interactive_logging
        enable_interactive_logging get_custom_objects get_file get_registered_name
        get_registered_object get_source_inputs image_dataset_from_directory img_to_array
        is_keras_tensor load_img model_to_dot normalize pack_x_y_sample_weight pad_sequences
        plot_model save_img split_dataset text_dataset_from_directory
        timeseries_dataset_from_array unpack_x_y_sample_weight
        clip_grad_norm_ clip_grad_value_ parameters_to_vector prune weight_norm
    """,
    "models": """
        clone_model model_from_json
        ConvNeXtBase ConvNeXtLarge ConvNeXtSmall ConvNeXtTiny ConvNeXtXLarge DenseNet121 DenseNet169
        DenseNet201 EfficientNetB0 EfficientNetB1 EfficientNetB2 EfficientNetB3 EfficientNetB4
        EfficientNetB5 EfficientNetB6 EfficientNetB7 EfficientNetV2B0 EfficientNetV2L
        EfficientNetV2M EfficientNetV2S InceptionResNetV2 InceptionV3 MobileNet MobileNetV2
        MobileNetV3Large MobileNetV3Small NASNetLarge NASNetMobile ResNet101 ResNet101V2 ResNet152
        ResNet152V2 ResNet50 ResNet50V2 VGG16 VGG19 Xception
        alexnet googlenet resnet18 resnet34 squeezenet1_0 vit_b_16
    """,
    "datasets": """
        boston_housing california_housing cifar10 cifar100 fashion_mnist imdb reuters
        EMNIST ImageFolder ImageNet KMNIST SVHN
        fetch_california_housing fetch_openml load_breast_cancer load_diabetes load_iris load_wine
        make_classification make_regression make_swiss_roll
    """,
}
