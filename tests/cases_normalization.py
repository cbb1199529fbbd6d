"""What Keras and we call the same: normalization. See test_keras.py."""

from keras_case import Case

CASES = [
    Case("LayerNormalization()", ((2, 3, 4),)),
    Case("LayerNormalization(axis=[1, 2], epsilon=0.1)", ((2, 3, 4),)),
    Case("LayerNormalization(axis=1, center=False)", ((2, 3, 4),)),
    Case("LayerNormalization(scale=False)", ((2, 4),)),
    Case("BatchNormalization()", ((4, 3),), positive=True),
    Case("BatchNormalization()", ((4, 3),), {"training": True}, positive=True, tag="training"),
    Case("BatchNormalization(axis=1, epsilon=0.1)", ((2, 3, 4),), positive=True),
    Case(
        "BatchNormalization(axis=1, epsilon=0.1)",
        ((2, 3, 4),),
        {"training": True},
        positive=True,
        tag="training",
    ),
    Case("BatchNormalization(scale=False, center=False)", ((4, 3),), positive=True),
    Case("GroupNormalization(2)", ((2, 3, 4),)),
    Case("GroupNormalization(2)", ((2, 2, 3, 6),), tag="images"),
    Case("GroupNormalization(groups=-1, axis=1, scale=False)", ((2, 3, 4),)),
    Case("GroupNormalization(3, axis=-2, epsilon=0.1)", ((2, 3, 4),)),
    Case("RMSNormalization()", ((2, 3, 4),)),
    Case("RMSNormalization(axis=2, epsilon=0.1)", ((2, 3, 4),)),
    Case("UnitNormalization()", ((2, 3, 4),)),
    Case("UnitNormalization(axis=(1, 2))", ((2, 3, 4),)),
]
