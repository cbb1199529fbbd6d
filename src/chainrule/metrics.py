"""Metrics: running figures over an epoch. Names and meanings are Keras 3's.

A metric keeps sums in Variables, so that it runs inside a compiled epoch: `update_state` for each
batch, `result()` at the end, `reset_state()` before the next.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import config, losses, ops
from .arrays import asarray
from .operators import raw
from .registry import Configurable, Registry, snake_case
from .variable import Variable
from .vocabulary import answer

registry = Registry("metric")
register = registry.add


class Metric(Configurable):
    """Base: `update_state(y_true, y_pred, sample_weight=None)`, `result()`, `reset_state()`."""

    def __init__(self, name: str | None = None) -> None:
        self.name = name or snake_case(type(self).__name__)
        self.variables: list[Variable] = []

    def add_variable(self, name: str) -> Variable:
        """A running sum that starts at 0."""
        # half precision could not count to 3,000
        dtype = "float64" if config.floatx() == "float64" else "float32"
        variable = Variable(0.0, name=f"{self.name}/{name}", kind="metric", dtype=dtype)
        self.variables.append(variable)
        return variable

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take one batch into account."""
        raise NotImplementedError

    def result(self) -> Any:
        """The figure over everything since `reset_state`."""
        raise NotImplementedError

    def reset_state(self) -> None:
        """Start again."""
        for v in self.variables:
            v.assign(np.zeros((), v.dtype))

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Update, and the figure so far."""
        self.update_state(y_true, y_pred, sample_weight)
        return self.result()


def _add(variable: Variable, value: Any) -> None:
    """Add to a running sum, in its own type."""
    old = variable.value
    variable.assign((old + value).astype(old.dtype))


@register
class Mean(Metric):
    """Weighted mean Σwx/Σw of whatever it is given.

    Example:
        >>> m = Mean()
        >>> m.update_state([1.0, 2.0, 6.0])
        >>> float(m.result())
        3.0
    """

    def __init__(self, name: str | None = "mean") -> None:
        super().__init__(name)
        self.total, self.count = self.add_variable("total"), self.add_variable("count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add values, each with its weight."""
        values = raw(values if hasattr(values, "dtype") else asarray(values))
        if sample_weight is None:
            total, count = ops.sum(values), float(np.prod(values.shape))
        else:
            w = losses.weights_like(sample_weight, values)
            total = ops.sum(values * w)
            count = ops.sum(ops.broadcast_to(w, values.shape))
        self.add(total, count)

    def add(self, total: Any, count: Any) -> None:
        """Take in a sum and how many (or how much weight) it is the sum of."""
        _add(self.total, total)
        _add(self.count, count)

    def result(self) -> Any:
        """Σwx/Σw, or 0 when nothing was counted."""
        return float(self.total) / max(float(self.count), 1e-12) if float(self.count) else 0.0


