"""`tf.train`: optimizers whose `minimize` puts a training step into the graph."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import optimizers
from ..arrays import xp
from ..errors import ArgumentError, StateError
from ..operators import raw
from ..variable import Variable as Box
from ..variable import swap
from ..vocabulary import answer
from .gradient import gradients
from .making import make
from .nodes import Operation, Tensor, warn
from .variables import Variable

__all__ = [
    "AdadeltaOptimizer",
    "AdagradOptimizer",
    "AdamOptimizer",
    "GradientDescentOptimizer",
    "MomentumOptimizer",
    "Optimizer",
    "RMSPropOptimizer",
    "Saver",
    "exponential_decay",
]


class Optimizer:
    """An optimizer of `chainrule.optimizers` for a graph.

    Args:
        optimizer: the one whose update is run.
        rate: the learning rate, where it is a tensor: a placeholder, or computed from a variable.
        name: of the operations that `minimize` makes.

    Example:
        >>> import chainrule as cr, chainrule.graph as tf
        >>> w = tf.Variable(4.0)
        >>> train = tf.train.Optimizer(cr.optimizers.SGD(0.25)).minimize(tf.square(w))
        >>> sess = tf.Session()
        >>> sess.run(tf.global_variables_initializer())
        >>> sess.run(train)
        >>> print(sess.run(w))  # 4 − .25·8
        2.0
    """

    def __init__(
        self, optimizer: optimizers.Optimizer, rate: Tensor | None = None, name: str | None = None
    ) -> None:
        self.optimizer, self.rate = optimizer, rate
        self.name = name or type(optimizer).__name__
        self.lock = threading.Lock()  # it knows one list of variables at a time

    def minimize(
        self, loss: Tensor, global_step: Variable | None = None, var_list: Any = None,
        name: str | None = None,
    ) -> Operation:  # fmt: skip
        """The operation that takes one step: all gradients first, then all variables change.

        Args:
            loss: a tensor; of several numbers the sum is minimised, and a warning says so.
            global_step: a variable that counts the steps.
            var_list: the variables to change, all trainable ones that the loss depends on.
            name: of the operation.

        Raises:
            ArgumentError: the loss depends on no variable.

        Example:
            >>> import chainrule.graph as tf
            >>> tf.reset_default_graph()
            >>> w = tf.Variable(1.0)
            >>> tf.train.GradientDescentOptimizer(0.5).minimize(tf.square(w), name="train")
            <tf.Operation 'train' type=ApplySGD>
        """
        pairs = self.compute_gradients(loss, var_list)
        if loss.shape.ndims:
            warn(
                f"minimize: the loss {loss.op.name} has shape {loss.shape}; the sum of its numbers "
                "is minimised. tf.reduce_mean(loss) is what a learning rate is usually chosen for"
            )
        return self.apply_gradients(pairs, global_step, name)

    def compute_gradients(self, loss: Tensor, var_list: Any = None) -> list[tuple[Any, Variable]]:
        """(gradient, variable) for each variable; None for one that the loss does not depend on.

        Raises:
            ArgumentError: the loss is no tensor, or depends on none of the variables.

        Example:
            >>> import chainrule.graph as tf
            >>> tf.reset_default_graph()
            >>> w = tf.Variable(3.0)
            >>> optimizer = tf.train.GradientDescentOptimizer(0.1)
            >>> (d_w, _), = optimizer.compute_gradients(tf.square(w))
            >>> sess = tf.Session()
            >>> sess.run(tf.global_variables_initializer())
            >>> print(sess.run(d_w))
            6.0
        """
        if not isinstance(loss, Tensor):
            raise ArgumentError(
                "the loss is a tensor of a graph",
                where="minimize",
                received=repr(loss)[:100],
                fix="loss = tf.reduce_mean(tf.square(y - y_pred)), without sess.run",
            )
        if var_list is None:
            chosen = [v for v in loss.graph.variables if v.trainable and v.dtype.kind == "f"]
        else:
            chosen = [var_list] if isinstance(var_list, Variable) else list(var_list)
        found = gradients(loss, chosen) if chosen else []
        if all(d is None for d in found):
            names = ", ".join(repr(v.op.name) for v in chosen) or "none"
            raise ArgumentError(
                "the loss depends on no variable that could be trained",
                where="minimize",
                received=f"loss {loss.op.name!r}; trainable variables: {names}",
                fix="compute it from a tf.Variable of floats, by operations that have a derivative",
            )
        return list(zip(found, chosen, strict=True))

    def apply_gradients(
        self, grads_and_vars: Sequence[tuple[Any, Variable]], global_step: Variable | None = None,
        name: str | None = None,
    ) -> Operation:  # fmt: skip
        """The operation that changes each variable by its gradient.

        Args:
            grads_and_vars: pairs, as `compute_gradients` gives them, perhaps clipped.
            global_step: a variable that counts the steps.
            name: of the operation.

        Raises:
            ArgumentError: no gradient at all, or something that is no variable.

        Example:
            >>> import chainrule.graph as tf
            >>> tf.reset_default_graph()
            >>> w = tf.Variable(3.0)
            >>> optimizer = tf.train.GradientDescentOptimizer(0.5)
            >>> pairs = optimizer.compute_gradients(tf.square(w))
            >>> train = optimizer.apply_gradients([(tf.clip_by_value(d, -1, 1), v)
            ...                                    for d, v in pairs])
            >>> sess = tf.Session()
            >>> sess.run(tf.global_variables_initializer())
            >>> sess.run(train)
            >>> print(sess.run(w))
            2.5
        """
        pairs = [(d, v) for d, v in grads_and_vars if d is not None]
        wrong = [v for _, v in pairs if not isinstance(v, Variable)]
        if not pairs or wrong:
            raise ArgumentError(
                "gradients are applied to variables" if wrong else "there is no gradient to apply",
                where="apply_gradients",
                received=repr(wrong[0])[:100] if wrong else "None for every variable",
                fix="give the pairs of compute_gradients(loss)",
            )
        return Apply(self, pairs, global_step, name)


class Apply(Operation):
    """One step of an optimizer, once everything else of a run is computed."""

    def __init__(
        self, optimizer: Optimizer, pairs: Sequence[tuple[Tensor, Variable]],
        step: Variable | None, name: str | None,
    ) -> None:  # fmt: skip
        self.optimizer, self.step = optimizer, step
        self.variables = [v.box for _, v in pairs]
        own = optimizer.optimizer
        with optimizer.lock:
            own.build(self.variables)
            slots = [slot for slots in own.slots for slot in slots]
        self.changes = (
            *self.variables,
            own.iterations,
            *slots,
            *([] if step is None else [step.box]),
        )
        graph = pairs[0][1].graph
        graph.slots += [own.iterations, *slots]
        # the rate is read, but no session keeps one: it is the optimizer's own
        self.boxes = (*self.changes, own._rate)
        inputs = [d for d, _ in pairs] + ([] if optimizer.rate is None else [optimizer.rate])
        type_name = f"Apply{type(own).__name__.lstrip('_')}"
        super().__init__(graph, type_name, name or optimizer.name, inputs)

    def state(self) -> tuple[Box, ...]:
        """The variables, what the optimizer remembers of them, and its rate."""
        return self.boxes

    def version(self) -> tuple[int, int]:
        """Changes when the optimizer's settings do, which a compiled program takes as fixed."""
        own = self.optimizer.optimizer
        return id(own), own.version

    def compute(self, values: list[Any], run: Any) -> None:
        """Nothing; the variables change after the run."""
        given = list(map(raw, values))

        def step() -> None:
            own, count = self.optimizer.optimizer, len(self.variables)
            with self.optimizer.lock, swap([own._rate], given[count:] or [own._rate.value]):
                own.apply(given[:count], self.variables)
            if self.step is not None:
                run.assign(self.step.box, self.step.box.value + 1)

        run.effects.append(step)


