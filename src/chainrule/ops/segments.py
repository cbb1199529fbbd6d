"""Numbers counted, grouped and looked up by value.

What depends on values for its shape (`unique`, `nonzero`) runs on NumPy, and is refused in a
compiled program, which must know every shape beforehand.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays import is_float, is_recorded, is_traced, xp
from ..errors import ArgumentError, ShapeError, choose
from ..operators import raw
from ..symbol import composite
from .base import check_axis, op, whole
from .elementwise import negative, where
from .reduce import any as _any
from .reduce import max as _max
from .shapes import _scatter, one_hot, scatter_add, take

__all__ = [
    "bincount",
    "digitize",
    "multi_hot",
    "nonzero",
    "searchsorted",
    "segment_max",
    "segment_min",
    "segment_sum",
    "unique",
]


def _known(x: Any, where: str, fix: str) -> Any:
    """The plain numbers of x, refused where a compiled program has none yet."""
    x = raw(x)
    if is_traced(x):
        raise ArgumentError(
            "the shape of the result depends on values, which a compiled program has not yet",
            where=where,
            fix=fix,
        )
    return np.asarray(x)


@composite
def nonzero(x: Any) -> tuple[np.ndarray, ...]:
    """Where x is not 0: one array of indices for each axis.  No derivative.

    Example:
        >>> nonzero([[1.0, 0.0], [0.0, 2.0]])
        (array([0, 1]), array([0, 1]))

    Raises:
        ArgumentError: in a compiled program, where the shape would have to be known beforehand.
    """
    return np.nonzero(_known(x, "nonzero", "where(x != 0, ..., 0.0) keeps the shape"))


@composite
def unique(
    x: Any,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
) -> Any:
    """Each value once, smallest first.  d_x: d_y goes to the first of equals.

    Args:
        x: an array.
        sorted: they are always sorted here.
        return_index: also where each stands first.
        return_inverse: also which of them each number of x is.
        return_counts: also how often each is there.
        axis: slices along it are compared; None compares all numbers.

    Example:
        >>> unique([3, 1, 3], return_counts=True)
        (array([1, 3]), array([1, 2]))

    Raises:
        ArgumentError: in a compiled program, where the shape would have to be known beforehand.
    """
    plain = _known(x, "unique", "call it before the program, on the data")
    _, first, inverse, counts = np.unique(
        plain, return_index=True, return_inverse=True, return_counts=True, axis=axis
    )
    x = np.asarray(x) if isinstance(x, (list, tuple)) else x
    found = [take(x, first, axis=axis)]
    found += [first] if return_index else []
    found += [inverse] if return_inverse else []
    found += [counts] if return_counts else []
    return tuple(found) if len(found) > 1 else found[0]


@composite
def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Any:
    """Where each value would be put into a sorted row of numbers.  No derivative.

    Args:
        sorted_sequence: smallest first.
        values: in any shape; the answer has it too.
        side: before equal numbers (`"left"`) or after them (`"right"`).

    Example:
        >>> searchsorted([1.0, 2.0, 3.0], [0.5, 2.0, 9.0])
        array([0, 1, 3], dtype=int32)

    Raises:
        ShapeError: the sequence has more axes than one.
    """
    if side not in ("left", "right"):
        raise choose("side", side, ("left", "right"), where="searchsorted")
    return _search(sorted_sequence, values, side)


@op(numbers=2)
def _search(row, values, side):
    if np.ndim(row) != 1:
        raise ShapeError(
            "what is searched must be a row of numbers",
            where="searchsorted",
            received=f"shape {np.shape(row)}",
        )
    return xp(row, values).searchsorted(row, values, side=side).astype(np.int32), None


@composite
def digitize(x: Any, bins: Any) -> Any:
    """The bin of each number: i where binsᵢ₋₁ ≤ x < binsᵢ.  No derivative.

    Example:
        >>> digitize([0.5, 1.0, 9.0], [1.0, 2.0])
        array([0, 1, 2], dtype=int32)

    Raises:
        ArgumentError: the edges do not rise. A compiled program cannot look at edges that it
            computes itself.
    """
    if not is_traced(raw(bins)) and (np.diff(np.asarray(raw(bins), np.float64)) < 0).any():
        raise ArgumentError("the edges must rise", where="digitize", fix="np.sort(bins)")
    return searchsorted(bins, x, side="right")


@composite
def bincount(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often each whole number from 0 occurs, or the sum of its weights.  d_weights is d_y at x.

    Args:
        x: a row of whole numbers, or a matrix, whose rows are counted each for itself.
        weights: in the shape of x.
        minlength: the least length of the result.

    Example:
        >>> bincount([1, 1, 3]), bincount([1, 1, 3], weights=[0.5, 0.5, 2.0], minlength=5)
        (array([0, 2, 0, 1]), array([0., 1., 0., 2., 0.]))

    Raises:
        ArgumentError: in a compiled program, where the largest number is not known; x holds no
            whole numbers from 0.
    """
    plain = _known(x, "bincount", "segment_sum(weights, x, num_segments), which knows the length")
    if plain.dtype.kind not in "biu" or (plain < 0).any() or plain.ndim not in (1, 2):
        raise ArgumentError(
            "only whole numbers from 0 can be counted",
            where="bincount",
            expected="a row, or a matrix, of integers",
            received=f"dtype {plain.dtype}, shape {plain.shape}",
        )
    plain = plain.astype(np.int64)
    length = max(int(plain.max(initial=-1)) + 1, whole(minlength, "bincount", "minlength"))
    weights = np.ones(plain.shape, np.int64) if weights is None else weights
    if np.shape(weights) != plain.shape:
        raise ShapeError(
            "there must be one weight for each number",
            where="bincount",
            expected=plain.shape,
            received=np.shape(weights),
        )
    weights = np.asarray(weights) if isinstance(weights, (list, tuple)) else weights
    if plain.ndim == 1:
        return scatter_add(weights, (plain,), (length,))
    rows = np.broadcast_to(np.arange(len(plain))[:, None], plain.shape)
    return scatter_add(weights, (rows, plain), (len(plain), length))


