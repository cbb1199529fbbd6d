"""A graph of layers as plain JSON values, and back.

    {"layers": [{"class_name", "config"}, ...],                     each once
     "variables": [{"name", "shape", "dtype", ...}, ...],           those of operations
     "calls": [{"layer": name, "args": [...], "kwargs": {...}}, {"operation": name, ...}, ...],
     "inputs": ..., "outputs": ...}

A symbol is `{"symbol": [number of the call, place among its outputs]}` and may come from an earlier
call only, so no file can hold a cycle. Operations come from the closed table `cr.ops.__all__`.
Shapes that are known by running alone stand in the file: reading one computes nothing.
"""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np

from .. import ops, tree
from ..arrays import numpy_dtype
from ..errors import ArgumentError, did_you_mean
from ..layers import registry
from ..layers.base import Layer, zeros_to_come
from ..layers.input import InputLayer
from ..shapes import is_shape
from ..symbol import GraphCall, Symbol, call_layer, outputs_of
from ..variable import KINDS, Variable

__all__ = ["read_graph", "written_graph"]

_LARGEST = 10_000  # numbers in a constant
_DEEPEST = 16  # lists in lists
_OPERATIONS = {n: getattr(ops, n) for n in ops.__all__ if n not in ("logits_behind", "shape")}
# what arguments were called before they had Keras's names: older files say so
_FORMER = {"a": ("x1", "axis1"), "b": ("x2", "axis2"), "p": ("x2",), "x": ("inputs", "x1"),
           "lower": ("x_min",), "upper": ("x_max",), "parts": ("xs", "x"), "labels": ("x",),
           "shape": ("newshape",), "sections": ("indices_or_sections",)}  # fmt: skip
_NAMES = {id(function): name for name, function in reversed(_OPERATIONS.items())}


