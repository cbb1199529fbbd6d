"""`network(model)`: the drawing of a model, in the form that suits it."""

from __future__ import annotations

from typing import Any

from ..calls import answers
from ..errors import ArgumentError, NotBuiltError, choose
from ..svg import Drawing
from .base import Asked
from .blocks import draw_blocks
from .facts import Node, graph_of
from .neurons import columns_of, draw_neurons, fits_neurons
from .volumes import draw_volumes, fits_volumes, stages_of

__all__ = ["network"]

_DETAILS = ("auto", "blocks", "maps", "neurons")


@answers
def network(
    model: Any,
    detail: str = "auto",
    *,
    show_shapes: bool = True,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    show_parameters: bool = True,
    show_layer_activations: bool = True,
    show_trainable: bool = False,
    expand_nested: bool = False,
    rankdir: str = "TB",
    numbers: bool | None = None,
    title: str | None = None,
    theme: str = "auto",
    direction: str = "ltr",
) -> Drawing:
    """A drawing of a model, as SVG: shown by a notebook, written by `.save("model.svg")`.

    Args:
        model: a Sequential, a graph of layers, or a Model with a `call` of its own.
        detail: "blocks" is a box for each layer, with arrows; "maps" shows a network for images
            as stacks of feature maps, as the papers of LeNet-5 and AlexNet do; "neurons" shows
            each unit and each weight of a small stack of dense layers, blue where it is positive,
            orange where it is negative, and as wide as it is large. "auto" takes the one that suits
            the model.
        show_shapes: write what each layer makes.
        show_dtype: write each layer's type.
        show_layer_names: write names beside classes.
        show_parameters: write how many numbers each layer's weights have.
        show_layer_activations: write each layer's activation.
        show_trainable: write whether training changes a layer.
        expand_nested: draw the inside of models within the model.
        rankdir: of blocks: "TB" from top to bottom, "LR" from left to right.
        numbers: of neurons: write weights and biases; by default where there are few.
        title: in place of the model's name; "" for none.
        theme: "light" or "dark"; "auto" follows the reader's setting.
        direction: "rtl" mirrors the drawing, for those who read from right to left.

    Returns:
        A `Drawing`.

    Raises:
        ArgumentError: it is no model, or an argument is unknown or does not fit it.
        NotBuiltError: weights or maps of a model are asked for that has none yet.

    Layers are drawn in the order in which values flow; one that is called twice stands twice, and
    says that its weights are the same.

    Example:
        >>> import chainrule as cr
        >>> model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(3), cr.layers.Dense(1)])
        >>> picture = network(model)
        >>> picture.svg().count("<line"), picture.svg().count("bias")
        (0, 4)
    """
    for name, value, known in (("detail", detail, _DETAILS), ("rankdir", rankdir, ("TB", "LR"))):
        if value not in known:
            raise choose(name, value, known, where="plots.network")
    asked = Asked(
        show_shapes, show_dtype, show_layer_names, show_parameters, show_layer_activations,
        show_trainable, expand_nested, rankdir, numbers, title, theme, direction,
    )  # fmt: skip

    def inside(node: Node) -> bool:
        return expand_nested or detail in ("auto", "maps")

    graph = graph_of(model, inside=inside)
    if detail == "neurons" or (detail == "auto" and fits_neurons(graph)):
        columns = columns_of(graph)
        if columns is None:
            raise _refused(model, "neurons", "dense layers, one after another, on rows of numbers")
        return draw_neurons(model, graph, columns, asked)
    if detail == "maps" or (detail == "auto" and fits_volumes(graph)):
        stages = stages_of(graph)
        if stages is None:
            raise _refused(model, "maps", "layers for images, one after another, then units")
        return draw_volumes(model, graph, stages, asked)
    if not expand_nested:
        for node in graph.nodes:
            node.inside = None
    return draw_blocks(model, graph, asked)


def _refused(model: Any, detail: str, expected: str) -> Exception:
    where = f"plots.network({model.name!r})"
    if not model.built:
        return NotBuiltError(
            f"the model has no shapes yet, so {detail} cannot be drawn",
            where=where,
            fix="start with Input(shape), or call fit or predict first",
        )
    return ArgumentError(
        f"this model cannot be drawn as {detail}",
        where=where,
        expected=expected,
        fix="detail='blocks' draws any model",
    )
