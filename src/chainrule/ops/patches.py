"""Windows of images and volumes as rows of numbers, and put together again.

Taking windows copies numbers; its derivative adds the copies up where they came from, which is what
putting together does. Each is the derivative of the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import xp
from ..checks import channels_last
from ..errors import ShapeError
from ..symbol import composite
from .base import op
from .conv_windows import Axis, before_of, count_of, fit, no_window, offsets, release, taken
from .shapes import _scatter, expand_dims, moveaxis, reshape, squeeze, transpose
from .windows import is_padding, per_axis

__all__ = ["extract_patches", "extract_patches_3d", "fold", "unfold"]


def _gathered(x: Any, axes: Sequence[Axis]) -> Any:
    """Every window: x (n, lengths..., c) → (n, counts..., places in a window, c)."""
    x = fit(x, axes)
    return xp(x).stack([x[taken(place, axes)] for place in offsets(axes)], axis=-2)


def _added(windows: Any, axes: Sequence[Axis]) -> Any:
    """Every window added where it lies: the opposite way."""
    shape = np.shape(windows)
    covered = (shape[0], *(a.covered for a in axes), shape[-1])
    total = 0.0
    for k, place in enumerate(offsets(axes)):
        total = total + _scatter(windows[..., k, :], (*taken(place, axes), slice(None)), covered)
    return release(total, axes)


@op
def _windows(x, axes):
    """Each window's numbers.  d_x adds d_y up where the windows lie."""
    return _gathered(x, axes), (lambda d_y: _added(d_y, axes), None)


@op
def _together(windows, axes):
    """The windows added where they lie.  d_windows takes the windows of d_y."""
    return _added(windows, axes), (lambda d_y: _gathered(d_y, axes), None)


@composite
def extract_patches(
    images: Any,
    size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    dilation_rate: int | Sequence[int] = 1,
    padding: str = "valid",
    data_format: Any = None,
) -> Any:
    """Each window of the images as one row of numbers.  d_images adds up d_y where a pixel was.

    images (batch, height, width, c) → (batch, rows, columns, size·size·c), or one image without
    batch; with three sizes volumes (batch, depth, height, width, c). Within a row the channels run
    fastest.

    Args:
        images: one, or a batch.
        size: of a window: (height, width), one number for both, or (depth, height, width).
        strides: from one window to the next; by default windows stand side by side.
        dilation_rate: from one pixel of a window to the next.
        padding: `"valid"`, or `"same"` with zeros around.
        data_format: None or `"channels_last"`.

    Raises:
        ShapeError: no images, or smaller ones than a window.
        ArgumentError: sizes that are none.

    Example:
        >>> image = np.arange(16.0).reshape(4, 4, 1)
        >>> extract_patches(image, 2)[0]
        array([[0., 1., 4., 5.],
               [2., 3., 6., 7.]])
    """
    ndim = 3 if isinstance(size, (tuple, list)) and len(size) == 3 else 2
    where = "extract_patches"
    return _patches(images, size, strides, dilation_rate, padding, data_format, ndim, where)


@composite
def extract_patches_3d(
    volumes: Any,
    size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    dilation_rate: int | Sequence[int] = 1,
    padding: str = "valid",
    data_format: Any = None,
) -> Any:
    """Each window of the volumes as one row of numbers.  d_volumes adds up d_y where a number was.

    volumes (batch, depth, height, width, c) → (batch, counts..., size·size·size·c), or one without
    batch. See `extract_patches`.

    Args:
        volumes: one, or a batch.
        size: (depth, height, width) of a window, or one number for all.
        strides: from one window to the next; by default windows stand side by side.
        dilation_rate: from one number of a window to the next.
        padding: `"valid"`, or `"same"` with zeros around.
        data_format: None or `"channels_last"`.

    Raises:
        ShapeError: no volumes, or smaller ones than a window.
        ArgumentError: sizes that are none.

    Example:
        >>> extract_patches_3d(np.ones((1, 4, 6, 8, 3)), 2).shape
        (1, 2, 3, 4, 24)
    """
    where = "extract_patches_3d"
    return _patches(volumes, size, strides, dilation_rate, padding, data_format, 3, where)


def _patches(
    x: Any,
    size: Any,
    strides: Any,
    dilation: Any,
    padding: Any,
    data_format: Any,
    n: int,
    where: str,
) -> Any:
    channels_last(data_format, where)
    x = np.asarray(x) if isinstance(x, (list, tuple)) else x
    if np.ndim(x) not in (n + 1, n + 2):
        raise ShapeError(
            "these are no images" if n == 2 else "these are no volumes",
            where=where,
            expected="(batch, height, width, channels), or one without batch"
            if n == 2
            else "(batch, depth, height, width, channels), or one without batch",
            received=np.shape(x),
        )
    sizes = per_axis(size, n, "size", where)
    steps = per_axis(sizes if strides is None else strides, n, "strides", where)
    apart = per_axis(dilation, n, "dilation_rate", where)
    padding = is_padding(padding, where)
    one = np.ndim(x) == n + 1
    x = expand_dims(x, 0) if one else x
    axes = _axes(np.shape(x)[1:-1], sizes, steps, apart, padding, where)
    y = _windows(x, axes)
    y = reshape(y, (*np.shape(y)[:-2], np.shape(y)[-2] * np.shape(y)[-1]))
    return squeeze(y, 0) if one else y


