"""How an operation is made: arguments become tensors of one type, shapes are worked out."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..arrays import as_numpy
from ..errors import ChainruleError, DataError, ShapeError
from ..shapes import dry_run
from .kinds import STRING, TensorShape, broadcast, type_name
from .nodes import (
    Graph,
    Operation,
    Tensor,
    graph_of,
    need_same_type,
    tensor_of,
    warn,
)

__all__ = ["at", "make", "need_floats", "take"]

FLOAT32 = np.dtype("float32")
_LARGEST = 1 << 14  # numbers in the inputs of a dry run


def at(operation: Any, error: Exception, values: Sequence[Any] = ()) -> ChainruleError:
    """An error of a computation, saying in which operation of the graph it came up."""
    given = ", ".join(
        f"{t.name.split(':')[0]} {tuple(np.shape(v))}"
        for t, v in zip(operation.inputs, values, strict=False)
    )
    if not isinstance(error, ChainruleError):
        return ShapeError(
            f"this cannot be computed: {error}", where=operation.where, received=given or None
        )
    where = operation.where
    if error.where and error.where not in where:
        where = f"{where}: {error.where}"
    return type(error)(
        error.problem,
        where=where,
        expected=error.expected,
        received=given if given and isinstance(error, ShapeError) else error.received,
        fix=error.fix,
    )


def take(given: Sequence[Any], where: str, floats: bool, graph: Graph) -> list[Tensor]:
    """The arguments as tensors of one type: Python's numbers take that of the tensors beside them.

    Raises:
        DataError: two tensors differ in type, or one has whole numbers where floats are needed.
    """
    tensors = [v for v in given if isinstance(v, Tensor)]
    dtype = tensors[0].dtype if tensors else _of_numbers(given, floats)
    found = [tensor_of(v, None if isinstance(v, Tensor) else dtype, where, graph) for v in given]
    for other in found[1:]:
        need_same_type(found[0], other, where)
    if floats:
        for tensor in found:
            need_floats(tensor, where)
    return found


def _of_numbers(given: Sequence[Any], floats: bool) -> np.dtype | None:
    """The type that plain numbers take together; None where each has its own."""
    kinds = [a.dtype for a in map(as_numpy, given) if a.dtype.kind in "biuf"]
    if len(kinds) < len(given):
        return None
    whole = all(k.kind != "f" for k in kinds)
    if floats and whole:
        return FLOAT32
    if len(given) == 1 or whole:
        return None
    wide = any(getattr(v, "dtype", None) == np.float64 for v in given)
    return np.dtype("float64") if wide else FLOAT32


def need_floats(tensor: Tensor, where: str) -> None:
    """Raise a DataError for a tensor that holds no floating-point numbers."""
    if tensor.dtype.kind != "f":
        raise DataError(
            "this is computed of floating-point numbers",
            where=where,
            expected="float16, float32 or float64",
            received=repr(tensor),
            fix=f"tf.cast({tensor.name.split(':')[0]}, tf.float32)",
        )


def make(
    type: str,
    function: Callable[..., Any],
    given: Sequence[Any],
    *,
    name: str | None = None,
    floats: bool = False,
    dtype: np.dtype | None = None,
    shape: Any = None,
    differentiable: bool = True,
    convert: bool = True,
    kind: Callable[..., Operation] = Operation,
) -> Tensor:
    """A new operation with one result, in the graph of its arguments.

    Args:
        type: TensorFlow's word for it, which is its name, too, where none is given.
        function: from the values of the arguments to the result.
        given: the arguments: tensors, arrays, lists, numbers.
        name: what it is called.
        floats: whether it needs floating-point numbers.
        dtype: type of the result; that of the arguments by default.
        shape: `"same"`, `"pair"` (two arguments that broadcast), a TensorShape, a function from the
            shapes of the arguments; by default found by a run on zeros.
        differentiable: whether a gradient flows through.
        convert: whether the arguments must be of one type.
        kind: the class of the operation.

    Raises:
        DataError, ShapeError, ArgumentError: arguments that do not fit.
    """
    where = f"tf.{_SPOKEN.get(type, type.lower())}"
    graph = graph_of(given, where)
    with graph.as_default():
        if convert:
            inputs = take(given, where, floats, graph)
        else:
            inputs = [tensor_of(v, None, where, graph) for v in given]
        if any(t.dtype == STRING for t in inputs) and dtype is None and type not in _OF_TEXT:
            raise DataError("this is computed of numbers", where=where, received="text")
        made = dtype or inputs[0].dtype
        shapes = [t.shape for t in inputs]
        found = _shape_of(shape, shapes, inputs, function, where)
        if shape == "pair":
            told = stretched(type, *shapes)
            if told:
                warn(told)
        return kind(graph, type, name, inputs, function, [(made, found)], differentiable).outputs[0]


_OF_TEXT = frozenset({"Identity", "Reshape", "Transpose", "ConcatV2", "Pack", "StridedSlice"})
_SPOKEN = {
    "Sub": "subtract", "Mul": "multiply", "RealDiv": "divide", "Sum": "reduce_sum",
    "Mean": "reduce_mean", "Max": "reduce_max", "Min": "reduce_min", "Prod": "reduce_prod",
    "SquaredDifference": "squared_difference", "ConcatV2": "concat", "Neg": "negative",
}  # fmt: skip


def _shape_of(
    rule: Any, shapes: list[TensorShape], inputs: list[Tensor], function: Any, where: str
) -> TensorShape:
    named = f"{where}({', '.join(t.name.split(':')[0] for t in inputs)})"
    if rule == "same":
        return shapes[0]
    if rule == "pair":
        return broadcast(shapes[0], shapes[1], named)
    if isinstance(rule, TensorShape):
        return rule
    if rule is not None:
        return rule(*shapes)
    if any(s.ndims is None for s in shapes):
        return TensorShape(None)
    if sum(math.prod(n or 7 for n in s) for s in shapes) > _LARGEST:
        return TensorShape(None)  # known when it runs
    if any(t.dtype == STRING for t in inputs):
        return TensorShape(None)
    return dried(function, shapes, inputs, named)


def dried(
    function: Any, shapes: list[TensorShape], inputs: list[Tensor], where: str
) -> TensorShape:
    """The shape of what a function makes, from a run on zeros."""
    known = all(s.is_known for s in shapes)
    try:
        found = dry_run(
            lambda *v: np.asarray(function(*v)),
            tuple(tuple(s) for s in shapes),
            tuple(t.dtype for t in inputs),
            where,
        )
    except ChainruleError as error:
        if not known:  # lengths that were tried for unknown ones need not fit each other
            return TensorShape(None)
        error_at = functools.partial(type(error), error.problem, expected=error.expected)
        raise error_at(where=where, received=_listed(shapes), fix=error.fix) from None
    except Exception as error:
        if not known:
            return TensorShape(None)
        raise ShapeError(
            f"this cannot be computed: {error}", where=where, received=_listed(shapes)
        ) from None
    return TensorShape(found)


def _listed(shapes: Sequence[TensorShape]) -> str:
    return " and ".join(map(str, shapes))


def stretched(type: str, a: Sequence[int | None], b: Sequence[int | None]) -> str:
    """What to say where both sides of an operation were repeated to fill each other: a column
    beside a row makes a matrix, which few programs mean; nothing where it is not so.

    Example:
        >>> stretched("Mul", (1, 2), (2, 1))[:63]
        'tf.multiply: the shapes (1, 2) and (2, 1) broadcast to (2, 2): '
        >>> stretched("Mul", (3, 2), (2,))
        ''
    """
    known = [n for n in (*a, *b) if n is not None]
    unknown = getattr(a, "ndims", 0) is None or getattr(b, "ndims", 0) is None
    if unknown or len(known) < len(a) + len(b):
        return ""
    a, b = tuple(known[: len(a)]), tuple(known[len(a) :])
    try:
        made = np.broadcast_shapes(a, b)
    except ValueError:
        return ""
    if math.prod(made) <= max(math.prod(a), math.prod(b)):
        return ""
    return (
        f"tf.{_SPOKEN.get(type, type.lower())}: the shapes {a} and {b} broadcast to {made}: every "
        "number of the one meets every number of the other. For a sum of products use tf.matmul; "
        "to pair them off give both one shape (tf.reshape, tf.transpose)"
    )


def spoken(dtype: Any) -> str:
    """A type as a program writes it."""
    return f"tf.{type_name(dtype)}"
