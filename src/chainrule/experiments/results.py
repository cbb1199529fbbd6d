"""What a sweep found: rows, which one is best, and their table, page, file and picture."""

from __future__ import annotations

import csv
import io
import math
import os
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..course.text import table
from ..dialect import argument
from ..errors import FileError
from ..files import path_of, write_atomically
from ..vocabulary import loaded

__all__ = ["Row", "Sweep", "html_table", "in_words", "shown", "write_csv"]

_TOLD = 5  # failures whose reasons stand below the table


@dataclass(frozen=True)
class Row:
    """One setting, and what it came to.

    Attributes:
        settings: by name.
        values: the watched figure of each repeat, at the epoch that counts.
        losses: the training loss of each repeat, in that epoch.
        epochs: which epoch that was, from 1.
        parameters: how many numbers the model learns.
        seconds: what all repeats took.
        failed: why there is no figure, in a few words; None where all repeats have one.

    Example:
        >>> row = Row({"units": 8}, (0.3, 0.5), (0.2, 0.2), (9, 10), 33, 1.0)
        >>> row.value, round(row.spread, 3)
        (0.4, 0.141)
    """

    settings: dict[str, Any]
    values: tuple[float, ...]
    losses: tuple[float, ...]
    epochs: tuple[int, ...]
    parameters: int
    seconds: float
    failed: str | None = None

    @property
    def value(self) -> float:
        """The mean over the repeats; NaN where the setting failed in any of them."""
        return math.nan if self.failed else statistics.fmean(self.values)

    @property
    def spread(self) -> float | None:
        """The standard deviation over the repeats, Σ(v − mean)²/(n − 1); None for a single one."""
        if self.failed or len(self.values) < 2:
            return None
        return statistics.stdev(self.values)

    @property
    def loss(self) -> float:
        """The training loss, as `value`."""
        return math.nan if self.failed else statistics.fmean(self.losses)


