"""SimpleRNN: the state is fed back."""

from __future__ import annotations

from typing import Any

from .. import ops
from .base import register
from .cells import Cell
from .recurrent import Recurrent, of_cell


@register
class SimpleRNNCell(Cell):
    """One step of a simple RNN: h' = activation(x·kernel + h·recurrent_kernel + bias).

    x (batch, features), h (batch, units) → (h', [h']).

    Args:
        units: length of the state and of the output.
        activation: a name or function; None is the identity.
        use_bias: whether there is a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: first values.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties added to the loss.
        dropout: share of the inputs to drop while training.
        recurrent_dropout: share of the state to drop where it enters the step.
        seed: of the masks; drawn from the process's stream without one.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: units are no whole number of at least 1, or a share is outside 0 to 1.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cell = cr.layers.SimpleRNNCell(2, kernel_initializer="ones")
        >>> y, states = cell(np.ones((1, 3)), [np.zeros((1, 2))])
        >>> y.round(3)
        array([[0.995, 0.995]], dtype=float32)
    """

    def step(self, x: Any, h: Any, states: list) -> tuple[Any, list]:
        """(h', [h'])."""
        z = ops.dense(x, self.kernel, self.bias) + ops.matmul(h, self.recurrent_kernel)
        h = self.activation(z)
        return h, [h]


@register
class SimpleRNN(Recurrent):
    """hₜ = activation(xₜ·kernel + hₜ₋₁·recurrent_kernel + bias), from h₀ = 0.  (Elman 1990.)

    x (batch, time, features) → the last h (batch, units), or all (batch, time, units); with kernel
    (features, units), recurrent_kernel (units, units), bias (units,).

    Args:
        units: length of the state and of the output.
        activation: a name or function; None is the identity.
        use_bias: whether there is a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: first values.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties added to the loss.
        dropout: share of the inputs to drop while training; one mask for all steps.
        recurrent_dropout: the same for the state that enters a step.
        return_sequences, return_state, go_backwards, stateful, unroll: as for `RNN`.
        seed: of the masks; drawn from the process's stream without one.
        kwargs: `zero_output_for_mask` as for `RNN`, and what every `Layer` takes.

    Raises:
        ArgumentError: units are no whole number of at least 1, or a share is outside 0 to 1.
        ShapeError: the input is no batch of sequences, or has no steps; a mask or an initial state
            that does not fit; a stateful layer without a fixed batch.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.SimpleRNN(2, kernel_initializer="ones", recurrent_initializer="zeros")
        >>> layer(np.ones((1, 5, 3))).round(3)
        array([[0.995, 0.995]], dtype=float32)
    """

    parts = Cell.parts

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(return_sequences, return_state, go_backwards, stateful, unroll, **kwargs)
        self.cell = SimpleRNNCell(
            units,
            activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            kernel_regularizer,
            recurrent_regularizer,
            bias_regularizer,
            dropout,
            recurrent_dropout,
            seed,
            dtype=self.dtype,
            trainable=self.trainable,
            name="cell",
        )

    def run(self, sequences: Any, states: list, mask: Any, training: Any, drop: Any) -> tuple:
        """All steps in one operation, where the activation is tanh."""
        cell = self.cell
        x = self.fused(sequences, drop, (cell.activation, ops.tanh))
        if x is None:
            return super().run(sequences, states, mask, training, drop)
        h = states[0]
        hs, h = ops.simple_rnn(x, h, cell.kernel, cell.recurrent_kernel, cell.bias, mask)
        return h, hs, [h]

    units, activation, use_bias = of_cell("units"), of_cell("activation"), of_cell("use_bias")
    kernel_initializer = of_cell("kernel_initializer")
    recurrent_initializer = of_cell("recurrent_initializer")
    bias_initializer = of_cell("bias_initializer")
    kernel_regularizer = of_cell("kernel_regularizer")
    recurrent_regularizer = of_cell("recurrent_regularizer")
    bias_regularizer = of_cell("bias_regularizer")
    dropout, recurrent_dropout = of_cell("dropout"), of_cell("recurrent_dropout")
    seed = of_cell("seed")
