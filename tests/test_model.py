"""Models: the grammar of Sequential, compile, fit and its callbacks, both engines, predict."""

from __future__ import annotations

import os
import threading

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops
from chainrule.errors import (
    ArgumentError,
    ChainruleError,
    NonFiniteError,
    ShapeError,
    StateError,
    UnknownNameError,
)
from chainrule.layers import Activation, Dense, Dropout, Linear, Sigmoid
from chainrule.layers.preparing import Preparing
from chainrule.models.edge import Edge
from chainrule.training import progress
from chainrule.training.engines import xla as engines

ENGINES = ("numpy", "xla")
on_both = pytest.mark.parametrize("engine", ENGINES)


def points(n=26, features=4, classes=3):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(n, features)).astype("float32")
    return x, rng.integers(0, classes, n)


def small(dropout=0.0, optimizer=None, metrics=("accuracy",), seed=2):
    cr.utils.set_random_seed(seed)
    stack = [cr.Input((4,)), Dense(6, "tanh"), Dense(3, "softmax")]
    if dropout:
        stack.insert(2, Dropout(dropout))
    model = cr.Sequential(stack)
    model.compile(
        optimizer or cr.optimizers.Adam(0.02), "sparse_categorical_crossentropy", metrics=metrics
    )
    return model


def line(optimizer=None, loss="mse"):
    """y = w·x with w = 1, whose loss and gradient are known by heart."""
    model = cr.Sequential(
        [cr.Input((1,)), Dense(1, use_bias=False, kernel_initializer="ones", name="out")]
    )
    model.compile(optimizer or cr.optimizers.SGD(0.1), loss)
    return model


def same(a, b):
    a, b = (m if isinstance(m, list) else m.get_weights() for m in (a, b))
    assert len(a) == len(b)
    for v, w in zip(a, b, strict=True):
        np.testing.assert_array_equal(v, w)


# --- Sequential ----------------------------------------------------------------------------------


def test_the_decks_models():
    """Decks 001 and 004, course README section 6: parameters layer by layer."""
    model = cr.Sequential()
    model.add(Dense(1024, input_shape=[6], activation="relu"))
    for layer in (Dropout(0.2), Dense(2048, "relu"), Dropout(0.3), Dense(512, "relu")):
        model.add(layer)
    model.add(Dense(5, "softmax"))
    counts = [layer.count_params() for layer in model.layers]
    assert counts == [7168, 0, 2_099_200, 0, 1_049_088, 2565]
    assert model.count_params() == 3_158_021
    model = cr.Sequential([Dense(16, input_dim=20, activation="relu"), Dense(12, "relu")])
    model.add(Dense(4, activation="softmax"))
    assert [layer.count_params() for layer in model.layers] == [336, 204, 52]
    assert model.output_shape == (None, 4)


def test_names_are_unique_and_layers_are_found():
    model = cr.Sequential([Dense(2), Dense(2), Dropout(0.1), Dense(2, name="head")])
    assert [layer.name for layer in model.layers] == ["dense", "dense_1", "dropout", "head"]
    assert model.get_layer("head") is model.layers[3] is model[3] is model.get_layer(index=3)
    assert len(model) == 4
    with pytest.raises(UnknownNameError) as caught:
        model.get_layer("haed")
    assert str(caught.value) == (
        "sequential: there is no layer 'haed'\n  fix: did you mean 'head'?"
    )
    with pytest.raises(ArgumentError, match="two layers are called 'head'"):
        model.add(Dense(1, name="head"))
    with pytest.raises(ArgumentError, match="this layer is in the model already"):
        model.add(model.layers[0])
    with pytest.raises(ArgumentError, match="there is no such layer"):
        model.get_layer(index=9)
    assert len(model) == 4


def test_add_and_pop_after_a_fit():
    x, y = points()
    model = small()
    model.fit(x, y, verbose=0, engine="numpy")
    top = model.pop()
    assert (top.units, len(model.layers)) == (3, 1)
    model.add(Dense(5, "softmax"))
    assert model.output_shape == (None, 5)
    assert model.predict(x, engine="numpy").shape == (26, 5)
    model.fit(x, y, verbose=0, engine="numpy")  # the new layer is trained with the rest
    with pytest.raises(StateError, match="the model has no layers"):
        cr.Sequential().pop()


def test_shape_from_the_data():
    model = cr.Sequential([Dense(3), Dense(1)])
    assert repr(model) == "<Sequential 'sequential': 2 layers, not built>"
    with pytest.raises(StateError, match="the shapes are not known yet"):
        _ = model.output_shape
    assert model.predict(np.zeros((2, 5)), engine="numpy").shape == (2, 1)
    assert model.output_shape == (None, 1)
    assert model.count_params() == 5 * 3 + 3 + 3 * 1 + 1
    assert repr(model) == "<Sequential 'sequential': 2 layers, 22 parameters>"


def test_a_summary_shows_what_stands_inside_and_what_is_trained():
    inner = cr.Sequential(
        [cr.layers.Dense(3, name="a"), cr.layers.Dropout(0.5, name="d")], name="in"
    )
    image = cr.Input((2,), name="image")
    graph = cr.Model(image, cr.layers.Dense(2, name="b")(image), name="graph")
    model = cr.Sequential([cr.Input((2,)), inner, cr.layers.Dense(2, name="c"), graph], name="out")
    inner.layers[0].trainable = False
    model.layers[1].bias.trainable = False
    lines: list = []
    model.summary(80, print_fn=lines.append, expand_nested=True, show_trainable=True)
    cells = [[c.strip() for c in line.split("│")[1:-1]] for line in lines[0].splitlines()]
    found = {c[0]: c[1:] for c in cells if len(c) == 5}
    assert found["a (Dense)"] == ["(None, 3)", "9", "", "N"]
    assert found["d (Dropout)"] == ["(None, 3)", "0", "", "-"]
    assert found["c (Dense)"] == ["(None, 2)", "8", "", "1 of 2"]
    assert found["b (Dense)"] == ["(None, 2)", "6", "image", "Y"]
    assert found["graph (Functional)"][-1] == "Y"
    assert "  a (Dense)" in lines[0]
    assert max(map(len, lines[0].splitlines())) <= 80
    lines.clear()
    model.summary(print_fn=lines.append)
    assert "a (Dense)" not in lines[0]
    with pytest.raises(ArgumentError, match="line_length"):
        model.summary(line_length=10)


def test_summary_text():
    model = cr.Sequential([cr.Input((4,)), Dense(8, "relu"), Dropout(0.5), Dense(2)], name="net")
    model.layers[0].trainable = False
    lines = []
    model.summary(print_fn=lines.append)
    text = "\n".join(lines)
    for part in (
        'Model: "net"',
        "dense (Dense)",
        "(None, 8)",
        "40",
        "dropout (Dropout)",
        "dense_1 (Dense)",
        "(None, 2)",
        "18",
        "Total params: 58 (232 B)",
        "Trainable params: 18",
        "Non-trainable params: 40",
    ):
        assert part in text
    html = model._repr_html_()
    for part in ("net", "dense (Dense)", "(None, 8)", "Total params: 58 (232 B)"):
        assert part in html


def test_names_are_escaped_in_notebooks():
    model = cr.Sequential([cr.Input((1,)), Dense(1)], name="<script>alert(1)")
    assert "<script>" not in model._repr_html_()


