"""Intersection over union of regions, from a running confusion matrix (Jaccard 1901)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import losses, ops
from ..arrays import is_traced, xp
from ..errors import ArgumentError, ShapeError
from ..labels import check_labels
from ..operators import raw
from .base import Metric, add_to, register

__all__ = ["BinaryIoU", "IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU"]


@register
class IoU(Metric):
    """TP/(TP + FP + FN) of each class that is asked for, the mean over those that occur.

    Weights count as they are; Keras keeps whole numbers unless it is given a dtype, and so cuts
    them off. Class numbers outside the classes are refused, where Keras leaves them out.

    Args:
        num_classes: how many classes there are.
        target_class_ids: which of them count.
        name, dtype: as for every `Metric`.
        ignore_class: targets of this class count for nothing, such as 255 or −1 for "unknown".
        sparse_y_true: targets are class numbers, not one-hot.
        sparse_y_pred: predictions are class numbers, not probabilities of each class.
        axis: along which classes lie, where they do.

    Raises:
        ArgumentError: a class that does not exist.
        DataError: a class number outside the classes, or not whole. (In a compiled program: NaN.)

    Example:
        >>> IoU(num_classes=2, target_class_ids=[0])([0, 0, 1, 1], [0, 1, 0, 1])
        0.3333333333333333
    """

    direction = "max"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
        **unknown: Any,
    ) -> None:
        super().__init__(dtype, name, **unknown)
        self.num_classes = num_classes
        self.target_class_ids = [int(k) for k in target_class_ids]
        outside = [k for k in self.target_class_ids if not 0 <= k < num_classes]
        if outside or not self.target_class_ids:
            raise ArgumentError(
                "target_class_ids must be classes",
                where=type(self).__name__,
                expected=f"numbers from 0 to {num_classes - 1}",
                received=self.target_class_ids,
            )
        self.ignore_class = ignore_class
        self.sparse_y_true, self.sparse_y_pred, self.axis = sparse_y_true, sparse_y_pred, axis
        self.total_cm = self.add_variable((num_classes, num_classes), name="confusion_matrix")

    def _numbers(self, x: Any, sparse: bool, what: str) -> tuple[Any, Any]:
        """(class numbers, which of them count) as flat arrays."""
        x = raw(x if hasattr(x, "shape") else np.asarray(x))
        if not sparse:
            if len(x.shape) < 2 or x.shape[self.axis] != self.num_classes:
                raise ShapeError(
                    "there is not one number for each class",
                    where=f"{self.name}, {what}",
                    expected=f"length {self.num_classes} along axis {self.axis}",
                    received=tuple(x.shape),
                )
            x = ops.argmax(x, axis=self.axis)
        valid = xp(x).ones(x.shape, bool)
        if self.ignore_class is not None and what == "y_true":
            x, valid = losses.shapes.without_class(x, self.ignore_class)
        x = check_labels(
            x, self.num_classes, f"{self.name}, {what}", "give num_classes as they are"
        )
        return x.reshape(-1), valid.reshape(-1)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add one batch to the confusion matrix: rows are targets, columns answers."""
        (t, valid), (y, _) = (
            self._numbers(y_true, self.sparse_y_true, "y_true"),
            self._numbers(y_pred, self.sparse_y_pred, "y_pred"),
        )
        if t.shape != y.shape:
            raise ShapeError(
                "targets and predictions have different shapes",
                where=self.name,
                expected=f"{int(y.size)} class numbers, as many as predictions",
                received=int(t.size),
            )
        m = xp(t, y)
        weights = valid.astype("float32")
        if sample_weight is not None:
            places = _places(y_true, self.sparse_y_true, self.axis)
            w = losses.weights_like(sample_weight, np.empty(places, np.float32))
            weights = weights * m.broadcast_to(w, places).reshape(-1)
        if is_traced(t) or is_traced(y):  # −1 stands for what nothing could be raised about
            weights = m.where((t >= 0) & (y >= 0), weights, np.nan)
            t, y = m.maximum(t, 0), m.maximum(y, 0)
        bins = self.num_classes**2
        more = {} if m is np else {"length": bins}
        found = m.bincount(t * self.num_classes + y, weights=weights, minlength=bins, **more)
        add_to(self.total_cm, found.reshape(self.num_classes, self.num_classes))

    def result(self) -> Any:
        """The mean over the classes asked for that occur, 0 where none does."""
        matrix = raw(self.total_cm)
        m = xp(matrix)
        matrix = matrix.astype(np.float64) if m is np else matrix
        both = m.diagonal(matrix)
        union = m.sum(matrix, axis=0) + m.sum(matrix, axis=1) - both
        chosen = np.asarray(self.target_class_ids)
        both, union = both[chosen], union[chosen]
        each = m.where(union == 0, 0.0, both / m.where(union == 0, 1.0, union))
        mean = m.sum(each) / m.maximum(m.sum(union != 0), 1)
        return float(mean) if m is np else mean


