"""Models: Sequential, graphs of layers, and Model to subclass."""

from ..saving import load_model
from ..vocabulary import answer
from .base import Model
from .generation import generate
from .graph import Functional
from .sequential import Sequential

__all__ = ["Functional", "Model", "Sequential", "generate", "load_model"]

answer(__name__)
