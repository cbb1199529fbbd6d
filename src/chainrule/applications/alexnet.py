"""AlexNet: the network after which everybody used deep ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import layers
from ..checks import need_numbers
from ..errors import ShapeError
from ..initializers import RandomNormal
from ..models import Sequential
from ..shapes import check_shape
from .base import need_classes

__all__ = ["AlexNet"]

_SMALLEST = 67  # pixels: pool5 needs 3 of pool2, which needs 7 of pool1, 15 of conv1, 67 of these


def AlexNet(
    input_shape: Sequence[int] = (227, 227, 3),
    classes: int = 1000,
    *,
    dropout: float = 0.5,
    classifier_activation: Any = "softmax",
    name: str | None = None,
) -> Sequential:
    """AlexNet as its paper describes it; 60,965,224 weights.

        conv1  96 kernels of 11 × 11, strides of 4   227 × 227 → 55 × 55, normalized, pooled → 27
        conv2  256 of 5 × 5, in 2 groups             27 × 27, normalized, pooled → 13
        conv3  384 of 3 × 3                          13 × 13
        conv4  384 of 3 × 3, in 2 groups             13 × 13
        conv5  256 of 3 × 3, in 2 groups             13 × 13, pooled → 6
        fc6, fc7  4096 units with dropout, then one unit for each class

    ReLU everywhere; pooling takes the largest of overlapping windows of 3 × 3, 2 apart. The groups
    were two graphics cards. The paper says 224 × 224, with which the sizes do not come out. Biases
    of 1 (conv2, conv4, conv5, fc6, fc7) and weights from N(0, 0.01²) are the paper's, too.

    Args:
        input_shape: (height, width, channels), from (67, 67, channels) on.
        classes: units of the last layer.
        dropout: share of the units of fc6 and fc7 dropped while training.
        classifier_activation: of the last layer; None gives logits.
        name: of the model.

    Raises:
        ShapeError: images that are too small.
        ArgumentError: no class, or a dropout that is no share.

    Example:
        >>> import chainrule as cr
        >>> cr.applications.AlexNet((67, 67, 3), classes=10).output_shape
        (None, 10)

    Reference: A. Krizhevsky, I. Sutskever, G. Hinton, *ImageNet classification with deep
    convolutional neural networks*, NIPS 2012. PyTorch's `alexnet` is another one (2014, without
    groups and normalization).
    """
    classes = need_classes(classes, "AlexNet")
    shape = check_shape(input_shape, "AlexNet")
    if len(shape) != 3 or any(n is None or n < _SMALLEST for n in shape[:2]):
        raise ShapeError(
            "the images have another size",
            where="AlexNet",
            expected=f"input_shape=(height, width, channels), from {_SMALLEST} × {_SMALLEST} on",
            received=shape,
            fix="put layers.Resizing(227, 227) before it",
        )
    need_numbers("AlexNet", "a share from 0 to 1", lambda v: 0 <= v <= 1, dropout=dropout)

    def first(name: str) -> dict[str, Any]:
        ones = name in ("conv2", "conv4", "conv5", "fc6", "fc7")
        return {
            "kernel_initializer": RandomNormal(stddev=0.01),
            "bias_initializer": "ones" if ones else "zeros",
            "name": name,
        }

    def convolution(name: str, filters: int, size: int, **more: Any) -> Any:
        return layers.Conv2D(filters, size, activation="relu", **more, **first(name))

    def normalization(name: str) -> Any:
        return layers.LocalResponseNormalization(
            depth_radius=2, bias=2.0, alpha=1e-4, beta=0.75, name=name
        )

    return Sequential(
        [
            layers.Input(shape),
            convolution("conv1", 96, 11, strides=4),
            normalization("norm1"),
            layers.MaxPooling2D(3, 2, name="pool1"),
            convolution("conv2", 256, 5, padding="same", groups=2),
            normalization("norm2"),
            layers.MaxPooling2D(3, 2, name="pool2"),
            convolution("conv3", 384, 3, padding="same"),
            convolution("conv4", 384, 3, padding="same", groups=2),
            convolution("conv5", 256, 3, padding="same", groups=2),
            layers.MaxPooling2D(3, 2, name="pool5"),
            layers.Flatten(name="flatten"),
            layers.Dense(4096, "relu", **first("fc6")),
            layers.Dropout(dropout, name="drop6"),
            layers.Dense(4096, "relu", **first("fc7")),
            layers.Dropout(dropout, name="drop7"),
            layers.Dense(classes, classifier_activation, **first("fc8")),
        ],
        name=name or "alexnet",
    )
