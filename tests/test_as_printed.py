"""Deck 001's rules as printed, beside the right ones: numbers from plain loops and the spec."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import numpy as np
import pytest

import chainrule as cr
from chainrule.cli import main
from chainrule.course import as_printed
from chainrule.course.as_printed import Deck001Adam, Deck001CCE

RULES = ("momentum", "rmsprop", "adam")


def numbers(name):
    return {row.label: (row.printed, row.right) for row in as_printed(name).lines()}


def test_momentum_as_in_the_errata():
    found = numbers("momentum")
    printed, right = found["w after step 5"]
    assert f"{printed:.6f} {right:.6f}" == "-0.013144 -0.131441"
    assert found["the 200th step alone"] == pytest.approx((-0.01, -0.1), rel=1e-8)
    v = w = u = x = 0.0
    for k in range(1, 6):  # both recurrences in plain numbers
        v = 0.9 * v + 0.1 * 1.0
        w -= 0.01 * v
        u = 0.9 * u - 0.01 * 1.0
        x += u
        assert found[f"w after step {k}"] == pytest.approx((w, x), rel=1e-12)


def test_rmsprop_as_in_the_errata():
    found = numbers("rmsprop")
    assert [f"{v:.2f}" for v in found["first step / rate"]] == ["3.16", "3.16"]
    g, v, w, x = 1e-6, 0.0, 0.0, 0.0
    for k in (1, 2):
        v = 0.9 * v + 0.1 * g * g
        w -= 0.01 * g / (math.sqrt(v) + 1e-6)
        x -= 0.01 * g / math.sqrt(v + 1e-7)
        assert found[f"w after step {k}, gradients of 1e-6"] == pytest.approx((w, x), rel=1e-9)


def plain_adam(gradients, rate):
    """The slide's five lines."""
    m = v = w = 0.0
    for t, g in enumerate(gradients, 1):
        m = 0.9 * m + 0.1 * g
        v = 0.9 * v + 0.1 * g * g
        w -= rate / math.sqrt(v / (1 - 0.9**t)) * (m / (1 - 0.9**t))
        yield w


def test_adam_as_printed():
    found = numbers("adam")
    gradients = [1.0, 10.0, *[1.0] * 28]
    way = [0.0, *plain_adam(gradients, 0.001)]
    for k in (1, 2, 3, 10, 20, 30):
        printed, _ = found[f"step {k} / rate, gradients 1 10 1 1 1 ..."]
        assert printed == pytest.approx((way[k - 1] - way[k]) / 0.001, rel=1e-9)
    assert found["first step with the default rate"] == pytest.approx((-1e-4, -1e-3), rel=1e-5)
    assert found["w after a gradient of 0"] == ("NaN", "0")


def test_cce_as_in_the_errata():
    found = numbers("cce")
    assert [f"{v:.6f}" for v in found["loss of softmax(1.6, .55, .98), class 1"]] == [
        "1.175862", "0.635456",
    ]  # fmt: skip
    by_z = [found[f"∂loss/∂z{k}"] for k in (1, 2, 3)]
    assert [f"{a:.4f}" for a, _ in by_z] == ["-0.8019", "0.2969", "0.5051"]
    assert [f"{b:.4f}" for _, b in by_z] == ["-0.4703", "0.1854", "0.2849"]


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_compile_takes_them_by_name(engine):
    model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(3, "softmax", dtype="float64")])
    model.set_weights([np.zeros((2, 3)), np.zeros(3)])
    model.compile("deck-001-adam", "deck-001-cce")
    assert isinstance(model.optimizer, Deck001Adam)
    assert isinstance(model.loss, Deck001CCE)
    h = model.fit(np.ones((2, 2)), np.eye(3)[:2], epochs=2, verbose=0, engine=engine)
    assert h.history["loss"][0] == pytest.approx(math.log(3) + 2 * math.log(1.5), rel=1e-9)
    # the two rows pull classes 1 and 2 up and 3 down, and each step is the rate
    assert model.get_weights()[1] == pytest.approx([2e-4, 2e-4, -2e-4], rel=1e-2)


