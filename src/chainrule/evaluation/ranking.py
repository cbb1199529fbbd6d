"""How well probabilities rank: the area under the ROC curve, row by row; points of ROC and PR."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..tables.ranks import area, levels
from .checked import check_weights
from .resampling import Estimate, Resamples, ratio

__all__ = ["Curve", "auc", "auc_draws", "precision_recall", "roc"]


class Curve(NamedTuple):
    """Points of a curve, one for each threshold, from the highest to the lowest.

    Args:
        x: false positive rate, or recall.
        y: true positive rate, or precision.
        thresholds: a row is called positive where its score is at least this; the first point
            of a ROC curve calls none, at an infinite one.
        area: below the curve; of precision over recall the average precision.

    Example:
        >>> round(roc([0, 1, 1], [0.2, 0.1, 0.9]).area, 2)
        0.5
    """

    x: np.ndarray
    y: np.ndarray
    thresholds: np.ndarray
    area: float


def auc(positive: Any, score: Any, weights: Any = None) -> float:
    """The area under the ROC curve: P(score of a positive > that of a negative), ties count half.

    Mann and Whitney, Annals of Mathematical Statistics 18, 1947. NaN where a side is empty.

    Args:
        positive: true or 1 for the positive rows, (n,).
        score: larger for what is more likely positive, (n,).
        weights: of the rows.

    Example:
        >>> auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        0.75
    """
    positive, score = np.asarray(positive, bool), np.asarray(score, np.float64)
    return area(levels(positive, score, check_weights(weights, len(score), "auc")))


def auc_draws(
    positive: np.ndarray, score: np.ndarray, weights: np.ndarray, draws: Resamples
) -> tuple[float, np.ndarray]:
    """The area, and its value on each resample, from the place of each row among the other side.

    V of a positive is the share of negatives below it, U of a negative that of positives above it:
    AUC = mean V = mean U, and on other rows about mean V + mean U − AUC (DeLong, DeLong and
    Clarke-Pearson, Biometrics 44, 1988), which needs no sorting for each resample.
    """
    found = levels(positive, score, weights)
    all_positive, all_negative = found.positive.sum(), found.negative.sum()
    below = (np.cumsum(found.negative) - found.negative / 2)[found.level]
    above = (all_positive - np.cumsum(found.positive) + found.positive / 2)[found.level]
    whole = area(found)
    if not np.isfinite(whole):
        return whole, np.full(len(draws.counts), np.nan)
    p, n = weights * positive, weights * ~positive
    sums = draws.sums(np.stack([p, p * below / all_negative, n, n * above / all_positive], 1)).T
    drawn = ratio(sums[1], sums[0]) + ratio(sums[3], sums[2]) - whole
    return whole, np.clip(drawn, 0, 1)


def auc_estimate(
    parts: list[tuple[float, np.ndarray]], rarest: int, draws: Resamples
) -> tuple[Estimate, np.ndarray]:
    """The mean of the areas of all classes with its interval, and its value on each resample.

    Where all is ranked right no resample shows an error; the lower end is then that of a share
    which was 1 for every row of the rarest class.
    """
    areas = np.array([area for area, _ in parts])
    known = np.isfinite(areas)
    if not known.any():
        return Estimate(np.nan), np.full(len(draws.counts), np.nan)
    drawn = np.stack([d for _, d in parts])[known].mean(0)
    mean = float(areas[known].mean())
    if mean > 1 - 1e-12:
        return Estimate(1.0, draws.edge(rarest), 1.0), drawn
    return draws.estimate(mean, drawn), drawn


def roc(positive: Any, score: Any, weights: Any = None) -> Curve:
    """Points of the ROC curve: the share found over the share of false alarms.

    scikit-learn's `roc_curve` leaves out points between two others on a line unless it is told
    `drop_intermediate=False`.

    Args:
        positive: true or 1 for the positive rows, (n,).
        score: larger for what is more likely positive, (n,).
        weights: of the rows.

    Example:
        >>> curve = roc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        >>> curve.x.tolist(), curve.y.tolist(), curve.area
        ([0.0, 0.0, 0.5, 0.5, 1.0], [0.0, 0.5, 0.5, 1.0, 1.0], 0.75)
    """
    positive, score = np.asarray(positive, bool), np.asarray(score, np.float64)
    found = levels(positive, score, check_weights(weights, len(score), "roc"))
    sides = []
    for side in (found.negative, found.positive):
        counted = np.concatenate([[0.0], np.cumsum(side[::-1])])
        sides.append(ratio(counted, counted[-1]))
    thresholds = np.concatenate([[np.inf], found.scores[::-1]])
    return Curve(sides[0], sides[1], thresholds, auc(positive, score, weights))


def precision_recall(positive: Any, score: Any, weights: Any = None) -> Curve:
    """Precision over recall, from the highest threshold; its area is the average precision.

    Σ (Rₖ − Rₖ₋₁)·Pₖ, without interpolation (Davis and Goadrich, ICML 2006, say why). scikit-learn
    gives the points in the opposite order and adds one at recall 0, precision 1.

    Args:
        positive: true or 1 for the positive rows, (n,).
        score: larger for what is more likely positive, (n,).
        weights: of the rows.

    Example:
        >>> curve = precision_recall([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        >>> curve.x.tolist(), [round(p, 3) for p in curve.y.tolist()], round(curve.area, 3)
        ([0.5, 0.5, 1.0, 1.0], [1.0, 0.5, 0.667, 0.5], 0.833)
    """
    positive, score = np.asarray(positive, bool), np.asarray(score, np.float64)
    w = check_weights(weights, len(score), "precision_recall")
    found = levels(positive, score, w)
    right, wrong = np.cumsum(found.positive[::-1]), np.cumsum(found.negative[::-1])
    recall = ratio(right, right[-1])
    precision = ratio(right, right + wrong)
    mean = float(np.nansum(np.diff(recall, prepend=0.0) * precision)) if right[-1] else np.nan
    return Curve(recall, precision, found.scores[::-1], mean)
