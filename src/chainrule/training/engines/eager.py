"""NumPy: the step as it stands, batch by batch; every number can be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import tree
from ...arrays import is_float
from ...variable import Variable, frozen, snapshot, swap
from .. import step
from ..task import Task
from .base import Run, finite_weights, same, watched
from .interrupts import held_interrupts

__all__ = ["EagerPredictor", "EagerRun"]


class EagerRun(Run):
    """A run on NumPy. Optimizers write into arrays of its own; the world sees copies."""

    name = "numpy"
    _work: list[Any] | None = None  # what steps change in place; None: to be copied from `values`

    def _keep(self, values: list[Any]) -> None:
        self.values, self._work = values, None

    def load(self, chunk: Any) -> None:
        """Nothing to move."""
        self._chunk = chunk

    def run(self, kind: str, first: int, last: int) -> None:
        """A piece of the chunk. Ctrl-C waits until the step is whole."""
        self.settle()
        with held_interrupts() as interrupts:
            done, problem = self._steps(kind, first, last, interrupts)
            if problem is not None:  # half a step may have been written
                self._again(kind, first, done)
                raise problem
            if kind == "train" and not self._fine():
                self._find(kind, first, done)
            self._commit(kind)

    def _steps(self, kind: str, first: int, last: int, interrupts: Any) -> tuple[int, Any]:
        """Run the steps; (number of the first one not done, what was raised there)."""
        if self._work is None:  # optimizers write into it; an evaluation has none
            self._work = [np.array(v) for v in self.values] if self.train else list(self.values)
        i = first
        # overflow is looked for after each piece, where its cause can be named
        with np.errstate(all="ignore"), swap(self.variables, self._work, owned=self.train) as now:
            try:
                while i < last and not interrupts.waiting:
                    loss = self.task.run(kind, self.batch(i))
                    self._bad_loss = self._bad_loss or not np.isfinite(loss).all()
                    i += 1
            except BaseException as error:
                return i, error
            finally:
                self._work = now.values()
        return i, None

    _bad_loss = False

    def _fine(self) -> bool:
        """Are the losses, weights and slots finite?"""
        bad, self._bad_loss = self._bad_loss, False
        work = self._work or []
        return not bad and all(_finite(work[i]) for i in watched(self.variables))

    def _commit(self, kind: str) -> None:
        """What the steps made becomes what the world sees."""
        work = self._work or []
        if kind == "train":  # optimizers go on writing into the arrays of `work`
            self.values = [frozen(v) for v in work]
        else:
            self.keep(work)

    def _again(self, kind: str, first: int, last: int) -> None:
        """From the last whole piece up to `last`: what an interrupted step left is undone."""
        self._work = None
        if last > first:
            done, problem = self._steps(kind, first, last, _nobody)
            if problem is not None or done < last:
                self._work = None  # code that does not do the same twice: the piece is undone
                return
            self._commit(kind)

    def _find(self, kind: str, first: int, last: int) -> None:
        """Go through the steps again one at a time, up to the one that failed, and name it."""
        self._work = None
        for i in range(first, last):
            before = self.values
            self._steps(kind, i, i + 1, _nobody)
            if not self._fine():
                self._work = None
                raise self.refuse(i, before)
            self._commit(kind)


def _finite(value: Any) -> bool:
    """One fast dot product tells nearly always; only huge numbers need the exact look."""
    if not is_float(value) or not value.size:
        return True
    return bool(np.isfinite(np.vdot(value, value))) or bool(np.isfinite(value).all())


class _nobody:
    waiting = False


class EagerPredictor:
    """The forward pass on a snapshot of values; safe from any thread."""

    def __init__(self, task: Task, variables: Sequence[Variable]) -> None:
        self.task, self.variables = task, variables
        self._looked_at: list[Any] = []  # values that are finite

    def __call__(self, x: Any) -> Any:
        """The outputs for checked rows, as arrays of the caller's own."""
        values = snapshot(self.variables)
        if not same(values, self._looked_at):
            finite_weights(self.task.name, self.variables, values)
            self._looked_at = values
        with np.errstate(all="ignore"), swap(self.variables, values):
            own = self.task.own_steps.get("predict")
            y = step.predict_step(self.task, x) if own is None else own((x,))
            return tree.map(lambda v: np.array(v), y)
