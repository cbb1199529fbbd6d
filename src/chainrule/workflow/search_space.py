"""What a search may choose: ranges and lists by name, and the network that a choice describes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .. import activations, optimizers
from ..checks import is_number
from ..errors import ArgumentError, choose
from .recipes import Recipe

__all__ = ["HYPERPARAMETERS", "Among", "Between", "settings_of", "space_of"]

# deck 001's list, with activation and optimizer
HYPERPARAMETERS = ("layers", "units", "batch_size", "learning_rate", "dropout", "epochs",
                   "activation", "optimizer")  # fmt: skip
_LAYERS = ("layers", "units", "dropout")  # those that a ready architecture has not
_WHOLE = {"layers": 0, "units": 1, "batch_size": 1, "epochs": 1}
_RATIOS = ("units", "batch_size", "learning_rate", "epochs")  # equal ratios are equally likely
_DIGITS = 3  # of a rate: what the table shows is what was trained with


@dataclass(frozen=True)
class Between:
    """All numbers from `low` to `high`.

    Args:
        low: the smallest.
        high: the largest.
        whole: whole numbers alone.
        ratios: equal ratios are equally likely, not equal differences.
    """

    low: float
    high: float
    whole: bool
    ratios: bool

    def ask(self, trial: Any, name: str) -> Any:
        """A number that the trial suggests."""
        if self.whole:
            return trial.suggest_int(name, int(self.low), int(self.high), log=self.ratios)
        value = trial.suggest_float(name, self.low, self.high, log=self.ratios)
        return float(f"{value:.{_DIGITS}g}")

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Among:
    """One of these."""

    values: tuple[Any, ...]

    def ask(self, trial: Any, name: str) -> Any:
        """One that the trial suggests."""
        if len(self.values) == 1:
            return self.values[0]
        return trial.suggest_categorical(name, list(self.values))

    def __str__(self) -> str:
        return ", ".join(map(str, self.values))


def space_of(
    recipe: Recipe, epochs: int, rows: int, given: Mapping[str, Any] | None, model: str | None
) -> dict[str, Between | Among]:
    """What each hyperparameter may be: around the recipe's own, unless something was said.

    Args:
        recipe: for the kind of data.
        epochs: of the recipe, for so many rows.
        rows: to train on.
        given: by name a list of values, a pair `(low, high)`, or one value.
        model: the name of an architecture, whose layers are known.

    Raises:
        ArgumentError: an unknown name, or values that make no sense.

    Example:
        >>> from chainrule.workflow.recipes import RECIPES
        >>> space = space_of(RECIPES["tables"], 40, 500, {"optimizer": ["adam", "sgd"]}, None)
        >>> str(space["units"]), str(space["optimizer"])
        ('8 to 256', 'adam, sgd')
    """
    names = [n for n in HYPERPARAMETERS if model is None or n not in _LAYERS]
    for name in given or {}:
        if name not in names:
            raise choose("hyperparameter", name, names, where="search")
    first = (recipe.hidden or (64,))[0]
    most = max(1, min(4 * recipe.batch_size, rows // 2))
    own: dict[str, Between | Among] = {
        "layers": Among((1, 2, 3)),
        "units": Between(max(4, first // 8), first * (2 if first > 64 else 4), True, True),
        "batch_size": Among(_doubled(max(1, min(recipe.batch_size // 2, most)), most)),
        "learning_rate": Between(1e-4, 1e-1, False, True),
        "dropout": Among((0.0, 0.1, 0.2, 0.3, 0.5)),
        "epochs": Between(max(2, epochs // 4), max(4, epochs), True, True),
        "activation": Among(("relu", "silu", "tanh")),
        "optimizer": Among(("adam", "rmsprop", "sgd")),
    }
    return {n: _read(n, given[n]) if given and n in given else own[n] for n in names}


def _doubled(low: int, high: int) -> tuple[int, ...]:
    return tuple(low * 2**k for k in range(int(math.log2(max(high / low, 1))) + 1))


def _read(name: str, value: Any) -> Between | Among:
    """A list, a pair, or one value."""
    if isinstance(value, tuple) and len(value) == 2 and all(map(is_number, value)):
        low, high = value
        for end in value:
            _check(name, end)
        if not low < high:
            raise ArgumentError(
                f"the range of {name} is empty", where="search", expected="low < high",
                received=f"{low:g} to {high:g}",
            )  # fmt: skip
        return Between(low, high, name in _WHOLE, name in _RATIOS and low > 0)
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    if not values:
        raise ArgumentError(f"{name} has no value", where="search", fix=f"{name}: [...]")
    for one in values:
        _check(name, one)
    return Among(tuple(dict.fromkeys(values)))


def _check(name: str, value: Any) -> None:
    if name == "activation":
        activations.get(value)
    elif name == "optimizer":
        optimizers.registry.find(value)
    else:
        least = _WHOLE.get(name, 0)
        fine = is_number(value) and math.isfinite(value) and value >= least
        if name in _WHOLE:
            fine = fine and value == int(value)
        fine = fine and not (name == "dropout" and value >= 1)
        if not fine or (name == "learning_rate" and not value > 0):
            what = {"dropout": "0 ≤ share < 1", "learning_rate": "a number above 0"}
            raise ArgumentError(
                f"this can be no {name}", where="search",
                expected=what.get(name, f"a whole number of at least {least}"), received=value,
            )  # fmt: skip


def settings_of(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `train` for a choice; layers and units become `hidden`.

    Example:
        >>> settings_of({"layers": 2, "units": 16, "optimizer": "sgd"})
        {'optimizer': 'sgd', 'hidden': (16, 16)}
    """
    found = {n: v for n, v in chosen.items() if n not in ("layers", "units")}
    if "layers" in chosen:
        units: Sequence[int] = [int(chosen["units"])] * int(chosen["layers"])
        found["hidden"] = tuple(units)
        if not units:
            found.pop("dropout", None)
    return found
