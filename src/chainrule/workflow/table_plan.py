"""A table from its file to a run: read, split, fitted, judged on rows held out, written."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .. import report, storage
from ..callbacks import History
from ..data.schema import Schema
from ..dialect import argument
from ..errors import ArgumentError, MissingExtraError
from ..files import digest_of
from ..report.page import write_page
from ..tables import leaks
from ..terminal import columns, say
from ..training.engines import choose_engine, why_engine
from .architectures import ARCHITECTURES
from .findings import findings_of
from .run import Run
from .settings import Settings
from .table_data import open_table
from .table_figures import Figures, figures_of
from .table_fit import Fit, Fitter, Watch
from .table_held_out import held_out_answers
from .table_large import is_large, open_large
from .table_options import TableOptions
from .table_progress import Line
from .table_run import HELD_OUT, TableRun
from .table_seen import trained_rows
from .table_split import Parts, groups_of, later_rows, parts_of

__all__ = ["MODELS", "TablePlan"]

MODELS = ("auto", "linear", "network")

# words that describe a network of the user's own
_NETWORK = ("hidden", "activation", "dropout", "epochs", "batch_size", "optimizer",
            "learning_rate", "schedule", "validation_split", "patience", "keep")  # fmt: skip


class TablePlan:
    """A training on a table that is ready to run: read and split, all of it checked.

    Args:
        data: a path, or columns in memory.
        chosen: settings of a network, only those that were given: with one that describes a
            network, that network takes the place of the recipe.
        options: what was said about the table.
        out: the folder to write to; None for none.
        overwrite: files there may be replaced.
        recipe: settings of `tabular.fit` in place of those for the number of rows.
        verbose: show how many rows of a large file have come by.

    Raises:
        As `train`.
    """

    def __init__(
        self,
        data: Any,
        chosen: Mapping[str, Any],
        options: TableOptions,
        out: str | None = None,
        overwrite: bool = False,
        recipe: dict[str, Any] | None = None,
        verbose: Any = 0,
    ) -> None:
        self.began = time.perf_counter()
        chosen = dict(chosen)
        self.model = chosen.pop("model", None)  # which candidate is to be kept
        self.settings, self.options = Settings(**chosen), options
        self.settings.check()
        self.plain = any(name in chosen for name in _NETWORK)
        _refuse_beside(self.model, options, self.plain)
        self.folder, self.overwrite, self.recipe = out, overwrite, recipe
        self._opened = self._replaces = False
        if out is not None and not overwrite:
            report.refuse_existing(out, _file_names())
        self.engine = choose_engine(self.settings.engine)
        if is_large(data, options):
            self.data = open_large(data, options, self.settings.seed, verbose)
        else:
            self.data = open_table(data, options)
        if self.data.test_place is not None:  # also the one that stood beside the table
            self.options = replace(options, test=self.data.test_place)
        self.groups, said = groups_of(self.data, options)
        self.parts = parts_of(self.data, self.groups, options, self.settings.seed)
        self.suspects = self._leaks()
        self.notices = [*self.data.notices, *said, *self.suspects.values()]
        self.watch = Watch()
        self.looks_later = True  # also figures of the last rows by time
        self.fitter: Any = None
        self.fits: list[Fit] = []  # those that the figures come from

    @property
    def name(self) -> str:
        """What the table is called."""
        return self.data.name

    def _leaks(self) -> dict[str, str]:
        if self.data.series is not None:  # the last value may well tell the next
            return {}
        return leaks.suspects(self.data.frame, self.data.roles, self.data.y)

    def describe(self) -> str:
        """How the file was read, what its columns are, what is held out; line by line."""
        data, lines = self.data, []
        said = getattr(data.frame.format, "said", None)
        lines.append(f"data: {data.place or data.name}" if said is None else str(said))
        lines.append(data.roles.describe(columns() or 100))
        lines += [f"note: {notice}" for notice in self.notices]
        lines.append(self.parts.describe(data))
        return "\n".join(lines)

    def say_stopped(self, run: Run) -> str:
        """What is left of a run that a signal ended."""
        place = "" if run.folder is None else f" is in {run.folder}"
        rows = run.config["results"]["fitted_rows"]
        return f"; the model of {rows:,} rows{place}, with figures of rows that it has not seen"

    def stop(self) -> None:
        """End training after this piece of work."""
        self.watch.stop = True

    def withdraw(self) -> None:
        """Remove the folder that was made before training; for a run that came to nothing."""
        if self._opened and self.folder is not None:
            report.withdraw(self.folder)

    def run(
        self,
        callbacks: Sequence[Any] = (),
        verbose: Any = 1,
        begun: Callable[[], None] = lambda: None,
        stopped_by: Callable[[], str | None] = lambda: None,
        command: Sequence[str] | None = None,
    ) -> TableRun:
        """Train, judge, write the files.

        Args:
            callbacks: given to every fit.
            verbose: 0 silent; else a line for each fit.
            begun: called when training begins.
            stopped_by: asked between pieces of work: the name of the signal that shall end it.
            command: the words of the command line, for `config.json`.
        """
        self.watch.begun, self.watch.stopped_by = begun, stopped_by
        if self.folder is None:
            return self._run(callbacks, verbose, command)
        self._replaces = report.holds_run(self.folder)
        self._opened = not os.path.isdir(self.folder)
        report.make(self.folder)
        with report.alone(self.folder):
            try:
                return self._run(callbacks, verbose, command)
            except BaseException:
                self.withdraw()
                raise

    def _run(
        self, callbacks: Sequence[Any], verbose: Any, command: Sequence[str] | None
    ) -> TableRun:
        saved, figures, stopped = self._train(callbacks, verbose)
        run = TableRun(
            saved.model, Schema((len(self.data.roles.used),), class_names=self.data.class_names),
            _history(saved.fitted.history), figures.results(), folder=self.folder,
        )  # fmt: skip
        run.table, run.figures = self.data, figures
        if self.data.large is None:  # of more rows that would be a file of its own size
            run.trained = trained_rows(self.data.frame.take(saved.rows), self.data.roles)
        run.config = self._config(saved, figures, stopped, command)
        if self.folder is not None:
            self._write(run, self.folder)
        return run

    # --- fitting --------------------------------------------------------------------------------

    def _train(self, callbacks: Sequence[Any], verbose: Any) -> tuple[Fit, Figures, str | None]:
        """The model to save, the figures of rows that took no part in it, what stopped it."""
        parts = self.parts
        more = later_rows(self.data, self.groups, parts) if self.looks_later else None
        count = len(parts.pairs) + parts.refit + (more is not None)
        if callbacks and not self.plain:
            raise ArgumentError(
                "callbacks are for a network of your own, not for the recipe",
                where="train",
                fix=f"choose one with {argument('hidden')} or {argument('epochs')}",
            )
        fitter = Fitter(
            self.data, self.groups, self.options, self.settings, self.plain, self.watch,
            callbacks, count, self._recipe(),
        )  # fmt: skip
        self.fitter = fitter
        fits: list[Fit] = []
        for number, (train, _) in enumerate(parts.pairs):
            label = f"fold {number + 1} of {len(parts.pairs)}" if parts.kind == "folds" else "fit"
            fits.append(self._fit(fitter, label, train, verbose))
            if self._stopped() is not None:
                return self._cut_short(fits)
        later = None
        if more is not None:
            column, train, held = more
            fit = self._fit(fitter, f"before the last rows by {column!r}", train, verbose)
            later = column, fit, held
        saved = fits[-1]
        if parts.refit and self._stopped() is None:
            saved = self._fit(fitter, "all rows", np.arange(len(self.data.frame)), verbose, fits)
        if self._stopped() is not None:
            return self._cut_short([*fits, saved])
        return saved, self._figures(fits, parts, saved, later), None

    def _recipe(self) -> dict[str, Any] | None:
        """The settings of the recipe, with the one model that was asked for."""
        if self.model in (None, "auto"):
            return self.recipe
        return {**(self.recipe or {}), "candidates": (self.model,)}

    def _stopped(self) -> str | None:
        return self.watch.name or ("the program" if self.watch.stop else None)

    def _cut_short(self, fits: list[Fit]) -> tuple[Fit, Figures, str | None]:
        """The last fit that was not interrupted, or the first as it is, with its own figures."""
        which = max(0, min(len(fits) - 2, len(self.parts.pairs) - 1))
        fit, pair = fits[which], self.parts.pairs[which]
        kind = self.parts.kind if self.parts.kind in ("test", "time", "large") else "part"
        parts = Parts(kind, [pair], False)
        self.parts = parts
        return fit, self._figures([fit], parts, fit), self._stopped()

    def _figures(self, fits: list[Fit], parts: Parts, saved: Fit, later: Any = None) -> Figures:
        kind, self.fits = saved.fitted.kind, fits
        return figures_of(
            self.data, self.groups, fits, parts, kind, self.engine, later, list(self.suspects)
        )

    def _fit(
        self, fitter: Fitter, label: str, rows: np.ndarray, verbose: Any,
        before: Sequence[Fit] = (),
    ) -> Fit:  # fmt: skip
        epochs = None
        if self.plain and before:
            epochs = max(1, round(float(np.median([f.fitted.best_step for f in before]))))
        line = Line(label) if verbose else None
        fit = fitter.fit(
            rows, epochs=epochs, progress=line, compare=not before,
            verbose=2 if verbose == 2 and self.plain else 0,
        )  # fmt: skip
        if line is not None:
            line.clear()
            say(f"{label}: {len(fit.rows):,} rows, {_said(fit)}, {fit.seconds:.1f} s")
        return fit

    # --- writing --------------------------------------------------------------------------------

    def _config(
        self, saved: Fit, figures: Figures, stopped: str | None, command: Sequence[str] | None
    ) -> dict[str, Any]:
        data, fitted = self.data, saved.fitted
        arguments = self.settings.to_json() if self.plain else {}
        arguments |= {} if self.model is None else {"model": self.model}
        return {
            "command": None if command is None else list(command),
            "arguments": arguments,
            "seed": self.settings.seed,
            "engine": {"name": self.engine, "why": why_engine(self.settings.engine, self.engine)},
            "versions": report.versions(),
            "data": {
                "name": data.name,
                "place": data.place,
                "sha256": data.digest,
                "test_sha256": data.test_digest,
                "rows": data.rows,
                "class_names": data.class_names,
                "source": data.place or data.name,
                "scale": "by the layers of the model",
            },
            "table": {
                "options": self.options.to_json(),
                "roles": data.roles.to_json(),
                "format": None if data.frame.format is None else data.frame.format.to_json(),
                "split": {"kind": self.parts.kind, "parts": len(self.parts.pairs),
                          "refit": self.parts.refit},
                "notices": self.notices,
                "recipe": self.recipe,
                "series": None if data.series is None else data.series.to_json(),
            },
            "results": {
                "test": figures.results(),
                "test_rows": len(figures.rows),
                "scores": figures.scores.to_json(),
                "verdict": figures.verdict.to_json(),
                "later": None if figures.later is None
                else [figures.later[0], figures.later[1].to_json()],
                "fresh": None if figures.fresh is None else figures.fresh.to_json(),
                "kind": fitted.kind,
                "left_out": _left_out(fitted),
                "kept_epoch": fitted.best_step,
                "kept_by": getattr(fitted, "kept_by", None),
                "epochs": getattr(fitted, "epochs", None),
                "fitted_rows": len(saved.rows),
                "seconds": round(time.perf_counter() - self.began, 3),
                "stopped_by": stopped,
                "ended_by_budget": self.fitter.ended,
            },
        }  # fmt: skip

    def _page(self, run: TableRun, path: str) -> None:
        """The page on the run; a run is worth its time without one."""
        predict = held_out_answers(self.fits, self.parts, self.data, self.engine)
        try:
            found = findings_of(run, predict)
            write_page(found, path, rows=not self.options.no_rows)
        except MissingExtraError as error:
            run.notice = f"no report: {error.problem}; {error.fix}"
            return
        run.files.append(path)

    def _write(self, run: TableRun, folder: str) -> None:
        def at(name: str) -> str:
            return os.path.join(folder, name)

        run.files = [str(run.model.save(at(report.MODEL)))]
        curves = run.curves()
        if curves:
            report.write_history(folder, curves)
        arrays = run.figures.arrays()
        if run.trained is not None:
            arrays["trained"] = run.trained
        storage.write(at(HELD_OUT), arrays, {"format": "chainrule-held-out", "version": 1})
        # files of two runs in one folder would answer with the names of other classes
        run.config["files"] = {name: digest_of(at(name)) for name in (report.MODEL, HELD_OUT)}
        report.write_config(folder, run.config)
        told = [at(report.HISTORY + ".csv")] if curves else []  # a linear model has no epochs
        run.files += [at(report.CONFIG), *told, at(HELD_OUT)]
        self._page(run, at(report.PAGE))
        if self._replaces:
            old = [] if curves else [report.HISTORY + ".csv", report.HISTORY + ".json"]
            for name in (*(f"{p}.png" for p in report.PICTURES), report.EXAMPLES,
                         report.CHECKPOINT, *old):  # fmt: skip
                with contextlib.suppress(OSError):
                    os.unlink(at(name))


def _file_names() -> list[str]:
    return [report.CONFIG, report.CHECKPOINT, report.MODEL, report.HISTORY + ".csv",
            report.HISTORY + ".json", HELD_OUT, report.PAGE]  # fmt: skip


def _history(found: Any) -> History:
    """Of `fit`, or the checks of the recipe as one."""
    if isinstance(found, History):
        return found
    made, names = History(), list(dict.fromkeys(name for check in found for name in check))
    made.history = {name: [check.get(name, float("nan")) for check in found] for name in names}
    made.epoch = list(range(len(found)))
    return made


def _left_out(fitted: Any) -> str | None:
    """Why no network took part; None where one did."""
    for candidate in fitted.candidates:
        if candidate.kind == "network" and candidate.note.startswith("left out"):
            return f"as the network was {candidate.note}"
    return None


def _said(fit: Fit) -> str:
    """What was chosen, for the line of a fit."""
    fitted = fit.fitted
    step = f", step {fitted.best_step:,}" if fitted.best_step else ""
    return f"{fitted.kind}{step}"


def _refuse_beside(model: str | None, options: TableOptions, plain: bool) -> None:
    if model is not None and model not in MODELS:
        raise ArgumentError(
            f"{argument('model', model)} is for images" if model in ARCHITECTURES
            else f"{argument('model')} is none of those of tables",
            where="train",
            expected="of a table " + ", ".join(MODELS),
            received=repr(model)[:60],
            fix=f"leave it out, or choose the layers with {argument('hidden')}",
        )  # fmt: skip
    if plain and model not in (None, "network"):
        raise ArgumentError(
            f"{argument('model', model)} leaves no network to describe",
            where="train",
            fix=f"leave {argument('hidden')}, {argument('epochs')} and the like out, or say "
            + argument("model", "network"),
        )
    if plain and options.budget is not None:
        raise ArgumentError(
            f"{argument('budget')} is for the search by the recipe, not for a network of your own",
            fix=f"say {argument('epochs')}, or leave the network to the recipe",
        )
