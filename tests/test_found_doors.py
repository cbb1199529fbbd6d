"""What was found wrong at the doors: command line, tables, reports and pictures."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import struct
import subprocess
import sys

import numpy as np
import pytest

import chainrule as cr
from chainrule import plots
from chainrule.cli import main

FAST = ["--hidden", "8", "--engine", "numpy"]
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and devices")


def write(path, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows(rows)
    return str(path)


def read(path):
    with open(path, newline="") as file:
        return list(csv.reader(file))


def fruit(path, rows=200, noise=0.0):
    """weight, colour -> kind; noise is the share of answers drawn at random."""
    random = np.random.default_rng(0)
    lines = [["weight", "colour", "kind"]]
    for _ in range(rows):
        weight, colour = random.normal(), random.choice(["red", "green"])
        kind = "apple" if weight > 0 and colour == "red" else "pear"
        if random.random() < noise:
            kind = random.choice(["apple", "pear"])
        lines.append([round(weight, 4), colour, kind])
    return write(path, lines)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A table and the run folder of a training on it."""
    folder = tmp_path_factory.mktemp("fruit")
    table = fruit(folder / "fruit.csv")
    data = cr.datasets.load(table)  # as earlier versions went about tables
    cr.train(data, epochs=20, hidden=(8,), engine="numpy", out=folder / "run", verbose=0)
    return folder / "run"


def process(*words, env=None, stdout=subprocess.PIPE):
    return subprocess.run(
        [sys.executable, "-m", "chainrule", *words],
        stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=120, env={**os.environ, **(env or {})},
    )  # fmt: skip


# ---- the weights that are kept


def train_noise(folder, epochs, keep="best"):
    """Labels half drawn at random: the validation loss is soon past its best."""
    table = folder / "noise.csv"
    if not table.exists():
        fruit(table, 150, noise=0.5)
    out = folder / f"run-{epochs}-{keep}"
    cr.train(cr.datasets.load(table), epochs=epochs, schedule="constant", learning_rate=0.03,
             keep=keep, engine="numpy", out=out)  # fmt: skip
    history = json.loads((out / "history.json").read_text())
    weights = cr.load_model(out / "model.safetensors").get_weights()
    return np.array(history["val_loss"]), weights


