"""Shapes: what users and files may write, trees of them, and the dry run that finds an output's."""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from . import tree
from .errors import ArgumentError, ShapeError

__all__ = ["LENGTHS", "check_shape", "dry_run", "is_shape", "map_shapes", "shapes_of", "with_batch"]

LENGTHS = ((7, 18), (37, 96))  # tried for unknown axes; what differs between the two is unknown
_LARGEST = 1 << 24  # numbers in the inputs of a dry run
_LONGEST_AXIS = 1 << 31
_MOST_AXES = 32  # NumPy holds more, XLA and files do not


def is_shape(x: Any) -> bool:
    """True for a tuple (or a list from a file) of lengths and None."""
    return isinstance(x, (tuple, list)) and all(
        n is None or (hasattr(n, "__index__") and not isinstance(n, bool)) for n in x
    )


def map_shapes(f: Callable[..., Any], shapes: Any) -> Any:
    """A tree like `shapes` of f(shape)."""
    if is_shape(shapes):
        return f(tuple(shapes))
    if isinstance(shapes, dict):
        return {k: map_shapes(f, s) for k, s in shapes.items()}
    return [map_shapes(f, s) for s in shapes]


def shapes_of(values: Any) -> Any:
    """The shape of every leaf of a tree of arrays."""
    return tree.map(lambda v: tuple(np.shape(v)), values)


def with_batch(values: Any) -> Any:
    """The same with None for the first axis, the batch."""
    return tree.map(lambda v: (None, *np.shape(v)[1:]), values)


def dry_run(call: Callable[..., Any], shapes: tuple, dtypes: tuple, where: str) -> Any:
    """The tree of output shapes of `call` for inputs of these shapes, found by running it on zeros.

    Unknown axes are tried with two small lengths; what differs in the output is unknown.

    Raises:
        ShapeError: the inputs have more than 2²⁴ numbers.
    """
    found: list[Any] = []
    for attempt, (a, b) in enumerate(LENGTHS):
        try:
            found = [_run(call, shapes, dtypes, length, where) for length in (a, b)]
            break
        except Exception:
            # perhaps only too short for this code; the longest attempt says what is wrong
            if attempt == len(LENGTHS) - 1 or not _unknown(shapes):
                raise
    first, second = found
    return tree.map(
        lambda p, q: tuple(m if m == n else None for m, n in zip(p.shape, q.shape, strict=True)),
        first,
        second,
    )


def _unknown(shapes: Any) -> bool:
    found: list[bool] = []
    map_shapes(lambda s: found.append(None in s), list(shapes))
    return any(found[1:]) or any(None in s[1:] for s in shapes if is_shape(s))


def _run(call: Callable[..., Any], shapes: tuple, dtypes: tuple, length: int, where: str) -> Any:
    def zeros(shape: tuple, dtype: Any) -> Any:
        known = tuple(length if n is None else int(n) for n in shape)
        if math.prod(known) > _LARGEST:
            raise ShapeError(
                "the shape of the output cannot be found by a dry run: the input is too large",
                where=where,
                expected=f"at most {_LARGEST:,} numbers",
                received=shape,
                fix="give the layer a method compute_output_shape(input_shape)",
            )
        return np.zeros(known, dtype)

    inputs = []
    for shape, dtype in zip(shapes, dtypes, strict=True):
        kinds = iter(tree.leaves(dtype) if tree.is_tree(dtype) else itertools.repeat(dtype))
        inputs.append(map_shapes(lambda s, kinds=kinds: zeros(s, next(kinds)), shape))
    with np.errstate(all="ignore"):
        y = call(*inputs)
    for path, leaf in tree.paths(y):
        if leaf is None:
            raise ShapeError(
                "call returned None" + (f" for its output {path!r}" if path else ""),
                where=where,
                expected="an array, or a list, tuple or dict of arrays",
                fix="end call with `return y`",
            )
    return y


def check_shape(shape: Any, where: str) -> tuple[int | None, ...]:
    """The shape of one sample as a tuple: whole numbers, None for an axis of any length.

    Raises:
        ArgumentError: lengths that are no whole numbers from 0 to 2³¹ − 1, or too many axes.

    Example:
        >>> check_shape([28, 28], "Input")
        (28, 28)
        >>> check_shape(4, "Input")
        (4,)
    """
    given = shape
    if not isinstance(shape, (list, tuple)):
        shape = (shape,)
    if len(shape) <= _MOST_AXES:
        lengths = tuple(map(_length, shape))
        if all(n is None or 0 <= n < _LONGEST_AXIS for n in lengths):
            return lengths
    raise ArgumentError(
        "this is no shape of a sample",
        where=where,
        expected=f"at most {_MOST_AXES} whole numbers from 0 to 2**31 - 1, or None",
        received=str(given)[:100] if _printable(given) else type(given).__name__,
        fix="such as (784,) or (28, 28, 1), without the batch",
    )


def _length(n: Any) -> int | None:
    """A length as a plain number; −1 for what is none."""
    if n is None:
        return None
    try:
        return -1 if isinstance(n, bool) else operator.index(n)
    except TypeError:
        return -1


def _printable(shape: Any) -> bool:
    """Whether it can be shown: Python refuses to print numbers of more than 4,300 digits."""
    try:
        str(shape)
    except ValueError:
        return False
    return True
