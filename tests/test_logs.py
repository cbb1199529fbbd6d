"""Callbacks that write logs, swap averaged weights, or watch the clock."""

from __future__ import annotations

import json
import struct
import time

import numpy as np
import pytest

import chainrule as cr
from chainrule.callbacks import (
    BackupAndRestore,
    CSVLogger,
    JSONLinesLogger,
    LambdaCallback,
    SwapEMAWeights,
    TensorBoard,
    TimeLimit,
)
from chainrule.errors import ArgumentError, FileError
from chainrule.training.callbacks.tensorboard import EventFile, crc32c

on_both = pytest.mark.parametrize("engine", ["numpy", "xla"])
X = np.linspace(-1, 1, 12, dtype="float32").reshape(6, 2)
Y = X[:, :1] - 0.5


def model_of(optimizer=None, seed=1):
    cr.utils.set_random_seed(seed)
    model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(3, "tanh"), cr.layers.Dense(1)])
    model.compile(optimizer or cr.optimizers.SGD(0.1), "mse", metrics=["mae"])
    return model


def fit(model, *callbacks, epochs=3, **more):
    how = {"batch_size": 2, "verbose": 0, "engine": "numpy"} | more
    return model.fit(X, Y, epochs=epochs, callbacks=list(callbacks), **how)


# --- CSV and JSON lines --------------------------------------------------------------------------


def test_a_csv_log_has_every_figure_of_every_epoch(tmp_path):
    path = tmp_path / "deep" / "log.csv"
    history = fit(
        model_of(), CSVLogger(path, ";"), validation_data=(X, Y), validation_freq=2
    ).history
    head, *rows = [line.split(";") for line in path.read_text().splitlines()]
    assert head == ["epoch", "loss", "mae", "val_loss", "val_mae"]
    assert [row[0] for row in rows] == ["0", "1", "2"]
    assert [float(row[1]) for row in rows] == history["loss"]
    assert [row[3] for row in rows] == ["NA", str(history["val_loss"][0]), "NA"]


def test_a_json_log_is_read_line_by_line(tmp_path):
    path = tmp_path / "log.jsonl"
    spoil = LambdaCallback(on_epoch_end=lambda e, logs: logs.update(odd=[1.0, float("nan")]))
    history = fit(model_of(), spoil, JSONLinesLogger(path)).history
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["loss"] for line in lines] == history["loss"]
    assert lines[2]["odd"] == [1.0, None]  # JSON has no NaN


def test_another_fit_begins_the_log_anew_or_goes_on(tmp_path):
    path = tmp_path / "log.csv"
    for append, lines in ((False, 4), (False, 4), (True, 7)):
        fit(model_of(), CSVLogger(path, append=append))
        assert len(path.read_text().splitlines()) == lines
    path.write_text("epoch,accuracy\n0,1\n")
    with pytest.raises(ArgumentError) as caught:
        fit(model_of(), CSVLogger(path, append=True))
    assert str(caught.value) == (
        f"CSVLogger, {path}: the file has other columns\n"
        "  expected: epoch,loss,mae\n"
        "  received: epoch,accuracy\n"
        "  fix: write into another file, or leave append out"
    )
    assert path.read_text() == "epoch,accuracy\n0,1\n"


def test_a_figure_s_name_is_no_formula(tmp_path):
    path = tmp_path / "log.csv"
    evil = LambdaCallback(on_epoch_end=lambda e, logs: logs.update({"=1+1": 2.0}))
    fit(model_of(), evil, CSVLogger(path))
    assert path.read_text().startswith("epoch,'=1+1,loss,mae\n")


class Killed(BaseException):
    """Ends a fit where it stands."""


@pytest.mark.parametrize("at", [0, 1, 2])
def test_logs_of_a_resumed_fit_are_those_of_one_that_was_not_killed(at, tmp_path):
    def run(folder, die):
        def end(epoch, logs):
            if epoch == die:
                raise Killed

        loggers = [CSVLogger(folder / "log.csv"), JSONLinesLogger(folder / "log.jsonl")]
        # behind the loggers: their line is written, the checkpoint is not
        behind = LambdaCallback(on_epoch_end=end)
        fit(model_of(), BackupAndRestore(folder / "backup"), *loggers, behind, epochs=4)
        return [(folder / name).read_text() for name in ("log.csv", "log.jsonl")]

    whole = run(tmp_path / "whole", None)
    with pytest.raises(Killed):
        run(tmp_path / "killed", at)
    assert run(tmp_path / "killed", None) == whole


