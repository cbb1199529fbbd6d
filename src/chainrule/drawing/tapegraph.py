"""A tape as a computational graph: operations are nodes, values lead from one to the next.

Layers are boxes around the calls that ran in them. Each box is laid out by itself; a line that
leads into it, or out of it, passes a place on its border.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..dialect import counted
from ..svg import Drawing, shorten, text_width
from .base import HEADING, MARGIN, connect
from .calls import Box, CallGraph, Tensor, graph_of_tape, tensors_into
from .layered import Edge, arrange

__all__ = ["draw_calls", "draw_tape"]

Point = tuple[float, float]
_LONGEST = 900.0  # of a column
_PAD, _TOP, _BEND = 14.0, 22.0, 26.0  # around a box's inside; for its name; for lines to turn
_ROW = 15.0  # of text
_AUTO_VALUES = 6  # the longest value of a tape whose values are written


class _Line(NamedTuple):
    text: str
    size: float
    bold: bool
    colour: str

    @property
    def width(self) -> float:
        return text_width(self.text, self.size, self.bold)


class _Part:
    """Something with a place: a call, a closed box, or an open one with a level inside."""

    def __init__(self, key: int | Box, lines: list[_Line], below: list[_Line]) -> None:
        self.key, self.lines, self.below = key, [x for x in lines if x.text], below
        self.level: _Level | None = None
        self.node = _ROW * len(self.lines) + 9.0  # how tall the node is, without what is below
        self.height = self.node + (_ROW * len(below) + 3.0 if below else 0.0)
        self.inner = max((x.width for x in self.lines), default=0.0) + 22.0
        self.width = max(self.inner, *(x.width for x in below), 0.0) if below else self.inner


class _Level:
    """The inside of a box, laid out: its parts, and places where lines come in and go out."""

    def __init__(self, graph: CallGraph, box: Box, values: bool) -> None:
        self.parts = [_part(graph, key, values) for key in box.parts]
        where = {}
        for n, part in enumerate(self.parts):
            inside = part.key.calls if isinstance(part.key, Box) else [part.key]
            where |= dict.fromkeys(inside, n)
        self._lead(graph, where)
        first, last = range(len(self.enter)), range(self.count - len(self.leave), self.count)
        sizes = [(8.0, 0.0)] * len(self.enter)
        sizes += [(p.width, p.height) for p in self.parts] + [(8.0, 0.0)] * len(self.leave)
        longest = max([_LONGEST, *(p.height + 60.0 for p in self.parts)])
        self.layout = arrange(
            sizes, self.edges, apart=20, between=26, longest=longest, first=first, last=last
        )
        self.width, self.height = self.layout.width, self.layout.length

    def _lead(self, graph: CallGraph, where: dict[int, int]) -> None:
        """The lines, and the values that come from outside or are used there."""
        pairs: dict[tuple[int, int, Tensor], None] = {}  # −1: outside
        for i in sorted(where):
            for tensor in tensors_into(graph.calls[i]):
                source = where.get(tensor.call, -1)
                if source != where[i]:
                    pairs[source, where[i], tensor] = None
        for tensor, users in graph.uses.items():
            if tensor.call in where and any(u not in where for u in users):
                pairs[where[tensor.call], -1, tensor] = None
        self.enter = list(dict.fromkeys(t for s, _, t in pairs if s < 0))
        self.leave = list(dict.fromkeys(t for _, d, t in pairs if d < 0))
        before, after = len(self.enter), len(self.enter) + len(self.parts)
        self.count = after + len(self.leave)
        ports: dict[int, list[Tensor]] = {}
        self.edges, self.tensors = [], []
        for source, target, tensor in pairs:
            s = self.enter.index(tensor) if source < 0 else before + source
            t = after + self.leave.index(tensor) if target < 0 else before + target
            mine = ports.setdefault(s, [])
            if tensor not in mine:
                mine.append(tensor)
            self.edges.append(Edge(s, t, mine.index(tensor)))
            self.tensors.append(tensor)

    def part(self, number: int) -> _Part | None:
        """The part that a box of the layout is; None for a place on the border."""
        n = number - len(self.enter)
        return self.parts[n] if 0 <= n < len(self.parts) else None

    def at(self, tensor: Tensor, entering: bool) -> Point:
        """Where a line comes in or goes out, in the level's own places."""
        names = self.enter if entering else self.leave
        number = names.index(tensor) + (0 if entering else self.count - len(self.leave))
        u, v = self.layout.boxes[number]
        return u + 4.0, v


