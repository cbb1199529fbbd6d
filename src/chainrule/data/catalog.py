"""Data sets by name, split and scaled: what the command line and the playground start from."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..dialect import argument
from ..errors import ArgumentError, DataError, FileError, did_you_mean
from ..registry import Registry
from . import iris as iris_rows
from . import synthetic
from .cells import Column
from .digits import load_digits
from .mnist import idx_files, load_idx_folder, load_mnist
from .schema import Scaling, Schema
from .tables import MAX_INTEGER_CLASSES, read_csv

__all__ = ["Dataset", "datasets", "from_arrays", "load"]

datasets = Registry("data set")


@dataclass(frozen=True, eq=False)
class Dataset:
    """Examples to learn from and examples held out, ready for `fit` and `evaluate`.

    Args:
        name: the name it was asked for by.
        x_train: `(examples, *feature_shape)`, float32.
        y_train: `(examples,)`: int32 class numbers, or float32 values for regression.
        x_test: as x_train.
        y_test: as y_train.
        schema: shape, columns, scaling and classes: what new rows must go through as well.
        description: one sentence.
        source: who made the data, and the license where there is one.
        scale: what was done to the numbers.

    Example:
        >>> load("moons")
        Dataset 'moons': 400 + 100 examples of shape (2,), 2 classes
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    schema: Schema
    description: str
    source: str
    scale: str

    @property
    def feature_shape(self) -> tuple[int, ...]:
        """The shape of one example."""
        return self.schema.shape

    @property
    def class_names(self) -> list[str] | None:
        """In the order of the class numbers; None for regression."""
        return self.schema.class_names

    @property
    def feature_names(self) -> list[str] | None:
        """For tables; None for all others."""
        return self.schema.feature_names

    def __repr__(self) -> str:
        kind = f"{len(self.class_names)} classes" if self.class_names else "regression"
        counts = f"{len(self.x_train)} + {len(self.x_test)} examples"
        return f"Dataset {self.name!r}: {counts} of shape {self.feature_shape}, {kind}"


def load(
    name: str | os.PathLike[str],
    seed: int = 0,
    path: str | os.PathLike[str] | None = None,
    **table: Any,
) -> Dataset:
    """A data set by its name in `datasets`, or from a folder or CSV file.

    Images are divided by their largest value; measured columns of tables are standardised,
    (x − mean) / std of the training part; one-hot columns and targets stay as they are.

    Args:
        name: a name, a folder, or a CSV file. A folder holds `train.csv` (and `test.csv`), or the
            four IDX files of MNIST's names.
        seed: for points made up and for the rows held out where the data has no test part.
        path: the folder for `"mnist"`, or a folder or CSV file to be called `name`.
        table: arguments of `read_csv`, such as `target=` or `missing="drop"`.

    Returns:
        A `Dataset`.

    Raises:
        UnknownNameError: a name that is in no table and no file; with the nearest name.
        FileError: files that are missing or damaged.
        DataError: a table with an odd cell, or with too few rows to hold some out.

    Example:
        >>> load("digits")
        Dataset 'digits': 1437 + 360 examples of shape (8, 8), 10 classes
        >>> load("monns")
        Traceback (most recent call last):
        ...
        chainrule.errors.UnknownNameError: unknown data set 'monns'
          fix: did you mean 'moons'?
    """
    name = os.fspath(name)
    if name in datasets and not (path is not None and name != "mnist"):
        if table:
            raise ArgumentError(
                f"{argument(next(iter(table)))} is only for CSV files", where=f"data set {name!r}"
            )
        return datasets.find(name)(seed, path)
    place = name if path is None else os.fspath(path)
    if path is None and not os.path.exists(place):
        _need_a_file(place)
        if os.sep not in place and "/" not in place and not os.path.splitext(place)[1]:
            datasets.find(name)  # raises with the nearest name
        raise FileError(
            "there is no such folder or file",
            where=place,
            expected="a folder with train.csv or MNIST's files, a CSV file, or one of "
            + ", ".join(datasets),
            fix=_near_file(place),
        )
    return _from_path(name, place, seed, table)


def _need_a_file(place: str) -> None:
    """Refuse what other programs read, and nothing here: an address, the standard input."""
    if "://" in place:
        raise FileError(
            "this is an address, and nothing is fetched from the network", where=place[:200],
            expected="a file on this machine", fix="download it first, then give the file's path",
        )  # fmt: skip
    if place in ("-", "/dev/stdin", ""):
        raise FileError(
            "the data cannot come from the standard input" if place else "the path is empty",
            where=repr(place), expected="a file, which is read more than once",
            fix="save it to a file first, then give the file's path",
        )  # fmt: skip


def _near_file(place: str) -> str:
    """`did you mean 'houses.csv'?`, of the files beside the one that is not there."""
    folder, name = os.path.split(place)
    try:
        there = sorted(os.listdir(folder or "."))[:10_000]
    except OSError:
        return "check the path: there is no such folder"
    near = did_you_mean(name, there)
    return near if near.startswith("did you mean") else "check the path"


