"""The neurons that came first, and methods beside them, with scikit-learn's names and Keras's.

Example:
    >>> from chainrule.models import Perceptron
    >>> Perceptron().fit([[0.0], [1.0]], [0, 1]).predict([[0.0], [1.0]])
    array([0, 1])
"""

from ...vocabulary import answer
from .adaline import Adaline
from .base import PathStep
from .collapse import collapse
from .kmeans import KMeans
from .linear import LinearRegression
from .logistic import LogisticRegression
from .mcculloch_pitts import McCullochPitts
from .perceptron import Perceptron
from .separable import Cycle

__all__ = [
    "Adaline",
    "Cycle",
    "KMeans",
    "LinearRegression",
    "LogisticRegression",
    "McCullochPitts",
    "PathStep",
    "Perceptron",
    "collapse",
]

answer(__name__)
