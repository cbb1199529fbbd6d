"""Attention and embedding: the formula in loops over lists."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np

from row import CANCEL, Row, at, dims_of, real, softmax


def attention(q: Any, k: Any, v: Any, bias: Any = None, mask: Any = None, **options: Any) -> Any:
    """Σ over s of softmax(q_t·k_s·scale + bias)·v_s, one head at a time."""
    (batch, t, heads, size), (_, s, groups, _) = dims_of(q), dims_of(k)
    scale = options.get("scale") or 1 / mp.sqrt(size)

    def entry(array: Any, *index: int) -> Any:
        own = dims_of(array)
        index = index[4 - len(own) :]
        return at(array, tuple(0 if n == 1 else i for i, n in zip(index, own, strict=True)))

    def row(b: int, i: int, n: int) -> list:
        g = n // (heads // groups)
        looks = [
            j
            for j in range(s)
            if (mask is None or entry(mask, b, n, i, j))
            and not (options.get("is_causal") and j > i)
        ]
        if not looks:
            return [mp.mpf(0)] * dims_of(v)[3]
        scores = [
            scale * mp.fsum(x * y for x, y in zip(q[b][i][n], k[b][j][g], strict=True))
            + (0 if bias is None else entry(bias, b, n, i, j))
            for j in looks
        ]
        p = softmax(scores)
        return [
            mp.fsum(w * v[b][j][g][c] for w, j in zip(p, looks, strict=True))
            for c in range(dims_of(v)[3])
        ]

    return [[[row(b, i, n) for n in range(heads)] for i in range(t)] for b in range(batch)]


def _mask(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).uniform(size=shape) < 0.6


NOWHERE = _mask(2, 1, 3, 4)
NOWHERE[1, :, 1] = False  # one position may look nowhere

QKV = (real(2, 3, 2, 3), real(2, 4, 2, 3), real(2, 4, 2, 2))
GROUPED = (real(2, 3, 4, 3), real(2, 4, 2, 3), real(2, 4, 2, 2))
SAME = {"scale": 2, "why": CANCEL, "ulp": 8}
NAME = "dot_product_attention"

ROWS = [
    Row(NAME, QKV, attention, **SAME),
    Row(NAME, QKV, attention, {"is_causal": True, "scale": 0.5}, tag="causal, scale", **SAME),
    Row(NAME, (*QKV, real(1, 2, 3, 4)), attention, tag="bias", **SAME),
    Row(NAME, (*QKV, real(3, 4), NOWHERE), attention, tag="a row that looks nowhere", **SAME),
    Row(
        NAME,
        (*GROUPED, real(2, 4, 1, 4), _mask(3, 4)),
        attention,
        {"is_causal": True},
        tag="grouped",
        **SAME,
    ),
    Row(
        NAME,
        (real(1, 2, 3, 2), real(1, 2, 1, 2), real(1, 2, 1, 2)),
        attention,
        tag="one key head",
        **SAME,
    ),
    Row(
        "embedding",
        (real(5, 3), np.array([[4, 0, 4], [4, 2, 0]])),
        lambda table, ids: [[table[i] for i in row] for row in ids],
    ),
    Row("embedding", (real(5, 3), np.array(3)), lambda table, i: table[i], tag="one"),
]
