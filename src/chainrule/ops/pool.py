"""Pooling: one number for each window, its largest or its mean, all channels alike.

    max:      y = max over the cells i of the window of x_i,  ∂y/∂x_i = 1 for the largest, else 0
    average:  y = (1/n) Σ x_i over the n cells,               ∂y/∂x_i = 1/n

Written with slices and maxima: a compiler's own window reductions have a serial derivative.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..arrays import is_float, xp
from ..errors import ShapeError
from ..symbol import composite
from .base import op
from .elementwise import divide, where
from .reduce import argmax, sum
from .shapes import concatenate, getitem, one_hot, pad, stack
from .windows import Sliding, per_axis, sliding

__all__ = ["adaptive_average_pool", "adaptive_max_pool", "average_pool", "max_pool"]

_AT_ONCE = 32  # cells; larger windows are pooled one axis after the other


@op(widen=False)
def max_pool(inputs, pool_size, strides=None, padding="valid"):
    """The largest number of each window.  It gets d_y, the first one where several are largest.

    inputs (batch, *lengths, channels) → (batch, *counts, channels), with one, two or three axes
    between. NaN is larger than everything. `"same"` adds cells of −∞.

    Args:
        inputs: an array.
        pool_size: lengths of the window, one number for all axes.
        strides: from one window to the next; `pool_size` by default.
        padding: `"valid"`: windows that lie inside; `"same"`: as many as strides begin.

    Raises:
        ArgumentError: sizes, strides or a padding that are none.
        ShapeError: no axes to slide over, or a window larger than the array.

    Example:
        >>> x = np.array([3.0, 1.0, 2.0, 5.0]).reshape(1, 4, 1)
        >>> max_pool(x, 2).ravel(), max_pool(x, 3, strides=1).ravel()
        (array([3., 5.]), array([3., 5.]))
    """
    return _in_turn(
        _max, inputs, sliding(np.shape(inputs), pool_size, strides, padding, "max_pool")
    )


@max_pool.composed
def _max_composed(inputs, pool_size, strides=None, padding="valid"):
    """All windows side by side, then the first of the largest of each."""
    along = sliding(np.shape(inputs), pool_size, strides, padding, "max_pool")
    windows = _side_by_side(inputs, along, _lowest(inputs))
    chosen = one_hot(argmax(windows, axis=-1), np.shape(windows)[-1], dtype="bool")
    return sum(where(chosen, windows, 0.0), axis=-1)


@op
def average_pool(inputs, pool_size, strides=None, padding="valid"):
    """The mean of each window.  Each of its n cells gets d_y/n.

    inputs (batch, *lengths, channels) → (batch, *counts, channels), with one, two or three axes
    between. With `"same"` only real cells count, as in Keras; PyTorch counts padding too.

    Args:
        inputs: an array.
        pool_size: lengths of the window, one number for all axes.
        strides: from one window to the next; `pool_size` by default.
        padding: `"valid"`: windows that lie inside; `"same"`: as many as strides begin.

    Raises:
        ArgumentError: sizes, strides or a padding that are none.
        ShapeError: no axes to slide over, or a window larger than the array.

    Example:
        >>> x = np.array([3.0, 1.0, 2.0, 5.0]).reshape(1, 4, 1)
        >>> average_pool(x, 2).ravel(), average_pool(x, 3, 2, "same").ravel()
        (array([2. , 3.5]), array([2. , 3.5]))
    """
    along = sliding(np.shape(inputs), pool_size, strides, padding, "average_pool")
    return _in_turn(_mean, inputs, along)


@average_pool.composed
def _average_composed(inputs, pool_size, strides=None, padding="valid"):
    """All windows side by side, then the sum of each by its number of real cells."""
    along = sliding(np.shape(inputs), pool_size, strides, padding, "average_pool")
    total = sum(_side_by_side(inputs, along, 0.0), axis=-1)
    return divide(total, _real_cells(along, inputs.dtype))


def _in_turn(rule: Callable, x: Any, along: Sequence[Sliding]) -> tuple[Any, Callable]:
    """The rule over all axes at once; where windows are large, from the last axis to the first.

    A window of 14 × 14 is then 28 slices, not 196. The first of the largest stays the first.
    """
    if math.prod(a.window for a in along) <= _AT_ONCE:
        return rule(x, along)
    backs = []
    for k in reversed(range(len(along))):
        now = [Sliding(n, 1, 1, 0, 0, n) for n in np.shape(x)[1:-1]]
        now[k] = along[k]
        x, back = rule(x, now)
        backs.append(back)

    def chained(d_y):
        for back in reversed(backs):
            d_y = back(d_y)
        return d_y

    return x, chained


def _max(x, along):
    m, x = xp(x), _padded(x, along, _lowest(x))
    y = functools.reduce(m.maximum, _cells(x, along))

    def back(d_y):
        cells = list(_cells(x, along))
        small = m.uint8 if len(cells) < 255 else m.int32
        winner = m.full(y.shape, small(len(cells)))  # nobody
        for k, cell in reversed(list(enumerate(cells))):  # the first is asked last, and stays
            winner = m.where((cell == y) | (cell != cell), small(k), winner)
        return _spread(d_y, along, winner)

    return y, back


def _mean(x, along):
    total = functools.reduce(xp(x).add, _cells(_padded(x, along, 0), along))
    n = _real_cells(along, x.dtype if is_float(x) else np.float64)
    return total / n, lambda d_y: _spread(d_y / n, along)


def _lowest(x: Any) -> Any:
    """What is never larger than a number of x."""
    return -math.inf if is_float(x) else int(np.iinfo(x.dtype).min)


def _padded(x: Any, along: Sequence[Sliding], value: Any) -> Any:
    if not any(a.before or a.after for a in along):
        return x
    widths = ((0, 0), *((a.before, a.after) for a in along), (0, 0))
    return xp(x).pad(x, widths, constant_values=value)


def _places(along: Sequence[Sliding]) -> list[tuple]:
    """For each cell of a window, row by row: where it lies in all windows, as an index."""
    return [
        (slice(None), *(slice(i, i + (a.count - 1) * a.stride + 1, a.stride)
                        for i, a in zip(cell, along, strict=True)))
        for cell in itertools.product(*(range(a.window) for a in along))
    ]  # fmt: skip


def _cells(x: Any, along: Sequence[Sliding]) -> Iterator[Any]:
    """For each cell of a window, row by row: its number in all windows."""
    return (x[place] for place in _places(along))


def _side_by_side(x: Any, along: Sequence[Sliding], border: Any) -> Any:
    """The windows in a new last axis, made of operations."""
    if any(a.before or a.after for a in along):
        x = pad(x, ((0, 0), *((a.before, a.after) for a in along), (0, 0)), constant_values=border)
    return stack([getitem(x, place) for place in _places(along)], axis=-1)


def _real_cells(along: Sequence[Sliding], dtype: Any) -> Any:
    """How many cells of each window are no padding, to divide by."""
    total = np.ones((1,) * (len(along) + 2), dtype)
    for k, a in enumerate(along):
        first = np.arange(a.count) * a.stride - a.before
        real = np.minimum(first + a.window, a.length) - np.maximum(first, 0)
        total = total * real.astype(dtype).reshape((1,) * (k + 1) + (-1,) + (1,) * (len(along) - k))
    return total


def _spread(d_y: Any, along: Sequence[Sliding], winner: Any = None) -> Any:
    """d_y brought back to the cells of its windows: to the cell `winner`, without one to all."""
    if xp(d_y, winner) is not np:
        return _gathered(d_y, along, winner)
    lengths = (a.before + a.length + a.after for a in along)
    d_x = np.zeros((len(d_y), *lengths, d_y.shape[-1]), d_y.dtype)
    for k, place in enumerate(_places(along)):
        d_x[place] += d_y if winner is None else np.where(winner == k, d_y, 0)
    return d_x[(slice(None), *(slice(a.before, a.before + a.length) for a in along))]


def _gathered(d_y: Any, along: Sequence[Sliding], winner: Any) -> Any:
    """The same for a compiler, which is slow at adding to places apart.

    Cell stride·t + r lies in the windows t, t − 1, ..., there being the cell r, r + stride, ... of
    the window. So d_y is moved by each number of windows, repeated `stride` times along the axis,
    and added where the cell is the right one: nothing but passes over memory.
    """
    m = xp(d_y, winner)
    moves = [range(-(-a.window // a.stride)) for a in along]
    border = ((0, 0), *((len(q) - 1, len(q) - 1) for q in moves), (0, 0))
    nobody = math.prod(a.window for a in along)
    if any(len(q) > 1 for q in moves):
        d_y = m.pad(d_y, border)
        winner = None if winner is None else m.pad(winner, border, constant_values=nobody)
    d_x = None
    for by in itertools.product(*moves):
        place = (slice(None), *(slice(len(q) - 1 - k, 2 * len(q) - 2 - k + a.count)
                                for k, q, a in zip(by, moves, along, strict=True)))  # fmt: skip
        d = _repeated(d_y[place], along)
        number = _cell_numbers(by, moves, along)
        if winner is not None:
            number = number.astype(winner.dtype)
            d = m.where(_repeated(winner[place], along) == number, d, 0)
        elif (number == nobody + 1).any():
            d = m.where(number <= nobody, d, 0)
        d_x = d if d_x is None else d_x + d
    return _inner(d_x, along)


def _repeated(a: Any, along: Sequence[Sliding]) -> Any:
    """Each window's number for every cell of its stride."""
    apart, wide, together = [a.shape[0]], [a.shape[0]], [a.shape[0]]
    for n, s in zip(a.shape[1:-1], (k.stride for k in along), strict=True):
        apart += [n] if s == 1 else [n, 1]
        wide += [n] if s == 1 else [n, s]
        together.append(n * s)
    channels = a.shape[-1]
    m = xp(a)
    a = m.broadcast_to(m.reshape(a, (*apart, channels)), (*wide, channels))
    return m.reshape(a, (*together, channels))