def test_weights_in_and_out():
    one, two = small(seed=1), small(seed=2)
    before = two.get_weights()
    two.set_weights(one.get_weights())
    same(one, two)
    state = one.state_dict()
    assert list(state) == ["dense.kernel", "dense.bias", "dense_1.kernel", "dense_1.bias"]
    assert [path for path, _ in one.named_parameters()] == list(state)
    state["dense.bias"][:] = 7
    assert not (one.layers[0].bias.numpy() == 7).any()  # copies
    two.load_state_dict(state)
    assert (two.layers[0].bias.numpy() == 7).all()
    with pytest.raises(ArgumentError, match="the names do not match"):
        two.load_state_dict({"nothing": np.zeros(1)})
    two.layers[1].set_weights(before[2:])
    np.testing.assert_array_equal(two.layers[1].kernel.numpy(), before[2])


# --- Model subclasses, custom parts --------------------------------------------------------------


@cr.layers.register
class Residual(cr.Model):
    def __init__(self, units=4, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.first = Dense(units, "tanh")
        self.second = Dense(units)
        self.head = Dense(3, "softmax")

    def call(self, x, training=False):
        return self.head(x + self.second(self.first(x)))


def test_subclass_layers_keep_apart():
    """Two sublayers without a name of their own must not share one in files and states."""
    model = Residual()
    x, y = points()
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x, y, verbose=0, engine="numpy")
    assert len(model.weights) == 6
    assert len(model.state_dict()) == 6
    assert len(list(model.named_parameters())) == 6


@on_both
def test_subclass_trains_and_comes_back_from_a_file(engine, tmp_path):
    x, y = points()
    model = Residual(units=4)
    model.compile(cr.optimizers.Adam(0.05), "sparse_categorical_crossentropy")
    losses = model.fit(x, y, epochs=5, verbose=0, engine=engine).history["loss"]
    assert losses[-1] < losses[0]
    again = cr.load_model(model.save(tmp_path / "m"))
    np.testing.assert_array_equal(again.predict(x, engine=engine), model.predict(x, engine=engine))


@on_both
def test_tied_weights_are_one_variable(engine):
    class Tied(cr.Model):
        def __init__(self):
            super().__init__()
            self.shared = Dense(4, "tanh")
            self.head = Dense(3, "softmax")

        def call(self, x):
            return self.head(self.shared(self.shared(x)))

    cr.config.set_floatx("float64")
    x, y = points()
    model = Tied()
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(x, y, verbose=0, engine=engine)
    assert len(model.trainable_variables) == 4
    cr.gradcheck(model, x[:2].astype("float64"))


@on_both
def test_custom_layer_loss_and_metric(engine):
    class Shift(cr.layers.Layer):
        def build(self, input_shape):
            self.by = self.add_weight("by", input_shape[-1:], "zeros")

        def call(self, x):
            return x + self.by

    def absolute(t, y):
        return ops.mean(ops.abs(y - t), axis=-1)

    def furthest(t, y):
        return ops.max(ops.abs(y - t), axis=-1)

    x = np.zeros((4, 2), "float32")
    y = np.array([[1.0, -2.0]] * 4)
    model = cr.Sequential([cr.Input((2,)), Shift()])
    model.compile(cr.optimizers.SGD(0.5), absolute, metrics=[furthest])
    logs = model.evaluate(x, y, return_dict=True, verbose=0, engine=engine)
    assert logs == {"loss": 1.5, "furthest": 2.0}
    model.fit(x, y, verbose=0, engine=engine)
    # dL/dby = (−½, ½), one step of ½
    assert model.get_weights()[0].tolist() == [0.25, -0.25]


# --- compile -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("optimizer", "loss", "metrics"),
    [
        ("adam", "mse", ["mae"]),
        ("Adam", "mean_squared_error", ["mean_absolute_error"]),
        (cr.optimizers.Adam, cr.losses.MeanSquaredError, [cr.metrics.MeanAbsoluteError()]),
        (cr.optimizers.Adam(), cr.losses.MeanSquaredError(), (cr.metrics.MeanAbsoluteError,)),
        (
            {"class_name": "Adam", "config": {"learning_rate": 0.001}},
            {"class_name": "MeanSquaredError", "config": {}},
            ["MAE"],
        ),
        ("adam", cr.losses.mean_squared_error, ["mae"]),
    ],
    ids=["alias", "name", "class", "object", "config", "function"],
)
def test_forms_of_compile(optimizer, loss, metrics):
    x = np.ones((4, 1))
    model = line()
    model.compile(optimizer, loss, metrics=metrics)
    found = model.evaluate(x, 3 * x, verbose=0, engine="numpy")
    assert found == [4.0, 2.0]  # (3 − 1)² and |3 − 1|
    assert len(model.metrics_names) == 2
    assert model.metrics_names[0] == "loss"
    model.fit(x, x, verbose=0, engine="numpy")


def test_two_metrics_of_one_name_are_both_shown():
    """Keras: the weighted one is called weighted_mae."""
    model = line()
    model.compile("sgd", "mse", metrics=["mae"], weighted_metrics=["mae"])
    x, y = np.ones((2, 1)), np.array([[1.0], [3.0]])
    logs = model.evaluate(
        x, y, sample_weight=[1.0, 3.0], verbose=0, return_dict=True, engine="numpy"
    )
    assert logs == {"loss": 6.0, "mae": 1.0, "weighted_mae": 1.5}


# --- fit -----------------------------------------------------------------------------------------


@on_both
def test_one_step_by_hand(engine):
    """w = 1, lr .1: L = mean (w·x − t)², dL/dw = mean 2x(w·x − t)."""
    model = line()
    x, y = np.array([[1.0], [2.0]]), np.array([[3.0], [0.0]])
    history = model.fit(x, y, batch_size=2, shuffle=False, verbose=0, engine=engine)
    assert history.history == {"loss": [4.0]}  # (4 + 4)/2
    assert history.epoch == [0]
    assert model.get_weights()[0][0, 0] == np.float32(1 - 0.1 * (2 * 1 * -2 + 2 * 2 * 2) / 2)


@on_both
def test_sample_and_class_weights_by_hand(engine):
    x, y = np.array([[1.0], [2.0]]), np.array([[3.0], [0.0]])
    how = {"batch_size": 2, "shuffle": False, "verbose": 0, "engine": engine}
    model = line()
    history = model.fit(x, y, sample_weight=np.array([0.5, 2.0]), **how)
    assert history.history["loss"] == [(0.5 * 4 + 2 * 4) / 2]
    # dL/dw = ½(.5·2·1·(−2) + 2·2·2·2) = 7
    assert model.get_weights()[0][0, 0] == pytest.approx(1 - 0.1 * 7, abs=1e-7)
    model = line()
    history = model.fit(x, np.array([[0.0], [1.0]]), class_weight={0: 3.0, 1: 5.0}, **how)
    assert history.history["loss"] == [(3 * 1 + 5 * 1) / 2]
    assert model.get_weights()[0][0, 0] == pytest.approx(1 - 0.1 * (3 * 2 + 5 * 4) / 2, abs=1e-6)
    history = model.fit(x, np.array([[0.0], [1.0]]), class_weight={0: 1.0}, **how)
    assert np.isfinite(history.history["loss"][0])  # a class without an entry weighs 1 (Keras)


@on_both
def test_validation_split_is_the_tail_before_the_shuffle(engine):
    """Probe: every training row says t = x, so w stays 1; the tail says t = x + 3, so val is 9."""
    x = np.linspace(0, 1, 50)[:, None]
    y = x.copy()
    y[40:] += 3
    for shuffle in (True, False):
        model = line()
        history = model.fit(
            x, y, epochs=3, validation_split=0.2, shuffle=shuffle, verbose=0, engine=engine
        )
        assert history.history["loss"] == [0.0] * 3
        assert history.history["val_loss"] == pytest.approx([9.0] * 3, rel=1e-6)


