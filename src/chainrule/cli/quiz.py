"""`chainrule quiz`: asked in the terminal, set as worksheets for a class, marked from a file."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterator
from typing import Any

from ..errors import ArgumentError, FileError, did_you_mean
from ..terminal import say
from .command import Command

__all__ = ["COMMANDS", "quiz"]

_EXAMPLES = """examples:
  chainrule quiz 004                              asked here, one number after the other
  chainrule quiz 004 --seed 7 --student s01       with numbers of one's own
  chainrule quiz worksheet 004 --students class.csv --seed 7 --out sheets
  chainrule quiz form 004 --students class.csv --seed 7 --out answers.csv
  chainrule quiz mark 004 answers.csv --students class.csv --out marks.csv

class.csv has the columns id and name. The form is filled in with what each student wrote; its \
column `sheet` tells the sheets of other seeds and decks. Marks go to marks.csv, and as a class \
list to print to marks.html beside it. Asked here, the first try counts in full, a later one half.
"""
DOORS = ("worksheet", "form", "mark")
_OWN = {"worksheet": "new-sheets", "form": "new-answers.csv", "mark": "new-marks.csv"}
TRIES = 3


def _options(p: Any) -> None:
    """Its arguments."""
    p.add_argument("deck_words", nargs="+", metavar="DECK", help="001, 002 or 004; before "
                   "it worksheet, form or mark, for a class; behind it the file to mark"
                   )  # fmt: skip
    p.add_argument("--seed", type=int, metavar="N", help="draw other numbers from this seed "
                   "(default: the deck's own; for a class 1)")  # fmt: skip
    p.add_argument("--student", metavar="ID", help="whose numbers, with --seed")
    p.add_argument("--students", metavar="FILE.csv", help="the class: columns id and name")
    p.add_argument("--ask", metavar="WHAT", help="short (default), all, forward, loss, backward, "
                   "update, after, or numbers: net_h1,w5.gradient,w5.new")  # fmt: skip
    p.add_argument("--language", default="en", help="of pages and reasons: en or ar")
    p.add_argument(
        "--out", metavar="PATH", help="a folder for worksheets, a file for form and mark"
    )
    p.add_argument("--overwrite", action="store_true", help="replace what stands at --out")


def quiz(a: argparse.Namespace) -> int:
    """Ask, or do what is needed for a class."""
    words = a.deck_words
    door = words[0] if words[0] in DOORS else None
    wanted = {None: 1, "worksheet": 2, "form": 2, "mark": 3}[door]
    if len(words) != wanted:
        raise ArgumentError(
            "there is a word too many" if len(words) > wanted else "a word is missing",
            where="chainrule quiz", received=" ".join(words), fix=_fix(door, words),
        )  # fmt: skip
    if door is None:
        return _ask(a, words[0])
    for name in ("students", "out"):
        if getattr(a, name) is None:
            raise ArgumentError(f"--{name} is missing", where=f"chainrule quiz {door}",
                                fix=_fix(door, words))  # fmt: skip
    if a.student is not None:
        raise ArgumentError("--student is for one; a class has --students",
                            where=f"chainrule quiz {door}", fix="leave out --student")  # fmt: skip
    return {"worksheet": _worksheet, "form": _form, "mark": _mark}[door](a, *words[1:])


def _fix(door: str | None, words: list[str]) -> str:
    if door is None and len(words) > 1:
        return did_you_mean(words[0], DOORS)
    line = next(e for e in _EXAMPLES.splitlines() if f"quiz {door or '004'}" in e)
    return line.strip().split("   ")[0]


# --- in the terminal ------------------------------------------------------------------------------


def _ask(a: argparse.Namespace, deck: str) -> int:
    from ..quizzes import quiz as make

    for name in ("students", "out"):
        if getattr(a, name) is not None:
            raise ArgumentError(f"--{name} is for a class", where="chainrule quiz",
                                fix=f"chainrule quiz worksheet {deck} ...")  # fmt: skip
    made = make(deck, seed=a.seed, student=a.student, ask=_asked(a))
    say(f"{made.title}: {len(made.questions)} numbers, sheet {made.identity}")
    given = "  ".join(f"{n} = {v:.6g}".replace(" ", "\xa0") for n, v in made.given.items())
    say(f"given  {given}".replace("\xa0", " ") if len(given) < 72 else _folded(given))
    say("at least three significant digits; ? shows the formula, Enter goes on, Ctrl-D ends")
    points, of = 0.0, 0.0
    lines = _lines()
    for question in made.questions:
        reached = _one(made, question, lines, a.language)
        if reached is None:
            break
        points, of = points + reached, of + question.points
    total = sum(q.points for q in made.questions)
    say(f"{points:g} of {total:g} points" + (f", {of:g} asked" if of < total else ""))
    return 0


def _folded(given: str) -> str:
    import textwrap

    lines = textwrap.wrap(f"given  {given}", 78, subsequent_indent=" " * 7)
    return "\n".join(lines).replace("\xa0", " ")


def _lines() -> Iterator[str]:
    """What is typed; it ends with the input, or Ctrl-C."""
    while True:
        try:
            line = sys.stdin.readline() if sys.stdin is not None else ""
        except KeyboardInterrupt:
            return
        if not line:
            return
        yield line.strip()


def _one(made: Any, question: Any, lines: Iterator[str], language: str) -> float | None:
    """The points for one question; None where the input ended."""
    from ..quizzes.asking import to_digits

    tries = 0
    while True:
        needed = to_digits(question.digits)
        print(f"({question.label}) {question.name}{needed} = ", end="", flush=True)
        line = next(lines, None)
        if line is None:
            print()
            return None
        if line == "?":
            say(f"    {question.name} = {question.formula}")
            continue
        if not line:
            say(f"    {made.value(question.key):.6g}: {question.formula}")
            return 0.0
        verdict = made.check(question.key, line)
        say(f"    {verdict.said(language)}")
        if verdict:
            return verdict.marks if tries == 0 else verdict.marks / 2
        tries += verdict.kind == "wrong"
        if tries == TRIES:
            say(f"    It is {made.value(question.key):.6g}: {question.formula}")
            return 0.0


def _asked(a: argparse.Namespace) -> Any:
    """`--ask`: a word, or a list of numbers; commas within brackets belong to a name."""
    if a.ask is None:
        return "short"
    words = [w.strip() for w in re.split(r",(?![^\[]*\])", a.ask) if w.strip()]
    from ..quizzes.asking import ASK

    return words[0] if len(words) == 1 and words[0] in ASK else words


# --- for a class ----------------------------------------------------------------------------------


def _class(a: argparse.Namespace, deck: str) -> Any:
    from ..quizzes import ClassQuiz, read_class

    return ClassQuiz(deck, read_class(a.students), 1 if a.seed is None else a.seed, _asked(a))


def _refuse(a: argparse.Namespace, *paths: str, answers: str | None = None) -> None:
    """Nothing is written over what is read, and over anything else only with --overwrite."""
    from .. import report

    for read in (a.students, answers):
        for path in paths:
            if read and os.path.exists(read) and os.path.exists(path) and (
                os.path.samefile(read, path)
            ):  # fmt: skip
                raise FileError(
                    "this file is read here and would be lost", where=path,
                    received=f"--out {a.out}", expected="a name of its own, also with --overwrite",
                    fix=f"--out {_OWN[a.deck_words[0]]}",
                )  # fmt: skip
    if not a.overwrite:
        for path in paths:
            report.refuse_existing(*os.path.split(path)[:1], [os.path.basename(path)])


def _write(path: str, text: str, csv: bool = False) -> None:
    from ..files import write_atomically

    write_atomically(path, text.encode("utf-8-sig" if csv else "utf-8", "replace"))
    say(f"written: {path}")


def _worksheet(a: argparse.Namespace, deck: str) -> int:
    from ..report import folder

    names = [os.path.join(a.out, n) for n in ("worksheets.html", "keys.html")]
    _refuse(a, *names)
    made = _class(a, deck)
    single = os.path.join(a.out, "each")
    pages = {
        os.path.join(single, f"{kind}-{name}.html"): made.page(key, a.language, s)
        for s, name in _file_names(made).items() for kind, key in (("sheet", False), ("key", True))
    }  # fmt: skip
    _refuse(a, *pages)
    folder.make(single)
    from ..files import write_atomically

    for path, text in pages.items():
        write_atomically(path, text.encode("utf-8", "replace"))
    for path, key in zip(names, (False, True), strict=True):
        _write(path, made.page(key, a.language))
    say(f"written: {len(pages)} pages, one sheet and one key for each student, in {single}")
    return 0


def _file_names(made: Any) -> dict[str, str]:
    """A name for the files of each student, whatever stands in the id."""
    found = {}
    for k, student in enumerate(made.students, 1):
        plain = re.sub(r"[^\w.-]+", "_", student)[:40].strip("._")
        found[student] = f"{k:02}-{plain}" if plain else f"{k:02}"
    return found


def _form(a: argparse.Namespace, deck: str) -> int:
    _refuse(a, a.out)
    _write(a.out, _class(a, deck).form(), csv=True)
    return 0


def _mark(a: argparse.Namespace, deck: str, answers: str) -> int:
    from ..quizzes import mark_file, read_class

    if a.ask is not None:
        raise ArgumentError("the questions are those of the file", where="chainrule quiz mark",
                            received="--ask", fix="leave out --ask")  # fmt: skip
    page = os.path.splitext(a.out)[0] + ".html"
    if page == a.out:
        raise ArgumentError("the marks are a CSV file", where="chainrule quiz mark",
                            received=a.out, fix="--out marks.csv")  # fmt: skip
    _refuse(a, a.out, page, answers=answers)
    marks = mark_file(deck, answers, read_class(a.students), a.seed)
    _write(a.out, marks.csv(a.language), csv=True)
    _write(page, marks.html(a.language))
    there = [m for _, m in marks.marks if m is not None]
    mean = sum(m.points for m in there) / len(there)
    absent = len(marks.marks) - len(there)
    say(f"{len(there)} marked, {mean:.1f} of {there[0].of:g} points on average"
        + (f"; {absent} without answers" if absent else ""))  # fmt: skip
    return 0


COMMANDS = (
    Command(
        "quiz", quiz,
        "Questions about a training step: asked here, or set as worksheets and marked.",
        _EXAMPLES, _options, (("quiz 004", "the same, asked"),),
    ),
)  # fmt: skip
