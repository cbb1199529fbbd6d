"""A graph: operations are its nodes, tensors are the edges between them.

Nothing is computed when a graph is made. Every operation knows the tensors it takes, the ones it
makes and the function between; `Session.run` computes those that are asked for.
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..errors import (
    ArgumentError,
    DataError,
    StateError,
    UnknownNameError,
    caller,
    did_you_mean,
)
from ..variable import Variable as Box
from ..vocabulary import loaded
from .kinds import TensorShape, convert, type_name

__all__ = ["Graph", "Operation", "Tensor", "get_default_graph", "reset_default_graph"]

_numbers: list[Any] = []  # the module of operations, which stands above: see `use_operations`


def use_operations(module: Any) -> None:
    """Called once by the module whose functions the operators +, −, ... run."""
    _numbers[:] = [module]


def _binary(name: str) -> tuple[Any, Any]:
    """The methods `self ∘ other` and `other ∘ self` for the operation of that name."""

    def forward(self: Any, other: Any) -> Any:
        return getattr(_numbers[0], name)(self, other, name=_OPERATOR.get(name))

    def reflected(self: Any, other: Any) -> Any:
        return getattr(_numbers[0], name)(other, self, name=_OPERATOR.get(name))

    return forward, reflected


# how TensorFlow names what an operator made
_OPERATOR = {"add": "add", "subtract": "sub", "multiply": "mul", "truediv": "truediv"}


class Tensor:
    """A value of a graph: it has a type and a shape, and no numbers until a session computes them.

    Example:
        >>> import chainrule.graph as tf
        >>> with tf.Graph().as_default():
        ...     print(tf.add(tf.constant(5.0, tf.float32), 3.0))
        Tensor("Add:0", shape=(), dtype=float32)
    """

    __slots__ = ("__weakref__", "dtype", "index", "op", "shape")
    __array_ufunc__ = None  # array + tensor asks the tensor

    __add__, __radd__ = _binary("add")
    __sub__, __rsub__ = _binary("subtract")
    __mul__, __rmul__ = _binary("multiply")
    __truediv__, __rtruediv__ = _binary("truediv")
    __floordiv__, __rfloordiv__ = _binary("floordiv")
    __mod__, __rmod__ = _binary("mod")
    __pow__, __rpow__ = _binary("pow")
    __matmul__, __rmatmul__ = _binary("matmul")
    __lt__, __gt__ = _binary("less")
    __le__, __ge__ = _binary("less_equal")
    __and__, __rand__ = _binary("logical_and")
    __or__, __ror__ = _binary("logical_or")
    # TensorFlow 1 compares identities here, so that `accuracy = mean(cast(a == b))` is always 0
    __eq__, _ = _binary("equal")
    __ne__, _ = _binary("not_equal")
    __hash__ = object.__hash__

    def __init__(self, op: Operation, index: int, dtype: np.dtype, shape: TensorShape) -> None:
        self.op, self.index, self.dtype, self.shape = op, index, dtype, shape

    @property
    def name(self) -> str:
        """The operation's name, and which of its results it is: `"Add:0"`."""
        return f"{self.op.name}:{self.index}"

    @property
    def graph(self) -> Graph:
        """The graph it stands in."""
        return self.op.graph

    def get_shape(self) -> TensorShape:
        """The shape, with None for what is not known yet."""
        return self.shape

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """Its value, computed by the session given, or by the one of the `with` block around.

        Raises:
            StateError: there is no session.

        Example:
            >>> import chainrule.graph as tf
            >>> with tf.Session():
            ...     print(tf.constant(2.0).eval())
            2.0
        """
        return _session(session, "eval").run(self, feed_dict)

    def diagram(self, **look: Any) -> Any:
        """What leads to this tensor, drawn; see `Graph.diagram`."""
        return loaded("graph.picture", "draw_graph")(self.graph, self, **look)

    def __neg__(self) -> Any:
        return _numbers[0].negative(self)

    def __abs__(self) -> Any:
        return _numbers[0].abs(self)

    def __invert__(self) -> Any:
        return _numbers[0].logical_not(self)

    def __getitem__(self, index: Any) -> Any:
        return _numbers[0].getitem(self, index)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __len__(self) -> int:
        if self.shape.ndims and self.shape[0] is not None:
            return self.shape[0]
        raise self._empty("its length is not known")

    def __bool__(self) -> bool:
        raise self._empty("it is neither true nor false yet")

    def __float__(self) -> float:
        raise self._empty()

    def __int__(self) -> int:
        raise self._empty()

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise self._empty("NumPy, layers and models compute with arrays")

    def _empty(self, so: str = "") -> StateError:
        return StateError(
            "a tensor has no numbers before a session runs" + (f": {so}" if so else ""),
            where=repr(self),
            fix="sess.run(tensor) gives them; in the graph compute with tf.add, tf.exp, tf.where",
        )

    def __repr__(self) -> str:
        shape = "" if self.shape.ndims is None else f", shape={self.shape}"
        return f'Tensor("{self.name}"{shape}, dtype={type_name(self.dtype)})'


