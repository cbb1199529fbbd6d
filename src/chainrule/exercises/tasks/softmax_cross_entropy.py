"""Softmax and its loss, with logits that overflow a careless e^z."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..base import Exercise, Part
from ..solutions import softmax_cross_entropy as s

__all__ = ["softmax_cross_entropy"]

_LARGE = np.array([1000.0, 997.0, 1001.5, 990.0])


def _logits(rng: np.random.Generator) -> tuple[Any, ...]:
    """Ordinary rows, and one row of numbers near 1,000."""
    return (np.vstack([rng.normal(0, 2, (4, 4)), rng.permutation(_LARGE)]),)


def _labelled(rng: np.random.Generator) -> tuple[Any, ...]:
    (z,) = _logits(rng)
    return z, rng.permutation([0, 1, 2, 3, int(rng.integers(0, 4))])


def _classes(rng: np.random.Generator) -> tuple[Any, ...]:
    return rng.integers(0, 5, 6), 5


def _careless(z: Any) -> Any:
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


def _loss(z: Any, y: Any, mean: Any = np.mean) -> Any:
    top = z.max(axis=1, keepdims=True)
    log_p = z - top - np.log(np.exp(z - top).sum(axis=1, keepdims=True))
    return -mean(log_p[np.arange(len(y)), y])


def _printed(z: Any, y: Any) -> Any:
    """Deck 001's formula, with (1 − y)·log(1 − ŷ): erratum E9."""
    p, t = s.softmax(z), s.one_hot(y, z.shape[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        other = np.where(t == 1, 0.0, np.log1p(-p))
    return _loss(z, y) - np.mean(other.sum(axis=1))


def _gradient(z: Any, y: Any, scale: float = 1.0, mean: bool = True, p: Any = s.softmax) -> Any:
    return scale * (p(z) - s.one_hot(y, z.shape[1])) / (len(y) if mean else 1)


_SHIFT = "overflows for large logits: subtract the largest of the row first"
softmax_cross_entropy = Exercise(s, ["001", "003", "004"], [
    Part("softmax", 4, _logits, s.softmax, ("p",), {
        _SHIFT: _careless,
        "adds up over the rows, not over the classes of a row":
            lambda z: np.exp(z - z.max()) / np.exp(z - z.max()).sum(axis=0, keepdims=True),
        "adds up over all numbers, not row by row":
            lambda z: np.exp(z - z.max()) / np.exp(z - z.max()).sum(),
        "the largest of all rows was subtracted: rows far below it become 0/0":
            lambda z: _careless(z - z.max()),
        "is not divided by the sum": lambda z: np.exp(z - z.max(axis=1, keepdims=True)),
        "is a sigmoid of each number": lambda z: 1 / (1 + np.exp(-z)),
        "is the logarithm of the softmax": lambda z: np.log(s.softmax(z)),
    }),
    Part("one_hot", 1, _classes, s.one_hot, ("one-hot",), {
        "classes are counted from 0, not from 1": lambda y, k: np.eye(k)[y - 1],
        "0 and 1 are exchanged": lambda y, k: 1 - np.eye(k)[y],
    }),
    Part("cross_entropy", 3, _labelled, s.cross_entropy, ("L",), {
        "has the wrong sign: −log p": lambda z, y: -_loss(z, y),
        "is the sum over the rows, not their mean": lambda z, y: _loss(z, y, np.sum),
        _SHIFT: lambda z, y: -np.mean(np.log(_careless(z))[np.arange(len(y)), y]),
        "divides by all numbers, rows times classes":
            lambda z, y: _loss(z, y) / z.shape[1],
        "adds (1 − y)·log(1 − p) as deck 001 prints it (erratum E9)": _printed,
        "uses log to the base 2": lambda z, y: _loss(z, y) / np.log(2),
        "the logarithm is missing": lambda z, y: -np.mean(s.softmax(z)[np.arange(len(y)), y]),
    }),
    Part("gradient", 4, _labelled, s.gradient, ("∂L/∂z",), {
        "is not divided by n: the loss is a mean": lambda *a: _gradient(*a, mean=False),
        "has the wrong sign: onehot − p": lambda *a: _gradient(*a, scale=-1.0),
        "has the wrong sign, and is not divided by n":
            lambda *a: _gradient(*a, scale=-1.0, mean=False),
        _SHIFT: lambda *a: _gradient(*a, p=_careless),
        "is p/n: the one-hot labels are missing": lambda z, y: s.softmax(z) / len(y),
        "is ∂L/∂p = −y/p: the softmax was forgotten":
            lambda z, y: -s.one_hot(y, z.shape[1]) / s.softmax(z) / len(y),
        "has a slope p(1 − p) too many: for softmax with cross-entropy it cancels":
            lambda z, y: _gradient(z, y) * s.softmax(z) * (1 - s.softmax(z)),
    }),
])  # fmt: skip
