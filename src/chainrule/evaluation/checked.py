"""What comes in: targets and answers, checked once for everything that is computed from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import asarray
from ..errors import DataError, ShapeError
from ..finite import need_finite
from ..labels import check_labels

__all__ = ["check_outputs", "check_targets", "check_weights"]


def check_targets(y: Any, class_names: Sequence[object] | None, where: str) -> np.ndarray:
    """Class numbers as int64 where there are classes, else finite values as float64; (n,).

    Raises:
        DataError: no rows, a label outside the classes, a value that is not finite.
    """
    array = asarray(y, name="y")
    if array.size != len(array):
        raise ShapeError("there is one target a row", where=where, expected="(n,) or (n, 1)",
                         received=array.shape)  # fmt: skip
    array = array.reshape(-1)
    if not len(array):
        raise DataError("there are no rows", where=where, expected="at least one row")
    if class_names is not None:
        return np.asarray(check_labels(array, len(class_names), where)).astype(np.int64)
    array = array.astype(np.float64)
    need_finite([("y", array)], where, kind=DataError, fix="leave out rows without a target")
    return array


def check_outputs(
    outputs: Any, rows: int, classes: int | None, where: str, name: str = "outputs"
) -> np.ndarray:
    """Probabilities (n, classes) or values (n,), float64.

    One column of a question with two classes is the probability of the second.

    Raises:
        ShapeError: another shape.
        DataError: a number that is not finite, or rows that are no probabilities.
    """
    array = asarray(outputs, name=name).astype(np.float64)
    need_finite([(name, array)], where, kind=DataError, fix="look at the model: it gave no answer")
    flat = array.reshape(len(array), -1) if len(array) else array.reshape(0, 1)
    if classes == 2 and flat.shape[1] == 1:
        flat = np.concatenate([1 - flat, flat], 1)
    want = (rows, 1 if classes is None else classes)
    if flat.shape != want:
        raise ShapeError(f"{name} do not fit the targets", where=where, expected=want,
                         received=array.shape)  # fmt: skip
    if classes is None:
        return flat[:, 0]
    wrong = (flat < -1e-6) | (flat > 1 + 1e-6)
    sums = flat.sum(1)
    wrong_row = wrong.any(1) | (np.abs(sums - 1) > 1e-3)
    if wrong_row.any():
        first = int(wrong_row.argmax())
        raise DataError(
            f"{name} are no probabilities",
            where=where,
            expected="in each row numbers from 0 to 1 with the sum 1",
            received=f"row {first}: " + ", ".join(f"{v:.4g}" for v in flat[first][:8]),
            fix="give what softmax or sigmoid makes of them",
        )
    return np.clip(flat, 0, 1)


def check_weights(weights: Any, rows: int, where: str, name: str = "weights") -> np.ndarray:
    """One number of 0 or more for each row; ones where there are none.

    Raises:
        ShapeError: another number of them.
        DataError: one below 0, or all 0.
    """
    if weights is None:
        return np.ones(rows)
    array = asarray(weights, name=name).astype(np.float64).reshape(-1)
    if len(array) != rows:
        raise ShapeError(f"{name} do not fit the targets", where=where, expected=(rows,),
                         received=array.shape)  # fmt: skip
    need_finite([(name, array)], where, kind=DataError, fix=None)
    if (array < 0).any() or not array.sum() > 0:
        raise DataError(f"{name} must be 0 or more, and not all 0", where=where,
                        received=f"{array.min():g} to {array.max():g}")  # fmt: skip
    return array
