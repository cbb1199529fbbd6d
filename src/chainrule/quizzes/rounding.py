"""What a student wrote as a number, and when it equals another one to the digits written."""

from __future__ import annotations

import re
import unicodedata
from decimal import ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import NamedTuple

__all__ = ["LEAST", "OTHER_TIES", "Answer", "Rounding", "Unread", "read_answer", "roundings",
           "written"]  # fmt: skip

LEAST = 3  # significant digits that an answer needs
MOST = 12  # to which rounding of intermediates is tried
OTHER_TIES = (ROUND_HALF_EVEN, ROUND_HALF_DOWN)  # tried where an intermediate is a tie
EXACT = 1e-11  # relative: what the order of a sum may change in floating point

_NUMBER = re.compile(r"([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,3}))?")
_RATIO = re.compile(r"([+-]?\d{1,15})/(\d{1,15})")
_HIGH = str.maketrans("⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹", "-+0123456789")
_POWER = re.compile(r"[·×x*]10(?:\^|\*\*)?([+-]?\d+)")


class Unread(NamedTuple):
    """What could not be read as a number, and a key of the sentence that says why."""

    text: str
    why: str


class Answer(NamedTuple):
    """A number as it was written.

    Args:
        text: as it was typed.
        value: the number.
        digits: significant digits that were written; trailing zeros count. A fraction has none:
            it is exact.
        decimals: the place of the last digit: 3 for 0.123, -1 for 1.2e2 written as 12e1.

    Example:
        >>> read_answer("0,0820"), read_answer("1/3").exact
        (Answer(text='0,0820', value=0.082, digits=3, decimals=4), True)
    """

    text: str
    value: float
    digits: int
    decimals: int

    @property
    def exact(self) -> bool:
        """Was it written as a fraction?"""
        return self.digits == 0 and "/" in self.text

    @property
    def short(self) -> bool:
        """Has it fewer digits than an answer needs?"""
        return self.lacks(LEAST)

    def lacks(self, digits: int) -> bool:
        """Has it fewer significant digits than these?"""
        return not self.exact and self.digits < digits

    def padded(self, digits: int) -> Answer:
        """With zeros behind its last digit, up to so many: spreadsheets store 0.850 as 0.85.

        Example:
            >>> read_answer("0.85").padded(3).decimals, read_answer("0.8512").padded(3).decimals
            (3, 4)
        """
        if self.value == 0 or not self.lacks(digits):
            return self
        more = digits - self.digits
        return self._replace(digits=digits, decimals=self.decimals + more)

    def equals(self, value: float) -> bool:
        """Is it this number, neither rounded nor cut?"""
        return self.value == value or abs(self.value - value) <= EXACT * abs(value)

    def rounds(self, value: float) -> bool:
        """Is it this number rounded to the digits that were written? Ties may go either way."""
        if self.exact:
            return self.equals(value)
        half = float(f"0.5e{-self.decimals}")
        noise = 4 * 2.0**-52 * abs(value)  # of the subtraction: a tie is one all the same
        return abs(self.value - value) <= max(half, EXACT * abs(value)) * (1 + 1e-9) + noise


def read_answer(text: object) -> Answer | Unread:
    """A number as somebody writes it: 0.0822, 0,0822, -8.09e-1, 4.39·10^-4, 1/3, ٠٫٠٨٢٢.

    Returns:
        An `Answer`, or `Unread` with the reason: "empty", "words", "separators", "infinite".

    Example:
        >>> read_answer("about .08").why, read_answer("1,234.5").why, read_answer("nan").why
        ('words', 'separators', 'infinite')
        >>> read_answer("−4.39·10⁻⁴").value
        -0.000439
    """
    given = "" if text is None else str(text).strip()
    if not given:
        return Unread(given, "empty")
    if len(given) > 60:
        return Unread(given[:60], "words")
    plain = _plain(given)
    if re.fullmatch(r"[+-]?(nan|inf|infinity|∞)", plain, re.IGNORECASE):
        return Unread(given, "infinite")
    ratio = _RATIO.fullmatch(plain)
    if ratio:
        if int(ratio[2]) == 0:
            return Unread(given, "infinite")
        return Answer(given, float(Fraction(int(ratio[1]), int(ratio[2]))), 0, 0)
    if plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    if re.fullmatch(r"[+-]?\d[\d.,'_]*", plain) and not _NUMBER.fullmatch(plain):
        return Unread(given, "separators")
    found = _NUMBER.fullmatch(plain)
    if not found or not (found[2] or found[3]):
        return Unread(given, "words")
    whole, part, power = found[2] or "", found[3] or "", int(found[4] or 0)
    value = float(f"{found[1]}{whole or '0'}.{part or '0'}e{power}")
    if value in (float("inf"), float("-inf")):
        return Unread(given, "infinite")
    return Answer(given, value, len((whole + part).lstrip("0")), len(part) - power)


