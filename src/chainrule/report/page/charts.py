"""Charts of a page, as our own drawings: lines, points, bars, and small pictures of one column."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ...evaluation.wording import cell, number
from ...svg import Drawing, shorten, text_width

__all__ = ["COLOURS", "Chart", "bars", "heat", "histogram", "tick_texts", "ticks"]

COLOURS = ("blue", "orange", "green", "pink", "amber", "sky")
WIDTH = 360.0  # as wide as a phone: text keeps its size there
_SIZE = 11.0
_NAME = 130.0  # the widest name beside a bar
_TOP, _RIGHT, _BELOW = 20.0, 14.0, 44.0


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers from `low` to `high`, about so many of them.

    Example:
        >>> ticks(0, 1), ticks(-3, 17)
        ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [0.0, 5.0, 10.0, 15.0])
    """
    rough = (high - low) / count
    if not rough > 0 or not math.isfinite(rough):
        return [low]
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(s * power for s in (1, 2, 5, 10) if s * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    found = [k * step for k in range(first, first + 3 * count) if k * step <= high + 1e-9 * step]
    return [float(f"{v:.12g}") for v in found] or [low]


def tick_texts(values: Sequence[float]) -> list[str]:
    """What is written at ticks; from ten millions on as a number of millions.

    Example:
        >>> tick_texts([1900.0, 2000.0]), tick_texts([0.0, 2e10, 3e10])
        (['1900', '2000'], ['0', '20,000 M', '30,000 M'])
    """
    if max(map(abs, values), default=0) < 1e7:
        return [cell(v) for v in values]
    return [f"{number(v / 1e6)} M" if v else "0" for v in values]


class Chart:
    """Axes with what is drawn in them; all is painted when `draw` is called.

    Args:
        title: for those who hear it.
        x: the ends of the axis.
        y: likewise.
        names: what the two axes are.
        height: in pixels.
        logarithmic: whether equal ratios of y are equally long.
        x_labels: (place, text) along x in place of round numbers.
        write: from the ticks of y to their texts.
        square: as high as it is wide.
    """

    def __init__(
        self,
        title: str,
        x: tuple[float, float],
        y: tuple[float, float],
        names: tuple[str, str] = ("", ""),
        *,
        height: float = 256.0,
        logarithmic: bool = False,
        x_labels: Sequence[tuple[float, str]] | None = None,
        write: Callable[[Sequence[float]], list[str]] = tick_texts,
        square: bool = False,
        described: str = "",
    ) -> None:
        self.title, self.names, self.described = title, names, described
        self.x, self.y = _wide(x), _wide(y)
        self.logarithmic = logarithmic and self.y[0] > 0
        if self.logarithmic:
            self.y = (math.log10(self.y[0]), math.log10(self.y[1]))
        places = self._y_places()
        told = [10**v if self.logarithmic else v for v in places]
        self.y_ticks = list(zip(places, write(told), strict=True))
        if x_labels is None:
            places = ticks(*self.x)
            x_labels = list(zip(places, tick_texts(places), strict=True))
        self.x_ticks = x_labels
        self.left = 30.0 + max(text_width(t, _SIZE) for _, t in self.y_ticks)
        self.inner = WIDTH - self.left - _RIGHT
        self.tall = self.inner if square else height - _TOP - _BELOW
        self.shapes: list[Callable[[Drawing], None]] = []
        self.legend: list[tuple[str, str, bool]] = []

    def _y_places(self) -> list[float]:
        low, high = self.y
        if not self.logarithmic:
            return ticks(low, high)
        for digits in ((1,), (1, 2, 5), (1, 2, 3, 4, 5, 6, 8)):
            powers = range(math.floor(low), math.ceil(high) + 1)
            every = [k + math.log10(d) for k in powers for d in digits]
            found = [v for v in every if low <= v <= high]
            if len(found) > 2:
                return found
        return [math.log10(v) for v in ticks(10**low, 10**high) if v > 0]

    def at(self, x: float, y: float) -> tuple[float, float]:
        """The place of a point on the paper; what is outside the axes stands at their edge."""
        if self.logarithmic:
            y = math.log10(max(y, 1e-300))
        across = min(max((x - self.x[0]) / (self.x[1] - self.x[0]), 0.0), 1.0)
        up = min(max((y - self.y[0]) / (self.y[1] - self.y[0]), 0.0), 1.0)
        return self.left + across * self.inner, _TOP + (1 - up) * self.tall

    def line(
        self, x: Iterable[float], y: Iterable[float], colour: str = "blue", *,
        label: str = "", dashed: bool = False, thick: float = 2.0,
    ) -> None:  # fmt: skip
        """Points joined by lines; a NaN ends one line and begins another."""
        parts: list[list[tuple[float, float]]] = [[]]
        for a, b in zip(x, y, strict=True):
            if math.isfinite(a) and math.isfinite(b):
                parts[-1].append(self.at(a, b))
            elif parts[-1]:
                parts.append([])
        if label:
            self.legend.append((label, colour, dashed))

        def paint(picture: Drawing) -> None:
            for part in parts:
                if len(part) == 1:
                    picture.circle(*part[0], 3, fill=colour)
                elif part:
                    picture.polyline(part, stroke=colour, thick=thick, dashed=dashed)

        self.shapes.append(paint)

    def dots(
        self, x: Iterable[float], y: Iterable[float], colour: str = "blue", *,
        radius: float = 2.6, opacity: float = 0.6, label: str = "",
    ) -> None:  # fmt: skip
        """A circle at each point."""
        places = [self.at(a, b) for a, b in zip(x, y, strict=True)]
        if label:
            self.legend.append((label, colour, False))

        def paint(picture: Drawing) -> None:
            for place in places:
                picture.circle(*place, radius, fill=colour, opacity=opacity)

        self.shapes.append(paint)

    def squares(self, counts: np.ndarray, colour: str = "blue") -> None:
        """How many points are in each square of a grid over the axes; darker is more."""
        most = max(float(counts.max(initial=0)), 1.0)
        wide, tall = self.inner / counts.shape[0], self.tall / counts.shape[1]

        def paint(picture: Drawing) -> None:
            for i, j in np.argwhere(counts).tolist():
                shade = 0.12 + 0.88 * math.log1p(float(counts[i, j])) / math.log1p(most)
                picture.rect(self.left + i * wide, _TOP + self.tall - (j + 1) * tall, wide, tall,
                             fill=colour, opacity=round(shade, 2))  # fmt: skip

        self.shapes.append(paint)

    def upright(self, x: float, text: str) -> None:
        """A dashed line at a value of x, with a word above the axes."""
        place, _ = self.at(x, self.y[0])
        end = "end" if place > self.left + self.inner / 2 else "start"

        def paint(picture: Drawing) -> None:
            picture.line(
                (place, _TOP), (place, _TOP + self.tall), stroke="ink", thick=1, dashed=True
            )
            picture.text(place + (4 if end == "end" else -4), 9, text, size=_SIZE, anchor=end)

        self.shapes.append(paint)

    def draw(self) -> Drawing:
        """The chart."""
        rows = self._legend_rows()
        low = _TOP + self.tall
        picture = Drawing(WIDTH, low + _BELOW + 17 * len(rows), self.title, self.described)
        self._axes(picture, low)
        for paint in self.shapes:
            paint(picture)
        for k, row in enumerate(rows):
            y = low + _BELOW + 17 * k + 4
            for x, (label, colour, dashed) in row:
                picture.line((x, y), (x + 18, y), stroke=colour, thick=3, dashed=dashed)
                picture.text(x + 23, y, label, size=_SIZE, anchor="start")
        return picture

    def _axes(self, picture: Drawing, low: float) -> None:
        for value, text in self.y_ticks:
            y = low - (value - self.y[0]) / (self.y[1] - self.y[0]) * self.tall
            picture.line((self.left, y), (self.left + self.inner, y), stroke="faint", thick=1)
            picture.text(self.left - 6, y, text, size=_SIZE, anchor="end", colour="soft")
        end = -math.inf
        for value, text in self.x_ticks:
            x = self.left + (value - self.x[0]) / (self.x[1] - self.x[0]) * self.inner
            half = text_width(text, _SIZE) / 2
            x_text = min(max(x, half + 2), WIDTH - half - 2)
            picture.line((x, low), (x, low + 4), stroke="line", thick=1)
            if x_text - half > end + 6:  # none is written over another
                picture.text(x_text, low + 13, text, size=_SIZE, colour="soft")
                end = x_text + half
        picture.line((self.left, low), (self.left + self.inner, low), stroke="line", thick=1)
        across, up = self.names
        middle = self.left + self.inner / 2
        if across:
            picture.text(middle, low + 30, shorten(across, self.inner, _SIZE), size=_SIZE)
        if up:
            name = shorten(up, self.tall, _SIZE)
            picture.text(10, _TOP + self.tall / 2, name, size=_SIZE, turn=-90)

    def _legend_rows(self) -> list[list[tuple[float, tuple[str, str, bool]]]]:
        rows: list[list[tuple[float, tuple[str, str, bool]]]] = []
        x = WIDTH
        for label, colour, dashed in self.legend:
            shown = shorten(label, WIDTH - 60, _SIZE)
            wide = 23 + text_width(shown, _SIZE) + 16
            if x + wide > WIDTH:
                rows.append([])
                x = 12.0
            rows[-1].append((x, (shown, colour, dashed)))
            x += wide
        return rows


def bars(
    title: str, names: Sequence[str], values: Sequence[float], texts: Sequence[str],
    spreads: Sequence[float] = (), colour: str = "blue",
) -> Drawing:  # fmt: skip
    """Horizontal bars from zero, each with its name and its number; spreads as thin lines.

    Names stand at the left, or above their bars where one is too long for that.
    """
    size = 12.0
    longest = max((text_width(n, size) for n in names), default=0.0)
    above = longest > _NAME
    row, head = (40.0, 16.0) if above else (24.0, 0.0)
    label = 0.0 if above else longest
    room = max((text_width(t, size) for t in texts), default=0.0)
    low, high = min(0.0, *values, 0.0), max(0.0, *values, 0.0)
    inner = WIDTH - label - room - 40
    scale = inner / ((high - low) or 1.0)
    picture = Drawing(WIDTH, row * len(names) + 16, title)
    zero = label + 18 - low * scale
    for k, (name, value, text) in enumerate(zip(names, values, texts, strict=True)):
        y = 8 + row * k
        if above:
            shown = shorten(name, WIDTH - 40, size)
            picture.text(18, y + 9, shown, size=size, anchor="start")
        else:
            picture.text(label + 8, y + row / 2, name, size=size, anchor="end")
        left, middle = zero + min(value, 0.0) * scale, y + head + (row - head) / 2
        picture.rect(left, middle - 7, max(abs(value) * scale, 0.5), 14, fill=colour, radius=2)
        # beside the bar alone: a name above it is not crossed
        picture.line((zero, middle - 12), (zero, middle + 12), stroke="line", thick=1)
        if k < len(spreads) and math.isfinite(spreads[k]):
            ends = [zero + (value + s * spreads[k]) * scale for s in (-1, 1)]
            ends = [min(max(e, label + 12), WIDTH - room - 14) for e in ends]
            picture.line((ends[0], middle), (ends[1], middle), stroke="ink", thick=1.2)
        picture.text(WIDTH - 10, middle, text, size=size, anchor="end", colour="soft")
    return picture


def heat(title: str, shares: np.ndarray) -> Drawing:
    """A square of shares from 0 to 1, without numbers: rows are true classes, columns answers."""
    count = len(shares)
    side = (WIDTH - 40) / count
    picture = Drawing(WIDTH, WIDTH - 2, title)
    picture.rect(30, 8, WIDTH - 40, WIDTH - 40, stroke="faint", thick=1)
    for i, j in np.argwhere(shares > 0.004).tolist():
        look = {"fill": "blue" if i == j else "orange", "opacity": round(float(shares[i, j]), 2)}
        picture.rect(30 + j * side, 8 + i * side, side, side, **look)
    picture.text(30 + (WIDTH - 40) / 2, WIDTH - 18, f"answered: 1 to {count}", size=_SIZE)
    picture.text(14, 8 + (WIDTH - 40) / 2, f"true: 1 to {count}", size=_SIZE, turn=-90)
    return picture


def histogram(title: str, counts: Sequence[float]) -> Drawing:
    """Small bars side by side, as high as there are rows."""
    wide, tall = 132.0, 30.0
    picture = Drawing(wide, tall, title)
    most = max([1.0, *counts])
    step = (wide - 4) / max(len(counts), 1)
    for k, count in enumerate(counts):
        high = (tall - 3) * count / most
        if count:
            high = max(high, 1.0)
            picture.rect(2 + k * step, tall - 1 - high, max(step - 1, 0.8), high, fill="blue")
    return picture


def _wide(ends: tuple[float, float]) -> tuple[float, float]:
    low, high = ends
    if high > low:
        return float(low), float(high)
    half = abs(low) * 0.05 or 0.5
    return float(low - half), float(high + half)


def number_bins(values: np.ndarray, count: int = 24) -> tuple[list[float], Any]:
    """Counts of finite numbers in equal stretches between their 1 % and 99 % points."""
    known = values[np.isfinite(values)]
    if not len(known):
        return [], (math.nan, math.nan)
    low, high = np.quantile(known, (0.01, 0.99))
    if not high > low:
        low, high = known.min(), known.max()
    low, high = _wide((low, high))
    inside = np.clip(known, low, high)
    counts, _ = np.histogram(inside, count, (low, high))
    return counts.astype(float).tolist(), (float(known.min()), float(known.max()))
