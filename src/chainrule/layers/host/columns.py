"""One column of a table becomes numbers: what is learned from the training rows, by role.

Each class learns in `see` (a block of rows at a time) and `finish`, keeps what it learned in plain
values (`state`), and gives blocks of features by key: `numeric`, `flat` or `codes`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from ...errors import ArgumentError, DataError
from ...tables.values import as_flags, as_labels, as_numbers, as_ranks, factorize, written_number

__all__ = [
    "Blocks",
    "Category",
    "ColumnEncoder",
    "Flag",
    "Number",
    "Ordinal",
    "Sample",
    "Together",
    "empty",
    "scaling",
    "soft_clip",
    "some",
]

CLIP = 3.0  # where numbers bend: x/√(1 + (x/3)²) stays within ±3
_HEAVY = 5.0  # a tail this many times as long as the middle is heavy
_SHORTER = 2 / 3  # and a logarithm must leave less than this of it
_FARTHEST = 1e6  # scaled numbers beyond it are all the same after the clip, and square safely

_TOGETHER = 1 << 16  # cells

Blocks = dict[str, np.ndarray]


class ColumnEncoder:
    """What one column becomes.

    Args:
        name: of the column.
        levels: in their order, where the role has one.
        settings: of the whole encoder: `log`, `most_levels`, `rare`, `text_features`.
    """

    kind: ClassVar[str] = "number"  # what its cells are called, where none can be read
    fields: ClassVar[Mapping[str, tuple]] = {}  # of `state`, with their types

    def __init__(self, name: str, levels: Sequence[str] | None, settings: Mapping[str, Any]):
        self.name, self.settings = name, settings
        self.given = None if levels is None else list(levels)
        self.state: dict[str, Any] = {}
        self.rows = self.gaps = 0

    def read(self, column: Any) -> np.ndarray:
        """The cells as the role reads them, whatever the kind of the column."""
        raise NotImplementedError

    def gone(self, values: np.ndarray) -> np.ndarray:
        """True where `read` found nothing."""
        return np.isnan(values)

    def fits(self, column: Any) -> bool:
        """Can a column of another kind than in training be read all the same, to the last cell?"""
        return not (self.gone(self.read(column)) & ~column.missing).any()

    # --- learning -------------------------------------------------------------------------------

    def see(self, column: Any, rng: Any = None, room: int = 0) -> bool:
        """Learn from a block of training rows; `room` is how many numbers may be kept of all.

        False where there are cells and none of them can be read.
        """
        values = self.read(column)
        gone = self.gone(values)
        self.rows += len(gone)
        self.gaps += int(gone.sum())
        self._see(values, gone, rng, room)
        return bool(column.missing.all() or not gone.all())

    def finish(self, kind: str) -> None:
        """All training rows were seen; `kind` is that of their column."""
        self.state = {"kind": kind, "gaps": self.gaps / self.rows, **self._finish()}
        self._loaded()

    def _see(self, values: np.ndarray, gone: np.ndarray, rng: Any, room: int) -> None:
        raise NotImplementedError

    def _finish(self) -> dict[str, Any]:
        raise NotImplementedError

    def widen(self, column: Any) -> None:
        """Take the range of more training rows for known."""

    def load(self, state: Any) -> None:
        """Take what `state` was; raises where a file holds something else."""
        fields = {"kind": (str,), "gaps": (int, float), **self.fields}
        right = isinstance(state, dict) and set(state) == set(fields)
        if not right or not all(_is(state[name], kinds) for name, kinds in fields.items()):
            raise ArgumentError(
                "these are not the statistics of such a column",
                where=f"TableEncoder, column {self.name!r}",
                expected=", ".join(fields),
                received=repr(state)[:200],
            )
        self.state = dict(state)
        self._loaded()

    def _loaded(self) -> None:
        """Make what is looked up often."""

    # --- encoding -------------------------------------------------------------------------------

    def encode(self, column: Any) -> Blocks:
        """Blocks (rows, features) by key."""
        raise NotImplementedError

    @property
    def names(self) -> dict[str, list[str]]:
        """Names of the features by key, as `encode` gives them."""
        raise NotImplementedError

    @property
    def code_levels(self) -> list[str]:
        """What the codes from 1 on mean, where there are codes."""
        return []

    def unusual(self, column: Any) -> tuple[float, float, list[str]]:
        """(share of unseen values, share outside the range, some of them), of the present cells."""
        return 0.0, 0.0, []

    @property
    def usually_unseen(self) -> float:
        """The share of `unusual` values that the training rows would show."""
        return 0.0

    def _gap_block(self, gone: np.ndarray) -> Blocks:
        return {"flat": gone[:, None]} if self.state["gaps"] else {}

    @property
    def _gap_names(self) -> dict[str, list[str]]:
        return {"flat": [f"{self.name} is missing"]} if self.state["gaps"] else {}


def _is(value: Any, kinds: tuple) -> bool:
    """Is this of one of the types; of (list, str) a list of those; floats are finite."""
    if list in kinds:
        return isinstance(value, list) and all(_is(v, kinds[1:]) for v in value)
    if isinstance(value, bool) and bool not in kinds:
        return False
    return isinstance(value, kinds) and (not isinstance(value, float) or math.isfinite(value))


class Sample:
    """Numbers of a column: all of them, or where there is no room an even random choice.

    Every number gets a random key, and those with the least keys are kept.
    """

    def __init__(self) -> None:
        self.values, self.keys = np.zeros(0), np.zeros(0)
        self.low, self.high = math.inf, -math.inf

    def add(self, values: np.ndarray, rng: Any, room: int) -> None:
        """Take a block; at most `room` stay."""
        if not len(values):
            return
        self.low, self.high = min(self.low, values.min()), max(self.high, values.max())
        self.values = np.concatenate([self.values, values])
        if rng is None:  # all rows at once: nothing is left out
            return
        self.keys = np.concatenate([self.keys, rng.random(len(values))])
        if len(self.values) > room:
            kept = np.argpartition(self.keys, room)[:room]
            self.values, self.keys = self.values[kept], self.keys[kept]


def _quantiles(x: np.ndarray, shares: Sequence[float]) -> list[float]:
    """As np.quantile, for thousands of columns: sorted once, without its checks."""
    x, found = np.sort(x), []
    for share in shares:
        place = (len(x) - 1) * share
        k = int(place)
        over = place - k
        found.append(float(x[k] * (1 - over) + x[min(k + 1, len(x) - 1)] * over))
    return found


def scaling(x: np.ndarray) -> tuple[float, float]:
    """(median, 1/spread): the interquartile range, else half of max − min, else factor 0."""
    low, q1, median, q3, high = _quantiles(x, (0, 0.25, 0.5, 0.75, 1))
    for spread in (q3 - q1, high / 2 - low / 2):
        if spread > 0 and math.isfinite(spread) and math.isfinite(1 / spread):
            return median, 1 / spread
    return median, 0.0


def soft_clip(x: np.ndarray, median: float, factor: float) -> np.ndarray:
    """z/√(1 + (z/3)²) of z = (x − median)·factor, 0 where x is missing.

    Example:
        >>> soft_clip(np.array([1.0, 4.0, np.nan, 1e9]), 1.0, 1.0).round(3)
        array([0.   , 2.121, 0.   , 3.   ])
    """
    with np.errstate(over="ignore", invalid="ignore"):
        z = np.clip((x - median) * factor, -_FARTHEST, _FARTHEST)
    z = z / np.sqrt(1 + np.square(z / CLIP))
    return np.where(np.isnan(z), 0.0, z)


def _tail(x: np.ndarray) -> float:
    """How many times as long as its middle half the longer tail of x is."""
    low, q1, median, q3, high = _quantiles(x, (0.01, 0.25, 0.5, 0.75, 0.99))
    if q3 > q1:
        return max(high - median, median - low) / (q3 - q1)
    away = np.abs(x - median)
    away = away[away > 0]  # nearly all are one value: the middle of the others
    return float(away.max() / np.median(away)) if len(away) else 0.0


def _log_scale(x: np.ndarray, asked: Any) -> float | None:
    """m of ln(1 + |x|/m), where a logarithm is asked for, or makes a heavy tail much shorter."""
    before = _tail(x) if asked and asked is not True else math.inf
    if not asked or before <= _HEAVY:  # as are most
        return None
    positive = np.abs(x[x != 0])
    if not len(positive):
        return None
    scale = float(np.median(positive))
    return scale if asked is True or _tail(_logged(x, scale)) < _SHORTER * before else None


class Number(ColumnEncoder):
    """(x − median)/IQR, softly clipped; a missing one is the median and says so in a flag.

    Where that makes a heavy tail much shorter, sign(x)·ln(1 + |x|/m) first, m the median of |x|
    without zeros.
    """

    fields = {
        "median": (int, float),
        "factor": (int, float),
        "log": (int, float, type(None)),
        "low": (int, float, type(None)),
        "high": (int, float, type(None)),
    }

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.sample = Sample()

    def read(self, column: Any) -> np.ndarray:
        """The cells as float64, NaN where missing or no number."""
        x = as_numbers(column)
        if np.isinf(x).any():
            raise DataError(
                "a number is infinite",
                where=f"row {int(np.isinf(x).argmax()) + 1}, column {self.name!r}",
                fix="leave the cell empty where nothing is known",
            )
        return x

    def _see(self, values: np.ndarray, gone: np.ndarray, rng: Any, room: int) -> None:
        self.sample.add(values[~gone], rng, room)

    def _finish(self) -> dict[str, Any]:
        x, sample = np.sort(self.sample.values), self.sample  # quantiles sort it again, soon done
        self.sample = Sample()
        if not len(x):
            return {"median": 0.0, "factor": 0.0, "log": None, "low": None, "high": None}
        log = _log_scale(x, self.settings["log"])
        median, factor = scaling(x if log is None else _logged(x, log))
        return {
            "median": median,
            "factor": factor,
            "log": log,
            "low": float(sample.low),
            "high": float(sample.high),
        }

    def _loaded(self) -> None:
        log = self.state["log"]
        if log is not None and log <= 0:
            raise ArgumentError("the scale of a logarithm must be above 0", received=log)

    def widen(self, column: Any) -> None:
        """Smallest and largest of these as well."""
        x, state = self.read(column), self.state
        if state["low"] is None or np.isnan(x).all():
            return
        low, high = float(np.nanmin(x)), float(np.nanmax(x))
        state.update(low=min(state["low"], low), high=max(state["high"], high))

    def encode(self, column: Any) -> Blocks:
        """One number, and whether it is missing where that happened in training."""
        x, state = self.read(column), self.state
        gap = self._gap_block(np.isnan(x))
        if state["log"] is not None:
            x = _logged(x, state["log"])
        return {"numeric": soft_clip(x, state["median"], state["factor"])[:, None], **gap}

    @property
    def names(self) -> dict[str, list[str]]:
        """The column's own name, and `... is missing`."""
        return {"numeric": [self.name], **self._gap_names}

    def unusual(self, column: Any) -> tuple[float, float, list[str]]:
        """How many lie outside the training rows' smallest and largest."""
        x, state = self.read(column), self.state
        if state["low"] is None:
            return 0.0, 0.0, []
        outside = (x < state["low"]) | (x > state["high"])
        present = max(1, len(x) - int(np.isnan(x).sum()))
        return 0.0, float(outside.sum() / present), some(x[outside].tolist())


