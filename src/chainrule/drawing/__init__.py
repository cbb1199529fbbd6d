"""Drawings of models, as SVG and without any library."""

from .dense import worked_network
from .network import network
from .places import CONVENTIONS, Units, weight_namer

__all__ = ["CONVENTIONS", "Units", "network", "weight_namer", "worked_network"]
