"""What the columns of some data are and how their numbers were scaled: for training and after it.

Training scales its rows, a run folder writes down how, and `predict` does the same to new rows: the
formulas stand here and nowhere else.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import DataError, FileError, ShapeError
from .cells import Cells, Column
from .idx import read_idx
from .tables import MAX_BYTES, Table, fill

__all__ = ["Rows", "Scaling", "Schema"]

_TABLES = (".csv", ".tsv", ".txt")
_OPTIONS = {"delimiter", "header", "missing", "classes", "categorical", "missing_marks"}


@dataclass(frozen=True, eq=False)
class Scaling:
    """x / divide_by, or (x − mean) / std for each feature.

    Args:
        divide_by: one number for all; images.
        mean: of each feature, float64; None where `divide_by` is meant.
        std: of each feature, float64.

    Example:
        >>> scaling = Scaling.standard(np.array([[1.0, 5.0], [3.0, 5.0]]))
        >>> scaling.apply(np.array([[2.0, 6.0]])).tolist()  # a constant column is not divided
        [[0.0, 1.0]]
        >>> scaling.undo(np.array([[0.0, 1.0]], np.float32)).tolist()
        [[2.0, 6.0]]
    """

    divide_by: float = 1.0
    mean: np.ndarray | None = None
    std: np.ndarray | None = None

    @classmethod
    def standard(cls, x: np.ndarray, measured: np.ndarray | None = None) -> Scaling:
        """Mean 0 and standard deviation 1 for each feature of x, or of those that are `measured`.

        One-hot columns stay 0 and 1: divided by their std, a rare category would become huge.
        """
        mean, std = x.mean(0, dtype=np.float64), x.std(0, dtype=np.float64)
        if measured is not None:
            mean, std = np.where(measured, mean, 0), np.where(measured, std, 1)
        return cls(mean=mean, std=np.where(std == 0, 1.0, std))

    def apply(self, x: np.ndarray) -> np.ndarray:
        """Numbers as a network gets them, float32."""
        if self.mean is not None:
            return ((x - self.mean) / self.std).astype(np.float32)
        return x.astype(np.float32) / np.float32(self.divide_by)

    def undo(self, x: np.ndarray) -> np.ndarray:
        """The opposite of `apply`, up to rounding; whole pixels come back whole."""
        if self.mean is not None and self.std is not None:
            return (x * self.std + self.mean).astype(np.float32)
        x = x * np.float32(self.divide_by)
        return np.rint(x) if self.divide_by != 1 and np.abs(x - np.rint(x)).max() < 1e-3 else x


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a file, ready for a model.

    Args:
        x: `(rows, *shape)`, scaled, float32.
        y: targets where they were asked for and the file holds them.
        numbers: which rows of the file they are, counted from 1.
        notices: sentences on what was left out or could not be taken as it stands.
    """

    x: np.ndarray
    y: np.ndarray | None
    numbers: np.ndarray
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Schema:
    """How rows become what a model is trained on: shape, columns, categories, scaling, classes.

    Args:
        shape: of one example.
        scaling: what is done to its numbers.
        class_names: in the order of the class numbers; None for values.
        columns: of the table, with their categories; None where there was no table.
        target: the one of the columns that is the target.
        options: how the table was read: arguments of `read_csv`.

    Example:
        >>> schema = Schema((2,), Scaling(divide_by=10))
        >>> schema.rows([[5, 10], [0, 20]]).tolist()
        [[0.5, 1.0], [0.0, 2.0]]
    """

    shape: tuple[int, ...]
    scaling: Scaling = field(default_factory=Scaling)
    class_names: list[str] | None = None
    columns: list[Column] | None = None
    target: Column | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_table(cls, table: Table, scaling: Scaling, options: Mapping[str, Any]) -> Schema:
        """The schema of a table that `read_csv` read with these arguments."""
        kept = {name: value for name, value in options.items() if name in _OPTIONS}
        return cls(table.x.shape[1:], scaling, table.class_names, table.columns, table.target, kept)

    @property
    def feature_names(self) -> list[str] | None:
        """One per number of an example of a table; `"colour=red"` for a category."""
        if self.columns is None:
            return None
        return [name for column in self._features() for name in column.features()]

    def _features(self) -> list[Column]:
        return [column for column in self.columns or () if column is not self.target]

    # --- to and from a file ---------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """Plain values, for `config.json`; class names stand beside them there."""
        if self.scaling.mean is None or self.scaling.std is None:
            return {"shape": list(self.shape), "divide_by": self.scaling.divide_by}
        columns = [{"name": c.name, "categories": c.categories} for c in self.columns or ()]
        return {
            "shape": list(self.shape),
            "mean": self.scaling.mean.tolist(),
            "std": self.scaling.std.tolist(),
            "columns": columns or None,
            "target": None if self.target is None else self.target.index,
            "options": dict(self.options),
        }

    @classmethod
    def from_json(cls, config: Any, class_names: list[str] | None, where: str) -> Schema:
        """What `to_json` gave; checked, as it comes from a file."""
        try:
            return _checked(class_names, **config)
        except (TypeError, KeyError, ValueError, IndexError):
            raise FileError(
                "the description of the inputs makes no sense",
                where=where,
                fix="take the file from the run again",
            ) from None

    # --- rows -----------------------------------------------------------------------------------

    def rows(self, x: Any, where: str = "the rows", scaled: bool = False) -> np.ndarray:
        """Rows as the model wants them: shaped, scaled exactly as in training, float32.

        Raises:
            ShapeError: rows of another size, or no numbers.
        """
        x = np.asarray(x)
        size = math.prod(self.shape)
        if x.shape == self.shape or (x.ndim == 1 and x.size == size):
            x = x[None]  # one example
        if x.ndim == 0 or math.prod(x.shape[1:]) != size or x.dtype.kind not in "biuf":
            raise ShapeError(
                "the rows do not fit the model",
                where=where,
                expected=f"numbers of shape (rows, {', '.join(map(str, self.shape))})",
                received=f"{x.dtype} of shape {x.shape}",
            )
        x = x.reshape(len(x), *self.shape)
        return x.astype(np.float32) if scaled else self.scaling.apply(x)

    def read(
        self,
        path: str | os.PathLike[str],
        *,
        targets: bool = False,
        scaled: bool = False,
        missing: str | None = None,
    ) -> Rows:
        """Rows of a CSV, NumPy or IDX file, ready for the model.

        Categories that training has not seen become zeros in all columns of their feature, and
        a notice says so.

        Args:
            path: a file; `.csv` and `.npy` are told by name, everything else is read as IDX.
            targets: also read the target; without it that column is not even looked at.
            scaled: the numbers are scaled already.
            missing: `"drop"` or `"error"`, in place of what held in training.

        Raises:
            FileError: the file is missing or damaged.
            DataError: a table whose columns are not those of the training.
            ShapeError: rows of another size.
        """
        path = os.fspath(path)
        extension = os.path.splitext(path)[1].lower()
        if extension not in _TABLES:
            x = _read_npy(path) if extension == ".npy" else read_idx(path)
            x = self.rows(x, path, scaled)
            return Rows(x, None, np.arange(1, len(x) + 1))
        unseen: dict[str, dict[str, int]] = {}
        table, dropped = self._table(path, targets, missing, unseen)
        notices = [_say_dropped(path, dropped)] if dropped else []
        notices += [_say_unseen(path, name, cells) for name, cells in unseen.items()]
        x = self.rows(table.x, path, scaled)
        return Rows(x, table.y, table.numbers, tuple(notices))

    def _table(
        self, path: str, targets: bool, missing: str | None, unseen: dict[str, dict[str, int]]
    ) -> tuple[Table, list[int]]:
        """A table like that of the training; the target's column may be there or not."""
        options = {"delimiter": ",", "missing": "error", "missing_marks": ("", "?"), **self.options}
        header = options.get("header", "auto")
        if self.columns is not None and not self._headless():
            header = True
        drop = (missing or options["missing"]) == "drop"
        marks = options["missing_marks"]
        file = Cells(path, options["delimiter"], header, drop, marks, MAX_BYTES)
        if self.columns is None:
            columns, target = [Column(name, i) for i, name in enumerate(file.names)], None
        else:
            columns, target = self._match(file)
        ignored = []
        if target is not None and not targets:
            ignored = [target.index]
            columns = [column for column in columns if column is not target]
            target = None
        file.leave_out(ignored)
        if not len(file):
            raise DataError("the file has no rows of data", where=path, expected="at least one")
        return fill(file, columns, target, unseen), file.dropped

    def _headless(self) -> bool:
        """Did the training's table have no header?"""
        names = [column.name for column in self.columns or ()]
        return names == [f"x{i + 1}" for i in range(len(names))]

    def _match(self, file: Cells) -> tuple[list[Column], Column | None]:
        """The columns of the training in this file, with or without the target."""
        features = [Column(c.name, i, c.categories) for i, c in enumerate(self._features())]
        names = [column.name for column in features]
        if self._headless():
            names = [f"x{i + 1}" for i in range(len(names))]
        wanted = [column.name for column in self.columns or ()]
        if file.names == names and file.names != wanted:
            return features, None
        if file.names == wanted:
            return list(self.columns or ()), self.target
        raise DataError(
            "the columns are not those of the training",
            where=file.where,
            expected=", ".join(wanted[:20]),
            received=", ".join(file.names[:20]),
            fix="give the same columns in the same order, with or without the target",
        )


