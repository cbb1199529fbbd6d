"""`chainrule explain`: a training step as a worked solution."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

import numpy as np

from ..errors import ArgumentError, choose
from ..terminal import say
from .command import Command

__all__ = ["COMMANDS", "explain"]

_EXAMPLES = """
weights are named as the text names them (w5), or dense/kernel:0,1

examples:
  chainrule explain --deck 004
  chainrule explain --deck 004 --weight w1
  chainrule explain --deck 004 --format html --out deck-004.html
  chainrule explain --deck 004 --blank --out worksheet.html
  chainrule explain --deck 004 --blank --key --out key.html
  chainrule explain runs/digits-20260314-150926 digits --row 3
"""


def _options(p: Any) -> None:
    """Its arguments."""
    p.add_argument("model", nargs="?", metavar="MODEL", help="a run folder or a .safetensors file")
    p.add_argument("data", nargs="?", metavar="DATA",
                   help="a name, a folder or a CSV file with its target")  # fmt: skip
    p.add_argument("--deck", metavar="NAME", help="a deck's worked example: 001, 002 or 004")
    p.add_argument("--row", metavar="N[,N...]",
                   help="the rows of the step, counted from 0; the first is worked in full "
                   "(default: 0)")  # fmt: skip
    p.add_argument("--weight", metavar="NAME", help="one weight in full: w5, dense/kernel:0,1")
    p.add_argument("--all", action="store_true", help="everything, however long")
    p.add_argument("--detail", default="auto", help="neuron, layer or auto (by size)")
    p.add_argument("--notation", help="standard, or a deck's: 000, 001, 002, 003, 004")
    p.add_argument("--exact", action="store_true", help="fractions in place of decimals")
    p.add_argument("--digits", type=int, metavar="N", help="decimals: 9 for decks, else 6")
    p.add_argument("--blank", nargs="?", const="results", metavar="WHAT",
                   help="a worksheet with gaps in place of numbers (text, html, latex): results "
                   "(default), forward, loss, backward, update, after, or names: ∂J/∂w5,J"
                   )  # fmt: skip
    p.add_argument("--key", action="store_true", help="of a worksheet the answer key")
    p.add_argument("--language", default="en", help="of a page: en or ar")
    p.add_argument("--loss", help="in place of the model's own")
    p.add_argument("--optimizer", help="in place of the model's own")
    p.add_argument("--format", default=None, metavar="NAME",
                   help="text, html, latex, json or markdown (default: by --out, else text)"
                   )  # fmt: skip
    p.add_argument("--out", metavar="FILE", help="write there")
    p.add_argument("--overwrite", action="store_true", help="replace what stands at --out")


def explain(a: argparse.Namespace) -> int:
    """Explain a deck's example, or a row of somebody's data in somebody's model."""
    made = _explanation(a)
    kind = _format(a)
    text = _text(made, kind, a)
    if a.out:
        from .. import report
        from ..files import write_atomically

        folder, name = os.path.split(a.out)
        if not a.overwrite:
            report.refuse_existing(folder, [name])
        write_atomically(a.out, (text.rstrip("\n") + "\n").encode())
        say(f"written: {a.out}")
        return 0
    if kind == "text" and a.weight is None and not a.all and a.blank is None:
        text += f"; more: --weight {made.some_weight()}, --all, --format html"
    print(text)
    return 0


def _text(made: Any, kind: str, a: argparse.Namespace) -> str:
    """The explanation in its form, or a worksheet of it."""
    if a.blank is None:
        if a.key:
            raise ArgumentError("--key is of a worksheet", where="chainrule explain",
                                fix="add --blank")  # fmt: skip
        if kind == "html":
            return made.html(a.language, a.weight)
        return made.rendered(kind, more=a.all, weight=a.weight)
    blank = a.blank.split(",") if "," in a.blank else a.blank
    if kind == "html":
        return made.html(a.language, a.weight, blank, a.key)
    if kind not in ("latex", "text"):
        raise ArgumentError("there is no worksheet in this form", where="chainrule explain",
                            expected="text, html or latex", received=kind)  # fmt: skip
    write = made.latex if kind == "latex" else made.text
    return write(weight=a.weight, blank=blank, key=a.key)


def _format(a: argparse.Namespace) -> str:
    from ..explanation.forms import ENDINGS, FORMS

    ending = os.path.splitext(a.out)[1] if a.out else ""
    kind = a.format or ENDINGS.get(ending.lower(), "text")
    if kind not in FORMS:
        raise choose("--format", kind, FORMS)
    return kind


def _explanation(a: argparse.Namespace) -> Any:
    from .. import explanation

    settings: dict[str, Any] = {"detail": a.detail, "digits": a.digits, "exact": a.exact}
    if a.deck is not None:
        given = [a.model, a.loss and "--loss", a.optimizer and "--optimizer", a.row and "--row"]
        if any(given):
            raise ArgumentError(
                "--deck brings its own model, data, loss and optimizer", where="chainrule explain",
                received=next(g for g in given if g), fix="leave it out, or leave out --deck",
            )  # fmt: skip
        return explanation.explain_deck(a.deck, a.notation, **settings)
    if a.model is None or a.data is None:
        raise ArgumentError(
            "there is nothing to explain",
            where="chainrule explain",
            expected="MODEL and DATA, or --deck",
            fix="chainrule explain --deck 004",
        )
    x, y, model = _rows(a)
    settings |= {"loss": a.loss, "optimizer": a.optimizer, "notation": a.notation or "standard"}
    return explanation.explain(model, x, y, **settings)


def _rows(a: argparse.Namespace) -> tuple[Any, Any, Any]:
    """The asked rows of the data, as the model was trained on such."""
    from .use_model import open_run, rows_to_test

    a.missing = None
    run = open_run(a.model)
    x, y, which = rows_to_test(a, run)
    a.row = a.row or "0"
    words = a.row.split(",")
    if not all(w.strip().isdecimal() for w in words):
        raise ArgumentError("rows are whole numbers", where="--row", received=a.row, fix="--row 0")
    rows = [int(w) for w in words]
    if max(rows) >= len(x):
        raise ArgumentError(
            "there is no such row", where="--row", expected=f"0 to {len(x) - 1}",
            received=max(rows),
        )  # fmt: skip
    say(f"row {a.row} of {a.data}, {which}", sys.stderr)
    return x[np.asarray(rows)], y[np.asarray(rows)], run.model


COMMANDS = (
    Command(
        "explain", explain, "A training step as a worked solution, number by number.",
        _EXAMPLES, _options, (("explain --deck 004", "a backward pass, every number worked"),),
    ),
)  # fmt: skip
