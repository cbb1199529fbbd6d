"""Rows of windows taken and put together, axes by name, and the next number of a type."""

from __future__ import annotations

import itertools
import math

import mpmath as mp

from row import CANCEL, Row, at, dims_of, each, grid, real


def _patches(x, size, strides, dilation_rate=1, padding="valid"):
    """One window after the other; zeros around, the odd one behind."""
    n, *lengths, channels = dims_of(x)
    counts, before = [], []
    for length, k, s in zip(lengths, size, strides, strict=True):
        reach = (k - 1) * dilation_rate + 1
        count = -(-length // s) if padding == "same" else (length - reach) // s + 1
        counts.append(count)
        before.append(max((count - 1) * s + reach - length, 0) // 2 if padding == "same" else 0)
    places = list(itertools.product(*map(range, size)))

    def number(b, *index):
        *window, k = index
        place, c = places[k // channels], k % channels
        here = tuple(
            w * s + p * dilation_rate - z
            for w, s, p, z in zip(window, strides, place, before, strict=True)
        )
        inside = all(0 <= i < length for i, length in zip(here, lengths, strict=True))
        return at(x, (b, *here, c)) if inside else mp.mpf(0)

    return grid((n, *counts, len(places) * channels), number)


SIZES = {"kernel_size": (2, 3), "dilation": (2, 1), "padding": (1, 0), "stride": (1, 2)}
OVER = (5, 7)  # height and width; 5 rows of windows, 3 columns


def _in_window(k, l):
    """Row and column of entry k of window l, on the image with its border of one row."""
    return l // 3 + k // 3 * 2 - 1, l % 3 * 2 + k % 3


def _unfolded(x, **_):
    def number(b, row, l):
        i, j = _in_window(row % 6, l)
        return x[b][row // 6][i][j] if 0 <= i < OVER[0] else mp.mpf(0)

    return grid((len(x), 6 * len(x[0]), 15), number)


def _folded(x, output_size, **_):
    def pixel(b, c, i, j):
        places = itertools.product(range(6), range(15))
        return mp.fsum(x[b][6 * c + k][l] for k, l in places if _in_window(k, l) == (i, j))

    return grid((len(x), len(x[0]) // 6, *output_size), pixel)


def _named(x, pattern, **lengths):
    """ "(a b) c d -> d b (c a)" of (6, 2, 3) with b = 3."""
    return grid((3, 3, 4), lambda d, b, ca: x[ca % 2 * 3 + b][ca // 2][d])


ROWS = [
    Row("extract_patches", (real(2, 4, 5, 2),), _patches, {"size": (2, 3), "strides": (1, 2)}),
    Row("extract_patches", (real(1, 4, 5, 1),), _patches, {"size": (2, 3), "strides": (2, 2), "padding": "same"}, tag="same"),
    Row("extract_patches", (real(1, 5, 4, 2),), _patches, {"size": (2, 2), "strides": (1, 1), "dilation_rate": 2}, tag="dilation"),
    Row("extract_patches_3d", (real(1, 2, 3, 4, 2),), _patches, {"size": (2, 1, 3), "strides": (1, 2, 1)}),
    Row("unfold", (real(2, 2, *OVER),), _unfolded, SIZES),
    Row("fold", (real(1, 12, 15),), _folded, {"output_size": OVER} | SIZES, scale=8, why=CANCEL),
    Row("rearrange", (real(6, 2, 3),), _named, {"pattern": "(a b) c d -> d b (c a)", "b": 3}),
    Row("nextafter", (real(2, 3), real(2, 3)), each(lambda a, b: mp.mpf(math.nextafter(float(a), float(b)))), each=True, ulp=0),
]  # fmt: skip
