"""Losses of classes and probabilities: each a function, its class directly below.

`t` is the target, `y` the prediction, `z` the logits behind it, `n` the length of the last axis;
t and y of shape (..., n) give (...).

A softmax or sigmoid right before a cross-entropy is never undone by a logarithm: while a tape is
open the loss looks at how `y` was made and works from the logits, so the value is exact and the
gradient p − t also where the network is most wrong.
"""

from __future__ import annotations

from typing import Any

from .. import config, ops
from ..calls import answers
from ..operators import raw
from .base import BuiltinLoss, registry
from .shapes import (
    check_probabilities,
    class_numbers,
    fit_shapes,
    last,
    one_a_row,
    value_of,
    without_class,
)

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "Hinge",
    "KLDivergence",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "binary_crossentropy",
    "categorical_crossentropy",
    "categorical_hinge",
    "hinge",
    "kl_divergence",
    "kld",
    "sparse_categorical_crossentropy",
    "squared_hinge",
]


@answers
def binary_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """−(1/n)Σ(t ln y + (1 − t) ln(1 − y)) along `axis`, y = σ(z).  ∂/∂z = (y − t)/n.

    Smoothing s makes t(1 − s) + s/2 of t. Without logits y is kept ε away from 0 and 1.

    Example:
        >>> round(float(binary_crossentropy([[1.0]], [[0.5]])[0]), 6)  # ln 2
        0.693147
    """
    t, y = fit_shapes(y_true, y_pred)
    if label_smoothing:
        t = t * (1.0 - label_smoothing) + 0.5 * label_smoothing
    logits = y if from_logits else ops.logits_behind(y, ops.sigmoid)
    if logits is not None:
        return ops.mean(ops.sigmoid_cross_entropy(logits, t), axis=axis)
    y = ops.clip(y, config.epsilon(), 1.0 - config.epsilon())
    return -ops.mean(t * ops.log(y) + (1.0 - t) * ops.log(1.0 - y), axis=axis)


@registry.add("bce")
class BinaryCrossentropy(BuiltinLoss):
    """−(1/n)Σ(t ln y + (1 − t) ln(1 − y)): yes-or-no outputs, one or several (multi-label).

    PyTorch: `BCELoss`, and with `from_logits=True` `BCEWithLogitsLoss`.

    Args:
        from_logits: whether predictions are z instead of σ(z).
        label_smoothing: how far targets are moved towards ½, from 0 to 1.
        axis: along which the mean is taken.
        reduction, name, dtype: as for every `Loss`.

    Example:
        >>> round(float(BinaryCrossentropy(from_logits=True)([[1.0], [0.0]], [[0.0], [0.0]])), 6)
        0.693147
    """

    function = staticmethod(binary_crossentropy)
    settings = ("from_logits", "label_smoothing", "axis")

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.from_logits, self.label_smoothing = from_logits, label_smoothing
        self.axis = axis


@answers
def categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """−Σ tₖ ln yₖ over the classes, y = softmax(z), t one-hot rows or probabilities.  ∂/∂z = y − t.

    The classes lie along `axis`. Smoothing s makes t(1 − s) + s/n of t. Rows of y need not sum to
    1: they are divided by their sum, as in Keras.  Deck 001 adds (1 − t)ln(1 − y); that is not the
    cross-entropy of a softmax.

    Example:
        >>> round(float(categorical_crossentropy([[0.0, 1.0]], [[0.75, 0.25]])[0]), 6)  # ln 4
        1.386294
    """
    t, y = (last(v, axis) for v in fit_shapes(y_true, y_pred))
    if label_smoothing:
        t = t * (1.0 - label_smoothing) + label_smoothing / y.shape[-1]
    logits = y if from_logits else ops.logits_behind(y, ops.softmax)
    if logits is not None:
        return ops.softmax_cross_entropy(logits, t)
    y = y / ops.sum(y, axis=-1, keepdims=True)
    y = ops.clip(y, config.epsilon(), 1.0 - config.epsilon())
    return -ops.sum(t * ops.log(y), axis=-1)


