"""Tables: from encoded columns to a trained model, by a recipe that the number of rows chooses."""

from .linear import TableLinear
from .network import TableNetwork
from .problem import Problem
from .recipe import Candidate, Fitted, fit
from .settings import Settings

__all__ = [
    "Candidate",
    "Fitted",
    "Problem",
    "Settings",
    "TableLinear",
    "TableNetwork",
    "fit",
]
