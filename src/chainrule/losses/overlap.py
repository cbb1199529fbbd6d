"""Losses of regions that should overlap: segmentation. Sums run over all numbers, or given axes.

`t` is the target, 1 inside the region and 0 outside, `y` the prediction from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import config, ops
from ..calls import answers
from ..checks import is_number
from ..errors import ArgumentError
from .base import BuiltinLoss, registry
from .shapes import fit_shapes

__all__ = ["Dice", "Tversky", "dice", "tversky"]

Axes = int | Sequence[int] | None


def _axes(axis: Axes) -> Any:
    """As configurations hold them, and as operations take them."""
    return tuple(axis) if isinstance(axis, Sequence) else axis


@answers
def dice(y_true: Any, y_pred: Any, axis: Axes = None) -> Any:
    """1 − 2Σty/(Σt + Σy + ε): 0 for the same region, 1 for none in common.  (Dice 1945.)

    Example:
        >>> round(float(dice([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])), 6)  # 1 − 2/3
        0.333333
    """
    t, y = fit_shapes(y_true, y_pred)
    axis = _axes(axis)
    whole = ops.sum(t, axis=axis) + ops.sum(y, axis=axis)
    return 1.0 - 2.0 * ops.sum(t * y, axis=axis) / (whole + config.epsilon())


@registry.add
class Dice(BuiltinLoss):
    """1 − 2Σty/(Σt + Σy + ε): one number for the whole batch, or one along given axes.

    An empty region that is predicted empty gives 1, as in Keras: there is nothing in common. With
    sample weights or masks give axes that leave the samples: `axis=(1, 2, 3)` for images.

    Args:
        reduction, name: as for every `Loss`.
        axis: what the sums run over; None is everything.
        dtype: as for every `Loss`.

    Example:
        >>> loss = Dice(axis=-1)
        >>> t, y = [[1.0, 0.0], [1.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]]
        >>> round(float(loss(t, y)), 6)  # the mean of 0 and 1 − 2/3
        0.166667
    """

    function, settings = staticmethod(dice), ("axis",)

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        axis: Axes = None,
        dtype: Any = None,
        **unknown: Any,
    ) -> None:
        super().__init__(reduction, name, dtype, **unknown)
        self.axis = list(axis) if isinstance(axis, Sequence) else axis


@answers
def tversky(
    y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Axes = None
) -> Any:
    """1 − Σty/(Σty + αΣt(1 − y) + βΣ(1 − t)y + ε).  (Tversky 1977; Salehi et al. 2017.)

    As in Keras α weighs what was missed and β what was wrongly called inside, though Keras's text
    and the paper have it the other way round. α = β = ½ is `dice`.

    Example:
        >>> t, y = [[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]]
        >>> round(float(tversky(t, y, alpha=1.0, beta=0.0)), 6)  # one of two missed
        0.5
    """
    t, y = fit_shapes(y_true, y_pred)
    axis = _axes(axis)
    both = ops.sum(t * y, axis=axis)
    missed, invented = ops.sum(t * (1.0 - y), axis=axis), ops.sum((1.0 - t) * y, axis=axis)
    return 1.0 - both / (both + alpha * missed + beta * invented + config.epsilon())


@registry.add
class Tversky(BuiltinLoss):
    """1 − Σty/(Σty + αΣt(1 − y) + βΣ(1 − t)y + ε): Dice with two weights for two kinds of errors.

    Args:
        alpha: how much what was missed counts.
        beta: how much what was wrongly called inside counts.
        reduction, name: as for every `Loss`.
        axis: what the sums run over; None is everything. With sample weights give axes that leave
            the samples.
        dtype: as for every `Loss`.

    Raises:
        ArgumentError: a weight below 0.

    Example:
        >>> loss = Tversky(alpha=0.0, beta=1.0, axis=-1)
        >>> round(float(loss([[1.0, 1.0, 0.0]], [[1.0, 0.0, 1.0]])), 6)  # one of two invented
        0.5
    """

    function, settings = staticmethod(tversky), ("alpha", "beta", "axis")

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        axis: Axes = None,
        dtype: Any = None,
        **unknown: Any,
    ) -> None:
        super().__init__(reduction, name, dtype, **unknown)
        for word, factor in (("alpha", alpha), ("beta", beta)):
            if not is_number(factor) or factor < 0:
                raise ArgumentError(
                    f"{word} must be zero or more", where="Tversky", received=repr(factor)
                )
        self.alpha, self.beta = alpha, beta
        self.axis = list(axis) if isinstance(axis, Sequence) else axis
