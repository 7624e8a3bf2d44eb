"""What the reader knows about TensorFlow, Keras and NumPy, as data.

Names are in the spelling of `names.canonical`; operations are listed by their
last part, since `tf`, `keras.ops` and `keras.backend` share them.
"""

from __future__ import annotations

from ...evidence import operations

NONDIFFERENTIABLE = operations.functions("none", "zero")
"""Operations whose gradient is None or exactly zero."""

FORGETTING = operations.functions("forgets", "logs")
"""Operations whose result does not depend on the values of their arguments."""

STOPPING = operations.functions("stops")

WHOLE_RESULTS = frozenset(
    "argmax argmin argsort shape size rank count_nonzero searchsorted digitize categorical".split()
)
"""Operations that give integers."""

OPAQUE_FUNCTIONS = frozenset({"tf.numpy_function", "tf1.py_func", "tf.py_func"})
"""They call Python and have no gradient."""

PYTHON_FUNCTIONS = frozenset({"tf.py_function", "tf.function"})

ELEMENTWISE = frozenset(
    """abs square sqrt exp log log1p expm1 tanh sigmoid relu relu6 leaky_relu elu selu gelu swish
    silu softplus softsign negative sin cos tan cast identity stop_gradient clip_by_value clip
    rsqrt reciprocal pow convert_to_tensor constant nan_to_num erf round floor ceil sign softmax
    log_softmax l2_normalize zeros_like ones_like asarray array float32 float64 astype
    multiply add subtract divide maximum minimum squared_difference power clip_by_norm
    ensure_shape normalize sigmoid log_sigmoid""".split()
)
"""Operations that keep the shape, or broadcast it."""

KEEPS_GRADIENT = frozenset(
    """clip_by_norm clip_by_value clip identity convert_to_tensor cast multiply divide negative
    where nan_to_num scalar_mul divide_no_nan truediv realdiv normalize check_numerics
    ensure_shape IndexedSlices""".split()
)
"""Operations whose result still is the gradient they were given, scaled or clipped."""

KEEPS_ENDING = frozenset(
    """identity squeeze expand_dims reshape cast convert_to_tensor gather clip_by_value clip
    transpose ensure_shape Reshape Flatten Permute""".split()
)
"""Operations after which a probability still is one, and a logit a logit."""

REDUCTIONS = frozenset(
    """reduce_mean reduce_sum reduce_max reduce_min reduce_prod reduce_std reduce_variance
    reduce_logsumexp mean sum max min prod std var amax amin logsumexp reduce_euclidean_norm
    argmax argmin norm median average""".split()
)

KEEPS_LOSS = frozenset(
    """reduce_mean reduce_sum mean sum identity cast convert_to_tensor sqrt squeeze reshape add_n
    compute_average_loss scale_regularization_loss stack get_scaled_loss scale_loss""".split()
)

MAKES_LOSS = frozenset(
    """square squared_difference abs l2_loss sigmoid_cross_entropy_with_logits
    softmax_cross_entropy_with_logits sparse_softmax_cross_entropy_with_logits
    mean_squared_error mean_absolute_error huber""".split()
)
"""Operations whose result is an error: the smaller, the better."""

CROSS_ENTROPIES = {
    "BinaryCrossentropy": "sigmoid",
    "BinaryFocalCrossentropy": "sigmoid",
    "CategoricalCrossentropy": "softmax",
    "CategoricalFocalCrossentropy": "softmax",
    "SparseCategoricalCrossentropy": "softmax",
    "binary_crossentropy": "sigmoid",
    "binary_focal_crossentropy": "sigmoid",
    "categorical_crossentropy": "softmax",
    "sparse_categorical_crossentropy": "softmax",
}
"""Losses with a `from_logits` flag, and the activation that fits without it."""

DIVERGENCES = frozenset({"KLDivergence", "kl_divergence", "kullback_leibler_divergence"})
"""Losses of two distributions, without such a flag."""

LOGIT_LOSSES = {
    "tf.nn.softmax_cross_entropy_with_logits": "softmax",
    "tf.nn.sparse_softmax_cross_entropy_with_logits": "softmax",
    "tf.nn.sigmoid_cross_entropy_with_logits": "sigmoid",
    "tf.nn.weighted_cross_entropy_with_logits": "sigmoid",
    "tf.nn.ctc_loss": "softmax",
}
"""Operations that take logits, by name."""

