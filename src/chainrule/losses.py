"""Losses: how wrong a prediction is, as one number. Names, defaults and meanings are Keras 3's.

Each loss is a function of (y_true, y_pred) that reduces the last axis, one number a sample; the
class of the same name weights the samples and takes their mean. `t` is the target, `y` the
prediction, `n` the length of the last axis.

A softmax or sigmoid right before a cross-entropy is never undone by a logarithm: while a tape is
open the loss looks at how `y` was made and works from the logits, so the value is exact and the
gradient p − t also where the network is most wrong.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import config, ops
from .arrays import asarray, is_float, numpy_dtype
from .errors import DataError, ShapeError, choose
from .operators import Recordable, raw
from .registry import Configurable, Registry
from .vocabulary import answer

registry = Registry("loss")

_REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None)


# --- regression ---------------------------------------------------------------------------------


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """(1/n)Σ(t − y)². Deck 003's multi-output MSE; "also called L2-norm" (deck 001) it is not.

    Example:
        >>> float(mean_squared_error([[0.0, 1.0]], [[1.0, 1.0]])[0])
        0.5
    """
    t, y = fit_shapes(y_true, y_pred)
    return ops.mean(ops.square(y - t), axis=-1)


def half_squared_error(y_true: Any, y_pred: Any) -> Any:
    """½Σ(t − y)² over the outputs: the E of the decks' worked examples. ∂E/∂y = y − t."""
    t, y = fit_shapes(y_true, y_pred)
    return 0.5 * ops.sum(ops.square(y - t), axis=-1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """(1/n)Σ|t − y|."""
    t, y = fit_shapes(y_true, y_pred)
    return ops.mean(ops.abs(y - t), axis=-1)


def mean_bias_error(y_true: Any, y_pred: Any) -> Any:
    """(1/n)Σ(t − y): positive where predictions are too low. Errors cancel: a check, no aim."""
    t, y = fit_shapes(y_true, y_pred)
    return ops.mean(t - y, axis=-1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """100·(1/n)Σ|t − y|/max(|t|, ε)."""
    t, y = fit_shapes(y_true, y_pred)
    scale = ops.maximum(ops.abs(t), config.epsilon())
    return 100.0 * ops.mean(ops.abs(t - y) / scale, axis=-1)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """(1/n)Σ(ln(t + 1) − ln(y + 1))², for t, y ≥ 0 (smaller values count as ε)."""
    t, y = fit_shapes(y_true, y_pred)
    floor = config.epsilon()
    difference = ops.log1p(ops.maximum(y, floor)) - ops.log1p(ops.maximum(t, floor))
    return ops.mean(ops.square(difference), axis=-1)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """½(t − y)² where |t − y| ≤ δ, else δ|t − y| − ½δ²; the mean of it.  (Huber 1964.)"""
    t, y = fit_shapes(y_true, y_pred)
    e = ops.abs(y - t)
    small = ops.minimum(e, delta)
    return ops.mean(small * (e - 0.5 * small), axis=-1)


def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """(1/n)Σ ln cosh(y − t): about ½e² when small, |e| − ln 2 when large."""
    t, y = fit_shapes(y_true, y_pred)
    e = y - t
    return ops.mean(e + ops.softplus(-2.0 * e) - math.log(2.0), axis=-1)


def poisson(y_true: Any, y_pred: Any) -> Any:
    """(1/n)Σ(y − t·ln(y + ε)): counts t with a predicted rate y."""
    t, y = fit_shapes(y_true, y_pred)
    return ops.mean(y - t * ops.log(y + config.epsilon()), axis=-1)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """−Σtᵢyᵢ/(|t||y|): −1 for the same direction, 1 for the opposite (Keras's sign)."""
    t, y = fit_shapes(y_true, y_pred)
    return -ops.sum(_unit(t, axis) * _unit(y, axis), axis=axis)


def _unit(x: Any, axis: int) -> Any:
    """X divided by its length."""
    square = ops.sum(ops.square(x), axis=axis, keepdims=True)
    return x * ops.rsqrt(ops.maximum(square, 1e-12))


# --- classification -----------------------------------------------------------------------------


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0
) -> Any:
    """−(1/n)Σ(t ln y + (1 − t) ln(1 − y)), y = σ(z).  ∂/∂z = (y − t)/n."""
    t, y = fit_shapes(y_true, y_pred)
    if label_smoothing:
        t = t * (1.0 - label_smoothing) + 0.5 * label_smoothing
    logits = y if from_logits else ops.logits_behind(y, ops.sigmoid)
    if logits is not None:
        return ops.mean(ops.sigmoid_cross_entropy(logits, t), axis=-1)
    y = ops.clip(y, config.epsilon(), 1.0 - config.epsilon())
    return -ops.mean(t * ops.log(y) + (1.0 - t) * ops.log(1.0 - y), axis=-1)


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0
) -> Any:
    """−Σ tₖ ln yₖ over the classes, y = softmax(z), t one-hot rows or probabilities.  ∂/∂z = y − t.

    Deck 001 adds (1 − t)ln(1 − y); that is not the cross-entropy of a softmax.
    """
    t, y = fit_shapes(y_true, y_pred)
    if label_smoothing:
        t = t * (1.0 - label_smoothing) + label_smoothing / y.shape[-1]
    logits = y if from_logits else ops.logits_behind(y, ops.softmax)
    if logits is not None:
        return ops.softmax_cross_entropy(logits, t)
    y = y / ops.sum(y, axis=-1, keepdims=True)  # as Keras: rows need not sum to 1
    y = ops.clip(y, config.epsilon(), 1.0 - config.epsilon())
    return -ops.sum(t * ops.log(y), axis=-1)


