"""Targets, predictions and weights that fit each other: for every loss and metric, in one place.

NumPy would broadcast (n,) against (n, 1) to (n, n) without a word; here that is put right or
refused.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import ops
from ..arrays import asarray, is_float, numpy_dtype, xp
from ..errors import DataError, ShapeError
from ..labels import check_labels
from ..operators import Recordable, raw

__all__ = [
    "check_probabilities",
    "class_numbers",
    "fit_shapes",
    "fix_of_shapes",
    "last",
    "like_prediction",
    "one_a_row",
    "value_of",
    "weights_like",
    "without_class",
]


def _array(x: Any) -> Any:
    """Anything with a shape and a type as it is, everything else as an array."""
    return x if hasattr(x, "dtype") and hasattr(x, "shape") else asarray(x)


def value_of(x: Any) -> Any:
    """The recorded value while a tape is open, an array otherwise; numbers become floats.

    Example:
        >>> value_of([1, 2])
        array([1., 2.], dtype=float32)
    """
    if isinstance(x, Recordable):
        x = x.on_tape()
    x = _array(x)
    return x if is_float(x) else x.astype(numpy_dtype())


def _reshaped(t: Any, shape: tuple) -> Any:
    """`t` in `shape` where they differ by a last axis of length 1 alone, else as it is."""
    if t.shape == (*shape, 1) or (*t.shape, 1) == shape:
        return ops.reshape(t, shape)
    return t


def fix_of_shapes(fix: str, target: Any, output: Any) -> str:
    """`fix`, or where the outputs have axes that the targets have not, how to be rid of those.

    Example:
        >>> fix_of_shapes("", (32,), (32, 28, 10))[:41]
        'one prediction a sample: put a Flatten or'
        >>> fix_of_shapes("another loss", (32, 28), (32, 28, 10))
        'another loss'
    """
    one_each = math.prod(target[1:]) in (1, output[-1] if len(output) else 1)
    if len(output) < 3 or not one_each:
        return fix
    return (
        "one prediction a sample: put a Flatten or a global pooling layer before the last Dense "
        "(a recurrent layer: return_sequences=False); or give a target for each position"
    )


def fit_shapes(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Targets in the prediction's type and shape; a last axis of length 1 is added or dropped.

    Raises:
        ShapeError: where NumPy would silently broadcast.

    Example:
        >>> t, y = fit_shapes([1.0, 0.0], [[0.9], [0.2]])
        >>> t.shape, y.shape
        ((2, 1), (2, 1))
    """
    y = value_of(y_pred)
    t = _array(y_true)
    t = t.on_tape() if isinstance(t, Recordable) else t
    t = t if t.dtype == y.dtype else t.astype(y.dtype)
    t = t if t.shape == y.shape else _reshaped(t, tuple(y.shape))
    if t.shape != y.shape:
        raise ShapeError(
            "targets and predictions have different shapes",
            where="loss",
            expected=f"y_true of shape {tuple(y.shape)}, like y_pred",
            received=f"y_true {tuple(t.shape)}, y_pred {tuple(y.shape)}",
            fix=fix_of_shapes(
                "for class numbers use a sparse_ loss; otherwise give one target for each output",
                t.shape,
                y.shape,
            ),
        )
    return t, y


