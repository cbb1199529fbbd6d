"""CSV files as teachers and their spreadsheets write them: read with care, written without harm."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..errors import DataError, FileError
from ..files import open_to_read, path_of

__all__ = ["Row", "csv_text", "read_rows"]

MOST_BYTES, MOST_ROWS = 4_000_000, 5_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # with which a cell would be computed by a spreadsheet


class Row(NamedTuple):
    """One row of a file: its line, counted from 1, and its cells without blanks at their ends."""

    line: int
    cells: list[str]


def read_rows(path: Any) -> list[Row]:
    """The rows of a CSV file that are not empty: commas, semicolons or tabs, UTF-8.

    Raises:
        FileError: there is no such file, it is too large, or no UTF-8.
        DataError: it has no rows, or quotes that do not close.
    """
    name = path_of(path)
    try:
        with open_to_read(name) as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        if isinstance(error, FileError):
            raise
        raise FileError("the file cannot be read", where=name, received=error.strerror,
                        fix="check the path") from None  # fmt: skip
    if len(data) > MOST_BYTES:
        raise FileError("the file is larger than a class list can be", where=name,
                        expected=f"at most {MOST_BYTES:,} bytes")  # fmt: skip
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileError(
            "the file is not UTF-8 text", where=name, fix="save it as CSV UTF-8"
        ) from None
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    found: list[Row] = []
    try:
        for cells in reader:
            plain = [_unguarded(cell.strip()) for cell in cells]
            if any(plain):
                found.append(Row(reader.line_num, plain))
    except csv.Error as error:
        raise DataError(
            "the row cannot be split into cells", where=f"{name}, line {reader.line_num}",
            expected="quotes in pairs", received=error,
        ) from None  # fmt: skip
    if not found:
        raise DataError("the file is empty", where=name, fix="write one line for each student")
    if len(found) > MOST_ROWS:
        raise DataError("there are more rows than a class has students", where=name,
                        expected=f"at most {MOST_ROWS:,}", received=f"{len(found):,}")  # fmt: skip
    return found


def csv_text(rows: Sequence[Sequence[object]]) -> str:
    r"""Rows as CSV text that no spreadsheet takes for formulas; `read_rows` reads it back.

    Numbers stay numbers. In a file, `utf-8-sig` tells spreadsheets how letters are written.

    Example:
        >>> csv_text([["name", 1], ["=cmd()", -2.5]])
        "name,1\r\n'=cmd(),-2.5\r\n"
    """
    text = io.StringIO()
    guarded = [[_guarded(c) if isinstance(c, str) else c for c in row] for row in rows]
    csv.writer(text).writerows(guarded)
    return text.getvalue()


def _guarded(cell: str) -> str:
    cell = cell.replace("\0", "")
    return "'" + cell if cell.startswith((*_FORMULA, "'")) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith((*_FORMULA, "'")) else cell
