"""EnsembleDense: the Dense layers of several small networks, side by side in one product."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import initializers, ops
from ..ops import activations
from .base import register
from .core import Activated
from .embedding import need_counts

__all__ = ["EnsembleDense"]


@register
class EnsembleDense(Activated):
    """A Dense layer for each member of an ensemble, as one batched product:

        y_m = activation(x_m·W_m + b_m),   (batch, members, n) → (batch, members, units)

    Members share nothing: with a loss that is a sum over members, each is trained as it would be
    alone. (batch, 1, n) is given to all of them. Axes between the members and the last, such as
    (batch, members, features, n), have weights of their own as well.

    Args:
        units: length of each output row.
        members: how many networks there are.
        activation: a name or function; None is the identity.
        use_bias: whether a bias is added.
        kernel_initializer: of each member's matrix; He's normal by default.
        bias_initializer: of each member's bias.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: units or members are no whole number of at least 1.
        ShapeError: the input has another number of members or of features.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.EnsembleDense(1, members=2, kernel_initializer="ones")
        >>> layer(np.array([[[1.0, 2.0], [3.0, 4.0]]]))
        array([[[3.],
                [7.]]], dtype=float32)
        >>> [w.shape for w in layer.weights]
        [(2, 2, 1), (2, 1)]
    """

    parts = {
        "activation": activations.registry,
        "kernel_initializer": initializers.registry,
        "bias_initializer": initializers.registry,
    }

    def __init__(
        self,
        units: int,
        members: int = 8,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "he_normal",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        need_counts(self.where, units=units, members=members)
        self.units, self.members, self.use_bias = int(units), int(members), bool(use_bias)
        self.activation = activation
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)

    def build(self, input_shape: Any) -> None:
        """Make a kernel and a bias for each member."""
        self.needs(
            len(input_shape) >= 3
            and None not in input_shape[2:]
            and input_shape[1] in (1, self.members),
            "the input has no axis of members",
            f"(batch, {self.members}, ..., features), or 1 in place of {self.members}",
            input_shape,
        )
        own = (self.members, *input_shape[2:-1])

        def each(shape: tuple, dtype: Any) -> np.ndarray:  # draws as for single Dense layers
            drawn = [self.kernel_initializer(shape[-2:], dtype) for _ in np.ndindex(own)]
            return np.stack(drawn).reshape(shape)

        self.kernel = self.add_weight("kernel", (*own, input_shape[-1], self.units), each)
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight("bias", (*own, self.units), self.bias_initializer)

    def call(self, x: Any) -> Any:
        """activation(x·kernel + bias), each member with its own."""
        self._fits(x.shape)
        axes = tuple(range(1, len(x.shape) - 1))
        y = ops.matmul(ops.transpose(x, (*axes, 0, len(axes) + 1)), self.kernel)
        y = ops.transpose(y, (len(axes), *(k - 1 for k in axes), len(axes) + 1))
        return self.activation(y if self.bias is None else y + self.bias)

    def _fits(self, shape: tuple) -> None:
        own = tuple(self.kernel.shape)
        fits = len(shape) == len(own) and shape[1] in (1, self.members)
        self.needs(
            fits and tuple(shape[2:]) == own[1:-1],
            "the input does not fit the weights",
            f"(batch, {self.members}, {', '.join(map(str, own[1:-1]))})",
            tuple(shape),
        )

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """One row of `units` for each member."""
        if self.built:
            self._fits(input_shape)
        units = self.units // 2 if self.activation is activations.glu else self.units
        return (input_shape[0], self.members, *input_shape[2:-1], units)
