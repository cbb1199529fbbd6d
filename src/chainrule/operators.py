"""Recordable values: what stands on a tape, and x + y, x @ w, x[0], x.sum() for it.

The operators are shared by the values on a tape and by Variables, so that `x @ w + b` is recorded
whichever of the three is a plain array. Each is the operation of the same name in `chainrule.ops`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .errors import ArgumentError, StateError

__all__ = ["Operators", "Recordable", "binary", "raw", "use_operations"]

_operations: Any = None


def use_operations(namespace: Any) -> None:
    """Called once by `chainrule.ops`, which stands a floor higher."""
    global _operations
    _operations = namespace


def binary(name: str) -> tuple[Any, Any]:
    """The methods `self ∘ other` and `other ∘ self` for the operation of that name."""

    def forward(self: Any, other: Any) -> Any:
        return getattr(_operations, name)(self, other)

    def reflected(self: Any, other: Any) -> Any:
        return getattr(_operations, name)(other, self)

    return forward, reflected


def _refuse(**given: Any) -> None:
    """NumPy's functions of the same name pass `dtype` and `out`, which must be None here."""
    for name, value in given.items():
        if value is not None:
            raise ArgumentError(
                f"{name} has no place here: a recorded value keeps its type and is not written to",
                received=f"{name}={value!r}"[:200],
                fix="x.astype(dtype)" if name == "dtype" else None,
            )


class Operators:
    """Everything an array can do in an expression, for a class that has a `value`."""

    __slots__ = ()
    value: Any

    __add__, __radd__ = binary("add")
    __sub__, __rsub__ = binary("subtract")
    __mul__, __rmul__ = binary("multiply")
    __truediv__, __rtruediv__ = binary("divide")
    __pow__, __rpow__ = binary("power")
    __matmul__, __rmatmul__ = binary("matmul")
    __mod__, __rmod__ = binary("mod")
    __floordiv__, __rfloordiv__ = binary("floor_divide")
    __lt__, __gt__ = binary("less")
    __le__, __ge__ = binary("less_equal")

    def __neg__(self) -> Any:
        return _operations.negative(self)

    def __abs__(self) -> Any:
        return _operations.abs(self)

    def __getitem__(self, index: Any) -> Any:
        return _operations.getitem(self, index)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """np.exp(x) and array * x on a recorded value run the operation of that name."""
        operation = getattr(_operations, ufunc.__name__, None)
        if method != "__call__" or operation is None or kwargs:
            raise StateError(
                f"numpy.{ufunc.__name__} cannot be recorded",
                fix="use an operation of cr.ops, or define one with @cr.op",
            )
        return operation(*inputs)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __len__(self) -> int:
        return int(self.shape[0])

    def __bool__(self) -> bool:
        return bool(self._number())

    def __float__(self) -> float:
        return float(self._number())

    def __int__(self) -> int:
        return int(self._number())

    def _number(self) -> Any:
        return raw(self)

    def item(self) -> Any:
        """The number inside, as a Python number."""
        return self._number().item()

    def __format__(self, spec: str) -> str:
        return format(raw(self), spec) if self.ndim == 0 else format(repr(self), spec)

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return np.shape(self.value)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def dtype(self) -> Any:
        """Element type."""
        return self.value.dtype

    @property
    def T(self) -> Any:
        """All axes reversed."""
        return _operations.transpose(self)

    def astype(self, dtype: Any) -> Any:
        """The same numbers in another type."""
        return _operations.cast(self, dtype)

    def reshape(self, *shape: Any) -> Any:
        """The same numbers in another shape."""
        return _operations.reshape(self, shape[0] if len(shape) == 1 else shape)

    def ravel(self) -> Any:
        """All numbers in one row."""
        return _operations.reshape(self, (-1,))

    def flatten(self) -> Any:
        """All numbers in one row."""
        return self.ravel()

    def squeeze(self, axis: Any = None) -> Any:
        """Without axes of length 1: all, or those named."""
        return _operations.squeeze(self, axis=axis)

    def transpose(self, *axes: Any) -> Any:
        """Axes in another order, reversed where none is given."""
        order = axes[0] if len(axes) == 1 and not hasattr(axes[0], "__index__") else axes or None
        return _operations.transpose(self, order)

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        """Two axes exchanged."""
        return _operations.swapaxes(self, axis1, axis2)

    def sum(self, axis: Any = None, dtype: None = None, out: None = None, keepdims=False) -> Any:
        """Sum over axes."""
        _refuse(dtype=dtype, out=out)
        return _operations.sum(self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Any = None, dtype: None = None, out: None = None, keepdims=False) -> Any:
        """Mean over axes."""
        _refuse(dtype=dtype, out=out)
        return _operations.mean(self, axis=axis, keepdims=keepdims)

    def max(self, axis: Any = None, out: None = None, keepdims=False) -> Any:
        """Largest number along axes."""
        _refuse(out=out)
        return _operations.max(self, axis=axis, keepdims=keepdims)

    def min(self, axis: Any = None, out: None = None, keepdims=False) -> Any:
        """Smallest number along axes."""
        _refuse(out=out)
        return _operations.min(self, axis=axis, keepdims=keepdims)

    def var(
        self, axis: Any = None, dtype: None = None, out: None = None, ddof=0, keepdims=False
    ) -> Any:
        """Variance along axes."""
        _refuse(dtype=dtype, out=out)
        return _operations.var(self, axis=axis, keepdims=keepdims, ddof=ddof)

    def std(
        self, axis: Any = None, dtype: None = None, out: None = None, ddof=0, keepdims=False
    ) -> Any:
        """Standard deviation along axes."""
        _refuse(dtype=dtype, out=out)
        return _operations.std(self, axis=axis, keepdims=keepdims, ddof=ddof)


class Recordable(Operators):
    """Something that holds an array and may stand on a tape: a Node, or a Variable."""

    __slots__ = ()

    def on_tape(self) -> Any:
        """The Node of this value on the open tape, or its plain array."""
        raise NotImplementedError


def raw(x: Any) -> Any:
    """The plain array inside a Node or Variable; anything else as it is."""
    while isinstance(x, Recordable):
        x = x.value
    return x
