"""What Keras and we call the same: Reshape. See test_keras.py."""

from keras_case import Case

CASES = [
    Case("Reshape((2, 3))", ((2, 6),)),
    Case("Reshape((-1, 2))", ((2, 3, 4),)),
]
