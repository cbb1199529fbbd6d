"""The edge: data is looked at before any weight can change.

Shapes, lengths, NaN, labels outside the classes: each is refused with its row and column. A network
that trains on a NaN does not fail, it quietly becomes useless.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import losses, tree
from ..arrays import asarray, numpy_dtype
from ..errors import ArgumentError, DataError, ShapeError
from ..finite import first_not_finite, place, row_number
from ..labels import check_labels
from ..registry import snake_case

__all__ = [
    "inputs",
    "list_of",
    "sample_weights",
    "share",
    "split_tail",
    "targets",
    "verbosity",
    "whole_number",
]

# how far the probabilities of a row may be from 1 together: 1,000 of them in float16
_SUM_TOLERANCE = 1e-2
_LARGEST = float(np.finfo(np.float32).max)  # of a sample's weight


# --- data --------------------------------------------------------------------------------------


def finite(array: np.ndarray, name: str) -> np.ndarray:
    """The array itself, or a DataError naming the first NaN or infinity."""
    found = first_not_finite(array)
    if found is None:
        return array
    index, bad = found
    raise DataError(
        f"{name} holds a value that is not finite",
        where=place(index),
        expected="finite numbers",
        received=f"{array[index]} ({int(bad.sum())} such values in {int(_rows(bad).sum())} rows)",
        fix=f"drop those rows: {_keep(array, name.split()[-1])}",
    )


def _keep(array: np.ndarray, name: str) -> str:
    rows = "" if array.ndim == 1 else f".all(axis={tuple(range(1, array.ndim))})"
    rows = ".all(axis=1)" if array.ndim == 2 else rows
    return f"keep = np.isfinite({name}){rows}; {name} = {name}[keep]"


def _rows(bad: np.ndarray) -> Any:
    return bad.reshape(len(bad), -1).any(axis=1)


def inputs(x: Any, dtype: Any, *, name: str = "x") -> np.ndarray:
    """x as a finite array of floats with at least one row."""
    array = asarray(x, name=name)
    if array.ndim == 0:
        raise ShapeError(
            f"{name} is a single number", expected="an array with one row a sample",
            fix=f"np.array([{name}]), if there is one sample",
        )  # fmt: skip
    if len(array) == 0:
        raise DataError(f"{name} is empty", expected="at least one row", received=array.shape)
    kind = numpy_dtype(dtype)
    if array.dtype != kind:
        with np.errstate(over="ignore"):  # what is too large becomes infinite, and is named
            array = array.astype(kind)
    return finite(np.ascontiguousarray(array), name)


def targets(y: Any, rows: int, loss: Any, output_shape: tuple, *, name: str = "y") -> np.ndarray:
    """Y as an array that fits `rows` samples, the loss and the model's output."""
    array = asarray(y, name=name)
    same_length(array, rows, name)
    array = finite(np.ascontiguousarray(array), name)
    if isinstance(loss, losses.SparseCategoricalCrossentropy):
        return _class_numbers(array, loss, output_shape, name)
    if isinstance(loss, _OF_ROWS) and array.ndim < len(output_shape):
        raise ShapeError(
            f"{snake_case(type(loss).__name__)} needs one-hot rows",
            where=name,
            expected=f"(n, {', '.join('any' if n is None else str(n) for n in output_shape[1:])})",
            received=array.shape,
            fix=losses.shapes.fix_of_shapes(
                "use loss='sparse_categorical_crossentropy', or cr.utils.to_categorical(y)",
                array.shape,
                output_shape,
            ),
        )
    if isinstance(loss, _OF_PROBABILITIES):
        _need_probabilities(array, isinstance(loss, losses.KLDivergence), name)
    if array.dtype.kind in "bui":
        small = array.size == 0 or (array.min() >= -(2**31) and array.max() < 2**31)
        return array.astype(np.int32 if small else np.float64, copy=False)
    return array


