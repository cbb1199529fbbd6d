"""What a row of the table of operations is, and what rows are written with: samplers of arguments,
formulas over nested lists.

The reference of each row is the published formula in mpmath at 40 digits, or, for operations that
only move numbers, plain loops over nested lists. Nothing here calls an array function.
"""

from __future__ import annotations

import inspect
import itertools
import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import mpmath as mp
import numpy as np

from chainrule import ops

mp.mp.dps = 40


@dataclass(frozen=True)
class Row:
    """One operation at one kind of arguments.

    `args` are samplers (called with a random generator, giving float64) or fixed values; `ref`
    gets nested lists with every float as mpf. A result may be off by `ulp` units in the last place
    of max(|reference|, scale); `why` gives the reason wherever that is more than the default.
    """

    name: str
    args: tuple
    ref: Callable
    kwargs: dict = field(default_factory=dict)
    call: Callable | None = None
    tag: str = ""
    ulp: float = 4.0
    scale: float = 0.0
    why: str = ""
    grad: bool = True  # has a derivative
    second: bool = True  # its derivative has one too
    keeps: bool = True  # the result has the dtype of the arguments
    each: bool = False  # elementwise: 0-d arrays go in as well

    @property
    def id(self) -> str:
        return f"{self.name}-{self.tag}" if self.tag else self.name

    @property
    def group(self) -> str:
        """The file of `ops/` that it stands in."""
        return inspect.unwrap(getattr(ops, self.name)).__module__.rsplit(".", 1)[1]

    def run(self, *args: Any) -> Any:
        return (self.call or getattr(ops, self.name))(*args, **self.kwargs)

    def sample(self, dtype: str = "float64") -> list:
        """The arguments; the same numbers in every process."""
        rng = np.random.default_rng(zlib.crc32(self.id.encode()))
        values = [a(rng) if callable(a) else a for a in self.args]
        return [v.astype(dtype) if is_float(v) else v for v in values]

    def reference(self, *args: Any) -> Any:
        return self.ref(*[_exact(a.tolist()) for a in args], **self.kwargs)


def is_float(v: Any) -> bool:
    return isinstance(v, np.ndarray) and v.dtype.kind == "f"


def _exact(nested: Any) -> Any:
    if isinstance(nested, list):
        return [_exact(n) for n in nested]
    return mp.mpf(nested) if isinstance(nested, float) else nested


# --- samplers ---------------------------------------------------------------------------------


def real(*dims: int, low: float = -2.0, high: float = 2.0) -> Callable:
    return lambda rng: rng.uniform(low, high, dims)


def pieces(*intervals: tuple[float, float], dims: tuple = (2, 6)) -> Callable:
    """Numbers from each interval in turn: every branch is met, and no kink is touched."""

    def draw(rng: np.random.Generator) -> np.ndarray:
        n = math.prod(dims)
        ends = [intervals[i % len(intervals)] for i in range(n)]
        return np.array([rng.uniform(a, b) for a, b in ends]).reshape(dims)

    return draw


def given(*rows: Any) -> np.ndarray:
    return np.array(rows)


# --- plain Python: nested lists ---------------------------------------------------------------


def dims_of(nested: Any) -> tuple[int, ...]:
    return (len(nested), *dims_of(nested[0])) if isinstance(nested, list) else ()


def at(nested: Any, index: tuple[int, ...]) -> Any:
    for i in index:
        nested = nested[i]
    return nested


def grid(dims: tuple[int, ...], f: Callable, index: tuple[int, ...] = ()) -> Any:
    """The nested list of f(i, j, ...) over all indices."""
    if len(index) == len(dims):
        return f(*index)
    return [grid(dims, f, (*index, i)) for i in range(dims[len(index)])]


def each(f: Callable) -> Callable:
    """A function of numbers, for every entry; axes of length 1 (and missing ones) repeat."""

    def ref(*xs: Any, **kwargs: Any) -> Any:
        sizes = [dims_of(x) for x in xs]
        ndim = max(len(s) for s in sizes)
        sizes = [(1,) * (ndim - len(s)) + s for s in sizes]
        out = tuple(max(lengths) for lengths in zip(*sizes, strict=True))

        def entry(*index: int) -> Any:
            picked = []
            for x in xs:
                own = dims_of(x)
                here = index[ndim - len(own) :]
                picked.append(
                    at(x, tuple(0 if n == 1 else i for i, n in zip(here, own, strict=True)))
                )
            return f(*picked, **kwargs)

        return grid(out, entry)

    return ref