class Operation:
    """A node of a graph: what is computed, from which tensors, and where that was written.

    Args:
        graph: where it stands.
        type: what it does, in TensorFlow's word: `"Add"`.
        name: what it is to be called; a number is added where the graph has that name.
        inputs: the tensors it takes.
        function: from their values to its own (a tuple, where it makes several).
        makes: (type, shape) of each tensor it makes.
        differentiable: whether a gradient flows through it.

    Example:
        >>> import chainrule.graph as tf
        >>> with tf.Graph().as_default() as graph:
        ...     y = tf.sqrt(tf.constant(2.0))
        >>> [op.name for op in graph.get_operations()], y.op.type
        (['Const', 'Sqrt'], 'Sqrt')
    """

    changes: tuple[Box, ...] = ()  # the variables that it assigns to
    sources: Sequence[Tensor] = ()  # the tensors at which it asks for a gradient
    members: Sequence[Operation] = ()  # the operations that run with it
    on_host = False  # runs on NumPy whatever the session's engine is
    told = False  # it has warned of its shapes

    def __init__(
        self,
        graph: Graph,
        type: str,
        name: str | None,
        inputs: Sequence[Tensor] = (),
        function: Callable[..., Any] | None = None,
        makes: Sequence[tuple[np.dtype, TensorShape]] = (),
        differentiable: bool = True,
    ) -> None:
        self.graph, self.type, self.inputs = graph, type, list(inputs)
        self.function, self.differentiable = function, differentiable
        self.made_at = caller()
        self.outputs = [Tensor(self, k, *made) for k, made in enumerate(makes)]
        graph.add(self, name or type)

    name: str
    number: int  # of the operations of its graph, in the order they were made

    @property
    def where(self) -> str:
        """For messages: type, name, and the line that made it."""
        return f"{self.type} {self.name!r} ({self.made_at})"

    def compute(self, values: list[Any], run: Any) -> Any:
        """Its value, or a tuple of them; `run` is the computation it is part of."""
        assert self.function is not None  # noqa: S101  a subclass computes otherwise
        return self.function(*values)

    def state(self) -> tuple[Box, ...]:
        """The Variables that it reads or changes."""
        return ()

    def first_state(self, key: Any) -> Any:
        """What its own Variable is in a session that has not run it; None for the usual first."""
        return None

    def version(self) -> Any:
        """Something that is another when settings have changed that a program takes as fixed."""
        return None

    def say(self) -> Any:
        """The warning, or the error, that belongs to the flag that it raised in a run."""
        return f"{self.where}: its numbers are not what it expects"

    def diagram(self, **look: Any) -> Any:
        """What leads to this operation, drawn; see `Graph.diagram`."""
        return loaded("graph.picture", "draw_graph")(self.graph, self, **look)

    def run(self, feed_dict: Any = None, session: Any = None) -> None:
        """Run it in the session given, or in that of the `with` block around."""
        _session(session, "run").run(self, feed_dict)

    def __repr__(self) -> str:
        return f"<tf.Operation {self.name!r} type={self.type}>"


