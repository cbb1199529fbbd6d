"""Small things that were found wrong after the fifth part; each stays mended."""

from __future__ import annotations

import signal
import subprocess
import sys

import numpy as np
import pytest

import chainrule as cr
from chainrule import report
from chainrule.datasets import read_csv
from chainrule.errors import ArgumentError, FileError, NotBuiltError, ShapeError, did_you_mean

L = cr.layers
X, Y = np.ones((6, 3), "float32"), np.ones((6, 1), "float32")


# --- a column that is not there -----------------------------------------------------------------


def test_columns_are_listed_as_in_the_file(tmp_path):
    names = [f"x{i}" for i in range(1, 13)] + ["prize"]
    file = tmp_path / "table.csv"
    rows = "\n".join(",".join(str(i + j) for j in range(13)) for i in range(30))
    file.write_text(",".join(names) + "\n" + rows)
    with pytest.raises(ArgumentError) as caught:
        read_csv(str(file), target="the_price")
    assert caught.value.fix == "use one of prize, " + ", ".join(names[:-1])
    with pytest.raises(ArgumentError, match="did you mean 'x12'"):
        read_csv(str(file), target="x_12")


def test_choices_keep_their_order_and_a_thousand_are_not_listed():
    assert did_you_mean("?", ["x2", "x10", "x1"]) == "use one of x2, x10, x1"
    assert did_you_mean("?", {"b": 1, "a": 2}) == "use one of a, b"
    text = did_you_mean("?", [f"column {i}" for i in range(1000)])
    assert text.startswith("use one of column 0, column 1, column 2,")
    assert text.endswith("column 39 and 960 more")


# --- a call without return ----------------------------------------------------------------------


class Forgets(cr.Model):
    """Its call ends without `return`, or returns None among its outputs."""

    def __init__(self, several=False):
        super().__init__()
        self.d, self.several = L.Dense(1), several

    def call(self, x):
        y = self.d(x)
        if self.several:
            return [y, None]


class Nothing(L.Layer):
    def call(self, x):
        x * 2


FORGOTTEN = {
    "call": (lambda: Forgets()(X), "Forgets 'forgets'"),
    "predict": (lambda: Forgets().predict(X), "Forgets 'forgets'"),
    "fit": (lambda: compiled(Forgets()).fit(X, Y, verbose=0), "Forgets 'forgets'"),
    "one of two": (lambda: Forgets(True)(X), "for its output '1'"),
    "in a stack": (
        lambda: cr.Sequential([cr.Input((3,)), Nothing(), L.Dense(1)]),
        "Nothing 'nothing'",
    ),
    "in a graph": (lambda: Nothing()(cr.Input((3,))), "Nothing 'nothing'"),
}


def compiled(model):
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize("name", FORGOTTEN)
def test_a_call_without_return_is_named(name):
    call, said = FORGOTTEN[name]
    with pytest.raises(ShapeError) as caught:
        call()
    assert said in str(caught.value)
    assert str(caught.value).count("made at") == 1
    assert caught.value.problem.startswith("call returned None")
    assert caught.value.fix == "end call with `return y`"


# --- weights that are not there yet -------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [lambda: L.Dense(3), lambda: cr.Sequential([L.Dense(3)]), Forgets],
    ids=["layer", "stack", "own"],
)
def test_weights_are_not_counted_before_they_are_made(make):
    with pytest.raises(NotBuiltError, match="cannot be counted before they are made") as caught:
        make().count_params()
    assert "start the model with Input(shape)" in str(caught.value)


def test_weights_are_counted_once_they_are_made():
    model = cr.Sequential([L.Dense(3), L.Dropout(0.5), L.Activation("relu")])
    assert L.Dropout(0.5).count_params() == L.Flatten().count_params() == 0  # has none, ever
    assert "not built" in repr(model)
    printed = []
    model.summary(print_fn=printed.append)
    assert "not built" in printed[0]
    model(X)
    assert model.count_params() == 3 * 3 + 3
    assert model.layers[1].count_params() == 0


# --- words of other libraries -------------------------------------------------------------------


