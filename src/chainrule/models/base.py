"""Model: layers with a loss, an optimizer, and the verbs fit, evaluate, predict.

A Model is a layer that builds itself (`ready.py`) and makes a Task of itself (`task.py`);
`training/` runs tasks and knows nothing of models.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .. import config, losses, metrics, optimizers, rng, summary, tree
from ..aliases import Tree
from ..arrays import asarray, is_float, is_traced
from ..calls import answers
from ..chain import Node, active_tape, record
from ..checks import need_numbers
from ..errors import ArgumentError, CallError, StateError, UnknownNameError, did_you_mean
from ..layers.base import Layer
from ..registry import in_trees
from ..training import loop, step
from ..training.callbacks import Callback, History
from ..training.engines import new_run
from ..training.step import Batch
from ..variable import Variable, active_swap
from ..vocabulary import answer_of, loaded
from .compiled import Compiled, check_metrics
from .edge import Edge
from .feed import Feed, fit_arguments
from .quick import ROWS, Quick
from .ready import Lock, caches
from .task import MakesTask

__all__ = ["Model"]


class Model(MakesTask):
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

    passing = MakesTask.passing | {
        "optimizer",
        "loss",
        "engine",
        "history",
        "stop_training",
        "loss_tracker",
        "shuffle_key",
    }
    autocast = False  # each layer takes what it needs; the model passes on what it gets
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
        self.__dict__.update(caches(), _compiled=None, _outputs=None, _building_lock=Lock())

    def _alone(self, inputs: tuple, training: Any, own: dict) -> tuple[tuple, Any, dict]:
        """Of a model whose call is not the user's: what was given by place beside its input.

        Raises:
            CallError: targets or further inputs, which would be taken for a mask.
        """
        second = inputs[1]
        if len(inputs) == 2 and (second is None or isinstance(second, bool)):
            return inputs[:1], training if second is None else second, own  # as in Keras
        raise CallError(
            "a model is called with its input alone",
            where=self.where,
            received=f"{len(inputs)} arguments without a name",
            fix="model(x) gives the answers and model.fit(x, y) trains; several inputs are one "
            "list, model([a, b]), and a mask goes by name, mask=...",
        )

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
        **unknown: Any,
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
            unknown: arguments of Keras that are not here; refused, with what to do instead.

        Example:
            >>> import chainrule as cr
            >>> model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(3, "softmax")])
            >>> model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
            >>> model.compiled
            True
        """
        self.refuse(unknown, Model.compile)
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

    def reset_states(self) -> None:
        """Let every stateful layer inside begin its sequences anew, from zeros.

        Example:
            >>> import numpy as np, chainrule as cr
            >>> lstm = cr.layers.LSTM(2, stateful=True)
            >>> model = cr.Sequential([cr.Input((3, 1), batch_size=1), lstm])
            >>> first, second = model(np.ones((1, 3, 1))), model(np.ones((1, 3, 1)))
            >>> model.reset_states()
            >>> bool((model(np.ones((1, 3, 1))) == first).all())
            True
        """
        for layer in self._all_layers():
            if getattr(layer, "stateful", False) and getattr(layer, "states", None) is not None:
                layer.reset_state()

    def get_metrics_result(self) -> dict[str, Any]:
        """Every running figure by name; for a `train_step` of one's own."""
        return {name: m.result() for name, m in self._meters.items()}

    # --- steps that may be overridden -----------------------------------------------------------

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step on (x, y, sample_weight); override it to train in your own way.

        Return a dict of figures. It runs on both engines: use `cr.record()` for the gradients, and
        change nothing but Variables.

        Example:
            >>> import numpy as np, chainrule as cr
            >>> class Own(cr.Sequential):
            ...     def train_step(self, data):
            ...         x, y = data
            ...         with cr.record() as tape:
            ...             loss = self.compute_loss(x, y, self(x, training=True))
            ...         weights = self.trainable_variables
            ...         self.optimizer.apply(tape.gradients(loss, weights), weights)
            ...         return {"loss": loss}
            >>> model = Own([cr.Input((2,)), cr.layers.Dense(1, kernel_initializer="ones")])
            >>> model.compile("sgd", "mse")
            >>> model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0).history
            {'loss': [1.0]}
        """
        self.optimizer.build(self.trainable_variables, self._paths_of)
        task = self._task()
        step.train_step(task, Batch(*data))
        return self.get_metrics_result() | task.objective.logs

    def test_step(self, data: Any) -> dict[str, Any]:
        """One step of evaluation; override it together with `train_step`."""
        task = self._task()
        step.test_step(task, Batch(*data))
        return self.get_metrics_result() | task.objective.logs

    def predict_step(self, data: tuple) -> Tree:
        """The outputs for (x,); override it to predict something else."""
        return self(data[0], training=False)

    def compute_loss(
        self,
        x: Tree = None,
        y: Tree = None,
        y_pred: Tree = None,
        sample_weight: Tree = None,
        training: bool = True,
    ) -> Any:
        """The loss of a batch: those of the outputs, penalties, added losses. May be overridden."""
        self._choose_outputs(y, y_pred)
        return self._objective(own=False).total(Batch(x, y, sample_weight), y_pred)

    def compute_metrics(
        self, x: Tree, y: Tree, y_pred: Tree, sample_weight: Tree = None
    ) -> dict[str, Any]:
        """Take a batch into the metrics; returns all figures so far. May be overridden."""
        self._choose_outputs(y, y_pred)
        self._objective(own=False).measure(Batch(x, y, sample_weight), y_pred)
        return self.get_metrics_result()

    def _own(self, name: str) -> Any:
        """A method that the user wrote in place of ours, or None."""
        mine = getattr(self, name)
        return None if getattr(mine, "__func__", mine) is getattr(Model, name) else mine

    # --- a loop of one's own --------------------------------------------------------------------

    def forward(self, *inputs: Any, **own: Any) -> Any:
        """The outputs, still recorded: deck 003's and PyTorch's loop, without a tape to open.

            model.zero_grad()            # gradients to nothing
            out = model.forward(x)
            loss = loss_fn(out, y)       # a loss of ours, or any formula of `out`
            loss.backward()              # adds to .grad of every weight
            optimizer.step()

        What is made of `out` goes on being recorded until its `backward`; the record belongs to
        this pass alone, so two models, and two threads, have nothing in common. A penalty of
        weights is written behind it: what was computed before is a number like any other.
        Until then formulas of the weights are recorded as well: to look at outputs or average
        weights without a `backward` to come, take `model(x)`, which records nothing that lasts and
        returns plain arrays, and `w.numpy()`. As for `model(x)`, dropout drops nothing without
        `training=True`.

        Args:
            inputs: as for a call of the model.
            own: `training`, `mask`, and what `call` takes.

        Returns:
            Recorded arrays: with operators, `.item()`, and `np.asarray(out)` for the numbers.

        Example:
            >>> import numpy as np, chainrule as cr
            >>> x, y = np.array([[1.0], [2.0]]), np.array([[3.0], [5.0]])
            >>> model = cr.Sequential([cr.Input((1,)), cr.layers.Dense(1)])
            >>> optimizer = cr.optimizers.SGD(0.1)
            >>> optimizer.build(model.trainable_variables)
            >>> loss_fn = cr.losses.MeanSquaredError()
            >>> for epoch in range(500):
            ...     model.zero_grad()
            ...     out = model.forward(x)
            ...     loss = loss_fn(out, y)
            ...     loss.backward()
            ...     optimizer.step()
            >>> model(np.array([[10.0]])).round(2)
            array([[21.]], dtype=float32)
        """
        known = [x.tape for x in tree.leaves(inputs) if isinstance(x, Node) and x.tape.live]
        around = active_tape()
        if around is not None or active_swap() is not None or known:
            if around is not None:
                around.forwarded = True
            return self(*inputs, **own)  # somebody records already
        if any(map(is_traced, tree.leaves(inputs))):
            return self(*inputs, **own)
        if not self.built:
            self._build_for(tuple(asarray(x) if not tree.is_tree(x) else x for x in inputs), own)
        with record() as tape:
            watched = tuple(
                tape.watch(x) if isinstance(x, np.ndarray) and is_float(x) else x for x in inputs
            )
            y = self(*watched, **own)
        self.__dict__["_last"] = (tape, watched, y)  # for model.backward(d_y)
        tape.stay_live()
        if self.optimizer is not None and not self.optimizer.built:
            self.optimizer.build(self.trainable_variables, self._paths_of)
        return y

    # --- fit, evaluate, predict -----------------------------------------------------------------

    @answers
    def fit(
        self,
        x: Tree = None,
        y: Tree = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Sequence[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[Any, Any] | None = None,
        sample_weight: Tree = None,
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

        Example:
            >>> import numpy as np, chainrule as cr
            >>> model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(1)])
            >>> model.compile(cr.optimizers.SGD(0.1), "mse", metrics=["mae"])
            >>> x, y = np.eye(2), np.ones((2, 1))
            >>> history = model.fit(x, y, epochs=3, validation_data=(x, y), verbose=0)
            >>> list(history.history)
            ['loss', 'mae', 'val_loss', 'val_mae']
        """
        self._need_compiled("fit")
        if not isinstance(shuffle, (bool, np.bool_, int)):
            raise ArgumentError(
                "shuffle is neither True nor False", where="fit", received=type(shuffle).__name__,
                fix="shuffle=True shuffles the rows before each epoch",
            )  # fmt: skip
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

    @answers
    def evaluate(
        self,
        x: Tree = None,
        y: Tree = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Tree = None,
        steps: int | None = None,
        callbacks: Sequence[Callback] | None = None,
        return_dict: bool = False,
        engine: str | None = None,
    ) -> Any:
        """Loss and metrics over data: a number, a list as `metrics_names`, or a dict.

        Arguments as in `fit`; the figures are those of the whole data, each row counted once.

        Example:
            >>> import numpy as np, chainrule as cr
            >>> dense = cr.layers.Dense(1, kernel_initializer="ones")
            >>> model = cr.Sequential([cr.Input((2,)), dense])
            >>> model.compile(loss="mse", metrics=["mae"])
            >>> model.evaluate(np.ones((4, 2)), np.ones((4, 1)), verbose=0, return_dict=True)
            {'loss': 1.0, 'mae': 1.0}
        """
        self._need_compiled("evaluate")
        asked = fit_arguments(
            batch_size, steps=steps, callbacks=callbacks, verbose=verbose, where="evaluate"
        )
        feed = Feed(self, Edge(self, needs_y=self._needs_y(), method="evaluate"))
        feed.take(x, y, sample_weight, batch_size=batch_size, steps=steps, shuffle=False, once=True)
        chosen, _ = self._engine(engine)
        run = new_run(chosen, self._task(), train=False)
        logs = loop.evaluate(self, run, feed.source, asked["verbose"], asked["callbacks"])
        return _returned(logs, return_dict)

    @answers
    def predict(
        self,
        x: Tree,
        batch_size: int | None = None,
        verbose: Any = 0,
        steps: int | None = None,
        callbacks: Sequence[Callback] | None = None,
        engine: str | None = None,
    ) -> Any:
        """The outputs for x, as NumPy arrays; safe from any thread, also during fit.

        Reads a snapshot of the weights, writes nothing. On XLA the rows are padded to a power of
        two, so that a thousand different lengths cost a dozen compilations.

        Example:
            >>> import numpy as np, chainrule as cr
            >>> dense = cr.layers.Dense(1, kernel_initializer="ones")
            >>> model = cr.Sequential([cr.Input((2,)), dense])
            >>> model.predict(np.ones((1, 2)))
            array([[2.]], dtype=float32)
        """
        if batch_size is None and steps is None and not callbacks and type(x) is np.ndarray:
            known = self.__dict__["_quick"]  # one read: another thread may replace it
            if known is not None and known.fits(x, engine or self.engine):
                self.__dict__["_output_names"] = known.names
                return known.predictor(x)
            given, x = x, Edge(self).inputs(x)  # nearly always
            if len(x) <= ROWS:
                run = self._predictor(engine, x)
                self.__dict__["_quick"] = Quick.of(self, given, x, engine or self.engine, run)
                return run(x)
        asked = fit_arguments(
            batch_size, steps=steps, callbacks=callbacks, verbose=verbose, where="predict"
        )
        edge = Edge(self, needs_y=False, method="predict")
        feed = Feed(self, edge)
        feed.take_inputs(x, batch_size=batch_size or ROWS, steps=steps)
        run = self._predictor(engine, feed.sample)
        return loop.predict(self, run, feed.source, asked["verbose"], asked["callbacks"])

    @answers
    def train_on_batch(
        self,
        x: Tree,
        y: Tree = None,
        sample_weight: Tree = None,
        class_weight: Mapping[Any, Any] | None = None,
        return_dict: bool = False,
        engine: str | None = None,
    ) -> Any:
        """One update on these samples; returns the loss and metrics of this batch alone."""
        return self._on_batch("train", x, y, sample_weight, class_weight, return_dict, engine)

    @answers
    def test_on_batch(
        self,
        x: Tree,
        y: Tree = None,
        sample_weight: Tree = None,
        return_dict: bool = False,
        engine: str | None = None,
    ) -> Any:
        """Loss and metrics of these samples."""
        return self._on_batch("test", x, y, sample_weight, None, return_dict, engine)

    @answers
    def predict_on_batch(self, x: Tree) -> Tree:
        """The outputs for these samples."""
        return self.predict(x)

    def _on_batch(
        self, kind: str, x: Any, y: Any, weight: Any, by_class: Any, as_dict: bool, engine: Any
    ) -> Any:
        self._need_compiled("fit" if kind == "train" else "evaluate")
        edge = Edge(self, by_class, needs_y=self._needs_y(), method=f"{kind}_on_batch")
        feed = Feed(self, edge)
        chunk = feed.one_batch(x, y, weight)
        chosen, _ = self._engine(engine)
        task = self._trainable_task() if kind == "train" else self._task()
        steppers = self.__dict__["_steppers"]  # kept between calls, with values on the device
        known = steppers.get((kind, chosen, threading.get_ident()))
        outdated = known is not None and known.task is not task
        if outdated or len(steppers) >= 16:  # threads that are no more leave theirs
            steppers.clear()
        if known is None or known.task is not task:
            known = new_run(chosen, task, train=kind == "train")
            steppers[kind, chosen, threading.get_ident()] = known
        logs = loop.one_batch(known, kind, chunk)
        return _returned(logs, as_dict)

    # --- reading --------------------------------------------------------------------------------

    @property
    def built_for(self) -> Any:
        """The shape (or tree of shapes) of the inputs that the model was built for."""
        return self.__dict__.get("_build_shape")

    @property
    def layers(self) -> list[Layer]:
        """The layers, in order."""
        return list(self._sublayers())

    @answers
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

    @answers
    def summary(
        self,
        line_length: int | None = None,
        *,
        print_fn: Any = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
    ) -> None:
        """Print layers, output shapes and parameters as a table.

        Args:
            line_length: the width in characters; by default that of the terminal.
            print_fn: called with the text, in place of `print`.
            expand_nested: also the layers of models inside, each a step further in.
            show_trainable: a column that says what is trained: Y, N, or how many weights of it.

        Raises:
            ArgumentError: fewer than 40 characters.

        Example:
            >>> import chainrule as cr
            >>> inner = cr.Sequential([cr.layers.Dense(3, name="a")], name="inner")
            >>> model = cr.Sequential([cr.Input((2,)), inner], name="outer")
            >>> lines = []
            >>> model.summary(60, expand_nested=True, print_fn=lines.append)
            >>> [" ".join(line.split()) for line in lines[0].splitlines() if "(Dense)" in line]
            ['│ a (Dense) │ (None, 3) │ 9 │']
        """
        if callable(line_length):  # summary(print): the only argument that is a function
            line_length, print_fn = None, line_length
        if line_length is not None:
            need_numbers(f"summary of {self.name!r}", "40 or more", lambda n: n >= 40,
                         line_length=line_length)  # fmt: skip
        text = summary.text(
            self, line_length, expand_nested=expand_nested, show_trainable=show_trainable
        )
        print_fn(text) if print_fn is not None else print(text)

    def diagram(self, detail: str = "auto", **look: Any) -> Any:
        """A drawing of the model, as SVG: `cr.plots.network(model, detail, **look)`.

        A notebook shows it, `.save("model.svg")` writes it.

        Example:
            >>> import chainrule as cr
            >>> model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(1)], name="line")
            >>> model.diagram(theme="dark").title
            'Sequential line'
        """
        from ..drawing import network

        return network(self, detail, **look)

    def _repr_html_(self) -> str:
        return summary.html(self)

    def __repr__(self) -> str:
        size = f"{self.count_params():,} parameters" if self.built else "not built"
        return f"<{type(self).__name__} {self.name!r}: {len(self.layers)} layers, {size}>"

    # --- files ----------------------------------------------------------------------------------

    @answers
    def save(self, filepath: Any, overwrite: bool = True) -> str:
        """Write architecture, weights and training state to one file; returns its path.

        The file is safetensors with checksums, written beside the target and moved into place, so
        an interrupted save leaves the old file. Load it with `cr.load_model`.
        """
        from .. import saving

        return saving.save_model(self, filepath, overwrite=overwrite)

    def to_json(self, **kwargs: Any) -> str:
        """The architecture as JSON text, which `cr.models.model_from_json` reads.

        Args:
            kwargs: for `json.dumps`, such as `indent=2`.
        """
        return loaded("models.clones", "to_json")(self, **kwargs)

    @answers
    def save_weights(self, filepath: Any, overwrite: bool = True) -> str:
        """Write the weights alone."""
        from .. import saving

        return saving.save_weights(self, filepath, overwrite=overwrite)

    @answers
    def load_weights(self, filepath: Any) -> None:
        """Read weights that `save_weights` or `save` wrote."""
        from .. import saving

        saving.load_weights(self, filepath)

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


def _returned(logs: dict[str, Any], as_dict: bool) -> Any:
    if as_dict:
        return logs
    return list(logs.values()) if len(logs) > 1 else next(iter(logs.values()), 0.0)


def need_layers(model: Any) -> None:
    """Raise for a model without layers."""
    if not model._sublayers():
        raise StateError("the model has no layers", where=model.name, fix="model.add(Dense(...))")


answer_of(Model, "model")
