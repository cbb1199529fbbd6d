"""What Keras and we call the same: Dense and the layers without weights. See test_keras.py."""

from keras_case import Case

CASES = [
    Case("Dense(3)", ((4, 5),)),
    Case("Dense(3, activation='tanh', use_bias=False)", ((2, 3, 5),)),
    Case("Flatten()", ((2, 3, 4),)),
    Case("ReLU(max_value=1.0, negative_slope=0.1, threshold=0.2)", ((4, 5),)),
    Case("LeakyReLU()", ((4, 5),)),
    Case("Softmax(axis=1)", ((2, 3, 4),)),
]
