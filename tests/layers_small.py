"""Rows of layers that reshape, drop whole maps, add noise, and of ELU and PReLU."""

from __future__ import annotations

import mpmath as mp

from layer_row import LayerRow, each, flat, mpf, stream
from row import SELU_ALPHA, SELU_SCALE, at, dims_of, grid


def reshaped(lengths):
    """Each sample row by row into nested lists of these lengths."""

    def one(sample):
        numbers = iter(flat(sample))
        return grid(lengths, lambda *_: next(numbers))

    return lambda x: [one(sample) for sample in x]


def permuted(dims):
    def of(x):
        size = dims_of(x)
        order = (0, *dims)
        out = tuple(size[k] for k in order)
        return grid(out, lambda *p: at(x, tuple(p[order.index(k)] for k in range(len(size)))))

    return of


def maps_dropped(rate, seed):
    """A word for each sample and channel: n·channels + c."""
    word = stream(seed, 0)

    def of(x, *state):
        size = dims_of(x)

        def entry(*p):
            dropped = word(p[0] * size[-1] + p[-1]) < rate * 2**32
            return mpf(0) if dropped else at(x, p) / (1 - mpf(rate))

        return grid(size, entry)

    return of


def alpha_dropped(rate, seed):
    word, least, q = stream(seed, 0), -SELU_SCALE * SELU_ALPHA, 1 - mpf(rate)
    a = 1 / mp.sqrt(q * (1 + (1 - q) * least**2))
    b = -a * (1 - q) * least

    def of(x, *state):
        width = len(x[0])
        return [
            [a * (least if word(i * width + k) < rate * 2**32 else v) + b for k, v in enumerate(r)]
            for i, r in enumerate(x)
        ]

    return of


def prelu(shared):
    """α at a sample's place, where α has length 1 along shared axes."""

    def of(x, alpha):
        def entry(*p):
            own = tuple(0 if k in shared else i for k, i in enumerate(p[1:], 1))
            v = at(x, p)
            return v if v > 0 else at(alpha, own) * v

        return grid(dims_of(x), entry)

    return of


SAME = each(lambda v: v)
LAYERS = [
    LayerRow("Reshape", reshaped((2, 6)), ((2, 6),), shape=(3, 4, 3)),
    LayerRow("Reshape", reshaped((2, 3, 2)), ([-1, 3, 2],), shape=(3, 4, 3), tag="rest"),
    LayerRow("Permute", permuted((2, 1)), ((2, 1),), shape=(3, 4, 2)),
    LayerRow("Permute", permuted((2, 3, 1)), ([2, 3, 1],), shape=(2, 3, 4, 2), tag="three"),
    LayerRow("RepeatVector", lambda x: [[row] * 3 for row in x], (3,)),
    LayerRow("Identity", SAME),
    LayerRow("Rescaling", each(lambda v: v / 4), (0.25,)),
    LayerRow(
        "Rescaling",
        lambda x: [[v * s - 1 for v, s in zip(row, (1, 2, 4, 8), strict=True)] for row in x],
        kwargs={"scale": [1.0, 2.0, 4.0, 8.0], "offset": -1.0},
        tag="each",
    ),
    LayerRow("Lambda", each(mp.exp), ("exp",)),
    LayerRow(
        "Lambda",
        lambda x: [[mp.fsum(row)] for row in x],
        kwargs={"function": "sum", "arguments": {"axis": -1, "keepdims": True}},
        tag="arguments",
    ),
    LayerRow("ELU", each(lambda v: v if v > 0 else mp.expm1(v)), kink=(0.0,)),
    LayerRow(
        "ELU", each(lambda v: v if v > 0 else mp.expm1(v) / 2), (0.5,), kink=(0.0,), tag="alpha"
    ),
    LayerRow("PReLU", prelu(()), kink=(0.0,)),
    LayerRow(
        "PReLU",
        prelu((1, 2)),
        kwargs={"shared_axes": [1, 2], "alpha_regularizer": "l2", "alpha_initializer": "ones"},
        shape=(2, 3, 2, 3),
        kink=(0.0,),
        tag="shared",
    ),
    *(
        LayerRow(
            f"SpatialDropout{n}D",
            of,
            (0.5,),
            {"seed": 7},
            shape=(3, *(2,) * n, 4),
            training=training,
            tag="training" if training else "",
        )
        for n in (1, 2, 3)
        for training, of in ((False, SAME), (True, maps_dropped(0.5, 7)))
    ),
    LayerRow("AlphaDropout", SAME, (0.25,), {"seed": 7}),
    LayerRow(
        "AlphaDropout", alpha_dropped(0.25, 7), (0.25,), {"seed": 7}, training=True, tag="training"
    ),
    LayerRow("GaussianNoise", SAME, (0.5,), {"seed": 7}),
    LayerRow("GaussianDropout", SAME, (0.5,), {"seed": 7}),
    LayerRow("ActivityRegularization", SAME, kwargs={"l1": 0.25, "l2": 0.5}),
]
