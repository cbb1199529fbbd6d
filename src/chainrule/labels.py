"""Class numbers: whole, from 0 to classes − 1. The one place where that is checked."""

from __future__ import annotations

from typing import Any

import numpy as np

from .arrays import asarray, is_traced, xp
from .errors import DataError
from .finite import row_number

__all__ = ["check_labels"]

_FIX = "number the classes from 0, or give the last layer more units"


def check_labels(labels: Any, classes: int, where: str, fix: str = _FIX) -> Any:
    """Class numbers as int32, each from 0 to classes − 1.

    Inside a compiled program there are no numbers to look at, and nothing can be raised: there a
    wrong label comes back as −1, and the operation that uses it makes its row NaN.

    Args:
        labels: class numbers in any shape; whole floats are taken too.
        classes: how many classes there are.
        where: what the error calls the labels; `, row n` is added.
        fix: the change that mends labels outside the classes.

    Raises:
        DataError: a label that is negative, too large, not whole or NaN; names the first row.

    Example:
        >>> check_labels([2.0, 0.0], 3, "y")
        array([2, 0], dtype=int32)
        >>> check_labels([0, 5], 3, "y")
        Traceback (most recent call last):
        ...
        chainrule.errors.DataError: y, row 1: a label is outside the classes
          expected: 0 to 2, for 3 classes
          received: 5 (1 such labels: [5])
          fix: number the classes from 0, or give the last layer more units
    """
    traced = is_traced(labels)
    labels = labels if traced else asarray(labels, name=where)
    plain = labels.dtype.kind in "iu" and not traced and labels.size
    if plain and labels.min() >= 0 and labels.max() < classes:  # nearly always
        return labels.astype(np.int32, copy=False)
    m = xp(labels)
    whole: Any = True
    if labels.dtype.kind not in "biu":
        whole = (labels == m.floor(labels)) & m.isfinite(labels)
    inside = whole & (labels >= 0) & (labels < classes)
    if traced:
        return m.where(inside, labels, -1).astype("int32")
    if not inside.all():
        _refuse(labels, classes, where, fix, whole, inside)
    return labels.astype(np.int32, copy=False)


def _refuse(
    labels: np.ndarray, classes: int, where: str, fix: str, whole: Any, inside: np.ndarray
) -> None:
    """The error for the first label that is not whole, or else outside the classes."""
    broken = ~np.broadcast_to(whole, labels.shape)
    bad = broken if broken.any() else ~inside
    first = np.unravel_index(int(np.argmax(bad)), labels.shape)
    place = f"{where}, row {row_number(int(first[0]))}" if labels.ndim else where
    if broken.any():
        raise DataError(
            "a class number is not whole",
            where=place,
            expected=f"whole numbers from 0 to {classes - 1}",
            received=labels[first].item(),
        )
    values = np.unique(labels[bad])[:5].astype(int).tolist()
    raise DataError(
        "a label is outside the classes",
        where=place,
        expected=f"0 to {classes - 1}, for {classes} classes",
        received=f"{int(labels[first])} ({int(bad.sum())} such labels: {values})",
        fix=fix,
    )
