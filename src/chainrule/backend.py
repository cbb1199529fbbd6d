"""Keras's `backend`: settings and small questions about types, under its names."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import Any

import numpy as np

from . import config
from .arrays import numpy_dtype
from .config import epsilon, floatx, set_epsilon, set_floatx
from .errors import ArgumentError
from .symbol import Symbol
from .vocabulary import answer

__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "get_uid",
    "image_data_format",
    "is_float_dtype",
    "is_int_dtype",
    "is_keras_tensor",
    "result_type",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "standardize_dtype",
]

_counters: dict[str, Any] = defaultdict(lambda: itertools.count(1))


def backend() -> str:
    """The engine that `fit` runs on: "auto", "numpy" or "xla" (Keras has "jax", "torch" ...).

    Example:
        >>> backend() in ("auto", "numpy", "xla")
        True
    """
    return config.engine()


def clear_session(free_memory: bool = True) -> None:
    """Nothing is left of a model that nobody holds, so there is little to clear: `get_uid` counts
    from 1 again.

    Args:
        free_memory: whether Python looks for unused objects at once.

    Example:
        >>> clear_session()
    """
    _counters.clear()
    if free_memory:
        import gc

        gc.collect()


def get_uid(prefix: str = "") -> int:
    """1, 2, 3 ... for each prefix.

    Example:
        >>> clear_session()
        >>> get_uid("dense"), get_uid("dense"), get_uid("conv")
        (1, 2, 1)
    """
    return next(_counters[prefix])


def image_data_format() -> str:
    """Where channels of images stand: "channels_last", always.

    Example:
        >>> image_data_format()
        'channels_last'
    """
    return "channels_last"


def set_image_data_format(data_format: str) -> None:
    """Channels come last: "channels_last" is the only order there is.

    Raises:
        ArgumentError: another one.

    Example:
        >>> set_image_data_format("channels_last")
    """
    if data_format != "channels_last":
        raise ArgumentError(
            "channels of images come last",
            where="set_image_data_format",
            expected='"channels_last"',
            received=repr(data_format)[:80],
            fix="np.moveaxis(images, 1, -1) moves channels from axis 1 to the last one",
        )


def is_float_dtype(dtype: Any) -> bool:
    """Is this a type of floats?

    Example:
        >>> is_float_dtype("bfloat16"), is_float_dtype("int32")
        (True, False)
    """
    return "float" in standardize_dtype(dtype)


def is_int_dtype(dtype: Any) -> bool:
    """Is this a type of whole numbers?

    Example:
        >>> is_int_dtype("uint8"), is_int_dtype("float32")
        (True, False)
    """
    return numpy_dtype(dtype).kind in "iu"


def is_keras_tensor(x: Any) -> bool:
    """Is this a value of a graph of layers, which has no numbers yet?

    Example:
        >>> import chainrule as cr
        >>> is_keras_tensor(cr.Input((2,))), is_keras_tensor([1.0])
        (True, False)
    """
    return isinstance(x, Symbol)


def result_type(*dtypes: Any) -> str:
    """The type of what operations make of these; a Python int or float is the weakest.

    Example:
        >>> result_type("float32", "int32"), result_type("float16", float)
        ('float32', 'float16')
    """
    from . import ops

    if float in dtypes and not any(d is not int and d is not float and is_float_dtype(d)
                                   for d in dtypes):  # fmt: skip
        return floatx()
    values = [np.zeros(1, numpy_dtype(d)) for d in dtypes if d is not int and d is not float]
    if not values:
        return "int32"
    total = values[0]
    for value in values[1:]:
        total = ops.add(total, value)
    return str(np.asarray(total).dtype)


def standardize_dtype(dtype: Any) -> str:
    """The name of a type; None is that of floats.

    Example:
        >>> standardize_dtype(None), standardize_dtype(np.int8), standardize_dtype("float64")
        ('float32', 'int8', 'float64')
    """
    return floatx() if dtype is None else str(numpy_dtype(dtype))


answer(__name__)
