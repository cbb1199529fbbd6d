"""The rows that were answered worst, and what the learning curves say."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import DataError
from .checked import check_outputs, check_targets
from .wording import number

__all__ = ["Learning", "learning", "worst_mistakes"]

_RISE = 0.05  # of the held-out loss, relative: what counts as overfitting
_FALL = 0.05  # of the held-out loss in the last fifth: it was still learning
_GAP = 1.5  # held-out over training loss: it knows its own rows better


def worst_mistakes(
    y: Any, outputs: Any, class_names: Sequence[object] | None = None, count: int = 10
) -> np.ndarray:
    """Numbers of the wrong rows, the worst first: surest of a wrong class, or furthest off.

    Args:
        y: class numbers or values.
        outputs: probabilities (n, classes), or values.
        class_names: None for values.
        count: at most so many.

    Example:
        >>> worst_mistakes([0, 1, 1], [0.2, 0.1, 0.4], ["no", "yes"]).tolist()
        [1, 2]
        >>> worst_mistakes([1.0, 2.0], [1.5, 9.0]).tolist()
        [1, 0]
    """
    truth = check_targets(y, class_names, "worst_mistakes")
    classes = None if class_names is None else len(class_names)
    p = check_outputs(outputs, len(truth), classes, "worst_mistakes")
    if classes is None:
        off = np.abs(p - truth)
        return np.argsort(-off, kind="stable")[:count]
    said = p.argmax(1)
    wrong = np.flatnonzero(said != truth)
    rows = np.arange(len(truth))
    margin = p[rows, said] - p[rows, truth]
    return wrong[np.argsort(-margin[wrong], kind="stable")][:count]


class Learning(NamedTuple):
    """What the curves say.

    Args:
        word: `"overfitting"`, `"still learning"`, `"gap"`, `"levelled off"` or `"unwatched"`.
        sentence: the same with figures.

    Example:
        >>> Learning("levelled off", "No over- or underfitting to be seen.").word
        'levelled off'
    """

    word: str
    sentence: str


def learning(
    history: Mapping[str, Sequence[float]], kept: int | None = None, step: str = "epoch"
) -> Learning:
    """A sentence on over- or underfitting.

    * overfitting: after its lowest point the loss on held-out rows rose by more than 5 %;
    * still learning: in the last fifth it fell by more than 5 %, and was lowest near the end;
    * gap: where it was lowest, it was over 1.5 times that of training;
    * levelled off: none of these; unwatched: no loss on held-out rows was measured.

    Args:
        history: lists by name: `loss`, and `val_loss` of rows held out.
        kept: the epoch (or step), from 1, whose weights the model has; the lowest point by default.
        step: what one entry is.

    Raises:
        DataError: a history without a loss.

    Example:
        >>> learning({"loss": [1, 0.5, 0.2, 0.1], "val_loss": [1, 0.6, 0.7, 0.9]}).sentence
        'Overfitting from epoch 3 on: the loss on held-out rows rose from 0.6 to 0.9, while that of
        training fell to 0.1. The weights of epoch 2 were kept, so the model is spared it.'
    """
    train = [float(v) for v in history.get("loss", ())]
    held = [float(v) for v in history.get("val_loss", ())]
    if not train and not held:
        raise DataError("the history has no loss", where="learning", fix="call fit first")
    stride = max(1, round(len(train) / len(held))) if train and held else 1
    if not held or not all(map(math.isfinite, held)):
        last = f" It ended at {number(train[-1])}." if train else ""
        return Learning("unwatched", "No rows were held out to watch the training by, so nobody "
                        f"can say whether it went on for too long.{last}")  # fmt: skip
    low = int(np.argmin(held))
    best, end = held[low], held[-1]
    scale = max(abs(best), 1e-12)
    at = (low + 1) * stride
    chosen = at if kept is None else kept
    if chosen < len(held) * stride:
        spared = f"The weights of {step} {chosen:,} were kept, so the model is spared it."
    else:
        spared = f"The weights of {step} {chosen:,}, the last, were kept: keep the best instead."
    ours = train[min(at, len(train)) - 1] if train else math.nan
    if low < len(held) - 1 and end - best > _RISE * scale:
        fell = f", while that of training fell to {number(train[-1])}" if train and (
            train[-1] < ours) else ""  # fmt: skip
        return Learning(
            "overfitting",
            f"Overfitting from {step} {at + 1:,} on: the loss on held-out rows rose from "
            f"{number(best)} to {number(end)}{fell}. {spared}",
        )
    before = held[int(0.8 * (len(held) - 1))]
    if len(held) >= 5 and low >= 0.95 * (len(held) - 1) and before - best > _FALL * scale:
        return Learning(
            "still learning",
            f"Underfitting: the loss on held-out rows was still falling at the end (from "
            f"{number(before)} to {number(best)} in the last fifth). Training for longer, or with "
            "a larger rate, should help.",
        )
    kept_words = f"The weights of {step} {chosen:,} were kept."
    if train and best > _GAP * max(ours, 1e-12):
        return Learning(
            "gap",
            f"The model knows its training rows (loss {number(ours)}) better than new ones "
            f"({number(best)}), but training on did not make it worse. More rows, or dropout, "
            f"would narrow the gap. {kept_words}",
        )
    return Learning(
        "levelled off",
        f"No over- or underfitting to be seen: the loss on held-out rows fell to {number(best)} "
        f"and stayed there. {kept_words}",
    )
