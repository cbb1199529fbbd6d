"""Softmax and cross-entropy, without overflow

Rows are examples, columns classes: logits z (n, k), labels y (n,), 0 to k − 1.

    pⱼ = e^(zⱼ)/Σₗ e^(zₗ)        the same after subtracting max z from every zⱼ
    L = −1/n Σᵢ log p of the right class of row i
    ∂L/∂z = 1/n (p − onehot(y))

e^1000 is infinite: subtract the largest logit of the row first.
softmax(1.6, .55, .98) = (.529694, .185360, .284946); class 0: L = .635456

{how}

Try the examples:  python -m doctest {name}.py
Grade it:          chainrule grade {name}.py
"""

import numpy as np


def softmax(z):
    """z (n, k) → p (n, k), each row adds up to 1

    >>> softmax(np.array([[1.6, 0.55, 0.98]])).round(6)
    array([[0.529694, 0.18536 , 0.284946]])
    """
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def one_hot(y, k):
    """y (n,) of whole numbers → (n, k) with a 1 in the column of the class"""
    return np.eye(k)[y]


def cross_entropy(z, y):
    """L from logits, one number; also for logits of 1000

    >>> z, y = np.array([[1.6, 0.55, 0.98]]), np.array([0])
    >>> round(float(cross_entropy(z, y)), 6)
    0.635456
    """
    shifted = z - z.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -np.mean(log_p[np.arange(len(y)), y])


def gradient(z, y):
    """∂L/∂z (n, k)

    >>> gradient(np.array([[1.6, 0.55, 0.98]]), np.array([0])).round(4)
    array([[-0.4703,  0.1854,  0.2849]])
    """
    return (softmax(z) - one_hot(y, z.shape[1])) / len(y)
