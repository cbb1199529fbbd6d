"""Augmentation by several changes that are drawn from a list: RandAugment and AugMix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ... import ops, rng
from ...arrays import xp
from ...checks import need_numbers
from ...ops.warping import check_modes
from ...ops.windows import per_axis
from ..augmentation import (
    Draws,
    RandomBrightness,
    RandomContrast,
    RandomLayer,
    RandomRotation,
    RandomShear,
    RandomTranslation,
    _each,
)
from ..base import register
from ..colors import RandomColorDegeneration, RandomPosterization, Solarization
from .histograms import AutoContrast, Equalization
from .recipe import Recipe
from .sharpness import RandomSharpness

__all__ = ["AugMix", "RandAugment"]


def _changes(
    factor: tuple[float, float], value_range: Any, interpolation: str, every: bool = True
) -> Recipe:
    """The changes to draw from; without `every` those that leave colours and edges alone."""
    how: dict[str, Any] = {"interpolation": interpolation, "seed": 0}
    values: dict[str, Any] = {"value_range": value_range, "seed": 0}
    parts = [
        RandomShear(factor, factor, **how),
        RandomTranslation(factor, factor, **how),
        RandomRotation(factor, **how),
        RandomPosterization(max(1, int(8 * factor[1])), **values),
        Solarization(factor, factor, **values),
        AutoContrast(value_range),
        Equalization(value_range),
    ]
    if every:
        parts += [
            RandomBrightness(factor, **values),
            RandomColorDegeneration(factor, **values),
            RandomContrast(factor, **values),
            RandomSharpness(factor, **values),
        ]
    return Recipe(parts)


@register
class RandAugment(RandomLayer):
    """Each image changed `num_ops` times, by changes drawn from a list, all of the same strength.

    The list: `RandomShear`, `RandomTranslation`, `RandomRotation`, `RandomPosterization`,
    `Solarization`, `AutoContrast`, `Equalization`, `RandomBrightness`, `RandomColorDegeneration`,
    `RandomContrast`, `RandomSharpness`. Every image draws its own.

    Args:
        value_range: the lowest and the highest value of a pixel.
        num_ops: how many changes, one after the other.
        factor: how strong: the factor of each change is drawn from 0 to this, at most 1, or from
        the
            first to the second of two numbers; of posterization 8 times the second are the bits.
        interpolation: `"bilinear"` or `"nearest"`.
        seed: of the draws.
        data_format: `"channels_last"`.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a factor outside 0 to 1, less than 1 change, an unknown interpolation.
        ShapeError: the images have neither three channels nor one.

    Source: Cubuk et al., "RandAugment: Practical automated data augmentation with a reduced search
    space" (NeurIPS 2020).

    Example:
        >>> import numpy as np, chainrule as cr
        >>> x = np.random.default_rng(0).uniform(0, 255, (4, 16, 16, 3))
        >>> y = cr.layers.RandAugment(seed=1)(x, training=True)
        >>> y.shape, bool((y >= 0).all() and (y <= 255).all())
        ((4, 16, 16, 3), True)

    Keras draws the same changes for all images of a batch. As in Keras a factor from 0 on moves,
    turns and brightens one way; the paper draws the side too, which a factor of `(-f, f)` does in
    the single layers.
    """

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        num_ops: int = 2,
        factor: float | Sequence[float] = 0.5,
        interpolation: str = "bilinear",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        strength = self._range("factor", factor, 0.0, alone=0.0)
        self._values(value_range)
        check_modes(interpolation, "reflect", self.where)
        (self.num_ops,) = per_axis(num_ops, 1, "num_ops", self.where)
        self.value_range, self.factor, self.interpolation = value_range, factor, interpolation
        self._recipe = _changes(strength, value_range, interpolation)

    def augment(self, x: Any, draw: Draws) -> Any:
        """One drawn change after the other."""
        _need_colors(self, x)
        count = len(self._recipe.parts)
        for k in range(self.num_ops):
            x = self._recipe.one_each(x, _numbers(draw(k), count), draw.part(k))
        return x


@register
class AugMix(RandomLayer):
    """Each image mixed with several changed ones of itself.

        y = m·x + (1 − m)·Σᵢ wᵢ·chainᵢ(x),  m from Beta(α, α), w from Dirichlet(α, ..., α)

    A chain makes `chain_depth` changes one after the other, each drawn from the list of
    `RandAugment` or left out. Every image draws its own.

    Args:
        value_range: the lowest and the highest value of a pixel; the result is kept within.
        num_chains: how many chains.
        chain_depth: how many changes a chain makes at most.
        factor: how strong; see `RandAugment`.
        alpha: α, above 0.
        all_ops: whether brightness, colours, contrast and sharpness are changed too.
        interpolation: `"bilinear"` or `"nearest"`.
        seed: of the draws.
        data_format: `"channels_last"`.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a number out of range, an unknown interpolation.
        ShapeError: the images have neither three channels nor one.

    Source: Hendrycks et al., "AugMix: A simple data processing method to improve robustness and
    uncertainty" (ICLR 2020). Its loss for the consistency of three predictions is not part of this.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> x = np.random.default_rng(0).uniform(0, 255, (4, 16, 16, 3))
        >>> y = cr.layers.AugMix(seed=1)(x, training=True)
        >>> y.shape, bool((y >= 0).all() and (y <= 255).all())
        ((4, 16, 16, 3), True)

    Keras draws once for all images of a batch; in a compiled step it draws the changes only when
    the step is compiled.
    """

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        num_chains: int = 3,
        chain_depth: int = 3,
        factor: float | Sequence[float] = 0.3,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: str = "bilinear",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        strength = self._range("factor", factor, 0.0, alone=0.0)
        self._values(value_range)
        check_modes(interpolation, "reflect", self.where)
        need_numbers(self.where, "a number above 0", lambda v: v > 0, alpha=alpha)
        (self.num_chains,) = per_axis(num_chains, 1, "num_chains", self.where)
        (self.chain_depth,) = per_axis(chain_depth, 1, "chain_depth", self.where)
        self.value_range, self.factor, self.alpha = value_range, factor, alpha
        self.all_ops, self.interpolation = all_ops, interpolation
        self._recipe = _changes(strength, value_range, interpolation, all_ops)

    def augment(self, x: Any, draw: Draws) -> Any:
        """Mixed with what its chains made of it."""
        _need_colors(self, x)
        n, chains, count = x.shape[0], self.num_chains, len(self._recipe.parts)
        share = _each(draw.beta(0, self.alpha)).astype(x.dtype)
        weights = rng.log_gamma(draw.part(0).key, self.alpha, (chains, n))
        weights = ops.softmax(weights, axis=0).astype(x.dtype)
        y = ops.tile(x, (chains, 1, 1, 1))  # every chain at once: one program for all
        for k in range(self.chain_depth):
            all_chains = Draws(draw.part(1 + k).key, chains * n)
            chosen = _numbers(all_chains(0), count + 1)  # the last leaves the image as it is
            y = self._recipe.one_each(y, chosen, all_chains.part(0))
        y = ops.reshape(y, (chains, *x.shape)) * weights[:, :, None, None, None]
        y = share * x + (1 - share) * ops.sum(y, axis=0)
        return ops.clip(y, *self._values(self.value_range))


def _numbers(drawn: Any, count: int) -> Any:
    """Whole numbers below count, all as likely, of uniform ones."""
    m = xp(drawn)
    return m.minimum(m.floor(drawn * count), count - 1).astype("int32")


def _need_colors(layer: Any, x: Any) -> None:
    layer.needs(
        x.shape[3] in (1, 3),
        "the images have no colours, and are not grey",
        "images of 3 channels, or of 1",
        tuple(x.shape),
    )
