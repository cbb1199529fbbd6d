"""Changes that once passed the whole suite, each made on purpose to see its test here fail.

The comment above each test is the change. Public behaviour only, so that internals may move.
"""

from __future__ import annotations

import copy
import sys
import threading

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops, rng
from chainrule.errors import NonFiniteError
from chainrule.layers import Dense, Layer

ENGINES = ("numpy", "xla")
on_both = pytest.mark.parametrize("engine", ENGINES)


def one_weight(**kwargs):
    return Dense(1, use_bias=False, kernel_initializer="ones", **kwargs)


def line(optimizer, loss):
    model = cr.Sequential([cr.Input((1,)), one_weight()])
    model.compile(optimizer, loss)
    return model


def slope(y_true, y_pred):
    """A loss whose gradient by the weight is the mean of x, and which is x·w."""
    return ops.mean(y_pred, axis=-1)


OPTIMIZERS = {
    name: kind
    for name, kind in vars(cr.optimizers).items()
    if isinstance(kind, type) and issubclass(kind, cr.optimizers.Optimizer)
    if kind is not cr.optimizers.Optimizer and kind.elementwise
}


# the last block of a large update skipped: `range(0, g.size - _BLOCK, _BLOCK)`
@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
@pytest.mark.parametrize("size", [1 << 15, (1 << 15) + 1, 100_003])
def test_a_large_update_is_that_of_its_parts(name, size):
    """Every number of a weight is updated by itself, so its end, as a weight alone, moves alike."""
    draw = np.random.default_rng(0)
    w = draw.normal(size=size).astype("float32")
    steps = [draw.normal(size=size).astype("float32") for _ in range(3)]
    large, small = OPTIMIZERS[name](), OPTIMIZERS[name]()
    one, end = cr.Variable(w), cr.Variable(w[-9:])
    for g in steps:
        large.apply([g], [one])
        small.apply([g[-9:]], [end])
    assert (end.numpy() != w[-9:]).any()
    np.testing.assert_allclose(one.numpy()[-9:], end.numpy(), rtol=1e-6)
    for whole, part in zip(large.variables, small.variables, strict=True):
        if whole.shape == (size,):  # a slot
            np.testing.assert_allclose(whole.numpy()[-9:], part.numpy(), rtol=1e-6)


# `clipnorm` lengthening short gradients: `longest / norm`
@on_both
@pytest.mark.parametrize("limit", ["clipnorm", "global_clipnorm", "clipvalue"])
@pytest.mark.parametrize(("gradient", "longest", "taken"), [(0.25, 4.0, 0.25), (8.0, 4.0, 4.0)])
def test_short_gradients_are_left_alone_by_clipping(engine, limit, gradient, longest, taken):
    model = line(cr.optimizers.SGD(1.0, **{limit: longest}), slope)
    x = np.full((4, 1), gradient, "float32")
    model.fit(x, x, verbose=0, engine=engine)
    assert model.get_weights()[0] == pytest.approx(1 - taken, rel=1e-6)


# a predictor with stale weights: values on the device never compared with those given
@on_both
@pytest.mark.parametrize("how", ["set_weights", "assign", "train_on_batch", "fit", "load_weights"])
def test_predict_sees_every_change_of_the_weights(engine, how, tmp_path):
    x = np.ones((4, 1), "float32")
    model, other = (line(cr.optimizers.SGD(2.0), slope) for _ in range(2))
    other.set_weights([[[-1.0]]])
    ways = {  # all end at w = −1
        "set_weights": lambda: model.set_weights([[[-1.0]]]),
        "assign": lambda: model.layers[0].kernel.assign([[-1.0]]),
        "train_on_batch": lambda: model.train_on_batch(x, x, engine=engine),
        "fit": lambda: model.fit(x, x, verbose=0, engine=engine),
        "load_weights": lambda: model.load_weights(other.save_weights(tmp_path / "w.safetensors")),
    }
    assert model.predict(x, engine=engine).tolist() == [[1.0]] * 4
    ways[how]()
    assert model.predict(x, engine=engine).tolist() == [[-1.0]] * 4
    model.set_weights([[[3.0]]])
    assert model.predict(x, engine=engine).tolist() == [[3.0]] * 4


# `cr.compile` blind to a changed structure: a program kept although a layer was frozen
@on_both
def test_a_compiled_step_sees_what_was_frozen_or_set(engine):
    class Scale(Layer):
        def __init__(self, factor):
            super().__init__()
            self.factor = factor

        def call(self, x):
            return x * self.factor

    scale = Scale(1.0)
    model = cr.Sequential([cr.Input((1,)), one_weight(), scale, one_weight()])
    optimizer = cr.optimizers.SGD(1.0)

    def step(x):
        with cr.record() as tape:
            loss = ops.mean(model(x))
        weights = model.trainable_variables
        optimizer.apply(tape.gradients(loss, weights), weights)
        return loss

    step, x = cr.compile(step, engine=engine), np.ones((2, 1), "float32")
    model.layers[2].trainable = False
    assert float(step(x)) == 1.0
    first, last = (float(w[0, 0]) for w in model.get_weights())
    assert (first, last) == (0.0, 1.0)
    model.layers[0].trainable, model.layers[2].trainable = False, True
    model.set_weights([[[2.0]], [[1.0]]])
    assert float(step(x)) == 2.0
    assert [float(w[0, 0]) for w in model.get_weights()] == [2.0, -1.0]
    scale.factor = 10.0
    assert float(step(x)) == -20.0


