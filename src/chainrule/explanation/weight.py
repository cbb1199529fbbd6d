"""One weight: the path it works through, the chain rule factor by factor, check and update."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ..errors import choose
from .context import Context, Explainer
from .dense import Units
from .formula import Formula, Leaf, Product, Sum
from .recording import Weight
from .steps import Table, Words
from .update import parameter_names, rule_of, step_formula

__all__ = ["find_weight", "weight_items"]


def find_weight(say: Context, name: str) -> tuple[Weight, tuple[int, ...]]:
    """A weight by its name in the notation, or `dense/kernel[0,1]`, or `dense/kernel:0,1`.

    Raises:
        ArgumentError: there is none of that name; with the nearest.
    """
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
    items += [_tried(say, weight, at, value)]
    if weight.trained:
        items += _step(say, weight, at, value)
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
    path = [source, f"({name})", out if net == out else f"{net} → {out}"]
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
    text = f"check  (E(w+h) - E(w-h))/2h = {say.digits(difference)} {mark}"
    return Words(text, "ok" if good else "bad")


def _step(say: Context, weight: Weight, at: tuple[int, ...], value: float) -> list[Any]:
    """What the optimizer makes of it."""
    o = say.recording.optimizer
    t = int(o.iterations.value)
    rate = float(o._rate_at(t))
    before = {s: float(b[at]) for s, (b, _) in weight.slots.items()}
    after = {s: float(a[at]) for s, (_, a) in weight.slots.items()}
    old, new = float(weight.before[at]), float(weight.after[at])
    step = step_formula(o, Leaf("gradient", value), before, after, rate, t)
    items: list[Any] = [Words(f"update {rule_of(o, rate)}")]
    formula = None
    if step is not None:
        formula = Sum([Leaf("old", old), step])
    items.append(say.line("new", formula, new))
    return items
