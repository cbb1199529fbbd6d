"""Words for metrics: which one `"accuracy"` means, how figures are called, which way is better."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

from .accuracy import BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy
from .base import Direction, Metric, get, registry
from .probabilistic import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
)

__all__ = ["better_direction", "depends_on_shapes", "distinct_name", "resolve"]

_ACCURACY = (BinaryAccuracy, SparseCategoricalAccuracy, CategoricalAccuracy)
_CROSSENTROPY = (BinaryCrossentropy, SparseCategoricalCrossentropy, CategoricalCrossentropy)

# words that mean one of several metrics, by the shapes of targets and outputs
_BY_SHAPE = {
    "accuracy": _ACCURACY,
    "acc": _ACCURACY,
    "crossentropy": _CROSSENTROPY,
    "ce": _CROSSENTROPY,
}

# what people call figures of their own; a metric of ours knows its direction itself
_WELL_KNOWN: dict[str, Direction] = {
    "loss": "min",
    "error": "min",
    "auc": "max",
    "roc_auc": "max",
    "f1": "max",
    "f1_score": "max",
    "iou": "max",
    "r2": "max",
    "r2_score": "max",
}


def depends_on_shapes(identifier: Any) -> bool:
    """Whether a word stands for one of several metrics, chosen when shapes are known; as in Keras,
    capitals do not matter.

    Example:
        >>> depends_on_shapes("Accuracy"), depends_on_shapes("mae")
        (True, False)
    """
    return isinstance(identifier, str) and identifier.lower() in _BY_SHAPE


def resolve(identifier: Any, y_shape: tuple, output_shape: tuple) -> Metric:
    """A metric from what stands in `compile(metrics=[...])`, logged under the word written there.

    `"accuracy"` becomes binary, sparse or categorical accuracy by the shapes of one batch.

    Example:
        >>> type(resolve("accuracy", (8,), (8, 3))).__name__
        'SparseCategoricalAccuracy'
    """
    if depends_on_shapes(identifier):
        binary, sparse, categorical = _BY_SHAPE[identifier.lower()]
        if output_shape[-1] == 1:
            chosen = binary
        elif len(y_shape) < len(output_shape) or y_shape[-1] == 1:
            chosen = sparse
        else:
            chosen = categorical
        return chosen(name=identifier)
    metric = get(identifier)
    if isinstance(identifier, str):
        metric.name = identifier
    metric.build(y_shape, output_shape)
    return metric


def distinct_name(name: str, taken: Collection[str], weighted: bool = False) -> str:
    """A name for a figure beside those that are taken, as Keras makes it.

    Example:
        >>> distinct_name("mae", ["loss", "mae"]), distinct_name("mae", ["loss", "mae"], True)
        ('mae_1', 'weighted_mae')
    """
    if weighted and name in taken:
        name = f"weighted_{name}"
    found, number = name, 0
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    return found


def better_direction(name: str, metrics: Iterable[Metric] = ()) -> Direction | None:
    """Which way a logged figure is better, `"min"` or `"max"`; None where nobody knows.

    Understands `val_`, the names of outputs before and the numbers after (`val_a_accuracy_1`). The
    metrics of the model come first, where they are given: they know their direction, also those of
    the user's own.

    Example:
        >>> [better_direction(n) for n in ("val_accuracy", "a_loss", "mae_1", "mean_bias_error")]
        ['max', 'min', 'min', None]
    """
    name = name.removeprefix("val_")
    own: dict[str, Direction] = {m.name: m.direction for m in metrics if m.direction is not None}
    for figure in (name, re.sub(r"_\d+$", "", name)):
        words = figure.split("_")
        for start in range(len(words)):  # the longest end of the name that is known
            word = "_".join(words[start:])
            if word in own:
                return own[word]
            if word in _WELL_KNOWN:
                return _WELL_KNOWN[word]
            if depends_on_shapes(word):
                return _BY_SHAPE[word.lower()][0].direction
            if word in registry:
                return getattr(registry.find(word), "direction", None)
    return None
