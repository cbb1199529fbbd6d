"""Pictures of experiments: the loss over the learning rate, a figure over settings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import DataError
from .base import COLOURS, GREY, MARKERS, axes_of, new_figure, plain_name

__all__ = ["rate_range", "sweep"]


def rate_range(found: Any) -> Any:
    """The loss over the learning rate, with the rates that the test names.

    Args:
        found: what `cr.experiments.range_test` returned.

    Returns:
        A `Figure`. What diverged is cut off where it would flatten the rest.

    Raises:
        DataError: there is no step to draw.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> from chainrule.experiments import RateRange
        >>> found = RateRange([.001, .01, .1, 1.0], [4.0, 3.0, 1.0, 9.0], diverged_at=1.0)
        >>> rate_range(found).axes[0].get_xlabel()
        'learning rate, raised every batch'
    """
    if not len(found.rates):
        raise DataError("there is nothing to draw", where="rate_range", expected="a step")
    figure = new_figure(6.4, 4.0)
    axes = axes_of(figure)
    axes.plot(found.rates, found.losses, color=GREY, alpha=0.45, linewidth=1.0, label="each batch")
    axes.plot(found.rates, found.smoothed, color=COLOURS[0], linewidth=2.0, label="smoothed")
    marks = (
        ("falls fastest", found.steepest, COLOURS[2], ":"),
        ("suggested", found.suggestion, COLOURS[1], "-"),
        ("diverged", found.diverged_at, COLOURS[3], "--"),
    )
    for word, rate, colour, style in marks:
        if rate is not None and not (word == "falls fastest" and rate == found.suggestion):
            axes.axvline(rate, color=colour, linestyle=style, linewidth=1.6,
                         label=f"{word}: {rate:.3g}")  # fmt: skip
    low, high = float(found.smoothed.min()), float(found.smoothed[0])
    room = max(high - low, 1e-12)
    top = max(high, float(np.quantile(found.losses, 0.8)))
    if found.losses.max() > top + room:
        axes.set_ylim(low - 0.15 * room, top + 0.6 * room)
    axes.set_xscale("log")
    axes.set(xlabel="learning rate, raised every batch", ylabel="loss")
    axes.grid(color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(frameon=False, fontsize=9)
    return figure


def sweep(found: Any) -> Any:
    """The watched figure over the settings.

    Up to two settings of which the first has numbers are lines, one for each value of the second;
    others are a dot for each combination, the best at the top. Bars are the spread over repeats.

    Args:
        found: what `cr.experiments.sweep` or `grow` returned.

    Returns:
        A `Figure`. Settings that failed stand in the title, or as rows without a dot.

    Raises:
        DataError: there is no row to draw.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> from chainrule.experiments import Row, Sweep
        >>> rows = [Row({"units": n}, (v,), (v,), (9,), n, 1.0) for n, v in ((8, .4), (16, .3))]
        >>> sweep(Sweep(rows)).axes[0].get_xlabel()
        'units'
    """
    if not found.rows:
        raise DataError("there is nothing to draw", where="sweep", expected="a row")
    if hasattr(found, "decisions"):
        return _growth(found)
    several = [n for n in found.varied if len({repr(r.settings.get(n)) for r in found.rows}) > 1]
    numbers = [n for n in several if all(_is_number(r.settings.get(n)) for r in found.rows)]
    if 1 <= len(several) <= 2 and numbers:
        return _lines(found, numbers[0], next((n for n in several if n != numbers[0]), None))
    return _dots(found)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _lines(found: Any, across: str, other: str | None) -> Any:
    figure = new_figure(6.4, 4.0)
    from matplotlib.ticker import MaxNLocator

    axes = axes_of(figure)
    groups: dict[Any, list[Any]] = {}
    for row in found.rows:
        groups.setdefault(row.settings.get(other) if other else None, []).append(row)
    for k, (value, rows) in enumerate(groups.items()):
        rows = sorted((r for r in rows if not r.failed), key=lambda r: r.settings[across])
        label = None if other is None else plain_name(f"{other} {_short(value)}")
        axes.errorbar(
            [r.settings[across] for r in rows], [r.value for r in rows],
            yerr=[r.spread or 0 for r in rows] if found.repeats > 1 else None,
            color=COLOURS[k % len(COLOURS)], marker=MARKERS[k % len(MARKERS)], markersize=5,
            linestyle=("-", "--", ":", "-.")[k % 4], linewidth=1.6, capsize=3, label=label,
        )  # fmt: skip
    best = found.best
    if best is not None:
        axes.plot(
            best.settings[across], best.value, "o", markersize=12, markerfacecolor="none",
            markeredgecolor=GREY, markeredgewidth=1.6, label=f"best: {best.value:.4g}",
        )  # fmt: skip
    _wide_range(axes.set_yscale, [r.value for r in found.rows if not r.failed])
    values = [r.settings[across] for r in found.rows]
    if min(values) > 0 and max(values) / min(values) >= 8:
        axes.set_xscale("log")
        if len(set(values)) <= 8:
            axes.set_xticks(sorted(set(values)), [_short(v) for v in sorted(set(values))])
            axes.set_xticks([], minor=True)
    elif all(isinstance(v, int) for v in values):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set(xlabel=plain_name(across.replace("_", " ")), ylabel=found.monitor.replace("_", " "))
    failed = [r for r in found.rows if r.failed]
    if failed:
        axes.set_title(f"{len(failed)} of {len(found.rows)} settings failed", fontsize=10)
    axes.grid(color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    if best is not None or other is not None:
        axes.legend(frameon=False, fontsize=9)
    return figure


def _wide_range(set_scale: Any, values: list[float]) -> None:
    """Powers of ten where equal steps would show the largest value alone."""
    if values and min(values) > 0 and max(values) / min(values) > 100:
        set_scale("log")


def _growth(found: Any) -> Any:
    """The sizes as they were tried: first layers, then units; a size that failed has no dot."""
    figure = new_figure(6.4, 4.0)
    axes = axes_of(figure)
    sizes = [(r.settings["layers"], r.settings["units"]) for r in found.rows]
    places = np.arange(len(sizes))
    first = np.array([units == sizes[0][1] for _, units in sizes])
    values = np.array([r.value for r in found.rows])
    spread = np.array([r.spread or 0 for r in found.rows])
    parts = (("more layers", first, 0, "o-"), ("more units", ~first, 1, "s--"))
    for label, chosen, k, style in parts:
        if chosen.any():
            axes.errorbar(
                places[chosen], values[chosen], fmt=style, color=COLOURS[k], capsize=3,
                yerr=spread[chosen] if found.repeats > 1 else None, label=label, linewidth=1.6,
            )  # fmt: skip
    best = found.best
    if best is not None:
        at = next(k for k, row in enumerate(found.rows) if row is best)
        axes.plot(
            at, best.value, "o", markersize=12, markerfacecolor="none", markeredgecolor=GREY,
            markeredgewidth=1.6, label=f"best: {best.value:.4g}",
        )  # fmt: skip
    _wide_range(axes.set_yscale, [r.value for r in found.rows if not r.failed])
    axes.set_xticks(places, [f"{n} × {units}" for n, units in sizes], fontsize=8)
    if len(sizes) > 9:
        axes.tick_params(axis="x", rotation=45)
    axes.set(xlabel="layers × units, as they were tried", ylabel=found.monitor.replace("_", " "))
    axes.grid(color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(frameon=False, fontsize=9)
    return figure


def _dots(found: Any) -> Any:
    rows = found.sorted[:40]
    figure = new_figure(7.0, max(2.2, 0.32 * len(rows) + 1.2))
    axes = axes_of(figure)
    labels = [
        ", ".join(f"{n} {_short(v)}" for n, v in r.settings.items())
        + (" (failed)" if r.failed else "")
        for r in rows
    ]
    places = -np.arange(len(rows))
    fine = [k for k, r in enumerate(rows) if not r.failed and math.isfinite(r.value)]
    axes.errorbar(
        [rows[k].value for k in fine], places[fine],
        xerr=[rows[k].spread or 0 for k in fine] if found.repeats > 1 else None,
        fmt="o", color=COLOURS[0], capsize=3, markersize=6,
    )  # fmt: skip
    axes.set_yticks(places, [text[:60].replace("$", r"\$") for text in labels], fontsize=8)
    axes.set_ylim(-len(rows) + 0.4, 0.6)
    _wide_range(axes.set_xscale, [rows[k].value for k in fine])
    more = f", the best {len(rows)} of {len(found.rows)}" if len(rows) < len(found.rows) else ""
    axes.set_xlabel(found.monitor.replace("_", " ") + more)
    axes.grid(color="#DDDDDD", linewidth=0.6, axis="x")
    axes.set_axisbelow(True)
    return figure


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(getattr(value, "__name__", value))[:24]
