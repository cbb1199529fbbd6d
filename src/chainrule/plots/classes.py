"""Classes: what was taken for what, and the images that were mistaken."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import asarray
from ..calls import answers
from ..errors import ShapeError
from .base import GREY, labels_of, names_of, new_figure, same_rows

__all__ = ["confusion_matrix", "mistakes"]

MOST_NUMBERS = 25  # classes up to which counts stay readable in their cells


@answers
def confusion_matrix(y_true: Any, y_pred: Any, class_names: Sequence[object] | None = None) -> Any:
    """How often each class was taken for each other one.

    Args:
        y_true: class numbers `(n,)`.
        y_pred: class numbers `(n,)`, or probabilities `(n, classes)`.
        class_names: in the order of the numbers.

    Returns:
        A `Figure`. Rows are the true classes; a cell holds the count, also where it is 0, its
        colour is the share of its row; the title gives the accuracy.

    Raises:
        DataError: lengths that differ, or no rows.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> confusion_matrix([0, 0, 1], [0, 1, 1]).axes[0].get_title()
        'accuracy 66.7 % (2 of 3)'
    """
    truth, said = labels_of(y_true, "y_true"), labels_of(y_pred, "y_pred")
    same_rows("confusion_matrix", y_true=truth, y_pred=said)
    count = int(max(truth.max(), said.max())) + 1
    if class_names is not None:
        count = max(count, len(class_names))
    names = names_of(class_names, count)
    table = np.zeros((count, count), int)
    np.add.at(table, (truth, said), 1)
    shares = table / np.maximum(table.sum(1, keepdims=True), 1)
    size = min(max(3.2, 1.9 + 0.42 * count), 13)
    figure = new_figure(size + 1.1, size)
    axes = figure.add_subplot()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if count <= MOST_NUMBERS:
        for i, j in np.ndindex(table.shape):
            axes.text(
                j, i, f"{table[i, j]}", ha="center", va="center",
                fontsize=9 if table.max() < 10_000 else 7,
                color="white" if shares[i, j] > 0.55 else "black",
            )  # fmt: skip
    _name_ticks(axes, names)
    right = int(np.trace(table))
    axes.set_title(f"accuracy {right / len(truth):.1%} ({right:,} of {len(truth):,})"
                   .replace("%", " %"), fontsize=11)  # fmt: skip
    bar = figure.colorbar(image, ax=axes, shrink=0.8, ticks=[0, 0.5, 1], format="{x:.0%}")
    bar.set_label("share of the true class", fontsize=9)
    bar.ax.tick_params(labelsize=9)
    bar.outline.set_visible(False)
    return figure


def _name_ticks(axes: Any, names: list[str]) -> None:
    """The classes along both sides; of very many only some."""
    step = max(1, math.ceil(len(names) / 40))
    long = max(map(len, names)) * len(names) > 60
    axes.set_xticks(range(0, len(names), step), names[::step], rotation=45 if long else 0,
                    ha="right" if long else "center", rotation_mode="anchor")  # fmt: skip
    axes.set_yticks(range(0, len(names), step), names[::step])
    axes.tick_params(length=0, labelsize=9)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")


@answers
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
    truth, said = labels_of(y_true, "y_true"), labels_of(y_pred, "y_pred")
    same_rows("mistakes", x=images, y_true=truth, y_pred=said)
    given = asarray(y_pred, name="y_pred")
    sure = given.max(1) if given.ndim == 2 and given.shape[1] > 1 else None
    wrong = np.flatnonzero(truth != said)
    if sure is not None:
        wrong = wrong[np.argsort(-sure[wrong], kind="stable")]
    names = names_of(class_names, int(max(truth.max(), said.max())) + 1)
    shown = wrong[:count]
    longest = max((len(names[i]) for i in {*truth[shown], *said[shown]}), default=1)
    width = max(1.25, 0.65 + 0.085 * longest)
    columns = min(int(10 / width), max(3, len(shown)))
    rows = max(1, math.ceil(len(shown) / columns))
    figure = new_figure(width * columns, 1.5 * rows + 0.5)
    noun = "mistake" if len(wrong) == 1 else "mistakes"
    title = f"{len(wrong) or 'no'} {noun} in {len(truth):,} images"
    if len(wrong) > len(shown):
        title += f", the {len(shown)} " + ("surest" if sure is not None else "first")
    figure.suptitle(title, fontsize=11)
    high = float(np.abs(images[shown]).max(initial=0)) or 1.0
    for place, i in enumerate(shown, 1):
        axes = figure.add_subplot(rows, columns, place)
        _show_image(axes, images[i], high)
        share = "" if sure is None else f", {sure[i]:.0%}".replace("%", " %")
        axes.set_title(f"says {names[said[i]]}{share}", fontsize=8, color="#A03C00", pad=3)
        axes.set_xlabel(f"is {names[truth[i]]}", fontsize=8, color=GREY, labelpad=2)
    return figure


def _show_image(axes: Any, image: np.ndarray, high: float) -> None:
    if image.ndim == 3:
        axes.imshow(np.clip(image / high, 0, 1))
    else:
        axes.imshow(image, cmap="gray_r")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color("#BBBBBB")


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
