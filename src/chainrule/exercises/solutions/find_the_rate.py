"""Find the right rate: too small, right, too large

On the bowl J(w) = ½·c·w² the gradient is c·w, so a step of gradient descent is

    w ← w − α·c·w = (1 − α·c)·w

1. Follow w for some steps.
2. At which α does the first step arrive at the bottom?
3. From which α on does J no longer fall?
4. Adapt the rate, try many (deck 002): run regression with each rate and take
   the one whose loss is the lowest at the end. A rate that is too large ends
   in huge numbers, inf or NaN.
With c = 4, w = 1, α = 0.1:  w = 1, 0.6, 0.36, 0.216, …

{how}

Try the examples:  python -m doctest {name}.py
Grade it:          chainrule grade {name}.py
"""

import numpy as np


def path(w, c, rate, steps):
    """w at the beginning and after each step: (steps + 1,)

    >>> path(1.0, 4.0, 0.1, 3).round(3)
    array([1.   , 0.6  , 0.36 , 0.216])
    """
    found = [w]
    for _ in range(steps):
        found.append(found[-1] - rate * c * found[-1])
    return np.array(found)


def fastest(c):
    """The α with which one step arrives at w = 0"""
    return 1 / c


def limit(c):
    """The smallest α with which J does not fall any more"""
    return 2 / c


def final_losses(x, y, rates, epochs):
    """1/n Σ(x·w − y)² after `epochs` full-batch steps from w = 0, by rate

    x (n,), y (n,), rates (k,) → (k,). The gradient is 2/n Σ(x·w − y)·x.
    """
    losses = []
    for rate in rates:
        w = 0.0
        for _ in range(epochs):
            w = w - rate * 2 * np.mean((x * w - y) * x)
        losses.append(np.mean((x * w - y) ** 2))
    return np.array(losses)


def best_rate(rates, losses):
    """The rate whose loss is lowest; losses may hold inf and NaN

    >>> rates = np.array([0.01, 0.1, 1.0])
    >>> float(best_rate(rates, np.array([0.5, 0.2, np.nan])))
    0.1
    """
    return rates[np.argmin(np.where(np.isfinite(losses), losses, np.inf))]
