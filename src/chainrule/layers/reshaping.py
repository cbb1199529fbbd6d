"""Reshape: the numbers of a sample in another arrangement."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import ops
from ..errors import ArgumentError
from .base import Layer, register


@register
class Reshape(Layer):
    """Each sample, row by row, in another shape; (batch, ...) → (batch, *target_shape).

    Args:
        target_shape: of one sample; one length may be −1, which is then what is left.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a target_shape that is none.
        ShapeError: the numbers of a sample do not fill it.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.Reshape((28, 28, 1))(np.zeros((5, 784))).shape
        (5, 28, 28, 1)
    """

    takes_trees = False

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        given: tuple[Any, ...] = (None,)
        if isinstance(target_shape, (tuple, list)):
            given = tuple(target_shape)
        fine = all(hasattr(n, "__index__") and not isinstance(n, bool) for n in given)
        if not fine or any(n < -1 for n in given) or given.count(-1) > 1:
            raise ArgumentError(
                "target_shape is no shape of a sample",
                where=self.where,
                expected="lengths from 0, one of which may be -1, such as (28, 28, 1)",
                received=repr(target_shape)[:100],
            )
        self.target_shape = tuple(int(n) for n in given)

    def call(self, x: Any) -> Any:
        """X in its new shape."""
        return ops.reshape(x, (x.shape[0], *self._filled(x.shape[1:])))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """The new shape."""
        return (input_shape[0], *self._filled(input_shape[1:]))

    def _filled(self, sample: Sequence[int | None]) -> tuple[int | None, ...]:
        """target_shape with what is left for −1, None where that is unknown."""
        known = math.prod(n for n in self.target_shape if n != -1)
        if None in sample:
            return tuple(None if n == -1 else n for n in self.target_shape)
        count = math.prod(sample)  # type: ignore[arg-type]
        free = -1 in self.target_shape
        self.needs(
            (known > 0 and count % known == 0) if free else count == known,
            "the numbers of a sample do not fill the new shape",
            f"{count} numbers, a sample of shape {tuple(sample)}",
            f"target_shape {self.target_shape}",
        )
        return tuple(count // known if n == -1 else n for n in self.target_shape)
