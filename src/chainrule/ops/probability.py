"""Cross-entropies straight from logits: the stable, fused forms of softmax and sigmoid losses.

Written through probabilities, ln(softmax(z)) overflows to −∞ and loses its gradient exactly where
the network is most wrong. From the logits z the loss is logsumexp(z) − z_target, and its gradient
collapses to p − y.
"""

from __future__ import annotations

import numpy as np

from ..arrays import xp
from ..chain import Node, op
from .activations import _sigmoid, _softmax, softmax

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
    centred = z - m.max(z, axis=-1, keepdims=True)
    e = m.exp(centred)
    top = centred == 0
    rest = m.sum(m.where(top, 0.0, e), axis=-1, keepdims=True)
    rest = rest + (m.sum(top, axis=-1, keepdims=True) - 1).astype(z.dtype)  # others as large
    return centred, e, 1 + rest, m.log1p(rest)


@op
def softmax_cross_entropy(logits, targets):
    """−Σ yₖ ln softmax(z)ₖ over the last axis, one number a row.  dz = (p·Σy − y)·d_loss.

    logits z (..., classes), targets y (..., classes): one-hot rows or probabilities → (...).
    """
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
    """−ln softmax(z)[label], one number a row.  dz = p − onehot(label).

    logits (..., classes), labels (...) integers from 0 → (...).
    """
    m = xp(logits)
    centred, e, total, log_total = _normalizer(logits)
    # compare instead of gather: one fused pass on every engine
    chosen = labels[..., None] == xp(labels).arange(np.shape(logits)[-1])

    def d_logits(d_loss):
        return (e / total - chosen) * d_loss[..., None]

    picked = m.sum(m.where(chosen, centred, 0.0), axis=-1)
    return log_total[..., 0] - picked, (d_logits, None)


@op
def sigmoid_cross_entropy(logits, targets):
    """−y ln σ(z) − (1 − y) ln(1 − σ(z)), elementwise.  dz = σ(z) − y.

    Computed as max(z, 0) − z·y + ln(1 + e^(−|z|)), which neither overflows nor cancels.
    """
    m = xp(logits, targets)
    loss = m.maximum(logits, 0) - logits * targets + m.log1p(m.exp(-m.abs(logits)))
    return loss, (lambda d: d * (_sigmoid(logits) - targets), lambda d: -d * logits)


def logits_behind(y, activation):
    """The logits z if y was recorded as `activation(z)` over its last axis, else None.

    This is how `softmax` + `categorical_crossentropy` run the fused form without being asked; only
    over the last axis, since that is the one the cross-entropies sum over. Whoever gets z computes
    the loss from it, and the tape remembers that no gradient reaches y that way. A tape opened by
    `record(fuse=False)` gives None.
    """
    if not (isinstance(y, Node) and y.tape.fuse):
        return None
    call = y.call
    if call.operation is not (_softmax if activation is softmax else activation):
        return None
    z = call.args[0]
    y.tape.bypass(y, z)
    return z
