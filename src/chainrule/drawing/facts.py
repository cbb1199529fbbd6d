"""What there is to draw of a model: its layers, what each makes, and which leads to which.

Layers are known by what they say of themselves (class, shapes, weights), never by import: a layer
of the user's own is drawn like any other.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .. import summary, tree
from ..errors import ArgumentError, ChainruleError, StateError
from ..layers.base import Layer
from ..layers.input import InputLayer
from ..shapes import is_shape, map_shapes
from ..symbol import GraphCall, Symbol, unrecorded
from .layered import Edge

__all__ = ["Graph", "Node", "graph_of", "shape_text"]


class Node:
    """One box: a layer or an operation, in one of its uses.

    Attributes:
        name: of the layer; "" for an operation.
        kind: the class of the layer, or the name of the operation.
        shapes: what it makes, one shape for each array; [] where that is not known.
        parameters: numbers in its weights; None while it is not built.
        layer: itself, None for an operation.
        use: (which, of how many), for a layer that is called more than once.
        inside: the graph of a model that is drawn in the box.
    """

    def __init__(self, part: Any, shapes: list[Any], name: str = "") -> None:
        self.layer: Any = part if isinstance(part, Layer) else None
        self.shapes = shapes
        self.name = name or (part.name if self.layer is not None else "")
        self.kind: str = getattr(part, "__name__", "") or type(part).__name__
        if isinstance(part, InputLayer):
            self.kind = "Input"
        self.parameters: int | None = 0
        if self.layer is not None:
            self.parameters = self.layer.count_params() if self.layer.built else None
        self.use: tuple[int, int] = (1, 1)
        self.inside: Graph | None = None

    @property
    def activation(self) -> str:
        """The name of the layer's activation; "" for none, or the linear one."""
        found = getattr(self.layer, "activation", None)
        text = found if isinstance(found, str) else getattr(found, "__name__", "")
        return "" if text in ("linear", "identity") else text

    @property
    def auto_named(self) -> bool:
        """Is its name made from its class, and no name that somebody chose?"""
        return self.layer is None or bool(getattr(self.layer, "auto_named", False))

    @property
    def is_model(self) -> bool:
        """Is it a model, with layers of its own?"""
        return hasattr(self.layer, "fit") and hasattr(self.layer, "layers")

    @property
    def is_input(self) -> bool:
        """Does the data come in here?"""
        return isinstance(self.layer, InputLayer)


class Graph:
    """Boxes in the order in which they run, the lines between them, and where values leave.

    `known` is False for a model whose `call` could not be followed: its layers stand in the order
    in which they ran, and nobody knows what leads to what.
    """

    def __init__(self, nodes: list[Node], edges: list[Edge], ends: list[int]) -> None:
        self.nodes, self.edges, self.ends, self.known = nodes, edges, ends, True
        uses: dict[int, list[Node]] = {}
        for node in nodes:
            if node.layer is not None:
                uses.setdefault(id(node.layer), []).append(node)
        for same in uses.values():
            for i, node in enumerate(same, 1):
                node.use = (i, len(same))

    @property
    def is_chain(self) -> bool:
        """Does each box lead to the next, and to no other?"""
        wanted = [(i, i + 1) for i in range(len(self.nodes) - 1)]
        return self.known and [(e.source, e.target) for e in self.edges] == wanted


def graph_of(model: Any, *, inside: Callable[[Node], bool] = lambda node: False) -> Graph:
    """The boxes and lines of a model.

    Args:
        model: a Sequential, a graph of layers, or a Model with a `call` of its own; not
            necessarily built.
        inside: whether the inside of a model that stands in a box is found too.

    Raises:
        ArgumentError: it is no model, or has no layers.
    """
    layer = _a_model(model)
    if not layer.layers:
        raise ArgumentError("the model has no layers to draw", where=layer.name)
    if _own_call(layer):
        graph = _of_call(layer)
    elif hasattr(layer, "_stack") and hasattr(layer, "_graph"):
        graph = _of_calls(layer.inputs, layer._graph.calls, layer.outputs)
    elif hasattr(layer, "_shapes"):
        graph = _of_stack(layer)
    else:
        graph = _of_call(layer)
    for node in graph.nodes:
        if node.is_model and node.use[0] == 1 and node.layer.layers and inside(node):
            node.inside = graph_of(node.layer, inside=inside)
    return graph


def _own_call(model: Any) -> bool:
    """Did a user write its `call`? Then its stack or graph is not all that happens."""
    owner = next(c for c in type(model).__mro__ if "call" in vars(c))
    return owner.__module__.partition(".")[0] != __name__.partition(".")[0]


