"""Symbols: values of a graph of layers, with a shape and a type and no numbers yet.

`Input()` makes the first ones; every layer, operation or operator applied to a symbol returns
another and writes down the call, so that `Model(inputs, outputs)` can run the same calls on data.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from . import tree
from .errors import StateError
from .operators import Recordable
from .shapes import dry_run, map_shapes

__all__ = ["GraphCall", "Symbol", "composite", "symbolic", "write_call"]


class GraphCall:
    """One call in a graph: of a layer or an operation, with its arguments and results."""

    __slots__ = ("args", "callee", "kwargs", "outputs")

    def __init__(self, callee: Any, args: tuple, kwargs: dict[str, Any]) -> None:
        self.callee, self.args, self.kwargs = callee, args, kwargs
        self.outputs: Any = None  # a tree of Symbols

    @property
    def inputs(self) -> list[Symbol]:
        """The symbols among the arguments, in order."""
        found = tree.leaves([list(self.args), list(self.kwargs.values())])
        return [s for s in found if isinstance(s, Symbol)]

    @property
    def name(self) -> str:
        """The layer's or the operation's name."""
        return getattr(self.callee, "name", None) or self.callee.__name__


class Symbol(Recordable):
    """A value of a graph: what it will look like, and which call makes it.

    Args:
        shape: with None for axes that are not known, the batch among them.
        dtype: type of its numbers.
        call: the call it is a result of.
        name: for messages.
    """

    __slots__ = ("call", "dtype", "name", "shape")

    def __init__(self, shape: tuple, dtype: Any, call: GraphCall, name: str = "") -> None:
        self.shape, self.dtype, self.call = tuple(shape), np.dtype(dtype), call
        self.name = name or call.name

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

    def __iter__(self) -> Any:
        if self.shape and self.shape[0] is not None:
            return super().__iter__()
        raise StateError("a symbolic batch cannot be iterated over", where=repr(self))

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"<Symbol {self.name!r}: shape {self.shape}, {self.dtype.name}>"


def symbolic(*trees: Any) -> bool:
    """Does a symbol stand anywhere in these trees?"""
    for t in trees:
        if type(t) is np.ndarray:  # nearly always
            continue
        if isinstance(t, Symbol):
            return True
        if isinstance(t, (tuple, list, dict)):
            if symbolic(*(t.values() if isinstance(t, dict) else t)):
                return True
    return False


def write_call(function: Callable[..., Any], args: tuple, kwargs: dict[str, Any]) -> Any:
    """An operation called with symbols: the symbols of its results, found by a dry run."""
    call = GraphCall(function, args, kwargs)
    symbols = call.inputs

    def run(*values: Any) -> Any:
        return function(*fill(args, symbols, values), **fill(kwargs, symbols, values))

    shapes, dtypes = tuple(s.shape for s in symbols), tuple(s.dtype for s in symbols)
    where = f"{call.name}({', '.join(map(repr, symbols))})"
    kinds: list[Any] = []

    def typed(*values: Any) -> Any:
        y = run(*values)
        kinds[:] = [v.dtype for v in tree.leaves(y)]
        return y

    call.outputs = outputs_of(call, dry_run(typed, shapes, dtypes, where), kinds)
    return call.outputs


def outputs_of(call: GraphCall, shapes: Any, dtypes: Any) -> Any:
    """Symbols for a tree of output shapes (their leaves are tuples of lengths)."""
    kinds = iter(dtypes if isinstance(dtypes, list) else itertools.repeat(dtypes))
    return map_shapes(lambda s: Symbol(s, next(kinds), call), shapes)


def fill(arguments: Any, symbols: list[Symbol], values: Any) -> Any:
    """Arguments with every symbol replaced by its value."""
    known = {id(s): v for s, v in zip(symbols, values, strict=True)}
    if not isinstance(arguments, dict):
        return tuple([_filled(a, known) for a in arguments])
    return {k: _filled(a, known) for k, a in arguments.items()}


def _filled(a: Any, known: dict[int, Any]) -> Any:
    if isinstance(a, Symbol):
        return known[id(a)]
    if not symbolic(a):
        return a
    return tree.map(lambda leaf: known.get(id(leaf), leaf), a)


def composite(function: Callable[..., Any]) -> Callable[..., Any]:
    """For a function made of operations: in a graph of layers it stands as one call."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if symbolic(args) or (kwargs and symbolic(kwargs)):
            return write_call(call, args, kwargs)
        return function(*args, **kwargs)

    return call