class MeanMetric(Mean):
    """Base of metrics that are the mean of one number a sample: write `each(y_true, y_pred)`."""

    def each(self, y_true: Any, y_pred: Any) -> Any:
        """One number a sample."""
        raise NotImplementedError

    logged: str | None = None  # the name in logs, where it is not the class's

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name or self.logged or snake_case(type(self).__name__))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add one batch."""
        super().update_state(self.each(y_true, y_pred), sample_weight)


def _mean_of(name: str, function: Any, *aliases: str) -> type[MeanMetric]:
    """The metric that is the mean of a loss function."""
    body = {
        "each": lambda self, y_true, y_pred: function(y_true, y_pred),
        "__doc__": f"The mean of `losses.{function.__name__}`: {function.__doc__.splitlines()[0]}",
        "__module__": __name__,
    }
    return registry.add(*aliases)(type(name, (MeanMetric,), body))


MeanSquaredError = _mean_of("MeanSquaredError", losses.mean_squared_error, "mse")
MeanAbsoluteError = _mean_of("MeanAbsoluteError", losses.mean_absolute_error, "mae")
MeanBiasError = _mean_of("MeanBiasError", losses.mean_bias_error, "mbe")
HalfSquaredError = _mean_of("HalfSquaredError", losses.half_squared_error)
MeanAbsolutePercentageError = _mean_of(
    "MeanAbsolutePercentageError", losses.mean_absolute_percentage_error, "mape"
)
MeanSquaredLogarithmicError = _mean_of(
    "MeanSquaredLogarithmicError", losses.mean_squared_logarithmic_error, "msle"
)
LogCoshError = _mean_of("LogCoshError", losses.log_cosh, "log_cosh")
LogCoshError.logged = "logcosh"
Poisson = _mean_of("Poisson", losses.poisson)
KLDivergence = _mean_of("KLDivergence", losses.kl_divergence, "kld")
Hinge = _mean_of("Hinge", losses.hinge)
SquaredHinge = _mean_of("SquaredHinge", losses.squared_hinge)
CategoricalHinge = _mean_of("CategoricalHinge", losses.categorical_hinge)


class _Crossentropy(MeanMetric):
    """A cross-entropy as a metric."""

    def __init__(self, name: str | None = None, from_logits: bool = False) -> None:
        super().__init__(name)
        self.from_logits = from_logits


@registry.add("bce")
class BinaryCrossentropy(_Crossentropy):
    """The mean of `losses.binary_crossentropy`."""

    def each(self, y_true: Any, y_pred: Any) -> Any:
        """One number a sample."""
        return losses.binary_crossentropy(y_true, y_pred, self.from_logits)


@registry.add("cce")
class CategoricalCrossentropy(_Crossentropy):
    """The mean of `losses.categorical_crossentropy`."""

    def each(self, y_true: Any, y_pred: Any) -> Any:
        """One number a sample."""
        return losses.categorical_crossentropy(y_true, y_pred, self.from_logits)


@registry.add("scce")
class SparseCategoricalCrossentropy(_Crossentropy):
    """The mean of `losses.sparse_categorical_crossentropy`."""

    def each(self, y_true: Any, y_pred: Any) -> Any:
        """One number a sample."""
        return losses.sparse_categorical_crossentropy(y_true, y_pred, self.from_logits)


@registry.add("rmse")
class RootMeanSquaredError(MeanMetric):
    """√((1/N)Σ(t − y)²) over all samples and outputs; not the mean of each batch's root.

    Deck 004 takes the sum under the root; that is √N too large.
    """

    def each(self, y_true: Any, y_pred: Any) -> Any:
        """Squared error of a sample."""
        return losses.mean_squared_error(y_true, y_pred)

    def result(self) -> Any:
        """The root of the mean."""
        return float(super().result()) ** 0.5


@register
class Accuracy(MeanMetric):
    """How often y_pred equals y_true, element by element."""

    def each(self, y_true: Any, y_pred: Any) -> Any:
        """1 where equal."""
        t, y = losses.fit_shapes(y_true, y_pred)
        return raw(ops.equal(t, y)).astype("float32")


@register
class BinaryAccuracy(MeanMetric):
    """How often y > threshold agrees with the target 0 or 1, element by element."""

    def __init__(self, name: str | None = None, dtype: Any = None, threshold: float = 0.5) -> None:
        super().__init__(name)
        self.dtype, self.threshold = dtype, threshold

    def each(self, y_true: Any, y_pred: Any) -> Any:
        """The share of right elements of each sample."""
        t, y = losses.fit_shapes(y_true, y_pred)
        return ops.mean((raw(t) == (raw(y) > self.threshold)).astype("float32"), axis=-1)


@register
class CategoricalAccuracy(MeanMetric):
    """How often the largest output is the class marked by the one-hot target."""

    def each(self, y_true: Any, y_pred: Any) -> Any:
        """1 where right."""
        t, y = losses.fit_shapes(y_true, y_pred)
        return (ops.argmax(t, axis=-1) == ops.argmax(y, axis=-1)).astype("float32")


@register
class SparseCategoricalAccuracy(MeanMetric):
    """How often the largest output is the class whose number is the target."""

    def each(self, y_true: Any, y_pred: Any) -> Any:
        """1 where right."""
        y = raw(y_pred if hasattr(y_pred, "dtype") else asarray(y_pred))
        return (losses.class_numbers(y_true, y) == ops.argmax(y, axis=-1)).astype("float32")


class _TopK(MeanMetric):
    def __init__(self, k: int = 5, name: str | None = None) -> None:
        super().__init__(name)
        self.k = k

    def _within(self, labels: Any, y: Any) -> Any:
        rank = ops.sum(y > ops.sum(y * _chosen(labels, y), axis=-1, keepdims=True), axis=-1)
        return (rank < self.k).astype("float32")


def _chosen(labels: Any, y: Any) -> Any:
    return (labels[..., None] == np.arange(y.shape[-1])).astype("float32")


@register
class TopKCategoricalAccuracy(_TopK):
    """How often the marked class is among the k largest outputs."""

    def each(self, y_true: Any, y_pred: Any) -> Any:
        """1 where it is."""
        t, y = losses.fit_shapes(y_true, y_pred)
        return self._within(ops.argmax(t, axis=-1), raw(y))


@register
class SparseTopKCategoricalAccuracy(_TopK):
    """How often the class with the target's number is among the k largest outputs."""

    def each(self, y_true: Any, y_pred: Any) -> Any:
        """1 where it is."""
        y = raw(y_pred if hasattr(y_pred, "dtype") else asarray(y_pred))
        return self._within(losses.class_numbers(y_true, y), y)


