"""Blocks of a transformer: attention, then a small network for each position, both with a way past.

With `normalize_first` each part reads the normalized sum of all before it (pre-norm, as GPT-2);
otherwise the sum is normalized behind each part (post-norm, as in the paper).

Source: Vaswani et al., *Attention is all you need* (2017); names as in KerasHub.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import activations, initializers
from ..arrays import lax, xp
from ..checks import need_numbers
from ..operators import raw
from .attention import MultiHeadAttention, need_share
from .base import Layer, register
from .dense import Dense
from .dropout import Dropout
from .embedding import need_counts
from .masks import as_mask
from .normalization import LayerNormalization


@register
class CachedMultiHeadAttention(MultiHeadAttention):
    """Multi-head attention that remembers keys and values, for generation one position at a time.

    Called as `MultiHeadAttention`, or with a cache, (batch, 2, length, heads, size): the keys and
    values of all positions so far, and zeros for those to come. Then the keys and values of the
    call are written at `cache_update_index` (without one nothing is written), the queries look at
    the whole cache where `attention_mask` allows it, and (output, cache) is returned. The cache is
    a constant: no gradient goes through it.

    Arguments as for `MultiHeadAttention`.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer, x = cr.layers.CachedMultiHeadAttention(2, 4), np.ones((1, 1, 8))
        >>> cache, mask = np.zeros((1, 2, 3, 2, 4)), np.array([[True, False, False]])
        >>> y, cache = layer(x, x, attention_mask=mask, cache=cache, cache_update_index=0)
        >>> y.shape, cache[0, 0, :, 0, 0].round(1).tolist()[1:]
        ((1, 1, 8), [0.0, 0.0])
    """

    def call(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
        training: bool = False,
        cache: Any = None,
        cache_update_index: Any = None,
    ) -> Any:
        """As MultiHeadAttention without a cache; with one (output, cache)."""
        if cache is None:
            return super().call(
                query, value, key, query_mask, value_mask, key_mask, attention_mask,
                return_attention_scores, use_causal_mask, training,
            )  # fmt: skip
        key = value if key is None else key
        size = self.value_dim or self.key_dim
        cache = raw(cache)
        self.needs(
            size == self.key_dim
            and len(cache.shape) == 5
            and cache.shape[:2] == (query.shape[0], 2)
            and tuple(cache.shape[3:]) == (self.num_heads, size),
            "the cache does not fit",
            f"{(query.shape[0], 2, 'length', self.num_heads, self.key_dim)}, value_dim as key_dim",
            tuple(cache.shape),
        )
        q, k, v = self._projections(query, key, value)
        if cache_update_index is not None:
            cache = put(cache, xp(raw(k)).stack([raw(k), raw(v)], axis=1), cache_update_index)
        mask = self._merged(query, cache[:, 0], None, None, None, attention_mask)
        y, _ = self._attend(q, cache[:, 0], cache[:, 1], mask, False, training, False)
        return self._together(y), cache

    def compute_output_shape(
        self, query_shape: tuple, value_shape: Any = None, key_shape: Any = None
    ) -> tuple:
        """As the query's."""
        return super().compute_output_shape(query_shape, value_shape, key_shape)


def put(cache: Any, block: Any, index: Any) -> Any:
    """The cache with a block of positions written from `index` on."""
    index = raw(index)
    if xp(cache, block, index) is np:
        cache = np.array(cache)
        cache[:, :, int(index) : int(index) + block.shape[2]] = block
        return cache
    m = xp(cache, block, index)
    zero = m.zeros((), "int32")
    start = (zero, zero, m.asarray(index).astype("int32"), zero, zero)
    return lax().dynamic_update_slice(m.asarray(cache), block.astype(cache.dtype), start)


