"""The perceptron learns: Δw = η(t − ŷ)x

    z = Σⱼ wⱼ·xⱼ + b      ŷ = 1 where z > 0, else 0
    Δw = η(t − ŷ)·x       Δb = η(t − ŷ)

One row after another, in their order; each row sees the weights that the row
before left. An epoch is one pass over all rows. Begin with w = 0, b = 0. Stop
after the first epoch without a mistake (count it), or after `most` epochs.
AND, with η = 1: 6 epochs to w = (2, 1), b = −2.
OR, with η = 1:  4 epochs to w = (1, 1), b = 0.

{how}

Try the examples:  python -m doctest {name}.py
Grade it:          chainrule grade {name}.py
"""

import numpy as np


def predict(x, w, b):
    """ŷ of every row: x (n, d), w (d,), b one number → (n,) of 0 and 1

    >>> predict(np.array([[0.0, 0.0], [1.0, 1.0]]), np.array([2.0, 1.0]), -2.0)
    array([0., 1.])
    """
    return np.where(x @ w + b > 0, 1.0, 0.0)


def update(row, t, w, b, rate):
    """(new w, new b) after one row (d,) whose right answer is t"""
    error = t - (1.0 if row @ w + b > 0 else 0.0)
    return w + rate * error * row, b + rate * error


def train(x, t, rate, most):
    """(w, b, epochs) from w = 0, b = 0: x (n, d), t (n,) of 0 and 1

    >>> rows = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> w, b, epochs = train(rows, np.array([0.0, 0.0, 0.0, 1.0]), 1.0, 100)
    >>> w.tolist(), float(b), epochs
    ([2.0, 1.0], -2.0, 6)
    """
    w, b, epochs, mistakes = np.zeros(x.shape[1]), 0.0, 0, 1
    while mistakes and epochs < most:
        epochs, mistakes = epochs + 1, 0
        for row, right in zip(x, t, strict=True):
            error = right - predict(row[None], w, b)[0]
            mistakes += error != 0
            w, b = update(row, right, w, b, rate)
    return w, b, epochs
