"""Plain values and arrays as JSON and tensors, and back; nothing is ever pickled."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import ArgumentError

__all__ = ["decode", "difference", "encode"]


def encode(value: Any, arrays: dict[str, np.ndarray], where: str) -> Any:
    """JSON for a state; its arrays, and long lists of numbers, go into `arrays`.

    Raises:
        ArgumentError: something that is no number, text, None, array, list or dict.

    Example:
        >>> arrays = {}
        >>> encode({"best": math.inf, "weights": [np.ones(2)]}, arrays, "get_state")
        {'best': {'$float': 'inf'}, 'weights': [{'$array': 'run/state/0'}]}
        >>> decode(_, arrays)
        {'best': inf, 'weights': [array([1., 1.])]}
    """
    if value is None or isinstance(value, (bool, str)):
        return value
    if type(value) is int and abs(value) < 1 << 63:
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {"$float": repr(value)}
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "biuf":
        return {"$array": _enter(np.array(value), arrays)}
    if isinstance(value, (list, tuple)):
        numbers = _numbers(value) if type(value) is list else None
        if numbers is not None:  # a history of 10,000 epochs does not belong into a header
            return {"$numbers": _enter(numbers, arrays)}
        found = [encode(v, arrays, f"{where}[{i}]") for i, v in enumerate(value)]
        return {"$tuple": found} if isinstance(value, tuple) else found
    if isinstance(value, dict) and all(isinstance(k, str) and k[:1] != "$" for k in value):
        return {k: encode(v, arrays, f"{where}[{k!r}]") for k, v in value.items()}
    raise ArgumentError(
        "a checkpoint cannot hold this",
        where=where,
        expected="numbers, text, None, arrays, and lists and dicts (by text) of them",
        received=repr(value)[:120],
    )


def _enter(array: np.ndarray, arrays: dict[str, np.ndarray]) -> str:
    name = f"run/state/{len(arrays)}"
    arrays[name] = array
    return name


def _numbers(value: list[Any]) -> np.ndarray | None:
    """A list of numbers of one type, or a table of them, where it is long."""
    if len(value) < 8:
        return None
    flat = value
    if all(type(row) is list and len(row) == len(value[0]) for row in value):
        flat = [v for row in value for v in row]
    for kind, dtype in ((float, np.float64), (int, np.int64)):
        if flat and all(type(v) is kind for v in flat):
            try:
                return np.array(value, dtype)
            except OverflowError:
                return None
    return None


def decode(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """The opposite of `encode`."""
    if isinstance(value, list):
        return [decode(v, arrays) for v in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((mark, inside),) = value.items()
        if mark == "$float":
            return float(inside)
        if mark == "$tuple":
            return tuple(decode(inside, arrays))
        if mark == "$numbers":
            return arrays[inside].tolist()
        if mark == "$array":
            return np.array(arrays[inside])
    return {k: decode(v, arrays) for k, v in value.items()}


def difference(a: Any, b: Any, path: str = "") -> tuple[str, str] | None:
    """The first place where two plain values differ, in words; None where they are equal.

    Example:
        >>> difference({"layers": [{"units": 8}]}, {"layers": [{"units": 9}]})
        ('layers.0.units 8', 'layers.0.units 9')
    """
    if isinstance(a, dict) and isinstance(b, dict):
        keys = [*a, *(k for k in b if k not in a)]
        pairs = [(k, a.get(k), b.get(k)) for k in keys]
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        pairs = [(i, *both) for i, both in enumerate(zip(a, b, strict=True))]
    else:
        return None if a == b else (f"{path} {a}".strip(), f"{path} {b}".strip())
    found = (difference(x, y, f"{path}.{k}" if path else f"{k}") for k, x, y in pairs)
    return next((d for d in found if d is not None), None)
