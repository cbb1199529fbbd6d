"""What every metric shares: running sums in Variables, so that it runs inside a compiled epoch.

`update_state` for each batch, `result()` at the end, `reset_state()` before the next.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from .. import config, initializers, losses, ops
from ..arrays import asarray, is_traced, numpy_dtype, xp
from ..calls import answers
from ..errors import ArgumentError, StateError
from ..operators import raw
from ..registry import Configurable, Registry, custom_object_scope, need_config, snake_case
from ..variable import Variable

__all__ = ["FunctionMetric", "Mean", "MeanMetric", "MeanMetricWrapper", "Metric", "Sum", "get"]
__all__ += ["deserialize", "ratio", "register", "registry", "serialize"]

Direction = Literal["min", "max"]
registry = Registry("metric")
register = registry.add


class Metric(Configurable):
    """Base: `update_state(y_true, y_pred, sample_weight=None)`, `result()`, `reset_state()`.

    `direction` says which way is better, `"min"` or `"max"`; None where neither is. Whoever watches
    a figure (EarlyStopping, the report) asks `better_direction`, which reads it here.

    Args:
        dtype: type of the running sums; float64 where `cr.config.floatx()` is, else float32.
        name: shown in logs; made from the class when not given.

    Example:
        >>> class Largest(Metric):
        ...     direction = "min"
        ...     def __init__(self, **kwargs):
        ...         super().__init__(**kwargs)
        ...         self.error = self.add_variable(name="error")
        ...     def update_state(self, y_true, y_pred, sample_weight=None):
        ...         self.error.assign(max(self.error, np.abs(y_pred - y_true).max()))
        ...     def result(self):
        ...         return float(self.error)
        >>> Largest()(np.array([1.0, 2.0]), np.array([1.5, 2.0]))
        0.5
    """

    direction: Direction | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = vars(cls).get("update_state")
        if own is not None and _is_ours(cls):  # users' own stays theirs
            cls.update_state = answers(own)  # type: ignore[method-assign]

    def __init__(self, dtype: Any = None, name: str | None = None, **unknown: Any) -> None:
        self.refuse(unknown)
        self.name = name or snake_case(type(self).__name__)
        self._dtype = None if dtype is None else numpy_dtype(dtype).name
        self.variables: list[Variable] = []

    @property
    def dtype(self) -> str:
        """Type of the running sums, as a name."""
        # half precision could not count to 3,000
        wide = "float64" if config.floatx() == "float64" else "float32"
        return self._dtype or wide

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; dtype None where none was given."""
        found = super().get_config()
        return found | {"dtype": self._dtype} if "dtype" in found else found

    def add_variable(
        self,
        shape: Sequence[int] = (),
        initializer: Any = "zeros",
        dtype: Any = None,
        name: str | None = None,
    ) -> Variable:
        """A running figure, as a Variable that belongs to this metric.

        Raises:
            ArgumentError: the first argument is a name, as it was in Keras 2.
        """
        if isinstance(shape, str):
            raise ArgumentError(
                "the shape of a running figure comes first",
                where=f"{type(self).__name__}.add_variable",
                expected="a tuple of lengths; () is one number",
                received=repr(shape),
                fix=f"add_variable(name={shape!r})",
            )
        dtype = numpy_dtype(dtype or self.dtype)
        name = name or f"variable_{len(self.variables)}"
        value = initializers.get(initializer or "zeros")(tuple(shape), dtype)
        variable = Variable(value, name=f"{self.name}/{name}", kind="metric", dtype=dtype)
        self.variables.append(variable)
        return variable

    def add_weight(
        self,
        shape: Sequence[int] = (),
        initializer: Any = "zeros",
        dtype: Any = None,
        name: str | None = None,
    ) -> Variable:
        """The same under the name that Keras has it as well."""
        return self.add_variable(shape, initializer, dtype, name)

    def widen(self) -> None:
        """Keep the running figures in float64, as for a model that computes in it."""
        for v in self.variables:
            if v.dtype == np.float32 and self._dtype is None:
                v.retype("float64")

    def build(self, y_true_shape: tuple, y_pred_shape: tuple) -> None:
        """Make the running figures whose shape is that of the data; called before the first batch.

        `compile(metrics=...)` calls it; where a metric is used by itself, `update_state` may.
        """

    @property
    def adds_up(self) -> bool:
        """Is the state after two batches the sum of the states after each? So it is for ours.

        It is not known of metrics that write these methods themselves.

        Example:
            >>> Mean().adds_up
            True
        """
        methods = (getattr(type(self), n, None) for n in ("update_state", "reset_state", "add"))
        return all(m is None or _is_ours(m) for m in methods)

    def ready(self, y_true: Any, y_pred: Any) -> None:
        """Build for arrays like these; in a compiled program it is too late for new Variables.

        Raises:
            StateError: the metric was not built before.
        """
        known = len(self.variables)
        self.build(tuple(y_true.shape), tuple(y_pred.shape))
        if len(self.variables) > known and is_traced(y_pred):
            raise StateError(
                "this metric finds the number of its figures in the data",
                where=self.name,
                expected="a built metric in a compiled step",
                fix="give it to compile(metrics=[...]), or call metric.build(y_true.shape, "
                "y_pred.shape) before fit",
            )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take one batch into account."""
        raise NotImplementedError

    def result(self) -> Any:
        """The figure over everything since `reset_state`."""
        raise NotImplementedError

    def reset_state(self) -> None:
        """Start again."""
        for v in self.variables:
            v.assign(np.zeros(v.shape, v.dtype))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Update with (y_true, y_pred, sample_weight=None), and the figure so far."""
        self.update_state(*args, **kwargs)
        return self.result()


