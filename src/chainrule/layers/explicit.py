"""The explicit style of deck 003: y = layer(x), then d_x = layer.backward(d_y)."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import tree
from ..arrays import is_float
from ..calls import answers
from ..chain import Node, active_tape, record
from ..errors import ShapeError, StateError
from ..operators import raw
from ..variable import active_swap
from .context import current

__all__ = ["Explicit"]


class Explicit:
    """What a layer called directly, outside any tape, remembers for `backward`."""

    def _remember(self: Any, inputs: tuple, own: dict[str, Any]) -> Any:
        """Run `call` on a tape of its own and keep it; the outputs as plain arrays."""
        context = current()
        for x in tree.leaves(inputs):
            if isinstance(x, Node) and x.tape.live and not x.tape.closed:  # of `model.forward`
                with x.tape.resumed():
                    return self.call(*inputs, **own)
        with record() as tape:
            watched = tree.map(lambda x: tape.watch(x) if is_float(x) else x, inputs)
            if context is not None and context.masks:  # masks go along
                for _, (x, node) in tree.zip(inputs, watched):
                    context.set_mask(node, context.mask_of(x))
            y = self.call(*watched, **own)
        self.__dict__["_last"] = (tape, watched, y)
        return tree.map(raw, y)

    @answers
    def backward(self: Any, d_y: Any) -> Any:
        """Gradient of the last direct call: takes dL/dy, returns dL/dx, adds to `.grad` of weights.

        Gradients *accumulate*: `zero_grad` makes a new start. With several inputs (outputs) d_x
        (d_y) is a tree like them.

        Example:
            >>> import numpy as np, chainrule as cr
            >>> act = cr.layers.Activation("sigmoid")
            >>> a = act(np.array([[0.0]]))
            >>> act.backward(np.array([[1.0]]))
            array([[0.25]], dtype=float32)

        Raises:
            StateError: before any call, or inside a compiled step.
            ShapeError: d_y has not the shape of the output.
        """
        if active_swap() is not None or active_tape() is not None:
            raise StateError(
                "backward belongs to the explicit style and cannot run inside a training step",
                where=self.where,
                fix="inside a step use tape.gradients(loss, weights); it is the same chain rule",
            )
        if self._last is None:
            raise StateError(
                "backward was called before forward",
                where=self.where,
                fix="call the layer first: y = layer(x), then layer.backward(d_y)",
            )
        tape, inputs, y = self._last
        weights = self.trainable_variables
        leaves, structure = tree.flatten(inputs)
        nodes = [leaf for leaf in leaves if isinstance(leaf, Node)]
        total: list[Any] = [None] * (len(weights) + len(nodes))
        for place, (out, d_out) in tree.zip(y, d_y, where="d_y"):
            d_out = np.asarray(raw(d_out))
            if d_out.shape != tuple(out.shape):
                raise ShapeError(
                    "the gradient has not the shape of the output",
                    where=f"{self.where}{', output ' + place if place else ''}",
                    expected=tuple(out.shape),
                    received=d_out.shape,
                )
            if not isinstance(out, Node):
                continue
            found = tape.gradients(out, [*weights, *nodes], d_out.astype(out.dtype))
            total = [f if t is None else t + f for t, f in zip(total, found, strict=True)]
        for w, d_w in zip(weights, total, strict=False):
            if d_w is not None:
                w.grad = d_w if w.grad is None else w.grad + d_w
        d_nodes = iter(total[len(weights) :])
        found = tree.unflatten(
            structure, [next(d_nodes) if isinstance(leaf, Node) else None for leaf in leaves]
        )
        return found[0] if len(found) == 1 else found

    def zero_grad(self: Any) -> None:
        """Forget the gradients that `backward` left."""
        for v in self.variables:
            v.grad = None

    def forward(self: Any, *inputs: Any, **own: Any) -> Any:
        """The same as calling the layer (deck 003's and PyTorch's name)."""
        return self(*inputs, **own)
