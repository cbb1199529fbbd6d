"""Values: what was predicted over what is true."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays import asarray
from .base import COLOURS, GREY, axes_of, new_figure, same_rows

__all__ = ["regression"]


def regression(y_true: Any, y_pred: Any) -> Any:
    """Predicted values over true ones; a perfect model is on the line.

    Args:
        y_true: values `(n,)`.
        y_pred: values `(n,)` or `(n, 1)`.

    Returns:
        A `Figure`. The title gives the mean absolute error and
        R² = 1 − Σ(y − ŷ)² / Σ(y − ȳ)², the share of the variance that is explained.

    Raises:
        DataError: lengths that differ, or no rows.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> regression([1, 2, 3], [1, 2, 4]).axes[0].get_title()
        'mean absolute error 0.3333, R² 0.500'
    """
    truth = asarray(y_true, "float64", name="y_true").reshape(-1)
    said = asarray(y_pred, "float64", name="y_pred").reshape(-1)
    same_rows("regression", y_true=truth, y_pred=said)
    low, high = min(truth.min(), said.min()), max(truth.max(), said.max())
    margin = 0.04 * (high - low) or 0.5
    figure = new_figure(4.8, 4.6)
    axes = axes_of(figure)
    ends = (low - margin, high + margin)
    axes.plot(ends, ends, color=GREY, linewidth=1.2, label="perfect", zorder=1)
    alpha = min(0.8, max(0.15, 60 / math.sqrt(len(truth)) / 10))
    axes.scatter(truth, said, s=18, color=COLOURS[0], alpha=alpha, linewidths=0, zorder=2)
    axes.set(xlim=ends, ylim=ends, aspect="equal", xlabel="true", ylabel="predicted")
    spread = float(((truth - truth.mean()) ** 2).sum())
    title = f"mean absolute error {np.abs(truth - said).mean():.4g}"
    if spread > 0:
        title += f", R² {1 - float(((truth - said) ** 2).sum()) / spread:.3f}"
    axes.set_title(title, fontsize=11)
    axes.grid(color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(frameon=False, fontsize=9, loc="upper left")
    return figure
