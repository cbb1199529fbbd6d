"""Numbers as people write them: 1234.5, 1.234,50 €, (12), 12 %, 1 234; and which of them they mean.

A *convention* says what stands before the fraction and what between thousands. `readings` finds
those that fit every cell of a column, `convert` reads a column of Arrow in one of them.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .arrow import compute, need

__all__ = ["CURRENCIES", "MAX_DIGITS", "Convention", "Written", "convert", "readings", "written"]

MAX_DIGITS = 15  # float64 holds every whole number of so many digits
_CURRENCIES = (
    "$ € £ ¥ ₹ ₽ ₩ ₺ ₪ ฿ ₫ ₴ zł kr Kč Ft R$ Fr. US$ Rs Rs. EUR USD GBP CHF JPY CNY INR PLN CZK SEK "
    "NOK DKK HUF CAD AUD NZD BRL RUB TRY ZAR KRW"
)
_UNITS = (
    "% ‰ kg g mg µg t lb lbs oz km m cm mm mi ft in l L ml mL h min s ms W kW kWh MW V A Hz kHz "
    "MHz GHz KB MB GB TB °C °F ° K m² m2 sqm sqft km/h mph hp PS Pa hPa bar px dB ppm"
)
CURRENCIES, UNITS = tuple(_CURRENCIES.split()), tuple(_UNITS.split())
_SPACES = "\u00a0\u202f\u2009 "  # no-break, narrow, thin, ordinary


@dataclass(frozen=True)
class Convention:
    """What stands before the fraction, and what between thousands ("" for nothing)."""

    decimal: str
    thousands: str

    @functools.cached_property
    def strict(self) -> re.Pattern[str]:
        """Digits without sign; with a mark for thousands, no more than three stand ungrouped."""
        return re.compile(self.body(strict=True), re.ASCII)

    @functools.cached_property
    def lenient(self) -> re.Pattern[str]:
        """The same where "1234.5" may stand beside "1,234.5"."""
        return re.compile(self.body(), re.ASCII)

    def body(self, strict: bool = False) -> str:
        """The pattern of the digits, the same for Python's `re` and for RE2."""
        d, t = re.escape(self.decimal), _between(self.thousands)
        end = rf"(?:{d}[0-9]*)?(?:[eE][+-]?[0-9]+)?"
        if not t:
            return rf"(?:[0-9]+{end}|{d}[0-9]+(?:[eE][+-]?[0-9]+)?)"
        # the last group has three digits, the others two or three: India writes 12,34,567; the
        # first begins with no 0, so 0.802 is no number in thousands
        groups = rf"[1-9][0-9]{{0,2}}(?:{t}[0-9]{{2,3}})*{t}[0-9]{{3}}"
        single = "[0-9]{1,3}" if strict else "[0-9]+"
        return rf"(?:(?:{groups}|{single}){end}|{d}[0-9]+)"

    def value(self, body: str) -> float:
        """The number that digits, decimal mark and thousands stand for."""
        for space in self.thousands and (_SPACES if self.thousands == " " else "'’"):
            body = body.replace(space, "") if self.thousands in " '" else body
        body = body.replace(self.thousands, "") if self.thousands else body
        return float(body.replace(self.decimal, "."))


CONVENTIONS = tuple(
    Convention(d, t) for t in ("", ",", ".", " ", "'") for d in (".", ",") if d != t
)


def _between(thousands: str) -> str:
    """The mark between thousands as a pattern: spaces and apostrophes come in several forms."""
    if thousands == " ":
        return f"[{_SPACES}]"
    return "['’]" if thousands == "'" else re.escape(thousands)


@functools.cache
def _whole() -> re.Pattern[str]:
    return re.compile(
        rf"(?P<open>\()?(?P<sign>[+\-−]?)[{_SPACES}]?(?P<before>{_any(CURRENCIES)})?[{_SPACES}]?"
        rf"(?P<sign2>[+\-−]?)(?P<body>[0-9.,](?:[0-9.,'’{_SPACES}]*[0-9.,])?(?:[eE][+-]?[0-9]+)?)"
        rf"[{_SPACES}]?(?P<after>{_any((*CURRENCIES, *UNITS))})?(?P<close>\))?",
        re.ASCII,
    )


