"""Rows of the convolution layers: the loops of table_convolve.py, the bias added, the activation."""

from __future__ import annotations

from typing import Any

import mpmath as mp

from layer_row import LayerRow
from row import at, dims_of, grid
from table_convolve import conv, depthwise, separable, transposed


def behind(ref: Any, activation: Any = lambda z: z, weights: int = 1, **kwargs: Any) -> Any:
    """activation(ref(x, kernels) + bias)."""

    def of(x: Any, *given: Any) -> Any:
        y = ref(x, *given[:weights], **kwargs)
        if len(given) == weights:
            return grid(dims_of(y), lambda *i: activation(at(y, i)))
        (bias,) = given[weights:]
        return grid(dims_of(y), lambda *i: activation(at(y, i) + bias[i[-1]]))

    return of


IMAGE = (2, 4, 5, 2)

LAYERS = [
    LayerRow(
        "Conv1D",
        behind(conv, mp.tanh, padding="causal", dilation_rate=2),
        (3, 2),
        {"padding": "causal", "dilation_rate": [2], "activation": "tanh"},
        (2, 5, 2),
        alias=("Convolution1D",),
    ),
    LayerRow("Conv2D", behind(conv), (3, 2), shape=IMAGE, alias=("Convolution2D",)),
    LayerRow(
        "Conv2D",
        behind(conv, mp.tanh, strides=2, padding="same"),
        (4, (3, 2), 2, "same"),
        {"groups": 2, "use_bias": False, "activation": "tanh"},
        IMAGE,
        tag="groups, strides, same",
    ),
    LayerRow(
        "Conv2D",
        behind(conv),
        (1, 3),
        {"kernel_regularizer": "l2", "bias_initializer": "ones", "kernel_initializer": "he_normal"},
        (1, 4, 4, 1),
        tag="parts by name",
    ),
    LayerRow(
        "Conv3D", behind(conv), (2, (1, 2, 2)), shape=(2, 2, 3, 3, 1), alias=("Convolution3D",)
    ),
    LayerRow(
        "DepthwiseConv1D",
        behind(depthwise, strides=2, padding="same"),
        (3, 2, "same", 2),
        shape=(2, 5, 2),
    ),
    LayerRow("DepthwiseConv2D", behind(depthwise, mp.tanh), (2,), {"activation": "tanh"}, IMAGE),
    LayerRow(
        "SeparableConv1D",
        behind(separable, weights=2, strides=2),
        (3, 2, 2),
        {"depth_multiplier": 2},
        (2, 4, 2),
        alias=("SeparableConvolution1D",),
    ),
    LayerRow(
        "SeparableConv2D",
        behind(separable, weights=2, padding="same"),
        (3, 2),
        {"padding": "same"},
        IMAGE,
        alias=("SeparableConvolution2D",),
    ),
    LayerRow(
        "Conv1DTranspose",
        behind(transposed((0,), (7,)), strides=2),
        (2, 3, 2),
        shape=(2, 3, 2),
        alias=("Convolution1DTranspose",),
    ),
    LayerRow(
        "Conv2DTranspose",
        behind(transposed((1, 1), (4, 6)), mp.tanh, strides=2),
        (2, 4, 2, "same"),
        {"activation": "tanh"},
        (2, 2, 3, 2),
        alias=("Convolution2DTranspose",),
    ),
    LayerRow(
        "Conv2DTranspose",
        behind(transposed((0, 0), (6, 8)), strides=2),
        (1, 3, 2),
        {"output_padding": [1, 1]},
        (1, 2, 3, 1),
        tag="output padding",
    ),
    LayerRow(
        "Conv3DTranspose",
        behind(transposed((0, 0, 0), (2, 3, 3))),
        (2, (1, 2, 2)),
        shape=(1, 2, 2, 2, 1),
        alias=("Convolution3DTranspose",),
    ),
]
