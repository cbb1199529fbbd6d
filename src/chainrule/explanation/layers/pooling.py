"""Pooling: one window, who wins it, and who gets its gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ops.windows import sliding
from ..context import Context, Unexplained, explains
from ..formula import Apply, Formula, Leaf, Ratio, Sum, const
from ..recording import Stage
from .shown import KEY, Shown, biggest, long_sum, shape_of, spot

__all__ = ["Pooling"]

SHOWN = 4  # numbers of a window that are written out


class Pooled(Shown):
    """One number for several of a channel: the largest, or the mean."""

    letter = "p"
    x: Any

    @property
    def largest(self) -> bool:
        """Is it the largest?"""
        return "Max" in self.stage.kind

    def choose(self) -> None:
        """The number that is worked: that with the largest gradient in the row."""
        self.d_y = self.gradient(self.y)
        self.place = biggest(self.d_y[self.row])
        self.publish(self.y, self.c)
        self.at = f"{self.name}{spot(self.place)}"

    def y_leaf(self, place: tuple[int, ...]) -> Leaf:
        """A number that it makes."""
        name, at = self.entry(self.y, place), f"{self.name}{spot(place)}"
        return self.leaf(name, self.value(self.y)[self.row][place], at)

    def x_leaf(self, cell: tuple[int, ...]) -> Leaf:
        """A number that it is made from."""
        return self.leaf(self.entry(self.x, cell), self.value(self.x)[self.row][cell],
                         self.entry_at(self.x, cell))  # fmt: skip

    def window(self, place: tuple[int, ...]) -> list[tuple[int, ...]]:
        """The cells of the input that a number is made from."""
        raise NotImplementedError

    def share(self, cell: tuple[int, ...], place: tuple[int, ...]) -> float:
        """∂y[place]/∂x[cell], by the operations' own derivative: what of a gradient arrives."""
        raise NotImplementedError

    def places_of(self, cell: tuple[int, ...]) -> list[tuple[int, ...]]:
        """The numbers that a cell takes part in."""
        raise NotImplementedError

    def says(self) -> str:
        """What it is, in a line."""
        return f"{self.stage.kind} {shape_of(self.value(self.x).shape[1:])} → {self.sizes()}"

    def forwards(self) -> list[tuple[int, Any]]:
        """One window."""
        cells, y = self.window(self.place), self.y_leaf(self.place)
        leaves = [self.x_leaf(cell) for cell in cells]
        note = "" if np.any(self.d_y[self.row]) else "no gradient arrives at any"
        if self.largest:
            order = sorted(range(len(cells)), key=lambda k: -leaves[k].value)[:SHOWN]
            kept: list[Formula] = [leaves[k] for k in sorted(order)]
            formula: Formula = Apply("max", *kept) if len(kept) > 1 else kept[0]
            if len(cells) > SHOWN:
                note = f"the {SHOWN} largest of {len(cells)}"
        else:
            values = [leaf.value for leaf in leaves]
            formula = (
                leaves[0]
                if len(cells) == 1
                else Ratio(long_sum(values, lambda k: leaves[k], SHOWN), const(len(cells)))
            )
        line = self.say.line(y.name, formula, y.value, (self.at,), note=note)
        return [self.heading(self.says()), (KEY, line)]

    def backwards(self) -> list[tuple[int, Any]]:
        """Who of the window gets how much."""
        d_x = self.rec.gradient(self.x) if hasattr(self.x, "index") else None
        if d_x is None:
            return []
        cells = self.window(self.place)
        cell = max(cells, key=lambda c: abs(self.share(c, self.place)))
        terms: list[Formula] = []
        for place in self.places_of(cell):
            share = self.share(cell, place)
            if share:
                y = self.y_leaf(place)
                d = self.leaf(self.say.d(y.name), self.d_y[self.row][place], y.at)
                terms.append(d if share == 1 else Ratio(d, const(f"{1 / share:g}", 1 / share)))
        x = self.x_leaf(cell)
        whole = self.with_others(Sum(terms, SHOWN), self.x, (self.row, *cell), x.name)
        n = len(cells)
        note = f"each of {n} alike"
        if self.largest:
            values = [float(self.x_leaf(c).value) for c in cells]
            equal = values.count(max(values))
            winner = f"first of {equal} equal ones" if equal > 1 else "the winner"
            note = f"{winner}; the other {n - 1} get 0"
        if len(terms) > 1 or n == 1:
            note = f"of {len(terms)} windows" if n > 1 else ""
        line = self.say.line(self.say.d(x.name), whole, d_x[self.row][cell], (x.at, self.at),
                             note=note)  # fmt: skip
        return [(KEY, line)]


