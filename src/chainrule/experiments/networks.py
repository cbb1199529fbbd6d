"""A dense network for given data, as a function of what is tried out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import optimizers
from ..arrays import asarray
from ..errors import DataError
from ..layers import Dense, Dropout, Flatten, Input
from ..models import Sequential
from ..training.check import whole_number

__all__ = ["network"]


def network(x: Any, y: Any) -> Callable[..., Sequential]:
    """A function that builds and compiles a dense network for this data.

    The last layer and the loss follow the targets, as the decks pair them: class numbers and
    one-hot rows get a softmax and cross-entropy, other numbers a linear output and the mean squared
    error.

    Args:
        x: inputs (n, ...); those of several axes are flattened.
        y: class numbers (n,), one-hot rows (n, classes), or values (n,) or (n, outputs).

    Returns:
        `build(layers=1, units=16, dropout=0.0, activation="relu", optimizer="adam",
        learning_rate=None)`: so many hidden layers of so many units, each followed by a dropout of
        that share; without a rate the optimizer's own.

    Raises:
        DataError: y are no numbers, or as many rows as x has not.

    Example:
        >>> import numpy as np
        >>> build = network(np.zeros((6, 2)), np.array([0, 1, 2, 0, 1, 2]))
        >>> model = build(layers=2, units=8, dropout=0.2)
        >>> [type(layer).__name__ for layer in model.layers], model.count_params()
        (['Dense', 'Dropout', 'Dense', 'Dropout', 'Dense'], 123)
    """
    x, y = asarray(x, name="x"), asarray(y, name="y")
    if y.ndim not in (1, 2) or y.dtype.kind not in "biuf" or len(y) != len(x) or not len(y):
        raise DataError(
            "there is no network for these targets",
            where="network",
            expected="class numbers (n,), one-hot rows (n, classes) or values, one row for each "
            f"of the {len(x)} of x",
            received=f"y {y.dtype} {y.shape}",
        )
    shape = x.shape[1:]
    one_hot = _is_one_hot(y)
    classes = one_hot or (y.dtype.kind in "biu" and (y.ndim == 1 or y.shape[1] == 1))
    outputs = y.shape[1] if y.ndim == 2 else 1
    if classes and not one_hot:
        outputs = max(2, int(y.max()) + 1)
    loss = "categorical_crossentropy" if one_hot else "sparse_categorical_crossentropy"

    def build(
        layers: int = 1,
        units: int = 16,
        dropout: float = 0.0,
        activation: Any = "relu",
        optimizer: Any = "adam",
        learning_rate: Any = None,
    ) -> Sequential:
        model = Sequential([Input(shape)])
        if len(shape) > 1:
            model.add(Flatten())
        for _ in range(whole_number("layers", layers, 0)):
            model.add(Dense(units, activation))
            if dropout:
                model.add(Dropout(dropout))
        model.add(Dense(outputs, "softmax" if classes else None))
        made = optimizers.get(optimizer)
        if learning_rate is not None:
            made.learning_rate = learning_rate
        model.compile(
            made, loss if classes else "mse", metrics=["accuracy"] if classes else ["mae"]
        )
        return model

    return build


def _is_one_hot(y: np.ndarray) -> bool:
    return bool(
        y.ndim == 2 and y.shape[1] > 1 and ((y == 0) | (y == 1)).all() and (y.sum(1) == 1).all()
    )