def _places(y_true: Any, sparse: bool, axis: int) -> tuple:
    """The shape of the targets, without the axis of classes."""
    shape = list(np.shape(raw(y_true)))
    if not sparse:
        del shape[axis]
    return tuple(shape)


@register
class BinaryIoU(IoU):
    """TP/(TP + FP + FN) for y ≥ threshold, the mean of inside (class 1) and outside (class 0).

    Args:
        target_class_ids: which of the two count.
        threshold: from it on a prediction is inside.
        name, dtype: as for every `Metric`.

    Example:
        >>> BinaryIoU(threshold=0.3)([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])
        0.3333333333333333
    """

    closed = True

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
        **unknown: Any,
    ) -> None:
        self.refuse(unknown)
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add one batch."""
        t, y = losses.fit_shapes(y_true, y_pred)
        super().update_state(raw(t), (raw(y) >= self.threshold).astype("int32"), sample_weight)


@register
class MeanIoU(IoU):
    """TP/(TP + FP + FN), the mean over all classes that occur.

    Args:
        num_classes: how many classes there are.
        name, dtype: as for every `Metric`.
        ignore_class: targets of this class count for nothing.
        sparse_y_true: targets are class numbers, not one-hot.
        sparse_y_pred: predictions are class numbers, not probabilities of each class.
        axis: along which classes lie, where they do.

    Example:
        >>> MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 0, 1])
        0.3333333333333333
    """

    closed = True

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
        **unknown: Any,
    ) -> None:
        self.refuse(unknown)
        super().__init__(
            num_classes,
            range(num_classes),
            name,
            dtype,
            ignore_class,
            sparse_y_true,
            sparse_y_pred,
            axis,
        )


@register
class OneHotIoU(IoU):
    """TP/(TP + FP + FN) for one-hot targets and probabilities, over the classes asked for.

    Args:
        num_classes: how many classes there are.
        target_class_ids: which of them count.
        name, dtype: as for every `Metric`.
        ignore_class: targets of this class count for nothing.
        sparse_y_pred: predictions are class numbers, not probabilities of each class.
        axis: along which classes lie.

    Example:
        >>> t = [[1, 0], [1, 0], [0, 1], [0, 1]]
        >>> y = [[0.9, 0.1], [0.4, 0.6], [0.7, 0.3], [0.1, 0.9]]
        >>> OneHotIoU(num_classes=2, target_class_ids=[0])(t, y)
        0.3333333333333333
    """

    closed = True

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
        **unknown: Any,
    ) -> None:
        self.refuse(unknown)
        super().__init__(
            num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis
        )


@register
class OneHotMeanIoU(MeanIoU):
    """TP/(TP + FP + FN) for one-hot targets and probabilities, over all classes that occur.

    Args:
        num_classes: how many classes there are.
        name, dtype: as for every `Metric`.
        ignore_class: targets of this class count for nothing.
        sparse_y_pred: predictions are class numbers, not probabilities of each class.
        axis: along which classes lie.

    Example:
        >>> t = [[1, 0], [1, 0], [0, 1], [0, 1]]
        >>> OneHotMeanIoU(2)(t, [[0.9, 0.1], [0.4, 0.6], [0.7, 0.3], [0.1, 0.9]])
        0.3333333333333333
    """

    closed = True

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
        **unknown: Any,
    ) -> None:
        self.refuse(unknown)
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)
