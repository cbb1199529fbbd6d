"""Drawings in SVG: shapes, text and its width, arrows; light and dark, left to right and mirrored.

Everything that this package draws as SVG is drawn here. A `Drawing` is given shapes in the order in
which they are painted, in pixels from the top left corner, and knows at the end how to write
itself: as a file, or in a page.

* Colours are roles (`"ink"`, `"blue-tint"`), which a theme makes colours of. With `theme="auto"` a
  reader's light or dark setting chooses; programs that know no style sheets see the light one.
* `direction="rtl"` mirrors every place. Text is never mirrored, and each text is read in its own
  direction, so that `(None, 28, 28)` stays what it is.
* Text is escaped, and every number checked: names that users chose can do no harm.
* The same calls give the same bytes.
"""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import Any

from .errors import ArgumentError, FileError, choose
from .files import checksum, path_of, write_atomically

__all__ = ["HUES", "ROLES", "THEMES", "Drawing", "shorten", "text_width"]

Point = tuple[float, float]

# --- colours ------------------------------------------------------------------------------------

# Okabe and Ito, "Color Universal Design" (2008), without black
HUES = {
    "blue": "#0072B2",
    "orange": "#D55E00",
    "green": "#009E73",
    "pink": "#CC79A7",
    "amber": "#E69F00",
    "sky": "#56B4E9",
    "yellow": "#F0E442",
}
THEMES = ("auto", "light", "dark")
_LIGHT, _DARK = "#FFFFFF", "#15181C"  # paper


