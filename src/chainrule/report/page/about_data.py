"""What the columns are: roles, gaps, and how their values are spread."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...evaluation.wording import number, percent, plain
from ...tables.frame import Column
from .charts import histogram, number_bins
from .findings import Findings
from .pieces import Html, join, paragraph, section, table, text

__all__ = ["MOST", "about_data"]

MOST = 20  # columns in detail
_SHARES = ("category", "flag", "ordinal", "target")  # roles whose most frequent words may be shown
_CELLS = 3
# of more columns those come first on which something was decided
_ORDER = ("target", "identifier", "constant", "dropped", "date", "text", "ordinal", "flag",
          "category", "number")  # fmt: skip


def about_data(f: Findings, rows: bool) -> Html:
    """The table of columns; `rows` allows cells as they were written."""
    frame = f.data if f.data is not None else f.frame
    if frame is None and f.roles is None:
        return Html("")
    found = _columns(f, frame)
    count = "" if frame is None else f"{len(frame):,} rows, "
    if f.rows is not None and frame is not None:
        count = f"{f.rows:,} rows, of which {len(frame):,} were looked at for this: "
    elif f.data is None and frame is not None:
        count = f"Of the {len(frame):,} rows that were held out: "
    words = [paragraph(f"{count}{len(found):,} columns. " + _counted(found))]
    shown = found
    if len(found) > MOST:
        place = {role: k for k, role in enumerate(_ORDER)}
        order = sorted(range(len(found)), key=lambda k: (place.get(found[k][1], 0), k))
        shown = [found[k] for k in sorted(order[:MOST])]
        words.append(paragraph(f"In detail: {MOST} columns, first those that were left out or "
                               "decided on."))  # fmt: skip
    heads = ["column", "role", "missing", "spread", "values"]
    with_cells = rows and any(cells for *_, cells in shown)
    if with_cells:
        heads.append("as written → as read")
    lines = []
    for name, role, why, column, cells in shown:
        word = Html(f"<b>{text(role)}</b><br><small>{text(why)}</small>") if why else role
        missing, picture, told = _spread(column, role, name)
        line = [name, word, missing, picture, told]
        if with_cells:
            line.append("; ".join(f"{a} → {b}" for a, b in cells[:_CELLS]))
        lines.append(line)
    notices = [paragraph(said, "note") for said in getattr(f.roles, "notices", ())]
    return section("data", "The data", *words, table(heads, lines, {2}, "stack"), join(notices))


def _columns(f: Findings, frame: Any) -> list[tuple[str, str, str, Column | None, Any]]:
    """(name, role, why, column, cells) of each column."""
    by_name = {} if frame is None else {c.name: c for c in frame}
    if f.roles is None:
        frame = frame or ()
        return [(c.name, "target" if c.name == f.target else c.kind, "", c, ()) for c in frame]
    return [
        (r.name, r.role, r.why, by_name.get(r.name), getattr(r, "cells", ()) or ())
        for r in f.roles.roles
    ]


def _counted(found: list[tuple[str, str, str, Any, Any]]) -> str:
    counts: dict[str, int] = {}
    for _, role, *_ in found:
        counts[role] = counts.get(role, 0) + 1
    return (
        ", ".join(f"{n:,} {role}" for role, n in sorted(counts.items(), key=lambda p: -p[1])) + "."
    )


def _spread(column: Column | None, role: str, name: str) -> tuple[str, Any, str]:
    """(share of gaps, small picture, values in words)."""
    if column is None or not len(column):
        return "", "", ""
    gaps = column.missing
    missing = "none" if not gaps.any() else percent(float(gaps.mean()))
    if gaps.all():
        return missing, "", "empty"
    title = f"spread of {plain(name)}"
    if column.kind == "text" or role in ("category", "flag", "ordinal"):
        known = [_word(v) for v in column.values[~gaps].tolist()]
        words, counts = np.unique(np.array(known, object), return_counts=True)
        order = np.argsort(-counts, kind="stable")
        told = f"{len(words):,} different"
        if role in _SHARES:
            first = [
                f"{plain(words[k], 24)} {percent(float(counts[k]) / len(known))}" for k in order[:3]
            ]
            told = ", ".join(first) + (f"; {len(words):,} different" if len(words) > 3 else "")
        if len(words) > 24 and role not in _SHARES:
            return missing, "", told
        return missing, histogram(title, counts[order[:24]].astype(float).tolist()), told
    if column.kind == "date":
        days = column.values[~gaps]
        bins, _ = number_bins(days.astype(np.int64).astype(float))
        return missing, histogram(title, bins), f"{_day(days.min())} to {_day(days.max())}"
    values = column.values[~gaps]
    bins, (low, high) = number_bins(values)
    if math.isnan(low):
        return missing, "", ""
    middle = float(np.median(values[np.isfinite(values)]))
    told = f"{number(low)} to {number(high)}, median {number(middle)}"
    return missing, histogram(title, bins), told


def _word(value: Any) -> str:
    """A category as text; whole numbers without a point."""
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return str(value)


def _day(value: Any) -> str:
    return str(np.datetime64(value, "D"))
