"""Runs beside each other as one page: table, overlaid curves, time and cost."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...evaluation import Candidate, Comparison
from ...evaluation.compare import figure_label
from ...evaluation.wording import number, plain
from ...files import path_of, write_atomically
from .about_answers import curve_title, thin
from .charts import COLOURS, Chart, bars
from .page import whole
from .pieces import Html, cards, figure, paragraph, section, table, text

__all__ = ["make_comparison", "write_comparison"]

_LINES = 12  # runs whose curves are drawn: the best
_PANELS = 6


def make_comparison(found: Comparison) -> str:
    """The page as text.

    Example:
        >>> from chainrule.evaluation import Candidate
        >>> runs = [Candidate("<sgd>", {"accuracy": 0.8}, {"loss": [0.7, 0.5]}, seconds=1.0),
        ...         Candidate("adam", {"accuracy": 0.9}, {"loss": [0.6, 0.3]}, seconds=1.5)]
        >>> page = make_comparison(Comparison(runs))
        >>> "&lt;sgd&gt;" in page, "<script" in page
        (True, False)
    """
    best = found.best
    first = Html("")
    if "best" in {row[-1] for row in found.table()[1]}:
        first = paragraph(f"Best by {figure_label(found.figure)}: {plain(best.name)}.")
    heads, rows = found.table()
    right = found.numbers(heads)
    parts = [
        section("runs", "The runs", first, table(heads, rows, right, "stack"),
                *(paragraph(note, "note") for note in found.notes())),
        _curves(found), _cost(found), _verdicts(found),
    ]  # fmt: skip
    return whole(f"{len(found.runs)} runs compared", "", *parts)


def write_comparison(found: Comparison, path: Any) -> str:
    """Write the page to a file, as a whole or not at all; returns its path.

    Raises:
        FileError: it could not be written.
    """
    name = path_of(path)
    write_atomically(name, make_comparison(found).encode())
    return name


def _drawn(found: Comparison) -> list[tuple[Candidate, str, bool]]:
    """(run, colour, dashed) of those that are drawn: each looks different."""
    shown = [run for run in found.sorted if run.curves][:_LINES]
    return [(run, COLOURS[k % len(COLOURS)], k >= len(COLOURS)) for k, run in enumerate(shown)]


def _curves(found: Comparison) -> Html:
    shown = _drawn(found)
    if not shown:
        return Html("")
    names = list(dict.fromkeys(n for run, *_ in shown for n in run.curves))
    names.sort(key=lambda n: not n.startswith("val_"))  # those of rows held out first
    pictures = []
    for name in names[:_PANELS]:
        chart = _overlaid(shown, name, timed=False)
        if chart is not None:
            pictures.append(figure(chart.draw(), curve_title(name)))
    timed = next((n for n in ("val_loss", "loss") if n in names), None)
    if timed and all(run.seconds for run, *_ in shown):
        chart = _overlaid(shown, timed, timed=True)
        if chart is not None:
            pictures.append(figure(chart.draw(), f"{curve_title(timed)}, over the time it took"))
    words = ""
    if len(shown) < len(found.runs):
        words = f"The {len(shown)} best of {len(found.runs)} runs."
    return section("curves", "How they learned", *([paragraph(words)] if words else []),
                   _keys(shown), cards(*pictures))  # fmt: skip


def _keys(shown: list[tuple[Candidate, str, bool]]) -> Html:
    """Which line is which, once for all charts."""
    items = "".join(
        f'<li><span style="border-top:3px {"dashed" if dashed else "solid"} var(--cr-{colour})">'
        f"</span>{text(plain(run.name))}</li>"
        for run, colour, dashed in shown
    )
    return Html(f'<ul class="keys">{items}</ul>\n')


def _overlaid(shown: list[tuple[Candidate, str, bool]], name: str, timed: bool) -> Chart | None:
    lines = []
    for run, colour, dashed in shown:
        values = np.asarray(run.curves.get(name, ()), float)
        if np.isfinite(values).any():
            longest = max(map(len, run.curves.values()))
            at = max(1, longest // len(values)) * np.arange(1, len(values) + 1.0)
            if timed:
                at *= float(run.seconds or 0.0) / longest
            lines.append((run, colour, dashed, at, values))
    if not lines:
        return None
    every = np.concatenate([values[np.isfinite(values)] for *_, values in lines])
    low, high = float(every.min()), float(every.max())
    # one run that diverged must not press all others flat: what is above stands at the edge
    usual = float(np.nanmax(lines[0][-1]))
    if name.endswith("loss") and high > 1000 * usual > 0:
        high = 3 * usual
    steep = name.endswith("loss") and low > 0 and high > 10 * low
    end = max(float(at[-1]) for *_, at, _ in lines)
    chart = Chart(f"{name} of {len(lines)} runs", (0.0 if timed else 1.0, max(end, 1e-9)),
                  (low, high), ("seconds" if timed else "epoch or step", ""),
                  logarithmic=steep)  # fmt: skip
    for _, colour, dashed, at, values in lines:
        keep = thin(len(values))
        chart.line(at[keep], values[keep], colour, dashed=dashed,
                   thick=1.8)  # fmt: skip
    return chart


def _cost(found: Comparison) -> Html:
    pictures = []
    for title, values in (
        ("Seconds of training", [run.seconds for run in found.sorted]),
        ("Parameters", [run.parameters for run in found.sorted]),
    ):
        given = [(run, float(v)) for run, v in zip(found.sorted, values, strict=True)
                 if v is not None and math.isfinite(v)][:_LINES]  # fmt: skip
        if len({value for _, value in given}) > 1:
            picture = bars(title, [plain(run.name) for run, _ in given], [v for _, v in given],
                           [number(v) for _, v in given])  # fmt: skip
            pictures.append(figure(picture, title))
    return section("cost", "What they cost", cards(*pictures)) if pictures else Html("")


def _verdicts(found: Comparison) -> Html:
    rows = [[plain(run.name), Html(f"<span>{text(run.verdict, 1000)}</span>")]
            for run in found.sorted if run.verdict]  # fmt: skip
    if not rows:
        return Html("")
    return section("verdicts", "Verdicts", table(["run", "verdict"], rows, (), "stack"))
