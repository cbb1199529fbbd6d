"""Functional: a graph of layers and operations, from `Input()`s to outputs, run as a model."""

from __future__ import annotations

import math
from typing import Any

from .. import ops, tree
from ..arrays import is_float
from ..errors import ArgumentError, did_you_mean
from ..layers import registry
from ..layers.base import Layer
from ..layers.context import computing_type, current
from ..layers.input import InputLayer
from ..registry import Configurable
from ..shapes import is_shape
from ..symbol import GraphCall, Symbol, filled, remember, unrecorded
from ..variable import Variable
from .base import Model
from .trace import trace

__all__ = ["Functional"]


class _Graph:
    """What runs: the calls in order, and the trees of symbols they start from and end at."""

    __slots__ = ("calls", "input_layers", "inputs", "outputs")

    def __init__(self, inputs: Any, outputs: Any, where: str) -> None:
        _check(inputs, "inputs", where)
        _check(outputs, "outputs", where)
        branches = inputs.values() if isinstance(inputs, dict) else inputs
        if tree.is_tree(inputs) and any(map(tree.is_tree, branches)):
            raise ArgumentError(
                "inputs stand in one symbol, or in a list or dict of symbols",
                where=where,
                received="a tree of more than one level",
            )
        given = tree.leaves(inputs)
        for i, s in enumerate(given):
            if any(s is other for other in given[:i]):
                raise ArgumentError("an input is given twice", where=where, received=repr(s))
        items = trace(given, tree.leaves(outputs), where)
        self.inputs, self.outputs = inputs, outputs
        self.input_layers = [_input_layer(s) for s in given]
        self.calls = items  # first with the inputs' symbols among them, see `layers`

    def layers(self) -> list[Layer]:
        """Every layer once, in the order of the calls; then the calls alone are kept."""
        first = {id(s): l for s, l in zip(tree.leaves(self.inputs), self.input_layers, strict=True)}
        found = [first[id(i)] if isinstance(i, Symbol) else i.callee for i in self.calls]
        self.calls = [i for i in self.calls if isinstance(i, GraphCall)]
        return list({id(l): l for l in found if isinstance(l, Layer)}.values())


def _check(symbols: Any, what: str, where: str) -> None:
    found = tree.leaves(symbols)
    wrong = [s for s in found if not isinstance(s, Symbol)]
    if wrong or not found:
        raise ArgumentError(
            f"{what} must be symbolic values",
            where=where,
            expected="what Input() or a layer called on one returns, or a list or dict of such",
            received=repr(wrong[0])[:80] if wrong else "none",
        )


def _is_lone_shape(values: Any) -> bool:
    return is_shape(values) and not any(hasattr(n, "shape") for n in values)


def _input_layer(symbol: Symbol) -> InputLayer:
    """The Input behind a symbol; a new one for a value from the middle of another graph."""
    if isinstance(symbol.call.callee, InputLayer):
        return symbol.call.callee
    return InputLayer(symbol.shape[1:], batch_size=symbol.shape[0], dtype=symbol.dtype.name)


