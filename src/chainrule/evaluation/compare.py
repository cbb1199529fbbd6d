"""Runs beside each other: figures, curves, time and cost in one table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..course.text import table
from ..dialect import counted
from ..errors import ArgumentError
from ..experiments.results import html_table, shown
from ..metrics import better_direction
from .resampling import Estimate
from .scores import Scores
from .wording import number, percent, plain

__all__ = ["Candidate", "Comparison"]

_SHARES = ("accuracy", "balanced_accuracy")
_BETTER = {"auc": "max", "r2": "max", "accuracy": "max", "balanced_accuracy": "max"}


@dataclass(frozen=True, eq=False)
class Candidate:
    """One run of a comparison.

    Args:
        name: what it is called in tables and legends.
        figures: on rows held out, by name.
        curves: its history: lists by name.
        kept: the epoch (or step), from 1, whose weights it has.
        step: what it counts: "epoch" or "step".
        seconds: how long it trained.
        parameters: how many numbers it learned.
        settings: by name; those in which the runs differ are shown.
        data: what it was trained on, and how its rows were split: runs with other words here are
            not comparable.
        rows: how many rows the figures are of.
        scores: all figures with intervals, where the run has them.
        verdict: its verdict in one sentence, where it has one.

    Example:
        >>> Candidate("adam", {"accuracy": 0.9}, seconds=2.0).figures["accuracy"]
        0.9
    """

    name: str
    figures: Mapping[str, float]
    curves: Mapping[str, Sequence[float]] = field(default_factory=dict)
    kept: int | None = None
    seconds: float | None = None
    parameters: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    data: str = ""
    rows: int | None = None
    scores: Scores | None = None
    verdict: str | None = None
    step: str = "epoch"


class Comparison:
    """Runs beside each other, the best first.

    Attributes:
        runs: as they were given.
        figure: the name of the figure that orders them: the first that all of them have.

    Raises:
        ArgumentError: none, two of one name, or runs that share no figure.

    Example:
        >>> found = Comparison([
        ...     Candidate("sgd", {"accuracy": 0.82}, {"loss": [0.7, 0.5]}, seconds=1.0),
        ...     Candidate("adam", {"accuracy": 0.91}, {"loss": [0.6, 0.3]}, seconds=1.5),
        ... ])
        >>> found.best.name
        'adam'
        >>> print(found)
          run   accuracy  training loss  seconds
          adam    91.0 %            0.3      1.5  best
          sgd     82.0 %            0.5        1
        <BLANKLINE>
        One run each: another seed may order near ones differently.
    """

    def __init__(self, runs: Sequence[Candidate]) -> None:
        self.runs = tuple(runs)
        if not self.runs:
            raise ArgumentError("there is nothing to compare", where="compare",
                                expected="two runs or more")  # fmt: skip
        names = [run.name for run in self.runs]
        twice = next((n for n in names if names.count(n) > 1), None)
        if twice is not None:
            raise ArgumentError("two runs have one name", where="compare", received=repr(twice),
                                fix="give a dict of runs by name")  # fmt: skip
        self.figures = [
            n for n in self.runs[0].figures if all(n in run.figures for run in self.runs)
        ]
        if not self.figures:
            raise ArgumentError(
                "the runs have no figure in common",
                where="compare",
                received="; ".join(
                    f"{r.name}: {', '.join(r.figures) or 'none'}" for r in self.runs
                ),
                fix="compare runs on the same target",
            )
        self.figure = self.figures[0]

    @property
    def sorted(self) -> list[Candidate]:
        """The best first; those without a number last."""
        sign = -1.0 if _direction(self.figure) == "max" else 1.0

        def place(run: Candidate) -> float:
            value = float(run.figures[self.figure])
            return sign * value if math.isfinite(value) else math.inf

        return sorted(self.runs, key=place)

    @property
    def best(self) -> Candidate:
        """The one with the best figure."""
        return self.sorted[0]

    @property
    def varied(self) -> list[str]:
        """The settings in which the runs differ."""
        names = dict.fromkeys(name for run in self.runs for name in run.settings)
        return [n for n in names if len({shown(run.settings.get(n)) for run in self.runs}) > 1]

    def table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """(heads, rows), the best first: settings that differ, figures, time and cost."""
        optional = {
            "training loss": lambda r: _last(r.curves.get("loss")),
            "kept": lambda r: "" if r.kept is None else f"{r.step} {r.kept:,}",
            "parameters": lambda r: "" if r.parameters is None else f"{r.parameters:,}",
            "seconds": lambda r: "" if r.seconds is None else number(r.seconds),
            "verdict": lambda r: "" if r.verdict is None else _word(r.verdict),
        }
        given = {k: f for k, f in optional.items() if any(f(run) for run in self.runs)}
        varied = [] if self.named_by_settings else self.varied
        marked = self._marked
        first = ", ".join(self.varied) if self.named_by_settings else "run"
        heads = (first, *varied, *(figure_label(n) for n in self.figures), *given, *([""] * marked))
        rows = []
        for run in self.sorted:
            cells = [plain(run.name, 32), *(_setting(run, n) for n in varied)]
            cells += [self._figure(run, name) for name in self.figures]
            cells += [f(run) for f in given.values()]
            rows.append((*cells, *(["best" if run is self.best else ""] if marked else [])))
        return heads, rows

    @property
    def named_by_settings(self) -> bool:
        """Is every name nothing but the settings in which the runs differ?"""
        return bool(self.varied) and all(
            run.name == ", ".join(shown(run.settings.get(n)) for n in self.varied)
            for run in self.runs
        )

    def numbers(self, heads: Sequence[str]) -> range:
        """Which columns of the table stand at the right: figures, time and cost."""
        first = 1 if self.named_by_settings else 1 + len(self.varied)
        return range(first, len(heads) - self._marked)

    @property
    def _marked(self) -> bool:
        """Is one of them called the best? Not among runs on different rows."""
        return len(self.runs) > 1 and len(self._kinds) < 2

    @property
    def _kinds(self) -> set[str]:
        return {run.data for run in self.runs if run.data}

    def _figure(self, run: Candidate, name: str) -> str:
        value = float(run.figures[name])
        return percent(value) if name in _SHARES else number(value)

    def interval(self, run: Candidate) -> Estimate | None:
        """The figure that orders them with its interval, where the run has one."""
        if run.scores is None or self.figure not in run.scores.figures:
            return None
        return run.scores[self.figure].model

    def notes(self) -> list[str]:
        """What must be known to read the table."""
        told = []
        if len(self._kinds) > 1:
            told.append("These runs are not on the same rows: " + "; ".join(
                f"{plain(r.name)}: {plain(r.data, 100)}" for r in self.sorted[:6])
                + ". Their figures cannot be compared.")  # fmt: skip
        elif len(self.runs) > 1:
            first, second = (self.interval(run) for run in self.sorted[:2])
            if first is None or second is None:
                told.append("One run each: another seed may order near ones differently.")
            elif first.low <= second.high and second.low <= first.high:
                by = figure_label(self.figure)
                told.append(f"The intervals of the first two overlap: by {by} these rows do not "
                            "say which one is better.")  # fmt: skip
        return told

    def to_json(self) -> dict[str, Any]:
        """Plain values, the best first."""
        return {
            "figure": self.figure,
            "runs": [
                {
                    "name": r.name, "kept": r.kept, "seconds": r.seconds,
                    "figures": {k: v if math.isfinite(v) else None for k, v in r.figures.items()},
                    "parameters": r.parameters, "data": r.data, "rows": r.rows,
                    "settings": {k: shown(v) for k, v in r.settings.items()},
                    "verdict": r.verdict,
                }
                for r in self.sorted
            ],
        }  # fmt: skip

    def __str__(self) -> str:
        heads, rows = self.table()
        lines = table(heads, rows, right=set(self.numbers(heads)))
        return "\n".join([*lines, *(["", *self.notes()] if self.notes() else [])])

    def __repr__(self) -> str:
        by = figure_label(self.figure)
        return f"<Comparison of {counted(len(self.runs), 'run')} by {by}: {self.best.name}>"

    def _repr_html_(self) -> str:
        return html_table(
            f"Comparison by {figure_label(self.figure)}", *self.table(), *self.notes()
        )


def _setting(run: Candidate, name: str) -> str:
    """A setting of a run in a cell: no layers are none, and no hole in the table."""
    if name not in run.settings:
        return ""
    return shown(run.settings[name]) or "none"


def _direction(name: str) -> str:
    return _BETTER.get(name) or better_direction(name) or "min"


def figure_label(name: str) -> str:
    """How a figure is written in a sentence: AUC, R², balanced accuracy."""
    return {"auc": "AUC", "r2": "R²", "rmse": "RMSE", "mse": "MSE", "mae": "MAE"}.get(
        name, name.replace("_", " ")
    )


def _word(verdict: str) -> str:
    """What stands before the colon: `NO BETTER than the linear model`."""
    return plain(verdict.split(":")[0], 40)


def _last(values: Sequence[float] | None) -> str:
    return number(float(values[-1])) if values else ""
