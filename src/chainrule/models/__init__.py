"""Models: Sequential, graphs of layers, and Model to subclass."""

from typing import TYPE_CHECKING

from ..layers import registry
from ..vocabulary import answer
from .base import Model
from .generation import generate
from .graph import Functional
from .sequential import Sequential

if TYPE_CHECKING:
    from ..saving import load_model, save_model
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
    from .clones import clone_model, model_from_json

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
    "clone_model",
    "collapse",
    "generate",
    "load_model",
    "model_from_json",
    "save_model",
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

answer(
    __name__,
    later={
        **dict.fromkeys(("load_model", "save_model"), "saving"),
        **dict.fromkeys(("clone_model", "model_from_json"), "models.clones"),
        **dict.fromkeys(_CLASSIC, "models.classic"),
    },
)
registry.add_later("models.classic", _CLASSIC)  # files name them
registry.add_later("applications.transformer", ("CharTransformer",))
registry.add_later("tabular", ("TableLinear", "TableNetwork"))
