"""More ways to make an array, to ask what it is, and to read its bits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import asarray, is_array, is_traced, numpy_dtype, xp
from ..errors import ArgumentError, StateError
from ..operators import Recordable, raw
from ..symbol import composite
from .base import op, whole
from .creation import linspace, zeros
from .elementwise import cast, zeros_like
from .shapes import _lengths

__all__ = [
    "array",
    "convert_to_numpy",
    "convert_to_tensor",
    "copy",
    "dtype",
    "empty",
    "empty_like",
    "geomspace",
    "is_tensor",
    "logspace",
    "ndim",
    "size",
    "tri",
    "view",
]


def empty(shape: Sequence[int] | int, dtype: Any = None) -> np.ndarray:
    """An array to be filled, in the default float type or `dtype`.  No derivative.

    It holds zeros: what lies in memory by chance would give other numbers in each run.

    Example:
        >>> empty((1, 2))
        array([[0., 0.]], dtype=float32)
    """
    return zeros(shape, dtype)


@composite
def empty_like(x: Any, dtype: Any = None) -> Any:
    """An array to be filled, in the shape and type of x.  No derivative.

    It holds zeros: what lies in memory by chance would give other numbers in each run.

    Example:
        >>> empty_like([1.0, 2.0])
        array([0., 0.])
    """
    return zeros_like(x, dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> np.ndarray:
    """N rows and M columns with 1 on and below diagonal k, else 0.  No derivative.

    Example:
        >>> tri(2, 3, k=1)
        array([[1., 1., 0.],
               [1., 1., 1.]], dtype=float32)
    """
    rows, columns = _lengths((N, N if M is None else M), "tri")
    return np.tri(rows, columns, whole(k, "tri", "k"), dtype=numpy_dtype(dtype))


def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: float = 10,
    dtype: Any = None,
) -> np.ndarray:
    """baseˢ for `num` numbers s at equal distances from start to stop.  No derivative.

    Example:
        >>> logspace(0, 2, 3)
        array([  1.,  10., 100.], dtype=float32)
    """
    powers = linspace(start, stop, num, endpoint, dtype="float64")
    return _rounded(np.power(float(base), powers), dtype)


def geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None
) -> np.ndarray:
    """`num` numbers from start to stop, each the same multiple of the one before.  No derivative.

    Example:
        >>> geomspace(1, 8, 4)
        array([1., 2., 4., 8.], dtype=float32)

    Raises:
        ArgumentError: start or stop is 0, or they differ in sign.
    """
    linspace(start, stop, num, endpoint)  # the same arguments, checked there
    if float(start) * float(stop) <= 0:
        raise ArgumentError(
            "start and stop must both lie on one side of 0",
            where="geomspace",
            received=f"{start} and {stop}",
        )
    return _rounded(np.geomspace(float(start), float(stop), num, endpoint=endpoint), dtype)


def _rounded(found: np.ndarray, dtype: Any) -> np.ndarray:
    kind = numpy_dtype(dtype)
    return (np.floor(found) if kind.kind in "iu" else found).astype(kind)


@composite
def array(x: Any, dtype: Any = None) -> Any:
    """x as an array of its own, in the type of its numbers or `dtype`.  Derivative 1.

    Lists of floats come in the default float type, lists of whole numbers in int32 where they fit,
    as in Keras; arrays keep their type.

    Example:
        >>> array([1.0, 2.0]), array([1, 2]), array(np.array([1.0]))
        (array([1., 2.], dtype=float32), array([1, 2], dtype=int32), array([1.]))
    """
    if isinstance(x, Recordable) or is_traced(x) or xp(x) is not np:
        return copy(x) if dtype is None else cast(x, dtype)
    given = hasattr(x, "dtype")
    found = asarray(x, name="x")
    if dtype is None and not given:
        dtype = _of_python(found)
    return np.array(found, found.dtype if dtype is None else numpy_dtype(dtype))


def _of_python(found: np.ndarray) -> Any:
    """The type of Python numbers: the default float type, int32 where they fit, truth values."""
    if found.dtype.kind == "b":
        return bool
    if found.dtype.kind in "iu":
        fits = not found.size or (found.min() >= -(2**31) and found.max() < 2**31)
        return np.int32 if fits else found.dtype
    return numpy_dtype() if found.dtype == np.float64 else found.dtype


@composite
def convert_to_tensor(x: Any, dtype: Any = None, sparse: Any = None, ragged: Any = None) -> Any:
    """x as an array, in the type of its numbers or `dtype`.  Derivative 1.

    There are no sparse or ragged tensors here: `sparse` and `ragged` may only be None or False.

    Example:
        >>> convert_to_tensor([1.0, 2.0])
        array([1., 2.], dtype=float32)

    Raises:
        ArgumentError: a sparse or ragged tensor is asked for.
    """
    if sparse or ragged:
        raise ArgumentError(
            "there are no sparse or ragged tensors here",
            where="convert_to_tensor",
            fix="leave the argument out, and give an array with all its numbers",
        )
    if dtype is None and (isinstance(x, Recordable) or is_array(x)):
        return x
    return array(x, dtype)


def convert_to_numpy(x: Any) -> np.ndarray:
    """The numbers of x as a NumPy array of their own.  No derivative: nothing of it is recorded.

    Example:
        >>> import chainrule as cr
        >>> convert_to_numpy(cr.Variable([1.0, 2.0]))
        array([1., 2.], dtype=float32)

    Raises:
        StateError: in a compiled program, where there are no numbers yet.
    """
    x = raw(x)
    if is_traced(x):
        raise StateError(
            "a compiled program has no numbers yet",
            where="convert_to_numpy",
            fix="return the value, and convert it after the call",
        )
    return np.array(asarray(x, name="x"))


@composite
def copy(x: Any) -> Any:
    """The same numbers in an array of their own.  Derivative 1.

    Example:
        >>> x = np.array([1.0, 2.0])
        >>> y = copy(x)
        >>> y[0] = 9.0
        >>> x
        array([1., 2.])
    """
    return _copy(np.asarray(x) if isinstance(x, (list, tuple, int, float)) else x)


@op
def _copy(x):
    m = xp(x)
    return np.array(x) if m is np else m.copy(x), lambda d_y: d_y


@op(numbers=0)
def view(x, dtype=None):
    """The bits of x read as another type of the same size.  No derivative.

    Example:
        >>> view(np.array([1.0], "float32"), "int32")
        array([1065353216], dtype=int32)

    Raises:
        ArgumentError: the types differ in size.
    """
    kind = x.dtype if dtype is None else numpy_dtype(dtype)
    if kind.itemsize != x.dtype.itemsize:
        raise ArgumentError(
            "only a type of the same size can be read",
            where="view",
            expected=f"{x.dtype.itemsize} bytes a number",
            received=f"{kind.name}, {kind.itemsize} bytes",
            fix=f'cast(x, "{kind.name}") converts the numbers',
        )
    return x.view(kind), None


# --- what it is ---------------------------------------------------------------------------------


def ndim(x: Any) -> int:
    """How many axes x has.

    Example:
        >>> ndim([[1, 2, 3]])
        2
    """
    return int(np.ndim(raw(x)) if not hasattr(x, "shape") else len(x.shape))


def size(x: Any) -> int | None:
    """How many numbers x has; None where a length of a symbol is not known yet.

    Example:
        >>> size([[1, 2, 3]])
        3
    """
    lengths = x.shape if hasattr(x, "shape") else np.shape(x)
    return None if None in lengths else math.prod(lengths)


def dtype(x: Any) -> str:
    """The name of the type of its numbers.

    Example:
        >>> dtype(np.zeros(2, "int32"))
        'int32'
    """
    own = getattr(x, "dtype", None)
    return np.dtype(own).name if own is not None else np.dtype(array(x).dtype).name


def is_tensor(x: Any) -> bool:
    """Is it an array, or a value on a tape or in a graph? A list or a Python number is none.

    Example:
        >>> is_tensor(np.ones(2)), is_tensor([1.0, 1.0])
        (True, False)
    """
    return isinstance(x, Recordable) or is_array(x)
