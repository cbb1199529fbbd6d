"""How much is said of each layer, so that a network of many still fits on a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import tree
from .context import Context, Explainer
from .formula import Style
from .shown import Shown
from .steps import Part, Table
from .text import part_lines

__all__ = ["fitted"]

LONGEST = 79  # lines of the whole text
LEVELS = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 3), (3, 3))  # of a kind's first, of others
ROWS = 12  # of the table of layers, where there are more than fit


def fitted(say: Context) -> list[Explainer]:
    """One explainer for each stage, all of which say less until they fit.

    The first layer of a kind keeps its lines longest. Where even a line for each layer is too much,
    a table of layers stands before them.
    """
    stages = say.explainers()
    if not stages:
        return stages
    kinds: set[str] = set()
    for of_first, of_others in LEVELS:
        kinds.clear()
        for shown in stages:
            if isinstance(shown, Shown):
                shown.level = of_others if shown.stage.kind in kinds else of_first
                kinds.add(shown.stage.kind)
        if _lines(say, stages) <= _room(say):
            return stages
    return [Overview(say, stages), *stages]


def _room(say: Context) -> int:
    """Lines for all layers, forward and backward: what the other parts leave over."""
    rec = say.recording
    outputs = min(4, rec.value(tree.leaves(rec.outputs)[0]).shape[-1])
    return LONGEST - 20 - min(12, len(rec.weights)) - 2 * outputs


def _lines(say: Context, stages: Sequence[Explainer]) -> int:
    style = Style(say.digits)
    items: list[Any] = []
    for stage in stages:
        items += [*stage.forward(), *stage.backward()]
    say.doubts.clear()  # they are found again when it is written
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
