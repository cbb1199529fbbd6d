"""The chain rule: operations that know their derivative, a tape that remembers, a walk backwards.

    dL/dx = Σ over every y computed from x of  (dL/dy) · (dy/dx)

While a tape is open, each operation on a watched value is written down as a *call*, with the
function that multiplies by its derivative; walking that list from its end gives every gradient in
one pass. That is all of backpropagation. (Griewank and Walther, *Evaluating Derivatives*, 2008,
chapter 3.)
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from .arrays import float_array, full, is_float, like, one_array, take_recorded_type
from .calls import answers
from .errors import StateError, incomplete_rule, not_recorded, not_scalar, taken_past
from .live import LiveTape, WithBackward, mixed
from .live import open_tape as _open
from .operators import Recordable, binary, raw
from .symbol import symbolic, write_call
from .vocabulary import answer_of, loaded

__all__ = ["Call", "Node", "Result", "Scope", "Tape", "TupleCall", "gradients", "op", "record"]
__all__ += ["stop_gradient", "vjp"]

active_tape = _open.get  # the innermost open tape of this thread, or None


def op(function: Callable) -> Callable[..., Any]:
    """Make an operation of a function that returns `(value, back)`.

    `back` goes from d_y, the gradient of the loss with respect to the value, to the gradient of
    each positional argument: one function (returning a tuple where there are several); or a tuple
    of functions, one for each argument, called only where somebody wants that gradient; or None
    for an operation without a derivative. Where an argument was broadcast, the sum is done for you.
    If the value is a tuple of arrays, `back` takes as many gradients.

    An operation that does the work of several, because together they are quicker or have a better
    derivative, may state what it is made of: a function under `@name.composed`, with the same
    arguments, which `record(fuse=False)` runs and records in its place. Derivatives of derivatives
    run it, too, so that only elementary rules must be differentiable themselves.

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
        if kwargs and any(isinstance(v, Recordable) for v in kwargs.values()):
            args, kwargs = _by_position(function, args, kwargs)
        for a in args:
            if isinstance(a, Recordable):
                break
        else:  # nothing that could be recorded
            return function(*args, **kwargs)[0]
        given, tape = [], None
        for a in take_recorded_type(args):
            if isinstance(a, Recordable):
                a = a.on_tape()
                if isinstance(a, Node) and a.tape is not tape:
                    if tape is None or a.tape.level > tape.level:
                        tape = a.tape  # the innermost: what stands further out is a constant there
                    elif a.tape.level == tape.level:
                        raise mixed()
            given.append(a)
        if tape is None:
            if symbolic(*given):  # a graph of layers keeps the call, with its Variables
                return write_call(call, args, kwargs)
            return function(*given, **kwargs)[0]
        if known.composition is not None and (not tape.fuse or _standing_out(tape, given)):
            return known.composition(*given, **kwargs)
        given, values, recorded = tuple(given), given, []
        for k, a in enumerate(given):
            if isinstance(a, Node) and a.tape is tape:
                values[k] = a.value
                recorded.append(k)
        y, back = function(*values, **kwargs)
        if back is None:
            return y
        if type(y) is tuple:
            return TupleCall(tape, y, call, given, recorded, kwargs, back).results
        return Call(tape, y, call, given, recorded, kwargs, back)

    def composed(composition: Callable) -> Callable:
        known.composition = composition
        return composition

    known: Any = call
    known.composition, known.composed = None, composed
    return known


def _standing_out(tape: Tape, given: Sequence[Any]) -> bool:
    """Does an argument also stand on a tape further out?"""
    inside = (a.value if isinstance(a, Node) and a.tape is tape else a for a in given)
    return tape.level > 0 and any(isinstance(v, Node) for v in inside)


def _by_position(function: Callable, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict]:
    """A recorded value given by keyword moves to its position, where the chain rule looks."""
    bound = inspect.signature(function).bind(*args, **kwargs)
    bound.apply_defaults()
    return bound.args, bound.kwargs