def equal(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def test_the_best_weights_are_saved(tmp_path, capsys):
    losses, weights = train_noise(tmp_path, 40)
    said = capsys.readouterr().out
    best = int(losses.argmin()) + 1
    assert best < 30, "the table should make it overfit"
    # equal seeds give equal runs: one that ends at the best epoch has the weights of that epoch
    _, expected = train_noise(tmp_path, best)
    assert equal(weights, expected)
    assert re.search(rf"epoch {best} of 40", said)
    config = json.loads((tmp_path / "run-40-best" / "config.json").read_text())
    assert config["results"]["kept_epoch"] == best


def test_the_last_weights_are_kept_when_asked(tmp_path):
    losses, weights = train_noise(tmp_path, 40, "last")
    best = int(losses.argmin()) + 1
    _, other = train_noise(tmp_path, best, "last")
    assert not equal(weights, other)


@pytest.mark.parametrize("keep", ["best", "last"])
def test_the_circles_of_the_picture_are_the_saved_epoch(keep):
    pytest.importorskip("matplotlib")
    run = cr.train("moons", epochs=5, hidden=(4,), keep=keep, engine="numpy", verbose=0)
    losses = run.history.history["val_loss"]
    epoch = int(np.argmin(losses)) + 1 if keep == "best" else 5
    figure = run.pictures()["curves"]
    for axes in figure.axes:
        texts = [t.get_text() for t in axes.get_legend().get_texts()]
        assert any("kept" in text and f"epoch {epoch}" in text for text in texts), texts


# ---- refused before training

CONSTANT = {
    "a class": ["apple"],
    "a value": ["2.5"],
    "a whole number": ["3"],
}


@pytest.mark.parametrize("name", CONSTANT)
def test_a_target_with_one_value_is_refused(tmp_path, capsys, name):
    rows = [[str(i / 7), CONSTANT[name][0]] for i in range(40)]
    table = write(tmp_path / "t.csv", [["x", "answer"], *rows])
    assert main(["train", table, "--out", str(tmp_path / "run"), *FAST]) == 2
    said = capsys.readouterr()
    assert "the target is the same in every row" in said.err
    assert "answer" in said.err
    assert "Epoch" not in said.out
    assert not (tmp_path / "run").exists()


def test_a_wrong_target_names_the_columns(run, tmp_path, capsys):
    assert main(["train", str(run.parent / "fruit.csv"), "--target", "knd", *FAST]) == 2
    said = capsys.readouterr().err
    assert "read_csv" not in said
    assert "--target" in said
    assert "did you mean 'kind'?" in said
    assert "weight, colour, kind" in said


@pytest.mark.parametrize("name", ["config.json", "history.csv", "examples.npy", "curves.png"])
def test_nothing_of_a_persons_own_is_replaced(tmp_path, capsys, name):
    out = tmp_path / "mine"
    out.mkdir()
    (out / name).write_text("my own")
    assert main(["train", "and", "--epochs", "1", "--out", str(out), *FAST]) == 2
    said = capsys.readouterr()
    assert name in said.err
    assert "--overwrite" in said.err
    assert "Epoch" not in said.out
    assert (out / name).read_text() == "my own"
    assert os.listdir(out) == [name]


def test_answers_do_not_replace_a_file(run, tmp_path, capsys):
    table = fruit(tmp_path / "fruit.csv", 20)
    before = read(table)
    assert main(["predict", str(run), table, "--out", table]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert read(table) == before


def test_evaluate_does_not_replace_a_picture(run, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    (tmp_path / "confusion.png").write_text("my own")
    table = str(run.parent / "fruit.csv")
    assert main(["evaluate", str(run), table, "--out", str(tmp_path)]) == 2
    assert (tmp_path / "confusion.png").read_text() == "my own"


# ---- tables to predict


def test_an_unseen_category_is_zeros(run, tmp_path, capsys):
    rows = [["weight", "colour"], ["1.0", "red"], ["1.0", "blue"], ["2.0", "blue"]]
    table = write(tmp_path / "new.csv", rows)
    out = tmp_path / "out.csv"
    assert main(["predict", str(run), table, "--out", str(out)]) == 0
    said = capsys.readouterr().err
    assert re.search(r"2 .*'colour'.*'blue'", said), said
    answers = read(out)
    assert [row[0] for row in answers[1:]] == ["1", "2", "3"]
    # what the network says where both columns of the category are 0
    model = cr.load_model(run / "model.safetensors")
    seen = json.loads((run / "config.json").read_text())["data"]["inputs"]
    x = (np.array([[1.0, 0, 0]]) - seen["mean"]) / seen["std"]
    expected = model.predict(x.astype("float32"))[0]
    np.testing.assert_allclose([float(c) for c in answers[2][3:]], expected, rtol=1e-5)


@pytest.mark.parametrize("target", ["yes", "no"])
def test_answers_carry_the_rows_of_the_file(run, tmp_path, capsys, target):
    rows = [["weight", "colour", "kind"], ["1.0", "red", ""], ["", "red", ""], ["-1", "green", ""]]
    table = write(tmp_path / "new.csv", rows if target == "yes" else [row[:2] for row in rows])
    out = tmp_path / "out.csv"
    assert main(["predict", str(run), table, "--missing", "drop", "--out", str(out)]) == 0
    assert [row[0] for row in read(out)[1:]] == ["1", "3"]
    assert "row 2" in capsys.readouterr().err
    assert main(["predict", str(run), table, "--missing", "drop"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["row", "1", "3"]


# ---- the task as one function


def test_train_is_a_function(tmp_path):
    out = tmp_path / "run"
    run = cr.train("moons", epochs=3, hidden=(8,), engine="numpy", out=str(out), verbose=0, seed=1)
    assert os.path.samefile(run.folder, out)
    assert isinstance(run.model, cr.Sequential)
    assert isinstance(run.history, cr.callbacks.History)
    assert len(run.history.history["loss"]) == 3
    data = cr.datasets.load("moons", seed=1)
    right = (run.model.predict(data.x_test).argmax(1) == data.y_test).mean()
    assert run.results["accuracy"] == pytest.approx(right)
    answers = run.predict(data.x_test)
    np.testing.assert_allclose(answers.outputs, run.model.predict(data.x_test), rtol=1e-5)
    assert "moons" in repr(run)
    assert "<table" in run._repr_html_()
    assert json.loads((out / "config.json").read_text())["results"]["test"] == run.results
    assert main(["train", "moons", "--epochs", "3", "--seed", "1", "--quiet", *FAST,
                 "--out", str(tmp_path / "cli")]) == 0  # fmt: skip
    assert (tmp_path / "cli" / "history.csv").read_bytes() == (out / "history.csv").read_bytes()


def test_train_takes_arrays():
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 2))
    y = np.where(x[:, 0] > 0, "right", "left")
    run = cr.train((x, y), epochs=30, hidden=(8,), learning_rate=0.02, engine="numpy", verbose=0)
    assert run.results["accuracy"] > 0.9
    assert run.folder is None
    assert run.predict([[3.0, 0.0], [-3.0, 0.0]]).labels == ["right", "left"]
    z = 1000 + 500 * x[:, 0]
    run = cr.train((x, z), epochs=60, hidden=(), engine="numpy", verbose=0, learning_rate=0.05)
    assert run.results["mae"] < 60
    assert run.predict([[1.0, 0.0]]).outputs[0, 0] == pytest.approx(1500, abs=60)


@pytest.mark.filterwarnings("ignore:not as in training|NO BETTER")
def test_train_takes_a_table_and_predicts_one(run, tmp_path):
    made = cr.train(run.parent / "fruit.csv", epochs=30, hidden=(8,), learning_rate=0.05,
                    engine="numpy", verbose=0)  # fmt: skip
    table = write(tmp_path / "new.csv", [["weight", "colour"], ["2.0", "red"], ["-2.0", "red"]])
    assert made.predict(table).labels == ["apple", "pear"]
    with pytest.raises(cr.errors.ArgumentError, match="did you mean 'kind'"):
        cr.train(run.parent / "fruit.csv", target="knd", verbose=0)


# ---- notebooks

RANDOM = np.random.default_rng(0)
PICTURES = {
    "learning_curves": lambda: plots.learning_curves({"loss": [1, 0.5]}),
    "confusion_matrix": lambda: plots.confusion_matrix([0, 1], [0, 1]),
    "mistakes": lambda: plots.mistakes(RANDOM.random((4, 8, 8)), [0, 1, 0, 1], [0, 0, 0, 0]),
    "regression": lambda: plots.regression([1.0, 2.0], [1.0, 3.0]),
}


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_show_in_notebooks(name):
    pytest.importorskip("matplotlib")
    assert PICTURES[name]()._repr_png_().startswith(b"\x89PNG")


def test_a_history_has_an_html_form():
    model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(np.zeros((4, 2)), np.ones(4), epochs=2, verbose=0, engine="numpy")
    text = history._repr_html_()
    assert "<table" in text
    assert "loss" in text


# ---- terminals, pipes, signals


def terminal(*words, columns=60):
    """What a process shows on a terminal of so many columns, and its exit status."""
    import fcntl
    import pty
    import termios

    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    with subprocess.Popen(
        [sys.executable, "-m", "chainrule", *words],
        stdout=child, stderr=child, stdin=child, env={**env, "TERM": "xterm"},
    ) as started:  # fmt: skip
        os.close(child)
        said = b""
        while True:
            try:
                piece = os.read(parent, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            said += piece
    os.close(parent)
    return started.returncode, said.decode()


def plain(text):
    """Without colours and without what was written over."""
    lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text).replace("\r\n", "\n").split("\n")
    return [line.split("\r")[-1].rstrip() for line in lines]


@posix
@pytest.mark.parametrize(
    "words",
    [["datasets"], ["train", "--help"], ["--help"], ["train", "digits", "--hidden", "x"],
     ["train", "moons", "--epochs", "2", *FAST]],
    ids=" ".join,
)  # fmt: skip
def test_lines_do_not_break_in_mid_word(tmp_path, words):
    out = ["--out", str(tmp_path / "r")] if "moons" in words else []
    status, said = terminal(*words, *out)
    assert status == (2 if "x" in words else 0)
    for line in plain(said):
        if str(tmp_path) not in line:  # a path or a command stays in one piece
            assert len(line) <= 60, line


@posix
def test_figures_that_do_not_fit_are_left_out_of_the_bar(monkeypatch):
    from rich.console import Console

    from chainrule.training import progress

    monkeypatch.setenv("COLUMNS", "60")
    bar = progress._bar()
    bar.add_task("Epoch 1/9", total=100, figures="  ".join(f"figure_{k}: 0.1234" for k in range(9)))
    console = Console(file=io.StringIO(), width=60)
    assert len(console.render_lines(bar.make_tasks_table(bar.tasks))) == 1


def test_the_progress_bar_says_that_xla_compiles(tmp_path):
    pytest.importorskip("jax")
    words = ["train", "moons", "--epochs", "1", "--engine", "xla", "--out", str(tmp_path / "r")]
    status, said = terminal(*words, columns=100)
    assert status == 0
    assert "compiling" in said


@posix
@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], ["datasets"], ["summary", "RUN"], ["doctor"],
              ["train", "and", "--epochs", "1", *FAST], ["predict", "RUN", "TABLE"]], ids=" ".join,
)  # fmt: skip
def test_a_full_disk_behind_the_output(run, tmp_path, words):
    places = {"RUN": str(run), "TABLE": str(run.parent / "fruit.csv")}
    words = [places.get(word, word) for word in words]
    if "train" in words:
        words += ["--out", str(tmp_path / "r")]
    with open("/dev/full", "w") as full:
        done = process(*words, stdout=full)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("chainrule: ")
    assert "space left" in done.stderr


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["datasets"], 0),
        # the help has no such character; stderr replaces by itself what it cannot write
        (["train", "--help"], 0),
        (["train", "digits", "--dropout", "1"], 2),
        (["train", "didgits"], 2),
        (["train", "plane", "--epochs", "1", *FAST], 0),
    ],
    ids=str,
)
def test_an_ascii_terminal(tmp_path, words, status):
    out = ["--out", str(tmp_path / "r")] if "plane" in words else []
    ascii_only = {"PYTHONIOENCODING": "ascii", "LANG": "C", "PYTHONUTF8": "0"}
    done = process(*words, *out, env=ascii_only)
    assert "Traceback" not in done.stderr
    assert done.returncode == status
    assert (done.stdout + done.stderr).isascii()


