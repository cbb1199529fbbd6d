"""What a slide prints, beside what is computed: exact, rounded, or wrong."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import NamedTuple

import numpy as np

from ..errors import ArgumentError

__all__ = ["Compared", "Printed", "rounded_as", "verdict"]

_ULPS = 8  # a sum of a few decimals differs from the decimal by a few last bits


class Printed(NamedTuple):
    """One number of a slide.

    Attributes:
        quantity: its name in the deck's own notation.
        text: as the slide prints it, with the slide's digits.
        erratum: the erratum that speaks of it ("E16"), where there is one.
        note: why it differs, or what is peculiar about it, in a few words.

    Example:
        >>> import chainrule as cr
        >>> cr.course.example("001-softmax").slide[0][:3]
        ('a1', '0.51', 'E16')
    """

    quantity: str
    text: str
    erratum: str | None = None
    note: str | None = None


class Compared(NamedTuple):
    """A printed number beside ours.

    Attributes:
        quantity: its name in the deck's own notation.
        ours: what our code computes.
        printed: what the slide prints.
        verdict: "exact", "rounded" or "wrong".
        erratum, note: as in `Printed`.

    Example:
        >>> import chainrule as cr
        >>> row = cr.course.example("001-softmax").compare()[0]
        >>> row.printed, round(row.ours, 6), row.verdict
        ('0.51', 0.529694, 'wrong')
    """

    quantity: str
    ours: float
    printed: str
    verdict: str
    erratum: str | None = None
    note: str | None = None


def rounded_as(value: float, text: str) -> str:
    """`value` with as many decimals as `text` has.

    Example:
        >>> rounded_as(0.7152516, ".7153"), rounded_as(-0.0343825, "-0.034"), rounded_as(2.0, "2")
        ('0.7153', '-0.034', '2')
    """
    shown = Decimal(float(value)).quantize(_decimal(text), rounding=ROUND_HALF_EVEN)
    return str(abs(shown) if shown == 0 else shown)


def verdict(value: float, text: str) -> str:
    """Is a printed number `value` itself, `value` rounded to the digits printed, or neither?

    Args:
        value: the number that is right.
        text: the number as it was printed.

    Raises:
        ArgumentError: the text is no decimal number.

    Example:
        >>> verdict(0.415, "0.415"), verdict(0.602286, "0.6023"), verdict(0.10823, "0.1083")
        ('exact', 'rounded', 'wrong')
    """
    printed = float(_decimal(text))
    if abs(value - printed) <= _ULPS * np.spacing(max(abs(value), abs(printed))):
        return "exact"
    return "rounded" if Decimal(rounded_as(value, text)) == _decimal(text) else "wrong"


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text.replace("−", "-"))
    except InvalidOperation:
        raise ArgumentError("a printed number must be a decimal", received=repr(text)) from None
