"""Rows of the convolutions: every number by plain loops over windows, as the definition says."""

from __future__ import annotations

import itertools
from typing import Any

import mpmath as mp

from row import Row, at, dims_of, grid, real


def settings(x: Any, sizes: tuple, strides: Any, padding: Any, dilation_rate: Any) -> list[tuple]:
    """(windows, stride, dilation, zeros before) of each axis, as TensorFlow's documentation says."""
    lengths, found = dims_of(x)[1:-1], []
    for a, n in enumerate(lengths):
        s = strides if isinstance(strides, int) else strides[a]
        d = dilation_rate if isinstance(dilation_rate, int) else dilation_rate[a]
        reach = d * (sizes[a] - 1) + 1
        if padding == "same":  # ⌈n/s⌉ windows, the zeros shared, an odd one at the end
            count = (n + s - 1) // s
            before = max((count - 1) * s + reach - n, 0) // 2
        else:
            before, after = {"valid": (0, 0), "causal": (reach - 1, 0)}.get(padding) or padding[a]
            count = (n + before + after - reach) // s + 1
        found.append((count, s, d, before))
    return found


def conv(x: Any, kernel: Any, strides: Any = 1, padding: Any = "valid", dilation_rate: Any = 1):
    *sizes, inner, filters = dims_of(kernel)
    lengths, channels = dims_of(x)[1:-1], dims_of(x)[-1]
    axes = settings(x, tuple(sizes), strides, padding, dilation_rate)
    share = filters // (channels // inner)  # filters of one group

    def entry(*index: int) -> Any:
        sample, *window, filter_ = index
        terms = []
        for k in itertools.product(*map(range, sizes)):
            place = [p * s + q * d - b for p, q, (_, s, d, b) in zip(window, k, axes, strict=True)]
            if all(0 <= p < n for p, n in zip(place, lengths, strict=True)):
                for c in range(inner):
                    channel = filter_ // share * inner + c
                    terms.append(at(x, (sample, *place, channel)) * at(kernel, (*k, c, filter_)))
        return mp.fsum(terms)

    return grid((len(x), *(count for count, *_ in axes), filters), entry)


def depthwise(x: Any, kernel: Any, **kwargs: Any) -> Any:
    """Channel c of x with kernels (c, 0), (c, 1), ...: each a convolution of one channel."""
    *sizes, channels, multiplier = dims_of(kernel)

    def one(c: int, q: int) -> Any:
        mine = grid((*dims_of(x)[:-1], 1), lambda *i: at(x, (*i[:-1], c)))
        its = grid((*sizes, 1, 1), lambda *i: at(kernel, (*i[:-2], c, q)))
        return conv(mine, its, **kwargs)

    every = [one(c, q) for c in range(channels) for q in range(multiplier)]
    shape = (*dims_of(every[0])[:-1], len(every))
    return grid(shape, lambda *i: at(every[i[-1]], (*i[:-1], 0)))


def separable(x: Any, spatial: Any, pointwise: Any, **kwargs: Any) -> Any:
    return conv(depthwise(x, spatial, **kwargs), pointwise)