class Together:
    """Numbers of thousands of columns, scaled many at once: a call for each takes longer.

    Args:
        rows: how many cells a column has.
    """

    def __init__(self, rows: int) -> None:
        self.most = _TOGETHER // max(rows, 1)
        self.waiting: list[tuple[Number, Any, int]] = []
        self.y = np.zeros((0, 0))

    def takes(self, encoder: ColumnEncoder) -> bool:
        """Whether the column gives one number and nothing else, without a logarithm."""
        plain = type(encoder) is Number and encoder.state["log"] is None
        return self.most > 1 and plain and not encoder.state["gaps"]

    def add(self, encoder: Any, column: Any, y: np.ndarray, place: int) -> None:
        """Write it into a column of `y`, now or at `write`."""
        self.y = y
        self.waiting.append((encoder, column, place))
        if len(self.waiting) >= self.most:
            self.write()

    def write(self) -> None:
        """All that waits."""
        if not self.waiting:
            return
        x = np.array([as_numbers(column) for _, column, _ in self.waiting])
        if np.isinf(x).any():
            for encoder, column, _ in self.waiting:
                encoder.read(column)  # says where
        median = np.array([[encoder.state["median"]] for encoder, _, _ in self.waiting])
        factor = np.array([[encoder.state["factor"]] for encoder, _, _ in self.waiting])
        self.y[:, [place for _, _, place in self.waiting]] = soft_clip(x, median, factor).T
        self.waiting = []


