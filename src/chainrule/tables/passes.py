"""Tables larger than memory: gone through as often as needed, and rows of them drawn."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ..dialect import argument
from ..errors import DataError
from .arrow import need, release
from .csvs import CsvTable, ReadAgain
from .doors import file_kind, frames
from .frame import Column, Frame
from .judge import Wanted
from .split import scramble

__all__ = ["Drawn", "Passes", "bytes_of", "draws", "joined", "rows_of", "uniform"]

_PACKED = 5  # how many times as large as the file its text is, as a rule
_ROW = 1 << 16  # bytes from which the length of a row is told


def bytes_of(path: str) -> int:
    """About how many bytes a table takes: of lines the text, of typed columns 8 for each cell.

    Workbooks and JSON come in one piece: for them it is 0.
    """
    size, (_, kind) = os.path.getsize(path), file_kind(path)
    if kind == "parquet":
        about = need("pyarrow.parquet").read_metadata(path)
        return 8 * about.num_rows * about.num_columns
    return {"csv": size, "arrow": size, "gzip": _PACKED * size}.get(kind, 0)


class Passes:
    r"""A file that is gone through block by block, in one format found at the first time.

    Args:
        path: the file.
        wanted: what was said about it.

    Example:
        >>> import tempfile
        >>> file = tempfile.NamedTemporaryFile("w", suffix=".csv")
        >>> _ = file.write("a,b\n" + "1,2\n" * 5)
        >>> file.flush()
        >>> passes, rows = Passes(file.name, Wanted()), []
        >>> passes.first(lambda: rows.append)
        >>> sum(map(len, rows)), sum(map(len, passes)), passes.format.delimiter
        (5, 5, ',')
        >>> file.close()
    """

    def __init__(self, path: str, wanted: Wanted) -> None:
        self.path, self.wanted, self.format = path, wanted, None
        _, self.kind = file_kind(path)
        lines = self.kind in ("csv", "gzip")
        packed = "gzip" if self.kind == "gzip" else ""
        self.table = CsvTable(path, wanted, packed) if lines else None

    def first(self, begin: Callable[[], Callable[[Frame], Any]]) -> None:
        """Give every block of rows to what `begin()` gives, checked cell by cell.

        Where cells far down show that the rows before were read wrongly, it begins once more:
        `begin` is called again.

        Raises:
            DataError: a row or a cell that does not fit.
        """
        while True:
            look = begin()
            try:
                for frame in self._blocks():
                    if self.format is None or self.table is not None:
                        self.format = frame.format
                    look(frame)
                return
            except ReadAgain:
                continue
            finally:
                release()

    def __iter__(self) -> Iterator[Frame]:
        try:
            if self.table is None and self.format is not None:
                yield from frames(self.path, replace(self.wanted, like=self.format))
            else:
                yield from self._blocks()
        finally:
            release()

    def _blocks(self) -> Iterator[Frame]:
        if self.table is None:
            return frames(self.path, self.wanted)
        return self.table.blocks(again=True)

    @property
    def rows_about(self) -> int:
        """About how many rows there are, told from the first lines; 0 where nothing tells."""
        if self.kind == "parquet":
            return int(need("pyarrow.parquet").read_metadata(self.path).num_rows)
        if self.kind != "csv":
            return 0
        with open(self.path, "rb") as file:
            start = file.read(_ROW)
        return os.path.getsize(self.path) * start.count(b"\n") // max(1, len(start))


def draws(lines: np.ndarray, seed: int, use: int) -> np.ndarray:
    """A number from 0 up to 1 for each row, of its line in the file and the seed alone.

    How the rows came in blocks changes nothing.

    Args:
        lines: of the rows.
        seed: of the training.
        use: what they are for; other uses give other numbers.

    Example:
        >>> whole = draws(np.arange(5), seed=3, use=1)
        >>> bool((draws(np.arange(2, 5), 3, 1) == whole[2:]).all()), len(set(whole.tolist()))
        (True, 5)
    """
    key = scramble(np.array([seed], np.uint64) + (np.uint64(use) << np.uint64(32)))
    return uniform(scramble(lines.astype(np.uint64) ^ key))


def uniform(words: np.ndarray) -> np.ndarray:
    """Words of 64 bits as numbers from 0 up to 1: their first 53 bits, in which all differ.

    Example:
        >>> uniform(np.array([0, 1 << 63], np.uint64)).tolist()
        [0.0, 0.5]
    """
    return (words >> np.uint64(11)) * 2.0**-53


class Drawn:
    """An even choice of the rows that come by: those with the smallest numbers of `draws`.

    Args:
        most: how many are kept.

    Example:
        >>> drawn = Drawn(3)
        >>> for k in range(4):
        ...     frame = Frame.of({"a": np.arange(10.0) + 10 * k})
        ...     drawn.add(frame, draws(frame.lines + 10 * k, seed=0, use=1))
        >>> len(drawn.frame()), drawn.seen
        (3, 40)
    """

    def __init__(self, most: int) -> None:
        self.most, self.seen = most, 0
        self.limit = 1.0
        self.keys: list[np.ndarray] = []
        self.frames: list[Frame] = []
        self.held = 0

    def add(self, frame: Frame, keys: np.ndarray) -> None:
        """Rows with their numbers."""
        self.seen += len(keys)
        rows = np.flatnonzero(keys <= self.limit)
        if not len(rows):
            return
        self.frames.append(rows_of(frame, rows))
        self.keys.append(keys[rows])
        self.held += len(rows)
        if self.held > 1.3 * self.most:
            self._shrink()

    def _shrink(self) -> None:
        keys = np.concatenate(self.keys)
        kept = np.sort(np.argsort(keys, kind="stable")[: self.most])  # in the order of the file
        self.frames = [joined(self.frames).take(kept)]
        self.keys, self.held = [keys[kept]], len(kept)
        if len(kept):
            self.limit = float(self.keys[0].max())

    def frame(self) -> Frame:
        """The rows drawn, in the order of the file."""
        self._shrink()
        return self.frames[0]


def rows_of(frame: Frame, rows: np.ndarray) -> Frame:
    """Some rows of a block; columns of Arrow become arrays of NumPy for these alone."""
    made = []
    for column in frame:
        if hasattr(column.data, "null_count"):
            column = replace(column, data=column.data.take(need().array(rows)), written=None)
            made.append(replace(column, data=column.values))
        else:
            made.append(column.take(rows))
    return replace(frame, columns=made, lines=frame.lines[rows])


def joined(frames: list[Frame]) -> Frame:
    """Rows of several blocks as one frame.

    Raises:
        DataError: a column holds other kinds of cells in some of them.
    """
    if len(frames) == 1:
        return frames[0]
    made = []
    for i, column in enumerate(frames[0]):
        parts = [f.columns[i] for f in frames]
        kinds = {part.kind for part in parts if not part.missing.all()}
        if len(kinds) > 1:
            raise DataError(
                f"the column {column.name!r} holds another kind of cells further down",
                where=frames[0].where,
                expected=f"a {column.kind} in every row",
                received=" and ".join(sorted(kinds)),
                fix=f"name the column in {argument('categorical')}",
            )
        kind = kinds.pop() if kinds else column.kind
        values = [_as(part, kind) for part in parts]
        made.append(Column(column.name, i, kind, np.concatenate(values)))
    return replace(frames[0], columns=made, lines=np.concatenate([f.lines for f in frames]))


def _as(column: Column, kind: str) -> Any:
    """The cells; of another kind only where all are empty."""
    if column.kind == kind:
        return column.values
    nothing = {"number": np.nan, "date": np.datetime64("NaT", "us"), "text": None}[kind]
    return np.full(len(column), nothing, {"number": np.float64, "text": object}.get(kind, "M8[us]"))
