"""F-scores: precision and recall in one number, by class or for all of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import xp
from ..checks import is_number
from ..errors import ArgumentError, ShapeError, choose
from ..operators import raw
from .base import Metric, add_to, ratio, register
from .confusion import decisions

__all__ = ["F1Score", "FBetaScore"]

_AVERAGES = ("micro", "macro", "weighted")


@register
class FBetaScore(Metric):
    """F = (1 + β²)·TP/((1 + β²)·TP + β²·FN + FP): recall counts β times as much as precision.

    One for each column, and 0 where nothing is positive and nothing was called so (van Rijsbergen
    1979). Keras adds ε to three denominators, and differs by about 1e-7.

    Args:
        average: None for a figure for each class; "macro" for their mean; "weighted" for that by
            the number of their positives; "micro" counts all classes together.
        beta: above 0.
        threshold: above it a prediction is positive. None: the largest of each row, unless it is 0;
            of a single column .5 (in Keras every row would be positive).
        name, dtype: as for every `Metric`.

    Targets are one-hot rows or, where there are several columns, class numbers too.

    Raises:
        ArgumentError: β or a threshold out of range, an unknown word.
        ShapeError: not two axes.

    Example:
        >>> f = FBetaScore(beta=2.0, threshold=0.5)
        >>> f([[1, 1, 1], [1, 0, 0], [1, 1, 0]], [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0]])
        array([0.38461538, 0.90909091, 0.83333333])
    """

    direction = "max"

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = None,
        dtype: Any = None,
        **unknown: Any,
    ) -> None:
        super().__init__(dtype, name or "fbeta_score", **unknown)
        if average is not None and average not in _AVERAGES:
            raise choose("average", average, _AVERAGES, where=type(self).__name__)
        if not is_number(beta) or beta <= 0:
            raise ArgumentError(
                "beta must be above 0", where=type(self).__name__, received=repr(beta)
            )
        if threshold is not None and not (is_number(threshold) and 0 < threshold <= 1):
            raise ArgumentError(
                "threshold must be above 0 and at most 1, or None",
                where=type(self).__name__,
                received=repr(threshold),
            )
        self.average, self.beta, self.threshold = average, float(beta), threshold
        self._counts: list[Any] = []

    def build(self, y_true_shape: tuple, y_pred_shape: tuple) -> None:
        """Find the number of classes."""
        if len(y_pred_shape) != 2 or (self._counts and y_pred_shape[1] != self._classes):
            raise ShapeError(
                "an F-score is that of columns",
                where=self.name,
                expected="y_pred of shape (n, classes)"
                + (f", {self._classes} of them as before" if self._counts else ""),
                received=tuple(y_pred_shape),
            )
        if not self._counts:
            self._classes = y_pred_shape[1]
            names = ("true_positives", "false_positives", "false_negatives")
            self._counts = [self.add_variable((self._classes,), name=name) for name in names]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add one batch."""
        t, y, w = decisions(y_true, y_pred, sample_weight)
        if len(y.shape) == 1:
            t, y, w = (v[:, None] for v in (t, y, w))
        self.ready(t, y)
        m = xp(y)
        if self.threshold is not None or y.shape[1] == 1:
            called = y > (0.5 if self.threshold is None else self.threshold)
        else:
            called = (y >= m.max(y, axis=1, keepdims=True)) & (abs(y) > 1e-9)
        for variable, found in zip(
            self._counts, (t & called, ~t & called, t & ~called), strict=True
        ):
            add_to(variable, m.sum(found * w, axis=0))

    def result(self) -> Any:
        """The figure, or one for each class."""
        if not self._counts:
            return 0.0
        tp, fp, fn = (raw(v) for v in self._counts)
        m = xp(tp)
        if self.average == "micro":
            tp, fp, fn = (m.sum(v) for v in (tp, fp, fn))
        square = self.beta**2
        hits = (1 + square) * tp
        score = ratio(hits, hits + square * fn + fp)
        if self.average == "macro":
            score = m.mean(score)
        elif self.average == "weighted":
            score = ratio(m.sum(score * (tp + fn)), m.sum(tp + fn))
        return float(score) if m is np and np.ndim(score) == 0 else score


@register
class F1Score(FBetaScore):
    """F₁ = 2·TP/(2·TP + FN + FP), the harmonic mean of precision and recall.

    One for each column, and 0 where nothing is positive and nothing was called so. scikit-learn's
    `f1_score` gives that of class 1 unless told an `average`.

    Args:
        average: None for a figure for each class; "macro" for their mean; "weighted" for that by
            the number of their positives; "micro" counts all classes together.
        threshold: above it a prediction is positive. None: the largest of each row, unless it is 0;
            of a single column .5 (in Keras every row would be positive).
        name, dtype: as for every `Metric`.

    Targets are one-hot rows or, where there are several columns, class numbers too.

    Example:
        >>> F1Score(average="macro")([0, 1, 1, 0], [[0.9, 0.1], [0.4, 0.6], [0.7, 0.3], [0.8, 0.2]])
        0.7333333333333334
    """

    closed = True

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = None,
        dtype: Any = None,
        **unknown: Any,
    ) -> None:
        self.refuse(unknown)
        super().__init__(average, 1.0, threshold, name or "f1_score", dtype)