def _checked(
    class_names: list[str] | None,
    shape: Sequence[int],
    divide_by: float = 1.0,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    columns: Sequence[Mapping[str, Any]] | None = None,
    target: int | None = None,
    options: Mapping[str, Any] | None = None,
) -> Schema:
    fine = all(type(n) is int and n > 0 for n in shape)
    fine = fine and math.isfinite(divide_by) and divide_by != 0
    scaling = Scaling(divide_by)
    if mean is not None or std is not None:
        numbers = np.array([mean, std], np.float64)
        fine = fine and numbers.shape == (2, *shape)
        fine = fine and bool(np.isfinite(numbers).all() and numbers[1].all())
        scaling = Scaling(mean=numbers[0], std=numbers[1])
    made = [Column(c["name"], i, c["categories"]) for i, c in enumerate(columns or ())]
    for column in made:
        fine = fine and isinstance(column.name, str)
        names = column.categories
        fine = fine and (
            names is None or (isinstance(names, list) and all(isinstance(n, str) for n in names))
        )
    fine = fine and set(options or ()) <= _OPTIONS
    if not fine or (target is not None and not 0 <= target < len(made)):
        raise ValueError
    aim = None if target is None else made[target]
    return Schema(tuple(shape), scaling, class_names, made or None, aim, dict(options or {}))


