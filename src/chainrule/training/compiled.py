"""`cr.compile(step)`: a training step of your own as one XLA program."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import tree
from ..chain import active_tape
from ..errors import StateError
from ..layers.context import layers_called
from ..operators import raw
from ..variable import changes, discover, put, snapshot, swap
from .engines import choose_engine
from .engines.xla import count_compilation, is_wide
from .jax_setup import plain_words, precision, use_jax

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
    programs: dict[str, _Program] = {}

    @functools.wraps(step)
    def call(*args: Any) -> Any:
        if active_tape() is not None:
            raise StateError(
                "a function compiled by cr.compile is a constant to the tape that is open here",
                where=getattr(step, "__name__", "compile"),
                fix="call the plain function on the tape, or take the gradients inside the one "
                "that cr.compile is given",
            )
        if choose_engine(engine, "compile") == "numpy":
            return tree.map(raw, step(*args))
        known = programs.get("xla")
        if known is None or known.outdated():  # something was frozen or changed since
            known = programs["xla"] = _Program(step, args)
        return known(*args)

    return call


class _Program:
    """The program of one step, and the variables it changes."""

    def __init__(self, step: Callable, args: tuple) -> None:
        self.jax = use_jax()
        with np.errstate(all="ignore"), discover() as met, layers_called() as layers:
            step(*args)
            before = {id(v): v._value for v in met.variables}
            changed = [v for v in met.variables if met.now[id(v)] is not before[id(v)]]
        self.changed = changed
        self.fixed = [v for v in met.variables if not any(v is c for c in changed)]
        self.wide = is_wide(met.variables)
        self.layers, self.variables = layers, met.variables
        self.seen = self._seen()
        self.checked = changes[0]
        fixed = self.fixed

        def program(structure: Any, values: Any, given: Any, leaves: Any) -> Any:
            count_compilation()
            with swap(fixed, given), swap(changed, values) as now:
                found = tree.map(raw, step(*tree.unflatten(structure, leaves)))
                result, self._results[structure] = tree.flatten(found)
                return now.values(), result

        self._results: dict[Any, Any] = {}  # structure of the result, by that of the arguments
        # lists of leaves go in and out: JAX would sort the keys of dicts
        self._jitted = self.jax.jit(program, static_argnums=0)
        self._device: tuple[list[Any], list[Any]] = ([], [])  # host values, and those on the device
        self._lock = threading.Lock()

    def _seen(self) -> list[Any]:
        """What the program was compiled for."""
        trained = [[id(v) for v in layer.trainable_variables] for layer in self.layers]
        of_variables = [v.trainable for v in self.variables]
        return [[layer.version for layer in self.layers], trained, of_variables]

    def outdated(self) -> bool:
        """Has a layer that the step called changed?"""
        if self.checked == changes[0]:
            return False
        self.checked = changes[0]
        return self._seen() != self.seen

    def __call__(self, *args: Any) -> Any:
        leaves, structure = tree.flatten(args)
        wide = self.wide or is_wide(a for a in leaves if hasattr(a, "dtype"))
        with self._lock, precision(self.jax, wide), plain_words(self.jax):
            host, device = self._device
            now = snapshot(self.changed)
            values = [
                d if len(host) == len(now) and h is n else n
                for h, n, d in zip(host or now, now, device or now, strict=True)
            ]
            given = [np.asarray(v) for v in snapshot(self.fixed)]
            after, result = self._jitted(structure, values, given, leaves)
            put(self.changed, [np.asarray(a) for a in after])
            self._device = ([v._value for v in self.changed], list(after))
        return tree.unflatten(self._results[structure], result)
