"""CSV files of numbers and categories as arrays; a cell that does not fit stops the reading.

`chainrule.tables` reads the cells; here they become what a network takes, by rules that leave
nothing open: no cell is imputed, no column is left out.

    numbers      one feature                            3.6, -1e3
    text         one feature per category (one-hot)     Private, State-gov
    both         an error at the first odd cell; `categorical=` says it is meant
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..dialect import argument
from ..errors import ArgumentError, DataError, choose, did_you_mean
from .cells import Cells, Column, number

__all__ = ["Table", "read_csv"]

MAX_BYTES = 64 << 20
MAX_CATEGORIES = 256
MAX_CELLS = 1 << 28  # of x: 1 GiB
MAX_INTEGER_CLASSES = 20


@dataclass(frozen=True, eq=False)
class Table:
    """A table ready for a network.

    Args:
        x: features `(rows, features)`, float32.
        y: target `(rows,)`: int32 class numbers, or float32 values; None without a target.
        feature_names: one per column of `x`; `"colour=red"` for a category.
        class_names: names of the classes in the order of their numbers; None for values.
        numeric: True for the columns of `x` that are measured, False for one-hot ones.
        dropped: how many rows were left out for missing cells.
        columns: the columns of the file, with their categories.
        target: the one of them that is the target.
        numbers: which rows of the file these are, counted from 1: those left out are missing.

    Example:
        >>> Table(np.zeros((2, 1), np.float32), None, ["age"], None, np.array([True]))
        Table: 2 rows, 1 features, no target
    """

    x: np.ndarray
    y: np.ndarray | None
    feature_names: list[str]
    class_names: list[str] | None
    numeric: np.ndarray
    dropped: int = 0
    columns: list[Column] = field(default_factory=list)
    target: Column | None = None
    numbers: np.ndarray = field(default_factory=lambda: np.zeros(0, int))

    def __repr__(self) -> str:
        kind = "no target" if self.y is None else "values"
        kind = f"{len(self.class_names)} classes" if self.class_names else kind
        return f"Table: {len(self.x)} rows, {self.x.shape[1]} features, {kind}"


def read_csv(
    path: str | os.PathLike[str],
    target: int | str | None = -1,
    header: bool | str = "auto",
    *,
    delimiter: str = ",",
    categorical: Sequence[int | str] = (),
    classes: bool | str = "auto",
    missing: str = "error",
    missing_marks: Sequence[str] = ("", "?"),
    like: Table | None = None,
    max_bytes: int = MAX_BYTES,
) -> Table:
    r"""Read a CSV file into features and a target.

    Args:
        path: the file, UTF-8.
        target: index or name of the column to predict; None when there is none.
        header: True, False, or `"auto"`: the first row is a header when it holds no number and
            the rows below do.
        delimiter: what stands between cells.
        categorical: columns of numbers, or numbers and text, that are categories.
        classes: whether the target is a class; `"auto"` says so for text, and for whole numbers of
            at most 20 different values that occur twice on average.
        missing: `"error"`, or `"drop"` to leave out rows with a missing cell.
        missing_marks: cells that mean "missing".
        like: a table whose target, categories and classes hold for this file too: give the
            training table when reading the test file. A full stop after a class is forgiven.
        max_bytes: refuse larger files.

    Returns:
        A `Table`. Categories and classes are in sorted order, classes of numbers by value.

    Raises:
        FileError: the file is missing, too large or not UTF-8.
        DataError: a row of another length, a missing or odd cell; names file, row and column.
        ArgumentError: a target or categorical column that is not there.

    Example:
        >>> import os, tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> path = os.path.join(folder.name, "fruit.csv")
        >>> with open(path, "w") as file:
        ...     _ = file.write("weight,colour,kind\n1.5,red,apple\n2,green,pear\n")
        >>> table = read_csv(path)
        >>> table
        Table: 2 rows, 3 features, 2 classes
        >>> table.x.tolist(), table.feature_names
        ([[1.5, 0.0, 1.0], [2.0, 1.0, 0.0]], ['weight', 'colour=green', 'colour=red'])
        >>> table.y.tolist(), table.class_names
        ([0, 1], ['apple', 'pear'])
        >>> folder.cleanup()

    Reference: RFC 4180. pandas differs: it guesses types and turns missing cells into NaN.
    """
    for name, value, words in (
        ("header", header, ("auto", True, False)),
        ("classes", classes, ("auto", True, False)),
        ("missing", missing, ("error", "drop")),
    ):
        if value not in words:
            raise choose(argument(name), value, map(str, words), where=path)
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '\r\n" \0':
        raise ArgumentError(
            f"{argument('delimiter')} is not usable",
            where=path,
            expected="one character, such as ',' or ';'",
            received=repr(delimiter),
        )
    file = Cells(path, delimiter, header, missing == "drop", missing_marks, max_bytes)
    columns, aim, forced = _columns(file.names, target, categorical, like, file.where)
    file.leave_out()
    if not len(file):
        raise DataError("the file has no rows of data", where=file.where, expected="at least one")
    if like is None:
        for column in columns:
            survey = _Survey(file, column, column is aim or column in forced)
            survey.decide(column is aim, classes)
    return fill(file, columns, aim)


def _columns(
    names: list[str],
    target: int | str | None,
    categorical: Sequence[int | str],
    like: Table | None,
    where: str,
) -> tuple[list[Column], Column | None, list[Column]]:
    if like is not None:
        wanted = [column.name for column in like.columns]
        if names != wanted:
            raise DataError(
                "the columns differ from those of the table given as `like`",
                where=where,
                expected=", ".join(wanted[:20]),
                received=", ".join(names[:20]),
                fix="give both files the same columns and header",
            )
        return like.columns, like.target, []
    columns = [Column(name, index) for index, name in enumerate(names)]

    def find(item: int | str, name: str) -> Column:
        if isinstance(item, str) and item in names:
            return columns[names.index(item)]
        if isinstance(item, int) and -len(names) <= item < len(names):
            return columns[item]
        raise ArgumentError(
            f"{argument(name)} names a column that is not there",
            where=where,
            expected=f"a number below {len(names)}, or one of " + ", ".join(names[:20]),
            received=repr(item),
            fix=did_you_mean(item, names) if isinstance(item, str) else None,
        )

    aim = None if target is None else find(target, "target")
    return columns, aim, [find(item, "categorical") for item in categorical]


class _Survey:
    """One column looked at as a whole: does it hold numbers or text, and which?"""

    def __init__(self, file: Cells, column: Column, collect: bool) -> None:
        self.file, self.column, self.collect = file, column, collect
        cells = file.columns[column.index].tolist()
        values = {cell: number(cell) for cell in dict.fromkeys(cells)}
        kinds = np.array([values[cell] is None for cell in cells])
        self.texts = int(kinds.sum())
        self.numbers = len(cells) - self.texts
        # the first of each kind: row, cell
        self.text_at = _first(kinds, cells)
        self.number_at = _first(~kinds, cells)
        self.whole = all(v is None or v.is_integer() for v in values.values())
        kept = [cell for cell, value in values.items() if collect or value is None]
        self.seen: set[str] | None = set(kept) if len(kept) <= MAX_CATEGORIES else None

    def decide(self, is_target: bool, classes: bool | str) -> None:
        """Give the column its categories, or leave it numeric."""
        names = {_plain(cell) for cell in self.seen or ()}
        few = self.whole and 0 < len(names) <= min(MAX_INTEGER_CLASSES, len(self.file) // 2)
        wanted = self.collect
        if is_target:
            wanted = few or self.texts > 0 if classes == "auto" else bool(classes)
        if not self.texts and not wanted:
            return
        if self.texts and ((self.numbers and not self.collect) or (is_target and not wanted)):
            (row, cell), (usual_row, usual) = self.text_at, self.number_at
            if self.numbers < self.texts and not is_target:  # the rarer kind is the odd one
                (row, cell), (usual_row, usual) = self.number_at, self.text_at
            line = self.file.lines[usual_row]
            raise self.file.bad(
                "the column holds both numbers and text" if usual else "the target is text",
                row,
                self.column,
                expected=f"such as {usual[:80]!r} in line {line}" if usual else "numbers",
                received=repr(cell[:80]),
                fix=f"correct the cell, or name the column in {argument('categorical')}"
                if usual
                else "read it with " + argument("classes", True),
            )
        if self.seen is None:
            raise DataError(
                f"{self.column} has too many different values to be categories",
                where=self.file.where,
                expected=f"at most {MAX_CATEGORIES}",
                fix="turn names, dates and free text into numbers, or remove the column",
            )
        by_value = self.whole and not self.texts
        self.column.categories = sorted(names, key=int) if by_value else sorted(self.seen)


def _first(mask: np.ndarray, cells: list[str]) -> tuple[int, str]:
    """Row and cell of the first that is meant, or (0, "")."""
    row = int(np.argmax(mask))
    return (row, cells[row]) if mask[row] else (0, "")


def _plain(cell: str) -> str:
    """The name of a class written as a whole number: `"3.0"` and `"+3"` are `"3"`."""
    value = number(cell)
    return cell if value is None or not value.is_integer() else str(int(value))


def fill(
    file: Cells,
    columns: list[Column],
    target: Column | None,
    unseen: dict[str, dict[str, int]] | None = None,
) -> Table:
    """Every cell to its place.

    Args:
        file: the cells, none of them missing.
        columns: those to take, with their categories; the target among them.
        target: the one of them that is the target.
        unseen: where given, a category of a feature that is in no column becomes zeros and is
            counted here, by column and cell; else it is an error.
    """
    features = [column for column in columns if column is not target]
    names = [name for column in features for name in column.features()]
    rows = len(file)
    if not names or rows * len(names) > MAX_CELLS:
        raise DataError(
            "the table is too large" if names else "the table has no features",
            where=file.where,
            expected=f"1 to {MAX_CELLS:,} numbers",
            received=f"{rows:,} rows of {len(names):,} features",
        )
    x, start = np.zeros((rows, len(names)), np.float32), 0
    for column in features:
        if column.categories is None:
            x[:, start] = file.finite(column)
            start += 1
            continue
        codes = _codes(file, column, unseen)
        known = np.flatnonzero(codes >= 0)
        x[known, start + codes[known]] = 1
        start += len(column.categories)
    y = None
    if target is not None:
        if target.categories is None:
            y = file.finite(target).astype(np.float32)
        else:
            y = _codes(file, target, None, forgive=True).astype(np.int32)
    numeric = [column.categories is None for column in features for _ in column.features()]
    class_names = None if target is None else target.categories
    return Table(
        x, y, names, class_names, np.array(numeric), len(file.dropped), columns, target,
        file.numbers,
    )  # fmt: skip


def _codes(
    file: Cells, column: Column, unseen: dict[str, dict[str, int]] | None, forgive: bool = False
) -> np.ndarray:
    """The number of each cell's category; -1 where it is in none and that is counted."""
    known = {name: i for i, name in enumerate(column.categories or ())}
    cells = file.columns[column.index].tolist()
    found: dict[str, int] = {}
    for cell in dict.fromkeys(cells):
        names = (cell, _plain(cell), cell.removesuffix(".") if forgive else cell)
        found[cell] = next((known[name] for name in names if name in known), -1)
    codes = np.array([found[cell] for cell in cells], np.int64)
    for row in np.flatnonzero(codes < 0).tolist():
        if unseen is None:
            raise _unknown(cells[row], known, file, row, column)
        counts = unseen.setdefault(column.name, {})
        counts[cells[row]] = counts.get(cells[row], 0) + 1
    return codes


def _unknown(cell: str, codes: dict[str, int], file: Cells, row: int, column: Column) -> DataError:
    return file.bad(
        "this category does not occur in the training table",
        row,
        column,
        expected="one of " + ", ".join(list(codes)[:20]),
        received=repr(cell[:80]),
        fix="correct the cell, or remove the row",
    )
