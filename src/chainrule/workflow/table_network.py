"""The network that the user described, on the columns of a table as the encoder gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..callbacks import EarlyStopping
from ..data.schema import Scaling
from ..layers import Concatenate, Dense, Dropout, Embedding, Flatten, Input
from ..models import Model
from ..tables import split
from ..utils import set_random_seed
from .prepare import optimizer_of, rounded, to_units
from .recipes import RECIPES
from .settings import Settings

__all__ = ["Plain", "fit_plain", "held_apart", "plain_network"]

_WIDTH = 8  # of an embedding of categories: `shared/tables.md` found no reason for another


@dataclass(eq=False)
class Plain:
    """What `fit_plain` gives: as `tabular.Fitted`, for the network that was asked for.

    Args:
        model: takes the dict of arrays, gives probabilities or values in the target's units.
        history: of `fit`, in the target's units.
        best_step: the epoch, from 1, whose weights are kept.
        kept_by: the figure that chose it; None for the last one.
        epochs: how many were to be run.
        kind: `"network"`, or `"linear"` without hidden layers.
    """

    model: Any
    history: Any
    best_step: int
    kept_by: str | None
    epochs: int
    kind: str = "network"
    candidates: list[Any] = field(default_factory=list)
    out_of_fold: Any = None


def plain_network(x: Mapping[str, np.ndarray], settings: Settings, outputs: int) -> Model:
    """Dense layers on all columns; codes of many categories go through an embedding first.

    Args:
        x: arrays as `TableEncoder.prepare` gives them; of the codes the largest counts.
        settings: complete.
        outputs: 0 for a value, else the number of classes.
    """
    inputs: dict[str, Any] = {}
    parts: list[Any] = []
    for name, values in x.items():
        codes = name == "codes"
        inputs[name] = Input(values.shape[1:], name=name, dtype="int32" if codes else None)
        if not codes:
            parts.append(inputs[name])
            continue
        # one table of vectors for all columns would mix their codes
        for column in range(values.shape[1]):
            levels = int(values[:, column].max(initial=0)) + 1
            one = inputs[name][:, column : column + 1]
            parts.append(Flatten()(Embedding(levels, _WIDTH)(one)))
    value = parts[0] if len(parts) == 1 else Concatenate()(parts)
    for units in settings.hidden or ():
        value = Dense(units, settings.activation)(value)
        if settings.dropout:
            value = Dropout(settings.dropout)(value)
    last = Dense(outputs, "softmax") if outputs else Dense(1)
    return Model(inputs, last(value))


def fit_plain(
    problem: Any,
    settings: Settings,
    *,
    epochs: int | None = None,
    callbacks: Sequence[Any] = (),
    verbose: Any = 0,
    watch: Callable[[Any], None] = lambda model: None,
) -> Plain:
    """Train the network that the settings describe.

    A share of the rows chooses the epoch, and its weights are kept. Values are learnt as
    (y − mean) / std, and the last layer is rescaled afterwards.

    Args:
        problem: a `tabular.Problem`.
        settings: as they were given.
        epochs: train on all rows for so many epochs, on the way that the settings describe.
        callbacks: given to `fit`.
        verbose: as in `fit`.
        watch: called with the model before it is trained.
    """
    classes = problem.class_count if problem.task == "classification" else 0
    y = np.asarray(problem.y)
    made = settings.completed(RECIPES["tables"], len(y))
    rows, apart = np.arange(len(y)), None
    if epochs is None and made.validation_split:
        rows, apart = held_apart(problem, made)
    scaling = Scaling() if classes else rounded(Scaling.standard(y[rows]))
    set_random_seed(made.seed)
    model = plain_network(problem.x, made, classes)
    watch(model)
    total = made.epochs or 0
    model.compile(
        optimizer_of(made, made.steps(len(rows)) * total),
        "sparse_categorical_crossentropy" if classes else "mse",
        metrics=["accuracy"] if classes else ["mae"],
    )
    goal = y if classes else scaling.apply(y)

    def cut(which: np.ndarray) -> tuple[Any, Any]:
        return {name: values[which] for name, values in problem.x.items()}, goal[which]

    stopper, watching = _stopper(made, apart), list(callbacks)
    history = model.fit(
        *cut(rows), batch_size=made.batch_size, epochs=total if epochs is None else epochs,
        sample_weight=None if problem.sample_weight is None else problem.sample_weight[rows],
        callbacks=[*watching, stopper] if stopper else watching, verbose=verbose,
        validation_data=None if apart is None else cut(apart), engine=made.engine,
    )  # fmt: skip
    if not classes:
        to_units(model, scaling, history.history)
    last = len(history.epoch)
    # without a hidden layer it is a linear model, and is not compared with another one
    kind = "network" if made.hidden else "linear"
    if epochs is not None:
        return Plain(model, history, last, "the_median_of_the_folds", total, kind)
    if stopper is not None and made.keep == "best" and stopper.best is not None and last:
        return Plain(model, history, stopper.best_epoch + 1, "val_loss", total, kind)
    return Plain(model, history, last, None, total, kind)


def held_apart(problem: Any, settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """Rows to train on and rows that choose the epoch; equal ones never on both sides."""
    share = settings.validation_split or 0.1
    parts = max(2, round(1 / share))
    return split.folds(problem.y, problem.groups, parts, settings.seed, problem.task)[0]


def _stopper(settings: Settings, apart: Any) -> EarlyStopping | None:
    best = settings.keep == "best" and apart is not None
    if not best and settings.patience is None:
        return None
    return EarlyStopping(
        "loss" if apart is None else "val_loss",
        patience=settings.patience or max(1, settings.epochs or 0),
        restore_best_weights=best,
    )