def _plain(text: str) -> str:
    """With the digits and signs of a keyboard: those of Arabic, real minus signs, powers of ten."""
    text = text.translate(_HIGH)
    digits = "".join(str(unicodedata.decimal(c)) if unicodedata.decimal(c, None) is not None
                     else c for c in text)  # fmt: skip
    for other, plain in (("−", "-"), ("–", "-"), ("٫", "."), ("⁄", "/"), ("\u200e", ""),
                         ("\u200f", "")):  # fmt: skip
        digits = digits.replace(other, plain)
    digits = re.sub(r"\s+", "", digits) if re.search(r"[·×x*]\s*10|/|^[+-]\s", digits) else digits
    digits = _POWER.sub(r"e\1", digits)
    return digits.lower() if re.search(r"\de[+-]?\d", digits.lower()) else digits


class Rounding(NamedTuple):
    """How intermediate results are rounded before they are used.

    Args:
        digits: significant digits that are kept; of `decimals` at least `LEAST`.
        decimals: in place of digits: places behind the point.
        nets: whether net inputs are rounded too, or go on into the activation as they are.
        tie: where halves go: away from zero, to the even digit (ISO 80000-1, Python's `round`), or
            towards zero (as binary numbers may).

    Example:
        >>> Rounding(4)(0.0947351), Rounding(3, decimals=4)(0.0947351), Rounding(4)(0.0)
        (0.09474, 0.0947, 0.0)
    """

    digits: int
    decimals: int | None = None
    nets: bool = True
    tie: str = ROUND_HALF_UP

    def __call__(self, value: float) -> float:
        """The number as it would be written down."""
        if value == 0 or value != value or value in (float("inf"), float("-inf")):
            return value
        number, unit = self._unit(value)
        return float(number.quantize(unit, self.tie))

    def ties(self, value: float) -> bool:
        """Is the number half-way between two that could be written down?

        Example:
            >>> Rounding(3)(0.82125), Rounding(4).ties(0.82125), Rounding(3).ties(0.82125)
            (0.821, True, False)
        """
        if value == 0 or value != value or value in (float("inf"), float("-inf")):
            return False
        number, unit = self._unit(value)
        return number.quantize(unit, ROUND_HALF_UP) != number.quantize(unit, ROUND_HALF_DOWN)

    def _unit(self, value: float) -> tuple[Decimal, Decimal]:
        """The number to 15 digits, and one of the last place that is kept."""
        number = Decimal(f"{value:.15g}")
        size = number.adjusted()
        place = size - self.digits + 1
        if self.decimals is not None:
            place = min(-self.decimals, size - LEAST + 1)
        return number, Decimal(1).scaleb(place)


def roundings(answer: Answer) -> list[Rounding]:
    """The ways of rounding on the way to an answer of so many digits: significant, or decimals."""
    if answer.exact or answer.digits > MOST:
        return []
    found = []
    for nets in (True, False):
        found += [Rounding(answer.digits, None, nets), Rounding(LEAST, answer.decimals, nets)]
    return found


def written(value: float, digits: int = LEAST) -> Answer:
    """The answer of somebody who rounds a number to so many significant digits.

    Example:
        >>> written(0.0821670).text, written(1234.5, 6).text, written(-0.5).text
        ('0.0822', '1234.50', '-0.500')
    """
    number = Decimal(repr(Rounding(digits)(value)))
    if number == 0:
        return Answer("0", 0.0, 0, 0)
    place = number.adjusted() - digits + 1
    text = f"{number.quantize(Decimal(1).scaleb(place)):f}"
    return Answer(text, float(number), digits, -place)