def _cell_numbers(by: tuple, moves: Sequence[range], along: Sequence[Sliding]) -> np.ndarray:
    """Which cell of the window that lies `by` windows back each place is.

    Those outside it get a number that no winner has.
    """
    number = np.zeros((1,) * (len(along) + 2), np.int64)
    outside = np.zeros(number.shape, bool)
    for k, (q, back, a) in enumerate(zip(by, moves, along, strict=True)):
        i = q * a.stride + np.arange((a.count + len(back) - 1) * a.stride) % a.stride
        i = i.reshape((1,) * (k + 1) + (-1,) + (1,) * (len(along) - k))
        number, outside = number * a.window + i, outside | (i >= a.window)
    return np.where(outside, math.prod(a.window for a in along) + 1, number)


def _inner(d: Any, along: Sequence[Sliding]) -> Any:
    """Without the padding; cells that no window holds get zeros."""
    index, widths = [slice(None)], [(0, 0)]
    for n, a in zip(d.shape[1:-1], along, strict=True):
        index.append(slice(a.before, min(n, a.before + a.length)))
        widths.append((0, max(0, a.before + a.length - n)))
    d = d[tuple(index)]
    return xp(d).pad(d, [*widths, (0, 0)]) if any(b for _, b in widths) else d


# --- windows that fit the output ----------------------------------------------------------------


