"""A search for the settings of a network: Optuna asks, rows of the training part answer."""

from __future__ import annotations

import math
import os
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .. import report
from ..calls import answers
from ..checks import need_numbers
from ..dialect import argument
from ..errors import ArgumentError, DataError, NonFiniteError, missing_extra
from ..experiments.results import Row
from ..files import write_atomically
from ..terminal import say
from ..training.callbacks import Callback
from .interrupt import Interrupts
from .plan import TABLE, Plan, planned
from .recipes import RECIPES, recipe_for
from .search_space import settings_of, space_of
from .searched import Search, in_short
from .settings import Settings
from .table_fit import Fitter
from .table_network import fit_plain, held_apart
from .table_plan import TablePlan

__all__ = ["FILES", "Searcher", "search"]

FILES = ("search.csv", "search.json", "search.svg")
_SHARE = 0.2  # of the training rows, which choose; a tenth of few rows would choose by luck
_FEWEST = 10  # rows to train on, below which nothing can be chosen
_STEPS = 10  # parts of a trial at which it is compared with the others
_EARLIEST = 2  # of these parts, before which none is given up
_FREE = 5  # trials before any is given up


@answers
def search(
    data: Any,
    *,
    trials: int = 50,
    budget: float | None = None,
    space: Mapping[str, Any] | None = None,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    verbose: int = 1,
    **settings: Any,
) -> Search:
    """Look for the layers, units, batch size, rate, dropout, epochs, activation and optimizer.

    The rows that the reported figures are of are held out first, and no trial sees them: the test
    part of a data set, of a table a fifth of it (or `test`, or the last fifth by `time`). Of the
    others a fifth, the same for all trials, chooses by its loss in the best epoch. Trial 0 is what
    `train` does on its own, of a table its recipe: where nothing is better, that is kept. A trial
    that at some share of its epochs is worse than half of those before it is given up there
    (Optuna's median rule). The best is then trained once more, as `train` does, on the same rows.

    Args:
        data: what `train` takes.
        trials: how many, besides trial 0.
        budget: seconds for all of it, the last training included; trial 0 always ends. None: as
            long as it takes.
        space: by name a list of values, a pair `(low, high)`, or one value; the other
            hyperparameters have ranges around the defaults. Names: `layers`, `units`,
            `batch_size`, `learning_rate`, `dropout`, `epochs`, `activation`, `optimizer`.
        out: a folder for the files of the run, with `search.csv`, `search.json`, `search.svg`.
        overwrite: files there may be replaced.
        verbose: 1 says a line for each trial.
        settings: of all trials, as in `train`: `seed=1`, `engine="numpy"`, `target="income"`.

    Returns:
        A `Search`: `best`, `rows`, `run` (the best, as `train` returns it), a table, `plot()`.
        Equal seeds give equal trials; a budget may end them earlier. Ctrl-C ends the search, and
        what was tried so far counts.

    Raises:
        ArgumentError: settings that make no sense, before anything is trained.
        DataError: data of which no rows can be held out to choose by.
        MissingExtraError: Optuna is not installed.

    Example:
        >>> found = search("moons", trials=2, space={"epochs": 3}, engine="numpy",
        ...                verbose=0)                               # doctest: +SKIP
        >>> found.best.settings, found.run.results                  # doctest: +SKIP

    Source: T. Akiba et al., *Optuna: a next-generation hyperparameter optimization framework*
    (2019); J. Bergstra et al., *Algorithms for hyper-parameter optimization* (2011), for TPE.
    """
    made = Searcher(data, trials, budget, space, settings, out, overwrite)
    if verbose:
        say(made.describe())
    with Interrupts(made.stop) as interrupts:
        found = made.look(interrupts.begun, interrupts.name, verbose)
    with Interrupts(made.stop) as interrupts:  # Ctrl-C ended the trials; this is another training
        made.finish(found, interrupts.begun, interrupts.name, verbose)
    if verbose:
        say(f"\n{found}")
        say(found.run.describe())
        if found.run.verdict is not None:
            say(str(found.run.verdict))
    return found


