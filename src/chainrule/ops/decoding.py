"""From the output of a CTC model to labels: the best alignment, or a search of the best labels.

Source: Graves et al., "Connectionist temporal classification" (ICML 2006); the search keeps for
each row of labels the probability of its alignments that end in a blank and of those that do not.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import is_traced, lax, xp
from ..errors import ArgumentError, ShapeError, choose
from ..operators import raw
from .base import op, refusal
from .windows import per_axis

__all__ = ["ctc_decode"]

_NEVER = -1e30  # ln 0, finite: sums and differences of it stay numbers
_IMPOSSIBLE = -1e29


@op
def ctc_decode(
    inputs,
    sequence_lengths,
    strategy="greedy",
    beam_width=100,
    top_paths=1,
    merge_repeated=True,
    mask_index=0,
):
    """Labels from logits: without repetitions, then without blanks.  No derivative: labels are
    whole numbers.

    `"greedy"` takes the best class of each frame, so the labels of the one best alignment;
    `"beam_search"` looks for the labels whose alignments are likeliest together, and keeps the best
    `beam_width` beginnings after each frame.

    Args:
        inputs: logits (batch, frames, classes).
        sequence_lengths: how many frames each row has, (batch,).
        strategy: `"greedy"` or `"beam_search"`.
        beam_width: how many beginnings are kept.
        top_paths: how many answers the search gives, the best first.
        merge_repeated: for `"greedy"`: whether one label over several frames is one label.
        mask_index: the number of the blank; None for the last class.

    Returns:
        Labels (1 or top_paths, batch, frames), −1 behind the last one, int32; and (batch, 1) minus
        the sum of the best logits, or (batch, top_paths) ln of the probability of the labels.

    Raises:
        ArgumentError: another strategy; more paths than beginnings.
        ShapeError: shapes that do not fit, rows longer than the frames.

    Example:
        >>> z = np.log([[[0.1, 0.8, 0.1], [0.1, 0.8, 0.1], [0.8, 0.1, 0.1], [0.2, 0.1, 0.7]]])
        >>> labels, score = ctc_decode(z, [4])
        >>> labels[0, 0]
        array([ 1,  2, -1, -1], dtype=int32)
    """
    shape = np.shape(inputs)
    if strategy not in ("greedy", "beam_search"):
        raise choose("strategy", strategy, ("greedy", "beam_search"), where="ctc_decode")
    (width,) = per_axis(beam_width, 1, "beam_width", "ctc_decode")
    (top,) = per_axis(top_paths, 1, "top_paths", "ctc_decode")
    if top > width:
        raise ArgumentError(
            "there are more paths than beginnings that are kept",
            where="ctc_decode",
            expected=f"top_paths up to {width}, or a larger beam_width",
            received=top,
        )
    lengths = raw(
        sequence_lengths if hasattr(sequence_lengths, "dtype") else np.asarray(sequence_lengths)
    )
    fits = len(shape) == 3 and 0 not in shape[1:] and np.shape(lengths) == shape[:1]
    if not fits or (not is_traced(lengths) and (np.asarray(lengths) > shape[1]).any()):
        raise ShapeError(
            "logits and lengths do not fit",
            where="ctc_decode",
            expected="inputs (n, frames, classes), sequence_lengths (n,) up to the frames",
            received=f"{shape}, lengths {lengths}"[:200],
        )
    blank = shape[2] - 1 if mask_index is None else mask_index % shape[2]
    if strategy == "greedy":
        found = _greedy(inputs, lengths, merge_repeated, blank)
    else:
        found = _search(inputs, lengths, width, top, blank)
    return found, refusal("decoded labels", "train with ctc_loss, and decode afterwards")


def _greedy(logits: Any, lengths: Any, merge: bool, blank: int) -> tuple[Any, Any]:
    m, frames = xp(logits, lengths), logits.shape[1]
    alive = np.arange(frames) < lengths[:, None]
    best = m.where(alive, m.argmax(logits, axis=-1), blank)
    score = -m.sum(m.where(alive, m.max(logits, axis=-1), 0.0), axis=1, keepdims=True)
    kept = best != blank
    if merge:
        again = best[:, 1:] == best[:, :-1]
        kept = kept & ~m.concatenate([m.zeros_like(kept[:, :1]), again], axis=1)
    order = m.argsort(m.where(kept, np.arange(frames), frames), axis=1)
    labels = m.take_along_axis(m.where(kept, best, -1), order, axis=1)
    return labels[None].astype("int32"), score


def _search(logits: Any, lengths: Any, width: int, top: int, blank: int) -> tuple[Any, Any]:
    m = xp(logits, lengths)
    logits = m.asarray(logits)
    batch, frames, _ = logits.shape
    log_y = logits - m.max(logits, axis=-1, keepdims=True)
    log_y = log_y - m.log(m.sum(m.exp(log_y), axis=-1, keepdims=True))
    never = m.full((batch, width), _NEVER, dtype=log_y.dtype)
    first = m.where(np.arange(width) == 0, 0.0, never).astype(log_y.dtype)  # nothing yet
    paths = m.full((batch, width, frames), -1, dtype="int32")
    state = (paths, m.zeros((batch, width), "int32"), first, never)

    def step(state, t):
        after = _extended(state, log_y[:, t], blank)
        alive = t < lengths
        return tuple(
            m.where(alive.reshape(-1, *(1,) * (new.ndim - 1)), new, old)
            for new, old in zip(after, state, strict=True)
        )

    if m is np:
        for t in range(frames):
            state = step(state, t)
    else:
        state, _ = lax().scan(lambda s, t: (step(s, t), None), state, m.arange(frames))
    paths, _, ends, labels = state
    score = m.logaddexp(ends, labels)[:, :top]  # the best come first
    paths = m.where((score > _IMPOSSIBLE)[:, :, None], paths[:, :top], -1)
    score = m.where(score > _IMPOSSIBLE, score, -np.inf)
    return m.moveaxis(paths, 1, 0).astype("int32"), score.astype(log_y.dtype)


def _extended(state: tuple, y: Any, blank: int) -> tuple:
    """The beginnings after one more frame, y = ln of its classes (batch, classes).

    A beginning is (labels, how many, ln p of its alignments that end in a blank, ln p of others).
    It stays (blank, or its last label again) or gets a label; one that is another's with a label
    more takes that label's share, so that no row of labels is kept twice.
    """
    paths, size, ends, labels = state
    m = xp(paths, y)
    batch, width, frames = paths.shape
    classes = y.shape[1]
    total = m.logaddexp(ends, labels)
    last = m.take_along_axis(paths, m.maximum(size - 1, 0)[:, :, None], axis=2)[:, :, 0]
    y_last = m.take_along_axis(y, m.maximum(last, 0), axis=1)
    stay_end = total + y[:, blank : blank + 1]
    stay_label = m.where(size > 0, labels + y_last, _NEVER)
    class_ = np.arange(classes)
    again = class_ == last[:, :, None]  # the same label anew needs a blank between
    longer = m.where(again, ends[:, :, None], total[:, :, None]) + y[:, None, :]
    longer = m.where(class_ == blank, _NEVER, longer)

    shorter = m.where(np.arange(frames) == size[:, :, None] - 1, -1, paths)
    same = (shorter[:, None] == paths[:, :, None]).all(axis=3)  # [i, j]: j is i with a label more
    same = same & ((size > 0) & (total > _IMPOSSIBLE))[:, None, :]
    into = m.broadcast_to(m.maximum(last, 0)[:, None, :], (batch, width, width))
    come = m.where(same, m.take_along_axis(longer, into, axis=2), _NEVER)
    stay_label = m.logaddexp(stay_label, m.max(come, axis=1))
    there = m.matmul(same.astype(y.dtype), again.astype(y.dtype)) > 0
    longer = m.where(there, _NEVER, longer)

    score = m.concatenate(
        [m.logaddexp(stay_end, stay_label), longer.reshape(batch, width * classes)], axis=1
    )
    best = m.argsort(-score, axis=1, stable=True)[:, :width]
    stays = best < width
    parent = m.where(stays, best, (best - width) // classes)
    label = ((best - width) % classes).astype("int32")
    paths = m.take_along_axis(paths, parent[:, :, None], axis=1)
    size = m.take_along_axis(size, parent, axis=1)
    here = ~stays[:, :, None] & (np.arange(frames) == size[:, :, None])
    never = _NEVER * m.ones_like(total)
    return (
        m.where(here, label[:, :, None], paths),
        (size + ~stays).astype("int32"),
        m.where(stays, m.take_along_axis(stay_end, parent, axis=1), never),
        m.where(
            stays,
            m.take_along_axis(stay_label, parent, axis=1),
            m.take_along_axis(score, best, axis=1),
        ),
    )
