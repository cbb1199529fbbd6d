"""The table of columns for a terminal: what each is, why, and cells as written and as read."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .frame import Column
from .values import as_labels, as_number, written_number

__all__ = ["cells_of", "different", "table"]

_CELLS = 3
_LONGEST = 60  # characters of a cell that are kept
_OUT = ("constant", "identifier", "dropped")
_NUMBER_LIKE = re.compile(r"[+-]?[\d.,]+")
_WIDEST = (24, 10, 34)  # column, role, why
_ROOM = 30  # for the cells, before the names get less


def different(column: Column, within: int = 200) -> Column:
    """A few rows of a column whose cells differ, with how they are written; the first ones.

    Example:
        >>> different(Column("a", 0, "number", np.array([np.nan, 2, 2, 3, 4, 5.0]))).values
        array([2., 3., 4.])
    """
    rows: dict[Any, int] = {}
    for row in np.flatnonzero(~column.missing[:within]).tolist():
        rows.setdefault(column.values[row], row)
        if len(rows) == _CELLS:
            break
    taken = list(rows.values())
    known = column.written or {}
    written = {i: known[row] for i, row in enumerate(taken) if row in known}
    return replace(column.take(taken), written=written)


def cells_of(column: Column, role: str, values: np.ndarray) -> tuple[tuple[str, str], ...]:
    """Three different cells as they stand in the file, and as the role reads them.

    Args:
        column: a few rows of it that differ.
        role: of the column.
        values: the same cells as the role reads them.

    Example:
        >>> cells_of(Column("zip", 0, "text", np.array(["01234"], object)), "category",
        ...          np.array(["01234"], object))
        (('01234', 'category'),)
    """
    found: dict[str, str] = {}
    for row, text in enumerate(map(str, as_labels(column))):
        written = (column.written or {}).get(row, text)
        found.setdefault(_clip(written), _clip(_read(role, text, values[row])))
    return tuple(found.items())


def _read(role: str, text: str, value: Any) -> str:
    if role in _OUT:
        return "left out"
    if role == "category":  # a number that only names something is easily taken for a number
        return "category" if _NUMBER_LIKE.fullmatch(text) else text
    if isinstance(value, np.datetime64):
        if np.isnat(value):
            return "missing"
        return str(value.astype("datetime64[s]")).replace("T", " ").removesuffix(" 00:00:00")
    if isinstance(value, (float, np.floating)):
        return "missing" if np.isnan(value) else written_number(float(value))
    return text


def _clip(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def table(roles: Sequence[Any], width: int, rows: int) -> str:
    """The lines of `Roles.describe`."""
    shown = _worth_showing(roles, rows)
    lines = [("column", "role", "why", "as written → as read")]
    lines += [(_plain(r.name), r.role, _plain(r.why), "") for r in shown]
    natural = [max(map(_cells_wide, column)) for column in zip(*lines, strict=True)]
    widths = [min(pair) for pair in zip(natural, _WIDEST, strict=False)]
    for place, least in ((2, 24), (0, 16)):
        short = sum(widths) + 2 * len(widths) + _ROOM - width
        widths[place] = max(min(widths[place], least), widths[place] - max(short, 0))
    room = width - sum(widths) - 2 * len(widths)
    cells = [_fit(lines[0][3], room), *(_cells(r, room) for r in shown)]
    text = [
        "  ".join([*(_fit(part, w) for part, w in zip(line, widths, strict=False)), last]).rstrip()
        for line, last in zip(lines, cells, strict=True)
    ]
    rest = (
        Counter(r.role for r in roles if not any(r is s for s in shown))
        if _cut(roles, rows)
        else Counter()
    )
    if rest:
        counted = ", ".join(f"{n:,} {role}" for role, n in rest.most_common())
        text.append(f"and {sum(rest.values()):,} more columns: {counted}")
    return "\n".join(text)


def _cut(roles: Sequence[Any], rows: int) -> bool:
    return len(roles) > rows


def _worth_showing(roles: Sequence[Any], rows: int) -> list[Any]:
    """All, or the target and the first few of each role, in the order of the file."""
    if not _cut(roles, rows):
        return list(roles)
    kinds: dict[str, list[Any]] = {}
    for role in roles:
        kinds.setdefault(role.role, []).append(role)
    chosen: list[Any] = kinds.pop("target", [])
    share = max(1, (rows - len(chosen)) // max(len(kinds), 1))
    for some in sorted(kinds.values(), key=len):
        chosen += some[:share]
    return sorted(chosen, key=lambda role: role.index)


def _cells(role: Any, room: int) -> str:
    """As many of the cells as there is room for; the arrow only where reading changed something."""
    parts = [_plain(a) if _same(a, b) else f"{_plain(a)} → {_plain(b)}" for a, b in role.cells]
    if role.role in _OUT:
        parts = [_plain(a) for a, _ in role.cells]
    text = ""
    for part in parts:
        longer = f"{text}, {part}" if text else part
        if _cells_wide(longer) > room:
            return text or _fit(part, room).rstrip()
        text = longer
    return text


def _same(written: str, read: str) -> bool:
    return written == read or (
        as_number(written) is not None and as_number(written) == as_number(read)
    )


def _plain(text: str) -> str:
    """One line, and nothing in it that a terminal would obey."""
    return "".join(c if c.isprintable() else "�" for c in " ".join(text.split()))


def _cells_wide(text: str) -> int:
    """How many cells of a terminal: wide characters of East Asia take two, accents none."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def _fit(text: str, width: int) -> str:
    if _cells_wide(text) > width:
        while text and _cells_wide(text) > width - 1:
            text = text[:-1]
        text += "…"
    return text + " " * (width - _cells_wide(text))
