"""The numbers of one training step as a graph of formulas that can be computed again.

Each number is a `Step`: a name, and a formula whose leaves name other steps or what is given. To
compute the sheet again with one formula changed, with rounded intermediates, or with somebody's
own earlier answers is to ask the same formulas for their values once more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..explanation.formula import (
    FUNCTIONS,
    Apply,
    Formula,
    Leaf,
    Neg,
    Power,
    Product,
    Ratio,
    Sum,
)

__all__ = ["Live", "Sheet", "Step", "Values", "key_of"]

_TINY = 4 * 2.0**-52  # of the largest term: a sum that small is 0 but for rounding


def key_of(name: str, role: str) -> str:
    """How a number is asked for on a keyboard.

    Example:
        >>> key_of("∂J/∂w5", "gradient"), key_of("new w5", "new"), key_of("δ_o1", "delta")
        ('w5.gradient', 'w5.new', 'delta_o1')
    """
    if role == "new":
        name = f"{name.removeprefix('new ')}.new"
    elif name.endswith(" after"):
        name = f"{name.removesuffix(' after')}.after"
    elif role in ("error", "arriving", "gradient"):
        name = f"{name.partition('/∂')[2]}.gradient"
    elif role == "slope":
        name = f"{name[1:].partition('/∂')[0]}.slope"
    return name.replace("δ", "delta").replace("Δ", "Delta")


class Step(NamedTuple):
    """One number of the sheet.

    Args:
        name: in the notation, such as `∂J/∂w5`.
        formula: of other steps and of what is given.
        role: "net", "out", "loss", "mean", "error" (∂E/∂output), "arriving" (∂E/∂hidden output),
            "slope", "delta", "gradient" or "new".
        layer, unit, row: where it belongs; layers count from 1, the others from 0.
        key: how it is asked for on a keyboard, such as `w5.gradient`.
        parts: what its formula was made of, by name: what a slip changes.
        again: of the forward pass after the update?
    """

    name: str
    formula: Formula
    role: str
    layer: int
    unit: int
    row: int
    key: str
    parts: Mapping[str, Any]
    again: bool = False

    @property
    def same(self) -> bool:
        """Is it only another name of another number?"""
        return isinstance(self.formula, Leaf)


class Live(Leaf):
    """A symbol whose number is that of its sheet: what a formula shows when it is written."""

    def __init__(self, name: str, sheet: Sheet) -> None:
        super().__init__(name, None)
        self.sheet = sheet

    @property
    def value(self) -> float:
        """Its number."""
        return self.sheet.values().get(self.name)


Compute = Callable[[Callable[[str], float]], float]


def _total(terms: list[float]) -> float:
    """Their sum; 0 where only the rounding of the terms is left."""
    found = math.fsum(terms)
    return found if abs(found) > _TINY * max(map(abs, terms)) else 0.0


def _compiled(formula: Formula) -> Compute:
    """A formula as nested functions of what gives the number of a name: ten times quicker."""
    if isinstance(formula, Live):
        name = formula.name
        return lambda get: get(name)
    if isinstance(formula, Leaf):
        value = formula.value
        return lambda get: value
    parts = [_compiled(part) for part in formula.parts()]
    if isinstance(formula, Sum):
        return lambda get: _total([p(get) for p in parts])
    if isinstance(formula, Product) and len(parts) == 2:
        one, two = parts
        return lambda get: one(get) * two(get)
    if isinstance(formula, Product):
        return lambda get: math.prod([p(get) for p in parts])
    if isinstance(formula, Neg):
        return lambda get, p=parts[0]: -p(get)
    if isinstance(formula, Ratio):
        return lambda get, p=parts[0], q=parts[1]: p(get) / q(get)
    if isinstance(formula, Power):
        return lambda get, p=parts[0], q=parts[1]: p(get) ** q(get)
    assert isinstance(formula, Apply)  # noqa: S101 - formulas of a sheet are made of these
    function = FUNCTIONS[formula.function]
    return lambda get: function(*[p(get) for p in parts])


class Values:
    """The sheet computed once: lazily, each number from the formulas as they are now.

    Args:
        sheet: whose formulas.
        changed: formulas in place of some of them.
        rounding: each computed number is rounded so before it is used.
        known: numbers that are not computed but taken as they are.
    """

    def __init__(
        self,
        sheet: Sheet,
        changed: Mapping[str, Formula] | None = None,
        rounding: Any = None,
        known: Mapping[str, float] | None = None,
    ) -> None:
        self.sheet, self.changed, self.rounding = sheet, changed or {}, rounding
        self.found: dict[str, float] = dict(known or {})
        self.tied = False  # was a number half-way between two, so that it may be rounded either way

    def get(self, name: str) -> float:
        """A number, rounded as intermediate results are."""
        if name not in self.found:
            if name in self.sheet.given:
                return self.sheet.given[name]
            value = self.exact(name)
            if self.rounding is not None and (
                self.rounding.nets or self.sheet.steps[name].role != "net"
            ):
                self.tied = self.tied or self.rounding.ties(value)
                value = self.rounding(value)
            self.found[name] = value
        return self.found[name]

    def exact(self, name: str) -> float:
        """A number that is not itself rounded, computed from others as they are here."""
        formula = self.changed.get(name, self.sheet.steps[name].formula)
        try:
            return float(self.sheet.compute(formula)(self.get))
        except (ArithmeticError, ValueError):
            return math.nan


class Sheet:
    """What is given, and every number that follows from it, in the order of working.

    Example:
        >>> from chainrule.explanation.formula import Leaf
        >>> sheet = Sheet({"w": 2.0, "x": 3.0})
        >>> sheet.add("z", sheet.leaf("w") * sheet.leaf("x"), "net")
        >>> sheet.values().get("z"), sheet.values(known={"z": 5.0}).get("z")
        (6.0, 5.0)
    """

    def __init__(self, given: Mapping[str, float]) -> None:
        self.given: dict[str, float] = dict(given)
        self.steps: dict[str, Step] = {}
        self.kept: dict[Any, Any] = {}  # what follows from the formulas alone: shared by copies
        self.needs: dict[str, int] = {}  # digits, by the names of steps: of these numbers
        self._plain: dict[Any, Values] = {}

    def with_given(self, given: Mapping[str, float]) -> Sheet:
        """The same formulas with other numbers.

        Symbols of the formulas go on showing the numbers of the first sheet.
        """
        other = Sheet(given)
        other.steps, other.kept = self.steps, self.kept
        return other

    def compute(self, formula: Formula) -> Compute:
        """A function of what gives the numbers by their names: the formula, translated once."""
        found = self.kept.get(id(formula))
        if found is None:  # kept with the formula, so that no other one gets its id
            found = self.kept[id(formula)] = _compiled(formula), formula
        return found[0]

    def leaf(self, name: str) -> Live:
        """The symbol of a number of this sheet."""
        return Live(name, self)

    def add(
        self, name: str, formula: Formula, role: str, layer: int = 0, unit: int = 0, row: int = 0,
        again: bool = False, **parts: Any,
    ) -> None:  # fmt: skip
        """One more number."""
        self._plain.clear()
        self.needs.clear()
        self.kept.clear()
        key = key_of(name, role)
        self.steps[name] = Step(name, formula, role, layer, unit, row, key, parts, again)

    def values(
        self,
        changed: Mapping[str, Formula] | None = None,
        rounding: Any = None,
        known: Mapping[str, float] | None = None,
    ) -> Values:
        """The numbers: as they are, or with changed formulas, rounding, known numbers."""
        if changed or known:
            return Values(self, changed, rounding, known)
        if rounding not in self._plain:  # asked for again and again
            self._plain[rounding] = Values(self, None, rounding)
        return self._plain[rounding]

    def before(self, name: str) -> set[str]:
        """The names of all steps that a step is computed from."""
        if ("before", name) in self.kept:
            return self.kept["before", name]
        found: set[str] = set()
        waiting = [name]
        while waiting:
            for leaf in self.steps[waiting.pop()].formula.leaves():
                if leaf.name in self.steps and leaf.name not in found:
                    found.add(leaf.name)
                    waiting.append(leaf.name)
        self.kept["before", name] = found
        return found

    def direct(self, name: str) -> list[str]:
        """The names of the steps that stand in a formula itself."""
        leaves = (leaf.name for leaf in self.steps[name].formula.leaves())
        return list(dict.fromkeys(n for n in leaves if n in self.steps))