def _mix(colour: str, other: str, share: float) -> str:
    """A colour with so large a share of another in it."""
    pairs = ((int(colour[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in pairs)


def _roles() -> dict[str, tuple[str, str]]:
    """(light, dark) of every role: each hue as a line, as the ground of text, and as a shadow."""
    roles = {
        "paper": (_LIGHT, _DARK),
        "ink": ("#1B1F24", "#ECEEF0"),
        "soft": ("#59626D", "#A8B1BC"),
        "line": ("#7A838E", "#87919D"),
        "faint": ("#D5D9DE", "#3A4149"),
    }
    for name, hue in (HUES | {"grey": "#6E7781"}).items():
        roles[name] = (hue.upper(), _mix(hue, _LIGHT, 0.35))
        roles[f"{name}-tint"] = (_mix(hue, _LIGHT, 0.87), _mix(hue, _DARK, 0.8))
        roles[f"{name}-shade"] = (_mix(hue, _LIGHT, 0.68), _mix(hue, _DARK, 0.58))
    return roles


ROLES = _roles()

# --- text ---------------------------------------------------------------------------------------

# the narrower ones come first; widths below are those of the widest, so that text always fits
FONTS = "'Segoe UI', 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"
# advance widths of DejaVu Sans in thousandths of the size, from the blank (32) to the tilde (126)
_WIDTHS = (
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636,
    636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632,
    575, 775, 752, 295, 295, 656, 557, 863, 748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685,
    611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579,
    278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
)  # fmt: skip
_OTHER_WIDTHS = {"·": 318, "…": 1000, "½": 969, "—": 1000, "–": 500, "’": 318, "√": 637, "∂": 517}
_BOLD = 1.12
_LINE = 0.35  # from the middle of a line of text down to its baseline, in sizes


def text_width(text: str, size: float = 12, bold: bool = False) -> float:
    """How wide a line of text is, in pixels: at least what the common sans-serif fonts need.

    Example:
        >>> round(text_width("Dense", 10), 1)
        31.6
    """
    return sum(map(_advance, text)) * size * (_BOLD if bold else 1) / 1000


def _advance(character: str) -> int:
    code = ord(character)
    if 32 <= code < 127:
        return _WIDTHS[code - 32]
    if character in _OTHER_WIDTHS:
        return _OTHER_WIDTHS[character]
    kind = unicodedata.category(character)
    if kind in ("Mn", "Me", "Cf"):  # written over the character before, or not at all
        return 0
    base = unicodedata.normalize("NFD", character)[0]
    if base != character:
        return _advance(base)
    if unicodedata.east_asian_width(character) in "WF":
        return 1000
    if kind in ("Sm", "So"):
        return 838
    return 401 if kind == "No" else 640


def shorten(text: str, width: float, size: float = 12, bold: bool = False) -> str:
    """The text, with its middle left out where it is wider than `width`: names differ at the ends.

    Example:
        >>> shorten("a_block_of_layers/convolution_17", 120, 12)
        'a_block_…ution_17'
    """
    if text_width(text, size, bold) <= width:
        return text
    ends = [0.0, *itertools.accumulate(text_width(c, size, bold) for c in text)]
    room = width - text_width("…", size, bold)
    for kept in range(len(text) - 1, 0, -1):
        tail = kept // 2
        if ends[kept - tail] + ends[-1] - ends[len(text) - tail] <= room:
            return text[: kept - tail] + "…" + text[len(text) - tail :]
    return "…"


def _direction(text: str) -> str:
    """The direction in which a text is read: that of its first letter which has one."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in ("L", "R", "AL"):
            return "ltr" if kind == "L" else "rtl"
    return "ltr"


# what XML cannot hold, even escaped
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _plain(text: object) -> str:
    return " ".join(_NO_XML.sub("\ufffd", str(text)).split())


# --- drawings -----------------------------------------------------------------------------------


class _Element:
    """A shape or a group as it was asked for: numbers are numbers, colours are roles."""

    __slots__ = ("attributes", "inside", "tag")

    def __init__(self, tag: str, attributes: dict[str, Any], inside: Any = None) -> None:
        self.tag, self.attributes, self.inside = tag, attributes, inside


class Drawing:
    """A picture that is painted shape by shape, and written as SVG.

    Args:
        width: of the picture, in pixels.
        height: of the picture.
        title: what it is, for those who hear it; also its tooltip.
        description: what is seen on it, in a sentence or more.
        theme: "light", "dark", or "auto", which follows the reader's setting.
        direction: "ltr", or "rtl" to mirror it.

    Raises:
        ArgumentError: a place or size that is no finite number, an unknown colour or theme.

    Example:
        >>> picture = Drawing(120, 40, "Two boxes")
        >>> picture.rect(5, 5, 40, 30, fill="blue-tint", stroke="blue", radius=6)
        >>> picture.text(25, 20, "<in>")
        >>> picture.arrow([(45, 20), (75, 20)])
        >>> picture.svg().count("<path"), "&lt;in&gt;" in picture.svg()
        (2, True)
    """

    def __init__(
        self,
        width: float,
        height: float,
        title: str,
        description: str = "",
        *,
        theme: str = "auto",
        direction: str = "ltr",
    ) -> None:
        if theme not in THEMES:
            raise choose("theme", theme, THEMES, where="Drawing")
        if direction not in ("ltr", "rtl"):
            raise choose("direction", direction, ("ltr", "rtl"), where="Drawing")
        self.width, self.height = _finite(width), _finite(height)
        self.title, self.description = _plain(title), _plain(description)
        self.theme, self.direction = theme, direction
        self._root: list[_Element] = []
        self._open = self._root
        self.rect(0, 0, width, height, fill="paper", radius=8)

    # --- shapes ---------------------------------------------------------------------------------

    def rect(
        self, x: float, y: float, width: float, height: float, *, radius: float = 0, **look: Any
    ) -> None:
        """A rectangle by its left upper corner; `look` is fill, stroke, thick, dashed, opacity."""
        left = self._x(x + width) if self._mirrored else self._x(x)
        shape = {"x": left, "y": y, "width": width, "height": height, "rx": radius or None}
        self._add("rect", shape, look)

    def circle(self, x: float, y: float, radius: float, **look: Any) -> None:
        """A circle by its centre."""
        self._add("circle", {"cx": self._x(x), "cy": y, "r": radius}, look)

    def line(self, start: Point, end: Point, **look: Any) -> None:
        """A straight line."""
        self.path([("M", *start), ("L", *end)], **_stroked(look))

    def polyline(self, points: Sequence[Point], *, corner: float = 0, **look: Any) -> None:
        """Straight lines from point to point, the corners rounded by a radius."""
        self.path(_bent(points, corner), **_stroked(look))

    def polygon(self, points: Sequence[Point], **look: Any) -> None:
        """A closed shape with straight sides."""
        self.path([*_bent(points, 0), ("Z",)], **look)

    def path(self, steps: Sequence[tuple[Any, ...]], **look: Any) -> None:
        """A path of steps ("M", x, y), ("L", x, y), ("Q", x1, y1, x, y), ("C", ...) and ("Z",)."""
        for number in itertools.chain.from_iterable(s[1:] for s in steps):
            _finite(number)
        mine = [
            (s[0], *(self._x(n) if i % 2 == 0 else n for i, n in enumerate(s[1:]))) for s in steps
        ]
        self._add("path", {"d": mine}, look)

    def text(
        self,
        x: float,
        y: float,
        text: object,
        *,
        size: float = 12,
        anchor: str = "middle",
        colour: str = "ink",
        bold: bool = False,
        turn: float = 0,
    ) -> None:
        """A line of text; `y` is the middle of its small letters, `x` what `anchor` says.

        Args:
            x: of its "start", "middle" or "end"; the start is the right end where the drawing is
                mirrored.
            y: of its middle.
            text: escaped; white space is one blank.
            size: of the font, in pixels.
            anchor: as above.
            colour: a role, or "#rrggbb".
            bold: in bold face.
            turn: degrees clockwise about (x, y).
        """
        shown, place = _plain(text), self._x(x)
        reads = _direction(shown)
        if reads != self.direction and anchor != "middle":  # start and end are those of the text
            anchor = "end" if anchor == "start" else "start"
        shape: dict[str, Any] = {
            "x": place, "y": y + _LINE * size, "font-size": size, "text-anchor": anchor,
            "font-weight": "bold" if bold else None,
            "direction": "rtl" if reads == "rtl" else None,
        }  # fmt: skip
        if turn:
            shape["transform"] = (-turn if self._mirrored else turn, place, y)
        self._add("text", shape, {"fill": colour}, shown)

    # --- arrows ---------------------------------------------------------------------------------

    def arrow(
        self,
        points: Sequence[Point],
        *,
        corner: float = 0,
        smooth: str | None = None,
        head: bool = True,
        colour: str = "line",
        thick: float = 1.4,
        **look: Any,
    ) -> None:
        """A line along the points, with a head at the last one.

        Args:
            points: two for a straight arrow, more for a bent one.
            corner: radius that rounds the bends.
            smooth: "y" for S-shaped curves that leave and arrive upright, "x" for level ones.
            head: whether there is one.
            colour: of line and head.
            thick: of the line; the head grows with it.
            look: dashed, opacity.
        """
        (x0, y0), (x, y) = points[-2], points[-1]
        if smooth == "y":
            x0, y0 = x, y - math.copysign(1, y - y0)
        elif smooth == "x":
            x0, y0 = x - math.copysign(1, x - x0), y
        length = math.hypot(x - x0, y - y0) or 1.0
        ux, uy = (x - x0) / length, (y - y0) / length
        long = (5 + 2 * thick) if head else 0.0
        end = (x - 0.8 * long * ux, y - 0.8 * long * uy)  # the line ends inside the head
        if smooth:  # upright or level under the head, however short the curve is
            base = (x - 1.1 * long * ux, y - 1.1 * long * uy)
            steps = [*_curved([*points[:-1], base], smooth), ("L", *end)]
        else:
            steps = _bent([*points[:-1], end], corner)
        self.path(steps, **_stroked({"stroke": colour, "thick": thick, **look}))
        if head:
            wide = 0.42 * long
            base = (x - long * ux, y - long * uy)
            sides = [(base[0] - s * wide * uy, base[1] + s * wide * ux) for s in (1, -1)]
            self.polygon([(x, y), *sides], fill=colour, **look)

    # --- blocks in space ------------------------------------------------------------------------

    def sheets(
        self, x: float, y: float, width: float, height: float, count: int, step: float, hue: str
    ) -> None:
        """So many equal sheets, each `step` to the right of and below the one behind it."""
        for i in range(count):
            self.rect(
                x + i * step, y + i * step, width, height, fill=f"{hue}-tint", stroke=hue, thick=1
            )

    def cuboid(
        self, x: float, y: float, width: float, height: float, depth: float, hue: str
    ) -> None:
        """A block: its front at (x, y), its top and right side going back to the upper right."""
        right, low = x + width, y + height
        edge: dict[str, Any] = {"stroke": hue, "thick": 1}
        top = [(x, y), (x + depth, y - depth), (right + depth, y - depth), (right, y)]
        side = [(right, y), (right + depth, y - depth), (right + depth, low - depth), (right, low)]
        self.polygon(top, fill=f"{hue}-shade", **edge)
        self.polygon(side, fill=f"{hue}-shade", **edge)
        self.rect(x, y, width, height, fill=f"{hue}-tint", **edge)

    # --- groups ---------------------------------------------------------------------------------

    @contextmanager
    def group(self, tip: str = "", **data: object) -> Iterator[None]:
        """Shapes drawn inside belong together: a tooltip, and `data-...` attributes for scripts."""
        names = {f"data-{name.replace('_', '-')}": _plain(value) for name, value in data.items()}
        with self._grouped(names, tip):
            yield

    @contextmanager
    def at(self, place: str, tip: str = "") -> Iterator[None]:
        """Shapes drawn inside show one thing, `<g class="at" data-at=place>`: pages light it up.

        Example:
            >>> picture = Drawing(40, 40, "A unit")
            >>> with picture.at("dense[0]"):
            ...     picture.circle(20, 20, 9, fill="blue-tint")
            >>> '<g class="at" data-at="dense[0]"><circle' in picture.svg()
            True
        """
        with self._grouped({"class": "at", "data-at": _plain(place)}, tip):
            yield

    @contextmanager
    def _grouped(self, attributes: dict[str, str], tip: str) -> Iterator[None]:
        outer, mine = self._open, []
        outer.append(_Element("g", attributes, mine))
        self._open = mine
        try:
            if tip:
                mine.append(_Element("title", {}, _plain(tip)))
            yield
        finally:
            self._open = outer

    # --- writing --------------------------------------------------------------------------------

    def svg(self) -> str:
        """The picture as an SVG element, the same text for the same picture."""
        used: set[str] = set()
        inside = "\n".join(self._written(e, used) for e in self._root)
        width, height = _number(self.width), _number(self.height)
        mark = checksum((self.title + self.description + self.theme + inside).encode())[:10]
        labels = f"t-{mark} d-{mark}" if self.description else f"t-{mark}"
        about = f'<title id="t-{mark}">{_escaped(self.title)}</title>\n'
        if self.description:
            about += f'<desc id="d-{mark}">{_escaped(self.description)}</desc>\n'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="cr-{self.theme}" role="img" '
            f'aria-labelledby="{labels}" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" font-family="{_escaped(FONTS)}">\n'
            f"{about}{self._style(used)}{inside}\n</svg>\n"
        )

    def save(self, path: Any) -> str:
        """Write the picture to an .svg file, as a whole or not at all; returns its path.

        Raises:
            FileError: another ending, or the file could not be written.
        """
        name = path_of(path)
        if not name.lower().endswith(".svg"):
            raise FileError(
                "drawings are written as SVG, which browsers, slides and LaTeX's svg package take",
                where=name,
                fix="give a name that ends in .svg; a browser prints it to PDF or PNG",
            )
        write_atomically(name, ('<?xml version="1.0" encoding="UTF-8"?>\n' + self.svg()).encode())
        return name

    def _repr_svg_(self) -> str:
        return self.svg()

    def _repr_html_(self) -> str:
        head, _, tail = self.svg().partition(" font-family")
        return f'{head} style="max-width:100%;height:auto" font-family{tail}'

    def __repr__(self) -> str:
        return f"<Drawing {self.title!r}: {self.width:g} × {self.height:g}>"

    # --- inside ---------------------------------------------------------------------------------

    @property
    def _mirrored(self) -> bool:
        return self.direction == "rtl"

    def _x(self, x: float) -> float:
        return self.width - x if self._mirrored else x

    def _add(
        self, tag: str, shape: dict[str, Any], look: dict[str, Any], inside: Any = None
    ) -> None:
        fill, stroke = look.pop("fill", None), look.pop("stroke", None)
        shape["fill"] = "none" if fill is None else _checked(fill)
        if stroke is not None:
            shape |= {"stroke": _checked(stroke), "stroke-width": look.pop("thick", 1.4)}
        if look.pop("dashed", False):
            shape["stroke-dasharray"] = "5 4"
        shape["opacity"] = look.pop("opacity", None)
        if look:
            raise ArgumentError(
                "a shape has no such look",
                where="Drawing",
                expected="fill, stroke, thick, dashed, opacity",
                received=", ".join(look),
            )
        self._open.append(_Element(tag, shape, inside))
        for value in shape.values():
            if isinstance(value, float):
                _finite(value)

    def _written(self, element: _Element, used: set[str]) -> str:
        if element.tag == "title":
            return f"<title>{_escaped(element.inside)}</title>"
        words, classes = [], []
        for name, value in element.attributes.items():
            if name in ("fill", "stroke") and value in ROLES:
                used.add(value)
                classes.append(f"{name[0]}-{value}")
                value = ROLES[value][self.theme == "dark"]
            if value is not None:
                words.append(f' {name}="{_value(name, value)}"')
        if classes and self.theme == "auto":
            words.insert(0, f' class="{" ".join(classes)}"')
        inside, tag = element.inside, element.tag
        if tag == "g":
            inside = "".join(self._written(e, used) for e in inside)
        elif inside is not None:
            inside = _escaped(inside)
        return f"<{tag}{''.join(words)}" + ("/>" if inside is None else f">{inside}</{tag}>")

    def _style(self, used: set[str]) -> str:
        """For the automatic theme: the roles that are used, as properties of light and dark.

        They stand beside plain colours, which programs without style sheets show.
        """
        if self.theme != "auto":
            return ""
        roles = sorted(used)
        uses = "".join(
            f".cr-auto .{kind[0]}-{r}{{{kind}:var(--cr-{r})}}"
            for r in roles
            for kind in ("fill", "stroke")
        )
        light, dark = ("".join(f"--cr-{r}:{ROLES[r][i]};" for r in roles) for i in (0, 1))
        return (
            f"<style>.cr-auto{{{light}}}\n"
            f"@media (prefers-color-scheme:dark){{.cr-auto{{{dark}}}}}\n{uses}</style>\n"
        )


# --- small parts --------------------------------------------------------------------------------


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ArgumentError("a place or size is no finite number", where="Drawing", received=number)
    return float(number)


def _checked(colour: str) -> str:
    if colour in ROLES or re.fullmatch("#[0-9A-Fa-f]{6}", colour):
        return colour
    raise choose("colour", colour, (*ROLES, "#rrggbb"), where="Drawing")


def _number(value: float) -> str:
    text = f"{_finite(value):.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _value(name: str, value: Any) -> str:
    if name == "d":
        return "".join(s[0] + " ".join(map(_number, s[1:])) for s in value)
    if name == "transform":
        return f"rotate({' '.join(map(_number, value))})"
    return _number(value) if isinstance(value, (int, float)) else _escaped(value)


def _escaped(text: str) -> str:
    return escape(text, quote=True)


def _stroked(look: dict[str, Any]) -> dict[str, Any]:
    return {"stroke": "line", **look}


def _bent(points: Sequence[Point], corner: float) -> list[tuple[Any, ...]]:
    """Steps along straight lines; a corner becomes a curve that begins `corner` before it."""
    steps: list[tuple[Any, ...]] = [("M", *points[0])]
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        first, second = math.dist(before, here), math.dist(here, after)
        radius = min(corner, first / 2, second / 2)
        if radius > 0.01:
            steps.append(("L", *_between(here, before, radius / first)))
            steps.append(("Q", *here, *_between(here, after, radius / second)))
        else:
            steps.append(("L", *here))
    return [*steps, ("L", *points[-1])]


def _between(start: Point, end: Point, share: float) -> Point:
    return (start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share)


def _curved(points: Sequence[Point], along: str) -> list[tuple[Any, ...]]:
    """Steps in S-shaped curves that run along one axis at both ends."""
    steps: list[tuple[Any, ...]] = [("M", *points[0])]
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        if abs(x0 - x1) < 0.01 or abs(y0 - y1) < 0.01:
            steps.append(("L", x1, y1))
        elif along == "y":
            middle = (y0 + y1) / 2
            steps.append(("C", x0, middle, x1, middle, x1, y1))
        else:
            middle = (x0 + x1) / 2
            steps.append(("C", middle, y0, middle, y1, x1, y1))
    return steps
