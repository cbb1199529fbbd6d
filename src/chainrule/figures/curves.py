"""Activations: each with its derivative, its range, where it stops learning; bias and softmax."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..chain import vjp
from ..checks import need_numbers
from ..drawing.base import short_number
from ..drawing.tangent import elementwise
from .paper import BLACK, COLOURS, panel, sheet

__all__ = ["SMALL", "activation_card", "activations", "bias_shift", "flat_parts", "softmax"]
__all__ += ["value_and_slope"]

SMALL = 0.01  # a derivative below this passes hardly any gradient on
_HALF = 6.0  # of the axis of x


def _leaky(x: Any) -> Any:
    return ops.leaky_relu(x, negative_slope=0.1)  # as deck 001 has it


# what decks 000 to 004 show: name, function, range, range of the derivative
DECKS: list[tuple[str, Callable[[Any], Any], str, str]] = [
    ("step", ops.step, "f = 0 or 1", "f′ = 0"),
    ("sign", ops.sign, "f = −1, 0, 1", "f′ = 0"),
    ("identity", ops.linear, "any f", "f′ = 1"),
    ("sigmoid", ops.sigmoid, "0 < f < 1", "0 < f′ ≤ 1/4"),
    ("tanh", ops.tanh, "−1 < f < 1", "0 < f′ ≤ 1"),
    ("ReLU", ops.relu, "f ≥ 0", "f′ = 0 or 1"),
    ("leaky ReLU, α = 0.1", _leaky, "any f", "f′ = 0.1 or 1"),
]


def value_and_slope(function: Callable[[Any], Any], x: Any) -> tuple[np.ndarray, np.ndarray]:
    """f(x) and f′(x) at each number, f′ by the chain rule.

    Example:
        >>> value_and_slope(ops.sigmoid, [0.0])
        (array([0.5]), array([0.25]))
    """
    x = np.asarray(x, np.float64)
    with np.errstate(all="ignore"):
        y, back = vjp(function, x)
        return np.asarray(y), np.asarray(back(np.ones_like(x)))


def flat_parts(
    function: Callable[[Any], Any], half: float = _HALF, small: float = SMALL
) -> list[tuple[float, float]]:
    """The parts of [−half, half] in which |f′| < small, each end to about 1e-9.

    Example:
        >>> [(round(a, 3), round(b, 3)) for a, b in flat_parts(ops.sigmoid)]
        [(-6.0, -4.585), (4.585, 6.0)]
    """

    def flat(x: Any) -> np.ndarray:
        return np.abs(value_and_slope(function, x)[1]) < small

    # no grid point at 0, where kinks are: what lies on either side decides
    x = np.linspace(-half, half, 1202)
    is_flat = flat(x)
    edges = [-half] if is_flat[0] else []
    for i in np.flatnonzero(is_flat[1:] != is_flat[:-1]):
        low, high = x[i], x[i + 1]
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (middle, high) if flat([middle])[0] == is_flat[i] else (low, middle)
        edges.append((low + high) / 2)
    if is_flat[-1]:
        edges.append(half)
    return [(float(a), float(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


# --- drawing ------------------------------------------------------------------------------------


def _broken(y: np.ndarray, jump: float) -> np.ndarray:
    """The values with a gap where the function jumps."""
    y = y.copy()
    y[1:][np.abs(np.diff(y)) > jump] = np.nan
    return y


def _plain(axes: Any) -> None:
    axes.axhline(0, color="#7A838E", linewidth=0.8)
    axes.axvline(0, color="#7A838E", linewidth=0.8)
    axes.set_xlim(-_HALF, _HALF)
    axes.set_xticks([-6, -3, 0, 3, 6])


def _curves(axes: Any, function: Callable[[Any], Any], low: float, high: float) -> None:
    """f and f′, and the parts where f′ is small."""
    x = np.linspace(-_HALF, _HALF, 602)
    y, slope = value_and_slope(function, x)
    for k, (a, b) in enumerate(flat_parts(function)):
        axes.axvspan(a, b, facecolor="#D5D9DE", alpha=0.6, linewidth=0,
                     label="|f′| < 0.01" if k == 0 else None)  # fmt: skip
    axes.plot(x, _broken(y, 0.5), color=COLOURS[0], linewidth=2.6, label="f")
    axes.plot(x, _broken(slope, 0.5), "--", color=COLOURS[1], linewidth=2.2, label="f′")
    axes.set_ylim(low, high)
    _plain(axes)


def activations() -> Any:
    """Every activation of the decks as a card: f, f′, their ranges, and where f′ < 0.01.

    The curves are what `cr.ops` computes, the slopes what the chain rule finds.

    Raises:
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> len(activations().axes)
        8
    """
    alt = "; ".join(f"{name}: {a}, {b}" for name, _, a, b in DECKS)
    figure = sheet("Activations and their derivatives", alt, 11.5, 6.0)
    for k, (name, function, of_f, of_slope) in enumerate(DECKS):
        axes = panel(figure, 2, 4, k + 1, title=name)
        _curves(axes, function, -1.5, 2.5)
        axes.text(-5.7, 2.02, f"{of_f}\n{of_slope}", fontsize=11, color=BLACK, va="center",
                  linespacing=1.4)  # fmt: skip
    legend = figure.add_subplot(2, 4, 8)
    legend.axis("off")
    handles, labels = figure.axes[3].get_legend_handles_labels()
    legend.legend(handles[::-1], labels[::-1], loc="center", fontsize=13, frameon=False)
    return figure


def activation_card(activation: Any = "sigmoid") -> Any:
    """One activation as a card: f moved by a bias, and f′ with the part where it is small.

    Args:
        activation: its name, or a function of `cr.ops` that works on each number by itself.

    Raises:
        UnknownNameError: no activation of this name.
        ArgumentError: it does not work on each number by itself, as softmax does not.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> activation_card("tanh").description.split("; ")[1]
        '|f′| < 0.01 for x in [−6, −2.99] and [2.99, 6]'
    """
    function = elementwise(activation, "figures.activation_card")
    name = activation if isinstance(activation, str) else function.__name__
    x = np.linspace(-_HALF, _HALF, 1201)
    y, slope = value_and_slope(function, x)
    y, slope = np.where(np.isfinite(y), y, np.nan), np.where(np.isfinite(slope), slope, np.nan)
    parts = " and ".join(f"[{_short(a)}, {_short(b)}]" for a, b in flat_parts(function))
    flat = f"|f′| < 0.01 for x in {parts}" if parts else "|f′| is never below 0.01"
    spans = [f"{_short(np.nanmin(v))} to {_short(np.nanmax(v))}" for v in (y, slope)]
    alt = f"{name} on [−6, 6]: f from {spans[0]}, f′ from {spans[1]}; {flat}"
    figure = sheet(name, alt, 10.5, 4.6)
    left = panel(figure, 1, 2, 1, title=f"f from {spans[0]}", x="x")
    _shifted(left, function)
    right = panel(figure, 1, 2, 2, title=f"f′ from {spans[1]}", x=f"x;   {flat}")
    top, low = max(0.0, float(np.nanmax(slope))), min(0.0, float(np.nanmin(slope)))
    for a, b in flat_parts(function):
        right.axvspan(a, b, facecolor="#D5D9DE", alpha=0.6, linewidth=0)
    right.plot(x, _broken(slope, 0.5 * (top - low) or 1.0), "--", color=COLOURS[1], linewidth=2.6)
    room = 0.08 * ((top - low) or 1.0)
    right.set_ylim(low - room, top + room)
    right.set_ylabel("f′(x)", fontsize=12)
    _plain(right)
    return figure


def _short(number: float) -> str:
    return short_number(round(float(number), 9) + 0.0)


def _shifted(axes: Any, function: Callable[[Any], Any], bias: float = 3.0) -> None:
    """f(x + b) for three biases."""
    x = np.linspace(-_HALF, _HALF, 602)
    for b, style, colour in ((-bias, ":", 2), (0.0, "-", 0), (bias, "-.", 3)):
        y = value_and_slope(function, x + b)[0]
        y = np.where(np.isfinite(y), y, np.nan)
        jump = 0.4 * (np.nanmax(y) - np.nanmin(y)) or 1.0
        axes.plot(x, _broken(y, jump), style, color=COLOURS[colour], linewidth=2.4,
                  label=f"b = {_short(b)}")  # fmt: skip
    axes.set_ylabel("f(x + b)", fontsize=12)
    axes.legend(frameon=False, fontsize=11)
    _plain(axes)


def bias_shift(activation: Any = "sigmoid", bias: float = 3.0) -> Any:
    """The bias moves an activation to the left or to the right: f(x + b).

    A positive bias moves the curve to the left: the unit reaches f(0) already at x = −b.

    Args:
        activation: its name, or a function of `cr.ops`.
        bias: drawn with this sign, the other, and without a bias.

    Raises:
        UnknownNameError: no activation of this name.
        ArgumentError: it does not work on each number by itself, or a bias outside 0.1 to 6.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> [line.get_label() for line in bias_shift().axes[0].lines[:3]]
        ['b = −3', 'b = 0', 'b = 3']
    """
    need_numbers("figures.bias_shift", "a number from 0.1 to 6", lambda b: 0.1 <= b <= 6, bias=bias)
    function = elementwise(activation, "figures.bias_shift")
    name = activation if isinstance(activation, str) else function.__name__
    alt = f"{name}(x + b) for b = {_short(-bias)}, 0 and {_short(bias)}; the curve moves by −b"
    figure = sheet(f"The bias shifts {name}", alt, 8.0, 4.6)
    axes = panel(figure, title=f"{name}(x + b): a positive b moves it to the left", x="x")
    _shifted(axes, function, float(bias))
    return figure


def softmax() -> Any:
    """Softmax of deck 001's three numbers, and the one-hot target beside it.

    aᵢ = e^zᵢ / Σ e^zⱼ for z = (1.6, 0.55, 0.98); the slide's (.51, .18, .31) is wrong (E16).

    Raises:
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> [round(float(p.get_height()), 6) for p in softmax().axes[1].patches]
        [0.529694, 0.18536, 0.284946]
    """
    z = np.array([1.6, 0.55, 0.98])
    a = np.asarray(ops.softmax(z))
    target = np.asarray(ops.one_hot(np.array(0), 3), np.float64)
    words = ", ".join(f"{v:.6f}" for v in a)
    figure = sheet("Softmax: from numbers to probabilities",
                   f"softmax of (1.6, 0.55, 0.98) is ({words}); one-hot target (1, 0, 0)",
                   10.0, 4.2)  # fmt: skip
    panels = [("logits z", z, 0), ("softmax(z), sum 1", a, 1), ("one-hot target", target, 2)]
    for k, (title, values, colour) in enumerate(panels):
        axes = panel(figure, 1, 3, k + 1, title=title, x="class")
        bars = axes.bar([0, 1, 2], values, color=COLOURS[colour], width=0.6,
                        hatch=("", "//", "..")[k], edgecolor="white")  # fmt: skip
        axes.bar_label(bars, [f"{v:.6f}" if k == 1 else f"{v:g}" for v in values], fontsize=11,
                       padding=3)  # fmt: skip
        axes.set_xticks([0, 1, 2])
        axes.set_ylim(0, 1.15 * max(1.0, float(values.max())))
    return figure
