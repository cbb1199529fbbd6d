"""Deck 003's "what happens? run, learn, repeat": predictions, then experiments on drawn data."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..base import Exercise, Part
from ..solutions import run_learn_repeat as s

__all__ = ["run_learn_repeat"]


def _data(rng: np.random.Generator) -> tuple[Any, ...]:
    x = rng.normal(size=(8, 2))
    return x, (x[:, :1] * x[:, 1:] > 0).astype(float)


def _inputs(rng: np.random.Generator) -> tuple[Any, ...]:
    return (*_data(rng), rng.normal(size=(2, 4)), rng.normal(size=(4, 1)),
            float(round(rng.uniform(0.5, 2.0), 2)), int(rng.integers(8, 15)))  # fmt: skip


def _same_inputs(rng: np.random.Generator) -> tuple[Any, ...]:
    return (*_data(rng), int(rng.integers(3, 6)), float(round(rng.uniform(0.3, 0.9), 2)),
            float(round(rng.uniform(0.5, 2.0), 2)), int(rng.integers(8, 15)))  # fmt: skip


def _losses(a: tuple[Any, ...], rate: float, **setting: Any) -> Any:
    return s.train(a[0], a[1], a[2], a[3], rate, a[5], **setting)[0]


def _fell(a: tuple[Any, ...], rates: tuple[float, float]) -> tuple[float, ...]:
    return tuple(losses[0] - losses[-1] for losses in (_losses(a, r) for r in rates))


def _guess(name: str, happens: str, right: str) -> Part:
    """A point for having guessed; the report says what happens."""

    def judge(inputs: tuple[Any, ...], values: list[Any]) -> tuple[float, str]:
        word = str(values[0])
        if word == "...":
            return 0.0, "not guessed yet: put a letter there, before you run anything"
        if word.partition(":")[2].strip() not in ("a", "b", "c"):
            return 0.0, 'expected one letter: "a", "b" or "c"'
        own = word.partition(":")[2].strip()
        return 1.0, f"you guessed {own}; {right} is right: {happens}"

    return Part(name, 1, lambda rng: (), None, (name,), judge=judge, draws=1,
                steps=lambda: [["get", name, "guess", []]])  # fmt: skip


run_learn_repeat = Exercise(s, ["003"], [
    _guess("RATE", "steps are 1000 times shorter, the loss hardly moves", "b"),
    _guess("ZERO_GRAD", "old gradients are added again, the steps grow", "b"),
    _guess("SAME_WEIGHTS", "equal units get equal gradients, and stay alike", "c"),
    Part("small_rate", 3, _inputs, lambda *a: _fell(a, (a[4], a[4] / 1000)),
         ("fall with rate", "fall with rate/1000"), {
        "is the last loss, not the fall": lambda *a: tuple(
            _losses(a, r)[-1] for r in (a[4], a[4] / 1000)),
        "has the wrong sign: first minus last": lambda *a: tuple(
            -v for v in _fell(a, (a[4], a[4] / 1000))),
        "the two are exchanged": lambda *a: _fell(a, (a[4] / 1000, a[4])),
        "the rate is 1000 times larger, not smaller": lambda *a: _fell(a, (a[4], a[4] * 1000)),
        "both were trained with the same rate": lambda *a: _fell(a, (a[4], a[4])),
    }),
    Part("no_zero_grad", 3, _inputs,
         lambda *a: (_losses(a, a[4]), _losses(a, a[4], zero_grad=False)),
         ("with zero_grad", "without"), {
        "the two are exchanged":
            lambda *a: (_losses(a, a[4], zero_grad=False), _losses(a, a[4])),
        "zero_grad was called in both": lambda *a: (_losses(a, a[4]),) * 2,
        "zero_grad was called in neither": lambda *a: (_losses(a, a[4], zero_grad=False),) * 2,
    }),
    Part("same_weights", 3, _same_inputs, s.same_weights, ("W1",), {
        "is W1 before training": lambda x, y, h, start, rate, n: np.full((2, h), start),
        "the output weights began with another number: 0":
            lambda x, y, h, start, rate, n: s.train(
                x, y, np.full((2, h), start), np.zeros((h, 1)), rate, n)[1],
        "the output weights began with another number: 1":
            lambda x, y, h, start, rate, n: s.train(
                x, y, np.full((2, h), start), np.ones((h, 1)), rate, n)[1],
    }),
])  # fmt: skip
