"""What there is to draw of a tape: its calls, in boxes of the layers that they ran in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..chain import Node, Tape
from ..checks import need_numbers
from ..errors import ArgumentError
from ..operators import raw
from ..svg import shorten, text_width
from .base import short_number

__all__ = ["Box", "CallGraph", "Tensor", "graph_of_tape"]

_MOST = 60  # operations in a picture
_WIDEST = 190.0  # of a line of text
_FEW = 6  # numbers that are written one by one


class Tensor(NamedTuple):
    """A value on the tape: the number of the call that made it, and which of its results it is."""

    call: int
    place: int


class Box:
    """A layer's scope with what ran in it; `parts` are numbers of calls and boxes, in order.

    A box that is not `open` is drawn as one node.
    """

    def __init__(self, scope: Any, is_open: bool) -> None:
        self.scope, self.open = scope, is_open
        self.parts: list[int | Box] = []
        self.calls: set[int] = set()

    @property
    def name(self) -> str:
        """The layer's name and its class."""
        layer = self.scope.layer
        kind = type(layer).__name__
        name = str(getattr(layer, "name", "") or kind)
        both = name if name == kind else f"{name} · {kind}"
        return both if text_width(both, 12, bold=True) <= _WIDEST else name

    @property
    def place(self) -> str:
        """What it is called in the picture: by its first call, since a layer may run twice."""
        return f"scope[{self.scope.first}]"


class CallGraph:
    """The calls of a tape that are drawn, their boxes, who uses which value, and what is written.

    Attributes:
        calls: number -> call.
        top: the box around everything.
        uses: value -> the calls that use it.
        gradients: number -> the gradient of each of the call's results, where there is a loss.
        loss: the number of the call that made the loss, or None.
    """

    def __init__(
        self, tape: Tape, loss: Node | None, depth: int | None, names: Mapping[Any, str]
    ) -> None:
        self.tape, self.loss = tape, None if loss is None else loss.index
        self.names = {n.index if isinstance(n, Node) else n: name for n, name in names.items()}
        self.gradients: dict[int, list[Any]] = {}
        calls = list(tape.calls)
        if loss is not None:
            calls = _leading_to(loss)
            inputs = [c for c in calls if c.operation is None]
            for call, d, _ in tape.walk(loss, inputs):
                self.gradients[call.index] = list(d) if isinstance(d, tuple) else [d]
        self.calls = {c.index: c for c in calls}
        self.uses: dict[Tensor, list[int]] = {}
        for call in calls:
            for tensor in tensors_into(call):
                self.uses.setdefault(tensor, []).append(call.index)
        self.top = self._boxes(depth)

    def _boxes(self, depth: int | None) -> Box:
        top, known = Box(None, True), {}
        homes = {i: self._scopes(c) for i, c in self.calls.items() if c.operation is not None}
        for i, call in self.calls.items():
            if call.operation is None:
                homes[i] = _shared([homes[u] for u in self.uses.get(Tensor(i, 0), [])])
        for i in sorted(self.calls, key=self._when):
            box = top
            for level, scope in enumerate(homes[i]):
                box.calls.add(i)
                if scope not in known:
                    known[scope] = Box(scope, depth is None or level < depth)
                    box.parts.append(known[scope])
                box = known[scope]
            box.calls.add(i)
            box.parts.append(i)
        return top

    def _when(self, i: int) -> float:
        """The place of a call in the order; an input stands before what uses it first."""
        if self.calls[i].operation is not None:
            return i
        return min(self.uses.get(Tensor(i, 0), [i])) - 0.5

    def _scopes(self, call: Any) -> list[Any]:
        """The scopes around a call, the outermost first."""
        scope, found = self.tape.scope_of(call), []
        while scope is not None:
            found.append(scope)
            scope = scope.parent
        return found[::-1]

    # --- what is written ------------------------------------------------------------------------

    def title(self, i: int) -> str:
        """The name of an operation, of a Variable, or "input"."""
        call = self.calls[i]
        if call.operation is not None:
            return str(getattr(call.operation, "__name__", "operation"))
        return str(getattr(self.tape.sources.get(i), "name", None) or "input")

    def arguments(self, i: int) -> str:
        """The constants among the arguments, with a dot for each value on the tape."""
        call = self.calls[i]
        places = set(call.recorded)
        words = ["·" if k in places else _written(a) for k, a in enumerate(call.args)]
        if all(word == "·" for word in words):
            words = []
        given = {name: value for name, value in call.kwargs.items() if value is not None}
        words += [f"{name}={_written(value)}" for name, value in given.items()]
        return _short(f"({', '.join(words)})") if words else ""

    def value(self, i: int, values: bool) -> str:
        """What a call made: its numbers, or the shape."""
        made = [raw(r) if isinstance(r, Node) else r for r in self.calls[i].results]
        text = ", ".join(_numbers(v) if values or not np.ndim(v) else _shape(v) for v in made)
        name = self.names.get(i)
        equal = " = " if values or text[:1] != "(" else " "
        return _short(text if name is None else f"{name}{equal}{text}")

    def gradient(self, i: int, values: bool) -> str:
        """The gradient of the loss there: its numbers, or its Euclidean norm."""
        found = [d for d in self.gradients.get(i, []) if d is not None]
        if not found:
            return ""
        if values or not any(map(np.ndim, found)):
            return _short("∂ " + ", ".join(map(_numbers, found)))
        norm = float(np.sqrt(sum(float(np.sum(np.asarray(d, np.float64) ** 2)) for d in found)))
        return f"‖∂‖ {short_number(norm, 4)}"


