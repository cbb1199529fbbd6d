"""Columns that know the answer: one that predicts the target all by itself is looked at twice.

Such a column is often written after the fact (the date of the refund, the code of the diagnosis),
and is not there when the model is used. It is warned of and never dropped: it may be right.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .. import rng
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
    numbers = None
    if values.dtype == object:
        codes = factorize(values)[1] + 1
    else:
        missing = np.isnat(values) if values.dtype.kind == "M" else np.isnan(values)
        numbers = values.astype(np.int64) if values.dtype.kind == "M" else values
        numbers = np.where(missing, np.nan, numbers).astype(np.float64)
        codes = _bins(numbers)
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
    """(Σ ranks of positives − p(p+1)/2)/(p·q), ties by their mean rank: Mann and Whitney (1947)."""
    p, q = int(positive.sum()), int((~positive).sum())
    if not p or not q:
        return 0.5
    _, place, counts = np.unique(output, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    return float((ranks[place][positive].sum() - p * (p + 1) / 2) / (p * q))
