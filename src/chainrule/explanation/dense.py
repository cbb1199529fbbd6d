"""A layer of units, number by number: net inputs, outputs, deltas, every path, every weight."""

from __future__ import annotations

from typing import Any

import numpy as np

from .context import Context, Explainer, bias_of, explains, net_of, units
from .curves import jacobian_of, output_formula, slope_formula, slopes, softmax_formula
from .formula import Formula, Leaf, Product, Sum
from .notation import partial
from .recording import Stage
from .steps import Cell, Line, Table, Words

__all__ = ["Units"]

FULL, ROWS = 20, 200  # parameters up to which all is written out; up to which in rows


@explains("Dense", "SharedBiasDense")
class Units(Explainer):
    """Dense: a = f(x·W + b). Forward and backward by unit, in the names of the notation."""

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
        first = number == min(say.dense, default=0) and not hasattr(source, "index")
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

    # --- names of weights

    def weight_leaf(self, i: int, j: int, value: Any = None) -> Leaf:
        """A weight with its number."""
        v = self.say.recording.value(self.net.args[1])[i, j] if value is None else value
        return self.say.leaf(self.say.names.weight(self.layer, i, j), v, self.weight_at(i, j))

    def weight_at(self, i: int, j: int) -> str:
        """Where a weight is drawn."""
        return f"{self.path(self.kernel, 'kernel')}[{i},{j}]"

    def path(self, weight: Any, otherwise: str) -> str:
        """`dense/kernel`."""
        return weight.path.replace(".", "/") if weight else f"{self.stage.name}/{otherwise}"

    def bias_name(self, j: int) -> str:
        """The name of the bias of a unit."""
        return self.say.names.bias(self.layer, j)

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
        return output_formula(self.activation, self.z_leaf(j), self.a_row[j], kwargs)

    def forward(self) -> list[Any]:
        """Each unit: what it sums up, and what it puts out."""
        say = self.say
        lines: list[Any] = []
        for j in range(self.m):
            touched = [self.at[j], *(self.weight_at(i, j) for i in range(self.n))]
            if self.bias is not None:
                touched.append(self.bias_at(j))
            lines.append(say.line(self.net_names[j], self.net_formula(j), self.z_row[j], touched))
        if not self.linear:
            for j in range(self.m):
                at = (self.at[j],)
                lines.append(say.line(self.out_names[j], self.out_formula(j), self.a_row[j], at))
        return lines

    # --- backward

    def d_out(self) -> np.ndarray:
        """∂E/∂out of the row."""
        return units(self._gradient(self.a), self.say.row)

    def d_net(self) -> np.ndarray:
        """δ = ∂E/∂net of the row."""
        return units(self._gradient(self.z), self.say.row)

    def _gradient(self, node: Any) -> np.ndarray:
        found = self.say.recording.gradient(node)
        return np.zeros_like(self.say.recording.value(node)) if found is None else found

    def slope_of(self, j: int) -> float | None:
        """∂out/∂net of a unit; None where units mix."""
        if self.linear:
            return 1.0
        return None if self.slope is None else float(units(self.slope, self.say.row)[j])

    def delta_lines(self, j: int) -> list[Any]:
        """∂E/∂out → slope → δ of a unit."""
        say, out, net = self.say, self.out_names[j], self.net_names[j]
        d_out, delta, slope = self.d_out()[j], self.d_net()[j], self.slope_of(j)
        at = (self.at[j],)
        if self.linear:
            return [say.line(say.names.delta(self.layer, j),
                             say.leaf(say.d(out), d_out, self.at[j]), delta, at)]  # fmt: skip
        if slope is None:
            return [Line(say.names.delta(self.layer, j), None, float(delta), at)]
        kwargs = self.curve[0].kwargs if len(self.curve) == 1 else {"several": True}
        steep = slope_formula(self.activation, self.z_leaf(j), self.a_leaf(j), slope, kwargs)
        chain = Product([
            say.leaf(say.d(out), d_out, self.at[j]),
            say.leaf(partial(out, net), slope, self.at[j]),
        ])  # fmt: skip
        return [
            say.line(partial(out, net), steep, slope, at),
            say.line(say.names.delta(self.layer, j), chain, delta, at),
        ]

    def softmax_lines(self) -> list[Any]:
        """The Jacobian, and how δ follows from it."""
        say = self.say
        jacobian = jacobian_of(self.curve, say.row)
        rows = tuple((f"∂{self.out_names[i]}", *map(float, jacobian[i])) for i in range(self.m))
        table = Table(
            "softmax: ∂a_i/∂z_j = a_i·(1 - a_i) where i = j, else -a_i·a_j",
            ("", *(f"/∂{n}" for n in self.net_names)), rows,
            tuple((self.at[i],) for i in range(self.m)), self.m > 4,
        )  # fmt: skip
        lines: list[Any] = [table]
        d_out = self.d_out()
        for j in range(self.m):
            terms = [
                Product([
                    say.leaf(say.d(self.out_names[i]), d_out[i], self.at[i]),
                    say.leaf(partial(self.out_names[i], self.net_names[j]),
                             jacobian[i, j], self.at[i]),
                ]) for i in range(self.m)
            ]  # fmt: skip
            lines.append(
                say.line(say.names.delta(self.layer, j), Sum(terms, 4), self.d_net()[j],
                         (self.at[j],))
            )  # fmt: skip
        return lines

    def weight_line(self, i: int, j: int) -> Line:
        """One weight in full: ∂E/∂out · ∂out/∂net · ∂net/∂w."""
        say = self.say
        name = say.names.weight(self.layer, i, j)
        factors = self.factors(j)
        if factors is None:
            factors = [say.leaf(say.names.delta(self.layer, j), self.d_net()[j], self.at[j])]
        local = partial(self.net_names[j], name)
        factors.append(say.leaf(local, self.in_row[i], self.in_at[i]))
        at = (self.weight_at(i, j), self.at[j], self.in_at[i])
        whole: Formula = Product(factors)
        if say.recording.rows > 1:
            whole = self.over_rows(i, j)
        whole = self.with_others(whole, self.net.args[1], (i, j), name)
        return say.line(say.d(name), whole, self.kernel_gradient()[i, j], at)

    def with_others(self, formula: Formula, node: Any, at: tuple[int, ...], name: str) -> Formula:
        """With what reaches a weight by other ways: its penalty, other uses."""
        others = [
            (call, d) for call, d in self.say.recording.shares(node) if call not in self.stage.calls
        ]
        terms = [formula]
        for call, d in others:
            kind = "penalty" if call in self.say.recording.loss_calls else call.operation.__name__
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

    def arriving_line(self, i: int) -> Line:
        """∂E/∂input i, with all its paths."""
        say = self.say
        gradient = say.recording.gradient(self.net.args[0])
        value = self.arriving(i).value if gradient is None else units(gradient, say.row)[i]
        return say.line(say.d(self.in_names[i]), self.arriving(i), value, (self.in_at[i],))

    def table(self, skip: set[tuple[int, int]]) -> Table:
        """Every other parameter: upstream δ · local input = gradient."""
        say, delta = self.say, self.d_net()
        rows, at = [], []
        one = say.recording.rows == 1
        for j in range(self.m):
            d = Leaf(say.names.delta(self.layer, j), float(delta[j]), self.at[j])
            for i in range(self.n):
                if (i, j) in skip:
                    continue
                name = say.names.weight(self.layer, i, j)
                cells = (float(delta[j]), float(self.in_row[i])) if one else ()
                g = float(self.kernel_gradient()[i, j])
                product = Product([d, self.in_leaf(i)]) if one else self.over_rows(i, j)
                product = self.with_others(product, self.net.args[1], (i, j), name)
                rows.append((say.d(name), *cells, Cell(g, product)))
                at.append((self.weight_at(i, j), self.at[j], self.in_at[i]))
        for j in range(self.m if self.bias is not None else 0):
            if self.shared and j:
                break
            g, total = self.bias_gradient(j)
            cells = (("sum of δ" if self.shared else float(delta[j])), 1.0) if one else ()
            rows.append((say.d(self.bias_name(j)), *cells, Cell(g, total)))
            at.append((self.bias_at(j),))
        columns = ("", "δ", "input", "gradient") if one else ("", "gradient")
        title = "δ · input" if one else f"sum over {say.recording.rows} rows of δ · input"
        return Table(title, columns, tuple(rows), tuple(at))

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

    def backward(self) -> list[Any]:
        """δ of each unit, one weight in full, every other parameter in a row."""
        if self.kernel is None:
            return []
        say = self.say
        lines: list[Any] = []
        if self.softmax or (self.slope is None and not self.linear):
            lines += self.softmax_lines() if self.softmax else []
        for j in range(self.m if not self.softmax else 0):
            lines += self.delta_lines(j)
        if len(self.curve) > 1 and self.slope is None:
            lines.append(Words(f"{self.activation} mixes units: δ comes from its own derivative."))
        lines.append(self.weight_line(0, 0))
        one = say.recording.rows == 1
        lines.append(self.table({(0, 0)} if one else set()))
        return lines


def _before(say: Context, number: int) -> str:
    """The name of the stage before."""
    return say.recording.stages[number - 1].name if number else "input"
