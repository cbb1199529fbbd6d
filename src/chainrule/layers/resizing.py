"""Layers that give images, sequences and volumes a border, cut one off, or change their size."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from .. import ops
from ..checks import channels_last, need_numbers
from ..errors import ArgumentError, choose
from ..ops.resizing import INTERPOLATIONS
from ..ops.windows import per_axis
from .base import Layer, register
from .spatial import Spatial

Widths = int | Sequence[int | Sequence[int]]


def _sides(value: Any, axes: int, where: str, name: str) -> tuple[tuple[int, int], ...]:
    """(before, after) for each axis: of one number for all, of one for each, or of pairs."""

    def pair(v: Any) -> tuple[int, int]:
        before, after = (v, v) if not isinstance(v, (tuple, list)) else v
        if isinstance(before, bool) or isinstance(after, bool) or min(before, after) < 0:
            raise ValueError
        return operator.index(before), operator.index(after)

    try:
        if axes == 1 and isinstance(value, (tuple, list)):
            return (pair(value),)
        each = value if isinstance(value, (tuple, list)) else (value,) * axes
        sides = tuple(pair(v) for v in each)
        if len(sides) != axes:
            raise ValueError
    except (TypeError, ValueError):
        expected = "a whole number from 0, or a pair (before, after)"
        if axes > 1:
            expected += f", or {axes} of them"
        raise ArgumentError(
            f"{name} is out of range", where=where, expected=expected, received=repr(value)[:100]
        ) from None
    return sides


class _ZeroPadding(Spatial):
    """Base of layers that put zeros around."""

    def __init__(self, padding: Widths, data_format: str | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        sides = _sides(padding, self.axes, self.where, "padding")
        self.padding: Any = sides if self.axes > 1 else sides[0]
        self.data_format = channels_last(data_format, self.where)

    def call(self, x: Any) -> Any:
        """X with zeros around."""
        self._fits(x.shape)
        return ops.pad(x, ((0, 0), *self._sides(), (0, 0)))

    def _sides(self) -> tuple[tuple[int, int], ...]:
        return self.padding if self.axes > 1 else (self.padding,)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Longer by what is added."""
        self._fits(input_shape)
        lengths = [
            None if n is None else n + before + after
            for n, (before, after) in zip(input_shape[1:-1], self._sides(), strict=True)
        ]
        return (input_shape[0], *lengths, input_shape[-1])


