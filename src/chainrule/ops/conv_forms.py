"""The three products of a convolution, in NumPy and in forms that XLA compiles well.

Between an input x, a kernel K and an output y stand three bilinear maps. Each is the derivative of
another, so that these three are all that a convolution, a transposed one and their gradients need:

    correlate  y[p]  = Σₖ x[s·p + d·k]·K[k]     each window times the kernel
    spread     dx[i] = Σₚ dy[p]·K[(i − s·p)/d]ᵀ  each output number stamps the kernel
    pair       dK[k] = Σₚ x[s·p + d·k]ᵀ·dy[p]    what met at place k, multiplied

On NumPy the windows are a view, and their products one GEMM for a block of rows, small enough that
no buffer is larger than input and output together. On XLA:CPU a convolution is quick only in one
form (rows NHWC, kernel HWIO, no groups, nothing permuted), others are plain loops, 8 to 40 times
slower; thin inputs, whose windows hold few neighbouring numbers, are quicker as products with a
banded matrix. Figures are in benchmarks/NOTES.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..arrays import lax, xp
from .conv_windows import Axis, fit, offsets, release, taken

__all__ = ["correlate", "pair", "spread"]


def correlate(x: Any, kernel: Any, axes: Sequence[Axis]) -> Any:
    """y[p] = Σₖ x[s·p + d·k]·K[k]: x (n, ..., c), kernel (k..., c/groups, o) → (n, m..., o)."""
    if _depthwise(x, kernel):
        return _depthwise_correlate(x, kernel, axes)
    dense = _numpy_correlate if xp(x, kernel) is np else _xla_correlate
    parts = [dense(a, b, axes) for a, b in zip(*_groups(x, kernel), strict=True)]
    return parts[0] if len(parts) == 1 else xp(x, kernel).concatenate(parts, axis=-1)


def spread(d_y: Any, kernel: Any, axes: Sequence[Axis], channels: int) -> Any:
    """dx[i] = Σₚ dy[p]·K[(i − s·p)/d]ᵀ: d_y (n, m..., o) → (n, ..., channels)."""
    m = xp(d_y, kernel)
    groups = channels // kernel.shape[-2]
    if kernel.shape[-2] == 1 and groups > 1:
        return _depthwise_spread(d_y, kernel, axes, channels)
    dense = _numpy_spread if m is np else _xla_spread
    kernels = m.split(kernel, groups, axis=-1) if groups > 1 else [kernel]
    d_ys = m.split(d_y, groups, axis=-1) if groups > 1 else [d_y]
    parts = [dense(d, k, axes) for d, k in zip(d_ys, kernels, strict=True)]
    return parts[0] if groups == 1 else m.concatenate(parts, axis=-1)


def pair(x: Any, d_y: Any, axes: Sequence[Axis], inner: int) -> Any:
    """dK[k] = Σₚ x[s·p + d·k]ᵀ·dy[p]: → (k..., inner, o), `inner` channels of x to a group."""
    m = xp(x, d_y)
    groups = x.shape[-1] // inner
    if inner == 1 and groups > 1:
        return _depthwise_pair(x, d_y, axes)
    dense = _numpy_pair if m is np else _xla_pair
    xs = m.split(x, groups, axis=-1) if groups > 1 else [x]
    d_ys = m.split(d_y, groups, axis=-1) if groups > 1 else [d_y]
    parts = [dense(a, d, axes) for a, d in zip(xs, d_ys, strict=True)]
    return parts[0] if groups == 1 else m.concatenate(parts, axis=-1)


def _depthwise(x: Any, kernel: Any) -> bool:
    return kernel.shape[-2] == 1 and x.shape[-1] > 1


def _groups(x: Any, kernel: Any) -> tuple[list, list]:
    """The channels of x and the filters of the kernel, group by group."""
    groups, m = x.shape[-1] // kernel.shape[-2], xp(x, kernel)
    if groups == 1:
        return [x], [kernel]
    return m.split(x, groups, axis=-1), m.split(kernel, groups, axis=-1)


# --- NumPy: a view of all windows, and a GEMM for each block of them ----------------------------


def _windows(x: np.ndarray, axes: Sequence[Axis]) -> np.ndarray:
    """Every window of x as an entry of its own, without a copy: (n, m..., k..., c)."""
    spatial = tuple(range(1, len(axes) + 1))
    every = np.lib.stride_tricks.sliding_window_view(x, [a.reach for a in axes], spatial)
    strides = [slice(None, None, a.stride) for a in axes]
    inside = [slice(None, None, a.dilation) for a in axes]
    return np.moveaxis(every[(slice(None), *strides, slice(None), *inside)], len(axes) + 1, -1)


def _blocks(samples: int, rows: int, numbers: int, limit: int) -> Iterator[tuple[slice, ...]]:
    """Samples, or rows of one sample, whose windows hold at most `limit` numbers.

    `numbers` are those of one row of windows, which is never divided.
    """
    if rows * numbers <= limit or rows == 1:
        step = max(1, limit // max(rows * numbers, 1))
        for first in range(0, samples, step):
            yield (slice(first, first + step), slice(0, rows))
        return
    step = max(1, limit // numbers)
    for sample in range(samples):
        for first in range(0, rows, step):
            yield (slice(sample, sample + 1), slice(first, min(first + step, rows)))


def _blocks_of(x: np.ndarray, y: np.ndarray, axes: Sequence[Axis]) -> Iterator[tuple]:
    """Blocks for which no buffer exceeds the layer's input plus output."""
    window = math.prod(a.size for a in axes) * x.shape[-1]
    numbers = math.prod(a.count for a in axes[1:]) * window
    return _blocks(x.shape[0], axes[0].count, numbers, x.size + y.size)


