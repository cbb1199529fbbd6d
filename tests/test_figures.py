"""The decks' figures: each is drawn, and the numbers behind it are computed again otherwise."""

from __future__ import annotations

import functools
import io
import json
import subprocess
import sys
from xml.etree import ElementTree

import mpmath
import numpy as np
import pytest

import chainrule as cr
from chainrule import figures
from chainrule.cli import main
from chainrule.errors import ArgumentError, FileError
from chainrule.figures import (
    curves,
    descent,
    fits,
    images,
    planes,
    sequences,
    surfaces,
    units,
    walks,
)
from chainrule.figures.paper import content_of
from chainrule.svg import Drawing
from reading_svg import HOME, check_clear

pytest.importorskip("matplotlib")

ROWS = {row.name: row for row in figures.rows()}
# the smallest form of those that take long
SMALL: dict[str, dict] = {
    "fitting": {"epochs": 5},
    "training_curves": {"epochs": 5},
    "two_lines": {"epochs": 5},
}


def small(name):
    return alexnet() if name == "alexnet" else figures.figure(name, **SMALL.get(name, {}))


@functools.cache
def alexnet():
    """Drawn once: it has 61 million weights."""
    return figures.alexnet()


def titles(figure):
    return [axes.get_title() for axes in figure.axes]


# --- every figure -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ROWS)
def test_each_is_drawn_and_says_what_it_is(name):
    row = ROWS[name]
    assert row.decks, "which deck shows it?"
    assert set(row.decks) <= {"000", "001", "002", "003", "004"}
    assert row.title
    assert row.look.endswith((".", "?"))
    assert getattr(figures, name) is row.draw
    picture = small(name)  # warnings are errors here
    assert picture.title
    assert len(picture.description) > 20
    if isinstance(picture, Drawing):
        check_clear(picture, over=lambda line: name in CROSSED)
    else:
        _check_words_apart(picture)


# drawings in which lines belong to what is written on them
CROSSED = {"deep_network"}  # lines end under the circles


def _check_words_apart(figure):
    """Titles, legends and words of a matplotlib figure are on the paper, and touch no other."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    draw = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # it is laid out: once is enough
    paper = figure.bbox.extents
    boxes = []
    for axes in figure.axes:
        words = [axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
        boxes += [(w.get_text(), w.get_window_extent(draw)) for w in words if w.get_text()]
        legend = axes.get_legend()
        if legend is not None:
            boxes.append(("legend", legend.get_window_extent(draw)))
    boxes.append(("figure", figure._suptitle.get_window_extent(draw)))
    for k, (text, box) in enumerate(boxes):
        assert box.x0 >= paper[0] - 1, text
        assert box.x1 <= paper[2] + 1, text
        assert box.y0 >= paper[1] - 1, text
        assert box.y1 <= paper[3] + 1, text
        for other, found in boxes[:k]:
            apart = (box.x1 <= found.x0 + 1 or found.x1 <= box.x0 + 1
                     or box.y1 <= found.y0 + 1 or found.y1 <= box.y0 + 1)  # fmt: skip
            assert apart, (text, other)


@pytest.mark.parametrize("name", ["surface", "cost_curve", "rnn"])
def test_files_say_what_is_seen(name):
    picture = figures.figure(name)
    tree = ElementTree.fromstring(content_of(picture, "svg"))  # noqa: S314 - what we wrote ourselves
    spoken = [e.text for e in tree if e.tag.endswith("}title") or e.tag.endswith("}desc")]
    assert spoken == [picture.title, picture.description]
    assert tree.get("role") == "img"


def test_the_list_needs_no_matplotlib():
    code = ("import sys, chainrule as cr; n = len(cr.figures.rows()); "
            "print(n > 9, 'matplotlib' in sys.modules)")  # fmt: skip
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                         env={"PYTHONPATH": str(HOME)})  # fmt: skip
    assert out.stdout.split() == ["True", "False"]


def test_without_matplotlib_the_command_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r'pip install "chainrule\[viz\]"'):
        figures.softmax()
    with pytest.raises(ImportError, match=r'pip install "chainrule\[viz\]"'):
        content_of(cr.plots.lstm_cell(), "png")


BYTES = """
import hashlib, chainrule as cr
from chainrule.figures.paper import content_of
made = [(cr.figures.cost_curve(), "svg"), (cr.figures.cost_curve(), "pdf")]
made += [(cr.figures.animation("learning_rates", steps=1), "gif")]
sums = [hashlib.sha256(content_of(*pair)).hexdigest() for pair in made]
"""


def test_the_command_without_matplotlib(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.chdir(tmp_path)
    for words in (["softmax"], ["rnn", "--out", "rnn.png"], ["--all", "--out", "all"]):
        assert main(["plot", *words]) == 2
        assert 'pip install "chainrule[viz]"' in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert main(["plot", "rnn"]) == 0  # our own SVG needs no library
    assert [p.name for p in tmp_path.iterdir()] == ["rnn.svg"]


def test_equal_commands_give_equal_bytes():
    """In a process of another hash seed, too; matplotlib's own SVG has random names and a date."""
    here: dict = {}
    exec(BYTES, here)  # noqa: S102
    out = subprocess.run(
        [sys.executable, "-c", BYTES + "print(*sums)"], capture_output=True, text=True, check=True,
        env={"PYTHONPATH": str(HOME), "PYTHONHASHSEED": "7"},
    ).stdout  # fmt: skip
    assert out.split() == here["sums"]
    assert len({*here["sums"]}) == 3


