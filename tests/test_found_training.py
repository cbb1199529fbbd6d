"""Found wrong from outside: layers, models and training, through the public API alone.

Each was a strict xfail before it was mended. Both engines where both apply; threads are joined with
a limit, so that a hang is a failure.
"""

from __future__ import annotations

import copy
import functools
import gc
import importlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
import warnings
import weakref

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops
from chainrule.errors import ChainruleError
from chainrule.layers import Dense, Dropout, Layer

ENGINES = ("numpy", "xla")
on_both = pytest.mark.parametrize("engine", ENGINES)


def ones(rows=4, features=1):
    return np.ones((rows, features), "float32")


def one_weight(**kwargs):
    return Dense(1, use_bias=False, kernel_initializer="ones", **kwargs)


def slope(y_true, y_pred):
    """A loss whose gradient does not depend on the weights: the mean of the prediction."""
    return ops.mean(y_pred, axis=-1)


class Pair(Layer):
    """x·(mean a + mean b): on x = 1, `slope` and SGD(size) take exactly 1 from both, each step."""

    def __init__(self, size=1, **kwargs):
        super().__init__(**kwargs)
        self.size = size

    def build(self, input_shape):
        self.a = self.add_weight("a", (self.size,), "zeros")
        self.b = self.add_weight("b", (self.size,), "zeros")

    def call(self, x):
        return x * (ops.mean(self.a) + ops.mean(self.b))


def counter(size=1, optimizer=None):
    """After n steps on ones a = b = −n, and the loss of the next batch is −2n."""
    model = cr.Sequential([cr.Input((1,)), Pair(size)])
    model.compile(optimizer or cr.optimizers.SGD(float(size)), slope)
    return model


def whole(weights):
    """No weight differs from another: what `counter` has between two steps."""
    return len({float(v) for w in weights for v in np.unique(w)}) == 1


def at_once(*works, limit=60):
    """Run functions in threads of their own; their results. An error or a hang fails."""
    results, errors = [None] * len(works), []

    def run(i, work):
        try:
            results[i] = work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(i, w), daemon=True) for i, w in enumerate(works)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # they take turns often, so that what can be torn is torn
    try:
        for t in threads:
            t.start()
        for t in threads:
            t.join(limit)
    finally:
        sys.setswitchinterval(before)
    if errors:
        raise errors[0]
    assert not any(t.is_alive() for t in threads), "a thread hangs"
    return results


def said(work, capsys=None):
    """What a call says in warnings, prints or an error of ours."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            work()
            error = ""
        except ChainruleError as raised:
            error = str(raised)
    printed = "" if capsys is None else "".join(capsys.readouterr())
    return " ".join([error, printed, *(str(w.message) for w in caught)])


def python(code, limit=60):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=limit, check=False
    )


# --- section 2: trees ----------------------------------------------------------------------------


class TwoInputs(cr.Model):
    """Dense over both inputs side by side, which come as a list or as a dict."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.out = Dense(1, kernel_initializer="ones")

    def call(self, inputs):
        pair = [inputs["a"], inputs["b"]] if isinstance(inputs, dict) else list(inputs)
        return self.out(ops.concatenate(pair, axis=-1))


@on_both
@pytest.mark.parametrize("form", ["list", "tuple", "dict", "dict in another order"])
def test_two_inputs_train_as_one_wide_input(engine, form):
    rng = np.random.default_rng(0)
    a, b, y = (rng.normal(size=(10, n)).astype("float32") for n in (2, 3, 1))
    given = {
        "list": [a, b], "tuple": (a, b), "dict": {"a": a, "b": b},
        "dict in another order": {"b": b, "a": a},
    }[form]  # fmt: skip
    two, wide = TwoInputs(), cr.Sequential([Dense(1, kernel_initializer="ones")])
    results = []
    for model, x in ((two, given), (wide, np.hstack([a, b]))):
        model.compile(cr.optimizers.SGD(0.1), "mse")
        history = model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0, engine=engine)
        history = history.history["loss"]
        loss = model.evaluate(x, y, verbose=0, engine=engine)
        one = model.train_on_batch(x, y, engine=engine)
        results.append([*history, loss, one, *model.predict(x, engine=engine).ravel()])
    np.testing.assert_allclose(results[0], results[1], rtol=1e-5)


class TwoOutputs(cr.Model):
    """A shared layer, a class and a number; as a list or as a dict."""

    def __init__(self, as_dict, **kwargs):
        super().__init__(**kwargs)
        self.as_dict = as_dict
        self.body = Dense(4, "tanh", kernel_initializer="ones")
        self.kind, self.size = Dense(3, "softmax"), one_weight()

    def call(self, x):
        h = self.body(x)
        kind, size = self.kind(h), self.size(h)
        return {"kind": kind, "size": size} if self.as_dict else [kind, size]


@on_both
def test_dicts_of_losses_weights_and_metrics(engine):
    cr.utils.set_random_seed(1)
    model = TwoOutputs(as_dict=True)
    model.compile(
        cr.optimizers.SGD(1e-3),
        loss={"size": "mse", "kind": "sparse_categorical_crossentropy"},
        loss_weights={"kind": 1.0, "size": 0.5},
        metrics={"kind": ["accuracy"]},
    )
    x, y = ones(6, 2), {"size": 2 * ones(6), "kind": np.arange(6) % 3}
    history = model.fit(x, y, validation_data=(x, y), verbose=0, engine=engine).history
    names = {"loss", "kind_loss", "size_loss", "kind_accuracy"}
    assert set(history) == names | {f"val_{name}" for name in names}
    logs = model.evaluate(x, y, return_dict=True, verbose=0, engine=engine)
    p = model.predict(x, engine=engine)
    kind = -np.log(np.take_along_axis(p["kind"], y["kind"][:, None], 1)).mean()
    size = ((p["size"] - 2) ** 2).mean()
    expected = {"kind_loss": kind, "size_loss": size, "loss": kind + size / 2}
    for name, value in expected.items():
        assert logs[name] == pytest.approx(value, rel=1e-5), name
    assert logs["kind_accuracy"] == pytest.approx((p["kind"].argmax(1) == y["kind"]).mean())


@on_both
def test_lists_of_losses_go_by_position(engine):
    model = TwoOutputs(as_dict=False)
    model.compile("sgd", loss=["sparse_categorical_crossentropy", "mae"], loss_weights=[0.0, 2.0])
    x = ones(4, 2)
    loss = model.evaluate(x, [np.zeros(4, int), 9 * ones()], return_dict=True, engine=engine)
    size = np.abs(model.predict(x, engine=engine)[1] - 9).mean()
    assert loss["loss"] == pytest.approx(2 * size, rel=1e-5)


