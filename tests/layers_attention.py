"""Layers of attention and embedding: rows of the table of layers."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np

import chainrule as cr
from layer_row import LayerRow, mpf, softmax
from table_attention import attention


def self_attention(**call: Any) -> Any:
    """The layer looking from a sequence at itself."""

    def around(layer: Any, shape: tuple) -> Any:
        x = cr.Input(shape, dtype=layer.dtype)
        return cr.Model(x, layer(x, x, **call))

    return around


def signs_as_tokens(layer: Any, shape: tuple) -> Any:
    """Tokens are 1 where x is above 0, else 0; each vector is multiplied by its x."""
    x = cr.Input(shape, dtype=layer.dtype)
    tokens = cr.ops.cast(x > 0.0, "int32")
    return cr.Model(x, layer(tokens) * cr.ops.expand_dims(x, -1))


def there_and_back(layer: Any, shape: tuple) -> Any:
    """As `signs_as_tokens`, and from the vectors back to a logit for each token."""
    x = cr.Input(shape, dtype=layer.dtype)
    tokens = cr.ops.cast(x > 0.0, "int32")
    return cr.Model(x, layer(layer(tokens) * cr.ops.expand_dims(x, -1), reverse=True))


def on_itself(**call: Any) -> Any:
    """As `self_attention`, for layers that take a list."""

    def around(layer: Any, shape: tuple) -> Any:
        x = cr.Input(shape, dtype=layer.dtype)
        return cr.Model(x, layer([x, x], **call))

    return around


def plain(score: Any, causal: bool = False) -> Any:
    """Σ softmax(score(query, key))·value for each position; weights go to the score."""

    def of(x: list, *weights: Any) -> list:
        found = []
        for sample in x:
            found.append([])
            for i, q in enumerate(sample):
                seen = sample[: i + 1] if causal else sample
                p = softmax([score(q, k, *weights) for k in seen])
                found[-1].append(
                    [mp.fsum(w * v[c] for w, v in zip(p, seen, strict=True)) for c in range(len(q))]
                )
        return found

    return of


def dot(q: list, k: list, scale: Any = 1) -> Any:
    return scale * mp.fsum(a * b for a, b in zip(q, k, strict=True))


def additive(q: list, k: list, scale: list) -> Any:
    return mp.fsum(s * mp.tanh(a + b) for s, a, b in zip(scale, q, k, strict=True))


def concat(q: list, k: list, scale: Any, w: Any) -> Any:
    return w * mp.fsum(mp.tanh(scale * (a + b)) for a, b in zip(q, k, strict=True))


def project(x: list, kernel: list, bias: Any) -> list:
    """(batch, T, n) by (n, heads, size): Σ over n for each head."""
    heads, size = len(kernel[0]), len(kernel[0][0])
    return [
        [
            [
                [
                    mp.fsum(row[i] * kernel[i][h][c] for i in range(len(row)))
                    + (bias[h][c] if bias else 0)
                    for c in range(size)
                ]
                for h in range(heads)
            ]
            for row in sample
        ]
        for sample in x
    ]


def multi_head(bias: bool = True, **options: Any) -> Any:
    """Project, attend head by head, Σ over heads and sizes."""

    def of(x: list, *weights: list) -> list:
        weights = weights[: 8 if bias else 4]
        if bias:
            pairs = list(zip(weights[::2], weights[1::2], strict=True))
        else:
            pairs = [(w, None) for w in weights]
        q, k, v = (project(x, *pair) for pair in pairs[:3])
        y = attention(q, k, v, **options)
        kernel, b = pairs[3]
        return [
            [
                [
                    mp.fsum(
                        row[h][c] * kernel[h][c][o]
                        for h in range(len(row))
                        for c in range(len(row[0]))
                    )
                    + (b[o] if b else 0)
                    for o in range(len(kernel[0][0]))
                ]
                for row in sample
            ]
            for sample in y
        ]

    return of


def embedded(x: list, table: list) -> list:
    return [[[v * mpf(t) for t in table[int(v > 0)]] for v in row] for row in x]


def there_and_back_again(x: list, table: list) -> list:
    """3·tanh(y/3) of each token's vector times the others."""
    return [
        [[3 * mp.tanh(dot(v, t) / 3) for t in table] for v in row] for row in embedded(x, table)
    ]


NARROW = np.array([[True, False, False], [True, True, False], [False, True, True]])

LAYERS = [
    LayerRow("Embedding", embedded, (2, 3), kink=(0.0,), around=signs_as_tokens),
    LayerRow(
        "ReversibleEmbedding",
        there_and_back_again,
        (2, 3),
        {"logit_soft_cap": 3.0},
        kink=(0.0,),
        around=there_and_back,
    ),
    LayerRow(
        "Embedding",
        embedded,
        (2, 2),
        {"mask_zero": True},
        kink=(0.0,),
        around=signs_as_tokens,
        tag="padding",
    ),
    # The same added to all keys changes no probability: the gradient of the keys' bias is rounding
    # alone, and Adam makes steps of any rounding. So the rows trained on both engines have none.
    LayerRow(
        "MultiHeadAttention",
        multi_head(False),
        (2, 3),
        {"use_bias": False},
        shape=(2, 3, 4),
        around=self_attention(),
    ),
    LayerRow(
        "MultiHeadAttention",
        multi_head(),
        (2, 3),
        shape=(2, 3, 4),
        around=self_attention(),
        tag="bias",
    ),
    LayerRow(
        "MultiHeadAttention",
        multi_head(False, is_causal=True),
        (1, 2),
        {"value_dim": 3, "use_bias": False, "output_shape": [5]},
        shape=(2, 3, 4),
        around=self_attention(use_causal_mask=True),
        tag="causal",
    ),
    LayerRow(
        "MultiHeadAttention",
        multi_head(mask=NARROW.tolist()),
        (2, 3),
        {"dropout": 0.5, "seed": 3},
        shape=(2, 3, 4),
        around=self_attention(attention_mask=NARROW),
        tag="mask",
    ),
    LayerRow(
        "GroupQueryAttention",
        multi_head(False),
        (3, 4, 2),
        {"use_bias": False},
        shape=(2, 3, 4),
        around=self_attention(),
    ),
    LayerRow(
        "GroupQueryAttention",
        multi_head(is_causal=True),
        (3, 4, 2),
        shape=(2, 3, 4),
        around=self_attention(use_causal_mask=True),
        tag="bias, causal",
    ),
    LayerRow("Attention", plain(dot), shape=(2, 3, 4), around=on_itself()),
    LayerRow(
        "Attention",
        plain(dot, causal=True),
        (),
        {"use_scale": True, "dropout": 0.5, "seed": 3},
        shape=(2, 3, 4),
        around=on_itself(use_causal_mask=True),
        tag="scale, causal",
    ),
    LayerRow(
        "Attention",
        plain(concat),
        (),
        {"use_scale": True, "score_mode": "concat"},
        shape=(2, 3, 4),
        around=on_itself(),
        tag="concat",
    ),
    LayerRow("AdditiveAttention", plain(additive), shape=(2, 3, 4), around=on_itself()),
]
