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
from .errors import ArgumentError, ChainruleError, DataError, not_one_array
from .finite import place

__all__ = [
    "as_numpy",
    "asarray",
    "compiled_for_cpu",
    "dtype_name",
    "erf",
    "erfc",
    "float_array",
    "full",
    "is_array",
    "is_float",
    "is_traced",
    "lax",
    "like",
    "one_array",
    "numpy_dtype",
    "settled",
    "sum_of_rows",
    "take_recorded_type",
    "use_namespace",
    "xp",
]

_NUMBERS = "biuf"  # kinds of dtype that hold real numbers: bool, integers, floats

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


def is_recorded(namespace: Any) -> bool:
    """Is it that of recorded values, `cr.ops`? Then a derivative is being differentiated again.

    Example:
        >>> is_recorded(np)
        False
    """
    return getattr(namespace, "__name__", "") == "chainrule.ops"


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


def lax() -> Any:
    """`jax.lax`, for what `xp` finds to be JAX's: loops, convolutions."""
    import jax

    return jax.lax


def compiled_for_cpu() -> bool:
    """Whether programs run on a CPU: some forms are quick there that are slow on a GPU."""
    import jax

    return jax.default_backend() == "cpu"


def settled(x: Any) -> Any:
    """x itself; in a program for a CPU it is written down, and nothing is merged across it.

    XLA joins an operation with its neighbours where it can, which on a CPU is at times the slower
    form: sums over columns and products of transposed matrices (benchmarks/NOTES.md).
    """
    return lax().optimization_barrier(x) if is_traced(x) and compiled_for_cpu() else x


def sum_of_rows(x: Any) -> Any:
    """Σ over all axes but the last.

    Example:
        >>> sum_of_rows(np.array([[[1.0, 2.0]], [[3.0, 4.0]]]))
        array([4., 6.])
    """
    if np.ndim(x) != 2:  # a compiler would take the reshape back, and go through many axes slowly
        x = settled(xp(x).reshape(x, (math.prod(np.shape(x)[:-1]), np.shape(x)[-1])))
    return xp(x).sum(x, axis=0)


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
        found = np.dtype(name)
    except Exception:  # NumPy reads a small language here, and stumbles in many ways
        found = None
    if found is None or found.kind not in _NUMBERS:
        raise ArgumentError(
            "unknown dtype",
            expected="float16, float32, float64, bfloat16",
            received=repr(dtype)[:100],
        )
    return found


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
        if kind is np.ndarray:
            if a.dtype.char == "d":
                break
        elif kind not in _PYTHON and not hasattr(a, "on_tape") and _is_float64(a):
            break
    else:
        return args
    # a Variable may hold another type for a while: inside `swap`, where a gradient is checked
    now = [getattr(a, "value", a) if hasattr(a, "assign") else a for a in args]
    recorded = [
        np.dtype(v.dtype) for a, v in zip(args, now, strict=True)
        if hasattr(a, "on_tape") and is_float(v)
    ]  # fmt: skip
    if not recorded or np.dtype(np.float64) in recorded:
        return args
    dtype = functools.reduce(np.promote_types, recorded)
    return tuple(
        a if hasattr(a, "on_tape") or not _is_float64(a) else a.astype(dtype) for a in args
    )


def _is_float64(a: Any) -> bool:
    return getattr(a, "dtype", None) == np.float64


def one_array(function: Any, y: Any) -> Any:
    """What a function of the user's returned, which has to be one array or number.

    Raises:
        ShapeError: a tuple, a string, nothing.
    """
    if hasattr(y, "dtype"):
        return y
    if isinstance(y, (int, float)):
        return np.asarray(float(y))
    raise not_one_array(function, y)


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
        if extra and not axes and len(kept) == 1:
            d = sum_of_rows(d)
        elif extra or axes:
            d = xp(d).sum(d, axis=tuple(range(extra)) + axes, keepdims=True)
            d = xp(d).reshape(d, np.shape(d)[extra:])
        d = xp(d).broadcast_to(d, shape)
    dtype = getattr(d, "dtype", None)
    if dtype is None:  # a rule that returns a plain number
        return xp(x).ones_like(x) * d
    return d if dtype == x.dtype else d.astype(x.dtype)


def is_array(value: Any) -> bool:
    """True for what can be computed with as it is: a NumPy array of numbers, a JAX array."""
    if type(value) is np.ndarray or isinstance(value, np.generic):
        return value.dtype.kind in _NUMBERS or value.dtype.name == "bfloat16"
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(value, jax.Array)


