"""Metrics: running figures over an epoch. Names and meanings are Keras 3's."""

from ..vocabulary import answer
from . import accuracy, confusion, probabilistic, regression
from .accuracy import *  # noqa: F403
from .base import (
    FunctionMetric,
    Mean,
    MeanMetric,
    Metric,
    get,
    ratio,
    register,
    registry,
    serialize,
)
from .confusion import *  # noqa: F403
from .names import better_direction, depends_on_shapes, distinct_name, resolve
from .probabilistic import *  # noqa: F403
from .regression import *  # noqa: F403

__all__ = [
    "FunctionMetric",
    "Mean",
    "MeanMetric",
    "Metric",
    "better_direction",
    "depends_on_shapes",
    "distinct_name",
    "get",
    "ratio",
    "register",
    "registry",
    "resolve",
    "serialize",
    *accuracy.__all__,
    *confusion.__all__,
    *probabilistic.__all__,
    *regression.__all__,
]

answer(__name__)
