"""Attention layers: each position of a sequence takes a mean of what it sees in another."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import initializers, ops, regularizers
from ..arrays import xp
from ..checks import need_numbers
from ..errors import ArgumentError, choose
from ..ops.attention import attention_and_scores, mean_under_scores
from .base import Layer, register
from .dropout import Dropout
from .embedding import need_counts
from .masks import as_mask


class _Heads(Layer):
    """Base of the layers with projected heads: MultiHeadAttention and GroupQueryAttention."""

    parts = {
        "kernel_initializer": initializers.registry,
        "bias_initializer": initializers.registry,
        "kernel_regularizer": regularizers.registry,
        "bias_regularizer": regularizers.registry,
    }
    supports_masking = True
    takes_trees = integer_input = False
    use_bias: bool
    kernel_initializer: Any
    bias_initializer: Any
    kernel_regularizer: Any
    bias_regularizer: Any
    attention_output_kernel: Any
    attention_output_bias: Any

    def _settings(self, dropout: float, seed: Any, **parts: Any) -> None:
        """Store the arguments that both have."""
        need_share(self.where, dropout)
        self.dropout, self.seed = dropout, seed
        for name, value in parts.items():
            of = initializers if name.endswith("initializer") else regularizers
            setattr(self, name, of.get(value))
        if dropout:
            self.dropped = Dropout(dropout, seed=seed)

    def _sizes(self) -> tuple[int, int, int, int]:
        """Heads, key heads, size of a query and key, size of a value."""
        raise NotImplementedError

    def _output_axes(self, query_shape: tuple) -> tuple[int, ...]:
        """The last axes of the output."""
        return query_shape[-1:]

    def build(self, query_shape: tuple, value_shape: tuple, key_shape: Any = None) -> None:
        """Make the four projections."""
        key_shape = value_shape if key_shape is None else key_shape
        self._fit(query_shape, value_shape, key_shape)
        heads, groups, size, value_size = self._sizes()
        self._project("query", (query_shape[-1], heads, size))
        self._project("key", (key_shape[-1], groups, size))
        self._project("value", (value_shape[-1], groups, value_size))
        out = self._output_axes(query_shape)
        self._project("attention_output", (heads, value_size, *out), bias=out)

    def _project(self, name: str, shape: tuple, bias: Any = None) -> None:
        """A kernel and a bias, in Keras's layout and order."""
        kernel = self.add_weight(
            f"{name}_kernel", shape, self.kernel_initializer, self.kernel_regularizer
        )
        setattr(self, f"{name}_kernel", kernel)
        setattr(self, f"{name}_bias", None)
        if self.use_bias:
            shape = shape[1:] if bias is None else bias
            added = self.add_weight(
                f"{name}_bias", shape, self.bias_initializer, self.bias_regularizer
            )
            setattr(self, f"{name}_bias", added)

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
    ) -> Any:
        """Project, attend, put the heads together.

        Args:
            query: what looks, (batch, T, features).
            value: what is taken, (batch, S, features).
            key: what is looked at, (batch, S, features); the values by default.
            query_mask: (batch, T), True where a position counts; travels with the query by itself,
                as the two that follow do with theirs.
            value_mask: (batch, S).
            key_mask: (batch, S).
            attention_mask: True where a position may look, (batch, T, S) or what repeats to
                (batch, heads, T, S). Two axes are (T, S), the same for every sample, as in Keras
                and PyTorch, also where batch = T: a mask of the keys, (batch, S), is `value_mask`.
                A position that may look nowhere gets the output's bias alone.
            return_attention_scores: also return the probabilities, (batch, heads, T, S), as they
                are before dropout.
            use_causal_mask: let position t look at positions up to t only.
            training: drop probabilities at random.
        """
        key = value if key is None else key
        self._fit(np.shape(query), np.shape(value), np.shape(key))
        masks = self._merged(query, value, query_mask, value_mask, key_mask, attention_mask)
        q, k, v = self._projections(query, key, value)
        y, scores = self._attend(q, k, v, masks, use_causal_mask, training, return_attention_scores)
        y = self._together(y)
        return (y, scores) if return_attention_scores else y

    def _projections(self, query: Any, key: Any, value: Any) -> tuple:
        """Queries, keys and values of every head."""
        inputs = (("query", query), ("key", key), ("value", value))
        if query is key and key is value:  # one product instead of three
            kernels = [getattr(self, f"{name}_kernel") for name, _ in inputs]
            biases = [getattr(self, f"{name}_bias") for name, _ in inputs]
            return tuple(side_by_side(query, kernels, biases))
        return tuple(
            _heads_of(x, getattr(self, f"{name}_kernel"), getattr(self, f"{name}_bias"))
            for name, x in inputs
        )

    def _attend(
        self, q: Any, k: Any, v: Any, mask: Any, causal: bool, training: bool, scores: bool
    ) -> tuple:
        """The attention, and the probabilities where they are asked for."""
        rate, key = 0.0, None
        if training and self.dropout:
            rate, key = self.dropout, self.dropped.next_key()
        options = {"mask": mask, "is_causal": causal, "dropout_rate": rate, "dropout_key": key}
        if scores:
            return attention_and_scores(q, k, v, **options)
        return ops.dot_product_attention(q, k, v, **options), None

    def _together(self, y: Any) -> Any:
        """(batch, T, heads, size) → the output."""
        b, t, heads, size = y.shape
        kernel, bias = self.attention_output_kernel, self.attention_output_bias
        out = kernel.shape[2:]
        rows = ops.reshape(y, (b, t, heads * size))
        kernel = ops.reshape(kernel, (heads * size, math.prod(out)))
        bias = None if bias is None else ops.reshape(bias, (math.prod(out),))
        y = ops.dense(rows, kernel, bias)
        return y if len(out) == 1 else ops.reshape(y, (b, t, *out))

    # --- masks ----------------------------------------------------------------------------------

    def _merged(
        self, query: Any, value: Any, query_mask: Any, value_mask: Any, key_mask: Any, given: Any
    ) -> Any:
        """All masks as one of four axes, or None."""
        b, t, s = query.shape[0], query.shape[1], value.shape[1]
        merged = self._mask("query_mask", query_mask, (b, 1, t, 1), (b, t))
        for name, mask in (("value_mask", value_mask), ("key_mask", key_mask)):
            merged = _both(merged, self._mask(name, mask, (b, 1, 1, s), (b, s)))
        if given is None:
            return merged
        given = as_mask(given, self.where, "attention_mask")
        shape = given.shape
        full = (shape[0], 1, *shape[1:]) if len(shape) == 3 else shape  # the same for all heads
        wanted = (b, self._sizes()[0], t, s)
        pairs = zip(reversed(full), reversed(wanted), strict=False)
        self.needs(
            2 <= len(shape) <= 4 and all(n in (1, m) for n, m in pairs),
            "the attention mask has the wrong shape",
            f"(batch, T, S) = {(b, t, s)}, or (batch, heads, T, S) = {wanted}",
            tuple(shape),
            "a mask of the keys, (batch, S), is value_mask" if shape == (b, s) else "",
        )
        return _both(merged, given.reshape(full))

    def _mask(self, name: str, mask: Any, shape: tuple, expected: tuple) -> Any:
        """The mask of one input, in four axes."""
        if mask is None:
            return None
        mask = as_mask(mask, self.where, name)
        self.needs(
            tuple(mask.shape) == expected,
            f"{name} has the wrong shape",
            f"(batch, length) = {expected}",
            tuple(mask.shape),
        )
        return mask.reshape(shape)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """That of the query."""
        return previous_mask[0] if isinstance(previous_mask, (tuple, list)) else previous_mask

    # --- shapes ---------------------------------------------------------------------------------

    def compute_output_shape(
        self, query_shape: tuple, value_shape: Any = None, key_shape: Any = None
    ) -> tuple:
        """As the query's, with the output's last axes."""
        return (*query_shape[:-1], *self._output_axes(query_shape))

    def output_spec(
        self, shapes: tuple, inputs: tuple = (), own: Any = None, dtypes: Any = None
    ) -> tuple[Any, Any]:
        """(shapes, type) of the output, and of the scores where they are asked for."""
        y, kind = super().output_spec(shapes, inputs, own, dtypes)
        if not (own or {}).get("return_attention_scores"):
            return y, kind
        query, value = shapes[:2]
        return [y, (query[0], self._sizes()[0], query[1], value[1])], kind

    def _fit(self, query: tuple, value: tuple, key: tuple) -> None:
        """Raise unless these shapes go together and fit the weights."""
        fits = len(query) == len(value) == len(key) == 3 and key[:2] == value[:2]
        fits = fits and (None in (query[0], key[0]) or query[0] == key[0])
        expected = "query (batch, T, features), value and key (batch, S, features)"
        if fits and self.built:
            names = ("query", "value", "key")
            features = [getattr(self, f"{name}_kernel").shape[0] for name in names]
            fits = [query[-1], value[-1], key[-1]] == features
            expected += f" with {', '.join(map(str, features))} features"
        self.needs(
            fits and None not in (query[-1], value[-1], key[-1]),
            "query, value and key do not fit",
            expected,
            f"query {tuple(query)}, value {tuple(value)}, key {tuple(key)}",
        )


