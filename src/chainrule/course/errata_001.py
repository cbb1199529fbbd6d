"""The numbers of the errata of deck 001: what the deck's words give, and what is right."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..callbacks import EarlyStopping, ModelCheckpoint, ReduceLROnPlateau
from ..derivatives import value_and_grad
from ..layers import Activation, Dense, Input, LeakyReLU
from ..losses import (
    BinaryCrossentropy,
    HalfSquaredError,
    MeanSquaredError,
    categorical_crossentropy,
)
from ..models import Sequential
from ..optimizers import (
    SGD,
    Adadelta,
    Adam,
    MovingAverageMomentum,
    Optimizer,
    RMSprop,
    RMSpropOutside,
)
from ..regularizers import L1, L2
from ..rng import key, permutation
from ..variable import Variable
from .errata_pairs import Pairs, plain, slope
from .examples import example

__all__ = ["NUMBERS"]

_DECK_EPOCHS, _LR_PATIENCE, _STOP_PATIENCE = 20, 200, 600  # as the listing prints them


def after(optimizer: Optimizer, gradients: Any, start: float = 0.0, **about: Any) -> float:
    """A weight after these gradients."""
    w = Variable(np.array(start), name="w", dtype="float64", **about)
    for g in gradients:
        optimizer.apply([np.array(float(g))], [w])
    return float(w.numpy())


def _e6() -> Pairs:
    model, e = example("001").model(), example("001")
    a2 = model.predict(e.x, verbose=0, engine="numpy")[0, 0]
    for layer in model.layers:
        if layer.weights:
            layer.bias.assign(np.zeros(1))
    return [(plain(model.predict(e.x, verbose=0, engine="numpy")[0, 0]), plain(a2))]


def _e7() -> Pairs:
    t, y = np.zeros((1, 2)), np.array([[3.0, 4.0]])
    return [(plain(ops.sqrt(ops.sum(ops.square(y - t)))), plain(MeanSquaredError()(t, y)))]


def _e8() -> Pairs:
    one = ops.one_hot(np.array([0]), 3, dtype="float64")
    several = one + ops.one_hot(np.array([2]), 3, dtype="float64")
    y, loss = np.array([[0.9, 0.2, 0.8]]), BinaryCrossentropy()
    return [
        (plain(one[0]), plain(several[0])),
        (plain(loss(one, y)), plain(loss(several, y))),
    ]


def _e9() -> Pairs:
    z, t = np.array([[1.6, 0.55, 0.98]]), np.array([[1.0, 0.0, 0.0]])

    def deck(z: Any) -> Any:
        y = ops.softmax(z)
        return -ops.sum(t * ops.log(y) + (1.0 - t) * ops.log(1.0 - y))

    def right(z: Any) -> Any:
        return ops.sum(categorical_crossentropy(t, z, from_logits=True))

    (theirs, d_theirs), (ours, d_ours) = value_and_grad(deck)(z), value_and_grad(right)(z)
    gradients = zip(plain(d_theirs[0]), plain(d_ours[0]), strict=True)
    return [(plain(theirs), plain(ours)), *gradients]


def _e10() -> Pairs:
    x = np.array([[1.0], [2.0], [3.0], [4.0]])

    def gradient(reduction: str) -> float:
        loss = HalfSquaredError(reduction)
        of_beta = value_and_grad(lambda b: loss(2 * x, b[0] + b[1] * x))
        return plain(of_beta(np.zeros(2))[1][1])

    return [
        (gradient("sum"), gradient("mean")),
        (len(np.unique(np.zeros(4))), len(np.unique(permutation(key(0), len(x))))),
    ]


def _e11() -> Pairs:
    def classical() -> Optimizer:
        return SGD(0.01, momentum=0.9)

    def average() -> Optimizer:
        return MovingAverageMomentum(0.01, 0.9)

    def way(make: Any) -> float:
        return (after(make(), [1.0] * 199) - after(make(), [1.0] * 200)) / 0.01

    five = [1.0] * 5
    return [(after(average(), five), after(classical(), five)), (way(average), way(classical))]


def _e12() -> Pairs:
    def pair(g: float) -> tuple[float, float]:
        return -after(RMSpropOutside(1.0, 0.9, 1e-6), [g]), -after(RMSprop(1.0, 0.9), [g])

    return [pair(1.0), pair(1e-6)]


def _e13() -> Pairs:
    g, usual = (1.0, 10.0, 1.0), Adam()
    rate = float(usual.learning_rate)
    return [
        (after(Adam(rate, beta_2=0.9, epsilon=0.0), g), after(Adam(rate), g)),
        (None, after(_KingmaAndBa(rate), g)),
        (0.0001, rate),
        (0.0, usual.epsilon),
    ]


class _KingmaAndBa(Adam):
    """Algorithm 1 of the paper: ε beside √v̂."""

    def update(self, w: Any, g: Any, m: Any, v: Any, *, rate: Any, t: Any) -> Any:
        """One step."""
        m = self.beta_1 * m + (1 - self.beta_1) * g
        v = self.beta_2 * v + (1 - self.beta_2) * (g * g)
        first, second = m / (1 - self.beta_1**t), v / (1 - self.beta_2**t)
        return w - rate * first / (ops.sqrt(second) + self.epsilon), m, v


def _e14() -> Pairs:
    return [
        ("not negative", example("004").quantities()["∂J/∂w7"]),
        (None, slope(ops.sigmoid, 0.0)),
    ]


def _e15() -> Pairs:
    q, model = example("001").quantities(), example("001").model()
    dense = [layer for layer in model.layers if layer.weights]
    return [
        (2, len(dense) - 1),
        (q["∂E/∂w2"] / q["∂E/∂w1"], q["∂E/∂z2"] / q["∂E/∂z1"]),
        (None, q["a1"] / q["x1"]),
    ]


def _e16() -> Pairs:
    return [(float(row.printed), row.ours) for row in example("001-softmax").compare()]


def _e17() -> Pairs:
    return [
        ("not 0", slope(ops.relu, -1.0)),
        (0.1, float(LeakyReLU().negative_slope)),
        (0.1, -plain(ops.leaky_relu(-1.0))),
    ]


def _e18() -> Pairs:
    def step(make: Any, penalty: Any = None, decay: float | None = None) -> float:
        """A weight of 2 after one step in which nothing but the penalty or the decay acts."""
        g = 0.0 if penalty is None else slope(penalty, 2.0)
        return after(make(0.1, weight_decay=decay), [g], start=2.0)

    return [
        (step(SGD, L2(0.05)), step(SGD, decay=0.1)),
        (step(SGD, L1(0.1)), step(SGD, decay=0.1)),
        (step(Adam, L2(0.05)), step(Adam, decay=0.1)),
    ]


def _e19() -> Pairs:
    def acts(callback: Any, acted: Any) -> int:
        """The first epoch after which it acts, with a validation loss that never improves."""
        model = Sequential([Input((1,)), Dense(1)])
        model.compile(Adam(), "mse")
        callback.set_model(model)
        callback.on_train_begin()
        epoch, before = 0, float(model.optimizer.learning_rate)
        while not acted(model, before):
            callback.on_epoch_end(epoch, {"val_loss": 1.0})
            epoch += 1
        return epoch

    slower = ReduceLROnPlateau(monitor="val_loss", patience=_LR_PATIENCE, factor=0.75)
    stopping = EarlyStopping(patience=_STOP_PATIENCE)
    keeps = "best" if ModelCheckpoint("model.safetensors").save_best_only else "last"
    return [
        (_DECK_EPOCHS, acts(slower, lambda m, rate: float(m.optimizer.learning_rate) < rate)),
        (_DECK_EPOCHS, acts(stopping, lambda m, rate: bool(m.stop_training))),
        ("best", keeps),
    ]


def _e50() -> Pairs:
    line = "x = pd.DataFrame(iris.data, columns = ['Sepal Length', 'Sepal Width',"
    try:
        compile(line, "slide", "exec")
        said = "nothing"
    except SyntaxError as error:
        said = f"SyntaxError: {error.msg}"
    return [(None, said)]


def _e54() -> Pairs:
    tanh = Activation("tanh", dtype="float64")
    return [
        (0.0, plain(tanh(np.array([[-2.0]]))[0, 0])),
        ("small", slope(ops.tanh, 0.0)),
        ("small", slope(ops.tanh, 5.0)),
    ]


def adadelta_way(rate: float) -> float:
    """How far a weight goes in 5 steps at gradient 1."""
    return -after(Adadelta(learning_rate=rate), [1.0] * 5)


NUMBERS = {
    "E6": _e6, "E7": _e7, "E8": _e8, "E9": _e9, "E10": _e10, "E11": _e11, "E12": _e12,
    "E13": _e13, "E14": _e14, "E15": _e15, "E16": _e16, "E17": _e17, "E18": _e18, "E19": _e19,
    "E50": _e50, "E54": _e54,
}  # fmt: skip
