"""Model: layers with a loss, an optimizer, and the verbs fit, evaluate, predict.

A Model is a layer that makes a Task of itself; `training/` runs tasks and knows nothing of models.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .. import config, losses, metrics, optimizers, rng, saving, summary, tree
from ..errors import ArgumentError, ShapeError, StateError, UnknownNameError, did_you_mean
from ..layers.base import Layer
from ..layers.context import calling
from ..layers.tracking import has_loose_parts, parts_of
from ..operators import raw
from ..registry import in_trees
from ..shapes import map_shapes, with_batch
from ..training import loop, step
from ..training.callbacks import Callback, History
from ..training.engines import choose_engine, new_run, predictor, why_engine
from ..training.objective import Objective
from ..training.step import Batch
from ..training.task import Task
from ..variable import Variable, changes, outside, snapshot, swap
from .compiled import Compiled, check_metrics
from .edge import Edge, try_losses
from .feed import Feed, fit_arguments

__all__ = ["Model"]


class Model(Layer):
    """A layer that can be trained: `Model(inputs, outputs)`, a subclass, or a Sequential.

    Args:
        inputs, outputs: symbols, or trees of symbols, of a graph that starts at `Input()`.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> class Twice(cr.Model):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.hidden = cr.layers.Dense(8, activation="tanh")
        ...         self.out = cr.layers.Dense(1)
        ...     def call(self, x):
        ...         return self.out(self.hidden(x))
        >>> model = Twice()
        >>> model.predict(np.zeros((3, 2))).shape
        (3, 1)
    """

    passing = Layer.passing | {
        "optimizer",
        "loss",
        "engine",
        "history",
        "stop_training",
        "loss_tracker",
        "shuffle_key",
    }
    integer_input = True  # each layer takes what it needs; the model passes on what it gets
    supports_masking = True

    of_graph: Any = None  # cls -> the class that runs a graph; set by graph.py

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """`Model(inputs, outputs)` is a graph of layers."""
        if cls.__init__ is Model.__init__ and (len(args) >= 2 or "outputs" in kwargs):
            return object.__new__(cls.of_graph(cls))
        return object.__new__(cls)

    def __init__(self, *graph: Any, name: str | None = None, **kwargs: Any) -> None:
        if len(graph) == 1 and isinstance(graph[0], str):
            name, graph = graph[0], ()
        if graph or "outputs" in kwargs:  # super().__init__(inputs, outputs) of a subclass
            self.__class__ = type(self).of_graph(type(self))
            self.__class__.of_graph(Model).__init__(self, *graph, name=name, **kwargs)
            return
        super().__init__(name=name, **kwargs)
        self.optimizer: Any = None
        self.loss: Any = None
        self.history: History | None = None  # of the last fit
        self.stop_training = False
        self.engine: str | None = None
        self.loss_tracker = metrics.Mean(name="loss")
        self.shuffle_key = Variable(rng.next_key(), name="shuffle", kind="seed")
        # none of these is part of the model's structure
        self.__dict__.update(_caches(), _compiled=None, _outputs=None, _building_lock=_Lock())

    # --- compile --------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        *,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        engine: str | None = None,
    ) -> None:
        """Choose how the model is trained; nothing is computed yet.

        Args:
            optimizer: a name or an optimizer.
            loss: a name, a loss, or a function of (y_true, y_pred); for several outputs a dict by
                output name, a list, or one for all. None trains on what layers add.
            loss_weights: how much each output's loss counts.
            metrics: names, metrics or functions; `"accuracy"` takes the form that fits the output.
                For several outputs a dict by output name, or a list of lists.
            weighted_metrics: the same, counting sample weights.
            run_eagerly: train on NumPy, where every number can be seen (as `engine="numpy"`).
            engine: `"auto"`, `"numpy"` or `"xla"`; fit's own argument comes first.
        """
        metrics = check_metrics("metrics", metrics)
        weighted_metrics = check_metrics("weighted_metrics", weighted_metrics)
        if engine is not None:
            config.check_engine(engine, "compile")
        chosen = optimizers.get(optimizer)
        found = in_trees(losses.get, loss)
        self.optimizer, self.loss = chosen, found
        self.__dict__["_compiled"] = Compiled(found, loss_weights, metrics, weighted_metrics)
        self.__dict__["_outputs"] = None
        self.engine = "numpy" if run_eagerly else engine
        self._forget()

    @property
    def compiled(self) -> bool:
        """Has `compile` been called?"""
        return self.__dict__["_compiled"] is not None

    @property
    def _meters(self) -> dict[str, Any]:
        """By their names in logs: the loss, those of the outputs, metrics, those in attributes."""
        found = Objective(self.__dict__["_outputs"] or [], [], self.loss_tracker).meters
        known = {id(m) for m in found.values()}
        known |= {id(l.loss_tracker) for l in self._all_layers() if isinstance(l, Model)}
        for p in parts_of(self):
            if isinstance(p, metrics.Metric) and id(p) not in known:
                found[metrics.distinct_name(p.name, found)] = p
        return found

    @property
    def metrics(self) -> list[Any]:
        """The running loss, the losses of the outputs, every metric, also those in attributes."""
        return list(self._meters.values())

    @property
    def metrics_names(self) -> list[str]:
        """Names of the figures that evaluate returns, in order."""
        return list(self._meters)

    def reset_metrics(self) -> None:
        """Start all running figures again."""
        for m in self.metrics:
            m.reset_state()

    def get_metrics_result(self) -> dict[str, Any]:
        """Every running figure by name; for a `train_step` of one's own."""
        return {name: m.result() for name, m in self._meters.items()}

    # --- steps that may be overridden -----------------------------------------------------------

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step on (x, y, sample_weight); override it to train in your own way.

        Return a dict of figures. It runs on both engines: use `cr.record()` for the gradients, and
        change nothing but Variables.
        """
        self.optimizer.build(self.trainable_variables)
        step.train_step(self._task(), Batch(*data))
        return self.get_metrics_result()

    def test_step(self, data: Any) -> dict[str, Any]:
        """One step of evaluation; override it together with `train_step`."""
        step.test_step(self._task(), Batch(*data))
        return self.get_metrics_result()

    def predict_step(self, data: Any) -> Any:
        """The outputs for (x,); override it to predict something else."""
        return self(data[0], training=False)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None
    ) -> Any:
        """The loss of a batch: those of the outputs, penalties, added losses. May be overridden."""
        return self._objective(own=False).total(Batch(x, y, sample_weight), y_pred)

    def _own(self, name: str) -> Any:
        """A method that the user wrote in place of ours, or None."""
        mine = getattr(self, name)
        return None if getattr(mine, "__func__", mine) is getattr(Model, name) else mine

    # --- fit, evaluate, predict -----------------------------------------------------------------

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Sequence[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[Any, Any] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int = 1,
        engine: str | None = None,
    ) -> History:
        """Train for a number of epochs; arguments as in Keras.

        Args:
            x: inputs, one row a sample: an array (also memory-mapped), several in a list or dict,
                or a source of batches: a generator, an iterable, a Sequence or PyDataset, a torch
                DataLoader, each giving (x, y) or (x, y, sample_weight).
            y: targets, as many rows; for several outputs a dict by output name, or a list.
            batch_size: samples an update; 32 by default.
            epochs: the epoch to stop before, counted from 0.
            verbose: 0 silent, 1 a bar (lines where there is no terminal), 2 one line an epoch.
            callbacks: objects of `cr.callbacks`.
            validation_split: the share at the *end* of the data, before shuffling, kept apart.
            validation_data: (x, y) or (x, y, sample_weight) instead, or a source of batches.
            shuffle: a new order each epoch.
            class_weight: weight of each class number in the loss; for several outputs a dict of
                such dicts by output name (Keras refuses those).
            sample_weight: weight of each sample in the loss.
            initial_epoch: where to go on; continues exactly where training stopped.
            steps_per_epoch: updates an epoch; needed for a generator without an end.
            validation_steps: batches of the validation; all by default.
            validation_batch_size: batch size of the validation; `batch_size` by default.
            validation_freq: validate every so many epochs.
            engine: `"numpy"` or `"xla"`; by default XLA where JAX is installed.

        Returns:
            The history: `history.history["loss"]` is a list with one figure an epoch.

        Raises:
            DataError: NaN, labels outside the classes, lengths that differ, empty data.
            ShapeError: the data does not fit the model or the loss.
            NonFiniteError: the loss or a gradient became NaN; weights are those before that step.
        """
        self._need_compiled("fit")
        asked = fit_arguments(
            batch_size, epochs, initial_epoch, steps_per_epoch, validation_steps,
            validation_batch_size, validation_freq, callbacks, verbose,
        )  # fmt: skip
        feed = Feed(self, Edge(self, class_weight, needs_y=self._needs_y()))
        feed.take(
            x, y, sample_weight,
            batch_size=batch_size, steps=steps_per_epoch, shuffle=bool(shuffle),
            validation_split=validation_split,
        )  # fmt: skip
        feed.take_held_out(
            validation_data, batch_size=validation_batch_size or batch_size, steps=validation_steps
        )
        chosen, why = self._engine(engine)
        task = self._trainable_task()
        run = new_run(chosen, task, train=True)
        self.history = loop.fit(
            self, run, feed.source, feed.held_out, why=why, shuffle=bool(shuffle), **asked
        )
        return self.history

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Sequence[Callback] | None = None,
        return_dict: bool = False,
        engine: str | None = None,
    ) -> Any:
        """Loss and metrics over data: a number, a list as `metrics_names`, or a dict."""
        self._need_compiled("evaluate")
        asked = fit_arguments(batch_size, steps=steps, callbacks=callbacks, verbose=verbose)
        feed = Feed(self, Edge(self, needs_y=self._needs_y()))
        feed.take(x, y, sample_weight, batch_size=batch_size, steps=steps, shuffle=False, once=True)
        chosen, _ = self._engine(engine)
        run = new_run(chosen, self._task(), train=False)
        logs = loop.evaluate(self, run, feed.source, asked["verbose"], asked["callbacks"])
        return _returned(logs, return_dict)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = 0,
        steps: int | None = None,
        callbacks: Sequence[Callback] | None = None,
        engine: str | None = None,
    ) -> Any:
        """The outputs for x, as NumPy arrays; safe from any thread, also during fit.

        Reads a snapshot of the weights, writes nothing. On XLA the rows are padded to a power of
        two, so that a thousand different lengths cost a dozen compilations.
        """
        if batch_size is None and steps is None and not callbacks and type(x) is np.ndarray:
            x = Edge(self).inputs(x)  # nearly always
            if len(x) <= 1024:
                return self._predictor(engine, x)(x)
        asked = fit_arguments(batch_size, steps=steps, callbacks=callbacks, verbose=verbose)
        edge = Edge(self, needs_y=False)
        feed = Feed(self, edge)
        feed.take_inputs(x, batch_size=batch_size or 1024, steps=steps)
        run = self._predictor(engine, feed.sample)
        return loop.predict(self, run, feed.source, asked["verbose"], asked["callbacks"])

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[Any, Any] | None = None,
        return_dict: bool = False,
        engine: str | None = None,
    ) -> Any:
        """One update on these samples; returns the loss and metrics of this batch alone."""
        return self._on_batch("train", x, y, sample_weight, class_weight, return_dict, engine)

    def test_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        return_dict: bool = False,
        engine: str | None = None,
    ) -> Any:
        """Loss and metrics of these samples."""
        return self._on_batch("test", x, y, sample_weight, None, return_dict, engine)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for these samples."""
        return self.predict(x)

    def _on_batch(
        self, kind: str, x: Any, y: Any, weight: Any, by_class: Any, as_dict: bool, engine: Any
    ) -> Any:
        self._need_compiled("fit" if kind == "train" else "evaluate")
        feed = Feed(self, Edge(self, by_class, needs_y=self._needs_y()))
        chunk = feed.one_batch(x, y, weight)
        chosen, _ = self._engine(engine)
        task = self._trainable_task() if kind == "train" else self._task()
        steppers = self.__dict__["_steppers"]  # kept between calls, with values on the device
        known = steppers.get((kind, chosen, threading.get_ident()))
        if known is None or known.task is not task:
            steppers.clear()
            known = new_run(chosen, task, train=kind == "train")
            steppers[kind, chosen, threading.get_ident()] = known
        logs = loop.one_batch(known, kind, chunk)
        return _returned(logs, as_dict)

    # --- the task -------------------------------------------------------------------------------

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

    @property
    def headless(self) -> bool:
        """Has it no `call`, as a model that only trains others in its own `train_step`?"""
        return type(self).call is Layer.call

    def _needs_y(self) -> bool:
        """Must there be targets? Not where only layers or the user's own code make the loss."""
        own = self._own("train_step") or self._own("compute_loss")
        return own is None and self.loss is not None

    def _objective(self, own: bool = True) -> Objective:
        penalised = [v for v in self.trainable_variables if v.regularizer is not None]
        mine = self._own("compute_loss") if own else None
        return Objective(self.__dict__["_outputs"] or [], penalised, self.loss_tracker, mine)

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
            self.optimizer.build(trained)
        return self._task()

    def _task(self) -> Task:
        """What the engines train; the same object while nothing that matters has changed."""
        trained = self.trainable_variables
        key = (self.version, tuple(map(id, trained)), id(self.__dict__["_outputs"]), self._slots())
        tasks = self.__dict__["_tasks"]
        known = tasks.get(key)
        if known is None:
            for old in [k for k in tasks if k[0] != key[0]]:
                del tasks[old]  # programs of a structure that is no more
            while len(tasks) >= 4:
                del tasks[next(iter(tasks))]
            known = tasks[key] = self._make_task(trained)
        return known

    def _slots(self) -> tuple[int, ...]:
        """The Variables and the settings of the optimizers."""
        return tuple(n for o in self._optimizers() for n in (o.version, *map(id, o.variables)))

    def _optimizers(self) -> list[Any]:
        found = [p for p in parts_of(self) if isinstance(p, optimizers.Optimizer)]
        return found

    def _make_task(self, trained: list[Variable]) -> Task:
        own = {kind: self._own(f"{kind}_step") for kind in ("train", "test", "predict")}
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
            known = self.__dict__["_predictors"][name] = predictor(name, task, self.variables, pad)
        return known

    # --- getting ready --------------------------------------------------------------------------

    @property
    def input_names(self) -> list[str] | None:
        """Names of the inputs, where the model knows them."""
        return None

    @property
    def output_keys(self) -> list[str]:
        """Names of the outputs, also where there is only one."""
        return self.output_names

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs in logs, "" for a single one; known once the model has been run."""
        return self.__dict__["_output_names"]

    def losses_of(self, names: list[str]) -> list[Any]:
        """The loss of each output, None where there is none."""
        compiled = self.__dict__["_compiled"]
        return [None] * len(names) if compiled is None else compiled.losses(names)

    def input_types(self, x: Any) -> Any:
        """The type in which each input is given to the model, in the tree of the inputs.

        None leaves whole numbers as they are, and gives others the model's type.
        """
        kind = self.input_dtype
        return tree.map(lambda _: kind, x)

    @property
    def input_dtype(self) -> str | None:
        """The type in which inputs are given; None: floats in `float_dtype`, others as they are.

        The code of a subclass may want whole numbers, to look something up.
        """
        return None

    @property
    def float_dtype(self) -> str:
        """The type of floats that come in: that of the first layer that computes."""
        return next((layer.dtype for layer in self._sublayers()), self.dtype)

    def _ready(self, x: Any) -> list[tuple]:
        """Build if needed; the shapes of the outputs for checked inputs, None for the batch."""
        if self.headless:
            self.__dict__["_output_names"] = []
            return []
        if self.__dict__["_seen"] != changes[0] or self.__dict__["_loose_parts"]:
            self._look_again()
        if not self.built:
            with self.__dict__["_building_lock"].lock:
                if not self.built:
                    self._build_for((x,), {})
        if type(x) is np.ndarray:  # nearly always
            key: Any = (x.shape[1:], x.dtype)
        else:
            leaves, structure = tree.flatten(x)
            key = (structure, *[(a.shape[1:], a.dtype) for a in leaves])
        known = self.__dict__["_specs"].get(key)
        if known is None:
            known = self.__dict__["_specs"][key] = self._find_spec(x)
            self._look_again()
        self.__dict__["_output_names"] = known[0]
        return known[1]

    def _find_spec(self, x: Any) -> tuple[list[str], list[tuple]]:
        """(names, shapes) of the outputs."""
        shapes = with_batch(x)
        dtypes = [a.dtype for a in tree.leaves(x)]
        try:
            found = self._output_shapes(shapes, dtypes)
        except ShapeError as error:  # say the shape that was given, not that of the dry run
            raise _with_rows(error, len(tree.leaves(x)[0])) from None
        flat: list[tuple] = []
        map_shapes(flat.append, found)
        return self._names_of(found, flat), flat

    def _names_of(self, spec: Any, flat: list[tuple]) -> list[str]:
        """Output names of a subclass: the keys of a dict, else numbers."""
        if len(flat) == 1 and not isinstance(spec, dict):
            return [""]
        if isinstance(spec, dict):
            return [path for path, _ in tree.paths({k: _leafless(v) for k, v in spec.items()})]
        return [f"output_{i + 1}" for i in range(len(flat))]

    def _output_shapes(self, shapes: Any, dtypes: list[Any]) -> Any:
        if type(self).compute_output_shape is not Layer.compute_output_shape:
            return self.compute_output_shape(shapes)
        kinds = iter(dtypes)
        return self._dry_run((shapes,), dtypes=[map_shapes(lambda s: next(kinds), shapes)])

    def output_spec_of(self, x: Any) -> list[tuple]:
        """Shapes of the outputs for these checked inputs."""
        return self._ready(x)

    def build(self, input_shape: Any = None) -> None:
        """Make all weights, for inputs of this shape (a tree of shapes for several)."""
        if input_shape is None:
            raise ArgumentError("build needs the input's shape", fix="model.build((None, 20))")
        self._build_by_running(input_shape, None)

    def _build_for(self, inputs: tuple, own: dict[str, Any]) -> None:
        if self._own_build():
            super()._build_for(inputs, own)
            return
        with outside():
            x = inputs[0] if len(inputs) == 1 else list(inputs)
            kinds = [tree.map(lambda a: a.dtype, v) for v in inputs]
            self._build_by_running(*(with_batch(v) for v in inputs), dtypes=kinds)
            self.__dict__["_build_shape"] = with_batch(x)

    def _own_build(self) -> bool:
        return type(self).build is not Model.build

    def _build_by_running(self, *shapes: Any, dtypes: Any = None) -> None:
        """The layers inside build themselves when they are first called, on zeros."""
        self.__dict__["built"] = True
        try:
            self._dry_run(tuple(s for s in shapes if s is not None), dtypes=dtypes)
        except BaseException:
            self.__dict__["built"] = False
            raise
        self.changed()

    def prepare(self, x: Any, y: Any, edge: Edge) -> None:
        """Look at the first checked batch: the losses fit, the metrics are chosen."""
        if self.headless:
            return
        shapes = self._ready(x)
        names = self.output_names
        if y is not None:
            try_losses(self, y, shapes, names)
        self._as_wide_as_layers(self.loss_tracker)
        if self.__dict__["_outputs"] is None:
            targets = [y.get(n) if isinstance(y, dict) else y for n in names]
            compiled = self.__dict__["_compiled"]
            found = compiled.outputs(names, shapes, targets)
            for metric in Objective(found, [], self.loss_tracker).meters.values():
                self._as_wide_as_layers(metric)
            self.__dict__["_outputs"] = found

    def _as_wide_as_layers(self, metric: Any) -> None:
        """Figures of a model that computes in float64 are float64 as well."""
        if any(v.dtype == np.float64 for v in self.weights):
            metric.widen()

    def _look_again(self) -> None:
        """Something has changed somewhere: if in this model, drop what was compiled for it."""
        self.__dict__.update(_seen=changes[0], _loose_parts=has_loose_parts(self))
        version = self.version
        if version != self.__dict__.get("_seen_version"):
            self.__dict__["_seen_version"] = version
            self.__dict__.update(_predictors={}, _specs={})

    def _forget(self) -> None:
        """Drop what was compiled."""
        self.__dict__.update(_caches())

    # --- reading --------------------------------------------------------------------------------

    @property
    def built_for(self) -> Any:
        """The shape (or tree of shapes) of the inputs that the model was built for."""
        return self.__dict__.get("_build_shape")

    @property
    def layers(self) -> list[Layer]:
        """The layers, in order."""
        return list(self._sublayers())

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer by name or number."""
        layers = self.layers
        if name is not None:
            for layer in layers:
                if layer.name == name:
                    return layer
            raise UnknownNameError(
                f"there is no layer {name!r}",
                where=self.name,
                fix=did_you_mean(name, [layer.name for layer in layers]),
            )
        if index is None or not -len(layers) <= index < len(layers):
            raise ArgumentError(
                "there is no such layer",
                where=self.name,
                expected=f"a name, or an index below {len(layers)}",
                received=index,
            )
        return layers[index]

    def summary(self, print_fn: Any = None) -> None:
        """Print layers, output shapes and parameters as a table."""
        text = summary.text(self, width=None)
        print_fn(text) if print_fn is not None else print(text)

    def _repr_html_(self) -> str:
        return summary.html(self)

    def __repr__(self) -> str:
        size = f"{self.count_params():,} parameters" if self.built else "not built"
        return f"<{type(self).__name__} {self.name!r}: {len(self.layers)} layers, {size}>"

    # --- files ----------------------------------------------------------------------------------

    def save(self, filepath: Any, overwrite: bool = True) -> str:
        """Write architecture, weights and training state to one file; returns its path.

        The file is safetensors with checksums, written beside the target and moved into place, so
        an interrupted save leaves the old file. Load it with `cr.load_model`.
        """
        return saving.save_model(self, filepath, overwrite=overwrite)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> str:
        """Write the weights alone."""
        return saving.save_weights(self, filepath, overwrite=overwrite)

    def load_weights(self, filepath: Any) -> None:
        """Read weights that `save_weights` or `save` wrote."""
        saving.load_weights(self, filepath)

    def __getstate__(self) -> dict[str, Any]:
        """For copy.deepcopy: everything but what was compiled, and locks."""
        return self.__dict__ | _caches() | {"_building_lock": None, "_last": None, "_found": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.__dict__.pop("_found", None)
        self.__dict__["_building_lock"] = _Lock()

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The same model with new weights."""
        if "calls" in config and not issubclass(cls, cls.of_graph(Model)):
            return cls.of_graph(cls).from_config(config)
        return super().from_config(config)

    def get_compile_config(self) -> dict[str, Any] | None:
        """What `compile` was given, as plain values."""
        compiled = self.__dict__["_compiled"]
        if compiled is None:
            return None
        return {"optimizer": optimizers.serialize(self.optimizer), **compiled.config()}


class _Lock:
    """A lock that copies of a model do not share."""

    def __init__(self) -> None:
        self.lock = threading.RLock()


def _caches() -> dict[str, Any]:
    return {
        "_tasks": {},
        "_predictors": {},
        "_steppers": {},
        "_specs": {},
        "_seen": -1,
        "_loose_parts": False,
        "_seen_version": None,
    }


def looks_across_rows(model: Any, x: Any) -> bool:
    """Does what the model makes of a row depend on the other rows of the batch?

    Layers of ours never look across rows when they predict; code of the user's is tried.
    """
    layers = model._all_layers()
    parts = [*map(type, layers), *(getattr(layer, "activation", None) for layer in layers)]
    if all(_is_ours(p) for p in parts):
        return False

    def outputs(rows: int) -> list[Any]:
        few = tree.map(lambda a: np.resize(a[:3], (3, *a.shape[1:])), x)
        more = tree.map(lambda a: np.concatenate([a, np.zeros_like(a[: rows - 3])]), few)
        variables = model.variables
        now = swap(variables, snapshot(variables))
        with calling(False), np.errstate(all="ignore"), now:
            return [np.asarray(raw(y))[:3] for y in tree.leaves(model(more))]

    alone, beside = outputs(3), outputs(5)
    return any(
        a.shape != b.shape or not np.allclose(a, b, rtol=1e-3, atol=1e-6, equal_nan=True)
        for a, b in zip(alone, beside, strict=True)
    )


def _is_ours(part: Any) -> bool:
    return part is None or str(getattr(part, "__module__", "")).split(".")[0] == "chainrule"


def _leafless(v: Any) -> Any:
    from ..shapes import is_shape

    return 0 if is_shape(v) else v


def _with_rows(error: ShapeError, rows: int) -> ShapeError:
    """The error with the number of rows that were given in place of the dry run's."""
    received = error.received
    if isinstance(received, tuple) and received[:1] in ((None,), (2,), (3,), (16,), (17,)):
        received = (rows, *received[1:])
    return ShapeError(
        error.problem,
        where=error.where,
        expected=error.expected,
        received=received,
        fix=error.fix,
    )


def _returned(logs: dict[str, Any], as_dict: bool) -> Any:
    if as_dict:
        return logs
    return list(logs.values()) if len(logs) > 1 else next(iter(logs.values()), 0.0)


def need_layers(model: Any) -> None:
    """Raise for a model without layers."""
    if not model._sublayers():
        raise StateError("the model has no layers", where=model.name, fix="model.add(Dense(...))")
