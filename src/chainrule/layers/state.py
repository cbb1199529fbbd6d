"""The weights of a layer and of everything inside it: found, named, read, set."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..arrays import asarray
from ..errors import ArgumentError, DataError, NotBuiltError, ShapeError, StateError
from ..finite import need_finite
from ..variable import Variable, count_change, put, snapshot
from .tracking import Tracked

__all__ = ["State"]


class State(Tracked):
    """What `Layer` knows of its Variables."""

    name: str
    made_at: str
    auto_named: bool  # the name was made from the class
    input_shape: Any
    built: bool
    _trainable: bool
    makes_weights = False  # whether the class has a `build` of its own

    @property
    def where(self) -> str:
        """How errors call this layer."""
        return f"{type(self).__name__} {self.name!r} (made at {self.made_at})"

    @property
    def sample_shape(self) -> tuple | None:
        """Shape of one sample, where the constructor was given it."""
        return self.input_shape

    # --- parts ----------------------------------------------------------------------------------

    def _own_variables(self) -> list[Variable]:
        return [p for p in self.contents() if isinstance(p, Variable)]

    def _sublayers(self) -> list[Any]:
        """The layers directly inside this one, in the order in which they came."""
        return [p for p in self.contents() if isinstance(p, State)]

    def _all_layers(self) -> list[Any]:
        """This layer and all inside it, each once."""
        seen: dict[int, Any] = {}
        waiting = [self]
        while waiting:
            layer = waiting.pop()
            if id(layer) not in seen:
                seen[id(layer)] = layer
                waiting.extend(reversed(layer._sublayers()))
        return list(seen.values())

    def adopt(self, part: Any) -> None:
        """Take a layer in, under a name of its own: dense, dense_1, dense_2."""
        if not isinstance(part, State) or part is self:
            return
        if "_weights" not in self.__dict__:
            raise StateError(
                "a layer was assigned before the object was set up",
                where=type(self).__name__,
                fix="call super().__init__() first in its __init__",
            )
        names = self.__dict__.setdefault("_names", {})
        if id(part) in (known := self.__dict__.setdefault("_called", {})):
            return
        name = part.name
        if name in names:
            if part.auto_named:
                last = self.__dict__.setdefault("_last_number", {})
                number = last.get(name, 0) + 1
                while f"{name}_{number}" in names:
                    number += 1
                last[name], name = number, f"{name}_{number}"
                if not part.__dict__.get("_owned"):  # a name that files use is never changed
                    part.name = name
            elif any(names[name] is p for p in self._sublayers()):  # it is still there
                raise ArgumentError(
                    f"two layers are called {name!r}",
                    where=self.name,
                    fix="give one of them a name of its own, Dense(..., name='first')",
                )
        part.__dict__["_owned"] = True
        if name in names:  # of a layer that is gone, whose id another may get
            known.pop(id(names[name]), None)
        names[name] = part
        known[id(part)] = name

    def _name_of(self, part: Any) -> str:
        """How a layer is called inside this one: by its name, numbered where two have the same."""
        return self.__dict__.get("_called", {}).get(id(part), part.name)

    # --- lists of Variables ---------------------------------------------------------------------

    @property
    def variables(self) -> list[Variable]:
        """Every Variable of this layer and its sublayers, each once."""
        return list({id(v): v for l in self._all_layers() for v in l._own_variables()}.values())

    @property
    def weights(self) -> list[Variable]:
        """Weights and statistics; random counters are not among them."""
        return [v for v in self.variables if v.kind in ("weight", "statistic")]

    @property
    def trainable(self) -> bool:
        """Whether training changes this layer."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        count_change()
        for layer in self._sublayers():
            layer.trainable = value

    @property
    def trainable_variables(self) -> list[Variable]:
        """The weights that training changes."""
        found: dict[int, Variable] = {}
        waiting = [self]
        seen: set[int] = set()
        while waiting:
            layer = waiting.pop()
            if not layer._trainable or id(layer) in seen:
                continue
            seen.add(id(layer))
            found.update((id(v), v) for v in layer._own_variables() if v.trainable)
            waiting.extend(reversed(layer._sublayers()))
        return list(found.values())

    @property
    def trainable_weights(self) -> list[Variable]:
        """The same (Keras's other name)."""
        return self.trainable_variables

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The variables that training leaves alone."""
        trained = {id(v) for v in self.trainable_variables}
        return [v for v in self.variables if id(v) not in trained]

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """Weights and statistics that training leaves alone."""
        return [v for v in self.non_trainable_variables if v.kind in ("weight", "statistic")]

    def named_variables(self, prefix: str = "") -> Iterator[tuple[str, Variable]]:
        """Every Variable with its path, such as `dense_1.kernel`."""
        for v in self._own_variables():
            yield f"{prefix}{v.name}", v
        for layer in self._sublayers():
            yield from layer.named_variables(f"{prefix}{self._name_of(layer)}.")

    def named_parameters(self) -> Iterator[tuple[str, Variable]]:
        """Every trained weight with its path (PyTorch's name)."""
        trained = {id(v) for v in self.trainable_variables}
        return ((path, v) for path, v in self.named_variables() if id(v) in trained)

    def count_params(self) -> int:
        """Numbers in all weights.

        Raises:
            NotBuiltError: they are not made yet, since the input's shape is not known.
        """
        if not self.built and (self.makes_weights or self._sublayers()):
            raise NotBuiltError(
                "the weights cannot be counted before they are made",
                where=self.where,
                fix="start the model with Input(shape), call build(shape), or run it on data",
            )
        return sum(math.prod(v.shape) for v in self.weights)

    # --- reading and setting --------------------------------------------------------------------

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights, as NumPy arrays, all of one moment."""
        return [np.array(value) for value in snapshot(self.weights)]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Put new values into all weights, in the order of `get_weights`.

        Also while another thread trains the model: the values land together, between two steps.

        Raises:
            ShapeError: a count or a shape differs; then nothing has changed.
            DataError: a value is not finite.
        """
        if not isinstance(weights, (list, tuple)):
            raise ArgumentError(
                "the weights must be a list of arrays",
                where=self.where,
                expected="what get_weights returns",
                received=repr(weights)[:80],
            )
        mine = self.weights
        values = [asarray(w, name=f"weight {i}") for i, w in enumerate(weights)]
        shapes, given = [v.shape for v in mine], [v.shape for v in values]
        if shapes != given:
            raise ShapeError(
                "the weights do not fit",
                where=self.where,
                expected=", ".join(f"{v.name} {v.shape}" for v in mine) or "no weights",
                received=", ".join(map(str, given)) or "none",
                fix=None if self.built else "build first: call it on data, or give input_shape",
            )
        need_finite(
            [(v.name, _as_kept(value, v)) for v, value in zip(mine, values, strict=True)],
            f"{self.where}, set_weights",
            kind=DataError,
            fix="look where it came from; nothing was changed",
        )
        put(mine, values)

    def state_dict(self) -> dict[str, np.ndarray]:
        """Every weight and statistic by its path, as copies of one moment (PyTorch's name)."""
        named = self._named_weights()
        values = snapshot(list(named.values()))
        return {path: np.array(value) for path, value in zip(named, values, strict=True)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put values back by path; raises, changing nothing, when names or shapes differ."""
        mine = self._named_weights()
        if set(state) != set(mine):
            raise ArgumentError(
                "the names do not match",
                where=self.where,
                expected=", ".join(mine),
                received=", ".join(map(str, state)),
            )
        self.set_weights([state[path] for path in mine])

    def _named_weights(self) -> dict[str, Variable]:
        """Path of each weight, each once, in the order of `weights`."""
        chosen = {id(v) for v in self.weights}
        paths: dict[int, tuple[str, Variable]] = {}
        for path, v in self.named_variables():
            if id(v) in chosen:
                paths.setdefault(id(v), (path, v))
        return dict(paths[id(v)] for v in self.weights)


def _as_kept(value: np.ndarray, variable: Variable) -> np.ndarray:
    """A value in the variable's type, where what is too large is infinite."""
    with np.errstate(over="ignore"):
        return value.astype(variable.dtype, copy=False)
