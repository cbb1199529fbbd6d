"""Callbacks in a fit: every moment fires, what is watched, what is saved and when, and NaN."""

from __future__ import annotations

import os

import numpy as np
import pytest

import chainrule as cr
from chainrule import errors
from chainrule.callbacks import (
    Callback,
    EarlyStopping,
    History,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TerminateOnNaN,
)
from chainrule.training.pace import Pace

on_both = pytest.mark.parametrize("engine", ["numpy", "xla"])
MOMENTS = [m for m in dir(Callback) if m.startswith("on_") and m != "on_non_finite"]


def line(optimizer=None, **compiled):
    """ŷ = w·x with w = 1; targets of 0 make the loss w²."""
    model = cr.Sequential([cr.Input((1,)), cr.layers.Dense(1, use_bias=False)])
    model.set_weights([np.ones((1, 1))])
    model.compile(optimizer or cr.optimizers.SGD(0.0), "mse", **compiled)
    return model


def ones(rows):
    return np.ones((rows, 1))


class Watch(Callback):
    """Writes down every moment, by overriding all of them."""

    def __init__(self):
        self.seen = []

    def names(self):
        return [name for name, *_ in self.seen]


def _moment(name):
    def moment(self, *args):
        self.seen.append((name, *args))

    return moment


for _name in MOMENTS:
    setattr(Watch, _name, _moment(_name))


# --- moments -------------------------------------------------------------------------------------


@on_both
def test_every_moment_of_a_fit_in_keras_s_order(engine):
    watch = Watch()
    line().fit(
        ones(3), ones(3), batch_size=2, epochs=2, validation_data=(ones(3), ones(3)),
        callbacks=[watch], verbose=0, engine=engine,
    )  # fmt: skip
    batch = ["on_train_batch_begin", "on_batch_begin", "on_train_batch_end", "on_batch_end"]
    test = ["on_test_batch_begin", "on_test_batch_end"]
    epoch = [
        "on_epoch_begin", *batch, *batch, "on_test_begin", *test, *test, "on_test_end",
        "on_epoch_end",
    ]  # fmt: skip
    assert watch.names() == ["on_train_begin", *epoch, *epoch, "on_train_end"]
    for kind in ("train", "test"):
        numbers = [args[0] for name, *args in watch.seen if name == f"on_{kind}_batch_end"]
        assert numbers == [0, 1, 0, 1]
    ends = [args[1] for name, *args in watch.seen if name == "on_test_batch_end"]
    assert all(logs == {"loss": 0.0} for logs in ends)
    ends = [args[1] for name, *args in watch.seen if name == "on_epoch_end"]
    assert all(set(logs) == {"loss", "val_loss"} for logs in ends)


@on_both
def test_every_moment_of_evaluate_and_predict(engine):
    watch = Watch()
    how = {"batch_size": 2, "callbacks": [watch], "engine": engine}
    line().evaluate(ones(3), ones(3), verbose=0, **how)
    batch = ["on_test_batch_begin", "on_test_batch_end"]
    assert watch.names() == ["on_test_begin", *batch, *batch, "on_test_end"]
    watch.seen.clear()
    line().predict(ones(3), **how)
    batch = ["on_predict_batch_begin", "on_predict_batch_end"]
    assert watch.names() == ["on_predict_begin", *batch, *batch, "on_predict_end"]
    outputs = [args[1]["outputs"] for name, *args in watch.seen if name.endswith("batch_end")]
    assert [o.shape for o in outputs] == [(2, 1), (1, 1)]


def test_all_of_keras_s_moments_are_there():
    around = ["train", "test", "predict", "epoch", "batch"]
    around += ["train_batch", "test_batch", "predict_batch"]
    assert {f"on_{a}_{when}" for a in around for when in ("begin", "end")} == set(MOMENTS)


@pytest.mark.parametrize("name", ["on_epoch_stop", "model", "set_model", "get_state"])
def test_a_lambda_callback_knows_its_moments(name):
    with pytest.raises(errors.StateError, match="no moment"):
        LambdaCallback(**{name: lambda *a: None})


@on_both
@pytest.mark.parametrize("when", ["on_train_begin", "on_epoch_begin"])
def test_an_epoch_without_a_step_has_no_figures(engine, when):
    """Told to stop before the first batch, fit makes up no loss of 0."""

    class Stop(Callback):
        pass

    def stop(self, *args):
        self.model.stop_training = True

    setattr(Stop, when, stop)
    model = line(cr.optimizers.SGD(0.1))
    history = model.fit(ones(4), 0 * ones(4), callbacks=[Stop()], verbose=0, engine=engine)
    assert history.epoch == []
    assert history.history == {}
    assert int(model.optimizer.iterations) == 0