def test_settings_of_matplotlib_stay_as_they_are():
    import matplotlib

    before = dict(matplotlib.rcParams)
    content_of(figures.softmax(), "svg")
    assert dict(matplotlib.rcParams) == before


def test_a_drawing_as_png_has_its_size_and_colours():
    from PIL import Image

    picture = Drawing(100, 60, "a box")
    picture.rect(20, 10, 50, 30, fill="#0072B2")
    picture.circle(85, 30, 8, fill="#D55E00")
    picture.text(45, 30, "$x_1$", colour="#FFFFFF")
    image = Image.open(io.BytesIO(content_of(picture, "png"))).convert("RGB")
    assert image.size == (200, 120)
    assert image.getpixel((50, 26)) == (0, 0x72, 0xB2)
    assert image.getpixel((170, 60)) == (0xD5, 0x5E, 0)
    assert image.getpixel((6, 60)) == (255, 255, 255)
    assert image.getpixel((50, 100)) == (255, 255, 255), "y runs downwards"
    inside = np.asarray(image)[50:70, 60:120]
    assert (inside == 255).all(-1).any(), "the text is painted, as it stands"
    assert content_of(picture, "pdf")[:4] == b"%PDF"


# --- asked for by name --------------------------------------------------------------------------


def test_wrong_names_and_options():
    with pytest.raises(ArgumentError, match="did you mean 'surface'"):
        figures.figure("surfaec")
    with pytest.raises(ArgumentError, match="did you mean 'optimizer'"):
        figures.figure("surface", optimiser="adam")
    with pytest.raises(ArgumentError, match="this figure has no option x"):
        figures.figure("softmax", x=1)
    with pytest.raises(ArgumentError, match="one of 'learning_rates', 'paths'"):
        figures.animation("surface")
    with pytest.raises(FileError, match=r"expected: \.svg, \.png, \.pdf, \.gif"):
        figures.save(figures.softmax(), "softmax.jpg")
    with pytest.raises(FileError, match=r"a picture that does not move.*\n.*\n?.*\.svg"):
        content_of(figures.softmax(), "gif")
    with pytest.raises(FileError, match="an animation"):
        content_of(figures.animation("paths", steps=1), "png")


