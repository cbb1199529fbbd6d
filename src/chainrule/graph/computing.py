"""What a session runs: the operations that lead to what was asked for, in order, on the tape.

All variables are read as they were when the run began; what changes them (an optimizer's step, an
assignment) happens after everything else was computed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..arrays import is_traced, xp
from ..chain import Call, Node, Tape, record
from ..errors import ArgumentError
from ..operators import raw
from ..variable import Variable as Box
from ..variable import swap
from .kinds import STRING
from .making import at, stretched
from .nodes import Operation, Tensor, warn

__all__ = ["Plan", "Run", "sources_of"]

PAIRS = frozenset({"Add", "Sub", "Mul", "RealDiv", "Div", "SquaredDifference", "Maximum"})


class Plan:
    """The operations that lead to some others, and what they need: fixed once it is made.

    Args:
        wanted: the operations that were asked for.

    Raises:
        ArgumentError: two operations change one variable.
    """

    def __init__(self, wanted: Sequence[Operation]) -> None:
        self.operations = needed(wanted)
        self.reads: dict[int, Box] = {}
        self.writes: dict[int, Box] = {}
        writer: dict[int, Operation] = {}
        orders: dict[int, int] = {}
        self.watched: set[Tensor] = set()
        self.fuse = True
        for op in self.operations:
            self.reads |= {id(box): box for box in op.state()}
            for box in op.changes:
                if id(box) in writer:
                    raise ArgumentError(
                        f"two operations of this run change the variable {box.name!r}",
                        where="run",
                        received=f"{writer[id(box)].where} and {op.where}",
                        fix="run them one after the other: sess.run(first); sess.run(second)",
                    )
                writer[id(box)] = op
                self.writes[id(box)] = box
            order = max((orders[t.op.number] for t in op.inputs), default=0)
            if op.sources:
                order += 1
                self.watched.update(op.sources)
                self.fuse = self.fuse and not any(t.op.inputs for t in op.sources)
            orders[op.number] = order
        self.orders, self.levels = orders, max(orders.values(), default=0)
        self.host = any(
            op.on_host or any(t.dtype == STRING for t in op.outputs) for op in self.operations
        )


def needed(wanted: Sequence[Operation]) -> list[Operation]:
    """The operations that lead to those, and they themselves, in the order they were made."""
    found: dict[int, Operation] = {}
    waiting = list(wanted)
    while waiting:
        op = waiting.pop()
        if op.number not in found:
            found[op.number] = op
            waiting += [t.op for t in op.inputs]
            waiting += op.members
    return [found[number] for number in sorted(found)]


def sources_of(wanted: Sequence[Operation], type: str) -> list[Operation]:
    """The operations of one type that lead to those."""
    return [op for op in needed(wanted) if op.type == type]


class Run:
    """One run of a plan: values of tensors, tapes for gradients, what is to change afterwards.

    Attributes:
        values: tensor -> its value; while tapes are open, what they recorded.
        flags: (operation, message, what was found): things that the numbers themselves tell.
    """

    def __init__(self, plan: Plan, feeds: dict[Tensor, Any], like: Any = None) -> None:
        self.plan, self.feeds = plan, feeds
        # NumPy, or that of the program that is compiled; a rule that is differentiated again takes
        # its constants from NumPy
        self.namespace = xp(like) if plan.levels < 2 else np
        self.values: dict[Tensor, Any] = {}
        self.effects: list[Callable[[], None]] = []
        self.assigned: dict[int, Any] = {}
        self.flags: list[tuple[Any, Any]] = []
        self.tapes: list[Tape] = []

    def compute(self) -> None:
        """Everything that the plan names, then the changes of variables."""
        with contextlib.ExitStack() as stack, np.errstate(all="ignore"):
            for _ in range(self.plan.levels):
                self.tapes.append(stack.enter_context(record(self.plan.fuse)))
            for op in self.plan.operations:
                self._one(op)
        with np.errstate(all="ignore"):
            for effect in self.effects:
                effect()

    def _one(self, op: Operation) -> None:
        given = [self.values[t] for t in op.inputs]
        if op.type in PAIRS and np.shape(given[0]) != np.shape(given[1]):
            _tell(op, given)
        try:
            y = op.compute(given, self)
        except Exception as error:
            raise at(op, error, given) from error
        made = y if isinstance(y, tuple) else () if y is None else (y,)
        for tensor, value in zip(op.outputs, made, strict=True):
            self.values[tensor] = self._watch(tensor, self._typed(value, tensor.dtype))

    def _watch(self, tensor: Tensor, value: Any) -> Any:
        """The value, entered on every tape on which it does not stand yet, if a gradient is asked
        for at this tensor.
        """
        if tensor not in self.plan.watched or tensor.dtype.kind != "f":
            return value
        known = self.tapes.index(value.tape) + 1 if isinstance(value, Node) else 0
        for tape in self.tapes[known:]:
            value = Call(tape, value)
        return value

    def _typed(self, value: Any, dtype: np.dtype) -> Any:
        """A value as the tensor has it: NumPy widens whole numbers where TensorFlow does not, and
        in a program constants meet what is traced, which not every rule allows.
        """
        if isinstance(value, Node):
            return value
        if dtype == STRING:
            return np.asarray(value, dtype=object)
        if not is_traced(value):
            value = self.namespace.asarray(value)
        return value if value.dtype == dtype else value.astype(dtype)

    def assign(self, box: Box, value: Any) -> None:
        """Give a variable a value once everything else is computed; it is nobody else's array."""
        value = raw(value)
        self.assigned[id(box)] = value if is_traced(value) else np.array(value)

    def tape_of(self, op: Operation) -> Tape:
        """The tape on which the gradients of an operation are found."""
        return self.tapes[self.plan.levels - self.plan.orders[op.number]]

    def flag(self, op: Operation, found: Any) -> None:
        """Something that the operation has to say if `found` is true: see `Operation.say`."""
        self.flags.append((op, found))


def on_tape(value: Any, tape: Tape) -> Node | None:
    """What stands on this tape of a value that may be recorded on several."""
    while isinstance(value, Node) and value.tape is not tape:
        value = value.value
    return value if isinstance(value, Node) else None


def _tell(op: Operation, given: Sequence[Any]) -> None:
    """Say once of an operation that both its sides were stretched."""
    known = op.outputs[0].shape.is_known  # then it was said when the graph was made
    told = "" if known or op.told else stretched(op.type, *map(np.shape, given))
    if told:
        op.told = True
        warn(told)


def perform(
    plan: Plan,
    fetched: Sequence[Tensor],
    reads: Sequence[Any],
    feeds: dict[Tensor, Any],
    like: Any = None,
) -> tuple[list[Any], list[Any], list[Any], list[Operation]]:
    """A run as a function of its variables' values and feeds; `like` is traced in a program.

    Returns:
        the fetched values, those of `plan.writes` afterwards, the flags, whose flags they are.
    """
    run = Run(plan, feeds, like)
    with swap(list(plan.reads.values()), reads) as now:
        run.compute()
        written = [run.assigned.get(k, now.now.get(k)) for k in plan.writes]
    found = [raw(run.values[t]) for t in fetched]
    return found, written, [found for _, found in run.flags], [op for op, _ in run.flags]
