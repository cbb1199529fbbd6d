"""The marks of a class as a table: one line a file."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence

from .grading import Grade

__all__ = ["marks_csv"]


def marks_csv(grades: Sequence[Grade]) -> str:
    r"""A CSV file: file, exercise, points, then a column for each part, and the reasons.

    A cell that a spreadsheet would take for a formula gets an apostrophe in front.

    Example:
        >>> from chainrule.exercises import Grade, PartGrade
        >>> made = Grade("ali.py", "and_gate", [PartGrade("net", 0, 2, "=HYPERLINK")], 7, [])
        >>> print(marks_csv([made]).replace("\r", ""))
        file,exercise,points,out of,net (2),reasons,seed
        ali.py,and_gate,0,2,0,net: =HYPERLINK,7
    """
    same = len({g.exercise for g in grades}) == 1
    columns = list(
        dict.fromkeys(
            f"{p.name} ({p.out_of})" if same else f"{g.exercise}: {p.name} ({p.out_of})"
            for g in grades
            for p in g.parts
        )
    )
    text = io.StringIO()
    rows = csv.writer(text)
    head = ["file", "exercise", "points", "out of", *columns, "reasons", "seed"]
    rows.writerow(head)
    for g in grades:
        reached = {
            f"{p.name} ({p.out_of})" if same else f"{g.exercise}: {p.name} ({p.out_of})": p.points
            for p in g.parts
        }
        reasons = "; ".join(f"{p.name}: {p.reason}" for p in g.parts if p.points < p.out_of)
        cells = [os.path.basename(g.path), g.exercise, f"{g.points:g}", g.out_of,
                 *(reached.get(c, "") for c in columns),
                 reasons or "; ".join(g.notes if not g.parts else []), g.seed]  # fmt: skip
        rows.writerow([_cell(c) for c in cells])
    return text.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value
