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
from .paper import Animation, save
from .surfaces import batches, momentum, paths, surface
from .table import Row, animation, figure, find, rows

__all__ = [
    "Animation",
    "Row",
    "activation_card",
    "activations",
    "animation",
    "batches",
    "bias_shift",
    "cost_curve",
    "figure",
    "find",
    "learning_rates",
    "local_minima",
    "momentum",
    "paths",
    "rows",
    "save",
    "softmax",
    "surface",
]

answer(__name__)