def _logged(x: np.ndarray, scale: float) -> np.ndarray:
    return np.sign(x) * np.log1p(np.abs(x) / scale)


def some(values: Iterable[Any], most: int = 3) -> list[str]:
    """The first different ones, as text."""
    found = list(dict.fromkeys(values))[:most]
    return [v if isinstance(v, str) else written_number(v) for v in found]


def empty(values: np.ndarray) -> np.ndarray:
    """True where an object is None."""
    return np.fromiter((v is None for v in values), bool, len(values))


class Category(ColumnEncoder):
    """One-hot rows, missing being a level; codes above so many levels. Unseen: zeros, code 0.

    Among codes, levels of fewer than `rare` rows are 0 as well: code 0 is trained by them.
    """

    kind = "text"
    fields = {"levels": (list, str), "as_codes": (bool,), "rare": (int, float)}

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.counts: Counter[str] = Counter()

    def read(self, column: Any) -> np.ndarray:
        """The cells as labels, None where missing."""
        return as_labels(column)

    def gone(self, values: np.ndarray) -> np.ndarray:
        """True where a cell is missing."""
        return empty(values)

    def fits(self, column: Any) -> bool:
        """Is a label among those of training? 1234 is none of "01234" and its like."""
        found = [v for v in self.read(column) if v is not None]
        return not found or any(v in self.place for v in found)

    def _see(self, values: np.ndarray, gone: np.ndarray, rng: Any, room: int) -> None:
        self.counts.update(values[~gone].tolist())

    def _finish(self) -> dict[str, Any]:
        counts, rare = self.counts, 0.0
        try:  # in an order that does not depend on that of the rows: numbers by value
            levels = sorted(counts, key=lambda v: (float(v), v))
        except ValueError:
            levels = sorted(counts)
        as_codes = len(levels) + (self.gaps > 0) > self.settings["most_levels"]
        if as_codes:
            few = {v for v in levels if counts[v] < self.settings["rare"]}
            rare = sum(counts[v] for v in few) / sum(counts.values())
            levels = [v for v in levels if v not in few]
        self.counts = Counter()
        return {"levels": levels, "as_codes": as_codes, "rare": rare}

    def _loaded(self) -> None:
        levels: list[str | None] = list(self.state["levels"])
        if self.state["gaps"]:
            levels.append(None)
        self.place = {level: k for k, level in enumerate(levels, 1)}

    def encode(self, column: Any) -> Blocks:
        """Rows of 0 and 1, or one code."""
        found, codes = factorize(self.read(column))
        last = self.place.get(None, 0)  # factorize gives the missing cells −1
        table = np.array([*(self.place.get(v, 0) for v in found), last], np.int32)
        places = table[codes][:, None]
        if self.state["as_codes"]:
            return {"codes": places}
        return {"flat": places == np.arange(1, len(self.place) + 1)}

    @property
    def names(self) -> dict[str, list[str]]:
        """`column=level` for one-hot rows, the column's own name for codes."""
        if self.state["as_codes"]:
            return {"codes": [self.name]}
        named = [f"{self.name}={level}" for level in self.state["levels"]]
        return {"flat": named + self._gap_names.get("flat", [])}

    @property
    def code_levels(self) -> list[str]:
        """The levels by code; the last may be the missing cells."""
        return ["(missing)" if v is None else v for v in self.place]

    @property
    def usually_unseen(self) -> float:
        """The share of the training rows whose level was too rare for a code."""
        return self.state["rare"]

    def unusual(self, column: Any) -> tuple[float, float, list[str]]:
        """How many cells hold a level that the training rows did not have, or only rarely."""
        cells = [v for v in self.read(column) if v is not None]
        unseen = [v for v in cells if v not in self.place]
        return len(unseen) / max(1, len(cells)), 0.0, some(unseen)


