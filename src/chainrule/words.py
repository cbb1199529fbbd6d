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

ALIASES: dict[str, dict[str, str]] = {
    "": {
        "GradientTape": "cr.record",
        "Module": "cr.Model, or cr.layers.Layer for a part of one",
        "Parameter": "cr.Variable",
        "Tensor": "use NumPy arrays; a cr.Variable for what changes",
        "autograd": "cr.record and cr.gradients",
        "constant": "use NumPy arrays",
        "custom_gradient": "cr.op",
        "function": "cr.compile",
        "from_numpy": "give NumPy arrays as they are",
        "grad": "cr.value_and_grad",
        "jit": "cr.compile",
        "keras": "leave it out: cr.layers, cr.losses and the others have Keras's names",
        "load": "cr.load_model",
        "manual_seed": "cr.utils.set_random_seed",
        "nn": "cr.layers",
        "no_grad": "leave it out: only what runs inside `with cr.record()` is recorded",
        "optim": "cr.optimizers",
        "save": "call model.save(path)",
        "save_model": "call model.save(path)",
        "seed": "cr.utils.set_random_seed",
        "tensor": "use NumPy arrays; a cr.Variable for what changes",
    },
    "graph": {
        "AUTO_REUSE": "leave it out: keep the tf.Variable and use it again",
        "ConfigProto": 'leave it out; tf.Session(engine="xla") compiles',
        "GradientTape": "tf.gradients(loss, variables)",
        "Print": "print(sess.run(tensor))",
        "app": "leave it out: a program runs as it stands",
        "cond": "tf.where(condition, a, b), which computes both",
        "contrib": "leave it out: nothing of it is here",
        "control_dependencies": "run one after the other: sess.run(first); sess.run(second)",
        "cumsum": "no tensor has it; on arrays cr.ops does",
        "einsum": "no tensor has it; on arrays cr.ops does",
        "enable_eager_execution": "import chainrule as cr: there everything is eager",
        "enable_v2_behavior": "import chainrule as cr: there everything is eager",
        "examples": "cr.datasets.mnist.load_data() has the digits",
        "flags": "leave it out: argparse reads a command line",
        "float": "tf.float32",
        "function": "sess = tf.Session(engine='xla') compiles what it runs",
        "get_variable": "tf.Variable(tf.random_normal([2, 3]), name='w')",
        "int": "tf.int32",
        "layers": "tf.nn.relu(tf.matmul(x, w) + b), or tf.keras.Sequential on arrays",
        "linspace": "tf.constant(np.linspace(0.0, 1.0, 5))",
        "local_variables_initializer": "leave it out: there are no local variables",
        "matrix_inverse": "np.linalg.inv before the graph",
        "mul": "tf.multiply",
        "name_scope": "leave it out: name='hidden/w' names a tensor",
        "neg": "tf.negative",
        "norm": "tf.sqrt(tf.reduce_sum(tf.square(x)))",
        "py_func": "compute it before the graph, and feed it",
        "split": "x[:, :2] and x[:, 2:] are parts of x",
        "sub": "tf.subtract",
        "summary": "sess.explain(loss, feed_dict) and graph.diagram() show what runs",
        "tensordot": "tf.matmul of tf.reshape",
        "to_bfloat16": "tf.cast(x, tf.float16)",
        "top_k": "no tensor has it; on arrays cr.ops does",
        "unstack": "[row for row in x] where the length is known",
        "variable_scope": "leave it out: tf.Variable(..., name='hidden/w') names a variable",
        "while_loop": "a Python loop that makes the operations",
    },
    "graph.nn": {
        "in_top_k": "tf.equal(tf.argmax(y, 1), labels)",
        "moments": "tf.reduce_mean(x, 0), and of tf.square(x - mean)",
        "rnn_cell": "tf.keras.layers.SimpleRNN, LSTM, GRU in a tf.keras.Sequential",
        "softmax_cross_entropy": "tf.nn.softmax_cross_entropy_with_logits",
        "static_rnn": "a Python loop over the steps",
        "xw_plus_b": "tf.matmul(x, w) + b",
    },
    "graph.train": {
        "FtrlOptimizer": "not here; AdagradOptimizer is its nearest",
        "SGD": "tf.train.GradientDescentOptimizer",
        "get_or_create_global_step": "step = tf.Variable(0, trainable=False)",
        "piecewise_constant": "tf.where of the step, or one of cr.optimizers.schedules",
    },
    "layers": {
        **{f"Conv{n}d": f"cr.layers.Conv{n}D" for n in "123"},
        **{f"ConvTranspose{n}d": f"cr.layers.Conv{n}DTranspose" for n in "123"},
        **{f"MaxPool{n}d": f"cr.layers.MaxPooling{n}D" for n in "123"},
        **{f"AvgPool{n}d": f"cr.layers.AveragePooling{n}D" for n in "123"},
        **{f"AdaptiveAvgPool{n}d": f"cr.layers.GlobalAveragePooling{n}D" for n in "123"},
        **{f"BatchNorm{n}d": "cr.layers.BatchNormalization" for n in "123"},
        **{f"Dropout{n}d": f"cr.layers.SpatialDropout{n}D" for n in "123"},
        **{f"ZeroPad{n}d": f"cr.layers.ZeroPadding{n}D" for n in "123"},
        **{
            name: f'cr.layers.Activation("{function}")'
            for name, function in {
                "CELU": "celu",
                "GELU": "gelu",
                "GLU": "glu",
                "Hardsigmoid": "hard_sigmoid",
                "Hardswish": "hard_swish",
                "Hardtanh": "hard_tanh",
                "LogSigmoid": "log_sigmoid",
                "LogSoftmax": "log_softmax",
                "Mish": "mish",
                "ReLU6": "relu6",
                "SELU": "selu",
                "SiLU": "silu",
                "Softplus": "softplus",
                "Softshrink": "soft_shrink",
                "Softsign": "softsign",
                "Swish": "swish",
                "Tanhshrink": "tanh_shrink",
            }.items()
        },
        "GroupNorm": "cr.layers.GroupNormalization",
        "LayerNorm": "cr.layers.LayerNormalization",
        "LazyLinear": "cr.layers.Dense",
        "Module": "cr.layers.Layer",
        "ModuleDict": "use a plain dict of layers",
        "ModuleList": "use a plain list of layers",
        "MultiheadAttention": "cr.layers.MultiHeadAttention",
        "RMSNorm": "cr.layers.RMSNormalization",
        "Unflatten": "cr.layers.Reshape",
        "Upsample": "cr.layers.UpSampling2D",
    },
    "ops": {
        "acos": "cr.ops.arccos",
        "acosh": "cr.ops.arccosh",
        "asin": "cr.ops.arcsin",
        "asinh": "cr.ops.arcsinh",
        "atan": "cr.ops.arctan",
        "atan2": "cr.ops.arctan2",
        "atanh": "cr.ops.arctanh",
        "binary_cross_entropy_with_logits": "cr.ops.sigmoid_cross_entropy",
        "bmm": "cr.ops.matmul",
        "cat": "cr.ops.concatenate",
        "chunk": "cr.ops.split",
        "clamp": "cr.ops.clip",
        "concat": "cr.ops.concatenate",
        "convert_to_numpy": "call np.asarray(x)",
        "cross_entropy": "cr.ops.sparse_softmax_cross_entropy",
        "custom_gradient": "cr.op",
        "detach": "cr.stop_gradient",
        "div": "cr.ops.divide",
        "eq": "cr.ops.equal",
        "expand": "cr.ops.broadcast_to",
        "flatten": "cr.ops.reshape(x, (x.shape[0], -1))",
        "ge": "cr.ops.greater_equal",
        "get_item": "cr.ops.getitem",
        "gt": "cr.ops.greater",
        "hardshrink": "cr.ops.hard_shrink",
        "hardsigmoid": "cr.ops.hard_sigmoid",
        "hardswish": "cr.ops.hard_swish",
        "hardtanh": "cr.ops.hard_tanh",
        "index_select": "cr.ops.take",
        "le": "cr.ops.less_equal",
        "logsigmoid": "cr.ops.log_sigmoid",
        "lt": "cr.ops.less",
        "masked_fill": "cr.ops.where(mask, value, x)",
        "mm": "cr.ops.matmul",
        "mul": "cr.ops.multiply",
        "ne": "cr.ops.not_equal",
        "neg": "cr.ops.negative",
        "permute": "cr.ops.transpose",
        "pow": "cr.ops.power",
        "softmax_cross_entropy_with_logits": "cr.ops.softmax_cross_entropy",
        "softshrink": "cr.ops.soft_shrink",
        "sub": "cr.ops.subtract",
        "tanhshrink": "cr.ops.tanh_shrink",
        "unsqueeze": "cr.ops.expand_dims",
        "view": "cr.ops.reshape",
    },
    "losses": {
        "BCELoss": "cr.losses.BinaryCrossentropy",
        "BCEWithLogitsLoss": "cr.losses.BinaryCrossentropy(from_logits=True)",
        "CTCLoss": "cr.losses.CTC",
        "CrossEntropyLoss": "cr.losses.SparseCategoricalCrossentropy(from_logits=True)",
        "HuberLoss": "cr.losses.Huber",
        "KLDivLoss": "cr.losses.KLDivergence, of probabilities instead of their logarithms",
        "L1Loss": "cr.losses.MeanAbsoluteError",
        "MSELoss": "cr.losses.MeanSquaredError",
        "NLLLoss": "cr.losses.SparseCategoricalCrossentropy, of probabilities",
        "PoissonNLLLoss": "cr.losses.Poisson",
        "SmoothL1Loss": "cr.losses.Huber",
        "l1_loss": "cr.losses.MeanAbsoluteError",
        "mse_loss": "cr.losses.MeanSquaredError",
    },
    "metrics": {
        "accuracy_score": "cr.metrics.Accuracy",
        "f1_score": "cr.metrics.F1Score",
        "precision_score": "cr.metrics.Precision",
        "r2_score": "cr.metrics.R2Score",
        "recall_score": "cr.metrics.Recall",
    },
    "optimizers": {
        "CosineAnnealingLR": "cr.optimizers.schedules.CosineDecay, by steps instead of epochs",
        "CosineAnnealingWarmRestarts": "cr.optimizers.schedules.CosineDecayRestarts",
        "ExponentialLR": "cr.optimizers.schedules.ExponentialDecay, by steps instead of epochs",
        "Momentum": "cr.optimizers.SGD(momentum=0.9)",
        "NAdam": "cr.optimizers.Nadam",
        "lr_scheduler": "cr.optimizers.schedules",
    },
    "callbacks": {
        "ProgressBar": "model.fit(..., verbose=1)",
    },
    "activations": {},
    "initializers": {
        "constant_": "cr.initializers.Constant",
        "eye_": "cr.initializers.Identity",
        "kaiming_normal_": "cr.initializers.HeNormal",
        "kaiming_uniform_": "cr.initializers.HeUniform",
        "normal_": "cr.initializers.RandomNormal",
        "ones_": "cr.initializers.Ones",
        "orthogonal_": "cr.initializers.Orthogonal",
        "trunc_normal_": "cr.initializers.TruncatedNormal",
        "uniform_": "cr.initializers.RandomUniform",
        "xavier_normal_": "cr.initializers.GlorotNormal",
        "xavier_uniform_": "cr.initializers.GlorotUniform",
        "zeros_": "cr.initializers.Zeros",
    },
    "regularizers": {
        "l1": "cr.regularizers.L1",
        "l1_l2": "cr.regularizers.L1L2",
        "l2": "cr.regularizers.L2",
    },
    "utils": {
        "DataLoader": "give fit the arrays themselves",
        "manual_seed": "cr.utils.set_random_seed",
        "CustomObjectScope": "cr.utils.custom_object_scope",
        "register_keras_serializable": "cr.layers.register",
        "seed_everything": "cr.utils.set_random_seed",
    },
    "models": {
        "save_model": "call model.save(path)",
    },
    "datasets": {
        "CIFAR10": "cr.datasets.cifar10",
        "CIFAR100": "cr.datasets.cifar100",
        "FashionMNIST": "cr.datasets.fashion_mnist",
        "MNIST": "cr.datasets.mnist",
        "make_blobs": "cr.datasets.blobs",
        "make_circles": "cr.datasets.circles",
        "make_moons": "cr.datasets.moons",
    },
}

