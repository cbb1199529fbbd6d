"""`worked_network(model)`: a dense network with its numbers, from a model or from plain columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import ArgumentError, NotBuiltError
from ..svg import Drawing
from .base import fixed_number, short_number
from .facts import graph_of
from .neurons import columns_of
from .nodes import Written
from .places import (
    Units,
    bias_place,
    biases_of,
    unit_place,
    weight_namer,
    weight_place,
)
from .worked import draw_worked

__all__ = ["worked_network"]


def worked_network(
    network: Any,
    names: Mapping[str, str] | None = None,
    values: Mapping[str, Written] | None = None,
    *,
    convention: str = "w_n",
    wave: str = "forward",
    path: str | None = None,
    title: str = "",
    width: float = 1240,
    height: float = 640,
    theme: str = "auto",
    direction: str = "ltr",
) -> Drawing:
    """A small dense network with a name and a number at every unit, weight and bias.

    What is written stands in two dictionaries, whose keys are *places*: a unit is `"input[0]"` or
    `"dense[1]"`, a weight `"dense/kernel[0,1]"` (from unit 0 to unit 1), a bias `"dense/bias[0]"`;
    the targets, `"target[0]"` and so on, are drawn where something is written at one of them, and
    `"loss"` where something is written there. In the SVG all that belongs to a place is one group
    with `data-at="<place>"`, and each number one with `data-value`, so that a page can light up
    the one and hide the other.

    Args:
        network: a built stack of dense layers, or columns of `Units`, the inputs first.
        names: place -> what the thing is called; those of a model are given by default.
        values: place -> its number as text, or a dictionary of several, such as
            `{"net": "net 0.3775", "out": "out 0.5933"}`, whose keys in the SVG are
            `"dense[0].net"` and so on. By default the weights and biases of a model.
        convention: how weights are called by default; one of `CONVENTIONS`: `"w_n"` (w1, w2, ...,
            unit by unit), `"w_src,dest"`, `"W^l[dest,src]"`, `"kernel[src,dest]"`.
        wave: "forward", or "backward" with the arrows turned round, for gradients.
        path: a place, from which every way to the loss is lit; a weight's source is lit too.
        title: written above.
        width: into which the picture should fit, in pixels: text is as large as that allows.
        height: likewise.
        theme: "light" or "dark"; "auto" follows the reader's setting.
        direction: "rtl" mirrors the drawing, for those who read from right to left.

    Returns:
        A `Drawing`.

    Raises:
        ArgumentError: it is no dense network, or larger than can be drawn number by number.
        NotBuiltError: the model has no weights yet.
        UnknownNameError: a place that the network has not.

    Example:
        >>> import chainrule as cr
        >>> model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(1, "sigmoid")])
        >>> model.set_weights([[[0.5], [-1.25]], [0.125]])
        >>> picture = worked_network(model, path="dense/kernel[0,0]")
        >>> picture.svg().count('data-at="dense/kernel[1,0]"'), "−1.25" in picture.svg()
        (1, True)
        >>> columns = [Units("input", 2), Units("dense", 1, bias="shared")]
        >>> worked_network(columns, values={"input[0]": "0.05", "loss": "0.298"}).title
        '2-1'
    """
    if isinstance(network, (list, tuple)):
        if not network or not all(isinstance(c, Units) for c in network):
            raise ArgumentError(
                "these are no columns of units",
                where="plots.worked_network",
                expected="a model, or a list of Units, the inputs first",
                received=repr(network)[:80],
                fix='[Units("input", 2), Units("dense", 1)]',
            )
        columns: Sequence[Units] = network
    else:
        columns, kernels, biases = _of_model(network)
        names = _names(columns, convention) if names is None else names
        values = _weights(columns, kernels, biases) if values is None else values
    return draw_worked(
        columns, names, values, wave=wave, path=path, title=title, width=width, height=height,
        theme=theme, direction=direction,
    )  # fmt: skip


def _of_model(model: Any) -> tuple[list[Units], list[Any], list[Any]]:
    """Its columns, and the kernel and bias that lead to each; None for the inputs."""
    graph = graph_of(model)
    found = columns_of(graph)
    if found is None and not model.built:
        raise NotBuiltError(
            "the model has no weights yet",
            where=f"plots.worked_network({model.name!r})",
            fix="start with Input(shape), or call fit or predict first",
        )
    if found is None:
        raise ArgumentError(
            "this model cannot be drawn unit by unit",
            where=f"plots.worked_network({model.name!r})",
            expected="dense layers, one after another, on rows of numbers",
            fix="cr.plots.network(model) draws any model",
        )
    dense = [n for n in graph.nodes if getattr(n.layer, "kernel", None) is not None]
    columns = [Units("input", found[0].units, found[0].title)]
    for node, c in zip(dense, found[1:], strict=True):
        one = c.units > 1 and c.bias is not None and node.layer.bias.size == 1
        bias = "none" if c.bias is None else "shared" if one else "own"
        columns.append(Units(node.name, c.units, c.title, bias))
    return columns, [c.kernel for c in found], [c.bias for c in found]


def _names(columns: Sequence[Units], convention: str) -> dict[str, str]:
    """x1, h1 (h2,1 in the second of several layers), ŷ1 for units, b1 for biases; and weights."""
    namer, names = weight_namer(convention, [c.count for c in columns]), {}
    for c, column in enumerate(columns):
        letter = "x" if c == 0 else "ŷ" if c == len(columns) - 1 else "h"
        before = columns[c - 1].count if c else 0
        for j in range(column.count):
            layer = f"{c}," if letter == "h" and len(columns) > 3 else ""
            names[unit_place(column, j)] = f"{letter}{layer}{j + 1}"
            for i in range(before):
                names[weight_place(column, i, j)] = namer(c, i, j)
        for j in range(biases_of(column) if c else 0):
            shared = column.bias == "shared"
            names[bias_place(column, j)] = f"b{c if shared else j + 1}"
    return names


def _weights(columns: Sequence[Units], kernels: list[Any], biases: list[Any]) -> dict[str, str]:
    """The numbers of a model: with four decimals, or in four digits where those say too little."""
    numbers: dict[str, float] = {}
    for column, kernel, bias in zip(columns[1:], kernels[1:], biases[1:], strict=True):
        for j in range(column.count):
            for i in range(len(kernel)):
                numbers[weight_place(column, i, j)] = float(kernel[i, j])
        for j in range(biases_of(column)):
            numbers[bias_place(column, j)] = float(bias[j])
    level = all(n == 0 or 1e-3 <= abs(n) < 1e4 for n in numbers.values())
    write = fixed_number if level else short_number
    return {place: write(n, 4) for place, n in numbers.items()}
