"""Augmentation: images changed at random while training, each sample in its own way.

What is drawn depends on the layer's seed, the step and the sample's place in the batch alone, so
both engines draw the same. Outside training the images pass through as they are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import ops, rng
from ..arrays import xp
from ..checks import channels_last, is_number
from ..errors import ArgumentError, choose
from ..ops.warping import FILL_MODES, INTERPOLATIONS
from ..variable import Variable
from .base import Layer, register

__all__ = ["Draws", "ImageLayer", "RandomLayer"]


class Draws:
    """The random numbers of one step: `draw(k, low, high)` is the k-th of each sample, as (batch,).

    Args:
        key: of the step.
        n: how many samples there are.
    """

    def __init__(self, key: Any, n: int) -> None:
        self.key, self.n = key, n

    def __call__(
        self, k: int, low: float = 0.0, high: float = 1.0, shape: tuple | None = None
    ) -> Any:
        """Uniform in [low, high)."""
        shape = (self.n,) if shape is None else shape
        return rng.uniform(rng.fold(self.key, k), shape) * (high - low) + low

    def normal(self, k: int, shape: tuple) -> Any:
        """Normal numbers by Box and Muller, of the draws k and k + 1."""
        u, v = 1 - self(k, shape=shape), self(k + 1, shape=shape)
        m = xp(u)
        return m.sqrt(-2 * m.log(u)) * m.cos(v * (2 * math.pi))

    def beta(self, k: int, alpha: Any) -> Any:
        """Numbers from Beta(α, α), of the draws k and k + 1."""
        return rng.beta(rng.fold(self.key, k), rng.fold(self.key, k + 1), alpha, alpha, (self.n,))

    def order(self, k: int) -> Any:
        """The samples in random order."""
        drawn = self(k)
        return xp(drawn).argsort(drawn, stable=True)

    def part(self, k: int) -> Draws:
        """Draws of their own, for a part of the work."""
        return Draws(rng.fold(self.key, _PARTS + k), self.n)


_PARTS = 1 << 16  # above the numbers of single draws


class ImageLayer(Layer):
    """Base of layers that change images (batch, height, width, channels), whose shape stays.

    Args:
        data_format: `"channels_last"` or None, which is the same.
        kwargs: as for every `Layer`.
    """

    integer_input = takes_trees = False

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        channels_last(data_format, self.where)
        self.data_format = data_format

    def build(self, input_shape: tuple) -> None:
        """Look at the shape; there are no weights."""
        self.needs(
            len(input_shape) == 4 and None not in input_shape[1:3] and 0 not in input_shape[1:],
            "the layer takes images of a known size",
            "(batch, height, width, channels)",
            tuple(input_shape),
            "reshape a single image to (1, height, width, channels), grey images to one channel",
        )

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Unchanged."""
        return input_shape

    def _range(
        self, name: str, factor: Any, least: float = -1.0, most: float = 1.0, alone: float = -1.0
    ) -> tuple[float, float]:
        """(low, high) of a factor: two numbers, or one f for (alone·f, f)."""
        if is_number(factor):
            low, high = sorted((alone * factor, factor))
        elif isinstance(factor, (tuple, list)) and len(factor) == 2 and all(map(is_number, factor)):
            low, high = sorted(factor)
        else:
            low = high = math.nan
        if not least <= low <= high <= most:
            raise ArgumentError(
                f"{name} is out of range",
                where=self.where,
                expected=f"a number, or two, from {least} to {most}",
                received=repr(factor)[:200],
            )
        return float(low), float(high)

    def _values(self, value_range: Any) -> tuple[float, float]:
        """(lowest, highest) value of a pixel."""
        two = isinstance(value_range, (tuple, list)) and len(value_range) == 2
        if not two or not all(map(is_number, value_range)) or value_range[0] >= value_range[1]:
            raise ArgumentError(
                "value_range must be the lowest and the highest value of a pixel",
                where=self.where,
                expected="(0, 255), or (0, 1) for scaled images",
                received=repr(value_range)[:200],
            )
        return float(value_range[0]), float(value_range[1])


