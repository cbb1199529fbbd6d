"""The loss of a row as a formula, and its derivative by each output.

As everywhere, the numbers are the tape's; a formula is printed only where it gives them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import config
from .formula import Apply, Formula, Leaf, Neg, Power, Product, Ratio, Sum, const

__all__ = ["FORMULAS", "LossForm", "loss_form"]


class LossForm:
    """The loss of one row in symbols.

    Args:
        whole: of (targets, outputs) -> the loss.
        by: of (target, output, how many outputs) -> ∂loss/∂output.
        says: the formula in general.
    """

    def __init__(
        self,
        says: str,
        whole: Callable[[list[Leaf], list[Leaf]], Formula],
        by: Callable[[Leaf, Leaf, int], Formula],
    ) -> None:
        self.says, self.whole, self.by = says, whole, by


def _square(a: Formula) -> Formula:
    return Power(a, const(2))


def _mean(terms: list[Formula], n: int) -> Formula:
    return terms[0] if n == 1 else Product([Ratio(const(1), const(n)), Sum(terms, 4)])


def _over(n: int, f: Formula) -> Formula:
    return f if n == 1 else Ratio(f, const(n))


def _picked(t: list[Leaf], y: list[Leaf]) -> Formula:
    """−Σ t·ln y over the classes whose target is not 0."""
    terms: list[Formula] = []
    for a, b in zip(t, y, strict=True):
        if a.value:
            log = Apply("ln", b)
            terms.append(log if a.value == 1 else Product([a, log]))
    return Neg(terms[0]) if len(terms) == 1 else Neg(Sum(terms, 4))


def _each(f: Callable[[Leaf, Leaf], Formula]) -> Callable[[list[Leaf], list[Leaf]], Formula]:
    """(1/n)Σ of a formula of one target and one output."""
    return lambda t, y: _mean([f(a, b) for a, b in zip(t, y, strict=True)], len(t))


def _margin(t: Leaf, y: Leaf) -> Formula:
    return Apply("max", const(0), 1 - t * y)


def _hinge(scale: Callable[[Leaf, Leaf], Formula]) -> Callable[[Leaf, Leaf, int], Formula]:
    """A slope that is 0 where the margin is kept."""
    return lambda t, y, n: _over(n, scale(t, y)) if 1 - t.value * y.value > 0 else const(0)


def _huber(loss: Any) -> LossForm:
    """½e² where |e| ≤ δ, else δ(|e| − ½δ): of each error the branch that it takes."""
    delta, half = Leaf("δ", loss.delta, constant=True), const("½", 0.5)

    def one(t: Leaf, y: Leaf) -> Formula:
        e = y - t
        if abs(e.value) <= loss.delta:
            return Product([half, _square(e)])
        return Product([delta, Sum([Apply("abs", e), Neg(Product([half, delta]))])])

    def by(t: Leaf, y: Leaf, n: int) -> Formula:
        e = y - t
        inside = abs(e.value) <= loss.delta
        return _over(n, e if inside else Product([delta, Apply("sign", e)]))

    return LossForm(f"(1/n)Σ(½e² where |e| ≤ δ, else δ(|e| - ½δ)), δ = {loss.delta:g}",
                    _each(one), by)  # fmt: skip


def _above(a: Leaf) -> Leaf:
    """What the loss takes of a number: ε where it is smaller."""
    return a if a.value >= config.epsilon() else _floor()


def _divergence(t: list[Leaf], y: list[Leaf]) -> Formula:
    """Σ t·ln(t/y), a target of 0 as ε."""
    terms = [(_above(a), b) for a, b in zip(t, y, strict=True)]
    return Sum([a * Apply("ln", a / b) for a, b in terms], 4)


def _floor() -> Leaf:
    """What keeps a logarithm finite."""
    return Leaf("ε", config.epsilon(), constant=True)


def _binary(t: Leaf, y: Leaf) -> Formula:
    if t.value == 1:
        return Neg(Apply("ln", y))
    if t.value == 0:
        return Neg(Apply("ln", 1 - y))
    return Neg(Sum([Product([t, Apply("ln", y)]), Product([1 - t, Apply("ln", 1 - y)])]))


# by the name of the class; a function makes the form of a loss that has settings
FORMULAS: dict[str, LossForm | Callable[[Any], LossForm]] = {
    "HalfSquaredError": LossForm(
        "½Σ(t - y)²",
        lambda t, y: Sum(
            [Product([const("½", 0.5), _square(a - b)]) for a, b in zip(t, y, strict=True)], 4
        ),
        lambda t, y, n: y - t,
    ),
    "MeanSquaredError": LossForm(
        "(1/n)Σ(t - y)²", _each(lambda t, y: _square(t - y)), lambda t, y, n: _over(n, 2 * (y - t))
    ),
    "MeanAbsoluteError": LossForm(
        "(1/n)Σ|t - y|",
        _each(lambda t, y: Apply("abs", t - y)),
        lambda t, y, n: _over(n, Apply("sign", y - t)),
    ),
    "MeanBiasError": LossForm(
        "(1/n)Σ(t - y)", _each(lambda t, y: t - y), lambda t, y, n: _over(n, const(-1))
    ),
    "MeanAbsolutePercentageError": LossForm(
        "(100/n)Σ|t - y|/|t|",
        _each(lambda t, y: 100 * (Apply("abs", t - y) / Apply("abs", t))),
        lambda t, y, n: _over(n, 100 * (Apply("sign", y - t) / Apply("abs", t))),
    ),
    "MeanSquaredLogarithmicError": LossForm(
        "(1/n)Σ(ln(1 + t) - ln(1 + y))²",
        _each(lambda t, y: _square(Apply("ln", 1 + _above(t)) - Apply("ln", 1 + y))),
        lambda t, y, n: _over(
            n, 2 * (Sum([Apply("ln", 1 + y), Neg(Apply("ln", 1 + _above(t)))]) / Sum([const(1), y]))
        ),
    ),
    "Huber": _huber,
    "LogCosh": LossForm(
        "(1/n)Σ ln cosh(y - t)",
        _each(lambda t, y: Apply("ln", Apply("cosh", y - t))),
        lambda t, y, n: _over(n, Apply("tanh", y - t)),
    ),
    "Poisson": LossForm(
        "(1/n)Σ(y - t·ln(y + ε))",
        _each(lambda t, y: Sum([y, Neg(t * Apply("ln", y + _floor()))])),
        lambda t, y, n: _over(n, 1 - t / (y + _floor())),
    ),
    "BinaryCrossentropy": LossForm(
        "-(1/n)Σ(t·ln y + (1 - t)·ln(1 - y))",
        _each(_binary),
        lambda t, y, n: _over(n, (y - t) / Product([y, 1 - y])),
    ),
    "CategoricalCrossentropy": LossForm("-Σt·ln y", _picked, lambda t, y, n: 1 - t / y),
    "KLDivergence": LossForm("Σt·ln(t/y)", _divergence, lambda t, y, n: Neg(_above(t) / y)),
    "Hinge": LossForm("(1/n)Σmax(0, 1 - t·y)", _each(_margin), _hinge(lambda t, y: Neg(t))),
    "SquaredHinge": LossForm(
        "(1/n)Σmax(0, 1 - t·y)²",
        _each(lambda t, y: _square(_margin(t, y))),
        _hinge(lambda t, y: Neg(2 * (t * (1 - t * y)))),
    ),
}
# deck 001's, for comparison
FORMULAS["Deck001CCE"] = LossForm(
    "-Σ(t·ln y + (1 - t)·ln(1 - y))",
    lambda t, y: Sum([_binary(a, b) for a, b in zip(t, y, strict=True)], 4),
    lambda t, y, n: (y - t) / Product([y, 1 - y]),
)
FORMULAS["SparseCategoricalCrossentropy"] = FORMULAS["CategoricalCrossentropy"]


def loss_form(loss: Any) -> LossForm | None:
    """What is known of a loss; None for any other, whose numbers then stand alone."""
    if getattr(loss, "from_logits", False) or getattr(loss, "label_smoothing", 0.0):
        return None
    if getattr(loss, "ignore_class", None) is not None or getattr(loss, "axis", -1) != -1:
        return None
    form = FORMULAS.get(type(loss).__name__)
    return form if form is None or isinstance(form, LossForm) else form(loss)


def targets_of(loss: Any, y: Any, shape: tuple[int, ...]) -> np.ndarray | None:
    """The targets as numbers beside the outputs: class numbers as one-hot rows."""
    y = np.asarray(y)
    if type(loss).__name__ == "SparseCategoricalCrossentropy":
        labels = y.reshape(-1).astype(int)
        ignored = labels == getattr(loss, "ignore_class", None)
        rows = np.eye(shape[-1])[np.where(ignored, 0, labels)] * ~ignored[:, None]
        return rows.reshape(shape)
    if y.size == int(np.prod(shape)):
        return y.reshape(shape).astype(float)
    return None
