"""Images with their values spread over the whole range, while training and afterwards alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import ops
from ...arrays import xp
from ...checks import need_numbers
from ...ops.base import op
from ...ops.windows import per_axis
from ..augmentation import Draws, ImageLayer
from ..base import register

__all__ = ["AutoContrast", "ContrastLimitedAdaptiveHistogramEqualization", "Equalization"]

_GRAIN = 1e-3  # a value this near below a whole number is that number, missed by rounding


class _Spread(ImageLayer):
    """Base of layers that draw nothing, and do the same while training and afterwards.

    Args:
        value_range: the lowest and the highest value of a pixel.
        data_format: `"channels_last"`.
        kwargs: as for every `Layer`.
    """

    def __init__(
        self, value_range: Sequence[float] = (0, 255), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format, **kwargs)
        self.value_range = value_range
        self._values(value_range)

    def call(self, x: Any) -> Any:
        """X with its values spread."""
        raise NotImplementedError(f"{type(self).__name__} has no call method")

    def augment(self, x: Any, draw: Draws) -> Any:
        """The same, for layers that choose among many."""
        return self.call(x)


@register
class AutoContrast(_Spread):
    """The values of each channel of each image stretched over the whole range.

        y = low + (x − min)·(high − low)/(max − min)

    A channel of one value stays as it is. Nothing is drawn; it is done outside training too.

    Args:
        value_range: the lowest and the highest value of a pixel.
        data_format: `"channels_last"`.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: no such range.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.AutoContrast()
        >>> layer(np.array([10.0, 20.0, 30.0]).reshape(1, 1, 3, 1))[0, 0, :, 0]
        array([  0. , 127.5, 255. ], dtype=float32)
    """

    def call(self, x: Any) -> Any:
        """Stretched."""
        low, high = self._values(self.value_range)
        least = ops.min(x, axis=(1, 2), keepdims=True)
        wide = ops.max(x, axis=(1, 2), keepdims=True) - least
        some = wide > 0
        y = (x - least) * ((high - low) / ops.where(some, wide, 1.0)) + low
        return ops.where(some, ops.clip(y, low, high), x)


@register
class Equalization(_Spread):
    """The values of each channel of each image spread so that all tones are about as frequent.

    A value becomes the share of the pixels that are darker: with c(b) pixels up to bin b, of n, and
    c₀ pixels in the lowest bin that has any, y = 255·(c(b) − c₀)/(n − c₀), rounded. A channel of
    one tone stays as it is. Nothing is drawn, and it is done outside training too. The derivative
    is 0: a tone jumps.

    Args:
        value_range: the lowest and the highest value of a pixel.
        bins: into how many the range is divided; the last holds its end alone.
        data_format: `"channels_last"`.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: no such range, less than 2 bins.

    Source: Gonzalez & Woods, "Digital image processing", 3.3.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.Equalization()
        >>> layer(np.array([10.0, 10.0, 11.0, 12.0]).reshape(1, 1, 4, 1))[0, 0, :, 0]
        array([  0.,   0., 128., 255.], dtype=float32)

    Keras counts the pixels of all images of a batch together, so that an image depends on those
    beside it; and it leaves images as they are in `evaluate` and `predict`, though it documents
    that they are not.
    """

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        bins: int = 256,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, data_format, **kwargs)
        (self.bins,) = per_axis(bins, 1, "bins", self.where, least=2)

    def call(self, x: Any) -> Any:
        """Spread by shares."""
        return _equalized(x, *self._values(self.value_range), self.bins)


@op
def _equalized(x, low, high, bins):
    m = xp(x)
    wide = (high - low) / 255
    tone = _whole(m, (x - low) * ((bins - 1) / (high - low)), bins)
    counts = _counted(m, m.moveaxis(tone, -1, 1), bins).astype(x.dtype)  # (n, channels, bins)
    upto = m.cumsum(counts, axis=-1)
    first = m.take_along_axis(upto, m.argmax(upto > 0, axis=-1)[..., None], axis=-1)
    rest = upto[..., -1:] - first
    table = m.clip(m.round((upto - first) * 255 / m.maximum(rest, 1)), 0, 255)
    n, channel = m.arange(x.shape[0])[:, None, None, None], m.arange(x.shape[3])
    y = table[n, channel, tone] * wide + low
    y = m.where(m.moveaxis(rest[..., None], 1, -1) > 0, y, x).astype(x.dtype)
    return y, (lambda d_y: d_y * 0.0, None, None, None)


@register
class ContrastLimitedAdaptiveHistogramEqualization(_Spread):
    """Tones spread as by `Equalization`, in each part of the image by its own pixels (CLAHE).

    The image is divided into tiles. In each tile's histogram of 256 tones, counts above
    clip_limit·pixels/256 are cut off and handed out to all tones, so that flat parts do not become
    noise; its sums from the left, c, give 255·(c − c(0))/(pixels − c(0)) for a tone. A pixel gets
    the mean of what the four tiles around it say, nearer ones counting more. Nothing is drawn, and
    it is done outside training too. The derivative is 0: a tone jumps.

    Args:
        value_range: the lowest and the highest value of a pixel.
        clip_limit: how often a tone may occur, as a multiple of the mean; 0 sets no limit.
        tile_grid_size: how many tiles there are, (down, across). An image that cannot be divided so
            is mirrored at its lower and right edge.
        data_format: `"channels_last"`.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: no such range, limit or tiles.

    Source: Zuiderveld, "Contrast limited adaptive histogram equalization" (Graphics Gems IV, 1994).

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.ContrastLimitedAdaptiveHistogramEqualization((0, 255), 0, (1, 1))
        >>> layer(np.array([10.0, 10.0, 11.0, 12.0]).reshape(1, 2, 2, 1))[0, :, :, 0]
        array([[127.5 , 127.5 ],
               [191.25, 255.  ]], dtype=float32)
    """

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        clip_limit: float = 4.0,
        tile_grid_size: Sequence[int] = (8, 8),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, data_format, **kwargs)
        need_numbers(self.where, "a number from 0", lambda v: v >= 0, clip_limit=clip_limit)
        self.clip_limit, self.tile_grid_size = clip_limit, tile_grid_size
        self._tiles = per_axis(tile_grid_size, 2, "tile_grid_size", self.where)

    def call(self, x: Any) -> Any:
        """Spread by what is near."""
        return _by_tiles(x, *self._values(self.value_range), self.clip_limit, self._tiles)


@op
def _by_tiles(x, low, high, limit, tiles):
    m = xp(x)
    height, width = x.shape[1:3]
    lengths = [-(-n // k) for n, k in zip((height, width), tiles, strict=True)]
    more = [n * k - have for n, k, have in zip(lengths, tiles, (height, width), strict=True)]
    tone = _whole(m, (x - low) * (255 / (high - low)), 256)
    wide = m.pad(tone, ((0, 0), (0, more[0]), (0, more[1]), (0, 0)), mode="symmetric")
    n, channels = x.shape[0], x.shape[3]
    apart = wide.reshape(n, tiles[0], lengths[0], tiles[1], lengths[1], channels)
    counts = _counted(m, m.transpose(apart, (0, 1, 3, 5, 2, 4)), 256).astype(x.dtype)
    pixels = lengths[0] * lengths[1]
    if limit > 0:
        kept = m.minimum(counts, limit * pixels / 256)
        counts = kept + m.sum(counts - kept, axis=-1, keepdims=True) / 256
    upto = m.cumsum(counts, axis=-1)
    first = upto[..., :1]
    rest = pixels - first
    table = m.clip((upto - first) * 255 / m.where(rest == 0, 1, rest), 0, 255)
    y = 0.0
    image, channel = m.arange(n)[:, None, None, None], m.arange(channels)
    rows, columns = (
        _tiles_near(size, k, count)
        for size, k, count in zip((height, width), lengths, tiles, strict=True)
    )
    for i, share_i in rows:
        for j, share_j in columns:
            found = table[image, i[:, None, None], j[:, None], channel, tone]
            y = y + found * (share_i[:, None, None] * share_j[:, None]).astype(x.dtype)
    y = (y * ((high - low) / 255) + low).astype(x.dtype)
    return y, (lambda d_y: d_y * 0.0, None, None, None, None)


def _tiles_near(size: int, length: int, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """The two tiles whose middles are next to each pixel of an axis, and their shares."""
    place = (np.arange(size) - length / 2) / length
    before = np.floor(place).astype(int)
    share = place - before
    return [
        (np.clip(before, 0, count - 1), 1 - share),
        (np.clip(before + 1, 0, count - 1), share),
    ]


def _whole(m: Any, values: Any, bins: int) -> Any:
    """The bin of each value."""
    return m.floor(m.clip(values + _GRAIN, 0, bins - 1)).astype("int32")


def _counted(m: Any, tone: Any, bins: int) -> Any:
    """How often each tone occurs over the last two axes: (..., height, width) → (..., bins)."""
    groups = tone.shape[:-2]
    count = int(np.prod(groups))
    flat = tone.reshape(count, -1) + m.arange(count, dtype="int32")[:, None] * bins
    if m is np:
        found = np.bincount(flat.reshape(-1), minlength=count * bins)
    else:
        found = m.zeros(count * bins, "int32").at[flat.reshape(-1)].add(1)
    return found.reshape(*groups, bins)
