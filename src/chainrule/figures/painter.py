"""Our SVG drawings painted by matplotlib, for programs that take PNG or PDF only."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

from ..errors import missing_extra
from ..svg import Drawing

__all__ = ["painted"]

_SVG = "{http://www.w3.org/2000/svg}"
_POINT = 0.75  # of a pixel: drawings count 96 of them to the inch
_CODES = {"M": 1, "L": 2, "Q": 3, "C": 4}  # of matplotlib's Path
_KINDS = ("g", "rect", "circle", "path", "text", "title", "desc", "style")


def painted(picture: Drawing) -> Any:
    """A drawing as a matplotlib figure of the same size, in the light colours.

    Raises:
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> picture = Drawing(192, 96, "A line")
        >>> picture.line((10, 10), (180, 80))
        >>> painted(picture).get_size_inches()
        array([2., 1.])
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise missing_extra("matplotlib", "viz", "a drawing as PNG or PDF") from None
    width, height = float(picture.width), float(picture.height)
    figure = Figure(figsize=(width / 96, height / 96), dpi=192)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    axes.axis("off")
    _paint(axes, ElementTree.fromstring(picture.svg()), [0])  # noqa: S314 - written by us
    return figure


def _paint(axes: Any, element: Any, order: list[int]) -> None:
    for part in element:
        kind = part.tag.removeprefix(_SVG)
        assert kind in _KINDS, kind  # noqa: S101 - svg.py writes no others
        order[0] += 1
        if kind == "g":
            _paint(axes, part, order)
        elif kind == "text":
            _text(axes, part, order[0])
        elif kind in ("rect", "circle", "path"):
            axes.add_patch(_shape(part, kind, order[0]))


def _shape(part: Any, kind: str, order: int) -> Any:
    from matplotlib import patches
    from matplotlib.path import Path

    stroke = part.get("stroke")
    look: dict[str, Any] = {
        "facecolor": part.get("fill", "none"), "edgecolor": stroke or "none", "zorder": order,
        "linewidth": float(part.get("stroke-width", 0)) * _POINT if stroke else 0,
        "alpha": float(part.get("opacity", 1)),
    }  # fmt: skip
    if part.get("stroke-dasharray"):
        look["linestyle"] = (0, tuple(
            float(n) / float(part.get("stroke-width")) for n in part.get("stroke-dasharray").split()
        ))  # fmt: skip

    def number(name: str) -> float:
        return float(part.get(name, 0))

    if kind == "circle":
        return patches.Circle((number("cx"), number("cy")), number("r"), **look)
    if kind == "rect":
        x, y, w, h = (number(n) for n in ("x", "y", "width", "height"))
        r = min(number("rx"), w / 2, h / 2)
        if not r:
            return patches.Rectangle((x, y), w, h, **look)
        inside = f"round,pad=0,rounding_size={r}"
        return patches.FancyBboxPatch((x, y), w, h, boxstyle=inside, **look)
    points, codes = _steps(part.get("d"))
    return patches.PathPatch(Path(points, codes), capstyle="butt", **look)


def _steps(d: str) -> tuple[list[tuple[float, float]], list[int]]:
    """The points of a path and what leads to each."""
    points: list[tuple[float, float]] = []
    codes: list[int] = []
    for letter, text in re.findall(r"([MLQCZ])([^MLQCZ]*)", d):
        if letter == "Z":
            points.append(points[0])
            codes.append(79)
            continue
        numbers = [float(n) for n in text.split()]
        points += zip(numbers[::2], numbers[1::2], strict=True)
        codes += [_CODES[letter]] * (len(numbers) // 2)
    return points, codes


def _text(axes: Any, part: Any, order: int) -> None:
    turn = re.search(r"rotate\((\S+)", part.get("transform", ""))
    size = float(part.get("font-size"))
    anchor = part.get("text-anchor", "start")
    if part.get("direction") == "rtl" and anchor != "middle":
        anchor = {"start": "end", "end": "start"}[anchor]
    x, y = float(part.get("x")), float(part.get("y"))
    if turn:  # about the middle of the letters, as svg.py wrote it
        x, y = (float(n) for n in re.findall(r"-?[\d.]+", part.get("transform"))[1:])
    axes.text(
        x, y, (part.text or "").replace("$", r"\$"), fontsize=size * _POINT, color=part.get("fill"),
        ha={"start": "left", "middle": "center", "end": "right"}[anchor],
        va="center" if turn else "baseline", fontweight=part.get("font-weight", "normal"),
        rotation=-float(turn.group(1)) if turn else 0, zorder=order,
    )  # fmt: skip
