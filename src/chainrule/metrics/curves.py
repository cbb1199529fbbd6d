"""Metrics of every threshold at once: areas under curves, and one figure where another is met."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import config, ops
from ..arrays import is_traced, xp
from ..checks import is_number
from ..errors import ArgumentError, DataError, ShapeError, choose
from .base import register
from .confusion import Counts, _checked, _column, _whole, decisions

__all__ = [
    "AUC",
    "PrecisionAtRecall",
    "RecallAtPrecision",
    "SensitivityAtSpecificity",
    "SpecificityAtSensitivity",
]

_ALL = ("true_positives", "false_positives", "true_negatives", "false_negatives")
_ROUNDING = 1e-3  # how far a sum of probabilities may be off


def _even(count: int) -> np.ndarray:
    """0, 1 and what lies evenly between: `count` thresholds."""
    return np.array([0.5]) if count == 1 else np.arange(count) / (count - 1)


def _share(part: Any, rest: Any) -> Any:
    """part/(part + rest), 0 for nothing at all."""
    m, whole = xp(part, rest), part + rest
    return m.where(whole == 0, 0.0, part / m.where(whole == 0, 1.0, whole))


def _probabilities(y: Any, w: Any, where: str) -> tuple[Any, Any]:
    """Predictions between the thresholds; others are refused, and in a program are NaN."""
    m = xp(y, w)
    wrong = m.any((y < -_ROUNDING) | (y > 1 + _ROUNDING))
    if is_traced(wrong):
        return m.clip(y, 0.0, 1.0), w + m.where(wrong, np.nan, 0.0).astype(w.dtype)
    if wrong:
        raise DataError(
            "predictions are no probabilities, and no threshold lies between them",
            where=where,
            expected="values from 0 to 1",
            received=f"{y.min():.4g} to {y.max():.4g}",
            fix="end the model with a sigmoid or softmax"
            + (", or give from_logits=True" if where == "AUC" else ""),
        )
    return m.clip(y, 0.0, 1.0), w


@register
class AUC(Counts):
    """Area under a curve of thresholds: ROC, precision over recall, or both as gains.

    ROC: recall over the share of negatives called positive; the probability that a positive gets a
    larger prediction than a negative, by trapezia.  PR: precision over recall; between thresholds
    hits grow in proportion to what is called positive, so that precision is no straight line
    (Davis and Goadrich 2006).  PRGAIN: both as gains over always saying yes (Flach and Kull 2015).

    It is that of `num_thresholds` thresholds, as in Keras: predictions between two of them count as
    equal. scikit-learn's `roc_auc_score` takes every prediction as a threshold, and its
    `average_precision_score` sums steps.

    Args:
        num_thresholds: how many, evenly from 0 to 1 (200).
        curve: "ROC", "PR" or "PRGAIN".
        summation_method: "interpolation", or "minoring" and "majoring" for the smaller and the
            larger side of each step.
        name, dtype: as for every `Metric`.
        thresholds: those between 0 and 1, in place of `num_thresholds`.
        multi_label: an area for each column, and their mean; otherwise all columns are one.
        num_labels: how many columns, where they are not to be found from the data.
        label_weights: how much each column counts.
        from_logits: whether predictions are z instead of σ(z).

    Raises:
        ArgumentError: an unknown word, fewer than two thresholds.
        DataError: predictions outside 0 to 1 without `from_logits`, where Keras cuts them off.
            (Inside a compiled program: NaN.)

    Example:
        >>> AUC(num_thresholds=3)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
        0.75
        >>> round(AUC(curve="PR")([0, 0, 1, 1], [0.1, 0.5, 0.3, 0.9]), 4)
        0.7973
    """

    direction = "max"
    kept = _ALL

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Sequence[float] | None = None,
        from_logits: bool = False,
        **unknown: Any,
    ) -> None:
        super().__init__(dtype, name, **unknown)
        self.num_thresholds = _whole(self, "num_thresholds", num_thresholds, 2)
        self.curve = _one_of("curve", curve.upper(), ("ROC", "PR", "PRGAIN"))
        methods = ("interpolation", "minoring", "majoring")
        self.summation_method = _one_of("summation_method", summation_method.lower(), methods)
        self.thresholds = None if thresholds is None else _checked(self, list(thresholds))
        inner = np.sort(self.thresholds or _even(num_thresholds)[1:-1].tolist())
        # everything lies above the first and below the last
        ends = -config.epsilon(), 1 + config.epsilon()
        self._bars = np.concatenate([ends[:1], inner, ends[1:]])
        self.multi_label, self.from_logits = multi_label, from_logits
        self.num_labels = _whole(self, "num_labels", num_labels, 1)
        self.label_weights = None if label_weights is None else [float(v) for v in label_weights]
        if num_labels and not multi_label:
            raise ArgumentError("num_labels goes with multi_label=True", where="AUC")
        self.columns = 0
        if not multi_label or num_labels:
            self._make(num_labels or 1)

    def _make(self, columns: int) -> None:
        self.columns = columns
        self.make((len(self._bars), columns) if self.multi_label else (len(self._bars),))

    def build(self, y_true_shape: tuple, y_pred_shape: tuple) -> None:
        """Find the number of columns, where each has an area of its own."""
        if self.columns == 0:
            self._make(y_pred_shape[-1])
        if self.multi_label and (len(y_pred_shape) != 2 or y_pred_shape[-1] != self.columns):
            raise ShapeError(
                "the predictions do not fit the labels",
                where=self.name,
                expected=f"(n, {self.columns})",
                received=tuple(y_pred_shape),
            )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add one batch."""
        t, y, w = decisions(y_true, y_pred, sample_weight)
        self.ready(t, y)
        y, w = (ops.sigmoid(y), w) if self.from_logits else _probabilities(y, w, "AUC")
        if self.label_weights is not None and not self.multi_label:
            w = w * np.asarray(self.label_weights, w.dtype)
        self.take(t, y, w, self._bars, self.columns)

    def result(self) -> Any:
        """The area; for several labels the mean of their areas."""
        if self.columns == 0:
            return 0.0
        tp, fp, tn, fn = (self.count(name) for name in _ALL)
        m = xp(tp)
        if self.curve == "PR" and self.summation_method == "interpolation":
            area = _area_of_pr(tp, fp, fn)
        else:
            x, y = self._points(tp, fp, tn, fn)
            low, high = m.minimum(y[:-1], y[1:]), m.maximum(y[:-1], y[1:])
            heights = {"interpolation": (low + high) / 2, "minoring": low, "majoring": high}
            area = m.sum((x[:-1] - x[1:]) * heights[self.summation_method], axis=0)
        if self.multi_label:
            weights = None if self.label_weights is None else np.asarray(self.label_weights)
            area = m.average(area, axis=0, weights=weights)
        return float(area) if m is np else area

    def _points(self, tp: Any, fp: Any, tn: Any, fn: Any) -> tuple[Any, Any]:
        """The curve as x and y at each threshold."""
        if self.curve == "ROC":
            return _share(fp, tn), _share(tp, fn)
        if self.curve == "PR":
            return _share(tp, fn), _share(tp, fp)
        m = xp(tp)
        odds = (tp + fn) / m.where(tn + fp == 0, np.inf, tn + fp)
        found, safe = tp > 0, m.where(tp > 0, tp, 1.0)
        recall = m.where(found, m.maximum(1 - odds * fn / safe, 0.0), 0.0)
        return recall, m.where(found, 1 - odds * fp / safe, 1.0)


