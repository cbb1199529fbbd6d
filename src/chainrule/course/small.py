"""Small things to compute and show: a formula of a deck, and its value by our own code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .. import ops
from ..chain import record
from ..errors import UnknownNameError, did_you_mean
from ..layers import Dense, Input
from ..losses import MeanSquaredError
from ..models import Sequential
from ..terminal import fold
from ..variable import Variable
from .errata_pairs import plain, slope
from .examples import example
from .text import WIDTH, show_value, table

__all__ = ["Small", "SmallLine", "small"]


class SmallLine(NamedTuple):
    """One computed thing.

    Attributes:
        name: what it is.
        formula: how it is computed, as text.
        value: what comes out: a number, a tuple of numbers, or a word.

    Example:
        >>> small("rules").lines()[5]
        SmallLine(name='product', formula='d/dx (f·g) = f·g′ + g·f′', value=92.0)
    """

    name: str
    formula: str
    value: Any


class Small:
    """Something small that a deck shows, computed.

    Attributes:
        name: how it is asked for.
        deck: where it stands.
        title: what it shows.

    Example:
        >>> small("session")
        Small('session', 'the first program: a product of two placeholders')
    """

    def __init__(
        self, name: str, deck: str, title: str, make: Callable[[], list[SmallLine]]
    ) -> None:
        self.name, self.deck, self.title, self._make = name, deck, title, make

    def lines(self) -> list[SmallLine]:
        """What is computed, now."""
        return self._make()

    def __str__(self) -> str:
        rows = [(line.name, line.formula, show_value(line.value)) for line in self.lines()]
        head = fold(f"{self.name}  deck {self.deck}: {self.title}", WIDTH)
        return "\n".join([head, "", *table(("", "formula", "value"), rows, right={2})])

    def __repr__(self) -> str:
        return f"Small({self.name!r}, {self.title!r})"


def _rules() -> list[SmallLine]:
    """The eight rules with f = x³, g = x² + 1 at x = 2, each derivative by the tape."""

    def f(x: Any) -> Any:
        return x**3

    def g(x: Any) -> Any:
        return x**2 + 1.0

    rules: list[tuple[str, str, Callable]] = [
        ("constant", "d/dx 5 = 0", lambda x: x * 0.0 + 5.0),
        ("constant multiple", "d/dx 5f = 5f′", lambda x: 5.0 * f(x)),
        ("power", "d/dx x⁴ = 4x³", lambda x: x**4),
        ("sum", "d/dx (f + g) = f′ + g′", lambda x: f(x) + g(x)),
        ("difference", "d/dx (f − g) = f′ − g′", lambda x: f(x) - g(x)),
        ("product", "d/dx (f·g) = f·g′ + g·f′", lambda x: f(x) * g(x)),
        ("quotient", "d/dx (f/g) = (g·f′ − f·g′)/g²", lambda x: f(x) / g(x)),
        ("chain", "d/dx f(g(x)) = f′(g(x))·g′(x)", lambda x: f(g(x))),
    ]
    return [SmallLine(name, formula, slope(rule, 2.0)) for name, formula, rule in rules]


def _slopes() -> list[SmallLine]:
    def square(x: Any) -> Any:
        return 3.0 * x**2 + 5.0 * x + 6.0

    def line(x: Any) -> Any:
        return 2.0 * x + 1.0

    points = (-1.0, 0.0, 1.0, 2.0)
    found = [SmallLine(f"at x = {x:g}", "(3x² + 5x + 6)′ = 6x + 5", slope(square, x))
             for x in points]  # fmt: skip
    return found + [
        SmallLine(f"at x = {x:g}", "(mx + c)′ = m, m = 2, c = 1", slope(line, x)) for x in points
    ]


def _composition() -> list[SmallLine]:
    """F(x) = f(g(h(u(v(x))))) at x = 1, its factors from one walk backwards."""
    parts: list[tuple[str, str, str, Callable]] = [
        ("v", "x", "v = x + 1", lambda x: x + 1.0),
        ("u", "v", "u = v²", ops.square),
        ("h", "u", "h = 3u", lambda u: 3.0 * u),
        ("g", "h", "g = √h", ops.sqrt),
        ("f", "g", "f = 1/g", ops.reciprocal),
    ]
    with record() as tape:
        values = [tape.watch(np.array(1.0))]
        for _, _, _, function in parts:
            values.append(function(values[-1]))
    found = [
        SmallLine(f"d{of}/d{by}", formula, slope(function, plain(x)))
        for (of, by, formula, function), x in zip(parts, values, strict=False)
    ]
    (whole,) = tape.gradients(values[-1], [values[0]])
    chain = "·".join(line.name for line in reversed(found))
    return [*reversed(found), SmallLine("dF/dx", chain, plain(whole))]


def _several_outputs() -> list[SmallLine]:
    y, a = np.array([[0.0, 1.0, 0.0, 0.0]]), np.array([[0.1, 0.9, 0.2, 0.3]])
    with record() as tape:
        outputs = tape.watch(a)
        loss = MeanSquaredError()(y, outputs)
    (gradient,) = tape.gradients(loss, [outputs])
    return [
        SmallLine("outputs", "the slide's, .2 where it has dots", plain(a[0])),
        SmallLine("target", "one-hot, class 2 of 4", plain(y[0])),
        SmallLine("L", "1/n Σ 1/t Σ (y − a)²", plain(loss)),
        SmallLine("∂L/∂a", "2(a − y)/t", plain(gradient[0])),
    ]


def _gradient_shapes() -> list[SmallLine]:
    layers = [Dense(units, "sigmoid") for units in (3, 2, 1)]
    model = Sequential([Input((2,)), *layers])
    with record() as tape:
        loss = MeanSquaredError()(np.zeros((5, 1)), model(np.ones((5, 2))))
    found = []
    for number, layer in enumerate(layers, 1):
        kernel, bias = tape.gradients(loss, [layer.kernel, layer.bias])
        deck = "the deck's W[dest, src], our kernel transposed"
        found.append(SmallLine(f"∂J/∂W{number}", deck, plain(kernel.T.shape)))
        found.append(SmallLine(f"∂J/∂b{number}", "a column in the deck", (*bias.shape, 1)))
    return found


def _line() -> list[SmallLine]:
    model = example("002-neuron").model()
    neuron = model.layers[-1]
    (w1, w2), (w0,) = plain(neuron.kernel.numpy()[:, 0]), plain(neuron.bias)

    def y(*x: float) -> float:
        return plain(model.predict(np.array([x]), verbose=0, engine="numpy")[0, 0])

    return [
        SmallLine("slope of the line", "−w1/w2", -w1 / w2),
        SmallLine("where it meets the x2-axis", "−w0/w2", -w0 / w2),
        SmallLine("on the line", "g(1 + 3·0 − 2·.5) = g(0)", y(0.0, 0.5)),
        SmallLine("at (−1, 2)", "g(1 + 3·(−1) − 2·2) = g(−6)", y(-1.0, 2.0)),
        SmallLine("on the other side, at (1, −1)", "g(1 + 3·1 − 2·(−1)) = g(6)", y(1.0, -1.0)),
    ]


def _player() -> list[SmallLine]:
    neuron = Dense(1, dtype="float64")
    player = np.array([[150.0, 12.0]])
    neuron(player)
    neuron.set_weights([[[0.02], [0.1]], [-5.0]])
    z = neuron(player)[0, 0]
    return [
        SmallLine("w1, w2, b", "ours: the slide gives none", (0.02, 0.1, -5.0)),
        SmallLine("z of the player (150, 12)", "height·w1 + age·w2 + b", plain(z)),
        SmallLine("accepted", "1 above the line, where z > 0", plain(ops.step(z, strict=True))),
    ]


def _tensors() -> list[SmallLine]:
    table = [[1, 3, 4, 7], [9, 7, 3, 2], [8, 4, 1, 6], [6, 3, 9, 1], [3, 1, 5, 9]]
    found = []
    for what, tensor in (
        ("five numbers", np.arange(5)),
        ("the slide's table", np.array(table)),
        ("a cube", np.zeros((3, 3, 3))),
    ):
        shape = Variable(tensor, trainable=False).shape
        found.append(SmallLine(what, "dimension", shape))
        found.append(SmallLine(what, "rank", len(shape)))
    return found


def _product() -> list[SmallLine]:
    a, b = np.array([[1, 2, 3], [4, 5, 6]]), np.array([[10, 11], [20, 21], [30, 31]])
    c = ops.matmul(a, b)
    sums = [
        SmallLine(
            f"row {i + 1}, column {j + 1}",
            " + ".join(f"{p}·{q}" for p, q in zip(a[i], b[:, j], strict=True)),
            plain(c[i, j]),
        )
        for i in range(2)
        for j in range(2)
    ]
    return [*sums, SmallLine("shape", "(2, 3)·(3, 2)", plain(c.shape))]


def _softmax() -> list[SmallLine]:
    q = example("001-softmax").quantities()
    return [SmallLine(f"a{k}", f"e^z{k}/Σe^z, z{k} = {q[f'z{k}']:g}", q[f"a{k}"])
            for k in (1, 2, 3)]  # fmt: skip


def _session() -> list[SmallLine]:
    value = ops.multiply(np.array([3, 4]), np.array([5, 1]))
    return [SmallLine("multiply(x1, x2)", "x1 = [3, 4], x2 = [5, 1]", plain(value))]


_ALL = {
    s.name: s
    for s in (
        Small("gradient-shapes", "000", "the gradients of a 2-3-2-1 network", _gradient_shapes),
        Small("player", "001", "the player (150, 12) and the line of height and age", _player),
        Small("softmax", "001", "softmax of (1.6, .55, .98)", _softmax),
        Small("rules", "002", "the eight derivative rules: f = x³, g = x² + 1, at x = 2", _rules),
        Small("line", "002", "g(1 + 3x1 − 2x2) is a line in the plane", _line),
        Small("product", "002", "a 2×3 matrix times a 3×2 matrix", _product),
        Small("composition", "003", "f(g(h(u(v(x))))) at x = 1: five factors", _composition),
        Small("several-outputs", "003", "the MSE of four outputs, class 2 of 4", _several_outputs),
        Small("slopes", "004", "derivatives of 3x² + 5x + 6 and of mx + c", _slopes),
        Small("tensors", "004", "rank and dimension of tensors", _tensors),
        Small("session", "004", "the first program: a product of two placeholders", _session),
    )
}  # fmt: skip


def small(name: str | None = None) -> Any:
    """All small things, or the one of a name.

    Raises:
        UnknownNameError: with the nearest name there is.

    Example:
        >>> print(small("player"))
        player  deck 001: the player (150, 12) and the line of height and age
        <BLANKLINE>
                                     formula                                  value
          w1, w2, b                  ours: the slide gives none     (0.02, 0.1, -5)
          z of the player (150, 12)  height·w1 + age·w2 + b                    -0.8
          accepted                   1 above the line, where z > 0                0
    """
    if name is None:
        return list(_ALL.values())
    word = str(name).lower().replace("_", "-")
    if word in _ALL:
        return _ALL[word]
    raise UnknownNameError(f"unknown small thing {name!r}", fix=did_you_mean(word, list(_ALL)))
