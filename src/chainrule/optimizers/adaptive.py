"""Optimizers that give each weight its own step: Adagrad, Adadelta, RMSprop, Adam and its kin.

Squares and roots below are elementwise. Defaults are Keras 3's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import xp
from ..errors import ArgumentError
from ..variable import Variable
from .arithmetic import FRACTION, POSITIVE, is_fraction, is_positive, one_minus_power
from .base import Optimizer, register


def _sqrt(x: Any) -> Any:
    return xp(x).sqrt(x)


@register
class Adagrad(Optimizer):
    """Steps that shrink with all gradients so far.  (Duchi, Hazan and Singer 2011.)

        a ← a + g²
        w ← w − rate·g/√(a + ε)

    Defaults are Keras's. PyTorch's `Adagrad` starts a at 0, has a rate of .01 and adds
    ε = 1e-10 outside the root.

    Args:
        learning_rate: a number (.001) or a schedule.
        initial_accumulator_value: where a starts (.1), 0 or more.
        epsilon: keeps the root from 0 (1e-7).
        weight_decay, clipnorm, use_ema and the others: as for every `Optimizer`.

    Example:
        >>> import numpy as np
        >>> from chainrule import Variable
        >>> w = Variable([1.0], name="w")
        >>> Adagrad(0.5, initial_accumulator_value=5.0).apply([np.array([2.0], np.float32)], [w])
        >>> w.numpy().round(4)  # 1 − .5·2/√9
        array([0.6667], dtype=float32)
    """

    slot_names = ("accumulator",)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        start = {"initial_accumulator_value": initial_accumulator_value}
        self.need(POSITIVE, is_positive, **start, epsilon=epsilon)
        self.initial_accumulator_value, self.epsilon = initial_accumulator_value, epsilon

    def first(self, name: str, variable: Variable) -> np.ndarray:
        """The accumulator starts above 0."""
        return np.full(variable.shape, self.initial_accumulator_value, variable.dtype)

    elementwise = True

    def update(self, w: Any, g: Any, a: Any, *, rate: Any, t: Any) -> Any:
        """One step."""
        a += g * g
        w -= rate * g / _sqrt(a + self.epsilon)
        return w, a


@register
class Adadelta(Optimizer):
    """Step sizes from the running size of earlier steps.  (Zeiler 2012.)

        a ← ρa + (1 − ρ)g²
        Δ = −√(d + ε)/√(a + ε)·g
        d ← ρd + (1 − ρ)Δ²
        w ← w + rate·Δ

    Defaults are Keras's, but the paper's rate is 1; PyTorch's is 1 with ρ = .9 and ε = 1e-6.

    Args:
        learning_rate: a number (.001) or a schedule.
        rho: how much of both averages is kept (.95), from 0 up to but without 1.
        epsilon: makes the first steps possible, and sets their size (1e-7).
        weight_decay, clipnorm, use_ema and the others: as for every `Optimizer`.

    Example:
        >>> import numpy as np
        >>> from chainrule import Variable
        >>> w = Variable([1.0], name="w")
        >>> Adadelta(1.0, rho=0.0, epsilon=0.01).apply([np.array([2.0], np.float32)], [w])
        >>> w.numpy().round(4)  # 1 − .1/√4.01·2
        array([0.9001], dtype=float32)
    """

    slot_names = ("gradient_square", "step_square")

    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-7, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.need(FRACTION, is_fraction, rho=rho)
        self.need(POSITIVE, is_positive, epsilon=epsilon)
        self.rho, self.epsilon = rho, epsilon

    elementwise = True

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
    """The gradient divided by the root of its running mean square.  (Hinton 2012, lecture 6e.)

        v ← ρv + (1 − ρ)g²
        w ← w − rate·g/√(v + ε)

    ε stands under the root, as in Keras; deck 001 and PyTorch add it outside (`RMSpropOutside`),
    and PyTorch's ρ is .99. v starts at 0 without correction: the first step is 1/√(1 − ρ) times
    the rate (3.16 at 0.9).

    Args:
        learning_rate: a number (.001) or a schedule.
        rho: how much of the averages is kept (.9), from 0 up to but without 1.
        momentum: with μ above 0, s ← μs + rate·g/√(v + ε);  w ← w − s.
        epsilon: keeps the root from 0 (1e-7).
        centered: whether the mean's square is subtracted, v − m² with m ← ρm + (1 − ρ)g, so that
            the gradient is divided by its standard deviation.
        weight_decay, clipnorm, use_ema and the others: as for every `Optimizer`.

    Example:
        >>> import numpy as np
        >>> from chainrule import Variable
        >>> w = Variable([1.0], name="w")
        >>> RMSprop(0.1).apply([np.array([2.0], np.float32)], [w])
        >>> w.numpy().round(4)  # 1 − .1·2/√(.1·4)
        array([0.6838], dtype=float32)
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
        self.need(FRACTION, is_fraction, rho=rho)
        self.need(POSITIVE, is_positive, momentum=momentum, epsilon=epsilon)
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, centered
        self.slot_names = self.needed_slots()

    def needed_slots(self) -> tuple[str, ...]:
        """The mean square; the mean where it is centered, and a memory where there is momentum."""
        average, memory = ["average"] * bool(self.centered), ["momentum"] * bool(self.momentum)
        return ("velocity", *average, *memory)

    elementwise = True

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