_LATER = """
    alpha_constraint amsgrad attention_axes auto_scale_loss beta_constraint bias_constraint
    constraint depthwise_constraint ema_momentum ema_overwrite_frequency embeddings_constraint
    flash_attention
    gamma_constraint gradient_accumulation_steps kernel_constraint lora_alpha lora_rank
    loss_scale_factor pointwise_constraint quantization_config recurrent_constraint renorm
    sliding_window use_ema
"""

ARGUMENTS: dict[str, str] = {
    **dict.fromkeys(_LATER.split(), ""),
    "aggregation": "leave it out: there is one device",
    "alpha": "negative_slope",
    "autocast": "leave it out: floats are cast to the layer's dtype",
    "batch_input_shape": "start with Input(shape, batch_size=...)",
    "batch_size": "start with Input(shape, batch_size=...)",
    "decay": "learning_rate=cr.optimizers.schedules.InverseTimeDecay(...)",
    "eta0": "learning_rate",
    "fit_intercept": "use_bias",
    "implementation": "leave it out: there is one implementation",
    "input_length": "leave it out: the length is that of the data",
    "jit_compile": 'engine="xla" compiles, engine="numpy" does not',
    "lr": "learning_rate",
    "max_iter": "fit(x, y, epochs=...)",
    "random_state": "seed",
    "steps_per_execution": "leave it out: XLA runs many batches in one program by itself",
    "time_major": "np.swapaxes(x, 0, 1): the batch comes first",
    "weights": "layer.set_weights([...]) once it is built, or an initializer",
}
