"""Embedding: rows of a table, looked up by number."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import is_recorded, is_traced, xp
from ..errors import DataError, ShapeError
from ..finite import place
from ..operators import raw
from .base import op
from .shapes import take

__all__ = ["embedding"]


@op(numbers=1, widen=False)
def embedding(table, ids):
    """table[ids], a row for each number.  d_table has at row v the sum of d_y where ids is v.

    Args:
        table: (vocabulary, size).
        ids: whole numbers from 0 to vocabulary − 1, in any shape.

    Returns:
        The rows, (..., size).

    Raises:
        DataError: a number outside the vocabulary, or not whole; names its place. A compiled
            program cannot look at its numbers: there such a row is NaN, so that no step is taken.

    Example:
        >>> embedding([[1.0, 2.0], [3.0, 4.0]], [1, 1, 0])
        array([[3., 4.],
               [3., 4.],
               [1., 2.]])
    """
    if np.ndim(table) != 2:
        raise ShapeError(
            "a table has rows and columns",
            where="embedding",
            expected="(vocabulary, size)",
            received=np.shape(table),
        )
    rows = np.shape(table)[0]
    ids = check_ids(ids, rows, "embedding")
    m = xp(table, ids)
    if m is np:
        y = table[ids]
    else:
        y = m.asarray(table).at[m.asarray(ids)].get(mode="fill", fill_value=np.nan)
    return y, (lambda d_y: _sum_by_number(d_y, ids, np.shape(table)), None)


@embedding.composed
def _(table, ids):
    return take(table, check_ids(ids, np.shape(table)[0], "embedding"), axis=0)


def check_ids(ids: Any, vocabulary: int, where: str) -> Any:
    """Numbers of rows, each from 0 to vocabulary − 1; whole floats are taken too.

    Inside a compiled program nothing can be raised: there a wrong number becomes `vocabulary`,
    which is outside every table.
    """
    ids = raw(np.asarray(ids) if isinstance(ids, (list, tuple, int)) else ids)
    m, whole = xp(ids), ids.dtype.kind in "iu"
    inside = (ids >= 0) & (ids < vocabulary)
    if not whole:
        inside = inside & (ids == m.floor(ids))
    if is_traced(ids):
        ids = m.where(inside, ids, vocabulary)
        return ids if whole else ids.astype("int32")
    if not inside.all():
        first = tuple(int(i) for i in np.argwhere(~np.asarray(inside))[0])
        raise DataError(
            "a token is outside the vocabulary",
            where=f"{where}, {place(first)}" if first else where,
            expected=f"whole numbers from 0 to {vocabulary - 1}, for a vocabulary of {vocabulary}",
            received=f"{ids[first].item()} ({int((~inside).sum())} such tokens)",
            fix="give the table more rows (input_dim), or map rare tokens to one number of theirs",
        )
    return ids if whole else ids.astype("int32")


def _sum_by_number(d_y: Any, ids: np.ndarray, shape: tuple) -> Any:
    """Zeros of `shape` with every row of d_y added where it came from."""
    m = xp(d_y)
    if is_recorded(m):  # differentiated again
        return m.scatter_add(d_y, ids, shape)
    m = xp(d_y, ids)
    if m is not np:  # serial, yet measured quicker on CPUs than a one-hot product or sorting
        return m.zeros(shape, d_y.dtype).at[ids].add(d_y)
    d_table = np.zeros(shape, d_y.dtype)
    flat = ids.reshape(-1)
    if flat.size:  # equal numbers side by side, then one sum for each run of them
        order = np.argsort(flat, kind="stable")
        numbers = flat[order]
        starts = np.flatnonzero(np.concatenate([[True], numbers[1:] != numbers[:-1]]))
        rows = d_y.reshape(flat.size, shape[1])[order]
        d_table[numbers[starts]] = np.add.reduceat(rows, starts, axis=0)
    return d_table