@register("deck-001-rmsprop")
class RMSpropOutside(Optimizer):
    """RMSProp as deck 001 prints it, with ε outside the root:

        v ← βv + (1 − β)g²
        w ← w − rate·g/(√v + ε)

    PyTorch's `RMSprop` is this with β = .99 (there `alpha`) and ε = 1e-8; Keras's is `RMSprop`.

    Args:
        learning_rate: a number (.01) or a schedule.
        beta: how much of v is kept (.9), from 0 up to but without 1.
        epsilon: keeps the quotient finite (1e-6).
        weight_decay, clipnorm, use_ema and the others: as for every `Optimizer`.

    Example:
        >>> import numpy as np
        >>> from chainrule import Variable
        >>> w = Variable([1.0], name="w")
        >>> RMSpropOutside(0.1).apply([np.array([2.0], np.float32)], [w])
        >>> w.numpy().round(4)  # 1 − .1·2/√(.1·4)
        array([0.6838], dtype=float32)
    """

    slot_names = ("velocity",)

    def __init__(
        self, learning_rate: Any = 0.01, beta: float = 0.9, epsilon: float = 1e-6, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.need(FRACTION, is_fraction, beta=beta)
        self.need(POSITIVE, is_positive, epsilon=epsilon)
        self.beta, self.epsilon = beta, epsilon

    elementwise = True

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
        self.need(FRACTION, is_fraction, beta_1=beta_1, beta_2=beta_2)
        self.need(POSITIVE, is_positive, epsilon=epsilon)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon


@register
class Adam(_Moments):
    """Moving averages of the gradient and its square, corrected for their start at 0.

        m ← β₁m + (1 − β₁)g
        v ← β₂v + (1 − β₂)g²
        m̂ = m/(1 − β₁ᵗ),  v̂ = v/(1 − β₂ᵗ)
        w ← w − rate·m̂/(√v̂ + ε/√(1 − β₂ᵗ))

    That is  w ← w − rate·√(1 − β₂ᵗ)/(1 − β₁ᵗ) · m/(√v + ε), which is computed: the paper's quicker
    form with both corrections in one factor. So ε stands beside √v, before the correction, as in
    Keras (the paper's ε̂). The paper's Algorithm 1 and PyTorch have it beside √v̂,
    w ← w − rate·m̂/(√v̂ + ε): there ε is 1/√(1 − β₂) = 32 times weaker at the first step, and
    PyTorch's is 1e-8. Deck 001 uses β₁ for v as well, which is a slip.  (Kingma and Ba 2015.)

    Args:
        learning_rate: a number (.001) or a schedule.
        beta_1: how much of m is kept (.9), from 0 up to but without 1.
        beta_2: how much of v is kept (.999).
        epsilon: keeps the quotient finite (1e-7).
        amsgrad: whether the step is divided by the largest v so far, u ← max(u, v), so that it
            never grows again (Reddi, Kale and Kumar 2018); u is of v before its correction, as in
            Keras and PyTorch.
        weight_decay, clipnorm, use_ema and the others: as for every `Optimizer`.

    Example:
        >>> import numpy as np
        >>> from chainrule import Variable
        >>> w = Variable([1.0, 1.0], name="w")
        >>> Adam(0.1).apply([np.array([5.0, -0.01], np.float32)], [w])  # m̂/√v̂ is ±1 at first
        >>> w.numpy().round(4)
        array([0.9, 1.1], dtype=float32)
    """

    elementwise = True

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **kwargs)
        self.amsgrad = bool(amsgrad)
        self.slot_names = self.needed_slots()

    def needed_slots(self) -> tuple[str, ...]:
        """Both averages; with `amsgrad` the largest of the second."""
        return ("momentum", "velocity", *["largest"] * self.amsgrad)

    def update(self, w: Any, g: Any, m: Any, v: Any, *largest: Any, rate: Any, t: Any) -> Any:
        """One step."""
        m *= self.beta_1
        m += (1 - self.beta_1) * g
        v *= self.beta_2
        v += (1 - self.beta_2) * (g * g)
        largest = tuple(xp(v).maximum(u, v) for u in largest)  # of amsgrad, else none
        c = one_minus_power(self.beta_2, t) ** 0.5 / one_minus_power(self.beta_1, t)
        w -= (rate * c) * m / (_sqrt(*largest or (v,)) + self.epsilon)
        return w, m, v, *largest


