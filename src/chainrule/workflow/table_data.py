"""The table that is trained on: read, its columns understood, its target taken."""

from __future__ import annotations

import codecs
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .. import tables
from ..data import catalog
from ..dialect import argument
from ..errors import ArgumentError, DataError
from ..files import digest_of
from ..tables import Frame, split
from ..tables.judge import is_mark
from ..tables.roles import find_column
from .table_options import TableOptions
from .table_series import as_series

__all__ = ["Odd", "TableData", "about_table", "as_roles", "is_table", "is_utf8", "open_table",
           "places_of", "read_table", "kinds_of"]  # fmt: skip

# files of arrays go the way of arrays
_ARRAYS = (".npy", ".npz", ".idx", ".gz", ".safetensors")


def is_table(data: Any) -> bool:
    """Is this a table: a file of one, a folder with `train.csv`, or columns by name in memory?

    Example:
        >>> is_table({"age": [39, 40], "job": ["cook", "smith"]}), is_table("digits")
        (True, False)
    """
    if isinstance(data, (str, os.PathLike)):
        place = os.fspath(data)
        if place in catalog.datasets or isinstance(place, bytes):
            return False
        if os.path.isdir(place):
            return os.path.isfile(os.path.join(place, "train.csv"))
        return os.path.isfile(place) and not place.lower().endswith(_ARRAYS)
    if isinstance(data, (Frame, Mapping)):
        return True
    return hasattr(data, "__arrow_c_stream__") or (
        hasattr(data, "columns") and hasattr(data, "__getitem__") and not isinstance(data, tuple)
    )


def is_utf8(path: Any) -> bool:
    r"""Is this a file of UTF-8 with letters beyond ASCII? By chance no other text is.

    Example:
        >>> import os, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "t.csv")
        ...     with open(path, "wb") as file:
        ...         _ = file.write("ort\nKöln\n".encode("cp1252"))
        ...     is_utf8(path)
        False
    """
    try:
        with open(path, "rb") as file:
            start = file.read(_LOOKED_AT)
        text = codecs.getincrementaldecoder("utf-8")().decode(start)
    except (OSError, UnicodeDecodeError):
        return False
    return not text.isascii()


@dataclass(eq=False)
class TableData:
    """A table ready for training.

    Args:
        frame: the rows that have a target.
        roles: what its columns are.
        y: int32 classes, or float64 values in the target's units.
        name: how it is called.
        place: its path; None for data in memory.
        digest: SHA-256 of the file; None for data in memory.
        test: rows that are for the figures alone.
        test_y: their targets.
        test_seen: which of them are copies of rows to train on.
        test_place: the path of the file with these rows; None for data in memory.
        test_digest: its SHA-256.
        notices: sentences for the reader.
        series: past values and simple answers, where the table is a series.
        large: of a table larger than memory, of which `frame` is a sample: the whole of it.
    """

    frame: Frame
    roles: Any
    y: np.ndarray
    name: str
    place: str | None
    digest: str | None
    test: Frame | None = None
    test_y: np.ndarray | None = None
    test_seen: np.ndarray | None = None
    test_place: str | None = None
    test_digest: str | None = None
    notices: list[str] = field(default_factory=list)
    series: Any = None
    large: Any = None

    @property
    def rows(self) -> int:
        """How many rows with a target there are."""
        return len(self.frame) if self.large is None else self.large.rows

    @property
    def class_names(self) -> list[str] | None:
        """In the order of the class numbers; None for values."""
        names = self.roles.class_names
        return None if names is None else list(names)

    @property
    def classes(self) -> int:
        """How many classes; 0 for values."""
        return len(self.class_names or ())


def open_table(data: Any, options: TableOptions) -> TableData:
    """Read a table and find out what its columns are.

    Args:
        data: a path, or columns in memory.
        options: what was said about it.

    Raises:
        FileError: the file is missing or damaged.
        DataError: a table that cannot be learnt from.
        ArgumentError: a column that is not there.
    """
    place, test = places_of(data, options)
    frame = read_table(data if place is None else place, options)
    for option in ("group", "time"):
        if (name := getattr(options, option)) is not None:
            find_column(frame, name, option)
    roles = tables.find_roles(frame, **options.roles())
    unread = _say_unread(frame)
    notices, found = [*roles.notices, *unread], as_series(frame, roles, options)
    if found is not None:
        frame, roles, _ = found
        notices = [*roles.notices, *unread, *found[2].lagged.notices]
    frame, _ = _with_target(frame, roles)  # `find_roles` has said it
    y = tables.targets(frame, roles)
    _need_rows(frame)
    name = os.path.basename(place) if place is not None else _name_of(data)
    made = TableData(frame, roles, y, name, place, None if place is None else digest_of(place),
                     notices=notices, series=None if found is None else found[2])  # fmt: skip
    if test is not None:
        _add_test(made, test, options)
    return made


