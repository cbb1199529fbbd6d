"""GRU: two gates, and the state is the output."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..ops import activations
from .base import register
from .cells import Cell
from .recurrent import Recurrent, of_cell


@register
class GRUCell(Cell):
    """One step of a gated recurrent unit: h' = z·h + (1 − z)·g; see `GRU` for z and g.

    x (batch, features), h (batch, units) → (h', [h']).

    Args:
        units: length of the state and of the output.
        activation: of the candidate g; a name or function, None is the identity.
        recurrent_activation: of the gates.
        use_bias: whether there is a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: first values.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties added to the loss.
        dropout: share of the inputs to drop while training.
        recurrent_dropout: share of the state to drop where it enters the gates and the candidate;
            they share the mask (in Keras each has its own).
        reset_after: the reset gate comes after the product with the recurrent kernel.
        seed: of the masks; drawn from the process's stream without one.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: units are no whole number of at least 1, or a share is outside 0 to 1.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> y, (h,) = cr.layers.GRUCell(2)(np.zeros((1, 3)), [np.zeros((1, 2))])
        >>> y
        array([[0., 0.]], dtype=float32)
    """

    gates = 3

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        reset_after: bool = True,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
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
            **kwargs,
        )
        self.recurrent_activation = activations.get(recurrent_activation)
        self.reset_after = reset_after

    @property
    def bias_shape(self) -> tuple:
        """One bias for x, and with `reset_after` another for h."""
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def step(self, x: Any, h: Any, states: list) -> tuple[Any, list]:
        """(h', [h'])."""
        outer, inner = self.bias, None
        if self.bias is not None and self.reset_after:
            outer, inner = self.bias[0], self.bias[1]
        x_z, x_r, x_g = ops.split(ops.dense(x, self.kernel, outer), 3, axis=-1)
        gate = self.recurrent_activation
        if self.reset_after:
            h_z, h_r, h_g = ops.split(ops.dense(h, self.recurrent_kernel, inner), 3, axis=-1)
            z, from_h = gate(x_z + h_z), gate(x_r + h_r) * h_g
        else:
            of_gates, of_candidate = ops.split(self.recurrent_kernel, [2 * self.units], axis=1)
            h_z, h_r = ops.split(ops.matmul(h, of_gates), 2, axis=-1)
            z, from_h = gate(x_z + h_z), ops.matmul(gate(x_r + h_r) * h, of_candidate)
        h = z * states[0] + (1.0 - z) * self.activation(x_g + from_h)
        return h, [h]


@register
class GRU(Recurrent):
    """Gated recurrent unit: hₜ = z·hₜ₋₁ + (1 − z)·g, from h₀ = 0.  (Cho et al. 2014.)

    Update gate z and reset gate r = recurrent_activation(xₜ·kernel + hₜ₋₁·recurrent_kernel + bias),

        g = activation(xₜ·kernel + bias + r·(hₜ₋₁·recurrent_kernel + bias'))  with `reset_after`
        g = activation(xₜ·kernel + bias + (r·hₜ₋₁)·recurrent_kernel)          without

    each with its block of columns, in the order z, r, g.

    x (batch, time, features) → the last h (batch, units), or all (batch, time, units); with kernel
    (features, 3·units), recurrent_kernel (units, 3·units), bias (2, 3·units) with `reset_after`
    (the second row is bias'), else (3·units,).

    Args:
        units: length of the state and of the output.
        activation: of the candidate g; a name or function, None is the identity.
        recurrent_activation: of the gates.
        use_bias: whether there is a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: first values.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties added to the loss.
        dropout: share of the inputs to drop while training; one mask for all steps.
        recurrent_dropout: the same for the state that enters gates and candidate; they share the
            mask (in Keras each has its own).
        seed: of the masks; drawn from the process's stream without one.
        return_sequences, return_state, go_backwards, stateful, unroll: as for `RNN`.
        reset_after: the reset gate comes after the product with the recurrent kernel, as in cuDNN
            and PyTorch; the paper has it before.
        use_cudnn: accepted; there is one form for all devices.
        kwargs: `zero_output_for_mask` as for `RNN`, and what every `Layer` takes.

    Raises:
        ArgumentError: units are no whole number of at least 1, or a share is outside 0 to 1.
        ShapeError: the input is no batch of sequences, or has no steps; a mask or an initial state
            that does not fit; a stateful layer without a fixed batch.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.GRU(2, return_sequences=True)(np.ones((3, 5, 4))).shape
        (3, 5, 2)

    PyTorch orders the blocks r, z, g and stores the kernels transposed.
    """

    parts = Cell.parts

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        super().__init__(return_sequences, return_state, go_backwards, stateful, unroll, **kwargs)
        self.use_cudnn = use_cudnn
        self.cell = GRUCell(
            units,
            activation,
            recurrent_activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            kernel_regularizer,
            recurrent_regularizer,
            bias_regularizer,
            dropout,
            recurrent_dropout,
            reset_after,
            seed,
            dtype=self.dtype,
            trainable=self.trainable,
            name="cell",
        )

    def run(self, sequences: Any, states: list, mask: Any, training: Any, drop: Any) -> tuple:
        """All steps in one operation, where the activations are tanh and sigmoid."""
        cell = self.cell
        usual = (cell.activation, ops.tanh), (cell.recurrent_activation, ops.sigmoid)
        x = self.fused(sequences, drop, *usual)
        if x is None:
            return super().run(sequences, states, mask, training, drop)
        hs, h = ops.gru(
            x,
            states[0],
            cell.kernel,
            cell.recurrent_kernel,
            cell.bias,
            mask,
            reset_after=cell.reset_after,
        )
        return h, hs, [h]

    units, activation, use_bias = of_cell("units"), of_cell("activation"), of_cell("use_bias")
    recurrent_activation, reset_after = of_cell("recurrent_activation"), of_cell("reset_after")
    kernel_initializer = of_cell("kernel_initializer")
    recurrent_initializer = of_cell("recurrent_initializer")
    bias_initializer = of_cell("bias_initializer")
    kernel_regularizer = of_cell("kernel_regularizer")
    recurrent_regularizer = of_cell("recurrent_regularizer")
    bias_regularizer = of_cell("bias_regularizer")
    dropout, recurrent_dropout = of_cell("dropout"), of_cell("recurrent_dropout")
    seed = of_cell("seed")
