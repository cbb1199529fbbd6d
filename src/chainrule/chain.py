"""The chain rule: operations that know their derivative, a tape that remembers, a walk backwards.

    dL/dx = Σ over every y computed from x of  (dL/dy) · (dy/dx)

While a tape is open, each operation on a watched value is written down with the function that
multiplies by its derivative; walking that list from its end gives every gradient in one pass. That
is all of backpropagation. (Griewank and Walther, *Evaluating Derivatives*, 2008, chapter 3.)
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from .arrays import float_array, full, like
from .errors import not_recorded, not_scalar
from .operators import Node, Recordable, on_tape, raw

__all__ = ["Tape", "gradients", "op", "record", "stop_gradient", "value_and_grad", "vjp"]

_open: ContextVar[Tape | None] = ContextVar("chainrule_tape", default=None)
active_tape = _open.get  # the innermost open tape of this thread, or None


def op(function: Callable) -> Callable:
    """Make an operation of a function that returns `(value, back)`.

    `back` goes from d_y, the gradient of the loss with respect to the value, to the gradient of
    each positional argument: one function (returning a tuple where there are several); or a tuple
    of functions, one for each argument, called only where somebody wants that gradient; or None
    for an operation without a derivative. Where an argument was broadcast, the sum is done for you.

    Example:
        >>> @op
        ... def cube(x):
        ...     return x**3, lambda d_y: d_y * 3 * x**2
        >>> y, back = vjp(cube, np.array([1.0, 2.0]))
        >>> back(np.ones(2))
        array([ 3., 12.])
    """

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        args, kwargs, tape = on_tape(function, args, kwargs)
        if tape is None:
            return function(*args, **kwargs)[0]
        parents = tuple([v if type(v) is Node and v.tape is tape else None for v in args])
        values = [v if p is None else p.value for v, p in zip(args, parents, strict=True)]
        y, back = function(*values, **kwargs)
        return y if back is None else Node(tape, y, call, parents, back)

    return call


class Tape:
    """The list of operations in the order they ran: already a topological order."""

    def __init__(self, outer: Tape | None) -> None:
        self.nodes: list[Node] = []
        self.marks: list[tuple[int, Any]] = []  # which layer began at which node
        self.outer, self.level, self.closed = outer, outer.level + 1 if outer else 0, False
        self._inputs: dict[int, tuple[Node, Any]] = {}  # by identity; the object is kept alive

    def watch(self, x: Any, value: Any = None) -> Node:
        """Enter `x` as an input, once; the gradient can then be asked for it or for the Node."""
        if id(x) not in self._inputs:
            self._inputs[id(x)] = (Node(self, float_array(x if value is None else value)), x)
        return self._inputs[id(x)][0]

    def known(self, x: Any) -> Node | None:
        """The Node of `x` here, if it was entered."""
        return self._inputs.get(id(x), (None,))[0]

    def leaf(self, variable: Any) -> Node:
        """The Node of a Variable here, itself standing on every tape further out."""
        value = variable.value
        outer = None if isinstance(value, Node) else self.outer
        return self.watch(variable, value if outer is None else outer.leaf(variable))

    def gradients(self, loss: Any, wrt: Sequence[Any], d_loss: Any = None) -> list[Any]:
        """dLoss/dw for each w in `wrt`, in one walk backwards; see the function `gradients`."""
        if not (isinstance(loss, Node) and loss.tape is self):
            raise not_recorded("gradients")
        if d_loss is None and np.prod(loss.shape) != 1:
            raise not_scalar("gradients", loss.shape)
        inputs = [w if getattr(w, "tape", 0) is self else self.known(w) for w in wrt]
        if any(
            n is None and not isinstance(w, Recordable) for w, n in zip(wrt, inputs, strict=True)
        ):
            raise not_recorded("gradients", "an array was not watched: x = tape.watch(x)")
        path = self.nodes[: loss.index + 1]
        asked = {n.index for n in inputs if n is not None}
        wanted = [i in asked for i in range(len(path))]  # or it leads to one that was asked for
        for node in path:
            for p in node.parents:
                if p is not None and wanted[p.index]:
                    wanted[node.index] = True
        d: dict[int, Any] = {loss.index: full(1.0, raw(loss.value)) if d_loss is None else d_loss}
        for node in reversed(path):
            if node.back is None or not wanted[node.index] or node.index not in d:
                continue
            back, d_y = node.back, d[node.index]
            every = None if isinstance(back, tuple) else back(d_y)
            for k, p in enumerate(node.parents):
                if p is not None and wanted[p.index]:
                    d_x = back[k](d_y) if every is None else every
                    d_x = like(d_x[k] if isinstance(d_x, tuple) else d_x, p.value)
                    d[p.index] = d[p.index] + d_x if p.index in d else d_x
        found = [None if n is None else d.get(n.index) for n in inputs]
        return [full(0.0, raw(w)) if g is None else g for w, g in zip(wrt, found, strict=True)]


@contextmanager
def record() -> Iterator[Tape]:
    """Open a tape: `with record() as tape: loss = ...`, then `tape.gradients(loss, weights)`.

    Variables are watched by themselves, a plain array is entered with `x = tape.watch(x)`. Tapes
    may be nested, for derivatives of derivatives.
    """
    tape = Tape(_open.get())
    token = _open.set(tape)
    try:
        yield tape
    finally:
        tape.closed = True
        _open.reset(token)


def gradients(loss: Any, wrt: Sequence[Any]) -> list[Any]:
    """The gradient of a recorded scalar with respect to each Variable or watched array.

    What the loss does not depend on gets zeros (as in JAX; TensorFlow gives None).

    Example:
        >>> with record() as tape:
        ...     loss = tape.watch(x := np.array([3.0])) ** 2
        >>> gradients(loss, [x])
        [array([6.])]
    """
    return (loss.tape if isinstance(loss, Node) else Tape(None)).gradients(loss, wrt)


def stop_gradient(x: Any) -> Any:
    """The same value as a constant: no gradient flows through it (Keras's `ops.stop_gradient`)."""
    return raw(x)


def vjp(function: Callable, *args: Any) -> tuple[Any, Callable]:
    """`y, back = vjp(f, x)`: the value of f at x, and the function from d_y to d_x = d_yᵀ·∂y/∂x.

    With several arguments `back` returns a tuple. It may be called as often as wanted.

    Example:
        >>> y, back = vjp(lambda a, b: a * b, np.array([2.0]), np.array([5.0]))
        >>> y, back(1.0)
        (array([10.]), (array([5.]), array([2.])))
    """
    values = [float_array(a.on_tape() if isinstance(a, Recordable) else a) for a in args]
    with record() as tape:
        inputs = [Node(tape, v) for v in values]
        y = function(*inputs)
        y = y if getattr(y, "tape", None) is tape else Node(tape, y)  # a constant

    def back(d_y: Any) -> Any:
        grads = tape.gradients(y, inputs, like(d_y, y.value))
        return tuple(grads) if len(args) != 1 else grads[0]

    return y.value, back


def value_and_grad(function: Callable, argnums: int | Sequence[int] = 0) -> Callable:
    """A function that returns `(f(x), df/dx)`, for an f whose value is a single number.

    Example:
        >>> value_and_grad(lambda x: x**2)(np.array([3.0]))
        (array([9.]), array([6.]))
    """
    chosen = [argnums] if hasattr(argnums, "__index__") else list(argnums)

    def call(*args: Any) -> tuple[Any, Any]:
        def of_chosen(*values: Any) -> Any:
            given = dict(enumerate(args)) | dict(zip(chosen, values, strict=True))
            return function(*given.values())

        y, back = vjp(of_chosen, *(args[k] for k in chosen))
        if np.prod(np.shape(y)) != 1:
            raise not_scalar("value_and_grad", np.shape(y))
        grads = back(1.0)
        return y, (grads,) if len(chosen) == 1 and not hasattr(argnums, "__index__") else grads

    return call
