"""How much is said of each layer, so that a network of many still fits on a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import tree
from .context import Context, Explainer
from .forms.text import part_lines
from .formula import Style
from .layers.shown import KEY, SECOND, Shown
from .steps import Part, Table

__all__ = ["fitted"]

LONGEST = 79  # lines of the whole text
TABLE = 16  # lines to count for units, whose long tables are cut where they are written
ROWS = 12  # of the table of layers, where there are more than fit


def fitted(say: Context) -> list[Explainer]:
    """One explainer for each stage, each of which says as much as fits.

    Every layer has its headline first; then each, the first of its kind before others, gets its
    most important lines while there is room, then the others. Where even the headlines are too
    many, a table of layers stands in their place.
    """
    stages = say.explainers()
    room = _room(say)
    shown = {id(s): _by_rank(say, s) for s in stages if isinstance(s, Shown)}
    first = [s for s in stages if isinstance(s, Shown)]
    room -= sum(shown[id(s)][0] if id(s) in shown else _of_units(say, s) for s in stages)
    if room < 0 and len(first) > 1:
        for stage in first:
            stage.level = 3
        return [Overview(say, stages), *stages]
    kinds: dict[str, int] = {}
    order = []
    for stage in first:
        stage.level = 2
        kinds[stage.stage.kind] = kinds.get(stage.stage.kind, 0) + 1
        order.append((kinds[stage.stage.kind], stage))
    for rank in (KEY, SECOND):
        for _, stage in sorted(order, key=lambda pair: pair[0]):
            more = shown[id(stage)][rank]
            if stage.level == SECOND - rank + 1 and more <= room:
                stage.level, room = SECOND - rank, room - more
    for _, stage in order:  # single items, where not all of a rank fit
        for rank, item in (*stage.made[0], *stage.made[1]):
            if rank == SECOND and stage.level == 1:
                lines = _lines(say, (item,))
                if lines <= room:
                    stage.also.add(id(item))
                    room -= lines
    return stages


def _room(say: Context) -> int:
    """Lines for all layers, forward and backward: what the other parts leave over."""
    rec = say.recording
    outputs = min(4, rec.value(tree.leaves(rec.outputs)[0]).shape[-1])
    return LONGEST - 20 - min(12, len(rec.weights)) - 2 * outputs


def _by_rank(say: Context, stage: Shown) -> list[int]:
    """How many lines a stage has of each rank."""
    found = [0, 0, 0, 0]
    for rank, item in (*stage.made[0], *stage.made[1]):
        found[rank] += _lines(say, (item,))
    return found


def _of_units(say: Context, stage: Explainer) -> int:
    """Lines of what is no `Shown`; what it finds out is found again when it is written."""
    doubts = len(say.doubts)
    lines = _lines(say, (*stage.forward(), *stage.backward()))
    del say.doubts[doubts:]
    return min(lines, TABLE)


def _lines(say: Context, items: tuple[Any, ...]) -> int:
    return len(part_lines(Part("", items), Style(say.digits)))


class Overview(Explainer):
    """The layers of a long network in a table: shapes, and sizes on the way there and back."""

    def __init__(self, say: Context, stages: Sequence[Explainer]) -> None:
        super().__init__(say, stages[0].stage)
        self.stages = [s.stage for s in stages if s.stage.layer is not None]

    def forward(self) -> list[Any]:
        """Root mean squares of what each layer made, and of the gradient that came back to it."""
        rec = self.say.recording
        every = [s for s in self.stages if hasattr(s.made, "index")]
        most = every if len(every) <= ROWS else [*every[: ROWS // 2], *every[-(ROWS // 2) :]]
        rows = []
        for stage in most:
            value, gradient = rec.value(stage.made), rec.gradient(stage.made)
            shape = "×".join(map(str, value.shape[1:]))
            back = 0.0 if gradient is None else _rms(gradient)
            rows.append((stage.name, stage.kind, shape, _rms(value), back))
        columns = ("", "", "shape", "values", f"∂{self.say.loss}/∂ values")
        title = f"{len(every)} layers, root mean squares" + (
            f"; the first and last {ROWS // 2}" if len(every) > ROWS else ""
        )
        return [Table(title, columns, tuple(rows), tuple((s.name,) for s in most),
                      total=len(every) if len(every) > ROWS else 0)]  # fmt: skip


def _rms(array: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(np.asarray(array, np.float64)))))
