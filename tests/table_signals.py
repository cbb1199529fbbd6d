"""Rows of signals, windows, distances, and of whole numbers bit by bit."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np

from row import CANCEL, Row, given, grid, ops, real
from table_catalogue import flat, probe

WHOLE = np.array([12, 7, 5], "int32"), np.array([18, 3, 1], "int32")
CLOSE = {"scale": 4, "why": CANCEL}


def paired(name, f):
    return probe(name, WHOLE, lambda a, b: [f(v, w) for v, w in zip(a, b, strict=True)])


def distance(a, b):
    return mp.sqrt(mp.fsum([(v - w) ** 2 for v, w in zip(a, b, strict=True)]))


def correlation(rows):
    means = [mp.fsum(r) / len(r) for r in rows]
    off = [[v - m for v in r] for r, m in zip(rows, means, strict=True)]
    lengths = [mp.sqrt(mp.fsum([v * v for v in r])) for r in off]

    def of(i, j):
        inner = mp.fsum([v * w for v, w in zip(off[i], off[j], strict=True)])
        return inner / lengths[i] / lengths[j]

    return grid((len(rows), len(rows)), of)


def sliding(a, b, first, count):
    """y[k] = Σ a[k + n]·b[n] for k from `first`, numbers beyond the ends being 0."""

    def at(k):
        return mp.fsum([a[k + n] * v for n, v in enumerate(b) if 0 <= k + n < len(a)])

    return [at(k) for k in range(first, first + count)]


def window(name, f, *more):
    """A row of 5 numbers, f of t = i/4."""
    return probe(name, (), lambda: [f(mp.mpf(i) / 4) for i in range(5)], call=lambda: getattr(ops, name)(5, *more), scale=1, why="cosines")  # fmt: skip


def decibels(a, b):
    square = mp.fsum([(v - w) ** 2 for v, w in zip(flat(a), flat(b), strict=True)]) / 4
    return 20 * mp.log10(2) - 10 * mp.log10(square)


ROWS = [
    paired("bitwise_and", lambda v, w: v & w),
    paired("bitwise_or", lambda v, w: v | w),
    paired("bitwise_xor", lambda v, w: v ^ w),
    paired("bitwise_left_shift", lambda v, w: v << w),
    paired("bitwise_right_shift", lambda v, w: v >> w),
    paired("gcd", math.gcd),
    paired("lcm", math.lcm),
    probe("bitwise_not", WHOLE[:1], lambda a: [~v for v in a]),
    Row("ldexp", (real(3), np.array([2, -1, 0], "int32")), lambda x, k: [v * mp.mpf(2) ** n for v, n in zip(x, k, strict=True)]),
    probe("argpartition", (given([3.0, 1.0, 2.0])[0],), lambda x, kth: [1, 2, 0], {"kth": 1}),
    window("bartlett", lambda t: 1 - abs(2 * t - 1)),
    window("blackman", lambda t: 0.42 - 0.5 * mp.cos(2 * mp.pi * t) + 0.08 * mp.cos(4 * mp.pi * t)),
    window("hamming", lambda t: 0.54 - 0.46 * mp.cos(2 * mp.pi * t)),
    window("hanning", lambda t: 0.5 - 0.5 * mp.cos(2 * mp.pi * t)),
    window("kaiser", lambda t: mp.besseli(0, 3 * mp.sqrt(1 - (2 * t - 1) ** 2)) / mp.besseli(0, 3), 3.0),
    Row("i0", (real(4),), lambda x: [mp.besseli(0, v) for v in x], grad=False),
    Row("trapezoid", (real(2, 3),), lambda y, dx: [(r[0] / 2 + r[1] + r[2] / 2) * mp.mpf(dx) for r in y], {"dx": 0.5}, **CLOSE),
    Row("trapezoid", (real(3, 2), real(3)), lambda y, x: [mp.fsum([(x[i + 1] - x[i]) * (y[i][j] + y[i + 1][j]) / 2 for i in range(2)]) for j in range(2)], call=lambda y, x: ops.trapezoid(y, x, axis=0), tag="places", **CLOSE),
    Row("correlate", (real(4), real(2)), lambda a, b: sliding(a, b, 0, 3), **CLOSE),
    Row("correlate", (real(4), real(2)), lambda a, b, mode: sliding(a, b, -1, 4), {"mode": "same"}, tag="same", **CLOSE),
    Row("correlate", (real(2), real(3)), lambda a, b, mode: sliding(a, b, -2, 4), {"mode": "full"}, tag="full", **CLOSE),
    Row("corrcoef", (given([1.0, -0.5, 2.0, 0.25], [0.5, 1.5, -1.0, 0.75]),), correlation, ulp=16, **CLOSE),
    Row("cdist", (real(2, 3), real(2, 3)), lambda x, y: [[distance(a, b) for b in y] for a in x], **CLOSE),
    Row("psnr", (given([0.5, 1.0], [0.0, 0.25]), given([0.75, 0.5], [0.25, 0.0])), decibels, call=lambda a, b: ops.psnr(a, b, 2.0), **CLOSE),
    probe("histogram", (given([0.0, 1.0, 1.5, 4.0]),), lambda x: [3, 1], call=lambda x: ops.histogram(x, bins=2)[0]),
    Row("rgb_to_grayscale", (real(1, 2, 3),), lambda x: [[[mp.mpf(0.2989) * p[0] + mp.mpf(0.587) * p[1] + mp.mpf(0.114) * p[2]] for p in r] for r in x], **CLOSE),
    Row("crop_images", (real(1, 3, 4, 1),), lambda x: [[r[1:3] for r in x[0][1:]]], call=lambda x: ops.crop_images(x, 1, None, 0, 1, target_width=2)),
    Row("pad_images", (real(1, 1, 1),), lambda x: [[[mp.mpf(0)], x[0][0]], [[mp.mpf(0)], [mp.mpf(0)]]], call=lambda x: ops.pad_images(x, 0, 1, right_padding=0, target_height=2)),
    Row("depth_to_space", (real(1, 1, 2, 8),), lambda x: grid((1, 2, 4, 2), lambda b, i, j, c: x[0][0][j // 2][(i * 2 + j % 2) * 2 + c]), call=lambda x: ops.depth_to_space(x, 2)),
    Row("space_to_depth", (real(1, 2, 4, 2),), lambda x: grid((1, 1, 2, 8), lambda b, i, j, c: x[0][c // 4][2 * j + c // 2 % 2][c % 2]), call=lambda x: ops.space_to_depth(x, 2)),
    Row("segment_prod", (given([2.0, 0.0], [3.0, 0.0], [0.5, 4.0]),), lambda x: [[x[0][0] * x[2][0], mp.mpf(0)], x[1]], call=lambda x: ops.segment_prod(x, np.array([0, 1, 0]), 2)),
]  # fmt: skip
