"""What recurrent cells share: one step with a memory, and several on top of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import initializers, regularizers, rng, tree
from ..arrays import numpy_dtype, xp
from ..checks import is_number
from ..errors import ArgumentError
from ..ops import activations
from ..variable import Variable
from .base import Layer, register, registry
from .context import computing_type
from .dropout import draw_mask

__all__ = ["Cell", "StackedRNNCells", "need_cell", "output_size_of", "zero_states"]


class Cell(Layer):
    """Base of the cells with gates: weights in one block of columns for each gate, dropout.

    A cell maps (x, states) to (output, new states), for one step: x (batch, features), states and
    new states lists of arrays (batch, units). `state_size` and `output_size` say how long they are.
    """

    gates = 1  # blocks of columns of the weights
    memories = 1  # arrays among the states
    integer_input = False
    parts = {
        "activation": activations.registry,
        "recurrent_activation": activations.registry,
        "kernel_initializer": initializers.registry,
        "recurrent_initializer": initializers.registry,
        "bias_initializer": initializers.registry,
        "kernel_regularizer": regularizers.registry,
        "recurrent_regularizer": regularizers.registry,
        "bias_regularizer": regularizers.registry,
    }

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
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(units, bool) or not hasattr(units, "__index__") or units < 1:
            raise ArgumentError(
                "units must be a whole number of at least 1", where=self.where, received=repr(units)
            )
        for name, rate in (("dropout", dropout), ("recurrent_dropout", recurrent_dropout)):
            if not is_number(rate) or not 0 <= rate < 1:
                raise ArgumentError(
                    f"{name} is the share to drop",
                    where=self.where,
                    expected="a number from 0 up to, but not, 1",
                    received=repr(rate),
                )
        self.units = int(units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.dropout, self.recurrent_dropout, self.seed = dropout, recurrent_dropout, seed
        if dropout or recurrent_dropout:
            self.key = Variable(
                rng.next_key() if seed is None else rng.key(seed), name="key", kind="seed"
            )
            self.count = Variable(np.uint32(0), name="count", kind="seed")

    @property
    def state_size(self) -> Any:
        """Length of the state, or a list with that of each."""
        return self.units if self.memories == 1 else [self.units] * self.memories

    @property
    def output_size(self) -> int:
        """Length of the output."""
        return self.units

    def build(self, inputs_shape: tuple) -> None:
        """Make kernel, recurrent kernel and bias."""
        self.needs(
            len(inputs_shape) == 2 and inputs_shape[-1] is not None,
            "a cell needs the features of one step",
            "(batch, features)",
            inputs_shape,
        )
        features: Any = inputs_shape[-1]
        width = self.gates * self.units
        self.kernel = self.add_weight(
            "kernel",
            (features, width),
            self.kernel_initializer,
            self.kernel_regularizer,
        )
        self.recurrent_kernel = self.add_weight(
            "recurrent_kernel",
            (self.units, width),
            self.recurrent_initializer,
            self.recurrent_regularizer,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                "bias", self.bias_shape, self.first_bias, self.bias_regularizer
            )

    @property
    def bias_shape(self) -> tuple:
        """Shape of the bias."""
        return (self.gates * self.units,)

    @property
    def first_bias(self) -> Any:
        """The initializer of the bias."""
        return self.bias_initializer

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """Zeros for every sequence of a batch."""
        return zero_states(self, batch_size)

    def draw(self, batch: int) -> tuple[Any, Any]:
        """The dropout masks of one pass over a batch, for x and for h; None where there is none.

        They stay the same for all steps (Gal and Ghahramani 2016); the gates share them.
        """
        if not self.dropout and not self.recurrent_dropout:
            return None, None
        count = self.count.value
        self.count.assign(count + xp(count).uint32(1))
        key = rng.fold(self.key.value, count)
        dtype = computing_type() or numpy_dtype(self.dtype)
        of_x = of_h = None
        if self.dropout:
            of_x = draw_mask(key, self.dropout, (batch, self.kernel.shape[0]), dtype)
        if self.recurrent_dropout:
            key = rng.fold(key, 1)
            of_h = draw_mask(key, self.recurrent_dropout, (batch, self.units), dtype)
        return of_x, of_h

    def call(self, inputs: Any, states: Any, training: bool = False, *, drop: Any = None) -> Any:
        """(output, new states) of one step; `drop` are masks that are drawn already."""
        states = list(states) if tree.is_tree(states) else [states]
        if drop is None:
            drop = self.draw(inputs.shape[0]) if training else (None, None)
        of_x, of_h = drop
        x = inputs if of_x is None else inputs * of_x
        h = states[0] if of_h is None else states[0] * of_h
        return self.step(x, h, states)

    def step(self, x: Any, h: Any, states: list) -> tuple[Any, list]:
        """(output, new states), from x and h after dropout and the states as they were."""
        raise NotImplementedError(f"{type(self).__name__} has no step")

    def compute_output_shape(self, inputs_shape: Any, states_shape: Any = None) -> Any:
        """(batch, units), for the output and for every state."""
        one = (inputs_shape[0], self.units)
        return one, [one] * self.memories


def zero_states(cell: Any, batch: Any) -> list[Any]:
    """Zeros for the state of a cell, in a list, also where it is only one."""
    sizes = cell.state_size
    dtype = computing_type() or numpy_dtype(getattr(cell, "dtype", None))
    return [np.zeros((batch, n), dtype) for n in (sizes if tree.is_tree(sizes) else [sizes])]


def output_size_of(cell: Any) -> int:
    """Length of a cell's output; that of its first state where it does not say."""
    found = getattr(cell, "output_size", None)
    return tree.leaves(cell.state_size)[0] if found is None else found


