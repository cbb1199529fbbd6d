"""Operations on images (batch, height, width, channels) under the names of `keras.ops.image`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..checks import channels_last
from ..errors import ArgumentError
from ..symbol import composite
from .base import whole
from .division import mod
from .elementwise import abs as _abs
from .elementwise import clip, where
from .filters import gaussian_blur, sobel_edges, ssim
from .mapping import elastic_transform, map_coordinates, perspective_transform
from .patches import extract_patches, extract_patches_3d
from .reduce import max as _max
from .reduce import min as _min
from .reduce import sum as _sum
from .resizing import resize, scale_and_translate
from .shapes import getitem, pad, stack
from .warping import affine_transform, images_of, need_images, widened

__all__ = [
    "affine_transform",
    "crop_images",
    "elastic_transform",
    "extract_patches",
    "extract_patches_3d",
    "gaussian_blur",
    "hsv_to_rgb",
    "map_coordinates",
    "pad_images",
    "perspective_transform",
    "resize",
    "rgb_to_grayscale",
    "rgb_to_hsv",
    "scale_and_translate",
    "sobel_edges",
    "ssim",
]

_GREY = (0.2989, 0.5870, 0.1140)  # shares of red, green and blue in brightness (ITU-R BT.601)


@composite
def rgb_to_grayscale(images: Any, data_format: Any = None) -> Any:
    """.2989·red + .587·green + .114·blue, one channel.  d_images has d_y times these shares.

    Args:
        images: of 3 channels, one or a batch; images of 1 channel are grey already.
        data_format: None or `"channels_last"`.

    Example:
        >>> rgb_to_grayscale([[[100.0, 200.0, 0.0]]]).round(2)
        array([[[147.29]]])

    Raises:
        ShapeError: these are no images of three channels, or one.

    For whole numbers Keras rounds the result towards 0.
    """
    images = images_of(images, data_format, "rgb_to_grayscale")
    if np.shape(images)[-1] == 1:
        return images
    images = images_of(images, data_format, "rgb_to_grayscale", channels=3)
    return _sum(images * np.asarray(_GREY, images.dtype), axis=-1, keepdims=True)


@composite
def rgb_to_hsv(images: Any, data_format: Any = None) -> Any:
    """Hue, saturation and value of red, green and blue.  d_images by the branch that each pixel
    takes: v is a maximum, s and h are quotients.

    With c = v − min: v = max, s = c/v, and h = (g − b)/6c where red is largest, (b − r)/6c + 1/3
    where green is, (r − g)/6c + 2/3 where blue is; h from 0 to 1, once around the circle. Grey has
    s = 0 and h = 0, and no derivative there but that of v.

    Args:
        images: one, or a batch, of red, green and blue from 0 to 1. (s and h do not depend on the
            scale, v is on that of the images.)
        data_format: None or `"channels_last"`.

    Raises:
        ShapeError: no images of 3 channels.
        ArgumentError: whole numbers, whose range would not be known.

    Source: Smith, "Color gamut transform pairs" (1978).

    Example:
        >>> rgb_to_hsv([[[0.0, 0.5, 0.0], [0.5, 0.25, 0.25]]])
        array([[[0.33333333, 1.        , 0.5       ],
                [0.        , 0.5       , 0.5       ]]])
    """
    images, narrow = widened(_scaled(images, data_format, "rgb_to_hsv"))
    red, green, blue = (images[..., k] for k in range(3))
    value = _max(images, axis=-1)
    chroma = value - _min(images, axis=-1)
    six = 6 * where(chroma > 0, chroma, 1.0)
    # by order, not by `value == red`: XLA may compute the channels twice and round them otherwise,
    # and then none is the largest; beside a tie both formulas give nearly the same hue
    blueish = where(green >= blue, (blue - red) / six + 1 / 3, (red - green) / six + 2 / 3)
    hue = where(where(green >= blue, red >= green, red >= blue), (green - blue) / six, blueish)
    hue = where(chroma > 0, where(hue < 0, hue + 1, hue), 0.0)
    saturation = where(value > 0, chroma / where(value > 0, value, 1.0), 0.0)
    return narrow(stack([hue, saturation, value], axis=-1))


@composite
def hsv_to_rgb(images: Any, data_format: Any = None) -> Any:
    """v·(1 − s + s·ramp(h)) for red, green and blue.  d_h, d_s, d_v by the product rule; the ramps
    have slope 6, −6 or 0.

    With t = 6·(h mod 1) the ramps, kept within 0 and 1, are |t − 3| − 1 of red, 2 − |t − 2| of
    green and 2 − |t − 4| of blue: the way back of `rgb_to_hsv`.

    Args:
        images: one, or a batch, of hue (any number, once around from 0 to 1), saturation and value.
        data_format: None or `"channels_last"`.

    Raises:
        ShapeError: no images of 3 channels.
        ArgumentError: whole numbers, whose range would not be known.

    Example:
        >>> hsv_to_rgb([[[0.5, 1.0, 0.8]]])
        array([[[0. , 0.8, 0.8]]])
    """
    images, narrow = widened(_scaled(images, data_format, "hsv_to_rgb"))
    hue, saturation, value = (images[..., k] for k in range(3))
    t = mod(hue, 1.0) * 6
    ramps = (_abs(t - 3) - 1, 2 - _abs(t - 2), 2 - _abs(t - 4))
    colors = [value * (1 - saturation + saturation * clip(ramp, 0.0, 1.0)) for ramp in ramps]
    return narrow(stack(colors, axis=-1))


def _scaled(images: Any, data_format: Any, where: str) -> Any:
    """Images of three channels that are no whole numbers."""
    images = np.asarray(images) if isinstance(images, (list, tuple)) else images
    if np.dtype(images.dtype).kind in "biu":
        raise ArgumentError(
            "colours are given as numbers from 0 to 1",
            where=where,
            expected="images of floats",
            received=images.dtype,
            fix="images / 255",
        )
    return images_of(images, data_format, where, channels=3)


def _margins(
    images: Any, rows: tuple, columns: tuple, sign: int, data_format: Any, where: str
) -> tuple[Any, list[tuple[int, int]]]:
    """The images and (before, after) of both axes, of each of which two of three are given.

    rows and columns are (before, after, target); the target is what is left (sign −1) or what it
    becomes (sign 1).
    """
    channels_last(data_format, where)
    images = np.asarray(images) if isinstance(images, (list, tuple)) else images
    need_images(images, where)
    lengths = np.shape(images)[-3:-1]
    both = zip(lengths, (rows, columns), strict=True)
    return images, [_margin(length, given, sign, where) for length, given in both]


def _margin(length: int, given: tuple, sign: int, where: str) -> tuple[int, int]:
    """(before, after) of one axis."""
    before, after, target = given
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
    rows = (top_cropping, bottom_cropping, target_height)
    columns = (left_cropping, right_cropping, target_width)
    images, sides = _margins(images, rows, columns, -1, data_format, "crop_images")
    lengths = np.shape(images)[-3:-1]
    inside = [slice(a, n - b) for n, (a, b) in zip(lengths, sides, strict=True)]
    return getitem(images, (Ellipsis, *inside, slice(None)))


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
    rows = (top_padding, bottom_padding, target_height)
    columns = (left_padding, right_padding, target_width)
    images, sides = _margins(images, rows, columns, 1, data_format, "pad_images")
    none = ((0, 0),) * (np.ndim(images) - 3)
    return pad(images, (*none, *sides, (0, 0)))
