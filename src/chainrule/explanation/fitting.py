"""How much is said of each layer, so that a network of many still fits on a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .context import Context, Explainer
from .formula import Style
from .shown import Shown
from .steps import Part, Table
from .text import part_lines

__all__ = ["fitted"]

ROOM = 44  # lines for all layers, forward and backward
ROWS = 12  # of the table of layers, where there are more than fit


def fitted(say: Context) -> list[Explainer]:
    """One explainer for each stage, all of which say less until they fit.

    Where even a line for each layer is too much, a table of layers stands before them.
    """
    stages = say.explainers()
    for level in range(4):
        say.level = level
        if _lines(say, stages) <= ROOM:
            break
    say.doubts.clear()
    return [Overview(say, stages), *stages] if say.level == 3 else stages


def _lines(say: Context, stages: Sequence[Explainer]) -> int:
    style = Style(say.digits)
    items: list[Any] = []
    for stage in stages:
        if isinstance(stage, Shown):
            items += [*stage.forward(), *stage.backward()]
    return len(part_lines(Part("forward", tuple(items)), style)) - 1


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