WITHOUT_VARIABLES = frozenset(
    """Input InputLayer Activation ReLU LeakyReLU ELU Softmax Flatten Reshape Permute Dropout
    SpatialDropout1D SpatialDropout2D SpatialDropout3D GaussianNoise GaussianDropout AlphaDropout
    MaxPooling1D MaxPooling2D MaxPooling3D MaxPool1D MaxPool2D MaxPool3D AveragePooling1D
    AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D AvgPool3D GlobalAveragePooling1D
    GlobalAveragePooling2D GlobalAveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D
    GlobalMaxPooling3D GlobalAvgPool1D GlobalAvgPool2D GlobalMaxPool1D GlobalMaxPool2D
    UpSampling1D UpSampling2D UpSampling3D
    ZeroPadding1D ZeroPadding2D ZeroPadding3D Cropping1D Cropping2D Concatenate Add Subtract
    Multiply Average Maximum Minimum Dot Lambda Rescaling Resizing Masking RepeatVector
    ActivityRegularization RandomFlip RandomRotation RandomZoom CategoryEncoding Hashing
    Discretization IntegerLookup StringLookup TextVectorization UnitNormalization Identity
    CenterCrop RandomCrop RandomContrast RandomTranslation Attention AdditiveAttention""".split()
)
"""Layers that bring no trainable variable of their own."""

DRAWS = frozenset(
    """Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D GaussianNoise GaussianDropout
    AlphaDropout RandomFlip RandomRotation RandomZoom RandomCrop RandomContrast
    RandomTranslation""".split()
)
"""Layers that keep the state of their chance in a variable, in Keras 3."""

BEHAVES_DIFFERENTLY = frozenset(
    """BatchNormalization SyncBatchNormalization Dropout SpatialDropout1D SpatialDropout2D
    SpatialDropout3D GaussianNoise GaussianDropout AlphaDropout""".split()
)
"""Layers that compute something else in training."""

WITH_MOVING_STATISTICS = frozenset({"BatchNormalization", "SyncBatchNormalization"})

ACTIVATION_LAYERS = {"Softmax": "softmax", "ReLU": "relu", "LeakyReLU": "leaky_relu", "ELU": "elu"}

LINEAR_LAYERS = frozenset(
    """Dense Conv1D Conv2D Conv3D Conv1DTranspose Conv2DTranspose Conv3DTranspose EinsumDense
    SeparableConv2D SeparableConv1D DepthwiseConv2D""".split()
)
"""Layers that end in what their `activation` says, and linear without one."""

CONVOLUTIONS = frozenset("Conv1D Conv2D Conv3D SeparableConv1D SeparableConv2D".split())
"""Convolutions that keep the number of axes; the last figure but one tells those of an example."""

PRESERVES_ENDING_LAYERS = frozenset("Flatten Reshape Permute Input InputLayer Identity".split())

OPTIMIZERS = frozenset(
    """SGD Adam AdamW Adamax Adagrad Adadelta RMSprop Nadam Ftrl Lion Adafactor Lamb Muon
    LossScaleOptimizer Optimizer""".split()
)

OF_OPTIMIZERS = "keras.optimizers."

SOME_OPTIMIZER = "keras.optimizers.Optimizer"
"""Any of them: the program does not tell which one it picks by name."""

WITHOUT_STATE = frozenset({"SGD"})

SCHEDULES = frozenset(
    """CosineDecay CosineDecayRestarts ExponentialDecay InverseTimeDecay LearningRateSchedule
    PiecewiseConstantDecay PolynomialDecay""".split()
)

COLLECTIONS = {
    "trainable_variables": "trainable",
    "trainable_weights": "trainable",
    "variables": "all",
    "weights": "all",
    "non_trainable_variables": "other",
    "non_trainable_weights": "other",
}
"""Attributes that list variables."""

QUIET_BUILTINS = frozenset(
    """print len repr str format type isinstance id hasattr any all bool float int logging
    hash""".split()
)
"""Functions that look at a value and keep nothing of it."""

INTEGER_TYPES = frozenset(
    "int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool int string".split()
)

FLOAT_TYPES = frozenset(
    "float16 float32 float64 bfloat16 half double float complex64 complex128".split()
)

ARRAY_FLOAT_MAKERS = frozenset(
    "randn rand normal uniform standard_normal random random_sample linspace sin cos exp".split()
)
ARRAY_WHOLE_MAKERS = frozenset("randint integers choice permutation arange".split())

DATASET_KEEPS = frozenset(
    """shuffle repeat prefetch cache take skip shard with_options filter concatenate
    apply experimental_distribute_dataset as_numpy_iterator interleave
    ignore_errors snapshot rebatch""".split()
)
"""Methods of a dataset after which its elements look the same."""

GRAPH_GRADIENTS = frozenset(
    {"tf.gradients", "tf1.gradients", "tf.compat.v1.gradients", "keras.ops.gradients"}
)
"""Functions that differentiate a graph, which eager code does not have.

`keras.backend` is called `keras.ops` here.
"""

