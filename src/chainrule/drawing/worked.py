"""A dense network with numbers: each unit, each weight and each bias with its name and its value.

Values flow from left to right. Before each unit stands a list of what comes in: one row for each
weight, in which its line ends, so that no line ever crosses a number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..errors import choose
from ..svg import Drawing, text_width
from .base import HEADING, MARGIN
from .nodes import Pill, Texts, Written
from .places import (
    Units,
    bias_place,
    biases_of,
    check_columns,
    downstream,
    places_of,
    unit_place,
    weight_place,
)

__all__ = ["draw_worked"]

Point = tuple[float, float]
_SIZES = (17.0, 16.0, 15.0, 14.0, 13.0, 12.0)  # of text, in pixels: the largest that fits
_HUES = {"forward": "blue", "backward": "orange"}


# --- lists ----------------------------------------------------------------------------------


class _Rows:
    """The list before the units of a column: names at the left, numbers in columns after them."""

    def __init__(
        self, texts: Texts, before: int, column: Units, size: float, stacked: bool
    ) -> None:
        self.size, self.column, self.before, self.stacked = size, column, before, stacked
        self.count = before + (column.bias != "none")
        places = [weight_place(column, i, j) for j in range(column.count) for i in range(before)]
        if column.bias == "own":
            places += [bias_place(column, j) for j in range(column.count)]
        names = max((text_width(texts.name(p), size) for p in places), default=0.0)
        cells: list[float] = []
        for place in places:
            for i, (_, text) in enumerate(texts.cells(place)):
                cells += [0.0] * (i + 1 - len(cells))
                cells[i] = max(cells[i], text_width(text, size))
        self.ends: list[float] = []  # of the numbers, from the left
        right = 0.0 if stacked else names
        for wide in cells:
            right += wide + (0.6 * size if right else 0.0)
            self.ends.append(right)
        self.written = max(right, names) > 0
        self.lead = 2.0 * size if column.bias == "own" else 0.35 * size  # room for a bias's circle
        right = max(right, names)
        self.width = self.lead + right + (0.4 * size if self.written else 0.0)
        self.step = ((2.7 if stacked else 1.5) if self.written else 0.8) * size

    def paint(
        self, picture: Drawing, texts: Texts, place: str, x: float, y: float, off: bool
    ) -> None:
        """The name and the numbers of one row; `x` is where the list begins."""
        x += self.lead
        up = 0.58 * self.size if self.stacked else 0.0
        picture.text(x, y - up, texts.name(place), size=self.size, anchor="start", colour="soft")
        for (key, text), end in zip(texts.cells(place), self.ends, strict=False):
            with picture.group(value=key):
                colour = "soft" if off else "ink"
                picture.text(x + end, y + up, text, size=self.size, anchor="end", colour=colour)


# --- where everything is ------------------------------------------------------------------------


class _Plan:
    """Places on paper for one size of text; (0, 0) is the corner below the title.

    Where there is room up to `height` it is used. `stacked` lists have names above numbers.
    """

    def __init__(
        self, columns: Sequence[Units], texts: Texts, size: float, height: float, stacked: bool
    ) -> None:
        self.columns, self.texts, self.size = columns, texts, size
        count = len(columns)
        self.boxes, self.rows, self.biases = [], [], []
        for c, column in enumerate(columns):
            places = [unit_place(column, i) for i in range(column.count)]
            after = columns[c + 1] if c + 1 < count else None
            box, bias = Pill(texts, places, size), None
            if after is not None and after.bias == "shared":
                bias = Pill(texts, [bias_place(after, 0)], size)
                box.width = bias.width = max(box.width, bias.width)
            self.boxes.append(box)
            self.biases.append(bias)
            self.rows.append(_Rows(texts, columns[c - 1].count if c else 0, column, size, stacked))
        targets = [f"target[{j}]" for j in range(columns[-1].count)]
        # all or none: beside one alone the lines of the others to the loss would run through it
        self.targets = targets if any(t in texts.given for t in targets) else []
        self.target = Pill(texts, self.targets, size) if self.targets else None
        self.loss = Pill(texts, ["loss"], size) if "loss" in texts.given else None
        self.head = 2.2 * size if any(c.title for c in columns) else 0.0
        self._across(height)
        self._along(count)

    def _along(self, count: int) -> None:
        """The middle of each column, and where the list before it begins."""
        size, x = self.size, 0.0
        titles = [text_width(c.title, self.size, bold=True) for c in self.columns]
        self.x, self.list, self.target_x, self.loss_x = [], [], 0.0, 0.0
        for c in range(count):
            half = max(self.boxes[c].width, titles[c]) / 2
            if c:
                tall = max(self.y[c][-1] - self.y[c][0], self.y[c - 1][-1] - self.y[c - 1][0])
                fan = max(4.2 * size, 0.2 * tall)
                x = self.x[-1] + self.boxes[c - 1].width / 2 + fan
                self.list.append(x)
                x += self.rows[c].width + 2.2 * size + self.boxes[c].width / 2
                x = max(x, self.x[-1] + (titles[c - 1] + titles[c]) / 2 + size)
                self.list[-1] = x - self.boxes[c].width / 2 - 2.2 * size - self.rows[c].width
            else:
                x = half
                self.list.append(0.0)
            self.x.append(x)
        self.right = x + max(self.boxes[-1].width, titles[-1]) / 2
        end = x + self.boxes[-1].width / 2
        if self.target is not None:
            self.target_x = end + 2.6 * size + self.target.width / 2
            end = self.target_x + self.target.width / 2
        if self.loss is not None:
            fan = max(3.0 * size, 0.2 * (self.y[-1][-1] - self.y[-1][0]))
            self.loss_x = end + fan + self.loss.width / 2
            end = self.loss_x + self.loss.width / 2
        self.right = max(self.right, end)

    def _across(self, height: float) -> None:
        """The middle of each unit, and of the bias below those of a column."""
        size, spans = self.size, []
        for c, column in enumerate(self.columns):
            tall = max(self.boxes[c].height, self.rows[c].count * self.rows[c].step)
            if self.target is not None and c == len(self.columns) - 1:
                tall = max(tall, self.target.height)
            after = self.columns[c + 1] if c + 1 < len(self.columns) else None
            shared = after is not None and after.bias == "shared"
            spans.append((tall + 1.1 * size, column.count + shared))
        whole = max(step * n for step, n in spans)
        loose = max(1.0, min(1.5, (height - self.head) / whole))  # where there is room
        spans = [(loose * step, n) for step, n in spans]
        whole *= loose
        if self.loss is not None:
            whole = max(whole, self.loss.height + size)
        self.middle = self.head + whole / 2
        self.low = self.head + whole
        self.y: list[list[float]] = []
        for step, n in spans:
            step = max(step, min(0.8 * whole / n, 2.2 * step))  # short columns spread a little
            self.y.append([self.middle + (i - (n - 1) / 2) * step for i in range(n)])

    def move(self, right: float, down: float) -> None:
        """To its place on the paper."""
        self.x, self.list = [x + right for x in self.x], [x + right for x in self.list]
        self.y = [[y + down for y in column] for column in self.y]
        self.top, self.middle = down, self.middle + down
        self.target_x, self.loss_x = self.target_x + right, self.loss_x + right

    def row(self, c: int, dest: int, number: int) -> float:
        """The height of a row in the list before a unit."""
        rows = self.rows[c]
        return self.y[c][dest] + (number - (rows.count - 1) / 2) * rows.step

    def leave(self, c: int, unit: int, goal: Point) -> Point:
        """Where a line to the goal begins, at a node or the bias below the nodes."""
        bias = self.biases[c] if unit == self.columns[c].count else None
        return (bias or self.boxes[c]).toward(self.x[c], self.y[c][unit], goal)

    def arrive(self, c: int, unit: int, start: Point) -> Point:
        """Where a line from a row arrives: level with it, if the rows are few."""
        box, x, y = self.boxes[c], self.x[c], self.y[c][unit]
        if (self.rows[c].count - 1) * self.rows[c].step <= 0.75 * box.height:
            return box.level(x, y, start[1], -1)
        return box.toward(x, y, start, limit=62.0)


# --- painting -----------------------------------------------------------------------------------


class _Painter:
    """A plan on paper, in one wave and with one path lit."""

    def __init__(self, picture: Drawing, plan: _Plan, wave: str, path: str | None) -> None:
        self.picture, self.plan, self.back = picture, plan, wave == "backward"
        self.hue = _HUES[wave]
        self.lit = None if path is None else downstream(plan.columns, path)

    def off(self, place: str) -> bool:
        return self.lit is not None and place not in self.lit

    def wire(self, place: str, *parts: list[Point]) -> None:
        """The line of a place in one or two parts, its head where the wave arrives."""
        off = self.off(place)
        colour = "faint" if off else self.hue
        thick = (1.0 if off else 2.4) if self.lit is not None else 1.4
        thick *= self.plan.size / 14
        for points in parts:  # unseen and wide, for those who click
            self.picture.polyline(points, stroke=colour, thick=12, opacity=0)
        first, last = parts[0], parts[-1]
        if self.back:
            self.picture.arrow(first[::-1], colour=colour, thick=thick)
        else:
            self.picture.arrow(last, colour=colour, thick=thick)
        if len(parts) > 1:
            self.picture.polyline(last if self.back else first, stroke=colour, thick=thick)

    def weights(self, c: int) -> None:
        """The lines to a column, each with its row; those that are lit on top."""
        plan, column = self.plan, self.plan.columns[c]
        before = plan.columns[c - 1].count
        pairs = [(i, j) for j in range(column.count) for i in range(before)]
        pairs.sort(key=lambda pair: not self.off(weight_place(column, *pair)))
        for i, j in pairs:
            place = weight_place(column, i, j)
            with self.picture.at(place, place):
                self._incoming(c, place, i, i, j)
        for number in range(biases_of(column)):
            place = bias_place(column, number)
            with self.picture.at(place, place):
                if column.bias == "own":
                    self._own_bias(c, place, number)
                    continue
                for j in range(column.count):
                    self._incoming(c, place, before, before, j)
                y, box = plan.y[c - 1][before], plan.biases[c - 1]
                if box is not None:
                    self.node(box, place, plan.x[c - 1], y, "amber")

    def _incoming(self, c: int, place: str, source: int, number: int, dest: int) -> None:
        """A line from a node of the column before, through its row, to a unit."""
        plan = self.plan
        start = plan.leave(c - 1, source, (plan.list[c], plan.row(c, dest, number)))
        self.wire(place, *self._through(c, place, start, number, dest))

    def _through(
        self, c: int, place: str, start: Point, number: int, dest: int
    ) -> tuple[list[Point], ...]:
        plan, rows = self.plan, self.plan.rows[c]
        y, x = plan.row(c, dest, number), plan.list[c]
        end = plan.arrive(c, dest, (x + rows.width, y))
        written = place in plan.texts.given and number < rows.count and rows.written
        if written and not (rows.column.bias == "shared" and number == rows.before):
            rows.paint(self.picture, plan.texts, place, x, y, self.off(place))
            gap = 0.3 * plan.size
            return [start, (x, y), (x + rows.lead - gap, y)], [(x + rows.width, y), end]
        return [start, (x, y)], [(x, y), (x + rows.width, y), end]

    def _own_bias(self, c: int, place: str, dest: int) -> None:
        """The circle of a bias unit at the beginning of its row."""
        plan, number = self.plan, self.plan.columns[c - 1].count
        x, y, radius = plan.list[c] + 0.55 * plan.size, plan.row(c, dest, number), 0.5 * plan.size
        start = (x + radius, y)
        parts = self._through(c, place, start, number, dest)
        self.wire(place, [start, parts[0][-1]], parts[1])
        off = self.off(place)
        look = {"fill": "paper" if off else "amber-tint", "stroke": "faint" if off else "amber"}
        self.picture.circle(x, y, radius, **look)

    def node(self, box: Pill, place: str, x: float, y: float, hue: str) -> None:
        box.paint(self.picture, self.plan.texts, place, x, y, hue, self.off(place))

    def units(self, c: int) -> None:
        """The nodes of a column."""
        plan, column = self.plan, self.plan.columns[c]
        if column.title:
            self.picture.text(
                plan.x[c], plan.top + plan.size, column.title, size=plan.size, bold=True
            )
        for i in range(column.count):
            place = unit_place(column, i)
            with self.picture.at(place, place):
                self.node(plan.boxes[c], place, plan.x[c], plan.y[c][i], self.hue if c else "grey")

    def end(self) -> None:
        """Targets and the loss."""
        plan, last = self.plan, len(self.plan.columns) - 1
        for j in range(plan.columns[last].count):
            place, y = f"target[{j}]", plan.y[last][j]
            start = plan.boxes[last].level(plan.x[last], y, y, 1)
            if place in plan.targets and plan.target is not None:
                half = plan.target.width / 2
                with self.picture.at(place, place):
                    self.wire(place, [start, (plan.target_x - half, y)])
                    self._to_loss(place, (plan.target_x + half, y))
                    self.node(plan.target, place, plan.target_x, y, "green")
            else:
                with self.picture.group():
                    self._to_loss("loss", start)
        if plan.loss is not None:
            with self.picture.at("loss", "loss"):
                self.node(plan.loss, "loss", plan.loss_x, plan.middle, "pink")

    def _to_loss(self, place: str, start: Point) -> None:
        plan = self.plan
        if plan.loss is not None:
            self.wire(place, [start, plan.loss.toward(plan.loss_x, plan.middle, start, 62.0)])


# --- the drawing --------------------------------------------------------------------------------


def _fitting(columns: Sequence[Units], texts: Texts, width: float, height: float) -> _Plan:
    """The plan with the largest text that fits; the narrowest if none does."""
    looks = [(s, room, False) for s in _SIZES for room in (height, 0.0)]
    looks += [(s, 0.0, True) for s in _SIZES[-2:]]
    plans = []
    for size, room, stacked in looks:
        plans.append(_Plan(columns, texts, size, room, stacked))
        if plans[-1].right <= width and plans[-1].low <= height + 1:
            return plans[-1]
    return min(plans, key=lambda plan: (plan.low > 1.5 * height, plan.right))


def draw_worked(
    columns: Sequence[Units],
    names: Mapping[str, str] | None = None,
    values: Mapping[str, Written] | None = None,
    *,
    wave: str = "forward",
    path: str | None = None,
    title: str = "",
    width: float = 1240,
    height: float = 640,
    theme: str = "auto",
    direction: str = "ltr",
) -> Drawing:
    """The drawing of a dense network from what is written at each place; see `worked_network`."""
    check_columns(columns)
    if wave not in _HUES:
        raise choose("wave", wave, tuple(_HUES), where="worked_network")
    texts = Texts(places_of(columns), names or {}, values or {}, "worked_network", path)
    head = HEADING if title else 0.0
    height -= 2 * MARGIN + head
    plan = _fitting(columns, texts, width - 2 * MARGIN, height)
    sizes = "-".join(str(c.count) for c in columns)
    across = max(plan.right, text_width(title, 15, bold=True))
    picture = Drawing(
        across + 2 * MARGIN, plan.low + 2 * MARGIN + head, title or sizes, f"{sizes}, {wave}",
        theme=theme, direction=direction,
    )  # fmt: skip
    if title:
        picture.text(MARGIN, MARGIN + 8, title, size=15, anchor="start", bold=True)
    plan.move(MARGIN + (across - plan.right) / 2, MARGIN + head)
    painter = _Painter(picture, plan, wave, path)
    for c in range(1, len(columns)):
        painter.weights(c)
    painter.end()
    for c in range(len(columns)):
        painter.units(c)
    return picture
