"""The loss of a row as a formula, and its derivative by each output.

As everywhere, the numbers are the tape's; a formula is printed only where it gives them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

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


def _binary(t: Leaf, y: Leaf) -> Formula:
    if t.value == 1:
        return Neg(Apply("ln", y))
    if t.value == 0:
        return Neg(Apply("ln", 1 - y))
    return Neg(Sum([Product([t, Apply("ln", y)]), Product([1 - t, Apply("ln", 1 - y)])]))


FORMULAS: dict[str, LossForm] = {
    "HalfSquaredError": LossForm(
        "½Σ(t - y)²",
        lambda t, y: Sum(
            [Product([const("½", 0.5), _square(a - b)]) for a, b in zip(t, y, strict=True)], 4
        ),
        lambda t, y, n: y - t,
    ),
    "MeanSquaredError": LossForm(
        "(1/n)Σ(t - y)²",
        lambda t, y: _mean([_square(a - b) for a, b in zip(t, y, strict=True)], len(t)),
        lambda t, y, n: _over(n, 2 * (y - t)),
    ),
    "MeanAbsoluteError": LossForm(
        "(1/n)Σ|t - y|",
        lambda t, y: _mean([Apply("abs", a - b) for a, b in zip(t, y, strict=True)], len(t)),
        lambda t, y, n: _over(n, Apply("sign", y - t)),
    ),
    "BinaryCrossentropy": LossForm(
        "-(1/n)Σ(t·ln y + (1 - t)·ln(1 - y))",
        lambda t, y: _mean([_binary(a, b) for a, b in zip(t, y, strict=True)], len(t)),
        lambda t, y, n: _over(n, (y - t) / Product([y, 1 - y])),
    ),
    "CategoricalCrossentropy": LossForm("-Σt·ln y", _picked, lambda t, y, n: 1 - t / y),
    "Hinge": LossForm(
        "(1/n)Σmax(0, 1 - t·y)",
        lambda t, y: _mean(
            [Apply("max", const(0), 1 - a * b) for a, b in zip(t, y, strict=True)], len(t)
        ),
        lambda t, y, n: _over(n, Neg(t) if 1 - t.value * y.value > 0 else const(0)),
    ),
}
FORMULAS["SparseCategoricalCrossentropy"] = FORMULAS["CategoricalCrossentropy"]


def loss_form(loss: Any) -> LossForm | None:
    """What is known of a loss; None for any other, whose numbers then stand alone."""
    if getattr(loss, "from_logits", False) or getattr(loss, "label_smoothing", 0.0):
        return None
    return FORMULAS.get(type(loss).__name__)


def targets_of(loss: Any, y: Any, shape: tuple[int, ...]) -> np.ndarray | None:
    """The targets as numbers beside the outputs: class numbers as one-hot rows."""
    y = np.asarray(y)
    if type(loss).__name__ == "SparseCategoricalCrossentropy":
        return np.eye(shape[-1])[y.reshape(-1).astype(int)].reshape(shape)
    if y.size == int(np.prod(shape)):
        return y.reshape(shape).astype(float)
    return None