def graph_of_tape(tape: Tape, loss: Any, depth: int | None, names: Mapping[Any, str]) -> CallGraph:
    """The calls of a tape, few enough to be read.

    Raises:
        ArgumentError: no tape, a loss of another one, nothing recorded, or too many operations.
    """
    if loss is not None and not (isinstance(loss, Node) and loss.tape is tape):
        raise ArgumentError(
            "the loss was not computed on this tape",
            where="diagram",
            received=repr(loss)[:60],
            fix="compute it inside `with cr.record() as tape:`",
        )
    if not tape.calls:
        raise ArgumentError(
            "nothing was recorded on this tape",
            where="diagram",
            fix="call a model, or operations on tape.watch(x), inside `with cr.record() as tape:`",
        )
    if depth is not None:
        whole = "a whole number, 0 or more"
        need_numbers("diagram", whole, lambda v: v >= 0 and v == int(v), depth=depth)
    graph = CallGraph(tape, loss, depth, names)
    for node, name in names.items():
        known = node.tape is tape if isinstance(node, Node) else node in graph.calls
        if not known:
            raise ArgumentError(
                f"the name {name!r} is given to no value on this tape",
                where="diagram",
                expected="a recorded value, or the number of a call, as the key",
                received=repr(node)[:60],
            )
    shown = sum(1 for part in _seen(graph.top) if _is_operation(graph, part))
    if shown > _MOST:
        raise ArgumentError(
            "this tape is too long to be read as a picture",
            where="diagram",
            expected=f"up to {_MOST} operations",
            received=shown,
            fix="depth=1 draws what ran deeper inside layers as one box; record a single step or "
            "layer; or draw the model: model.diagram()",
        )
    return graph


def _is_operation(graph: CallGraph, part: int | Box) -> bool:
    return isinstance(part, Box) or graph.calls[part].operation is not None


def _seen(box: Box) -> Iterator[int | Box]:
    """The nodes of a picture: calls, and boxes that are not open."""
    for part in box.parts:
        if isinstance(part, Box) and part.open:
            yield from _seen(part)
        else:
            yield part


def tensors_into(call: Any) -> list[Tensor]:
    """The values on its tape that a call takes, each once."""
    found = (Tensor(call.args[k].index, call.args[k].place) for k in call.recorded)
    return list(dict.fromkeys(found))


def _leading_to(loss: Node) -> list[Any]:
    """The calls that the loss depends on, in order."""
    tape, wanted = loss.tape, {loss.index}
    for call in reversed(tape.calls[: loss.index + 1]):
        if call.index in wanted:
            wanted |= {t.call for t in tensors_into(call)}
    return [c for c in tape.calls if c.index in wanted]


def _shared(homes: list[list[Any]]) -> list[Any]:
    """The scopes that all of them have."""
    found = []
    for level in zip(*homes, strict=False):
        if any(scope is not level[0] for scope in level):
            break
        found.append(level[0])
    return found


# --- values as text -----------------------------------------------------------------------------


def _written(value: Any) -> str:
    """A constant argument, as short as it can be."""
    if isinstance(value, slice):
        ends = ["" if n is None else str(n) for n in (value.start, value.stop)]
        return ":".join(ends) + ("" if value.step is None else f":{value.step}")
    if isinstance(value, (tuple, list)) and any(isinstance(v, slice) for v in value):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, (tuple, list)):
        inside = ", ".join(map(_written, value))
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, Node):
        value = raw(value)
    if isinstance(value, bool) or not hasattr(value, "dtype"):
        return short_number(value, 4) if type(value) in (int, float) else str(value)
    return _numbers(value) if np.size(value) == 1 else f"constant {_shape(value)}"


def _numbers(value: Any) -> str:
    """A few numbers as they stand in an array; the shape of more."""
    array = np.asarray(value)
    if array.size > _FEW or array.dtype.kind not in "fiub":
        return _shape(array)
    if array.ndim == 0:
        return short_number(float(array), 4)
    return "[" + ", ".join(map(_numbers, array)) + "]"


def _shape(value: Any) -> str:
    return str(tuple(np.shape(value)))


def _short(text: str) -> str:
    return shorten(text, _WIDEST, 10) if text_width(text, 10) > _WIDEST else text
