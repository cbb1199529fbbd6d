"""Models: Sequential, graphs of layers, and Model to subclass."""

from typing import TYPE_CHECKING

from ..layers import registry
from ..vocabulary import answer
from .base import Model
from .generation import generate
from .graph import Functional
from .sequential import Sequential

if TYPE_CHECKING:
    from ..saving import load_model
    from .classic import (
        Adaline,
        Cycle,
        KMeans,
        LinearRegression,
        LogisticRegression,
        McCullochPitts,
        PathStep,
        Perceptron,
        collapse,
    )

__all__ = [
    "Adaline",
    "Cycle",
    "Functional",
    "KMeans",
    "LinearRegression",
    "LogisticRegression",
    "McCullochPitts",
    "Model",
    "PathStep",
    "Perceptron",
    "Sequential",
    "collapse",
    "generate",
    "load_model",
]

_CLASSIC = (
    "Adaline",
    "Cycle",
    "KMeans",
    "LinearRegression",
    "LogisticRegression",
    "McCullochPitts",
    "PathStep",
    "Perceptron",
    "collapse",
)

answer(__name__, later={"load_model": "saving", **dict.fromkeys(_CLASSIC, "models.classic")})
registry.add_later("models.classic", _CLASSIC)  # files name them
registry.add_later("tabular", ("TableLinear", "TableNetwork"))
