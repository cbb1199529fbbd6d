"""Columns that know the answer: one that predicts the target all by itself is looked at twice.

Such a column is often written after the fact (the date of the refund, the code of the diagnosis),
and is not there when the model is used. It is warned of and never dropped: it may be right.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .. import rng
from . import ranks
from .frame import Frame
from .roles import Role, Roles
from .split import folds, same_rows
from .values import factorize

__all__ = ["find", "score_alone", "suspects"]

_AUC, _R2 = 0.995, 0.99
_FEWEST, _MOST = 30, 20_000  # rows: fewer fit by chance, more do not change the answer
_BINS = 64
_PARTS = 5
_CLASSES = 20
_MANY = 200  # columns above which they are first looked at together
_TOGETHER = 1 << 21  # cells
_MARGIN = 1e-6  # sums in another order
_ROUGH = 0.75  # of the jumps between rows that know nothing of each other
_FAR = 0.25  # what bins on all rows may lack of the bar at most: they only ever look too good


def find(frame: Frame, roles: Roles, y: np.ndarray, seed: int = 0) -> list[str]:
    """A sentence for each column that alone predicts the target; as `suspects`."""
    return list(suspects(frame, roles, y, seed).values())


def suspects(frame: Frame, roles: Roles, y: np.ndarray, seed: int = 0) -> dict[str, str]:
    """The columns that alone predict the target, with a sentence on each.

    Measured on rows held out from that one column's own small model: AUC of at least 0.995, the
    mean of one class against the others, or R² of at least 0.99. Not looked for in tables with one
    column or with fewer than 30 rows, where a perfect fit means nothing.

    Args:
        frame: the rows to train on.
        roles: of its columns.
        y: their targets, from `targets`.
        seed: of the split, which keeps equal rows together; of more than 20,000 rows so many are
            drawn.

    Example:
        >>> from chainrule.tables import find_roles, targets
        >>> x = np.arange(40) % 7 + np.arange(40) / 100
        >>> frame = Frame.of({"x": x, "noise": np.sin(x * 50), "paid": x * 1.19})
        >>> roles = find_roles(frame)
        >>> print(*suspects(frame, roles, targets(frame, roles)).values())
        'x' alone predicts 'paid' (R² 1.000): is it known before 'paid' is? If not, drop="x"
    """
    from ..dialect import argument

    used = [role for role in roles.used if role.role != "text"]
    if len(roles.used) < 2 or len(y) < _FEWEST:
        return {}
    if len(y) > _MOST:
        rows = np.sort(rng.permutation(rng.fold(rng.key(seed), 7), len(y))[:_MOST])
        frame, y = frame.take(rows), y[rows]
    name, bar = ("AUC", _AUC) if roles.class_names else ("R²", _R2)
    parts = folds(y, same_rows(frame, roles), _PARTS, seed, roles.task)
    goal = _Goal(y, roles.task)
    if len(used) > _MANY:
        used = [used[k] for k in _worth_a_look(used, frame, goal, parts, bar)]
    said = {}
    for role in used:
        score = _score_alone(role.values(frame), goal, parts, bar - _FAR)
        if score >= bar:
            said[role.name] = (
                f"{role.name!r} alone predicts {roles.target!r} ({name} {score:.3f}): is it known "
                f"before {roles.target!r} is? If not, {argument('drop', role.name)}"
            )
    return said


def score_alone(
    role: Role,
    frame: Frame,
    y: np.ndarray,
    parts: list[tuple[np.ndarray, np.ndarray]],
    task: str,
) -> float:
    """How well one column predicts the target: AUC or R² of the best of three small models.

    The mean of the target in each of 64 bins (or in each category), where an empty cell is a bin of
    its own; for numbers also the line between the nearest two rows, and the straight line. Each is
    fitted on the rows to train and scored on those held out.

    Example:
        >>> from chainrule.tables import find_roles
        >>> frame = Frame.of({"x": np.arange(60) % 11 / 2, "y": (np.arange(60) % 11 - 5.0) ** 2})
        >>> y = frame["y"].values
        >>> parts = folds(y, None, 5, 0, "regression")
        >>> round(score_alone(find_roles(frame)["x"], frame, y, parts, "regression"), 3)
        1.0
    """
    return _score_alone(role.values(frame), _Goal(y, task), parts, -np.inf)


class _Goal:
    """Targets in columns: 1 and 0 for each of the twenty largest classes, or values."""

    def __init__(self, y: np.ndarray, task: str) -> None:
        self.classes = task == "classification"
        self.looks = [np.asarray(y, np.float64)[:, None]]
        if self.classes:
            names, counts = np.unique(y, return_counts=True)
            large = np.sort(names[np.argsort(-counts, kind="stable")[:_CLASSES]])
            self.looks = [(y[:, None] == large).astype(np.float64)]
        else:  # ranks too: in a first look one large value would hide all the others
            self.looks.append(np.argsort(np.argsort(y)).astype(np.float64)[:, None])

    def score(self, outputs: np.ndarray, look: int = 0) -> float:
        y = self.looks[look]
        if not self.classes:
            spread = float(((y - y.mean(0)) ** 2).sum())
            return 1 - float(((y - outputs) ** 2).sum()) / spread if spread else -np.inf
        columns = range(1, 2) if y.shape[1] == 2 else range(y.shape[1])
        return float(np.mean([_auc(y[:, k] > 0, outputs[:, k]) for k in columns]))


def _score_alone(
    values: np.ndarray, goal: _Goal, parts: list[tuple[np.ndarray, np.ndarray]], enough: float
) -> float:
    """The score on rows held out; where bins on all rows stay below `enough`, theirs."""
    codes, numbers = _as_numbers(values)
    seen = [goal.score(_means(codes, y, codes), look) for look, y in enumerate(goal.looks)]
    if max(seen) < enough:
        return max(seen)
    best, y = -np.inf, goal.looks[0]
    for predict in _models(codes, numbers):
        outputs = np.empty_like(y)
        for train, held_out in parts:
            outputs[held_out] = predict(train, held_out, y)
        best = max(best, goal.score(outputs))
    return best


def _as_numbers(values: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """The bin of each cell, and the cells as float64; None for those of words."""
    if values.dtype == object:
        return factorize(values)[1] + 1, None
    missing = np.isnat(values) if values.dtype.kind == "M" else np.isnan(values)
    numbers = values.astype(np.int64) if values.dtype.kind == "M" else values
    numbers = np.where(missing, np.nan, numbers).astype(np.float64)
    return _bins(numbers), numbers


# --- many columns together ------------------------------------------------------------------------


def _worth_a_look(
    used: list[Role],
    frame: Frame,
    goal: _Goal,
    parts: list[tuple[np.ndarray, np.ndarray]],
    bar: float,
) -> list[int]:
    """Those of very many columns whose own models might reach the bar.

    Of bins and straight lines the scores on rows held out are computed as they are later, many
    columns in one array. Lines between the nearest two rows can only be right where the target
    hardly jumps from one row to the next by value (J. von Neumann, *Distribution of the ratio of
    the mean square successive difference to the variance*, 1941), which is asked in their place.
    """
    found: list[int] = []
    step = max(1, _TOGETHER // len(frame))
    for start in range(0, len(used), step):
        some = [_as_numbers(role.values(frame)) for role in used[start : start + step]]
        codes = np.stack([c for c, _ in some], 1)
        near = _scores(goal, _means_of_all(codes, goal.looks[0], parts)) >= bar - _MARGIN
        full = [k for k, (_, x) in enumerate(some) if x is not None and not np.isnan(x).any()]
        if full:
            x = np.stack([some[k][1] for k in full], 1)  # type: ignore[arg-type]
            near[full] |= _scores(goal, _lines_of_all(x, goal.looks[0], parts)) >= bar - _MARGIN
            order = np.argsort(x, axis=0, kind="stable")
            near[full] |= np.min([_jumps(order, y) for y in goal.looks], 0) < _ROUGH
        found += (start + np.flatnonzero(near)).tolist()
    return found


def _means_of_all(
    codes: np.ndarray, y: np.ndarray, parts: list[tuple[np.ndarray, np.ndarray]]
) -> Iterator[np.ndarray]:
    """What `_means` gives for rows held out, (rows, columns), for one column of y after another."""
    sizes = codes.max(0) + 1
    place = codes + np.concatenate([[0], np.cumsum(sizes)[:-1]])
    size = int(sizes.sum())
    for k in range(y.shape[1]):
        out = np.empty(codes.shape)
        for train, held in parts:
            at = place[train].ravel()
            counts = np.bincount(at, minlength=size)
            sums = np.bincount(at, np.repeat(y[train, k], codes.shape[1]), size)
            means = np.where(counts > 0, sums / np.maximum(counts, 1), y[train, k].mean())
            out[held] = means[place[held]]
        yield out


def _lines_of_all(
    x: np.ndarray, y: np.ndarray, parts: list[tuple[np.ndarray, np.ndarray]]
) -> Iterator[np.ndarray]:
    """What `_line` gives for rows held out, likewise."""
    for k in range(y.shape[1]):
        out = np.empty(x.shape)
        for train, held in parts:
            middle, mean = x[train].mean(0), y[train, k].mean()
            far = x[train] - middle
            slope = (y[train, k] - mean) @ far / np.maximum((far**2).sum(0), 1e-300)
            out[held] = mean + (x[held] - middle) * slope
        yield out


def _scores(goal: _Goal, outputs: Iterator[np.ndarray]) -> np.ndarray:
    """`goal.score` of every column."""
    y = goal.looks[0]
    if not goal.classes:
        out = next(outputs)
        spread = float(((y - y.mean(0)) ** 2).sum())
        return 1 - ((y - out) ** 2).sum(0) / (spread or np.nan)
    found = []
    for k, out in enumerate(outputs):
        if y.shape[1] == 2 and k == 0:
            continue
        positive = y[:, k] > 0
        p, q = int(positive.sum()), int((~positive).sum())
        ranks = _mean_ranks(out)
        found.append((ranks[positive].sum(0) - p * (p + 1) / 2) / max(1, p * q))
    return np.mean(found, 0)


def _mean_ranks(x: np.ndarray) -> np.ndarray:
    """Ranks from 1 down each column; equal numbers have the mean of theirs."""
    order = np.argsort(x, axis=0, kind="stable")
    ordered = np.take_along_axis(x, order, 0)
    rows = np.arange(len(x))[:, None]
    new = np.ones(x.shape, bool)
    new[1:] = ordered[1:] != ordered[:-1]
    first = np.maximum.accumulate(np.where(new, rows, 0), 0)
    ends = np.ones(x.shape, bool)
    ends[:-1] = new[1:]
    last = np.minimum.accumulate(np.where(ends, rows, len(x))[::-1], 0)[::-1]
    ranks = np.empty(x.shape)
    np.put_along_axis(ranks, order, (first + last) / 2 + 1, 0)
    return ranks


def _jumps(order: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Σ(yᵢ₊₁ − yᵢ)² / 2Σ(y − ȳ)² in the order of each column: 1 for what knows nothing of y."""
    found = []
    for k in range(y.shape[1]):
        ordered = y[order, k]
        spread = 2 * float(((y[:, k] - y[:, k].mean()) ** 2).sum())
        found.append((np.diff(ordered, axis=0) ** 2).sum(0) / (spread or np.inf))
    return np.mean(found, 0)


