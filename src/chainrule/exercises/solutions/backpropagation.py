"""Implementing backpropagation: a 2-3-2-1 network

The assignment of deck 000. Examples stand in columns: X (2, m), y (1, m).
W^l[i, j] goes from unit j to unit i, so W1 is (3, 2), W2 (2, 3), W3 (1, 2),
and b1 (3, 1), b2 (2, 1), b3 (1, 1). Every unit is a sigmoid.

    Z^l = W^l A^(l−1) + b^l      A^l = σ(Z^l)      A^0 = X
    J = 1/(2m) Σ (A3 − y)²
    δ3 = (A3 − y) ⊙ A3 ⊙ (1 − A3)               δ of the last layer, (1, m)
    δ^l = (W^(l+1))ᵀ δ^(l+1) ⊙ A^l ⊙ (1 − A^l)  δ of the layers before
    ∂J/∂W^l = 1/m δ^l (A^(l−1))ᵀ     ∂J/∂b^l = 1/m Σ δ^l over the examples

⊙ multiplies element by element. All gradients are taken before any weight is
updated: from the old weights.

{how}

Try the examples:  python -m doctest {name}.py
Grade it:          chainrule grade {name}.py
"""

import numpy as np


def sigmoid(z):
    """σ(z) = 1/(1 + e^(−z))

    >>> sigmoid(np.array([0.0, 0.415])).round(6)
    array([0.5     , 0.602286])
    """
    return 1 / (1 + np.exp(-z))


def forward(x, w1, b1, w2, b2, w3, b3):
    """(A1 (3, m), A2 (2, m), A3 (1, m))"""
    a1 = sigmoid(w1 @ x + b1)
    a2 = sigmoid(w2 @ a1 + b2)
    return a1, a2, sigmoid(w3 @ a2 + b3)


def cost(a3, y):
    """J, one number

    >>> float(cost(np.array([[0.5, 1.0]]), np.array([[0.0, 1.0]])))
    0.0625
    """
    return np.sum((a3 - y) ** 2) / (2 * y.shape[1])


def output_layer(a2, a3, y):
    """(∂J/∂W3 (1, 2), ∂J/∂b3 (1, 1))"""
    m = y.shape[1]
    delta3 = (a3 - y) * a3 * (1 - a3)
    return delta3 @ a2.T / m, np.sum(delta3, axis=1, keepdims=True) / m


def hidden_layers(x, a1, a2, a3, y, w2, w3):
    """(∂J/∂W1 (3, 2), ∂J/∂b1 (3, 1), ∂J/∂W2 (2, 3), ∂J/∂b2 (2, 1))"""
    m = y.shape[1]
    delta3 = (a3 - y) * a3 * (1 - a3)
    delta2 = w3.T @ delta3 * a2 * (1 - a2)
    delta1 = w2.T @ delta2 * a1 * (1 - a1)
    return (
        delta1 @ x.T / m,
        np.sum(delta1, axis=1, keepdims=True) / m,
        delta2 @ a1.T / m,
        np.sum(delta2, axis=1, keepdims=True) / m,
    )


def train_step(x, y, w1, b1, w2, b2, w3, b3, rate):
    """The new (W1, b1, W2, b2, W3, b3) by W ← W − α ∂J/∂W, b ← b − α ∂J/∂b"""
    a1, a2, a3 = forward(x, w1, b1, w2, b2, w3, b3)
    dw3, db3 = output_layer(a2, a3, y)
    dw1, db1, dw2, db2 = hidden_layers(x, a1, a2, a3, y, w2, w3)
    return (
        w1 - rate * dw1,
        b1 - rate * db1,
        w2 - rate * dw2,
        b2 - rate * db2,
        w3 - rate * dw3,
        b3 - rate * db3,
    )
