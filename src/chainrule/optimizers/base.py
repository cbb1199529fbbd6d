"""What every optimizer shares: the learning rate, the step, slots, clipping, weight decay.

An optimizer itself is its `update`: the new weight from the old weight `w`, the gradient `g` and
its slots, exactly as in the paper. It is plain arithmetic, so the same lines run on NumPy and
inside a compiled step.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from .. import schedules
from ..arrays import is_traced, xp
from ..checks import is_number, need_numbers
from ..errors import ArgumentError, StateError
from ..registry import Configurable, Registry
from ..variable import Variable, active_swap, put
from .arithmetic import POSITIVE, is_meant, is_positive, is_variables, no_path_yet, shortened
from .rate import ScheduledRate, follows_a_schedule

registry = Registry("optimizer")
register = registry.add

# attributes whose change needs no new program
_NO_SETTINGS = frozenset({"built", "iterations", "learning_rate", "name", "slots", "version"})

_BLOCK = 1 << 15  # numbers at a time on NumPy, so that an update's temporaries stay in the cache


class Optimizer(Configurable):
    """Base of all optimizers.

    Args:
        learning_rate: a number, or a schedule of `chainrule.optimizers.schedules`.
        weight_decay: each step first takes w ← w − rate·weight_decay·w, apart from the gradient.
        clipnorm: the largest norm a single gradient may have: g ← g·min(1, clipnorm/|g|).
        clipvalue: the largest absolute value of a gradient's entries.
        global_clipnorm: the largest norm of all gradients together, √Σ|g|².
        use_ema: whether a moving average of the weights is kept beside them,
            a ← ema_momentum·a + (1 − ema_momentum)·w after each step, which starts at the weights
            after the first. When `fit` ends, the weights become their averages, as in Keras.
        ema_momentum: how much of the average is kept (.99), from 0 to 1.
        ema_overwrite_frequency: after every so many steps the weights become their averages.
        gradient_accumulation_steps: over how many batches gradients are averaged before a step;
            2 or more. `iterations` counts steps, schedules of the rate count batches, as in Keras.
            The average of weights is taken after a step (Keras: after each batch).
        no_decay: weights that `weight_decay` leaves alone: words found in their paths, such as
            ("bias", "gamma"), or whole paths, such as "dense_1/kernel". `exclude_from_weight_decay`
            sets them in Keras's words; here they stand in the model's file.
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
    from_weight: tuple[str, ...] = ()  # slots that start at the weight before its first step
    elementwise = False  # whether `update` treats each number of a weight by itself

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if "update" in vars(cls) and "elementwise" not in vars(cls):
            cls.elementwise = False  # its base's word was about another `update`

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        gradient_accumulation_steps: int | None = None,
        no_decay: Sequence[str] = (),
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
        self.need("0 to 1", lambda v: 0 <= v <= 1, ema_momentum=ema_momentum)
        often = {"ema_overwrite_frequency": (ema_overwrite_frequency, 1)}
        often |= {"gradient_accumulation_steps": (gradient_accumulation_steps, 2)}
        for what, (count, least) in often.items():
            if count is not None:
                is_count = lambda v, least=least: v == int(v) >= least  # noqa: E731
                self.need(f"a whole number of at least {least}", is_count, **{what: count})
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
        self.use_ema, self.ema_momentum = bool(use_ema), ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self.no_decay = self.words(no_decay)
        self._spared: list[Variable] = []  # see `exclude_from_weight_decay`
        self._batches = Variable(np.int32(0), name="batches", kind="slot")  # of the step to come
        self.version = 0  # counts changes of settings that a compiled program takes as fixed
        self.built = False
        self.slots: list[list[Variable]] = []  # for each trained variable
        self._trained: list[Variable] = []
        self._known: list[tuple[Variable, list[Variable]]] = []  # all that were ever trained
        self._paths: list[tuple[Variable, str]] = []  # where a model said them
        self._built_slots: tuple[str, ...] = ()

    def need(self, expected: str, holds: Callable[[Any], bool], **named: Any) -> None:
        """Raise an ArgumentError for the first named number for which the condition is false."""
        need_numbers(type(self).__name__, expected, holds, **named)

    def needed_slots(self) -> tuple[str, ...]:
        """The slots that the settings of now ask for."""
        return self.slot_names

    def slots_for(self, variable: Variable) -> tuple[str, ...]:
        """The slots of `update` for this variable; another number only for another `update`."""
        return self.slot_names

    def shared_slots(self) -> tuple[str, ...]:
        """The slots behind those of `update`, which any optimizer may have."""
        sums = ("gradient_sum",) if self.gradient_accumulation_steps else ()
        return (*sums, "ema") if self.use_ema else sums

    def names_of_slots(self, variable: Variable) -> tuple[str, ...]:
        """The names of all that is kept for a variable, in the order of `slots`.

        Example:
            >>> from chainrule.optimizers import SGD
            >>> SGD(0.1, momentum=0.9, use_ema=True).names_of_slots(Variable([1.0]))
            ('momentum', 'ema')
        """
        return (*self.slots_for(variable), *self.shared_slots())

    def __setattr__(self, name: str, value: Any) -> None:
        if not self.__dict__.get("built") or name[0] == "_" or name in _NO_SETTINGS:
            object.__setattr__(self, name, value)
            return
        old = self.__dict__.get(name)
        object.__setattr__(self, name, value)
        if not {*self.needed_slots(), *self.shared_slots()} <= set(self._built_slots):
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
        if self.gradient_accumulation_steps:
            step = step * self.gradient_accumulation_steps + self._batches.value
        if is_traced(step):
            return self.schedule(step.astype("float32"))
        return ScheduledRate(float(self.schedule(float(step))), type(self).__name__)

    @learning_rate.setter
    def learning_rate(self, rate: Any) -> None:
        if isinstance(rate, schedules.LearningRateSchedule):
            self.schedule = rate
        elif self.schedule is not None:
            raise follows_a_schedule(type(self).__name__)
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
        known = [id(v) for v, _ in self._paths]
        if missing := [v.name for v in self._spared if id(v) not in known]:
            raise no_path_yet(type(self).__name__, missing)
        config["no_decay"] += [self.path_of(v) for v in self._spared]
        return config

    # --- state ----------------------------------------------------------------------------------

    @property
    def variables(self) -> list[Variable]:
        """Step, learning rate and every slot: first those of the variables trained now."""
        now = {id(s): s for slots in self.slots for s in slots}
        now |= {id(s): s for _, slots in self._known for s in slots}
        batches = [self._batches] if self.gradient_accumulation_steps else []
        return [self.iterations, self._rate, *batches, *now.values()]

    def build(
        self,
        variables: Sequence[Variable],
        paths: Callable[[Sequence[Variable]], Sequence[str]] | None = None,
    ) -> None:
        """Make the slots for these variables; the same variables again change nothing.

        Variables that were trained before keep their slots: a layer frozen for a while, or two
        networks that take turns.

        Args:
            variables: what is trained.
            paths: variables -> where each stands in its model, such as "dense/kernel"; a model
                gives it. Without it a variable has its name.
        """
        if self.built and [id(v) for v in variables] == [id(v) for v in self._trained]:
            return
        if paths is not None:
            self._paths = list(zip(variables, paths(variables), strict=True))
        if not self.built:  # until now settings could be changed freely
            self.slot_names = self.needed_slots()
            self._built_slots = (*self.slot_names, *self.shared_slots())
        known = {id(v): slots for v, slots in self._known}
        for v in variables:
            if id(v) not in known:
                known[id(v)] = [self._slot(name, v) for name in self.names_of_slots(v)]
                self._known.append((v, known[id(v)]))
        self._trained = list(variables)
        self.slots = [known[id(v)] for v in variables]
        self.built = True

    def _slot(self, name: str, v: Variable) -> Variable:
        if name == "ema" or name in self.from_weight:
            start: Any = v.value
        else:
            start = np.zeros(v.shape, v.dtype) if name == "gradient_sum" else self.first(name, v)
        return Variable(start, name=f"{v.name}/{name}", kind="slot", dtype=v.dtype)

    def path_of(self, variable: Variable) -> str:
        """Where a variable stands in its model, or its name."""
        return next((path for v, path in self._paths if v is variable), variable.name)

    def decay_of(self, variable: Variable) -> float:
        """The weight decay of a variable; 0 for one that is excluded."""
        return 0.0 if not self.weight_decay or self.spared(variable) else self.weight_decay

    def spared(self, variable: Variable) -> bool:
        """Is this variable excluded from weight decay?"""
        path = self.path_of(variable) if self.no_decay else ""
        named = any(is_meant(word, path) for word in self.no_decay)
        return named or any(v is variable for v in self._spared)

    def words(self, words: Any) -> list[str]:
        """Words that are looked for in the paths of weights, checked."""
        given = [] if isinstance(words, (str, bytes)) else list(words)
        if isinstance(words, (str, bytes)) or not all(isinstance(w, str) and w for w in given):
            raise ArgumentError(
                "names of weights must be a list of words",
                where=type(self).__name__,
                received=repr(words)[:100],
                fix='["bias", "gamma"]',
            )
        return given

    def exclude_from_weight_decay(
        self, var_list: Iterable[Variable] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Weights that `weight_decay` leaves alone, as in Keras; before the first step.

        Args:
            var_list: variables.
            var_names: words; a weight is left alone whose path holds one of them.

        Raises:
            StateError: the optimizer has made a step already, or was built.
            ArgumentError: words that are no text, or no Variables.

        Example:
            >>> from chainrule.optimizers import AdamW
            >>> adam = AdamW(weight_decay=0.01)
            >>> adam.exclude_from_weight_decay(var_names=["bias"])
            >>> adam.decay_of(Variable([1.0], name="kernel"))
            0.01
            >>> adam.decay_of(Variable([1.0], name="bias"))
            0.0
        """
        if self.built:
            raise StateError(
                "weights are excluded from decay before the optimizer is built",
                where=f"{type(self).__name__}.exclude_from_weight_decay",
                fix="call it before compile and fit",
            )
        variables = list(var_list or ())
        for v in variables:
            if not isinstance(v, Variable):
                raise ArgumentError(
                    "var_list must be a list of Variables",
                    where=f"{type(self).__name__}.exclude_from_weight_decay",
                    received=type(v).__name__,
                    fix='var_names=["bias"] takes words',
                )
        self._spared = variables
        self.no_decay = self.words(var_names or ())

    def first(self, name: str, variable: Variable) -> np.ndarray:
        """The first value of a slot."""
        return np.zeros(variable.shape, variable.dtype)

    # --- the step -------------------------------------------------------------------------------

    def update(self, w: Any, g: Any, *slots: Any, rate: Any, t: Any) -> Any:
        """The new weight, followed by the new slots; `t` counts steps from 1.

        `w` and the slots are the optimizer's own: `m *= β` saves NumPy an array, and on XLA means
        the same as `m = β·m`.
        """
        keras = hasattr(self, "update_step")
        raise StateError(
            "an optimizer needs a method `update`",
            where=type(self).__name__,
            received="Keras's update_step" if keras else "none",
            fix="slot_names = ('momentum',); def update(self, w, g, m, *, rate, t): "
            "return new_w, new_m",
        )

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
        due: Any = True
        if self.gradient_accumulation_steps:
            due, step = self._gather(step)
            if due is False:
                return
        for g, (_, variable, slots) in zip(self._clip([s[0] for s in step]), step, strict=True):
            self._step(variable, g, slots, rate, t, due)
        m = xp(t)
        self.iterations.assign(m.asarray(t if due is True else m.where(due, t, t - 1), "int32"))

    def _gather(self, step: list[Any]) -> tuple[Any, list[Any]]:
        """Add the gradients of one more batch: (is it time for a step?, with the mean gradients).

        The answer is a bool on NumPy and a traced one inside a compiled step, where the step is
        computed each time and taken when it is due.
        """
        count = int(self.gradient_accumulation_steps or 1)
        batches = self._batches.value + 1
        m = xp(batches, *(g for g, _, _ in step))
        due = batches >= count
        due = bool(due) if m is np else due
        found = []
        for g, variable, slots in step:
            gathered = slots[-len(self.shared_slots())]
            total = gathered.value + g.astype(variable.dtype)
            gathered.assign(m.where(due, m.zeros_like(total), total))
            found.append((total / count, variable, slots))
        self._batches.assign(m.asarray(m.where(due, 0, batches), "int32"))
        return due, found

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
        pairs: list[Any] = list(grads_and_vars) if isinstance(grads_and_vars, Iterable) else [None]
        odd = [p for p in pairs if not isinstance(p, (tuple, list)) or len(p) != 2]
        if odd:
            raise ArgumentError(
                "the gradients do not come in pairs with their variables",
                where=f"{type(self).__name__}.apply_gradients",
                expected="pairs (gradient, variable)",
                received=f"a {type(grads_and_vars).__name__}",
                fix="apply_gradients(zip(gradients, variables)), or apply(gradients, variables)",
            )
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
        done = t - 1
        if self.gradient_accumulation_steps:
            done = done * self.gradient_accumulation_steps + self._batches.value
        if xp(done) is np:
            return float(self._rate if self.schedule is None else self.schedule(float(done)))
        wide = any(v.dtype == np.float64 for v in self._trained)
        kind = "float64" if wide else "float32"
        rate = self._rate.value if self.schedule is None else self.schedule(done.astype(kind))
        return xp(done).asarray(rate, kind)

    def _step(
        self, variable: Variable, g: Any, slots: list[Variable], rate: Any, t: Any, due: Any = True
    ) -> None:
        shared = len(self.shared_slots())
        own = slots[: len(slots) - shared]
        before = arrays = [variable.value, *(s.value for s in own)]
        if isinstance(arrays[0], np.ndarray | np.generic):
            swap = active_swap()
            if swap is None or not swap.owned:  # an engine's own arrays may be written to
                arrays = [np.array(a) for a in arrays]
        arrays = list(arrays)
        for name in self.from_weight:  # weights may have been loaded since the slot was made
            i = 1 + self.slots_for(variable).index(name)
            arrays[i] = xp(arrays[0]).where(t == 1, arrays[0], arrays[i])
        if decay := self.decay_of(variable):
            arrays[0] = arrays[0] - rate * decay * arrays[0]
        plain = self.elementwise and type(g) is np.ndarray and g.size > _BLOCK
        if plain and all(a.flags.c_contiguous for a in arrays):
            self._in_blocks(arrays, np.ascontiguousarray(g), rate, t)
            new: Any = arrays
        else:
            new = self.update(arrays[0], g, *arrays[1:], rate=rate, t=t)
            new = new if isinstance(new, tuple) else (new,)
        new = [a if a.dtype == v.dtype else a.astype(v.dtype)
               for v, a in zip((variable, *own), new, strict=True)]  # fmt: skip
        if self.use_ema:
            new[0] = self._average(new[0], slots[-1], t, due)
        new[0] = variable.constrained(new[0])
        if due is not True:  # a compiled step that may not be due
            new = [xp(a).where(due, a, old) for a, old in zip(new, before, strict=True)]
        for v, value in zip((variable, *own), new, strict=True):
            v.assign(value)

    def _average(self, w: Any, slot: Variable, t: Any, due: Any) -> Any:
        """Take a new weight into its moving average; the average itself where it is time to."""
        m, old = xp(w), slot.value
        keep = m.where(t == 1, 0.0, self.ema_momentum).astype(w.dtype)
        average = keep * old + (1 - keep) * w
        slot.assign(average if due is True else m.where(due, average, old))
        if self.ema_overwrite_frequency is None:
            return w
        return m.where(t % self.ema_overwrite_frequency == 0, average, w)

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        """With `use_ema` the variables become their averages; `fit` does it when it ends.

        Example:
            >>> from chainrule.optimizers import SGD
            >>> w, sgd = Variable([0.0], name="w"), SGD(1.0, use_ema=True, ema_momentum=0.5)
            >>> for _ in range(2):
            ...     sgd.apply([np.array([-1.0], np.float32)], [w])
            >>> sgd.finalize_variable_values([w])
            >>> w.numpy()  # (1 + 2)/2
            array([1.5], dtype=float32)
        """
        if self.use_ema:
            chosen = set(map(id, var_list))
            pairs = [pair for pair in self.averages() if id(pair[0]) in chosen]
            put([v for v, _ in pairs], [s.numpy() for _, s in pairs])

    def averages(self) -> list[tuple[Variable, Variable]]:
        """Each trained variable and, with `use_ema`, its moving average.

        Example:
            >>> from chainrule.optimizers import SGD
            >>> sgd = SGD(1.0, use_ema=True)
            >>> sgd.build([Variable([1.0], name="w")])
            >>> [(v.name, average.name) for v, average in sgd.averages()]
            [('w', 'w/ema')]
        """
        pairs = zip(self._trained, self.slots, strict=True)
        return [(v, slots[-1]) for v, slots in pairs] if self.use_ema else []

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
            return [shortened(g, xp(g).sqrt(xp(g).sum(g * g)), self.clipnorm) for g in gradients]
        if self.global_clipnorm is not None and gradients:
            m = xp(*gradients)
            norm = m.sqrt(sum(m.sum(g * g) for g in gradients))
            return [shortened(g, norm, self.global_clipnorm) for g in gradients]
        return gradients


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