def _rate(rate: Any) -> tuple[Any, Tensor | None]:
    """(a number for the constructor, the tensor that takes its place at each step)."""
    return (0.0, rate) if isinstance(rate, Tensor) else (rate, None)


def exponential_decay(
    learning_rate: float, global_step: Any, decay_steps: int, decay_rate: float,
    staircase: bool = False, name: str | None = None,
) -> Tensor:  # fmt: skip
    """rate·decay^(step/steps), a learning rate that falls as `global_step` grows.

    Args:
        learning_rate: the rate at step 0.
        global_step: the variable that `minimize(loss, global_step=...)` counts the steps in. A
            plain number never grows: the notebook that deck 004 links to gives 0, and a warning
            says that its rate stays what it is.
        decay_steps: after how many steps the rate is multiplied by `decay_rate`.
        decay_rate: the factor.
        staircase: whether the rate falls in stairs.
        name: of the operation.

    Example:
        >>> import chainrule.graph as tf
        >>> step = tf.Variable(20, trainable=False)
        >>> rate = tf.train.exponential_decay(0.1, step, 10, 0.5)
        >>> sess = tf.Session()
        >>> sess.run(tf.global_variables_initializer())
        >>> print(f"{sess.run(rate):.3f}")
        0.025
    """
    schedule = optimizers.schedules.ExponentialDecay(
        learning_rate, decay_steps, decay_rate, staircase
    )
    if not isinstance(global_step, Tensor):
        warn(
            f"tf.train.exponential_decay: global_step={global_step!r} is a number, so the rate "
            "never changes. Make it step = tf.Variable(0, trainable=False), and "
            "minimize(loss, global_step=step) counts in it"
        )
    return make(
        "ExponentialDecay",
        lambda step: xp(step).asarray(schedule(step.astype("float32")), dtype="float32"),
        [global_step], name=name, dtype=np.dtype("float32"), shape="same", differentiable=False,
    )  # fmt: skip


