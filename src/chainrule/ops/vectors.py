"""Products of vectors and matrices under NumPy's names, made of those that have a rule."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ShapeError
from ..symbol import composite
from .base import check_axis
from .elementwise import multiply
from .reduce import sum as _sum
from .shapes import getitem, moveaxis, reshape, stack
from .tensor import tensordot

__all__ = ["cross", "dot", "inner", "kron", "vdot"]


@composite
def dot(x1: Any, x2: Any) -> Any:
    """Σ over the last axis of x₁ and the last but one of x₂ (its only one, too); of a single number
    the product.  d_x₁, d_x₂: as of one matrix product.

    Example:
        >>> float(dot([1.0, 2.0], [3.0, 4.0]))
        11.0
    """
    if np.ndim(x1) == 0 or np.ndim(x2) == 0:
        return multiply(x1, x2)
    return tensordot(x1, x2, axes=((-1,), (-2 if np.ndim(x2) > 1 else -1,)))


@composite
def inner(x1: Any, x2: Any) -> Any:
    """Σ over the last axes of both; of a single number the product.  d_x₁ = d_y·x₂, d_x₂ = d_yᵀ·x₁.

    Example:
        >>> inner([[1.0, 2.0], [3.0, 4.0]], [10.0, 1.0])
        array([12., 34.])
    """
    if np.ndim(x1) == 0 or np.ndim(x2) == 0:
        return multiply(x1, x2)
    return tensordot(x1, x2, axes=((-1,), (-1,)))


@composite
def vdot(x1: Any, x2: Any) -> Any:
    """Σᵢ x₁ᵢ·x₂ᵢ, both flattened.  d_x₁ = d_y·x₂, d_x₂ = d_y·x₁.

    Example:
        >>> float(vdot([[1.0, 2.0]], [[3.0], [4.0]]))
        11.0

    Raises:
        ShapeError: not as many numbers in one as in the other.
    """
    a, b = reshape(x1, (-1,)), reshape(x2, (-1,))
    if np.shape(a) != np.shape(b):
        raise ShapeError(
            "there must be as many numbers in both",
            where="vdot",
            received=f"{np.shape(x1)} and {np.shape(x2)}",
        )
    return _sum(multiply(a, b))


@composite
def kron(x1: Any, x2: Any) -> Any:
    """Blocks x₁ᵢⱼ·x₂, the Kronecker product.  d_x₁ᵢⱼ = Σ d_y·x₂ over its block, d_x₂ = Σ d_y·x₁.

    Example:
        >>> kron([1.0, 10.0], [1.0, 2.0])
        array([ 1.,  2., 10., 20.])
    """
    a, b = np.shape(x1), np.shape(x2)
    ndim = max(len(a), len(b))
    a, b = (1,) * (ndim - len(a)) + a, (1,) * (ndim - len(b)) + b
    left = reshape(x1, tuple(n for length in a for n in (length, 1)))
    right = reshape(x2, tuple(n for length in b for n in (1, length)))
    return reshape(multiply(left, right), tuple(n * m for n, m in zip(a, b, strict=True)))


@composite
def cross(
    x1: Any, x2: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    """x₁ × x₂, perpendicular to both.  d_x₁ = x₂ × d_y, d_x₂ = d_y × x₁.

    Args:
        x1: vectors of 3 numbers along `axisa`.
        x2: vectors of 3 numbers along `axisb`.
        axisa: the axis of the vectors of x₁.
        axisb: that of x₂.
        axisc: that of the result.
        axis: one for all three.

    Example:
        >>> cross([1.0, 0.0, 0.0], [0.0, 1.0, 0.0])
        array([0., 0., 1.])

    Raises:
        ShapeError: the vectors have not 3 numbers.
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    parts = []
    for x, place in ((x1, axisa), (x2, axisb)):
        rows = moveaxis(x, check_axis(place, np.ndim(x), "cross"), -1)
        if np.shape(rows)[-1] != 3:
            raise ShapeError(
                "a cross product is of vectors of 3 numbers",
                where="cross",
                received=f"shapes {np.shape(x1)} and {np.shape(x2)}",
            )
        parts.append([getitem(rows, (Ellipsis, k)) for k in range(3)])
    (a, b, c), (d, e, f) = parts
    y = [
        multiply(b, f) - multiply(c, e),
        multiply(c, d) - multiply(a, f),
        multiply(a, e) - multiply(b, d),
    ]
    return moveaxis(stack(y, -1), -1, axisc)
