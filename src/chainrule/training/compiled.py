"""`cr.compile(step)`: a training step of your own as one XLA program."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..chain import active_tape
from ..errors import StateError
from ..layers.base import structure
from ..operators import raw
from ..variable import discover, swap
from .engine import XlaEngine, choose_engine

__all__ = ["compile"]


def compile(step: Callable, *, engine: str | None = None) -> Callable:
    """The same function, compiled: it may read and change any Variables.

    Which Variables those are is found by one dry run, whose changes are thrown away. Arguments
    are arrays; a new shape compiles anew. Where JAX is not installed, or the engine is set to
    NumPy, the function runs as it is.

    Args:
        step: a function of arrays that reads and assigns Variables and returns arrays.
        engine: `"auto"`, `"numpy"` or `"xla"`.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(1)])
        >>> optimizer = cr.optimizers.SGD(0.1)
        >>> @cr.compile
        ... def step(x, y):
        ...     with cr.record() as tape:
        ...         loss = cr.ops.mean(cr.ops.square(model(x) - y))
        ...     weights = model.trainable_variables
        ...     optimizer.apply(tape.gradients(loss, weights), weights)
        ...     return loss
        >>> x, y = np.ones((4, 2), np.float32), np.ones((4, 1), np.float32)
        >>> first, second = step(x, y), step(x, y)
        >>> bool(second < first)
        True
    """
    program: list[_Compiled] = []

    @functools.wraps(step)
    def call(*args: Any) -> Any:
        if active_tape() is not None:
            raise StateError(
                "a function compiled by cr.compile is a constant to the tape that is open here",
                where=getattr(step, "__name__", "compile"),
                fix="call the plain function on the tape, or take the gradients inside the one "
                "that cr.compile is given",
            )
        if choose_engine(engine) == "numpy":
            return _plain(step(*args))
        if program and program[0].seen != structure[0]:  # something was frozen or changed since
            program.pop().release()
        if not program:
            program.append(_Compiled(step, args))
        return program[0](*args)

    return call


def _plain(result: Any) -> Any:
    """Recorded values as plain arrays, inside lists, tuples and dicts too."""
    if isinstance(result, (list, tuple)):
        return type(result)(_plain(r) for r in result)
    if isinstance(result, dict):
        return {k: _plain(r) for k, r in result.items()}
    return raw(result)


class _Compiled(XlaEngine):
    """The program of one step, and the variables it holds between calls."""

    def __init__(self, step: Callable, args: tuple) -> None:
        with np.errstate(all="ignore"), discover() as met:
            step(*args)
            before = {id(v): v._value for v in met.variables}
            changed = [v for v in met.variables if met.now[id(v)] is not before[id(v)]]
        fixed = [v for v in met.variables if not any(v is c for c in changed)]
        super().__init__(changed)
        self.fixed = fixed
        every = [*met.variables, *(a for a in args if hasattr(a, "dtype"))]
        self.wide = any(str(v.dtype) == "float64" for v in every)
        self.seen = structure[0]

        def program(values: Any, given: Any, args: Any) -> Any:
            with swap(fixed, given), swap(changed, values) as now:
                result = _plain(step(*args))
                return now.values(), result

        self._jitted = self.jax.jit(program)

    def __call__(self, *args: Any) -> Any:
        with self.lock:
            self.take()
            given = [np.asarray(v.value) for v in self.fixed]
            with self.precision():
                values, result = self._jitted(self.values, given, args)
            self.keep(values)
        return result
