"""Which columns an answer hangs on, and how: permutation importance and partial dependence."""

from __future__ import annotations

import heapq
import itertools
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ..errors import ArgumentError
from ..tables.frame import Column, Frame
from .checked import check_outputs, check_targets

__all__ = ["Dependence", "Importance", "Influence", "partial_dependence", "permutation_importance"]

_TOGETHER = 64  # columns above which groups are shuffled first
_SPLIT = 8
_CELLS = 2_000_000  # of a table that is made to be asked about
_SMALLEST = float(np.finfo(np.float32).eps)


class Importance(NamedTuple):
    """What is lost when a column's cells are shuffled among the rows.

    Args:
        name: of the column.
        value: by how much the loss rises, the mean over the repeats.
        spread: its standard deviation over the repeats; NaN for a single one.

    Example:
        >>> Importance("age", 0.25, 0.02).name
        'age'
    """

    name: str
    value: float
    spread: float


class Influence(NamedTuple):
    """Importances, the largest first, and what must be known to read them.

    Args:
        columns: each with its importance.
        loss: of the rows as they are.
        figure: what is measured: `"log loss"` or `"RMSE"`.
        rows: on how many rows.
        notices: sentences: rows drawn, columns not measured.

    Example:
        >>> found = Influence((Importance("age", 0.25, 0.02),), 0.4, "log loss", 100, ())
        >>> found.columns[0].value
        0.25
    """

    columns: tuple[Importance, ...]
    loss: float
    figure: str
    rows: int
    notices: tuple[str, ...]


class Dependence(NamedTuple):
    """The mean answer when a column has the same value in every row.

    Args:
        name: of the column.
        kind: `"number"`, `"date"` or `"text"`.
        at: the values, or the texts ("" where empty).
        mean: the mean answer at each of them, (values, classes) or (values, 1).
        rows: over how many rows.

    Example:
        >>> Dependence("age", "number", np.array([20.0, 60.0]), np.array([[0.1], [0.4]]), 200).kind
        'number'
    """

    name: str
    kind: str
    at: np.ndarray
    mean: np.ndarray
    rows: int


def permutation_importance(
    predict: Callable[[Frame], Any],
    frame: Frame,
    y: Any,
    class_names: Sequence[object] | None = None,
    *,
    columns: Sequence[str] | None = None,
    most: int = 20,
    repeats: int = 5,
    rows: int = 1000,
    seconds: float | None = None,
    seed: int = 0,
) -> Influence:
    """By how much the loss rises when a column's cells are shuffled among the rows.

    Breiman, Random Forests, Machine Learning 45, 2001, on rows that were not trained on. Two
    columns that say the same share their importance, and each can look unimportant.

    Of more than 64 columns groups are shuffled first, and only those that matter are split: the
    most important columns come out without asking for each of 10,000.

    Args:
        predict: from a Frame to probabilities (n, classes), or values (n,) or (n, 1).
        frame: rows with all columns that `predict` takes.
        y: class numbers or values of these rows.
        class_names: None for values.
        columns: names of those to measure; all by default.
        most: at most so many columns.
        repeats: shuffles of each.
        rows: at most so many, drawn at random.
        seconds: no further shuffle is begun after that.
        seed: of rows and shuffles.

    Raises:
        ArgumentError: a column that is not there.

    Example:
        >>> frame = Frame.of({"a": [0.0, 1, 2, 3], "b": [5.0, 5, 6, 6]})
        >>> found = permutation_importance(lambda f: f["a"].values, frame, [0.0, 1, 2, 3])
        >>> [one.name for one in found.columns], found.columns[1].value
        (['a', 'b'], 0.0)
    """
    where = "permutation_importance"
    truth = check_targets(y, class_names, where)
    names = list(frame.names if columns is None else [frame[name].name for name in columns])
    random = np.random.default_rng([seed, 0x7065726D])
    notices = []
    if len(truth) > rows:
        kept = np.sort(random.choice(len(truth), rows, replace=False))
        notices.append(f"Measured on {rows:,} of {len(truth):,} rows, drawn at random.")
        frame, truth = frame.take(kept), truth[kept]
    ask = _Asker(predict, frame, truth, None if class_names is None else len(class_names), random)
    end = math.inf if seconds is None else time.monotonic() + seconds
    found = _search(ask, names, most, end)
    done = [[value] for _, value in found]
    for _ in range(repeats - 1):
        if time.monotonic() > end:
            notices.append("Time for few shuffles: the figures are rough.")
            break
        for (name, _), values in zip(found, done, strict=True):
            values.append(ask(names=[name]) - ask.loss)
    measured = [
        Importance(name, float(np.mean(v)), float(np.std(v, ddof=1)) if len(v) > 1 else math.nan)
        for (name, _), v in zip(found, done, strict=True)
    ]
    if not found:
        notices.append("There was no time to measure it.")
    elif len(found) < len(names):
        notices.append(f"The {len(found):,} that seem to matter most of {len(names):,} columns.")
    measured.sort(key=lambda one: -one.value)
    figure = "RMSE" if class_names is None else "log loss"
    return Influence(tuple(measured), ask.loss, figure, len(truth), tuple(notices))


