"""What to make of probabilities: are they true, and from which on should one act."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..checks import need_numbers
from .checked import check_weights
from .resampling import ratio

__all__ = ["Bin", "Threshold", "calibration", "cheapest", "thresholds"]


class Bin(NamedTuple):
    """Rows whose probability is in one stretch.

    Args:
        low: where it begins.
        high: where it ends.
        said: the mean probability of its rows.
        seen: the share of them that are positive.
        rows: how many there are (their weight, where rows have weights).

    Example:
        >>> Bin(0.5, 1.0, 0.75, 0.5, 8.0).rows
        8.0
    """

    low: float
    high: float
    said: float
    seen: float
    rows: float


class Threshold(NamedTuple):
    """What happens when a row is called positive from this probability on.

    Args:
        at: the probability; infinite where no row is called positive.
        found: positive rows called so (true positives).
        false_alarms: negative rows called positive.
        missed: positive rows not called so.
        spared: negative rows not called positive.
        cost: false alarms and misses, each times its cost.

    Example:
        >>> one = Threshold(0.5, found=3, false_alarms=1, missed=2, spared=4, cost=3.0)
        >>> one.recall, one.precision
        (0.6, 0.75)
    """

    at: float
    found: float
    false_alarms: float
    missed: float
    spared: float
    cost: float

    @property
    def recall(self) -> float:
        """The share of the positive rows that are found."""
        return float(ratio(self.found, self.found + self.missed))

    @property
    def precision(self) -> float:
        """The share of the called rows that are positive."""
        return float(ratio(self.found, self.found + self.false_alarms))


def calibration(positive: Any, p: Any, weights: Any = None, bins: int = 10) -> list[Bin]:
    """Probabilities beside what came true, in equal stretches from 0 to 1; empty ones are left out.

    Args:
        positive: true or 1 for the positive rows, (n,).
        p: their probabilities, (n,).
        weights: of the rows.
        bins: how many stretches.

    Example:
        >>> calibration([0, 0, 1, 1], [0.1, 0.15, 0.2, 0.9], bins=2)[0]
        Bin(low=0.0, high=0.5, said=0.15, seen=0.333..., rows=3.0)
    """
    hit, p = np.asarray(positive, bool).astype(float), np.asarray(p, np.float64)
    w = check_weights(weights, len(p), "calibration")
    place = np.clip((p * bins).astype(int), 0, bins - 1)
    rows, said, seen = (np.bincount(place, w * v, bins) for v in (1.0, p, hit))
    return [
        Bin(k / bins, (k + 1) / bins, float(said[k] / rows[k]), float(seen[k] / rows[k]),
            float(rows[k]))
        for k in range(bins) if rows[k] > 0
    ]  # fmt: skip


def thresholds(
    positive: Any,
    p: Any,
    weights: Any = None,
    *,
    false_alarm: float = 1.0,
    miss: float = 1.0,
) -> list[Threshold]:
    """Every threshold that makes a difference, from the highest, with what it would cost.

    The first calls no row positive, the last calls all of them.

    Args:
        positive: true or 1 for the positive rows, (n,).
        p: their probabilities, (n,).
        weights: of the rows.
        false_alarm: what a negative row that is called positive costs.
        miss: what a positive row that is not costs.

    Raises:
        ArgumentError: a cost below 0.

    Example:
        >>> found = thresholds([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], miss=5)
        >>> [(t.at, t.found, t.false_alarms, t.cost) for t in found][1:4]
        [(0.8, 1.0, 0.0, 5.0), (0.4, 1.0, 1.0, 6.0), (0.35, 2.0, 1.0, 1.0)]
    """
    need_numbers("thresholds", "0 or more", lambda v: v >= 0, false_alarm=false_alarm, miss=miss)
    hit, p = np.asarray(positive, bool), np.asarray(p, np.float64)
    w = check_weights(weights, len(p), "thresholds")
    levels, level = np.unique(p, return_inverse=True)
    right, wrong = (
        np.concatenate(
            [[0.0], np.cumsum(np.bincount(level.reshape(-1), w * side, len(levels))[::-1])]
        )
        for side in (hit, ~hit)
    )
    at = np.concatenate([[np.inf], levels[::-1]])
    missed, spared = right[-1] - right, wrong[-1] - wrong
    cost = false_alarm * wrong + miss * missed
    columns = (at, right, wrong, missed, spared, cost)
    return [Threshold(*row) for row in zip(*(c.tolist() for c in columns), strict=True)]


def cheapest(
    positive: Any, p: Any, weights: Any = None, *, false_alarm: float = 1.0, miss: float = 1.0
) -> Threshold:
    """The threshold with the lowest cost on these rows; of equal ones the highest.

    For probabilities that are true it is near false_alarm/(false_alarm + miss) (Elkan, The
    Foundations of Cost-Sensitive Learning, IJCAI 2001). Chosen on these rows, its cost is a
    little lower here than it will be on others.

    Example:
        >>> cheapest([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], miss=5).at
        0.35
    """
    found = thresholds(positive, p, weights, false_alarm=false_alarm, miss=miss)
    return min(found, key=lambda t: t.cost)
