"""Small things that optimizers share: checks of their numbers, powers, lengths of gradients."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..arrays import xp
from ..errors import ArgumentError
from ..variable import Variable

FRACTION, POSITIVE = "from 0 up to, but without, 1", "a finite number of 0 or more"


def is_fraction(value: Any) -> bool:
    """Whether moving averages can keep this share.

    Example:
        >>> is_fraction(0.9), is_fraction(1.0)
        (True, False)
    """
    return 0 <= value < 1


def is_positive(value: Any) -> bool:
    """0 or more.

    Example:
        >>> is_positive(0.0), is_positive(-1.0)
        (True, False)
    """
    return value >= 0


def is_variables(value: Any) -> bool:
    """Are these Variables, in a list?"""
    return isinstance(value, (list, tuple)) and any(isinstance(v, Variable) for v in value)


def is_meant(word: str, path: str) -> bool:
    """Does this word, or whole path, mean the weight that stands there?"""
    return word == path if "/" in word else word in path


def no_path_yet(owner: str, names: Sequence[str]) -> ArgumentError:
    """The error for writing down weights of which no model has said where they stand."""
    return ArgumentError(
        "weights that are excluded from decay have no path yet",
        where=owner,
        received=", ".join(names),
        fix="compile a model that has them, or exclude by words: no_decay=[...]",
    )


def shortened(g: Any, norm: Any, longest: float) -> Any:
    """g, scaled down where `norm` is more than `longest`."""
    m = xp(g)
    return g * (longest / m.maximum(norm, longest)).astype(g.dtype)


def one_minus_power(beta: float, t: Any) -> Any:
    """1 − βᵗ without cancellation: the bias correction of moving averages.

    Example:
        >>> round(one_minus_power(0.9, 2), 6)
        0.19
    """
    if isinstance(t, int):
        return -math.expm1(t * math.log(beta)) if beta > 0 else 1.0
    m = xp(t)
    return -m.expm1(as_real(t) * math.log(beta)) if beta > 0 else 1.0


def as_real(t: Any) -> Any:
    """The number of a step as one that divides in the engine's precision: int32 would in float32.

    Example:
        >>> as_real(3)
        3.0
    """
    # `float` is float64 where the engine computes in float64, else float32
    return float(t) if isinstance(t, int) else t.astype(float)