def transposed(cut: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    """Stamps added up, less `cut` numbers at the beginning, in the shape that Keras documents."""

    def ref(x: Any, kernel: Any, strides: int = 1, dilation_rate: int = 1, **_: Any) -> Any:
        *sizes, filters, channels = dims_of(kernel)
        y: dict[tuple, list] = {}
        for p in itertools.product(*map(range, dims_of(x)[:-1])):
            for k in itertools.product(*map(range, sizes)):
                where = tuple(
                    a * strides + b * dilation_rate - c
                    for a, b, c in zip(p[1:], k, cut, strict=True)
                )
                for f in range(filters):
                    y.setdefault((p[0], *where, f), []).extend(
                        at(x, (*p, c)) * at(kernel, (*k, f, c)) for c in range(channels)
                    )
        return grid((len(x), *shape, filters), lambda *i: mp.fsum(y.get(i, [])))

    return ref


SUMS = "a sum of products whose signs differ: the error is relative to the largest term"


def row(name: str, x: tuple, kernel: tuple, tag: str, ref: Any = conv, **kwargs: Any) -> Row:
    return Row(name, (real(*x), real(*kernel)), ref, kwargs, tag=tag, scale=8, why=SUMS)


ROWS = [
    row("conv", (2, 4, 5, 2), (2, 3, 2, 3), "valid"),
    row("conv", (1, 4, 5, 2), (3, 2, 2, 2), "same, even kernel", padding="same"),
    row("conv", (1, 5, 6, 1), (3, 3, 1, 2), "same, strides", padding="same", strides=(2, 3)),
    row("conv", (1, 6, 7, 1), (2, 2, 1, 2), "strides leave numbers over", strides=3),
    row("conv", (1, 5, 7, 1), (2, 3, 1, 2), "dilation", dilation_rate=(1, 2), padding="same"),
    row("conv", (1, 6, 7, 1), (2, 2, 1, 1), "strides and dilation", dilation_rate=2, strides=2),
    row("conv", (1, 3, 3, 4), (2, 2, 2, 4), "groups"),
    row("conv", (1, 3, 3, 2), (2, 2, 1, 4), "a group a channel", strides=2, padding="same"),
    row("conv", (2, 5, 2), (3, 2, 2), "sequence, causal", padding="causal", dilation_rate=2),
    row("conv", (1, 3, 4, 1), (2, 2, 1, 2), "pairs", padding=((2, 0), (0, 3)), strides=2),
    row("conv", (1, 3, 1), (2, 1, 2), "windows beyond the border", padding=((4, 5),), dilation_rate=2),
    row("conv", (1, 3, 3, 4, 2), (2, 1, 3, 2, 1), "volume"),
    row("conv", (2, 2, 3, 3), (1, 1, 3, 2), "pointwise"),
    row("depthwise_conv", (1, 4, 4, 2), (3, 2, 2, 2), "", depthwise, padding="same"),
    row("depthwise_conv", (1, 5, 3), (2, 3, 1), "sequence", depthwise, strides=2),
    Row(
        "separable_conv",
        (real(1, 4, 4, 2), real(2, 2, 2, 2), real(1, 1, 4, 3)),
        separable,
        {"strides": 2, "padding": "same"},
        scale=32,
        why=SUMS,
    ),
    row(
        "conv_transpose", (1, 2, 3, 2), (3, 2, 2, 2), "valid", transposed((0, 0), (5, 6)),
        strides=2,
    ),
    row(
        "conv_transpose", (1, 2, 2, 2), (3, 3, 1, 2), "same", transposed((0, 0), (4, 4)),
        strides=2, padding="same",
    ),
    row(
        "conv_transpose", (1, 3, 2), (4, 2, 2), "sequence, same", transposed((1,), (6,)),
        strides=2, padding="same",
    ),
    row(
        "conv_transpose", (1, 2, 1), (1, 2, 1), "kernel below stride", transposed((0,), (6,)),
        strides=3,
    ),
    row(
        "conv_transpose", (1, 3, 2), (3, 1, 2), "output padding", transposed((0,), (8,)),
        strides=2, output_padding=1,
    ),
    row(  # Keras: of k + k % 2 − 2 + output_padding rows of zeros the larger half stands before
        "conv_transpose", (1, 3, 2), (3, 1, 2), "same, output padding", transposed((0,), (6,)),
        strides=2, padding="same", output_padding=1,
    ),
    row(
        "conv_transpose", (1, 3, 2), (4, 1, 2), "same, even, output padding", transposed((2,), (4,)),
        strides=2, padding="same", output_padding=0,
    ),
    row(
        "conv_transpose", (1, 3, 1), (2, 2, 1), "dilation", transposed((0,), (5,)),
        dilation_rate=2,
    ),
]  # fmt: skip
