"""Arrays put together, taken apart and written into; made of operations that have a rule."""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import is_recorded, is_traced, xp
from ..chain import stop_gradient
from ..errors import ArgumentError, ShapeError, choose
from ..operators import raw
from ..symbol import composite
from .base import broadcast_shape, check_axes, check_axis, op, whole
from .elementwise import power, where
from .reduce import sum as _sum
from .shapes import (
    _inside,
    _lengths,
    broadcast_to,
    concatenate,
    expand_dims,
    flip,
    getitem,
    moveaxis,
    reshape,
    scatter_add,
    split,
    swapaxes,
    take,
)

__all__ = [
    "append",
    "array_split",
    "diag",
    "diagflat",
    "diagonal",
    "diff",
    "dsplit",
    "dstack",
    "fliplr",
    "flipud",
    "get_item",
    "hsplit",
    "hstack",
    "meshgrid",
    "ravel",
    "rot90",
    "scatter",
    "scatter_update",
    "select",
    "slice",
    "slice_update",
    "stop_gradient",
    "trace",
    "unravel_index",
    "vander",
    "vsplit",
    "vstack",
]


# --- side by side -------------------------------------------------------------------------------


@composite
def append(x1: Any, x2: Any, axis: int | None = None) -> Any:
    """x₂ after x₁ along an axis; without one both are flattened.  Each gets its piece of d_y.

    Example:
        >>> append([1.0, 2.0], [[3.0]])
        array([1., 2., 3.])
    """
    if axis is None:
        return concatenate([ravel(x1), ravel(x2)])
    return concatenate([x1, x2], axis)


def _at_least(x: Any, ndim: int) -> Any:
    """Axes of length 1 added as NumPy's `atleast_2d` and `atleast_3d` do."""
    shape = np.shape(x)
    if len(shape) >= ndim:
        return x
    wanted = {1: (1,), 2: (1, *(shape or (1,)))}.get(ndim)
    if wanted is None:
        wanted = {0: (1, 1, 1), 1: (1, *shape, 1), 2: (*shape, 1)}[len(shape)]
    return reshape(x, wanted)


@composite
def hstack(xs: Sequence[Any]) -> Any:
    """Side by side: along axis 1, rows of numbers along axis 0.  Each gets its piece of d_y.

    Example:
        >>> hstack([[1.0, 2.0], [3.0]])
        array([1., 2., 3.])
    """
    parts = [_at_least(x, 1) for x in xs]
    return concatenate(parts, 0 if parts and np.ndim(parts[0]) == 1 else 1)


@composite
def vstack(xs: Sequence[Any]) -> Any:
    """One under the other, along axis 0; rows of numbers become rows.  Each gets its piece of d_y.

    Example:
        >>> vstack([[1.0, 2.0], [3.0, 4.0]])
        array([[1., 2.],
               [3., 4.]])
    """
    return concatenate([_at_least(x, 2) for x in xs], 0)


@composite
def dstack(xs: Sequence[Any]) -> Any:
    """One behind the other, along a third axis.  Each gets its piece of d_y.

    Example:
        >>> dstack([[1.0, 2.0], [3.0, 4.0]])
        array([[[1., 3.],
                [2., 4.]]])
    """
    return concatenate([_at_least(x, 3) for x in xs], 2)