@register
class AdamW(Adam):
    """Adam with weight decay that bypasses the averages.  (Loshchilov and Hutter 2019.)

        w ← w − rate·weight_decay·w, then Adam's step

    Defaults are Keras's; PyTorch's decay is .01. Decay given to PyTorch's plain `Adam` is another
    thing: it is added to the gradient and passes through m and v.

    Args:
        learning_rate, beta_1, beta_2, epsilon, amsgrad: as for `Adam`.
        weight_decay: how much of each weight goes at a rate of 1 (.004).
        clipnorm, use_ema and the others: as for every `Optimizer`.

    Raises:
        ArgumentError: `weight_decay=None`, as in Keras: without decay it is `Adam`.

    Example:
        >>> import numpy as np
        >>> from chainrule import Variable
        >>> w = Variable([1.0], name="w")
        >>> AdamW(0.1, weight_decay=0.5).apply([np.array([5.0], np.float32)], [w])
        >>> w.numpy().round(4)  # 1 − .1·.5 − .1
        array([0.85], dtype=float32)
    """

    def __init__(
        self, learning_rate: Any = 0.001, weight_decay: float = 0.004, **kwargs: Any
    ) -> None:
        if weight_decay is None:
            raise ArgumentError(
                "weight_decay must be a number",
                where=type(self).__name__,
                received="None",
                fix="Adam is AdamW without weight decay",
            )
        super().__init__(learning_rate, weight_decay=weight_decay, **kwargs)


