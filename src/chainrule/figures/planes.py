"""Lines in the plane: what one neuron can part, what it cannot, and what two can."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..course import example, perceptron_rule
from ..drawing.base import short_number
from ..errors import DataError, choose
from ..initializers import GlorotUniform
from ..layers import Dense, Input
from ..models import Sequential
from ..optimizers import Adam
from ..plots.base import rgb
from .paper import BLACK, COLOURS, need_whole, panel, sheet

__all__ = ["CORNERS", "gates", "perceptron_line", "solved_xor", "two_lines"]

CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
_GATES = {"AND": (0, 0, 0, 1), "OR": (0, 1, 1, 1), "XOR": (0, 1, 1, 0)}


def _shade(axes: Any, share: np.ndarray, low: float, high: float) -> None:
    """The plane from blue (0) to orange (1), paler where it is undecided."""
    sure = 2 * np.abs(share - 0.5)[..., None]
    side = np.where(share[..., None] > 0.5, rgb(COLOURS[1]), rgb(COLOURS[0]))
    axes.imshow(1 - 0.4 * sure * (1 - side), origin="lower", extent=(low, high, low, high),
                aspect="auto", interpolation="bilinear")  # fmt: skip
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)


def _grid(low: float, high: float, count: int = 121) -> tuple[np.ndarray, np.ndarray]:
    side = np.linspace(low, high, count)
    return side, np.stack(np.meshgrid(side, side), -1)


def _points(axes: Any, places: Any, targets: Any) -> None:
    """Filled circles for 1, empty squares for 0."""
    for t, mark, fill in ((0, "s", "white"), (1, "o", BLACK)):
        mine = np.asarray(places)[np.asarray(targets) == t]
        axes.plot(*mine.T, mark, markersize=13, color=fill, markeredgecolor=BLACK,
                  markeredgewidth=2, label=f"target {t}", zorder=6, linestyle="none")  # fmt: skip


def _line(axes: Any, w: Any, b: float, **look: Any) -> None:
    """Where w₁x₁ + w₂x₂ + b = 0, across the whole plane."""
    (low, high), (w1, w2) = axes.get_xlim(), (float(v) for v in w)
    ends = np.array([low - 9, high + 9])
    if abs(w2) > abs(w1):
        axes.plot(ends, -(w1 * ends + b) / w2, scalex=False, scaley=False, **look)
    elif w1:
        axes.plot(-(w2 * ends + b) / w1, ends, scalex=False, scaley=False, **look)


def perceptron_line() -> Any:
    """Deck 002's perceptron as a line in the plane: ŷ = g(1 + 3x₁ − 2x₂), g the sigmoid.

    On the line the sum is 0 and ŷ is ½. The deck's point (−1, 2) has the sum −6: ŷ = 0.0025.

    Raises:
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> perceptron_line().description.split("; ")[0]
        'g(1 + 3·x1 − 2·x2): at (−1, 2) the sum is −6, ŷ = 0.002473'
    """
    model = example("002-neuron").model()
    kernel, bias = (np.asarray(w, np.float64) for w in model.get_weights())
    w, b = kernel[:, 0], float(bias[0])
    asked = np.array([[-1.0, 2.0]])
    z, y = float((asked @ w + b)[0]), float(np.asarray(model(asked))[0, 0])
    said = f"{short_number(b)} + {short_number(w[0])}·x1 − {short_number(-w[1])}·x2"
    figure = sheet(
        "A perceptron is a line in the plane",
        f"g({said}): at (−1, 2) the sum is {short_number(z)}, ŷ = {short_number(y, 4)}; "
        f"on the line {said} = 0 it is ½",
        8.6, 6.0,
    )  # fmt: skip
    axes = panel(figure, title=f"ŷ = g({said})", x="x1", y="x2")
    side, grid = _grid(-3.0, 3.0)
    share = np.asarray(model(grid.reshape(-1, 2))).reshape(len(side), -1)
    _shade(axes, share, -3.0, 3.0)
    lines = axes.contour(side, side, share, [0.1, 0.9], colors=BLACK, linewidths=1,
                         linestyles="dotted")  # fmt: skip
    axes.clabel(lines, fmt="ŷ = %g", fontsize=10)
    _line(axes, w, b, color=BLACK, linewidth=2.5, label="sum = 0, ŷ = ½")
    axes.plot(*asked[0], "D", color=COLOURS[0], markersize=11, markeredgecolor=BLACK,
              label=f"(−1, 2): sum {short_number(z)}, ŷ = {short_number(y, 4)}")  # fmt: skip
    axes.legend(fontsize=11, loc="lower right", framealpha=0.95)
    return figure


def gates() -> Any:
    """AND and OR parted by the perceptron's line; XOR, which no line parts.

    Lines are those at which the perceptron rule (η 1, from zero weights) ends, a unit that fires
    where its sum is above 0. For XOR it never ends.

    Raises:
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> gates().description
        'AND: 6 epochs, w (2, 1), b −2; OR: 4 epochs, w (1, 1), b 0; XOR: no line parts it'
    """
    told: list[str] = []
    found: dict[str, tuple[Any, float]] = {}
    for name, targets in _GATES.items():
        try:
            epochs, w, b = perceptron_rule(CORNERS, targets)
        except DataError:  # with the proof that there is no such line
            told.append(f"{name}: no line parts it")
            continue
        found[name] = (w, b)
        told.append(f"{name}: {epochs} epochs, w ({w[0]:g}, {w[1]:g}), b {short_number(b)}")
    figure = sheet("Gates as perceptrons", "; ".join(told), 12.0, 4.8)
    for k, (name, targets) in enumerate(_GATES.items()):
        title = told[k].split(", w ")[0] if name in found else told[k]
        axes = panel(figure, 1, 3, k + 1, title=title, x="x1", y="" if k else "x2")
        axes.set_xlim(-0.5, 1.5)
        axes.set_ylim(-0.5, 1.5)
        if name in found:
            w, b = found[name]
            _, grid = _grid(-0.5, 1.5)
            _shade(axes, np.asarray(ops.step(grid @ w + b, strict=True)), -0.5, 1.5)
            _line(axes, w, b, color=BLACK, linewidth=2.5)
            axes.set_xlabel(f"x1;   w ({w[0]:g}, {w[1]:g}), b {short_number(b)}")
        _points(axes, CORNERS, targets)
        axes.set_xticks([0, 1])
        axes.set_yticks([0, 1])
    return figure


def solved_xor(activation: str = "sigmoid", seed: int = 0, epochs: int = 400) -> Any:
    """A 2-2-1 network trained on XOR with Adam at rate 0.1 and binary cross-entropy.

    Example:
        >>> len(solved_xor(epochs=1).layers)
        2
    """
    model = Sequential(
        [
            Input((2,)),
            Dense(2, activation, kernel_initializer=GlorotUniform(seed=seed)),
            Dense(1, "sigmoid", kernel_initializer=GlorotUniform(seed=seed + 100)),
        ]
    )
    model.compile(Adam(0.1), "binary_crossentropy", engine="numpy")
    targets = np.reshape(_GATES["XOR"], (4, 1)).astype(np.float32)
    model.fit(CORNERS, targets, epochs=epochs, batch_size=4, shuffle=False, verbose=0)
    return model


def two_lines(activation: str = "sigmoid", seed: int = 0, epochs: int = 400) -> Any:
    """XOR by two hidden neurons: two lines in the plane, one line between what they make of it.

    A real training: some seeds end in a place that solves three corners only, which is then said.

    Args:
        activation: of the hidden units, "sigmoid" or "tanh".
        seed: of the first weights; 0, 1 and 3 solve it.
        epochs: of full-batch Adam at rate 0.1.

    Raises:
        ArgumentError: another activation, or more than 5,000 epochs.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> two_lines(epochs=2).description.split(":")[0]
        'not solved after 2 epochs with seed 0'
    """
    if activation not in ("sigmoid", "tanh"):
        raise choose("activation", activation, ("sigmoid", "tanh"), where="figures.two_lines")
    need_whole("two_lines", 5000, epochs=epochs)
    need_whole("two_lines", 2**31, 0, seed=seed)
    model = solved_xor(activation, seed, epochs)
    hidden, last = model.layers
    targets = np.array(_GATES["XOR"])
    answers = np.asarray(model(CORNERS))[:, 0]
    solved = bool(((answers > 0.5) == targets).all())
    word = "solved" if solved else "not solved"
    shown = ", ".join(f"{v:.2f}" for v in answers)
    figure = sheet(
        "Two neurons, two lines: XOR" + ("" if solved else " (not solved)"),
        f"{word} after {epochs} epochs with seed {seed}: outputs {shown} for 00, 01, 10, 11",
        11.0, 5.2,
    )  # fmt: skip
    left = panel(figure, 1, 2, 1, title="inputs: a line for each hidden unit", x="x1", y="x2")
    side, grid = _grid(-0.5, 1.5)
    share = np.asarray(model(grid.reshape(-1, 2).astype(np.float32)))
    _shade(left, share.reshape(len(side), -1), -0.5, 1.5)
    kernel, bias = hidden.get_weights()
    for k, style in enumerate(("-", "--")):
        _line(left, kernel[:, k], float(bias[k]), color=BLACK, linewidth=2.4, linestyle=style,
              label=f"z{k + 1} = 0")  # fmt: skip
    _points(left, CORNERS, targets)
    left.legend(fontsize=11, loc="center", framealpha=0.95)
    low = -0.25 if activation == "sigmoid" else -1.3
    right = panel(figure, 1, 2, 2, title="hidden units: one line is enough", x="a1", y="a2")
    side, grid = _grid(low, 1.25 if low > -1 else 1.3)
    share = np.asarray(last(grid.reshape(-1, 2).astype(np.float32)))
    _shade(right, share.reshape(len(side), -1), side[0], side[-1])
    kernel, bias = last.get_weights()
    _line(right, kernel[:, 0], float(bias[0]), color=BLACK, linewidth=2.4)
    places = np.asarray(hidden(CORNERS))
    _points(right, places, targets)
    for (a, b), words in zip(_merged(places), ("00", "01", "10", "11"), strict=True):
        right.annotate(words, (a, b), fontsize=12, textcoords="offset points", xytext=(13, 5),
                       color=BLACK)  # fmt: skip
    return figure


def _merged(places: np.ndarray) -> np.ndarray:
    """Where the words of each point stand: of points on each other, one above the other."""
    where = places.astype(float).copy()
    for i in range(len(where)):
        for j in range(i):
            if np.abs(where[i] - where[j]).max() < 0.08:
                where[i] = where[j] + [0, 0.09 * (np.ptp(places) + 0.5)]
    return where
