"""The page: one file of HTML that needs nothing else, with the verdict first."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ...evaluation.wording import number, percent
from ...explanation.forms.html import colours
from ...files import path_of, write_atomically
from ...svg import ROLES
from ...version import __version__
from .about_answers import about_answers, about_learning, about_probabilities
from .about_columns import about_columns, about_mistakes
from .about_data import about_data
from .about_model import about_model, about_use
from .findings import Findings
from .pieces import Html, join, paragraph, section, sentence, text
from .private import LEFT_OUT

__all__ = ["make_page", "whole", "write_page"]

CSS = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
_LEAST = 10.0  # seconds that a page may take
_SHARE = 0.2  # of the training time, where that is more
_HUE = {"USEFUL": "green", "DO NOT USE": "orange"}  # amber are all between


def make_page(findings: Findings, *, rows: bool = True) -> str:
    """The page as text.

    It takes at most 10 seconds, or a fifth of the training time where that is more: importance is
    measured on a part of the rows, and ends when its time is up; the page says so.

    Args:
        findings: what it shows.
        rows: whether it may hold rows of the data: cells, worst mistakes, single points.

    Example:
        >>> import numpy as np
        >>> from chainrule.evaluation import scores, verdict
        >>> y, p = np.array([0, 1, 1, 0]), np.array([0.2, 0.9, 0.6, 0.4])
        >>> found = scores(y, p, ["no", "<yes>"])
        >>> page = make_page(Findings("a.csv", found, verdict(found), y, p, ["no", "<yes>"]))
        >>> "&lt;yes&gt;" in page, "<yes>" in page, "<script" in page
        (True, False, False)
    """
    f = findings
    seconds = max(_LEAST, _SHARE * (f.seconds or 0.0))
    end = time.monotonic() + 0.8 * seconds
    parts = [
        _verdict(f), _notes(f), about_answers(f, rows), about_data(f, rows), about_learning(f),
        about_probabilities(f),
    ]  # fmt: skip
    columns, names = about_columns(f, max(0.5, end - time.monotonic()), rows)
    parts += [columns, about_mistakes(f, rows, names), about_model(f), about_use(f)]
    return whole(f"Report on {f.title}", _people(f, rows), *parts)


def write_page(findings: Findings, path: Any, *, rows: bool = True) -> str:
    """Write the page to a file, as a whole or not at all; returns its path.

    Raises:
        FileError: it could not be written.
    """
    name = path_of(path)
    write_atomically(name, make_page(findings, rows=rows).encode())
    return name


def _verdict(f: Findings) -> Html:
    word = f.verdict.word
    hue = "amber" if f.verdict.conditional else _HUE.get(word, "amber")
    rest = f.verdict.sentence.removeprefix(word).removeprefix(":").strip()
    tiles = []
    against = f.scores.table()[0][3]  # always no
    for score in list(f.scores.figures.values())[:3]:
        share = score.kind == "share"
        value = percent(score.model.value) if share else number(score.model.value)
        if score.name in ("rmse", "mae") and f.scores.unit:
            value += f" {f.scores.unit}"
        beside = ""
        if score.baseline is not None:
            base = percent(score.baseline) if share else number(score.baseline)
            beside = f"<small>{text(against)}: {_whole(base)}</small>"
        tiles.append(f'<div class="tile"><span>{text(score.label)}</span><b>{_whole(value)}</b>'
                     f"{beside}</div>")  # fmt: skip
    return Html(
        f'<section id="verdict" class="verdict {hue}"><h2>{text(word)}</h2>'
        f"<p>{sentence(rest)}</p></section>\n"
        f'<div class="tiles">{"".join(tiles)}</div>\n'
    )


def _whole(value: str) -> str:
    """A number and its unit, never on two lines."""
    return text(value).replace(" ", "\u00a0")


def _notes(f: Findings) -> Html:
    """What was decided on the way, warned of or left out; the most important first."""
    told = list(dict.fromkeys([*getattr(f.roles, "notices", ()), *f.notices]))
    if not told:
        return Html("")
    items = "".join(f"<li>{sentence(one)}</li>" for one in reversed(told))
    return section("notes", "Before you rely on it", Html(f'<ul class="notes">{items}</ul>\n'))


def _people(f: Findings, rows: bool) -> Html:
    holds = rows and (f.frame is not None or f.roles is not None or f.class_names is None)
    if not rows:
        return Html(LEFT_OUT)
    if not holds:
        return Html("This page holds no single rows of the data.")
    return Html(
        "This page holds rows of the data (cells, single points, the worst mistakes): think "
        "before you hand it on. <code>--no-rows</code> leaves them out."
    )


def whole(title: str, said: str | Html, *parts: Html) -> str:
    """Frame, style and parts: a page that runs no script and asks nobody for anything."""
    light = "".join(f"--cr-{role}:{pair[0]};" for role, pair in ROLES.items())
    paper = f"@media print{{:root,.cr-auto{{{light.replace(';', '!important;')}}}}}\n"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{text(title)}</title>\n"
        f"<style>\n{colours(':root', ':root[data-theme=dark]')}{paper}{CSS}</style>\n"
        f"</head>\n<body>\n<main>\n<h1>{text(title)}</h1>\n"
        f"{paragraph(said, 'people').markup if said else ''}{join(parts).markup}"
        f'<p class="end">chainrule {text(__version__)}</p>\n</main>\n</body>\n</html>\n'
    )
