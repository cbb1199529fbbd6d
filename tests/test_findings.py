"""What a report says of a run: the same figures, from memory and from its folder."""

from __future__ import annotations

import json

import numpy as np
import pytest

import chainrule as cr
from chainrule.cli import entry
from chainrule.errors import StateError
from chainrule.workflow import Run
from chainrule.workflow.findings import findings_of


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run and its folder; drawing pictures would take longer than all of it."""
    folder = str(tmp_path_factory.mktemp("runs") / "iris")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "pictures", lambda run: {})
        run = cr.train("iris", epochs=5, hidden=(8,), engine="numpy", verbose=0, out=folder)
    return run, folder


def test_a_loaded_run_says_what_it_said(trained):
    run, folder = trained
    here, there = findings_of(run), findings_of(Run.load(folder))
    assert there.scores.to_json() == here.scores.to_json()
    assert there.verdict == here.verdict
    assert here.scores["accuracy"].model.value == run.results["accuracy"]
    assert there.kept == run.kept_epoch
    assert there.history == run.history.history
    assert there.frame.names == run.schema.feature_names
    assert f"cr.Run.load({folder!r})" in there.python


def test_its_columns_are_numbers_as_they_were_and_answers_agree(trained):
    run, _ = trained
    found = findings_of(run)
    low, high = found.frame[0].values.min(), found.frame[0].values.max()
    assert 4 < low < high < 8.5  # centimetres, not standard deviations
    np.testing.assert_allclose(found.predict(found.frame), found.outputs, atol=1e-5)


def test_the_command_writes_the_page_once(trained, tmp_path, capsys):
    _, folder = trained
    page = str(tmp_path / "page.html")
    assert entry.main(["report", folder, "--out", page, "--no-rows"]) == 0
    said = capsys.readouterr().out
    assert f"written: {page}" in said
    assert "always answering" in said  # the verdict
    with open(page, encoding="utf-8") as file:
        assert "This page holds no single rows of the data." in file.read()
    assert entry.main(["report", folder, "--out", page]) != 0
    assert "exists already" in capsys.readouterr().err


def test_a_run_on_arrays_has_no_data_to_find_again(trained):
    run, folder = trained
    with open(f"{folder}/config.json", encoding="utf-8") as file:
        config = json.load(file)
    config["data"]["place"] = None
    lost = Run(run.model, run.schema, run.history, config=config)
    with pytest.raises(StateError, match="the run does not say where its data are"):
        findings_of(lost)