@register
class Adamax(_Moments):
    """Adam with the largest recent |g| in place of the root.  (Kingma and Ba 2015, section 7.1.)

        m ← β₁m + (1 − β₁)g
        u ← max(β₂u, |g|)
        w ← w − rate/(1 − β₁ᵗ)·m/(u + ε)

    Defaults are Keras's; the paper's and PyTorch's rate is .002, and PyTorch adds ε to |g| inside
    the maximum.

    Args:
        learning_rate: a number (.001) or a schedule.
        beta_1: how much of m is kept (.9), from 0 up to but without 1.
        beta_2: how slowly the maximum fades (.999).
        epsilon: keeps the quotient finite (1e-7).
        weight_decay, clipnorm, use_ema and the others: as for every `Optimizer`.

    Example:
        >>> import numpy as np
        >>> from chainrule import Variable
        >>> w = Variable([1.0, 1.0], name="w")
        >>> Adamax(0.1).apply([np.array([5.0, -0.01], np.float32)], [w])
        >>> w.numpy().round(4)
        array([0.9, 1.1], dtype=float32)
    """

    elementwise = True

    def update(self, w: Any, g: Any, m: Any, u: Any, *, rate: Any, t: Any) -> Any:
        """One step."""
        m *= self.beta_1
        m += (1 - self.beta_1) * g
        u = xp(g).maximum(self.beta_2 * u, xp(g).abs(g))
        w -= (rate / one_minus_power(self.beta_1, t)) * m / (u + self.epsilon)
        return w, m, u


# Π(1 − ½·.96ⁱ) for i = 1 … k: from k = 1000 on the factors are 1 in float64
_WARMING = np.cumprod(np.concatenate([[1.0], 1 - 0.5 * 0.96 ** np.arange(1.0, 1001.0)]))


@register
class Nadam(_Moments):
    """Adam that looks ahead as Nesterov's momentum does.  (Dozat 2016.)

        uₜ = β₁(1 − ½·.96ᵗ)
        m ← β₁m + (1 − β₁)g,  v ← β₂v + (1 − β₂)g²
        m̂ = uₜ₊₁·m/(1 − u₁u₂…uₜ₊₁) + (1 − uₜ)·g/(1 − u₁u₂…uₜ)
        w ← w − rate·m̂/(√(v/(1 − β₂ᵗ)) + ε)

    Keras's numbers and PyTorch's `NAdam`, whose rate is .002 and whose ε is 1e-8.

    Args:
        learning_rate: a number (.001) or a schedule.
        beta_1: how much of m is kept (.9), from 0 up to but without 1.
        beta_2: how much of v is kept (.999).
        epsilon: keeps the quotient finite (1e-7).
        weight_decay, clipnorm, use_ema and the others: as for every `Optimizer`.

    Example:
        >>> import numpy as np
        >>> from chainrule import Variable
        >>> w = Variable([1.0], name="w")
        >>> Nadam(0.1, beta_1=0.0).apply([np.array([5.0], np.float32)], [w])  # m̂/√v̂ is 1
        >>> w.numpy().round(4)
        array([0.9], dtype=float32)
    """

    elementwise = True

    def update(self, w: Any, g: Any, m: Any, v: Any, *, rate: Any, t: Any) -> Any:
        """One step."""
        m *= self.beta_1
        m += (1 - self.beta_1) * g
        v *= self.beta_2
        v += (1 - self.beta_2) * (g * g)
        ahead = self._push(t + 1) / (1 - self._product(t + 1))
        now = (1 - self._push(t)) / (1 - self._product(t))
        root = _sqrt(v / one_minus_power(self.beta_2, t))
        w -= rate * (ahead * m + now * g) / (root + self.epsilon)
        return w, m, v

    def _push(self, t: Any) -> Any:
        """uₜ."""
        return self.beta_1 * (1 - 0.5 * (1 - one_minus_power(0.96, t)))

    def _product(self, t: Any) -> Any:
        """u₁u₂…uₜ."""
        if isinstance(t, int):
            return (1 - one_minus_power(self.beta_1, t)) * float(_WARMING[min(t, 1000)])
        table = xp(t).asarray(_WARMING, dtype=float)
        return (1 - one_minus_power(self.beta_1, t)) * table[xp(t).minimum(t, 1000)]
