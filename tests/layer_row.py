"""What a row of the table of layers is, and what rows are written with."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import mpmath as mp
import numpy as np

import chainrule as cr

mp.mp.dps = 30
mpf = mp.mpf


def draw(name: str) -> np.random.Generator:
    """The same numbers for a row in every process."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def exact(nested: Any) -> Any:
    """Nested lists of mpf, each exactly the float it was made from."""
    if isinstance(nested, np.ndarray | np.generic):
        nested = nested.tolist()
    return [exact(n) for n in nested] if isinstance(nested, list) else mpf(nested)


def softmax(z: list) -> list:
    e = [mp.exp(v) for v in z]
    return [v / mp.fsum(e) for v in e]


def sigmoid(z: Any) -> Any:
    return 1 / (1 + mp.exp(-z))


@dataclass(frozen=True)
class LayerRow:
    """One layer: the formula on nested lists, `of(x, *weights)` with the weights in order.

    `training` says which mode is meant. `kink` are values that x keeps a distance from. `positive`
    weights are drawn above 0: variances stand among them.
    """

    name: str
    of: Callable
    args: tuple = ()
    kwargs: dict = field(default_factory=dict)
    shape: tuple[int, ...] = (5, 4)
    training: bool = False
    kink: tuple[float, ...] = ()
    grad: bool = True
    alias: tuple[str, ...] = ()
    tag: str = ""
    model: bool = True  # may stand in a Sequential before a Dense
    # of the layer and the shape of a sample: what is tested in its place, where the layer itself
    # does not take one array of numbers (several inputs, tokens)
    around: Callable | None = None
    positive: bool = False

    @property
    def id(self) -> str:
        return f"{self.name}-{self.tag}" if self.tag else self.name

    def make(self, **more: Any) -> Any:
        owner = cr if self.name == "Sequential" else cr.layers
        args = [a() if callable(a) else a for a in self.args]
        layer = getattr(owner, self.name)(*args, **(self.kwargs | more))
        layer.build((None, *self.shape[1:])) if self.name == "Sequential" else None
        return layer

    def stand_in(self, **more: Any) -> Any:
        """The layer, or what takes one array of numbers with the layer inside."""
        layer = self.make(**more)
        return layer if self.around is None else self.around(layer, self.shape[1:])

    def sample(self, dtype: str = "float64") -> np.ndarray:
        x = draw(self.id).normal(size=self.shape)
        for k in self.kink:
            x = np.where(np.abs(x - k) < 0.05, x + 0.15, x)
        return x.astype(dtype)

    def reference(self, x: np.ndarray, weights: list) -> Any:
        return self.of(exact(x), *[exact(w) for w in weights])


def each(f: Callable) -> Callable:
    """A formula of single numbers, over nested lists."""

    def of(x: Any, *weights: Any) -> Any:
        return [of(v) for v in x] if isinstance(x, list) else f(x)

    return of


def dense(f: Callable = lambda z: z) -> Callable:
    """f(Σ x_j·w_jk + b_k), over the last axis."""

    def of(x, w, b=None):
        if isinstance(x[0], list):
            return [of(row, w, b) for row in x]
        z = [mp.fsum(x[j] * w[j][k] for j in range(len(x))) for k in range(len(w[0]))]
        return [f(v if b is None else v + b[k]) for k, v in enumerate(z)]

    return of


def softmax_rows(x: Any, *weights: Any) -> Any:
    return [softmax_rows(r) for r in x] if isinstance(x[0], list) else softmax(x)


def softmax_axis_1(x: list) -> list:
    """Over the middle axis of (a, b, c)."""
    found = []
    for page in x:
        columns = [softmax([row[k] for row in page]) for k in range(len(page[0]))]
        found.append([[c[i] for c in columns] for i in range(len(page))])
    return found


def flat(x: Any) -> list:
    return [v for part in x for v in flat(part)] if isinstance(x, list) else [x]


def triple32(x: int) -> int:
    """Wellons' triple32 as published: https://github.com/skeeto/hash-prospector"""
    x ^= x >> 17
    x = x * 0xED5AD4BB % 2**32
    x ^= x >> 11
    x = x * 0xAC4C1B51 % 2**32
    x ^= x >> 15
    x = x * 0x31848BAB % 2**32
    return x ^ (x >> 14)


def stream(seed: int, *numbers: int) -> Callable:
    """Word i of the stream of a seed after folding numbers in, as rng.py's docstring defines it."""
    high = triple32((seed // 2**32 + 0x85EBCA6B) % 2**32)
    k0 = triple32((seed % 2**32) ^ high)
    k1 = triple32((k0 + high + 0x9E3779B9) % 2**32)
    for number in numbers:
        n = triple32((number + 0x6A09E667) % 2**32)
        k0, old = triple32(k0 ^ n), k1
        k1 = triple32((old + k0 + n) % 2**32)
    return lambda i: triple32((k0 + i * (2 * k1 + 1)) % 2**32)


def dropout(rate: float, seed: int, columns_share: bool = False) -> Callable:
    """Zero where the word is below rate·2³², else divided by 1 − rate; the first step's mask."""
    word = stream(seed, 0)

    def of(x: list, *state: Any) -> list:
        width = len(x[0])
        return [
            [
                mpf(0)
                if word(i if columns_share else i * width + k) < rate * 2**32
                else v / (1 - mpf(rate))
                for k, v in enumerate(row)
            ]
            for i, row in enumerate(x)
        ]

    return of
