"""Small helpers with Keras's names."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import rng
from .arrays import asarray
from .drawing import network
from .labels import check_labels
from .svg import Drawing
from .vocabulary import answer

__all__ = ["plot_model", "set_random_seed", "to_categorical"]


def set_random_seed(seed: int) -> None:
    """Make what follows repeatable: initial weights, shuffles, dropout; Python's and NumPy's too.

    The same seed gives the same draws on both engines. A forked process goes on with draws
    of its own, the same each time.

    Example:
        >>> import chainrule as cr
        >>> set_random_seed(0)
        >>> first = cr.layers.Dense(2)(np.ones((1, 3)))
        >>> set_random_seed(0)
        >>> bool((cr.layers.Dense(2)(np.ones((1, 3))) == first).all())
        True
    """
    import random

    rng.set_seed(seed)
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - the global generator is what users' code may read


def plot_model(
    model: Any,
    to_file: Any = "model.svg",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
) -> Drawing:
    """Draw a model as boxes and arrows, and write the drawing to a file; arguments as in Keras.

    Args:
        model: any model.
        to_file: an .svg file; None writes none. Keras writes "model.png" by default.
        show_shapes: write what each layer makes.
        show_dtype: write each layer's type.
        show_layer_names: write names beside classes.
        rankdir: "TB" from top to bottom, "LR" from left to right.
        expand_nested: draw the inside of models within the model.
        dpi: not needed: SVG is sharp in every size.
        show_layer_activations: write each layer's activation.
        show_trainable: write whether training changes a layer.

    Returns:
        The drawing, which a notebook shows. `cr.plots.network` has more forms of it.

    Raises:
        FileError: the file has another ending, or could not be written.
        ArgumentError: it is no model.

    Example:
        >>> import chainrule as cr
        >>> model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(1)], name="line")
        >>> plot_model(model, to_file=None, show_shapes=True)
        <Drawing 'Sequential line': ...>
    """
    picture = network(
        model, "blocks", show_shapes=show_shapes, show_dtype=show_dtype,
        show_layer_names=show_layer_names, show_parameters=False, rankdir=rankdir,
        expand_nested=expand_nested, show_layer_activations=show_layer_activations,
        show_trainable=show_trainable, title="",
    )  # fmt: skip
    if to_file is not None:
        picture.save(to_file)
    return picture


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray:
    """Class numbers as one-hot rows.

    Example:
        >>> to_categorical([0, 2])
        array([[1., 0., 0.],
               [0., 0., 1.]], dtype=float32)
    """
    labels = asarray(x, name="x")
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    count = int(labels.max(initial=-1)) + 1 if num_classes is None else num_classes
    labels = check_labels(labels, count, "x", "give a larger num_classes")
    return np.eye(count, dtype=np.float32)[labels]


answer(__name__)
