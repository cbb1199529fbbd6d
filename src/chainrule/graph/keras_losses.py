"""`tf.keras.losses`: the losses of chainrule, on tensors of a graph.

A function (`MSE`) takes (y_true, y_pred) at once; a class (`Hinge`) is constructed first, and the
loss it makes takes them: `tf.keras.losses.Hinge()(y_true, y_pred)`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import losses
from ..arrays import is_traced
from ..operators import Recordable
from ..vocabulary import answer
from .making import make
from .nodes import Tensor

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "Hinge",
    "Huber",
    "KLD",
    "KLDivergence",
    "LogCosh",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "binary_crossentropy",
    "categorical_crossentropy",
    "hinge",
    "kl_divergence",
    "kld",
    "mae",
    "mape",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "mse",
    "msle",
    "sparse_categorical_crossentropy",
    "squared_hinge",
]


def _on_tensors(loss: Any, name: str, y_true: Any, y_pred: Any, weight: Any = None) -> Any:
    """A loss of tensors, lists and arrays as one operation; of recorded values as it is."""
    given = [y_true, y_pred] if weight is None else [y_true, y_pred, weight]
    if any(isinstance(v, Recordable) or is_traced(v) for v in given):
        return loss(*given)
    return make(name, loss, given, floats=True)


def _of_classes(loss: Any, name: str, y_true: Any, y_pred: Any) -> Any:
    """The same for targets that are class numbers, which stay whole."""
    if any(isinstance(v, Recordable) or is_traced(v) for v in (y_true, y_pred)):
        return loss(y_true, y_pred)
    if not isinstance(y_true, Tensor):
        y_true = np.asarray(y_true)
    pred = y_pred if isinstance(y_pred, Tensor) else np.asarray(y_pred, np.float32)
    dtype = getattr(pred, "dtype", None)
    return make(name, loss, [y_true, pred], convert=False, dtype=dtype)


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """(1/n)Σ(t − y)² over the last axis.

    Example:
        >>> import chainrule.graph as tf
        >>> print(tf.Session().run(tf.keras.losses.MSE([1.0, 2.0], [1.0, 4.0])))
        2.0
    """
    return _on_tensors(losses.mean_squared_error, "mean_squared_error", y_true, y_pred)


MSE = mse = mean_squared_error


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """(1/n)Σ|t − y| over the last axis.

    Example:
        >>> import chainrule.graph as tf
        >>> print(tf.Session().run(tf.keras.losses.MAE([1.0, 2.0], [1.0, 4.0])))
        1.0
    """
    return _on_tensors(losses.mean_absolute_error, "mean_absolute_error", y_true, y_pred)


MAE = mae = mean_absolute_error


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """100/n Σ|t − y|/|t| over the last axis.

    Example:
        >>> import chainrule.graph as tf
        >>> print(tf.Session().run(tf.keras.losses.MAPE([1.0, 2.0], [1.0, 4.0])))
        50.0
    """
    return _on_tensors(
        losses.mean_absolute_percentage_error, "mean_absolute_percentage_error", y_true, y_pred
    )


MAPE = mape = mean_absolute_percentage_error


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """(1/n)Σ(ln(1 + t) − ln(1 + y))² over the last axis.

    Example:
        >>> import chainrule.graph as tf
        >>> print(tf.Session().run(tf.keras.losses.MSLE([0.0], [0.0])))
        0.0
    """
    return _on_tensors(
        losses.mean_squared_logarithmic_error, "mean_squared_logarithmic_error", y_true, y_pred
    )


MSLE = msle = mean_squared_logarithmic_error


def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """Σ t·ln(t/y) over the last axis: 0 where the two distributions are equal.

    Example:
        >>> import chainrule.graph as tf
        >>> print(tf.Session().run(tf.keras.losses.KLD([0.5, 0.5], [0.5, 0.5])))
        0.0
    """
    return _on_tensors(losses.kl_divergence, "kl_divergence", y_true, y_pred)


KLD = kld = kl_divergence


def binary_crossentropy(y_true: Any, y_pred: Any) -> Any:
    """−(1/n)Σ(t ln y + (1 − t) ln(1 − y)) of probabilities.

    Example:
        >>> import chainrule.graph as tf
        >>> loss = tf.keras.losses.binary_crossentropy([1.0], [0.5])
        >>> print(f"{tf.Session().run(loss):.4f}")
        0.6931
    """
    return _on_tensors(losses.binary_crossentropy, "binary_crossentropy", y_true, y_pred)


def categorical_crossentropy(y_true: Any, y_pred: Any) -> Any:
    """−Σ t ln y of probabilities: one-hot targets.

    Example:
        >>> import chainrule.graph as tf
        >>> loss = tf.keras.losses.categorical_crossentropy([0.0, 1.0], [0.5, 0.5])
        >>> print(f"{tf.Session().run(loss):.4f}")
        0.6931
    """
    return _on_tensors(losses.categorical_crossentropy, "categorical_crossentropy", y_true, y_pred)


def hinge(y_true: Any, y_pred: Any) -> Any:
    """(1/n)Σ max(0, 1 − t·y), with t in {−1, 1}.

    Example:
        >>> import chainrule.graph as tf
        >>> print(tf.Session().run(tf.keras.losses.hinge([1.0, -1.0], [0.5, -2.0])))
        0.25
    """
    return _on_tensors(losses.hinge, "hinge", y_true, y_pred)


def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """(1/n)Σ max(0, 1 − t·y)², with t in {−1, 1}.

    Example:
        >>> import chainrule.graph as tf
        >>> print(tf.Session().run(tf.keras.losses.squared_hinge([1.0, -1.0], [0.5, -2.0])))
        0.125
    """
    return _on_tensors(losses.squared_hinge, "squared_hinge", y_true, y_pred)


def sparse_categorical_crossentropy(y_true: Any, y_pred: Any) -> Any:
    """−ln y[t] of probabilities: class numbers as targets.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.keras.losses.sparse_categorical_crossentropy([1], [[0.5, 0.5]]))
        array([0.6931472], dtype=float32)
    """
    return _of_classes(
        losses.sparse_categorical_crossentropy, "sparse_categorical_crossentropy", y_true, y_pred
    )


class _OnTensors:
    """A loss that takes tensors of a graph as well."""

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss: a tensor, where one of the two is one."""
        own: Any = super().__call__  # type: ignore[misc]
        in_graph = any(isinstance(v, Tensor) for v in (y_true, y_pred, sample_weight))
        if not in_graph and any(hasattr(v, "dtype") for v in (y_true, y_pred)):
            return own(y_true, y_pred, sample_weight)  # as `fit` calls it
        name = type(self).__name__
        if name.startswith("Sparse"):
            return _of_classes(own, name, y_true, y_pred)
        return _on_tensors(own, name, y_true, y_pred, sample_weight)


