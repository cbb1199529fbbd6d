"""The artificial neuron with its parts: inputs, weights, their sum, bias, activation, output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ArgumentError
from ..svg import Drawing, text_width
from .base import HEADING, MARGIN
from .nodes import Pill, Texts, Written
from .tangent import curve_of

__all__ = ["neuron"]

_SIZE = 14.0
_MOST = 12
_PARTS = {
    "inputs": "inputs", "weights": "weights", "sum": "sum", "activation": "activation",
    "output": "output",
}  # fmt: skip
_CURVE = (96.0, 64.0)  # the box with the activation's curve


def neuron(
    inputs: int = 3,
    activation: Any = "sigmoid",
    names: Mapping[str, str] | None = None,
    values: Mapping[str, Written] | None = None,
    *,
    bias: bool = True,
    parts: Mapping[str, str] | None = None,
    title: str = "",
    theme: str = "auto",
    direction: str = "ltr",
) -> Drawing:
    """One artificial neuron, out = f(Σ wᵢ·xᵢ + b), with or without numbers.

    Places, for `names`, `values` and the SVG's `data-at`: `"input[0]"`, `"kernel[0]"`, `"bias"`,
    `"net"`, `"activation"`, `"output"`.

    Args:
        inputs: how many, up to 12.
        activation: its name, or a function of `cr.ops`; its curve is computed and drawn.
        names: place -> what the thing is called, in place of x1, w1, b, Σ, ŷ.
        values: place -> its number as text, or several by what they are.
        bias: whether there is one.
        parts: the words below: "inputs", "weights", "sum", "activation", "output"; for a page in
            another language. An empty word is left out.
        title: written above.
        theme: "light" or "dark"; "auto" follows the reader's setting.
        direction: "rtl" mirrors the drawing.

    Raises:
        ArgumentError: no inputs or too many, a place that is not there, or an activation that does
            not work on each number by itself.

    Example:
        >>> picture = neuron(2, "relu", values={"input[0]": "0.05", "net": "0.3775"})
        >>> picture.svg().count('data-at="kernel['), "0.3775" in picture.svg()
        (2, True)
    """
    if not 1 <= inputs <= _MOST:
        raise ArgumentError(
            "this many inputs cannot be drawn",
            where="plots.neuron",
            expected=f"1 to {_MOST}",
            received=inputs,
        )
    texts = _texts(inputs, activation, names, values, bias)
    captions = _PARTS | dict(parts or {})
    curve = curve_of(activation, "plots.neuron", _CURVE)
    plan = _Plan(inputs, texts, captions, bias)
    head = HEADING if title else 0.0
    across = max(plan.width, text_width(title, 15, bold=True))
    picture = Drawing(
        across + 2 * MARGIN, plan.height + 2 * MARGIN + head, title or "artificial neuron",
        "inputs times weights, summed with the bias, through the activation, to the output",
        theme=theme, direction=direction,
    )  # fmt: skip
    if title:
        picture.text(MARGIN, MARGIN + 8, title, size=15, anchor="start", bold=True)
    _paint(picture, plan, curve, MARGIN + (across - plan.width) / 2, MARGIN + head)
    return picture


def _texts(
    inputs: int, activation: Any, names: Mapping[str, str] | None,
    values: Mapping[str, Written] | None, bias: bool,
) -> Texts:  # fmt: skip
    given = {f"input[{i}]": f"x{i + 1}" for i in range(inputs)}
    given |= {f"kernel[{i}]": f"w{i + 1}" for i in range(inputs)}
    if bias:
        given["bias"] = "b"
    called = activation if isinstance(activation, str) else getattr(activation, "__name__", "f")
    given |= {"net": "Σ", "activation": called, "output": "ŷ"}
    return Texts([*given], given | dict(names or {}), values or {}, "plots.neuron")


class _Plan:
    """Where the columns and the rows are."""

    def __init__(self, inputs: int, texts: Texts, captions: Mapping[str, str], bias: bool) -> None:
        self.texts, self.captions, self.inputs = texts, captions, inputs
        weights = [f"kernel[{i}]" for i in range(inputs)] + (["bias"] if bias else [])
        self.weights = weights
        self.input = Pill(texts, [f"input[{i}]" for i in range(inputs)], _SIZE)
        self.weight = Pill(texts, weights, _SIZE)
        self.net, self.output = Pill(texts, ["net"], _SIZE), Pill(texts, ["output"], _SIZE)
        lines = [texts.name("activation"), *(t for _, t in texts.cells("activation"))]
        self.below = [line for line in lines if line]
        box = max([_CURVE[0], *(text_width(line, _SIZE, bold=True) for line in self.below)])
        wide = [self.input.width, self.weight.width, self.net.width, box, self.output.width]
        self.x, right = [], 0.0
        for word, width, gap in zip(captions, wide, (0, 46, 64, 46, 46), strict=False):
            half = max(width, text_width(captions[word], 12) + 8) / 2
            self.x.append(right + gap + half)
            right += gap + 2 * half
        self.width = right
        step = max(self.input.height, self.weight.height) + 12
        self.rows = [step * (i + 0.5) for i in range(len(weights))]
        low = max(
            step * len(weights), self.net.height + 12,
            _CURVE[1] + 2 * 1.35 * _SIZE * len(self.below) + 12,
        )  # fmt: skip
        self.rows = [y + (low - step * len(weights)) / 2 for y in self.rows]
        self.middle, self.height = low / 2, low + 24


def _paint(picture: Drawing, plan: _Plan, curve: list[tuple[float, float]], x0: float, y0: float):
    """All parts, the arrows before the nodes."""
    texts, middle = plan.texts, y0 + plan.middle
    inputs, weights, net, box, output = (x + x0 for x in plan.x)
    for i, place in enumerate(plan.weights):
        y = y0 + plan.rows[i]
        edge = weights + plan.weight.width / 2
        with picture.at(place, place):
            picture.arrow([(edge, y), plan.net.toward(net, middle, (edge, y), 62.0)], colour="blue")
            plan.weight.paint(picture, texts, place, weights, y, _hue(place), False)
        if place != "bias":
            with picture.at(f"input[{i}]", f"input[{i}]"):
                start = inputs + plan.input.width / 2
                end = weights - plan.weight.width / 2
                picture.arrow([(start, y), (end, y)], colour="blue")
                plan.input.paint(picture, texts, f"input[{i}]", inputs, y, "grey", False)
    left, right = box - _CURVE[0] / 2, box + _CURVE[0] / 2
    with picture.at("net", "net"):
        picture.arrow([(net + plan.net.width / 2, middle), (left, middle)], colour="blue")
        plan.net.paint(picture, texts, "net", net, middle, "blue", False)
    with picture.at("activation", "activation"):
        end = output - plan.output.width / 2
        picture.arrow([(right, middle), (end, middle)], colour="blue")
        top = middle - _CURVE[1] / 2
        picture.rect(left, top, *_CURVE, radius=8, fill="green-tint", stroke="green")
        if picture.direction == "rtl":  # an axis of x runs to the right everywhere
            curve = [(_CURVE[0] - x, y) for x, y in curve]
        picture.polyline([(left + x, top + y) for x, y in curve], stroke="green", thick=2)
        row = top + _CURVE[1] + 0.9 * _SIZE
        name = texts.name("activation")
        if name:
            picture.text(box, row, name, size=_SIZE, bold=True)
            row += 1.35 * _SIZE
        for key, text in texts.cells("activation"):
            with picture.group(value=key):
                picture.text(box, row, text, size=_SIZE)
            row += 1.35 * _SIZE
    with picture.at("output", "output"):
        plan.output.paint(picture, texts, "output", output, middle, "blue", False)
    y = y0 + plan.height - 8
    for word, x in zip(_PARTS, (inputs, weights, net, box, output), strict=True):
        picture.text(x, y, plan.captions[word], size=12, colour="soft")


def _hue(place: str) -> str:
    return "amber" if place == "bias" else "sky"
