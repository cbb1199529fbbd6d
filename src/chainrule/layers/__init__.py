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

Linear = Dense

__all__ = [
    "Activation",
    "AdditiveAttention",
    "Attention",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GroupQueryAttention",
    "Input",
    "InputLayer",
    "Layer",
    "LeakyReLU",
    "Linear",
    "MultiHeadAttention",
    "ReLU",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "deserialize",
    "register",
    "registry",
    "serialize",
]

answer(__name__)
