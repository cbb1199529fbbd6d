"""Recurrent layers: a cell taken through time, with masks, states and memory over batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops, tree
from ..arrays import xp
from ..errors import StateError
from ..operators import raw
from ..variable import Variable
from .base import Layer, register, registry
from .cells import (
    StackedRNNCells,
    draw_for,
    first_state,
    need_cell,
    output_size_of,
    step_of,
)

__all__ = ["RNN", "Recurrent", "of_cell"]


def of_cell(name: str) -> Any:
    """An attribute that stands in the layer's cell."""
    return property(lambda self: getattr(self.cell, name), doc=f"`cell.{name}`.")


class Recurrent(Layer):
    """Base of the recurrent layers: what is done around a cell's steps. Its cell is `self.cell`."""

    cell: Any
    integer_input = False
    supports_masking = True

    def __init__(
        self,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.return_sequences, self.return_state = return_sequences, return_state
        self.go_backwards, self.stateful, self.unroll = go_backwards, stateful, unroll
        self.zero_output_for_mask = zero_output_for_mask
        self.states: Any = None

    # --- building -------------------------------------------------------------------------------

    def build(self, sequences_shape: tuple) -> None:
        """Build the cell for one step; a stateful layer gets its states."""
        self._fits(sequences_shape)
        if self.constraints:  # those of a cell that the layer made
            self.cell.constraints = self.constraints
        self.cell.build((sequences_shape[0], *sequences_shape[2:]))
        if self.stateful:
            batch = sequences_shape[0]
            self.needs(
                batch is not None,
                "a stateful layer needs a batch of fixed size",
                "(batch, time, features) with a number for the batch",
                sequences_shape,
                "Input(shape, batch_size=32), and the same batch_size in fit and predict",
            )
            leaves, structure = tree.flatten(first_state(self.cell, batch))
            self.states = tree.unflatten(
                structure,
                [Variable(v, name=f"state_{k}", kind="carry") for k, v in enumerate(leaves)],
            )

    def _build_for(self, inputs: tuple, own: dict[str, Any]) -> None:
        """A stateful layer called on data is made for batches of that size."""
        if not self.stateful:
            return super()._build_for(inputs, own)
        shape = np.shape(inputs[0])
        return self._build_from({"sequences": shape}, [shape])

    def _fits(self, shape: Any) -> None:
        plain = len(shape) == 3
        self.needs(
            (plain or (len(shape) > 3 and type(self) is RNN)) and None not in shape[2:],
            "the input is no batch of sequences",
            "(batch, time, features)",
            tuple(shape),
            "an axis for the features, x[..., None]; for class numbers an Embedding before; "
            "return_sequences=True in a recurrent layer before",
        )
        self.needs(
            shape[1] != 0,
            "the sequences have no steps",
            "(batch, time, features), at least one step",
            tuple(shape),
        )
        if self.cell.built and hasattr(self.cell, "kernel") and plain:
            n = self.cell.kernel.shape[0]
            self.needs(
                shape[2] == n,
                "the input has the wrong number of features",
                f"(batch, time, {n})",
                tuple(shape),
            )

    # --- states ---------------------------------------------------------------------------------

    @property
    def state_size(self) -> Any:
        """Length of each state."""
        return self.cell.state_size

    @property
    def output_size(self) -> int:
        """Length of one output."""
        return output_size_of(self.cell)

    def get_initial_state(self, batch_size: int) -> list[Any]:
        """The state that sequences begin with: that of the cell, or zeros."""
        return first_state(self.cell, batch_size)

    def reset_state(self, states: Any = None) -> None:
        """Forget the last batch: zeros, or the given states, to begin with.

        Raises:
            StateError: the layer is not stateful, or not built.
        """
        if self.states is None:
            raise StateError(
                "there is no state to reset",
                where=self.where,
                fix="stateful=True, and a model that is built",
            )
        variables = tree.leaves(self.states)
        values = [np.zeros(v.shape, v.dtype) for v in variables]
        if states is not None:
            values = tree.leaves(states if tree.is_tree(states) else [states])
            self.needs(
                len(values) == len(variables),
                "there are not as many states",
                f"{len(variables)} arrays",
                f"{len(values)}",
            )
        for v, value in zip(variables, values, strict=True):
            v.assign(value)

    def reset_states(self, states: Any = None) -> None:
        """The same (Keras's other name)."""
        self.reset_state(states)

    def _start(self, sequences: Any, initial_state: Any) -> list[Any]:
        """The states of the first step: those given, those of the last batch, or the cell's."""
        batch = sequences.shape[0]
        if self.stateful:
            held = tree.leaves(self.states)[0].shape[0]
            self.needs(
                batch == held,
                "a stateful layer takes batches of one size",
                f"{held} sequences",
                f"{batch}",
                f"batch_size={held}, and a number of sequences that it divides",
            )
        wanted = first_state(self.cell, batch)
        if initial_state is None:
            if self.stateful:
                return tree.map(lambda v: v.on_tape(), self.states)
            return wanted
        given = initial_state if isinstance(initial_state, (list, tuple)) else [initial_state]
        found, shapes = tree.leaves(given), [np.shape(v) for v in tree.leaves(wanted)]
        self.needs(
            [np.shape(v) for v in found] == shapes,
            "initial_state does not fit",
            ", ".join(map(str, shapes)),
            ", ".join(str(np.shape(v)) for v in found),
        )
        found = [self._input(v) for v in found]
        return tree.unflatten(tree.flatten(wanted)[1], found)

    # --- calling --------------------------------------------------------------------------------

    def call(
        self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False
    ) -> Any:
        """The last output, or all of them; with `return_state` and the last states."""
        self._fits(tuple(sequences.shape))
        mask = next((m for m in tree.leaves(mask) if m is not None), None)
        if mask is not None:
            mask = raw(mask)
            self.needs(
                np.shape(mask) == tuple(sequences.shape[:2]),
                "the mask does not fit the sequences",
                f"(batch, time) = {tuple(sequences.shape[:2])}",
                np.shape(mask),
            )
            mask = xp(mask).asarray(mask) != 0
        states = self._start(sequences, initial_state)
        if self.go_backwards:
            sequences = ops.flip(sequences, 1)
            mask = None if mask is None else mask[:, ::-1]
        drop = draw_for(self.cell, sequences.shape[0]) if training else None
        last, every, states = self.run(sequences, states, mask, training, drop)
        if self.stateful:
            for v, state in zip(tree.leaves(self.states), tree.leaves(states), strict=True):
                v.assign(state)
        y = every if self.return_sequences else last
        if mask is not None and self.return_sequences and self.zero_output_for_mask:
            y = ops.where(mask[:, :, None], y, 0.0)
        return (y, *states) if self.return_state else y

    def run(self, sequences: Any, states: list, mask: Any, training: Any, drop: Any) -> tuple:
        """(last output, every output or None, last states): the cell, step by step."""
        xs = [ops.moveaxis(sequences, 1, 0)]
        if mask is not None:
            xs.append(xp(mask).moveaxis(mask, 1, 0))
        output = self._before_the_first(sequences, states)

        def step(carry: Any, now: Any) -> Any:
            states, before = carry
            y, after = step_of(self.cell, now[0], states, training, drop)
            if mask is not None:
                keep = now[1]
                y = _where(keep, y, before)
                after = tree.map(lambda a, b: _where(keep, a, b), after, states)
            return (after, y), (y if self.return_sequences else None)

        (states, last), every = ops.scan(step, (states, output), xs)
        if every is not None:
            every = ops.moveaxis(every, 0, 1)
        return last, every, states

    def fused(self, sequences: Any, drop: Any, *plain: tuple[Any, Any]) -> Any:
        """The sequences as the operation for all steps takes them; None where it does not apply.

        It knows the usual activations only (`plain` are pairs of one and what it has to be), and no
        dropout between the steps.
        """
        of_x, of_h = (None, None) if drop is None else drop
        if of_h is not None or any(a is not b for a, b in plain):
            return None
        return sequences if of_x is None else sequences * of_x[:, None, :]

    def _before_the_first(self, sequences: Any, states: list) -> Any:
        """What stands for the output where the first steps are masked: the state, if it can be."""
        own: Any = states
        while tree.is_tree(own):  # of stacked cells the last counts
            own = own[-1] if tree.is_tree(own[-1]) else own[0]
        shape = (sequences.shape[0], self.output_size)
        if tuple(own.shape) == shape:
            return own
        return np.zeros(shape, sequences.dtype)

    # --- shapes and masks -----------------------------------------------------------------------

    def compute_output_shape(self, sequences_shape: tuple, initial_state_shape: Any = None) -> Any:
        """(batch, units), or (batch, time, units); with `return_state` and those of the states."""
        self._fits(sequences_shape)
        batch, time = sequences_shape[:2]
        size = self.output_size
        y = (batch, time, size) if self.return_sequences else (batch, size)
        if not self.return_state:
            return y
        sizes = self.state_size if tree.is_tree(self.state_size) else [self.state_size]
        return (y, *tree.map(lambda n: (batch, n), list(sizes)))

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask goes on with the sequences; last outputs and states have none."""
        mask = next((m for m in tree.leaves(previous_mask) if m is not None), None)
        mask = mask if self.return_sequences else None
        if not self.return_state:
            return mask
        return [mask] + [None] * len(tree.leaves(self.state_size))


def _where(keep: Any, new: Any, old: Any) -> Any:
    """The new rows where the step counts."""
    return ops.where(keep.reshape(keep.shape + (1,) * (len(new.shape) - 1)), new, old)


@register
class RNN(Recurrent):
    """A cell taken through time: output, states = cell(xₜ, states) for each step.

    x (batch, time, features) → (batch, output_size), or (batch, time, output_size).

    Args:
        cell: a layer with `state_size` and `call(inputs, states)`, which returns the output and the
            new states; or a list of cells, which are stacked.
        return_sequences: give every output, not the last alone.
        return_state: give the last states after the output: `y, h = layer(x)`.
        go_backwards: begin with the last step; outputs come in the order in which they were made.
        stateful: go on from the states at the end of the batch before, sequence by sequence. The
            batches have one size, given as `Input(shape, batch_size=...)`; do not shuffle. `fit`,
            `evaluate` and calls go on; `predict` begins each batch with the states that are held,
            and leaves them as they are: call the model itself to go on from batch to batch.
        unroll: accepted; the compiler decides.
        zero_output_for_mask: with `return_sequences` masked steps give 0.
        kwargs: as for every `Layer`.

    Called with `initial_state`, it begins there instead of at zeros. A step where the mask (batch,
    time) is False is left out: states stay, and the output before is repeated.

    Raises:
        ArgumentError: the cell is none.
        ShapeError: the input is no batch of sequences, or has no steps; a mask or an initial state
            that does not fit; a stateful layer without a fixed batch.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> class Sum(cr.layers.Layer):
        ...     state_size = 1
        ...     def call(self, inputs, states):
        ...         total = states[0] + inputs
        ...         return total, [total]
        >>> cr.layers.RNN(Sum(), return_sequences=True)(np.array([[[1.0], [2.0], [3.0]]]))
        array([[[1.],
                [3.],
                [6.]]], dtype=float32)
    """

    parts = {"cell": registry}

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            return_sequences,
            return_state,
            go_backwards,
            stateful,
            unroll,
            zero_output_for_mask,
            **kwargs,
        )
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell)
        self.cell = need_cell(cell, self.where)
