"""Figures of whole axes: averages, quantiles, those that leave NaN out, moments.

All are made of operations that have a rule.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays import is_traced, xp
from ..errors import ArgumentError, ShapeError, choose
from ..operators import raw
from ..symbol import composite
from .base import check_axes, need_numbers
from .elementwise import (
    add,
    cast,
    isnan,
    logical_not,
    multiply,
    sqrt,
    square,
    subtract,
    where,
)
from .order import sort, take_along_axis
from .reduce import all as _all
from .reduce import any as _any
from .reduce import argmax, argmin, cumprod, cumsum, mean, prod, var
from .reduce import max as _max
from .reduce import min as _min
from .reduce import sum as _sum
from .shapes import broadcast_to, getitem, moveaxis, reshape, squeeze, stack

__all__ = [
    "amax",
    "amin",
    "average",
    "median",
    "moments",
    "nanargmax",
    "nanargmin",
    "nancumprod",
    "nancumsum",
    "nanmax",
    "nanmean",
    "nanmedian",
    "nanmin",
    "nanpercentile",
    "nanprod",
    "nanquantile",
    "nanstd",
    "nansum",
    "nanvar",
    "percentile",
    "ptp",
    "quantile",
]


@composite
def amax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The largest, under NumPy's older name.  The gradient goes to it, in equal parts where several
    are largest.

    Example:
        >>> amax([[1.0, 5.0], [3.0, 4.0]], axis=1)
        array([5., 4.])
    """
    return _max(x, axis, keepdims)


