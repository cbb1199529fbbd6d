"""Elementwise operations, continued: division with remainder, infinities, exclusive or."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays import is_float, xp
from .base import as_number, op

__all__ = [
    "floor_divide",
    "isinf",
    "logical_xor",
    "mod",
    "nan_to_num",
    "remainder",
]


@op(numbers=2)
def mod(x1, x2):
    """x₁ − x₂·⌊x₁/x₂⌋, the remainder, with the sign of x₂.  ∂/∂x₁ = 1, ∂/∂x₂ = −⌊x₁/x₂⌋.

    Example:
        >>> mod([5.0, -1.0], 3.0)
        array([2., 2.])
    """
    return x1 % x2, (lambda d_y: d_y, lambda d_y: -d_y * xp(x1, x2).floor(x1 / x2))


remainder = mod  # NumPy's own name of it: np.mod(x, y) on a recorded value arrives here


@op(numbers=2)
def floor_divide(x1, x2):
    """⌊x₁/x₂⌋, how often x₂ goes into x₁.  Derivative 0.

    Example:
        >>> floor_divide([5.0, -1.0], 3.0)
        array([ 1., -1.])
    """
    return x1 // x2, (lambda d_y: d_y * 0, lambda d_y: d_y * 0)


@op
def isinf(x):
    """Is it ∞ or −∞?  No derivative.

    Example:
        >>> isinf([1.0, math.inf, -math.inf, math.nan])
        array([False,  True,  True, False])
    """
    return xp(x).isinf(x), None


@op(numbers=2)
def logical_xor(x1, x2):
    """One holds and the other does not.  No derivative.

    Example:
        >>> logical_xor([True, True, False], [True, False, False])
        array([False,  True, False])
    """
    return xp(x1, x2).logical_xor(x1, x2), None


@op(numbers=0)
def nan_to_num(x, nan=0.0, posinf=None, neginf=None):
    """x with numbers for NaN, ∞ and −∞.  Derivative 1, and 0 where one was put in.

    Args:
        x: an array.
        nan: for NaN.
        posinf: for ∞; by default the largest number of the type.
        neginf: for −∞; by default the smallest.

    Example:
        >>> nan_to_num([1.0, math.nan, math.inf], posinf=9.0)
        array([1., 0., 9.])
    """
    x = as_number(x, "nan_to_num")
    x = x if hasattr(x, "dtype") else np.asarray(x)
    if not is_float(x):
        return x, (lambda d_y: d_y, None, None, None)
    m = xp(x)
    posinf = _largest(x) if posinf is None else posinf
    neginf = -_largest(x) if neginf is None else neginf
    y = m.where(m.isnan(x), nan, x)
    y = m.where(x == math.inf, posinf, y)
    y = m.where(x == -math.inf, neginf, y).astype(x.dtype)
    return y, (lambda d_y: m.where(m.isfinite(x), d_y, 0.0), None, None, None)


def _largest(x: Any) -> float:
    """The largest number of a float type, those of ml_dtypes included."""
    return float(np.nextafter(np.asarray(math.inf, x.dtype), np.asarray(0, x.dtype)))
