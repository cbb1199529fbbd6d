"""Cells of a CSV file as text, column by column; `tables` makes arrays of them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..dialect import argument
from ..errors import DataError, FileError

__all__ = ["Cells", "Column", "number"]


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


class Cells:
    """The cells of one CSV file, read by `chainrule.tables`.

    Args:
        path: the file, UTF-8.
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
        self.drop, self.marks = drop, frozenset(marks)
        self.dropped: list[int] = []  # rows left out, counted from 1
        self._check_size(path, max_bytes)
        from .. import tables

        frame = tables.read(
            path,
            delimiter=delimiter,
            header=None if header == "auto" else bool(header),
            encoding="utf-8",
            comment="",
            as_text=range(tables.MAX_COLUMNS),
        )
        found = frame.format
        if found.titles or found.units_line or found.footer:
            raise DataError(
                "some lines are no rows, and this reader takes every line for one",
                where=self.where,
                received=found.said,
                fix="remove them, or read the file with cr.tables.read",
            )
        self.names = frame.names
        self.lines = frame.lines
        self.columns = [np.where(c.missing, "", c.values) for c in frame]
        self.numbers = np.arange(1, len(frame) + 1)

    def leave_out(self, ignored: Iterable[int] = ()) -> None:
        """Rows with a missing cell: they go, or the first of them is an error.

        Args:
            ignored: columns whose cells are not looked at.
        """
        skip = frozenset(ignored)
        gone = np.zeros(len(self.lines), bool)
        for i, cells in enumerate(self.columns):
            if i not in skip:
                gone |= np.fromiter((c in self.marks for c in cells), bool, len(cells))
        if not gone.any():
            return
        if not self.drop:
            row = int(np.argmax(gone))
            index = next(
                i for i, c in enumerate(self.columns) if i not in skip and c[row] in self.marks
            )
            raise self.bad(
                "a cell is missing",
                row,
                Column(self.names[index], index),
                expected="a value",
                received=repr(self.columns[index][row]),
                fix="fill it in, or leave such rows out with " + argument("missing", "drop"),
            )
        self.dropped = self.numbers[gone].tolist()
        self.lines, self.numbers = self.lines[~gone], self.numbers[~gone]
        self.columns = [cells[~gone] for cells in self.columns]

    def finite(self, column: Column) -> np.ndarray:
        """The cells of a column as numbers that float32 can hold."""
        cells = self.columns[column.index].tolist()
        found = [number(cell) for cell in cells]
        values = np.array([np.nan if v is None else v for v in found], np.float64)
        bad = ~(np.abs(values) < 3.4e38)
        if bad.any():
            row = int(np.argmax(bad))
            raise self.bad(
                "the cell is not a finite number",
                row,
                column,
                expected="a number that float32 can hold",
                received=repr(cells[row][:80]),
                fix='correct it; if it stands for "missing", name it in '
                + argument("missing_marks"),
            )
        return values

    def bad(self, problem: str, row: int, column: Column, **parts: Any) -> DataError:
        """The error for one cell."""
        where = f"{self.where}, line {self.lines[row]}, {column}"
        return DataError(problem, where=where, **parts)

    def __len__(self) -> int:
        return len(self.lines)

    def _check_size(self, path: Any, max_bytes: int) -> None:
        try:
            if not os.path.isfile(os.fspath(path)):
                raise FileError(
                    "there is no such file", where=path, expected="a CSV file", fix="check the path"
                )
            size = os.path.getsize(path)
        except FileError:
            raise
        except (OSError, TypeError, ValueError) as error:
            raise FileError(
                "the file cannot be read", where=path, expected="a CSV file", received=error
            ) from error
        if size > max_bytes:
            raise FileError(
                "the file is larger than allowed",
                where=path,
                expected=f"at most {max_bytes:,} bytes",
                received=f"{size:,} bytes",
                fix="give a larger " + argument("max_bytes"),
            )
