"""One weight: the path it works through, the chain rule factor by factor, check and update."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ..errors import ArgumentError, choose
from .context import Context, Explainer
from .formula import Formula, Leaf, Product, Sum
from .layers.dense import Units
from .recording import Weight
from .rules import slot_formulas, slot_name
from .steps import Table, Words
from .update import moved, numbers_of, parameter_names, update_text

__all__ = ["find_weight", "weight_items"]


def find_weight(say: Context, name: str) -> tuple[Weight, tuple[int, ...]]:
    """A weight by its name in the notation, or `dense/kernel[0,1]`, or `dense/kernel:0,1`.

    Raises:
        ArgumentError: there is none of that name; with the nearest.
    """
    if not isinstance(name, str):
        raise ArgumentError(
            "a weight is asked for by its name", where="explain",
            expected="w5 as the text names it, or dense/kernel[0,1]", received=repr(name)[:80],
        )  # fmt: skip
    known = {n: place for place, (n, _) in parameter_names(say).items()}
    by_path = {w.path: w for w in say.recording.weights}
    if name in known:
        path, flat = known[name]
        at = np.unravel_index(flat, by_path[path].before.shape)
        return by_path[path], tuple(int(i) for i in at)
    found = re.fullmatch(r"(.+?)(?:\[([\d, ]+)\]|:([\d,]+))", name)
    if found:
        path = found[1].replace("/", ".")
        at = tuple(int(i) for i in (found[2] or found[3]).replace(" ", "").strip(",").split(","))
        weight = by_path.get(path)
        shape = () if weight is None else weight.before.shape
        if weight and len(at) == len(shape) and all(i < n for i, n in zip(at, shape, strict=True)):
            return weight, at
        if weight:
            size = ", ".join(f"0 to {n - 1}" for n in shape)
            raise choose("weight", name, [f"{found[1]}[{','.join('0' for _ in shape)}]"],
                         where=f"explain: {found[1]} has indices {size}")  # fmt: skip
    first = [f"{w.path.replace('.', '/')}[{','.join('0' * w.before.ndim)}]"
             for w in say.recording.weights]  # fmt: skip
    raise choose("weight", name, [*list(known)[:12], *first], where="explain")


def weight_items(
    say: Context, stages: list[Explainer], weight: Weight, at: tuple[int, ...]
) -> list[Any]:
    """What is said of one weight, in at most 25 lines of text."""
    place = f"{weight.path.replace('.', '/')}[{','.join(map(str, at))}]"
    value = 0.0 if weight.gradient is None else float(weight.gradient[at])
    owner = next(
        (s for s in stages if isinstance(s, Units) and weight in (s.kernel, s.bias_weight)), None
    )
    items: list[Any]
    if owner is not None:
        items = _of_unit(say, stages, owner, owner.parameter(weight, at), place, value)
    else:
        items = [
            Words(f"{place} = {say.digits(weight.before[at])}", "heading"),
            *_uses(say, weight, at, value),
        ]
    if say.recording.rule:  # a step has slopes of 0 and jumps: nothing to compare with
        items.append(Words("no gradient to check: the rule takes (y - t)·x in its place"))
    else:
        items += [_tried(say, weight, at, value)]
    if weight.trained:
        items += _step(say, weight, at)
    else:
        items.append(Words("frozen: the optimizer leaves it as it is"))
    return items


def _of_unit(
    say: Context, stages: list[Explainer], layer: Units, p: dict[str, Any], place: str, value: float
) -> list[Any]:
    """The chain through a unit: what arrives there, by all its paths, its slope, the input."""
    j, name = p["unit"], p["name"]
    out, net = layer.out_names[j], layer.net_names[j]
    units = [s for s in stages if isinstance(s, Units)]
    following = units[units.index(layer) + 1 :]
    source = layer.in_names[p["input"]] if p["input"] is not None else "1"
    reached = range(layer.m) if layer.shared and p["input"] is None else [j]
    ways = [layer.out_names[k] if net == out else f"{layer.net_names[k]} → {layer.out_names[k]}"
            for k in reached]  # fmt: skip
    path = [source, f"({name})", _few(ways)]
    path += [_few(f.out_names) for f in following]
    items: list[Any] = [
        Words(f"{name} = {place} = {say.digits(_old(say, place))}", "heading"),
        Words("path   " + " → ".join([*path, say.loss]), at=(place,)),
    ]
    paths = _paths(say, layer, following, j) if say.recording.rows == 1 else None
    factors = layer.factors(j)
    joint = layer.shared and p["input"] is None  # a bias that several units have
    if say.recording.rows > 1 or factors is None or joint:
        items.append(say.line(say.d(name), p["formula"], value, (place,)))
        return items
    rows: list[tuple[Any, ...]] = []
    where = ["from the loss" if not following else "all paths together"]
    where += [f"slope of {layer.activation} at {say.digits(layer.z_row[j])}"]
    for factor, said in zip(factors, where, strict=False):
        leaf = next(iter(factor.leaves()))
        rows.append((leaf.name, said, float(leaf.value)))
        if paths is not None and leaf is next(iter(factors[0].leaves())):
            rows += [(f"  via {n}", text, v) for n, text, v in paths]
    local, said, number = p["local"]
    rows.append((local, said, number))
    chain = Product([*factors, Leaf(local, number, place)])
    whole = chain if say.agrees(chain, value) else p["formula"]
    items.append(Table("factors", ("", "from", "number"), tuple(rows)))
    items.append(say.line(say.d(name), whole, value, (place,)))
    return items


def _few(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{names[0]} … {names[-1]}"


def _old(say: Context, place: str) -> float:
    path, at = place[:-1].split("[")
    weight = next(w for w in say.recording.weights if w.path.replace(".", "/") == path)
    return float(weight.before[tuple(int(i) for i in at.split(","))])


def _paths(
    say: Context, layer: Units, following: list[Units], j: int
) -> list[tuple[str, str, float]] | None:
    """How the gradient arrives at unit j: δ·w through each unit of the next layer."""
    if not following or following[0].net.args[0] is not layer.a:
        return None
    terms = following[0].arriving(j).terms
    found = []
    for k, term in enumerate(terms):
        leaves = [f"{leaf.name}" for leaf in term.leaves()]
        numbers = "·".join(say.digits(leaf.value) for leaf in term.leaves())
        text = "·".join(leaves) + (f" = {numbers}" if len(terms) <= 6 else "")
        found.append((following[0].out_names[k], text, float(term.value)))
    if len(found) <= 6:
        return found
    order = sorted(found, key=lambda f: -abs(f[2]))
    rest = order[3:]
    return [*order[:3], (f"{len(rest):,} more", "their sum", sum(f[2] for f in rest))]


def _uses(say: Context, weight: Weight, at: tuple[int, ...], value: float) -> list[Any]:
    """The gradient as the sum over everything that the weight went into."""
    node = say.recording.tape.known(weight.variable)
    shares = [] if node is None else say.recording.shares(node)
    terms: list[Formula] = [say.leaf(f"by {call.operation.__name__}", d[at]) for call, d in shares]
    name = f"{weight.path.replace('.', '/')}[{','.join(map(str, at))}]"
    return [say.line(say.d(name), Sum(terms, 3) if terms else None, value, (name,))]


def _tried(say: Context, weight: Weight, at: tuple[int, ...], value: float) -> Words:
    """The central difference of this weight."""
    h, rec = 1e-5, say.recording
    values = [w.before.astype(np.float64) for w in rec.weights]
    place = next(k for k, w in enumerate(rec.weights) if w is weight)
    found = []
    for step in (h, -h):
        moved = values[place].copy()
        moved[at] += step
        found.append(rec.loss_at([*values[:place], moved, *values[place + 1 :]]))
    difference = (found[0] - found[1]) / (2 * h)
    good = abs(difference - value) <= 1e-3 * max(abs(value), 1e-6) + 1e-8
    mark = "✓" if good else "✗"
    e = say.loss
    text = f"check  ({e}(w+h) - {e}(w-h))/2h = {say.digits(difference)} {mark}"
    return Words(text, "ok" if good else "bad")


def _step(say: Context, weight: Weight, at: tuple[int, ...]) -> list[Any]:
    """What the optimizer makes of it: its memory, what follows from that, the new weight."""
    flat = int(np.ravel_multi_index(at, weight.before.shape))
    n, new = numbers_of(say, weight, flat), float(weight.after[at])
    items: list[Any] = [Words(f"update {update_text(say)}")]
    for slot, formula in slot_formulas(n).items():
        kept: Any = n.after.get(slot, formula.value)
        value = float(kept)
        if say.agrees(formula, value):
            items.append(say.line(slot_name(n.o, slot), formula, value))
    step = moved(say, n, new)
    items.append(say.line("new", None if step is None else Sum([Leaf("old", n.w), step]), new))
    return items
