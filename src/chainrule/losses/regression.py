"""Losses of numbers: each a function that reduces the last axis, its class directly below.

`t` is the target, `y` the prediction, `n` the length of the last axis, both of shape (..., n); the
function gives (...), the class one number.
"""

from __future__ import annotations

import math
from typing import Any

from .. import config, ops
from ..calls import answers
from .base import BuiltinLoss, registry
from .shapes import fit_shapes

__all__ = [
    "CosineSimilarity",
    "HalfSquaredError",
    "Huber",
    "LogCosh",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanBiasError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "cosine_similarity",
    "half_squared_error",
    "huber",
    "log_cosh",
    "mae",
    "mape",
    "mbe",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_bias_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "mse",
    "msle",
    "poisson",
]


@answers
def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """(1/n)Σ(t − y)².  ∂/∂yᵢ = 2(yᵢ − tᵢ)/n.

    Deck 003's multi-output MSE; "also called L2-norm" (deck 001) it is not.

    Example:
        >>> float(mean_squared_error([[0.0, 1.0]], [[1.0, 1.0]])[0])
        0.5
    """
    t, y = fit_shapes(y_true, y_pred)
    return ops.mean(ops.square(y - t), axis=-1)


@registry.add("mse")
class MeanSquaredError(BuiltinLoss):
    """(1/n)Σ(t − y)², its mean over the samples: `mean_squared_error` as an object.

    PyTorch's `MSELoss` is the same number. The half of the course's E is `HalfSquaredError`.

    Example:
        >>> float(MeanSquaredError()([[0.0], [1.0]], [[2.0], [1.0]]))
        2.0
    """

    function = staticmethod(mean_squared_error)


@answers
def half_squared_error(y_true: Any, y_pred: Any) -> Any:
    """½Σ(t − y)² over the outputs: the E of the decks' worked examples.  ∂E/∂y = y − t.

    Example:
        >>> float(half_squared_error([[0.0, 1.0]], [[1.0, 3.0]])[0])
        2.5
    """
    t, y = fit_shapes(y_true, y_pred)
    return 0.5 * ops.sum(ops.square(y - t), axis=-1)


@registry.add
class HalfSquaredError(BuiltinLoss):
    """½Σ(t − y)², its mean over the samples: `half_squared_error` as an object.

    Example:
        >>> float(HalfSquaredError("sum")([[0.0], [1.0]], [[2.0], [0.0]]))
        2.5
    """

    function = staticmethod(half_squared_error)


@answers
def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """(1/n)Σ|t − y|.  ∂/∂yᵢ = sign(yᵢ − tᵢ)/n.

    Example:
        >>> float(mean_absolute_error([[0.0, 1.0]], [[1.0, 3.0]])[0])
        1.5
    """
    t, y = fit_shapes(y_true, y_pred)
    return ops.mean(ops.abs(y - t), axis=-1)


@registry.add("mae")
class MeanAbsoluteError(BuiltinLoss):
    """(1/n)Σ|t − y|, its mean over the samples: `mean_absolute_error` as an object.

    Example:
        >>> float(MeanAbsoluteError()([[0.0], [1.0]], [[3.0], [2.0]]))
        2.0
    """

    function = staticmethod(mean_absolute_error)


@answers
def mean_bias_error(y_true: Any, y_pred: Any) -> Any:
    """(1/n)Σ(t − y): positive where predictions are too low. Errors cancel: a check, no aim.

    Example:
        >>> float(mean_bias_error([[0.0, 1.0]], [[1.0, 0.0]])[0])
        0.0
    """
    t, y = fit_shapes(y_true, y_pred)
    return ops.mean(t - y, axis=-1)


@registry.add("mbe")
class MeanBiasError(BuiltinLoss):
    """(1/n)Σ(t − y), its mean over the samples: `mean_bias_error` as an object.

    It has no minimum; train on another loss and look at this one.

    Example:
        >>> float(MeanBiasError()([[3.0], [1.0]], [[2.0], [1.0]]))
        0.5
    """

    function = staticmethod(mean_bias_error)


@answers
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """100·(1/n)Σ|t − y|/max(|t|, ε), ε = `cr.config.epsilon()`.

    Example:
        >>> float(mean_absolute_percentage_error([[4.0]], [[3.0]])[0])
        25.0
    """
    t, y = fit_shapes(y_true, y_pred)
    scale = ops.maximum(ops.abs(t), config.epsilon())
    return 100.0 * ops.mean(ops.abs(t - y) / scale, axis=-1)


@registry.add("mape")
class MeanAbsolutePercentageError(BuiltinLoss):
    """100·(1/n)Σ|t − y|/max(|t|, ε), its mean over the samples.

    scikit-learn's `mean_absolute_percentage_error` is without the 100.

    Example:
        >>> float(MeanAbsolutePercentageError()([[4.0], [2.0]], [[3.0], [2.0]]))
        12.5
    """

    function = staticmethod(mean_absolute_percentage_error)


