"""`chainrule search`: which layers, units, rate, ... serve best."""

from __future__ import annotations

import argparse
import shlex
from typing import Any

from ..terminal import say
from .command import Command
from .output import option
from .signals import Signals
from .train import program, table_options
from .train_options import TABLE_OPTIONS, add_options, add_table_flags, seconds

__all__ = ["COMMANDS", "search"]

# option, its hyperparameter, whole numbers?, what the help says
_SPACE = (
    ("layers", "layers", int, "hidden layers"),
    ("units", "units", int, "units of each hidden layer"),
    ("batch-size", "batch_size", int, "rows a step"),
    ("lr", "learning_rate", float, "learning rate"),
    ("dropout", "dropout", float, "share of hidden units dropped in each step"),
    ("epochs", "epochs", int, "passes over the data"),
    ("activation", "activation", str, "of the hidden layers"),
    ("optimizer", "optimizer", str, "adam, sgd, rmsprop, ..."),
)

_EXAMPLES = """Rows for the figures are held out first, and no trial sees them: the test part, or \
a fifth of a table. Of the others a fifth chooses, the same for all trials. Trial 0 is what \
`train` does on its own. The best is trained \
once more and written as an ordinary run, with search.csv, search.json and search.svg.

Ctrl-C ends the search: the best so far is trained and written.

examples:
  chainrule search digits --trials 50 --budget 5m
  chainrule search people.csv --target income --trials 30
  chainrule search moons --units 4..64 --optimizer adam,sgd --epochs 40
"""


def search(a: argparse.Namespace) -> int:
    """Search, train the best, write its folder; the exit status is that of a signal, if any."""
    from .. import report
    from ..workflow.searching import Searcher

    space = {name: v for _, name, *_ in _SPACE if (v := getattr(a, name)) is not None}
    chosen = {"model": a.model, "schedule": a.schedule, "patience": a.patience, "seed": a.seed,
              "engine": a.engine, "validation_split": a.validation_split}  # fmt: skip
    settings = {**table_options(a), **{n: v for n, v in chosen.items() if v is not None}}
    with Signals(a.process) as signals:
        made = Searcher(a.data, a.trials, a.budget, space, settings, a.out, a.overwrite)
        made.folder = made.folder or report.free_name(made.plan.name)
        if not a.quiet:
            say(made.describe())
        found = made.look(signals.begun, signals.name, 0 if a.quiet else 1)
    with Signals(a.process) as last:  # the last training can be ended by itself
        last.folder = made.folder
        run = made.finish(
            found, last.begun, last.name, 0 if a.quiet else 1, lambda s: _words(a.data, s)
        )
        _show(a, found, run)
    received = signals.received or last.received
    return 0 if received is None else 128 + received


def _show(a: argparse.Namespace, found: Any, run: Any) -> None:
    if a.quiet:
        say(str(run.verdict) if run.verdict is not None else run.describe().split("\n")[0])
        print(run.folder)
        return
    say(f"\n{found}\n")
    say(run.describe())
    if run.of_table:
        print(f"next: {program()} predict {shlex.quote(run.folder)} {shlex.quote(a.data)} "
              "--out answers.csv")  # fmt: skip
        say()
        say(str(run.verdict))


def _words(data: str, settings: Any) -> list[str]:
    """What to type to train the best again."""
    words = ["chainrule", "train", data]
    for name, value in settings.items():
        if value is True and name in ("balance", "no_rows"):
            words.append(f"--{name.replace('_', '-')}")
        elif value is not None and value is not False:
            words += shlex.split(option(name, value))
    return words


def _values(kind: type) -> Any:
    """`16..256` a range, `16,32` a list, `16` one value."""

    def read(text: str) -> Any:
        try:
            if kind is not str and ".." in text:
                low, _, high = text.partition("..")
                return kind(low), kind(high)
            return [kind(word.strip()) for word in text.split(",")]
        except ValueError:
            what = "whole numbers such as 8..256 or 8,16" if kind is int else (
                "numbers such as 0.0001..0.1 or 0.1,0.01")  # fmt: skip
            raise argparse.ArgumentTypeError(f"expected {what}, received {text!r}") from None

    return read


def _options(p: Any) -> None:
    p.add_argument("data", metavar="DATA", help="as for chainrule train")
    p.add_argument("--trials", type=int, default=50, metavar="N",
                   help="how many settings to try (50)")  # fmt: skip
    p.add_argument("--budget", type=seconds, metavar="TIME",
                   help="at most so long, the last training included: 5m (no limit)")  # fmt: skip
    group = p.add_argument_group("what is searched: LOW..HIGH, A,B,... or one value")
    for name, setting, kind, text in _SPACE:
        group.add_argument(f"--{name}", dest=setting, metavar="VALUES", type=_values(kind),
                           help=f"{text} (around the defaults)")  # fmt: skip
    group = p.add_argument_group("training")
    add_options(group, (
        ("model", "NAME", str, None, "lenet5 or small_cnn, for images"),
        ("schedule", "NAME", str, None, "constant, or cosine: the rate falls to 0 (cosine)"),
        ("validation-split", "SHARE", float, None, "share of the training rows that choose (0.2)"),
        ("patience", "N", int, None,
         "stop after N epochs without a better validation loss (off)"),
        ("seed", "N", int, None, "equal seeds give equal trials (0)"),
        ("engine", "NAME", str, None, "numpy, xla or auto, as for chainrule train"),
    ))  # fmt: skip
    for title, options in TABLE_OPTIONS.items():
        add_options(p.add_argument_group(title), options)
    add_table_flags(p)
    group = p.add_argument_group("output")
    group.add_argument("--out", metavar="FOLDER", help="the run folder (runs/<data>-<date>-<time>)")
    group.add_argument("--overwrite", action="store_true", help="replace files in --out")
    group.add_argument("--quiet", action="store_true", help="print the result and the folder alone")


COMMANDS = (
    Command(
        "search", search, "Look for the layers, units, rate and more that serve best.", _EXAMPLES,
        _options, (("search digits --trials 50 --budget 5m", ""),),
    ),
)  # fmt: skip