def test_a_log_that_was_cut_short_is_no_log_of_this_fit(tmp_path):
    path = tmp_path / "log.csv"
    logger = CSVLogger(path)
    fit(model_of(), logger)
    state = logger.get_state()
    path.write_text("epoch\n")
    with pytest.raises(FileError, match="shorter than when the checkpoint was written"):
        CSVLogger(path).set_state(state)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    for logger in (CSVLogger(tmp_path / "file" / "log"), TensorBoard(tmp_path / "file")):
        with pytest.raises(FileError, match=r"could not write: [A-Z][a-z ]+\n"):  # no [Errno 20]
            fit(model_of(), logger)


# --- TensorBoard ---------------------------------------------------------------------------------


def test_checksums_are_those_of_rfc_3720():
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(bytes([255] * 32)) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E


def events(folder):
    """Every event of a folder's files, read by TensorFlow, which checks the sums."""
    pytest.importorskip("tensorflow")
    from tensorflow.python.summary.summary_iterator import summary_iterator

    return [e for path in sorted(folder.glob("*tfevents*")) for e in summary_iterator(str(path))]


def test_records_have_their_length_and_no_rest(tmp_path):
    """The frame alone, where TensorFlow is not installed."""
    file = EventFile(str(tmp_path))
    file.scalars(3, {"a": 1.5})
    file.histograms(3, {"w": np.array([1.0, np.nan])})
    (path,) = tmp_path.iterdir()
    left, count = path.read_bytes(), 0
    while left:
        (length,) = struct.unpack("<Q", left[:8])
        field, when = struct.unpack("<Bd", left[12:21])
        assert field == 1 << 3 | 1  # protocol buffers: the first field, a double: wall_time
        assert abs(when - time.time()) < 60
        left, count = left[8 + 4 + length + 4 :], count + 1
    assert count == 3


@on_both
def test_tensorboard_reads_figures_and_weights(engine, tmp_path):
    model = model_of()
    board = TensorBoard(tmp_path, histogram_freq=2, update_freq=2)
    history = fit(model, board, validation_data=(X, Y), engine=engine).history
    written = events(tmp_path / "train")
    assert written[0].file_version == "brain.Event:2"
    figures = {(v.tag, e.step): v.simple_value for e in written for v in e.summary.value
               if v.HasField("simple_value")}  # fmt: skip
    for epoch in range(3):
        assert figures["epoch_loss", epoch] == np.float32(history["loss"][epoch])
        assert figures["epoch_learning_rate", epoch] == np.float32(0.1)
    assert [step for tag, step in figures if tag == "batch_loss"] == [2, 4, 6, 8]
    held_out = [v.simple_value for e in events(tmp_path / "validation")
                for v in e.summary.value if v.tag == "epoch_mae"]  # fmt: skip
    assert held_out == [np.float32(v) for v in history["val_mae"]]
    spread = {(v.tag, e.step): v.histo for e in written for v in e.summary.value
              if v.HasField("histo")}  # fmt: skip
    assert {step for _, step in spread} == {0, 2}
    kernel, last = model.layers[0].kernel.numpy().astype(float), spread["dense/kernel", 2]
    assert (last.min, last.max, last.num) == (kernel.min(), kernel.max(), 6)
    assert last.sum_squares == pytest.approx((kernel**2).sum())
    assert sum(last.bucket) == 6
    assert len(last.bucket_limit) == len(last.bucket)


def test_a_resumed_fit_tells_tensorboard_where_it_goes_on(tmp_path):
    board = TensorBoard(tmp_path)
    fit(model_of(), board)
    again = TensorBoard(tmp_path)
    again.set_state({"steps": 6, "epoch": 2})
    start = [e for e in events(tmp_path / "train") if e.HasField("session_log")]
    assert [(e.step, e.session_log.status) for e in start] == [(2, 1)]


@pytest.mark.parametrize(
    ("kwargs", "text"),
    [
        ({"histogram_freq": -1}, "histogram_freq must be a whole number of at least 0"),
        ({"update_freq": "epochs"}, "update_freq must be a whole number of at least 1"),
        ({"write_images": True}, "TensorBoard has no argument 'write_images' here"),
        ({"logdir": "x"}, "TensorBoard has no argument 'logdir' here"),
    ],
)
def test_what_tensorboard_refuses(kwargs, text):
    with pytest.raises(ArgumentError, match=text):
        TensorBoard(**kwargs)


# --- averaged weights ----------------------------------------------------------------------------


def averaging():
    return cr.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5)