@on_both
@pytest.mark.filterwarnings("ignore:.*ran out of data")
def test_data_that_end_with_an_epoch_leave_no_empty_one(engine):
    batches = iter([(ones(2), 0 * ones(2))] * 4)
    model = line(cr.optimizers.SGD(0.1))
    history = model.fit(batches, steps_per_epoch=2, epochs=3, verbose=0, engine=engine)
    assert history.epoch == [0, 1]
    assert 0.0 not in history.history["loss"]


# --- figures -------------------------------------------------------------------------------------


def test_a_figure_whose_direction_nobody_knows_is_refused_before_training(tmp_path):
    for callback in (
        EarlyStopping("val_mean_bias_error"),
        ReduceLROnPlateau("val_mean_bias_error"),
        ModelCheckpoint(tmp_path / "m", "val_mean_bias_error", save_best_only=True),
    ):

        def mean_bias_error(y_true, y_pred):
            return cr.ops.mean(y_pred - y_true, axis=-1)

        model = line(metrics=[mean_bias_error])
        how = {"validation_split": 0.5, "callbacks": [callback], "verbose": 0, "engine": "numpy"}
        with pytest.raises(errors.ArgumentError, match="higher or a lower") as caught:
            model.fit(ones(4), ones(4), **how)
        assert caught.value.fix == 'say mode="max" or mode="min"'
        assert int(model.optimizer.iterations) == 0
        callback.mode = "min"
        model.fit(ones(4), ones(4), **how)


def test_a_metric_of_the_user_s_own_says_what_is_better():
    """A name that no list knows; the metric's class does."""

    class Points(cr.metrics.Mean):
        direction = "max"

    model = line(metrics=[])
    model.points = Points(name="points")
    stop = EarlyStopping("points", patience=1)
    stop.set_model(model)
    assert stop.direction(model) == "max"
    assert stop.better(2.0, 1.0)
    assert not stop.better(1.0, 2.0)


@on_both
def test_figures_of_a_train_step_of_one_s_own_can_be_watched(engine):
    class Own(cr.Model):
        def __init__(self):
            super().__init__()
            self.out = cr.layers.Dense(1)

        def call(self, x):
            return self.out(x)

        def train_step(self, data):
            return {"critic_loss": cr.ops.mean(self(data[0]) ** 2)}

    model = Own()
    model.compile("sgd", "mse")
    stop = EarlyStopping("critic_loss", patience=1)
    how = {"epochs": 9, "verbose": 0, "engine": engine}
    history = model.fit(ones(4), ones(4), callbacks=[stop], **how)
    assert history.epoch == [0, 1]
    with pytest.raises(errors.ArgumentError, match="'loss' does not exist"):
        model.fit(ones(4), ones(4), callbacks=[EarlyStopping("loss")], **how)


def test_a_plateau_is_remembered_over_epochs_without_validation():
    """An epoch in which the figure was not due neither improves nor stalls."""
    plateau = ReduceLROnPlateau(patience=2, factor=0.5)
    model = line(cr.optimizers.SGD(0.5))
    model.optimizer.learning_rate = 1e-30  # nothing moves: the validation loss stays
    history = model.fit(
        ones(4), 0 * ones(4), epochs=8, validation_split=0.5, validation_freq=2,
        callbacks=[plateau], verbose=0, engine="numpy",
    )  # fmt: skip
    rates = history.history["learning_rate"]
    assert rates == [1e-30] * 6 + [5e-31] * 2  # two stalls: after the validations of epochs 4, 6


class Own(Callback):
    """A user's own: it may add figures, so that less is known before training."""


def test_beside_a_callback_of_one_s_own_nothing_changes(tmp_path):
    """Epochs without validation are passed over, and the folder is made."""
    save = ModelCheckpoint(tmp_path / "new" / "{epoch}", save_best_only=True)
    stop = EarlyStopping(patience=9)
    how = {"epochs": 4, "validation_split": 0.5, "validation_freq": 2, "verbose": 0}
    line().fit(ones(4), ones(4), callbacks=[Own(), save, stop], engine="numpy", **how)
    assert os.listdir(tmp_path / "new") == ["2.safetensors"]
    assert stop.wait == 1


