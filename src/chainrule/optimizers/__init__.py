"""Optimizers: how weights follow their gradients."""

from .. import schedules
from ..vocabulary import answer
from .adaptive import Adadelta, Adagrad, Adam, Adamax, AdamW, RMSprop, RMSpropOutside
from .base import Optimizer, get, register, registry, serialize
from .sgd import SGD, Lion, MovingAverageMomentum

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Lion",
    "MovingAverageMomentum",
    "Optimizer",
    "RMSprop",
    "RMSpropOutside",
    "get",
    "register",
    "registry",
    "schedules",
    "serialize",
]

# deck 001's form, for comparison only
registry.add_later("course.as_printed", ["deck-001-adam"])

answer(__name__)