def _part(graph: CallGraph, key: int | Box, values: bool) -> _Part:
    if not isinstance(key, Box):
        call = graph.calls[key]
        below = [_Line(graph.value(key, values), 10, False, "ink")]
        below.append(_Line(graph.gradient(key, values), 10, False, "soft"))
        lines = [_Line(graph.title(key), 12, True, "ink")]
        if call.operation is None:  # a value that nothing here has made is a node itself
            return _Part(key, lines + below, [])
        lines.append(_Line(graph.arguments(key), 10, False, "soft"))
        return _Part(key, lines, [x for x in below if x.text])
    if not key.open:
        count = sum(graph.calls[i].operation is not None for i in key.calls)
        lines = [_Line(key.name, 12, True, "ink")]
        return _Part(key, [*lines, _Line(counted(count, "operation"), 10, False, "soft")], [])
    part = _Part(key, [], [])
    part.level = level = _Level(graph, key, values)
    spread = 12.0 * max(len(level.enter) - 1, 0)  # at most, to one side of the middle
    name = min(text_width(key.name, 11, bold=True), 200.0)
    part.width = max(level.width + 2 * _PAD, 2 * (name + spread + 2 * _PAD))
    part.height = level.height + _TOP + 2 * _BEND
    return part


class _Painter:
    """The levels on paper, one inside the other."""

    def __init__(self, picture: Drawing, graph: CallGraph) -> None:
        self.picture, self.graph = picture, graph

    def level(self, level: _Level, x: float, y: float) -> None:
        """A level whose corner is at (x, y): boxes, then lines, then nodes."""
        layout = level.layout
        places = [(x + u, y + v) for u, v in layout.boxes]
        inside = []
        for number, corner in enumerate(places):
            part = level.part(number)
            if part is not None and part.level is not None:
                self._frame(part, *corner)
                left = corner[0] + (part.width - part.level.width) / 2
                inside.append((number, part.level, left, corner[1] + _TOP + _BEND))
        turned: set[tuple[int, Tensor, bool]] = set()
        for edge, tensor, way, bends in zip(
            level.edges, level.tensors, layout.ways, layout.bends, strict=True
        ):
            points = [(x + u, y + v) for u, v in way]
            target = level.part(edge.target)
            head = target is not None and target.level is None
            with self.picture.group(source=tensor.call, target=_key(target)):
                connect(self.picture, points, bends, "y", head=head)
            for number, inner, left, top in inside:
                for end, entering in ((edge.target, True), (edge.source, False)):
                    if end == number and (number, tensor, entering) not in turned:
                        turned.add((number, tensor, entering))
                        u, v = inner.at(tensor, entering)
                        border = points[-1] if entering else points[0]
                        self._turn(border, (left + u, top + v), entering)
        for number, corner in enumerate(places):
            part = level.part(number)
            if part is not None and part.level is None:
                self._node(part, *corner)
        for _, inner, left, top in inside:
            self.level(inner, left, top)

    def _turn(self, border: Point, place: Point, entering: bool) -> None:
        """From a place on the border of a box to the line inside, or out again."""
        (x, y), (u, v) = border, place
        if entering:
            points = [(x, y), (x, y + _TOP), (u, y + _TOP + _BEND - 2), (u, v)]
        else:
            points = [(u, v), (u, y - _BEND + 2), (x, y - 2), (x, y)]
        self.picture.arrow(points, smooth="y", head=False)

    def _frame(self, part: _Part, x: float, y: float) -> None:
        self.picture.rect(
            x, y, part.width, part.height, radius=9, fill="paper", stroke="line", thick=1.1,
            dashed=True,
        )  # fmt: skip
        if isinstance(part.key, Box) and part.level is not None:
            spread = 12.0 * max(len(part.level.enter) - 1, 0)
            name = shorten(part.key.name, part.width / 2 - spread - 2 * _PAD + 1, 11, bold=True)
            self.picture.text(x + 10, y + 12, name, size=11, anchor="start", bold=True)

    def _node(self, part: _Part, x: float, y: float) -> None:
        middle, picture, key = x + part.width / 2, self.picture, part.key
        place = f"call[{key}]" if isinstance(key, int) else key.place
        with picture.at(place):
            hue, radius = self._look(key, part.node)
            picture.rect(
                middle - part.inner / 2, y, part.inner, part.node, radius=radius,
                fill=f"{hue}-tint", stroke=hue, thick=1.3,
            )  # fmt: skip
            row = y + 4.5 + _ROW / 2
            for line in part.lines:
                self._line(line, middle, row)
                row += _ROW
            row = y + part.node + 2 + _ROW / 2
            for line in part.below:
                self._line(line, middle, row)
                row += _ROW

    def _line(self, line: _Line, x: float, y: float) -> None:
        self.picture.text(x, y, line.text, size=line.size, bold=line.bold, colour=line.colour)

    def _look(self, key: int | Box, height: float) -> tuple[str, float]:
        """Hue and corners: operations are round, values that come from outside are not."""
        if isinstance(key, Box):
            return "grey", 9.0
        if key == self.graph.loss:
            return "pink", height / 2
        call = self.graph.calls[key]
        if call.operation is not None:
            return "blue", height / 2
        source = self.graph.tape.sources.get(key)
        return ("amber" if hasattr(source, "assign") else "green"), 3.0


