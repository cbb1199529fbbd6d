"""Images, sequences and volumes in another size: each output a weighted sum of inputs near it.

Output i stands at (i + ½)·n/m − ½ among n inputs (half-pixel centres, as in TensorFlow, Keras and
PyTorch's `align_corners=False`). Along one axis that is a product with a small matrix; its
derivative is the product with the transposed one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import is_float, xp
from ..errors import ShapeError, choose
from ..operators import raw
from ..symbol import composite
from .base import check_axes, op
from .products import matmul
from .shapes import broadcast_to, moveaxis, reshape, take
from .windows import per_axis

__all__ = ["resize", "scale_and_translate", "upsampling"]


def _triangle(distance: Any) -> Any:
    return xp(distance).maximum(0.0, 1.0 - distance)


def _cubic(distance: Any) -> Any:
    """Keys (1981) with a = −½."""
    m = xp(distance)
    near = (1.5 * distance - 2.5) * distance**2 + 1.0
    far = ((-0.5 * distance + 2.5) * distance - 4.0) * distance + 2.0
    return m.where(distance <= 1, near, m.where(distance < 2, far, 0.0))


def _lanczos(radius: int) -> Any:
    def weight(distance: Any) -> Any:
        m = xp(distance)
        return m.where(distance < radius, m.sinc(distance) * m.sinc(distance / radius), 0.0)

    return weight


_KERNELS = {
    "bilinear": _triangle,
    "bicubic": _cubic,
    "lanczos3": _lanczos(3),
    "lanczos5": _lanczos(5),
}
INTERPOLATIONS = ("nearest", *_KERNELS)
_METHODS = {  # of `scale_and_translate`, which knows lines and volumes too
    **_KERNELS,
    **dict.fromkeys(("linear", "trilinear", "triangle"), _triangle),
    **dict.fromkeys(("cubic", "tricubic"), _cubic),
}


def _weights(n: int, m: int, interpolation: str, antialias: bool) -> np.ndarray:
    """The (m, n) matrix whose row i holds the shares of the n inputs in output i."""
    step = n / m
    wide = max(1.0, step) if antialias else 1.0
    centres = (np.arange(m) + 0.5) * step - 0.5
    shares = _KERNELS[interpolation](np.abs(centres[:, None] - np.arange(n)) / wide)
    return shares / shares.sum(axis=1, keepdims=True)


@composite
def resize(
    images: Any,
    size: Sequence[int],
    interpolation: str = "bilinear",
    antialias: bool = False,
) -> Any:
    """Images in another size.  d_x gets from each output the share it had in it.

    images (..., height, width, channels), of one or of a batch → (..., *size, channels).

    Args:
        images: three axes or four.
        size: (height, width) of the result.
        interpolation: `"nearest"`, `"bilinear"`, `"bicubic"` (Keys, a = −½), `"lanczos3"` or
            `"lanczos5"`. A number that is not finite spoils its rows and columns, except with
            `"nearest"`, which only copies.
        antialias: where images get smaller, average over all pixels that fall together.

    Raises:
        ArgumentError: another interpolation; a size that is none.
        ShapeError: no image.

    Example:
        >>> resize(np.array([[[0.0], [8.0]]]), (1, 4)).ravel()
        array([0., 2., 6., 8.])
    """
    shape = np.shape(images)
    if len(shape) not in (3, 4) or 0 in shape[-3:]:
        raise ShapeError(
            "only images can be resized",
            where="resize",
            expected="(height, width, channels), or (batch, height, width, channels)",
            received=shape,
        )
    if interpolation not in INTERPOLATIONS:
        raise choose("interpolation", interpolation, INTERPOLATIONS, where="resize")
    for axis, m in zip((-3, -2), per_axis(size, 2, "size", "resize"), strict=True):
        n = shape[axis]
        if interpolation == "nearest":
            if m != n:
                images = _copied(images, tuple((2 * i + 1) * n // (2 * m) for i in range(m)), axis)
        elif m != n:
            shares = _weights(n, m, interpolation, antialias)
            if is_float(images):
                shares = shares.astype(images.dtype)
            images = moveaxis(matmul(moveaxis(images, axis, -1), shares.T), -1, axis)
    return images


@op
def _copied(x, indices, axis):
    """x[indices] along an axis.  d_x adds up d_y at the indices, by a product with ones and zeros.

    (A compiler adds at scattered places one after the other.)
    """
    m, n = xp(x), np.shape(x)[axis]

    def back(d_y):
        ones = (np.asarray(indices)[:, None] == np.arange(n)).astype(d_y.dtype)
        return m.moveaxis(m.matmul(m.moveaxis(d_y, axis, -1), ones), -1, axis)

    return m.take(x, np.asarray(indices), axis=axis), (back, None, None)


@_copied.composed
def _(x, indices, axis):
    return take(x, np.asarray(indices), axis=axis)


@composite
def scale_and_translate(
    images: Any,
    output_shape: Sequence[int],
    scale: Any,
    translation: Any,
    spatial_dims: Sequence[int],
    method: str,
    antialias: bool = True,
) -> Any:
    """What stands at x goes to scale·x + translation, along each axis.  d_images gets from each
    output the share it had in it; scale and translation are constants.

    Pixel i reaches from i to i + 1, its middle at i + ½. Where the middle of an output comes from
    beyond the image there is 0.

    Args:
        images: any array.
        output_shape: of the result; the same as of `images` but along `spatial_dims`.
        scale: one number for each of `spatial_dims`; 2 makes twice as large.
        translation: likewise, in pixels of the result.
        spatial_dims: axes.
        method: `"linear"` (`"bilinear"`, `"trilinear"`, `"triangle"`), `"cubic"` (`"bicubic"`,
            `"tricubic"`), `"lanczos3"` or `"lanczos5"`.
        antialias: where images get smaller, average over all pixels that fall together.

    Raises:
        ArgumentError: another method; an axis that is none.
        ShapeError: numbers that do not fit the axes; an output of another shape elsewhere.

    Example:
        >>> x = np.array([0.0, 4.0, 8.0])
        >>> scale_and_translate(x, (5,), [2.0], [-0.5], (0,), "linear")
        array([0., 2., 4., 6., 8.])
    """
    where = "scale_and_translate"
    if method not in _METHODS:
        raise choose("method", method, tuple(_METHODS), where=where)
    images = np.asarray(images) if isinstance(images, (list, tuple)) else images
    shape, axes = np.shape(images), check_axes(tuple(spatial_dims), np.ndim(images), where)
    scale, translation = (raw(v) if hasattr(v, "dtype") else np.asarray(v, float)
                          for v in (scale, translation))  # fmt: skip
    wanted = tuple(output_shape)
    fits = len(wanted) == len(shape) and all(
        n == m for a, (n, m) in enumerate(zip(shape, wanted, strict=True)) if a not in axes
    )
    numbers = {np.shape(scale), np.shape(translation)}
    if not fits or numbers != {(len(axes),)}:
        raise ShapeError(
            "the numbers do not fit the axes",
            where=where,
            expected=f"one scale and one translation for each of {len(axes)} axes, and lengths as "
            f"in {shape} along the others",
            received=f"scale {np.shape(scale)}, translation {np.shape(translation)}, "
            f"output_shape {wanted}",
        )
    for k, axis in enumerate(axes):
        shares = _moved(shape[axis], int(wanted[axis]), scale[k], translation[k], method, antialias)
        if is_float(images):
            shares = shares.astype(images.dtype)
        images = moveaxis(matmul(moveaxis(images, axis, -1), shares), -1, axis)
    return images


def _moved(n: int, count: int, scale: Any, shift: Any, method: str, antialias: bool) -> Any:
    """The (n, count) matrix whose column i holds the shares of the n inputs in output i."""
    m = xp(scale, shift)
    step = 1.0 / scale
    wide = m.maximum(step, 1.0) if antialias else 1.0
    places = (np.arange(count) + 0.5 - shift) * step - 0.5
    shares = _METHODS[method](m.abs(places - np.arange(n)[:, None]) / wide)
    total = m.sum(shares, axis=0)
    some = m.abs(total) > 1e-4  # else nothing of the image is near: not 0 only by rounding
    inside = some & (places >= -0.5) & (places <= n - 0.5)
    return m.where(inside, shares / m.where(some, total, 1.0), 0.0)


@composite
def upsampling(inputs: Any, size: int | Sequence[int], interpolation: str = "nearest") -> Any:
    """Each cell repeated `size` times along its axis.  d_x is the sum over the copies.

    inputs (batch, *lengths, channels) → (batch, *lengths·size, channels).

    Args:
        inputs: one, two or three axes between batch and channels.
        size: how many times, one number for all axes.
        interpolation: for images also one of those that `resize` takes.

    Raises:
        ArgumentError: a size or an interpolation that is none.
        ShapeError: no axes to repeat along.

    Example:
        >>> upsampling(np.array([1.0, 2.0]).reshape(1, 2, 1), 2).ravel()
        array([1., 1., 2., 2.])
    """
    shape = np.shape(inputs)
    n = len(shape) - 2
    if n < 1 or (isinstance(size, (tuple, list)) and len(size) != n):
        raise ShapeError(
            "the sizes do not fit the array",
            where="upsampling",
            expected="(batch, *lengths, channels) and a size for each length",
            received=f"shape {shape}, size {size}",
        )
    times = per_axis(size, n, "size", "upsampling")
    lengths = tuple(k * s for k, s in zip(shape[1:-1], times, strict=True))
    if interpolation != "nearest":
        return resize(inputs, lengths, interpolation)
    apart, wide = [shape[0]], [shape[0]]
    for k, s in zip(shape[1:-1], times, strict=True):
        apart += [k, 1]
        wide += [k, s]
    copies = broadcast_to(reshape(inputs, (*apart, shape[-1])), (*wide, shape[-1]))
    return reshape(copies, (shape[0], *lengths, shape[-1]))
