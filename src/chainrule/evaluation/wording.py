"""Figures in words: per cent, points, numbers, intervals; names of classes in a sentence."""

from __future__ import annotations

import math
import unicodedata

__all__ = ["answer", "cell", "interval", "number", "percent", "plain", "points", "written"]


def number(value: float, digits: int = 3) -> str:
    """A number in so many significant digits, with a true minus sign; a dash for NaN.

    Whole digits are never cut: 12,345 stays what it is.

    Example:
        >>> number(0.04567), number(12345.6), number(-2.0), number(float("nan"))
        ('0.0457', '12,346', '−2', '–')
    """
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    if 10**digits <= size < 1e12:
        text = f"{value:,.0f}"
    else:
        text = f"{value:.{digits}g}"
    return "0" if text == "-0" else text.replace("-", "−")


def cell(value: float, digits: int = 3) -> str:
    """A number of a column: as `number`, but four digits stay together, as in a year.

    Example:
        >>> cell(1985.0), cell(-1200.0), cell(12345.6), cell(0.5)
        ('1985', '−1200', '12,346', '0.5')
    """
    text = number(value, digits)
    return text.replace(",", "") if abs(value) < 9999.5 else text


def percent(share: float, sign: bool = True) -> str:
    """A share in per cent; a dash for NaN. What is not quite everything is not written as 100 %.

    Example:
        >>> percent(0.9522), percent(1.0), percent(0.99999), percent(0.00001)
        ('95.2 %', '100 %', '99.999 %', '0.001 %')
    """
    if math.isnan(share):
        return "–"
    text = ""
    for digits in (1, 2, 3, 4):
        text = f"{100 * share:.{digits}f}"
        if 0 < share < 1 and float(text) in (0.0, 100.0):
            continue
        break
    text = text[:-2] if text.endswith(".0") and share in (0, 1) else text
    return text.replace("-", "−") + (" %" if sign else "")


def points(difference: float) -> str:
    """A difference of shares in percentage points, without a word after it.

    Example:
        >>> points(0.0412), points(-0.002), points(-0.00001)
        ('4.1', '−0.2', '0.0')
    """
    if math.isnan(difference):
        return "–"
    text = f"{100 * difference:.1f}"
    return "0.0" if text == "-0.0" else text.replace("-", "−")


def written(value: float, kind: str) -> str:
    """A figure by its kind: `"share"` in per cent, `"points"`, and any other as a number."""
    if kind == "share":
        return percent(value)
    return points(value) if kind == "points" else number(value)


def interval(low: float, high: float, kind: str) -> str:
    """`2.0 … 6.2`: both ends in the same form.

    Example:
        >>> interval(0.02, 0.062, "points"), interval(0.915, 0.947, "share")
        ('2.0 … 6.2', '91.5 … 94.7 %')
    """
    if math.isnan(low) or math.isnan(high):
        return "–"
    if kind == "share":
        return f"{percent(low, sign=False)} … {percent(high)}"
    return f"{written(low, kind)} … {written(high, kind)}"


def plain(text: object, longest: int = 40) -> str:
    r"""A name from a file as a sentence can hold it: one line, no control characters.

    Example:
        >>> plain("a\nb\x1b[31m"), plain("x" * 50)[-3:]
        ('a b[31m', 'xx…')
    """
    kept = (" " if c.isspace() else c for c in str(text)
            if c.isspace() or unicodedata.category(c)[0] != "C")  # fmt: skip
    line = " ".join("".join(kept).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def answer(name: object) -> str:
    """A class in the middle of a sentence: in quotes where it is more than one plain word.

    Example:
        >>> answer("no"), answer("bird of prey"), answer("")
        ('no', '“bird of prey”', '“”')
    """
    text = plain(name)
    return text if text.isalnum() else f"“{text}”"
