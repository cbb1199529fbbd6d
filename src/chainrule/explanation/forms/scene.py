"""The network of an explanation as a drawing, with the numbers of its lines at their places."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ...drawing.places import Units, places_of
from ...drawing.worked import draw_worked
from ...errors import ArgumentError
from ..formula import Formula
from ..steps import Cell, Line, Part, Table, counts
from .mathml import number_text

if TYPE_CHECKING:
    from ..explained import Explanation

__all__ = ["Scene", "scene_of"]

LONG = 10  # characters of a name that do not fit into a unit


class Scene(NamedTuple):
    """Two drawings of one network, and which number of the explanation stands where.

    Args:
        forward: with the numbers of the forward pass.
        backward: with the gradients; "" if there are none.
        shows: (place, name of a number) -> the key of it in a drawing.
        names: place of a weight or bias -> its name.
        height: of the higher one, in pixels.
    """

    forward: str
    backward: str
    shows: dict[tuple[str, str], str]
    names: dict[str, str]
    height: float = 0


class Entry(NamedTuple):
    """A number of a part: of a line, or of a cell in a table."""

    name: str  # as Part.numbers() has it
    label: str  # of the line, or of the row
    column: str
    value: Any
    at: tuple[str, ...]
    formula: Formula | None


def entries(part: Part) -> Iterator[Entry]:
    """Every number of a part, with the formula behind it."""
    for item in part.items:
        if isinstance(item, Line) and item.value is not None and not isinstance(item.value, str):
            yield Entry(item.name, item.name, "", item.value, item.at, item.formula)
        elif isinstance(item, Table):
            for row, at in zip(item.rows, item.at, strict=False):
                for column, cell in zip(item.columns[1:], row[1:], strict=True):
                    value, formula = (
                        (cell.value, cell.formula) if isinstance(cell, Cell) else (cell, None)
                    )
                    own = isinstance(cell, Cell)
                    name = (own and cell.name) or row[0]
                    here = (cell.at,) if own and cell.at else at
                    if counts(value):
                        yield Entry(f"{row[0]} {column}", name, column, value, here, formula)


def scene_of(
    explanation: Explanation, height: float, direction: str = "ltr",
    given: Mapping[str, float] | None = None,
) -> Scene | None:  # fmt: skip
    """The drawings; None for a network that cannot be drawn unit by unit.

    With `given`, as a worksheet has them: light, these numbers by their names, and no computed one.
    """
    say = explanation.say
    layers = [s for s in say.recording.stages if s.layer is not None]
    if not say.dense or len(say.dense) != len(layers):
        return None
    forward, loss, backward = (list(entries(explanation[k])) for k in
                               ("forward", "loss", "backward"))  # fmt: skip
    leaves = [leaf for e in (*forward, *loss) if e.formula for leaf in e.formula.leaves()]
    seen = {leaf.at for leaf in leaves}
    columns = [Units("input", say.sizes[0])]
    for number, layer in sorted(say.dense.items()):
        name = say.recording.stages[number].name
        bias = "none"
        if any(at.startswith(f"{name}/bias[") for at in seen):
            bias = "shared" if say.names.shared[layer - 1] else "own"
        columns.append(Units(name, say.sizes[layer], bias=bias))
    look: dict[str, Any] = {"height": height, "direction": direction}
    look |= {} if given is None else {"theme": "light"}
    try:
        known = set(places_of(columns))
        goals = {say.names.target(k): f"target[{k}]" for k in range(say.sizes[-1])}
        names: dict[str, str] = {}
        values: dict[str, dict[str, str]] = {}
        for leaf in leaves:
            place = goals.get(leaf.name, leaf.at)
            if place in known and "[" in place and not _is_unit(place, columns[1:]):
                names[place] = leaf.name
                value = leaf.value if given is None else given.get(leaf.name, leaf.value)
                values[place] = {leaf.name: number_text(say.digits(value))}
        shows: dict[tuple[str, str], str] = {}
        names |= {e.at[0]: e.label for e in forward if e.at and e.column and e.at[0] in known}
        bare = given is not None
        _put(say, forward, known, values, shows, names, bare)
        _put(say, loss[-1:], known, values, shows, (), bare)
        first = draw_worked(columns, names, values, wave="forward", **look)
        if bare:
            return Scene(first.svg(), "", {}, {}, first.height)
        names["loss"] = say.loss
        gradients: dict[str, dict[str, str]] = {}
        _put(say, list(_newest(backward)), known, gradients, shows)
        second = draw_worked(columns, names, gradients, wave="backward", **look)
    except ArgumentError:  # too large, or of another form
        return None
    weights = {place: name for place, name in names.items() if "/" in place}
    back = second.svg() if gradients else ""
    return Scene(first.svg(), back, shows, weights, max(first.height, second.height))


def _is_unit(place: str, columns: list[Units]) -> bool:
    return "/" not in place and place.split("[")[0] in {c.name for c in columns}


def _put(
    say: Any, found: list[Entry], known: set[str], values: dict[str, dict[str, str]],
    shows: dict[tuple[str, str], str], named: Collection[str] = (), bare: bool = False,
) -> None:  # fmt: skip
    """Write each number at the first of its places; `bare`: only its name.

    With its name where that is a unit; of units that are `named`, with that of its column.
    """
    for e in found:
        place = e.at[0] if e.at else ""
        if place not in known:
            continue
        text = "" if bare else number_text(say.digits(e.value))
        label = e.column.split(" = ")[0].strip() if place in named and e.column else e.label
        if len(label) > LONG:  # a whole formula: the table has it
            label = ""
        written = text if "/" in place else f"{label} {text}".strip()
        values.setdefault(place, {})[e.name] = written
        shows[place, e.name] = f"{place}.{e.name}"


def _newest(found: list[Entry]) -> Iterator[Entry]:
    """Of every place the last number: δ of a unit, the gradient of a weight."""
    last: dict[str, Entry] = {}
    for e in found:
        if e.at and ("/" in e.at[0] or e.label[:1] in "δΔ" or e.at[0] not in last):
            last[e.at[0]] = e
    yield from last.values()
