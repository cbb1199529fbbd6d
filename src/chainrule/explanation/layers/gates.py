"""SimpleRNN, LSTM and GRU: how the gates of a step are found on the tape, and what they make."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..context import Context, Unexplained, explains
from ..formula import Formula, Product, Sum, const
from ..recording import Stage
from ..steps import Line
from .curves import output_formula, slope_formula, slopes
from .recurrence import Recurrence, Step
from .shown import long_sum

__all__ = ["GatedUnit", "LongShortTerm", "Simple"]


@explains("RNN")
def of_cell(say: Context, stage: Stage) -> Recurrence:
    """RNN of one of the three cells."""
    kinds = {"SimpleRNNCell": Simple, "LSTMCell": LongShortTerm, "GRUCell": GatedUnit}
    kind = kinds.get(type(stage.layer.cell).__name__)
    if kind is None:
        raise Unexplained
    return kind(say, stage)


@explains("SimpleRNN")
class Simple(Recurrence):
    """hₜ = f(xₜ·W + hₜ₋₁·U + b)."""

    order, worked = ("h",), "h"
    keeps = "from the unit to itself: slope·U each step"

    def step(self, product: Any) -> Step:
        """The nodes of a step."""
        net = self.after(product, "add")
        h = self.curved(net)
        return Step({"h": h}, {"h": net}, product, {"h": h}, {"h": self.kept(h)})

    def factor(self, t: int) -> Formula:
        """slope·U."""
        step = self.steps[t]
        steep = slopes([step.gates["h"]])
        if steep is None:
            raise Unexplained
        slope = self.leaf(f"slope({t + 1})", steep[self.row][self.unit])
        return Product([slope, self.weight_leaf("U", self.U, (self.unit, self.unit))])


@explains("LSTM")
class LongShortTerm(Recurrence):
    """cₜ = f·cₜ₋₁ + i·g, hₜ = o·tanh(cₜ)."""

    order, worked = ("i", "f", "g", "o"), "f"
    keeps = "along the cell: product of the forget gates"

    def step(self, product: Any) -> Step:
        """The nodes of a step."""
        parts = self.parts(self.after(product, "add"))
        if len(parts) != 4:
            raise Unexplained
        gates = {name: self.curved(part) for name, part in zip(self.order, parts, strict=True)}
        c = self.after(self.after(gates["f"], "multiply"), "add")
        h = self.after(gates["o"], "multiply")
        nets = dict(zip(self.order, parts, strict=True))
        made = {"c": c, "h": h}
        return Step(gates, nets, product, made, {n: self.kept(v) for n, v in made.items()})

    def first_state(self, name: str) -> np.ndarray:
        """The cell that the first step began with."""
        return self.value(self.after(self.steps[0].gates["f"], "multiply").args[1])[self.row]

    def carry_lines(self, t: int) -> list[Line]:
        """c and h."""
        at = (f"{self.name}[{self.unit}]",)
        f, i, g, o = (self.gate(n, t) for n in ("f", "i", "g", "o"))
        c, h = self.state("c", t), self.state("h", t)
        kept = Sum([Product([f, self.state("c", t - 1)]), Product([i, g])])
        squash = self.after(self.steps[t].gates["o"], "multiply").args[1].call
        tanh_c = output_formula(squash.operation.__name__, c,
                                self.value(squash)[self.row][self.unit], squash.kwargs)  # fmt: skip
        return [
            self.say.line(c.name, kept, c.value, at),
            self.say.line(h.name, Product([o, tanh_c]), h.value, at),
        ]

    def back_lines(self, t: int) -> list[Line]:
        """∂E/∂c of the last step."""
        step, at = self.steps[t], (f"{self.name}[{self.unit}]",)
        squash = self.after(step.gates["o"], "multiply").args[1].call
        steep = slopes([squash])
        if steep is None:
            return []
        steep = float(steep[self.row][self.unit])
        c, h = self.state("c", t), self.state("h", t)
        a = self.leaf(f"tanh({c.name})", self.value(squash)[self.row][self.unit])
        d_h = self.leaf(self.say.d(h.name), self.d_state("h", t))
        slope = slope_formula(squash.operation.__name__, c, a, steep, squash.kwargs)
        formula: Formula = Product([d_h, self.gate("o", t), slope])
        if t + 1 < self.last and not self.left_out(t + 1):
            later = self.leaf(self.say.d(self.named("c", t + 1)), self.d_state("c", t + 1))
            formula = formula + Product([later, self.gate("f", t + 1)])
        return [self.say.line(self.say.d(c.name), formula, self.d_state("c", t), at)]

    def factor(self, t: int) -> Formula:
        """The forget gate."""
        return self.gate("f", t)


@explains("GRU")
class GatedUnit(Recurrence):
    """hₜ = z·hₜ₋₁ + (1 − z)·g."""

    order, worked = ("z", "r", "g"), "z"
    keeps = "past the candidate: product of update gates"

    def products(self) -> list[Any]:
        """Without those of the candidate alone."""
        wide = 2 * self.units
        return [c for c in self.calls_on(self.U) if self.value(c).shape[-1] >= wide]

    def step(self, product: Any) -> Step:
        """The nodes of a step, of both forms."""
        parts = self.parts(product)
        nets = {n: self.after(p, "add") for n, p in zip("zr", parts[:2], strict=True)}
        gates = {n: self.curved(net) for n, net in nets.items()}
        second = None
        if len(parts) == 3:  # the reset gate after the product
            nets["g"] = self.after(self.after(parts[2], "multiply"), "add")
        else:
            second = self.after(self.after(gates["r"], "multiply"), "matmul")
            nets["g"] = self.after(second, "add")
        gates["g"] = self.curved(nets["g"])
        h = self.after(self.after(gates["z"], "multiply"), "add")
        return Step(gates, nets, product, {"h": h}, {"h": self.kept(h)}, second)

    def terms(self, gate: str, t: int) -> Formula:
        """The candidate sums r·(h·U), or (r·h)·U."""
        if gate != "g":
            return super().terms(gate, t)
        x, step, column = self.x_of(t), self.steps[t], self.column("g")
        w = self.value(self.W)[:, column]

        def term(k: int) -> Formula:
            given = self.leaf(self.x_name(t, k), x[k])
            return Product([self.weight_leaf("W", self.W, (k, column)), given])

        total: list[Formula] = [long_sum(np.asarray(x, float) * w, term)]
        shared = self.b is not None and self.value(self.b).ndim == 2
        if self.b is not None:
            place = (0, column) if shared else (column,)
            total.append(self.weight_leaf("b", self.b, place))
        if step.second is not None:
            d = self.value(step.second)[self.row][self.unit]
            total.append(self.leaf(f"((r·h({t}))·U)[{self.unit}]", d))
        else:
            inner = self.value(step.product)[self.row][column]
            name = f"(h({t})·U{' + b' if shared else ''})[{column}]"
            total.append(Product([self.gate("r", t), self.leaf(name, inner)]))
        return Sum(total, 99)

    def carry_lines(self, t: int) -> list[Line]:
        """h."""
        z, g, h = self.gate("z", t), self.gate("g", t), self.state("h", t)
        rest = Product([const(1) - z, g])
        formula = Sum([Product([z, self.state("h", t - 1)]), rest])
        return [self.say.line(h.name, formula, h.value, (f"{self.name}[{self.unit}]",))]

    def factor(self, t: int) -> Formula:
        """The update gate."""
        return self.gate("z", t)
