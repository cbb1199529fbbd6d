"""Gradients as tensors of a graph: the chain rule's own walk over the tape of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..arrays import full
from ..errors import ArgumentError
from ..operators import raw
from .computing import on_tape
from .nodes import Graph, Operation, Tensor, graph_of, tensor_of

__all__ = ["Gradient", "gradients"]


class Gradient(Operation):
    """d(Σ ys)/dx for each of some tensors."""

    def __init__(
        self, graph: Graph, name: str, ys: list[Tensor], starts: list[Tensor], xs: list[Tensor]
    ) -> None:
        self.sources, self.count = xs, len(ys)
        makes = [(x.dtype, x.shape) for x in xs]
        super().__init__(graph, "Gradient", name, [*ys, *starts], makes=makes)

    def compute(self, values: list[Any], run: Any) -> tuple:
        """The gradients, from the tape."""
        tape = run.tape_of(self)
        ys, starts = values[: self.count], values[self.count :]
        xs = [on_tape(run.values[x], tape) for x in self.sources]
        total: list[Any] = [full(0.0, raw(x)) for x in xs]
        for k, y in enumerate(ys):
            node = on_tape(y, tape)
            if node is None:  # it depends on none of them
                continue
            d_y = starts[k] if starts else full(1.0, raw(node))
            found = tape.gradients(node, xs, d_y)
            total = found if k == 0 else [a + b for a, b in zip(total, found, strict=True)]
        return tuple(total)


def gradients(ys: Any, xs: Any, grad_ys: Any = None, name: str = "gradients") -> list[Any]:
    """d(Σ ys)/dx for each x: tensors, None for an x that the ys do not depend on.

    They are part of the graph: a gradient of a gradient is the second derivative.

    Args:
        ys: a tensor or several, which are added up.
        xs: tensors or variables.
        grad_ys: what to begin with in place of ones, a tensor for each y.
        name: of the operation.

    Raises:
        ArgumentError: tensors of whole numbers or of text.

    Example:
        >>> import chainrule.graph as tf
        >>> x = tf.placeholder(tf.float32)
        >>> y = 3 * x**2 + 5 * x + 6
        >>> slope = tf.gradients(y, x)[0]
        >>> bend = tf.gradients(slope, x)[0]
        >>> [float(v) for v in tf.Session().run([slope, bend], {x: 2.0})]
        [17.0, 6.0]
    """
    targets = list(ys) if isinstance(ys, (list, tuple)) else [ys]
    places = list(xs) if isinstance(xs, (list, tuple)) else [xs]
    for tensor in (*targets, *places):
        if not isinstance(tensor, Tensor) or tensor.dtype.kind != "f":
            raise ArgumentError(
                "only tensors of floating-point numbers have gradients",
                where="tf.gradients",
                received=repr(tensor)[:100],
                fix="declare it as tf.float32" if isinstance(tensor, Tensor) else "give tensors",
            )
    graph = graph_of([*targets, *places], "tf.gradients")
    leads = leading(targets)
    chosen = [x for x in places if x in leads]
    if not chosen:
        return [None] * len(places)
    starts = []
    if grad_ys is not None:
        given = grad_ys if isinstance(grad_ys, (list, tuple)) else [grad_ys]
        starts = [
            tensor_of(d, y.dtype, "grad_ys", graph) for d, y in zip(given, targets, strict=True)
        ]
    with graph.as_default():
        made = iter(Gradient(graph, name, targets, starts, chosen).outputs)
    return [next(made) if x in leads else None for x in places]


def leading(ys: Sequence[Tensor]) -> set[Tensor]:
    """The tensors of floats from which a differentiable way leads to one of those."""
    found: set[Tensor] = set()
    waiting = list(ys)
    while waiting:
        tensor = waiting.pop()
        if tensor not in found and tensor.dtype.kind == "f":
            found.add(tensor)
            if tensor.op.differentiable:
                waiting += tensor.op.inputs
    return found