class _Block(Layer):
    """What encoder and decoder share: their arguments, and the network for each position."""

    parts = {
        "activation": activations.registry,
        "kernel_initializer": initializers.registry,
        "bias_initializer": initializers.registry,
    }
    supports_masking = True
    takes_trees = integer_input = False

    def __init__(
        self,
        intermediate_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        activation: Any = "relu",
        layer_norm_epsilon: float = 1e-05,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        normalize_first: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        need_counts(self.where, intermediate_dim=intermediate_dim, num_heads=num_heads)
        need_share(self.where, dropout)
        epsilon = {"layer_norm_epsilon": layer_norm_epsilon}
        need_numbers(self.where, "0 or more", lambda v: v >= 0, **epsilon)
        self.intermediate_dim, self.num_heads, self.dropout = intermediate_dim, num_heads, dropout
        self.activation = activations.get(activation)
        self.layer_norm_epsilon, self.normalize_first = layer_norm_epsilon, normalize_first
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)

    def _features(self, shape: tuple) -> int:
        self.needs(
            len(shape) == 3 and shape[-1] is not None and shape[-1] % self.num_heads == 0,
            "a block takes sequences of vectors that its heads can share out",
            f"(batch, T, features), features a multiple of num_heads={self.num_heads}",
            tuple(shape),
        )
        return int(shape[-1] or 0)

    def _attention(self, name: str, features: int, others: Any = None) -> Any:
        """An attention layer, built for queries of so many features."""
        layer = CachedMultiHeadAttention(
            self.num_heads,
            features // self.num_heads,
            dropout=self.dropout,
            kernel_initializer=self.kernel_initializer,
            bias_initializer=self.bias_initializer,
            name=name,
            dtype=self.dtype,
        )
        layer.build(
            query_shape=(None, None, features), value_shape=(None, None, others or features)
        )
        return layer

    def _norm(self, name: str, features: int) -> Any:
        layer = LayerNormalization(epsilon=self.layer_norm_epsilon, name=name, dtype=self.dtype)
        layer.build((None, None, features))
        return layer

    def _network(self, features: int) -> None:
        """Two dense layers for each position, and what drops out."""
        about = {
            "kernel_initializer": self.kernel_initializer,
            "bias_initializer": self.bias_initializer,
            "dtype": self.dtype,
        }
        self.intermediate = Dense(
            self.intermediate_dim, self.activation, name="feedforward_intermediate", **about
        )
        self.intermediate.build((None, None, features))
        self.output_dense = Dense(features, name="feedforward_output", **about)
        self.output_dense.build((None, None, self.intermediate_dim))
        self.feedforward_norm = self._norm("feedforward_layer_norm", features)
        self.drop = Dropout(self.dropout, name="dropout") if self.dropout else None

    def _part(self, x: Any, norm: Any, compute: Any) -> Any:
        """x + compute(x), normalized before or behind."""
        y = compute(norm(x) if self.normalize_first else x)
        y = x + (y if self.drop is None else self.drop(y))
        return y if self.normalize_first else norm(y)

    def _feedforward(self, x: Any) -> Any:
        return self._part(
            x, self.feedforward_norm, lambda x: self.output_dense(self.intermediate(x))
        )

    def _mask(self, name: str, padding: Any, attention: Any, queries: int, keys: tuple) -> Any:
        """A padding mask of shape `keys`, (batch, S), and an attention mask as one, or None."""
        if padding is None:
            return attention
        padding = as_mask(padding, self.where, name)
        self.needs(
            tuple(padding.shape) == keys,
            f"{name} has the wrong shape",
            f"(batch, length) = {keys}",
            tuple(padding.shape),
        )
        padding = padding[:, None, :]
        if attention is None:
            return xp(padding).broadcast_to(padding, (keys[0], queries, keys[1]))
        attention = as_mask(attention, self.where, "attention_mask")
        return xp(padding, attention).logical_and(padding, attention)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """That of the first input."""
        return previous_mask[0] if isinstance(previous_mask, (tuple, list)) else previous_mask