class _Asker:
    """The loss with some columns shuffled, all by the same order of the rows."""

    def __init__(
        self, predict: Any, frame: Frame, y: np.ndarray, classes: int | None, random: Any
    ) -> None:
        self.predict, self.frame, self.y, self.classes = predict, frame, y, classes
        self.random = random
        self.loss = self(())

    def __call__(self, names: Sequence[str]) -> float:
        order, shuffled = self.random.permutation(len(self.y)), set(names)
        columns = [c.take(order) if c.name in shuffled else c for c in self.frame]
        frame = replace(self.frame, columns=columns) if names else self.frame
        p = check_outputs(self.predict(frame), len(self.y), self.classes, "permutation_importance")
        if self.classes is None:
            return math.sqrt(float(((p - self.y) ** 2).mean()))
        right = p[np.arange(len(self.y)), self.y]
        return float(-np.log(np.maximum(right, _SMALLEST)).mean())


def _search(ask: _Asker, names: list[str], most: int, end: float) -> list[tuple[str, float]]:
    """Columns with the rise of one shuffle; of many those whose group matters, best first."""
    parts = [[name] for name in names]
    if len(names) > _TOGETHER:
        parts = [list(part) for part in np.array_split(np.array(names, object), _TOGETHER)]
    ticket = itertools.count()  # equal rises keep their order
    waiting: list[tuple[float, int, list[str]]] = []
    found: list[tuple[str, float]] = []

    def measure(part: list[str]) -> None:
        if time.monotonic() <= end or not waiting:
            heapq.heappush(waiting, (ask.loss - ask(part), next(ticket), part))

    for part in parts:
        measure(part)
    while waiting and len(found) < most:
        fall, _, part = heapq.heappop(waiting)
        if len(part) == 1:
            found.append((part[0], -fall))
        elif -fall <= 1e-6 * ask.loss:
            break  # what is left of the columns matters to nothing
        elif time.monotonic() <= end:
            for piece in np.array_split(np.array(part, object), min(_SPLIT, len(part))):
                measure(list(piece))
    return found


def partial_dependence(
    predict: Callable[[Frame], Any],
    frame: Frame,
    column: str,
    *,
    points: int = 20,
    rows: int = 200,
    seed: int = 0,
) -> Dependence:
    """The mean answer over the rows when a column has the same value in all of them.

    Friedman, Greedy Function Approximation, Annals of Statistics 29, 2001, section 8.2. Where
    columns hang together, it asks for rows that do not exist.

    Args:
        predict: from a Frame to probabilities (n, classes), or values (n,) or (n, 1).
        frame: rows with all columns that `predict` takes.
        column: the name of the one that is varied: over evenly spaced values between its 2 % and
            98 % points (its own values where there are few), or over its most frequent texts.
        points: at most so many values.
        rows: at most so many, drawn at random.
        seed: of the rows.

    Raises:
        ArgumentError: there is no such column, or nothing in it.

    Example:
        >>> frame = Frame.of({"a": [0.0, 1, 2], "b": [5.0, 5, 6]})
        >>> found = partial_dependence(lambda f: f["a"].values + f["b"].values, frame, "b")
        >>> found.at.tolist(), found.mean[:, 0].tolist()
        ([5.0, 6.0], [6.0, 7.0])
    """
    varied = frame[column]
    at = _values_of(varied, points)
    if len(frame) > rows:
        random = np.random.default_rng([seed, 0x70617274])
        frame = frame.take(np.sort(random.choice(len(frame), rows, replace=False)))
    n = len(frame)
    step = max(1, _CELLS // max(1, n * len(frame.columns)))  # values asked for at once
    parts = [_asked(predict, frame, varied, at[i : i + step]) for i in range(0, len(at), step)]
    return Dependence(column, varied.kind, at, np.concatenate(parts), n)


def _asked(predict: Any, frame: Frame, varied: Column, at: np.ndarray) -> np.ndarray:
    """The mean answer over the rows with each of these values in the column."""
    n, g = len(frame), len(at)
    cells = np.repeat(at, n)
    if varied.kind == "text":
        cells = np.array([None if v == "" else v for v in cells], object)
    many = frame if g == 1 else frame.take(np.tile(np.arange(n), g))
    columns = [replace(c, data=cells, written=None) if c.name == varied.name else c for c in many]
    answers = np.asarray(predict(replace(many, columns=columns)), np.float64)
    return answers.reshape(g, n, -1).mean(1)


def _values_of(column: Column, points: int) -> np.ndarray:
    known = column.values[~column.missing]
    if not len(known):
        raise ArgumentError("the column is empty", where=f"partial_dependence of {column.name!r}")
    if column.kind == "text":
        texts, counts = np.unique(np.array([str(v) for v in known], object), return_counts=True)
        return texts[np.argsort(-counts, kind="stable")][:points]
    numbers = known.astype("datetime64[us]").astype(np.int64) if column.kind == "date" else known
    distinct = np.unique(numbers)
    if len(distinct) > points:
        low, high = np.quantile(numbers, (0.02, 0.98))
        distinct = np.unique(np.linspace(low, high, points))
    return distinct.astype(np.int64).view("datetime64[us]") if column.kind == "date" else distinct
