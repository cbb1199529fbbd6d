"""Sheets of Excel files: how large they are is known before they are read; no macro is run."""

from __future__ import annotations

import datetime
import re
import zipfile
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..dialect import argument
from ..errors import ArgumentError, ChainruleError, DataError, FileError, did_you_mean
from .arrow import need
from .convert import column_data, unread
from .formats import ColumnFormat, Format
from .found import rough_kinds
from .frame import Column, Frame
from .judge import Judge, Wanted, odd_cell
from .layout import Row, find_footer, find_layout
from .numbers import MAX_DIGITS

__all__ = ["check_archive", "read_excel"]

MAX_UNPACKED = 512 << 20
MAX_CELLS = 1 << 26
_PLACES = re.compile(rb"\sr\s*=\s*[\"']([A-Z]{1,4})([0-9]{1,9})[\"']")


def check_archive(path: str) -> None:
    """Raise where the packed parts of the file are larger than is read, or are no workbook.

    A few kilobytes can unpack to gigabytes, and two cells can span a sheet of 17 billion.

    Raises:
        FileError: also for any other kind of archive.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if not any(part.filename.startswith("xl/") for part in parts):
                raise FileError(
                    "the file is an archive, and no Excel workbook",
                    where=path,
                    received=", ".join(part.filename for part in parts[:4])[:120]
                    or "nothing in it",
                    fix="unpack it, or save the table as .xlsx or .csv",
                )
            said = sum(part.file_size for part in parts)
            if said > MAX_UNPACKED:
                raise _too_large(path, f"{said:,} bytes")
            for part in parts:
                _check_part(archive, part, path)
    except ChainruleError:
        raise
    except Exception as error:  # of zlib, of damaged directories, of passwords
        raise FileError(
            "the file cannot be read",
            where=path,
            expected="an Excel workbook",
            received=str(error)[:200] or type(error).__name__,
            fix="open it in a spreadsheet program and save it as .xlsx or .csv",
        ) from None


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, path: str) -> None:
    """Unpack once without keeping anything: sizes may lie, and so may places of cells."""
    sheet = part.filename.startswith("xl/worksheets/")
    rows, columns, left = 0, 0, b""
    with archive.open(part) as file:  # stops at the size that was said, and checks the sum
        while block := file.read(1 << 20):
            if not sheet:
                continue
            for letters, digits in set(_PLACES.findall(left + block)):
                rows = max(rows, int(digits))
                columns = max(columns, _column_number(letters))
            left = block[-20:]
    if rows * columns > MAX_CELLS:
        raise _too_large(path, f"{rows:,} rows × {columns:,} columns in {part.filename}")


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number


def _too_large(path: str, received: str) -> FileError:
    return FileError(
        "the workbook unpacks to more than is read",
        where=path,
        expected=f"at most {MAX_UNPACKED >> 20} MiB, and {MAX_CELLS:,} cells a sheet",
        received=received,
        fix="save the sheet as .csv if it is what you think it is",
    )


def read_excel(path: str, wanted: Wanted) -> Frame:
    """A sheet as a frame: the one that was named, or the first that holds something."""
    cells, name, others = _cells(path, wanted.sheet)
    try:
        return _of_sheet(path, wanted, cells, name, others)
    except DataError as error:
        if wanted.sheet is not None or not others:
            raise
        shown = ", ".join(map(repr, others[:5]))
        one = argument("sheet", others[0])
        fix = f"if the table is on another sheet ({shown}), say {one}"
        raise DataError(
            error.problem,
            where=error.where,
            expected=error.expected,
            received=error.received,
            fix=f"{fix}; else {error.fix}" if error.fix else fix,
        ) from None


def _of_sheet(
    path: str, wanted: Wanted, cells: list[list[Any]], name: str, others: list[str]
) -> Frame:
    where = f"{path}, sheet {name!r}" if others else path
    width = max((_filled(row) for row in cells), default=0)
    typed = [(i + 1, [*row, *[""] * width][:width]) for i, row in enumerate(cells)]
    rows: list[Row] = [(line, [_text(v) for v in row]) for line, row in typed]
    kept = [i for i, (_, row) in enumerate(rows) if any(row)]
    if not kept:
        raise DataError("the sheet is empty", where=where, expected="a table")
    filled = [rows[i] for i in kept]
    layout = find_layout(filled[:200], width, wanted, where, "row")
    data = filled[layout.first :]
    kinds = rough_kinds([row for _, row in data[:60]], width)
    below = find_footer(data, width, kinds) if len(data) > 1 else 0
    footer = [" ".join(filter(None, row)) for _, row in data[len(data) - below :]] if below else []
    data = data[: len(data) - below]
    if not data:
        raise DataError("the sheet has no rows of data", where=where, expected="at least one")
    lines = np.array([line for line, _ in data])
    values = [typed[line - 1][1] for line in lines.tolist()]
    columns, formats = _columns(layout.names, data, values, lines, wanted, where)
    formats = [
        ColumnFormat(f.name, f.kind, f.decimal, f.thousands, f.currency, f.unit or u.strip("[]() "))
        if f.kind == "number" and u
        else f
        for f, u in zip(formats, [*layout.units, *[""] * width], strict=False)
    ]
    notes = [f"other sheets: {', '.join(map(repr, others[:5]))}"] if others else []
    format = Format(
        "Excel", tuple(formats), header=bool(layout.header_line), header_line=layout.header_line,
        first_line=int(lines[0]), titles=layout.titles, units_line=layout.units_line,
        footer=tuple(footer), missing=wanted.missing, sheet=name, notes=tuple(notes),
        decimal="," if any(f.kind == "number" and f.decimal == "," for f in formats) else "",
    )  # fmt: skip
    return Frame(columns, lines, where, format)


def _cells(path: str, sheet: str | int | None) -> tuple[list[list[Any]], str, list[str]]:
    """The cells of a sheet, its name, and the names of the others."""
    calamine = need("python_calamine", "reading Excel files")
    try:
        book = calamine.CalamineWorkbook.from_path(path)
        names = list(book.sheet_names)
    except Exception as error:
        raise FileError(
            "the workbook cannot be read",
            where=path,
            received=str(error)[:200],
            fix="if it opens with a password, save it without one",
        ) from None
    if isinstance(sheet, int) and not isinstance(sheet, bool) and -len(names) <= sheet < len(names):
        sheet = names[sheet]
    if sheet is not None and sheet not in names:
        raise ArgumentError(
            f"{argument('sheet')} names a sheet that is not there",
            where=path,
            expected="one of " + ", ".join(map(repr, names[:20])),
            received=repr(sheet),
            fix=did_you_mean(sheet, names),
        )
    name = sheet
    try:
        for name in [sheet] if sheet is not None else names:
            found = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            if sheet is not None or any(_filled(row) for row in found):
                return found, str(name), [n for n in names if n != name]
    except Exception as error:
        raise FileError(
            "the sheet cannot be read", where=f"{path}, sheet {name!r}", received=str(error)[:200]
        ) from None
    raise DataError("the workbook is empty", where=path, expected="a sheet with a table")


def _filled(row: Sequence[Any]) -> int:
    """How many cells there are up to the last that is not empty."""
    return max((i + 1 for i, v in enumerate(row) if _text(v)), default=0)


def _text(value: Any) -> str:
    """A cell as a file of lines would hold it."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ")
    if isinstance(value, datetime.timedelta):
        return repr(value.total_seconds())
    return "" if value is None else str(value)


