"""Walks of our optimizers over a cost: the numbers behind the figures of gradient descent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from .. import ops, optimizers
from ..chain import gradients, record
from ..errors import choose
from ..variable import Variable

__all__ = ["OPTIMIZERS", "Line", "Walk", "batches_of", "cost", "named_optimizer", "walk"]

OPTIMIZERS: dict[str, Callable[[float], Any]] = {
    "sgd": lambda rate: optimizers.SGD(rate),
    "momentum": lambda rate: optimizers.SGD(rate, momentum=0.9),
    "nesterov": lambda rate: optimizers.SGD(rate, momentum=0.9, nesterov=True),
    "adagrad": lambda rate: optimizers.Adagrad(rate),
    "rmsprop": lambda rate: optimizers.RMSprop(rate),
    "adam": lambda rate: optimizers.Adam(rate),
}


def named_optimizer(name: str, learning_rate: float, where: str) -> Any:
    """One of the optimizers that figures are drawn with.

    Raises:
        ArgumentError: another name.

    Example:
        >>> named_optimizer("momentum", 0.1, "figures.surface").momentum
        0.9
    """
    if name not in OPTIMIZERS:
        raise choose("optimizer", name, OPTIMIZERS, where=where)
    return OPTIMIZERS[name](learning_rate)


class Line(NamedTuple):
    """Points near the line t = 1 + 2x: those that the cost J(w₀, w₁) is computed from."""

    x: np.ndarray
    t: np.ndarray

    @classmethod
    def drawn(cls, seed: int, count: int = 64) -> Line:
        """x evenly on [0, 2], t = 1 + 2x + ε with ε ~ N(0, 0.3²).

        Example:
            >>> Line.drawn(0).x[[0, -1]]
            array([0., 2.])
        """
        x = np.linspace(0, 2, count)
        return cls(x, 1 + 2 * x + np.random.default_rng(seed).normal(0, 0.3, count))

    @property
    def lowest(self) -> np.ndarray:
        """Where J is smallest: the least-squares line, in closed form.

        Example:
            >>> x = np.arange(4.0)
            >>> Line(x, 1 + 2 * x).lowest.round(12)
            array([1., 2.])
        """
        columns = np.stack([np.ones_like(self.x), self.x], 1)
        return np.linalg.lstsq(columns, self.t, rcond=None)[0]


def cost(w: Any, points: Line, rows: Any = slice(None)) -> Any:
    """J(w) = 1/(2m)·Σ (w₀ + w₁·x − t)²; of many w (2, ...) at once, one number each.

    Args:
        w: (2,) or (2, ...).
        points: m points.
        rows: those that are counted.

    Example:
        >>> float(cost(np.array([0.0, 1.0]), Line(np.array([1.0, 2.0]), np.array([2.0, 2.0]))))
        0.25
    """
    x, t = points.x[rows], points.t[rows]
    error = ops.expand_dims(w[0], -1) + ops.expand_dims(w[1], -1) * x - t
    return 0.5 * ops.mean(error * error, axis=-1)


def batches_of(count: int, size: int, seed: int) -> Iterator[np.ndarray]:
    """Rows of one batch after another, in new order in each epoch; for ever.

    Example:
        >>> [len(rows) for _, rows in zip(range(4), batches_of(10, 4, 0))]
        [4, 4, 2, 4]
    """
    random = np.random.default_rng(seed)
    while True:
        order = random.permutation(count) if size < count else np.arange(count)
        yield from (order[i : i + size] for i in range(0, count, size))


class Walk(NamedTuple):
    """Where an optimizer went.

    Attributes:
        path: the weights before the first update and after each, (updates + 1, ...).
        finite: False where it ran out of all bounds, and was stopped.
    """

    path: np.ndarray
    finite: bool


def walk(
    loss: Callable[[Any], Any], start: Any, optimizer: Any, steps: int, far: float = 1e9
) -> Walk:
    """Go so many steps downhill with one of our optimizers, from gradients by the chain rule.

    Args:
        loss: a function of the weights to a single number.
        start: the first weights.
        optimizer: a fresh one.
        steps: how many updates.
        far: it ends where a weight is larger than this.

    Example:
        >>> walk(lambda w: ops.sum(w * w), [1.0], optimizers.SGD(0.25), 2).path[:, 0]
        array([1.  , 0.5 , 0.25])
    """
    w = Variable(np.asarray(start, np.float64), name="w", dtype="float64")
    path = [w.numpy().copy()]
    with np.errstate(all="ignore"):
        for _ in range(steps):
            with record():
                value = loss(w)
            optimizer.apply(gradients(value, [w]), [w])
            if not np.all(np.abs(w.numpy()) < far):
                return Walk(np.array(path), False)
            path.append(w.numpy().copy())
    return Walk(np.array(path), True)