class Node(WithBackward):
    """One value on a tape: `call` says which call made it, `place` which of its results it is."""

    __slots__ = ("index", "tape", "value")
    call: Any
    place: int

    __eq__, _ = binary("equal")
    __ne__, _ = binary("not_equal")
    __hash__ = object.__hash__

    def on_tape(self) -> Any:
        """Itself while its tape is open, then its value: a closed tape records nothing."""
        if not self.tape.closed:
            return self
        inside = self.tape.lent_to.borrow(self) if self.tape.lent_to else self.value
        return inside.on_tape() if isinstance(inside, Node) else inside

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self._number("a NumPy array"), dtype=dtype, copy=copy)

    def _number(self, what: str = "a plain number") -> Any:
        if (not self.tape.closed and not self.tape.live) or self.tape.lent_to is not None:
            raise StateError(
                f"turning a recorded value into {what} would cut the chain rule here",
                fix="use the function of that name in cr.ops, or cr.stop_gradient(x) on purpose",
            )
        return raw(self)

    def __repr__(self) -> str:
        made_by = getattr(self.call.operation, "__name__", "input")
        return f"Node({raw(self)!r}, made_by={made_by})"


class Call(Node):
    """One call on a tape, and the one value it made: operation, arguments, derivative.

    Args:
        tape: where it is written down.
        value: the result.
        operation: what was called; None for an input, such as a Variable or a watched array.
        args: the arguments: recorded values as Nodes, constants as they were given.
        recorded: the places of those among them that stand on this tape.
        kwargs: the arguments by name, which are constants.
        back: the derivative, as the operation returned it.
    """

    __slots__ = ("args", "back", "kwargs", "operation", "recorded")
    place = 0

    def __init__(
        self,
        tape: Tape,
        value: Any,
        operation: Any = None,
        args: Sequence[Any] = (),
        recorded: Sequence[int] = (),
        kwargs: Mapping[str, Any] = MappingProxyType({}),
        back: Any = None,
    ) -> None:
        self.tape, self.value, self.operation = tape, value, operation
        self.args, self.recorded, self.kwargs, self.back = args, recorded, kwargs, back
        self.index = len(tape.calls)
        tape.calls.append(self)

    @property
    def call(self) -> Call:
        """The call that made this value: itself."""
        return self

    @property
    def results(self) -> tuple[Call]:
        """The values it made: one."""
        return (self,)


class TupleCall:
    """A call whose value is a tuple of arrays: floats become `results`, others are constants."""

    __slots__ = ("args", "back", "index", "kwargs", "operation", "recorded", "results", "tape")

    def __init__(
        self,
        tape: Tape,
        values: tuple,
        operation: Any,
        args: Sequence[Any],
        recorded: Sequence[int],
        kwargs: Mapping[str, Any],
        back: Any,
    ) -> None:
        self.tape, self.operation = tape, operation
        self.args, self.recorded, self.kwargs, self.back = args, recorded, kwargs, back
        self.index = len(tape.calls)
        tape.calls.append(self)
        self.results = tuple(
            [Result(self, k, v) if is_float(v) else v for k, v in enumerate(values)]
        )


class Result(Node):
    """One of the values of a call that has several."""

    __slots__ = ("call", "place")

    def __init__(self, call: TupleCall, place: int, value: Any) -> None:
        self.call, self.place, self.value = call, place, value
        self.tape, self.index = call.tape, call.index


class Scope:
    """The calls from `first` up to `end` ran inside `layer`; `parent` is the scope around it."""

    __slots__ = ("end", "first", "layer", "parent", "tape")

    def __init__(self, tape: Tape, layer: Any, parent: Scope | None) -> None:
        self.tape, self.layer, self.parent = tape, layer, parent
        self.first = len(tape.calls)
        self.end: int | None = None  # while it is open
        tape.scopes.append(self)

    def __enter__(self) -> Scope:
        return self

    def __exit__(self, *exc: object) -> None:
        self.tape.leave(self)


