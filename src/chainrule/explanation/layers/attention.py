"""Attention: one query of one head, from its scores to its mean of values, and back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..context import Context, Unexplained, explains
from ..formula import Apply, Formula, Leaf, Neg, Product, Ratio, Sum, const
from ..recording import Stage
from ..steps import Cell, Line, Table
from .shown import DEEP, KEY, SECOND, Shown, biggest, long_sum, spot

__all__ = ["Attending"]

KEYS = 10  # of a table


@explains("MultiHeadAttention", "CachedMultiHeadAttention", "GroupQueryAttention")
@explains("Attention", "AdditiveAttention")
class Attending(Shown):
    """softmax(Q·Kᵀ/√d)·V: scores of a query, probabilities, the mean of values under them."""

    letter = "o"

    def __init__(self, say: Context, stage: Stage) -> None:
        super().__init__(say, stage)
        self.softmax = self.first_call("softmax")
        self.allowed: Any = None
        scores = self.softmax.args[0]
        if scores.call.operation.__name__ == "where":
            self.allowed = np.broadcast_to(self.value(scores.call.args[0]), scores.value.shape)
            scores = scores.call.args[1]
        self.scale = 1.0
        self.scored: Any = None
        if scores.call.operation.__name__ == "multiply" and not np.ndim(self.value(
            scores.call.args[1])):  # fmt: skip
            self.scale = float(self.value(scores.call.args[1]))
            scores = scores.call.args[0]
        if scores.call.operation.__name__ == "matmul":
            self.scored = scores.call
        self.factors: list[np.ndarray] = []
        node = self.softmax
        while True:  # what dropout and empty rows do to the probabilities
            call = self._after(node)
            if call.operation.__name__ == "matmul":
                break
            if call.operation.__name__ != "multiply":
                raise Unexplained
            self.factors.append(np.broadcast_to(self.value(call.args[1]), node.value.shape))
            node = call
        self.kept, self.mixed, self.v = node, call, call.args[1]
        self.heads = self.softmax.value.ndim == 4
        place = biggest(self.gradient(self.mixed)[self.row])
        self.head, self.t, self.unit = place if self.heads else (0, *place)
        self.publish(self.y, self.c)
        p = self.of_head(self.softmax)
        self.key = biggest(p[self.t])[0]

    def _after(self, node: Any) -> Any:
        for call in self.stage.calls:
            if any(a is node for a in call.args):
                return call
        raise Unexplained

    # --- reading

    def of_head(self, node: Any) -> np.ndarray:
        """The values of a node in the row and the head."""
        value = self.value(node)[self.row]
        return value[self.head] if self.heads else value

    def d_head(self, node: Any) -> np.ndarray:
        """∂E/∂ of it there."""
        found = self.gradient(node)[self.row]
        return found[self.head] if self.heads else found

    def kept_share(self, t: int, j: int) -> list[Formula]:
        """What a probability is multiplied by, where dropout is on."""
        value = 1.0
        for factor in self.factors:
            own = factor[self.row]
            value *= float((own[self.head] if self.heads else own)[t, j])
        off = all(np.all(f == 1) for f in self.factors)
        return [] if off else [self.leaf(f"m{self.number}{spot((t, j))}", value)]

    # --- names

    def at(self, letter: str, *index: int) -> str:
        """`α[2,0]`."""
        return f"{letter}{self.number}{spot(index)}"

    def p(self, t: int, j: int) -> Leaf:
        """A probability."""
        return self.leaf(self.at("α", t, j), self.of_head(self.softmax)[t, j], self.name)

    def s(self, j: int) -> Leaf:
        """A score of the query, as the softmax takes it."""
        return self.leaf(self.at("s", self.t, j), self.of_head(self.softmax.args[0])[self.t, j])

    def v_leaf(self, j: int, c: int) -> Leaf:
        """A number of a value."""
        return self.leaf(self.at("v", j, c), self.of_head(self.v)[j, c])

    def d_y(self, t: int, c: int) -> Leaf:
        """∂E/∂ of a number of the head's result."""
        return self.leaf(self.say.d(self.at("y", t, c)), self.d_head(self.mixed)[t, c], self.name)

    def d_p(self, j: int) -> Leaf:
        """∂E/∂ of a probability of the query."""
        return self.leaf(self.say.d(self.at("α", self.t, j)),
                         self.d_head(self.softmax)[self.t, j])  # fmt: skip

    def looked(self) -> list[int]:
        """The keys that the query may look at."""
        n = self.of_head(self.softmax).shape[-1]
        if self.allowed is None:
            return list(range(n))
        own = self.allowed[self.row]
        return [j for j in range(n) if (own[self.head] if self.heads else own)[self.t, j]]

    # --- forward

    def says(self) -> str:
        """Heads, queries, keys; which of them is shown."""
        shape = self.softmax.value.shape
        heads = f"{shape[1]} heads, " if self.heads else ""
        which = f"head {self.head}, " if self.heads else ""
        n = len(self.looked())
        seen = "" if n == shape[-1] else f", which may look at {n} of them"
        return (f"{self.stage.kind}, {heads}{shape[-2]} queries, {shape[-1]} keys; shown: "
                f"{which}query {self.t}{seen}")  # fmt: skip

    def forwards(self) -> list[tuple[int, Any]]:
        """One score, one probability, their sum, one number of the result."""
        t, j = self.t, self.key
        items: list[tuple[int, Any]] = [self.heading(self.says())]
        if self.scored is not None and j in self.looked():
            items.append((KEY, self.score_line(j)))
        p = self.of_head(self.softmax)[t]
        seen = self.looked()
        if seen:
            bottom = [Apply("exp", self.s(k)) for k in seen]
            formula = Ratio(Apply("exp", self.s(j)), Sum(bottom, 4))
            items.append((KEY, self.say.line(self.at("α", t, j), formula, p[j], (self.name,))))
        total = long_sum(p, lambda k: self.p(t, k), 5)
        items.append((KEY, self.say.line(f"Σ α{self.number}", total, float(np.sum(p)),
                                         (self.name,))))  # fmt: skip
        values = self.of_head(self.kept)[t] * self.of_head(self.v)[:, self.unit]
        whole = long_sum(values, lambda k: Product(
            [self.p(t, k), *self.kept_share(t, k), self.v_leaf(k, self.unit)]))  # fmt: skip
        y = self.of_head(self.mixed)[t, self.unit]
        line = self.say.line(self.at("y", t, self.unit), whole, y, (self.name,))
        items.append((KEY, line))
        if not self.heads:
            self.say.labels.pop(self.mixed.index, None)
        return items

    def score_line(self, j: int) -> Line:
        """q·k, scaled."""
        q = self.of_head(self.scored.args[0])[self.t]
        k = self.of_head(self.scored.args[1])[:, j]
        total = long_sum(q * k, lambda d: Product(
            [self.leaf(self.at("q", self.t, d), q[d]), self.leaf(self.at("k", j, d), k[d])]
        ))  # fmt: skip
        return self.say.line(self.at("s", self.t, j), self.scaled(total), self.s(j).value,
                             (self.name,))  # fmt: skip

    def scaled(self, formula: Formula) -> Formula:
        """Divided by √d, or multiplied by whatever stands in its place."""
        size = self.value(self.scored.args[0]).shape[-1]
        if self.scale == 1:
            return formula
        if math.isclose(self.scale, size**-0.5, rel_tol=1e-6):
            return Ratio(formula, Apply("sqrt", const(size)))
        return Product([formula, const(repr(self.scale), self.scale)])

    # --- backward

    def backwards(self) -> list[tuple[int, Any]]:
        """From the result to the values, the probabilities, the scores, the queries."""
        if not np.any(self.d_head(self.mixed)):
            return []
        items: list[tuple[int, Any]] = []
        if self.through(self.mixed, 1) is not None:
            items.append((SECOND, self.value_line()))
        if self.rec.gradient(self.softmax) is None:  # neither queries nor keys depend on a weight
            return items
        items += [(KEY, self.probability_line()), (KEY, self.score_gradient()),
                  (SECOND, self.table())]  # fmt: skip
        if self.scored is not None and self.through(self.scored, 0) is not None:
            items.append((SECOND, self.query_line()))
        for rank, name in ((SECOND, "query"), (DEEP, "key"), (DEEP, "value"),
                           (DEEP, "attention_output")):  # fmt: skip
            line = self.projection_line(name)
            if line is not None:
                items.append((rank, line))
        return items

    def value_line(self) -> Line:
        """∂E/∂v = Σ over queries p·∂E/∂y."""
        j, c = self.key, self.unit
        p, d = self.of_head(self.kept)[:, j], self.d_head(self.mixed)[:, c]
        total = long_sum(p * d, lambda t: Product(
            [self.p(t, j), *self.kept_share(t, j), self.d_y(t, c)]))  # fmt: skip
        name = self.at("v", j, c)
        d_v = self.through(self.mixed, 1)[j, c]  # V may also be what is looked at
        return self.say.line(self.say.d(name), total, d_v, (self.name,), note="sum over queries")

    def through(self, call: Any, place: int) -> Any:
        """What a call adds to the gradient of one of its arguments, in the row and the head."""
        d_args = self.rec.d_args.get(call.index)
        found = None if d_args is None else d_args[place]
        if found is None:  # of the batch itself
            return None
        own = np.asarray(found)[self.row]
        return own[self.head] if self.heads else own

    def probability_line(self) -> Line:
        """∂E/∂p = Σ over numbers of the value ∂E/∂y·v."""
        j, t = self.key, self.t
        v, d = self.of_head(self.v)[j], self.d_head(self.mixed)[t]
        share = self.kept_share(t, j)
        factor = share[0].value if share else 1.0
        total = long_sum(v * d * factor, lambda c: Product(
            [self.d_y(t, c), self.v_leaf(j, c), *share]))  # fmt: skip
        p = self.d_p(j)
        return self.say.line(p.name, total, p.value, (self.name,))

    def score_gradient(self) -> Line:
        """∂E/∂s = p·(∂E/∂p - Σ p·∂E/∂p): a row of the softmax's Jacobian."""
        t, j = self.t, self.key
        p, d = self.of_head(self.softmax)[t], self.d_head(self.softmax)[t]
        mean = long_sum(p * d, lambda k: Product([self.p(t, k), self.d_p(k)]), 3)
        formula = Product([self.p(t, j), Sum([self.d_p(j), Neg(mean)])])
        d_s = self.d_head(self.softmax.args[0])[t, j]
        return self.say.line(self.say.d(self.at("s", t, j)), formula, d_s, (self.name,))

    def table(self) -> Table:
        """Every key of the query: score, probability, and their gradients."""
        t, seen = self.t, self.looked()
        p, s = self.of_head(self.softmax)[t], self.of_head(self.softmax.args[0])[t]
        d_p, d_s = self.d_head(self.softmax)[t], self.d_head(self.softmax.args[0])[t]
        order = sorted(seen, key=lambda j: -p[j])[:KEYS]
        rows = [
            (f"key {j}", float(s[j]), float(p[j]), float(d_p[j]), Cell(float(d_s[j])))
            for j in sorted(order)
        ]
        n = self.number
        columns = ("", f"s{n}", f"α{n}", self.say.d(f"α{n}"), self.say.d(f"s{n}"))
        return Table("", columns, tuple(rows), tuple((self.name,) for _ in rows),
                     total=len(seen) if len(seen) > len(rows) else 0)  # fmt: skip

    def query_line(self) -> Line:
        """∂E/∂q = Σ over keys ∂E/∂s·k/√d."""
        k = self.scored.args[1]
        d_q = self.through(self.scored, 0)[self.t]
        c = biggest(d_q)[0]
        keys = self.of_head(k)[c]
        name = self.at("q", self.t, c)
        scaled = self.d_head(self.softmax.args[0])[self.t] * np.ones(keys.shape)

        def term(j: int) -> Formula:
            own = self.leaf(self.say.d(self.at("s", self.t, j)), scaled[j])
            return Product([own, self.leaf(self.at("k", j, c), keys[j])])

        total = self.scaled(long_sum(scaled * keys, term))
        return self.say.line(self.say.d(name), total, d_q[c], (self.name,), note="sum over keys")

    def projection_line(self, name: str) -> Line | None:
        """∂E/∂ of one number of a projection: Σ over positions and rows of input·δ."""
        variable = getattr(self.stage.layer, f"{name}_kernel", None)
        node = None if variable is None else self.rec.tape.known(variable)
        if node is None:
            return None
        found = self._columns(node)
        if found is None:
            return None
        call, first = found
        gradient = self.gradient(node)
        index = biggest(gradient)
        width = math.prod(gradient.shape[1:])
        if name == "attention_output":
            width = math.prod(gradient.shape[2:])
        flat = int(np.ravel_multi_index(index, gradient.shape))
        row, column = divmod(flat, width)
        x, d = self.value(call.args[0])[..., row], self.gradient(call)[..., first + column]
        given, letter = call.args[0], name[0] if name != "attention_output" else self.c
        inside = self.stage.holds(getattr(given, "call", None))

        def term(i: int) -> Formula:
            r, t = (int(n) for n in np.unravel_index(i, x.shape))
            source = f"y{self.number}{spot((t, row))}" if inside else self.entry(given, (t, row))
            delta = f"{letter}{spot((t, column))}" if inside else self.at(letter, t, column)
            return Product([
                self.leaf(self.of_row(self.say.d(delta), r), d[r, t]),
                self.leaf(self.of_row(source, r), x[r, t]),
            ])  # fmt: skip

        values = np.asarray(x, np.float64) * d
        mark = f"W{letter}{self.number}" if not inside else f"W{self.c}"
        line = self.weight_line(node, index, mark + spot(index), long_sum(values, term))
        return line._replace(note=f"sum over {x.size} positions" if self.rec.rows == 1 else
                             f"sum over {x.shape[1]} positions of {x.shape[0]} rows")  # fmt: skip

    def _columns(self, kernel: Any) -> tuple[Any, int] | None:
        """The product that a kernel takes part in, and the first of its columns there."""
        flat = next((c for c in self.calls("reshape") if c.args[0] is kernel), None)
        if flat is None:
            return None
        for call in self.calls("dense"):
            if call.args[1] is flat:
                return call, 0
            joined = getattr(call.args[1], "call", None)
            if joined is None or joined.operation is None:
                continue
            if joined.operation.__name__ == "concatenate":
                first = 0
                for part in joined.args:
                    if part is flat:
                        return call, first
                    first += self.value(part).shape[1]
        return None