class GradientDescentOptimizer(Optimizer):
    """w ← w − rate·g.

    Args:
        learning_rate: a number, a schedule, or a tensor.
        name: of the operations that `minimize` makes.

    Example:
        >>> import chainrule.graph as tf
        >>> w5 = tf.Variable(0.4)
        >>> train = tf.train.GradientDescentOptimizer(learning_rate=0.5).minimize(0.082167041 * w5)
        >>> sess = tf.Session()
        >>> sess.run(tf.global_variables_initializer())
        >>> sess.run(train)
        >>> print(f"{sess.run(w5):.6f}")  # deck 004's first update
        0.358916
    """

    def __init__(self, learning_rate: Any, name: str = "GradientDescent") -> None:
        number, tensor = _rate(learning_rate)
        super().__init__(optimizers.SGD(number), tensor, name)


class MomentumOptimizer(Optimizer):
    """v ← μv − rate·g;  w ← w + v.

    TensorFlow 1 multiplies by the rate last, w ← w − rate·v: the same while the rate is constant.

    Args:
        learning_rate: a number, a schedule, or a tensor.
        momentum: μ.
        use_nesterov: look ahead.
        name: of the operations that `minimize` makes.

    Example:
        >>> import chainrule.graph as tf
        >>> w = tf.Variable(1.0)
        >>> train = tf.train.MomentumOptimizer(0.1, 0.9).minimize(w)
        >>> sess = tf.Session()
        >>> sess.run(tf.global_variables_initializer())
        >>> for _ in range(2):
        ...     sess.run(train)
        >>> print(f"{sess.run(w):.2f}")  # 1 − .1 − .19
        0.71
    """

    def __init__(
        self, learning_rate: Any, momentum: float, use_nesterov: bool = False,
        name: str = "Momentum",
    ) -> None:  # fmt: skip
        number, tensor = _rate(learning_rate)
        super().__init__(
            optimizers.SGD(number, momentum=momentum, nesterov=use_nesterov), tensor, name
        )


class AdagradOptimizer(Optimizer):
    """a ← a + g²;  w ← w − rate·g/√a, with a from .1 on.

    Args:
        learning_rate: a number, a schedule, or a tensor.
        initial_accumulator_value: the first a.
        name: of the operations that `minimize` makes.

    Example:
        >>> import chainrule.graph as tf
        >>> w = tf.Variable(1.0)
        >>> train = tf.train.AdagradOptimizer(0.1).minimize(w)
        >>> sess = tf.Session()
        >>> sess.run(tf.global_variables_initializer())
        >>> sess.run(train)
        >>> print(f"{sess.run(w):.4f}")  # 1 − .1/√1.1
        0.9047
    """

    def __init__(
        self, learning_rate: Any, initial_accumulator_value: float = 0.1, name: str = "Adagrad"
    ) -> None:
        number, tensor = _rate(learning_rate)
        own = optimizers.Adagrad(number, initial_accumulator_value, epsilon=0.0)
        super().__init__(own, tensor, name)