class Tape(LiveTape):
    """The list of calls in the order they ran: already a topological order.

    Args:
        fuse: let a cross-entropy see the logits behind a softmax or sigmoid; see `record`.

    Example:
        >>> with record() as tape:
        ...     loss = (tape.watch(np.array([1.0, 2.0])) * 3.0).sum()
        >>> [call.operation.__name__ for call in tape.calls if call.operation]
        ['multiply', 'sum']
        >>> tape.calls[1].args
        (Node(array([1., 2.]), made_by=input), 3.0)
    """

    def __init__(self, fuse: bool = True) -> None:
        self.calls: list[Any] = []
        self.scopes: list[Scope] = []
        self.fuse, self.closed, self.level = fuse, False, 0
        self.outer: Tape | None = None
        self.lent_to: Any = None  # an `Apart`, while that is open
        self.sources: dict[int, Any] = {}  # index of an input -> the object that was entered
        self._scope: Scope | None = None
        self._token: Any = None
        self._inputs: dict[int, Call] = {}  # by identity; `sources` keeps the objects alive
        self._bypassed: dict[Node, list[tuple[Node, int]]] = {}  # see `bypass`

    def __enter__(self) -> Tape:
        if self._token is not None:
            raise StateError(
                "a tape is opened once", where="Tape", fix="open a new one with cr.record()"
            )
        self.outer = _open.get()
        self.level = 0 if self.outer is None else self.outer.level + 1
        self._token = _open.set(self)
        return self

    def __exit__(self, *exc: object) -> None:
        self.closed = True
        _open.reset(self._token)

    # --- inputs and scopes ----------------------------------------------------------------------

    def watch(self, x: Any) -> Node:
        """Enter `x` as an input, once; the gradient can then be asked for it or for the Node."""
        if isinstance(x, Recordable) and not isinstance(x, Node):
            return self.leaf(x)
        known = self.known(x)
        return self._enter(x, x) if known is None else known

    def leaf(self, variable: Any) -> Node:
        """The Node of a Variable here, itself standing on every tape further out."""
        known = self._inputs.get(id(variable))
        if known is not None:
            return known
        value = variable.value
        value = value.on_tape() if isinstance(value, Node) else value
        if isinstance(value, Node):  # swapped in by `cr.gradcheck` and other pure functions
            return value if value.tape is self else self._enter(variable, value)
        return self._enter(variable, value if self.outer is None else self.outer.leaf(variable))

    def known(self, x: Any) -> Node | None:
        """The Node of `x` here, if it was entered."""
        return self._inputs.get(id(x))

    def _enter(self, source: Any, value: Any) -> Node:
        node = self._inputs[id(source)] = Call(self, float_array(value))
        self.sources[node.index] = source
        return node

    def enter(self, layer: Any) -> Scope:
        """Open a scope: the calls from here to `leave` ran inside `layer`. Also a `with` block."""
        self._scope = Scope(self, layer, self._scope)
        return self._scope

    def leave(self, scope: Scope) -> None:
        """Close a scope, and with it any that an error left open inside."""
        while self._scope is not None and scope.end is None:
            self._scope.end = len(self.calls)
            self._scope = self._scope.parent

    def scope_of(self, call: Any) -> Scope | None:
        """The innermost scope that a call ran in, or None."""
        for scope in reversed(self.scopes):
            if scope.first <= call.index and (scope.end is None or call.index < scope.end):
                return scope
        return None

    def bypass(self, y: Node, x: Node) -> None:
        """The next call on `x` stands for one on y = f(x): no gradient will reach y by itself."""
        self._bypassed.setdefault(y, []).append((x, len(self.calls)))

    def diagram(self, loss: Any = None, **look: Any) -> Any:
        """The computational graph, as a drawing: operations, and the values between them.

        Variables and watched arrays are boxes, operations are round, and under each stands what it
        made; layers are frames around the calls that ran in them.

        Args:
            loss: only what leads to it is drawn, with the gradient of the loss at every value.
            look: `depth`, how many layers inside each other are opened (0 draws the outermost as
                one node each; all by default); `values`, whether numbers are written or shapes and
                norms (by default numbers, if no value has more than 6); `names`, a dictionary from
                recorded values to what they are called; `title`, `theme` and `direction` as for
                `cr.plots.network`.

        Raises:
            ArgumentError: more than 60 operations would be drawn, or none; the loss, or a value in
                `names`, is not of this tape.
            ShapeError: the loss is not a single number.

        Example:
            >>> with record() as tape:
            ...     loss = (tape.watch(np.array(3.0)) * 2.0) ** 2
            >>> picture = tape.diagram(loss)  # shown by a notebook, written by picture.save(path)
            >>> "∂ 24" in picture.svg()  # d(2x)²/dx = 8x
            True
        """
        return loaded("drawing.tapegraph", "draw_tape")(self, loss, **look)

    # --- backwards ------------------------------------------------------------------------------

    def walk(self, loss: Any, wrt: Sequence[Any], d_loss: Any = None) -> Iterator[tuple]:
        """The backward pass, a call at a time in reverse order: (call, d_results, d_args).

        d_results is the complete gradient of the loss with respect to what the call returned (a
        tuple if it returned one, with zeros where nothing flowed back). d_args is a tuple beside
        `call.args`: what the call adds to the gradient of each; None for constants and for what
        does not lead to `wrt`. Inputs asked for come last, without arguments. The arguments are
        those of `gradients`; d_loss is the gradient to begin with, needed unless the loss is a
        single number.

        Example:
            >>> with record() as tape:
            ...     x = tape.watch(np.array(3.0))
            ...     loss = x * x + 1.0
            >>> for call, d_y, d_args in tape.walk(loss, [x]):
            ...     print(getattr(call.operation, "__name__", "input"), float(d_y), d_args)
            add 1.0 (array(1.), None)
            multiply 1.0 (np.float64(3.0), np.float64(3.0))
            input 6.0 ()
        """
        return self._walk(loss, self._asked(loss, wrt, d_loss), d_loss)

    def gradients(self, loss: Any, wrt: Sequence[Any], d_loss: Any = None) -> list[Any]:
        """dLoss/dw for each w in `wrt`: a fold over `walk`; see the function `gradients`."""
        nodes = self._asked(loss, wrt, d_loss)
        found = dict.fromkeys([node.index for node in nodes if node is not None])
        for call, d, _ in self._walk(loss, nodes, d_loss):
            if call.index in found:
                found[call.index] = d
        out = []
        for w, node in zip(wrt, nodes, strict=True):
            d = None if node is None else found[node.index]
            if d is not None and type(node) is Result:
                d = d[node.place]
            out.append(full(0.0, raw(w)) if d is None else d)
        return out

    def _asked(self, loss: Any, wrt: Sequence[Any], d_loss: Any) -> list[Node | None]:
        """The Node here of everything in `wrt`; None for a Variable that was never used."""
        if not (isinstance(loss, Node) and loss.tape is self):
            raise not_recorded("gradients")
        if d_loss is None and loss.size != 1:
            raise not_scalar("gradients", loss.shape)
        nodes: list[Node | None] = []
        for w in wrt:
            node = w if isinstance(w, Node) and w.tape is self else self.known(w)
            if node is None and not isinstance(w, Recordable):
                raise not_recorded("gradients", "an array was not watched: x = tape.watch(x)")
            nodes.append(node)
        return nodes

    def _walk(self, loss: Node, asked: list[Node | None], d_loss: Any) -> Iterator[tuple]:
        path = self.calls[: loss.index + 1]
        wanted = bytearray(len(self.calls))  # by call; 1: asked for, 2: an argument leads there
        for node in asked:
            if node is not None:
                wanted[node.index] = 1
        stop = self._taken_past(asked)
        for i in stop:
            wanted[i] = 1
        for call in path:
            for k in call.recorded:
                if wanted[call.args[k].index]:
                    wanted[call.index] |= 2
        d: dict[Node, Any] = {loss: full(1.0, raw(loss)) if d_loss is None else d_loss}
        for call in reversed(path):
            if not wanted[call.index]:
                continue
            single = type(call) is Call
            d_y = d.pop(call, None) if single else _complete(call, d)
            if d_y is None:  # the loss does not depend on it
                continue
            if call.index in stop:
                raise taken_past(stop[call.index])
            args, d_args = call.args, [None] * len(call.args)
            if wanted[call.index] & 2:
                back = call.back
                apart = type(back) is tuple  # a function for each argument
                found = back if apart else _as_tuple(call, back(d_y) if single else back(*d_y))
                for k in call.recorded:
                    a = args[k]
                    if wanted[a.index]:
                        if k >= len(found) or found[k] is None:
                            raise incomplete_rule(call.operation, k, found)
                        d_a = found[k]
                        if apart:
                            d_a = d_a(d_y) if single else d_a(*d_y)
                        d_args[k] = d_a = like(d_a, a.value)
                        d[a] = d[a] + d_a if a in d else d_a
            yield call, d_y, tuple(d_args)

    def _taken_past(self, asked: list[Node | None]) -> dict[int, str]:
        """Index of each call that took the logits behind a value asked for, and what made that."""
        found = {}
        for y in [node for node in asked if node is not None]:
            for x, first in self._bypassed.get(y, ()):
                users = [c.index for c in self.calls[first:] if any(a is x for a in c.args)]
                found |= dict.fromkeys(users[:1], y.call.operation.__name__)
        return found


