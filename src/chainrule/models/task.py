"""What a model is to training: a Task, made anew where something that matters has changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import metrics, optimizers, tree
from ..errors import StateError
from ..layers.base import Layer
from ..layers.context import calling
from ..layers.tracking import metric_variables, parts_of
from ..operators import raw
from ..training.engines import choose_engine, predictor, why_engine
from ..training.objective import Objective
from ..training.task import Task
from ..variable import Variable, changes, snapshot, swap
from .compiled import all_settings
from .edge import Edge, try_losses
from .ready import SHAPES, Ready

__all__ = ["MakesTask", "looks_across_rows"]


class MakesTask(Ready):
    """A model that makes Tasks of itself: the only place where models and `training/` meet."""

    optimizer: Any
    loss: Any
    engine: str | None
    loss_tracker: metrics.Mean
    shuffle_key: Variable

    def _own(self, name: str) -> Any:
        raise NotImplementedError  # a method that the user wrote in place of Model's

    @property
    def compiled(self) -> bool:
        """Has `compile` been called?"""
        return self.__dict__["_compiled"] is not None

    @property
    def _meters(self) -> dict[str, Any]:
        """By their names in logs: the loss, those of the outputs, metrics, those in attributes."""
        found = Objective(self.__dict__["_outputs"] or [], [], self.loss_tracker).meters
        known = {id(m) for m in found.values()}
        known |= {id(l.loss_tracker) for l in self._all_layers() if isinstance(l, MakesTask)}
        for p in parts_of(self):
            if isinstance(p, metrics.Metric) and id(p) not in known:
                found[metrics.distinct_name(p.name, found)] = p
        return found

    def losses_of(self, names: list[str]) -> list[Any]:
        """The loss of each output, None where there is none."""
        compiled = self.__dict__["_compiled"]
        return [None] * len(names) if compiled is None else compiled.losses(self.output_keys)

    def prepare(self, x: Any, y: Any, edge: Edge) -> None:
        """Look at the first checked batch: the losses fit, the metrics are chosen."""
        if self.headless:
            return
        shapes = self._ready(x)
        names = self.output_names
        targets = [(path, a.shape[1:], a.dtype) for path, a in tree.paths(y) if a is not None]
        fitting, key = self.__dict__["_fitting"], (changes[0], tuple(shapes), tuple(targets))
        if key in fitting:  # as nearly always when training goes batch by batch
            return
        if y is not None:
            try_losses(self, y, shapes, names)
        self._as_wide_as_layers(self.loss_tracker)
        if self.__dict__["_outputs"] is None:
            self._outputs_for(names, shapes, y)
        if len(fitting) >= SHAPES:
            fitting.clear()
        fitting.add(key)

    def _choose_outputs(self, y: Any, y_pred: Any) -> None:
        """The loss and metrics of each output, where no batch of `fit` has been seen yet."""
        if self.__dict__["_outputs"] is None and not self.headless:
            self._need_compiled("evaluate")
            shapes = tree.map(lambda p: (None, *p.shape[1:]), y_pred)
            flat = [(None, *p.shape[1:]) for p in tree.leaves(y_pred)]
            self.__dict__["_output_names"] = names = self._names_of(shapes, flat)
            self._outputs_for(names, flat, y)

    def _outputs_for(self, names: list[str], shapes: list[tuple], y: Any) -> None:
        """Choose loss and metrics for outputs of these shapes."""
        targets = [y.get(n) if isinstance(y, dict) else y for n in names]
        found = self.__dict__["_compiled"].outputs(names, self.output_keys, shapes, targets)
        for metric in Objective(found, [], self.loss_tracker).meters.values():
            self._as_wide_as_layers(metric)
        self.__dict__["_outputs"] = found

    def _as_wide_as_layers(self, metric: Any) -> None:
        """Figures of a model that computes in float64 are float64 as well."""
        if any(v.dtype == np.float64 for v in self.weights):
            metric.widen()

    def _need_compiled(self, method: str) -> None:
        own = self._own("train_step" if method == "fit" else "test_step")
        if own is not None and self.compiled:
            return
        if not self.compiled or (method == "fit" and self.optimizer is None):
            raise StateError(
                f"{method} needs a loss" + (" and an optimizer" if method == "fit" else ""),
                where=self.name,
                fix="call model.compile(optimizer='adam', loss=...) first",
            )

    def _needs_y(self) -> bool:
        """Must there be targets? Not where only layers or the user's own code make the loss."""
        own = self._own("train_step") or self._own("compute_loss")
        return own is None and self.loss is not None

    def _objective(self, own: bool = True) -> Objective:
        penalised = self.trainable_variables
        mine = [self._own(f"compute_{what}") if own else None for what in ("loss", "metrics")]
        return Objective(self.__dict__["_outputs"] or [], penalised, self.loss_tracker, *mine)

    def _trainable_task(self) -> Task:
        """The task, with something to train."""
        trained = self.trainable_variables
        if self._own("train_step") is None and not trained and self.weights:
            raise StateError(
                "there is nothing to train: every weight is frozen",
                where=self.name,
                fix="set trainable = True on a layer",
            )
        if self.optimizer is not None:
            self.optimizer.build(trained, self._paths_of)
        return self._task(trained)

    def _paths_of(self, variables: Sequence[Variable]) -> list[str]:
        """Where variables stand in the model, as Keras writes it: "dense/kernel"."""
        paths = {id(v): path.replace(".", "/") for path, v in self.named_variables()}
        return [paths.get(id(v), v.name) for v in variables]

    def _task(self, trained: list[Variable] | None = None) -> Task:
        """What the engines train; the same object while nothing that matters has changed."""
        trained = self.trainable_variables if trained is None else trained
        outputs = self.__dict__["_outputs"]
        fixed = all_settings(parts_of(self), trained, outputs or [])
        key = (self.version, tuple(map(id, trained)), id(outputs), self._slots(), fixed)
        tasks = self.__dict__["_tasks"]
        known = tasks.get(key)
        if known is None:
            known = self._make_task(trained)
            # programs of a structure that is no more are dropped; a new dict each time, since
            # another thread may be reading the old one
            kept = [(k, task) for k, task in list(tasks.items()) if k[0] == key[0]]
            self.__dict__["_tasks"] = {**dict(kept[-3:]), key: known}
        return known

    def _slots(self) -> tuple[int, ...]:
        """The Variables and the settings of the optimizers."""
        return tuple(n for o in self._optimizers() for n in (o.version, *map(id, o.variables)))

    def _optimizers(self) -> list[Any]:
        found = [p for p in parts_of(self) if isinstance(p, optimizers.Optimizer)]
        return found

    def _make_task(self, trained: list[Variable]) -> Task:
        own = {kind: self._own(f"{kind}_step") for kind in ("train", "test", "predict")}
        if self._own("compute_metrics"):  # what it returns goes into the logs
            own |= {kind: getattr(self, f"{kind}_step") for kind in ("train", "test")}
        return Task(
            forward=lambda x: self(x),
            objective=self._objective(),
            optimizer=self.optimizer,
            trained=trained,
            state=self._state,
            given=lambda: [o._rate for o in self._optimizers()],
            meters=lambda: self._meters,
            own_steps={kind: f for kind, f in own.items() if f is not None},
            name=self.name,
        )

    def _state(self) -> list[Variable]:
        """Every Variable that is reachable from the model, other optimizers' included."""
        found: dict[int, Variable] = {}
        for part in parts_of(self):
            variables = [part] if isinstance(part, Variable) else []
            if not isinstance(part, (Layer, Variable)):
                variables = list(part.variables)
            found.update((id(v), v) for v in variables)
        return [v for v in found.values() if v is not self.shuffle_key]

    def _engine(self, wanted: str | None) -> tuple[str, str]:
        """Name of the engine, and why it."""
        wanted = wanted or self.engine
        name = choose_engine(wanted)
        return name, why_engine(wanted, name)

    def _predictor(self, engine: str | None, x: Any) -> Any:
        """The forward pass for inputs like x, kept while the structure stays."""
        self._ready(x)
        name = choose_engine(engine or self.engine)
        known = self.__dict__["_predictors"].get(name)
        if known is None:
            own = self._own("predict_step")
            task = Task(
                forward=lambda x: self(x),
                state=list,
                own_steps={} if own is None else {"predict": own},
                name=self.name,
            )
            pad = name != "xla" or not looks_across_rows(self, x)
            known = self.__dict__["_predictors"][name] = predictor(
                name, task, self._read_by_predict(), pad
            )
        return known

    def _read_by_predict(self) -> list[Variable]:
        """What a forward pass may read or write: also metrics in attributes, updated in `call`."""
        models = [l for l in self._all_layers() if isinstance(l, MakesTask)]
        losses = {id(v) for m in models for v in m.loss_tracker.variables}
        return [*self.variables, *(v for v in metric_variables(self) if id(v) not in losses)]