class Graph:
    """Operations in the order they were made, with their names, and the Variables among them.

    Example:
        >>> import chainrule.graph as tf
        >>> graph = tf.Graph()
        >>> with graph.as_default():
        ...     x = tf.placeholder(tf.float32, [None, 2], name="x")
        >>> graph.get_tensor_by_name("x:0") is x
        True
    """

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.variables: list[Any] = []  # those of users, in the order they were made
        self.slots: list[Box] = []  # what optimizers remember
        self.seed: int | None = None
        self._names: dict[str, Operation] = {}
        self._lock = threading.Lock()

    def add(self, operation: Operation, name: str) -> None:
        """Enter an operation under its name, or the next free one like it."""
        with self._lock:
            free, n = name, 0
            while free in self._names:
                n += 1
                free = f"{name}_{n}"
            operation.name, operation.number = free, len(self.operations)
            self._names[free] = operation
            self.operations.append(operation)

    def get_operations(self) -> list[Operation]:
        """All operations, in the order they were made."""
        return list(self.operations)

    def get_operation_by_name(self, name: str) -> Operation:
        """The operation of that name.

        Raises:
            UnknownNameError: there is none, with the nearest name there is.
        """
        found = self._names.get(name)
        if found is None:
            raise UnknownNameError(
                f"there is no operation {name!r} in this graph",
                where="Graph",
                fix=did_you_mean(name, self._names) if self._names else "the graph is empty",
            )
        return found

    def get_tensor_by_name(self, name: str) -> Tensor:
        """The tensor of that name, such as `"Add:0"`.

        Raises:
            UnknownNameError: there is none.
        """
        operation, _, place = str(name).partition(":")
        made = self.get_operation_by_name(operation).outputs
        if not place.isdigit() or int(place) >= len(made):
            raise UnknownNameError(
                f"there is no tensor {name!r} in this graph",
                where="Graph",
                fix=f"use {made[0].name!r}" if made else f"{operation!r} makes no tensor",
            )
        return made[int(place)]

    @contextmanager
    def as_default(self) -> Iterator[Graph]:
        """Inside the `with` block, what is made goes into this graph."""
        _here.graphs.append(self)
        try:
            yield self
        finally:
            _here.graphs.remove(self)

    def diagram(self, **look: Any) -> Any:
        """The graph as a drawing: operations are nodes, tensors lead from one to the next.

        Args:
            look: `title`, `theme` and `direction` as for `cr.plots.network`.

        Raises:
            ArgumentError: the graph is empty, or too large to be read.

        Example:
            >>> import chainrule.graph as tf
            >>> with tf.Graph().as_default() as graph:
            ...     y = tf.placeholder(tf.float32, name="x") * 2.0
            >>> ">x<" in graph.diagram().svg()  # shown by a notebook, written by .save(path)
            True
        """
        return loaded("graph.picture", "draw_graph")(self, None, **look)

    def _repr_svg_(self) -> str | None:
        return self.diagram().svg() if 0 < len(self.operations) <= 40 else None


class _Here(threading.local):
    """The default graph and session of a thread."""

    def __init__(self) -> None:
        self.graphs: list[Graph] = []
        self.base = Graph()
        self.sessions: list[Any] = []


_here = _Here()


def get_default_graph() -> Graph:
    """The graph that operations go into: each thread has its own, as in TensorFlow 1.

    Example:
        >>> import chainrule.graph as tf
        >>> with tf.Graph().as_default() as graph:
        ...     tf.get_default_graph() is graph
        True
    """
    return _here.graphs[-1] if _here.graphs else _here.base


def reset_default_graph() -> None:
    """Begin with an empty graph; what was made before belongs to the old one.

    Raises:
        StateError: inside `with graph.as_default()`, which says itself which graph it is.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.reset_default_graph()
        >>> tf.get_default_graph().get_operations()
        []
    """
    if _here.graphs:
        raise StateError(
            "the default graph was chosen by a `with` block",
            where="reset_default_graph",
            fix="leave `with graph.as_default():` (or `with session:`) first",
        )
    _here.base = Graph()