def like_prediction(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Targets for a user's own loss or metric: in the prediction's type and, but for a 1, shape.

    Other shapes are left alone: a function of the user's own may want class numbers.

    Example:
        >>> t, y = like_prediction([3, 1], [[0.9], [0.2]])
        >>> t
        array([[3.],
               [1.]])
    """
    y = value_of(y_pred)
    return _reshaped(raw(_array(y_true)), tuple(y.shape)).astype(y.dtype), y


def weights_like(sample_weight: Any, each: Any) -> Any:
    """Sample weights in the type of `each`, with axes of length 1 so that they multiply row by row.

    Raises:
        ShapeError: neither one weight a sample nor one for each number.
        DataError: a weight that is not finite. Negative ones are allowed: policy gradients.

    Example:
        >>> weights_like([1, 2], np.ones((2, 3))).shape
        (2, 1)
    """
    w = raw(_array(sample_weight))
    if len(w.shape) == len(each.shape) + 1 and w.shape[-1] == 1:
        w = w.reshape(w.shape[:-1])
    fits = len(w.shape) <= len(each.shape) and all(
        n in (1, k) for n, k in zip(w.shape, each.shape, strict=False)
    )
    if not fits:
        raise ShapeError(
            "sample weights and samples do not fit",
            where="sample_weight",
            expected=f"shape {tuple(each.shape[:1])}",
            received=f"shape {tuple(w.shape)}",
            fix=""
            if len(each.shape)
            else "this loss is one number for the whole batch; axis=-1 gives one for each sample",
        )
    if isinstance(w, np.ndarray) and not (finite := np.isfinite(w)).all():
        row = int(np.argwhere(~finite)[0][0]) if w.ndim else 0
        raise DataError(
            "a weight is not finite",
            where=f"sample_weight, row {row}",
            expected="finite numbers",
            received=f"{w[~finite][0]} ({int((~finite).sum())} such weights)",
            fix="drop those rows, or give them the weight 0",
        )
    return w.reshape(w.shape + (1,) * (len(each.shape) - len(w.shape))).astype(each.dtype)


def class_numbers(y_true: Any, y: Any) -> Any:
    """Class numbers in the shape of the prediction without its last axis, each one looked at.

    Inside a compiled program, where nothing can be raised, a wrong number comes back as −1.

    Raises:
        ShapeError: not one number for each row of predictions.
        DataError: a number outside the classes, or one that is not whole.

    Example:
        >>> class_numbers([[2.0], [0.0]], np.ones((2, 3)))
        array([2, 0], dtype=int32)
    """
    return check_labels(one_a_row(y_true, y), y.shape[-1], "y_true")


def one_a_row(y_true: Any, y: Any, axis: int = -1) -> Any:
    """One target for each row of predictions; their numbers are not looked at.

    An axis of length 1 may stand where the classes of the predictions stood before they were moved
    to the end.

    Raises:
        ShapeError: more or fewer of them.

    Example:
        >>> one_a_row([[2], [0]], np.ones((2, 3)))
        array([2, 0])
    """
    t = raw(y_true if hasattr(y_true, "dtype") else np.asarray(y_true))
    rows = tuple(y.shape[:-1])
    if len(t.shape) == len(y.shape) and last(t, axis).shape == (*rows, 1):
        t = t.reshape(rows)
    if t.shape != rows:
        raise ShapeError(
            "class numbers and predictions do not fit",
            where="sparse_categorical_crossentropy",
            expected=f"y_true of shape {tuple(rows)}",
            received=f"y_true {tuple(t.shape)}, y_pred {tuple(y.shape)}",
            fix=fix_of_shapes("for one-hot rows use categorical_crossentropy", t.shape, y.shape),
        )
    return t


def last(x: Any, axis: int) -> Any:
    """x with one axis moved to the end.

    Example:
        >>> last(np.ones((2, 3, 4)), 1).shape
        (2, 4, 3)
    """
    return x if axis in (-1, len(x.shape) - 1) else ops.moveaxis(x, axis, -1)


def without_class(t: Any, number: int) -> tuple[Any, Any]:
    """Class numbers with 0 in place of one of them, and where another one stands.

    Example:
        >>> without_class(np.array([1, 255]), 255)
        (array([1, 0]), array([ True, False]))
    """
    valid = t != number
    return xp(t).where(valid, t, 0), valid


def check_probabilities(t: Any, where: str) -> None:
    """Raise a DataError where a target that can be looked at is no probability.

    Example:
        >>> check_probabilities(np.array([[0.5, 0.5], [2.0, -1.0]]), "y")
        Traceback (most recent call last):
        ...
        chainrule.errors.DataError: y, row 1: a target is no probability
          expected: values from 0 to 1
          received: [2.0, -1.0]
    """
    t = raw(t)
    if not isinstance(t, np.ndarray) or not t.size or 0 <= t.min() <= t.max() <= 1:
        return
    rows = t.reshape(len(t), -1) if t.ndim else t.reshape(1, 1)
    row = int(np.argmin(((rows >= 0) & (rows <= 1)).all(axis=1)))
    raise DataError(
        "a target is no probability",
        where=f"{where}, row {row}",
        expected="values from 0 to 1",
        received=rows[row].tolist(),
    )
