"""Layers: parts of a network, each with weights of its own."""

from ..vocabulary import answer
from .base import Layer, deserialize, register, registry, serialize
from .core import (
    Activation,
    Flatten,
    LeakyReLU,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)
from .dense import Dense
from .dropout import Dropout
from .input import Input, InputLayer
from .normalization import (
    BatchNormalization,
    GroupNormalization,
    LayerNormalization,
    LocalResponseNormalization,
    RMSNormalization,
    UnitNormalization,
)

Linear = Dense

__all__ = [
    "Activation",
    "BatchNormalization",
    "Dense",
    "Dropout",
    "Flatten",
    "GroupNormalization",
    "Input",
    "InputLayer",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Linear",
    "LocalResponseNormalization",
    "RMSNormalization",
    "ReLU",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "UnitNormalization",
    "deserialize",
    "register",
    "registry",
    "serialize",
]

answer(__name__)
