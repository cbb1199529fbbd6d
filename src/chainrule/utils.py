"""Small helpers with Keras's names."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import rng
from .arrays import asarray
from .labels import check_labels
from .vocabulary import answer

__all__ = ["set_random_seed", "to_categorical"]


def set_random_seed(seed: int) -> None:
    """Make what follows repeatable: initial weights, shuffles, dropout; Python's and NumPy's too.

    The same seed gives the same draws on both engines. A forked process goes on with draws
    of its own, the same each time.

    Example:
        >>> import chainrule as cr
        >>> set_random_seed(0)
        >>> first = cr.layers.Dense(2)(np.ones((1, 3)))
        >>> set_random_seed(0)
        >>> bool((cr.layers.Dense(2)(np.ones((1, 3))) == first).all())
        True
    """
    import random

    rng.set_seed(seed)
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - the global generator is what users' code may read


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray:
    """Class numbers as one-hot rows.

    Example:
        >>> to_categorical([0, 2])
        array([[1., 0., 0.],
               [0., 0., 1.]], dtype=float32)
    """
    labels = asarray(x, name="x")
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    count = int(labels.max(initial=-1)) + 1 if num_classes is None else num_classes
    labels = check_labels(labels, count, "x", "give a larger num_classes")
    return np.eye(count, dtype=np.float32)[labels]


answer(__name__)
