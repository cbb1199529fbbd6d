"""A layer of units: names, places, numbers and formulas of its parts. What is said: `dense`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import tree
from ..context import Context, Explainer, bias_of, is_input, net_of, units
from ..formula import Formula, Leaf, Product, Sum, const
from ..notation import partial
from ..recording import Stage
from .curves import output_formula, slope_formula, slopes, softmax_formula

__all__ = ["UnitFacts"]


class UnitFacts(Explainer):
    """Dense, a = f(x·W + b): everything that can be named in it."""

    def __init__(self, say: Context, stage: Stage) -> None:
        super().__init__(say, stage)
        number = say.stage_number(stage)
        self.layer = say.dense.get(number, 0)
        self.net, self.bias = net_of(stage), bias_of(stage)
        calls = list(stage.calls)
        last_affine = max(
            k for k, c in enumerate(calls) if c is self.net or c.operation.__name__ == "add"
        )
        self.z = calls[last_affine]
        self.curve = list(calls[last_affine + 1 :])
        self.a = calls[-1]
        rec, row = say.recording, say.row
        self.x = rec.value(self.net.args[0])
        self.n, self.m = rec.value(self.net.args[1]).shape
        self.kernel = rec.weight_of(self.net.args[1])
        self.bias_weight = None if self.bias is None else rec.weight_of(self.bias)
        names, name = say.names, stage.name
        self.shared = self.bias is not None and rec.value(self.bias).size < self.m
        self.activation = "linear"
        if len(self.curve) == 1:
            self.activation = self.curve[0].operation.__name__
        elif self.curve:
            self.activation = getattr(stage.layer.activation, "__name__", "f")
        self.linear = self.activation == "linear"
        self.softmax = self.activation == "softmax"
        out = [names.out(self.layer, j) for j in range(self.m)]
        self.out_names = out
        self.net_names = out if self.linear else [names.net(self.layer, j) for j in range(self.m)]
        say.labels[self.a.index], say.labels[self.z.index] = out, self.net_names
        places = [f"{name}[{j}]" for j in range(self.m)]
        say.places[self.a.index] = say.places[self.z.index] = places
        self.at = places
        source = self.net.args[0]
        first = is_input(source) and len(tree.leaves(rec.batch.x)) == 1
        self.in_names = [
            names.input(i) if first else say.label(source, i, _before(say, number))
            for i in range(self.n)
        ]
        self.in_at = [
            f"input[{i}]" if first else say.place(source, i, _before(say, number))
            for i in range(self.n)
        ]
        self.in_row = units(self.x, row)
        self.z_row, self.a_row = units(rec.value(self.z), row), units(rec.value(self.a), row)
        self.slope = None if not self.curve or self.softmax else slopes(self.curve)
        self.biases = 0 if self.bias is None else 1 if self.shared else self.m
        # said by whoever stands behind: how ∂E/∂out of a unit came about, and what to call that;
        # softmax: δ without the detour
        self.arrived: dict[int, Formula] = {}
        self.arrives_as = say.d("out")
        self.collapsed: dict[int, Formula] = {}
        self.targets: list[Leaf] = []  # of a threshold unit at the end

    # --- names of weights

    def weight_leaf(self, i: int, j: int, value: Any = None) -> Leaf:
        """A weight with its number."""
        v = self.say.recording.value(self.net.args[1])[i, j] if value is None else value
        return self.say.leaf(self.say.weight(self.layer, i, j), v, self.weight_at(i, j))

    def weight_at(self, i: int, j: int) -> str:
        """Where a weight is drawn."""
        return f"{self.path(self.kernel, 'kernel')}[{i},{j}]"

    def path(self, weight: Any, otherwise: str) -> str:
        """`dense/kernel`."""
        return weight.path.replace(".", "/") if weight else f"{self.stage.name}/{otherwise}"

    def bias_name(self, j: int) -> str:
        """The name of the bias of a unit."""
        return self.say.bias(self.layer, j)

    def bias_at(self, j: int) -> str:
        """Where it is drawn."""
        return f"{self.path(self.bias_weight, 'bias')}[{0 if self.shared else j}]"

    def bias_value(self, j: int) -> float:
        """Its number."""
        return float(self.say.recording.value(self.bias).reshape(-1)[0 if self.shared else j])

    def in_leaf(self, i: int) -> Leaf:
        """An input with its number."""
        return self.say.leaf(self.in_names[i], self.in_row[i], self.in_at[i])

    def z_leaf(self, j: int) -> Leaf:
        """A net input with its number."""
        return self.say.leaf(self.net_names[j], self.z_row[j], self.at[j])

    def a_leaf(self, j: int) -> Leaf:
        """An output with its number."""
        return self.say.leaf(self.out_names[j], self.a_row[j], self.at[j])

    # --- forward

    def net_formula(self, j: int) -> Formula:
        """w·x + … + b."""
        terms: list[Formula] = [
            Product([self.weight_leaf(i, j), self.in_leaf(i)]) for i in range(self.n)
        ]
        if self.bias is not None:
            terms.append(Leaf(self.bias_name(j), self.bias_value(j), self.bias_at(j)))
        return Sum(terms)

    def out_formula(self, j: int) -> Formula:
        """f(z)."""
        if self.softmax:
            return softmax_formula([self.z_leaf(k) for k in range(self.m)], j)
        kwargs = self.curve[0].kwargs if len(self.curve) == 1 else {"several": True}
        z: Formula = self.z_leaf(j)
        if self.threshold:
            z = z - const(f"{self.threshold:g}", self.threshold)
        return output_formula(self.activation, z, self.a_row[j], kwargs)

    @property
    def threshold(self) -> float:
        """Θ of a unit with a step; 0 for all others."""
        if self.activation != "step" or len(self.curve) != 1:
            return 0.0
        return float(self.curve[0].args[1]) if len(self.curve[0].args) > 1 else 0.0

    # --- backward

    def d_out(self) -> np.ndarray:
        """∂E/∂out of the row."""
        return self.of_row(self._gradient(self.a))

    def d_net(self) -> np.ndarray:
        """δ = ∂E/∂net of the row."""
        return self.of_row(self._gradient(self.z))

    def of_row(self, array: np.ndarray) -> np.ndarray:
        """The numbers of the row that is shown."""
        return units(array, self.say.row)

    def _gradient(self, node: Any) -> np.ndarray:
        found = self.say.recording.gradient(node)
        return np.zeros_like(self.say.recording.value(node)) if found is None else found

    def slope_of(self, j: int) -> float | None:
        """∂out/∂net of a unit; None where units mix."""
        if self.linear:
            return 1.0
        return None if self.slope is None else float(units(self.slope, self.say.row)[j])

    def with_others(self, formula: Formula, node: Any, at: tuple[int, ...], name: str) -> Formula:
        """With what reaches a weight by other ways: its penalty, other uses."""
        others = [
            (call, d) for call, d in self.say.recording.shares(node) if not self.stage.holds(call)
        ]
        terms = [formula]
        for call, d in others:
            last = self.say.recording.stages[-1].calls[-1].index
            kind = "penalty" if call.index > last else "(other use)"
            terms.append(self.say.leaf(partial(kind, name), d[at]))
        return formula if len(terms) == 1 else Sum(terms)

    def factors(self, j: int) -> list[Formula] | None:
        """∂E/∂out and, where there is a curve, ∂out/∂net; None where units mix."""
        say, out, net = self.say, self.out_names[j], self.net_names[j]
        slope = self.slope_of(j)
        if slope is None:
            return None
        found: list[Formula] = [say.leaf(say.d(out), self.d_out()[j], self.at[j])]
        if not self.linear:
            found.append(say.leaf(partial(out, net), slope, self.at[j]))
        return found

    def over_rows(self, i: int, j: int) -> Formula:
        """Σ over the rows of δ·input; of many rows the largest."""
        say = self.say
        d, x = self._gradient(self.z), self.x
        name = say.names.delta(self.layer, j)
        rows = [
            Product([
                say.leaf(f"{name}({r + 1})", d[r, j], self.at[j]),
                say.leaf(f"{self.in_names[i]}({r + 1})", x[r, i], self.in_at[i]),
            ]) for r in range(say.recording.rows)
        ]  # fmt: skip
        return Sum(rows, 4)

    def kernel_gradient(self) -> np.ndarray:
        """∂E/∂W."""
        found = None if self.kernel is None else self.kernel.gradient
        return np.zeros((self.n, self.m)) if found is None else found

    def arriving(self, i: int) -> Sum:
        """How the gradient reaches input i: Σ δ·w over the units here."""
        delta = self.d_net()
        return Sum(
            [
                Product([
                    self.say.leaf(self.say.names.delta(self.layer, j), delta[j], self.at[j]),
                    self.weight_leaf(i, j),
                ]) for j in range(self.m)
            ], 4,
        )  # fmt: skip

    def bias_gradient(self, j: int) -> tuple[float, Formula]:
        """∂E/∂b: δ, summed over the units that share it and over the rows."""
        say, d = self.say, self._gradient(self.z)
        held = None if self.bias_weight is None else self.bias_weight.gradient
        g = 0.0 if held is None else float(held.reshape(-1)[0 if self.shared else j])
        units_ = range(self.m) if self.shared else [j]
        if say.recording.rows == 1:
            terms = [say.leaf(say.names.delta(self.layer, k), d[0, k], self.at[k]) for k in units_]
        else:
            terms = [
                say.leaf(f"{say.names.delta(self.layer, k)}({r + 1})", d[r, k], self.at[k])
                for r in range(say.recording.rows) for k in units_
            ]  # fmt: skip
        at = (0 if self.shared else j,)
        return g, self.with_others(Sum(terms, 4), self.bias, at, self.bias_name(j))

    def slope_form(self, j: int) -> Formula | None:
        """The slope of a unit in symbols; None where units mix."""
        slope = self.slope_of(j)
        if slope is None:
            return None
        kwargs = self.curve[0].kwargs if len(self.curve) == 1 else {"several": True}
        return slope_formula(self.activation, self.z_leaf(j), self.a_leaf(j), slope, kwargs)


def _before(say: Context, number: int) -> str:
    """The name of the stage before."""
    return say.recording.stages[number - 1].name if number else "input"
