"""How the lines of a file are cut into cells: comments, the delimiter, quotes."""

from __future__ import annotations

import contextlib
import csv
import threading
from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np

from ..dialect import argument
from ..errors import ArgumentError, DataError
from .layout import Row
from .numbers import written

__all__ = ["check_delimiter", "find_comment", "find_delimiter", "is_open", "rows_of"]
__all__ += ["columns_of_rows"]

_DELIMITERS = (";", "\t", "|", ",")
_COMMENTS = ("#", "//", "%%", "% ")
_MAX_CELL = 16 << 20
_BLANKS = "\t\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)  # what `strip` takes away, but for the line break
_limits = threading.Lock()


@contextlib.contextmanager
def _long_cells() -> Iterator[None]:
    with _limits:
        before = csv.field_size_limit(_MAX_CELL)
    try:
        yield
    finally:
        with _limits:
            csv.field_size_limit(max(before, 131072))


def rows_of(
    lines: Iterable[str], delimiter: str, first_line: int = 1, where: str = "the table"
) -> Iterator[Row]:
    """Line number and trimmed cells of each row that is not empty.

    Raises:
        DataError: quotes that are never closed.
    """
    if isinstance(lines, list) and (plain := _plain_rows(lines, delimiter)) is not None:
        yield from _filled(plain, first_line)
        return
    with _long_cells():
        reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=delimiter != "\t")
        line = first_line
        try:
            for cells in reader:
                if cells and (len(cells) > 1 or cells[0].strip()):
                    yield line, [cell.strip() for cell in cells]
                line = first_line + reader.line_num
        except csv.Error as error:
            raise DataError(
                "the row cannot be cut into cells",
                where=f"{where}, line {line}",
                expected="quotes in pairs, as RFC 4180 says",
                received=error,
            ) from None


def _filled(rows: list[list[str]], first_line: int) -> Iterator[Row]:
    for line, cells in enumerate(rows, first_line):
        if len(cells) > 1 or cells[0]:
            yield line, cells


def _plain_rows(lines: list[str], delimiter: str) -> list[list[str]] | None:
    """The trimmed cells of every line where there is no quote; None: a row may be anything."""
    found = _plain(lines, delimiter)
    if found is None:
        return None
    rows, blanks = found[0].split("\n"), found[1]
    if blanks:
        return [[cell.strip() for cell in row.split(delimiter)] for row in rows]
    return [row.split(delimiter) for row in rows]


def _plain(lines: list[str], delimiter: str) -> tuple[str, bool] | None:
    """Lines without quotes as one text, and whether cells are to be trimmed; None: with quotes."""
    text = "".join(lines)
    if not lines or '"' in text or "\0" in text or len(text) > _MAX_CELL:
        return None
    if "\r" in text:
        if text.count("\r") != text.count("\r\n"):
            return None
        text = text.replace("\r\n", "\n")
    text = text.removesuffix("\n")
    if text.count("\n") != len(lines) - 1:
        return None
    found = [c for c in (_BLANKS[:9] if text.isascii() else _BLANKS) if c in text]
    blanks = any(
        beside in text
        for c in found
        if c != delimiter
        for beside in (c + delimiter, delimiter + c, c + "\n", "\n" + c)
    )
    return text, blanks or bool({text[:1], text[-1:]} & {*found})


def columns_of_rows(lines: list[str], delimiter: str, width: int) -> list[list[str]]:
    r"""The trimmed cells of each column, from the rows that have so many cells.

    Example:
        >>> columns_of_rows(["1,2\n", "3, 4\n", "5\n"], ",", 2)
        [['1', '3'], ['2', '4']]
    """
    found = _plain(lines, delimiter)
    if found is not None and _is_even(found[0], delimiter, width):
        cells = found[0].replace("\n", delimiter).split(delimiter)  # no lists for each row
        if found[1]:
            cells = [cell.strip() for cell in cells]
        if width == 1:
            return [[cell for cell in cells if cell]]  # an empty line is no row
        return [cells[i::width] for i in range(width)]
    rows = [cells for _, cells in rows_of(lines, delimiter) if len(cells) == width]
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


