"""What the functions of the errata return: pairs of (the deck's value, the right value)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..chain import vjp
from ..operators import raw

__all__ = ["Pairs", "plain", "slope"]

# a number, a tuple of numbers (nested for a matrix), a word; None where the deck gives no value
Value = float | int | str | tuple | None
Pairs = list[tuple[Value, Value]]


def plain(value: Any) -> Any:
    """An array or a number of ours as Python's numbers: a float, or nested tuples.

    Example:
        >>> plain(np.array([1.0, 2.0])), plain(np.float64(0.5))
        ((1.0, 2.0), 0.5)
    """
    return _tuples(np.asarray(raw(value)).tolist())


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def slope(function: Any, x: float) -> float:
    """The derivative of a function of one number at x, by the tape.

    Example:
        >>> slope(lambda x: x**2, 3.0)
        6.0
    """
    return float(vjp(function, np.array(float(x)))[1](1.0))