def _a_model(model: Any) -> Any:
    if hasattr(model, "fit") and isinstance(model, Layer):
        return model
    alone = isinstance(model, Layer)
    raise ArgumentError(
        "only models are drawn",
        where="plots.network",
        expected="a Sequential or another Model",
        received=repr(model)[:80],
        fix="cr.Sequential([layer]) makes a model of a single layer" if alone else None,
    )


def _of_calls(inputs: list[Symbol], calls: list[GraphCall], outputs: list[Symbol]) -> Graph:
    nodes, edges, made = [], [], {}
    for symbol in inputs:
        source = symbol.call.callee
        own = isinstance(source, InputLayer)
        part = source if own else InputLayer(symbol.shape[1:], name=symbol.name)
        made[id(symbol)] = (len(nodes), 0)
        nodes.append(Node(part, [symbol.shape]))
    for call in calls:
        results = tree.leaves(call.outputs)
        if isinstance(call.callee, InputLayer) and id(call.inputs[0]) in made:  # only looks
            made[id(results[0])] = made[id(call.inputs[0])]
            continue
        for symbol in call.inputs:
            if id(symbol) in made:
                source, port = made[id(symbol)]
                edges.append(Edge(source, len(nodes), port))
        for port, symbol in enumerate(results):
            made[id(symbol)] = (len(nodes), port)
        nodes.append(Node(call.callee, [s.shape for s in results]))
    return Graph(nodes, edges, [made[id(s)][0] for s in outputs if id(s) in made])


def _of_stack(model: Any) -> Graph:
    stack, shapes = list(model._stack), list(model._shapes)
    nodes = []
    if not isinstance(stack[0], InputLayer):
        if shapes and is_shape(shapes[0]):
            nodes.append(Node(InputLayer(shapes[0][1:], name="input"), [tuple(shapes[0])]))
        elif model.sample_shape is not None:
            nodes.append(Node(InputLayer(model.sample_shape, name="input"), []))
    for i, layer in enumerate(stack):
        made = _flat(shapes[i + 1]) if model.built and i + 1 < len(shapes) else []
        nodes.append(Node(layer, made))
    edges = [Edge(i, i + 1) for i in range(len(nodes) - 1)]
    return Graph(nodes, edges, [len(nodes) - 1])


def _of_call(model: Any) -> Graph:
    """A model with a `call` of its own: followed with symbols, where it can be."""
    if model.built and model.built_for is not None:
        try:
            return _followed(model)
        except (ChainruleError, TypeError, ValueError, AttributeError, IndexError, KeyError):
            pass  # its call does with numbers what cannot be done with symbols
    try:
        inside = summary.shapes_inside(model)
    except (StateError, ValueError, TypeError):
        inside = {}
    order = list(inside)
    layers = sorted(model.layers, key=lambda l: order.index(id(l)) if id(l) in inside else 0)
    graph = Graph([Node(l, inside.get(id(l), [])) for l in layers], [], [])
    graph.known = len(layers) == 1
    return graph


def _followed(model: Any) -> Graph:
    def start(shape: tuple) -> Symbol:
        return InputLayer(shape[1:], batch_size=shape[0], dtype=model.input_dtype).symbol()

    symbols = map_shapes(start, model.built_for)
    inputs = tree.leaves(symbols)
    with unrecorded():
        outputs = tree.leaves(model.call(symbols))
    found: list[GraphCall] = []
    done = {id(s.call) for s in inputs}
    waiting = [(s.call, False) for s in reversed(outputs)]
    while waiting:
        call, ready = waiting.pop()
        if ready:
            found.append(call)
        elif id(call) not in done:
            done.add(id(call))
            waiting.append((call, True))
            waiting.extend((s.call, False) for s in reversed(call.inputs))
    return _of_calls(inputs, found, outputs)


def _flat(shapes: Any) -> list[tuple]:
    if is_shape(shapes):
        return [tuple(shapes)]
    found: list[tuple] = []
    map_shapes(lambda s: found.append(tuple(s)), shapes)
    return found


def shape_text(shapes: list[Any]) -> str:
    """Shapes as in the summary; "?" where they are not known."""
    return ", ".join(map(summary.shape_text, shapes)) or "?"


def numbers_in(shape: Any) -> int:
    """How many numbers one sample of this shape has; 0 where a length is not known."""
    return 0 if None in shape[1:] else math.prod(shape[1:])
