"""`chainrule train`: from the name of the data to a run folder."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import sys
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError, choose
from ..terminal import columns, fold, say
from .command import Command
from .signals import Signals
from .train_options import add_train_options, reading_options

if TYPE_CHECKING:
    from ..workflow import Run

__all__ = ["COMMANDS", "program", "table_options", "train"]


def train(a: argparse.Namespace) -> int:
    """Train a network and write its run folder; the exit status is that of a signal, if any."""
    from .. import report
    from ..workflow import planned

    if a.data is None and a.resume is None:
        raise ArgumentError(
            "the following arguments are required: DATA",
            where="chainrule train",
            fix="chainrule train --help shows what it takes; --resume RUN alone needs none",
        )
    chosen = {
        "model": a.model, "hidden": a.hidden, "activation": a.activation, "dropout": a.dropout,
        "epochs": a.epochs, "batch_size": a.batch_size, "optimizer": a.optimizer,
        "learning_rate": a.lr, "schedule": a.schedule, "validation_split": a.validation_split,
        "patience": a.patience, "keep": a.keep, "seed": a.seed, "engine": a.engine,
        "checkpoint_every": a.checkpoint_every,
    }  # fmt: skip
    with Signals(a.process) as signals:
        plan = planned(a.data, chosen, table_options(a), a.out, a.overwrite, a.resume,
                       verbose=not a.quiet)  # fmt: skip
        plan.folder = plan.folder or report.free_name(plan.name)
        if not a.quiet:
            say(plan.describe())
        signals.folder, signals.undo = plan.folder, plan.withdraw
        run = plan.run(
            (), 0 if a.quiet else 1, signals.begun, signals.name, ["chainrule", *a.words]
        )  # fmt: skip
        _finish(a, run)
    if signals.received is None:
        return 0
    if run.config["results"]["stopped_by"] is not None:
        _say_stopped(signals, plan, run)
    return 128 + signals.received


def _say_stopped(signals: Signals, plan: Any, run: Any) -> None:
    if run.of_table:
        say(f"stopped by {signals.name()}{plan.say_stopped(run)}", sys.stderr)
        return
    say(f"stopped by {signals.name()} in epoch {len(run.history.epoch)} of "
        f"{plan.settings.epochs}; what there was is in {plan.folder}", sys.stderr)  # fmt: skip
    print(f"to go on: {program()} train --resume {shlex.quote(str(run.folder))}", file=sys.stderr)


def table_options(a: argparse.Namespace) -> dict[str, Any]:
    """What was said about a table; only what was given."""
    names = ("target", "task", "drop", "categorical", "numeric", "date", "text", "test", "folds",
             "group", "time", "lags", "budget", "balance", "no_rows")  # fmt: skip
    # not by value: the column 0 is no False
    found = {n: v for n in names if (v := getattr(a, n)) is not None and v is not False}
    if found.get("task") is not None:
        from ..workflow.table_options import TASKS

        if found["task"] not in TASKS:
            raise choose("--task", found["task"], TASKS)
    return {**reading_options(a), **found}


def program() -> str:
    """What to type for this command: its name, or its path where it is in no folder of PATH."""
    started = sys.argv[0]
    if os.path.basename(started) != "chainrule" or shutil.which("chainrule"):
        return "chainrule"
    return shlex.quote(os.path.relpath(started))


def _finish(a: argparse.Namespace, run: Any) -> None:
    from .. import report

    if run.of_table:
        _finish_table(a, run)
        return
    if a.quiet:
        say("\n".join([run.describe().split("\n")[0], *([run.notice] if run.notice else [])]))
        print(run.folder)
        return
    say(run.describe())
    place = a.data or run.config["data"]["place"]
    table = os.path.isfile(place)
    file = place if table else os.path.join(run.folder, report.EXAMPLES)
    say_look(run)
    print(f"next: {program()} predict {shlex.quote(run.folder)} {shlex.quote(file)}")
    say_verdict(run)


def _finish_table(a: argparse.Namespace, run: Any) -> None:
    """The figures, what to type next, and as the last line what to think of it."""
    if a.quiet:
        say(str(run.verdict))
        print(run.folder)
        return
    say_table(run, a.data)


def say_table(run: Any, data: str) -> None:
    """The figures of a table's run, what to look at, what to type next, and last the verdict."""
    say(run.describe())
    say_look(run)
    print(f"next: {program()} predict {shlex.quote(run.folder)} {shlex.quote(data)} "
          "--out answers.csv")  # fmt: skip
    say("      (or a file of new rows in its place: the same columns, with or without the target)")
    say_verdict(run)


def say_look(run: Run) -> None:
    """Where the page is; in one piece, however wide: it is copied from the screen."""
    from .. import report

    page = os.path.join(str(run.folder), report.PAGE)
    if os.path.exists(page):
        print(f"look: open {page} in a browser")


def say_verdict(run: Run) -> None:
    """As the last line, apart from all above it; bold on a terminal."""
    if run.verdict is None:
        return
    said = fold(str(run.verdict), columns())
    bold = columns() is not None and "NO_COLOR" not in os.environ
    print("\n" + (f"\033[1m{said}\033[0m" if bold else said), flush=True)


_ABOUT = """

Of a table a recipe for its number of rows finds the model; options of "network" and "training" \
(but --seed and --engine) describe one of your own in its place. The figures come from rows that \
took part in no choice: below 2,000 rows each row is held out once, and the saved model is fitted \
on all of them.

While it trains, Ctrl-C (or SIGTERM) finishes the step and saves what there is; a second one \
aborts at once. \
Of other data checkpoints are written meanwhile: --resume RUN goes on, also after a crash. \
The weights of the epoch with the best validation loss are kept.
"""

_EXAMPLES = """In parentheses: the default; --help-all has the table that is 'below'.

examples:
  chainrule train people.csv
  chainrule train people.csv --target income --drop name,street
  chainrule train adult-train.csv --test adult-test.csv
  chainrule train digits
  chainrule train mnist --hidden 512,512 --dropout 0.2 --epochs 12
  chainrule train --resume runs/digits-20260314-150926
"""


def _more() -> str:
    from ..workflow.recipes import recipe_table

    return recipe_table() + _ABOUT


COMMANDS = (
    Command(
        "train", train, "Find a model for a table or other data, and write a run folder.",
        _EXAMPLES, add_train_options,
        (
            ("train digits", "98 % in a few seconds"),
            ("train moons --hidden 8 --activation tanh", ""),
            ("train people.csv --target income", ""),
        ),
        _more,
    ),
)  # fmt: skip