def _as_called_now(operation: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    names = inspect.signature(operation).parameters
    return {
        next((n for n in _FORMER.get(k, ()) if k not in names and n in names), k): value
        for k, value in kwargs.items()
    }


# --- writing ------------------------------------------------------------------------------------


def written_graph(model: Any, calls: list[GraphCall], input_layers: list[Any]) -> dict[str, Any]:
    """The graph as plain values.

    Raises:
        ArgumentError: an operation of the user's own, a large constant, a layer in two places.
    """
    _need_once(model)
    numbers: dict[int, list[int]] = {}
    entries: list[dict[str, Any]] = []
    for symbol, layer in zip(model.inputs, input_layers, strict=True):
        numbers[id(symbol)] = [len(entries), 0]
        entries.append({"layer": layer.name})
    known = _Written(model, numbers)
    for call in calls:
        entry: dict[str, Any] = {}
        if isinstance(call.callee, Layer):
            entry["layer"] = call.callee.name
        else:
            entry["operation"] = _operation_name(call, model.name)
        entry["args"] = [known(a) for a in call.args]
        if call.kwargs:
            entry["kwargs"] = {k: known(a) for k, a in call.kwargs.items()}
        entry["outputs"] = known.spec(call.outputs)
        for place, symbol in enumerate(tree.leaves(call.outputs)):
            numbers[id(symbol)] = [len(entries), place]
        entries.append(entry)
    return {
        "layers": [registry.serialize(layer) for layer in model.layers],
        "variables": [_variable(path, v) for path, v in known.own.values()],
        "calls": entries,
        "inputs": known(model.input),
        "outputs": known(model.output),
    }


def _need_once(model: Any) -> None:
    """A layer that two others hold would be two layers after reading."""
    seen: dict[int, str] = {}
    for layer in model.layers:
        for inner in layer._all_layers():
            if isinstance(inner, InputLayer):  # nothing is lost if there are two of it
                continue
            if id(inner) in seen:
                raise ArgumentError(
                    f"the layer {inner.name!r} stands in two places, which a file cannot say",
                    where=model.name,
                    received=f"in {seen[id(inner)]!r} and in {layer.name!r}",
                    fix="share it within one graph: call the layer itself there",
                )
            seen[id(inner)] = layer.name


def _operation_name(call: GraphCall, where: str) -> str:
    name = _NAMES.get(id(call.callee))
    if name is None:
        raise ArgumentError(
            f"the operation {call.name!r} cannot be written to a file: it is not one of cr.ops",
            where=where,
            fix="call it in a layer of your own, registered with @cr.layers.register",
        )
    return name


def _variable(path: str, v: Variable) -> dict[str, Any]:
    return {
        "name": path,
        "shape": list(v.shape),
        "dtype": v.dtype.name,
        "kind": v.kind,
        "trainable": v.trainable,
    }


class _Written:
    """Arguments of calls as plain values."""

    def __init__(self, model: Any, numbers: dict[int, list[int]]) -> None:
        self.model, self.numbers = model, numbers
        paths = {id(v): path for path, v in reversed(list(model.named_variables()))}
        self.paths = paths
        self.own = {id(v): (paths[id(v)], v) for v in model._used}

    def __call__(self, a: Any) -> Any:
        if a is None or isinstance(a, (bool, int, str)):
            return a
        if isinstance(a, Symbol):
            return {"symbol": self.numbers[id(a)]}
        if isinstance(a, Variable):
            return {"variable": self.paths[id(a)]}
        if isinstance(a, float):
            return a if math.isfinite(a) else {"float": repr(a)}
        if isinstance(a, list):
            return [self(item) for item in a]
        if isinstance(a, tuple):
            return {"tuple": [self(item) for item in a]}
        if isinstance(a, dict):
            return {"dict": [[self(k), self(v)] for k, v in a.items()]}
        if isinstance(a, slice):
            return {"slice": [self(a.start), self(a.stop), self(a.step)]}
        if a is Ellipsis:
            return {"ellipsis": True}
        if _is_dtype(a):
            return {"dtype": np.dtype(a).name}
        if hasattr(a, "dtype") and np.asarray(a).dtype.kind in "fiub" and np.size(a) <= _LARGEST:
            a = np.asarray(a)
            values = [self(v) for v in a.reshape(-1).tolist()]
            return {"array": values, "shape": list(a.shape), "dtype": a.dtype.name}
        raise ArgumentError(
            "a constant of the graph cannot be written to a file",
            where=self.model.name,
            expected=f"numbers, text, arrays of at most {_LARGEST:,} numbers, lists of such",
            received=f"an array of {np.size(a):,} numbers" if hasattr(a, "dtype") else repr(a)[:80],
            fix="make a large array a cr.Variable(array, trainable=False)",
        )

    def spec(self, outputs: Any) -> Any:
        """The tree of shapes and types of a call's outputs."""
        if isinstance(outputs, Symbol):
            return {"shape": list(outputs.shape), "dtype": outputs.dtype.name}
        if isinstance(outputs, dict):
            return {"dict": [[k, self.spec(v)] for k, v in outputs.items()]}
        return [self.spec(v) for v in outputs]


# --- reading ------------------------------------------------------------------------------------


def read_graph(config: dict[str, Any], where: str) -> tuple[Any, Any]:
    """(inputs, outputs), trees of symbols, of a configuration that may come from any file.

    Raises:
        ArgumentError: it is not what `written_graph` writes; the message says where.
    """
    return _Read(config, where).graph()


class _Read:
    def __init__(self, config: dict[str, Any], where: str) -> None:
        self.where = where
        wanted = {"layers": list, "variables": list, "calls": list}
        unknown = set(config) - {*wanted, "name", "inputs", "outputs"}
        self.need(not unknown, "unknown entry", sorted(map(str, unknown)))
        for key, kind in wanted.items():
            self.need(isinstance(config.get(key), kind), f"{key} must be a list", config.get(key))
        self.config = config
        self.layers: dict[str, Layer] = {}
        self.results: list[list[Symbol]] = []
        self.variables: dict[str, Variable] = {}

    def need(self, condition: Any, problem: str, received: Any) -> None:
        if not condition:
            raise ArgumentError(
                f"this is no graph of layers: {problem}",
                where=self.where,
                received=repr(received)[:200],
            )

    def graph(self) -> tuple[Any, Any]:
        for entry in self.config["layers"]:
            layer = registry.get(entry)
            self.need(isinstance(layer, Layer), "a layer is none", entry)
            self.need(layer.name not in self.layers, "two layers have one name", layer.name)
            self.layers[layer.name] = layer
        for entry in self.config["variables"]:
            self._read_variable(entry)
        for number, entry in enumerate(self.config["calls"]):
            self.need(isinstance(entry, dict), f"call {number} is none", entry)
            self.results.append(tree.leaves(self._read_call(number, entry)))
        return self.value(self.config.get("inputs")), self.value(self.config.get("outputs"))

    def _read_variable(self, entry: Any) -> None:
        keys = {"name", "shape", "dtype", "kind", "trainable"}
        self.need(isinstance(entry, dict) and set(entry) == keys, "a variable is none", entry)
        name, kind, trainable = entry["name"], entry["kind"], entry["trainable"]
        fine = isinstance(name, str) and kind in KINDS and isinstance(trainable, bool)
        self.need(fine and name not in self.variables, "a variable is none", entry)
        shape, dtype = self.shape(entry["shape"]), self.dtype(entry["dtype"])
        self.need(None not in shape, "a variable is none", entry)
        self.variables[name] = zeros_to_come(
            shape, dtype, name=name, kind=kind, trainable=trainable
        )

    def _read_call(self, number: int, entry: dict[str, Any]) -> Any:
        unknown = set(entry) - {"layer", "operation", "args", "kwargs", "outputs"}
        self.need(not unknown and ("layer" in entry) != ("operation" in entry), "a call", entry)
        args, kwargs = entry.get("args", []), entry.get("kwargs", {})
        fine = isinstance(args, list) and isinstance(kwargs, dict)
        self.need(fine, f"the arguments of call {number} are no list", entry)
        args = tuple([self.value(a) for a in args])
        kwargs = {k: self.value(a) for k, a in kwargs.items()}
        if "layer" in entry:
            known = isinstance(entry["layer"], str) and entry["layer"] in self.layers
            self.need(known, "there is no such layer", entry["layer"])
            layer = self.layers[entry["layer"]]
            if isinstance(layer, InputLayer):
                self.need(not args and not kwargs, "an Input takes no arguments", entry)
                return layer.symbol()
            call = GraphCall(layer, args, kwargs)
            self.need(call.inputs, "a call takes no symbol", entry)
            spec = self.spec(entry["outputs"]) if "outputs" in entry else None
            return call_layer(layer, args, kwargs, spec)
        name = entry["operation"]
        if not isinstance(name, str) or name not in _OPERATIONS:
            raise ArgumentError(
                f"there is no operation {str(name)[:80]!r}",
                where=self.where,
                fix=did_you_mean(str(name)[:80], _OPERATIONS),
            )
        call = GraphCall(_OPERATIONS[name], args, _as_called_now(_OPERATIONS[name], kwargs))
        self.need(call.inputs, "a call takes no symbol", entry)
        call.outputs = outputs_of(call, *self.spec(entry.get("outputs")))
        return call.outputs

    def spec(self, entry: Any) -> tuple[Any, list[Any]]:
        """(tree of shapes, types) of a call's outputs."""
        kinds: list[Any] = []
        shapes = self._spec(entry, kinds, 0)
        self.need(kinds, "a call makes nothing", entry)
        return shapes, kinds

    def _spec(self, entry: Any, kinds: list[Any], depth: int) -> Any:
        self.need(depth < _DEEPEST, "outputs are nested too deeply", "")
        if isinstance(entry, list):
            return [self._spec(e, kinds, depth + 1) for e in entry]
        self.need(isinstance(entry, dict), "outputs are none", entry)
        if set(entry) == {"dict"}:
            return {k: self._spec(e, kinds, depth + 1) for k, e in self.pairs(entry["dict"])}
        self.need(set(entry) == {"shape", "dtype"}, "outputs are none", entry)
        kinds.append(self.dtype(entry["dtype"]))
        return self.shape(entry["shape"])

    def shape(self, entry: Any) -> tuple:
        fine = is_shape(entry) and len(entry) <= 32
        fine = fine and all(n is None or 0 <= n < 2**31 for n in entry)
        self.need(fine, "a shape is none", entry)
        return tuple(entry)

    def dtype(self, entry: Any) -> np.dtype:
        fine = isinstance(entry, str) and (
            entry == "bfloat16" or (entry in np.sctypeDict and np.dtype(entry).kind in "fiub")
        )
        self.need(fine, "a type is none", entry)
        return numpy_dtype(entry)

    def pairs(self, entry: Any) -> list[Any]:
        fine = isinstance(entry, list) and all(
            isinstance(p, list) and len(p) == 2 and isinstance(p[0], (str, int)) for p in entry
        )
        self.need(fine, "a dict is none", entry)
        return entry

    def value(self, a: Any, depth: int = 0) -> Any:
        """An argument."""
        self.need(depth < _DEEPEST, "arguments are nested too deeply", "")
        if isinstance(a, list):
            return [self.value(item, depth + 1) for item in a]
        if not isinstance(a, dict):
            return a
        kind = str(next(iter(a), None))
        self.need(kind in _KINDS, "unknown kind of argument", a)
        return _KINDS[kind](self, a, depth + 1)

    def symbol(self, a: dict[str, Any], depth: int) -> Symbol:
        at = a["symbol"]
        fine = isinstance(at, list) and len(at) == 2 and all(type(i) is int and i >= 0 for i in at)
        fine = fine and at[0] < len(self.results) and at[1] < len(self.results[at[0]])
        self.need(fine, "a symbol comes from no earlier call", at)
        return self.results[at[0]][at[1]]

    def variable(self, a: dict[str, Any], depth: int) -> Variable:
        path = a["variable"]
        self.need(isinstance(path, str), "a variable is none", path)
        if path not in self.variables:  # one of a layer's
            for name, layer in self.layers.items():
                if path.startswith(f"{name}."):
                    found = dict(layer.named_variables(f"{name}."))
                    self.variables |= {p: v for p, v in found.items() if p not in self.variables}
        self.need(path in self.variables, "there is no such variable", path)
        return self.variables[path]

    def array(self, a: dict[str, Any], depth: int) -> np.ndarray:
        self.need(set(a) == {"array", "shape", "dtype"}, "an array is none", list(a))
        values, shape = a["array"], self.shape(a["shape"])
        self.need(isinstance(values, list) and len(values) <= _LARGEST, "an array is none", a)
        count = 0 if 0 in shape else math.prod(shape) if None not in shape else -1
        self.need(count == len(values), "an array has not its shape", shape)
        numbers = [self.value(v, depth) for v in values]
        self.need(all(isinstance(v, (int, float)) for v in numbers), "an array is none", "")
        return np.array(numbers, self.dtype(a["dtype"])).reshape(shape)

    def slice(self, a: dict[str, Any], depth: int) -> slice:
        ends = a["slice"]
        fine = isinstance(ends, list) and len(ends) == 3
        self.need(fine and all(e is None or type(e) is int for e in ends), "a slice is none", ends)
        return slice(*ends)

    def float(self, a: dict[str, Any], depth: int) -> float:
        self.need(a["float"] in ("inf", "-inf", "nan"), "a number is none", a["float"])
        return float(a["float"])

    def tuple(self, a: dict[str, Any], depth: int) -> tuple:
        self.need(isinstance(a["tuple"], list), "a tuple is none", a["tuple"])
        return tuple([self.value(item, depth) for item in a["tuple"]])


def _is_dtype(a: Any) -> bool:
    return isinstance(a, np.dtype) or (isinstance(a, type) and issubclass(a, np.generic))


_KINDS: dict[str, Any] = {
    "symbol": _Read.symbol,
    "variable": _Read.variable,
    "array": _Read.array,
    "slice": _Read.slice,
    "float": _Read.float,
    "tuple": _Read.tuple,
    "dict": lambda self, a, depth: {k: self.value(v, depth) for k, v in self.pairs(a["dict"])},
    "ellipsis": lambda self, a, depth: ...,
    "dtype": lambda self, a, depth: self.dtype(a["dtype"]),
}
