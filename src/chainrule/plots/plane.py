"""What a model answers in every place of the plane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import asarray
from ..calls import answers
from ..errors import ArgumentError, ShapeError
from .base import COLOURS, MARKERS, axes_of, names_of, new_figure, plain_name, rgb, same_rows

__all__ = ["decision_boundary"]


@answers
def decision_boundary(
    model: Any,
    x: Any,
    y: Any,
    class_names: Sequence[object] | None = None,
    names: Sequence[object] | None = None,
    scaling: Any = None,
) -> Any:
    """What a model answers in every place of the plane, with the points it was asked about.

    Args:
        model: anything with `predict`: `(n, 2)` to probabilities `(n, classes)`, to one
            probability `(n, 1)`, or to values for regression.
        x: points `(n, 2)`.
        y: class numbers `(n,)`; floats for regression.
        class_names: in the order of the numbers.
        names: of the two columns, with their units, along the axes; x1 and x2 by default.
        scaling: something with `undo(points)`, by which the axes show numbers as they were before
            scaling; the model is asked about scaled ones.

    Returns:
        A `Figure`. The colour of a place is its class, paler where the model is less sure;
        regression shows heights instead.

    Raises:
        ShapeError: x is not of two columns.
        DataError: lengths that differ, or no rows.
        ArgumentError: not two names.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> class Half:
        ...     def predict(self, x):
        ...         right = (x[:, :1] > 0).astype(float)
        ...         return np.concatenate([1 - right, right], 1)
        >>> figure = decision_boundary(Half(), [[-1, 0], [1, 0]], [0, 1])
    """
    points, answers = asarray(x, name="x"), asarray(y, name="y").reshape(-1)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ShapeError(
            "only points of the plane can be drawn",
            where="decision_boundary",
            expected="(n, 2)",
            received=points.shape,
        )
    same_rows("decision_boundary", x=points, y=answers)
    labels = ["x1", "x2"] if names is None else [plain_name(name) for name in names]
    if len(labels) != 2:
        raise ArgumentError(
            "the plane has two axes",
            where="decision_boundary",
            expected="names of two columns",
            received=f"{len(labels)} names",
        )
    low, high = points.min(0), points.max(0)
    margin = 0.12 * np.maximum(high - low, 1e-9 + 0.1 * np.abs(high))
    sides = [np.linspace(*ends, 160) for ends in zip(low - margin, high + margin, strict=True)]
    grid = np.stack(np.meshgrid(*sides), -1).astype(np.float32)
    found = np.asarray(model.predict(grid.reshape(-1, 2))).reshape(160, 160, -1)
    if scaling is not None:
        points = scaling.undo(points)
        sides = list(scaling.undo(np.stack(sides, 1)).T)
    figure = new_figure(5.4, 4.6)
    axes = axes_of(figure)
    if answers.dtype.kind == "f":
        _heights(figure, axes, sides, found[..., 0], points, answers)
    else:
        if found.shape[-1] == 1:
            found = np.concatenate([1 - found, found], -1)
        names = names_of(class_names, max(found.shape[-1], int(answers.max()) + 1))
        _regions(axes, sides, found, points, answers.astype(int), names)
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])
    return figure


def _regions(
    axes: Any, sides: list, found: np.ndarray, points: np.ndarray, y: np.ndarray, names: list[str]
) -> None:
    """The plane in the colours of the classes, lines between them, the points on top."""
    classes = found.shape[-1]
    palette = np.array([rgb(COLOURS[i % len(COLOURS)]) for i in range(classes)])
    winner = found.argmax(-1)
    least = 1 / classes  # a guess among all classes is white
    sure = np.clip((found.max(-1, keepdims=True) - least) / (1 - least), 0, 1)
    image = 1 - 0.45 * sure * (1 - palette[winner])
    extent = (sides[0][0], sides[0][-1], sides[1][0], sides[1][-1])
    axes.imshow(image, origin="lower", extent=extent, aspect="auto", interpolation="bilinear")
    for i in range(classes - (classes == 2)):
        others = np.delete(found, i, -1).max(-1)
        if (winner == i).any() and (winner != i).any():
            axes.contour(*sides, found[..., i] - others, [0], colors="#333333", linewidths=1.2)
    for i, name in enumerate(names):
        mine = points[y == i]
        if len(mine):
            axes.scatter(
                *mine.T, s=22, label=name, color=COLOURS[i % len(COLOURS)],
                marker=MARKERS[i % len(MARKERS)], edgecolors="white", linewidths=0.5,
            )  # fmt: skip
    axes.legend(title="class", fontsize=9, title_fontsize=9, loc="upper left",
                bbox_to_anchor=(1, 1), frameon=False)  # fmt: skip


def _heights(
    figure: Any, axes: Any, sides: list, found: np.ndarray, points: np.ndarray, y: np.ndarray
) -> None:
    low, high = min(found.min(), y.min()), max(found.max(), y.max())
    if not high > low:
        high = low + 1
    from matplotlib.ticker import MaxNLocator

    levels = MaxNLocator(20).tick_values(low, high)
    low, high = levels[0], levels[-1]
    shade = axes.contourf(*sides, found, levels, cmap="cividis")
    axes.scatter(
        *points.T, c=y, s=24, cmap="cividis", vmin=low, vmax=high, edgecolors="white",
        linewidths=0.6,
    )  # fmt: skip
    bar = figure.colorbar(shade, ax=axes, ticks=MaxNLocator(6))
    bar.set_label("height: predicted (plane), true (points)", fontsize=9)
    bar.ax.tick_params(labelsize=9)
    bar.outline.set_visible(False)
