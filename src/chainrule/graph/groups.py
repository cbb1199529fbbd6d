"""Operations that only stand for others, and switches of TensorFlow 2 that say nothing here."""

from __future__ import annotations

from typing import Any

from ..errors import ArgumentError
from .nodes import Operation, Tensor, get_default_graph

__all__ = ["Group", "disable_eager_execution", "disable_v2_behavior", "group", "no_op"]


class Group(Operation):
    """Runs the operations that it stands for, and makes nothing."""

    def compute(self, values: list[Any], run: Any) -> None:
        """Nothing."""


def no_op(name: str | None = None) -> Operation:
    """An operation that does nothing.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.no_op())
    """
    return Group(get_default_graph(), "NoOp", name)


def group(*inputs: Any, name: str | None = "group_deps") -> Operation:
    """One operation that runs several.

    Raises:
        ArgumentError: something that is no operation and no tensor.

    Example:
        >>> import chainrule.graph as tf
        >>> a, b = tf.Variable(0.0), tf.Variable(0.0)
        >>> both = tf.group(a.assign(1.0), b.assign(2.0))
        >>> sess = tf.Session()
        >>> sess.run(both)
        >>> sess.run([a, b])
        [np.float32(1.0), np.float32(2.0)]
    """
    for item in inputs:
        if not isinstance(item, (Tensor, Operation)):
            raise ArgumentError(
                "only operations and tensors are grouped", where="tf.group",
                received=repr(item)[:100], fix="tf.group(first, second)",
            )  # fmt: skip
    graph = inputs[0].graph if inputs else get_default_graph()
    made = Group(graph, "NoOp", name)
    made.members = tuple(i.op if isinstance(i, Tensor) else i for i in inputs)
    return made


def disable_v2_behavior() -> None:
    """Nothing: graphs and sessions are all there is here. For programs that begin with it.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.disable_v2_behavior()
    """


disable_eager_execution = disable_v2_behavior