class _Words(ColumnEncoder):
    """A column of a few known words that become numbers; others are missing, and reported."""

    kind = "text"

    def unusual(self, column: Any) -> tuple[float, float, list[str]]:
        """How many of the cells are none of the words."""
        gone = self.gone(self.read(column))
        lost, present = gone & ~column.missing, len(gone) - int(column.missing.sum())
        return int(lost.sum()) / max(1, present), 0.0, some(as_labels(column)[lost].tolist())


class Flag(_Words):
    """1 for yes, 0 for no; what is neither counts as the average of the training rows."""

    fields = {"share": (int, float)}

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.yes = 0

    def read(self, column: Any) -> np.ndarray:
        """1, 0 or NaN."""
        return as_flags(column)

    def _see(self, values: np.ndarray, gone: np.ndarray, rng: Any, room: int) -> None:
        self.yes += int(values[~gone].sum())

    def _finish(self) -> dict[str, Any]:
        present = self.rows - self.gaps
        return {"share": self.yes / present if present else 0.0}

    def encode(self, column: Any) -> Blocks:
        """One number, and whether it is missing where that happened in training."""
        x = self.read(column)
        gone = np.isnan(x)
        values = np.where(gone, self.state["share"], x)[:, None]
        return {"flat": np.concatenate([values, *self._gap_block(gone).values()], axis=1)}

    @property
    def names(self) -> dict[str, list[str]]:
        """`column=yes`, in its own word, and `... is missing`."""
        own = f"{self.name}={self.given[1]}" if self.given and len(self.given) > 1 else self.name
        return {"flat": [own, *self._gap_names.get("flat", [])]}


