"""Models: Sequential, graphs of layers, and Model to subclass."""

from typing import TYPE_CHECKING

from ..vocabulary import answer
from .base import Model
from .generation import generate
from .graph import Functional
from .sequential import Sequential

if TYPE_CHECKING:
    from ..saving import load_model

__all__ = ["Functional", "Model", "Sequential", "generate", "load_model"]

answer(__name__, later={"load_model": "saving"})
