"""Activation, Flatten: layers without weights."""

from __future__ import annotations

import math
from typing import Any

from .. import ops
from ..ops import activations
from .base import Layer, register


@register
class Activation(Layer):
    """An activation function as a layer of its own.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.Activation("relu")(np.array([[-1.0, 2.0]]))
        array([[0., 2.]], dtype=float32)
    """

    parts = {"activation": activations.registry}

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)

    def call(self, x: Any) -> Any:
        """activation(x)."""
        return self.activation(x)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Unchanged by the activations of `cr.ops`, but for glu; others are run once."""
        if self.activation is activations.glu or not _known(self.activation):
            return super().compute_output_shape(input_shape)
        return input_shape


class _Fixed(Layer):
    """Base of layers named after one activation without settings."""

    function: Any

    def call(self, x: Any) -> Any:
        return type(self).function(x)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape


@register
class Sigmoid(_Fixed):
    """`Activation("sigmoid")` under the name deck 003 uses."""

    function = staticmethod(ops.sigmoid)


@register
class Tanh(_Fixed):
    """`Activation("tanh")` as a class."""

    function = staticmethod(ops.tanh)


@register
class ReLU(Layer):
    """max(0, x), with Keras's optional slope below, ceiling and threshold."""

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.max_value, self.negative_slope, self.threshold = max_value, negative_slope, threshold

    def call(self, x: Any) -> Any:
        """relu(x)."""
        return ops.relu(
            x,
            negative_slope=self.negative_slope,
            max_value=self.max_value,
            threshold=self.threshold,
        )

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Unchanged."""
        return input_shape


@register
class LeakyReLU(Layer):
    """x where x > 0, else negative_slope·x; .3 in this layer (Keras), .1 in deck 001."""

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.negative_slope = negative_slope

    def call(self, x: Any) -> Any:
        """leaky_relu(x)."""
        return ops.leaky_relu(x, negative_slope=self.negative_slope)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Unchanged."""
        return input_shape


@register
class Softmax(Layer):
    """softmax over an axis, as a layer."""

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, x: Any) -> Any:
        """softmax(x)."""
        return (
            ops.softmax(x)
            if self.axis in (-1, len(x.shape) - 1)
            else ops.softmax(x, axis=self.axis)
        )

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Unchanged."""
        return input_shape


@register
class Flatten(Layer):
    """Each sample as one row of numbers: (batch, a, b, ...) → (batch, a·b·...).

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.Flatten()(np.zeros((2, 28, 28))).shape
        (2, 784)
    """

    def call(self, x: Any) -> Any:
        """X with all axes but the first joined."""
        return ops.reshape(x, (x.shape[0], math.prod(x.shape[1:])))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """One axis."""
        unknown = None in input_shape[1:]
        return (input_shape[0], None if unknown else math.prod(input_shape[1:]))


def _known(activation: Any) -> bool:
    name = getattr(activation, "__name__", "")
    return name in activations.registry and activations.registry.find(name) is activation
