"""The 150 irises inside the package: the data set of deck 001's unsupervised example.

R. A. Fisher, *The use of multiple measurements in taxonomic problems*, Annals of Eugenics 7 (1936);
the file is scikit-learn's, BSD 3-Clause, see `iris.LICENSE.md` beside this file.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import numpy as np

from .idx import read_idx

__all__ = ["Iris", "load_data", "load_iris"]

_FILE = os.path.join(os.path.dirname(__file__), "iris.idx")
_SHA256 = "83305d0ccb4663b31fd64f643ee52783853b9d88c35100543b038578a8b4d7a8"
FEATURES = ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")
SPECIES = ("setosa", "versicolor", "virginica")


class Iris(NamedTuple):
    """All rows, under scikit-learn's names.

    Args:
        data: (150, 4), float64: sepal length, sepal width, petal length, petal width in cm.
        target: (150,), 0 setosa, 1 versicolor, 2 virginica; 50 of each, in this order.
        feature_names: of the columns.
        target_names: of the species.

    Example:
        >>> from chainrule import datasets
        >>> iris = datasets.load_iris()
        >>> iris.data[0], str(iris.target_names[iris.target[0]])
        (array([5.1, 3.5, 1.4, 0.2]), 'setosa')
    """

    data: np.ndarray
    target: np.ndarray
    feature_names: list[str]
    target_names: np.ndarray


def load_iris(*, return_X_y: bool = False) -> Any:
    """The 150 irises as Fisher printed them, all in one piece.

    The copy of the UCI repository, which many programs use, differs from Fisher's table in two
    rows, 35 and 38 counted from 1: it has 4.9 3.1 1.5 0.1 in both, where here, in R and in
    scikit-learn stand 4.9 3.1 1.5 0.2 and 4.9 3.6 1.4 0.1. Rows 102 and 143 are equal, in Fisher's
    table, too.

    Args:
        return_X_y: only `(data, target)`.

    Returns:
        An `Iris`: data `(150, 4)`, target `(150,)`, feature_names, target_names.

    Raises:
        FileError: the file in the package is damaged.

    Example:
        >>> iris = load_iris()
        >>> iris.data.shape, np.bincount(iris.target).tolist()
        ((150, 4), [50, 50, 50])
        >>> iris.data[[34, 37]].tolist()
        [[4.9, 3.1, 1.5, 0.2], [4.9, 3.6, 1.4, 0.1]]

    Reference: R. A. Fisher (1936); the measurements are E. Anderson's (1935). `load_data` splits.
    """
    table = read_idx(_FILE, max_bytes=1 << 12, sha256=_SHA256)
    data, target = table[:, :4] / 10, table[:, 4].astype(np.int64)
    if return_X_y:
        return data, target
    return Iris(data, target, list(FEATURES), np.array(SPECIES))


def load_data() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """The irises as `(x_train, y_train), (x_test, y_test)`: every fifth of a species held out.

    Returns:
        x_train `(120, 4)` float64 in cm, y_train `(120,)`, x_test `(30, 4)`, y_test `(30,)`.

    Raises:
        FileError: the file in the package is damaged.

    Example:
        >>> (x_train, y_train), (x_test, y_test) = load_data()
        >>> x_train.shape, np.bincount(y_test).tolist()
        ((120, 4), [10, 10, 10])
    """
    data, target = load_iris(return_X_y=True)
    held_out = np.arange(len(target)) % 5 == 0
    return (data[~held_out], target[~held_out]), (data[held_out], target[held_out])
