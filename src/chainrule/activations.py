"""Activation functions, under Keras's module name; they are operations with their derivatives."""

from .ops import activations as _activations
from .ops.activations import *  # noqa: F403
from .ops.activations import get, register, registry, serialize
from .ops.elementwise import sign, step, tanh
from .vocabulary import answer

gelu = registry.find("gelu")  # exact by default, unlike `cr.ops.gelu`; both as in Keras

deserialize = registry.deserialize  # Keras's name

__all__ = [
    *_activations.__all__,
    "deserialize",
    "get",
    "register",
    "registry",
    "serialize",
    "sign",
    "step",
    "tanh",
]

answer(__name__)