# a class missing from `class_weight` weighing 0: `table.get(k, 0.0)`
@on_both
def test_a_class_without_a_weight_weighs_one(engine):
    model = line(cr.optimizers.SGD(1e-9), "mse")
    x, y = np.zeros((4, 1)), np.array([0, 1, 2, 2])
    history = model.fit(x, y, class_weight={2: 5.0}, verbose=0, engine=engine)
    assert history.history["loss"] == pytest.approx([(0 + 1 + 5 * 4 + 5 * 4) / 4])


# `deepcopy` losing `trainable=False`
def test_a_copy_of_something_frozen_is_frozen():
    fixed = cr.Variable([1.0], trainable=False)
    assert not copy.deepcopy(fixed).trainable
    assert copy.deepcopy(cr.Variable([1.0])).trainable

    class Fixed(Layer):
        def build(self, input_shape):
            self.w = self.add_weight("w", (1,), "ones", trainable=False)

        def call(self, x):
            return x * self.w

    model = cr.Sequential([cr.Input((1,)), Fixed(), one_weight(), one_weight(trainable=False)])
    model.compile(cr.optimizers.SGD(1.0), slope)
    twin = copy.deepcopy(model)
    assert [v.name for v in twin.trainable_variables] == ["kernel"]
    twin.fit(np.ones((2, 1)), np.ones((2, 1)), verbose=0, engine="numpy")
    assert [float(np.ravel(w)[0]) for w in twin.get_weights()] == [1.0, 0.0, 1.0]
    assert [float(np.ravel(w)[0]) for w in model.get_weights()] == [1.0, 1.0, 1.0]


class Spoiled(cr.optimizers.Optimizer):
    """Its weights stay finite; from the third step on its memory is NaN."""

    slot_names = ("memory",)

    def update(self, w, g, memory, *, rate, t):
        return w - rate * g, ops.sqrt(0 * memory + 2 - t)


# NaN in slots unwatched on XLA: only weights looked at after the program
def test_a_slot_that_is_not_finite_stops_training():
    model = line(Spoiled(0.001), slope)
    x = np.ones((5, 1), "float32")
    with pytest.raises(NonFiniteError):
        model.fit(x, x, batch_size=1, epochs=2, verbose=0, engine="xla")
    assert int(model.optimizer.iterations) <= 5
    assert all(np.isfinite(v.numpy()).all() for v in model.optimizer.variables)


# `BinaryAccuracy` with ≥
@on_both
@pytest.mark.parametrize("threshold", [0.5, 0.25])
def test_a_prediction_at_the_threshold_is_not_above_it(engine, threshold):
    model = cr.Sequential([cr.Input((1,)), cr.layers.Activation("linear"), one_weight()])
    metric = cr.metrics.BinaryAccuracy(name="right", threshold=threshold)
    model.compile("sgd", "mse", metrics=[metric])
    x = np.full((4, 1), threshold, "float32")
    y = np.array([0, 0, 0, 1])
    logs = model.evaluate(x, y, return_dict=True, verbose=0, engine=engine)
    assert logs["right"] == 0.75


# `rng.next_key` without its lock
def test_threads_never_draw_one_key_twice():
    """Before each line of a draw another thread draws, or finds that it must wait."""
    keys, others = [], []

    def draw():
        keys.append(tuple(rng.next_key().tolist()))

    def between(frame, event, arg):
        if event == "line" and frame.f_code is rng.next_key.__code__:
            others.append(threading.Thread(target=draw, daemon=True))
            others[-1].start()
            others[-1].join(0.1)
        return between

    def watched():
        sys.settrace(between)  # of this thread alone
        draw()
        sys.settrace(None)

    first = threading.Thread(target=watched, daemon=True)
    first.start()
    first.join(30)
    for t in others:
        t.join(30)
    assert len(others) > 1
    assert len(set(keys)) == len(keys) == len(others) + 1


# the same shuffle each epoch: the order drawn from the key alone, without the epoch
@on_both
def test_each_epoch_has_an_order_of_its_own(engine):
    rows, epochs, orders = 8, 4, []
    x = np.arange(1, rows + 1, dtype="float32")[:, None]

    class Order(cr.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            orders.append([])
            self.total = 0.0

        def on_train_batch_end(self, batch, logs=None):  # the figure so far is a running mean
            total = logs["loss"] * (batch + 1)
            orders[-1].append(round(total - self.total))
            self.total = total

    model = line(cr.optimizers.SGD(1e-12), slope)
    model.fit(x, x, batch_size=1, epochs=epochs, callbacks=[Order()], verbose=0, engine=engine)
    assert [sorted(order) for order in orders] == [list(range(1, rows + 1))] * epochs
    assert len(set(map(tuple, orders))) == epochs
    assert list(range(1, rows + 1)) not in orders


# whole targets as int32 beyond its ends: `array.min() >= -(2**32)`
@pytest.mark.parametrize("value", [-(2**31), 2**31 - 1, -(2**31) - 1, 2**31, -(2**40)])
def test_whole_targets_of_any_size(value):
    x, y = np.full((2, 1), 1e9), np.full((2, 1), value)
    loss = line("sgd", "mae").evaluate(x, y, verbose=0, engine="numpy")
    assert loss == pytest.approx(abs(value - 1e9), rel=1e-6)


# rows that need not add up to 1 made to: `whole and array.ndim > 1 or array.shape[-1] > 1`
def test_several_labels_at_once_are_no_distribution():
    model = cr.Sequential([cr.Input((1,)), Dense(2, "sigmoid", kernel_initializer="zeros")])
    model.compile("sgd", "binary_crossentropy")
    y = np.array([[1, 1], [0, 0], [1, 0.5]])
    loss = model.evaluate(np.ones((3, 1)), y, verbose=0, engine="numpy")
    assert loss == pytest.approx(np.log(2))