@composite
def multi_hot(inputs: Any, num_classes: int, axis: int = -1, dtype: Any = None) -> Any:
    """Class numbers of the last axis as one row with a 1 for each class there.  No derivative.

    Args:
        inputs: (..., n) whole numbers.
        num_classes: length of the rows.
        axis: where the classes stand in the result.
        dtype: float32 by default.

    Example:
        >>> multi_hot([[2, 0], [1, 1]], 3)
        array([[1., 0., 1.],
               [0., 1., 0.]], dtype=float32)

    Raises:
        DataError: a number outside 0 ≤ label < num_classes.
    """
    inputs = np.asarray(inputs) if isinstance(inputs, (list, tuple)) else inputs
    if np.ndim(inputs) == 0:
        return one_hot(inputs, num_classes, axis, dtype)
    axis = check_axis(axis, np.ndim(inputs), "multi_hot")
    last = np.ndim(inputs) - 1  # the axis of one_hot that is left where it is
    rows = one_hot(inputs, num_classes, axis if axis < last else -1, dtype)
    return _max(rows, axis=-1 if axis < last else -2)


# --- segments -----------------------------------------------------------------------------------


def _segments(data: Any, ids: Any, count: Any, where: str) -> tuple[Any, Any, int]:
    """Data as an array, the number of each row's segment, and how many segments there are."""
    data = np.asarray(data) if isinstance(data, (list, tuple)) else data
    ids = np.asarray(ids) if isinstance(ids, (list, tuple)) else raw(ids)
    if np.ndim(ids) != 1 or not np.ndim(data) or np.shape(data)[0] != np.shape(ids)[0]:
        raise ShapeError(
            "there must be the number of a segment for each row",
            where=where,
            expected=f"{np.shape(data)[:1]}",
            received=np.shape(ids),
        )
    if np.dtype(ids.dtype).kind not in "iu":
        raise ArgumentError("segments are numbered", where=where, received=f"dtype {ids.dtype}")
    if count is None:
        if is_traced(ids):
            raise ArgumentError(
                "the shape of the result depends on values, which a compiled program has not yet",
                where=where,
                fix="give num_segments",
            )
        count = int(ids.max(initial=-1)) + 1
    count = whole(count, where, "num_segments")
    if not is_traced(ids) and ids.size and not (ids.min() >= 0 and ids.max() < count):
        raise ShapeError(
            "a segment is outside",
            where=where,
            expected=f"0 to {count - 1}",
            received=f"{ids.min()} to {ids.max()}",
            fix="give a larger num_segments",
        )
    return data, ids, count


