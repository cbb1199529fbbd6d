"""Any other layer: the sizes of what it made, of its weights and of their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..context import Explainer, explains
from ..steps import Table, Words

__all__ = ["Sizes"]


def sizes(array: np.ndarray) -> tuple[float, float, float, float]:
    """Mean, standard deviation, least and largest."""
    if array.size == 0:
        return (0.0, 0.0, 0.0, 0.0)
    a = array.astype(np.float64)
    return float(a.mean()), float(a.std()), float(a.min()), float(a.max())


@explains("operation")
class Sizes(Explainer):
    """Shapes, means and sizes of what a layer makes, and of the gradients of its weights."""

    def forward(self) -> list[Any]:
        """What it made."""
        rec = self.say.recording
        made = self.stage.made
        value = rec.value(made)
        if value.ndim == 2 and value.shape[1] <= 16:
            name = self.stage.name
            self.say.labels.setdefault(made.index, [f"{name}[{k}]" for k in range(value.shape[1])])
        does = ", ".join(dict.fromkeys(c.operation.__name__ for c in self.stage.calls))
        row = (self.stage.name, "×".join(map(str, value.shape)), *sizes(value))
        return [
            Table(f"{self.stage.kind}: {does[:60]}",
                  ("", "shape", "mean", "std", "min", "max"), (row,), ((self.stage.name,),))
        ]  # fmt: skip

    def backward(self) -> list[Any]:
        """The gradients of its weights."""
        rec = self.say.recording
        rows = []
        for weight in rec.weights:
            node = rec.tape.known(weight.variable)
            used = [c for c, _ in rec.shares(node)] if node is not None else []
            if weight.gradient is not None and any(map(self.stage.holds, used)):
                path = weight.path.replace(".", "/")
                shape = "×".join(map(str, weight.before.shape))
                rows.append((f"∂{self.say.loss}/∂ {path}", shape, *sizes(weight.gradient)))
        if not rows:
            return []
        return [Table("", ("", "shape", "mean", "std", "min", "max"), tuple(rows),
                      tuple((r[0].split()[1],) for r in rows))]  # fmt: skip


def said(text: str) -> Words:
    """A sentence."""
    return Words(text)
