"""The options of `train`, as a table."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable
from typing import Any

__all__ = ["READING", "TABLE_OPTIONS", "add_options", "add_table_flags", "add_train_options",
           "reading_options", "seconds"]  # fmt: skip

READING = (
    ("delimiter", "C", "mark", None, "what stands between cells; \\t for a tab (found out)"),
    ("decimal", "C", str, None, "decimal point or comma (found out)"),
    ("thousands", "C", str, None, "what groups the digits of large numbers (found out)"),
    ("encoding", "NAME", str, None, "utf-8, latin-1, utf-16, ... (found out)"),
    ("header", "yes|no|N", "header", None,
     "is the first row one of names? or the line that holds them (found out)"),
    ("missing", "CELLS", "words", None,
     "cells that mean 'nothing here', a,b (empty; in numbers also NA, None, -, ?)"),
    ("comment", "C", str, None, "lines that begin with this are left out"),
    ("sheet", "NAME", "column", None, "of a workbook: name, or number from 0 (the only one)"),
    ("date-format", "FORMAT", str, None, "such as %d.%m.%Y (found out)"),
)  # fmt: skip

# option, what stands for its value, its type, its default (that of `Settings`, and shown here
# alone: an option that was not given must be told from one that was), what the help says
_TRAIN = {
    "network": (
        ("model", "NAME", str, None,
         "lenet5 or small_cnn, for images (layers of the widths in --hidden); of a table linear or "
         "network (auto: the one that does better)"),
        ("hidden", "64,32", "widths", None, "units of the hidden layers; 0 for none (below)"),
        ("activation", "NAME", str, None, "of the hidden layers (relu, or that of --model)"),
        ("dropout", "SHARE", float, None, "share of hidden units dropped in each step (below)"),
    ),
    "training": (
        ("epochs", "N", int, None, "passes over the data (below)"),
        ("batch-size", "N", int, None, "rows a step (below)"),
        ("optimizer", "NAME", str, "adam", "adam, sgd, rmsprop, ..."),
        ("lr", "RATE", float, None, "learning rate (below for adam, else the optimizer's own)"),
        ("schedule", "NAME", str, "cosine", "constant, or cosine: the rate falls to 0"),
        ("validation-split", "SHARE", float, None,
         "share of the training rows kept apart to watch the training (0.1; 0 below 100 rows)"),
        ("patience", "N", int, None,
         "stop after N epochs without a better validation loss (off)"),
        ("keep", "WHICH", str, "best",
         "best: the weights of the epoch with the best validation loss; last: those of the last"),
        ("seed", "N", int, 0, "equal seeds give equal runs"),
        ("checkpoint-every", "SECONDS", float, None,
         "write a checkpoint into the run folder after so many seconds of training (10)"),
        ("engine", "NAME", str, None,
         "numpy, xla, or auto: XLA where JAX is installed (CHAINRULE_ENGINE, else auto)"),
    ),
    "how a table is read": READING,
    "columns of a table": (
        ("target", "COLUMN", "column", None,
         "the column to predict: its name, or its number from 0, or -1 for the last (found out)"),
        ("task", "KIND", str, None,
         "classification, regression, or auto: by the values (auto)"),
        ("drop", "COLUMNS", "columns", None, "leave these out: names or numbers, a,b"),
        ("categorical", "COLUMNS", "columns", None,
         "columns that are categories although they hold numbers"),
        ("numeric", "COLUMNS", "columns", None, "columns that are numbers"),
        ("date", "COLUMNS", "columns", None, "columns of dates"),
        ("text", "COLUMNS", "columns", None, "columns of free text"),
    ),
    "rows of a table": (
        ("test", "FILE", str, None, "rows for the figures alone; nothing else is held out"),
        ("folds", "N", int, None,
         "hold every row out once, in N parts; 0: a fifth once (5 below 2,000 rows, else 0)"),
        ("group", "COLUMN", "column", None,
         "rows with the same value here are never on both sides"),
        ("time", "COLUMN", "column", None, "hold out the last fifth by this column"),
        ("lags", "N", int, None,
         "of a series, one date and one number: learn from the N values before each row"),
    ),
    "model of a table": (
        ("budget", "TIME", "seconds", None,
         "look for a model for so long: 60s, 5m (as long as the recipe takes)"),
    ),
    "output": (
        ("out", "FOLDER", str, None, "the run folder (runs/<data>-<date>-<time>)"),
    ),
}  # fmt: skip

# those that say something about a table and its rows, for other commands that train
TABLE_OPTIONS = {
    title: _TRAIN[title] for title in ("how a table is read", "columns of a table",
                                       "rows of a table")
}  # fmt: skip


def add_table_flags(p: Any) -> None:
    """Give a parser or a group of it what is said about a table by a word alone."""
    p.add_argument("--balance", action="store_true",
                   help="rare classes weigh as much as frequent ones")  # fmt: skip
    p.add_argument("--no-rows", action="store_true",
                   help="no rows of the table in the report")  # fmt: skip


def add_train_options(p: Any) -> None:
    """Give the parser of `train` its arguments."""
    p.add_argument(
        "data",
        metavar="DATA",
        nargs="?",
        help="digits, mnist or another name that `chainrule datasets` lists, a folder with "
        "train.csv or MNIST's four files, or a table: CSV, Excel, Parquet, ... Defaults stand in "
        "parentheses; 'below' is the table at the end",
    )
    for title, options in _TRAIN.items():
        group = p.add_argument_group(title)
        add_options(group, options)
        if title == "model of a table":
            add_table_flags(group)
    group = p.add_argument_group("also")
    group.add_argument("--resume", metavar="RUN",
                       help="go on with the interrupted run in this folder, exactly as if nothing "
                       "had happened; needs no other word, --epochs may be larger")  # fmt: skip
    group.add_argument("--overwrite", action="store_true", help="replace files in --out")
    group.add_argument("--quiet", action="store_true", help="print the result and the folder alone")


def add_options(p: Any, options: Any) -> None:
    """Give a parser or a group of it the options of a table."""
    for name, metavar, kind, default, text in options:
        shown = "" if default is None else f" ({default})"
        p.add_argument(f"--{name}", metavar=metavar, type=_KINDS.get(kind, kind),
                       help=text.replace("%", "%%") + shown)  # fmt: skip


def reading_options(a: argparse.Namespace) -> dict[str, Any]:
    """Those of `READING` that were given, by the names that Python uses."""
    names = [name.replace("-", "_") for name, *_ in READING]
    return {name: value for name in names if (value := getattr(a, name)) is not None}


def seconds(text: str) -> float:
    """`90`, `60s`, `5m` or `2h` in seconds.

    Example:
        >>> seconds("60s"), seconds("5m"), seconds("1.5h")
        (60.0, 300.0, 5400.0)
    """
    plain = text.strip().lower()
    factor = {"s": 1, "m": 60, "h": 3600}.get(plain[-1:], 0)
    try:
        return float(plain[:-1] if factor else plain) * (factor or 1)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected a time such as 60s, 5m or 1h, received {text!r}"
        ) from None


def _column(text: str) -> int | str:
    """A column by its number, or else by its name."""
    return int(text) if text.removeprefix("-").isdecimal() else text


def _words(text: str) -> list[str]:
    """`a,b` as two words; one that holds a comma stands in quotes."""
    return next(csv.reader([text]), [])


def _columns(text: str) -> list[int | str]:
    return [_column(word) for word in _words(text)]


def _mark(text: str) -> str:
    r"""A tab can be written as \t."""
    return "\t" if text == "\\t" else text


def _header(text: str) -> bool | int:
    known = {"yes": True, "no": False}
    if text in known:
        return known[text]
    if text.isdecimal() and int(text):
        return int(text)
    raise argparse.ArgumentTypeError(
        f"expected yes, no, or the number of the line with the names, received {text!r}"
    )


def _widths(text: str) -> tuple[int, ...]:
    """`64,32` as numbers; `0` and `none` mean no hidden layer."""
    if text.strip().lower() in ("0", "none", ""):
        return ()
    try:
        widths = tuple(int(word) for word in text.split(","))
    except ValueError:
        widths = (0,)
    if min(widths) < 1:
        raise argparse.ArgumentTypeError(
            f"expected numbers of units such as 64,32 or 0 for no hidden layer, received {text!r}"
        )
    return widths


_KINDS: dict[Any, Callable[[str], Any]] = {
    "widths": _widths, "column": _column, "columns": _columns, "words": _words, "mark": _mark,
    "header": _header, "seconds": seconds,
}  # fmt: skip