WRONG = [
    ("surface", {"optimizer": "adm"}, "did you mean 'adam'"),
    ("surface", {"learning_rate": 0}, "learning_rate is out of range"),
    ("surface", {"learning_rate": float("nan")}, "learning_rate is out of range"),
    ("surface", {"steps": 0}, "from 1 to 5,000"),
    ("surface", {"steps": 2.5}, "steps is out of range"),
    ("surface", {"seed": -1}, "seed is out of range"),
    ("paths", {"batch_size": 65}, "from 1 to 64"),
    ("batches", {"epochs": 21}, "from 1 to 20"),
    ("cost_curve", {"start": "left"}, "start is out of range"),
    ("bias_shift", {"bias": 0}, "from 0.1 to 6"),
    ("network", {"deck": "005"}, "one of '000', '001'"),
    ("network", {"notation": "006"}, "notation has an unknown value"),
    ("forward_pass", {"deck": "000"}, "one of '001', '002', '004'"),
    ("backpropagation", {"deck": "003"}, "one of '001', '002', '004'"),
    ("neuron", {"inputs": 13}, "1 to 12"),
    ("deep_network", {"hidden": 6}, "from 0 to 5"),
    ("two_lines", {"activation": "relu"}, "one of 'sigmoid', 'tanh'"),
    ("vanishing", {"depth": 1}, "from 2 to 30"),
    ("fitting", {"epochs": 0}, "from 1 to 20,000"),
    ("dropout", {"rate": 1.0}, "from 0.05 to 0.9"),
    ("split", {"validation": 1}, "above 0 and below 1"),
    ("convolution", {"row": 3}, "row has an unknown value"),
    ("pooling", {"kind": "min"}, "one of 'max', 'average'"),
    ("rnn", {"steps": 7}, "from 2 to 6"),
    ("lstm", {"x": float("inf")}, "from -20 to 20"),
    ("activation_card", {"activation": "softmax"}, "each number by itself"),
    ("activation_card", {"activation": "sigmoit"}, "did you mean 'sigmoid'"),
]


@pytest.mark.parametrize(("name", "options", "words"), WRONG)
def test_options_that_make_no_sense(name, options, words):
    with pytest.raises(ValueError, match=words):
        figures.figure(name, **options)


def test_what_one_caller_changes_no_other_sees():
    first = figures.figure("paths", steps=3)
    first.axes[0].lines[1].get_xdata()[:] = 9.0
    first.title = "mine"
    again = figures.figure("paths", steps=3)
    assert again.title != "mine"
    assert np.abs(again.axes[0].lines[1].get_xdata()).max() < 4
    assert ROWS["paths"].options == {"learning_rate": 0.1, "steps": 60, "batch_size": 8, "seed": 0}


# --- the command --------------------------------------------------------------------------------


