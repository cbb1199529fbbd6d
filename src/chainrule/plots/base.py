"""What all pictures share: the figure and its axes, colours, names of classes, checks."""

from __future__ import annotations

import functools
import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import asarray
from ..errors import ArgumentError, DataError, missing_extra
from ..svg import HUES

__all__ = ["COLOURS", "GREY", "MARKERS", "axes_of", "new_figure", "labels_of", "names_of", "rgb"]
__all__ += ["plain_name", "same_rows"]

COLOURS = tuple(HUES.values())
MARKERS = "os^Dv<>P"
GREY = "#555555"
LONGEST_NAME = 18


@functools.cache
def _picture(figure: type) -> Any:
    """The class of all pictures: matplotlib's, which a notebook shows also without pyplot."""

    class Picture(figure):
        """A figure with a PNG form; all else is matplotlib's."""

        def _repr_png_(self) -> bytes:
            content = io.BytesIO()
            self.savefig(content, format="png")
            return content.getvalue()

    return Picture


def new_figure(width: float, height: float) -> Any:
    """An empty figure of so many inches."""
    try:
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    except ImportError:
        raise missing_extra("matplotlib", "viz", "drawing") from None
    kind = _picture(Figure)
    layout = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08)
    return kind(figsize=(width, height), dpi=120, layout=layout)


def axes_of(figure: Any, *place: int) -> Any:
    """Axes without the lines above and at the right."""
    axes = figure.add_subplot(*place)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=9)
    return axes


def plain_name(name: object) -> str:
    """A name as it stands: the middle left out of a long one, and no dollar starts a formula."""
    text = str(name)
    if len(text) > LONGEST_NAME:  # names often differ at their ends
        text = text[: LONGEST_NAME // 2] + "…" + text[1 - LONGEST_NAME // 2 :]
    return text.replace("$", r"\$")


def names_of(class_names: Sequence[object] | None, count: int) -> list[str]:
    """Names of the classes, checked and shortened; numbers where there are none."""
    if class_names is None:
        return [str(i) for i in range(count)]
    if len(class_names) < count:
        raise ArgumentError(
            "class_names is too short",
            where="plots",
            expected=f"{count} names",
            received=f"{len(class_names)} names",
        )
    return [plain_name(name) for name in class_names]


def same_rows(function: str, **arrays: np.ndarray) -> None:
    """Raise unless all arrays have the same number of rows, at least one."""
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


def labels_of(y: Any, name: str) -> np.ndarray:
    """Class numbers from class numbers, from a column of probabilities, or from rows of them."""
    array = asarray(y, name=name)
    if array.ndim == 2 and array.shape[1] > 1:
        return array.argmax(1)
    array = array.reshape(-1)
    if array.dtype.kind == "f" and ((array > 0) & (array < 1)).any():
        return (array > 0.5).astype(int)
    return array.astype(int)


def rgb(colour: str) -> np.ndarray:
    """Red, green and blue from 0 to 1."""
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
