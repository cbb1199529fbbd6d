"""The one train step, test step and predict step; every engine runs these lines.

They read and write Variables only, so inside `swap` they are pure functions of the values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .. import tree
from ..aliases import Array, Tree
from ..chain import Tape, record
from ..layers.context import calling
from ..operators import raw

if TYPE_CHECKING:
    from .task import Task

__all__ = ["Batch", "name_culprit", "predict_step", "test_step", "train_step"]


class Batch(NamedTuple):
    """One batch: inputs, targets and sample weights, each a tree of arrays or None."""

    x: Tree
    y: Tree = None
    weight: Tree = None


def train_step(task: Task, batch: Batch) -> Array:
    """Forward, backward, update, metrics; returns the loss.

    All gradients are taken before any weight changes.
    """
    with calling(training=True), record() as tape:
        outputs = task.forward(batch.x)
        loss = task.objective(batch, outputs)
        gradients = tape.gradients(loss, task.trained) if task.trained else []
    task.optimizer.apply(gradients)
    return raw(loss)


def test_step(task: Task, batch: Batch) -> Array:
    """Forward and metrics; recorded, so that a loss can see the logits behind a softmax."""
    with calling(training=False), record():
        loss = task.objective(batch, task.forward(batch.x))
    return raw(loss)


def predict_step(task: Task, x: Tree) -> Tree:
    """The outputs, as plain arrays."""
    with calling(training=False):
        return tree.map(raw, task.forward(x))


def name_culprit(task: Task, batch: Batch) -> str:
    """Which operation first made a number that is not finite, forward or backward; NumPy arrays."""
    import numpy as np

    def bad(value: Any) -> bool:
        if isinstance(value, tuple):
            return any(v is not None and bad(v) for v in value)
        return not bool(np.isfinite(np.asarray(value, dtype=np.float64)).all())

    with np.errstate(all="ignore"), calling(training=True), record() as tape:
        loss = task.objective(batch, task.forward(batch.x))
        for call in tape.calls:
            if bad(tuple(map(raw, call.results))):
                if call.operation is None:
                    return "a weight or input that was not finite already"
                return f"{_title(tape, call)}, in the forward pass"
        for call, d_results, d_args in tape.walk(loss, task.trained):
            if bad(d_results):
                return f"the sum of the gradients that meet at {_title(tape, call)}"
            if bad(d_args):
                return f"the derivative of {_title(tape, call)}"
    return "the update of the optimizer (loss and gradients are finite here)"


def _title(tape: Tape, call: Any) -> str:
    """`'log' in Dense 'out'`: an operation and the layer that ran it."""
    name, scope = repr(getattr(call.operation, "__name__", "input")), tape.scope_of(call)
    return name if scope is None else f"{name}, in {scope.layer.where}"
