"""A formula that can be written with symbols, written with numbers, and computed.

`Leaf("w5", 0.4) * Leaf("out_h1", 0.59)` is all three at once: what a line prints on both sides of
its equal sign is the same tree, so symbols and numbers cannot say different things. How a formula
looks in text, LaTeX or MathML is the business of a `Style`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

from .digits import Digits

__all__ = ["Apply", "Formula", "Leaf", "Neg", "Power", "Product", "Ratio", "Rest", "Style", "Sum"]
__all__ += ["const"]

# how tightly the parts of a formula hold together
SUM, NEG, PRODUCT, POWER, ATOM = range(5)

# functions that formulas may name: what they compute
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": math.exp,
    "ln": lambda x: math.log(x) if x > 0 else -math.inf,
    "tanh": math.tanh,
    "cosh": math.cosh,
    "sqrt": math.sqrt,
    "abs": abs,
    "max": max,
    "sign": lambda x: (x > 0) - (x < 0),
    "erf": math.erf,
    "relu'": lambda x: 1.0 if x > 0 else 0.0,
}


class Style:
    """How a formula is written. Every method returns text; this one is plain text.

    Args:
        digits: writes numbers.
        numbers: in place of symbols?
    """

    times, plus, minus, negative = "·", " + ", " - ", "-"

    def __init__(self, digits: Digits, numbers: bool = False) -> None:
        self.digits, self.numbers = digits, numbers

    def name(self, leaf: Leaf) -> str:
        """A symbol."""
        return leaf.name

    def number(self, value: Any) -> str:
        """A number, or what stands in its place."""
        if isinstance(value, (Fraction, str)):
            return str(value)
        return self.digits(value)

    def leaf(self, leaf: Leaf) -> tuple[str, int]:
        """A leaf and how tightly it holds."""
        filled = self.numbers and not leaf.constant
        plain = Style.number(self, leaf.value) if filled else leaf.name
        text = self.number(leaf.value) if filled else self.name(leaf)
        if plain.startswith("-"):
            return text, NEG
        if leaf.constant or filled:
            if filled and "/" in plain and not self.stacked:
                return text, NEG
            product = (self.spread and "e" in plain) or (filled and "/" in plain)
        else:
            product = "/" in plain and (self.stacked or not plain.startswith("∂"))
        return text, PRODUCT if product else ATOM

    spread = False  # are small numbers written as products, 4.2·10⁻⁹?

    def parens(self, text: str) -> str:
        """In parentheses."""
        return f"({text})"

    def ratio(self, top: str, bottom: str) -> str:
        """A quotient; both are held together already."""
        return f"{top}/{bottom}"

    stacked = False  # does a ratio hold its parts together by itself?

    def power(self, base: str, exponent: str) -> str:
        """A power."""
        marks = {"2": "²", "3": "³"}
        return base + marks[exponent] if exponent in marks else f"{base}^{exponent}"

    raised = False  # does an exponent hold its parts together by itself?

    def apply(self, function: str, arguments: list[str]) -> str:
        """A function of something."""
        return f"{function}({', '.join(arguments)})"

    def more(self, count: int, value: Any) -> str:
        """What a long sum leaves out."""
        return f"{count:,} more" if not self.numbers else f"{count:,} more: {self.number(value)}"


class Formula:
    """Base of the parts of a formula; `+ - · /` build larger ones."""

    @property
    def value(self) -> Any:
        """What it computes: floats, or fractions where all leaves are."""
        raise NotImplementedError

    def write(self, style: Style, within: int = SUM) -> str:
        """As text; in parentheses where it holds less tightly than what it stands `within`."""
        text, own = self._write(style)
        return style.parens(text) if own < within else text

    def _write(self, style: Style) -> tuple[str, int]:
        raise NotImplementedError

    def pieces(self, style: Style) -> list[str]:
        """As text between whose parts a line may be broken: terms, else factors."""
        return [self.write(style)]

    def leaves(self) -> Iterator[Leaf]:
        """Every leaf, from left to right."""
        for part in self.parts():
            yield from part.leaves()

    def parts(self) -> Sequence[Formula]:
        """What it is made of directly."""
        return ()

    def __add__(self, other: Any) -> Sum:
        return Sum([self, as_formula(other)])

    def __radd__(self, other: Any) -> Sum:
        return Sum([as_formula(other), self])

    def __sub__(self, other: Any) -> Sum:
        return Sum([self, Neg(as_formula(other))])

    def __rsub__(self, other: Any) -> Sum:
        return Sum([as_formula(other), Neg(self)])

    def __mul__(self, other: Any) -> Product:
        return Product([self, as_formula(other)])

    def __rmul__(self, other: Any) -> Product:
        return Product([as_formula(other), self])

    def __truediv__(self, other: Any) -> Ratio:
        return Ratio(self, as_formula(other))

    def __rtruediv__(self, other: Any) -> Ratio:
        return Ratio(as_formula(other), self)

    def __pow__(self, exponent: Any) -> Power:
        return Power(self, as_formula(exponent))

    def __neg__(self) -> Neg:
        return Neg(self)


class Leaf(Formula):
    """A symbol with its number.

    Args:
        name: the symbol.
        value: its number.
        at: the place in the network that it belongs to.
        constant: whether it stands in the formula itself: 1, ½.
        means: the name of a quantity that it is equal to: ∂net/∂w is an input.
    """

    def __init__(
        self, name: str, value: Any, at: str = "", constant: bool = False, means: str = ""
    ) -> None:
        self.name, self._value, self.at, self.constant = name, value, at, constant
        self.means = means

    @property
    def value(self) -> Any:
        """Its number."""
        return self._value

    def _write(self, style: Style) -> tuple[str, int]:
        return style.leaf(self)

    def leaves(self) -> Iterator[Leaf]:
        """Itself."""
        yield self


def const(text: Any, value: Any = None) -> Leaf:
    """A number that stands in the formula itself: 1, ½, 0.5.

    Example:
        >>> const("½", 0.5).value, const(2).name
        (0.5, '2')
    """
    return Leaf(str(text), value if value is not None else text, constant=True)


def as_formula(value: Any) -> Formula:
    """Itself, or a number as a constant."""
    return value if isinstance(value, Formula) else const(value)


class Sum(Formula):
    """a + b − c; of a long one the largest terms are written, and what the others sum to.

    Example:
        >>> text = Style(Digits(3), numbers=True)
        >>> (Leaf("a", 1.0) + Leaf("b", -2.0) - Leaf("c", 0.5)).write(text)
        '1 + (-2) - 0.5'
        >>> Sum([Leaf(f"x{i}", float(i)) for i in range(9)], shown=2).write(text)
        '7 + 8 + (7 more: 21)'
    """

    def __init__(self, terms: Sequence[Formula], shown: int = 8) -> None:
        flat: list[Formula] = []
        for term in terms:
            flat += term.terms if isinstance(term, Sum) else [term]
        self.terms, self.shown = flat, shown

    @property
    def value(self) -> Any:
        """The sum."""
        values = [t.value for t in self.terms]
        if any(isinstance(v, Fraction) for v in values):
            return sum(values, Fraction(0))
        return math.fsum(values)

    def written(self) -> tuple[list[Formula], list[Formula]]:
        """The terms that are written, and the others."""
        if len(self.terms) <= self.shown:
            return self.terms, []
        order = sorted(self.terms, key=lambda t: -abs(float(t.value)))[: self.shown]
        kept = set(map(id, order))
        return (
            [t for t in self.terms if id(t) in kept],
            [t for t in self.terms if id(t) not in kept],
        )

    def _write(self, style: Style) -> tuple[str, int]:
        pieces = self.pieces(style)
        return "".join(pieces), SUM if len(pieces) > 1 else PRODUCT

    def pieces(self, style: Style) -> list[str]:
        """Its terms, each with the sign before it."""
        kept, rest = self.written()
        if not kept:
            return [style.number(0)]
        found = [kept[0].write(style, NEG if isinstance(kept[0], Neg) else SUM)]
        for term in kept[1:]:
            minus = isinstance(term, Neg)
            inside = term.inside if minus else term
            within = NEG if _is_positive_fraction(inside) else PRODUCT
            found.append((style.minus if minus else style.plus) + inside.write(style, within))
        if rest:
            total = math.fsum(float(t.value) for t in rest)
            found.append(style.plus + style.parens(style.more(len(rest), total)))
        return found

    def parts(self) -> Sequence[Formula]:
        """Its terms."""
        return self.terms


def _is_positive_fraction(f: Formula) -> bool:
    """Does it stand in a sum without parentheses: 1 - 191/1000?"""
    return isinstance(f, Leaf) and isinstance(f.value, Fraction) and f.value > 0


class Rest(Formula):
    """What a long sum leaves out: how many terms, and what they sum to.

    Example:
        >>> (Leaf("a", 1.0) + Rest(1200, 0.25)).write(Style(Digits(3), numbers=True))
        '1 + (1,200 more: 0.25)'
    """

    def __init__(self, count: int, total: Any) -> None:
        self.count, self.total = count, total

    @property
    def value(self) -> Any:
        """The sum of what is left out."""
        return self.total

    def _write(self, style: Style) -> tuple[str, int]:
        return style.parens(style.more(self.count, self.total)), ATOM


class Neg(Formula):
    """−a."""

    def __init__(self, inside: Formula) -> None:
        self.inside = inside

    @property
    def value(self) -> Any:
        """The other sign."""
        return -self.inside.value

    def _write(self, style: Style) -> tuple[str, int]:
        return style.negative + self.inside.write(style, PRODUCT), NEG

    def parts(self) -> Sequence[Formula]:
        """What it negates."""
        return (self.inside,)


class Product(Formula):
    """a·b·c.

    Example:
        >>> f = Leaf("δ", -0.5) * (Leaf("a", 1.0) + Leaf("b", 2.0))
        >>> f.write(Style(Digits(3))), f.write(Style(Digits(3), True)), f.value
        ('δ·(a + b)', '(-0.5)·(1 + 2)', -1.5)
    """

    def __init__(self, factors: Sequence[Formula]) -> None:
        flat: list[Formula] = []
        for factor in factors:
            flat += factor.factors if isinstance(factor, Product) else [factor]
        self.factors = flat

    @property
    def value(self) -> Any:
        """The product."""
        return math.prod(f.value for f in self.factors)

    def _write(self, style: Style) -> tuple[str, int]:
        return "".join(self.pieces(style)), PRODUCT

    def pieces(self, style: Style) -> list[str]:
        """Its factors, with the sign of multiplication before all but the first."""
        texts = [f.write(style, PRODUCT) for f in self.factors]
        return [style.times * (k > 0) + text for k, text in enumerate(texts)]

    def parts(self) -> Sequence[Formula]:
        """Its factors."""
        return self.factors


class Ratio(Formula):
    """a/b."""

    def __init__(self, top: Formula, bottom: Formula) -> None:
        self.top, self.bottom = top, bottom

    @property
    def value(self) -> Any:
        """The quotient."""
        top, bottom = self.top.value, self.bottom.value
        if isinstance(top, int) and isinstance(bottom, Fraction | int):
            return Fraction(top) / bottom if isinstance(bottom, Fraction) else top / bottom
        return top / bottom

    def _write(self, style: Style) -> tuple[str, int]:
        inside = SUM if style.stacked else POWER
        text = style.ratio(self.top.write(style, inside), self.bottom.write(style, inside))
        return text, PRODUCT

    def parts(self) -> Sequence[Formula]:
        """Top and bottom."""
        return (self.top, self.bottom)


class Power(Formula):
    """aᵇ."""

    def __init__(self, base: Formula, exponent: Formula) -> None:
        self.base, self.exponent = base, exponent

    @property
    def value(self) -> Any:
        """The power."""
        return self.base.value**self.exponent.value

    def _write(self, style: Style) -> tuple[str, int]:
        exponent = self.exponent.write(style, SUM if style.raised else ATOM)
        return style.power(self.base.write(style, ATOM), exponent), POWER

    def parts(self) -> Sequence[Formula]:
        """Base and exponent."""
        return (self.base, self.exponent)


class Apply(Formula):
    """A function of something: exp(x), max(0, x); or a named one whose value is given, f'(z).

    Example:
        >>> one = 1 / (1 + Apply("exp", -Leaf("z", 0.0)))
        >>> one.write(Style(Digits(3))), one.value
        ('1/(1 + exp(-z))', 0.5)
    """

    def __init__(self, function: str, *arguments: Formula, value: Any = None) -> None:
        self.function, self.arguments, self._value = function, arguments, value

    @property
    def value(self) -> Any:
        """What the function gives."""
        if self._value is not None:
            return self._value
        return FUNCTIONS[self.function](*(a.value for a in self.arguments))

    def _write(self, style: Style) -> tuple[str, int]:
        return style.apply(self.function, [a.write(style) for a in self.arguments]), ATOM

    def parts(self) -> Sequence[Formula]:
        """Its arguments."""
        return self.arguments
