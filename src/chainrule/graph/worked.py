"""A run of a graph on paper: what every operation made, and the gradient of the loss there."""

from __future__ import annotations

from html import escape
from typing import Any, NamedTuple

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..operators import raw
from ..variable import swap
from ..vocabulary import loaded
from .computing import Plan, Run, on_tape
from .gradient import leading
from .nodes import Constant, Operation, Tensor
from .placeholders import Placeholder
from .variables import Variable

__all__ = ["Worked", "WorkedLine", "explain"]

MOST = 60  # operations that anybody reads
_FEW = 6  # numbers that are written one by one
_WIDTH = 80  # of a terminal
_SIGNS = {"Add": "+", "AddN": "+", "Sub": "−", "Mul": "·", "MatMul": "·", "RealDiv": "/"}
_SIGNS |= {"Div": "/", "BiasAdd": "+"}
_FORMS = {
    "Square": "{0}²", "Sqrt": "√{0}", "Exp": "exp({0})", "Log": "ln {0}", "Neg": "−{0}",
    "Abs": "|{0}|", "Pow": "{0}^{1}", "SquaredDifference": "({0} − {1})²", "Sum": "Σ {0}",
    "Mean": "mean({0})", "Sigmoid": "σ({0})", "Transpose": "{0}ᵀ", "L2Loss": "½Σ {0}²",
}  # fmt: skip


class WorkedLine(NamedTuple):
    """One tensor of the run.

    Attributes:
        name: of the operation that made it.
        formula: how it was computed.
        value: what came out.
        gradient: the gradient of the loss there; None where none flows.
    """

    name: str
    formula: str
    value: Any
    gradient: Any


class Worked:
    """What a run computed, forwards and backwards; print it, or draw it.

    Attributes:
        loss: the name of the tensor that was differentiated.
        lines: one for each operation, in the order in which they were computed.
    """

    def __init__(
        self, loss: Tensor, operations: list[Operation], lines: list[WorkedLine], digits: int
    ) -> None:
        self.loss, self.lines, self._digits = loss.op.name, lines, digits
        self._target, self._operations = loss, operations

    def __getitem__(self, name: str) -> WorkedLine:
        """The line of that name."""
        for line in self.lines:
            if line.name == name:
                return line
        raise KeyError(name)

    def __str__(self) -> str:
        heads = ("tensor", "computed as", "value", f"∂{self.loss}/∂tensor")
        rows = [
            (
                line.name,
                line.formula,
                _numbers(line.value, self._digits),
                "" if line.gradient is None else _numbers(line.gradient, self._digits),
            )
            for line in self.lines
        ]
        widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
        if sum(widths) + 6 > _WIDTH:  # each row as a few lines
            label = max(map(len, heads[1:]))
            told = []
            for name, *cells in rows:
                told.append(name)
                named = zip(heads[1:], cells, strict=True)
                told += [f"  {head:{label}}  {cell}" for head, cell in named if cell]
            return "\n".join(told)
        told = []
        for row in (heads, *rows):
            cells = [f"{row[k]:{widths[k]}}" for k in (0, 1)]
            cells += [f"{row[k]:>{widths[k]}}" for k in (2, 3)]
            told.append("  ".join(cells).rstrip())
        return "\n".join(told)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"

    def __repr__(self) -> str:
        return f"<explanation of {self.loss!r}: {len(self.lines)} operations>"

    def diagram(self, **look: Any) -> Any:
        """The graph with the value and the gradient at every operation; see `Graph.diagram`."""
        return loaded("graph.picture", "draw_graph")(
            self._target.graph, self._target, worked=self, **look
        )


def explain(
    plan: Plan, loss: Tensor, reads: list[Any], feeds: dict[Tensor, Any], digits: int
) -> Worked:
    """A run with everything on the tape; no variable is changed by it.

    Raises:
        ArgumentError: too many operations, or no floats.
        ShapeError: the loss is not a single number.
    """
    if loss.dtype.kind != "f":
        raise ArgumentError("only a loss of floats is explained", where="explain", received=loss)
    if len(plan.operations) > MOST:
        raise ArgumentError(
            "too many operations lead to it to be read",
            where="explain",
            expected=f"up to {MOST}",
            received=len(plan.operations),
            fix="explain a part, or read values and tf.gradients by sess.run",
        )
    if not 0 <= digits <= 15:
        raise ArgumentError("digits are from 0 to 15", where="explain", received=digits)
    leads = leading([loss])
    plan.watched |= leads
    plan.levels, plan.fuse = plan.levels + 1, False  # the outermost tape is the one read here
    run = Run(plan, feeds)
    with swap(list(plan.reads.values()), reads):
        run.compute()
    value = on_tape(run.values[loss], run.tapes[0])
    if value is None or value.size != 1:
        raise ShapeError(
            "only a single number has a gradient",
            where=f"explain({loss.op.name})",
            received=f"shape {np.shape(raw(run.values[loss]))}",
            fix="tf.reduce_mean or tf.reduce_sum of it",
        )
    chosen = [t for op in plan.operations for t in op.outputs if t in leads]
    nodes = [on_tape(run.values[t], run.tapes[0]) for t in chosen]
    found = dict(zip(chosen, run.tapes[0].gradients(value, nodes), strict=True))
    lines = []
    for op in plan.operations:
        for t in [] if is_number_constant(op) else op.outputs:
            gradient = raw(found[t]) if t in found else None
            lines.append(WorkedLine(op.name, formula(op), raw(run.values[t]), gradient))
    return Worked(loss, plan.operations, lines, digits)


def formula(op: Operation) -> str:
    """How an operation computes its value, with the names of what it takes."""
    if isinstance(op, Placeholder):
        return "fed"
    if op.outputs and isinstance(op.outputs[0], Variable):
        return "variable"
    if op.type == "Const":
        return "constant"
    names = [_named(t) for t in op.inputs]
    if op.type in _SIGNS:
        return f" {_SIGNS[op.type]} ".join(names)
    if op.type in _FORMS:
        return _FORMS[op.type].format(*names)
    word = op.type[0].lower() + op.type[1:]
    return f"{word}({', '.join(names)})"


def _named(tensor: Tensor) -> str:
    """A tensor's name in a formula; a constant of one number is that number."""
    op = tensor.op
    if not isinstance(op, Constant) or not is_number_constant(op):
        return op.name
    return f"{op.value.item():.6g}".replace("-", "−")


def is_number_constant(op: Operation) -> bool:
    """Whether it is a constant of one number, which a formula writes as such."""
    return isinstance(op, Constant) and op.value.ndim == 0 and op.value.dtype.kind in "fiu"


def _numbers(value: Any, digits: int) -> str:
    """A few numbers one by one; the shape and the norm of more."""
    array = np.asarray(value)
    if array.dtype.kind != "f":
        return str(array.tolist()) if array.size <= _FEW else f"shape {array.shape}"
    if array.size > _FEW:
        norm = np.sqrt(np.sum(np.square(array, dtype=np.float64)))
        return f"shape {array.shape}, norm {norm:.{digits}f}"
    return _listed(array, digits)


def _listed(array: np.ndarray, digits: int) -> str:
    if array.ndim == 0:
        number = float(array)
        tiny = 0 < abs(number) < 10.0**-digits  # which is not nothing: a gradient that vanishes
        return (f"{number:.1e}" if tiny else f"{number:.{digits}f}").replace("-", "−")
    return "[" + ", ".join(_listed(part, digits) for part in array) + "]"
