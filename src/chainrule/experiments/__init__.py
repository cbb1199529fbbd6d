"""Experiments: find a learning rate, compare settings, grow a network.

The rows of the validation are kept apart before anything runs, the same for every setting; rows
that are held out for a test are for the end, and are not looked at here.

Example:
    >>> import numpy as np, chainrule as cr
    >>> x = np.linspace(-1, 1, 80)[:, None]
    >>> build = cr.experiments.network(x, x**2)
    >>> found = cr.experiments.sweep(build, x, x**2, {"units": [1, 8]}, epochs=8, verbose=0,
    ...                              engine="numpy")
    >>> [row.settings["units"] for row in found.rows]
    [1, 8]
"""

from ..vocabulary import answer
from .growing import Growth, grow
from .networks import network
from .rates import RateRange, range_test
from .results import Row, Sweep
from .sweeping import sweep

__all__ = ["Growth", "RateRange", "Row", "Sweep", "grow", "network", "range_test", "sweep"]

answer(__name__)