def as_numpy(value: Any, *, name: str = "value") -> np.ndarray:
    """A NumPy array of anything that holds one: lists, frames, JAX, torch, DLPack, buffers.

    Raises:
        DataError: rows of different lengths, masked or sparse arrays, what refuses to be an array.
    """
    if type(value) is np.ndarray:
        return value
    try:
        _no_mask(value, name)
        if hasattr(value, "detach"):  # a torch tensor that requires grad refuses __array__
            value = value.detach()
            value = value.cpu() if hasattr(value, "cpu") else value
        if hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
            return np.from_dlpack(value)
        # a subclass, such as np.matrix, may compute in ways of its own
        return np.asarray(value)
    except (ChainruleError, MemoryError):
        raise
    except Exception as error:  # whatever somebody else's __array__ may say
        raise _no_array(value, name, error) from None


def _no_array(value: Any, name: str, error: Exception) -> DataError:
    """The error for what NumPy refuses: mostly a list of rows that differ in length."""
    text = str(error)
    if "inhomogeneous" in text:
        problem = "rows have different lengths"
        lengths = [len(row) if hasattr(row, "__len__") else 0 for row in value]
        odd = next((i for i, n in enumerate(lengths) if n != lengths[0]), None)
        said = None if odd is None else f"{lengths[0]} values in row 0, {lengths[odd]} in row {odd}"
        fix = "pad sequences with chainrule.utils.pad_sequences(rows); correct or drop odd rows"
        return DataError(
            f"{name} cannot be made an array: {problem}",
            expected="rows of one length", received=said, fix=fix,
        )  # fmt: skip
    if isinstance(error, RecursionError) or "maximum number of dimension" in text:
        return DataError(
            f"{name} cannot be made an array: its lists are nested too deeply",
            expected="at most 64 levels", received=type(value).__name__,
            fix="look for a list that holds itself, or for brackets too many",
        )  # fmt: skip
    return DataError(
        f"{name} cannot be made an array: {text[:200]}",
        expected="numbers in rows of one length", received=type(value).__name__,
        fix="give a NumPy array: np.asarray(values, dtype='float32')",
    )  # fmt: skip


def _no_mask(value: Any, name: str) -> None:
    """Refuse what NumPy would make an array of by leaving something out."""
    if hasattr(value, "toarray") and hasattr(value, "nnz"):
        raise DataError(
            f"{name} is a sparse matrix",
            expected="an array with all its numbers",
            received=type(value).__name__,
            fix=f"{name.split()[-1]}.toarray(), where that fits in memory",
        )
    masked = sys.modules.get("numpy.ma")  # where it is not loaded nothing has a mask
    if masked is not None and _has_mask(value, masked):
        raise DataError(
            f"{name} has masked entries, and an array would lose the mask",
            expected="numbers everywhere",
            received=type(value).__name__,
            fix="fill them (.filled(0.0)) or drop those rows",
        )


def _has_mask(value: Any, masked: Any, depth: int = 0) -> bool:
    if isinstance(value, (list, tuple)):
        plain = set(map(type, value)) <= {float, int, bool, str}
        return (
            not plain and depth < 64 and any(_has_mask(item, masked, depth + 1) for item in value)
        )
    return isinstance(value, masked.MaskedArray) and bool(masked.is_masked(value))


def asarray(value: Any, dtype: Any = None, *, name: str = "value") -> np.ndarray:
    """A NumPy array of numbers, or an error that names what was wrong with `value`.

    Raises:
        DataError: rows of different lengths, text, dates, None, masked or sparse arrays, or
            objects that are not numbers; names the first such entry.

    Example:
        >>> asarray([[1, 2], [3, None]], name="x")
        Traceback (most recent call last):
        ...
        chainrule.errors.DataError: row 1, column 1: x holds something that is not a number
          expected: numbers
          received: None
          fix: fill or drop what is missing; turn categories into integers or one-hot rows
    """
    array = as_numpy(value, name=name)
    kind = array.dtype.kind
    if kind not in _NUMBERS and array.dtype.name != "bfloat16":
        if kind == "O":
            array = _numbers(array, name, value)
        elif kind in "mM":
            raise DataError(
                f"{name} holds {'dates' if kind == 'M' else 'durations'}",
                expected="numbers",
                received=f"dtype {array.dtype}",
                fix="say which unit is meant: (dates - dates.min()) / np.timedelta64(1, 'D')",
            )
        elif kind == "c":
            raise DataError(
                f"{name} is complex", expected="real numbers", received=array.dtype,
                fix="take a part, np.real(x), or both as columns: np.stack([x.real, x.imag], -1)",
            )  # fmt: skip
        elif kind == "V" and array.dtype.names is None and array.dtype.type is not np.void:
            array = array.astype(np.float32)  # other small floats of ml_dtypes
        else:
            raise DataError(
                f"{name} holds something that is not a number",
                expected="numbers",
                received=f"dtype {array.dtype}, for example {array.reshape(-1)[:1].tolist()}"[:200],
                fix="turn categories into integers or one-hot rows first",
            )
    if dtype is None or array.dtype == (dtype := numpy_dtype(dtype)):
        return array
    with np.errstate(over="ignore"):  # what is too large for the type becomes infinite
        return array.astype(dtype)


