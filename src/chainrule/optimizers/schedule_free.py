"""Averages of weights in place of a schedule of the rate."""

from __future__ import annotations

from typing import Any

from ..arrays import xp
from .arithmetic import FRACTION, POSITIVE, as_real, is_fraction, is_positive, one_minus_power
from .base import Optimizer, register


@register
class ScheduleFreeAdamW(Optimizer):
    """Adam without a schedule: gradients are taken between z and its mean.  (Defazio et al. 2024.)

        v ← β₂v + (1 − β₂)g²
        z ← z − rate·g/(√(v/(1 − β₂ᵗ)) + ε)
        x ← (1 − 1/t)x + z/t
        w ← (1 − β₁)z + β₁x

    Training sees w; x, the mean of all z, is what the paper predicts with. It is not stored, since
    x = (w − (1 − β₁)z)/β₁. As in Keras the model keeps w, which at β₁ = .9 is nine tenths x, and
    during a warm-up all z count the same (the paper weighs them by the square of the rate), and
    weight decay shrinks w before the step (the paper takes it off z).

    Args:
        learning_rate: a number (.0025), or a schedule, which it is there to make unnecessary.
        beta_1: how far w is from z to x (.9), above 0 and below 1.
        beta_2: how much of v is kept (.999).
        epsilon: keeps the quotient finite (1e-8).
        warmup_steps: over how many steps the rate rises in a straight line (0).
        weight_decay, clipnorm, use_ema and the others: as for every `Optimizer`.

    Example:
        >>> import numpy as np
        >>> from chainrule import Variable
        >>> w, free = Variable([1.0], name="w"), ScheduleFreeAdamW(0.1, beta_1=0.5)
        >>> for _ in range(2):
        ...     free.apply([np.array([3.0], np.float32)], [w])  # z .9, .8; x .9, .85
        >>> w.numpy().round(4)
        array([0.825], dtype=float32)
    """

    slot_names = ("momentum", "velocity")
    from_weight = ("momentum",)
    elementwise = True

    def __init__(
        self,
        learning_rate: Any = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.need("a number above 0 and below 1", lambda v: 0 < v < 1, beta_1=beta_1)
        self.need(FRACTION, is_fraction, beta_2=beta_2)
        self.need(POSITIVE, is_positive, epsilon=epsilon, warmup_steps=warmup_steps)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.warmup_steps = warmup_steps

    def update(self, w: Any, g: Any, z: Any, v: Any, *, rate: Any, t: Any) -> Any:
        """One step."""
        m = xp(g)
        if self.warmup_steps:
            rate = rate * m.minimum(as_real(t) / self.warmup_steps, 1.0)
        x = (w - (1 - self.beta_1) * z) / self.beta_1
        v = self.beta_2 * v + (1 - self.beta_2) * (g * g)
        z = z - rate * g / (m.sqrt(v / one_minus_power(self.beta_2, t)) + self.epsilon)
        x = x + (z - x) / as_real(t)
        return (1 - self.beta_1) * z + self.beta_1 * x, z, v
