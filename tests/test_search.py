"""The search: honest rows, equal seeds, what ends a trial, what mattered, the folder it leaves."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

import chainrule as cr
from chainrule.cli import entry
from chainrule.errors import ArgumentError, DataError, FileError, MissingExtraError
from chainrule.experiments import Row
from chainrule.workflow.recipes import RECIPES
from chainrule.workflow.search_space import space_of
from chainrule.workflow.searched import Search, effects
from chainrule.workflow.searching import Searcher, _Judge

QUICK = {"epochs": [2, 3], "units": (4, 8), "layers": 1, "batch_size": 64}


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    """What `train` does on its own takes thousands of steps; here a few will do."""
    monkeypatch.setattr("chainrule.workflow.recipes._STEPS", 20)
    monkeypatch.setattr("chainrule.workflow.recipes._FEWEST", 4)
    monkeypatch.setitem(RECIPES, "points", replace(RECIPES["points"], epochs=4))


def searcher(data="moons", trials=2, budget=None, space=QUICK, out=None, **settings):
    pytest.importorskip("optuna")
    return Searcher(data, trials, budget, space, {"engine": "numpy", **settings}, out, False)


def points(rows=80):
    """Two columns of which one decides, as arrays that are trained in no time."""
    random = np.random.default_rng(0)
    x = random.normal(size=(rows, 2)).astype(np.float32)
    return x, (x[:, 0] > 0).astype(int)


def arrays():
    return points(80), points(20)


def row(**settings):
    value = settings.pop("value")
    return Row(settings, (value,), (value,), (1,), 1, 0.0)


def test_what_mattered_is_the_effect_size_of_kruskal_and_wallis():
    stats = pytest.importorskip("scipy.stats")
    random = np.random.default_rng(1)
    groups = [random.normal(m, 1, n).round(1) for m, n in ((0, 5), (0.7, 8), (1.5, 4))]
    rows = [row(optimizer=f"o{k}", value=v) for k, g in enumerate(groups) for v in g.tolist()]
    statistic = stats.kruskal(*groups).statistic
    expected = (statistic - 3 + 1) / (17 - 3)
    assert 0 < expected < 1
    assert effects(rows, ["optimizer"])["optimizer"] == pytest.approx(expected)


def test_numbers_are_compared_in_thirds_and_chance_explains_nothing():
    rising = [row(units=n, value=float(n)) for n in range(1, 13)]
    # H = 12/(N(N+1)) ΣRᵢ²/nᵢ − 3(N+1) of 1-4, 5-8, 9-12
    statistic = 12 / (12 * 13) * (10**2 + 26**2 + 42**2) / 4 - 3 * 13
    assert effects(rising, ["units"])["units"] == pytest.approx((statistic - 2) / 9)
    mixed = [row(layers=n % 2, value=float(n)) for n in (1, 4, 5, 8, 2, 3, 6, 7)]
    assert effects(mixed, ["layers"])["layers"] == 0.0
    assert effects([], ["units"]) == {}


def test_one_that_diverged_is_the_worst_and_never_the_best():
    lost = Row({"units": 2}, (), (), (0,), 1, 0.0, "diverged")
    up = Row({"units": 3}, (0.1,), (0.1,), (1,), 1, 0.0, "given up at 20 %")
    found = Search([row(units=1, value=0.5), lost, up, row(units=4, value=0.4)], ["units"])
    assert found.best.settings == {"units": 4}
    assert [r[0] for r in found.table()[1]] == ["3", "0", "1", "2"]
    assert "given up at 20 %" in found.table()[1][3]


def test_a_pair_is_a_range_and_a_list_is_a_choice():
    space = space_of(RECIPES["tables"], 40, 500, {"units": (2, 9), "dropout": 0.2}, None)
    assert (str(space["units"]), space["dropout"].values) == ("2 to 9", (0.2,))
    assert set(space_of(RECIPES["digits"], 40, 500, None, "lenet5")).isdisjoint(
        {"layers", "units", "dropout"}
    )


@pytest.mark.parametrize(
    ("space", "word"),
    [
        ({"unit": [2]}, "units"),
        ({"units": []}, "no value"),
        ({"units": [0]}, "at least 1"),
        ({"units": [2.5]}, "whole number"),
        ({"dropout": [1.0]}, "share < 1"),
        ({"learning_rate": (0, 0.1)}, "above 0"),
        ({"learning_rate": (0.1, 0.01)}, "low < high"),
        ({"optimizer": ["adamm"]}, "adam"),
        ({"activation": ["rellu"]}, "relu"),
    ],
)
def test_a_space_that_makes_no_sense_is_refused(space, word):
    with pytest.raises(Exception, match=word):
        space_of(RECIPES["tables"], 40, 500, space, None)


def test_settings_that_are_searched_or_unknown_are_refused():
    with pytest.raises(ArgumentError, match="no place in a search"):
        searcher(hidden=(3,))
    with pytest.raises(ArgumentError, match="nothing to search"):
        searcher(space=dict.fromkeys(("layers", "units", "batch_size", "learning_rate", "epochs"), 1)
                 | {"dropout": 0.0, "activation": "relu", "optimizer": "adam"})  # fmt: skip
    with pytest.raises(ArgumentError, match="trials"):
        searcher(trials=0)
    with pytest.raises(DataError, match="too few rows"):
        searcher("and")


def test_equal_seeds_give_equal_trials_and_the_test_part_is_not_looked_at():
    found = [searcher(data, seed=3, trials=3).look(verbose=0)
             for data in (arrays(), arrays(), (points(80), (points(20)[0] * 9, points(20)[1])))]  # fmt: skip
    figures = [[(r.settings, r.values, r.failed) for r in f.rows] for f in found]
    assert figures[0] == figures[1] == figures[2]
    other = searcher(arrays(), seed=4, trials=3).look(verbose=0)
    assert [r.settings for r in other.rows] != [r.settings for r in found[0].rows]


def test_the_run_is_the_best_trial_trained_once_more():
    made = searcher(arrays(), trials=3, space={**QUICK, "learning_rate": [0.3]})
    found = made.look(verbose=0)
    found.rows[0] = Row({}, (9.0,), (9.0,), (1,), 1, 0.0)  # so that a trial is the best
    run = made.finish(found, verbose=0)
    assert min(run.history.history["val_loss"]) == found.best.value
    assert run.config["arguments"]["hidden"] == [found.best.settings["units"]]
    assert run.config["results"]["test_rows"] == 20


def table(rows=60):
    x, y = points(rows)
    return {"a": x[:, 0].tolist(), "b": x[:, 1].tolist(), "y": np.where(y, "yes", "no").tolist()}


def test_rows_of_a_table_that_choose_are_none_of_those_of_the_figures(monkeypatch):
    monkeypatch.setattr(
        "chainrule.tabular.fit", _with_candidates(("constant", "linear"))
    )  # no network: seconds
    made = searcher(table(), trials=2)
    train, held = made.plan.parts.pairs[0]
    assert not set(train) & set(held)
    assert made.kind.problem.rows == len(train)
    assert len(made.kind.held) + len(made.kind.kept) == len(train)
    found = made.look(verbose=0)
    assert found.first == "the recipe"
    found.rows[0] = Row({}, (9.0,), (9.0,), (0,), 1, 0.0)
    run = made.finish(found, verbose=0)
    assert run.figures.rows.tolist() == sorted(held.tolist())
    assert min(run.history.history["val_loss"]) == pytest.approx(found.best.value)
    assert run.verdict is not None
    assert any("the best of 2 trials" in line for line in run.config["table"]["notices"])
    with pytest.raises(ArgumentError, match="no place in a search"):
        searcher(table(), folds=3)


def _with_candidates(names):
    from chainrule import tabular

    fit = tabular.fit

    def limited(problem, **how):
        return fit(problem, **{**how, "settings": {"candidates": names}})

    return limited


def test_a_trial_is_compared_at_equal_shares_of_its_training():
    class Trial:
        def __init__(self):
            self.told = []

        def report(self, value, step):
            self.told.append((step, value))

        def should_prune(self):
            return len(self.told) == 3

    class Model:
        stop_training = False

    judge = _Judge(Trial(), 40, lambda: False)
    judge.model = Model()
    for epoch in range(12):
        judge.on_epoch_end(epoch, {"val_loss": 1.0 - 0.01 * epoch if epoch != 5 else 2.0})
    assert [step for step, _ in judge.trial.told[:3]] == [1, 2, 3]
    assert judge.trial.told[1][1] == pytest.approx(0.93)  # the best until then, not the last
    assert judge.given_up
    assert judge.model.stop_training
    assert not judge.cut


def test_what_ends_a_search_keeps_the_trials_before(capsys):
    made = searcher(arrays(), trials=9)
    asked = iter([None] * 200)
    ended = {"now": False}
    look = made._say

    def after(rows, verbose):
        ended["now"] = len(rows) == 3
        return look(rows, verbose)

    made._say = after
    found = made.look(stopped_by=lambda: "SIGINT" if ended["now"] else next(asked, None), verbose=0)
    assert found.interrupted
    assert len(found.tried) == 2
    assert "stopped by Ctrl-C: 2 of 9 trials" in found.notes()
    assert made.finish(found, verbose=0).results["accuracy"] > 0

    found = searcher(arrays(), trials=9, budget=1e-6).look(verbose=0)
    assert not found.tried
    assert found.best is found.rows[0]
    assert "were up: 0 of 9 trials" in found.notes()[0]
    with pytest.raises(KeyboardInterrupt):
        searcher(arrays()).look(stopped_by=lambda: "SIGINT", verbose=0)


def test_without_optuna_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"chainrule\[search\]"):
        cr.search("moons")


def test_the_command_writes_a_run_with_table_and_picture(tmp_path, capsys, monkeypatch):
    pytest.importorskip("optuna")
    monkeypatch.chdir(tmp_path)
    words = ["search", "moons", "--trials", "2", "--epochs", "2..3", "--units", "4,8", "--layers",
             "1", "--engine", "numpy", "--out", "run"]  # fmt: skip
    assert entry.main(words) == 0
    said = capsys.readouterr().out
    assert "2/2  1 × " in said
    assert "hyperparameter" in said
    assert "test accuracy" in said
    folder = tmp_path / "run"
    assert len((folder / "search.csv").read_text().splitlines()) == 4
    assert len(json.loads((folder / "search.json").read_text())["rows"]) == 3
    assert (folder / "search.svg").read_text().count("<circle") > 6
    again = json.loads((folder / "config.json").read_text())["command"]
    assert again[:3] == ["chainrule", "train", "moons"]
    assert cr.workflow.Run.load(folder).results["accuracy"] > 0
    # what is typed to train it again gives the same weights
    assert entry.main([*again[1:], "--out", "again", "--quiet"]) == 0
    weights = [cr.load_model(tmp_path / n / "model.safetensors").get_weights()
               for n in ("run", "again")]  # fmt: skip
    assert all(np.array_equal(a, b) for a, b in zip(*weights, strict=True))
    assert entry.main(words) == 2  # never over files that are there
    assert "exists already" in capsys.readouterr().err
    with pytest.raises(FileError):
        searcher("moons", out=folder)
