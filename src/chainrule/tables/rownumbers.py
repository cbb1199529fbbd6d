"""The line of the file in which each row begins: empty lines, quotes with line breaks."""

from __future__ import annotations

from typing import NoReturn

import numpy as np

from .found import CsvFile, ragged, stray_quote

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
        self._check_closed(a, quotes, ends)
        inside = (np.searchsorted(quotes, starts) + self.open) % 2 == 1
        self.open = bool((len(quotes) + self.open) % 2)
        return lines[~empty & ~inside]

    def _mismatch(self) -> NoReturn:
        """Quotes are not in pairs: find the row by going through the file once more."""
        table = self.table
        line, cells = table.first_line, []
        for line, cells in table.slow_rows():
            if len(cells) != table.width:
                raise ragged(table, line, cells)
        problem = "the rows cannot be told apart: quotes are not in pairs"
        raise stray_quote(table, line, cells, problem)

    def _check_closed(self, a: np.ndarray, quotes: np.ndarray, ends: np.ndarray) -> None:
        """After a quote that closes a cell of several lines comes the next cell, or the row's end.

        Else it opens a cell, and the one before it was never closed: rows between the two would
        be text of one cell.
        """
        if self.open:  # the first of this block closes a cell of the block before
            opened, closed = np.concatenate([[-1], quotes[1::2]]), quotes[::2]
        else:
            opened, closed = quotes[::2], quotes[1::2]
        opened = opened[: len(closed)]
        far = np.searchsorted(ends, opened) != np.searchsorted(ends, closed)
        if self.open and len(far):
            far[0] = True
        fine = {b"", b"\n", b"\r", b'"', self.table.delimiter.encode()}
        for at in closed[far].tolist():
            rest = a[at + 1 : at + 200].tobytes().lstrip(b" ")
            if not any(rest.startswith(mark) if mark else not rest for mark in fine):
                line = self.line - len(ends) + int(np.searchsorted(ends, at))
                self._not_closed_before(line)

    def _not_closed_before(self, end: int) -> NoReturn:
        """The row that holds the line `end`."""
        found: tuple[int, list[str]] = (self.table.first_line, [])
        for line, cells in self.table.slow_rows():
            if line > end:
                break
            found = line, cells
        raise stray_quote(
            self.table, *found, f"the row runs up to line {end}: a quote in it is not closed"
        )
