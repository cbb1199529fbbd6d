"""Rows of the normalization layers; the formulas are those of the operations' table."""

from __future__ import annotations

from layer_row import LayerRow
from table_normalization import batch, batch_training, dims_of, group, layer, local, rms, unit


def shaped(flat, size):
    """A flat list in nested lists of these lengths."""
    if len(size) == 1:
        return flat[: size[0]]
    step = len(flat) // size[0]
    return [shaped(flat[k * step : (k + 1) * step], size[1:]) for k in range(size[0])]


def while_training(axis=-1, epsilon=1e-3):
    """By the statistics of the batch; the running ones make no difference."""

    def of(x, gamma, beta, moving_mean, moving_variance):
        size = dims_of(x)
        y = batch_training(x, gamma, beta, axis=axis, epsilon=epsilon)
        count = len(y) - 2 * size[axis]
        return shaped(y[:count], size)

    return of


def predicting(axis=-1, epsilon=1e-3):
    return lambda x, gamma, beta, mean, variance: batch(
        x, mean, variance, beta, gamma, axis, epsilon
    )


LAYERS = [
    LayerRow("LayerNormalization", lambda x, gamma, beta: layer(x, gamma, beta, epsilon=1e-3)),
    LayerRow(
        "LayerNormalization",
        lambda x, gamma: layer(x, gamma, axis=(1, 2), epsilon=0.25),
        kwargs={"axis": [1, -1], "epsilon": 0.25, "center": False},
        shape=(2, 3, 4),
        tag="two axes, no offset",
    ),
    LayerRow(
        "LayerNormalization",
        lambda x, beta: layer(x, None, beta, axis=1, epsilon=1e-3),
        kwargs={"axis": 1, "scale": False, "beta_initializer": "ones", "beta_regularizer": "l2"},
        shape=(2, 3, 4),
        tag="axis, no scale",
    ),
    LayerRow("BatchNormalization", predicting(), positive=True),
    LayerRow("BatchNormalization", while_training(), positive=True, training=True, tag="training"),
    LayerRow(
        "BatchNormalization",
        while_training(1, 0.25),
        kwargs={"axis": 1, "epsilon": 0.25, "momentum": 0.5},
        shape=(3, 4, 2),
        positive=True,
        training=True,
        tag="axis",
    ),
    LayerRow(
        "BatchNormalization",
        lambda x, mean, variance: batch(x, mean, variance, [0] * 4, [1] * 4),
        kwargs={"center": False, "scale": False, "moving_mean_initializer": "ones"},
        shape=(2, 3, 4),
        positive=True,
        tag="no parameters",
    ),
    LayerRow(
        "GroupNormalization",
        lambda x, gamma, beta: group(x, gamma, beta, 2, epsilon=1e-3),
        (2,),
        shape=(2, 3, 4),
    ),
    LayerRow(
        "GroupNormalization",
        lambda x, gamma, beta: group(x, gamma, beta, 4, 1, 0.25),
        (-1, 1),
        {"epsilon": 0.25},
        shape=(2, 4, 3),
        tag="a group a channel",
    ),
    LayerRow("RMSNormalization", lambda x, scale: rms(x, scale, epsilon=1e-6)),
    LayerRow(
        "RMSNormalization",
        lambda x, scale: rms(x, scale, 1, 0.25),
        kwargs={"axis": 1, "epsilon": 0.25},
        shape=(2, 4, 3),
        tag="axis",
    ),
    LayerRow("UnitNormalization", lambda x: unit(x, epsilon=1e-12)),
    LayerRow(
        "LocalResponseNormalization",
        lambda x: local(x, 1, 2.0, 0.5, 0.75),
        (1, 2.0, 0.5, 0.75),
        shape=(3, 6),
    ),
]
