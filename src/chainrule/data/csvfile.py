"""Rows of a CSV file, checked one by one; `tables` makes arrays of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ..dialect import argument
from ..errors import DataError, FileError

__all__ = ["Column", "CsvFile", "number"]

MAX_COLUMNS = 10_000
MAX_LINE = 1 << 20


@dataclass
class Column:
    """What one column holds: numbers, or the categories in order."""

    name: str
    index: int
    categories: list[str] | None = None

    def __str__(self) -> str:
        return f"column {self.index + 1} ({self.name!r})"

    def features(self) -> list[str]:
        """Names of the features made of this column."""
        if self.categories is None:
            return [self.name]
        return [f"{self.name}={category}" for category in self.categories]


def number(cell: str) -> float | None:
    """The number written in a cell, or None.

    Example:
        >>> number("-1e3"), number("1_000"), number("nan")
        (-1000.0, None, None)
    """
    # float() also reads 1_000, nan, infinity and the digits of other scripts
    if "_" in cell or cell[-1:].isalpha() or not cell.isascii():
        return None
    try:
        return float(cell)
    except ValueError:
        return None


class CsvFile:
    """The bytes of one CSV file, and its rows as often as they are wanted.

    Args:
        path: the file.
        delimiter: what stands between cells.
        header: True, False or `"auto"`.
        drop: leave out rows with a missing cell, else they are an error.
        marks: cells that mean "missing".
        max_bytes: refuse larger files.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        delimiter: str,
        header: bool | str,
        drop: bool,
        marks: Iterable[str],
        max_bytes: int,
    ) -> None:
        self.where = str(path)
        self.delimiter, self.drop, self.marks = delimiter, drop, frozenset(marks)
        self.ignored: frozenset[int] = frozenset()  # columns whose cells are not looked at
        self.dropped: list[int] = []  # rows left out, counted from 1
        self.number = 0  # of the row that `rows` gave last
        self.data = self._load(path, max_bytes)
        self.names, self.skip_first = self._header(header)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Line number and cells of each row of data, all of one length and none missing."""
        self.dropped, self.number, width = [], 0, len(self.names)
        lines = self._lines()
        if self.skip_first:
            next(lines)
        for line, cells in lines:
            if len(cells) != width:
                raise DataError(
                    "the row has a different length",
                    where=f"{self.where}, row {line}",
                    expected=f"{width} cells, as in the first row",
                    received=f"{len(cells)} cells",
                    fix="quote cells that contain the delimiter, or complete the row",
                )
            self.number += 1
            index = None if self.marks.isdisjoint(cells) else self._missing(cells)
            if index is None:
                yield line, cells
            elif self.drop:
                self.dropped.append(self.number)
            else:
                raise self.bad(
                    "a cell is missing",
                    line,
                    Column(self.names[index], index),
                    expected="a value",
                    received=repr(cells[index]),
                    fix="fill it in, or leave such rows out with " + argument("missing", "drop"),
                )

    def _missing(self, cells: list[str]) -> int | None:
        found = (i for i, c in enumerate(cells) if c in self.marks and i not in self.ignored)
        return next(found, None)

    def finite(self, cell: str, line: int, column: Column) -> float:
        """The cell as a number that float32 can hold."""
        value = number(cell)
        if value is None or not abs(value) < 3.4e38:
            raise self.bad(
                "the cell is not a finite number",
                line,
                column,
                expected="a number that float32 can hold",
                received=repr(cell[:80]),
                fix='correct it; if it stands for "missing", name it in '
                + argument("missing_marks"),
            )
        return value

    def bad(self, problem: str, line: int, column: Column, **parts: Any) -> DataError:
        """The error for one cell."""
        return DataError(problem, where=f"{self.where}, row {line}, {column}", **parts)

    @staticmethod
    def _load(path: str | os.PathLike[str], max_bytes: int) -> bytes:
        try:
            if not os.path.isfile(os.fspath(path)):
                raise FileError(
                    "there is no such file", where=path, expected="a CSV file", fix="check the path"
                )
            with open(path, "rb") as file:
                data = file.read(max_bytes + 1)
        except FileError:
            raise
        except (OSError, TypeError, ValueError) as error:
            raise FileError(
                "the file cannot be read", where=path, expected="a CSV file", received=error
            ) from error
        if len(data) > max_bytes:
            raise FileError(
                "the file is larger than allowed",
                where=path,
                expected=f"at most {max_bytes:,} bytes",
                received=f"{os.path.getsize(path):,} bytes",
                fix="give a larger " + argument("max_bytes"),
            )
        return data

    def _header(self, header: bool | str) -> tuple[list[str], bool]:
        """Names of the columns, and whether they stand in the first row."""
        lines = self._lines()
        line, first = next(lines, (1, []))
        place = f"{self.where}, row {line}"
        if not 0 < len(first) <= MAX_COLUMNS:
            raise DataError(
                "there are too many columns" if first else "the file is empty",
                where=place if first else self.where,
                expected=f"1 to {MAX_COLUMNS:,} columns",
                received=f"{len(first):,}",
            )
        other = next((mark for mark in ";\t|," if mark in first[0]), None)
        if len(first) == 1 and other:
            raise DataError(
                "there is only one column",
                where=place,
                received=repr(first[0][:80]),
                fix="read it with " + argument("delimiter", other),
            )
        if header == "auto":
            header = all(number(cell) is None for cell in first)
            if header and all(number(cell) is None for _, cells in lines for cell in cells):
                raise DataError(
                    "nothing tells whether the first row is a header: no cell below is a number",
                    where=place,
                    received=", ".join(first[:8]),
                    fix=f"say {argument('header', True)} or {argument('header', False)}",
                )
        names = first if header else [f"x{i + 1}" for i in range(len(first))]
        odd = next((i for i, n in enumerate(names) if not n or n in names[:i]), None)
        if odd is not None:
            raise DataError(
                "a column has no name of its own",
                where=f"{place}, column {odd + 1}",
                expected="a different name for every column",
                received=repr(names[odd]),
                fix=f"name the column, or remove it; {argument('header', False)} if these are not "
                "names",
            )
        return names, bool(header)

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        import csv
        import io

        text = io.TextIOWrapper(io.BytesIO(self.data), encoding="utf-8-sig", newline="")
        reader = csv.reader(
            self._short(text), delimiter=self.delimiter, skipinitialspace=True, strict=True
        )
        try:
            for cells in reader:
                cells = [cell.strip() for cell in cells]
                if cells not in ([], [""]):
                    yield reader.line_num, cells
        except csv.Error as error:
            raise DataError(
                "the row cannot be split into cells",
                where=f"{self.where}, row {reader.line_num}",
                expected="quotes in pairs, as RFC 4180 says",
                received=error,
            ) from None
        except UnicodeDecodeError as error:
            raise FileError(
                "the file is not UTF-8 text",
                where=self.where,
                received=f"the byte {error.object[error.start]:#04x}",
                fix="save it as UTF-8",
            ) from None

    def _short(self, text: Iterable[str]) -> Iterator[str]:
        for line in text:
            if len(line) > MAX_LINE:
                raise DataError(
                    "a line is longer than allowed",
                    where=self.where,
                    expected=f"at most {MAX_LINE:,} characters",
                    received=f"{len(line):,}",
                )
            yield line
