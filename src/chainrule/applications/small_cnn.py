"""A small convolutional network of today's kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import layers
from ..models import Sequential
from ..ops.windows import per_axis
from ..shapes import check_shape
from .base import need_classes

__all__ = ["SmallCNN"]


def SmallCNN(
    input_shape: Sequence[int] = (32, 32, 3),
    classes: int = 10,
    *,
    filters: Sequence[int] = (32, 64, 128),
    activation: Any = "relu",
    classifier_activation: Any = "softmax",
    name: str | None = None,
) -> Sequential:
    """Blocks of two convolutions, each block half as large as the one before; 288,746 weights.

    A block: twice 3 × 3 kernels, batch normalization, activation. Between blocks the largest of
    2 × 2 pixels. At the end the mean over all pixels of each channel, and one unit for each class.
    No weight depends on the size of the images, and there is no large dense layer. Batch
    normalization takes the place of biases. (Simonyan and Zisserman 2014 for blocks of 3 × 3; Ioffe
    and Szegedy 2015 for the normalization; Lin, Chen and Yan 2013 for the mean at the end.)

    Args:
        input_shape: (height, width, channels); None for a length that may differ.
        classes: units of the last layer.
        filters: kernels of each block; as many blocks.
        activation: after each normalization.
        classifier_activation: of the last layer; None gives logits.
        name: of the model.

    Raises:
        ShapeError: no images.
        ArgumentError: no filters, or no class.

    Example:
        >>> import chainrule as cr
        >>> cr.applications.SmallCNN((28, 28, 1), filters=(8, 16)).output_shape
        (None, 10)
    """
    classes = need_classes(classes, "SmallCNN")
    filters = per_axis(tuple(filters), max(1, len(filters)), "filters", "SmallCNN")
    made: list[Any] = [layers.Input(check_shape(input_shape, "SmallCNN"))]
    for block, width in enumerate(filters, 1):
        for k in (1, 2):
            made += [
                layers.Conv2D(
                    width,
                    3,
                    padding="same",
                    use_bias=False,
                    kernel_initializer="he_normal",
                    name=f"conv{block}_{k}",
                ),
                layers.BatchNormalization(name=f"norm{block}_{k}"),
                layers.Activation(activation, name=f"activation{block}_{k}"),
            ]
        if block < len(filters):
            made.append(layers.MaxPooling2D(2, padding="same", name=f"pool{block}"))
    made += [
        layers.GlobalAveragePooling2D(name="mean"),
        layers.Dense(classes, classifier_activation, name="output"),
    ]
    return Sequential(made, name=name or "small_cnn")