def looks_across_rows(model: Any, x: Any) -> bool:
    """Does what the model makes of a row depend on the other rows of the batch?

    Layers of ours never look across rows when they predict; code of the user's is tried.
    """
    if any(v.kind == "carry" for v in model.variables):  # rows have states of their own
        return True
    layers = model._all_layers()
    parts = [*map(type, layers), *(getattr(layer, "activation", None) for layer in layers)]
    if all(_is_ours(p) for p in parts):
        return False
    own = model._own("predict_step")

    def outputs(rows: int) -> list[Any]:
        few = tree.map(lambda a: np.resize(a[:3], (3, *a.shape[1:])), x)
        more = tree.map(lambda a: np.concatenate([a, np.zeros_like(a[: rows - 3])]), few)
        variables = model._read_by_predict()
        now = swap(variables, snapshot(variables))
        with calling(False), np.errstate(all="ignore"), now:
            made = model(more) if own is None else own((more,))
            return [np.asarray(raw(y)) for y in tree.leaves(made)]

    alone, beside = outputs(3), outputs(5)
    return any(
        a.shape != (3, *b.shape[1:])
        or b.shape[:1] != (5,)
        or not np.allclose(a, b[:3], rtol=1e-3, atol=1e-6, equal_nan=True)
        for a, b in zip(alone, beside, strict=True)
    )


def _is_ours(part: Any) -> bool:
    return part is None or str(getattr(part, "__module__", "")).split(".")[0] == "chainrule"
