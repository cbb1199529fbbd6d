"""Windows that slide over an image, a sequence or a volume: where they lie, and how many.

Arrays are `(batch, *lengths, channels)`; windows slide over the axes between, all channels alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..errors import ArgumentError, ShapeError, choose

__all__ = ["Sliding", "count_windows", "is_padding", "per_axis", "sliding"]

_PADDINGS = ("valid", "same")


class Sliding(NamedTuple):
    """How windows slide along one axis.

    Args:
        length: of the axis.
        window: cells a window covers.
        stride: cells from one window to the next.
        before, after: cells of padding.
        count: of windows.
    """

    length: int
    window: int
    stride: int
    before: int
    after: int
    count: int


def per_axis(value: Any, ndim: int, name: str, where: str, least: int = 1) -> tuple[int, ...]:
    """One whole number for each spatial axis; a single one counts for all.

    Raises:
        ArgumentError: another number of them, or one below `least`.

    Example:
        >>> per_axis(3, 2, "kernel_size", "Conv2D")
        (3, 3)
    """
    given = value if isinstance(value, (tuple, list)) else (value,) * ndim
    good = len(given) == ndim and all(
        hasattr(v, "__index__") and not isinstance(v, bool) and v >= least for v in given
    )
    if not good:
        many = "a whole number" if ndim == 1 else f"a whole number, or {ndim} of them,"
        raise ArgumentError(
            f"{name} does not fit",
            where=where,
            expected=f"{many} of at least {least}",
            received=repr(value)[:200],
        )
    return tuple(int(v) for v in given)


def is_padding(padding: Any, where: str) -> str:
    """`"valid"` or `"same"`, in small letters.

    Raises:
        ArgumentError: anything else.
    """
    word = padding.lower() if isinstance(padding, str) else padding
    if word not in _PADDINGS:
        raise choose("padding", padding, _PADDINGS, where=where)
    return word


def count_windows(length: int, window: int, stride: int, padding: str) -> int:
    """Windows along an axis: those that fit, or with `"same"` one for each stride that begins."""
    if padding == "same":
        return -(-length // stride)
    return max(0, (length - window) // stride + 1)


def sliding(
    shape: Sequence[int], window: Any, strides: Any, padding: Any, where: str
) -> tuple[Sliding, ...]:
    """How windows slide along each axis of `(batch, *lengths, channels)`.

    With `"same"` as many cells are added as the last window needs, the odd one behind, as in
    TensorFlow and Keras; PyTorch pads both sides alike.

    Raises:
        ArgumentError: sizes, strides or a padding that are none.
        ShapeError: no such axes, or a window that is larger than its axis.
    """
    n = len(shape) - 2
    if n < 1 or (isinstance(window, (tuple, list)) and len(window) != n):
        raise ShapeError(
            "the window does not fit the array",
            where=where,
            expected="(batch, length, channels), (batch, height, width, channels), "
            "or (batch, depth, height, width, channels), and a window for the axes between",
            received=f"shape {tuple(shape)}, window {window}",
        )
    windows = per_axis(window, n, "pool_size", where)
    steps = windows if strides is None else per_axis(strides, n, "strides", where)
    padding = is_padding(padding, where)
    found = []
    for length, k, s in zip(shape[1:-1], windows, steps, strict=True):
        count = count_windows(length, k, s, padding)
        if count < 1:
            raise ShapeError(
                "the window is larger than the array",
                where=where,
                expected=f"lengths of at least {windows}",
                received=f"shape {tuple(shape)}",
                fix='a smaller window, or padding="same"' if length else None,
            )
        missing = max(0, (count - 1) * s + k - length)
        found.append(Sliding(length, k, s, missing // 2, missing - missing // 2, count))
    return tuple(found)
