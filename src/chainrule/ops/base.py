"""What all operations share: which arguments are numbers, one rule of types, axes, shapes.

`op` is `cr.op` for the operations of this folder. Their first arguments are numbers: lists are made
arrays, complex numbers are refused, and types follow one rule on both engines:

* integers take the type of the floats they meet;
* a plain float64 array takes the type of a recorded value (`arrays.take_recorded_type`);
* otherwise the wider type counts, and float16 and bfloat16 are computed in float32 and rounded
  once, so that nothing overflows on the way to a result that fits.
"""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, Protocol, overload

import numpy as np

from .. import chain
from ..arrays import asarray, is_float, xp
from ..calls import misfit, refused
from ..errors import ArgumentError, ChainruleError, ShapeError
from ..operators import Recordable
from ..symbol import symbolic

__all__ = [
    "as_number",
    "broadcast_shape",
    "check_axes",
    "check_axis",
    "need_numbers",
    "op",
    "refusal",
    "whole",
]

P = ParamSpec("P")

_HALVES = frozenset({"float16", "bfloat16"})


class Operation(Protocol[P]):
    """What `op` makes of a function, as type checkers see it."""

    __name__: str
    composition: Callable[..., Any] | None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any: ...

    def composed(self, composition: Callable[..., Any]) -> Callable[..., Any]: ...


@overload
def op(function: Callable[P, Any]) -> Operation[P]: ...
@overload
def op(*, numbers: int = 1, widen: bool = True) -> Callable[[Callable[P, Any]], Operation[P]]: ...
def op(function: Any = None, *, numbers: int = 1, widen: bool = True) -> Any:
    """`cr.op` for a function whose first `numbers` arguments are arrays of numbers.

    `widen=False`: on XLA float16 and bfloat16 come in as they are (matrix units add in float32).
    """
    if function is None:
        return functools.partial(op, numbers=numbers, widen=widen)
    names = frozenset(function.__code__.co_varnames[:numbers])  # arguments come first

    @functools.wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        dtype = None
        for v in args[:numbers]:
            kind = type(v)
            if kind is np.ndarray:
                if v.dtype is dtype:
                    continue
                if dtype is None and v.dtype.char in "fd":
                    dtype = v.dtype
                    continue
            elif kind is float or kind is int:
                continue
            break  # anything but float arrays of one type and Python numbers
        else:
            if not kwargs or names.isdisjoint(kwargs):
                try:
                    return function(*args, **kwargs)
                except (ValueError, TypeError) as error:
                    raise _explained(error, function, args, kwargs, numbers) from None
        return _of_one_type(function, numbers, widen, names, args, kwargs)

    return chain.op(checked)


def _of_one_type(
    function: Callable, numbers: int, widen: bool, names: frozenset, args: tuple, kwargs: dict
) -> Any:
    """The function of arguments made arrays of one type; its result in the type they have."""
    if not names.isdisjoint(kwargs):
        try:
            bound = inspect.signature(function).bind(*args, **kwargs)
        except TypeError:
            raise misfit(function, args, kwargs) from None
        args, kwargs = bound.args, bound.kwargs
    name = function.__name__
    given: list[Any] = [
        v if v is None and k else as_number(v, name) for k, v in enumerate(args[:numbers])
    ]
    floats = {v.dtype for v in given if hasattr(v, "dtype") and is_float(v)}
    half = None
    if floats:
        kept = functools.reduce(np.promote_types, floats)
        computed = kept
        plain = not any(hasattr(v, "on_tape") for v in given)  # those further out do it themselves
        if kept.name in _HALVES and plain and (widen or xp(*given) is np):
            half, computed = kept, np.dtype("float32")
        given = [_as_type(v, computed, half is not None) for v in given]
    try:
        y, back = function(*given, *args[numbers:], **kwargs)
    except (ValueError, TypeError) as error:
        more = args[numbers:]
        raise _explained(error, function, (*given, *more), kwargs, numbers) from None
    return (y, back) if half is None else (_as_half(y, half), _widened(back))


def as_number(v: Any, name: str) -> Any:
    """Lists, and arrays of other libraries, as arrays; what is no number refused."""
    dtype = getattr(v, "dtype", None)
    if isinstance(v, Recordable) or symbolic((v,), {}):
        pass
    elif not isinstance(v, (bool, int, float, complex)) if dtype is None else _foreign(dtype):
        return asarray(v, name=f"the input of {name}")
    if getattr(getattr(v, "dtype", None), "kind", "") == "c" or isinstance(v, complex):
        raise ArgumentError(
            "complex numbers have no place here",
            where=name,
            expected="real numbers",
            received=getattr(v, "dtype", "complex"),
            fix="give real and imaginary parts apart",
        )
    return v


