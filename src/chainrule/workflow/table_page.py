"""The page on a run, from what its training found; `findings` makes it from a folder."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..report.page import Findings, write_page
from ..tables import Frame
from .table_data import TableData
from .table_fit import Fit
from .table_run import TableRun
from .table_split import Parts

__all__ = ["PAGE", "held_out_answers", "write_run_page"]

PAGE = "report.html"


def write_run_page(
    run: TableRun, data: TableData, path: str, predict: Callable[[Frame], Any] | None, rows: bool
) -> str:
    """Write the page on a run; returns its path.

    Args:
        run: with its figures.
        data: the table.
        path: of the page.
        predict: answers rows held out as in training; None where nothing can.
        rows: may rows of the table stand on it?
    """
    figures, results = run.figures, run.config["results"]
    frame = data.test if data.test is not None else data.frame.take(figures.rows)
    measured = {
        "folds": f"Measured on {len(figures.rows):,} rows, each answered by a model that had not "
        "seen it.",
        "test": f"Measured on the {len(figures.rows):,} rows of the test file.",
    }.get(run.config["table"]["split"]["kind"],
          f"Measured on {len(figures.rows):,} rows held out.")  # fmt: skip
    recipe = results.get("epochs") is None
    findings = Findings(
        data.name, figures.scores, figures.verdict, figures.y, figures.outputs, data.class_names,
        target=data.roles.target, measured_on=measured, frame=frame, predict=predict,
        data=data.frame, roles=data.roles, rows=None if data.large is None else data.rows,
        history={k: v for k, v in run.curves().items() if k in ("loss", "val_loss")},
        kept=_kept(run) if recipe else results.get("kept_epoch"),
        step="check" if recipe else "epoch", model=run.model.layers[1], kind=results["kind"],
        seconds=results.get("seconds"), command=_command(run), python=_python(run, path),
        config={"rows fitted on": results["fitted_rows"], "seed": run.config["seed"],
                **{k: v for k, v in run.config["arguments"].items() if v is not None}},
        notices=list(dict.fromkeys([*run.config["table"]["notices"], *run.say_remarks()])),
    )  # fmt: skip
    return write_page(findings, path, rows=rows)


def _kept(run: TableRun) -> int | None:
    """Which check of the recipe's history was kept."""
    steps, best = run.curves().get("step", []), run.config["results"].get("kept_epoch")
    return steps.index(best) + 1 if best in steps else None


def _command(run: TableRun) -> str:
    command = run.config.get("command")
    return shlex.join(command) if command else ""


def _python(run: TableRun, path: str) -> str:
    folder = os.path.dirname(path) or "."
    file = os.path.basename(run.config["data"].get("place") or "") or "rows.csv"
    return (
        "import chainrule as cr\n\n"
        f"run = cr.Run.load({folder!r})\n"
        f"answers = run.predict({file!r})\n"
        "answers.columns()"
    )


def held_out_answers(
    fits: Sequence[Fit], parts: Parts, data: TableData, engine: str | None
) -> Callable[[Frame], np.ndarray]:
    """Answers rows held out as in training: each by the model that has not seen it.

    The rows are known by their lines, so that columns may be shuffled or set.
    """
    if data.test is not None or len(fits) == 1:
        return lambda frame: fits[0].outputs(frame, engine)
    fold_of: dict[int, int] = {}
    for number, (_, held) in enumerate(parts.pairs):
        if held is not None:
            fold_of |= dict.fromkeys(data.frame.lines[held].tolist(), number)

    def answer(frame: Frame) -> np.ndarray:
        folds = np.array([fold_of[line] for line in frame.lines.tolist()], int)
        found = np.zeros((len(frame), max(1, data.classes)))
        for number in np.unique(folds):
            rows = np.flatnonzero(folds == number)
            found[rows] = fits[number].outputs(frame.take(rows), engine)
        return found

    return answer