class RandomLayer(ImageLayer):
    """Base of layers that change images (batch, height, width, channels) while training.

    A subclass writes `augment(x, draw)`, where `draw(k, low, high)` gives the k-th random number of
    each sample, uniform in [low, high), as (batch,).

    Args:
        seed: of the draws; by default one of the process's stream.
        data_format: `"channels_last"` or None, which is the same.
        kwargs: as for every `Layer`.
    """

    def __init__(
        self, seed: int | None = None, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format, **kwargs)
        self.seed = seed
        self.key = Variable(
            rng.next_key() if seed is None else rng.key(seed), name="key", kind="seed"
        )
        self.count = Variable(np.uint32(0), name="count", kind="seed")

    def draws(self, n: int) -> Draws:
        """The draws of this step for n samples; the next call gives those of the next step."""
        count = self.count.value
        self.count.assign(count + xp(count).uint32(1))
        return Draws(rng.fold(self.key.value, count), n)

    def call(self, x: Any, training: bool = False) -> Any:
        """X changed at random while training."""
        return self.augment(x, self.draws(x.shape[0])) if training else self.at_rest(x)

    def at_rest(self, x: Any) -> Any:
        """X outside training: as it is."""
        return x

    def augment(self, x: Any, draw: Draws) -> Any:
        """X changed by what `draw` gives."""
        raise NotImplementedError(f"{type(self).__name__} has no augment method")


def _each(numbers: Any) -> Any:
    """One number for each image, (batch, 1, 1, 1)."""
    return numbers[:, None, None, None]


@register
class RandomFlip(RandomLayer):
    """Each image mirrored with probability ½: left and right, or upside down.

    Args:
        mode: `"horizontal"`, `"vertical"`, or both, each with a draw of its own.
        seed: of the draws.
        data_format: `"channels_last"`.
        kwargs: as for every `Layer`.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.RandomFlip("horizontal", seed=4)
        >>> images = np.array([[1.0, 2.0]]).reshape(1, 1, 2, 1).repeat(4, axis=0)
        >>> layer(images, training=True)[:, 0, :, 0]
        array([[2., 1.],
               [1., 2.],
               [2., 1.],
               [1., 2.]], dtype=float32)

    With `"horizontal_and_vertical"` Keras 3 draws once and flips both ways or neither.
    """

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        modes = ("horizontal", "vertical", "horizontal_and_vertical")
        if mode not in modes:
            raise choose("mode", mode, modes, where=self.where)
        self.mode = mode

    def augment(self, x: Any, draw: Draws) -> Any:
        """Mirrored where the draw is below ½."""
        across, down = _each(draw(2) < 0.5), _each(draw(1) < 0.5)
        if self.mode == "horizontal":
            return ops.where(across, ops.flip(x, 2), x)
        if self.mode == "vertical":
            return ops.where(down, ops.flip(x, 1), x)
        # one after the other, a compiler would draw again for each pixel: 100 times slower
        upright = ops.where(across, ops.flip(x, 2), x)
        return ops.where(down, ops.where(across, ops.flip(x, (1, 2)), ops.flip(x, 1)), upright)


