"""An update as bars: each weight before and after it, signed, with names and numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from ..errors import ArgumentError
from ..svg import Drawing, shorten, text_width
from .base import HEADING, MARGIN, fixed_number

__all__ = ["weight_updates"]

_MOST = 40
_SIZE, _ROW, _BARS = 13.0, 30.0, 300.0
_WORDS = {"old": "old", "change": "change", "new": "new"}


def weight_updates(
    old: Mapping[str, float],
    new: Mapping[str, float],
    names: Mapping[str, str] | None = None,
    *,
    digits: int = 6,
    write: Callable[[float], str] | None = None,
    words: Mapping[str, str] | None = None,
    title: str = "",
    theme: str = "auto",
    direction: str = "ltr",
) -> Drawing:
    """Each weight before and after an update: two bars from zero, and old + change = new.

    The bar above is the old weight, in grey; the one below the new weight, blue where it grew and
    orange where it fell. Each row is a group with `data-at=<place>`; its numbers have the
    `data-value`s `<place>.old`, `<place>.change` and `<place>.new`.

    Args:
        old: place (any name of a weight) -> number.
        new: the same places -> number.
        names: place -> what is written; the place itself by default.
        digits: after the point.
        write: a function from a number to its text, in place of `digits`.
        words: for "old", "change" and "new" above the columns, for another language.
        title: written above.
        theme: "light" or "dark"; "auto" follows the reader's setting.
        direction: "rtl" mirrors the drawing; positive bars then point to the left.

    Raises:
        ArgumentError: other places before than after, none, or more than 40.

    Example:
        >>> picture = weight_updates({"w5": 0.4}, {"w5": 0.35891648}, digits=8)
        >>> "−0.04108352" in picture.svg()
        True
    """
    if set(old) != set(new) or not 0 < len(old) <= _MOST:
        raise ArgumentError(
            "an update has each weight before and after it",
            where="plots.weight_updates",
            expected=f"1 to {_MOST} weights, the same in old and new",
            received=f"{len(old)} old and {len(new)} new",
            fix="draw the layers one by one" if set(old) == set(new) and old else None,
        )
    write = write or (lambda number: fixed_number(number, digits))
    rows = [
        (place, (names or {}).get(place, place), float(old[place]), float(new[place]))
        for place in old
    ]
    return _paint(rows, write, _WORDS | dict(words or {}), title, theme, direction)


def _paint(
    rows: list[tuple[str, str, float, float]], write: Callable[[float], str],
    words: Mapping[str, str], title: str, theme: str, direction: str,
) -> Drawing:  # fmt: skip
    shown = [shorten(name, 220, _SIZE, bold=True) for _, name, _, _ in rows]
    cells = [(write(a), write(b - a), write(b)) for _, _, a, b in rows]
    columns = list(zip(*cells, strict=True))
    wide = [
        max(text_width(t, _SIZE) for t in (*column, words[word]))
        for column, word in zip(columns, _WORDS, strict=True)
    ]
    names = max(text_width(name, _SIZE, bold=True) for name in shown)
    ends, right = [], names + 20 + _BARS
    for width in wide:
        right += width + 22
        ends.append(right)
    head = HEADING if title else 0.0
    across = max(right, text_width(title, 15, bold=True))
    picture = Drawing(
        across + 2 * MARGIN, 26 + _ROW * len(rows) + 2 * MARGIN + head, title or "weight updates",
        "old and new weights as bars", theme=theme, direction=direction,
    )  # fmt: skip
    if title:
        picture.text(MARGIN, MARGIN + 8, title, size=15, anchor="start", bold=True)
    top = MARGIN + head
    for word, end in zip(_WORDS, ends, strict=True):
        picture.text(MARGIN + end, top + 8, words[word], anchor="end", colour="soft", size=_SIZE)
    numbers = [n for row in rows for n in row[2:] if math.isfinite(n)]
    low, high = min([0.0, *numbers]), max([0.0, *numbers])
    scale = (_BARS - 8) / ((high - low) or 1.0)
    zero = MARGIN + names + 24 - low * scale
    y = top + 26
    for (place, _, a, b), name, texts in zip(rows, shown, cells, strict=True):
        middle = y + _ROW / 2
        with picture.at(place, place):
            picture.text(MARGIN, middle, name, size=_SIZE, anchor="start", bold=True)
            _bar(picture, zero, a * scale, middle - 9, "grey")
            _bar(picture, zero, b * scale, middle + 1, "blue" if b >= a else "orange")
            for key, text, end in zip(_WORDS, texts, ends, strict=True):
                with picture.group(value=f"{place}.{key}"):
                    colour = "soft" if key == "old" else "ink"
                    picture.text(
                        MARGIN + end, middle, text, size=_SIZE, anchor="end", colour=colour
                    )
        y += _ROW
    picture.line((zero, top + 24), (zero, y), stroke="line", thick=1)
    return picture


def _bar(picture: Drawing, zero: float, length: float, y: float, hue: str) -> None:
    if math.isfinite(length):
        picture.rect(
            zero + min(length, 0.0), y, abs(length), 8, fill=f"{hue}-shade", stroke=hue, thick=1
        )
