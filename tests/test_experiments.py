"""Experiments: the range test leaves no trace, sweeps are honest, a network grows as deck 001 says."""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
import math
import random
import statistics

import numpy as np
import pytest

import chainrule as cr
from chainrule import errors, experiments, rng
from chainrule.cli import main
from chainrule.cli.experiment import _apart
from chainrule.data import catalog
from chainrule.experiments import Growth, RateRange, Row, Sweep, grow, network, range_test, sweep
from chainrule.experiments.measuring import Trials
from chainrule.training.engines.xla import compilations

on_both = pytest.mark.parametrize("engine", ["numpy", "xla"])


def plane(rows=40):
    """Targets of two inputs, without error."""
    x = np.random.default_rng(5).normal(size=(rows, 2))
    return x, x @ [[1.0], [-2.0]] + 0.5


def line(optimizer=None, dtype="float64"):
    model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(1, dtype=dtype)])
    model.set_weights([[[0.0], [0.0]], [0.0]])
    model.compile(optimizer or cr.optimizers.SGD(0.01), "mse")
    return model


# --- the range test ------------------------------------------------------------------------------


@on_both
def test_rates_and_losses_beside_a_plain_loop(engine):
    """Batches of 16, 16 and 8 in order; the rate of step k is low·(high/low)^(k/(n − 1))."""
    x, y = plane()
    steps, low, high = 20, 1e-3, 0.5
    w, b, rates, losses = np.zeros((2, 1)), 0.0, [], []
    for k in range(steps):
        part = slice(16 * (k % 3), 16 * (k % 3) + 16)
        rates.append(low * (high / low) ** (k / (steps - 1)))
        apart = x[part] @ w + b - y[part]
        losses.append(float(np.mean(apart**2)))
        w = w - rates[-1] * 2 * x[part].T @ apart / len(apart)
        b = b - rates[-1] * 2 * float(np.mean(apart))
    before = compilations[0]
    found = range_test(line(), x, y, low=low, high=high, steps=steps, batch_size=16,
                       shuffle=False, engine=engine)  # fmt: skip
    assert found.rates == pytest.approx(rates, rel=1e-12)
    assert found.losses == pytest.approx(losses, rel=1e-9)
    assert found.smoothed[0] == pytest.approx(np.mean(losses[:2]))  # one neighbour at twenty steps
    assert found.smoothed[5] == pytest.approx(np.mean(losses[4:7]))
    assert found.diverged_at is None
    assert compilations[0] - before <= 2  # not once a step: whole batches, and the last one


@on_both
def test_it_leaves_no_trace(engine):
    """Weights, slots, seeds, rate, history, streams of random numbers: to the bit."""

    x, y = plane(32)
    model = cr.Sequential([
        cr.Input((2,)), cr.layers.Dense(4, "tanh"), cr.layers.BatchNormalization(),
        cr.layers.Dropout(0.5), cr.layers.Dense(1),
    ])  # fmt: skip
    model.compile("adam", "mse", metrics=["mae"])
    history = model.fit(x, y, verbose=0, engine=engine)
    everything = [*model.variables, *model.optimizer.variables, model.shuffle_key]
    everything += [v for m in model.metrics for v in m.variables]
    before, figures = [v.numpy() for v in everything], dict(history.history)

    def following():
        return [rng.next_key(), random.random(), np.random.rand()]  # noqa: S311

    cr.utils.set_random_seed(9)
    wanted = following()
    cr.utils.set_random_seed(9)
    range_test(model, x, y, steps=12, engine=engine)
    for a, v in zip(before, everything, strict=True):
        np.testing.assert_array_equal(a, v.numpy())
    assert model.history is history
    assert history.history == figures
    assert not model.stop_training
    assert all(np.array_equal(a, b) for a, b in zip(wanted, following(), strict=True))


