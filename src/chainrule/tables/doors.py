"""Which kind of table something is, by its first bytes or its type, and what opens it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import ChainruleError, DataError, FileError
from .arrow import need
from .bytes import first_bytes
from .csvs import CsvTable
from .excel import check_archive, read_excel
from .frame import Frame
from .judge import Wanted
from .typed import check_names, fitted, frame_of

__all__ = ["file_kind", "frames", "whole"]

_BLOCK_ROWS = 1 << 16
_OTHERS = (
    (b"SQLite format 3", "a database", "export the table as .csv"),
    (b"%PDF", "a PDF", "export the table as .csv"),
    (b"\x80\x04", "a pickle, which can run code", "save the table as Parquet or CSV"),
    (b"\x80\x05", "a pickle, which can run code", "save the table as Parquet or CSV"),
    (b"BZh", "packed with bzip2", "unpack it, or pack it with gzip"),
    (b"\xfd7zXZ", "packed with xz", "unpack it, or pack it with gzip"),
    (b"\x28\xb5\x2f\xfd", "packed with zstandard", "unpack it, or pack it with gzip"),
    (b"\x89HDF", "an HDF5 file", "read it with h5py, and give a dict of columns"),
    (b"\x93NUMPY", "an array of NumPy", "load it, and give a dict of columns"),
    (b"\x89PNG", "a picture", "export the table as .csv"),
)


def whole(source: Any, wanted: Wanted) -> Frame:
    """All rows of whatever it is."""
    made = _in_memory(source, wanted)
    if made is not None:
        return made
    need()
    path, kind = file_kind(source)
    if kind in ("csv", "gzip"):
        return CsvTable(path, wanted, "gzip" if kind == "gzip" else "").read()
    if kind == "excel":
        return read_excel(path, wanted)
    return frame_of(_guarded(path, _WHOLE[kind]), wanted, path, _DOORS[kind])


def frames(source: Any, wanted: Wanted) -> Iterator[Frame]:
    """The same some rows at a time; what is in memory already comes at once."""
    made = _in_memory(source, wanted)
    if made is not None:
        yield made
        return
    need()
    path, kind = file_kind(source)
    if kind in ("csv", "gzip"):
        yield from CsvTable(path, wanted, "gzip" if kind == "gzip" else "").blocks()
    elif kind == "excel":
        yield read_excel(path, wanted)
    else:
        pa, first = need(), 1
        batches = _guarded(path, _BATCHES[kind])
        while (batch := _guarded(path, lambda _: next(batches, None))) is not None:
            if batch.num_rows:
                table = pa.Table.from_batches([batch])
                frame = frame_of(table, wanted, path, _DOORS[kind], first=first)
                yield frame
                # texts that were numbers in the first rows are in all
                wanted = wanted if wanted.like else replace(wanted, like=frame.format)
                first += batch.num_rows


# --- what is in memory -------------------------------------------------------------------------


def _in_memory(source: Any, wanted: Wanted) -> Frame | None:
    """A frame from data that are there already; None for the name of a file."""
    if isinstance(source, (str, bytes, os.PathLike)):
        return None
    if isinstance(source, Frame):
        return source
    if isinstance(source, Mapping):
        return _of_dict(source, wanted)
    if isinstance(source, np.ndarray):
        return _of_array(source, wanted)
    pa = need()
    kind = type(source)
    home = kind.__module__.split(".")[0]
    if home == "pandas" and hasattr(source, "columns"):
        return _of_pandas(source, wanted)
    if isinstance(source, pa.RecordBatch):
        source = pa.Table.from_batches([source])
    if not isinstance(source, pa.Table):
        if not hasattr(source, "__arrow_c_stream__"):
            collect = hasattr(source, "collect")
            raise DataError(
                "this is no table",
                where="read",
                expected="the path of a file, a data frame, or a dict of columns",
                received=kind.__name__,
                fix="call its collect() first" if collect else "give a dict of columns by name",
            )
        try:
            source = pa.RecordBatchReader.from_stream(source).read_all()
        except Exception as error:
            raise DataError(
                "the table cannot be taken over",
                where=kind.__name__,
                expected="columns of equal length",
                received=str(error)[:200],
            ) from None
    return frame_of(source, wanted, f"the {home} table", "Arrow")


def _of_dict(source: Mapping[Any, Any], wanted: Wanted) -> Frame:
    check_names([str(name) for name in source], "the table")
    frame = Frame.of(source)
    return fitted(list(frame.columns), frame.lines, wanted, frame.where, "columns")


def _of_array(source: np.ndarray, wanted: Wanted) -> Frame:
    if source.dtype.names:
        return _of_dict({name: source[name] for name in source.dtype.names}, wanted)
    if source.ndim != 2:
        raise DataError(
            "an array is a table if it has rows and columns",
            where="read",
            expected="shape (rows, columns)",
            received=f"shape {source.shape}",
        )
    return _of_dict({f"x{i + 1}": source[:, i] for i in range(source.shape[1])}, wanted)


def _of_pandas(source: Any, wanted: Wanted) -> Frame:
    """A DataFrame; a column of mixed objects is read as its cells would be in a file."""
    pa = need()
    names = [str(name) for name in source.columns]
    check_names(names, "the DataFrame")
    arrays, notes = [], []
    for i, name in enumerate(names):
        series = source.iloc[:, i]
        try:
            arrays.append(pa.array(series, from_pandas=True))
        except (pa.ArrowException, OverflowError):
            empty = series.isna().to_numpy()
            cells = [None if gone else str(v) for v, gone in zip(series, empty, strict=True)]
            arrays.append(pa.array(cells, pa.string()))
            notes.append(f"column {name!r} holds objects of several types, read by their texts")
    plain = type(source.index).__name__ == "RangeIndex"
    if not plain:
        notes.append("the index of the DataFrame is no column")
    return frame_of(pa.table(arrays, names), wanted, "the DataFrame", "columns", notes)


# --- files -------------------------------------------------------------------------------------


def file_kind(source: Any) -> tuple[str, str]:
    """The path, and the kind of the file by its first bytes."""
    path = os.fsdecode(os.fspath(source))
    start = first_bytes(path, 512)
    for magic, name, fix in _OTHERS:
        if start.startswith(magic):
            raise FileError(f"the file is {name}", where=path, expected="a table", fix=fix)
    name = path.lower()
    if start.startswith(b"PK\x03\x04") or start.startswith(b"PK\x05\x06"):
        check_archive(path)
        return path, "excel"
    for magic, kind in ((b"\xd0\xcf\x11\xe0", "excel"), (b"PAR1", "parquet"), (b"ARROW1", "arrow"),
                        (b"FEA1", "arrow"), (b"\x1f\x8b", "gzip")):  # fmt: skip
        if start.startswith(magic):
            return path, kind
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise FileError(
            "the file is a page or a document in XML, and no table",
            where=path,
            received=text[:40].decode("utf-8", "replace"),
            fix="save the table itself as .csv",
        )
    if name.endswith((".jsonl", ".ndjson", ".json")) or text.startswith((b'{"', b'[{"')):
        return path, "list" if text.startswith(b"[") else "json"
    return path, "csv"


def _guarded(path: str, opened: Callable[[str], Any]) -> Any:
    """What Arrow gives, and its errors in our words."""
    try:
        return opened(path)
    except ChainruleError:
        raise
    except MemoryError:
        raise
    except Exception as error:
        raise FileError(
            "the file cannot be read",
            where=path,
            received=str(error).splitlines()[0][:200] if str(error) else type(error).__name__,
            fix="make it anew: it is damaged, or not what its first bytes say",
        ) from None


def _parquet(path: str) -> Any:
    return need("pyarrow.parquet").read_table(path, partitioning=None)


def _arrow(path: str) -> Any:
    return need("pyarrow.feather").read_table(path)


def _json(path: str) -> Any:
    return need("pyarrow.json").read_json(path)


def _list(path: str) -> Any:
    """A list of objects, in one piece."""
    import json

    with open(path, encoding="utf-8-sig") as file:
        rows = json.load(file)
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise ValueError("expected a list of objects, one for each row")
    names = list(dict.fromkeys(name for row in rows for name in row))
    pa = need()
    return pa.table({name: pa.array([row.get(name) for row in rows]) for name in names})


def _parquet_batches(path: str) -> Iterator[Any]:
    return need("pyarrow.parquet").ParquetFile(path).iter_batches(_BLOCK_ROWS)


def _arrow_batches(path: str) -> Iterator[Any]:
    pa = need()
    try:
        reader = pa.ipc.open_file(pa.memory_map(path))
    except pa.ArrowInvalid:  # the first version of Feather
        return iter(_arrow(path).to_batches(_BLOCK_ROWS))
    return (reader.get_batch(i) for i in range(reader.num_record_batches))


def _in_pieces(opened: Callable[[str], Any]) -> Callable[[str], Iterator[Any]]:
    return lambda path: iter(opened(path).to_batches(_BLOCK_ROWS))


_WHOLE = {"parquet": _parquet, "arrow": _arrow, "json": _json, "list": _list}
_BATCHES = {
    "parquet": _parquet_batches,
    "arrow": _arrow_batches,
    "json": _in_pieces(_json),
    "list": _in_pieces(_list),
}
_DOORS = {"parquet": "Parquet", "arrow": "Arrow", "json": "JSON lines", "list": "JSON"}