@register
class ZeroPadding1D(_ZeroPadding):
    """Zeros before and after a sequence; (batch, steps, features).

    Args:
        padding: steps on each side, or (before, after).
        data_format: `"channels_last"`, the only one there is.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a padding that is none.
        ShapeError: an input with other axes.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.ZeroPadding1D((1, 2))(np.ones((1, 2, 1))).ravel()
        array([0., 1., 1., 0., 0.], dtype=float32)
    """

    axes = 1

    def __init__(self, padding: Widths = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(padding, data_format, **kwargs)


@register
class ZeroPadding2D(_ZeroPadding):
    """Zeros around images; (batch, height, width, channels).

    Args:
        padding: pixels on all four sides; or (above and below, left and right); or
            ((above, below), (left, right)).
        data_format: `"channels_last"`, the only one there is.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a padding that is none.
        ShapeError: an input with other axes.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.ZeroPadding2D(2)(np.ones((1, 28, 28, 1))).shape
        (1, 32, 32, 1)
    """

    axes = 2

    def __init__(
        self, padding: Widths = (1, 1), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(padding, data_format, **kwargs)


@register
class ZeroPadding3D(_ZeroPadding):
    """Zeros around volumes; (batch, depth, height, width, channels).

    Args:
        padding: cells on all sides; or one number for each axis; or a pair (before, after) for
            each.
        data_format: `"channels_last"`, the only one there is.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a padding that is none.
        ShapeError: an input with other axes.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.ZeroPadding3D((1, 0, 2))(np.ones((1, 4, 4, 4, 1))).shape
        (1, 6, 4, 8, 1)
    """

    axes = 3

    def __init__(
        self, padding: Widths = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(padding, data_format, **kwargs)


class _Cropping(Spatial):
    """Base of layers that cut a border off."""

    def __init__(self, cropping: Widths, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        sides = _sides(cropping, self.axes, self.where, "cropping")
        self.cropping: Any = sides if self.axes > 1 else sides[0]

    def call(self, x: Any) -> Any:
        """X without its border."""
        self._fits(x.shape)
        inner = [
            slice(before, n - after)
            for n, (before, after) in zip(x.shape[1:-1], self._sides(), strict=True)
        ]
        return ops.getitem(x, (slice(None), *inner))

    def _sides(self) -> tuple[tuple[int, int], ...]:
        return self.cropping if self.axes > 1 else (self.cropping,)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Shorter by what is cut off."""
        self._fits(input_shape)
        lengths = [
            None if n is None else n - before - after
            for n, (before, after) in zip(input_shape[1:-1], self._sides(), strict=True)
        ]
        return (input_shape[0], *lengths, input_shape[-1])

    def _fits(self, shape: Sequence[int | None]) -> None:
        super()._fits(shape)
        left = [
            n is None or n > before + after
            for n, (before, after) in zip(shape[1:-1], self._sides(), strict=True)
        ]
        self.needs(
            all(left),
            "nothing is left of the input",
            f"lengths of more than {tuple(sum(pair) for pair in self._sides())}",
            tuple(shape),
            "a smaller cropping",
        )


@register
class Cropping1D(_Cropping):
    """A sequence without its first and last steps; (batch, steps, features).

    Args:
        cropping: steps on each side, or (before, after).
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a cropping that is none.
        ShapeError: an input with other axes, or of which nothing is left.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.Cropping1D((1, 0))(np.array([[[1.0], [2.0], [3.0]]])).ravel()
        array([2., 3.], dtype=float32)
    """

    axes = 1

    def __init__(self, cropping: Widths = (1, 1), **kwargs: Any) -> None:
        super().__init__(cropping, **kwargs)


@register
class Cropping2D(_Cropping):
    """Images without their border; (batch, height, width, channels).

    Args:
        cropping: pixels on all four sides; or (above and below, left and right); or
            ((above, below), (left, right)).
        data_format: `"channels_last"`, the only one there is.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a cropping that is none.
        ShapeError: an input with other axes, or of which nothing is left.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.Cropping2D(2)(np.ones((1, 32, 32, 1))).shape
        (1, 28, 28, 1)
    """

    axes = 2

    def __init__(
        self, cropping: Widths = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(cropping, **kwargs)
        self.data_format = channels_last(data_format, self.where)


@register
class Cropping3D(_Cropping):
    """Volumes without their border; (batch, depth, height, width, channels).

    Args:
        cropping: cells on all sides; or one number for each axis; or a pair (before, after) for
            each.
        data_format: `"channels_last"`, the only one there is.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a cropping that is none.
        ShapeError: an input with other axes, or of which nothing is left.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.Cropping3D(1)(np.ones((1, 4, 5, 6, 1))).shape
        (1, 2, 3, 4, 1)
    """

    axes = 3

    def __init__(
        self, cropping: Widths = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(cropping, **kwargs)
        self.data_format = channels_last(data_format, self.where)


class _UpSampling(Spatial):
    """Base of layers that repeat cells."""

    interpolation = "nearest"

    def _times(self) -> tuple[int, ...]:
        return self.size if self.axes > 1 else (self.size,)  # type: ignore[attr-defined]

    def call(self, x: Any) -> Any:
        """X, larger."""
        self._fits(x.shape)
        return ops.upsampling(x, self._times(), self.interpolation)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Each length times its size."""
        self._fits(input_shape)
        lengths = [
            None if n is None else n * k
            for n, k in zip(input_shape[1:-1], self._times(), strict=True)
        ]
        return (input_shape[0], *lengths, input_shape[-1])


@register
class UpSampling1D(_UpSampling):
    """Each step `size` times; (batch, steps, features) → (batch, steps·size, features).

    Args:
        size: how many times.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a size that is none.
        ShapeError: an input with other axes.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.UpSampling1D(2)(np.array([[[1.0], [2.0]]])).ravel()
        array([1., 1., 2., 2.], dtype=float32)
    """

    axes = 1

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = per_axis(size, 1, "size", self.where)[0]


@register
class UpSampling2D(_UpSampling):
    """Images `size` times as large; (batch, height, width, channels).

    Args:
        size: (height, width): how many times, or one number for both.
        data_format: `"channels_last"`, the only one there is.
        interpolation: `"nearest"` repeats pixels; `"bilinear"`, `"bicubic"`, `"lanczos3"` and
            `"lanczos5"` as `cr.ops.resize`.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a size or an interpolation that is none.
        ShapeError: an input with other axes.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> x = np.array([0.0, 8.0]).reshape(1, 1, 2, 1)
        >>> cr.layers.UpSampling2D((1, 2), interpolation="bilinear")(x).ravel()
        array([0., 2., 6., 8.], dtype=float32)
    """

    axes = 2

    def __init__(
        self,
        size: int | Sequence[int] = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.size = per_axis(size, 2, "size", self.where)
        self.data_format = channels_last(data_format, self.where)
        self.interpolation = _interpolation(interpolation, self.where)


@register
class UpSampling3D(_UpSampling):
    """Each cell repeated; (batch, depth, height, width, channels).

    Args:
        size: (depth, height, width): how many times, or one number for all.
        data_format: `"channels_last"`, the only one there is.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a size that is none.
        ShapeError: an input with other axes.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.UpSampling3D(2)(np.ones((1, 1, 2, 3, 1))).shape
        (1, 2, 4, 6, 1)
    """

    axes = 3

    def __init__(
        self, size: int | Sequence[int] = (2, 2, 2), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.size = per_axis(size, 3, "size", self.where)
        self.data_format = channels_last(data_format, self.where)


def _interpolation(word: Any, where: str) -> str:
    if word not in INTERPOLATIONS:
        raise choose("interpolation", word, INTERPOLATIONS, where=where)
    return word


@register
class Resizing(Layer):
    """Images in one size; (..., height, width, channels) → (..., height, width, channels).

    Args:
        height: of the result.
        width: of the result.
        interpolation: `"nearest"`, `"bilinear"`, `"bicubic"`, `"lanczos3"` or `"lanczos5"`, as
            `cr.ops.resize`.
        crop_to_aspect_ratio: keep proportions: cut off what would be too wide or too high.
        pad_to_aspect_ratio: keep proportions: put a border of `fill_value` around.
        fill_mode: `"constant"`, the only one there is.
        fill_value: of the border.
        antialias: where images get smaller, average over all pixels that fall together.
        data_format: `"channels_last"`, the only one there is.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an argument that makes no sense, or both ways to keep proportions.
        ShapeError: an input that is no image.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.Resizing(28, 28)(np.ones((5, 8, 8, 1))).shape
        (5, 28, 28, 1)
    """

    integer_input = takes_trees = False

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.height, self.width = per_axis((height, width), 2, "height and width", self.where)
        self.interpolation = _interpolation(interpolation, self.where)
        self.crop_to_aspect_ratio = crop_to_aspect_ratio
        self.pad_to_aspect_ratio = pad_to_aspect_ratio
        self.fill_mode, self.fill_value = fill_mode, fill_value
        self.antialias = antialias
        self.data_format = channels_last(data_format, self.where)
        need_numbers(self.where, "a finite number", lambda v: True, fill_value=fill_value)
        if fill_mode != "constant":
            raise choose("fill_mode", fill_mode, ("constant",), where=self.where)
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise ArgumentError(
                "proportions are kept in one way",
                where=self.where,
                expected="crop_to_aspect_ratio or pad_to_aspect_ratio",
                received="both",
            )

    def build(self, input_shape: tuple) -> None:
        """Only look at the shape."""
        self._fits(input_shape)

    def call(self, x: Any) -> Any:
        """X in the new size."""
        self._fits(x.shape)
        if self.crop_to_aspect_ratio or self.pad_to_aspect_ratio:
            x = self._in_proportion(x)
        return ops.resize(x, (self.height, self.width), self.interpolation, self.antialias)

    def _in_proportion(self, x: Any) -> Any:
        """The middle of x, or x with a border, in the proportions of the result."""
        height, width = x.shape[-3:-1]
        wanted = (int(width * self.height / self.width), int(height * self.width / self.height))
        if self.crop_to_aspect_ratio:
            lengths = [max(1, min(n, k)) for n, k in zip((height, width), wanted, strict=True)]
            starts = [(n - k) // 2 for n, k in zip((height, width), lengths, strict=True)]
            inner = [slice(a, a + k) for a, k in zip(starts, lengths, strict=True)]
            return ops.getitem(x, (..., *inner, slice(None)))
        # the same on both sides, as in Keras: the result may be a pixel off the proportions
        border = [(max(n, k) - n) // 2 for n, k in zip((height, width), wanted, strict=True)]
        if border[0]:
            border[1] = 0
        pairs = [(0, 0)] * (len(x.shape) - 3) + [(b, b) for b in border] + [(0, 0)]
        return ops.pad(x, tuple(pairs), constant_values=self.fill_value)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """The new height and width."""
        self._fits(input_shape)
        return (*input_shape[:-3], self.height, self.width, input_shape[-1])

    def _fits(self, shape: Sequence[int | None]) -> None:
        self.needs(
            len(shape) in (3, 4),
            "the input is no image",
            "(height, width, channels), or (batch, height, width, channels)",
            tuple(shape),
            "images without colours need an axis of length 1 at the end: x[..., None]",
        )
