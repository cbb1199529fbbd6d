"""Metrics that count right and wrong decisions above thresholds, and shares of such counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import losses, ops
from ..arrays import xp
from ..checks import is_number
from ..errors import ArgumentError, ShapeError
from ..operators import raw
from .base import Metric, add_to, ratio, register

__all__ = [
    "FalseNegatives",
    "FalsePositives",
    "Precision",
    "Recall",
    "TrueNegatives",
    "TruePositives",
]


def decisions(y_true: Any, y_pred: Any, sample_weight: Any = None) -> tuple[Any, Any, Any]:
    """(is it positive, the prediction, its weight), three arrays of one shape.

    Class numbers beside a column for each class count as one-hot rows.

    Example:
        >>> t, y, w = decisions([1, 0], [[0.25, 0.75], [0.5, 0.5]], [1.0, 2.0])
        >>> t.tolist(), w.tolist()
        ([[False, True], [True, False]], [[1.0, 1.0], [2.0, 2.0]])
    """
    y = raw(losses.value_of(y_pred))
    t = raw(y_true if hasattr(y_true, "shape") else np.asarray(y_true))
    columns = y.shape[-1] if len(y.shape) > 1 else 1
    if columns > 1 and tuple(t.shape) in (y.shape[:-1], (*y.shape[:-1], 1)):
        t = losses.class_numbers(t, y)[..., None] == np.arange(columns)
    else:
        t = raw(losses.fit_shapes(t, y)[0]) > 0.5
    m = xp(t, y)
    one = np.ones((), y.dtype)
    w = one if sample_weight is None else losses.weights_like(sample_weight, y)
    return t, y, m.broadcast_to(w, y.shape)


def above(t: Any, y: Any, w: Any, thresholds: Any, columns: int = 1) -> tuple[Any, Any]:
    """Weights of the positive and of the negative with y > threshold, each (thresholds, columns).

    The thresholds rise. Each prediction is put between two of them, and sums run down from the
    largest: one pass, however many thresholds there are.

    Example:
        >>> t, y, w = decisions([1, 0, 1], [0.25, 0.5, 0.75])
        >>> [v.ravel().tolist() for v in above(t, y, w, np.array([0.0, 0.5]))]
        [[2.0, 1.0], [1.0, 0.0]]
    """
    m, count = xp(t, y, w), len(thresholds)
    place = m.searchsorted(np.asarray(thresholds, y.dtype), y.reshape(-1))  # thresholds below y
    place = m.where(m.isnan(y.reshape(-1)), 0, place)
    bins = (count + 1) * columns
    index = place * columns + np.arange(y.size) % columns

    def sums(which: Any) -> Any:
        weights = (w * which).reshape(-1)
        if m is np:
            found = np.bincount(index, weights=weights, minlength=bins)
        else:
            found = m.zeros(bins, weights.dtype).at[index].add(weights)
        return m.cumsum(found.reshape(-1, columns)[::-1], axis=0)[::-1][1:]

    return sums(t), sums(~t)


class Counts(Metric):
    """Base: counts of `kept` kinds at one threshold, or at each of several that rise."""

    kept: tuple[str, ...] = ()

    def make(self, shape: tuple) -> None:
        """The running counts."""
        self.counted = {name: self.add_variable(shape, name=name) for name in self.kept}

    def take(self, t: Any, y: Any, w: Any, thresholds: Any, columns: int = 1) -> None:
        """Add a batch."""
        hits, false = above(t, y, w, thresholds, columns)
        m = xp(hits)
        found = {"true_positives": hits, "false_positives": false}
        for name, part, whole in (
            ("false_negatives", hits, m.sum((w * t).reshape(-1, columns), axis=0)),
            ("true_negatives", false, m.sum((w * ~t).reshape(-1, columns), axis=0)),
        ):
            found[name] = whole - part
        for name, variable in self.counted.items():
            add_to(variable, found[name].reshape(variable.shape))

    def count(self, name: str) -> Any:
        """A running count as an array, in float64 on NumPy."""
        value = raw(self.counted[name])
        return value.astype(np.float64) if isinstance(value, np.ndarray) else value


class _AtThresholds(Counts):
    """Base: one figure, or a list for a list of thresholds, as in Keras."""

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
        **unknown: Any,
    ) -> None:
        super().__init__(dtype, name, **unknown)
        self.top_k = _whole(self, "top_k", top_k, 1)
        self.class_id = _whole(self, "class_id", class_id, 0)
        least = 0.5 if top_k is None else None  # among the k largest, however small
        self.thresholds = least if thresholds is None else _checked(self, thresholds)
        values = self.thresholds if isinstance(self.thresholds, list) else [self.thresholds]
        bars = np.array([-np.inf if v is None else v for v in values])
        self._order = np.argsort(bars, kind="stable")
        self._bars = bars[self._order]
        self.make((len(values),) if isinstance(self.thresholds, list) else ())

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add one batch."""
        t, y, w = decisions(y_true, y_pred, sample_weight)
        if self.top_k is not None:
            y = _only_largest(y, self.top_k)
        if self.class_id is not None:
            t, y, w = (_column(v, self.class_id, type(self).__name__) for v in (t, y, w))
        self.take(t, y, w, self._bars)

    def count(self, name: str) -> Any:
        """A running count, in the order of the thresholds as they were given."""
        found = super().count(name)
        return found if not found.shape else found[np.argsort(self._order)]


