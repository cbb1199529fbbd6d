"""Learning-rate schedules: the rate as a function of the step. Names are Keras 3's.

A schedule is given to an optimizer in place of a number: `Adam(CosineDecay(0.01, 1000))`. Steps are
updates, counted from 0.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any

from .arrays import xp
from .checks import is_number
from .errors import ArgumentError
from .registry import Configurable, Registry

registry = Registry("learning-rate schedule")
register = registry.add


class LearningRateSchedule(Configurable):
    """Base: `__call__(step)` returns the learning rate before update number `step` (from 0).

    The step is a number on NumPy and a traced one inside a compiled program, so a schedule of your
    own computes with `xp(step)` instead of `if`.

    Example:
        >>> class Warmup(LearningRateSchedule):
        ...     def __init__(self, rate, steps):
        ...         self.rate, self.steps = rate, steps
        ...     def __call__(self, step):
        ...         return self.rate * xp(step).minimum((step + 1) / self.steps, 1.0)
        >>> [float(Warmup(0.5, 4)(step)) for step in (0.0, 1.0, 9.0)]
        [0.125, 0.25, 0.5]
    """

    def __call__(self, step: Any) -> Any:
        """The learning rate."""
        raise NotImplementedError

    def number(self, name: str, value: Any) -> float:
        """A finite number, also where it was given as a Variable such as another's rate."""
        if not is_number(value):
            raise ArgumentError(
                f"{name} must be a finite number",
                where=type(self).__name__,
                received=repr(value)[:200],
            )
        return value if isinstance(value, (int, float)) else float(value)

    def steps(self, value: Any) -> Any:
        """A number of steps above 0."""
        if self.number("decay_steps", value) <= 0:
            raise ArgumentError(
                "decay_steps must be above 0", where=type(self).__name__, received=repr(value)
            )
        return value


class _Decay(LearningRateSchedule):
    """Base of decays by a rate every so many steps, smooth or in stairs."""

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
    ) -> None:
        self.initial_learning_rate = self.number("initial_learning_rate", initial_learning_rate)
        self.decay_steps = self.steps(decay_steps)
        self.decay_rate, self.staircase = self.number("decay_rate", decay_rate), staircase

    def _periods(self, step: Any) -> Any:
        p = step / self.decay_steps
        return xp(p).floor(p) if self.staircase else p


@register
class ExponentialDecay(_Decay):
    """rate·decay^(step/steps).

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: after how many steps the rate is multiplied by `decay_rate`.
        decay_rate: the factor; PyTorch's `ExponentialLR(gamma)` is this with one step an epoch.
        staircase: whether the exponent is rounded down, so that the rate falls in stairs.

    Example:
        >>> float(ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)(20.0))
        0.025
    """

    def __call__(self, step: Any) -> Any:
        """The learning rate."""
        return self.initial_learning_rate * self.decay_rate ** self._periods(step)


@register
class InverseTimeDecay(_Decay):
    """rate/(1 + decay·step/steps).

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: after how many steps `decay_rate` is added to the divisor.
        decay_rate: what is added.
        staircase: whether step/steps is rounded down.

    Example:
        >>> float(InverseTimeDecay(0.5, decay_steps=10, decay_rate=1.0)(10.0))
        0.25
    """

    def __call__(self, step: Any) -> Any:
        """The learning rate."""
        return self.initial_learning_rate / (1 + self.decay_rate * self._periods(step))