def _models(codes: np.ndarray, numbers: np.ndarray | None) -> Iterator:
    yield lambda train, held, y: _means(codes[train], y[train], codes[held])
    if numbers is not None and not np.isnan(numbers).any():
        yield lambda train, held, y: _between(numbers[train], y[train], numbers[held])
        yield lambda train, held, y: _line(numbers[train], y[train], numbers[held])


def _bins(numbers: np.ndarray) -> np.ndarray:
    """64 bins with about as many rows each, by different values where there are few; 0 for NaN."""
    there = ~np.isnan(numbers)
    known = np.unique(numbers[there])
    if len(known) > _BINS:
        cells = np.sort(numbers[there])
        known = np.unique(cells[np.arange(_BINS) * len(cells) // _BINS])
    codes = np.zeros(len(numbers), np.int64)
    codes[there] = np.searchsorted(known, numbers[there], side="right")
    return codes


def _means(codes: np.ndarray, y: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """The mean target of each bin; that of all rows where a bin holds none."""
    size = int(max(codes.max(initial=0), asked.max(initial=0))) + 1
    counts = np.bincount(codes, minlength=size)
    means = np.empty((size, y.shape[1]))
    for k in range(y.shape[1]):
        sums = np.bincount(codes, weights=y[:, k], minlength=size)
        means[:, k] = np.where(counts > 0, sums / np.maximum(counts, 1), y[:, k].mean())
    return means[asked]


def _between(x: np.ndarray, y: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Straight lines from each row to the next by value; rows of one value give their mean."""
    known, place = np.unique(x, return_inverse=True)
    means = _means(place, y, np.arange(len(known)))
    return np.stack([np.interp(asked, known, means[:, k]) for k in range(y.shape[1])], 1)


def _line(x: np.ndarray, y: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """The straight line of least squares."""
    middle = x.mean()
    slope = (x - middle) @ (y - y.mean(0)) / (max(float(np.sum((x - middle) ** 2)), 1e-300))
    return y.mean(0) + (asked - middle)[:, None] * slope


def _auc(positive: np.ndarray, output: np.ndarray) -> float:
    """Half where there is nothing to tell apart."""
    found = ranks.area(ranks.levels(positive, output, np.ones(len(output))))
    return 0.5 if np.isnan(found) else found
