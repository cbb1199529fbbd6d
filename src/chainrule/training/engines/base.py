"""What both engines share: a run owns its values, data and figures; everyone else reads snapshots.

While a run trains, it holds its Variables: whoever reads one gets the value after the last whole
piece of work, whoever sets one has it set between two steps. Two runs never share values, data or
metrics, so an evaluation in another thread changes nothing.
"""

from __future__ import annotations

import functools
import operator
import os
import threading
from collections.abc import Container, Sequence
from typing import Any

import numpy as np

from ... import tree
from ...aliases import Array
from ...arrays import is_float
from ...errors import NonFiniteError, StateError
from ...finite import need_finite
from ...variable import Variable, claim, commits, frozen, put, release, snapshot, swap
from .. import step
from ..step import Batch
from ..task import Task

__all__ = ["Run"]


class Run:
    """One fit, evaluation or single batch, on one engine.

    Args:
        task: what is run.
        train: whether it trains; then it holds the Variables until `end`.
    """

    name = ""

    def __init__(self, task: Task, *, train: bool) -> None:
        self.task, self.train = task, train
        self.variables: list[Variable] = []
        self.values: list[Array] = []  # after the last whole piece; never changed in place
        self.active = False
        self.thread = self.process = 0
        self._place: dict[int, int] = {}
        self._pending: dict[int, Any] = {}  # set from outside while a piece runs
        self._lock = commits()  # one for all: a fork finds it open
        self._chunk: Any = None

    # --- the Variables --------------------------------------------------------------------------

    def begin(self) -> None:
        """Take the values of all Variables of the task as they are now."""
        variables = list(self.task.variables)
        self.thread, self.process = threading.get_ident(), os.getpid()
        if self.train:
            claim(variables, self, self._may_take, functools.partial(self._take, variables))
            return
        self._take(variables, snapshot(variables))
        finite_weights(self.task.name, self.variables, self.values)

    def _take(self, variables: list[Variable], values: list[Array]) -> None:
        """Begin with these; what this run still holds it has already, as its engine wants it."""
        known = dict(zip(map(id, self.variables), self.values, strict=True))
        if self.train:
            values = [
                known[id(v)] if v.holder is self else value
                for v, value in zip(variables, values, strict=True)
            ]
        self.variables = variables
        self._place = {id(v): i for i, v in enumerate(variables)}
        self._keep(values)
        self.active = self.train

    def follow(self, other: Run) -> None:
        """Begin with the values that another run has now, as this engine has them."""
        self.variables, self._place = other.variables, other._place
        self.keep(list(other.values))

    def forget(self) -> None:
        """Drop what was kept of earlier data."""
        self._chunk = None

    def _may_take(self, variable: Variable, other: Any) -> bool:
        """False where a fit of this thread holds it: one of its callbacks trains between steps."""
        if not other.active or other.process != os.getpid():  # a fork left that fit behind
            return True
        if other.thread == self.thread:
            return False
        raise StateError(
            f"the variable {variable.name!r} is being trained by another fit",
            where=self.task.name,
            fix="wait until that fit has ended, or train a copy: copy.deepcopy(model)",
        )

    def pause(self) -> None:
        """Another call of this run will follow: keep the values, let others take them."""
        # what a fit around this one holds goes back to it; its running figures are its own
        if not self.active:  # it was refused the Variables, or only reads them
            return
        nested = [(v, x) for v, x in zip(self.variables, self.values, strict=True)
                  if v.holder is not self and v.kind != "metric"]  # fmt: skip
        if nested:
            put([v for v, _ in nested], [self.show(x) for _, x in nested])
        with self._lock:
            self.active = False
            self.settle()  # what was set during the last piece; from now on it is not sent here

    def end(self) -> None:
        """Give everything back: the Variables have the newest values again."""
        if self.active:
            self.pause()
            release(self.variables, self, [frozen(self.show(v)) for v in self.values])
        elif not self.train and len(self.values) == len(self.variables):
            self._show_figures()
        self._chunk = None  # the values stay: a thread may be on its way here to read one

    def _show_figures(self) -> None:
        """The metrics of an evaluation can be asked for afterwards, unless a fit uses them."""
        figures = [(v, self.show(x)) for v, x in zip(self.variables, self.values, strict=True)
                   if v.kind == "metric"]  # fmt: skip
        with self._lock:  # a fit that begins between the look and the put would count with these
            free = [(v, x) for v, x in figures if v.holder is None or not v.holder.active]
            put([v for v, _ in free], [x for _, x in free])

    def pull(self, variables: Sequence[Variable]) -> list[Array]:
        """The values after the last whole piece of work."""
        with self._lock:
            values, pending = self.values, dict(self._pending)
            places = [self._place[id(v)] for v in variables]
        return [frozen(pending[i]) if i in pending else self.show(values[i]) for i in places]

    def push(self, variables: Sequence[Variable], values: Sequence[Array]) -> bool:
        """New values from outside: at once between two pieces, else after the one that runs."""
        with self._lock:
            if not self.active:
                return False
            self._pending.update(
                (self._place[id(v)], x) for v, x in zip(variables, values, strict=True)
            )
        if self.thread == threading.get_ident():
            self.settle()
        return True

    def settle(self) -> None:
        """Take in what was set from outside."""
        with self._lock:
            if not self._pending:
                return
            values = list(self.values)
            for i, value in self._pending.items():
                values[i] = self.own(value)
            self._pending.clear()
            self._keep(values)

    def keep(self, values: list[Array]) -> None:
        """These are the newest."""
        with self._lock:
            self._keep(values)

    def _keep(self, values: list[Array]) -> None:
        self.values = values

    def own(self, value: Array) -> Array:
        """A value as this engine wants it."""
        return value

    def show(self, value: Any) -> Any:
        """A value as a NumPy array that nobody changes."""
        return np.asarray(value)

    # --- figures --------------------------------------------------------------------------------

    def reset(self) -> None:
        """Start the running figures again."""
        self.settle()
        self.keep(self.task.reset(self.variables, list(self.values)))

    def results(self, kind: str, only: Container[str] | None = None) -> dict[str, Any]:
        """The running figures by name; only those of the meters with these names."""
        shown = [self.show(x) if v.kind == "metric" else x
                 for v, x in zip(self.variables, self.values, strict=True)]  # fmt: skip
        return self.task.results(kind, self.variables, shown, only)

    def read(self, variables: Sequence[Variable]) -> list[Array]:
        """Values by Variable, as this engine has them."""
        return [self.values[self._place[id(v)]] for v in variables]

    # --- work -----------------------------------------------------------------------------------

    def load(self, chunk: Any) -> None:
        """The rows that the next pieces go over."""
        raise NotImplementedError

    def run(self, kind: str, first: int, last: int) -> None:
        """Batches `first` to `last` (exclusive) of the chunk, `kind` train or test.

        Raises:
            NonFiniteError: the loss or a value became NaN or infinite; the values are those before
                that step.
        """
        raise NotImplementedError

    def alone(self, kind: str, i: int) -> dict[str, Any]:
        """Run batch `i`; the figures of it alone. The running ones go on as after `run`.

        Raises:
            NonFiniteError: as `run`.
        """
        self.settle()
        summed = self.task.sums(self.variables)
        places = [self._place[id(v)] for m in summed.values() for v in m.variables]
        before = [self.show(self.values[k]) for k in places]
        self._set(places, [np.zeros_like(x) for x in before])
        found: dict[str, Any] = {}
        try:
            self.run(kind, i, i + 1)
            found = self.results(kind, summed)
        finally:
            now = [self.show(self.values[k]) for k in places]
            self._set(places, [a + b for a, b in zip(before, now, strict=True)])
        return found

    def _set(self, places: Sequence[int], new: Sequence[np.ndarray]) -> None:
        values = list(self.values)
        for k, value in zip(places, new, strict=True):
            values[k] = self.own(value)
        self.keep(values)

    def batch(self, i: int) -> Batch:
        """Batch `i` of the chunk, as NumPy arrays."""
        return batch_of(self._chunk, i)

    def refuse(self, i: int, values: Sequence[Array]) -> NonFiniteError:
        """The error for batch `i`; `values` are those before it."""
        with swap(self.variables, [np.array(v) for v in values]):
            culprit = step.name_culprit(self.task, self.batch(i))
        number = self._chunk.first_step + i - self._chunk.skip
        error = NonFiniteError(
            "the loss or a gradient is no longer finite; training stopped before the update",
            where=f"step {number + 1} of this epoch",
            received=f"NaN or infinity, first made by {culprit}",
            fix="lower the learning rate, scale the inputs, or set clipnorm=1.0 on the optimizer",
        )
        error.batch = number
        return error


def finite_weights(name: str, variables: Sequence[Variable], values: Sequence[Array]) -> None:
    """Raise where a weight or statistic is not finite: what is computed from it means nothing."""
    chosen = [
        (v.name, x)
        for v, x in zip(variables, values, strict=True)
        if v.kind in ("weight", "statistic") and is_float(x)
    ]
    need_finite(chosen, name)


def same(a: Sequence[Array], b: Sequence[Array]) -> bool:
    """Are these the same objects?"""
    return len(a) == len(b) and all(map(operator.is_, a, b))


def batch_of(chunk: Any, i: int) -> Batch:
    """Rows of batch `i` of a chunk."""
    size = chunk.batch_size
    chosen: Any = slice(i * size, (i + 1) * size)  # a slice ends where the rows end
    if chunk.order is not None:
        chosen = chunk.order[chosen]
    return Batch(*tree.map(lambda a: None if a is None else a[chosen], chunk.data))


def watched(variables: Sequence[Variable]) -> list[int]:
    """Places of values that must stay finite: a NaN in somebody's metric is no reason to stop."""
    return [i for i, v in enumerate(variables) if v.kind not in ("seed", "metric")]
