"""One step of an LSTM cell: its gates, what they let through, and the two states that go on."""

from __future__ import annotations

from collections.abc import Mapping

from ..svg import Drawing, text_width
from .base import HEADING, MARGIN
from .nodes import Pill, Texts, Written

__all__ = ["lstm_cell"]

_SIZE = 13.0
_NAMES = {
    "x": "x(t)", "h[t-1]": "h(t−1)", "c[t-1]": "c(t−1)", "f": "f = σ", "i": "i = σ",
    "g": "g = tanh", "o": "o = σ", "f*c": "f · c(t−1)", "i*g": "i · g", "c": "c(t)",
    "tanh(c)": "tanh c(t)", "h": "h(t)",
}  # fmt: skip
_HUES = {"x": "grey", "h[t-1]": "grey", "c[t-1]": "grey", "c": "sky", "h": "sky"}
_HUES |= dict.fromkeys("figo", "amber")
Point = tuple[float, float]


def lstm_cell(
    names: Mapping[str, str] | None = None,
    values: Mapping[str, Written] | None = None,
    *,
    title: str = "",
    theme: str = "auto",
    direction: str = "ltr",
) -> Drawing:
    """One step of an LSTM cell, with or without numbers.

        c(t) = f·c(t−1) + i·g          h(t) = o·tanh c(t)

    The gates f (forget), i (input) and o (output) are sigmoids, the candidate g a tanh, each of a
    weighted sum of x(t) and h(t−1). (Hochreiter and Schmidhuber 1997; Gers and others 2000.)

    Places, for `names`, `values` and the SVG's `data-at`: `"x"`, `"h[t-1]"`, `"c[t-1]"`, `"f"`,
    `"i"`, `"g"`, `"o"`, `"f*c"`, `"i*g"`, `"c"`, `"tanh(c)"`, `"h"`.

    Args:
        names: place -> what the thing is called.
        values: place -> its number as text, or several by what they are.
        title: written above.
        theme: "light" or "dark"; "auto" follows the reader's setting.
        direction: "rtl" mirrors the drawing.

    Raises:
        UnknownNameError: a place that the cell has not.

    Example:
        >>> picture = lstm_cell(values={"f": "0.731", "c[t-1]": "0.2", "f*c": "0.146"})
        >>> picture.svg().count('data-at="f"'), "0.146" in picture.svg()
        (1, True)
    """
    texts = Texts([*_NAMES], _NAMES | dict(names or {}), values or {}, "plots.lstm_cell")
    pills = {place: Pill(texts, [place], _SIZE) for place in _NAMES}
    at, width, height = _places(pills)
    head = HEADING if title else 0.0
    across = max(width, text_width(title, 15, bold=True))
    picture = Drawing(
        across + 2 * MARGIN, height + 2 * MARGIN + head, title or "LSTM cell",
        "the gates of an LSTM cell, and its states before and after the step",
        theme=theme, direction=direction,
    )  # fmt: skip
    if title:
        picture.text(MARGIN, MARGIN + 8, title, size=15, anchor="start", bold=True)
    right, down = MARGIN + (across - width) / 2, MARGIN + head
    at = {place: (x + right, y + down) for place, (x, y) in at.items()}
    for place, ways in _ways(at, pills).items():
        with picture.at(place, place):
            for way in ways:
                picture.arrow(way, corner=8)
            pills[place].paint(picture, texts, place, *at[place], _HUES.get(place, "green"), False)
    return picture


def _places(pills: Mapping[str, Pill]) -> tuple[dict[str, Point], float, float]:
    """The middle of each node, and the size of all: seven columns and four rows."""
    columns = (
        ("c[t-1]", "h[t-1]", "x"),
        ("f", "f*c"),
        ("i",),
        ("i*g", "c"),
        ("g",),
        ("o", "tanh(c)"),
    )
    rows = (("c[t-1]", "f*c", "c"), ("i*g", "tanh(c)"), ("h",), (*"figo",), ("h[t-1]",), ("x",))
    middle, right = {}, 0.0
    for column in columns:
        wide = max(pills[p].width for p in column)
        middle |= dict.fromkeys(column, right + wide / 2)
        right += wide + 34.0
    middle["h"] = right + pills["h"].width / 2
    down, low = {}, 0.0
    for row in rows:
        tall = max(pills[p].height for p in row)
        down |= dict.fromkeys(row, low + tall / 2)
        low += tall + 24.0
    at = {place: (middle[place], down[place]) for place in pills}
    return at, right + pills["h"].width, low - 24.0


def _ways(at: Mapping[str, Point], pills: Mapping[str, Pill]) -> dict[str, list[list[Point]]]:
    """The arrows that lead to each node, as points."""

    def side(place: str, dx: int, dy: int) -> Point:
        x, y = at[place]
        return x + dx * pills[place].width / 2, y + dy * pills[place].height / 2

    def level(a: str, b: str) -> list[Point]:
        return [side(a, 1, 0), side(b, -1, 0)]

    ways: dict[str, list[list[Point]]] = {place: [] for place in pills}
    ways["f*c"] = [level("c[t-1]", "f*c"), [side("f", 0, -1), side("f*c", 0, 1)]]
    ways["c"] = [level("f*c", "c"), [side("i*g", 0, -1), side("c", 0, 1)]]
    for gate, edge in (("i", -1), ("g", 1)):
        x, y = side(gate, 0, -1)
        ways["i*g"].append([(x, y), (x, at["i*g"][1]), side("i*g", edge, 0)])
    ways["tanh(c)"] = [[side("c", 1, 0), (at["tanh(c)"][0], at["c"][1]), side("tanh(c)", 0, -1)]]
    y = at["h"][1]
    ways["h"] = [[side("tanh(c)", 1, 0), (at["h"][0], at["tanh(c)"][1]), side("h", 0, -1)]]
    ways["h"].append([side("o", 0, -1), (at["o"][0], y), side("h", -1, 0)])
    for place, shift in (("h[t-1]", -7.0), ("x", 7.0)):
        for gate in "figo":
            x, y = at[gate][0] + shift, at[place][1]
            ways[gate].append([(side(place, 1, 0)[0], y), (x, y), (x, side(gate, 0, 1)[1])])
    return ways
