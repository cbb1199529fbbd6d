"""What every optimizer shares: the learning rate, the step, slots, clipping, weight decay.

An optimizer itself is its `update`: the new weight from the old weight `w`, the gradient `g` and
its slots, exactly as in the paper. It is plain arithmetic, so the same lines run on NumPy and
inside a compiled step.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .. import schedules
from ..arrays import xp
from ..errors import ArgumentError, StateError
from ..registry import Configurable, Registry
from ..variable import Variable, active_swap

registry = Registry("optimizer")
register = registry.add

_BLOCK = 1 << 15  # numbers at a time on NumPy, so that an update's temporaries stay in the cache


class Optimizer(Configurable):
    """Base of all optimizers.

    Args:
        learning_rate: a number, or a schedule of `chainrule.optimizers.schedules`.
        weight_decay: each step first takes w ← w − rate·weight_decay·w, apart from the gradient.
        clipnorm: the largest norm a single gradient may have.
        clipvalue: the largest absolute value of a gradient's entries.
        global_clipnorm: the largest norm of all gradients together.
        name: shown in files.

    Write an optimizer of your own by naming its slots and writing `update`:

        class Sign(cr.optimizers.Optimizer):
            def update(self, w, g, *, rate, t):
                return w - rate * cr.ops.sign(g)

    Or write `w -= ...`; what `update` is given may be changed, since it is the optimizer's own.
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
        if sum(limit is not None for limit in (clipnorm, clipvalue, global_clipnorm)) > 1:
            raise ArgumentError(
                "only one kind of clipping can be used",
                where=type(self).__name__,
                received=f"{clipnorm=}, {clipvalue=}, {global_clipnorm=}",
            )
        if isinstance(learning_rate, dict):
            learning_rate = schedules.get(learning_rate)
        self.schedule = None
        if isinstance(learning_rate, schedules.LearningRateSchedule):
            self.schedule, learning_rate = learning_rate, learning_rate(0.0)
        else:
            self._check_rate(learning_rate)
        # float64 so that both engines see the same rate; cast to each weight's type when used
        self._rate = Variable(
            np.float64(learning_rate), name="learning_rate", kind="slot", dtype="float64"
        )
        self.iterations = Variable(np.int32(0), name="iterations", kind="slot")
        self.weight_decay, self.clipnorm, self.clipvalue = weight_decay, clipnorm, clipvalue
        self.global_clipnorm, self.name = global_clipnorm, name
        self.built = False
        self.slots: list[list[Variable]] = []  # for each trained variable
        self._trained: list[Variable] = []
        self._known: dict[int, tuple[Variable, list[Variable]]] = {}  # by identity, kept alive

    # --- the learning rate ----------------------------------------------------------------------

    @property
    def learning_rate(self) -> Any:
        """The rate now: a number, or what the schedule says for the next step."""
        if self.schedule is not None:
            return float(self.schedule(float(self.iterations)))
        return float(self._rate)

    @learning_rate.setter
    def learning_rate(self, rate: Any) -> None:
        if self.schedule is not None:
            raise StateError(
                "the learning rate follows a schedule and cannot be set",
                where=type(self).__name__,
                fix="give the optimizer a number, or drop the callback that changes the rate",
            )
        self._check_rate(rate)
        self._rate.assign(rate)

    def _check_rate(self, rate: Any) -> None:
        if isinstance(rate, (bool, str)) or rate is None or not np.isfinite(rate):
            raise ArgumentError(
                "the learning rate must be a finite number or a schedule",
                where=type(self).__name__,
                received=repr(rate),
            )

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments; a schedule as its config."""
        config = super().get_config()
        if self.schedule is not None:
            config["learning_rate"] = schedules.registry.serialize(self.schedule)
        return config

    # --- state ----------------------------------------------------------------------------------

    @property
    def variables(self) -> list[Variable]:
        """Step, learning rate and every slot."""
        return [self.iterations, self._rate, *(s for slots in self.slots for s in slots)]

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the slots for these variables; the same variables again change nothing."""
        if self.built and [id(v) for v in variables] == [id(v) for v in self._trained]:
            return
        self._trained = list(variables)
        for v in variables:
            if id(v) not in self._known:  # a layer frozen for a while finds its memory again
                self._known[id(v)] = (v, [self._slot(name, v) for name in self.slot_names])
        self.slots = [self._known[id(v)][1] for v in variables]
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
        t = self.iterations.value + 1
        if xp(t) is np:
            t = int(t)
            rate = (
                float(self._rate) if self.schedule is None else float(self.schedule(float(t - 1)))
            )
        else:
            wide = any(v.dtype == np.float64 for v in self._trained)
            kind = "float64" if wide else "float32"
            rate = (
                self._rate.value if self.schedule is None else self.schedule((t - 1).astype(kind))
            )
            rate = rate.astype(kind)
        for variable, g, slots in zip(
            self._trained, self._clip(gradients), self.slots, strict=True
        ):
            self._step(variable, g, slots, rate, t)
        self.iterations.assign(xp(t).asarray(t, dtype="int32"))

    def apply_gradients(self, pairs: Iterable[tuple[Any, Variable]]) -> None:
        """One step from (gradient, variable) pairs, as Keras 2 wrote it."""
        pairs = list(pairs)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])

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


def _shorten(g: Any, norm: Any, longest: float) -> Any:
    """g, scaled down where `norm` is more than `longest`."""
    m = xp(g)
    return g * (longest / m.maximum(norm, longest)).astype(g.dtype)


def one_minus_power(beta: float, t: Any) -> Any:
    """1 − βᵗ without cancellation: the bias correction of moving averages."""
    import math

    if isinstance(t, int):
        return -math.expm1(t * math.log(beta)) if beta > 0 else 1.0
    m = xp(t)
    # `float` is float64 where the engine computes in float64, else float32
    return -m.expm1(t.astype(float) * math.log(beta)) if beta > 0 else 1.0


def get(identifier: Any) -> Any:
    """An optimizer by name, config or class."""
    return registry.get(identifier)


def serialize(optimizer: Any) -> Any:
    """The configuration of an optimizer."""
    return registry.serialize(optimizer)