@on_both
def test_validation_data_weights_and_frequency(engine):
    x = np.ones((8, 1))
    held = (np.ones((2, 1)), np.array([[2.0], [4.0]]), np.array([1.0, 3.0]))
    model = line(cr.optimizers.SGD(0.0))
    history = model.fit(
        x, x, epochs=4, validation_data=held, validation_freq=2, verbose=0, engine=engine
    )
    assert history.history["val_loss"] == [(1 * 1 + 3 * 9) / 2] * 2
    # epochs 2 and 4, whatever epoch the fit begins with (Keras)
    seen = []
    model.fit(
        x,
        x,
        epochs=4,
        initial_epoch=1,
        validation_data=held,
        validation_freq=2,
        verbose=0,
        engine=engine,
        callbacks=[
            cr.callbacks.LambdaCallback(
                on_epoch_end=lambda epoch, logs: seen.append((epoch + 1, "val_loss" in logs))
            )
        ],
    )
    assert seen == [(2, True), (3, False), (4, True)]


@on_both
def test_class_weights_do_not_weigh_the_validation(engine):
    """Keras: class_weight weighs the loss during training only."""
    x, y = np.ones((8, 1)), np.zeros((8, 1))
    model = line(cr.optimizers.SGD(0.0))
    history = model.fit(
        x, y, class_weight={0: 10.0}, validation_split=0.25, verbose=0, engine=engine
    )
    assert history.history == {"loss": [10.0], "val_loss": [1.0]}