def _add_test(made: TableData, test: Any, options: TableOptions) -> None:
    """Read the rows for the figures.

    Raises:
        ArgumentError: they are the rows of the training.
        DataError: there are none.
    """
    if isinstance(test, (str, os.PathLike)):
        made.test_place = os.path.abspath(os.fspath(test))
        made.test_digest = digest_of(made.test_place)
    rows = read_table(test, options, columns=made.frame.format)
    made.test, left_out = _with_target(rows, made.roles)
    left_out += _say_unread(rows)
    made.notices += [f"{argument('test')}: {line}" for line in left_out]
    made.test_y = tables.targets(made.test, made.roles)
    count = len(made.test)
    if not count:
        raise DataError("the file for the figures has no rows", where=rows.where)
    same_file = made.digest is not None and made.test_digest == made.digest
    made.test_seen = _seen(made.frame, made.test, made.roles)
    seen = count if same_file else int(made.test_seen.sum())
    if seen == count:
        raise ArgumentError(
            f"the rows of {argument('test')} are those of the training: figures on them say "
            "nothing about other rows",
            where=rows.where,
            fix=f"leave {argument('test')} out, and rows are held out",
        )
    if seen:
        rows_are = "row is" if seen == 1 else "rows are"
        loud = "WARNING: " if seen > _MANY_SEEN * count else ""
        made.notices.append(
            f"{loud}{argument('test')}: {seen:,} of {count:,} {rows_are} equal to rows of the "
            "training, which flatters the figures"
        )


def _seen(frame: Frame, test: Frame, roles: Any) -> np.ndarray:
    """Which rows of the second frame are copies of rows of the first."""
    ours, theirs = as_roles(frame, roles)[0], as_roles(test, roles)[0]
    if any(role.name not in theirs for role in roles.used):
        return np.zeros(len(test), bool)  # training complains of it in its own words
    both = [
        tables.Column(r.name, i, ours[r.name].kind,
                      np.concatenate([ours[r.name].values, theirs[r.name].values]))
        for i, r in enumerate(roles.used)
    ]  # fmt: skip
    groups = split.equal_rows(Frame(both, np.arange(len(frame) + len(test))), roles).groups
    return np.isin(groups[len(frame) :], groups[: len(frame)])


def places_of(data: Any, options: TableOptions) -> tuple[str | None, Any]:
    """The path of the table, or None; and the file or rows of the test part, or None."""
    if not isinstance(data, (str, os.PathLike)):
        return None, options.test
    place, test = os.path.abspath(os.fspath(data)), options.test
    if not os.path.isdir(place):
        return place, test
    beside = os.path.join(place, "test.csv")
    # how rows are held out was said otherwise
    apart = any(v is not None for v in (options.folds, options.time, options.lags))
    if test is None and not apart and os.path.isfile(beside):
        test = beside
    return os.path.join(place, "train.csv"), test


def read_table(data: Any, options: TableOptions, **more: Any) -> Frame:
    """A frame of anything that is a table.

    Args:
        data: a path, or columns in memory.
        options: what was said about it.
        more: `columns`, the format of the training's table; `lenient`.
    """
    if isinstance(data, Frame):
        return data
    return tables.read(data, **options.reading(), **kinds_of(options), **more)


def kinds_of(options: TableOptions) -> dict[str, tuple[int | str, ...]]:
    """Columns that the reader shall leave as they are written, and those that hold numbers."""
    return {"as_text": (*options.text, *options.categorical), "as_number": tuple(options.numeric)}


def _say_unread(frame: Frame) -> list[str]:
    """Which cells of columns that were said to be numbers are none, and are missing."""
    said = []
    for column in frame:
        if not column.unread or column.kind != "number":
            continue
        many = len(column.unread)
        words = Counter(column.unread.values()).most_common()
        shown = ", ".join(repr(word[:20]) + (f" ({count:,} times)" if count > 1 else "")
                          for word, count in words[:5])  # fmt: skip
        more = ", ..." if len(words) > 5 else ""
        rows = np.isin(np.arange(len(frame)), [*column.unread])
        loud = "WARNING: " if many > LOUD_GAPS * len(frame) else ""
        cells = "1 cell is no number and counts" if many == 1 else (
            f"{many:,} of {len(frame):,} cells are no numbers and count")  # fmt: skip
        said.append(f"{loud}{argument('numeric', column.name)}: {cells} as missing: {shown}{more} "
                    f"({frame.say_at(rows)})")  # fmt: skip
    return said


