"""A task is what engines train: steps over Variables. No model is known here or below.

`Model` makes one of itself; a loop of one's own or the playground may make others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Sequence
from typing import Any

import numpy as np

from ..aliases import Array, Tree
from ..errors import ShapeError
from ..metrics import Metric
from ..operators import raw
from ..variable import Variable, discover, swap
from . import step
from .objective import Objective
from .step import Batch

__all__ = ["Task"]


class Task:
    """What is trained: its steps, and the Variables they read and change.

    Args:
        forward: inputs -> outputs, trees of arrays.
        objective: (batch, outputs) -> loss; keeps the running figures.
        optimizer: applied to the gradients of `trained`.
        trained: Variables that training changes.
        state: every Variable that a step may read or change.
        given: Variables that steps read and only the host changes: learning rates.
        own_steps: steps of the user's in place of ours, by kind ("train", "test", "predict"), each
            a function of a batch that returns a dict of logs (predict: of inputs, outputs).
        name: for messages.
    """

    def __init__(
        self,
        *,
        forward: Callable[[Tree], Tree],
        objective: Objective | None = None,
        optimizer: Any = None,
        trained: Sequence[Variable] = (),
        state: Callable[[], Sequence[Variable]],
        given: Callable[[], Sequence[Variable]] = list,
        meters: Callable[[], dict[str, Metric]] = dict,
        own_steps: dict[str, Callable[..., Any]] | None = None,
        name: str = "task",
    ) -> None:
        self.forward, self.optimizer = forward, optimizer
        self.objective: Any = objective  # None where it only predicts
        self.trained = list(trained)
        self._state, self._given, self._meters = state, given, meters
        self.meters: dict[str, Metric] = {}  # the running loss and every metric, by their names
        self.own_steps, self.name = own_steps or {}, name
        self.logs: dict[str, dict[str, Variable]] = {}  # what steps of the user's return, by kind
        self.programs: dict[Any, Any] = {}  # compiled for this task; shared by all its runs
        self._ready: set[str] = set()
        self.refresh()

    def refresh(self) -> None:
        """Look again which Variables there are: an optimizer may have made its slots since.

        That walks through the whole model, so it is not done again in each epoch.
        """
        self.meters = self._meters()
        given = list(self._given())
        skip = {id(v) for v in given}
        found = [*self._state(), *(v for m in self.meters.values() for v in m.variables)]
        found += [v for logs in self.logs.values() for v in logs.values()]
        self.given = given
        self.variables = [v for v in {id(v): v for v in found}.values() if id(v) not in skip]

    # --- steps ----------------------------------------------------------------------------------

    def run(self, kind: str, batch: Batch) -> Any:
        """One step of this kind; returns the loss."""
        own = self.own_steps.get(kind)
        if own is None:
            return step.train_step(self, batch) if kind == "train" else step.test_step(self, batch)
        from ..layers.context import calling

        with calling(training=kind == "train"):
            logs = own(_as_given(batch))
        logs = {name: _figure(name, raw(value)) for name, value in (logs or {}).items()}
        for name, variable in self.logs.get(kind, {}).items():
            value = logs[name]
            variable.assign(value if hasattr(value, "dtype") else np.float32(value))
        return logs.get("loss", np.float32(0.0))

    def prepare(self, kind: str, batch: Batch) -> None:
        """A dry run of a user's own step: it may make optimizers' slots, and names its logs.

        Nothing that it changes stays.
        """
        own = self.own_steps.get(kind)
        if own is None or kind in self._ready:
            return
        from ..layers.context import calling

        with np.errstate(all="ignore"), discover(), calling(training=kind == "train"):
            logs = own(_as_given(batch)) or {}
        self.logs[kind] = {
            name: Variable(
                np.zeros((), getattr(raw(value), "dtype", np.float32)), name=name, kind="metric"
            )
            for name, value in logs.items()
        }
        self._ready.add(kind)
        self.refresh()

    # --- figures --------------------------------------------------------------------------------

    def figures(self, kind: str) -> list[str]:
        """The names of the figures that `results` gives, as far as they are known before."""
        if kind in self.own_steps:
            return list(self.logs.get(kind, {}))
        return list(self.meters)

    def reset(self, variables: Sequence[Variable], values: list[Array]) -> list[Array]:
        """The values with every running figure started again."""
        with swap(variables, values) as now:
            for meter in self.meters.values():
                meter.reset_state()
            return now.values()

    def sums(self, variables: Sequence[Variable]) -> dict[str, Metric]:
        """The running figures whose state after two batches is the sum of the states after each."""
        known = set(map(id, variables))
        return {
            name: m
            for name, m in self.meters.items()
            if m.adds_up and all(id(v) in known for v in m.variables)
        }

    def results(
        self,
        kind: str,
        variables: Sequence[Variable],
        values: list[Array],
        only: Container[str] | None = None,
    ) -> dict[str, Any]:
        """The running figures by name; what a user's own step returned, where there is one.

        `only` names the meters that are asked, where not all are.
        """
        with swap(variables, values):
            if kind in self.own_steps:
                return {n: _number(v.value) for n, v in self.logs.get(kind, {}).items()}
            found: dict[str, Any] = {}
            for name, meter in self.meters.items():
                if only is not None and name not in only:
                    continue
                result = meter.result()
                found |= result if isinstance(result, dict) else {name: result}
            return {name: _number(value) for name, value in found.items()}


def _figure(name: str, value: Any) -> Any:
    """What a step of the user's own logs: one number, also of a shape such as (1,)."""
    shape = np.shape(value)
    if not shape:
        return value
    if math.prod(shape) == 1:
        return value.reshape(()) if hasattr(value, "reshape") else np.float32(value).reshape(())
    raise ShapeError(
        f"the figure {name!r} must be one number",
        where="the logs of a step of your own",
        expected=(),
        received=shape,
        fix="take its mean: cr.ops.mean(value)",
    )


def _number(value: Any) -> Any:
    """A Python number, or a list of them for a metric with several figures."""
    value = np.asarray(raw(value))
    return float(value) if value.ndim == 0 else [float(v) for v in value.reshape(-1)]


def _as_given(batch: Batch) -> Any:
    """The batch as Keras hands it to `train_step(data)`: x, (x, y) or (x, y, sample_weight)."""
    if batch.weight is not None:
        return (batch.x, batch.y, batch.weight)
    return (batch.x,) if batch.y is None else (batch.x, batch.y)
