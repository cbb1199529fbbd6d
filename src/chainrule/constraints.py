"""Constraints on weights, applied after each step of an optimizer: what a weight must not leave.

`layers.Dense(8, kernel_constraint="max_norm")`. They change numbers and have no derivative.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .arrays import xp
from .checks import is_number
from .config import epsilon
from .errors import ArgumentError
from .registry import Configurable, Registry
from .vocabulary import answer

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "register",
    "registry",
    "serialize",
    "unit_norm",
]

registry = Registry("constraint")
register = registry.add


class Constraint(Configurable):
    """Base: `__call__(w)` returns the weight as it must be, in its shape.

    Example:
        >>> import numpy as np
        >>> class Centred(Constraint):
        ...     def __call__(self, w):
        ...         return w - xp(w).mean(w)
        >>> Centred()(np.array([1.0, 3.0]))
        array([-1.,  1.])
    """

    def __call__(self, w: Any) -> Any:
        """The weight as it must be."""
        raise NotImplementedError

    def _check(self, **given: Any) -> None:
        for name, value in given.items():
            if not is_number(value) or value < 0:
                raise ArgumentError(
                    f"{name} must be zero or more, and finite",
                    where=type(self).__name__,
                    received=repr(value),
                )


def _norms(w: Any, axis: int | Sequence[int]) -> Any:
    m = xp(w)
    axes = tuple(axis) if isinstance(axis, Sequence) else axis
    return m.sqrt(m.sum(m.square(w), axis=axes, keepdims=True))


@register
class MaxNorm(Constraint):
    """Vectors longer than `max_value` are made as short: w·min(|w|, c)/|w|.  (Srebro et al. 2005.)

    Args:
        max_value: c, the largest length (2).
        axis: along which the vectors lie: 0 for the weights into each unit of a Dense kernel,
            [0, 1, 2] for the window of each filter of a Conv2D (0).

    Raises:
        ArgumentError: a length below 0.

    Example:
        >>> import numpy as np
        >>> MaxNorm(1.0)(np.array([[3.0, 0.3], [4.0, 0.4]])).round(4)
        array([[0.6, 0.3],
               [0.8, 0.4]])
    """

    def __init__(self, max_value: float = 2, axis: int | Sequence[int] = 0) -> None:
        self._check(max_value=max_value)
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: Any) -> Any:
        """Shorter where it was too long."""
        m, norms = xp(w), _norms(w, self.axis)
        wanted = m.minimum(norms, self.max_value)
        return w * (wanted / m.where(norms > 0, norms, 1.0)).astype(w.dtype)


@register
class MinMaxNorm(Constraint):
    """Vectors are brought between two lengths, or `rate` of the way there.

    Args:
        min_value, max_value: the two lengths (0, 1).
        rate: 1 brings them there at once, less goes a part of the way (1).
        axis: along which the vectors lie, as for `MaxNorm` (0).

    Raises:
        ArgumentError: a length below 0, the smaller above the larger, a rate outside 0 to 1.

    Example:
        >>> import numpy as np
        >>> MinMaxNorm(1.0, 2.0)(np.array([[3.0, 0.3], [4.0, 0.4]])).round(4)
        array([[1.2, 0.6],
               [1.6, 0.8]])
    """

    def __init__(
        self,
        min_value: float = 0.0,
        max_value: float = 1.0,
        rate: float = 1.0,
        axis: int | Sequence[int] = 0,
    ) -> None:
        self._check(min_value=min_value, max_value=max_value, rate=rate)
        if min_value > max_value or rate > 1:
            raise ArgumentError(
                "the lengths and the rate do not go together",
                where="MinMaxNorm",
                expected="min_value ≤ max_value, rate ≤ 1",
                received=f"{min_value!r}, {max_value!r}, {rate!r}",
            )
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: Any) -> Any:
        """Longer or shorter where it must be; a vector of zeros has no direction to grow in."""
        m, norms = xp(w), _norms(w, self.axis)
        wanted = self.rate * m.clip(norms, self.min_value, self.max_value) + (1 - self.rate) * norms
        return w * (wanted / m.where(norms > 0, norms, 1.0)).astype(w.dtype)


@register
class NonNeg(Constraint):
    """Negative weights become 0.

    Example:
        >>> import numpy as np
        >>> NonNeg()(np.array([-1.0, 2.0]))
        array([0., 2.])
    """

    def __call__(self, w: Any) -> Any:
        """max(w, 0)."""
        return xp(w).maximum(w, 0).astype(w.dtype)


@register
class UnitNorm(Constraint):
    """Vectors are given length 1: w/(|w| + ε).

    Args:
        axis: along which the vectors lie, as for `MaxNorm` (0).

    Example:
        >>> import numpy as np
        >>> UnitNorm()(np.array([[3.0], [4.0]])).round(4).tolist()
        [[0.6], [0.8]]
    """

    def __init__(self, axis: int | Sequence[int] = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        """Of length 1."""
        return w / (_norms(w, self.axis) + epsilon()).astype(w.dtype)


# --- of layers: `kernel_constraint=` where there is a `kernel_regularizer=` ----------------------


def arguments(known: Iterable[str]) -> set[str]:
    """The arguments for constraints that a layer with these others has.

    Example:
        >>> sorted(arguments(["units", "kernel_regularizer", "activity_regularizer"]))
        ['kernel_constraint']
    """
    ends, output = "_regularizer", "activity_regularizer"
    words = [name.removesuffix(ends) for name in known if name.endswith(ends) and name != output]
    return {f"{word}_constraint" for word in words}


def among(given: dict[str, Any], known: set[str]) -> dict[str, Any]:
    """Take the constraints out of a layer's arguments: by what they constrain.

    Example:
        >>> given = {"kernel_constraint": "non_neg", "other": 1}
        >>> among(given, {"kernel_constraint"}), given
        ({'kernel': NonNeg()}, {'other': 1})
    """
    found = {k: get(given.pop(k)) for k in known & set(given)}
    return {k.removesuffix("_constraint"): v for k, v in found.items() if v is not None}


def of(name: str, constraints: dict[str, Any]) -> Any:
    """The constraint of a weight: that of `recurrent_kernel` is `recurrent`'s.

    Example:
        >>> of("recurrent_kernel", {"kernel": 1, "recurrent": 2}), of("bias", {"kernel": 1})
        (2, None)
    """
    words = name.replace("/", "_").split("_")
    if name == "kernel" and "kernel" not in constraints:
        words = ["depthwise"]  # a layer whose only kernel that is
    return next((constraints[word] for word in words if word in constraints), None)


def get(identifier: Any) -> Any:
    """A constraint by name, config, class, or a function of a weight as it is.

    Example:
        >>> get("max_norm").max_value
        2
    """
    return registry.get(identifier)


def serialize(constraint: Any) -> Any:
    """The configuration of a constraint, as plain values; `get` makes it of it again.

    Example:
        >>> serialize(NonNeg())
        {'class_name': 'NonNeg', 'config': {}}
    """
    return registry.serialize(constraint)


deserialize = registry.deserialize  # Keras's name
max_norm, min_max_norm, non_neg, unit_norm = MaxNorm, MinMaxNorm, NonNeg, UnitNorm

answer(__name__)
