"""The page on a table's run: the same from training and from its folder, with what must be known."""

from __future__ import annotations

import json
import os
import re
import shutil
from html import escape

import numpy as np
import pytest

import chainrule as cr
from chainrule.cli import main
from chainrule.report.page import make_page
from chainrule.workflow import Run, table_plan
from chainrule.workflow.comparing import compared
from chainrule.workflow.findings import findings_of
from chainrule.workflow.replay import _equal

pytest.importorskip("pyarrow")

FAST = ["--hidden", "4", "--epochs", "2", "--engine", "numpy"]
N = 60


def orders(n=N, seed=0):
    """Lines of orders, a leak among their columns; the last row is a copy of the first."""
    random = np.random.default_rng(seed)
    lines, first = [], None
    for k in range(n):
        price, colour = round(float(random.normal(50, 9)), 2), str(random.choice(["red", "green"]))
        back = "yes" if price > 52 else "no"
        line = (
            f"2024-{1 + k % 12:02d}-{1 + k % 28:02d},{price},{colour},{int(back == 'yes')}.5,{back}"
        )
        first = first or line
        lines.append(line)
    return [*lines[:-1], first]


HEAD = "when,price,colour,refund,back"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run on a file with a title and a total line; what the page was made of; the folder."""
    folder = tmp_path_factory.mktemp("orders")
    table = folder / "orders.csv"
    table.write_text("\n".join(["Orders of 2024", "", HEAD, *orders(), "Total,3000,,,"]) + "\n")
    caught = []
    with pytest.MonkeyPatch.context() as patch:
        whole = table_plan.write_page
        patch.setattr(table_plan, "write_page",
                      lambda found, *a, **k: caught.append(found) or whole(found, *a, **k))  # fmt: skip
        assert main(["train", str(table), "--out", str(folder / "run"), *FAST, "--quiet"]) == 0
    return folder, caught[0]


def test_a_folder_says_what_training_said(made):
    folder, ours = made
    theirs = findings_of(Run.load(folder / "run"))
    for name in ("title", "class_names", "target", "measured_on", "history", "kept", "step", "kind",
                 "seconds", "command", "shell", "python", "config", "notices", "reading"):  # fmt: skip
        assert getattr(theirs, name) == getattr(ours, name), name
    np.testing.assert_array_equal(theirs.outputs, ours.outputs)
    np.testing.assert_array_equal(theirs.frame["price"].values, ours.frame["price"].values)
    # while training the models that have not seen the rows answer, from a folder the saved one
    np.testing.assert_allclose(ours.predict(ours.frame), ours.outputs, atol=1e-6)
    assert (ours.seen, theirs.seen) == (False, True)
    assert "fitted on all rows" in make_page(theirs)


def test_what_must_be_known_stands_above_the_figures(made):
    folder, found = made
    page = (folder / "run" / "report.html").read_text(encoding="utf-8")
    top = page[page.index('id="verdict"') : page.index('id="figures"')]
    for said in ("'refund' alone predicts", "1 row is a copy", "1 line at the end left out",
                 "1 line above it left out", "target: "):  # fmt: skip
        assert escape(said) in top, said
        assert sum(said in notice for notice in found.notices) == 1
    assert top.index("alone predicts") < top.index("1 row is a copy") < top.index("target: ")
    run = Run.load(folder / "run")
    run.figures.later = ("when", run.scores)
    assert any("by time ('when'): accuracy" in notice for notice in findings_of(run).notices)
    data = page[page.index('id="data"') : page.index('id="learning"')]
    assert "How the file was read: commas, UTF-8, header in line 3, 1 line above it left" in data
    assert found.measured_on.startswith(f"Measured on {N} rows, each answered by a model that had")


def test_a_page_that_is_there_is_named_and_written_anew_when_asked(made, tmp_path, capsys):
    run = str(tmp_path / "run")
    shutil.copytree(made[0] / "run", run)
    page = os.path.join(run, "report.html")
    with open(page, "w") as file:
        file.write("old")
    assert main(["report", run]) == 0
    said = capsys.readouterr().out
    assert f"{page}; open it in a browser" in said
    assert f"chainrule report {run} --overwrite" in said
    assert said.rstrip().splitlines()[-1] == str(Run.load(run).verdict)
    assert main(["report", run, "--no-rows"]) == 2  # the one that is there may hold rows
    assert "--overwrite --no-rows" in capsys.readouterr().err
    with open(page) as file:
        assert file.read() == "old"
    assert main(["report", run, "--overwrite"]) == 0
    with open(page, encoding="utf-8") as file:
        assert "Before you rely on it" in file.read()


def test_rows_that_training_left_out_stay_out(tmp_path, capsys):
    """Also the rows of --test: columns that training has not seen are named, and which file it is."""
    train, test = tmp_path / "a.csv", tmp_path / "b.csv"
    train.write_text("\n".join([HEAD, *orders()]) + "\n")
    test.write_text("\n".join([HEAD, *orders(seed=1)]).replace("green", "violet") + "\n")
    out = str(tmp_path / "run")
    assert main(["train", str(train), "--test", str(test), "--out", out, "--no-rows", *FAST]) == 0
    said = capsys.readouterr().out
    assert f"look: open {os.path.join(out, 'report.html')} in a browser" in said
    assert main(["report", out, "--overwrite"]) == 0
    with open(os.path.join(out, "report.html"), encoding="utf-8") as file:
        page = file.read()
    assert "This page holds no single rows of the data." in page
    assert "<circle" not in page[: page.index('id="curves"')]
    found = findings_of(Run.load(out))
    assert found.measured_on == f"Measured on the {N} rows of b.csv."
    assert any("not as in training" in n and "colour" in n for n in found.notices)
    assert not any("not as in training" in n and "price" in n for n in found.notices)
    test.write_text("\n".join([HEAD, *orders(seed=2)]) + "\n")  # as many rows, but others
    lost = findings_of(Run.load(out))
    assert lost.frame is None
    assert "it has changed" in lost.notices[-1]
    assert "could not be read again" in make_page(lost)


def test_runs_are_compared_on_equal_rows_alone(made, tmp_path):
    """The file, the target, the split: where one differs the figures are of other rows."""
    run = Run.load(made[0] / "run")
    table = str(tmp_path / "orders.csv")
    shutil.copy(made[0] / "orders.csv", table)

    def told(**changes):
        config = json.loads(json.dumps(run.config))
        for path, value in changes.items():
            *way, last = path.split("__")
            place = config
            for step in way:
                place = place[step]
            place[last] = value
        other = Run(run.model, run.schema, run.history, run.results, config)
        return cr.compare({"one": run, "other": other}).notes()[0]

    assert compared(run, "x").data == f"'back' of orders.csv, {N} rows, each once"
    same = "not on the same rows"
    assert same not in told(seed=5)  # other folds: still each row once
    for changes in ({"data__sha256": "0" * 64}, {"table__roles__target": "price"},
                    {"table__split__kind": "part"}, {"results__test_rows": 12},
                    {"table__options": {"group": "colour"}}):  # fmt: skip
        assert same in told(**changes), changes
    assert compared(run, "x").settings["hidden"] == [4]


def test_the_page_of_a_series_says_which_rows_it_is_measured_on(tmp_path):
    days = np.arange(np.datetime64("2024-01-01"), np.datetime64("2024-04-10"))
    lines = ["day,sales", *(f"{d},{100 + 10 * (k % 7)}" for k, d in enumerate(days))]
    table = tmp_path / "sales.csv"
    table.write_text("\n".join(lines) + "\n")
    out = str(tmp_path / "run")
    assert main(["train", str(table), "--lags", "7", "--out", out, "--quiet", *FAST]) == 0
    found = findings_of(Run.load(out))
    assert re.match(
        r"Measured on the last \d+ rows by 'day', by a model of the rows before", found.measured_on
    )
    assert found.frame is not None
    assert "the last season (7 rows)" in make_page(found)


def test_checks_of_the_recipe_are_its_history(made):
    """Its steps are no curve, and which check was kept is found by its step."""
    run = Run.load(made[0] / "run")
    run.config["results"] |= {"epochs": None, "kept_epoch": 20}
    run.history.history = {
        "step": [10, 20, 30],
        "loss": [3.0, 2.0, 1.0],
        "val_loss": [3.0, 1.0, 2.0],
    }
    found = findings_of(run)
    assert (list(found.history), found.kept, found.step) == (["loss", "val_loss"], 2, "check")


def test_equal_numbers_of_other_bits_are_not_the_same():
    assert _equal(np.array([0.0, np.nan]), np.array([0.0, np.nan]))
    assert not _equal(np.array([0.0]), np.array([-0.0]))
    assert not _equal(np.zeros(2, np.float32), np.zeros(2, np.int32))
