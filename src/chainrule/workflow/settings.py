"""How a network is made and trained: what was chosen, checked before any data is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

from .. import activations, config, optimizers
from ..dialect import argument
from ..errors import ArgumentError, choose
from .architectures import check_model, refuse_beside
from .recipes import ALONE, Recipe

__all__ = ["Settings"]

_SCHEDULES, _KEEP = ("cosine", "constant"), ("best", "last")


@dataclass(frozen=True)
class Settings:
    """What `train` was asked for; None where the recipe of the data decides.

    Args:
        hidden: units of the hidden layers.
        activation: of the hidden layers; `"relu"`, unless the architecture has its own.
        dropout: share of hidden units dropped in each step.
        epochs: passes over the data.
        batch_size: rows a step.
        optimizer: its name.
        learning_rate: of the recipe for Adam, else the optimizer's own.
        schedule: `"constant"`, or `"cosine"`: the rate falls to 0.
        validation_split: share of the training rows kept apart to watch the training.
        patience: stop after so many epochs without a better validation loss.
        keep: the weights of the epoch with the `"best"` validation loss, or of the `"last"`.
        seed: equal seeds give equal runs.
        engine: `"auto"`, `"numpy"` or `"xla"`; None for what `cr.config` says.
        checkpoint_every: seconds of training between two checkpoints in the run folder.
        model: the name of an architecture; None for a plain network.
    """

    hidden: Sequence[int] | None = None
    activation: str | None = None
    dropout: float | None = None
    epochs: int | None = None
    batch_size: int | None = None
    optimizer: str = "adam"
    learning_rate: float | None = None
    schedule: str = "cosine"
    validation_split: float | None = None
    patience: int | None = None
    keep: str = "best"
    seed: int = 0
    engine: str | None = None
    checkpoint_every: float = 10.0
    model: str | None = None

    def check(self) -> None:
        """Raise for a word or a number that no training can use."""
        activations.get(self.activation)
        if self.model is not None:
            check_model(self.model)
            refuse_beside(self.model, {"hidden": self.hidden or None, "dropout": self.dropout})
        optimizers.registry.find(self.optimizer)
        if self.engine is not None:
            config.check_engine(self.engine, argument("engine"))
        for name, words in (("schedule", _SCHEDULES), ("keep", _KEEP)):
            if getattr(self, name) not in words:
                raise choose(argument(name), getattr(self, name), words)
        need_plain(self, "whole number", "epochs", "batch_size", "patience", "seed")
        need_plain(self, "number", "dropout", "validation_split", "checkpoint_every")
        need_plain(self, "number", "learning_rate")
        for name in ("dropout", "validation_split"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < 1:
                percent = 1 < value < 100 and value % 1 == 0
                raise ArgumentError(
                    f"{argument(name)} is out of range", expected="0 ≤ share < 1", received=value,
                    fix=f"{argument(name, value / 100)}, for {value:g} %" if percent else None,
                )  # fmt: skip
        for name, least in (("epochs", 0), ("batch_size", 1), ("patience", 1), ("seed", 0)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ArgumentError(
                    f"{argument(name)} is too small", expected=f"at least {least}", received=value
                )
        if not 0 <= self.checkpoint_every < float("inf"):
            raise ArgumentError(
                f"{argument('checkpoint_every')} is out of range",
                expected="seconds, at least 0",
                received=self.checkpoint_every,
            )
        rate = self.learning_rate
        if rate is not None and not 0 < rate < float("inf"):
            raise ArgumentError(
                f"{argument('learning_rate')} must be a positive number", received=rate
            )
        if any(not isinstance(n, int) or n < 1 for n in self.hidden or ()):
            raise ArgumentError(
                f"{argument('hidden')} must be numbers of units",
                expected="such as (64, 32), or () for no hidden layer",
                received=self.hidden,
            )

    def completed(self, recipe: Recipe, rows: int) -> Settings:
        """The same with what the recipe says where nothing was chosen.

        Args:
            recipe: for the kind of data.
            rows: how many there are, before any are kept apart.
        """

        def chosen(name: str) -> Any:
            value = getattr(self, name)
            return getattr(recipe, name) if value is None else value

        rate = self.learning_rate
        if rate is None and self.optimizer.lower() == "adam":
            rate = recipe.learning_rate
            if self.model is None and not chosen("hidden"):  # a layer alone
                rate = max(rate, ALONE)
        share = self.validation_split
        if share is None:
            share = 0.1 if rows >= 100 else 0.0
        apart = round(rows * share)
        if apart in (0, rows):
            share, apart = 0.0, 0
        plain = self.model is None
        made = replace(
            self,
            hidden=tuple(chosen("hidden")) if plain else (),
            activation=self.activation or ("relu" if plain else None),
            dropout=chosen("dropout") if plain else None,
            batch_size=chosen("batch_size"),
            learning_rate=rate,
            validation_split=share,
        )
        if self.epochs is None:
            made = replace(made, epochs=recipe.epochs_of(made.steps(rows - apart)))
        return made

    def steps(self, rows: int) -> int:
        """Steps of one epoch."""
        return -(-rows // (self.batch_size or 1))

    def to_json(self) -> dict[str, Any]:
        """Plain values, for `config.json`; seed and engine stand apart there."""
        names = ("model", "hidden", "activation", "dropout", "epochs", "batch_size", "optimizer",
                 "learning_rate", "schedule", "validation_split", "patience", "keep",
                 "checkpoint_every")  # fmt: skip
        values = {name: getattr(self, name) for name in names}
        return {**values, "hidden": list(self.hidden or ())}


def need_plain(settings: Any, kind: str, *names: str) -> None:
    """Raise for the first of these settings that is given, and no `number` or `whole number`.

    Raises:
        ArgumentError: text, a list, a fraction where a whole number is meant.
    """
    for name in names:
        value = getattr(settings, name)
        real = isinstance(value, Real) and not isinstance(value, bool)
        if value is None or (real and (kind == "number" or value % 1 == 0)):
            continue
        raise ArgumentError(
            f"{argument(name)} is no {kind}", expected=f"a {kind}", received=repr(value)[:100]
        )
