"""What is to be learned: columns, targets, which rows belong together, how much they count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError, choose
from ..finite import need_finite
from ..labels import check_labels

__all__ = ["KEYS", "Problem"]

KEYS = ("numeric", "flat", "codes")
TASKS = ("classification", "regression")
_ROWS = 1 << 16  # checked at a time: the columns may be memory-mapped


@dataclass(eq=False)
class Problem:
    """Rows to learn from, as `TableEncoder.prepare` gives them.

    Args:
        x: by name, each with one row a sample: `"numeric"` (n, p) floats of similar sizes,
            `"flat"` (n, q) zeros, ones and counts that need no embedding, `"codes"` (n, c) whole
            numbers of many levels. A key without columns is left out. Arrays may be memory-mapped.
        y: class numbers, or values in their own units, (n,).
        task: `"classification"` or `"regression"`.
        class_count: how many classes there are.
        groups: a number for each row; rows with the same number are never held out apart. None
            where each row stands for itself.
        sample_weight: how much each row counts; None: all the same.

    Raises:
        DataError: lengths that differ, no rows, numbers that are not finite, no such class.
        ArgumentError: another task, an unknown key.

    Example:
        >>> import numpy as np
        >>> x = {"numeric": np.zeros((4, 2), np.float32)}
        >>> Problem(x, np.array([0, 1, 0, 1]), "classification", 2).rows
        4
    """

    x: Mapping[str, Any]
    y: Any
    task: str
    class_count: int = 0
    groups: Any = None
    sample_weight: Any = None

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise choose("task", self.task, TASKS, where="Problem")
        unknown = set(self.x) - set(KEYS)
        if unknown:
            raise choose("key of x", min(map(str, unknown)), KEYS, where="Problem")
        self.x = {key: self.x[key] for key in KEYS if key in self.x and self.x[key].shape[1]}
        y = np.asarray(self.y)
        self.y = y.reshape(len(y)) if y.ndim == 2 and y.shape[1] == 1 else y
        if self.y.ndim != 1 or not len(self.y):
            raise DataError(
                "the targets must be one number for each row", where="Problem", received=y.shape
            )
        self._need_length()
        if self.task == "classification":
            if self.class_count < 2:
                raise ArgumentError(
                    "there must be two classes or more",
                    where="Problem",
                    received=f"class_count={self.class_count!r}",
                )
            self.y = check_labels(self.y, self.class_count, "y")
        else:
            self.y = self.y.astype(np.float64)
            need_finite([("y", self.y)], "Problem", kind=DataError, fix=None)
        self._need_weights()
        for key, columns in self.x.items():
            for start in range(0, self.rows, _ROWS):
                part = np.asarray(columns[start : start + _ROWS])
                need_finite([(f"x[{key!r}]", part)], "Problem", kind=DataError, fix=None)

    def _need_length(self) -> None:
        parts = {f"x[{key!r}]": v for key, v in self.x.items()}
        parts |= {"groups": self.groups, "sample_weight": self.sample_weight}
        for name, part in parts.items():
            if part is not None and len(part) != len(self.y):
                raise DataError(
                    "the lengths differ",
                    where=f"Problem, {name}",
                    expected=f"{len(self.y):,} rows, as in y",
                    received=f"{len(part):,}",
                )

    def _need_weights(self) -> None:
        if self.sample_weight is None:
            return
        weight = self.sample_weight = np.asarray(self.sample_weight, np.float64)
        need_finite([("sample_weight", weight)], "Problem", kind=DataError, fix=None)
        if weight.min() < 0 or not weight.sum() > 0:
            raise DataError(
                "weights must be 0 or more, and not all 0",
                where="Problem, sample_weight",
                received=f"from {weight.min():g} to {weight.max():g}",
            )

    @property
    def rows(self) -> int:
        """How many samples there are."""
        return len(self.y)

    @property
    def outputs(self) -> int:
        """Numbers a model gives for a row: one for each class, or the value."""
        return self.class_count if self.task == "classification" else 1

    def weights(self, balance: bool = False) -> np.ndarray:
        """How much each row counts, 1 on average.

        With `balance` each class counts as much as any other: n/(classes·rows of the class).

        Example:
            >>> import numpy as np
            >>> x = {"numeric": np.zeros((4, 1), np.float32)}
            >>> Problem(x, np.array([0, 0, 0, 1]), "classification", 2).weights(balance=True)
            array([0.66666667, 0.66666667, 0.66666667, 2.        ])
        """
        given = np.ones(self.rows) if self.sample_weight is None else self.sample_weight
        weight = given
        if balance and self.task == "classification":
            total = np.bincount(self.y, given, self.class_count)
            weight = given / np.maximum(total, 1e-300)[self.y]
        return weight * (len(weight) / weight.sum())