@composite
def amin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The smallest, under NumPy's older name.  The gradient goes to it, in equal parts where
    several are smallest.

    Example:
        >>> amin([[1.0, 5.0], [3.0, 4.0]], axis=1)
        array([1., 3.])
    """
    return _min(x, axis, keepdims)


@composite
def ptp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """max x − min x.  The gradient goes to the largest, with a minus to the smallest.

    Example:
        >>> ptp([[1.0, 5.0], [3.0, 4.0]], axis=1)
        array([4., 1.])
    """
    return _max(x, axis, keepdims) - _min(x, axis, keepdims)


@composite
def average(x: Any, axis: Any = None, weights: Any = None) -> Any:
    """Σwx/Σw, the mean without weights.  ∂/∂xᵢ = wᵢ/Σw, ∂/∂wᵢ = (xᵢ − y)/Σw.

    Args:
        x: an array.
        axis: one axis or several; None for all.
        weights: in the shape of x, or a row of numbers for one axis.

    Example:
        >>> float(average([1.0, 4.0], weights=[3.0, 1.0]))
        1.75

    Raises:
        ShapeError: the weights fit neither x nor the axis.
    """
    if weights is None:
        return mean(x, axis)
    weights = np.asarray(weights) if isinstance(weights, (list, tuple)) else weights
    x = np.asarray(x) if isinstance(x, (list, tuple)) else x
    shape = np.shape(x)
    if np.shape(weights) != shape:
        axes = check_axes(axis, len(shape), "average")
        if axis is None or np.shape(weights) != tuple(shape[a] for a in axes) or len(axes) != 1:
            raise ShapeError(
                "the weights do not fit",
                where="average",
                expected=f"the shape {shape}, or one number for each place of one axis",
                received=np.shape(weights),
            )
        wide = tuple(n if i == axes[0] else 1 for i, n in enumerate(shape))
        weights = broadcast_to(reshape(weights, wide), shape)
    return _sum(x * weights, axis=axis) / _sum(weights, axis=axis)


@composite
def moments(x: Any, axes: Any, keepdims: bool = False, synchronized: bool = False) -> tuple:
    """(mean, variance) over axes.  ∂mean/∂xᵢ = 1/n, ∂variance/∂xᵢ = 2(xᵢ − mean)/n.

    Args:
        x: an array.
        axes: which to average over; None for all.
        keepdims: keep them with length 1.
        synchronized: over several devices, in Keras; there is one here.

    Example:
        >>> moments([[1.0, 3.0], [2.0, 6.0]], axes=1)
        (array([2., 4.]), array([1., 4.]))
    """
    return mean(x, axes, keepdims), var(x, axes, keepdims)


# --- quantiles ----------------------------------------------------------------------------------

_METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


def _rows(x: Any, axis: Any, where: str) -> tuple[Any, tuple[int, ...]]:
    """x with the given axes as one last axis, and which they were."""
    axes = check_axes(axis, np.ndim(x), where)
    need_numbers(x, axes, where)
    kept = tuple(n for i, n in enumerate(np.shape(x)) if i not in axes)
    last = tuple(range(np.ndim(x) - len(axes), np.ndim(x)))
    return reshape(moveaxis(x, axes, last), (*kept, -1)), axes


def _shares(q: Any, method: str, where: str) -> np.ndarray:
    """The place among n sorted numbers of each quantile, between 0 and n − 1."""
    q = raw(q)
    if is_traced(q):
        raise ArgumentError(
            "q must be known when the program is compiled", where=where, fix="give a number"
        )
    q = np.asarray(q, np.float64)
    if method not in _METHODS:
        raise choose("method", method, _METHODS, where=where)
    if q.ndim > 1 or not ((q >= 0) & (q <= 1)).all():
        raise ArgumentError(
            "q must lie between 0 and " + ("100" if "percentile" in where else "1"),
            where=where,
            received=repr((q * (100 if "percentile" in where else 1)).tolist())[:80],
        )
    return q


def _between(place: float, method: str) -> tuple[int, int, float]:
    """The two sorted numbers around a place, and the share of the second."""
    low, high = math.floor(place), math.ceil(place)
    share = place - low
    if method == "lower":
        share = 0.0
    elif method == "higher":
        share = float(high > low)
    elif method == "midpoint":
        share = 0.5 if high > low else 0.0
    elif method == "nearest":
        share = float(round(place) == high and high > low)
    return low, high, share


def _quantile(x: Any, q: Any, axis: Any, method: str, keepdims: bool, name: str) -> Any:
    q = _shares(q, method, name)
    rows, axes = _rows(x, axis, name)
    n = np.shape(rows)[-1]
    ordered, found = sort(rows), []
    for one in q.reshape(-1).tolist():
        low, high, share = _between(one * (n - 1), method)
        a = getitem(ordered, (Ellipsis, high if share == 1 else low))
        if 0 < share < 1:
            b = getitem(ordered, (Ellipsis, high))
            a = add(multiply(a, 1 - share), multiply(b, share))
        found.append(a)
    spoiled = _any(isnan(rows), axis=-1)  # NaN was sorted to the end
    found = [_kept(where(spoiled, math.nan, v), np.shape(x), axes, keepdims) for v in found]
    return stack(found) if q.ndim else found[0]


def _kept(v: Any, shape: tuple, axes: tuple, keepdims: bool) -> Any:
    if not keepdims:
        return v
    return reshape(v, tuple(1 if i in axes else n for i, n in enumerate(shape)))


@composite
def quantile(
    x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """The number that a share q of all lies below.  d_x: d_y goes to the two numbers around that
    place, in the shares they have in y.

    Args:
        x: an array.
        q: a number from 0 to 1, or several, which get a new first axis.
        axis: one axis or several; None for all.
        method: between two numbers at i and i + 1: `"linear"`, by the distance; `"lower"`,
            `"higher"`, `"nearest"`, one of them; `"midpoint"`, their mean.
        keepdims: keep the axes with length 1.

    Example:
        >>> float(quantile([1.0, 2.0, 10.0], 0.25))
        1.5

    Raises:
        ArgumentError: q lies outside, or another method.
    """
    return _quantile(x, q, axis, method, keepdims, "quantile")


@composite
def percentile(
    x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """The number that q percent of all lie below.  d_x: as of `quantile`.

    Example:
        >>> float(percentile([1.0, 2.0, 10.0], 50))
        2.0

    Raises:
        ArgumentError: q lies outside 0 to 100, or another method.
    """
    return _quantile(x, np.asarray(q, np.float64) / 100, axis, method, keepdims, "percentile")


@composite
def median(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The number in the middle, of an even count the mean of the two.  d_x: d_y goes to it, halves
    to the two.

    Example:
        >>> float(median([1.0, 10.0, 2.0, 3.0]))
        2.5
    """
    return _quantile(x, 0.5, axis, "linear", keepdims, "median")


