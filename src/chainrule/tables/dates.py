"""Dates as people write them, and which of two readings they mean.

A format is written as for `strftime`. A time of day may follow a date that has none in its format;
with an offset from UTC it is turned into UTC.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..dialect import argument
from ..errors import ArgumentError
from .arrow import compute, need
from .fixed import fixed_dates

__all__ = ["by_pattern", "check_format", "convert", "is_compact", "readings"]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONG = ("january", "february", "march", "april", "may", "june", "july", "august", "september",
         "october", "november", "december")  # fmt: skip
_PARTS = {
    "Y": r"(?P<Y>[0-9]{4})", "y": r"(?P<y>[0-9]{2})", "m": r"(?P<m>[0-9]{1,2})",
    "d": r"(?P<d>[0-9]{1,2})", "H": r"(?P<H>[0-9]{1,2})", "I": r"(?P<H>[0-9]{1,2})",
    "M": r"(?P<M>[0-9]{2})", "S": r"(?P<S>[0-9]{2})", "f": r"(?P<f>[0-9]{1,9})",
    "p": r"(?P<p>[AaPp][Mm])", "z": r"(?P<z>Z|[+-][0-9]{2}:?[0-9]{2})",
    "b": rf"(?P<b>(?i:{'|'.join(_LONG)}|{'|'.join(_MONTHS)}|sept))\.?",
}  # fmt: skip
_PARTS["B"] = _PARTS["b"]
_TIME = (
    r"(?:[T ] ?(?P<H>[0-9]{1,2}):(?P<M>[0-9]{2})(?::(?P<S>[0-9]{2})(?:[.,](?P<f>[0-9]{1,9}))?)?"
    r"(?: ?(?P<p>[AaPp][Mm]))?(?: ?(?P<z>Z|UTC|[+-][0-9]{2}:?[0-9]{2}))?)?"
)
# in each row all are tried; several that fit and differ are shown to the person who asks
_CANDIDATES = (
    ("%Y-%m-%d",), ("%Y/%m/%d",), ("%Y.%m.%d",),
    ("%d.%m.%Y",), ("%m.%d.%Y",), ("%d.%m.%y",),
    ("%d/%m/%Y", "%m/%d/%Y"), ("%d-%m-%Y", "%m-%d-%Y"),
    ("%d/%m/%y", "%m/%d/%y", "%y/%m/%d"), ("%d-%m-%y", "%m-%d-%y", "%y-%m-%d"),
    ("%d %b %Y",), ("%d-%b-%Y",), ("%d-%b-%y",), ("%b %d, %Y",), ("%b %d %Y",), ("%d. %b %Y",),
    ("%Y-%m",), ("%m/%Y",),
)  # fmt: skip
_DIGIT = re.compile("[0-9]")
_DATED = re.compile(r"(?i)(^|[^a-z])(date|datum|day|tag|fecha|dato)([^a-z]|$)|date$|datum$")


def is_compact(cells: Sequence[str], name: str) -> bool:
    """Whether 20240304 is meant as a date: eight digits in a column whose name says so."""
    return bool(_DATED.search(name)) and all(len(c) == 8 and c.isdigit() for c in cells)


def readings(
    cells: Sequence[str], name: str = "", named: str | None = None
) -> tuple[list[str], list[str]]:
    """The formats in which the cells are dates, and the cells that are none in any of them.

    Several formats where they would give different dates. A tenth of the cells may be odd, or one.

    Example:
        >>> readings(["2024-03-04", "2024-12-31 18:30"])
        (['%Y-%m-%d'], [])
        >>> readings(["03/04/2024"])[0], readings(["03/04/2024", "25/04/2024"])[0]
        (['%d/%m/%Y', '%m/%d/%Y'], ['%d/%m/%Y'])
        >>> readings(["01.02.2024", "28.02.2024", "31.02.2024"])
        (['%d.%m.%Y'], ['31.02.2024'])
        >>> readings(["20240304"]), readings(["20240304"], "date")
        (([], []), (['%Y%m%d'], []))
    """
    table: tuple[tuple[str, ...], ...] = (*(((named,),) if named else ()), *_CANDIDATES)
    if is_compact(cells, name):
        table = (("%Y%m%d",),)
    few, array = list(cells[:20]), None  # most columns hold no dates at all
    if not any(map(_DIGIT.search, few)):
        return [], []
    nearly: tuple[list[str], list[str]] = ([], [])
    for formats in table:
        fitting = [f for f in formats if sum(map(bool, map(pattern(f).fullmatch, few)))
                   >= max(1, len(few) - 1 - len(few) // 5)]  # fmt: skip
        found: dict[bytes, str] = {}
        for form in fitting:
            pa = need()
            array = pa.array(cells, pa.string()) if array is None else array
            values, bad = convert(array, form)
            if not bad.any():
                found.setdefault(values.tobytes(), form)
            elif not nearly[0] and bad.sum() <= max(1, 0.1 * len(cells)) < len(cells):
                nearly = [form], [cells[i] for i in np.flatnonzero(bad).tolist()]
        if found:
            return list(found.values()), []
    return nearly


def check_format(form: str) -> str:
    """A format whose parts we know and that says day, month and year.

    Raises:
        ArgumentError: for any other.
    """
    letters = re.findall("%(.)", form) if isinstance(form, str) else []
    known = set(letters) <= set(_PARTS) and len(letters) == len(set(letters))
    if not known or not {"Y", "y"} & set(letters) or not {"m", "b", "B"} & set(letters):
        raise ArgumentError(
            f"{argument('date_format')} is not usable",
            expected="parts such as %d %m %Y %H %M %S, each once, with year and month",
            received=repr(form),
            fix=f"for 31/12/2024 say {argument('date_format', '%d/%m/%Y')}",
        )
    return form


@functools.lru_cache(256)
def pattern(form: str) -> re.Pattern[str]:
    """The format as a pattern with a named group for each part; RE2 reads it too."""
    out, at = "", 0
    while at < len(form):
        if form[at] == "%":
            out, at = out + _PARTS[form[at + 1]], at + 2
        else:
            out, at = out + re.escape(form[at]), at + 1
    return re.compile(out if "%H" in form or "%I" in form else out + _TIME, re.ASCII)


def convert(cells: Any, form: str) -> tuple[np.ndarray, np.ndarray]:
    """Dates of an Arrow array of trimmed text: (datetime64[us], mask of the cells that are none).

    A day that no calendar holds, such as 31 February, is none.
    """
    values, read = fixed_dates(cells, form)
    bad = np.zeros(len(values), bool)
    left = np.flatnonzero(~read)
    if len(left):
        values[left], bad[left] = by_pattern(cells.take(need().array(left)), form)
    return values, bad


def by_pattern(cells: Any, form: str) -> tuple[np.ndarray, np.ndarray]:
    """The same by the format's pattern, which knows all that people write."""
    pc = compute()

    found = pc.extract_regex(cells, f"^{pattern(form).pattern}$")
    valid = np.asarray(pc.is_valid(found).to_numpy(zero_copy_only=False), bool)
    given = np.asarray(pc.is_valid(cells).to_numpy(zero_copy_only=False), bool)
    groups = {field.name: i for i, field in enumerate(found.type)}

    def part(name: str, default: int = 0) -> np.ndarray:
        if name not in groups:
            return np.full(len(valid), default)
        text = pc.struct_field(found, [groups[name]])
        text = pc.if_else(pc.fill_null(pc.equal(text, ""), True), str(default), text)
        return pc.cast(text, "int64").to_numpy(zero_copy_only=False)

    def words(name: str) -> np.ndarray:
        if name not in groups:
            return np.full(len(valid), "")
        text = pc.fill_null(pc.struct_field(found, [groups[name]]), "")
        return np.asarray(text.to_numpy(zero_copy_only=False), str)

    year, month, day = part("Y"), part("m", 1), part("d", 1)
    if "y" in groups:  # POSIX: 69 to 99 are of the last century
        year = part("y")
        year = year + np.where(year < 69, 2000, 1900)
    if "b" in groups:
        month = np.array([1 + _MONTHS.index(w[:3].lower()) if w else 1 for w in words("b")], int)
    hour, minute, second = part("H"), part("M"), part("S")
    half = np.char.lower(words("p"))
    wrong_half = (half != "") & ((hour < 1) | (hour > 12))
    hour = np.where(half == "", hour, hour % 12 + np.where(half == "pm", 12, 0))
    fine = valid & (month >= 1) & (month <= 12) & ~wrong_half
    fine &= (year >= 1) & (day >= 1) & (hour < 24) & (minute < 60) & (second < 60)
    month = np.where(fine, month, 1)
    first = ((np.where(fine, year, 1970) - 1970) * 12 + month - 1).astype("M8[M]")
    after = first + np.timedelta64(1, "M")
    days = (after.astype("M8[D]") - first.astype("M8[D]")).astype(int)
    fine &= day <= days
    seconds = hour * 3600 + minute * 60 + second - _offset(words("z"))
    micro = np.array([int((w + "000000")[:6]) if w else 0 for w in words("f")], np.int64)
    moment = first.astype("M8[D]") + (np.where(fine, day, 1) - 1).astype("m8[D]")
    moment = moment.astype("M8[us]") + (seconds * 1_000_000 + micro).astype("m8[us]")
    return np.where(fine, moment, np.datetime64("NaT", "us")), given & ~fine


def _offset(zones: np.ndarray) -> np.ndarray:
    """Seconds east of UTC."""
    known = {z: 0 if z in ("", "Z", "UTC") else _seconds(z) for z in np.unique(zones).tolist()}
    return np.array([known[z] for z in zones.tolist()], np.int64)


def _seconds(zone: str) -> int:
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    return (-1 if zone[0] == "-" else 1) * (hours * 3600 + minutes * 60)
