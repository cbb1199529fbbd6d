"""Numbers and tables as text of at most 80 columns."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

__all__ = ["WIDTH", "show_value", "table"]

WIDTH = 80
_GAP = "  "


def show_value(value: Any) -> str:
    """A number, or several, as the tables show them: six significant digits, no −0.

    A number that has fewer is written with those.

    Example:
        >>> show_value(0.185359951), show_value(0.4), show_value((1.0, -0.0)), show_value(290400)
        ('0.185360', '0.4', '(1, 0)', '290,400')
    """
    if value is None:
        return ""
    if isinstance(value, tuple):
        return f"({', '.join(map(show_value, value))}{',' * (len(value) == 1)})"
    if isinstance(value, (bool, str)):
        return str(value)
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}"
    short = f"{value:.6g}"
    return short if math.isclose(float(short), value, rel_tol=1e-13) else f"{value:#.6g}"


def table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[int] = ()
) -> list[str]:
    r"""Rows under their heads, aligned and indented by two; heads are left out where all are "".

    Where a row would be wider than a terminal of 80 columns, each row becomes a few lines: its
    first cell, and below it the others with their heads.

    Args:
        heads: of the columns.
        rows: of cells, as texts.
        right: the columns that stand at the right edge: numbers.

    Example:
        >>> print("\n".join(table(("", "ours"), [("z1", "0.415"), ("out", "1")], right={1})))
               ours
          z1   0.415
          out      1
    """
    all_rows = [heads, *rows] if any(heads) else list(rows)
    widths = [max(len(row[k]) for row in all_rows) for k in range(len(heads))]
    if sum(widths) + len(_GAP) * len(widths) <= WIDTH:
        return [
            "".join(
                _GAP + (f"{cell:>{n}}" if k in right else f"{cell:{n}}")
                for k, (cell, n) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in all_rows
        ]
    told: list[str] = []
    label = max(map(len, heads[1:]))
    for first, *others in rows:
        told.append(f"{_GAP}{first}")
        named = zip(heads[1:], others, strict=True)
        told += [f"{_GAP * 2}{head:{label}}{_GAP}{cell}" for head, cell in named if cell]
    return told
