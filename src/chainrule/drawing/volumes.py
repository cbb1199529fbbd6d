"""A network for images as feature maps: stacks with their sizes, windows, and bars of units.

The pictures of LeNet-5 (LeCun et al., 1998, figure 2: sheets) and of AlexNet (Krizhevsky et al.,
2012, figure 2: blocks), for any chain of layers that goes from images to images or to units.
"""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

from ..svg import Drawing, text_width
from .base import HEADING, MARGIN, Asked, begin, hue_of
from .facts import Graph, Node

__all__ = ["draw_volumes", "fits_volumes", "stages_of"]

_TALLEST = 150.0
_SHEETS = 32  # with more maps than this they are drawn as blocks
_BAR = 16.0
_DOTS = 12  # units that are drawn as circles


class Stage(NamedTuple):
    """Arrays that are drawn, and the layers that make them."""

    shape: tuple[int, ...]  # (height, width, channels) or (units,)
    nodes: list[Node]  # the one that makes this shape, and those that leave it as it is
    hue: str


def stages_of(graph: Graph) -> list[Stage] | None:
    """The stages of a chain for images; None for any other model."""
    if not graph.is_chain:
        return None
    stages: list[Stage] = []
    waiting: list[Node] = []  # Flatten and Reshape stand with the layer that comes after
    for node in _chain(graph):
        if len(node.shapes) != 1 or None in node.shapes[0][1:] or len(node.shapes[0]) not in (2, 4):
            return None
        shape = node.shapes[0][1:]
        if not stages:
            stages.append(Stage(shape, [node], "grey"))
        elif node.kind in ("Flatten", "Reshape") and len(shape) == 1:
            waiting.append(node)
        elif shape == stages[-1].shape and not _makes(node):
            stages[-1].nodes.append(node)
        else:
            stages.append(Stage(shape, [*waiting, node], hue_of(node)))
            waiting = []
    if waiting:
        stages.append(Stage(waiting[-1].shapes[0][1:], waiting, "grey"))
    images = [s for s in stages if len(s.shape) == 3]
    flat = [s for s in stages if len(s.shape) == 1]
    in_order = stages == [*images, *flat]
    return stages if len(images) > 1 and in_order else None


def _chain(graph: Graph) -> list[Node]:
    """The nodes, with those of stacks in the stack in their place."""
    found: list[Node] = []
    for node in graph.nodes:
        if node.inside is not None and node.inside.is_chain:
            found += [n for n in _chain(node.inside) if not n.is_input]
        else:
            found.append(node)
    return found


def _makes(node: Node) -> bool:
    """Does it make new features, even of the same shape?"""
    return bool(re.search("conv|pool|dense", node.kind.lower())) or node.is_model


def fits_volumes(graph: Graph) -> bool:
    """Is it a network for images, short enough for one picture?"""
    stages = stages_of(graph)
    if stages is None or len(stages) > 18:
        return False
    return any(re.search("conv|pool", n.kind.lower()) for s in stages for n in s.nodes)


