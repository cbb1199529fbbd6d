"""Augmentation of colours by hue and saturation, and of brightness, contrast and these together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ... import ops
from ...arrays import xp
from ..augmentation import Draws, RandomBrightness, RandomContrast, RandomLayer, _each
from ..base import register
from ..colors import ByShare
from .recipe import Recipe

__all__ = ["RandomColorJitter", "RandomHue", "RandomSaturation"]


@register
class RandomHue(ByShare):
    """Each image with its hues turned on the circle of colours, by up to half a turn either way.

    y = rgb(h ± f/2, s, v) for f drawn from `factor`; see `ops.rgb_to_hsv`.

    Args:
        factor: f is drawn from 0 to this, at most 1, or from the first to the second of two
            numbers; its sign is a draw of its own.
        value_range: the lowest and the highest value of a pixel; the result is kept within.
        data_format: `"channels_last"`.
        seed: of the draws.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a factor outside 0 to 1.
        ShapeError: the images have not three channels.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.RandomHue((1.0, 1.0))  # half a turn: red becomes cyan
        >>> layer(np.array([255.0, 0.0, 0.0]).reshape(1, 1, 1, 3), training=True)[0, 0, 0]
        array([  0., 255., 255.], dtype=float32)
    """

    def augment(self, x: Any, draw: Draws) -> Any:
        """Hues turned."""
        low, high = self._values(self.value_range)
        turned = draw(0, *self._share) / 2
        turned = xp(turned).where(draw(1) < 0.5, turned, -turned)[:, None, None].astype(x.dtype)
        hsv = ops.rgb_to_hsv((x - low) / (high - low))
        colors = ops.stack([hsv[..., 0] + turned, hsv[..., 1], hsv[..., 2]], axis=-1)
        return ops.clip(ops.hsv_to_rgb(colors), 0.0, 1.0) * (high - low) + low


@register
class RandomSaturation(ByShare):
    """Each image paler or more colourful: its saturation times f/(1 − f), at most 1.

    Hue and value stay: y = v − (v − x)·r for the largest channel v, with r = f/(1 − f), or less
    where the smallest channel would fall below `value_range`.

    Args:
        factor: f is drawn from 0 to this, at most 1, or from the first to the second of two
            numbers; at 0 images are grey, at ½ they stay, at 1 colours are as strong as can be.
        value_range: the lowest and the highest value of a pixel.
        data_format: `"channels_last"`.
        seed: of the draws.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a factor outside 0 to 1.
        ShapeError: the images have not three channels.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> x = np.array([100.0, 60.0, 80.0]).reshape(1, 1, 1, 3)
        >>> cr.layers.RandomSaturation((0.25, 0.25))(x, training=True)[0, 0, 0].round(3)
        array([100.   ,  86.667,  93.333], dtype=float32)
        >>> cr.layers.RandomSaturation((1.0, 1.0))(x, training=True)[0, 0, 0].round(3)
        array([100.,   0.,  50.], dtype=float32)

    Keras keeps the saturation within `value_range`, not within 1: from 0 to 255 strong colours come
    out negative.
    """

    def augment(self, x: Any, draw: Draws) -> Any:
        """Further from grey, or nearer."""
        self.needs(
            x.shape[3] == 3,
            "the images have no colours",
            "images of 3 channels: red, green, blue",
            tuple(x.shape),
        )
        low, _ = self._values(self.value_range)
        f = draw(0, *self._share)
        wanted = _each(f / xp(f).maximum(1 - f, 1e-7)).astype(x.dtype)
        value = ops.max(x, axis=-1, keepdims=True)
        chroma = value - ops.min(x, axis=-1, keepdims=True)
        most = (value - low) / ops.where(chroma > 0, chroma, 1.0)
        return value - (value - x) * ops.minimum(most, wanted)


@register
class RandomColorJitter(RandomLayer):
    """Brightness, contrast, saturation and hue changed at random, one after the other.

    Args:
        value_range: the lowest and the highest value of a pixel.
        brightness_factor: see `RandomBrightness`; None leaves it.
        contrast_factor: see `RandomContrast`; None leaves it.
        saturation_factor: see `RandomSaturation`; None leaves it.
        hue_factor: see `RandomHue`; None leaves it.
        seed: of the draws.
        data_format: `"channels_last"`.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a factor out of range.
        ShapeError: the images have not three channels.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.RandomColorJitter(brightness_factor=(0.1, 0.1), hue_factor=(1.0, 1.0))
        >>> x = np.array([0.0, 102.0, 102.0]).reshape(1, 1, 1, 3)
        >>> layer(x, training=True)[0, 0, 0].round(2)
        array([127.5,  25.5,  25.5], dtype=float32)

    PyTorch's `ColorJitter` does them in a random order, and its factors mean other numbers.
    """

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        brightness_factor: float | Sequence[float] | None = None,
        contrast_factor: float | Sequence[float] | None = None,
        saturation_factor: float | Sequence[float] | None = None,
        hue_factor: float | Sequence[float] | None = None,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        self.value_range = value_range
        self.brightness_factor, self.contrast_factor = brightness_factor, contrast_factor
        self.saturation_factor, self.hue_factor = saturation_factor, hue_factor
        self._values(value_range)
        kinds = {
            RandomBrightness: brightness_factor,
            RandomContrast: contrast_factor,
            RandomSaturation: saturation_factor,
            RandomHue: hue_factor,
        }
        self._recipe = Recipe(
            None if f is None else kind(f, value_range=value_range, seed=0)
            for kind, f in kinds.items()
        )

    def augment(self, x: Any, draw: Draws) -> Any:
        """One change after the other."""
        for k, part in enumerate(self._recipe.parts):
            if part is not None:
                x = part.augment(x, draw.part(k))
        return x
