"""Digits, with rows held out for the run whose labels never come to the student's process."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...data.digits import load_digits
from ..base import Exercise, Part, call
from ..judge import as_array
from ..solutions import mnist_from_scratch as s

__all__ = ["mnist_from_scratch"]

_HELD_OUT = 400


def _digits(rng: np.random.Generator) -> tuple[Any, ...]:
    """x, y to train; x held out, y held out. The pixels change places, so no table helps."""
    (x, y), (more_x, more_y) = load_digits()
    x = np.concatenate([x, more_x]).reshape(-1, 64) / 16.0
    y = np.concatenate([y, more_y]).astype(np.int64)
    x = x[:, rng.permutation(64)]
    x = np.clip(x + rng.normal(0, 0.02, x.shape), 0, 1)
    order = rng.permutation(len(x))
    test, train = order[:_HELD_OUT], order[_HELD_OUT:]
    return x[train], y[train], x[test], y[test]


def _fit_steps(*words: Any) -> list[Any]:
    x, y, held_out = words[:3]
    return [call("fit", "_w", x, y), call("predict", "labels", held_out, {"spread": "_w"})]


def _share(inputs: tuple[Any, ...], values: list[Any]) -> tuple[float, str]:
    guess, problem = as_array(values[0])
    y = inputs[3]
    if guess is None:
        return 0.0, f"the labels of predict: {problem}"
    if guess.shape != y.shape:
        return 0.0, f"predict has the wrong shape: expected {y.shape}, received {guess.shape}"
    right = int(np.sum(guess == y))
    share = right / len(y)
    said = f"{right} of {len(y)} held-out digits right ({100 * share:.1f} %)"
    for least, part in ((0.95, 1.0), (0.90, 2 / 3), (0.80, 1 / 3)):
        if share >= least:
            more = "" if part == 1 else "; 95 % give all points"
            return part, f"{said}{more}"
    guess_most = int(np.bincount(guess.astype(np.int64) % 10).max())
    if guess_most == len(y):
        return 0.0, f"{said}: every digit gets the same answer"
    return 0.0, f"{said}; from 80 % on there are points"


def _labels(rng: np.random.Generator) -> tuple[Any, ...]:
    return (rng.integers(0, 10, 8),)


def _guesses(rng: np.random.Generator) -> tuple[Any, ...]:
    y = rng.integers(0, 10, 8)
    return y, np.where(rng.random(8) < 0.4, (y + 1) % 10, y)


def _net(rng: np.random.Generator) -> tuple[Any, ...]:
    return (rng.uniform(0, 1, (6, 64)), rng.normal(0, 0.3, (64, 5)), rng.normal(0, 0.3, 5),
            rng.normal(0, 0.8, (5, 10)), rng.normal(0, 0.3, 10))  # fmt: skip


def _labelled(rng: np.random.Generator) -> tuple[Any, ...]:
    x, *w = _net(rng)
    return x, rng.integers(0, 10, 6), *w


def _gradients(x: Any, y: Any, w1: Any, b1: Any, w2: Any, b2: Any, *, slope: bool = True,
               mean: bool = True, sign: float = 1.0, bias: bool = True) -> Any:  # fmt: skip
    hidden, p = s.forward(x, w1, b1, w2, b2)
    d = sign * (p - s.one_hot(y)) / (len(y) if mean else 1)
    d_hidden = d @ w2.T * ((hidden > 0) if slope else 1)
    biases = (d_hidden.sum(axis=0) * bias, d.sum(axis=0) * bias)
    return x.T @ d_hidden, biases[0], hidden.T @ d, biases[1]


def _forward(x: Any, w1: Any, b1: Any, w2: Any, b2: Any, act: Any = None, soft: bool = True) -> Any:
    hidden = (act or (lambda z: np.maximum(z, 0)))(x @ w1 + b1)
    z = hidden @ w2 + b2
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return hidden, e / e.sum(axis=1, keepdims=True) if soft else z


mnist_from_scratch = Exercise(s, ["001", "003", "004"], [
    Part("one_hot", 1, _labels, s.one_hot, ("one-hot",), {
        "classes are counted from 0, not from 1": lambda y: np.eye(10)[y - 1],
    }),
    Part("accuracy", 1, _guesses, s.accuracy, ("accuracy",), {
        "counts the mistakes": lambda y, g: np.mean(y != g),
        "is the number, not the share": lambda y, g: np.sum(y == g),
        "is in per cent; expected a share from 0 to 1": lambda y, g: 100 * np.mean(y == g),
    }),
    Part("forward", 2, _net, s.forward, ("hidden", "p"), {
        "there is no ReLU": lambda *a: _forward(*a, act=lambda z: z),
        "is a sigmoid; the exercise says ReLU": lambda *a: _forward(
            *a, act=lambda z: 1 / (1 + np.exp(-z))),
        "there is no softmax: these are the logits": lambda *a: _forward(*a, soft=False),
        "the biases are missing":
            lambda x, w1, b1, w2, b2: _forward(x, w1, 0 * b1, w2, 0 * b2),
    }),
    Part("gradients", 4, _labelled, s.gradients, ("∂L/∂W1", "∂L/∂b1", "∂L/∂W2", "∂L/∂b2"), {
        "the slope of ReLU is missing: 0 where the unit is off":
            lambda *a: _gradients(*a, slope=False),
        "is the sum over the rows, not their mean": lambda *a: _gradients(*a, mean=False),
        "has the wrong sign: onehot − p in place of p − onehot":
            lambda *a: _gradients(*a, sign=-1.0),
        "the biases have no gradient: it is 0": lambda *a: _gradients(*a, bias=False),
    }),
    Part("fit", 6, _digits, None, ("labels",), steps=_fit_steps, judge=_share, draws=1,
         secret=1),
])  # fmt: skip