class BinaryCrossentropy(_OnTensors, losses.BinaryCrossentropy):
    """−(1/n)Σ(t ln y + (1 − t) ln(1 − y)) of probabilities, the mean over samples.

    Arguments are those of `chainrule.losses.BinaryCrossentropy`.

    Example:
        >>> import chainrule.graph as tf
        >>> loss = tf.keras.losses.BinaryCrossentropy()([[1.0]], [[0.5]])
        >>> print(f"{tf.Session().run(loss):.4f}")
        0.6931
    """


class CategoricalCrossentropy(_OnTensors, losses.CategoricalCrossentropy):
    """−Σ t ln y of probabilities and one-hot targets, the mean over samples.

    Arguments are those of `chainrule.losses.CategoricalCrossentropy`.

    Example:
        >>> import chainrule.graph as tf
        >>> loss = tf.keras.losses.CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])
        >>> print(f"{tf.Session().run(loss):.4f}")
        0.6931
    """


class CategoricalHinge(_OnTensors, losses.CategoricalHinge):
    """max(0, 1 − y of the class + the largest other y), the mean over samples.

    Arguments are those of `chainrule.losses.CategoricalHinge`.

    Example:
        >>> import chainrule.graph as tf
        >>> loss = tf.keras.losses.CategoricalHinge()([[0.0, 1.0]], [[0.5, 0.5]])
        >>> print(f"{tf.Session().run(loss):.4f}")
        1.0000
    """


class CosineSimilarity(_OnTensors, losses.CosineSimilarity):
    """−cos of the angle between t and y, the mean over samples.

    Arguments are those of `chainrule.losses.CosineSimilarity`.

    Example:
        >>> import chainrule.graph as tf
        >>> loss = tf.keras.losses.CosineSimilarity()([[0.0, 1.0]], [[0.0, 2.0]])
        >>> print(f"{tf.Session().run(loss):.4f}")
        -1.0000
    """


class Hinge(_OnTensors, losses.Hinge):
    """max(0, 1 − t·y) with t in {−1, 1}, the mean over samples.

    Arguments are those of `chainrule.losses.Hinge`.

    Example:
        >>> import chainrule.graph as tf
        >>> loss = tf.keras.losses.Hinge()([[1.0, -1.0]], [[0.5, -2.0]])
        >>> print(f"{tf.Session().run(loss):.4f}")
        0.2500
    """