@composite
def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Pieces as equal as can be, longer ones first; or cut at the indices.  d_x joins theirs.

    Example:
        >>> array_split([1.0, 2.0, 3.0], 2)
        [array([1., 2.]), array([3.])]

    Raises:
        ShapeError: fewer than 1 piece.
    """
    if isinstance(indices_or_sections, (tuple, list, np.ndarray)):
        return split(x, indices_or_sections, axis)
    count = whole(indices_or_sections, "array_split", "sections")
    if count < 1:
        raise ShapeError("there must be 1 piece or more", where="array_split", received=count)
    n = np.shape(x)[check_axis(axis, np.ndim(x), "array_split")]
    ends = np.cumsum([n // count + (k < n % count) for k in range(count)])
    return split(x, ends[:-1].tolist(), axis)


@composite
def hsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """`split` along axis 1, of a row of numbers along axis 0.  d_x joins theirs.

    Example:
        >>> hsplit([[1.0, 2.0]], 2)
        [array([[1.]]), array([[2.]])]
    """
    return split(x, indices_or_sections, 1 if np.ndim(x) > 1 else 0)


@composite
def vsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """`split` along axis 0.  d_x joins theirs.

    Example:
        >>> vsplit([[1.0], [2.0]], 2)
        [array([[1.]]), array([[2.]])]
    """
    return split(x, indices_or_sections, 0)


@composite
def dsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """`split` along axis 2.  d_x joins theirs.

    Example:
        >>> [part.shape for part in dsplit(np.ones((1, 2, 4)), 2)]
        [(1, 2, 2), (1, 2, 2)]
    """
    return split(x, indices_or_sections, 2)


# --- turned -------------------------------------------------------------------------------------


@composite
def ravel(x: Any) -> Any:
    """All numbers in one row.  d_x is d_y in the shape of x.

    Example:
        >>> ravel([[1, 2], [3, 4]])
        array([1, 2, 3, 4])
    """
    return reshape(x, (-1,))


@composite
def fliplr(x: Any) -> Any:
    """Reversed along axis 1.  d_x is reversed back.

    Example:
        >>> fliplr([[1, 2]])
        array([[2, 1]])
    """
    return flip(x, 1)


@composite
def flipud(x: Any) -> Any:
    """Reversed along axis 0.  d_x is reversed back.

    Example:
        >>> flipud([[1], [2]])
        array([[2],
               [1]])
    """
    return flip(x, 0)


@composite
def rot90(array: Any, k: int = 1, axes: Sequence[int] = (0, 1)) -> Any:
    """Turned by k quarters from the first of two axes towards the second.  d_x is turned back.

    Example:
        >>> rot90([[1, 2], [3, 4]])
        array([[2, 4],
               [1, 3]])

    Raises:
        ShapeError: not two different axes.
    """
    first, second, *more = check_axes(tuple(axes), np.ndim(array), "rot90") + (None,) * (
        2 - len(axes)
    )
    if more or first is None or second is None:
        raise ShapeError("a plane has two axes", where="rot90", received=f"axes={tuple(axes)}")
    quarters = whole(k, "rot90", "k") % 4
    if quarters == 2:
        return flip(array, (first, second))
    if quarters == 1:
        return swapaxes(flip(array, second), first, second)
    return flip(swapaxes(array, first, second), second) if quarters else array


@composite
def meshgrid(*x: Any, indexing: str = "xy") -> list[Any]:
    """Each row of numbers repeated over a grid of all.  d_x is the sum over the copies.

    Args:
        x: rows of numbers.
        indexing: `"xy"`, the second runs along axis 0 as in a picture; `"ij"`, the first.

    Example:
        >>> meshgrid([1, 2, 3], [10, 20])[1]
        array([[10, 10, 10],
               [20, 20, 20]])
    """
    if indexing not in ("xy", "ij"):
        raise choose("indexing", indexing, ("xy", "ij"), where="meshgrid")
    rows = [ravel(v) for v in x]
    places = list(range(len(rows)))
    if indexing == "xy" and len(rows) > 1:
        places[:2] = [1, 0]
    shape = [0] * len(rows)
    for row, place in zip(rows, places, strict=True):
        shape[place] = np.shape(row)[0]
    wide = [
        reshape(r, tuple(-1 if i == p else 1 for i in range(len(rows))))
        for r, p in zip(rows, places, strict=True)
    ]
    return [broadcast_to(v, tuple(shape)) for v in wide]


# --- diagonals ----------------------------------------------------------------------------------


@composite
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The numbers x[…, i, i + offset, …], in a new last axis.  d_x has d_y there, else 0.

    Example:
        >>> diagonal([[1.0, 2.0], [3.0, 4.0]])
        array([1., 4.])

    Raises:
        ShapeError: x has fewer than two axes.
    """
    first, second = check_axes((axis1, axis2), np.ndim(x), "diagonal")
    x = moveaxis(x, (first, second), (-2, -1))
    rows, columns = _diagonal(np.shape(x)[-2:], whole(offset, "diagonal", "offset"))
    return getitem(x, (Ellipsis, rows, columns))