class _Solid:
    """The size of a stage's shape on paper."""

    def __init__(self, stage: Stage, tallest: int, sheets: bool) -> None:
        shape = stage.shape
        self.flat, self.sheets = len(shape) == 1, sheets
        self.shape, self.hue = shape, stage.hue
        if self.flat:
            units = shape[0]
            self.dots = units <= _DOTS
            self.high = 13.0 * units if self.dots else min(190.0, 34 + 13 * math.log2(units))
            self.width, self.height, self.label = _BAR, self.high, f"{units:,}"
            return
        rows, columns, maps = shape
        scale = _TALLEST / math.sqrt(tallest)
        self.high, self.wide = (max(9.0, scale * math.sqrt(n)) for n in (rows, columns))
        self.label = f"{maps}@{rows}×{columns}" if sheets else f"{rows}×{columns}×{maps}"
        if sheets:
            self.count = min(maps, 16)
            self.step = min(6.0, 42 / max(1, self.count - 1))
            self.width = self.wide + (self.count - 1) * self.step
            self.height = self.high + (self.count - 1) * self.step
        else:
            self.thick = min(90.0, 5 + 2.5 * math.sqrt(maps))
            self.back = 0.36 * self.wide
            self.width, self.height = self.thick + self.back, self.high + self.back

    def paint(self, picture: Drawing, x: float, middle: float) -> None:
        """With its left edge at x, about the middle line."""
        top = middle - self.height / 2
        if self.flat and self.dots:
            for i in range(self.shape[0]):
                picture.circle(
                    x + _BAR / 2, top + 13 * i + 6.5, 5, fill=f"{self.hue}-tint", stroke=self.hue,
                    thick=1.1,
                )  # fmt: skip
        elif self.flat:
            picture.rect(
                x, top, _BAR, self.height, fill=f"{self.hue}-tint", stroke=self.hue, radius=4,
                thick=1.2,
            )  # fmt: skip
        elif self.sheets:
            picture.sheets(x, top, self.wide, self.high, self.count, self.step, self.hue)
        else:
            picture.cuboid(x, top + self.back, self.thick, self.high, self.back, self.hue)

    def face(self, x: float, middle: float, across: float, down: float) -> tuple[float, float]:
        """A place on the face that shows rows and columns: the first sheet, the right side."""
        top = middle - self.height / 2
        if self.sheets:
            shift = (self.count - 1) * self.step
            return x + shift + across * self.wide, top + shift + down * self.high
        return (
            x + self.thick + across * self.back,
            top + self.back * (1 - across) + down * self.high,
        )

    def entry(self, x: float, middle: float) -> tuple[float, float]:
        """Where what a window sees arrives."""
        if self.sheets:
            return self.face(x, middle, 0.3, 0.42)
        return x + 0.5 * self.thick, middle + self.back / 2 - 0.08 * self.high

    def corners(self, x: float, middle: float, left: bool) -> list[tuple[float, float]]:
        """The upper and the lower end of the side that lines to units begin or end at."""
        top, low = middle - self.height / 2, middle + self.height / 2
        if self.flat:
            if self.dots:
                top, low = top + 6.5, low - 6.5
            return [(x + (0 if left else _BAR), y) for y in (top, low)]
        if self.sheets:
            shift = (self.count - 1) * self.step
            return [(x + self.width, top + shift), (x + self.width, low)]
        return [(x + self.width, top), (x + self.width, low - self.back)]


def draw_volumes(model: Any, graph: Graph, stages: list[Stage], asked: Asked) -> Drawing:
    """The drawing of a chain of layers as stacks and bars, from left to right."""
    images = [s.shape for s in stages if len(s.shape) == 3]
    sheets = max(shape[2] for shape in images[1:]) <= _SHEETS
    tallest = max(max(shape[:2]) for shape in images)
    solids = [_Solid(stage, tallest, sheets) for stage in stages]
    words = [_words(stage, asked) if i else [] for i, stage in enumerate(stages)]
    left, width = _places(solids, words)
    height = max(s.height for s in solids)
    lines = max(map(len, words))
    picture = begin(model, graph, asked, width, 26 + height + 18 + 15 * lines)
    top = MARGIN + (0.0 if asked.title == "" else HEADING)
    shift, middle = (picture.width - width) / 2, top + 26 + height / 2
    left = [x + shift for x in left]
    for i, (solid, x) in enumerate(zip(solids, left, strict=True)):
        if i and solid.flat:
            ends = zip(
                solids[i - 1].corners(left[i - 1], middle, False),
                solid.corners(x, middle, True),
                strict=True,
            )
            for start, end in ends:
                picture.line(start, end, stroke="line", thick=0.9)
    for i, (solid, x, stage) in enumerate(zip(solids, left, stages, strict=True)):
        with picture.group(_tip(stage), stage=i):
            solid.paint(picture, x, middle)
        if asked.shapes:
            picture.text(x + solid.width / 2, top + 8, solid.label, size=11.5, bold=True)
    for i in range(1, len(solids)):
        before, solid, x = solids[i - 1], solids[i], left[i]
        if not solid.flat:
            _window(picture, before, left[i - 1], solid, x, middle, stages[i].nodes)
        centre = (left[i - 1] + before.width + x) / 2
        for n, (text, strong) in enumerate(words[i]):
            y = top + 26 + height + 18 + 15 * n
            colour = "ink" if strong else "soft"
            picture.text(centre, y, text, size=11, bold=strong, colour=colour)
    return picture


