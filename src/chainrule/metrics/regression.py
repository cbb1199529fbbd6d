"""Metrics of numbers: errors, each the mean of the loss of that name.

t is the target, y the prediction, N the number of samples seen, n that of outputs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import losses
from ..arrays import xp
from .base import MeanMetric, registry

__all__ = [
    "HalfSquaredError",
    "LogCoshError",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanBiasError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "RootMeanSquaredError",
]


@registry.add("mse")
class MeanSquaredError(MeanMetric):
    """(1/Nn)Σ(t − y)² over all samples and outputs.

    Example:
        >>> MeanSquaredError()([[0.0], [1.0]], [[2.0], [1.0]])
        2.0
    """

    direction, function = "min", staticmethod(losses.mean_squared_error)


@registry.add("rmse")
class RootMeanSquaredError(MeanMetric):
    """√((1/Nn)Σ(t − y)²) over all samples and outputs; not the mean of each batch's root.

    Deck 004 takes the sum under the root; that is √N too large.

    Example:
        >>> RootMeanSquaredError()([[0.0], [0.0]], [[3.0], [3.0]])
        3.0
    """

    direction, function = "min", staticmethod(losses.mean_squared_error)

    def result(self) -> Any:
        """The root of the mean."""
        mean = super().result()
        with np.errstate(invalid="ignore"):  # negative weights can make the mean negative: NaN
            root = xp(mean).sqrt(mean)
        return float(root) if isinstance(root, np.floating) else root


@registry.add("mae")
class MeanAbsoluteError(MeanMetric):
    """(1/Nn)Σ|t − y| over all samples and outputs.

    Example:
        >>> MeanAbsoluteError()([[0.0], [1.0]], [[3.0], [2.0]])
        2.0
    """

    direction, function = "min", staticmethod(losses.mean_absolute_error)


@registry.add("mbe")
class MeanBiasError(MeanMetric):
    """(1/Nn)Σ(t − y): positive where predictions are too low on average; neither way is better.

    Example:
        >>> MeanBiasError()([[3.0], [1.0]], [[2.0], [1.0]])
        0.5
    """

    function = staticmethod(losses.mean_bias_error)


@registry.add
class HalfSquaredError(MeanMetric):
    """½Σ(t − y)² over the outputs, the mean over the samples: the E of the decks.

    Example:
        >>> HalfSquaredError()([[0.0, 1.0]], [[1.0, 3.0]])
        2.5
    """

    direction, function = "min", staticmethod(losses.half_squared_error)


@registry.add("mape")
class MeanAbsolutePercentageError(MeanMetric):
    """100·(1/Nn)Σ|t − y|/max(|t|, ε).

    Example:
        >>> MeanAbsolutePercentageError()([[4.0], [2.0]], [[3.0], [2.0]])
        12.5
    """

    direction, function = "min", staticmethod(losses.mean_absolute_percentage_error)


@registry.add("msle")
class MeanSquaredLogarithmicError(MeanMetric):
    """(1/Nn)Σ(ln(t + 1) − ln(y + 1))².

    Example:
        >>> MeanSquaredLogarithmicError()([[3.0]], [[3.0]])
        0.0
    """

    direction, function = "min", staticmethod(losses.mean_squared_logarithmic_error)


@registry.add("log_cosh")
class LogCoshError(MeanMetric):
    """(1/Nn)Σ ln cosh(y − t), logged as `logcosh`.

    Example:
        >>> LogCoshError()([[1.0]], [[1.0]])
        0.0
    """

    direction, function = "min", staticmethod(losses.log_cosh)
    logged = "logcosh"


@registry.add
class Poisson(MeanMetric):
    """(1/Nn)Σ(y − t·ln(y + ε)).

    Example:
        >>> Poisson()([[0.0]], [[2.0]])
        2.0
    """

    direction, function = "min", staticmethod(losses.poisson)