# --- without what is NaN ------------------------------------------------------------------------


def _there(x: Any, axis: Any, keepdims: bool) -> Any:
    """How many numbers are not NaN, in a type that divides."""
    return _sum(cast(logical_not(isnan(x)), _float_of(x)), axis=axis, keepdims=keepdims)


def _float_of(x: Any) -> Any:
    dtype = getattr(x, "dtype", np.dtype(np.float64))
    return dtype if np.dtype(dtype).kind not in "biu" else np.dtype(np.float64)


def _array(x: Any) -> Any:
    return np.asarray(x) if isinstance(x, (list, tuple)) else x


@composite
def nansum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Σ of what is not NaN.  Every summand gets the whole gradient, NaN none.

    Example:
        >>> float(nansum([1.0, np.nan, 2.0]))
        3.0
    """
    return _sum(where(isnan(x), 0.0, x), axis, keepdims)


@composite
def nanmean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The mean of what is not NaN; NaN where nothing is.  Every summand gets 1/n of the gradient.

    Example:
        >>> float(nanmean([1.0, np.nan, 2.0]))
        1.5
    """
    x = _array(x)
    n = _there(x, axis, keepdims)
    none = n == 0
    return where(none, math.nan, nansum(x, axis, keepdims) / where(none, 1.0, n))