@explains("MaxPooling1D", "MaxPooling2D", "MaxPooling3D")
@explains("AveragePooling1D", "AveragePooling2D", "AveragePooling3D")
class Pooling(Pooled):
    """Windows that slide."""

    def __init__(self, say: Context, stage: Stage) -> None:
        super().__init__(say, stage)
        first = self.first_call("getitem", "pad")
        self.x, layer = first.args[0], stage.layer
        shape = self.value(self.x).shape
        self.along = sliding(shape, layer.pool_size, layer.strides, layer.padding, self.name)
        # of each cell of each window, whether it is the largest; the tape chose it
        self.chosen: np.ndarray | None = None
        if self.largest:
            self.chosen = self.value(self.first_call("where").args[0])
        elif not self.calls("divide"):
            raise Unexplained
        self.choose()

    def window(self, place: tuple[int, ...]) -> list[tuple[int, ...]]:
        """The cells that are no padding."""
        found = []
        for inside in np.ndindex(*(a.window for a in self.along)):
            cell = self._cell(place, inside)
            if cell is not None:
                found.append(cell)
        return found

    def _cell(self, place: tuple[int, ...], inside: tuple[int, ...]) -> tuple[int, ...] | None:
        at = [q * a.stride + i - a.before
              for q, i, a in zip(place, inside, self.along, strict=False)]  # fmt: skip
        if all(0 <= v < a.length for v, a in zip(at, self.along, strict=True)):
            return (*at, place[-1])
        return None

    def _inside(self, cell: tuple[int, ...], place: tuple[int, ...]) -> tuple[int, ...]:
        """Where in the window the cell stands."""
        return tuple(v - q * a.stride + a.before
                     for v, q, a in zip(cell, place, self.along, strict=False))  # fmt: skip

    def share(self, cell: tuple[int, ...], place: tuple[int, ...]) -> float:
        """1 for the winner, 1/n of a mean, else 0."""
        if self.chosen is None:
            return 1 / float(self.value(self.first_call("divide").args[1])[0][(*place[:-1], 0)])
        number = np.ravel_multi_index(
            self._inside(cell, place), tuple(a.window for a in self.along)
        )
        return float(self.chosen[self.row][(*place, int(number))])

    def places_of(self, cell: tuple[int, ...]) -> list[tuple[int, ...]]:
        """The windows that it stands in."""
        ranges = []
        for v, a in zip(cell, self.along, strict=False):
            ranges.append([q for q in range(a.count)
                           if 0 <= v - q * a.stride + a.before < a.window])  # fmt: skip
        grid = np.array(np.meshgrid(*ranges, indexing="ij")).reshape(len(ranges), -1).T
        return [(*(int(q) for q in p), cell[-1]) for p in grid]

    def says(self) -> str:
        """With the size of the windows."""
        layer = self.stage.layer
        text = f"{super().says()}, windows {shape_of(layer.pool_size)}"
        if tuple(layer.strides) != tuple(layer.pool_size):
            text += f", stride {shape_of(layer.strides)}"
        return text + (", padding same" if layer.padding == "same" else "")


@explains("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D")
@explains("GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D")
class GlobalPooling(Pooled):
    """One window over everything."""

    def __init__(self, say: Context, stage: Stage) -> None:
        super().__init__(say, stage)
        counted = self.calls("where") if not self.calls("max", "mean") else []
        first = counted[0] if counted else self.first_call("max" if self.largest else "mean")
        self.x = first.args[1] if counted else first.args[0]
        self.counts = np.ones(self.value(self.x).shape[1:-1], bool)
        if counted:  # the steps that a mask leaves
            self.counts = self.value(counted[0].args[0])[self.row][..., 0] != 0
        if len(self.value(self.y).shape) != 2 or not self.counts.any():
            raise Unexplained
        self.choose()

    def window(self, place: tuple[int, ...]) -> list[tuple[int, ...]]:
        """Every position."""
        return [(*(int(i) for i in p), *place) for p in np.argwhere(self.counts)]

    def share(self, cell: tuple[int, ...], place: tuple[int, ...]) -> float:
        """1/n; of the largest 1, or parts where several are."""
        x = self.value(self.x)[self.row]
        if not self.largest:
            return 1 / int(self.counts.sum())
        winners = x[..., place[-1]] == self.value(self.y)[self.row][place]
        return float(winners[cell[:-1]]) / int(winners.sum())

    def places_of(self, cell: tuple[int, ...]) -> list[tuple[int, ...]]:
        """The one of its channel."""
        return [(cell[-1],)]
