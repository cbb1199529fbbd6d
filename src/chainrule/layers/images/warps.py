"""Augmentation by changing the shape of what is seen: in perspective, and as if on rubber."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import ops
from ...arrays import xp
from ...ops.mapping import displaced, displacements
from ...ops.warping import check_modes
from ..augmentation import Draws, RandomLayer, _each
from ..base import register

__all__ = ["RandomElasticTransform", "RandomPerspective"]


@register
class RandomPerspective(RandomLayer):
    """Some images seen at an angle: their corners moved, straight lines stay straight.

    A corner at column i and row j goes to (i·(1 + a), j·(1 + b)), with a and b drawn for each
    corner from −scale/2 to scale/2; so the first one stays, and the last moves both ways.
    See `ops.perspective_transform`.

    Args:
        factor: the probability is drawn for each image from 0 to this, or from the first to the
            second of two numbers; at most 1.
        scale: how far, from 0 to 1.
        interpolation: `"bilinear"` or `"nearest"`.
        fill_value: what stands beyond the edges.
        seed: of the draws.
        data_format: `"channels_last"`.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a number outside 0 to 1, an unknown interpolation.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.RandomPerspective((1.0, 1.0), scale=0.5, seed=1)
        >>> y = layer(np.ones((1, 8, 8, 1)), training=True)
        >>> y.shape, y[0, 0, 0, 0]  # the first corner stays
        ((1, 8, 8, 1), np.float32(1.0))

    With scale=1 corners move by up to half the image, so that less than half may be left of it.
    """

    def __init__(
        self,
        factor: float | Sequence[float] = 1.0,
        scale: float = 1.0,
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        self._chance = self._range("factor", factor, 0.0, alone=0.0)
        self._range("scale", (scale, scale), 0.0)
        check_modes(interpolation, "constant", self.where)
        self.factor, self.scale, self.interpolation = factor, scale, interpolation
        self.fill_value = fill_value

    def augment(self, x: Any, draw: Draws) -> Any:
        """Seen at an angle where the one draw lies below the other."""
        chosen = draw(1) < draw(0, *self._chance)
        right, bottom = x.shape[2] - 1.0, x.shape[1] - 1.0
        corners = np.array([[0, 0], [right, 0], [0, bottom], [right, bottom]], "float32")
        moved = 1 + draw(2, -self.scale / 2, self.scale / 2, (x.shape[0], 4, 2))
        start = xp(moved).broadcast_to(corners, moved.shape)
        seen = ops.perspective_transform(
            x, start, corners * moved, self.interpolation, float(self.fill_value)
        )
        return ops.where(_each(chosen), seen, x)


@register
class RandomElasticTransform(RandomLayer):
    """Some images as if printed on rubber that is pulled here and there.

    For d drawn from `scale`, pixels move by α = d·max(height, width)/10 times noise that is blurred
    over σ = d·min(height, width)/20 pixels. See `ops.elastic_transform`.

    Args:
        factor: the probability is drawn for each image from 0 to this, or from the first to the
            second of two numbers; at most 1.
        scale: d is drawn for each image from 0 to this, at most 1, or from the first to the second
            of two numbers.
        interpolation: `"bilinear"` or `"nearest"`.
        fill_mode: what stands beyond the edges; see `ops.affine_transform`.
        fill_value: beyond the edges, for `fill_mode="constant"`.
        value_range: the lowest and the highest value of a pixel; the result is kept within.
        seed: of the draws.
        data_format: `"channels_last"`.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a number outside 0 to 1, an unknown mode.

    Source: Simard et al., "Best practices for convolutional neural networks applied to visual
    document analysis" (2003).

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.RandomElasticTransform((1.0, 1.0), seed=1)
        >>> flat = layer(np.full((1, 16, 16, 1), 7.0), training=True)
        >>> bool(np.allclose(flat, 7.0))  # where nothing is drawn, nothing is seen to move
        True

    Keras draws d once for all images of a batch.
    """

    def __init__(
        self,
        factor: float | Sequence[float] = 1.0,
        scale: float | Sequence[float] = 1.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        self._chance = self._range("factor", factor, 0.0, alone=0.0)
        self._scale = self._range("scale", scale, 0.0, alone=0.0)
        check_modes(interpolation, fill_mode, self.where)
        self.factor, self.scale, self.interpolation = factor, scale, interpolation
        self.fill_mode, self.fill_value, self.value_range = fill_mode, fill_value, value_range
        self._values(value_range)

    def augment(self, x: Any, draw: Draws) -> Any:
        """Pulled where the one draw lies below the other."""
        chosen = draw(1) < draw(0, *self._chance)
        shape = x.shape[:3]
        far, near = 0.1 * max(shape[1:]), 0.05 * min(shape[1:])
        d = draw(2, *self._scale)
        noise = draw.normal(3, shape), draw.normal(5, shape)
        reach = int(6 * near * self._scale[1]) | 1
        right, down = displacements(noise, far * d, ops.maximum(near * d, 1e-6), reach)
        y = displaced(x, right, down, self.interpolation, self.fill_mode, float(self.fill_value))
        y = ops.where(_each(chosen), y, x)
        return ops.clip(y, *self._values(self.value_range))
