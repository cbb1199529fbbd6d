"""An activation's curve, with a point on it and the tangent there."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..chain import vjp
from ..errors import ArgumentError, NonFiniteError
from ..ops import activations
from ..svg import Drawing, text_width
from .base import HEADING, MARGIN, fixed_number, short_number

__all__ = ["activation", "curve_of", "elementwise"]

_POINTS = 241
_SIZE = (460.0, 260.0)  # of the plane in which the curve is
_LEFT, _BELOW, _LINE = 54.0, 26.0, 20.0  # for numbers at the left and below, for lines above
_WORDS = {"value": "value", "slope": "slope"}


def activation(
    name: Any,
    x: float | None = None,
    *,
    digits: int = 6,
    words: Mapping[str, str] | None = None,
    title: str = "",
    theme: str = "auto",
    direction: str = "ltr",
) -> Drawing:
    """The curve y = f(x) of an activation; at one x also the point and the tangent.

    The curve is what the activation computes, the slope what the chain rule finds: `cr.vjp`.
    Places in the SVG's `data-at`: `"curve"`, `"point"`, `"tangent"`; the numbers' `data-value`:
    `"value"` and `"slope"`.

    Args:
        name: of an activation, or a function of `cr.ops` that works on each number by itself.
        x: where the tangent touches; none is drawn by default.
        digits: after the point, of value and slope.
        words: for "value" and "slope", for a page in another language.
        title: in place of the activation's name.
        theme: "light" or "dark"; "auto" follows the reader's setting.
        direction: "rtl" mirrors the frame; the axis of x always runs from left to right.

    Raises:
        ArgumentError: it does not work on each number by itself, as softmax does not.
        UnknownNameError: no activation of this name.
        NonFiniteError: x, or the value there, is no finite number.

    Example:
        >>> picture = activation("sigmoid", 0.0)  # σ(0) = ½, σ'(0) = ¼
        >>> "value = 0.500000" in picture.svg(), "slope = 0.250000" in picture.svg()
        (True, True)
    """
    where = f"plots.activation({name!r})" if isinstance(name, str) else "plots.activation"
    function = elementwise(name, where)
    shown = title or (name if isinstance(name, str) else getattr(name, "__name__", "f"))
    touch = None
    if x is not None:
        touch = _touch(function, x, where)
    half = 6.0 if x is None else max(6.0, 1.25 * abs(x))
    xs = np.linspace(-half, half, _POINTS)
    ys = _values(function, xs)
    picture = Drawing(
        _SIZE[0] + _LEFT + 2 * MARGIN,
        _SIZE[1] + _BELOW + HEADING + 2 * MARGIN + (_LINE if touch else 0.0),
        shown, "the curve of an activation" + (" and its tangent" if touch else ""),
        theme=theme, direction=direction,
    )  # fmt: skip
    picture.text(MARGIN, MARGIN + 8, shown, size=15, anchor="start", bold=True)
    if touch:
        _told(picture, touch, digits, _WORDS | dict(words or {}))
    top = MARGIN + HEADING + (_LINE if touch else 0.0)
    _Plane(picture, xs, ys, top).paint(touch)
    return picture


def curve_of(
    name: Any, where: str, size: tuple[float, float], half: float = 4.0
) -> list[tuple[float, float]]:
    """The points of an activation's curve in a small box, for a sketch of it."""
    xs = np.linspace(-half, half, 65)
    ys = _values(elementwise(name, where), xs)
    low, high = _range(ys)
    pad = 8.0
    across = pad + (xs + half) / (2 * half) * (size[0] - 2 * pad)
    down = size[1] - pad - (ys - low) / (high - low) * (size[1] - 2 * pad)
    return [(float(a), float(b)) for a, b in zip(across, down, strict=True) if math.isfinite(b)]


def elementwise(name: Any, where: str) -> Callable[[Any], Any]:
    """The activation, if each number of what it makes comes from the number at its place.

    Raises:
        ArgumentError: it does not.
        UnknownNameError: no activation of this name.
    """
    function = activations.get(name)
    line = np.linspace(-1.0, 1.0, 5)
    whole = np.asarray(function(line))
    if whole.shape == line.shape:
        alone = [np.asarray(function(line[i : i + 1]))[0] for i in range(len(line))]
        if np.allclose(whole, alone, equal_nan=True):
            return function
    raise ArgumentError(
        "this activation has no curve: it does not work on each number by itself",
        where=where,
        expected="an activation such as 'sigmoid', 'tanh', 'relu'",
        received=getattr(function, "__name__", name),
    )


def _values(function: Callable[[Any], Any], xs: np.ndarray) -> np.ndarray:
    """What is drawn: a value that is too large is a gap in the curve."""
    with np.errstate(all="ignore"):
        return np.asarray(function(xs), float)


def _touch(function: Callable[[Any], Any], x: float, where: str) -> tuple[float, float, float]:
    """(x, f(x), f'(x)), the slope by the chain rule."""
    with np.errstate(all="ignore"):  # what is not finite is refused below, in our words
        y, back = vjp(function, np.array([float(x)]))
        found = float(x), float(y[0]), float(back(np.ones(1))[0])
    if not all(map(math.isfinite, found)):
        raise NonFiniteError(
            "there is no tangent where a number is not finite",
            where=where,
            received="x = {}, value = {}, slope = {}".format(*found),
        )
    return found


