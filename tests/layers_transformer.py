"""Blocks and positions: rows of the table of layers; the blocks' formulas in plain lists."""

from __future__ import annotations

from typing import Any

import mpmath as mp

from layer_row import LayerRow, dense, mpf
from layers_attention import multi_head, self_attention


def norm(x: list, scale: list, shift: list, epsilon: str = "1e-5") -> list:
    """Each vector less its mean, through √(variance + ε)."""
    if isinstance(x[0], list):
        return [norm(row, scale, shift, epsilon) for row in x]
    mean = mp.fsum(x) / len(x)
    deviation = mp.sqrt(mp.fsum((v - mean) ** 2 for v in x) / len(x) + mpf(float(epsilon)))
    return [(v - mean) / deviation * a + b for v, a, b in zip(x, scale, shift, strict=True)]


def plus(x: list, y: list) -> list:
    if isinstance(x, list):
        return [plus(a, b) for a, b in zip(x, y, strict=True)]
    return x + y


def block(first: bool, causal: bool) -> Any:
    """x + attention, x + network, normalized before or behind."""

    def of(x: list, *w: Any) -> list:
        attention, n1, w1, w2, n2 = w[:8], w[8:10], w[10:12], w[12:14], w[14:16]
        parts = [
            (n1, lambda z: multi_head(is_causal=causal)(z, *attention)),
            (n2, lambda z: dense()(dense(mp.tanh)(z, *w1), *w2)),
        ]
        for of_norm, compute in parts:
            x = (
                plus(x, compute(norm(x, *of_norm)))
                if first
                else norm(plus(x, compute(x)), *of_norm)
            )
        return x

    return of


def waves(x: list) -> list:
    n = len(x[0][0])

    def wave(t: int, k: int) -> Any:
        angle = t / mpf(10000) ** (mpf(k - k % 2) / n)
        return mp.cos(angle) if k % 2 else mp.sin(angle)

    return [[[v * wave(t, k) for k, v in enumerate(row)] for t, row in enumerate(s)] for s in x]


def turned(x: list) -> list:
    def turn(t: int, row: list) -> list:
        n = len(row) // 2
        angles = [t / mpf(100) ** (mpf(2 * i) / (2 * n)) for i in range(n)]
        return [row[i] * mp.cos(p) - row[n + i] * mp.sin(p) for i, p in enumerate(angles)] + [
            row[n + i] * mp.cos(p) + row[i] * mp.sin(p) for i, p in enumerate(angles)
        ]

    return [[turn(t, row) for t, row in enumerate(sample)] for sample in x]


def times_x(layer: Any, shape: tuple) -> Any:
    """Encodings do not depend on x: multiplied by it they have a gradient."""
    import chainrule as cr

    x = cr.Input(shape, dtype=layer.dtype)
    return cr.Model(x, x * layer(x))


SMALL = {"activation": "tanh", "layer_norm_epsilon": 1e-5}
SHAPE = (2, 3, 4)

LAYERS = [
    LayerRow("TransformerEncoder", block(False, False), (3, 2), SMALL, shape=SHAPE, tag="post"),
    LayerRow(
        "TransformerDecoder",
        block(True, True),
        (3, 2),
        SMALL | {"normalize_first": True},
        shape=(2, 2, 4),
        tag="pre",
    ),
    LayerRow(
        "CachedMultiHeadAttention",
        multi_head(),
        (2, 3),
        shape=SHAPE,
        around=self_attention(),
        tag="no cache",
    ),
    LayerRow(
        "PositionEmbedding",
        lambda x, table: [
            [[v * t for v, t in zip(row, table[i], strict=True)] for i, row in enumerate(s)]
            for s in x
        ],
        (3,),
        shape=SHAPE,
        around=times_x,
    ),
    LayerRow("SinePositionEncoding", waves, shape=SHAPE, around=times_x),
    LayerRow("RotaryEmbedding", turned, (), {"max_wavelength": 100}, shape=SHAPE),
]