def _numbers(array: np.ndarray, name: str, given: Any) -> np.ndarray:
    """Objects as float64: Python numbers, fractions and decimals, and nothing else."""
    found = np.empty(array.size)
    for i, item in enumerate(array.reshape(-1)):
        try:
            if isinstance(item, (str, bytes, np.datetime64, np.timedelta64)):
                raise TypeError
            found[i] = float(item)
        except Exception:  # float() of somebody else's object may raise anything
            index = tuple(map(int, np.unravel_index(i, array.shape)))
            at = place(index) or None
            if isinstance(item, int):
                raise DataError(
                    f"{name} holds a number too large",
                    where=at,
                    expected="numbers up to 1.8e308",
                    received=_short(item),
                ) from None
            raise DataError(
                f"{name} holds something that is not a number",
                where=at,
                expected="numbers",
                received=_short(item),
                fix=_how_to_numbers(item, given, index),
            ) from None
    return found.reshape(array.shape)


def _how_to_numbers(item: Any, given: Any, index: tuple[int, ...]) -> str:
    """The fix for something that is no number, by what was given."""
    columns = getattr(given, "columns", None)
    if columns is not None and len(index) == 2 and isinstance(item, str):
        column = str(list(columns)[index[1]])[:80]
        return (
            f"column {column!r} is text: cr.train(table) encodes it by itself; in a model of your "
            "own a TableEncoder or a StringLookup comes first"
        )
    if not index:  # one thing that is no array
        if hasattr(item, "__next__"):
            return "np.array(list(values)): a generator is no array"
        if isinstance(item, dict):
            return "give one of the arrays in it, by its key"
        if callable(item):
            return "call it, or give the data"
    return "fill or drop what is missing; turn categories into integers or one-hot rows"


def _short(item: Any) -> str:
    try:
        return repr(item)[:80]
    except ValueError:  # Python prints no number of more than 4,300 digits
        return type(item).__name__


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
        return lax().erf(x)
    x = np.asarray(x)
    z = np.abs(x.astype(np.float64, copy=False))
    y = np.where(z < 0.65, _erf_series(z), 1.0 - _erfc_tail(z))
    return np.copysign(y, x).astype(x.dtype, copy=False)


# Coefficients c of  erfc(z)·exp(z²)/t ≈ Σ c_k tᵏ  with t = 1/(1 + 0.3z), for 0 <= z <= 10: the
# polynomial through nine Chebyshev nodes, off by 2.5e-8 at most (tests/test_special.py).
_ERFC_SHORT: tuple[float, ...] = (
    0.16917305765161686,
    0.17094911994808726,
    0.1467960221862433,
    0.2205391691053022,
    -0.10698336247742518,
    0.5645142421510231,
    -0.5261516628242922,
    0.49193427055715194,
    -0.13077087726853567,
)


def erfc(x: Any) -> Any:
    """1 − erf(x), exact also where that is tiny."""
    m = xp(x)
    if m is not np:
        return _short_erfc(m, x) if x.dtype == np.float32 else lax().erfc(x)
    x = np.asarray(x)
    z = np.abs(x.astype(np.float64, copy=False))
    tail = _erfc_tail(z)
    y = np.where(z < 0.65, 1.0 - np.copysign(_erf_series(z), x), np.where(x < 0, 2.0 - tail, tail))
    return y.astype(x.dtype, copy=False)


def _short_erfc(m: Any, x: Any) -> Any:
    """erfc in float32, with one exponential and one quotient for all x: half the time of XLA's."""
    t = 1.0 / (1.0 + 0.3 * m.abs(x))
    total = _ERFC_SHORT[-1]
    for c in _ERFC_SHORT[-2::-1]:  # Horner's rule
        total = total * t + c
    tail = t * m.exp(-x * x) * total
    return m.where(x < 0, 2.0 - tail, tail)


def _erfc_tail(z: np.ndarray) -> np.ndarray:
    """1 − erf(z) for z >= 0."""
    z = np.minimum(z, 30.0)  # erfc(27) is 0 to the last digit
    t = 2.0 / (2.0 + z)
    twice_y = 4.0 * t - 2.0
    d, dd = np.zeros_like(z), np.zeros_like(z)
    for c in _ERFC[:0:-1]:  # Clenshaw's recurrence
        d, dd = twice_y * d - dd + c, d
    return t * np.exp(-z * z + 0.5 * (_ERFC[0] + twice_y * d) - dd)


def _erf_series(z: np.ndarray) -> np.ndarray:
    """2/√π Σ (−1)ⁿ z^(2n+1) / (n!(2n+1)): exact near zero, where 1 − erfc is not."""
    z = np.minimum(z, 0.65)
    square, rest = z * z, np.zeros_like(z)
    for n in range(13, 0, -1):  # from the smallest term up, so that no rounding adds up
        rest = (rest + (-1.0) ** n / (math.factorial(n) * (2 * n + 1))) * square
    first = 1.1283791670955126 * z  # 2/√π
    return first + first * rest
