"""Rows of Reshape."""

from __future__ import annotations

from typing import Any

from layer_row import LayerRow, flat
from row import grid


def filled(*shape: int) -> Any:
    """The numbers of each sample in order, in another shape."""

    def of(x: Any) -> Any:
        def entry(*index: int) -> Any:
            place = 0
            for i, n in zip(index[1:], shape, strict=True):
                place = place * n + i
            return flat(x[index[0]])[place]

        return grid((len(x), *shape), entry)

    return of


LAYERS = [
    LayerRow("Reshape", filled(2, 3), kwargs={"target_shape": [2, 3]}, shape=(3, 6)),
    LayerRow(
        "Reshape",
        filled(3, 4),
        kwargs={"target_shape": [3, -1]},
        shape=(2, 2, 6),
        tag="what is left",
    ),
]