def _complete(call: TupleCall, d: dict[Node, Any]) -> tuple | None:
    """The gradients of all results, zeros where none flowed back; None if none did at all."""
    results = [r if isinstance(r, Node) else None for r in call.results]
    found = [None if r is None else d.pop(r, None) for r in results]
    if all(part is None for part in found):
        return None
    return tuple(
        full(0.0, raw(r)) if part is None and r is not None else part
        for r, part in zip(results, found, strict=True)
    )


def _as_tuple(call: Any, found: Any) -> tuple:
    """What `back` returned, as a tuple: one array is the gradient of an only argument."""
    if type(found) is not tuple:
        if call.recorded != [0]:
            raise incomplete_rule(call.operation, call.recorded[-1], found)
        return (found,)
    return found


@answers
def record(fuse: bool = True) -> Tape:
    """Open a tape: `with record() as tape: loss = ...`, then `tape.gradients(loss, weights)`.

    Variables are watched by themselves, a plain array is entered with `x = tape.watch(x)`. Tapes
    may be nested, for derivatives of derivatives.

    Args:
        fuse: compute softmax (or sigmoid) and cross-entropy as one where they meet: quicker, exact
            for extreme logits, but the gradient behind the activation, dE/da, is never formed, and
            asking for it raises. With False each is a call of its own, and an operation that does
            the work of several (convolution, LSTM, attention, a normalization) is recorded as what
            it is made of, to be read step by step.

    Example:
        >>> import chainrule as cr
        >>> with cr.record(fuse=False) as tape:
        ...     a = cr.ops.softmax(tape.watch(np.array([[0.0, 0.0]])))
        ...     loss = cr.ops.sum(cr.losses.categorical_crossentropy([[1.0, 0.0]], a))
        >>> tape.gradients(loss, [a])[0].round(3)
        array([[-1.,  1.]])
    """
    return Tape(fuse)


