"""What the explainers of layers share: reading maps off the tape, long sums, what is shown first.

A layer of a map is shown at one place: the row that is worked, and there the number whose gradient
is largest. Everything printed is a value or a gradient of the tape, or a formula of such.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..context import Context, Explainer, Unexplained
from ..formula import Formula, Leaf, Product, Rest, Sum
from ..notation import partial
from ..recording import Stage
from ..steps import Line, Table, Words
from .curves import output_formula, slope_formula, slopes

__all__ = ["Curve", "Shown", "biggest", "long_sum", "shape_of", "spot"]

NAMED = 256  # numbers of a map up to which each gets a name for the layers behind

# how important an item is: the first that are dropped where many layers are shown
HEADING, KEY, SECOND, DEEP = range(4)


def spot(index: Iterable[int]) -> str:
    """`[2,0,1]`."""
    return "[" + ",".join(str(int(i)) for i in index) + "]"


def shape_of(shape: Sequence[int]) -> str:
    """`6×6×2`."""
    return "×".join(map(str, shape)) or "1"


def biggest(array: np.ndarray) -> tuple[int, ...]:
    """Where the largest number stands, without its sign; the first of several."""
    flat = np.abs(np.nan_to_num(np.asarray(array, np.float64)))
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(flat)), flat.shape))


def long_sum(values: Any, term: Callable[[int], Formula], shown: int = 4) -> Formula:
    """Σ of terms: the largest written out, the others by their number and sum; zeros are left out.

    Args:
        values: the value of each term.
        term: from its number to the term.
        shown: how many are written.

    Example:
        >>> from ..formula import Style
        >>> from ..digits import Digits
        >>> v = np.arange(6.0)
        >>> long_sum(v, lambda k: Leaf(f"x{k}", v[k]), 2).write(Style(Digits(3)))
        'x4 + x5 + (3 more)'
    """
    flat = np.asarray(values, np.float64).reshape(-1)
    order = [int(k) for k in np.argsort(-np.abs(flat), kind="stable") if flat[k] != 0]
    kept = sorted(order[: shown if len(order) > shown + 1 else shown + 1])
    terms = [term(k) for k in kept]
    rest = order[len(kept) :]
    if rest:
        terms.append(Rest(len(rest), math.fsum(flat[rest])))
    return Sum(terms, len(terms) + 1)


class Curve:
    """The calls of an activation behind a sum: its formula and its slope at every number.

    Args:
        calls: what it did, on the tape.
        name: of the activation.
    """

    def __init__(self, calls: Sequence[Any], name: str = "f") -> None:
        self.calls = list(calls)
        self.name = calls[0].operation.__name__ if len(calls) == 1 else name
        self.linear = not calls or self.name == "linear"
        self.kwargs = calls[0].kwargs if len(calls) == 1 else {"several": True}
        self.slopes = None if not calls else slopes(self.calls)

    def out(self, z: Leaf, value: Any) -> Formula:
        """f(z)."""
        return output_formula(self.name, z, float(value), self.kwargs)

    def slope(self, z: Leaf, a: Leaf, value: Any) -> Formula:
        """f'(z)."""
        return slope_formula(self.name, z, a, float(value), self.kwargs)


