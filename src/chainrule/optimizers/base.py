"""What every optimizer shares: the learning rate, the step, slots, clipping, weight decay.

An optimizer itself is its `update`: the new weight from the old weight `w`, the gradient `g` and
its slots, exactly as in the paper. It is plain arithmetic, so the same lines run on NumPy and
inside a compiled step.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from .. import schedules
from ..arrays import is_traced, xp
from ..checks import is_number, need_numbers
from ..errors import ArgumentError, StateError
from ..registry import Configurable, Registry
from ..variable import Variable, active_swap

registry = Registry("optimizer")
register = registry.add

FRACTION, POSITIVE = "from 0 up to, but without, 1", "a finite number of 0 or more"


def is_fraction(value: Any) -> bool:
    """Whether moving averages can keep this share.

    Example:
        >>> is_fraction(0.9), is_fraction(1.0)
        (True, False)
    """
    return 0 <= value < 1


def is_positive(value: Any) -> bool:
    """0 or more.

    Example:
        >>> is_positive(0.0), is_positive(-1.0)
        (True, False)
    """
    return value >= 0


# attributes whose change needs no new program
_NO_SETTINGS = frozenset({"built", "iterations", "learning_rate", "name", "slots", "version"})

_BLOCK = 1 << 15  # numbers at a time on NumPy, so that an update's temporaries stay in the cache


def is_variables(value: Any) -> bool:
    """Are these Variables, in a list?"""
    return isinstance(value, (list, tuple)) and any(isinstance(v, Variable) for v in value)


class Optimizer(Configurable):
    """Base of all optimizers.

    Args:
        learning_rate: a number, or a schedule of `chainrule.optimizers.schedules`.
        weight_decay: each step first takes w ← w − rate·weight_decay·w, apart from the gradient.
        clipnorm: the largest norm a single gradient may have: g ← g·min(1, clipnorm/|g|).
        clipvalue: the largest absolute value of a gradient's entries.
        global_clipnorm: the largest norm of all gradients together, √Σ|g|².
        name: shown in files.

    Raises:
        ArgumentError: two kinds of clipping, or a number that makes no sense.

    An optimizer of your own names its slots and writes `update`, for one weight. What `update` is
    given may be changed (`w -= ...`), since it is the optimizer's own.

    Example:
        >>> from chainrule import ops
        >>> class Sign(Optimizer):
        ...     def update(self, w, g, *, rate, t):
        ...         return w - rate * ops.sign(g)
        >>> w = Variable([1.0, 1.0], name="w")
        >>> Sign(0.5).apply([np.array([3.0, -2.0], np.float32)], [w])
        >>> w.numpy()
        array([0.5, 1.5], dtype=float32)
    """

    slot_names: tuple[str, ...] = ()

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = None,
        **unknown: Any,
    ) -> None:
        self.refuse(unknown)
        limits = {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
        limits = {k: v for k, v in limits.items() if v is not None}
        if len(limits) > 1:
            raise ArgumentError(
                "only one kind of clipping can be used",
                where=type(self).__name__,
                received=", ".join(f"{k}={v}" for k, v in limits.items()),
            )
        self.need("a number above 0", lambda v: v > 0, **limits)
        if weight_decay is not None:
            self.need(POSITIVE, is_positive, weight_decay=weight_decay)
        if isinstance(learning_rate, dict):
            learning_rate = schedules.get(learning_rate)
        self.schedule = None
        if isinstance(learning_rate, schedules.LearningRateSchedule):
            self.schedule, learning_rate = learning_rate, learning_rate(0.0)
        # float64 so that both engines see the same rate; cast to each weight's type when used
        self._rate = Variable(
            self._checked_rate(learning_rate), name="learning_rate", kind="slot", dtype="float64"
        )
        self.iterations = Variable(np.int32(0), name="iterations", kind="slot")
        self.weight_decay, self.clipnorm, self.clipvalue = weight_decay, clipnorm, clipvalue
        self.global_clipnorm, self.name = global_clipnorm, name
        self.version = 0  # counts changes of settings that a compiled program takes as fixed
        self.built = False
        self.slots: list[list[Variable]] = []  # for each trained variable
        self._trained: list[Variable] = []
        self._known: list[tuple[Variable, list[Variable]]] = []  # all that were ever trained

    def need(self, expected: str, holds: Callable[[Any], bool], **named: Any) -> None:
        """Raise an ArgumentError for the first named number for which the condition is false."""
        need_numbers(type(self).__name__, expected, holds, **named)

    def needed_slots(self) -> tuple[str, ...]:
        """The slots that the settings of now ask for."""
        return self.slot_names

    def __setattr__(self, name: str, value: Any) -> None:
        if not self.__dict__.get("built") or name[0] == "_" or name in _NO_SETTINGS:
            object.__setattr__(self, name, value)
            return
        old = self.__dict__.get(name)
        object.__setattr__(self, name, value)
        if not set(self.needed_slots()) <= set(self.slot_names):
            object.__setattr__(self, name, old)
            raise StateError(
                f"{name} needs a memory for each weight, which was not kept so far",
                where=type(self).__name__,
                received=f"{name}={value!r} after the first step",
                fix=f"give it to the constructor: {type(self).__name__}({name}={value!r})",
            )
        self.__dict__["version"] += 1

    # --- the learning rate ----------------------------------------------------------------------

    @property
    def learning_rate(self) -> Any:
        """The rate of the next step, as a Variable; settable to a number or to a schedule.

        Example:
            >>> from chainrule.optimizers import SGD
            >>> sgd = SGD(0.5)
            >>> sgd.learning_rate = 0.25
            >>> float(sgd.learning_rate)
            0.25
        """
        if self.schedule is None:
            return self._rate
        step = self.iterations.value
        if is_traced(step):
            return self.schedule(step.astype("float32"))
        return _ScheduledRate(float(self.schedule(float(step))), type(self).__name__)

    @learning_rate.setter
    def learning_rate(self, rate: Any) -> None:
        if isinstance(rate, schedules.LearningRateSchedule):
            self.schedule = rate
        elif self.schedule is not None:
            raise _follows_a_schedule(type(self).__name__)
        else:
            self._rate.assign(self._checked_rate(rate))

    def _checked_rate(self, rate: Any) -> np.float64:
        if not is_number(rate):
            fix = None
            if hasattr(rate, "trainable_variables") or is_variables(rate):  # PyTorch's grammar
                name = type(self).__name__
                fix = f"{name}(0.1), then optimizer.build(model.trainable_variables)"
            elif callable(rate):
                fix = "subclass cr.optimizers.schedules.LearningRateSchedule, with __call__(step)"
            raise ArgumentError(
                "the learning rate must be a finite number or a schedule",
                where=type(self).__name__,
                received=repr(rate)[:200],
                fix=fix,
            )
        return np.float64(float(rate))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments; a schedule as its config."""
        config = super().get_config()
        if self.schedule is not None:
            config["learning_rate"] = schedules.registry.serialize(self.schedule)
        return config

    # --- state ----------------------------------------------------------------------------------

    @property
    def variables(self) -> list[Variable]:
        """Step, learning rate and every slot: first those of the variables trained now."""
        now = {id(s): s for slots in self.slots for s in slots}
        now |= {id(s): s for _, slots in self._known for s in slots}
        return [self.iterations, self._rate, *now.values()]

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the slots for these variables; the same variables again change nothing.

        Variables that were trained before keep their slots: a layer frozen for a while, or two
        networks that take turns.
        """
        if self.built and [id(v) for v in variables] == [id(v) for v in self._trained]:
            return
        if not self.built:  # until now settings could be changed freely
            self.slot_names = self.needed_slots()
        known = {id(v): slots for v, slots in self._known}
        for v in variables:
            if id(v) not in known:
                known[id(v)] = [self._slot(name, v) for name in self.slot_names]
                self._known.append((v, known[id(v)]))
        self._trained = list(variables)
        self.slots = [known[id(v)] for v in variables]
        self.built = True

    def _slot(self, name: str, v: Variable) -> Variable:
        return Variable(self.first(name, v), name=f"{v.name}/{name}", kind="slot", dtype=v.dtype)

    def first(self, name: str, variable: Variable) -> np.ndarray:
        """The first value of a slot."""
        return np.zeros(variable.shape, variable.dtype)

    # --- the step -------------------------------------------------------------------------------

    def update(self, w: Any, g: Any, *slots: Any, rate: Any, t: Any) -> Any:
        """The new weight, followed by the new slots; `t` counts steps from 1.

        `w` and the slots are the optimizer's own: `m *= β` saves NumPy an array, and on XLA means
        the same as `m = β·m`.
        """
        raise NotImplementedError

    def apply(self, gradients: Iterable[Any], trainable_variables: Any = None) -> None:
        """One step: change each variable by its gradient.

        A variable whose gradient is None is left alone, with a warning, as in Keras.

        Raises:
            StateError: the variables were never given.
            ArgumentError: another number of gradients than of variables, or none at all.

        Example:
            >>> from chainrule.optimizers import SGD
            >>> w = Variable([1.0], name="w")
            >>> SGD(0.5).apply([np.array([0.2], np.float32)], [w])
            >>> w.numpy()
            array([0.9], dtype=float32)
        """
        gradients = list(gradients)
        if trainable_variables is not None or not self.built:
            if trainable_variables is None:
                raise StateError(
                    "the optimizer does not know the variables yet",
                    where=f"{type(self).__name__}.apply",
                    fix="pass them: optimizer.apply(gradients, model.trainable_variables)",
                )
            self.build(list(trainable_variables))
        if len(gradients) != len(self._trained):
            raise ArgumentError(
                "there must be one gradient for each variable",
                where=f"{type(self).__name__}.apply",
                expected=f"{len(self._trained)} gradients",
                received=f"{len(gradients)}",
            )
        step = list(zip(gradients, self._trained, self.slots, strict=True))
        if any(g is None for g in gradients):
            step = self._without_none(step)
        t = self.iterations.value + 1
        rate, t = self._rate_at(t), int(t) if xp(t) is np else t
        for g, (_, variable, slots) in zip(self._clip([s[0] for s in step]), step, strict=True):
            self._step(variable, g, slots, rate, t)
        self.iterations.assign(xp(t).asarray(t, dtype="int32"))

    def step(self) -> None:
        """One step from the gradients in `.grad`, which `loss.backward()` left (PyTorch's name).

        A weight without a gradient is left alone. Gradients stay where they are: `zero_grad`
        before the next `backward`, or they add up.

        Raises:
            StateError: the variables were never given, or none has a gradient.

        Example:
            >>> from chainrule.optimizers import SGD
            >>> w = Variable([1.0], name="w")
            >>> sgd = SGD(0.5)
            >>> sgd.build([w])
            >>> w.grad = np.array([0.2], np.float32)
            >>> sgd.step()
            >>> w.numpy()
            array([0.9], dtype=float32)
        """
        if not self.built:
            raise StateError(
                "the optimizer does not know the variables yet",
                where=f"{type(self).__name__}.step",
                fix="once: optimizer.build(model.trainable_variables), or "
                "model.compile(optimizer, loss)",
            )
        trained = [v for v in self._trained if v.grad is not None]
        if not trained:
            raise StateError(
                "no variable has a gradient",
                where=f"{type(self).__name__}.step",
                fix="out = model.forward(x); loss = loss_fn(out, y); loss.backward()",
            )
        every = self._trained
        try:
            self.apply([v.grad for v in trained], trained)
        finally:
            self.build(every)

    def zero_grad(self) -> None:
        """Forget the gradients in `.grad` of its variables, as `model.zero_grad()` does.

        Example:
            >>> from chainrule.optimizers import SGD
            >>> w = Variable([1.0], name="w")
            >>> sgd = SGD(0.5)
            >>> sgd.build([w])
            >>> w.grad = np.array([0.2], np.float32)
            >>> sgd.zero_grad()
            >>> w.grad is None
            True
        """
        for v in self._trained:
            v.grad = None

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Variable:
        """One step from (gradient, variable) pairs, as Keras 2 wrote it; returns `iterations`.

        Example:
            >>> from chainrule.optimizers import SGD
            >>> w = Variable([1.0], name="w")
            >>> int(SGD(0.5).apply_gradients([(np.array([0.2], np.float32), w)]))
            1
        """
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])
        return self.iterations

    def _without_none(self, step: list[Any]) -> list[Any]:
        """The (gradient, variable, slots) that have a gradient; a warning names the others."""
        missing = [v.name for g, v, _ in step if g is None]
        if len(missing) == len(step):
            raise ArgumentError(
                "there is no gradient for any variable",
                where=f"{type(self).__name__}.apply",
                received="None for " + ", ".join(missing),
                fix="compute the loss from the variables, inside `with cr.record() as tape`",
            )
        warnings.warn(
            f"no gradient for {', '.join(missing)}: left unchanged by {type(self).__name__}",
            stacklevel=3,
        )
        return [s for s in step if s[0] is not None]

    def _rate_at(self, t: Any) -> Any:
        """The learning rate of step `t`, counted from 1: a float on NumPy, else a traced number."""
        if xp(t) is np:
            return float(self._rate if self.schedule is None else self.schedule(float(t - 1)))
        wide = any(v.dtype == np.float64 for v in self._trained)
        kind = "float64" if wide else "float32"
        rate = self._rate.value if self.schedule is None else self.schedule((t - 1).astype(kind))
        return rate.astype(kind)

    def _step(self, variable: Variable, g: Any, slots: list[Variable], rate: Any, t: Any) -> None:
        arrays = [variable.value, *(s.value for s in slots)]
        if isinstance(arrays[0], np.ndarray | np.generic):
            swap = active_swap()
            if swap is None or not swap.owned:  # an engine's own arrays may be written to
                arrays = [np.array(a) for a in arrays]
        if self.weight_decay:
            arrays[0] = arrays[0] - rate * self.weight_decay * arrays[0]
        if type(g) is np.ndarray and g.size > _BLOCK and all(a.flags.c_contiguous for a in arrays):
            self._in_blocks(arrays, np.ascontiguousarray(g), rate, t)
            new: Any = arrays
        else:
            new = self.update(arrays[0], g, *arrays[1:], rate=rate, t=t)
            new = new if isinstance(new, tuple) else (new,)
        for v, value in zip((variable, *slots), new, strict=True):
            v.assign(value if value.dtype == v.dtype else value.astype(v.dtype))

    def _in_blocks(self, arrays: list[Any], g: Any, rate: Any, t: Any) -> None:
        """The same update a block at a time, so that large arrays pass through the cache once."""
        w, *slots = (a.reshape(-1) for a in arrays)
        g = g.reshape(-1)
        for start in range(0, g.size, _BLOCK):
            block = slice(start, start + _BLOCK)
            old = [w[block], *(s[block] for s in slots)]
            new = self.update(old[0], g[block], *old[1:], rate=rate, t=t)
            for a, value in zip(old, new if isinstance(new, tuple) else (new,), strict=True):
                if value is not a:
                    a[...] = value

    def _clip(self, gradients: list[Any]) -> list[Any]:
        if self.clipvalue is not None:
            return [xp(g).clip(g, -self.clipvalue, self.clipvalue) for g in gradients]
        if self.clipnorm is not None:
            return [_shorten(g, xp(g).sqrt(xp(g).sum(g * g)), self.clipnorm) for g in gradients]
        if self.global_clipnorm is not None and gradients:
            m = xp(*gradients)
            norm = m.sqrt(sum(m.sum(g * g) for g in gradients))
            return [_shorten(g, norm, self.global_clipnorm) for g in gradients]
        return gradients


class _ScheduledRate(Variable):
    """What a schedule says for the next step: a Variable to read, not to assign."""

    __slots__ = ("owner",)

    def __init__(self, rate: float, owner: str) -> None:
        super().__init__(np.float64(rate), name="learning_rate", kind="slot", dtype="float64")
        self.owner = owner

    def assign(self, value: Any) -> None:
        """Refused: the next step would not see it."""
        raise _follows_a_schedule(self.owner)


def _follows_a_schedule(owner: str) -> StateError:
    return StateError(
        "the learning rate follows a schedule and cannot be set",
        where=owner,
        fix="give the optimizer a number, or drop the callback that changes the rate",
    )


def _shorten(g: Any, norm: Any, longest: float) -> Any:
    """g, scaled down where `norm` is more than `longest`."""
    m = xp(g)
    return g * (longest / m.maximum(norm, longest)).astype(g.dtype)


def one_minus_power(beta: float, t: Any) -> Any:
    """1 − βᵗ without cancellation: the bias correction of moving averages.

    Example:
        >>> round(one_minus_power(0.9, 2), 6)
        0.19
    """
    if isinstance(t, int):
        return -math.expm1(t * math.log(beta)) if beta > 0 else 1.0
    m = xp(t)
    # `float` is float64 where the engine computes in float64, else float32
    return -m.expm1(t.astype(float) * math.log(beta)) if beta > 0 else 1.0


def get(identifier: Any) -> Any:
    """An optimizer by name, config or class.

    Raises:
        UnknownNameError: with the nearest name there is.

    Example:
        >>> get("adam").beta_1
        0.9
    """
    return registry.get(identifier)


def serialize(optimizer: Any) -> Any:
    """The configuration of an optimizer, as plain values; `get` makes it of it again.

    Example:
        >>> serialize(get("sgd"))["config"]["learning_rate"]
        0.01
    """
    return registry.serialize(optimizer)
