"""Images: resampling through a map of the plane (rotation, shift, zoom, perspective)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import is_traced, xp
from ..checks import channels_last
from ..config import floatx
from ..errors import ArgumentError, ShapeError, choose
from ..operators import raw
from .base import op
from .elementwise import cast
from .shapes import _scatter

__all__ = ["affine_transform"]

FILL_MODES = ("constant", "nearest", "reflect", "wrap", "mirror")
INTERPOLATIONS = ("bilinear", "nearest")
_GRAIN = 4096.0  # to the nearest: where two pixels are equally near, both engines take the same


def images_of(images: Any, data_format: Any, where: str, channels: int | None = None) -> Any:
    """Images as an array of floats, one of them or a batch; whole numbers in the default type.

    Raises:
        ShapeError: they are none, or have another number of channels than `channels`.
    """
    channels_last(data_format, where)
    images = floats_of(images)
    need_images(images, where)
    if channels is not None and np.shape(images)[-1] != channels:
        raise ShapeError(
            "the images have no colours",
            where=where,
            expected=f"images of {channels} channels: red, green, blue",
            received=np.shape(images),
        )
    return images


def need_images(images: Any, where: str) -> None:
    """Raise unless these are images, or one."""
    if np.ndim(images) not in (3, 4):
        raise ShapeError(
            "these are no images",
            where=where,
            expected="(batch, height, width, channels), or (height, width, channels)",
            received=np.shape(images),
        )


def floats_of(x: Any) -> Any:
    """x as an array of floats: shares of whole numbers are none, and would all be 0."""
    x = np.asarray(x) if isinstance(x, (list, tuple)) else x
    return x.astype(floatx()) if np.dtype(x.dtype).kind in "biu" else x


def widened(*arrays: Any) -> tuple[Any, ...]:
    """The arrays, halves as float32, and a function that gives a result their type again.

    For results made in several steps, so that each is not rounded to three digits.
    """
    kind = np.dtype(arrays[0].dtype)
    if kind.name not in ("float16", "bfloat16"):
        return (*arrays, lambda y: y)
    return (*(cast(v, "float32") for v in arrays), lambda y: cast(y, kind))


def check_modes(interpolation: Any, fill_mode: Any, where: str) -> None:
    """Raise unless there is such an interpolation, and such a way beyond the edges."""
    if interpolation not in INTERPOLATIONS:
        raise choose("interpolation", interpolation, INTERPOLATIONS, where=where)
    if fill_mode not in FILL_MODES:
        raise choose("fill_mode", fill_mode, FILL_MODES, where=where)


@op
def affine_transform(
    images,
    transform,
    interpolation="bilinear",
    fill_mode="constant",
    fill_value=0.0,
    data_format=None,
    size=None,
):
    """y at (i, j) = the image at the place that `transform` maps (i, j) to.  d_images: d_y goes to
    the pixels that a number was mixed from, by the same shares; the transform is a constant.

    images (batch, height, width, channels), or one without batch; transform (batch, 8) or (8,): the
    numbers a0, a1, a2, b0, b1, b2, c0, c1 say that column i, row j of the result comes from column
    (a0·i + a1·j + a2)/k and row (b0·i + b1·j + b2)/k of the image, with k = c0·i + c1·j + 1.

    Args:
        images: one, or a batch.
        transform: from places in the result to places in the image, as in `keras.ops.image`.
        interpolation: `"bilinear"`, or `"nearest"` (the nearest pixel; of two the later one).
        fill_mode: beyond the edges: `"constant"` k k k | a b c | k k k, `"nearest"` a a a | a b c |
            c c c, `"reflect"` c b a | a b c | c b a, `"wrap"` a b c | a b c | a b c, `"mirror"`
            a c b | a b c | b a b.
        fill_value: the constant k.
        data_format: None or `"channels_last"`.
        size: (height, width) of the result; by default that of the images.

    Example:
        >>> image = np.array([[1.0, 2.0, 3.0]]).reshape(1, 1, 3, 1)
        >>> shift = [1.0, 0.0, 0.5, 0.0, 1.0, 0.0, 0.0, 0.0]  # half a column to the left
        >>> affine_transform(image, shift)[0, 0, :, 0]
        array([1.5, 2.5, 1.5])

    Pixels stand at whole numbers here, (0, 0) in the middle of the first one, as in Keras and
    SciPy. With c0 or c1 Keras on JAX adds c0 times the number of the channel to the row, and does
    not divide by k.

    Raises:
        ShapeError: these are no images, or not one transform for each.
        ArgumentError: an unknown mode; a transform that is not finite.
    """
    channels_last(data_format, "affine_transform")
    check_modes(interpolation, fill_mode, "affine_transform")
    images, one = floats_of(images), np.ndim(images) == 3
    batch = images[None] if one else images
    shape, t = np.shape(batch), raw(transform)
    t = np.asarray(t, np.float32) if isinstance(t, (list, tuple)) else t
    if len(shape) != 4 or 0 in shape[1:3] or np.shape(t) not in ((8,), (1, 8), (shape[0], 8)):
        raise ShapeError(
            "these are no images, or not one transform for each",
            where="affine_transform",
            expected="images (batch, height, width, channels), transform (batch, 8) or (8,)",
            received=f"images {np.shape(images)}, transform {np.shape(t)}",
        )
    if not is_traced(t) and not np.isfinite(t).all():
        raise ArgumentError("the transform is not finite", where="affine_transform")
    height, width = shape[1:3] if size is None else size
    rows, columns = _places(t, int(height), int(width))
    y, back = look(batch, rows, columns, interpolation, fill_mode, fill_value)
    if one:
        return y[0], (lambda d_y: back(d_y[None])[0], *(None,) * 6)
    return y, (back, *(None,) * 6)


def look(
    images: Any, rows: Any, columns: Any, interpolation: str, fill_mode: str, fill_value: Any
) -> tuple[Any, Any]:
    """The images at places given by row and column (batch or 1, height, width), and d_images.

    Places are constants. Whatever lies beyond the edges is found as `fill_mode` says.
    """
    m, shape = xp(images, rows), np.shape(images)
    taps = (_nearest if interpolation == "nearest" else _four)(rows, columns)
    flat = xp(images).reshape(images, (-1, shape[3]))  # one row a pixel: one index finds it
    first = xp(rows).arange(shape[0])[:, None, None] * (shape[1] * shape[2])
    parts, y = [], 0.0
    for row, column, share in taps:
        row, inside_r = within(row, shape[1], fill_mode)
        column, inside_c = within(column, shape[2], fill_mode)
        share = share.astype(images.dtype)[..., None]
        index = first + row * shape[2] + column
        pixel = flat[index]
        if fill_mode == "constant":
            inside = (inside_r & inside_c)[..., None]
            y = y + share * m.where(inside, pixel, fill_value)
            share = xp(share).where(inside, share, 0.0).astype(images.dtype)
        else:
            y = y + share * pixel
        parts.append((index, share))

    def d_images(d_y):
        total = 0.0
        for index, share in parts:
            total = total + _scatter(d_y * share, index, np.shape(flat))
        return xp(total).reshape(total, shape)

    return y, d_images


def _places(t: Any, height: int, width: int) -> tuple[Any, Any]:
    """Row and column in the image of each place in the result, (batch, height, width)."""
    m = xp(t)
    t = m.reshape(t, (-1, 8, 1, 1))
    t = t if t.dtype == np.float64 else t.astype(np.float32)
    i, j = m.arange(width).astype(t.dtype), m.arange(height).astype(t.dtype)[:, None]
    k = t[:, 6] * i + t[:, 7] * j + 1
    return (t[:, 3] * i + t[:, 4] * j + t[:, 5]) / k, (t[:, 0] * i + t[:, 1] * j + t[:, 2]) / k


def _four(rows: Any, columns: Any) -> list[tuple[Any, Any, Any]]:
    """The four pixels around a place, with their shares."""
    m = xp(rows)
    top, left = m.floor(rows), m.floor(columns)
    down, right = rows - top, columns - left
    top, left = top.astype(np.int32), left.astype(np.int32)
    return [
        (top, left, (1 - down) * (1 - right)),
        (top, left + 1, (1 - down) * right),
        (top + 1, left, down * (1 - right)),
        (top + 1, left + 1, down * right),
    ]


def _nearest(rows: Any, columns: Any) -> list[tuple[Any, Any, Any]]:
    """The pixel nearest to a place."""
    return [(near(rows), near(columns), xp(rows).ones_like(rows))]


def near(places: Any) -> Any:
    """The whole number nearest to each place; of two the later one."""
    m = xp(places)
    return m.floor(m.round(places * _GRAIN) / _GRAIN + 0.5).astype(np.int32)


def within(places: Any, n: int, mode: str) -> tuple[Any, Any]:
    """The pixel that stands for each place on the line, and whether the place is on the image."""
    m = xp(places)
    if mode == "wrap":
        return places % n, None
    if mode == "reflect":
        around = places % (2 * n)
        return m.where(around < n, around, 2 * n - 1 - around), None
    if mode == "mirror":
        turn = max(2 * n - 2, 1)
        around = places % turn
        return m.where(around < n, around, turn - around), None
    return m.clip(places, 0, n - 1), (places >= 0) & (places < n)
