"""Everything that changes is a Variable: a named box of a known kind. Everything else is fixed.

`swap(variables, values)` is the bridge from objects to pure functions: inside, reads and writes go
to the given values and never to the objects, so one and the same step can be run on NumPy arrays,
traced by a compiler, or replayed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

import numpy as np

from .arrays import as_numpy, asarray, is_float, numpy_dtype
from .calls import constructor_answers
from .chain import Node, active_tape
from .errors import ShapeError, choose
from .live import live_tape
from .operators import Recordable, raw
from .vocabulary import answer_of

__all__ = ["KINDS", "Holder", "Variable", "active_swap", "discover", "follow", "frozen"]
__all__ += ["claim", "commits", "outside", "put", "release", "snapshot", "swap"]

KINDS = ("weight", "statistic", "seed", "slot", "metric", "carry")

_swap: ContextVar[swap | None] = ContextVar("chainrule_swap", default=None)
active_swap = _swap.get  # the innermost swap of this thread, or None


changes = [0]  # of all structure: while it stands still, nothing has changed anywhere


def count_change() -> None:
    """Something that compiled programs may depend on has changed."""
    changes[0] += 1


class Holder(Protocol):
    """Who has the newest values of some Variables for a while: a run of fit.

    `pull` gives the values of all of them at one moment, between two steps; `push` puts new ones in
    together, between two steps; `active` says that it is training them just now.
    """

    active: bool

    def pull(self, variables: Sequence[Variable]) -> list[Any]:
        """The newest values, all of one moment."""
        ...

    def push(self, variables: Sequence[Variable], values: Sequence[Any]) -> bool:
        """Take new values; False where the holder has let go of the variables meanwhile."""
        ...


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
        "_trainable",
        "_value",
        "constraint",
        "grad",
        "holder",
        "kind",
        "name",
        "regularizer",
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
        if value.dtype.kind in "OSUMm":
            value = asarray(value, name=f"Variable {name!r}")  # says what is no number
        if dtype is not None or is_float(value):
            value = value.astype(numpy_dtype(dtype))
        self._value: Any = frozen(value)
        self.name, self.kind = name, kind
        self.trainable = kind == "weight" if trainable is None else trainable
        self.regularizer: Any = None
        self.constraint: Any = None  # what an optimizer applies after each step
        self.grad: Any = None  # filled by `layer.backward`
        self.holder: Holder | None = None  # who has the newest value, if not this object

    @property
    def trainable(self) -> bool:
        """Whether gradients are wanted and training changes it."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        count_change()

    def __getstate__(self) -> dict[str, Any]:
        """For pickle and copy: the value of now, without whoever holds it."""
        names = ("kind", "name", "regularizer", "constraint", "_trainable")
        kept = {name: getattr(self, name) for name in names}
        return kept | {"_value": np.array(self.value)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.constraint = None  # of an older pickle
        for name, value in state.items():
            setattr(self, name, frozen(value) if name == "_value" else value)
        self.grad = self.holder = None

    @property
    def value(self) -> Any:
        """The array: the swapped one inside `swap`, else the newest that any run of fit has."""
        swapped = _swap.get()
        if swapped is not None and (now := swapped.read(self)) is not None:
            return now
        holder = self.holder  # read once: another thread may let it go
        return self._value if holder is None else holder.pull([self])[0]

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
        put([self], [value])

    def retype(self, dtype: Any) -> None:
        """Keep the value in another type from now on."""
        self._value, self.holder = frozen(self.value, numpy_dtype(dtype)), None

    def constrained(self, value: Any) -> Any:
        """A new value as the constraint wants it, where there is one."""
        if self.constraint is None:
            return value
        return raw(self.constraint(value)).astype(self.dtype)

    def assign_add(self, value: Any) -> None:
        """Add to the value."""
        self.assign(self.value + value)

    def on_tape(self) -> Any:
        """The Node of this variable on the open tape if it is trained, else its array."""
        tape = active_tape()
        if tape is None and active_swap() is None:
            tape = live_tape(self)
        if tape is not None and self.trainable:
            return tape.leaf(self)
        value = self.value
        return value.on_tape() if isinstance(value, Node) else value

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
        copy.regularizer, copy.constraint = self.regularizer, self.constraint
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
        return self._value.shape

    @property
    def dtype(self) -> Any:
        """Element type."""
        return self._value.dtype

    def __repr__(self) -> str:
        frozen = "" if self.trainable or self.kind != "weight" else ", trainable=False"
        what = f"shape={self.shape}, dtype={self.dtype}, kind={self.kind!r}{frozen}"
        value = raw(self.value)
        if isinstance(value, np.ndarray):  # a traced value has no numbers
            numbers = np.array2string(value, precision=6, threshold=12, edgeitems=3, separator=", ")
            what += ", value=" + ("\n" if value.ndim > 1 else "") + numbers
        return f"Variable({self.name!r}, {what})"

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(repr(self))}</pre>"


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


