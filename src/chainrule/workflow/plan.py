"""From data to a trained network: everything is chosen and checked first, then it runs."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from .. import report, summary
from ..callbacks import EarlyStopping
from ..calls import answers
from ..data.schema import Scaling
from ..dialect import argument
from ..errors import ArgumentError, MissingExtraError, NonFiniteError
from ..files import path_of
from ..report.page import write_page
from ..terminal import say
from ..training.engines import choose_engine, why_engine
from ..utils import set_random_seed
from .architectures import check_images
from .findings import findings_of
from .interrupt import Begun, Interrupts
from .prepare import check_target, load, network, optimizer_of, rounded, split, to_units
from .recipes import recipe_for
from .results import results_of
from .resume import Interrupted, RunCheckpoint, refuse_other_words
from .run import Run
from .settings import Settings
from .table_data import is_table
from .table_options import TableOptions
from .table_plan import TablePlan

__all__ = ["Plan", "planned", "train"]


@answers
def train(
    data: Any = None, *,
    model: str | None = None, hidden: Sequence[int] | None = None,
    activation: str | None = None, dropout: float | None = None,
    epochs: int | None = None, batch_size: int | None = None,
    optimizer: str | None = None, learning_rate: float | None = None,
    schedule: str | None = None, validation_split: float | None = None,
    patience: int | None = None, keep: str | None = None,
    seed: int | None = None, engine: str | None = None,
    delimiter: str | None = None, decimal: str | None = None, thousands: str | None = None,
    encoding: str | None = None, header: bool | int | str | None = None,
    missing: str | Sequence[str] | None = None, comment: str | None = None,
    sheet: int | str | None = None, date_format: str | None = None,
    target: int | str | None = None, task: str | None = None,
    classes: bool | str | None = None, drop: Sequence[int | str] | None = None,
    categorical: Sequence[int | str] | None = None, numeric: Sequence[int | str] | None = None,
    date: Sequence[int | str] | None = None, text: Sequence[int | str] | None = None,
    test: Any = None, folds: int | None = None, group: int | str | None = None,
    time: int | str | None = None, lags: int | None = None,
    balance: bool | None = None, budget: float | None = None, no_rows: bool | None = None,
    out: str | os.PathLike[str] | None = None, overwrite: bool = False,
    checkpoint_every: float | None = None, resume: str | os.PathLike[str] | None = None,
    callbacks: Sequence[Any] = (), verbose: Any = 1,
) -> Run:  # fmt: skip
    """Train a network on data: all that `chainrule train` does, as one function.

    The rows are split in three: a test part for the results alone, a validation part that chooses
    the epoch whose weights are kept, and the rows that are trained on. Numbers are scaled by what
    the training rows are like, and the run remembers how, so that `predict` takes raw rows.

    Args:
        data: a name of `cr.datasets.names`, a folder, a table (a file, a data frame, a dict of
            columns), arrays `(x, y)`, or `((x_train, y_train), (x_test, y_test))`, or a `Dataset`.
            For a table a recipe finds the model, unless arguments here describe a network.
        model: an architecture for images, `"lenet5"` or `"small_cnn"`; by default a network of
            dense layers. Images of other sizes than it takes are resized by the model itself. Of a
            table `"linear"` or `"network"`; by default, `"auto"`, the one that does better.
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
        delimiter: of a table, as all that follow: what stands between cells. How a table is read,
            what its columns are and which rows are held out is found where nothing is said.
        decimal: point or comma.
        thousands: what groups the digits of large numbers.
        encoding: of the file's text.
        header: is the first row one of names? Or the line that holds them.
        missing: cells that mean "nothing here".
        comment: lines that begin with this are no rows.
        sheet: of a workbook: its name, or its number from 0.
        date_format: how dates are written, such as `"%d.%m.%Y"`.
        target: the column to predict, by name or number; the last.
        task: `"classification"`, `"regression"`, or `"auto"`: by the values.
        classes: also for arrays: True, False or `"auto"`, as `task`.
        drop: columns to leave out.
        categorical: columns that are categories although they hold numbers.
        numeric: columns that are numbers.
        date: columns of dates.
        text: columns of free text.
        test: a table whose rows are for the figures alone; nothing else is held out.
        folds: into how many parts the rows are cut, each held out once; 0: a fifth is, once. By
            default 5 below 2,000 rows, and then the saved model is fitted on all rows; else 0.
        group: rows with the same value in this column are never on both sides.
        time: the column by which the last fifth is held out.
        lags: of a series, a table of one date and one number: how many values before each row are
            learnt from; the last fifth is held out, and `predict` gives the rows that come next.
        balance: rare classes weigh as much as frequent ones.
        budget: seconds that the search for a model may take.
        no_rows: no rows of the table in the report.
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
    given = dict(locals())
    chosen = {name: given[name] for name in CHOSEN}
    table = {name: given[name] for name in TABLE}
    plan = planned(data, chosen, table, out, overwrite, resume, verbose)
    if verbose:
        say(plan.describe())
    with Interrupts(plan.stop) as interrupts:
        run = plan.run(callbacks, verbose, interrupts.begun, interrupts.name)
    if verbose:
        say(run.describe())
    stopped = run.config["results"]["stopped_by"]
    if stopped is not None:
        say(f"stopped by {stopped}{plan.say_stopped(run)}", sys.stderr)
    if verbose and run.verdict is not None:  # the last line: nobody shall miss it
        say(str(run.verdict))
    return run


