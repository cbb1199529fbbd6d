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
from .merging import (
    Add,
    Average,
    Concatenate,
    Dot,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    concatenate,
    dot,
    maximum,
    minimum,
    multiply,
    subtract,
)
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
    "Add",
    "Average",
    "BatchNormalization",
    "Concatenate",
    "Dense",
    "Dot",
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
    "Maximum",
    "Minimum",
    "Multiply",
    "RMSNormalization",
    "ReLU",
    "Sigmoid",
    "Softmax",
    "Subtract",
    "Tanh",
    "UnitNormalization",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "register",
    "registry",
    "serialize",
    "subtract",
]

answer(__name__)