def _key(part: _Part | None) -> str:
    if part is None:
        return ""
    return part.key.place if isinstance(part.key, Box) else str(part.key)


def draw_tape(
    tape: Any,
    loss: Any = None,
    *,
    depth: int | None = None,
    values: bool | None = None,
    names: Mapping[Any, str] | None = None,
    title: str = "",
    theme: str = "auto",
    direction: str = "ltr",
) -> Drawing:
    """The drawing of a tape; see `Tape.diagram`."""
    graph = graph_of_tape(tape, loss, depth, names or {})
    sizes = (getattr(r, "size", 1) for c in graph.calls.values() for r in c.results)
    few = max(sizes) <= _AUTO_VALUES
    return draw_calls(
        graph, few if values is None else values, title=title, theme=theme, direction=direction
    )


def draw_calls(
    graph: CallGraph, values: bool, *, title: str = "", theme: str = "auto", direction: str = "ltr"
) -> Drawing:
    """The drawing of calls that are known: of a tape, or of a graph that a session runs."""
    level = _Level(graph, graph.top, values)
    operations = sum(c.operation is not None for c in graph.calls.values())
    told = (
        f"{counted(operations, 'operation')} on {counted(len(graph.calls) - operations, 'input')}"
    )
    head = HEADING if title else 0.0
    across = max(level.width, text_width(title, 15, bold=True))
    picture = Drawing(
        across + 2 * MARGIN, level.height + 2 * MARGIN + head, title or "computational graph", told,
        theme=theme, direction=direction,
    )  # fmt: skip
    if title:
        picture.text(MARGIN, MARGIN + 8, title, size=15, anchor="start", bold=True)
    painter = _Painter(picture, graph)
    painter.level(level, MARGIN + (across - level.width) / 2, MARGIN + head)
    return picture
