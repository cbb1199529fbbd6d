"""The numbers of the errata of decks 000 and 003: what the deck's words give, and what is right."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..errors import ChainruleError
from ..layers import Dense, Input
from ..losses import HalfSquaredError, MeanSquaredError
from ..models import Sequential
from .errata_pairs import Pairs, plain, slope
from .examples import example

__all__ = ["NUMBERS"]


def _e1() -> Pairs:
    pairs: Pairs = [(plain(ops.sign(x)), plain(ops.step(x))) for x in (-2.0, 0.0, 3.0)]
    return [*pairs, (None, slope(ops.step, 3.0))]


def _e2() -> Pairs:
    return [
        (1.0, plain(ops.tanh(5.0))),
        (-1.0, plain(ops.tanh(-5.0))),
        (0.0, plain(ops.sigmoid(-20.0))),
    ]


def _e3() -> Pairs:
    x = np.array([[0.2, 0.1], [0.2, 0.3], [0.2, 0.1], [0.3, 0.4], [0.2, 0.1]])
    y = np.array([[1.0], [0.0], [1.0], [0.0]])
    model = Sequential([Input((2,)), Dense(1, "sigmoid")])
    model.compile("sgd", "binary_crossentropy")
    try:
        model.fit(x, y, verbose=0, engine="numpy")
        said = "nothing"
    except ChainruleError as error:
        said = error.problem
    return [(len(y), len(x)), (len(x), len(np.unique(x, axis=0))), (None, said)]


def _e4() -> Pairs:
    q, slips = example("001").quantities(), example("001").figures()
    model = Sequential([Input((1,)), Dense(1), Dense(1)])
    model.compile("sgd", "mse")
    biases = tuple(float(layer.bias.numpy()[0]) for layer in model.layers[-2:])
    rows, batch = 1000, 64
    model.fit(np.zeros((rows, 1)), np.zeros((rows, 1)), batch_size=batch, verbose=0, engine="numpy")
    return [
        (slips["∂E/∂w1 if the updated w2 is used"], q["∂E/∂w1"]),
        (rows / batch, int(model.optimizer.iterations.numpy())),
        ("random", biases),
    ]


def _e27() -> Pairs:
    y, a = [[0.0, 1.0, 0.0, 0.0]], [[0.1, 0.9, 0.2, 0.3]]
    neuron = Sequential([Input((2,)), Dense(1, dtype="float64")])
    neuron.set_weights([[[1.0], [2.0]], [0.5]])
    x = np.ones((1, 2))
    without = ops.matmul(x, neuron.layers[-1].kernel.numpy())
    return [
        (2 * plain(HalfSquaredError()(y, a)), plain(MeanSquaredError()(y, a))),
        (plain(without[0, 0]), plain(neuron.predict(x, verbose=0, engine="numpy")[0, 0])),
    ]


def _e29() -> Pairs:
    def pair(outputs: list[float]) -> tuple[Any, Any]:
        largest = ops.one_hot(ops.argmax(np.array(outputs)), len(outputs))
        return plain(ops.step(np.array(outputs), 0.5)), plain(largest)

    return [pair([0.6, 0.7, 0.2, 0.1]), pair([0.4, 0.3, 0.2, 0.1])]


NUMBERS = {"E1": _e1, "E2": _e2, "E3": _e3, "E4": _e4, "E27": _e27, "E29": _e29}
