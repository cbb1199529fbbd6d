"""Operations on images (batch, height, width, channels) under the names of `keras.ops.image`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..checks import channels_last
from ..errors import ArgumentError, ShapeError
from ..symbol import composite
from .base import whole
from .reduce import sum as _sum
from .resizing import resize
from .shapes import getitem, pad
from .statistics import _array
from .warping import affine_transform

__all__ = ["affine_transform", "crop_images", "pad_images", "resize", "rgb_to_grayscale"]

_GREY = (0.2989, 0.5870, 0.1140)  # shares of red, green and blue in brightness (ITU-R BT.601)


def _images(images: Any, data_format: Any, where: str) -> Any:
    """Images as an array, one or a batch of them.

    Raises:
        ShapeError: they are none.
    """
    channels_last(data_format, where)
    images = _array(images)
    if np.ndim(images) not in (3, 4):
        raise ShapeError(
            "these are no images",
            where=where,
            expected="(batch, height, width, channels), or (height, width, channels)",
            received=np.shape(images),
        )
    return images


@composite
def rgb_to_grayscale(images: Any, data_format: Any = None) -> Any:
    """.2989·red + .587·green + .114·blue, one channel.  d_images has d_y times these shares.

    Args:
        images: of 3 channels, one or a batch.
        data_format: None or `"channels_last"`.

    Example:
        >>> rgb_to_grayscale([[[100.0, 200.0, 0.0]]]).round(2)
        array([[[147.29]]])

    Raises:
        ShapeError: these are no images of three channels.
    """
    images = _images(images, data_format, "rgb_to_grayscale")
    if np.shape(images)[-1] != 3:
        raise ShapeError(
            "only colours have a grey",
            where="rgb_to_grayscale",
            expected="images of 3 channels: red, green, blue",
            received=np.shape(images),
        )
    shares = np.asarray(_GREY, images.dtype if np.dtype(images.dtype).kind not in "biu" else None)
    return _sum(images * shares, axis=-1, keepdims=True)


def _margins(length: int, before: Any, after: Any, target: Any, sign: int, where: str) -> tuple:
    """(before, after) of one axis, of which two of before, after and target are given.

    `target` is what is left (sign −1) or what it becomes (sign 1).
    """
    if (before is None) + (after is None) + (target is None) != 1:
        raise ArgumentError(
            "two of the three numbers of each axis say the third",
            where=where,
            expected="of before, after and target two",
            received=f"{before}, {after} and {target}",
        )
    if target is not None:
        spare = sign * (whole(target, where, "a target") - length)
        before, after = (spare - after, after) if before is None else (before, spare - before)
    before, after = whole(before, where, "a margin"), whole(after, where, "a margin")
    if before < 0 or after < 0 or (sign < 0 and before + after >= length):
        raise ArgumentError(
            "the margins do not fit the image",
            where=where,
            expected=f"margins from 0, for an axis of {length}",
            received=f"{before} and {after}",
        )
    return before, after


@composite
def crop_images(
    images: Any,
    top_cropping: int | None = None,
    left_cropping: int | None = None,
    bottom_cropping: int | None = None,
    right_cropping: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: Any = None,
) -> Any:
    """The images without their margins.  d_images has d_y inside, 0 in the margins.

    Of top, bottom and target_height two are given, and of left, right and target_width.

    Args:
        images: one or a batch.
        top_cropping: rows cut off above.
        left_cropping: columns cut off on the left.
        bottom_cropping: rows cut off below.
        right_cropping: columns cut off on the right.
        target_height: rows that are left.
        target_width: columns that are left.
        data_format: None or `"channels_last"`.

    Example:
        >>> crop_images(np.ones((1, 5, 6, 3)), 1, 2, target_height=2, target_width=4).shape
        (1, 2, 4, 3)

    Raises:
        ArgumentError: not two of the three numbers; margins as large as the image.
    """
    images = _images(images, data_format, "crop_images")
    height, width = np.shape(images)[-3:-1]
    top, bottom = _margins(height, top_cropping, bottom_cropping, target_height, -1, "crop_images")
    left, right = _margins(width, left_cropping, right_cropping, target_width, -1, "crop_images")
    inside = slice(top, height - bottom), slice(left, width - right), slice(None)
    return getitem(images, (Ellipsis, *inside))


@composite
def pad_images(
    images: Any,
    top_padding: int | None = None,
    left_padding: int | None = None,
    bottom_padding: int | None = None,
    right_padding: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: Any = None,
) -> Any:
    """The images with margins of zeros.  d_images is d_y without them.

    Of top, bottom and target_height two are given, and of left, right and target_width.

    Args:
        images: one or a batch.
        top_padding: rows put on above.
        left_padding: columns put on the left.
        bottom_padding: rows put on below.
        right_padding: columns put on the right.
        target_height: rows that they have then.
        target_width: columns that they have then.
        data_format: None or `"channels_last"`.

    Example:
        >>> pad_images(np.ones((1, 2, 2, 3)), 1, 0, target_height=4, target_width=5).shape
        (1, 4, 5, 3)

    Raises:
        ArgumentError: not two of the three numbers; a margin below 0.
    """
    images = _images(images, data_format, "pad_images")
    height, width = np.shape(images)[-3:-1]
    rows = _margins(height, top_padding, bottom_padding, target_height, 1, "pad_images")
    columns = _margins(width, left_padding, right_padding, target_width, 1, "pad_images")
    none = ((0, 0),) * (np.ndim(images) - 3)
    return pad(images, (*none, rows, columns, (0, 0)))
