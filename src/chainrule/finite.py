"""Finite numbers: the one place that looks for a NaN or an infinity, and says where it is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from .errors import ChainruleError, NonFiniteError

__all__ = ["first_not_finite", "need_finite", "place", "row_number", "rows_begin_at"]


def first_not_finite(array: np.ndarray) -> tuple[tuple[int, ...], np.ndarray] | None:
    """Place of the first NaN or infinity and a mask of all of them; None where there is none.

    Example:
        >>> first_not_finite(np.array([[1.0, np.nan]]))
        ((0, 1), array([[False,  True]]))
    """
    # a sum of squares is finite when everything in it is, unless it overflows: one fast pass
    if array.dtype.kind in "biu" or math.isfinite(np.vdot(array, array)):
        return None
    bad: Any = ~np.isfinite(array)
    if not bad.any():
        return None
    return tuple(map(int, np.unravel_index(int(bad.argmax()), array.shape))), bad


_first_row: ContextVar[int] = ContextVar("chainrule_first_row", default=0)


@contextmanager
def rows_begin_at(first: int) -> Iterator[None]:
    """Inside, rows are named by their number in the whole data, of which this part begins here."""
    token = _first_row.set(first)
    try:
        yield
    finally:
        _first_row.reset(token)


def row_number(row: int) -> int:
    """The number of a row in the whole data.

    Example:
        >>> with rows_begin_at(100):
        ...     row_number(7)
        107
    """
    return int(row) + _first_row.get()


def place(index: tuple[int, ...]) -> str:
    """`row 3, column 2` of an entry of an array, as errors say it.

    Example:
        >>> place((3, 2))
        'row 3, column 2'
    """
    if not index:
        return ""
    return f"row {row_number(index[0])}" + (
        f", column {', '.join(map(str, index[1:]))}" if index[1:] else ""
    )


def need_finite(
    named: Iterable[tuple[str, Any]],
    where: str,
    *,
    kind: type[ChainruleError] = NonFiniteError,
    fix: str | None = "go back to weights from before: load a file, or train again",
) -> None:
    """Raise unless every one of these weights is finite.

    Args:
        named: pairs of a name and an array.
        where: whose weights they are.
        kind: the class of the error.
        fix: what its reader can do.

    Raises:
        NonFiniteError: the first array with a NaN or an infinity, by name and place.

    Example:
        >>> need_finite([("kernel", np.ones(2))], "Dense 'out'")
    """
    for name, array in named:
        array = np.asarray(array)
        found = first_not_finite(array)
        if found is not None:
            index, bad = found
            at = f" at {', '.join(map(str, index))}" if index else ""
            raise kind(
                f"{name} holds a value that is not finite",
                where=where,
                expected="finite numbers",
                received=f"{array[index]}{at} ({int(bad.sum())} such values of {array.size})",
                fix=fix,
            )
