"""cr.train and what it gives back: data of every kind, the split, the folder, the answers."""

from __future__ import annotations

import csv
import json
import os

import numpy as np
import pytest

import chainrule as cr
from chainrule import report
from chainrule.cli import main
from chainrule.cli.output import option
from chainrule.data.schema import Scaling, Schema
from chainrule.dialect import argument, spoken
from chainrule.errors import ArgumentError, DataError, FileError, ShapeError, StateError
from chainrule.summary import history_html
from chainrule.terminal import fold
from chainrule.workflow import Answers, Plan, Run, Settings

QUICK = {"hidden": (4,), "epochs": 2, "engine": "numpy", "verbose": 0}


def write(path, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows(rows)
    return str(path)


@pytest.fixture
def table(tmp_path):
    random = np.random.default_rng(0)
    rows = [[round(w, 3), c, "heavy" if w > 0 else "light"]
            for w, c in zip(random.normal(size=120), "rgb" * 40, strict=True)]  # fmt: skip
    return write(tmp_path / "t.csv", [["weight", "colour", "kind"], *rows])


# ---- data

X = np.random.default_rng(0).normal(size=(60, 3))
FLAGS = X[:, 0] > 0
DATA = {
    # name: (what is given, names of the classes, rows held out)
    "text": ((X, np.where(FLAGS, "up", "down")), ["down", "up"], 12),
    "booleans": ((X, FLAGS), ["False", "True"], 12),
    "integers": ((X, FLAGS * 3), ["0", "3"], 12),
    "lists": ((X.tolist(), FLAGS.astype(int).tolist()), ["0", "1"], 12),
    "values": ((X, X[:, 0]), None, 12),
    "a column of values": ((X, X[:, :1]), None, 12),
    "many integers": ((X, np.arange(60)), None, 12),
    "with a test part": (((X[:50], FLAGS[:50]), (X[50:], FLAGS[50:])), ["False", "True"], 10),
    "images": ((X.reshape(60, 3, 1), FLAGS), ["False", "True"], 12),
    "a name": ("moons", ["0", "1"], 100),
    "a data set": (cr.datasets.load("xor"), ["0", "1"], 100),
}


@pytest.mark.parametrize("name", DATA)
def test_data_of_every_kind(name):
    given, classes, held_out = DATA[name]
    run = cr.train(given, **QUICK)
    assert run.schema.class_names == classes
    assert len(run.data.x_test) == held_out
    assert set(run.results) == ({"mse", "mae"} if classes is None else {"accuracy"})
    assert run.model.input_shape[1:] == run.schema.shape


def test_arrays_are_scaled_by_the_training_rows():
    data = cr.datasets.from_arrays(X * 100 + 7, FLAGS)
    np.testing.assert_allclose(data.x_train.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(data.x_train.std(0), 1, atol=1e-6)
    raw = data.schema.scaling.undo(np.concatenate([data.x_train, data.x_test]))
    np.testing.assert_allclose(np.sort(raw, 0), np.sort(X * 100 + 7, 0), rtol=1e-5)
    # both parts have their share of each class
    assert abs(data.y_test.mean() - FLAGS.mean()) < 0.1


BAD = {
    "no data": (5, {}, ArgumentError, "this is no data to train on"),
    "lengths": ((X, FLAGS[:5]), {}, DataError, "x float64 (60, 3), y bool (5,)"),
    "NaN": ((np.where(X > 1, np.nan, X), FLAGS), {}, DataError, "x is not finite"),
    "one class": ((X, np.zeros(60, int)), {}, DataError, "the target has one value only"),
    "one value": ((X, np.full(60, 2.5)), {}, DataError, "received: 2.5 in all 48 rows"),
    "another class": (((X, FLAGS), (X, FLAGS * 2)), {}, DataError, "a class that training has not"),
    "a table's": ((X, FLAGS), {"target": "a"}, ArgumentError, "target is only for CSV files"),
    "schedule": ("xor", {"schedule": "cosin"}, ArgumentError, "did you mean 'cosine'?"),
    "keep": ("xor", {"keep": "bets"}, ArgumentError, "keep has an unknown value"),
    "rate": ("xor", {"learning_rate": -1}, ArgumentError, "learning_rate must be a positive"),
    "hidden": ("xor", {"hidden": (0,)}, ArgumentError, "hidden must be numbers of units"),
    "share": ("xor", {"validation_split": 1}, ArgumentError, "validation_split is out of range"),
    "engine": ("xor", {"engine": "nunpy"}, ArgumentError, "did you mean 'numpy'?"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_refused(name):
    data, words, kind, text = BAD[name]
    with pytest.raises(kind) as caught:
        cr.train(data, **{**QUICK, **words})
    assert text in str(caught.value)


# ---- the split


def test_the_three_parts_share_no_row():
    """Neither trained on nor used to choose: the test part is for the results alone."""
    x = np.arange(400.0).reshape(200, 2)
    plan = Plan((x, np.arange(200) % 2), Settings(epochs=1, hidden=()))
    parts = [plan.rows[0], plan.validation[0], plan.data.x_test]
    assert [len(part) for part in parts] == [144, 16, 40]
    rows = {row.tobytes() for part in parts for row in part}
    assert len(rows) == 200


def test_few_rows_have_no_validation_part_and_keep_the_last_weights():
    run = cr.train((X, FLAGS), **QUICK)
    assert "val_loss" not in run.history.history
    assert (run.kept_epoch, run.say_kept()) == (2, "weights of epoch 2 of 2, the last")


@pytest.mark.parametrize("patience", [None, 2])
def test_kept_weights_give_the_best_validation_loss(patience):
    settings = Settings((16,), epochs=25, learning_rate=0.1, patience=patience, engine="numpy")
    random = np.random.default_rng(1)
    plan = Plan((random.normal(size=(200, 4)), random.integers(0, 2, 200)), settings)
    run = plan.run(verbose=0)
    losses = run.history.history["val_loss"]
    x, y = plan.validation
    p = run.model.predict(x)[np.arange(len(y)), y]
    assert -np.log(p).mean() == pytest.approx(min(losses), rel=1e-4)
    assert run.kept_epoch == np.argmin(losses) + 1 < len(losses)
    assert run.say_kept().endswith("the best by val loss")
    assert 'keep="last" keeps the last' in run.describe()


# ---- the folder


@pytest.mark.filterwarnings("ignore:UNCERTAIN|NO BETTER|DO NOT")
def test_a_run_is_written_and_read_again(table, tmp_path):
    out = tmp_path / "run"
    run = cr.train(table, out=out, **QUICK)
    again = Run.load(out)
    assert again.results == run.results
    assert again.history.history == run.history.history
    assert again.kept_epoch == run.kept_epoch
    assert again.schema.to_json() == run.schema.to_json()
    assert repr(again) == repr(run)
    rows = write(tmp_path / "new.csv", [["weight", "colour"], ["1.5", "r"], ["-1", "g"]])
    np.testing.assert_array_equal(again.predict(rows).outputs, run.predict(rows).outputs)
    with pytest.raises(StateError, match="the run has no data to draw"):
        again.pictures()
    alone = Run.load(out / "model.safetensors")
    assert alone.schema.class_names == ["heavy", "light"]
    with pytest.raises(FileError, match="there is no model"):
        Run.load(tmp_path)


def test_a_replaced_run_leaves_no_picture_behind(table, tmp_path):
    pytest.importorskip("matplotlib")
    out = tmp_path / "run"
    cr.train("digits", out=out, **QUICK)
    assert (out / "mistakes.png").exists()
    (out / "notes.txt").write_text("mine")
    with pytest.raises(FileError, match=r"config\.json exists already"):
        cr.train(table, out=out, **QUICK)
    cr.train(table, out=out, overwrite=True, **QUICK)
    assert sorted(os.listdir(out)) == [
        "config.json", "held_out.safetensors", "history.csv", "history.json", "model.safetensors",
        "notes.txt", "report.html",
    ]  # fmt: skip


def test_a_failed_replacement_leaves_the_old_run(tmp_path):
    out = tmp_path / "run"
    run = cr.train("xor", out=out, **QUICK)
    before = {p.name: p.read_bytes() for p in out.iterdir()}

    class Stop(cr.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise RuntimeError("enough")

    for folder, overwrite in ((out, True), (tmp_path / "other", False)):
        with pytest.raises(RuntimeError, match="enough"):
            cr.train("moons", out=folder, overwrite=overwrite, callbacks=[Stop()], **QUICK)
    assert {p.name: p.read_bytes() for p in out.iterdir()} == before
    assert not (tmp_path / "other").exists()
    assert repr(Run.load(out)) == repr(run)


class Raise(cr.callbacks.Callback):
    """Ctrl-C at the end of an epoch, as Python raises it."""

    def __init__(self, epoch):
        self.epoch = epoch

    def get_state(self):
        return {}

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.epoch:
            raise KeyboardInterrupt


def test_an_interrupted_run_on_arrays_goes_on_exactly(tmp_path):
    random = np.random.default_rng(0)
    x = random.normal(size=(120, 3))
    y = x @ [1.0, -2.0, 0.5]
    chosen = {"epochs": 6, "hidden": (4,), "engine": "numpy", "verbose": 0, "patience": 2,
              "checkpoint_every": 0, "schedule": "constant"}  # fmt: skip
    whole = cr.train((x, y), out=tmp_path / "whole", callbacks=[Raise(99)], **chosen)
    out = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        cr.train((x, y), out=out, callbacks=[Raise(3)], **chosen)
    assert sorted(os.listdir(out)) == ["checkpoint.safetensors", "config.json"]
    for data, more, error, text in (
        (None, {}, ArgumentError, "the run was trained on arrays"),
        ((x, y), {"hidden": (5,)}, ArgumentError, "hidden=(4,)"),
        ((x, y), {"activation": "tanh"}, ArgumentError, 'activation="relu"'),
        ((x, y), {}, StateError, "callbacks are not those"),
        ((x + 1e-3, y), {"callbacks": [Raise(99)]}, StateError, "data are not those"),
    ):
        with pytest.raises(error) as raised:
            cr.train(data, resume=out, verbose=0, **more)
        assert text in str(raised.value)
    again = cr.train((x, y), resume=out, callbacks=[Raise(99)], verbose=0)
    assert again.history.history == whole.history.history
    assert again.results == whole.results
    for a, b in zip(again.model.get_weights(), whole.model.get_weights(), strict=True):
        assert a.tobytes() == b.tobytes()
    assert sorted(os.listdir(out)) == sorted(os.listdir(tmp_path / "whole"))


def test_nothing_to_train_on():
    with pytest.raises(ArgumentError, match="there is nothing to train on"):
        cr.train()


# config.json of a table as the first landing wrote it
FIRST = {
    "format": "chainrule-run", "version": 1, "command": ["chainrule", "train", "t.csv"],
    "arguments": {"hidden": [], "epochs": 1}, "seed": 0,
    "engine": {"name": "numpy", "why": "asked for"}, "versions": {"chainrule": "0.1.0"},
    "data": {
        "name": "t.csv", "place": "/somewhere/t.csv", "options": {"delimiter": ";"},
        "source": "t.csv", "scale": "measured columns (x − mean) / std",
        "feature_names": ["age", "colour=green", "colour=red"], "class_names": ["no", "yes"],
        "inputs": {
            "shape": [3], "mean": [40.0, 0.0, 0.0], "std": [10.0, 1.0, 1.0],
            "columns": [{"name": "age", "categories": None},
                        {"name": "colour", "categories": ["green", "red"]},
                        {"name": "bought", "categories": ["no", "yes"]}],
            "target": 2, "options": {"delimiter": ";"},
        },
    },
    "results": {"test": {"accuracy": 0.75}, "test_rows": 20, "epochs": 1, "seconds": 1.0,
                "stopped_by": None},
}  # fmt: skip


def test_a_run_folder_of_the_first_landing(tmp_path, capsys):
    model = cr.Sequential([cr.Input((3,)), cr.layers.Dense(2, "softmax")])
    kernel = np.array([[0, 1], [0, 2], [0, 3]], "float32")
    model.layers[0].set_weights([kernel, np.zeros(2, "float32")])
    model.save(tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(FIRST))
    (tmp_path / "new.csv").write_text("age;colour;bought\n50;red;yes\n30;green;no\n")
    run = Run.load(tmp_path)
    # logits (0, z): z = (50 − 40)/10 + 3 and (30 − 40)/10 + 2
    expected = 1 / (1 + np.exp([-4.0, -1.0]))
    np.testing.assert_allclose(run.predict(tmp_path / "new.csv").outputs[:, 1], expected, rtol=1e-6)
    assert repr(run) == "<Run on t.csv: test accuracy 75.00 % (15 of 20)>"
    assert main(["summary", str(tmp_path)]) == 0
    assert "When trained: test accuracy 75.00 % (15 of 20)" in capsys.readouterr().out
    assert main(["evaluate", str(tmp_path), str(tmp_path / "new.csv")]) == 2  # not compiled


# ---- answers


def test_answers():
    run = cr.train("xor", **QUICK)
    answers = run.predict(np.zeros((25, 2)))
    assert len(answers) == 25
    assert answers.numbers.tolist() == list(range(1, 26))
    np.testing.assert_allclose(answers.probabilities, answers.outputs.max(1))
    assert repr(answers) == "<Answers: 25 rows, 2 classes>"
    assert "5 more rows" in answers._repr_html_()
    assert run.predict([0.0, 0.0]).outputs.shape == (1, 2)  # one example
    values = cr.train("plane", **QUICK).predict([[0, 0]])
    assert values.table()[0] == ["row", "value"]
    with pytest.raises(StateError, match="values have no labels"):
        _ = values.labels
    with pytest.raises(ShapeError, match="the rows do not fit the model"):
        run.predict([[1, 2, 3]])


def test_html_shows_names_as_they_are():
    answers = Answers(np.array([[0.5, 0.5]]), ["<b>", "&"], np.array([1]))
    assert "&lt;b&gt;" in answers._repr_html_()
    assert "<b></td>" not in answers._repr_html_()
    assert "&lt;x&gt;" in history_html({"<x>": [1.0, float("nan")]})
    assert "0 epochs" in history_html({})
    assert "0 epochs" in history_html({"loss": []})
    assert "0.5 (epoch 2)" in history_html({"loss": [3, 2, 1, 0], "val_loss": [0.5, 0.7]})


def test_what_could_not_be_taken_is_said(table, tmp_path):
    run = cr.train(cr.datasets.load(table), **QUICK)
    rows = [["weight", "colour"], ["1", "r"], ["", "r"], ["2", "violet"], ["2", "?"]]
    path = write(tmp_path / "new.csv", rows)
    with pytest.raises(DataError, match="a cell is missing"):
        run.predict(path)
    with pytest.warns(UserWarning, match="row|cell") as said:
        answers = run.predict(path, missing="drop")
    assert answers.numbers.tolist() == [1, 3]
    left_out, unseen = (str(w.message) for w in said)
    assert left_out.endswith("2 rows with missing cells left out: rows 2, 4")
    assert (
        "1 cell of column 'colour' with a category that training has not seen ('violet')" in unseen
    )
    unseen_row = run.schema.scaling.apply(np.array([[2.0, 0, 0, 0]]))
    np.testing.assert_allclose(answers.outputs[1:], run.model.predict(unseen_row), rtol=1e-6)


def test_a_target_column_is_not_looked_at_when_predicting(table, tmp_path):
    run = cr.train(cr.datasets.load(table), **QUICK)
    head = ["weight", "colour", "kind"]
    path = write(tmp_path / "new.csv", [head, ["1", "r", ""], ["2", "g", "unheard of"]])
    assert len(run.predict(path)) == 2
    with pytest.raises(DataError, match="does not occur in the training table"):
        run.schema.read(path, targets=True, missing="drop")


@pytest.mark.parametrize(
    ("head", "fine"),
    [("weight,colour", True), ("weight,colour,kind", True), ("colour,weight", False),
     ("weight", False), ("weight,colour,kind,x", False)],
)  # fmt: skip
def test_the_columns_must_be_those_of_the_training(table, tmp_path, head, fine):
    run = cr.train(cr.datasets.load(table), **QUICK)
    cells = {"weight": "1", "colour": "r", "kind": "heavy", "x": "2"}
    names = head.split(",")
    path = write(tmp_path / "new.csv", [names, [cells[name] for name in names]])
    if fine:
        assert len(run.predict(path)) == 1
    else:
        with pytest.raises(DataError, match="the columns are not those of the training"):
            run.predict(path)


# ---- schema and scaling


@pytest.mark.parametrize(
    ("scaling", "scaled"),
    [(Scaling(), [[2, 8]]), (Scaling(4), [[0.5, 2]]),
     (Scaling(mean=np.array([1.0, 0]), std=np.array([1.0, 2])), [[1, 4]])],
)  # fmt: skip
def test_scaling_there_and_back(scaling, scaled):
    x = np.array([[2, 8]], "float32")
    np.testing.assert_array_equal(scaling.apply(x), np.array(scaled, "float32"))
    np.testing.assert_array_equal(scaling.undo(scaling.apply(x)), x)
    assert scaling.apply(x).dtype == scaling.undo(scaling.apply(x)).dtype == np.float32
    schema = Schema((2,), scaling)
    again = Schema.from_json(json.loads(json.dumps(schema.to_json())), None, "here")
    np.testing.assert_array_equal(again.rows(x), schema.rows(x))
    np.testing.assert_array_equal(schema.rows(scaled, scaled=True), scaled)


# ---- words


def test_arguments_are_named_as_they_were_given():
    assert argument("missing", "drop") == 'missing="drop"'
    assert argument("header", True) == "header=True"
    with spoken(option):
        assert argument("missing", "drop") == "--missing drop"
        assert argument("header", True) == "--header yes"
        assert argument("classes", False) == "--task regression"
        assert argument("delimiter", ";") == "--delimiter ';'"
        assert argument("max_bytes") == "`max_bytes` of cr.datasets.read_csv, in Python"
    assert argument("learning_rate") == "learning_rate"


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("one two three", None, "one two three"),
        ("one two three", 20, "one two three"),
        ("one two three", 9, "one two\n  three"),
        ("  task      classes: no, yes", 24, "  task      classes: no,\n            yes"),
        ("  fix: give others", 14, "  fix: give\n    others"),
        ("a /very/long/path/that/stays/whole", 10, "a\n  /very/long/path/that/stays/whole"),
        ("", 5, ""),
    ],
)
def test_lines_fold_between_words(text, width, expected):
    assert fold(text, width) == expected


def test_names_of_a_run_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert report.free_name("/a/my table.csv").startswith(os.path.join("runs", "my_table-2"))