def _from_path(name: str, place: str, seed: int, table: dict[str, Any]) -> Dataset:
    train, test = os.path.join(place, "train.csv"), os.path.join(place, "test.csv")
    if not os.path.isdir(place):
        return _table(name, place, None, seed, table)
    if os.path.isfile(train):
        return _table(name, train, test if os.path.isfile(test) else None, seed, table)
    if not idx_files(place):
        raise FileError(
            "there is nothing in this folder that can be read",
            where=place,
            expected="train.csv (and test.csv), or the four IDX files of MNIST's names",
            fix="for a CSV file of another name, give its path",
        )
    return _images(name, load_idx_folder(place), "Images from your own files.", place)


def _split(y: np.ndarray, seed: int, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers to learn from and to hold out: a fifth, alike in every class or range of y."""
    if len(y) < 5:
        raise DataError(
            "too few rows to hold some out", where=where, expected="at least 5", received=len(y)
        )
    order = synthetic.checked_random("load", len(y), 0, seed).permutation(len(y))
    held_out = np.zeros(len(y), bool)
    held_out[np.argsort(y[order], kind="stable")[2::5]] = True
    return order[~held_out], order[held_out]


def _table(
    name: str, train: str, test: str | None, seed: int, arguments: dict[str, Any]
) -> Dataset:
    read = read_csv(train, **arguments)
    if read.y is None:
        raise ArgumentError(
            "a data set needs a target", where=train, fix="say " + argument("target")
        )
    if test is None:
        rows, held_out = _split(read.y, seed, train)
        parts = read.x[rows], read.y[rows], read.x[held_out], read.y[held_out]
    else:
        other = read_csv(test, **arguments, like=read)
        assert other.y is not None  # noqa: S101 - it has the target of `read`
        parts = read.x, read.y, other.x, other.y
    x, y, x_test, y_test = parts
    scaling = Scaling.standard(x, read.numeric)
    return Dataset(
        name, scaling.apply(x), y, scaling.apply(x_test), y_test,
        Schema.of_table(read, scaling, arguments), "A table from your own file.", train,
        "measured columns (x − mean) / std of the training rows; one-hot columns 0 or 1",
    )  # fmt: skip


def from_arrays(
    x: Any, y: Any, test: tuple[Any, Any] | None = None, *, seed: int = 0, classes: Any = "auto"
) -> Dataset:
    """A data set from arrays: split where no test part is given, scaled as `load` does.

    Args:
        x: numbers `(n, features)`, or images `(n, height, width)` or with colours.
        y: `(n,)`: class names or numbers, or values.
        test: the same for the test part; without it a fifth of the rows is held out.
        seed: for the rows held out.
        classes: whether y is a class; `"auto"` says so for text, for booleans, and for integers of
            at most 20 different values that occur twice on average.

    Raises:
        DataError: lengths that differ, NaN, too few rows.

    Example:
        >>> x = np.arange(20.0).reshape(10, 2)
        >>> from_arrays(x, ["low"] * 5 + ["high"] * 5)
        Dataset 'arrays': 8 + 2 examples of shape (2,), 2 classes
    """
    x, y = _pair(x, y)
    kinds = np.unique(y) if _are_classes(y, classes) else None
    if test is None:
        codes = y if kinds is None else np.searchsorted(kinds, y)
        rows, held_out = _split(codes, seed, "arrays")
        parts = x[rows], y[rows], x[held_out], y[held_out]
    else:
        parts = x, y, *_pair(*test)
    x, y, x_test, y_test = parts
    names: list[str] | None = None
    if kinds is None:
        y, y_test = y.astype(np.float32), y_test.astype(np.float32)
    else:
        y, y_test = (_codes(part, kinds) for part in (y, y_test))
        names = [str(kind) for kind in kinds.tolist()]
    if x.ndim == 2:
        scaling, scale = Scaling.standard(x), "(x − mean) / std of the training rows"
    else:
        high = 255.0 if x.dtype == np.uint8 else float(np.abs(x).max(initial=0)) or 1.0
        scaling, scale = Scaling(high), f"numbers / {high:g}"
    return Dataset(
        "arrays", scaling.apply(x), y, scaling.apply(x_test), y_test,
        Schema(x.shape[1:], scaling, names), "Arrays of your own.", "your program", scale,
    )  # fmt: skip


def _pair(x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.asarray(x), np.asarray(y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if x.ndim < 2 or y.ndim != 1 or len(x) != len(y) or x.dtype.kind not in "biuf":
        raise DataError(
            "the arrays are no examples with answers",
            where="arrays",
            expected="numbers x (n, ...) and y (n,)",
            received=f"x {x.dtype} {x.shape}, y {y.dtype} {y.shape}",
        )
    for name, values in (("x", x), ("y", y)):
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            row = int(np.argwhere(~np.isfinite(values))[0][0])
            raise DataError(f"{name} is not finite", where=f"arrays, row {row}")
    return x, y


def _are_classes(y: np.ndarray, classes: Any) -> bool:
    if classes != "auto":
        return bool(classes)
    if y.dtype.kind in "iu":
        return len(np.unique(y)) <= min(MAX_INTEGER_CLASSES, len(y) // 2)
    return y.dtype.kind != "f"


def _codes(y: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    if not np.isin(y, kinds).all():
        raise DataError(
            "the test part has a class that training has not",
            where="arrays",
            expected="one of " + ", ".join(map(str, kinds[:20].tolist())),
        )
    return np.searchsorted(kinds, y).astype(np.int32)


def _images(name: str, data: Any, description: str, source: str, high: float = 0) -> Dataset:
    (x, y), (x_test, y_test) = data
    if not high:
        high = 255 if x.dtype == np.uint8 else max(float(np.abs(x).max(initial=0)), 1e-30)
    names = [str(i) for i in range(int(max(y.max(initial=0), y_test.max(initial=0))) + 1)]
    scaling = Scaling(float(high))
    return Dataset(
        name, scaling.apply(x), y.astype(np.int32), scaling.apply(x_test), y_test.astype(np.int32),
        Schema(x.shape[1:], scaling, names), description, source, f"pixels / {high:g}, so 0 to 1",
    )  # fmt: skip


@datasets.add
def digits(seed: int = 0, path: Any = None) -> Dataset:
    """The 1,797 digits in the package."""
    source = "E. Alpaydin and C. Kaynak, UCI Machine Learning Repository (1998), CC BY 4.0"
    text = "Handwritten digits of 8 × 8 pixels, from 13 people."
    return _images("digits", load_digits(), text, source, high=16)


@datasets.add
def mnist(seed: int = 0, path: Any = None) -> Dataset:
    """MNIST from its four files."""
    source = "Y. LeCun, C. Cortes, C. J. C. Burges (1998)"
    text = "Handwritten digits of 28 × 28 pixels."
    return _images("mnist", load_mnist(path), text, source, high=255)


def _measured(
    name: str,
    x: np.ndarray,
    y: np.ndarray,
    test: Any,
    columns: list[Column],
    says: str,
    source: str,
) -> Dataset:
    """A table with a name: standardised like every table, with names of columns and classes."""
    x_test, y_test = test
    scaling, target = Scaling.standard(x), columns[-1]
    schema = Schema(x.shape[1:], scaling, target.categories, columns, target)
    return Dataset(
        name, scaling.apply(x), y.astype(np.int32), scaling.apply(x_test), y_test.astype(np.int32),
        schema, says, source, "(x − mean) / std of the training rows",
    )  # fmt: skip


@datasets.add
def iris(seed: int = 0, path: Any = None) -> Dataset:
    """The 150 irises in the package."""
    (x, y), test = iris_rows.load_data()
    names = (*iris_rows.FEATURES, "species")
    columns = [Column(name, i) for i, name in enumerate(names)]
    columns[-1] = Column("species", 4, list(iris_rows.SPECIES))
    text = "Length and width of sepal and petal of 150 irises."
    source = "E. Anderson (1935), R. A. Fisher (1936); scikit-learn's file, BSD 3-Clause"
    return _measured("iris", x, y, test, columns, text, source)


@datasets.add
def players(seed: int = 0, path: Any = None) -> Dataset:
    """Deck 001's players, made up."""
    x, y = synthetic.players(seed=seed)
    rows, held_out = _split(y, seed, "players")
    columns = [Column("height (cm)", 0), Column("age (years)", 1)]
    columns.append(Column("squad", 2, ["not accepted", "accepted"]))
    text = "Height and age of players, accepted by the squad or not (deck 001)."
    test = x[held_out], y[held_out]
    return _measured("players", x[rows], y[rows], test, columns, text, "made by its formula")


def _points(name: str, make: Callable[..., Any], text: str) -> None:
    """Enter 500 made-up points of the plane under `name`."""

    def build(seed: int = 0, path: Any = None) -> Dataset:
        x, y = make(n=500, seed=seed)
        rows, held_out = _split(y, seed, name)
        names = [str(i) for i in range(int(y.max()) + 1)] if y.dtype == np.int32 else None
        return Dataset(
            name, x[rows], y[rows], x[held_out], y[held_out], Schema((2,), class_names=names),
            text, "made by its formula", "as the formula gives them",
        )  # fmt: skip

    build.__name__, build.__doc__ = name, text
    datasets.add(build)


def _gate(name: str) -> None:
    """Enter a truth table; there is nothing to hold out."""

    def build(seed: int = 0, path: Any = None) -> Dataset:
        x, y = synthetic.gate(name)
        return Dataset(
            name, x, y, x, y, Schema((2,), class_names=["0", "1"]),
            f"The truth table of {name.upper()}.", "logic",
            "bits 0 and 1; the test part is the table again",
        )  # fmt: skip

    build.__name__, build.__doc__ = name, f"The truth table of {name.upper()}."
    datasets.add(build)


for _name, _text in (
    ("moons", "Two half circles that reach into each other."),
    ("circles", "A circle inside a circle."),
    ("spirals", "Two arms that wind around each other."),
    ("blobs", "Three round clouds."),
    ("xor", "A square in four quarters, opposite quarters alike."),
    ("plane", "Heights of a tilted plane, with error: regression."),
):
    _points(_name, getattr(synthetic, _name), _text)
for _name in ("and", "or", "nand"):
    _gate(_name)
