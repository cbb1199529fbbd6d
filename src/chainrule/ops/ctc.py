"""Connectionist temporal classification: labels without their places in time.

Sums run over every alignment of a short row of labels with a long row of frames, by the forward and
backward recursions of Graves et al. 2006, "Connectionist temporal classification: labelling
unsegmented sequence data with recurrent neural networks" (ICML), in logarithms.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import is_recorded, is_traced, lax, xp
from ..errors import DataError, ShapeError
from ..finite import row_number
from ..labels import check_labels
from ..operators import raw
from ..symbol import composite
from .base import op

__all__ = ["ctc_loss"]

_NEVER = -1e30  # ln 0, finite: sums and differences of it stay numbers
_IMPOSSIBLE = -1e29


@composite
def ctc_loss(
    target: Any, output: Any, target_length: Any, output_length: Any, mask_index: int = 0
) -> Any:
    """−ln Σ_π Πₜ softmax(zₜ)[πₜ], over alignments π of labels.  d_z = softmax(z) − expected label.

    An alignment names a class or the blank for each frame; without repetitions and then without
    blanks it is the row of labels. "Expected label" is the share of the alignments' probability
    that has class k at frame t. (Graves et al. 2006; as `keras.ops.ctc_loss`.)

    Args:
        target: class numbers (batch, labels); what lies beyond a row's length counts for nothing.
        output: logits z (batch, frames, classes).
        target_length: how many labels each row has, (batch,).
        output_length: how many frames each row has, (batch,).
        mask_index: the number of the blank.

    Returns:
        One number a row, (batch,).

    Raises:
        ShapeError: shapes that do not fit.
        DataError: a label outside the classes or equal to the blank, or more labels than the frames
            can hold (one each, and a blank between equal ones). Inside a compiled program, where
            nothing can be raised, such a row is NaN.

    Example:
        >>> z = np.log([[[0.5, 0.5], [0.25, 0.75]]])  # two frames: blank, and class 1
        >>> round(float(ctc_loss([[1]], z, [1], [2])[0]), 6)  # −ln(1 − .5·.25): not two blanks
        0.133531
    """
    return _ctc(output, target, target_length, output_length, mask_index)


@op
def _ctc(logits, labels, label_lengths, frames, blank):
    labels, label_lengths, frames, wrong = _checked(logits, labels, label_lengths, frames, blank)
    m = xp(logits, labels)
    path = _path(m, labels, blank)
    log_y = logits - m.max(logits, axis=-1, keepdims=True)
    log_y = log_y - m.log(m.sum(m.exp(log_y), axis=-1, keepdims=True))
    log_alpha, log_likelihood = _forward(m, log_y, path, label_lengths, frames, blank)
    bad = m.where(wrong | (log_likelihood < _IMPOSSIBLE), np.nan, 0.0).astype(log_y.dtype)

    def back(d_loss):
        log_beta = _backward(m, log_y, path, label_lengths, frames, blank)
        gamma = m.exp(log_alpha + log_beta - log_likelihood[:, None, None])
        classes = path[:, :, None] == np.arange(np.shape(log_y)[-1])
        expected = m.matmul(gamma, classes.astype(log_y.dtype))
        alive = (np.arange(np.shape(log_y)[1]) < frames[:, None])[:, :, None]
        d_z = m.where(alive, m.exp(log_y) - expected, 0.0) + bad[:, None, None]
        return d_z * d_loss[:, None, None]

    return bad - log_likelihood, (back, None, None, None, None)


_ctc.__name__ = "ctc_loss"


@_ctc.composed
def _(logits, labels, label_lengths, frames, blank):
    labels, label_lengths, frames, _ = _checked(logits, labels, label_lengths, frames, blank)
    m = xp(logits)
    log_y = logits - m.max(logits, axis=-1, keepdims=True)
    log_y = log_y - m.log(m.sum(m.exp(log_y), axis=-1, keepdims=True))
    path = _path(xp(labels), labels, blank)
    return -_forward(m, log_y, path, label_lengths, frames, blank)[1]


def _path(m: Any, labels: Any, blank: int) -> Any:
    """Blank, label, blank, label, ..., blank: (batch, 2·labels + 1)."""
    batch, count = labels.shape
    blanks = m.full((batch, count, 1), blank, dtype=labels.dtype)
    pairs = m.concatenate([blanks, labels[:, :, None]], axis=2).reshape(batch, 2 * count)
    return m.concatenate([pairs, m.full((batch, 1), blank, dtype=labels.dtype)], axis=1)


def _leaps(path: Any, blank: int) -> Any:
    """Where an alignment may come from two places before: past the blank between other labels."""
    m = xp(path)
    leaps = (path[:, 2:] != blank) & (path[:, 2:] != path[:, :-2])
    return m.concatenate([m.zeros((path.shape[0], min(2, path.shape[1])), bool), leaps], axis=1)


def _ends(path: Any, label_lengths: Any) -> Any:
    """The places at which an alignment may end: the last label and the blank behind it."""
    place = np.arange(path.shape[1])
    last = 2 * label_lengths[:, None]
    return (place == last) | (place == last - 1)


def _shifted(m: Any, x: Any, by: int) -> Any:
    """x moved along its last axis, to the left for a negative `by`; `_NEVER` comes in."""
    count = np.shape(x)[1]
    if abs(by) >= count:
        return m.full_like(x, _NEVER)
    edge = m.full_like(x[:, : abs(by)], _NEVER)
    parts = [edge, x[:, :-by]] if by > 0 else [x[:, -by:], edge]
    return m.concatenate(parts, axis=1)


def _at_places(m: Any, log_y: Any, path: Any) -> Any:
    """ln y of the class at each place of the path, by frames: (frames, batch, places)."""
    batch, frames, _ = np.shape(log_y)
    index = xp(path).broadcast_to(path[:, None, :], (batch, frames, path.shape[1]))
    return m.transpose(m.take_along_axis(log_y, index, axis=2), (1, 0, 2))


def _forward(m: Any, log_y: Any, path: Any, label_lengths: Any, frames: Any, blank: int) -> Any:
    """ln α, (batch, frames, places), and ln of the likelihood, (batch,)."""
    here, leaps = _at_places(m, log_y, path), _leaps(path, blank)

    def step(before, now):
        y, t = now
        come = m.logaddexp(before, _shifted(m, before, 1))
        come = m.logaddexp(come, m.where(leaps, _shifted(m, before, 2), _NEVER))
        after = m.where((t < frames)[:, None], come + y, before)
        return after, after

    first = m.where(np.arange(path.shape[1]) < 2, here[0], _NEVER)
    last, log_alpha = _walk(m, step, first, here, range(1, np.shape(here)[0]))
    ending = m.where(_ends(path, label_lengths), last, _NEVER)
    top = m.max(ending, axis=1, keepdims=True)
    likelihood = m.log(m.sum(m.exp(ending - top), axis=1)) + top[:, 0]
    return m.transpose(log_alpha, (1, 0, 2)), likelihood


def _backward(m: Any, log_y: Any, path: Any, label_lengths: Any, frames: Any, blank: int) -> Any:
    """ln β: of the frames after each, for an alignment that is at each place: as ln α."""
    here, leaps = _at_places(m, log_y, path), _leaps(path, blank)
    ends = m.where(_ends(path, label_lengths), 0.0, _NEVER).astype(log_y.dtype)

    def step(after, now):
        y, t = now  # of the frame after this one
        go = after + y
        come = m.logaddexp(go, _shifted(m, go, -1))
        come = m.logaddexp(come, _shifted(m, m.where(leaps, go, _NEVER), -2))
        before = m.where((t < frames)[:, None], come, after)
        return before, before

    _, log_beta = _walk(m, step, ends, here, range(np.shape(here)[0] - 1, 0, -1))
    return m.transpose(m.flip(log_beta, axis=0), (1, 0, 2))


def _walk(m: Any, step: Any, first: Any, here: Any, times: range) -> Any:
    """(the last carry, every carry from the first on), one step for each frame of `times`."""
    if m is np or is_recorded(m):
        every, carry = [first], first
        for t in times:
            carry, kept = step(carry, (here[t], t))
            every.append(kept)
        return carry, m.stack(every, axis=0)
    index = np.asarray(times, np.int32)
    last, found = lax().scan(step, first, (here[index], index))
    return last, m.concatenate([first[None], found], axis=0)


def _checked(logits: Any, labels: Any, label_lengths: Any, frames: Any, blank: int) -> tuple:
    """Labels and lengths as int32 arrays that fit, and which rows of a program cannot be used."""
    shape = np.shape(logits)
    labels, label_lengths, frames = (
        raw(v if hasattr(v, "dtype") else np.asarray(v)) for v in (labels, label_lengths, frames)
    )
    m = xp(labels, label_lengths, frames)
    labels, label_lengths, frames = (m.asarray(v) for v in (labels, label_lengths, frames))
    fits = len(shape) == 3 and labels.ndim == 2 and len(labels) == shape[0]
    if not fits or label_lengths.shape != shape[:1] or frames.shape != shape[:1]:
        raise ShapeError(
            "labels, logits and their lengths do not fit",
            where="ctc_loss",
            expected="target (n, labels), output (n, frames, classes), lengths (n,)",
            received=f"{labels.shape}, {shape}, {label_lengths.shape}, {frames.shape}",
        )
    used = np.arange(labels.shape[1]) < label_lengths[:, None]
    labels = m.where(used, labels, blank)  # what lies beyond is not looked at
    labels = check_labels(labels, shape[2], "ctc_loss, y_true", "give the last layer more units")
    equal = (labels[:, 1:] == labels[:, :-1]) & used[:, 1:]
    needed = label_lengths + m.sum(equal, axis=1)
    wrong = (used & ((labels == blank) | (labels < 0))).any(axis=1)
    wrong = wrong | (label_lengths > labels.shape[1]) | (frames > shape[1]) | (needed > frames)
    if not is_traced(wrong) and wrong.any():
        _refuse(np.asarray(wrong), labels, label_lengths, frames, needed, blank)
    return labels, label_lengths.astype("int32"), frames.astype("int32"), wrong


def _refuse(wrong: np.ndarray, labels: Any, lengths: Any, frames: Any, needed: Any, blank: int):
    row = int(np.argmax(wrong))
    mine = labels[row][: int(lengths[row])].tolist()
    if blank in mine:
        raise DataError(
            "a label is the blank",
            where=f"ctc_loss, y_true, row {row_number(row)}",
            expected=f"classes other than {blank}; in a loss, 0 only behind the last label",
            received=mine,
            fix="number the classes from 1",
        )
    raise DataError(
        "the labels do not fit into the frames",
        where=f"ctc_loss, row {row_number(row)}",
        expected="a frame for each label, and one more between two equal ones, within the arrays",
        received=f"{int(lengths[row])} labels that need {int(needed[row])} frames, "
        f"and {int(frames[row])} frames",
        fix="give longer sequences, or make them less short on the way (strides, pooling)",
    )
