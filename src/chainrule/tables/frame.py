"""A table as it was read: columns by name, cells as numbers, text or dates, and where they stood.

Nothing here says what a column is good for; that is `roles`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError, did_you_mean

__all__ = ["Column", "Frame"]


@dataclass(frozen=True, eq=False)
class Column:
    """One column of a table.

    Args:
        name: as in the header, or `x1`, `x2`, ... where there is none.
        index: its place in the file, from 0.
        kind: `"number"`, `"text"` or `"date"`.
        data: the cells: an array of Arrow (kept as it is until `values` is asked for) or of NumPy.
        written: the first cells as they stood in the file, by row of the frame, for messages.
        unread: cells that did not fit the column and count as missing, by row of the frame.

    Example:
        >>> column = Column("age", 0, "number", np.array([39.0, np.nan]))
        >>> column.missing.tolist(), len(column)
        ([False, True], 2)
    """

    name: str
    index: int
    kind: str
    data: Any
    written: Mapping[int, str] | None = None
    unread: Mapping[int, str] | None = None

    @cached_property
    def values(self) -> np.ndarray:
        """float64 with NaN, objects (str or None), or datetime64[us] with NaT, by `kind`."""
        data = self.data
        if hasattr(data, "null_count"):
            data = _of_arrow(data)
        if self.kind == "number":
            return np.asarray(data, np.float64)
        return np.asarray(data, "datetime64[us]" if self.kind == "date" else object)

    @cached_property
    def missing(self) -> np.ndarray:
        """True for the empty cells."""
        if self.kind == "number":
            return np.isnan(self.values)
        if self.kind == "date":
            return np.isnat(self.values)
        return np.fromiter((v is None for v in self.values), bool, len(self.values))

    def take(self, rows: Any) -> Column:
        """The same with these rows alone."""
        unread = None
        if self.unread:
            places = np.arange(len(self))[rows].tolist()
            unread = {i: self.unread[row] for i, row in enumerate(places) if row in self.unread}
        # not `replace`, which asks for all fields: tables have thousands of columns
        return Column(self.name, self.index, self.kind, self.values[rows], None, unread)

    def __len__(self) -> int:
        return len(self.data)


@dataclass(frozen=True, eq=False)
class Frame:
    """Columns of one length.

    Args:
        columns: in the order of the file.
        lines: for each row, the line of the file where it begins, as an editor counts (from 1);
            rows of data from 1 where there are no lines.
        where: the file, for messages.
        format: how the file was found to be written; None for data that come as columns.
        notices: sentences for whoever asked for these rows.

    Example:
        >>> frame = Frame.of({"age": [39, None], "job": ["cook", ""]})
        >>> frame["job"].values.tolist(), frame.names, len(frame)
        (['cook', None], ['age', 'job'], 2)
    """

    columns: Sequence[Column]
    lines: np.ndarray
    where: str = "the table"
    format: Any = None
    notices: tuple[str, ...] = ()

    @classmethod
    def of(cls, columns: Mapping[str, Any], where: str = "the table") -> Frame:
        """A frame from plain lists or arrays by name; None, NaN, NaT and "" are missing."""
        if len({str(name) for name in columns}) < len(columns):
            raise DataError(
                "two columns have the same name",
                where=where,
                expected="a different name for every column",
                received=repr([*columns])[:200],
            )
        made = [
            _column(str(name), i, values, where) for i, (name, values) in enumerate(columns.items())
        ]
        lengths = {len(column) for column in made}
        if len(lengths) > 1:
            raise ArgumentError(
                "the columns have different lengths",
                where=where,
                received=", ".join(f"{c.name}: {len(c):,}" for c in made[:10]),
            )
        return cls(made, np.arange(1, (lengths.pop() if lengths else 0) + 1), where)

    @property
    def names(self) -> list[str]:
        """Of the columns, in order."""
        return [column.name for column in self.columns]

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        """The first column of each name: thousands of them are looked up."""
        return {column.name: column for column in reversed(self.columns)}

    def __getitem__(self, key: int | str) -> Column:
        if isinstance(key, str):
            if key in self._by_name:
                return self._by_name[key]
        elif -len(self.columns) <= key < len(self.columns):
            return self.columns[key]
        raise ArgumentError(
            "there is no such column",
            where=self.where,
            expected="one of " + ", ".join(self.names[:20]),
            received=repr(key),
            fix=did_you_mean(key, self.names) if isinstance(key, str) else None,
        )

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def word(self) -> str:
        """What `lines` count: `"line"` of a file of text, as an editor does; else `"row"`."""
        return "line" if getattr(self.format, "door", "") == "CSV" else "row"

    def at(self, row: int) -> str:
        """Where a row stands: `line 12`, `row 12`."""
        return f"{self.word} {int(self.lines[row])}"

    def say_at(self, rows: Any, most: int = 3) -> str:
        """Where some rows stand, for a sentence: `lines 3, 5, 9, ... of the file`.

        Args:
            rows: a mask.
            most: so many are named.
        """
        lines = self.lines[rows].tolist()
        shown = ", ".join(map(str, lines[:most])) + (", ..." if len(lines) > most else "")
        word = self.word if len(lines) == 1 else self.word + "s"
        door = getattr(self.format, "door", "")
        whole = {"CSV": " of the file", "Excel": " of the sheet"}.get(door, "")
        return f"{word} {shown}{whole}"

    def take(self, rows: Any) -> Frame:
        """The same with these rows alone (numbers from 0, or a mask)."""
        return replace(self, columns=[c.take(rows) for c in self.columns], lines=self.lines[rows])

    def __repr__(self) -> str:
        return f"Frame: {len(self):,} rows, {len(self.columns):,} columns of {self.where}"


def _of_arrow(data: Any) -> np.ndarray:
    """An array of Arrow as one of NumPy; texts that occur often are one object each."""
    if not str(data.type).startswith("dictionary"):
        return data.to_numpy(zero_copy_only=False)
    parts = [np.zeros(0, object)]
    for chunk in data.chunks if hasattr(data, "chunks") else [data]:
        # Arrow's own conversion gives some other text in place of a missing one
        texts = np.array([*chunk.dictionary.to_pylist(), None], object)
        parts.append(texts[chunk.indices.fill_null(len(texts) - 1).to_numpy(zero_copy_only=False)])
    return np.concatenate(parts)


def _column(name: str, index: int, values: Any, where: str) -> Column:
    try:
        array = np.asarray(values)
    except ValueError:  # lists of different lengths
        array = np.zeros((0, 0))
    if array.ndim != 1 or array.dtype.kind in "cV":
        shape = f"shape {array.shape}" if array.size else "cells of several values"
        raise _no_cells(name, where, array.dtype.name if array.ndim == 1 else shape)
    if array.dtype.kind in "biuf":
        return Column(name, index, "number", array.astype(np.float64))
    if array.dtype.kind == "M":
        return Column(name, index, "date", array.astype("datetime64[us]"))
    cells = [None if _is_missing(v) else v for v in array.tolist()]
    odd = next((v for v in cells if isinstance(v, (complex, list, dict, set, np.ndarray))), None)
    if odd is not None:
        raise _no_cells(name, where, repr(odd)[:80])
    if all(v is None or isinstance(v, (int, float)) for v in cells):
        numbers = np.array([np.nan if v is None else v for v in cells], np.float64)
        return Column(name, index, "number", numbers)
    zones = [v.tzinfo is not None for v in cells if isinstance(v, datetime.datetime)]
    if any(zones) and len(zones) == sum(v is not None for v in cells):
        if not all(zones):
            raise _no_cells(name, where, "times with a zone and times without one")
        utc = [v and v.astimezone(datetime.UTC).replace(tzinfo=None) for v in cells]  # type: ignore[attr-defined]
        return Column(name, index, "date", np.array(utc, "datetime64[us]"))
    data = np.array([None if v is None else str(v) for v in cells], object)
    return Column(name, index, "text", data)


def _is_missing(value: Any) -> bool:
    """None, "", NaN, NaT, and the NA of pandas, which is not equal to anything."""
    if value is None or type(value).__name__ == "NAType":
        return True
    if isinstance(value, np.ndarray):
        return False
    return bool(value == "" or value != value)


def _no_cells(name: str, where: str, received: str) -> DataError:
    return DataError(
        "a column is no list of cells",
        where=f"{where}, column {name!r}",
        expected="one number, text or date for each row",
        received=received,
        fix="take its parts into columns of their own, or leave the column out",
    )