def test_the_command_lists(capsys):
    assert main(["plot"]) == 0
    shown = capsys.readouterr().out
    assert [line.split()[0] for line in shown.splitlines()] == list(ROWS)
    assert main(["plot", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [f["name"] for f in found] == list(ROWS)
    assert next(f for f in found if f["name"] == "paths")["moves"] is True


def test_the_command_draws_and_never_over_a_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["plot", "cost_curve"]) == 0
    said = capsys.readouterr().out
    assert "look: " in said
    assert "written: cost_curve.svg" in said
    first = (tmp_path / "cost_curve.svg").read_bytes()
    assert main(["plot", "cost_curve", "--rate", "0.1"]) == 2
    assert "exists already" in capsys.readouterr().err
    assert (tmp_path / "cost_curve.svg").read_bytes() == first
    assert main(["plot", "cost_curve", "--rate", "0.1", "--overwrite"]) == 0
    assert (tmp_path / "cost_curve.svg").read_bytes() != first
    assert main(["plot", "paths", "--steps", "2", "--out", "p.gif"]) == 0
    from PIL import Image

    with Image.open(tmp_path / "p.gif") as image:
        assert image.n_frames == 3
        assert image.info["comment"] == b"Paths to the minimum"
        assert image.convert("RGB").getpixel((2, 2)) == (255, 255, 255)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cost_curve.svg", "p.gif"]


REFUSED = [
    (["surfaces"], "did you mean 'surface'"),
    (["surface", "--activation", "relu"], "takes no --activation"),
    (["surface", "--rate", "-1"], "a finite number above 0"),
    (["surface", "--out", "x.jpg"], ".svg, .png, .pdf, .gif"),
    (["surface", "--out", "x.gif"], "does not move"),
    (["surface", "--format", "png"], "--out NAME.png"),
    (["surface", "--steps", "many"], "expected a whole number"),
    (["--rate", "1"], "which figure?"),
    (["surface", "--json"], "for the list"),
    (["--all"], "needs a folder"),
    (["surface", "--all", "--out", "f"], "received: surface"),
    (["--all", "--rate", "1", "--out", "f"], "received: --rate"),
    (["--all", "--out", "f", "--format", "gif"], "'svg', 'png', 'pdf'"),
]


@pytest.mark.parametrize(("words", "said"), REFUSED)
def test_the_command_refuses(words, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["plot", *words]) == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_all_goes_into_a_folder(tmp_path, monkeypatch, capsys):
    import chainrule.figures.table as table

    few = [ROWS["softmax"], ROWS["bias_shift"]]
    monkeypatch.setattr(table, "_TABLE", few)
    monkeypatch.setattr(figures, "rows", lambda: few)
    out = str(tmp_path / "all")
    assert main(["plot", "--all", "--out", out]) == 0
    assert sorted(p.name for p in (tmp_path / "all").iterdir()) == ["bias_shift.svg", "softmax.svg"]
    assert main(["plot", "--all", "--out", out]) == 2
    assert "exists already" in capsys.readouterr().err


def test_every_option_can_be_typed():
    from chainrule.cli.plot import _OPTIONS

    typed = {name for name, *_ in _OPTIONS.values()}
    used = {option for row in ROWS.values() for option in row.options}
    assert used - {"rate"} == typed  # --rate is a figure's learning rate, or its rate
    assert main(["plot", "softmax", "--help"]) == 0


# --- activations --------------------------------------------------------------------------------

EXACT = {
    "step": (lambda x: 1.0 if x > 0 else 0.0, lambda x: 0.0),
    "sign": (lambda x: float(mpmath.sign(x)), lambda x: 0.0),
    "identity": (lambda x: x, lambda x: 1.0),
    "sigmoid": (lambda x: 1 / (1 + mpmath.exp(-x)), None),
    "tanh": (mpmath.tanh, None),
    "ReLU": (lambda x: max(x, 0.0), lambda x: float(x > 0)),
    "leaky ReLU, α = 0.1": (lambda x: x if x > 0 else 0.1 * x, lambda x: 1.0 if x > 0 else 0.1),
}


@pytest.mark.parametrize("name", EXACT)
def test_activations_against_mpmath(name):
    function = next(f for n, f, _, _ in curves.DECKS if n == name)
    exact, slope = EXACT[name]
    slope = slope or (lambda x: mpmath.diff(exact, x))
    xs = [-5.5, -2.0, -0.3, 0.4, 1.7, 5.9]
    y, d = curves.value_and_slope(function, xs)
    np.testing.assert_allclose(y, [float(exact(x)) for x in xs], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(d, [float(slope(x)) for x in xs], rtol=1e-9, atol=1e-15)
    axes = next(a for a in figures.activations().axes if a.get_title() == name)
    drawn = axes.lines[0].get_ydata()
    want = np.array([float(exact(x)) for x in axes.lines[0].get_xdata()])
    seen = np.isfinite(drawn)
    assert seen.mean() > 0.99
    np.testing.assert_allclose(drawn[seen], want[seen], atol=1e-12)


def test_where_a_derivative_is_small():
    # σ′ = a(1 − a) = 0.01 and tanh′ = 1 − a² = 0.01, solved for x
    a = (1 - mpmath.sqrt(1 - 0.04)) / 2
    edges = {cr.ops.sigmoid: mpmath.log(1 / a - 1), cr.ops.tanh: mpmath.atanh(mpmath.sqrt("0.99"))}
    for function, edge in edges.items():
        (low, left), (right, high) = curves.flat_parts(function)
        assert (low, high) == (-6, 6)
        assert right == pytest.approx(float(edge), abs=1e-8) == -left
    assert curves.flat_parts(cr.ops.relu) == [(-6, pytest.approx(0, abs=1e-9))]
    assert curves.flat_parts(cr.ops.step) == [(-6, 6)]
    assert curves.flat_parts(cr.ops.linear) == []


def test_softmax_of_the_deck():
    e = [mpmath.exp(z) for z in ("1.6", ".55", ".98")]
    bars = [p.get_height() for p in figures.softmax().axes[1].patches]
    np.testing.assert_allclose(bars, [float(v / sum(e)) for v in e], rtol=1e-12)


# --- the cost and the paths over it -------------------------------------------------------------


def J(w0, w1, x, t):
    return sum((w0 + w1 * a - b) ** 2 for a, b in zip(x, t, strict=True)) / (2 * len(x))


def slope_of(w, x, t):
    e = [w[0] + w[1] * a - b for a, b in zip(x, t, strict=True)]
    return np.array([sum(e), sum(a * d for a, d in zip(x, e, strict=True))]) / len(x)


def test_the_surface_is_the_cost():
    points = walks.Line.drawn(3)
    heights = surfaces.heights(points)
    for i, j in ((0, 0), (45, 40), (90, 80), (7, 66)):
        w0, w1 = surfaces._SIDES[0][i], surfaces._SIDES[1][j]
        assert heights[i, j] == pytest.approx(J(w0, w1, *points), rel=1e-12)
    w0, w1 = points.lowest
    assert slope_of((w0, w1), *points) == pytest.approx([0, 0], abs=1e-12)


def test_paths_against_plain_loops():
    points = walks.Line.drawn(0)
    found = surfaces.ways(0.1, 25, 8, 0)
    w = {name: np.array(surfaces.START) for name in found}
    v, m, u = np.zeros(2), np.zeros(2), np.zeros(2)
    random = {name: np.random.default_rng(0) for name in ("mini-batch", "stochastic")}
    orders = {name: [] for name in random}
    for t in range(1, 26):
        for name, size in (("mini-batch", 8), ("stochastic", 1)):
            if not orders[name]:
                orders[name] = list(random[name].permutation(64))
            rows, orders[name] = orders[name][:size], orders[name][size:]
            w[name] = w[name] - 0.1 * slope_of(w[name], points.x[rows], points.t[rows])
        w["batch"] = w["batch"] - 0.1 * slope_of(w["batch"], *points)
        v = 0.9 * v - 0.1 * slope_of(w["momentum"], *points)
        w["momentum"] = w["momentum"] + v
        g = slope_of(w["Adam"], *points)
        m, u = 0.9 * m + 0.1 * g, 0.999 * u + 0.001 * g * g
        rate = 0.1 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)  # Keras's form: ε beside √u
        w["Adam"] = w["Adam"] - rate * m / (np.sqrt(u) + 1e-7)
    for name, way in found.items():
        assert len(way.path) == 26
        np.testing.assert_allclose(way.path[-1], w[name], rtol=1e-9)


def test_the_rate_that_is_too_large_and_the_one_too_small():
    x = np.linspace(0.25, 2, 8)
    bend = np.mean(x * x)  # J″ of 1/(2m)Σ(wx − 2x)²
    figure = figures.learning_rates(steps=5)
    for axes, rate in zip(figure.axes, (0.02, 0.4, 2.1 / bend), strict=True):
        want = [2 + (1 - rate * bend) ** k * -3 for k in range(6)]
        np.testing.assert_allclose(axes.lines[1].get_xdata(), want, rtol=1e-9)
    assert [t.split(":")[0] for t in titles(figure)] == ["too small", "right", "too large"]
    assert titles(figures.learning_rates(1.5, 2))[1].startswith("diverges: α = 1.5")
    moving = figures.animation("learning_rates", steps=3)
    moving.show(2)
    assert [len(axes.lines[1].get_xdata()) for axes in moving.figure.axes] == [3, 3, 3]
    moving.show(3)  # as the figure that does not move
    still = figures.learning_rates(steps=3)
    for axes, other in zip(moving.figure.axes, still.axes, strict=True):
        assert axes.lines[1].get_xdata().tolist() == other.lines[1].get_xdata().tolist()


def test_each_start_finds_the_minimum_of_its_own_valley():
    roots = np.sort(np.roots([4, 0, -8, 1]).real)  # of J′ = 4w³ − 8w + 1
    ends = [w.path[-1, 0] for w in (walks.walk(descent.hilly, [s], cr.optimizers.SGD(0.02), 300)
                                    for s in descent.STARTS)]  # fmt: skip
    np.testing.assert_allclose(ends, roots[[0, 0, 2, 2]], rtol=1e-9)


def test_a_path_that_runs_away_is_cut_and_drawn():
    way = walks.walk(surfaces.ravine, [1.0, 1.0], cr.optimizers.SGD(0.5), 400, far=1e4)
    assert not way.finite
    assert np.abs(way.path).max() < 1e4
    for name in ("paths", "momentum", "batches", "local_minima"):
        figures.figure(name, learning_rate=50.0)  # warnings are errors here
    for name in ("surface", "cost_curve"):
        content_of(figures.figure(name, learning_rate=50.0), "png")


def test_updates_of_an_epoch():
    figure = figures.batches(epochs=2, batch_size=10)
    assert [t.splitlines()[1] for t in titles(figure)] == [
        "1 update an epoch", "7 updates an epoch", "64 updates an epoch"
    ]  # fmt: skip
    assert [len(a.lines[-1].get_xdata()) for a in figure.axes] == [3, 15, 129]
    assert figure.axes[1].lines[-1].get_xdata()[-1] == 2


# --- lines in the plane, fitting, depth ---------------------------------------------------------


def test_the_perceptron_of_deck_002():
    figure = figures.perceptron_line()
    sigma = 1 / (1 + mpmath.exp(6))
    assert f"{float(sigma):.4g}" in figure.description
    line = next(x for x in figure.axes[0].lines if x.get_label().startswith("sum = 0"))
    for x1, x2 in zip(*line.get_data(), strict=True):
        assert 1 + 3 * x1 - 2 * x2 == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("w1", "w2"), [(3.0, -1.0), (0.5, 2.0), (0.0, 1.0), (-2.0, 0.0)])
