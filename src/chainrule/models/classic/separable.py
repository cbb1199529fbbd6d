"""Why no line parts two classes: sums of rows that would have to be above and below it at once."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from .threshold import Threshold

__all__ = ["Cycle", "contradiction", "same_rows"]


class Cycle(NamedTuple):
    """The weights of a perceptron that came back, so that its rule would go on for ever.

    Args:
        epoch: after which the weights were what they had been before.
        length: epochs from the one time to the other; 0 where two equal rows with different targets
            prove it without a cycle.
        unit: the output that cannot be learnt.
        coef, intercept: the weights that came back.
        rows: every row that changed the weights on the way, and how often.
        ones, zeros: rows of target 1 and of target 0, each with a whole number, that prove it:
            both sides of Σ c·(x, 1) are equal. Empty where nothing is proven.

    Example:
        >>> import chainrule as cr
        >>> x, y = cr.datasets.gate("xor")
        >>> cycle = cr.models.Perceptron().fit(x, y, not_separable="keep").cycle
        >>> cycle.epoch, cycle.length, cycle.ones, cycle.zeros
        (3, 1, {1: 1, 2: 1}, {0: 1, 3: 1})
    """

    epoch: int
    length: int
    unit: int
    coef: np.ndarray
    intercept: np.ndarray
    rows: dict[int, int]
    ones: dict[int, int]
    zeros: dict[int, int]


def contradiction(
    x: np.ndarray, y: np.ndarray, counts: dict[int, int], unit: Threshold, bias: bool
) -> tuple[dict[int, int], dict[int, int]]:
    """Rows of either class whose sums are equal, or nothing where that proves nothing.

    Over a cycle all changes cancel: Σ c·(x, 1) of the rows that should have fired is that of the
    rows that should not. The same then holds for their z = x·w + b, for every w and b, while the
    first sum would have to be above the threshold and the second below it. The sums are compared
    exactly, as fractions. (P. Gordan, 1873: of two such systems exactly one has a solution.)
    """
    ones = {r: c for r, c in sorted(counts.items()) if y[r] == 1}
    zeros = {r: c for r, c in sorted(counts.items()) if y[r] == 0}
    if not (ones if unit.strict else zeros):
        return {}, {}
    whole = math.gcd(*ones.values(), *zeros.values())
    ones = {r: c // whole for r, c in ones.items()}
    zeros = {r: c // whole for r, c in zeros.items()}
    more = sum(ones.values()) - sum(zeros.values())
    if (bias and more) or more * unit.threshold < 0:
        return {}, {}
    same = all(_total(x, ones, j) == _total(x, zeros, j) for j in range(x.shape[1]))
    return (ones, zeros) if same else ({}, {})


def _total(x: np.ndarray, counts: dict[int, int], feature: int) -> Fraction:
    return sum((c * Fraction(float(x[r, feature])) for r, c in counts.items()), Fraction(0))


def same_rows(x: np.ndarray, y: np.ndarray) -> tuple[int, int, int] | None:
    """(row of target 1, row of target 0, unit) with equal inputs, if there are any."""
    seen: dict[bytes, int] = {}
    for row in range(len(x)):
        key = (x[row] + 0.0).tobytes()  # -0.0 is 0.0
        first = seen.setdefault(key, row)
        differs = np.flatnonzero(y[first] != y[row])
        if len(differs):
            unit = int(differs[0])
            one, zero = (row, first) if y[row, unit] else (first, row)
            return one, zero, unit
    return None


def words(cycle: Cycle, x: np.ndarray, unit: Threshold) -> str:
    """The proof, with the numbers of the rows; or what is known without one."""
    ones, zeros = cycle.ones, cycle.zeros
    if not ones and not zeros:
        rows = ", ".join(map(str, list(cycle.rows)[:6])) + (", …" if len(cycle.rows) > 6 else "")
        return f"the weights came back to what they were, while rows {rows} changed them"
    above, below = (">", "≤") if unit.strict else ("≥", "<")
    sides = []
    for counts, target, sign in ((ones, 1, above), (zeros, 0, below)):
        if counts:
            limit = sum(counts.values()) * unit.threshold
            sides.append(f"{_names(counts)} (target {target}) ask{_s(counts)} for {sign} {limit:g}")
    return (
        f"{_sum('z', ones)} = {_sum('z', zeros)} for all weights, since "
        f"{_points(ones, x)} = {_points(zeros, x)}; but {' and '.join(sides)}"
    )


def _s(counts: dict[int, int]) -> str:
    return "s" if len(counts) == 1 else ""


def _sum(letter: str, counts: dict[int, int], most: int = 6) -> str:
    parts = [f"{c if c > 1 else ''}{letter}{r}" for r, c in counts.items()]
    return (" + ".join(parts[:most]) or "0") + (" + …" if len(parts) > most else "")


def _points(counts: dict[int, int], x: np.ndarray, most: int = 6) -> str:
    parts = [f"{c if c > 1 else ''}{_point(x[r])}" for r, c in counts.items()]
    return (" + ".join(parts[:most]) or "0") + (" + …" if len(parts) > most else "")


def _point(row: Any) -> str:
    shown = ", ".join(f"{v:g}" for v in row[:4])
    return f"({shown}{', …' if len(row) > 4 else ''})"


def _names(counts: dict[int, int], most: int = 6) -> str:
    rows = [str(r) for r in counts]
    text = ", ".join(rows[:most]) + (", …" if len(rows) > most else "")
    return f"row{'s' if len(rows) > 1 else ''} {text}"
