"""The numbers of the errata of deck 004: what the deck's words give, and what is right."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..chain import record
from ..layers import Dropout
from ..losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    MeanBiasError,
    MeanSquaredError,
)
from ..schedules import ExponentialDecay
from .errata_001 import adadelta_way
from .errata_pairs import Pairs, plain
from .examples import example

__all__ = ["NUMBERS"]


def _outputs() -> tuple[np.ndarray, np.ndarray]:
    """Targets and outputs of the worked example."""
    e = example("004")
    return e.y, e.model().predict(e.x, verbose=0, engine="numpy")


def _e30() -> Pairs:
    gate = example("004-and")

    def outputs(**how: float) -> Any:
        return plain(gate.model(**how).predict(gate.x, verbose=0, engine="numpy")[:, 0])

    return [(outputs(threshold=0.0), outputs())]


def _e31() -> Pairs:
    q = example("004").quantities()
    swap = q["b2"] - q["b1"]
    return [(q["net_h2"] + swap, q["net_h2"]), (q["net_o1"] - swap, q["net_o1"])]


def _e32() -> Pairs:
    w = np.array([2.0, -5.0])
    return [(plain(ops.max(w)), plain(w[int(ops.argmax(ops.abs(w)))]))]


def _e33() -> Pairs:
    t, y = _outputs()
    return [
        (plain(ops.sqrt(ops.sum(ops.square(t - y)))), plain(ops.sqrt(MeanSquaredError()(t, y)))),
    ]


def _e34() -> Pairs:
    t, p = np.array([[1.0, 0.0]]), np.array([[0.9, 0.1]])
    again = CategoricalCrossentropy(from_logits=True)(t, p)
    return [(plain(again), plain(BinaryCrossentropy()(t, p)))]


def _e36() -> Pairs:
    with record() as tape:
        x = tape.watch(np.array(3.0))
        ops.add(ops.multiply(2.0, x), 1.0)
    made = [call for call in tape.calls if call.operation is not None]
    return [(None, len(made)), (None, sum(len(call.results) for call in made))]


def _e37() -> Pairs:
    examples, chunks = 50_000, 500
    return [(500, examples // chunks), (100, chunks)]


def _e38() -> Pairs:
    x, w = np.array([[1.0, 1.0]]), np.array([[2.0], [-5.0]])

    def pair(b: float) -> tuple[float, float]:
        theirs = ops.sum(ops.multiply(x, w) + b)
        return plain(theirs), plain((ops.matmul(x, w) + b)[0, 0])

    return [pair(0.0), pair(1.0), pair(2.0)]


def _e39() -> Pairs:
    loss, t = CategoricalCrossentropy(from_logits=True), np.eye(10)[:1]
    sigmoids = t  # the best that sigmoids can tend to: 1 for the class, 0 for the others
    logits = 1000.0 * t
    schedule = ExponentialDecay(0.1, decay_steps=100, decay_rate=0.5)
    dropout = Dropout(0.6)
    return [
        (plain(loss(t, sigmoids)), plain(loss(t, logits))),
        (plain(schedule(0.0)), plain(schedule(1000.0))),
        (0.6, 1.0 - dropout.rate),
    ]


def _e45() -> Pairs:
    def pair(prediction: float) -> tuple[float, float]:
        t, y = np.array([[1.0]]), np.array([[prediction]])
        return plain(MeanBiasError()(t, y)), plain(MeanSquaredError()(t, y))

    return [pair(1.0), pair(10.0)]


def _e46() -> Pairs:
    t, y = _outputs()
    return [(example("004").quantities()["J"], plain(MeanSquaredError()(t, y)) / 2)]


def _e47() -> Pairs:
    e = example("004-neuron")
    q, w0 = e.quantities(), plain(e.model().layers[-1].kernel)[0][0]
    without_b = [z - w0 * b for z, b in ((q["z (b = 1)"], 1.0), (q["z (b = 0)"], 0.0))]
    return [(without_b[0] + w0, q["z (b = 1)"]), (without_b[1] + w0, q["z (b = 0)"])]


def _e48() -> Pairs:
    both = ops.relu(-1.0) + ops.relu(1.0)
    return [(None, plain(ops.sigmoid(10.0))), (plain(ops.relu(0.0)), plain(both))]


def _e51() -> Pairs:
    e = example("004")
    q, model = e.quantities(), e.model()
    with record() as tape:
        loss = e.loss(e.y, model(e.x))
    tape.gradients(loss, model.trainable_variables)
    return [(q["new w5"], e.parameters(model)["w5"])]


def _e53() -> Pairs:
    return [(adadelta_way(0.01), adadelta_way(1.0))]


NUMBERS = {
    "E30": _e30, "E31": _e31, "E32": _e32, "E33": _e33, "E34": _e34, "E36": _e36, "E37": _e37,
    "E38": _e38, "E39": _e39, "E45": _e45, "E46": _e46, "E47": _e47, "E48": _e48, "E51": _e51,
    "E53": _e53,
}  # fmt: skip
