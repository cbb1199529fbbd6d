"""A stack of linear layers is one linear layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ArgumentError, NotBuiltError
from ...layers.core import Activation
from ...layers.dense import Dense
from ...layers.dropout import Dropout
from ...layers.input import Input
from ...layers.reshaping import Identity
from ...ops import linear
from ..sequential import Sequential

__all__ = ["collapse"]


def collapse(model: Any) -> Sequential:
    """One Dense layer with the outputs of a whole stack without activations.

        (x·W₁ + b₁)·W₂ + b₂ = x·(W₁W₂) + (b₁W₂ + b₂)

    which is why a network needs something that is not linear between its layers (decks 002, 003,
    004). Dropout and Identity layers fall away, as they do when the model predicts.

    Args:
        model: a Sequential of Dense layers without activations, built.

    Returns:
        A Sequential with one Dense layer, in the type of the model's last one.

    Raises:
        ArgumentError: a layer that is not linear; names it.
        NotBuiltError: the model has no weights yet.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(3), cr.layers.Dense(1)])
        >>> one, x = cr.models.collapse(model), np.array([[1.0, 2.0]])
        >>> one.layers[0].kernel.shape, np.allclose(model.predict(x), one.predict(x), atol=1e-6)
        ((2, 1), True)
    """
    if not isinstance(model, Sequential):
        raise ArgumentError(
            "only a stack can be collapsed", where="collapse", expected="a Sequential",
            received=type(model).__name__,
        )  # fmt: skip
    if not model.built:
        raise NotBuiltError(
            "the model has no weights yet", where=model.name,
            fix="start with Input(shape), or call it on data",
        )  # fmt: skip
    size = model.layers[0].kernel.shape[0] if isinstance(model.layers[0], Dense) else None
    if size is None:
        size = model.input_shape[-1]
    kernel, bias, biased, kind = np.eye(size), np.zeros(size), False, None
    for layer in model.layers:
        _need_linear(layer)
        if isinstance(layer, Dense):
            w = layer.kernel.numpy().astype(np.float64)
            kernel, bias, kind = kernel @ w, bias @ w, layer.dtype
            if layer.bias is not None:
                bias, biased = bias + layer.bias.numpy(), True
    if kind is None:
        raise ArgumentError(
            "there is no Dense layer to collapse", where=model.name, expected="Dense layers"
        )
    dense = Dense(kernel.shape[1], use_bias=biased, dtype=kind, name="collapsed")
    made = Sequential([Input((int(size),)), dense])
    made.set_weights([kernel, bias] if biased else [kernel])
    return made


def _need_linear(layer: Any) -> None:
    """Raise for a layer that is no product with a matrix."""
    plain = isinstance(layer, Dense | Activation) and layer.activation is linear
    if not plain and not isinstance(layer, Dropout | Identity):
        function = getattr(getattr(layer, "activation", None), "__name__", type(layer).__name__)
        raise ArgumentError(
            "a layer is not linear, so the stack is no single matrix",
            where=layer.where,
            expected="Dense layers without activations",
            received=function,
        )
