"""From data to a trained network: everything is chosen and checked first, then it runs."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .. import report, summary
from ..callbacks import EarlyStopping
from ..data.schema import Scaling
from ..dialect import argument
from ..errors import ArgumentError, MissingExtraError, NonFiniteError
from ..terminal import say
from ..training.engines import choose_engine, why_engine
from ..utils import set_random_seed
from .architectures import check_images
from .interrupt import Begun, Interrupts
from .prepare import check_target, load, network, optimizer_of, rounded, split
from .recipes import recipe_for
from .results import results_of
from .resume import Interrupted, RunCheckpoint, refuse_other_words
from .run import Run
from .settings import Settings

__all__ = ["Plan", "planned", "train"]


def train(
    data: Any = None,
    *,
    model: str | None = None,
    hidden: Sequence[int] | None = None,
    activation: str | None = None,
    dropout: float | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    optimizer: str | None = None,
    learning_rate: float | None = None,
    schedule: str | None = None,
    validation_split: float | None = None,
    patience: int | None = None,
    keep: str | None = None,
    seed: int | None = None,
    engine: str | None = None,
    target: int | str | None = None,
    classes: bool | str | None = None,
    header: bool | str | None = None,
    delimiter: str | None = None,
    missing: str | None = None,
    categorical: Sequence[int | str] | None = None,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    checkpoint_every: float | None = None,
    resume: str | os.PathLike[str] | None = None,
    callbacks: Sequence[Any] = (),
    verbose: Any = 1,
) -> Run:
    """Train a network on data: all that `chainrule train` does, as one function.

    The rows are split in three: a test part for the results alone, a validation part that chooses
    the epoch whose weights are kept, and the rows that are trained on. Numbers are scaled by what
    the training rows are like, and the run remembers how, so that `predict` takes raw rows.

    Args:
        data: a name of `cr.datasets.names`, a folder or a CSV file, arrays `(x, y)`, or
            `((x_train, y_train), (x_test, y_test))`, or a `Dataset`.
        model: an architecture for images, `"lenet5"` or `"small_cnn"`; by default a network of
            dense layers. Images of other sizes than it takes are resized by the model itself.
        hidden: units of the hidden layers, `()` for none; by default those of the recipe.
        activation: of the hidden layers; `"relu"`, or the architecture's own.
        dropout: share of hidden units dropped in each step.
        epochs: passes over the data.
        batch_size: rows a step.
        optimizer: its name; `"adam"`.
        learning_rate: by default that of the recipe for Adam, else the optimizer's own.
        schedule: `"constant"`, or `"cosine"`, the default: the rate falls to 0.
        validation_split: share of the training rows kept apart; 0.1, or 0 below 100 rows.
        patience: stop after so many epochs without a better validation loss.
        keep: `"best"`, the default, keeps the weights of the epoch with the smallest validation
            loss, `"last"` those of the last one, which is all there is without a validation part.
        seed: equal seeds give equal runs; 0.
        engine: `"auto"`, `"numpy"` or `"xla"`.
        target: of a table: the column to predict, by name or number; -1, the last.
        classes: whether the target is a class; `"auto"`, the default, goes by its values.
        header: of a table: is the first row one of names? `"auto"` finds out.
        delimiter: of a table: what stands between cells; `","`.
        missing: of a table: `"error"`, the default, or `"drop"` to leave out rows with a missing
            cell.
        categorical: of a table: columns that are categories although they hold numbers.
        out: a folder for the files; by default nothing is written.
        overwrite: files in `out` may be replaced.
        checkpoint_every: seconds of training after which a checkpoint is written into `out`, 10; 0
            after every piece of work, about a quarter of a second. It is removed at the end.
        resume: the folder of an interrupted run, which goes on exactly as if nothing had happened.
            No other argument is needed, but data that were given as arrays, and callbacks; others
            must agree with the run. `epochs` may be larger: a cosine then falls over all of them.
        callbacks: given to `fit`.
        verbose: 0 silent, 1 and 2 as in `fit`.

    Returns:
        A `Run`: the model, its history, its results and how to use it. Ctrl-C during training ends
        it after the step, and what there is comes back (and is written) as the run; with a folder
        it can go on. A second Ctrl-C is a KeyboardInterrupt at once.

    Raises:
        ArgumentError: an argument that makes no sense; before any data is read.
        DataError: data that cannot be learnt from: NaN, a target with one value.
        FileError: files that are missing, damaged or in the way; a run that cannot go on.
        StateError: the data of a resumed run have changed.

    Example:
        >>> run = train("moons", epochs=10, hidden=(8,), engine="numpy", verbose=0)
        >>> len(run.history.history["val_loss"])
        10
        >>> run.predict([[0.0, 1.0], [1.0, -0.5]]).labels
        ['0', '1']
    """
    chosen = {
        "model": model, "hidden": hidden, "activation": activation, "dropout": dropout,
        "epochs": epochs, "batch_size": batch_size, "optimizer": optimizer,
        "learning_rate": learning_rate, "schedule": schedule, "validation_split": validation_split,
        "patience": patience, "keep": keep, "seed": seed, "engine": engine,
        "checkpoint_every": checkpoint_every,
    }  # fmt: skip
    table = {"target": target, "classes": classes, "header": header, "delimiter": delimiter,
             "missing": missing, "categorical": categorical}  # fmt: skip
    plan = planned(data, chosen, table, out, overwrite, resume)
    if verbose:
        say(plan.describe())
    with Interrupts(plan.stop) as interrupts:
        run = plan.run(callbacks, verbose, interrupts.begun, interrupts.name)
    if verbose:
        say(run.describe())
    stopped = run.config["results"]["stopped_by"]
    if stopped is not None:
        go_on = "" if run.folder is None else f"; to go on: train(resume={run.folder!r})"
        where = f"epoch {len(run.history.epoch)} of {plan.settings.epochs}"
        say(f"stopped by {stopped} in {where}{go_on}", sys.stderr)
    return run


_DEFAULTS = {"target": -1, "classes": "auto", "header": "auto", "delimiter": ",",
             "missing": "error", "categorical": ()}  # fmt: skip


def _given(table: Mapping[str, Any]) -> dict[str, Any]:
    """Only what differs from the default: data that is no table takes none of it."""
    return {
        name: list(value) if name == "categorical" else value
        for name, value in table.items()
        if value is not None and value != _DEFAULTS[name] and value != []
    }


def planned(
    data: Any,
    chosen: Mapping[str, Any],
    table: Mapping[str, Any],
    out: str | os.PathLike[str] | None,
    overwrite: bool,
    resume: str | os.PathLike[str] | None,
) -> Plan:
    """The plan for arguments of which None was not given: a new one, or that of the run."""
    chosen = {name: value for name, value in chosen.items() if value is not None}
    if resume is None:
        if data is None:
            raise ArgumentError(
                "there is nothing to train on",
                where="train",
                expected="data, or a run to go on with",
                fix=f"give a name, a path or (x, y), or {argument('resume')}",
            )
        folder = None if out is None else os.fspath(out)
        return Plan(data, Settings(**chosen), _given(table), folder, overwrite)
    run = Interrupted.read(os.fspath(resume))
    table = {
        name: (_DEFAULTS[name] if run.table.get(name) is None else run.table[name], value)
        for name, value in table.items()
        if value is not None
    }
    refuse_other_words(run, data, chosen, table, out)
    settings = replace(
        run.settings, **{n: chosen[n] for n in ("epochs", "checkpoint_every") if n in chosen}
    )
    place = run.place if run.place is not None else data
    return Plan(place, settings, run.table, run.folder, resumed=run)


class Plan:
    """A training that is ready to run: data read and split, network built, all of it checked.

    Args:
        data: as for `train`.
        settings: what was chosen.
        table: arguments of `read_csv`; only those that were given.
        out: the folder to write to; None for none.
        overwrite: files there may be replaced.
        resumed: the run that goes on there; None for a new one.

    Raises:
        As `train`.
    """

    def __init__(
        self,
        data: Any,
        settings: Settings,
        table: Mapping[str, Any] | None = None,
        out: str | None = None,
        overwrite: bool = False,
        resumed: Interrupted | None = None,
    ) -> None:
        settings.check()
        self.began = time.perf_counter()
        self.table = dict(table or {})
        self.data, self.place = load(data, self.table, settings.seed)
        check_target(self.data, self.place)
        if settings.model is not None:
            check_images(self.data, settings.model, self.place)
        if resumed is not None:
            resumed.refuse_other_data(self._about_data())
        self.folder, self.overwrite, self.resumed = out, overwrite, resumed
        self._opened = self._replaces = False
        if out is not None and not overwrite and resumed is None:
            report.refuse_existing(out, self._file_names())
        named = self.place == self.data.name
        rows = len(self.data.x_train)
        self.settings = settings.completed(recipe_for(self.data, named, settings.model), rows)
        self.rows, self.validation = split(self.data, self.settings)
        self.classes = self.data.class_names is not None
        # values are learnt as (y − mean) / std, and the last layer is rescaled afterwards
        self.scaling = Scaling() if self.classes else rounded(Scaling.standard(self.rows[1]))
        set_random_seed(settings.seed)
        self.model = network(self.data, self.settings)
        self._compile()

    def _compile(self) -> None:
        steps = self.settings.steps(len(self.rows[0])) * (self.settings.epochs or 0)
        self.model.compile(
            optimizer_of(self.settings, steps),
            "sparse_categorical_crossentropy" if self.classes else "mse",
            metrics=["accuracy"] if self.classes else ["mae"],
        )

    def _file_names(self) -> list[str]:
        pictures = report.picture_names(self.data.feature_shape, self.data.class_names is not None)
        history = [report.HISTORY + ".csv", report.HISTORY + ".json"]
        return [report.CONFIG, report.CHECKPOINT, report.MODEL, *history, report.EXAMPLES,
                *(f"{name}.png" for name in pictures)]  # fmt: skip

    def describe(self) -> str:
        """Data, task and network, line by line."""
        data, names = self.data, self.data.class_names
        shape = " × ".join(map(str, data.feature_shape))
        task = "a value to predict" if names is None else f"{len(names)} classes"
        if names is not None and names != [str(i) for i in range(len(names))]:
            task += ": " + ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
        apart = "" if self.validation is None else f", {len(self.validation[0]):,} to validate"
        test = "the same rows" if data.x_test is data.x_train else f"{len(data.x_test):,}"
        lines = [
            f"data: {data.name}. {data.description}",
            f"  rows      {len(self.rows[0]):,} to train{apart}, {test} to test",
            f"  features  {shape}; {data.scale}",
            f"  task      {task}",
            f"  source    {data.source}",
        ]
        if not self.classes:
            lines.append(
                f"  figures   while training of (y − {float(self.scaling.mean):.5g}) / "  # type: ignore[arg-type]
                f"{float(self.scaling.std):.5g}, then of y"  # type: ignore[arg-type]
            )
        if self.resumed is not None:
            lines.insert(0, self.resumed.describe())
        return "\n".join([*lines, summary.text(self.model)])

    def run(
        self,
        callbacks: Sequence[Any] = (),
        verbose: Any = 1,
        begun: Callable[[], None] = lambda: None,
        stopped_by: Callable[[], str | None] = lambda: None,
        command: Sequence[str] | None = None,
    ) -> Run:
        """Train, test, write the files.

        Args:
            callbacks: given to `fit`, before those of the plan.
            verbose: as in `fit`.
            begun: called when training begins.
            stopped_by: asked between pieces of work: the name of the signal that shall end it.
            command: the words of the command line, for `config.json`.
        """
        if self.folder is None:
            return self._run(callbacks, verbose, begun, stopped_by, command)
        report.make(self.folder)
        with report.alone(self.folder):
            return self._run(callbacks, verbose, begun, stopped_by, command)

    def _run(
        self, callbacks: Sequence[Any], verbose: Any, begun: Any, stopped_by: Any, command: Any
    ) -> Run:
        run = Run(self.model, self.data.schema, data=self.data, folder=self.folder)
        run.config = self._config(command)
        self._open_folder(run.config)
        checkpoint = None
        if self.folder is not None:
            checkpoint = RunCheckpoint(
                self.folder, self.settings.checkpoint_every, run.config, begun, stopped_by
            )
        try:
            run.history, kept = self._fit(callbacks, verbose, checkpoint or Begun(begun))
        except BaseException as error:
            if checkpoint is not None and isinstance(error, NonFiniteError):
                checkpoint.remove()  # going on would only fail again
            self.withdraw()
            raise
        stopped = stopped_by() if checkpoint is None else checkpoint.stopped_by_name
        took = time.perf_counter() - self.began
        if self.folder is not None:  # before anything else: a second signal may end the process
            report.write_config(self.folder, run.config)
            run.files = [str(self.model.save(os.path.join(self.folder, report.MODEL)))]
        predicted = self.model.predict(self.data.x_test, engine=self.settings.engine)
        run.results = results_of(self.data.y_test, predicted, self.data.class_names)
        run.config["results"] = {
            "test": run.results,
            "test_rows": len(self.data.x_test),
            "epochs": len(run.history.epoch),
            **kept,
            "seconds": round(took, 3),
            "stopped_by": stopped,
        }
        if self.folder is not None:
            self._write(run, self.folder)
        if checkpoint is not None and stopped is None:  # all is written: nothing can be lost now
            checkpoint.remove()
        return run

    def _open_folder(self, config: Mapping[str, Any]) -> None:
        """Prepare the folder before training."""
        if self.folder is None:
            return
        if self.resumed is None:  # one that is left of a run that is replaced
            RunCheckpoint(self.folder).remove()
        self._replaces = report.holds_run(self.folder)
        # a run that is replaced stays whole until the new one is there
        if not os.path.lexists(os.path.join(self.folder, report.CONFIG)):
            self._opened = True
            report.write_config(self.folder, config)

    def stop(self) -> None:
        """End training after this piece of work; a run in a folder writes its checkpoint first."""
        if self.folder is None:
            self.model.stop_training = True

    def withdraw(self) -> None:
        """Remove what was written before training; for one that came to nothing."""
        if self._opened and self.folder is not None:
            report.withdraw(self.folder)

    def _fit(
        self, callbacks: Sequence[Any], verbose: Any, checkpoint: Any
    ) -> tuple[Any, dict[str, Any]]:
        """Train; the history, and which weights were kept and by which figure."""
        s = self.settings
        watching: list[Any] = [*callbacks, checkpoint]
        monitor = "loss" if self.validation is None else "val_loss"
        best = s.keep == "best" and self.validation is not None
        stopper = None
        if s.patience is not None or best:
            stopper = EarlyStopping(
                monitor,
                patience=s.patience or max(1, s.epochs or 0),
                restore_best_weights=best,
                verbose=1 if verbose and s.patience is not None else 0,
            )
            watching.append(stopper)
        (x, y), apart = self.rows, self.validation
        if not self.classes:
            y = self.scaling.apply(y)
            apart = None if apart is None else (apart[0], self.scaling.apply(apart[1]))
        epochs: Any = s.epochs  # a number by now: `Settings` of a plan are complete
        history = self.model.fit(
            x, y, batch_size=s.batch_size, epochs=epochs, verbose=verbose, callbacks=watching,
            validation_data=apart, engine=s.engine,
        )  # fmt: skip
        if not self.classes:
            self._to_units(history.history)
            self._compile()  # the optimizer's slots were those of the other units
        last = len(history.epoch)
        if best and stopper is not None and stopper.best is not None and last:
            return history, {"kept_epoch": stopper.best_epoch + 1, "kept_by": monitor}
        return history, {"kept_epoch": last, "kept_by": None}

    def _to_units(self, history: Mapping[str, list[float]]) -> None:
        """From the standardised target to the target's own units; the last layer is linear.

        std·(a W + b) + mean  =  a (std·W) + (std·b + mean)
        """
        mean, std = float(self.scaling.mean), float(self.scaling.std)  # type: ignore[arg-type]
        last: Any = self.model.layers[-1]  # a Dense
        last.kernel.assign(last.kernel.numpy() * std)
        last.bias.assign(last.bias.numpy() * std + mean)
        for name, values in history.items():
            factor = {"loss": std**2, "mae": std}.get(name.removeprefix("val_"), 1.0)
            values[:] = [value * factor for value in values]

    def _config(self, command: Sequence[str] | None) -> dict[str, Any]:
        engine = choose_engine(self.settings.engine)
        if self.resumed is not None:
            return {
                **self.resumed.config,
                "arguments": self.settings.to_json(),
                "versions": report.versions(),
            }
        return {
            "command": None if command is None else list(command),
            "arguments": self.settings.to_json(),
            "seed": self.settings.seed,
            "engine": {"name": engine, "why": why_engine(self.settings.engine, engine)},
            "versions": report.versions(),
            "data": self._about_data(),
        }

    def _about_data(self) -> dict[str, Any]:
        data = self.data
        return {
            "name": data.name,
            "place": self.place,
            "options": self.table,
            "source": data.source,
            "scale": data.scale,
            "feature_names": data.feature_names,
            "class_names": data.class_names,
            "inputs": data.schema.to_json(),
        }

    def _write(self, run: Run, folder: str) -> None:
        """All files but the model; pictures of a replaced run that this one has not go."""
        report.write_history(folder, run.history.history)
        report.write_config(folder, run.config)
        examples = report.write_examples(folder, self.data.schema, self.data.x_test)
        csv, config = (os.path.join(folder, n) for n in (report.HISTORY + ".csv", report.CONFIG))
        try:
            pictures = report.write_pictures(folder, run.pictures())
        except MissingExtraError as error:
            pictures, run.notice = [], f"no pictures: {error.problem}; {error.fix}"
        run.files += [csv, config, examples, *pictures]
        if self._replaces:
            kept = {os.path.basename(path) for path in pictures}
            for name in report.PICTURES:
                if f"{name}.png" not in kept:
                    with contextlib.suppress(OSError):
                        os.unlink(os.path.join(folder, f"{name}.png"))
