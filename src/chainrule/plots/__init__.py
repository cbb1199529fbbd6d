"""Pictures of models, training and results.

`network`, `worked_network`, `neuron`, `lstm_cell`, `activation` and `weight_updates` are SVG, drawn
without any library. All others are matplotlib `Figure`s.

No pyplot: nothing is shown, no window opens, no global state changes. A notebook displays the
figure; `figure.savefig("curves.png")` writes it. Colours are those of Okabe and Ito, which readers
with any kind of colour vision can tell apart; lines differ in style as well.

Example:
    >>> import io
    >>> figure = learning_curves({"loss": [0.9, 0.4], "val_loss": [1.0, 0.7]})
    >>> figure.savefig(io.BytesIO())
"""

from ..drawing import Units, activation, lstm_cell, network, neuron, weight_updates, worked_network
from ..vocabulary import answer
from .base import COLOURS
from .classes import confusion_matrix, mistakes
from .curves import learning_curves
from .experiments import rate_range, sweep
from .lines import animate_line, moving_line
from .plane import decision_boundary
from .values import regression

__all__ = [
    "COLOURS",
    "Units",
    "activation",
    "animate_line",
    "confusion_matrix",
    "decision_boundary",
    "learning_curves",
    "lstm_cell",
    "mistakes",
    "moving_line",
    "network",
    "neuron",
    "rate_range",
    "regression",
    "sweep",
    "weight_updates",
    "worked_network",
]

answer(__name__)
