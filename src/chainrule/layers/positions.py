"""Positions: what tells a layer that treats all positions alike where each one stands."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import initializers, ops
from ..arrays import is_traced, xp
from ..checks import need_numbers
from ..errors import ArgumentError
from ..operators import raw
from ..ops.base import check_axis
from .base import Layer, register
from .embedding import need_counts


def positions_of(length: int, start: Any, given: Any = None) -> Any:
    """start, start + 1, ...; or the positions that were given."""
    if given is not None:
        given = raw(given)
        return given if hasattr(given, "dtype") else np.asarray(given)
    start = raw(start)
    return xp(start).arange(length) + start


@register
class PositionEmbedding(Layer):
    """A trained vector for each position, in the shape of x: `x + PositionEmbedding(n)(x)`.

    x (batch, T, features) → (batch, T, features), T at most `sequence_length`.

    Args:
        sequence_length: how many positions there are.
        initializer: of the vectors, (sequence_length, features).
        kwargs: as for every `Layer`.

    The call also takes `start_index`, the position of the first vector, and `positions`, (T,) or
    (batch, T), in its place.

    Raises:
        ShapeError: a sequence longer than that.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.PositionEmbedding(4, initializer="identity")
        >>> layer(np.zeros((1, 2, 4)), start_index=1)[0].tolist()
        [[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]
    """

    parts = {"initializer": initializers.registry}
    supports_masking = True
    takes_trees = integer_input = False

    def __init__(
        self, sequence_length: int, initializer: Any = "glorot_uniform", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        need_counts(self.where, sequence_length=sequence_length)
        self.sequence_length = sequence_length
        self.initializer = initializers.get(initializer)

    def build(self, input_shape: tuple) -> None:
        """Make the vectors."""
        self._fit(input_shape)
        shape = (self.sequence_length, input_shape[-1])
        self.embeddings = self.add_weight("embeddings", shape, self.initializer)

    def call(self, inputs: Any, start_index: Any = 0, positions: Any = None) -> Any:
        """The vector of each position, for every sample."""
        length = inputs.shape[1]
        self._fit(inputs.shape, start_index if positions is None else 0)
        if positions is None and isinstance(start_index, int):
            found = self.embeddings[start_index : start_index + length]
        else:
            found = ops.embedding(self.embeddings, positions_of(length, start_index, positions))
        return ops.broadcast_to(found, inputs.shape)

    def _fit(self, shape: tuple, start: Any = 0) -> None:
        self.needs(
            len(shape) == 3 and shape[-1] is not None,
            "positions belong to sequences of vectors",
            "(batch, T, features)",
            tuple(shape),
        )
        last = None if shape[1] is None or not isinstance(start, int) else start + shape[1]
        self.needs(
            last is None or (start >= 0 and last <= self.sequence_length),
            "the sequence is longer than there are positions",
            f"at most {self.sequence_length} positions",
            f"positions {start} to {(last or 0) - 1}",
            "give a larger sequence_length, or the last part of the sequence",
        )

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Unchanged."""
        return input_shape


@register
class SinePositionEncoding(Layer):
    """Fixed waves, in the shape of x: `x + SinePositionEncoding()(x)`.

        y[t, 2i] = sin(t / max_wavelength^(2i/features)),  y[t, 2i + 1] = cos(of the same)

    x (batch, T, features) → (batch, T, features). (Vaswani et al. 2017, section 3.5.)

    Args:
        max_wavelength: the longest wave, in units of 2π positions.
        kwargs: as for every `Layer`.

    The call also takes `start_index` and `positions`, as `PositionEmbedding`.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.SinePositionEncoding()(np.zeros((1, 2, 2))).round(4)
        array([[[0.    , 1.    ],
                [0.8415, 0.5403]]], dtype=float32)
    """

    supports_masking = True
    takes_trees = integer_input = False

    def __init__(self, max_wavelength: float = 10000, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        need_numbers(self.where, "above 0", lambda v: v > 0, max_wavelength=max_wavelength)
        self.max_wavelength = max_wavelength

    def call(self, inputs: Any, start_index: Any = 0, positions: Any = None) -> Any:
        """The waves of each position, for every sample."""
        *_, length, features = inputs.shape
        at = positions_of(length, start_index, positions)
        k = np.arange(features)
        angles = _angles(at, self.max_wavelength ** (-(k // 2) * 2 / features))
        m = xp(angles)
        waves = m.where(k % 2 == 0, m.sin(angles), m.cos(angles))
        return ops.broadcast_to(waves.astype(inputs.dtype), inputs.shape)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Unchanged."""
        return input_shape


@register
class RotaryEmbedding(Layer):
    """Turns pairs of numbers by an angle that grows with the position, for queries and keys:

        (a, b) → (a·cos φ − b·sin φ, a·sin φ + b·cos φ),  φ = t / max_wavelength^(2i/features)

    with a number i of the first half of the features as a, its fellow of the second half as b. The
    product of a turned query and a turned key depends on the distance of their positions alone.
    x (batch, T, ..., features), even features → the same shape. (Su et al. 2021, *RoFormer*; the
    halves as in GPT-NeoX and KerasHub.)

    Args:
        max_wavelength: the longest wave, in units of 2π positions.
        scaling_factor: positions are divided by it, to reach further than was trained.
        sequence_axis: the axis of the positions.
        feature_axis: the axis of the features.
        kwargs: as for every `Layer`.

    The call also takes `start_index`, the position of the first vector, and `positions`, (T,).

    Raises:
        ShapeError: an odd number of features.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.RotaryEmbedding()(np.array([[[1.0, 0.0], [1.0, 0.0]]])).round(4)
        array([[[1.    , 0.    ],
                [0.5403, 0.8415]]], dtype=float32)
    """

    supports_masking = True
    takes_trees = integer_input = False

    def __init__(
        self,
        max_wavelength: float = 10000,
        scaling_factor: float = 1.0,
        sequence_axis: int = 1,
        feature_axis: int = -1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        positive = {"max_wavelength": max_wavelength, "scaling_factor": scaling_factor}
        need_numbers(self.where, "above 0", lambda v: v > 0, **positive)
        self.max_wavelength, self.scaling_factor = max_wavelength, scaling_factor
        self.sequence_axis, self.feature_axis = sequence_axis, feature_axis

    def call(self, inputs: Any, start_index: Any = 0, positions: Any = None) -> Any:
        """Every pair turned by its angle."""
        ndim = len(inputs.shape)
        sequence = check_axis(self.sequence_axis, ndim, self.where)
        feature = check_axis(self.feature_axis, ndim, self.where)
        n, length = inputs.shape[feature], inputs.shape[sequence]
        self.needs(n % 2 == 0, "pairs need an even number of features", "an even number", n)
        if sequence == feature:
            raise ArgumentError(
                "positions and features are two axes", where=self.where, received=sequence
            )
        at = positions_of(length, start_index, positions) / self.scaling_factor
        angles = _angles(at, self.max_wavelength ** (-np.arange(0, n, 2) / n))
        shape = [1] * ndim
        shape[sequence], shape[feature] = length, n // 2
        m = xp(angles)
        angles = angles.reshape(shape) if sequence < feature else angles.T.reshape(shape)
        cos, sin = m.cos(angles).astype(inputs.dtype), m.sin(angles).astype(inputs.dtype)
        a, b = ops.split(inputs, 2, axis=feature)
        return ops.concatenate([a * cos - b * sin, b * cos + a * sin], axis=feature)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Unchanged."""
        return input_shape


def _angles(positions: Any, frequencies: np.ndarray) -> Any:
    """(..., T) and (n,) → (..., T, n); in float64 where it is not compiled."""
    if is_traced(positions):
        return positions[..., None] * frequencies.astype("float32")
    return np.asarray(positions, "float64")[..., None] * frequencies
