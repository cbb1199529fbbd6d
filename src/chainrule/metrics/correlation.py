"""How predictions go together with targets: R², correlations, directions."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import losses
from ..arrays import xp
from ..errors import ArgumentError, ShapeError, choose
from ..operators import raw
from .base import MeanMetric, Metric, register
from .confusion import _whole

__all__ = [
    "ConcordanceCorrelation",
    "CosineSimilarity",
    "PearsonCorrelation",
    "R2Score",
    "concordance_correlation",
    "pearson_correlation",
]


def _moments(y_true: Any, y_pred: Any, axis: int, where: str) -> tuple[Any, ...]:
    """Means, variances and covariance along an axis."""
    t, y = (raw(v) for v in losses.fit_shapes(y_true, y_pred))
    if t.shape[axis] < 2:
        raise ShapeError(
            "of one number there is no correlation",
            where=where,
            expected=f"at least two numbers along axis {axis}",
            received=tuple(t.shape),
            fix="axis=0 correlates the samples of each batch"
            if axis in (-1, len(t.shape) - 1) and len(t.shape) > 1
            else "",
        )
    m = xp(t, y)
    mean_t, mean_y = (m.mean(v, axis=axis, keepdims=True) for v in (t, y))
    e_t, e_y = t - mean_t, y - mean_y
    var_t, var_y = (m.mean(v * v, axis=axis) for v in (e_t, e_y))
    gap = m.squeeze(mean_t - mean_y, axis=axis)
    return var_t, var_y, m.mean(e_t * e_y, axis=axis), gap


def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """cov(t, y)/√(var t·var y) along an axis, 0 where all numbers are equal (Keras: NaN).

    Raises:
        ShapeError: fewer than two numbers along the axis.

    Example:
        >>> pearson_correlation([[1.0, 2.0, 3.0]], [[3.0, 5.0, 7.0]]).round(6).tolist()
        [1.0]
    """
    var_t, var_y, cov, _ = _moments(y_true, y_pred, axis, "pearson_correlation")
    m = xp(cov)
    # roots apart: the product of two small variances may be 0
    size = m.sqrt(var_t) * m.sqrt(var_y)
    return m.where(size > 0, cov / m.where(size > 0, size, 1.0), 0.0)


@register
class PearsonCorrelation(MeanMetric):
    """cov(t, y)/√(var t·var y) along an axis, the mean over the rest.  (Pearson 1895.)

    As in Keras: along the outputs of each sample, and with `axis=0` along the samples of each
    batch; the mean of batches is not the correlation of all samples.

    Args:
        name, dtype: as for every `Metric`.
        axis: along which numbers are compared.

    Raises:
        ShapeError: fewer than two numbers along the axis, of which Keras makes NaN.

    Example:
        >>> t, y = [[0, 1, 0.5], [1, 1, 0.2]], [[0.1, 0.9, 0.5], [1, 0.9, 0.2]]
        >>> round(PearsonCorrelation()(t, y), 4)
        0.9967
    """

    direction, function = "max", staticmethod(pearson_correlation)
    settings = ("axis",)

    def __init__(
        self, name: str | None = None, dtype: Any = None, axis: int = -1, **unknown: Any
    ) -> None:
        super().__init__(name, dtype, **unknown)
        self.axis = axis


def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """2·cov(t, y)/(var t + var y + (mean t − mean y)²) along an axis: 1 only for y = t.

    0 where all numbers are equal.

    Raises:
        ShapeError: fewer than two numbers along the axis.

    Example:
        >>> concordance_correlation([[1.0, 2.0, 3.0]], [[2.0, 3.0, 4.0]]).round(4).tolist()
        [0.5714]
    """
    var_t, var_y, cov, gap = _moments(y_true, y_pred, axis, "concordance_correlation")
    m, whole = xp(cov), var_t + var_y + gap * gap
    return m.where(whole > 0, 2 * cov / m.where(whole > 0, whole, 1.0), 0.0)


@register
class ConcordanceCorrelation(MeanMetric):
    """2·cov(t, y)/(var t + var y + (mean t − mean y)²), the mean over the rest.  (Lin 1989.)

    Unlike Pearson's it asks for the same scale and place.

    Args:
        name, dtype: as for every `Metric`.
        axis: along which numbers are compared; 0 is the samples of each batch.

    Raises:
        ShapeError: fewer than two numbers along the axis.

    Example:
        >>> t, y = [[0, 1, 0.5], [1, 1, 0.2]], [[0.1, 0.9, 0.5], [1, 0.9, 0.2]]
        >>> round(ConcordanceCorrelation()(t, y), 4)
        0.9816
    """

    direction, function = "max", staticmethod(concordance_correlation)
    settings = ("axis",)

    def __init__(
        self, name: str | None = None, dtype: Any = None, axis: int = -1, **unknown: Any
    ) -> None:
        super().__init__(name, dtype, **unknown)
        self.axis = axis


@register
class CosineSimilarity(MeanMetric):
    """Σtᵢyᵢ/(|t||y|) along an axis, the mean over the rest: 1 for the same direction.

    The loss of that name has the other sign.

    Args:
        name, dtype: as for every `Metric`.
        axis: along which vectors lie.

    Example:
        >>> CosineSimilarity()([[0.0, 2.0]], [[0.0, 5.0]])
        1.0
    """

    direction = "max"

    def __init__(
        self, name: str | None = None, dtype: Any = None, axis: int = -1, **unknown: Any
    ) -> None:
        super().__init__(name, dtype, **unknown)
        self.axis = axis

    def each(self, y_true: Any, y_pred: Any) -> Any:
        """The loss with its sign turned."""
        return -raw(losses.cosine_similarity(y_true, raw(losses.value_of(y_pred)), self.axis))


@register("r2")
class R2Score(Metric):
    """R² = 1 − Σ(t − y)²/Σ(t − mean t)²: 1 is exact, 0 no better than the mean of the targets.

    For equal targets 1 where y is exact and 0 where it is not, as in scikit-learn. Sums are taken
    around a running mean, so that targets far from 0 lose no digits; Keras takes Σt² − (Σt)²/n.

    Args:
        class_aggregation: "uniform_average" over the outputs, "variance_weighted_average" by their
            Σ(t − mean t)², None for a figure for each.
        num_regressors: p above 0 gives the adjusted R², 1 − (1 − R²)(n − 1)/(n − p − 1), n samples
            (Keras counts samples times outputs).
        name, dtype: as for every `Metric`.

    Raises:
        ArgumentError: an unknown word, p below 0.
        ShapeError: more than two axes, or another number of outputs than before.

    Example:
        >>> round(R2Score()([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]]), 6)
        0.571429
    """

    direction = "max"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = None,
        dtype: Any = None,
        **unknown: Any,
    ) -> None:
        super().__init__(dtype, name or "r2_score", **unknown)
        known = ("uniform_average", "variance_weighted_average")
        if class_aggregation is not None and class_aggregation not in known:
            raise choose("class_aggregation", class_aggregation, known, where="R2Score")
        self.class_aggregation = class_aggregation
        self.num_regressors = _whole(self, "num_regressors", num_regressors, 0) or 0
        self.samples = self.add_variable(name="samples")
        self.weight = self.add_variable(name="weight")
        self._sums: list[Any] = []

    @property
    def adds_up(self) -> bool:
        """No: the mean is running."""
        return False

    def build(self, y_true_shape: tuple, y_pred_shape: tuple) -> None:
        """Find the number of outputs."""
        outputs = 1 if len(y_pred_shape) == 1 else y_pred_shape[-1]
        if len(y_pred_shape) > 2 or (self._sums and self._sums[0].shape != (outputs,)):
            raise ShapeError(
                "R² is that of columns",
                where=self.name,
                expected="y_pred of shape (n, outputs), as before",
                received=tuple(y_pred_shape),
            )
        if not self._sums:
            names = ("origin", "mean", "around_mean", "residual")
            self._sums = [self.add_variable((outputs,), name=name) for name in names]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add one batch (Chan, Golub, LeVeque 1983: sums around two means become one)."""
        t, y = (raw(v) for v in losses.fit_shapes(y_true, y_pred))
        t, y = (v.reshape(len(v), -1) if len(v.shape) == 1 else v for v in (t, y))
        self.ready(t, y)
        origin, mean, around, residual = self._sums
        kind = mean.dtype
        t, y = t.astype(kind), y.astype(kind)
        m = xp(t, y)
        # numbers near 2000 have few digits left behind the point: those from the first one more
        first = m.where(raw(self.samples) == 0, t[0], raw(origin))
        t, y = t - first, y - first
        w = m.ones((len(t), 1), kind)
        if sample_weight is not None:
            w = losses.weights_like(sample_weight, t)
            if w.shape[1] != 1:
                raise ArgumentError(
                    "R² takes one weight a sample", where=self.name, received=f"shape {w.shape}"
                )
            w = m.broadcast_to(w, (len(t), 1))
        before, new = raw(self.weight), m.sum(w)
        whole = before + new
        safe = m.where(whole == 0, 1.0, whole)
        here = m.sum(w * t, axis=0) / m.where(new == 0, 1.0, new)
        gap = here - raw(mean)
        found = m.sum(w * (t - here) ** 2, axis=0) + gap**2 * (before * new / safe)
        for variable, value in (
            (around, raw(around) + found),
            (residual, raw(residual) + m.sum(w * (t - y) ** 2, axis=0)),
            (origin, first),
            (mean, raw(mean) + gap * (new / safe)),
            (self.weight, whole),
            (self.samples, raw(self.samples) + len(t)),
        ):
            variable.assign(value.astype(variable.dtype))

    def result(self) -> Any:
        """R², or one for each output."""
        if not self._sums:
            return 0.0
        around, residual = (raw(v) for v in self._sums[2:])
        m, weight = xp(around), raw(self.weight)
        if m is np:
            around, residual = around.astype(np.float64), residual.astype(np.float64)
        exact = m.where(residual == 0, 1.0, 0.0)
        score = m.where(around > 0, 1 - residual / m.where(around > 0, around, 1.0), exact)
        if self.class_aggregation == "uniform_average":
            score = m.mean(score)
        elif self.class_aggregation == "variance_weighted_average":
            total = m.sum(around)
            shares = m.where(total > 0, around / m.where(total > 0, total, 1.0), 1 / len(around))
            score = m.sum(score * shares)
        if self.num_regressors:
            n = raw(self.samples)
            free = n - self.num_regressors - 1
            adjusted = 1 - (1 - score) * (n - 1) / m.where(free > 0, free, 1.0)
            score = m.where(free > 0, adjusted, score)  # too few samples: as it is
        score = m.where(weight == 0, 0.0, score)
        return float(score) if m is np and score.ndim == 0 else score
