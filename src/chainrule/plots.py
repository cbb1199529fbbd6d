"""Pictures of training and results, each a matplotlib `Figure` of its own.

No pyplot: nothing is shown, no window opens, no global state changes. A notebook displays the
figure; `figure.savefig("curves.png")` writes it. Colours are those of Okabe and Ito, which readers
with any kind of colour vision can tell apart; lines differ in style as well.

Example:
    >>> import io
    >>> figure = learning_curves({"loss": [0.9, 0.4], "val_loss": [1.0, 0.7]})
    >>> figure.savefig(io.BytesIO())
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .arrays import asarray
from .errors import ArgumentError, DataError, ShapeError, missing_extra

__all__ = ["confusion_matrix", "decision_boundary", "learning_curves", "mistakes", "regression"]

# Okabe and Ito, "Color Universal Design" (2008), without black
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
_MARKERS = "os^Dv<>P"
_GREY = "#555555"
_MOST_NUMBERS = 25  # classes up to which counts stay readable in their cells
_LONGEST_NAME = 18


def _figure(width: float, height: float) -> Any:
    try:
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    except ImportError:
        raise missing_extra("matplotlib", "viz", "drawing") from None
    layout = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08)
    return Figure(figsize=(width, height), dpi=120, layout=layout)


def _axes(figure: Any, *place: int) -> Any:
    axes = figure.add_subplot(*place)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=9)
    return axes


def _plain(name: object) -> str:
    """A name as it stands: the middle left out of a long one, and no dollar starts a formula."""
    text = str(name)
    if len(text) > _LONGEST_NAME:  # names often differ at their ends
        text = text[: _LONGEST_NAME // 2] + "…" + text[1 - _LONGEST_NAME // 2 :]
    return text.replace("$", r"\$")


def _names(class_names: Sequence[object] | None, count: int) -> list[str]:
    if class_names is None:
        return [str(i) for i in range(count)]
    if len(class_names) < count:
        raise ArgumentError(
            "class_names is too short",
            where="plots",
            expected=f"{count} names",
            received=f"{len(class_names)} names",
        )
    return [_plain(name) for name in class_names]


def _same_rows(function: str, **arrays: np.ndarray) -> None:
    (name, first), *others = arrays.items()
    for other, array in others:
        if len(array) != len(first):
            raise DataError(
                f"{name} and {other} have different lengths",
                where=function,
                expected=f"{len(first)} rows",
                received=f"{len(array)} rows",
            )
    if not len(first):
        raise DataError("there is nothing to draw", where=function, expected="at least one row")


def _labels(y: Any, name: str) -> np.ndarray:
    """Class numbers from class numbers, from a column of probabilities, or from rows of them."""
    array = asarray(y, name=name)
    if array.ndim == 2 and array.shape[1] > 1:
        return array.argmax(1)
    array = array.reshape(-1)
    if array.dtype.kind == "f" and ((array > 0) & (array < 1)).any():
        return (array > 0.5).astype(int)
    return array.astype(int)


# --- while training ------------------------------------------------------------------------------


def learning_curves(history: Any) -> Any:
    """Loss and each metric over the epochs, training and validation, the best epoch marked.

    Args:
        history: what `fit` returned, or its dict of lists.

    Returns:
        A `Figure` with one panel for each figure. The best epoch is that of the validation figure
        where there is one: the smallest loss or error, the largest accuracy.

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
    figure = _figure(4.6 * columns + 0.6, 3.4 * rows)
    from matplotlib.ticker import MaxNLocator

    for place, name in enumerate(names, 1):
        axes = _axes(figure, rows, columns, place)
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
        _mark_best(axes, name, np.asarray(values, float), epochs // len(values), colour)
        axes.set_xlabel("epoch")
        axes.set_ylabel(name.replace("_", " "))
        axes.set_xlim(0.5 if epochs < 10 else 0, epochs + (0.5 if epochs < 10 else 1))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.grid(color="#DDDDDD", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.legend(frameon=False, fontsize=9)
    return figure


def _mark_best(axes: Any, name: str, values: np.ndarray, step: int, colour: str) -> None:
    if name == "learning_rate" or len(values) == 1 or not np.isfinite(values).any():
        return
    large = any(word in name for word in ("acc", "auc", "precision", "recall", "f1"))
    best = int(np.nanargmax(values) if large else np.nanargmin(values))
    epoch, value = step * (best + 1), values[best]
    axes.plot(
        epoch, value, "o", color=colour, markersize=8, markerfacecolor="white", markeredgewidth=1.8,
        zorder=5, label=f"best: {value:.4g} in epoch {epoch}",
    )  # fmt: skip


# --- after training ------------------------------------------------------------------------------


def confusion_matrix(y_true: Any, y_pred: Any, class_names: Sequence[object] | None = None) -> Any:
    """How often each class was taken for each other one.

    Args:
        y_true: class numbers `(n,)`.
        y_pred: class numbers `(n,)`, or probabilities `(n, classes)`.
        class_names: in the order of the numbers.

    Returns:
        A `Figure`. Rows are the true classes; a cell holds the count, its colour is the share of
        its row; the title gives the accuracy.

    Raises:
        DataError: lengths that differ, or no rows.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> confusion_matrix([0, 0, 1], [0, 1, 1]).axes[0].get_title()
        'accuracy 66.7 % (2 of 3)'
    """
    truth, said = _labels(y_true, "y_true"), _labels(y_pred, "y_pred")
    _same_rows("confusion_matrix", y_true=truth, y_pred=said)
    count = int(max(truth.max(), said.max())) + 1
    if class_names is not None:
        count = max(count, len(class_names))
    names = _names(class_names, count)
    table = np.zeros((count, count), int)
    np.add.at(table, (truth, said), 1)
    shares = table / np.maximum(table.sum(1, keepdims=True), 1)
    size = min(max(3.2, 1.9 + 0.42 * count), 13)
    figure = _figure(size + 1.1, size)
    axes = figure.add_subplot()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if count <= _MOST_NUMBERS:
        for i, j in np.argwhere(table):
            axes.text(
                j, i, f"{table[i, j]}", ha="center", va="center",
                fontsize=9 if table.max() < 10_000 else 7,
                color="white" if shares[i, j] > 0.55 else "black",
            )  # fmt: skip
    step = max(1, math.ceil(count / 40))
    long = max(map(len, names)) * count > 60
    axes.set_xticks(range(0, count, step), names[::step], rotation=45 if long else 0,
                    ha="right" if long else "center", rotation_mode="anchor")  # fmt: skip
    axes.set_yticks(range(0, count, step), names[::step])
    axes.tick_params(length=0, labelsize=9)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    right = int(np.trace(table))
    axes.set_title(f"accuracy {right / len(truth):.1%} ({right:,} of {len(truth):,})"
                   .replace("%", " %"), fontsize=11)  # fmt: skip
    bar = figure.colorbar(image, ax=axes, shrink=0.8, ticks=[0, 0.5, 1], format="{x:.0%}")
    bar.set_label("share of the true class", fontsize=9)
    bar.ax.tick_params(labelsize=9)
    bar.outline.set_visible(False)
    return figure


def mistakes(
    x: Any,
    y_true: Any,
    y_pred: Any,
    class_names: Sequence[object] | None = None,
    count: int = 24,
) -> Any:
    """The images that were taken for something else, worst first.

    Args:
        x: images `(n, height, width)` or `(n, height, width, colours)`; square ones may be flat.
        y_true: class numbers `(n,)`.
        y_pred: probabilities `(n, classes)`, or class numbers.
        class_names: in the order of the numbers.
        count: at most so many images.

    Returns:
        A `Figure`. The worst mistakes are those with the most probability on the wrong class.

    Raises:
        ShapeError: x holds no images.
        DataError: lengths that differ, or no rows.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> images = np.zeros((3, 8, 8))
        >>> figure = mistakes(images, [0, 1, 2], [0, 1, 1])
        >>> figure.get_suptitle()
        '1 mistake in 3 images'
    """
    images = _images(asarray(x, name="x"))
    truth, said = _labels(y_true, "y_true"), _labels(y_pred, "y_pred")
    _same_rows("mistakes", x=images, y_true=truth, y_pred=said)
    given = asarray(y_pred, name="y_pred")
    sure = given.max(1) if given.ndim == 2 and given.shape[1] > 1 else None
    wrong = np.flatnonzero(truth != said)
    if sure is not None:
        wrong = wrong[np.argsort(-sure[wrong], kind="stable")]
    names = _names(class_names, int(max(truth.max(), said.max())) + 1)
    shown = wrong[:count]
    longest = max((len(names[i]) for i in {*truth[shown], *said[shown]}), default=1)
    width = max(1.25, 0.65 + 0.085 * longest)
    columns = min(int(10 / width), max(3, len(shown)))
    rows = max(1, math.ceil(len(shown) / columns))
    figure = _figure(width * columns, 1.5 * rows + 0.5)
    noun = "mistake" if len(wrong) == 1 else "mistakes"
    title = f"{len(wrong) or 'no'} {noun} in {len(truth):,} images"
    if len(wrong) > len(shown):
        title += f", the {len(shown)} " + ("surest" if sure is not None else "first")
    figure.suptitle(title, fontsize=11)
    high = float(np.abs(images[shown]).max(initial=0)) or 1.0
    for place, i in enumerate(shown, 1):
        axes = figure.add_subplot(rows, columns, place)
        if images.ndim == 4:
            axes.imshow(np.clip(images[i] / high, 0, 1))
        else:
            axes.imshow(images[i], cmap="gray_r")
        share = "" if sure is None else f", {sure[i]:.0%}".replace("%", " %")
        axes.set_title(f"says {names[said[i]]}{share}", fontsize=8, color="#A03C00", pad=3)
        axes.set_xlabel(f"is {names[truth[i]]}", fontsize=8, color=_GREY, labelpad=2)
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set_color("#BBBBBB")
    return figure


def _images(x: np.ndarray) -> np.ndarray:
    if x.ndim == 2 and math.isqrt(x.shape[1]) ** 2 == x.shape[1]:
        side = math.isqrt(x.shape[1])
        return x.reshape(-1, side, side)
    if x.ndim == 4 and x.shape[-1] == 1:
        return x[..., 0]
    if x.ndim == 3 or (x.ndim == 4 and x.shape[-1] in (3, 4)):
        return x
    raise ShapeError(
        "x holds no images",
        where="mistakes",
        expected="(n, height, width) or (n, height, width, 3)",
        received=x.shape,
    )


def decision_boundary(
    model: Any, x: Any, y: Any, class_names: Sequence[object] | None = None
) -> Any:
    """What a model answers in every place of the plane, with the points it was asked about.

    Args:
        model: anything with `predict`: `(n, 2)` to probabilities `(n, classes)`, to one
            probability `(n, 1)`, or to values for regression.
        x: points `(n, 2)`.
        y: class numbers `(n,)`; floats for regression.
        class_names: in the order of the numbers.

    Returns:
        A `Figure`. The colour of a place is its class, paler where the model is less sure;
        regression shows heights instead.

    Raises:
        ShapeError: x is not of two columns.
        DataError: lengths that differ, or no rows.
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
    _same_rows("decision_boundary", x=points, y=answers)
    low, high = points.min(0), points.max(0)
    margin = 0.12 * np.maximum(high - low, 1e-9 + 0.1 * np.abs(high))
    sides = [np.linspace(*ends, 160) for ends in zip(low - margin, high + margin, strict=True)]
    grid = np.stack(np.meshgrid(*sides), -1).astype(np.float32)
    found = np.asarray(model.predict(grid.reshape(-1, 2))).reshape(160, 160, -1)
    figure = _figure(5.4, 4.6)
    axes = _axes(figure)
    if answers.dtype.kind == "f":
        _heights(figure, axes, sides, found[..., 0], points, answers)
    else:
        if found.shape[-1] == 1:
            found = np.concatenate([1 - found, found], -1)
        names = _names(class_names, max(found.shape[-1], int(answers.max()) + 1))
        _regions(axes, sides, found, points, answers.astype(int), names)
    axes.set_xlabel("x1")
    axes.set_ylabel("x2")
    return figure


def _rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255


def _regions(
    axes: Any, sides: list, found: np.ndarray, points: np.ndarray, y: np.ndarray, names: list[str]
) -> None:
    """The plane in the colours of the classes, lines between them, the points on top."""
    classes = found.shape[-1]
    palette = np.array([_rgb(COLOURS[i % len(COLOURS)]) for i in range(classes)])
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
                marker=_MARKERS[i % len(_MARKERS)], edgecolors="white", linewidths=0.5,
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
    _same_rows("regression", y_true=truth, y_pred=said)
    low, high = min(truth.min(), said.min()), max(truth.max(), said.max())
    margin = 0.04 * (high - low) or 0.5
    figure = _figure(4.8, 4.6)
    axes = _axes(figure)
    ends = (low - margin, high + margin)
    axes.plot(ends, ends, color=_GREY, linewidth=1.2, label="perfect", zorder=1)
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
