"""Dropout: units switched off at random while training."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops, rng
from ..arrays import xp
from ..errors import ArgumentError
from ..variable import Variable
from .base import Layer, register


@register
class Dropout(Layer):
    """Sets a random share `rate` of the inputs to 0 and divides the rest by 1 − rate.

    Only while training; otherwise x goes through unchanged. `rate` is the share that is dropped
    (deck 004's linked notebook means the share that is kept). `noise_shape` gives axes that share
    one draw a length of 1.  (Srivastava et al. 2014.)

    Masks come from a counter: the same seed and step give the same mask on both engines.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.Dropout(0.5)(np.ones((1, 3)))
        array([[1., 1., 1.]], dtype=float32)
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 <= rate <= 1:
            raise ArgumentError(
                "the rate is the share of inputs to drop",
                where=self.where,
                expected="a number from 0 to 1",
                received=repr(rate),
            )
        self.rate, self.noise_shape, self.seed = rate, noise_shape, seed
        self.key = Variable(
            rng.next_key() if seed is None else rng.key(seed), name="key", kind="seed"
        )
        self.count = Variable(np.uint32(0), name="count", kind="seed")

    def call(self, x: Any, training: bool = False) -> Any:
        """X with a random mask while training."""
        if not training or self.rate == 0:
            return x
        count = self.count.value
        self.count.assign(count + xp(count).uint32(1))
        if self.rate == 1:
            return x * 0.0
        shape = x.shape
        if self.noise_shape is not None:
            shape = tuple(
                n if k is None else k for n, k in zip(x.shape, self.noise_shape, strict=True)
            )
        words = rng.bits(rng.fold(self.key.value, count), shape)
        keep = words >= xp(words).uint32(min(round(self.rate * 2**32), 2**32 - 1))
        return ops.multiply(x, keep.astype(x.dtype) * (1.0 / (1.0 - self.rate)))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Unchanged."""
        return input_shape