class _Resampled(RandomLayer):
    """Base of layers that look at each image through a map of the plane."""

    def __init__(
        self,
        fill_mode: str,
        interpolation: str,
        seed: int | None,
        fill_value: float,
        data_format: str | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        if fill_mode not in FILL_MODES:
            raise choose("fill_mode", fill_mode, FILL_MODES, where=self.where)
        if interpolation not in INTERPOLATIONS:
            raise choose("interpolation", interpolation, INTERPOLATIONS, where=self.where)
        self.fill_mode, self.interpolation, self.fill_value = fill_mode, interpolation, fill_value

    def augment(self, x: Any, draw: Draws) -> Any:
        """Seen through the map."""
        return self.seen(x, self.mapped(x.shape, draw))

    def mapped(self, shape: tuple, draw: Draws) -> tuple:
        """The map of the plane: a0, a1, a2, b0, b1, b2."""
        raise NotImplementedError(f"{type(self).__name__} has no map")

    def seen(self, x: Any, numbers: tuple) -> Any:
        """X at (a0·i + a1·j + a2, b0·i + b1·j + b2) for column i and row j of the result."""
        m = xp(*numbers)
        zero = sum(n * 0.0 for n in numbers)  # one for each image where one of them is
        transform = m.stack([n + zero for n in (*numbers, 0.0, 0.0)], axis=1)
        return ops.affine_transform(
            x, transform, self.interpolation, self.fill_mode, float(self.fill_value)
        )


@register
class RandomRotation(_Resampled):
    """Each image turned about its middle by a random angle.

    Args:
        factor: the largest angle as a share of a full turn, either way; or (lowest, highest), above
            0 against the clock.
        fill_mode: what stands beyond the edges; see `ops.affine_transform`.
        interpolation: `"bilinear"` or `"nearest"`.
        seed: of the draws.
        fill_value: beyond the edges, for `fill_mode="constant"`.
        data_format: `"channels_last"`.
        kwargs: as for every `Layer`.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> quarter = cr.layers.RandomRotation((0.25, 0.25), interpolation="nearest")
        >>> quarter(np.array([[1.0, 2.0], [3.0, 4.0]])[None, :, :, None], training=True)[0, :, :, 0]
        array([[2., 4.],
               [1., 3.]], dtype=float32)
    """

    def __init__(
        self,
        factor: float | Sequence[float],
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.factor = factor
        self._turns = self._range("factor", factor)

    def mapped(self, shape: tuple, draw: Draws) -> tuple:
        """Turned about the middle."""
        low, high = self._turns
        angle = draw(0, low * 2 * math.pi, high * 2 * math.pi)
        cos, sin = xp(angle).cos(angle), xp(angle).sin(angle)
        cx, cy = (shape[2] - 1) / 2, (shape[1] - 1) / 2
        return cos, -sin, cx - cx * cos + cy * sin, sin, cos, cy - cx * sin - cy * cos


@register
class RandomTranslation(_Resampled):
    """Each image shifted by a random share of its height and width.

    Args:
        height_factor: the largest shift either way; or (lowest, highest), above 0 downwards.
        width_factor: likewise, above 0 to the right.
        fill_mode: what stands beyond the edges; see `ops.affine_transform`.
        interpolation: `"bilinear"` or `"nearest"`.
        seed: of the draws.
        fill_value: beyond the edges, for `fill_mode="constant"`.
        data_format: `"channels_last"`.
        kwargs: as for every `Layer`.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.RandomTranslation(0.0, (0.5, 0.5), fill_mode="constant")
        >>> layer(np.array([1.0, 2.0]).reshape(1, 1, 2, 1), training=True)[0, :, :, 0]
        array([[0., 1.]], dtype=float32)
    """

    def __init__(
        self,
        height_factor: float | Sequence[float],
        width_factor: float | Sequence[float],
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._rows = self._range("height_factor", height_factor)
        self._columns = self._range("width_factor", width_factor)

    def mapped(self, shape: tuple, draw: Draws) -> tuple:
        """Shifted."""
        height, width = shape[1:3]
        down = draw(0, self._rows[0] * height, self._rows[1] * height)
        right = draw(1, self._columns[0] * width, self._columns[1] * width)
        return 1.0, 0.0, -right, 0.0, 1.0, -down


@register
class RandomZoom(_Resampled):
    """Each image seen from nearer or farther, about its middle.

    Args:
        height_factor: how much, either way; or (lowest, highest): above 0 smaller, below 0 larger.
        width_factor: likewise for the width; None keeps the proportions.
        fill_mode: what stands beyond the edges; see `ops.affine_transform`.
        interpolation: `"bilinear"` or `"nearest"`.
        seed: of the draws.
        fill_value: beyond the edges, for `fill_mode="constant"`.
        data_format: `"channels_last"`.
        kwargs: as for every `Layer`.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.RandomZoom((-0.5, -0.5))  # twice as large
        >>> layer(np.array([0.0, 4.0]).reshape(1, 1, 2, 1), training=True)[0, :, :, 0]
        array([[1., 3.]], dtype=float32)
    """

    def __init__(
        self,
        height_factor: float | Sequence[float],
        width_factor: float | Sequence[float] | None = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        least = math.nextafter(-1.0, 0.0)
        self._rows = self._range("height_factor", height_factor, least)
        self._columns = None
        if width_factor is not None:
            self._columns = self._range("width_factor", width_factor, least)

    def mapped(self, shape: tuple, draw: Draws) -> tuple:
        """Seen from nearer or farther."""
        b = draw(0, 1 + self._rows[0], 1 + self._rows[1])
        a = b if self._columns is None else draw(1, 1 + self._columns[0], 1 + self._columns[1])
        cx, cy = (shape[2] - 1) / 2, (shape[1] - 1) / 2
        return a, 0.0, cx * (1 - a), 0.0, b, cy * (1 - b)


@register
class RandomShear(_Resampled):
    """Each image slanted: column i, row j comes from column i + s·j and row j + t·i.

    Args:
        x_factor: s is drawn from 0 to this, or from the first to the second of two numbers from 0
            to 1; its sign, and that of t, is a draw of its own.
        y_factor: likewise t.
        interpolation: `"bilinear"` or `"nearest"`.
        fill_mode: what stands beyond the edges; see `ops.affine_transform`.
        fill_value: beyond the edges, for `fill_mode="constant"`.
        data_format: `"channels_last"`.
        seed: of the draws.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a factor outside 0 to 1, an unknown mode.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.RandomShear((1.0, 1.0), fill_mode="wrap", seed=1)
        >>> layer(np.array([[1.0, 2.0], [3.0, 4.0]])[None, :, :, None], training=True)[0, :, :, 0]
        array([[1., 2.],
               [4., 3.]], dtype=float32)
    """

    def __init__(
        self,
        x_factor: float | Sequence[float] = 0.0,
        y_factor: float | Sequence[float] = 0.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.x_factor, self.y_factor = x_factor, y_factor
        self._across = self._range("x_factor", x_factor, 0.0, alone=0.0)
        self._down = self._range("y_factor", y_factor, 0.0, alone=0.0)

    def mapped(self, shape: tuple, draw: Draws) -> tuple:
        """Slanted."""
        turned = draw(2)
        side = xp(turned).where(turned < 0.5, 1.0, -1.0).astype(turned.dtype)
        s, t = draw(0, *self._across) * side, draw(1, *self._down) * side
        return 1.0, s, 0.0, t, 1.0, 0.0


@register
class RandomCrop(RandomLayer):
    """While training a piece of each image from a random place; else all of it, made smaller.

    Outside training, and for images smaller than the piece, the largest window of the piece's
    proportions in the middle is resized to it (bilinear).

    Args:
        height: rows of the piece.
        width: its columns.
        seed: of the draws.
        data_format: `"channels_last"`.
        kwargs: as for every `Layer`.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.RandomCrop(24, 24)(np.zeros((8, 28, 28, 1)), training=True).shape
        (8, 24, 24, 1)

    Keras takes one place for all images of a batch.
    """

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        for name, n in (("height", height), ("width", width)):
            if isinstance(n, bool) or not hasattr(n, "__index__") or n < 1:
                raise ArgumentError(
                    f"{name} must be a whole number of at least 1",
                    where=self.where,
                    received=repr(n),
                )
        self.height, self.width = int(height), int(width)

    def augment(self, x: Any, draw: Draws) -> Any:
        """A piece from a random place."""
        spare = [x.shape[1] - self.height, x.shape[2] - self.width]
        if min(spare) < 0:
            return self.at_rest(x)
        m = xp(draw(0))
        top, left = ((draw(k) * (n + 1)).astype(np.int32)[:, None] for k, n in enumerate(spare))
        rows, columns = top + m.arange(self.height), left + m.arange(self.width)
        batch = m.arange(x.shape[0])[:, None, None]
        return ops.getitem(x, (batch, rows[:, :, None], columns[:, None, :]))

    def at_rest(self, x: Any) -> Any:
        """The window in the middle, resized."""
        height, width = x.shape[1:3]
        if (height, width) == (self.height, self.width):
            return x
        rows = max(min(height, width * self.height // self.width), 1)
        columns = max(min(width, height * self.width // self.height), 1)
        b, a = rows / self.height, columns / self.width
        transform = [a, 0.0, 0.5 * a - 0.5, 0.0, b, 0.5 * b - 0.5, 0.0, 0.0]
        return ops.affine_transform(
            _middle(x, rows, columns),
            transform,
            fill_mode="nearest",
            size=(self.height, self.width),
        )

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """(batch, height, width, channels)."""
        return (input_shape[0], self.height, self.width, *input_shape[3:])


def _middle(x: Any, rows: int, columns: int) -> Any:
    """The window in the middle of each image."""
    top, left = (x.shape[1] - rows) // 2, (x.shape[2] - columns) // 2
    return ops.getitem(x, (slice(None), slice(top, top + rows), slice(left, left + columns)))


@register
class CenterCrop(RandomCrop):
    """The piece in the middle of each image, while training too; nothing is drawn.

    Of images smaller than the piece, the largest window of its proportions in the middle is resized
    to it (bilinear).

    Args:
        height: rows of the piece.
        width: its columns.
        data_format: `"channels_last"`.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a height or width below 1.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> x = np.arange(16.0).reshape(1, 4, 4, 1)
        >>> cr.layers.CenterCrop(2, 2)(x)[0, :, :, 0]
        array([[ 5.,  6.],
               [ 9., 10.]], dtype=float32)
    """

    def __init__(
        self, height: int, width: int, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(height, width, 0, data_format, **kwargs)  # no draw is asked of this seed

    @classmethod
    def _arguments(cls) -> dict[str, Any]:
        """Without a seed: nothing is drawn."""
        return {k: p for k, p in super()._arguments().items() if k != "seed"}

    def call(self, x: Any) -> Any:
        """The piece in the middle."""
        if min(x.shape[1] - self.height, x.shape[2] - self.width) < 0:
            return self.at_rest(x)
        return _middle(x, self.height, self.width)


@register
class RandomContrast(RandomLayer):
    """Each image's distances from the mean of its channel times a random factor.

        y = (x − mean)·f + mean, kept within `value_range`

    Args:
        factor: f is from 1 − factor to 1 + factor; or (a, b), a ≤ b: from 1 − a to 1 + b.
        value_range: the lowest and the highest value of a pixel.
        seed: of the draws.
        kwargs: as for every `Layer`.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.RandomContrast(0.5, value_range=(0, 1), seed=0)
        >>> layer(np.array([0.4, 0.6]).reshape(1, 1, 2, 1), training=True).mean().round(4)
        np.float32(0.5)

    Keras documents the same and takes f from 1 to 1 + factor where factor is one number.
    """

    def __init__(
        self,
        factor: float | Sequence[float],
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        less, more = self._range("factor", factor, 0.0, 1.0, alone=1.0)
        self.factor, self.value_range = factor, value_range
        self._between = (1.0 - less, 1.0 + more)
        self._values(value_range)

    def augment(self, x: Any, draw: Draws) -> Any:
        """Distances from the mean times a factor."""
        f = _each(draw(0, *self._between)).astype(x.dtype)
        mean = ops.mean(x, axis=(1, 2), keepdims=True)
        return ops.clip((x - mean) * f + mean, *self._values(self.value_range))


@register
class RandomBrightness(RandomLayer):
    """A random number added to all pixels of each image, kept within `value_range`.

    Args:
        factor: the largest change either way as a share of the range; or (lowest, highest).
        value_range: the lowest and the highest value of a pixel.
        seed: of the draws.
        kwargs: as for every `Layer`.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.RandomBrightness((0.25, 0.25), value_range=(0, 1))
        >>> layer(np.array([0.5, 1.0]).reshape(1, 1, 2, 1), training=True)[0, :, :, 0]
        array([[0.75, 1.  ]], dtype=float32)
    """

    def __init__(
        self,
        factor: float | Sequence[float],
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        self._change = self._range("factor", factor)
        self.factor, self.value_range = factor, value_range
        self._values(value_range)

    def augment(self, x: Any, draw: Draws) -> Any:
        """Brighter or darker."""
        low, high = self._values(self.value_range)
        change = draw(0, self._change[0] * (high - low), self._change[1] * (high - low))
        return ops.clip(x + _each(change).astype(x.dtype), low, high)


@register
class RandomErasing(RandomLayer):
    """A random rectangle of some images replaced by noise, or by one value.

    Args:
        factor: the probability of erasing is drawn for each image from 0 to this, or from the first
            to the second of two numbers.
        scale: height and width of the rectangle are √u of the image's, each with its own u, drawn
            from the first to the second number.
        fill_value: what is put there: a number, one for each channel, or None for normal noise
            times the upper end of `value_range`.
        value_range: the lowest and the highest value of a pixel; the filling is kept within.
        seed: of the draws.
        data_format: `"channels_last"`.
        kwargs: as for every `Layer`.

    Source: Zhong et al., "Random erasing data augmentation" (2017).

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.RandomErasing((1, 1), scale=(0.25, 0.25), fill_value=0.0, seed=0)
        >>> int((layer(np.ones((1, 8, 8, 1)), training=True) == 0).sum())
        16
    """

    def __init__(
        self,
        factor: float | Sequence[float] = 1.0,
        scale: float | Sequence[float] = (0.02, 0.33),
        fill_value: float | Sequence[float] | None = None,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        self._chance = self._range("factor", factor, 0.0, 1.0, alone=0.0)
        self._area = self._range("scale", scale, 0.0, 1.0, alone=0.0)
        numbers = fill_value if isinstance(fill_value, (tuple, list)) else [fill_value]
        if fill_value is not None and not all(map(is_number, numbers)):
            raise ArgumentError(
                "fill_value must be a number, one for each channel, or None",
                where=self.where,
                received=repr(fill_value)[:200],
            )
        self.factor, self.scale, self.fill_value = factor, scale, fill_value
        self.value_range = value_range
        self._values(value_range)

    def augment(self, x: Any, draw: Draws) -> Any:
        """A rectangle of some images erased."""
        rows, columns = self._span(x.shape[1], draw, 0), self._span(x.shape[2], draw, 2)
        inside = rows[:, :, None] & columns[:, None, :]
        chosen = draw(4) < draw(5, *self._chance)
        low, high = self._values(self.value_range)
        if self.fill_value is None:
            filling = draw.normal(6, x.shape) * high
        else:
            filling = np.asarray(self.fill_value, x.dtype)
            self.needs(
                filling.ndim == 0 or filling.shape == x.shape[3:],
                "there must be one fill_value for each channel",
                f"{x.shape[3]} numbers, or one",
                f"fill_value={self.fill_value}",
            )
        filling = xp(filling).clip(filling, low, high).astype(x.dtype)
        return ops.where((inside & chosen[:, None, None])[..., None], filling, x)

    def _span(self, length: int, draw: Draws, k: int) -> Any:
        """Which rows (or columns) of each image lie in its rectangle, (batch, length)."""
        drawn = draw(k, *self._area)
        size = xp(drawn).sqrt(drawn) * length
        start = draw(k + 1) * (length - size)
        place = xp(drawn).arange(length)
        return (place >= start[:, None]) & (place < (start + size)[:, None])
