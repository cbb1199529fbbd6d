"""Losses: how wrong a prediction is, as one number. Names, defaults and meanings are Keras 3's.

Each loss is a function of (y_true, y_pred) that reduces the last axis, one number a sample; the
class of the same name weights the samples and takes their mean.
"""

from ..vocabulary import answer
from . import classification, focal, overlap, regression, sequences
from .base import BuiltinLoss, FunctionLoss, Loss, deserialize, get, register, registry, serialize
from .classification import *  # noqa: F403
from .focal import *  # noqa: F403
from .overlap import *  # noqa: F403
from .regression import *  # noqa: F403
from .sequences import *  # noqa: F403
from .shapes import (
    check_probabilities,
    class_numbers,
    fit_shapes,
    like_prediction,
    value_of,
    weights_like,
)

__all__ = [
    "BuiltinLoss",
    "FunctionLoss",
    "Loss",
    "check_probabilities",
    "class_numbers",
    "deserialize",
    "fit_shapes",
    "get",
    "like_prediction",
    "register",
    "registry",
    "serialize",
    "value_of",
    "weights_like",
    *classification.__all__,
    *focal.__all__,
    *overlap.__all__,
    *regression.__all__,
    *sequences.__all__,
]

# deck 001's form, for comparison only
registry.add_later("course.as_printed", ["deck-001-cce"])

answer(__name__)
