"""The places of a dense network: its units, weights and biases, and the ways between them.

A place is the name of one thing: unit `"input[0]"` or `"dense[1]"`, weight `"dense/kernel[0,1]"`
(source, destination), bias `"dense/bias[0]"`, `"target[0]"`, `"loss"`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..errors import ArgumentError, choose

__all__ = ["CONVENTIONS", "Units", "bias_place", "biases_of"]
__all__ += ["check_columns", "downstream"]
__all__ += ["places_of", "unit_place", "weight_namer", "weight_place"]

_MOST = 12  # units of a column, and columns
_BIASES = ("none", "own", "shared")


class Units(NamedTuple):
    """A column of units: the inputs, or those of one dense layer.

    Attributes:
        name: of the layer, with which its places begin: "input", "dense".
        count: how many units.
        title: written above; "" for nothing.
        bias: "none"; "own" for each unit; "shared" where one bias serves all of them, as a node
            of its own beside the units before.
    """

    name: str
    count: int
    title: str = ""
    bias: str = "none"


# --- names --------------------------------------------------------------------------------------


def _upper(layer: int, source: int, dest: int) -> str:
    return f"W^{layer}[{dest},{source}]"


def _lower(layer: int, source: int, dest: int) -> str:
    return f"w{source + 1},{dest + 1}"


def _kernel(layer: int, source: int, dest: int) -> str:
    return f"kernel[{source},{dest}]"


CONVENTIONS = ("W^l[dest,src]", "w_src,dest", "w_n", "kernel[src,dest]")


def weight_namer(convention: str, sizes: Sequence[int] = ()) -> Callable[[int, int, int], str]:
    """The names of weights in one of the ways in which courses number them.

    Args:
        convention: `"W^l[dest,src]"` counts from zero, the unit that a weight leads to first;
            `"w_src,dest"` counts from one, the unit that it comes from first; `"w_n"` counts all
            weights of the network, unit by unit; `"kernel[src,dest]"` is the place in the array.
        sizes: units of each column, the inputs first; needed for `"w_n"`.

    Returns:
        A function of (number of the layer from 1, source, destination), both from 0.

    Raises:
        ArgumentError: an unknown convention, or sizes that are missing.

    Example:
        >>> [weight_namer(c, [2, 2, 2])(2, 0, 1) for c in CONVENTIONS]
        ['W^2[1,0]', 'w1,2', 'w7', 'kernel[0,1]']
    """
    plain = dict(zip(CONVENTIONS, (_upper, _lower, None, _kernel), strict=True))
    if convention not in plain:
        raise choose("convention", convention, CONVENTIONS, where="weight_namer")
    if named := plain[convention]:
        return named
    if len(sizes) < 2:
        raise ArgumentError(
            "running numbers need the sizes of all columns",
            where="weight_namer",
            expected="sizes, such as [2, 2, 1]",
            received=list(sizes),
        )

    def running(layer: int, source: int, dest: int) -> str:
        before = sum(sizes[i - 1] * sizes[i] for i in range(1, layer))
        return f"w{before + dest * sizes[layer - 1] + source + 1}"

    return running


def check_columns(columns: Sequence[Units]) -> None:
    """Raise unless these columns can be drawn unit by unit."""
    where = "worked_network"
    for column in columns:
        if column.bias not in _BIASES:
            raise choose("bias", column.bias, _BIASES, where=where)
        if not 0 < column.count <= _MOST:
            raise ArgumentError(
                f"the column {column.name!r} cannot be drawn unit by unit, with every number",
                where=where,
                expected=f"1 to {_MOST} units",
                received=column.count,
                fix="cr.plots.network(model) draws networks of any size",
            )
    if not 2 <= len(columns) <= _MOST or len({c.name for c in columns}) < len(columns):
        raise ArgumentError(
            "these columns make no network to draw",
            where=where,
            expected=f"2 to {_MOST} columns of different names, the inputs first",
            received=[c.name for c in columns],
        )


def places_of(columns: Sequence[Units]) -> list[str]:
    """The places of a network: units, weights, biases; targets and the loss, should it have them.

    Example:
        >>> places_of([Units("input", 1), Units("dense", 1, bias="own")])
        ['input[0]', 'dense[0]', 'dense/kernel[0,0]', 'dense/bias[0]', 'target[0]', 'loss']
    """
    found = [unit_place(c, i) for c in columns for i in range(c.count)]
    for before, c in itertools.pairwise(columns):
        found += [weight_place(c, i, j) for j in range(c.count) for i in range(before.count)]
        found += [bias_place(c, j) for j in range(biases_of(c))]
    return [*found, *(f"target[{j}]" for j in range(columns[-1].count)), "loss"]


def unit_place(column: Units, number: int) -> str:
    """The place of a unit."""
    return f"{column.name}[{number}]"


def weight_place(column: Units, source: int, dest: int) -> str:
    """The place of a weight: where it comes from, where it leads to."""
    return f"{column.name}/kernel[{source},{dest}]"


def bias_place(column: Units, dest: int) -> str:
    """The place of a bias; a shared one has number 0."""
    return f"{column.name}/bias[{dest}]"


def biases_of(column: Units) -> int:
    """How many biases lead to a column."""
    return {"none": 0, "own": column.count, "shared": 1}[column.bias]


def downstream(columns: Sequence[Units], start: str) -> set[str]:
    """All that lies on a way from a place to the loss; of a weight also where it comes from."""
    found, reached = {start, "loss"}, set[tuple[int, int]]()
    for c, column in enumerate(columns):
        before = columns[c - 1] if c else Units("", 0)
        shared = column.bias == "shared"
        for j in range(column.count):
            unit = unit_place(column, j)
            into = {weight_place(column, i, j): i for i in range(before.count)}
            ways = {place for place, i in into.items() if (c - 1, i) in reached}
            if start in into:
                found.add(unit_place(before, into[start]))
            if ways or start in into or start in (unit, bias_place(column, 0 if shared else j)):
                reached.add((c, j))
                found |= {*ways, unit}
    return found | {f"target[{j}]" for c, j in reached if c == len(columns) - 1}
