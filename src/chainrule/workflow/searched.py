"""What a search found: its trials, the best one, what mattered, and a picture of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..course.text import table
from ..evaluation.wording import number
from ..experiments.results import Row, Sweep, shown

__all__ = ["Search", "effects", "in_short"]

_SHOWN = 10  # trials in a terminal; all are in the file and the page
_MANY = 5  # different numbers of a setting, above which thirds are compared
_FEW = 20  # trials, below which the shares say little


class Search(Sweep):
    """The trials of a search, and the run of the best.

    Attributes:
        rows: one `Row` a trial, as they were tried. The first is what `train` does on its own; a
            row that was given up has `failed` set, and in `values` how far it came.
        first: how that row is called: `"train's own"` or `"the recipe"`.
        names: the hyperparameters that were searched.
        run: of the best, trained once more; its figures are of rows that no trial has seen.
        notices: sentences for the reader.

    Example:
        >>> rows = [Row({}, (0.5,), (0.4,), (9,), 33, 1.0),
        ...         Row({"units": 16}, (0.3,), (0.1,), (9,), 65, 1.0)]
        >>> found = Search(rows, ["units"])
        >>> found.best.settings, found.table()[1][1][:3]
        ({'units': 16}, ('0', "train's own", '0.5'))
    """

    def __init__(
        self,
        rows: Sequence[Row],
        names: Sequence[str],
        *,
        first: str = "train's own",
        planned: int | None = None,
        interrupted: bool = False,
        notices: Sequence[str] = (),
        run: Any = None,
    ) -> None:
        super().__init__(rows, planned=planned, interrupted=interrupted)
        self.names, self.first, self.run = list(names), first, run
        self.notices = list(notices)

    @property
    def varied(self) -> list[str]:
        """The hyperparameters that were searched."""
        return self.names

    @property
    def tried(self) -> list[Row]:
        """The trials without the first, which chose nothing."""
        return self.rows[1:]

    @property
    def importances(self) -> dict[str, float]:
        """By name, the share of the differences between trials that goes with it; see `effects`."""
        return effects(self.tried, self.names)

    def table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """(heads, rows), the best first."""
        heads = ("trial", *self.names, "val_loss", "epoch", "params", "")
        best, rows = self.best, []
        for row in self.sorted:
            index = next(k for k, other in enumerate(self.rows) if other is row)
            cells = [shown(row.settings.get(name, "")) for name in self.names]
            if not index and not any(cells):
                cells[0] = self.first
            reached = f"{row.values[0]:.4g}" if row.values else "-"
            epoch = str(row.epochs[0]) if row.epochs and row.epochs[0] else "-"
            note = "best" if row is best else row.failed or ("" if index else self.first)
            note += f", {self.first}" if row is best and not index else ""
            rows.append((str(index), *cells, reached, epoch, f"{row.parameters:,}", note))
        return heads, rows

    def matters(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """(heads, rows): what each hyperparameter mattered, and what the best quarter had."""
        good = [r for r in sorted(self.tried, key=_reached) if not r.failed]
        good = good[: max(1, len(self.tried) // 4)]
        rows = []
        for name, share in sorted(self.importances.items(), key=lambda pair: -pair[1]):
            rows.append((name, f"{100 * share:.0f} %", _span([r.settings[name] for r in good])))
        return ("hyperparameter", "explains", "in the best quarter"), rows

    def notes(self) -> list[str]:
        """What must be known to read the table."""
        told = list(self.notices)
        if self.interrupted:
            told.append(f"stopped by Ctrl-C: {len(self.tried)} of {self.planned} trials")
        told.append(
            "val_loss chose: on rows of the training part, the same for all trials, in its best "
            "epoch. The best of many is better there than on new rows"
        )
        if len(self.tried) < _FEW:
            told.append(f"below {_FEW} trials the shares of what mattered say little")
        return told

    def plot(self) -> Any:
        """val_loss by trial and by each hyperparameter, as our own SVG `Drawing`."""
        from .search_picture import search_picture

        return search_picture(self)

    def to_json(self) -> dict[str, Any]:
        """Plain values: rows as they were tried, what mattered, the best one's settings."""
        return {**super().to_json(), "first": self.first, "importances": self.importances,
                "notices": self.notices}  # fmt: skip

    def __str__(self) -> str:
        lines = ["  trial  val_loss     epoch  settings"]
        for row in self.sorted[:_SHOWN]:
            index = next(k for k, other in enumerate(self.rows) if other is row)
            reached = f"{row.values[0]:.4g}" if row.values else "-"
            epoch = str(row.epochs[0] or "") if not row.failed else row.failed.split(" at")[0]
            words = in_short(row.settings) or self.first
            words = f"{words} ({self.first})" if not index and row.settings else words
            lines.append(f"  {index:5}  {reached:>8}  {epoch:>8}  {words}")
        if len(self.rows) > _SHOWN:
            lines.append(f"  and {len(self.rows) - _SHOWN} more, none better")
        if self.importances:
            lines += ["", *table(*self.matters(), right={1})]
        return "\n".join([*lines, "", *self.notes()])

    def __repr__(self) -> str:
        best = "none" if self.best is None else in_short(self.best.settings) or self.first
        return f"<Search: {len(self.tried)} trials, best: {best}>"