@registry.add
class Functional(Model):
    """A model that runs a graph of layers; `cr.Model(inputs, outputs)` makes one.

    Args:
        inputs: symbols of `Input()`, one or a list or dict. A symbol from the middle of another
            graph starts the model there. One that leads to no output is allowed (as in Keras), so
            that `Model(model.inputs, model.layers[3].output)` always works.
        outputs: symbols computed from them, one or a tree.
        name: of the model.

    Raises:
        ArgumentError: an output needs an Input that is not given, a cycle, an input given twice.

    Layers called several times are shared: they have one set of weights. A Variable used in an
    operation is part of the model.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> a, b = cr.Input((2,), name="a"), cr.Input((3,), name="b")
        >>> both = cr.ops.concatenate([a, b], axis=-1)
        >>> y = cr.layers.Dense(1, kernel_initializer="ones")(both)
        >>> model = cr.Model([a, b], [y, 2 * y])
        >>> model.predict({"a": np.ones((1, 2)), "b": np.ones((1, 3))})
        [array([[5.]], dtype=float32), array([[10.]], dtype=float32)]
    """

    passing = Model.passing | {"input_shape"}
    _graph: _Graph

    def __init__(
        self, inputs: Any = None, outputs: Any = None, name: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(name=name, **kwargs)
        graph = _Graph(inputs, outputs, self.name)
        layers = graph.layers()
        for layer in sorted(layers, key=lambda l: not l.__dict__.get("_owned")):
            self.adopt(layer)  # those whose names are fixed already come first
        self._stack = layers
        self.__dict__["_graph"] = graph
        self._used = self._find_variables(graph.calls, layers)
        self.built = True

    @staticmethod
    def _find_variables(calls: list[GraphCall], layers: list[Layer]) -> list[Variable]:
        """Variables that operations use and that belong to no layer."""
        known = {id(v) for layer in layers for v in layer.variables}
        given = tree.leaves([[list(c.args), dict(c.kwargs)] for c in calls])
        found = {id(v): v for v in given if isinstance(v, Variable) and id(v) not in known}
        return list(found.values())

    # --- running --------------------------------------------------------------------------------

    def _bound(self, inputs: tuple, training: Any, own: dict) -> tuple[tuple, Any, dict]:
        return self._alone(inputs, training, own)

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Every call of the graph, in order."""
        values = self._in_order(inputs)
        self._pass_masks(values, mask)
        graph, known = self._graph, {}
        for symbol, layer, x in zip(self.inputs, graph.input_layers, values, strict=True):
            layer.fits(x.shape)
            known[id(symbol)] = self._typed(layer, x)
        return self._run(known)

    def check_data(self, x: Any, where: str) -> None:
        """What the layers called on the inputs want."""
        for call in self._graph.calls:
            if hasattr(call.callee, "check_data") and len(call.args) == 1:
                for symbol, value in zip(self.inputs, self._in_order(x), strict=True):
                    if call.args[0] is symbol:
                        call.callee.check_data(value, where)

    def _run(self, known: dict[int, Any]) -> Any:
        graph = self._graph
        for call in graph.calls:
            y = call.callee(*filled(call.args, known), **filled(call.kwargs, known))
            known.update(call.results(y))
        return tree.map(lambda s: known[id(s)], graph.outputs)

    def _typed(self, layer: InputLayer, x: Any) -> Any:
        """X in the type of its Input."""
        if isinstance(x, Symbol):
            return x
        kind = layer._dtype if layer.typed else self._kinds()[self._place(layer)]
        if not layer.typed and is_float(x):
            kind = computing_type() or kind
        if x.dtype == kind:
            return x
        y, context = ops.cast(x, kind), current()
        if context is not None:
            context.set_mask(y, context.mask_of(x))
        return y

    def _place(self, layer: InputLayer) -> int:
        return next(i for i, l in enumerate(self._graph.input_layers) if l is layer)

    def _pass_masks(self, values: list[Any], mask: Any) -> None:
        """Masks that the call was given travel with the inputs."""
        context = current()
        if mask is None or context is None:
            return
        masks = [mask] if len(values) == 1 and not tree.is_tree(mask) else self._in_order(mask)
        for x, m in zip(values, masks, strict=True):
            context.set_mask(x, m)

    def _in_order(self, values: Any) -> list[Any]:
        """One value (or shape) for each input, from a list, or a dict by name."""
        names = self.input_names
        if isinstance(values, dict):
            missing = [n for n in names if n not in values]
            unknown = [k for k in values if k not in names]
            if missing or unknown:
                raise ArgumentError(
                    f"there is no input {unknown[0]!r}"
                    if unknown
                    else f"the input {missing[0]!r} is missing",
                    where=self.name,
                    expected=", ".join(map(repr, names)),
                    received=", ".join(map(repr, values)) or "none",
                    fix=did_you_mean(unknown[0], names) if unknown else None,
                )
            return [values[n] for n in names]
        if not tree.is_tree(values) or _is_lone_shape(values):
            values = [values]
        if len(values) != len(names):
            raise ArgumentError(
                "the model was given another number of inputs",
                where=self.name,
                expected=f"{len(names)}: " + ", ".join(map(repr, names)),
                received=len(values),
                fix="give a list, or a dict by name",
            )
        return list(values)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """None: outputs have the masks that the layers inside gave them."""
        return None

    # --- shapes and types -----------------------------------------------------------------------

    def output_spec(
        self, shapes: tuple, inputs: tuple = (), own: Any = None, dtypes: Any = None
    ) -> tuple[Any, Any]:
        """(tree of output shapes, their types): the graph's, or those for other lengths."""
        symbols = self._symbols_for(shapes[0])
        found = tree.leaves(symbols)
        return tree.map(lambda s: s.shape, symbols), [s.dtype for s in found]

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The tree of output shapes for inputs of these shapes."""
        return tree.map(lambda s: s.shape, self._symbols_for(input_shape))

    def _symbols_for(self, shapes: Any) -> Any:
        found, graph = self._in_order(shapes), self._graph
        if all(tuple(n) == s.shape for n, s in zip(found, self.inputs, strict=True)):
            return graph.outputs
        known = {}
        for s, layer, shape in zip(self.inputs, graph.input_layers, found, strict=True):
            layer.fits(shape)
            known[id(s)] = Symbol(shape, s.dtype, s.call, s.name)
        with unrecorded():
            return self._run(known)

    def _kinds(self) -> list[Any]:
        """The type in which each input is given: as asked for, else that of its first layer."""
        known = self.__dict__.get("_input_kinds")
        if known is None:
            layers = self._graph.input_layers
            known = [self._kind(s, l) for s, l in zip(self.inputs, layers, strict=True)]
            self.__dict__["_input_kinds"] = known
        return known

    def _kind(self, symbol: Symbol, layer: InputLayer) -> Any:
        if layer.typed:
            return layer._dtype
        for call in self._graph.calls:
            if isinstance(call.callee, Layer) and any(s is symbol for s in call.inputs):
                first = call.callee
                if isinstance(first, Model) or not first.integer_input:
                    return first.float_dtype if isinstance(first, Model) else first.dtype
        return layer._dtype

    @property
    def input_dtype(self) -> str:
        """The type of the first input."""
        return str(self._kinds()[0])

    def input_types(self, x: Any) -> Any:
        """The type of each input."""
        kinds = self._kinds()
        return list(kinds) if isinstance(x, (list, tuple)) and len(kinds) > 1 else kinds[0]

    # --- names ----------------------------------------------------------------------------------

    @property
    def input_names(self) -> list[str]:
        """The keys of a dict of inputs, else the names of the Inputs."""
        given = self._graph.inputs
        return (
            list(given) if isinstance(given, dict) else [l.name for l in self._graph.input_layers]
        )

    @property
    def output_keys(self) -> list[str]:
        """The keys of a dict of outputs, else the names of what makes them, each made unique."""
        outputs, taken = self._graph.outputs, []
        for path, symbol in tree.paths(outputs):
            base = path if isinstance(outputs, dict) else symbol.name
            name, number = base, 0
            while name in taken:
                number += 1
                name = f"{base}_{number}"
            taken.append(name)
        return taken

    @property
    def output_names(self) -> list[str]:
        """The same, "" for a single output."""
        keys = self.output_keys
        return keys if len(keys) > 1 else [""]

    def _names_of(self, spec: Any, flat: list[tuple]) -> list[str]:
        return self.output_names

    # --- reading --------------------------------------------------------------------------------

    @property
    def input(self) -> Any:
        """The symbols at the start, in the tree they were given in."""
        return self._graph.inputs

    @property
    def output(self) -> Any:
        """The symbols at the end, in their tree."""
        return self._graph.outputs

    @property
    def inputs(self) -> list[Symbol]:
        """The symbols at the start, as a list."""
        return tree.leaves(self._graph.inputs)

    @property
    def outputs(self) -> list[Symbol]:
        """The symbols at the end, as a list."""
        return tree.leaves(self._graph.outputs)

    @property
    def layers(self) -> list[Layer]:
        """Every layer, Inputs included, in the order in which they run."""
        return list(self._stack)

    @property
    def input_shape(self) -> Any:
        """Shape of a batch of inputs, in their tree; None for the batch."""
        return tree.map(lambda s: s.shape, self._graph.inputs)

    @input_shape.setter
    def input_shape(self, shape: Any) -> None:
        # the base class sets None at construction
        if shape is not None:
            raise ArgumentError("the input's shape belongs to Input(shape)", where=self.name)

    @property
    def output_shape(self) -> Any:
        """Shape of a batch of outputs, in their tree; None for the batch."""
        return tree.map(lambda s: s.shape, self._graph.outputs)

    @property
    def sample_shape(self) -> tuple | None:
        """Shape of one sample, for a model with one input."""
        shape = self.input_shape
        return shape[1:] if is_shape(shape) else None

    @property
    def built_for(self) -> Any:
        """The shapes of the inputs."""
        return self.input_shape

    def connections(self) -> list[tuple[str, list[Any], int, list[str]]]:
        """(name and kind, shapes it makes, numbers in its weights, what it takes), in order."""
        graph, names, left = self._graph, {}, {id(v): math.prod(v.shape) for v in self._used}
        found: dict[int, tuple[str, list[Any], int, list[str]]] = {}
        for symbol, layer in zip(self.inputs, graph.input_layers, strict=True):
            names[id(symbol)] = layer.name
            found[id(layer)] = (f"{layer.name} (InputLayer)", [symbol.shape], 0, [])
        for call in graph.calls:
            part = call.callee
            if isinstance(part, Layer):
                key, title = id(part), f"{part.name} ({type(part).__name__})"
                count = part.count_params()
            else:
                key, title = id(call), f"{call.name} (operation)"
                used = tree.leaves([list(call.args), dict(call.kwargs)])
                count = sum(left.pop(id(v), 0) for v in used)
            _, shapes, _, sources = found.setdefault(key, (title, [], count, []))
            shapes.extend(s.shape for s in tree.leaves(call.outputs) if s.shape not in shapes)
            sources.extend(names.get(id(s), s.name) for s in call.inputs)
        return list(found.values())

    # --- files and copies -----------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Name, layers, and the calls that connect them, as plain values.

        A subclass with a constructor of its own is described by its arguments.
        """
        owner = next(c for c in type(self).__mro__ if "__init__" in vars(c))
        if owner is not Functional:
            return Configurable.get_config(self)
        from .graph_config import written_graph

        graph = self._graph
        return {"name": self.name} | written_graph(self, graph.calls, graph.input_layers)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The same graph with new weights; Variables that operations use begin at 0."""
        if "calls" not in config:
            return super().from_config(config)
        from .graph_config import read_graph

        inputs, outputs = read_graph(config, cls.__name__)
        return cls(inputs, outputs, name=config.get("name"))

    def named_variables(self, prefix: str = "") -> Any:
        """Every Variable with its path; operations' Variables of one name are numbered."""
        taken: dict[str, int] = {}
        mine = {id(v) for v in self._own_variables()}
        for path, v in super().named_variables(prefix):
            if id(v) in mine:
                taken[path] = taken.get(path, -1) + 1
                path = f"{path}_{taken[path]}" if taken[path] else path
            yield path, v

    def __getstate__(self) -> dict[str, Any]:
        """The calls come first, so that a copy goes along them and never deep into the graph."""
        return {"_graph": self._graph} | super().__getstate__()

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for call in self._graph.calls:
            if isinstance(call.callee, Layer):
                remember(call)


def functional(cls: type) -> type:
    """`cls`, a subclass of Model, as a graph of layers: its own steps, and `Functional`'s call."""
    if issubclass(cls, Functional):
        return cls
    if cls is Model:
        return Functional
    if "_functional" not in cls.__dict__:
        cls._functional = type(cls.__name__, (cls, Functional), {"__module__": cls.__module__})
    return cls._functional


Model.of_graph = staticmethod(functional)
