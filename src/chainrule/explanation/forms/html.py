"""An explanation as one page, and its parts as pieces for other pages.

Its arrow keys show one new number after the other, in the formula and in the drawing of the
network. Without scripts, and in print, everything is shown at once.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...drawing.network import network
from ...errors import ChainruleError
from ...svg import ROLES
from ..steps import Part, Table, Words
from .base import form
from .cards import Cards, Stepper, line_decimals
from .languages import Language, language_of
from .scene import Scene, scene_of
from .symbols import visible

if TYPE_CHECKING:
    from ..explained import Explanation

__all__ = ["fragment", "notebook", "page"]

_HERE = Path(__file__).parent
CARDS_CSS = (_HERE / "cards.css").read_text(encoding="utf-8")
PAGE_CSS = (_HERE / "page.css").read_text(encoding="utf-8")
SCRIPT = (_HERE / "page.js").read_text(encoding="utf-8")
LARGEST = 2_000_000  # bytes of a page
WEIGHTS = 24  # weights that get a view of their own


def colours(selector: str, dark: str) -> str:
    """The roles of the drawings as properties: light, dark by the system, and by choice."""
    light, other = ("".join(f"--cr-{r}:{c[i]};" for r, c in ROLES.items()) for i in (0, 1))
    return (
        f"{selector}{{{light}}}\n@media (prefers-color-scheme:dark){{{selector}{{{other}}}}}\n"
        f"{dark}{{{other}}}\n"
    )


def page(explanation: Explanation, language: str = "en", weight: str | None = None) -> str:
    """The whole page as text; what is in the names of a deck is there in the standard ones too."""
    words = language_of(language)
    views = [_view(explanation, words, weight)]
    names = [explanation.say.names.key]
    if weight is None and names[0] != "standard" and len(views[0]) < LARGEST // 4:
        names.append("standard")
        views.append(_view(explanation.renamed("standard"), words, None, second=True))
    title = f"{words.word('One training step')}: {explanation.say.recording.model.name}"
    digits = explanation.say.digits
    bar = _bar(words, line_decimals(digits), digits.decimals, names, "page-backward" in views[0])
    return _whole(title, words, bar, "".join(views))


def _view(
    explanation: Explanation, words: Language, weight: str | None, second: bool = False
) -> str:
    """Drawing, parts and weights in one notation."""
    scene = None if weight is not None else scene_of(explanation, 300, words.direction)
    steps = Stepper(None if scene is None else scene.shows)
    digits = explanation.say.digits
    cards = Cards(digits, words, line_decimals(digits), steps)
    if weight is not None:
        body = cards.part(explanation.weight(weight), name=weight)
    else:
        body = "".join(_parts(explanation.parts, cards))
    quiet = cards._replace(steps=None)
    room = LARGEST - len(body.encode()) - 400_000
    found = "" if scene is None else "".join(_weights(explanation, scene, quiet, room))
    if second:  # an id has one place
        found = found.replace('<section id="', '<section data-name="')
    if found:
        head = escape(words.word("Every weight"))
        found = f'<div class="cr-explain page-weights"><h2>{head}</h2>{found}</div>\n'
    hint = escape(words.word("press"))
    return (
        f'<div class="page-view{" gone" if second else ""}">\n'
        f"{_drawings(explanation, scene, words)}"
        f'<p class="page-hint">{hint}</p>\n'
        f'<main class="cr-explain">\n{body}</main>\n{found}</div>\n'
    )


def _parts(parts: tuple[Part, ...], cards: Cards) -> Iterator[str]:
    """Each part in its share of what a page may hold; what is left out is said."""
    room = LARGEST - 600_000
    for k, part in enumerate(parts):
        share = room // (len(parts) - k)
        text = cards.part(part) if _guess(part) < share else ""
        if not text or len(text.encode()) > share:
            text = cards.part(_trimmed(part, share, cards))
        room -= len(text.encode())
        yield text


def _guess(part: Part) -> int:
    """At least how many bytes a part will have."""
    return sum(60 * len(i.rows) * len(i.columns) if isinstance(i, Table) else 100
               for i in part.items)  # fmt: skip


def _trimmed(part: Part, share: int, cards: Cards) -> Part:
    """The first items of a part, as many as there is room for, and a sentence on the others."""
    kept: list[Any] = []
    plain = Cards(cards.digits, cards.language, cards.decimals)
    used = 0
    for item in part.items:
        if isinstance(item, Table) and len(item.rows) > 40:
            item = item._replace(rows=item.rows[:40], at=item.at[:40],
                                 total=item.total or len(item.rows))  # fmt: skip
        used += int(1.1 * len("".join(plain.items([item])).encode())) + 200
        if used > share:
            break
        kept.append(item)
    if len(kept) < len(part.items):
        left = len(part.items) - len(kept)
        said = cards.language.word("Left out to keep this page small")
        kept.append(Words(f"{said}: {left:,} / {len(part.items):,}; text(more=True)"))
    return part._replace(items=tuple(kept))


def _weights(explanation: Explanation, scene: Scene, cards: Cards, room: int) -> Iterator[str]:
    """A view of each weight that is drawn, where there are few."""
    if len(scene.names) > WEIGHTS:
        return
    for place, name in scene.names.items():
        text = cards.part(explanation.weight(place), name=name)
        room -= len(text.encode())
        if room < 0:
            return
        yield text.replace("<section ", f'<section id="{escape(visible(name))}" '
                           f'data-place="{escape(visible(place))}" ', 1)  # fmt: skip


# --- the frame ----------------------------------------------------------------------------------


def _whole(title: str, words: Language, bar: str, views: str) -> str:
    t = words.word
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    style = colours(":root", ":root[data-theme=dark],[data-theme=dark] .cr-auto") + _light()
    return (
        f'<!DOCTYPE html>\n<html lang="{words.code}" dir="{words.direction}">\n<head>\n'
        '<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        f"style-src 'unsafe-inline'; script-src 'sha256-{digest}'\">\n"
        f"<title>{escape(visible(title))}</title>\n"
        f"<style>\n{style}{CARDS_CSS}{PAGE_CSS}</style>\n</head>\n<body>\n"
        f'<h1 class="page-title">{escape(visible(title))}</h1>\n{bar}{views}'
        f'<p class="page-end">{escape(t("computed with all digits, rounded only here"))}</p>\n'
        '<p class="page-live page-sr" aria-live="polite"></p>\n'
        f'<dialog class="cr-explain"><button class="page-close">{escape(t("Close"))}</button>'
        '<div class="page-card"></div></dialog>\n'
        f"<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )


def _light() -> str:
    """Light by choice, where the system is dark."""
    light = "".join(f"--cr-{r}:{c[0]};" for r, c in ROLES.items())
    return f":root[data-theme=light],[data-theme=light] .cr-auto{{{light}}}\n"


def _bar(
    words: Language, decimals: tuple[int, ...], first: int, names: list[str], backward: bool
) -> str:
    t = words.word
    buttons = "".join(
        f'<button data-go="{go}" title="{escape(t(name))}" aria-label="{escape(t(name))}">{sign}'
        "</button>"
        for go, name, sign in (
            ("first", "First", "⇤"), ("back", "Previous number", "←"),
            ("next", "Next number", "→"), ("all", "Show all", "⇥"),
        )
    )  # fmt: skip
    waves = [("", t("follows")), ("forward", t("forward")), ("backward", t("backward"))]
    chosen = [
        _select("formulas", t("Formulas"), [("both", t("symbols and numbers")),
                ("symbols", t("symbols")), ("numbers", t("numbers"))]),
        _select("digits", t("Digits"), [(str(k), str(d)) for k, d in enumerate(decimals)],
                str(decimals.index(first))),
        _select("wave", t("Wave"), waves) if backward else "",
        _select("names", t("Names"), [(str(k), n) for k, n in enumerate(names)])
        if len(names) > 1 else "",
        _select("more", t("Details"), [("short", t("few")), ("all", t("all"))]),
        _select("theme", t("Colours"), [("", t("as the system")), ("light", t("light")),
                ("dark", t("dark"))]),
    ]  # fmt: skip
    return (
        f'<div class="page-bar"><span class="page-keys" dir="ltr">{buttons}</span>'
        f'<span class="page-count" dir="ltr"></span>{"".join(chosen)}</div>\n'
    )


def _select(name: str, label: str, options: list[tuple[str, str]], chosen: str = "") -> str:
    inside = "".join(
        f'<option value="{escape(v)}"{" selected" if v == chosen else ""}>{escape(s)}</option>'
        for v, s in options
    )
    return f'<label><span>{escape(label)}</span><select name="{name}">{inside}</select></label>'


def _drawings(explanation: Explanation, scene: Scene | None, words: Language) -> str:
    if scene is not None:
        waves = [("forward", scene.forward), ("backward", scene.backward)]
        inside = "".join(
            f'<div class="page-{name}" dir="ltr">{svg}</div>' for name, svg in waves if svg
        )
        label = escape(words.word("The network with its numbers"))
        tall = " page-tall" if scene.height > 340 else ""
        return f'<div class="page-scene{tall}" role="group" aria-label="{label}">{inside}</div>\n'
    try:
        svg = network(explanation.say.recording.model, "blocks", rankdir="LR", title="").svg()
    except ChainruleError:
        return ""
    if len(svg) > 300_000:
        return ""
    inside = f'<div class="page-forward" dir="ltr">{svg}</div>'
    return f'<div class="page-scene page-blocks">{inside}</div>\n'


# --- pieces -------------------------------------------------------------------------------------


def fragment(explanation: Explanation, key: str, language: str = "en") -> str:
    """One part, or one weight, as a piece of HTML: classes only, no script, no style attribute."""
    words = language_of(language)
    cards = Cards(explanation.say.digits, words)
    keys = [part.key for part in explanation.parts]
    if key in keys:
        inside = cards.part(explanation[key])
    else:
        inside = cards.part(explanation.weight(key), name=key)
    way = f' lang="{words.code}" dir="{words.direction}"'
    return f'<div class="cr-explain"{way}>\n{inside}</div>\n'


def notebook(explanation: Explanation) -> str:
    """All parts, with the style sheet that they need and nothing else; no script."""
    inside = "".join(fragment(explanation, part.key) for part in explanation.parts)
    if len(inside) > LARGEST:
        return f"<pre>{escape(visible_lines(explanation.text()))}</pre>"
    style = colours(
        ".cr-explain", ".jp-mod-dark .cr-explain,[data-jp-theme-light=false] .cr-explain"
    )
    return f"<style>\n{style}{CARDS_CSS}</style>\n{inside}"


def visible_lines(text: str) -> str:
    """Lines of text in which nothing hides."""
    return "\n".join(
        " " * (len(line) - len(line.lstrip(" "))) + re.sub("^ +", "", visible(line))
        for line in text.splitlines()
    )


@form("html", ".html")
def _form(explanation: Any, more: bool, weight: str | None) -> str:
    return page(explanation, weight=weight)