CHOSEN = ("model", "hidden", "activation", "dropout", "epochs", "batch_size", "optimizer",
          "learning_rate", "schedule", "validation_split", "patience", "keep", "seed", "engine",
          "checkpoint_every")  # fmt: skip
_CLASSES: dict[str, bool | str] = {"classification": True, "regression": False}
_FLAGS = ("balance", "no_rows")
TABLE = (*(f.name for f in fields(TableOptions)), "classes")


def planned(
    data: Any,
    chosen: Mapping[str, Any],
    table: Mapping[str, Any],
    out: str | os.PathLike[str] | None,
    overwrite: bool,
    resume: str | os.PathLike[str] | None,
    verbose: Any = 0,
) -> Plan | TablePlan:
    """The plan for arguments of which None was not given: a new one, or that of the run."""
    chosen = {name: value for name, value in chosen.items() if value is not None}
    table = {n: v for n, v in table.items() if v is not None and not (n in _FLAGS and not v)}
    if resume is not None:
        return _resumed(data, chosen, table, out, os.fspath(resume))
    if data is None:
        raise ArgumentError(
            "there is nothing to train on",
            where="train",
            expected="data, or a run to go on with",
            fix=f"give a name, a path or (x, y), or {argument('resume')}",
        )
    folder = None if out is None else path_of(out)
    if is_table(data):
        return TablePlan(data, chosen, TableOptions.of(table), folder, overwrite, verbose=verbose)
    if "task" in table:
        table["classes"] = _CLASSES.get(table.pop("task"), "auto")
    if table and isinstance(data, (str, os.PathLike)) and os.path.isdir(data):
        raise ArgumentError(
            f"{argument(next(iter(table)))} is only for tables", where=os.fspath(data)
        )
    return Plan(data, Settings(**chosen), table, folder, overwrite)


def _resumed(
    data: Any,
    chosen: Mapping[str, Any],
    table: dict[str, Any],
    out: str | os.PathLike[str] | None,
    resume: str,
) -> Plan:
    """The plan of an interrupted run."""
    run = Interrupted.read(resume)
    if "task" in table:
        table["classes"] = _CLASSES.get(table.pop("task"), "auto")
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
                report.PAGE,
                *(f"{name}.png" for name in pictures)]  # fmt: skip

    @property
    def name(self) -> str:
        """What the data is called."""
        return self.data.name

    def say_stopped(self, run: Run) -> str:
        """Where a signal ended it, and how it goes on."""
        go_on = "" if run.folder is None else f"; to go on: train(resume={run.folder!r})"
        return f" in epoch {len(run.history.epoch)} of {self.settings.epochs}{go_on}"

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
            run.history, kept = self.fit(callbacks, verbose, checkpoint or Begun(begun))
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
            found = findings_of(run, outputs=predicted)
            run.config["results"]["verdict"] = found.verdict.to_json()
            self._write(run, self.folder)
            run.files.append(write_page(found, os.path.join(self.folder, report.PAGE)))
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

    def fit(
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
            to_units(self.model, self.scaling, history.history)
            self._compile()  # the optimizer's slots were those of the other units
        last = len(history.epoch)
        if best and stopper is not None and stopper.best is not None and last:
            return history, {"kept_epoch": stopper.best_epoch + 1, "kept_by": monitor}
        return history, {"kept_epoch": last, "kept_by": None}

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