def _class_numbers(array: np.ndarray, loss: Any, output_shape: tuple, name: str) -> np.ndarray:
    """Class numbers as int32, each within the classes or the one that is ignored."""
    classes = output_shape[loss.axis]
    if loss.ignore_class is None:
        return check_labels(array, classes, name)
    known, valid = losses.shapes.without_class(array, loss.ignore_class)
    return np.where(valid, check_labels(known, classes, name), np.int32(loss.ignore_class))


_OF_ROWS = (losses.CategoricalCrossentropy, losses.CategoricalFocalCrossentropy)
_OF_PROBABILITIES = (
    losses.BinaryCrossentropy,
    losses.BinaryFocalCrossentropy,
    losses.CategoricalCrossentropy,
    losses.CategoricalFocalCrossentropy,
    losses.KLDivergence,
)


def _need_probabilities(array: np.ndarray, whole: bool, name: str) -> None:
    """Raise for a target outside 0 to 1; with `whole` also for rows that do not sum to 1."""
    outside = (array < 0) | (array > 1)
    if outside.any():
        row = int(_rows(outside).argmax())
        fix = "this loss takes 0 and 1; for class numbers use the sparse loss"
        raise DataError(
            "a target is no probability",
            where=f"{name}, row {row_number(row)}",
            expected="values from 0 to 1",
            received=array[row].tolist(),
            fix="divide each row by its sum" if whole else fix,
        )
    if whole and array.ndim > 1 and array.shape[-1] > 1:
        off = np.abs(array.sum(-1, dtype=np.float64) - 1) > _SUM_TOLERANCE
        if off.any():
            row = int(_rows(off).argmax())
            raise DataError(
                "the targets of a row are no distribution",
                where=f"{name}, row {row_number(row)}",
                expected="probabilities that sum to 1",
                received=array[row].tolist(),
                fix="divide each row by its sum",
            )


def same_length(array: np.ndarray, rows: int, name: str) -> None:
    """Raise unless there is one entry a sample."""
    if array.ndim == 0 or len(array) != rows:
        raise DataError(
            f"x and {name} have different lengths",
            expected=f"{rows} rows in {name}, as in x",
            received=f"{len(array) if array.ndim else 1} rows",
            fix="look for a header line, a dropped row or a transposed array",
        )


def sample_weights(
    weight: Any, class_weight: Mapping[int, float] | None, y: Any, rows: int
) -> np.ndarray | None:
    """One weight a sample from `sample_weight` and `class_weight`; None when neither is given."""
    result = None
    if weight is not None:
        result = asarray(weight, "float32", name="sample_weight")
        same_length(result, rows, "sample_weight")
        finite(result, "sample_weight")
    if class_weight is not None and not isinstance(class_weight, Mapping):
        raise DataError(
            "class_weight is no dict",
            expected="{class: weight}, such as {0: 1.0, 1: 5.0}",
            received=f"{type(class_weight).__name__}: {class_weight!r}"[:80],
            fix="class_weight=dict(enumerate(weights)), where weights is a list",
        )
    if class_weight:
        classes, factors = _class_weights(class_weight)
        labels = _class_of_each(y)
        at = np.searchsorted(classes, labels).clip(max=len(classes) - 1)
        # a class that is not named weighs 1
        by_class = np.where(classes[at] == labels, factors[at], 1).astype(np.float32)
        result = by_class if result is None else result * by_class
    return result


def _class_weights(class_weight: Any) -> tuple[np.ndarray, np.ndarray]:
    """Class numbers in order, and the weight of each."""
    table: dict[int, float] = {}
    good = isinstance(class_weight, Mapping)
    for key, value in class_weight.items() if good else ():
        # a whole float is a class number too: that is what np.unique of float labels gives
        number, weight = _number(key), _number(value)
        if not (0 <= number < 2**31 and number == int(number) and 0 <= weight <= _LARGEST):
            good = False
            break
        table[int(number)] = weight
    if not good:
        raise ArgumentError(
            "class_weight must be a dict of finite weights, zero or more",
            where="fit",
            expected="{class number: weight}, such as {0: 1.0, 1: 5.0}",
            received=_short(class_weight),
        )
    classes = sorted(table)
    return np.array(classes), np.array([table[k] for k in classes])