def test_a_line_is_where_the_sum_is_zero(w1, w2):
    axes = figures.softmax().axes[0]
    planes._line(axes, (w1, w2), 0.7)
    for x1, x2 in axes.lines[-1].get_xydata():
        assert w1 * x1 + w2 * x2 + 0.7 == pytest.approx(0, abs=1e-9)


def test_lines_of_the_gates_part_them():
    for axes in figures.gates().axes[:2]:
        (x1, y1), (x2, y2) = axes.lines[0].get_xydata()
        side = (planes.CORNERS[:, 1] - y1) * (x2 - x1) - (planes.CORNERS[:, 0] - x1) * (y2 - y1)
        targets = {"AND": (0, 0, 0, 1), "OR": (0, 1, 1, 1)}[axes.get_title()[:3].strip(":")]
        fired = side * (1 if side[3] > 0 else -1) > 1e-9
        assert fired.astype(int).tolist() == list(targets)  # the line itself does not fire
    assert len(figures.gates().axes[2].lines) == 2  # only the points


def test_two_neurons_solve_xor_or_it_is_said():
    solved = figures.two_lines(epochs=300)
    assert solved.description.startswith("solved after 300 epochs with seed 0")
    model = planes.solved_xor("sigmoid", 0, 300)
    (w, b), (v, c) = (layer.get_weights() for layer in model.layers)
    for corner, target in zip(planes.CORNERS, (0, 1, 1, 0), strict=True):
        a = [1 / (1 + mpmath.exp(-(corner @ w[:, k] + b[k]))) for k in range(2)]
        assert (sum(p * q for p, q in zip(a, v[:, 0], strict=True)) + c[0] > 0) == target
    for k, line in enumerate(solved.axes[0].lines[:2]):
        for place in zip(*line.get_data(), strict=True):
            assert np.dot(place, w[:, k]) + b[k] == pytest.approx(0, abs=1e-4)
    assert "one line is enough" in titles(solved)[1]
    texts = [t.get_text() for t in solved.axes[1].texts]
    assert texts == ["00", "01, 10", "11"], "two corners lie on each other"
    assert figures.two_lines(epochs=3).title == "Two neurons, two lines: XOR (not solved)"


