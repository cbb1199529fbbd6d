"""LeNet-5: the network that read the digits on cheques."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import layers
from ..errors import ShapeError, choose
from ..models import Sequential
from ..shapes import check_shape
from .base import need_classes

__all__ = ["LeNet5"]

_POOLING = {"average": layers.AveragePooling2D, "max": layers.MaxPooling2D}


def LeNet5(
    input_shape: Sequence[int] = (28, 28, 1),
    classes: int = 10,
    *,
    activation: Any = "tanh",
    pool: str = "average",
    classifier_activation: Any = "softmax",
    name: str | None = None,
) -> Sequential:
    """LeNet-5 for images of 28 × 28 or 32 × 32 pixels; 61,706 weights for one channel, 10 classes.

        C1  6 kernels of 5 × 5     32 × 32 → 28 × 28    (28 × 28: two pixels of zeros around)
        S2  means of 2 × 2         → 14 × 14
        C3  16 kernels of 5 × 5    → 10 × 10
        S4  means of 2 × 2         → 5 × 5
        C5  120 kernels of 5 × 5   → 1 × 1
        F6  84 units, then one for each class

    Different from the paper: each kernel of C3 sees all six maps (there, a table chooses three to
    six of them); S2 and S4 have no trained factor and bias; tanh x, not 1.7159·tanh(2x/3); softmax,
    not distances to drawn letters.

    Args:
        input_shape: (28, 28, channels) or (32, 32, channels).
        classes: units of the last layer.
        activation: of all layers but the last.
        pool: `"average"` as in the paper, or `"max"`.
        classifier_activation: of the last layer; None gives logits.
        name: of the model.

    Raises:
        ShapeError: images of another size.
        ArgumentError: another word for `pool`, or no class.

    Example:
        >>> import chainrule as cr
        >>> cr.applications.LeNet5().count_params()
        61706

    Reference: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, *Gradient-based learning applied to
    document recognition*, Proceedings of the IEEE 86 (1998).
    """
    classes = need_classes(classes, "LeNet5")
    shape = check_shape(input_shape, "LeNet5")
    if len(shape) != 3 or shape[:2] not in ((28, 28), (32, 32)):
        raise ShapeError(
            "the images have another size",
            where="LeNet5",
            expected="input_shape=(28, 28, channels) or (32, 32, channels)",
            received=shape,
            fix="put layers.Resizing(28, 28) before it",
        )
    if pool not in _POOLING:
        raise choose("pool", pool, _POOLING, where="LeNet5")
    smaller = _POOLING[pool]
    border = "same" if shape[0] == 28 else "valid"
    return Sequential(
        [
            layers.Input(shape),
            layers.Conv2D(6, 5, padding=border, activation=activation, name="c1"),
            smaller(2, name="s2"),
            layers.Conv2D(16, 5, activation=activation, name="c3"),
            smaller(2, name="s4"),
            layers.Conv2D(120, 5, activation=activation, name="c5"),
            layers.Flatten(name="flatten"),
            layers.Dense(84, activation=activation, name="f6"),
            layers.Dense(classes, classifier_activation, name="output"),
        ],
        name=name or "lenet5",
    )