class Shown(Explainer):
    """Base of explainers: items with a rank, so that a network of many layers says less of each.

    `forwards` and `backwards` give (rank, item): HEADING, KEY, SECOND, DEEP.
    """

    level = 0  # how much is kept back, so that many layers fit on a page
    letter = "v"  # what its numbers are called: v[2,0]

    def __init__(self, say: Context, stage: Stage) -> None:
        super().__init__(say, stage)
        self.rec, self.row = say.recording, say.row
        self.also: set[int] = set()  # ids of single items that are shown beyond the level
        self.y = stage.made
        self.c = say.letter(self.letter)
        self.number = self.c[len(self.letter) :]  # "" for the first of its kind, then 2, 3

    def forward(self) -> list[Any]:
        """From its inputs to its outputs."""
        return self._ranked(self.made[0])

    def backward(self) -> list[Any]:
        """From the gradient of its outputs to those of its weights and inputs."""
        return self._ranked(self.made[1])

    @functools.cached_property
    def made(self) -> tuple[list[tuple[int, Any]], list[tuple[int, Any]]]:
        """What both ways show, with ranks."""
        return self.forwards(), self.backwards()

    def forwards(self) -> list[tuple[int, Any]]:
        """What `forward` shows, with ranks."""
        return []

    def backwards(self) -> list[tuple[int, Any]]:
        """What `backward` shows, with ranks."""
        return []

    def _ranked(self, items: Iterable[tuple[int, Any]]) -> list[Any]:
        shown = SECOND - self.level
        return [
            i if rank <= shown or i.more or id(i) in self.also else i._replace(more=True)
            for rank, i in items
        ]

    # --- reading

    def value(self, node: Any) -> np.ndarray:
        """The numbers of a node, or of a constant."""
        return self.rec.value(node)

    def gradient(self, node: Any) -> np.ndarray:
        """∂E/∂ of a node; zeros where the loss does not depend on it."""
        found = self.rec.gradient(node) if hasattr(node, "index") else None
        return np.zeros(self.value(node).shape) if found is None else found

    def source(self, node: Any) -> Any:
        """The input of the tape that a node is a mere reordering of, such as a kernel."""
        moves = ("reshape", "getitem", "_split", "transpose", "concatenate", "cast")
        while getattr(node, "call", None) is not None and node.call.operation is not None:
            if node.call.operation.__name__ not in moves:
                raise Unexplained
            node = node.call.args[0]
        return node

    def calls(self, *names: str) -> list[Any]:
        """Its calls of these operations."""
        return [c for c in self.stage.calls if c.operation.__name__ in names]

    def first_call(self, *names: str) -> Any:
        """The first of them.

        Raises:
            Unexplained: there is none.
        """
        found = self.calls(*names)
        if not found:
            raise Unexplained
        return found[0]

    # --- names

    @property
    def name(self) -> str:
        """Of the layer."""
        return self.stage.name

    def of_row(self, name: str, row: int) -> str:
        """The name of a quantity of another row: with its number, where there are several."""
        return name if self.rec.rows == 1 else f"{name}({row + 1})"

    def path(self, weight: Any) -> str:
        """`conv2d/kernel`."""
        return weight.path.replace(".", "/") if weight else ""

    def map_name(self, node: Any) -> str:
        """The letter of a map."""
        return self.say.letters.get(getattr(node, "index", -1), "x" if not _made(node) else "in")

    def entry(self, node: Any, index: Sequence[int]) -> str:
        """What one number of a map is called: by its label, or letter and place."""
        shape = self.value(node).shape[1:]
        known = self.say.labels.get(getattr(node, "index", -1))
        if known is not None and shape:
            return known[int(np.ravel_multi_index(tuple(index), shape))]
        return f"{self.map_name(node)}{spot(index)}"

    def entry_at(self, node: Any, index: Sequence[int]) -> str:
        """Where it is drawn."""
        shape = self.value(node).shape[1:]
        known = self.say.places.get(getattr(node, "index", -1))
        if known is not None and shape:
            return known[int(np.ravel_multi_index(tuple(index), shape))]
        return ""

    def publish(self, node: Any, letter: str, prefix: str = "") -> None:
        """Name a map, and each number of it unless they are many, for the layers behind."""
        say, shape = self.say, self.value(node).shape[1:]
        say.letters[node.index] = letter
        if 0 < math.prod(shape) <= NAMED:
            every = list(np.ndindex(*shape))
            say.labels[node.index] = [f"{letter}{spot(i)}" for i in every]
            say.places[node.index] = [f"{prefix or self.name}{spot(i)}" for i in every]

    def pass_on(self, node: Any, source: Any) -> bool:
        """The numbers of a node keep the names of those of another, as many, in order."""
        say, index = self.say, getattr(source, "index", -1)
        if index not in say.labels or self.value(node).size != self.value(source).size:
            return False
        say.labels[node.index] = say.labels[index]
        say.places[node.index] = say.places.get(index, [""] * len(say.labels[index]))
        return True

    # --- lines

    def leaf(self, name: str, value: Any, at: str = "") -> Leaf:
        """A symbol with its number."""
        return self.say.leaf(name, value, at)

    def weight_line(self, node: Any, index: tuple[int, ...], name: str, formula: Formula) -> Line:
        """∂E/∂ of one number of a weight: what this layer adds, and what comes in other ways."""
        weight = self.rec.weight_of(node)
        whole = self.with_others(formula, node, index, name)
        found = self.gradient(node)[index]
        at = (f"{self.path(weight)}{spot(index)}",) if weight else ()
        count = self.value(node).size
        note = f"largest of {count:,}" if count > 1 else ""
        return self.say.line(self.say.d(name), whole, found, at, note=note)

    def with_others(
        self, formula: Formula, node: Any, index: tuple[int, ...], name: str
    ) -> Formula:
        """With what reaches a value by ways that are not of this layer: penalties, other uses."""
        terms: list[Formula] = [formula]
        for call, d in self.rec.shares(node):
            if not self.stage.holds(call):
                loss = any(c is call for c in self.rec.loss_calls)
                kind = "penalty" if loss else call.operation.__name__
                terms.append(self.leaf(partial(kind, name), d[index]))
        return formula if len(terms) == 1 else Sum(terms)

    def heading(self, text: str) -> tuple[int, Words]:
        """The first line of the layer."""
        return HEADING, Words(f"{self.name} ({self.c}): {text}", "heading", at=(self.name,))

    def product(self, *factors: Formula) -> Formula:
        """Their product."""
        return factors[0] if len(factors) == 1 else Product(factors)

    def sizes(self) -> str:
        """`6×6×1 → 4×4×2` of one row."""
        return shape_of(self.value(self.y).shape[1:])


def _made(node: Any) -> bool:
    return getattr(getattr(node, "call", None), "operation", None) is not None


def small_table(title: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> Table:
    """A table for those who want more."""
    return Table(title, tuple(columns), tuple(rows), (), True)