def _axes(
    lengths: Sequence[int], sizes: Any, steps: Any, apart: Any, padding: Any, where: str
) -> tuple[Axis, ...]:
    """Where the windows stand; `padding` a word, or a pair of widths for each axis."""
    paddings = [padding] * len(sizes) if isinstance(padding, str) else padding
    axes = []
    for n, k, s, d, p in zip(lengths, sizes, steps, apart, paddings, strict=True):
        count = count_of(n, k, s, d, p) or 0
        axes.append(Axis(k, s, d, before_of(n, k, s, d, p), n, count))
    if min(a.count for a in axes) < 1:
        raise no_window(tuple(lengths), sizes, apart, where)
    return tuple(axes)


# --- as PyTorch's -------------------------------------------------------------------------------


@composite
def unfold(x: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """Each window of an image as one column of numbers ("im2col").  d_x is `fold` of d_y.

    x (batch, channels, height, width), channels first as in PyTorch → (batch, channels·kH·kW, L)
    for L windows, which run along the rows.

    Args:
        x: a batch of images.
        kernel_size: (height, width) of a window, or one number for both.
        dilation: from one pixel of a window to the next.
        padding: zeros around, on both sides.
        stride: from one window to the next.

    Raises:
        ShapeError: another number of axes, or images smaller than a window.
        ArgumentError: sizes that are none.

    Example:
        >>> x = np.arange(9.0).reshape(1, 1, 3, 3)
        >>> unfold(x, 2)[0]
        array([[0., 1., 3., 4.],
               [1., 2., 4., 5.],
               [3., 4., 6., 7.],
               [4., 5., 7., 8.]])
    """
    x = np.asarray(x) if isinstance(x, (list, tuple)) else x
    if np.ndim(x) != 4:
        raise ShapeError(
            "the input has the wrong number of axes",
            where="unfold",
            expected="(batch, channels, height, width)",
            received=np.shape(x),
        )
    axes = _torch_axes(np.shape(x)[2:], kernel_size, dilation, padding, stride, "unfold")
    y = _windows(moveaxis(x, 1, -1), axes)  # (n, rows, columns, places, c)
    n, rows, columns, places, c = np.shape(y)
    return reshape(transpose(y, (0, 4, 3, 1, 2)), (n, c * places, rows * columns))


@composite
def fold(
    x: Any,
    output_size: Any,
    kernel_size: Any,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
) -> Any:
    """Columns of numbers put together as windows of an image, overlaps added ("col2im").  d_x is
    `unfold` of d_y.

    x (batch, channels·kH·kW, L) → (batch, channels, *output_size): the derivative of `unfold`, not
    its inverse, since each pixel is added up as often as windows hold it.

    Args:
        x: one column for each window, as `unfold` gives them.
        output_size: (height, width) of the images.
        kernel_size: (height, width) of a window, or one number for both.
        dilation: from one pixel of a window to the next.
        padding: zeros around, as given to `unfold`; what falls there is left out.
        stride: from one window to the next.

    Raises:
        ShapeError: another number of axes, columns or windows than the sizes say.
        ArgumentError: sizes that are none.

    Example:
        >>> x = np.ones((1, 4, 4))
        >>> fold(x, 3, 2)[0, 0]
        array([[1., 2., 1.],
               [2., 4., 2.],
               [1., 2., 1.]])
    """
    x = np.asarray(x) if isinstance(x, (list, tuple)) else x
    size = per_axis(output_size, 2, "output_size", "fold")
    axes = _torch_axes(size, kernel_size, dilation, padding, stride, "fold")
    places = axes[0].size * axes[1].size
    rows, columns = axes[0].count, axes[1].count
    shape = np.shape(x)
    if len(shape) != 3 or shape[1] % places or shape[2] != rows * columns:
        raise ShapeError(
            "these are not the windows of such an image",
            where="fold",
            expected=f"(batch, a multiple of {places}, {rows * columns})",
            received=shape,
        )
    apart = reshape(x, (shape[0], shape[1] // places, places, rows, columns))
    return moveaxis(_together(transpose(apart, (0, 3, 4, 2, 1)), axes), -1, 1)


def _torch_axes(
    lengths: Sequence[int], kernel_size: Any, dilation: Any, padding: Any, stride: Any, where: str
) -> tuple[Axis, ...]:
    sizes = per_axis(kernel_size, 2, "kernel_size", where)
    around = per_axis(padding, 2, "padding", where, least=0)
    pairs = [(p, p) for p in around]
    apart = per_axis(dilation, 2, "dilation", where)
    return _axes(lengths, sizes, per_axis(stride, 2, "stride", where), apart, pairs, where)
