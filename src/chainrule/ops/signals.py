"""Signals and images under NumPy's and Keras's names: windows, correlations, areas, distances."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays import numpy_dtype, xp
from ..checks import channels_last
from ..errors import ArgumentError, ShapeError, choose
from ..symbol import composite
from .base import check_axis, op, refusal, whole
from .convolve import conv
from .elementwise import add, log10, multiply, square, subtract
from .linalg import norm
from .products import matmul
from .reduce import mean
from .reduce import sum as _sum
from .shapes import expand_dims, flip, getitem, moveaxis, reshape, swapaxes, transpose
from .statistics import _array

__all__ = [
    "bartlett",
    "blackman",
    "cdist",
    "corrcoef",
    "correlate",
    "depth_to_space",
    "hamming",
    "hanning",
    "histogram",
    "i0",
    "kaiser",
    "psnr",
    "space_to_depth",
    "trapezoid",
]


# --- windows ------------------------------------------------------------------------------------


def _window(function: Any, x: Any, where: str, *more: float) -> np.ndarray:
    n = whole(x, where, "the length")
    if n < 0:
        raise ArgumentError("a length is negative", where=where, received=n)
    return function(n, *more).astype(numpy_dtype())


def bartlett(x: int) -> np.ndarray:
    """1 − |2i/(n − 1) − 1|, a triangle of n = x numbers.  No derivative.

    Example:
        >>> bartlett(5)
        array([0. , 0.5, 1. , 0.5, 0. ], dtype=float32)
    """
    return _window(np.bartlett, x, "bartlett")


def blackman(x: int) -> np.ndarray:
    """.42 − .5 cos 2πt + .08 cos 4πt, t = i/(n − 1), of n = x numbers.  No derivative.

    Example:
        >>> blackman(3).round(4) + 0.0
        array([0., 1., 0.], dtype=float32)
    """
    return _window(np.blackman, x, "blackman")


def hamming(x: int) -> np.ndarray:
    """.54 − .46 cos 2πt, t = i/(n − 1), of n = x numbers.  No derivative.

    Example:
        >>> hamming(3)
        array([0.08, 1.  , 0.08], dtype=float32)
    """
    return _window(np.hamming, x, "hamming")


def hanning(x: int) -> np.ndarray:
    """.5 − .5 cos 2πt, t = i/(n − 1), of n = x numbers.  No derivative.

    Example:
        >>> hanning(5)
        array([0. , 0.5, 1. , 0.5, 0. ], dtype=float32)
    """
    return _window(np.hanning, x, "hanning")


def kaiser(x: int, beta: float) -> np.ndarray:
    """I₀(β√(1 − (2t − 1)²))/I₀(β), t = i/(n − 1), of n = x numbers.  No derivative.

    Example:
        >>> kaiser(3, 0.0)
        array([1., 1., 1.], dtype=float32)
    """
    return _window(np.kaiser, x, "kaiser", float(beta))


@op
def i0(x):
    """The Bessel function I₀(x) = Σ (x/2)²ᵏ/(k!)².  Derivative: I₁, which is not here; refused.

    Example:
        >>> i0([0.0, 1.0]).round(4)
        array([1.    , 1.2661])

    Raises:
        ArgumentError: it is differentiated.
    """
    return xp(x).i0(x), refusal("i0", "it is the Bessel function I1, which is not here")


# --- sums along signals -------------------------------------------------------------------------


@composite
def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    """Σ (xᵢ₊₁ − xᵢ)·(yᵢ + yᵢ₊₁)/2, the area below a line.  ∂/∂yᵢ = (xᵢ₊₁ − xᵢ₋₁)/2.

    Args:
        y: heights.
        x: their places along the axis, in the shape of y or as a row; by default `dx` apart.
        dx: the distance of two places.
        axis: along which.

    Example:
        >>> float(trapezoid([1.0, 2.0, 4.0]))
        4.5

    Raises:
        ShapeError: x has not one place for each height.
    """
    axis = check_axis(axis, np.ndim(y), "trapezoid")
    rows = moveaxis(_array(y), axis, -1)
    width: Any = dx
    if x is not None:
        places = _array(x)
        places = places if np.ndim(places) == 1 else moveaxis(places, axis, -1)
        if np.shape(places) not in (np.shape(rows), np.shape(rows)[-1:]):
            raise ShapeError(
                "there must be one place for each height",
                where="trapezoid",
                expected=f"{np.shape(y)}, or a row of {np.shape(rows)[-1]}",
                received=np.shape(x),
            )
        width = subtract(_from(places), _upto(places))
    return multiply(_sum(multiply(width, add(_from(rows), _upto(rows))), axis=-1), 0.5)


def _from(x: Any) -> Any:
    return getitem(x, (Ellipsis, slice(1, None)))


def _upto(x: Any) -> Any:
    return getitem(x, (Ellipsis, slice(None, -1)))


@composite
def correlate(x1: Any, x2: Any, mode: str = "valid") -> Any:
    """yₖ = Σₙ x₁[k + n]·x₂[n].  d_x₁[k + n] = Σ d_yₖ·x₂[n], d_x₂[n] = Σₖ d_yₖ·x₁[k + n].

    Args:
        x1: a row of numbers.
        x2: another; the shorter is moved along the longer.
        mode: `"valid"`, where it lies wholly inside; `"same"`, as long as the longer one; `"full"`,
            wherever they overlap.

    Example:
        >>> correlate([1.0, 2.0, 3.0], [0.0, 1.0, 0.5], mode="same")
        array([2. , 3.5, 3. ])

    Raises:
        ShapeError: one is no row of numbers, or is empty.
        ArgumentError: another mode.
    """
    if mode not in ("valid", "same", "full"):
        raise choose("mode", mode, ("valid", "same", "full"), where="correlate")
    a, b = np.shape(x1), np.shape(x2)
    if len(a) != 1 or len(b) != 1 or 0 in (*a, *b):
        raise ShapeError("these are no rows of numbers", where="correlate", received=f"{a} and {b}")
    if b > a:  # y[k] of the one is y[−k] of the other
        return flip(correlate(x2, x1, mode), 0)
    n = b[0]
    before = {"valid": 0, "same": n // 2, "full": n - 1}[mode]
    after = {"valid": 0, "same": n - n // 2 - 1, "full": n - 1}[mode]
    x1, x2 = (v if xp(v) is not np else _in_floats(v) for v in (_array(x1), _array(x2)))
    y = conv(reshape(x1, (1, -1, 1)), reshape(x2, (-1, 1, 1)), padding=((before, after),))
    return reshape(y, (-1,))


def _in_floats(x: Any) -> Any:
    return x.astype(numpy_dtype()) if np.dtype(x.dtype).kind in "biu" else x


@composite
def corrcoef(x: Any) -> Any:
    """Pearson's correlation of each two rows of x.  d_x: through means, lengths and one product.

    Args:
        x: (variables, observations), or one row.

    Example:
        >>> corrcoef([[1.0, 2.0, 3.0], [1.0, 0.0, -1.0]]).round(4)
        array([[ 1., -1.],
               [-1.,  1.]])

    Raises:
        ShapeError: x has more axes than two.
    """
    x = _array(x)
    if np.ndim(x) not in (1, 2):
        raise ShapeError("x must be a matrix", where="corrcoef", received=np.shape(x))
    rows = subtract(x, mean(x, axis=-1, keepdims=True))
    rows = rows / norm(rows, axis=-1, keepdims=True)
    return _sum(square(rows)) if np.ndim(x) == 1 else matmul(rows, swapaxes(rows, 0, 1))


@composite
def cdist(x: Any, y: Any) -> Any:
    """√Σₖ (xᵢₖ − yⱼₖ)², of each point of x from each of y.  d_xᵢ = Σⱼ d·(xᵢ − yⱼ)/distance,
    0 where they are the same.

    Args:
        x: points (..., m, k).
        y: points (..., n, k); the result is (..., m, n).

    Example:
        >>> cdist([[0.0, 0.0]], [[3.0, 4.0], [0.0, 1.0]])
        array([[5., 1.]])

    Raises:
        ShapeError: the points have not equally many numbers.
    """
    x, y = _array(x), _array(y)
    if np.ndim(x) < 2 or np.ndim(y) < 2 or np.shape(x)[-1] != np.shape(y)[-1]:
        raise ShapeError(
            "the points do not lie in one space",
            where="cdist",
            expected="x (..., m, k), y (..., n, k)",
            received=f"{np.shape(x)} and {np.shape(y)}",
        )
    return norm(subtract(expand_dims(x, -2), expand_dims(y, -3)), axis=-1)


@composite
def psnr(x1: Any, x2: Any, max_val: float) -> Any:
    """10·log₁₀(max²/mean (x₁ − x₂)²), in decibels.  ∂/∂x₁ = −20/ln 10·(x₁ − x₂)/Σ(x₁ − x₂)².

    Args:
        x1: an image, or several.
        x2: in the same shape.
        max_val: the largest value that a pixel can have.

    Example:
        >>> float(psnr([0.0, 1.0], [0.1, 0.9], 1.0).round(4))
        20.0

    Raises:
        ShapeError: the shapes differ.
    """
    x1, x2 = _array(x1), _array(x2)
    if np.shape(x1) != np.shape(x2):
        raise ShapeError(
            "the images differ in shape", where="psnr", received=f"{np.shape(x1)}, {np.shape(x2)}"
        )
    error = mean(square(subtract(x1, x2)))
    return subtract(20 * math.log10(max_val), multiply(log10(error), 10.0))


@op
def histogram(x, bins=10, range=None):
    """(counts, edges): how many numbers lie in each of equal bins.  No derivative.

    A bin holds its lower edge, the last one its upper edge, too.

    Args:
        x: numbers in any shape.
        bins: how many.
        range: (lowest, highest); by default those of x. Numbers beyond are not counted.

    Example:
        >>> histogram([0.0, 1.0, 1.5, 4.0], bins=2)
        (array([3, 1], dtype=int32), array([0., 2., 4.]))

    Raises:
        ArgumentError: there is not 1 bin or more.
    """
    bins = whole(bins, "histogram", "bins")
    if bins < 1:
        raise ArgumentError("there must be 1 bin or more", where="histogram", received=bins)
    counts, edges = xp(x).histogram(x, bins=bins, range=range)
    kind = x.dtype if np.dtype(x.dtype).kind not in "biu" else numpy_dtype()
    return (counts.astype(np.int32), edges.astype(kind)), None


# --- blocks of pixels ---------------------------------------------------------------------------


def _blocks(x: Any, block_size: int, data_format: Any, where: str) -> tuple[int, int]:
    channels_last(data_format, where)
    size = whole(block_size, where, "block_size")
    if size < 1 or np.ndim(x) != 4:
        raise ShapeError(
            "these are no images, or no blocks",
            where=where,
            expected="images (batch, height, width, channels), block_size from 1",
            received=f"{np.shape(x)}, block_size={size}",
        )
    return size, size * size


@composite
def depth_to_space(x: Any, block_size: int, data_format: Any = None) -> Any:
    """Channels laid out as blocks of pixels: (b, h, w, c·n²) → (b, h·n, w·n, c).  d_x is d_y, put
    back.

    Args:
        x: images.
        block_size: n. (Shi et al. 2016 call it the pixel shuffle.)
        data_format: None or `"channels_last"`.

    Example:
        >>> depth_to_space(np.arange(4.0).reshape(1, 1, 1, 4), 2)[0, :, :, 0]
        array([[0., 1.],
               [2., 3.]])

    Raises:
        ShapeError: these are no images, or the channels do not fill blocks.
    """
    n, area = _blocks(x, block_size, data_format, "depth_to_space")
    b, h, w, c = np.shape(x)
    if c % area:
        raise ShapeError(
            "the channels do not fill blocks",
            where="depth_to_space",
            expected=f"a multiple of {area} channels",
            received=c,
        )
    x = transpose(reshape(x, (b, h, w, n, n, c // area)), (0, 1, 3, 2, 4, 5))
    return reshape(x, (b, h * n, w * n, c // area))


@composite
def space_to_depth(x: Any, block_size: int, data_format: Any = None) -> Any:
    """Blocks of pixels as channels: (b, h·n, w·n, c) → (b, h, w, c·n²).  d_x is d_y, put back.

    Args:
        x: images.
        block_size: n.
        data_format: None or `"channels_last"`.

    Example:
        >>> space_to_depth(np.arange(4.0).reshape(1, 2, 2, 1), 2)[0, 0, 0]
        array([0., 1., 2., 3.])

    Raises:
        ShapeError: these are no images, or height and width do not divide into blocks.
    """
    n, area = _blocks(x, block_size, data_format, "space_to_depth")
    b, h, w, c = np.shape(x)
    if h % n or w % n:
        raise ShapeError(
            "the image does not divide into blocks",
            where="space_to_depth",
            expected=f"height and width divisible by {n}",
            received=(h, w),
        )
    x = transpose(reshape(x, (b, h // n, n, w // n, n, c)), (0, 1, 3, 2, 4, 5))
    return reshape(x, (b, h // n, w // n, c * area))
