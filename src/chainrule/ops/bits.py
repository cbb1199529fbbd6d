"""Whole numbers bit by bit, and what they share; none of it but `ldexp` has a derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import is_float, numpy_dtype, xp
from ..errors import ArgumentError
from ..symbol import composite
from .base import op
from .order import argsort

__all__ = [
    "argpartition",
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "gcd",
    "lcm",
    "ldexp",
    "left_shift",
    "right_shift",
]


def _whole(where: str, *xs: Any) -> None:
    """Refuse floats, which have no bits to be looked at.

    Raises:
        ArgumentError: a float.
    """
    for x in xs:
        if is_float(x if hasattr(x, "dtype") else np.asarray(x)):
            raise ArgumentError(
                "only whole numbers and truth values have bits",
                where=where,
                received=f"dtype {getattr(x, 'dtype', 'float')}",
                fix='ops.cast(x, "int32")',
            )


@op(numbers=2)
def bitwise_and(x, y):
    """1 in each bit that both have.  No derivative.

    Example:
        >>> bitwise_and([6, 5], 3)
        array([2, 1])

    Raises:
        ArgumentError: x or y is a float.
    """
    _whole("bitwise_and", x, y)
    return xp(x, y).bitwise_and(x, y), None


@op(numbers=2)
def bitwise_or(x, y):
    """1 in each bit that one of them has.  No derivative.

    Example:
        >>> bitwise_or([6, 5], 3)
        array([7, 7])

    Raises:
        ArgumentError: x or y is a float.
    """
    _whole("bitwise_or", x, y)
    return xp(x, y).bitwise_or(x, y), None


@op(numbers=2)
def bitwise_xor(x, y):
    """1 in each bit that one of them has and the other has not.  No derivative.

    Example:
        >>> bitwise_xor([6, 5], 3)
        array([5, 6])

    Raises:
        ArgumentError: x or y is a float.
    """
    _whole("bitwise_xor", x, y)
    return xp(x, y).bitwise_xor(x, y), None


@op(numbers=2)
def bitwise_left_shift(x, y):
    """x·2ʸ: every bit y places up.  No derivative.

    Example:
        >>> bitwise_left_shift([1, 3], 2)
        array([ 4, 12])

    Raises:
        ArgumentError: x or y is a float.
    """
    _whole("bitwise_left_shift", x, y)
    return xp(x, y).left_shift(x, y), None


@op(numbers=2)
def bitwise_right_shift(x, y):
    """⌊x/2ʸ⌋: every bit y places down.  No derivative.

    Example:
        >>> bitwise_right_shift([4, 13], 2)
        array([1, 3])

    Raises:
        ArgumentError: x or y is a float.
    """
    _whole("bitwise_right_shift", x, y)
    return xp(x, y).right_shift(x, y), None


left_shift = bitwise_left_shift
right_shift = bitwise_right_shift


@op
def bitwise_not(x):
    """Every bit turned round, −x − 1; of truth values the opposite.  No derivative.

    Example:
        >>> bitwise_not([0, 5])
        array([-1, -6])

    Raises:
        ArgumentError: x is a float.
    """
    _whole("bitwise_not", x)
    return xp(x).bitwise_not(x), None


bitwise_invert = bitwise_not


@op(numbers=2)
def gcd(x1, x2):
    """The greatest whole number that divides both.  No derivative.

    Example:
        >>> gcd([12, 7], 18)
        array([6, 1])

    Raises:
        ArgumentError: x₁ or x₂ is a float.
    """
    _whole("gcd", x1, x2)
    return xp(x1, x2).gcd(x1, x2), None


@op(numbers=2)
def lcm(x1, x2):
    """The least whole number that both divide.  No derivative.

    Example:
        >>> lcm([4, 7], 6)
        array([12, 42])

    Raises:
        ArgumentError: x₁ or x₂ is a float.
    """
    _whole("lcm", x1, x2)
    return xp(x1, x2).lcm(x1, x2), None


@op
def ldexp(x1, x2):
    """x₁ times 2 to the power x₂.  ∂/∂x₁ = 2 to the power x₂; x₂ is whole.

    Example:
        >>> ldexp([0.75, 1.5], [2, -1])
        array([3.  , 0.75])

    Raises:
        ArgumentError: x₂ is a float.
    """
    x2 = np.asarray(x2) if isinstance(x2, (list, tuple)) else x2
    _whole("ldexp", x2)
    x1 = x1 if is_float(x1) else np.asarray(x1).astype(numpy_dtype()) if xp(x1) is np else x1
    m = xp(x1, x2)
    return m.ldexp(x1, x2).astype(x1.dtype), (lambda d_y: xp(d_y).ldexp(d_y, x2), None)


@composite
def argpartition(x: Any, kth: int, axis: int | None = -1) -> Any:
    """Places of the numbers with the k-th smallest at k, smaller before it, larger behind.  No
    derivative.

    The order is that of `argsort`: of equal numbers the first in x comes first.

    Example:
        >>> argpartition([3.0, 1.0, 2.0], 1)
        array([1, 2, 0])

    Raises:
        ArgumentError: there is no k-th number.
    """
    n = np.size(x) if axis is None else np.shape(x)[axis]
    if not -n <= kth < n:
        raise ArgumentError(
            "there is no such number",
            where="argpartition",
            expected=f"kth from {-n} to {n - 1}",
            received=kth,
        )
    return argsort(x, axis)
