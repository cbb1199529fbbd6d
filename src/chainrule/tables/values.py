"""The cells of a column as a role reads them: each conversion stands here and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..dialect import counted
from .frame import Column, Frame

__all__ = ["FALSE", "TRUE", "as_dates", "as_flags", "as_labels", "as_numbers", "as_ranks"]
__all__ += ["as_number", "counted", "factorize", "place", "plain_label", "written_number"]

TRUE = frozenset({"true", "yes", "y", "t", "on", "1", "ja", "wahr", "oui", "si", "sí"})
FALSE = frozenset({"false", "no", "n", "f", "off", "0", "nein", "falsch", "non"})

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_LEADING_ZERO = re.compile(r"[+-]?0\d", re.ASCII)
_MOST_DIGITS = 15  # more are not kept by a float64: a number of a card or an account


def written_number(value: float) -> str:
    """A number as a label: whole numbers without a point.

    Example:
        >>> written_number(3.0), written_number(0.1), written_number(-0.0)
        ('3', '0.1', '0')
    """
    if float(value).is_integer() and abs(value) < 10**_MOST_DIGITS:
        return str(int(value))
    return repr(float(value))


def as_number(cell: str | None) -> float | None:
    """The number that a cell of text holds; None for words, leading zeros and over 15 digits.

    Example:
        >>> [as_number(cell) for cell in ("2.50", "01234", "1" * 16, "cook", None)]
        [2.5, None, None, None, None]
    """
    if cell is None or not _NUMBER.fullmatch(cell) or _LEADING_ZERO.match(cell):
        return None
    if sum(c.isdigit() for c in cell.lower().partition("e")[0]) > _MOST_DIGITS:
        return None
    value = float(cell)
    return value if np.isfinite(value) else None


def plain_label(cell: str) -> str:
    """A class as it is compared: no blanks around it, and numbers in one form.

    Example:
        >>> plain_label(" 1.0"), plain_label("007"), plain_label(">50K")
        ('1', '007', '>50K')
    """
    cell = " ".join(cell.split())
    value = as_number(cell)
    return cell if value is None else written_number(value)


def place(frame: Frame, column: Column, row: int) -> str:
    """Where a cell stands, for messages.

    Example:
        >>> frame = Frame.of({"age": [39, None]}, "people.csv")
        >>> place(frame, frame["age"], 1)
        "people.csv, row 2, column 1 ('age')"
    """
    return f"{frame.where}, {frame.at(row)}, column {column.index + 1} ({column.name!r})"


def factorize(values: np.ndarray) -> tuple[list[Any], np.ndarray]:
    """Distinct cells in the order of their first row, and the place of each cell; None is −1.

    Example:
        >>> levels, codes = factorize(np.array(["b", "a", None, "b"], object))
        >>> levels, codes.tolist()
        (['b', 'a'], [0, 1, -1, 0])
    """
    places: dict[Any, int] = {}
    codes = np.fromiter(
        (-1 if v is None else places.setdefault(v, len(places)) for v in values),
        np.int64,
        len(values),
    )
    return list(places), codes


def as_numbers(column: Column) -> np.ndarray:
    """float64; NaN for empty cells and for text that is no number.

    Example:
        >>> as_numbers(Column("a", 0, "text", np.array(["1.5", None, "?"], object))).tolist()
        [1.5, nan, nan]
    """
    if column.kind == "number":
        return column.values
    if column.kind == "date":
        return np.full(len(column), np.nan)
    return _each(column, as_number, np.nan, np.float64)


def as_labels(column: Column) -> np.ndarray:
    """Objects: the text of each cell, None for empty ones.

    Example:
        >>> as_labels(Column("a", 0, "number", np.array([3.0, np.nan, 0.5]))).tolist()
        ['3', None, '0.5']
    """
    if column.kind == "text":
        return column.values
    if column.kind == "date":
        return _dates_as_text(column.values)
    levels, codes = np.unique(column.values, return_inverse=True)
    texts = [None if np.isnan(v) else written_number(v) for v in levels]
    return np.array([*texts, None], object)[codes]


def as_flags(column: Column) -> np.ndarray:
    """1.0 for yes and true, 0.0 for no and false, NaN for empty cells and anything else.

    Example:
        >>> as_flags(Column("a", 0, "text", np.array(["TRUE", "no", None], object))).tolist()
        [1.0, 0.0, nan]
    """
    if column.kind == "number":
        values = column.values
        return np.where((values == 0) | (values == 1), values, np.nan)
    return _each(column, _flag, np.nan, np.float64)


def as_ranks(column: Column, levels: Sequence[str]) -> np.ndarray:
    """The place of each cell among the levels from 0, float64; NaN for anything else.

    Example:
        >>> column = Column("a", 0, "text", np.array(["high", "low", None], object))
        >>> as_ranks(column, ["low", "high"]).tolist()
        [1.0, 0.0, nan]
    """
    places = {level: float(i) for i, level in enumerate(levels)}
    folded = {_folded(level): place for level, place in places.items()}
    labels = Column(column.name, column.index, "text", as_labels(column))
    return _each(labels, lambda c: places.get(c, folded.get(_folded(c))), np.nan, np.float64)


def as_dates(column: Column) -> np.ndarray:
    """datetime64[us]; NaT for empty cells and for what is no date.

    Text is read as ISO 8601 writes it (2024, 2024-03, 2024-03-31, 2024-03-31T12:00); numbers as
    years (2024), months (202403), days (20240331), or seconds or milliseconds since 1970 (1e9 to
    1.9e9, 1e12 to 1.9e12). Other forms are read with the file.

    Example:
        >>> as_dates(Column("a", 0, "text", np.array(["2024-03-31", "x"], object))).tolist()
        [datetime.datetime(2024, 3, 31, 0, 0), None]
    """
    if column.kind == "date":
        return column.values
    labels = Column(column.name, column.index, "text", as_labels(column))
    return _each(labels, _date, np.datetime64("NaT", "us"), "datetime64[us]")


_DIGITS = re.compile(r"\d{4}(\d\d){0,2}", re.ASCII)
_SINCE_1970 = re.compile(r"1[0-8]\d{8}(\d{3})?", re.ASCII)  # 2001 to 2030
_ISO = re.compile(r"\d{4}-\d\d(-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?Z?)?)?", re.ASCII)


def _date(cell: str) -> np.datetime64 | None:
    if _DIGITS.fullmatch(cell):
        cell = "-".join(part for part in (cell[:4], cell[4:6], cell[6:]) if part)
    elif _SINCE_1970.fullmatch(cell):
        return np.datetime64(int(cell), "s" if len(cell) == 10 else "ms")
    elif not _ISO.fullmatch(cell):
        return None
    try:
        return np.datetime64(cell.removesuffix("Z"), "us")
    except ValueError:
        return None


def _flag(cell: str) -> float | None:
    word = _folded(cell)
    return 1.0 if word in TRUE else 0.0 if word in FALSE else None


def _folded(cell: str) -> str:
    return " ".join(cell.split()).casefold()


def _dates_as_text(values: np.ndarray) -> np.ndarray:
    whole = values == values.astype("datetime64[D]")
    days = bool((whole | np.isnat(values)).all())
    texts = np.datetime_as_string(values, unit="D" if days else "s").astype(object)
    texts[np.isnat(values)] = None
    return texts


def _each(column: Column, read: Callable[[Any], Any], missing: Any, dtype: Any) -> np.ndarray:
    """Every distinct cell is read once; None, and what `read` answers with None, is missing."""
    levels, codes = factorize(column.values)
    found = [read(level) for level in levels]
    return np.array([*(missing if v is None else v for v in found), missing], dtype)[codes]
