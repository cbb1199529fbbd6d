"""Augmentation by blurring and sharpening."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import ops
from ...errors import ArgumentError
from ...ops.filters import gaussian_matrix, smoothed
from ..augmentation import Draws, RandomLayer, _each
from ..base import register
from ..colors import ByShare

__all__ = ["RandomGaussianBlur", "RandomSharpness"]


@register
class RandomSharpness(ByShare):
    """Each image blurred, or its edges made sharper: y = x + (1 − 2f)·(blur − x).

    The blur is the mean of a pixel and its eight neighbours, with itself counted five times; beyond
    the edges are zeros.

    Args:
        factor: f is drawn from 0 to this, at most 1, or from the first to the second of two
            numbers; at 0 it is the blur, at ½ the image, above sharper than that.
        value_range: the lowest and the highest value of a pixel; the result is kept within.
        data_format: `"channels_last"`.
        seed: of the draws.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a factor outside 0 to 1.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> dot = np.zeros((1, 3, 3, 1))
        >>> dot[0, 1, 1] = 130
        >>> cr.layers.RandomSharpness((0.0, 0.0))(dot, training=True)[0, :, :, 0].round(2)
        array([[10., 10., 10.],
               [10., 50., 10.],
               [10., 10., 10.]], dtype=float32)

    Pillow leaves the pixels at the edges as they are; here, as in Keras, they are mixed with zeros.
    """

    def augment(self, x: Any, draw: Draws) -> Any:
        """Blurred, or sharper."""
        f = _each(draw(0, *self._share)).astype(x.dtype)
        near = (np.eye(n, k=-1) + np.eye(n) + np.eye(n, k=1) for n in x.shape[1:3])
        blur = (smoothed(x, *near) + 4 * x) / 13
        return ops.clip(x + (1 - 2 * f) * (blur - x), *self._values(self.value_range))


@register
class RandomGaussianBlur(RandomLayer):
    """Some images blurred by a Gaussian, each by its own; see `ops.gaussian_blur`.

    Args:
        factor: the probability is drawn for each image from 0 to this, or from the first to the
            second of two numbers; at most 1.
        kernel_size: (height, width) of the window, odd numbers, or one for both.
        sigma: the width of the bell along height and along width is drawn from 0 to this, or from
            the first to the second of two numbers; in pixels, at most 1.
        value_range: the lowest and the highest value of a pixel; the result is kept within.
        data_format: `"channels_last"`.
        seed: of the draws.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a factor or sigma outside 0 to 1, an even size.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.RandomGaussianBlur((1.0, 1.0), (1, 3), (1.0, 1.0))
        >>> x = np.array([0.0, 100.0, 0.0]).reshape(1, 1, 3, 1)
        >>> layer(x, training=True)[0, 0, :, 0].round(1)
        array([27.4, 45.2, 27.4], dtype=float32)

    Keras draws sigma once for all images of a batch, and takes kernel_size as (width, height).
    """

    def __init__(
        self,
        factor: float | Sequence[float] = 1.0,
        kernel_size: int | Sequence[int] = 3,
        sigma: float | Sequence[float] = 1.0,
        value_range: Sequence[float] = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        self._chance = self._range("factor", factor, 0.0, alone=0.0)
        self._widths = self._range("sigma", sigma, 0.0, alone=0.0)
        sizes: Any = kernel_size
        sizes = tuple(sizes) if isinstance(sizes, (tuple, list)) else (sizes, sizes)
        if len(sizes) != 2 or not all(type(k) is int and k > 0 and k % 2 for k in sizes):
            raise ArgumentError(
                "kernel_size must be odd",
                where=self.where,
                expected="an odd whole number, or two: (height, width)",
                received=repr(kernel_size)[:100],
            )
        self.factor, self.kernel_size, self.sigma = factor, kernel_size, sigma
        self.value_range, self._sizes = value_range, sizes
        self._values(value_range)

    def augment(self, x: Any, draw: Draws) -> Any:
        """Blurred where the one draw lies below the other."""
        chosen = draw(1) < draw(0, *self._chance)
        least, most = self._widths
        sides = [
            gaussian_matrix(n, size, ops.maximum(draw(2 + k, least, most), 1e-6).astype(x.dtype))
            for k, (n, size) in enumerate(zip(x.shape[1:3], self._sizes, strict=True))
        ]
        y = ops.where(_each(chosen), smoothed(x, *sides), x)
        return ops.clip(y, *self._values(self.value_range))
