"""Shapes as users and files write them: the one place that checks the lengths of axes."""

from __future__ import annotations

import operator
from typing import Any

from .errors import ArgumentError

__all__ = ["check_shape"]

_LONGEST_AXIS = 1 << 31
_MOST_AXES = 32  # NumPy holds more, XLA and files do not


def check_shape(shape: Any, where: str) -> tuple[int | None, ...]:
    """The shape of one sample as a tuple: whole numbers, None for an axis of any length.

    Raises:
        ArgumentError: lengths that are no whole numbers from 0 to 2³¹ − 1, or too many axes.

    Example:
        >>> check_shape([28, 28], "Input")
        (28, 28)
        >>> check_shape(4, "Input")
        (4,)
    """
    given = shape
    if not isinstance(shape, (list, tuple)):
        shape = (shape,)
    if len(shape) <= _MOST_AXES:
        lengths = tuple(map(_length, shape))
        if all(n is None or 0 <= n < _LONGEST_AXIS for n in lengths):
            return lengths
    raise ArgumentError(
        "this is no shape of a sample",
        where=where,
        expected=f"at most {_MOST_AXES} whole numbers from 0 to 2**31 - 1, or None",
        received=str(given)[:100] if _printable(given) else type(given).__name__,
        fix="such as (784,) or (28, 28, 1), without the batch",
    )


def _length(n: Any) -> int | None:
    """A length as a plain number; −1 for what is none."""
    if n is None:
        return None
    try:
        return -1 if isinstance(n, bool) else operator.index(n)
    except TypeError:
        return -1


def _printable(shape: Any) -> bool:
    """Whether it can be shown: Python refuses to print numbers of more than 4,300 digits."""
    try:
        str(shape)
    except ValueError:
        return False
    return True
