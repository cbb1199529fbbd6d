"""Variables of a graph: each session has its own value of each, from `initial_value` on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..variable import Variable as Box
from .kinds import STRING, TensorShape, as_dtype, convert, type_name
from .making import spoken
from .nodes import (
    Graph,
    Operation,
    Tensor,
    constant_of,
    get_default_graph,
    need_same_type,
    tensor_of,
    warn,
)

__all__ = [
    "Assign",
    "Initialize",
    "Variable",
    "assign",
    "assign_add",
    "assign_sub",
    "global_variables",
    "global_variables_initializer",
    "trainable_variables",
    "variables_initializer",
]


class Reading(Operation):
    """The value of a variable in the session that runs."""

    box: Box

    def compute(self, values: list[Any], run: Any) -> Any:
        """The value when the run began."""
        return self.box.value

    def state(self) -> tuple[Box, ...]:
        """The variable."""
        return (self.box,)


class Variable(Tensor):
    """A tensor that keeps its value between runs of a session, and can be trained.

    It has no value before `sess.run(tf.global_variables_initializer())`; every session has its own.

    Args:
        initial_value: a number, a list, an array, or a tensor such as `tf.random_normal([2, 3])`.
        trainable: whether `minimize` changes it. Deck 004 writes `tf.Variable([0.3], tf.float32)`:
            a type in this place is taken as `dtype`, and a warning says so (TensorFlow 1 takes
            it for a `trainable` that is true, without a word).
        name: how it is called in messages; numbered where the graph has that name.
        dtype: its type; that of `initial_value` by default.

    Raises:
        ArgumentError: no initial value, one whose shape is not known, a `trainable` that is none.

    Example:
        >>> import chainrule.graph as tf
        >>> w = tf.Variable([0.3, 0.5], name="w")
        >>> with tf.Session() as sess:
        ...     sess.run(tf.global_variables_initializer())
        ...     sess.run(w.assign(2.0 * w))
        array([0.6, 1. ], dtype=float32)
    """

    def __init__(
        self,
        initial_value: Any = None,
        trainable: Any = True,
        *,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        where = f"tf.Variable {name!r}" if name else "tf.Variable"
        if not isinstance(trainable, (bool, np.bool_)):
            trainable, dtype = _meant(trainable, dtype, where)
        kind = None if dtype is None else as_dtype(dtype, where)
        value = initial_value() if callable(initial_value) else initial_value
        if value is None:
            raise ArgumentError(
                "a variable needs an initial value",
                where=where,
                fix="tf.Variable(0.0), or tf.Variable(tf.random_normal([2, 3]))",
            )
        initial = _initial(value, kind, where)
        graph = initial.graph
        with graph.as_default():
            op = Reading(
                graph, "VariableV2", name or "Variable", makes=[(initial.dtype, initial.shape)]
            )
        super().__init__(op, 0, initial.dtype, initial.shape)
        op.outputs[0] = self
        self.initial_value, self.trainable = initial, bool(trainable)
        self.box = op.box = _box(op.name, initial, self.trainable)
        graph.variables.append(self)

    @property
    def initializer(self) -> Operation:
        """The operation that gives it its initial value."""
        return Initialize(self.graph, [self])

    def assign(self, value: Any, name: str | None = None) -> Tensor:
        """A tensor: the new value, which the variable has after the run."""
        return _assign("Assign", self, value, name)

    def assign_add(self, delta: Any, name: str | None = None) -> Tensor:
        """The value and `delta`, which the variable has after the run."""
        return _assign("AssignAdd", self, self + delta, name)

    def assign_sub(self, delta: Any, name: str | None = None) -> Tensor:
        """The value less `delta`, which the variable has after the run."""
        return _assign("AssignSub", self, self - delta, name)

    def load(self, value: Any, session: Any = None) -> None:
        """Put a value into a session, without an operation."""
        from .nodes import _session

        _session(session, "load").load(self, value)

    def value(self) -> Tensor:
        """The tensor that reads it: itself."""
        return self

    def __repr__(self) -> str:
        return f"<tf.Variable {self.name!r} shape={self.shape} dtype={type_name(self.dtype)}>"


def _meant(second: Any, dtype: Any, where: str) -> tuple[bool, Any]:
    """A type given as second argument, as deck 004 prints it: it is meant as `dtype`."""
    try:
        kind = as_dtype(second, where)
    except ArgumentError:
        raise ArgumentError(
            "trainable is True or False",
            where=where,
            received=repr(second)[:100],
            fix="tf.Variable(initial_value, dtype=tf.float32, name='w')",
        ) from None
    warn(
        f"{where}: the second argument is `trainable`; {spoken(kind)} is taken as it is meant: "
        f"write dtype={spoken(kind)}"
    )
    return True, kind if dtype is None else dtype


def _initial(value: Any, dtype: np.dtype | None, where: str) -> Tensor:
    if not isinstance(value, Tensor):
        return tensor_of(value, dtype, where)
    if dtype is not None and dtype != value.dtype:
        like = constant_of(np.zeros((), dtype), graph=value.graph)
        need_same_type(like, value, where)
    if not value.shape.is_known:
        raise ArgumentError(
            "the shape of the initial value must be known",
            where=where,
            received=repr(value),
            fix="give it a shape: tf.random_normal([784, 10]), tf.reshape(x, [2, 3])",
        )
    return value


def _box(name: str, initial: Tensor, trainable: bool) -> Box:
    """What a session finds the value by. Its own value is never read: sessions keep theirs."""
    kind = np.dtype("int8") if initial.dtype == STRING else initial.dtype
    value = np.zeros(tuple(initial.shape), kind)
    return Box(value, name=name, trainable=trainable, dtype=kind if kind.kind == "f" else None)


class Assign(Operation):
    """Gives a variable a new value once everything else of the run is computed."""

    box: Box

    def compute(self, values: list[Any], run: Any) -> Any:
        """The new value."""
        (value,) = values
        if tuple(np.shape(value)) != self.box.shape:
            raise ShapeError(
                "a new value must have the shape of the variable",
                where=f"variable {self.box.name!r}",
                expected=self.box.shape,
                received=tuple(np.shape(value)),
            )
        run.assign(self.box, value)
        return value


def _assign(type: str, variable: Any, value: Any, name: str | None) -> Tensor:
    if not isinstance(variable, Variable):
        raise ArgumentError(
            "only a variable can be assigned to",
            where=f"tf.{type.lower()}",
            received=repr(variable)[:100],
            fix="w = tf.Variable(...); tf.assign(w, value)",
        )
    where = f"assignment to {variable.op.name!r}"
    graph = variable.graph
    with graph.as_default():
        tensor = tensor_of(value, variable.dtype, where, graph)
        need_same_type(variable, tensor, where)
        if tensor.shape.is_known and tensor.shape != variable.shape:
            raise ShapeError(
                "a new value must have the shape of the variable",
                where=where,
                expected=variable.shape,
                received=tensor.shape,
            )
        op = Assign(graph, type, name, [tensor], makes=[(variable.dtype, variable.shape)])
    op.box, op.changes = variable.box, (variable.box,)
    return op.outputs[0]


def assign(ref: Variable, value: Any, name: str | None = None) -> Tensor:
    """A tensor: the new value, which the variable has after the run.

    Example:
        >>> import chainrule.graph as tf
        >>> w = tf.Variable(1.0)
        >>> print(tf.Session().run(tf.assign(w, 5.0)))
        5.0
    """
    return _assign("Assign", ref, value, name)


def assign_add(ref: Variable, value: Any, name: str | None = None) -> Tensor:
    """The variable's value and `value`, which it has after the run.

    Example:
        >>> import chainrule.graph as tf
        >>> count = tf.Variable(0)
        >>> more = tf.assign_add(count, 1)
        >>> sess = tf.Session()
        >>> sess.run(tf.global_variables_initializer())
        >>> [int(sess.run(more)) for _ in range(3)]
        [1, 2, 3]
    """
    return _assign("AssignAdd", ref, ref + value, name)


def assign_sub(ref: Variable, value: Any, name: str | None = None) -> Tensor:
    """The variable's value less `value`, which it has after the run.

    Example:
        >>> import chainrule.graph as tf
        >>> w = tf.Variable(1.0)
        >>> sess = tf.Session()
        >>> sess.run(w.initializer)
        >>> print(sess.run(tf.assign_sub(w, 0.25)))
        0.75
    """
    return _assign("AssignSub", ref, ref - value, name)


class Initialize(Operation):
    """Gives variables their initial values; `everything` also forgets what optimizers remember."""

    def __init__(
        self, graph: Graph, variables: Sequence[Variable], everything: bool = False
    ) -> None:
        self.variables, self.everything = list(variables), everything
        self.changes = tuple(v.box for v in variables)
        super().__init__(graph, "NoOp", "init", [v.initial_value for v in variables])

    def compute(self, values: list[Any], run: Any) -> None:
        """Nothing; the values are there after the run."""
        for variable, value in zip(self.variables, values, strict=True):
            run.assign(variable.box, value)


def global_variables_initializer() -> Operation:
    """The operation that gives every variable of the graph its initial value.

    It stands for the variables that were made before it: call it when the graph is complete.

    Example:
        >>> import chainrule.graph as tf
        >>> node_3 = tf.Variable([0.3], name="node_3")
        >>> sess = tf.Session()
        >>> sess.run(node_3)
        Traceback (most recent call last):
        ...
        chainrule.errors.StateError: run: the variable 'node_3' has no value in this session yet
          fix: sess.run(tf.global_variables_initializer()) first; it stands for the variables
        that were made before it
        >>> sess.run(tf.global_variables_initializer())
        >>> sess.run(node_3)
        array([0.3], dtype=float32)
    """
    graph = get_default_graph()
    return Initialize(graph, graph.variables, everything=True)


def variables_initializer(var_list: Sequence[Variable]) -> Operation:
    """The operation that gives these variables their initial values.

    Example:
        >>> import chainrule.graph as tf
        >>> w = tf.Variable(2.0)
        >>> sess = tf.Session()
        >>> sess.run(tf.variables_initializer([w]))
        >>> print(sess.run(w))
        2.0
    """
    chosen = list(var_list)
    return Initialize(chosen[0].graph if chosen else get_default_graph(), chosen)


def global_variables() -> list[Variable]:
    """All variables of the graph, in the order they were made.

    Example:
        >>> import chainrule.graph as tf
        >>> with tf.Graph().as_default():
        ...     w = tf.Variable(1.0, name="w")
        ...     tf.global_variables()
        [<tf.Variable 'w:0' shape=() dtype=float32>]
    """
    return list(get_default_graph().variables)


def trainable_variables() -> list[Variable]:
    """Those of them that `minimize` changes.

    Example:
        >>> import chainrule.graph as tf
        >>> with tf.Graph().as_default():
        ...     w, step = tf.Variable(1.0), tf.Variable(0, trainable=False)
        ...     len(tf.trainable_variables())
        1
    """
    return [v for v in get_default_graph().variables if v.trainable]


def value_for(variable: Variable, value: Any) -> np.ndarray:
    """A value as the variable holds it.

    Raises:
        ShapeError, DataError: it does not fit.
    """
    where = f"variable {variable.op.name!r}"
    array = convert(value, variable.dtype, where)
    if array.shape != tuple(variable.shape):
        raise ShapeError(
            "a new value must have the shape of the variable",
            where=where,
            expected=variable.shape,
            received=TensorShape(array.shape),
        )
    return np.array(array)
