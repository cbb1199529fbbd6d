"""Activations with settings or weights of their own: ELU, PReLU."""

from __future__ import annotations

from typing import Any

from .. import initializers, ops, regularizers
from ..checks import need_numbers
from ..errors import ArgumentError
from ..operators import raw
from .base import Layer, register


@register
class ELU(Layer):
    """x where x > 0, else α(eˣ − 1).  (Clevert, Unterthiner and Hochreiter 2015.)

    Args:
        alpha: a finite number (1).
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: it is none.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.ELU()(np.array([[-1.0, 2.0]])).round(4)
        array([[-0.6321,  2.    ]], dtype=float32)
    """

    integer_input = takes_trees = False
    supports_masking = True

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        need_numbers(self.where, "a finite number", lambda v: True, alpha=alpha)
        self.alpha = alpha

    def call(self, x: Any) -> Any:
        """elu(x)."""
        return ops.elu(x, self.alpha)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Unchanged."""
        return input_shape


@register
class PReLU(Layer):
    """x where x > 0, else α·x with an α for each place of a sample, which is learned.

    (He, Zhang, Ren and Sun 2015.) PyTorch has one α for all, or one a channel, and starts at .25.

    Args:
        alpha_initializer: first values ("zeros").
        alpha_regularizer: a penalty added to the loss.
        shared_axes: axes along which α is the same, counted from 1 behind the batch: [1, 2] for
            one α a channel of an image.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: shared_axes that are none.
        ShapeError: the input has no such axis, or an unknown length that α would need.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.PReLU(cr.initializers.Constant(0.5))
        >>> layer(np.array([[-1.0, 2.0]]))
        array([[-0.5,  2. ]], dtype=float32)
    """

    integer_input = takes_trees = False
    supports_masking = True
    parts = {
        "alpha_initializer": initializers.registry,
        "alpha_regularizer": regularizers.registry,
    }

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        axes = shared_axes if isinstance(shared_axes, (list, tuple)) else [shared_axes]
        axes = [] if shared_axes is None else list(axes)
        if any(isinstance(a, bool) or not hasattr(a, "__index__") or a < 1 for a in axes):
            raise ArgumentError(
                "shared_axes must be whole numbers of at least 1; the batch is 0",
                where=self.where,
                received=repr(shared_axes)[:200],
            )
        self.shared_axes = None if shared_axes is None else axes

    def build(self, input_shape: tuple) -> None:
        """Make α."""
        shared = self.shared_axes or []
        self.needs(
            all(a < len(input_shape) for a in shared),
            "there is no such axis to share α along",
            f"shared_axes from 1 to {len(input_shape) - 1}",
            f"{shared} for an input {tuple(input_shape)}",
        )
        lengths = [1 if a in shared else n for a, n in enumerate(input_shape)][1:]
        self.needs(
            None not in lengths,
            "each place of a sample has an α of its own, so its lengths must be known",
            "lengths, or shared_axes where there are none",
            tuple(input_shape),
            f"shared_axes={[a for a, n in enumerate(input_shape) if a and n is None]}",
        )
        self.alpha = self.add_weight(
            "alpha", lengths, self.alpha_initializer, self.alpha_regularizer
        )

    def call(self, x: Any) -> Any:
        """prelu(x)."""
        self._fits(tuple(x.shape))
        return ops.where(raw(x) > 0, x, ops.multiply(self.alpha, x))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Unchanged."""
        if self.built:
            self._fits(input_shape)
        return input_shape

    def _fits(self, shape: tuple) -> None:
        lengths = self.alpha.shape
        self.needs(
            len(shape) == len(lengths) + 1
            and all(k in (1, n) or n is None for k, n in zip(lengths, shape[1:], strict=True)),
            "the input has not the lengths that the layer was built for",
            f"(batch, {', '.join(map(str, lengths))}), any where it is 1",
            tuple(shape),
        )
