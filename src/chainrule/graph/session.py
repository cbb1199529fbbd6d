"""Sessions: where a graph runs, with values of its variables that belong to nobody else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import rng, tree
from ..errors import ArgumentError, ShapeError, StateError
from ..training.compiled import compile
from ..training.engines import choose_engine
from ..training.engines.xla import keep_few
from ..variable import Variable as Box
from .computing import Plan, perform
from .kinds import convert, type_name
from .nodes import (
    Graph,
    Operation,
    Tensor,
    _here,
    default_sessions,
    get_default_graph,
    other_graph,
    warn,
)
from .placeholders import Placeholder
from .variables import Initialize, Variable, value_for

__all__ = ["InteractiveSession", "Session", "get_default_session"]

_WIDE = np.float64(0.0)  # a program with one argument of 64 bits keeps every type as it is


class Session:
    """Runs a graph: `sess.run(fetches, feed_dict)`.

    Every session has its own values of the variables, and its own random numbers; two sessions, in
    two threads or one, never see each other's. One session may be used by several threads: each
    run reads and changes the variables as a whole.

    Args:
        graph: what it runs; the default graph where it is not given.
        engine: `"numpy"`, or `"xla"`, which compiles each set of fetches once for the shapes and
            types that are fed. Both give the same numbers up to rounding.

    Raises:
        ArgumentError: an unknown engine, something that is no graph.

    Example:
        >>> import chainrule.graph as tf
        >>> x1 = tf.placeholder(tf.int32)
        >>> x2 = tf.placeholder(tf.int32)
        >>> sess = tf.Session()
        >>> print(sess.run(tf.multiply(x1, x2), {x1: [3, 4], x2: [5, 1]}))
        [15  4]
        >>> sess.close()
    """

    def __init__(self, graph: Graph | None = None, *, engine: str = "numpy") -> None:
        if graph is not None and not isinstance(graph, Graph):
            raise ArgumentError(
                "a session runs a graph",
                where="tf.Session",
                expected="graph=tf.Graph(), or nothing for the default graph",
                received=repr(graph)[:100],
                fix='tf.Session(); the engine is chosen by engine="xla"',
            )
        self.graph = graph or get_default_graph()
        self.engine = choose_engine(engine, "tf.Session")
        self._values: dict[int, Any] = {}
        self._key = rng.next_key()
        self._plans: dict[tuple[int, ...], Plan] = {}
        self._programs: dict[Any, Callable[..., Any]] = {}
        self._told: set[int] = set()
        self._lock = threading.RLock()
        self._closed = False

    # --- run ------------------------------------------------------------------------------------

    def run(self, fetches: Any, feed_dict: Mapping[Any, Any] | None = None) -> Any:
        """The values of some tensors, all of one moment; operations that change variables are run.

        Everything is computed from the variables as they were when the run began, and all of them
        change together at its end; where an error is raised, none has changed. So
        `sess.run([train, loss])` gives the loss before the step.

        Args:
            fetches: a tensor, a variable, an operation, a name, or a list, tuple or dict of them,
                also inside each other.
            feed_dict: placeholder (or its name) -> what it is in this run.

        Returns:
            Values in the place of the fetches: NumPy numbers and arrays, None for operations.

        Raises:
            StateError: a placeholder was not fed, a variable has no value yet, the session is
                closed.
            ArgumentError: what is fetched or fed is none of this graph, or cannot be.
            ShapeError, DataError: a value does not fit a placeholder, or an operation its values.

        Example:
            >>> import chainrule.graph as tf
            >>> x = tf.placeholder(tf.float32, [2], name="x")
            >>> tf.Session().run({"sum": tf.reduce_sum(x), "double": [2.0 * x]}, {x: [1.0, 2.0]})
            {'sum': np.float32(3.0), 'double': [array([2., 4.], dtype=float32)]}
        """
        self._open()
        leaves, structure = tree.flatten(fetches)
        wanted = [self._fetched(leaf) for leaf in leaves]
        feeds = self._fed(feed_dict)
        operations = [w.op if isinstance(w, Tensor) else w for w in wanted]
        tensors = [w for w in wanted if isinstance(w, Tensor)]
        with self._lock:
            found = iter(self._computed(operations, tensors, feeds))
        values = [next(found) if isinstance(w, Tensor) else None for w in wanted]
        return tree.unflatten(structure, values)

    def _computed(
        self, operations: Sequence[Operation], tensors: list[Tensor], feeds: dict[Tensor, Any]
    ) -> list[Any]:
        key = tuple(op.number for op in operations)
        plan = self._plans.get(key)
        if plan is None:
            keep_few(self._plans)
            plan = self._plans[key] = Plan(operations)
        feeds = _all_fed(plan, feeds)
        reads = self._reads(plan)
        if self.engine == "xla" and not plan.host:
            found, written, flags, tellers = self._compiled(plan, tensors, reads, feeds)
        else:
            found, written, flags, tellers = perform(plan, tensors, reads, feeds)
        for flag, op in zip(flags, tellers, strict=True):
            self._say(op, flag)
        self._open()  # it may have been closed by another thread
        for k, value in zip(plan.writes, written, strict=True):
            self._values[k] = np.asarray(value)
        if any(isinstance(op, Initialize) and op.everything for op in plan.operations):
            for slot in self.graph.slots:
                self._values.pop(id(slot), None)
        return [_result(v, t) for v, t in zip(found, tensors, strict=True)]

    def _reads(self, plan: Plan) -> list[Any]:
        """The values of what a plan reads, in this session."""
        drawing = {id(box): op for op in plan.operations for box in op.changes}
        own = {id(v.box): v for v in self.graph.variables}
        found = []
        for k, box in plan.reads.items():
            value = self._values.get(k)
            if value is None and k in own:
                raise StateError(
                    f"the variable {box.name!r} has no value in this session yet",
                    where="run",
                    fix="sess.run(tf.global_variables_initializer()) first; it stands for the "
                    "variables that were made before it",
                )
            if value is None:
                first = drawing[k].first_state(self._key) if k in drawing else None
                value = box.value if first is None else first
            found.append(value)
        return found

    def _compiled(
        self, plan: Plan, tensors: list[Tensor], reads: list[Any], feeds: dict[Tensor, Any]
    ) -> Any:
        """The same run as a program, made once for these fetches, shapes and types."""
        places = list(feeds)
        settings = tuple(op.version() for op in plan.operations)
        # numbers of operations: a graph only grows, so they never mean anything else
        key = (
            tuple(op.number for op in plan.operations),
            tuple((t.op.number, t.index) for t in tensors),
            settings,
        )
        known = self._programs.get(key)
        if known is None:
            tellers: list[list[Operation]] = []

            def step(now: list[Any], given: list[Any], wide: Any) -> Any:
                fed = dict(zip(places, given, strict=True))
                *made, ops = perform(plan, tensors, now, fed, wide)
                tellers[:] = [ops]
                return made

            keep_few(self._programs)
            program = compile(step, engine="xla")
            known = self._programs[key] = lambda *args: (*program(*args), tellers[0])
        return known(reads, list(feeds.values()), _WIDE)

    def _say(self, op: Any, flag: Any) -> None:
        """What an operation has to say about its numbers: an error, or a warning, once."""
        if bool(flag) and op.number not in self._told:
            told = op.say()
            if isinstance(told, Exception):
                raise told
            self._told.add(op.number)
            warn(told)

    # --- what is fetched and fed ----------------------------------------------------------------

    def _fetched(self, item: Any) -> Any:
        if isinstance(item, str):
            by_name = self.graph.get_tensor_by_name if ":" in item else None
            item = (by_name or self.graph.get_operation_by_name)(item)
        if not isinstance(item, (Tensor, Operation)):
            raise ArgumentError(
                "this cannot be fetched",
                where="run",
                expected="a tensor, a variable, an operation or its name, or a list, tuple or dict",
                received=repr(item)[:100],
                fix="a Python number, list or array has its value already"
                if item is not None
                else "optimizer.apply_gradients and sess.run of a lone operation return None",
            )
        if item.graph is not self.graph:
            raise other_graph(item, "run")
        return item

    def _fed(self, feed_dict: Any) -> dict[Tensor, Any]:
        if feed_dict is None:
            return {}
        if not isinstance(feed_dict, Mapping):
            raise ArgumentError(
                "feeds are a dictionary",
                where="run",
                expected="{placeholder: value}",
                received=repr(feed_dict)[:100],
            )
        found = {}
        for key, value in feed_dict.items():
            place = self._fetched(key) if isinstance(key, (str, Tensor)) else key
            if isinstance(place, Operation) and place.outputs:
                place = place.outputs[0]
            if not isinstance(place, Tensor) or not isinstance(place.op, Placeholder):
                raise ArgumentError(
                    "only a placeholder can be fed",
                    where="run",
                    received=f"{key!r}" + (f" (type {place.op.type})" if isinstance(place, Tensor)
                                           else ""),
                    fix="make it x = tf.placeholder(tf.float32); a variable takes v.load(value, "
                    "sess) or tf.assign",
                )  # fmt: skip
            found[place] = _fit(place, value)
        return found

    # --- values ---------------------------------------------------------------------------------

    def load(self, variable: Variable, value: Any) -> None:
        """Put a value into a variable, in this session.

        Raises:
            ShapeError, DataError: the value does not fit.
            ArgumentError: the variable stands in another graph.

        Example:
            >>> import chainrule.graph as tf
            >>> w = tf.Variable([0.0, 0.0])
            >>> sess = tf.Session()
            >>> sess.load(w, [1.0, 2.0])
            >>> sess.run(w)
            array([1., 2.], dtype=float32)
        """
        self._open()
        if not isinstance(self._fetched(variable), Variable):
            raise ArgumentError(
                "only a variable is loaded", where="load", received=repr(variable)[:100]
            )
        with self._lock:
            self._values[id(variable.box)] = value_for(variable, value)

    def explain(self, loss: Any, feed_dict: Any = None, digits: int = 6) -> Any:
        """Every operation that leads to a loss, with its value and the gradient of the loss there.

        Nothing is changed. Print what comes back; `.diagram()` draws it.

        Args:
            loss: a tensor with a single number.
            feed_dict: as for `run`.
            digits: decimals that are printed.

        Raises:
            ShapeError: the loss is not a single number.
            ArgumentError: more than 60 operations lead to it, or it is no tensor of floats.
            StateError, DataError: as for `run`.

        Example:
            >>> import chainrule.graph as tf
            >>> with tf.Graph().as_default():
            ...     x = tf.placeholder(tf.float64, name="x")
            ...     print(tf.Session().explain(tf.square(2 * x, name="E"), {x: 3.0}))
            tensor  computed as      value  ∂E/∂tensor
            x       fed           3.000000   24.000000
            mul     2 · x         6.000000   12.000000
            E       mul²         36.000000    1.000000
        """
        from .worked import explain

        self._open()
        tensor = self._fetched(loss)
        if not isinstance(tensor, Tensor):
            raise ArgumentError("only a tensor is explained", where="explain", received=repr(loss))
        feeds = self._fed(feed_dict)
        with self._lock:
            plan = Plan([tensor.op])
            return explain(plan, tensor, self._reads(plan), _all_fed(plan, feeds), digits)

    def _open(self) -> None:
        if self._closed:
            raise StateError(
                "this session is closed",
                where="run",
                fix="run everything inside `with tf.Session() as sess:`, or open a new "
                "tf.Session(), whose variables are initialized anew",
            )

    def close(self) -> None:
        """Let go of the values; a closed session runs nothing more."""
        self._closed = True
        self._values = {}
        self._programs, self._plans = {}, {}

    @contextmanager
    def as_default(self) -> Any:
        """Inside the `with` block `tensor.eval()` runs in this session, which stays open after."""
        _enter(self)
        try:
            yield self
        finally:
            _leave(self)

    def __enter__(self) -> Session:
        self._open()
        _enter(self)
        return self

    def __exit__(self, *exc: object) -> None:
        _leave(self)
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else f"{len(self.graph.operations)} operations"
        return f"<tf.Session on {self.engine}: {state}>"


def _enter(session: Session) -> None:
    default_sessions().append(session)
    _here.graphs.append(session.graph)


def _leave(session: Session) -> None:
    for stack, item in ((default_sessions(), session), (_here.graphs, session.graph)):
        for k in range(len(stack) - 1, -1, -1):  # the innermost
            if stack[k] is item:
                del stack[k]
                break


class InteractiveSession(Session):
    """A session that is the default from the moment it is made until `close`: for notebooks.

    Args:
        graph: as for `Session`.
        engine: as for `Session`.

    Example:
        >>> import chainrule.graph as tf
        >>> sess = tf.InteractiveSession()
        >>> print(tf.add(2.0, 3.0).eval())
        5.0
        >>> sess.close()
    """

    def __init__(self, graph: Graph | None = None, *, engine: str = "numpy") -> None:
        super().__init__(graph, engine=engine)
        default_sessions().append(self)
        if graph is not None:
            _here.graphs.append(graph)

    def close(self) -> None:
        """Let go of the values; it is the default no longer."""
        if not self._closed:
            _leave(self)
        super().close()


def get_default_session() -> Session | None:
    """The session of the innermost `with` block around, or None.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.get_default_session() is None
        True
    """
    return default_sessions()[-1] if default_sessions() else None


def _all_fed(plan: Plan, feeds: dict[Tensor, Any]) -> dict[Tensor, Any]:
    """The feeds that a plan takes, in its own order.

    Raises:
        StateError: one is missing, and has no default.
    """
    found = {}
    for op in plan.operations:
        if isinstance(op, Placeholder):
            place = op.outputs[0]
            if place in feeds:
                found[place] = feeds[place]
            elif op.default is not None:
                found[place] = op.default
            else:
                raise StateError(
                    f"the placeholder {op.name!r} was not fed",
                    where="run",
                    expected=f"{type_name(place.dtype)}, shape {place.shape} (made at "
                    f"{op.made_at})",
                    fix=f"sess.run(..., {{{op.name}: ...}})",
                )
    return found


def _fit(place: Tensor, value: Any) -> np.ndarray:
    """What is fed to a placeholder, in its type.

    Raises:
        ShapeError, DataError: it does not fit.
    """
    where = f"placeholder {place.op.name!r}"
    if isinstance(value, (Tensor, Operation)):
        raise ArgumentError(
            "a tensor has no numbers that could be fed",
            where=where,
            expected="numbers, a list, an array",
            received=repr(value),
            fix="feed sess.run(tensor), or use the tensor in place of the placeholder",
        )
    array = convert(value, place.dtype, where)
    if not place.shape.takes(array.shape):
        raise ShapeError(
            "the value does not have the placeholder's shape",
            where=where,
            expected=f"{place.shape}, with any length for ?",
            received=str(tuple(array.shape)),
            fix=_reshaping(place, array.shape),
        )
    return array


def _reshaping(place: Tensor, shape: tuple[int, ...]) -> str | None:
    wanted = place.shape
    if len(shape) == len(wanted) - 1 and wanted[0] is None and wanted[1:] == shape:
        return "a single sample is a batch of one: feed [x]"
    if len(shape) == 2 and wanted.takes(shape[::-1]):
        return "the axes are exchanged: feed x.T"
    return None


def _result(value: Any, tensor: Tensor) -> Any:
    """What the caller gets: an array of his own, a NumPy number where there are no axes."""
    array = np.array(value, dtype=tensor.dtype)
    return array if array.ndim else array[()]


def boxes(variables: Sequence[Variable]) -> list[Box]:
    """What the sessions keep values of."""
    return [v.box for v in variables]
