"""Follow the regularized leader: for linear models with many features that are mostly 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import xp
from ..variable import Variable
from .arithmetic import POSITIVE, is_positive
from .base import Optimizer, register


@register
class Ftrl(Optimizer):
    """Follow the regularized leader, whose l1 makes weights exactly 0.  (McMahan et al. 2013.)

        n' = n + g²,  σ = (n'^p − n^p)/rate
        z ← z + g + 2·l2_shrinkage·w − σw
        w ← (clip(z, −l1, l1) − z)/((n'^p + β)/rate + 2·l2)
        n ← n'

    with p = −learning_rate_power. Defaults are Keras's.

    Args:
        learning_rate: a number (.001), above 0, or a schedule.
        learning_rate_power: −p (−.5), 0 or less; 0 leaves the rate as it is.
        initial_accumulator_value: where n starts (.1), 0 or more.
        l1_regularization_strength: l1 (0): weights whose |z| stays below it are 0.
        l2_regularization_strength: l2 (0), which holds the steps back.
        l2_shrinkage_regularization_strength: l2 of the weights themselves (0), a penalty.
        beta: the paper's β (0).
        weight_decay, clipnorm, use_ema and the others: as for every `Optimizer`.

    Example:
        >>> import numpy as np
        >>> from chainrule import Variable
        >>> w = Variable([0.0, 0.0], name="w")
        >>> ftrl = Ftrl(1.0, initial_accumulator_value=0.0, l1_regularization_strength=0.5)
        >>> ftrl.apply([np.array([2.0, 0.25], np.float32)], [w])  # (.5 − 2)/2; z = .25 is below l1
        >>> w.numpy()
        array([-0.75,  0.  ], dtype=float32)
    """

    slot_names = ("accumulator", "linear")
    elementwise = True

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.need(
            "a number of 0 or less", lambda v: v <= 0, learning_rate_power=learning_rate_power
        )
        self.need(
            POSITIVE, is_positive, beta=beta,
            initial_accumulator_value=initial_accumulator_value,
            l1_regularization_strength=l1_regularization_strength,
            l2_regularization_strength=l2_regularization_strength,
            l2_shrinkage_regularization_strength=l2_shrinkage_regularization_strength,
        )  # fmt: skip
        self.learning_rate_power, self.beta = learning_rate_power, beta
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength

    def first(self, name: str, variable: Variable) -> np.ndarray:
        """n starts above 0, z at 0."""
        start = self.initial_accumulator_value if name == "accumulator" else 0.0
        return np.full(variable.shape, start, variable.dtype)

    def update(self, w: Any, g: Any, n: Any, z: Any, *, rate: Any, t: Any) -> Any:
        """One step."""
        m, p = xp(g), -self.learning_rate_power
        l1, l2 = self.l1_regularization_strength, self.l2_regularization_strength
        new = n + g * g
        z = z + g + (2 * self.l2_shrinkage_regularization_strength) * w
        z = z - (new**p - n**p) / rate * w
        bottom = (new**p + self.beta) / rate + 2 * l2
        # where nothing pulls yet, n' = 0, the weight stays at 0
        w = (m.clip(z, -l1, l1) - z) / m.where(bottom == 0, 1, bottom)
        return w, new, z
