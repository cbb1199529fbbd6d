"""Every optimizer's rule in symbols: what it keeps, what follows from that, the step.

The numbers are the optimizer's own; a formula that would not give them is left out where it is
printed, as everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from .formula import Apply, Formula, Leaf, Neg, Power, Product, Ratio, Sum, const

__all__ = ["Numbers", "rule_text", "slot_formulas", "slot_name", "step_formula"]

SLOT_NAMES = {"momentum": "m", "velocity": "v", "accumulator": "a", "gradient_square": "a",
              "step_square": "d", "average": "mean"}  # fmt: skip


def slot_name(o: Any, slot: str) -> str:
    """What a slot is called in formulas."""
    if type(o).__name__ == "Adamax" and slot == "velocity":  # a maximum, not a mean of squares
        return "u"
    return SLOT_NAMES.get(slot, slot)


class Numbers(NamedTuple):
    """The numbers of one weight in one step.

    Args:
        o: the optimizer.
        w: the weight before the step.
        g: the gradient that the optimizer took, after any clipping.
        before, after: its slots by name.
        rate, t: the learning rate, and the number of the step from 1.
    """

    o: Any
    w: float
    g: Leaf
    before: dict[str, float]
    after: dict[str, float]
    rate: float
    t: int

    def new(self, slot: str) -> Leaf:
        """A slot after the step."""
        return Leaf(slot_name(self.o, slot), self.after[slot])

    def old(self, slot: str) -> Leaf:
        """A slot before it."""
        return Leaf(f"{slot_name(self.o, slot)}₀", self.before[slot])

    def mean(self, slot: str, keep: float, of: Formula) -> Formula:
        """keep·old + (1 − keep)·of."""
        return number(keep) * self.old(slot) + number(1 - keep) * of

    @property
    def eta(self) -> Leaf:
        """The rate as it stands in a formula."""
        return number(self.rate)


def number(value: float) -> Leaf:
    """A setting of the optimizer in a formula."""
    return const(f"{value:.10g}", value)


def _sqrt(f: Formula) -> Formula:
    return Apply("sqrt", f)


def _square(f: Formula) -> Formula:
    return Power(f, const(2))


class Rule(NamedTuple):
    """One optimizer: its rule in a line, its slots, what follows from them, the step."""

    says: str
    slots: Callable[[Numbers], dict[str, Formula]]
    derived: Callable[[Numbers], dict[str, Formula]]
    step: Callable[[Numbers], Formula]


def _none(n: Numbers) -> dict[str, Formula]:
    return {}


def _sgd_slots(n: Numbers) -> dict[str, Formula]:
    if not n.o.momentum:
        return {}
    return {"momentum": number(n.o.momentum) * n.old("momentum") - n.eta * n.g}


def _sgd_step(n: Numbers) -> Formula:
    if not n.o.momentum:
        return Neg(Product([n.eta, n.g]))
    if n.o.nesterov:
        return number(n.o.momentum) * n.new("momentum") - n.eta * n.g
    return n.new("momentum")


def _adam_derived(n: Numbers) -> dict[str, Formula]:
    one, two = 1 - n.o.beta_1**n.t, 1 - n.o.beta_2**n.t
    return {
        "m̂": n.new("momentum") / const(f"(1 - {n.o.beta_1:g}^{n.t})", one),
        "v̂": n.new("velocity") / const(f"(1 - {n.o.beta_2:g}^{n.t})", two),
    }


def _adam_step(n: Numbers) -> Formula:
    found = {k: Leaf(k, f.value) for k, f in _adam_derived(n).items()}
    root = (1 - n.o.beta_2**n.t) ** 0.5  # ε stands beside √v, before the correction
    epsilon = const(f"{n.o.epsilon:g}/sqrt(1 - {n.o.beta_2:g}^{n.t})", n.o.epsilon / root)
    return Neg(Ratio(Product([n.eta, found["m̂"]]), Sum([_sqrt(found["v̂"]), epsilon])))


ADAM = Rule(
    "new = old - {rate}·m̂/(√v̂ + ε/√(1 - β₂ᵗ)); β₁ {beta_1} β₂ {beta_2} ε {epsilon} t {t}",
    lambda n: {
        "momentum": n.mean("momentum", n.o.beta_1, n.g),
        "velocity": n.mean("velocity", n.o.beta_2, _square(n.g)),
    },
    _adam_derived,
    _adam_step,
)


def _printed_derived(n: Numbers) -> dict[str, Formula]:
    keep = const(f"(1 - {n.o.beta_1:g}^{n.t})", 1 - n.o.beta_1**n.t)
    return {"m̂": n.new("momentum") / keep, "v̂": n.new("velocity") / keep}


def _printed_step(n: Numbers) -> Formula:
    found = {k: Leaf(k, f.value) for k, f in _printed_derived(n).items()}
    return Neg(Ratio(Product([n.eta, found["m̂"]]), _sqrt(found["v̂"])))


# deck 001's, for comparison: β₁ in both averages, no ε
PRINTED_ADAM = Rule(
    "as printed: new = old - {rate}·m̂/√v̂; β₁ {beta_1} also for v, no ε, t {t}",
    lambda n: {
        "momentum": n.mean("momentum", n.o.beta_1, n.g),
        "velocity": n.mean("velocity", n.o.beta_1, _square(n.g)),
    },
    _printed_derived,
    _printed_step,
)


def _adadelta_step(n: Numbers) -> Formula:
    epsilon = number(n.o.epsilon)
    roots = Ratio(_sqrt(n.old("step_square") + epsilon), _sqrt(n.new("gradient_square") + epsilon))
    return Neg(Product([n.eta, roots, n.g]))


RULES: dict[str, Rule] = {
    "SGD": Rule("new = old - {rate} · gradient", _sgd_slots, _none, _sgd_step),
    "MovingAverageMomentum": Rule(
        "v = {beta}·v + (1 - {beta})·gradient; new = old - {rate}·v",
        lambda n: {"velocity": n.mean("velocity", n.o.beta, n.g)},
        _none,
        lambda n: Neg(Product([n.eta, n.new("velocity")])),
    ),
    "Adagrad": Rule(
        "a = a + gradient²; new = old - {rate}·gradient/√(a + {epsilon})",
        lambda n: {"accumulator": n.old("accumulator") + _square(n.g)},
        _none,
        lambda n: Neg(
            Ratio(n.eta * n.g, _sqrt(n.new("accumulator") + number(n.o.epsilon)))
        ),
    ),
    "Adadelta": Rule(
        "new = old - {rate}·√(d + ε)/√(a + ε)·gradient; ρ {rho} ε {epsilon}",
        lambda n: {"gradient_square": n.mean("gradient_square", n.o.rho, _square(n.g))},
        _none,
        _adadelta_step,
    ),
    "RMSprop": Rule(
        "v = {rho}·v + (1 - {rho})·gradient²; new = old - {rate}·gradient/√(v + {epsilon})",
        lambda n: {"velocity": n.mean("velocity", n.o.rho, _square(n.g))},
        _none,
        lambda n: Neg(Ratio(n.eta * n.g, _sqrt(n.new("velocity") + number(n.o.epsilon)))),
    ),
    "RMSpropOutside": Rule(
        "v = {beta}·v + (1 - {beta})·gradient²; new = old - {rate}·gradient/(√v + {epsilon})",
        lambda n: {"velocity": n.mean("velocity", n.o.beta, _square(n.g))},
        _none,
        lambda n: Neg(Ratio(n.eta * n.g, _sqrt(n.new("velocity")) + number(n.o.epsilon))),
    ),
    "Adam": ADAM,
    "AdamW": ADAM,
    "Deck001Adam": PRINTED_ADAM,
    "Adamax": Rule(
        "u = max({beta_2}·u, |gradient|); new = old - {rate}/(1 - {beta_1}^t)·m/(u + ε); t {t}",
        lambda n: {
            "momentum": n.mean("momentum", n.o.beta_1, n.g),
            "velocity": Apply("max", number(n.o.beta_2) * n.old("velocity"), Apply("abs", n.g)),
        },
        _none,
        lambda n: Neg(
            Ratio(
                Product([n.eta, n.new("momentum")]),
                Product([
                    const(f"(1 - {n.o.beta_1:g}^{n.t})", 1 - n.o.beta_1**n.t),
                    n.new(n.o.slot_names[1]) + number(n.o.epsilon),
                ]),
            )
        ),
    ),
    "Lion": Rule(
        "new = old - {rate}·sign({beta_1}·m + (1 - {beta_1})·gradient)",
        lambda n: {"momentum": n.mean("momentum", n.o.beta_2, n.g)},
        _none,
        lambda n: Neg(
            Product([n.eta, Apply("sign", n.mean("momentum", n.o.beta_1, n.g))])
        ),
    ),
}  # fmt: skip


def _has_options(o: Any) -> bool:
    """Do settings make it another rule than the one in the table?"""
    more = getattr(o, "amsgrad", False) or o.gradient_accumulation_steps
    return bool(more or (type(o).__name__ == "RMSprop" and (o.momentum or o.centered)))


def rule_text(o: Any, rate: float, t: int) -> str:
    """The rule in a line, with its settings; clipping and decay where there are any."""
    kind = type(o).__name__
    known = RULES.get(kind)
    plain = known is not None and not _has_options(o)
    if kind == "SGD" and o.momentum:
        text = f"m = {o.momentum:g}·m - {rate:g}·gradient; new = old + " + (
            f"{o.momentum:g}·m - {rate:g}·gradient" if o.nesterov else "m"
        )
    elif known is not None and plain:
        names = ("beta", "beta_1", "beta_2", "rho", "epsilon")
        settings = {n: f"{getattr(o, n):g}" for n in names if hasattr(o, n)}
        text = known.says.format(rate=f"{rate:g}", t=t, **settings)
    else:
        text = f"{kind}, learning rate {rate:g}, step {t}"
    if o.weight_decay:
        text += f"; first old - {rate:g}·{o.weight_decay:g}·old (decay)"
    for clip in ("clipnorm", "clipvalue", "global_clipnorm"):
        if getattr(o, clip) is not None:
            text += f"; gradients clipped ({clip} {getattr(o, clip):g})"
    return text


def slot_formulas(n: Numbers) -> dict[str, Formula]:
    """How slots, and what is read from them, follow from the gradient."""
    known = RULES.get(type(n.o).__name__)
    return {} if known is None else known.slots(n) | known.derived(n)


def step_formula(n: Numbers) -> Formula | None:
    """What the weight moves by; None for an optimizer whose rule is only computed."""
    known = RULES.get(type(n.o).__name__)
    if known is None or _has_options(n.o):
        return None
    step = known.step(n)
    if n.o.weight_decay and not n.o.no_decay:
        decay = Product([n.eta, number(n.o.weight_decay), Leaf("old", n.w)])
        step = Sum([Neg(decay), step])
    return step