@register
class MultiHeadAttention(_Heads):
    """Each head attends in a projection of its own; a last projection puts them together:

        headₙ = softmax(Q·Kᵀ/√key_dim)·V,  Q = query·W_Q,  K = key·W_K,  V = value·W_V
        y = Σₙ headₙ·W_O + b

    query (batch, T, features), value and key (batch, S, features) → (batch, T, features). Called
    as `layer(query, value)`, or `layer(x, x)` for self-attention. (Vaswani et al. 2017.)

    Args:
        num_heads: how many heads.
        key_dim: numbers in a query and a key of a head.
        value_dim: numbers in a value of a head; `key_dim` by default.
        dropout: share of the probabilities that are dropped while training.
        use_bias: whether the four projections have a bias.
        output_shape: last axes of the output; as many features as the query by default.
        kernel_initializer: of the kernels: query (features, heads, key_dim), key, value, and
            attention_output (heads, value_dim, features), in this order, as in Keras.
        bias_initializer: of the biases, (heads, key_dim) and (features,).
        kernel_regularizer: penalty on the kernels.
        bias_regularizer: penalty on the biases.
        seed: of the dropout.
        kwargs: as for every `Layer`.

    A position that may look nowhere gets the bias b alone, and no gradient goes through it (Keras:
    the mean of all values; PyTorch: NaN).

    Raises:
        ShapeError: inputs or masks that do not fit.
        ArgumentError: a count below 1, a share outside 0 to 1.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.MultiHeadAttention(num_heads=2, key_dim=4)
        >>> x = np.ones((1, 3, 8))
        >>> y, scores = layer(x, x, use_causal_mask=True, return_attention_scores=True)
        >>> y.shape, scores[0, 0].round(2).tolist()[1]
        ((1, 3, 8), [0.5, 0.5, 0.0])
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: Any = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        need_counts(self.where, num_heads=num_heads, key_dim=key_dim)
        if value_dim is not None:
            need_counts(self.where, value_dim=value_dim)
        axes = output_shape if isinstance(output_shape, (tuple, list)) else (output_shape,)
        if output_shape is not None:
            for n in axes:
                need_counts(self.where, output_shape=n)
        self.num_heads, self.key_dim, self.value_dim = num_heads, key_dim, value_dim
        self.use_bias = use_bias
        self._own_output = None if output_shape is None else tuple(axes)
        self._settings(
            dropout,
            seed,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
        )

    @property
    def output_shape(self) -> Any:
        """Last axes of the output, as they were given."""
        return self._own_output

    def _sizes(self) -> tuple[int, int, int, int]:
        size = self.value_dim or self.key_dim
        return self.num_heads, self.num_heads, self.key_dim, size

    def _output_axes(self, query_shape: tuple) -> tuple[int, ...]:
        return self._own_output or query_shape[-1:]


@register
class GroupQueryAttention(_Heads):
    """Multi-head attention in which several query heads share one key and value head.

    The keys and values to remember are num_query_heads/num_key_value_heads times fewer, which is
    what generation waits for. (Ainslie et al. 2023, *GQA*; one key head: Shazeer 2019.)

    Args:
        head_dim: numbers in a query, key and value of a head.
        num_query_heads: how many heads.
        num_key_value_heads: how many key heads; they divide the heads.
        dropout: share of the probabilities that are dropped while training.
        use_bias: whether the four projections have a bias.
        kernel_initializer: of the kernels, which are laid out as in MultiHeadAttention.
        bias_initializer: of the biases.
        kernel_regularizer: penalty on the kernels.
        bias_regularizer: penalty on the biases.
        seed: of the dropout.
        kwargs: as for every `Layer`.

    Raises:
        ShapeError: inputs or masks that do not fit.
        ArgumentError: heads that are no multiple of the key heads; a share outside 0 to 1.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.GroupQueryAttention(4, num_query_heads=6, num_key_value_heads=2)
        >>> x = np.ones((1, 3, 8))
        >>> layer(x, x).shape, layer.key_kernel.shape
        ((1, 3, 8), (8, 2, 4))
    """

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        need_counts(
            self.where,
            head_dim=head_dim,
            num_query_heads=num_query_heads,
            num_key_value_heads=num_key_value_heads,
        )
        if num_query_heads % num_key_value_heads:
            raise ArgumentError(
                "the query heads cannot be shared out evenly",
                where=self.where,
                expected="num_query_heads a multiple of num_key_value_heads",
                received=f"{num_query_heads} and {num_key_value_heads}",
            )
        self.head_dim, self.num_query_heads = head_dim, num_query_heads
        self.num_key_value_heads, self.use_bias = num_key_value_heads, use_bias
        self._settings(
            dropout,
            seed,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
        )

    def _sizes(self) -> tuple[int, int, int, int]:
        return self.num_query_heads, self.num_key_value_heads, self.head_dim, self.head_dim


@register
class Attention(Layer):
    """softmax(scores)·value, without projections: called on `[query, value]` or
    `[query, value, key]`:

        scores = query·keyᵀ·scale               score_mode "dot"  (Luong et al. 2015)
                 w·Σ tanh(scale·(query + key))  score_mode "concat"

    query (batch, T, size), value and key (batch, S, size) → (batch, T, size). Positions of the
    value that are masked are left out, those of the query come out as zeros.

    Args:
        use_scale: whether `scale` is a trained number, at first 1; else it is 1. (It is not
            1/√size, as in MultiHeadAttention.)
        score_mode: `"dot"` or `"concat"`; the latter has a trained number w.
        dropout: share of the probabilities that are dropped while training.
        seed: of the dropout.
        kwargs: as for every `Layer`.

    The call also takes `return_attention_scores`, for (output, probabilities), and
    `use_causal_mask`. A position that may look nowhere gets zeros (Keras: a mean of values that it
    may not see).

    Raises:
        ShapeError: inputs or masks that do not fit.
        ArgumentError: an unknown score_mode, a share outside 0 to 1.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> query, value = np.zeros((1, 1, 2)), np.array([[[1.0, 2.0], [3.0, 4.0]]])
        >>> cr.layers.Attention()([query, value])
        array([[[2., 3.]]], dtype=float32)
    """

    supports_masking = True
    integer_input = False

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        need_share(self.where, dropout)
        if score_mode not in ("dot", "concat"):
            raise choose("score_mode", score_mode, ("dot", "concat"), where=self.where)
        self.use_scale, self.score_mode = use_scale, score_mode
        self.dropout, self.seed = dropout, seed
        if dropout:
            self.dropped = Dropout(dropout, seed=seed)

    def build(self, input_shape: Any) -> None:
        """Make the trained numbers."""
        self._fit(input_shape)
        self.scale = self.add_weight("scale", (), "ones") if self.use_scale else None
        concat = self.score_mode == "concat"
        self.concat_score_weight = (
            self.add_weight("concat_score_weight", (), "ones") if concat else None
        )

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: bool = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """The mean of the values under the scores."""
        self._fit([np.shape(x) for x in inputs])
        query, value = inputs[:2]
        key = inputs[2] if len(inputs) > 2 else value
        masks = tuple(mask) if isinstance(mask, (tuple, list)) else (None, None)
        looks, seen = (self._mask(m, x) for m, x in zip(masks, (query, value), strict=False))
        allowed = None if seen is None else seen[:, None, :]
        rate = self.dropout if training else 0.0
        y, p = mean_under_scores(
            self._scores(query, key),
            value,
            allowed,
            use_causal_mask,
            rate,
            self.dropped.next_key() if rate else None,
        )
        if looks is not None:
            y = ops.multiply(y, looks[:, :, None].astype(y.dtype))
        return (y, p) if return_attention_scores else y

    def _scores(self, query: Any, key: Any) -> Any:
        """(batch, T, S)."""
        if self.score_mode == "dot":
            if self.scale is not None:
                query = query * self.scale
            return ops.matmul(query, ops.transpose(key, (0, 2, 1)))
        pairs = ops.expand_dims(query, 2) + ops.expand_dims(key, 1)
        pairs = pairs if self.scale is None else pairs * self.scale
        return self.concat_score_weight * ops.sum(ops.tanh(pairs), axis=-1)

    def _mask(self, mask: Any, x: Any) -> Any:
        if mask is None:
            return None
        mask = as_mask(mask, self.where)
        self.needs(
            tuple(mask.shape) == tuple(x.shape[:2]),
            "a mask has the wrong shape",
            f"(batch, length) = {tuple(x.shape[:2])}",
            tuple(mask.shape),
        )
        return mask

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """That of the query."""
        return previous_mask[0] if isinstance(previous_mask, (tuple, list)) else None

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """As many positions as the query, as many numbers as a value."""
        return (*input_shape[0][:-1], input_shape[1][-1])

    def output_spec(
        self, shapes: tuple, inputs: tuple = (), own: Any = None, dtypes: Any = None
    ) -> tuple[Any, Any]:
        """(shapes, type) of the output, and of the scores where they are asked for."""
        y, kind = super().output_spec(shapes, inputs, own, dtypes)
        if not (own or {}).get("return_attention_scores"):
            return y, kind
        return [y, (*shapes[0][0][:2], shapes[0][1][1])], kind

    def _fit(self, shapes: Any) -> None:
        """Raise unless these shapes go together."""
        fits = isinstance(shapes, (list, tuple)) and len(shapes) in (2, 3)
        fits = fits and all(isinstance(s, (tuple, list)) and len(s) == 3 for s in shapes)
        if fits:
            query, value, key = (*shapes, shapes[1])[:3]
            fits = query[-1] == key[-1] and value[1] == key[1] and query[0] == value[0] == key[0]
        self.needs(
            fits,
            "query, value and key do not fit",
            "[query (batch, T, size), value (batch, S, ...), key (batch, S, size)]",
            shapes,
            "layer([query, value])",
        )


@register
class AdditiveAttention(Attention):
    """Attention whose scores are scale·tanh(query + key), summed over the size.

    query (batch, T, size), value and key (batch, S, size) → (batch, T, size), called on
    `[query, value]` or `[query, value, key]`. (Bahdanau et al. 2014.)

    Args:
        use_scale: whether `scale` is trained, one number for each of the size; else it is 1.
        dropout: share of the probabilities that are dropped while training.
        kwargs: as for every `Layer`; and `seed`, of the dropout.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> query, value = np.zeros((1, 1, 2)), np.array([[[1.0, 2.0], [1.0, 2.0]]])
        >>> cr.layers.AdditiveAttention()([query, value])
        array([[[1., 2.]]], dtype=float32)
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, **kwargs: Any) -> None:
        seed = kwargs.pop("seed", None)
        super().__init__(use_scale=use_scale, dropout=dropout, seed=seed, **kwargs)

    def build(self, input_shape: Any) -> None:
        """Make the scale."""
        self._fit(input_shape)
        size = (input_shape[0][-1],)
        self.scale = self.add_weight("scale", size) if self.use_scale else None

    def _scores(self, query: Any, key: Any) -> Any:
        pairs = ops.tanh(ops.expand_dims(query, 2) + ops.expand_dims(key, 1))
        return ops.sum(pairs if self.scale is None else pairs * self.scale, axis=-1)