class _Counts(Metric):
    """Base of precision and recall: counts of right and wrong above a threshold."""

    def __init__(self, thresholds: float | None = None, name: str | None = None) -> None:
        super().__init__(name)
        self.thresholds = 0.5 if thresholds is None else thresholds
        self.hits, self.others = self.add_variable("hits"), self.add_variable("others")

    def _other(self, t: Any, p: Any) -> Any:
        raise NotImplementedError

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add one batch."""
        t, y = (raw(v) for v in losses.fit_shapes(y_true, y_pred))
        t, p = t > 0.5, y > self.thresholds
        w: Any = 1.0
        if sample_weight is not None:
            w = losses.weights_like(sample_weight, y)
        for variable, found in ((self.hits, t & p), (self.others, self._other(t, p))):
            _add(variable, ops.sum(found * w))

    def result(self) -> Any:
        """Hits / (hits + others), 0 when there are none."""
        total = float(self.hits) + float(self.others)
        return float(self.hits) / total if total else 0.0


@register
class Precision(_Counts):
    """Of those called positive, the share that are: TP/(TP + FP)."""

    def _other(self, t: Any, p: Any) -> Any:
        return ~t & p


@register
class Recall(_Counts):
    """Of the positive, the share that were found: TP/(TP + FN)."""

    def _other(self, t: Any, p: Any) -> Any:
        return t & ~p


class FunctionMetric(MeanMetric):
    """The mean of a user's own function of (y_true, y_pred)."""

    def __init__(self, function: Any, name: str | None = None) -> None:
        super().__init__(name or getattr(function, "__name__", "metric"))
        self.function = function

    def each(self, y_true: Any, y_pred: Any) -> Any:
        """The function's value."""
        return raw(self.function(*losses.like_prediction(y_true, raw(y_pred))))

    def get_config(self) -> dict[str, Any]:
        """A function of the user's own can only be named if it is registered."""
        return {"function": registry.serialize(self.function), "name": self.name}

    def __repr__(self) -> str:
        return f"FunctionMetric({self.name})"

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """Look the function up in the table of metrics."""
        return cls(registry.find(config["function"]), name=config["name"])


registry.add(FunctionMetric)

# words that mean one of several metrics, by the shapes of targets and outputs
_BY_SHAPE = {
    "accuracy": (BinaryAccuracy, SparseCategoricalAccuracy, CategoricalAccuracy),
    "acc": (BinaryAccuracy, SparseCategoricalAccuracy, CategoricalAccuracy),
    "crossentropy": (BinaryCrossentropy, SparseCategoricalCrossentropy, CategoricalCrossentropy),
    "ce": (BinaryCrossentropy, SparseCategoricalCrossentropy, CategoricalCrossentropy),
}


def resolve(identifier: Any, y_shape: tuple, output_shape: tuple) -> Metric:
    """A metric from what stands in `compile(metrics=[...])`.

    `"accuracy"` becomes binary, sparse or categorical accuracy by the shapes of one batch.
    """
    if isinstance(identifier, str) and identifier in _BY_SHAPE:
        binary, sparse, categorical = _BY_SHAPE[identifier]
        if output_shape[-1] == 1:
            chosen = binary
        elif len(y_shape) < len(output_shape) or y_shape[-1] == 1:
            chosen = sparse
        else:
            chosen = categorical
        return chosen(name=identifier)
    metric = get(identifier)
    if isinstance(identifier, str):
        metric.name = identifier  # logged under the word the user wrote
    return metric


def get(identifier: Any) -> Any:
    """A metric by name, config or class; a function of (y_true, y_pred) as a metric of its own."""
    metric = registry.get(identifier)
    return metric if metric is None or isinstance(metric, Metric) else FunctionMetric(metric)


def serialize(metric: Any) -> Any:
    """The configuration of a metric."""
    return registry.serialize(metric)


answer(__name__)