@dataclass
class _Trial:
    """One training to choose by: what it gave."""

    values: tuple[float, ...]
    loss: float
    epoch: int
    parameters: int


class _Judge(Callback):
    """Reports a trial while it is trained, and ends one that is given up or cut short."""

    def __init__(self, trial: Any, epochs: int, ended: Callable[[], bool]) -> None:
        self.trial, self.epochs, self.ended = trial, epochs, ended
        self.best, self.step = math.inf, 0
        self.given_up = self.cut = False

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Compare at equal shares of the training: a long one is slow at first, not bad."""
        self.best = min(self.best, float((logs or {}).get("val_loss", math.inf)))
        last = epoch + 1 >= self.epochs
        if self.ended() and not last:
            self.cut = self.model.stop_training = True
        step = _STEPS * (epoch + 1) // self.epochs
        if self.trial is None or last or step <= self.step or not math.isfinite(self.best):
            return
        self.step = step
        self.trial.report(self.best, step)
        if self.trial.should_prune():
            self.given_up = self.model.stop_training = True

    def get_state(self) -> dict[str, Any]:
        """No trial is gone on from."""
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """No trial is gone on from."""


class Searcher:
    """A search that is ready to run; arguments as for `search`, `settings` as one dict."""

    def __init__(
        self,
        data: Any,
        trials: int,
        budget: float | None,
        space: Mapping[str, Any] | None,
        settings: Mapping[str, Any],
        out: str | os.PathLike[str] | None,
        overwrite: bool,
    ) -> None:
        self.began = time.perf_counter()
        self.optuna = _optuna()
        need_numbers("search", "a whole number of at least 1", lambda v: v >= 1 and v == int(v),
                     trials=trials)  # fmt: skip
        if budget is not None:
            need_numbers("search", "seconds above 0", lambda v: v > 0, budget=budget)
        self.place, self.trials, self.budget = data, int(trials), budget
        self.folder, self.overwrite = None if out is None else os.fspath(out), overwrite
        self.base, self.table = _sorted(settings)
        self.base["validation_split"] = self.base.get("validation_split") or _SHARE
        if self.folder is not None and not overwrite:
            report.refuse_existing(self.folder, FILES)
        self.stopped_by: Callable[[], str | None] = lambda: None
        self._stop = False
        self.plan = planned(data, self._own(), self._options(data), self.folder, overwrite, None)
        self.kind: _OfTable | _OfData = (
            _OfTable(self) if isinstance(self.plan, TablePlan) else _OfData(self)
        )
        model = self.base.get("model")
        self.space = space_of(self.kind.recipe, self.kind.epochs, self.kind.rows, space, model)
        if all(len(getattr(s, "values", (0, 1))) == 1 for s in self.space.values()):
            raise ArgumentError(
                "there is nothing to search", where="search",
                expected="a hyperparameter with more than one value",
            )  # fmt: skip

    def _own(self) -> dict[str, Any]:
        """What is chosen for trial 0, as `train` would: of a table not even a share of rows."""
        from .table_data import is_table

        own = dict(self.base)
        if is_table(self.place):
            own = {n: v for n, v in own.items() if n in ("seed", "engine")}
        return own

    def _options(self, data: Any) -> dict[str, Any]:
        """About the table; a single part is held out, which no trial sees."""
        from .table_data import is_table

        found = dict(self.table)
        if is_table(data) and not any(found.get(n) is not None for n in ("test", "time", "folds")):
            place = data if isinstance(data, (str, os.PathLike)) else ""
            if not os.path.isfile(os.path.join(place, "test.csv")):
                found["folds"] = 0
        return found

    def describe(self) -> str:
        """Data, what is held out, and what is searched."""
        lines = [self.plan.describe(), "", "search:"]
        lines += [f"  {name:13}  {values}" for name, values in self.space.items()]
        limit = "" if self.budget is None else f", at most {self.budget:g} s"
        lines.append(
            f"{self.trials} trials{limit}; {self.kind.said}; rows held out for the figures are "
            "seen by none"
        )
        return "\n".join(lines)

    def stop(self) -> None:
        """End what is running after this piece of work."""
        self._stop = True
        self.plan.stop()

    def _asked(self) -> bool:
        return self._stop or self.stopped_by() is not None

    def _ended(self, rows: Sequence[Row]) -> bool:
        """Is the time up, or did somebody ask? The last training needs about the best's time."""
        if self._asked():
            return True
        if self.budget is None or not rows:
            return False
        best = Search(rows, []).best
        kept = 0.0 if best is None else best.seconds
        return time.perf_counter() - self.began + kept > self.budget

    # --- the trials -----------------------------------------------------------------------------

    def look(
        self,
        begun: Callable[[], None] = lambda: None,
        stopped_by: Callable[[], str | None] = lambda: None,
        verbose: int = 1,
    ) -> Search:
        """Try settings until all trials are done, the time is up, or somebody ends it.

        Raises:
            KeyboardInterrupt: it was ended before the first trial had a figure.
        """
        self.stopped_by, rows = stopped_by, list[Row]()
        begun()
        first, _ = self._row(rows, None, {})
        if first is None:
            raise KeyboardInterrupt
        rows.append(first)
        self._say(rows, verbose)
        with _quiet(self.optuna):
            study = self.optuna.create_study(
                sampler=self.optuna.samplers.TPESampler(seed=self.plan.settings.seed),
                pruner=self.optuna.pruners.MedianPruner(_FREE, _EARLIEST),
            )
            while len(rows) <= self.trials and not self._ended(rows):
                trial = study.ask()
                chosen = {name: s.ask(trial, name) for name, s in self.space.items()}
                row, reached = self._row(rows, trial, chosen)
                if row is None:  # cut short: another day it would have come further
                    break
                rows.append(row)
                self._tell(study, trial, row, reached)
                self._say(rows, verbose)
        self._stop, stopped = False, self._asked()
        return Search(
            rows, list(self.space), first=self.kind.first, planned=self.trials,
            interrupted=stopped, notices=self._notices(rows, stopped),
        )  # fmt: skip

    def _notices(self, rows: Sequence[Row], stopped: bool) -> list[str]:
        if stopped or len(rows) > self.trials:
            return []
        return [f"the {self.budget:g} s were up: {len(rows) - 1} of {self.trials} trials"]

    def _row(
        self, rows: Sequence[Row], trial: Any, chosen: dict[str, Any]
    ) -> tuple[Row | None, float]:
        """Train once; None where it was cut short."""
        began = time.perf_counter()
        ended = (lambda: self._ended(rows)) if rows else self._asked
        judge, why, found = _Judge(trial, 1, ended), None, _Trial((), math.nan, 0, 0)
        try:
            found = self.kind.fit(settings_of(chosen), judge)
        except NonFiniteError:
            why = "diverged"
        if judge.cut:
            return None, math.nan
        if why is None and not (found.values and math.isfinite(found.values[0])):
            why = "diverged"
        elif judge.given_up:
            why = f"given up at {100 * judge.step // _STEPS} %"
        took = time.perf_counter() - began
        values = () if why == "diverged" else found.values
        row = Row(chosen or self.kind.own, values, (found.loss,), (found.epoch,),
                  found.parameters, took, why)  # fmt: skip
        return row, values[0] if values else math.inf

    def _tell(self, study: Any, trial: Any, row: Row, reached: float) -> None:
        """What diverged counts as the worst: told as failed it would be tried again."""
        state = self.optuna.trial.TrialState
        if row.failed:
            study.tell(trial, state=state.PRUNED)
        else:
            study.tell(trial, reached)

    def _say(self, rows: Sequence[Row], verbose: int) -> None:
        if not verbose:
            return
        row = rows[-1]
        words = in_short(row.settings) or self.kind.first
        if len(rows) == 1 and row.settings:
            words = f"{self.kind.first}: {words}"
        figure = f"val_loss {row.values[0]:.4g}" if row.values else "no figure"
        if row.failed:
            figure = f"{row.failed} ({figure})" if row.values else row.failed
        best = Search(rows, []).best
        mark = "  best" if row is best else ""
        say(f"{len(rows) - 1}/{self.trials}  {words}: {figure}  ({row.seconds:.1f} s){mark}")

    # --- the best, as an ordinary run -------------------------------------------------------------

    def finish(
        self,
        found: Search,
        begun: Callable[[], None] = lambda: None,
        stopped_by: Callable[[], str | None] = lambda: None,
        verbose: int = 1,
        command: Callable[[Mapping[str, Any]], Sequence[str]] | None = None,
    ) -> Any:
        """Train the best once more, as `train` does, and write its folder; returns the run.

        Args:
            found: what `look` gave.
            begun: called when training begins.
            stopped_by: the name of the signal that shall end it, or None.
            verbose: 1 says that it does.
            command: the words that train it again, for its settings.

        Raises:
            DataError: every trial diverged.
        """
        best = found.best
        if best is None:
            raise DataError(
                "every trial diverged", where="search", expected="a trial with a finite loss",
                fix='smaller learning rates: space={"learning_rate": (1e-5, 1e-3)}',
            )  # fmt: skip
        own = best is found.rows[0]
        chosen = self._own() if own else {**self.base, **settings_of(best.settings)}
        options = self._options(self.place)
        if verbose:
            say(f"\nthe best, trained once more: {in_short(best.settings) or found.first}")
        plan = planned(self.place, chosen, options, self.folder, self.overwrite, None)
        self.plan = plan
        if isinstance(plan, TablePlan):
            plan.looks_later = False  # later rows took part in the choice
            plan.notices.append(
                f"the settings are the best of {len(found.tried)} trials and {found.first}, chosen "
                "on rows that the figures are not of"
            )
        words = None if command is None else command({**chosen, **options})
        found.run = plan.run((), 0, begun, stopped_by, words)
        if self.folder is not None:
            self._write(found, self.folder)
        return found.run

    def _write(self, found: Search, folder: str) -> None:
        paths = [os.path.join(folder, name) for name in FILES]
        found.save(paths[0], overwrite=True)
        write_atomically(paths[1], report.as_json(found.to_json()))
        found.plot().save(paths[2])
        found.run.files += paths


