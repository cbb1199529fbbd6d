"""Questions about numbers, answered by truth values and counts: none has a derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import xp
from ..errors import ShapeError
from ..operators import raw
from ..symbol import composite
from .base import op, whole
from .elementwise import isfinite, logical_and
from .order import take_along_axis
from .reduce import all as _all
from .reduce import sum as _sum
from .shapes import expand_dims, squeeze

__all__ = [
    "allclose",
    "count_nonzero",
    "in_top_k",
    "isclose",
    "isin",
    "isneginf",
    "isposinf",
    "signbit",
]


@op(numbers=2)
def isclose(x1, x2, rtol=1e-5, atol=1e-8, equal_nan=False):
    """|x₁ − x₂| ≤ atol + rtol·|x₂|, number by number.  No derivative.

    Infinities are close to themselves; NaN to nothing, unless `equal_nan`.

    Example:
        >>> isclose([1.0, 2.0], [1.0000001, 2.1])
        array([ True, False])
    """
    return xp(x1, x2).isclose(x1, x2, rtol=rtol, atol=atol, equal_nan=equal_nan), None


@composite
def allclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan=False) -> Any:
    """Is |x₁ − x₂| ≤ atol + rtol·|x₂| everywhere?  No derivative.

    Example:
        >>> bool(allclose([1.0, 2.0], [1.0000001, 2.0]))
        True
    """
    return _all(isclose(x1, x2, rtol, atol, equal_nan))


@op(numbers=2)
def isin(x1, x2, assume_unique=False, invert=False):
    """Is each number of x₁ among those of x₂?  No derivative.

    Args:
        x1: an array; the answer has its shape.
        x2: what is looked for, in any shape.
        assume_unique: a hint of Keras's, which changes nothing.
        invert: ask the opposite.

    Example:
        >>> isin([1, 2, 3], [3, 1])
        array([ True, False,  True])
    """
    return xp(x1, x2).isin(x1, x2, invert=bool(invert)), None


@op
def isposinf(x):
    """Is it ∞?  No derivative.

    Example:
        >>> isposinf([1.0, np.inf, -np.inf, np.nan])
        array([False,  True, False, False])
    """
    return x == np.inf, None


@op
def isneginf(x):
    """Is it −∞?  No derivative.

    Example:
        >>> isneginf([1.0, np.inf, -np.inf, np.nan])
        array([False, False,  True, False])
    """
    return x == -np.inf, None


@op
def signbit(x):
    """Is the sign a minus? That of −0 is one.  No derivative.

    Example:
        >>> signbit([-1.0, -0.0, 0.0, 2.0])
        array([ True,  True, False, False])
    """
    return xp(x).signbit(x), None


@composite
def count_nonzero(x: Any, axis: Any = None) -> Any:
    """How many numbers are not 0, along axes or of all.  No derivative.

    Example:
        >>> count_nonzero([[1.0, 0.0], [2.0, 3.0]], axis=0)
        array([2, 1])
    """
    return _sum(_nonzero(x), axis=axis)


@op
def _nonzero(x):
    return (x != 0) + 0, None


@composite
def in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    """Are fewer than k predictions of the row larger than that of its target?  No derivative.

    targets (batch,) class numbers, predictions (batch, classes) → (batch,) truth values. Equal
    predictions share their place; a target whose prediction is not finite is not among them.

    Example:
        >>> in_top_k([2, 0], [[0.1, 0.5, 0.4], [0.1, 0.5, 0.4]], k=2)
        array([ True, False])

    Raises:
        ShapeError: there is not one target for each row, or it is no class.
    """
    whole(k, "in_top_k", "k")
    targets, shape = (
        np.asarray(targets) if isinstance(targets, list) else targets,
        np.shape(predictions),
    )
    if len(shape) < 1 or np.shape(targets) != shape[:-1]:
        raise ShapeError(
            "there must be one target for each row of predictions",
            where="in_top_k",
            expected=f"targets of shape {shape[:-1]}",
            received=np.shape(targets),
        )
    own = take_along_axis(raw(predictions), expand_dims(raw(targets), -1), axis=-1)
    larger = _sum(_larger(raw(predictions), own), axis=-1)
    return logical_and(larger < k, squeeze(isfinite(own), -1))


@op(numbers=2)
def _larger(a, b):
    return (a > b) + 0, None
