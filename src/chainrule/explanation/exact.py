"""Exact fractions in place of decimals, where a network stays within + - · / and squares.

The printed formulas are computed once more, from the inputs, targets and weights as they are
written (0.1 is 1/10), each result going into the formulas that name it. The floats beside them
are the check: a fraction that is not its float is not printed.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from ..errors import ArgumentError
from .context import Context
from .formula import Apply, Formula, Leaf, Neg, Power, Product, Ratio, Sum
from .steps import Cell, Line, Part, Table
from .update import parameter_names

__all__ = ["exact_parts"]

LONG = 30  # characters of a fraction that nobody reads
KEPT = ("max", "abs", "sign")  # functions that make fractions of fractions


def exact_parts(say: Context, parts: Sequence[Part]) -> tuple[Part, ...]:
    """The nine parts with fractions.

    Raises:
        ArgumentError: something in the network makes irrational numbers, or there are more rows
            or weights than are worked out one by one.
    """
    if say.mode != "full" or say.recording.rows > 1 or len(say.dense) != len(say.recording.stages):
        raise _refusal("a small network of dense layers, and one row")
    known = _given(say)
    made = []
    for part in parts:
        if part.key in ("forward", "loss", "backward", "update"):
            items = tuple(_item(say, i, known) for i in part.items)
            part = part._replace(items=items)
        made.append(part)
    return tuple(_after(say, part, made, known) if part.key == "after" else part for part in made)


def _refusal(expected: str, received: str | None = None) -> ArgumentError:
    return ArgumentError(
        "this cannot be worked out in exact fractions",
        where="explain(exact=True)",
        expected=expected,
        received=received,
        fix="leave out exact=True: linear and ReLU units, squared errors and SGD stay exact",
    )


def _given(say: Context) -> dict[str, Fraction]:
    """Inputs, targets and weights, as they are written in decimals."""
    rec, names = say.recording, say.names
    kind = np.dtype(rec.dtype).type

    def written(value: Any) -> Fraction:
        return Fraction(str(kind(value)))

    x, y = np.asarray(rec.batch.x), np.asarray(rec.batch.y)
    known = {names.input(i): written(v) for i, v in enumerate(x[say.row].reshape(-1))}
    known |= {names.target(k): written(v) for k, v in enumerate(y[say.row].reshape(-1))}
    by_path = {w.path: w for w in rec.weights}
    for (path, flat), (name, _) in parameter_names(say).items():
        known[name] = written(by_path[path].before.reshape(-1)[flat])
    return known | {"1": Fraction(1)}


def _item(say: Context, item: Any, known: dict[str, Fraction]) -> Any:
    if isinstance(item, Line) and item.formula is not None:
        formula = _exact(item.formula, known)
        value = known[item.name] = _same(say, formula.value, item.value, item.name)
        return item._replace(formula=formula, value=value)
    if isinstance(item, Line):
        raise _refusal("a formula for every number", item.name)
    if isinstance(item, Table) and item.columns[1:] == ("old", "gradient", "step", "new"):
        return item._replace(rows=tuple(_step(say, row, known) for row in item.rows))
    if isinstance(item, Table):
        return item._replace(rows=tuple(_row(say, row, known) for row in item.rows))
    return item


def _row(say: Context, row: tuple[Any, ...], known: dict[str, Fraction]) -> tuple[Any, ...]:
    """The cells of a row: those with a formula are computed, others looked up by their numbers."""
    cells: list[Any] = [row[0]]
    for k, cell in enumerate(row[1:], 1):
        if not isinstance(cell, Cell):
            cells.append(cell)
        elif cell.formula is None:
            if cell.name not in known:
                raise _refusal("a formula for every number", row[0])
            cells.append(cell._replace(value=known[cell.name]))
        else:
            formula = _exact(cell.formula, known)
            value = _same(say, formula.value, cell.value, row[0])
            known[cell.name or (row[0] if k == len(row) - 1 else "")] = value
            cells.append(cell._replace(value=value, formula=formula))
    return tuple(cells)


def _step(say: Context, row: tuple[Any, ...], known: dict[str, Fraction]) -> tuple[Any, ...]:
    """old, gradient, step, new of a weight."""
    name, _, _, step, new = row
    if step.formula is None:
        raise _refusal("an optimizer without roots, such as SGD")
    old, gradient = known[name], known[say.d(name)]
    formula = _exact(step.formula, known | {"gradient": gradient})
    moved = _same(say, formula.value, step.value, name)
    return (name, old, gradient, step._replace(value=moved, formula=formula),
            _same(say, old + moved, new, name))  # fmt: skip


def _after(say: Context, after: Part, parts: list[Part], known: dict[str, Fraction]) -> Part:
    """The forward pass and the loss once more with the new weights."""
    new = _given(say)
    for item in next(p for p in parts if p.key == "update").items:
        if isinstance(item, Table) and item.columns[-1] == "new":
            new |= {row[0]: row[-1] for row in item.rows}
    for part in parts:
        for item in part.items if part.key in ("forward", "loss") else ():
            if isinstance(item, Line) and item.formula is not None:
                new[item.name] = _exact(item.formula, new, again=True).value
    items = []
    for item in after.items:
        name = item.name.removesuffix(" after")
        value: Any = _same(say, new[name], item.value, item.name)
        before: Any = known[name]
        if len(str(value)) > LONG:  # nobody reads it: both as decimals
            value, before = float(value), say.digits(float(before))
        items.append(item._replace(value=value, note=f"before {before}"))
    return after._replace(items=tuple(items))


def _exact(formula: Formula, known: dict[str, Fraction], again: bool = False) -> Formula:
    """The same formula over fractions."""
    kind = type(formula)
    if isinstance(formula, Leaf):
        name = formula.means or formula.name
        if formula.constant:
            return Leaf(formula.name, Fraction(str(formula.value)), formula.at, constant=True)
        if name not in known:
            raise _refusal("numbers that were worked out before", formula.name)
        return Leaf(formula.name, known[name], formula.at)
    parts = [_exact(p, known, again) for p in formula.parts()]
    if isinstance(formula, Apply):
        if formula.function not in KEPT:
            raise _refusal("linear or ReLU units and squared errors", formula.function)
        return Apply(formula.function, *parts)
    if isinstance(formula, Sum):
        return Sum(parts, formula.shown)
    if isinstance(formula, Product):
        return Product(parts)
    if isinstance(formula, Neg):
        return Neg(parts[0])
    if isinstance(formula, (Ratio, Power)):
        return kind(*parts)
    raise _refusal("sums, products, quotients and squares", kind.__name__)


def _same(say: Context, exact: Any, value: Any, name: str) -> Fraction:
    """The fraction, if it is the float beside it."""
    fraction = Fraction(exact)
    if abs(float(fraction) - float(value)) > say.close * max(1.0, abs(float(value))):
        raise _refusal("a fraction equal to the number that training computed", name)
    return fraction
