"""Cross-entropies straight from logits: the stable, fused forms of softmax and sigmoid losses.

Written through probabilities, ln(softmax(z)) overflows to −∞ and loses its gradient exactly where
the network is most wrong. From the logits z the loss is logsumexp(z) − z_target, and its gradient
collapses to p − y.
"""

from __future__ import annotations

import math

import numpy as np

from ..arrays import is_traced, xp
from ..chain import Node
from ..errors import ShapeError
from ..labels import check_labels
from ..operators import raw
from .activations import _softmax, sigmoids, softmax
from .base import need_numbers, op

__all__ = [
    "logits_behind",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "sparse_softmax_cross_entropy",
]


def _normalizer(z):
    """z less its largest, e to that power, their sum, and the sum's logarithm.

    The largest contributes e⁰ = 1, which is left out and put back by log1p: a nearly certain
    prediction has a loss far below the rounding error of 1.
    """
    m = xp(z)
    need_numbers(z, (np.ndim(z) - 1,) if np.ndim(z) else (), "softmax cross-entropy")
    centred = z - m.max(z, axis=-1, keepdims=True)
    e = m.exp(centred)
    top = centred == 0
    others = top.sum(axis=-1, keepdims=True, dtype=z.dtype) - 1  # as large
    rest = (e - top).sum(axis=-1, keepdims=True) + others
    return centred, e, 1 + rest, m.log1p(rest)


def _same_shape(logits, targets, where):
    if np.shape(logits) != np.shape(targets):
        raise ShapeError(
            "logits and targets must have the same shape",
            where=where,
            received=f"logits {np.shape(logits)}, targets {np.shape(targets)}",
        )


@op(numbers=2)
def softmax_cross_entropy(logits, targets):
    """−Σ yₖ ln softmax(z)ₖ over the last axis.  d_z = (p·Σy − y)·d_loss, d_y = −ln p·d_loss.

    logits z (..., classes), targets y (..., classes): one-hot rows or probabilities → (...).

    Raises:
        ShapeError: the shapes differ; nothing is broadcast.

    Example:
        >>> softmax_cross_entropy([[0.0, 0.0]], [[1.0, 0.0]]).round(4)
        array([0.6931])
    """
    _same_shape(logits, targets, "softmax_cross_entropy")
    m = xp(logits, targets)
    centred, e, total, log_total = _normalizer(logits)
    log_p = centred - log_total

    def d_logits(d_loss):
        p = e / total
        weight = m.sum(targets, axis=-1, keepdims=True)
        return (p * weight - targets) * d_loss[..., None]

    def d_targets(d_loss):
        return -log_p * d_loss[..., None]

    # a target of exactly 0 contributes nothing, also where log p is −∞
    loss = -m.sum(targets * m.where(targets == 0, 0.0, log_p), axis=-1)
    return loss, (d_logits, d_targets)


@op
def sparse_softmax_cross_entropy(logits, labels):
    """−ln softmax(z)[label], one number a row.  d_z = (p − onehot(label))·d_loss.

    logits (..., classes), labels (...) integers from 0 → (...).

    Raises:
        ShapeError: there is not one label a row.
        DataError: a label outside the classes, or not whole. A compiled program cannot look at its
            labels: there the loss and the gradient of such a row are NaN, so that no step is taken.

    Example:
        >>> sparse_softmax_cross_entropy([[0.0, 0.0], [0.0, 2.0]], [1, 1]).round(4)
        array([0.6931, 0.1269])
    """
    shape = np.shape(logits)
    if np.shape(labels) != shape[:-1] or not shape:
        raise ShapeError(
            "there must be one label for each row of logits",
            where="sparse_softmax_cross_entropy",
            expected=f"labels of shape {shape[:-1]}",
            received=f"logits {shape}, labels {np.shape(labels)}",
        )
    m = xp(logits)
    labels = check_labels(raw(labels), shape[-1], "sparse_softmax_cross_entropy")
    centred, e, total, log_total = _normalizer(logits)
    # compare instead of gather: one fused pass on every engine
    chosen = labels[..., None] == xp(labels).arange(shape[-1])
    if is_traced(labels):
        total = xp(labels, total).where(labels[..., None] < 0, math.nan, total)
        log_total = xp(labels, total).where(labels[..., None] < 0, math.nan, log_total)

    def d_logits(d_loss):
        return (e / total - chosen) * d_loss[..., None]

    picked = m.where(chosen, centred, 0.0).sum(axis=-1)
    return log_total[..., 0] - picked, (d_logits, None)


@op(numbers=2)
def sigmoid_cross_entropy(logits, targets):
    """−y ln σ(z) − (1 − y) ln σ(−z), elementwise.  d_z = σ(z) − y, d_y = −z.

    Computed as max(z, 0) − z·y + ln(1 + e^(−|z|)), which neither overflows nor cancels, and its
    derivative as (1 − y)·σ(z) − y·σ(−z), exact also where z is far on the right side.

    Raises:
        ShapeError: the shapes differ; nothing is broadcast.

    Example:
        >>> sigmoid_cross_entropy([0.0, 2.0], [1.0, 1.0]).round(4)
        array([0.6931, 0.1269])
    """
    _same_shape(logits, targets, "sigmoid_cross_entropy")
    m = xp(logits, targets)
    loss = m.maximum(logits, 0) - logits * targets + m.log1p(m.exp(-m.abs(logits)))

    def d_logits(d_loss):
        p, rest = sigmoids(logits)
        return d_loss * ((1 - targets) * p - targets * rest)

    return loss, (d_logits, lambda d_loss: -d_loss * logits)


def logits_behind(y, activation):
    """The logits z if y was recorded as `activation(z)` over its last axis, else None.

    This is how `softmax` + `categorical_crossentropy` run the fused form without being asked; only
    over the last axis, since that is the one the cross-entropies sum over. Whoever gets z computes
    the loss from it, and the tape remembers that no gradient reaches y that way. A tape opened by
    `record(fuse=False)` gives None.

    Example:
        >>> import chainrule as cr
        >>> with cr.record() as tape:
        ...     z = tape.watch(np.array([1.0, 2.0]))
        ...     logits_behind(softmax(z), softmax) is z
        True
    """
    if not (isinstance(y, Node) and y.tape.fuse):
        return None
    call = y.call
    if call.operation is not (_softmax if activation is softmax else activation):
        return None
    z = call.args[0]
    y.tape.bypass(y, z)
    return z