def _is_even(text: str, delimiter: str, width: int) -> bool:
    """Whether every line of a text has so many cells."""
    a = np.frombuffer(text.encode("utf-8", "replace"), np.uint8)
    ends = np.append(np.flatnonzero(a == 10), len(a))
    if ord(delimiter) > 127:
        return False
    marks = np.searchsorted(np.flatnonzero(a == ord(delimiter)), ends)
    return bool((np.diff(marks, prepend=0) == width - 1).all())


def is_open(lines: Iterable[str], delimiter: str) -> bool:
    r"""Whether the last row of these lines holds a quote that is never closed.

    Example:
        >>> is_open(['1,"x\n'], ","), is_open(['1,"x\n', 'y"\n'], ",")
        (True, False)
    """
    with _long_cells(), contextlib.suppress(csv.Error):
        mark = "\x01"
        reader = csv.reader([*lines, mark], delimiter=delimiter, skipinitialspace=delimiter != "\t")
        return [mark] not in list(reader)[-1:]
    return True


def check_delimiter(delimiter: object, where: str) -> None:
    """Raise where it is not one character that can stand between cells."""
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '\r\n" \0':
        raise ArgumentError(
            f"{argument('delimiter')} is not usable",
            where=where,
            expected="one character, such as ',' or ';'",
            received=repr(delimiter),
            fix="leave it out, and it is found",
        )


def find_comment(lines: list[str], named: str | None) -> str:
    """What comments begin with, or "": only what stands at the head of a file counts.

    Example:
        >>> find_comment(["# made in May", "a,b"], None), find_comment(["a,b", "#1,2"], None)
        ('#', '')
    """
    if named is not None:
        return named
    first = next((line for line in lines if line.strip()), "")
    return next((mark for mark in _COMMENTS if first.startswith(mark)), "").strip()[:2]


def find_delimiter(lines: list[str], where: str) -> str:
    """The character that cuts the lines into rows of equal length with the cleanest cells.

    Example:
        >>> find_delimiter(["a;b", "1,5;2,25", "2,5;3,75"], "t.csv")
        ';'
        >>> find_delimiter(["a,b", '"x;y",2'], "t.csv")
        ','
    """
    found: list[tuple[float, float, int, str]] = []
    for delimiter in _DELIMITERS:
        try:
            rows = [cells for _, cells in rows_of(lines, delimiter)]
        except DataError:
            continue
        counts = Counter(map(len, rows))
        if not counts:
            continue
        width, often = max(counts.items(), key=lambda item: (item[1], item[0]))
        if width < 2:
            continue
        cells = [cell for row in rows[-200:] if len(row) == width for cell in row]
        clean = sum(map(_clean, cells)) / len(cells)
        found.append((round(often / len(rows), 2), round(clean, 2), width, delimiter))
    if not found:
        return ","
    # rows of one length first, unless the cells look as if they had been cut in the middle
    best = max(found, key=lambda f: (f[0] >= 0.8, round(f[0] + f[1], 1), f[0] + f[1], f[2]))
    if best[0] < 0.5:
        best = max(found, key=lambda f: f[0] * f[1])
    _check_not_decimals(lines, best, where)
    return best[3]


def _clean(cell: str) -> bool:
    """A number, or text without a character that could be the real delimiter."""
    return not any(d in cell for d in _DELIMITERS) or written(cell) is not None


def _check_not_decimals(lines: list[str], best: tuple[float, float, int, str], where: str) -> None:
    """`price` above `1,5` and `2,7` is one column, or two with a name missing: ask."""
    filled = [line for line in lines if line.strip().strip('"')]  # "" is an empty cell
    if best[3] == "," and best[2] == 2 and len(filled) > 1:
        one = "," not in filled[0] and all(
            line.count(",") == 1 and '"' not in line and written(line.strip()) is not None
            for line in filled[1:]
        )
        if one:
            raise DataError(
                "the comma could be a decimal mark or stand between two columns",
                where=where,
                expected="one reading",
                received=f"{filled[0].strip()!r} above {filled[1].strip()!r}",
                fix=f"for one column of numbers say {argument('delimiter', ';')}; for two, "
                "complete the header",
            )