@answers
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """(1/n)Σ(ln(t + 1) − ln(y + 1))², for t, y ≥ 0 (smaller values count as ε).

    Example:
        >>> value = mean_squared_logarithmic_error([[0.0]], [[math.e - 1]])
        >>> round(float(value[0]), 6)
        1.0
    """
    t, y = fit_shapes(y_true, y_pred)
    floor = config.epsilon()
    difference = ops.log1p(ops.maximum(y, floor)) - ops.log1p(ops.maximum(t, floor))
    return ops.mean(ops.square(difference), axis=-1)


@registry.add("msle")
class MeanSquaredLogarithmicError(BuiltinLoss):
    """(1/n)Σ(ln(t + 1) − ln(y + 1))², its mean over the samples: for targets of many sizes.

    Example:
        >>> float(MeanSquaredLogarithmicError()([[3.0]], [[3.0]]))
        0.0
    """

    function = staticmethod(mean_squared_logarithmic_error)


@answers
def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """½(t − y)² where |t − y| ≤ δ, else δ|t − y| − ½δ²; the mean of it.  (Huber 1964.)

    Example:
        >>> huber([[0.0], [0.0]], [[1.0], [3.0]])
        array([0.5, 2.5])
    """
    t, y = fit_shapes(y_true, y_pred)
    e = ops.abs(y - t)
    small = ops.minimum(e, delta)
    return ops.mean(small * (e - 0.5 * small), axis=-1)


@registry.add
class Huber(BuiltinLoss):
    """½e² for errors |e| ≤ δ, else δ|e| − ½δ²: `huber` as an object.  (Huber 1964.)

    PyTorch's `SmoothL1Loss(beta)` is this divided by β.

    Args:
        delta: where the square becomes a line.
        reduction, name, dtype: as for every `Loss`.

    Example:
        >>> float(Huber(delta=2.0)([[0.0]], [[3.0]]))
        4.0
    """

    function, settings = staticmethod(huber), ("delta",)

    def __init__(self, delta: float = 1.0, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.delta = delta


@answers
def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """(1/n)Σ ln cosh(y − t): about ½e² when small, |e| − ln 2 when large.  ∂/∂yᵢ = tanh(e)/n.

    Example:
        >>> float(log_cosh([[0.0]], [[0.0]])[0])
        0.0
    """
    t, y = fit_shapes(y_true, y_pred)
    e = y - t
    return ops.mean(e + ops.softplus(-2.0 * e) - math.log(2.0), axis=-1)


@registry.add
class LogCosh(BuiltinLoss):
    """(1/n)Σ ln cosh(y − t), its mean over the samples: `log_cosh` as an object.

    Example:
        >>> round(float(LogCosh()([[0.0]], [[100.0]])), 4)  # 100 − ln 2
        99.3069
    """

    function = staticmethod(log_cosh)


@answers
def poisson(y_true: Any, y_pred: Any) -> Any:
    """(1/n)Σ(y − t·ln(y + ε)): counts t with a predicted rate y > 0.

    The part of −ln P(t | y) that depends on y, as in Keras; PyTorch's `PoissonNLLLoss` takes ln y
    unless told `log_input=False`.

    Example:
        >>> float(poisson([[0.0]], [[2.0]])[0])
        2.0
    """
    t, y = fit_shapes(y_true, y_pred)
    return ops.mean(y - t * ops.log(y + config.epsilon()), axis=-1)


@registry.add
class Poisson(BuiltinLoss):
    """(1/n)Σ(y − t·ln(y + ε)), its mean over the samples: `poisson` as an object.

    Example:
        >>> round(float(Poisson()([[3.0]], [[1.0]])), 5)
        1.0
    """

    function = staticmethod(poisson)


@answers
def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """−Σtᵢyᵢ/(|t||y|): −1 for the same direction, 1 for the opposite (Keras's sign).

    Example:
        >>> float(cosine_similarity([[0.0, 2.0]], [[0.0, 5.0]])[0])
        -1.0
    """
    t, y = fit_shapes(y_true, y_pred)
    return -ops.sum(_unit(t, axis) * _unit(y, axis), axis=axis)


def _unit(x: Any, axis: int) -> Any:
    """X divided by its length."""
    square = ops.sum(ops.square(x), axis=axis, keepdims=True)
    return x * ops.rsqrt(ops.maximum(square, 1e-12))


@registry.add
class CosineSimilarity(BuiltinLoss):
    """−Σtᵢyᵢ/(|t||y|) along an axis, its mean over the rest: `cosine_similarity` as an object.

    PyTorch's and scikit-learn's cosine similarity have the other sign: they are no losses.

    Args:
        axis: along which vectors lie.
        reduction, name, dtype: as for every `Loss`.

    Example:
        >>> float(CosineSimilarity()([[0.0, 2.0]], [[3.0, 0.0]]))
        0.0
    """

    function, settings = staticmethod(cosine_similarity), ("axis",)

    def __init__(self, axis: int = -1, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.axis = axis


mse, mae, mbe, msle, mape = (
    mean_squared_error,
    mean_absolute_error,
    mean_bias_error,
    mean_squared_logarithmic_error,
    mean_absolute_percentage_error,
)