def _class_of_each(y: np.ndarray) -> np.ndarray:
    """The class number of each row of targets: a number, or where a one-hot row is largest."""
    if y.ndim == 2 and y.shape[1] > 1 and ((y >= 0) & (y <= 1)).all():
        return y.argmax(1)
    if y.size == len(y):
        labels = y.reshape(-1)
        if y.dtype.kind in "biu" or np.array_equal(labels, np.floor(labels)):
            return labels.astype(np.int64)
    raise DataError(
        "class_weight needs one class for each row",
        where="fit",
        expected="class numbers, or one-hot rows",
        received=f"y of shape {y.shape}, for example {_short(y[0].tolist())}",
        fix="give sample_weight, one weight a row",
    )


def split_tail(arrays: list[Any], share: float) -> tuple[list[Any], list[Any]]:
    """Training and validation part: the validation part is the tail, taken before any shuffle."""
    rows = len(tree.leaves(arrays[0])[0])
    at = int(rows * (1 - share))
    if at == 0 or at == rows:
        raise DataError(
            "validation_split leaves one part empty",
            where="fit",
            expected="at least one row on both sides",
            received=f"{rows} rows, split {share}",
        )
    head = tree.map(lambda a: None if a is None else a[:at], arrays)
    return head, tree.map(lambda a: None if a is None else a[at:], arrays)


# --- arguments ---------------------------------------------------------------------------------


def whole_number(name: str, value: Any, least: int = 1, where: str = "fit") -> int:
    """A whole number of at least `least`."""
    try:
        number = least - 1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = least - 1
    if number < least:
        raise ArgumentError(
            f"{name} must be a whole number of at least {least}",
            where=where,
            received=_short(value),
            fix=f"{name}={int(value)}" if _is_whole(value) and value >= least else None,
        )
    return number


def _is_whole(value: Any) -> bool:
    """Is this a float like 3.0?"""
    return isinstance(value, (float, np.floating)) and float(value).is_integer()


def share(name: str, value: Any, where: str = "fit") -> float:
    """A share from 0 up to, but not including, 1; None means 0."""
    if value is None:
        return 0.0
    number = _number(value)
    if isinstance(value, bool) or not 0 <= number < 1:
        raise ArgumentError(
            f"{name} is out of range", where=where, expected="0 to 1", received=str(value)[:80],
            fix=f"{name}={number / 100:g}, for {number:g} %" if 5 <= number < 100 else None,
        )  # fmt: skip
    return number


def verbosity(value: Any, where: str = "fit") -> Any:
    """`verbose` as 0, 1, 2 or "auto"."""
    if isinstance(value, str) and value == "auto":
        return value
    if _number(value) in (0, 1, 2):
        return int(value)
    raise ArgumentError(
        "verbose has an unknown value",
        where=where,
        expected="'auto', 0 for silence, 1 for a bar, 2 for one line an epoch",
        received=_short(value),
    )


def list_of(name: str, value: Any, where: str) -> list[Any]:
    """What a user gave as a list, tuple, array or other iterable; None is an empty one."""
    if value is None:
        return []
    if not isinstance(value, (str, bytes, Mapping)):
        try:
            return list(value)
        except TypeError:
            pass
    raise ArgumentError(
        f"{name} must be a list", where=where, received=_short(value), fix=f"[{_short(value)}]"
    )


def _number(value: Any) -> float:
    """A number as a float; NaN for what is none."""
    if isinstance(value, (str, bytes, bytearray)) or getattr(value, "ndim", 0):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf
    except (TypeError, ValueError):
        return math.nan


def _short(value: Any) -> str:
    """How errors show what was given."""
    try:
        return repr(value)[:80]
    except ValueError:  # Python prints no number of more than 4,300 digits
        return type(value).__name__
