"""Layers: parts of a network, each with weights of its own."""

from ..vocabulary import answer
from .base import Layer, deserialize, register, registry, serialize
from .cells import StackedRNNCells
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
from .gru import GRU, GRUCell
from .input import Input, InputLayer
from .lstm import LSTM, LSTMCell
from .masking import Masking
from .recurrent import RNN
from .simple_rnn import SimpleRNN, SimpleRNNCell
from .wrappers import Bidirectional, TimeDistributed

Linear = Dense

__all__ = [
    "Activation",
    "Bidirectional",
    "Dense",
    "Dropout",
    "Flatten",
    "GRU",
    "GRUCell",
    "Input",
    "InputLayer",
    "LSTM",
    "LSTMCell",
    "Layer",
    "LeakyReLU",
    "Linear",
    "Masking",
    "RNN",
    "ReLU",
    "Sigmoid",
    "SimpleRNN",
    "SimpleRNNCell",
    "Softmax",
    "StackedRNNCells",
    "Tanh",
    "TimeDistributed",
    "deserialize",
    "register",
    "registry",
    "serialize",
]

answer(__name__)
