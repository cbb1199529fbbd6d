"""Arrays: which namespace an array belongs to, dtypes, and the edge where users' data comes in.

There is no global backend. `xp(x)` looks at its argument: a NumPy array is computed by NumPy, a
JAX array or tracer by `jax.numpy`, a value on a tape by `chainrule.ops` (which is how a derivative
rule is itself differentiated).
"""

from __future__ import annotations

import functools
import math
import sys
from typing import Any

import numpy as np

from . import config
from .errors import ArgumentError, DataError

__all__ = [
    "as_numpy",
    "asarray",
    "dtype_name",
    "erf",
    "float_array",
    "full",
    "is_float",
    "is_traced",
    "like",
    "numpy_dtype",
    "take_recorded_type",
    "use_namespace",
    "xp",
]

# namespace by exact type; filled as types are met
_NAMESPACES: dict[type, Any] = dict.fromkeys(
    (np.ndarray, np.bool_, bool, int, float, complex, list, tuple, type(None)), np
)


def xp(*values: Any) -> Any:
    """The array namespace of the first value that is not NumPy's; NumPy when all are.

    Example:
        >>> xp(np.ones(3)) is np
        True
    """
    for value in values:
        try:
            namespace = _NAMESPACES[type(value)]
        except KeyError:
            namespace = _find(value)
        if namespace is not np:
            return namespace
    return np


def _find(value: Any) -> Any:
    namespace: Any = np
    if not isinstance(value, np.generic) and hasattr(value, "__array_namespace__"):
        # NumPy, or JAX for its arrays and tracers
        namespace = value.__array_namespace__()
        if getattr(namespace, "__name__", "").startswith("jax"):
            import jax.numpy

            namespace = jax.numpy
    _NAMESPACES[type(value)] = namespace
    return namespace


def use_namespace(kind: type, namespace: Any) -> None:
    """Tell `xp` which namespace computes with values of `kind`."""
    _NAMESPACES[kind] = namespace


def is_traced(value: Any) -> bool:
    """True inside a compiled function: the value has a shape but no numbers yet."""
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(value, jax.core.Tracer)


def numpy_dtype(dtype: Any = None) -> np.dtype:
    """A NumPy dtype from a name, a dtype or None (the default float type)."""
    name = config.floatx() if dtype is None else dtype
    if str(name) == "bfloat16":
        try:
            import ml_dtypes
        except ImportError:
            raise ArgumentError(
                "bfloat16 needs the compiled engine's number types",
                fix='pip install "chainrule[xla]", or use float32',
            ) from None
        return np.dtype(ml_dtypes.bfloat16)
    try:
        return np.dtype(name)
    except TypeError:
        raise ArgumentError(
            "unknown dtype", expected="float16, float32, float64, bfloat16", received=repr(dtype)
        ) from None


def dtype_name(dtype: Any) -> str:
    """The short name of a dtype, such as `"float32"`."""
    return numpy_dtype(dtype).name


def is_float(value: Any) -> bool:
    """True for arrays of a floating type (bfloat16 included)."""
    kind = np.dtype(value.dtype)
    return kind.kind == "f" or kind.name == "bfloat16"


def float_array(x: Any) -> Any:
    """Python numbers, lists and integers as float arrays: only those can be differentiated."""
    x = x if hasattr(x, "dtype") else np.asarray(x)
    if is_float(x):
        return x
    if x.dtype.kind not in "biu":
        x = asarray(x, name="x")  # refuses complex numbers and text
    return x.astype(np.float64)


_PYTHON = frozenset((float, int, bool, str, type(None), tuple, list))


def take_recorded_type(args: tuple) -> tuple:
    """A plain float64 array or NumPy number in the type of the recorded values it meets.

    NumPy makes float64 by default; beside a float32 Variable it would drag everything after it to
    float64 on NumPy, and nothing on XLA. Two recorded types meet as usual: the wider counts.
    """
    for a in args:
        kind = type(a)
        if kind in _PYTHON or hasattr(a, "on_tape"):
            continue
        if a.dtype == np.float64 if kind is np.ndarray else _is_float64(a):
            break
    else:
        return args
    recorded = [np.dtype(a.dtype) for a in args if hasattr(a, "on_tape") and is_float(a)]
    if not recorded or np.dtype(np.float64) in recorded:
        return args
    dtype = functools.reduce(np.promote_types, recorded)
    return tuple(
        a if hasattr(a, "on_tape") or not _is_float64(a) else a.astype(dtype) for a in args
    )


def _is_float64(a: Any) -> bool:
    return getattr(a, "dtype", None) == np.float64


def full(number: float, x: Any) -> Any:
    """An array like `x` with `number` everywhere."""
    return xp(x).full(np.shape(x), number, x.dtype)


