"""Elementwise operations of a graph: each is that of `chainrule.ops`, with its derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..arrays import is_traced, xp
from ..errors import DataError
from ..operators import raw
from .kinds import STRING, as_dtype, broadcast
from .making import make, need_floats, take
from .nodes import Operation, Tensor, graph_of, tensor_of

_BOOL = np.dtype(bool)

__all__ = [
    "abs",
    "add",
    "add_n",
    "cast",
    "ceil",
    "clip_by_value",
    "cos",
    "div",
    "divide",
    "equal",
    "erf",
    "exp",
    "floor",
    "floordiv",
    "greater",
    "greater_equal",
    "identity",
    "less",
    "less_equal",
    "log",
    "log1p",
    "logical_and",
    "logical_not",
    "logical_or",
    "maximum",
    "minimum",
    "mod",
    "multiply",
    "negative",
    "not_equal",
    "pow",
    "round",
    "rsqrt",
    "sigmoid",
    "sign",
    "sin",
    "sqrt",
    "square",
    "squared_difference",
    "stop_gradient",
    "subtract",
    "tan",
    "tanh",
    "to_double",
    "to_float",
    "to_int32",
    "to_int64",
    "truediv",
    "where",
]


def exp(x: Any, name: str | None = None) -> Tensor:
    """eˣ.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.exp([0.0, 1.0]))
        array([1.      , 2.718282], dtype=float32)
    """
    return make("Exp", ops.exp, [x], name=name, shape="same", floats=True)


def log(x: Any, name: str | None = None) -> Tensor:
    """ln x.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.log([1.0, 4.0]))
        array([0.       , 1.3862944], dtype=float32)
    """
    return make("Log", ops.log, [x], name=name, shape="same", floats=True)


def log1p(x: Any, name: str | None = None) -> Tensor:
    """ln(1 + x), exact near 0.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.log1p([0.0]))
        array([0.], dtype=float32)
    """
    return make("Log1p", ops.log1p, [x], name=name, shape="same", floats=True)


def sqrt(x: Any, name: str | None = None) -> Tensor:
    """√x.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.sqrt([4.0, 9.0]))
        array([2., 3.], dtype=float32)
    """
    return make("Sqrt", ops.sqrt, [x], name=name, shape="same", floats=True)


def rsqrt(x: Any, name: str | None = None) -> Tensor:
    """1/√x.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.rsqrt([4.0]))
        array([0.5], dtype=float32)
    """
    return make("Rsqrt", ops.rsqrt, [x], name=name, shape="same", floats=True)


def square(x: Any, name: str | None = None) -> Tensor:
    """x².

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.square([2.0, 3.0]))
        array([4., 9.], dtype=float32)
    """
    return make("Square", ops.square, [x], name=name, shape="same")


def abs(x: Any, name: str | None = None) -> Tensor:
    """|x|.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.abs([-2, 3]))
        array([2, 3], dtype=int32)
    """
    return make("Abs", ops.abs, [x], name=name, shape="same")


def negative(x: Any, name: str | None = None) -> Tensor:
    """−x.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.negative([1, -2]))
        array([-1,  2], dtype=int32)
    """
    return make("Neg", ops.negative, [x], name=name, shape="same")


def sign(x: Any, name: str | None = None) -> Tensor:
    """−1, 0 or 1.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.sign([-2.0, 0.0, 5.0]))
        array([-1.,  0.,  1.], dtype=float32)
    """
    return make("Sign", ops.sign, [x], name=name, shape="same")


def floor(x: Any, name: str | None = None) -> Tensor:
    """The largest whole number up to x.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.floor([1.7, -1.7]))
        array([ 1., -2.], dtype=float32)
    """
    return make("Floor", ops.floor, [x], name=name, shape="same", floats=True)


def ceil(x: Any, name: str | None = None) -> Tensor:
    """The least whole number from x on.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.ceil([1.2, -1.2]))
        array([ 2., -1.], dtype=float32)
    """
    return make("Ceil", ops.ceil, [x], name=name, shape="same", floats=True)


def round(x: Any, name: str | None = None) -> Tensor:
    """The nearest whole number, halves to the even one.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.round([0.5, 1.5]))
        array([0., 2.], dtype=float32)
    """
    return make("Round", ops.round, [x], name=name, shape="same", floats=True)


def sin(x: Any, name: str | None = None) -> Tensor:
    """sin x.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.sin([0.0]))
        array([0.], dtype=float32)
    """
    return make("Sin", ops.sin, [x], name=name, shape="same", floats=True)


def cos(x: Any, name: str | None = None) -> Tensor:
    """cos x.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.cos([0.0]))
        array([1.], dtype=float32)
    """
    return make("Cos", ops.cos, [x], name=name, shape="same", floats=True)


def tan(x: Any, name: str | None = None) -> Tensor:
    """tan x.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.tan([0.0]))
        array([0.], dtype=float32)
    """
    return make("Tan", ops.tan, [x], name=name, shape="same", floats=True)


def tanh(x: Any, name: str | None = None) -> Tensor:
    """(eˣ − e⁻ˣ)/(eˣ + e⁻ˣ), from −1 to 1.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.tanh([0.0, 1.0]))
        array([0.       , 0.7615942], dtype=float32)
    """
    return make("Tanh", ops.tanh, [x], name=name, shape="same", floats=True)


def sigmoid(x: Any, name: str | None = None) -> Tensor:
    """1/(1 + e⁻ˣ), from 0 to 1.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.sigmoid([0.0, -2.0]))
        array([0.5       , 0.11920292], dtype=float32)
    """
    return make("Sigmoid", ops.sigmoid, [x], name=name, shape="same", floats=True)


def erf(x: Any, name: str | None = None) -> Tensor:
    """The error function.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.erf([0.0]))
        array([0.], dtype=float32)
    """
    return make("Erf", ops.erf, [x], name=name, shape="same", floats=True)


def add(a: Any, b: Any, name: str | None = None) -> Tensor:
    """a + b.

    The two broadcast against each other; a warning says where both are repeated by that.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.add([1, 2], [10, 20]))
        array([11, 22], dtype=int32)
    """
    return make("Add", ops.add, [a, b], name=name, shape="pair")


def subtract(a: Any, b: Any, name: str | None = None) -> Tensor:
    """a − b.

    The two broadcast against each other; a warning says where both are repeated by that.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.subtract([5.0, 3.0], 1.0))
        array([4., 2.], dtype=float32)
    """
    return make("Sub", ops.subtract, [a, b], name=name, shape="pair")


def multiply(a: Any, b: Any, name: str | None = None) -> Tensor:
    """a·b, number by number.

    The two broadcast against each other; a warning says where both are repeated by that.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.multiply([3, 4], [5, 1]))
        array([15,  4], dtype=int32)
    """
    return make("Mul", ops.multiply, [a, b], name=name, shape="pair")


def maximum(a: Any, b: Any, name: str | None = None) -> Tensor:
    """The larger of the two.

    The two broadcast against each other; a warning says where both are repeated by that.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.maximum([1.0, 5.0], 2.0))
        array([2., 5.], dtype=float32)
    """
    return make("Maximum", ops.maximum, [a, b], name=name, shape="pair")


def minimum(a: Any, b: Any, name: str | None = None) -> Tensor:
    """The smaller of the two.

    The two broadcast against each other; a warning says where both are repeated by that.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.minimum([1.0, 5.0], 2.0))
        array([1., 2.], dtype=float32)
    """
    return make("Minimum", ops.minimum, [a, b], name=name, shape="pair")


def pow(a: Any, b: Any, name: str | None = None) -> Tensor:
    """aᵇ.

    The two broadcast against each other; a warning says where both are repeated by that.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.pow([2.0, 3.0], 2.0))
        array([4., 9.], dtype=float32)
    """
    return make("Pow", ops.power, [a, b], name=name, shape="pair", kind=Power)


def equal(a: Any, b: Any, name: str | None = None) -> Tensor:
    """Whether a and b are equal.

    On tensors `a == b` is this, too; in TensorFlow 1 it compares identities, which is never meant.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.equal([1, 2], [1, 3]))
        array([ True, False])
    """
    return make("Equal", _equal, [a, b], name=name, shape=broadcast_of, dtype=_BOOL)


def not_equal(a: Any, b: Any, name: str | None = None) -> Tensor:
    """Whether a and b differ.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.not_equal([1, 2], [1, 3]))
        array([False,  True])
    """
    return make("NotEqual", _not_equal, [a, b], name=name, shape=broadcast_of, dtype=_BOOL)


def less(a: Any, b: Any, name: str | None = None) -> Tensor:
    """a < b.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.less([1, 2], 2))
        array([ True, False])
    """
    return make("Less", ops.less, [a, b], name=name, shape=broadcast_of, dtype=_BOOL)


def less_equal(a: Any, b: Any, name: str | None = None) -> Tensor:
    """a ≤ b.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.less_equal([1, 2], 1))
        array([ True, False])
    """
    return make("LessEqual", ops.less_equal, [a, b], name=name, shape=broadcast_of, dtype=_BOOL)


def greater(a: Any, b: Any, name: str | None = None) -> Tensor:
    """a > b.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.greater([0.5, 1.2], 1.0))
        array([False,  True])
    """
    return make("Greater", ops.greater, [a, b], name=name, shape=broadcast_of, dtype=_BOOL)


def greater_equal(a: Any, b: Any, name: str | None = None) -> Tensor:
    """a ≥ b.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.greater_equal([0.5, 1.0], 1.0))
        array([False,  True])
    """
    return make(
        "GreaterEqual", ops.greater_equal, [a, b], name=name, shape=broadcast_of, dtype=_BOOL
    )


def logical_and(a: Any, b: Any, name: str | None = None) -> Tensor:
    """Whether both are true.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.logical_and([True, False], True))
        array([ True, False])
    """
    return _of_truths("LogicalAnd", ops.logical_and, [a, b], name)


def logical_or(a: Any, b: Any, name: str | None = None) -> Tensor:
    """Whether one of them is true.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.logical_or([True, False], True))
        array([ True,  True])
    """
    return _of_truths("LogicalOr", ops.logical_or, [a, b], name)


def logical_not(x: Any, name: str | None = None) -> Tensor:
    """True for false, and false for true.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.logical_not([True, False]))
        array([False,  True])
    """
    return _of_truths("LogicalNot", ops.logical_not, [x], name)


def broadcast_of(a: Any, b: Any) -> Any:
    """The shape of a comparison."""
    return broadcast(a, b, "comparison")


def _equal(a: Any, b: Any) -> Any:
    return raw(a) == raw(b) if getattr(a, "dtype", None) == STRING else ops.equal(a, b)


def _not_equal(a: Any, b: Any) -> Any:
    return raw(a) != raw(b) if getattr(a, "dtype", None) == STRING else ops.not_equal(a, b)


def _of_truths(type: str, function: Any, given: list[Any], name: str | None) -> Tensor:
    where = f"tf.{function.__name__}"
    for tensor in take(given, where, False, graph_of(given, where)):
        if tensor.dtype != _BOOL:
            raise DataError(
                "this is computed of true and false",
                where=where,
                expected="tensors of type tf.bool",
                received=repr(tensor),
                fix="compare first: tf.greater(x, 0)",
            )
    shape = broadcast_of if len(given) == 2 else "same"
    return make(type, function, given, name=name, shape=shape, dtype=_BOOL)


# --- quotients ----------------------------------------------------------------------------------


def truediv(a: Any, b: Any, name: str | None = None) -> Tensor:
    """a/b; whole numbers are divided as floats, as in Python: 7/2 is 3.5.

    Tensors of whole numbers become float64, and float32 where they are of 8 or 16 bits.

    Example:
        >>> import chainrule.graph as tf
        >>> print(tf.Session().run(tf.truediv(7, 2)))
        3.5
    """
    return _quotient("RealDiv", a, b, name)


def divide(a: Any, b: Any, name: str | None = None) -> Tensor:
    """a/b, as Python divides: 7/2 is 3.5.  `tf.div` is another thing.

    Example:
        >>> import chainrule.graph as tf
        >>> print(tf.Session().run(tf.divide(7, 2)))
        3.5
    """
    return _quotient("RealDiv", a, b, name)


def _quotient(type: str, a: Any, b: Any, name: str | None) -> Tensor:
    where = "tf.divide"
    first, second = take([a, b], where, False, graph_of([a, b], where))
    if first.dtype.kind in "iu":
        wide = np.dtype("float32" if first.dtype.itemsize <= 2 else "float64")
        first, second = cast(first, wide), cast(second, wide)
    return make(type, ops.divide, [first, second], name=name, floats=True, shape="pair")


def div(a: Any, b: Any, name: str | None = None) -> Tensor:
    """a/b for floats; for whole numbers the quotient rounded down, as Python 2 divided: 7/2 is 3.

    TensorFlow 1's `div`. `tf.divide`, and the operator /, give 3.5.

    Raises:
        DataError: when it runs, a whole number is divided by 0.

    Example:
        >>> import chainrule.graph as tf
        >>> [x.item() for x in tf.Session().run([tf.div(7.0, 2.0), tf.div(7, 2)])]
        [3.5, 3]
    """
    where = "tf.div"
    first, second = take([a, b], where, False, graph_of([a, b], where))
    function = ops.floor_divide if first.dtype.kind in "iu" else ops.divide
    return make("Div", function, [first, second], name=name or "div", shape="pair", kind=Quotient)


def floordiv(a: Any, b: Any, name: str | None = None) -> Tensor:
    """a/b rounded down.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.floordiv([7, -7], 2))
        array([ 3, -4], dtype=int32)
    """
    return make("FloorDiv", ops.floor_divide, [a, b], name=name, shape="pair", kind=Quotient)


def mod(a: Any, b: Any, name: str | None = None) -> Tensor:
    """What is left of a/b, with the sign of b.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.mod([7, -7], 2))
        array([1, 1], dtype=int32)
    """
    return make("FloorMod", ops.mod, [a, b], name=name, shape="pair", kind=Quotient)


class Quotient(Operation):
    """A quotient, which refuses whole numbers divided by 0: NumPy would give 0, XLA −1."""

    def compute(self, values: list[Any], run: Any) -> Any:
        """The quotient; a compiled program raises a flag instead of an error."""
        b = raw(values[1])
        if self.outputs[0].dtype.kind in "iu":
            wrong = xp(b).any(self.wrong(b))
            if is_traced(wrong):
                run.flag(self, wrong)
            elif wrong:
                raise self.say()
        return super().compute(values, run)

    def wrong(self, b: Any) -> Any:
        """Where the second of two whole numbers cannot be."""
        return b == 0

    def say(self) -> DataError:
        """The error."""
        return DataError(
            "a whole number is divided by 0",
            where=self.where,
            expected="divisors other than 0",
            received=f"0 in {self.inputs[1].op.name}",
            fix="tf.maximum(b, 1), or divide floats, where the quotient is inf",
        )


class Power(Quotient):
    """A power, which refuses whole numbers to a negative one: it is no whole number."""

    def wrong(self, b: Any) -> Any:
        """Where the exponent is negative."""
        return b < 0

    def say(self) -> DataError:
        """The error."""
        return DataError(
            "a whole number to a negative power is no whole number",
            where=self.where,
            expected="exponents of 0 or more",
            received=f"a negative number in {self.inputs[1].op.name}",
            fix="tf.cast(x, tf.float32) first",
        )


def squared_difference(a: Any, b: Any, name: str | None = None) -> Tensor:
    """(a − b)².

    Example:
        >>> import chainrule.graph as tf
        >>> y_true, y_pred = [1.0, 2.0], [1.5, 4.0]
        >>> tf.Session().run(tf.squared_difference(y_true, y_pred))
        array([0.25, 4.  ], dtype=float32)
    """
    return make(
        "SquaredDifference", lambda x, y: ops.square(ops.subtract(x, y)), [a, b], name=name,
        shape="pair",
    )  # fmt: skip


# --- types, choices -----------------------------------------------------------------------------


def cast(x: Any, dtype: Any, name: str | None = None) -> Tensor:
    """The numbers in another type; floats lose what stands after the point.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.cast([1.8, -1.8], tf.int32))
        array([ 1, -1], dtype=int32)
    """
    kind = as_dtype(dtype, "tf.cast")
    tensor = tensor_of(x, None, "tf.cast")
    if STRING in (kind, tensor.dtype):
        raise DataError("text is not cast", where="tf.cast", received=repr(tensor))

    def function(v: Any) -> Any:
        return ops.cast(v, kind) if kind.kind == "f" else xp(raw(v)).asarray(raw(v)).astype(kind)

    return make(
        "Cast", function, [tensor], name=name, dtype=kind, shape="same",
        differentiable=kind.kind == "f",
    )  # fmt: skip


def to_float(x: Any, name: str | None = None) -> Tensor:
    """The numbers as float32.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.to_float([1, 2]))
        array([1., 2.], dtype=float32)
    """
    return cast(x, np.float32, name)


def to_double(x: Any, name: str | None = None) -> Tensor:
    """The numbers as float64.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.to_double([1, 2]))
        array([1., 2.])
    """
    return cast(x, np.float64, name)


def to_int32(x: Any, name: str | None = None) -> Tensor:
    """The numbers as int32, without what stands after the point.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.to_int32([1.8]))
        array([1], dtype=int32)
    """
    return cast(x, np.int32, name)


def to_int64(x: Any, name: str | None = None) -> Tensor:
    """The numbers as int64, without what stands after the point.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.to_int64([1.8]))
        array([1])
    """
    return cast(x, np.int64, name)


def where(condition: Any, x: Any, y: Any, name: str | None = None) -> Tensor:
    """x where the condition holds, else y.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.where([True, False], [1.0, 2.0], [10.0, 20.0]))
        array([ 1., 20.], dtype=float32)
    """
    spot = "tf.where"
    graph = graph_of([condition, x, y], spot)
    with graph.as_default():
        chosen = tensor_of(condition, None, spot, graph)
        first, second = take([x, y], spot, False, graph)
        if chosen.dtype != _BOOL:
            raise DataError(
                "the condition is true or false",
                where=spot,
                expected="a tensor of type tf.bool",
                received=repr(chosen),
                fix="tf.where(x > 0, a, b)",
            )
        return make(
            "Select", ops.where, [chosen, first, second], name=name, convert=False,
            dtype=first.dtype,
        )  # fmt: skip


def clip_by_value(
    t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None
) -> Tensor:
    """The numbers, none below the one bound or above the other.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.clip_by_value([-2.0, 0.5, 3.0], 0.0, 1.0))
        array([0. , 0.5, 1. ], dtype=float32)
    """
    return minimum(maximum(t, clip_value_min), clip_value_max, name=name)


def add_n(inputs: Any, name: str | None = None) -> Tensor:
    """The sum of several tensors of one shape.

    Example:
        >>> import chainrule.graph as tf
        >>> print(tf.Session().run(tf.add_n([1.0, 2.0, 3.0])))
        6.0
    """
    parts = list(inputs)

    def function(*values: Any) -> Any:
        total = values[0]
        for value in values[1:]:
            total = ops.add(total, value)
        return total

    return make("AddN", function, parts, name=name, shape="same")


def identity(x: Any, name: str | None = None) -> Tensor:
    """The same value, under a name of its own.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.identity([1.0]))
        array([1.], dtype=float32)
    """
    return make("Identity", lambda v: v, [x], name=name, shape="same")


def stop_gradient(x: Any, name: str | None = None) -> Tensor:
    """The same value as a constant: no gradient flows through it.

    Example:
        >>> import chainrule.graph as tf
        >>> x = tf.placeholder(tf.float32)
        >>> print(tf.Session().run(tf.gradients(x * tf.stop_gradient(x), x)[0], {x: 3.0}))
        3.0
    """
    return make("StopGradient", raw, [x], name=name, shape="same", differentiable=False)


def floats_only(x: Any, where: str) -> Tensor:
    """A tensor of floats, from anything: Python's whole numbers count as floats."""
    tensor = take([x], where, True, graph_of([x], where))[0]
    need_floats(tensor, where)
    return tensor
