"""Gradient descent, with and without momentum; and the sign of it."""

from __future__ import annotations

from typing import Any

from ..arrays import xp
from .arithmetic import FRACTION, is_fraction
from .base import Optimizer, register


@register("GradientDescentOptimizer")
class SGD(Optimizer):
    """Gradient descent:

        w ← w − rate·g

    with momentum (Polyak 1964)

        v ← momentum·v − rate·g
        w ← w + v

    and with `nesterov` (Nesterov 1983, in the form of Sutskever et al. 2013)

        w ← w + momentum·v − rate·g

    Defaults are Keras's, without momentum. PyTorch keeps the rate out of v (v ← momentum·v + g,
    w ← w − rate·v): the same path while the rate is constant, another when it changes. Deck 001's
    moving average is `MovingAverageMomentum` and steps ten times shorter at 0.9.

    Args:
        learning_rate: a number (.01) or a schedule.
        momentum: the share of the last step that is kept, from 0 to 1.
        nesterov: whether the gradient counts once more beyond the momentum.
        weight_decay, clipnorm, use_ema and the others: as for every `Optimizer`.

    Example:
        >>> import numpy as np
        >>> from chainrule import Variable
        >>> w, sgd = Variable([1.0], name="w"), SGD(0.1, momentum=0.5)
        >>> for _ in range(2):
        ...     sgd.apply([np.array([2.0], np.float32)], [w])  # −.2, then −.1 − .2
        >>> w.numpy().round(4)
        array([0.5], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.need("0 to 1", lambda v: 0 <= v <= 1, momentum=momentum)
        self.momentum, self.nesterov = momentum, nesterov
        self.slot_names = self.needed_slots()

    def needed_slots(self) -> tuple[str, ...]:
        """A memory where there is momentum."""
        return ("momentum",) if self.momentum else ()

    elementwise = True

    def update(self, w: Any, g: Any, *slots: Any, rate: Any, t: Any) -> Any:
        """One step."""
        if not slots:
            w -= rate * g
            return w
        v = slots[0]
        v *= self.momentum
        v -= rate * g
        w += self.momentum * v - rate * g if self.nesterov else v
        return w, v


@register("deck-001-momentum")
class MovingAverageMomentum(Optimizer):
    """Momentum as deck 001 prints it, a moving average of gradients:

        v ← βv + (1 − β)g
        w ← w − rate·v

    Its steady step is rate·g, that of classical momentum (`SGD(momentum=β)`, Keras, PyTorch)
    rate·g/(1 − β). PyTorch's `SGD(momentum=β, dampening=β)` is the same but for the first step,
    where it starts v at g.

    Args:
        learning_rate: a number (.01) or a schedule.
        beta: the share of the average that is kept (.9), from 0 up to but without 1.
        weight_decay, clipnorm, use_ema and the others: as for every `Optimizer`.

    Example:
        >>> import numpy as np
        >>> from chainrule import Variable
        >>> w = Variable([1.0], name="w")
        >>> MovingAverageMomentum(0.1).apply([np.array([2.0], np.float32)], [w])
        >>> w.numpy().round(4)  # 1 − .1·(.1·2)
        array([0.98], dtype=float32)
    """

    slot_names = ("velocity",)

    def __init__(self, learning_rate: Any = 0.01, beta: float = 0.9, **kwargs: Any) -> None:
        super().__init__(learning_rate, **kwargs)
        self.need(FRACTION, is_fraction, beta=beta)
        self.beta = beta

    elementwise = True

    def update(self, w: Any, g: Any, v: Any, *, rate: Any, t: Any) -> Any:
        """One step."""
        v *= self.beta
        v += (1 - self.beta) * g
        w -= rate * v
        return w, v


@register
class Lion(Optimizer):
    """The sign of a moving average, so that every number steps by the rate.  (Chen et al. 2023.)

        w ← w − rate·sign(β₁m + (1 − β₁)g)
        m ← β₂m + (1 − β₂)g

    The step looks at one average, the memory keeps another. Defaults are Keras's; the paper wants a
    rate 3 to 10 times smaller than Adam's, and a weight decay as much larger. optax's `lion` has
    the same recurrence and a weight decay of .001 by default.

    Args:
        learning_rate: a number (.001) or a schedule.
        beta_1: how much of m is in the step (.9), from 0 up to but without 1.
        beta_2: how much of m is kept (.99).
        weight_decay, clipnorm, use_ema and the others: as for every `Optimizer`.

    Example:
        >>> import numpy as np
        >>> from chainrule import Variable
        >>> w = Variable([1.0, 1.0], name="w")
        >>> Lion(0.25).apply([np.array([3.0, -0.001], np.float32)], [w])
        >>> w.numpy()
        array([0.75, 1.25], dtype=float32)
    """

    slot_names = ("momentum",)

    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.99, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.need(FRACTION, is_fraction, beta_1=beta_1, beta_2=beta_2)
        self.beta_1, self.beta_2 = beta_1, beta_2

    elementwise = True

    def update(self, w: Any, g: Any, m: Any, *, rate: Any, t: Any) -> Any:
        """One step."""
        w -= rate * xp(g).sign(self.beta_1 * m + (1 - self.beta_1) * g)
        m *= self.beta_2
        m += (1 - self.beta_2) * g
        return w, m
