"""Types and shapes of tensors: which type a Python number has, and what may be put where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import as_numpy, is_array
from ..errors import ArgumentError, DataError, ShapeError

__all__ = ["TensorShape", "as_dtype", "as_shape", "broadcast", "convert", "type_name"]

KINDS = {
    name: np.dtype(name)
    for name in (
        "float16", "float32", "float64", "int8", "int16", "int32", "int64",
        "uint8", "uint16", "uint32", "uint64", "bool",
    )
}  # fmt: skip
STRING = np.dtype(object)  # text is kept as Python strings


def type_name(dtype: Any) -> str:
    """The name of a tensor's type, `string` for text.

    Example:
        >>> type_name(np.dtype("float32")), type_name(STRING)
        ('float32', 'string')
    """
    return "string" if dtype == STRING else np.dtype(dtype).name


def as_dtype(dtype: Any, where: object) -> np.dtype:
    """One of the types that tensors have, from itself, its name or Python's own type.

    Example:
        >>> as_dtype("int32", "cast"), as_dtype(float, "cast")
        (dtype('int32'), dtype('float32'))
    """
    own = {float: "float32", int: "int32", bool: "bool", "string": "string", str: "string"}
    name: Any = own.get(dtype, dtype) if isinstance(dtype, (type, str)) else dtype
    if name == "string" or (isinstance(name, np.dtype) and name == STRING):
        return STRING
    try:
        found = np.dtype(name)
    except Exception:  # NumPy reads a small language here, and stumbles in many ways
        found = None
    if dtype is None or found is None or found.name not in KINDS:
        raise ArgumentError(
            "this is no type of a tensor",
            where=where,
            expected="one of " + ", ".join(f"tf.{n}" for n in (*KINDS, "string")),
            received=repr(dtype)[:100],
        )
    return found


class TensorShape(tuple):
    """The lengths of a tensor's axes, None for one that is not known; written as TensorFlow does.

    `ndims` is the number of axes, and None where even that is not known.

    Example:
        >>> shape = TensorShape((None, 784))
        >>> print(shape, shape.ndims, shape.as_list(), TensorShape(None))
        (?, 784) 2 [None, 784] <unknown>
    """

    ndims: int | None

    def __new__(cls, lengths: Any = None) -> TensorShape:  # noqa: D102
        shape = super().__new__(cls, () if lengths is None else lengths)
        shape.ndims = None if lengths is None else len(shape)
        return shape

    @property
    def rank(self) -> int | None:
        """The number of axes, as `ndims`."""
        return self.ndims

    @property
    def is_known(self) -> bool:
        """Whether every length is known."""
        return self.ndims is not None and None not in self

    def as_list(self) -> list[int | None]:
        """The lengths as a list."""
        if self.ndims is None:
            raise ShapeError(
                "nothing is known of this shape yet",
                where="as_list",
                fix="give the placeholder a shape: tf.placeholder(tf.float32, [None, 784])",
            )
        return list(self)

    def __repr__(self) -> str:
        if self.ndims is None:
            return "<unknown>"
        inside = ", ".join("?" if n is None else str(n) for n in self)
        return f"({inside},)" if len(self) == 1 else f"({inside})"

    __str__ = __repr__

    def takes(self, shape: Sequence[int]) -> bool:
        """Whether an array of that shape may stand here."""
        if self.ndims is None:
            return True
        return len(shape) == len(self) and all(
            n is None or n == m for n, m in zip(self, shape, strict=True)
        )


def as_shape(shape: Any, where: object) -> TensorShape:
    """A shape from what users write: a list, a tuple, one length, None for unknown.

    Example:
        >>> as_shape([None, 3], "placeholder")
        (?, 3)
    """
    if shape is None or isinstance(shape, TensorShape):
        return TensorShape(shape)
    given = shape if isinstance(shape, (list, tuple, np.ndarray)) else [shape]
    lengths = []
    for n in given:
        whole = hasattr(n, "__index__") and not isinstance(n, (bool, np.bool_))
        if n is not None and (not whole or int(n) < 0):
            raise ArgumentError(
                "this is no shape",
                where=where,
                expected="a list of whole numbers of 0 or more, None where any length will do",
                received=repr(shape)[:100],
                fix="such as [None, 784]",
            )
        lengths.append(None if n is None else int(n))
    return TensorShape(lengths)


def broadcast(a: TensorShape, b: TensorShape, where: object) -> TensorShape:
    """The shape of a sum of two tensors.

    Example:
        >>> broadcast(TensorShape((None, 3)), TensorShape((3,)), "add")
        (?, 3)
    """
    if a.ndims is None or b.ndims is None:
        return TensorShape(None)
    size = max(len(a), len(b))
    found = []
    for n, m in zip((1,) * (size - len(a)) + a, (1,) * (size - len(b)) + b, strict=True):
        if n == 1 or m == 1 or n == m:
            found.append(m if n == 1 else n)
        elif n is None or m is None:  # it is 1, or the other's length
            found.append(m if n is None else n)
        else:
            raise ShapeError(
                "the shapes do not broadcast",
                where=where,
                expected="equal lengths, or 1, from the last axis on",
                received=f"{a} and {b}",
            )
    return TensorShape(found)


def convert(value: Any, dtype: np.dtype | None, where: str) -> np.ndarray:
    """A value as an array of a tensor's type, or an error that says what would be lost.

    Without a type Python's floats become float32 and its whole numbers int32, as in TensorFlow;
    NumPy's keep the type they have.

    Example:
        >>> convert([1, 2.5], None, "constant").dtype, convert([1, 2], None, "constant").dtype
        (dtype('float32'), dtype('int32'))
        >>> convert(2.5, np.dtype("int32"), "placeholder 'x'")
        Traceback (most recent call last):
        ...
        chainrule.errors.DataError: placeholder 'x': int32 cannot hold this value
          expected: whole numbers from -2147483648 to 2147483647
          received: 2.5
          fix: declare it as tf.float32, or round it first
    """
    try:
        array = as_numpy(value, name=where)
    except DataError as error:
        problem = error.problem.removeprefix(f"{where} ")
        raise DataError(f"the value {problem}", where=where, received=repr(value)[:100]) from None
    if array.dtype.kind in "US" or (array.dtype == STRING and _all_text(array)):
        return _text(array, dtype, where)
    if array.dtype.kind not in "biuf" or array.dtype.name not in KINDS:
        raise DataError(
            "this cannot be made a tensor",
            where=where,
            expected="numbers, lists of numbers, arrays, text",
            received=repr(value)[:100],
        )
    if dtype is None:
        return array if _has_numpy_type(value) else _default(array, where)
    if dtype == STRING:
        raise DataError("a string is expected", where=where, received=repr(value)[:100])
    return _cast(array, dtype, where)


def _all_text(array: np.ndarray) -> bool:
    return array.size > 0 and all(isinstance(item, (str, bytes)) for item in array.reshape(-1))


def _text(array: np.ndarray, dtype: np.dtype | None, where: str) -> np.ndarray:
    if dtype is not None and dtype != STRING:
        raise DataError(
            f"{type_name(dtype)} cannot hold text",
            where=where,
            expected="numbers",
            received=repr(array.reshape(-1)[:1].tolist())[:100],
        )
    found = np.empty(array.shape, object)
    for at in np.ndindex(array.shape):
        item = array[at]
        found[at] = item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item)
    return found


def _has_numpy_type(value: Any) -> bool:
    """Does a type of NumPy's stand in it, which counts as chosen?"""
    if isinstance(value, (list, tuple)):
        return bool(value) and any(map(_has_numpy_type, value))
    return is_array(value) or hasattr(value, "dtype")


