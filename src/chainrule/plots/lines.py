"""The line that a neuron draws through its data, while it learns: small multiples, or a film."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import asarray
from ..errors import ArgumentError, DataError, FileError, ShapeError, StateError, missing_extra
from ..files import path_of, write_atomically
from .base import COLOURS, MARKERS, axes_of, new_figure, rgb, same_rows

__all__ = ["animate_line", "moving_line"]

FEW, MANY = 12, 80  # pictures in a figure, and in a film
ENDINGS = {".gif": "GIF", ".png": "PNG"}


def moving_line(model: Any, x: Any, y: Any, steps: Sequence[int] | None = None) -> Any:
    """How the line of a classic neuron moved in its last fit: a panel for each chosen update.

    With two features it is where w·x + b is at the threshold, one line for each unit; the side on
    which a single unit fires is shaded, and a ring marks the row that made it move. With one
    feature and `LinearRegression` it is the line of the predictions.

    Args:
        model: `Perceptron`, `Adaline`, `LinearRegression` or `LogisticRegression`, after `fit`.
        x: the data, (n, 2), or (n, 1) for a line of predictions.
        y: their targets.
        steps: which entries of `model.path`; by default 12 of them, the first and the last among
            them, chosen evenly.

    Returns:
        A `Figure`.

    Raises:
        StateError: the model has no path: it was not fitted here.
        ShapeError: data that is not of two features (one for values).
        ArgumentError: a step that is not in the path.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> import chainrule as cr
        >>> x, y = cr.datasets.gate("and")
        >>> model = cr.models.Perceptron().fit(x, y)
        >>> figure = moving_line(model, x, y)
        >>> len(figure.axes), figure.axes[-1].get_title().splitlines()
        (11, ['epoch 5, row 1', 'w = (2, 1), b = -2'])
    """
    data = _Data(model, x, y)
    chosen = _chosen(data.path, steps, FEW)
    columns = min(4, len(chosen))
    rows = math.ceil(len(chosen) / columns)
    figure = new_figure(2.9 * columns + 0.3, 2.9 * rows + 0.2)
    for place, k in enumerate(chosen, 1):
        data.draw(axes_of(figure, rows, columns, place), k)
    return figure


def animate_line(
    model: Any,
    x: Any,
    y: Any,
    path: str | os.PathLike[str],
    steps: Sequence[int] | None = None,
    seconds: float = 0.7,
    overwrite: bool = False,
) -> str:
    """The same as a film in a file: .gif, or .png for an animated PNG.

    Args:
        model: as for `moving_line`.
        x: likewise.
        y: likewise.
        path: of the file; its ending says the form.
        steps: which entries of `model.path`; by default all, or 80 of them.
        seconds: for each picture; the last stays longer.
        overwrite: whether a file that is there may be replaced.

    Returns:
        The path.

    Raises:
        FileError: another ending, a file that is there already, or one that cannot be written.
        StateError, ShapeError, ArgumentError, MissingExtraError: as `moving_line`.

    Example:
        >>> import os, tempfile, chainrule as cr
        >>> x, y = cr.datasets.gate("or")
        >>> model = cr.models.Perceptron().fit(x, y)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     name = animate_line(model, x, y, os.path.join(folder, "or.gif"))
        ...     os.path.getsize(name) > 1000
        True
    """
    name = path_of(path)
    ending = os.path.splitext(name)[1].lower()
    if ending not in ENDINGS:
        raise FileError(
            "the ending says the form", where=name, expected=", ".join(ENDINGS),
            received=ending or "a name without ending",
        )  # fmt: skip
    if not 0.02 <= seconds <= 60:
        raise ArgumentError(
            "seconds is out of range", where="animate_line", expected="0.02 to 60", received=seconds
        )
    if os.path.lexists(name) and not overwrite:
        raise FileError("the file is there already", where=name, fix="overwrite=True")
    data = _Data(model, x, y)
    frames = [_frame(data, k) for k in _chosen(data.path, steps, MANY)]
    content, first = io.BytesIO(), frames[0]
    times = [round(1000 * seconds)] * (len(frames) - 1) + [round(4000 * seconds)]
    first.save(
        content, ENDINGS[ending], save_all=True, append_images=frames[1:], duration=times, loop=0
    )
    write_atomically(name, content.getvalue())
    return name


def _frame(data: _Data, k: int) -> Any:
    """One picture of the film, all of the same size."""
    figure = new_figure(4.6, 4.6)
    figure.set_layout_engine("none")  # the frame must not move from picture to picture
    axes = axes_of(figure, 1, 1, 1)
    axes.set_position((0.13, 0.1, 0.82, 0.76))
    data.draw(axes, k)
    try:
        from PIL import Image
    except ImportError:
        raise missing_extra("Pillow", "viz", "a film") from None
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110)
    return Image.open(content).convert("RGB").quantize(64)


def _chosen(path: Sequence[Any], steps: Sequence[int] | None, most: int) -> list[int]:
    """The steps to draw."""
    if steps is None:
        count = min(len(path), most)
        return sorted({round(k) for k in np.linspace(0, len(path) - 1, count).tolist()})
    found = []
    for k in steps:
        if not -len(path) <= k < len(path):
            raise ArgumentError(
                "there is no such step",
                where="moving_line",
                expected=f"0 to {len(path) - 1}",
                received=k,
            )
        found.append(k % len(path))
    if not found:
        raise ArgumentError("no step is chosen", where="moving_line", expected="at least one")
    return found


class _Data:
    """The rows, the path, and how far the axes go."""

    def __init__(self, model: Any, x: Any, y: Any) -> None:
        self.path: list[Any] = getattr(model, "path", None) or []
        if not self.path or not hasattr(self.path[0], "coef"):
            raise StateError(
                "the model has no path of weights",
                where="moving_line",
                received=type(model).__name__,
                fix="cr.models.Perceptron().fit(x, y), or another classic neuron, fitted here",
            )
        self.boundary = model.boundary
        self.x = np.asarray(asarray(x, name="x"), float)
        self.y = np.asarray(asarray(y, name="y"))
        features = 1 if self.boundary is None else 2
        if self.x.ndim != 2 or self.x.shape[1] != features:
            raise ShapeError(
                "only a line can be drawn",
                where="moving_line",
                expected=f"(n, {features})",
                received=self.x.shape,
            )
        same_rows("moving_line", x=self.x, y=self.y)
        if self.path[0].coef.shape[1] != features:
            raise DataError("the model was fitted to other data", where="moving_line",
                            expected=f"{self.path[0].coef.shape[1]} features",
                            received=f"{features}")  # fmt: skip
        low, high = self.x.min(0), self.x.max(0)
        margin = 0.18 * np.maximum(high - low, 1e-9 + 0.1 * np.abs(high))
        self.low, self.high = low - margin, high + margin

    def draw(self, axes: Any, k: int) -> None:
        """One step: the rows, the line, what moved it."""
        step = self.path[k]
        seen = self._values(axes, step) if self.boundary is None else self._classes(axes, step)
        text = _title(step) + ("" if seen else ": no line here")
        axes.set_title(text, fontsize=9, color="#222222")
        axes.set_xlim(self.low[0], self.high[0])
        axes.tick_params(labelsize=8)

    def _values(self, axes: Any, step: Any) -> bool:
        """Points, and the predictions as lines."""
        y = self.y.reshape(len(self.y), -1)
        ends = np.array([self.low[0], self.high[0]])
        for j in range(y.shape[1]):
            colour = COLOURS[j % len(COLOURS)]
            axes.scatter(self.x[:, 0], y[:, j], s=18, color=colour, zorder=3)
            axes.plot(ends, step.coef[j, 0] * ends + step.intercept[j], color="#222222")
        spread = float(y.max() - y.min()) or 1.0
        axes.set_ylim(float(y.min()) - 0.25 * spread, float(y.max()) + 0.25 * spread)
        return True

    def _classes(self, axes: Any, step: Any) -> bool:
        """Rows by class, a line for each unit, and the row that moved it; is there any line?"""
        axes.set_ylim(self.low[1], self.high[1])
        if len(step.coef) == 1:
            self._side(axes, step)
        labels = self.y.reshape(len(self.y), -1)
        numbers = labels[:, 0] if labels.shape[1] == 1 else labels @ 2 ** np.arange(labels.shape[1])
        for c, value in enumerate(np.unique(numbers)):
            mine = self.x[numbers == value]
            axes.scatter(
                *mine.T, s=34, color=COLOURS[c % len(COLOURS)], marker=MARKERS[c % len(MARKERS)],
                edgecolors="white", linewidths=0.6, zorder=3,
            )  # fmt: skip
        found = False
        for j, (w, b) in enumerate(zip(step.coef, step.intercept, strict=True)):
            ends = self._ends(w, b - self.boundary)
            if ends is not None:
                found = True
                colour = "#222222" if len(step.coef) == 1 else COLOURS[(j + 3) % len(COLOURS)]
                style = ("-", "--", ":", "-.")[j % 4]  # units differ in more than colour
                axes.plot(*ends, style, color=colour, linewidth=1.6, zorder=2)
        if step.row is not None and step.row < len(self.x):
            axes.scatter(*self.x[step.row], s=190, facecolors="none", edgecolors="#222222",
                         linewidths=1.2, zorder=4)  # fmt: skip
        return found

    def _side(self, axes: Any, step: Any) -> None:
        """Where the unit fires, in the pale colour of the second class."""
        sides = [np.linspace(a, b, 120) for a, b in zip(self.low, self.high, strict=True)]
        grid = np.stack(np.meshgrid(*sides), -1)
        fires = grid @ step.coef[0] + step.intercept[0] > self.boundary
        pale = 1 - 0.18 * (1 - rgb(COLOURS[1]))
        image = np.where(fires[..., None], pale, 1.0)
        extent = (self.low[0], self.high[0], self.low[1], self.high[1])
        axes.imshow(image, origin="lower", extent=extent, aspect="auto", zorder=0)

    def _ends(self, w: np.ndarray, c: float) -> Any:
        """Where w·x + c = 0 crosses the picture, or None where it does not."""
        points = []
        for axis in (0, 1):
            other = 1 - axis
            if w[other]:
                for edge in (self.low[axis], self.high[axis]):
                    value = -(w[axis] * edge + c) / w[other]
                    if self.low[other] <= value <= self.high[other]:
                        points.append((edge, value) if axis == 0 else (value, edge))
        if len(points) < 2:
            return None
        first = np.array(points[0])
        far = max(points, key=lambda p: float(np.sum((np.array(p) - first) ** 2)))
        return np.array([first, far]).T


def _title(step: Any) -> str:
    """Epoch and row, and beneath them the weights."""
    head = "start" if not step.epoch else f"epoch {step.epoch}"
    head += "" if step.row is None else f", row {step.row}"
    if len(step.coef) > 1:
        return head
    w = ", ".join(f"{v:.4g}" for v in step.coef[0])
    w = f"({w})" if step.coef.shape[1] > 1 else w
    return f"{head}\nw = {w}, b = {step.intercept[0]:.4g}"
