"""A character transformer: a small GPT, which says of each token what comes next."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import layers, ops
from ..errors import ArgumentError
from ..layers import registry
from ..layers.embedding import need_counts
from ..models import Model
from ..operators import raw

__all__ = ["CharTransformer"]


@registry.add
class CharTransformer(Model):
    """Tokens (batch, T) → logits (batch, T, vocabulary_size) of the token behind each.

        x = embedding(token) + embedding(position)
        x = block(x)                 num_layers times: attention to what came before, a network
        logits = normalized(x)·W

    Normalized in front of each part (pre-norm), with trained positions, as GPT-2. Train it with
    `SparseCategoricalCrossentropy(from_logits=True)` on sequences moved by one, and let it write
    with `cr.models.generate`, which keeps keys and values between tokens.

    Args:
        vocabulary_size: how many tokens there are, numbered from 0.
        sequence_length: how many tokens the model sees at most.
        num_layers: how many blocks.
        num_heads: heads of each attention; hidden_dim is a multiple of it.
        hidden_dim: numbers in a vector.
        intermediate_dim: units of each network; 4·hidden_dim by default.
        dropout: share that drops out behind the embeddings and in the blocks.
        activation: of the networks.
        tie_weights: use the table of the embedding, transposed, as W.
        name: of the model.

    Raises:
        ArgumentError: a count below 1, heads that do not divide hidden_dim.
        ShapeError: more tokens than sequence_length.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> model = cr.applications.CharTransformer(65, 64)
        >>> model.predict(np.zeros((1, 8), int)).shape, model.count_params()
        ((1, 8, 65), 818241)

    Reference: A. Radford et al., *Language models are unsupervised multitask learners* (2019).
    """

    def __init__(
        self,
        vocabulary_size: int,
        sequence_length: int,
        num_layers: int = 4,
        num_heads: int = 4,
        hidden_dim: int = 128,
        intermediate_dim: int | None = None,
        dropout: float = 0.0,
        activation: Any = "gelu",
        tie_weights: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        counts = {"vocabulary_size": vocabulary_size, "sequence_length": sequence_length}
        counts |= {"num_layers": num_layers, "num_heads": num_heads, "hidden_dim": hidden_dim}
        if intermediate_dim is not None:
            counts["intermediate_dim"] = intermediate_dim
        need_counts(self.where, **counts)
        if hidden_dim % num_heads:
            raise ArgumentError(
                "the heads cannot share out the numbers of a vector",
                where=self.where,
                expected="hidden_dim a multiple of num_heads",
                received=f"{hidden_dim} and {num_heads}",
            )
        self.vocabulary_size, self.sequence_length = vocabulary_size, sequence_length
        self.num_layers, self.num_heads, self.hidden_dim = num_layers, num_heads, hidden_dim
        self.intermediate_dim, self.dropout, self.activation = intermediate_dim, dropout, activation
        self.tie_weights = tie_weights
        normal = "random_normal"
        self.tokens = layers.Embedding(vocabulary_size, hidden_dim, normal, name="tokens")
        self.positions = layers.PositionEmbedding(sequence_length, normal, name="positions")
        self.drop = layers.Dropout(dropout) if dropout else None
        self.blocks = [
            layers.TransformerDecoder(
                intermediate_dim or 4 * hidden_dim,
                num_heads,
                dropout=dropout,
                activation=activation,
                normalize_first=True,
                name=f"block_{i + 1}",
            )
            for i in range(num_layers)
        ]
        self.norm = layers.LayerNormalization(epsilon=1e-5, name="norm")
        self.head = None if tie_weights else layers.Dense(vocabulary_size, name="head")

    def check_data(self, x: Any, where: str) -> None:
        """Tokens are those of the vocabulary."""
        self.tokens.check_data(x, where)

    def call(self, x: Any) -> Any:
        """The logits of the token behind each."""
        x = self._embedded(x, 0)
        for block in self.blocks:
            x = block(x)
        return self._logits(x)

    def _embedded(self, tokens: Any, start: Any) -> Any:
        x = self.tokens(tokens)
        x = x + self.positions(x, start_index=start)
        return x if self.drop is None else self.drop(x)

    def _logits(self, x: Any) -> Any:
        x = self.norm(x)
        if self.head is not None:
            return self.head(x)
        return ops.dense(x, ops.transpose(self.tokens.embeddings))

    # --- generation -----------------------------------------------------------------------------

    def make_cache(self, batch: int, length: int) -> np.ndarray:
        """Zeros for the keys and values of so many positions in all blocks."""
        size = self.hidden_dim // self.num_heads
        return np.zeros((batch, self.num_layers, 2, length, self.num_heads, size), self.dtype)

    def call_with_cache(self, tokens: Any, cache: Any, index: Any) -> tuple[Any, Any]:
        """(logits, cache) of the tokens that stand at positions `index`, `index` + 1, ...

        Args:
            tokens: (batch, T), those that are new.
            cache: from `make_cache`, or the last call.
            index: (batch,), all equal: how many tokens there were before.
        """
        start = index[0]
        x, caches = self._embedded(tokens, start), []
        for i, block in enumerate(self.blocks):
            x, updated = block(
                x, self_attention_cache=cache[:, i], self_attention_cache_update_index=start
            )
            caches.append(ops.expand_dims(raw(updated), 1))
        return self._logits(x), ops.concatenate(caches, axis=1)
