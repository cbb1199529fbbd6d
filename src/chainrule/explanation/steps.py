"""What an explanation is made of: parts, and in them lines, tables and sentences. No rendering.

Everything that is drawn or printed from it, as text, a page, LaTeX, JSON, reads this tree.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from .formula import Formula

__all__ = ["PARTS", "Cell", "Line", "Part", "Table", "Words", "counts"]

# the nine parts, in order, and what each says
PARTS = {
    "network": "layers, loss, optimizer, parameters",
    "forward": "from the inputs to the outputs",
    "loss": "one number for how wrong they are",
    "backward": "from the loss back to every weight",
    "check": "the same gradients without any derivative",
    "update": "all from the old weights",
    "after": "the same row again",
    "why": "what makes gradients small or large",
    "notes": "what else to know",
}


class Line(NamedTuple):
    """name = symbols = numbers = value.

    Args:
        name: what is computed, such as `net_h1` or `∂E/∂w5`.
        formula: what it is computed from; None for a value that is only given.
        value: the result, from the code that trains.
        at: the places in the network that it belongs to: `dense[0]`, `dense/kernel[0,1]`, `loss`.
        more: shown only where everything is asked for.
        steps: further formulas between the first and the value (chain, then factors).
        note: a few words behind it.
    """

    name: str
    formula: Formula | None
    value: Any
    at: tuple[str, ...] = ()
    more: bool = False
    steps: tuple[Formula, ...] = ()
    note: str = ""


class Words(NamedTuple):
    """A sentence, or a heading of the lines that follow.

    Args:
        text: plain text.
        kind: "text", "heading", "note" (with `ref`, such as an erratum's id), "ok" or "bad".
        ref: what it refers to.
        more: shown only where everything is asked for.
        at: the places that it belongs to.
    """

    text: str
    kind: str = "text"
    ref: str = ""
    more: bool = False
    at: tuple[str, ...] = ()


class Cell(NamedTuple):
    """A number in a table, or a formula whose value it is, or text."""

    value: Any
    formula: Formula | None = None
    name: str = ""  # of the quantity, where it is not that of the row
    at: str = ""  # its own place, where that is not the row's


class Table(NamedTuple):
    """Rows under the names of columns; the first column is text.

    Args:
        title: what stands above it.
        columns: their names.
        rows: one tuple of texts, numbers and Cells a row.
        at: for each row the places that it belongs to; () where there are none.
        more: shown only where everything is asked for.
        total: how many rows there were before only the first ones were kept; 0: all are there.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    at: tuple[tuple[str, ...], ...] = ()
    more: bool = False
    total: int = 0


def counts(value: Any) -> bool:
    """Is it a number that can be computed with?"""
    return isinstance(value, (int, float, Fraction)) and math.isfinite(value)


class Part(NamedTuple):
    """One of the nine parts."""

    key: str
    items: tuple[Any, ...]

    @property
    def title(self) -> str:
        """Its name in capitals."""
        return self.key.upper()

    @property
    def number(self) -> int:
        """Its place, from 0."""
        return list(PARTS).index(self.key) if self.key in PARTS else 0

    def numbers(self) -> Iterator[tuple[str, float, tuple[str, ...]]]:
        """Every number that this part computes: (name, value, places), in order of reading."""
        for item in self.items:
            if isinstance(item, Line):
                if item.value is not None and not isinstance(item.value, str):
                    yield item.name, float(item.value), item.at
            elif isinstance(item, Table):
                places: Sequence[tuple[str, ...]] = item.at or ((),) * len(item.rows)
                for row, at in zip(item.rows, places, strict=True):
                    for column, cell in zip(item.columns[1:], row[1:], strict=True):
                        value = cell.value if isinstance(cell, Cell) else cell
                        if counts(value):
                            yield f"{row[0]} {column}", float(value), at