def _columns(
    names: Sequence[str],
    data: Sequence[Row],
    values: Sequence[Sequence[Any]],
    lines: np.ndarray,
    wanted: Wanted,
    where: str,
) -> tuple[list[Column], list[ColumnFormat]]:
    """Numbers and dates that Excel knows as such are taken as they are, the rest is judged."""
    pa = need()
    texts = [[row[i] for _, row in data] for i in range(len(names))]
    kinds = [_typed_kind([row[i] for row in values]) for i in range(len(names))]
    like = [wanted.like.column(name) if wanted.like else None for name in names]
    said = {*wanted.as_text}
    for i, name in enumerate(names):
        if (like[i] and like[i].kind != kinds[i]) or {name, i, i - len(names)} & said:  # type: ignore[union-attr]
            kinds[i] = ""

    def place(index: int, cell: str) -> str:
        row = texts[index].index(cell) if cell in texts[index] else 0
        return f"{where}, row {lines[row]}, column {index + 1} ({names[index]!r})"

    counts = [Counter() if kind else Counter(t for t in cells if t)
              for kind, cells in zip(kinds, texts, strict=True)]  # fmt: skip
    judged = Judge(wanted, where, place).columns(names, counts)
    columns = []
    for i, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        shown = dict(enumerate(texts[i][:12]))
        if kind == "number":
            numbers = np.array([np.nan if v == "" else _number(v) for v in (r[i] for r in values)])
            judged[i] = ColumnFormat(name, kind)
            columns.append(Column(name, i, kind, numbers, shown))
            continue
        if kind == "date":
            judged[i] = ColumnFormat(name, kind, date_format="%Y-%m-%d")
        cells = pa.chunked_array([pa.array(texts[i], pa.string())])
        found, bad = column_data(cells, judged[i], wanted.missing)
        asked = judged[i].kind == "number" and wanted.asks_number(i, name, len(names))
        left = None if bad is None else unread(found, bad, cells, wanted, asked)
        if bad is not None and left is None:
            cell = texts[i][int(np.flatnonzero(bad)[0])]
            raise odd_cell(place(i, cell), cell, f"a {judged[i].kind}", told=bool(wanted.like))
        columns.append(Column(name, i, judged[i].kind, found, shown, left))
    return columns, judged


def _typed_kind(values: Sequence[Any]) -> str:
    """`number` or `date` where every cell is one by its type; else ""."""
    some = [v for v in values if not (isinstance(v, str) and not v.strip())]
    if some and all(isinstance(v, (float, int, datetime.timedelta)) for v in some) \
            and not any(isinstance(v, bool) for v in some):  # fmt: skip
        codes = any(abs(_number(v)) >= 10**MAX_DIGITS and float(v).is_integer() for v in some
                    if not isinstance(v, datetime.timedelta))  # fmt: skip
        return "" if codes else "number"
    return "date" if some and all(isinstance(v, datetime.date) for v in some) else ""


def _number(value: Any) -> float:
    seconds = isinstance(value, datetime.timedelta)
    return value.total_seconds() if seconds else np.nan if isinstance(value, str) else float(value)
