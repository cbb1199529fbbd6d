"""The area under the ROC curve, from the ranks of the rows: there is no other place for it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["Levels", "area", "levels"]


class Levels(NamedTuple):
    """The weight of positives and negatives at each distinct score, from the lowest.

    Args:
        level: of each row: the place of its score among the distinct ones.
        scores: the distinct ones.
        positive: the weight of the positive rows with that score.
        negative: likewise.
    """

    level: np.ndarray
    scores: np.ndarray
    positive: np.ndarray
    negative: np.ndarray


def levels(positive: np.ndarray, score: np.ndarray, weights: np.ndarray) -> Levels:
    """Rows gathered by their score.

    Example:
        >>> found = levels(np.array([False, True, True]), np.array([0.2, 0.2, 0.9]), np.ones(3))
        >>> found.scores.tolist(), found.positive.tolist(), found.negative.tolist()
        ([0.2, 0.9], [1.0, 1.0], [1.0, 0.0])
    """
    scores, level = np.unique(score, return_inverse=True)
    level = level.reshape(-1)
    both = [np.bincount(level, weights * side, len(scores)) for side in (positive, ~positive)]
    return Levels(level, scores, *both)


def area(found: Levels) -> float:
    """P(score of a positive > that of a negative), ties count half; NaN where a side is empty.

    Mann and Whitney, Annals of Mathematical Statistics 18, 1947.

    Example:
        >>> y = np.array([False, False, True, True])
        >>> area(levels(y, np.array([0.1, 0.4, 0.35, 0.8]), np.ones(4)))
        0.75
    """
    pairs = float(found.positive.sum() * found.negative.sum())
    below = np.cumsum(found.negative) - found.negative / 2
    return float(found.positive @ below) / pairs if pairs else float("nan")
