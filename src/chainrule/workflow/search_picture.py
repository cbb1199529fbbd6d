"""The picture of a search: val_loss by trial, and by each hyperparameter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DataError
from ..evaluation.wording import number
from ..experiments.results import Row, shown
from ..svg import Drawing, shorten, text_width

__all__ = ["search_picture"]

_WIDE, _HIGH = 270.0, 190.0  # of one panel
_LEFT, _TOP, _BELOW, _RIGHT = 58.0, 26.0, 36.0, 12.0
_ACROSS, _SIZE = 3, 11.0
_RATIO = 20.0  # above it numbers stand by their ratios
_WORST = 0.9  # of the trials; what is worse stands at the upper edge


def search_picture(found: Any) -> Drawing:
    """Panels with a dot for each trial.

    Args:
        found: a `Search`.

    Raises:
        DataError: no trial has a figure.
    """
    rows = [row for row in found.rows if row.values]
    if not rows:
        raise DataError("there is nothing to draw", where="search", expected="a trial")
    order = sorted(found.names, key=lambda n: -found.importances.get(n, 0.0))
    names = [n for n in order if len({_key(r, n) for r in found.tried}) > 1]
    lines = 1 + -(-len(names) // _ACROSS)
    wide = _ACROSS * _WIDE
    picture = Drawing(
        wide, lines * _HIGH + 54, "A search: val_loss by trial and by hyperparameter",
        f"{len(found.tried)} trials; the best is outlined.",
    )  # fmt: skip
    low, high = _ends(rows)
    panel = _Panel(picture, 0.0, 30.0, wide, low, high)
    index = {id(row): k for k, row in enumerate(found.rows)}
    panel.frame("val_loss by trial", [(float(k), str(k)) for k in _steps(len(found.rows))],
                (-0.5, len(found.rows) - 0.5))  # fmt: skip
    lowest, path = math.inf, []
    for row in rows:
        if not row.failed and row.value < lowest:
            lowest = row.value
        if math.isfinite(lowest):
            path.append(panel.at(float(index[id(row)]), lowest))
    picture.polyline(path, stroke="line", thick=1.2)
    panel.dots(found, [(float(index[id(row)]), row) for row in rows])
    for k, name in enumerate(names):
        x, y = (k % _ACROSS) * _WIDE, 30.0 + (1 + k // _ACROSS) * _HIGH
        share = found.importances.get(name, 0.0)
        _by_setting(_Panel(picture, x, y, _WIDE, low, high), found, name, share)
    _legend(picture, found, lines * _HIGH + 42)
    return picture


def _legend(picture: Drawing, found: Any, y: float) -> None:
    x = 16.0
    for text, look in (
        ("trial", {"fill": "blue"}), ("given up", {"fill": "grey-shade"}),
        (found.first, {"fill": "orange"}), ("best", {"stroke": "ink"}),
    ):  # fmt: skip
        picture.circle(x, y, 4, **look)
        picture.text(x + 9, y, text, size=_SIZE, anchor="start")
        x += 34 + text_width(text, _SIZE)


def _key(row: Row, name: str) -> str:
    return repr(row.settings.get(name))


def _ends(rows: Sequence[Row]) -> tuple[float, float]:
    values = sorted(row.values[0] for row in rows)
    low, high = values[0], float(np.quantile(values, _WORST))
    high = max(high, values[min(len(values) - 1, 1)])
    if not high > low:
        low, high = low - abs(low) * 0.1 - 1e-9, high + abs(high) * 0.1 + 1e-9
    room = 0.08 * (high - low)
    return low - room, high + room


def _steps(count: int) -> list[int]:
    step = max(1, -(-count // 12))
    return list(range(0, count, step))


def _by_setting(panel: _Panel, found: Any, name: str, share: float) -> None:
    """The dots over the values of one setting."""
    rows = [row for row in found.tried if row.values]
    values = [row.settings[name] for row in rows]
    different = list(dict.fromkeys(values))
    numbers = all(isinstance(v, (int, float)) for v in different)
    title = f"{name}: explains {100 * share:.0f} %"
    if numbers and len(different) > 6:
        ratios = min(values) > 0 and max(values) / min(values) > _RATIO
        places = [math.log10(v) if ratios else float(v) for v in values]
        ends = (min(places), max(places))
        room = 0.04 * (ends[1] - ends[0])
        marks = np.linspace(*ends, 3).tolist()
        labels = [(m, number(10**m if ratios else m, 2)) for m in marks]
        panel.frame(title, labels, (ends[0] - room, ends[1] + room))
    else:
        if numbers:
            different.sort()
        places = [float(different.index(v)) for v in values]
        room = (panel.wide - 12) / len(different)
        labels = [(float(k), shorten(shown(v), room - 6, _SIZE)) for k, v in enumerate(different)]
        panel.frame(title, labels, (-0.5, len(different) - 0.5))
        # side by side, not over each other: by their order, so that the picture is always the same
        seen: dict[float, int] = {}
        for k, place in enumerate(places):
            seen[place] = seen.get(place, 0) + 1
            places[k] = place + 0.3 * (((seen[place] * 0.618034) % 1.0) - 0.5)
    panel.dots(found, list(zip(places, rows, strict=True)))


class _Panel:
    """One pair of axes."""

    def __init__(
        self, picture: Drawing, x: float, y: float, wide: float, low: float, high: float
    ) -> None:
        self.picture, self.x, self.y = picture, x + _LEFT, y + _TOP
        self.wide, self.tall = wide - _LEFT - _RIGHT, _HIGH - _TOP - _BELOW
        self.low, self.high = low, high
        self.ends = (0.0, 1.0)

    def at(self, x: float, value: float) -> tuple[float, float]:
        """The place of a dot; a value that is too high stands at the upper edge."""
        across = (x - self.ends[0]) / ((self.ends[1] - self.ends[0]) or 1.0)
        up = min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)
        return self.x + across * self.wide, self.y + (1 - up) * self.tall

    def frame(
        self, title: str, labels: Sequence[tuple[float, str]], ends: tuple[float, float]
    ) -> None:
        """Axes, their numbers and the title."""
        self.ends, picture = ends, self.picture
        shown_title = shorten(title, self.wide, 12, True)
        picture.text(self.x, self.y - 13, shown_title, size=12, bold=True, anchor="start")
        for k in range(3):
            value = self.low + (self.high - self.low) * (0.08 + 0.42 * k) / 1.0
            _, y = self.at(ends[0], value)
            picture.line((self.x, y), (self.x + self.wide, y), stroke="faint", thick=1)
            picture.text(self.x - 6, y, number(value), size=_SIZE, anchor="end", colour="soft")
        base, end = self.y + self.tall, -math.inf
        picture.line((self.x, base), (self.x + self.wide, base), stroke="line", thick=1)
        for place, text in labels:
            x, _ = self.at(place, self.low)
            half = text_width(text, _SIZE) / 2
            x = min(x, self.x + self.wide + _RIGHT - half - 1)
            if x - half > end + 4:
                picture.text(x, base + 13, text, size=_SIZE, colour="soft")
                end = x + half

    def dots(self, found: Any, places: Sequence[tuple[float, Row]]) -> None:
        """A dot for each trial; the best is outlined."""
        for given_up in (True, False):
            for x, row in places:
                if bool(row.failed) != given_up:
                    continue
                colour = "grey-shade" if row.failed else "blue"
                if row is found.rows[0]:
                    colour = "orange"
                self.picture.circle(*self.at(x, row.values[0]), 3.2, fill=colour)
        for x, row in places:
            if row is found.best:
                self.picture.circle(*self.at(x, row.values[0]), 6, stroke="ink",
                                    thick=1.4)  # fmt: skip
