"""Convolution and pooling, window by window

A kernel k (r, s) slides over an image x (h, w) without padding. In deep
learning it is not flipped (mathematicians call that cross-correlation):

    y[i, j] = Σₐ Σᵦ x[i·t + a, j·t + b] · k[a, b]        t is the stride

y has ⌊(h − r)/t⌋ + 1 rows and ⌊(w − s)/t⌋ + 1 columns. The gradients: t = 1.
x = [[1, 2, 3], [4, 5, 6], [7, 8, 9]], k = [[1, 0], [0, −1]]: every y is −4.

{how}

Try the examples:  python -m doctest {name}.py
Grade it:          chainrule grade {name}.py
"""

import numpy as np


def convolve(x, k, stride):
    """y of the formula

    >>> x, k = np.arange(1.0, 10.0).reshape(3, 3), np.diag([1.0, -1.0])
    >>> convolve(x, k, 1)
    array([[-4., -4.],
           [-4., -4.]])
    """
    (h, w), (r, s) = x.shape, k.shape
    y = np.zeros(((h - r) // stride + 1, (w - s) // stride + 1))
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            y[i, j] = np.sum(x[i * stride : i * stride + r, j * stride : j * stride + s] * k)
    return y


def max_pool(x, size):
    """The largest of each size × size window, side by side; no part windows

    >>> max_pool(np.arange(16.0).reshape(4, 4), 2)
    array([[ 5.,  7.],
           [13., 15.]])
    """
    h, w = x.shape[0] // size, x.shape[1] // size
    return x[: h * size, : w * size].reshape(h, size, w, size).max(axis=(1, 3))


def kernel_gradient(x, d_y):
    """∂L/∂k (r, s) from d_y = ∂L/∂y, stride 1: k[a, b] met every window"""
    return convolve(x, d_y, 1)


def input_gradient(k, d_y):
    """∂L/∂x (h, w), stride 1: a window hands d_y·k back to where it stood"""
    (r, s), (p, q) = k.shape, d_y.shape
    d_x = np.zeros((p + r - 1, q + s - 1))
    for i in range(p):
        for j in range(q):
            d_x[i : i + r, j : j + s] += d_y[i, j] * k
    return d_x