@registry.add("cce")
class CategoricalCrossentropy(BuiltinLoss):
    """−Σ tₖ ln yₖ, its mean over the samples: one class of several, targets one-hot.

    PyTorch's `CrossEntropyLoss` is `from_logits=True`, and takes class numbers as well.

    Args:
        from_logits: whether predictions are z instead of softmax(z).
        label_smoothing: how far targets are moved towards 1/n, from 0 to 1.
        axis: along which the classes lie.
        reduction, name, dtype: as for every `Loss`.

    Example:
        >>> loss = CategoricalCrossentropy(from_logits=True)
        >>> round(float(loss([[0.0, 1.0]], [[0.0, 0.0]])), 6)  # ln 2
        0.693147
    """

    function = staticmethod(categorical_crossentropy)
    settings = ("from_logits", "label_smoothing", "axis")

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.from_logits, self.label_smoothing = from_logits, label_smoothing
        self.axis = axis


@answers
def sparse_categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Any:
    """−ln y[t]: the same with class numbers t (...) from 0 in place of one-hot rows.

    Where t is `ignore_class` the loss is 0; the class leaves it out of the mean.

    Raises:
        DataError: a number outside the classes. (Inside a compiled program: NaN for its row.)

    Example:
        >>> round(float(sparse_categorical_crossentropy([1], [[0.75, 0.25]])[0]), 6)  # ln 4
        1.386294
        >>> loss = sparse_categorical_crossentropy([1, -1], [[0.5, 0.5]] * 2, ignore_class=-1)
        >>> loss.round(6).tolist()
        [0.693147, 0.0]
    """
    y = last(value_of(y_pred), axis)
    t = one_a_row(y_true, y, axis)
    valid = None
    if ignore_class is not None:
        t, valid = without_class(t, ignore_class)
    logits = y if from_logits else ops.logits_behind(y, ops.softmax)
    if logits is not None:  # the operation looks at the labels
        each = ops.sparse_softmax_cross_entropy(logits, t)
    else:
        rows = ops.one_hot(class_numbers(t, y), y.shape[-1], dtype=raw(y).dtype)
        each = categorical_crossentropy(rows, y)
    return each if valid is None else ops.where(valid, each, 0.0)


@registry.add("scce")
class SparseCategoricalCrossentropy(BuiltinLoss):
    """−ln y[t], its mean over the samples: one class of several, targets are numbers from 0.

    The mean is over those whose target is not `ignore_class`, as in Keras and in PyTorch, where it
    is called `ignore_index`.

    Args:
        from_logits: whether predictions are z instead of softmax(z).
        ignore_class: a target that counts for nothing, such as 255 or −1 for "unknown".
        reduction, name, dtype: as for every `Loss`.
        axis: along which the classes lie.

    Example:
        >>> loss = SparseCategoricalCrossentropy(from_logits=True, ignore_class=255)
        >>> round(float(loss([1, 255], [[0.0, 0.0], [5.0, 1.0]])), 6)  # ln 2
        0.693147
    """

    function = staticmethod(sparse_categorical_crossentropy)
    settings = ("from_logits", "ignore_class", "axis")

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = None,
        dtype: Any = None,
        **unknown: Any,
    ) -> None:
        super().__init__(reduction, name, dtype, **unknown)
        self.from_logits, self.ignore_class, self.axis = from_logits, ignore_class, axis

    def valid(self, y_true: Any, y_pred: Any) -> Any:
        """Where the target is not `ignore_class`."""
        if self.ignore_class is None:
            return None
        y = last(raw(value_of(y_pred)), self.axis)
        return without_class(one_a_row(y_true, y, self.axis), self.ignore_class)[1]