@answers
def gradients(loss: Any, wrt: Sequence[Any]) -> list[Any]:
    """The gradient of a recorded scalar with respect to each Variable or watched array.

    What the loss does not depend on gets zeros (as in JAX; TensorFlow gives None).

    Raises:
        StateError: the loss, or an array in `wrt`, was not recorded; or the gradient is asked for
            at an activation that a fused cross-entropy bypassed.
        ShapeError: the loss is not a single number.
        GradientError: the `back` of an operation has no gradient for an argument.

    Example:
        >>> with record() as tape:
        ...     loss = tape.watch(x := np.array([3.0])) ** 2
        >>> gradients(loss, [x])
        [array([6.])]
    """
    return (loss.tape if isinstance(loss, Node) else Tape()).gradients(loss, wrt)


def stop_gradient(variable: Any) -> Any:
    """The same value as a constant: no gradient flows through it (Keras's `ops.stop_gradient`).

    Example:
        >>> y, back = vjp(lambda x: x * stop_gradient(x), np.array(3.0))
        >>> float(back(1.0))
        3.0
    """
    return raw(variable)


@answers
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
        inputs = [Call(tape, v) for v in values]
        y = function(*inputs)
        if not isinstance(y, Node) or y.tape is not tape:
            y = Call(tape, one_array(function, y))  # a constant

    def back(d_y: Any) -> Any:
        grads = tape.gradients(y, inputs, like(d_y, y.value))
        return tuple(grads) if len(args) != 1 else grads[0]

    return y.value, back


answer_of(Tape, "tape")