@on_both
def test_resume_is_exact(engine):
    """Two fits, the second with initial_epoch, are one fit, bit for bit."""
    x, y = points()
    how = {"batch_size": 8, "verbose": 0, "engine": engine, "validation_split": 0.2}
    straight, stopped = small(0.3), small(0.3)
    whole = straight.fit(x, y, epochs=4, **how).history
    parts = [
        stopped.fit(x, y, epochs=2, **how),
        stopped.fit(x, y, epochs=4, initial_epoch=2, **how),
    ]
    same(straight, stopped)
    for name, figures in whole.items():
        assert [v for p in parts for v in p.history[name]] == figures
    assert parts[1].epoch == [2, 3]
    for a, b in zip(straight.optimizer.variables, stopped.optimizer.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


@on_both
def test_shuffle(engine):
    """SGD on one sample at a time sees the order: without shuffle it is that of the data."""
    x = np.arange(1.0, 6.0)[:, None] / 5
    y = np.array([[3.0], [1.0], [4.0], [1.0], [5.0]])
    model = line()
    model.fit(x, y, batch_size=1, shuffle=False, verbose=0, engine=engine)
    w = 1.0
    for a, t in zip(x[:, 0], y[:, 0], strict=True):
        w -= 0.1 * 2 * a * (w * a - t)
    assert model.get_weights()[0][0, 0] == pytest.approx(w, rel=1e-6)
    found = set()
    for seed in range(6):
        cr.utils.set_random_seed(seed)
        model = line()
        model.fit(x, y, batch_size=1, verbose=0, engine=engine)
        found.add(float(model.get_weights()[0][0, 0]))
    assert len(found) > 3


def test_engines_agree():
    """Same seed, dropout, shuffle, Adam, a ragged last batch: losses equal to float32 rounding."""
    x, y = points(42)
    found, weights = [], []
    for engine in ENGINES:
        model = small(0.4)
        found.append(
            model.fit(
                x, y, epochs=4, batch_size=8, validation_split=0.3, verbose=0, engine=engine
            ).history
        )
        weights.append(model.get_weights())
    assert list(found[0]) == list(found[1]) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    for name in ("loss", "val_loss"):
        np.testing.assert_allclose(found[0][name], found[1][name], rtol=2e-6)
    for name in ("accuracy", "val_accuracy"):
        assert found[0][name] == found[1][name]
    for a, b in zip(*weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_a_float64_model_agrees_to_float64():
    cr.config.set_floatx("float64")
    x, y = points(20)
    x = x.astype("float64")
    found = []
    for engine in ENGINES:
        model = small(0.2)
        assert model.get_weights()[0].dtype == "float64"
        model.fit(x, y, epochs=2, batch_size=8, verbose=0, engine=engine)
        found.append(model.predict(x, engine=engine))
        assert found[-1].dtype == "float64"
    np.testing.assert_allclose(*found, rtol=1e-12)


def test_few_compilations_a_fit():
    """One program for the batches and a small one for a ragged last one, to train and to test."""
    x, y = points(42)
    model = small(0.1)
    before = engines.compilations[0]
    # 33 to train on in 5 batches, the last ragged; 9 to validate
    model.fit(x, y, epochs=3, batch_size=8, validation_split=0.2, verbose=0, engine="xla")
    assert engines.compilations[0] - before <= 4
    model.fit(x, y, epochs=2, batch_size=8, validation_split=0.2, verbose=0, engine="xla")
    model.optimizer.learning_rate = 0.5
    model.fit(x, y, epochs=2, batch_size=8, validation_split=0.2, verbose=0, engine="xla")
    assert engines.compilations[0] - before <= 4
    before = engines.compilations[0]
    fresh = small(0.1)
    fresh.fit(x[:40], y[:40], epochs=2, batch_size=8, validation_split=0.2, verbose=0, engine="xla")
    assert engines.compilations[0] - before <= 2


def test_a_dozen_programs_predict_any_length():
    model = small()
    x, _ = points(200)
    whole = model.predict(x, engine="numpy")
    before = engines.compilations[0]
    for n in range(1, 201):
        y = model.predict(x[:n], engine="xla")
        assert y.shape == (n, 3)
    np.testing.assert_allclose(y, whole, rtol=1e-5, atol=1e-6)
    assert engines.compilations[0] - before <= 12


@pytest.mark.parametrize("rows", [3, 8, 9])
@on_both
def test_evaluation_of_any_length(engine, rows):
    """Fewer rows than the batch, as many, and one more."""
    model = line(cr.optimizers.SGD(0.0))
    x = np.arange(1.0, rows + 1)[:, None]
    how = {"batch_size": 8, "verbose": 0, "engine": engine}
    assert model.evaluate(x, 0 * x, **how) == pytest.approx((x**2).mean())
    history = model.fit(np.ones((8, 1)), np.ones((8, 1)), validation_data=(x, 0 * x), **how)
    assert history.history["val_loss"] == pytest.approx([(x**2).mean()])


@on_both
def test_train_and_test_on_batch(engine):
    x, y = np.array([[1.0], [2.0]]), np.array([[3.0], [0.0]])
    model = line()
    assert model.test_on_batch(x, y, engine=engine) == 4.0
    assert model.train_on_batch(x, y, engine=engine, return_dict=True) == {"loss": 4.0}
    w = float(model.get_weights()[0][0, 0])
    assert w == pytest.approx(0.8, abs=1e-7)
    wanted = ((w - 3) ** 2 + (2 * w) ** 2) / 2
    assert model.test_on_batch(x, y, engine=engine) == pytest.approx(wanted, rel=1e-6)
    weight = np.array([1.0, 0.0])
    assert model.test_on_batch(x, y, sample_weight=weight, engine=engine) == pytest.approx(
        (w - 3) ** 2 / 2, rel=1e-6
    )
    np.testing.assert_allclose(model.predict_on_batch(x), w * x, rtol=1e-6)


@on_both
def test_regularizers_are_in_the_loss(engine):
    model = cr.Sequential(
        [
            cr.Input((1,)),
            Dense(1, kernel_regularizer=cr.regularizers.L2(0.5), bias_regularizer="l1"),
        ]
    )
    model.set_weights([np.array([[2.0]]), np.array([3.0])])
    model.compile(cr.optimizers.SGD(0.1), "mse")
    x, y = np.ones((2, 1)), np.full((2, 1), 5.0)  # 2·1 + 3 = 5: only the penalties are left
    penalty = 0.5 * 2**2 + 0.01 * 3
    assert model.evaluate(x, y, verbose=0, engine=engine) == pytest.approx(penalty, rel=1e-6)
    history = model.fit(x, y, verbose=0, engine=engine)
    assert history.history["loss"] == pytest.approx([penalty], rel=1e-6)
    w, b = model.get_weights()
    assert w[0, 0] == pytest.approx(2 - 0.1 * 2 * 0.5 * 2, rel=1e-6)
    assert b[0] == pytest.approx(3 - 0.1 * 0.01, rel=1e-6)


@on_both
def test_frozen_layers_stay(engine):
    x, y = points()
    model = small()
    model.layers[0].trainable = False
    before = model.get_weights()
    model.fit(x, y, verbose=0, engine=engine)
    after = model.get_weights()
    same(before[:2], after[:2])
    assert not np.array_equal(before[2], after[2])
    model.layers[0].trainable = True  # without compiling again
    model.fit(x, y, verbose=0, engine=engine)
    assert not np.array_equal(before[0], model.get_weights()[0])


@on_both
def test_learning_rate_may_be_set_between_and_during_fits(engine):
    x, y = np.ones((4, 1)), np.zeros((4, 1))
    model = line(cr.optimizers.SGD(0.25))  # each step: w ← w(1 − 2·lr)
    how = {"batch_size": 4, "verbose": 0, "engine": engine}
    model.fit(x, y, **how)
    assert model.get_weights()[0][0, 0] == 0.5
    model.optimizer.learning_rate = 0.125
    model.fit(x, y, **how)
    assert model.get_weights()[0][0, 0] == 0.375
    rates = cr.callbacks.LearningRateScheduler(lambda epoch, rate: 0.25 if epoch == 0 else 0.0)
    history = model.fit(x, y, epochs=3, callbacks=[rates], **how)
    assert model.get_weights()[0][0, 0] == 0.1875
    assert history.history["learning_rate"] == [0.25, 0.0, 0.0]


# --- callbacks in a fit --------------------------------------------------------------------------


def falling(model, targets):
    """x, y such that the validation loss after epoch k is known: w is set by a callback."""
    return cr.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: model.set_weights([np.array([[targets[epoch]]])])
    )


@on_both
def test_early_stopping_restores_the_best_weights(engine):
    x, y = np.ones((4, 1)), np.zeros((4, 1))
    model = line(cr.optimizers.SGD(0.0))
    stop = cr.callbacks.EarlyStopping(patience=2, restore_best_weights=True)
    history = model.fit(
        x,
        y,
        epochs=10,
        validation_data=(x, y),
        callbacks=[falling(model, [3.0, 1.0, 2.0, 2.5, 0.1]), stop],
        verbose=0,
        engine=engine,
    )
    assert history.history["val_loss"] == [9.0, 1.0, 4.0, 6.25]
    assert model.get_weights()[0][0, 0] == 1.0
    assert (stop.stopped_epoch, stop.best_epoch, stop.best) == (3, 1, 1.0)


@on_both
def test_reduce_on_plateau_in_a_fit(engine):
    x, y = np.ones((4, 1)), np.zeros((4, 1))
    model = line(cr.optimizers.SGD(0.5))
    model.trainable = True
    history = model.fit(
        x,
        y,
        epochs=5,
        batch_size=4,
        validation_data=(x, y),
        callbacks=[
            falling(model, [2.0] * 5),
            cr.callbacks.ReduceLROnPlateau(patience=1, factor=0.5),
        ],
        verbose=0,
        engine=engine,
    )
    # lr .5 sends w to 0 in one step, so val is 0, 0: a plateau; then lr .25 leaves w at 1
    assert history.history["val_loss"] == [0.0, 0.0, 1.0, 2.25, 3.0625]
    assert history.history["learning_rate"] == [0.5, 0.5, 0.25, 0.125, 0.0625]


@on_both
def test_checkpoints_are_named_by_their_figures(engine, tmp_path, capsys):
    x, y = np.ones((4, 1)), np.zeros((4, 1))
    model = line(cr.optimizers.SGD(0.0))
    saver = cr.callbacks.ModelCheckpoint(tmp_path / "m-{epoch:02d}-{val_loss:.2f}.safetensors")
    model.fit(
        x,
        y,
        epochs=2,
        validation_data=(x, y),
        callbacks=[falling(model, [2.0, 0.5]), saver],
        verbose=0,
        engine=engine,
    )
    assert sorted(os.listdir(tmp_path)) == ["m-01-4.00.safetensors", "m-02-0.25.safetensors"]
    first = cr.load_model(tmp_path / "m-01-4.00.safetensors")
    assert first.get_weights()[0][0, 0] == 2.0
    assert capsys.readouterr().out == ""


def test_a_checkpoint_in_h5_says_what_it_wrote(tmp_path, capsys):
    """Deck 001's ModelCheckpoint('model.h5')."""
    path = tmp_path / "model.h5"
    line().fit(
        np.ones((2, 1)),
        np.ones((2, 1)),
        callbacks=[cr.callbacks.ModelCheckpoint(path)],
        verbose=0,
        engine="numpy",
    )
    assert os.listdir(tmp_path) == ["model.safetensors"]
    said = capsys.readouterr().out
    assert said == (
        f"{path}: chainrule writes safetensors; saved as {tmp_path / 'model.safetensors'}\n"
    )
    assert cr.load_model(path).get_weights()[0][0, 0] == 1


@on_both
def test_batch_callbacks_see_every_batch_and_may_stop(engine):
    x, y = np.ones((10, 1)), np.zeros((10, 1))
    seen = []

    class Watch(cr.callbacks.Callback):
        def on_train_begin(self, logs=None):
            seen.append(("begin", dict(self.params)))

        def on_train_batch_begin(self, batch, logs=None):
            seen.append(("batch", batch))

        def on_train_batch_end(self, batch, logs=None):
            w = float(self.model.get_weights()[0][0, 0])
            seen.append((batch, round(w, 6), round(logs["loss"], 6)))
            if batch == 1:
                self.model.stop_training = True

        def on_train_end(self, logs=None):
            seen.append("end")

    model = line(cr.optimizers.SGD(0.25))
    history = model.fit(x, y, epochs=5, batch_size=4, callbacks=[Watch()], verbose=0, engine=engine)
    assert seen == [
        ("begin", {"epochs": 5, "steps": 3, "verbose": 0}),
        ("batch", 0),
        (0, 0.5, 1.0),  # w ← w/2 each step; the loss is w², the mean so far
        ("batch", 1),
        (1, 0.25, 0.625),
        "end",
    ]
    assert history.epoch == [0]


def test_verbose(capsys):
    x, y = np.ones((4, 1)), np.ones((4, 1))
    line().fit(x, y, verbose=0, engine="numpy")
    assert capsys.readouterr().out == ""
    line().fit(x, y, epochs=2, verbose=2, validation_split=0.5, engine="numpy")
    first, *rest = capsys.readouterr().out.splitlines()
    assert first == "engine: numpy (asked for); 2 samples, 1 steps an epoch"
    assert [r.split("  (")[0] for r in rest] == [
        "Epoch 1/2  loss 0.0000  val_loss 0.0000",
        "Epoch 2/2  loss 0.0000  val_loss 0.0000",
    ]
    assert all(r.split("  (")[1].startswith("1 steps, ") for r in rest)


@pytest.mark.parametrize(
    ("epochs", "fix"), [(3.0, "epochs=3"), (2.5, None), (True, None), (-2.0, None)]
)
def test_a_number_that_is_nearly_whole_is_offered_as_one(epochs, fix):
    with pytest.raises(ChainruleError, match="epochs must be a whole number") as caught:
        line().fit(np.ones((4, 1)), np.ones((4, 1)), epochs=epochs, engine="numpy")
    assert caught.value.fix == fix


class TwoWhen(cr.Model):
    def __init__(self, trained):
        super().__init__()
        self.dense, self.trained = Dense(1), trained

    def call(self, x, training=False):
        y = self.dense(x)
        return [y, y] if training is self.trained else y


def test_another_number_of_outputs_in_training_says_where():
    model, x = TwoWhen(trained=True), np.ones((4, 1), np.float32)
    model.compile("sgd", "mse", engine="numpy")
    with pytest.raises(ChainruleError, match=r"^training: .* another number of outputs"):
        model.fit(x, x, verbose=0)


def test_figures_have_four_decimals_from_a_thousandth_to_ten_thousand():
    for value, shown in ((0.0, "0.0000"), (0.001, "0.0010"), (0.000999, "9.990e-04"),
                         (-9999.5, "-9999.5000"), (10_000, "1.000e+04"), (23_456, "2.346e+04")):  # fmt: skip
        assert progress.figures({"loss": value}).split() == ["loss", shown]


# --- threads -------------------------------------------------------------------------------------


@pytest.fixture
def looks(monkeypatch):
    """How often the rows of a `predict` went through all checks."""
    seen, checks = [], Edge.inputs
    monkeypatch.setattr(Edge, "inputs", lambda self, x: seen.append(x) or checks(self, x))
    return seen


@on_both
def test_rows_of_a_known_kind_go_the_short_way(engine, looks):
    model, (x, _) = small(), points()
    long = model.predict(x, engine=engine)
    for rows in (x, x[:1], np.ascontiguousarray(x[5:9])):
        assert (
            model.predict(rows, engine=engine) == model.predict(rows.copy(), engine=engine)
        ).all()
    np.testing.assert_allclose(model.predict(x[3:4], engine=engine), long[3:4], rtol=1e-6)
    assert len(looks) == 1


@on_both
@pytest.mark.parametrize("rows", ["float64", "strided", "too many", "other engine", "process"])
def test_other_rows_go_the_long_way(engine, rows, looks):
    model, (x, _) = small(), points()
    expected = model.predict(x, engine=engine)
    if rows == "float64":
        x = x.astype(float)
    elif rows == "strided":
        x = np.asfortranarray(x)
    elif rows == "too many":
        x, expected = np.tile(x, (40, 1)), np.tile(expected, (40, 1))
    elif rows == "other engine":
        engine = ENGINES[ENGINES.index(engine) - 1]
    else:  # as in a fork, which may not have this engine
        model.__dict__["_quick"] = model.__dict__["_quick"]._replace(process=-1)
    np.testing.assert_allclose(model.predict(x, engine=engine), expected, rtol=2e-6)
    assert len(looks) > 1


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        (np.full((2, 4), np.nan, "float32"), "not finite"),
        (np.zeros((2, 5), "float32"), "wrong shape"),
        (np.zeros((0, 4), "float32"), "empty"),
        (np.zeros(4, "float32"), "wrong shape"),
    ],
)
def test_bad_rows_are_refused_after_good_ones(rows, error):
    model, (x, _) = small(), points()
    model.predict(x)
    with pytest.raises(ChainruleError, match=error):
        model.predict(rows)


