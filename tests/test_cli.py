"""The command line, mostly in this process: `main([...])` returns the exit status."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule import datasets, report, tables
from chainrule.cli import main
from chainrule.cli.parser import make_parser
from chainrule.data.idx import write_idx
from chainrule.training.progress import Progress
from chainrule.workflow import RECIPES, Plan, Settings

REAL = Path(__file__).parents[2] / "shared" / "data" / "mnist"
FAST = ["--hidden", "8", "--engine", "numpy"]


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A run of digits with all defaults."""
    folder = tmp_path_factory.mktemp("digits") / "run"
    assert main(["train", "digits", "--out", str(folder), "--quiet"]) == 0
    return folder


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """A table with a category, and a run on it as earlier versions made them."""
    folder = tmp_path_factory.mktemp("people")
    random = np.random.default_rng(0)
    rows = []
    for _ in range(120):
        age, colour = random.integers(20, 70), random.choice(["red", "green"])
        rows.append([age, colour, "yes" if age > 45 and colour == "red" else "no", age / 7])
    write(folder / "people.csv", [["age", "colour", "bought", "size"], *rows])
    data = datasets.load(folder / "people.csv", target="bought")
    cr.train(data, out=folder / "run", engine="numpy", epochs=120, verbose=0)
    return folder


def write(path, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows(rows)


def read(path):
    with open(path, newline="") as file:
        return list(csv.reader(file))


def run(*words):
    return subprocess.run(
        [sys.executable, "-m", "chainrule", *words], capture_output=True, text=True, timeout=60
    )


# ---- train


def test_digits_reach_97_percent(digits):
    config = json.loads((digits / "config.json").read_text())
    assert config["results"]["test"]["accuracy"] >= 0.97
    assert config["results"]["stopped_by"] is None
    model = cr.load_model(digits / "model.safetensors")
    data = datasets.load("digits")
    accuracy = (model.predict(data.x_test).argmax(1) == data.y_test).mean()
    assert accuracy == pytest.approx(config["results"]["test"]["accuracy"])


def test_a_run_folder_holds_everything(digits):
    pytest.importorskip("matplotlib")
    assert sorted(os.listdir(digits)) == [
        "config.json", "confusion.png", "curves.png", "examples.npy", "history.csv",
        "history.json", "mistakes.png", "model.safetensors", "report.html",
    ]  # fmt: skip
    page = (digits / "report.html").read_text(encoding="utf-8")
    assert "<h2>USEFUL</h2>" in page
    assert "Measured on 360 rows held out" in page
    assert cr.Run.load(digits).verdict.word == "USEFUL"
    config = json.loads((digits / "config.json").read_text())
    assert config["seed"] == 0
    assert config["versions"]["chainrule"] == cr.__version__
    assert config["arguments"]["hidden"] == [256, 128]
    assert config["data"]["class_names"] == [str(i) for i in range(10)]
    assert config["data"]["inputs"] == {"shape": [8, 8], "divide_by": 16.0}
    history = json.loads((digits / "history.json").read_text())
    lines = read(digits / "history.csv")
    assert lines[0] == ["epoch", *history]
    assert len(lines) == 1 + config["arguments"]["epochs"]
    assert float(lines[1][1]) == history["loss"][0]


def test_what_train_prints(capsys, tmp_path):
    out = tmp_path / "run"
    assert main(["train", "moons", "--epochs", "2", "--out", str(out), *FAST]) == 0
    said = capsys.readouterr().out
    for part in (
        "data: moons. Two half circles that reach into each other.",
        "360 to train, 40 to validate, 100 to test",
        "task      2 classes",
        "Total params: 42",
        "engine: numpy (asked for)",
        "Epoch 2/2  loss ",
        "test accuracy ",
        f"{out}/curves.png",
        f"{out}/boundary.png",
        f"look: open {out}/report.html in a browser",
        f"next: chainrule predict {out} {out}/examples.npy",
    ):
        assert part in said, part
    lines = [line for line in said.splitlines() if line.startswith("Epoch ")]
    assert len(lines) == 2
    assert said.splitlines()[-2:] == ["", str(cr.Run.load(out).verdict)]  # the last line, apart


def test_the_printed_next_command_works(capsys, tmp_path):
    main(["train", "blobs", "--epochs", "2", "--out", str(tmp_path / "a run"), *FAST])
    words = next(w for w in capsys.readouterr().out.splitlines() if w.startswith("next: "))
    import shlex

    assert main(shlex.split(words.removeprefix("next: chainrule "))) == 0
    assert len(capsys.readouterr().out.splitlines()) == 11


def test_quiet_prints_result_and_folder(capsys, tmp_path):
    main(["train", "moons", "--epochs", "1", "--quiet", "--out", str(tmp_path / "r"), *FAST])
    first, second = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"test accuracy [\d.]+ % \(\d+ of 100\)", first)
    assert second == str(tmp_path / "r")