@register
class PolynomialDecay(LearningRateSchedule):
    """(start − end)·(1 − step/steps)^power + end, and the end rate after that.

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: how many steps it takes.
        end_learning_rate: the rate afterwards (.0001).
        power: 1 is a straight line.

    Example:
        >>> [float(PolynomialDecay(0.5, 4, 0.0)(step)) for step in (0.0, 2.0, 9.0)]
        [0.5, 0.25, 0.0]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
    ) -> None:
        self.initial_learning_rate = self.number("initial_learning_rate", initial_learning_rate)
        self.decay_steps = self.steps(decay_steps)
        self.end_learning_rate = self.number("end_learning_rate", end_learning_rate)
        self.power = self.number("power", power)

    def __call__(self, step: Any) -> Any:
        """The learning rate."""
        p = xp(step).minimum(step, self.decay_steps) / self.decay_steps
        span = self.initial_learning_rate - self.end_learning_rate
        return span * (1 - p) ** self.power + self.end_learning_rate


@register
class CosineDecay(LearningRateSchedule):
    """rate·((1 − α)·½(1 + cos(π·step/steps)) + α): half a wave.  (Loshchilov and Hutter 2016.)

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: how many steps it takes.
        alpha: the share of the rate that is left at the end, and afterwards (0).

    Example:
        >>> [round(float(CosineDecay(0.5, 4)(step)), 4) for step in (0.0, 2.0, 4.0)]
        [0.5, 0.25, 0.0]
    """

    def __init__(self, initial_learning_rate: float, decay_steps: int, alpha: float = 0.0) -> None:
        self.initial_learning_rate = self.number("initial_learning_rate", initial_learning_rate)
        self.decay_steps = self.steps(decay_steps)
        self.alpha = self.number("alpha", alpha)

    def __call__(self, step: Any) -> Any:
        """The learning rate."""
        m = xp(step)
        p = m.minimum(step, self.decay_steps) / self.decay_steps
        cosine = 0.5 * (1 + m.cos(math.pi * p))
        return self.initial_learning_rate * ((1 - self.alpha) * cosine + self.alpha)


@register
class PiecewiseConstantDecay(LearningRateSchedule):
    """values[0] up to step boundaries[0], then values[1] up to boundaries[1], and so on.

    Args:
        boundaries: the last step of each piece but the last one, ascending.
        values: the rate in each piece, one more than boundaries.

    Raises:
        ArgumentError: the two do not fit, or boundaries do not ascend.

    Example:
        >>> rate = PiecewiseConstantDecay([10], [0.5, 0.25])
        >>> float(rate(10.0)), float(rate(11.0))
        (0.5, 0.25)
    """

    def __init__(self, boundaries: Sequence[float], values: Sequence[float]) -> None:
        if len(values) != len(boundaries) + 1:
            raise ArgumentError(
                "there must be one value more than boundaries",
                where="PiecewiseConstantDecay",
                expected=f"{len(boundaries) + 1} values",
                received=f"{len(values)} values",
            )
        self.boundaries = [self.number("boundaries", b) for b in boundaries]
        self.values = [self.number("values", v) for v in values]
        if self.boundaries != sorted(self.boundaries):
            raise ArgumentError(
                "boundaries must ascend", where="PiecewiseConstantDecay", received=self.boundaries
            )

    def __call__(self, step: Any) -> Any:
        """The learning rate."""
        rate = self.values[0] + 0.0 * step
        for boundary, value in zip(self.boundaries, self.values[1:], strict=True):
            rate = xp(step).where(step > boundary, value, rate)
        return rate


def epoch_rate(schedule: Callable[..., Any], epoch: int, rate: float) -> Any:
    """`schedule(epoch, rate)`, or `schedule(epoch)` for a function that takes the epoch alone.

    Which of the two is read from its signature: calling it to see would hide its own errors.

    Example:
        >>> epoch_rate(lambda epoch, rate: rate / 2, 3, 0.5), epoch_rate(lambda epoch: 0.1, 3, 0.5)
        (0.25, 0.1)
    """
    takes_both = True
    try:
        inspect.signature(schedule).bind(epoch, rate)
    except TypeError:
        takes_both = False
    except ValueError:  # a built-in function without a signature
        pass
    return schedule(epoch, rate) if takes_both else schedule(epoch)


def get(identifier: Any) -> Any:
    """A schedule by config or class; one that is ready as it is.

    Example:
        >>> config = {"initial_learning_rate": 0.5, "decay_steps": 4}
        >>> float(get({"class_name": "CosineDecay", "config": config})(0.0))
        0.5
    """
    return registry.get(identifier)


def serialize(schedule: Any) -> Any:
    """The configuration of a schedule, as plain values; `get` makes it of it again.

    Example:
        >>> serialize(CosineDecay(0.5, 4))["class_name"]
        'CosineDecay'
    """
    return registry.serialize(schedule)