@answers
def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """Σ t ln(t/y) for two distributions, both kept above ε.  (Kullback and Leibler 1951.)

    Raises:
        DataError: a target outside 0 to 1.

    Example:
        >>> round(float(kl_divergence([[1.0, 0.0]], [[0.5, 0.5]])[0]), 4)  # ln 2
        0.6931
    """
    t, y = fit_shapes(y_true, y_pred)
    check_probabilities(t, "kl_divergence")
    t, y = (ops.clip(p, config.epsilon(), 1.0) for p in (t, y))
    return ops.sum(t * ops.log(t / y), axis=-1)


@registry.add("kld", "kullback_leibler_divergence")
class KLDivergence(BuiltinLoss):
    """Σ t ln(t/y), its mean over the samples: `kl_divergence` as an object.

    PyTorch's `KLDivLoss` takes ln y, and its `reduction="mean"` divides by all numbers; the mean
    over samples is `"batchmean"` there.

    Example:
        >>> float(KLDivergence()([[0.25, 0.75]], [[0.25, 0.75]]))
        0.0
    """

    function = staticmethod(kl_divergence)


kld = kl_divergence


def _signed(t: Any) -> Any:
    """Labels 0 and 1 become −1 and 1; labels −1 and 1 stay."""
    binary = ops.all(ops.logical_or(ops.equal(t, 0.0), ops.equal(t, 1.0)))
    return ops.where(binary, 2.0 * t - 1.0, t)


@answers
def hinge(y_true: Any, y_pred: Any) -> Any:
    """(1/n)Σ max(0, 1 − t·y) for t in {−1, 1}; t in {0, 1} is converted.

    Example:
        >>> float(hinge([[1.0, -1.0]], [[0.5, -2.0]])[0])  # (½ + 0)/2
        0.25
    """
    t, y = fit_shapes(y_true, y_pred)
    return ops.mean(ops.maximum(1.0 - _signed(t) * y, 0.0), axis=-1)


@registry.add
class Hinge(BuiltinLoss):
    """(1/n)Σ max(0, 1 − t·y), its mean over the samples: the loss of a support vector machine.

    Example:
        >>> float(Hinge()([[1.0], [0.0]], [[0.5], [0.5]]))  # (½ + 1½)/2
        1.0
    """

    function = staticmethod(hinge)


@answers
def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """(1/n)Σ max(0, 1 − t·y)², t as for `hinge`.

    Example:
        >>> float(squared_hinge([[1.0, -1.0]], [[0.0, -2.0]])[0])
        0.5
    """
    t, y = fit_shapes(y_true, y_pred)
    return ops.mean(ops.square(ops.maximum(1.0 - _signed(t) * y, 0.0)), axis=-1)


@registry.add
class SquaredHinge(BuiltinLoss):
    """(1/n)Σ max(0, 1 − t·y)², its mean over the samples: `squared_hinge` as an object.

    Example:
        >>> float(SquaredHinge()([[1.0]], [[-1.0]]))
        4.0
    """

    function = staticmethod(squared_hinge)


@answers
def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """max(0, 1 + largest wrong output − right output), t one-hot.  (Crammer and Singer 2001.)

    As in Keras the wrong outputs count from 0: max over (1 − t)·y.

    Example:
        >>> float(categorical_hinge([[0.0, 1.0]], [[3.0, 2.0]])[0])
        2.0
    """
    t, y = fit_shapes(y_true, y_pred)
    right, wrong = ops.sum(t * y, axis=-1), ops.max((1.0 - t) * y, axis=-1)
    return ops.maximum(wrong - right + 1.0, 0.0)


@registry.add
class CategoricalHinge(BuiltinLoss):
    """max(0, 1 + largest wrong output − right output), its mean over the samples.

    Example:
        >>> float(CategoricalHinge()([[0.0, 1.0]], [[3.0, 4.0]]))
        0.0
    """

    function = staticmethod(categorical_hinge)
