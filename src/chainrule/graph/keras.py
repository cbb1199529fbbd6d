"""`tf.keras`: the parts of chainrule by the names that decks print."""

from .. import activations, datasets, initializers, layers, metrics, models, regularizers, utils
from ..layers import Input
from ..models import Model, Sequential
from ..vocabulary import answer
from . import keras_losses as losses
from . import keras_optimizers as optimizers

__all__ = [
    "Input",
    "Model",
    "Sequential",
    "activations",
    "datasets",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "regularizers",
    "utils",
]

answer(__name__)
