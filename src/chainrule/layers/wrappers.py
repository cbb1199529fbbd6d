"""Layers around a layer: Bidirectional, TimeDistributed, SpectralNormalization."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import initializers, ops, tree
from ..arrays import xp
from ..checks import need_numbers
from ..errors import ArgumentError, choose
from ..operators import raw
from ..variable import Variable
from .base import Layer, register, registry
from .normalization import BatchNormalization
from .recurrent import Recurrent

_MODES = ("sum", "mul", "ave", "concat", None)


def _named(layer: Any, prefix: str, **changed: Any) -> Any:
    """A layer of the same configuration under a name with the prefix; its weights are its own."""
    config = layer.get_config() | changed
    config["name"] = prefix + layer.name.removeprefix("forward_").removeprefix("backward_")
    return type(layer).from_config(config)


@register
class Bidirectional(Layer):
    """A recurrent layer and its like that goes from the last step to the first, side by side.

    Both read the same x (batch, time, features); the outputs of the second are put into the order
    of the steps and merged with those of the first.  (Schuster and Paliwal 1997.)

    Args:
        layer: an LSTM, GRU, SimpleRNN or RNN; it is copied with new weights, as `forward_layer`.
        merge_mode: "concat", "sum", "mul", "ave", or None for both outputs.
        weights: first weights, those of the forward layer and those of the backward layer.
        backward_layer: what goes backwards (`go_backwards=True`); by default like `layer`.
        kwargs: as for every `Layer`.

    With `return_state` the states follow, first those of the forward layer; `initial_state` takes
    them so. Where there is a mask, masked steps of sequences give 0, as in Keras.

    Raises:
        ArgumentError: `layer` is not recurrent; the two do not fit together; an unknown merge_mode.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.Bidirectional(cr.layers.GRU(3, return_sequences=True))
        >>> layer(np.ones((2, 5, 4))).shape
        (2, 5, 6)
    """

    integer_input = False
    supports_masking = True
    parts = {"layer": registry, "backward_layer": registry}

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        layer, second = (
            registry.get(v) if isinstance(v, dict) else v for v in (layer, backward_layer)
        )
        for one in (layer, *([] if second is None else [second])):
            if not isinstance(one, Recurrent):
                raise ArgumentError(
                    "only a recurrent layer goes in two directions",
                    where=self.where,
                    expected="LSTM, GRU, SimpleRNN or RNN",
                    received=repr(one)[:80],
                )
        if merge_mode not in _MODES:
            raise choose("merge_mode", merge_mode, map(str, _MODES), where=self.where)
        self.merge_mode, self.own_backward = merge_mode, second is not None
        self.forward_layer: Any = _named(layer, "forward_")
        if second is None:
            second = _named(layer, "backward_", go_backwards=not layer.go_backwards)
        self.backward_layer: Any = second
        self._fit_together()
        for one in (self.forward_layer, self.backward_layer):
            one.zero_output_for_mask = one.return_sequences
        self._first_weights = weights

    def _fit_together(self) -> None:
        first, second = self.forward_layer, self.backward_layer
        if first.go_backwards == second.go_backwards:
            raise ArgumentError(
                "both layers go in the same direction",
                where=self.where,
                expected="go_backwards=True in one of them",
                received=f"go_backwards={first.go_backwards} in both",
            )
        for name in ("stateful", "return_sequences", "return_state"):
            a, b = getattr(first, name), getattr(second, name)
            if a != b:
                raise ArgumentError(
                    f"both layers need the same {name}",
                    where=self.where,
                    received=f"{a} and {b}",
                )

    layer = property(lambda self: self.forward_layer, doc="The layer that goes forwards.")
    return_sequences = property(lambda self: self.forward_layer.return_sequences)
    return_state = property(lambda self: self.forward_layer.return_state)
    stateful = property(lambda self: self.forward_layer.stateful)

    def build(self, sequences_shape: tuple) -> None:
        """Build both."""
        self.forward_layer.build(sequences_shape)
        self.backward_layer.build(sequences_shape)
        if self._first_weights is not None:
            self.set_weights(list(self._first_weights))

    def _build_for(self, inputs: tuple, own: dict[str, Any]) -> None:
        if not self.stateful:
            return super()._build_for(inputs, own)
        shape = np.shape(inputs[0])
        return self._build_from({"sequences": shape}, [shape])

    def reset_state(self, states: Any = None) -> None:
        """Forget the last batch, in both directions."""
        first, second = (None, None) if states is None else self._halves(states)
        self.forward_layer.reset_state(first)
        self.backward_layer.reset_state(second)

    reset_states = reset_state

    def _halves(self, states: Any) -> tuple[Any, Any]:
        states = list(states) if isinstance(states, (list, tuple)) else [states]
        self.needs(
            len(states) % 2 == 0,
            "initial_state does not fit",
            "the states of the forward layer, then as many of the backward layer",
            f"{len(states)} states",
        )
        half = len(states) // 2
        return states[:half], states[half:]

    def call(
        self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False
    ) -> Any:
        """Both directions, merged."""
        mask = next((m for m in tree.leaves(mask) if m is not None), None)
        halves = (None, None) if initial_state is None else self._halves(initial_state)
        found = []
        for layer, state in zip((self.forward_layer, self.backward_layer), halves, strict=True):
            own = {} if mask is None else {"mask": mask}
            own |= {} if state is None else {"initial_state": state}
            y = layer(sequences, training=training, **own)
            found.append((y[0], tuple(y[1:])) if self.return_state else (y, ()))
        (y, states), (y_back, states_back) = found
        if self.return_sequences:
            y_back = ops.flip(y_back, 1)
        merged = self._merge(y, y_back)
        if not self.return_state:
            return merged
        return (*(merged if self.merge_mode is None else [merged]), *states, *states_back)

    def _merge(self, y: Any, y_back: Any) -> Any:
        if self.merge_mode == "concat":
            return ops.concatenate([y, y_back], axis=-1)
        if self.merge_mode is None:
            return y, y_back
        if self.merge_mode == "mul":
            return y * y_back
        return y + y_back if self.merge_mode == "sum" else (y + y_back) / 2.0

    def compute_output_shape(self, sequences_shape: tuple, initial_state_shape: Any = None) -> Any:
        """As the forward layer's, twice as wide for "concat", twice for None."""
        shape = self.forward_layer.compute_output_shape(sequences_shape)
        y, states = (shape[0], tuple(shape[1:])) if self.return_state else (shape, ())
        if self.merge_mode == "concat":
            y = (*y[:-1], 2 * y[-1])
        outputs = (y, y) if self.merge_mode is None else (y,)
        if self.return_state:
            return (*outputs, *states, *states)
        return outputs if self.merge_mode is None else y

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask goes on with the sequences; last outputs and states have none."""
        mask = next((m for m in tree.leaves(previous_mask) if m is not None), None)
        outputs = [mask if self.return_sequences else None] * (1 + (self.merge_mode is None))
        if self.return_state:
            outputs += [None] * (2 * len(tree.leaves(self.forward_layer.state_size)))
        return outputs if len(outputs) > 1 else outputs[0]

    @classmethod
    def _arguments(cls) -> dict[str, Any]:
        """First weights are no part of the configuration."""
        return {k: p for k, p in super()._arguments().items() if k != "weights"}

    def get_config(self) -> dict[str, Any]:
        """A backward layer that was made from the forward layer is made again."""
        config = super().get_config()
        return config if self.own_backward else config | {"backward_layer": None}


def _layer(layer: Any, where: str) -> Any:
    """The layer to be wrapped, made from its configuration where it comes as one."""
    layer = registry.get(layer) if isinstance(layer, dict) else layer
    if not isinstance(layer, Layer):
        raise ArgumentError("there is no layer to apply", where=where, received=repr(layer)[:80])
    return layer


def _build(layer: Any, shape: tuple) -> None:
    """Build the wrapped layer, if nobody did."""
    if not layer.built:
        name = next(iter(layer._accepts.call_names), "inputs")
        layer._build_from({name: shape}, [shape])


@register
class TimeDistributed(Layer):
    """A layer applied to every step: x (batch, time, ...) → (batch, time, ...).

    All steps go through it as one larger batch. A layer that looks at its whole batch, such as a
    batch normalization while training, sees them all together; in Keras, each step by itself.

    Args:
        layer: any layer of single samples.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: `layer` is no layer.
        ShapeError: the input has no axis for time; a mask that does not fit.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.TimeDistributed(cr.layers.Dense(2))(np.ones((3, 5, 4))).shape
        (3, 5, 2)
    """

    takes_trees = False
    supports_masking = True
    parts = {"layer": registry}

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.layer = _layer(layer, self.where)

    def _one_step(self, shape: tuple) -> tuple:
        self.needs(
            len(shape) >= 3,
            "the input has no steps",
            "(batch, time, ...) with at least one axis more",
            tuple(shape),
        )
        return (None, *shape[2:])

    def build(self, input_shape: tuple) -> None:
        """Build the layer for one step."""
        _build(self.layer, self._one_step(tuple(input_shape)))

    def call(self, x: Any, mask: Any = None, training: bool | None = None) -> Any:
        """All steps at once."""
        self._one_step(tuple(x.shape))
        batch, time = x.shape[:2]
        own: dict[str, Any] = {}
        if mask is not None:
            mask = raw(mask)
            self.needs(
                tuple(np.shape(mask)[:2]) == (batch, time),
                "the mask does not fit the sequences",
                f"(batch, time, ...) = {(batch, time)}",
                np.shape(mask),
            )
            of_rows = len(np.shape(mask)) > 2 or isinstance(self.layer, BatchNormalization)
            if of_rows and self.layer._accepts.mask:
                own["mask"] = xp(mask).reshape(mask, (batch * time, *np.shape(mask)[2:]))
        rows = ops.reshape(x, (batch * time, *x.shape[2:]))
        y = self.layer(rows, training=training, **own)
        return tree.map(lambda v: ops.reshape(v, (batch, time, *v.shape[1:])), y)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """That of the steps; a step of which everything is masked is masked."""
        if previous_mask is None or len(np.shape(previous_mask)) < 3:
            return previous_mask
        axes = len(tree.leaves(self.compute_output_shape(tuple(inputs.shape)))) - 1
        mask = raw(previous_mask)
        return mask.any(axis=tuple(range(axes, mask.ndim))) if mask.ndim > axes else mask

    def compute_output_shape(self, input_shape: tuple) -> Any:
        """The layer's, with the steps put in."""
        one = self._one_step(tuple(input_shape))
        found = self.layer.output_spec((one,))[0]
        return (input_shape[0], input_shape[1], *found[1:])

    def output_type(self, shapes: tuple, kinds: list[Any]) -> Any:
        """The layer's."""
        return self.layer.output_spec((self._one_step(tuple(shapes[0])),), dtypes=kinds or None)[1]