def _numpy_correlate(x: np.ndarray, kernel: np.ndarray, axes: Sequence[Axis]) -> np.ndarray:
    windows = _windows(fit(x, axes), axes)
    matrix = kernel.reshape(-1, kernel.shape[-1])
    y = np.empty(
        (x.shape[0], *(a.count for a in axes), kernel.shape[-1]), np.result_type(x, kernel)
    )
    for block in _blocks_of(x, y, axes):
        y[block] = (windows[block].reshape(-1, len(matrix)) @ matrix).reshape(y[block].shape)
    return y


def _numpy_spread(d_y: np.ndarray, kernel: np.ndarray, axes: Sequence[Axis]) -> np.ndarray:
    *sizes, channels, filters = kernel.shape
    matrix = kernel.reshape(-1, filters)
    d_x = np.zeros((len(d_y), *(a.covered for a in axes), channels), np.result_type(d_y, kernel))
    for samples, rows in _blocks_of(d_x, d_y, axes):
        d_rows = d_y[samples, rows]
        d_windows = d_rows.reshape(-1, filters) @ matrix.T
        d_windows = d_windows.reshape(*d_rows.shape[:-1], *sizes, channels)
        target = d_x[samples, rows.start * axes[0].stride :]
        here = (axes[0]._replace(count=d_rows.shape[1]), *axes[1:])
        for place in offsets(axes):
            target[taken(place, here)] += d_windows[(..., *place, slice(None))]
        del d_windows  # before the next block is made
    return release(d_x, axes)


def _numpy_pair(x: np.ndarray, d_y: np.ndarray, axes: Sequence[Axis]) -> np.ndarray:
    channels, filters = x.shape[-1], d_y.shape[-1]
    windows = _windows(fit(x, axes), axes)
    sizes = [a.size for a in axes]
    d_kernel = np.zeros((math.prod(sizes) * channels, filters), np.result_type(x, d_y))
    for block in _blocks_of(x, d_y, axes):
        d_kernel += windows[block].reshape(-1, len(d_kernel)).T @ d_y[block].reshape(-1, filters)
    return d_kernel.reshape(*sizes, channels, filters)


# --- each channel on its own: no product, but sums that are fused -------------------------------


def _depthwise_correlate(x: Any, kernel: Any, axes: Sequence[Axis]) -> Any:
    m, channels = xp(x, kernel), x.shape[-1]
    multiplier = kernel.shape[-1] // channels
    x = fit(x, axes)
    if multiplier > 1:
        x = m.repeat(x, multiplier, axis=-1)
    y: Any = 0
    for place in offsets(axes):
        y = y + x[taken(place, axes)] * kernel[(*place, 0)]
    return y


