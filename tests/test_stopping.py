"""The stop rule "error below ε", and the figures of every single step."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.callbacks import BackupAndRestore, Callback, StepHistory, StopWhen

on_both = pytest.mark.parametrize("engine", ["numpy", "xla"])
ONE = np.ones((1, 1))


def deck_001():
    """Deck 001's network of two sigmoid neurons, its numbers and its rate (course/README.md 7)."""
    made = [cr.layers.Dense(1, "sigmoid", dtype="float64") for _ in range(2)]
    model = cr.Sequential([cr.Input((1,)), *made])
    model.set_weights([[[0.15]], [0.40], [[0.45]], [0.65]])
    model.compile(cr.optimizers.SGD(0.4), "half_squared_error")
    return model


@on_both
def test_deck_001_stops_at_the_forward_pass_of_epoch_82(engine):
    model, stop = deck_001(), StopWhen("loss", below=0.001, before_update=True)
    x, t = np.array([[0.1]]), np.array([[0.25]])
    history = model.fit(x, t, epochs=1000, callbacks=[stop], verbose=0, engine=engine)
    errors = history.history["loss"]
    assert len(errors) == 82
    assert stop.stopped_epoch == 81
    assert errors[0] == pytest.approx(0.108229562989, abs=5e-13)
    assert errors[1] == pytest.approx(0.103297924711, abs=5e-13)
    assert f"{errors[-1]:.9f}" == "0.000964135"
    w1, b1, w2, b2 = (float(w.reshape(())) for w in model.get_weights())
    assert [f"{v:.6f}" for v in (w1, b1, w2, b2)] == [
        "0.148010", "0.380103", "-0.337916", "-0.674567",
    ]  # fmt: skip
    assert f"{model.predict(x, verbose=0, engine='numpy')[0, 0]:.6f}" == "0.293912"
    assert model.evaluate(x, t, verbose=0, engine="numpy") == pytest.approx(errors[-1], rel=1e-12)
    assert int(model.optimizer.iterations) == 81  # the update of that epoch was not made


@on_both
def test_by_default_it_stops_behind_the_update(engine):
    model, stop = deck_001(), StopWhen("loss", below=0.001)
    x, t = np.array([[0.1]]), np.array([[0.25]])
    history = model.fit(x, t, epochs=1000, callbacks=[stop], verbose=0, engine=engine)
    assert len(history.epoch) == 82
    assert int(model.optimizer.iterations) == 82
    assert model.evaluate(x, t, verbose=0, engine="numpy") < history.history["loss"][-1]


def test_every_state_is_that_before_the_update():
    """Slots, statistics and seeds too: Adam, a moving mean, dropout."""

    def fit(epochs, *callbacks):
        cr.utils.set_random_seed(1)
        model = cr.Sequential([
            cr.Input((2,)), cr.layers.BatchNormalization(), cr.layers.Dense(3, "tanh"),
            cr.layers.Dropout(0.5), cr.layers.Dense(1),
        ])  # fmt: skip
        model.compile(cr.optimizers.Adam(0.1), "mse")
        x = np.arange(8.0).reshape(4, 2)
        h = model.fit(x, x[:, :1], epochs=epochs, batch_size=4, callbacks=callbacks,
                      verbose=0, engine="numpy")  # fmt: skip
        kept = [v for v in (*model.variables, *model.optimizer.variables) if v.kind != "metric"]
        return h.history["loss"], [v.numpy() for v in kept]

    losses, _ = fit(6)
    place = next(k for k in range(1, 6) if losses[k] < min(losses[:k]))
    bound = (losses[place] + min(losses[:place])) / 2
    stopped, values = fit(6, StopWhen(below=bound, before_update=True))
    assert stopped == losses[: place + 1]
    for mine, its in zip(values, fit(place)[1], strict=True):  # as if the epoch had not begun
        np.testing.assert_array_equal(mine, its)