def _name_of(data: Any) -> str:
    kind = type(data).__module__.split(".")[0]
    return f"a {kind} table" if kind in ("pandas", "polars", "pyarrow") else "a table in memory"


def about_table(roles: Any, how: Any, options: TableOptions | None = None) -> dict[str, Any]:
    """What a model needs to know of its table to answer without `config.json`: no cell of it.

    Args:
        roles: what the columns are, with the target, the task and the names of the classes.
        how: the `Format` of the file; None for data in memory.
        options: what was said about reading it.
    """
    known = {**roles.to_json(), "notices": []}
    known["roles"] = [{**role, "cells": []} for role in known["roles"]]
    said = {} if options is None else options.reading_json()
    return {"roles": known, "format": None if how is None else how.to_json(), "options": said}


@dataclass(frozen=True)
class Odd:
    """A cell that its column cannot hold.

    Args:
        row: its place from 0.
        name: of the column.
        cell: as it is written.
        why: what it is not.
    """

    row: int
    name: str
    cell: str
    why: str

    @property
    def sentence(self) -> str:
        """Column, cell and why."""
        return f"{self.name}: {self.cell[:40]!r} is {self.why}"


def as_roles(frame: Frame, roles: Any) -> tuple[Frame, list[Odd]]:
    """The columns as their roles read them, and the cells that cannot be read: they are missing.

    A column of text that is one of numbers becomes numbers, every way to write yes becomes one.

    Example:
        >>> frame = Frame.of({"wet": ["yes", "no", "no", "no"], "mm": [4.5, 0.5, 1.0, 2.0]})
        >>> roles = tables.find_roles(frame)
        >>> tidy, odd = as_roles(Frame.of({"wet": ["YES", "perhaps"]}), roles)
        >>> tidy["wet"].values.tolist(), [cell.sentence for cell in odd]
        (['yes', None], ["wet: 'perhaps' is neither 'no' nor 'yes'"])
    """
    odd: list[Odd] = []
    known = {role.name: role for role in roles.used}
    made = []
    for column in frame:
        role = known.get(column.name)
        for row, cell in (column.unread or {}).items() if role is not None else ():
            odd.append(Odd(row, column.name, cell, _odd(role, column.kind)))
        if role is None or role.role in ("category", "text"):
            # a label is text, however the cells look
            if role is not None and column.kind != "text":
                column = _column(column, "text", role.values(frame))
            made.append(column)
            continue
        if role.role == column.kind == "number":  # as it is, in tables of thousands of them
            made.append(column)
            continue
        values, words = role.values(frame), role.levels or ()
        lost = np.isnat(values) if role.role == "date" else np.isnan(values)
        lost &= ~column.missing
        for row in np.flatnonzero(lost).tolist():
            cell = str((column.written or {}).get(row, column.values[row]))
            if role.role not in ("number", "date") or not is_mark(cell.strip()):
                odd.append(Odd(row, role.name, cell, _odd(role)))
        if role.role in ("flag", "ordinal"):
            ranks = np.where(np.isnan(values), len(words), values).astype(int)
            made.append(_column(column, "text", np.array([*words, None], object)[ranks]))
        else:
            made.append(_column(column, role.role, values))
    return replace(frame, columns=made), odd


def _column(column: tables.Column, kind: str, values: np.ndarray) -> tables.Column:
    return replace(column, kind=kind, data=values)


def _odd(role: Any, kind: str = "") -> str:
    if role.role == "flag":
        return "neither " + " nor ".join(map(repr, role.levels))
    if role.role == "ordinal":
        return "none of " + ", ".join(map(repr, role.levels[:10]))
    return f"no {kind or role.role}"


def _with_target(frame: Frame, roles: Any) -> tuple[Frame, list[str]]:
    """The rows that have a target, and a sentence where some have none."""
    known = tables.known_rows(frame, roles)
    count = int((~known).sum())
    if not count:
        return frame, []
    rows = "row has" if count == 1 else "rows have"
    return frame.take(known), [
        f"{count:,} {rows} no {roles.target!r} and cannot be judged: left out "
        f"({frame.say_at(~known)})"
    ]


def _need_rows(frame: Frame) -> None:
    if len(frame) < _FEWEST:
        raise DataError(
            "there are too few rows to learn from and to hold some out",
            where=frame.where,
            expected=f"at least {_FEWEST} with a target",
            received=len(frame),
        )


_FEWEST = 5
_LOOKED_AT = 1 << 22  # bytes of a file, for its encoding
LOUD_GAPS = 0.05  # of the cells of a column that are no numbers: above, it is said loudly
_MANY_SEEN = 0.05  # of the rows for the figures: above, it is said loudly
