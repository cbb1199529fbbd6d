"""`chainrule train`: from the name of the data to a run folder."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import sys
from typing import Any

from ..errors import ArgumentError, choose
from ..terminal import say
from .command import Command
from .signals import Signals
from .train_options import add_train_options

__all__ = ["COMMANDS", "train"]

_WORDS = {
    "header": {"yes": True, "no": False},
    "missing": {"drop": "drop", "error": "error"},
    "task": {"classification": True, "regression": False, "auto": "auto"},
}


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
        plan = planned(a.data, chosen, _table_options(a), a.out, a.overwrite, a.resume)
        plan.folder = plan.folder or report.free_name(plan.data.name)
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
        say(f"stopped by {signals.name()} in epoch {len(run.history.epoch)} of "
            f"{plan.settings.epochs}; what there was is in {plan.folder}", sys.stderr)  # fmt: skip
        print(
            f"to go on: {_program()} train --resume {shlex.quote(str(run.folder))}", file=sys.stderr
        )
    return 128 + signals.received


def _table_options(a: argparse.Namespace) -> dict[str, Any]:
    """Arguments of read_csv; only those that were given."""
    options: dict[str, Any] = {}
    if a.target is not None:
        options["target"] = _column(a.target)
    if a.categorical is not None:
        options["categorical"] = [_column(word) for word in a.categorical.split(",")]
    if a.delimiter is not None:
        options["delimiter"] = "\t" if a.delimiter == "\\t" else a.delimiter
    for name, meanings in _WORDS.items():
        word = getattr(a, name)
        if word is None:
            continue
        if word not in meanings:
            raise choose(f"--{name}", word, meanings)
        options["classes" if name == "task" else name] = meanings[word]
    return options


def _column(word: str) -> int | str:
    """A column by its number, or else by its name."""
    return int(word) if word.removeprefix("-").isdecimal() else word


def _program() -> str:
    """What to type for this command: its name, or its path where it is in no folder of PATH."""
    started = sys.argv[0]
    if os.path.basename(started) != "chainrule" or shutil.which("chainrule"):
        return "chainrule"
    return shlex.quote(os.path.relpath(started))


def _finish(a: argparse.Namespace, run: Any) -> None:
    from .. import report

    if a.quiet:
        say("\n".join([run.describe().split("\n")[0], *([run.notice] if run.notice else [])]))
        print(run.folder)
        return
    say(run.describe())
    place = a.data or run.config["data"]["place"]
    table = os.path.isfile(place)
    file = place if table else os.path.join(run.folder, report.EXAMPLES)
    # in one piece, however wide: it is copied from the screen
    print(f"next: {_program()} predict {shlex.quote(run.folder)} {shlex.quote(file)}")


_EXAMPLES = """

While it trains, Ctrl-C (or SIGTERM) finishes the step and saves what there is; a second one \
aborts at once. \
Checkpoints are written meanwhile: --resume RUN goes on, also after a crash. \
The weights of the epoch with the best validation loss are kept.

examples:
  chainrule train digits
  chainrule train mnist --hidden 512,512 --dropout 0.2 --epochs 12
  chainrule train digits --model lenet5
  chainrule train people.csv --target income --missing drop --patience 5
  chainrule train wine.csv --delimiter ';' --task regression --hidden 32
  chainrule train --resume runs/digits-20260314-150926
"""


def _epilog() -> str:
    from ..workflow.recipes import recipe_table

    return recipe_table() + _EXAMPLES


COMMANDS = (
    Command(
        "train", train, "Train a network and write a run folder.", _epilog, add_train_options,
        (
            ("train digits", "98 % in a few seconds"),
            ("train moons --hidden 8 --activation tanh", ""),
            ("train people.csv --target income", ""),
        ),
    ),
)  # fmt: skip
