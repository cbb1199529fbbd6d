"""The table of figures: one row each, in the order in which they are taught."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..errors import ArgumentError, choose, did_you_mean
from . import curves, descent, surfaces
from .paper import Animation

__all__ = ["Row", "animation", "figure", "find", "rows"]


class Row(NamedTuple):
    """One figure.

    Attributes:
        name: how it is asked for, such as "surface".
        decks: those that show it, such as ("000", "004").
        title: what it is.
        look: what to look at, in a sentence or two.
        draw: the function; its arguments are the figure's options.
        animate: a function of the same arguments that returns an `Animation`, or None.

    Example:
        >>> import chainrule as cr
        >>> cr.figures.rows()[0].name
        'activations'
    """

    name: str
    decks: tuple[str, ...]
    title: str
    look: str
    draw: Callable[..., Any]
    animate: Callable[..., Animation] | None = None

    @property
    def options(self) -> dict[str, Any]:
        """The names of its options, with what they are by default.

        Example:
            >>> import chainrule as cr
            >>> next(r for r in cr.figures.rows() if r.name == "surface").options
            {'optimizer': 'sgd', 'learning_rate': 0.4, 'steps': 60, 'seed': 0}
        """
        return {p.name: p.default for p in inspect.signature(self.draw).parameters.values()}


_TABLE = (
    Row(
        "activations", ("000", "001", "003", "004"), "Every activation with its derivative",
        "Blue is f, orange f′. In the grey parts f′ is below 0.01: there a unit hardly learns.",
        curves.activations,
    ),
    Row(
        "activation_card", ("000", "001", "004"), "One activation: f moved by a bias, and f′",
        "Where f′ is small, and how far from 0 that begins; --activation takes any of ours.",
        curves.activation_card,
    ),
    Row(
        "bias_shift", ("004",), "The bias moves an activation to the left or to the right",
        "A positive bias moves the curve to the left, without changing its shape.",
        curves.bias_shift,
    ),
    Row(
        "softmax", ("001", "003", "004"), "Softmax: from numbers to probabilities, one-hot",
        "The order stays, the sum becomes 1; the slide's values are wrong (E16).",
        curves.softmax,
    ),
    Row(
        "cost_curve", ("000", "001", "004"), "The cost curve J(w) and gradient descent on it",
        "Steps become shorter by themselves, since the slope does.",
        descent.cost_curve,
    ),
    Row(
        "learning_rates", ("000", "002", "004"), "Too small, right and too large a rate",
        "From the same start the minimum is not reached, reached, and left further each step.",
        descent.learning_rates,
    ),
    Row(
        "local_minima", ("000", "001"), "Local and global minima",
        "Neighbouring starts end in different minima; the left one is lower.",
        descent.local_minima,
    ),
    Row(
        "surface", ("000", "001", "004"), "The cost surface J(w₀, w₁) with the path on it",
        "Steps follow the steepest slope first, then the valley's floor, where they are short.",
        surfaces.surface,
    ),
    Row(
        "paths", ("000", "001"), "Paths of batch, mini-batch, stochastic, momentum and Adam",
        "Fewer rows a step: a noisier path. Momentum overshoots and comes back.",
        surfaces.paths, surfaces.moving_paths,
    ),
    Row(
        "momentum", ("001",), "Momentum in a ravine",
        "Plain steps go to and fro across the valley; momentum adds up along it.",
        surfaces.momentum,
    ),
    Row(
        "batches", ("000", "001", "004"), "Batch against epoch: the loss after each update",
        "Count the dots between two lines: N/B updates an epoch, rounded up.",
        surfaces.batches,
    ),
)  # fmt: skip
_ROWS = {found.name: found for found in _TABLE}


def rows() -> list[Row]:
    """All figures, in the order in which they are taught; nothing is drawn or loaded for it.

    Example:
        >>> import chainrule as cr
        >>> [r.name for r in cr.figures.rows() if "003" in r.decks][:2]
        ['activations', 'softmax']
    """
    return list(_ROWS.values())


def find(name: str) -> Row:
    """The row of a figure.

    Raises:
        ArgumentError: there is no figure of this name.

    Example:
        >>> find("surface").decks
        ('000', '001', '004')
    """
    if name not in _ROWS:
        raise ArgumentError(
            f"there is no figure {name!r}"[:200],
            where="figures",
            fix=f"{did_you_mean(name, list(_ROWS))}; `chainrule plot` lists all of them",
        )
    return _ROWS[name]


def figure(name: str, **options: Any) -> Any:
    """A figure by its name: an SVG `Drawing`, or a matplotlib `Figure`.

    Args:
        name: as `rows()` lists it.
        options: the arguments of the function `cr.figures.<name>`.

    Raises:
        ArgumentError: no figure of this name, or an option that it does not have.
        MissingExtraError: it needs matplotlib, which is not installed.

    Example:
        >>> import chainrule as cr
        >>> cr.figures.figure("softmax").title
        'Softmax: from numbers to probabilities'
    """
    found = find(name)
    return found.draw(**_known(found, options))


def animation(name: str, **options: Any) -> Animation:
    """A figure in motion, as an animated GIF.

    Args:
        name: of a figure that has one.
        options: as for `figure`.

    Raises:
        ArgumentError: this figure does not move, or an unknown name or option.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> import chainrule as cr
        >>> cr.figures.animation("paths", steps=5).frames
        6
    """
    found = find(name)
    if found.animate is None:
        moving = [r.name for r in rows() if r.animate]
        raise choose("name", name, moving, where="figures.animation")
    return found.animate(**_known(found, options))


def _known(found: Row, options: Mapping[str, Any]) -> dict[str, Any]:
    for name in options:
        if name not in found.options:
            raise ArgumentError(
                f"this figure has no option {name}"[:200],
                where=f"figures.{found.name}",
                expected=", ".join(found.options) or "no options",
                fix=did_you_mean(name, list(found.options)) if found.options else "leave it out",
            )
    return dict(options)
