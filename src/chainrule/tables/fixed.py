"""Dates of a fixed number of characters, read as columns of bytes and not cell by cell.

Only what leaves no question is read here: digits at their places, the marks between them as the
format writes them, a day that the calendar holds, a time of day, a zone. Every other cell is left
to `dates.convert`, which reads by the same format with patterns.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["fixed_dates"]

_WIDTHS = {"Y": 4, "y": 2, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2}
# what may follow a date, each of another length: ? is T or a blank, + a sign, hh:nn the zone,
# other letters are parts of the time, the rest stands for itself
_TIMES = ("", "?HH:MM", "?HH:MMZ", "?HH:MM:SS", "?HH:MM:SSZ", "?HH:MM:SS+hh:nn", "?HH:MM:SS.fff",
          "?HH:MM:SS.fffZ", "?HH:MM:SS.ffffff", "?HH:MM:SS.ffffffZ")  # fmt: skip
_PARTS = "YymdHMSfhn"
_AT_ONCE = 1 << 15  # cells whose bytes and numbers stay near the processor
_DAY = 86_400_000_000  # in microseconds


def fixed_dates(cells: Any, form: str) -> tuple[np.ndarray, np.ndarray]:
    """Dates of an Arrow array of text: (datetime64[us], mask of the cells that were read).

    Args:
        cells: an array of Arrow of type string, as it stands in the file; null and what is written
            in any other way is not read.
        form: as in `dates`.

    Example:
        >>> import pyarrow as pa
        >>> cells = pa.array(["2024-02-29", "2023-02-29", "2024-02-29 18:30", "1.3.2024", None])
        >>> values, read = fixed_dates(cells, "%Y-%m-%d")
        >>> values[read].astype(str).tolist(), read.tolist()
        (['2024-02-29T00:00:00.000000', '2024-02-29T18:30:00.000000'], [True, False, True, False, \
False])
    """
    count = len(cells)
    values, read = np.full(count, np.datetime64("NaT", "us")), np.zeros(count, bool)
    known = _layouts(form)
    if not count or not known or str(cells.type) != "string":
        return values, read
    offsets = np.frombuffer(cells.buffers()[1], np.int32)[cells.offset : cells.offset + count + 1]
    if offsets[-1] == offsets[0]:
        return values, read
    text = np.frombuffer(cells.buffers()[2], np.uint8)
    for start in range(0, count, _AT_ONCE):
        some = slice(start, min(start + _AT_ONCE, count))
        begins = offsets[some]
        lengths = offsets[some.start + 1 : some.stop + 1] - begins
        for length in np.flatnonzero(np.bincount(np.minimum(lengths, max(known) + 1))).tolist():
            if length not in known:
                continue
            rows = np.flatnonzero(lengths == length)
            if len(rows) == len(lengths):  # one behind the other
                table = text[begins[0] : begins[0] + length * len(rows)].reshape(-1, length)
            else:
                table = text[begins[rows][:, None] + np.arange(length)]
            moments, fine = _moments(np.ascontiguousarray(table.T), known[length])
            values[some][rows], read[some][rows] = moments, fine
    if cells.null_count:
        given = np.asarray(cells.is_valid().to_numpy(zero_copy_only=False), bool)
        read &= given
    values[~read] = np.datetime64("NaT", "us")
    return values, read


@functools.lru_cache(64)
def _layouts(form: str) -> dict[int, str]:
    """By length, which letter stands where: of the date, and of the times that may follow."""
    out, at = "", 0
    while at < len(form):
        if form[at] == "%":
            letter = form[at + 1]
            if letter not in _WIDTHS:
                return {}
            out, at = out + letter * _WIDTHS[letter], at + 2
        elif form[at] in "-/. :,T_":
            out, at = out + form[at], at + 1
        else:
            return {}
    if "H" in out:
        return {len(out): out}
    return {} if {*"MS"} & {*out} else {len(out + time): out + time for time in _TIMES}


def _moments(rows: np.ndarray, layout: str) -> tuple[np.ndarray, np.ndarray]:
    """Dates from the characters, one row of `rows` for each place; mask of those that are dates."""
    fine = np.ones(rows.shape[1], bool)
    parts: dict[str, list[int]] = {}
    for at, letter in enumerate(layout):
        if letter in _PARTS:
            parts.setdefault(letter, []).append(at)
            fine &= rows[at] - np.uint8(48) < 10  # what is smaller than "0" wraps around
        elif letter == "?":
            fine &= (rows[at] == 32) | (rows[at] == 84)
        elif letter == "+":
            fine &= (rows[at] == 43) | (rows[at] == 45)
        else:
            fine &= rows[at] == ord(letter)

    def part(letter: str, default: int = 0) -> Any:
        return _number(rows, parts[letter]) if letter in parts else np.uint8(default)

    year = part("Y")
    if "y" in parts:  # as in dates
        year = part("y")
        year = year + np.where(year < 69, np.int16(2000), np.int16(1900))
    month, day, hour, minute, second = part("m", 1), part("d", 1), part("H"), part("M"), part("S")
    fine &= (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1)
    fine &= (hour < 24) & (minute < 60) & (second < 60)
    first, length = _months()
    which = np.where(fine, year * np.int32(12) + month, 24_001)  # counted from month 1 of year 0
    fine &= day <= length[which]
    micro = (first[which] + day).astype(np.int64) * _DAY
    if "H" in parts:
        minutes = hour * np.int16(60) + minute
        micro += (minutes * np.int32(60) + second) * np.int64(1_000_000)
    if "h" in parts:
        east = part("h") * np.int16(60) + part("n")
        micro -= np.where(rows[layout.index("+")] == 45, -east, east) * np.int64(60_000_000)
    if "f" in parts:
        micro += part("f").astype(np.int64) * 10 ** (6 - len(parts["f"]))
    return micro.view("M8[us]"), fine


@functools.cache
def _months() -> tuple[np.ndarray, np.ndarray]:
    """The day before each month of the years 0 to 9999, since 1970, and its days.

    At 12·year + month; the places 0 and those of the year 0 are never asked for.
    """
    ends = np.arange("0000-01", "10000-02", dtype="M8[M]").astype("M8[D]").astype(np.int32)
    first, length = ends[:-1] - np.int32(1), np.diff(ends)
    return np.append(first[:1], first), np.append(length[:1], length).astype(np.uint8)


def _number(rows: np.ndarray, places: Sequence[int]) -> np.ndarray:
    """The number that digits at these places stand for, in few bytes."""
    zero, ten = np.uint8(48), np.uint8(10)
    pairs = [
        (rows[a] - zero) * ten + (rows[b] - zero)
        for a, b in zip(places[-2::-2], places[::-2], strict=False)
    ]
    value = pairs[0]
    for i, pair in enumerate(pairs[1:], 1):
        value = value + pair * (np.int16(100) if i == 1 and len(places) <= 4 else np.int32(100**i))
    if len(places) % 2:
        value = value + (rows[places[0]] - zero) * np.int32(100 ** len(pairs))
    return value
