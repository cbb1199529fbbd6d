"""Columns as Arrow read them become numbers, dates and text; what does not fit is pointed out."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import dates, numbers
from .arrow import compute, need
from .fixed import fixed_dates
from .formats import ColumnFormat
from .judge import MARKS, Wanted

__all__ = ["MANY", "column_data", "is_plain", "unread"]

_SHORT = 2000  # cells of a chunk, at least
MANY = 1 << 16  # different texts; beyond, each cell is kept for itself


def is_plain(format: ColumnFormat, decimal: str) -> bool:
    """Whether Arrow reads such numbers by itself."""
    return (
        format.kind == "number"
        and not (format.thousands or format.currency or format.unit)
        and format.decimal == decimal
    )


def column_data(
    data: Any, format: ColumnFormat, marks: tuple[str, ...] = ()
) -> tuple[Any, np.ndarray | None]:
    """The cells of a column, and a mask of those that do not fit (None: all do).

    Args:
        data: a ChunkedArray of text.
        format: of the column.
        marks: what means "missing" in text as well.
    """
    pa = need()

    if data.num_chunks > 1 and len(data) < _SHORT * data.num_chunks:  # wide rows: many calls
        data = data.unify_dictionaries().combine_chunks()
    chunks = data.chunks if hasattr(data, "chunks") else [data]
    parts = [_chunk(chunk, format, marks) for chunk in chunks]
    if format.kind == "text":
        kinds = {part.type for part, _ in parts}
        if len(kinds) > 1:  # some chunks with few different texts, some with many
            return pa.chunked_array([part.cast(pa.string()) for part, _ in parts]), None
        return pa.chunked_array([part for part, _ in parts], None if parts else pa.string()), None
    empty = np.zeros(0) if format.kind == "number" else np.zeros(0, "M8[us]")
    values = np.concatenate([empty, *(part for part, _ in parts)])
    bad = np.concatenate([np.zeros(0, bool), *(mask for _, mask in parts)])
    return values, bad if bad.any() else None


def unread(
    values: Any, bad: np.ndarray, cells: Any, wanted: Wanted, asked: bool = False
) -> dict[int, str] | None:
    """The cells that did not fit, by row, where they may count as missing; None: they may not.

    They may in rows to be answered, where at most half of the column is such, and where it was said
    that the column is one of numbers; `values` holds nothing at their places afterwards.

    Args:
        values: of the column, float64 or dates.
        bad: a mask of those cells.
        cells: all cells as text, of Arrow.
        wanted: what was said.
        asked: it was said that the column is one of numbers.
    """
    most = 2 * bad.sum() > bad.sum() + (values == values)[~bad].sum()
    if not asked and (not wanted.lenient or most):
        return None
    values[bad] = np.nan if values.dtype.kind == "f" else np.datetime64("NaT", "us")
    return {row: str(cells[row].as_py()).strip() for row in np.flatnonzero(bad).tolist()}


def _chunk(cells: Any, format: ColumnFormat, marks: tuple[str, ...]) -> tuple[Any, Any]:
    """The same for one chunk."""
    if format.kind == "text":
        return _texts(cells, marks), None
    if format.kind == "number":
        return _by_different(cells, format, marks)
    pa, pc = need(), compute()
    if pa.types.is_dictionary(cells.type):
        return _by_different(cells, format, marks)
    values, read = fixed_dates(cells, format.date_format)
    if marks and read.any():  # a day that stands for "missing"
        named = pc.is_in(pc.utf8_trim_whitespace(cells), pa.array(marks, cells.type))
        read &= ~np.asarray(named.to_numpy(zero_copy_only=False), bool)
    bad, left = np.zeros(len(values), bool), np.flatnonzero(~read)
    if len(left):
        part = cells.take(pa.array(left))
        values[left], bad[left] = _by_different(part, format, marks)
    return values, bad


def _texts(cells: Any, marks: tuple[str, ...]) -> Any:
    """Trimmed; by their different texts, where those are few."""
    pa, pc = need(), compute()
    coded = cells if pa.types.is_dictionary(cells.type) else pc.dictionary_encode(cells)
    different = pc.utf8_trim_whitespace(coded.dictionary)
    empty = pc.is_in(different, pa.array(["", *marks], different.type))
    different = pc.if_else(empty, pa.scalar(None, different.type), different)
    again = pc.dictionary_encode(different)  # " a" and "a" have become one
    if again.null_count or len(again.dictionary) != len(different):
        codes = pc.take(again.indices, coded.indices)
    else:
        codes = coded.indices
    if len(again.dictionary) > max(16, min(MANY, len(cells) // 4)):
        return pc.take(again.dictionary, codes).cast(pa.string())
    return pa.DictionaryArray.from_arrays(codes, again.dictionary)


def _by_different(cells: Any, format: ColumnFormat, marks: tuple[str, ...]) -> tuple[Any, Any]:
    """Numbers or dates; every different cell is looked at once."""
    pa, pc = need(), compute()
    coded = cells if pa.types.is_dictionary(cells.type) else pc.dictionary_encode(cells)
    different = pc.utf8_trim_whitespace(coded.dictionary)
    mark = _marks(different, marks)
    different = pc.if_else(mark, pa.scalar(None, different.type), different)
    if format.kind == "number":
        values, bad = numbers.convert(different, format)
    else:
        values, bad = dates.convert(different, format.date_format)
    codes = coded.indices.to_numpy(zero_copy_only=False)
    if coded.null_count:
        missing = np.isnan(codes)
        codes = np.where(missing, 0, codes).astype(int)
        values, bad = values[codes], bad[codes] & ~missing
        values[missing] = np.nan if format.kind == "number" else np.datetime64("NaT", "us")
        return values, bad
    return values[codes], bad[codes]


def _marks(different: Any, marks: tuple[str, ...]) -> Any:
    """`is_mark` for very many cells at once."""
    pa, pc = need(), compute()
    usual = pc.is_in(pc.utf8_lower(different), pa.array(["", *MARKS], different.type))
    return pc.or_(usual, pc.is_in(different, pa.array(list(marks), different.type)))
