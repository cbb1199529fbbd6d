"""The objective: one number from the losses of all outputs, penalties and added losses."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from .. import ops, tree
from ..errors import ShapeError, StateError
from ..layers.context import current
from ..metrics import Mean, Metric
from ..operators import raw
from ..variable import Variable
from .step import Batch

__all__ = ["Objective", "Output"]


class Output:
    """One output of a model: its loss, how much it counts, and its metrics.

    Args:
        name: in logs; "" where there is only one.
        loss: a Loss, or None for an output that is only measured or only predicted.
        loss_weight: factor of its loss in the whole.
        metrics: (name in logs, metric) of what is measured without sample weights.
        weighted_metrics: the same with them.
    """

    def __init__(
        self,
        name: str,
        loss: Any,
        loss_weight: Any = 1.0,
        metrics: Sequence[tuple[str, Metric]] = (),
        weighted_metrics: Sequence[tuple[str, Metric]] = (),
    ) -> None:
        self.name, self.loss, self.loss_weight = name, loss, loss_weight
        self.metrics, self.weighted_metrics = list(metrics), list(weighted_metrics)
        self.tracker = Mean(name=f"{name}_loss") if name and loss is not None else None


class Objective:
    """The loss of a batch, with its parts by output; keeps the running figures.

    Σ over outputs of loss_weight·loss(y, ŷ) + Σ penalties of trained weights + what layers added.

    Args:
        outputs: one entry an output, in the order of the leaves of the model's outputs.
        penalised: trained Variables, which may have a regularizer.
        tracker: the running mean of the whole.
        own: a function (x, y, y_pred, sample_weight, and training if it takes it) -> loss in place
            of the sum above.
        own_metrics: a function (x, y, y_pred, sample_weight) -> logs in place of `measure`.
    """

    def __init__(
        self,
        outputs: Sequence[Output],
        penalised: Sequence[Variable],
        tracker: Mean,
        own: Callable[..., Any] | None = None,
        own_metrics: Callable[..., Any] | None = None,
    ) -> None:
        self.own_metrics = own_metrics
        self.logs: dict[str, Any] = {}  # what `own_metrics` said of the last batch
        self.own_takes = set() if own is None else set(inspect.signature(own).parameters)
        self.outputs, self.penalised, self.tracker, self.own = outputs, penalised, tracker, own
        self.measures = any(o.metrics or o.weighted_metrics for o in outputs)

    @property
    def meters(self) -> dict[str, Metric]:
        """By their names in logs: the running loss, the losses of the outputs, every metric."""
        found: dict[str, Metric] = {"loss": self.tracker}
        found |= {o.tracker.name: o.tracker for o in self.outputs if o.tracker is not None}
        for output in self.outputs:
            found |= dict(output.metrics)
        for output in self.outputs:
            found |= dict(output.weighted_metrics)
        return found

    def __call__(self, batch: Batch, y_pred: Any) -> Any:
        """The loss of a batch; recorded where a tape is open. Takes the batch into the figures."""
        if self.own is None:
            loss = self.total(batch, y_pred)
        else:
            more = {"training": _training()} if "training" in self.own_takes else {}
            loss = self.own(**_by_name(batch, y_pred), **more)
        rows = _rows(batch)
        self.tracker.add(raw(loss) * rows, rows)
        if self.own_metrics is not None:
            self.logs = self.own_metrics(**_by_name(batch, y_pred)) or {}
        elif self.measures:
            self.measure(batch, y_pred)
        return loss

    def total(self, batch: Batch, y_pred: Any) -> Any:
        """The sum of all parts."""
        whole: Any = None
        for output, y, prediction, weight in self._each(batch, y_pred):
            if output.loss is None:
                continue
            mask = _mask(prediction)
            loss = output.loss(y, prediction, weight, *([] if mask is None else [raw(mask)]))
            if len(loss.shape):
                loss = ops.mean(loss)  # reduction="none": train on the mean, as Keras does
            if output.tracker is not None:
                rows = float(prediction.shape[0])
                output.tracker.add(raw(loss) * rows, rows)
            if output.loss_weight != 1.0:
                loss = output.loss_weight * loss
            whole = loss if whole is None else whole + loss
        for v in self.penalised:
            if v.regularizer is not None:  # asked now: it may have been set since
                whole = v.regularizer(v) if whole is None else whole + v.regularizer(v)
        context = current()
        for _, _, added in context.losses if context is not None else ():
            added = ops.sum(added)
            whole = added if whole is None else whole + added
        if whole is not None:
            return whole
        if _training():  # of 0.0 nothing can be learned
            raise StateError(
                "there is no loss to train on",
                where="fit",
                received="compile without a loss, and no layer that adds one",
                fix="give compile a loss=, or call self.add_loss(...) in a layer",
            )
        return 0.0 * ops.sum(tree.leaves(y_pred)[0])

    def measure(self, batch: Batch, y_pred: Any) -> None:
        """Take a batch into the metrics."""
        for output, y, prediction, weight in self._each(batch, y_pred):
            if not output.metrics and not output.weighted_metrics:
                continue
            mask = _mask(prediction)
            for _, metric in output.metrics:
                metric.update_state(y, prediction, *([] if mask is None else [mask]))
            if output.weighted_metrics:
                both = weight if mask is None else masked(weight, mask)
                for _, metric in output.weighted_metrics:
                    metric.update_state(y, prediction, both)

    def _each(self, batch: Batch, y_pred: Any) -> Any:
        """(output, target, prediction, weight) of every output."""
        predictions = tree.leaves(y_pred)
        if len(predictions) != len(self.outputs):
            raise ShapeError(
                "the model makes another number of outputs in this call than when it was built",
                where="training" if _training() else "evaluation",
                expected=len(self.outputs),
                received=len(predictions),
                fix="return as many outputs with training=True as with training=False",
            )
        for output, prediction in zip(self.outputs, predictions, strict=True):
            yield output, part(batch.y, output.name), prediction, part(batch.weight, output.name)


def _training() -> bool:
    """Is this a step of training?"""
    context = current()
    return bool(context is not None and context.training)


def _by_name(batch: Batch, y_pred: Any) -> dict[str, Any]:
    """The arguments of Keras's `compute_loss` and `compute_metrics`."""
    return {"x": batch.x, "y": batch.y, "y_pred": y_pred, "sample_weight": batch.weight}


def _rows(batch: Batch) -> float:
    x = batch.x if hasattr(batch.x, "shape") else tree.leaves(batch.x)[0]
    return float(x.shape[0])


def part(values: Any, name: str) -> Any:
    """What belongs to one output: the entry of a dict, or the one array for all."""
    return values.get(name) if isinstance(values, dict) else values


def _mask(prediction: Any) -> Any:
    context = current()
    return None if context is None else context.mask_of(prediction)


def masked(weight: Any, mask: Any) -> Any:
    """Sample weights that are 0 where the mask is."""
    mask = raw(mask)
    if weight is None:
        return mask
    weight = weight.reshape(tuple(weight.shape) + (1,) * (len(mask.shape) - len(weight.shape)))
    return weight * mask