def _default(array: np.ndarray, where: str) -> np.ndarray:
    if array.dtype.kind == "f":
        return array.astype(np.float32)
    return array if array.dtype.kind == "b" else _cast(array, KINDS["int32"], where)


def _cast(array: np.ndarray, dtype: np.dtype, where: str) -> np.ndarray:
    """The array in another type; refused where numbers would become others."""
    if array.dtype == dtype:
        return array
    with np.errstate(all="ignore"):
        found = array.astype(dtype)
    if dtype.kind == "f":
        lost = np.isinf(found) & np.isfinite(array)  # rounding is meant, overflow is not
    else:
        lost = np.asarray(found.astype(array.dtype) != array) | (found < 0) & (array >= 0)
        lost |= (found >= 0) & (array < 0)
    if not np.any(lost):
        return found
    return _refuse(array, dtype, lost, where)


def _refuse(array: np.ndarray, dtype: np.dtype, lost: np.ndarray, where: str) -> np.ndarray:
    if dtype.kind == "b":
        held, fix = "0 and 1, or False and True", "compare it: tf.greater(x, 0.5)"
    elif dtype.kind == "f":
        held = f"numbers up to {float(np.finfo(dtype).max):.6g}"
        fix = "declare it as tf.float64"
    else:
        limits = np.iinfo(dtype)
        held = f"whole numbers from {limits.min} to {limits.max}"
        real = array.dtype.kind == "f"
        fix = f"declare it as tf.{'float32, or round it first' if real else 'int64'}"
    raise DataError(
        f"{dtype.name} cannot hold this value",
        where=where,
        expected=held,
        received=repr(array[lost].reshape(-1)[0].item()),
        fix=fix,
    )
