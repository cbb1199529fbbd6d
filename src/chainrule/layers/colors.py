"""Augmentation of colours: images made grey, inverted, posterised, solarised, at random while
training. The draws are those of `RandomLayer`: the same on both engines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import ops
from ..arrays import xp
from ..errors import ArgumentError
from .augmentation import Draws, RandomLayer, _each
from .base import register


class _Colors(RandomLayer):
    """Base of layers that know the lowest and the highest value of a pixel."""

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        self.value_range = value_range
        self._values(value_range)


class ByShare(_Colors):
    """Base of layers that change each image by a share of its own, drawn from `factor`."""

    def __init__(
        self,
        factor: float | Sequence[float],
        value_range: Sequence[float] = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed, data_format, **kwargs)
        self.factor = factor
        self._share = self._range("factor", factor, 0.0, alone=0.0)


@register
class RandomGrayscale(_Colors):
    """Some images without their colours: y = .2989·red + .587·green + .114·blue in all channels.

    Args:
        factor: the probability for each image, 0 to 1.
        data_format: `"channels_last"`.
        seed: of the draws.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a factor outside.
        ShapeError: the images have neither three channels nor one.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.RandomGrayscale(1.0)
        >>> x = np.array([100.0, 200.0, 0.0]).reshape(1, 1, 1, 3)
        >>> layer(x, training=True)[0, 0, 0].round()
        array([147., 147., 147.], dtype=float32)
    """

    def __init__(
        self,
        factor: float = 0.5,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__((0, 255), seed, data_format, **kwargs)
        self._range("factor", (factor, factor), 0.0)
        self.factor = factor

    @classmethod
    def _arguments(cls) -> dict[str, Any]:
        """Without the range of values, which grey does not need."""
        return {k: p for k, p in super()._arguments().items() if k != "value_range"}

    def augment(self, x: Any, draw: Draws) -> Any:
        """Grey where the draw lies below the factor."""
        return ops.where(_each(draw(0) < self.factor), ops.rgb_to_grayscale(x), x)


@register
class RandomColorDegeneration(ByShare):
    """Each image mixed with its grey one: y = (1 − f)·x + f·grey.

    Args:
        factor: f is drawn from 0 to this, at most 1, or from the first to the second of two.
        value_range: the lowest and the highest value of a pixel.
        data_format: `"channels_last"`.
        seed: of the draws.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a factor outside 0 to 1.
        ShapeError: the images have neither three channels nor one.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.RandomColorDegeneration((0.5, 0.5))
        >>> x = np.array([100.0, 200.0, 0.0]).reshape(1, 1, 1, 3)
        >>> layer(x, training=True)[0, 0, 0].round()
        array([124., 174.,  74.], dtype=float32)
    """

    def augment(self, x: Any, draw: Draws) -> Any:
        """Nearer to grey."""
        f = _each(draw(0, *self._share)).astype(x.dtype)
        return x + (ops.rgb_to_grayscale(x) - x) * f


@register
class RandomInvert(_Colors):
    """Some images with every value mirrored in the range: y = low + high − x.

    Args:
        factor: the probability is drawn for each image from 0 to this, or from the first to the
            second of two numbers; at most 1.
        value_range: the lowest and the highest value of a pixel.
        seed: of the draws.
        data_format: `"channels_last"`.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a factor outside 0 to 1.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.RandomInvert((1.0, 1.0))
        >>> layer(np.array([0.0, 55.0]).reshape(1, 1, 2, 1), training=True)[0, 0, :, 0]
        array([255., 200.], dtype=float32)

    Keras takes high − x, which leaves a range that does not begin at 0.
    """

    def __init__(
        self,
        factor: float | Sequence[float] = 1.0,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed, data_format, **kwargs)
        self._chance = self._range("factor", factor, 0.0, alone=0.0)
        self.factor = factor

    def augment(self, x: Any, draw: Draws) -> Any:
        """Mirrored where the one draw lies below the other."""
        low, high = self._values(self.value_range)
        chosen = draw(1) < draw(0, *self._chance)
        return ops.where(_each(chosen), (low + high) - x, x)


@register
class RandomPosterization(_Colors):
    """Each image with fewer tones: of the 8 bits of a value only the first `factor` are kept.

    Args:
        factor: how many bits, 1 to 8; or (least, most), both of which occur.
        value_range: the lowest and the highest value of a pixel.
        data_format: `"channels_last"`.
        seed: of the draws.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a factor that is no whole number from 1 to 8.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.RandomPosterization(2)  # 4 tones, 64 apart
        >>> layer(np.array([63.0, 130.0]).reshape(1, 1, 2, 1), training=True)[0, 0, :, 0]
        array([  0., 128.], dtype=float32)

    Keras documents the same, and draws from 1 to factor − 1 where factor is one number; of two
    numbers it never draws the second.
    """

    def __init__(
        self,
        factor: int | Sequence[int],
        value_range: Sequence[float] = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed, data_format, **kwargs)
        low, high = self._range("factor", factor, 1, 8, alone=1)
        if low != int(low) or high != int(high):
            raise ArgumentError(
                "only whole bits can be kept", where=self.where, received=repr(factor)[:100]
            )
        self.factor, self._bits = factor, (int(low), int(high))

    def augment(self, x: Any, draw: Draws) -> Any:
        """The last bits of each value dropped."""
        low, high = self._values(self.value_range)
        least, most = self._bits
        drawn = draw(0, least, most + 1)
        m = xp(drawn)
        tone = m.exp2(8 - m.floor(m.clip(drawn, least, most)))  # draws are below most + 1, rounding
        tone = _each(tone).astype(x.dtype)
        value = ops.clip((x - low) * (255 / (high - low)), 0.0, 255.0)
        return ops.floor(value / tone) * tone * ((high - low) / 255) + low


@register
class Solarization(_Colors):
    """Values above a threshold mirrored in the range, as film is that has seen too much light.

    Of x, made brighter by an addition and kept in the range, y = x below the threshold, else
    low + high − x.

    Args:
        addition_factor: share of the range that is added, drawn for each image from 0 to this, or
            from the first to the second of two numbers.
        threshold_factor: where the threshold lies, as a share of the range, drawn likewise; at 0
            every value is mirrored.
        value_range: the lowest and the highest value of a pixel.
        seed: of the draws.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a factor outside 0 to 1.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.Solarization(threshold_factor=(0.5, 0.5))
        >>> layer(np.array([100.0, 200.0]).reshape(1, 1, 2, 1), training=True)[0, 0, :, 0]
        array([100.,  55.], dtype=float32)

    Of two numbers Keras takes the first as it is, not as a share of the range.
    """

    def __init__(
        self,
        addition_factor: float | Sequence[float] = 0.0,
        threshold_factor: float | Sequence[float] = 0.0,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed, **kwargs)
        self._more = self._range("addition_factor", addition_factor, 0.0, alone=0.0)
        self._edge = self._range("threshold_factor", threshold_factor, 0.0, alone=0.0)
        self.addition_factor, self.threshold_factor = addition_factor, threshold_factor

    def augment(self, x: Any, draw: Draws) -> Any:
        """Brighter, then mirrored above the threshold."""
        low, high = self._values(self.value_range)
        more, edge = (
            _each(draw(k, *between)).astype(x.dtype) * (high - low)
            for k, between in enumerate((self._more, self._edge))
        )
        y = ops.clip(x + more, low, high)
        return ops.where(y < edge + low, y, (low + high) - y)