def over(f: Callable) -> Callable:
    """A function of a list of numbers, over axes."""

    def ref(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        size = dims_of(x)
        axes = range(len(size)) if axis is None else (axis,) if isinstance(axis, int) else axis
        axes = {a % len(size) for a in axes}
        kept = [i for i in range(len(size)) if i not in axes]
        out = tuple(1 if i in axes else n for i, n in enumerate(size))

        def entry(*index: int) -> Any:
            index = index if keepdims else tuple(_full(index, kept, len(size)))
            ranges = [range(n) if i in axes else [index[i]] for i, n in enumerate(size)]
            return f([at(x, i) for i in itertools.product(*ranges)])

        return grid(out if keepdims else tuple(size[i] for i in kept), entry)

    return ref


def _full(index: tuple[int, ...], kept: list[int], ndim: int) -> list[int]:
    return [index[kept.index(i)] if i in kept else 0 for i in range(ndim)]


def along_last(f: Callable) -> Callable:
    """A function from a list of numbers to a list, for every row of the last axis."""

    def ref(x: Any, **kwargs: Any) -> Any:
        if isinstance(x[0], list):
            return [ref(row, **kwargs) for row in x]
        return f(x, **kwargs)

    return ref


def summed(x: list) -> Any:
    return mp.fsum(x)


def einsum(subscripts: str) -> Callable:
    """Σ over every assignment of numbers to letters, as the convention defines it."""

    def ref(*operands: Any) -> Any:
        inputs, output = subscripts.split("->")
        terms = inputs.split(",")
        lengths = {
            c: n
            for term, x in zip(terms, operands, strict=True)
            for c, n in zip(term, dims_of(x), strict=True)
        }
        free = [c for c in lengths if c not in output]

        def entry(*index: int) -> Any:
            now = dict(zip(output, index, strict=True))
            total = []
            for rest in itertools.product(*(range(lengths[c]) for c in free)):
                now |= dict(zip(free, rest, strict=True))
                factors = [
                    at(x, tuple(now[c] for c in t)) for t, x in zip(terms, operands, strict=True)
                ]
                total.append(mp.fprod(factors))
            return mp.fsum(total)

        return grid(tuple(lengths[c] for c in output), entry)

    return ref


# --- formulas ---------------------------------------------------------------------------------


def sigmoid(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


def sign(x: Any) -> int:
    return (x > 0) - (x < 0)


def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    return min(max(x, x_min), x_max)


def softmax(x: list) -> list:
    total = mp.fsum([mp.exp(v) for v in x])
    return [mp.exp(v) / total for v in x]


def log_softmax(x: list) -> list:
    return [v - mp.log(mp.fsum([mp.exp(w) for w in x])) for v in x]


def sparsemax(x: list) -> list:
    """max(x − τ, 0) with the τ that makes the sum 1, found by bisection."""
    low, high = min(x) - 1, max(x)
    for _ in range(140):
        tau = (low + high) / 2
        low, high = (tau, high) if mp.fsum([max(v - tau, 0) for v in x]) > 1 else (low, tau)
    return [max(v - tau, 0) for v in x]


def variance(x: list) -> Any:
    mean = mp.fsum(x) / len(x)
    return mp.fsum([(v - mean) ** 2 for v in x]) / len(x)


def swap_last(f: Callable) -> Callable:
    """The formula of the last axis, for axis 0 of a matrix."""

    def flipped(x: Any) -> Any:
        return [list(column) for column in zip(*x, strict=True)]

    return lambda x, axis: flipped(along_last(f)(flipped(x)))


def relu_general(x: Any, negative_slope: Any, max_value: Any, threshold: Any) -> Any:
    """As Keras documents `keras.activations.relu`."""
    if x >= max_value:
        return mp.mpf(max_value)
    return x if x >= threshold else mp.mpf(negative_slope) * (x - mp.mpf(threshold))


def _together(x: list, f: Callable) -> list:
    """The formula over the last two axes at once."""
    rows = [f([v for row in matrix for v in row]) for matrix in x]
    n = len(x[0][0])
    return [[row[i : i + n] for i in range(0, len(row), n)] for row in rows]


SELU_ALPHA = mp.mpf("1.6732632423543772848170429916717")
SELU_SCALE = mp.mpf("1.0507009873554804934193349852946")


def gelu_tanh(x: Any) -> Any:
    inner = mp.sqrt(2 / mp.pi) * (x + mp.mpf(0.044715) * x**3)
    return x / 2 * (1 + mp.tanh(inner))


def cross_entropy(z: Any, y: Any) -> Any:
    """−Σ y ln softmax(z) along the last axis."""
    if isinstance(z[0], list):
        return [cross_entropy(a, b) for a, b in zip(z, y, strict=True)]
    return -mp.fsum([b * a for a, b in zip(log_softmax(z), y, strict=True)])


def sparse_cross_entropy(z: Any, label: Any) -> Any:
    if isinstance(z[0], list):
        return [sparse_cross_entropy(a, b) for a, b in zip(z, label, strict=True)]
    return -log_softmax(z)[label]


def binary_cross_entropy(z: Any, y: Any) -> Any:
    return -y * mp.log(sigmoid(z)) - (1 - y) * mp.log(sigmoid(-z))


# --- the table --------------------------------------------------------------------------------


def unary(name: str, f: Callable, low: float = -2.0, high: float = 2.0, **more: Any) -> Row:
    return Row(name, (real(2, 3, low=low, high=high),), each(f), each=True, **more)


def branches(name: str, f: Callable, *intervals: tuple[float, float], **more: Any) -> Row:
    return Row(name, (pieces(*intervals),), each(f), each=True, **more)


def binary(name: str, f: Callable, low: float = -2.0, high: float = 2.0, **more: Any) -> list[Row]:
    def row(a: tuple, b: tuple, tag: str) -> Row:
        args = (real(*a, low=low, high=high), real(*b, low=low, high=high))
        return Row(name, args, each(f), tag=tag, each=True, **more)

    return [row((2, 3), (2, 3), "same"), row((2, 1, 3), (4, 1), "broadcast"), row((3,), (), "0d")]


def logic(name: str, f: Callable) -> Row:
    a, b = given([1.0, 2.0, 0.0, -1.0]), given([1.0, 1.0, 0.5, -1.0])
    return Row(name, (a, b), each(f), grad=False, keeps=False, each=True)


def reduction(name: str, f: Callable, **more: Any) -> list[Row]:
    x = real(2, 3, 2)
    return [
        Row(name, (x,), over(f), tag="all", **more),
        Row(name, (x,), over(f), {"axis": -2, "keepdims": True}, tag="keepdims", **more),
        Row(name, (x,), over(f), {"axis": (0, 2)}, tag="two axes", **more),
        Row(name, (real(),), over(f), tag="0d", **more),
    ]


CANCEL = "terms of both signs cancel: the error is relative to the largest term"
NEAR_ONE = "1 + something small is formed: the error is relative to 1"