def test_diagnoses():
    fit = fits.trained("underfitting", 250, 1)  # a line can be solved in closed form
    x, t = (np.asarray(v, np.float64)[:, 0] for v in fit.train)
    a, b = np.polyfit(x, t, 1)
    least = float(np.mean((a * x + b - t) ** 2))
    assert fit.history["loss"][-1] == pytest.approx(least, rel=2e-3)
    assert fits.diagnosis(least, least * 1.1, float(np.var(t)))[0] == "underfitting"
    assert len(fit.validation[0]) == 60
    figure = figures.training_curves(epochs=4)
    history = fits.trained("overfitting", 4, 1).history
    assert figure.axes[0].lines[0].get_ydata().tolist() == history["loss"]
    best = int(np.argmin(history["val_loss"])) + 1
    assert f"in epoch {best};" in figure.description


def test_gradients_by_depth_by_hand():
    found = fits.layer_gradients("tanh", 3, 5)
    # the same network and its backward pass in plain NumPy, from the same first values
    kernels = [np.asarray(cr.initializers.GlorotUniform(seed=5 + k)(s), np.float64)
               for k, s in enumerate([(16, 32), (32, 32), (32, 32), (32, 1)])]  # fmt: skip
    random = np.random.default_rng(5)
    outs, t = [random.normal(size=(64, 16))], random.normal(size=(64, 1))
    for kernel in kernels[:-1]:
        outs.append(np.tanh(outs[-1] @ kernel))
    d = 2 * (outs[-1] @ kernels[-1] - t) / 64
    for layer in (2, 1, 0):
        d = (d @ kernels[layer + 1].T) * (1 - outs[layer + 1] ** 2)
        assert np.abs(outs[layer].T @ d).mean() == pytest.approx(found[layer], rel=1e-4)
    sigmoid, relu = (fits.layer_gradients(name) for name in ("sigmoid", "relu"))
    assert sigmoid[0] / sigmoid[-1] < 1e-4  # 7 factors of at most ¼: below 6.1e-5 times weights
    assert 0.1 < relu[0] / relu[-1] < 10


