"""Everything that changes is a Variable: a named box of a known kind. Everything else is fixed.

`swap(variables, values)` is the bridge from objects to pure functions: inside, reads and writes go
to the given values and never to the objects, so one and the same step can be run on NumPy arrays,
traced by a compiler, or replayed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from .arrays import as_numpy, is_float, numpy_dtype
from .chain import active_tape
from .errors import ShapeError, choose
from .operators import Node, Recordable, raw

__all__ = ["KINDS", "Variable", "active_swap", "discover", "frozen", "outside"]
__all__ += ["snapshot", "swap"]

KINDS = ("weight", "statistic", "seed", "slot", "metric", "carry")

_swap: ContextVar[swap | None] = ContextVar("chainrule_swap", default=None)
active_swap = _swap.get  # the innermost swap of this thread, or None


class Variable(Recordable):
    """A named array that changes.

    Args:
        value: the first value; anything that can become an array.
        name: shown in summaries, errors and files.
        kind: `weight` (trained), `statistic` (a running mean), `seed` (a random counter), `slot`
            (an optimizer's memory), `metric` (a running sum) or `carry` (a recurrent state).
        trainable: whether gradients are wanted; by default only for weights.
        dtype: element type; the default float type for floats.

    Example:
        >>> w = Variable([1.0, 2.0], name="w")
        >>> w.assign([3.0, 4.0])
        >>> w.numpy()
        array([3., 4.], dtype=float32)
    """

    __slots__ = (
        "__weakref__",
        "_value",
        "grad",
        "kind",
        "lender",
        "name",
        "regularizer",
        "trainable",
    )

    def __init__(
        self,
        value: Any,
        *,
        name: str = "variable",
        kind: str = "weight",
        trainable: bool | None = None,
        dtype: Any = None,
    ) -> None:
        if kind not in KINDS:
            raise choose("kind", kind, KINDS, where=f"Variable {name!r}")
        value = as_numpy(value)
        if dtype is not None or is_float(value):
            value = value.astype(numpy_dtype(dtype))
        self._value: Any = frozen(value)
        self.name, self.kind = name, kind
        self.trainable = kind == "weight" if trainable is None else trainable
        self.regularizer: Any = None
        self.grad: Any = None  # filled by `layer.backward`
        self.lender: Any = None  # an engine that holds the newest value on its device

    @property
    def value(self) -> Any:
        """The array: the swapped one inside `swap`, else the newest that any engine has."""
        swapped = _swap.get()
        if swapped is not None and (now := swapped.read(self)) is not None:
            return now
        lender = self.lender  # read once: another thread may take it back
        if lender is not None:
            lender.publish(self)
        return self._value

    def assign(self, value: Any) -> None:
        """Put a new value of the same shape; it is cast to the variable's type.

        Raises:
            ShapeError: the shape differs.
        """
        swapped = _swap.get()
        if swapped is not None and swapped.read(self) is None:
            swapped = None
        if swapped is not None and type(value) is np.ndarray:  # nearly always just right
            fits = value.shape == self._value.shape and value.dtype == self._value.dtype
            if fits:
                swapped.now[id(self)] = value
                return
        value = raw(value)
        if swapped is None or not hasattr(value, "dtype"):
            value = as_numpy(value)
        if np.shape(value) != self.shape:
            raise ShapeError(
                "a new value must have the shape of the old one",
                where=f"Variable {self.name!r}",
                expected=self.shape,
                received=value.shape,
            )
        if swapped is not None:
            swapped.now[id(self)] = value if value.dtype == self.dtype else value.astype(self.dtype)
            return
        self.lender = None  # an engine that held the variable fetches the new value
        self._value = frozen(value, self.dtype)

    def assign_add(self, value: Any) -> None:
        """Add to the value."""
        self.assign(self.value + value)

    def on_tape(self) -> Any:
        """The Node of this variable on the open tape if it is trained, else its array."""
        tape = active_tape()
        if tape is not None and self.trainable and (known := tape.known(self)) is not None:
            return known
        value = self.value
        if isinstance(value, Node) and (tape is None or value.tape is tape):
            return value.on_tape()
        return value if tape is None or not self.trainable else tape.leaf(self)

    def __eq__(self, other: object) -> Any:
        """Number by number; but whether they are the same one for two Variables, so that
        `v in model.weights` is a question with an answer.
        """
        return self is other if isinstance(other, Variable) else raw(self) == raw(other)

    def __ne__(self, other: object) -> Any:
        return self is not other if isinstance(other, Variable) else raw(self) != raw(other)

    __hash__ = object.__hash__

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        copy = Variable(
            self.value, name=self.name, kind=self.kind, trainable=self.trainable, dtype=self.dtype
        )
        copy.regularizer = self.regularizer
        memo[id(self)] = copy
        return copy

    def numpy(self) -> np.ndarray:
        """A copy of the value as a NumPy array."""
        return np.array(self.value)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.value, dtype=dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return np.shape(self._value)

    @property
    def dtype(self) -> Any:
        """Element type."""
        return self._value.dtype

    def __repr__(self) -> str:
        frozen = "" if self.trainable or self.kind != "weight" else ", trainable=False"
        what = f"shape={self.shape}, dtype={self.dtype}, kind={self.kind!r}{frozen}"
        return f"Variable({self.name!r}, {what})"


def frozen(value: Any, dtype: Any = None) -> np.ndarray:
    """A copy that nobody can write into: a variable changes by `assign` alone."""
    value = np.array(value, dtype)
    value.flags.writeable = False
    return value


class swap:
    """Inside, these variables have these values; outside, nothing happened.

    `owned=True` says that the values belong to the caller alone, so that an optimizer may write
    into the arrays instead of making new ones.

    Example:
        >>> w = Variable(1.0, name="w")
        >>> with swap([w], [np.float32(5)]) as now:
        ...     w.assign_add(1)
        >>> now.values(), float(w)
        ([np.float32(6.0)], 1.0)
    """

    def __init__(
        self, variables: Sequence[Variable], values: Iterable[Any], *, owned: bool = False
    ) -> None:
        self.variables, self.owned = variables, owned
        self.now = dict(zip(map(id, variables), values, strict=True))

    def read(self, variable: Variable) -> Any:
        """The swapped value, or None for a variable that is not swapped."""
        return self.now.get(id(variable))

    def values(self) -> list[Any]:
        """The values now, in the order of the variables."""
        return [self.now[id(v)] for v in self.variables]

    def __enter__(self) -> swap:
        outer = _swap.get()
        if outer is not None:  # an inner swap sees what the outer one swapped
            self.now = outer.now | self.now
        self._token = _swap.set(self)
        return self

    def __exit__(self, *exc: object) -> None:
        _swap.reset(self._token)
        outer = _swap.get()
        if outer is not None:  # what belongs to the outer swap was changed on its behalf
            own = set(map(id, self.variables))
            outer.now |= {k: v for k, v in self.now.items() if k in outer.now and k not in own}


def snapshot(variables: Sequence[Variable]) -> list[Any]:
    """The values of all variables at one moment, also while an engine is training them."""
    lender = next((v.lender for v in variables if v.lender is not None), None)
    if lender is None:
        return [v.value for v in variables]
    with lender.lock:
        return [v.value for v in variables]


@contextmanager
def outside() -> Iterator[None]:
    """Leaves every swap for a while: for what happens once and is no part of a step."""
    token = _swap.set(None)
    try:
        yield
    finally:
        _swap.reset(token)


class discover(swap):
    """A swap that takes in every variable it meets: which variables does a function touch?

    The function really runs, on copies; afterwards nothing has changed and `variables` lists what
    it read or assigned.
    """

    def __init__(self) -> None:
        super().__init__([], [])
        self.variables: list[Variable] = []

    def read(self, variable: Variable) -> Any:
        """The value here; a variable met for the first time is entered with its value outside."""
        if id(variable) not in self.now:
            self.variables.append(variable)
            self.now[id(variable)] = (
                variable._value if variable.lender is None else _newest(variable)
            )
        return self.now[id(variable)]


def _newest(variable: Variable) -> Any:
    variable.lender.publish(variable)
    return variable._value
