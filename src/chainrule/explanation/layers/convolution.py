"""Convolution: one window worked in full, and a kernel's gradient as a sum over all of them.

Also a layer of units at every position of a sequence, which is a convolution with a window of one.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from ...ops.conv_windows import before_of
from ..context import Context, Unexplained, explains
from ..formula import Formula, Leaf, Product, Sum
from ..notation import partial
from ..recording import Stage
from ..steps import Table
from .shown import DEEP, KEY, SECOND, Curve, Shown, biggest, long_sum, shape_of, spot

__all__ = ["Convolution"]

MANY = 2000  # numbers of a kernel; from more on the sum for one number of the input is left out


class Everywhere(Shown):
    """One kernel at every position: y[p, f] = f(Σₖ cols[p, k]·K[k, f] + b[f]).

    Subclasses set `x`, `z`, `kernel`, `bias` (nodes) and `curve`, and say with `column`,
    `kernel_at` and `x_at` what meets what.
    """

    letter = "c"
    x: Any
    z: Any
    kernel: Any  # the weight itself
    bias: Any = None
    curve: Curve

    def column(self, f: int) -> tuple[np.ndarray, np.ndarray]:
        """What a filter meets at each position, (rows, positions..., n), and its n numbers."""
        raise NotImplementedError

    def kernel_at(self, k: int, f: int) -> tuple[int, ...]:
        """Where number k of filter f stands in the kernel."""
        raise NotImplementedError

    def x_at(self, p: tuple[int, ...], k: int, f: int) -> tuple[int, ...] | None:
        """Where it meets the input in the window p; None in the padding."""
        raise NotImplementedError

    def says(self) -> str:
        """What it is, in a line."""
        raise NotImplementedError

    def choose(self) -> None:
        """The number that is worked: that with the largest gradient in the row."""
        self.delta = self.gradient(self.z)
        place = biggest(self.delta[self.row])
        self.p, self.f = place[:-1], place[-1]
        n = self.number
        self.z_name = f"z{n}" if not self.curve.linear else self.c
        self.names = {"K": f"K{n}", "b": f"b{n}", "δ": f"δ{n}"}
        self.publish(self.y, self.c)
        self.spot = spot((*self.p, self.f))
        self.at = f"{self.name}{self.spot}"

    def x_leaf(self, row: int | None, p: tuple[int, ...], k: int, f: int, value: Any) -> Leaf:
        """A number under a window; with the number of its row where there may be several."""
        place = self.x_at(p, k, f)
        if place is None:
            return self.leaf("pad", value)
        name, at = self.entry(self.x, place), self.entry_at(self.x, place)
        return self.leaf(name if row is None else self.of_row(name, row), value, at)

    def k_leaf(self, k: int, f: int, value: Any) -> Leaf:
        """A number of the kernel."""
        place = spot(self.kernel_at(k, f))
        weight = self.rec.weight_of(self.kernel)
        return self.leaf(self.names["K"] + place, value, f"{self.path(weight)}{place}")

    def z_leaf(self) -> Leaf:
        """The sum at the place that is worked."""
        return self.leaf(self.z_name + self.spot, self.value(self.z)[self.row][*self.p, self.f],
                         self.at)  # fmt: skip

    def a_leaf(self) -> Leaf:
        """What comes of it."""
        return self.leaf(self.c + self.spot, self.value(self.y)[self.row][*self.p, self.f], self.at)

    # --- forward

    def forwards(self) -> list[tuple[int, Any]]:
        """The window, its sum, its activation."""
        say, f, p = self.say, self.f, self.p
        cols, kernel = self.column(f)
        xs = cols[self.row][p]
        terms = np.asarray(xs, np.float64) * kernel

        def term(k: int) -> Formula:
            return Product([self.k_leaf(k, f, kernel[k]), self.x_leaf(None, p, k, f, xs[k])])

        total: Formula = long_sum(terms, term)
        if self.bias is not None:
            b = self.leaf(self.names["b"] + spot((f,)), self.value(self.bias)[f])
            total = Sum([total, b], 99)
        z = self.z_leaf()
        items: list[tuple[int, Any]] = [
            self.heading(self.says()),
            (KEY, say.line(z.name, total, z.value, (self.at,), note=self.why_here())),
        ]
        table = self.window_table(xs, kernel)
        if table is not None:
            items.insert(1, (SECOND if kernel.size <= 9 else DEEP, table))
        if not self.curve.linear:
            a = self.a_leaf()
            items.append((KEY, say.line(a.name, self.curve.out(z, a.value), a.value, (self.at,))))
        return items

    def why_here(self) -> str:
        """Why this place is shown."""
        some = np.any(self.delta[self.row])
        return "where |∂E/∂z| is largest" if some else "no gradient arrives at any"

    def window_table(self, xs: np.ndarray, kernel: np.ndarray) -> Table | None:
        """What is under the window, the kernel beside it."""
        return None

    # --- backward

    def backwards(self) -> list[tuple[int, Any]]:
        """δ, one number of the kernel, its bias, one number of the input."""
        say, f = self.say, self.f
        z = self.z_leaf()
        items: list[tuple[int, Any]] = []
        delta = self.leaf(self.names["δ"] + self.spot, self.delta[self.row][*self.p, f], self.at)
        if self.curve.linear:
            arriving = self.leaf(say.d(z.name), delta.value, self.at)
            items.append((KEY, say.line(delta.name, arriving, delta.value, (self.at,))))
        else:
            items += self.delta_lines(z, delta)
        items.append((KEY, self.kernel_line()))
        if self.bias is not None:
            items.append((SECOND, self.bias_line()))
        line = self.input_line()
        if line is not None:
            items.append((DEEP, line))
        return items

    def delta_lines(self, z: Leaf, delta: Leaf) -> list[tuple[int, Any]]:
        """∂E/∂c · slope = δ."""
        say, a = self.say, self.a_leaf()
        d_a = self.gradient(self.y)[self.row][*self.p, self.f]
        if self.curve.slopes is None:
            return [(KEY, say.line(delta.name, None, delta.value, (self.at,)))]
        steep = self.curve.slopes[self.row][*self.p, self.f]
        slope = self.leaf(partial(self.c, self.z_name), steep, self.at)
        chain = Product([self.leaf(say.d(a.name), d_a, self.at), slope])
        return [
            (SECOND, say.line(slope.name, self.curve.slope(z, a, steep), steep, (self.at,))),
            (KEY, say.line(delta.name, chain, delta.value, (self.at,))),
        ]

    def positions(self, f: int) -> np.ndarray:
        """δ of a filter at every position of every row."""
        return np.asarray(self.delta[..., f], np.float64)

    def kernel_line(self) -> Any:
        """∂E/∂K of one number: Σ over positions and rows of δ·x."""
        f = self.f
        n = self.column(f)[1].size
        gradient = self.gradient(self.kernel)
        k = max(range(n), key=lambda k: abs(float(gradient[self.kernel_at(k, f)])))
        d, xs = self.positions(f), np.asarray(self.column(f)[0][..., k], np.float64)

        def term(i: int) -> Formula:
            row, *p = (int(v) for v in np.unravel_index(i, d.shape))
            place = tuple(p)
            name = self.of_row(f"{self.names['δ']}{spot((*place, f))}", row)
            one = self.leaf(name, d[row][place], f"{self.name}{spot((*place, f))}")
            x = self.x_leaf(row, place, k, f, xs[row][place])
            return Product([one, x])

        name = self.names["K"] + spot(self.kernel_at(k, f))
        line = self.weight_line(self.kernel, self.kernel_at(k, f), name, long_sum(d * xs, term))
        over = f"sum over {d[0].size} positions" if d[0].size > 1 else "one position"
        over += f" of {self.rec.rows} rows" if self.rec.rows > 1 else ""
        return line._replace(note=over)

    def bias_line(self) -> Any:
        """∂E/∂b: Σ over positions and rows of δ."""
        d = self.positions(self.f)

        def term(i: int) -> Formula:
            row, *p = (int(v) for v in np.unravel_index(i, d.shape))
            name = self.of_row(f"{self.names['δ']}{spot((*p, self.f))}", row)
            return self.leaf(name, d.reshape(-1)[i], f"{self.name}{spot((*p, self.f))}")

        name = self.names["b"] + spot((self.f,))
        line = self.weight_line(self.bias, (self.f,), name, long_sum(d, term))
        return line._replace(note="")

    def input_line(self) -> Any:
        """∂E/∂x of one number: Σ over the windows that it stands in, and over filters."""
        return None


@explains("Conv1D", "Conv2D", "Conv3D", "DepthwiseConv1D", "DepthwiseConv2D")
class Convolution(Everywhere):
    """Convolution: the kernel on every window."""

    def __init__(self, say: Context, stage: Stage) -> None:
        super().__init__(say, stage)
        layer = stage.layer
        calls = list(stage.calls)
        self.products = self.calls("matmul")
        self.each = None
        bias = None if layer.bias is None else self.rec.tape.known(layer.bias)
        if self.products:
            kernel = self.products[0].args[1]
            last = _place(calls, self.products[-1])
        else:  # each channel on its own: windows·kernel, summed
            self.each = self.first_call("multiply")
            kernel = self.each.args[1]
            last = _place(calls, self.first_call("sum"))
        self.kernel = self.source(kernel)
        if bias is not None:
            last = next(
                (k for k in range(last, len(calls)) if any(a is bias for a in calls[k].args)), -1
            )
        else:
            while last + 1 < len(calls) and calls[last + 1].operation.__name__ in (
                "concatenate", "reshape",
            ):  # fmt: skip
                last += 1
        if last < 0 or self.rec.weight_of(self.kernel) is None:
            raise Unexplained
        self.z, self.bias = calls[last], bias
        self.curve = Curve(calls[last + 1 :], getattr(layer.activation, "__name__", "f"))
        if self.value(self.z).shape != self.value(self.y).shape:
            raise Unexplained
        self.size = layer.kernel_size
        self.x = self._input()
        shape = self.value(self.x).shape
        self.lengths, self.channels = shape[1:-1], shape[-1]
        pads = layer.padding
        pads = [pads] * len(self.size) if isinstance(pads, str) else pads
        self.before = [
            before_of(n, k, s, d, p)
            for n, k, s, d, p in zip(
                self.lengths, self.size, layer.strides, layer.dilation_rate, pads, strict=True
            )
        ]
        self.places = list(itertools.product(*(range(n) for n in self.size)))
        self.choose()

    def _input(self) -> Any:
        """What the windows stand on."""
        for call in self.stage.calls:
            for a in call.args:
                if hasattr(a, "index") and hasattr(a, "tape") and a is not self.kernel:
                    own = any(r is a for c in self.stage.calls for r in c.results)
                    if not own and self.rec.weight_of(a) is None:
                        return a
        return self._constant_input()

    def _constant_input(self) -> Any:
        """The batch itself: only the windows cut from it stand on the tape."""
        given = self.rec.batch.x
        if isinstance(given, np.ndarray) and given.ndim == len(self.stage.layer.kernel_size) + 2:
            return given
        raise Unexplained

    @property
    def inner(self) -> int:
        """Channels of a filter."""
        return int(self.value(self.kernel).shape[-2])

    def column(self, f: int) -> tuple[np.ndarray, np.ndarray]:
        """What a filter meets at each position, and its numbers."""
        if self.each is not None:
            windows, kernel = (self.value(a) for a in self.each.args)
            channel, m = divmod(f, kernel.shape[-1])
            return windows[..., channel, 0], kernel[:, channel, m]
        per = self.value(self.products[0]).shape[-1]
        product = self.products[f // per]
        return self.value(product.args[0]), self.value(product.args[1])[:, f % per]

    def kernel_at(self, k: int, f: int) -> tuple[int, ...]:
        """Where number k of filter f stands in the kernel."""
        if self.depthwise:
            m = self.value(self.kernel).shape[-1]
            return (*self.places[k], f // m, f % m)
        return (*self.places[k // self.inner], k % self.inner, f)

    @property
    def depthwise(self) -> bool:
        """Is each channel convolved on its own?"""
        return self.stage.kind.startswith("Depthwise")

    def channel(self, k: int, f: int) -> int:
        """The channel of the input that number k of a filter meets."""
        if self.depthwise:
            return f // int(self.value(self.kernel).shape[-1])
        per = self.value(self.products[0]).shape[-1] if self.products else 1
        if self.each is not None:
            return f // int(self.value(self.each.args[1]).shape[-1])
        return f // per * self.inner + k % self.inner

    def x_at(self, p: tuple[int, ...], k: int, f: int) -> tuple[int, ...] | None:
        """Where it meets the input in the window p; None in the padding."""
        layer = self.stage.layer
        cell = self.places[k if self.depthwise else k // self.inner]
        at = [
            q * s + i * d - b
            for q, s, i, d, b in zip(
                p, layer.strides, cell, layer.dilation_rate, self.before, strict=True
            )
        ]
        if any(not 0 <= v < n for v, n in zip(at, self.lengths, strict=True)):
            return None
        return (*at, self.channel(k, f))

    def says(self) -> str:
        """Shapes and windows."""
        layer = self.stage.layer
        shape = f"{shape_of((*self.lengths, self.channels))} → {self.sizes()}"
        kernel = f"kernel {shape_of(self.value(self.kernel).shape)}"
        extra = [] if max(layer.strides) == 1 else [f"stride {_short(layer.strides)}"]
        extra += (
            [] if max(layer.dilation_rate) == 1 else [f"dilation {_short(layer.dilation_rate)}"]
        )
        extra += [] if layer.padding == "valid" else [f"padding {layer.padding}"]
        extra += [] if self.curve.linear else [self.curve.name]
        return ", ".join([f"{self.stage.kind} {shape}", kernel, *extra])

    def window_table(self, xs: np.ndarray, kernel: np.ndarray) -> Table | None:
        """Two axes: the numbers under the window, and beside them the kernel."""
        if len(self.size) != 2 or self.size[1] > 3:
            return None
        ks = [k for k in range(kernel.size) if self.channel(k, self.f) == self.channel(0, self.f)]
        grid, weights = xs[ks].reshape(self.size), kernel[ks].reshape(self.size)
        width = self.size[1]
        rows = tuple(
            ("", *map(float, grid[i]), "·", *map(float, weights[i])) for i in range(self.size[0])
        )
        channel = f", channel {self.channel(0, self.f)}" if self.channels > 1 else ""
        return Table(
            f"under the window at {spot(self.p)}{channel}, and filter {self.f}",
            ("",) * (2 * width + 2), rows,
        )  # fmt: skip

    def input_line(self) -> Any:
        """The number of the input with the largest gradient, as a sum over windows and filters."""
        if not hasattr(self.x, "index") or self.rec.gradient(self.x) is None:
            return None
        if self.value(self.kernel).size > MANY:
            return None
        d_x = self.gradient(self.x)[self.row]
        cell = biggest(d_x)
        values: list[float] = []
        terms: list[tuple[tuple[int, ...], int, int, float]] = []
        for f in range(self.delta.shape[-1]):
            kernel = self.column(f)[1]
            for k in range(kernel.size):
                p = self._window(cell, k, f)
                if p is not None:
                    values.append(float(self.delta[self.row][*p, f]) * float(kernel[k]))
                    terms.append((p, k, f, float(kernel[k])))

        def term(i: int) -> Formula:
            p, k, f, w = terms[i]
            name = f"{self.names['δ']}{spot((*p, f))}"
            d = self.leaf(name, self.delta[self.row][*p, f], f"{self.name}{spot((*p, f))}")
            return Product([d, self.k_leaf(k, f, w)])

        name = self.entry(self.x, cell)
        inside = _in_row(self.row, cell)
        whole = self.with_others(long_sum(values, term), self.x, inside, name)
        return self.say.line(self.say.d(name), whole, d_x[cell], (self.entry_at(self.x, cell),),
                             note="over every window that it stands in")  # fmt: skip

    def _window(self, cell: tuple[int, ...], k: int, f: int) -> tuple[int, ...] | None:
        """The window in which number k of the filter meets this cell of the input."""
        layer = self.stage.layer
        if cell[-1] != self.channel(k, f):
            return None
        inside = self.places[k if self.depthwise else k // self.inner]
        p = []
        for v, i, s, d, b, n in zip(cell, inside, layer.strides, layer.dilation_rate, self.before,
                                    self.delta.shape[1:-1], strict=False):  # fmt: skip
            start, rest = divmod(v + b - i * d, s)
            if rest or not 0 <= start < n:
                return None
            p.append(start)
        return tuple(p)


@explains("Dense at every position")
class AtEveryPosition(Everywhere):
    """Dense on more than two axes: the same units at every position."""

    letter = "u"

    def __init__(self, say: Context, stage: Stage) -> None:
        super().__init__(say, stage)
        calls = list(stage.calls)
        net = self.first_call("dense", "matmul")
        self.x, kernel = net.args[:2]
        self.kernel = self.source(kernel)
        self.bias = net.args[2] if len(net.args) > 2 else None
        if self.rec.weight_of(self.kernel) is None or self.kernel is not kernel:
            raise Unexplained
        last = _place(calls, net)
        added = [c for c in calls[last + 1 : last + 2] if c.operation.__name__ == "add"]
        if self.bias is None and added:
            self.bias, last = added[0].args[1], last + 1
        if self.bias is not None and np.shape(self.value(self.bias)) != (net.value.shape[-1],):
            raise Unexplained
        self.z = calls[last]
        self.curve = Curve(calls[last + 1 :], getattr(stage.layer.activation, "__name__", "f"))
        if self.value(self.z).shape != self.value(self.y).shape or self.value(self.z).ndim < 3:
            raise Unexplained
        self.choose()
        self.names = {"K": f"W{self.number}", "b": f"b{self.number}", "δ": f"δ{self.number}"}

    def column(self, f: int) -> tuple[np.ndarray, np.ndarray]:
        """The inputs at each position, and the weights of a unit."""
        return self.value(self.x), self.value(self.kernel)[:, f]

    def kernel_at(self, k: int, f: int) -> tuple[int, ...]:
        """From input k to unit f."""
        return k, f

    def x_at(self, p: tuple[int, ...], k: int, f: int) -> tuple[int, ...] | None:
        """Input k at the position."""
        return (*p, k)

    def says(self) -> str:
        """Shapes."""
        shape = self.value(self.x).shape[1:]
        count = math.prod(shape[:-1])
        curve = "" if self.curve.linear else f", {self.curve.name}"
        return (f"the same {self.stage.kind} at each of {count} positions, {shape_of(shape)} → "
                f"{self.sizes()}{curve}")  # fmt: skip


def _place(calls: list[Any], call: Any) -> int:
    return next(k for k, c in enumerate(calls) if c is call)


def _short(sizes: tuple[int, ...]) -> str:
    return str(sizes[0]) if len(set(sizes)) == 1 else shape_of(sizes)


def _in_row(row: int, cell: tuple[int, ...]) -> tuple[int, ...]:
    return (row, *cell)
