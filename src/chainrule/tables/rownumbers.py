"""The line of the file in which each row begins: empty lines, quotes with line breaks."""

from __future__ import annotations

from typing import NoReturn

import numpy as np

from ..errors import DataError
from .found import CsvFile, ragged

__all__ = ["RowNumbers"]


class RowNumbers:
    """The line of every row, found beside the reading: empty lines, quotes with line breaks."""

    def __init__(self, table: CsvFile) -> None:
        self.table, self.line, self.open = table, table.first_line, False
        self.blocks = table.lines().blocks()
        self.kept: list[np.ndarray] = []
        self.count = 0

    def take(self, rows: int) -> np.ndarray:
        """The next ones."""
        while self.count < rows:
            block = next(self.blocks, None)
            if block is None:
                self._mismatch()
            found = self._of(block)
            self.kept.append(found)
            self.count += len(found)
        every = np.concatenate(self.kept) if self.kept else np.zeros(0, int)
        self.kept, self.count = [every[rows:]], len(every) - rows
        return every[:rows]

    def end(self) -> None:
        """Nothing may be left over."""
        for block in self.blocks:
            self.count += len(self._of(block))
        if self.open or self.count:
            self._mismatch()

    def _of(self, block: bytes) -> np.ndarray:
        a = np.frombuffer(block, np.uint8)
        ends = np.flatnonzero(a == 10)
        starts = np.concatenate([[0], ends[:-1] + 1])
        empty = (ends == starts) | ((ends == starts + 1) & (a[starts] == 13))
        lines = np.arange(self.line, self.line + len(ends))
        self.line += len(ends)
        if b'"' not in block and not self.open:
            return lines[~empty]
        quotes = np.flatnonzero(a == 34)
        inside = (np.searchsorted(quotes, starts) + self.open) % 2 == 1
        self.open = bool((len(quotes) + self.open) % 2)
        return lines[~empty & ~inside]

    def _mismatch(self) -> NoReturn:
        """Quotes are not in pairs: find the row by going through the file once more."""
        table = self.table
        last = table.first_line
        for line, cells in table.slow_rows():
            if len(cells) != table.width:
                raise ragged(table, line, cells)
            last = line
        raise DataError(
            "the rows cannot be told apart: quotes are not in pairs",
            where=f"{table.path}, row {last}",
            expected="a closing quote for every opening one, as RFC 4180 says",
            fix='double a quote inside a cell: "5"" pipe"',
        )
