"""New arrays: constants, which have no derivative. They are NumPy's, which both engines take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import is_float, is_traced, numpy_dtype, xp
from ..checks import is_number
from ..errors import ArgumentError
from ..operators import Recordable
from ..symbol import composite
from .base import as_number, broadcast_shape, op, whole
from .elementwise import zeros_like
from .shapes import _lengths

__all__ = [
    "arange",
    "eye",
    "full",
    "full_like",
    "linspace",
    "ones",
    "zeros",
]


def _plain(where: str, **named: Any) -> None:
    """Raise for what has no number yet, or whose derivative would be lost."""
    for name, v in named.items():
        unknown = isinstance(v, Recordable) or is_traced(v)
        if unknown or not is_number(v):
            raise ArgumentError(
                f"{name} must be a plain number",
                where=where,
                received=repr(v)[:80],
                fix="a length such as x.shape[0], or float(v) of a value" if unknown else None,
            )


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> np.ndarray:
    """start, start + step, start + 2·step, ... below stop; from 0 with one argument.  No
    derivative.

    Whole numbers in int32 where they fit, others in the default float type, or in `dtype`.

    Raises:
        ArgumentError: a step of 0, or arguments that are no plain numbers.

    Example:
        >>> arange(4)
        array([0, 1, 2, 3], dtype=int32)
        >>> arange(0.0, 1.0, 0.25)
        array([0.  , 0.25, 0.5 , 0.75], dtype=float32)
    """
    if stop is None:
        start, stop = 0, start
    step = 1 if step is None else step
    _plain("arange", start=start, stop=stop, step=step)
    if step == 0:
        raise ArgumentError("the step is 0", where="arange")
    found = np.arange(start, stop, step)
    if dtype is None and found.dtype.kind in "iu":
        small = not found.size or (-(2**31) <= min(found[0], found[-1]) <= max(found) < 2**31)
        dtype = "int32" if small else "int64"
    return found.astype(numpy_dtype(dtype))


def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
) -> Any:
    """`num` numbers at equal distances from start to stop.  No derivative.

    Args:
        start: the first number.
        stop: the last one; with `endpoint=False` the one after the last.
        num: how many numbers.
        endpoint: whether stop is among them.
        retstep: also return the distance.
        dtype: the default float type by default.

    Raises:
        ArgumentError: arguments that are no plain numbers.

    Example:
        >>> linspace(0, 1, 5)
        array([0.  , 0.25, 0.5 , 0.75, 1.  ], dtype=float32)
    """
    _plain("linspace", start=start, stop=stop)
    num = whole(num, "linspace", "num")
    if num < 0:
        raise ArgumentError("num is negative", where="linspace", received=num)
    found, step = np.linspace(start, stop, num, endpoint=endpoint, retstep=True)
    kind = numpy_dtype(dtype)
    found = (np.floor(found) if kind.kind in "iu" else found).astype(kind)
    return (found, float(step)) if retstep else found


def zeros(shape: Sequence[int] | int, dtype: Any = None) -> np.ndarray:
    """Zeros in a shape, in the default float type or `dtype`.  No derivative.

    Example:
        >>> zeros((2, 3))
        array([[0., 0., 0.],
               [0., 0., 0.]], dtype=float32)
    """
    return np.zeros(_lengths(shape, "zeros"), numpy_dtype(dtype))


def ones(shape: Sequence[int] | int, dtype: Any = None) -> np.ndarray:
    """Ones in a shape, in the default float type or `dtype`.  No derivative.

    Example:
        >>> ones(3, "int32")
        array([1, 1, 1], dtype=int32)
    """
    return np.ones(_lengths(shape, "ones"), numpy_dtype(dtype))


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> np.ndarray:
    """N rows and M columns with 1 on diagonal k, else 0.  No derivative.

    Diagonal 0 begins in the upper left corner, 1 stands right of it, −1 below.

    Example:
        >>> eye(2, 3, k=1)
        array([[0., 1., 0.],
               [0., 0., 1.]], dtype=float32)
    """
    rows, columns = _lengths((N, N if M is None else M), "eye")
    return np.eye(rows, columns, whole(k, "eye", "k"), dtype=numpy_dtype(dtype))


@op(numbers=0)
def full(shape, fill_value, dtype=None):
    """fill_value everywhere.  ∂/∂fill_value is Σ d_y over what it was repeated along.

    Its type is `dtype`, else that of an array of floats, else the default float type.

    Raises:
        ShapeError: an array of values that does not repeat to the shape.

    Example:
        >>> full((2, 2), 7)
        array([[7., 7.],
               [7., 7.]], dtype=float32)
    """
    shape, value = _lengths(shape, "full"), as_number(fill_value, "full")
    broadcast_shape(np.shape(value), shape, "full")
    if not hasattr(value, "dtype"):  # a plain number has no type of its own
        value = np.asarray(value, numpy_dtype(dtype))
    kind = numpy_dtype(value.dtype if dtype is None and is_float(value) else dtype)
    y = xp(value).broadcast_to(value.astype(kind), shape)
    return np.array(y) if xp(y) is np else y, (None, lambda d_y: d_y)


@composite
def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    """fill_value in the shape and type of x.  ∂/∂fill_value is Σ d_y, ∂/∂x = 0.

    Example:
        >>> full_like([1.0, 2.0], 0.5)
        array([0.5, 0.5])
    """
    like = zeros_like(x, dtype)
    return full(np.shape(like), fill_value, like.dtype)
