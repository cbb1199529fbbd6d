"""Every figure of the decks, drawn from numbers that this package computes.

`rows()` lists them; `figure("surface")` or `surface()` makes one, `save(picture, "surface.svg")`
writes it, and `chainrule plot surface` does both. Curves are those of `cr.ops`, slopes those of the
chain rule, paths those of our optimizers: nothing is painted by hand.

Network diagrams are SVG `Drawing`s, all others matplotlib `Figure`s without pyplot. Each has a
`title` and a `description`, which files carry for those who cannot see it.

Example:
    >>> import chainrule as cr
    >>> print(cr.figures.surface("momentum", 0.1, steps=20).description)
    momentum, rate 0.1, 20 updates from (−1.5, 3.6): w = (1.38, 1.89), J = 0.0715
"""

from ..vocabulary import answer
from .curves import activation_card, activations, bias_shift, softmax
from .descent import cost_curve, learning_rates, local_minima
from .fits import fitting, training_curves, vanishing
from .images import alexnet, convolution, lenet5, pooling, tensors
from .networks import (
    backpropagation,
    backpropagation_graph,
    biological_neuron,
    computational_graph,
    deep_network,
    forward_pass,
    network,
    neuron,
)
from .paper import Animation, save
from .planes import gates, perceptron_line, two_lines
from .sequences import attention, encoder_decoder, lstm, rnn
from .surfaces import batches, momentum, paths, surface
from .table import Row, animation, figure, find, rows
from .units import dropout, split

__all__ = [
    "Animation",
    "Row",
    "activation_card",
    "activations",
    "alexnet",
    "animation",
    "attention",
    "backpropagation",
    "backpropagation_graph",
    "batches",
    "bias_shift",
    "biological_neuron",
    "computational_graph",
    "convolution",
    "cost_curve",
    "deep_network",
    "dropout",
    "encoder_decoder",
    "figure",
    "find",
    "fitting",
    "forward_pass",
    "gates",
    "learning_rates",
    "lenet5",
    "local_minima",
    "lstm",
    "momentum",
    "network",
    "neuron",
    "paths",
    "perceptron_line",
    "pooling",
    "rnn",
    "rows",
    "save",
    "softmax",
    "split",
    "surface",
    "tensors",
    "training_curves",
    "two_lines",
    "vanishing",
]

answer(__name__)