@register
class TransformerEncoder(_Block):
    """A block whose positions all see each other: x (batch, T, features) → the same shape.

        x = x + attention(x);  x = x + W₂·f(W₁·x + b₁) + b₂

    Args:
        intermediate_dim: units between the two dense layers.
        num_heads: heads of the attention; features is a multiple of it.
        dropout: share that drops out behind each part, and of the probabilities.
        activation: f.
        layer_norm_epsilon: of the two layer normalizations.
        kernel_initializer: of all kernels.
        bias_initializer: of all biases.
        normalize_first: normalize what each part reads, not the sums.
        kwargs: as for every `Layer`.

    The call also takes `padding_mask`, (batch, T), True where a position counts; `attention_mask`,
    (batch, T, T); `return_attention_scores`. Masks from an Embedding travel by themselves.

    Raises:
        ShapeError: inputs or masks that do not fit, heads that do not divide the features.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> block = cr.layers.TransformerEncoder(intermediate_dim=16, num_heads=2)
        >>> block(np.ones((1, 3, 8))).shape, block.count_params()
        ((1, 3, 8), 600)
    """

    def build(self, inputs_shape: tuple) -> None:
        """Make attention, network and normalizations."""
        features = self._features(inputs_shape)
        self.attention = self._attention("self_attention", features)
        self.attention_norm = self._norm("self_attention_layer_norm", features)
        self._network(features)

    def call(
        self,
        inputs: Any,
        padding_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        mask: Any = None,
    ) -> Any:
        """The block's output; with `return_attention_scores` also the probabilities.

        `mask` is the mask that travels with the inputs, for where no padding_mask is given.
        """
        batch, length, _ = inputs.shape
        scores = []
        padding = mask if padding_mask is None else padding_mask
        mask = self._mask("padding_mask", padding, attention_mask, length, (batch, length))

        def attend(x: Any) -> Any:
            y = self.attention(
                x, x, attention_mask=mask, return_attention_scores=return_attention_scores
            )
            if return_attention_scores:
                y, p = y
                scores.append(p)
            return y

        x = self._feedforward(self._part(inputs, self.attention_norm, attend))
        return (x, scores[0]) if return_attention_scores else x

    def compute_output_shape(self, inputs_shape: tuple) -> tuple:
        """Unchanged."""
        return inputs_shape

    def output_spec(
        self, shapes: tuple, inputs: tuple = (), own: Any = None, dtypes: Any = None
    ) -> tuple[Any, Any]:
        """(shapes, type) of the output, and of the scores where they are asked for."""
        y, kind = super().output_spec(shapes, inputs, own, dtypes)
        if not (own or {}).get("return_attention_scores"):
            return y, kind
        batch, length, _ = shapes[0]
        return [y, (batch, self.num_heads, length, length)], kind


