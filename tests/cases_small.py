"""What Keras and we call the same: reshaping, ELU, PReLU. See test_keras.py."""

import numpy as np

from keras_case import Case

TAKEN = np.array([[1, 0, 1, 1], [0, 0, 0, 0]], bool)

CASES = [
    Case("Reshape((2, 6))", ((3, 4, 3),)),
    Case("Reshape((-1, 2))", ((3, 4, 3),)),
    Case("Reshape((-1,))", ((3, 4, 3),)),
    Case("Permute((2, 1))", ((2, 3, 4),)),
    Case("Permute((2, 3, 1))", ((2, 3, 4, 2),)),
    Case("RepeatVector(3)", ((2, 4),)),
    Case("Identity()", ((2, 4),)),
    Case("Rescaling(0.5, offset=-1)", ((2, 4),)),
    Case("Softmax()", ((2, 4),), {"mask": TAKEN}, tag="mask"),
    Case("Softmax(axis=1)", ((2, 3, 4),), {"mask": TAKEN[:, None]}, tag="mask"),
    Case("ELU(0.5)", ((2, 4),)),
    Case("PReLU()", ((2, 3, 4),)),
    Case("PReLU(shared_axes=[1])", ((2, 3, 4),)),
    Case("PReLU(shared_axes=2)", ((2, 3, 4),)),
    Case("GaussianNoise(0.5)", ((2, 4),)),
    Case("AlphaDropout(0.5)", ((2, 4),)),
    Case("ActivityRegularization(l2=0.5)", ((2, 4),)),
]
