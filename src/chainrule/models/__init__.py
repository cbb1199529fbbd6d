"""Models: Sequential, and Model to subclass."""

from ..saving import load_model
from ..vocabulary import answer
from .base import Model
from .sequential import Sequential

__all__ = ["Model", "Sequential", "load_model"]

answer(__name__)
