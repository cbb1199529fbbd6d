"""Rows of pooling, padding, cropping and resizing layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp

from layer_row import LayerRow
from row import at, dims_of, grid
from table_pool import adaptive, batched, mean, nearest, pooled, repeated, weighted


def of(f: Callable, *args: Any) -> Callable:
    return lambda x, *weights: f(x, *args)


def channels(f: Callable, keepdims: bool = False) -> Callable:
    """f over all numbers of a channel."""

    def ref(x: Any) -> Any:
        batch, *lengths, count = dims_of(x)
        inner = grid(tuple(lengths), lambda *i: i)

        def places(nested: Any) -> list:
            return [p for n in nested for p in places(n)] if isinstance(nested, list) else [nested]

        between = (1,) * len(lengths) if keepdims else ()

        def entry(*index: int) -> Any:
            return f([at(x, (index[0], *p, index[-1])) for p in places(inner)])

        return grid((batch, *between, count), entry)

    return ref


def moved(before: tuple, shape: tuple) -> Callable:
    """An array of `shape` whose number at i is that of x at i − before, 0 where x has none."""

    def ref(x: Any) -> Any:
        size = dims_of(x)

        def entry(*index: int) -> Any:
            here = tuple(i - b for i, b in zip(index, before, strict=True))
            inside = all(0 <= i < n for i, n in zip(here, size, strict=True))
            return at(x, here) if inside else mp.mpf(0)

        return grid(shape, entry)

    return ref


SHAPES = {1: (2, 5, 2), 2: (2, 5, 4, 2), 3: (1, 4, 5, 3, 2)}
LAYERS: list[LayerRow] = []
for _n, _shape in SHAPES.items():
    for _word, _short, _f in (("Max", "Max", max), ("Average", "Avg", mean)):
        LAYERS += [
            LayerRow(
                f"{_word}Pooling{_n}D",
                of(pooled(_f), 2),
                (2,),
                shape=_shape,
                alias=(f"{_short}Pool{_n}D",),
            ),
            LayerRow(
                f"{_word}Pooling{_n}D",
                of(pooled(_f), (3,) * _n, (2,) * _n, "same"),
                kwargs={"pool_size": [3] * _n, "strides": [2] * _n, "padding": "same"},
                shape=_shape,
                tag="overlapping same",
            ),
            LayerRow(
                f"Global{_word}Pooling{_n}D",
                channels(_f),
                shape=_shape,
                alias=(f"Global{_short}Pool{_n}D",),
            ),
            LayerRow(
                f"Adaptive{_word}Pooling{_n}D",
                of(adaptive(_f), (3, 2, 2)[:_n]),
                kwargs={"output_size": [3, 2, 2][:_n]},
                shape=_shape,
            ),
        ]
    _one = (0, *(1,) * _n, 0)
    _batch, *_lengths, _channels = _shape
    LAYERS += [
        LayerRow(
            f"ZeroPadding{_n}D",
            moved(_one, (_batch, *(k + 2 for k in _lengths), _channels)),
            shape=_shape,
        ),
        LayerRow(
            f"Cropping{_n}D",
            moved(tuple(-k for k in _one), (_batch, *(k - 2 for k in _lengths), _channels)),
            (1,),
            shape=_shape,
        ),
        LayerRow(f"UpSampling{_n}D", of(repeated, 2), shape=_shape),
    ]

LAYERS += [
    LayerRow(
        "GlobalAveragePooling2D",
        channels(mean, True),
        kwargs={"keepdims": True},
        shape=SHAPES[2],
        tag="keepdims",
    ),
    LayerRow(
        "ZeroPadding2D",
        moved((0, 1, 0, 0), (2, 8, 6, 2)),
        kwargs={"padding": [[1, 2], [0, 2]]},
        shape=SHAPES[2],
        tag="sides",
    ),
    LayerRow(
        "Cropping2D",
        moved((0, -1, 0, 0), (2, 3, 2, 2)),
        kwargs={"cropping": [[1, 1], [0, 2]]},
        shape=SHAPES[2],
        tag="sides",
    ),
    LayerRow(
        "UpSampling2D",
        lambda x: batched(weighted)(x, (10, 12)),
        kwargs={"size": [2, 3], "interpolation": "bilinear"},
        shape=SHAPES[2],
        tag="bilinear",
    ),
    LayerRow("Resizing", lambda x: batched(weighted)(x, (3, 7)), (3, 7), shape=SHAPES[2]),
    LayerRow(
        "Resizing",
        lambda x: batched(nearest)(x, (3, 7)),
        (3, 7, "nearest"),
        shape=SHAPES[2],
        tag="nearest",
    ),
]
