"""A model as boxes: each layer with its name, what it makes and its parameters, and arrows."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from ..dialect import counted
from ..svg import Drawing, shorten, text_width
from .base import HEADING, MARGIN, Asked, begin, connect, hue_of
from .facts import Graph, Node, shape_text
from .layered import Edge, Layout, arrange

__all__ = ["draw_blocks"]

_WIDEST = 260.0  # of a box without a graph inside
_PAD = 12.0
_INSIDE = 16.0  # around the graph in a box
_LONGEST = {"TB": 860.0, "LR": 1250.0}


class _Line(NamedTuple):
    text: str
    size: float = 11
    bold: bool = False
    colour: str = "soft"

    @property
    def width(self) -> float:
        return text_width(self.text, self.size, self.bold)

    @property
    def height(self) -> float:
        return 1.45 * self.size


class _Box:
    """A node with its lines, its size, and where the graph in it is."""

    def __init__(self, node: Node, asked: Asked) -> None:
        self.node, self.lines = node, _lines(node, asked)
        self.inner = _Placed(node.inside, asked) if node.inside is not None else None
        need = max(line.width for line in self.lines) + 2 * _PAD
        self.width = min(max(need, 84.0 if node.layer is not None else 56.0), _WIDEST)
        self.height = self.head = sum(line.height for line in self.lines) + 2 * 8
        if self.inner is not None:
            self.width = max(self.width, self.inner.width + 2 * _INSIDE)
            self.height += self.inner.height + _INSIDE


class _Placed:
    """A graph with a place for each of its boxes."""

    def __init__(self, graph: Graph, asked: Asked) -> None:
        self.graph, self.level = graph, asked.rankdir == "LR"
        self.boxes = [_Box(node, asked) for node in graph.nodes]
        plain = [b for b in self.boxes if b.inner is None and b.node.layer is not None]
        widest = max((b.width for b in plain), default=0.0)
        for box in plain:  # layers alike: the eye finds the lines of text where it expects them
            box.width = widest
        sizes = [(b.height, b.width) if self.level else (b.width, b.height) for b in self.boxes]
        # layers of which nobody knows what leads to what stand below each other, without arrows
        column = [Edge(i, i + 1) for i in range(len(sizes) - 1)]
        self.layout: Layout = arrange(
            sizes, graph.edges if graph.known else column,
            apart=28, between=34, longest=_LONGEST[asked.rankdir],
        )  # fmt: skip
        size = (self.layout.width, self.layout.length)
        self.width, self.height = size[::-1] if self.level else size

    def place(self, point: tuple[float, float], x: float, y: float) -> tuple[float, float]:
        """(across, along) as (x, y)."""
        a, b = point[::-1] if self.level else point
        return x + a, y + b


def draw_blocks(model: Any, graph: Graph, asked: Asked) -> Drawing:
    """The drawing of a model as boxes and arrows."""
    placed = _Placed(graph, asked)
    picture = begin(model, graph, asked, placed.width, placed.height)
    top = MARGIN + (0.0 if asked.title == "" else HEADING)
    left = (picture.width - placed.width) / 2
    _paint(picture, placed, left, top)
    return picture


def _paint(picture: Drawing, placed: _Placed, x: float, y: float) -> None:
    keys = _keys(placed.graph.nodes)
    if placed.graph.known:
        smooth = "x" if placed.level else "y"
        for edge, way, bends in zip(
            placed.graph.edges, placed.layout.ways, placed.layout.bends, strict=True
        ):
            points = [placed.place(p, x, y) for p in way]
            with picture.group(source=keys[edge.source], target=keys[edge.target]):
                connect(picture, points, bends, smooth)
    for number, (box, corner) in enumerate(zip(placed.boxes, placed.layout.boxes, strict=True)):
        left, top = placed.place(corner, x, y)
        with picture.group(_tip(box.node), node=keys[number]):
            _paint_box(picture, box, left, top)


def _paint_box(picture: Drawing, box: _Box, x: float, y: float) -> None:
    hue, framed = hue_of(box.node), box.inner is not None
    operation = box.node.layer is None
    picture.rect(
        x, y, box.width, box.height, radius=box.height / 2 if operation else 7,
        fill="paper" if framed else f"{hue}-tint", stroke=hue, thick=1.3,
        dashed=framed or box.node.use[0] > 1,
    )  # fmt: skip
    middle, line_y = x + box.width / 2, y + 8
    for line in box.lines:
        shown = shorten(line.text, box.width - 2 * _PAD + 2, line.size, line.bold)
        picture.text(
            middle, line_y + line.height / 2, shown,
            size=line.size, bold=line.bold, colour=line.colour,
        )  # fmt: skip
        line_y += line.height
    if box.inner is not None:
        left = x + (box.width - box.inner.width) / 2
        _paint(picture, box.inner, left, y + box.head)


def _lines(node: Node, asked: Asked) -> list[_Line]:
    """What is written in a box."""
    title = node.kind
    if asked.activations and node.activation:
        title += f" · {node.activation}"
    lines = [_Line(title, 13 if node.layer is not None else 12, node.layer is not None, "ink")]
    which, uses = node.use
    if asked.names and node.name and not (node.is_input and node.auto_named):
        lines.append(_Line(node.name + (f" (use {which} of {uses})" if uses > 1 else "")))
    elif uses > 1:
        lines.append(_Line(f"use {which} of {uses}"))
    about = []
    if asked.shapes and node.shapes:
        about.append(shape_text(node.shapes))
    if asked.dtype and node.layer is not None:
        about.append(str(node.layer.dtype))
    if about:
        lines.append(_Line(" · ".join(about), colour="ink"))
    if asked.parameters and node.layer is not None and not node.is_input:
        if node.parameters is None:
            lines.append(_Line("not built"))
        elif which > 1:
            lines.append(_Line("the same weights"))
        elif node.parameters:
            lines.append(_Line(counted(node.parameters, "parameter")))
    if asked.trainable and node.layer is not None and node.parameters:
        lines.append(_Line("trainable" if node.layer.trainable else "not trainable"))
    return lines


def _tip(node: Node) -> str:
    """All that is known of a node, for the tooltip."""
    words = [node.kind, node.name, node.activation, shape_text(node.shapes)]
    if node.parameters:
        words.append(counted(node.parameters, "parameter"))
    return " · ".join(word for word in words if word)


def _keys(nodes: list[Node]) -> list[str]:
    """A name for each box that no other box of its graph has."""
    bases = [node.name or node.kind for node in nodes]
    many, met, keys = Counter(bases), Counter(), []
    for base in bases:
        keys.append(f"{base}:{met[base]}" if many[base] > 1 else base)
        met[base] += 1
    return keys