def test_they_go_into_a_file_and_come_back(tmp_path):
    model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(2, "softmax")])
    model.compile("deck-001-adam", "deck-001-cce")
    model.fit(np.ones((2, 2)), np.eye(2), epochs=1, verbose=0, engine="numpy")
    path = model.save(tmp_path / "m")
    code = "import chainrule as cr, sys; m = cr.load_model(sys.argv[1]); print(m.optimizer, m.loss)"
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    assert type(model.optimizer).__name__ in done.stdout, (
        done.stderr
    )  # found without being imported


def test_they_are_no_defaults_and_their_names_are_unmistakable():
    assert type(cr.optimizers.get("adam")) is cr.optimizers.Adam
    assert type(cr.losses.get("cce")) is cr.losses.CategoricalCrossentropy
    assert type(cr.optimizers.get("rmsprop")) is cr.optimizers.RMSprop
    assert "deck-001-adam" in cr.optimizers.registry
    with pytest.raises(cr.errors.UnknownNameError, match="did you mean 'deck-001-adam'"):
        cr.optimizers.get("deck-001-adm")


def test_a_gradient_of_zero_ends_a_fit_with_a_name():
    model = cr.Sequential([cr.Input((1,)), cr.layers.Dense(1, use_bias=False)])
    model.compile("deck-001-adam", "mse")
    with pytest.raises(cr.errors.NonFiniteError, match="update of the optimizer"):
        model.fit(np.zeros((2, 1)), np.ones((2, 1)), verbose=0, engine="numpy")


@pytest.mark.parametrize("rule", RULES)
def test_the_explainer_writes_the_formula_that_gives_the_step(rule):
    """A formula that did not give the numbers would be left out: here none is."""
    model = cr.Sequential([cr.Input((1,)), cr.layers.Dense(1, dtype="float64")])
    model.set_weights([[[0.5]], [0.25]])
    model.compile(f"deck-001-{rule}", "mse")
    for _ in range(2):
        e = cr.explain(model, [[2.0]], [[3.0]])
        text = str(e)
        said = text.split("5 UPDATE")[1].split("6 AFTER")[0]
        assert {"momentum": "v = 0.9·v + (1 - 0.9)·gradient", "rmsprop": "√v +",
                "adam": "β₁ 0.9 also for v, no ε"}[rule] in said.replace("\n  ", " ")  # fmt: skip
        assert "β₂" not in said
        lines = {i.name: i for i in e.weight("w1_11").items if hasattr(i, "formula")}
        assert {"momentum": {"v"}, "rmsprop": {"v"}, "adam": {"m", "v", "m̂", "v̂"}}[rule] < set(
            lines
        )
        for line in lines.values():
            assert line.formula.value == pytest.approx(line.value, rel=1e-12)
        model.fit([[2.0]], [[3.0]], verbose=0, engine="numpy")


def test_the_explainer_has_the_deck_s_loss():
    model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(3, "softmax", dtype="float64")])
    model.compile("sgd", "deck-001-cce")
    e = cr.explain(model, [[1.0, 2.0]], [[0.0, 1.0, 0.0]])
    text = str(e)
    assert "E = -Σ(t·ln y + (1 - t)·ln(1 - y))" in text
    assert "-ln(1 - a1_1) - ln(a1_2) - ln(1 - a1_3)" in text
    assert "✗" not in text


def test_on_the_command_line(capsys):
    assert main(["course", "printed", "momentum"]) == 0
    out = capsys.readouterr().out
    assert "-0.0131441  -0.131441" in out
    assert main(["course", "printed", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [rule["use"] for rule in found] == [f"deck-001-{n}" for n in (*RULES, "cce")]
    assert main(["course", "printed", "momntum"]) == 2
    assert "did you mean 'momentum'" in capsys.readouterr().err
