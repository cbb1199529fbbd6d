"""Found by reading and trying: training, through the public API alone, on both engines."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers
from chainrule.errors import DataError

on_both = pytest.mark.parametrize("engine", ["numpy", "xla"])

X = np.ones((4, 1), "float32")
Y = np.arange(4.0, dtype="float32")[:, None]


def line(loss="mse", optimizer=None, **compiled):
    """ŷ = x, not moved by training: the mean square of ŷ − Y on ones is 1.5."""
    model = cr.Sequential([cr.Input((1,)), layers.Dense(1, kernel_initializer="ones")])
    model.compile(optimizer or cr.optimizers.SGD(0.0), loss, **compiled)
    return model


@on_both
@pytest.mark.filterwarnings("ignore:.*ran out of data")
def test_validation_without_a_batch_is_no_figure(engine):
    best = cr.callbacks.EarlyStopping(monitor="val_loss", patience=5)
    with pytest.raises(DataError, match="validation"):
        line().fit(
            X, Y, epochs=3, verbose=0, engine=engine, callbacks=[best],
            validation_data=iter([(X, Y)]),
        )  # fmt: skip
