"""What all drawings of models share: what is asked for, colours of kinds, the heading."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ..dialect import counted
from ..svg import Drawing, shorten, text_width
from .facts import Graph, Node, shape_text

__all__ = [
    "HEADING",
    "MARGIN",
    "Asked",
    "begin",
    "connect",
    "fixed_number",
    "hue_of",
    "short_number",
]

MARGIN = 18.0
HEADING = 34.0

# the first that is found in the name of a class or an operation
_HUES = (
    ("input", "grey"),
    ("conv", "orange"),
    ("pool", "pink"),
    ("norm", "green"),
    ("rnn|lstm|gru|bidirectional|timedistributed", "sky"),
    ("attention|transformer|encoder|decoder", "amber"),
    ("embedding|encoding|vectorization", "yellow"),
    ("dense|linear|perceptron", "blue"),
    ("dropout|noise|random", "green"),
)


class Asked(NamedTuple):
    """How a model is to be drawn; the arguments of `network`."""

    shapes: bool = True
    dtype: bool = False
    names: bool = True
    parameters: bool = True
    activations: bool = True
    trainable: bool = False
    expand: bool = False
    rankdir: str = "TB"
    numbers: bool | None = None
    title: str | None = None
    theme: str = "auto"
    direction: str = "ltr"


def hue_of(node: Node) -> str:
    """The colour of a kind of layer."""
    if node.is_model:
        return "grey"
    kind = node.kind.lower()
    return next((hue for words, hue in _HUES if re.search(words, kind)), "grey")


def short_number(number: float, digits: int = 3) -> str:
    """A number in so many significant digits, with a true minus sign."""
    return f"{number:.{digits}g}".replace("-", "−")


def fixed_number(number: float, digits: int) -> str:
    """A number with so many digits after the point, with a true minus sign, and never −0.

    From 10⁹ on it is written with a power of ten.

    Example:
        >>> fixed_number(-0.25, 3), fixed_number(-1e-9, 3)
        ('−0.250', '0.000')
    """
    text = f"{number:.{digits}{'e' if abs(number) >= 1e9 else 'f'}}"
    if text[0] == "-" and not text.strip("-0."):
        text = text[1:]
    return text.replace("-", "−")


def connect(
    picture: Drawing, points: list[tuple[float, float]], bends: int, smooth: str, **look: Any
) -> None:
    """A line of a layout: in S-shaped curves, after as many corners as it has."""
    if bends:
        picture.polyline(points[:bends], corner=8, stroke="line")
        points = points[bends - 1 :]
    picture.arrow(points, smooth=smooth, **look)


def begin(model: Any, graph: Graph, asked: Asked, width: float, height: float) -> Drawing:
    """The paper, with the heading on it; `width` and `height` are those of what comes below."""
    name = model.name if asked.title is None else asked.title
    about = counted(model.count_params(), "parameter") if model.built else "not built"
    need = text_width(name, 15, bold=True) + text_width(about, 12) + 6 if name else 0.0
    width = max(width, min(need, 480.0)) + 2 * MARGIN
    picture = Drawing(
        width,
        height + 2 * MARGIN + (HEADING if name else 0.0),
        f"{type(model).__name__} {name or model.name}",
        _told(graph),
        theme=asked.theme,
        direction=asked.direction,
    )
    if name:
        space = width - 2 * MARGIN - text_width(about, 12) - 6
        # a picture as wide as its name has room for it, whatever the last bit of a sum
        shown = shorten(name, max(space, 60.0) + 0.01, 15, bold=True)
        picture.text(MARGIN, MARGIN + 8, shown, size=15, anchor="start", bold=True)
        after = MARGIN + text_width(shown, 15, bold=True) + 6
        picture.text(after, MARGIN + 9, about, anchor="start", colour="soft")
    return picture


def _told(graph: Graph) -> str:
    """The picture in a sentence."""
    parts = [f"{node.kind} {node.name} {shape_text(node.shapes)}" for node in graph.nodes[:40]]
    more = len(graph.nodes) - len(parts)
    ways = "" if not graph.known else f"; {counted(len(graph.edges), 'connection')}"
    return "; ".join(parts) + (f"; and {more} more" if more else "") + ways