@on_both
def test_each_call_asks_a_layer_that_prepares(engine):
    class Pixels(Preparing):
        def prepares(self, x):
            return isinstance(x, np.ndarray) and x.max() > 1

        def prepare(self, x):
            return x / np.float32(255)

    model = cr.Sequential([Pixels(), Dense(1, kernel_initializer="ones")])
    x = np.array([[0.5, 0.25]], np.float32)
    for given in (x, x * 255, x):
        np.testing.assert_allclose(model.predict(given, engine=engine), [[0.75]], rtol=1e-6)


@on_both
def test_what_changes_in_the_model_is_seen_on_the_short_way(engine):
    model, (x, _) = small(), points()
    before = model.predict(x, engine=engine)
    model.layers[-1].activation = "linear"
    logits = model.predict(x, engine=engine)
    np.testing.assert_allclose(cr.ops.softmax(logits), before, rtol=1e-5)
    model.add(Linear(2))
    assert model.predict(x, engine=engine).shape == (len(x), 2)
    model.set_weights([np.zeros_like(w) for w in model.get_weights()])
    assert not model.predict(x, engine=engine).any()
    copy = cr.models.clone_model(model)
    model.set_weights([np.ones_like(w) for w in model.get_weights()])
    assert copy.predict(x, engine=engine).shape == (len(x), 2)
    assert model.predict(x, engine=engine).any()


def test_rows_that_must_be_converted_are_converted_each_time(looks):
    model, (x, _) = small(), points()
    whole = np.round(x).astype("int64")
    expected = model.predict(np.round(x))
    for _ in range(3):
        np.testing.assert_allclose(model.predict(whole), expected, rtol=1e-6)
    assert len(looks) == 4


def test_parts_that_nobody_watches_are_looked_for_each_time():
    class Loose(cr.Model):
        def __init__(self):
            super().__init__()
            self.last = {Linear(1)}

        def call(self, x):
            return next(iter(self.last))(x)

    model, other, (x, _) = Loose(), Linear(2), points()
    other(points()[0])  # built: nothing new comes into the world below
    model.predict(x)
    model.predict(x)
    model.last.clear()
    model.last.add(other)
    assert model.predict(x).shape == (len(x), 2)


def test_the_engine_that_is_set_later_counts(looks):
    model, (x, _) = small(), points()
    cr.config.set_engine("numpy")
    model.predict(x)
    cr.config.set_engine("xla")
    model.predict(x)
    model.predict(x)
    assert len(looks) == 2
    assert set(model.__dict__["_predictors"]) == {"numpy", "xla"}


def test_parts_that_look_at_the_numbers_see_them_each_time():
    words = cr.Sequential([cr.layers.Embedding(5, 3), cr.layers.Flatten(), Dense(1)])
    words.predict(np.array([[1, 4]], "int32"))
    with pytest.raises(ChainruleError, match="5"):
        words.predict(np.array([[1, 5]], "int32"))

    class Odd(cr.Model):
        def prepared(self, x):
            return x * 0 + 1 if x[0, 0] > 5 else x

        def call(self, x):
            return x

    odd = Odd()
    assert odd.predict(np.zeros((1, 2), "float32")).tolist() == [[0, 0]]
    assert odd.predict(np.full((1, 2), 9, "float32")).tolist() == [[1, 1]]


