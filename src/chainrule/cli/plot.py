"""`chainrule plot`: the figures of the decks, listed and drawn."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from typing import Any

from ..errors import ArgumentError, choose, did_you_mean
from ..terminal import say
from .command import Command

__all__ = ["COMMANDS", "plot"]

_EXAMPLES = """examples:
  chainrule plot                            the list of figures
  chainrule plot surface                    writes surface.svg
  chainrule plot surface --optimizer adam --out adam.png
  chainrule plot paths --out paths.gif      the figure in motion
  chainrule plot activation_card --activation gelu
  chainrule plot --all --out figures --format png
"""

# option -> (what it is called in Python, type, metavar, help)
_OPTIONS: dict[str, tuple[str, Any, str, str]] = {
    "rate": ("learning_rate", float, "RATE", "the learning rate; of dropout its rate"),
    "optimizer": ("optimizer", str, "NAME", "sgd, momentum, nesterov, adagrad, rmsprop or adam"),
    "steps": ("steps", int, "N", "how many updates"),
    "start": ("start", float, "W", "the first weight"),
    "batch-size": ("batch_size", int, "N", "rows of a mini-batch"),
    "epochs": ("epochs", int, "N", "how long is trained"),
    "seed": ("seed", int, "N", "of points, first weights, order of rows"),
    "activation": ("activation", str, "NAME", "the activation"),
    "bias": ("bias", float, "B", "how far it is moved"),
    "deck": ("deck", str, "NAME", "of networks: 000 to 004; with numbers 001, 002, 004"),
    "notation": ("notation", str, "NAME", "of weights: standard, or a deck's"),
    "inputs": ("inputs", int, "N", "of a neuron"),
    "hidden": ("hidden", int, "N", "hidden layers"),
    "depth": ("depth", int, "N", "layers through which gradients go back"),
    "validation": ("validation", float, "SHARE", "of the training rows"),
    "row": ("row", int, "N", "of the window"),
    "column": ("column", int, "N", "of the window"),
    "kind": ("kind", str, "NAME", "of pooling: max or average"),
    "x": ("x", float, "X", "the input of an LSTM's step"),
}


def _options(p: Any) -> None:
    """Its arguments."""
    p.add_argument("name", nargs="?", metavar="NAME", help="a figure; without one they are listed")
    p.add_argument("--all", action="store_true", help="draw every figure into the folder --out")
    p.add_argument("--out", metavar="FILE", help="a name that ends in .svg, .png, .pdf or, for a "
                   "figure in motion, .gif (default: NAME.svg); with --all a folder")  # fmt: skip
    p.add_argument("--format", metavar="KIND", help="with --all: svg, png or pdf (default: svg)")
    p.add_argument("--overwrite", action="store_true", help="replace what stands at --out")
    p.add_argument("--json", action="store_true", help="print the list as JSON")
    for option, (name, kind, metavar, help) in _OPTIONS.items():
        names = ["--rate", "--lr"] if option == "rate" else [f"--{option}"]
        p.add_argument(*names, dest=name, type=kind, metavar=metavar, help=help)


def plot(a: argparse.Namespace) -> int:
    """List the figures, draw one, or draw all."""
    given = {name: getattr(a, name) for name, *_ in _OPTIONS.values()
             if getattr(a, name) is not None}  # fmt: skip
    if a.json and (a.all or a.name):
        raise ArgumentError("--json is for the list of figures", where="chainrule plot",
                            fix="leave it out")  # fmt: skip
    if a.all:
        return _draw_all(a, given)
    if a.format:
        raise ArgumentError("the form of one figure is told by the ending of --out",
                            where="--format", fix="--out NAME.png")  # fmt: skip
    if a.name is None:
        return _list(a, given)
    return _draw(a, given)


# --- one ----------------------------------------------------------------------------------------


def _draw(a: argparse.Namespace, given: dict[str, Any]) -> int:
    from .. import figures
    from ..figures.paper import content_of, ending_of
    from ..files import write_atomically

    found = figures.find(a.name)
    if "rate" in found.options and "learning_rate" in given:
        given["rate"] = given.pop("learning_rate")
    _check_options(found, given)
    out = a.out or f"{found.name}.svg"
    ending = ending_of(out)
    _refuse(a, *os.path.split(out))
    if ending == "gif":
        if found.animate is None:
            moving = ", ".join(r.name for r in figures.rows() if r.animate)
            raise ArgumentError(
                f"{found.name} does not move", where="--out", received=out,
                fix=f"end it in .svg, .png or .pdf; in motion there are: {moving}",
            )  # fmt: skip
        picture = figures.animation(a.name, **given)
    else:
        picture = figures.figure(a.name, **given)
    write_atomically(out, content_of(picture, ending))
    say(f"{found.title}\nlook: {found.look}")
    if picture.description:
        say(f"seen: {picture.description}")
    say(f"written: {out}")
    return 0


def _check_options(found: Any, given: Iterable[str]) -> None:
    """An option that this figure does not have is an error in the words of the command line."""
    called = {name: option for option, (name, *_) in _OPTIONS.items()} | {"rate": "rate"}
    own = {name: called[name] for name in found.options}
    for name in given:
        if name not in own:
            takes = ", ".join(f"--{option}" for option in own.values())
            raise ArgumentError(
                f"this figure takes no --{called[name]}",
                where=f"chainrule plot {found.name}",
                expected=takes or "no options",
                fix="leave it out",
            )


def _refuse(a: argparse.Namespace, folder: str, *names: str) -> None:
    if not a.overwrite:
        from ..report import refuse_existing

        refuse_existing(folder, names)


# --- all ----------------------------------------------------------------------------------------


def _draw_all(a: argparse.Namespace, given: dict[str, Any]) -> int:
    from .. import figures, report
    from ..figures.paper import content_of
    from ..files import write_atomically
    from ..plots.base import new_figure

    wrong = [a.name, *(f"--{o}" for o, (name, *_) in _OPTIONS.items() if name in given)]
    if any(wrong):
        raise ArgumentError(
            "--all draws every figure with its own settings",
            where="chainrule plot",
            received=next(w for w in wrong if w),
            fix="leave it out",
        )
    kind = a.format or "svg"
    if kind not in ("svg", "png", "pdf"):
        raise choose("--format", kind, ("svg", "png", "pdf"))
    if not a.out:
        raise ArgumentError("--all needs a folder", where="chainrule plot",
                            fix="chainrule plot --all --out figures")  # fmt: skip
    table = figures.rows()
    files = [f"{found.name}.{kind}" for found in table]
    _refuse(a, a.out, *files)
    new_figure(1, 1)  # without matplotlib nothing is begun
    report.make(a.out)
    for found, file in zip(table, files, strict=True):
        write_atomically(os.path.join(a.out, file), content_of(found.draw(), kind))
        say(f"written: {os.path.join(a.out, file)}")
    return 0


# --- the list -----------------------------------------------------------------------------------


def _list(a: argparse.Namespace, given: dict[str, Any]) -> int:
    from .. import figures

    if given or a.out:
        raise ArgumentError(
            "which figure?", where="chainrule plot", expected="NAME, or --all",
            fix="chainrule plot lists them: " + did_you_mean("", [r.name for r in figures.rows()]),
        )  # fmt: skip
    table = figures.rows()
    if a.json:
        import json

        keys = ("name", "decks", "title", "look")
        found = [{key: getattr(r, key) for key in keys}
                 | {"options": list(r.options), "moves": r.animate is not None}
                 for r in table]  # fmt: skip
        say(json.dumps(found, indent=2, ensure_ascii=False))
        return 0
    wide = max(len(r.name) for r in table)
    far = max(len(" ".join(r.decks)) for r in table)
    for r in table:
        moves = "  (also .gif)" if r.animate else ""
        say(f"{r.name:{wide}}  {' '.join(r.decks):{far}}  {r.title}{moves}")
    say("chainrule plot NAME draws one; --help lists the options", sys.stderr)
    return 0


COMMANDS = (
    Command(
        "plot", plot,
        "The decks' figures, from computed numbers, as SVG, PNG, PDF or GIF.",
        _EXAMPLES, _options, (("plot", "the decks' figures: surface, paths ..."),),
    ),
)  # fmt: skip