# --- networks, windows, time --------------------------------------------------------------------


def test_numbers_of_the_decks_stand_in_the_networks():
    """From the specification of the decks, in float64."""
    shown = figures.forward_pass("004").svg()
    for number in ("0.377500", "0.593270", "1.105906", "0.772928", "0.298371"):
        assert number in shown
    shown = figures.backpropagation("004").svg()
    for number in ("0.008771", "−0.038098", "0.000439", "0.082167", "−0.022740", "0.100400"):
        assert number in shown
    assert "0.057070" in figures.backpropagation("001").svg()
    assert "−0.687650" in figures.backpropagation("002").svg()
    assert "0.1082" in figures.backpropagation_graph().svg()
    for name, d in (("w1", 0.00102139588148), ("w2", 0.0570703982011), ("b2", 0.0947562809691)):
        assert f"∂ {d:.4g}" in figures.backpropagation_graph().svg(), name


@pytest.mark.parametrize("hidden", range(6))
def test_a_network_keeps_its_name(hidden):
    assert "…" not in figures.deep_network(hidden).svg()


VARIANTS = [
    ("activation_card", {"activation": "gelu"}),
    ("two_lines", {"activation": "tanh", "seed": 2, "epochs": 5}),
    ("learning_rates", {"learning_rate": 1.5, "steps": 4}),
    ("rnn", {"steps": 6}),
    ("network", {"deck": "000"}),
    ("network", {"deck": "003", "notation": "standard"}),
    ("pooling", {"kind": "average"}),
]


@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_nothing_touches_with_other_options(name, options):
    picture = figures.figure(name, **options)
    if isinstance(picture, Drawing):
        check_clear(picture)
    else:
        _check_words_apart(picture)


