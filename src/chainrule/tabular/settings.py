"""The recipe: how large the network is and how long it is trained, by the number of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from ..checks import need_numbers
from ..errors import ArgumentError, choose, did_you_mean

__all__ = ["CANDIDATES", "Settings"]

CANDIDATES = ("constant", "linear", "network")
_WHOLE = {"folds": 2, "members": 1, "steps": 1, "batch_size": 1, "bins": 1, "width": 1, "checks": 1}


@dataclass(frozen=True)
class Settings:
    """How a table's network is made and trained; `Settings.of(rows)` is the recipe.

    Args:
        members: networks in the bag; member j holds out fold j.
        folds: into how many parts the rows are cut; at least as many as members.
        steps: updates.
        batch_size: rows a step, for each member.
        learning_rate: of AdamW at the start; a cosine takes it to 0.
        weight_decay: of its weights; biases have none.
        dropout: the share of hidden units that is dropped.
        units: of the hidden layers.
        bins: edges of the piecewise-linear encoding, less one.
        width: numbers that each numeric column, or code, becomes.
        embedded: whether numeric columns go through the encoding; as they are in very wide tables.
        checks: how often the held-out rows are looked at.
        balance: whether each class counts as much as any other.
        candidates: of `"constant"`, `"linear"` and `"network"`, those that take part.

    Raises:
        ArgumentError: a number that makes no sense.

    Example:
        >>> Settings.of(5000).batch_size, Settings.of(5000, dropout=0.3).dropout
        (64, 0.3)
    """

    members: int = 8
    folds: int = 8
    steps: int = 1500
    batch_size: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    dropout: float = 0.1
    units: tuple[int, ...] = (128, 128)
    bins: int = 16
    width: int = 8
    embedded: bool = True
    checks: int = 40
    balance: bool = False
    candidates: tuple[str, ...] = CANDIDATES

    def __post_init__(self) -> None:
        for name, least in _WHOLE.items():
            value = getattr(self, name)
            need_numbers(
                "Settings",
                f"a whole number of at least {least}",
                lambda v, least=least: v >= least and v == int(v),
                **{name: value},
            )
        rates = {"learning_rate": self.learning_rate, "weight_decay": self.weight_decay}
        need_numbers("Settings", "0 or more", lambda v: v >= 0, **rates)
        need_numbers("Settings", "from 0 up to 1", lambda v: 0 <= v < 1, dropout=self.dropout)
        if self.members > self.folds:
            raise ArgumentError(
                "each member holds out a fold of its own",
                where="Settings",
                received=f"members={self.members}, folds={self.folds}",
            )
        for name in self.candidates:
            if name not in CANDIDATES:
                raise choose("candidate", name, CANDIDATES, where="Settings")
        if not self.candidates:
            raise ArgumentError("there must be a candidate", where="Settings")

    @classmethod
    def of(cls, rows: int, **chosen: Any) -> Settings:
        """The recipe for so many rows, with what was chosen otherwise.

        Example:
            >>> Settings.of(80).batch_size, Settings.of(200_000).members
            (32, 2)
        """
        known = [f.name for f in fields(cls)]
        for name in chosen:
            if name not in known:
                raise ArgumentError(
                    f"there is no setting {name!r}",
                    where="settings",
                    expected=", ".join(known),
                    fix=did_you_mean(name, known),
                )
        return cls(**(_by_rows(rows) | _as_tuples(chosen)))

    def but(self, **changed: Any) -> Settings:
        """The same with these changed."""
        return replace(self, **changed)


def _as_tuples(chosen: Mapping[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in chosen.items()}


def _by_rows(rows: int) -> dict[str, Any]:
    """What the number of rows decides."""
    if rows < 100:
        few = max(2, min(8, rows // 3))
        return {"members": few, "folds": few, "steps": 600, "batch_size": min(32, max(1, rows))}
    if rows < 1000:
        return {"steps": 1200, "dropout": 0.2}
    if rows < 10_000:
        return {}
    large = {"batch_size": 256, "learning_rate": 4e-3, "bins": 32, "checks": 20}
    if rows < 50_000:
        return {
            "members": 4,
            "steps": 3000,
            **large,
        }  # eight score no higher and take twice as long
    return {
        "members": 2,
        "folds": 10,
        **large,
        "batch_size": 1024,
        "steps": min(20_000, max(3000, 10 * rows // 1024)),
    }
