"""Optimizers: how weights follow their gradients."""

from .. import schedules
from ..vocabulary import answer, answer_of
from .adaptive import Adadelta, Adagrad, Adam, Adamax, AdamW, Nadam, RMSprop, RMSpropOutside
from .base import Optimizer, get, register, registry, serialize
from .matrices import Adafactor, Lamb, Muon
from .regularized import Ftrl
from .schedule_free import ScheduleFreeAdamW
from .sgd import SGD, Lion, MovingAverageMomentum

__all__ = [
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "MovingAverageMomentum",
    "Muon",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "RMSpropOutside",
    "ScheduleFreeAdamW",
    "deserialize",
    "get",
    "register",
    "registry",
    "schedules",
    "serialize",
]

deserialize = get  # Keras's name

# deck 001's form, for comparison only
registry.add_later("course.as_printed", ["deck-001-adam"])

answer(__name__)
answer_of(Optimizer, "optimizer")