def _diagonal(shape: Sequence[int], k: int) -> tuple[np.ndarray, np.ndarray]:
    rows = np.arange(max(0, -k), max(max(0, -k), min(shape[0], shape[1] - k)))
    return rows, rows + k


@composite
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Σᵢ x[…, i, i + offset, …].  d_x has d_y on the diagonal, else 0.

    Example:
        >>> float(trace([[1.0, 2.0], [3.0, 4.0]]))
        5.0
    """
    return _sum(diagonal(x, offset, axis1, axis2), axis=-1)


@composite
def diag(x: Any, k: int = 0) -> Any:
    """A matrix with x on diagonal k; of a matrix its diagonal k.  d_x is the diagonal of d_y.

    Example:
        >>> diag([1.0, 2.0])
        array([[1., 0.],
               [0., 2.]])

    Raises:
        ShapeError: x has neither one axis nor two.
    """
    if np.ndim(x) == 2:
        return diagonal(x, k)
    if np.ndim(x) != 1:
        raise ShapeError(
            "x must have one axis or two", where="diag", received=f"shape {np.shape(x)}"
        )
    k, n = whole(k, "diag", "k"), np.shape(x)[0]
    size = n + builtins.abs(k)
    return scatter_add(x, _diagonal((size, size), k), (size, size))


@composite
def diagflat(x: Any, k: int = 0) -> Any:
    """A matrix with all numbers of x on diagonal k.  d_x is the diagonal of d_y.

    Example:
        >>> diagflat([[1.0], [2.0]])
        array([[1., 0.],
               [0., 2.]])
    """
    return diag(ravel(x), k)


@composite
def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """aᵢ₊₁ − aᵢ along an axis, n times over.  d_aᵢ = d_yᵢ₋₁ − d_yᵢ.

    Example:
        >>> diff([1.0, 4.0, 9.0])
        array([3., 5.])

    Raises:
        ArgumentError: n is negative.
    """
    axis, n = check_axis(axis, np.ndim(a), "diff"), whole(n, "diff", "n")
    if n < 0:
        raise ArgumentError("n is negative", where="diff", received=n)
    before = (builtins.slice(None),) * axis
    for _ in range(n):
        a = getitem(a, (*before, builtins.slice(1, None))) - getitem(
            a, (*before, builtins.slice(None, -1))
        )
    return a


@composite
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """yᵢⱼ = xᵢ to the power N − 1 − j, or j where `increasing`.  d_x = Σⱼ p·xᵖ⁻¹·d_y.

    Example:
        >>> vander([1.0, 2.0], 3)
        array([[1., 1., 1.],
               [4., 2., 1.]])

    Raises:
        ShapeError: x is no row of numbers.
    """
    if np.ndim(x) != 1:
        raise ShapeError(
            "x must be a row of numbers", where="vander", received=f"shape {np.shape(x)}"
        )
    powers = np.arange(np.shape(x)[0] if N is None else whole(N, "vander", "N"))
    return power(expand_dims(x, -1), powers if increasing else powers[::-1])


# --- parts read and written ---------------------------------------------------------------------


@composite
def get_item(x: Any, key: Any) -> Any:
    """x[key], as in NumPy.  Numbers that were not taken get gradient 0, repeated ones the sum.

    Example:
        >>> get_item([1.0, 2.0, 3.0], 1)
        np.float64(2.0)
    """
    return getitem(x, key)


def _corner(start_indices: Any, shape: Any, whole_shape: tuple, where: str) -> tuple[Any, tuple]:
    """Where a block begins and its lengths; a place that is known must leave it inside."""
    shape = _lengths(shape, where)
    several = isinstance(start_indices, (tuple, list)) or np.ndim(start_indices)
    starts = start_indices if several else [start_indices]
    if len(starts) != len(whole_shape) or len(shape) != len(whole_shape):
        raise ShapeError(
            "there must be one start and one length for each axis",
            where=where,
            expected=f"{len(whole_shape)} of each",
            received=f"{len(starts)} starts, {len(shape)} lengths",
        )
    starts = [raw(starts[i]) for i in range(len(shape))]
    for start, n, full in zip(starts, shape, whole_shape, strict=True):
        known = not is_traced(start)
        if n > full or (known and not 0 <= whole(start, where, "a start") <= full - n):
            raise ShapeError(
                "the block reaches beyond the array",
                where=where,
                expected=f"a block inside {whole_shape}",
                received=f"start {start}, length {n}" if known else f"length {n}",
            )
    return starts, shape


def _block(starts: Any, shape: tuple) -> tuple:
    """The index of a block; slices where every start is known."""
    if not any(is_traced(s) for s in starts):
        return tuple(builtins.slice(int(s), int(s) + n) for s, n in zip(starts, shape, strict=True))
    return tuple(
        (s + np.arange(n)).reshape((n,) + (1,) * (len(shape) - 1 - i))
        for i, (s, n) in enumerate(zip(starts, shape, strict=True))
    )


@composite
def slice(inputs: Any, start_indices: Any, shape: Sequence[int]) -> Any:
    """The block of lengths `shape` that begins at `start_indices`.  d_x has d_y there, else 0.

    Example:
        >>> slice([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], (0, 1), (2, 2))
        array([[2., 3.],
               [5., 6.]])

    Raises:
        ShapeError: the block reaches beyond the array. A compiled program cannot look at starts
            that it computes itself; it gives NaN there.
    """
    starts, shape = _corner(start_indices, shape, np.shape(inputs), "slice")
    if not any(is_traced(s) for s in starts):
        return getitem(inputs, _block(starts, shape))
    for axis, (start, n) in enumerate(zip(starts, shape, strict=True)):
        inputs = take(inputs, start + np.arange(n), axis=axis)
    return inputs


@composite
def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Any:
    """A copy with `updates` written over the block that begins at `start_indices`.  d_inputs is d_y
    with 0 there, d_updates what stands there.

    Example:
        >>> slice_update([1.0, 2.0, 3.0], (1,), [20.0, 30.0])
        array([ 1., 20., 30.])

    Raises:
        ShapeError: the block reaches beyond the array.
    """
    starts, shape = _corner(start_indices, np.shape(updates), np.shape(inputs), "slice_update")
    return _written(inputs, updates, _block(starts, shape))


@op(numbers=2)
def _written(x, updates, index):
    m = xp(x, updates, *index)
    if is_recorded(m):  # differentiated again
        y = _written(x, updates, index)
    elif m is np:
        y = np.array(x)
        y[index] = updates
    else:
        y = m.asarray(x).at[index].set(updates)

    def d_x(d_y):
        return _written(d_y, 0.0, index)

    return y, (d_x, lambda d_y: d_y[index], None)


def _places(indices: Any, shape: tuple, where: str) -> tuple:
    """Indices (n, axes) as one array for each axis, checked where they are known."""
    indices = np.asarray(indices) if isinstance(indices, (list, tuple)) else raw(indices)
    if np.ndim(indices) < 1 or not 0 < np.shape(indices)[-1] <= len(shape):
        raise ShapeError(
            "the last axis of the indices says where on each axis",
            where=where,
            expected=f"indices of shape (..., 1 to {len(shape)})",
            received=np.shape(indices),
        )
    if np.dtype(indices.dtype).kind not in "iu":
        raise ArgumentError("an index must be a whole number", where=where, received=indices.dtype)
    found = tuple(indices[..., k] for k in range(np.shape(indices)[-1]))
    for part, n in zip(found, shape, strict=False):
        _inside(part, n, where, shape)
    return found


@composite
def scatter(indices: Any, values: Any, shape: Sequence[int]) -> Any:
    """Zeros of `shape` with each value added at its index.  d_values is d_y at the indices.

    indices (n, axes), values (n, ...) for the axes that the indices leave.

    Example:
        >>> scatter([[0], [2], [2]], [1.0, 5.0, 1.0], (4,))
        array([1., 0., 6., 0.])

    Raises:
        ShapeError: an index is outside.
    """
    shape = _lengths(shape, "scatter")
    values = np.asarray(values) if isinstance(values, (list, tuple)) else values
    index = _places(indices, shape, "scatter")
    broadcast_shape(np.shape(values), np.shape(index[0]) + shape[len(index) :], "scatter")
    return scatter_add(values, index, shape)


@composite
def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None = None) -> Any:
    """A copy of `inputs` with `updates` written at the indices, or added.  d_inputs is d_y, with 0
    where it was written over; d_updates is d_y at the indices.

    indices (n, axes), updates (n, ...) for the axes that the indices leave.

    Args:
        inputs: an array.
        indices: whole numbers, a row for each update.
        updates: what is written.
        reduction: None writes over; `"add"` adds to what stands there.

    Example:
        >>> scatter_update([1.0, 2.0, 3.0], [[2], [0]], [30.0, 10.0])
        array([10.,  2., 30.])

    Raises:
        ShapeError: an index is outside.
        ArgumentError: one place is to be written over twice; another reduction.
    """
    if reduction not in (None, "add"):
        raise ArgumentError(
            "the reduction has an unknown value",
            where="scatter_update",
            expected='None or "add"',
            received=repr(reduction),
        )
    shape = np.shape(inputs)
    index = _places(indices, shape, "scatter_update")
    updates = np.asarray(updates) if isinstance(updates, (list, tuple)) else updates
    broadcast_shape(np.shape(updates), np.shape(index[0]) + shape[len(index) :], "scatter_update")
    if reduction == "add":
        inputs = np.asarray(inputs) if isinstance(inputs, (list, tuple)) else inputs
        return inputs + scatter_add(updates, index, shape)
    if not any(is_traced(part) for part in index):
        flat = np.ravel_multi_index(
            [np.asarray(p) % n for p, n in zip(index, shape, strict=False)], shape[: len(index)]
        )
        if np.unique(flat).size < flat.size:
            raise ArgumentError(
                "one place is to be written over twice",
                where="scatter_update",
                fix='reduction="add" adds them up',
            )
    return _written(inputs, updates, index)


@composite
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """Of each place the first choice whose condition holds, else `default`.  The gradient goes
    where the value came from.

    Example:
        >>> select([[True, False], [True, True]], [[1.0, 2.0], [3.0, 4.0]])
        array([1., 4.])

    Raises:
        ArgumentError: there are not as many choices as conditions.
    """
    if len(condlist) != len(choicelist) or not condlist:
        raise ArgumentError(
            "there must be one choice for each condition",
            where="select",
            received=f"{len(condlist)} conditions, {len(choicelist)} choices",
        )
    y = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        y = where(condition, choice, y)
    return y


@composite
def unravel_index(indices: Any, shape: Sequence[int]) -> tuple[Any, ...]:
    """Places in the flattened array as one index for each axis.  No derivative.

    Example:
        >>> unravel_index([5, 2], (2, 3))
        (array([1, 0]), array([2, 2]))

    Raises:
        ShapeError: a place is outside.
    """
    shape = _lengths(shape, "unravel_index")
    indices = np.asarray(indices) if isinstance(indices, (list, tuple, int)) else raw(indices)
    _inside(indices, math.prod(shape), "unravel_index", shape)
    found, rest = [], indices  # of a negative one remainders count from the end
    for n in reversed(shape):
        found.append(rest % n)
        rest = rest // n
    return tuple(reversed(found))
