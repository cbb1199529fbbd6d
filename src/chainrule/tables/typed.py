"""Columns that have types already: Arrow, Parquet, JSON lines, pandas, polars, dicts of columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..dialect import argument
from ..errors import DataError
from .arrow import compute, need
from .convert import column_data, unread
from .formats import ColumnFormat, Format
from .found import CODE
from .frame import Column, Frame
from .judge import ENOUGH, Judge, Wanted, odd_cell
from .numbers import MAX_DIGITS

__all__ = ["check_names", "fitted", "frame_of"]

_FIRST = 12  # rows whose cells are kept as they were written


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
    columns = [_column(name, i, table.column(i), wanted, where) for i, name in enumerate(names)]
    types = need().types
    stay = [name for name, field in zip(names, table.schema, strict=True)
            if types.is_dictionary(field.type)]  # fmt: skip
    return fitted(columns, lines, wanted, where, door, notes, stay)


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
    stay: Sequence[str] = (),
) -> Frame:
    """A frame whose columns are of the kinds that were said, or that the training had.

    Texts are judged as the cells of a file are: numbers, dates, codes, and what is ambiguous.

    Args:
        columns: with the types that they came in.
        lines: numbers of the rows.
        wanted: what was said.
        where: for messages.
        door: for `Format.door`.
        notes: what else is to be said.
        stay: names of columns of text that are declared to be categories.

    Raises:
        DataError: a cell that does not fit; two readings.
    """
    told = [wanted.like.column(c.name) if wanted.like else None for c in columns]
    text = {i for i, c in enumerate(columns) if {c.name, i, i - len(columns)} & {*wanted.as_text}}
    text |= {i for i, c in enumerate(columns) if told[i] is None and c.name in stay}
    made, formats, judged = [], [], []
    for i, (column, like) in enumerate(zip(columns, told, strict=True)):
        kind = "text" if i in text else like.kind if like else column.kind
        if column.kind == "text" and (kind != "text" or (like is None and i not in text)):
            judged.append(i)
        elif kind != column.kind:
            column = _as_kind(column, kind, where)
        made.append(column)
        formats.append(ColumnFormat(column.name, column.kind))
    if not wanted.as_given:
        _judge(made, formats, judged, wanted, where, lines)
    for column in made:
        if column.kind == "number":
            _check_finite(column, where, lines)
    was_text = [i for i in judged if made[i].kind != "text"]
    comma = any(formats[i].decimal == "," for i in was_text if made[i].kind == "number")
    format = Format(
        door, tuple(formats), header_line=0, first_line=1, decimal="," if comma else "",
        missing=wanted.missing, notes=(*notes, *_say_read([made[i] for i in was_text])),
    )  # fmt: skip
    return Frame(made, lines, where, format)


def _say_read(columns: Sequence[Column]) -> list[str]:
    """Which columns of text were read as something else."""
    said = []
    for kind in ("number", "date"):
        names = [repr(c.name) for c in columns if c.kind == kind]
        shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
        if names:
            said.append(f"text read as {kind}s: {shown}")
    return said


def _column(name: str, index: int, data: Any, wanted: Wanted, where: str) -> Column:
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


def _as_kind(column: Column, kind: str, where: str) -> Column:
    """Numbers and dates become texts; what is empty becomes anything."""
    if kind == "text":
        texts = np.array([_text(v, column.kind) for v in column.values.tolist()], object)
        return Column(column.name, column.index, "text", texts)
    if column.missing.all():
        empty = np.full(len(column), np.nan if kind == "number" else np.datetime64("NaT", "us"))
        return Column(column.name, column.index, kind, empty)
    raise DataError(
        f"the column holds a {column.kind} in every row, and a {kind} in training",
        where=f"{where}, column {column.index + 1} ({column.name!r})",
        expected=f"a {kind}",
        received=repr(column.values[~column.missing][:1].astype(str).tolist()[0]),
    )


def _judge(
    made: list[Column], formats: list[ColumnFormat], which: list[int], wanted: Wanted, where: str,
    lines: np.ndarray,
) -> None:  # fmt: skip
    """Columns of text become what their cells are, in place; as in a file, all are weighed."""
    counts: list[Mapping[str, int]] = [{} for _ in made]
    for i in which:
        counts[i] = _counts(made[i])

    def place(index: int, cell: str) -> str:
        cells = made[index].values.tolist()
        row = next((i for i, c in enumerate(cells) if c is not None and c.strip() == cell), 0)
        return f"{where}, row {lines[row]}, column {index + 1} ({made[index].name!r})"

    names = [column.name for column in made]
    found = Judge(wanted, where, place).columns(names, counts)
    for i in which:
        column, like = made[i], wanted.like.column(names[i]) if wanted.like else None
        if found[i].kind == "text":
            continue
        pa = need()
        cells = column.data
        if not hasattr(cells, "null_count"):
            cells = pa.array(column.values.tolist(), pa.string())
        cells = cells.cast(pa.string())
        cells = cells if hasattr(cells, "chunks") else pa.chunked_array([cells])
        data, bad = column_data(cells, found[i], wanted.missing)
        asked = found[i].kind == "number" and wanted.asks_number(i, names[i], len(names))
        left = None if bad is None else unread(data, bad, cells, wanted, asked)
        if bad is not None and left is None:
            row = int(np.flatnonzero(bad)[0])
            cell = str(cells[row].as_py()).strip()
            if like is None and CODE.fullmatch(cell):  # further down than the judge looks
                continue
            raise odd_cell(place(i, cell), cell, f"a {found[i].kind}", told=bool(like))
        formats[i] = found[i]
        shown = {row: cell for row, cell in enumerate(cells[:_FIRST].to_pylist()) if cell}
        made[i] = Column(column.name, column.index, found[i].kind, data, shown, left)


def _counts(column: Column) -> Mapping[str, int]:
    """The different cells of a column of text, trimmed, with how often they occur."""
    data = column.data
    if hasattr(data, "null_count"):
        data = compute().value_counts(data.cast(need().string()))[: 2 * ENOUGH]
        pairs = [(row["values"], row["counts"]) for row in data.to_pylist()]
    else:
        pairs = list(Counter(data.tolist()).items())
    found: Counter[str] = Counter()
    for cell, count in pairs:
        if cell is not None and cell.strip():
            found[cell.strip()] += count
    return found


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
