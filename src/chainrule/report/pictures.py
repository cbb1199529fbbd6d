"""The pictures of a run: which ones fit the task, and their files."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .. import plots
from ..storage import write_atomically

__all__ = ["PICTURES", "draw", "picture_names", "write_pictures"]

PICTURES = ("curves", "confusion", "regression", "mistakes", "boundary")


def picture_names(shape: Sequence[int], classes: bool, history: bool = True) -> list[str]:
    """The names of the pictures that `draw` makes, without `.png`.

    Args:
        shape: of one example.
        classes: whether the answer is a class.
        history: whether there are epochs to draw.

    Example:
        >>> picture_names((2,), classes=True)
        ['curves', 'confusion', 'boundary']
    """
    names = ["curves"] if history else []
    names.append("confusion" if classes else "regression")
    if classes and len(shape) >= 2:
        names.append("mistakes")
    if tuple(shape) == (2,):
        names.append("boundary")
    return names


def draw(
    history: Mapping[str, Sequence[float]],
    model: Any,
    x: np.ndarray,
    y: np.ndarray,
    predicted: np.ndarray,
    class_names: Sequence[str] | None,
    kept: int | None = None,
    schema: Any = None,
) -> dict[str, Any]:
    """The figures that fit the task, by name; `x`, `y` and `predicted` are of held-out rows.

    With a `Schema` the axes of a plane carry the names of its columns, and numbers as they were.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    makers = {
        "curves": lambda: plots.learning_curves(history, kept),
        "confusion": lambda: plots.confusion_matrix(y, predicted, class_names),
        "regression": lambda: plots.regression(y, predicted),
        "mistakes": lambda: plots.mistakes(x, y, predicted, class_names),
        "boundary": lambda: plots.decision_boundary(
            model,
            x,
            y,
            class_names,
            getattr(schema, "feature_names", None),
            getattr(schema, "scaling", None),
        ),
    }
    names = picture_names(x.shape[1:], class_names is not None, any(history.values()))
    return {name: makers[name]() for name in names}


def write_pictures(folder: str, figures: Mapping[str, Any]) -> list[str]:
    """Write each figure as `<name>.png`; returns the paths."""
    written = []
    for name, figure in figures.items():
        content = io.BytesIO()
        figure.savefig(content, format="png")
        path = os.path.join(folder, f"{name}.png")
        write_atomically(path, content.getvalue())
        written.append(path)
    return written