def _foreign(dtype: Any) -> bool:
    """Is this the type of another library's arrays, or of no numbers?"""
    return not isinstance(dtype, np.dtype) or dtype.kind in "OSUMm"


def _as_type(v: Any, dtype: np.dtype, floats_too: bool) -> Any:
    """Integers in the type of the floats beside them; floats too where all are widened."""
    own = getattr(v, "dtype", None)
    if own is None or own == dtype or hasattr(v, "on_tape"):
        return v
    return v.astype(dtype) if own.kind in "iu" or (floats_too and is_float(v)) else v


def _as_half(y: Any, half: np.dtype) -> Any:
    if isinstance(y, tuple):
        return tuple(_as_half(part, half) for part in y)
    return y.astype(half) if getattr(y, "dtype", None) == np.float32 else y


def _widened(back: Any) -> Any:
    """The rule of a float16 or bfloat16 value: computed in float32, too."""
    if back is None:
        return None
    if isinstance(back, tuple):
        return tuple(_widened(b) for b in back)

    def wide(*d_ys: Any) -> Any:
        return back(*(d.astype(np.float32) if hasattr(d, "dtype") else d for d in d_ys))

    return wide


def _explained(
    error: Exception, function: Callable, args: Sequence[Any], kwargs: dict, numbers: int
) -> Exception:
    """Python's error about arguments, NumPy's or JAX's about shapes as ours; any other as it is."""
    if isinstance(error, ChainruleError):
        return error
    if isinstance(error, TypeError) and refused(error):
        return misfit(function, tuple(args), kwargs)
    shapes = [np.shape(v) for v in args[:numbers]]
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        return ShapeError(
            "the shapes do not broadcast",
            where=function.__name__,
            expected="equal lengths, or 1, from the last axis on",
            received=" and ".join(str(s) for s in shapes),
        )
    return error


def refusal(what: str, fix: str) -> Callable[..., Any]:
    """The rule of what has no derivative here: an error, not a gradient lost without a word."""

    def back(*d_ys: Any) -> Any:
        raise ArgumentError(f"there is no derivative of {what}", fix=fix)

    return back


# --- axes and shapes ----------------------------------------------------------------------------


def whole(n: Any, where: str, name: str = "axis") -> int:
    """A whole number, NumPy's too.

    Raises:
        ArgumentError: anything else.
    """
    try:
        return operator.index(n)
    except TypeError:
        raise ArgumentError(
            f"{name} must be a whole number", where=where, received=repr(n)
        ) from None


def check_axis(axis: Any, ndim: int, where: str) -> int:
    """An axis counted from the front, 0 ≤ axis < ndim.

    Raises:
        ShapeError: there is no such axis.
    """
    axis = whole(axis, where)
    if not -ndim <= axis < ndim:
        raise ShapeError(
            f"there is no axis {axis}",
            where=where,
            expected=f"an axis from {-ndim} to {ndim - 1}" if ndim else "no axis: it has none",
            received=f"{ndim} axes" if ndim != 1 else "1 axis",
        )
    return axis + ndim if axis < 0 else axis


def check_axes(axis: Any, ndim: int, where: str) -> tuple[int, ...]:
    """Several axes (a number, a tuple, or None for all) counted from the front, each once."""
    if axis is None:
        return tuple(range(ndim))
    if not isinstance(axis, (tuple, list)):
        return (check_axis(axis, ndim, where),)
    axes = tuple(check_axis(a, ndim, where) for a in axis)
    if len(set(axes)) != len(axes):
        raise ShapeError("an axis is named twice", where=where, received=f"axis={tuple(axis)}")
    return axes


def need_numbers(x: Any, axes: Sequence[int], where: str) -> int:
    """How many numbers one result is made of: at least one, else there is no result.

    Raises:
        ShapeError: one of the axes has length 0.
    """
    count = 1
    for a in axes:
        count *= np.shape(x)[a]
    if count == 0:
        raise ShapeError(
            "of no numbers there is no such value", where=where, received=f"shape {np.shape(x)}"
        )
    return count


def broadcast_shape(shape: tuple[int, ...], target: tuple[int, ...], where: str) -> None:
    """Raise unless an array of `shape` can be repeated to fill `target`."""
    fits = len(shape) <= len(target)
    pairs = zip(reversed(shape), reversed(target), strict=False)
    if not fits or any(n not in (1, m) for n, m in pairs):
        raise ShapeError(
            "the shape cannot be repeated to fill the other",
            where=where,
            expected=f"an array that fits {target}",
            received=shape,
        )
