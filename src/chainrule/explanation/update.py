"""4 CHECK, 5 UPDATE, 6 AFTER: the gradients tried, the optimizer's step, the loss behind it.

The new weights and slots are what the optimizer's own `apply` made; what is derived from slots to
be read (m̂, v̂, the root) is written as a formula of them, and printed only where it gives the step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import tree
from .context import Context
from .formula import Apply, Formula, Leaf, Neg, Power, Product, Ratio, Sum, const
from .recording import Weight
from .steps import Cell, Line, Part, Table, Words

__all__ = ["after_part", "check_part", "parameter_names", "update_part"]

NAMED = 5000  # parameters up to which each has a name of its own
TRIED = 200  # parameters up to which every single gradient is tried


def parameter_names(say: Context) -> dict[tuple[str, int], tuple[str, str]]:
    """(path, flat index) of every weight -> its name in the notation, and its place."""
    found: dict[tuple[str, int], tuple[str, str]] = {}
    if sum(w.before.size for w in say.recording.weights) > NAMED:
        return found
    by_path = {w.path: w for w in say.recording.weights}
    for number, layer in say.dense.items():
        stage = say.recording.stages[number]
        n, m = say.sizes[layer - 1], say.sizes[layer]
        kernel, bias = (_path(by_path, stage.layer, k) for k in ("kernel", "bias"))
        if kernel:
            for i in range(n):
                for j in range(m):
                    name = say.weight(layer, i, j)
                    found[kernel, i * m + j] = name, f"{kernel.replace('.', '/')}[{i},{j}]"
        if bias:
            for j in range(by_path[bias].before.size):
                found[bias, j] = say.bias(layer, j), f"{bias.replace('.', '/')}[{j}]"
    return found


def _path(weights: dict[str, Weight], layer: Any, attribute: str) -> str | None:
    variable = getattr(layer, attribute, None)
    return next((p for p, w in weights.items() if w.variable is variable), None)


def name_of(names: dict, weight: Weight, flat: int) -> tuple[str, str]:
    """The name of one number of a weight, and its place."""
    known = names.get((weight.path, flat))
    if known is not None:
        return known
    at = ",".join(map(str, np.unravel_index(flat, weight.before.shape))) if flat >= 0 else ""
    place = f"{weight.path.replace('.', '/')}[{at}]"
    return place, place


# --- 4 CHECK --------------------------------------------------------------------------------------


def check_part(say: Context, most: int = TRIED) -> Part:
    """Central differences, (E(w + h) - E(w - h))/2h in float64: every weight, or the largest."""
    rec = say.recording
    every = [(w, k) for w in rec.weights if w.gradient is not None for k in range(w.before.size)]
    if not every:
        return Part("check", (Words("There is no gradient to check."),))
    chosen = every
    if len(every) > most:
        few = 8 if len(every) > 20_000 else 24
        chosen = _largest(rec.weights, few)
    base = [w.before.astype(np.float64) for w in rec.weights]
    place = {id(w): n for n, w in enumerate(rec.weights)}
    h = 1e-5
    worst, kinks = 0.0, 0
    size = max(float(np.max(np.abs(w.gradient))) for w in rec.weights if w.gradient is not None)
    for w, k in chosen:
        found = []
        values = list(base)
        for step in (h, -h):
            moved = base[place[id(w)]].copy()
            moved.reshape(-1)[k] += step
            values[place[id(w)]] = moved
            found.append(rec.loss_at(values))
        difference = (found[0] - found[1]) / (2 * h)
        apart = abs(difference - float(np.asarray(w.gradient).reshape(-1)[k]))
        kinks += apart > 1e-3 * max(1.0, size)
        worst = apart if not np.isfinite(apart) else max(worst, apart)
        if not np.isfinite(apart):
            break
    limit = {"float64": 1e-6, "float32": 2e-3}.get(rec.dtype, 0.1) * max(1.0, size)
    count = f"all {len(every):,}" if len(chosen) == len(every) else (
        f"the {len(chosen)} largest of {len(every):,}"
    )  # fmt: skip
    good = bool(worst <= limit)
    text = f"(E(w+h) - E(w-h))/2h, {count} gradients: largest difference {worst:.1e} " + (
        "✓" if good else "✗"
    )
    if not np.isfinite(worst):
        text = (
            "The loss or a gradient is not a finite number here, so there is nothing to compare ✗"
        )
        return Part("check", (Words(text, "bad"),))
    items: list[Any] = [Words(text, "ok" if good else "bad")]
    if not good:
        items.append(
            Words(
                f"{kinks} of them stand near a kink, such as ReLU at 0, or the derivative is wrong."
            )
        )
    return Part("check", tuple(items))


def _largest(weights: list[Weight], few: int) -> list[tuple[Weight, int]]:
    """The numbers with the largest gradients, from every array."""
    each = max(1, few // max(1, len(weights)))
    found = []
    for w in weights:
        if w.gradient is not None:
            flat = np.abs(w.gradient.reshape(-1))
            found += [(w, int(k)) for k in np.argsort(-flat)[:each]]
    return found[: max(few, each)]


# --- 5 UPDATE -------------------------------------------------------------------------------------

Derived = Callable[[Any, dict[str, Leaf], float, int], dict[str, Formula]]


def _sgd(o: Any, s: dict[str, Leaf], rate: float, t: int) -> dict[str, Formula]:
    return {}


def _adam(o: Any, s: dict[str, Leaf], rate: float, t: int) -> dict[str, Formula]:
    """m̂, v̂ and the step in the paper's order, with ε where Keras has it."""
    one, two = 1 - o.beta_1**t, 1 - o.beta_2**t
    return {
        "m̂": Ratio(s["momentum"], const(f"(1 - {o.beta_1}^{t})", one)),
        "v̂": Ratio(s["velocity"], const(f"(1 - {o.beta_2}^{t})", two)),
    }