def _told(
    picture: Drawing, touch: tuple[float, float, float], digits: int, words: Mapping[str, str]
) -> None:
    """The numbers of the tangent, in the line below the title."""
    x = MARGIN
    texts = [("x", f"x = {short_number(touch[0], 6)}")]
    texts += [
        (w, f"{words[w]} = {fixed_number(v, digits)}")
        for w, v in zip(_WORDS, touch[1:], strict=True)
    ]
    for key, text in texts:
        with picture.group(value=key):
            picture.text(x, MARGIN + 30, text, size=13, anchor="start")
        x += text_width(text, 13) + 22


def _range(ys: np.ndarray) -> tuple[float, float]:
    """The values that are shown: some more than those of the curve, and zero."""
    finite = ys[np.isfinite(ys)]
    low, high = min(0.0, float(finite.min())), max(0.0, float(finite.max()))
    if high - low < 1e-9:
        low, high = -1.0, 1.0
    return low - 0.08 * (high - low), high + 0.08 * (high - low)


class _Plane:
    """The axes and what is drawn between them; x runs from left to right in any direction."""

    def __init__(self, picture: Drawing, xs: np.ndarray, ys: np.ndarray, top: float) -> None:
        self.picture, self.xs, self.ys, self.top = picture, xs, ys, top
        self.half, (self.low, self.high) = float(xs[-1]), _range(ys)
        self.rtl = picture.direction == "rtl"

    def at(self, x: float, y: float) -> tuple[float, float]:
        """A point of the plane on paper; a mirrored drawing mirrors it once more."""
        across = (x + self.half) / (2 * self.half) * _SIZE[0]
        left = MARGIN + (_SIZE[0] - across if self.rtl else _LEFT + across)
        left += _LEFT if self.rtl else 0.0
        return left, self.top + (self.high - y) / (self.high - self.low) * _SIZE[1]

    def paint(self, touch: tuple[float, float, float] | None) -> None:
        """Frame and numbers, the curve, the tangent and its point."""
        picture, (width, height) = self.picture, _SIZE
        left = MARGIN + _LEFT
        picture.rect(left, self.top, width, height, fill="paper", stroke="faint", thick=1)
        for start, end in (((-self.half, 0), (self.half, 0)), ((0, self.low), (0, self.high))):
            picture.line(self.at(*start), self.at(*end), stroke="line", thick=1)
        for x in (-self.half, 0.0, self.half):
            u, _ = self.at(x, 0)
            text = short_number(x, 3)
            u += (
                {0.0: 0.0, self.half: -1.0, -self.half: 1.0}[x]
                * 0.4
                * text_width(text, 12)
                * (-1.0 if self.rtl else 1.0)
            )
            picture.text(u, self.top + height + 14, text, size=12, colour="soft")
        for y in self._marks():
            v = self.at(0, y)[1]
            picture.text(left - 8, v, short_number(y, 3), size=12, anchor="end", colour="soft")
            picture.line((left - 4, v), (left, v), stroke="line", thick=1)
        with picture.at("curve"):
            for run in self._runs():
                picture.polyline(run, stroke="blue", thick=2.6)
        if touch is None:
            return
        with picture.at("tangent"):
            picture.line(*self._tangent(*touch), stroke="orange", thick=2)
        with picture.at("point"):
            picture.circle(*self.at(*touch[:2]), 5, fill="orange-tint", stroke="orange", thick=2)

    def _marks(self) -> list[float]:
        """Two or three round values of y: what the curve reaches, and zero."""
        step = 10.0 ** math.floor(math.log10((self.high - self.low) / 2))
        step *= next(m for m in (5, 2, 1) if (self.high - self.low) / (m * step) >= 1.6)
        first = math.ceil(self.low / step)
        return [step * k for k in range(first, math.floor(self.high / step) + 1)]

    def _runs(self) -> list[list[tuple[float, float]]]:
        """The curve in pieces: it is broken where it jumps, and where it is not finite."""
        runs: list[list[tuple[float, float]]] = [[]]
        jump = 0.3 * (self.high - self.low)
        for (_, before), (x, y) in itertools.pairwise(
            [(0.0, math.nan), *zip(self.xs.tolist(), self.ys.tolist(), strict=True)]
        ):
            if not math.isfinite(y) or abs(y - before) > jump:
                runs.append([])
            if math.isfinite(y):
                runs[-1].append(self.at(x, y))
        return [run for run in runs if len(run) > 1]

    def _tangent(self, x: float, y: float, slope: float) -> list[tuple[float, float]]:
        """Its two ends, inside the plane."""
        reach = [-self.half, self.half]
        if slope:
            ends = sorted(x + (edge - y) / slope for edge in (self.low, self.high))
            reach = [max(reach[0], ends[0]), min(reach[1], ends[1])]
        return [self.at(u, y + slope * (u - x)) for u in reach]
