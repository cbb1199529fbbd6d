"""Embedding: a vector of numbers for each token."""

from __future__ import annotations

from typing import Any

from .. import initializers, ops, regularizers
from ..checks import need_numbers
from ..operators import raw
from ..ops.embeddings import check_ids
from .base import Layer, register


@register
class Embedding(Layer):
    """embeddings[token]: the token's row of a trained table, (batch, ...) → (batch, ..., size).

    Args:
        input_dim: how many tokens there are; they are numbered from 0.
        output_dim: numbers in a vector.
        embeddings_initializer: of the table; uniform between −.05 and .05.
        embeddings_regularizer: penalty on the table, added to the loss.
        mask_zero: token 0 is padding: the layers that follow leave it out, where they take a mask.
        kwargs: as for every `Layer`; and `weights`, the first values of the table.

    Raises:
        DataError: a token that is not in the table; names its place. (Keras on JAX takes another
            row without a word.) Where the model is compiled, fit, evaluate and predict look at
            tokens that come straight from their data; others become NaN, and the step is refused.
        ArgumentError: a number of rows or columns below 1.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.Embedding(3, 2, weights=np.array([[0, 0], [1, 2], [3, 4]]))
        >>> layer(np.array([[2, 1]]))
        array([[[3., 4.],
                [1., 2.]]], dtype=float32)
    """

    parts = {
        "embeddings_initializer": initializers.registry,
        "embeddings_regularizer": regularizers.registry,
    }
    takes_trees = autocast = False  # tokens come as they are

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        mask_zero: bool = False,
        **kwargs: Any,
    ) -> None:
        weights = kwargs.pop("weights", None)  # no part of the configuration, as in Keras
        super().__init__(**kwargs)
        need_counts(self.where, input_dim=input_dim, output_dim=output_dim)
        self.input_dim: Any = int(input_dim)
        self.output_dim = int(output_dim)
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.mask_zero = mask_zero
        if weights is not None:
            self.build((None,))
            self.set_weights(weights if isinstance(weights, list) else [weights])

    def build(self, input_shape: Any) -> None:
        """Make the table."""
        self.embeddings = self.add_weight(
            "embeddings",
            (self.input_dim, self.output_dim),
            self.embeddings_initializer,
            self.embeddings_regularizer,
        )

    def call(self, x: Any) -> Any:
        """The row of each token."""
        return ops.embedding(self.embeddings, check_ids(x, self.input_dim, self.where))

    def check_data(self, x: Any, where: str) -> None:
        """Raise for a token outside the vocabulary; models ask this of their data."""
        check_ids(x, self.input_dim, f"{where}, read by {self.name!r}")

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """With `mask_zero`, True where a token is no padding."""
        return raw(inputs) != 0 if self.mask_zero else None

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """One axis more."""
        return (*input_shape, self.output_dim)


def need_counts(where: str, **named: Any) -> None:
    """Raise an ArgumentError for the first that is no whole number of at least 1."""
    need_numbers(where, "a whole number of at least 1", lambda v: v >= 1 and v == int(v), **named)
