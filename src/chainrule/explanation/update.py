"""4 CHECK, 5 UPDATE, 6 AFTER: the gradients tried, the optimizer's step, the loss behind it.

The new weights and slots are what the optimizer's own `apply` made; what is derived from slots to
be read (m̂, v̂, the root) is written as a formula of them, and printed only where it gives the step.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import tree
from .context import Context
from .formula import Formula, Leaf, Sum
from .recording import Weight
from .rules import Numbers, rule_text, slot_formulas, slot_name, step_formula
from .steps import Cell, Line, Part, Table, Words

__all__ = [
    "after_part",
    "check_part",
    "moved",
    "numbers_of",
    "parameter_names",
    "update_part",
    "update_text",
]

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


def _called(names: dict, weight: Weight) -> str:
    """A whole weight array: its one name, or its path."""
    own = {n for (path, _), (n, _) in names.items() if path == weight.path}
    return next(iter(own)) if len(own) == 1 else weight.path.replace(".", "/")


# --- 4 CHECK --------------------------------------------------------------------------------------


def check_part(say: Context, most: int = TRIED) -> Part:
    """Central differences, (E(w + h) - E(w - h))/2h in float64: every weight, or the largest."""
    rec = say.recording
    every = [(w, k) for w in rec.weights if w.gradient is not None for k in range(w.before.size)]
    if not every or rec.rule:
        why = ": the loss of a threshold has steps, and no slopes" if rec.rule else ""
        return Part("check", (Words(f"There is no gradient to check{why}."),))
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
    e = say.loss
    text = f"({e}(w+h) - {e}(w-h))/2h, {count} gradients: largest difference {worst:.1e}"
    text += f" of up to {size:.3g} " if size > 10 else " "
    text += "✓" if good else "✗"
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


def update_part(say: Context, most: int = 60) -> Part:
    """5 UPDATE: old, gradient, what the optimizer keeps, step, new."""
    rec = say.recording
    trained = [w for w in rec.weights if w.trained]
    if not trained:
        return Part("update", (Words("Nothing is trained: every weight is frozen."),))
    names = parameter_names(say)
    frozen = [_called(names, w) for w in rec.weights if not w.trained]
    left = f"; frozen: {', '.join(frozen[:3])}" + " …" * (len(frozen) > 3) if frozen else ""
    items: list[Any] = [Words(update_text(say) + left, "heading")]
    total = sum(w.before.size for w in trained)
    if say.mode != "full":
        items.append(_by_array(trained))
    if total <= TRIED:
        tables = _by_number(say, trained, names, most)
        items += [table._replace(more=say.mode != "full") for table in tables]
    return Part("update", tuple(items))


def update_text(say: Context) -> str:
    """The optimizer's rule in a line, of gradients or of what a perceptron's rule gives it."""
    o, t = say.recording.optimizer, int(say.recording.optimizer.iterations.value)
    text = rule_text(o, float(o._rate_at(t)), t)
    return text.replace("gradient", say.recording.rule) if say.recording.rule else text


def numbers_of(say: Context, w: Weight, at: Any) -> Numbers:
    """The numbers of one entry of a weight; `at` is an index into its flat arrays."""
    o = say.recording.optimizer
    t = int(o.iterations.value)
    used = 0.0 if w.used is None else float(w.used.reshape(-1)[at])
    clipped = w.gradient is not None and used != float(w.gradient.reshape(-1)[at])
    taken = say.recording.rule or ("clipped" if clipped else "gradient")
    return Numbers(
        o, float(w.before.reshape(-1)[at]), Leaf(taken, used),
        {s: float(b.reshape(-1)[at]) for s, (b, _) in w.slots.items()},
        {s: float(a.reshape(-1)[at]) for s, (_, a) in w.slots.items()},
        float(o._rate_at(t)), t,
    )  # fmt: skip


def moved(say: Context, n: Numbers, new: float) -> Formula | None:
    """The step in symbols, if it leads to the new weight."""
    formula = step_formula(n)
    if formula is None or not say.agrees(Sum([Leaf("old", n.w), formula]), new):
        return None
    return formula


def _by_number(say: Context, trained: list[Weight], names: dict, most: int) -> list[Any]:
    slots = list(trained[0].slots)
    rows, at, second = [], [], []
    columns: list[str] = []
    clips = any(
        getattr(say.recording.optimizer, c) is not None
        for c in ("clipnorm", "clipvalue", "global_clipnorm")
    )
    for w in trained:
        for k in _order(w):
            name, place = name_of(names, w, k)
            n, new = numbers_of(say, w, k), float(w.after.reshape(-1)[k])
            gradient = 0.0 if w.gradient is None else float(w.gradient.reshape(-1)[k])
            if say.recording.rule:
                gradient = float(n.g.value)
            used = (float(n.g.value),) if clips else ()
            rows.append((name, n.w, gradient, *used, Cell(new - n.w, moved(say, n, new)), new))
            at.append((place,))
            if slots:
                follow = slot_formulas(n)
                kept = {slot_name(n.o, s): (n.after[s], follow.get(s)) for s in slots}
                kept |= {s: (f.value, f) for s, f in follow.items() if s not in slots}
                columns = list(kept)
                cells = [Cell(float(v), f if f is not None and say.agrees(f, float(v)) else None)
                         for v, f in kept.values()]  # fmt: skip
                second.append((name, *cells))
    cut = len(rows) > most
    found: list[Any] = []
    if slots:
        found.append(
            Table("what the optimizer keeps", ("", *columns), tuple(second[:most]),
                  tuple(at[:most]), total=len(second) if cut else 0)
        )  # fmt: skip
    heads = (
        "",
        "old",
        say.recording.rule or "gradient",
        *(("clipped",) if clips else ()),
        "step",
        "new",
    )
    found.append(
        Table("", heads, tuple(rows[:most]), tuple(at[:most]), total=len(rows) if cut else 0)
    )
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
                 if rec.loss_after > rec.loss else "the same" if rec.loss_after == rec.loss
                 else "not a number"))
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
