"""A graph on paper: operations are nodes, tensors lead from one to the next (not the other way
round: a tensor is an edge, whatever deck 004 says of it).
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..checks import need_numbers
from ..drawing.base import short_number
from ..drawing.calls import Box, Tensor
from ..drawing.tapegraph import draw_calls
from ..errors import ArgumentError
from ..svg import Drawing, shorten, text_width
from .computing import needed
from .kinds import type_name
from .nodes import Constant, Graph, Operation
from .placeholders import Placeholder
from .variables import Initialize, Reading
from .worked import MOST, Worked

__all__ = ["draw_graph"]

_WIDEST = 270.0  # of a line of text: a matrix of two by two has room
_FEW = 6  # numbers that are written one by one


class _Call:
    """An operation as the drawing of calls wants it."""

    def __init__(self, op: Operation, more: Sequence[Operation]) -> None:
        self.index, self.kept = op.number, op
        source = isinstance(op, (Placeholder, Constant, Reading))
        self.operation: Any = None if source else op
        self.takes = [Tensor(t.op.number, t.index) for t in op.inputs]
        self.takes += [Tensor(other.number, 0) for other in more]
        self.recorded = list(range(len(self.takes)))
        self.args = [SimpleNamespace(index=call, place=place) for call, place in self.takes]
        self.results = op.outputs


class _Calls:
    """The operations that are drawn, with what is written in and under them."""

    def __init__(self, operations: list[Operation], worked: Worked | None) -> None:
        variables = {id(op.box): op for op in operations if isinstance(op, Reading)}
        self.calls: dict[int, Any] = {}
        self.uses: dict[Tensor, list[int]] = {}
        self.top, self.gradients = Box(None, True), {}
        self.worked = None if worked is None else {line.name: line for line in worked.lines}
        self.digits = 0 if worked is None else worked._digits
        for op in operations:
            changed = [variables[id(b)] for b in op.changes if id(b) in variables]
            call = self.calls[op.number] = _Call(op, changed)
            for tensor in call.takes:
                self.uses.setdefault(tensor, []).append(op.number)
            self.top.parts.append(op.number)
            self.top.calls.add(op.number)
        self.top.parts.sort(key=self._when)
        self.loss = None if worked is None else worked._target.op.number
        owners = {op.number: op.outputs[0] for op in variables.values()}
        self.tape = SimpleNamespace(sources=owners)

    def _when(self, number: Any) -> float:
        if self.calls[number].operation is not None:
            return number
        return min(self.uses.get(Tensor(number, 0), [number])) - 0.5

    def title(self, number: int) -> str:
        """The operation's type; the name of what is no operation."""
        op = self.calls[number].kept
        return op.name if self.calls[number].operation is None else op.type

    def arguments(self, number: int) -> str:
        """The name, where it says more than the type."""
        op = self.calls[number].kept
        return _short(op.name) if op.name != op.type else ""

    def value(self, number: int, values: bool) -> str:
        """What it makes: numbers where they are known, else type and shape."""
        op = self.calls[number].kept
        if self.worked is not None and op.name in self.worked:
            return self._fitting("", self.worked[op.name].value)
        if isinstance(op, Constant) and op.value.size == 1 and op.value.dtype.kind in "fiu":
            return short_number(float(op.value.reshape(-1)[0]), 6)
        made = [f"{type_name(t.dtype)} {t.shape}" for t in op.outputs]
        return _short(", ".join(made))

    def gradient(self, number: int, values: bool) -> str:
        """The gradient of the loss there."""
        line = None if self.worked is None else self.worked.get(self.calls[number].kept.name)
        if line is None or line.gradient is None:
            return ""
        return self._fitting("∂ ", line.gradient)

    def _fitting(self, sign: str, value: Any) -> str:
        """Numbers with as many digits as there is room for; never a part of a number."""
        for digits in range(self.digits, 2, -1):
            text = sign + _written(np.asarray(value), digits)
            if text_width(text, 10) <= _WIDEST:
                return text
        return _short(f"{sign}shape {np.shape(value)}")


def _written(array: np.ndarray, digits: int) -> str:
    """A few numbers with so many significant digits; the shape of more."""
    if array.size > _FEW or array.dtype.kind not in "fiub":
        return f"shape {array.shape}"
    if array.ndim == 0:
        return short_number(array.item(), digits)
    return "[" + ", ".join(_written(part, digits) for part in array) + "]"


def _short(text: str) -> str:
    return shorten(text, _WIDEST, 10) if text_width(text, 10) > _WIDEST else text


def draw_graph(
    graph: Graph, target: Any = None, *, worked: Worked | None = None, title: str = "",
    theme: str = "auto", direction: str = "ltr",
) -> Drawing:  # fmt: skip
    """The drawing of a graph, or of what leads to one tensor or operation; see `Graph.diagram`.

    Raises:
        ArgumentError: nothing to draw, or more than can be read.
    """
    op = getattr(target, "op", target)
    chosen = graph.operations if op is None else needed([op])
    chosen = [o for o in chosen if not isinstance(o, Initialize)]
    used = {t.op.number for o in chosen for t in o.inputs}
    if op is None:  # what only says how a variable begins is not part of the computation
        starts = {v.initial_value.op.number for v in graph.variables}
        chosen = [o for o in chosen if o.number in used or o.number not in starts]
    if not chosen:
        raise ArgumentError(
            "the graph is empty",
            where="diagram",
            fix="make operations first; tf.reset_default_graph() begins an empty one",
        )
    need_numbers("diagram", f"up to {MOST} operations", lambda n: n <= MOST, operations=len(chosen))
    return draw_calls(
        _Calls(chosen, worked),  # type: ignore[arg-type]
        worked is not None,
        title=title,
        theme=theme,
        direction=direction,
    )
