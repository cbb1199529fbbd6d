"""Activation, Flatten: layers without weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import ops
from ..checks import need_numbers
from ..errors import ArgumentError
from ..ops import activations
from .base import Layer, register
from .masks import as_mask


class Activated(Layer):
    """Base of layers with an `activation`, which may be set at any time: by name, as a function, or
    to None for the identity.

    Example:
        >>> import chainrule as cr
        >>> layer = cr.layers.Dense(2, activation="tanh")
        >>> layer.activation = None
        >>> layer.activation.__name__
        'linear'
    """

    integer_input = takes_trees = False
    supports_masking = True

    @property
    def activation(self) -> Any:
        """The function that is applied last."""
        return self._activation

    @activation.setter
    def activation(self, activation: Any) -> None:
        self._activation = activations.get(activation)


@register
class Activation(Activated):
    """An activation function as a layer of its own: f(x), in the shape of x.

    Args:
        activation: a name or a function; None is the identity.
        kwargs: as for every `Layer`.

    Raises:
        UnknownNameError: with the nearest name there is.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.Activation("relu")(np.array([[-1.0, 2.0]]))
        array([[0., 2.]], dtype=float32)
    """

    parts = {"activation": activations.registry}

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activation

    def call(self, x: Any) -> Any:
        """activation(x)."""
        return self.activation(x)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Unchanged by the activations of `cr.ops`, but for glu; others are run once."""
        if self.activation is activations.glu or not _known(self.activation):
            return super().compute_output_shape(input_shape)
        return input_shape


class _SameShape(Layer):
    """Base of layers that leave the shape as it is."""

    integer_input = takes_trees = False
    supports_masking = True

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Unchanged."""
        return input_shape


class _Fixed(_SameShape):
    """Base of layers named after one activation without settings."""

    function: Any

    def call(self, x: Any) -> Any:
        """The activation of x."""
        return type(self).function(x)


@register
class Sigmoid(_Fixed):
    """1/(1 + e⁻ˣ): `Activation("sigmoid")` under the name deck 003 uses.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.Sigmoid()(np.array([[0.0]]))
        array([[0.5]], dtype=float32)
    """

    function = staticmethod(ops.sigmoid)


@register
class Tanh(_Fixed):
    """tanh x: `Activation("tanh")` as a class.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.Tanh()(np.array([[0.0]]))
        array([[0.]], dtype=float32)
    """

    function = staticmethod(ops.tanh)


@register
class ReLU(_SameShape):
    """max(0, x), with Keras's optional slope below, ceiling and threshold:

        f(x) = max_value                       where x ≥ max_value
               x                               where threshold ≤ x < max_value
               negative_slope·(x − threshold)  below

    Args:
        max_value: the ceiling, 0 or more; None is none.
        negative_slope: 0 or more.
        threshold: 0 or more.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: one of them is no such number.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.ReLU(max_value=6.0, negative_slope=0.5)(np.array([[-1.0, 2.0, 9.0]]))
        array([[-0.5,  2. ,  6. ]], dtype=float32)
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        numbers = {"negative_slope": negative_slope, "threshold": threshold}
        if max_value is not None:
            numbers["max_value"] = max_value
        need_numbers(self.where, "a finite number of 0 or more", lambda v: v >= 0, **numbers)
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
class LeakyReLU(_SameShape):
    """x where x > 0, else negative_slope·x.

    The slope is .3 in this layer, as in Keras; .2 in `ops.leaky_relu`, .1 in deck 001, .01 in
    PyTorch.

    Args:
        negative_slope: a finite number (.3).
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: it is none.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.LeakyReLU(0.5)(np.array([[-1.0, 2.0]]))
        array([[-0.5,  2. ]], dtype=float32)
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        any_sign = {"negative_slope": negative_slope}
        need_numbers(self.where, "a finite number", lambda v: True, **any_sign)
        self.negative_slope = negative_slope

    def call(self, x: Any) -> Any:
        """leaky_relu(x)."""
        return ops.leaky_relu(x, negative_slope=self.negative_slope)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Unchanged."""
        return input_shape


@register
class Rescaling(_SameShape):
    """x·scale + offset: pixels from 0 … 255 to 0 … 1, or to −1 … 1.

    Args:
        scale: a number, or one for each of the last axis.
        offset: the same.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: they are no finite numbers.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.Rescaling(1 / 127.5, offset=-1)(np.array([[0, 255]]))
        array([[-1.,  1.]], dtype=float32)
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for name, value in (("scale", scale), ("offset", offset)):
            several = value if isinstance(value, (list, tuple)) else [value]
            for number in several:
                need_numbers(self.where, "a finite number", lambda v: True, **{name: number})
        self.scale, self.offset = scale, offset

    def call(self, x: Any) -> Any:
        """x·scale + offset."""
        kind = x.dtype
        return x * np.asarray(self.scale, kind) + np.asarray(self.offset, kind)


@register
class Softmax(_SameShape):
    """e^(xᵢ)/Σe^(xⱼ) over an axis, or over several; the shape stays.

    A mask given in the call says which numbers take part; it is broadcast to x. The others come out
    as 0, all of them where none takes part. A mask of steps, (batch, steps) beside (batch, steps,
    features), goes on and changes nothing here; Keras refuses it.

    Args:
        axis: a number, or a tuple of them (−1).
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an axis that is none.
        ShapeError: the mask cannot be broadcast to x.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.Softmax()(np.array([[0.0, 0.0]]))
        array([[0.5, 0.5]], dtype=float32)
        >>> cr.layers.Softmax()(np.array([[0.0, 0.0, 9.0]]), mask=np.array([[True, True, False]]))
        array([[0.5, 0.5, 0. ]], dtype=float32)
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        axes = list(axis) if isinstance(axis, Sequence) and not isinstance(axis, str) else [axis]
        if not axes or any(isinstance(a, bool) or not hasattr(a, "__index__") for a in axes):
            raise ArgumentError(
                "axis must be a whole number or a tuple of them",
                where=self.where,
                received=repr(axis),
            )
        self.axis = tuple(int(a) for a in axes) if isinstance(axis, Sequence) else int(axis)

    def call(self, x: Any, mask: Any = None) -> Any:
        """softmax(x)."""
        taken = None if mask is None else self._taken(mask, tuple(x.shape))
        if taken is not None:
            x = ops.where(taken, x, -3e4 if x.dtype == np.float16 else -1e9)
        last = self.axis in (-1, len(x.shape) - 1)
        y = ops.softmax(x) if last else ops.softmax(x, axis=self.axis)
        return y if taken is None else ops.where(taken, y, 0.0)

    def _taken(self, mask: Any, shape: tuple) -> Any:
        """A mask of the numbers of x as it is, None for one of its steps."""
        mask = as_mask(mask, self.where)
        own = tuple(mask.shape)
        if 2 <= len(own) < len(shape) and own == shape[: len(own)]:
            return None
        ends = zip(reversed(own), reversed(shape), strict=False)
        self.needs(
            len(own) <= len(shape) and all(k in (1, n) for k, n in ends),
            "the mask does not fit the input",
            f"a shape that can be broadcast to {shape}",
            own,
        )
        return mask

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

    keeps_integers = True

    takes_trees = False

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
