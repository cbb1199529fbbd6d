"""Recurrent layers: the gates of one unit through time, a weight's gradient as a sum over it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..context import Context, Unexplained
from ..formula import Formula, Leaf, Product, Sum
from ..notation import partial
from ..recording import Stage
from ..steps import Cell, Line, Table, Words
from .curves import output_formula
from .shown import DEEP, KEY, SECOND, Shown, biggest, long_sum, spot

__all__ = ["Recurrence", "Step"]

PARTS = ("getitem", "_split")  # what takes columns out of an array
STEPS = 12  # of a table; of longer sequences the last ones


class Step(NamedTuple):
    """The nodes of one step: names of the gates to their nodes, and the product with U.

    Args:
        gates: by name, in the order of the columns of the kernels; before their curve in `nets`.
        product: the call h(t-1)·U; `second` that of GRU's candidate, where it has one of its own.
        carried: what goes on to the next step, by name: c and h; as they were `made`, where a mask
            may leave the step out.
    """

    gates: dict[str, Any]
    nets: dict[str, Any]
    product: Any
    made: dict[str, Any]
    carried: dict[str, Any]
    second: Any = None


class Recurrence(Shown):
    """What SimpleRNN, LSTM and GRU share: one row, one unit, step by step."""

    letter = "h"
    order: tuple[str, ...] = ()  # of the blocks of columns
    worked = ""  # the gate whose sum is written out
    keeps = ""  # the factor of what is carried on directly

    def __init__(self, say: Context, stage: Stage) -> None:
        super().__init__(say, stage)
        self.cell = stage.layer.cell
        known = self.rec.tape.known
        self.W, self.U = (known(v) for v in (self.cell.kernel, self.cell.recurrent_kernel))
        self.b = None if self.cell.bias is None else known(self.cell.bias)
        if self.W is None or self.U is None:
            raise Unexplained
        self.users: dict[int, list[Any]] = {}
        for call in stage.calls:
            for a in call.args:
                if hasattr(a, "tape"):
                    self.users.setdefault(id(a), []).append(call)
        self.units = int(self.value(self.U).shape[0])
        self.from_x = self.calls_on(self.W)
        self.steps = [self.step(call) for call in self.products()]
        if not self.steps or not self.from_x:
            raise Unexplained
        self.last = len(self.steps)
        self.marks = {c: f"{c}{self.number}" for c in ("i", "f", "g", "o", "c", "h", "z", "r")}
        self._publish()
        ends = self.gradient(self.steps[-1].carried["h"])[self.row]
        every = [self.gradient(s.carried["h"])[self.row] for s in self.steps]
        self.unit = biggest(ends if np.any(ends) else np.sum(np.abs(every), axis=0))[0]

    # --- reading the tape

    def calls_on(self, weight: Any) -> list[Any]:
        """The products with a weight, or with columns of it."""
        found = []
        for call in self.calls("dense", "matmul"):
            made = getattr(call.args[1], "call", None)
            parts = made is not None and made.operation is not None and (
                made.operation.__name__ in PARTS and made.args[0] is weight
            )  # fmt: skip
            if call.args[1] is weight or parts:
                found.append(call)
        return found

    def products(self) -> list[Any]:
        """The product with U of each step."""
        return self.calls_on(self.U)

    def step(self, product: Any) -> Step:
        """The nodes of a step, found from its product with U on."""
        raise NotImplementedError

    def after(self, node: Any, *names: str) -> Any:
        """The call that goes on with a node.

        Raises:
            Unexplained: there is none of these.
        """
        for call in self.users.get(id(node), ()):
            if call.operation.__name__ in names:
                return call
        raise Unexplained

    def curved(self, net: Any) -> Any:
        """The activation of a sum: one call that keeps its shape."""
        for call in self.users.get(id(net), ()):
            if len(call.results) == 1 and np.shape(self.value(call)) == np.shape(self.value(net)):
                return call
        raise Unexplained

    def parts(self, node: Any) -> list[Any]:
        """The blocks of columns that a sum is split into, in order."""
        found: list[Any] = []
        for call in self.users.get(id(node), ()):
            if call.operation.__name__ == "_split":
                return list(call.results)
            if call.operation.__name__ == "getitem":
                found.append(call)
        return sorted(found, key=lambda c: c.args[1][-1].start or 0)

    def kept(self, node: Any) -> Any:
        """With the step left out where it is masked."""
        for call in self.users.get(id(node), ()):
            if call.operation.__name__ == "where":
                return call
        return node

    def left_out(self, t: int) -> bool:
        """Does the mask leave the step out, in the row?"""
        step = self.steps[t]
        if step.carried["h"] is step.made["h"]:
            return False
        return not np.all(self.value(step.carried["h"].args[0])[self.row])

    def d_state(self, name: str, t: int) -> float:
        """∂E/∂ of a state of the unit."""
        step = self.steps[t]
        node = step.carried[name] if self.left_out(t) else step.made[name]
        return float(self.gradient(node)[self.row][self.unit])

    def worked_step(self) -> int:
        """The last one that counts."""
        return next((t for t in range(self.last)[::-1] if not self.left_out(t)), self.last - 1)

    def before(self, t: int, name: str) -> np.ndarray:
        """What a step began with, of the row."""
        if t == 0 and name == "h":
            return self.value(self.steps[0].product.args[0])[self.row]
        if t == 0:
            return self.first_state(name)
        return self.value(self.steps[t - 1].carried[name])[self.row]

    def first_state(self, name: str) -> np.ndarray:
        """What the first step began with."""
        return np.zeros(self.units)

    def x_of(self, t: int) -> np.ndarray:
        """The input of a step, of the row."""
        if len(self.from_x) == 1:
            return self.value(self.from_x[0].args[0])[self.row][t]
        return self.value(self.from_x[t].args[0])[self.row]

    # --- names

    def _publish(self) -> None:
        """Names of what goes on: h(t)[k], of the last step or of all."""
        say, y = self.say, self.y
        say.letters[y.index] = self.c
        shape = self.value(y).shape
        units = range(self.units)
        if shape[1:] == (self.units,):
            say.labels[y.index] = [f"{self.c}({self.last})[{k}]" for k in units]
            say.places[y.index] = [f"{self.name}[{k}]" for k in units]
        elif shape[1:] == (self.last, self.units) and math.prod(shape[1:]) <= 256:
            steps = range(self.last)
            say.labels[y.index] = [f"{self.c}({t + 1})[{k}]" for t in steps for k in units]
            say.places[y.index] = [f"{self.name}[{t},{k}]" for t in steps for k in units]

    def named(self, letter: str, t: int, unit: int | None = None) -> str:
        """`f(3)` of the unit that is shown, `h(3)[1]` of any; t from 0, printed from 1."""
        own = "" if unit is None else f"[{unit}]"
        return f"{self.marks[letter]}({t + 1}){own}"

    def x_name(self, t: int, k: int) -> str:
        """What input k of a step is called."""
        given = self.from_x[0].args[0]
        inside = any(r is given for c in self.stage.calls for r in c.results)
        if hasattr(given, "index") and not inside and self.value(given).ndim == 3:
            return self.entry(given, (t, k))
        return f"x({t + 1})[{k}]"

    def column(self, gate: str) -> int:
        """The column of a gate of the unit."""
        return self.order.index(gate) * self.units + self.unit

    def weight_leaf(self, mark: str, node: Any, index: tuple[int, ...]) -> Leaf:
        """One number of a weight."""
        weight = self.rec.weight_of(node)
        return self.leaf(f"{mark}{self.number}{spot(index)}", self.value(node)[index],
                         f"{self.path(weight)}{spot(index)}")  # fmt: skip

    def state(self, letter: str, t: int, unit: int | None = None) -> Leaf:
        """A state at a step, t = -1 being the first; of the unit, or of another."""
        k = self.unit if unit is None else unit
        return self.leaf(self.named(letter, t, unit), self.before(t + 1, letter)[k],
                         f"{self.name}[{k}]") if t < self.last - 1 else self.leaf(
            self.named(letter, t, unit),
            self.value(self.steps[t].carried[letter])[self.row][k], f"{self.name}[{k}]",
        )  # fmt: skip

    def gate(self, name: str, t: int) -> Leaf:
        """A gate of the unit at a step."""
        value = self.value(self.steps[t].gates[name])[self.row][self.unit]
        return self.leaf(self.named(name, t), value, f"{self.name}[{self.unit}]")

    # --- forward

    def terms(self, gate: str, t: int) -> Formula:
        """x(t)·W + h(t-1)·U + b for a gate of the unit."""
        x, h = self.x_of(t), self.value(self.steps[t].product.args[0])[self.row]
        column = self.column(gate)
        w, u = self.value(self.W)[:, column], self.value(self.U)[:, column]
        n = len(x)

        def term(k: int) -> Formula:
            if k < n:
                given = self.leaf(self.x_name(t, k), x[k])
                return Product([self.weight_leaf("W", self.W, (k, column)), given])
            k -= n
            return Product([
                self.weight_leaf("U", self.U, (k, column)),
                self.leaf(self.named("h", t - 1, k), h[k], f"{self.name}[{k}]"),
            ])  # fmt: skip

        products = np.concatenate([np.asarray(x, float) * w, np.asarray(h, float) * u])
        total: list[Formula] = [long_sum(products, term)]
        if self.b is not None:
            shared = self.value(self.b).ndim == 2
            places = [(0, column), (1, column)] if shared else [(column,)]
            total += [self.weight_leaf("b", self.b, p) for p in places]
        return Sum(total, 99)

    def gate_lines(self, gate: str, t: int) -> list[Line]:
        """The sum of a gate, and its curve."""
        step, at = self.steps[t], (f"{self.name}[{self.unit}]",)
        net = self.leaf(f"net {self.named(gate, t)}", self.value(step.nets[gate])[self.row][
            self.unit], at[0])  # fmt: skip
        out = self.gate(gate, t)
        call = step.gates[gate]
        formula = output_formula(call.operation.__name__, net, out.value, call.kwargs)
        return [
            self.say.line(net.name, self.terms(gate, t), net.value, at),
            self.say.line(out.name, formula, out.value, at),
        ]

    def carry_lines(self, t: int) -> list[Line]:
        """How the states follow from the gates."""
        return []

    def says(self) -> str:
        """What it is, in a line."""
        time, n = self.last, len(self.x_of(0))
        way = ", from the last step on" if self.stage.layer.go_backwards else ""
        blocks = f", column blocks {' '.join(self.order)}" if len(self.order) > 1 else ""
        return (f"{self.stage.kind}, {time} steps of {n}, {self.units} units{way}; shown: unit "
                f"{self.unit}{blocks}")  # fmt: skip

    def forwards(self) -> list[tuple[int, Any]]:
        """All gates over time; the last step worked."""
        t = self.worked_step()
        items: list[tuple[int, Any]] = [self.heading(self.says())]
        items += [(KEY, line) for line in self.gate_lines(self.worked, t)]
        for gate in self.order:
            if gate != self.worked:
                items += [(DEEP, line) for line in self.gate_lines(gate, t)]
        items += [(KEY, line) for line in self.carry_lines(t)]
        return [*items, (SECOND, self.time_table())]

    def step_name(self, t: int) -> str:
        """`t = 3`."""
        return f"t = {t + 1}" + (" masked" if self.left_out(t) else "")

    def shown_steps(self) -> range:
        """The steps of a table."""
        return range(max(0, self.last - STEPS), self.last)

    def time_table(self) -> Table:
        """Gates and states of the unit, step by step."""
        rows = []
        for t in self.shown_steps():
            step = self.steps[t]
            gates = [float(self.value(step.gates[g])[self.row][self.unit]) for g in self.order]
            states = [float(self.value(n)[self.row][self.unit]) for n in step.carried.values()]
            extra = [] if "h" in self.order else states
            rows.append((self.step_name(t), *gates, *extra))
        names = [*self.order] if "h" in self.order else [*self.order, *self.steps[0].carried]
        columns = ("", *(self.marks[n] for n in names))
        at = tuple((f"{self.name}[{self.unit}]",) for _ in rows)
        return Table("", columns, tuple(rows), at, total=self.last if len(rows) < self.last else 0)

    # --- backward

    def backwards(self) -> list[tuple[int, Any]]:
        """What is carried back, and the gradient of U as a sum over time."""
        gradient = self.gradient(self.U)
        if not np.any(gradient):
            none = Words(f"{self.name}: no gradient reaches its recurrent kernel", at=(self.name,))
            return [(KEY, none)]
        column, k = self._entry(gradient)
        lines = self.back_lines(self.worked_step())
        items: list[tuple[int, Any]] = [(SECOND, line) for line in lines]
        items.append((SECOND, self.back_table(k, column)))
        items.append((KEY, self.over_time("U", self.U, (k, column))))
        items += [(SECOND, line) for line in self.shrinking()]
        w = biggest(self.gradient(self.W)[:, column])[0]
        items.append((DEEP, self.over_time("W", self.W, (w, column))))
        return items

    def _entry(self, gradient: np.ndarray) -> tuple[int, int]:
        """The column of the unit and the row of U with the largest gradient."""
        columns = [b * self.units + self.unit for b in range(len(self.order))]
        k, c = biggest(gradient[:, columns])
        return columns[c], k

    def share(self, node: Any, t: int) -> np.ndarray:
        """What a step adds to the gradient of a weight: the tape's own."""
        step = self.steps[t]
        calls = [step.product] if step.second is None else [step.product, step.second]
        if node is self.W:
            calls = [self.from_x[t]] if len(self.from_x) > 1 else []
        found = np.zeros(self.value(node).shape)
        for call in calls:
            d = self.rec.d_args.get(call.index)
            if d is None or d[1] is None:
                continue
            if call.args[1] is node:
                found += d[1]
            else:  # the product was with some of its columns
                found[_columns(call.args[1])] += d[1]
        return found

    def over_time(self, mark: str, node: Any, index: tuple[int, ...]) -> Line:
        """∂E/∂ of one recurrent weight: the sum of what every step adds."""
        name = f"{mark}{self.number}{spot(index)}"
        values = [self._at_step(node, t, index) for t in range(self.last)]
        formula = long_sum(values, lambda t: self.leaf(f"step {t + 1}", values[t], self.name))
        return self.weight_line(node, index, name, formula)._replace(note="sum over time")

    def _at_step(self, node: Any, t: int, index: tuple[int, ...]) -> float:
        """What a step adds to the gradient of one number."""
        if node is self.W and len(self.from_x) == 1:  # one product for all steps: its own rows
            x = self.value(self.from_x[0].args[0])[:, t, index[0]]
            d = self.gradient(self.from_x[0])[:, t, index[1]]
            return float(np.dot(np.asarray(x, np.float64), d))
        return float(self.share(node, t)[index])

    def product_of(self, t: int, column: int) -> tuple[Any, int]:
        """The product that a column of U takes part in at a step, and its column there."""
        step = self.steps[t]
        first = self.value(step.product).shape[-1]
        return (step.product, column) if column < first else (step.second, column - first)

    def back_table(self, k: int, column: int) -> Table:
        """∂E/∂ of the states, δ, h(t-1), and what the step adds to the gradient of U."""
        rows, one = [], self.rec.rows == 1
        for t in self.shown_steps():
            carried = [self.d_state(name, t) for name in self.steps[t].carried]
            call, j = self.product_of(t, column)
            delta = float(self.gradient(call)[self.row][j])
            h = float(self.value(call.args[0])[self.row][k])
            added = self._at_step(self.U, t, (k, column))
            product = Product([Leaf("δ", delta), Leaf("h", h)]) if one else None
            rows.append((self.step_name(t), *carried, delta, h, Cell(added, product)))
        names = [self.say.d(self.marks[n]) for n in self.steps[0].carried]
        gate = self.order[column // self.units]
        before = "r·h(t-1)" if self.steps[0].second is not None and gate == "g" else "h(t-1)"
        added = "δ·h" if one else f"sum of {self.rec.rows} rows"
        cell = getattr(self.stage.layer, "cell", self.stage.layer)
        reset = gate == "g" and getattr(cell, "reset_after", False)  # r stands behind U·h
        delta_of = f"{'r·' if reset else ''}δ of {self.marks[gate]}"
        columns = ("", *names, delta_of, f"{before}[{k}]", added)
        at = tuple((f"{self.name}[{self.unit}]",) for _ in rows)
        return Table("", columns, tuple(rows), at, total=self.last if len(rows) < self.last else 0)

    def back_lines(self, t: int) -> list[Line]:
        """How a state's gradient comes about."""
        return []

    def shrinking(self) -> list[Line]:
        """What is left of a gradient that goes back through time: the product of the factors."""
        if self.last < 2:
            return []
        t0 = max(0, self.last - 6)
        steps = [t for t in range(t0 + 1, self.last) if not self.left_out(t)]
        factors: list[Formula] = [self.factor(t) for t in steps]
        if not factors:
            return []
        state = next(iter(self.steps[0].carried))
        name = partial(self.named(state, self.last - 1), self.named(state, t0))
        whole = Product(factors)
        note = self.keeps if math.isfinite(whole.value) else ""
        return [self.say.line(name, whole, whole.value, (self.name,), note=note)]

    def factor(self, t: int) -> Formula:
        """∂state(t)/∂state(t-1) of the unit, on the way that does not leave it."""
        raise NotImplementedError


def _columns(part: Any) -> tuple[slice, ...]:
    """The place of columns in the array they were taken from."""
    if part.call.operation.__name__ == "getitem":
        return part.call.args[1]
    edges = part.call.args[1]
    return slice(None), slice(edges[part.place], edges[part.place + 1])
