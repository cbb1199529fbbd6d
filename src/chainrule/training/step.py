"""The one train step, test step and predict step; every engine runs these lines.

They read and write Variables only, so inside `swap` they are pure functions of the values.
"""

from __future__ import annotations

from typing import Any

from .. import ops
from ..chain import Tape, record
from ..operators import raw

__all__ = ["forward", "test_step", "total_loss", "train_step"]


def total_loss(model: Any, x: Any, y: Any, weight: Any, training: bool) -> tuple[Any, Any]:
    """(loss with penalties, prediction) of one batch, recorded on the open tape."""
    y_pred = model(x, training=training)
    loss = model.loss(y, y_pred, weight)
    if len(loss.shape):
        loss = ops.mean(loss)  # reduction="none": train on the mean, as Keras does
    for v in model.penalised:
        loss = loss + v.regularizer(v)
    return loss, y_pred


def train_step(model: Any, x: Any, y: Any, weight: Any, look: Any = None) -> Any:
    """Forward, backward, update, metrics; returns the loss.

    All gradients are taken before any weight changes. `look(loss, gradients)` may raise in
    between; then nothing has changed.
    """
    with record() as tape:
        loss, y_pred = total_loss(model, x, y, weight, training=True)
        metrics(model, x, y, y_pred, weight, loss)
        gradients = tape.gradients(loss, model.trained)
    if look is not None:
        look(raw(loss), gradients)
    model.optimizer.apply(gradients)
    return raw(loss)


def test_step(model: Any, x: Any, y: Any, weight: Any) -> Any:
    """Forward and metrics; recorded, so that a loss can see the logits behind a softmax."""
    with record():
        loss, y_pred = total_loss(model, x, y, weight, training=False)
        metrics(model, x, y, y_pred, weight, loss)
    return raw(loss)


def forward(model: Any, x: Any) -> Any:
    """The prediction, as a plain array."""
    return raw(model(x, training=False))


def metrics(model: Any, x: Any, y: Any, y_pred: Any, weight: Any, loss: Any) -> None:
    """Take the batch into the running figures; the loss counts with its number of samples."""
    rows = float(x.shape[0])
    model.loss_tracker.add(raw(loss) * rows, rows)
    for metric in model.active_metrics:
        metric.update_state(y, y_pred)
    for metric in model.active_weighted_metrics:
        metric.update_state(y, y_pred, weight)


def name_culprit(model: Any, x: Any, y: Any, weight: Any) -> str:
    """Which operation first made a number that is not finite, forward or backward; NumPy arrays."""
    import numpy as np

    def bad(value: Any) -> bool:
        if isinstance(value, tuple):
            return any(v is not None and bad(v) for v in value)
        return not bool(np.isfinite(np.asarray(value, dtype=np.float64)).all())

    with np.errstate(all="ignore"), record() as tape:
        loss, _ = total_loss(model, x, y, weight, training=True)
        for call in tape.calls:
            if bad(tuple(map(raw, call.results))):
                if call.operation is None:
                    return "a weight or input that was not finite already"
                return f"{_title(tape, call)}, in the forward pass"
        for call, d_results, d_args in tape.walk(loss, model.trained):
            if bad(d_results):
                return f"the sum of the gradients that meet at {_title(tape, call)}"
            if bad(d_args):
                return f"the derivative of {_title(tape, call)}"
    return "an operation of the compiled program (NumPy computes finite numbers here)"


def _title(tape: Tape, call: Any) -> str:
    """`'log' in Dense 'out'`: an operation and the layer that ran it."""
    name, scope = repr(getattr(call.operation, "__name__", "input")), tape.scope_of(call)
    return name if scope is None else f"{name}, in {scope.layer.where}"