SIGNAL_AT = """
import os, signal, sys

class Sent:
    "The signal comes while the process looks for NumPy."
    def find_spec(self, name, path=None, target=None):
        if name == "numpy":
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.{name})

sys.meta_path.insert(0, Sent())
"""


@posix
@pytest.mark.parametrize(("name", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_during_the_imports(tmp_path, name, status):
    (tmp_path / "sitecustomize.py").write_text(SIGNAL_AT.format(name=name))
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    done = process("datasets", env={"PYTHONPATH": path})
    assert done.stderr == ""
    assert done.stdout == ""
    assert done.returncode == status


@posix
@pytest.mark.parametrize(("name", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_second_signal_at_the_very_end(tmp_path, name, status):
    """The first one saves and stops; another one when all is done changes nothing."""
    code = (
        "import atexit, os, signal, sys\n"
        f"atexit.register(os.kill, os.getpid(), signal.{name})\n"
        "import chainrule.cli\n"
        "sys.exit(chainrule.cli.main())\n"
    )
    words = ["train", "moons", "--epochs", "100000", *FAST, "--out", str(tmp_path / "r")]
    with subprocess.Popen(
        [sys.executable, "-u", "-c", code, *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as started:  # fmt: skip
        for line in started.stdout:
            if line.startswith("Epoch 1/"):
                break
        started.send_signal(signal.Signals[name])
        _, err = started.communicate(timeout=60)
    assert "Traceback" not in err
    assert started.returncode == status
    cr.load_model(tmp_path / "r" / "model.safetensors")


# ---- engine names


def test_engine_names_stand_in_one_table():
    assert cr.config.ENGINES == ("auto", "numpy", "xla")
    for name in cr.config.ENGINES:
        assert cr.config.check_engine(name, "here") == name
    with pytest.raises(cr.errors.ArgumentError, match="here: engine has an unknown value"):
        cr.config.check_engine("nunpy", "here")


def test_a_wrong_engine_is_said_as_an_option(capsys):
    assert main(["train", "and", "--engine", "nunpy"]) == 2
    said = capsys.readouterr().err
    assert "--engine" in said
    assert "did you mean 'numpy'?" in said