DERIVED: dict[str, Derived] = {"Adam": _adam, "AdamW": _adam}
SLOT_NAMES = {"momentum": "m", "velocity": "v", "accumulator": "a", "gradient_square": "a",
              "step_square": "d", "average": "mean"}  # fmt: skip


def step_formula(o: Any, g: Leaf, before: dict[str, float], after: dict[str, float],
                 rate: float, t: int) -> Formula | None:  # fmt: skip
    """What the weight moves by, in symbols; None for an optimizer whose rule is only computed."""
    kind = type(o).__name__
    eta = const(f"{rate:g}", rate)
    if kind == "SGD" and not o.momentum:
        return Neg(Product([eta, g]))
    if kind == "SGD" and not o.nesterov:
        return Leaf("m", after["momentum"])
    if kind in ("Adam", "AdamW"):
        m, v = Leaf("m̂", after["momentum"] / (1 - o.beta_1**t)), after["velocity"]
        root = Leaf("v̂", v / (1 - o.beta_2**t))
        epsilon = const(
            f"{o.epsilon:g}/sqrt(1 - {o.beta_2}^{t})", o.epsilon / (1 - o.beta_2**t) ** 0.5
        )
        return Neg(Ratio(Product([eta, m]), Sum([Apply("sqrt", root), epsilon])))
    if kind == "RMSprop" and not o.momentum and not o.centered:
        v = Leaf("v", after["velocity"])
        return Neg(
            Ratio(Product([eta, g]), Apply("sqrt", Sum([v, const(f"{o.epsilon:g}", o.epsilon)])))
        )
    if kind == "Adagrad":
        a = Leaf("a", after["accumulator"])
        return Neg(
            Ratio(Product([eta, g]), Apply("sqrt", Sum([a, const(f"{o.epsilon:g}", o.epsilon)])))
        )
    return None


def slot_formulas(o: Any, g: Leaf, before: dict[str, float]) -> dict[str, Formula]:
    """How the slots follow from the gradient, where that is simple."""
    kind = type(o).__name__
    if kind in ("Adam", "AdamW"):
        one, two = Leaf("m₀", before["momentum"]), Leaf("v₀", before["velocity"])
        b1, b2 = (const(f"{b:g}", b) for b in (o.beta_1, o.beta_2))
        r1, r2 = (const(f"{1 - b:g}", 1 - b) for b in (o.beta_1, o.beta_2))
        return {
            "momentum": b1 * one + r1 * g,
            "velocity": b2 * two + r2 * Power(g, const(2)),
        }
    if kind == "SGD" and o.momentum:
        const(f"{o.momentum:g}", o.momentum)
        return {}
    return {}


def update_part(say: Context, most: int = 60) -> Part:
    """5 UPDATE: old, gradient, what the optimizer keeps, step, new."""
    rec, o = say.recording, say.recording.optimizer
    trained = [w for w in rec.weights if w.trained]
    if not trained:
        return Part("update", (Words("Nothing is trained: every weight is frozen."),))
    names, t = parameter_names(say), int(o.iterations.value)
    rate = float(o._rate_at(t))
    frozen = [w.path.replace(".", "/") for w in rec.weights if not w.trained]
    left = f"; frozen: {', '.join(frozen[:3])}" + " …" * (len(frozen) > 3) if frozen else ""
    items: list[Any] = [Words(rule_of(o, rate) + left, "heading")]
    total = sum(w.before.size for w in trained)
    if say.mode != "full":
        items.append(_by_array(trained))
    if total <= TRIED:
        tables = _by_number(say, trained, names, rate, t, most)
        items += [table._replace(more=say.mode != "full") for table in tables]
    return Part("update", tuple(items))


