"""Found by reading and trying: training, through the public API alone, on both engines."""

from __future__ import annotations

import signal
import threading

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers, ops
from chainrule.errors import ArgumentError, DataError, ShapeError, StateError

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


class Millions(layers.Layer):
    def call(self, x):
        return ops.cast(x // 1_000_000, "float32")


@on_both
def test_large_integers_are_not_cut(engine):
    x = np.array([[2**40], [5_000_000_000]])
    model = cr.Sequential([cr.Input((1,), dtype="int64"), Millions()])
    model.compile("sgd", "mae")
    assert model.predict(x, engine=engine).ravel().tolist() == [1099511, 5000]
    assert model.evaluate(x, [[1099511.0], [5000.0]], verbose=0, engine=engine) == 0


def test_large_integers_are_not_cut_by_compile():
    v = cr.Variable(np.int64(2**40), name="v", trainable=False)
    step = cr.compile(lambda x: (x + 1, v.value + 1))
    assert [int(n) for n in step(np.int64(2**40))] == [2**40 + 1] * 2


@on_both
def test_training_without_a_loss_is_refused(engine):
    model = line(None, metrics=["mae"])
    with pytest.raises(StateError, match="loss="):
        model.fit(X, Y, verbose=0, engine=engine)
    assert model.evaluate(X, Y, verbose=0, engine=engine, return_dict=True)["loss"] == 0


@on_both
def test_settings_changed_between_evaluations_are_seen(engine):
    def evaluate(model):
        return model.evaluate(X, 11 * X, verbose=0, engine=engine)  # the error is 10

    huber = cr.losses.Huber(delta=1.0)
    model = line(huber)
    assert evaluate(model) == 9.5  # δ(|e| − δ/2)
    huber.delta = 2.0
    assert evaluate(model) == 18.0

    model = line("mse")
    kernel = model.layers[0].kernel
    for penalty, expected in [
        (cr.regularizers.L2(1.0), 101.0), (None, 100.0), (cr.regularizers.L2(3.0), 103.0)
    ]:  # fmt: skip
        kernel.regularizer = penalty
        assert evaluate(model) == expected
    kernel.regularizer.l2 = 4.0
    assert evaluate(model) == 104.0
    kernel.regularizer = lambda w: 5.0 * ops.sum(w)
    assert evaluate(model) == 105.0

    model = line("mse", metrics=[cr.metrics.BinaryAccuracy(threshold=0.5)])
    model.layers[0].kernel.assign([[0.7]])
    assert model.evaluate(X, X, verbose=0, engine=engine)[1] == 1
    model.metrics[1].threshold = 0.9
    assert model.evaluate(X, X, verbose=0, engine=engine)[1] == 0


@on_both
def test_ctrl_c_while_a_fit_takes_the_weights_leaves_them_free(engine, monkeypatch):
    from chainrule.training.engines import base

    plain = base.claim

    def interrupted(*args):
        values = plain(*args)
        monkeypatch.undo()
        signal.raise_signal(signal.SIGINT)
        return values

    def train():
        model.fit(X, Y, verbose=0, engine=engine)

    model = line()
    train()
    monkeypatch.setattr(base, "claim", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train()
    errors = []

    def elsewhere():
        try:
            train()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert not errors


class Dot(cr.Model):
    def __init__(self):
        super().__init__()
        self.d = layers.Dense(1, kernel_initializer="ones")

    def call(self, x):
        return self.d(x)


@on_both
def test_outputs_without_a_batch_axis_are_predicted(engine):
    class Sums(Dot):
        def call(self, x):
            return [self.d(x), ops.sum(self.d(x))]

    class Means(Dot):
        def predict_step(self, data):
            y = self(data[0], training=False)
            return {"each": y, "mean": ops.mean(y)}

    x = np.array([[1.0], [2.0], [6.0]])
    each, total = Sums().predict(x, engine=engine)
    assert (each.shape, float(total)) == ((3, 1), 9.0)
    found = Means().predict(x, engine=engine)
    assert (found["each"].shape, float(found["mean"])) == ((3, 1), 3.0)
    with pytest.raises(StateError, match="batch_size=len"):
        Sums().predict(x, batch_size=2, engine=engine)


@on_both
def test_a_metric_updated_in_call_is_not_written_by_predict(engine):
    class Seen(Dot):
        def __init__(self):
            super().__init__()
            self.seen = cr.metrics.Mean(name="seen")

        def call(self, x):
            y = self.d(x)
            self.seen.update_state(y)
            return y

    model = Seen()
    assert model.predict(3 * X, engine=engine).ravel().tolist() == [3.0] * 4
    assert float(model.seen.result()) == 0
    model(5 * X)  # called by oneself it counts
    assert float(model.seen.result()) == 5
    assert model.predict(3 * X, engine=engine).ravel().tolist() == [3.0] * 4
    assert float(model.seen.result()) == 5


@on_both
def test_compute_loss_as_keras_calls_it(engine):
    model = line()
    assert float(model.compute_loss(y=Y, y_pred=X)) == 1.5  # before the first fit
    assert float(model.compute_loss(X, Y, X, None, True)) == 1.5

    class Two(Dot):
        def call(self, x):
            return {"a": self.d(x), "b": self.d(x)}

        def train_step(self, data):
            x, y = data
            with cr.record() as tape:
                loss = self.compute_loss(y=y, y_pred=self(x, training=True))
            self.optimizer.apply(tape.gradients(loss, self.trainable_variables))
            return {"loss": loss}

    model = Two()
    model.compile(cr.optimizers.SGD(0.0), "mse", loss_weights={"a": 1.0, "b": 2.0})
    history = model.fit(X, {"a": Y, "b": Y}, verbose=0, engine=engine).history
    assert history == {"loss": [4.5]}

    class Own(Dot):
        def compute_loss(self, x, y, y_pred, sample_weight, training):
            return ops.mean(y_pred) * (2.0 if training else 3.0)

    model = Own()
    model.compile(cr.optimizers.SGD(0.0), "mse")
    assert model.fit(X, Y, verbose=0, engine=engine).history["loss"] == [2.0]
    assert model.evaluate(X, Y, verbose=0, engine=engine) == 3.0


@on_both
def test_compute_metrics_of_ones_own_is_called(engine):
    class Own(Dot):
        def compute_metrics(self, x, y, y_pred, sample_weight=None):
            logs = super().compute_metrics(x, y, y_pred, sample_weight)
            return logs | {"highest": ops.max(y), "twice": 2 * logs["mae"]}

    model = Own()
    model.compile(cr.optimizers.SGD(0.0), "mse", metrics=["mae"])
    expected = {"loss": 1.5, "mae": 1.0, "highest": 3.0, "twice": 2.0}
    assert model.evaluate(X, Y, verbose=0, engine=engine, return_dict=True) == expected
    history = model.fit(X, Y, batch_size=3, shuffle=False, verbose=0, engine=engine).history
    assert history == {name: [value] for name, value in expected.items()}


class Named(Dot):
    def call(self, x):
        return {"a": self.d(x)}


@on_both
def test_a_dict_by_output_where_there_is_one(engine):
    model = Named()
    model.compile(
        cr.optimizers.SGD(0.0), {"a": "mse"}, metrics={"a": ["mae"]}, loss_weights={"a": 2}
    )
    weight = {"a": np.array([1.0, 1.0, 0.0, 0.0])}
    found = model.evaluate(X, {"a": Y}, sample_weight=weight, verbose=0, engine=engine)
    assert found == [0.5, 0.25, 1.0]  # 2·ℓ, ℓ = (1 + 0)/4, and |ŷ − y| without weights


@pytest.mark.parametrize(
    "wrong", [{"loss": {"b": "mse"}}, {"metrics": {"b": ["mae"]}}, {"loss_weights": {"b": 3.0}}]
)
@pytest.mark.parametrize("make", [Named, line])
def test_a_wrong_output_name_is_refused_where_there_is_one(make, wrong):
    model = make()
    model.compile("sgd", **{"loss": "mse"} | wrong)
    with pytest.raises(ArgumentError, match="does not exist"):
        model.fit(X, Y, verbose=0)


@on_both
def test_a_table_and_a_vector_are_two_inputs(engine):
    class Both(cr.Model):
        def call(self, inputs):
            table, vector = inputs
            return ops.sum(table, axis=-1) + vector

    table, vector = np.arange(6.0).reshape(3, 2), np.array([10.0, 20.0, 30.0])
    assert Both().predict([table, vector], engine=engine).tolist() == [11.0, 25.0, 39.0]


@on_both
def test_momentum_set_after_construction_counts(engine):
    optimizer = cr.optimizers.SGD(0.1)
    optimizer.momentum = 0.5
    model = cr.Sequential([cr.Input((1,)), layers.Dense(1, use_bias=False)])
    model.compile(optimizer, lambda y, p: ops.mean(p, axis=-1))  # the gradient is 1
    model.layers[0].kernel.assign([[1.0]])
    model.fit(X, Y, epochs=2, verbose=0, engine=engine)
    assert model.get_weights()[0].item() == pytest.approx(0.75)  # 1 − .1 − (.05 + .1)
    optimizer.momentum = 0.0  # the memory stays, and is not used
    model.fit(X, Y, verbose=0, engine=engine)
    assert model.get_weights()[0].item() == pytest.approx(0.65)


@pytest.mark.parametrize(
    ("make", "name", "value"),
    [
        (cr.optimizers.SGD, "momentum", 0.9),
        (cr.optimizers.RMSprop, "momentum", 0.9),
        (cr.optimizers.RMSprop, "centered", True),
    ],
)
def test_a_setting_that_needs_a_new_slot_is_refused_later(make, name, value):
    optimizer = make(0.1)
    w = cr.Variable([1.0], name="w")
    optimizer.apply([np.ones(1, "float32")], [w])
    with pytest.raises(StateError, match=name):
        setattr(optimizer, name, value)
    assert not getattr(optimizer, name)
    optimizer.apply([np.ones(1, "float32")], [w])  # and goes on as before


@on_both
def test_outputs_that_differ_in_training_are_named(engine):
    class Two(Dot):
        def call(self, x, training=False):
            y = self.d(x)
            return [y, y] if training else y

    model = Two()
    model.compile("sgd", "mse")
    with pytest.raises(ShapeError, match="outputs"):
        model.fit(X, Y, verbose=0, engine=engine)


@on_both
@pytest.mark.parametrize("shape", [(1,), (1, 1)])
def test_a_logged_array_of_one_number_is_a_figure(engine, shape):
    class Own(Dot):
        def train_step(self, data):
            return {"loss": ops.reshape(ops.mean(data[1]), shape)}

    model = Own()
    model.compile("sgd")
    assert model.fit(X, Y, verbose=0, engine=engine).history["loss"] == [1.5]


@on_both
def test_a_logged_array_of_several_numbers_is_named(engine):
    class Own(Dot):
        def train_step(self, data):
            return {"each": data[1]}

    model = Own()
    model.compile("sgd")
    with pytest.raises(ShapeError, match="must be one number"):
        model.fit(X, Y, verbose=0, engine=engine)


def test_a_compiled_step_reads_anew_what_it_does_not_change():
    rate, count = cr.Variable(2.0, trainable=False), cr.Variable(0.0, trainable=False)

    @cr.compile
    def step(x):
        count.assign(count + 1)
        return x * rate

    assert float(step(np.float32(3))) == 6.0
    rate.assign(5.0)
    assert float(step(np.float32(3))) == 15.0
    assert float(count.numpy()) == 2.0


def test_an_error_in_a_later_epoch_leaves_the_weights_of_the_step_before():
    """Optimizers write into arrays; what the steps before made must not be those."""
    left = [None]

    def loss(t, y):
        if left[0] is not None:
            left[0] -= 1
            if left[0] == 0:
                raise ZeroDivisionError("in the third step")
        return ops.mean(ops.square(t - y))

    class Arm(cr.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                left[0] = 3

    def made():
        cr.utils.set_random_seed(4)
        model = cr.Sequential([cr.Input((2,)), layers.Dense(3, "tanh"), layers.Dense(1)])
        model.compile("adam", loss, engine="numpy")
        return model

    x = np.random.default_rng(0).normal(size=(8, 2)).astype("float32")
    y = x[:, :1] - x[:, 1:]
    how = {"batch_size": 2, "shuffle": False, "verbose": 0}
    failed, twin = made(), made()
    with pytest.raises(ZeroDivisionError):
        failed.fit(x, y, epochs=3, callbacks=[Arm()], **how)
    left[0] = None
    twin.fit(x, y, epochs=1, **how)
    twin.fit(x[:4], y[:4], epochs=1, **how)
    for a, b in zip(failed.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_schedule_begins_at_its_first_step():
    decay = cr.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    assert float(cr.optimizers.SGD(decay).learning_rate) == 0.1
