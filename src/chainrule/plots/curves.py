"""The learning curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..calls import answers
from ..errors import DataError
from ..metrics import better_direction
from .base import COLOURS, axes_of, new_figure

__all__ = ["learning_curves"]


@answers
def learning_curves(history: Any, kept: int | None = None) -> Any:
    """Loss and each metric over the epochs, training and validation, one epoch marked.

    Args:
        history: what `fit` returned, or its dict of lists.
        kept: the epoch, from 1, whose weights were kept: every panel marks it. Without it each
            panel marks its own best epoch, that of the validation figure where there is one: the
            smallest loss or error, the largest accuracy.

    Returns:
        A `Figure` with one panel for each figure.

    Raises:
        DataError: a history without an epoch.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> figure = learning_curves({"loss": [0.9, 0.4], "accuracy": [0.5, 0.8]})
        >>> [axes.get_ylabel() for axes in figure.axes]
        ['loss', 'accuracy']
    """
    curves: Mapping[str, Sequence[float]] = getattr(history, "history", history)
    names = [name for name in curves if not name.startswith("val_")]
    epochs = max((len(curves[name]) for name in names), default=0)
    if not epochs:
        raise DataError("the history has no epochs", where="learning_curves", fix="call fit first")
    columns = min(len(names), 3)
    rows = math.ceil(len(names) / columns)
    figure = new_figure(4.6 * columns + 0.6, 3.4 * rows)
    from matplotlib.ticker import MaxNLocator

    for place, name in enumerate(names, 1):
        axes = axes_of(figure, rows, columns, place)
        validation = curves.get(f"val_{name}", ())
        parts = [("training", curves[name], COLOURS[0], "-")]
        if len(validation):
            parts.append(("validation", validation, COLOURS[1], "--"))
        for label, values, colour, style in parts:
            step = epochs // len(values)  # validation may come only every few epochs
            at = step * np.arange(1, len(values) + 1)
            mark = "o" if len(values) == 1 else None
            axes.plot(at, values, style, color=colour, label=label, marker=mark, linewidth=1.8)
        label, values, colour, _ = parts[-1]
        _mark(axes, name, np.asarray(values, float), epochs // len(values), colour, kept)
        axes.set_xlabel("epoch")
        axes.set_ylabel(name.replace("_", " "))
        axes.set_xlim(0.5 if epochs < 10 else 0, epochs + (0.5 if epochs < 10 else 1))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.grid(color="#DDDDDD", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.legend(frameon=False, fontsize=9)
    return figure


def _mark(
    axes: Any, name: str, values: np.ndarray, step: int, colour: str, kept: int | None
) -> None:
    """A ring around the kept epoch, or around the best one."""
    word = "best" if kept is None else "kept"
    if kept is None:
        direction = better_direction(name)
        if direction is None or len(values) == 1 or not np.isfinite(values).any():
            return
        best = np.nanargmax(values) if direction == "max" else np.nanargmin(values)
        kept = step * (int(best) + 1)
    if kept % step or not 0 < kept // step <= len(values):
        return  # validation was not due in that epoch
    value = values[kept // step - 1]
    axes.plot(
        kept, value, "o", color=colour, markersize=8, markerfacecolor="white", markeredgewidth=1.8,
        zorder=5, label=f"{word}: {value:.4g} in epoch {kept}",
    )  # fmt: skip
