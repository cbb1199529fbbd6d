"""Optimizers that give each weight its own step: Adagrad, Adadelta, RMSprop, Adam and its kin.

Squares and roots below are elementwise. Defaults are Keras 3's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import xp
from ..variable import Variable
from .base import Optimizer, one_minus_power, register


def _sqrt(x: Any) -> Any:
    return xp(x).sqrt(x)


@register
class Adagrad(Optimizer):
    """a ← a + g²;  w ← w − rate·g/√(a + ε).  (Duchi, Hazan and Singer 2011.)"""

    slot_names = ("accumulator",)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.initial_accumulator_value, self.epsilon = initial_accumulator_value, epsilon

    def first(self, name: str, variable: Variable) -> np.ndarray:
        """The accumulator starts above 0."""
        return np.full(variable.shape, self.initial_accumulator_value, variable.dtype)

    def update(self, w: Any, g: Any, a: Any, *, rate: Any, t: Any) -> Any:
        """One step."""
        a += g * g
        w -= rate * g / _sqrt(a + self.epsilon)
        return w, a


@register
class Adadelta(Optimizer):
    """Step sizes from the running size of earlier steps.  (Zeiler 2012.)

    a ← ρa + (1 − ρ)g²;  Δ = −√(d + ε)/√(a + ε)·g;  d ← ρd + (1 − ρ)Δ²;  w ← w + rate·Δ.
    """

    slot_names = ("gradient_square", "step_square")

    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-7, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.rho, self.epsilon = rho, epsilon

    def update(self, w: Any, g: Any, a: Any, d: Any, *, rate: Any, t: Any) -> Any:
        """One step."""
        a *= self.rho
        a += (1 - self.rho) * (g * g)
        change = -_sqrt(d + self.epsilon) / _sqrt(a + self.epsilon) * g
        d *= self.rho
        d += (1 - self.rho) * (change * change)
        w += rate * change
        return w, a, d


@register
class RMSprop(Optimizer):
    """v ← ρv + (1 − ρ)g²;  w ← w − rate·g/√(v + ε).  (Hinton 2012, lecture 6e.)

    ε stands under the root, as in Keras; deck 001 and PyTorch add it outside (`RMSpropOutside`).
    v starts at 0 without correction: the first step is 1/√(1 − ρ) times the rate (3.16 at 0.9).
    `momentum` adds v' ← momentum·v' + step;  `centered` divides by the standard deviation.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, centered
        self.slot_names = (
            "velocity",
            *(["average"] if centered else []),
            *(["momentum"] if momentum else []),
        )

    def update(self, w: Any, g: Any, v: Any, *more: Any, rate: Any, t: Any) -> Any:
        """One step."""
        slots = dict(zip(self.slot_names[1:], more, strict=True))
        v = self.rho * v + (1 - self.rho) * (g * g)
        size = v
        if self.centered:
            slots["average"] = self.rho * slots["average"] + (1 - self.rho) * g
            size = v - slots["average"] * slots["average"]
        change = rate * g / _sqrt(size + self.epsilon)
        if self.momentum:
            change = slots["momentum"] = self.momentum * slots["momentum"] + change
        return w - change, v, *slots.values()


@register
class RMSpropOutside(Optimizer):
    """v ← βv + (1 − β)g²;  w ← w − rate·g/(√v + ε): RMSProp as deck 001 prints it."""

    slot_names = ("velocity",)

    def __init__(
        self, learning_rate: Any = 0.01, beta: float = 0.9, epsilon: float = 1e-6, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta, self.epsilon = beta, epsilon

    def update(self, w: Any, g: Any, v: Any, *, rate: Any, t: Any) -> Any:
        """One step."""
        v *= self.beta
        v += (1 - self.beta) * (g * g)
        w -= rate * g / (_sqrt(v) + self.epsilon)
        return w, v


class _Moments(Optimizer):
    """Base of Adam's family: two moving averages and their decay rates."""

    slot_names = ("momentum", "velocity")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon


@register
class Adam(_Moments):
    """Moving averages of the gradient and its square, corrected for their start at 0.

        m ← β₁m + (1 − β₁)g
        v ← β₂v + (1 − β₂)g²
        w ← w − rate·√(1 − β₂ᵗ)/(1 − β₁ᵗ) · m/(√v + ε)

    Both corrections stand in one factor, so ε is the paper's ε̂ as in Keras; PyTorch adds ε after
    correcting v. Deck 001 uses β₁ for v as well, which is a slip.  (Kingma and Ba 2015.)
    """

    def update(self, w: Any, g: Any, m: Any, v: Any, *, rate: Any, t: Any) -> Any:
        """One step."""
        m *= self.beta_1
        m += (1 - self.beta_1) * g
        v *= self.beta_2
        v += (1 - self.beta_2) * (g * g)
        c = one_minus_power(self.beta_2, t) ** 0.5 / one_minus_power(self.beta_1, t)
        w -= (rate * c) * m / (_sqrt(v) + self.epsilon)
        return w, m, v


@register
class AdamW(Adam):
    """Adam with weight decay that bypasses the averages.  (Loshchilov and Hutter 2019.)"""

    def __init__(
        self, learning_rate: Any = 0.001, weight_decay: float = 0.004, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay, **kwargs)


@register
class Adamax(_Moments):
    """Adam with the largest recent |g| in place of the root: u ← max(β₂u, |g|).  (Kingma, Ba.)"""

    def update(self, w: Any, g: Any, m: Any, u: Any, *, rate: Any, t: Any) -> Any:
        """One step."""
        m *= self.beta_1
        m += (1 - self.beta_1) * g
        u = xp(g).maximum(self.beta_2 * u, xp(g).abs(g))
        w -= (rate / one_minus_power(self.beta_1, t)) * m / (u + self.epsilon)
        return w, m, u
