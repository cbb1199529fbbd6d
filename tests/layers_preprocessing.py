"""Rows of layers that standardize, encode classes, and of EinsumDense."""

from __future__ import annotations

import itertools
from typing import Any

import mpmath as mp

import chainrule as cr
from layer_row import LayerRow, dense, each, mpf
from row import grid


def standardized(x, mean, variance):
    """By the statistics of the last axis."""
    if isinstance(x[0], list):
        return [standardized(part, mean, variance) for part in x]
    return [(v - m) / mp.sqrt(s) for v, m, s in zip(x, mean, variance, strict=True)]


def of_one(x, mean, variance):
    if isinstance(x, list):
        return [of_one(part, mean, variance) for part in x]
    return (x - mean) / mp.sqrt(variance)


def of_middle(x, mean, variance):
    """Statistics of axis 1."""
    return [
        [of_one(row, m, s) for row, m, s in zip(page, mean, variance, strict=True)] for page in x
    ]


def way_back(x, mean, variance):
    return [[v * mp.sqrt(s) + m for v, m, s in zip(row, mean, variance, strict=True)] for row in x]


def each_member(x, w, b=None):
    """A Dense layer for each entry of axis 1."""
    last = mp.tanh if b is not None else (lambda z: z)
    b = [None] * len(w) if b is None else b
    return [[dense(last)(row, w[m], b[m]) for m, row in enumerate(page)] for page in x]


def in_bins(x, edges):
    """How far each number has come through the bins between its feature's edges."""

    def place(v, low, high):
        return mpf(0) if low >= high else min(mpf(1), max(mpf(0), (v - low) / (high - low)))

    return [
        [
            [place(v, a, b) for a, b in itertools.pairwise(e)]
            for v, e in zip(row, edges, strict=True)
        ]
        for row in x
    ]


def signs_as_classes(layer: Any, shape: tuple) -> Any:
    """Class 1 where x is above 0, else 0; the row of each sample times its first two numbers."""
    x = cr.Input(shape, dtype=layer.dtype)
    classes = cr.ops.cast(x > 0.0, "int32")
    return cr.Model(x, layer(classes) * x[..., :2])


def places_times(layer: Any, shape: tuple) -> Any:
    """The place of each number times the number."""
    x = cr.Input(shape, dtype=layer.dtype)
    tokens = cr.ops.cast(x > 0.0, "int32") if type(layer).__name__ == "IntegerLookup" else x
    return cr.Model(x, cr.ops.cast(layer(tokens), layer.dtype) * x)


def encoded(value):
    def of(x):
        found = []
        for row in x:
            classes = [int(v > 0) for v in row]
            found.append([value(classes.count(k)) * row[k] for k in (0, 1)])
        return found

    return of


def heads(x, kernel, bias):
    """abc,cde->abde: as Dense with a kernel (c, d·e)."""
    d, e = len(kernel[0]), len(kernel[0][0])

    def entry(a, b, i, j):
        products = (x[a][b][c] * kernel[c][i][j] for c in range(len(kernel)))
        return mp.fsum(products) + bias[i][j]

    return grid((len(x), len(x[0]), d, e), entry)


def along_middle(x, kernel, bias):
    """abc,bd->adc: over the middle axis; a bias for each d."""

    def entry(a, d, c):
        return mp.tanh(mp.fsum(x[a][b][c] * kernel[b][d] for b in range(len(kernel))) + bias[d][0])

    return grid((len(x), len(kernel[0]), len(x[0][0])), entry)


LAYERS = [
    LayerRow("Normalization", standardized, positive=True),
    LayerRow("Normalization", of_one, kwargs={"axis": None}, positive=True, tag="one"),
    LayerRow(
        "Normalization", of_middle, kwargs={"axis": 1}, shape=(2, 3, 4), positive=True, tag="axis"
    ),
    LayerRow("Normalization", way_back, kwargs={"invert": True}, positive=True, tag="invert"),
    LayerRow(
        "Normalization",
        lambda x: standardized(x, [1, 2, 3, 4], [mpf(1) / 4, 1, 4, 9]),
        kwargs={"mean": [1, 2, 3, 4], "variance": [0.25, 1, 4, 9]},
        tag="given",
    ),
    LayerRow(
        "CategoryEncoding", encoded(lambda n: min(n, 1)), (2,), kink=(0.0,), around=signs_as_classes
    ),
    LayerRow(
        "CategoryEncoding",
        encoded(lambda n: n),
        (2, "count"),
        kink=(0.0,),
        around=signs_as_classes,
        tag="count",
    ),
    LayerRow(
        "IntegerLookup",
        each(lambda v: v if v > 0 else 0),
        kwargs={"vocabulary": [-1, 1]},  # OOV first
        kink=(0.0,),
        around=places_times,
    ),
    LayerRow(
        "Discretization",
        each(lambda v: v * ((v >= -0.5) + (v >= 0.5))),
        ([-0.5, 0.5],),
        kink=(-0.5, 0.5),
        around=places_times,
    ),
    LayerRow("EinsumDense", dense(), ("ab,bc->ac", 3), {"bias_axes": "c"}),
    LayerRow(
        "EinsumDense",
        heads,
        ("abc,cde->abde", (None, 2, 3)),
        {"bias_axes": "de"},
        shape=(2, 3, 4),
        tag="heads",
        model=False,
    ),
    LayerRow(
        "EinsumDense",
        along_middle,
        ("abc,bd->adc", (2, None), "tanh", "d"),
        {"kernel_regularizer": "l2"},
        shape=(2, 3, 4),
        tag="middle",
    ),
    LayerRow("EinsumDense", dense(), ("...a,ab->...b", 2), shape=(2, 3, 4), tag="further axes"),
    LayerRow(
        "EnsembleDense",
        each_member,
        (2, 3, "tanh"),
        {"bias_initializer": "ones"},
        shape=(2, 3, 4),
        model=False,
    ),
    LayerRow(
        "EnsembleDense",
        lambda x, w: each_member([page * 2 for page in x], w),
        (3, 2),
        {"use_bias": False},
        shape=(2, 1, 4),
        tag="shared",
        model=False,
    ),
    LayerRow(
        "PiecewiseLinearEncoding",
        in_bins,
        (2,),
        shape=(3, 4),
        kink=(0.0, 0.5, 1.0),
        model=False,
    ),
]