def test_names_of_the_outputs_are_those_of_the_last_rows():
    class ByWidth(cr.Model):
        def call(self, x):
            return {"a": x} if x.shape[1] == 1 else {"a": x, "b": x}

    model, one, two = ByWidth(), np.zeros((1, 1), "float32"), np.zeros((1, 2), "float32")
    for x, names in (
        (two, ["a", "b"]),
        (one, ["a"]),
        (one, ["a"]),
        (two, ["a", "b"]),
        (one, ["a"]),
    ):
        model.predict(x)
        assert model.output_names == names


@on_both
def test_predict_from_eight_threads(engine):
    model = small()
    x, _ = points(64)
    sizes = [1, 3, 8, 17, 33, 64]
    alone = {n: model.predict(x[:n], engine=engine) for n in sizes}
    wrong, gate = [], threading.Barrier(8)

    def work():
        try:
            gate.wait()
            for _ in range(5):
                found = {n: model.predict(x[:n], engine=engine) for n in sizes}
                wrong.extend(n for n in sizes if not np.array_equal(found[n], alone[n]))
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


@on_both
def test_predict_during_fit_sees_one_moment(engine):
    """Two weights that are equal after every step are equal in every snapshot."""

    class Pair(cr.layers.Layer):
        def build(self, input_shape):
            self.a = self.add_weight("a", (64, 64), "ones")
            self.b = self.add_weight("b", (64, 64), "ones")

        def call(self, x, training=False):
            if training:
                return x * (ops.sum(self.a) + ops.sum(self.b))
            return x * ops.sum(ops.abs(self.a - self.b))

    x = np.ones((64, 1), "float32")
    model = cr.Sequential([cr.Input((1,)), Pair()])
    model.compile(cr.optimizers.SGD(1e-5), "mse")
    model.fit(x, x, verbose=0, engine=engine)
    model.predict(x, engine=engine)
    wrong, over = [], threading.Event()

    def watch():
        try:
            while not over.is_set():
                y = model.predict(x[:4], engine=engine)
                if y.any():
                    wrong.append(float(y.max()))
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=watch) for _ in range(3)]
    for t in threads:
        t.start()
    batches = cr.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
    model.fit(x, 0 * x, epochs=8, batch_size=1, callbacks=[batches], verbose=0, engine=engine)
    over.set()
    for t in threads:
        t.join()
    assert not wrong, wrong[:3]


# --- a loss that becomes NaN ---------------------------------------------------------------------


def breaking(engine, batches=False):
    """Rows 0 to 7 are harmless, row 8 makes √ of a negative number: a NaN in the third step."""

    class Root(cr.layers.Layer):
        def call(self, x):
            return ops.sqrt(x)

    model = cr.Sequential(
        [
            cr.Input((1,)),
            Dense(1, kernel_initializer="ones", bias_initializer="ones", name="lift"),
            Root(name="root"),
        ]
    )
    model.compile(cr.optimizers.Adam(1e-3), "mse", metrics=["mae"])
    x = np.ones((16, 1))
    x[8] = -100.0
    return model, x, np.ones((16, 1))


@on_both
def test_a_nan_stops_before_the_update(engine):
    model, x, y = breaking(engine)
    how = {"batch_size": 4, "shuffle": False, "verbose": 0, "engine": engine}
    good, _, _ = breaking(engine)
    good.fit(x[:8], y[:8], **how)
    with pytest.raises(NonFiniteError) as caught:
        model.fit(x, y, epochs=2, **how)
    lines = str(caught.value).splitlines()
    assert lines[0] == (
        "step 3 of this epoch: the loss or a gradient is no longer finite; "
        "training stopped before the update"
    )
    assert lines[1].startswith("  received: NaN or infinity, first made by 'sqrt', in ")
    assert "Root 'root' (made at test_model.py:" in lines[1]
    assert lines[1].endswith(", in the forward pass")
    assert lines[2] == (
        "  fix: lower the learning rate, scale the inputs, or set clipnorm=1.0 on the optimizer"
    )
    same(model, good)  # the two good steps were done, the third was not
    assert int(model.optimizer.iterations) == 2
    for a, b in zip(model.optimizer.variables, good.optimizer.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    model.fit(x[:8], y[:8], **how)  # and training can go on
    assert all(np.isfinite(w).all() for w in model.get_weights())


@on_both
def test_a_nan_in_a_derivative_is_named(engine):
    class Edge(cr.layers.Layer):
        def build(self, input_shape):
            self.w = self.add_weight("w", (1,), "zeros")

        def call(self, x):
            return x * ops.sqrt(self.w)  # √ has an infinite slope at 0

    model = cr.Sequential([cr.Input((1,)), Edge()])
    model.compile("sgd", "mse")
    with pytest.raises(NonFiniteError, match=r"first made by the derivative of 'sqrt'"):
        model.fit(np.ones((4, 1)), np.ones((4, 1)), verbose=0, engine=engine)
    assert model.get_weights()[0][0] == 0


@on_both
def test_a_nan_in_a_metric_is_no_reason_to_stop(engine):
    def undefined(t, y):
        return ops.mean(y * np.float32("nan"), axis=-1)

    model = line()
    model.compile(cr.optimizers.SGD(0.1), "mse", metrics=[undefined])
    history = model.fit(np.ones((4, 1)), np.zeros((4, 1)), verbose=0, engine=engine)
    assert np.isnan(history.history["undefined"]).all()
    assert model.get_weights()[0][0, 0] == pytest.approx(0.8)


# --- the explicit style --------------------------------------------------------------------------


def test_deck_003_forward_and_backward():
    """The class of deck 003 on deck 001's numbers (course README, section 7)."""

    class NeuralNetwork:
        def __init__(self):
            self.linear, self.act = Linear(1), Sigmoid()
            self.out, self.act2 = Linear(1), Sigmoid()

        def forward(self, x):
            return self.act2(self.out(self.act(self.linear(x))))

        def backward(self, d_out):
            d_z = self.act2.backward(d_out)
            d_a = self.out.backward(d_z)
            return self.linear.backward(self.act.backward(d_a))

    cr.config.set_floatx("float64")
    net = NeuralNetwork()
    x, t, rate = np.array([[0.1]]), np.array([[0.25]]), 0.4
    net.forward(x)
    net.linear.set_weights([[[0.15]], [0.40]])
    net.out.set_weights([[[0.45]], [0.65]])
    a = net.forward(x)
    assert a[0, 0] == pytest.approx(0.715251680253, abs=1e-12)
    loss = cr.losses.HalfSquaredError()
    assert float(loss(t, a)) == pytest.approx(0.108229562989, abs=1e-12)
    for layer in (net.linear, net.out):
        layer.zero_grad()
        assert layer.kernel.grad is None
    net.backward(a - t)
    found = [v.grad.item() for layer in (net.out, net.linear) for v in layer.weights]
    wanted = [0.0570703982011, 0.0947562809691, 0.00102139588148, 0.0102139588148]
    assert found == pytest.approx(wanted, abs=1e-12)
    for layer in (net.linear, net.out):
        for v in layer.weights:
            v.assign(v.numpy() - rate * v.grad)
    new = [float(v.numpy().item()) for layer in (net.out, net.linear) for v in layer.weights]
    assert new == pytest.approx(
        [0.42717184072, 0.612097487612, 0.149591441647, 0.395914416474], abs=1e-12
    )
    assert float(loss(t, net.forward(x))) == pytest.approx(0.103297924711, abs=1e-12)


def test_backward_of_a_whole_model_is_the_gradient_of_fit():
    x, y = points(8)
    model = small(optimizer=cr.optimizers.SGD(1.0))
    before = model.get_weights()
    with cr.record() as tape:
        loss = model.loss(y, model(x))
        wanted = tape.gradients(loss, model.trainable_variables)
    probabilities = model(x)
    model.backward(-np.eye(3)[y] / probabilities / len(x))
    for v, g in zip(model.trainable_variables, wanted, strict=True):
        np.testing.assert_allclose(v.grad, g, rtol=1e-4, atol=1e-6)
    model.fit(x, y, batch_size=8, verbose=0, engine="numpy")
    for old, new, g in zip(before, model.get_weights(), wanted, strict=True):
        np.testing.assert_allclose(new, old - g, rtol=1e-5, atol=1e-6)


def test_a_loop_of_ones_own():
    x, y = np.linspace(-1, 1, 20)[:, None], np.linspace(-1, 1, 20)[:, None] * 3
    model = cr.Sequential([cr.Input((1,)), Dense(1)])
    loss_of, optimizer = cr.losses.MeanSquaredError(), cr.optimizers.Adam(0.1)
    losses = []
    for _ in range(200):
        with cr.record() as tape:
            loss = loss_of(y, model(x, training=True))
            gradients = tape.gradients(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        losses.append(float(loss))
    assert losses[-1] < 1e-3 < losses[0]
    assert model.get_weights()[0][0, 0] == pytest.approx(3, abs=0.05)
    # the same by the name of Keras 2
    optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))


