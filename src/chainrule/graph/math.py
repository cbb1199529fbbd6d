"""`tf.math`: the operations that stand there as well as in `tf`."""

from ..vocabulary import answer
from . import arranging, elementwise
from .arranging import *  # noqa: F403
from .elementwise import *  # noqa: F403
from .nn import log_softmax, softmax, softplus

__all__ = [
    *arranging.__all__,
    *elementwise.__all__,
    "log_softmax",
    "softmax",
    "softplus",
]

answer(__name__)