def like(d: Any, x: Any) -> Any:
    """The gradient `d` in the shape and dtype of `x`: broadcasting is undone here, nowhere else."""
    if type(d) is type(x) is np.ndarray and d.shape == x.shape and d.dtype == x.dtype:
        return d  # nearly always
    shape, received = np.shape(x), np.shape(d)
    if received != shape:
        extra = max(len(received) - len(shape), 0)
        kept = received[extra:]
        axes = tuple(extra + i for i in range(len(kept)) if shape[i - len(kept)] == 1 != kept[i])
        if extra or axes:
            d = xp(d).sum(d, axis=tuple(range(extra)) + axes, keepdims=True)
        d = xp(d).broadcast_to(xp(d).reshape(d, np.shape(d)[extra:]), shape)
    dtype = getattr(d, "dtype", None)
    if dtype is None:  # a rule that returns a plain number
        return xp(x).ones_like(x) * d
    return d if dtype == x.dtype else d.astype(x.dtype)


def as_numpy(value: Any) -> np.ndarray:
    """A NumPy array of anything that holds one: lists, frames, JAX, torch, DLPack, buffers."""
    if isinstance(value, np.ndarray):
        return value
    if hasattr(value, "detach"):  # a torch tensor that requires grad refuses __array__
        value = value.detach()
    if hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
        return np.from_dlpack(value)
    return np.asarray(value)


def asarray(value: Any, dtype: Any = None, *, name: str = "value") -> np.ndarray:
    """A NumPy array of numbers, or an error that names what was wrong with `value`.

    Raises:
        DataError: rows of different lengths, text, or objects that are not numbers.
    """
    try:
        array = as_numpy(value)
    except (ValueError, TypeError) as error:
        problem = "rows have different lengths" if "inhomogeneous" in str(error) else str(error)
        raise DataError(f"{name} cannot be made an array: {problem}", where=name) from None
    if array.dtype.kind in "OUSV" and array.dtype.name != "bfloat16":
        try:
            array = array.astype(np.float64)
        except (ValueError, TypeError):
            raise DataError(
                f"{name} holds something that is not a number",
                expected="numbers",
                received=f"dtype {array.dtype}, for example {array.reshape(-1)[:1].tolist()}",
                fix="turn categories into integers or one-hot rows first",
            ) from None
    if array.dtype.kind == "c":
        raise DataError(f"{name} is complex", expected="real numbers", received=array.dtype)
    return array if dtype is None else array.astype(numpy_dtype(dtype), copy=False)


# Chebyshev coefficients c of  log(erfc(z)·exp(z²)/t) ≈ c0/2 + Σ c_k T_k(y),  with t = 2/(2+z) and
# y = 2t − 1, for z >= 0. Computed for this project with mpmath at 40 digits (tests/test_special.py
# recomputes them); the form is Numerical Recipes (3rd ed.), section 6.2.2.
_ERFC: tuple[float, ...] = (
    -1.3026537197817094,
    0.6419697923564902,
    0.019476473204185836,
    -0.009561514786808632,
    -0.0009465953444820369,
    0.00036683949785276145,
    4.252332480690777e-05,
    -2.0278578112534242e-05,
    -1.6242900046470256e-06,
    1.3036558355805232e-06,
    1.5626441722066142e-08,
    -8.523809591492654e-08,
    6.5290544390988515e-09,
    5.059343495551469e-09,
    -9.91364156493033e-10,
    -2.273651222931836e-10,
    9.646791102015527e-11,
    2.3940380830391146e-12,
    -6.886027526497553e-12,
    8.944879273090725e-13,
    3.130921399342958e-13,
    -1.1270822361367252e-13,
    3.810905255189232e-16,
    7.106097613609237e-15,
    -1.5230282014571043e-15,
    -9.457494571291233e-17,
    1.210237189224279e-16,
    -2.816663087747177e-17,
)


def erf(x: Any) -> Any:
    """The error function 2/√π ∫₀ˣ e^(−t²) dt, elementwise: NumPy has none, XLA has its own."""
    if xp(x) is not np:
        import jax

        return jax.lax.erf(x)
    x = np.asarray(x)
    z = np.minimum(np.abs(x.astype(np.float64, copy=False)), 30.0)  # erf(6) is 1 to the last digit
    t = 2.0 / (2.0 + z)
    twice_y = 4.0 * t - 2.0
    d, dd = np.zeros_like(z), np.zeros_like(z)
    for c in _ERFC[:0:-1]:  # Clenshaw's recurrence
        d, dd = twice_y * d - dd + c, d
    tail = t * np.exp(-z * z + 0.5 * (_ERFC[0] + twice_y * d) - dd)
    y = np.where(z < 0.65, _erf_series(z), 1.0 - tail)
    return np.copysign(y, x).astype(x.dtype, copy=False)


def _erf_series(z: np.ndarray) -> np.ndarray:
    """2/√π Σ (−1)ⁿ z^(2n+1) / (n!(2n+1)): exact near zero, where 1 − erfc is not."""
    z = np.minimum(z, 0.65)
    square, rest = z * z, np.zeros_like(z)
    for n in range(13, 0, -1):  # from the smallest term up, so that no rounding adds up
        rest = (rest + (-1.0) ** n / (math.factorial(n) * (2 * n + 1))) * square
    first = 1.1283791670955126 * z  # 2/√π
    return first + first * rest