def _depthwise_spread(d_y: Any, kernel: Any, axes: Sequence[Axis], channels: int) -> Any:
    m, filters = xp(d_y, kernel), kernel.shape[-1]
    if m is np:
        d_x = np.zeros((len(d_y), *(a.covered for a in axes), filters), np.result_type(d_y, kernel))
        for place in offsets(axes):
            d_x[taken(place, axes)] += d_y * kernel[(*place, 0)]
        d_x = release(d_x, axes)
    else:  # a correlation with the kernel turned round, which is fused; scattered adds are not
        turned = m.flip(kernel, axis=tuple(range(len(axes))))
        wide, back = _turned(d_y, axes)
        d_x = _depthwise_correlate(wide, turned, back)
    if filters > channels:
        shape = (*d_x.shape[:-1], channels, filters // channels)
        d_x = m.sum(m.reshape(d_x, shape), axis=-1)
    return d_x


def _depthwise_pair(x: Any, d_y: Any, axes: Sequence[Axis]) -> Any:
    m, filters = xp(x, d_y), d_y.shape[-1]
    multiplier = filters // x.shape[-1]
    x = fit(x, axes)
    if multiplier > 1:
        x = m.repeat(x, multiplier, axis=-1)
    every = tuple(range(len(axes) + 1))
    sums = [m.sum(x[taken(place, axes)] * d_y, axis=every) for place in offsets(axes)]
    return m.reshape(m.stack(sums), (*(a.size for a in axes), 1, filters))


# --- XLA ----------------------------------------------------------------------------------------


def _convolution(x: Any, kernel: Any, strides: Any, padding: Any, dilation: Any) -> Any:
    """The one form that XLA:CPU hands to a library."""
    letters = "DHW"[-len(strides) :]
    names = (f"N{letters}C", f"{letters}IO", f"N{letters}C")
    return lax().conv_general_dilated(
        x, kernel, strides, padding, rhs_dilation=dilation, dimension_numbers=names
    )


def _fitted(x: Any, axes: Sequence[Axis]) -> tuple[Any, list[tuple[int, int]]]:
    """x, and the padding that the convolution itself shall do: without a copy where that goes."""
    if any(a.after < 0 for a in axes):
        return fit(x, axes), [(0, 0)] * len(axes)
    return x, [(a.before, a.after) for a in axes]


def _turned(d_y: Any, axes: Sequence[Axis]) -> tuple[Any, list[Axis]]:
    """d_y with zeros where strides stepped over, and the windows that slide over it backwards."""
    widths, back = [(0, 0, 0)], []
    for a in axes:
        before = a.reach - 1 - a.before
        after = a.given - (a.count - 1) * a.stride - 1 + a.before
        length = (a.count - 1) * a.stride + 1
        widths.append((min(before, 0), min(after, 0), a.stride - 1))
        before, after = max(before, 0), max(after, 0)
        given = length + widths[-1][0] + widths[-1][1]
        back.append(Axis(a.size, 1, a.dilation, before, given, a.given))
    if any(w != (0, 0, 0) for w in widths):
        d_y = lax().pad(d_y, d_y.dtype.type(0), [*widths, (0, 0, 0)])
    return d_y, back


def _xla_correlate(x: Any, kernel: Any, axes: Sequence[Axis]) -> Any:
    if _is_thin(x.shape[-1], kernel.shape[-1], axes):
        return lax().platform_dependent(
            x,
            kernel,
            cpu=lambda x, kernel: _banded_correlate(x, kernel, axes),
            default=lambda x, kernel: _plain_correlate(x, kernel, axes),
        )
    return _plain_correlate(x, kernel, axes)


def _plain_correlate(x: Any, kernel: Any, axes: Sequence[Axis]) -> Any:
    x, padding = _fitted(x, axes)
    return _convolution(x, kernel, [a.stride for a in axes], padding, [a.dilation for a in axes])


def _xla_spread(d_y: Any, kernel: Any, axes: Sequence[Axis]) -> Any:
    if _is_thin(kernel.shape[-2], kernel.shape[-1], axes):
        return lax().platform_dependent(
            d_y,
            kernel,
            cpu=lambda d_y, kernel: _banded_spread(d_y, kernel, axes),
            default=lambda d_y, kernel: _plain_spread(d_y, kernel, axes),
        )
    return _plain_spread(d_y, kernel, axes)


def _plain_spread(d_y: Any, kernel: Any, axes: Sequence[Axis]) -> Any:
    m, nd = xp(d_y, kernel), len(axes)
    turned = m.swapaxes(m.flip(kernel, axis=tuple(range(nd))), -1, -2)
    wide, back = _turned(d_y, axes)
    return _plain_correlate(wide, turned, back)


def _xla_pair(x: Any, d_y: Any, axes: Sequence[Axis]) -> Any:
    m, nd = xp(x, d_y), len(axes)
    spatial = tuple(range(1, nd + 1))

    def canonical(x: Any, d_y: Any) -> Any:
        """d_y is the kernel, the samples are its channels: copied into the one quick form."""
        x, padding = _fitted(x, axes)
        x = m.transpose(x, (nd + 1, *spatial, 0))
        d_y = m.transpose(d_y, (*spatial, 0, nd + 1))
        d = _convolution(x, d_y, [a.dilation for a in axes], padding, [a.stride for a in axes])
        return m.transpose(d, (*spatial, 0, nd + 1))

    def permuted(x: Any, d_y: Any) -> Any:
        """The same without copies, as the libraries of other devices know it."""
        x, padding = _fitted(x, axes)
        letters = "DHW"[-nd:]
        return lax().conv_general_dilated(
            x,
            d_y,
            [a.dilation for a in axes],
            padding,
            rhs_dilation=[a.stride for a in axes],
            dimension_numbers=(f"C{letters}N", f"I{letters}O", f"{letters}NC"),
        )

    def banded(x: Any, d_y: Any) -> Any:
        return _banded_pair(x, d_y, axes)

    on_cpu = banded if _is_thin(x.shape[-1], d_y.shape[-1], axes) else canonical
    return lax().platform_dependent(x, d_y, cpu=on_cpu, default=permuted)


# --- thin inputs on XLA:CPU: neighbouring windows in one product --------------------------------
#
# A window of 5·5 numbers times 6 filters is too thin a product to be quick, and its rows repeat
# every number 25 times. Windows that stand next to each other in a row share most of their
# numbers: `together` of them take one stretch of the input, times a matrix in which the kernel
# stands `together` times, each time moved by one stride. Some of its numbers are zeros that are
# multiplied for nothing, but the rows are several times shorter and the products wide.

_FEW = (8, 16)  # channels below, filters up to: beyond, the library's convolution is as quick


def _is_thin(channels: int, filters: int, axes: Sequence[Axis]) -> bool:
    last = axes[-1]
    return channels < _FEW[0] and filters <= _FEW[1] and last.size > 1 and last.dilation == 1


def _together(count: int) -> int:
    """How many of `count` windows go into one product: 3 to 5, so that few are left over."""
    return min(count, min(range(5, 2, -1), key=lambda b: -(-count // b) * b))


def _banded_kernel(kernel: Any, axes: Sequence[Axis], together: int) -> Any:
    """(the lead's sizes · stretch · channels, together · filters)."""
    m, stride = xp(kernel), axes[-1].stride
    lead = [(0, 0)] * (len(axes) - 1)
    moved = [
        m.pad(kernel, [*lead, (i * stride, (together - 1 - i) * stride), (0, 0), (0, 0)])
        for i in range(together)
    ]
    return m.reshape(m.stack(moved, axis=-2), (-1, together * kernel.shape[-1]))


def _banded(axes: Sequence[Axis]) -> tuple[int, int, list[Axis]]:
    """(windows in one product, products to a row, axes whose last is long enough for them)."""
    *lead, last = axes
    together = _together(last.count)
    pieces = -(-last.count // together)
    return together, pieces, [*lead, last._replace(count=pieces * together)]


def _stretches(x: Any, axes: Sequence[Axis]) -> Any:
    """What each product takes of x, a row each: (n · m... · pieces, sizes... · stretch · c)."""
    together, pieces, wide = _banded(axes)
    *lead, last = wide
    m, x = xp(x), fit(x, wide)
    stretch = (together - 1) * last.stride + last.size
    shape = (x.shape[0], *(a.count for a in lead), 1, stretch * x.shape[-1])
    slices = [x[taken(place, lead)] for place in offsets(lead)]
    starts = [i * together * last.stride for i in range(pieces)]
    rows = [
        m.concatenate([m.reshape(r[..., s : s + stretch, :], shape) for r in slices], axis=-1)
        for s in starts
    ]
    rows = m.concatenate(rows, axis=-2)
    return m.reshape(rows, (-1, rows.shape[-1]))


def _parts(samples: int, axes: Sequence[Axis], channels: int, filters: int) -> list[slice]:
    """Samples at a time, so that their stretches are not larger than x and y together."""
    together, pieces, _ = _banded(axes)
    *lead, last = axes
    stretch = (together - 1) * last.stride + last.size
    counts = math.prod(a.count for a in lead)
    rows = counts * pieces * math.prod(a.size for a in lead) * stretch * channels
    both = math.prod(a.given for a in axes) * channels + counts * last.count * filters
    parts = max(1, min(-(-rows // both), samples))
    return [slice(samples * k // parts, samples * (k + 1) // parts) for k in range(parts)]


def _banded_correlate(x: Any, kernel: Any, axes: Sequence[Axis]) -> Any:
    together, _, wide = _banded(axes)
    m, filters = xp(x, kernel), kernel.shape[-1]
    matrix = _banded_kernel(kernel, axes, together)
    counts = [a.count for a in wide]
    parts = _parts(x.shape[0], axes, x.shape[-1], filters)
    found = [
        m.reshape(m.matmul(_stretches(x[part], axes), matrix), (-1, *counts, filters))
        for part in parts
    ]
    y = found[0] if len(found) == 1 else m.concatenate(found, axis=0)
    return y if counts[-1] == axes[-1].count else y[..., : axes[-1].count, :]


def _grouped(d_y: Any, axes: Sequence[Axis]) -> Any:
    """d_y as the rows that the products of stretches made: (n · m... · pieces, together · o)."""
    together, pieces, _ = _banded(axes)
    m, missing = xp(d_y), pieces * together - axes[-1].count
    if missing:
        d_y = m.pad(d_y, [(0, 0)] * len(axes) + [(0, missing), (0, 0)])
    return m.reshape(d_y, (-1, together * d_y.shape[-1]))


def _banded_spread(d_y: Any, kernel: Any, axes: Sequence[Axis]) -> Any:
    together, pieces, wide = _banded(axes)
    m, channels = xp(d_y, kernel), kernel.shape[-2]
    matrix = _banded_kernel(kernel, axes, together).T
    counts, sizes = [a.count for a in axes[:-1]], [a.size for a in axes[:-1]]
    found = []
    for part in _parts(d_y.shape[0], axes, channels, kernel.shape[-1]):
        rows = m.matmul(_grouped(d_y[part], axes), matrix)
        stretches = m.reshape(
            rows, (-1, *counts, pieces, *sizes, matrix.shape[-1] // math.prod(sizes))
        )
        found.append(_overlapped(stretches, wide, together, channels))
    d_x = found[0] if len(found) == 1 else m.concatenate(found, axis=0)
    return release(d_x, wide)


def _banded_pair(x: Any, d_y: Any, axes: Sequence[Axis]) -> Any:
    """The gradient of the banded matrix, then the sum over the places where the kernel stood."""
    together, _, _ = _banded(axes)
    m, channels, filters = xp(x, d_y), x.shape[-1], d_y.shape[-1]
    d_matrix: Any = 0
    for part in _parts(x.shape[0], axes, channels, filters):
        rows = _stretches(x[part], axes)  # those that y was made of: a compiler keeps them
        d_matrix = d_matrix + m.matmul(rows.T, _grouped(d_y[part], axes))
    *lead, last = axes
    sizes = [a.size for a in lead]
    d_matrix = m.reshape(d_matrix, (*sizes, -1, channels, together, filters))
    every = (slice(None),) * len(lead)
    total: Any = 0
    for i in range(together):
        start = i * last.stride
        total = total + d_matrix[(*every, slice(start, start + last.size), slice(None), i)]
    return total


def _overlapped(stretches: Any, axes: Sequence[Axis], together: int, channels: int) -> Any:
    """Stretches (n, m..., pieces, sizes..., stretch · c) put where they stand, and added up."""
    *lead, last = axes
    m, zero = xp(stretches), stretches.dtype.type(0)
    length = stretches.shape[-1] // channels
    every = (slice(None),) * (len(lead) + 1)
    total: Any = 0
    for i in range(last.count // together):
        piece: Any = 0
        for place in offsets(lead):  # along the axes before the last, whole rows are added
            widths = []
            for k, a in zip(place, lead, strict=True):
                first, steps = k * a.dilation, (a.count - 1) * a.stride
                widths.append((first, a.covered - first - steps - 1, a.stride - 1))
            stamp = stretches[(*every, i, *place)]
            piece = piece + lax().pad(stamp, zero, [(0, 0, 0), *widths, (0, 0, 0)])
        piece = m.reshape(piece, (*piece.shape[:-1], length, channels))
        start = i * together * last.stride
        widths = [(0, 0)] * len(axes) + [(start, last.covered - start - length), (0, 0)]
        total = total + m.pad(piece, widths)
    return total