def _spoil(y: Any, ids: Any, count: int) -> Any:
    """NaN everywhere where a compiled program met a segment that is not there."""
    if not is_traced(ids) or not is_float(y):
        return y
    return where(_any((ids < 0) | (ids >= count)), math.nan, y)


@composite
def segment_sum(
    data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False
) -> Any:
    """yₛ = Σ of the rows with number s.  d_data has at each row d_y of its segment.

    Args:
        data: (n, ...).
        segment_ids: (n,) whole numbers from 0.
        num_segments: how many; by default the largest number and 1.
        sorted: a hint of Keras's, which changes nothing.

    Example:
        >>> segment_sum([1.0, 2.0, 10.0], [0, 0, 2], 3)
        array([ 3.,  0., 10.])

    Raises:
        ShapeError: a number outside. A compiled program cannot look at its numbers: there the
            result is NaN.
        ArgumentError: a compiled program is not told `num_segments`.
    """
    data, ids, count = _segments(data, segment_ids, num_segments, "segment_sum")
    y = scatter_add(data, (ids,), (count, *np.shape(data)[1:]))
    return _spoil(y, ids, count)


@composite
def segment_max(
    data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False
) -> Any:
    """yₛ = the largest of the rows with number s; −∞ of none.  The gradient goes to it, in equal
    parts where several are largest.

    The arguments are those of `segment_sum`. Of whole numbers, the smallest one of none.

    Example:
        >>> segment_max([1.0, 2.0, 10.0], [0, 0, 1])
        array([ 2., 10.])
    """
    data, ids, count = _segments(data, segment_ids, num_segments, "segment_max")
    return _spoil(_segment_max(data, ids, count), ids, count)


@op
def _segment_max(data, ids, count):
    m = xp(data, ids)
    shape = (count, *np.shape(data)[1:])
    if is_recorded(m):  # differentiated again
        y = _segment_max(data, ids, count)
    else:
        lowest = -math.inf if is_float(data) else np.iinfo(data.dtype).min
        y = m.full(shape, lowest, dtype=data.dtype)
        if m is np:
            np.maximum.at(y, ids, data)
        else:
            y = y.at[ids].max(data)

    def back(d_y):
        won = (data == take(y, ids, axis=0)) * 1.0
        share = won / take(_scatter(won, (ids,), shape), ids, axis=0)
        return take(d_y, ids, axis=0) * share

    return y, (back, None, None)


@composite
def segment_min(
    data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False
) -> Any:
    """yₛ = the smallest of the rows with number s; ∞ of none.  The gradient goes to it, in equal
    parts where several are smallest.

    The arguments are those of `segment_sum`; data are floats.

    Example:
        >>> segment_min([1.0, 2.0, 10.0], [0, 0, 1])
        array([ 1., 10.])
    """
    data, ids, count = _segments(data, segment_ids, num_segments, "segment_min")
    if not is_float(raw(data)):
        raise ArgumentError("the rows must be floats", where="segment_min", received=data.dtype)
    return negative(segment_max(negative(data), ids, count))
