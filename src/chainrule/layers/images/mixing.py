"""Images of a batch mixed with one another, and their labels with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import ops
from ...arrays import is_float, xp
from ...checks import need_numbers
from ...data.mixing import need_mixable
from ...errors import ArgumentError, ShapeError
from ..augmentation import Draws, RandomLayer
from ..base import register

__all__ = ["CutMix", "MixUp"]

_KEYS = ("images", "labels", "segmentation_masks")


class _Mixed(RandomLayer):
    """Base of layers that mix the images of a batch, and whatever belongs to them.

    It takes a dict, since images that are mixed without their labels teach what is not so. It
    stands before the model, not in it.

    Args:
        seed: of the draws.
        data_format: `"channels_last"`.
        kwargs: as for every `Layer`.
    """

    integer_input = takes_trees = True

    def build(self, input_shape: Any) -> None:
        """Look at the shape of the images; there are no weights."""
        if isinstance(input_shape, dict) and "images" in input_shape:
            super().build(tuple(input_shape["images"]))

    def call(self, x: Any, training: bool = True) -> Any:
        """X mixed, as a dict again; outside training as it is."""
        if not training:
            return x
        if not isinstance(x, dict):
            raise ArgumentError(
                "labels must be mixed with their images",
                where=self.where,
                expected='a dict {"images": images, "labels": one-hot rows}, before the model',
                received="an array",
                fix='batch = layer({"images": x, "labels": y}), then '
                'model.fit(batch["images"], batch["labels"]); or cr.data.mixup and cutmix',
            )
        unknown = [k for k in x if k not in _KEYS]
        if unknown or "images" not in x:
            raise ArgumentError(
                "these cannot be mixed",
                where=self.where,
                expected=f"images, and with them {_KEYS[1]} or {_KEYS[2]}",
                received=", ".join(map(str, x)),
            )
        lengths = {k: np.shape(v)[0] for k, v in x.items()}
        if len(set(lengths.values())) > 1:
            raise ShapeError("the lengths differ", where=self.where, received=lengths)
        if "labels" in x:
            need_mixable(x["labels"], self.where)
        found = {k: v if is_float(v) else ops.cast(v, self.dtype) for k, v in x.items()}
        return self.mix(found, self.draws(lengths["images"]), x)

    def mix(self, x: dict, draw: Draws, given: dict) -> dict:
        """Every entry mixed; `given` are they in the types in which they came."""
        raise NotImplementedError(f"{type(self).__name__} has no mix method")

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Unchanged."""
        return input_shape


def _shared(x: Any, share: Any, order: Any) -> Any:
    """share·x + (1 − share)·the others, one share for each sample."""
    share = share.reshape(-1, *(1,) * (len(np.shape(x)) - 1)).astype(x.dtype)
    return share * x + (1 - share) * ops.take(x, order, axis=0)


@register
class MixUp(_Mixed):
    """Each image mixed with another one of the batch, and their labels by the same shares.

        x = λ·x + (1 − λ)·x',  y = λ·y + (1 − λ)·y',  λ from Beta(α, α), one for each image

    It takes and gives a dict, before the model: `{"images": ..., "labels": ...}`, labels as one-hot
    rows, probabilities or numbers. Called on its own it mixes; with `training=False` it does not.
    `cr.data.mixup` does the same for two arrays.

    Args:
        alpha: above 0; 1 mixes evenly over all shares, small numbers stay near one image.
        data_format: `"channels_last"`.
        seed: of the draws.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: alpha not above 0; an array without labels; other keys.
        DataError: class numbers, which cannot be mixed.

    Source: Zhang et al., "mixup: Beyond empirical risk minimization" (ICLR 2018).

    Example:
        >>> import numpy as np, chainrule as cr
        >>> x = np.stack([np.zeros((4, 4, 1)), np.ones((4, 4, 1))])
        >>> batch = cr.layers.MixUp(seed=1)({"images": x, "labels": np.eye(2)})
        >>> bool(np.allclose(batch["images"][:, 0, 0, 0], batch["labels"][:, 1]))
        True

    Keras takes images alone too, and then leaves the labels as they were.
    """

    def __init__(
        self,
        alpha: float = 0.2,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        need_numbers(self.where, "a number above 0", lambda v: v > 0, alpha=alpha)
        self.alpha = alpha

    def mix(self, x: dict, draw: Draws, given: dict) -> dict:
        """By shares."""
        if "segmentation_masks" in given:
            need_mixable(given["segmentation_masks"], self.where)
        share, order = draw.beta(0, self.alpha), draw.order(2)
        return {k: _shared(v, share, order) for k, v in x.items()}


@register
class CutMix(_Mixed):
    """A rectangle of each image replaced by that of another one, labels mixed by area.

    The rectangle has √(1 − λ) of the image's height and width and stands at a random place, with λ
    from Beta(a, a), a uniform over `factor`; labels are mixed by the pixels it really has. It takes
    and gives a dict, before the model: `{"images": ..., "labels": ...}`; class numbers of pixels
    under "segmentation_masks" are replaced likewise. Called on its own it mixes; with
    `training=False` it does not. `cr.data.cutmix` does the same for two arrays.

    Args:
        factor: a is drawn for each batch from 0 to this, at most 1, or from the first to the second
            of two numbers.
        seed: of the draws.
        data_format: `"channels_last"`.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a factor outside 0 to 1; an array without labels; other keys.
        DataError: class numbers as labels, which cannot be mixed.

    Source: Yun et al., "CutMix: Regularization strategy to train strong classifiers with
    localizable features" (ICCV 2019).

    Example:
        >>> import numpy as np, chainrule as cr
        >>> x = np.stack([np.zeros((8, 8, 1)), np.ones((8, 8, 1))])
        >>> batch = cr.layers.CutMix(seed=1)({"images": x, "labels": np.eye(2)})
        >>> bool(np.allclose(batch["images"].mean(axis=(1, 2, 3)), batch["labels"][:, 1]))
        True

    Keras mixes labels by the area that was drawn, not by the pixels: in small images up to a row
    and a column off. It takes images alone too, and then leaves the labels as they were.
    """

    def __init__(
        self,
        factor: float | Sequence[float] = 1.0,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        self._alpha = self._range("factor", factor, 0.0, alone=0.0)
        self.factor = factor

    def mix(self, x: dict, draw: Draws, given: dict) -> dict:
        """By rectangles."""
        height, width = x["images"].shape[1:3]
        low, high = self._alpha
        alpha = draw(0, shape=()) * (high - low) + low + 1e-6
        share, order = draw.beta(1, alpha), draw.order(3)
        m = xp(share)
        side = m.sqrt(1 - share)
        down, across = (_span(m, length, side, draw(k)) for k, length in ((4, height), (5, width)))
        inside = down[:, :, None] & across[:, None, :]
        kept = 1 - m.mean(inside.astype(share.dtype), axis=(1, 2))

        def pasted(v: Any) -> Any:
            return ops.where(inside[..., None], ops.take(v, order, axis=0), v)

        found = {k: pasted(v) for k, v in x.items() if k == "images"}
        if "segmentation_masks" in given:
            found["segmentation_masks"] = pasted(given["segmentation_masks"])
        if "labels" in x:
            found["labels"] = _shared(x["labels"], kept, order)
        return {k: found[k] for k in x}


def _span(m: Any, length: int, side: Any, drawn: Any) -> Any:
    """Which rows (or columns) of each image lie in its rectangle, (batch, length)."""
    start = drawn * (1 - side) * length
    place = m.arange(length)
    return (place >= start[:, None]) & (place < (start + side * length)[:, None])
