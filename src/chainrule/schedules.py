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

    def steps(self, value: Any, name: str = "decay_steps") -> Any:
        """A number above 0, such as one of steps."""
        if self.number(name, value) <= 0:
            raise ArgumentError(
                f"{name} must be above 0", where=type(self).__name__, received=repr(value)
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
        name: str | None = None,
    ) -> None:
        self.initial_learning_rate = self.number("initial_learning_rate", initial_learning_rate)
        self.decay_steps = self.steps(decay_steps)
        self.decay_rate, self.staircase = self.number("decay_rate", decay_rate), staircase
        self.name = name

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
        name: shown in files.

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
        name: shown in files.

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
        cycle: whether, instead of staying at the end rate, the steps taken for the decay grow to
            the next multiple of `decay_steps`, so that the rate jumps up and decays again.
        name: shown in files.

    Example:
        >>> [float(PolynomialDecay(0.5, 4, 0.0)(step)) for step in (0.0, 2.0, 9.0)]
        [0.5, 0.25, 0.0]
        >>> float(PolynomialDecay(0.5, 4, 0.0, cycle=True)(6.0))  # of 8: .5·(1 − 6/8)
        0.125
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str | None = None,
    ) -> None:
        self.initial_learning_rate = self.number("initial_learning_rate", initial_learning_rate)
        self.decay_steps = self.steps(decay_steps)
        self.end_learning_rate = self.number("end_learning_rate", end_learning_rate)
        self.power = self.number("power", power)
        self.cycle, self.name = bool(cycle), name

    def __call__(self, step: Any) -> Any:
        """The learning rate."""
        m = xp(step)
        if self.cycle:
            p = step / (self.decay_steps * m.maximum(1, m.ceil(step / self.decay_steps)))
        else:
            p = m.minimum(step, self.decay_steps) / self.decay_steps
        span = self.initial_learning_rate - self.end_learning_rate
        return span * (1 - p) ** self.power + self.end_learning_rate


@register
class CosineDecay(LearningRateSchedule):
    """rate·((1 − α)·½(1 + cos(π·step/steps)) + α): half a wave.  (Loshchilov and Hutter 2016.)

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: how many steps it takes, those of the warm-up not counted.
        alpha: the share of the rate that is left at the end, and afterwards (0).
        name: shown in files.
        warmup_target: where a straight line from `initial_learning_rate` leads within
            `warmup_steps`, and the decay begins; None for no warm-up.
        warmup_steps: how many steps the warm-up takes.

    Raises:
        ArgumentError: a warm-up of which only one is given.

    Example:
        >>> [round(float(CosineDecay(0.5, 4)(step)), 4) for step in (0.0, 2.0, 4.0)]
        [0.5, 0.25, 0.0]
        >>> warm = CosineDecay(0.0, 4, warmup_target=0.5, warmup_steps=2)
        >>> [round(float(warm(step)), 4) for step in (0.0, 1.0, 2.0, 4.0, 6.0)]
        [0.0, 0.25, 0.5, 0.25, 0.0]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        alpha: float = 0.0,
        name: str | None = None,
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None:
        self.initial_learning_rate = self.number("initial_learning_rate", initial_learning_rate)
        self.decay_steps, self.name = self.steps(decay_steps), name
        self.alpha = self.number("alpha", alpha)
        self.warmup_steps = self.number("warmup_steps", warmup_steps)
        self.warmup_target = None
        if warmup_target is not None:
            self.warmup_target = self.number("warmup_target", warmup_target)
        if self.warmup_steps < 0 or (warmup_target is None) != (warmup_steps == 0):
            raise ArgumentError(
                "a warm-up needs both warmup_target and warmup_steps",
                where="CosineDecay",
                received=f"warmup_target={warmup_target!r}, warmup_steps={warmup_steps!r}",
                fix="CosineDecay(0.0, 900, warmup_target=0.01, warmup_steps=100)",
            )

    def __call__(self, step: Any) -> Any:
        """The learning rate."""
        m, top = xp(step), self.initial_learning_rate
        if self.warmup_target is not None:
            top = self.warmup_target
        p = m.clip(step - self.warmup_steps, 0, self.decay_steps) / self.decay_steps
        cosine = 0.5 * (1 + m.cos(math.pi * p))
        rate = top * ((1 - self.alpha) * cosine + self.alpha)
        if self.warmup_target is None:
            return rate
        line = self.initial_learning_rate
        line = line + (self.warmup_target - line) * step / self.warmup_steps
        return m.where(step < self.warmup_steps, line, rate)


@register
class CosineDecayRestarts(LearningRateSchedule):
    """Half waves one behind the other, each longer by a factor.  (Loshchilov and Hutter 2016.)

        rate·((1 − α)·m_mulⁱ·½(1 + cos(π·p)) + α)

    where i counts the restarts and p is the share of the i-th wave that is done; it takes
    first_decay_steps·t_mulⁱ steps.

    Args:
        initial_learning_rate: the rate at step 0.
        first_decay_steps: how many steps the first wave takes.
        t_mul: how much longer each wave is than the one before (2), at least 1.
        m_mul: the height of each wave as a share of the one before (1).
        alpha: the share of the rate that is left at the end of a wave (0).
        name: shown in files.

    Example:
        >>> restarts = CosineDecayRestarts(0.5, 4)
        >>> [round(float(restarts(step)), 4) for step in (0.0, 2.0, 4.0, 8.0, 12.0)]
        [0.5, 0.25, 0.5, 0.25, 0.5]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: int,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str | None = None,
    ) -> None:
        self.initial_learning_rate = self.number("initial_learning_rate", initial_learning_rate)
        self.first_decay_steps = self.steps(first_decay_steps, "first_decay_steps")
        self.t_mul, self.m_mul = self.number("t_mul", t_mul), self.number("m_mul", m_mul)
        self.alpha, self.name = self.number("alpha", alpha), name
        if self.t_mul < 1:
            raise ArgumentError(
                "t_mul must be at least 1: waves that shrink come to an end",
                where="CosineDecayRestarts",
                received=t_mul,
            )

    def __call__(self, step: Any) -> Any:
        """The learning rate."""
        m = xp(step)
        done = step / self.first_decay_steps
        if self.t_mul == 1:
            restart = m.floor(done)
            p = done - restart
        else:  # waves 0 … i−1 take (tⁱ − 1)/(t − 1) of the first one
            t = self.t_mul
            restart = m.floor(m.log(1 + done * (t - 1)) / math.log(t))
            p = (done - (t**restart - 1) / (t - 1)) / t**restart
            # a logarithm that is off by its last bit: p just above 1, or just below 0
            late, early = p >= 1, p < 0
            p = m.where(late, (p - 1) / t, m.where(early, p * t + 1, p))
            restart = restart + m.where(late, 1, m.where(early, -1, 0))
        cosine = 0.5 * (1 + m.cos(math.pi * p)) * self.m_mul**restart
        return self.initial_learning_rate * ((1 - self.alpha) * cosine + self.alpha)