def need_cell(cell: Any, where: str) -> Any:
    """A cell from a cell or its configuration.

    Raises:
        ArgumentError: it is no layer with a `state_size`.
    """
    cell = registry.get(cell) if isinstance(cell, dict) else cell
    if isinstance(cell, Layer) and getattr(cell, "state_size", None) is not None:
        return cell
    raise ArgumentError(
        "this is no recurrent cell",
        where=where,
        expected="a layer with state_size and call(inputs, states), such as LSTMCell(8)",
        received=repr(cell)[:80],
    )


@register
class StackedRNNCells(Layer):
    """Several cells as one: the output of each is the input of the next.

    Args:
        cells: a list of cells, the lowest first.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: there is none, or one is no cell.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cells = cr.layers.StackedRNNCells([cr.layers.LSTMCell(3), cr.layers.GRUCell(2)])
        >>> cr.layers.RNN(cells)(np.ones((1, 4, 5))).shape
        (1, 2)
    """

    integer_input = False

    def __init__(self, cells: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(cells, (list, tuple)) or not cells:
            raise ArgumentError(
                "cells must be a list of cells", where=self.where, received=repr(cells)[:80]
            )
        self.cells = [need_cell(cell, self.where) for cell in cells]

    @property
    def state_size(self) -> list[Any]:
        """The state size of each cell."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> int:
        """The output size of the last cell."""
        return output_size_of(self.cells[-1])

    def build(self, inputs_shape: tuple) -> None:
        """Build each cell for the output of the one before."""
        for cell in self.cells:
            cell.build(inputs_shape)
            inputs_shape = (inputs_shape[0], output_size_of(cell))

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """That of each cell."""
        return [first_state(cell, batch_size) for cell in self.cells]

    def draw(self, batch: int) -> list[Any]:
        """The dropout masks of each cell; None for a cell that draws none."""
        return [draw_for(cell, batch) for cell in self.cells]

    def call(self, inputs: Any, states: Any, training: bool = False, *, drop: Any = None) -> Any:
        """(output of the last cell, new states of all)."""
        masks = drop or [None] * len(self.cells)
        after = []
        for cell, own, mask in zip(self.cells, states, masks, strict=True):
            inputs, new = step_of(cell, inputs, own, training, mask)
            after.append(new)
        return inputs, after


def first_state(cell: Any, batch: Any) -> Any:
    """The state to begin with: the cell's own way, or zeros; always a list."""
    own = getattr(cell, "get_initial_state", None)
    found = zero_states(cell, batch) if own is None else own(batch_size=batch)
    return list(found) if isinstance(found, (list, tuple)) else [found]


def draw_for(cell: Any, batch: int) -> Any:
    """The dropout masks of one pass; None for a cell that knows nothing of them."""
    return cell.draw(batch) if hasattr(cell, "draw") else None


def step_of(cell: Any, x: Any, states: Any, training: Any, drop: Any) -> tuple[Any, Any]:
    """One step of a cell: (output, new states), these always in a list."""
    own = {} if drop is None else {"drop": drop}
    y, after = cell(x, states, training=training, **own)
    return y, list(after) if isinstance(after, (list, tuple)) else [after]
