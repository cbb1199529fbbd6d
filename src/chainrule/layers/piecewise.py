"""Piecewise-linear encoding: one number becomes several, each rising in a bin of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..arrays import asarray
from ..errors import DataError
from ..finite import need_finite
from .base import Layer, register
from .embedding import need_counts

__all__ = ["PiecewiseLinearEncoding", "edges_of"]

_ROWS = 100_000  # of the data that edges are taken from


def edges_of(values: np.ndarray, bins: int) -> np.ndarray:
    """The bins + 1 edges of one column, from its least to its largest value.

    They stand at equal steps of the sum of √count over the *distinct* values: where all values
    differ these are quantiles, and a value that fills most rows takes no more than its √count of
    the bins, where quantiles would put nearly all edges on it.

    Example:
        >>> edges_of(np.array([0.0, 1.0, 2.0, 3.0, 4.0]), 2)
        array([0., 2., 4.])
        >>> edges_of(np.array([0.0] * 16 + [1.0, 2.0, 3.0, 4.0]), 4)  # quantiles: 0, 0, 0, 0, 4
        array([0.   , 0.55 , 1.25 , 2.625, 4.   ])
    """
    distinct, counts = np.unique(np.asarray(values, np.float64), return_counts=True)
    if len(distinct) == 1:
        return np.repeat(distinct, bins + 1)
    root = np.sqrt(counts)
    middle = np.cumsum(root) - root / 2  # where each value stands
    middle = (middle - middle[0]) / (middle[-1] - middle[0])
    return np.interp(np.linspace(0, 1, bins + 1), middle, distinct)


def _evenly(shape: tuple, dtype: Any) -> np.ndarray:
    return np.broadcast_to(np.linspace(0, 1, shape[1]), shape).astype(dtype)


@register
class PiecewiseLinearEncoding(Layer):
    """How far a number has come through each bin: (..., features) → (..., features, bins).

        e_t = clip((x − b_{t−1})/(b_t − b_{t−1}), 0, 1),   b_0 ≤ … ≤ b_bins the feature's edges

    A linear map of e is any piecewise-linear function of x with bends at the edges, so that what
    follows sees steps and waves that a network on x alone learns slowly. The edges are learned by
    `adapt` (before, they run evenly from 0 to 1); a bin without width stays 0.

    Args:
        bins: of each feature (16).
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: no bin.
        ShapeError: another number of features than the edges have.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.PiecewiseLinearEncoding(bins=2)
        >>> layer.adapt(np.array([[0.0], [1.0], [2.0], [3.0], [4.0]]))
        >>> layer(np.array([[1.0], [3.0]]))
        array([[[0.5, 0. ]],
        <BLANKLINE>
               [[1. , 0.5]]], dtype=float32)

    Source: Y. Gorishniy, I. Rubachev, A. Babenko, *On embeddings for numerical features in tabular
    deep learning* (2022), section 3.2. There the outer bins are open, and the edges are quantiles.
    """

    integer_input = takes_trees = False

    def __init__(self, bins: int = 16, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        need_counts(self.where, bins=bins)
        self.bins = int(bins)

    def build(self, input_shape: Any) -> None:
        """Make room for the edges."""
        n: int = input_shape[len(input_shape) - 1]
        self.needs(
            len(input_shape) >= 2 and n is not None,
            "the number of features must be known",
            "(batch, ..., features)",
            input_shape,
        )
        about = {"trainable": False, "kind": "statistic"}
        self.edges = self.add_weight("edges", (n, self.bins + 1), _evenly, **about)

    def adapt(self, data: Any) -> None:
        """Take the edges from rows of data, (rows, features); of many rows, evenly chosen ones.

        Args:
            data: an array, also memory-mapped.

        Raises:
            DataError: no rows, or numbers that are not finite.
            ShapeError: no table.
        """
        data = data if hasattr(data, "shape") else asarray(data, name=f"{self.where}, adapt")
        self.needs(len(data.shape) == 2, "the data must be a table", "(rows, features)", data.shape)
        if not data.shape[0]:
            raise DataError("there are no data to adapt to", where=f"{self.where}, adapt")
        if not self.built:
            self.build((None, data.shape[1]))
        self.needs(
            data.shape[1] == self.edges.shape[0],
            "the data has another number of features",
            f"{self.edges.shape[0]}",
            data.shape,
        )
        rows = np.linspace(0, len(data) - 1, min(len(data), _ROWS)).astype(np.int64)
        part = np.asarray(data[rows])
        need_finite([("the data", part)], f"{self.where}, adapt", kind=DataError, fix=None)
        self.edges.assign(np.stack([edges_of(column, self.bins) for column in part.T]))

    def call(self, x: Any) -> Any:
        """The place of each number in each of its feature's bins."""
        self.needs(
            x.shape[-1] == self.edges.shape[0],
            "the input has another number of features",
            f"(batch, ..., {self.edges.shape[0]})",
            tuple(x.shape),
        )
        edges = self.edges.value
        low, width = edges[:, :-1], edges[:, 1:] - edges[:, :-1]
        slope = (width > 0) / (width + (width <= 0))  # 0 for a bin without width
        return ops.clip((ops.expand_dims(x, -1) - low) * slope.astype(edges.dtype), 0.0, 1.0)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """An axis more, of the bins."""
        return (*input_shape, self.bins)
