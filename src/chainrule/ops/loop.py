"""Loops: an array taken apart along an axis, and `scan`, which carries values through time."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from typing import Any

import numpy as np

from .. import config, tree
from ..apart import Apart
from ..arrays import asarray, is_float, lax, take_recorded_type, xp
from ..chain import Call, Node, TupleCall, active_tape
from ..errors import ArgumentError, ShapeError, StateError
from ..operators import Recordable, raw
from ..symbol import composite, symbolic
from ..variable import Variable, follow
from .base import check_axis, op, whole
from .shapes import stack

__all__ = ["scan", "unstack"]


@op
def _unstack(x, axis):
    m = xp(x)

    def back(*d_parts):
        return (m.stack(d_parts, axis=axis),)

    return tuple(m.moveaxis(x, axis, 0)[k] for k in range(np.shape(x)[axis])), back


@composite
def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[Any]:
    """x[0], x[1], ... along an axis, which is gone.  d_x puts theirs together.

    Example:
        >>> unstack([[1.0, 2.0], [3.0, 4.0]], axis=1)
        [array([1., 3.]), array([2., 4.])]

    Raises:
        ShapeError: there is no such axis, or it is not `num` long.
    """
    axis = check_axis(axis, np.ndim(x), "unstack")
    length = np.shape(x)[axis]
    if num not in (None, length):
        raise ShapeError(
            "the axis has another length", where="unstack", expected=num, received=length
        )
    return list(_unstack(x, axis)) if length else []


@composite
def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
) -> tuple[Any, Any]:
    """carry, y = f(carry, x) for each x of xs: the last carry, and every y.  d_: back through time.

    `init`, `x` and `y` are arrays or trees of arrays; xs has the steps along axis 0, and so have
    the ys that are returned. As in `jax.lax.scan` and `keras.ops.scan`.

    On NumPy it is a Python loop, and each step is recorded. While XLA compiles, it is one loop of
    the compiler: the carries are kept, and the way back runs f again, step by step from the last.
    Whatever f closes over (Variables, values recorded outside it) gets its gradient, and Variables
    that f assigns, such as the counter of a Dropout, go from step to step. A tape inside another
    tape and `record(fuse=False)` see the single steps on both engines.

    Args:
        f: one step; it returns the next carry, in the shapes and types of `init`, and y (or None).
        init: the first carry.
        xs: what is gone through; None for nothing but `length` steps.
        length: number of steps, where xs does not say it.
        reverse: go from the last x to the first; y stands where its x stood.

    Raises:
        ShapeError: no steps, xs of different lengths, or a carry that changes its shape or type.
        ArgumentError: f does not return a pair.

    Example:
        >>> carry, ys = scan(lambda total, x: (total + x, total * x), 1.0, np.array([1.0, 2.0]))
        >>> float(carry), ys
        (4.0, array([1., 4.]))
    """
    init, xs = _arrays(init, xs)
    length = _steps(xs, length)
    leaves = [v for v in tree.leaves([init, xs]) if v is not None]
    if all(xp(raw(v)) is np for v in leaves):
        return _loop(f, init, xs, length, reverse)
    tape = active_tape()
    if tape is not None and (tape.level or not tape.fuse):
        return _loop(f, init, xs, length, reverse)
    return _Compiled(f, init, xs, length, reverse).run(tape)


def _arrays(*trees: Any) -> list[Any]:
    """Numbers as arrays, in the type of the floats beside them; Variables as they are here."""
    leaves, structure = tree.flatten(trees)
    leaves = [v.on_tape() if isinstance(v, Recordable) else v for v in leaves]
    leaves = list(take_recorded_type(tuple(leaves)))
    kind = next((v.dtype for v in leaves if hasattr(v, "dtype") and is_float(v)), None)
    for k, v in enumerate(leaves):
        if v is not None and not hasattr(v, "dtype"):
            v = asarray(v, name="scan")
            leaves[k] = v.astype(kind or config.floatx()) if is_float(v) else v
    return tree.unflatten(structure, leaves)


def _steps(xs: Any, length: Any) -> int:
    """How many steps there are, by xs and by `length`."""
    lengths = {np.shape(v)[0] if np.ndim(v) else -1 for v in tree.leaves(xs) if v is not None}
    if length is not None:
        lengths.add(whole(length, "scan", "length"))
    if len(lengths) != 1 or max(lengths) < 1:
        shapes = [np.shape(v) for v in tree.leaves(xs) if v is not None]
        said = ", ".join(map(str, shapes)) or "no xs"
        raise ShapeError(
            "there must be one number of steps, at least 1",
            where="scan",
            expected="xs with equal first axes, or a length",
            received=said if length is None else f"{said}; length={length!r}",
        )
    return lengths.pop()


def _pair(f: Callable, carry: Any, x: Any) -> tuple[Any, Any]:
    """What f returns: the next carry, of the kind of the one before, and y."""
    found = f(carry, x)
    if not isinstance(found, tuple) or len(found) != 2:
        raise ArgumentError(
            "a step must return two values",
            where="scan",
            expected="(carry, y); y may be None",
            received=type(found).__name__,
        )
    if symbolic(found[0], found[1]):
        raise StateError(
            "a step closes over a symbolic value",
            where="scan",
            fix="give it to f with the carry or with xs",
        )
    after = tree.map(_value, found[0])
    for path, (a, b) in tree.zip(carry, after, where="the carry of scan"):
        if a is None or b is None:
            same = a is b
        else:
            same = np.shape(a) == np.shape(b) and a.dtype == b.dtype
        if not same:
            raise ShapeError(
                "a step must return a carry of the shapes and types it was given",
                where=f"scan, carry{' ' + path if path else ''}",
                expected=_kind(a),
                received=_kind(b),
            )
    return after, tree.map(_value, found[1])


def _value(v: Any) -> Any:
    """A Variable as it is here, a Python number as an array."""
    if isinstance(v, Recordable):
        return v.on_tape()
    return v if v is None or hasattr(v, "dtype") else np.asarray(v, config.floatx())


def _kind(v: Any) -> str:
    return "None" if v is None else f"{np.dtype(v.dtype).name}{tuple(np.shape(v))}"


def _loop(f: Callable, init: Any, xs: Any, length: int, reverse: bool) -> tuple[Any, Any]:
    """Step by step in Python."""
    leaves, structure = tree.flatten(xs)
    parts = [None if v is None else unstack(v) for v in leaves]
    carry, found = init, []
    for t in range(length)[:: -1 if reverse else 1]:
        x = tree.unflatten(structure, [None if p is None else p[t] for p in parts])
        carry, y = _pair(f, carry, x)
        found.append(y)
    if reverse:
        found.reverse()
    kept = [v for _, v in tree.zip(*found)]
    ys = [None if v[0] is None else stack(list(v)) for v in kept]
    return carry, tree.unflatten(tree.flatten(found[0])[1], ys)


class _Compiled:
    """One scan as a loop of the compiler.

    The loop is traced apart from every tape around it (`Apart`), and every Variable is followed,
    so that nothing traced inside gets out but by the results.
    """

    def __init__(self, f: Callable, init: Any, xs: Any, length: int, reverse: bool) -> None:
        self.f, self.length, self.reverse = f, length, reverse
        self.init, self.carry_tree = tree.flatten(init)
        self.xs, self.x_tree = tree.flatten(xs)
        self.given = [*self.init, *self.xs]
        self.assigned: list[Variable] = []  # by f
        self.fixed: dict[int, tuple[Variable, Any]] = {}  # others that f reads, and their values
        self.around = active_tape()
        self.context = copy_context()  # as f sees it, for when it is run again
        self.closed: dict[int, Any] = {}  # what f closes over on the tape around, by identity
        self.y_tree: Any = None

    def run(self, tape: Any) -> tuple[Any, Any]:
        """The results: on the tape if anything that leads to them stands there."""
        while True:
            known = len(self.assigned)
            (carry, after), (kept, ys) = self._forward()
            if len(self.assigned) == known:
                break
        for variable, value in zip(self.assigned, after, strict=True):
            variable.assign(value)
        values = (*[v for v in carry if v is not None], *[v for v in ys if v is not None])
        closed = list(self.closed.values())
        args = [*self.given]
        if tape is not None:
            args += [s.on_tape() for s in closed]
        recorded = [k for k, a in enumerate(args) if isinstance(a, Node) and a.tape is tape]
        results = values
        if recorded:

            def back(*d_values: Any) -> tuple:
                return self.context.copy().run(self._back, kept, d_values, closed)

            results = TupleCall(tape, values, scan, args, recorded, {}, back).results  # type: ignore[arg-type]
        found = iter(results)
        every = [None if v is None else next(found) for v in (*carry, *ys)]
        return (
            tree.unflatten(self.carry_tree, every[: len(carry)]),
            tree.unflatten(self.y_tree, every[len(carry) :]),
        )

    def _step(self, carry: list, x: list) -> tuple[list, list]:
        """One step of f; leaves of the next carry, and of y."""
        after, y = _pair(
            self.f, tree.unflatten(self.carry_tree, carry), tree.unflatten(self.x_tree, x)
        )
        ys, self.y_tree = tree.flatten(y)
        return tree.leaves(after), ys

    def _forward(self) -> tuple:
        """(last carry, values of what f assigns), (what each step began with, every y)."""

        def body(state: Any, x: Any) -> Any:
            carry, values = state
            with follow(self.assigned, values) as now, Apart() as tape:
                after, y = self._step(carry, x)
                self._alone(tape, (*after, *y))
            for source in tape.sources.values():
                self.closed.setdefault(id(source), source)
            self.fixed = {id(v): (v, value) for v, value in now.met}
            new = [v for v in now.changed if all(v is not known for known in self.assigned)]
            trained = next((v for v in new if v.trainable), None)
            if trained is not None:
                raise StateError(
                    f"a step assigns the trained Variable {trained.name!r}",
                    where="scan",
                    fix="carry it: give its value with init, and assign the last one afterwards",
                )
            values = now.values()
            self.assigned = [*self.assigned, *new]
            return ([raw(v) for v in after], values), (state, [raw(v) for v in y])

        init = [raw(v) for v in self.init]
        start = (init, [v.value for v in self.assigned])
        xs = [raw(v) for v in self.xs]
        found = lax().scan(body, start, xs, length=self.length, reverse=self.reverse)
        return found

    def _alone(self, tape: Apart, results: tuple) -> None:
        """What a step returns stands on its own tape, or on none."""
        if any(isinstance(v, Node) and v.tape is not tape for v in results):
            raise StateError(
                "a step returns a value that was recorded elsewhere",
                where="scan",
                fix="compute it inside f, or give it with the carry or with xs",
            )

    def _same(self, tape: Apart) -> None:
        """On the way back f uses what it used on the way there, or a gradient would be missing."""
        if {id(s) for s in tape.sources.values()} != set(self.closed):
            raise StateError(
                "a step used other values when it was run again for its gradient",
                where="scan",
                fix="let f depend on its arguments and on what does not change meanwhile",
            )

    def _back(self, kept: Any, d_values: tuple, closed: list) -> tuple:
        """The gradient of everything given and closed over: the steps again, from the last."""
        floats = [k for k, v in enumerate(self.given) if v is not None and is_float(v)]
        n = len(self.init)
        carried = [k for k in floats if k < n]
        taken = [k for k in floats if k >= n]
        d_leaves = iter(d_values)
        d_carry = [None if v is None else next(d_leaves) for v in self.init]
        d_ys = list(d_leaves)  # one for each y that is not None
        loose = {id(v) for v in self.assigned}
        fixed = [entry for key, entry in self.fixed.items() if key not in loose]
        variables = [*self.assigned, *[v for v, _ in fixed]]
        fixed = [value for _, value in fixed]

        def body(state: Any, now: Any) -> Any:
            d_carry, sums = state
            ((carry, values), x), d_ys = now
            with follow(variables, [*values, *fixed]), Apart(self.around) as tape:
                inputs = [
                    Call(tape, v) if v is not None and is_float(v) else v for v in (*carry, *x)
                ]
                after, y = self._step(inputs[:n], inputs[n:])
                self._same(tape)
                sources: list[Any] = [tape.known(s) for s in closed]
                d_y = iter(d_ys)
                d_out = [*d_carry, *[None if v is None else next(d_y) for v in y]]
                wanted = [*[inputs[k] for k in floats], *sources]
                pulled = _pull(tape, [*after, *y], d_out, wanted)
            found = dict(zip(map(id, wanted), pulled, strict=True))
            d_before = [found[id(v)] if k in carried else None for k, v in enumerate(inputs[:n])]
            sums = [total + found[id(s)] for total, s in zip(sums, sources, strict=True)]
            return (d_before, sums), [found[id(inputs[k])] for k in taken]

        m = xp(*d_values)
        zeros = [m.zeros(np.shape(s), s.dtype) for s in closed]
        start = ([d if k in carried else None for k, d in enumerate(d_carry)], zeros)
        xs = [raw(v) for v in self.xs]
        (d_init, sums), d_xs = lax().scan(
            body, start, ((kept, xs), d_ys), length=self.length, reverse=not self.reverse
        )
        by_place = dict(zip(taken, d_xs, strict=True))
        return (*d_init, *[by_place.get(k) for k in range(n, len(self.given))], *sums)


def _pull(tape: Apart, values: list, d_values: list, wanted: list) -> list:
    """The gradients of what is wanted, for the gradient given of each of some values."""
    pairs = [(v, d) for v, d in zip(values, d_values, strict=True) if isinstance(v, Node)]
    if not pairs:
        return [xp(w.value).zeros_like(w.value) for w in wanted]
    nodes, ds = zip(*pairs, strict=True)
    together = Call(tape, np.float32(0), _pull, nodes, range(len(nodes)), back=lambda d: ds)
    return tape.gradients(together, wanted)