def sparse_categorical_crossentropy(y_true: Any, y_pred: Any, from_logits: bool = False) -> Any:
    """−ln y[t]: the same with class numbers t (from 0) in place of one-hot rows."""
    y = _value(y_pred)
    t = class_numbers(y_true, y)
    logits = y if from_logits else ops.logits_behind(y, ops.softmax)
    if logits is not None:
        return ops.sparse_softmax_cross_entropy(logits, t)
    rows = ops.one_hot(t, y.shape[-1], dtype=raw(y).dtype)
    return categorical_crossentropy(rows, y)


def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """Σ t ln(t/y) for two distributions, both kept above ε."""
    t, y = fit_shapes(y_true, y_pred)
    t, y = (ops.clip(p, config.epsilon(), 1.0) for p in (t, y))
    return ops.sum(t * ops.log(t / y), axis=-1)


def _signed(t: Any) -> Any:
    """Labels 0 and 1 become −1 and 1; labels −1 and 1 stay."""
    binary = ops.all(ops.logical_or(ops.equal(t, 0.0), ops.equal(t, 1.0)))
    return ops.where(binary, 2.0 * t - 1.0, t)


def hinge(y_true: Any, y_pred: Any) -> Any:
    """(1/n)Σ max(0, 1 − t·y) for t in {−1, 1}; t in {0, 1} is converted."""
    t, y = fit_shapes(y_true, y_pred)
    return ops.mean(ops.maximum(1.0 - _signed(t) * y, 0.0), axis=-1)


def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """(1/n)Σ max(0, 1 − t·y)²."""
    t, y = fit_shapes(y_true, y_pred)
    return ops.mean(ops.square(ops.maximum(1.0 - _signed(t) * y, 0.0)), axis=-1)


def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """max(0, 1 + largest wrong output − right output), t one-hot."""
    t, y = fit_shapes(y_true, y_pred)
    right, wrong = ops.sum(t * y, axis=-1), ops.max((1.0 - t) * y, axis=-1)
    return ops.maximum(wrong - right + 1.0, 0.0)


# --- making y_true and y_pred fit ---------------------------------------------------------------


def _value(x: Any) -> Any:
    """The recorded value while a tape is open, an array otherwise; numbers become floats."""
    if isinstance(x, Recordable):
        x = x.on_tape()
    x = x if hasattr(x, "dtype") and hasattr(x, "shape") else asarray(x)
    return x if is_float(x) else x.astype(numpy_dtype())


