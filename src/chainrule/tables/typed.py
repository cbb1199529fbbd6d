"""Columns that have types already: Arrow, Parquet, JSON lines, pandas, polars, dicts of columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..dialect import argument
from ..errors import DataError
from .arrow import compute, need
from .convert import column_data
from .formats import ColumnFormat, Format
from .frame import Column, Frame
from .judge import Judge, Wanted, odd_cell
from .numbers import MAX_DIGITS

__all__ = ["frame_of"]


def frame_of(
    table: Any, wanted: Wanted, where: str, door: str, notes: Sequence[str] = (), first: int = 1
) -> Frame:
    """A frame from a table of Arrow.

    Args:
        table: its columns are numbers, texts or dates of any width.
        wanted: what was said; kinds of the training hold here too.
        where: the file or what stands for it.
        door: for `Format.door`.
        notes: what else is to be said.
        first: the number of the first row.

    Raises:
        DataError: columns of one name, of lists, of bytes; a number that is not finite.
    """
    names = [str(name) for name in table.column_names]
    check_names(names, where)
    lines = np.arange(first, first + table.num_rows)
    columns = [
        _column(name, i, table.column(i), wanted, where, lines) for i, name in enumerate(names)
    ]
    return fitted(columns, lines, wanted, where, door, notes)


def check_names(names: Sequence[str], where: str) -> None:
    """Raise where two columns have one name."""
    seen: set[str] = set()
    for i, name in enumerate(names):
        if name in seen:
            raise DataError(
                "two columns have the same name",
                where=f"{where}, column {i + 1}",
                expected="a different name for every column",
                received=repr(name),
            )
        seen.add(name)


def fitted(
    columns: list[Column],
    lines: np.ndarray,
    wanted: Wanted,
    where: str,
    door: str,
    notes: Sequence[str] = (),
) -> Frame:
    """A frame whose columns are of the kinds that were said, or that the training had."""
    made, formats = [], []
    for column in columns:
        told = wanted.like.column(column.name) if wanted.like else None
        kind = told.kind if told else column.kind
        if {column.name, column.index, column.index - len(columns)} & {*wanted.as_text}:
            kind = "text"
        found = ColumnFormat(column.name, column.kind)
        if kind != column.kind:
            column, found = _as_kind(column, kind, wanted, where, lines)
        if column.kind == "number":
            _check_finite(column, where, lines)
        made.append(column)
        formats.append(found)
    format = Format(
        door, tuple(formats), header_line=0, first_line=1, missing=wanted.missing,
        notes=tuple(notes),
    )  # fmt: skip
    return Frame(made, lines, where, format)


def _column(
    name: str, index: int, data: Any, wanted: Wanted, where: str, lines: np.ndarray
) -> Column:
    pa, pc = need(), compute()
    types, kind = pa.types, data.type
    if types.is_dictionary(kind):
        data = data.cast(kind.value_type)
        kind = data.type
    if types.is_null(kind) or types.is_string(kind) or types.is_large_string(kind) \
            or str(kind) == "string_view":  # fmt: skip
        text = ColumnFormat(name, "text")
        return Column(
            name, index, "text", column_data(data.cast(pa.string()), text, wanted.missing)[0]
        )
    if types.is_boolean(kind) or types.is_floating(kind) or types.is_decimal(kind):
        return Column(name, index, "number", data.cast(pa.float64(), safe=False))
    if types.is_integer(kind):
        ends = pc.min_max(data).as_py()
        if ends["min"] is not None and max(-ends["min"], ends["max"]) >= 10**MAX_DIGITS:
            return Column(name, index, "text", data.cast(pa.string()))  # codes, as in a file
        return Column(name, index, "number", data.cast(pa.float64()))
    if types.is_timestamp(kind):
        if kind.tz:
            data = data.cast(pa.timestamp("us", "UTC"), safe=False)
        return Column(name, index, "date", data.cast(pa.timestamp("us"), safe=False))
    if types.is_date(kind):
        return Column(name, index, "date", data.cast(pa.timestamp("us"), safe=False))
    if types.is_duration(kind) or types.is_time(kind):
        unit = {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}[kind.unit]
        whole = data.cast(pa.int32() if types.is_time32(kind) else pa.int64())
        return Column(name, index, "number", pc.divide(whole.cast(pa.float64(), safe=False), unit))
    raise DataError(
        "the column holds neither numbers nor texts nor dates",
        where=f"{where}, column {index + 1} ({name!r})",
        expected="one value in every cell",
        received=str(kind)[:80],
        fix="take its parts into columns of their own, or leave the column out",
    )


def _as_kind(
    column: Column, kind: str, wanted: Wanted, where: str, lines: np.ndarray
) -> tuple[Column, ColumnFormat]:
    """Numbers become texts; texts are read as numbers or dates, as in a file."""
    called = f"column {column.index + 1} ({column.name!r})"
    if kind == "text":
        texts = np.array([_text(v, column.kind) for v in column.values.tolist()], object)
        return (
            Column(column.name, column.index, "text", texts),
            ColumnFormat(column.name, "text"),
        )
    if column.kind != "text":
        if column.missing.all():
            empty = np.full(len(column), np.nan if kind == "number" else np.datetime64("NaT", "us"))
            return Column(column.name, column.index, kind, empty), ColumnFormat(column.name, kind)
        raise DataError(
            f"the column holds a {column.kind} in every row, and a {kind} in training",
            where=f"{where}, {called}",
            expected=f"a {kind}",
            received=repr(column.values[~column.missing][:1].astype(str).tolist()[0]),
        )
    pa = need()
    cells = column.values.tolist()

    def place(index: int, cell: str) -> str:
        row = next((i for i, c in enumerate(cells) if c is not None and c.strip() == cell), 0)
        return f"{where}, row {lines[row]}, {called}"

    counts: Mapping[str, int] = Counter(c.strip() for c in cells if c is not None and c.strip())
    found = Judge(wanted, where, place).columns([column.name], [counts])[0]
    data, bad = column_data(pa.chunked_array([pa.array(cells, pa.string())]), found, wanted.missing)
    if bad is not None:
        row = int(np.flatnonzero(bad)[0])
        raise odd_cell(f"{where}, row {lines[row]}, {called}", cells[row], f"a {kind}")
    return Column(column.name, column.index, found.kind, data), found


def _text(value: Any, kind: str) -> str | None:
    if value is None or value != value:
        return None
    if kind == "number":
        return str(int(value)) if float(value).is_integer() else repr(value)
    return str(value)


def _check_finite(column: Column, where: str, lines: np.ndarray) -> None:
    values = column.values
    bad = np.isinf(values)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise DataError(
            "the cell is not a finite number",
            where=f"{where}, row {lines[row]}, column {column.index + 1} ({column.name!r})",
            expected="a number",
            received=str(values[row]),
            fix=f"put a missing value in its place; {argument('as_text')} leaves columns as text",
        )
