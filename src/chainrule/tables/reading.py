"""`read` and `blocks`: every kind of table becomes a Frame, and what was found is said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..calls import answers
from ..dialect import argument
from ..errors import ArgumentError
from .dates import check_format
from .doors import frames, whole
from .formats import Format
from .frame import Frame
from .judge import Wanted
from .passes import Passes

__all__ = ["as_given", "blocks", "passes", "read"]


@answers
def read(
    source: Any,
    *,
    delimiter: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    encoding: str | None = None,
    header: bool | int | None = None,
    missing: str | Sequence[str] | None = None,
    comment: str | None = None,
    sheet: str | int | None = None,
    date_format: str | None = None,
    as_text: Sequence[str | int] = (),
    as_number: Sequence[str | int] = (),
    columns: Format | Mapping[str, Any] | None = None,
    lenient: bool = False,
) -> Frame:
    r"""A table as columns of numbers, texts and dates; how it is written is found from the data.

    What was found is one line, `frame.format.said`. Whatever the cells leave open stops the
    reading, and the message shows the readings and the option that decides: `1,234` alone, or
    03/04/2024. Codes stay text: whole numbers with leading zeros or more than 15 digits. In
    columns of numbers and dates NA, None, - and the like mean "missing"; in columns of text only
    the empty cell, and what `missing` names. Columns of text in tables that have types (of pandas,
    Parquet, a dict, ...) are read as the cells of a file are; those of a categorical type stay.

    Args:
        source: a file: CSV and other lines (also packed with gzip), Excel (.xlsx, .xls), Parquet,
            Arrow or Feather, JSON lines; or a table in memory: of pandas, polars, pyarrow, anything
            with `__arrow_c_stream__`, a dict of columns, an array.
        delimiter: what stands between cells.
        decimal: "." or ",".
        thousands: what stands between groups of three digits.
        encoding: as Python names it.
        header: whether the first row holds names, or the line in which they stand.
        missing: texts that mean "missing" in every column.
        comment: lines that begin with it are no rows.
        sheet: of an Excel file: its name, or its place from 0.
        date_format: as `strftime` writes it.
        as_text: columns to leave as text, by name or place.
        as_number: columns of numbers, by name or place: a cell that is none counts as missing, and
            the column's `unread` names it.
        columns: the `Format` of the training's table, or its `to_json`: columns of these names
            are of the same kind, and what is ambiguous is read as it was then.
        lenient: a cell that does not fit its column in `columns` counts as missing, and the
            column's `unread` names it; a column of which most cells are such is an error.

    Returns:
        A `Frame`; its `lines` say where in the file each row begins.

    Raises:
        FileError: the file is missing, damaged or of another kind.
        DataError: a cell or a row that does not fit, with row and column of the file; two
            readings.
        ArgumentError: an option that makes no sense.
        MissingExtraError: without pyarrow.

    Example:
        >>> import os, tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> path = os.path.join(folder.name, "prices.csv")
        >>> with open(path, "w") as file:
        ...     _ = file.write("Prices in May\n\nfruit;price;day\nfig;1,50 €;31.05.2024\n")
        >>> frame = read(path)
        >>> print(frame.format.said.split("; ")[0])
        semicolons, decimal comma, UTF-8, header in line 3, 1 line above it left out
        >>> frame["price"].values.tolist(), frame["day"].values.astype(str).tolist()
        ([1.5], ['2024-05-31T00:00:00.000000'])
        >>> folder.cleanup()

    Reference: RFC 4180. pandas differs: it reads 03/04/2024 as March, 01234 as 1234, and a column
    with one odd cell as text.
    """
    return whole(source, _wanted(locals()))


def as_given(source: Any) -> Frame:
    """A table in memory whose cells keep their types: text stays text.

    Example:
        >>> as_given({"zip": ["10115", "20095"]})["zip"].values.tolist()
        ['10115', '20095']
    """
    return whole(source, Wanted(as_given=True))


def blocks(
    source: Any,
    *,
    delimiter: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    encoding: str | None = None,
    header: bool | int | None = None,
    missing: str | Sequence[str] | None = None,
    comment: str | None = None,
    sheet: str | int | None = None,
    date_format: str | None = None,
    as_text: Sequence[str | int] = (),
    as_number: Sequence[str | int] = (),
    columns: Format | Mapping[str, Any] | None = None,
) -> Iterator[Frame]:
    r"""The same as `read`, some megabytes of rows at a time, for files larger than memory.

    Args:
        source: as in `read`; sheets, JSON and what is in memory come whole or from memory.
        delimiter: these and the rest as in `read`.
        decimal: see `read`.
        thousands: see `read`.
        encoding: see `read`.
        header: see `read`.
        missing: see `read`.
        comment: see `read`.
        sheet: see `read`.
        date_format: see `read`.
        as_text: see `read`.
        as_number: see `read`.
        columns: see `read`; give the format of the first pass to a second one.

    Raises:
        DataError: also where rows far down are written unlike those of the sample.

    Example:
        >>> import os, tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> path = os.path.join(folder.name, "numbers.csv")
        >>> with open(path, "w") as file:
        ...     _ = file.write("a,b\n1,2\n3,4\n")
        >>> [len(frame) for frame in blocks(path)]
        [2]
        >>> folder.cleanup()
    """
    return frames(source, _wanted(locals()))


def passes(path: str, **options: Any) -> Passes:
    """A file that is gone through block by block as often as needed.

    Args:
        path: the file.
        options: as in `read`.
    """
    return Passes(path, _wanted({**dict.fromkeys(_OPTIONS), **options}))


_OPTIONS = ("delimiter", "decimal", "thousands", "encoding", "header", "missing", "comment",
            "sheet", "date_format", "as_text", "as_number", "columns")  # fmt: skip


def _wanted(given: Mapping[str, Any]) -> Wanted:
    """The options, checked."""
    missing, columns, as_text = given["missing"], given["columns"], given["as_text"]
    missing = [missing] if isinstance(missing, str) else list(missing or ())
    as_text, as_number = (
        (v,) if isinstance(v, (str, int)) else tuple(v or ()) for v in (as_text, given["as_number"])
    )
    if isinstance(columns, Mapping):
        columns = Format.from_json(columns)
    one = "one character or none"
    for name, value, fine, expected in (
        ("decimal", given["decimal"], (".", ","), "'.' or ','"),
        ("thousands", given["thousands"], ("", ",", ".", " ", "'"), "',', '.', ' ' or \"'\""),
    ):
        if value is not None and value not in fine:
            raise _odd(name, value, expected)
    if given["decimal"] is not None and given["decimal"] == given["thousands"]:
        raise _odd("thousands", given["thousands"], f"another mark than {argument('decimal')}")
    header, comment = given["header"], given["comment"]
    if header is not None and not (isinstance(header, int) and header >= 0):
        raise _odd("header", header, "True, False, or the line of the header")
    if comment is not None and not (isinstance(comment, str) and len(comment) <= 4):
        raise _odd("comment", comment, one)
    if not all(isinstance(mark, str) for mark in missing):
        raise _odd("missing", missing, "texts")
    names = ("delimiter", "decimal", "thousands", "encoding", "header", "comment", "sheet",
             "date_format")  # fmt: skip
    options = {name: given[name] for name in names}
    if options["date_format"] is not None:
        check_format(options["date_format"])
    return Wanted(
        **options, missing=tuple(missing), as_text=as_text, as_number=as_number, like=columns,
        lenient=bool(given.get("lenient")) and columns is not None,
    )  # fmt: skip


def _odd(name: str, value: Any, expected: str) -> ArgumentError:
    return ArgumentError(
        f"{argument(name)} is not usable", where="read", expected=expected, received=repr(value)
    )
