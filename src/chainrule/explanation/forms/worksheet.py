"""A worksheet and its answer key: as a page to print, as LaTeX, as text.

The page is plain: black on white, A4, no script; several sheets in one file each begin on a new
page of paper.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ...svg import ROLES
from ..digits import Digits
from ..formula import Style
from ..steps import Part
from .blanks import blanked
from .cards import Cards
from .html import CARDS_CSS
from .languages import Language, language_of
from .latex import LaTeX, escaped, part_latex
from .latex import sign as latex_sign
from .mathml import math, number_text, sign
from .scene import scene_of
from .symbols import symbol, visible
from .text import part_lines

if TYPE_CHECKING:
    from ..explained import Explanation

__all__ = ["Worksheet", "sheet_latex", "sheet_of", "sheet_page", "sheet_text"]

SHEET_CSS = (Path(__file__).parent / "worksheet.css").read_text(encoding="utf-8")


class Worksheet(NamedTuple):
    """What stands on a sheet.

    Args:
        title: what it is about.
        parts: with gaps.
        given: numbers by their names.
        points: that there are.
        digits: write numbers.
        key: is it the answer key?
        name: the student's; "" leaves room to write it.
        identity: of the sheet; "" for none.
        picture: the network, as SVG; "" for none.
    """

    title: str
    parts: tuple[Part, ...]
    given: dict[str, float]
    points: float
    digits: Digits
    key: bool = False
    name: str = ""
    identity: str = ""
    picture: str = ""


def sheet_of(
    explanation: Explanation, blank: Any, key: bool = False, language: str = "en"
) -> Worksheet:
    """The worksheet of an explanation, or its key."""
    found = blanked(explanation, blank, key)
    given = found.given if found.hidden and not key else None
    way = language_of(language).direction
    return Worksheet(
        explanation.say.recording.model.name, found.parts, found.given, len(found.answers),
        explanation.say.digits, key, picture=picture_of(explanation, given, way),
    )  # fmt: skip


def picture_of(
    explanation: Explanation, given: dict[str, float] | None = None, direction: str = "ltr"
) -> str:
    """The network with its numbers, or with the given ones only, on white; "" if too large."""
    scene = scene_of(explanation, 220, direction, given)
    if scene is None:
        return ""
    return scene.forward.replace('class="cr-auto"', 'class="cr-light"').replace(
        "@media (prefers-color-scheme:dark)", "@media not all"
    )


# --- a page -------------------------------------------------------------------------------------


def sheet_page(sheets: Sequence[Worksheet], language: str = "en") -> str:
    """One or more sheets as one page to print.

    Args:
        sheets: each begins on a new page of paper.
        language: "en" or "ar".
    """
    words = language_of(language)
    title = escape(visible(f"{_kind(sheets[0], words)}: {sheets[0].title}"))
    light = ":root{" + "".join(f"--cr-{r}:{c[0]};" for r, c in ROLES.items()) + "}\n"
    body = "".join(_article(sheet, words, k) for k, sheet in enumerate(sheets))
    return (
        f'<!DOCTYPE html>\n<html lang="{words.code}" dir="{words.direction}">\n<head>\n'
        '<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        f"<title>{title}</title>\n<style>\n{light}{CARDS_CSS}{SHEET_CSS}</style>\n</head>\n"
        f"<body>\n{body}</body>\n</html>\n"
    )


def _kind(sheet: Worksheet, words: Language) -> str:
    return words.word("Answer key" if sheet.key else "Worksheet")


def _article(sheet: Worksheet, words: Language, number: int) -> str:
    t = words.word
    cards = Cards(sheet.digits, words)
    head = f"<h1>{_kind(sheet, words)}: <bdi>{escape(visible(sheet.title))}</bdi></h1>"
    picture = re.sub(r"\b([td]-[0-9a-f]{10})\b", rf"\1-{number}", sheet.picture)  # ids are unique
    picture = f'<div class="picture" dir="ltr">{picture}</div>\n' if picture else ""
    parts = "".join(cards.part(part) for part in sheet.parts if part.items)
    if sheet.identity:
        head += (
            f'<p class="identity">{escape(t("Sheet"))} <bdi dir="ltr">'
            f"{escape(visible(sheet.identity))}</bdi></p>"
        )
    how = "" if sheet.key else f'<p class="how">{escape(t("fill"))} {escape(t("each"))}</p>\n'
    return (
        f'<article class="cr-explain{" key" if sheet.key else ""}">\n<header>{head}</header>\n'
        f"{_fields(sheet, words)}{how}{_given(sheet, words)}{picture}{parts}</article>\n"
    )


def _fields(sheet: Worksheet, words: Language) -> str:
    """Name, date and points."""
    t = words.word
    name = f"<bdi>{escape(visible(sheet.name))}</bdi>" if sheet.name else ""
    points = f'<bdi dir="ltr">{sheet.points:g}</bdi>'
    of = points if sheet.key else f'<i class="short"></i> / {points}'
    name = f"<b>{name}</b>" if name else '<i class="long"></i>'
    date = "" if sheet.key else f'<span>{escape(t("Date"))} <i class="middle"></i></span>'
    return (
        f'<div class="fields"><span>{escape(t("Name"))} {name}</span>{date}'
        f"<span>{escape(t('Points'))} {of}</span></div>\n"
    )


def _given(sheet: Worksheet, words: Language) -> str:
    digits = Digits(9)
    each = "".join(
        f"<span>{math(sign(symbol(n)) + '<mo>=</mo>' + f'<mn>{number_text(digits(v))}</mn>')}"
        "</span> "
        for n, v in sheet.given.items()
    )
    return (
        f'<p class="given"><b>{escape(words.word("Given"))}</b> <span dir="ltr">{each}</span></p>\n'
    )


# --- LaTeX and text -------------------------------------------------------------------------------


def sheet_latex(sheet: Worksheet) -> str:
    """A complete LaTeX document, in English, which needs amsmath only."""
    style = LaTeX(Digits(9))
    given = r"\quad ".join(
        rf"\mbox{{${latex_sign(symbol(n))} = {style.number(v)}$}}" for n, v in sheet.given.items()
    )
    kind = "Answer key" if sheet.key else "Worksheet"
    fields = rf"Name \textbf{{{escaped(sheet.name)}}}" if sheet.name else (
        r"Name \underline{\hspace{62mm}}"
    )  # fmt: skip
    if sheet.key:
        fields += rf"\hfill Points {sheet.points:g}"
    else:
        fields += r"\hfill Date \underline{\hspace{30mm}}"
        fields += rf"\hfill Points \underline{{\hspace{{12mm}}}} / {sheet.points:g}"
    how = "" if sheet.key else f"{language_of('en').word('fill')}\\par\\smallskip\n"
    body = "\n".join(part_latex(p, sheet.digits) for p in sheet.parts)
    end = rf"\bigskip{{\footnotesize Sheet {escaped(sheet.identity)}}}" if sheet.identity else ""
    return (
        "\\documentclass[11pt,a4paper]{article}\n\\usepackage{amsmath}\n"
        "\\addtolength{\\textwidth}{34mm}\\addtolength{\\oddsidemargin}{-17mm}\n"
        "\\addtolength{\\textheight}{46mm}\\addtolength{\\topmargin}{-24mm}\n"
        "\\setlength{\\parindent}{0pt}\\setlength{\\parskip}{4pt}\\sloppy\\allowdisplaybreaks\n"
        "\\setcounter{secnumdepth}{0}\\renewcommand{\\arraystretch}{1.7}\n"
        "\\setlength{\\jot}{7pt}\n"
        f"\\begin{{document}}\n{{\\Large\\bfseries {kind}: {escaped(sheet.title)}}}\\par\n"
        f"\\bigskip {fields}\\par\\bigskip\n{how}\\textbf{{Given}}\\quad {given}\\par\n"
        f"{body}{end}\n\\end{{document}}\n"
    )


def sheet_text(sheet: Worksheet, width: int = 80) -> str:
    """As plain text."""
    style = Style(sheet.digits)
    kind = "Answer key" if sheet.key else "Worksheet"
    name = f"Name {sheet.name}" if sheet.name else "Name ______________________"
    points = f"Points {sheet.points:g}" if sheet.key else f"Points _____ / {sheet.points:g}"
    line = [name, points] if sheet.key else [name, "Date ____________", points]
    given = "  ".join(f"{n} = {Digits(9)(v)}".replace(" ", "\xa0") for n, v in sheet.given.items())
    folded = textwrap.wrap(f"Given  {given}", width, subsequent_indent=" " * 7)
    out = [f"{kind}: {sheet.title}", "", "   ".join(line)]
    out += [] if sheet.key else [language_of("en").word("fill")]
    out += ["", *(text.replace("\xa0", " ") for text in folded)]
    for part in sheet.parts:
        out += part_lines(part, style, True, width) if part.items else []
    return "\n".join([*out, f"Sheet {sheet.identity}"] if sheet.identity else out)
