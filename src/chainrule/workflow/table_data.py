"""The table that is trained on: read, its columns understood, its target taken."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .. import tables
from ..data import catalog
from ..dialect import argument
from ..errors import DataError, FileError
from ..tables import Frame
from ..tables.roles import find_column
from .table_options import TableOptions

__all__ = ["TableData", "as_roles", "digest_of", "is_table", "open_table", "read_table"]

# files of arrays go the way of arrays
_ARRAYS = (".npy", ".npz", ".idx", ".gz", ".safetensors")
_PIECE = 1 << 20


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
        notices: sentences for the reader.
    """

    frame: Frame
    roles: Any
    y: np.ndarray
    name: str
    place: str | None
    digest: str | None
    test: Frame | None = None
    test_y: np.ndarray | None = None
    notices: list[str] = field(default_factory=list)

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
    place, test = _places(data, options)
    frame = read_table(data if place is None else place, options)
    for option in ("group", "time"):
        if (name := getattr(options, option)) is not None:
            find_column(frame, name, option)
    roles = tables.find_roles(frame, **options.roles())
    notices = list(roles.notices)
    frame, _ = _with_target(frame, roles)  # `find_roles` has said it
    y = tables.targets(frame, roles)
    _need_rows(frame)
    name = os.path.basename(place) if place is not None else _name_of(data)
    made = TableData(frame, roles, y, name, place, None if place is None else digest_of(place),
                     notices=notices)  # fmt: skip
    if test is not None:
        rows = read_table(test, options, columns=frame.format)
        made.test, left_out = _with_target(rows, roles)
        made.notices += [f"{argument('test')}: {line}" for line in left_out]
        made.test_y = tables.targets(made.test, roles)
        if not len(made.test):
            raise DataError("the file for the figures has no rows", where=rows.where)
    return made


def _places(data: Any, options: TableOptions) -> tuple[str | None, Any]:
    """The path of the table, or None; and the file or rows of the test part, or None."""
    if not isinstance(data, (str, os.PathLike)):
        return None, options.test
    place, test = os.path.abspath(os.fspath(data)), options.test
    if not os.path.isdir(place):
        return place, test
    beside = os.path.join(place, "test.csv")
    if test is None and os.path.isfile(beside):
        test = beside
    return os.path.join(place, "train.csv"), test


def read_table(data: Any, options: TableOptions, **more: Any) -> Frame:
    """A frame of anything that is a table.

    Args:
        data: a path, or columns in memory.
        options: what was said about it.
        more: `columns`, the format of the training's table.
    """
    if isinstance(data, Frame):
        return data
    if isinstance(data, Mapping):
        return Frame.of(data)
    return tables.read(data, **options.reading(), as_text=_texts(options), **more)


def _texts(options: TableOptions) -> tuple[int | str, ...]:
    """Columns that the reader shall leave as they are written."""
    return (*options.text, *options.categorical)


def _name_of(data: Any) -> str:
    kind = type(data).__module__.split(".")[0]
    return f"a {kind} table" if kind in ("pandas", "polars", "pyarrow") else "a table in memory"


def as_roles(frame: Frame, roles: Any) -> tuple[Frame, dict[int, str]]:
    """The columns as their roles read them, and why a row cannot be read, by its place from 0.

    A column of text that is one of numbers becomes numbers, every way to write yes becomes one.

    Example:
        >>> frame = Frame.of({"wet": ["yes", "no", "no", "no"], "mm": [4.5, 0.5, 1.0, 2.0]})
        >>> roles = tables.find_roles(frame)
        >>> tidy, reasons = as_roles(Frame.of({"wet": ["YES", "perhaps"]}), roles)
        >>> tidy["wet"].values.tolist(), reasons
        (['yes', None], {1: "wet: 'perhaps' is neither 'no' nor 'yes'"})
    """
    reasons: dict[int, str] = {}
    known = {role.name: role for role in roles.used}
    made = []
    for column in frame:
        role = known.get(column.name)
        if role is None or role.role in ("category", "text"):
            # a label is text, however the cells look
            if role is not None and column.kind != "text":
                column = _column(column, "text", role.values(frame))
            made.append(column)
            continue
        values, words = role.values(frame), role.levels or ()
        lost = np.isnat(values) if role.role == "date" else np.isnan(values)
        lost &= ~column.missing
        for row in np.flatnonzero(lost).tolist():
            cell = (column.written or {}).get(row, column.values[row])
            reasons.setdefault(row, f"{role.name}: {str(cell)[:40]!r} is {_odd(role)}")
        if role.role in ("flag", "ordinal"):
            ranks = np.where(np.isnan(values), len(words), values).astype(int)
            made.append(_column(column, "text", np.array([*words, None], object)[ranks]))
        else:
            made.append(_column(column, role.role, values))
    return replace(frame, columns=made), reasons


def _column(column: tables.Column, kind: str, values: np.ndarray) -> tables.Column:
    return replace(column, kind=kind, data=values)


def _odd(role: Any) -> str:
    if role.role == "flag":
        return "neither " + " nor ".join(map(repr, role.levels))
    if role.role == "ordinal":
        return "none of " + ", ".join(map(repr, role.levels[:10]))
    return f"no {role.role}"


def _with_target(frame: Frame, roles: Any) -> tuple[Frame, list[str]]:
    """The rows that have a target, and a sentence where some have none."""
    known = tables.known_rows(frame, roles)
    count = int((~known).sum())
    if not count:
        return frame, []
    lines = ", ".join(map(str, frame.lines[~known][:5].tolist())) + (", ..." if count > 5 else "")
    rows = "row has" if count == 1 else "rows have"
    return frame.take(known), [
        f"{count:,} {rows} no {roles.target!r} and cannot be judged: left out (line {lines})"
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


def digest_of(path: str) -> str:
    """SHA-256 of a file, read piece by piece.

    Raises:
        FileError: it cannot be read.
    """
    found = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while piece := file.read(_PIECE):
                found.update(piece)
    except OSError as error:
        raise FileError(f"could not read: {error.strerror}", where=path) from None
    return found.hexdigest()
