"""Answers to rows held out as in training: each by the model that has not seen the row."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..tables import Frame
from .table_data import TableData
from .table_fit import Fit
from .table_split import Parts

__all__ = ["held_out_answers"]


def held_out_answers(
    fits: Sequence[Fit], parts: Parts, data: TableData, engine: str | None
) -> Callable[[Frame], np.ndarray]:
    """Answers rows held out as in training: each by the model that has not seen it.

    The rows are known by their lines, so that columns may be shuffled or set.
    """
    if data.test is not None or len(fits) == 1:
        return lambda frame: fits[0].outputs(frame, engine)
    fold_of: dict[int, int] = {}
    for number, (_, held) in enumerate(parts.pairs):
        if held is not None:
            fold_of |= dict.fromkeys(data.frame.lines[held].tolist(), number)

    def answer(frame: Frame) -> np.ndarray:
        folds = np.array([fold_of[line] for line in frame.lines.tolist()], int)
        found = np.zeros((len(frame), max(1, data.classes)))
        for number in np.unique(folds):
            rows = np.flatnonzero(folds == number)
            found[rows] = fits[number].outputs(frame.take(rows), engine)
        return found

    return answer
