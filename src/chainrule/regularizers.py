"""Penalties on weights, added to the loss: large ones (L1, L2, both), and small angles."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import ops
from .checks import is_number
from .errors import ArgumentError, ShapeError, choose
from .registry import Configurable, Registry
from .vocabulary import answer

registry = Registry("regularizer")
register = registry.add


class Regularizer(Configurable):
    """Base: `__call__(w)` returns the penalty of one weight, a single number.

    Example:
        >>> import numpy as np
        >>> class Centred(Regularizer):
        ...     def __call__(self, w):
        ...         return ops.square(ops.mean(w))
        >>> float(Centred()(np.array([1.0, 3.0])))
        4.0
    """

    def __call__(self, w: Any) -> Any:
        """The penalty."""
        raise NotImplementedError

    def _check(self, **factors: float) -> None:
        for name, factor in factors.items():
            if not is_number(factor) or factor < 0:
                raise ArgumentError(
                    f"{name} must be zero or more, and finite",
                    where=type(self).__name__,
                    received=repr(factor),
                )


@register
class L1(Regularizer):
    """l1·Σ|w|: pushes weights to exactly zero.  (Tibshirani 1996; this is not weight decay.)

    Args:
        l1: the factor (.01).

    Raises:
        ArgumentError: the factor is negative or not finite.

    Example:
        >>> import numpy as np
        >>> float(L1(0.5)(np.array([1.0, -3.0])))
        2.0
    """

    def __init__(self, l1: float = 0.01) -> None:
        self._check(l1=l1)
        self.l1 = l1

    def __call__(self, w: Any) -> Any:
        """l1·Σ|w|."""
        return self.l1 * ops.sum(ops.abs(w))


@register
class L2(Regularizer):
    """l2·Σw²: pulls weights towards zero; weight decay 2·l2 under plain SGD, and only there.

    PyTorch's `weight_decay=λ` adds λ·w to the gradient, that is l2 = λ/2.  (Hoerl, Kennard 1970.)

    Args:
        l2: the factor (.01).

    Raises:
        ArgumentError: the factor is negative or not finite.

    Example:
        >>> import numpy as np
        >>> float(L2(0.5)(np.array([1.0, -3.0])))
        5.0
    """

    def __init__(self, l2: float = 0.01) -> None:
        self._check(l2=l2)
        self.l2 = l2

    def __call__(self, w: Any) -> Any:
        """l2·Σw²."""
        return self.l2 * ops.sum(ops.square(w))


@register("l1_l2")
class L1L2(Regularizer):
    """l1·Σ|w| + l2·Σw².  (Zou and Hastie 2005, the elastic net.)

    Args:
        l1, l2: the factors (0, as in Keras).

    Raises:
        ArgumentError: a factor is negative or not finite.

    Example:
        >>> import numpy as np
        >>> float(L1L2(l1=0.5, l2=0.5)(np.array([1.0, -3.0])))
        7.0
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self._check(l1=l1, l2=l2)
        self.l1, self.l2 = l1, l2

    def __call__(self, w: Any) -> Any:
        """l1·Σ|w| + l2·Σw²."""
        return self.l1 * ops.sum(ops.abs(w)) + self.l2 * ops.sum(ops.square(w))


@register
class OrthogonalRegularizer(Regularizer):
    """factor·(mean of |cos| between any two rows, or columns): pulls them to right angles.

    Each row (or column) is divided by its length first, and a pair counts once.

    Args:
        factor: the factor (.01).
        mode: `"rows"` or `"columns"`. A Dense kernel's columns are its units' weights.

    Raises:
        ArgumentError: the factor is negative or not finite; another mode.
        ShapeError: the weight is no matrix, or has no two rows (columns).

    Example:
        >>> import numpy as np
        >>> float(OrthogonalRegularizer(0.5)(np.array([[1.0, 0.0], [0.0, 4.0]])))
        0.0
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self._check(factor=factor)
        if mode not in ("rows", "columns"):
            raise choose("mode", mode, ("rows", "columns"), where="OrthogonalRegularizer")
        self.factor, self.mode = factor, mode

    def __call__(self, w: Any) -> Any:
        """factor·(mean of |cos|)."""
        shape = np.shape(w)
        count = shape[self.mode == "columns"] if len(shape) == 2 else 0
        if count < 2:
            raise ShapeError(
                "only two or more rows or columns can stand at right angles",
                where="OrthogonalRegularizer",
                expected=f"a matrix with 2 {self.mode} or more",
                received=shape,
            )
        rows = ops.normalize(w if self.mode == "rows" else ops.transpose(w), axis=1)
        pairs = ops.triu(ops.matmul(rows, ops.transpose(rows)), k=1)
        return self.factor * ops.sum(ops.abs(pairs)) / (count * (count - 1) / 2)


def get(identifier: Any) -> Any:
    """A regularizer by name, config, class, or a function of a weight as it is.

    Example:
        >>> get("l2").l2
        0.01
    """
    return registry.get(identifier)


def serialize(regularizer: Any) -> Any:
    """The configuration of a regularizer, as plain values; `get` makes it of it again.

    Example:
        >>> serialize(L2(0.5))
        {'class_name': 'L2', 'config': {'l2': 0.5}}
    """
    return registry.serialize(regularizer)


l1, l2, l1_l2 = L1, L2, L1L2
orthogonal_regularizer = OrthogonalRegularizer

deserialize = registry.deserialize  # Keras's name

answer(__name__)
