"""AND by hand: weights, a threshold Θ

A unit of deck 004 adds up its weighted inputs, and fires above a threshold:

    z = w1·x1 + w2·x2        output 1 where z > Θ, else 0

With w = (0.5, 0.7) the rows 00, 01, 10, 11 have z = 0, 0.7, 0.5, 1.2.
Which Θ makes the unit compute AND?  (At z = Θ it does not fire.)

{how}

Try the examples:  python -m doctest {name}.py
Grade it:          chainrule grade {name}.py
"""

import numpy as np

W = np.array([0.5, 0.7])
THETA = 1.0  # answer


def net(x, w):
    """z = Σⱼ wⱼ·xⱼ for every row: x (n, 2), w (2,) → (n,)

    >>> net(np.array([[0.0, 1.0], [1.0, 1.0]]), W)
    array([0.7, 1.2])
    """
    return x @ w


def fires(z, theta):
    """1 where z > Θ, else 0: z (n,), Θ one number → (n,)

    >>> fires(np.array([0.2, 0.5, 0.9]), 0.5)
    array([0., 0., 1.])
    """
    return np.where(z > theta, 1.0, 0.0)


def and_gate(x):
    """1 where both inputs are 1, by W, THETA and your functions: → (n,)"""
    return fires(net(x, W), THETA)