# values that belong together are put, and read, under it; reentrant, so that a run may use it too
_commit = threading.RLock()
if hasattr(os, "register_at_fork"):  # a child begins between two commits, and finds it open
    os.register_at_fork(
        before=_commit.acquire, after_in_parent=_commit.release, after_in_child=_commit.release
    )


def commits() -> Any:
    """The lock under which values that belong together are put and read."""
    return _commit


def snapshot(variables: Sequence[Variable]) -> list[Any]:
    """The values of all variables at one moment, also while a run of fit trains them."""
    with _commit:
        holders = {id(h): h for h in [v.holder for v in variables] if h is not None}
        if not holders and active_swap() is None:  # nearly always
            return [v._value for v in variables]
        if not holders:
            return [v.value for v in variables]
        held = {
            key: iter(h.pull([v for v in variables if v.holder is h])) for key, h in holders.items()
        }
        return [v.value if v.holder is None else next(held[id(v.holder)]) for v in variables]


def put(variables: Sequence[Variable], values: Sequence[Any]) -> None:
    """New values for all variables at once: a fit in another thread sees all of them or none.

    They are cast to the variables' types; shapes were looked at before.
    """
    new = [frozen(value, v.dtype) for v, value in zip(variables, values, strict=True)]
    with _commit:
        by_holder: dict[int, list[int]] = {}
        for i, v in enumerate(variables):
            by_holder.setdefault(id(v.holder), []).append(i)
        for places in by_holder.values():
            holder = variables[places[0]].holder
            chosen = [variables[i] for i in places]
            if holder is not None and holder.push(chosen, [new[i] for i in places]):
                continue
            for i in places:
                variables[i].holder = None
                variables[i]._value = new[i]


def release(variables: Sequence[Variable], holder: Holder, values: Sequence[Any]) -> None:
    """What `holder` still holds goes back into the Variables themselves, all at once."""
    with _commit:
        for v, value in zip(variables, values, strict=True):
            if v.holder is holder:
                v._value, v.holder = value, None


def claim(
    variables: Sequence[Variable],
    holder: Holder,
    may_take: Callable[[Variable, Holder], bool],
    ready: Callable[[list[Any]], None],
) -> None:
    """Make `holder` the one that has these variables.

    `may_take(variable, other)` is asked where somebody else has one: False leaves it there. It may
    raise; then nothing has changed. `ready(values)` is called with the values of that moment before
    anybody is sent to `holder` for them; of those that it holds already it has the newest itself.
    """
    with _commit:
        mine = [v.holder is None or v.holder is holder or may_take(v, v.holder) for v in variables]
        known = (None, holder)
        values = [v._value if v.holder in known else v.holder.pull([v])[0] for v in variables]
        ready(values)
        for v, taken in zip(variables, mine, strict=True):
            if taken:
                v.holder = holder


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
            with outside():
                self.now[id(variable)] = variable.value
        return self.now[id(variable)]


class follow(swap):
    """A swap inside which every Variable may be read and assigned, and nobody outside learns of it.

    For a function that is run to see what it does: a Variable has its value of now, or the one
    that is given; `changed` lists those that were assigned, in the order in which they were met.
    """

    def __init__(self, variables: Sequence[Variable] = (), values: Iterable[Any] = ()) -> None:
        super().__init__(variables, values)
        self._met = {id(v): v for v in variables}
        self._first = dict(self.now)

    def read(self, variable: Variable) -> Any:
        """The value here; the first time, the one outside."""
        key = id(variable)
        if key not in self._met:
            self._met[key] = variable
            if key not in self.now:
                token = _swap.set(self._outer)
                try:
                    self.now[key] = variable.value
                finally:
                    _swap.reset(token)
            self._first[key] = self.now[key]
        return self.now[key]

    @property
    def met(self) -> list[tuple[Variable, Any]]:
        """The Variables that were read or assigned, each with the value it had before."""
        return [(v, self._first[key]) for key, v in self._met.items()]

    @property
    def changed(self) -> list[Variable]:
        """The Variables that were assigned."""
        return [v for key, v in self._met.items() if self.now[key] is not self._first[key]]

    def __enter__(self) -> follow:
        self._outer = _swap.get()
        if self._outer is not None:
            self.now = self._outer.now | self.now
        self._token = _swap.set(self)
        return self

    def __exit__(self, *exc: object) -> None:
        _swap.reset(self._token)


answer_of(Variable, "variable")
constructor_answers(Variable)
