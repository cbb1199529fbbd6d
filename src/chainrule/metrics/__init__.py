"""Metrics: running figures over an epoch. Names and meanings are Keras 3's."""

from ..losses import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_hinge,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from ..vocabulary import answer
from . import accuracy, confusion, correlation, curves, fscore, iou, probabilistic, regression
from .accuracy import *  # noqa: F403
from .base import (
    FunctionMetric,
    Mean,
    MeanMetric,
    MeanMetricWrapper,
    Metric,
    Sum,
    deserialize,
    get,
    ratio,
    register,
    registry,
    serialize,
)
from .confusion import *  # noqa: F403
from .correlation import *  # noqa: F403
from .curves import *  # noqa: F403
from .fscore import *  # noqa: F403
from .iou import *  # noqa: F403
from .names import better_direction, depends_on_shapes, distinct_name, resolve
from .probabilistic import *  # noqa: F403
from .regression import *  # noqa: F403

__all__ = [
    "FunctionMetric",
    "Mean",
    "MeanMetric",
    "MeanMetricWrapper",
    "Metric",
    "Sum",
    "better_direction",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "depends_on_shapes",
    "deserialize",
    "distinct_name",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "ratio",
    "register",
    "registry",
    "resolve",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    *accuracy.__all__,
    *confusion.__all__,
    *correlation.__all__,
    *curves.__all__,
    *fscore.__all__,
    *iou.__all__,
    *probabilistic.__all__,
    *regression.__all__,
]

answer(__name__)
