"""Symbols: values of a graph of layers, with a shape and a type and no numbers yet.

`Input()` makes the first ones; every layer, operation or operator applied to a symbol returns
another and writes down the call, so that `Model(inputs, outputs)` can run the same calls on data.
"""

from __future__ import annotations

import functools
import itertools
import weakref
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import numpy as np

from . import tree
from .arrays import asarray
from .calls import misfit, refused
from .errors import ChainruleError, NotBuiltError, ShapeError, StateError
from .operators import Recordable, binary
from .shapes import dry_run, map_shapes

__all__ = ["GraphCall", "InGraph", "Symbol", "call_layer", "composite", "fill", "filled"]
__all__ += ["outputs_of", "remember", "symbolic", "unrecorded", "write_call"]


class GraphCall:
    """One call in a graph: of a layer or an operation, with its arguments and results."""

    __slots__ = ("__weakref__", "args", "callee", "kwargs", "outputs")

    def __init__(self, callee: Any, args: tuple, kwargs: dict[str, Any]) -> None:
        self.callee, self.args, self.kwargs = callee, args, kwargs
        self.outputs: Any = None  # a tree of Symbols

    @property
    def inputs(self) -> list[Symbol]:
        """The symbols among the arguments, in order."""
        found: list[Symbol] = []
        for a in (*self.args, *self.kwargs.values()):
            if type(a) is Symbol:
                found.append(a)
            elif tree.is_tree(a):
                found += [s for s in tree.leaves(a) if type(s) is Symbol]
        return found

    @property
    def name(self) -> str:
        """The layer's or the operation's name."""
        return getattr(self.callee, "name", None) or self.callee.__name__

    def results(self, values: Any) -> dict[int, Any]:
        """The value of each output, by the identity of its symbol."""
        if type(self.outputs) is Symbol:
            return {id(self.outputs): values}
        return {id(s): v for _, (s, v) in tree.zip(self.outputs, values, where=self.name)}


class Symbol(Recordable):
    """A value of a graph: what it will look like, and which call makes it.

    Args:
        shape: with None for axes that are not known, the batch among them.
        dtype: type of its numbers.
        call: the call it is a result of.
        name: for messages.
    """

    __slots__ = ("call", "dtype", "own_name", "shape")
    call: GraphCall
    shape: tuple  # type: ignore[reportIncompatibleVariableOverride]  # a slot in place of a property
    dtype: np.dtype  # type: ignore[reportIncompatibleVariableOverride]

    __eq__, _ = binary("equal")
    __ne__, _ = binary("not_equal")
    __hash__ = object.__hash__

    def __init__(self, shape: tuple, dtype: Any, call: GraphCall, name: str = "") -> None:
        self.shape, self.dtype, self.call = tuple(shape), np.dtype(dtype), call
        self.own_name = name

    @property
    def name(self) -> str:
        """Its own name, or that of the call it comes from."""
        return self.own_name or self.call.name

    def on_tape(self) -> Any:
        """Itself: a symbol stands in a graph."""
        return self

    @property
    def value(self) -> Any:
        """There are no numbers yet."""
        raise StateError(
            "a symbolic value has a shape and no numbers yet",
            where=repr(self),
            fix="build cr.Model(inputs, outputs) of it and call that on data",
        )

    def _number(self) -> Any:
        return self.value

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.value

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __len__(self) -> int:
        if self.shape and self.shape[0] is not None:
            return self.shape[0]
        raise StateError(
            "a symbolic batch has no length, and cannot be iterated over",
            where=repr(self),
            fix="take columns with x[:, 0], or parts with cr.ops.split(x, n, axis=1)",
        )

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return f"<Symbol {self.name!r}: shape {self.shape}, {self.dtype.name}>"


def symbolic(*trees: Any) -> bool:
    """Does a symbol stand anywhere in these trees?"""
    for t in trees:
        if type(t) is np.ndarray:  # nearly always
            continue
        if isinstance(t, Symbol):
            return True
        inside = t.values() if isinstance(t, dict) else t if isinstance(t, (tuple, list)) else ()
        if inside and symbolic(*inside):
            return True
    return False


def write_call(function: Callable[..., Any], args: tuple, kwargs: dict[str, Any]) -> Any:
    """An operation called with symbols: the symbols of its results, found by a dry run.

    Raises:
        ShapeError: the operation cannot be run on values of these shapes.
    """
    call = GraphCall(function, args, kwargs)
    symbols = call.inputs
    kinds: list[Any] = []

    def run(*values: Any) -> Any:
        known = {id(s): v for s, v in zip(symbols, values, strict=True)}
        y = function(*filled(args, known), **filled(kwargs, known))
        kinds[:] = [v.dtype for v in tree.leaves(y)]
        return y

    shapes, dtypes = tuple(s.shape for s in symbols), tuple(s.dtype for s in symbols)
    where = f"{call.name}({', '.join(map(repr, symbols))})"
    try:
        shapes = dry_run(run, shapes, dtypes, where)
    except (ShapeError, ValueError, TypeError, IndexError) as error:
        raise named_error(error, where) from error
    call.outputs = outputs_of(call, shapes, kinds)
    return call.outputs


def named_error(error: Exception, where: str) -> ShapeError:
    """An error of a dry run, saying in which call of the graph it came up."""
    fix = None
    if "None" in str(error):
        fix = "the batch has no length yet: write -1 for it, as in reshape(x, (-1, 4))"
    if not isinstance(error, ChainruleError):
        return ShapeError(f"this cannot be computed: {error}", where=where, fix=fix)
    return ShapeError(
        error.problem,
        where=f"{where}: {error.where}" if error.where else where,
        expected=error.expected,
        received=error.received,
        fix=error.fix or fix,
    )