@on_both
def test_validation_sees_the_averages_and_training_does_not(engine):
    """The averages by hand, from the weights after each step."""
    seen, model = [], model_of(averaging())
    look = LambdaCallback(on_train_batch_end=lambda b, logs: seen.append(model.get_weights()))
    fit(model, look, engine=engine)
    averages, twin, losses = None, model_of(), []
    for step, weights in enumerate(seen):
        averages = weights if averages is None else [
            (a + w) / 2 for a, w in zip(averages, weights, strict=True)
        ]  # fmt: skip
        if step % 3 == 2:
            twin.set_weights(averages)
            losses.append(twin.evaluate(X, Y, verbose=0)[0])
    other = model_of(averaging())
    history = fit(other, SwapEMAWeights(), validation_data=(X, Y), engine=engine).history
    assert history["val_loss"] == pytest.approx(losses, rel=1e-5)
    for a, b, c in zip(model.get_weights(), other.get_weights(), averages, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
        np.testing.assert_allclose(a, c, rtol=1e-5)


def test_averages_stay_until_the_next_epoch(tmp_path):
    """What a checkpoint of the model holds; a stop in between leaves the averages, too."""
    kept, model = [], model_of(averaging())

    def keep(epoch, logs):
        kept.append((model.get_weights(), [a.numpy() for _, a in model.optimizer.averages()]))
        model.stop_training = epoch == 2

    fit(model, SwapEMAWeights(swap_on_epoch=True), LambdaCallback(on_epoch_end=keep), epochs=9)
    plain = model_of(averaging())
    fit(plain)
    for weights, averages in kept:
        for w, a in zip(weights, averages, strict=True):
            np.testing.assert_array_equal(w, a)
    for a, b, c in zip(model.get_weights(), plain.get_weights(), kept[-1][0], strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)


def test_evaluate_and_predict_with_averages_give_the_weights_back():
    model = model_of(averaging())
    model.train_on_batch(X, Y)
    model.train_on_batch(X[:2], Y[:2])
    before = model.get_weights()
    twin = model_of()
    twin.set_weights([a.numpy() for _, a in model.optimizer.averages()])
    swap = SwapEMAWeights()
    figures = model.evaluate(X, Y, callbacks=[swap], verbose=0)
    assert figures == twin.evaluate(X, Y, verbose=0)
    np.testing.assert_array_equal(model.predict(X, callbacks=[swap]), twin.predict(X))
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_without_averages_there_is_nothing_to_swap():
    with pytest.raises(ArgumentError) as caught:
        fit(model_of(), SwapEMAWeights())
    assert str(caught.value) == (
        "SwapEMAWeights: the optimizer keeps no averages of the weights\n"
        "  received: SGD\n"
        "  fix: SGD(..., use_ema=True)"
    )


@pytest.mark.parametrize("at", [0, 1])
def test_a_swap_is_resumed(at, tmp_path):
    def run(folder, die):
        def begin(epoch, logs):
            if epoch == die + 1:
                raise Killed

        swap = SwapEMAWeights(swap_on_epoch=True)
        backup, ends = BackupAndRestore(folder), LambdaCallback(on_epoch_begin=begin)
        model = model_of(averaging())
        fit(model, ends, swap, backup)
        return model

    whole = run(tmp_path / "whole", 99)
    with pytest.raises(Killed):
        run(tmp_path / "killed", at)
    again = run(tmp_path / "killed", 99)
    for a, b in zip(again.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("verbose", "graph", "said"), [(2, True, 1), (2, False, 0), (0, True, 0)])
def test_tensorboard_says_that_it_draws_no_graph(tmp_path, capsys, verbose, graph, said):
    fit(model_of(), TensorBoard(tmp_path, write_graph=graph), epochs=1, verbose=verbose)
    assert capsys.readouterr().out.count("graphs are not written") == said


def test_a_model_without_an_optimizer_keeps_no_averages():
    model = cr.Sequential([cr.layers.Dense(1)])
    model.compile(optimizer=None, loss="mse")
    with pytest.raises(ArgumentError, match="the optimizer keeps no averages of the weights"):
        model.evaluate(X, Y, callbacks=[SwapEMAWeights()], verbose=0)


# --- the clock -----------------------------------------------------------------------------------


@on_both
def test_a_time_limit(engine, monkeypatch, capsys):
    """A clock that goes on by a second whenever it is looked at."""
    from chainrule.training.callbacks import stopping

    now = iter(range(10_000))
    monkeypatch.setattr(stopping.time, "monotonic", lambda: float(next(now)))
    limit = TimeLimit(20, verbose=1)
    history = fit(model_of(), limit, epochs=1000, engine=engine)
    assert limit.stopped
    assert history.model.stop_training
    assert 1 <= len(history.epoch) < 20
    assert "time is up: stopped after" in capsys.readouterr().out
    state = limit.get_state()
    assert state["taken"] > 20
    again = TimeLimit(state["taken"] + 5)
    again.on_train_begin()
    again.set_state(state)
    assert len(fit(model_of(), LambdaCallback(on_train_begin=lambda logs: again.set_state(state)),
                   again, epochs=1000).epoch) < 20  # fmt: skip


@pytest.mark.parametrize("wrong", [0, -1, "5m", None, True, float("nan")])
def test_what_is_no_time_limit(wrong):
    with pytest.raises(ArgumentError, match="seconds must be a number above 0"):
        TimeLimit(wrong)
