"""A small network as units and weights: circles, and lines whose colour and width are numbers."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np

from ..svg import Drawing, text_width
from .base import HEADING, MARGIN, Asked, begin, short_number
from .facts import Graph, Node

__all__ = ["columns_of", "draw_neurons", "fits_neurons"]

_SHOWN = 16  # circles in a column; of a longer one the first and the last are drawn
_RADIUS = 14.0
_FEW_WEIGHTS = 24  # that are written as numbers unless somebody says otherwise
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_DENSE = ("Dense", "SharedBiasDense")
# layers that do not change which unit is which
_PASSING = ("Activation", "Dropout", "Flatten", "Softmax", "ReLU", "LeakyReLU", "ELU", "Identity")


class Column(NamedTuple):
    """Units side by side: how many, what is written above, and what leads to them."""

    units: int
    title: str
    name: str
    kernel: np.ndarray | None  # (units before, units)
    bias: np.ndarray | None


def columns_of(graph: Graph) -> list[Column] | None:
    """The columns of a stack of dense layers; None for any other model."""
    if not graph.is_chain:
        return None
    columns: list[Column] = []
    for node in graph.nodes:
        kernel = getattr(node.layer, "kernel", None)
        shape = node.shapes[0] if len(node.shapes) == 1 else ()
        if node.is_input and not columns and len(shape) == 2 and shape[1]:
            columns.append(Column(shape[1], "Input", _own_name(node), None, None))
        elif not columns:
            return None
        elif node.kind in _DENSE and kernel is not None and len(shape) == 2:
            bias = getattr(node.layer, "bias", None)
            if bias is not None:  # one number for all units, or one for each
                bias = np.broadcast_to(np.asarray(bias, float), shape[1:])
            title, name = _title(node), _own_name(node)
            columns.append(Column(shape[1], title, name, np.asarray(kernel, float), bias))
        elif node.kind in _PASSING and len(shape) == 2:
            last = columns[-1]
            extra = node.activation or node.kind
            columns[-1] = last._replace(title=f"{last.title} · {extra}")
        else:
            return None
    return columns if len(columns) > 1 else None


def fits_neurons(graph: Graph) -> bool:
    """Is every unit and every weight to be seen on a slide?"""
    columns = columns_of(graph)
    return columns is not None and (max(c.units for c in columns) <= _SHOWN and len(columns) <= 8)


def _title(node: Node) -> str:
    return f"Dense · {node.activation}" if node.activation else "Dense"


def _own_name(node: Node) -> str:
    return "" if node.auto_named else node.name


class _Plan:
    """Where the circles are."""

    def __init__(self, columns: list[Column], asked: Asked) -> None:
        weights = sum(c.kernel.size for c in columns if c.kernel is not None)
        self.numbers = weights <= _FEW_WEIGHTS if asked.numbers is None else asked.numbers
        self.shown = [_shown(c.units) for c in columns]
        most = max(map(len, self.shown))
        fan = max(len(s) for s in self.shown[1:])  # lines that leave one circle
        # each number stands on its line, near where the line begins: there lines fan out
        # (those of one circle take fan·share of a pitch, and their middles stand 1 − share apart)
        self.share = min(0.3, 0.8 / (fan + 0.8))
        self.pitch = (
            max(62.0, 14.2 / self.share) if self.numbers else (40.0 if most <= 10 else 34.0)
        )
        step = max(150.0, 46 / self.share) if self.numbers else 150.0
        self.notes = [_note(c, s, asked) for c, s in zip(columns, self.shown, strict=True)]
        heads = [
            max(text_width(c.title, 12, bold=True), text_width(note, 11))
            for c, note in zip(columns, self.notes, strict=True)
        ]
        self.x = [heads[0] / 2]
        for a, b in itertools.pairwise(heads):
            self.x.append(self.x[-1] + max(step, (a + b) / 2 + 16))
        self.width = self.x[-1] + heads[-1] / 2
        self.top = 44.0
        self.height = self.top + most * self.pitch + 24
        self.middle = self.top + most * self.pitch / 2

    def y(self, column: int, slot: int) -> float:
        return self.middle + (slot - (len(self.shown[column]) - 1) / 2) * self.pitch


def _note(column: Column, shown: list[int | None], asked: Asked) -> str:
    """Below the title: a name that somebody chose, and the units where not all are drawn."""
    words = [column.name] if asked.names else []
    if None in shown:
        words.append(f"{column.units:,} units")
    return " · ".join(w for w in words if w)


def _shown(units: int) -> list[int | None]:
    """The numbers of the units that are drawn; None for the dots between."""
    if units <= _SHOWN:
        return list(range(units))
    half = 5
    return [*range(half), None, *range(units - half, units)]


def draw_neurons(model: Any, graph: Graph, columns: list[Column], asked: Asked) -> Drawing:
    """The drawing of a stack of dense layers as circles and lines."""
    plan = _Plan(columns, asked)
    picture = begin(model, graph, asked, plan.width, plan.height)
    left = (picture.width - plan.width) / 2
    top = MARGIN + (0.0 if asked.title == "" else HEADING)
    kernels = [c.kernel for c in columns if c.kernel is not None]
    largest = max((float(np.abs(k).max(initial=0.0)) for k in kernels), default=0.0)
    for number in range(1, len(columns)):
        _weights(picture, plan, columns, number, left, top, largest or 1.0)
    for number, column in enumerate(columns):
        _units(picture, plan, columns, number, left + plan.x[number], top)
        picture.text(left + plan.x[number], top + 8, column.title, bold=True)
        picture.text(
            left + plan.x[number], top + 24, plan.notes[number], size=11, colour="soft"
        )  # fmt: skip
    _legend(picture, top + plan.height - 8)
    return picture


def _weights(
    picture: Drawing, plan: _Plan, columns: list[Column], number: int, left: float, top: float,
    largest: float,
) -> None:  # fmt: skip
    """The lines to one column: thinner ones first, so that the strong ones are seen."""
    kernel = columns[number].kernel
    if kernel is None:
        return
    x0, x1 = left + plan.x[number - 1], left + plan.x[number]
    pairs = [
        (abs(float(kernel[i, j])), a, i, b, j)
        for a, i in enumerate(plan.shown[number - 1])
        for b, j in enumerate(plan.shown[number])
        if i is not None and j is not None
    ]
    texts: list[tuple[float, float, str]] = []
    for size, a, i, b, j in sorted(pairs):
        start, end = (x0, top + plan.y(number - 1, a)), (x1, top + plan.y(number, b))
        w = float(kernel[i, j])
        hue = "blue" if w >= 0 else "orange"
        finite = np.isfinite(w)
        with picture.group(f"weight {i + 1} → {j + 1}: {w:.6g}", source=i, target=j):
            picture.line(
                start, end, stroke=hue if finite else "pink", dashed=not finite,
                thick=0.5 + 3 * size / largest if finite and np.isfinite(largest) else 1.0,
                opacity=0.85,
            )  # fmt: skip
        if plan.numbers:
            share = plan.share
            texts.append((
                start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]),
                short_number(w),
            ))  # fmt: skip
    for x, y, text in texts:
        _on_line(picture, x, y, text, 11, "ink")


def _units(
    picture: Drawing, plan: _Plan, columns: list[Column], number: int, x: float, top: float
) -> None:
    column = columns[number]
    first, last = number == 0, number == len(columns) - 1
    hue = "grey" if first else "blue"
    for slot, unit in enumerate(plan.shown[number]):
        y = top + plan.y(number, slot)
        if unit is None:
            for dot in (-7, 0, 7):
                picture.circle(x, y + dot, 1.8, fill="soft")
            continue
        letter = "x" if first else "ŷ" if last else ""
        name = letter + str(unit + 1).translate(_SUBSCRIPTS) if letter else ""
        tip = f"unit {unit + 1} of {column.units}"
        if column.bias is not None:
            tip += f", bias {column.bias[unit]:.6g}"
        with picture.group(tip, unit=unit, column=number):
            picture.circle(x, y, _RADIUS, fill="paper")
            picture.circle(x, y, _RADIUS, fill=f"{hue}-tint", stroke=hue, thick=1.4)
            if name:
                picture.text(x, y, name, size=11)
        if plan.numbers and column.bias is not None:
            text = f"b {short_number(float(column.bias[unit]))}"
            _on_line(picture, x, y + _RADIUS + 9, text, 10, "soft")


def _on_line(picture: Drawing, x: float, y: float, text: str, size: float, colour: str) -> None:
    """Text on paper of its own, since lines pass below it."""
    width = text_width(text, size) + 2
    picture.rect(x - width / 2, y - 0.6 * size, width, 1.2 * size, fill="paper", radius=3)
    picture.text(x, y, text, size=size, colour=colour)


def _legend(picture: Drawing, y: float) -> None:
    x = MARGIN
    for word, hue in (("positive", "blue"), ("negative", "orange")):
        picture.line((x, y), (x + 18, y), stroke=hue, thick=2.5)
        picture.text(x + 24, y, word, size=11, anchor="start", colour="soft")
        x += 24 + text_width(word, 11) + 14
    if x + text_width("wider: larger", 11) <= picture.width - MARGIN:
        picture.text(x, y, "wider: larger", size=11, anchor="start", colour="soft")