class Sweep:
    """The rows of a sweep, as they were tried.

    Attributes:
        rows: one `Row` a setting.
        monitor: the figure that was watched.
        direction: "min" or "max": which way it is better.
        repeats: how many seeds each setting was tried with.
        planned: how many settings there were to try.
        kept: "best" or "last": which epoch of each training counts.
        interrupted: whether Ctrl-C ended it before all were tried.

    Example:
        >>> rows = [Row({"units": 8}, (0.4,), (0.2,), (9,), 33, 1.0),
        ...         Row({"units": 16}, (0.3,), (0.1,), (9,), 65, 1.0),
        ...         Row({"units": 32}, (), (), (), 129, 0.1, "NaN")]
        >>> found = Sweep(rows)
        >>> found.best.settings
        {'units': 16}
        >>> [row.settings["units"] for row in found.sorted]
        [16, 8, 32]
    """

    def __init__(
        self,
        rows: Sequence[Row],
        monitor: str = "val_loss",
        direction: str = "min",
        *,
        repeats: int = 1,
        planned: int | None = None,
        kept: str = "best",
        interrupted: bool = False,
    ) -> None:
        self.rows, self.monitor, self.direction = list(rows), monitor, direction
        self.repeats, self.kept, self.interrupted = repeats, kept, interrupted
        self.planned = len(self.rows) if planned is None else planned

    @property
    def sorted(self) -> list[Row]:
        """The best first; equal ones as they were tried, those that failed last."""
        sign = -1 if self.direction == "max" else 1
        return sorted(self.rows, key=lambda r: (r.failed is not None, 0 if r.failed
                                                else sign * r.value))  # fmt: skip

    @property
    def best(self) -> Row | None:
        """The row with the best figure; None where every setting failed."""
        first = next(iter(self.sorted), None)
        return None if first is None or first.failed else first

    @property
    def varied(self) -> list[str]:
        """The names of the settings."""
        return list(dict.fromkeys(name for row in self.rows for name in row.settings))

    def table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """(heads, rows), the best first."""
        spread = ("±",) if self.repeats > 1 else ()
        heads = (*self.varied, self.monitor, *spread, "loss", "epoch", "params", "")
        best, rows = self.best, []
        for row in self.sorted:
            cells = [shown(row.settings.get(name, "")) for name in self.varied]
            if row.failed:
                figures = ["-"] * (3 + len(spread))
            else:
                figures = [f"{row.value:.4g}", *([f"{row.spread or 0:.2g}"] if spread else []),
                           f"{row.loss:.4g}", _range(row.epochs)]  # fmt: skip
            note = "best" if row is best else "failed" if row.failed else ""
            rows.append((*cells, *figures, f"{row.parameters:,}", note))
        return heads, rows

    def notes(self) -> list[str]:
        """What must be known to read the table."""
        failed = [r for r in self.rows if r.failed]
        told = [f"failed, {in_words(r.settings)}: {r.failed}" for r in failed[:_TOLD]]
        if len(failed) > _TOLD:
            told.append(f"failed: {len(failed) - _TOLD} more")
        if self.interrupted:
            told.append(f"stopped by Ctrl-C: {len(self.rows)} of {self.planned} settings tried")
        if self.repeats > 1:
            told.append(
                f"{self.monitor}: mean and standard deviation over {self.repeats} seeds; "
                "differences smaller than that say little"
            )
        else:
            more = argument("repeats", 3)
            told.append(f"one seed each: another may order near ones differently ({more})")
        if self.kept == "best":
            told.append(f"figures are those of each training's best epoch by {self.monitor}")
        if self.best is None and self.rows:
            told.append("every setting failed: try smaller learning rates")
        return told

    def plot(self) -> Any:
        """The figure over the settings, as a `Figure`: `cr.plots.sweep`."""
        return loaded("plots", "sweep")(self)

    def save(self, path: Any, overwrite: bool = False) -> str:
        """Write all rows as CSV, as they were tried: settings, each repeat's figure, mean, spread.

        Raises:
            FileError: it cannot be written, or is there already and `overwrite` is not set.
        """
        repeats = [f"{self.monitor} {k + 1}" for k in range(self.repeats)]
        heads = [*self.varied, self.monitor, "spread", "loss", "parameters", "failed", *repeats]
        rows: list[list[Any]] = [heads]
        for row in self.rows:
            figures = ["", "", ""] if row.failed else [row.value, row.spread, row.loss]
            values = [*row.values, *[""] * (self.repeats - len(row.values))]
            settings = [row.settings.get(name, "") for name in self.varied]
            rows.append([*settings, *figures, row.parameters, row.failed or "", *values])
        return write_csv(path, rows, overwrite)

    def to_json(self) -> dict[str, Any]:
        """Plain values: rows as they were tried, and the best one's settings."""

        def plain(row: Row) -> dict[str, Any]:
            return {
                "settings": {k: v if _is_plain(v) else shown(v) for k, v in row.settings.items()},
                "value": None if row.failed else row.value, "spread": row.spread,
                "values": list(row.values), "loss": None if row.failed else row.loss,
                "epochs": list(row.epochs), "parameters": row.parameters, "failed": row.failed,
            }  # fmt: skip

        best = self.best
        return {
            "monitor": self.monitor, "direction": self.direction, "repeats": self.repeats,
            "kept": self.kept, "interrupted": self.interrupted,
            "best": None if best is None else plain(best)["settings"],
            "rows": [plain(row) for row in self.rows],
        }  # fmt: skip

    def __str__(self) -> str:
        heads, rows = self.table()
        right = range(len(self.varied), len(heads) - 1)
        return "\n".join([*table(heads, rows, right=set(right)), "", *self.notes()])

    def __repr__(self) -> str:
        best = "none" if self.best is None else in_words(self.best.settings)
        return f"<{type(self).__name__}: {len(self.rows)} settings, best: {best}>"

    def _repr_html_(self) -> str:
        return html_table(f"{type(self).__name__} by {self.monitor}", *self.table(),
                          *self.notes())  # fmt: skip


def shown(value: Any) -> str:
    """A setting as it stands in a table.

    Example:
        >>> shown(0.1 + 0.2), shown((64, 32)), shown("adam")
        ('0.3', '64 32', 'adam')
    """
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, (tuple, list)):
        return " ".join(map(shown, value))
    return str(getattr(value, "__name__", value))[:40]


def in_words(settings: Mapping[str, Any]) -> str:
    """`units 8, layers 2`.

    Example:
        >>> in_words({"units": 8, "layers": 2})
        'units 8, layers 2'
    """
    return ", ".join(f"{name} {shown(value)}" for name, value in settings.items())


def _range(epochs: tuple[int, ...]) -> str:
    low, high = min(epochs), max(epochs)
    return f"{low}" if low == high else f"{low}–{high}"


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (str, int, float, bool))


def html_table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], *notes: str) -> str:
    """A table for a notebook, with lines below it; every text is escaped."""
    from html import escape

    lines = ["".join(f"<th>{escape(h)}</th>" for h in heads)]
    lines += ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    below = "<br>".join(map(escape, notes))
    return f"<b>{escape(title)}</b><table>{body}</table><small>{below}</small>"


def write_csv(path: Any, rows: Sequence[Sequence[Any]], overwrite: bool) -> str:
    """Write rows as CSV; a text that a spreadsheet would take for a formula gets a quote before it.

    Raises:
        FileError: it cannot be written, or is there already and `overwrite` is not set.
    """
    path = path_of(path)
    if not overwrite and os.path.lexists(path):
        raise FileError(
            "this file exists already",
            where=path,
            fix=f"choose another name, or {argument('overwrite', True)}",
        )
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([[_cell(c) for c in row] for row in rows])
    write_atomically(path, text.getvalue().encode())
    return path


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, (int, float)):
        return value
    text = shown(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