def _reached(row: Row) -> float:
    """How low it came, also where it was given up."""
    return row.values[0] if row.values and math.isfinite(row.values[0]) else math.inf


def in_short(settings: Mapping[str, Any]) -> str:
    """A network and its training on one line of a terminal.

    Example:
        >>> in_short({"layers": 2, "units": 16, "activation": "relu", "optimizer": "adam",
        ...           "learning_rate": 0.001, "batch_size": 32, "dropout": 0.1, "epochs": 9})
        '2 × 16 relu, dropout 0.1, adam 0.001, batch 32, 9 epochs'
    """
    found = []
    if "layers" in settings:
        units = settings["units"]
        many = isinstance(units, (tuple, list))
        size = (
            ", ".join(map(str, units)) or "no layer" if many else f"{settings['layers']} × {units}"
        )
        found = [f"{size} {settings['activation']}", f"dropout {settings['dropout']:g}"]
    elif "activation" in settings:
        found = [str(settings["activation"])]
    if settings:
        rate = settings["learning_rate"]
        found += [f"{settings['optimizer']} {'' if rate is None else shown(rate)}".strip(),
                  f"batch {settings['batch_size']}", f"{settings['epochs']} epochs"]  # fmt: skip
    return ", ".join(found)


def _span(values: Sequence[Any]) -> str:
    if not values:
        return ""
    if all(isinstance(v, (int, float)) for v in values):
        low, high = min(values), max(values)
        return number(low) if low == high else f"{number(low)} to {number(high)}"
    return ", ".join(sorted({shown(v) for v in values}))


def effects(rows: Sequence[Row], names: Sequence[str]) -> dict[str, float]:
    """How much of the differences between trials goes with each setting, from 0 to 1.

    The trials are ranked by val_loss. A setting cuts them into groups: its values, or thirds where
    it has more than five different numbers. η²_H = (H − k + 1)/(n − k), with the statistic H of
    Kruskal and Wallis, k groups and n trials, is the share of the ranks' variance between the
    groups, less what chance alone gives; below 0 it is 0. A search tries good values more often,
    so it is what these trials show, not an experiment.

    Source: M. Tomczak, E. Tomczak, *The need to report effect size estimates revisited* (2014).

    Example:
        >>> rows = [Row({"units": u}, (v,), (v,), (1,), 1, 0.0)
        ...         for u, v in ((8, 0.9), (8, 0.8), (8, 0.7), (16, 0.2), (16, 0.1), (16, 0.3))]
        >>> {name: round(share, 3) for name, share in effects(rows, ["units"]).items()}
        {'units': 0.714}
    """
    ranks = _ranks(np.array([_reached(row) for row in rows], np.float64))
    found: dict[str, float] = {}
    total = float(np.square(ranks - ranks.mean()).sum()) if len(ranks) else 0.0
    for name in names:
        groups = _groups([row.settings.get(name) for row in rows])
        n, k = len(ranks), len(set(groups.tolist()))
        if k < 2 or n <= k or not total:
            found[name] = 0.0
            continue
        between = sum(
            float((groups == g).sum()) * float(ranks[groups == g].mean() - ranks.mean()) ** 2
            for g in np.unique(groups)
        )
        statistic = (n - 1) * between / total
        found[name] = min(1.0, max(0.0, (statistic - k + 1) / (n - k)))
    return found if len(ranks) else {}


def _ranks(values: np.ndarray) -> np.ndarray:
    """1 for the smallest; equal ones share their mean rank."""
    _, where, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts - 1) / 2)[where]


def _groups(values: Sequence[Any]) -> np.ndarray:
    """The number of the group of each trial."""
    different = list(dict.fromkeys(values))
    numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in different)
    if len(different) <= _MANY or not numbers:
        return np.array([different.index(v) for v in values], int)
    array = np.asarray(values, np.float64)
    return np.searchsorted(np.quantile(array, [1 / 3, 2 / 3]), array)
