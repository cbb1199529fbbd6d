"""Places as rows of 0 and 1, or of counts, for the layers that find places."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays import xp

__all__ = ["depth_shape", "encoded"]


def encoded(places: Any, mode: str, depth: int, dtype: Any, weights: Any = None) -> Any:
    """Places from 0 in one of Keras's output modes; −1 is in no row.

    Args:
        places: an array of whole numbers.
        mode: `"int"`: as they are, in int32; `"one_hot"`: a row for each; `"multi_hot"`, `"count"`,
            `"tf_idf"`: one row for all of a sample, its last axis. A batch of single numbers has a
            row for each.
        depth: the length of a row.
        dtype: of the rows.
        weights: of each place, for `"tf_idf"`.

    Example:
        >>> encoded(np.array([[0, 2], [2, 2]]), "count", 3, "float32")
        array([[1., 0., 1.],
               [0., 0., 2.]], dtype=float32)
    """
    np_ = xp(places)
    if mode == "int":
        return places.astype("int32")
    if mode == "one_hot" and places.ndim > 1 and places.shape[-1] == 1:
        places = places[..., 0]
    rows = (places[..., None] == np_.arange(depth)).astype(dtype)
    if mode == "one_hot":
        return rows
    if places.ndim > 1:
        rows = rows.max(-2) if mode == "multi_hot" else rows.sum(-2)
    return rows if weights is None else rows * np_.asarray(np.asarray(weights, dtype))


def depth_shape(shape: tuple, mode: str, depth: int) -> tuple:
    """The shape of what `encoded` gives for places of this shape."""
    if mode == "one_hot":
        return (*(shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape), depth)
    return (*(shape[:-1] if len(shape) > 1 else shape), depth)
