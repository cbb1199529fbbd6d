"""Embedding: a vector of numbers for each token."""

from __future__ import annotations

from typing import Any

import numpy as np

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


@register
class ReversibleEmbedding(Embedding):
    """An embedding that also goes back: with `reverse=True`, y = x·embeddingsᵀ, a logit a token.

    x (batch, ..., output_dim) → (batch, ..., input_dim). Input and output of a language model then
    share one table.  (Press and Wolf 2017.)

    Args:
        input_dim: how many tokens there are; they are numbered from 0.
        output_dim: numbers in a vector.
        tie_weights: False gives the way back a table of its own, `reverse_embeddings`.
        embeddings_initializer: of the tables; uniform between −.05 and .05.
        embeddings_regularizer: penalty on the embeddings, added to the loss.
        mask_zero: token 0 is padding.
        reverse_dtype: the type in which the way back is computed; by default that of the layer.
        logit_soft_cap: c for logits c·tanh(y/c), that stay between −c and c.
        kwargs: as for every `Layer`.

    Raises:
        DataError: a token that is not in the table.
        ArgumentError: a number of rows or columns below 1; a cap that is not above 0.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.ReversibleEmbedding(3, 2, embeddings_initializer="ones")
        >>> layer(layer(np.array([[2]])), reverse=True)
        array([[[2., 2., 2.]]], dtype=float32)
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        mask_zero: bool = False,
        reverse_dtype: Any = None,
        logit_soft_cap: float | None = None,
        **kwargs: Any,
    ) -> None:
        self.tie_weights, self.reverse_dtype = bool(tie_weights), reverse_dtype
        self.logit_soft_cap = logit_soft_cap
        super().__init__(
            input_dim,
            output_dim,
            embeddings_initializer,
            embeddings_regularizer,
            mask_zero,
            **kwargs,
        )
        if logit_soft_cap is not None:
            need_numbers(
                self.where, "a number above 0", lambda v: v > 0, logit_soft_cap=logit_soft_cap
            )

    def build(self, input_shape: Any) -> None:
        """Make the table, or both."""
        super().build(input_shape)
        if not self.tie_weights:
            self.reverse_embeddings = self.add_weight(
                "reverse_embeddings",
                (self.output_dim, self.input_dim),
                self.embeddings_initializer,
            )

    def call(self, x: Any, reverse: bool = False) -> Any:
        """The row of each token; or a logit for each token."""
        if not reverse:
            return super().call(x)
        self.needs(
            np.shape(x)[-1:] == (self.output_dim,),
            "the vectors have another length than those of the table",
            f"(..., {self.output_dim})",
            tuple(np.shape(x)),
        )
        table = ops.transpose(self.embeddings) if self.tie_weights else self.reverse_embeddings
        if self.reverse_dtype is not None:
            x, table = (ops.cast(v, self.reverse_dtype) for v in (x, table))
        y = ops.matmul(x, table)
        cap = self.logit_soft_cap
        return y if cap is None else ops.tanh(y / cap) * cap

    def check_data(self, x: Any, where: str) -> None:
        """Raise for a token outside the vocabulary; vectors on their way back are none."""
        if np.asarray(x).dtype.kind in "biu":
            super().check_data(x, where)

    def compute_output_shape(self, input_shape: tuple, reverse: bool = False) -> tuple:
        """One axis more; or, going back, a logit a token."""
        if reverse:
            return (*input_shape[:-1], self.input_dim)
        return super().compute_output_shape(input_shape)

    def output_spec(
        self, shapes: tuple, inputs: tuple = (), own: Any = None, dtypes: Any = None
    ) -> tuple[Any, Any]:
        """(shape, type) of the output, going back where the call says so."""
        if not (own or {}).get("reverse"):
            return super().output_spec(shapes, inputs, own, dtypes)
        shape = self.compute_output_shape(shapes[0], reverse=True)
        return shape, np.dtype(self.reverse_dtype or self.dtype)


def need_counts(where: str, **named: Any) -> None:
    """Raise an ArgumentError for the first that is no whole number of at least 1."""
    need_numbers(where, "a whole number of at least 1", lambda v: v >= 1 and v == int(v), **named)
