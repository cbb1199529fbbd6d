"""Sums, products of matrices, shapes: the operations of a graph that look at axes."""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from .. import ops
from ..arrays import is_traced, xp
from ..errors import ArgumentError, DataError, ShapeError
from ..operators import raw
from ..ops.base import check_axes
from .elementwise import floats_only
from .kinds import STRING, TensorShape, as_dtype, as_shape
from .making import make, take
from .nodes import Operation, Tensor, constant_of, graph_of, tensor_of

__all__ = [
    "argmax",
    "argmin",
    "concat",
    "eye",
    "expand_dims",
    "fill",
    "gather",
    "matmul",
    "one_hot",
    "ones",
    "ones_like",
    "range",
    "rank",
    "reduce_all",
    "reduce_any",
    "reduce_max",
    "reduce_mean",
    "reduce_min",
    "reduce_prod",
    "reduce_sum",
    "reshape",
    "shape",
    "size",
    "squeeze",
    "stack",
    "tile",
    "transpose",
    "zeros",
    "zeros_like",
]

_INT32, _INT64, _BOOL = np.dtype("int32"), np.dtype("int64"), np.dtype(bool)


def matmul(
    a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, name: str | None = None
) -> Tensor:
    """A·B, the product of two matrices, or of as many pairs as there are in front.

    Args:
        a: (..., n, m).
        b: (..., m, k).
        transpose_a: take aᵀ.
        transpose_b: take bᵀ.
        name: of the operation.

    Raises:
        ShapeError: fewer than two axes, or lengths that differ.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.matmul([[1, 2], [3, 4]], [[1], [10]]))
        array([[21],
               [43]], dtype=int32)
    """
    first, second = take([a, b], "tf.matmul", False, graph_of([a, b], "tf.matmul"))
    for tensor in (first, second):
        if tensor.shape.ndims in (0, 1):
            raise ShapeError(
                "a matrix has two axes",
                where="tf.matmul",
                expected="at least two axes on both sides",
                received=f"{first!r} and {second!r}",
                fix="tf.reshape(x, [1, -1]) makes a row, tf.reshape(x, [-1, 1]) a column",
            )

    def function(x: Any, y: Any) -> Any:
        if min(np.ndim(x), np.ndim(y)) < 2:
            raise ShapeError("a matrix has two axes", where="tf.matmul")
        x = ops.swapaxes(x, -1, -2) if transpose_a else x
        return ops.matmul(x, ops.swapaxes(y, -1, -2) if transpose_b else y)

    def shape(x: TensorShape, y: TensorShape) -> TensorShape:
        if len(x) != 2 or len(y) != 2:
            return TensorShape(None)
        n, m = x[::-1] if transpose_a else x
        other, k = y[::-1] if transpose_b else y
        if m is not None and other is not None and m != other:
            raise ShapeError(
                "the inner lengths must be equal",
                where=f"tf.matmul({first.op.name}, {second.op.name})",
                expected="(n, m)·(m, k)",
                received=f"{TensorShape((n, m))}·{TensorShape((other, k))}",
                fix="tf.transpose one of them"
                if m == k or n == other
                else "give the one as many rows as the other has columns",
            )
        return TensorShape((n, k))

    return make("MatMul", function, [first, second], name=name, shape=shape)


# --- sums and their like ------------------------------------------------------------------------


def _reduced(
    type: str, function: Any, x: Any, axis: Any, keepdims: bool, name: str | None,
    floats: bool = False, dtype: Any = None,
) -> Tensor:  # fmt: skip
    if isinstance(axis, Tensor):
        raise ArgumentError(
            "the axis is fixed in the graph", where=f"tf.{function.__name__}", received=repr(axis),
            fix="give a number, or a list of numbers",
        )  # fmt: skip
    axes = tuple(axis) if isinstance(axis, (list, np.ndarray)) else axis

    def run(v: Any) -> Any:
        return function(v, axis=axes, keepdims=keepdims)

    def shape(s: TensorShape) -> TensorShape:
        if axes is None and not keepdims:
            return TensorShape(())
        if s.ndims is None:
            return TensorShape(None)
        at = check_axes(axes, len(s), f"tf.reduce_{type.lower()}")
        return TensorShape(1 if k in at else n for k, n in enumerate(s) if keepdims or k not in at)

    return make(type, run, [x], name=name, floats=floats, dtype=dtype, shape=shape)


