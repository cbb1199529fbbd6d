"""Reductions: sum, mean, max, min, prod, var, std, logsumexp, cumsum, argmax.

`axis` is None (all axes), a number or a tuple; `keepdims` keeps reduced axes with length 1. A
gradient comes back in the reduced shape and is spread over the axes that were summed away.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays import xp
from ..symbol import composite
from .base import check_axes, check_axis, need_numbers, op
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


def _axes(x: Any, axis: Any, where: str) -> Any:
    """The axes as NumPy takes them, None for all; axes that are not there raise."""
    return None if axis is None else check_axes(axis, np.ndim(x), where)


def _spread(d_y: Any, x: Any, axes: Any, keepdims: bool) -> Any:
    """d_y with its reduced axes put back with length 1, so that it broadcasts against x."""
    if keepdims or np.ndim(x) == 0:
        return d_y
    shape = tuple(1 if axes is None or i in axes else n for i, n in enumerate(np.shape(x)))
    return xp(d_y).reshape(d_y, shape)


def _count(x: Any, axes: Any, where: str) -> int:
    """How many numbers one result is made of; at least one."""
    return need_numbers(x, range(np.ndim(x)) if axes is None else axes, where)


@op
def sum(x, axis=None, keepdims=False):
    """Σx.  Every summand gets the whole gradient.

    Example:
        >>> sum([[1.0, 2.0], [3.0, 4.0]], axis=0)
        array([4., 6.])
    """
    axis = _axes(x, axis, "sum")
    y = xp(x).sum(x, axis=axis, keepdims=keepdims)

    def back(d_y):
        return xp(d_y).broadcast_to(_spread(d_y, x, axis, keepdims), np.shape(x))

    return y, back


@op
def mean(x, axis=None, keepdims=False):
    """(1/n)Σx.  Every summand gets 1/n of the gradient.

    Example:
        >>> mean([[1.0, 2.0], [3.0, 4.0]], axis=1)
        array([1.5, 3.5])
    """
    axis = _axes(x, axis, "mean")
    n = _count(x, axis, "mean")
    y = xp(x).sum(x, axis=axis, keepdims=keepdims) / n  # numpy.mean, without its wrapper

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
    """The largest.  The gradient goes to it, in equal parts where several are largest.

    Example:
        >>> max([[1.0, 5.0], [3.0, 4.0]], axis=1)
        array([5., 4.])
    """
    axis = _axes(x, axis, "max")
    _count(x, axis, "max")
    y = xp(x).max(x, axis=axis, keepdims=keepdims)
    return y, lambda d_y: _extreme(x, y, axis, keepdims)(d_y)


@op
def min(x, axis=None, keepdims=False):
    """The smallest.  The gradient goes to it, in equal parts where several are smallest.

    Example:
        >>> min([[1.0, 5.0], [3.0, 4.0]], axis=1)
        array([1., 3.])
    """
    axis = _axes(x, axis, "min")
    _count(x, axis, "min")
    y = xp(x).min(x, axis=axis, keepdims=keepdims)
    return y, lambda d_y: _extreme(x, y, axis, keepdims)(d_y)


@op
def prod(x, axis=None, keepdims=False):
    """Πx.  ∂/∂xᵢ is the product of all the others, right also where some are 0.

    Example:
        >>> prod([[1.0, 5.0], [3.0, 4.0]], axis=1)
        array([ 5., 12.])
    """
    axis = _axes(x, axis, "prod")

    def back(d_y):
        return _spread(d_y, x, axis, keepdims) * _others(x, axis)

    return xp(x).prod(x, axis=axis, keepdims=keepdims), back


def _others(x: Any, axes: Any) -> Any:
    """The product of all other numbers, for each: of those before it times those after it.

    Dividing the whole product by each number would fail at 0, and so would its derivative; products
    can be differentiated as often as wanted.
    """
    ndim, shape = np.ndim(x), np.shape(x)
    axes = tuple(range(ndim)) if axes is None else axes
    m = xp(x)
    kept = [i for i in range(ndim) if i not in axes]
    order = (*kept, *axes)
    lengths = [shape[i] for i in order]
    n = math.prod(shape[i] for i in axes)
    rows = m.reshape(m.transpose(x, order), (*lengths[: len(kept)], n))
    one = m.ones_like(rows[..., :1])
    before, after = [one], [one]
    for k in range(n - 1):
        before.append(before[-1] * rows[..., k : k + 1])
        after.append(after[-1] * rows[..., n - 1 - k : n - k])
    products = [a * b for a, b in zip(before, reversed(after), strict=True)][:n]
    others = m.concatenate(products, axis=-1) if n else rows
    back = tuple(np.argsort(order).tolist())
    return m.transpose(m.reshape(others, lengths), back)


@op
def var(x, axis=None, keepdims=False):
    """(1/n)Σ(x − mean)², the variance.  ∂/∂xᵢ = 2(xᵢ − mean)/n.

    Example:
        >>> var([[1.0, 5.0], [3.0, 4.0]], axis=1)
        array([4.  , 0.25])
    """
    axis = _axes(x, axis, "var")
    n = _count(x, axis, "var")
    centred = x - xp(x).mean(x, axis=axis, keepdims=True)
    y = xp(x).mean(centred * centred, axis=axis, keepdims=keepdims)
    return y, lambda d_y: _spread(d_y, x, axis, keepdims) * (2 / n) * centred


@op
def std(x, axis=None, keepdims=False):
    """√var, the standard deviation.  ∂/∂xᵢ = (xᵢ − mean)/(n·std), and 0 where std is 0.

    Example:
        >>> std([[1.0, 5.0], [3.0, 4.0]], axis=1)
        array([2. , 0.5])
    """
    axis, m = _axes(x, axis, "std"), xp(x)
    n = _count(x, axis, "std")
    centred = x - m.mean(x, axis=axis, keepdims=True)
    square = m.mean(centred * centred, axis=axis, keepdims=True)
    constant = square == 0  # there the derivative is 0, and the second one too
    root = m.where(constant, 0.0, m.sqrt(m.where(constant, 1.0, square)))
    y = root if keepdims else m.reshape(root, _without(root, axis))

    def back(d_y):
        share = m.where(constant, 0.0, centred / m.where(constant, 1.0, root))
        return _spread(d_y, x, axis, keepdims) * share / n

    return y, back


def _without(kept: Any, axes: Any) -> tuple[int, ...]:
    """The shape after the reduced axes of length 1 are taken away."""
    shape = np.shape(kept)
    return () if axes is None else tuple(n for i, n in enumerate(shape) if i not in axes)


@op
def logsumexp(x, axis=None, keepdims=False):
    """ln Σeˣ without overflow.  ∂/∂xᵢ = e^(xᵢ − y), the softmax.

    Of no numbers it is −∞, the logarithm of 0.

    Example:
        >>> logsumexp([[0.0, 0.0], [1000.0, 1000.0]], axis=1).round(4)
        array([6.9310000e-01, 1.0006931e+03])
    """
    m, axis = xp(x), _axes(x, axis, "logsumexp")
    if 0 in [n for i, n in enumerate(np.shape(x)) if axis is None or i in axis]:
        total = m.sum(x, axis=axis, keepdims=True) - math.inf
    else:
        top = m.max(x, axis=axis, keepdims=True)
        top = m.where(m.isfinite(top), top, 0.0)
        total = m.log(m.sum(m.exp(x - top), axis=axis, keepdims=True)) + top
    y = total if keepdims else m.reshape(total, _without(total, axis))
    return y, lambda d_y: _spread(d_y, x, axis, keepdims) * m.exp(x - total)


@composite
def cumsum(x: Any, axis: int | None = None) -> Any:
    """Running sum along one axis, of the flattened array without one.  d_x is summed from the end.

    Example:
        >>> cumsum([1.0, 2.0, 3.0])
        array([1., 3., 6.])
    """
    return _cumsum(reshape(x, (-1,)), axis=0) if axis is None else _cumsum(x, axis=axis)


@op
def _cumsum(x, axis):
    """Running sum along one axis.  The gradient is summed up from the other end."""
    m = xp(x)
    axis = check_axis(axis, np.ndim(x), "cumsum")

    def back(d_y):
        return m.flip(m.cumsum(m.flip(d_y, axis=axis), axis=axis), axis=axis)

    return m.cumsum(x, axis=axis), back


@op
def argmax(x, axis=None, keepdims=False):
    """Index of the largest (the first of equals).  No derivative.

    Example:
        >>> argmax([[1.0, 5.0], [4.0, 3.0]], axis=1)
        array([1, 0])
    """
    if axis is not None:
        axis = check_axis(axis, np.ndim(x), "argmax")
    _count(x, None if axis is None else (axis,), "argmax")
    return xp(x).argmax(x, axis=axis, keepdims=keepdims), None


@op
def argmin(x, axis=None, keepdims=False):
    """Index of the smallest (the first of equals).  No derivative.

    Example:
        >>> argmin([[1.0, 5.0], [4.0, 3.0]], axis=1)
        array([0, 1])
    """
    if axis is not None:
        axis = check_axis(axis, np.ndim(x), "argmin")
    _count(x, None if axis is None else (axis,), "argmin")
    return xp(x).argmin(x, axis=axis, keepdims=keepdims), None


@op
def any(x, axis=None, keepdims=False):
    """Does it hold anywhere?  No derivative.

    Example:
        >>> any([[True, False], [False, False]], axis=1)
        array([ True, False])
    """
    return xp(x).any(x, axis=_axes(x, axis, "any"), keepdims=keepdims), None


@op
def all(x, axis=None, keepdims=False):
    """Does it hold everywhere?  No derivative.

    Example:
        >>> all([[True, True], [True, False]], axis=1)
        array([ True, False])
    """
    return xp(x).all(x, axis=_axes(x, axis, "all"), keepdims=keepdims), None
