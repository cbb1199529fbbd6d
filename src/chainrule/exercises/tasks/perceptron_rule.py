"""The perceptron rule, row by row."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..base import Exercise, Part
from ..solutions import perceptron_rule as s

__all__ = ["perceptron_rule"]

_GRID = 8  # inputs are eighths: every sum is exact, and z = 0 is meant
_MOST = 40  # epochs


def _eighths(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.integers(-12, 13, shape) / _GRID


def _predict(rng: np.random.Generator) -> tuple[Any, ...]:
    """Rows above, below and exactly on the line."""
    w = _eighths(rng, 2)
    w[w == 0] = 0.5
    x, b = _eighths(rng, 6, 2), float(rng.integers(-8, 9)) / _GRID
    x[0], b = (1.0, 1.0), b or 0.25
    b = float(-(x[0] @ w)) or b
    if x[0] @ w + b:  # w1 + w2 = 0
        x[0] = (-b / w[0], 0.0)
    return x, w, b


def _update(rng: np.random.Generator) -> tuple[Any, ...]:
    row, w, b, rate = _eighths(rng, 3), _eighths(rng, 3), 0.25, float(rng.choice([0.5, 0.25, 2.0]))
    row[row == 0] = 0.5
    t = 0.0 if row @ w + b > 0 else 1.0  # a mistake, so that something changes
    return row, t, w, b, rate


def _clouds(rng: np.random.Generator) -> tuple[Any, ...]:
    """Rows that a line can part, with the line away from 0; some epochs are needed."""
    while True:
        line, shift = rng.normal(size=2), rng.uniform(0.4, 1.0)
        x = _eighths(rng, 12, 2)
        z = x @ line + shift
        x, z = x[np.abs(z) > 0.25], z[np.abs(z) > 0.25]
        t = (z > 0).astype(float)
        if min(t.sum(), (1 - t).sum()) < 2:
            continue
        if 3 < s.train(x, t, 0.5, _MOST)[2] < _MOST:
            return x, t, 0.5, _MOST


def _train(
    x: Any, t: Any, rate: float, most: int, *, sign: float = 1.0, at_zero: bool = False,
    bias: bool = True, batch: bool = False, count_last: bool = True,
    fixed: bool = False, always: bool = False,
) -> tuple[Any, float, int]:  # fmt: skip
    """The rule with a mistake in it; `always`: all epochs are run."""
    w, b, epoch = np.zeros(x.shape[1]), 0.0, 0
    for epoch in range(1, most + 1):
        mistakes, old_w, old_b = 0, w.copy(), b
        for row, right in zip(x, t, strict=True):
            z = row @ old_w + old_b if batch else row @ w + b
            error = right - float(z >= 0 if at_zero else z > 0)
            mistakes += error != 0
            w = w + sign * rate * error * (np.ones_like(row) if fixed else row)
            b += sign * rate * error * bias
        if not mistakes and not always:
            return w, b, epoch if count_last else epoch - 1
    return w, b, epoch


def _updated(row: Any, t: float, w: Any, b: float, rate: float, sign: float = 1.0) -> Any:
    error = sign * (2 * t - 1)
    return w + rate * error * row, b + rate * error


_SIGN = "has the wrong sign: ŷ − t in place of t − ŷ"
perceptron_rule = Exercise(s, ["002", "003", "004"], [
    Part("predict", 2, _predict, s.predict, ("ŷ",), {
        "fires at z = 0 too: ≥ in place of >": lambda x, w, b: np.where(x @ w + b >= 0, 1.0, 0.0),
        "the bias is missing": lambda x, w, b: np.where(x @ w > 0, 1.0, 0.0),
        "the bias is subtracted": lambda x, w, b: np.where(x @ w - b > 0, 1.0, 0.0),
        "gives −1 in place of 0": lambda x, w, b: np.where(x @ w + b > 0, 1.0, -1.0),
        "gives z, not 0 or 1": lambda x, w, b: x @ w + b,
    }),
    Part("update", 3, _update, s.update, ("w", "b"), {
        _SIGN: lambda *a: _updated(*a, sign=-1.0),
        "the learning rate is missing": lambda row, t, w, b, rate: _updated(row, t, w, b, 1.0),
        "the bias is not updated: Δb = η(t − ŷ)":
            lambda *a: (_updated(*a)[0], a[3]),
        "the input x is missing: Δw = η(t − ŷ)·x":
            lambda row, *a: _updated(np.ones_like(row), *a),
        "nothing changes: is ŷ computed from this row?": lambda row, t, w, b, rate: (w, b),
        "is the step Δ, not the new value":
            lambda row, t, w, b, rate: _updated(row, t, 0 * w, 0.0, rate),
        "uses z in place of ŷ: that is Adaline's rule":
            lambda row, t, w, b, rate: (w + rate * (t - row @ w - b) * row,
                                        b + rate * (t - row @ w - b)),
    }),
    Part("train", 5, _clouds, s.train, ("w", "b", "epochs"), {
        "fires at z = 0 too: ≥ in place of >": lambda *a: _train(*a, at_zero=True),
        "all rows of an epoch see the same old weights; each row must see the newest":
            lambda *a: _train(*a, batch=True),
        "the last epoch, without a mistake, is not counted":
            lambda *a: _train(*a, count_last=False),
        _SIGN: lambda *a: _train(*a, sign=-1.0),
        "the bias is not learnt": lambda *a: _train(*a, bias=False),
        "does not stop after an epoch without a mistake": lambda *a: _train(*a, always=True),
        "the learning rate is missing": lambda x, t, rate, most: _train(x, t, 1.0, most),
        "stops after one epoch": lambda x, t, rate, most: _train(x, t, rate, 1),
        "the input x is missing in Δw": lambda *a: _train(*a, fixed=True),
    }),
])  # fmt: skip
