"""Formulas as MathML: stacked fractions, exponents, roots, parentheses that grow."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from html import escape
from typing import Any

from ..digits import Digits
from ..formula import Formula, Leaf, Style
from .symbols import Sign, symbol, visible

__all__ = ["MathML", "math", "number_text"]

_HIGH = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_ACCENT = {"hat": "^", "tilde": "~", "bar": "¯"}


def number_text(text: str) -> str:
    """A number as it is read: a real minus sign, powers of ten in place of e.

    Example:
        >>> number_text("-4.2e-09")
        '−4.2·10⁻⁹'
    """
    text = re.sub(r"e([+-]\d+)$", lambda m: "·10" + str(int(m[1])).translate(_HIGH), text)
    return text.replace("-", "−")


def choices(value: Any, decimals: Sequence[int], held: int) -> list[str]:
    """A number with each of several numbers of decimals, as `Digits` writes it."""
    return [number_text(Digits(d, held)(value)) for d in decimals]


class MathML(Style):
    """How a formula is written as MathML.

    Args:
        digits: writes numbers.
        numbers: in place of symbols?
        decimals: other numbers of decimals that a reader may choose; each number then carries
            its text with every one of them in `data-d`.

    Example:
        >>> ratio = Leaf("a", 0.4) / Leaf("w5", 2.0)
        >>> print(ratio.write(MathML(Digits(6))))
        <mfrac><mi>a</mi><mrow><msub><mi>w</mi><mn>5</mn></msub></mrow></mfrac>
        >>> ratio.write(MathML(Digits(6), numbers=True))
        '<mfrac><mn>0.4</mn><mn>2</mn></mfrac>'
    """

    times = '<mo form="infix">·</mo>'
    plus = '<mo form="infix">+</mo>'
    minus = '<mo form="infix">−</mo>'
    negative = '<mo form="prefix">−</mo>'
    stacked = raised = spread = True

    def __init__(self, digits: Digits, numbers: bool = False, decimals: Sequence[int] = ()) -> None:
        super().__init__(digits, numbers)
        self.decimals = tuple(decimals)

    def filled(self) -> MathML:
        """The same with numbers in place of symbols."""
        return type(self)(self.digits, True, self.decimals)

    def name(self, leaf: Leaf) -> str:
        """A symbol, or a number that stands in the formula itself."""
        if not leaf.constant:
            return sign(symbol(leaf.name))
        found = re.fullmatch(r"\((.+)\^(\d+)\)", leaf.name)  # (1 - 0.9^3)
        if found:
            before, _, last = found[1].rpartition(" ")
            power = f"<msup><mn>{escape(last)}</mn><mn>{found[2]}</mn></msup>"
            return self.parens(f"<mtext>{escape(before)} </mtext>{power}" if before else power)
        return f"<mn>{escape(number_text(visible(leaf.name)))}</mn>"

    def number(self, value: Any) -> str:
        """A number, with its other numbers of decimals beside it."""
        if isinstance(value, Fraction) and value.denominator != 1:
            top = f"<mfrac><mn>{abs(value.numerator)}</mn><mn>{value.denominator}</mn></mfrac>"
            return f"{self.negative}{top}" if value < 0 else top
        text = number_text(self.digits(value))
        return f"<mn{self.other(value, text)}>{escape(text)}</mn>"

    def other(self, value: Any, text: str) -> str:
        """The attribute with the same number otherwise rounded; none if all are alike."""
        found = choices(value, self.decimals, self.digits.held)
        if not found or set(found) == {text}:
            return ""
        return f' data-d="{escape("|".join(found))}"'

    def parens(self, text: str) -> str:
        """In parentheses that are as high as what they hold."""
        # the taller glyphs of some fonts stand apart from what they hold
        grow = "" if "<mfrac" in text or "<msqrt" in text else ' stretchy="false"'
        return f"<mrow><mo{grow}>(</mo>{_row(text)}<mo{grow}>)</mo></mrow>"

    def ratio(self, top: str, bottom: str) -> str:
        """One above the other."""
        return f"<mfrac>{_row(top)}{_row(bottom)}</mfrac>"

    def power(self, base: str, exponent: str) -> str:
        """Raised."""
        return f"<msup>{_row(base)}{_row(exponent)}</msup>"

    def apply(self, function: str, arguments: list[str]) -> str:
        """exp as a power of e, roots and bars as such, anything else by its name."""
        inside = '<mo separator="true">,</mo>'.join(arguments)
        if function == "exp":
            return f"<msup><mi>e</mi>{_row(inside)}</msup>"
        if function == "sqrt":
            return f"<msqrt>{inside}</msqrt>"
        if function == "abs":
            return f'<mrow><mo form="prefix">|</mo>{_row(inside)}<mo form="postfix">|</mo></mrow>'
        name = escape(visible(function).replace("'", "′"))
        return f'<mrow><mi mathvariant="normal">{name}</mi>{self.parens(inside)}</mrow>'

    def more(self, count: int, value: Any) -> str:
        """What a long sum leaves out."""
        text = f"<mtext>{count:,} more</mtext>"
        return f"{text}<mo>:</mo>{self.number(value)}" if self.numbers else text


def _row(text: str) -> str:
    """One element: itself where it is one already."""
    one = re.fullmatch(r"<(m[ino]|mtext)\b[^<]*</\1>", text)
    whole = text.startswith("<mrow>") and _closes(text)
    return text if one or whole else f"<mrow>{text}</mrow>"


def _closes(text: str) -> bool:
    """Does the row that is opened first end last?"""
    depth = 0
    for found in re.finditer(r"<(/?)mrow>", text):
        depth += -1 if found[1] else 1
        if depth == 0:
            return found.end() == len(text)
    return False


def sign(s: Sign) -> str:
    """A symbol as one MathML element."""
    if s.kind == "letter":
        return f"<mi>{escape(s.text)}</mi>"
    if s.kind in ("text", "number", "operator"):
        tag = {"text": "mtext", "number": "mn", "operator": "mo"}[s.kind]
        text = escape(s.text).replace(" ", "\u00a0")
        return f"<{tag}>{text}</{tag}>"
    parts = [sign(p) for p in s.parts if p is not None]
    if s.kind == "row":
        return f"<mrow>{''.join(parts)}</mrow>"
    if s.kind == "ratio":
        return f"<mfrac>{''.join(parts)}</mfrac>"
    if s.kind == "scripts":
        tag = "msubsup" if all(s.parts) else "msub" if s.parts[1] else "msup"
        return f"<{tag}>{''.join(parts)}</{tag}>"
    return f'<mover accent="true">{parts[0]}<mo>{_ACCENT[s.kind]}</mo></mover>'


def math(inside: str) -> str:
    """As an element of a page: from left to right, fractions in full size."""
    return f'<math dir="ltr" displaystyle="true">{inside}</math>'


def pieces(formula: Formula, style: MathML) -> list[str]:
    """A formula as elements between which a line may be broken."""
    return [math(piece) for piece in formula.pieces(style)]
