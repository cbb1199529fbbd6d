"""Which rows are trained on and which are for the figures alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import DataError
from ..tables import split
from .table_data import TableData
from .table_options import TableOptions

__all__ = ["FOLDS", "Parts", "groups_of", "later_rows", "parts_of"]

FOLDS = 5
_FEW = 2_000  # rows, below which every row is held out once
_SHARE = 0.2
_LEAST = 20  # rows, below which nothing is said about later ones


@dataclass(frozen=True, eq=False)
class Parts:
    """Pairs of rows to train on and rows held out, and what becomes of the saved model.

    Args:
        kind: `"folds"`, `"part"`, `"time"`, `"test"` or `"large"`.
        pairs: row numbers; held out is None where another file is.
        refit: the saved model is fitted once more, on all rows.
    """

    kind: str
    pairs: list[tuple[np.ndarray, np.ndarray | None]]
    refit: bool

    @property
    def held_out(self) -> np.ndarray:
        """All rows of the table that are held out once, in their order."""
        rows = [held for _, held in self.pairs if held is not None]
        return np.sort(np.concatenate(rows)) if rows else np.zeros(0, int)

    def describe(self, data: TableData) -> str:
        """A sentence: which rows the figures come from."""
        if data.large is not None:
            return data.large.describe()
        rows, held = len(data.frame), len(self.held_out)
        if self.kind == "test":
            return f"{rows:,} rows to train on; figures on the {len(data.test or ()):,} of the test"
        if self.kind == "folds":
            return (
                f"{len(self.pairs)} folds of {rows:,} rows: each row is predicted by a model that "
                "has not seen it; the saved model is fitted on all rows"
            )
        last = "the last " if self.kind == "time" else ""
        if data.series is not None:
            return (
                f"a series: {data.series.lags} values before each row, {rows - held:,} rows to "
                f"train on, {last}{held:,} held out for the figures, each told from the true "
                "values before it; the saved model is fitted on all rows"
            )
        whole = "; the saved model is fitted on all rows" if self.refit else ""
        return f"{rows - held:,} rows to train on, {last}{held:,} held out for the figures{whole}"


def parts_of(data: TableData, groups: np.ndarray, options: TableOptions, seed: int) -> Parts:
    """The split that was asked for, or that fits the number of rows.

    Raises:
        DataError: fewer rows or groups than folds.
    """
    rows = len(data.frame)
    everything = np.arange(rows)
    if data.large is not None:
        return Parts("large", [(everything, None)], False)
    if data.test is not None:
        return Parts("test", [(everything, None)], False)
    if options.time is not None or data.series is not None:
        named: Any = options.time
        column = data.series.date if data.series else data.frame[named].name
        train, held = split.by_time(data.frame, column, _SHARE, groups)
        # what a series did last tells most about what it does next
        return Parts("time", [(train, held)], rows < _FEW or data.series is not None)
    folds = options.folds
    if folds is None:
        folds = FOLDS if rows < _FEW else 0
    task = data.roles.task
    if folds == 0:
        pairs = split.folds(data.y, groups, round(1 / _SHARE), seed, task)[:1]
        return Parts("part", list(pairs), False)
    return Parts("folds", list(split.folds(data.y, groups, folds, seed, task)), True)


def groups_of(data: TableData, options: TableOptions) -> tuple[np.ndarray, list[str]]:
    """Numbers of groups that stand on one side, and what to say of equal rows."""
    if data.large is not None:  # which has its own, and has said so
        return np.arange(len(data.frame)), []
    equal = split.equal_rows(data.frame, data.roles)
    said = [] if equal.sentence is None else [equal.sentence]
    if options.group is None:
        return equal.groups, said
    column = data.frame[options.group].name
    return split.group_rows(data.frame, column, equal.groups), said


def later_rows(
    data: TableData, groups: np.ndarray, parts: Parts
) -> tuple[str, np.ndarray, np.ndarray] | None:
    """(column, rows before, rows after): to tell whether later rows are harder than others.

    None where the rows have no order in time, or where too few or too uniform rows are left.
    """
    if parts.kind not in ("folds", "part"):
        return None
    column = split.time_column(data.frame, data.roles)
    if column is None:
        return None
    try:
        train, held = split.by_time(data.frame, column, _SHARE, groups)
    except DataError:
        return None
    y = data.y[train]
    few = min(len(held), len(train)) < _LEAST
    if few or (data.classes and len(np.unique(y)) < data.classes) or not (y != y[0]).any():
        return None
    return column, train, held
