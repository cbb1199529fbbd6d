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
    """Sets a random share `rate` of the inputs to 0 and divides the rest by 1 − rate:

        y = x·mask/(1 − rate),  P(mask = 1) = 1 − rate

    Only while training; otherwise x goes through unchanged.  (Srivastava et al. 2014.)  Masks come
    from a counter: the same seed and step give the same mask on both engines.

    Args:
        rate: the share that is dropped, from 0 to 1, as in Keras and PyTorch (deck 004's linked
            notebook means the share that is kept).
        noise_shape: shape of the mask; axes of length 1 share one draw, None is the input's length.
            `(None, 1, None)` drops whole features of a sequence.
        seed: of the masks; drawn from the process's stream without one.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a rate, noise_shape or seed that is none.
        ShapeError: noise_shape does not fit an input.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.Dropout(0.5)(np.ones((1, 3)))
        array([[1., 1., 1.]], dtype=float32)
    """

    integer_input = takes_trees = False
    supports_masking = True

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
        if noise_shape is not None and not _is_shape(noise_shape):
            raise ArgumentError(
                "noise_shape is no shape",
                where=self.where,
                expected="whole numbers of at least 1, and None for the input's own length",
                received=repr(noise_shape)[:200],
                fix="(None, 1, None)",
            )
        self.rate, self.seed = rate, seed
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)
        self.key = Variable(
            rng.next_key() if seed is None else rng.key(seed), name="key", kind="seed"
        )
        self.count = Variable(np.uint32(0), name="count", kind="seed")

    def call(self, x: Any, training: bool = False) -> Any:
        """X with a random mask while training."""
        if not training or self.rate == 0:
            return x
        key = self.next_key()
        if self.rate == 1:
            return x * 0.0
        words = rng.bits(key, self._mask_shape(x.shape))
        keep = words >= xp(words).uint32(min(round(self.rate * 2**32), 2**32 - 1))
        return ops.multiply(x, keep.astype(x.dtype) * (1.0 / (1.0 - self.rate)))

    def next_key(self) -> Any:
        """The key of this step's mask; the next step has another."""
        count = self.count.value
        self.count.assign(count + xp(count).uint32(1))
        return rng.fold(self.key.value, count)

    def _mask_shape(self, shape: tuple) -> tuple:
        """The shape in which masks are drawn for an input."""
        noise = shape if self.noise_shape is None else self.noise_shape
        self.needs(
            len(noise) == len(shape)
            and all(k in (None, 1, n) for n, k in zip(shape, noise, strict=True)),
            "noise_shape does not fit the input",
            f"lengths 1, None or those of {tuple(shape)}",
            f"noise_shape {noise}",
        )
        return tuple(n if k is None else k for n, k in zip(shape, noise, strict=True))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Unchanged."""
        return input_shape


def _is_shape(noise_shape: Any) -> bool:
    """A list or tuple of whole numbers above 0, or None."""
    return isinstance(noise_shape, (list, tuple)) and all(
        k is None or (hasattr(k, "__index__") and not isinstance(k, bool) and k >= 1)
        for k in noise_shape
    )
