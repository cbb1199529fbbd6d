"""Drawings of models and of what they compute, as SVG and without any library."""

from .bars import weight_updates
from .dense import worked_network
from .lstm import lstm_cell
from .network import network
from .neuron import neuron
from .places import CONVENTIONS, Units, weight_namer
from .tangent import activation

__all__ = [
    "CONVENTIONS",
    "Units",
    "activation",
    "lstm_cell",
    "network",
    "neuron",
    "weight_namer",
    "weight_updates",
    "worked_network",
]
