"""The marks of a class as a table: one line a file."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..files import csv_text
from .grading import Grade, PartGrade

__all__ = ["marks_csv"]


def marks_csv(grades: Sequence[Grade]) -> str:
    """A CSV file: file, exercise, points, then a column for each part, and the reasons.

    Example:
        >>> from chainrule.exercises import Grade, PartGrade
        >>> print(marks_csv([Grade("ali.py", "and_gate", [PartGrade("net", 0, 2, "is 0")], 7, [])]))
        file,exercise,points,out of,net (2),reasons,seed
        ali.py,and_gate,0,2,0,net: is 0,7
    """
    same = len({g.exercise for g in grades}) == 1

    def column(g: Grade, p: PartGrade) -> str:
        return f"{p.name} ({p.out_of})" if same else f"{g.exercise}: {p.name} ({p.out_of})"

    columns = list(dict.fromkeys(column(g, p) for g in grades for p in g.parts))
    rows: list[list[object]] = [
        ["file", "exercise", "points", "out of", *columns, "reasons", "seed"]
    ]
    for g in grades:
        reached = {column(g, p): p.points for p in g.parts}
        reasons = [f"{p.name}: {p.reason}" for p in g.parts if p.points < p.out_of]
        rows.append([
            os.path.basename(g.path), g.exercise, g.points, g.out_of,
            *(reached.get(c, "") for c in columns),
            "; ".join(reasons if g.parts else g.notes), g.seed,
        ])  # fmt: skip
    return csv_text(rows)