def test_the_model_itself_may_be_called():
    x, _ = points(6)
    model = small(0.5)
    quiet, loud = model(x), model(x, training=True)
    np.testing.assert_allclose(quiet, model.predict(x, engine="numpy"), rtol=1e-6)
    assert not np.allclose(quiet, loud)


def test_structure_may_change_between_fits():
    x, y = points()
    model = small()
    for engine in ENGINES:
        model.fit(x, y, verbose=0, engine=engine)
        model.layers[0].activation = cr.activations.relu  # another function: what was compiled
        want = np.maximum(x @ model.layers[0].kernel.numpy() + model.layers[0].bias.numpy(), 0)
        hidden = model.layers[0](x)
        np.testing.assert_allclose(hidden, want, rtol=1e-5, atol=1e-6)


def test_a_shape_that_does_not_fit_the_loss():
    x, _ = points()
    with pytest.raises(ShapeError):
        small().fit(x, np.zeros((26, 2)), verbose=0, engine="numpy")


def test_activations_as_layers_train_as_arguments_do():
    x, y = points()
    one = small()
    cr.utils.set_random_seed(2)
    two = cr.Sequential(
        [cr.Input((4,)), Dense(6), Activation("tanh"), Dense(3), Activation("softmax")]
    )
    two.compile(cr.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
    for model in (one, two):
        model.fit(x, y, epochs=2, shuffle=False, verbose=0, engine="numpy")
    same(one, two)


def test_copy_deepcopy_gives_a_model_of_its_own():
    import copy

    model = line()
    model.compile("adam", "mse")
    x = np.ones((8, 1))
    model.fit(x, x, verbose=0)
    other = copy.deepcopy(model)
    np.testing.assert_array_equal(other.predict(x), model.predict(x))
    before = model.get_weights()
    other.fit(x, 2 * x, epochs=3, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    assert not np.array_equal(other.get_weights()[0], before[0])


def test_nobody_writes_into_a_variable():
    """A value changed behind the variable's back would be missed by what was copied to a device."""
    layer = Dense(1)
    layer(np.ones((1, 1)))
    with pytest.raises(ValueError, match="read-only"):
        layer.kernel.value[...] = 3


def test_gradients_of_a_float32_layer_are_checked_in_float64():
    report = cr.gradcheck(Dense(2, activation="tanh"), np.ones((3, 4)))
    assert report.checked > 0


# --- what a review found -------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_a_refilled_batch_buffer_is_seen(engine):
    model = line(cr.optimizers.SGD(0.0))
    x, y = np.ones((4, 1), "float32"), np.zeros((4, 1), "float32")
    model.train_on_batch(x, y, engine=engine)
    y[:] = 100
    expected = float(np.mean((model.predict(x) - 100.0) ** 2))
    assert model.train_on_batch(x, y, engine=engine) == pytest.approx(expected, rel=1e-5)


def test_large_integer_targets_do_not_wrap():
    model = line(cr.optimizers.SGD(0.0))
    loss = model.evaluate(np.zeros((1, 1)), np.array([[3_000_000_000]]), verbose=0)
    assert loss == pytest.approx(9e18, rel=1e-3)


def test_softmax_over_another_axis_is_not_fused_over_the_last():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(2, 3, 4))
    t = np.eye(4)[rng.integers(0, 4, (2, 3))]

    def loss(v):
        return ops.sum(cr.losses.categorical_crossentropy(t, ops.softmax(v, axis=1)))

    recorded, _ = cr.value_and_grad(loss)(z)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    p = p / p.sum(axis=-1, keepdims=True)
    assert float(recorded) == pytest.approx(float(-(t * np.log(p)).sum()), rel=1e-6)


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_a_function_of_ones_own_sees_targets_of_the_outputs_shape(engine):
    """E38: (n,) against (n, 1) would broadcast to (n, n)."""
    x, y = np.arange(4.0)[:, None], np.arange(4)
    own, ours = line(cr.optimizers.SGD(0.01)), line(cr.optimizers.SGD(0.01))
    own.compile(cr.optimizers.SGD(0.01), lambda t, p: ops.mean(ops.square(t - p), axis=-1))
    ours.set_weights(own.get_weights())
    how = {"batch_size": 4, "shuffle": False, "verbose": 0, "engine": engine}
    assert own.fit(x, y, **how).history == ours.fit(x, y, **how).history


def test_sample_weights_as_a_column():
    x, y, w = np.ones((3, 1)), np.array([[1.0], [2.0], [5.0]]), np.array([1.0, 2.0, 0.5])
    model = line()
    flat = model.evaluate(x, y, sample_weight=w, verbose=0)
    assert model.evaluate(x, y, sample_weight=w[:, None], verbose=0) == flat


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_evaluating_inside_a_batch_callback_changes_nothing(engine):
    x = np.arange(12.0)[:, None] / 12

    def trained(callbacks):
        cr.utils.set_random_seed(0)
        model = line(cr.optimizers.SGD(0.1))
        look = [
            cr.callbacks.LambdaCallback(
                on_train_batch_end=lambda b, logs: model.evaluate(x[:2], x[:2], verbose=0)
            )
        ]
        model.fit(
            x,
            2 * x,
            batch_size=5,
            epochs=2,
            verbose=0,
            engine=engine,
            callbacks=look if callbacks else None,
        )
        return model.get_weights()[0], model.history.history["loss"]

    (w1, l1), (w2, l2) = trained(False), trained(True)
    np.testing.assert_array_equal(w1, w2)
    np.testing.assert_allclose(l1, l2, rtol=1e-6)


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_a_changed_setting_is_seen_by_the_compiled_program(engine):
    model = cr.Sequential([cr.Input((2,)), Dense(3, activation="softmax")])
    x = np.ones((1, 2))
    assert model.predict(x, engine=engine).sum() == pytest.approx(1)
    model.layers[0].activation = cr.activations.linear
    kernel, bias = model.get_weights()
    np.testing.assert_allclose(model.predict(x, engine=engine), x @ kernel + bias, rtol=1e-5)


def test_a_model_frozen_after_training_can_be_saved_and_goes_on(tmp_path):
    model = cr.Sequential([cr.Input((2,)), Dense(3), Dense(1)])
    model.compile("adam", "mse")
    x, y = np.ones((4, 2)), np.ones((4, 1))
    model.fit(x, y, epochs=3, verbose=0)
    momentum = model.optimizer.slots[2][0].numpy()
    model.layers[0].trainable = False
    loaded = cr.load_model(model.save(tmp_path / "m"))
    np.testing.assert_array_equal(loaded.predict(x), model.predict(x))
    assert not loaded.layers[0].trainable
    model.optimizer.build(model.trainable_variables)
    np.testing.assert_array_equal(model.optimizer.slots[0][0].numpy(), momentum)


def test_a_shared_layer_keeps_its_name():
    first = cr.Sequential([cr.Input((2,)), Dense(2), Dense(2)])
    second = cr.Sequential([Dense(2, input_dim=2), first.layers[0]])
    assert [layer.name for layer in first.layers] == ["dense", "dense_1"]
    paths = [path for path, v in second.named_variables() if v.kind == "weight"]
    assert paths == ["dense.kernel", "dense.bias", "dense_1.kernel", "dense_1.bias"]
    mine = Dense(2, name="mine")
    cr.Sequential([Dense(2, input_dim=2), mine])
    with pytest.raises(ArgumentError, match="two layers are called 'mine'"):
        cr.Sequential([Dense(2, name="mine"), mine])


def test_a_recorded_keyword_argument_gets_its_gradient():
    x, w, b = np.ones((3, 2)), np.ones((2, 2)), np.array([1.0, 2.0])
    value, gradient = cr.value_and_grad(lambda v: ops.sum(ops.dense(x, w, bias=v) ** 2))(b)
    np.testing.assert_allclose(gradient, (2 * (x @ w + b)).sum(axis=0))
    assert isinstance(value, (float, np.floating, np.ndarray))


@pytest.mark.parametrize("convert", [float, int, bool, lambda v: v.item()])
def test_a_python_number_would_cut_the_chain_rule(convert):
    with pytest.raises(StateError, match="would cut the chain rule"):
        cr.value_and_grad(lambda v: v * convert(v))(np.array(2.0))


def test_numpy_in_a_layer_is_explained_where_a_step_is_compiled():
    class Own(cr.layers.Layer):
        def call(self, x):
            return x * np.tanh(np.asarray(x))

        def compute_output_shape(self, input_shape):
            return input_shape

    model = cr.Sequential([cr.Input((2,)), Own(), Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(
        StateError, match=r"test_model.py:\d+: a number was asked for while the step"
    ):
        model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0, engine="xla")
    model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0, engine="numpy")


def test_a_model_with_a_loss_of_ones_own_can_be_saved(tmp_path, capsys):
    model = line()
    model.compile("sgd", lambda t, y: ops.square(t - y))
    model.fit(np.ones((4, 1)), np.ones((4, 1)), verbose=0)
    path = model.save(tmp_path / "m")
    assert "compile again after loading" in capsys.readouterr().out
    np.testing.assert_array_equal(cr.load_model(path).predict([[1.0]]), model.predict([[1.0]]))


@on_both
def test_whole_numbers_reach_a_subclass_as_they_are(engine):
    class Rows(cr.Model):
        def __init__(self):
            super().__init__()
            self.table = cr.Variable(np.arange(12.0).reshape(6, 2), name="table")

        def call(self, x):
            return ops.take(self.table, x, axis=0)

    model = Rows()
    assert model.predict(np.array([1, 5]), engine=engine).tolist() == [[2, 3], [10, 11]]
    model.compile("sgd", "mse")
    model.fit(np.array([1, 5]), np.ones((2, 2)), verbose=0, engine=engine)


@on_both
def test_a_dict_of_inputs_keeps_its_order(engine):
    """JAX sorts the keys of dicts."""

    class Ordered(cr.Model):
        def call(self, x):
            first, second = x.values()
            return {"z": 10.0 * first + second, "a": first}

    y = Ordered().predict({"b": np.ones((3, 1)), "a": 2 * np.ones((3, 1))}, engine=engine)
    assert list(y) == ["z", "a"]
    assert y["z"].ravel().tolist() == [12.0] * 3


def test_layers_in_any_container_are_found():
    import collections

    class Own(cr.Model):
        def __init__(self):
            super().__init__()
            self.ordered = collections.OrderedDict()
            self.ordered["x"] = Dense(3)
            self.queue = collections.deque([Dense(3)])

        def call(self, x):
            return self.queue[0](self.ordered["x"](x))

    model = Own()
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 2)), np.ones((4, 3)), verbose=0, engine="numpy")
    assert len(model.trainable_variables) == 4
    shared = cr.Sequential([cr.Input((2,)), Dense(2)]), cr.Sequential([cr.Input((2,)), Dense(2)])
    model.borrowed = [part.layers[0] for part in shared]  # both are called "dense" at home
    other = Own()
    other.borrowed = model.borrowed
    other.borrowed.append(Dense(1))
    assert [len(m.borrowed) for m in (model, other)] == [3, 3]
    assert all(m.borrowed[-1] in m._sublayers() for m in (model, other))


