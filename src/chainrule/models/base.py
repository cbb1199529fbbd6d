"""Model: layers with a loss, an optimizer, and the verbs fit, evaluate, predict."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .. import losses, metrics, optimizers, rng, saving, summary
from ..errors import ArgumentError, ShapeError, StateError, choose
from ..layers.base import Layer, structure
from ..training import check, loop, step
from ..training.callbacks import Callback, History
from ..training.engine import NumpyEngine, Predictor, XlaEngine, choose_engine, why_engine
from ..variable import Variable, swap

__all__ = ["Model"]


class Model(Layer):
    """A layer that can be trained: subclass it and write `call`, or use `Sequential`.

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
        "trained",
        "penalised",
        "stop_training",
        "compiled_metrics",
        "compiled_weighted_metrics",
        "active_metrics",
        "active_weighted_metrics",
    }
    integer_input = True  # each layer takes what it needs; the model passes on what it gets

    def __init__(self, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.optimizer: Any = None
        self.loss: Any = None
        self.history: History | None = None  # of the last fit
        self.stop_training = False
        self.compiled_metrics: list[Any] = []
        self.compiled_weighted_metrics: list[Any] = []
        self.active_metrics: list[Any] = []
        self.active_weighted_metrics: list[Any] = []
        self.loss_tracker = metrics.Mean(name="loss")
        self.shuffle_key = Variable(rng.next_key(), name="shuffle", kind="seed")
        self.trained: list[Variable] = []
        self.penalised: list[Variable] = []
        self.engine: str | None = None
        self._engines: dict[str, Any] = {}
        self._predictors: dict[str, Predictor] = {}
        self._seen = structure[0]
        self._output_shapes: dict[tuple, tuple] = {}
        self._building = threading.Lock()

    # --- compile --------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        *,
        metrics: Sequence[Any] | None = None,
        weighted_metrics: Sequence[Any] | None = None,
        run_eagerly: bool = False,
        engine: str | None = None,
    ) -> None:
        """Choose how the model is trained; nothing is computed yet.

        Args:
            optimizer: a name or an optimizer.
            loss: a name, a loss, or a function of (y_true, y_pred).
            metrics: names, metrics or functions; `"accuracy"` takes the form that fits the output.
            weighted_metrics: the same, counting sample weights.
            run_eagerly: train on NumPy, where every number can be seen (as `engine="numpy"`).
            engine: `"auto"`, `"numpy"` or `"xla"`; fit's own argument comes first.
        """
        for name, given in (("metrics", metrics), ("weighted_metrics", weighted_metrics)):
            if isinstance(given, (str, dict)) or not (given is None or hasattr(given, "__iter__")):
                raise ArgumentError(
                    f"{name} must be a list",
                    where="compile",
                    received=repr(given),
                    fix=f"[{given!r}]",
                )
        if engine not in (None, "auto", "numpy", "xla"):
            raise choose("engine", engine, ("auto", "numpy", "xla"), where="compile")
        from ..metrics import depends_on_shapes, get

        # look every name up now, so that a slip shows here and not after the data was loaded
        for name in (*(metrics or ()), *(weighted_metrics or ())):
            if not depends_on_shapes(name):
                get(name)
        self.optimizer = optimizers.get(optimizer)
        self.loss = losses.get(loss)
        self.compiled_metrics = list(metrics or ())
        self.compiled_weighted_metrics = list(weighted_metrics or ())
        self.active_metrics, self.active_weighted_metrics = [], []
        self.engine = "numpy" if run_eagerly else engine
        self._forget()

    @property
    def all_metrics(self) -> list[Any]:
        """The running loss and every metric."""
        return [self.loss_tracker, *self.active_metrics, *self.active_weighted_metrics]

    @property
    def metrics(self) -> list[Any]:
        """The running loss and every metric (Keras's name)."""
        return self.all_metrics

    @property
    def metrics_names(self) -> list[str]:
        """Names of the figures that evaluate returns, in order."""
        return [m.name for m in self.all_metrics]

    @property
    def state_variables(self) -> list[Variable]:
        """Everything that a train step may change."""
        found = [*self.variables, *(v for m in self.all_metrics for v in m.variables)]
        if self.optimizer is not None:
            given = {id(v) for v in self.given_variables}
            found += [v for v in self.optimizer.variables if id(v) not in given]
        return [v for v in found if v is not self.shuffle_key]

    @property
    def given_variables(self) -> list[Variable]:
        """What a step reads and only the host changes: the learning rate."""
        return [] if self.optimizer is None else [self.optimizer._rate]

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
        validation_data: Sequence[Any] | None = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        validation_batch_size: int | None = None,
        validation_freq: int = 1,
        engine: str | None = None,
    ) -> History:
        """Train for a number of epochs; arguments as in Keras.

        Args:
            x: inputs, one row a sample: (n, ...).
            y: targets, as many rows.
            batch_size: samples an update; 32 by default.
            epochs: the epoch to stop before, counted from 0.
            verbose: 0 silent, 1 a bar (lines where there is no terminal), 2 one line an epoch.
            callbacks: objects of `cr.callbacks`.
            validation_split: the share at the *end* of the data, before shuffling, kept apart.
            validation_data: (x, y) or (x, y, sample_weight) instead.
            shuffle: a new order each epoch.
            class_weight: weight of each class number in the loss.
            sample_weight: weight of each sample in the loss.
            initial_epoch: where to go on; continues exactly where training stopped.
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
        loop.need_compiled(self, "fit")
        batch_size = check.whole_number("batch_size", 32 if batch_size is None else batch_size)
        epochs = check.whole_number("epochs", epochs, 0)
        initial_epoch = check.whole_number("initial_epoch", initial_epoch, 0)
        if validation_batch_size is not None:
            check.whole_number("validation_batch_size", validation_batch_size)
        validation_freq = check.whole_number("validation_freq", validation_freq)
        data = self._data(x, y, sample_weight)
        held_out = None
        if validation_data is not None:
            if not isinstance(validation_data, (tuple, list)) or len(validation_data) not in (2, 3):
                raise ArgumentError(
                    "validation_data must be (x, y) or (x, y, sample_weight)",
                    where="fit",
                    received=type(validation_data).__name__,
                )
            held_out = self._data(*validation_data, names=("validation x", "validation y"))
        elif validation_split:
            data, held_out = check.split_tail(data, validation_split)
        if class_weight is not None:  # of the training part alone
            data[2] = check.sample_weights(data[2], class_weight, data[1], len(data[0]))
        self.optimizer.build(self.trained)
        chosen, why = self._engine(engine)
        self.history = loop.fit(
            self,
            data,
            held_out,
            batch_size=min(batch_size, len(data[0])),
            epochs=epochs,
            initial_epoch=initial_epoch,
            shuffle=bool(shuffle),
            callbacks=[callbacks] if isinstance(callbacks, Callback) else list(callbacks or ()),
            verbose=verbose,
            engine=chosen,
            why=why,
            validation_batch_size=min(
                validation_batch_size or batch_size,
                len(data[0] if held_out is None else held_out[0]),
            ),
            validation_freq=validation_freq,
        )
        return self.history

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        callbacks: Sequence[Callback] | None = None,
        return_dict: bool = False,
        engine: str | None = None,
    ) -> Any:
        """Loss and metrics over data: a number, a list as `metrics_names`, or a dict."""
        loop.need_compiled(self, "evaluate")
        batch_size = check.whole_number("batch_size", 32 if batch_size is None else batch_size)
        data = self._data(x, y, sample_weight)
        chosen, _ = self._engine(engine)
        logs = loop.evaluate(
            self, data, min(batch_size, len(data[0])), verbose, chosen, list(callbacks or ())
        )
        if return_dict:
            return logs
        return list(logs.values()) if len(logs) > 1 else next(iter(logs.values()))

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = 0,
        callbacks: Sequence[Callback] | None = None,
        engine: str | None = None,
    ) -> np.ndarray:
        """The outputs for x, as a NumPy array; safe from any thread, also during fit.

        Reads a snapshot of the weights, writes nothing. On XLA the rows are padded to a power of
        two, so that a thousand different lengths cost a dozen compilations.
        """
        batch_size = check.whole_number("batch_size", 1024 if batch_size is None else batch_size)
        x = check.inputs(x, self.input_dtype)
        self._ready(x)
        predictor = self._predictor(choose_engine(engine or self.engine))
        for c in callbacks or ():
            c.set_model(self)
            c.on_predict_begin({})
        y = predictor(x, batch_size)
        for c in callbacks or ():
            c.on_predict_end({})
        return y

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
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

    def predict_on_batch(self, x: Any) -> np.ndarray:
        """The outputs for these samples."""
        return self.predict(x)

    def _on_batch(
        self, kind: str, x: Any, y: Any, weight: Any, by_class: Any, as_dict: bool, engine: Any
    ) -> Any:
        loop.need_compiled(self, "fit" if kind == "train" else "evaluate")
        data = self._data(x, y, weight, by_class)
        if self.optimizer is not None:
            self.optimizer.build(self.trained)
        chosen, _ = self._engine(engine)
        chosen.forget()  # the caller may have refilled the same buffer
        chosen.load(data, len(data[0]))
        loop.reset(self)
        chosen.take()
        chosen.run(kind, None, 0, 1)
        logs = loop.results(self)
        if as_dict:
            return logs
        return list(logs.values()) if len(logs) > 1 else next(iter(logs.values()))

    # --- getting ready --------------------------------------------------------------------------

    @property
    def input_dtype(self) -> str:
        """The type in which inputs are given to the first layer."""
        return next((layer.dtype for layer in self._layers), self.dtype)

    def _ready(self, x: np.ndarray) -> tuple:
        """Build if needed; the output's shape for one sample, found by a dry run on zeros."""
        if self._seen != structure[0]:
            self._forget()
        if not self.built:
            with self._building:
                if not self.built:
                    self._build((None, *x.shape[1:]))
        shape = self._output_shapes.get(x.shape[1:])
        if shape is None:
            zeros = np.zeros((1, *x.shape[1:]), x.dtype)
            variables = self.variables
            try:
                with np.errstate(all="ignore"), swap(variables, [v.value for v in variables]):
                    shape = self._output_shapes[x.shape[1:]] = step.forward(self, zeros).shape
            except ShapeError as error:  # say the shape that was given, not that of the dry run
                received = error.received
                if isinstance(received, tuple) and received[:1] == (1,):
                    received = (len(x), *received[1:])
                raise ShapeError(
                    error.problem,
                    where=error.where,
                    expected=error.expected,
                    received=received,
                    fix=error.fix,
                ) from None
        return shape

    def _build(self, input_shape: tuple) -> None:
        """A subclass builds its layers by running once on zeros."""
        self._shapes = (input_shape, None)
        self._run(np.zeros((1, *input_shape[1:]), self.input_dtype), False)
        self.built = True

    def _data(
        self,
        x: Any,
        y: Any,
        weight: Any = None,
        class_weight: Any = None,
        names: tuple[str, str] = ("x", "y"),
    ) -> list[Any]:
        """Checked arrays (x, y, weights); the model is built and its metrics chosen."""
        for name, value in zip(names, (x, y), strict=True):
            if value is None:
                raise ArgumentError(f"{name} is missing", where="fit", fix="model.fit(x, y, ...)")
        x = check.inputs(x, self.input_dtype, name=names[0])
        output = self._ready(x)
        y = check.targets(y, len(x), self.loss, output, name=names[1])
        self._try_loss(y, output)
        self.trained = self.trainable_variables
        self.penalised = [v for v in self.trained if v.regularizer is not None]
        if not self.active_metrics and not self.active_weighted_metrics:
            for wanted, active in (
                (self.compiled_metrics, self.active_metrics),
                (self.compiled_weighted_metrics, self.active_weighted_metrics),
            ):
                for m in wanted:
                    metric = metrics.resolve(m, y.shape, output)
                    weighted = active is self.active_weighted_metrics
                    metric.name = metrics.distinct_name(metric.name, self.metrics_names, weighted)
                    active.append(metric)
        return [x, y, check.sample_weights(weight, class_weight, y, len(x))]

    def _try_loss(self, y: np.ndarray, output: tuple) -> None:
        """The loss on one sample of zeros: shapes that do not fit are named before training."""
        try:
            with np.errstate(all="ignore"):
                try:
                    self.loss(y[:1], np.zeros(output, np.float32))
                except (
                    ShapeError
                ):  # once more with all rows, so that the message shows their number
                    self.loss(y, np.zeros((len(y), *output[1:]), np.float32))
        except ShapeError as error:
            raise ShapeError(
                error.problem,
                where=f"{self.name}, {type(self.loss).__name__}",
                expected=error.expected,
                received=f"y {y.shape}, output of the model {(None, *output[1:])}",
                fix=error.fix,
            ) from None

    def _engine(self, wanted: str | None) -> tuple[Any, str]:
        """The engine that trains, kept with its programs while the structure stays; and why it."""
        wanted = wanted or self.engine
        name = choose_engine(wanted)
        state = self.state_variables
        version = getattr(self.optimizer, "version", 0)
        signature = (*map(id, state), *map(id, self.trained), version)
        known = self._engines.get(name)
        if known is None or known[0] != signature:
            if known is not None:
                known[1].release()
            kind = XlaEngine if name == "xla" else NumpyEngine
            known = self._engines[name] = (signature, kind(state, self))
        return known[1], why_engine(wanted, name)

    def _predictor(self, name: str) -> Predictor:
        known = self._predictors.get(name)
        if known is None:
            known = self._predictors[name] = Predictor(self, self.variables, name)
        return known

    # --- reading --------------------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers, in order."""
        return list(self._layers)

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer by name or number."""
        from ..errors import UnknownNameError, did_you_mean

        if name is not None:
            for layer in self.layers:
                if layer.name == name:
                    return layer
            raise UnknownNameError(
                f"there is no layer {name!r}",
                where=self.name,
                fix=did_you_mean(name, [layer.name for layer in self.layers]),
            )
        if index is None or not -len(self.layers) <= index < len(self.layers):
            raise ArgumentError(
                "there is no such layer",
                where=self.name,
                expected=f"a name, or an index below {len(self.layers)}",
                received=index,
            )
        return self.layers[index]

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
        fresh = {"_engines": {}, "_predictors": {}, "_building": None, "_last": None}
        return self.__dict__ | fresh

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _building=threading.Lock())

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if isinstance(value, Layer):
            self._forget()

    def _forget(self) -> None:
        """Another structure: drop what was compiled for the old one."""
        for engine in self.__dict__.get("_engines", {}).values():
            engine[1].release()
        for name in ("_engines", "_predictors", "_output_shapes"):
            self.__dict__[name] = {}
        self.__dict__["_seen"] = structure[0]

    def get_compile_config(self) -> dict[str, Any] | None:
        """What `compile` was given, as plain values."""
        if self.loss is None and self.optimizer is None:
            return None
        if not self.compiled_metrics and not self.compiled_weighted_metrics:
            names: dict[str, Any] = {}
        else:
            names = {
                "metrics": [_metric_config(m) for m in self.compiled_metrics],
                "weighted_metrics": [_metric_config(m) for m in self.compiled_weighted_metrics],
            }
        return {
            "optimizer": optimizers.serialize(self.optimizer),
            "loss": losses.serialize(self.loss),
            **names,
        }


def _metric_config(metric: Any) -> Any:
    return metric if isinstance(metric, str) else metrics.serialize(metrics.get(metric))


def need_layers(model: Any) -> None:
    """Raise for a model without layers."""
    if not model.layers:
        raise StateError("the model has no layers", where=model.name, fix="model.add(Dense(...))")
