"""Elementwise operations that are met more rarely; loaded when one is first asked for."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from .. import arrays, chain
from ..arrays import is_float, lax, numpy_dtype, xp
from ..config import floatx
from ..symbol import composite
from .base import as_number, op
from .division import _largest
from .elementwise import abs as _abs
from .elementwise import (
    cast,
    clip,
    divide,
    isnan,
    logaddexp,
    maximum,
    minimum,
    multiply,
    step,
    where,
)

__all__ = [
    "cbrt",
    "deg2rad",
    "divide_no_nan",
    "erfinv",
    "exp2",
    "fabs",
    "fmax",
    "fmin",
    "fmod",
    "heaviside",
    "hypot",
    "logaddexp2",
    "nextafter",
    "rad2deg",
    "saturate_cast",
    "sinc",
    "trunc",
]


@op
def cbrt(x):
    """∛x, of negative numbers too.  Derivative 1/(3·∛x²).

    Example:
        >>> cbrt([27.0, -8.0])
        array([ 3., -2.])
    """
    y = xp(x).cbrt(x)
    return y, lambda d_y: d_y / (3 * y * y)


@op
def exp2(x):
    """2ˣ.  Derivative 2ˣ·ln 2.

    Example:
        >>> exp2([0.0, 3.0])
        array([1., 8.])
    """
    y = xp(x).exp2(x)
    return y, lambda d_y: d_y * (y * math.log(2))


@composite
def deg2rad(x: Any) -> Any:
    """x·π/180, degrees as radians.  Derivative π/180.

    Example:
        >>> deg2rad([0.0, 180.0]).round(4)
        array([0.    , 3.1416])
    """
    return multiply(x, math.pi / 180)


@composite
def rad2deg(x: Any) -> Any:
    """x·180/π, radians as degrees.  Derivative 180/π.

    Example:
        >>> rad2deg([0.0, math.pi])
        array([  0., 180.])
    """
    return multiply(x, 180 / math.pi)


@composite
def divide_no_nan(x1: Any, x2: Any) -> Any:
    """x₁/x₂, and 0 where x₂ is 0.  ∂/∂x₁ = 1/x₂, ∂/∂x₂ = −x₁/x₂², both 0 where x₂ is 0.

    Example:
        >>> divide_no_nan([6.0, 3.0], [2.0, 0.0])
        array([3., 0.])
    """
    x1, x2 = _array(x1), _array(x2)
    none = x2 == 0
    return where(none, 0.0, divide(x1, where(none, 1, x2)))


def _array(x: Any) -> Any:
    """Lists as arrays, so that operators work."""
    return np.asarray(x) if isinstance(x, (list, tuple)) else x


@op
def erfinv(x):
    """The y with erf(y) = x, −1 < x < 1.  Derivative √π/2·e^(y²).

    Example:
        >>> erfinv([0.0, 0.5]).round(4)
        array([0.    , 0.4769])
    """
    m = xp(x)
    y = m.erfinv(x) if hasattr(m, "erfinv") else _erfinv(x)
    return y, lambda d_y: d_y * (math.sqrt(math.pi) / 2) * xp(y).exp(y * y)


def _erfinv(x: Any) -> Any:
    """A first value after Winitzki (2008), then two steps of Halley's method on erf or erfc."""
    if xp(x) is not np:
        return lax().erf_inv(x)
    x = np.asarray(x)
    t = np.abs(x.astype(np.float64))
    inside = t < 1
    t = np.where(inside, t, 0.0)
    log = np.log1p(-t * t)
    half = 2 / (math.pi * 0.147) + log / 2
    y = np.sqrt(-log / 0.147 / (np.sqrt(half * half - log / 0.147) + half))
    for _ in range(2):
        # erf(y) − t, from 1 − t where that is the small one
        off = np.where(t < 0.5, arrays.erf(y) - t, (1 - t) - arrays.erfc(y))
        move = off / (2 / math.sqrt(math.pi) * np.exp(-y * y))
        y = y - move / (1 + y * move)
    edge = np.where(np.abs(x) == 1, np.inf, np.nan)
    return np.copysign(np.where(inside, y, edge), x).astype(x.dtype)


@composite
def fabs(x: Any) -> Any:
    """|x|, of integers as a float (C's and NumPy's name).  Derivative sign x (0 at 0).

    Example:
        >>> fabs([-2, 3])
        array([2., 3.], dtype=float32)
    """
    x = _array(x)
    return _abs(x if is_float(x) else cast(x, numpy_dtype()))


@composite
def fmax(x1: Any, x2: Any) -> Any:
    """The larger of each pair, the other one of NaN.  The gradient goes to it, halves on a tie.

    Example:
        >>> fmax([1.0, np.nan], [0.5, 3.0])
        array([1., 3.])
    """
    return where(isnan(x1), x2, where(isnan(x2), x1, maximum(x1, x2)))


@composite
def fmin(x1: Any, x2: Any) -> Any:
    """The smaller of each pair, the other one of NaN.  The gradient goes to it, halves on a tie.

    Example:
        >>> fmin([1.0, np.nan], [0.5, 3.0])
        array([0.5, 3. ])
    """
    return where(isnan(x1), x2, where(isnan(x2), x1, minimum(x1, x2)))


@op(numbers=2)
def fmod(x1, x2):
    """x₁ − x₂·trunc(x₁/x₂), the remainder with the sign of x₁.  ∂/∂x₁ = 1, ∂/∂x₂ = −trunc(x₁/x₂).

    Example:
        >>> fmod([5.0, -5.0], 3.0)
        array([ 2., -2.])
    """
    m = xp(x1, x2)
    return m.fmod(x1, x2), (lambda d_y: d_y, lambda d_y: -d_y * m.trunc(x1 / x2))


