"""`evaluate` and `predict` for a run on a table."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from ..errors import ArgumentError, FileError
from ..terminal import say
from .train_options import reading_options

__all__ = ["evaluate_table", "predict_table"]

_SHOWN = 20  # rows on the screen; all of them are in --out


def _reading(a: argparse.Namespace) -> dict[str, Any]:
    """How the file is read, where that was said."""
    if getattr(a, "scaled", False):
        raise ArgumentError(
            "--scaled is not for tables", where="chainrule", fix="leave it out: the model scales"
        )
    return reading_options(a)


def evaluate_table(a: argparse.Namespace, run: Any) -> int:
    """Figures on a file with its target; on the table of the training those of rows held out."""
    from ..workflow.table_judge import judge, knows

    reading = _reading(a)
    if a.out:
        raise ArgumentError(
            "--out is not for tables", fix="chainrule report RUN writes a page with all pictures"
        )
    if knows(run, a.data):
        say(f"data: {a.data}, the table of the training")
        if run.config["table"]["split"]["refit"]:
            say(
                "the saved model has seen all of these rows, and figures on them would flatter it; "
                "below are those of training: each row answered by a model that had not seen it"
            )
        else:
            say("the figures are those of its rows held out in training")
        say(run.scores.describe())
    else:
        frame, some = _rows(a, run, reading)
        found, notices = judge(run, frame, a.engine)
        for notice in notices:
            say(notice, sys.stderr)
        say(f"data: {a.data}, " + (some or f"all {len(frame):,} rows"))
        say(found.describe())
    _repeat(run)
    return 0


def _rows(a: argparse.Namespace, run: Any, reading: dict[str, Any]) -> tuple[Any, str]:
    """The rows of a file, or some of one larger than memory; and which, where they are not all."""
    from ..workflow.table_large import is_large, some_rows
    from ..workflow.table_options import TableOptions

    options = TableOptions.of(reading)
    if run.series is not None or not is_large(a.data, options):
        return run.read(a.data, **reading), ""
    frame, said = some_rows(a.data, options, run.format, verbose=True)
    return run.in_units(run.named(frame)), "".join(said)


def predict_table(a: argparse.Namespace, run: Any) -> int:
    """Print the answers, or write them beside the file's own rows."""
    from .. import report
    from ..workflow.table_answers import ENDINGS, say_unseen, write_answers
    from ..workflow.table_large import is_large
    from ..workflow.table_options import TableOptions

    reading = _reading(a)
    if a.out:
        ending = os.path.splitext(a.out)[1].lower()
        if ending not in ENDINGS:
            books = ending.startswith(".xls") or ending == ".ods"
            raise ArgumentError(
                "--out writes no workbooks" if books else "--out writes CSV files and Parquet",
                expected="a name that ends with " + ", ".join(ENDINGS), received=a.out,
                fix="name it answers.csv: Excel opens it" if books else None,
            )  # fmt: skip
        if not a.overwrite:
            folder, name = os.path.split(a.out)
            report.refuse_existing(folder, [name])
        elif os.path.exists(a.out) and os.path.samefile(a.out, a.file):
            raise FileError("the answers would replace the rows they belong to", where=a.out,
                            fix="choose another --out")  # fmt: skip
    if run.series is None and is_large(a.file, TableOptions.of(reading)):
        _stream(a, run, reading)
        return 0
    answers = run.reply(a.file, a.engine, **reading)
    frame = answers.frame
    if run.series is not None:
        say("a series: " + ("the row" if len(frame) == 1 else f"the {len(frame)} rows")
            + " that would come next", sys.stderr)  # fmt: skip
    odd = say_unseen(answers.unseen, len(frame), answers.seen)
    for line in (*_same_file(run, a.file), *answers.notices, *odd, *answers.say_reasons()):
        say(line, sys.stderr)
    if a.out:
        names = write_answers(a.out, answers, None if run.series is not None else a.file)
        _say_written(len(frame), a.out, names)
    else:
        print("\n".join(_table(answers, run)))
    _repeat(run)
    return 0


def _stream(a: argparse.Namespace, run: Any, reading: dict[str, Any]) -> None:
    """The answers to a file larger than memory, written some rows at a time."""
    from ..workflow.table_answers import say_unseen
    from ..workflow.table_seen import say_lost
    from ..workflow.table_stream import answer_large

    found = answer_large(run, a.file, a.out, a.engine, verbose=True, **reading)
    for line in (
        *_same_file(run, a.file),
        *found.notices,
        *say_unseen(found.unseen, found.rows, found.seen),
    ):
        say(line, sys.stderr)
    if found.first is not None:
        say(say_lost(found.lost, *found.first), sys.stderr)
    _say_written(found.rows, a.out, found.names)
    _repeat(run)


def _same_file(run: Any, path: str) -> list[str]:
    """A sentence where this is the file of the training, and its rows are not known one by one."""
    from ..workflow.table_judge import knows
    from ..workflow.table_seen import say_same_file

    apart = run.trained is not None and len(run.trained)
    return [say_same_file()] if run.series is None and not apart and knows(run, path) else []


def _say_written(rows: int, place: str, names: list[str]) -> None:
    from ..dialect import counted

    say(f"{counted(rows, 'row')} written to {place}, new columns: {', '.join(names[:4])}"
        + (", ..." if len(names) > 4 else ""))  # fmt: skip


def _table(answers: Any, run: Any) -> list[str]:
    """The answers for a screen: line of the file (of a series the date), answer, how sure."""
    from ..workflow.table_answers import own_rows

    made = answers.columns()
    names = [answers.frame.word, *(n for n in made if not n.startswith("p("))]
    first = [str(n) for n in answers.numbers.tolist()]
    if run.series is not None:  # the next row stands in no line
        names[0] = run.series["date"]
        first = [row[0] for row in own_rows(answers.frame, None)]
    rows = [[cell, *(_cell(made[name][i], answers.digits) for name in names[1:])]
            for i, cell in enumerate(first)]  # fmt: skip
    wide = [max(map(len, column)) for column in zip(names, *rows, strict=True)]
    return ["  ".join(cell.ljust(w) for cell, w in zip(row, wide, strict=True)).rstrip()
            for row in [names, *rows]]  # fmt: skip


def _cell(value: Any, digits: int) -> str:
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)


def _repeat(run: Any) -> None:
    """A negative verdict is said again by everything that uses the model."""
    verdict = run.verdict
    if verdict is not None and verdict.negative:
        say(str(verdict), sys.stderr)
