"""Runs beside each other: the table, its page, the command, and trainings in one call."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import chainrule as cr
from chainrule.cli import entry
from chainrule.errors import ArgumentError, FileError
from chainrule.evaluation import Candidate, Comparison, scores
from chainrule.report.page import make_comparison


def cells(found):
    heads, rows = found.table()
    return heads, [dict(zip(heads, row, strict=True)) for row in rows]


def test_the_best_is_first_by_the_direction_of_the_figure():
    runs = [("a", 0.2), ("b", math.nan), ("c", 0.1), ("d", 0.3)]
    found = Comparison([Candidate(n, {"mse": v}) for n, v in runs])
    assert [r.name for r in found.sorted] == ["c", "a", "d", "b"]
    found = Comparison([Candidate(n, {"r2": v}) for n, v in runs])
    assert [r.name for r in found.sorted] == ["d", "a", "c", "b"]


def test_only_settings_that_differ_are_columns():
    runs = [
        Candidate("a", {"accuracy": 0.8}, settings={"optimizer": "sgd", "epochs": 5, "seed": 0}),
        Candidate("b", {"accuracy": 0.9}, settings={"optimizer": "adam", "epochs": 5}),
    ]
    heads, rows = cells(Comparison(runs))
    assert heads[:4] == ("run", "optimizer", "seed", "accuracy")
    assert (rows[0]["optimizer"], rows[0]["seed"], rows[0]["accuracy"]) == ("adam", "", "90.0 %")


def test_runs_on_other_rows_are_said_to_be_so():
    runs = [Candidate("a", {"mse": 1.0}, data="x.csv, seed 0"),
            Candidate("b", {"mse": 2.0}, data="x.csv, seed 1")]  # fmt: skip
    assert "These runs are not on the same rows" in Comparison(runs).notes()[0]


def test_intervals_that_overlap_are_said():
    random = np.random.default_rng(0)
    y = random.integers(0, 2, 100)
    near = [np.where(random.random(100) < share, y, 1 - y) * 0.8 + 0.1 for share in (0.8, 0.82)]
    found = [scores(y, p, ["no", "yes"]) for p in near]
    runs = [Candidate(str(k), {"accuracy": s["accuracy"].model.value}, scores=s)
            for k, s in enumerate(found)]  # fmt: skip
    assert "these rows do not say which one is better" in Comparison(runs).notes()[0]
    sure = scores(y, y * 0.98 + 0.01, ["no", "yes"])
    bad = scores(y, 0.99 - y * 0.98, ["no", "yes"])
    runs = [Candidate("a", {"accuracy": 1.0}, scores=sure),
            Candidate("b", {"accuracy": 0.0}, scores=bad)]  # fmt: skip
    assert Comparison(runs).notes() == []


BAD = {
    "none": ([], "there is nothing to compare"),
    "twice": ([Candidate("a", {"x": 1.0}), Candidate("a", {"x": 2.0})], "two runs have one name"),
    "other figures": ([Candidate("a", {"accuracy": 1.0}), Candidate("b", {"mse": 2.0})],
                      "the runs have no figure in common"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_compared(name):
    runs, text = BAD[name]
    with pytest.raises(ArgumentError, match=text):
        Comparison(runs)


def test_the_page_shows_curves_and_escapes_names():
    curves = {"loss": [1.0, 0.5, math.nan, 0.2], "val_loss": [1.0, 0.6]}
    runs = [Candidate(f"<b>{k}</b>", {"accuracy": 0.5 + k / 100}, curves, k + 1, 1.0 + k, 100 * k,
                      verdict="USEFUL: <i>4.1</i>") for k in range(15)]  # fmt: skip
    page = make_comparison(Comparison(runs))
    assert "<b>" not in page.replace("<b>role", "")
    assert "<i>" not in page
    assert "The 12 best of 15 runs." in page
    assert "over the time it took" in page
    assert "Content-Security-Policy" in page
    assert "<script" not in page


def test_a_run_that_diverged_does_not_press_the_others_flat():
    runs = [Candidate("fine", {"mse": 0.1}, {"loss": [1.0, 0.5, 0.3, 0.2]}),
            Candidate("wild", {"mse": 1e9}, {"loss": [1.0, 1e3, 1e6, 1e9]})]  # fmt: skip
    page = make_comparison(Comparison(runs))
    assert "1e+09" not in page.split("</table>")[1]


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory):
    """Folders of two trainings."""
    folder = tmp_path_factory.mktemp("runs")
    made = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cr.Run, "pictures", lambda run: {})  # they take longer than the trainings
        for name in ("sgd", "adam"):
            made.append(str(folder / name))
            cr.train("and", optimizer=name, epochs=4, hidden=(4,), engine="numpy", verbose=0,
                     out=made[-1])  # fmt: skip
    return made


def test_folders_of_runs_are_compared(two_runs, tmp_path, capsys):
    found = cr.compare(two_runs)
    assert {r.name for r in found.runs} == {"sgd", "adam"}
    run = found.runs[0]
    assert (run.settings["optimizer"], run.parameters, run.data) == ("sgd", 22, "and, seed 0")
    assert len(run.curves["loss"]) == 4
    assert run.seconds > 0
    page = str(tmp_path / "both.html")
    assert entry.main(["compare", *two_runs, "--out", page]) == 0
    said = capsys.readouterr().out
    assert "optimizer" in said
    assert f"written: {page}" in said
    with open(page, encoding="utf-8") as file:
        assert "2 runs compared" in file.read()
    assert entry.main(["compare", *two_runs, "--out", page]) != 0  # never over what is there
    assert "exists already" in capsys.readouterr().err
    assert entry.main(["compare", *two_runs, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["runs"]) == 2
    assert entry.main(["compare", *two_runs, "--out", "page.pdf"]) != 0
    assert "--out NAME.html" in capsys.readouterr().err
    with pytest.raises(FileError, match="there is no model"):
        cr.compare([str(tmp_path)])


def test_optimizers_and_rates_in_one_call():
    found = cr.compare({"optimizer": ["sgd", "adam"], "learning_rate": [0.1, 0.001]}, "and",
                       epochs=2, hidden=(), engine="numpy", verbose=0)  # fmt: skip
    assert [r.name for r in found.runs] == [
        "sgd, 0.1", "sgd, 0.001", "adam, 0.1", "adam, 0.001",
    ]  # fmt: skip
    assert found.varied == ["optimizer", "learning_rate"]
    assert found.table()[0][:2] == ("optimizer, learning_rate", "accuracy")
    named = cr.compare({"a": {"optimizer": "sgd"}, "b": {"seed": 0}}, "and", epochs=2, hidden=(),
                       engine="numpy", verbose=0)  # fmt: skip
    assert [r.name for r in named.runs] == ["a", "b"]
    with pytest.raises(ArgumentError, match="settings are for trainings"):
        cr.compare(["runs/a"], epochs=3)
    with pytest.raises(ArgumentError, match="that are too many trainings"):
        cr.compare({"seed": list(range(101))}, "and")
    with pytest.raises(ArgumentError, match="with data, settings are compared"):
        cr.compare(["sgd"], "and")


def test_runs_of_one_name_are_told_apart(two_runs):
    found = cr.compare([two_runs[0], two_runs[0]])
    assert len({r.name for r in found.runs}) == 2


def test_long_verdicts_are_whole_and_no_layers_are_named():
    told = "NO BETTER: " + "so it goes on " * 12 + "to its end"
    runs = [Candidate("a", {"mse": 0.1}, settings={"hidden": ()}, verdict=told),
            Candidate("b", {"mse": 0.2}, settings={"hidden": (8,)}, verdict=told)]  # fmt: skip
    found = Comparison(runs)
    assert make_comparison(found).count("to its end") == 2
    assert [row[1] for row in found.table()[1]] == ["none", "8"]


def test_of_runs_on_other_rows_nothing_is_said_about_which_is_better():
    runs = [Candidate(n, {"accuracy": 0.9}, data=n) for n in ("one", "two")]
    notes = Comparison(runs).notes()
    assert len(notes) == 1
    assert "not on the same rows" in notes[0]
