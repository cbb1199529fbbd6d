"""Rows of pooling and resizing; the references walk over every window and every pixel."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import mpmath as mp

from row import Row, at, dims_of, grid, real


def pooled(f: Callable) -> Callable:
    """f over the cells of each window that lie in the array; `same` as TensorFlow defines it."""

    def ref(x: Any, pool_size: Any, strides: Any = None, padding: str = "valid") -> Any:
        batch, *lengths, channels = dims_of(x)
        n = len(lengths)
        window = (pool_size,) * n if isinstance(pool_size, int) else pool_size
        steps = (
            window if strides is None else (strides,) * n if isinstance(strides, int) else strides
        )
        counts, before = [], []
        for length, k, s in zip(lengths, window, steps, strict=True):
            if padding == "same":
                counts.append(math.ceil(length / s))
                before.append(max((counts[-1] - 1) * s + k - length, 0) // 2)
            else:
                counts.append((length - k) // s + 1)
                before.append(0)

        def entry(*index: int) -> Any:
            starts = [i * s - b for i, s, b in zip(index[1:-1], steps, before, strict=True)]
            ranges = [range(max(0, a), min(a + k, m))
                      for a, k, m in zip(starts, window, lengths, strict=True)]  # fmt: skip
            return f([at(x, (index[0], *c, index[-1])) for c in itertools.product(*ranges)])

        return grid((batch, *counts, channels), entry)

    return ref


def adaptive(f: Callable) -> Callable:
    """f over the window from ⌊i·n/m⌋ up to ⌈(i + 1)·n/m⌉ along each axis."""

    def ref(x: Any, output_size: Any) -> Any:
        batch, *lengths, channels = dims_of(x)
        counts = (output_size,) * len(lengths) if isinstance(output_size, int) else output_size

        def entry(*index: int) -> Any:
            ranges = [
                range(math.floor(i * n / m), math.ceil((i + 1) * n / m))
                for i, n, m in zip(index[1:-1], lengths, counts, strict=True)
            ]
            return f([at(x, (index[0], *c, index[-1])) for c in itertools.product(*ranges)])

        return grid((batch, *counts, channels), entry)

    return ref


def mean(values: list) -> Any:
    return mp.fsum(values) / len(values)


def nearest(x: Any, size: Any, interpolation: str = "nearest") -> Any:
    """The pixel that the centre of the output lies on."""
    height, width, channels = dims_of(x)

    def entry(i: int, j: int, c: int) -> Any:
        row, column = (mp.floor((mp.mpf(k) + mp.mpf(0.5)) * n / m)
                       for k, n, m in ((i, height, size[0]), (j, width, size[1])))  # fmt: skip
        return x[int(row)][int(column)][c]

    return grid((*size, channels), entry)


def keys(d: Any) -> Any:
    """Keys (1981), equation 4 with a = −½."""
    a = mp.mpf(-0.5)
    if d <= 1:
        return (a + 2) * d**3 - (a + 3) * d**2 + 1
    return a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a if d < 2 else mp.mpf(0)


KERNELS = {  # how much a pixel counts at a distance
    "bilinear": lambda d: max(mp.mpf(0), 1 - d),
    "bicubic": keys,
    "lanczos3": lambda d: mp.sincpi(d) * mp.sincpi(d / 3) if d < 3 else mp.mpf(0),
    "lanczos5": lambda d: mp.sincpi(d) * mp.sincpi(d / 5) if d < 5 else mp.mpf(0),
}


def weighted(x: Any, size: Any, interpolation: str = "bilinear", antialias: bool = False) -> Any:
    """Every pixel weighted by its distance along both axes, the weights made to add up to 1."""
    height, width, channels = dims_of(x)

    def shares(i: int, n: int, m: int) -> list:
        centre = (mp.mpf(i) + mp.mpf(0.5)) * n / m - mp.mpf(0.5)
        wide = max(mp.mpf(1), mp.mpf(n) / m) if antialias else mp.mpf(1)
        found = [KERNELS[interpolation](abs(centre - p) / wide) for p in range(n)]
        return [v / mp.fsum(found) for v in found]

    def entry(i: int, j: int, c: int) -> Any:
        rows, columns = shares(i, height, size[0]), shares(j, width, size[1])
        return mp.fsum(
            rows[p] * columns[q] * x[p][q][c] for p in range(height) for q in range(width)
        )

    return grid((*size, channels), entry)


def batched(f: Callable) -> Callable:
    return lambda x, *args, **kwargs: [f(image, *args, **kwargs) for image in x]


def repeated(x: Any, size: Any, interpolation: str = "nearest") -> Any:
    batch, *lengths, channels = dims_of(x)
    times = (size,) * len(lengths) if isinstance(size, int) else size

    def entry(*index: int) -> Any:
        return at(
            x, (index[0], *(i // s for i, s in zip(index[1:-1], times, strict=True)), index[-1])
        )

    return grid((batch, *(n * s for n, s in zip(lengths, times, strict=True)), channels), entry)


def doubled(x: Any, size: Any, interpolation: str) -> Any:
    height, width, _ = dims_of(x[0])
    return batched(weighted)(x, (height * size[0], width * size[1]))


def apart(*dims: int) -> Callable:
    """Different numbers in any order, a sixteenth apart: bfloat16 holds them all."""
    n = math.prod(dims)
    return lambda rng: (rng.permutation(n).reshape(dims) - n // 2) / 16.0


SUM = "a mean of numbers of both signs: the error is relative to the largest"
WINDOWS = [  # tag, shape, arguments
    ("1d", (2, 7, 2), {"pool_size": 2}),
    ("1d same", (2, 7, 2), {"pool_size": 3, "strides": 2, "padding": "same"}),
    ("2d", (2, 5, 4, 2), {"pool_size": 2}),
    ("2d overlapping", (1, 7, 6, 2), {"pool_size": 3, "strides": 2}),
    ("2d stride 1 same", (1, 4, 3, 2), {"pool_size": (2, 3), "strides": 1, "padding": "same"}),
    ("2d gaps", (1, 6, 5, 1), {"pool_size": (2, 1), "strides": (3, 2)}),
    ("2d large", (1, 13, 7, 1), {"pool_size": (6, 6), "strides": (5, 1)}),
    ("2d large same", (1, 9, 7, 1), {"pool_size": (6, 6), "strides": (4, 5), "padding": "same"}),
    ("3d", (1, 3, 4, 5, 1), {"pool_size": (2, 2, 3), "strides": (1, 2, 2)}),
    ("3d same", (1, 3, 2, 5, 1), {"pool_size": 2, "padding": "same"}),
]
ADAPTIVE = [
    ("1d", (2, 5, 2), {"output_size": 3}),
    ("2d", (1, 6, 5, 2), {"output_size": (2, 3)}),
    ("2d last even", (1, 5, 6, 1), {"output_size": (2, 3)}),
    ("3d", (1, 3, 2, 3, 1), {"output_size": 2}),
]

ROWS = [
    *(Row("max_pool", (apart(*s),), pooled(max), k, tag=t) for t, s, k in WINDOWS),
    *(Row("average_pool", (real(*s),), pooled(mean), k, tag=t, scale=2, why=SUM)
      for t, s, k in WINDOWS),
    *(Row("adaptive_max_pool", (apart(*s),), adaptive(max), k, tag=t) for t, s, k in ADAPTIVE),
    *(Row("adaptive_average_pool", (real(*s),), adaptive(mean), k, tag=t, scale=2, why=SUM)
      for t, s, k in ADAPTIVE),
    *(Row("resize", (real(3, 4, 2),), nearest, {"size": s, "interpolation": "nearest"},
          tag=f"nearest {s}") for s in ((5, 3), (2, 9))),
    *(Row("resize", (real(2, 3, 4, 2),), batched(weighted), {"size": s}, tag=str(s), scale=2,
          why=SUM) for s in ((5, 3), (2, 9))),
    Row("resize", (real(1, 5, 4, 2),), batched(weighted), {"size": (2, 3), "antialias": True},
        tag="antialias", scale=2, why=SUM),
    Row("resize", (real(3, 4, 2),), weighted, {"size": (3, 8)}, tag="one image", scale=2, why=SUM),
    *(Row("resize", (real(6, 4, 1),), weighted, {"size": s, "interpolation": how, "antialias": a},
          tag=f"{how} {s} {a}", ulp=16, scale=2, why=SUM) for how in ("bicubic", "lanczos3", "lanczos5")
      for s, a in (((4, 7), False), ((3, 3), True))),
    Row("upsampling", (real(2, 3, 2),), repeated, {"size": 2}, tag="1d"),
    Row("upsampling", (real(1, 2, 3, 2),), repeated, {"size": (3, 2)}, tag="2d"),
    Row("upsampling", (real(1, 2, 1, 2, 1),), repeated, {"size": 2}, tag="3d"),
    Row("upsampling", (real(1, 2, 3, 2),), doubled, {"size": (2, 3), "interpolation": "bilinear"},
        tag="bilinear", scale=2, why=SUM),
]  # fmt: skip