@composite
def adaptive_max_pool(inputs: Any, output_size: int | Sequence[int]) -> Any:
    """Max pooling into a given number of windows.  The first largest of each gets d_y.

    Along an axis of length n, window i of m goes from ⌊i·n/m⌋ to ⌈(i + 1)·n/m⌉; where m does not
    divide n, neighbours share a cell.

    Args:
        inputs: (batch, *lengths, channels).
        output_size: windows along each axis, one number for all.

    Raises:
        ShapeError: no axes to slide over, or fewer cells than windows.

    Example:
        >>> adaptive_max_pool(np.arange(5.0).reshape(1, 5, 1), 3).ravel()
        array([1., 3., 4.])
    """
    return _adaptive(max_pool, inputs, output_size, "adaptive_max_pool")


@composite
def adaptive_average_pool(inputs: Any, output_size: int | Sequence[int]) -> Any:
    """Average pooling into a given number of windows.  Each of a window's n cells gets d_y/n.

    Along an axis of length n, window i of m goes from ⌊i·n/m⌋ to ⌈(i + 1)·n/m⌉; where m does not
    divide n, neighbours share a cell.

    Args:
        inputs: (batch, *lengths, channels).
        output_size: windows along each axis, one number for all.

    Raises:
        ShapeError: no axes to slide over, or fewer cells than windows.

    Example:
        >>> adaptive_average_pool(np.arange(5.0).reshape(1, 5, 1), 3).ravel()
        array([0.5, 2. , 3.5])
    """
    return _adaptive(average_pool, inputs, output_size, "adaptive_average_pool")


def _adaptive(pool: Callable, x: Any, output_size: Any, where: str) -> Any:
    """Axis by axis from the last; where all windows are alike, plain pooling."""
    shape = np.shape(x)
    n = len(shape) - 2
    wrong = n < 1 or (isinstance(output_size, (tuple, list)) and len(output_size) != n)
    counts = () if wrong else per_axis(output_size, n, "output_size", where)
    if wrong or any(m > length for m, length in zip(counts, shape[1:-1], strict=True)):
        raise ShapeError(
            "the output does not fit the array",
            where=where,
            expected="(batch, *lengths, channels) and for each length an output no longer than it",
            received=f"shape {shape}, output_size {output_size}",
        )
    for k in reversed(range(n)):
        length, m = shape[k + 1], counts[k]

        def pooled(part: Any, window: int, k: int = k) -> Any:
            return pool(part, tuple(window if i == k else 1 for i in range(n)))

        if length % m == 0:
            x = pooled(x, length // m)
            continue
        ends = [(i * length // m, -(-(i + 1) * length // m)) for i in range(m)]
        pieces = [getitem(x, (slice(None),) * (k + 1) + (slice(a, b),)) for a, b in ends]
        x = concatenate([pooled(p, b - a) for p, (a, b) in zip(pieces, ends, strict=True)], k + 1)
    return x
