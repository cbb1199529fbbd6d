"""Dense: every output sees every input."""

from __future__ import annotations

from typing import Any

from .. import initializers, ops, regularizers
from ..errors import ArgumentError
from ..ops import activations
from .base import register
from .core import Activated


@register("Linear")
class Dense(Activated):
    """activation(x·kernel + bias).

    x (..., n) → (..., units), with kernel (n, units) and bias (units,).

    Args:
        units: number of neurons.
        activation: a name or function; None is the identity.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: first values.
        kernel_regularizer, bias_regularizer: penalties added to the loss.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: units are no whole number of at least 1.
        ShapeError: the last axis of the input is not the one the layer was built for.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.Dense(2, kernel_initializer="ones")
        >>> layer(np.array([[1.0, 2.0, 3.0]]))
        array([[6., 6.]], dtype=float32)

    PyTorch's `Linear` stores the kernel transposed, (units, n), and starts from another range.
    """

    parts = {
        "activation": activations.registry,
        "kernel_initializer": initializers.registry,
        "bias_initializer": initializers.registry,
        "kernel_regularizer": regularizers.registry,
        "bias_regularizer": regularizers.registry,
    }

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(units, bool) or not hasattr(units, "__index__") or units < 1:
            raise ArgumentError(
                "units must be a whole number of at least 1", where=self.where, received=repr(units)
            )
        if isinstance(activation, int):
            raise ArgumentError(
                "the second argument is the activation",
                where=self.where,
                received=f"{type(self).__name__}({units}, {activation})",
                fix=f"{type(self).__name__}({activation}, input_dim={units}) for PyTorch's "
                f"Linear({units}, {activation}); inputs may also be left to the first call",
            )
        self.units = int(units)
        self.activation = activation
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)

    def build(self, input_shape: tuple) -> None:
        """Make kernel and bias."""
        self.needs(
            len(input_shape) >= 2 and input_shape[-1] is not None,
            "a Dense layer needs rows of numbers",
            "(batch, ..., features)",
            input_shape,
            "reshape single samples to (1, features), or put a Flatten layer before",
        )
        n: Any = input_shape[len(input_shape) - 1]
        self.kernel = self.add_weight(
            "kernel",
            (n, self.units),
            self.kernel_initializer,
            self.kernel_regularizer,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                "bias", self._bias_shape(), self.bias_initializer, self.bias_regularizer
            )

    def _bias_shape(self) -> tuple[int, ...]:
        return (self.units,)

    def call(self, x: Any) -> Any:
        """activation(x·kernel + bias)."""
        self._fits(x.shape)
        return self.activation(ops.dense(x, self.kernel, self.bias))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Same leading axes, `units` last; half of them after glu."""
        if self.built:
            self._fits(input_shape)
        units = self.units // 2 if self.activation is activations.glu else self.units
        return (*input_shape[:-1], units)

    def _fits(self, shape: Any) -> None:
        n = self.kernel.shape[0]
        if len(shape) >= 2 and shape[-1] == n:
            return
        self.needs(
            False,
            "the input has the wrong number of features",
            f"(batch, ..., {n})",
            tuple(shape),
        )
