"""`chainrule datasets`: the data that can be trained on by name."""

from __future__ import annotations

import argparse

from ..terminal import columns, say
from .command import Command

__all__ = ["COMMANDS", "list_datasets"]


def list_datasets(a: argparse.Namespace) -> int:
    """Print a line for each."""
    from ..data import catalog

    rows = [("name", "rows", "features", "task", "what")]
    for name in catalog.datasets:
        if name == "mnist":  # looking must not download it
            rows.append((name, "60000 + 10000", "28 × 28", "10 classes",
                         "Handwritten digits of 28 × 28 pixels."))  # fmt: skip
            continue
        data = catalog.load(name)
        classes = data.class_names
        count = str(len(data.x_train))
        if data.x_test is not data.x_train:
            count += f" + {len(data.x_test)}"
        rows.append((name, count, " × ".join(map(str, data.feature_shape)),
                     "regression" if classes is None else f"{len(classes)} classes",
                     data.description))  # fmt: skip
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    wide = columns() or 100
    for row in rows:
        line = "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=False))
        if wide >= sum(widths) + 48:
            say(f"{line}  {row[4]}")
        else:  # the sentence gets a line of its own
            say(f"{line.rstrip()}\n    {row[4]}")
    say(
        "\nrows: to train + held out. Also: a folder with train.csv (and test.csv) or with MNIST's "
        "four files, or a CSV file."
    )
    return 0


COMMANDS = (
    Command(
        "datasets", list_datasets, "Data that can be trained on by name.",
        "example:\n  chainrule train spirals", None,
        (("datasets", "what can be trained on by name"),),
    ),
)  # fmt: skip