def test_a_model_without_weights_gets_those_that_it_would_have_had():
    def made(test):
        cr.utils.set_random_seed(3)
        model = cr.Sequential([cr.layers.Dense(1)])
        model.compile("sgd", "mse")
        if test:
            range_test(model, *plane(), steps=10, engine="numpy")
            assert not model.built
        model.predict(plane()[0], verbose=0, engine="numpy")
        return model.get_weights()[0]

    assert (made(True) == made(False)).all()


def test_it_ends_where_the_loss_diverges():
    x, y = plane()
    found = range_test(line(), x, y, low=1e-3, high=1e6, steps=80, engine="numpy")
    assert len(found.rates) < 80
    assert found.diverged_at == found.rates[-1]
    # gradient descent on a mean of squares diverges above 1/λ, λ the largest of xᵀx/n
    ones = np.c_[x, np.ones(len(x))]
    most = 1 / np.linalg.eigvalsh(ones.T @ ones / len(x)).max()
    assert most / 2 < found.diverged_at < 40 * most
    assert found.suggestion < most
    assert "diverged" in str(found)


def test_a_loss_that_is_no_number_ends_it_too():
    x = np.ones((4, 1))
    model = cr.Sequential([cr.Input((1,)), cr.layers.Dense(1)])
    model.set_weights([[[0.0]], [0.0]])
    model.compile(cr.optimizers.SGD(0.1), "mse")
    found = range_test(model, x, x, low=1e-8, high=1e40, steps=10, batch_size=4, engine="numpy")
    assert found.diverged_at is not None
    assert np.isfinite(found.losses).all()
    model.set_weights([[[1e30]], [0.0]])
    with pytest.raises(errors.NonFiniteError):  # the first step: there is nothing to see
        range_test(model, x, x, steps=10, engine="numpy")


def curve(fall_at, steps=121):
    """A loss that falls by a logistic in ln rate around a rate, from 2 to 1."""
    rates = np.geomspace(1e-6, 1.0, steps)
    return rates, 2 - 1 / (1 + np.exp(-3 * np.log(rates / fall_at)))


def test_the_suggestion_is_where_a_known_curve_is_steepest():
    found = RateRange(*curve(1e-3), near=3)
    assert found.steepest == pytest.approx(1e-3, rel=0.15)
    assert found.suggestion == found.steepest
    assert RateRange(*curve(1e-3), near=3, diverged_at=5e-3).suggestion == pytest.approx(5e-4)
    assert RateRange(*curve(1e-3), near=3, diverged_at=1.0).suggestion == found.steepest
    rates, losses = curve(1e-3)
    flat = RateRange(rates, losses[::-1])
    assert flat.suggestion is None
    assert "never fell" in flat.verdict


def test_a_jump_of_noise_behind_the_fall_is_not_the_steepest():
    rates, losses = curve(1e-3)
    losses = losses.copy()
    losses[105] += 9  # up, and steeply down again
    assert RateRange(rates, losses, near=3).steepest == pytest.approx(1e-3, rel=0.15)


@pytest.mark.parametrize(
    ("how", "kind", "words"),
    [
        ({"low": 1.0, "high": 0.1}, errors.ArgumentError, "low < high"),
        ({"low": 0.0}, errors.ArgumentError, "above 0"),
        ({"high": math.inf}, errors.ArgumentError, "high"),
        ({"steps": 3}, errors.ArgumentError, "range_test: steps must be .* at least 10"),
        ({"optimizer": cr.optimizers.SGD(cr.optimizers.schedules.ExponentialDecay(0.1, 9, 0.5))},
         errors.StateError, "follows a schedule"),
        ({"model": cr.Sequential([cr.layers.Dense(1)])}, errors.StateError, "compiled model"),
        ({"model": "line"}, errors.StateError, "compiled model"),
    ],
)  # fmt: skip
def test_what_the_range_test_refuses(how, kind, words):
    how = dict(how)
    model = how.pop("model", None) or line(how.pop("optimizer", None))
    with pytest.raises(kind, match=words):
        range_test(model, *plane(), engine="numpy", **how)


