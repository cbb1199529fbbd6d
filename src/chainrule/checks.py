"""Checks of arguments that are numbers, for every part that takes one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from .errors import ArgumentError

__all__ = ["channels_last", "is_number", "need_numbers", "need_pairs"]


def channels_last(data_format: Any, where: object) -> str:
    """Keras's `data_format`: `"channels_last"`, also for None.

    Example:
        >>> channels_last("channels_first", "Conv2D")
        Traceback (most recent call last):
        ...
        chainrule.errors.ArgumentError: Conv2D: arrays hold their channels in the last axis here
          expected: data_format="channels_last"
          received: 'channels_first'
          fix: np.moveaxis(x, 1, -1), or a Permute layer before
    """
    if data_format in (None, "channels_last"):
        return "channels_last"
    raise ArgumentError(
        "arrays hold their channels in the last axis here",
        where=where,
        expected='data_format="channels_last"',
        received=repr(data_format)[:100],
        fix="np.moveaxis(x, 1, -1), or a Permute layer before",
    )


def is_number(value: Any) -> bool:
    """A single number, finite and real: Python's, NumPy's, or an array or Variable without axes.

    Example:
        >>> [is_number(v) for v in (1, 0.5, True, "1", float("nan"), None, [1])]
        [True, True, False, False, False, False, False]
    """
    if isinstance(value, (bool, str, type)) or not hasattr(value, "__float__"):
        return False
    return getattr(value, "shape", ()) == () and math.isfinite(float(value))


def need_numbers(where: object, expected: str, holds: Callable[[Any], bool], **named: Any) -> None:
    """Raise an ArgumentError for the first that is no finite number or for which `holds` is false.

    Example:
        >>> need_numbers("Adam", "0 or more", lambda v: v >= 0, beta=0.9, epsilon=-1.0)
        Traceback (most recent call last):
        ...
        chainrule.errors.ArgumentError: Adam: epsilon is out of range
          expected: 0 or more
          received: -1.0
    """
    for name, value in named.items():
        if not is_number(value) or not holds(value):
            raise ArgumentError(
                f"{name} is out of range",
                where=where,
                expected=expected,
                received=repr(value)[:200],
            )


def need_pairs(where: object, given: Any) -> list[Any]:
    """Gradients with their variables, as a list; anything but pairs is refused.

    Example:
        >>> need_pairs("SGD.apply_gradients", zip([0.5], ["w"]))
        [(0.5, 'w')]
    """
    pairs: list[Any] = list(given) if isinstance(given, Iterable) else [None]
    if any(not isinstance(pair, (tuple, list)) or len(pair) != 2 for pair in pairs):
        raise ArgumentError(
            "the gradients do not come in pairs with their variables",
            where=where,
            expected="pairs (gradient, variable)",
            received=f"a {type(given).__name__}",
            fix="apply_gradients(zip(gradients, variables)), or apply(gradients, variables)",
        )
    return pairs
