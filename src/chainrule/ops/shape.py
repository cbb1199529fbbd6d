"""Operations that move numbers without changing them; each gradient moves them back."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import is_traced, xp
from ..chain import op
from ..errors import DataError, ShapeError
from ..symbol import composite

__all__ = [
    "broadcast_to",
    "concatenate",
    "expand_dims",
    "flip",
    "getitem",
    "moveaxis",
    "one_hot",
    "pad",
    "reshape",
    "scatter_add",
    "split",
    "squeeze",
    "stack",
    "swapaxes",
    "take",
    "tile",
    "transpose",
]


@op
def reshape(x, shape):
    """The same numbers, row by row, in another shape; one length may be −1."""
    return xp(x).reshape(x, shape), (lambda d_y: xp(d_y).reshape(d_y, np.shape(x)), None)


@op
def transpose(x, axes=None):
    """Axes in another order; without `axes`, reversed."""
    inverse = None
    if axes is not None:
        order = [a % len(axes) for a in axes]
        inverse = tuple(sorted(range(len(order)), key=order.__getitem__))
    return xp(x).transpose(x, axes), (lambda d_y: xp(d_y).transpose(d_y, inverse), None)


@composite
def swapaxes(x: Any, a: int, b: int) -> Any:
    """Two axes exchanged."""
    axes = list(range(np.ndim(x)))
    axes[a], axes[b] = axes[b], axes[a]
    return transpose(x, tuple(axes))


@composite
def moveaxis(x: Any, source: int, destination: int) -> Any:
    """One axis moved to another place, the others in their order."""
    axes = [i for i in range(np.ndim(x)) if i != source % np.ndim(x)]
    axes.insert(destination % np.ndim(x), source % np.ndim(x))
    return transpose(x, tuple(axes))


@composite
def expand_dims(x: Any, axis: int) -> Any:
    """A new axis of length 1."""
    shape = list(np.shape(x))
    shape.insert(axis % (len(shape) + 1), 1)
    return reshape(x, tuple(shape))


@composite
def squeeze(x: Any, axis: int | Sequence[int] | None = None) -> Any:
    """Axes of length 1 taken away: all, or those named."""
    shape = np.shape(x)
    if axis is None:
        gone = {i for i, n in enumerate(shape) if n == 1}
    else:
        gone = {a % len(shape) for a in ((axis,) if isinstance(axis, int) else axis)}
    if any(shape[i] != 1 for i in gone):
        raise ShapeError(
            "only an axis of length 1 can be squeezed away", where="squeeze", received=shape
        )
    return reshape(x, tuple(n for i, n in enumerate(shape) if i not in gone))


@op
def broadcast_to(x, shape):
    """Repeated along axes of length 1 to fill `shape`; the gradient is summed back."""
    return xp(x).broadcast_to(x, shape), (lambda d_y: d_y, None)


@op
def _concatenate(*parts, axis):
    m = xp(*parts)
    ends = np.cumsum([np.shape(p)[axis] for p in parts]).tolist()

    def piece(k):
        start = ends[k - 1] if k else 0
        return lambda d_y: d_y[_along(axis, slice(start, ends[k]), np.ndim(d_y))]

    return m.concatenate(parts, axis=axis), tuple(piece(k) for k in range(len(parts)))


def _along(axis: int, index: Any, ndim: int) -> tuple:
    return (slice(None),) * (axis % ndim) + (index,)


@composite
def concatenate(parts: Sequence[Any], axis: int = 0) -> Any:
    """Arrays one after another along an axis; each gets its piece of the gradient."""
    return _concatenate(*parts, axis=axis)


@composite
def stack(parts: Sequence[Any], axis: int = 0) -> Any:
    """Arrays of one shape, side by side along a new axis."""
    at = axis % (np.ndim(parts[0]) + 1)
    return concatenate([expand_dims(p, at) for p in parts], axis=at)


@composite
def split(x: Any, sections: int | Sequence[int], axis: int = 0) -> list[Any]:
    """Equal pieces, or pieces that end at the given indices (NumPy's `split`)."""
    n = np.shape(x)[axis]
    if isinstance(sections, int):
        if n % sections:
            raise ShapeError(
                "the axis does not divide into equal pieces",
                where="split",
                expected=f"a length divisible by {sections}",
                received=n,
            )
        sections = list(range(n // sections, n, n // sections))
    edges = [0, *sections, n]
    pieces = [slice(a, b) for a, b in itertools.pairwise(edges)]
    return [getitem(x, _along(axis, piece, np.ndim(x))) for piece in pieces]


@op
def getitem(x, index):
    """x[index], as in NumPy; numbers that were not taken get gradient 0, repeated ones the sum."""
    parts = index if isinstance(index, tuple) else (index,)
    index = tuple(np.asarray(p) if isinstance(p, list) else p for p in parts)  # XLA wants arrays

    def back(d_y):
        return _scatter(d_y, index, np.shape(x))

    return x[index], (back, None)


@op
def scatter_add(d, index, shape):
    """Zeros of `shape` with `d` added at `index`: the opposite of `getitem`."""
    return _scatter(d, index, shape), (lambda d_y: d_y[index], None, None)


def _scatter(d, index, shape):
    m = xp(d)
    if hasattr(m, "scatter_add"):  # differentiated again
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


@op
def pad(x, widths, value=0.0):
    """A border of `value`: `widths` is ((before, after), ...) for each axis."""
    m = xp(x)
    inner = tuple(slice(a, a + n) for (a, _), n in zip(widths, np.shape(x), strict=True))
    return m.pad(x, widths, constant_values=value), (lambda d_y: d_y[inner], None, None)


@op
def take(x, indices, axis=0):
    """Rows (or slices along `axis`) by number: an embedding look-up; repeated rows add up."""
    m = xp(x, indices)

    def back(d_y):
        return _scatter(d_y, _along(axis, indices, np.ndim(x)), np.shape(x))

    return m.take(x, indices, axis=axis), (back, None, None)


@op
def tile(x, repeats):
    """The whole array repeated along each axis; the copies' gradients are summed."""
    reps = (repeats,) if isinstance(repeats, int) else tuple(repeats)
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
    """Reversed along one axis, several, or all."""
    return xp(x).flip(x, axis), (lambda d_y: xp(d_y).flip(d_y, axis), None)


@op
def one_hot(labels, num_classes, dtype=None):
    """Class numbers as rows with a single 1.  No derivative.

    Example:
        >>> one_hot(np.array([2, 0]), 3)
        array([[0., 0., 1.],
               [1., 0., 0.]], dtype=float32)
    """
    m = xp(labels)
    if m is np and not is_traced(labels):
        labels = np.asarray(labels)
        outside = (labels < 0) | (labels >= num_classes)
        if outside.any():
            raise DataError(
                "a label is outside the classes",
                where="one_hot",
                expected=f"0 to {num_classes - 1}",
                received=labels[outside].reshape(-1)[0],
                fix="number the classes from 0, or give a larger num_classes",
            )
    return (labels[..., None] == m.arange(num_classes)).astype(dtype or "float32"), None
