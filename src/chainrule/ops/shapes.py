"""Operations that move numbers without changing them; each gradient moves them back."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import is_recorded, is_traced, numpy_dtype, xp
from ..errors import ArgumentError, ShapeError, choose
from ..labels import check_labels
from ..symbol import composite
from .base import as_number, broadcast_shape, check_axes, check_axis, op, whole

__all__ = [
    "broadcast_to",
    "concatenate",
    "expand_dims",
    "flip",
    "getitem",
    "identity",
    "moveaxis",
    "one_hot",
    "pad",
    "reshape",
    "scatter_add",
    "shape",
    "split",
    "squeeze",
    "stack",
    "swapaxes",
    "take",
    "tile",
    "transpose",
]


def shape(x: Any) -> tuple[int | None, ...]:
    """Length of each axis; of a symbol, None where it is not known yet.

    Example:
        >>> shape([[1, 2, 3], [4, 5, 6]])
        (2, 3)
    """
    return tuple(x.shape) if hasattr(x, "shape") else np.shape(x)


@op
def reshape(x, newshape):
    """x row by row in another shape; one length may be −1.  d_x is d_y in the shape of x.

    Example:
        >>> reshape([1.0, 2.0, 3.0, 4.0], (2, -1))
        array([[1., 2.],
               [3., 4.]])

    Raises:
        ShapeError: the numbers do not fill the shape.
    """
    old, shape = np.shape(x), _lengths(newshape, "reshape", negative=True)
    known = math.prod(n for n in shape if n >= 0)
    count = math.prod(old)
    free = shape.count(-1)
    if free > 1 or (count != known if not free else known == 0 or count % known):
        if not (free == 1 and count == known == 0):
            raise ShapeError(
                "the numbers do not fill the new shape",
                where="reshape",
                expected=f"a shape of {count} numbers",
                received=f"{old} to {shape}",
            )
        shape = tuple(0 if n == -1 else n for n in shape)
    return xp(x).reshape(x, shape), (lambda d_y: xp(d_y).reshape(d_y, old), None)


def _lengths(shape: Any, where: str, negative: bool = False) -> tuple[int, ...]:
    """A shape as a tuple of lengths; one number is a shape of one axis."""
    if not isinstance(shape, (tuple, list, np.ndarray)):
        shape = (shape,)
    shape = tuple(whole(n, where, "a length") for n in shape)
    if any(n < 0 and not (negative and n == -1) for n in shape):
        raise ShapeError("a length is negative", where=where, received=shape)
    return shape


@op
def transpose(x, axes=None):
    """Axes in another order; without `axes`, reversed.  d_x has them put back.

    Example:
        >>> transpose([[1, 2, 3], [4, 5, 6]])
        array([[1, 4],
               [2, 5],
               [3, 6]])
    """
    ndim, inverse = np.ndim(x), None
    if axes is not None:
        order = check_axes(tuple(axes), ndim, "transpose")
        if len(order) != ndim:
            raise ShapeError(
                "every axis must be named once",
                where="transpose",
                expected=f"an order of {ndim} axes",
                received=f"axes={tuple(axes)}",
            )
        axes, inverse = order, tuple(sorted(range(ndim), key=order.__getitem__))
    return xp(x).transpose(x, axes), (lambda d_y: xp(d_y).transpose(d_y, inverse), None)


@composite
def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged.  d_x has them exchanged back.

    Example:
        >>> swapaxes(np.ones((2, 3, 4)), 0, -1).shape
        (4, 3, 2)
    """
    ndim = np.ndim(x)
    a, b = check_axis(axis1, ndim, "swapaxes"), check_axis(axis2, ndim, "swapaxes")
    axes = list(range(ndim))
    axes[a], axes[b] = axes[b], axes[a]
    return transpose(x, tuple(axes))