@composite
def nanvar(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The variance of what is not NaN; NaN where nothing is.  ∂/∂xᵢ = 2(xᵢ − mean)/n.

    Example:
        >>> float(nanvar([1.0, np.nan, 3.0]))
        1.0
    """
    x = _array(x)
    off = where(isnan(x), 0.0, x - nanmean(x, axis, True))
    n = _there(x, axis, keepdims)
    none = n == 0
    return where(none, math.nan, _sum(square(off), axis, keepdims) / where(none, 1.0, n))


@composite
def nanstd(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """√nanvar.  ∂/∂xᵢ = (xᵢ − mean)/(n·std), and 0 where std is 0.

    Example:
        >>> float(nanstd([1.0, np.nan, 3.0]))
        1.0
    """
    return _root(nanvar(x, axis, keepdims))


def _root(v: Any) -> Any:
    """√v, whose gradient at 0 is 0."""
    flat = v == 0
    return where(flat, 0.0, sqrt(where(flat, 1.0, v)))


@composite
def nanprod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Π of what is not NaN.  ∂/∂xᵢ is the product of all the others, 0 of NaN.

    Example:
        >>> float(nanprod([2.0, np.nan, 3.0]))
        6.0
    """
    return prod(where(isnan(x), 1.0, x), axis, keepdims)


@composite
def nancumsum(x: Any, axis: int | None = None) -> Any:
    """Running sum of what is not NaN.  d_x is summed from the end, 0 of NaN.

    Example:
        >>> nancumsum([1.0, np.nan, 2.0])
        array([1., 1., 3.])
    """
    return cumsum(where(isnan(x), 0.0, x), axis)


@composite
def nancumprod(x: Any, axis: int | None = None) -> Any:
    """Running product of what is not NaN.  ∂yⱼ/∂xᵢ = Π xₖ for i ≠ k ≤ j, 0 of NaN.

    Example:
        >>> nancumprod([2.0, np.nan, 3.0])
        array([2., 2., 6.])
    """
    return cumprod(where(isnan(x), 1.0, x), axis)


@composite
def nanmax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The largest of what is not NaN; NaN where nothing is.  The gradient goes to it, in equal
    parts where several are largest.

    Example:
        >>> float(nanmax([1.0, np.nan, 2.0]))
        2.0
    """
    none = _all(isnan(x), axis, keepdims)
    return where(none, math.nan, _max(where(isnan(x), -math.inf, x), axis, keepdims))


@composite
def nanmin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The smallest of what is not NaN; NaN where nothing is.  The gradient goes to it, in equal
    parts where several are smallest.

    Example:
        >>> float(nanmin([1.0, np.nan, 2.0]))
        1.0
    """
    none = _all(isnan(x), axis, keepdims)
    return where(none, math.nan, _min(where(isnan(x), math.inf, x), axis, keepdims))


@composite
def nanargmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Index of the largest that is not NaN; −1 where all are.  No derivative.

    Example:
        >>> int(nanargmax([1.0, np.nan, 2.0]))
        2
    """
    none = _all(isnan(x), axis, keepdims)
    return where(none, -1, argmax(where(isnan(x), -math.inf, x), axis, keepdims))


@composite
def nanargmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Index of the smallest that is not NaN; −1 where all are.  No derivative.

    Example:
        >>> int(nanargmin([1.0, np.nan, 2.0]))
        0
    """
    none = _all(isnan(x), axis, keepdims)
    return where(none, -1, argmin(where(isnan(x), math.inf, x), axis, keepdims))


def _nanquantile(x: Any, q: Any, axis: Any, method: str, keepdims: bool, where_: str) -> Any:
    q = _shares(q, method, where_)
    rows, axes = _rows(_array(x), axis, where_)
    n = raw(_there(rows, -1, True))
    m = xp(n)
    ordered, found = sort(rows), []
    for one in q.reshape(-1).tolist():
        place = m.maximum(one * (n - 1), 0.0)
        low, high = m.floor(place), m.ceil(place)
        share = place - low
        if method == "lower":
            share = share * 0
        elif method == "higher":
            share = (high > low) * 1.0
        elif method == "midpoint":
            share = (high > low) * 0.5
        elif method == "nearest":
            share = ((m.round(place) == high) & (high > low)) * 1.0
        share = share.astype(n.dtype)
        a = take_along_axis(ordered, low.astype(np.int32), axis=-1)
        b = take_along_axis(ordered, high.astype(np.int32), axis=-1)
        mixed = where(
            share == 0,
            a,
            where(share == 1, b, add(multiply(a, subtract(1, share)), multiply(b, share))),
        )
        found.append(_kept(squeeze(mixed, -1), np.shape(x), axes, keepdims))
    return stack(found) if q.ndim else found[0]


@composite
def nanquantile(
    x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """`quantile` of what is not NaN; NaN where nothing is.  d_x: as of `quantile`, 0 of NaN.

    Example:
        >>> float(nanquantile([1.0, np.nan, 2.0, 10.0], 0.25))
        1.5
    """
    return _nanquantile(x, q, axis, method, keepdims, "nanquantile")


@composite
def nanpercentile(
    x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """`percentile` of what is not NaN; NaN where nothing is.  d_x: as of `quantile`, 0 of NaN.

    Example:
        >>> float(nanpercentile([1.0, np.nan, 2.0, 10.0], 50))
        2.0
    """
    return _nanquantile(x, np.asarray(q, np.float64) / 100, axis, method, keepdims, "nanpercentile")


@composite
def nanmedian(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """`median` of what is not NaN; NaN where nothing is.  d_x: as of `median`, 0 of NaN.

    Example:
        >>> float(nanmedian([1.0, np.nan, 2.0, 10.0]))
        2.0
    """
    return _nanquantile(x, 0.5, axis, "linear", keepdims, "nanmedian")
