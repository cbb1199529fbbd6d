"""What an answer hangs on: importance, partial dependence; and the rows that went worst."""

from __future__ import annotations

import math
import time
from collections import Counter
from typing import Any

import numpy as np

from ...errors import ChainruleError
from ...evaluation import (
    Dependence,
    Influence,
    partial_dependence,
    permutation_importance,
    worst_mistakes,
)
from ...evaluation.wording import cell, number, percent, plain
from ...svg import Drawing
from .about_answers import asked_class, outputs_of
from .charts import COLOURS, Chart, bars, ticks
from .findings import Findings
from .pieces import Html, cards, figure, paragraph, section, table
from .private import may_name

__all__ = ["about_columns", "about_mistakes"]

_FIRST = 4  # columns whose dependence is drawn
_CLASSES = 4  # lines in it
_WORST = 10
_TABLE = 2_000_000  # cells of the rows that importance is measured on
_CELLS = 8  # columns beside a mistake


def about_columns(f: Findings, seconds: float, cells: bool = True) -> tuple[Html, list[str]]:
    """Importance and dependence within so many seconds, and the names of the columns in order.

    Args:
        f: the findings.
        seconds: it may take.
        cells: whether values that few rows have may be named.
    """
    if f.predict is None or f.frame is None or f.kind == "constant":
        return Html(""), []
    end = time.monotonic() + seconds
    rows = int(np.clip(_TABLE // max(1, len(f.frame.columns)), 100, 1000))
    found = permutation_importance(
        f.predict, f.frame, f.y, f.class_names, columns=_used(f), rows=rows, seconds=0.6 * seconds
    )
    names = [one.name for one in found.columns]
    parts = [_importance(found, f.seen)]
    shown = [one.name for one in found.columns if one.value > 0][:_FIRST]
    pictures = []
    for name in shown:
        if time.monotonic() > end:
            break
        try:
            picture = partial_dependence(f.predict, f.frame, name, rows=min(rows, 200))
        except ChainruleError:  # an empty column has nothing to vary over
            continue
        picture = picture if cells else _public(f, picture)
        if len(picture.at):
            pictures.append(picture)
    if pictures:
        ends = (min(float(p.mean.min()) for p in pictures),
                max(float(p.mean.max()) for p in pictures))  # fmt: skip
        parts.append(section(
            "dependence", "How the answer changes with a column",
            paragraph("The mean answer when a column has the same value in every row. Where "
                      "columns hang together this asks for rows that do not exist: read it with "
                      "care."),
            cards(*(_dependence(f, one, ends) for one in pictures)),
        ))  # fmt: skip
    return Html("".join(part.markup for part in parts)), names


def _public(f: Findings, found: Dependence) -> Dependence:
    """Without the values that few rows have, or that look like people."""
    if found.kind != "text":
        return found
    frame = f.data if f.data is not None and found.name in f.data else f.frame
    values = [] if frame is None else frame[found.name].values.tolist()
    fine = may_name(found.name, dict(Counter(str(v) for v in values if v is not None)))
    keep = [k for k, value in enumerate(found.at) if value == "" or value in fine]
    keep = [] if not any(found.at[k] for k in keep) else keep
    return found._replace(at=found.at[keep], mean=found.mean[keep])


def _used(f: Findings) -> list[str]:
    there = [] if f.frame is None else [n for n in f.frame.names if n != f.target]
    if f.roles is None:
        return there
    used = {role.name for role in f.roles.used}
    return [name for name in there if name in used]


def _importance(found: Influence, seen: bool) -> Html:
    words = [paragraph(
        f"By how much the {found.figure} rises when a column's cells are shuffled among the rows, "
        f"from {number(found.loss)} for the rows as they are. Columns that say the same share "
        "their importance."
    )]  # fmt: skip
    if seen:
        words.append(paragraph("The saved model was fitted on all rows, these among them: what it "
                               "learnt by heart looks important here too.", "note"))  # fmt: skip
    words += [paragraph(text, "note") for text in found.notices]
    if not found.columns:
        return section("importance", "Which columns matter", *words)
    values = [one.value for one in found.columns]
    picture = bars(
        "importance of the columns", [plain(one.name, 80) for one in found.columns], values,
        [("+" if v > 0 else "") + number(v, 2) for v in values],
        [one.spread for one in found.columns],
    )  # fmt: skip
    shown = figure(picture, "Thin lines: one standard deviation of the shuffles.")
    return section("importance", "Which columns matter", *words, cards(shown))


def _dependence(f: Findings, found: Dependence, ends: tuple[float, float]) -> Html:
    name = plain(found.name)
    mean, labels = _followed(f, found.mean, found.kind == "text")
    if found.kind == "text":
        values, word = mean[:, 0], labels[0]
        texts = [_written(f, v) for v in values]
        words = ["(empty)" if v == "" else plain(v) for v in found.at]
        return figure(bars(f"mean answer by {name}", words, values.tolist(), texts),
                      f"{name}: {word}")  # fmt: skip
    return figure(_over(f, found, mean, labels, ends), plain(found.name, 120))


def _followed(f: Findings, mean: np.ndarray, one: bool) -> tuple[np.ndarray, list[str]]:
    """Of two classes the rarer, of more those that change most, or the `one` that does."""
    if f.class_names is None:
        return mean[:, :1], [f"mean {plain(f.target, 20)}"]
    names = [f"P({plain(n, 16)})" for n in f.class_names]
    if len(names) == 2:
        k = asked_class(np.asarray(f.y).reshape(-1).astype(int))
        return mean[:, k : k + 1], [names[k]]
    order = np.argsort(-np.ptp(mean, 0), kind="stable")[: 1 if one else _CLASSES]
    order = np.sort(order)  # a class has the same colour in every picture where it can
    return mean[:, order], [names[k] for k in order]


def _over(
    f: Findings, found: Dependence, mean: np.ndarray, labels: list[str], ends: tuple[float, float]
) -> Drawing:
    """Over numbers or dates; all columns with the same y-axis, so that they can be compared."""
    x_labels: Any = None
    at = found.at
    if found.kind == "date":
        days = at.astype("datetime64[us]")
        at = days.astype(np.int64).astype(float)
        places = np.unique(np.linspace(0, len(at) - 1, 3).round().astype(int))
        x_labels = [(at[k], str(days[k].astype("datetime64[D]"))) for k in places]
    low, high = ends
    if f.class_names is not None:
        places = ticks(0.0, max(high, 0.1))
        low, high = 0.0, min(1.0, places[-1] + (places[1] if places[-1] < high else 0.0))
    name = plain(found.name)
    chart = Chart(f"mean answer over {name}", (float(at.min()), float(at.max())), (low, high),
                  (name, labels[0] if len(labels) == 1 else "probability"), x_labels=x_labels,
                  height=220)  # fmt: skip
    for k, label in enumerate(labels):
        chart.line(at, mean[:, k], COLOURS[k], label=label if len(labels) > 1 else "")
    return chart.draw()


def _written(f: Findings, value: float) -> str:
    return percent(value) if f.class_names is not None else number(value)


# --- mistakes -----------------------------------------------------------------------------------


def about_mistakes(f: Findings, rows: bool, names: list[str]) -> Html:
    """The worst rows with their most important cells; without rows only that they are left out."""
    title = "The worst mistakes"
    if not rows:
        return section("mistakes", title, paragraph("Rows are left out of this page."))
    p = outputs_of(f)
    worst = worst_mistakes(f.y, p, f.class_names, _WORST)
    if not len(worst):
        return section("mistakes", title, paragraph("There are none on these rows."))
    beside = [n for n in names if f.frame is not None and n in f.frame][:_CELLS]
    where = "row" if f.frame is None else f.frame.word
    heads = [where, "true", "answered", *(["sure"] if f.class_names else ["off by"]),
             *(plain(n, 60) for n in beside)]  # fmt: skip
    lines = []
    for i in worst.tolist():
        at = int(f.frame.lines[i]) if f.frame is not None else i + 1
        if f.class_names is None:
            told = [
                cell(float(f.y[i]), 5),
                cell(float(p[i]), 5),
                number(abs(float(f.y[i]) - float(p[i]))),
            ]
        else:
            said = int(p[i].argmax())
            told = [plain(f.class_names[int(f.y[i])]), plain(f.class_names[said]),
                    percent(float(p[i, said]))]  # fmt: skip
        lines.append([f"{at:,}", *told, *(_shown(f.frame[n].values[i]) for n in beside if f.frame)])
    words = ("The surest of a wrong class first: often a label that is wrong, or a row unlike all "
             "others.") if f.class_names else "The furthest off first."  # fmt: skip
    return section("mistakes", title, paragraph(words), table(heads, lines, (), "stack"))


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return "" if math.isnan(value) else cell(value, 5)
    if isinstance(value, np.datetime64):
        return "" if np.isnat(value) else str(value.astype("datetime64[D]"))
    return str(value)[:60]