def _one_of(name: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise choose(name, value, known, where="AUC")
    return value


def _area_of_pr(tp: Any, fp: Any, fn: Any) -> Any:
    """∫ precision d recall, hits growing by s for each one more that is called positive.

    Between two thresholds with p called positive, hits are a + s·p, so that precision is s + a/p
    and d recall is s·dp/P: s(Δhits + a·ln(p₀/p₁))/P.  (Davis and Goadrich 2006.)
    """
    m, called = xp(tp), tp + fp
    more, hits = called[:-1] - called[1:], tp[:-1] - tp[1:]
    slope = hits / m.where(more > 0, more, np.inf)
    start = tp[1:] - slope * called[1:]
    both = (called[:-1] > 0) & (called[1:] > 0)
    growth = m.log(m.where(both, called[:-1], 1.0) / m.where(both, called[1:], 1.0))
    positive = tp[1:] + fn[1:]
    steps = slope * (hits + start * growth) / m.where(positive > 0, positive, np.inf)
    return m.sum(steps, axis=0)


class _Where(Counts):
    """Base: the largest of one figure over the thresholds at which another is large enough."""

    direction = "max"
    kept = _ALL

    def __init__(
        self,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
        **unknown: Any,
    ) -> None:
        super().__init__(dtype, name, **unknown)
        self.num_thresholds = _whole(self, "num_thresholds", num_thresholds, 1)
        self.class_id = _whole(self, "class_id", class_id, 0)
        self._least, self._bars = 0.0, _even(num_thresholds)
        self.make(self._bars.shape)

    def ask(self, least: Any) -> float:
        """How large the first figure must be, checked."""
        if not is_number(least) or not 0 <= least <= 1:
            raise ArgumentError(
                "the figure that is asked for is a share",
                where=type(self).__name__,
                expected="a number from 0 to 1",
                received=repr(least),
            )
        self._least = float(least)
        return self._least

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add one batch."""
        t, y, w = decisions(y_true, y_pred, sample_weight)
        if self.class_id is not None:
            t, y, w = (_column(v, self.class_id, type(self).__name__) for v in (t, y, w))
        y, w = _probabilities(y, w, type(self).__name__)
        self.take(t, y, w, self._bars)

    def figures(self) -> tuple[Any, Any]:
        """The figure that must be large enough, and the one that is wanted, by threshold."""
        raise NotImplementedError

    def result(self) -> Any:
        """The largest, 0 where no threshold will do."""
        given, wanted = self.figures()
        m = xp(given)
        best = m.max(m.where(given >= self._least, wanted, 0.0))
        return float(best) if m is np else best

    def _figure(self, part: str, rest: str) -> Any:
        return _share(self.count(part), self.count(rest))

    @property
    def _recall(self) -> Any:
        return self._figure("true_positives", "false_negatives")

    @property
    def _precision(self) -> Any:
        return self._figure("true_positives", "false_positives")

    @property
    def _specificity(self) -> Any:
        return self._figure("true_negatives", "false_positives")


@register
class SensitivityAtSpecificity(_Where):
    """The largest sensitivity TP/(TP + FN) over thresholds with specificity TN/(TN + FP) ≥ a value.

    Args:
        specificity: the value.
        num_thresholds: how many, evenly from 0 to 1 (200).
        class_id: count only this column.
        name, dtype: as for every `Metric`.

    Raises:
        ArgumentError: a value outside 0 to 1.
        DataError: predictions outside 0 to 1. (Inside a compiled program: NaN.)

    Example:
        >>> SensitivityAtSpecificity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
        0.5
    """

    def __init__(self, specificity: float, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.specificity = self.ask(specificity)

    def figures(self) -> tuple[Any, Any]:
        """Specificity and sensitivity."""
        return self._specificity, self._recall


@register
class SpecificityAtSensitivity(_Where):
    """The largest specificity TN/(TN + FP) over thresholds with sensitivity TP/(TP + FN) ≥ a value.

    Args:
        sensitivity: the value.
        num_thresholds: how many, evenly from 0 to 1 (200).
        class_id: count only this column.
        name, dtype: as for every `Metric`.

    Raises:
        ArgumentError: a value outside 0 to 1.
        DataError: predictions outside 0 to 1. (Inside a compiled program: NaN.)

    Example:
        >>> round(SpecificityAtSensitivity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8]), 4)
        0.6667
    """

    def __init__(self, sensitivity: float, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sensitivity = self.ask(sensitivity)

    def figures(self) -> tuple[Any, Any]:
        """Sensitivity and specificity."""
        return self._recall, self._specificity


@register
class PrecisionAtRecall(_Where):
    """The largest precision TP/(TP + FP) over thresholds with recall TP/(TP + FN) ≥ a value.

    Args:
        recall: the value.
        num_thresholds: how many, evenly from 0 to 1 (200).
        class_id: count only this column.
        name, dtype: as for every `Metric`.

    Raises:
        ArgumentError: a value outside 0 to 1.
        DataError: predictions outside 0 to 1. (Inside a compiled program: NaN.)

    Example:
        >>> PrecisionAtRecall(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
        0.5
    """

    def __init__(self, recall: float, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.recall = self.ask(recall)

    def figures(self) -> tuple[Any, Any]:
        """Recall and precision."""
        return self._recall, self._precision


@register
class RecallAtPrecision(_Where):
    """The largest recall TP/(TP + FN) over thresholds with precision TP/(TP + FP) ≥ a value.

    Args:
        precision: the value.
        num_thresholds: how many, evenly from 0 to 1 (200).
        class_id: count only this column.
        name, dtype: as for every `Metric`.

    Raises:
        ArgumentError: a value outside 0 to 1.
        DataError: predictions outside 0 to 1. (Inside a compiled program: NaN.)

    Example:
        >>> RecallAtPrecision(0.8)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
        0.5
    """

    def __init__(self, precision: float, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.precision = self.ask(precision)

    def figures(self) -> tuple[Any, Any]:
        """Precision and recall."""
        return self._precision, self._recall