def _is_ours(part: Any) -> bool:
    return str(part.__module__).partition(".")[0] == __name__.partition(".")[0]


def add_to(variable: Variable, value: Any) -> None:
    """Add to a running sum, in its own type."""
    old = variable.value
    variable.assign((old + value).astype(old.dtype))


def ratio(total: Any, count: Any) -> Any:
    """total/count, and 0 where nothing was counted; a Python float for single numbers on NumPy.

    Example:
        >>> ratio(3.0, 4.0), ratio(0.0, 0.0)
        (0.75, 0.0)
    """
    total, count = raw(total), raw(count)
    m = xp(total, count)
    if m is np:
        total, count = np.asarray(total, np.float64), np.asarray(count, np.float64)
        found = np.divide(total, count, out=np.zeros_like(total), where=count != 0)
        return float(found) if found.ndim == 0 else found
    return m.where(count == 0, 0.0, total / m.where(count == 0, 1.0, count))


@register
class Mean(Metric):
    """Weighted mean Σwx/Σw of whatever it is given, and 0 before anything was given.

    Values of several axes (samples, ...) count with the mean over the axes of a sample.

    Example:
        >>> m = Mean()
        >>> m.update_state([1.0, 2.0, 6.0])
        >>> m.result()
        3.0
        >>> m.update_state([10.0], sample_weight=[3.0])
        >>> m.result()  # (1 + 2 + 6 + 3·10)/(1 + 1 + 1 + 3)
        6.5
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None, **unknown: Any) -> None:
        super().__init__(dtype, name, **unknown)
        self.total, self.count = self.add_variable(name="total"), self.add_variable(name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add values, each with its weight."""
        values = raw(values if hasattr(values, "dtype") else asarray(values))
        rows = math.prod(values.shape[:1])
        each = math.prod(values.shape[1:]) or 1  # numbers of a sample
        if sample_weight is None:
            total, count = ops.sum(values) / each, float(rows)
        else:
            w = losses.weights_like(sample_weight, values)
            total = ops.sum(values * w) / each
            count = ops.sum(ops.broadcast_to(w, values.shape)) / each
        self.add(total, count)

    def add(self, total: Any, count: Any) -> None:
        """Take in a sum and how many (or how much weight) it is the sum of."""
        add_to(self.total, total)
        add_to(self.count, count)

    def result(self) -> Any:
        """Σwx/Σw, or 0 when nothing was counted."""
        return ratio(self.total, self.count)


@register
class Sum(Metric):
    """Weighted sum Σwx of whatever it is given.

    Example:
        >>> m = Sum()
        >>> m.update_state([1.0, 2.0, 6.0], sample_weight=[1.0, 1.0, 0.5])
        >>> m.result()
        6.0
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None, **unknown: Any) -> None:
        super().__init__(dtype, name, **unknown)
        self.total = self.add_variable(name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add values, each with its weight."""
        values = raw(values if hasattr(values, "dtype") else asarray(values))
        if sample_weight is not None:
            values = values * losses.weights_like(sample_weight, values)
        add_to(self.total, ops.sum(values))

    def result(self) -> Any:
        """Σwx."""
        total = raw(self.total)
        return float(total) if isinstance(total, np.ndarray) else total


