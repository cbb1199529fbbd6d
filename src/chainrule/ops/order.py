"""Operations that put numbers in order, and those that pick numbers by their place along an axis.

A sorted array holds the same numbers elsewhere: the gradient goes back to where each came from.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import is_recorded, lax, xp
from ..errors import ArgumentError, ShapeError
from ..symbol import composite
from .base import check_axis, op, whole
from .shapes import _inside, _scatter, broadcast_to, reshape

__all__ = [
    "argsort",
    "sort",
    "take_along_axis",
    "top_k",
]


def _order(x: Any, axis: int) -> Any:
    """Where each number of the sorted axis stands; equal ones in the order they stand in."""
    m = xp(x)
    # NumPy's own default is not stable; JAX's is
    return m.argsort(x, axis=axis, kind="stable") if m is np else m.argsort(x, axis=axis)


@composite
def sort(x: Any, axis: int | None = -1) -> Any:
    """Smallest first along one axis, of all numbers without one.  d_x is d_y, each put back.

    NaN stands last. Of equal numbers the first in x is the first in y, and gets its gradient.

    Example:
        >>> sort([[3.0, 1.0, 2.0]])
        array([[1., 2., 3.]])
    """
    return _sort(reshape(x, (-1,)), 0) if axis is None else _sort(x, axis)


@op
def _sort(x, axis):
    axis = check_axis(axis, np.ndim(x), "sort")

    def back(d_y):
        home = _order(_order(x, axis), axis)  # the place in y of each number of x
        return xp(d_y, home).take_along_axis(d_y, home, axis=axis)

    return xp(x).sort(x, axis=axis), (back, None)


@composite
def argsort(x: Any, axis: int | None = -1) -> Any:
    """The places in x of its numbers, smallest first: take_along_axis(x, y) is sort(x).  No
    derivative.

    Equal numbers keep their order (NumPy's `kind="stable"`), NaN stands last. Without an axis,
    places in the flattened array.

    Example:
        >>> argsort([3.0, 1.0, 2.0, 1.0])
        array([1, 3, 2, 0])
    """
    return _argsort(reshape(x, (-1,)), 0) if axis is None else _argsort(x, axis)


@op
def _argsort(x, axis):
    return _order(x, check_axis(axis, np.ndim(x), "argsort")), None


@op
def top_k(x, k, sorted=True):
    """(values, indices) of the k largest along the last axis.  d_x is d_values at the indices.

    Largest first, of equal numbers the first; NaN counts as the largest of all, as it does for
    `sort`. `sorted=False` allows any order, which is not used here.

    Example:
        >>> top_k([[3.0, 1.0, 2.0, 3.0]], 2)
        (array([[3., 3.]]), array([[0, 3]]))

    Raises:
        ShapeError: there are fewer than k numbers along the last axis.
    """
    k, shape, m = whole(k, "top_k", "k"), np.shape(x), xp(x)
    if not shape or not 0 <= k <= shape[-1]:
        raise ShapeError(
            "there are not so many numbers along the last axis",
            where="top_k",
            expected=f"k from 0 to {shape[-1]}" if shape else "an array with an axis",
            received=f"k={k} of shape {shape}",
        )
    if is_recorded(m):  # differentiated again
        y, indices = m.top_k(x, k)
    elif m is np:
        # sorted backwards twice: a stable order from the largest down
        indices = shape[-1] - 1 - _order(x[..., ::-1], -1)[..., ::-1][..., :k]
        y = np.take_along_axis(x, indices, -1)
    else:  # to the compiler −0 is less than 0
        indices = lax().top_k(m.where(x == 0, m.zeros_like(x), x), k)[1]
        indices = indices.astype(m.arange(0).dtype)  # the type that its other indices have
        y = m.take_along_axis(x, indices, -1)

    def d_x(d_values, d_indices):
        return _scatter(d_values, _places(indices, len(shape) - 1), shape)

    return (y, indices), (d_x, None, None)


def _places(indices: Any, axis: int) -> tuple:
    """An index of every axis for `x[...]`: along `axis` the given, along the others their own."""
    m, shape = xp(indices), np.shape(indices)
    own = [m.arange(n).reshape((n,) + (1,) * (len(shape) - 1 - i)) for i, n in enumerate(shape)]
    return (*own[:axis], indices, *own[axis + 1 :])


@composite
def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Any:
    """yᵢⱼ = x at row i, place indicesᵢⱼ (and alike for more axes).  d_x adds up d_y at the indices.

    x and indices have as many axes as each other and broadcast along all but `axis`. Without an
    axis both are rows of numbers, x flattened to one (Keras's default; NumPy's is −1).

    Example:
        >>> take_along_axis([[1.0, 2.0], [3.0, 4.0]], [[1], [0]], axis=1)
        array([[2.],
               [3.]])

    Raises:
        ShapeError: an index is outside the axis, or the shapes do not fit. A compiled program
            cannot look at its indices; it gives NaN there.
        ArgumentError: an index is not a whole number.
    """
    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    if isinstance(indices, (list, tuple)):
        indices = np.asarray(indices, None if np.size(indices) else np.int64)
    if np.dtype(getattr(indices, "dtype", type(indices))).kind not in "iu":
        raise ArgumentError(
            "an index must be a whole number",
            where="take_along_axis",
            received=f"dtype {getattr(indices, 'dtype', type(indices).__name__)}",
        )
    given, wanted = np.shape(x), np.shape(indices)
    axis = check_axis(axis, len(given), "take_along_axis")
    try:
        joint = np.broadcast_shapes(
            *((*s[:axis], 1, *s[axis + 1 :]) for s in (given, wanted) if len(s) == len(given))
        )
    except ValueError:
        joint = None
    if joint is None or len(given) != len(wanted):
        raise ShapeError(
            f"array and indices do not broadcast along all axes but {axis}",
            where="take_along_axis",
            expected="as many axes, each as long, or of length 1",
            received=f"{given} and indices {wanted}",
        )
    _inside(indices, given[axis], "take_along_axis", given)
    x = broadcast_to(x, (*joint[:axis], given[axis], *joint[axis + 1 :]))
    whole_shape = (*joint[:axis], wanted[axis], *joint[axis + 1 :])
    return _take_along(x, xp(indices).broadcast_to(indices, whole_shape), axis)


@op
def _take_along(x, indices, axis):
    m, shape = xp(x, indices), np.shape(x)
    n = shape[axis]

    def back(d_y):
        at = xp(indices).where(indices < 0, indices + n, indices)
        if np.shape(at)[axis] == 1:  # compare instead of scatter: one fused pass
            row = xp(at).arange(n).reshape((n,) + (1,) * (len(shape) - 1 - axis))
            return xp(d_y, at).where(row == at, d_y, 0.0)
        return _scatter(d_y, _places(at, axis), shape)

    return m.take_along_axis(x, indices, axis=axis), (back, None, None)