def default_sessions() -> list[Any]:
    """The sessions of the `with` blocks around, the innermost last."""
    return _here.sessions


def _session(session: Any, what: str) -> Any:
    if session is not None:
        return session
    if not _here.sessions:
        raise StateError(
            f"there is no session to {what} this in",
            where=what,
            fix="sess = tf.Session(); sess.run(tensor), or call it inside `with tf.Session():`",
        )
    return _here.sessions[-1]


# --- values as tensors --------------------------------------------------------------------------


def constant_of(value: np.ndarray, name: str | None = None, graph: Graph | None = None) -> Tensor:
    """A tensor that always has this value; nobody can write into it any more."""
    value = value.copy()
    value.flags.writeable = False
    made = [(value.dtype, TensorShape(value.shape))]
    graph = graph or get_default_graph()
    return Constant(graph, "Const", name, (), None, made, value=value).outputs[0]


class Constant(Operation):
    """An operation that always makes the same value."""

    def __init__(self, *args: Any, value: np.ndarray) -> None:
        self.value = value
        super().__init__(*args)

    def compute(self, values: list[Any], run: Any) -> Any:
        """The value."""
        return self.value


def tensor_of(value: Any, dtype: np.dtype | None, where: str, graph: Graph | None = None) -> Tensor:
    """A tensor as it is, anything else as a constant; lists of tensors are put together.

    Raises:
        ArgumentError: a tensor of another graph.
    """
    if isinstance(value, Tensor):
        if graph is not None and value.graph is not graph:
            raise other_graph(value, where)
        return value
    if isinstance(value, (list, tuple)) and _holds_tensors(value):
        return _numbers[0].stack(value)
    if isinstance(value, Operation):
        raise ArgumentError(
            "an operation that changes variables has no value",
            where=where,
            expected="a tensor, an array, a list or a number",
            received=repr(value),
        )
    return constant_of(convert(value, dtype, where), graph=graph)


def _holds_tensors(value: Any) -> bool:
    return isinstance(value, Tensor) or (
        isinstance(value, (list, tuple)) and any(map(_holds_tensors, value))
    )


def other_graph(value: Any, where: str) -> ArgumentError:
    """The error for something that stands in another graph."""
    return ArgumentError(
        "this stands in another graph",
        where=where,
        received=f"{value!r}, made at {getattr(value, 'op', value).made_at}",
        fix="make all of it in one graph (tf.reset_default_graph() begins a new one), and a "
        "tf.Session(graph=...) of that graph; a new thread has a default graph of its own",
    )


def graph_of(values: Sequence[Any], where: str) -> Graph:
    """The graph of the tensors among the values, the default one where there are none.

    Raises:
        ArgumentError: they stand in different graphs.
    """
    found: Graph | None = None
    for value in values:
        inside = [value] if isinstance(value, Tensor) else ()
        if isinstance(value, (list, tuple)) and _holds_tensors(value):
            inside = [v for v in value if isinstance(v, Tensor)]
        for tensor in inside:
            if found is not None and tensor.graph is not found:
                raise other_graph(tensor, where)
            found = tensor.graph
    return found or get_default_graph()


def warn(message: str) -> None:
    """A warning at the user's own line."""
    frame, depth = sys._getframe(1), 2
    package = __name__.rpartition(".graph")[0]
    while frame is not None and frame.f_globals.get("__name__", "").startswith(package + "."):
        frame, depth = frame.f_back, depth + 1
    warnings.warn(message, stacklevel=depth)


def need_same_type(a: Tensor, b: Tensor, where: str) -> None:
    """Tensors of different types do not meet: nothing is cast behind anybody's back.

    Raises:
        DataError: the types differ.
    """
    if a.dtype != b.dtype:
        wider = a if a.dtype.kind == "f" or b.dtype.kind != "f" else b
        other = b if wider is a else a
        raise DataError(
            "the two tensors have different types",
            where=where,
            expected="one type on both sides",
            received=f"{a!r} and {b!r}",
            fix=f"tf.cast({other.name.split(':')[0]}, tf.{type_name(wider.dtype)})",
        )