@composite
def heaviside(x1: Any, x2: Any) -> Any:
    """0 where x₁ < 0, x₂ where it is 0, else 1.  ∂/∂x₁ = 0; ∂/∂x₂ = 1 where x₁ is 0.

    Example:
        >>> heaviside([-1.0, 0.0, 2.0], 0.5)
        array([0. , 0.5, 1. ])
    """
    x1 = _array(x1)
    return where(isnan(x1), x1, where(x1 == 0, x2, step(x1, 0.0, True)))


@op(numbers=2)
def hypot(x1, x2):
    """√(x₁² + x₂²) without overflow.  ∂/∂x₁ = x₁/y, ∂/∂x₂ = x₂/y, and 0 where y is 0.

    Example:
        >>> hypot([3.0, 3e200], [4.0, 4e200])
        array([5.e+000, 5.e+200])
    """
    m = xp(x1, x2)
    y = m.hypot(x1, x2)
    length = m.where(y == 0, 1.0, y)
    return y, (lambda d_y: d_y * (x1 / length), lambda d_y: d_y * (x2 / length))


@composite
def logaddexp2(x1: Any, x2: Any) -> Any:
    """log₂(2ᵃ + 2ᵇ) without overflow.  ∂/∂a = 2ᵃ/(2ᵃ + 2ᵇ), ∂/∂b = 2ᵇ/(2ᵃ + 2ᵇ).

    Example:
        >>> logaddexp2([3.0, 2000.0], [3.0, 2000.0])
        array([   4., 2001.])
    """
    two = math.log(2)
    return multiply(logaddexp(multiply(x1, two), multiply(x2, two)), 1 / two)


@op
def trunc(x):
    """x without its fraction, towards 0.  Derivative 0.

    Example:
        >>> trunc([-1.5, 1.5])
        array([-1.,  1.])
    """
    return xp(x).trunc(x), lambda d_y: d_y * 0


@op
def sinc(x):
    """sin(πx)/(πx), and 1 at 0.  Derivative (cos πx − sinc x)/x, and 0 at 0.

    Example:
        >>> sinc([0.0, 0.5]).round(4)
        array([1.    , 0.6366])
    """
    m = xp(x)

    def back(d_y):
        t = math.pi * x
        near = m.abs(t) < 0.5
        small, far = m.where(near, t, 0.0), m.where(near, 1.0, x)
        return d_y * m.where(
            near, math.pi * _slope(small), (m.cos(math.pi * far) - m.sinc(far)) / far
        )

    return m.sinc(x), back


def _slope(t: Any) -> Any:
    """The derivative of sin(t)/t near 0, where two terms would cancel: Σ (−1)ⁿ 2n t²ⁿ⁻¹/(2n+1)!."""
    total, square = 0.0, t * t
    for n in range(7, 0, -1):
        total = total * square + (-1.0) ** n * 2 * n / math.factorial(2 * n + 1)
    return total * t


@composite
def saturate_cast(x: Any, dtype: Any) -> Any:
    """x in another type, moved to its nearest end where it lies beyond.  Derivative 1 inside, 0
    beyond; none for whole numbers.

    Example:
        >>> saturate_cast([-5.0, 300.0, 7.9], "uint8")
        array([  0, 255,   7], dtype=uint8)
    """
    x, dtype = _array(x), numpy_dtype(dtype)
    if dtype.kind == "b":
        return cast(x, dtype)
    if is_float(np.empty(0, dtype)):
        top = _largest(np.empty(0, dtype))
        fits = not is_float(x) or _largest(x) <= top
        return cast(x if fits else clip(x, -top, top), dtype)
    low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    if not is_float(x):
        own = np.iinfo(x.dtype) if x.dtype.kind in "iu" else np.iinfo(np.int8)
        return cast(clip(x, max(low, int(own.min)), min(high, int(own.max))), dtype)
    # the largest whole number of a type may lie between two floats, and no float may exceed it
    beyond, under = x >= float(high), x <= float(low)
    inside = cast(where(beyond | under, 0.0, x), dtype)
    ends = where(beyond, np.asarray(high, dtype), np.asarray(low, dtype))
    return where(beyond | under, ends, inside)


@composite
def nextafter(x1: Any, x2: Any) -> Any:
    """The next number after x₁ on the way to x₂, in their type.  ∂/∂x₁ = 1, ∂/∂x₂ = 0.

    x₁ itself where both are equal; NaN where one is.

    Example:
        >>> nextafter(np.float32(1), np.float32(2)) - np.float32(1)
        np.float32(1.1920929e-07)
    """
    x1, x2 = as_number(x1, "nextafter"), as_number(x2, "nextafter")
    types = [v.dtype for v in (x1, x2) if hasattr(v, "dtype")]
    floats = [v.dtype for v in (x1, x2) if hasattr(v, "dtype") and is_float(v)]
    kind = functools.reduce(np.promote_types, floats) if floats else np.dtype(floatx())
    if types:
        x1, x2 = (cast(v, kind) if getattr(v, "dtype", kind) != kind else v for v in (x1, x2))
    return _next(x1, x2)


@chain.op  # not the operations' own: that computes halves in float32, where other numbers are next
def _next(x1, x2):
    y = xp(x1, x2).nextafter(x1, x2)
    return y, (lambda d_y: d_y, lambda d_y: d_y * 0.0)
