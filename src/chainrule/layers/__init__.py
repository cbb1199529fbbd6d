"""Layers: parts of a network, each with weights of its own."""

from ..vocabulary import answer
from .attention import AdditiveAttention, Attention, GroupQueryAttention, MultiHeadAttention
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
from .embedding import Embedding
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
    "AdditiveAttention",
    "Attention",
    "BatchNormalization",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GroupQueryAttention",
    "GroupNormalization",
    "Input",
    "InputLayer",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Linear",
    "MultiHeadAttention",
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
