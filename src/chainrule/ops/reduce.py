"""Reductions: sum, mean, max, min, prod, var, std, logsumexp, cumsum, cumprod, argmax.

`axis` is None (all axes), a number or a tuple; `keepdims` keeps reduced axes with length 1. A
gradient comes back in the reduced shape and is spread over the axes that were summed away.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays import xp
from ..errors import ShapeError
from ..symbol import composite
from .base import check_axes, check_axis, need_numbers, op, whole
from .shapes import reshape

__all__ = [
    "all",
    "any",
    "argmax",
    "argmin",
    "cumprod",
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
    before = _before(rows)
    after = m.flip(_before(m.flip(rows, axis=-1)), axis=-1)
    back = tuple(np.argsort(order).tolist())
    return m.transpose(m.reshape(before * after, lengths), back)


def _before(rows: Any) -> Any:
    """The product of all numbers before each, along the last axis."""
    m = xp(rows)
    shifted = m.concatenate([m.ones_like(rows[..., :1]), rows[..., :-1]], axis=-1)
    return m.cumprod(shifted, axis=-1)


@op
def var(x, axis=None, keepdims=False, ddof=0):
    """(1/(n − ddof))Σ(x − mean)², the variance.  ∂/∂xᵢ = 2(xᵢ − mean)/(n − ddof).

    `ddof=1` estimates the variance of what x is a sample of (NumPy's name; PyTorch's default).

    Example:
        >>> var([[1.0, 5.0], [3.0, 4.0]], axis=1), float(var([1.0, 5.0], ddof=1))
        (array([4.  , 0.25]), 8.0)

    Raises:
        ShapeError: there are not more than `ddof` numbers.
    """
    axis = _axes(x, axis, "var")
    n = _freedom(x, axis, ddof, "var")
    centred = x - xp(x).mean(x, axis=axis, keepdims=True)
    y = xp(x).sum(centred * centred, axis=axis, keepdims=keepdims) / n
    return y, lambda d_y: _spread(d_y, x, axis, keepdims) * (2 / n) * centred


def _freedom(x: Any, axes: Any, ddof: Any, where: str) -> int:
    """How many numbers one result is made of, less `ddof`; at least one."""
    n, ddof = _count(x, axes, where), whole(ddof, where, "ddof")
    if ddof >= n or ddof < 0:
        raise ShapeError(
            "there must be more numbers than ddof",
            where=where,
            expected=f"ddof from 0 to {n - 1}",
            received=f"ddof={ddof} for {n} numbers",
        )
    return n - ddof


@op
def std(x, axis=None, keepdims=False, ddof=0):
    """√var, the standard deviation.  ∂/∂xᵢ = (xᵢ − mean)/((n − ddof)·std), and 0 where std is 0.

    Example:
        >>> std([[1.0, 5.0], [3.0, 4.0]], axis=1), float(std([1.0, 3.0, 5.0], ddof=1))
        (array([2. , 0.5]), 2.0)

    Raises:
        ShapeError: there are not more than `ddof` numbers.
    """
    axis, m = _axes(x, axis, "std"), xp(x)
    n = _freedom(x, axis, ddof, "std")
    centred = x - m.mean(x, axis=axis, keepdims=True)
    square = m.sum(centred * centred, axis=axis, keepdims=True) / n
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


@composite
def cumprod(x: Any, axis: int | None = None) -> Any:
    """Running product, of the flattened array without an axis.  ∂yⱼ/∂xᵢ = Π xₖ for i ≠ k ≤ j.

    Right also where some are 0.

    Example:
        >>> cumprod([1.0, 2.0, 3.0])
        array([1., 2., 6.])
    """
    return _cumprod(reshape(x, (-1,)), axis=0) if axis is None else _cumprod(x, axis=axis)


@op
def _cumprod(x, axis):
    """Running product along one axis.

    d_xᵢ = (Π_{k<i} xₖ)·sᵢ with sᵢ = Σ_{j≥i} d_yⱼ·Π_{i<k≤j} xₖ, which is sᵢ = d_yᵢ + xᵢ₊₁·sᵢ₊₁: no
    division, which would fail at 0.
    """
    axis = check_axis(axis, np.ndim(x), "cumprod")

    def back(d_y):
        m = xp(x, d_y)
        rows, s = m.swapaxes(x, axis, -1), m.swapaxes(d_y, axis, -1)
        n = np.shape(rows)[-1]
        factor = m.concatenate([rows[..., 1:], m.ones_like(rows[..., :1])], axis=-1)
        reach = 1  # s holds the first `reach` terms of each sum, factor what the next are times
        while reach < n:
            near, far = slice(None, n - reach), slice(reach, None)
            s = m.concatenate(
                [s[..., near] + factor[..., near] * s[..., far], s[..., n - reach :]], axis=-1
            )
            factor = m.concatenate(
                [factor[..., near] * factor[..., far], factor[..., n - reach :]], axis=-1
            )
            reach *= 2
        return m.swapaxes(_before(rows) * s, axis, -1)

    return xp(x).cumprod(x, axis=axis), back


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