@on_both
def test_nested_lists_of_numbers_are_one_array(engine):
    """Right before, and to stay: a list is a tree only where several inputs are expected."""
    model = cr.Sequential([cr.Input((2,)), one_weight()])
    model.compile("sgd", "mse")
    xor = [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert model.evaluate(xor, [0, 1, 1, 2], verbose=0, engine=engine) == 0
    assert model.predict(xor, engine=engine).tolist() == [[0], [1], [1], [2]]


def decorated(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


@on_both
def test_a_decorated_call_is_told_training(engine):
    seen = set()

    class Spy(Layer):
        @decorated
        def call(self, x, training=False):
            seen.add(bool(training))
            return x

    model = cr.Sequential([cr.Input((1,)), Spy(), Dense(1)])
    model.compile("sgd", "mse")
    model.fit(ones(), ones(), verbose=0, engine=engine)
    assert True in seen


class Quiet(Layer):
    """Calls its Dropout without passing `training` on, or with an argument of its own."""

    def __init__(self, own, **kwargs):
        super().__init__(**kwargs)
        self.own, self.drop = own, Dropout(0.5)

    def call(self, x):
        return self.drop(x) if self.own is None else self.drop(x, training=self.own)


@on_both
@pytest.mark.parametrize("place", ["in a layer", "in a model", "two deep"])
def test_training_reaches_nested_layers(engine, place):
    inner = Quiet(None)
    if place == "two deep":
        inner = cr.Sequential([cr.Input((16,)), Quiet(None)])

    class Outer(cr.Model):
        def __init__(self):
            super().__init__()
            self.inner, self.out = inner, one_weight()

        def call(self, x):
            return self.out(self.inner(x))

    model = Outer() if place == "in a model" else cr.Sequential([inner, one_weight()])
    model.compile(cr.optimizers.SGD(1e-9), "mse")
    x, y = ones(64, 16), 16 * ones(64)
    history = model.fit(x, y, verbose=0, engine=engine).history
    assert history["loss"][0] > 0.1  # some of the sixteen ones are dropped or doubled
    assert model.evaluate(x, y, verbose=0, engine=engine) == 0


@on_both
@pytest.mark.parametrize("own", [True, False])
def test_a_call_of_ones_own_decides_about_training(engine, own):
    """Right before, and to stay: an argument that is passed comes before the outer call's."""
    model = cr.Sequential([Quiet(own), one_weight()])
    model.compile(cr.optimizers.SGD(1e-9), "mse")
    x, y = ones(64, 16), 16 * ones(64)
    loss = model.fit(x, y, verbose=0, engine=engine).history["loss"][0]
    assert (loss > 0.1) == own == (model.evaluate(x, y, verbose=0, engine=engine) > 0.1)


@on_both
def test_masks_travel_into_losses_and_metrics(engine):
    class Padded(Layer):
        supports_masking = True

        def compute_mask(self, x, mask=None):
            return ops.any(ops.not_equal(x, 0.0), axis=-1)

        def call(self, x):
            return x

    model = cr.Sequential([cr.Input((3, 1)), Padded(), one_weight()])
    model.compile("sgd", "mse", weighted_metrics=["mae"])
    x = np.array([[[1.0], [2.0], [0.0]]], "float32")
    logs = model.evaluate(x, 0 * x - 1, return_dict=True, verbose=0, engine=engine)
    assert logs["loss"] == pytest.approx((2**2 + 3**2) / 2)  # the third step is padding
    assert logs["mae"] == pytest.approx((2 + 3) / 2)
    x = np.array([[[1.0], [2.0], [0.0]], [[3.0], [0.0], [0.0]]], "float32")
    more = {"sample_weight": np.array([2.0, 1.0]), "return_dict": True, "verbose": 0}
    logs = model.evaluate(x, 0 * x - 1, engine=engine, **more)
    assert logs["mae"] == pytest.approx((2 * 2 + 2 * 3 + 4) / (2 + 2 + 1))


def test_a_layer_that_cannot_take_a_mask_says_so():
    class Padded(Layer):
        supports_masking = True

        def compute_mask(self, x, mask=None):
            return ops.any(ops.not_equal(x, 0.0), axis=-1)

        def call(self, x):
            return x

    class Blind(Layer):
        def call(self, x):
            return ops.sum(x, axis=1)

    model = cr.Sequential([cr.Input((3, 1)), Padded(), Blind(name="blind")])
    text = said(lambda: model.predict(np.ones((2, 3, 1), "float32"), engine="numpy"))
    assert "blind" in text
    assert "mask" in text


@on_both
def test_unknown_axes(engine):
    """Right before for layers of ours, and to stay."""
    model = cr.Sequential([cr.Input((None, 4)), Dense(3)])
    assert model.output_shape == (None, None, 3)
    for steps in (5, 7):
        assert model.predict(np.ones((2, steps, 4)), engine=engine).shape == (2, steps, 3)


def test_unknown_axes_through_a_layer_of_ones_own():
    """A dry run with two lengths: what differs is not known."""

    class Twice(Layer):
        def call(self, x):
            return ops.concatenate([x, x], axis=1)

    model = cr.Sequential([cr.Input((None, 4)), Twice(), Dense(3)])
    assert model.output_shape == (None, None, 3)


@on_both
def test_build_takes_several_shapes_by_name(engine):
    shapes = []

    class Attend(Layer):
        def build(self, query_shape, value_shape):
            shapes.append((tuple(query_shape), tuple(value_shape)))
            self.kernel = self.add_weight("kernel", (query_shape[-1], value_shape[-1]), "ones")

        def call(self, query, value):
            return ops.matmul(query, self.kernel) * value

    layer = Attend()
    y = layer(ones(2, 3), value=ones(2, 5))
    assert np.asarray(y).tolist() == [[3.0] * 5] * 2
    assert [(q[-1], v[-1]) for q, v in shapes] == [(3, 5)]


def test_huge_shapes_are_not_run_to_be_known():
    ran = []

    class Own(Layer):
        def call(self, x):
            ran.append(x.shape)
            return x

    with pytest.raises(ChainruleError, match="compute_output_shape"):
        cr.Sequential([cr.Input((1 << 25,)), Own()])
    assert not ran


def test_add_builds_only_the_new_layer():
    calls = []

    class Own(Layer):
        def call(self, x):
            calls.append(1)
            return x

    model = cr.Sequential([cr.Input((4,)), Own()])
    once = len(calls)
    for _ in range(10):
        model.add(cr.layers.Activation("tanh"))
    assert model.output_shape == (None, 4)
    assert len(calls) == once


@on_both
def test_an_input_of_whole_numbers(engine):
    class Offset(Layer):
        def call(self, x):
            return ops.cast(x - 16_777_216, "float32")

    model = cr.Sequential([cr.Input((1,), dtype="int32"), Offset()])
    y = model.predict(np.array([[16_777_217], [16_777_219]]), engine=engine)
    assert y.tolist() == [[1.0], [3.0]]  # float32 knows neither number


# --- section 3: graphs of layers -----------------------------------------------------------------


@on_both
def test_a_functional_model_is_its_sequential(engine, tmp_path):
    x = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
    inputs = cr.Input((3,))
    hidden = Dense(4, "tanh", name="hidden")(inputs)
    outputs = Dense(1, name="out")(hidden)
    model = cr.Model(inputs, outputs)
    twin = cr.Sequential([cr.Input((3,)), Dense(4, "tanh"), Dense(1)])
    twin.set_weights(model.get_weights())
    for m in (model, twin):
        m.compile("adam", "mse")
        m.fit(x, x[:, :1], epochs=2, shuffle=False, verbose=0, engine=engine)
    for mine, its in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-6)
    features = cr.Model(model.inputs, model.get_layer("hidden").output)
    assert features.predict(x, engine=engine).shape == (8, 4)
    loaded = cr.load_model(model.save(tmp_path / "m.safetensors"))
    np.testing.assert_array_equal(loaded.predict(x, engine=engine), model.predict(x, engine=engine))


@on_both
def test_a_graph_of_operators_operations_and_shared_layers(engine):
    a, b = cr.Input((2,), name="a"), cr.Input((2,), name="b")
    shared = Dense(2, use_bias=False, kernel_initializer="ones")
    joined = cr.ops.concatenate([shared(a), shared(b) * 2 + 1], axis=-1)
    model = cr.Model([a, b], one_weight()(-cr.ops.abs(joined)))
    assert len(model.weights) == 2
    y = model.predict([ones(3, 2), ones(3, 2)], engine=engine)
    assert y.tolist() == [[-(2 + 2 + 5 + 5)]] * 3


def test_graphs_that_cannot_be_are_refused():
    a, b = cr.Input((2,), name="a"), cr.Input((3,), name="b")
    shared = Dense(2, name="shared")
    shared(a)
    with pytest.raises(ChainruleError, match="shared"):
        shared(b)
    with pytest.raises(ChainruleError, match="'b'"):
        cr.Model(a, Dense(1)(cr.ops.concatenate([a, b], axis=-1)))


def test_the_summary_of_a_graph_shows_its_connections(capsys):
    a, b = cr.Input((2,), name="left"), cr.Input((2,), name="right")
    one, two = Dense(3, name="one")(a), Dense(3, name="two")(b)
    cr.Model([a, b], Dense(1, name="last")(one + two)).summary()
    text = capsys.readouterr().out
    assert "Connected to" in text
    for name in ("left", "right", "one", "two", "last", "(None, 3)", "(None, 1)"):
        assert name in text


def test_build_builds_once():
    layer = Dense(3)
    layer.build((None, 4))
    before = layer.get_weights()
    assert layer.built
    layer(ones(2, 4))
    assert len(layer.weights) == 2
    np.testing.assert_array_equal(layer.kernel.numpy(), before[0])


@on_both
def test_a_layer_may_build_its_sublayers(engine):
    class Block(Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.first, self.second = one_weight(), one_weight()

        def build(self, input_shape):
            self.first.build(input_shape)
            self.second.build((None, 1))

        def call(self, x):
            return self.second(self.first(x))

    model = cr.Sequential([cr.Input((2,)), Block()])
    model.compile(cr.optimizers.SGD(0.1), "mse")
    model.fit(ones(4, 2), ones(), verbose=0, engine=engine)
    assert len(model.weights) == 2


def test_model_build_builds():
    class Own(cr.Model):
        def __init__(self):
            super().__init__()
            self.out = Dense(3)

        def call(self, x):
            return self.out(x)

    model = Own()
    model.build((None, 4))
    assert model.built
    assert [w.shape for w in model.weights] == [(4, 3), (3,)]


def keep_in_a_list(model, layers):
    model.blocks = []
    for layer in layers:
        model.blocks.append(layer)


def keep_in_a_dict(model, layers):
    model.blocks = dict(enumerate(layers))


def keep_in_a_dict_later(model, layers):
    model.blocks = {}
    for i, layer in enumerate(layers):
        model.blocks[f"b{i}"] = layer


def keep_nested(model, layers):
    model.blocks = {"all": [list(layers[:1]), tuple(layers[1:])]}


@on_both
@pytest.mark.parametrize(
    "keep", [keep_in_a_list, keep_in_a_dict, keep_in_a_dict_later, keep_nested]
)
def test_layers_are_found_where_they_are(engine, keep):
    layers = [one_weight() for _ in range(3)]

    class Own(cr.Model):
        def __init__(self):
            super().__init__()
            keep(self, layers)

        def call(self, x):
            for layer in layers:
                x = layer(x)
            return x

    model = Own()
    model.compile(cr.optimizers.SGD(0.1), "mse")
    model.fit(ones(), 3 * ones(), verbose=0, engine=engine)
    assert len(model.trainable_variables) == 3
    w = [float(layer.kernel.numpy()[0, 0]) for layer in layers]
    assert w == pytest.approx([1.4, 1.4, 1.4])  # dL/dw = 2(1 − 3), each


@on_both
def test_nothing_to_train_is_said(engine, capsys):
    model = cr.Sequential([cr.Input((1,)), one_weight(trainable=False)])
    model.compile("sgd", "mse")
    text = said(lambda: model.fit(ones(), ones(), verbose=2, engine=engine), capsys)
    assert re.search("nothing to train|no trainable|any trainable", text)


@on_both
def test_a_model_without_weights_can_be_fitted(engine):
    model = cr.Sequential([cr.Input((1,)), cr.layers.Activation("tanh")])
    model.compile("sgd", "mse")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        history = model.fit(ones(), 0 * ones(), epochs=2, verbose=0, engine=engine)
    assert history.history["loss"] == pytest.approx([np.tanh(1) ** 2] * 2, rel=1e-6)


class OwnSteps(cr.Model):
    """y = w·x with w = 1, and steps of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.out = one_weight()

    def call(self, x):
        return self.out(x)


class OwnTrainStep(OwnSteps):
    def train_step(self, data):
        x, y = data
        with cr.record() as tape:
            loss = self.compute_loss(x=x, y=y, y_pred=self(x, training=True))
        weights = self.trainable_variables
        self.optimizer.apply(tape.gradients(loss, weights), weights)
        return {"loss": loss, "twice": 2 * loss}


class OwnTestStep(OwnSteps):
    def test_step(self, data):
        x, y = data
        error = ops.mean(ops.abs(self(x, training=False) - y))
        return {"loss": error, "seven": 7 * ops.ones_like(error)}


class OwnPredictStep(OwnSteps):
    def predict_step(self, data):
        x = data[0] if isinstance(data, (tuple, list)) else data
        return 10 * self(x, training=False)


class OwnLoss(OwnSteps):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return ops.mean(ops.abs(y - y_pred)) * 100


def compiled(kind):
    model = kind()
    model.compile(cr.optimizers.SGD(0.1), "mse")
    return model


@on_both
def test_a_train_step_of_ones_own(engine):
    model = compiled(OwnTrainStep)
    logs = model.fit(ones(), 3 * ones(), verbose=0, engine=engine).history
    assert (logs["loss"], logs["twice"]) == ([4.0], [8.0])
    assert model.get_weights()[0] == pytest.approx(1.4)
    logs = model.train_on_batch(ones(), 3 * ones(), return_dict=True, engine=engine)
    assert logs["twice"] == pytest.approx(2 * 1.6**2)


@on_both
def test_a_test_step_of_ones_own(engine):
    model = compiled(OwnTestStep)
    logs = model.evaluate(ones(), 3 * ones(), return_dict=True, verbose=0, engine=engine)
    assert logs == {"loss": 2.0, "seven": 7.0}
    validation = (ones(), 3 * ones())
    history = model.fit(*validation, validation_data=validation, verbose=0, engine=engine).history
    assert history["val_seven"] == [7.0]


@on_both
def test_a_predict_step_of_ones_own(engine):
    assert compiled(OwnPredictStep).predict(ones(1), engine=engine).tolist() == [[10.0]]


@on_both
def test_a_compute_loss_of_ones_own(engine):
    model = compiled(OwnLoss)
    assert model.evaluate(ones(), 3 * ones(), verbose=0, engine=engine) == 200.0
    model.fit(ones(), 3 * ones(), verbose=0, engine=engine)
    assert model.get_weights()[0] == pytest.approx(11.0)  # 1 − .1·(−100)


class Gan(cr.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.generator = Dense(2, kernel_initializer="ones", name="generator")
        self.critic = Dense(1, kernel_initializer="ones", name="critic")

    def compile(self, critic_optimizer, generator_optimizer, **kwargs):
        super().compile(**kwargs)
        self.critic_optimizer, self.generator_optimizer = critic_optimizer, generator_optimizer

    def call(self, z):
        return self.generator(z)

    def train_step(self, data):
        real = data[0] if isinstance(data, (tuple, list)) else data
        with cr.record() as tape:
            gap = ops.tanh(self.critic(self.generator(real))) - ops.tanh(self.critic(real))
            loss = ops.mean(gap)
            weights = self.critic.trainable_variables
            gradients = tape.gradients(loss, weights)
        self.critic_optimizer.apply(gradients, weights)
        with cr.record() as tape:
            fooled = -ops.mean(self.critic(self.generator(real)))
            weights = self.generator.trainable_variables
            gradients = tape.gradients(fooled, weights)
        self.generator_optimizer.apply(gradients, weights)
        return {"critic": loss, "generator": fooled}


def test_two_optimizers_train_on_both_engines():
    x = np.random.default_rng(0).normal(size=(10, 2)).astype("float32")
    ends = {}
    for engine in ENGINES:
        model = Gan()
        model.compile(cr.optimizers.Adam(0.1), cr.optimizers.SGD(0.1))
        logs = model.fit(x, epochs=2, batch_size=4, shuffle=False, verbose=0, engine=engine)
        assert set(logs.history) >= {"critic", "generator"}
        assert int(model.critic_optimizer.iterations) == 6
        assert int(model.generator_optimizer.iterations) == 6
        ends[engine] = np.concatenate([w.ravel() for w in model.get_weights()])
    assert (np.abs(ends["numpy"] - [1, 1, 1, 1, 0, 0, 1, 1, 0]) > 1e-3).all()
    np.testing.assert_allclose(ends["xla"], ends["numpy"], rtol=1e-4)


@on_both
def test_added_losses_count(engine):
    class Activity(Layer):
        def call(self, x):
            self.add_loss(0.5 * ops.sum(ops.square(x)))
            return x

    model = cr.Sequential([cr.Input((1,)), one_weight(), Activity()])
    model.compile(cr.optimizers.SGD(0.1), "mse")
    assert model.evaluate(ones(2), ones(2), verbose=0, engine=engine) == 1.0
    model.fit(ones(2), ones(2), verbose=0, engine=engine)
    assert model.get_weights()[0] == pytest.approx(1 - 0.1 * 2)


@on_both
def test_activity_regularizer(engine):
    layer = one_weight(activity_regularizer=cr.regularizers.L2(0.5))
    model = cr.Sequential([cr.Input((1,)), layer])
    model.compile("sgd", "mse")
    # the penalty of the output of all rows, divided by their number: Keras 3's meaning
    assert model.evaluate(ones(2), ones(2), verbose=0, engine=engine) == 0.5


def programs():
    """How many programs were compiled so far, wherever the counter stands."""
    for name in ("engines.xla", "engines.base", "engines", "jax_setup", "engine"):
        try:
            module = importlib.import_module(f"chainrule.training.{name}")
        except ModuleNotFoundError:
            continue
        count = getattr(module, "compilations", None)
        if count is not None:
            return count() if callable(count) else count[0] if isinstance(count, list) else count
    raise AssertionError("the number of compilations is not counted")


def test_building_one_model_recompiles_no_other():
    x, y = ones(), ones()
    model = cr.Sequential([cr.Input((1,)), Dense(1)])
    model.compile("sgd", "mse")

    def use():
        model.fit(x, y, verbose=0, engine="xla")
        model.evaluate(x, y, verbose=0, engine="xla")
        model.predict(x, engine="xla")

    use()
    before = programs()
    other = cr.Sequential([cr.Input((1,)), Dense(1)])
    other.add(Dense(2))
    other.layers[0].trainable = False
    use()
    assert programs() == before


def test_row_counts_with_one_tail_cost_two_programs():
    model = cr.Sequential([cr.Input((1,)), Dense(1)])
    model.compile("sgd", "mse")
    before = programs()
    for whole_batches in range(130, 160):
        rows = 8 * whole_batches + 3
        model.fit(ones(rows), ones(rows), batch_size=8, verbose=0, engine="xla")
    assert int(model.optimizer.iterations) == sum(range(131, 161))
    assert programs() - before <= 2


@pytest.mark.parametrize(("engine", "count"), [("numpy", 300), ("xla", 6)])
def test_models_made_and_dropped_leave_nothing_behind(engine, count):
    alive = []
    for _ in range(count):
        model = cr.Sequential([cr.Input((1,)), Dense(1)])
        model.compile("adam", "mse")
        model.fit(ones(), ones(), verbose=0, engine=engine)
        model.predict(ones(), engine=engine)
        alive.append(weakref.ref(model))
    del model
    gc.collect()
    assert sum(ref() is not None for ref in alive) == 0


# --- section 4: who trains what ------------------------------------------------------------------


DECK_004 = [[[0.15, 0.25], [0.20, 0.30]], [0.35, 0.35], [[0.40, 0.50], [0.45, 0.55]], [0.6, 0.6]]


@on_both
def test_float64_layers_report_float64_figures(engine):
    """Deck 004: E = ½Σ(t − o)² = .298371109, which for two outputs is the mean square."""
    model = cr.Sequential(
        [cr.Input((2,)), *(Dense(2, "sigmoid", dtype="float64") for _ in range(2))]
    )
    model.set_weights(DECK_004)
    model.compile(cr.optimizers.SGD(0.5), "mse", metrics=["mse"])
    x, y = np.array([[0.05, 0.10]]), np.array([[0.01, 0.99]])
    h = 1 / (1 + np.exp(-(x @ np.array(DECK_004[0]) + 0.35)))
    o = 1 / (1 + np.exp(-(h @ np.array(DECK_004[2]) + 0.6)))
    error = float(((o - y) ** 2).sum() / 2)
    assert round(error, 9) == 0.298371109
    figures = model.evaluate(x, y, verbose=0, engine=engine)
    figures += model.test_on_batch(x, y, engine=engine)
    figures += model.fit(x, y, verbose=0, engine=engine).history["loss"]
    assert figures == pytest.approx([error] * 5, rel=1e-13)


@on_both
def test_evaluate_during_fit(engine):
    model, steps, over = counter(), 16 * 40, threading.Event()

    def fit():
        try:
            return model.fit(ones(64), ones(64), batch_size=4, epochs=40, verbose=0, engine=engine)
        finally:
            over.set()

    def evaluate():
        losses = []
        while not over.is_set():
            losses.append(
                model.evaluate(100 * ones(19), ones(19), batch_size=8, verbose=0, engine=engine)
            )
        return losses

    model.evaluate(ones(19), ones(19), batch_size=8, verbose=0, engine=engine)
    history, *found = at_once(fit, evaluate, evaluate)
    assert model.get_weights()[0] == model.get_weights()[1] == -steps
    mean = [-2 * (16 * epoch + 7.5) for epoch in range(40)]
    assert history.history["loss"] == pytest.approx(mean, rel=1e-6)
    for loss in (loss for losses in found for loss in losses):
        taken = -loss / 200  # steps that were taken when it was computed: a whole number
        assert abs(taken - round(taken)) < 1e-3
        assert -1e-3 < taken < steps + 1e-3


@on_both
def test_two_evaluations_at_once(engine):
    model = counter()
    model.set_weights([[1.0], [1.0]])

    def evaluate(value, rows):
        def work():
            return {
                model.evaluate(
                    value * ones(rows), ones(rows), batch_size=4, verbose=0, engine=engine
                )
                for _ in range(30)
            }

        return work

    assert at_once(evaluate(1, 300), evaluate(3, 203), evaluate(5, 101)) == [{2}, {6}, {10}]


def during_fit(model, work, engine, look=None):
    """Everything that `work` returns, called again and again while a fit runs batch by batch."""
    over, x = threading.Event(), ones(64)
    look = cr.callbacks.LambdaCallback(on_train_batch_end=look or (lambda batch, logs: None))

    def fit():
        try:
            model.fit(x, x, batch_size=1, epochs=20, callbacks=[look], verbose=0, engine=engine)
        finally:
            over.set()

    def watch():
        found = []
        while not over.is_set():
            found.append(work())
        return found

    return at_once(fit, watch)[1]


@on_both
def test_get_weights_during_fit_is_of_one_moment(engine):
    model = counter(1 << 14)
    found = during_fit(model, model.get_weights, engine)
    assert found
    assert all(map(whole, found))


@on_both
def test_save_during_fit_is_of_one_moment(engine, tmp_path):
    model, copy = counter(1 << 14), counter(1 << 14)

    def save():
        copy.load_weights(model.save_weights(tmp_path / "w.safetensors"))
        return copy.get_weights()

    found = during_fit(model, save, engine)
    assert found
    assert all(map(whole, found))


@on_both
def test_set_weights_during_fit_lands_whole(engine):
    model, seen = counter(1 << 14), []
    values = iter(range(1, 1 << 30))

    def put():
        model.set_weights([np.full(1 << 14, v) for v in [1024.0 * next(values)] * 2])

    during_fit(model, put, engine, lambda batch, logs: seen.append(model.get_weights()))
    assert all(map(whole, seen))
    assert max(float(w[0][0]) for w in seen) > 0  # and not lost


@on_both
@pytest.mark.parametrize("how", ["fit", "train_on_batch", "another model"])
def test_what_is_being_trained_is_not_trained_again(engine, how):
    model, inside, go_on = counter(), threading.Event(), threading.Event()
    other = cr.Sequential([cr.Input((1,)), model.layers[0]])
    other.compile("sgd", slope)
    hows = {
        "fit": functools.partial(model.fit, verbose=0, engine=engine),
        "train_on_batch": functools.partial(model.train_on_batch, engine=engine),
        "another model": functools.partial(other.fit, verbose=0, engine=engine),
    }

    def wait(epoch, logs):
        inside.set()
        go_on.wait(30)

    def fit():
        pause = cr.callbacks.LambdaCallback(on_epoch_end=wait)
        model.fit(ones(), ones(), verbose=0, callbacks=[pause], engine=engine)

    def again():
        try:
            assert inside.wait(30)
            with pytest.raises(ChainruleError, match="train"):
                hows[how](ones(), ones())
        finally:
            go_on.set()

    at_once(fit, again)
    assert whole(model.get_weights())


@on_both
def test_a_callback_of_the_fit_may_use_the_model(engine):
    """Right before, and to stay: between two steps the model is its callbacks' to use."""
    model = counter()

    def use(batch, logs):
        model.evaluate(ones(3), ones(3), verbose=0, engine=engine)
        model.predict(ones(3), engine=engine)
        model.train_on_batch(ones(), ones(), engine=engine)
        model.set_weights([w - 1 for w in model.get_weights()])

    look = cr.callbacks.LambdaCallback(on_train_batch_end=use)
    model.fit(ones(12), ones(12), batch_size=4, callbacks=[look], verbose=0, engine=engine)
    assert [float(w[0]) for w in model.get_weights()] == [-9.0, -9.0]


FORK = """
import os, sys, time, warnings
import numpy as np
import chainrule as cr
from chainrule.errors import ChainruleError
warnings.simplefilter("ignore")
x = np.ones((8, 2), "float32")
model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(x, x[:, :1], verbose=0, engine="xla")
model.predict(x, engine="xla")
pid = os.fork()
if pid == 0:
    try:
        model.predict(x, engine="xla")
        model.fit(np.ones((9, 2), "float32"), np.ones((9, 1), "float32"), verbose=0, engine="xla")
    except ChainruleError:
        pass
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
        os._exit(3)
    os._exit(0)
for _ in range(80):
    done, status = os.waitpid(pid, os.WNOHANG)
    if done:
        sys.exit(os.waitstatus_to_exitcode(status))
    time.sleep(0.1)
os.kill(pid, 9)
os.waitpid(pid, 0)
sys.exit("the child hangs")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_fork_after_xla_works_or_says_why_not():
    done = python(FORK)
    assert done.returncode == 0, done.stderr[-500:]


FORKS = """
import os, sys
import chainrule as cr
cr.utils.set_random_seed(5)
def draw():
    layer = cr.layers.Dense(2)
    layer.build((None, 2))
    print(layer.kernel.numpy().ravel().tolist(), flush=True)
for _ in range(2):
    pid = os.fork()
    if pid == 0:
        draw()
        os._exit(0)
    os.waitpid(pid, 0)
draw()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_forked_children_draw_numbers_of_their_own():
    first, again = python(FORKS), python(FORKS)
    draws = first.stdout.splitlines()
    assert len(draws) == 3, first.stderr
    assert len(set(draws)) == 3
    assert first.stdout == again.stdout  # set_random_seed still decides


# --- section 5: sources, callbacks, resume -------------------------------------------------------


def batches(pulled, rows=4):
    """An endless generator of batches that notes what was pulled; y = 3 on x = 1."""
    while True:
        pulled.append(len(pulled))
        yield ones(rows), 3 * ones(rows)


@on_both
def test_a_generator_and_steps_per_epoch(engine):
    pulled = []
    model = cr.Sequential([cr.Input((1,)), one_weight()])
    model.compile(cr.optimizers.SGD(0.1), "mse")
    history = model.fit(batches(pulled), steps_per_epoch=3, epochs=2, verbose=0, engine=engine)
    assert len(history.history["loss"]) == 2
    assert len(pulled) == 6  # nothing is pulled past the steps asked for
    # the error 3 − w shrinks by 1 − 2·.1 each step
    assert model.get_weights()[0] == pytest.approx(3 - 2 * 0.8**6, rel=1e-6)
    loss = model.evaluate(batches(pulled), steps=2, verbose=0, engine=engine)
    assert loss == pytest.approx((2 * 0.8**6) ** 2, rel=1e-5)
    assert len(pulled) == 8
    assert model.predict((b[0] for b in batches(pulled)), steps=2, engine=engine).shape == (8, 1)
    assert len(pulled) == 10


@on_both
def test_a_sequence_of_batches_is_its_arrays(engine):
    x = np.random.default_rng(0).normal(size=(10, 1)).astype("float32")

    class Batches:
        def __len__(self):
            return 3

        def __getitem__(self, index):
            part = slice(4 * index, 4 * index + 4)
            return x[part], 3 * x[part]

    ends = []
    for data in ((Batches(),), (x, 3 * x)):
        model = cr.Sequential([cr.Input((1,)), one_weight()])
        model.compile(cr.optimizers.Adam(0.1), "mse")
        kwargs = {"batch_size": 4} if len(data) == 2 else {}
        model.fit(*data, epochs=2, shuffle=False, verbose=0, engine=engine, **kwargs)
        ends.append(float(model.get_weights()[0][0, 0]))
    assert ends[0] == ends[1]


@on_both
def test_validation_from_a_generator(engine):
    pulled = []
    model = cr.Sequential([cr.Input((1,)), one_weight()])
    model.compile(cr.optimizers.SGD(0.1), "mse")
    history = model.fit(
        ones(), 3 * ones(), epochs=2, validation_data=batches(pulled), validation_steps=3,
        verbose=0, engine=engine,
    )  # fmt: skip
    assert history.history["val_loss"] == pytest.approx([1.6**2, (2 * 0.64) ** 2], rel=1e-5)
    assert len(pulled) == 6


@on_both
def test_bad_rows_of_a_source_are_named_before_they_are_trained_on(engine):
    def source():
        for batch in range(4):
            x = ones()
            if batch == 2:
                x[1] = np.nan
            yield x, 3 * ones()

    model = cr.Sequential([cr.Input((1,)), one_weight()])
    model.compile(cr.optimizers.SGD(0.1), "mse")
    with pytest.raises(ChainruleError, match="row 9"):
        model.fit(source(), verbose=0, engine=engine)
    assert np.isfinite(model.get_weights()[0]).all()


@on_both
def test_an_error_of_the_source_comes_out_of_fit_with_its_batch(engine):
    def source():
        yield ones(), ones()
        yield ones(), ones()
        raise RuntimeError("the disk is gone")

    model = cr.Sequential([cr.Input((1,)), one_weight()])
    model.compile("sgd", "mse")
    threads = threading.active_count()
    with pytest.raises(Exception, match="the disk is gone") as caught:
        model.fit(source(), verbose=0, engine=engine)
    notes = getattr(caught.value, "__notes__", [])
    assert "batch 2" in " ".join([str(caught.value), *notes])
    for _ in range(100):
        if threading.active_count() <= threads:
            break
        time.sleep(0.05)
    assert threading.active_count() <= threads


def resumable():
    cr.utils.set_random_seed(3)
    model = cr.Sequential([cr.Input((3,)), Dense(8, "tanh"), Dropout(0.3), Dense(1)])
    model.compile(cr.optimizers.Adam(0.05), "mse", metrics=["mae"])
    return model


class StopAt(cr.callbacks.Callback):
    """Ends a fit as Ctrl-C would, after so many batches."""

    def __init__(self, batches=None):
        self.batches, self.seen = batches, 0

    def on_train_batch_end(self, batch, logs=None):
        self.seen += 1
        if self.seen == self.batches:
            raise KeyboardInterrupt

    def get_state(self):
        return {}

    def set_state(self, state):
        pass


@on_both
@pytest.mark.parametrize("at", [3, 8, 17])
def test_resume_in_mid_epoch_is_exact(engine, at, tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(22, 3)), rng.normal(size=(22, 1))

    def fit(stop=None, folder=None):
        model = resumable()
        watch = [
            cr.callbacks.EarlyStopping(patience=4, restore_best_weights=True),
            cr.callbacks.ReduceLROnPlateau(patience=1, factor=0.5, min_delta=0.01),
            StopAt(stop),
        ]
        if folder is not None:
            watch.append(cr.callbacks.BackupAndRestore(folder, save_freq=2))
        history = model.fit(
            x, y, batch_size=4, epochs=6, validation_data=(x[:5], y[:5] + 1), callbacks=watch,
            verbose=0, engine=engine,
        )  # fmt: skip
        return history.history, model

    expected, model = fit()
    with pytest.raises(KeyboardInterrupt):
        fit(at, tmp_path / "backup")
    history, resumed = fit(None, tmp_path / "backup")
    assert history == expected
    for mine, its in zip(resumed.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, its)
    assert float(resumed.optimizer.learning_rate) == float(model.optimizer.learning_rate)
    assert int(resumed.optimizer.iterations) == int(model.optimizer.iterations)


@on_both
@pytest.mark.parametrize("kind", ["test", "predict"])
def test_batch_hooks_fire_or_the_class_says_at_once_that_they_will_not(engine, kind):
    calls = []

    try:

        class Watch(cr.callbacks.Callback):
            def on_test_batch_begin(self, batch, logs=None):
                calls.append(("test", "begin", batch))

            def on_test_batch_end(self, batch, logs=None):
                calls.append(("test", "end", batch))

            def on_predict_batch_begin(self, batch, logs=None):
                calls.append(("predict", "begin", batch))

            def on_predict_batch_end(self, batch, logs=None):
                calls.append(("predict", "end", batch))

        watch = Watch()
    except ChainruleError:
        return
    model = cr.Sequential([cr.Input((1,)), Dense(1)])
    model.compile("sgd", "mse")
    if kind == "test":
        model.evaluate(
            ones(10), ones(10), batch_size=4, verbose=0, callbacks=[watch], engine=engine
        )
    else:
        model.predict(ones(10), batch_size=4, callbacks=[watch], engine=engine)
    assert calls == [(kind, when, batch) for batch in range(3) for when in ("begin", "end")]


@on_both
def test_checkpoints_by_batches(engine, tmp_path):
    """Seven steps an epoch, a file every three of them, counted on over epochs as in Keras."""
    model = counter()
    path = tmp_path / "{epoch}-{batch}.safetensors"
    save = cr.callbacks.ModelCheckpoint(path, save_freq=3, save_weights_only=True)
    model.fit(ones(7), ones(7), batch_size=1, epochs=2, callbacks=[save], verbose=0, engine=engine)
    files = sorted(p.name for p in tmp_path.iterdir())
    assert files == [f"{name}.safetensors" for name in ("1-3", "1-6", "2-2", "2-5")]
    for name, steps in (("1-3", 3), ("1-6", 6), ("2-2", 9), ("2-5", 12)):
        model.load_weights(tmp_path / f"{name}.safetensors")
        assert [float(w[0]) for w in model.get_weights()] == [-steps, -steps]


# --- section 6 -----------------------------------------------------------------------------------


def test_the_summary_of_a_subclass_shows_what_was_computed():
    class Own(cr.Model):
        def __init__(self):
            super().__init__()
            self.out, self.hidden = Dense(2, name="out"), Dense(8, name="hidden")

        def call(self, x):
            return self.out(ops.reshape(self.hidden(x), (-1, 2, 4)))

    model, lines = Own(), []
    model.predict(ones(3, 4), engine="numpy")
    model.summary(print_fn=lines.append)
    rows = "\n".join(lines).splitlines()
    assert "(None, 8)" in next(row for row in rows if "hidden (Dense)" in row)
    assert "(None, 2, 2)" in next(row for row in rows if "out (Dense)" in row)


def test_a_variable_shows_its_numbers():
    text = repr(cr.Variable([1.5, -2.25], name="w"))
    assert "1.5" in text
    assert "-2.25" in text
    assert len(repr(cr.Variable(np.zeros((500, 500)), name="large"))) < 1000


def test_hasattr_of_a_shape_not_known_yet():
    model = cr.Sequential([Dense(1)])
    assert not hasattr(model, "input_shape")
    assert not hasattr(model, "output_shape")
    model.predict(ones(2, 3), engine="numpy")
    assert (model.input_shape, model.output_shape) == ((None, 3), (None, 1))


@pytest.mark.parametrize(
    ("module", "name", "words"),
    [
        ("layers", "ConvLSTM2D", "not in chainrule yet"),
        ("layers", "BatchNorm1d", "here it is called .*BatchNormalization"),
        ("ops", "unsqueeze", "here it is called .*expand_dims"),
        ("losses", "BCELoss", "here it is called .*BinaryCrossentropy"),
        ("optimizers", "lr_scheduler", "here it is called .*schedules"),
        ("layers", "Dens", "did you mean 'Dense'"),
    ],
)
def test_names_of_other_libraries_are_answered(module, name, words):
    with pytest.raises(AttributeError, match=words) as caught:
        getattr(getattr(cr, module), name)
    assert isinstance(caught.value, ChainruleError)
    assert not hasattr(getattr(cr, module), name)


# --- section 7: training -------------------------------------------------------------------------


class Interrupted(cr.optimizers.SGD):
    """Plain SGD in place; after the first weight of the third step something happens."""

    def update(self, w, g, *slots, rate, t):
        w -= rate * g
        calls.append(t)
        if calls.count(3) == 1 and t == 3:
            EVENTS[event[0]]()
        return w


def press_ctrl_c():
    signal.raise_signal(signal.SIGINT)


def raise_keyboard_interrupt():
    raise KeyboardInterrupt


def raise_an_error():
    raise ValueError("broken")


EVENTS = {f.__name__: f for f in (press_ctrl_c, raise_keyboard_interrupt, raise_an_error)}
calls, event = [], [""]


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_an_update_happens_whole_or_not_at_all(name):
    calls.clear()
    event[0] = name
    model = counter(optimizer=Interrupted(1.0))
    with pytest.raises((KeyboardInterrupt, ValueError)):
        model.fit(ones(8), ones(8), batch_size=1, verbose=0, engine="numpy")
    assert whole(model.get_weights())
    assert float(model.get_weights()[0][0]) == -int(model.optimizer.iterations)
    assert int(model.optimizer.iterations) in (2, 3)


@on_both
@pytest.mark.parametrize("what", ["weight", "slot"])
def test_an_update_that_overflows_is_refused(engine, what):
    """Loss and gradient are finite; w − rate·g, or the mean of g², is not."""
    rate, x = (3e38, 10.0) if what == "weight" else (1e-9, 1e30)
    optimizer = cr.optimizers.SGD(rate) if what == "weight" else cr.optimizers.RMSprop(rate)
    model = cr.Sequential([cr.Input((1,)), one_weight()])
    model.compile(optimizer, slope)
    with pytest.raises(ChainruleError, match="finite"):
        model.fit(x * ones(), ones(), epochs=2, verbose=0, engine=engine)
    assert model.get_weights()[0] == 1.0
    assert int(model.optimizer.iterations) == 0


@on_both
@pytest.mark.parametrize("door", ["set_weights", "predict", "evaluate", "save", "load_weights"])
def test_weights_that_are_not_finite_are_spoken_of(engine, door, tmp_path):
    model = cr.Sequential([cr.Input((1,)), one_weight()])
    model.compile("sgd", "mse")
    path = tmp_path / "m.safetensors"

    def broken():
        model.layers[0].kernel.assign([[np.nan]])

    doors = {
        "set_weights": lambda: model.set_weights([[[np.nan]]]),
        "predict": lambda: (broken(), model.predict(ones(), engine=engine)),
        "evaluate": lambda: (broken(), model.evaluate(ones(), ones(), verbose=0, engine=engine)),
        "save": lambda: (broken(), model.save(path)),
        "load_weights": lambda: (broken(), model.load_weights(model.save_weights(path))),
    }
    assert "finite" in said(doors[door])


@on_both
def test_terminate_on_nan_ends_fit_without_an_exception(engine, capsys):
    class Root(Layer):
        def call(self, x):
            return ops.sqrt(x)

    model = cr.Sequential([cr.Input((1,)), one_weight(), Root()])
    model.compile(cr.optimizers.SGD(1e-3), "mse")
    x = ones(16)
    x[9] = -1.0
    history = model.fit(
        x, ones(16), batch_size=4, epochs=3, shuffle=False, verbose=0, engine=engine,
        callbacks=[cr.callbacks.TerminateOnNaN()],
    )  # fmt: skip
    assert model.stop_training
    assert len(history.epoch) <= 1
    assert "atch 2" in "".join(capsys.readouterr())
    assert np.isfinite(model.get_weights()[0]).all()


def test_the_bar_says_that_xla_compiles(capsys):
    model = cr.Sequential([cr.Input((1,)), Dense(7)])
    model.compile("sgd", "mse")
    model.fit(ones(), np.ones((4, 7)), verbose=1, engine="xla")
    assert "compil" in "".join(capsys.readouterr()).lower()


# --- found once, and again where something has changed -------------------------------------------


def test_parts_are_found_again_when_something_has_changed():
    """Also what stands in a set, which tells of nothing; a copy has parts of its own."""
    from chainrule.layers.tracking import parts_of

    class Loose(cr.layers.Layer):
        def __init__(self):
            super().__init__()
            self.inside = set()

    plain, loose = cr.layers.Layer(), Loose()
    first, second = cr.layers.Dense(1), cr.layers.Dense(1)
    plain.inside = [first]
    loose.inside.add(first)
    for layer in (plain, loose):
        assert parts_of(layer) == parts_of(layer) == [layer, first]
    twin = copy.deepcopy(plain)
    assert parts_of(twin) == [twin, twin.inside[0]]
    assert twin.inside[0] is not first
    plain.inside.append(second)
    loose.inside.add(second)
    for layer in (plain, loose):
        assert set(map(id, parts_of(layer))) == {id(layer), id(first), id(second)}


@on_both
def test_targets_of_another_shape_are_looked_at_again(engine):
    """The losses are tried once for each shape, and once more after compile or a new layer."""
    model = cr.Sequential([cr.Input((3,)), cr.layers.Dense(2)])
    model.compile("sgd", "mse", engine=engine)
    x = np.ones((4, 3), "float32")
    for _ in range(2):
        model.train_on_batch(x, np.ones((4, 2), "float32"))
        with pytest.raises(cr.errors.ShapeError, match="MeanSquaredError"):
            model.train_on_batch(x, np.ones((4, 3), "float32"))
    model.compile("sgd", "sparse_categorical_crossentropy", engine=engine)
    with pytest.raises(cr.errors.ChainruleError):
        model.train_on_batch(x, np.ones((4, 2), "float32"))
    model.train_on_batch(x, np.ones(4, "int32"))
    assert len(model.metrics) == 1
    model.compile("sgd", "mse", metrics=["mae"], engine=engine)
    model.train_on_batch(x, np.ones((4, 2), "float32"))
    assert [m.name for m in model.metrics] == ["loss", "mae"]


@on_both
def test_a_metric_that_came_since_is_reported_in_the_next_fit(engine):
    class Counting(cr.layers.Layer):
        def __init__(self):
            super().__init__()
            self.seen = None

        def call(self, x):
            if self.seen is not None:
                self.seen.update_state(cr.ops.sum(x))
            return x

    layer = Counting()
    model = cr.Sequential([cr.Input((3,)), layer, cr.layers.Dense(1)])
    model.compile("sgd", "mse", engine=engine)
    x, y = np.ones((4, 3), "float32"), np.ones((4, 1), "float32")
    assert list(model.fit(x, y, verbose=0).history) == ["loss"]
    layer.seen = cr.metrics.Mean(name="seen")
    assert list(model.fit(x, y, verbose=0).history) == ["loss", "seen"]
    assert model.history.history["seen"] == [12.0]
