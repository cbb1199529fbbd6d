"""The numbers of the errata of deck 002: what the deck's words give, and what is right."""

from __future__ import annotations

import math

import numpy as np

from .. import ops
from ..chain import record
from ..layers import Conv2D, Dense, Input, SimpleRNN
from ..models import Sequential
from ..operators import raw
from ..optimizers import SGD
from .errata_pairs import Pairs, plain
from .examples import example

__all__ = ["NUMBERS"]


def _e20() -> Pairs:
    e, q = example("002"), example("002").quantities()
    model = e.model()
    model.compile(SGD(1.0), e.loss)
    model.fit(e.x, e.y, verbose=0, engine="numpy")
    return [
        (e.parameters(model)["w5"], q["new w5"]),
        (e.error(model), q["next Error"]),
    ]


def _e21() -> Pairs:
    q = example("002").quantities()
    return [(q["Error"] * q["h2"], q["∂Error/∂w6"])]


def _e22() -> Pairs:
    a, b = np.array([[1, 2, 3], [4, 5, 6]]), np.array([[7, 8], [9, 10], [11, 12]])
    return [(((58,),), plain(ops.matmul(a, b)))]


def _e24() -> Pairs:
    e = example("002")
    model = e.model()
    first, second = model.get_weights()
    one = Sequential([Input((2,)), Dense(1, use_bias=False, dtype="float64")])
    one.set_weights([ops.matmul(first, second)])
    (w1,), (w2,) = plain(one.layers[-1].kernel)
    both = [plain(m.predict(e.x, verbose=0, engine="numpy")[0, 0]) for m in (model, one)]
    return [(both[0], both[1]), (None, w1), (None, w2)]


def _e25() -> Pairs:
    layer = SimpleRNN(1, dtype="float64")
    x = np.ones((1, 5, 1))
    layer(x)
    layer.set_weights([[[0.5]], [[0.5]], [0.0]])
    with record() as tape:
        steps = tape.watch(x)
        last = ops.sum(layer(steps))
    (d_x,) = tape.gradients(last, [steps])
    return [(0.0, plain(raw(d_x)[0, 0, 0]))]


def _e26() -> Pairs:
    side, window, stride = 224, 11, 4
    first = Conv2D(96, window, strides=stride)
    shape = first.compute_output_shape((None, 227, 227, 3))
    return [(253_440, math.prod(shape[1:])), (55, (side - window) / stride + 1)]


def _e43() -> Pairs:
    x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = np.array([[0.0], [1.0], [1.0], [0.0]])
    model = Sequential([Input((2,)), Dense(1, kernel_initializer="zeros", dtype="float64")])
    model.compile(SGD(0.3), "mse")
    model.fit(x, y, batch_size=4, epochs=200, verbose=0, engine="numpy")
    left = model.predict(x, verbose=0, engine="numpy") - y
    return [(None, plain(ops.mean(ops.square(left))))]


NUMBERS = {
    "E20": _e20, "E21": _e21, "E22": _e22, "E24": _e24, "E25": _e25, "E26": _e26, "E43": _e43,
}  # fmt: skip