GRAPH_LISTS = frozenset(
    {"tf.compat.v1.trainable_variables", "tf1.trainable_variables", "tf.trainable_variables"}
)
"""Lists that a graph keeps; eager code and traced functions add nothing to them."""

_SINCE_2_11 = {
    "decay": "a schedule",
    "get_gradients": "`GradientTape`",
    "get_updates": "`apply_gradients`",
    "weights": "`variables`",
    "get_weights": "`variables`",
    "get_slot": "`variables`",
    "_decayed_lr": "`learning_rate`",
}

GONE = {
    ("optimizer", "3"): {
        **_SINCE_2_11,
        "lr": "`learning_rate`",
        "compute_gradients": "`GradientTape`",
        "aggregate_gradients": "`apply`",
    },
    ("optimizer", "2"): {
        **_SINCE_2_11,
        "apply": "`apply_gradients`",
        "stateless_apply": "`apply_gradients`",
        "scale_loss": "`get_scaled_loss` of a `LossScaleOptimizer`",
    },
    ("metric", "3"): {"reset_states": "`reset_state`"},
    ("model", "3"): {
        "fit_generator": "`fit`",
        "evaluate_generator": "`evaluate`",
        "predict_generator": "`predict`",
        "predict_classes": "`argmax` of `predict`",
        "predict_proba": "`predict`",
        "reset_states": "`reset_states` of the layers",
    },
    ("model", "2"): {
        "predict_classes": "`argmax` of `predict`",
        "predict_proba": "`predict`",
    },
}
"""Names that the objects of one generation do not have, and what to write instead.

Of Keras 3.15.1 and tf-keras 2.21.0; a test asks the installed ones.
"""

APPLY_ARGUMENTS = {"experimental_aggregate_gradients", "skip_gradients_aggregation"}
"""Arguments of `apply_gradients` that Keras 3 does not take any more."""

GONE_ARGUMENTS = {"lr": "`learning_rate`", "decay": "a schedule"}
"""Arguments that no optimizer of Keras 3 takes: refused, or ignored with a warning."""

MISSPELT = {
    "tape": {
        "gradients": "gradient",
        "grad": "gradient",
        "compute_gradients": "gradient",
        "get_gradient": "gradient",
        "jacobians": "jacobian",
        "watched": "watch",
        "watched_variable": "watched_variables",
        "stop_gradient": "stop_recording",
    },
    "optimizer": {
        "apply_gradient": "apply_gradients",
        "apply_grads": "apply_gradients",
        "applygradients": "apply_gradients",
        "apply_gradents": "apply_gradients",
        "minimise": "minimize",
        "learning_rates": "learning_rate",
        "learn_rate": "learning_rate",
        "iteration": "iterations",
    },
    "model": {
        "trainable_variable": "trainable_variables",
        "trainable_weight": "trainable_weights",
        "trainable_vars": "trainable_variables",
        "trainable_parameters": "trainable_variables",
        "trainable_params": "trainable_variables",
        "train_variables": "trainable_variables",
        "parameters": "trainable_variables",
        "traineable_variables": "trainable_variables",
        "trainabel_variables": "trainable_variables",
        "variable": "variables",
    },
}
"""Names that tapes, optimizers and models never had, and what was meant."""

CLIP_OPTIONS = ("clipnorm", "clipvalue", "global_clipnorm")
"""Arguments of optimizers that bound gradients."""

NORMALIZED_APPLICATIONS = frozenset(
    """ResNet50 ResNet101 ResNet152 ResNet50V2 ResNet101V2 ResNet152V2 MobileNet MobileNetV2
    MobileNetV3Small MobileNetV3Large DenseNet121 DenseNet169 DenseNet201 InceptionV3
    InceptionResNetV2 Xception NASNetMobile NASNetLarge EfficientNetB0 EfficientNetB1
    EfficientNetB2 EfficientNetB3 EfficientNetB4 EfficientNetB5 EfficientNetB6 EfficientNetB7
    EfficientNetV2B0 EfficientNetV2B1 EfficientNetV2B2 EfficientNetV2B3 EfficientNetV2S
    EfficientNetV2M EfficientNetV2L""".split()
)
"""Pretrained networks of Keras with batch normalisation."""

XLA_REFUSES = frozenset(
    """tf.print tf.py_function tf.numpy_function tf.unique_with_counts tf.as_string
    tf.strings.as_string tf.strings.format tf.histogram_fixed_width tf.linalg.eig
    tf.random.gamma tf.random.poisson tf.random.stateless_gamma
    tf.sparse.sparse_dense_matmul tf.timestamp tf.io.decode_raw""".split()
)
"""Functions that a step compiled by XLA can't hold, asked on a CPU."""
