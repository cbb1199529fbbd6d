"""Nodes with a name and numbers, and the numbers' keys: what drawings of worked examples share."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ..errors import UnknownNameError, did_you_mean
from ..svg import Drawing, text_width

__all__ = ["Pill", "Texts", "Written"]

Written = str | Mapping[str, str]  # one number of a thing, or several by what they are


class Texts:
    """Names and values by place; each value with the key under which a page finds it."""

    def __init__(
        self, known: Sequence[str], names: Mapping[str, str], values: Mapping[str, Written],
        where: str, path: str | None = None,
    ) -> None:  # fmt: skip
        for place in (*names, *values, *([path] if path is not None else [])):
            if place not in known:
                raise UnknownNameError(
                    "there is no such place in this drawing",
                    where=where,
                    received=repr(place),
                    fix=did_you_mean(place, known),
                )
        self.names, self.values = names, values
        self.given = set(names) | set(values)

    def name(self, place: str) -> str:
        """What a thing is called; nothing where it has no name."""
        return self.names.get(place, "")

    def cells(self, place: str) -> list[tuple[str, str]]:
        """(key, text) of each number; the key of an only one is the place itself."""
        value = self.values.get(place, "")
        if isinstance(value, str):
            return [(place, value)] if value else []
        return [(f"{place}.{part}", text) for part, text in value.items() if text]


class Pill:
    """A node and its size: a circle, wider where its lines are long."""

    def __init__(self, texts: Texts, places: Sequence[str], size: float) -> None:
        self.size = size
        written = [_lines(texts, place) for place in places]
        most = max((len(lines) for lines in written), default=0)
        self.height = self.width = 1.35 * size * max(most, 1) + 1.1 * size
        for lines in written:
            for i, (text, bold) in enumerate(lines):
                far = abs(i - (len(lines) - 1) / 2) * 1.35 * size + 0.5 * size
                wide = text_width(text, size, bold) + 2 * _inset(self.height / 2, far)
                self.width = max(self.width, wide + 0.5 * size)

    def toward(
        self, x: float, y: float, goal: tuple[float, float], limit: float = 35.0
    ) -> tuple[float, float]:
        """The point on its side from which a line goes to the goal, or at which it arrives.

        Args:
            x: of its middle.
            y: of its middle.
            goal: a point to the left or right of it.
            limit: degrees from the level, so that steep lines pass the nodes above and below.
        """
        radius, side = self.height / 2, math.copysign(1.0, goal[0] - x)
        end = x + side * (self.width / 2 - radius)  # the middle of the round end
        angle = math.atan2(goal[1] - y, abs(goal[0] - end))
        angle = max(-math.radians(limit), min(math.radians(limit), angle))
        return end + side * radius * math.cos(angle), y + radius * math.sin(angle)

    def level(self, x: float, y: float, row: float, side: int) -> tuple[float, float]:
        """The point at its left (−1) or right (1) that is as high as a row."""
        return x + side * (self.width / 2 - _inset(self.height / 2, row - y)), row

    def paint(
        self, picture: Drawing, texts: Texts, place: str, x: float, y: float, hue: str, off: bool
    ) -> None:
        """With its middle at (x, y); grey where it is off the path."""
        look = {"fill": "paper" if off else f"{hue}-tint", "stroke": "faint" if off else hue}
        left, top = x - self.width / 2, y - self.height / 2
        if self.width - self.height < 0.5:
            picture.circle(x, y, self.height / 2, **look)
        else:
            picture.rect(left, top, self.width, self.height, radius=self.height / 2, **look)
        name, cells, ink = texts.name(place), texts.cells(place), "soft" if off else "ink"
        step = 1.35 * self.size
        row = y - (len(cells) - (0 if name else 1)) / 2 * step
        if name:
            picture.text(x, row, name, size=self.size, bold=True, colour=ink)
            row += step
        for key, text in cells:
            with picture.group(value=key):
                picture.text(x, row, text, size=self.size, colour=ink)
            row += step


def _lines(texts: Texts, place: str) -> list[tuple[str, bool]]:
    """(text, bold) of each line in a node."""
    lines = [(texts.name(place), True), *((text, False) for _, text in texts.cells(place))]
    return [(text, bold) for text, bold in lines if text]


def _inset(radius: float, down: float) -> float:
    """How far a round end stands back from its outermost point, so far above or below it."""
    return radius - math.sqrt(max(0.0, radius**2 - down**2))