def _whole(metric: Metric, name: str, value: Any, least: int) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < least:
        raise ArgumentError(
            f"{name} must be a whole number of at least {least}, or None",
            where=type(metric).__name__,
            received=repr(value),
        )
    return int(value)


def _only_largest(y: Any, k: int) -> Any:
    """The k largest of each row as they are, the others −∞; of equal ones the first."""
    rank = ops.argsort(ops.argsort(-y, axis=-1), axis=-1)
    # below every threshold, also the one that stands for "however small"
    return xp(y).where(rank < k, y, np.nan)


def _column(x: Any, class_id: int, where: str) -> Any:
    if len(x.shape) < 2 or class_id >= x.shape[-1]:
        raise ShapeError(
            f"there is no class {class_id}",
            where=where,
            expected=f"predictions of at least {class_id + 1} columns",
            received=tuple(x.shape),
        )
    return x[..., class_id]


def _checked(metric: Metric, thresholds: Any) -> Any:
    """One number from 0 to 1, or a list of them."""
    several = hasattr(thresholds, "__len__") and not isinstance(thresholds, (str, dict))
    values: list[Any] = list(thresholds) if several else [thresholds]
    if not values or not all(is_number(v) and 0 <= v <= 1 for v in values):
        raise ArgumentError(
            "thresholds are out of range",
            where=type(metric).__name__,
            expected="a number from 0 to 1, or a list of them",
            received=repr(thresholds)[:200],
        )
    return [float(v) for v in values] if several else float(values[0])


@register
class Precision(_AtThresholds):
    """Of those called positive, y > threshold, the share that are: TP/(TP + FP).

    Args:
        thresholds: a number from 0 to 1 (.5), or a list of them for a list of figures.
        top_k: call positive only what is among the k largest of its row, and without thresholds all
            of that.
        class_id: count only this column.
        name, dtype: as for every `Metric`.

    Example:
        >>> Precision()([0, 1, 1, 1], [1, 0, 1, 1])  # 2 of the 3 called positive
        0.6666666666666666
        >>> Precision(thresholds=[0.3, 0.7])([0, 1, 1], [0.5, 0.4, 0.9])
        array([0.66666667, 1.        ])
    """

    direction = "max"
    kept = ("true_positives", "false_positives")

    def result(self) -> Any:
        """The share, 0 when nothing was counted; an array for a list of thresholds."""
        hits = self.count("true_positives")
        return ratio(hits, hits + self.count("false_positives"))


@register
class Recall(_AtThresholds):
    """Of the positive, the share that were found, y > threshold: TP/(TP + FN).

    Args:
        thresholds: a number from 0 to 1 (.5), or a list of them for a list of figures.
        top_k: call positive only what is among the k largest of its row, and without thresholds all
            of that.
        class_id: count only this column.
        name, dtype: as for every `Metric`.

    Example:
        >>> Recall()([0, 1, 1, 1], [1, 0, 1, 1])  # 2 of the 3 positive
        0.6666666666666666
        >>> Recall(top_k=2)([2], [[0.5, 0.3, 0.2]])  # class 2 is not among the two largest
        0.0
    """

    direction = "max"
    kept = ("true_positives", "false_negatives")

    def result(self) -> Any:
        """The share, 0 when nothing was counted; an array for a list of thresholds."""
        hits = self.count("true_positives")
        return ratio(hits, hits + self.count("false_negatives"))


class _Count(_AtThresholds):
    """Base of the four counts themselves."""

    closed = True

    def __init__(
        self, thresholds: Any = None, name: str | None = None, dtype: Any = None, **unknown: Any
    ) -> None:
        self.refuse(unknown)
        super().__init__(thresholds, name=name, dtype=dtype)

    def result(self) -> Any:
        """The weight of what was counted; an array for a list of thresholds."""
        found = self.count(self.kept[0])
        return float(found) if isinstance(found, np.ndarray) and not found.ndim else found


@register
class TruePositives(_Count):
    """How many are positive and were called so, y > threshold (their weight, where they have one).

    Args:
        thresholds: a number from 0 to 1 (.5), or a list of them for a list of figures.
        name, dtype: as for every `Metric`.

    Example:
        >>> TruePositives()([0, 1, 1, 1], [1, 0, 1, 1])
        2.0
    """

    direction = "max"
    kept = ("true_positives",)


@register
class TrueNegatives(_Count):
    """How many are negative and were not called positive, y ≤ threshold (or their weight).

    Args:
        thresholds: a number from 0 to 1 (.5), or a list of them for a list of figures.
        name, dtype: as for every `Metric`.

    Example:
        >>> TrueNegatives()([0, 1, 0, 0], [1, 1, 0, 0])
        2.0
    """

    direction = "max"
    kept = ("true_negatives",)


@register
class FalsePositives(_Count):
    """How many are negative and were called positive, y > threshold (or their weight).

    Args:
        thresholds: a number from 0 to 1 (.5), or a list of them for a list of figures.
        name, dtype: as for every `Metric`.

    Example:
        >>> FalsePositives()([0, 1, 0, 0], [0, 0, 1, 1])
        2.0
    """

    direction = "min"
    kept = ("false_positives",)


@register
class FalseNegatives(_Count):
    """How many are positive and were not called so, y ≤ threshold (or their weight).

    Args:
        thresholds: a number from 0 to 1 (.5), or a list of them for a list of figures.
        name, dtype: as for every `Metric`.

    Example:
        >>> FalseNegatives()([0, 1, 1, 1], [0, 1, 0, 0])
        2.0
    """

    direction = "min"
    kept = ("false_negatives",)
