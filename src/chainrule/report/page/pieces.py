"""Pieces of HTML: every text is escaped here, and nowhere is anything put together unescaped."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from html import escape
from typing import NamedTuple

from ...svg import Drawing

__all__ = ["Html", "cards", "code", "figure", "join", "paragraph", "section", "sentence", "table",
           "text"]  # fmt: skip

_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
_WORD = 24  # characters of a word that is never broken
_LONGEST = 120  # characters of a cell or a name
# marks that change the direction of what follows them, also outside their own cell
_REVERSING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


class Html(NamedTuple):
    """Markup that is ready: what is no `Html` is text, and is escaped."""

    markup: str


def text(value: object, longest: int = _LONGEST) -> str:
    """A text as HTML, its control characters made visible; the end of a long one left out.

    Example:
        >>> text("<script>alert(1)</script>"), text(Html("<b>"))
        ('&lt;script&gt;alert(1)&lt;/script&gt;', '<b>')
    """
    if isinstance(value, Html):
        return value.markup
    if isinstance(value, Drawing):
        return value.svg()
    line = " ".join(str(value).split())
    line = line if len(line) <= longest else line[: longest - 1] + "…"
    shown = ("\ufffd" if c in _REVERSING or unicodedata.category(c) in ("Cc", "Cs") else c
             for c in line)  # fmt: skip
    return escape("".join(shown), quote=True)


def join(parts: Iterable[Html]) -> Html:
    """One after the other."""
    return Html("".join(part.markup for part in parts))


def sentence(value: object, longest: int = 1000) -> str:
    """A text as HTML whose options of the command line are never broken after their dashes.

    Example:
        >>> sentence("say --model linear & go")
        'say <code>--model</code> linear &amp; go'
    """
    if isinstance(value, Html):
        return value.markup
    return _OPTION.sub(r"<code>\g<0></code>", text(value, longest))


def paragraph(value: object, kind: str = "") -> Html:
    """A paragraph, of a CSS class."""
    return Html(f"<p{_class(kind)}>{sentence(value, 2000)}</p>\n")


def code(value: str) -> Html:
    """Lines to be copied."""
    return Html(f"<pre><code>{escape(value)}</code></pre>\n")


def section(name: str, title: str, *parts: Html) -> Html:
    """A part of the page, with an id to point at."""
    return Html(f'<section id="{escape(name)}"><h2>{text(title)}</h2>\n{join(parts).markup}'
                "</section>\n")  # fmt: skip


def figure(picture: Drawing | Html, caption: str, kind: str = "") -> Html:
    """A drawing with words above it."""
    inside = picture.markup if isinstance(picture, Html) else picture.svg()
    return Html(f"<figure{_class(kind)}><figcaption>{text(caption, 400)}</figcaption>"
                f"{inside}</figure>\n")  # fmt: skip


def cards(*figures: Html) -> Html:
    """Figures side by side, as many as there is room for."""
    return Html(f'<div class="cards">{join(figures).markup}</div>\n')


def table(
    heads: Sequence[object],
    rows: Sequence[Sequence[object]],
    right: Collection[int] = (),
    kind: str = "",
) -> Html:
    """A table whose first column names its rows.

    Of the kind `stack` a narrow screen shows each row as a small card, with heads beside cells.

    Args:
        heads: of the columns.
        rows: of texts or `Html`.
        right: the columns that hold numbers.
        kind: classes of CSS.
    """
    top = "".join(
        f'<th scope="col"{_look(h, k in right)}>{text(h)}</th>' for k, h in enumerate(heads)
    )
    label = [f' data-h="{text(h)}"' if "stack" in kind and h else "" for h in heads]
    lines = []
    for row in rows:
        cells = []
        for k, cell in enumerate(row):
            if k:
                cells.append(f"<td{_look(cell, k in right)}{label[k]}>{text(cell)}</td>")
            else:
                cells.append(f'<th scope="row"{_look(cell)}{label[0]}>{text(cell)}</th>')
        lines.append(f"<tr>{''.join(cells)}</tr>\n")
    return Html(f'<div class="wide"><table{_class(kind)}><thead><tr>{top}</tr></thead>\n'
                f"<tbody>{''.join(lines)}</tbody></table></div>\n")  # fmt: skip


def _look(cell: object, right: bool = False) -> str:
    """Numbers stand at the right; a word that would make its column too wide may be broken."""
    words = [] if isinstance(cell, (Html, Drawing)) else str(cell).split()
    long = any(len(word) > _WORD for word in words)
    return _class(" ".join(["n"] * right + ["long"] * long))


def _class(kind: str) -> str:
    return f' class="{escape(kind)}"' if kind else ""
