"""SharedBiasDense: a dense layer with one bias for all its units."""

from __future__ import annotations

from typing import Any

from .. import ops
from .base import register
from .dense import Dense


@register
class SharedBiasDense(Dense):
    """activation(x·kernel + b), the same number b for every unit.

    x (..., n) → (..., units), with kernel (n, units) and bias (1,). The bias gathers the gradient
    of all units: ∂L/∂b = Σ ∂L/∂z over the units (and rows).

    This is how deck 004 draws its worked example, with one b1 for the hidden units and one b2 for
    the outputs. `Dense` has a bias for each unit.

    Args:
        units: number of neurons.
        activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer,
            bias_regularizer: as for `Dense`.
        bias_trainable: whether training changes the bias (True). The deck leaves it as it is.
        kwargs: as for every `Layer`.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.SharedBiasDense(3, kernel_initializer="ones", bias_initializer="ones")
        >>> layer(np.array([[1.0, 2.0]]))
        array([[4., 4., 4.]], dtype=float32)
        >>> layer.count_params()  # 6 weights, 1 bias
        7

    Source: M. Mazur, *A Step by Step Backpropagation Example* (2015), whose numbers deck 004 uses.
    """

    def __init__(self, units: int, *args: Any, bias_trainable: bool = True, **kwargs: Any) -> None:
        super().__init__(units, *args, **kwargs)
        self.bias_trainable = bool(bias_trainable)

    def build(self, input_shape: tuple) -> None:
        """Make the kernel and the one bias."""
        super().build(input_shape)
        if self.bias is not None:
            self.bias.trainable = self.bias_trainable

    def _bias_shape(self) -> tuple[int, ...]:
        return (1,)

    def call(self, x: Any) -> Any:
        """activation(x·kernel + b)."""
        self._fits(x.shape)
        each = None if self.bias is None else ops.broadcast_to(self.bias, (self.units,))
        return self.activation(ops.dense(x, self.kernel, each))
