"""What the columns are: roles, gaps, and how their values are spread."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np

from ...dialect import counted
from ...evaluation.wording import cell, percent, plain
from ...tables.frame import Column
from .charts import histogram, number_bins
from .findings import Findings
from .pieces import Html, paragraph, section, table, text
from .private import FEWEST, may_name

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
    count = "" if frame is None else f"{counted(len(frame), 'row')}, "
    if f.rows is not None and frame is not None:
        count = f"{counted(f.rows, 'row')}, of which {len(frame):,} were looked at for this: "
    elif f.data is None and frame is not None:
        count = f"Held out: {count}"
    words = [paragraph(f"{count}{counted(len(found), 'column')}: {_roles(found)}.")]
    if f.reading:
        words.append(paragraph(f"How the file was read: {f.reading}."))
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
        if not rows and role in ("number", "date", "ordinal"):
            why = ""  # it names the smallest and the largest value
        word = Html(f"<span><b>{text(role)}</b><br><small>{text(why)}</small></span>")
        missing, picture, told = _spread(column, role, name, rows)
        line = [name, word, missing, picture, told]
        if with_cells:
            line.append("; ".join(f"{a} → {b}" for a, b in cells[:_CELLS]))
        lines.append(line)
    return section("data", "The data", *words, table(heads, lines, {2}, "stack"))


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


def _roles(found: list[tuple[str, str, str, Any, Any]]) -> str:
    counts = Counter(role for _, role, *_ in found)
    return ", ".join(f"{n:,} {role}" for role, n in counts.most_common())


def _spread(column: Column | None, role: str, name: str, rows: bool) -> tuple[str, Any, str]:
    """(share of gaps, small picture, values in words); without `rows` none of few people."""
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
            fine = set(words) if rows or role == "target" else may_name(
                name, dict(zip(words, counts.tolist(), strict=True))
            )  # fmt: skip
            first = [f"{plain(words[k], 24)} {percent(float(counts[k]) / len(known))}"
                     for k in order if words[k] in fine][:3]  # fmt: skip
            more = [f"{len(words):,} different"] if len(words) > len(first) else []
            if len(fine) < len(words):
                hidden = len(words) - len(fine)
                more[0] += ", none of them shown" if not fine else f", {hidden:,} not shown"
            told = "; ".join(filter(None, [", ".join(first), *more]))
        if len(words) > 24 and role not in _SHARES:
            return missing, "", told
        return missing, histogram(title, counts[order[:24]].astype(float).tolist()), told
    if column.kind == "date":
        days = column.values[~gaps]
        bins, _ = number_bins(days.astype(np.int64).astype(float))
        ends = np.sort(days)[[*_ends(len(days), rows)]]
        return missing, histogram(title, bins), f"{_most(rows)}{_day(ends[0])} to {_day(ends[1])}"
    values = column.values[~gaps]
    bins, (low, high) = number_bins(values)
    if math.isnan(low):
        return missing, "", ""
    values = np.sort(values[np.isfinite(values)])
    if not rows:
        low, high = values[[*_ends(len(values), rows)]].tolist()
    told = f"{_most(rows)}{cell(low)} to {cell(high)}, median {cell(float(np.median(values)))}"
    return missing, histogram(title, bins), told


def _ends(count: int, rows: bool) -> tuple[int, int]:
    """Places of the values that are named, in order: the ends, or those with a twentieth beyond."""
    beyond = 0 if rows else min((count - 1) // 2, max(FEWEST, count // 20))
    return beyond, count - 1 - beyond


def _most(rows: bool) -> str:
    return "" if rows else "mostly "


def _word(value: Any) -> str:
    """A category as text; whole numbers without a point."""
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return str(value)


def _day(value: Any) -> str:
    return str(np.datetime64(value, "D"))