def test_validation_is_of_the_weights_that_stay():
    model, stop = deck_001(), StopWhen("loss", below=0.1, before_update=True)
    x, t = np.array([[0.1]]), np.array([[0.25]])
    h = model.fit(x, t, epochs=9, validation_data=(x, t), callbacks=[stop], verbose=0,
                  engine="numpy").history  # fmt: skip
    assert h["val_loss"][0] == pytest.approx(h["loss"][1])  # behind an update
    assert h["val_loss"][-1] == pytest.approx(h["loss"][-1])  # the last was taken back


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "one bound"),
        ({"below": 1.0, "at_least": 2.0}, "one bound"),
        ({"below": "1"}, "one bound"),
        ({"below": float("nan")}, "one bound"),
    ],
)
def test_bounds_that_make_no_sense(given, words):
    with pytest.raises(cr.errors.ArgumentError, match=words) as error:
        StopWhen("loss", **given)
    assert "fix: StopWhen" in str(error.value)


@pytest.mark.parametrize(
    ("stop", "how", "words"),
    [
        (StopWhen("val_loss", below=1.0), {}, "validation_split or validation_data"),
        (StopWhen("los", below=1.0), {}, "did you mean 'loss'"),
        (StopWhen(below=1.0, before_update=True), {"batch_size": 2}, "2 batches an epoch"),
        (StopWhen("val_loss", below=1.0, before_update=True),
         {"validation_data": (np.ones((4, 1)),) * 2}, "come after the update"),
    ],
)  # fmt: skip
def test_what_can_never_stop_is_refused_before_training(stop, how, words):
    model = deck_001()
    before = model.get_weights()
    with pytest.raises(cr.errors.ArgumentError, match=words):
        model.fit(np.ones((4, 1)), np.ones((4, 1)), callbacks=[stop], verbose=0, engine="numpy",
                  **how)  # fmt: skip
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


# --- every step ----------------------------------------------------------------------------------


def line(**compiled):
    layer = cr.layers.Dense(1, use_bias=False, dtype="float64")
    model = cr.Sequential([cr.Input((1,)), layer])
    model.set_weights([[[0.0]]])
    model.compile(cr.optimizers.SGD(cr.optimizers.schedules.ExponentialDecay(0.2, 2, 0.5)), "mse",
                  **compiled)  # fmt: skip
    return model


@on_both
def test_every_step_beside_a_plain_loop(engine):
    """w ← w − rate·2·mean((w·x − y)x), the loss before it; batches of 2, 2 and 1."""
    x = np.array([[1.0], [2.0], [-1.0], [0.5], [3.0]])
    y = 2 * x + 1
    steps, w, losses, errors, rates, t = StepHistory(), 0.0, [], [], [], 0
    for _ in range(3):
        for k in (slice(0, 2), slice(2, 4), slice(4, 5)):
            apart = w * x[k] - y[k]
            rates.append(0.2 * 0.5 ** (t / 2))
            losses.append(float(np.mean(apart**2)))
            errors.append(float(np.mean(abs(apart))))
            w -= rates[-1] * float(np.mean(2 * apart * x[k]))
            t += 1
    model = line(metrics=["mae"])
    h = model.fit(x, y, batch_size=2, epochs=3, shuffle=False, callbacks=[steps], verbose=0,
                  engine=engine)  # fmt: skip
    assert steps.history["loss"] == pytest.approx(losses, rel=1e-9)
    assert steps.history["mae"] == pytest.approx(errors, rel=1e-9)
    assert steps.history["learning_rate"] == pytest.approx(rates, rel=1e-7)
    assert steps.epoch == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert steps.step == [0, 1, 2] * 3
    assert float(model.get_weights()[0][0, 0]) == pytest.approx(w, rel=1e-9)
    # those of epochs are what they are without it
    means = [np.average(losses[k : k + 3], weights=[2, 2, 1]) for k in (0, 3, 6)]
    assert h.history["loss"] == pytest.approx(means, rel=1e-9)