def test_ctrl_c_keeps_the_steps_that_were_made():
    class Impatient(cr.Sequential):
        left = 4

        def train_step(self, data):
            type(self).left -= 1
            if type(self).left < 0:
                raise KeyboardInterrupt
            return super().train_step(data)

    model = Impatient([cr.Input((2,)), cr.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(*plane(2), verbose=0, engine="numpy")
    found = range_test(model, *plane(), steps=40, batch_size=4, engine="numpy")
    assert found.interrupted
    assert 0 < len(found.rates) < 40
    assert "Ctrl-C" in found.verdict
    with pytest.raises(KeyboardInterrupt):
        range_test(model, *plane(), steps=40, engine="numpy")


# --- sweeps --------------------------------------------------------------------------------------


def test_a_setting_that_diverges_is_a_row_and_never_the_best():
    x, y = plane()
    build = network(x, y)
    grid = {"layers": [0], "optimizer": ["sgd"], "learning_rate": [1e-4, 1e30, 0.1]}
    found = sweep(build, x, y, grid, epochs=3, engine="numpy", verbose=0)
    assert [r.failed for r in found.rows] == [None, "NaN: the training diverged", None]
    assert found.best.settings["learning_rate"] == 0.1
    assert found.sorted[-1].settings["learning_rate"] == 1e30
    assert math.isnan(found.rows[1].value)
    assert str(found).splitlines()[3].endswith("failed")
    assert "failed, layers 0, optimizer sgd, learning_rate 1e+30: NaN" in str(found)
    assert "NaN" in found._repr_html_()
    assert json.loads(json.dumps(found.to_json(), allow_nan=False))["rows"][1]["value"] is None
    none = sweep(build, x, y, {**grid, "learning_rate": [1e30]}, epochs=3, engine="numpy",
                 verbose=0)  # fmt: skip
    assert none.best is None
    assert "every setting failed" in str(none)


def seen_by_fit(monkeypatch):
    """What every training was given."""
    calls, fit = [], cr.Model.fit

    def watched(self, x, y, **how):
        calls.append((x, y, how))
        return fit(self, x, y, **how)

    monkeypatch.setattr(cr.Model, "fit", watched)
    return calls


def test_all_settings_have_the_same_rows_and_none_is_trained_on_those_that_compare(monkeypatch):
    calls = seen_by_fit(monkeypatch)
    x, y = np.arange(40.0)[:, None], np.zeros((40, 1))
    sweep(network(x, y), x, y, {"units": [1, 2], "batch_size": [8, 16]}, validation_split=0.25,
          epochs=1, repeats=2, engine="numpy", verbose=0)  # fmt: skip
    assert [how["batch_size"] for *_, how in calls] == [8, 8, 16, 16] * 2
    for rows, _, how in calls:
        held, _ = how["validation_data"]
        assert len(held) == 10
        assert sorted([*rows[:, 0], *held[:, 0]]) == list(range(40))
        assert (rows == calls[0][0]).all()
        drawn = list(held[:, 0])  # not one end of rows that may be sorted
        assert drawn not in (list(range(10)), list(range(30, 40)))


def test_mean_and_spread_over_seeds_and_twice_the_same():
    x, y = plane()

    def run(**how):
        return sweep(network(x, y), x, y, {"units": [2, 4]}, epochs=2, engine="numpy", verbose=0,
                     **how)  # fmt: skip

    random.seed(1)
    before = random.getstate()
    cr.utils.set_random_seed(9)
    key = rng.next_key()
    cr.utils.set_random_seed(9)
    several = run(repeats=3)
    assert (rng.next_key() == key).all()
    alone = [run(seed=0, validation_data=None), run()]
    assert alone[0].to_json() == alone[1].to_json()
    for row, first in zip(several.rows, alone[0].rows, strict=True):
        assert len(set(row.values)) == 3  # other seeds, other weights
        assert row.values[0] == first.values[0]
        assert row.value == pytest.approx(sum(row.values) / 3)
        assert row.spread == pytest.approx(statistics.stdev(row.values))
        assert first.spread is None
    assert "±" in str(several)
    assert "one seed each" in str(alone[0])
    random.setstate(before)


@on_both
def test_any_model_by_its_rate_alone(engine):
    found = sweep(lambda: line(), *plane(), {"learning_rate": [1e-4, 0.1]}, epochs=5,
                  engine=engine, verbose=0, keep="last")  # fmt: skip
    assert found.best.settings == {"learning_rate": 0.1}
    assert found.best.epochs == (5,)


def test_which_epoch_counts(monkeypatch):
    figures = {
        "val_loss": [3.0, 1.0, 2.0],
        "loss": [6.0, 5.0, 4.0],
        "val_accuracy": [0.1, 0.3, 0.2],
    }
    monkeypatch.setattr(Trials, "_fit", lambda *a: figures)

    def run(**how):
        return sweep(line, *plane(), {"epochs": [3]}, verbose=0, engine="numpy", **how).rows[0]

    best, last = run(), run(keep="last")
    assert (best.value, best.loss, best.epochs) == (1.0, 5.0, (2,))
    assert (last.value, last.loss, last.epochs) == (2.0, 4.0, (3,))
    assert run(monitor="val_accuracy").value == 0.3
    with pytest.raises(errors.ArgumentError, match="did you mean 'val_loss'"):
        run(monitor="val_los", mode="min")


def slip(**settings):
    return network(*plane())(**settings)


@pytest.mark.parametrize(
    ("build", "grid", "how", "words"),
    [
        (slip, {}, {}, "nothing to vary"),
        (slip, {"units": []}, {}, "units has no value"),
        (slip, {"units": range(2000)}, {}, "too many settings"),
        (lambda units: None, {"unit": [1]}, {}, "did you mean 'units'"),
        (lambda units: None, {"units": [1]}, {}, "must return a compiled model"),
        (lambda: cr.Sequential([]), {"epochs": [1]}, {}, "not compiled"),
        ("line", {"units": [1]}, {}, "build must be a function"),
        (slip, {"units": [1]}, {"monitor": "loss"}, "by heart"),
        (slip, {"units": [1]}, {"monitor": "val_x"}, "higher or a lower"),
        (slip, {"units": [1]}, {"keep": "first"}, "keep must be one of"),
        (slip, {"units": [1]}, {"repeats": 0}, "sweep: repeats must be"),
        (slip, {"units": [1]}, {"validation_split": 0.001}, "rows to validate with"),
        (slip, {"units": [1, -2]}, {}, "units"),
    ],
)
def test_what_a_sweep_refuses_before_the_first_training(build, grid, how, words, monkeypatch):
    calls = seen_by_fit(monkeypatch)
    with pytest.raises(errors.ChainruleError, match=words):
        sweep(build, *plane(), grid, verbose=0, engine="numpy", **how)
    assert not calls


def test_rows_that_differ_are_refused():
    with pytest.raises(errors.DataError, match="as many rows"):
        sweep(line, np.ones((4, 2)), np.ones((5, 1)), {"epochs": [1]})


def test_ctrl_c_keeps_the_settings_that_were_tried(monkeypatch):
    rows, fit = [], Trials._fit

    def impatient(self, model, settings):
        rows.append(settings)
        if len(rows) == 3:
            raise KeyboardInterrupt
        return fit(self, model, settings)

    monkeypatch.setattr(Trials, "_fit", impatient)
    grid = {"units": [1, 2, 3, 4]}
    found = sweep(slip, *plane(), grid, epochs=1, verbose=0, engine="numpy")
    assert [r.settings["units"] for r in found.rows] == [1, 2]
    assert "stopped by Ctrl-C: 2 of 4" in str(found)
    rows[:] = [None, None]
    with pytest.raises(KeyboardInterrupt):
        sweep(slip, *plane(), grid, epochs=1, verbose=0, engine="numpy")


def test_progress_is_shown(capsys):
    sweep(slip, *plane(), {"units": [1, 2]}, epochs=1, engine="numpy")
    lines = capsys.readouterr().out.splitlines()
    assert [text.split(":")[0] for text in lines] == ["1/2  units 1", "2/2  units 2"]


def test_files_and_pages_hold_words_not_formulas(tmp_path):
    rows = [Row({"kind": word}, (0.1,), (0.1,), (1,), 3, 1.0) for word in ("=1+1", "<b>", "-x")]
    found = Sweep(rows)
    with open(found.save(tmp_path / "s.csv"), newline="", encoding="utf-8") as file:
        cells = [row[0] for row in csv.reader(file)]
    assert cells == ["kind", "'=1+1", "<b>", "'-x"]
    assert "<b></td>" not in found._repr_html_()
    assert "&lt;b&gt;" in found._repr_html_()
    with pytest.raises(errors.FileError, match="exists already"):
        found.save(tmp_path / "s.csv")
    found.save(tmp_path / "s.csv", overwrite=True)
    steps = RateRange(*curve(1e-3))
    with open(steps.save(tmp_path / "r.csv"), encoding="utf-8") as file:
        assert len(file.readlines()) == 122


# --- growing -------------------------------------------------------------------------------------


def growing(monkeypatch, losses, **how):
    """The sizes that `grow` tries where these are their losses."""

    def row(self, settings, first):
        value = losses.get((settings["layers"], settings["units"]), 9.0)
        failed = None if value is not None else "NaN"
        return Row(dict(settings), (value or 0.0,), (0.0,), (1,), 1, 0.0, failed)

    monkeypatch.setattr(Trials, "row", row)
    found = grow(slip, *plane(), units=8, verbose=0, **how)
    return [tuple(r.settings.values()) for r in found.rows], found


def test_layers_then_units_until_the_loss_stops_falling(monkeypatch):
    losses = {(1, 8): 0.5, (2, 8): 0.4, (3, 8): 0.41, (2, 16): 0.3, (2, 32): 0.2, (2, 64): 0.2}
    tried, found = growing(monkeypatch, losses)
    assert tried == [(1, 8), (2, 8), (3, 8), (2, 16), (2, 32), (2, 64)]
    assert found.best.settings == {"layers": 2, "units": 32}
    assert "layers 3: no more; layers 2 it is" in found.decisions
    assert "units 64: no more; units 32 it is" in found.decisions
    assert str(found).startswith("layers 1: val_loss 0.5, begin")
    tried, _ = growing(monkeypatch, losses, min_delta=0.15)
    assert tried == [(1, 8), (2, 8), (1, 16)]
    tried, found = growing(monkeypatch, losses, most_layers=2, most_units=16)
    assert tried == [(1, 8), (2, 8), (2, 16)]
    assert "units 16: the most that was allowed" in found.decisions
    tried, _ = growing(monkeypatch, {**losses, (2, 8): None})  # NaN did not fall
    assert tried == [(1, 8), (2, 8), (1, 16)]
    tried, _ = growing(monkeypatch, {**losses, (1, 8): None})
    assert tried[:3] == [(1, 8), (2, 8), (3, 8)]


def test_growing_for_real_and_what_it_refuses():
    x, y = plane()
    found = grow(network(x, y), x, y, units=2, most_layers=2, most_units=4, epochs=1,
                 engine="numpy", verbose=0)  # fmt: skip
    assert isinstance(found, Growth)
    assert found.rows[0].parameters == 9
    with pytest.raises(errors.ArgumentError, match="layers and units"):
        grow(lambda units: line(), x, y)


# --- pictures ------------------------------------------------------------------------------------


def test_pictures_hold_what_was_found():
    figure = RateRange(*curve(1e-3), diverged_at=0.5).plot()
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels[:2] == ["each batch", "smoothed"]
    assert labels[-1] == "diverged: 0.5"
    rows = [Row({"a": a, "b": b}, (a * 0.1, a * 0.3), (0.1,), (1,), 3, 1.0)
            for a in (1, 10) for b in ("x", "y")]  # fmt: skip
    failed = Row({"a": 100, "b": "x"}, (), (), (), 3, 1.0, "NaN")
    axes = Sweep([*rows, failed], repeats=2).plot().axes[0]
    assert axes.get_xscale() == "log"
    assert axes.get_title() == "1 of 5 settings failed"
    many = [Row({"a": k, "b": k, "c": f"${k}"}, (0.1,), (0.1,), (1,), 3, 1.0) for k in range(3)]
    ticks = [t.get_text() for t in Sweep(many).plot().axes[0].get_yticklabels()]
    assert ticks[0] == r"a 0, b 0, c \$0"


# --- the command line ----------------------------------------------------------------------------


@pytest.fixture
def without_test_rows(monkeypatch):
    """The held-out part is gone: whoever looks at it fails."""
    load = catalog.load

    def loaded(*args, **options):
        return dataclasses.replace(load(*args, **options), x_test=None, y_test=None)

    monkeypatch.setattr(catalog, "load", loaded)


def test_the_commands(without_test_rows, capsys, tmp_path):
    files = ["--csv", str(tmp_path / "a.csv"), "--picture", str(tmp_path / "a.svg")]
    words = ["moons", "--units", "2,4", "--lr", ".1", "--epochs", "2"]
    assert main(["sweep", *words, *files]) == 0
    out = capsys.readouterr().out
    assert "learning_rate" in out
    assert "next: chainrule train moons --hidden" in out
    assert (tmp_path / "a.svg").read_text().startswith("<?xml")
    assert main(["sweep", *words, *files]) == 2  # refused before it computes
    assert "exists already" in capsys.readouterr().err
    assert main(["range", "plane", "--steps", "12", "--units", "0", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["rates"]) <= 12
    assert main(["sweep", "plane", "--grow", "--units", "2", "--rate", ".1", "--epochs", "1",
                 "--optimizer", "sgd"]) == 0  # fmt: skip
    assert "--lr 0.1 --optimizer sgd" in capsys.readouterr().out


def test_rows_and_values_are_scaled_by_those_to_train_on_alone():
    """Mean 0 and standard deviation 1 of the rows to train on; those that compare have others."""
    x = np.random.default_rng(2).normal(5.0, 3.0, size=(60, 2)) ** 2
    data = catalog.from_arrays(x, x[:, 0] * 100.0)
    a = argparse.Namespace(validation_split=0.25, seed=1)
    (rows, y), (held, y_held) = _apart(data, a)
    assert len(held) == len(y_held) == 12
    for part, other in ((rows, held), (y[:, None], y_held[:, None])):
        assert part.mean(0) == pytest.approx(0, abs=1e-5)
        assert part.std(0) == pytest.approx(1, rel=1e-5)
        assert abs(other.mean(0)).min() > 1e-3
    assert y == pytest.approx(rows[:, 0], abs=1e-4)  # so that both were scaled the same way


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sweep", "moons"], "--rate .1,.01 or --units"),
        (["sweep", "moons", "--units", "a"], "whole numbers such as 8,16"),
        (["sweep", "moons", "--grow", "--layers", "1"], "--grow finds the layers"),
        (["sweep", "moons", "--units", "1", "--picture", "a.gif"], "PNG, SVG or PDF"),
        (["sweep", "moons", "--units", "1", "--validation-split", "0"], "rows to compare with"),
        (["range", "moons", "--units", "2,4"], "--units must be the same"),
        (["range", "moons", "--engine", "gpu"], "--engine"),
        (["range", "mons"], "did you mean"),
    ],
)
def test_what_the_commands_refuse(words, said, capsys):
    assert main(words) == 2
    assert said in capsys.readouterr().err


def test_the_package_is_loaded_when_it_is_asked_for():
    assert cr.experiments is experiments


@pytest.mark.parametrize("rate", [0, -1.0])
def test_a_rate_at_which_nothing_is_learned_is_no_setting(rate):
    """By luck it could be the best of all, and `chainrule train` would refuse it."""
    with pytest.raises(cr.errors.ArgumentError, match="above 0"):
        cr.experiments.sweep(lambda learning_rate: None, [[0.0]], [[0.0]],
                             {"learning_rate": [0.1, rate]})  # fmt: skip
