"""Learning-rate schedules: the rate as a function of the step. Names are Keras 3's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .arrays import xp
from .errors import ArgumentError
from .registry import Configurable, Registry

registry = Registry("learning-rate schedule")
register = registry.add


class LearningRateSchedule(Configurable):
    """Base: `__call__(step)` returns the learning rate before update number `step` (from 0)."""

    def __call__(self, step: Any) -> Any:
        """The learning rate."""
        raise NotImplementedError


class _Decay(LearningRateSchedule):
    """Base of decays by a rate every so many steps, smooth or in stairs."""

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
    ) -> None:
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.decay_rate, self.staircase = decay_rate, staircase

    def _periods(self, step: Any) -> Any:
        p = step / self.decay_steps
        return xp(p).floor(p) if self.staircase else p


@register
class ExponentialDecay(_Decay):
    """rate·decay^(step/steps), in stairs with `staircase`.

    Example:
        >>> float(ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)(20.0))
        0.025
    """

    def __call__(self, step: Any) -> Any:
        """The learning rate."""
        return self.initial_learning_rate * self.decay_rate ** self._periods(step)


@register
class InverseTimeDecay(_Decay):
    """rate/(1 + decay·step/steps)."""

    def __call__(self, step: Any) -> Any:
        """The learning rate."""
        return self.initial_learning_rate / (1 + self.decay_rate * self._periods(step))


@register
class PolynomialDecay(LearningRateSchedule):
    """From the initial to the end rate along (1 − step/steps)^power, then constant."""

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
    ) -> None:
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.end_learning_rate, self.power = end_learning_rate, power

    def __call__(self, step: Any) -> Any:
        """The learning rate."""
        p = xp(step).minimum(step, self.decay_steps) / self.decay_steps
        span = self.initial_learning_rate - self.end_learning_rate
        return span * (1 - p) ** self.power + self.end_learning_rate


@register
class CosineDecay(LearningRateSchedule):
    """½(1 + cos(π·step/steps)) from the initial rate to alpha of it.  (Loshchilov, Hutter 2016.)"""

    def __init__(self, initial_learning_rate: float, decay_steps: int, alpha: float = 0.0) -> None:
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.alpha = alpha

    def __call__(self, step: Any) -> Any:
        """The learning rate."""
        m = xp(step)
        p = m.minimum(step, self.decay_steps) / self.decay_steps
        cosine = 0.5 * (1 + m.cos(math.pi * p))
        return self.initial_learning_rate * ((1 - self.alpha) * cosine + self.alpha)


@register
class PiecewiseConstantDecay(LearningRateSchedule):
    """values[0] up to step boundaries[0], then values[1] up to boundaries[1], and so on."""

    def __init__(self, boundaries: Sequence[float], values: Sequence[float]) -> None:
        if len(values) != len(boundaries) + 1:
            raise ArgumentError(
                "there must be one value more than boundaries",
                where="PiecewiseConstantDecay",
                expected=f"{len(boundaries) + 1} values",
                received=f"{len(values)} values",
            )
        self.boundaries, self.values = boundaries, values

    def __call__(self, step: Any) -> Any:
        """The learning rate."""
        rate = self.values[0] + 0.0 * step
        for boundary, value in zip(self.boundaries, self.values[1:], strict=True):
            rate = xp(step).where(step > boundary, value, rate)
        return rate


def get(identifier: Any) -> Any:
    """A schedule by name, config or class."""
    return registry.get(identifier)