@register
class SpectralNormalization(Layer):
    """A layer with its kernel W divided by σ, its largest singular value: no input is stretched.

        v = normalize(u·Wᵀ), u = normalize(v·W), σ = v·W·uᵀ, and the layer runs with W/σ

    W (..., units) is taken as a matrix with a column for each unit. While training, u is kept for
    the next step; u and v are constants of the gradient, which goes through W and σ.  (Miyato et
    al. 2018.)

    Args:
        layer: a layer with a `kernel` (Dense, Conv2D, ...) or `embeddings`.
        power_iterations: how often v and u are computed in a call.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: `layer` is no layer, or has no kernel; `power_iterations` is below 1.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> dense = cr.layers.Dense(2, use_bias=False, kernel_initializer="identity")
        >>> layer = cr.layers.SpectralNormalization(dense)
        >>> x = np.array([[3.0, 1.0]])
        >>> _ = layer(x)
        >>> dense.set_weights([np.diag([4.0, 2.0])])
        >>> for _ in range(20):
        ...     y = layer(x, training=True)
        >>> y.round(4)
        array([[3. , 0.5]], dtype=float32)

    Keras writes W/σ over the kernel in every call while training; here the kernel stays as the
    optimizer has it, as in the paper and in PyTorch.
    """

    takes_trees = False
    parts = {"layer": registry}

    def __init__(self, layer: Any, power_iterations: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        need_numbers(
            self.where,
            "a whole number of at least 1",
            lambda v: v >= 1 and v == int(v),
            power_iterations=power_iterations,
        )
        self.layer = _layer(layer, self.where)
        self.power_iterations = int(power_iterations)

    def build(self, input_shape: tuple) -> None:
        """Build the layer, and make u."""
        _build(self.layer, tuple(input_shape))
        units = self._kernel()[1].shape[-1]
        self.vector_u = self.add_weight(
            "vector_u", (1, units), initializers.TruncatedNormal(stddev=0.02), trainable=False
        )

    def _kernel(self) -> tuple[str, Any]:
        """What the weight to be divided is called, and the weight."""
        for name in ("kernel", "embeddings"):
            if isinstance(weight := getattr(self.layer, name, None), Variable):
                return name, weight
        raise ArgumentError(
            "the layer has no kernel",
            where=self.where,
            expected="a layer with `kernel` or `embeddings`, such as Dense or Conv2D",
            received=repr(self.layer)[:80],
        )

    def call(self, x: Any, training: bool = False) -> Any:
        """The layer with W/σ in the place of W."""
        name, weight = self._kernel()
        w = ops.reshape(weight, (-1, weight.shape[-1]))
        v, u = self._directions(raw(w))
        if training:
            self.vector_u.assign(u)
        sigma = ops.sum(ops.matmul(v, w) * u)
        # a copy of the layer itself, which another thread may be calling
        inner = object.__new__(type(self.layer))
        inner.__dict__.update(self.layer.__dict__)
        inner.__dict__[name] = weight / ops.where(sigma == 0, 1.0, sigma)
        return inner(x, training=training)

    def _directions(self, w: Any) -> tuple[Any, Any]:
        """(v, u) after the power iterations, as plain numbers."""
        u = raw(self.vector_u.value)
        m = xp(w, u)
        u = v = m.asarray(u).astype(w.dtype)
        for _ in range(self.power_iterations):
            v = _unit(m, m.matmul(u, w.T))
            u = _unit(m, m.matmul(v, w))
        return v, u


def _unit(m: Any, v: Any) -> Any:
    """v with length 1; 0 where it is 0."""
    length = m.sqrt(m.sum(v * v))
    return v / m.where(length == 0, 1.0, length)