class _OfData:
    """Trials on a `Dataset`: on its training part, of which a share chooses."""

    first = "train's own"

    def __init__(self, search: Searcher) -> None:
        plan: Any = search.plan
        self.search, self.plan = search, plan
        data, settings = plan.data, plan.settings
        self.rows = len(data.x_train)
        if plan.validation is None or self.rows < _FEWEST or data.x_test is data.x_train:
            raise DataError(
                "there are too few rows: some must choose, and others must give the figures",
                where=data.name, expected=f"at least {_FEWEST} to train on, and others to test",
                received=f"{self.rows} rows, which also are the test"
                if data.x_test is data.x_train else self.rows,
            )  # fmt: skip
        self.recipe = recipe_for(data, plan.place == data.name, settings.model)
        self.epochs = settings.epochs or 1
        self.said = f"{len(plan.validation[0]):,} of the {self.rows:,} training rows choose"
        self.own = {
            "batch_size": settings.batch_size, "learning_rate": settings.learning_rate,
            "epochs": settings.epochs, "optimizer": settings.optimizer,
        }  # fmt: skip
        if settings.model is None:
            units = settings.hidden
            self.own |= {"layers": len(units), "units": tuple(units),
                         "dropout": settings.dropout,
                         "activation": settings.activation}  # fmt: skip

    def fit(self, chosen: Mapping[str, Any], judge: _Judge) -> _Trial:
        """Train on the training rows alone; the test part stays where it is."""
        data = self.plan.data
        plan = Plan(data, Settings(**{**self.search.base, **chosen}))
        judge.epochs = plan.settings.epochs or 1
        history, kept = plan.fit([judge], 0, Callback())
        return _reached(history.history, kept["kept_epoch"], plan.model)


