"""Masking: steps that are only padding are named as such."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..arrays import xp
from ..operators import raw
from .base import Layer, register


@register
class Masking(Layer):
    """Gives sequences a mask: a step whose features all equal `mask_value` does not count.

    Such steps become 0. The mask (batch, time) goes on with the output: recurrent layers leave
    those steps out, and losses and metrics of sequences do not count them.

    Args:
        mask_value: what padding is made of.
        kwargs: as for every `Layer`.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.Masking(-1.0)
        >>> x = np.array([[[1.0, -1.0], [-1.0, -1.0]]])
        >>> layer.compute_mask(x)
        array([[ True, False]])
    """

    integer_input = takes_trees = False
    supports_masking = True

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = mask_value

    def call(self, x: Any) -> Any:
        """X with 0 where a step does not count."""
        self.needs(
            len(x.shape) >= 2, "there are no features to compare", "(batch, ..., features)", x.shape
        )
        return ops.where(self.compute_mask(x)[..., None], x, 0.0)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """True for the steps that count."""
        x = raw(inputs)
        return xp(x).any(x != self.mask_value, axis=-1)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Unchanged."""
        return input_shape