def _say_dropped(path: str, rows: list[int]) -> str:
    shown = ", ".join(map(str, rows[:5])) + (", ..." if len(rows) > 5 else "")
    noun = "row" if len(rows) == 1 else "rows"
    return f"{path}: {len(rows):,} {noun} with missing cells left out: {noun} {shown}"


def _say_unseen(path: str, name: str, cells: Mapping[str, int]) -> str:
    shown = ", ".join(repr(cell[:40]) for cell in list(cells)[:5])
    count = sum(cells.values())
    cell = "cell" if count == 1 else "cells"
    return (
        f"{path}: {count:,} {cell} of column {name!r} with a category that training has not seen "
        f"({shown}{', ...' if len(cells) > 5 else ''}): taken as none of the known ones"
    )


def _read_npy(path: str) -> np.ndarray:
    try:
        # mapped: a header that promises more than the file holds takes no memory
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf" or array.size == 0:
            raise ValueError("no rows of numbers")
        return np.array(array)
    except FileNotFoundError:
        raise FileError("there is no such file", where=path, fix="check the path") from None
    except (OSError, ValueError, EOFError, MemoryError) as error:
        raise FileError(
            "the file cannot be read",
            where=path,
            expected="an array of numbers that np.save wrote",
            received=str(error).splitlines()[0][:200] if str(error) else type(error).__name__,
        ) from None
