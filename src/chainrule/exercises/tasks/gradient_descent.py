"""Regression by gradient descent, full batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..base import Exercise, Part
from ..solutions import gradient_descent as s

__all__ = ["gradient_descent"]


def _data(rng: np.random.Generator) -> tuple[Any, ...]:
    n, d = int(rng.integers(5, 9)), 3
    return rng.normal(size=(n, d)) + 0.5, rng.normal(size=n) + 1.0


def _at(rng: np.random.Generator) -> tuple[Any, ...]:
    return (*_data(rng), rng.normal(size=3), float(rng.normal() + 0.5))


def _step(rng: np.random.Generator) -> tuple[Any, ...]:
    return (*_at(rng), float(round(rng.uniform(0.05, 0.3), 3)))


def _fit_inputs(rng: np.random.Generator) -> tuple[Any, ...]:
    return (*_data(rng), 0.05, int(rng.integers(4, 8)))


def _error(x: Any, y: Any, w: Any, b: float) -> Any:
    return x @ w + b - y


def _stepped(x: Any, y: Any, w: Any, b: float, rate: float, scale: float = 1.0) -> Any:
    dw, db = s.gradients(x, y, w, b)
    return w - rate * scale * dw, b - rate * scale * db


def _early(x: Any, y: Any, w: Any, b: float, rate: float) -> Any:
    w = w - rate * s.gradients(x, y, w, b)[0]
    return w, b - rate * s.gradients(x, y, w, b)[1]


def _early_bias(x: Any, y: Any, w: Any, b: float, rate: float) -> Any:
    b = b - rate * s.gradients(x, y, w, b)[1]
    return w - rate * s.gradients(x, y, w, b)[0], b


def _fitted(x: Any, y: Any, rate: float, epochs: int, *, step: Any = _stepped, after: bool = False,
            one_more: bool = False, bias: float = 1.0) -> Any:  # fmt: skip
    w, b, history = np.zeros(x.shape[1]), 0.0, []
    for _ in range(epochs + one_more):
        cost = s.cost(x, y, w, b)
        w, new = step(x, y, w, b, rate)
        b = b + bias * (new - b)
        history.append(s.cost(x, y, w, b) if after else cost)
    return w, b, np.array(history[:epochs])


def _rows_one_by_one(x: Any, y: Any, w: Any, b: float, rate: float) -> Any:
    for k in range(len(y)):
        w, b = _stepped(x[k : k + 1], y[k : k + 1], w, b, rate)
    return w, b


_EARLY = "weights updated too early: ∂J/∂b was taken at the new w, both must see the old ones"
_EARLY_B = "weights updated too early: ∂J/∂w was taken at the new b, both must see the old ones"
_UP = "goes up, not down: the step has the wrong sign"
_SUM = "is the sum over the rows, not their mean: 1/n is missing"
_TWICE = "is 2 times too large: the ½ of J was dropped"
gradient_descent = Exercise(s, ["000", "001", "004"], [
    Part("cost", 2, _at, s.cost, ("J",), {
        "the ½ is missing": lambda x, y, w, b: np.mean(_error(x, y, w, b) ** 2),
        "the sum is not divided by n": lambda x, y, w, b: np.sum(_error(x, y, w, b) ** 2) / 2,
        "neither ½ nor 1/n is there": lambda x, y, w, b: np.sum(_error(x, y, w, b) ** 2),
        "the bias is missing": lambda x, y, w, b: s.cost(x, y, w, 0.0),
        "the errors are not squared": lambda x, y, w, b: np.mean(_error(x, y, w, b)) / 2,
        "adds absolute errors, not squares":
            lambda x, y, w, b: np.mean(np.abs(_error(x, y, w, b))) / 2,
    }),
    Part("gradients", 4, _at, s.gradients, ("∂J/∂w", "∂J/∂b"), {
        "has the wrong sign: y − ŷ in place of ŷ − y":
            lambda x, y, w, b: (-x.T @ _error(x, y, w, b) / len(y), -np.mean(_error(x, y, w, b))),
        _SUM: lambda x, y, w, b: (x.T @ _error(x, y, w, b), np.sum(_error(x, y, w, b))),
        _TWICE: lambda x, y, w, b:
            (2 * x.T @ _error(x, y, w, b) / len(y), 2 * np.mean(_error(x, y, w, b))),
        "is the sum, not the mean, and 2 times too large":
            lambda x, y, w, b: (2 * x.T @ _error(x, y, w, b), 2 * np.sum(_error(x, y, w, b))),
        "the bias is missing in ŷ": lambda x, y, w, b: s.gradients(x, y, w, 0.0),
        "the inputs X are missing":
            lambda x, y, w, b: (np.full_like(w, np.mean(_error(x, y, w, b))),
                                np.mean(_error(x, y, w, b))),
        "there is no gradient for the bias: it is 0":
            lambda x, y, w, b: (s.gradients(x, y, w, b)[0], 0.0),
    }),
    Part("step", 3, _step, s.step, ("w", "b"), {
        _EARLY: _early,
        _EARLY_B: _early_bias,
        _UP: lambda *a: _stepped(*a, scale=-1.0),
        "the learning rate is missing": lambda x, y, w, b, rate: _stepped(x, y, w, b, 1.0),
        "the bias is not updated": lambda *a: (_stepped(*a)[0], a[3]),
        "is the step, not the new value":
            lambda x, y, w, b, rate:
                tuple(n - o for n, o in zip(_stepped(x, y, w, b, rate), (w, b), strict=True)),
        _TWICE: lambda *a: _stepped(*a, scale=2.0),
        "the gradient is the sum over the rows, not their mean":
            lambda *a: _stepped(*a, scale=len(a[1])),
    }),
    Part("fit", 4, _fit_inputs, s.fit, ("w", "b", "history"), {
        "weights updated too early: b's gradient was taken at the new w":
            lambda *a: _fitted(*a, step=_early),
        "weights updated too early: w's gradient was taken at the new b":
            lambda *a: _fitted(*a, step=_early_bias),
        "is J after each step; the history begins with J at w = 0":
            lambda *a: _fitted(*a, after=True),
        "one step too many": lambda *a: _fitted(*a, one_more=True),
        _UP: lambda *a: _fitted(*a, step=lambda *b: _stepped(*b, scale=-1.0)),
        "the bias is not updated": lambda *a: _fitted(*a, bias=0.0),
        "updates after every row; full batch is one update an epoch":
            lambda *a: _fitted(*a, step=_rows_one_by_one),
        "the gradient is 2 times too large: the ½ of J was dropped":
            lambda *a: _fitted(*a, step=lambda *b: _stepped(*b, scale=2.0)),
        "the gradient is the sum over the rows, not their mean":
            lambda *a: _fitted(*a, step=lambda *b: _stepped(*b, scale=len(b[1]))),
    }),
    Part("batches", 1, lambda rng: (int(rng.integers(20, 60)) * 64 + int(rng.integers(1, 63)), 64),
         s.batches, ("updates",), {
        "the last batch, which is smaller, is left out: ⌈N/B⌉, not N/B":
            lambda n, size: n // size,
        "is no whole number: the last batch is smaller, ⌈N/B⌉": lambda n, size: n / size,
    }),
])  # fmt: skip