@register
class TransformerDecoder(_Block):
    """A block whose positions see themselves and those before: (batch, T, features) → the same.

        x = x + attention(x)                           causal
        x = x + attention(query=x, value=encoded)      with an encoder's output
        x = x + W₂·f(W₁·x + b₁) + b₂

    Called as `block(x)`, as in GPT, or `block(x, encoded)`.

    Args:
        intermediate_dim: units between the two dense layers.
        num_heads: heads of the attentions; features is a multiple of it.
        dropout: share that drops out behind each part, and of the probabilities.
        activation: f.
        layer_norm_epsilon: of the layer normalizations.
        kernel_initializer: of all kernels.
        bias_initializer: of all biases.
        normalize_first: normalize what each part reads, not the sums.
        kwargs: as for every `Layer`.

    Raises:
        ShapeError: inputs, masks or a cache that do not fit, heads that do not divide the features.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> block = cr.layers.TransformerDecoder(16, num_heads=2, normalize_first=True)
        >>> x = np.random.default_rng(0).normal(size=(1, 3, 8))
        >>> y, z = block(x), block(x[:, :2])
        >>> np.allclose(y[:, :2], z, atol=1e-5)
        True
    """

    def build(self, decoder_sequence_shape: tuple, encoder_sequence_shape: Any = None) -> None:
        """Make attentions, network and normalizations."""
        features = self._features(decoder_sequence_shape)
        self.attention = self._attention("self_attention", features)
        self.attention_norm = self._norm("self_attention_layer_norm", features)
        self.cross_attention: Any = None
        if encoder_sequence_shape is not None:
            others = encoder_sequence_shape[-1]
            self.cross_attention = self._attention("cross_attention", features, others)
            self.cross_attention_norm = self._norm("cross_attention_layer_norm", features)
        self._network(features)

    def call(
        self,
        decoder_sequence: Any,
        encoder_sequence: Any = None,
        decoder_padding_mask: Any = None,
        decoder_attention_mask: Any = None,
        encoder_padding_mask: Any = None,
        encoder_attention_mask: Any = None,
        self_attention_cache: Any = None,
        self_attention_cache_update_index: Any = None,
        cross_attention_cache: Any = None,
        cross_attention_cache_update_index: Any = None,
        use_causal_mask: bool = True,
        mask: Any = None,
    ) -> Any:
        """The block's output; with caches (output, self cache[, cross cache]).

        Args:
            decoder_sequence: x, (batch, T, features).
            encoder_sequence: what an encoder made of the other sequence, (batch, S, features).
            decoder_padding_mask: (batch, T), True where a position counts; (batch, length) with a
                cache.
            decoder_attention_mask: (batch, T, T), True where a position may look.
            encoder_padding_mask: (batch, S).
            encoder_attention_mask: (batch, T, S).
            self_attention_cache: keys and values so far, (batch, 2, length, heads, size); x are
                then the positions that come next.
            self_attention_cache_update_index: how many positions there were.
            cross_attention_cache: keys and values of the encoded sequence.
            cross_attention_cache_update_index: 0 to compute them, None to use them as they are.
            use_causal_mask: whether positions see themselves and those before only.
            mask: those that travel with the sequences, for where no padding mask is given.
        """
        self.needs(
            (encoder_sequence is None) == (self.cross_attention is None),
            "a block is built for a decoder's sequence alone, or for an encoder's beside it",
            "one sequence" if self.cross_attention is None else "two sequences",
            "two" if self.cross_attention is None else "one",
        )
        x, (batch, length, _) = decoder_sequence, decoder_sequence.shape
        own, other = (*mask, None)[:2] if isinstance(mask, (tuple, list)) else (mask, None)
        other = other if encoder_padding_mask is None else encoder_padding_mask
        cache, caches = self_attention_cache, []
        index = raw(self_attention_cache_update_index)
        if cache is None:
            own = own if decoder_padding_mask is None else decoder_padding_mask
            mask = self._mask(
                "decoder_padding_mask", own, decoder_attention_mask, length, (batch, length)
            )
        else:
            mask = self._seen(
                cache, index, length, own, decoder_padding_mask, decoder_attention_mask
            )

        def attend(x: Any) -> Any:
            if cache is None:
                return self.attention(x, x, attention_mask=mask, use_causal_mask=use_causal_mask)
            y, updated = self.attention(
                x, x, attention_mask=mask, cache=cache, cache_update_index=index
            )
            caches.append(updated)
            return y

        def look_across(x: Any) -> Any:
            keys = tuple(encoder_sequence.shape[:2])
            seen = self._mask("encoder_padding_mask", other, encoder_attention_mask, length, keys)
            if cross_attention_cache is None:
                return self.cross_attention(x, encoder_sequence, attention_mask=seen)
            y, updated = self.cross_attention(
                x, encoder_sequence, attention_mask=seen, cache=cross_attention_cache,
                cache_update_index=cross_attention_cache_update_index,
            )  # fmt: skip
            caches.append(updated)
            return y

        x = self._part(x, self.attention_norm, attend)
        if self.cross_attention is not None:
            x = self._part(x, self.cross_attention_norm, look_across)
        x = self._feedforward(x)
        return (x, *caches) if caches else x

    def _seen(
        self, cache: Any, index: Any, length: int, travels: Any, padding: Any, attention: Any
    ) -> Any:
        """Where positions index, index + 1, ... may look in the cache: at those up to their own."""
        self.needs(
            travels is None or padding is not None,
            "the mask of a sequence says nothing about those in the cache",
            "decoder_padding_mask of the whole cache",
            "a mask that travels with the sequence",
        )
        keys = (cache.shape[0], cache.shape[2])
        mask = self._mask("decoder_padding_mask", padding, attention, length, keys)
        positions = xp(cache, index).arange(cache.shape[2])
        seen = positions <= (0 if index is None else index) + np.arange(length)[:, None]
        return seen if mask is None else xp(seen, mask).logical_and(seen, raw(mask))

    def compute_output_shape(
        self, decoder_sequence_shape: tuple, encoder_sequence_shape: Any = None
    ) -> tuple:
        """Unchanged."""
        return decoder_sequence_shape