class AdadeltaOptimizer(Optimizer):
    """Steps in the size of earlier steps; see `chainrule.optimizers.Adadelta`.

    Args:
        learning_rate: a number, a schedule, or a tensor; Zeiler's own is 1, this default .001.
        rho: how much of the averages is kept.
        epsilon: keeps the roots from 0.
        name: of the operations that `minimize` makes.

    Example:
        >>> import chainrule.graph as tf
        >>> w = tf.Variable(1.0)
        >>> train = tf.train.AdadeltaOptimizer(1.0, epsilon=1e-6).minimize(w)
        >>> sess = tf.Session()
        >>> sess.run(tf.global_variables_initializer())
        >>> sess.run(train)
        >>> print(f"{sess.run(w):.4f}")  # 1 − √(1e-6)/√(.05 + 1e-6)
        0.9955
    """

    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-8,
        name: str = "Adadelta",
    ) -> None:  # fmt: skip
        number, tensor = _rate(learning_rate)
        super().__init__(optimizers.Adadelta(number, rho=rho, epsilon=epsilon), tensor, name)


class _RMSPropFromOne(optimizers.RMSprop):
    """RMSprop whose mean square starts at 1, as TensorFlow 1's does: the first steps are small."""

    def first(self, name: str, variable: Box) -> np.ndarray:
        """The first value of a slot."""
        make = np.ones if name == "velocity" else np.zeros
        return make(variable.shape, variable.dtype)


class RMSPropOptimizer(Optimizer):
    """v ← ρv + (1 − ρ)g²;  w ← w − rate·g/√(v + ε), with v from 1 on.

    As in TensorFlow 1; Keras's `RMSprop` starts at 0, where the first step is 1/√(1 − ρ) times the
    rate.

    Args:
        learning_rate: a number, a schedule, or a tensor.
        decay: ρ.
        momentum: of the steps.
        epsilon: keeps the root from 0.
        name: of the operations that `minimize` makes.

    Example:
        >>> import chainrule.graph as tf
        >>> w = tf.Variable(1.0)
        >>> train = tf.train.RMSPropOptimizer(0.1).minimize(2.0 * w)
        >>> sess = tf.Session()
        >>> sess.run(tf.global_variables_initializer())
        >>> sess.run(train)
        >>> print(f"{sess.run(w):.4f}")  # 1 − .1·2/√(.9 + .1·4)
        0.8246
    """

    def __init__(
        self, learning_rate: Any, decay: float = 0.9, momentum: float = 0.0,
        epsilon: float = 1e-10, name: str = "RMSProp",
    ) -> None:  # fmt: skip
        number, tensor = _rate(learning_rate)
        own = _RMSPropFromOne(number, rho=decay, momentum=momentum, epsilon=epsilon)
        super().__init__(own, tensor, name)


class AdamOptimizer(Optimizer):
    """Adam, with ε beside the root before its correction (1e-8); see `chainrule.optimizers.Adam`.

    Args:
        learning_rate: a number, a schedule, or a tensor.
        beta1: how much of the mean is kept.
        beta2: how much of the mean square is kept.
        epsilon: keeps the quotient finite.
        name: of the operations that `minimize` makes.

    Example:
        >>> import chainrule.graph as tf
        >>> w = tf.Variable(1.0)
        >>> train = tf.train.AdamOptimizer(0.1).minimize(5.0 * w)
        >>> sess = tf.Session()
        >>> sess.run(tf.global_variables_initializer())
        >>> sess.run(train)
        >>> print(f"{sess.run(w):.4f}")
        0.9000
    """

    def __init__(
        self, learning_rate: Any = 0.001, beta1: float = 0.9, beta2: float = 0.999,
        epsilon: float = 1e-8, name: str = "Adam",
    ) -> None:  # fmt: skip
        number, tensor = _rate(learning_rate)
        super().__init__(optimizers.Adam(number, beta1, beta2, epsilon), tensor, name)


class Saver:
    """TensorFlow 1's checkpoints are not written here; the message says how values are kept.

    Raises:
        StateError: always.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.train.Saver()
        Traceback (most recent call last):
        ...
        chainrule.errors.StateError: tf.train.Saver: TensorFlow's checkpoint files are not written
        here
          fix: np.savez("w.npz", **sess.run({v.op.name: v for v in tf.global_variables()})), and
        back: v.load(np.load("w.npz")[v.op.name], sess) for each; a cr.Model has save and load
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise StateError(
            "TensorFlow's checkpoint files are not written here",
            where="tf.train.Saver",
            fix='np.savez("w.npz", **sess.run({v.op.name: v for v in tf.global_variables()})), and '
            'back: v.load(np.load("w.npz")[v.op.name], sess) for each; a cr.Model has save and '
            "load",
        )


answer(__name__)