def _places(solids: list[_Solid], words: list[list[tuple[str, bool]]]) -> tuple[list[float], float]:
    """The left edge of each stage, so that neither blocks nor words touch; and the whole width."""
    labels = [text_width(s.label, 11.5, bold=True) for s in solids]
    below = [max((text_width(t, 11, b) for t, b in w), default=0.0) for w in words]
    left = [max(0.0, (labels[0] - solids[0].width) / 2)]
    centres = [0.0]  # of the words below
    for i in range(1, len(solids)):
        end = left[-1] + solids[i - 1].width
        x = end + (34.0 if not solids[i].flat else 46.0)
        apart = (labels[i] + labels[i - 1]) / 2 + 12
        x = max(x, left[-1] + solids[i - 1].width / 2 + apart - solids[i].width / 2)
        if i > 1:
            least = centres[-1] + (below[i] + below[i - 1]) / 2 + 12
        else:
            least = below[i] / 2
        x = max(x, 2 * least - end)
        centres.append((end + x) / 2)
        left.append(x)
    right = left[-1] + max(solids[-1].width, (labels[-1] + solids[-1].width) / 2)
    return left, max(right, centres[-1] + below[-1] / 2)


def _window(
    picture: Drawing, before: _Solid, x0: float, solid: _Solid, x1: float, middle: float,
    nodes: list[Node],
) -> None:  # fmt: skip
    """What one number of the next map sees: a window, and lines to where it goes."""
    sizes = (_pair(node, "kernel_size", "pool_size") for node in nodes)
    size = next((s for s in sizes if s), None)
    rows, columns = before.shape[:2]
    high, wide = (
        (min(1.0, max(size[0] / rows, 5 / before.high)), min(1.0, max(size[1] / columns, 0.08)))
        if size
        else (1.0, 1.0)
    )
    a, b = max(0.0, min(0.55, 1 - wide)), max(0.0, min(0.3, 1 - high))
    places = [(a, b), (a + wide, b), (a + wide, b + high), (a, b + high)]
    corners = [before.face(x0, middle, u, v) for u, v in places]
    end = solid.entry(x1, middle)
    if size:
        picture.polygon(corners, fill="paper", stroke="ink", thick=1, opacity=0.75)
    for corner in corners[1:3]:
        picture.line(corner, end, stroke="ink", thick=0.8, opacity=0.75)
    picture.circle(*end, 2, fill="ink")


def _pair(node: Node, *names: str) -> tuple[int, int] | None:
    """A size of two from the first attribute that the layer has."""
    for name in names:
        found = getattr(node.layer, name, None)
        if isinstance(found, int):
            return found, found
        if isinstance(found, (tuple, list)) and len(found) == 2:
            return int(found[0]), int(found[1])
    return None


def _words(stage: Stage, asked: Asked) -> list[tuple[str, bool]]:
    """What is written below: the layer in bold, its window, then what else happens."""
    words: list[tuple[str, bool]] = []
    for node in sorted(stage.nodes, key=lambda n: not _makes(n)):
        makes = _makes(node)
        words.append((node.kind if makes else _spoken(node.kind), makes))
        if asked.names and makes and not node.auto_named:
            words.append((node.name, False))
        size, step = _pair(node, "kernel_size", "pool_size"), _pair(node, "strides")
        if size:
            text = f"{size[0]}×{size[1]}"
            if step and step != (1, 1):
                text += (
                    f", step {step[0]}" if step[0] == step[1] else f", steps {step[0]}, {step[1]}"
                )
            words.append((text, False))
        if asked.activations and node.activation:
            if makes:
                words.append((node.activation, False))
            else:
                words[-1] = (node.activation, False)
    return words


def _spoken(kind: str) -> str:
    """The name of a class in words: batch norm for BatchNormalization."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", kind).lower()
    return words.replace("normalization", "norm")


def _tip(stage: Stage) -> str:
    return "; ".join(
        f"{n.kind} {n.name}" + (f", {n.parameters:,} parameters" if n.parameters else "")
        for n in stage.nodes
    )