@register
class OneCycle(LearningRateSchedule):
    """Up to the highest rate and down again, once, in half waves.  (Smith and Topin 2017.)

    The rate rises from max/div_factor to max within the first `pct_start` of the steps, and falls
    to max/div_factor/final_div_factor by the last one, where it stays. Keras has none; this is
    PyTorch's `OneCycleLR` in two phases with its cosine, without its cycle of the momentum, which
    takes `total_steps − 1` where this takes `total_steps`.

    Args:
        max_learning_rate: the rate at the top.
        total_steps: how many steps the whole takes: epochs·batches.
        pct_start: the share of them that goes up (.3), above 0 and below 1.
        div_factor: how much smaller the first rate is (25).
        final_div_factor: how much smaller than the first one the last is (10,000).
        name: shown in files.

    Example:
        >>> cycle = OneCycle(0.5, 10, pct_start=0.4, div_factor=5.0)
        >>> [round(float(cycle(step)), 4) for step in (0.0, 2.0, 4.0, 7.0, 10.0)]
        [0.1, 0.3, 0.5, 0.25, 0.0]
    """

    def __init__(
        self,
        max_learning_rate: float,
        total_steps: int,
        pct_start: float = 0.3,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        name: str | None = None,
    ) -> None:
        self.max_learning_rate = self.number("max_learning_rate", max_learning_rate)
        self.total_steps = self.steps(total_steps, "total_steps")
        self.pct_start = self.number("pct_start", pct_start)
        self.div_factor = self.steps(div_factor, "div_factor")
        self.final_div_factor = self.steps(final_div_factor, "final_div_factor")
        self.name = name
        if not 0 < self.pct_start < 1:
            raise ArgumentError(
                "pct_start must be above 0 and below 1", where="OneCycle", received=pct_start
            )

    def __call__(self, step: Any) -> Any:
        """The learning rate."""
        m, top = xp(step), self.max_learning_rate
        first = top / self.div_factor
        last, turn = first / self.final_div_factor, self.pct_start * self.total_steps
        up = m.minimum(step / turn, 1)
        down = m.clip((step - turn) / (self.total_steps - turn), 0, 1)
        rise = top + (first - top) * 0.5 * (1 + m.cos(math.pi * up))
        fall = last + (top - last) * 0.5 * (1 + m.cos(math.pi * down))
        return m.where(step < turn, rise, fall)


@register
class PiecewiseConstantDecay(LearningRateSchedule):
    """values[0] up to step boundaries[0], then values[1] up to boundaries[1], and so on.

    Args:
        boundaries: the last step of each piece but the last one, ascending.
        values: the rate in each piece, one more than boundaries.
        name: shown in files.

    Raises:
        ArgumentError: the two do not fit, or boundaries do not ascend.

    Example:
        >>> rate = PiecewiseConstantDecay([10], [0.5, 0.25])
        >>> float(rate(10.0)), float(rate(11.0))
        (0.5, 0.25)
    """

    def __init__(
        self, boundaries: Sequence[float], values: Sequence[float], name: str | None = None
    ) -> None:
        if len(values) != len(boundaries) + 1:
            raise ArgumentError(
                "there must be one value more than boundaries",
                where="PiecewiseConstantDecay",
                expected=f"{len(boundaries) + 1} values",
                received=f"{len(values)} values",
            )
        self.boundaries = [self.number("boundaries", b) for b in boundaries]
        self.values, self.name = [self.number("values", v) for v in values], name
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


deserialize = get  # Keras's name


def serialize(schedule: Any) -> Any:
    """The configuration of a schedule, as plain values; `get` makes it of it again.

    Example:
        >>> serialize(CosineDecay(0.5, 4))["class_name"]
        'CosineDecay'
    """
    return registry.serialize(schedule)
