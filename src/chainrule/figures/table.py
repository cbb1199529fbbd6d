"""The table of figures: one row each, in the order in which they are taught."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..errors import ArgumentError, choose, did_you_mean
from . import curves, descent, fits, images, networks, planes, sequences, surfaces, units
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
        'neuron'
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
        "neuron", ("000", "001", "002", "003", "004"), "The artificial neuron with its parts",
        "Two parts: the weighted sum with the bias, then the activation.",
        networks.neuron,
    ),
    Row(
        "biological_neuron", ("000", "004"), "The neuron in the words of biology",
        "Inputs arrive at the dendrites, the cell body sums them (deck 004: E52).",
        networks.biological_neuron,
    ),
    Row(
        "network", ("000", "001", "002", "003", "004"),
        "A network with the weights as each deck names them",
        "Which index comes first: where a weight comes from, or where it leads to?",
        networks.network,
    ),
    Row(
        "deep_network", ("000", "002", "003", "004"),
        "Single-layer, one-hidden-layer and deep networks",
        "Each unit is connected to all units of the layer before; --hidden 0 to 5.",
        networks.deep_network,
    ),
    Row(
        "perceptron_line", ("002",), "A perceptron is a line: g(1 + 3x1 − 2x2)",
        "The further from the line, the surer; on it the answer is ½.",
        planes.perceptron_line,
    ),
    Row(
        "gates", ("000", "002", "004"), "AND and OR parted by a line, XOR by none",
        "XOR: no straight line has both circles on one side.",
        planes.gates,
    ),
    Row(
        "two_lines", ("001", "002", "004"), "XOR by two hidden neurons: two lines",
        "Left two lines; right what the two units make of the corners: one line does.",
        planes.two_lines,
    ),
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
        descent.learning_rates, descent.moving_rates,
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
    Row(
        "forward_pass", ("001", "002", "004"), "The forward pass with every number",
        "Follow one unit: weights times inputs, bias, activation.",
        networks.forward_pass,
    ),
    Row(
        "backpropagation", ("000", "001", "002", "004"),
        "The backward pass: δ and the gradient of every weight",
        "A gradient is the δ of the unit behind times the output of the unit before.",
        networks.backpropagation,
    ),
    Row(
        "backpropagation_graph", ("001", "003"),
        "The backpropagation graph: values down, gradients up",
        "At a multiplication the gradient of one factor is the other factor times ∂ below.",
        networks.backpropagation_graph,
    ),
    Row(
        "computational_graph", ("004",), "The computational graph: operations are nodes",
        "Boxes are fed, round nodes compute, tensors run along the arrows (E36).",
        networks.computational_graph,
    ),
    Row(
        "tensors", ("004",), "Ranks and shapes of tensors",
        "The rank is how many indices a number needs.",
        images.tensors,
    ),
    Row(
        "vanishing", ("001",), "Vanishing gradients: eight sigmoid layers against ReLU",
        "The scale is logarithmic: each sigmoid layer divides the gradient again.",
        fits.vanishing,
    ),
    Row(
        "fitting", ("001", "002"), "Under-, right and overfitting side by side",
        "Compare both losses first, then the curve with the dots between the training points.",
        fits.fitting,
    ),
    Row(
        "training_curves", ("001", "002"), "Training against validation curves",
        "The validation loss turns where the training loss goes on falling: stop there.",
        fits.training_curves,
    ),
    Row(
        "split", ("001", "004"), "Train, validation and test rows",
        "The test rows are used once, at the end.",
        units.split,
    ),
    Row(
        "dropout", ("001", "004"), "Dropout: which units are out in this step",
        "Other units in each step, none when predicting; those kept are scaled up.",
        units.dropout,
    ),
    Row(
        "convolution", ("002",), "Convolution, one window worked",
        "Move the window with --row and --column; the kernel stays the same.",
        images.convolution,
    ),
    Row(
        "pooling", ("002",), "Pooling, window by window",
        "A quarter of the numbers is left; --kind average takes means.",
        images.pooling,
    ),
    Row(
        "lenet5", ("002",), "LeNet-5 as blocks, with shapes and parameters",
        "Maps become smaller and more; the parameters are in the dense part.",
        images.lenet5,
    ),
    Row(
        "alexnet", ("002",), "AlexNet as blocks, with shapes and parameters",
        "227 × 227 pixels, 55·55·96 = 290,400 units in conv1 (E26).",
        images.alexnet,
    ),
    Row(
        "rnn", ("002", "004"), "An RNN rolled and unrolled",
        "The same w and u at every step; h carries what came before.",
        sequences.rnn,
    ),
    Row(
        "lstm", ("002",), "One step of an LSTM cell with its numbers",
        "The upper line is the memory: forget, then add.",
        sequences.lstm,
    ),
    Row(
        "encoder_decoder", ("002",), "The data flow of a transformer: encoder and decoder",
        "The orange arrow: the decoder looks at what the encoder made of the input.",
        sequences.encoder_decoder,
    ),
    Row(
        "attention", ("002",), "Attention weights between words",
        "Each row sums to 1: how much a word takes from every word.",
        sequences.attention,
    ),
)  # fmt: skip
_ROWS = {found.name: found for found in _TABLE}


def rows() -> list[Row]:
    """All figures, in the order in which they are taught; nothing is drawn or loaded for it.

    Example:
        >>> import chainrule as cr
        >>> [r.name for r in cr.figures.rows() if "003" in r.decks][:2]
        ['neuron', 'network']
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