def rule_of(o: Any, rate: float) -> str:
    """The optimizer's rule in a line."""
    kind = type(o).__name__
    rules = {
        "SGD": f"new = old - {rate:g} · gradient",
        "Adam": f"new = old - {rate:g} · m̂/(√v̂ + ε/√(1 - β₂ᵗ)),  β₁ {getattr(o, 'beta_1', 0):g}, "
                f"β₂ {getattr(o, 'beta_2', 0):g}, ε {getattr(o, 'epsilon', 0):g}, step "
                f"{int(o.iterations.value)}",
    }  # fmt: skip
    if kind == "SGD" and o.momentum:
        return f"m = {o.momentum:g}·m - {rate:g}·gradient;  new = old + m" + (
            " (Nesterov: looking ahead)" if o.nesterov else ""
        )
    return rules.get(kind, f"{kind}, learning rate {rate:g}, step {int(o.iterations.value)}")


def _by_number(say: Context, trained: list[Weight], names: dict, rate: float, t: int, most: int):
    o = say.recording.optimizer
    slots = list(trained[0].slots)
    rows, at, second = [], [], []
    extra: tuple[str, ...] = ()
    derive = DERIVED.get(type(o).__name__, _sgd)
    for w in trained:
        for k in _order(w):
            name, place = name_of(names, w, k)
            g = Leaf("gradient", 0.0 if w.gradient is None else float(w.gradient.reshape(-1)[k]))
            old, new = float(w.before.reshape(-1)[k]), float(w.after.reshape(-1)[k])
            before = {s: float(b.reshape(-1)[k]) for s, (b, _) in w.slots.items()}
            after = {s: float(a.reshape(-1)[k]) for s, (_, a) in w.slots.items()}
            formula = step_formula(o, g, before, after, rate, t)
            if formula is not None and not say.agrees(Sum([Leaf("old", old), formula]), new):
                formula = None
            rows.append((name, old, g.value, Cell(new - old, formula), new))
            at.append((place,))
            if slots:
                leaves = {s: Leaf(SLOT_NAMES.get(s, s), v) for s, v in after.items()}
                follow = slot_formulas(o, g, before)
                more = derive(o, leaves, rate, t)
                second.append((
                    name, *(Cell(after[s], follow.get(s)) for s in slots),
                    *(Cell(f.value, f) for f in more.values()),
                ))  # fmt: skip
                extra = tuple(more)
    found: list[Any] = []
    cut = len(rows) > most
    if slots:
        columns = ("", *(SLOT_NAMES.get(s, s) for s in slots), *extra)
        found.append(
            Table("what the optimizer keeps", columns, tuple(second[:most]), tuple(at[:most]),
                  total=len(second) if cut else 0)
        )  # fmt: skip
    found.append(
        Table("", ("", "old", "gradient", "step", "new"), tuple(rows[:most]), tuple(at[:most]),
              total=len(rows) if cut else 0)
    )  # fmt: skip
    return found


def _order(w: Weight) -> list[int]:
    """The numbers of a weight in the order of reading: all into one unit, then into the next."""
    if w.before.ndim != 2:
        return list(range(w.before.size))
    return [int(k) for k in np.arange(w.before.size).reshape(w.before.shape).T.reshape(-1)]


def _by_array(trained: list[Weight]) -> Table:
    """Sizes instead of numbers."""

    def rms(a: np.ndarray) -> float:
        return float(np.sqrt(np.mean(np.square(a.astype(np.float64)))))

    rows = []
    for w in trained:
        step = w.after.astype(np.float64) - w.before
        old = rms(w.before)
        rows.append((
            w.path.replace(".", "/"), "×".join(map(str, w.before.shape)), old,
            rms(np.zeros(1) if w.gradient is None else w.gradient), rms(step),
            rms(step) / old if old else float("inf"),
        ))  # fmt: skip
    return Table("root mean squares", ("", "shape", "weights", "gradient", "step", "step/weight"),
                 tuple(rows), tuple((r[0],) for r in rows))  # fmt: skip


# --- 6 AFTER --------------------------------------------------------------------------------------


def after_part(say: Context) -> Part:
    """6 AFTER: the same rows with the new weights."""
    rec = say.recording
    items: list[Any] = [
        Line(f"{say.loss} after", None, rec.loss_after, ("loss",),
             note=f"before {say.digits(rec.loss)}: " + (
                 "smaller" if rec.loss_after < rec.loss else "larger: the step goes too far"
                 if rec.loss_after > rec.loss else "the same"))
    ]  # fmt: skip
    nodes = tree.leaves(rec.outputs)
    if len(nodes) == 1 and hasattr(nodes[0], "index"):
        value = rec.value(nodes[0])
        new = tree.leaves(rec.outputs_at([w.after for w in rec.weights]))[0]
        if value.ndim == 2 and value.shape[1] <= 8:
            for k in range(value.shape[1]):
                name = say.label(nodes[0], k, rec.stages[-1].name)
                before, after = float(value[say.row, k]), float(new[say.row, k])
                items.append(Line(f"{name} after", None, after,
                                  (say.place(nodes[0], k, rec.stages[-1].name),),
                                  note=f"before {say.digits(before)}"))  # fmt: skip
    return Part("after", tuple(items))