class MeanMetric(Mean):
    """Base of metrics that are a mean: write `each(y_true, y_pred)`, one number a sample.

    `each` may also give one number for each element, (samples, ...); then there may be a weight
    for each element as well.

    Example:
        >>> class Within(MeanMetric):
        ...     direction = "max"
        ...     def each(self, y_true, y_pred):
        ...         return (np.abs(y_true - y_pred) < 1).astype("float32")
        >>> Within()(np.array([1.0, 2.0]), np.array([1.5, 7.0]))
        0.5
    """

    logged: str | None = None  # the name in logs, where it is not the class's
    function: Any = None  # of (y_true, y_pred), with the settings below by name
    settings: tuple[str, ...] = ()

    def __init__(self, name: str | None = None, dtype: Any = None, **unknown: Any) -> None:
        super().__init__(name or self.logged or snake_case(type(self).__name__), dtype, **unknown)

    def each(self, y_true: Any, y_pred: Any) -> Any:
        """One number a sample: the value of `function`."""
        if type(self).function is None:
            raise NotImplementedError
        given = {k: getattr(self, k) for k in self.settings}
        return type(self).function(y_true, y_pred, **given)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add one batch."""
        super().update_state(self.each(y_true, y_pred), sample_weight)


@register
class MeanMetricWrapper(MeanMetric):
    """The mean of a function of (y_true, y_pred), which gets the other arguments by name.

    Args:
        fn: one number a sample, or one for each element.
        name, dtype: as for every `Metric`.
        kwargs: what fn is called with besides.

    Example:
        >>> def missed(y_true, y_pred, by):
        ...     return np.abs(y_pred - y_true) > by
        >>> MeanMetricWrapper(missed, by=1.0)(np.array([1.0, 2.0]), np.array([[3.0], [2.0]]))
        0.5
    """

    def __init__(self, fn: Any, name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:
        super().__init__(name or getattr(fn, "__name__", None), dtype)
        self.fn, self.kwargs = fn, kwargs

    def each(self, y_true: Any, y_pred: Any) -> Any:
        """The function's value."""
        return raw(self.fn(*losses.like_prediction(y_true, raw(y_pred)), **self.kwargs))

    def get_config(self) -> dict[str, Any]:
        """A function of the user's own can only be named if it is registered."""
        named = {"fn": _named(self.fn), "name": self.name, "dtype": self._dtype}
        return named | self.kwargs

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name})"

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """Look the function up in the tables of metrics and losses."""
        config = dict(need_config(config, cls.__name__))
        function = config.pop("fn", None)
        return cls(_found(function) if isinstance(function, str) else function, **config)


@register
class FunctionMetric(MeanMetricWrapper):
    """The mean of a user's own function of (y_true, y_pred), as `compile(metrics=[f])` makes it.

    Example:
        >>> def distance(y_true, y_pred):
        ...     return np.abs(y_pred - y_true)
        >>> metric = get(distance)
        >>> metric, metric(np.array([1.0, 2.0]), np.array([[3.0], [2.0]]))
        (FunctionMetric(distance), 1.0)
    """

    def __init__(self, function: Any, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(function, name or getattr(function, "__name__", "metric"), dtype)
        self.function = function
        if _class_of(function, losses.registry) is not None:
            self.direction = "min"  # a loss of ours that is no metric's

    def get_config(self) -> dict[str, Any]:
        """A function of the user's own can only be named if it is registered."""
        return {"function": _named(self.fn), "name": self.name, "dtype": self._dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """Look the function up in the tables of metrics and losses."""
        config = dict(need_config(config, cls.__name__))
        return cls(**config | {"function": _found(config.get("function"))})


def _class_of(function: Any, table: Registry) -> Any:
    """The class of ours whose `function` it is, or None."""
    name = getattr(function, "__name__", "")
    found = table.find(name) if name in table else None
    return found if getattr(found, "function", None) is function else None


def _named(function: Any) -> Any:
    """The name of a function in files: that of a loss of ours, or one that is registered."""
    if _class_of(function, losses.registry) is not None:
        return function.__name__
    return registry.serialize(function)


def _found(name: Any) -> Any:
    """The function that `_named` calls so."""
    found = registry.find(name) if name in registry else losses.registry.find(name)
    return getattr(found, "function", None) or found


def get(identifier: Any) -> Any:
    """A metric by name, config or class; a function of (y_true, y_pred) as a metric of its own.

    Raises:
        UnknownNameError: with the nearest name there is.

    Example:
        >>> get("mae").name
        'mean_absolute_error'
    """
    metric = registry.get(identifier)
    if metric is None or isinstance(metric, Metric):
        return metric
    ours = _class_of(metric, registry)  # one of our functions: its class, which files can name
    return FunctionMetric(metric) if ours is None else ours(name=metric.__name__)


def serialize(metric: Any) -> Any:
    """The configuration of a metric, as plain values; `get` makes the metric of it again.

    Example:
        >>> serialize(get("mae"))["class_name"]
        'MeanAbsoluteError'
    """
    return registry.serialize(metric)


def deserialize(name: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """A metric from its configuration or name; classes of one's own by name beside it.

    Example:
        >>> deserialize(serialize(get("mse"))).name
        'mean_squared_error'
    """
    with custom_object_scope(custom_objects):
        return get(name)