class Huber(_OnTensors, losses.Huber):
    """½(t − y)² where that is small, |t − y| − ½ where it is not, the mean over samples.

    Arguments are those of `chainrule.losses.Huber`.

    Example:
        >>> import chainrule.graph as tf
        >>> loss = tf.keras.losses.Huber()([[0.0]], [[2.0]])
        >>> print(f"{tf.Session().run(loss):.4f}")
        1.5000
    """


class KLDivergence(_OnTensors, losses.KLDivergence):
    """Σ t·ln(t/y), 0 where the two distributions are equal; the mean over samples.

    Arguments are those of `chainrule.losses.KLDivergence`.

    Example:
        >>> import chainrule.graph as tf
        >>> loss = tf.keras.losses.KLDivergence()([[0.5, 0.5]], [[0.5, 0.5]])
        >>> print(f"{tf.Session().run(loss):.4f}")
        0.0000
    """


class LogCosh(_OnTensors, losses.LogCosh):
    """ln cosh(y − t), the mean over samples.

    Arguments are those of `chainrule.losses.LogCosh`.

    Example:
        >>> import chainrule.graph as tf
        >>> loss = tf.keras.losses.LogCosh()([[0.0]], [[0.0]])
        >>> print(f"{tf.Session().run(loss):.4f}")
        0.0000
    """


class MeanAbsoluteError(_OnTensors, losses.MeanAbsoluteError):
    """(1/n)Σ|t − y|, the mean over samples.

    Arguments are those of `chainrule.losses.MeanAbsoluteError`.

    Example:
        >>> import chainrule.graph as tf
        >>> loss = tf.keras.losses.MeanAbsoluteError()([[1.0, 2.0]], [[1.0, 4.0]])
        >>> print(f"{tf.Session().run(loss):.4f}")
        1.0000
    """


class MeanAbsolutePercentageError(_OnTensors, losses.MeanAbsolutePercentageError):
    """100/n Σ|t − y|/|t|, the mean over samples.

    Arguments are those of `chainrule.losses.MeanAbsolutePercentageError`.

    Example:
        >>> import chainrule.graph as tf
        >>> loss = tf.keras.losses.MeanAbsolutePercentageError()([[1.0, 2.0]], [[1.0, 4.0]])
        >>> print(f"{tf.Session().run(loss):.4f}")
        50.0000
    """


class MeanSquaredError(_OnTensors, losses.MeanSquaredError):
    """(1/n)Σ(t − y)², the mean over samples.

    Arguments are those of `chainrule.losses.MeanSquaredError`.

    Example:
        >>> import chainrule.graph as tf
        >>> loss = tf.keras.losses.MeanSquaredError()([[1.0, 2.0]], [[1.0, 4.0]])
        >>> print(f"{tf.Session().run(loss):.4f}")
        2.0000
    """


class MeanSquaredLogarithmicError(_OnTensors, losses.MeanSquaredLogarithmicError):
    """(ln(1 + t) − ln(1 + y))², the mean over samples.

    Arguments are those of `chainrule.losses.MeanSquaredLogarithmicError`.

    Example:
        >>> import chainrule.graph as tf
        >>> loss = tf.keras.losses.MeanSquaredLogarithmicError()([[0.0]], [[0.0]])
        >>> print(f"{tf.Session().run(loss):.4f}")
        0.0000
    """


class Poisson(_OnTensors, losses.Poisson):
    """y − t ln y, the mean over samples.

    Arguments are those of `chainrule.losses.Poisson`.

    Example:
        >>> import chainrule.graph as tf
        >>> loss = tf.keras.losses.Poisson()([[0.0]], [[2.0]])
        >>> print(f"{tf.Session().run(loss):.4f}")
        2.0000
    """


class SparseCategoricalCrossentropy(_OnTensors, losses.SparseCategoricalCrossentropy):
    """−ln y[t] of probabilities and class numbers, the mean over samples.

    Arguments are those of `chainrule.losses.SparseCategoricalCrossentropy`.

    Example:
        >>> import chainrule.graph as tf
        >>> loss = tf.keras.losses.SparseCategoricalCrossentropy()([1], [[0.5, 0.5]])
        >>> print(f"{tf.Session().run(loss):.4f}")
        0.6931
    """


class SquaredHinge(_OnTensors, losses.SquaredHinge):
    """max(0, 1 − t·y)² with t in {−1, 1}, the mean over samples.

    Arguments are those of `chainrule.losses.SquaredHinge`.

    Example:
        >>> import chainrule.graph as tf
        >>> loss = tf.keras.losses.SquaredHinge()([[1.0, -1.0]], [[0.5, -2.0]])
        >>> print(f"{tf.Session().run(loss):.4f}")
        0.1250
    """


answer(__name__)
