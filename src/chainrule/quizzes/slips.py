"""The known wrong paths: each is one formula of the sheet, changed, and the sheet computed again.

No wrong number is stored anywhere. A slip says what it makes of a step; a change may happen at the
number that is asked for, in one layer, or wherever there is such a step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ..explanation.formula import Apply, Formula, Neg, Product, Ratio, Sum, const
from .sheet import Sheet, Step
from .working import over, total

__all__ = ["SLIPS", "Change", "Slip", "changes"]


class Slip(NamedTuple):
    """A known wrong path.

    Args:
        key: its name; the sentence about it stands in `words`.
        change: of (sheet, step) -> (what exactly, the wrong formula), as many as there are ways.
    """

    key: str
    change: Callable[[Sheet, Step], Iterator[tuple[str, Formula]]]


class Change(NamedTuple):
    """A slip at some steps.

    Args:
        slip: which one.
        detail: what exactly: what was left out.
        formulas: the wrong formulas by the names of their steps.
    """

    slip: str
    detail: str
    formulas: dict[str, Formula]


Way = Iterator[tuple[str, Formula]]


def _slope(sheet: Sheet, s: Step) -> Way:
    """δ = ∂E/∂out, without σ′."""
    if s.role == "delta" and "slope" in s.parts:
        yield "", s.parts["arrived"]


def _updated(sheet: Sheet, s: Step) -> Way:
    """The error goes back through the new weights in place of the old ones."""
    if s.role == "arriving" and f"new {s.parts['weights'][0].name}" in sheet.steps:
        p = s.parts
        new = [sheet.leaf(f"new {w.name}") if w.name in p["trained"] else w for w in p["weights"]]
        yield "", total([Product([d, w]) for d, w in zip(p["deltas"], new, strict=True)])


def _square(p: Any, k: int) -> Formula:
    return (p["t"][k] - p["y"][k]) ** const(2)


def _half(sheet: Sheet, s: Step) -> Way:
    """E = Σ(t − y)², and with it an extra factor 2 in every gradient."""
    if s.parts.get("kind") != "HalfSquaredError":
        return
    if s.role == "loss":
        yield "", total([_square(s.parts, k) for k in range(len(s.parts["t"]))])
    if s.role == "error":
        yield "", over(2 * (s.parts["y"] - s.parts["t"]), s.parts["scale"])


def _two(sheet: Sheet, s: Step) -> Way:
    """The 2 of the square does not come down in the derivative."""
    if s.role != "error":
        return
    difference = s.parts["y"] - s.parts["t"]
    if s.parts["kind"] == "HalfSquaredError":
        yield "", over(Product([const("½", 0.5), difference]), s.parts["scale"])
    if s.parts["kind"] == "MeanSquaredError":
        n = s.parts["n"]
        yield "", over(difference if n == 1 else Ratio(difference, const(n)), s.parts["scale"])


def _sign(sheet: Sheet, s: Step) -> Way:
    """t − y in place of y − t."""
    if "wrong" in s.parts:
        yield "", s.parts["wrong"]


def _path(sheet: Sheet, s: Step) -> Way:
    """One of the ways by which the error comes back is left out."""
    terms = s.parts.get("terms", ())
    if s.role == "arriving" and len(terms) > 1:
        for k, left in enumerate(s.parts["to"]):
            yield left, total([t for i, t in enumerate(terms) if i != k])
    if s.role == "gradient" and s.parts["weight"] is None and len(terms) > 1:
        for k, term in enumerate(terms):
            yield term.name, total([t for i, t in enumerate(terms) if i != k])


def _output(sheet: Sheet, s: Step) -> Way:
    """The loss of one output only, or without one."""
    if s.role != "loss" or not isinstance(s.formula, Sum) or len(s.parts["t"]) < 2:
        return
    for k, y in enumerate(s.parts["y"]):
        yield y.name, total([t for i, t in enumerate(s.formula.terms) if i != k])


def _term(sheet: Sheet, s: Step) -> Way:
    """A w·x is left out of a net input, or a row out of a sum over rows."""
    terms = s.parts.get("terms", ())
    if s.role == "net" and len(terms) > 1:
        bias = [] if s.parts["bias"] is None else [s.parts["bias"]]
        for k, w in enumerate(s.parts["weights"]):
            left = f"{w.name}·{s.parts['inputs'][k].name}"
            yield left, total([*(t for i, t in enumerate(terms) if i != k), *bias])
    if s.role == "gradient" and s.parts["weight"] is not None and len(terms) > 1:
        for k, d in enumerate(s.parts["deltas"]):
            yield d.name, total([t for i, t in enumerate(terms) if i != k])


def _sum(sheet: Sheet, s: Step) -> Way:
    """A sum where the loss is a mean: over the outputs, or over the rows."""
    p, kind = s.parts, s.parts.get("kind")
    mean = kind in ("MeanSquaredError", "MeanAbsoluteError", "BinaryCrossentropy", "Hinge")
    if s.role == "loss" and mean and isinstance(s.formula, Product) and len(p["t"]) > 1:
        yield "outputs", s.formula.factors[1]
    if s.role == "error" and mean and p["n"] > 1 and isinstance(p["one"], Ratio):
        yield "outputs", over(p["one"].top, p["scale"])
    if s.role == "mean" and not p["summed"]:
        yield "rows", p["all"]
    if s.role in ("error", "delta") and p.get("scale", 1) > 1:
        yield "rows", p["one"]
        if mean and p["n"] > 1 and isinstance(p["one"], Ratio):
            yield "both", p["one"].top


def _mean(sheet: Sheet, s: Step) -> Way:
    """A mean over the outputs where the loss is a sum: 1/(2n)."""
    if s.parts.get("kind") != "HalfSquaredError":
        return
    n = len(s.parts["t"]) if s.role == "loss" else s.parts.get("n", 1)
    if n > 1 and s.role in ("loss", "error"):
        yield "outputs", Ratio(s.formula, const(n))


def _bias(sheet: Sheet, s: Step) -> Way:
    """Net input without its bias."""
    if s.role == "net" and s.parts["bias"] is not None:
        yield s.parts["bias"].name, total(list(s.parts["terms"]))


def _ascent(sheet: Sheet, s: Step) -> Way:
    """The step goes up the gradient."""
    if s.role == "new":
        yield "", s.parts["old"] + s.parts["rate"] * s.parts["g"]


def _rate(sheet: Sheet, s: Step) -> Way:
    """The whole gradient is subtracted."""
    if s.role == "new":
        yield "", s.parts["old"] - s.parts["g"]


def _step(sheet: Sheet, s: Step) -> Way:
    """What is subtracted, in place of what is left."""
    if s.role == "new":
        yield "", s.parts["rate"] * s.parts["g"]
        yield "", Neg(s.parts["rate"] * s.parts["g"])


def _input(sheet: Sheet, s: Step) -> Way:
    """δ alone, without the input of the weight."""
    if s.role == "gradient" and s.parts["weight"] is not None:
        yield "", total(list(s.parts["deltas"]))


def _weight(sheet: Sheet, s: Step) -> Way:
    """δ times the weight itself, in place of its input."""
    if s.role == "gradient" and s.parts["weight"] is not None:
        w = s.parts["weight"]
        yield w.name, total([Product([d, w]) for d in s.parts["deltas"]])


def _net_in(sheet: Sheet, s: Step) -> Way:
    """The net input of the unit before, in place of its output."""
    if s.role == "gradient" and s.parts["nets"]:
        pairs = zip(s.parts["deltas"], s.parts["nets"], strict=True)
        yield s.parts["nets"][0].name, total([Product([d, z]) for d, z in pairs])


def _activation(sheet: Sheet, s: Step) -> Way:
    """The net input goes on without its activation."""
    if s.role == "out":
        yield "", s.parts["z"]


def _exponent(sheet: Sheet, s: Step) -> Way:
    """σ with e^z in place of e^−z."""
    if s.role == "out" and s.parts["activation"] == "sigmoid":
        yield "", 1 / (1 + Apply("exp", s.parts["z"]))


def _slope_net(sheet: Sheet, s: Step) -> Way:
    """z(1 − z) in place of a(1 − a)."""
    if s.role == "slope" and s.parts["activation"] == "sigmoid":
        yield "", s.parts["z"] * (1 - s.parts["z"])
    if s.role == "slope" and s.parts["activation"] == "tanh":
        yield "", 1 - s.parts["z"] ** const(2)


def _slope_out(sheet: Sheet, s: Step) -> Way:
    """σ in place of σ′."""
    if s.role == "slope" and s.parts["activation"] in ("sigmoid", "tanh"):
        yield "", s.parts["a"]


def _transposed(sheet: Sheet, s: Step) -> Way:
    """Row and column of the weights exchanged, on the way back."""
    if s.role == "arriving" and s.parts["other"] is not None:
        yield (
            "",
            total(
                [Product([d, w]) for d, w in zip(s.parts["deltas"], s.parts["other"], strict=True)]
            ),
        )


SLIPS = tuple(
    Slip(key, change)
    for key, change in {
        "slope": _slope, "updated": _updated, "half": _half, "sign": _sign, "path": _path,
        "sum": _sum, "bias": _bias, "two": _two, "mean": _mean, "output": _output, "term": _term,
        "ascent": _ascent, "rate": _rate, "step": _step, "input": _input, "weight": _weight,
        "net_in": _net_in, "activation": _activation, "exponent": _exponent,
        "slope_net": _slope_net, "slope_out": _slope_out, "transposed": _transposed,
    }.items()
)  # fmt: skip

ALONE = ("term", "output")  # nobody leaves out the second term of everything


def changes(sheet: Sheet, asked: str | None = None) -> list[Change]:
    """Every slip at the step that is asked for, in each layer, and wherever it can be made.

    Args:
        sheet: whose formulas are changed.
        asked: the name of a step; None for the changes by layers and everywhere only.
    """
    if ("changes", asked) in sheet.kept:
        return sheet.kept["changes", asked]
    found: list[Change] = []
    for slip in SLIPS:
        ways = [
            (step, k, detail, formula)
            for step in sheet.steps.values() if not step.again or step.name == asked
            for k, (detail, formula) in enumerate(slip.change(sheet, step))
        ]  # fmt: skip
        groups: dict[Any, list[Any]] = {}
        for way in ways:
            if way[0].name == asked:
                groups.setdefault(("here", way[1]), []).append(way)
        for way in ways:
            step, k = way[0], way[1]
            of = step.name if slip.key in ALONE else step.layer
            groups.setdefault((of, k), []).append(way)
        for way in ways if slip.key not in ALONE else ():
            groups.setdefault(("all", way[1]), []).append(way)
        seen = set()
        for group in groups.values():
            names = frozenset((step.name, k) for step, k, _, _ in group)
            if names not in seen:
                seen.add(names)
                details = dict.fromkeys(detail for _, _, detail, _ in group if detail)
                formulas = {step.name: formula for step, _, _, formula in group}
                found.append(Change(slip.key, ", ".join(details), formulas))
    sheet.kept["changes", asked] = found
    return found