@composite
def moveaxis(x: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Any:
    """Axes moved to other places, the others in their order.  d_x has them moved back.

    Example:
        >>> moveaxis(np.ones((2, 3, 4)), 0, -1).shape
        (3, 4, 2)
        >>> moveaxis(np.ones((2, 3, 4)), (0, 1), (-1, 0)).shape
        (3, 4, 2)

    Raises:
        ShapeError: an axis is not there, or there are not as many sources as destinations.
    """
    ndim = np.ndim(x)
    sources = check_axes(source, ndim, "moveaxis")
    places = check_axes(destination, ndim, "moveaxis")
    if len(sources) != len(places):
        raise ShapeError(
            "there must be one destination for each source",
            where="moveaxis",
            received=f"source={source}, destination={destination}",
        )
    axes = [i for i in range(ndim) if i not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        axes.insert(place, axis)
    return transpose(x, tuple(axes))


@composite
def expand_dims(x: Any, axis: int | Sequence[int]) -> Any:
    """New axes of length 1, counted in the result.  d_x is d_y without them.

    Example:
        >>> expand_dims([1.0, 2.0], axis=-1)
        array([[1.],
               [2.]])
        >>> expand_dims([1.0, 2.0], axis=(0, -1)).shape
        (1, 2, 1)
    """
    shape = list(np.shape(x))
    new = len(axis) if isinstance(axis, (tuple, list)) else 1
    for place in sorted(check_axes(axis, len(shape) + new, "expand_dims")):
        shape.insert(place, 1)
    return reshape(x, tuple(shape))


@composite
def squeeze(x: Any, axis: int | Sequence[int] | None = None) -> Any:
    """Axes of length 1 taken away: all, or those named.  d_x is d_y in the shape of x.

    Example:
        >>> squeeze([[1.0], [2.0]])
        array([1., 2.])

    Raises:
        ShapeError: a named axis has another length.
    """
    shape = np.shape(x)
    if axis is None:
        gone = tuple(i for i, n in enumerate(shape) if n == 1)
    else:
        gone = check_axes(axis, len(shape), "squeeze")
    if any(shape[i] != 1 for i in gone):
        raise ShapeError(
            "only an axis of length 1 can be squeezed away", where="squeeze", received=shape
        )
    return reshape(x, tuple(n for i, n in enumerate(shape) if i not in gone))


@op
def broadcast_to(x, shape):
    """Repeated along axes of length 1 to fill `shape`.  d_x is the sum over the copies.

    Example:
        >>> broadcast_to([1.0, 2.0], (2, 2))
        array([[1., 2.],
               [1., 2.]])
    """
    shape = _lengths(shape, "broadcast_to")
    broadcast_shape(np.shape(x), shape, "broadcast_to")
    return xp(x).broadcast_to(x, shape), (lambda d_y: d_y, None)


@op(numbers=1 << 30)
def _concatenate(*parts, axis):
    m = xp(*parts)
    ends = np.cumsum([np.shape(p)[axis] for p in parts]).tolist()

    def piece(k):
        start = ends[k - 1] if k else 0
        return lambda d_y: d_y[_along(axis, slice(start, ends[k]))]

    return m.concatenate(parts, axis=axis), tuple(piece(k) for k in range(len(parts)))


_concatenate.__name__ = "concatenate"


def _along(axis: int, index: Any) -> tuple:
    return (slice(None),) * axis + (index,)


@composite
def concatenate(xs: Sequence[Any], axis: int = 0) -> Any:
    """Arrays one after another along an axis.  Each gets its piece of d_y.

    Example:
        >>> concatenate([[1.0, 2.0], [3.0]])
        array([1., 2., 3.])

    Raises:
        ShapeError: lengths differ along another axis, or there is nothing to put together.
    """
    shapes = [np.shape(p) for p in xs]
    if not shapes:
        raise ShapeError("there is nothing to put together", where="concatenate")
    axis = check_axis(axis, len(shapes[0]), "concatenate")
    if len({(*s[:axis], *s[axis + 1 :], len(s)) for s in shapes}) > 1:
        raise ShapeError(
            "the shapes differ along another axis",
            where="concatenate",
            expected=f"shapes that are equal but for axis {axis}",
            received=" and ".join(str(s) for s in shapes),
        )
    return _concatenate(*xs, axis=axis)


@composite
def stack(x: Sequence[Any], axis: int = 0) -> Any:
    """Arrays of one shape, side by side along a new axis.  Each gets its slice of d_y.

    Example:
        >>> stack([[1, 2], [3, 4]], axis=1)
        array([[1, 3],
               [2, 4]])

    Raises:
        ShapeError: the shapes differ.
    """
    shapes = [np.shape(p) for p in x]
    if len(set(shapes)) != 1:
        raise ShapeError(
            "only arrays of one shape can be stacked",
            where="stack",
            received=" and ".join(str(s) for s in shapes) or "nothing",
        )
    axis = check_axis(axis, len(shapes[0]) + 1, "stack")
    return concatenate([expand_dims(p, axis) for p in x], axis=axis)


@composite
def split(x: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Any]:
    """Equal pieces, or pieces that end at the given indices (NumPy's `split`).  d_x joins theirs.

    Example:
        >>> split([1.0, 2.0, 3.0, 4.0], 2)
        [array([1., 2.]), array([3., 4.])]

    Raises:
        ShapeError: the axis does not divide into equal pieces.
    """
    axis = check_axis(axis, np.ndim(x), "split")
    n = np.shape(x)[axis]
    sections = indices_or_sections
    if not isinstance(sections, (tuple, list, np.ndarray)):
        sections = whole(sections, "split", "sections")
        if sections < 1 or n % sections:
            raise ShapeError(
                "the axis does not divide into equal pieces",
                where="split",
                expected=f"a length divisible by {sections}" if sections > 0 else "1 piece or more",
                received=n if sections > 0 else sections,
            )
        sections = [n // sections * k for k in range(1, sections)]
    edges = [0, *(whole(end, "split", "an index") for end in sections), n]
    if min(edges) == 0 and sorted(edges) == edges:  # each number in one piece
        return list(_split(x, edges, axis))
    return [getitem(x, _along(axis, slice(a, b))) for a, b in itertools.pairwise(edges)]


@op
def _split(x, edges, axis):
    pieces = [_along(axis, slice(a, b)) for a, b in itertools.pairwise(edges)]

    def back(*d_ys):  # one join, where the sum of what each piece gives would be as many additions
        return xp(*d_ys).concatenate(d_ys, axis=axis), None, None

    return tuple([x[piece] for piece in pieces]), back


@op
def getitem(x, index):
    """x[index], as in NumPy.  Numbers that were not taken get gradient 0, repeated ones the sum.

    Example:
        >>> getitem([1.0, 2.0, 3.0], slice(1, None))
        array([2., 3.])

    Raises:
        ShapeError: the index is outside the array, or has more axes.
    """
    parts = index if isinstance(index, tuple) else (index,)
    index = tuple(np.asarray(p) if isinstance(p, list) else p for p in parts)  # XLA wants arrays
    ndim, shape = np.ndim(x), np.shape(x)
    beyond = [k for k, p in enumerate(index) if isinstance(p, (int, np.integer))]
    simple = all(isinstance(p, (int, np.integer, slice)) for p in index)
    if simple and len(index) <= ndim:  # XLA would take the last one without a word
        for k in beyond:
            _inside(index[k], shape[k], "getitem", shape)

    def back(d_y):
        return _scatter(d_y, index, shape)

    try:
        return x[index], (back, None)
    except (IndexError, TypeError) as error:
        if isinstance(error, TypeError) and "index" not in str(error):
            raise
        raise ShapeError(
            "the index does not fit the array",
            where="getitem",
            received=f"index {index} of shape {shape}",
        ) from None


def _inside(indices: Any, n: int, where: str, shape: tuple[int, ...]) -> None:
    """Raise unless each index lies in −n ≤ index < n; inside a program nothing can be seen."""
    if is_traced(indices):
        return
    given = np.asarray(indices)
    outside = (given < -n) | (given >= n)
    if outside.any():
        raise ShapeError(
            "an index is outside the array",
            where=where,
            expected=f"{-n} to {n - 1}" if n else "no index: the axis is empty",
            received=f"{given[outside].reshape(-1)[0]} of shape {shape}",
        )


@op
def scatter_add(d, index, shape):
    """Zeros of `shape` with d added at `index`, the opposite of `getitem`.  d_d is d_y[index].

    Example:
        >>> scatter_add([1.0, 5.0], [2, 2], (3,))
        array([0., 0., 6.])
    """
    parts = index if isinstance(index, tuple) else (index,)
    index = tuple(np.asarray(p) if isinstance(p, list) else p for p in parts)
    return _scatter(d, index, shape), (lambda d_y: d_y[index], None, None)


def _scatter(d, index, shape):
    m = xp(d, *(index if isinstance(index, tuple) else (index,)))
    if is_recorded(m):  # differentiated again
        return m.scatter_add(d, index, shape)
    zeros = m.zeros(shape, d.dtype)
    if m is not np:
        return zeros.at[index].add(d)
    parts = index if isinstance(index, tuple) else (index,)
    if all(isinstance(p, (int, slice, type(None), type(Ellipsis))) for p in parts):
        zeros[index] = d  # nothing is taken twice
    else:
        np.add.at(zeros, index, d)
    return zeros


@composite
def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Any:
    """A border around x.  d_x is the inner part of d_y; constant_values get the sum of the border.

    Args:
        x: an array.
        pad_width: ((before, after), ...) for each axis; one pair or one number for all.
        mode: `"constant"`, or NumPy's `"edge"`, `"reflect"`, `"symmetric"`, `"wrap"`, whose borders
            repeat numbers of x, which get the gradients of all their copies.
        constant_values: what the border of mode `"constant"` is made of; 0 by default.

    Example:
        >>> pad([1.0, 2.0], ((1, 2),))
        array([0., 1., 2., 0., 0.])

    Raises:
        ShapeError: there is not one pair for each axis, or a width is negative.
    """
    widths = _pad_widths(pad_width, np.ndim(x))
    if mode == "constant":
        value = 0.0 if constant_values is None else as_number(constant_values, "pad")
        return _pad(x, widths, value)
    modes = ("constant", "edge", "reflect", "symmetric", "wrap")
    if mode not in modes:
        raise choose("mode", mode, modes, where="pad")
    if constant_values is not None:
        raise ArgumentError(f"constant_values have no place in mode {mode!r}", where="pad")
    for axis, width in enumerate(widths):
        if width != (0, 0):
            if not np.shape(x)[axis]:
                raise ShapeError("an empty axis has nothing to repeat", where="pad")
            x = take(x, np.pad(np.arange(np.shape(x)[axis]), width, mode=mode), axis=axis)
    return x


def _pad_widths(pad_width: Any, ndim: int) -> tuple[tuple[int, int], ...]:
    """(before, after) for each axis."""
    try:
        pairs = np.broadcast_to(np.asarray(pad_width), (ndim, 2))
    except ValueError:
        pairs = None
    if pairs is None or pairs.dtype.kind not in "iu" or (pairs < 0).any():
        raise ShapeError(
            "there must be one pair of widths for each axis",
            where="pad",
            expected=f"{ndim} pairs (before, after) of whole numbers from 0",
            received=pad_width,
        )
    return tuple((int(before), int(after)) for before, after in pairs)


@op
def _pad(x, widths, value):
    m = xp(x, value)
    inner = tuple(slice(a, a + n) for (a, _), n in zip(widths, np.shape(x), strict=True))
    y = m.pad(x, widths, constant_values=value)

    def d_value(d_y):
        return xp(d_y).sum(d_y) - xp(d_y).sum(d_y[inner])

    return y, (lambda d_y: d_y[inner], None, d_value)


_pad.__name__ = "pad"


@op
def take(x, indices, axis=None):
    """x[indices] along `axis`, without it of all numbers.  d_x adds up d_y at the indices.

    An embedding look-up is `take(table, indices, axis=0)`.

    Example:
        >>> take([[1, 2], [3, 4]], [1, 1, 0], axis=0)
        array([[3, 4],
               [3, 4],
               [1, 2]])

    Raises:
        ShapeError: an index is outside the axis. A compiled program cannot look at its indices; it
            gives NaN there.
        ArgumentError: an index is not a whole number.
    """
    if axis is None:
        size, lead = math.prod(np.shape(x)), 0
        flat = xp(x).reshape(x, (size,))
    else:
        lead, flat = check_axis(axis, np.ndim(x), "take"), x
        size = np.shape(x)[lead]
    if isinstance(indices, (list, tuple, int)):
        indices = np.asarray(indices, None if np.size(indices) else np.int64)
    if np.dtype(indices.dtype).kind not in "iu":
        raise ArgumentError(
            "an index must be a whole number", where="take", received=f"dtype {indices.dtype}"
        )
    _inside(indices, size, "take", np.shape(x))
    m = xp(x, indices)

    def back(d_y):
        d = _scatter(d_y, _along(lead, indices), np.shape(flat))
        return d if axis is not None else xp(d).reshape(d, np.shape(x))

    return m.take(flat, indices, axis=lead), (back, None, None)


@op
def tile(x, repeats):
    """The whole array repeated along each axis.  d_x is the sum over the copies.

    Example:
        >>> tile([1, 2], 2)
        array([1, 2, 1, 2])
    """
    reps = _lengths(repeats, "tile")
    ndim = max(np.ndim(x), len(reps))
    reps = (1,) * (ndim - len(reps)) + reps
    shape = (1,) * (ndim - np.ndim(x)) + np.shape(x)

    def back(d_y):
        blocks = tuple(n for pair in zip(reps, shape, strict=True) for n in pair)
        summed = xp(d_y).sum(xp(d_y).reshape(d_y, blocks), axis=tuple(range(0, 2 * ndim, 2)))
        return xp(summed).reshape(summed, np.shape(x))

    return xp(x).tile(x, reps), (back, None)


@op
def flip(x, axis=None):
    """Reversed along one axis, several, or all.  d_x is reversed back.

    Example:
        >>> flip([1, 2, 3])
        array([3, 2, 1])
    """
    axis = None if axis is None else check_axes(axis, np.ndim(x), "flip")
    return xp(x).flip(x, axis), (lambda d_y: xp(d_y).flip(d_y, axis), None)


@op(numbers=0)
def one_hot(x, num_classes, axis=-1, dtype=None):
    """Class numbers as rows with a single 1, in a new axis.  No derivative.

    Example:
        >>> one_hot([2, 0], 3)
        array([[0., 0., 1.],
               [1., 0., 0.]], dtype=float32)

    Raises:
        DataError: a label outside 0 ≤ label < num_classes, or not whole; Keras gives rows of zeros.
            A compiled program cannot look at its labels; it gives rows of NaN.
    """
    num_classes = whole(num_classes, "one_hot", "num_classes")
    x = check_labels(x, num_classes, "one_hot", "give a larger num_classes")
    m = xp(x)
    ndim = np.ndim(x)
    axis = check_axis(axis, ndim + 1, "one_hot")
    dtype = numpy_dtype(dtype or "float32")
    classes = m.arange(num_classes).reshape((num_classes,) + (1,) * (ndim - axis))
    x = x.reshape((*np.shape(x)[:axis], 1, *np.shape(x)[axis:]))
    rows = (x == classes).astype(dtype)
    if is_traced(x) and dtype.kind not in "biu":
        rows = m.where(x < 0, math.nan, rows).astype(dtype)
    return rows, None


@op(numbers=0)
def identity(n, dtype=None):
    """The identity matrix, n rows with a 1 on the diagonal.  No derivative.

    Example:
        >>> identity(2)
        array([[1., 0.],
               [0., 1.]], dtype=float32)
    """
    return np.eye(whole(n, "identity", "n"), dtype=numpy_dtype(dtype)), None
