"""Where values live: the one place that puts arrays on a device."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import tree

__all__ = ["capacity", "put_rows", "put_values"]

# bytes: below, all lengths share one capacity; from 2**19 on a tiny step takes three times as long
_SMALL = 1 << 17
_COARSE = 1 << 26  # bytes: below, capacities are powers of two


def capacity(rows: int, bytes_a_row: int) -> int:
    """Rows that are set aside for `rows` of them, so that programs serve many lengths.

    A power of two, at least an eighth of a megabyte; above 64 megabytes at most an eighth more
    than needed.
    """
    least = 1 << max(_SMALL // max(bytes_a_row, 1), 1).bit_length()
    if rows <= least:
        return least
    bits = (rows - 1).bit_length()
    step = 1 << (bits if rows * bytes_a_row < _COARSE else max(bits - 4, 0))
    return -(-rows // step) * step


def put_rows(jax: Any, data: Any) -> Any:
    """A tree of arrays on the device, each with room for its capacity of rows."""
    leaves = [a for a in tree.leaves(data) if a is not None]
    rows = leaves[0].shape[0]
    room = capacity(rows, sum(a.nbytes for a in leaves) // max(rows, 1))

    def put(a: Any) -> Any:
        if a is None:
            return None
        if len(a) == room:
            return jax.device_put(a)
        whole = np.zeros((room, *a.shape[1:]), a.dtype)
        whole[:rows] = a
        return jax.device_put(whole)

    return tree.map(put, data), room


def put_values(jax: Any, values: Any) -> list[Any]:
    """Values of Variables on the device."""
    return [jax.device_put(v) for v in values]
