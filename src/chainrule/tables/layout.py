"""Where the table stands among the lines of a file: titles, header, units, rows, totals.

Works on rows of trimmed text, from a sheet as from a file of lines.
"""

from __future__ import annotations

import functools
import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..dialect import argument
from ..errors import DataError
from . import dates
from .judge import PLAIN, Wanted, is_mark
from .numbers import CURRENCIES, UNITS, written

__all__ = ["Layout", "Row", "find_footer", "find_layout", "looks"]

MAX_COLUMNS = 20_000
_WORDS = (
    "total totals sum sums grand_total overall average mean summe gesamt gesamtsumme mittelwert "
    "durchschnitt somme moyenne totale totaal"
)
_TOTALS = frozenset(_WORDS.split())

Row = tuple[int, list[str]]  # the line where it begins, its cells
Place = Callable[[int], str]  # where such a line stands, for messages


@dataclass
class Layout:
    """Where things are.

    Args:
        names: of the columns.
        header_line: 0 where there is none.
        units: by column; empty where there is no such line.
        units_line: 0 where there is none.
        titles: lines above the header that are no rows.
        first: index of the first row of data in the rows given.
        unnamed: columns without a name.
    """

    names: list[str]
    header_line: int
    units: list[str]
    units_line: int
    titles: int
    first: int
    unnamed: list[int]


def find_layout(
    rows: Sequence[Row], width: int, wanted: Wanted, where: str, word: str = "line"
) -> Layout:
    """Header, units and the first row of data.

    Args:
        rows: the first rows of the file that are not empty.
        width: how many cells a row has.
        wanted: what was said.
        where: the file.
        word: what the numbers of the rows count: lines of a file, rows of a sheet.

    Raises:
        DataError: nothing tells whether there is a header; names that occur twice.
    """

    def place(line: int) -> str:
        return f"{where}, {word} {line}"

    if not 0 < width <= MAX_COLUMNS:
        raise DataError(
            "there are too many columns" if width else "the file is empty",
            where=where,
            expected=f"1 to {MAX_COLUMNS:,} columns",
            received=f"{width:,}",
            fix="keep the columns that matter" if width else "look whether it was saved completely",
        )
    start = _start(rows, width)
    if wanted.header is not None and not isinstance(wanted.header, bool):
        start = _at_line(rows, wanted.header, place)
    try:
        header = _has_header(rows, start, wanted, place)
    except DataError:
        _check_no_header_above(rows, start, width, place)
        raise
    line, cells = rows[start]
    titles = start
    if not header:
        _check_no_header_above(rows, start, width, place)
        return Layout([f"x{i + 1}" for i in range(width)], 0, [], 0, titles, start, [])
    cells = cells + [""] * (width - len(cells))
    unnamed = [i for i, name in enumerate(cells) if not name]
    names = [name or f"x{i + 1}" for i, name in enumerate(cells)]
    first_of = {name: i for i, name in reversed([*enumerate(names)])}
    twice = next((i for i, name in enumerate(names) if first_of[name] != i), None)
    if twice is not None:
        raise DataError(
            "two columns have the same name",
            where=f"{place(line)}, column {twice + 1}",
            expected="a different name for every column",
            received=f"{names[twice]!r}, as in column {first_of[names[twice]] + 1}",
            fix=f"name one of them anew; {argument('header', False)} if these are not names",
        )
    first, units, units_line = start + 1, [], 0
    if first < len(rows) and _are_units(rows, first, width):
        units_line, units = rows[first][0], rows[first][1]
        first += 1
    return Layout(names, line, units, units_line, titles, first, unnamed)


def _at_line(rows: Sequence[Row], line: int, place: Place) -> int:
    for i, row in enumerate(rows):
        if row[0] == line:
            return i
    raise DataError(
        "there is no header in this line",
        where=place(line),
        fix=f"give the line of the header, or {argument('header', True)}",
    )


def _start(rows: Sequence[Row], width: int) -> int:
    """The index of the first row of the table, be it header or data."""
    for i, (_, cells) in enumerate(rows):
        filled = sum(map(bool, cells))
        # the one thing in a line of many cells is a title; a sheet fills the line with empty cells
        if len(cells) == width and (filled > 1 or width <= 2):
            return i
        if len(cells) == width - 1 and filled == width - 1 and _all_end_empty(rows[i + 1 :], width):
            return i  # every row ends with a delimiter, the header does not
    return 0


def _all_end_empty(rows: Sequence[Row], width: int) -> bool:
    return bool(rows) and all(len(c) == width and not c[-1] for _, c in rows)


def _check_no_header_above(rows: Sequence[Row], start: int, width: int, place: Place) -> None:
    """A line of names that has another number of cells than the rows is not left out unseen."""
    if not start:
        return
    line, cells = rows[start - 1]
    if len(cells) > 1 and sum(map(bool, cells)) > 1:
        raise DataError(
            "the header has another number of names than the rows have cells",
            where=place(line),
            expected=f"{width} names, as the rows below have cells",
            received=f"{len(cells)}: {', '.join(cells)[:80]}",
            fix="complete the header, or remove it and say " + argument("header", False),
        )