def side_by_side(x: Any, kernels: list, biases: list) -> list:
    """x·kernel + bias for several kernels (n, heads, size), computed as one product."""
    shapes = [k.shape for k in kernels]
    widths = [math.prod(s[1:]) for s in shapes]
    flat = [ops.reshape(k, (s[0], n)) for k, s, n in zip(kernels, shapes, widths, strict=True)]
    bias = None
    if biases[0] is not None:
        bias = ops.concatenate([ops.reshape(b, (n,)) for b, n in zip(biases, widths, strict=True)])
    y = ops.dense(x, ops.concatenate(flat, axis=1), bias)
    ends = np.cumsum(widths)[:-1].tolist()
    return [
        ops.reshape(part, (*x.shape[:-1], *s[1:]))
        for part, s in zip(ops.split(y, ends, axis=-1), shapes, strict=True)
    ]


def _heads_of(x: Any, kernel: Any, bias: Any) -> Any:
    """(batch, T, n) by (n, heads, size) → (batch, T, heads, size)."""
    return side_by_side(x, [kernel], [bias])[0]


def _both(a: Any, b: Any) -> Any:
    """Where both masks allow it; None allows everything."""
    if a is None or b is None:
        return b if a is None else a
    return xp(a, b).logical_and(a, b)


def need_share(where: str, dropout: Any) -> None:
    """Raise unless dropout is a share that leaves something."""
    need_numbers(where, "a number from 0 to 1", lambda v: 0 <= v <= 1, dropout=dropout)
