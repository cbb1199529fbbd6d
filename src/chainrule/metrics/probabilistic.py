"""Metrics of probabilities and margins, each the mean of the loss of that name."""

from __future__ import annotations

from typing import Any

from .. import losses
from .base import MeanMetric, registry

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "Hinge",
    "KLDivergence",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
]


class _Crossentropy(MeanMetric):
    """Base of the cross-entropies: predictions may be logits."""

    direction = "min"
    settings = ("from_logits",)

    def __init__(
        self, name: str | None = None, dtype: Any = None, from_logits: bool = False, **unknown: Any
    ) -> None:
        super().__init__(name, dtype, **unknown)
        self.from_logits = from_logits


class _Smoothed(_Crossentropy):
    """Base of those whose targets are probabilities, which can be smoothed."""

    settings = ("from_logits", "label_smoothing")

    def __init__(
        self,
        name: str | None = None,
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        **unknown: Any,
    ) -> None:
        super().__init__(name, dtype, from_logits, **unknown)
        self.label_smoothing = label_smoothing


@registry.add("bce")
class BinaryCrossentropy(_Smoothed):
    """−(1/n)Σ(t ln y + (1 − t) ln(1 − y)), the mean over the samples.

    Example:
        >>> round(BinaryCrossentropy()([[1.0]], [[0.5]]), 6)  # ln 2
        0.693147
    """

    function = staticmethod(losses.binary_crossentropy)


@registry.add("cce")
class CategoricalCrossentropy(_Smoothed):
    """−Σ tₖ ln yₖ for one-hot targets, the mean over the samples.

    Example:
        >>> round(CategoricalCrossentropy()([[0.0, 1.0]], [[0.75, 0.25]]), 6)  # ln 4
        1.386294
    """

    function = staticmethod(losses.categorical_crossentropy)
    settings = ("from_logits", "label_smoothing", "axis")

    def __init__(
        self,
        name: str | None = None,
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        **unknown: Any,
    ) -> None:
        super().__init__(name, dtype, from_logits, label_smoothing, **unknown)
        self.axis = axis


@registry.add("scce")
class SparseCategoricalCrossentropy(_Crossentropy):
    """−ln y[t] for class numbers t, the mean over the samples.

    Example:
        >>> round(SparseCategoricalCrossentropy()([1], [[0.75, 0.25]]), 6)  # ln 4
        1.386294
    """

    function = staticmethod(losses.sparse_categorical_crossentropy)
    settings = ("from_logits", "axis")

    def __init__(
        self,
        name: str | None = None,
        dtype: Any = None,
        from_logits: bool = False,
        axis: int = -1,
        **unknown: Any,
    ) -> None:
        super().__init__(name, dtype, from_logits, **unknown)
        self.axis = axis


@registry.add("kld")
class KLDivergence(MeanMetric):
    """Σ t ln(t/y) for two distributions, the mean over the samples.

    Example:
        >>> KLDivergence()([[0.25, 0.75]], [[0.25, 0.75]])
        0.0
    """

    direction, function = "min", staticmethod(losses.kl_divergence)


@registry.add
class Hinge(MeanMetric):
    """(1/n)Σ max(0, 1 − t·y) for t in {−1, 1} or {0, 1}, the mean over the samples.

    Example:
        >>> Hinge()([[1.0], [0.0]], [[0.5], [0.5]])
        1.0
    """

    direction, function = "min", staticmethod(losses.hinge)


@registry.add
class SquaredHinge(MeanMetric):
    """(1/n)Σ max(0, 1 − t·y)², the mean over the samples.

    Example:
        >>> SquaredHinge()([[1.0]], [[-1.0]])
        4.0
    """

    direction, function = "min", staticmethod(losses.squared_hinge)


@registry.add
class CategoricalHinge(MeanMetric):
    """max(0, 1 + largest wrong output − right output) for one-hot t, the mean over the samples.

    Example:
        >>> CategoricalHinge()([[0.0, 1.0]], [[3.0, 2.0]])
        2.0
    """

    direction, function = "min", staticmethod(losses.categorical_hinge)
