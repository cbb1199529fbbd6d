"""Gradient descent, with and without momentum."""

from __future__ import annotations

from typing import Any

from ..errors import ArgumentError
from .base import Optimizer, register


@register("GradientDescentOptimizer")
class SGD(Optimizer):
    """w ← w − rate·g, with momentum v ← momentum·v − rate·g; w ← w + v.

    With `nesterov`, w ← w + momentum·v − rate·g.  (Polyak 1964, Nesterov 1983, Sutskever 2013.)

    The momentum is the classical form of Keras and PyTorch; deck 001's moving average is
    `MovingAverageMomentum` and steps ten times shorter at 0.9.
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        if not 0 <= momentum <= 1:
            raise ArgumentError(
                "momentum is out of range", where="SGD", expected="0 to 1", received=momentum
            )
        self.momentum, self.nesterov = momentum, nesterov
        self.slot_names = ("momentum",) if momentum else ()

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


@register
class MovingAverageMomentum(Optimizer):
    """v ← βv + (1 − β)g;  w ← w − rate·v: momentum as deck 001 prints it.

    Its steady step is rate·g, that of classical momentum rate·g/(1 − β).
    """

    slot_names = ("velocity",)

    def __init__(self, learning_rate: Any = 0.01, beta: float = 0.9, **kwargs: Any) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta = beta

    def update(self, w: Any, g: Any, v: Any, *, rate: Any, t: Any) -> Any:
        """One step."""
        v *= self.beta
        v += (1 - self.beta) * g
        w -= rate * v
        return w, v