def test_the_default_folder_has_name_and_time(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):  # two runs within a second
        main(["train", "and", "--epochs", "1", "--quiet", *FAST])
    names = os.listdir("runs")
    assert len(names) == 2
    assert all(re.fullmatch(r"and-\d{8}-\d{6}(-2)?", name) for name in names)


def test_equal_seeds_give_equal_runs(tmp_path):
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        words = ["train", "xor", "--epochs", "2", "--seed", seed, "--dropout", "0.2", *FAST]
        main([*words, "--quiet", "--out", str(tmp_path / name)])
    histories = [(tmp_path / name / "history.csv").read_text() for name in "abc"]
    assert histories[0] == histories[1] != histories[2]


def test_regression_is_in_the_units_of_the_target(capsys, tmp_path):
    x = np.random.default_rng(0).normal(size=(300, 2))
    y = 250_000 + 80_000 * x[:, 0] - 10_000 * x[:, 1]
    write(tmp_path / "houses.csv", [["a", "b", "price"], *np.c_[x, y]])
    out = tmp_path / "run"
    words = ["--lr", "0.05", "--epochs", "60", "--out", str(out), *FAST]
    assert main(["train", str(tmp_path / "houses.csv"), *words]) == 0
    assert "saved: a network" in capsys.readouterr().out
    results = json.loads((out / "config.json").read_text())["results"]["test"]
    assert results["mae"] < 8_000
    history = json.loads((out / "history.json").read_text())
    assert history["loss"][0] > 1e8
    assert main(["predict", str(out), str(tmp_path / "houses.csv")]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert rows[0].split() == ["line", "prediction"]
    assert abs(float(rows[1].split()[1]) - y[0]) < 40_000


def test_patience_stops_early(tmp_path, capsys):
    words = ["train", "blobs", "--epochs", "300", "--patience", "2", "--lr", "0.05", *FAST]
    main([*words, "--out", str(tmp_path / "r")])
    assert "early stopping" in capsys.readouterr().out
    assert len(read(tmp_path / "r" / "history.csv")) < 200


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adamw"])
def test_other_optimizers_take_their_own_rate(tmp_path, optimizer):
    words = ["train", "blobs", "--epochs", "2", "--optimizer", optimizer, "--schedule", "constant"]
    assert main([*words, *FAST, "--out", str(tmp_path / "r")]) == 0


def test_no_hidden_layer(tmp_path, capsys):
    words = ["train", "and", "--hidden", "0", "--epochs", "1", "--engine", "numpy"]
    main([*words, "--out", str(tmp_path / "r")])
    assert "Total params: 6" in capsys.readouterr().out


def test_a_folder_of_images(tmp_path, capsys):
    random = np.random.default_rng(0)
    for part, rows in (("train", 40), ("t10k", 10)):
        x = random.integers(0, 256, (rows, 5, 5)).astype("uint8")
        write_idx(tmp_path / f"{part}-images-idx3-ubyte.gz", x)
        write_idx(tmp_path / f"{part}-labels-idx1-ubyte", (np.arange(rows) % 3).astype("uint8"))
    out = str(tmp_path / "run")
    assert main(["train", str(tmp_path), "--epochs", "1", "--out", out, *FAST]) == 0
    assert main(["evaluate", out, str(tmp_path)]) == 0
    images = str(tmp_path / "t10k-images-idx3-ubyte.gz")
    capsys.readouterr()
    assert main(["predict", out, images]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 11


def test_a_failed_run_leaves_nothing(tmp_path, capsys):
    out = tmp_path / "r"
    words = ["train", "plane", "--lr", "1e30", "--optimizer", "sgd", *FAST, "--out", str(out)]
    assert main(words) == 2
    assert "no longer finite" in capsys.readouterr().err
    assert not out.exists()


def test_without_matplotlib_there_are_no_pictures(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert main(["train", "and", "--epochs", "1", *FAST, "--out", str(tmp_path / "r")]) == 0
    said = capsys.readouterr().out
    assert "no pictures: drawing needs the library 'matplotlib'" in said
    assert 'pip install "chainrule[viz]"' in said
    assert not list((tmp_path / "r").glob("*.png"))


@pytest.mark.skipif(not REAL.is_dir(), reason="needs MNIST beside the checkout")
@pytest.mark.real_data
def test_mnist_one_epoch(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CHAINRULE_DATA", str(REAL.parent))
    out = str(tmp_path / "run")
    words = ["train", "mnist", "--hidden", "64", "--epochs", "1", "--quiet", "--out", out]
    assert main(words) == 0
    accuracy = json.loads(Path(out, "config.json").read_text())["results"]["test"]["accuracy"]
    assert accuracy > 0.9
    capsys.readouterr()
    assert main(["predict", out, str(REAL / "t10k-images-idx3-ubyte.gz")]) == 0
    said = [line.split()[1] for line in capsys.readouterr().out.splitlines()[1:]]
    truth = datasets.read_idx(REAL / "t10k-labels-idx1-ubyte.gz")
    assert (np.array(said, int) == truth).mean() == pytest.approx(accuracy)


# ---- evaluate, predict, summary


def test_digits_round_trip(digits, capsys):
    assert main(["evaluate", str(digits), "digits"]) == 0
    said = capsys.readouterr().out
    assert "data: digits, its 360 held-out rows" in said
    accuracy = float(said.split("accuracy")[1])
    assert accuracy >= 0.97
    assert main(["predict", str(digits), str(digits / "examples.npy")]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == ["row", "class", "probability"]
    truth = datasets.load("digits").y_test[:10]
    assert [int(row[1]) for row in rows[1:]] == truth.tolist()


def test_examples_are_raw_pixels(digits):
    raw = np.load(digits / "examples.npy")
    assert raw.max() == 16
    np.testing.assert_array_equal(raw, np.rint(raw))


def test_table_round_trip(people, capsys, tmp_path):
    run = str(people / "run")
    config = json.loads((people / "run" / "config.json").read_text())
    assert config["data"]["class_names"] == ["no", "yes"]
    accuracy = config["results"]["test"]["accuracy"]
    assert accuracy > 0.8
    shutil.copy(people / "people.csv", tmp_path / "others.csv")
    assert main(["evaluate", run, str(tmp_path / "others.csv")]) == 0
    said = capsys.readouterr().out
    assert "all 120 rows" in said

    rows = read(people / "people.csv")
    write(tmp_path / "new.csv", [row[:2] + row[3:] for row in rows])  # without the target
    answers = []
    for name in (people / "people.csv", tmp_path / "new.csv"):
        words = ["predict", run, str(name), "--out", str(tmp_path / "out.csv"), "--overwrite"]
        assert main(words) == 0
        answers.append(read(tmp_path / "out.csv"))
    assert answers[0] == answers[1]
    assert answers[0][0] == ["row", "class", "probability", "p(no)", "p(yes)"]
    right = [a[1] == row[2] for a, row in zip(answers[0][1:], rows[1:], strict=True)]
    assert f"accuracy  {np.mean(right):.6g}" in said


def test_scaling_is_that_of_the_training(people):
    """A batch of one row gets the same answer as among the others."""
    data = datasets.load(people / "people.csv", target="bought")
    config = report.read_config(str(people / "run"))
    known = datasets.Schema.from_json(config["data"]["inputs"], ["no", "yes"], "")
    table = datasets.read_csv(people / "people.csv", target="bought")
    scaled = known.rows(table.x)
    rows = {row.tobytes() for row in scaled}
    assert all(row.tobytes() in rows for row in [*data.x_train, *data.x_test])
    assert known.to_json() == data.schema.to_json()
    np.testing.assert_array_equal(known.rows(table.x[7]), scaled[7:8])
    np.testing.assert_allclose(known.scaling.undo(scaled), table.x, rtol=1e-5, atol=1e-5)


def test_a_table_is_read_once(people, tmp_path, monkeypatch):
    opened = []
    plain = tables.read
    monkeypatch.setattr(tables, "read", lambda *a, **k: opened.append(a) or plain(*a, **k))
    words = ["train", str(people / "people.csv"), "--target", "bought", "--epochs", "1", "--quiet"]
    assert main([*words, *FAST, "--out", str(tmp_path / "r")]) == 0
    assert len(opened) == 1


def test_a_table_without_header_and_with_the_target_first(tmp_path, capsys):
    x = np.random.default_rng(1).normal(size=(60, 2)).round(3)
    y = np.where(x[:, 0] > 0, "up", "down")
    rows = [[c, *r] for c, r in zip(y, x.tolist(), strict=True)]
    write(tmp_path / "t.csv", rows)
    write(tmp_path / "x.csv", [row[1:] for row in rows])
    run = str(tmp_path / "run")
    words = [
        "train",
        str(tmp_path / "t.csv"),
        "--target",
        "0",
        "--header",
        "no",
        "--epochs",
        "3",
        *FAST,
    ]
    assert main([*words, "--out", run, "--quiet"]) == 0
    capsys.readouterr()
    answers = []
    for name in ("t.csv", "x.csv"):
        assert main(["predict", run, str(tmp_path / name)]) == 0
        answers.append(capsys.readouterr().out)
    assert answers[0] == answers[1]


def test_a_model_alone_says_what_is_missing(digits, tmp_path, capsys):
    shutil.copy(digits / "model.safetensors", tmp_path / "m.safetensors")
    words = ["predict", str(tmp_path / "m.safetensors"), str(digits / "examples.npy")]
    assert main(words) == 0
    assert "there is no config.json beside the model" in capsys.readouterr().err


def test_a_model_of_unknown_inputs_is_refused(digits, monkeypatch, capsys):
    monkeypatch.setattr(cr.Sequential, "input_shape", None)
    assert main(["predict", str(digits), str(digits / "examples.npy")]) == 2
    assert "the model does not say what its inputs look like" in capsys.readouterr().err


def test_numbers_that_are_scaled_already(digits, tmp_path, capsys):
    np.save(tmp_path / "s.npy", np.load(digits / "examples.npy") / 16)
    main(["predict", str(digits), str(digits / "examples.npy")])
    expected = capsys.readouterr().out
    main(["predict", str(digits), str(tmp_path / "s.npy"), "--scaled"])
    assert capsys.readouterr().out == expected
    main(["predict", str(digits), str(tmp_path / "s.npy")])
    assert "all are divided by 16" in capsys.readouterr().err


def test_summary(digits, people, capsys):
    assert main(["summary", str(digits)]) == 0
    said = capsys.readouterr().out
    assert "Total params: 50,826" in said
    assert "Optimizer: Adam, loss: SparseCategoricalCrossentropy" in said
    assert "When trained: test accuracy 9" in said
    assert main(["summary", str(people / "run" / "model.safetensors")]) == 0
    assert "Classes: no, yes" in capsys.readouterr().out


def test_evaluate_draws_when_asked(digits, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    assert main(["evaluate", str(digits), "digits", "--out", str(tmp_path / "p")]) == 0
    assert sorted(os.listdir(tmp_path / "p")) == ["confusion.png", "mistakes.png"]


# ---- datasets, doctor, help


def test_datasets_lists_all_without_a_download(capsys, monkeypatch):
    monkeypatch.setenv("CHAINRULE_DATA", "/no/such/folder")
    assert main(["datasets"]) == 0
    said = capsys.readouterr().out
    for name in datasets.names:
        assert re.search(rf"^{name} ", said, re.MULTILINE), name
    assert "1437 + 360" in said


def test_doctor(capsys):
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    for name in ("chainrule", "python", "numpy", "engine", "cores", "BLAS", "self test", "cache"):
        assert re.search(rf"^{name} ", said, re.MULTILINE), name


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's setting")
def test_doctor_says_no_more_what_was_done(capsys, monkeypatch):
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1")
    assert main(["doctor"]) == 0
    assert "hugetlb" not in capsys.readouterr().out


def test_doctor_finds_a_bad_compiler(capsys, monkeypatch):
    from chainrule.training import jax_setup

    class Bad:
        __version__ = "0.10.2"

    monkeypatch.setattr(jax_setup, "_jax", False)
    monkeypatch.setitem(sys.modules, "jax", Bad)
    assert main(["doctor"]) == 1
    assert "BROKEN" in capsys.readouterr().out


def test_version_and_help(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"chainrule {cr.__version__}\n"
    for words in ([], ["train"], ["evaluate"], ["predict"], ["summary"], ["datasets"], ["doctor"]):
        assert main([*words, "--help"]) == 0
        said = capsys.readouterr().out
        assert "example" in said
        assert max(map(len, said.splitlines())) <= 100


def test_the_help_of_train_is_short_and_the_whole_one_has_every_option(capsys, monkeypatch):
    """Ordinary options first, examples last; what is rare is left out, and can still be typed."""
    monkeypatch.setenv("COLUMNS", "80")
    said = {}
    for word in ("--help", "--help-all"):
        assert main(["train", word]) == 0
        said[word] = capsys.readouterr().out
    short, whole = said["--help"], said["--help-all"]
    assert short.count("\n") <= 64
    own = make_parser()[1]["train"]
    options = [o for a in own._actions for o in a.option_strings if o.startswith("--")]
    assert [o for o in options if f"  {o}" not in whole and f", {o}" not in whole] == []
    assert "--target COLUMN" in short
    assert short.index("--target COLUMN") < short.index("--epochs N") < short.index("examples:")
    assert "--delimiter" not in short
    assert "--help-all" in short
    assert main(["predict", "--help"]) == 0  # it has no other help: nothing is left out
    assert "--delimiter" in capsys.readouterr().out


def test_the_help_begins_with_the_way_from_a_table_to_answers(capsys):
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    way = said[said.index("from a table to answers:") : said.index("examples:")]
    steps = [way.index(f"chainrule {word}") for word in ("train", "predict", "replay")]
    assert steps == sorted(steps)
    assert "report.html" in way


def test_help_as_a_process_loads_no_heavy_module():
    code = (
        "import sys; from chainrule.cli import main; main(['--help']); "
        "print([m for m in ('jax', 'matplotlib', 'rich', 'safetensors') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.splitlines()[-1] == "[]"
    assert run("--help").returncode == 0


# ---- errors

ERRORS = [
    (["tran", "digits"], "there is no command 'tran'\n  fix: did you mean 'train'?"),
    (["train", "didgits"], "unknown data set 'didgits'\n  fix: did you mean 'digits'?"),
    (
        ["train", "digits", "--epoch", "3"],
        "chainrule train: '--epoch' does not exist\n  fix: did you mean '--epochs'?",
    ),
    (
        ["train", "digits", "moons"],
        "chainrule train: 'moons' is one too many\n"
        "  fix: chainrule train --help shows what belongs there",
    ),
    (
        ["train", "digits", "--activation", "rellu"],
        "unknown activation 'rellu'\n  fix: did you mean 'relu'?",
    ),
    (
        ["train", "digits", "--optimizer", "adan"],
        "unknown optimizer 'adan'\n  fix: did you mean 'Adam'?",
    ),
    (
        ["train", "digits", "--schedule", "cosin"],
        "--schedule has an unknown value\n  expected: one of 'cosine', 'constant'\n"
        "  received: 'cosin'\n  fix: did you mean 'cosine'?",
    ),
    (
        ["train", "digits", "--hidden", "64,x"],
        "chainrule train: argument --hidden: expected numbers of units such as 64,32 or 0 for no "
        "hidden layer, received '64,x'\n  fix: chainrule train --help shows what it takes",
    ),
    (
        ["train", "digits", "--dropout", "1"],
        "--dropout is out of range\n  expected: 0 ≤ share < 1\n  received: 1.0",
    ),
    (
        ["train", "digits", "--epochs", "-1"],
        "--epochs is too small\n  expected: at least 0\n  received: -1",
    ),
    (["train", "digits", "--lr", "nan"], "--lr must be a positive number\n  received: nan"),
    (["train", "digits", "--target", "x"], "data set 'digits': --target is only for CSV files"),
    (
        ["predict", "no/run", "x.npy"],
        "no/run: there is no model\n"
        "  expected: a run folder with model.safetensors, or a .safetensors file\n"
        "  fix: train one: chainrule train digits",
    ),
]


@pytest.mark.parametrize(("words", "text"), ERRORS, ids=[" ".join(w) for w, _ in ERRORS])
def test_errors(words, text, capsys):
    assert main(words) == 2
    said = capsys.readouterr()
    assert said.err == (text if text.startswith("chainrule ") else f"chainrule: {text}") + "\n"
    assert said.out == ""


def test_a_command_is_needed(capsys):
    assert main([]) == 2
    assert "COMMAND" in capsys.readouterr().err


def test_a_run_is_not_overwritten_by_accident(people, capsys):
    words = ["train", "and", "--epochs", "1", *FAST, "--out"]
    assert main([*words, str(people / "run")]) == 2
    assert "config.json exists already" in capsys.readouterr().err


def test_advice_is_given_as_options(people, capsys):
    table = str(people / "people.csv")
    assert main(["train", table, "--drop", "colur", "--target", "bought"]) == 2
    said = capsys.readouterr().err
    assert "--drop names a column that is not there" in said
    assert "did you mean 'colour'?" in said


FILES = {
    "cut.npy": lambda path: path.write_bytes(np.lib.format.magic(1, 0) + b"\x10\x00abc"),
    "objects.npy": lambda path: np.save(path, np.array([{}], object), allow_pickle=True),
    "huge.npy": lambda path: np.lib.format.write_array_header_1_0(
        path.open("wb"), {"descr": "<f4", "fortran_order": False, "shape": (1 << 40, 8, 8)}
    ),
    "empty.npy": lambda path: np.save(path, np.zeros((0, 8, 8))),
    "narrow.npy": lambda path: np.save(path, np.zeros((3, 7))),
    "nan.npy": lambda path: np.save(path, np.full((3, 64), np.nan)),
    "text.bin": lambda path: path.write_text("hello"),
    "few.csv": lambda path: path.write_text("1,2\n3,4\n"),
}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("name", FILES)
def test_odd_files_are_refused(digits, tmp_path, capsys, name):
    FILES[name](tmp_path / name)
    assert main(["predict", str(digits), str(tmp_path / name)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("chainrule: ")
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"format": "chainrule-run", "version": 1}', "[" * 100_000, '{"format": NaN}',
     '{"format": "chainrule-run", "version": 1, "data": {"class_names": [1]}}',
     '{"format": "chainrule-run", "version": 1, "data": {"class_names": null, "inputs": 3}}',
     '{"format": "chainrule-run", "version": 1, "data": {"class_names": null, "inputs": '
     '{"shape": [8, 8], "divide_by": 0}}}',
     '{"format": "chainrule-run", "version": 1, "data": {"class_names": null, "inputs": '
     '{"shape": [8, 9]}}}'],
)  # fmt: skip
def test_odd_configs_are_refused(digits, tmp_path, capsys, text):
    shutil.copy(digits / "model.safetensors", tmp_path)
    (tmp_path / "config.json").write_text(text)
    assert main(["predict", str(tmp_path), str(digits / "examples.npy")]) == 2
    assert str(tmp_path) in capsys.readouterr().err


def test_the_bar_says_what_is_waited_for(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    shown = Terminal()
    monkeypatch.setattr(sys, "stdout", shown)
    progress = Progress(1, 2, 5)
    progress.say_compiling()  # before an epoch there is no bar
    progress.begin(0)
    progress.say_compiling()
    assert "compiling ..." in shown.getvalue()
    progress.advance(5, lambda: {"loss": 0.5})
    progress.end({"loss": 0.5})
    progress.close()
    _, after = shown.getvalue().split("Epoch 1/2  loss 0.5000  (5 steps")
    assert "compiling" not in after


def test_the_environment_chooses_the_engine(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CHAINRULE_ENGINE", "numpy")
    words = ["train", "and", "--epochs", "1", "--hidden", "2", "--out", str(tmp_path / "r")]
    assert main(words) == 0
    assert "engine: numpy" in capsys.readouterr().out


# ---- signals and pipes


def started(out, *words):
    """A training that has reached its first epoch."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "chainrule", "train", "digits", "--engine", "numpy",
         "--epochs", "100000", "--out", str(out), *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    for line in process.stdout:
        if line.startswith("Epoch 1/"):
            return process
    raise AssertionError(process.communicate())


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_and_stops(tmp_path, number, status):
    process = started(tmp_path / "run")
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == status, err
    assert "Traceback" not in err
    assert f"stopped by {number.name} in epoch " in err
    assert "test accuracy" in out
    model = cr.load_model(tmp_path / "run" / "model.safetensors")
    assert model.count_params() == 50_826
    epochs = len(read(tmp_path / "run" / "history.csv")) - 1
    config = report.read_config(str(tmp_path / "run"))
    assert config["results"]["stopped_by"] == number.name
    assert config["results"]["epochs"] == epochs >= 1


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_a_second_signal_aborts(tmp_path):
    process = started(tmp_path / "run")
    process.send_signal(signal.SIGINT)
    for line in process.stderr:
        if line.startswith("stopping after this step"):
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err


def test_a_signal_in_the_middle_of_a_step_is_heard(tmp_path, monkeypatch, capsys):
    """While a step is traced the model refuses attributes; the signal must get through."""
    fired = []
    plain = cr.layers.Dense.call

    def call(self, x, *rest):
        if len(fired) < 5:
            fired.append(signal.raise_signal(signal.SIGTERM) if len(fired) == 4 else None)
        return plain(self, x, *rest)

    monkeypatch.setattr(cr.layers.Dense, "call", call)
    out = str(tmp_path / "r")
    words = ["train", "moons", "--hidden", "8", "--epochs", "100000", "--quiet", "--out", out]
    began = time.monotonic()
    assert main(words) == 143
    assert time.monotonic() - began < 30
    assert "stopped by SIGTERM in epoch 1 of 100000" in capsys.readouterr().err
    cr.load_model(os.path.join(out, "model.safetensors"))


def test_handlers_are_put_back(tmp_path):
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
    main(["train", "and", "--epochs", "1", "--quiet", "--out", str(tmp_path / "r"), *FAST])
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
def test_a_process_without_output():
    command = f'exec "{sys.executable}" -m chainrule datasets >&- 2>&-'
    assert subprocess.run(["/bin/sh", "-c", command], timeout=60).returncode == 0


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX pipes")
def test_a_closed_pipe_is_no_error():
    process = subprocess.Popen(
        [sys.executable, "-m", "chainrule", "datasets"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    process.stdout.close()
    with process.stderr:
        assert process.stderr.read() == ""
    assert process.wait(timeout=60) == 141


def test_every_recipe_stands_in_the_whole_help(capsys):
    main(["train", "--help-all"])
    said = capsys.readouterr().out
    for recipe in RECIPES.values():
        line = next(line for line in said.splitlines() if line.startswith(f"  {recipe.data} "))
        assert str(recipe.epochs or "*") in line.split()


# ---- interrupted runs go on

UNTIL_KILLED = ["--epochs", "12", "--hidden", "8", "--dropout", "0.1", "--checkpoint-every", "0"]


def run_files(folder):
    """What a run folder holds, without what is a time, or how the command was called."""
    files = {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "config.json"}
    config = json.loads((folder / "config.json").read_text())
    config["results"].pop("seconds")
    del config["command"], config["engine"]["why"]
    # the page shows the folder and the command, each in a box of its own
    page = files.get("report.html", b"")
    files["report.html"] = re.sub(rb"<pre><code>.*?</code></pre>", b"", page, flags=re.DOTALL)
    return files, config


def killed_at_epoch(number, out, *words):
    """Train in another process that kills itself (SIGKILL) within the validation of an epoch."""
    program = (
        "import os, signal, sys, chainrule as cr\n"
        "from chainrule.cli import main\n"
        "from chainrule.callbacks import EarlyStopping\n"
        "seen, plain = [], EarlyStopping.on_epoch_end\n"
        "def on_epoch_end(self, epoch, logs=None):\n"
        f"    if epoch + 1 == {number}:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return plain(self, epoch, logs)\n"
        "EarlyStopping.on_epoch_end = on_epoch_end\n"
        "main(sys.argv[1:])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "train", "xor", "--out", str(out), *words],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
@pytest.mark.parametrize("engine", ["numpy", "xla"])
@pytest.mark.usefixtures("as_users_compile")
def test_a_killed_run_goes_on_exactly(tmp_path, engine, capsys):
    if engine == "xla":
        pytest.importorskip("jax")
    words = [*UNTIL_KILLED, "--engine", engine]
    assert main(["train", "xor", "--out", str(tmp_path / "whole"), *words]) == 0
    killed_at_epoch(7, tmp_path / "killed", *words)
    assert sorted(os.listdir(tmp_path / "killed")) == ["checkpoint.safetensors", "config.json"]
    capsys.readouterr()
    assert main(["train", "--resume", str(tmp_path / "killed")]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"resuming {tmp_path / 'killed'}\n")
    assert "Epoch 7/12" in out
    assert "Epoch 6/12" not in out
    assert run_files(tmp_path / "killed") == run_files(tmp_path / "whole")


def test_a_run_that_replaces_another_goes_on(tmp_path):
    """config.json is still the old run's: the checkpoint knows its own."""
    out = tmp_path / "run"
    main(["train", "moons", "--epochs", "1", "--quiet", "--out", str(out), *FAST])
    main(["train", "xor", "--quiet", "--out", str(tmp_path / "whole"), *UNTIL_KILLED, *FAST])
    killed_at_epoch(3, out, "--overwrite", *UNTIL_KILLED, *FAST)
    assert report.read_config(str(out))["data"]["name"] == "moons"
    assert main(["train", "--quiet", "--resume", str(out)]) == 0
    assert run_files(out) == run_files(tmp_path / "whole")


def signalled(monkeypatch, step):
    """SIGINT comes in the middle of that step."""
    from chainrule.training.engines.eager import EagerRun

    plain, seen = EagerRun.run, []

    def run(self, kind, start, stop):
        if kind == "train":
            seen.append(step)
            if len(seen) == step:
                signal.raise_signal(signal.SIGINT)
        return plain(self, kind, start, stop)

    monkeypatch.setattr(EagerRun, "run", run)


@pytest.mark.parametrize("step", [1, 2, 7])
def test_an_interrupted_run_goes_on_exactly(tmp_path, monkeypatch, capsys, step):
    words = [*UNTIL_KILLED[:-2], *FAST]  # no checkpoint but that of the signal
    main(["train", "xor", "--out", str(tmp_path / "whole"), *words])
    with monkeypatch.context() as patch:
        signalled(patch, step)
        assert main(["train", "xor", "--out", str(tmp_path / "run"), *words]) == 130
    err = capsys.readouterr().err
    assert f"train --resume {tmp_path / 'run'}" in err
    assert "model.safetensors" in os.listdir(tmp_path / "run")
    assert main(["train", "--resume", str(tmp_path / "run")]) == 0
    assert run_files(tmp_path / "run") == run_files(tmp_path / "whole")
    assert main(["train", "--resume", str(tmp_path / "run")]) == 2
    assert "the run has finished: there is nothing to go on with" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["moons"], "the data are not those of the run"),
        (["--seed", "1"], "received: --seed 1"),
        (["--hidden", "9"], "expected: --hidden 8\n  received: --hidden 9"),
        (["--activation", "tanh"], "expected: --activation relu"),
        (["--engine", "xla"], "expected: --engine numpy"),
        (["--epochs", "11"], "--epochs may only be larger"),
        (["--patience", "3"], "expected: no --patience"),
        (["--target", "x"], "received: --target x"),
        (["--out", "elsewhere"], "received: --out elsewhere"),
    ],
    ids=lambda part: "-".join(part).lstrip("-") if isinstance(part, list) else "",
)
def test_other_words_than_those_of_the_run(interrupted, capsys, words, text):
    if "xla" in words:
        pytest.importorskip("jax")
    before = {p.name: p.read_bytes() for p in interrupted.iterdir()}
    assert main(["train", *words, "--resume", str(interrupted)]) == 2
    err = capsys.readouterr().err
    assert text in err
    assert {p.name: p.read_bytes() for p in interrupted.iterdir()} == before


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("interrupted") / "run"
    words = [*UNTIL_KILLED[:-2], *FAST]
    with pytest.MonkeyPatch.context() as patch:
        signalled(patch, 5)
        main(["train", "xor", "--out", str(folder), *words])
    return folder


def test_a_resumed_run_may_be_longer(tmp_path, interrupted):
    out = tmp_path / "run"
    shutil.copytree(interrupted, out)
    again = ["--epochs", "14", "--seed", "0", "--dropout", "0.1", "--out", str(out)]
    assert main(["train", "xor", *again, "--resume", str(out)]) == 0
    assert len(read(out / "history.csv")) == 1 + 14
    config = report.read_config(str(out))
    assert config["arguments"]["epochs"] == config["results"]["epochs"] == 14


@pytest.mark.parametrize("name", ["nothing", "empty", "damaged", "a model", "no arguments"])
def test_folders_that_cannot_go_on(tmp_path, interrupted, capsys, name):
    out = tmp_path / "run"
    checkpoint = out / "checkpoint.safetensors"
    if name != "nothing":
        out.mkdir()
    if name == "damaged":
        data = bytearray((interrupted / checkpoint.name).read_bytes())
        data[-1] ^= 1
        checkpoint.write_bytes(data)
    if name == "a model":
        shutil.copy(interrupted / "model.safetensors", checkpoint)
    if name == "no arguments":
        config = json.loads((interrupted / "config.json").read_text())
        del config["arguments"], config["results"]
        (out / "config.json").write_text(json.dumps(config))
    assert main(["train", "--resume", str(out)]) == 2
    assert {
        "nothing": "there is no run to go on with",
        "empty": "there is no run to go on with",
        "damaged": "checksum",
        "a model": "this is not the checkpoint of a run",
        "no arguments": "what the run was asked for cannot be read",
    }[name] in capsys.readouterr().err


def test_a_run_killed_before_its_first_checkpoint_begins_again(tmp_path, capsys):
    words = ["train", "xor", *UNTIL_KILLED[:-2], *FAST]
    main([*words, "--out", str(tmp_path / "whole")])
    config = json.loads((tmp_path / "whole" / "config.json").read_text())
    del config["results"]
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text(json.dumps(config))
    capsys.readouterr()
    assert main(["train", "--resume", str(tmp_path / "run")]) == 0
    assert "it has no checkpoint yet and begins again" in capsys.readouterr().out
    assert run_files(tmp_path / "run") == run_files(tmp_path / "whole")


def test_a_table_that_has_changed_is_no_longer_that_of_the_run(tmp_path, capsys):
    """Of a run that an earlier version left interrupted."""
    rows = [[i, i % 7, "ab"[i % 2]] for i in range(60)]
    table, out = tmp_path / "t.csv", str(tmp_path / "run")
    write(table, [["a", "b", "c"], *rows])
    settings = Settings(hidden=(8,), epochs=9, engine="numpy")
    Plan(str(table), settings, out=out).run(verbose=0, stopped_by=lambda: "SIGINT")
    write(table, [["a", "b", "c"], *rows[:-1], [999, 3, "a"]])
    assert main(["train", "--resume", out]) == 2
    assert "the data are not those of the run that is to be resumed" in capsys.readouterr().err