def outputs_of(call: GraphCall, shapes: Any, dtypes: Any) -> Any:
    """Symbols for a tree of output shapes (their leaves are tuples of lengths)."""
    kinds = iter(dtypes if isinstance(dtypes, list) else itertools.repeat(dtypes))
    return map_shapes(lambda s: Symbol(s, next(kinds), call), shapes)


def fill(arguments: Any, symbols: list[Symbol], values: Any) -> Any:
    """Arguments with every symbol replaced by its value."""
    return filled(arguments, {id(s): v for s, v in zip(symbols, values, strict=True)})


def filled(arguments: Any, known: dict[int, Any]) -> Any:
    """Arguments (a tuple, or a dict by name) with every symbol replaced by what is known of it."""
    if isinstance(arguments, dict):
        return {k: _filled(a, known) for k, a in arguments.items()}
    return tuple([_filled(a, known) for a in arguments])


def _filled(a: Any, known: dict[int, Any]) -> Any:
    if type(a) is Symbol:
        return known[id(a)]
    if not symbolic(a):
        return a
    return tree.map(lambda leaf: known[id(leaf)] if type(leaf) is Symbol else leaf, a)


# --- calls of layers ----------------------------------------------------------------------------

_recorded: ContextVar[bool] = ContextVar("chainrule_graph_recorded", default=True)


class unrecorded:
    """Inside, layers called with symbols do not remember it: only shapes are asked for."""

    def __enter__(self) -> None:
        self._token = _recorded.set(False)

    def __exit__(self, *exc: object) -> None:
        _recorded.reset(self._token)


class Calls(list):
    """Weak references to the calls of a layer in graphs; a copy of the layer has none."""

    def keep(self, call: GraphCall) -> None:
        """Enter a call; those that are gone leave when the list has doubled."""
        if len(self) >= 2 * self.__dict__.get("alive", 4):
            self[:] = [r for r in self if r() is not None]
            self.alive = max(4, len(self))
        self.append(weakref.ref(call))

    def __deepcopy__(self, memo: dict[int, Any]) -> Calls:
        return Calls()


def remember(call: GraphCall) -> None:
    """Let the layer know of its call, as long as anybody holds the graph."""
    if _recorded.get():
        call.callee.__dict__.setdefault("_graph_calls", Calls()).keep(call)


def call_layer(layer: Any, inputs: tuple, own: dict[str, Any], known: Any = None) -> Any:
    """A layer called with symbols: builds it, and returns the symbols of its outputs.

    The first use decides what the layer was built for; a later one that does not fit is refused.
    `known` is (output shapes, types) from a file, for layers without a rule for shapes.

    Raises:
        ShapeError: the layer cannot be used on these shapes; the message names it.
    """
    shapes = [_shapes(x) for x in inputs]
    try:
        if not layer.built:
            names = layer._accepts.call_names
            named = dict(zip(names, shapes, strict=False))
            named |= {k: _shapes(v) for k, v in own.items() if k in names and symbolic(v)}
            layer._build_from(named, shapes)
        spec = known if known is not None and not layer.has_shape_rule else None
        spec = layer.output_spec(tuple(shapes), inputs, own) if spec is None else spec
    except ShapeError as error:
        if repr(layer.name) in str(error.where):
            raise
        raise named_error(error, layer.where) from error
    except (ValueError, IndexError) as error:
        raise named_error(error, layer.where) from error
    call = GraphCall(layer, inputs, own)
    call.outputs = outputs_of(call, *spec)
    remember(call)
    return call.outputs


def _shapes(x: Any) -> Any:
    if tree.is_numbers(x):
        return np.shape(x)
    return tree.map(lambda s: tuple(s.shape) if isinstance(s, Recordable) else np.shape(s), x)


class InGraph:
    """`layer.input` and `layer.output`: the symbols of the layer's only call in a graph.

    An attribute of that name that a layer sets itself comes first.
    """

    def __init__(self, which: str) -> None:
        self.which = which

    def __get__(self, layer: Any, owner: Any = None) -> Any:
        if layer is None:
            return self
        calls = [c for r in layer.__dict__.get("_graph_calls", ()) if (c := r()) is not None]
        if len(calls) != 1:
            raise NotBuiltError(
                f"the layer has no {self.which} of its own: it stands in no graph"
                if not calls
                else f"the layer has {len(calls)} of them: it was called {len(calls)} times",
                where=f"{layer.where}, {self.which}",
                fix="keep what the call returns: y = layer(x)",
            )
        if self.which == "output":
            return calls[0].outputs
        given = calls[0].args
        return given[0] if len(given) == 1 else list(given)


def composite(function: Callable[..., Any]) -> Callable[..., Any]:
    """For a function made of operations: in a graph of layers it stands as one call."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if symbolic(args) or (kwargs and symbolic(kwargs)):
            return write_call(call, args, kwargs)
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            if not refused(error):
                _need_numbers(function.__name__, (*args, *kwargs.values()))
                raise
            wrong = misfit(function, args, kwargs)
        raise wrong from None

    return call


def _need_numbers(name: str, given: tuple) -> None:
    """Say so where what failed was asked of text, dates or the like."""
    for v in given:
        if isinstance(v, (np.ndarray, list)) and np.asarray(v).dtype.kind in "OSUMm":
            asarray(v, name=f"the input of {name}")
