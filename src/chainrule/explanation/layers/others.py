"""Layers that need a line: reshaping, activations, sums of layers, dropout, embedding."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..context import Context, Unexplained, explains
from ..formula import Formula, Leaf, Product, Sum, const
from ..notation import partial
from ..recording import Stage
from ..steps import Table, Words
from .shown import DEEP, HEADING, KEY, SECOND, Curve, Shown, biggest, long_sum, shape_of

__all__ = ["Activations", "DropoutMask", "Reordered", "Rows"]


@explains("Flatten", "Reshape", "Permute", "Identity", "RepeatVector")
class Reordered(Shown):
    """The same numbers in another shape."""

    def __init__(self, say: Context, stage: Stage) -> None:
        super().__init__(say, stage)
        call = stage.calls[0]
        self.x = call.args[0]
        if call.operation.__name__ != "reshape" or not self.pass_on(self.y, self.x):
            self.publish(self.y, self.map_name(self.x) if call.operation.__name__ == "reshape"
                         else self.name)  # fmt: skip

    def forwards(self) -> list[tuple[int, Any]]:
        """From which shape to which."""
        before = shape_of(self.value(self.x).shape[1:])
        return [(HEADING, Words(f"{self.name}: {self.stage.kind} {before} → {self.sizes()}",
                                "heading", at=(self.name,)))]  # fmt: skip


@explains("Activation", "ReLU", "Sigmoid", "Tanh", "LeakyReLU", "ELU", "Softmax")
class Activations(Shown):
    """A curve on every number."""

    letter = "a"

    def __init__(self, say: Context, stage: Stage) -> None:
        super().__init__(say, stage)
        self.x = stage.calls[0].args[0]
        self.curve = Curve(stage.calls, self.stage.kind.lower())
        if self.value(self.x).shape != self.value(self.y).shape:
            raise Unexplained
        self.publish(self.y, self.c)
        self.place = biggest(self.gradient(self.y)[self.row])

    def units(self) -> list[tuple[int, ...]]:
        """Up to eight numbers of a row; of a map the one with the largest gradient."""
        shape = self.value(self.y).shape[1:]
        return list(np.ndindex(*shape)) if np.prod(shape) <= 8 else [self.place]

    def leaves(self, place: tuple[int, ...]) -> tuple[Leaf, Leaf]:
        """Input and output at a place."""
        z, a = self.value(self.x)[self.row][place], self.value(self.y)[self.row][place]
        return (
            self.leaf(self.entry(self.x, place), z, self.entry_at(self.x, place)),
            self.leaf(self.entry(self.y, place), a, self.entry_at(self.y, place)),
        )

    def forwards(self) -> list[tuple[int, Any]]:
        """f(z) of each unit."""
        items: list[tuple[int, Any]] = []
        if len(self.units()) == 1:
            items.append(self.heading(f"{self.stage.kind} {self.curve.name} of each of "
                                      f"{self.sizes()} numbers"))  # fmt: skip
        for place in self.units():
            z, a = self.leaves(place)
            items.append((KEY, self.say.line(a.name, self.curve.out(z, a.value), a.value, (a.at,))))
        return items

    def backwards(self) -> list[tuple[int, Any]]:
        """∂E/∂a · slope."""
        items: list[tuple[int, Any]] = []
        if self.curve.slopes is None or self.rec.gradient(self.x) is None:
            return items
        for place in self.units():
            z, a = self.leaves(place)
            d_a, steep = (v[self.row][place] for v in (self.gradient(self.y), self.curve.slopes))
            slope = self.leaf(partial(a.name, z.name), steep, a.at)
            chain: Formula = Product([self.leaf(self.say.d(a.name), d_a, a.at), slope])
            chain = self.with_others(chain, self.x, (self.row, *place), z.name)
            d_z = self.gradient(self.x)[self.row][place]
            formula = self.curve.slope(z, a, steep)
            items.append((SECOND, self.say.line(slope.name, formula, steep, (a.at,))))
            items.append((KEY, self.say.line(self.say.d(z.name), chain, d_z, (z.at,))))
        return items


@explains("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate")
@explains("one add", "one concatenate")
class Merged(Shown):
    """Several inputs become one."""

    letter = "s"

    def __init__(self, say: Context, stage: Stage) -> None:
        super().__init__(say, stage)
        self.publish(self.y, self.c)
        given = [a for c in stage.calls for a in c.args if hasattr(a, "tape")]
        own = {id(r) for c in stage.calls for r in c.results}
        self.xs = [a for a in given if id(a) not in own]
        made = stage.calls[-1]
        self.xs += [a for a in made.args if not hasattr(a, "tape") and np.ndim(a)]
        if any(not hasattr(a, "tape") and not self._is_batch(a) for a in self.xs):
            raise Unexplained  # noise, or anything else that is no input
        self.adds = stage.kind == "Add" or made.operation.__name__ == "add"
        if made.operation.__name__ == "concatenate":
            self._join(made.kwargs.get("axis", -1))

    def _is_batch(self, array: Any) -> bool:
        """Is it the input of the model?"""
        given = self.rec.batch.x
        return isinstance(given, np.ndarray) and np.array_equal(given, self.value(array))

    def _join(self, axis: int) -> None:
        """The names of what stands side by side."""
        say = self.say
        known = [say.labels.get(getattr(x, "index", -1)) for x in self.xs]
        flat = all(self.value(x).ndim == 2 for x in self.xs) and axis in (-1, 1)
        whole = sum(self.value(x).shape[-1] for x in self.xs) == self.value(self.y).shape[-1]
        if flat and whole and all(known):
            say.labels[self.y.index] = [n for names in known for n in names or ()]
            say.places[self.y.index] = [n for x in self.xs for n in say.places[x.index]]

    def forwards(self) -> list[tuple[int, Any]]:
        """The shapes, and one number."""
        shapes = " and ".join(shape_of(self.value(x).shape[1:]) for x in self.xs)
        does = self.stage.calls[-1].operation.__name__
        kind = does if self.stage.kind == "operation" else f"{self.stage.kind}, {does}"
        kind = self.stage.kind if self.stage.kind.lower() == does else kind
        items: list[tuple[int, Any]] = [self.heading(f"{kind} of {shapes} → {self.sizes()}")]
        if not self.adds or not self._alike():
            return items
        place = biggest(self.gradient(self.y)[self.row])
        leaves: list[Formula] = [
            self.leaf(self.entry(x, place), self.value(x)[self.row][place], self.entry_at(x, place))
            for x in self.xs
        ]
        y = self.value(self.y)[self.row][place]
        name, at = self.entry(self.y, place), self.entry_at(self.y, place)
        return [*items, (SECOND, self.say.line(name, Sum(leaves), y, (at,)))]

    def _alike(self) -> bool:
        return all(self.value(x).shape == self.value(self.y).shape for x in self.xs)

    def backwards(self) -> list[tuple[int, Any]]:
        """A sum hands its gradient to every term."""
        if not self.adds or not self.xs:
            return []
        text = f"{self.name} ({self.c}): each of the {len(self.xs)} terms gets the whole gradient"
        return [(SECOND, Words(text, at=(self.name,)))]


@explains("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D")
class DropoutMask(Shown):
    """x·mask/(1 - rate): the mask that the next step draws, and who gets a gradient."""

    letter = "d"

    def __init__(self, say: Context, stage: Stage) -> None:
        super().__init__(say, stage)
        call = self.first_call("multiply")
        self.x, factor = call.args[0], np.asarray(self.value(call.args[1]))
        self.factor = np.broadcast_to(factor, self.value(self.y).shape)
        self.publish(self.y, self.c)

    def forwards(self) -> list[tuple[int, Any]]:
        """Which numbers stay, and what they become."""
        rate = self.stage.layer.rate
        factor = self.factor[self.row]
        kept, n = int(np.count_nonzero(factor)), factor.size
        text = (f"{self.stage.kind} {rate:g}: of {n} numbers {kept} stay, divided by "
                f"{1 - rate:g}, the others are 0")  # fmt: skip
        items: list[tuple[int, Any]] = [self.heading(text)]
        mask = "mask " + " ".join(str(int(v != 0)) for v in factor.reshape(-1)[:64])
        items.append((SECOND, Words(mask + (" …" if n > 64 else ""), at=(self.name,))))
        for rank, place in self._places(factor):
            x = self.leaf(self.entry(self.x, place), self.value(self.x)[self.row][place],
                          self.entry_at(self.x, place))  # fmt: skip
            m = self.leaf("mask", float(factor[place] != 0))
            formula = Product([x, m]) / const(f"{1 - rate:g}", 1 - rate)
            y, at = self.value(self.y)[self.row][place], self.entry_at(self.y, place)
            line = self.say.line(self.entry(self.y, place), formula, y, (at,))
            items.append((rank, line))
        return items

    def _places(self, factor: np.ndarray) -> list[tuple[int, tuple[int, ...]]]:
        """The first number that stays, then the first that is dropped."""
        flat = factor.reshape(-1) != 0
        found = [(KEY, int(np.argmax(flat)))] if flat.any() else []
        found += [(SECOND, int(np.argmin(flat)))] if not flat.all() else []
        return [(rank, tuple(int(i) for i in np.unravel_index(k, factor.shape)))
                for rank, k in found]  # fmt: skip

    def backwards(self) -> list[tuple[int, Any]]:
        """Only what stayed gets a gradient."""
        if self.rec.gradient(self.x) is None:
            return []
        factor, d_y = self.factor[self.row], self.gradient(self.y)[self.row]
        place = biggest(d_y * factor)
        x, y = self.entry(self.x, place), self.entry(self.y, place)
        at = self.entry_at(self.x, place)
        scale = self.leaf(f"1/{1 - self.stage.layer.rate:g}" if factor[place] else "0",
                          factor[place])  # fmt: skip
        chain: Formula = Product([self.leaf(self.say.d(y), d_y[place]), scale])
        chain = self.with_others(chain, self.x, (self.row, *place), x)
        dropped = int(np.sum(factor == 0))
        line = self.say.line(self.say.d(x), chain, self.gradient(self.x)[self.row][place], (at,),
                             note=f"{dropped} dropped: 0")  # fmt: skip
        return [(KEY, line)]


@explains("Embedding")
class Rows(Shown):
    """Rows of a table by number: which were read, and which rows get a gradient."""

    letter = "e"

    def __init__(self, say: Context, stage: Stage) -> None:
        super().__init__(say, stage)
        call = self.first_call("take", "embedding")
        self.table = call.args[0]
        self.ids = np.asarray(self.value(call.args[1]))
        if self.rec.weight_of(self.table) is None:
            raise Unexplained
        self.publish(self.y, self.c)

    def forwards(self) -> list[tuple[int, Any]]:
        """The numbers, and the rows they stand for."""
        vocabulary, size = self.value(self.table).shape
        ids = self.ids[self.row].reshape(-1)
        read = ", ".join(map(str, ids[:12].tolist())) + (", …" if ids.size > 12 else "")
        text = f"Embedding, table {vocabulary}×{size}: rows {read} are read"
        rows = tuple(
            (f"row {v}", *map(float, self.value(self.table)[v][:5])) for v in ids[:4].tolist()
        )
        columns = ("", *(f"{k}" for k in range(min(size, 5))))
        items: list[tuple[int, Any]] = [self.heading(text)]
        return [*items, (DEEP, Table(f"the first of {ids.size}", columns, rows))]

    def backwards(self) -> list[tuple[int, Any]]:
        """One number of the row with the largest gradient: the sum over where it was read."""
        gradient = self.gradient(self.table)
        v, k = biggest(gradient)
        d = np.asarray(self.gradient(self.y)[..., k], np.float64)
        where = np.argwhere(self.ids == v)

        def term(i: int) -> Formula:
            row, *p = (int(n) for n in where[i])
            name = self.of_row(self.say.d(self.entry(self.y, (*p, k))), row)
            return self.leaf(name, d[tuple(where[i])], self.entry_at(self.y, (*p, k)))

        values = np.array([d[tuple(p)] for p in where])
        line = self.weight_line(self.table, (v, k), f"T{self.number}[{v},{k}]",
                                long_sum(values, term))  # fmt: skip
        used, all_ = len(np.unique(self.ids)), len(self.value(self.table))
        note = f"row {v} was read {len(where)}×; {all_ - used} of {all_} rows get 0"
        return [(KEY, line._replace(note=note))]
