"""Gradient descent on a cost of one weight: its steps, the rate, local minima."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import ops
from ..checks import need_numbers
from ..derivatives import hessian, value_and_grad
from ..drawing.base import short_number
from ..optimizers import SGD
from .paper import BLACK, COLOURS, Animation, need_rate, need_whole, panel, sheet
from .walks import Walk, walk

__all__ = ["STARTS", "cost_curve", "hilly", "learning_rates", "local_minima", "moving_rates"]
__all__ += ["slope_cost"]

_X = np.linspace(0.25, 2, 8)
STARTS = (-2.3, 0.0, 0.4, 2.3)


def slope_cost(w: Any) -> Any:
    """J(w) = 1/(2m)·Σ (w·x − t)² for 8 points on the line t = 2x; smallest, 0, at w = 2.

    Example:
        >>> float(slope_cost(np.array([2.0])))
        0.0
    """
    error = w[0] * _X - 2 * _X
    return 0.5 * ops.mean(error * error)


def hilly(w: Any) -> Any:
    """J(w) = w⁴ − 4w² + w + 7: two minima, of which the left one is lower.

    Example:
        >>> float(hilly(np.array([1.0])))
        5.0
    """
    v = w[0]
    return v * v * v * v - 4 * v * v + v + 7


def _curve(
    loss: Callable[[Any], Any], low: float, high: float, count: int = 241
) -> tuple[np.ndarray, np.ndarray]:
    ws = np.linspace(low, high, count)
    return ws, np.array([float(loss(np.array([w]))) for w in ws])


def _axes(figure: Any, place: Sequence[int], title: str, ws: Any, js: Any) -> Any:
    axes = panel(figure, *place, title=title, x="w", y="J(w)")
    axes.plot(ws, js, color=BLACK, linewidth=2)
    axes.set_xlim(ws[0], ws[-1])
    axes.set_ylim(min(0.0, js.min()) - 0.04 * js.max(), 1.05 * js.max())
    return axes


def _steps(axes: Any, loss: Callable[[Any], Any], way: Walk, colour: str, mark: str = "o") -> Any:
    """The path as points on the curve, joined; its first point is larger."""
    ws = way.path[:, 0]
    js = np.array([float(loss(np.array([w]))) for w in ws])
    (line,) = axes.plot(ws, js, f"-{mark}", color=colour, linewidth=1.4, markersize=6,
                        markeredgecolor="white", markeredgewidth=0.6)  # fmt: skip
    axes.plot(ws[0], js[0], mark, color=colour, markersize=10, markeredgecolor=BLACK)
    return line


def cost_curve(learning_rate: float = 0.4, steps: int = 6, start: float = -1.0) -> Any:
    """The cost of one weight, J(w) = 1/(2m)·Σ (w·x − t)², with the steps of gradient descent.

    w := w − α·dJ/dw. At the first point also the tangent, whose slope is dJ/dw.

    Args:
        learning_rate: α.
        steps: how many updates.
        start: the first w.

    Raises:
        ArgumentError: a rate that is not above 0, more than 200 steps, a start that is no number.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> cost_curve(0.4, 2).description
        'J(w) from w = −1 (J = 7.17) in 2 steps of rate 0.4 to w = 1.61 (J = 0.124)'
    """
    need_rate("cost_curve", learning_rate)
    need_whole("cost_curve", 200, steps=steps)
    need_numbers("figures.cost_curve", "a number from -50 to 50", lambda v: abs(v) <= 50,
                 start=start)  # fmt: skip
    way = walk(slope_cost, [float(start)], SGD(learning_rate), steps, far=1e4)
    first, slope = value_and_grad(slope_cost)(way.path[0])
    last = slope_cost(way.path[-1])
    reach = max(3.2, 1.1 * abs(float(start) - 2))
    figure = sheet(
        "Gradient descent on a cost curve",
        f"J(w) from w = {short_number(start)} (J = {short_number(float(first))}) in "
        f"{len(way.path) - 1} steps of rate {short_number(learning_rate)} to "
        f"w = {short_number(float(way.path[-1, 0]))} (J = {short_number(float(last))})",
        8.6, 5.0,
    )  # fmt: skip
    ws, js = _curve(slope_cost, 2 - reach, 2 + reach)
    title = f"w := w − {short_number(learning_rate)}·dJ/dw,  {len(way.path) - 1} steps"
    axes = _axes(figure, (), title, ws, js)
    w0, j0, slope = float(start), float(first), float(slope[0])
    ends = np.array([w0 - 0.16 * reach, w0 + 0.3 * reach])
    words = f"tangent at w = {short_number(w0)}: slope dJ/dw = {short_number(slope)}"
    axes.plot(ends, j0 + slope * (ends - w0), "--", color=COLOURS[2], linewidth=2, label=words)
    _steps(axes, slope_cost, way, COLOURS[1])
    axes.plot([], [], "-o", color=COLOURS[1], label="w after each update")
    axes.legend(frameon=False, fontsize=11, loc="upper right")
    return figure


def learning_rates(learning_rate: float = 0.4, steps: int = 8, start: float = -1.0) -> Any:
    """Too small, right and too large a learning rate, on the same cost from the same start.

    The small rate is a twentieth of the right one. The large one is 2.1/J″(w): above 2/J″ each step
    leads further away (of a parabola, exactly).

    Args:
        learning_rate: the one in the middle.
        steps: of each.
        start: the first w.

    Raises:
        ArgumentError: a rate that is not above 0, more than 200 steps, a start that is no number.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> [axes.get_title().splitlines()[0] for axes in learning_rates(steps=3).axes]
        ['too small: α = 0.02', 'right: α = 0.4', 'too large: α = 1.32']
    """
    figure, _ = _three_rates(learning_rate, steps, start)
    return figure


def moving_rates(learning_rate: float = 0.4, steps: int = 8, start: float = -1.0) -> Animation:
    """`learning_rates` in motion, step by step.

    Example:
        >>> moving_rates(steps=3).frames
        4
    """
    figure, lines = _three_rates(learning_rate, steps, start)
    paths = [np.array(line.get_data()) for line in lines]

    def show(k: int) -> None:
        for line, path in zip(lines, paths, strict=True):
            line.set_data(*path[:, : k + 1])

    return Animation(figure, show, lines, steps + 1, seconds=0.6)


def _three_rates(learning_rate: float, steps: int, start: float) -> tuple[Any, list[Any]]:
    """The figure of `learning_rates`, and the path in each panel."""
    need_rate("learning_rates", learning_rate)
    need_whole("learning_rates", 200, steps=steps)
    need_numbers("figures.learning_rates", "a number from -50 to 50", lambda v: abs(v) <= 50,
                 start=start)  # fmt: skip
    rates = _rates(learning_rate)
    ways = {word: walk(slope_cost, [float(start)], SGD(rate), steps, far=1e4)
            for word, rate in rates.items()}  # fmt: skip
    told = {word: f"J = {short_number(float(slope_cost(way.path[-1])))} after "
            f"{len(way.path) - 1} steps" for word, way in ways.items()}  # fmt: skip
    figure = sheet("The learning rate",
                   "; ".join(f"{w}, α = {short_number(rates[w])}: {told[w]}" for w in rates),
                   12.0, 4.6)  # fmt: skip
    far = max(abs(float(start) - 2), *(float(np.abs(w.path - 2).max()) for w in ways.values()))
    reach = 1.1 * min(far, 4 * max(abs(float(start) - 2), 1.0))
    ws, js = _curve(slope_cost, 2 - reach, 2 + reach)
    lines = []
    for k, word in enumerate(rates):
        title = f"{word}: α = {short_number(rates[word])}\n{told[word]}"
        axes = _axes(figure, (1, 3, k + 1), title, ws, js)
        lines.append(_steps(axes, slope_cost, ways[word], COLOURS[(3, 2, 1)[k]], "so^"[k]))
    return figure, lines


def _rates(right: float) -> dict[str, float]:
    """A rate that is too small, the given one, and one that is too large."""
    bend = float(np.asarray(hessian(slope_cost)(np.array([0.0]))).reshape(()))
    if right > 2 / bend:
        return {"too small": right / 20, "diverges": right, "too large": 1.05 * right}
    return {"too small": right / 20, "right": right, "too large": 2.1 / bend}


def local_minima(learning_rate: float = 0.02, steps: int = 60) -> Any:
    """Where gradient descent ends depends on where it starts: local and global minima.

    J(w) = w⁴ − 4w² + w + 7, walked from four starts with plain gradient descent.

    Args:
        learning_rate: α.
        steps: from each start.

    Raises:
        ArgumentError: a rate that is not above 0, or more than 1,000 steps.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> local_minima().description
        'from w = −2.3 to −1.47; from w = 0 to −1.47; from w = 0.4 to 1.35; from w = 2.3 to 1.35'
    """
    need_rate("local_minima", learning_rate)
    need_whole("local_minima", 1000, steps=steps)
    ways = [walk(hilly, [w], SGD(learning_rate), steps, far=100.0) for w in STARTS]
    ends = [float(way.path[-1, 0]) for way in ways]
    alt = "; ".join(f"from w = {short_number(a)} to {short_number(b)}"
                    for a, b in zip(STARTS, ends, strict=True))  # fmt: skip
    figure = sheet("Local minima: the start decides", alt, 9.0, 5.0)
    ws, js = _curve(hilly, -2.45, 2.45)
    axes = _axes(figure, (), f"J(w) = w⁴ − 4w² + w + 7,  α = {short_number(learning_rate)}", ws, js)
    for k, way in enumerate(ways):
        _steps(axes, hilly, way, COLOURS[k], "os^D"[k])
        axes.plot([], [], f"-{'os^D'[k]}", color=COLOURS[k],
                  label=f"start {short_number(STARTS[k])} → {short_number(ends[k])}")  # fmt: skip
    axes.legend(frameon=False, fontsize=11, loc="upper center")
    return figure
