"""Convolution and pooling worked on one window, LeNet-5 and AlexNet, ranks and shapes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..applications import AlexNet, LeNet5
from ..drawing import network
from ..errors import choose
from ..layers.base import weights_to_come
from ..svg import Drawing

__all__ = ["IMAGE", "KERNEL", "POOLED", "alexnet", "convolution", "lenet5", "pooling"]
__all__ += ["tensors"]

_SIDE = 40.0  # of a cell
_LEFT = 24.0
_WEIGHTS = 60_965_224  # of AlexNet

IMAGE = np.array([[1, 2, 0, 1, 3], [0, 1, 3, 2, 1], [2, 0, 1, 1, 0], [1, 3, 2, 0, 1],
                  [0, 1, 1, 2, 2]], np.float64)  # fmt: skip
KERNEL = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]], np.float64)  # edges from top to bottom
POOLED = np.array([[1, 3, 2, 1], [4, 2, 0, 5], [6, 1, 3, 2], [0, 2, 7, 4]], np.float64)


def _number(value: float) -> str:
    return f"{value:g}".replace("-", "−")


def _cells(
    picture: Drawing, x: float, y: float, values: Any, hue: str, lit: Any = (), lit_hue: str = "",
    side: float = _SIDE, written: bool = True,
) -> None:  # fmt: skip
    """A grid of numbers; the cells (row, column) in `lit` have another colour."""
    for (i, j), value in np.ndenumerate(values):
        ground = lit_hue if (i, j) in lit else hue
        picture.rect(x + j * side, y + i * side, side, side, fill=f"{ground}-tint", stroke=ground,
                     thick=2.2 if (i, j) in lit else 1)  # fmt: skip
        if written:
            picture.text(x + (j + 0.5) * side, y + (i + 0.5) * side, _number(value), size=16,
                         bold=(i, j) in lit)  # fmt: skip


def _head(picture: Drawing, x: float, y: float, title: str, below: str) -> None:
    picture.text(x, y, title, size=15, bold=True)
    picture.text(x, y + 20, below, size=13, colour="soft")


def convolution(row: int = 1, column: int = 2) -> Drawing:
    """Convolution, one window worked with its numbers: Σ window · kernel.

    A 5 × 5 image and a 3 × 3 kernel make 3 × 3 numbers (no padding, stride 1). As in every
    framework the kernel is not turned over: mathematics calls this a cross-correlation.

    Args:
        row: of the window, 0 to 2.
        column: of the window, 0 to 2.

    Raises:
        ArgumentError: there is no such window.

    Example:
        >>> convolution(0, 0).description
        'window 0, 0: 1·1 + 2·0 + 0·(−1) + 0·2 + 1·0 + 3·(−2) + 2·1 + 0·0 + 1·(−1) = −4'
    """
    for name, value in (("row", row), ("column", column)):
        if value not in (0, 1, 2):
            raise choose(name, value, ("0", "1", "2"), where="figures.convolution")
    made = np.asarray(ops.conv(IMAGE[None, :, :, None], KERNEL[:, :, None, None]))[0, :, :, 0]
    window = IMAGE[row : row + 3, column : column + 3]
    terms = [f"{_number(a)}·{_number(b)}" if b >= 0 else f"{_number(a)}·({_number(b)})"
             for a, b in zip(window.ravel(), KERNEL.ravel(), strict=True)]  # fmt: skip
    total = " + ".join(terms) + f" = {_number(made[row, column])}"
    picture = Drawing(760, 360, "Convolution: one window", f"window {row}, {column}: {total}")
    picture.text(_LEFT, 26, "Convolution: one window", size=18, anchor="start", bold=True)
    top = 112.0
    lit = {(row + i, column + j) for i in range(3) for j in range(3)}
    _head(picture, _LEFT + 2.5 * _SIDE, top - 48, "image", "5 × 5")
    _cells(picture, _LEFT, top, IMAGE, "grey", lit, "blue")
    middle, kernel = top + 2.5 * _SIDE, 310.0
    picture.text((_LEFT + 5 * _SIDE + kernel) / 2, middle, "∗", size=24, bold=True)
    _head(picture, kernel + 1.5 * _SIDE, top + _SIDE - 48, "kernel", "3 × 3")
    _cells(picture, kernel, top + _SIDE, KERNEL, "orange")
    out = 560.0
    picture.arrow([(kernel + 3 * _SIDE + 20, middle), (out - 20, middle)], thick=2)
    _head(picture, out + 1.5 * _SIDE, top + _SIDE - 48, "feature map", "3 × 3")
    _cells(picture, out, top + _SIDE, made, "grey", {(row, column)}, "green")
    picture.text(_LEFT, 342, total, size=15, anchor="start")
    return picture


def pooling(kind: str = "max") -> Drawing:
    """Pooling of 2 × 2 windows, 2 apart: the largest of each, or their mean.

    Args:
        kind: "max" or "average".

    Raises:
        ArgumentError: another kind.

    Example:
        >>> pooling().description
        'max pooling of 2 × 2 windows: 4, 5; 6, 7'
    """
    if kind not in ("max", "average"):
        raise choose("kind", kind, ("max", "average"), where="figures.pooling")
    pool = ops.max_pool if kind == "max" else ops.average_pool
    made = np.asarray(pool(POOLED[None, :, :, None], 2, 2))[0, :, :, 0]
    rows = "; ".join(", ".join(_number(v) for v in line) for line in made)
    title = f"{'Max' if kind == 'max' else 'Average'} pooling"
    picture = Drawing(480, 300, title, f"{kind} pooling of 2 × 2 windows: {rows}")
    picture.text(_LEFT, 26, f"{title}: 2 × 2 windows, stride 2", size=18, anchor="start", bold=True)
    top, out = 106.0, 340.0
    _head(picture, _LEFT + 2 * _SIDE, top - 48, "feature map", "4 × 4")
    _head(picture, out + _SIDE, top + _SIDE - 48, "pooled", "2 × 2")
    for i in range(2):
        for j in range(2):
            hue = ("blue", "orange", "green", "pink")[2 * i + j]
            part = POOLED[2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
            best = {tuple(map(int, np.argwhere(part == part.max())[0]))} if kind == "max" else ()
            _cells(picture, _LEFT + 2 * j * _SIDE, top + 2 * i * _SIDE, part, hue, best, hue)
            _cells(picture, out + j * _SIDE, top + (i + 1) * _SIDE, made[i : i + 1, j : j + 1], hue)
    middle = top + 2 * _SIDE
    picture.arrow([(_LEFT + 4 * _SIDE + 24, middle), (out - 24, middle)], thick=2)
    return picture


def lenet5() -> Drawing:
    """LeNet-5 as feature maps, with the shapes and parameters of `cr.applications.LeNet5`.

    Example:
        >>> lenet5().description.split("; ")[0]
        'LeNet-5: 61,706 parameters'
    """
    model = LeNet5()
    picture = network(model, "maps", title="LeNet-5")
    picture.description = f"LeNet-5: {model.count_params():,} parameters; {picture.description}"
    return picture


def alexnet() -> Drawing:
    """AlexNet as feature maps, with the shapes and parameters of `cr.applications.AlexNet`.

    The first layer has 55·55·96 = 290,400 units, for 227 × 227 pixels; the paper prints 253,440
    and 224, which do not come out (E26).

    Example:
        >>> alexnet().description[:60]
        'AlexNet: 60,965,224 parameters; conv1 has 55·55·96 = 290,400'
    """
    with weights_to_come(_WEIGHTS):  # shapes are drawn: 61 million first values are not
        model = AlexNet()
    first = next(layer for layer in model.layers if type(layer).__name__ == "Conv2D")
    shape = first.compute_output_shape((None, *model.input_shape[1:]))[1:]
    units = "·".join(map(str, shape)) + f" = {int(np.prod(shape)):,} units"
    picture = network(model, "maps", title="AlexNet")
    picture.description = (
        f"AlexNet: {model.count_params():,} parameters; conv1 has {units}; {picture.description}"
    )
    return picture


def tensors() -> Drawing:
    """Ranks and shapes of tensors: a number, a vector [5], a matrix [5, 4], a block [3, 3, 3].

    Example:
        >>> tensors().description
        'rank 0 shape []; rank 1 shape [5]; rank 2 shape [5, 4]; rank 3 shape [3, 3, 3]'
    """
    made = [np.array(7.0), np.arange(1.0, 6), np.arange(1.0, 21).reshape(5, 4),
            np.arange(1.0, 28).reshape(3, 3, 3)]  # fmt: skip
    told = [(np.ndim(a), "[" + ", ".join(map(str, np.shape(a))) + "]") for a in made]
    picture = Drawing(800, 350, "Ranks and shapes of tensors",
                      "; ".join(f"rank {r} shape {s}" for r, s in told))  # fmt: skip
    picture.text(_LEFT, 26, "Ranks and shapes of tensors", size=18, anchor="start", bold=True)
    names = ("scalar", "vector", "matrix", "3-D tensor")
    lefts, side, top = (60.0, 200.0, 350.0, 580.0), 36.0, 70.0
    for k, (array, (rank, shape)) in enumerate(zip(made, told, strict=True)):
        x, middle = lefts[k], top + 2.5 * side
        if rank < 3:
            grid = array.reshape(-1, 1) if rank < 2 else array
            high, wide = grid.shape
            _cells(picture, x, middle - high * side / 2, grid, ("grey", "blue", "green")[k],
                   side=side)  # fmt: skip
        else:
            wide = 3
            for depth in (2, 1, 0):  # what is behind is painted first
                shift = 22.0 * depth
                _cells(picture, x + shift, middle - 1.2 * side - shift, array[depth], "orange",
                       side=side, written=depth == 0)  # fmt: skip
        centre = x + wide * side / 2
        picture.text(centre, 292, names[k], size=15, bold=True)
        picture.text(centre, 313, f"rank {rank}", size=14)
        picture.text(centre, 332, f"shape {shape}", size=14)
    return picture