def _any(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


@dataclass(frozen=True)
class Written:
    """One cell that looks like a number.

    Args:
        negative: by a sign, or by brackets as accountants write it.
        body: the digits with their marks.
        currency: beside them, or "".
        unit: behind them, or "".
        fits: the conventions in which the body is a number.
    """

    negative: bool
    body: str
    currency: str
    unit: str
    fits: frozenset[Convention]

    @property
    def is_code(self) -> bool:
        """Leading zeros or more than 15 digits: a code of digits, not a quantity."""
        digits = self.body if self.body.isdigit() else ""
        return len(digits) > 1 and (digits[0] == "0" or len(digits) > MAX_DIGITS)


@functools.lru_cache(1 << 15)
def written(cell: str) -> Written | None:
    """The parts of a cell that looks like a number, or None.

    Example:
        >>> found = written("-1.234,50 €")
        >>> found.negative, found.body, found.currency, len(found.fits)
        (True, '1.234,50', '€', 1)
        >>> written("1.2.3"), written("12 monkeys"), written("007").is_code
        (None, None, True)
    """
    found = _whole().fullmatch(cell)
    if found is None:
        return None
    opened, closed = found["open"], found["close"]
    signs = found["sign"] + found["sign2"]
    if bool(opened) != bool(closed) or len(signs) > 1 or (opened and signs):
        return None
    before, after = found["before"] or "", found["after"] or ""
    money = after if after in CURRENCIES else ""
    if before and after:
        return None
    body = found["body"]
    fits = frozenset(c for c in CONVENTIONS if c.lenient.fullmatch(body))
    if not fits:
        return None
    return Written(
        bool(opened) or signs in ("-", "−"), body, before or money, "" if money else after, fits
    )


def readings(
    bodies: Iterable[str], allowed: Sequence[Convention] = CONVENTIONS
) -> list[Convention]:
    """The conventions that fit all of a column, one for each way in which its numbers differ.

    Example:
        >>> [c.decimal for c in readings(["1,5", "12,25"])]
        [',']
        >>> [(c.decimal, c.value("1,234")) for c in readings(["1,234", "5,678"])]
        [(',', 1.234), ('.', 1234.0)]
        >>> [c.value("1,234") for c in readings(["1,234", "5678"])]  # 5678 would be 5,678
        [1.234]
        >>> [c.value("1.250") for c in readings(["0.802", "1.250"])]  # no thousand begins with 0
        [1.25]
    """
    kept = sorted(set(bodies))
    for strict in (True, False):
        fits = [
            c
            for c in allowed
            if all((c.strict if strict else c.lenient).fullmatch(body) for body in kept)
        ]
        if not strict:  # one cell at least must show that thousands are marked
            fits = [c for c in fits if not c.thousands or any(_proves(c, b) for b in kept)]
        found: dict[tuple[float, ...], Convention] = {}
        for convention in fits:  # without thousands first: the simplest of those that agree
            found.setdefault(tuple(map(convention.value, kept)), convention)
        if found:
            return list(found.values())
    return []


def _proves(convention: Convention, body: str) -> bool:
    others = [c for c in CONVENTIONS if c.thousands != convention.thousands]
    return not any(c.lenient.fullmatch(body) for c in others)


def convert(cells: Any, format: Any) -> tuple[Any, Any]:
    """Numbers of an Arrow array of trimmed text: (float64 array, mask of the cells that are none).

    Args:
        cells: text; null where a cell is missing.
        format: decimal, thousands, currency and unit of the column.
    """
    pa = need()

    pc = compute()

    convention = Convention(format.decimal, format.thousands)
    money, space = re.escape(format.currency), f"[{_SPACES}]?"
    front = rf"[+\-−]?{space}(?:{money})?{space}[+\-−]?" if money else r"[+\-−]?"
    behind = rf"{space}(?:{money})?" if money else ""
    if format.unit:
        behind = rf"{space}{re.escape(format.unit)}"
    body = front + convention.body() + behind
    good = pc.match_substring_regex(cells, rf"^(?:{body}|\({body}\))$")
    # a long code, or one with leading zeros, is no number; its mark would be lost
    code = pc.match_substring_regex(cells, r"^[+\-−]?(?:0[0-9]+|[0-9]{16,})$")
    good = pc.and_(good, pc.invert(code))
    left = pc.if_else(good, cells, pa.scalar(None, cells.type))
    for word in (format.currency, format.unit):
        left = pc.replace_substring(left, word, "") if word else left
    left = pc.replace_substring_regex(left, rf"[{_SPACES}'’)]", "")
    left = pc.replace_substring_regex(left, r"^[−(]", "-")
    if format.thousands in (",", "."):
        left = pc.replace_substring(left, format.thousands, "")
    if format.decimal != ".":
        left = pc.replace_substring(left, format.decimal, ".")
    numbers = np.asarray(pc.cast(left, pa.float64()).to_numpy(zero_copy_only=False), np.float64)
    bad = np.asarray(pc.fill_null(pc.invert(good), False).to_numpy(zero_copy_only=False), bool)
    return numbers, bad | np.isinf(numbers)
