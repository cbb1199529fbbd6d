"""The edge: data is looked at before any weight can change.

Shapes, lengths, NaN, labels outside the classes: each is refused with its row and column. A network
that trains on a NaN does not fail, it quietly becomes useless.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import losses
from ..arrays import asarray, numpy_dtype
from ..errors import ArgumentError, DataError, ShapeError

__all__ = ["inputs", "sample_weights", "split_tail", "targets", "whole_number"]


def finite(array: np.ndarray, name: str) -> np.ndarray:
    """The array itself, or a DataError naming the first NaN or infinity."""
    # a sum of squares is finite when everything in it is, unless it overflows: one fast pass
    if array.dtype.kind in "biu" or math.isfinite(np.vdot(array, array)):
        return array
    bad: Any = ~np.isfinite(array)
    if not bad.any():
        return array
    place = np.unravel_index(int(bad.reshape(-1).argmax()), array.shape)
    at = f"row {place[0]}" + (f", column {', '.join(map(str, place[1:]))}" if place[1:] else "")
    raise DataError(
        f"{name} holds a value that is not finite",
        where=at,
        expected="finite numbers",
        received=f"{array[place]} ({int(bad.sum())} such values in {int(_rows(bad).sum())} rows)",
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
        raise ShapeError(f"{name} is a single number", expected="an array with one row a sample")
    if len(array) == 0:
        raise DataError(f"{name} is empty", expected="at least one row", received=array.shape)
    with np.errstate(
        over="ignore"
    ):  # what is too large for the type becomes infinite, and is named
        array = array.astype(numpy_dtype(dtype), copy=False)
    return finite(np.ascontiguousarray(array), name)


def targets(y: Any, rows: int, loss: Any, output_shape: tuple, *, name: str = "y") -> np.ndarray:
    """Y as an array that fits `rows` samples, the loss and the model's output."""
    array = asarray(y, name=name)
    same_length(array, rows, name)
    array = finite(np.ascontiguousarray(array), name)
    if isinstance(loss, losses.SparseCategoricalCrossentropy):
        return _class_numbers(array, output_shape[-1], name)
    if isinstance(loss, losses.CategoricalCrossentropy) and array.ndim < len(output_shape):
        raise ShapeError(
            "categorical_crossentropy needs one-hot rows",
            where=name,
            expected=f"(n, {output_shape[-1]})",
            received=array.shape,
            fix="use loss='sparse_categorical_crossentropy', or cr.utils.to_categorical(y)",
        )
    if isinstance(loss, (losses.BinaryCrossentropy, losses.CategoricalCrossentropy)):
        outside = (array < 0) | (array > 1)
        if outside.any():
            row = int(_rows(outside).argmax())
            raise DataError(
                "a target is no probability",
                where=f"{name}, row {row}",
                expected="values from 0 to 1",
                received=array[row].tolist(),
                fix="this loss takes 0 and 1; for class numbers use the sparse loss",
            )
    if array.dtype.kind in "bui":
        small = array.size == 0 or (array.min() >= -(2**31) and array.max() < 2**31)
        return array.astype(np.int32 if small else np.float64, copy=False)
    return array


def _class_numbers(array: np.ndarray, classes: int, name: str) -> np.ndarray:
    if array.dtype.kind == "f" and not np.array_equal(array, np.floor(array)):
        row = int(_rows(array != np.floor(array)).argmax())
        raise DataError(
            "a class number is not whole",
            where=f"{name}, row {row}",
            expected=f"whole numbers from 0 to {classes - 1}",
            received=array[row],
        )
    outside = (array < 0) | (array >= classes)
    if outside.any():
        row = int(_rows(outside).argmax())
        values = np.unique(array[outside])[:5].astype(int).tolist()
        raise DataError(
            "a label is outside the classes",
            where=f"{name}, row {row}",
            expected=f"0 to {classes - 1}, for {classes} outputs",
            received=f"{int(np.ravel(array[row])[0])} ({int(outside.sum())} such labels: {values})",
            fix="number the classes from 0, or give the last layer more units",
        )
    return array.astype(np.int32, copy=False)


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
    weight: Any, class_weight: Mapping[int, float] | None, y: np.ndarray, rows: int
) -> np.ndarray | None:
    """One weight a sample from `sample_weight` and `class_weight`; None when neither is given."""
    result = None
    if weight is not None:
        result = asarray(weight, "float32", name="sample_weight")
        same_length(result, rows, "sample_weight")
        finite(result, "sample_weight")
    if class_weight is not None:
        if not isinstance(class_weight, Mapping):
            raise ArgumentError(
                "class_weight must be a dict",
                where="fit",
                expected="{class number: weight}, such as {0: 1.0, 1: 5.0}",
                received=repr(class_weight)[:80],
            )
        many = y.ndim > 1 and y.shape[-1] > 1
        labels = y.argmax(-1) if many else y.reshape(len(y), -1)[:, 0].astype(int)
        table = {int(k): float(v) for k, v in class_weight.items()}
        by_class = np.array([table.get(int(k), 1.0) for k in labels], np.float32)
        result = by_class if result is None else result * by_class
    return result


def split_tail(arrays: list[Any], share: float) -> tuple[list[Any], list[Any]]:
    """Training and validation part: the validation part is the tail, taken before any shuffle."""
    if isinstance(share, (str, bool)) or not 0 < share < 1:
        raise ArgumentError(
            "validation_split is out of range", where="fit", expected="0 to 1", received=share
        )
    rows = len(arrays[0])
    at = int(rows * (1 - share))
    if at == 0 or at == rows:
        raise DataError(
            "validation_split leaves one part empty",
            where="fit",
            expected="at least one row on both sides",
            received=f"{rows} rows, split {share}",
        )
    parts = [(None, None) if a is None else (a[:at], a[at:]) for a in arrays]
    return [a for a, _ in parts], [b for _, b in parts]


def whole_number(name: str, value: Any, least: int = 1) -> int:
    """A whole number of at least `least`."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
        raise ArgumentError(
            f"{name} must be a whole number of at least {least}", where="fit", received=repr(value)
        )
    return int(value)
