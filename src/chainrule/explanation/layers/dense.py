"""What is said of a layer of units: each number forward, each delta, every path, every weight."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..context import explains
from ..formula import Formula, Leaf, Product, Style, Sum, const
from ..notation import partial
from ..steps import Cell, Line, Table, Words
from .curves import jacobian_of
from .generic import Sizes
from .units import UnitFacts

__all__ = ["THRESHOLDS", "Units"]

THRESHOLDS = ("step", "sign")  # activations whose derivative is 0


@explains("Dense", "SharedBiasDense")
class Units(UnitFacts):
    """Dense by unit, in the names of the notation; by rows or by sizes where it is larger."""

    # --- forward --------------------------------------------------------------------------------

    def forward(self) -> list[Any]:
        """Each unit: what it sums up, and what it puts out."""
        if self.say.mode == "sizes":
            return Sizes(self.say, self.stage).forward()
        if self.say.mode == "rows":
            return [self._unit_table()]
        say = self.say
        lines = [
            say.line(self.net_names[j], self.net_formula(j), self.z_row[j], self._into(j))
            for j in range(self.m)
        ]
        if not self.linear:
            lines += [
                say.line(self.out_names[j], self.out_formula(j), self.a_row[j], (self.at[j],))
                for j in range(self.m)
            ]
        return lines

    def _into(self, j: int) -> list[str]:
        """The places that a net input is made from."""
        places = [self.at[j], *(self.weight_at(i, j) for i in range(self.n))]
        return places if self.bias is None else [*places, self.bias_at(j)]

    def _unit_table(self) -> Table:
        net = self.net_names[0] != self.out_names[0]
        curve = "out = exp(net)/Σexp" if self.softmax else f"out = {self.activation}(net)"
        columns = ("", "net = Σw·x + b", curve) if net else ("", "Σw·x + b")
        rows = []
        for j in range(self.m):
            cells = [Cell(float(self.z_row[j]), self.net_formula(j), self.net_names[j])]
            if net:
                cells.append(Cell(float(self.a_row[j]), self.out_formula(j), self.out_names[j]))
            rows.append((self.out_names[j], *cells))
        return Table("", columns, tuple(rows), tuple((a,) for a in self.at))

    # --- backward -------------------------------------------------------------------------------

    def backward(self) -> list[Any]:
        """δ of each unit, one weight in full, every other parameter in a row."""
        if self.kernel is None:
            return []
        if self.say.mode == "sizes":
            return Sizes(self.say, self.stage).backward()
        items: list[Any] = list(self._deltas())
        if self.targets:
            return [*items, *self._perceptron_rule()]
        if self.say.mode == "rows":
            return [*items, *self._matrix()]
        return [*items, self.weight_line(0, 0), self.table()]

    def _deltas(self) -> list[Any]:
        """∂E/∂out · slope = δ, a row for each unit; softmax by its Jacobian."""
        say = self.say
        if self.softmax:
            return self._softmax()
        d_out, delta = self.d_out(), self.d_net()
        names = [say.names.delta(self.layer, j) for j in range(self.m)]
        if self.linear:
            return [
                say.line(names[j], self._d_out_leaf(j), delta[j], (self.at[j],))
                for j in range(self.m)
            ]
        if self.slope is None:
            text = f"{self.activation} mixes units: δ comes from its own derivative."
            return [Words(text), *(say.line(names[j], None, delta[j], (self.at[j],))
                                   for j in range(self.m))]  # fmt: skip
        rows = []
        for j in range(self.m):
            slope, form = self.slope_of(j) or 0.0, self.slope_form(j)
            chain = Product([
                self._d_out_leaf(j),
                Leaf(partial(self.out_names[j], self.net_names[j]), slope, self.at[j]),
            ])  # fmt: skip
            rows.append((
                names[j],
                Cell(float(d_out[j]), self.arrived.get(j), say.d(self.out_names[j])),
                Cell(slope, form if form is not None and say.agrees(form, slope) else None,
                     partial(self.out_names[j], self.net_names[j])),
                Cell(float(delta[j]), chain),
            ))  # fmt: skip
        columns = ("", self.arrives_as, f"slope {self._general_slope()}", "δ = product")
        return [Table("", columns, tuple(rows), tuple((a,) for a in self.at))]

    def _general_slope(self) -> str:
        """The slope in symbols without the number of the unit: out·(1 - out)."""
        form = self.slope_form(0)
        text = "" if form is None else form.write(Style(self.say.digits))
        if self.activation == "relu":
            return "1 if net > 0"
        text = text.replace(self.out_names[0], "out").replace(self.net_names[0], "net")
        return text if len(text) < 24 else f"of {self.activation}"

    def _d_out_leaf(self, j: int) -> Leaf:
        return self.say.leaf(self.say.d(self.out_names[j]), self.d_out()[j], self.at[j])

    def _softmax(self) -> list[Any]:
        """The Jacobian, and how δ follows from it."""
        say, jacobian, d_out = self.say, jacobian_of(self.curve, self.say.row), self.d_out()
        out, net = self.out_names, self.net_names
        rows = tuple((f"∂{out[i]}", *map(float, jacobian[i])) for i in range(self.m))
        items: list[Any] = [
            Table(
                "softmax: ∂a_i/∂z_j = a_i·(1 - a_i) where i = j, else -a_i·a_j",
                ("", *(f"/∂{n}" for n in net)), rows, tuple((a,) for a in self.at), self.m > 4,
            )
        ]  # fmt: skip
        for j in range(self.m):
            terms = [
                Product([
                    say.leaf(say.d(out[i]), d_out[i], self.at[i]),
                    say.leaf(partial(out[i], net[j]), jacobian[i, j], self.at[i]),
                ]) for i in range(self.m)
            ]  # fmt: skip
            delta, collapsed = self.d_net()[j], self.collapsed.get(j)
            items.append(
                say.line(say.names.delta(self.layer, j), Sum(terms, 4), delta, (self.at[j],),
                         more=collapsed is not None and self.m > 2)
            )  # fmt: skip
            if collapsed is not None:
                items.append(
                    say.line(say.names.delta(self.layer, j), collapsed, delta, (self.at[j],),
                             note="the same, collapsed" if self.m <= 2 else "")
                )  # fmt: skip
        return items

    def weight_line(self, i: int, j: int) -> Line:
        """One weight in full: ∂E/∂out · ∂out/∂net · ∂net/∂w."""
        say = self.say
        name = say.weight(self.layer, i, j)
        at = (self.weight_at(i, j), self.at[j], self.in_at[i])
        return say.line(say.d(name), self.weight_formula(i, j), self.kernel_gradient()[i, j], at)

    def weight_formula(self, i: int, j: int) -> Formula:
        """∂E/∂out · ∂out/∂net · ∂net/∂w; of several rows their sum; and what else reaches it."""
        say, name = self.say, self.say.weight(self.layer, i, j)
        factors = self.factors(j)
        if factors is None:
            factors = [say.leaf(say.names.delta(self.layer, j), self.d_net()[j], self.at[j])]
        local = partial(self.net_names[j], name)
        input_ = Leaf(local, float(self.in_row[i]), self.in_at[i], means=self.in_names[i])
        whole: Formula = Product([*factors, input_])
        if say.recording.rows > 1:
            whole = self.over_rows(i, j)
        return self.with_others(whole, self.net.args[1], (i, j), name)

    def arriving_line(self, i: int) -> Line:
        """∂E/∂input i, with all its paths."""
        say = self.say
        gradient = say.recording.gradient(self.net.args[0])
        value = self.arriving(i).value if gradient is None else self.of_row(gradient)[i]
        return say.line(say.d(self.in_names[i]), self.arriving(i), value, (self.in_at[i],))

    def table(self) -> Table:
        """Every other parameter: upstream δ · local input (+ what else reaches it) = gradient."""
        say = self.say
        rows, at = [], []
        for j in range(self.m):
            for i in range(self.n):
                if (i, j) == (0, 0) and say.recording.rows == 1:  # worked in full
                    continue
                name, g = say.weight(self.layer, i, j), self.kernel_gradient()[i, j]
                own = self.through(i, j)
                rows.append((name, own, self.in_leaf(i), self.others(i, j), float(g)))
                at.append((self.weight_at(i, j), self.at[j], self.in_at[i]))
        for j in range(self.biases):
            g, whole = self.bias_gradient(j)
            own = whole.terms if isinstance(whole, Sum) else [whole]
            local = [t for t in own if not next(iter(t.leaves())).name.startswith("∂")]
            rows.append((self.bias_name(j), Sum(local, 4), None, own[len(local) :], g))
            at.append((self.bias_at(j),))
        return self._rows(rows, at)

    def through(self, i: int, j: int) -> Formula:
        """δ · input, of several rows their sum."""
        delta = self.say.leaf(self.say.names.delta(self.layer, j), self.d_net()[j], self.at[j])
        if self.say.recording.rows > 1:
            return self.over_rows(i, j)
        return Product([delta, self.in_leaf(i)])

    def others(self, i: int, j: int) -> list[Formula]:
        """What reaches a weight by other ways: its penalty, another use of the layer."""
        whole = self.with_others(Leaf("", 0.0), self.net.args[1], (i, j), self.say.weight(
            self.layer, i, j))  # fmt: skip
        return list(whole.terms[1:]) if isinstance(whole, Sum) else []

    def _rows(self, rows: list[Any], at: list[Any]) -> Table:
        """Rows of (name, own share, input or None, other shares, gradient) as a table."""
        say, one = self.say, self.say.recording.rows == 1
        more = any(row[3] for row in rows)
        found = []
        for name, own, x, others, g in rows:
            whole = Sum([own, *others]) if others else own
            cells: list[Any] = []
            if one:
                delta = next(iter(own.leaves()))
                sole = len(list(own.leaves())) == (1 if x is None else 2)
                cells = [Cell(delta.value, None, delta.name) if sole else "Σ"]
                cells.append("1" if x is None else Cell(x.value, None, x.name))
            elif more:
                cells = [Cell(float(own.value), own)]
            if more:
                cells.append(Cell(float(Sum(others).value), Sum(others)) if others else "0")
            shown = whole if say.agrees(whole, g) else None
            found.append((name, *cells, Cell(float(g), shown, say.d(name))))
        through = ("δ", "· input") if one else (f"sum over {say.recording.rows} rows",)
        total = say.d("w") if more or one else f"{say.d('w')}, {through[0]}"
        columns = ("", *(through if one or more else ()), *(("+ other ways",) if more else ()),
                   f"= {total}" if more or one else total)  # fmt: skip
        return Table("", columns, tuple(found), tuple(at))

    def _perceptron_rule(self) -> list[Any]:
        """Δw = η(t − y)x: what a threshold unit learns by, since it has no gradient."""
        say = self.say
        rate = float(
            say.recording.optimizer._rate_at(int(say.recording.optimizer.iterations.value))
        )
        rows, at = [], []
        for j in range(self.m):
            wrong = self.targets[j] - self.a_leaf(j)
            inputs = [(say.weight(self.layer, i, j), self.in_leaf(i), self.weight_at(i, j))
                      for i in range(self.n)]  # fmt: skip
            if self.bias is not None:
                inputs.append((self.bias_name(j), const(1, 1.0), self.bias_at(j)))
            for name, x, place in inputs:
                change = Product([const(f"{rate:g}", rate), wrong, x])
                rows.append((f"Δ{name}", Cell(float(wrong.value), wrong), Cell(float(x.value), x),
                             Cell(float(change.value), change)))  # fmt: skip
                at.append((place,))
        title = "no gradient through a threshold; the perceptron rule: Δw = η·(t - y)·x"
        return [Table(title, ("", "t - y", "· x", f"· {rate:g}"), tuple(rows), tuple(at))]

    def _matrix(self) -> list[Any]:
        """The gradients of a kernel as it stands in memory: a row for each input."""
        g, few = self.kernel_gradient(), 8
        shown = min(self.m, few)
        rows: list[tuple[Any, ...]] = [
            (self.in_names[i], *(Cell(float(g[i, j]), self._product(i, j), at=self.weight_at(i, j))
                                 for j in range(shown)))
            for i in range(self.n)
        ]  # fmt: skip
        at = [tuple(self.weight_at(i, j) for j in range(shown)) for i in range(self.n)]
        if self.bias is not None:
            biases = [self.bias_gradient(j) for j in range(min(self.biases, shown))]
            cells = [
                Cell(value, total if self.say.agrees(total, value) else None, at=self.bias_at(j))
                for j, (value, total) in enumerate(biases)
            ]
            rows.append(("bias", *cells, *("" for _ in range(shown - len(cells)))))
            at.append((self.path(self.bias_weight, "bias"),))
        title = (
            f"{self.say.d(self.path(self.kernel, 'kernel'))}: from the row's name to the column's"
        )
        if shown < self.m:
            title += f"; the first {shown} of {self.m} units"
        columns = ("", *(self.out_names[j] for j in range(shown)))
        return [Table(title, columns, tuple(rows), tuple(at))]

    def _product(self, i: int, j: int) -> Formula | None:
        formula = self.weight_formula(i, j)
        return formula if self.say.agrees(formula, float(self.kernel_gradient()[i, j])) else None

    # --- one weight -----------------------------------------------------------------------------

    def parameter(self, weight: Any, at: tuple[int, ...]) -> dict[str, Any]:
        """One of its weights: name, unit, input, the chain, and the local factor."""
        if weight is self.kernel:
            i, j = at
            return {
                "name": self.say.weight(self.layer, i, j), "unit": j, "input": i,
                "at": self.weight_at(i, j), "formula": self.weight_formula(i, j),
                "local": (partial(self.net_names[j], self.say.weight(self.layer, i, j)),
                          self.in_names[i], float(self.in_row[i])),
            }  # fmt: skip
        j = at[0]
        return {
            "name": self.bias_name(j), "unit": j, "input": None, "at": self.bias_at(j),
            "formula": self.bias_gradient(j)[1],
            "local": (partial(self.net_names[j], self.bias_name(j)), "1", 1.0),
        }  # fmt: skip

    def norm(self) -> float:
        """The size of the kernel's gradient."""
        return float(np.sqrt(np.mean(np.square(self.kernel_gradient()))))
