"""Normalizations: mean, variance and x̂ of one number, and the three ways back to its input."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..context import Context, Unexplained, explains
from ..formula import Apply, Formula, Leaf, Neg, Power, Product, Ratio, Sum, const
from ..recording import Stage
from ..steps import Line
from .shown import KEY, SECOND, Shown, biggest, long_sum

__all__ = ["Normalized"]


@explains("LayerNormalization", "BatchNormalization", "GroupNormalization", "RMSNormalization")
class Normalized(Shown):
    """x̂ = (x - μ)/√(σ² + ε), y = γ·x̂ + β."""

    letter = "n"

    def __init__(self, say: Context, stage: Stage) -> None:
        super().__init__(say, stage)
        layer, known = stage.layer, self.rec.tape.known
        self.gamma, self.beta = (
            known(v) if v is not None else None
            for v in (_weight(layer, "gamma", "scale"), _weight(layer, "beta"))
        )
        self._find()
        self.place = biggest(self.gradient(self.y)[self.row])
        self.flat = int(np.ravel_multi_index((self.row, *self.place), self.value(self.y).shape))
        self.inside = self._grouped(self.flat)
        self.sharing = self._members()
        self.members = self._counted()
        self.over_rows = bool(np.any(self.sharing[:, 0] != self.row))
        self.publish(self.y, self.c)

    def _find(self) -> None:
        """The nodes of the composition."""
        node = self.y
        if self.beta is not None:
            node = self._other(node, "add", self.beta)
        if self.gamma is not None:
            node = self._other(node, "multiply", self.gamma)
        self.scaled = node
        if not hasattr(node, "call"):  # of the batch itself: nothing of it is on the tape
            raise Unexplained
        while node.call.operation is not None and node.call.operation.__name__ == "reshape":
            node = node.call.args[0]
        self.x_hat = node
        if node.call.operation is None or node.call.operation.__name__ != "multiply":
            raise Unexplained
        self.centred, self.over = node.call.args
        made = getattr(self.centred, "call", None)
        self.mean: Any = None
        self.x = self.centred
        if made is not None and made.operation is not None and (
            made.operation.__name__ == "subtract"
        ):  # fmt: skip
            self.x, self.mean = made.args
        if not hasattr(self.x, "index"):
            raise Unexplained
        root = getattr(self.over, "call", None)
        self.variance, self.epsilon = None, 0.0
        if root is not None and root.operation is not None:
            added = root.args[0].call
            self.variance, self.epsilon = added.args[0], float(self.value(added.args[1]))
        moments = getattr(self.variance, "call", None)
        names = ("mean", "sum")
        self.own = moments is not None and moments.operation is not None and (
            moments.operation.__name__ in names
        )  # fmt: skip

    def _other(self, node: Any, name: str, weight: Any) -> Any:
        """What γ or β is applied to."""
        call = getattr(node, "call", None)
        if call is None or call.operation is None or call.operation.__name__ != name:
            raise Unexplained
        if self.source(call.args[1]) is not weight:
            raise Unexplained
        return call.args[0]

    def _grouped(self, flat: int) -> tuple[int, ...]:
        """A place in the shape in which the statistics are taken."""
        return tuple(int(i) for i in np.unravel_index(flat, self.value(self.x_hat).shape))

    def _members(self) -> np.ndarray:
        """The places of the numbers that share mean and variance with the one that is shown."""
        shape = self.value(self.x_hat).shape
        of = self.value(self.over).shape
        spread = np.zeros(shape, bool)
        index = tuple(
            slice(None) if n == 1 else slice(i, i + 1) for i, n in zip(self.inside, of, strict=True)
        )
        spread[index] = True
        return np.argwhere(spread)

    def _counted(self) -> np.ndarray:
        """Those of them that a mask leaves: mean and variance are theirs."""
        moments: Any = getattr(self.variance, "call", None)
        if not self.own or moments.operation.__name__ != "sum":
            return self.sharing
        share = np.broadcast_to(
            self.value(moments.args[0].call.args[1]), self.value(self.x_hat).shape
        )
        return self.sharing[self.at_places(share, self.sharing) != 0]

    @staticmethod
    def at_places(array: np.ndarray, places: np.ndarray) -> np.ndarray:
        """The numbers of an array there, as float64."""
        return np.asarray(array[tuple(places.T)], np.float64)

    # --- names

    def given(self, place: tuple[int, ...]) -> Leaf:
        """A number of the input."""
        shape = self.value(self.y).shape
        flat = int(np.ravel_multi_index(place, self.value(self.x_hat).shape))
        row, *cell = (int(i) for i in np.unravel_index(flat, shape))
        source = self.x
        if self.value(source).shape != shape:  # in groups
            source = source.call.args[0]
        name = self.entry(source, tuple(cell))
        if self.over_rows:
            name = self.of_row(name, row)
        return self.leaf(name, self.value(self.x)[place], self.entry_at(source, tuple(cell)))

    def mu(self) -> Leaf:
        """μ."""
        return self.leaf(f"μ{self.number}", self._of(self.mean))

    def sigma(self) -> Leaf:
        """σ², or the mean square."""
        name = f"σ{self.number}²" if self.mean is not None else f"mean(x{self.number}²)"
        return self.leaf(name, self._of(self.variance))

    def hat(self, place: tuple[int, ...] | None = None) -> Leaf:
        """x̂."""
        place = self.inside if place is None else place
        mark = ""
        if place != self.inside:
            mark = f"({int(np.flatnonzero((self.sharing == place).all(axis=1))[0]) + 1})"
        return self.leaf(f"x̂{self.number}{mark}", self.value(self.x_hat)[place])

    def _of(self, node: Any) -> float:
        """A statistic of the number that is shown."""
        value = np.broadcast_to(self.value(node), self.value(self.over).shape)
        return float(value[tuple(0 if n == 1 else i for i, n in zip(
            self.inside, value.shape, strict=True))])  # fmt: skip

    def root(self) -> Formula:
        """√(σ² + ε)."""
        return Apply("sqrt", self.sigma() + const(f"{self.epsilon:g}", self.epsilon))

    def parameter(self, node: Any, letter: str) -> tuple[Leaf, tuple[int, ...]]:
        """γ or β of the number, and its place."""
        for call in self.calls("reshape"):
            if call.args[0] is node:
                wide = self.value(call).shape
                break
        else:
            raise Unexplained
        place = (self.row, *self.place)
        index = tuple(0 if n == 1 else i for i, n in zip(place, wide, strict=True))
        own = np.unravel_index(int(np.ravel_multi_index(index, wide)), self.value(node).shape)
        index = tuple(int(i) for i in own)
        weight = self.rec.weight_of(node)
        label = ",".join(map(str, index))
        leaf = self.leaf(f"{letter}{self.number}[{label}]", self.value(node)[index],
                         f"{self.path(weight)}[{label}]")  # fmt: skip
        return leaf, index

    # --- forward

    def says(self) -> str:
        """Over what the statistics are taken."""
        n = len(self.members)
        if self.variance is None or not self.own:
            over = "with its moving mean and variance, as it is not trained"
        elif self.over_rows:
            each = n // self.rec.rows
            over = f"mean and variance of each channel over {self.rec.rows} rows"
            over += f" × {each} positions" if each > 1 else ""
        else:
            what = "mean and variance" if self.mean is not None else "mean square"
            over = f"{what} of {n} numbers of a row"
        return f"{self.stage.kind}, {over}"

    def forwards(self) -> list[tuple[int, Any]]:
        """Mean, variance, x̂, y."""
        say, y = self.say, self.value(self.y)[self.row][self.place]
        items: list[tuple[int, Any]] = [self.heading(self.says())]
        if self.own:
            items += [(KEY, line) for line in self.statistics()]
        x = self.given(self.inside)
        if self.variance is None:
            over = self.leaf("1/√(σ² + ε)", self._of(self.over))
            formula: Formula = Product([self._centred(x), over])
        else:
            formula = Ratio(self._centred(x), self.root())
        hat = self.hat()
        items.append((KEY, say.line(hat.name, formula, hat.value, (self.name,))))
        whole: Formula = hat
        if self.gamma is not None:
            whole = Product([self.parameter(self.gamma, "γ")[0], hat])
        if self.beta is not None:
            whole = Sum([whole, self.parameter(self.beta, "β")[0]])
        name, at = self.entry(self.y, self.place), self.entry_at(self.y, self.place)
        return [*items, (KEY, say.line(name, whole, y, (at,)))]

    def _centred(self, x: Leaf) -> Formula:
        return x if self.mean is None else x - self.mu()

    def statistics(self) -> list[Line]:
        """μ and σ²; of masked ones without a formula."""
        say, n = self.say, len(self.members)
        lines: list[Line] = []
        values = self.at_places(self.value(self.x), self.members)
        count = const(n)

        def x(k: int) -> Leaf:
            return self.given(tuple(int(i) for i in self.members[k]))

        centre = 0.0
        if self.mean is not None:
            mu = self.mu()
            centre = mu.value
            lines.append(say.line(mu.name, Ratio(long_sum(values, x), count), centre, (self.name,)))
        squares = (values - centre) ** 2
        total = long_sum(squares, lambda k: Power(self._centred(x(k)), const(2)), 2)
        sigma = self.sigma()
        lines.append(say.line(sigma.name, Ratio(total, count), sigma.value, (self.name,)))
        return lines

    # --- backward

    def backwards(self) -> list[tuple[int, Any]]:
        """γ, β, and the input."""
        items: list[tuple[int, Any]] = []
        if self.gamma is not None:
            items.append((KEY, self.parameter_line(self.gamma, "γ", self.scaled)))
        if self.beta is not None:
            items.append((SECOND, self.parameter_line(self.beta, "β", None)))
        if self.rec.gradient(self.x) is not None:
            items += self.input_lines()
        return items

    def parameter_line(self, node: Any, letter: str, by: Any) -> Line:
        """∂E/∂γ = Σ ∂E/∂y·x̂, ∂E/∂β = Σ ∂E/∂y over all that share it."""
        leaf, index = self.parameter(node, letter)
        shape = self.value(self.y).shape
        wide = next(self.value(c).shape for c in self.calls("reshape") if c.args[0] is node)
        place = (self.row, *self.place)
        where = tuple(slice(None) if n == 1 else slice(i, i + 1)
                      for i, n in zip(place, wide, strict=True))  # fmt: skip
        d = self.gradient(self.y)[where]
        numbers = np.arange(int(np.prod(shape))).reshape(shape)[where].reshape(-1)
        hat = np.ones(d.shape) if by is None else self.value(by)[where]

        def term(k: int) -> Formula:
            row, *cell = (int(i) for i in np.unravel_index(int(numbers[k]), shape))
            name = self.of_row(self.say.d(self.entry(self.y, tuple(cell))), row)
            own = self.leaf(name, d.reshape(-1)[k], self.entry_at(self.y, tuple(cell)))
            if by is None:
                return own
            mark = self.of_row(f"x̂{self.number}" + str(self.entry(self.y, tuple(cell)))[
                len(self.c):], row)  # fmt: skip
            return Product([own, self.leaf(mark, hat.reshape(-1)[k])])

        values = np.asarray(d, np.float64) * hat
        line = self.weight_line(node, index, leaf.name, long_sum(values, term))
        return line._replace(note=f"sum over {d.size}")

    def input_lines(self) -> list[tuple[int, Any]]:
        """∂E/∂x: directly, through σ², through μ: what each call on the tape adds."""
        say = self.say
        x = self.given(self.inside)
        inside, row = self.inside, (self.row, *self.place)
        y_name = self.entry(self.y, self.place)
        d_y = self.leaf(say.d(y_name), self.gradient(self.y)[row], self.entry_at(self.y, row[1:]))
        over = (self.leaf("1/√(σ² + ε)", self._of(self.over)) if self.variance is None
                else Ratio(const(1), self.root()))  # fmt: skip
        g: list[Formula] = [d_y]
        if self.gamma is not None:
            g.append(self.parameter(self.gamma, "γ")[0])
        direct = self._share(self.centred, self.x_hat)
        terms: list[Formula] = [self.leaf(f"g{self.number}", direct[inside])]
        items: list[tuple[int, Any]] = [
            (KEY, say.line(f"g{self.number}", Product([*g, over]), direct[inside], (self.name,)))
        ]
        if self.own:
            ways = self.ways(direct)
            items += [(SECOND, line) for line in ways]
            terms += [self.leaf(line.name, line.value) for line in ways]
        formula: Formula = Sum(terms)
        whole = self.with_others(formula, self.x, inside, x.name)
        line = say.line(say.d(x.name), whole, self.gradient(self.x)[inside], (x.at,))
        return [*items, (KEY, line)]

    def ways(self, direct: np.ndarray) -> list[Line]:
        """-x̂·mean(g·x̂) through σ², -mean(g) through μ, beside what the tape says."""
        if not (self.members == self.inside).all(axis=1).any():  # masked: nobody counts it
            return []
        hats = self.at_places(self.value(self.x_hat), self.sharing)
        g = self.at_places(direct, self.sharing)
        n = const(len(self.members))

        def leaf(k: int) -> Leaf:
            return self.leaf(f"g{self.number}({k + 1})", g[k])

        mean_gx = Ratio(long_sum(g * hats, lambda k: Product(
            [leaf(k), self.hat(tuple(int(i) for i in self.sharing[k]))]), 2), n)  # fmt: skip
        lines = [self.say.line(
            "through σ²" if self.mean is not None else "through mean(x²)",
            Neg(Product([self.hat(), mean_gx])), self._through("square")[self.inside],
            (self.name,))]  # fmt: skip
        if self.mean is not None:
            # x also goes into its mean: what comes back that way
            found = np.zeros(self.value(self.x).shape)
            for call, d in self.rec.shares(self.x):
                if self.stage.holds(call) and call.operation.__name__ != "subtract":
                    found = found + d
            lines.append(self.say.line("through μ", Neg(Ratio(long_sum(g, leaf, 3), n)),
                                       found[self.inside], (self.name,)))  # fmt: skip
        return lines

    def _share(self, node: Any, of: Any) -> np.ndarray:
        """What one call adds to the gradient of a node."""
        for call, d in self.rec.shares(node):
            if call is of:
                return d
        return np.zeros(self.value(node).shape)

    def _through(self, name: str) -> np.ndarray:
        """What the calls of an operation add to the gradient of x - μ, or of x."""
        found = np.zeros(self.value(self.centred).shape)
        for call, d in self.rec.shares(self.centred):
            if self.stage.holds(call) and call.operation.__name__ == name:
                found = found + d
        return found


def _weight(layer: Any, *names: str) -> Any:
    """The Variable of the first name that there is."""
    for name in names:
        found = getattr(layer, name, None)
        if found is not None and hasattr(found, "on_tape"):
            return found
    return None
