"""Placeholders: what comes from outside, at each run."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ShapeError
from .kinds import TensorShape, as_dtype, as_shape, convert
from .nodes import Graph, Operation, Tensor, constant_of, get_default_graph

__all__ = ["Placeholder", "constant", "placeholder", "placeholder_with_default"]


class Placeholder(Operation):
    """An operation whose value is fed."""

    def __init__(
        self, graph: Graph, name: str | None, dtype: Any, shape: Any, default: Any = None
    ) -> None:
        self.default = default
        super().__init__(graph, "Placeholder", name, makes=[(dtype, shape)])

    def compute(self, values: list[Any], run: Any) -> Any:
        """What was fed."""
        return run.feeds[self.outputs[0]]


def placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> Tensor:
    """A tensor that is given at each run: `sess.run(y, {x: value})`.

    Args:
        dtype: its type; what is fed is made this, where no number is lost by it.
        shape: `[None, 784]` takes any number of rows; without one any shape is taken.
        name: how it is called in messages.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.reset_default_graph()
        >>> x = tf.placeholder(tf.float32, [None, 2], name="x")
        >>> x
        Tensor("x:0", shape=(?, 2), dtype=float32)
        >>> tf.Session().run(2.0 * x, {x: [1.0, 2.0]})
        Traceback (most recent call last):
        ...
        chainrule.errors.ShapeError: placeholder 'x': the value does not have the placeholder's
        shape
          expected: (?, 2), with any length for ?
          received: (2,)
          fix: a single sample is a batch of one: feed [x]
    """
    where = "tf.placeholder"
    kind, lengths = as_dtype(dtype, where), as_shape(shape, where)
    return Placeholder(get_default_graph(), name, kind, lengths).outputs[0]


def placeholder_with_default(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """A placeholder that need not be fed: then it has this value.

    Args:
        input: the value, a number, a list or an array.
        shape: what may be fed.
        name: how it is called in messages.

    Example:
        >>> import chainrule.graph as tf
        >>> keep = tf.placeholder_with_default(1.0, [])
        >>> sess = tf.Session()
        >>> print(sess.run(keep), sess.run(keep, {keep: 0.5}))
        1.0 0.5
    """
    where = "tf.placeholder_with_default"
    value, lengths = convert(input, None, where), as_shape(shape, where)
    if not lengths.takes(value.shape):
        raise ShapeError(
            "the default does not have the shape", where=where, expected=lengths,
            received=TensorShape(value.shape),
        )  # fmt: skip
    value = value.copy()
    graph = get_default_graph()
    return Placeholder(graph, name, value.dtype, lengths, value).outputs[0]


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Tensor:
    """A tensor whose value does not change.

    Python's floats are float32 and its whole numbers int32, as in TensorFlow; NumPy arrays keep
    the type that they have.

    Args:
        value: a number, a list, an array, text.
        dtype: its type.
        shape: its shape; a single number fills it, more numbers are put in row by row.
        name: of the operation.

    Raises:
        DataError: the type cannot hold a number.
        ShapeError: the numbers do not fill the shape.

    Example:
        >>> import chainrule.graph as tf
        >>> a = tf.constant(5.0, tf.float32)
        >>> b = tf.constant(3.0)
        >>> tf.Session().run([a, b])
        [np.float32(5.0), np.float32(3.0)]
        >>> tf.Session().run(tf.constant(-1, tf.int64, [2, 2]))
        array([[-1, -1],
               [-1, -1]])
    """
    where = "tf.constant"
    array = convert(value, None if dtype is None else as_dtype(dtype, where), where)
    if shape is not None:
        lengths = as_shape(shape, where)
        size = int(np.prod([n or 0 for n in lengths]))
        if not lengths.is_known or array.size not in (1, size):
            raise ShapeError(
                "the numbers do not fill the shape",
                where=where,
                expected=f"{size} numbers for the shape {lengths}, or one",
                received=f"{array.size}",
            )
        whole = tuple(n or 0 for n in lengths)
        array = np.full(whole, array.reshape(-1)[0]) if array.size == 1 else array.reshape(whole)
    return constant_of(array, name)