def test_a_history_of_figures_that_are_lists_prints():
    history = History()
    history.on_epoch_end(0, {"loss": 0.5, "each": [0.25, 0.75]})
    assert "loss 0.5000" in repr(history)


# --- schedules -----------------------------------------------------------------------------------


def _three(a, b, c):
    return a


@pytest.mark.parametrize("wrong", [0.1, None, "cosine", lambda: 0.1, _three])
def test_what_is_no_schedule(wrong):
    with pytest.raises(errors.ArgumentError, match="the schedule must be a function"):
        LearningRateScheduler(wrong)


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (lambda epoch: 0.5, [0.5, 0.5]),
        (lambda epoch, rate: rate / 2, [0.25, 0.125]),
        (lambda epoch, rate=9.0: rate / 2, [0.25, 0.125]),  # as Keras, which tries two first
        (lambda *both: both[1] / 2, [0.25, 0.125]),
        (cr.optimizers.schedules.ExponentialDecay(1.0, 1, 0.5), [1.0, 0.5]),
    ],
    ids=["epoch", "both", "default", "any number", "object"],
)
def test_schedules_of_one_and_two_arguments(schedule, rates):
    model = line(cr.optimizers.SGD(0.5))
    found = model.fit(
        ones(2), ones(2), epochs=2, callbacks=[LearningRateScheduler(schedule)], verbose=0,
        engine="numpy",
    )  # fmt: skip
    assert found.history["learning_rate"] == rates


@pytest.mark.parametrize("wrong", [None, "0.1", True, [0.1]])
def test_a_schedule_that_gives_no_number(wrong):
    rates = LearningRateScheduler(lambda epoch: wrong)
    with pytest.raises(errors.ArgumentError, match="must return a number"):
        line().fit(ones(2), ones(2), callbacks=[rates], verbose=0, engine="numpy")


# --- saving by batches ---------------------------------------------------------------------------


@on_both
def test_saving_by_batches_runs_many_batches_at_once(engine, tmp_path, monkeypatch):
    """Pieces end where something is to be written, and are not single batches."""
    from chainrule.training.engines import new_run

    model, pieces = line(cr.optimizers.SGD(0.5)), []
    kind = type(new_run(engine, model._task(), train=True))
    run = kind.run

    def watched(self, what, first, last):
        pieces.append((first, last))
        return run(self, what, first, last)

    monkeypatch.setattr(kind, "run", watched)
    save = ModelCheckpoint(tmp_path / "m-{epoch}-{batch}-{loss:.3f}", save_freq=5)
    model.fit(
        ones(12), 0 * ones(12), batch_size=1, epochs=2, callbacks=[save], verbose=0, engine=engine
    )
    assert (1, 5) in pieces  # after the first batch, the compiler's
    ends = {epoch * 12 + last for epoch, last in _by_epoch(pieces)}
    assert {5, 10, 15, 20} <= ends
    assert [n.split("-")[1:3] for n in sorted(os.listdir(tmp_path))] == [
        ["1", "10"], ["1", "5"], ["2", "3"], ["2", "8"],
    ]  # fmt: skip


def _by_epoch(pieces):
    epoch = -1
    for first, last in pieces:
        epoch += first == 0
        yield epoch, last


@on_both
def test_the_best_by_batches(engine, tmp_path):
    """w halves with each step, so every file is better than the one before, but for the limit."""
    save = ModelCheckpoint(
        tmp_path / "{batch}", "loss", save_best_only=True, save_freq=2, save_weights_only=True,
        initial_value_threshold=0.5,
    )  # fmt: skip
    line(cr.optimizers.SGD(0.25)).fit(
        ones(8), 0 * ones(8), batch_size=1, callbacks=[save], verbose=0, engine=engine
    )
    # the loss is the mean of w² so far, w² = 1, 1/4, ...: .625, .332, .222, .167
    assert sorted(os.listdir(tmp_path)) == [f"{n}.safetensors" for n in (4, 6, 8)]
    assert save.best == pytest.approx(sum(4.0**-k for k in range(8)) / 8)


def test_the_best_validation_never_comes_by_batches(tmp_path):
    save = ModelCheckpoint(tmp_path / "m", save_best_only=True, save_freq=2)
    how = {"validation_split": 0.5, "verbose": 0, "engine": "numpy"}
    with pytest.raises(errors.ArgumentError, match="'val_loss' does not exist"):
        line().fit(ones(4), ones(4), callbacks=[save], **how)


