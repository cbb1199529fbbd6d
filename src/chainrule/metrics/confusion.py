"""Metrics that count right and wrong decisions above a threshold: precision and recall."""

from __future__ import annotations

from typing import Any

from .. import losses, ops
from ..arrays import xp
from ..checks import is_number
from ..errors import ArgumentError
from ..operators import raw
from .base import Metric, add_to, ratio, register

__all__ = ["Precision", "Recall"]


class _Share(Metric):
    """Base: true positives among them and `other` ones, at one threshold or at each of several.

    A list of thresholds gives a list of figures, as in Keras.
    """

    direction = "max"
    other = ""  # name of the running count

    def __init__(
        self,
        thresholds: Any = None,
        *,
        name: str | None = None,
        dtype: Any = None,
        **unknown: Any,
    ) -> None:
        super().__init__(dtype, name, **unknown)
        self.thresholds = 0.5 if thresholds is None else _checked(self, thresholds)
        shape = (len(self.thresholds),) if isinstance(self.thresholds, list) else ()
        self.true_positives = self.add_variable(shape, name="true_positives")
        self.others = self.add_variable(shape, name=self.other)

    def wrong(self, t: Any, called: Any) -> Any:
        """True where this kind of error was made."""
        raise NotImplementedError

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add one batch."""
        t, y = (raw(v) for v in losses.fit_shapes(y_true, y_pred))
        t, w = t > 0.5, 1.0
        if sample_weight is not None:
            w = losses.weights_like(sample_weight, y)

        def count(found: Any) -> Any:
            """The weight of what was found, at each threshold."""
            if not isinstance(self.thresholds, list):
                return ops.sum(found(y > self.thresholds) * w)
            sums = [ops.sum(found(y > bar) * w) for bar in self.thresholds]
            return xp(y).stack(sums)

        add_to(self.true_positives, count(lambda called: t & called))
        add_to(self.others, count(lambda called: self.wrong(t, called)))

    def result(self) -> Any:
        """The share, 0 when nothing was counted; an array for a list of thresholds."""
        found, others = raw(self.true_positives), raw(self.others)
        return ratio(found, found + others)


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
class Precision(_Share):
    """Of those called positive, y > threshold, the share that are: TP/(TP + FP).

    Args:
        thresholds: a number from 0 to 1 (.5), or a list of them for a list of figures.
        name, dtype: as for every `Metric`.

    Example:
        >>> Precision()([0, 1, 1, 1], [1, 0, 1, 1])  # 2 of the 3 called positive
        0.6666666666666666
        >>> Precision(thresholds=[0.3, 0.7])([0, 1, 1], [0.5, 0.4, 0.9])
        array([0.66666667, 1.        ])
    """

    other = "false_positives"

    def wrong(self, t: Any, called: Any) -> Any:
        """Called positive and is not."""
        return ~t & called


@register
class Recall(_Share):
    """Of the positive, the share that were found, y > threshold: TP/(TP + FN).

    Args:
        thresholds: a number from 0 to 1 (.5), or a list of them for a list of figures.
        name, dtype: as for every `Metric`.

    Example:
        >>> Recall()([0, 1, 1, 1], [1, 0, 1, 1])  # 2 of the 3 positive
        0.6666666666666666
    """

    other = "false_negatives"

    def wrong(self, t: Any, called: Any) -> Any:
        """Is positive and was not called so."""
        return t & ~called