def test_weights_are_named_as_each_deck_names_them():
    names = {"000": "W1[2,1]", "001": "w2", "002": "w5", "003": "W1[4,3]", "004": "w8"}
    for deck, name in names.items():
        assert f">{name}<" in figures.network(deck).svg()
    shown = figures.network("004", "standard").svg()
    assert ">w2_22<" in shown
    assert "0.15" not in shown


def test_the_window_by_hand():
    made = [[-4, -2, 2], [-2, 0, 5], [-2, 4, 2]]
    for i, j in np.ndindex(3, 3):
        total = sum(int(images.IMAGE[i + a, j + b]) * int(images.KERNEL[a, b])
                    for a in range(3) for b in range(3))  # fmt: skip
        assert total == made[i][j]
        picture = figures.convolution(i, j)
        assert picture.description.endswith(f" = {total}".replace("-", "−"))
        terms = picture.description.split(": ")[1].split(" = ")[0].split(" + ")
        assert sum(eval(t.replace("·", "*").replace("−", "-")) for t in terms) == total  # noqa: S307
    texts = [t.text for t in ElementTree.fromstring(figures.convolution().svg()).iter() if t.text]  # noqa: S314
    assert texts.count("5") == 1
    assert figures.pooling("average").description.endswith("2.5, 2; 2.25, 4")


def test_sizes_of_the_famous_networks():
    assert "61,706 parameters" in figures.lenet5().svg()
    assert "55·55·96 = 290,400 units" in alexnet().description
    assert "227×227×3" in alexnet().svg()
    assert "60,965,224 parameters" in alexnet().svg()
    later = cr.Sequential([cr.Input((2,)), cr.layers.Dense(2)])
    assert np.any(later.get_weights()[0]), "layers made afterwards have first values again"


def test_states_of_the_rnn_by_a_plain_loop():
    h, found = mpmath.mpf(0), []
    for x in ("1", "0.5", "-1", "0", "0.8", "-0.4"):
        h = mpmath.tanh(mpmath.mpf("0.8") * mpmath.mpf(x) + h / 2)
        found.append(float(h))
    np.testing.assert_allclose(sequences.states_of(6), found, rtol=1e-12)
    assert f">{found[2]:.4f}<".replace("-", "−") in figures.rnn(3).svg()


def test_the_step_of_the_lstm_is_that_of_the_layer():
    layer = cr.layers.LSTM(1, return_state=True, dtype="float64")
    layer.build((1, 1, 1))
    shapes = [w.shape for w in layer.get_weights()]
    layer.set_weights([np.full(shapes[0], 0.5), np.full(shapes[1], 0.5), [0.0, 1.0, 0.0, 0.0]])
    start = [np.array([[0.2]]), np.array([[0.5]])]
    _, h, c = layer(np.array([[[1.3]]]), initial_state=start)
    found = sequences.gates_of(1.3)
    assert found["h"] == pytest.approx(float(np.asarray(h)[0, 0]), rel=1e-12)
    assert found["c"] == pytest.approx(float(np.asarray(c)[0, 0]), rel=1e-12)


def test_attention_weights():
    figure = figures.attention(3)
    random = np.random.default_rng(3)
    e, q, k = random.normal(size=(7, 8)), random.normal(size=(8, 8)), random.normal(size=(8, 8))
    scores = (e @ q) @ (e @ k).T / 8 / 8**0.5
    want = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    np.testing.assert_allclose(figure.axes[0].images[0].get_array(), want, rtol=1e-12)


def test_dropout_and_rows():
    masks = units.masks_of(0.25, 4, units=4000, steps=2)
    assert set(masks.ravel().tolist()) == {0.0, float(np.float32(1 / 0.75))}
    assert (masks == 0).mean() == pytest.approx(0.25, abs=0.03)
    assert (masks[0] != masks[1]).any()
    out = units.masks_of(0.5, 0)[0] == 0
    assert figures.dropout().svg().count("stroke-dasharray") == sum(
        int((m == 0).sum()) for m in units.masks_of(0.5, 0)
    )
    assert f"step 1 units {' '.join(str(i + 1) for i in np.flatnonzero(out))}" in (
        figures.dropout().description
    )
    assert figures.split(0.25).description == "train 45,000, validation 15,000, test 10,000 rows"