def reduce_sum(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """Σx over some axes, over all by default.

    Args:
        input_tensor: numbers.
        axis: a number, several, or None for all.
        keepdims: whether the axes stay, with length 1.
        name: of the operation.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.reduce_sum([[1, 2], [3, 4]], axis=0))
        array([4, 6], dtype=int32)
    """
    return _reduced("Sum", ops.sum, input_tensor, axis, keepdims, name)


def reduce_mean(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """(1/n)Σx over some axes, over all by default.

    TensorFlow rounds the mean of whole numbers down: its mean of [1, 2] is 1. Here a list of whole
    numbers counts as floats, and a tensor of whole numbers is refused.

    Args:
        input_tensor: floats.
        axis: a number, several, or None for all.
        keepdims: whether the axes stay, with length 1.
        name: of the operation.

    Raises:
        DataError: a tensor of whole numbers.

    Example:
        >>> import chainrule.graph as tf
        >>> print(tf.Session().run(tf.reduce_mean([1, 2])))
        1.5
    """
    return _reduced("Mean", ops.mean, input_tensor, axis, keepdims, name, floats=True)


def reduce_max(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The largest number.

    Args:
        input_tensor: numbers.
        axis: a number, several, or None for all.
        keepdims: whether the axes stay, with length 1.
        name: of the operation.

    Example:
        >>> import chainrule.graph as tf
        >>> print(tf.Session().run(tf.reduce_max([3.0, 5.0])))
        5.0
    """
    return _reduced("Max", ops.max, input_tensor, axis, keepdims, name)


def reduce_min(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The smallest number.

    Args:
        input_tensor: numbers.
        axis: a number, several, or None for all.
        keepdims: whether the axes stay, with length 1.
        name: of the operation.

    Example:
        >>> import chainrule.graph as tf
        >>> print(tf.Session().run(tf.reduce_min([3.0, 5.0])))
        3.0
    """
    return _reduced("Min", ops.min, input_tensor, axis, keepdims, name)


def reduce_prod(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The product of the numbers.

    Args:
        input_tensor: numbers.
        axis: a number, several, or None for all.
        keepdims: whether the axes stay, with length 1.
        name: of the operation.

    Example:
        >>> import chainrule.graph as tf
        >>> print(tf.Session().run(tf.reduce_prod([2, 3, 4])))
        24
    """
    return _reduced("Prod", ops.prod, input_tensor, axis, keepdims, name)


def reduce_any(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """Whether one of them is true.

    Args:
        input_tensor: truths.
        axis: a number, several, or None for all.
        keepdims: whether the axes stay, with length 1.
        name: of the operation.

    Example:
        >>> import chainrule.graph as tf
        >>> print(tf.Session().run(tf.reduce_any([False, True])))
        True
    """
    return _reduced("Any", ops.any, input_tensor, axis, keepdims, name, dtype=_BOOL)


def reduce_all(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """Whether all of them are true.

    Args:
        input_tensor: truths.
        axis: a number, several, or None for all.
        keepdims: whether the axes stay, with length 1.
        name: of the operation.

    Example:
        >>> import chainrule.graph as tf
        >>> print(tf.Session().run(tf.reduce_all([False, True])))
        False
    """
    return _reduced("All", ops.all, input_tensor, axis, keepdims, name, dtype=_BOOL)


def _place_of(type: str, function: Any, x: Any, axis: Any, name: str | None) -> Tensor:
    chosen = 0 if axis is None else axis

    def run(v: Any) -> Any:
        return function(v, axis=chosen)

    return make(type, run, [x], name=name, dtype=_INT64, differentiable=False)


def argmax(input: Any, axis: int | None = None, name: str | None = None) -> Tensor:
    """The place of the largest number along an axis, the first by default; of equals the first.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.argmax([[1.0, 5.0], [4.0, 3.0]], 1))
        array([1, 0])
    """
    return _place_of("ArgMax", ops.argmax, input, axis, name)


def argmin(input: Any, axis: int | None = None, name: str | None = None) -> Tensor:
    """The place of the smallest number along an axis, the first by default.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.argmin([[1.0, 5.0], [4.0, 3.0]], 1))
        array([0, 1])
    """
    return _place_of("ArgMin", ops.argmin, input, axis, name)


# --- shapes -------------------------------------------------------------------------------------


def shape(input: Any, name: str | None = None) -> Tensor:
    """The lengths of the axes when it runs, a tensor; `x.shape` says what is known before.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.shape([[1, 2, 3], [4, 5, 6]]))
        array([2, 3], dtype=int32)
    """
    return _known("Shape", lambda v: np.array(np.shape(v), np.int32), input, name)


def rank(input: Any, name: str | None = None) -> Tensor:
    """The number of axes: 0 for a number, 1 for a vector, 2 for a matrix.

    Example:
        >>> import chainrule.graph as tf
        >>> [int(tf.Session().run(tf.rank(x))) for x in (5.0, [1, 2], [[1, 2], [3, 4]])]
        [0, 1, 2]
    """
    return _known("Rank", lambda v: np.int32(np.ndim(v)), input, name)


def size(input: Any, name: str | None = None) -> Tensor:
    """How many numbers it has.

    Example:
        >>> import chainrule.graph as tf
        >>> print(tf.Session().run(tf.size([[1, 2, 3], [4, 5, 6]])))
        6
    """
    return _known("Size", lambda v: np.int32(math.prod(np.shape(v))), input, name)


def _known(type: str, function: Any, x: Any, name: str | None) -> Tensor:
    def lengths(s: TensorShape) -> TensorShape:
        return TensorShape((s.ndims,) if type == "Shape" else ())

    return make(type, function, [x], name=name, dtype=_INT32, shape=lengths, differentiable=False)


class Indexed(Operation):
    """An operation one of whose arguments are places. NumPy refuses those that are none where it
    comes to them; a compiled program raises a flag.

    `limit` says how many there are, from the values of the arguments; `place` is their argument.
    """

    def __init__(self, *args: Any, limit: Callable[[list[Any]], int], place: int) -> None:
        self.limit, self.place = limit, place
        super().__init__(*args)

    def compute(self, values: list[Any], run: Any) -> Any:
        """What stands at the places."""
        places, count = raw(values[self.place]), self.limit(values)
        if is_traced(places):
            m = xp(places)
            run.flag(self, m.any(places < -count) | m.any(places >= count))
        return super().compute(values, run)

    def say(self) -> DataError:
        """The error."""
        return DataError(
            "there is no such place",
            where=self.where,
            expected="whole numbers from 0 up to, but without, how many there are",
            received=f"others in {self.inputs[self.place].op.name}",
            fix="look at the smallest and the largest of them",
        )


def _lengths(shape: Any, where: str) -> tuple[int, ...]:
    if isinstance(shape, Tensor):
        raise ArgumentError(
            "the shape is fixed in the graph",
            where=where,
            expected="a list of numbers, -1 for the one length that follows from the others",
            received=repr(shape),
            fix="tf.reshape(x, [-1, 784]) keeps the number of rows",
        )
    given = (shape,) if np.ndim(shape) == 0 else tuple(shape)
    if not all(hasattr(n, "__index__") for n in given):
        raise ArgumentError(
            "every length must be a whole number",
            where=where,
            expected="a list of whole numbers",
            received=repr(shape)[:100],
        )
    return tuple(int(n) for n in given)


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Tensor:
    """The same numbers in another shape; −1 is the length that follows from the others.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.reshape([1, 2, 3, 4], [2, -1]))
        array([[1, 2],
               [3, 4]], dtype=int32)
    """
    lengths = _lengths(shape, "tf.reshape")

    def run(v: Any) -> Any:
        return np.reshape(v, lengths) if v.dtype == STRING else ops.reshape(v, lengths)

    def known(s: TensorShape) -> TensorShape:
        if not s.is_known:
            return TensorShape(None if n < 0 else n for n in lengths)
        left = math.prod(n for n in lengths if n >= 0)
        if s.count(0) == 0 and (
            math.prod(s) % max(left, 1) if -1 in lengths else math.prod(s) != left  # type: ignore[reportArgumentType]
        ):
            raise ShapeError(
                "the numbers do not fill the shape",
                where="tf.reshape",
                expected=f"{math.prod(s)} numbers",  # type: ignore[reportArgumentType]
                received=f"shape {list(lengths)}",
            )
        free = math.prod(s) // max(left, 1)  # type: ignore[reportArgumentType]
        return TensorShape(free if n < 0 else n for n in lengths)

    return make("Reshape", run, [tensor], name=name, shape=known)


def transpose(a: Any, perm: Sequence[int] | None = None, name: str | None = None) -> Tensor:
    """The axes in another order, reversed by default: aᵀ.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.transpose([[1, 2], [3, 4]]))
        array([[1, 3],
               [2, 4]], dtype=int32)
    """
    order = None if perm is None else _lengths(perm, "tf.transpose")

    def known(s: TensorShape) -> TensorShape:
        if s.ndims is None:
            return s
        ops.transpose(np.zeros((1,) * len(s)), order)  # refuses an order that is none
        return TensorShape(s[k] for k in (order or builtins.range(len(s))[::-1]))

    return make("Transpose", lambda v: ops.transpose(v, order), [a], name=name, shape=known)


def concat(values: Sequence[Any], axis: int, name: str | None = None) -> Tensor:
    """Tensors one after another along an axis.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.concat([[1, 2], [3]], axis=0))
        array([1, 2, 3], dtype=int32)
    """
    if isinstance(values, int) and isinstance(axis, (list, tuple)):
        raise ArgumentError(
            "the tensors come first", where="tf.concat", received=f"tf.concat({values}, [...])",
            fix=f"tf.concat([a, b], axis={values})",
        )  # fmt: skip
    return make("ConcatV2", lambda *v: ops.concatenate(v, axis=axis), list(values), name=name)


def stack(values: Sequence[Any], axis: int = 0, name: str = "stack") -> Tensor:
    """Tensors of one shape beside each other, along a new axis.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.stack([1.0, tf.constant(2.0)]))
        array([1., 2.], dtype=float32)
    """
    return make("Pack", lambda *v: ops.stack(v, axis=axis), list(values), name=name)


def squeeze(input: Any, axis: Any = None, name: str | None = None) -> Tensor:
    """Without axes of length 1: all of them, or those named.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.squeeze([[1.0], [2.0]]))
        array([1., 2.], dtype=float32)
    """
    return make("Squeeze", lambda v: ops.squeeze(v, axis=axis), [input], name=name)


def expand_dims(input: Any, axis: int, name: str | None = None) -> Tensor:
    """With a new axis of length 1.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.expand_dims([1.0, 2.0], 1))
        array([[1.],
               [2.]], dtype=float32)
    """
    return make("ExpandDims", lambda v: ops.expand_dims(v, axis), [input], name=name)


def tile(input: Any, multiples: Sequence[int], name: str | None = None) -> Tensor:
    """The tensor repeated along each axis.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.tile([1, 2], [2]))
        array([1, 2, 1, 2], dtype=int32)
    """
    times = _lengths(multiples, "tf.tile")
    return make("Tile", lambda v: ops.tile(v, times), [input], name=name)


def getitem(x: Any, index: Any) -> Tensor:
    """x[index]: numbers, slices, None and ... as in NumPy."""
    for part in index if isinstance(index, tuple) else (index,):
        if isinstance(part, Tensor):
            raise ArgumentError(
                "an index is fixed in the graph",
                where="x[...]",
                expected="numbers and slices",
                received=repr(part),
                fix="tf.gather(x, indices) takes rows by a tensor of indices",
            )
    return make("StridedSlice", lambda v: ops.getitem(v, index), [x], name="strided_slice")


def gather(params: Any, indices: Any, name: str | None = None) -> Tensor:
    """The rows with those numbers.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.gather([10.0, 20.0, 30.0], [2, 0]))
        array([30., 10.], dtype=float32)
    """
    spot = "tf.gather"
    graph = graph_of([params, indices], spot)
    with graph.as_default():
        table, places = tensor_of(params, None, spot, graph), tensor_of(indices, None, spot, graph)
        if places.dtype.kind not in "iu":
            raise DataError("indices are whole numbers", where=spot, received=repr(places))
        return make(
            "GatherV2", lambda t, i: ops.take(t, i, axis=0), [table, places], name=name,
            convert=False, dtype=table.dtype,
            kind=partial(Indexed, limit=lambda values: np.shape(values[0])[0], place=1),
        )  # fmt: skip


# --- values -------------------------------------------------------------------------------------


def _filled(value: Any, shape: Any, dtype: Any, where: str, name: str | None) -> Tensor:
    lengths = as_shape(_lengths(shape, where), where)
    return constant_of(np.full(tuple(lengths), value, as_dtype(dtype, where)), name)


def zeros(shape: Any, dtype: Any = np.float32, name: str | None = "zeros") -> Tensor:
    """A tensor of zeros.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.zeros([3]))
        array([0., 0., 0.], dtype=float32)
    """
    return _filled(0, shape, dtype, "tf.zeros", name)


def ones(shape: Any, dtype: Any = np.float32, name: str | None = "ones") -> Tensor:
    """A tensor of ones.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.ones([2], tf.int32))
        array([1, 1], dtype=int32)
    """
    return _filled(1, shape, dtype, "tf.ones", name)


def fill(dims: Any, value: Any, name: str | None = "Fill") -> Tensor:
    """A tensor with one number everywhere.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.fill([2], 9.0))
        array([9., 9.], dtype=float32)
    """
    tensor = tensor_of(value, None, "tf.fill")
    lengths = _lengths(dims, "tf.fill")
    return make("Fill", lambda v: ops.broadcast_to(v, lengths), [tensor], name=name)


def zeros_like(tensor: Any, name: str | None = "zeros_like") -> Tensor:
    """Zeros in the shape of a tensor.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.zeros_like([1.0, 2.0]))
        array([0., 0.], dtype=float32)
    """
    return make(
        "ZerosLike", ops.zeros_like, [tensor], name=name, shape="same", differentiable=False
    )


def ones_like(tensor: Any, name: str | None = "ones_like") -> Tensor:
    """Ones in the shape of a tensor.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.ones_like([1.0, 2.0]))
        array([1., 1.], dtype=float32)
    """
    return make("OnesLike", ops.ones_like, [tensor], name=name, shape="same", differentiable=False)


def eye(num_rows: int, num_columns: int | None = None, dtype: Any = np.float32) -> Tensor:
    """Ones on the diagonal of a matrix of zeros.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.eye(2))
        array([[1., 0.],
               [0., 1.]], dtype=float32)
    """
    return constant_of(np.eye(num_rows, num_columns, dtype=as_dtype(dtype, "tf.eye")), "eye")


def range(
    start: int, limit: int | None = None, delta: int = 1, name: str | None = "range"
) -> Tensor:
    """The whole numbers from `start` up to, but without, `limit`.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.range(3))
        array([0, 1, 2], dtype=int32)
    """
    first, end = (0, start) if limit is None else (start, limit)
    whole = all(isinstance(n, (int, np.integer)) for n in (first, end, delta))
    kind = _INT32 if whole else np.dtype("float32")
    return constant_of(np.arange(first, end, delta, dtype=kind), name)


def one_hot(
    indices: Any, depth: int, dtype: Any = np.float32, name: str | None = "one_hot"
) -> Tensor:
    """A row for each number, with a one in its place and zeros beside.

    Raises:
        DataError: when it runs, a number outside the classes (TensorFlow gives a row of zeros).

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.one_hot([2, 0], 3))
        array([[0., 0., 1.],
               [1., 0., 0.]], dtype=float32)
    """
    kind = as_dtype(dtype, "tf.one_hot")

    def shape(s: TensorShape) -> TensorShape:
        return s if s.ndims is None else TensorShape((*s, depth))

    return make(
        "OneHot", lambda v: ops.one_hot(v, depth, dtype=kind), [indices], name=name, dtype=kind,
        shape=shape, differentiable=False,
        kind=partial(Indexed, limit=lambda values: depth, place=0),
    )  # fmt: skip


def floats(x: Any, where: str) -> Tensor:
    """A tensor of floats."""
    return floats_only(x, where)