@functools.lru_cache(1 << 14)
def looks(cell: str) -> str:
    """`number`, `text` or `missing`."""
    if PLAIN.fullmatch(cell):  # most are: thousands of columns are looked at
        return "number"
    if is_mark(cell):
        return "missing"
    if written(cell) is not None or dates.readings([cell])[0]:
        return "number"
    return "text"


def _has_header(rows: Sequence[Row], start: int, wanted: Wanted, place: Place) -> bool:
    line, first = rows[start]
    if wanted.header is not None:
        return bool(wanted.header)
    if wanted.like is not None:
        known = [column.name for column in wanted.like.columns]
        if not wanted.like.header:
            return False
        if len(set(known) & set(first)) * 2 >= min(len(known), len(first)):
            return True
    below = [cells for _, cells in rows[start + 1 : start + 60] if len(cells) >= len(first)]
    pro, con, texts = 0, [], []
    for i, cell in enumerate(first):
        column = [cells[i] for cells in below]
        kinds = Counter(map(looks, column))
        # a line of units, or a typing error, may stand in a column of numbers
        if kinds["number"] and kinds["text"] <= max(1, kinds["number"] // 10):
            look = looks(cell)
            pro += look == "text"
            con += [cell] if look == "number" else []
        elif kinds["text"]:
            texts.append((cell, column))
    if not below and any(looks(cell) == "number" for cell in first):
        return False
    if pro and pro >= len(con):
        return True
    if not pro and con and not _runs(con):
        return False
    if not pro and not con:
        for cell, column in texts:
            if cell in column:
                return False
            pro += len(set(column)) <= len(column) / 2
        if pro:
            return True
    raise DataError(
        "nothing tells whether the first row is a header"
        + ("" if con else ": no cell below is a number"),
        where=place(line),
        expected="names above columns of numbers, or a first row like all others",
        received=", ".join(first[:8])[:200],
        fix=f"say {argument('header', True)} or {argument('header', False)}",
    )


def _runs(cells: Sequence[str]) -> bool:
    """Years, or places of columns: 2019, 2020, 2021 and 0, 1, 2 may be names."""
    numbers = [int(c) for c in cells if c.isdecimal() and len(c) <= 4]
    if len(numbers) < max(2, len(cells)):
        return False
    if not (1900 <= numbers[0] <= 2100 or (numbers[0] == 0 and len(numbers) > 2)):
        return False
    return all(b - a == 1 for a, b in itertools.pairwise(numbers))


def _are_units(rows: Sequence[Row], at: int, width: int) -> bool:
    """Whether a row holds units: in no column of numbers is it a number."""
    cells = rows[at][1]
    below = [c for _, c in rows[at + 1 : at + 40] if len(c) == width]
    if len(cells) != width or not below:
        return False
    units = 0
    for i, cell in enumerate(cells):
        kinds = Counter(looks(c[i]) for c in below)
        if kinds["number"] and kinds["text"] <= max(1, kinds["number"] // 10):
            if cell and looks(cell) == "number":
                return False
            units += _is_unit(cell)
            if cell not in ("", "-") and not _is_unit(cell):
                return False
        elif len(cell) > 20 or cell in {c[i] for c in below if c[i]}:
            return False
    return units > 0


def _is_unit(cell: str) -> bool:
    bare = cell.strip("[]() ")
    if bare in UNITS or bare in CURRENCIES:
        return True
    bracketed = bare != cell and 0 < len(bare) <= 12
    return bracketed or (0 < len(bare) <= 10 and any(m in bare for m in "/°²³^%"))


def find_footer(rows: Sequence[Row], width: int, kinds: Sequence[str]) -> int:
    """How many of the last rows are none: totals, and notes below the table.

    Five at most, and never more than half: what is left out is a remark, not the table.

    Args:
        rows: the last rows of the file that are not empty.
        width: how many cells a row has.
        kinds: of the columns, as the rows above say.
    """
    count = 0
    while count < min(5, len(rows) // 2):
        cells = rows[-1 - count][1]
        filled = [(i, cell) for i, cell in enumerate(cells) if cell]
        first = filled[0] if filled else (0, "")
        if not (_is_total(cells, first, width, kinds) or _is_note(cells, filled, width, kinds)):
            break
        count += 1
    return count


def _is_total(cells: list[str], first: tuple[int, str], width: int, kinds: Sequence[str]) -> bool:
    """`Total,,1234`: the word where no such value belongs, or alone among empty texts."""
    word = first[1].strip(" :.").lower().replace(" ", "_")
    if word not in _TOTALS or len(cells) > width:
        return False
    others = [cell for i, cell in enumerate(cells) if i != first[0] and kinds[i] != "number"]
    numbers = any(cells[i] and kinds[i] == "number" for i in range(len(cells)))
    return (kinds[first[0]] != "text") or (numbers and not any(others))


def _is_note(
    cells: list[str], filled: list[tuple[int, str]], width: int, kinds: Sequence[str]
) -> bool:
    """`Source: ...` below the table; a row that was cut off is none."""
    if len(filled) != 1 or width < 2 or filled[0][0] != 0:
        return False
    cell = filled[0][1]
    if "\n" in cell:  # a quote that is never closed takes in all rows below it
        return False
    return looks(cell) == "text" and (kinds[0] != "text" or (len(cells) == 1 and " " in cell))
