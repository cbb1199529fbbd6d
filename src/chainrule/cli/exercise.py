"""`chainrule exercise` and `chainrule grade`: a template to fill in, and points with reasons."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from ..errors import FileError
from ..terminal import fold, say
from .command import Command
from .signals import Signals

__all__ = ["COMMANDS", "exercise", "grade"]

_EXERCISE_EXAMPLES = """examples:
  chainrule exercise                    what there is
  chainrule exercise backpropagation    writes backpropagation.py, to fill in
  chainrule grade backpropagation.py
"""

_GRADE_EXAMPLES = """
The file runs in a fresh process, in an empty folder, with limits of time, memory and output, \
and without the network where the system allows it. It returns arrays; they are compared here, on \
inputs drawn for this run, so a file cannot print its own marks. This is no sandbox for hostile \
files: run what strangers send in a container.

examples:
  chainrule grade backpropagation.py
  chainrule grade backpropagation.py --seed 7     the same inputs again
  chainrule grade handed-in/*.py --out marks.csv  a class
"""


def _exercise_options(p: Any) -> None:
    """Its arguments."""
    p.add_argument("name", nargs="?", default="list", metavar="NAME",
                   help="an exercise; without one, or with `list`, all are listed")  # fmt: skip
    p.add_argument("--out", metavar="FILE.py", help="write there (default: NAME.py)")
    p.add_argument("--overwrite", action="store_true", help="replace what stands there")
    p.add_argument("--solution", action="store_true",
                   help="for teachers: the reference (default: NAME_solution.py)")  # fmt: skip
    p.add_argument("--json", action="store_true", help="print JSON")


def _grade_options(p: Any) -> None:
    """Its arguments."""
    p.add_argument("files", nargs="+", metavar="FILE", help="filled-in templates")
    p.add_argument("--exercise", metavar="NAME", help="where the file does not say it")
    p.add_argument("--seed", type=int, metavar="N", help="the inputs of that grading again")
    p.add_argument("--seconds", type=float, default=10.0, metavar="N",
                   help="for each part (default: 10)")  # fmt: skip
    p.add_argument("--memory", type=int, default=2048, metavar="MB",
                   help="of address space (default: 2048)")  # fmt: skip
    p.add_argument("--out", metavar="FILE.csv", help="write the marks, one line a file")
    p.add_argument("--overwrite", action="store_true", help="replace what stands at --out")
    p.add_argument("--json", action="store_true", help="print JSON")


def exercise(a: argparse.Namespace) -> int:
    """List the exercises, or write one."""
    from .. import exercises

    if a.name.lower() == "list":
        _list(exercises.exercises(), a.json)
        return 0
    from ..files import write_atomically

    chosen = exercises.exercise(a.name)
    path = a.out or f"{chosen.name}{'_solution' if a.solution else ''}.py"
    _refuse(path, a.overwrite)
    text = chosen.solution() if a.solution else chosen.template()
    write_atomically(path, text.encode())
    if a.json:
        _print_json({"exercise": chosen.name, "points": chosen.points, "file": path})
        return 0
    say(f"written: {path}  ({chosen.points} points)")
    if not a.solution:
        say(f"fill it in, then: chainrule grade {path}")
    return 0


def _list(found: Any, as_json: bool) -> None:
    if as_json:
        _print_json([
            {"name": e.name, "title": e.title, "decks": e.decks, "points": e.points,
             "parts": [{"name": p.name, "points": p.points} for p in e.parts]}
            for e in found
        ])  # fmt: skip
        return
    wide = max(len(e.name) for e in found)
    say(f"{'exercise':{wide}}  points  what")
    for e in found:
        head = f"{e.name:{wide}}  {e.points:6}  "
        say(fold(f"{head}{e.title}", None))
    say("\nchainrule exercise NAME writes NAME.py; chainrule grade NAME.py marks it")


def grade(a: argparse.Namespace) -> int:
    """Mark one file in full, or a class line by line."""
    from ..exercises.grading import Grade, draw_seed, grade_or_say
    from ..exercises.grading import grade as grade_one
    from ..exercises.marks import marks_csv
    from ..exercises.run import Limits, clean
    from ..files import write_atomically

    limits = Limits(a.seconds, a.memory).checked()
    if a.out:
        _refuse(a.out, a.overwrite)
        _keep_what_is_marked(a.out, a.files)
    seed = draw_seed(a.seed)  # one for a class: all get the same inputs
    made: list[Grade] = []
    with Signals(a.process) as signals:
        signals.undo = clean
        if len(a.files) == 1 and not a.out:
            made.append(grade_one(a.files[0], a.exercise, seed=seed, limits=limits))
        else:
            wide = max(len(os.path.basename(f)) for f in a.files)
            for path in a.files:
                made.append(grade_or_say(path, a.exercise, seed, limits))
                if not a.json:
                    say(_line(made[-1], min(wide, 40)))
    if a.out:
        write_atomically(a.out, marks_csv(made).encode("utf-8-sig"))
        say(f"written: {a.out}", sys.stderr if a.json else sys.stdout)
    if a.json:
        found = [g.as_dict() for g in made]
        _print_json(found if len(a.files) > 1 else found[0])
    elif len(a.files) == 1 and not a.out:
        say(str(made[0]))
    return 0


def _line(made: Any, wide: int) -> str:
    name = f"{os.path.basename(made.path):{wide}}"
    if not made.parts:
        return f"{name}  not marked: {'; '.join(made.notes)}"
    head = f"{name}  {made.points:>4g} of {made.out_of:<3}"
    lost = [p for p in made.parts if p.points < p.out_of]
    if not lost:
        return f"{head} all right"
    more = f" (and {len(lost) - 1} more)" if len(lost) > 1 else ""
    return f"{head} {lost[0].name}: {lost[0].reason}{more}"


def _refuse(path: str, overwrite: bool) -> None:
    from .. import report

    folder, name = os.path.split(path)
    if not name:
        raise FileError("this is a folder", where=path, fix="give the name of a file")
    if not overwrite:
        report.refuse_existing(folder, [name])


def _keep_what_is_marked(out: str, files: list[str]) -> None:
    """Raise where the marks would replace a file that is to be marked, --overwrite or not."""
    for path in files:
        same = os.path.realpath(path) == os.path.realpath(out)
        if same or (os.path.exists(out) and os.path.exists(path) and os.path.samefile(path, out)):
            raise FileError(
                "the marks would replace a file that is to be marked",
                where=out,
                fix="give --out another name, such as marks.csv",
            )
    if out.lower().endswith((".py", ".ipynb")):
        raise FileError("the marks are a table, not a program", where=out, fix="--out marks.csv")


def _print_json(found: Any) -> None:
    import json

    print(json.dumps(found, indent=2, ensure_ascii=False))


COMMANDS = (
    Command(
        "exercise", exercise, "The decks' exercises: lists them, or writes one to fill in.",
        _EXERCISE_EXAMPLES, _exercise_options, (("exercise", "the decks' exercises, to fill in"),),
    ),
    Command(
        "grade", grade, "Marks filled-in exercises, part by part with the reason.",
        _GRADE_EXAMPLES, _grade_options,
    ),
)  # fmt: skip