class Ordinal(_Words):
    """Its levels in their order are the numbers 0, 1, 2, ..., scaled as numbers are."""

    fields = {"median": (int, float), "factor": (int, float)}

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        if not self.given:
            raise ArgumentError(
                "an ordinal column needs its levels",
                where=f"column {self.name!r}",
                fix='levels=["low", "middle", "high"], from the lowest',
            )
        self.counts = np.zeros(len(self.given), np.int64)

    def read(self, column: Any) -> np.ndarray:
        """The place of each cell among the levels, NaN for anything else."""
        return as_ranks(column, self.given or ())

    def _see(self, values: np.ndarray, gone: np.ndarray, rng: Any, room: int) -> None:
        self.counts += np.bincount(values[~gone].astype(np.int64), minlength=len(self.counts))

    def _finish(self) -> dict[str, Any]:
        places = np.repeat(np.arange(len(self.counts), dtype=np.float64), self.counts)
        median, factor = scaling(places) if len(places) else (0.0, 0.0)
        return {"median": median, "factor": factor}

    def encode(self, column: Any) -> Blocks:
        """One number, and whether it is missing where that happened in training."""
        x = self.read(column)
        scaled = soft_clip(x, self.state["median"], self.state["factor"])
        return {"numeric": scaled[:, None], **self._gap_block(np.isnan(x))}

    @property
    def names(self) -> dict[str, list[str]]:
        """The column's own name, and `... is missing`."""
        return {"numeric": [self.name], **self._gap_names}
