"""How numbers are printed: as many digits as somebody reads, never more than there are."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Digits", "digits_of"]

# decimal digits that a type holds, behind the leading one
_HELD = {"float64": 15, "float32": 7, "float16": 3, "bfloat16": 2}


class Digits(NamedTuple):
    """A number of decimals, and how many significant digits the type of the numbers holds.

    Example:
        >>> Digits(6)(0.1 + 0.2), Digits(6)(-0.0), Digits(9, 7)(1.23456789012), Digits(6)(4.2e-9)
        ('0.3', '0', '1.234568', '4.2e-09')
    """

    decimals: int
    held: int = 15

    def __call__(self, value: Any) -> str:
        """As short as it can be with these decimals: 0.5, 0.593269992, 4.2e-09, never -0."""
        text = self.fixed(value)
        if "." in text and "e" not in text:
            text = text.rstrip("0").rstrip(".")
        return text

    def fixed(self, value: Any) -> str:
        """With all decimals, as columns of a table want it; 0 where it is exactly 0."""
        if isinstance(value, Fraction):
            return str(value)
        v = float(value)
        if not np.isfinite(v):
            return {"inf": "∞", "-inf": "-∞"}.get(str(v), "nan")
        if v == 0:
            return "0"
        size = int(np.floor(np.log10(abs(v))))  # of the leading digit
        decimals = min(self.decimals, max(0, self.held - 1 - size))
        if abs(v) < 0.5 * 10.0 ** (1 - self.decimals) or size > 12:  # 0.00… would say nothing
            kept = max(0, min(self.decimals, self.held) - 4)
            mantissa, exponent = f"{v:.{kept}e}".split("e")
            mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
            return f"{mantissa}e{exponent}"
        return f"{v:.{decimals}f}"


def digits_of(dtype: Any, decimals: int) -> Digits:
    """The digits of numbers of a type.

    Example:
        >>> digits_of("float32", 9)(0.1234567890)
        '0.1234568'
    """
    return Digits(decimals, _HELD.get(str(dtype), 15))