@on_both
def test_a_step_of_ones_own_may_use_the_common_one(engine):
    class Counted(cr.Model):
        def __init__(self):
            super().__init__()
            self.out = Dense(1, kernel_initializer="ones")
            self.seen = cr.Variable(0.0, name="seen", kind="statistic")

        def call(self, x):
            return self.out(x)

        def train_step(self, data):
            self.seen.assign_add(1.0)
            return super().train_step(data)

    plain = cr.Sequential([cr.Input((2,)), Dense(1, kernel_initializer="ones")])
    own = Counted()
    figures = []
    for model in (plain, own):
        model.compile(cr.optimizers.SGD(0.1), "mse", metrics=["mae"])
        x, y = np.ones((6, 2)), np.zeros((6, 1))
        fitted = model.fit(x, y, batch_size=2, epochs=2, verbose=0, engine=engine)
        figures.append(fitted.history)
    assert figures[0].keys() == figures[1].keys()
    for name, values in figures[0].items():
        np.testing.assert_allclose(values, figures[1][name], rtol=1e-6)
    assert float(own.seen) == 6


@on_both
def test_training_in_a_callback_leaves_the_figures_of_the_fit(engine):
    model = cr.Sequential([cr.Input((1,)), Dense(1, kernel_initializer="ones")])
    model.compile(cr.optimizers.SGD(0.0), "mse")
    x, y = np.ones((4, 1)), np.zeros((4, 1))

    def train(batch, logs):
        model.train_on_batch(100 * x, y, engine=engine)

    look = cr.callbacks.LambdaCallback(on_train_batch_end=train)
    fitted = model.fit(x, y, batch_size=2, verbose=0, engine=engine, callbacks=[look])
    assert fitted.history["loss"] == [1.0]


def test_a_metric_compiled_again_keeps_its_name():
    metric, names = cr.metrics.MeanAbsoluteError(), []
    model = cr.Sequential([cr.Input((1,)), Dense(1)])
    for _ in range(3):
        model.compile("sgd", "mse", metrics=[metric, "mae"])
        fitted = model.fit(np.ones((2, 1)), np.ones((2, 1)), verbose=0, engine="numpy")
        names.append(list(fitted.history))
    assert names == [["loss", "mean_absolute_error", "mae"]] * 3
