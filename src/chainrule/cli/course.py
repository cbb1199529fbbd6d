"""`chainrule course`: guided lessons, the decks' worked examples, small things, and errata."""

from __future__ import annotations

import argparse
import os
from typing import Any

from ..errors import ArgumentError
from ..terminal import say
from .command import Command

__all__ = ["COMMANDS", "course"]

_EXAMPLES = """examples:
  chainrule course                 what there is
  chainrule course --deck 003      what of it is from one deck
  chainrule course lesson 01       the first lesson, as a notebook in this folder
  chainrule course run 004         deck 004's example beside its slides
  chainrule course run 001 --figures
  chainrule course small rules
  chainrule course errata E13 E33
  chainrule course printed momentum
  chainrule course run 004 --json  for programs
"""


def _options(p: argparse.ArgumentParser) -> None:
    """`lesson`, `run`, `small` and `errata`, with their options, below `chainrule course`."""
    p.add_argument("--json", action="store_true", help="print JSON")
    p.add_argument("--deck", metavar="NUMBER", help="000 to 004: only what is from that deck")
    commands = p.add_subparsers(dest="what", metavar="WHAT")
    style: Any = {"formatter_class": p.formatter_class, "allow_abbrev": False}

    def command(name: str, names: str, help: str, epilog: str, nargs: str = "*") -> Any:
        made = commands.add_parser(name, help=help, description=help, epilog=epilog, **style)
        made.set_defaults(parser=made)  # whose options a wrong one is compared with
        made.add_argument("names", nargs=nargs, metavar=names)
        made.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="print JSON"
        )
        return made

    lesson = command(
        "lesson",
        "LESSON",
        "A guided lesson: its notebook is written into a folder, for Jupyter or Colab.",
        "examples:\n  chainrule course lesson 01\n  chainrule course lesson 01 02 --out lessons\n"
        "  chainrule course lesson 01 --answers\n  chainrule course lesson --json",
    )
    lesson.add_argument("--out", metavar="FOLDER", default="", help="by default this folder")
    lesson.add_argument("--overwrite", action="store_true", help="replace what stands there")
    lesson.add_argument("--answers", action="store_true",
                        help="the teacher's answers in place of the notebook")  # fmt: skip
    run = command(
        "run",
        "EXAMPLE",
        "A worked example with the slide's numbers beside ours: exact, rounded or wrong.",
        "examples:\n  chainrule course run 004\n  chainrule course run 001 002 --all",
        "+",
    )
    run.add_argument("--all", action="store_true", help="also the numbers that no slide prints")
    run.add_argument("--figures", action="store_true",
                     help="also what comes of further training; takes seconds, on NumPy half "
                     "a minute")  # fmt: skip
    command("small", "NAME", "Small things to compute: rules, shapes, products.",
            "example:\n  chainrule course small softmax")  # fmt: skip
    command("errata", "ID", "Where a deck is wrong, or not the standard form, with numbers.",
            "examples:\n  chainrule course errata E13\n"
            "  chainrule course errata --json")  # fmt: skip
    command("printed", "RULE", "Rules as deck 001 prints them, run beside the right ones: "
            "momentum, rmsprop, adam, cce.",
            "examples:\n  chainrule course printed momentum\n"
            "  chainrule course printed --json")  # fmt: skip


def course(a: argparse.Namespace) -> int:
    """Print what was asked for."""
    from .. import course as decks

    if a.deck is not None and a.what is not None:
        raise ArgumentError(
            "--deck belongs to the list of everything",
            where="chainrule course",
            received=f"--deck {a.deck} with {a.what}",
            fix=f"chainrule course --deck {a.deck}",
        )
    if a.what == "lesson":
        return _lesson(a, decks)
    if a.what == "run":
        chosen = [decks.example(name) for name in a.names]
        texts = (decks.show_example(e, a.all, a.figures) for e in chosen)
        data = (_of_example(e, a.all, a.figures) for e in chosen)
    elif a.what is None:
        texts = iter([decks.show_course(a.deck)])
        data = iter([{section.key: section.rows for section in decks.contents(a.deck)}])
    else:
        find: Any = decks.as_printed if a.what == "printed" else getattr(decks, a.what)
        chosen = [find(name) for name in a.names] or find()
        texts = map(str, chosen)
        data = (_of_lines(part) for part in chosen)
    if a.json:
        import json

        found = list(data)
        say(json.dumps(found if a.what else found[0], indent=2, ensure_ascii=False))
        return 0
    for k, text in enumerate(texts):
        say(f"\n{text}" if k else text)
    return 0


def _lesson(a: argparse.Namespace, decks: Any) -> int:
    """Write notebooks, or answers, into a folder; without names say which there are."""
    from .. import report
    from ..files import write_atomically

    chosen = [decks.lessons(name) for name in a.names]
    if a.json:
        import json

        found = [lesson._asdict() for lesson in chosen or decks.lessons()]
        say(json.dumps(found, indent=2, ensure_ascii=False))
        return 0
    if not chosen:
        for lesson in decks.lessons():
            say(f"  {lesson.number:02}  {lesson.title:20}  {lesson.minutes} minutes")
        return 0
    ending = "_answers.md" if a.answers else ".ipynb"
    files = {f"{n.name}{ending}": n.answers() if a.answers else n.notebook() for n in chosen}
    if not a.overwrite:
        report.refuse_existing(a.out, files)
    if a.out:
        report.make(a.out)
    for name, content in files.items():
        path = os.path.join(a.out, name)
        write_atomically(path, content.encode())
        say(f"written: {path}")
    return 0


def _of_example(example: Any, everything: bool, figures: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"name": example.name, "deck": example.deck, "title": example.title}
    found["slide"] = [row._asdict() for row in example.compare()]
    if everything:
        found["quantities"] = example.quantities()
    if figures:
        found["figures"] = example.figures()
    return found


def _of_lines(part: Any) -> dict[str, Any]:
    """An erratum or a small thing: its words, and its lines."""
    words = {k: v for k, v in vars(part).items() if not k.startswith("_")}
    return {**words, "lines": [line._asdict() for line in part.lines()]}


COMMANDS = (
    Command(
        "course", course,
        "Guided lessons, the decks' worked examples beside their slides, errata.",
        _EXAMPLES, _options, (("course", "the decks: lessons, examples, errata"),),
    ),
)  # fmt: skip
