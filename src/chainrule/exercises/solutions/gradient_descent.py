"""Gradient descent on a line of regression

The model is ŷ = Xw + b, the cost (decks 001 and 004)

    J(w, b) = 1/(2n) Σᵢ (ŷᵢ − yᵢ)²
    ∂J/∂w = 1/n Xᵀ(ŷ − y)      ∂J/∂b = 1/n Σᵢ (ŷᵢ − yᵢ)
    w ← w − α ∂J/∂w            b ← b − α ∂J/∂b       both from the old w and b

X is (n, d), w (d,), b one number, y (n,).
X = [[1], [2]], y = [2, 3], w = [0], b = 0:  J = 3.25, ∂J/∂w = −4, ∂J/∂b = −2.5

{how}

Try the examples:  python -m doctest {name}.py
Grade it:          chainrule grade {name}.py
"""

import numpy as np


def cost(x, y, w, b):
    """J, one number

    >>> x, y = np.array([[1.0], [2.0]]), np.array([2.0, 3.0])
    >>> float(cost(x, y, np.zeros(1), 0.0))
    3.25
    """
    return np.sum((x @ w + b - y) ** 2) / (2 * len(y))


def gradients(x, y, w, b):
    """(∂J/∂w (d,), ∂J/∂b one number)

    >>> x, y = np.array([[1.0], [2.0]]), np.array([2.0, 3.0])
    >>> dw, db = gradients(x, y, np.zeros(1), 0.0)
    >>> dw.tolist(), float(db)
    ([-4.0], -2.5)
    """
    error = x @ w + b - y
    return x.T @ error / len(y), np.mean(error)


def step(x, y, w, b, rate):
    """(new w, new b) after one step with learning rate α"""
    dw, db = gradients(x, y, w, b)
    return w - rate * dw, b - rate * db


def fit(x, y, rate, epochs):
    """(w, b, history) from 0; history (epochs,): J before each step"""
    w, b, history = np.zeros(x.shape[1]), 0.0, []
    for _ in range(epochs):
        history.append(cost(x, y, w, b))
        w, b = step(x, y, w, b, rate)
    return w, b, np.array(history)


def batches(n, size):
    """Updates an epoch: n rows in batches of `size`, the last may be smaller

    >>> batches(1000, 32)
    32
    """
    return -(-n // size)