@on_both
def test_other_callbacks_see_what_they_see_without_it(engine):
    class Seen(Callback):
        def __init__(self):
            self.logs = []

        def on_train_batch_end(self, batch, logs=None):
            self.logs.append(dict(logs))

    def fit(*more):
        seen, model = Seen(), line(metrics=["mae"])
        h = model.fit(np.ones((6, 1)), np.ones((6, 1)), batch_size=2, epochs=2, verbose=0,
                      callbacks=[seen, *more], engine=engine)  # fmt: skip
        return seen.logs, h.history, model.get_weights()[0]

    (logs, epochs, w), (logs_2, epochs_2, w_2) = fit(), fit(StepHistory())
    assert (w == w_2).all()
    assert [d.keys() for d in logs] == [d.keys() for d in logs_2]
    for a, b in [*zip(logs, logs_2, strict=True), (epochs, epochs_2)]:
        for name in a:
            assert b[name] == pytest.approx(a[name], rel=1e-12)


class Largest(cr.metrics.Metric):
    """A maximum: no sum of batches."""

    direction = "min"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.error = self.add_variable(name="error")

    def update_state(self, y_true, y_pred, sample_weight=None):
        m = cr.xp(self.error.value, y_pred)
        self.error.assign(m.maximum(self.error.value, m.abs(y_pred - y_true).max()))

    def result(self):
        return self.error.value


def test_a_metric_that_is_no_sum_is_left_alone():
    steps, model = StepHistory(), line(metrics=[Largest()])
    x = np.array([[3.0], [1.0]])
    h = model.fit(x, x, batch_size=1, shuffle=False, callbacks=[steps], verbose=0, engine="numpy")
    assert h.history["largest"] == [3.0]  # not 3 + what came after it
    assert "largest" not in steps.history
    assert len(steps.history["loss"]) == 2


@on_both
def test_a_step_that_fails_leaves_the_figures_of_those_before_it(engine):
    steps, model = StepHistory(), line()
    x = np.array([[1.0], [1e200]])
    h = model.fit(x, np.ones((2, 1)), batch_size=1, shuffle=False, verbose=0, engine=engine,
                  callbacks=[steps, cr.callbacks.TerminateOnNaN()])  # fmt: skip
    assert steps.history["loss"] == [1.0]
    assert h.history["loss"] == [1.0]


@on_both
def test_a_train_step_of_the_users_own(engine):
    class Own(cr.Sequential):
        def train_step(self, data):
            x, y = data
            with cr.record() as tape:
                loss = self.compute_loss(x, y, self(x, training=True))
            weights = self.trainable_variables
            self.optimizer.apply(tape.gradients(loss, weights), weights)
            return {"loss": loss, "twice": 2 * loss}

    model, steps = Own([cr.Input((1,)), cr.layers.Dense(1, use_bias=False)]), StepHistory()
    model.set_weights([[[0.0]]])
    model.compile(cr.optimizers.SGD(0.1), "mse")
    model.fit(np.ones((2, 1)), np.ones((2, 1)), batch_size=1, callbacks=[steps], verbose=0,
              engine=engine)  # fmt: skip
    assert steps.history["twice"] == pytest.approx([2.0, 1.28])  # w is .2 after the first


@on_both
@pytest.mark.parametrize("moment", [1, 4, 5])
def test_a_resumed_fit_goes_on_with_both(engine, moment, tmp_path):
    class Killed(Exception):
        pass

    class Kill(Callback):
        left = None

        def on_train_batch_end(self, batch, logs=None):
            if self.left is not None:
                self.left -= 1
                if self.left < 0:
                    raise Killed

        def get_state(self):
            return {}

        def set_state(self, state):
            pass

    def fit(kill):
        cr.utils.set_random_seed(2)
        model = line()
        steps, stop, killer = StepHistory(), StopWhen(below=0.05), Kill()
        killer.left = kill
        watch = [killer, stop, steps, BackupAndRestore(tmp_path, save_freq=1)]
        x = np.array([[1.0], [2.0], [-1.0]])
        model.fit(x, x, batch_size=1, epochs=9, callbacks=watch, verbose=0, engine=engine)
        return steps, stop, model.get_weights()[0]

    whole, stop, w = fit(None)
    assert stop.stopped_epoch is not None
    with pytest.raises(Killed):
        fit(moment)
    again, stopped, its = fit(None)
    assert (its == w).all()
    assert stopped.stopped_epoch == stop.stopped_epoch
    assert (again.history, again.epoch, again.step) == (whole.history, whole.epoch, whole.step)
