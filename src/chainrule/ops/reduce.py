"""Reductions: sum, mean, max, min, prod, var, std, logsumexp, cumsum, argmax.

`axis` is None (all axes), a number or a tuple; `keepdims` keeps reduced axes with length 1. A
gradient comes back in the reduced shape and is spread over the axes that were summed away.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays import xp
from ..chain import op
from ..symbol import composite
from .shape import reshape

__all__ = [
    "all",
    "any",
    "argmax",
    "argmin",
    "cumsum",
    "logsumexp",
    "max",
    "mean",
    "min",
    "prod",
    "std",
    "sum",
    "var",
]


def _spread(d_y: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """d_y with its reduced axes put back with length 1, so that it broadcasts against x."""
    if axis is None or keepdims or np.ndim(x) == 0:
        return d_y if keepdims or axis is not None else xp(d_y).reshape(d_y, (1,) * np.ndim(x))
    axes = {a % np.ndim(x) for a in ((axis,) if isinstance(axis, int) else axis)}
    shape = tuple(1 if i in axes else n for i, n in enumerate(np.shape(x)))
    return xp(d_y).reshape(d_y, shape)


def _count(x: Any, axis: Any) -> int:
    """How many numbers one result is made of."""
    shape = np.shape(x)
    if axis is None:
        return math.prod(shape)
    return math.prod(shape[a] for a in ((axis,) if isinstance(axis, int) else axis))


@op
def sum(x, axis=None, keepdims=False):
    """Σx.  Every summand gets the whole gradient."""
    y = xp(x).sum(x, axis=axis, keepdims=keepdims)

    def back(d_y):
        return xp(d_y).broadcast_to(_spread(d_y, x, axis, keepdims), np.shape(x))

    return y, back


@op
def mean(x, axis=None, keepdims=False):
    """(1/n)Σx.  Every summand gets 1/n of the gradient."""
    n = _count(x, axis)
    y = xp(x).mean(x, axis=axis, keepdims=keepdims)

    def back(d_y):
        return xp(d_y).broadcast_to(_spread(d_y / n, x, axis, keepdims), np.shape(x))

    return y, back


def _extreme(x, y, axis, keepdims):
    """Gradient of max and min: to the winner, in equal parts where several win."""
    won = x == _spread(y, x, axis, keepdims)
    share = won / xp(x).sum(won, axis=axis, keepdims=True)
    return lambda d_y: _spread(d_y, x, axis, keepdims) * share


@op
def max(x, axis=None, keepdims=False):
    """The largest.  The gradient goes to it, in equal parts where several are largest."""
    y = xp(x).max(x, axis=axis, keepdims=keepdims)
    return y, lambda d_y: _extreme(x, y, axis, keepdims)(d_y)


@op
def min(x, axis=None, keepdims=False):
    """The smallest.  The gradient goes to it, in equal parts where several are smallest."""
    y = xp(x).min(x, axis=axis, keepdims=keepdims)
    return y, lambda d_y: _extreme(x, y, axis, keepdims)(d_y)


@op
def prod(x, axis=None, keepdims=False):
    """Πx.  ∂/∂xᵢ is the product of all the others, right also where some are 0."""
    m = xp(x)
    y = m.prod(x, axis=axis, keepdims=keepdims)

    def back(d_y):
        zero = x == 0
        zeros = m.sum(zero, axis=axis, keepdims=True)
        others = m.prod(m.where(zero, 1.0, x), axis=axis, keepdims=True)  # of those that are not 0
        rest = m.where(zero, (zeros == 1) * others, (zeros == 0) * others / m.where(zero, 1.0, x))
        return _spread(d_y, x, axis, keepdims) * rest

    return y, back


@op
def var(x, axis=None, keepdims=False):
    """Variance (1/n)Σ(x − mean)².  ∂/∂xᵢ = 2(xᵢ − mean)/n."""
    n = _count(x, axis)
    centred = x - xp(x).mean(x, axis=axis, keepdims=True)
    y = xp(x).mean(centred * centred, axis=axis, keepdims=keepdims)
    return y, lambda d_y: _spread(d_y, x, axis, keepdims) * (2 / n) * centred


@op
def std(x, axis=None, keepdims=False):
    """Standard deviation √var.  ∂/∂xᵢ = (xᵢ − mean)/(n·std), and 0 where std is 0."""
    n, m = _count(x, axis), xp(x)
    centred = x - m.mean(x, axis=axis, keepdims=True)
    y = m.sqrt(m.mean(centred * centred, axis=axis, keepdims=keepdims))

    def back(d_y):
        d_var = d_y / (n * m.where(y == 0, 1.0, y))
        return _spread(d_var, x, axis, keepdims) * centred

    return y, back


@op
def logsumexp(x, axis=None, keepdims=False):
    """ln Σeˣ without overflow.  ∂/∂xᵢ = e^(xᵢ − y), the softmax."""
    m = xp(x)
    top = m.max(x, axis=axis, keepdims=True)
    top = m.where(m.isfinite(top), top, 0.0)
    total = m.log(m.sum(m.exp(x - top), axis=axis, keepdims=True)) + top
    y = total if keepdims else m.squeeze(total, axis=axis)
    return y, lambda d_y: _spread(d_y, x, axis, keepdims) * m.exp(x - total)


@composite
def cumsum(x: Any, axis: int | None = None) -> Any:
    """Running sum along one axis, of the flattened array without one."""
    return _cumsum(reshape(x, (-1,)), axis=0) if axis is None else _cumsum(x, axis=axis)


@op
def _cumsum(x, axis):
    """Running sum along one axis.  The gradient is summed up from the other end."""
    m = xp(x)

    def back(d_y):
        return m.flip(m.cumsum(m.flip(d_y, axis=axis), axis=axis), axis=axis)

    return m.cumsum(x, axis=axis), back


@op
def argmax(x, axis=None, keepdims=False):
    """Index of the largest (the first of equals).  No derivative."""
    return xp(x).argmax(x, axis=axis, keepdims=keepdims), None


@op
def argmin(x, axis=None, keepdims=False):
    """Index of the smallest (the first of equals).  No derivative."""
    return xp(x).argmin(x, axis=axis, keepdims=keepdims), None


@op
def any(x, axis=None, keepdims=False):
    """Does it hold anywhere?  No derivative."""
    return xp(x).any(x, axis=axis, keepdims=keepdims), None


@op
def all(x, axis=None, keepdims=False):
    """Does it hold everywhere?  No derivative."""
    return xp(x).all(x, axis=axis, keepdims=keepdims), None
