"""Filters of images: blurred, edges, and how alike two look.

Each filter here is a product of one along the rows and one along the columns: two products with a
banded matrix, whose derivative is the product with the transposed one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import xp
from ..checks import is_number, need_numbers
from ..errors import ArgumentError, ShapeError
from ..operators import raw
from ..symbol import composite
from .products import matmul
from .reduce import mean
from .shapes import reshape, stack
from .warping import images_of, widened
from .windows import per_axis

__all__ = ["gaussian_blur", "sobel_edges", "ssim"]


def gaussian_matrix(n: int, size: int, sigma: Any, count: int | None = None) -> Any:
    """The matrix whose row i holds the shares of n numbers in the blurred number i.

    The shares exp(−½(d/σ)²) of `size` numbers add up to 1; beyond the ends they fall on zeros. With
    `count` rows window i begins at number i, else it lies around number i. σ is a number, or one
    for each image, (batch,); then there is a matrix for each.
    """
    m = xp(sigma)
    start = -((size - 1) // 2) if count is None else 0
    tap = np.arange(n) - np.arange(n if count is None else count)[:, None] - start
    sigma = sigma[:, None, None] if np.ndim(sigma) else sigma

    def weight(place: np.ndarray) -> Any:
        return m.exp(-0.5 * ((place - (size - 1) / 2) / sigma) ** 2)

    shares = m.where((tap >= 0) & (tap < size), weight(tap), 0.0)
    return shares / m.sum(weight(np.arange(size)[None]), axis=-1, keepdims=True)


def smoothed(images: Any, rows: Any, columns: Any) -> Any:
    """Σⱼ rows[i, j]·image[j, ·] and likewise along the columns; a matrix, or one for each image."""
    shape = np.shape(images)
    rows, columns = (v.astype(images.dtype) for v in (rows, columns))
    flat = reshape(images, (*shape[:-2], shape[-2] * shape[-1]))
    down = matmul(rows, flat)
    apart = reshape(down, (*np.shape(down)[:-1], *shape[-2:]))
    return matmul(columns if columns.ndim == 2 else columns[:, None], apart)


@composite
def gaussian_blur(
    images: Any,
    kernel_size: int | Sequence[int] = (3, 3),
    sigma: float | Sequence[float] = (1.0, 1.0),
    data_format: Any = None,
) -> Any:
    """y = Σ w(a)·w(b)·image[i + a, j + b], w(d) = exp(−½(d/σ)²) by their sum.  d_images is d_y
    blurred likewise.

    Beyond the edges are zeros: a bright image gets darker there.

    Args:
        images: one, or a batch.
        kernel_size: (height, width) of the window, or one number for both.
        sigma: the width of the bell along height and width, in pixels.
        data_format: None or `"channels_last"`.

    Raises:
        ShapeError: no images.
        ArgumentError: a size below 1, a sigma not above 0.

    Example:
        >>> dot = np.zeros((3, 3, 1))
        >>> dot[1, 1] = 1
        >>> gaussian_blur(dot, (1, 3))[:, :, 0].round(2)
        array([[0.  , 0.  , 0.  ],
               [0.27, 0.45, 0.27],
               [0.  , 0.  , 0.  ]])

    Keras documents the same and takes (width, height); without `data_format` it takes the rows for
    the channels.
    """
    images = images_of(images, data_format, "gaussian_blur")
    sizes = per_axis(kernel_size, 2, "kernel_size", "gaussian_blur")
    sigmas = _two_widths(sigma)
    sides = zip(np.shape(images)[-3:-1], sizes, sigmas, strict=True)
    return smoothed(images, *(gaussian_matrix(n, size, s) for n, size, s in sides))


def _two_widths(sigma: Any) -> list[float]:
    given = raw(sigma) if hasattr(sigma, "dtype") else sigma
    two = list(given) if np.ndim(given) == 1 else [given, given]
    if len(two) != 2 or not all(is_number(s) and s > 0 for s in two):
        raise ArgumentError(
            "sigma does not fit",
            where="gaussian_blur",
            expected="a number above 0, or two of them",
            received=repr(sigma)[:200],
        )
    return [float(s) for s in two]


@composite
def sobel_edges(images: Any, data_format: Any = None) -> Any:
    """[dy, dx] of each pixel: differences of its two neighbours, added up over three lines with the
    shares 1, 2, 1.  d_images adds up what each pixel was part of.

    images (batch, height, width, channels) → (batch, height, width, channels, 2). Beyond the edges
    are zeros, as in Keras; `tf.image.sobel_edges` mirrors the image there.

    Args:
        images: one, or a batch.
        data_format: None or `"channels_last"`.

    Raises:
        ShapeError: no images.

    Example:
        >>> step = np.zeros((3, 4, 1))
        >>> step[:, 2:] = 1
        >>> sobel_edges(step)[1, :, 0, 1]
        array([ 0.,  4.,  4., -4.])
    """
    images = images_of(images, data_format, "sobel_edges")
    height, width = (_near(n) for n in np.shape(images)[-3:-1])
    down = smoothed(images, height[1], width[0])
    across = smoothed(images, height[0], width[1])
    return stack([down, across], axis=-1)


def _near(n: int) -> tuple[np.ndarray, np.ndarray]:
    """The matrices of neighbours with shares 1, 2, 1, and of their difference."""
    before, after = np.eye(n, k=-1), np.eye(n, k=1)
    return before + 2 * np.eye(n) + after, after - before


@composite
def ssim(
    image1: Any,
    image2: Any,
    max_val: float = 1.0,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    data_format: Any = None,
) -> Any:
    """(2μ₁μ₂ + c₁)(2σ₁₂ + c₂)/((μ₁² + μ₂² + c₁)(σ₁² + σ₂² + c₂)), its mean.  d_image1, d_image2 by
    the quotient rule, through the means μ, variances σ² and the covariance σ₁₂ of each window.

    1 for equal images, less the less their light, contrast and structure agree. Windows are
    weighted by a Gaussian and lie within the image; c₁ = (k₁·max_val)², c₂ = (k₂·max_val)².

    Args:
        image1: images, one or a batch.
        image2: of the same shape.
        max_val: the range of the values: 1, or 255.
        filter_size: height and width of a window.
        filter_sigma: the width of its bell.
        k1: against a division by 0 where both are dark.
        k2: likewise where both are flat.
        data_format: None or `"channels_last"`.

    Returns:
        One number an image.

    Raises:
        ShapeError: shapes that differ; images smaller than a window.
        ArgumentError: a number out of range.

    Source: Wang et al., "Image quality assessment: from error visibility to structural similarity"
    (2004).

    Example:
        >>> image = np.linspace(0.0, 1.0, 144).reshape(12, 12, 1)
        >>> float(ssim(image, image).round(6)), bool(ssim(image, 1 - image) < 0)
        (1.0, True)

    For whole numbers Keras rounds the result towards 0.
    """
    a, b = (images_of(v, data_format, "ssim") for v in (image1, image2))
    need_numbers("ssim", "a number above 0", lambda v: v > 0, max_val=max_val, sigma=filter_sigma)
    need_numbers("ssim", "a number from 0", lambda v: v >= 0, k1=k1, k2=k2)
    (size,) = per_axis(filter_size, 1, "filter_size", "ssim")
    if np.shape(a) != np.shape(b) or min(np.shape(a)[-3:-1]) < size:
        raise ShapeError(
            "two images of one shape are compared, at least as large as a window",
            where="ssim",
            expected=f"equal shapes, height and width from {size}",
            received=f"{np.shape(a)} and {np.shape(b)}",
            fix="a smaller filter_size" if np.shape(a) == np.shape(b) else None,
        )
    a, b, narrow = widened(a, b)
    sides = [gaussian_matrix(n, size, filter_sigma, n - size + 1) for n in np.shape(a)[-3:-1]]
    mean_a, mean_b = smoothed(a, *sides), smoothed(b, *sides)
    var_a = smoothed(a * a, *sides) - mean_a * mean_a
    var_b = smoothed(b * b, *sides) - mean_b * mean_b
    both = smoothed(a * b, *sides) - mean_a * mean_b
    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    above = (2 * mean_a * mean_b + c1) * (2 * both + c2)
    below = (mean_a * mean_a + mean_b * mean_b + c1) * (var_a + var_b + c2)
    return narrow(mean(above / below, axis=(-3, -2, -1)))
