"""Where the windows of a convolution stand: strides, dilation, padding, and the lengths they give.

A window takes `size` numbers of an axis, `dilation` apart; the next window begins `stride` further.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..arrays import xp
from ..errors import ArgumentError, ShapeError, choose
from .windows import per_axis

__all__ = [
    "Axis",
    "before_of",
    "count_of",
    "fit",
    "no_window",
    "offsets",
    "output_paddings",
    "release",
    "taken",
    "transposed_axis",
    "whole_padding",
]


class Axis(NamedTuple):
    """The windows along one axis: `count` of them over `given` numbers after `before` zeros."""

    size: int
    stride: int
    dilation: int
    before: int
    given: int
    count: int

    @property
    def reach(self) -> int:
        """How many numbers one window spans."""
        return (self.size - 1) * self.dilation + 1

    @property
    def covered(self) -> int:
        """How many numbers all windows span together."""
        return (self.count - 1) * self.stride + self.reach

    @property
    def after(self) -> int:
        """Zeros behind the input; below 0: so many numbers at its end stand in no window."""
        return self.covered - self.before - self.given


def whole_padding(
    padding: Any, ndim: int, where: str, words: Sequence[str], pairs: bool = True
) -> Any:
    """One of the words, in small letters; or a pair of widths for each axis, where pairs may be.

    Raises:
        ArgumentError: anything else.
    """
    words = [w for w in words if ndim == 1 or w != "causal"]
    if isinstance(padding, str) and padding.lower() in words:
        return padding.lower()
    if isinstance(padding, str) or not pairs:
        raise choose("padding", padding, words, where=where)
    given: Any = padding if isinstance(padding, (tuple, list)) else ()
    if ndim == 1 and len(given) == 2 and not any(isinstance(p, (tuple, list)) for p in given):
        given = (given,)  # one axis, one pair
    if len(given) != ndim or any(not isinstance(p, (tuple, list)) or len(p) != 2 for p in given):
        raise ArgumentError(
            "padding does not fit",
            where=where,
            expected=f"{' or '.join(map(repr, words))}, or {ndim} pairs (before, after)",
            received=repr(padding)[:200],
        )
    return tuple(per_axis(pair, 2, "a pair of padding", where, least=0) for pair in given)


def count_of(given: int | None, size: int, stride: int, dilation: int, padding: Any) -> int | None:
    """How many windows an axis of `given` numbers has; `padding` a word or a pair of widths.

    `"valid"` ⌊(n − reach)/stride⌋ + 1 with reach = (size − 1)·dilation + 1, `"same"` and `"causal"`
    ⌈n/stride⌉, as TensorFlow counts. Below 1 where the window is longer than the axis.

    Example:
        >>> count_of(28, 5, 1, 1, "valid"), count_of(28, 5, 2, 1, "same")
        (24, 14)
    """
    if given is None:
        return None
    if padding in ("same", "causal"):
        return -(-given // stride)
    around = 0 if padding == "valid" else sum(padding)
    return (given + around - (size - 1) * dilation - 1) // stride + 1


def before_of(given: int, size: int, stride: int, dilation: int, padding: Any) -> int:
    """Zeros before the first number: of `"same"` half of what is needed, rounded down.

    With an even kernel or a stride the end gets one more than the beginning (TensorFlow's rule;
    PyTorch pads both sides equally).
    """
    reach = (size - 1) * dilation + 1
    if padding == "same":
        count = -(-given // stride)
        return max((count - 1) * stride + reach - given, 0) // 2
    if padding == "causal":
        return reach - 1
    return 0 if padding == "valid" else padding[0]


def transposed_axis(
    given: int, size: int, stride: int, dilation: int, padding: str, output_padding: int | None
) -> Axis:
    """The windows of the convolution that a transposed one turns round; its output is `.given`.

    Keras's rule, which is TensorFlow's where output_padding is None: `"same"` gives given·stride,
    `"valid"` (given − 1)·stride + max(reach, stride).
    """
    reach = (size - 1) * dilation + 1
    if padding == "valid":
        extra = max(stride - reach, 0) if output_padding is None else output_padding
        return Axis(size, stride, dilation, 0, (given - 1) * stride + reach + extra, given)
    if output_padding is None:
        around, length = stride + reach - 2, given * stride
    else:
        around = reach + reach % 2 - 2 + output_padding
        length = (given - 1) * stride + reach % 2 + output_padding
    cut = reach - 1 - min(around - around // 2, reach - 1)
    return Axis(size, stride, dilation, cut, length, given)


def output_paddings(value: Any, strides: Sequence[int], where: str) -> tuple[int, ...]:
    """Keras's output_padding: one whole number for each axis, less than its stride.

    Raises:
        ArgumentError: anything else.
    """
    extra = per_axis(value, len(strides), "output_padding", where, least=0)
    if any(e >= s for e, s in zip(extra, strides, strict=True)):
        raise ArgumentError(
            "output_padding must be less than the stride",
            where=where,
            expected=f"less than {tuple(strides)}",
            received=extra,
        )
    return extra


# --- arrays -------------------------------------------------------------------------------------


def fit(x: Any, axes: Sequence[Axis]) -> Any:
    """x with zeros around, and without what no window reaches: exactly what the windows cover."""
    m = xp(x)
    widths = [(0, 0), *((a.before, max(a.after, 0)) for a in axes), (0, 0)]
    if any(pair != (0, 0) for pair in widths):
        x = m.pad(x, widths)
    if any(a.after < 0 for a in axes):
        x = x[(slice(None), *(slice(a.covered) for a in axes))]
    return x


def release(d: Any, axes: Sequence[Axis]) -> Any:
    """The opposite of `fit`: without the zeros around, and zeros where no window reached."""
    if any(a.after < 0 for a in axes):
        d = xp(d).pad(d, [(0, 0), *((0, max(-a.after, 0)) for a in axes), (0, 0)])
    if any(a.before or a.after > 0 for a in axes):
        d = d[(slice(None), *(slice(a.before, a.before + a.given) for a in axes))]
    return d


def offsets(axes: Sequence[Axis]) -> Iterator[tuple[int, ...]]:
    """The places in a window: (0, 0), (0, 1), ..."""
    return itertools.product(*(range(a.size) for a in axes))


def taken(place: Sequence[int], axes: Sequence[Axis]) -> tuple[slice, ...]:
    """Index of what stands at one place of every window, in an array that `fit` made."""
    found = []
    for p, a in zip(place, axes, strict=True):
        start = p * a.dilation
        found.append(slice(start, start + (a.count - 1) * a.stride + 1, a.stride))
    return (slice(None), *found)


def no_window(shape: Any, size: Sequence[int], dilation: Sequence[int], where: str) -> ShapeError:
    """The error for a window that is longer than what it should slide over."""
    reach = tuple((k - 1) * d + 1 for k, d in zip(size, dilation, strict=True))
    spread = "" if all(d == 1 for d in dilation) else f" (a kernel of {tuple(size)}, dilated)"
    return ShapeError(
        "the kernel is larger than the input",
        where=where,
        expected=f"at least {reach} numbers{spread}",
        received=tuple(np.atleast_1d(shape).tolist()) if None not in shape else tuple(shape),
        fix="use padding='same', a smaller kernel, or fewer layers that shrink before it",
    )