class _OfTable:
    """Trials on a table: on the rows that are not held out, encoded once."""

    first = "the recipe"

    def __init__(self, search: Searcher) -> None:
        plan: Any = search.plan
        self.search, self.plan, self.own = search, plan, {}
        if plan.parts.kind == "folds":
            raise ArgumentError(
                f"{argument('folds')} has no place in a search: every row would be in some choice",
                where="search",
                fix=f"leave it out: a fifth is held out; or {argument('test')}, or "
                f"{argument('time')}",
            )
        train = plan.parts.pairs[0][0]
        self.rows = len(train)
        if self.rows < _FEWEST:
            raise DataError(
                "there are too few rows: some must choose, and others must give the figures",
                where=plan.name, expected=f"at least {_FEWEST} to train on", received=self.rows,
            )  # fmt: skip
        self.recipe = RECIPES["tables"]
        made = Settings(**search.base).completed(self.recipe, self.rows)
        self.epochs = made.epochs or 1
        fitter = Fitter(plan.data, plan.groups, plan.options, plan.settings, True, plan.watch)
        self.problem = fitter.problem(train)[1]
        self.kept, self.held = held_apart(self.problem, made)
        self.said = f"{len(self.held):,} of the {self.rows:,} rows that are not held out choose"

    def fit(self, chosen: Mapping[str, Any], judge: _Judge) -> _Trial:
        """Train the network that was chosen, or fit the recipe where nothing was."""
        if not chosen:
            return self._recipe(judge)
        settings = Settings(**{**self.search.base, **chosen})
        judge.epochs = settings.completed(self.recipe, self.rows).epochs or 1
        found = fit_plain(self.problem, settings, callbacks=[judge])
        return _reached(found.history.history, found.best_step, found.model)

    def _recipe(self, judge: _Judge) -> _Trial:
        """The recipe on the same rows, judged on the same rows."""
        from .. import tabular
        from ..tabular.linear import losses_of

        problem, seed = self.problem, self.plan.settings.seed
        names = ("x", "y", "groups", "sample_weight")
        part = replace(problem, **{n: _cut(getattr(problem, n), self.kept) for n in names})
        fitted = tabular.fit(part, seed=seed, engine=self.plan.settings.engine,
                             should_stop=judge.ended)  # fmt: skip
        judge.cut = judge.ended()
        said = np.asarray(fitted.model.predict(_cut(problem.x, self.held), engine="numpy"))
        said = said.astype(np.float64).reshape(len(self.held), -1)
        loss = float(losses_of(problem, said, self.held).mean())
        count = fitted.model.count_params() if fitted.model.built else 0
        return _Trial((loss,), math.nan, 0, count)