@pytest.mark.parametrize("module", [cr, cr.layers, cr.ops])
def test_functional_is_answered_with_where_it_is(module):
    with pytest.raises(AttributeError, match=r"here it is called cr\.models\.Functional"):
        _ = module.Functional
    x = cr.Input((2,))
    assert isinstance(cr.Model(x, L.Dense(1)(x)), cr.models.Functional)


def test_a_stack_without_shapes_has_a_summary():
    model = cr.Sequential([L.Dense(3)])
    printed = []
    model.summary(print_fn=printed.append)
    assert "not built" in printed[0]
    assert "not built" in model._repr_html_()


# --- two runs and one folder --------------------------------------------------------------------

QUICK = {"epochs": 1, "hidden": (2,), "engine": "numpy", "verbose": 0}
HOLD = """
import sys, time
from chainrule import report
with report.alone(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_folder_takes_one_run_at_a_time(tmp_path):
    pytest.importorskip("fcntl")
    out = tmp_path / "run"
    cr.train("xor", out=out, **QUICK)
    before = {p.name: p.read_bytes() for p in out.iterdir()}
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(out)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(FileError, match="another run is writing to this folder") as caught:
            cr.train("xor", out=out, overwrite=True, **QUICK)
        assert "fix: wait until it has ended, or choose another out" in str(caught.value)
        assert {p.name: p.read_bytes() for p in out.iterdir()} == before
    finally:
        other.kill()  # however it ends, the folder is free again
        other.communicate()
    cr.train("xor", out=out, overwrite=True, **QUICK)
    assert {p.name for p in out.iterdir()} == set(before)


def test_threads_of_one_process_do_not_share_a_folder_either(tmp_path):
    pytest.importorskip("fcntl")
    refused = pytest.raises(FileError, match="another run")
    with report.alone(str(tmp_path)), refused, report.alone(str(tmp_path)):
        pass
    with report.alone(str(tmp_path)):  # and it is free again after both
        pass


# --- Ctrl-C while cr.train runs -----------------------------------------------------------------


class PressCtrlC(cr.callbacks.Callback):
    """As a hand would, in the middle of an epoch; `times` times."""

    def __init__(self, epoch, times=1):
        self.epoch, self.times = epoch, times

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            for _ in range(self.times):
                signal.raise_signal(signal.SIGINT)

    def get_state(self):
        return {}

    def set_state(self, state):
        pass


LONG = QUICK | {"epochs": 50}


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_ctrl_c_returns_what_there_is(engine, capfd):
    if engine == "xla":
        pytest.importorskip("jax")
    run = cr.train("moons", callbacks=[PressCtrlC(3)], **LONG | {"engine": engine})
    assert run.config["results"]["stopped_by"] == "SIGINT"
    assert 3 <= len(run.history.epoch) <= 4
    assert run.kept_epoch <= 4
    assert len(run.predict([[0.0, 1.0]]).labels) == 1
    said = capfd.readouterr().err
    assert "stopping after this step" in said
    assert "stopped by SIGINT in epoch" in said
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_writes_what_there_is_and_it_goes_on(tmp_path, capfd):
    whole = cr.train("moons", out=tmp_path / "whole", callbacks=[PressCtrlC(99)], **LONG)
    out = tmp_path / "out"
    run = cr.train("moons", out=out, callbacks=[PressCtrlC(3)], **LONG)
    assert run.config["results"]["stopped_by"] == "SIGINT"
    names = {p.name for p in out.iterdir()}
    assert {"model.safetensors", "config.json", "checkpoint.safetensors"} <= names
    assert f"to go on: train(resume={str(out)!r})" in capfd.readouterr().err
    again = cr.train(resume=out, callbacks=[PressCtrlC(99)], verbose=0)
    assert again.history.history == whole.history.history
    assert again.config["results"]["stopped_by"] is None


def test_a_second_ctrl_c_and_one_before_training_abort(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        cr.train("moons", callbacks=[PressCtrlC(3, times=3)], **LONG)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_program_that_handles_ctrl_c_keeps_its_handler():
    seen = []
    before = signal.signal(signal.SIGINT, lambda *_: seen.append(1))
    try:
        run = cr.train("xor", callbacks=[PressCtrlC(0)], **QUICK)
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == [1]
    assert run.config["results"]["stopped_by"] is None
