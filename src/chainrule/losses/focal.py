"""Losses of classes that count easy samples less: focal forms, and one for wrong labels.

`t` is the target, `y` the prediction, `z` the logits behind it, `n` the length of the last axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import config, ops
from ..arrays import asarray
from ..calls import answers
from ..checks import is_number
from ..errors import ArgumentError
from ..operators import raw
from .base import BuiltinLoss, registry
from .shapes import class_numbers, fit_shapes, last, one_a_row, value_of

__all__ = [
    "BinaryFocalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "binary_focal_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
]


def _inside(y: Any) -> Any:
    """Probabilities kept ε away from 0 and 1: a power of 0 has no slope."""
    return ops.clip(y, config.epsilon(), 1.0 - config.epsilon())


@answers
def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """(1/n)Σ(1 − p)^γ·bce(t, y), p = t·y + (1 − t)(1 − y).  (Lin et al. 2017.)

    p is the probability given to what is right, bce the binary cross-entropy of one number. With
    balancing, numbers count α where t is 1 and 1 − α where it is 0.

    Example:
        >>> round(float(binary_focal_crossentropy([[1.0]], [[0.5]])[0]), 6)  # ½²·ln 2
        0.173287
    """
    t, y = fit_shapes(y_true, y_pred)
    if label_smoothing:
        t = t * (1.0 - label_smoothing) + 0.5 * label_smoothing
    logits = y if from_logits else ops.logits_behind(y, ops.sigmoid)
    if logits is not None:  # exact also where σ(z) is 0 or 1
        entropy, y = ops.sigmoid_cross_entropy(logits, t), _inside(ops.sigmoid(logits))
    else:
        y = _inside(y)
        entropy = -(t * ops.log(y) + (1.0 - t) * ops.log(1.0 - y))
    wrong = t * (1.0 - y) + (1.0 - t) * y  # 1 − p
    each = ops.power(wrong, gamma) * entropy
    if apply_class_balancing:
        each = (t * alpha + (1.0 - t) * (1.0 - alpha)) * each
    return ops.mean(each, axis=axis)


@registry.add
class BinaryFocalCrossentropy(BuiltinLoss):
    """(1 − p)^γ·bce, its mean over the samples: rare yes among many easy no.  (Lin et al. 2017.)

    "Focal loss for dense object detection". γ = 0 is the binary cross-entropy.

    Args:
        apply_class_balancing: whether α counts.
        alpha: how much targets of 1 count; those of 0 count 1 − α.
        gamma: how strongly what is right already is left alone.
        from_logits: whether predictions are z instead of σ(z).
        label_smoothing: how far targets are moved towards ½, from 0 to 1.
        axis: along which the mean is taken.
        reduction, name, dtype: as for every `Loss`.

    Raises:
        ArgumentError: γ below 0, or α outside 0 to 1.

    Example:
        >>> loss = BinaryFocalCrossentropy(gamma=1.0)
        >>> round(float(loss([[1.0], [0.0]], [[0.5], [0.5]])), 6)  # ½·ln 2
        0.346574
    """

    function = staticmethod(binary_focal_crossentropy)
    settings = (
        "apply_class_balancing",
        "alpha",
        "gamma",
        "from_logits",
        "label_smoothing",
        "axis",
    )

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        _check(self, gamma, alpha)
        self.apply_class_balancing, self.alpha, self.gamma = apply_class_balancing, alpha, gamma
        self.from_logits, self.label_smoothing = from_logits, label_smoothing
        self.axis = axis


def _check(loss: BuiltinLoss, gamma: Any, alpha: Any) -> None:
    if not is_number(gamma) or gamma < 0:
        raise ArgumentError(
            "gamma must be zero or more", where=type(loss).__name__, received=repr(gamma)
        )
    several = list(alpha) if hasattr(alpha, "__len__") else [alpha]
    if not all(is_number(a) and 0 <= a <= 1 for a in several):
        raise ArgumentError(
            "alpha must be from 0 to 1", where=type(loss).__name__, received=repr(alpha)[:100]
        )


@answers
def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: float | Sequence[float] = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """−Σ αₖ(1 − yₖ)^γ tₖ ln yₖ over the classes, y = softmax(z), t one-hot.  (Lin et al. 2017.)

    Rows of y are divided by their sum. `axis` is where the classes lie.

    Example:
        >>> loss = categorical_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]], alpha=1.0)
        >>> round(float(loss[0]), 6)  # ½²·ln 2
        0.173287
    """
    t, y = (last(v, axis) for v in fit_shapes(y_true, y_pred))
    if label_smoothing:
        t = t * (1.0 - label_smoothing) + label_smoothing / y.shape[-1]
    logits = y if from_logits else ops.logits_behind(y, ops.softmax)
    if logits is not None:
        log_y, y = ops.log_softmax(logits), _inside(ops.softmax(logits))
    else:
        y = _inside(y / ops.sum(y, axis=-1, keepdims=True))
        log_y = ops.log(y)
    # one for all classes, or one for each
    factor = asarray(alpha, raw(y).dtype) if hasattr(alpha, "__len__") else alpha
    return -ops.sum(factor * ops.power(1.0 - y, gamma) * t * log_y, axis=-1)


@registry.add
class CategoricalFocalCrossentropy(BuiltinLoss):
    """−Σ αₖ(1 − yₖ)^γ tₖ ln yₖ, its mean over the samples: one class of several, some of them rare.

    Args:
        alpha: how much each class counts: one number, or one for each.
        gamma: how strongly what is right already is left alone.
        from_logits: whether predictions are z instead of softmax(z).
        label_smoothing: how far targets are moved towards 1/n, from 0 to 1.
        axis: along which the classes lie.
        reduction, name, dtype: as for every `Loss`.

    Raises:
        ArgumentError: γ below 0, or an α outside 0 to 1.

    Example:
        >>> loss = CategoricalFocalCrossentropy(alpha=[0.5, 1.0], gamma=1.0)
        >>> round(float(loss([[1.0, 0.0]], [[0.5, 0.5]])), 6)  # ½·½·ln 2
        0.173287
    """

    function = staticmethod(categorical_focal_crossentropy)
    settings = ("alpha", "gamma", "from_logits", "label_smoothing", "axis")

    def __init__(
        self,
        alpha: float | Sequence[float] = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        _check(self, gamma, alpha)
        self.alpha = list(map(float, alpha)) if isinstance(alpha, Sequence) else alpha
        self.gamma = gamma
        self.from_logits, self.label_smoothing = from_logits, label_smoothing
        self.axis = axis


@answers
def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float = 0.5) -> Any:
    """(1 − p^q)/q, p = y[t] for class numbers t: between −ln p (q → 0) and 1 − p (q = 1).

    Where labels are wrong at times, what contradicts all else counts less.  (Zhang and Sabuncu
    2018.) p is kept above ε, which bounds the gradient.

    Raises:
        DataError: a number outside the classes. (Inside a compiled program: NaN for its row.)

    Example:
        >>> float(categorical_generalized_cross_entropy([1], [[0.75, 0.25]])[0])  # 2(1 − √¼)
        1.0
    """
    y = value_of(y_pred)
    labels = class_numbers(one_a_row(y_true, y), y)
    rows = ops.one_hot(labels, y.shape[-1], dtype=raw(y).dtype)
    p = ops.maximum(ops.sum(y * rows, axis=-1), config.epsilon())
    return (1.0 - ops.power(p, q)) / q


@registry.add
class CategoricalGeneralizedCrossEntropy(BuiltinLoss):
    """(1 − p^q)/q, p = y[t], its mean over the samples: for class numbers that are wrong at times.

    "Generalized cross entropy loss for training deep neural networks with noisy labels" (Zhang and
    Sabuncu 2018). Predictions are probabilities.

    Args:
        q: above 0, at most 1; the larger, the less a label counts that the rest contradicts.
        reduction, name, dtype: as for every `Loss`.

    Raises:
        ArgumentError: q outside its range.

    Example:
        >>> float(CategoricalGeneralizedCrossEntropy(q=1.0)([1, 0], [[0.75, 0.25], [1.0, 0.0]]))
        0.375
    """

    function, settings = staticmethod(categorical_generalized_cross_entropy), ("q",)

    def __init__(self, q: float = 0.5, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_number(q) or not 0 < q <= 1:
            raise ArgumentError(
                "q must be above 0 and at most 1", where=type(self).__name__, received=repr(q)
            )
        self.q = q