def fit_shapes(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Targets in the prediction's type and shape; raises where NumPy would silently broadcast."""
    y = _value(y_pred)
    t = y_true if hasattr(y_true, "dtype") and hasattr(y_true, "shape") else asarray(y_true)
    t = t.on_tape() if isinstance(t, Recordable) else t
    t = t if t.dtype == y.dtype else t.astype(y.dtype)
    if t.shape == y.shape:
        return t, y
    if len(t.shape) == len(y.shape) - 1 and y.shape[-1] == 1:
        return ops.reshape(t, (*t.shape, 1)), y
    if len(t.shape) == len(y.shape) + 1 and t.shape[-1] == 1:
        return ops.reshape(t, t.shape[:-1]), y
    raise ShapeError(
        "targets and predictions have different shapes",
        where="loss",
        expected=f"y_true of shape {tuple(y.shape)}, like y_pred",
        received=f"y_true {tuple(t.shape)}, y_pred {tuple(y.shape)}",
        fix="for class numbers use a sparse_ loss; otherwise give one target for each output",
    )


def like_prediction(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Targets for a user's own function, in the prediction's type and, but for a 1, its shape.

    (n,) against (n, 1) would broadcast to (n, n) without a word.
    """
    y = _value(y_pred)
    t = y_true if hasattr(y_true, "dtype") and hasattr(y_true, "shape") else asarray(y_true)
    t = raw(t)
    if t.shape == (*y.shape, 1) or (*t.shape, 1) == y.shape:
        t = t.reshape(y.shape)
    return t.astype(y.dtype), y


def weights_like(sample_weight: Any, each: Any) -> Any:
    """Sample weights in the type of `each`, with axes of length 1 so that they multiply row by row.

    Raises:
        ShapeError: neither one weight a sample nor one for each number.
    """
    w = raw(sample_weight if hasattr(sample_weight, "dtype") else asarray(sample_weight))
    if len(w.shape) == len(each.shape) + 1 and w.shape[-1] == 1:
        w = w.reshape(w.shape[:-1])
    fits = len(w.shape) <= len(each.shape) and all(
        n in (1, k) for n, k in zip(w.shape, each.shape, strict=False)
    )
    if not fits:
        raise ShapeError(
            "sample weights and samples do not fit",
            where="sample_weight",
            expected=f"shape {tuple(each.shape[:1])}",
            received=f"shape {tuple(w.shape)}",
        )
    return w.reshape(w.shape + (1,) * (len(each.shape) - len(w.shape))).astype(each.dtype)


def class_numbers(y_true: Any, y: Any) -> Any:
    """Class numbers in the shape of the prediction without its last axis."""
    t = y_true if hasattr(y_true, "dtype") else np.asarray(y_true)
    t = raw(t)
    if t.shape == (*y.shape[:-1], 1):
        t = t.reshape(y.shape[:-1])
    if t.shape != y.shape[:-1]:
        raise ShapeError(
            "class numbers and predictions do not fit",
            where="sparse_categorical_crossentropy",
            expected=f"y_true of shape {tuple(y.shape[:-1])}",
            received=f"y_true {tuple(t.shape)}, y_pred {tuple(y.shape)}",
            fix="for one-hot rows use categorical_crossentropy",
        )
    t = t if t.dtype.kind in "iu" else t.astype("int32")
    if isinstance(t, np.ndarray) and t.size and not 0 <= t.min() <= t.max() < y.shape[-1]:
        raise DataError(
            "a label is outside the classes",
            where="sparse_categorical_crossentropy",
            expected=f"0 to {y.shape[-1] - 1}",
            received=f"{t.min()} to {t.max()}",
        )
    return t


# --- classes ------------------------------------------------------------------------------------


class Loss(Configurable):
    """A loss function with its settings, the samples' weights, and the mean over samples.

    Args:
        name: shown in logs.
        reduction: `sum_over_batch_size` (the mean over all samples), `mean` (the same), `sum`,
            `mean_with_sample_weight` (Σwℓ/Σw) or `none` (one number a sample).

    Subclass with your own `call(y_true, y_pred)` that returns one number a sample.
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = None, **unknown: Any
    ) -> None:
        self.refuse(unknown)
        if reduction not in _REDUCTIONS:
            known = [r for r in _REDUCTIONS if r]
            raise choose("reduction", reduction, known, where=type(self).__name__)
        self.name, self.reduction = name, reduction

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One number a sample."""
        raise NotImplementedError

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss of a batch."""
        each = self.call(y_true, y_pred)
        weight = None
        if sample_weight is not None:
            weight = weights_like(sample_weight, each)
            each = each * weight
        if self.reduction in (None, "none"):
            return each
        if self.reduction == "sum":
            return ops.sum(each)
        if self.reduction == "mean_with_sample_weight" and weight is not None:
            return ops.sum(each) / ops.sum(ops.broadcast_to(weight, each.shape))
        return ops.mean(each)


class _Function(Loss):
    """A class made of a loss function; further constructor arguments are the function's."""

    function: Any
    settings: tuple[str, ...] = ()

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return type(self).function(y_true, y_pred, **{k: getattr(self, k) for k in self.settings})


def _class(name: str, function: Any, *aliases: str) -> type[Loss]:
    """The class of a loss function without settings, entered under its name."""
    doc = f"{function.__doc__}\n\nThe mean of `{function.__name__}` over the samples."
    body = {"function": staticmethod(function), "__doc__": doc, "__module__": __name__}
    return registry.add(*aliases)(type(name, (_Function,), body))


MeanSquaredError = _class("MeanSquaredError", mean_squared_error, "mse")
HalfSquaredError = _class("HalfSquaredError", half_squared_error)
MeanAbsoluteError = _class("MeanAbsoluteError", mean_absolute_error, "mae")
MeanBiasError = _class("MeanBiasError", mean_bias_error, "mbe")
MeanAbsolutePercentageError = _class(
    "MeanAbsolutePercentageError", mean_absolute_percentage_error, "mape"
)
MeanSquaredLogarithmicError = _class(
    "MeanSquaredLogarithmicError", mean_squared_logarithmic_error, "msle"
)
LogCosh = _class("LogCosh", log_cosh)
Poisson = _class("Poisson", poisson)
KLDivergence = _class("KLDivergence", kl_divergence, "kld", "kullback_leibler_divergence")
Hinge = _class("Hinge", hinge)
SquaredHinge = _class("SquaredHinge", squared_hinge)
CategoricalHinge = _class("CategoricalHinge", categorical_hinge)


@registry.add
class Huber(_Function):
    """The mean of `huber` over the samples; `delta` is where the square becomes a line."""

    function, settings = staticmethod(huber), ("delta",)

    def __init__(self, delta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.delta = delta


@registry.add
class CosineSimilarity(_Function):
    """The mean of `cosine_similarity` over the samples."""

    function, settings = staticmethod(cosine_similarity), ("axis",)

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis


@registry.add("bce")
class BinaryCrossentropy(_Function):
    """The mean of `binary_crossentropy`: yes-or-no outputs, one or several (multi-label)."""

    function, settings = staticmethod(binary_crossentropy), ("from_logits", "label_smoothing")

    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.from_logits, self.label_smoothing = from_logits, label_smoothing


@registry.add("cce")
class CategoricalCrossentropy(_Function):
    """The mean of `categorical_crossentropy`: one class of several, targets one-hot."""

    function, settings = staticmethod(categorical_crossentropy), ("from_logits", "label_smoothing")

    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.from_logits, self.label_smoothing = from_logits, label_smoothing


@registry.add("scce")
class SparseCategoricalCrossentropy(_Function):
    """The mean of `sparse_categorical_crossentropy`: one class of several, targets are numbers."""

    function, settings = staticmethod(sparse_categorical_crossentropy), ("from_logits",)

    def __init__(self, from_logits: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.from_logits = from_logits


register = registry.add
mse, mae, mbe, msle, mape, kld = (
    mean_squared_error,
    mean_absolute_error,
    mean_bias_error,
    mean_squared_logarithmic_error,
    mean_absolute_percentage_error,
    kl_divergence,
)


def get(identifier: Any) -> Any:
    """A loss by name, config or class; a function of (y_true, y_pred) as a loss of its own."""
    loss = registry.get(identifier)
    name = getattr(loss, "__name__", "")
    if name in registry and getattr(registry.find(name), "function", None) is loss:
        return registry.find(name)()  # one of the functions above: its class, which files can name
    if loss is None or isinstance(loss, Loss):
        return loss
    return FunctionLoss(loss)


def serialize(loss: Any) -> Any:
    """The configuration of a loss."""
    return registry.serialize(loss)


class FunctionLoss(Loss):
    """The mean of a user's own function of (y_true, y_pred)."""

    def __init__(self, function: Any, **kwargs: Any) -> None:
        super().__init__(name=getattr(function, "__name__", None), **kwargs)
        self.function = function

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The function's value, on recorded or plain arrays."""
        return self.function(*like_prediction(y_true, y_pred))

    def get_config(self) -> dict[str, Any]:
        """A function of the user's own can only be named if it is registered."""
        return {"function": registry.serialize(self.function), "reduction": self.reduction}

    def __repr__(self) -> str:
        return f"FunctionLoss({self.name})"

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """Look the function up in the table of losses."""
        return cls(registry.find(config["function"]), reduction=config["reduction"])


registry.add(FunctionLoss)

answer(__name__)
