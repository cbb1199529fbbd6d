"""The options of `train`, as a table."""

from __future__ import annotations

import argparse
from typing import Any

__all__ = ["add_train_options"]

# option, what stands for its value, its type, its default (that of `Settings`, and shown here
# alone: an option that was not given must be told from one that was), what the help says
_TRAIN = {
    "network": (
        ("model", "NAME", str, None,
         "lenet5 or small_cnn, for images (layers of the widths in --hidden)"),
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
    "CSV files": (
        ("target", "COLUMN", str, None,
         "the column to predict: its name, or its number from 0, or -1 for the last (the last)"),
        ("task", "KIND", str, "auto", "classification, regression, or auto: by the values"),
        ("categorical", "COLUMNS", str, None,
         "columns that are categories although they hold numbers: names or numbers, a,b"),
        ("delimiter", "C", str, None, "what stands between cells (,)"),
        ("header", "yes|no", str, None, "is the first row one of names? (found out)"),
        ("missing", "drop", str, None, "leave out rows with an empty cell or ? (an error)"),
    ),
    "output": (
        ("out", "FOLDER", str, None, "the run folder (runs/<data>-<date>-<time>)"),
    ),
}  # fmt: skip


def add_train_options(p: Any) -> None:
    """Give the parser of `train` its arguments."""
    p.add_argument(
        "data",
        metavar="DATA",
        nargs="?",
        help="digits, mnist or another name that `chainrule datasets` lists, a folder with "
        "train.csv or MNIST's four files, or a CSV file. Defaults stand in parentheses; "
        "'below' is the table at the end",
    )
    for title, options in _TRAIN.items():
        group = p.add_argument_group(title)
        for name, metavar, kind, default, text in options:
            shown = "" if default is None else f" ({default})"
            kind = _widths if kind == "widths" else kind
            group.add_argument(f"--{name}", metavar=metavar, type=kind, help=text + shown)
    group = p.add_argument_group("also")
    group.add_argument("--resume", metavar="RUN",
                       help="go on with the interrupted run in this folder, exactly as if nothing "
                       "had happened; needs no other word, --epochs may be larger")  # fmt: skip
    group.add_argument("--overwrite", action="store_true", help="replace files in --out")
    group.add_argument("--quiet", action="store_true", help="print the result and the folder alone")


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
