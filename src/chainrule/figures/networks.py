"""Networks and their parts: the neuron, names of weights, both passes, the computational graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import course, ops
from ..chain import record
from ..drawing import Units, worked_network
from ..drawing import network as draw_network
from ..drawing import neuron as draw_neuron
from ..drawing.base import fixed_number
from ..drawing.places import bias_place, biases_of, unit_place, weight_place
from ..errors import choose
from ..explanation.notation import Notation, notation_of
from ..initializers import GlorotUniform
from ..layers import Dense, Input
from ..models import Sequential
from ..svg import Drawing
from ..variable import Variable
from .paper import need_whole

__all__ = ["backpropagation", "biological_neuron", "computational_graph", "forward_pass"]
__all__ += ["backpropagation_graph", "deep_network", "network", "neuron"]

WORKED = ("001", "002", "004")  # decks with a worked example
# of the others: units of each column, and the activation that the deck has in hidden layers
_PLAIN = {"000": (2, 3, 2, 1), "003": (3, 4, 2)}


# --- one neuron ---------------------------------------------------------------------------------


def neuron(activation: Any = "sigmoid", inputs: int = 3) -> Drawing:
    """The artificial neuron with its parts: out = f(Σ wᵢ·xᵢ + b).

    Args:
        activation: its name, or a function of `cr.ops`; its curve is computed and drawn.
        inputs: how many, up to 12.

    Raises:
        UnknownNameError: no activation of this name.
        ArgumentError: an activation without a curve, or too many inputs.

    Example:
        >>> neuron("tanh", 2).svg().count('data-at="kernel[')
        2
    """
    return draw_neuron(inputs, activation, title="Artificial neuron: f(Σ wᵢ·xᵢ + b)")


def biological_neuron() -> Drawing:
    """The artificial neuron with the words of biology below its parts.

    Inputs arrive at the dendrites, the cell body sums them; deck 004 calls the input nodes "cell
    nucleus", which they are not (E52).

    Example:
        >>> "dendrites" in biological_neuron().svg()
        True
    """
    words = {"inputs": "dendrites", "weights": "synapses", "sum": "cell body", "output": "axon",
             "activation": "axon hillock: fires?"}  # fmt: skip
    return draw_neuron(3, "step", parts=words, title="The neuron, in the words of biology")


# --- networks with names ------------------------------------------------------------------------


def _deck(deck: str, known: tuple[str, ...], where: str) -> str:
    if deck not in known:
        raise choose("deck", deck, known, where=f"figures.{where}")
    return deck


def _columns(example: Any) -> list[Units]:
    """The columns of a worked example."""
    names = example.names
    found = [Units("input", len(names.inputs), "inputs")]
    for k, layer in enumerate(names.layers):
        count = len(layer.net)
        bias = "none" if not layer.bias else "own" if len(layer.bias) == count else "shared"
        last = k == len(names.layers) - 1
        found.append(Units("output" if last else f"hidden{k + 1}", count,
                           "output" if last else "hidden", bias))  # fmt: skip
    return found


def _places(columns: list[Units], say: Notation) -> dict[str, str]:
    """Place -> what a notation calls it."""
    called = {unit_place(columns[0], i): say.input(i) for i in range(columns[0].count)}
    for k, column in enumerate(columns[1:], 1):
        for j in range(column.count):
            called[unit_place(column, j)] = say.out(k, j)
            for i in range(columns[k - 1].count):
                called[weight_place(column, i, j)] = say.weight(k, i, j)
        for j in range(biases_of(column)):
            called[bias_place(column, j)] = say.bias(k, j)
    return called


def network(deck: str = "004", notation: str | None = None) -> Drawing:
    """The network of a deck, with each weight and bias named as the deck names it.

    Decks 001, 002 and 004: that of the worked example, with its weights; 000: 2-3-2-1, 003: 3-4-2.

    Args:
        deck: "000" to "004".
        notation: "standard" or another deck's, in place of its own; then without numbers.

    Raises:
        ArgumentError: an unknown deck or notation.

    Example:
        >>> "W1[2,1]" in network("000").svg(), "0.45" in network("004").svg()
        (True, True)
    """
    _deck(deck, ("000", "001", "002", "003", "004"), "network")
    title = f"Deck {deck}: its weights by name"
    if deck in _PLAIN:
        columns = [Units("input", _PLAIN[deck][0], "inputs")]
        for k, count in enumerate(_PLAIN[deck][1:], 1):
            last = k == len(_PLAIN[deck]) - 1
            columns.append(Units(f"layer{k}", count, "output" if last else "hidden", "own"))
        values: dict[str, Any] = {}
    else:
        example = course.example(deck)
        columns, values = _columns(example), _weights(example)
    if notation is not None:
        title, values = f"Deck {deck}: its weights in the notation {notation}", {}
    say = notation_of(notation or deck)(
        [c.count for c in columns], [c.bias == "shared" for c in columns[1:]]
    )
    return _with_words(
        worked_network(columns, _places(columns, say), values, title=title, width=1000, height=560),
        f"{say.says}; {'-'.join(str(c.count) for c in columns)} units",
    )


def _with_words(picture: Drawing, words: str) -> Drawing:
    picture.description = words
    return picture


def _each(example: Any) -> Any:
    """(place, the deck's name) of every weight and bias."""
    columns = _columns(example)
    for before, column, layer in zip(columns, columns[1:], example.names.layers, strict=False):
        for j in range(column.count):
            for i in range(before.count):
                yield weight_place(column, i, j), layer.kernel[i][j]
        for j, name in enumerate(layer.bias):
            yield bias_place(column, j), name


def _weights(example: Any) -> dict[str, str]:
    found = example.quantities()
    return {place: f"{found[name]:g}" for place, name in _each(example)}


def _called(example: Any) -> dict[str, str]:
    """Place -> the deck's name."""
    names, columns = example.names, _columns(example)
    called = dict(_each(example)) | {"loss": names.loss}
    called |= {unit_place(columns[0], i): name for i, name in enumerate(names.inputs)}
    called |= {f"target[{k}]": name for k, name in enumerate(names.targets)}
    for column, layer in zip(columns[1:], names.layers, strict=True):
        called |= {unit_place(column, j): name for j, name in enumerate(layer.out)}
    return called


def forward_pass(deck: str = "004") -> Drawing:
    """The forward pass of a deck's worked example: every net input, output, and the loss.

    Args:
        deck: "001", "002" or "004".

    Raises:
        ArgumentError: a deck without a worked network.

    Example:
        >>> "0.298371" in forward_pass("004").svg()
        True
    """
    example = course.example(_deck(deck, WORKED, "forward_pass"))
    found, names, columns = example.quantities(), example.names, _columns(example)
    values: dict[str, Any] = _weights(example)
    for i, name in enumerate(names.inputs):
        values[unit_place(columns[0], i)] = f"{found[name]:g}"
    for k in range(len(names.targets)):
        values[f"target[{k}]"] = f"{float(example.y[0, k]):g}"
    for column, layer in zip(columns[1:], names.layers, strict=True):
        for j, (net, out) in enumerate(zip(layer.net, layer.out, strict=True)):
            shown = {"net": f"{net} {fixed_number(found[net], 6)}"}
            shown |= {"out": f"{out} {fixed_number(found[out], 6)}"} if out != net else {}
            values[unit_place(column, j)] = shown
    values["loss"] = fixed_number(found[names.loss], 6)
    called = _called(example)
    called |= {unit_place(c, j): "" for c in columns[1:] for j in range(c.count)}
    return _with_words(
        worked_network(columns, called, values, title=f"Deck {deck}: forward pass"),
        ", ".join(f"{name} {fixed_number(found[name], 6)}" for name in _computed(names)),
    )


def _computed(names: Any) -> list[str]:
    """What a forward pass computes, in its order."""
    pairs = [pair for layer in names.layers for pair in zip(layer.net, layer.out, strict=True)]
    return [*dict.fromkeys(name for pair in pairs for name in pair), names.loss]


def backpropagation(deck: str = "004") -> Drawing:
    """The backward pass of a deck's worked example: δ of every unit, the gradient of every weight.

    All gradients are those at the old weights, computed by the chain rule.

    Args:
        deck: "001", "002" or "004".

    Raises:
        ArgumentError: a deck without a worked network.

    Example:
        >>> "0.082167" in backpropagation("004").svg()
        True
    """
    example = course.example(_deck(deck, WORKED, "backpropagation"))
    found, names, columns = example.quantities(), example.names, _columns(example)
    values: dict[str, Any] = {}
    for place, name in _each(example):
        gradient = names.d(names.loss, name)
        if gradient in found:
            values[place] = fixed_number(found[gradient], 6)
    for column, layer in zip(columns[1:], names.layers, strict=True):
        for j, net in enumerate(layer.net):
            key = names.d(names.loss, net)
            if key in found:
                values[unit_place(column, j)] = f"δ {fixed_number(found[key], 6)}"
    count = sum("/" in place for place in values)
    return _with_words(
        worked_network(columns, _called(example), values, wave="backward",
                       title=f"Deck {deck}: backward pass, δ and ∂{names.loss}/∂w"),
        f"{count} gradients of {names.loss}, from the output back to the first weights",
    )  # fmt: skip


def deep_network(hidden: int = 2) -> Drawing:
    """A single-layer network, one with a hidden layer, or a deep one: more than one hidden layer.

    Weights are first values, blue where positive, orange where negative, wide where large.

    Args:
        hidden: how many hidden layers, 0 to 5.

    Raises:
        ArgumentError: another number of layers.

    Example:
        >>> deep_network(0).title, deep_network(3).title
        ('Single-layer network', 'Deep network: 3 hidden layers')
    """
    need_whole("deep_network", 5, 0, hidden=hidden)
    units = [Dense(5, "relu", kernel_initializer=GlorotUniform(seed=k)) for k in range(hidden)]
    last = Dense(3, "softmax", kernel_initializer=GlorotUniform(seed=9))
    model = Sequential([Input((4,)), *units, last])
    title = ("Single-layer network", "Network with one hidden layer")[hidden] if hidden < 2 else ""
    title = title or f"Deep network: {hidden} hidden layers"
    picture = draw_network(model, "neurons", numbers=False, title=title)
    picture.title = title
    sizes = "-".join(map(str, (4, *[5] * hidden, 3)))
    return _with_words(picture, f"{sizes} units, {model.count_params()} parameters")


# --- graphs -------------------------------------------------------------------------------------


def computational_graph() -> Drawing:
    """The computational graph of ŷ = σ(w·x + b): operations are nodes, tensors lead between them.

    Deck 004 says that a tensor is a node and an edge (E36): the round nodes are operations, and
    what they hand on, a tensor, runs along the arrow. Boxes are what the graph is fed with.

    Example:
        >>> "sigmoid" in computational_graph().svg()
        True
    """
    w, b = Variable([2.0, -5.0], name="w", dtype="float64"), Variable(1.0, name="b")
    with record() as tape:
        x = tape.watch(np.array([1.0, 1.0]))
        y = ops.sigmoid(ops.sum(w * x) + b)
    picture = tape.diagram(names={x: "x", y: "ŷ"}, title="Computational graph")
    return _with_words(picture, f"sigmoid of the sum of w·x, plus b: {float(y):.6f}")


def backpropagation_graph() -> Drawing:
    """The graph of deck 001's loss, with the value and the gradient at every place.

    E = ½·(T − a2)², a = σ(w·a before + b), twice. Values go down the arrows; gradients come back
    up, each multiplied by the derivative of the operation.

    Example:
        >>> "∂ 0.05707" in backpropagation_graph().svg()
        True
    """
    example = course.example("001")
    found = example.quantities()
    w1, b1, w2, b2 = (Variable(found[n], name=n, dtype="float64") for n in ("w1", "b1", "w2", "b2"))
    with record() as tape:
        x = tape.watch(np.array(example.x[0, 0]))
        z1 = w1 * x + b1
        a1 = ops.sigmoid(z1)
        z2 = w2 * a1 + b2
        a2 = ops.sigmoid(z2)
        loss = 0.5 * ops.square(a2 - float(example.y[0, 0]))
    named = {x: "x", z1: "z1", a1: "a1", z2: "z2", a2: "a2", loss: "E"}
    picture = tape.diagram(loss, names=named, title="Backpropagation: values and gradients")
    return _with_words(picture, f"E = {float(loss):.9f}; every value and its gradient ∂E")
