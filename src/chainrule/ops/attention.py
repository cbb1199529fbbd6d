"""Attention: which positions of a sequence look at which, and how much.

Scores are products of queries with keys, probabilities their softmax over the keys, the result the
mean of the values under them. In one operation their numerators are the only large array that is
kept for the way back, and every product is one over flattened batches of matrices, which NumPy and
XLA both run quickest.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import rng
from ..arrays import xp
from ..errors import ArgumentError, ShapeError
from ..operators import raw
from .activations import softmax
from .base import broadcast_shape, op
from .elementwise import add, multiply, where
from .products import matmul
from .shapes import take, transpose

__all__ = ["dot_product_attention"]

_WHERE = "dot_product_attention"


@op(numbers=4, widen=False)
def dot_product_attention(
    query,
    key,
    value,
    bias=None,
    mask=None,
    scale=None,
    is_causal=False,
    dropout_rate=0.0,
    dropout_key=None,
):
    """softmax(Q·Kᵀ·scale + bias)·V for each head.  Derivatives: dV = Pᵀ·dY,
    dS = P·(dY·Vᵀ − Σ dY·Y), dQ = dS·K·scale, dK = dSᵀ·Q·scale, dbias = dS.

    With P the probabilities and S the scores: the gradient of the softmax needs Σⱼ Pⱼ·dPⱼ, which is
    Σ dY·Y, a sum over the shorter axis. (Vaswani et al., *Attention is all you need*, 2017; grouped
    heads: Ainslie et al. 2023; the shorter sum: Dao et al. 2022.)

    Args:
        query: (batch, T, heads, size).
        key: (batch, S, key_heads, size). With fewer key heads than heads, each serves
            heads/key_heads neighbouring heads.
        value: (batch, S, key_heads, value_size).
        bias: added to the scores, of a shape that fits (batch, heads, T, S).
        mask: True where a position may look, of a shape that fits (batch, heads, T, S). A position
            that may look nowhere gets zeros, and passes no gradient on (Keras gives it the mean
            of all values, PyTorch NaN). Where it may not look, the value is multiplied by 0: a
            NaN that stands there comes through, 0·NaN, as in Keras and PyTorch.
        scale: 1/√size by default.
        is_causal: let position t look at positions up to t only.
        dropout_rate: share of the probabilities set to 0 at random, the rest divided by
            1 − dropout_rate.
        dropout_key: of the random numbers, from `rng`; the same key drops the same.

    Returns:
        (batch, T, heads, value_size).

    Raises:
        ShapeError: the shapes do not fit each other, or the heads are no multiple of the key heads.
        ArgumentError: a mask of floats, or dropout without a key.

    Example:
        >>> q = np.array([[[[0.0]], [[1.0]]]])  # two positions, one head of size 1
        >>> v = np.array([[[[1.0]], [[3.0]]]])
        >>> dot_product_attention(q, q, v).ravel().round(4)
        array([2.    , 2.4621])
        >>> dot_product_attention(q, q, v, is_causal=True).ravel().round(4)
        array([1.    , 2.4621])
    """
    mask = raw(np.asarray(mask) if isinstance(mask, (list, tuple)) else mask)
    (b, t, n, h), (_, s, groups, h_v) = _fit(query, key, value, bias, mask)
    m, scale = xp(query, key, value, bias, mask), 1 / math.sqrt(h) if scale is None else scale
    dtype = value.dtype
    q, k, v = (_by_head(x, groups) for x in (query * scale, key, value))
    scores = m.reshape(m.matmul(q, _t(k)), (b, n, t, s))
    if dtype.itemsize < 4:  # half precision: products in it, exponentials in float32
        scores = scores.astype("float32")
    if bias is not None:
        scores = scores + bias
    allowed = _allowed(m, mask, is_causal, t, s)
    e, over = _exponentials(m, scores, allowed, mask is not None)
    keep = _keep(m, (b, n, t, s), dropout_rate, dropout_key, e.dtype)
    # P is e·over, but never stands in memory: rows of Y are divided, which are shorter
    matrices, rows = (b * groups, n // groups * t, s), (b * groups, n // groups * t, 1)
    flat = m.reshape((e if keep is None else e * keep).astype(dtype), matrices)
    by_row = m.reshape(over, rows).astype(dtype)
    y = m.matmul(flat, v) * by_row

    def back(d_y):
        d = m if xp(d_y) is np else xp(d_y)
        d_rows = _by_head(d_y, groups)
        d_v = d.matmul(_t(flat), d_rows * by_row)
        d_p = d.reshape(d.matmul(d_rows, _t(v)), (b, n, t, s))
        mean = d.reshape((d_rows * y).sum(axis=-1), (b, n, t, 1))
        d_scores = e * over * ((d_p if keep is None else d_p * keep) - mean)
        d_flat = d.reshape(d_scores.astype(dtype), matrices)
        return (
            _from_heads(d.matmul(d_flat, k) * scale, query.shape),
            _from_heads(d.matmul(_t(d_flat), q), key.shape),
            _from_heads(d_v, value.shape),
            None if bias is None else d_scores,
        )

    return _from_heads(y, (b, t, n, h_v)), back


@dot_product_attention.composed
def _(
    query,
    key,
    value,
    bias=None,
    mask=None,
    scale=None,
    is_causal=False,
    dropout_rate=0.0,
    dropout_key=None,
):
    return attention_and_scores(
        query, key, value, bias, mask, scale, is_causal, dropout_rate, dropout_key
    )[0]


def attention_and_scores(
    query,
    key,
    value,
    bias=None,
    mask=None,
    scale=None,
    is_causal=False,
    dropout_rate=0.0,
    dropout_key=None,
):
    """(attention, probabilities before dropout), step by step; arguments as above."""
    mask = raw(np.asarray(mask) if isinstance(mask, (list, tuple)) else mask)
    (*_, n, h), (*_, groups, _) = _fit(query, key, value, bias, mask)
    if groups != n:  # each key head serves several heads
        serving = np.arange(n) // (n // groups)
        key, value = take(key, serving, axis=2), take(value, serving, axis=2)
    q = transpose(query, (0, 2, 1, 3))  # (batch, heads, T, size)
    scores = matmul(q, transpose(key, (0, 2, 3, 1)))
    scores = multiply(scores, 1 / math.sqrt(h) if scale is None else scale)
    if bias is not None:
        scores = add(scores, bias)
    y, p = mean_under_scores(
        scores, transpose(value, (0, 2, 1, 3)), mask, is_causal, dropout_rate, dropout_key
    )
    return transpose(y, (0, 2, 1, 3)), p


def mean_under_scores(
    scores: Any, values: Any, mask: Any, is_causal: bool, dropout_rate: float, dropout_key: Any
) -> tuple:
    """(Σ softmax(scores)·values, the probabilities before dropout), step by step.

    scores (..., T, S), values (..., S, size), mask (..., T, S) → (..., T, size), (..., T, S).
    """
    m, shape = xp(raw(scores), raw(values)), np.shape(scores)
    allowed = _allowed(m, mask, is_causal, *shape[-2:])
    if allowed is not None:
        scores = where(allowed, scores, -1e30 if scores.dtype.itemsize > 2 else -6e4)
    p = softmax(scores)
    if mask is not None and allowed is not None:  # a row that may look nowhere
        p = multiply(p, allowed.any(axis=-1, keepdims=True).astype(p.dtype))
    keep = _keep(m, shape, dropout_rate, dropout_key, p.dtype)
    return matmul(p if keep is None else multiply(p, keep), values), p


def _fit(query: Any, key: Any, value: Any, bias: Any, mask: Any) -> tuple[tuple, tuple]:
    """((batch, T, heads, size), (batch, S, key heads, value size)) of arguments that fit."""
    q, k, v = np.shape(query), np.shape(key), np.shape(value)
    fits = len(q) == len(k) == len(v) == 4 and q[0] == k[0] and k[:3] == v[:3] and q[3] == k[3]
    if not fits or k[2] == 0 or q[2] % k[2]:
        raise ShapeError(
            "query, key and value do not fit each other",
            where=_WHERE,
            expected="(batch, T, heads, size), (batch, S, key_heads, size), (batch, S, key_heads, "
            "value_size), heads a multiple of key_heads",
            received=f"query {q}, key {k}, value {v}",
        )
    scores = (q[0], q[2], q[1], k[1])
    for name, array in (("bias", bias), ("mask", mask)):
        if array is not None:
            broadcast_shape(np.shape(array), scores, f"{_WHERE}, {name}")
    if mask is not None and mask.dtype.kind not in "biu":
        raise ArgumentError(
            "a mask says where a position may look",
            where=_WHERE,
            expected="True and False",
            received=f"dtype {mask.dtype}",
            fix="give numbers that are added to the scores as bias=",
        )
    return q, v


def _allowed(m: Any, mask: Any, is_causal: bool, t: int, s: int) -> Any:
    """Where a position may look; None for everywhere."""
    if mask is not None:
        mask = m.asarray(mask).astype(bool)
    if not is_causal:
        return mask
    causal = m.arange(t)[:, None] >= m.arange(s)
    return causal if mask is None else mask & causal


def _exponentials(m: Any, scores: Any, allowed: Any, may_be_empty: bool) -> tuple[Any, Any]:
    """e and 1/Σe over the last axis, so that e·(1/Σe) is the softmax of the scores allowed."""
    if np.shape(scores)[-1] == 0:
        return scores, m.ones((*np.shape(scores)[:-1], 1), scores.dtype)
    if allowed is not None:
        scores = m.where(allowed, scores, -math.inf)
    largest = m.max(scores, axis=-1, keepdims=True)
    if may_be_empty:
        largest = m.where(largest == -math.inf, 0.0, largest)
    e = m.exp(scores - largest)
    total = e.sum(axis=-1, keepdims=True)
    if may_be_empty:
        total = m.where(total == 0, 1.0, total)
    return e, 1.0 / total


def _keep(m: Any, shape: tuple, rate: float, key: Any, dtype: Any) -> Any:
    """What dropout multiplies the probabilities by; None where nothing is dropped."""
    if not rate:
        return None
    if key is None:
        raise ArgumentError(
            "dropout needs a key", where=_WHERE, fix="dropout_key=chainrule.rng.key(seed)"
        )
    words = rng.bits(raw(key), shape)
    keep = words >= xp(words).uint32(min(round(rate * 2**32), 2**32 - 1))
    return keep.astype(dtype) * (1.0 / (1.0 - rate) if rate < 1 else 0.0)


def _t(x: Any) -> Any:
    """The last two axes exchanged."""
    return xp(x).swapaxes(x, -1, -2)


def _by_head(x: Any, groups: int) -> Any:
    """(batch, T, heads, size) → (batch·groups, heads/groups·T, size): one matrix a key head."""
    m = xp(x)
    b, t, n, h = np.shape(x)
    x = m.reshape(x, (b, t, groups, n // groups, h))
    return m.reshape(m.transpose(x, (0, 2, 3, 1, 4)), (b * groups, n // groups * t, h))


def _from_heads(x: Any, shape: tuple) -> Any:
    """The way back, to (batch, T, heads, size)."""
    m = xp(x)
    b, t, n, h = shape
    groups = np.shape(x)[0] // max(b, 1)
    x = m.reshape(x, (b, groups, n // max(groups, 1), t, h))
    return m.reshape(m.transpose(x, (0, 3, 1, 2, 4)), shape)
