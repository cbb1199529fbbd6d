"""What Keras and we call the same: merging. See test_keras.py."""

from keras_case import Case

TWO = ((2, 3, 4), (2, 3, 4))
CASES = [
    *(Case(f"{name}()", TWO) for name in ("Add", "Subtract", "Multiply", "Average")),
    *(Case(f"{name}()", (*TWO, (2, 3, 4)), tag="three") for name in ("Maximum", "Minimum")),
    Case("Add()", ((2, 4), (2, 3, 4)), tag="ranks"),
    Case("Multiply()", ((2, 1, 4), (2, 3, 1)), tag="broadcast"),
    Case("Average()", ((2, 3), (2, 3), (2, 3)), tag="three"),
    Case("Concatenate()", ((2, 3), (2, 4))),
    Case("Concatenate(axis=1)", ((2, 3, 4), (2, 1, 4))),
    Case("Concatenate(axis=-2)", ((2, 3, 4), (2, 1, 4))),
    Case("Dot(axes=1)", ((2, 3), (2, 3))),
    Case("Dot(axes=-1, normalize=True)", ((2, 3), (2, 3))),
    Case("Dot(axes=(1, 2))", ((2, 3, 5), (2, 4, 3))),
    Case("Dot(axes=(2, 1))", ((2, 3, 5), (2, 5))),
    Case("Dot(axes=(1, 2), normalize=True)", ((2, 5), (2, 3, 5))),
    Case("Dot(axes=(3, 1))", ((2, 3, 2, 5), (2, 5, 3)), tag="images"),
    Case("Dot(axes=(1, 2))", ((2, 3, 2, 5), (2, 2, 3, 4)), tag="images both"),
]
