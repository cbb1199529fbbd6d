"""What a training starts from: data, checked and split, and a network that fits them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import optimizers
from ..data import catalog
from ..data.catalog import Dataset
from ..data.schema import Scaling
from ..dialect import argument
from ..errors import ArgumentError, DataError
from ..layers import Dense, Dropout, Flatten, Input
from ..models import Sequential
from ..schedules import CosineDecay
from .architectures import architecture
from .settings import Settings

__all__ = ["check_target", "load", "network", "optimizer_of", "rounded", "split", "to_units"]


def load(data: Any, table: Mapping[str, Any], seed: int) -> tuple[Dataset, str | None]:
    """The data, and its name or path; None for arrays."""
    if isinstance(data, Dataset):
        return data, data.name if data.name in catalog.datasets else None
    if isinstance(data, (str, os.PathLike)):
        place = os.fspath(data)
        loaded = catalog.load(place, seed=seed, **table)
        return loaded, loaded.name if place in catalog.datasets else os.path.abspath(place)
    if not isinstance(data, (tuple, list)) or len(data) != 2:
        raise ArgumentError(
            "this is no data to train on",
            where="train",
            expected="a name, a path, (x, y), or ((x_train, y_train), (x_test, y_test))",
            received=type(data).__name__,
            fix=_instead(data),
        )
    other = set(table) - {"classes"}
    if other:
        raise ArgumentError(f"{argument(min(other))} is only for CSV files", where="train")
    first, second = data
    nested = isinstance(first, (tuple, list)) and len(first) == 2 and np.ndim(first[0]) > 1
    (x, y), test = (first, second) if nested else ((first, second), None)
    classes = table.get("classes", "auto")
    return catalog.from_arrays(x, y, test, seed=seed, classes=classes), None


def check_target(data: Dataset, place: str | None) -> None:
    """A target that is always the same teaches nothing, and its figures mean nothing."""
    y = data.y_train
    if len(y) and (y == y[0]).all():
        names, target = data.class_names, data.schema.target
        value = repr(names[int(y[0])]) if names else f"{float(y[0]):g}"
        raise DataError(
            "the target has one value only",
            where=(place or data.name) + ("" if target is None else f", {target}"),
            expected="at least two different values",
            received=f"{value} in all {len(y):,} rows to train on",
            fix=None if target is None else f"choose another column with {argument('target')}",
        )


def split(data: Dataset, settings: Settings) -> tuple[tuple[Any, Any], tuple[Any, Any] | None]:
    """Rows to train on, and rows to watch the training with (drawn at random) or None."""
    x, y, count = data.x_train, data.y_train, len(data.x_train)
    if not settings.validation_split:
        return (x, y), None
    apart = np.zeros(count, bool)
    order = np.random.default_rng(settings.seed).permutation(count)
    apart[order[: round(count * settings.validation_split)]] = True
    return (x[~apart], y[~apart]), (x[apart], y[apart])


def rounded(scaling: Scaling) -> Scaling:
    """Rounded, so that rescaling the last layer undoes exactly what was done to the target."""
    return Scaling(
        mean=np.asarray(np.float32(scaling.mean), np.float64),
        std=np.asarray(np.float32(scaling.std) or 1.0, np.float64),
    )


def network(data: Dataset, settings: Settings) -> Sequential:
    """Hidden layers, and an output for each class or one for a value; or the one by that name."""
    if settings.model is not None:
        return architecture(data, settings.model, settings.activation)
    model = Sequential([Input(data.feature_shape)])
    if len(data.feature_shape) > 1:
        model.add(Flatten())
    for units in settings.hidden or ():
        model.add(Dense(units, settings.activation))
        if settings.dropout:
            model.add(Dropout(settings.dropout))
    if data.class_names is None:
        model.add(Dense(1))
    else:
        model.add(Dense(max(2, len(data.class_names)), "softmax"))
    return model


def optimizer_of(settings: Settings, steps: int) -> Any:
    """The optimizer; `cosine` lets its rate fall to 0 over all steps of the training."""
    kind, rate = optimizers.registry.find(settings.optimizer), settings.learning_rate
    made = kind() if rate is None else kind(learning_rate=rate)
    if settings.schedule == "constant":
        return made
    return kind(learning_rate=CosineDecay(float(made.learning_rate), max(1, steps)))


def to_units(model: Any, scaling: Scaling, history: Mapping[str, list[float]]) -> None:
    """From the standardised target to the target's own units; the last layer is linear.

    std·(a W + b) + mean  =  a (std·W) + (std·b + mean)
    """
    mean, std = float(scaling.mean), float(scaling.std)  # type: ignore[arg-type]
    last: Any = model.layers[-1]  # a Dense
    last.kernel.assign(last.kernel.numpy() * std)
    last.bias.assign(last.bias.numpy() * std + mean)
    for name, values in history.items():
        factor = {"loss": std**2, "mae": std}.get(name.removeprefix("val_"), 1.0)
        values[:] = [value * factor for value in values]


def _instead(data: Any) -> str:
    """What to give instead of something that is no data."""
    if hasattr(data, "get_config"):
        return "a model trains itself: model.fit(x, y)"
    if callable(data):
        return "call it first, and give what it returns"
    if hasattr(data, "shape") or isinstance(data, (list, tuple)):
        return "give the targets too: cr.train((x, y))"
    return "give a path, a data frame, a dict of columns, or (x, y)"
