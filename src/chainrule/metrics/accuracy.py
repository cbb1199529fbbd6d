"""Accuracies: how often the prediction is right."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import losses, ops
from ..arrays import asarray
from ..errors import ArgumentError
from ..operators import raw
from .base import MeanMetric, register

__all__ = [
    "Accuracy",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
    "binary_accuracy",
    "categorical_accuracy",
    "sparse_categorical_accuracy",
    "sparse_top_k_categorical_accuracy",
    "top_k_categorical_accuracy",
]


def _equal(y_true: Any, y_pred: Any) -> Any:
    """1 where y equals t, else 0, element by element."""
    t, y = losses.fit_shapes(y_true, y_pred)
    return raw(ops.equal(t, y)).astype("float32")


@register
class Accuracy(MeanMetric):
    """How often y equals t, element by element.

    In `compile(metrics=["accuracy"])` the word means the accuracy below that fits the output.

    Example:
        >>> Accuracy()([1, 2, 3, 4], [0, 2, 3, 4])
        0.75
    """

    direction, function = "max", staticmethod(_equal)


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """1 where y > threshold agrees with the target 0 or 1, else 0, element by element.

    Example:
        >>> binary_accuracy([[1], [0]], [[0.98], [0.6]])
        array([[1.],
               [0.]], dtype=float32)
    """
    t, y = losses.fit_shapes(y_true, y_pred)
    return (raw(t) == (raw(y) > threshold)).astype("float32")


@register
class BinaryAccuracy(MeanMetric):
    """How often y > threshold agrees with the target 0 or 1, element by element.

    scikit-learn's `accuracy_score` counts a row of several labels only where all are right.

    Args:
        name, dtype: as for every `Metric`.
        threshold: above it a prediction counts as 1.

    Example:
        >>> BinaryAccuracy()([[1], [1], [0], [0]], [[0.98], [1], [0], [0.6]])
        0.75
    """

    direction, function = "max", staticmethod(binary_accuracy)

    def __init__(
        self, name: str | None = None, dtype: Any = None, threshold: float = 0.5, **unknown: Any
    ) -> None:
        super().__init__(name, dtype, **unknown)
        self.threshold = threshold

    settings = ("threshold",)


def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest output is the class marked by the one-hot target, else 0; one a row.

    Example:
        >>> categorical_accuracy([[0, 1], [1, 0]], [[0.4, 0.6], [0.3, 0.7]])
        array([1., 0.], dtype=float32)
    """
    t, y = losses.fit_shapes(y_true, y_pred)
    return (ops.argmax(t, axis=-1) == ops.argmax(y, axis=-1)).astype("float32")


@register
class CategoricalAccuracy(MeanMetric):
    """How often the largest output is the class marked by the one-hot target.

    Example:
        >>> CategoricalAccuracy()([[0, 1], [1, 0]], [[0.4, 0.6], [0.3, 0.7]])
        0.5
    """

    direction, function = "max", staticmethod(categorical_accuracy)


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest output is the class whose number is the target, else 0; one a row.

    Example:
        >>> sparse_categorical_accuracy([1, 0], [[0.4, 0.6], [0.3, 0.7]])
        array([1., 0.], dtype=float32)
    """
    y = _array(y_pred)
    return (losses.class_numbers(y_true, y) == ops.argmax(y, axis=-1)).astype("float32")


@register
class SparseCategoricalAccuracy(MeanMetric):
    """How often the largest output is the class whose number is the target.

    Example:
        >>> SparseCategoricalAccuracy()([1, 0], [[0.4, 0.6], [0.3, 0.7]])
        0.5
    """

    direction, function = "max", staticmethod(sparse_categorical_accuracy)


class _TopK(MeanMetric):
    """Base: whether fewer than k outputs are larger than that of the right class."""

    direction = "max"
    settings = ("k",)

    def __init__(
        self, k: int = 5, name: str | None = None, dtype: Any = None, **unknown: Any
    ) -> None:
        super().__init__(name, dtype, **unknown)
        if isinstance(k, bool) or not hasattr(k, "__index__") or k < 1:
            raise ArgumentError(
                "k must be a whole number of at least 1",
                where=type(self).__name__,
                received=repr(k),
            )
        self.k = int(k)


def _within(labels: Any, y: Any, k: int) -> Any:
    """1 where fewer than k outputs are larger than that of the right class."""
    right = ops.sum(ops.where(_chosen(labels, y), y, 0.0), axis=-1, keepdims=True)
    found = (ops.sum(y > right, axis=-1) < k) & (labels >= 0)  # −1: outside the classes
    return found.astype("float32")


def _chosen(labels: Any, y: Any) -> Any:
    return labels[..., None] == np.arange(y.shape[-1])


def _array(y_pred: Any) -> Any:
    return raw(y_pred if hasattr(y_pred, "dtype") else asarray(y_pred))


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """1 where the class marked by the one-hot target is among the k largest outputs; one a row.

    Example:
        >>> top_k_categorical_accuracy([[0, 0, 1.0]], [[0.1, 0.6, 0.3]], k=2)
        array([1.], dtype=float32)
    """
    t, y = losses.fit_shapes(y_true, y_pred)
    return _within(ops.argmax(t, axis=-1), raw(y), k)


@register
class TopKCategoricalAccuracy(_TopK):
    """How often the class marked by the one-hot target is among the k largest outputs.

    Args:
        k: how many outputs count.
        name, dtype: as for every `Metric`.

    Example:
        >>> TopKCategoricalAccuracy(k=2)([[0, 0, 1.0]], [[0.1, 0.6, 0.3]])
        1.0
    """

    function = staticmethod(top_k_categorical_accuracy)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """1 where the class with the target's number is among the k largest outputs; one a row.

    Example:
        >>> sparse_top_k_categorical_accuracy([0, 2], [[0.1, 0.6, 0.3], [0.1, 0.6, 0.3]], k=2)
        array([0., 1.], dtype=float32)
    """
    y = _array(y_pred)
    return _within(losses.class_numbers(y_true, y), y, k)


@register
class SparseTopKCategoricalAccuracy(_TopK):
    """How often the class with the target's number is among the k largest outputs.

    Args:
        k: how many outputs count.
        name, dtype: as for every `Metric`.

    Example:
        >>> SparseTopKCategoricalAccuracy(k=2)([0, 2], [[0.1, 0.6, 0.3], [0.1, 0.6, 0.3]])
        0.5
    """

    function = staticmethod(sparse_top_k_categorical_accuracy)
