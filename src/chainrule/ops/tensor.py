"""Operations on whole axes and matrices: triangles, rolling, repeating, outer and tensor products.

Those without a rule of their own are made of operations that have one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import xp
from ..errors import ArgumentError, ShapeError
from ..symbol import composite
from .base import check_axes, check_axis, op, whole
from .elementwise import multiply
from .products import matmul
from .shapes import reshape, take, transpose

__all__ = [
    "outer",
    "repeat",
    "roll",
    "tensordot",
    "tril",
    "triu",
]


def _diagonal(x: Any, k: Any, where: str) -> int:
    """The number of a diagonal of matrices x."""
    if np.ndim(x) < 2:
        raise ShapeError(
            "only matrices have a triangle",
            where=where,
            expected="at least 2 axes",
            received=f"shape {np.shape(x)}",
        )
    return whole(k, where, "k")


@op
def tril(x, k=0):
    """The lower triangle of the last two axes, 0 above diagonal k.  d_x is that of d_y.

    Diagonal 0 goes from the upper left corner, 1 stands right of it, −1 below.

    Example:
        >>> tril([[1.0, 2.0], [3.0, 4.0]])
        array([[1., 0.],
               [3., 4.]])

    Raises:
        ShapeError: x has fewer than 2 axes.
    """
    k = _diagonal(x, k, "tril")
    return xp(x).tril(x, k), (lambda d_y: xp(d_y).tril(d_y, k), None)


@op
def triu(x, k=0):
    """The upper triangle of the last two axes, 0 below diagonal k.  d_x is that of d_y.

    Example:
        >>> triu([[1.0, 2.0], [3.0, 4.0]])
        array([[1., 2.],
               [0., 4.]])

    Raises:
        ShapeError: x has fewer than 2 axes.
    """
    k = _diagonal(x, k, "triu")
    return xp(x).triu(x, k), (lambda d_y: xp(d_y).triu(d_y, k), None)


@op
def roll(x, shift, axis=None):
    """yᵢ = xᵢ₋ₛ: moved along an axis by s, the end in at the front.  d_x is d_y rolled back.

    Several axes take one shift for all, or one for each; without axes x is rolled as one row.

    Example:
        >>> roll([1, 2, 3, 4], 1)
        array([4, 1, 2, 3])

    Raises:
        ShapeError: an axis is not there, or there are not as many shifts as axes.
    """
    if axis is None:
        shift = whole(shift, "roll", "the shift")
        back = -shift
    else:
        axis = check_axes(axis, np.ndim(x), "roll")
        given = shift if isinstance(shift, (tuple, list)) else (shift,) * len(axis)
        shift = tuple(whole(s, "roll", "the shift") for s in given)
        if len(shift) != len(axis):
            raise ShapeError(
                "there must be one shift for each axis",
                where="roll",
                expected=f"{len(axis)} shifts",
                received=shift,
            )
        back = tuple(-s for s in shift)
    return xp(x).roll(x, shift, axis), (lambda d_y: xp(d_y).roll(d_y, back, axis), None, None)


@composite
def repeat(x: Any, repeats: int | Sequence[int], axis: int | None = None) -> Any:
    """Each number repeated, along an axis or of all.  d_x is the sum over the copies.

    Args:
        x: an array.
        repeats: how often: one number, or one for each place along the axis.
        axis: None flattens x first.

    Example:
        >>> repeat([1.0, 2.0], 2), repeat([[1.0], [2.0]], [1, 2], axis=0)
        (array([1., 1., 2., 2.]), array([[1.],
               [2.],
               [2.]]))

    Raises:
        ShapeError: there is not one number for each place, or one is negative.
        ArgumentError: it is not a whole number.
    """
    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    axis = check_axis(axis, np.ndim(x), "repeat")
    n = np.shape(x)[axis]
    counts = np.asarray(repeats, None if np.size(repeats) else np.int64)
    if counts.dtype.kind not in "iu":
        raise ArgumentError(
            "repeats must be whole numbers", where="repeat", received=repr(repeats)[:200]
        )
    if counts.ndim > 1 or counts.size not in (1, n) or (counts < 0).any():
        raise ShapeError(
            "repeats do not fit the axis",
            where="repeat",
            expected=f"one number from 0, or {n} of them",
            received=repr(repeats)[:200],
        )
    if counts.size == 1:
        return _repeat(x, int(counts.reshape(())), axis)
    return take(x, np.repeat(np.arange(n), counts), axis=axis)


@op
def _repeat(x, count, axis):
    shape = np.shape(x)

    def back(d_y):
        m = xp(d_y)
        return m.sum(m.reshape(d_y, (*shape[: axis + 1], count, *shape[axis + 1 :])), axis=axis + 1)

    return xp(x).repeat(x, count, axis=axis), (back, None, None)


@composite
def outer(x1: Any, x2: Any) -> Any:
    """yᵢⱼ = x₁ᵢ·x₂ⱼ, both flattened.  d_x₁ = d_y·x₂, d_x₂ = d_yᵀ·x₁.

    Example:
        >>> outer([1.0, 2.0], [10.0, 20.0])
        array([[10., 20.],
               [20., 40.]])
    """
    return multiply(reshape(x1, (-1, 1)), reshape(x2, (1, -1)))


@composite
def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    """Σ of x₁·x₂ over pairs of axes, the others side by side.  d_x₁, d_x₂: as of one product.

    Args:
        x1: an array.
        x2: an array.
        axes: a number n: the last n axes of x₁ with the first n of x₂; or two lists of axes, of x₁
            and of x₂, summed pair by pair (two numbers are one pair).

    Example:
        >>> tensordot([[1.0, 2.0], [3.0, 4.0]], [10.0, 1.0], axes=1)
        array([12., 34.])

    Raises:
        ShapeError: the axes of a pair differ in length, or one is not there.
    """
    sa, sb = np.shape(x1), np.shape(x2)
    if isinstance(axes, (tuple, list)):
        if len(axes) != 2:
            raise ShapeError(
                "axes must be a number, or two lists of axes", where="tensordot", received=axes
            )
        of_a, of_b = axes
    else:
        n = whole(axes, "tensordot", "axes")
        if not 0 <= n <= min(len(sa), len(sb)):
            raise ShapeError(
                "there are not so many axes",
                where="tensordot",
                expected=f"axes from 0 to {min(len(sa), len(sb))}",
                received=f"axes={n} of {sa} and {sb}",
            )
        of_a, of_b = tuple(range(len(sa) - n, len(sa))), tuple(range(n))
    of_a = check_axes(of_a, len(sa), "tensordot")
    of_b = check_axes(of_b, len(sb), "tensordot")
    if [sa[i] for i in of_a] != [sb[i] for i in of_b]:
        raise ShapeError(
            "the axes to be summed over differ in length",
            where="tensordot",
            expected="equal lengths, pair by pair",
            received=f"axes {of_a} of {sa} and {of_b} of {sb}",
        )
    rest_a = [i for i in range(len(sa)) if i not in of_a]
    rest_b = [i for i in range(len(sb)) if i not in of_b]
    summed = math.prod(sa[i] for i in of_a)
    rows = reshape(transpose(x1, (*rest_a, *of_a)), (math.prod(sa[i] for i in rest_a), summed))
    columns = reshape(transpose(x2, (*of_b, *rest_b)), (summed, math.prod(sb[i] for i in rest_b)))
    return reshape(matmul(rows, columns), (*(sa[i] for i in rest_a), *(sb[i] for i in rest_b)))
