"""LSTM: a memory cell with gates."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..ops import activations
from .base import register
from .cells import Cell
from .recurrent import Recurrent, of_cell


class _ForgetBias:
    """A bias whose second block, of the forget gate, is 1 at first (Jozefowicz et al. 2015)."""

    def __init__(self, rest: Any, units: int) -> None:
        self.rest, self.units = rest, units

    def __call__(self, shape: tuple, dtype: Any = None) -> np.ndarray:
        n = self.units
        parts = [self.rest((k,), dtype) for k in (n, 2 * n)]
        return np.concatenate([parts[0], np.ones(n, parts[0].dtype), parts[1]])


@register
class LSTMCell(Cell):
    """One step of a long short-term memory: c' = f·c + i·g, h' = o·activation(c').

    The gates i, f, o = recurrent_activation(z) and the candidate g = activation(z) are blocks of
    z = x·kernel + h·recurrent_kernel + bias, in the order i, f, g, o.

    x (batch, features), h and c (batch, units) → (h', [h', c']).

    Args:
        units: length of the states and of the output.
        activation: of candidate and output; a name or function, None is the identity.
        recurrent_activation: of the gates.
        use_bias: whether there is a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: first values.
        unit_forget_bias: the bias of the forget gate begins at 1.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties added to the loss.
        dropout: share of the inputs to drop while training.
        recurrent_dropout: share of the state to drop where it enters the step; the gates share the
            mask (in Keras each has its own).
        seed: of the masks; drawn from the process's stream without one.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: units are no whole number of at least 1, or a share is outside 0 to 1.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cell = cr.layers.LSTMCell(2)
        >>> y, (h, c) = cell(np.zeros((1, 3)), [np.zeros((1, 2)), np.ones((1, 2))])
        >>> c.round(3)  # the forget gate is σ(1)
        array([[0.731, 0.731]], dtype=float32)
    """

    gates, memories = 4, 2

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
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
        self.unit_forget_bias = unit_forget_bias

    @property
    def first_bias(self) -> Any:
        """The initializer of the bias."""
        if not self.unit_forget_bias:
            return self.bias_initializer
        return _ForgetBias(self.bias_initializer, self.units)

    def step(self, x: Any, h: Any, states: list) -> tuple[Any, list]:
        """(h', [h', c'])."""
        c = states[1]
        z = ops.dense(x, self.kernel, self.bias) + ops.matmul(h, self.recurrent_kernel)
        i, f, g, o = ops.split(z, 4, axis=-1)
        gate = self.recurrent_activation
        c = gate(f) * c + gate(i) * self.activation(g)
        h = gate(o) * self.activation(c)
        return h, [h, c]


@register
class LSTM(Recurrent):
    """Long short-term memory: cₜ = f·cₜ₋₁ + i·g, hₜ = o·activation(cₜ), from zeros.

    i, f, o = recurrent_activation(z), g = activation(z), for the blocks i, f, g, o of columns of
    z = xₜ·kernel + hₜ₋₁·recurrent_kernel + bias.  (Hochreiter and Schmidhuber 1997; Gers 2000.)

    x (batch, time, features) → the last h (batch, units), or all (batch, time, units); with kernel
    (features, 4·units), recurrent_kernel (units, 4·units), bias (4·units,).

    Args:
        units: length of the states and of the output.
        activation: of candidate and output; a name or function, None is the identity.
        recurrent_activation: of the gates.
        use_bias: whether there is a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: first values.
        unit_forget_bias: the bias of the forget gate begins at 1.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties added to the loss.
        dropout: share of the inputs to drop while training; one mask for all steps.
        recurrent_dropout: the same for the state that enters a step; the gates share the mask (in
            Keras each has its own).
        seed: of the masks; drawn from the process's stream without one.
        return_sequences, return_state, go_backwards, stateful, unroll: as for `RNN`.
        use_cudnn: accepted; there is one form for all devices.
        kwargs: `zero_output_for_mask` as for `RNN`, and what every `Layer` takes.

    Raises:
        ArgumentError: units are no whole number of at least 1, or a share is outside 0 to 1.
        ShapeError: the input is no batch of sequences, or has no steps; a mask or an initial state
            that does not fit; a stateful layer without a fixed batch.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.LSTM(2, return_sequences=True, return_state=True)
        >>> y, h, c = layer(np.ones((3, 5, 4)))
        >>> y.shape, h.shape, c.shape
        ((3, 5, 2), (3, 2), (3, 2))

    PyTorch has two biases, which are added, and the kernels transposed, in the same order.
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
        unit_forget_bias: bool = True,
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
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        super().__init__(return_sequences, return_state, go_backwards, stateful, unroll, **kwargs)
        self.use_cudnn = use_cudnn
        self.cell = LSTMCell(
            units,
            activation,
            recurrent_activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            unit_forget_bias,
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
        """All steps in one operation, where the activations are tanh and sigmoid."""
        cell = self.cell
        usual = (cell.activation, ops.tanh), (cell.recurrent_activation, ops.sigmoid)
        x = self.fused(sequences, drop, *usual)
        if x is None:
            return super().run(sequences, states, mask, training, drop)
        h, c = states
        hs, h, c = ops.lstm(x, h, c, cell.kernel, cell.recurrent_kernel, cell.bias, mask)
        return h, hs, [h, c]

    units, activation, use_bias = of_cell("units"), of_cell("activation"), of_cell("use_bias")
    recurrent_activation = of_cell("recurrent_activation")
    unit_forget_bias = of_cell("unit_forget_bias")
    kernel_initializer = of_cell("kernel_initializer")
    recurrent_initializer = of_cell("recurrent_initializer")
    bias_initializer = of_cell("bias_initializer")
    kernel_regularizer = of_cell("kernel_regularizer")
    recurrent_regularizer = of_cell("recurrent_regularizer")
    bias_regularizer = of_cell("bias_regularizer")
    dropout, recurrent_dropout = of_cell("dropout"), of_cell("recurrent_dropout")
    seed = of_cell("seed")
