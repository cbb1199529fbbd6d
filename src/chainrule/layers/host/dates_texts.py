"""Columns of dates and of free texts become numbers; and which class reads which role."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Any

import numpy as np

from ...errors import ArgumentError
from ...tables.values import as_dates, as_labels
from ..text import tokens
from .columns import (
    Blocks,
    Category,
    ColumnEncoder,
    Flag,
    Number,
    Ordinal,
    Sample,
    empty,
    scaling,
    soft_clip,
    some,
)

__all__ = ["Date", "Text", "encoders"]

_CELLS = 100_000_000  # numbers that all texts of a table may become: 400 MB
_FEWEST = 500  # of many rows each text gets no fewer features than this
_TEXTS = 1 << 18  # tokens that are counted at most while texts are read in blocks
_MARKS = re.compile(r"\w+|[^\w\s]")  # words, and single marks
_CYCLES = {  # name -> (place in the cycle from 0, its length), of a column of datetime64[us]
    "month": (lambda t: t.astype("M8[M]").astype(np.int64) % 12, 12),
    "day": (lambda t: (t.astype("M8[D]") - t.astype("M8[M]")).astype(np.int64), 31),
    "weekday": (lambda t: (t.astype("M8[D]").astype(np.int64) + 3) % 7, 7),  # 0: Monday
    "hour": (lambda t: (t - t.astype("M8[D]")).astype(np.int64) / 3.6e9, 24),
}


class Date(ColumnEncoder):
    """Year and days since the first, scaled as numbers; month, day, weekday, hour as sin and cos.

    A part that was the same in all training rows is left out.
    """

    kind = "date"
    fields = {"years": (list, int, float), "days": (list, int, float), "parts": (list, str)}

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.years, self.days = Sample(), Sample()
        self.parts: dict[str, set] = {name: set() for name in _CYCLES}

    def read(self, column: Any) -> np.ndarray:
        """datetime64[us], NaT where missing or no date."""
        return as_dates(column)

    def gone(self, values: np.ndarray) -> np.ndarray:
        """True where there is no date."""
        return np.isnat(values)

    def _see(self, values: np.ndarray, gone: np.ndarray, rng: Any, room: int) -> None:
        times = values[~gone]
        self.years.add(_year(times), rng, room)
        self.days.add(_day(times), rng, room)
        for name, (part, _) in _CYCLES.items():
            if len(self.parts[name]) < 2:
                self.parts[name].update(np.unique(part(times))[:2].tolist())

    def _finish(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, sample in (("years", self.years), ("days", self.days)):
            if len(sample.values):
                median, factor = scaling(sample.values)
                found[name] = [median, factor, float(sample.low), float(sample.high)]
            else:
                found[name] = [0.0, 0.0, 0.0, 0.0]
        found["parts"] = [name for name, seen in self.parts.items() if len(seen) > 1]
        self.years, self.days = Sample(), Sample()
        return found

    def _loaded(self) -> None:
        lengths = len(self.state["years"]), len(self.state["days"])
        if lengths != (4, 4) or not set(self.state["parts"]) <= set(_CYCLES):
            raise ArgumentError(
                "these are not the statistics of dates", received=repr(self.state)[:200]
            )

    def encode(self, column: Any) -> Blocks:
        """Year and days in `numeric`; sin, cos and whether it is missing in `flat`."""
        times = self.read(column)
        gone = np.isnat(times)
        known = np.where(gone, np.datetime64(0, "us"), times)
        scaled = [
            soft_clip(np.where(gone, np.nan, x), *self.state[name][:2])
            for name, x in (("years", _year(known)), ("days", _day(known)))
        ]
        waves = []
        for name in self.state["parts"]:
            part, length = _CYCLES[name]
            angle = part(known) * (2 * np.pi / length)
            waves += [np.where(gone, 0.0, wave(angle)) for wave in (np.sin, np.cos)]
        waves += [gone] if self.state["gaps"] else []
        blocks = {"numeric": np.stack(scaled, axis=1)}
        return blocks | ({"flat": np.stack(waves, axis=1)} if waves else {})

    @property
    def names(self) -> dict[str, list[str]]:
        """`column: year`, `column: days`, `column: month (sin)`, ..."""
        numeric = [f"{self.name}: year", f"{self.name}: days"]
        flat = [f"{self.name}: {p} ({w})" for p in self.state["parts"] for w in ("sin", "cos")]
        flat += self._gap_names.get("flat", [])
        return {"numeric": numeric} | ({"flat": flat} if flat else {})

    def unusual(self, column: Any) -> tuple[float, float, list[str]]:
        """How many days lie before the first or after the last of the training rows."""
        times = self.read(column)
        times = times[~np.isnat(times)]
        days, (_, _, low, high) = _day(times), self.state["days"]
        outside = (days < low) | (days > high)
        some = np.datetime_as_string(times[outside][:3].astype("M8[D]")).tolist()
        return 0.0, float(outside.sum() / max(1, len(times))), some


def _year(times: np.ndarray) -> np.ndarray:
    return times.astype("M8[Y]").astype(np.int64) + 1970.0


def _day(times: np.ndarray) -> np.ndarray:
    """Days since 1970, with the part of the day that has gone."""
    return times.astype(np.int64) / 8.64e10


class Text(ColumnEncoder):
    """tf-idf of words and pairs of words: (1 + ln n)·idf, each row of length 1.

    idf = ln((1 + N)/(1 + m)) + 1, m of N training texts having the token; the tokens of most texts
    are taken, at least two texts each; fewer where rows × features pass 100 million. A token is a
    word in lower case, or a punctuation mark, which says something too: `np.sum(x)` has six. Files
    from before that was so have words as in TextVectorization, `np.sum(x)` being one.
    """

    kind = "text"
    fields = {"tokens": (list, str), "idf": (list, int, float), "marks": (bool,)}
    lengths = (1, 2)
    marks = True  # whether a punctuation mark is a token

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.texts_with: Counter[str] = Counter()

    def read(self, column: Any) -> np.ndarray:
        """The texts, None where missing."""
        return as_labels(column)

    def gone(self, values: np.ndarray) -> np.ndarray:
        """True where there is no text."""
        return empty(values)

    def _tokens(self, texts: np.ndarray) -> list[list[str]]:
        how = ("lower", _MARKS.findall) if self.marks else ()
        return [[] if v is None else tokens(v, *how, lengths=self.lengths) for v in texts]

    def _see(self, values: np.ndarray, gone: np.ndarray, rng: Any, room: int) -> None:
        for found in self._tokens(values):
            self.texts_with.update(set(found))
        if rng is not None and len(self.texts_with) > _TEXTS:  # of a stream: the rarest go
            self.texts_with = Counter(dict(self.texts_with.most_common(_TEXTS // 2)))

    def _finish(self) -> dict[str, Any]:
        often = [(-n, t) for t, n in self.texts_with.items() if n > 1]
        room = max(_FEWEST, _CELLS // (self.rows * self.settings["texts"]))
        often = sorted(often)[: min(self.settings["text_features"], room)]
        self.texts_with = Counter()
        return {
            "tokens": [t for _, t in often],
            "idf": [math.log((1 + self.rows) / (1 - minus)) + 1 for minus, _ in often],
            "marks": True,
        }

    def load(self, state: Any) -> None:
        """Take what `state` was, also from before punctuation marks were tokens."""
        super().load({"marks": False, **state} if isinstance(state, dict) else state)

    def _loaded(self) -> None:
        self.marks = self.state["marks"]
        if len(self.state["tokens"]) != len(self.state["idf"]):
            raise ArgumentError("each token has one weight", where=f"column {self.name!r}")
        self.place = {t: k for k, t in enumerate(self.state["tokens"])}
        self.idf = np.array(self.state["idf"], np.float64)

    def encode(self, column: Any) -> Blocks:
        """One row of weights for each text; zeros where it is missing or holds no known word."""
        if not self.place:
            return {}
        y = np.zeros((len(column), len(self.place)), np.float32)
        for row, found in zip(y, self._tokens(self.read(column)), strict=True):
            counts = Counter(k for k in map(self.place.get, found) if k is not None)
            if counts:
                at = np.fromiter(counts, np.intp, len(counts))
                n = np.fromiter(counts.values(), np.float64, len(counts))
                weights = (1 + np.log(n)) * self.idf[at]
                row[at] = weights / math.sqrt(weights @ weights)
        return {"flat": y}

    @property
    def names(self) -> dict[str, list[str]]:
        """`column: token`."""
        return {"flat": [f"{self.name}: {t}" for t in self.place]} if self.place else {}

    def unusual(self, column: Any) -> tuple[float, float, list[str]]:
        """How many texts hold no known word."""
        texts = self.read(column)
        found = [(v, t) for v, t in zip(texts, self._tokens(texts), strict=True) if v]
        lost = [v for v, t in found if not any(token in self.place for token in t)]
        return len(lost) / max(1, len(found)), 0.0, [v[:60] for v in some(lost)]


encoders: dict[str, type[ColumnEncoder]] = {
    "number": Number,
    "category": Category,
    "flag": Flag,
    "ordinal": Ordinal,
    "date": Date,
    "text": Text,
}
