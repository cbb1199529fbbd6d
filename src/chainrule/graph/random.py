"""Random numbers in a graph: every run draws new ones, every session its own, from a seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import initializers, rng
from ..arrays import xp
from ..errors import ArgumentError
from ..variable import Variable as Box
from .kinds import TensorShape, as_dtype, as_shape
from .nodes import Graph, Operation, Tensor, get_default_graph, graph_of, tensor_of

__all__ = [
    "Drawing",
    "random_normal",
    "random_uniform",
    "set_random_seed",
    "truncated_normal",
]


class Drawing(Operation):
    """An operation that draws random numbers: `function` takes a key before the inputs.

    The session keeps three words for it, a key and how often it has drawn; so a session draws the
    same numbers on both engines, and another session begins the sequence anew.
    """

    def __init__(
        self,
        graph: Graph,
        type: str,
        name: str | None,
        inputs: Sequence[Tensor],
        function: Callable[..., Any],
        makes: Sequence[tuple[np.dtype, TensorShape]],
        seed: int | None,
        on_host: bool = False,
    ) -> None:
        self.seed, self.graph_seed, self.on_host = _checked(seed, type), graph.seed, on_host
        super().__init__(graph, type, name, inputs, function, makes)
        self.box = Box(np.zeros(3, np.uint32), name=f"{self.name}/seed", kind="seed")
        self.changes = (self.box,)

    def state(self) -> tuple[Box, ...]:
        """Its key and counter."""
        return (self.box,)

    def first_state(self, key: Any) -> np.ndarray:
        """Key and counter of a session that has not drawn yet; `key` is the session's own."""
        if self.seed is not None or self.graph_seed is not None:
            key = rng.key(self.graph_seed or 0)
            # without a seed of its own its place in the graph tells it from its like
            key = rng.fold(key, self.number if self.seed is None else self.seed + (1 << 20))
        else:
            key = rng.fold(key, self.number)
        return np.array([*key, 0], np.uint32)

    def compute(self, values: list[Any], run: Any) -> Any:
        """Numbers from the key of this run."""
        state = self.box.value
        m = xp(state)
        run.assign(self.box, state + m.asarray([0, 0, 1], dtype="uint32"))
        assert self.function is not None  # noqa: S101
        return self.function(rng.fold(state[:2], state[2]), *values)


def _checked(seed: Any, where: str) -> int | None:
    if seed is None:
        return None
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise ArgumentError("a seed is a whole number", where=where, received=repr(seed)[:100])
    return int(seed)


def set_random_seed(seed: int) -> None:
    """The seed of the graph: random operations made after it draw the same numbers in each session.

    Example:
        >>> import chainrule.graph as tf
        >>> with tf.Graph().as_default():
        ...     tf.set_random_seed(1)
        ...     x = tf.random_normal([3])
        ...     a, b = tf.Session().run(x), tf.Session().run(x)
        >>> bool((a == b).all())
        True
    """
    get_default_graph().seed = _checked(seed, "tf.set_random_seed")


def _drawn(
    type: str,
    shape: Any,
    given: Sequence[Any],
    dtype: Any,
    seed: Any,
    name: str,
    numbers: Callable[..., Any],
    on_host: bool = False,
) -> Tensor:
    """A random operation; `given`: the two numbers, or tensors, that the distribution has."""
    where = f"tf.{name}"
    kind, lengths = as_dtype(dtype, where), as_shape(shape, where)
    if not lengths.is_known:
        raise ArgumentError("every length must be known", where=where, received=str(lengths))
    if kind.kind != "f":
        raise ArgumentError(
            "random numbers are floats", where=where, received=f"tf.{kind.name}",
            fix="tf.cast(tf.random_uniform([3], 0, 10), tf.int32) has whole numbers",
        )  # fmt: skip
    graph = graph_of(given, where)

    def draw(key: Any, a: Any, b: Any) -> Any:
        return numbers(key, tuple(lengths), a, b).astype(kind)

    with graph.as_default():
        inputs = [tensor_of(v, kind, where, graph) for v in given]
        for tensor in inputs:
            if tensor.dtype != kind:
                raise ArgumentError(
                    "the numbers of a distribution have the type of what is drawn",
                    where=where,
                    expected=f"tf.{kind.name}",
                    received=repr(tensor),
                )
        made = [(kind, lengths)]
        return Drawing(graph, type, name, inputs, draw, made, seed, on_host).outputs[0]


def random_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = np.float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Normal random numbers, new ones at each run.

    Args:
        shape: of the tensor.
        mean: of the distribution (0), a number or a tensor.
        stddev: its standard deviation (1), a number or a tensor.
        dtype: a floating-point type.
        seed: the same sequence in every session.
        name: of the operation.

    Example:
        >>> import chainrule.graph as tf
        >>> x = tf.random_normal([2, 3], seed=1)
        >>> tf.Session().run(x).shape
        (2, 3)
    """
    return _drawn(
        "RandomNormal", shape, [mean, stddev], dtype, seed, name or "random_normal",
        lambda key, n, m, s: rng.normal(key, n, s.dtype) * s + m,
    )  # fmt: skip


def random_uniform(
    shape: Any,
    minval: Any = 0.0,
    maxval: Any = 1.0,
    dtype: Any = np.float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Uniform random numbers from `minval` up to, but without, `maxval`, new ones at each run.

    Args:
        shape: of the tensor.
        minval: the least (0).
        maxval: the bound (1).
        dtype: a floating-point type.
        seed: the same sequence in every session.
        name: of the operation.

    Example:
        >>> import chainrule.graph as tf
        >>> x = tf.Session().run(tf.random_uniform([100], -1.0, 1.0, seed=1))
        >>> bool((abs(x) <= 1).all())
        True
    """
    return _drawn(
        "RandomUniform", shape, [minval, maxval], dtype, seed, name or "random_uniform",
        lambda key, n, a, b: rng.uniform(key, n, a.dtype) * (b - a) + a,
    )  # fmt: skip


def truncated_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = np.float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Normal random numbers, drawn again where they lie more than two deviations from the mean.

    Args:
        shape: of the tensor.
        mean: of the distribution (0).
        stddev: that before the cut (1).
        dtype: a floating-point type.
        seed: the same sequence in every session.
        name: of the operation.

    Example:
        >>> import chainrule.graph as tf
        >>> x = tf.Session().run(tf.truncated_normal([100], stddev=0.1, seed=1))
        >>> bool((abs(x) <= 0.2).all())
        True
    """

    def numbers(key: Any, n: Any, m: Any, s: Any) -> Any:
        seed = int(key[0]) << 32 | int(key[1])
        return initializers.TruncatedNormal(float(m), float(s), seed)(n, s.dtype)

    return _drawn(
        "TruncatedNormal", shape, [mean, stddev], dtype, seed, name or "truncated_normal", numbers,
        on_host=True,
    )  # fmt: skip