def _cut(value: Any, rows: np.ndarray) -> Any:
    if value is None:
        return None
    if isinstance(value, Mapping):
        return {name: array[rows] for name, array in value.items()}
    return value[rows]


def _reached(curves: Mapping[str, Sequence[float]], epoch: int, model: Any) -> _Trial:
    """The figures of the epoch that was kept: that with the lowest val_loss."""
    losses = list(curves.get("val_loss", ()))
    if not losses:
        return _Trial((), math.nan, 0, model.count_params())
    best = int(np.nanargmin(losses)) if not np.isnan(losses).all() else 0
    return _Trial((float(losses[best]),), float(curves["loss"][best]), best + 1,
                  model.count_params())  # fmt: skip


def _sorted(settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What was said of the training, and what of the table.

    Raises:
        ArgumentError: a name that is searched, or that `train` does not know.
    """
    known = ("seed", "engine", "validation_split", "schedule", "patience", "model")
    given = {n: v for n, v in settings.items() if v is not None}
    for name in given:
        if name not in known and (name not in TABLE or name == "budget"):
            raise ArgumentError(
                f"{argument(name)} has no place in a search",
                where="search",
                expected=", ".join(known) + ", and what is said about a table",
                fix=f'what is searched stands in space={{"{name}": ...}}',
            )
    return ({n: v for n, v in given.items() if n in known},
            {n: v for n, v in given.items() if n not in known})  # fmt: skip


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise missing_extra("optuna", "search", "a search") from None
    return optuna


@contextmanager
def _quiet(optuna: Any) -> Iterator[None]:
    """Optuna's own lines are left out; afterwards it speaks as before."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)