@pytest.mark.parametrize("wrong", [0, -1, 2.5, True, "batch", None])
@pytest.mark.parametrize("kind", ["ModelCheckpoint", "BackupAndRestore"])
def test_save_freq_is_looked_at(kind, wrong):
    with pytest.raises(errors.ArgumentError, match="save_freq") as caught:
        getattr(cr.callbacks, kind)("m", save_freq=wrong)
    assert kind in str(caught.value.where)


@pytest.mark.parametrize("own", [0, -3, "often", True, 2])
def test_an_attribute_save_freq_of_one_s_own_harms_nobody(own):
    callback = Callback()
    callback.save_freq = own
    line().fit(ones(4), ones(4), batch_size=1, callbacks=[callback], verbose=0, engine="numpy")


# --- NaN -----------------------------------------------------------------------------------------


def broken_at(row, rows=16):
    """sqrt(w·x) with one negative input: NaN in that row's batch."""

    class Root(cr.layers.Layer):
        def call(self, x):
            return cr.ops.sqrt(x)

    model = cr.Sequential([cr.Input((1,)), cr.layers.Dense(1, use_bias=False), Root()])
    model.set_weights([np.ones((1, 1))])
    model.compile(cr.optimizers.SGD(1e-2), "mse")
    x = ones(rows)
    x[row] = -1.0
    return model, x


@on_both
@pytest.mark.parametrize("by_batch", [False, True])
@pytest.mark.parametrize("batch", [0, 1, 3])
def test_terminate_on_nan(engine, batch, by_batch, capsys):
    model, x = broken_at(4 * batch)
    watch = [TerminateOnNaN(), *([Watch()] if by_batch else [])]
    how = {"batch_size": 4, "shuffle": False, "verbose": 0, "engine": engine}
    history = model.fit(x, 2 * ones(16), epochs=3, callbacks=watch, **how)
    assert capsys.readouterr().out.startswith(f"Batch {batch}: ")
    assert model.stop_training
    assert history.epoch == ([0] if batch else [])  # no figures without a step
    assert int(model.optimizer.iterations) == batch
    straight, _ = broken_at(0)
    if batch:
        straight.fit(ones(4 * batch), 2 * ones(4 * batch), epochs=1, **how)
        assert history.history == straight.history.history
    np.testing.assert_array_equal(model.get_weights(), straight.get_weights())
    if by_batch:
        ends = [args[0] for name, *args in watch[1].seen if name == "on_train_batch_end"]
        assert ends == list(range(batch))
        assert watch[1].names()[-1] == "on_train_end"


@on_both
def test_without_it_the_error_comes_out_with_its_batch(engine):
    model, x = broken_at(9)
    with pytest.raises(errors.NonFiniteError) as caught:
        model.fit(x, ones(16), batch_size=4, shuffle=False, verbose=0, engine=engine)
    assert caught.value.batch == 2
    assert caught.value.where == "step 3 of this epoch"


@on_both
def test_the_batch_of_a_resumed_epoch_counts_from_its_beginning(engine, tmp_path):
    model, x = broken_at(14)
    calls = []

    def stop(batch, logs):
        calls.append(batch)
        if len(calls) == 2:
            raise KeyboardInterrupt

    def fit(model, on_batch):
        backup = cr.callbacks.BackupAndRestore(tmp_path, save_freq=1)
        watch = [LambdaCallback(on_train_batch_end=on_batch), backup]
        how = {"batch_size": 4, "shuffle": False, "verbose": 0, "engine": engine}
        model.fit(x, ones(16), callbacks=watch, **how)

    with pytest.raises(KeyboardInterrupt):
        fit(model, stop)
    with pytest.raises(errors.NonFiniteError) as caught:
        fit(broken_at(14)[0], lambda batch, logs: calls.append(batch))
    assert calls == [0, 1, 1, 2]
    assert caught.value.batch == 3


def _sizes(each, left=100):
    """How many batches a fit runs at once whose batches take so many seconds."""
    pace = Pace()
    pace.calls, pace.each = 2, each
    return pace.next(left)


def test_slow_batches_are_run_several_at_once_but_for_a_second_at_most():
    assert _sizes(0.0001, left=7) == 7
    assert _sizes(0.01) == 25  # a quarter of a second
    assert _sizes(0.1) == 8
    assert _sizes(0.3) == 3  # not more than a second
    assert _sizes(2.0) == 1
