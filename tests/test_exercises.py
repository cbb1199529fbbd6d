"""Exercises: references right by numbers from elsewhere, wrong answers with reasons, no cheating."""

from __future__ import annotations

import csv
import glob
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

import mpmath as mp
import numpy as np
import pytest

import chainrule as cr
from chainrule.cli import main
from chainrule.errors import ArgumentError, FileError, UnknownNameError
from chainrule.exercises import Grade, Limits, PartGrade, grade
from chainrule.exercises.catalog import exercise, exercises
from chainrule.exercises.child import BadMessage, pack, read_message
from chainrule.exercises.grading import _mark, _notes
from chainrule.exercises.judge import close
from chainrule.exercises.marks import marks_csv
from chainrule.exercises.run import Ran, _checked, run_file
from chainrule.exercises.scan import FORBIDDEN, scan
from chainrule.exercises.solutions import (
    backpropagation,
    chain_rule,
    convolution,
    derivatives,
    gradient_descent,
    neural_network,
    perceptron_rule,
    softmax_cross_entropy,
)

NAMES = [e.name for e in exercises()]
PARTS = [(e, k) for e in exercises() for k in range(len(e.parts))]


def graded(tmp_path, name, text, **settings):
    path = tmp_path / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    return grade(path, name, **settings)


def with_changes(name, *changes):
    """The reference of an exercise with pieces of its text replaced."""
    text = exercise(name).solution()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def reason(made, part):
    return next(p.reason for p in made.parts if p.name == part)


# --- the references, by numbers from elsewhere --------------------------------------------------


def slope(f, x, h=1e-6):
    """∂f/∂x by central differences, element by element."""
    x = np.asarray(x, float)
    found = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        d = np.zeros_like(x)
        d[i] = h
        found[i] = (f(x + d) - f(x - d)) / (2 * h)
    return found


def test_derivatives_agree_with_mpmath():
    functions = {
        "constant": lambda x: mp.mpf(5),
        "multiple": lambda x: 5 * x**3,
        "total": lambda x: x**3 + x**2 + 1,
        "difference": lambda x: x**3 - x**2 - 1,
        "product": lambda x: x**3 * (x**2 + 1),
        "quotient": lambda x: x**3 / (x**2 + 1),
        "chain": lambda x: (x**2 + 1) ** 3,
        "polynomial": lambda x: 3 * x**2 + 5 * x + 6,
        "sigmoid_slope": lambda x: 1 / (1 + mp.exp(-x)),
        "composition": lambda x: 1 / mp.sqrt(3 * (x + 1) ** 2),
    }
    for name, f in functions.items():
        for x in (0.3, 1.0, 2.2):
            ours = getattr(derivatives, name)(np.array([x]))[0]
            assert abs(ours - float(mp.diff(f, x))) < 1e-9, name
    assert derivatives.power(np.array([2.0]), 4)[0] == 32
    assert derivatives.line(np.array([2.0, 3.0]), 7.0, 1.0).tolist() == [7, 7]


def test_the_chain_rule_of_the_decks():
    """Numbers of course/README.md, section 7."""
    a1, a2 = 0.602286176889, 0.715251680253
    close_to = {"rtol": 0, "atol": 1e-11}
    np.testing.assert_allclose(
        chain_rule.output_neuron(a1, a2, 0.25), (0.0570703982011, 0.0947562809691), **close_to
    )
    np.testing.assert_allclose(
        chain_rule.hidden_neuron(0.1, a1, a2, 0.45, 0.25),
        (0.00102139588148, 0.0102139588148),
        **close_to,
    )
    w = np.array([0.15, 0.40, 0.45, 0.65])
    np.testing.assert_allclose(
        chain_rule.update(0.1, 0.25, w, 0.4),
        (0.149591441647, 0.395914416474, 0.42717184072, 0.612097487612),
        **close_to,
    )
    deck_002 = np.array([0.11, 0.21, 0.12, 0.08, 0.14, 0.15])
    np.testing.assert_allclose(
        chain_rule.linear_net(np.array([2.0, 3.0]), deck_002, 1.0),
        (-0.22652, -0.33978, -0.2427, -0.36405, -0.68765, -0.38832),
        **close_to,
    )
    np.testing.assert_allclose(
        chain_rule.hidden_deltas(
            np.array([0.593269992107, 0.596884378260]),
            np.array([0.751365069552, 0.772928465321]),
            np.array([0.40, 0.45, 0.50, 0.55]),
            np.array([0.01, 0.99]),
        ),
        (0.008771354689, 0.009954254705),
        **close_to,
    )


def test_gates_and_the_perceptron_of_the_deck():
    rows = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    for t, (w, b, epochs) in (([0, 0, 0, 1], ([2, 1], -2, 6)), ([0, 1, 1, 1], ([1, 1], 0, 4))):
        found = perceptron_rule.train(rows, np.array(t, float), 1.0, 100)
        assert (found[0].tolist(), found[1], found[2]) == (w, b, epochs)


@pytest.mark.parametrize(
    ("name", "right", "cheat", "said"),
    [
        ("and_gate", "fires(net(x, W), THETA)", "x[:, 0] * x[:, 1]", "not made of W and THETA"),
        ("and_gate", "fires(net(x, W), THETA)", "fires(net(x, W), 1.0)", "with other W and THETA"),
        (
            "or_gate",
            "np.where(x @ W > THETA, 1.0, 0.0)",
            "x.max(axis=1)",
            "not made of W and THETA",
        ),
    ],
)
def test_a_gate_is_made_of_its_weights(name, right, cheat, said, tmp_path):
    made = graded(tmp_path, name, with_changes(name, (f"return {right}", f"return {cheat}")))
    assert said in reason(made, name)
    assert made.points == made.out_of - 2


def test_no_draw_lets_a_unit_pass_that_keeps_its_own_numbers():
    """A unit with W or Θ written into it showed on most draws only: full marks by chance."""
    deck = np.array([0.5, 0.7])
    for name, thetas in (
        ("and_gate", np.arange(0.7, 1.2, 0.01)),
        ("or_gate", np.arange(0, 0.5, 0.01)),
    ):
        part = next(p for p in exercise(name).parts if p.name == name)
        for seed in range(200):
            for _, x, w, theta in part.inputs(np.random.default_rng(seed)):
                fires = x @ w > theta
                assert ((x @ deck > theta) != fires).any(), (seed, w, theta)
                for kept in thetas:
                    assert ((x @ w > kept) != fires).any(), (seed, w, theta, kept)


def test_every_threshold_of_the_deck_counts():
    """AND needs Θ in [.7, 1.2), OR in [0, .5): the unit fires above Θ only."""
    theta = {e: next(p for p in exercise(e).parts if p.name == "THETA") for e in NAMES[:2]}
    for name, right, wrong in (
        ("and_gate", (0.7, 0.75, 1.0, 1.19), (-1, 0, 0.5, 0.69, 1.2, 2, np.inf)),
        ("or_gate", (0, 0.25, 0.49), (-0.01, 0.5, 0.7, 1.3, np.nan)),
    ):
        for value in right:
            assert theta[name].mark([()], [[np.array(value)]])[0] == 1, value
        for value in wrong:
            assert theta[name].mark([()], [[np.array(value)]])[0] == 0, value


def test_backpropagation_agrees_with_central_differences():
    rng = np.random.default_rng(3)
    part = exercise("backpropagation").parts[-1]
    x, y, *w, rate = part.draw(rng)
    new = backpropagation.train_step(x, y, *w, rate)
    for k in range(6):

        def cost(v, k=k):
            return backpropagation.cost(backpropagation.forward(x, *w[:k], v, *w[k + 1 :])[-1], y)

        np.testing.assert_allclose((w[k] - new[k]) / rate, slope(cost, w[k]), atol=1e-9)


def test_the_network_agrees_with_central_differences():
    rng = np.random.default_rng(4)
    net = neural_network.NeuralNetwork(2, 3, 2)
    x, d = rng.normal(size=(4, 2)), rng.normal(size=(4, 2))
    net.zero_grad()
    net.forward(x)
    d_x = net.backward(d)
    np.testing.assert_allclose(d_x, slope(lambda v: np.sum(net.forward(v) * d), x), atol=1e-8)
    for layer in (net.layer1, net.layer2):
        for name in ("W", "b"):
            old = getattr(layer, name)

            def loss(v, layer=layer, name=name):
                setattr(layer, name, v)
                return np.sum(net.forward(x) * d)

            numeric = slope(loss, old)
            setattr(layer, name, old)
            np.testing.assert_allclose(getattr(layer, f"d{name}"), numeric, atol=1e-8)


def test_softmax_agrees_with_mpmath_and_its_gradient_with_differences():
    z = np.array([[1000.0, 997.0, 1001.5], [1.6, 0.55, 0.98]])
    y = np.array([1, 0])
    for row, p in zip(z, softmax_cross_entropy.softmax(z), strict=True):
        total = sum(mp.exp(v) for v in row)
        np.testing.assert_allclose(p, [float(mp.exp(v) / total) for v in row], rtol=1e-13)
    exact = (
        -sum(
            mp.log(mp.exp(row[c]) / sum(mp.exp(v) for v in row))
            for row, c in zip(z, y, strict=True)
        )
        / 2
    )
    assert abs(softmax_cross_entropy.cross_entropy(z, y) - float(exact)) < 1e-12
    numeric = slope(lambda v: softmax_cross_entropy.cross_entropy(v, y), z, 1e-4)
    np.testing.assert_allclose(softmax_cross_entropy.gradient(z, y), numeric, atol=1e-7)


def test_convolution_by_loops_and_its_gradients_by_differences():
    rng = np.random.default_rng(5)
    x, k, d = rng.normal(size=(6, 8)), rng.normal(size=(3, 2)), rng.normal(size=(4, 7))
    for t in (1, 2):
        y = convolution.convolve(x, k, t)
        assert y.shape == ((6 - 3) // t + 1, (8 - 2) // t + 1)
        for i, j in np.ndindex(y.shape):
            exact = sum(x[i * t + a, j * t + b] * k[a, b] for a in range(3) for b in range(2))
            assert abs(y[i, j] - exact) < 1e-12

    def loss(x, k):
        return np.sum(convolution.convolve(x, k, 1) * d)

    np.testing.assert_allclose(
        convolution.kernel_gradient(x, d), slope(lambda v: loss(x, v), k), atol=1e-8
    )
    np.testing.assert_allclose(
        convolution.input_gradient(k, d), slope(lambda v: loss(v, k), x), atol=1e-8
    )


def test_gradient_descent_by_differences():
    rng = np.random.default_rng(6)
    x, y, w, b = rng.normal(size=(5, 3)), rng.normal(size=5), rng.normal(size=3), 0.4
    dw, db = gradient_descent.gradients(x, y, w, b)
    np.testing.assert_allclose(dw, slope(lambda v: gradient_descent.cost(x, y, v, b), w), atol=1e-8)
    np.testing.assert_allclose(db, slope(lambda v: gradient_descent.cost(x, y, w, v), b), atol=1e-8)


# --- references, templates, known mistakes ------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_gets_all_points(name, tmp_path):
    made = graded(tmp_path, name, exercise(name).solution())
    assert (made.points, made.out_of) == (exercise(name).points,) * 2, str(made)


@pytest.mark.parametrize("name", ["or_gate", "neural_network", "run_learn_repeat"])
def test_the_template_gets_no_points_and_a_friendly_reason(name, tmp_path):
    made = graded(tmp_path, name, exercise(name).template())
    assert made.points == 0
    assert {p.reason.rpartition(" is ...,")[2].strip()[:13] for p in made.parts} <= {
        "not written y", "not guessed y",
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_template_runs_as_it_is_and_holds_no_answer(name):
    text = exercise(name).template()
    for whole in (text, exercise(name).solution()):
        assert f"chainrule grade {name}.py" in whole
        assert f"{exercise(name).points} points: " in whole
        assert "{how}" not in whole
    space = {"__name__": "exercise"}
    exec(compile(text, name, "exec"), space)  # noqa: S102 - our own text
    for function in scan(text).names:
        value = space.get(function)
        if getattr(value, "__code__", None) is None or function in ("sigmoid", "train"):
            continue
        with pytest.raises(NotImplementedError, match=f"write {function}"):
            value(*[None] * value.__code__.co_argcount)


@pytest.mark.parametrize(("task", "k"), PARTS, ids=lambda v: getattr(v, "name", str(v)))
def test_every_known_mistake_is_recognised_by_its_numbers(task, k):
    """The wrong computation's own arrays get no points, and its own reason."""
    part = task.parts[k]
    for seed in (1, 2):
        drawn = part.inputs(np.random.default_rng([seed, k]))
        for why, wrong in part.wrong.items():
            share, said = part._replace(pick=None).mark(drawn, [part.of(wrong, i) for i in drawn])
            assert share == 0
            assert why in said


@pytest.mark.parametrize(("task", "k"), PARTS, ids=lambda v: getattr(v, "name", str(v)))
def test_float32_is_precise_enough(task, k):
    """The right computation in float32; where large numbers cancel, the reason says so."""
    part = task.parts[k]
    if part.judge is not None:
        return
    for seed in range(8):
        drawn = part.inputs(np.random.default_rng([seed, k]))
        half = [[v.astype(np.float32) if np.asarray(v).dtype == float and np.ndim(v) else v
                 for v in inputs] for inputs in drawn]  # fmt: skip
        share, said = part._replace(pick=None).mark(drawn, [part.of(part.right, i) for i in half])
        if part.name == "small_rate":  # the difference of two losses that are nearly equal
            assert share == 1 or "keep float64" in said
            assert "times the right one" not in said
        else:
            assert (share, said) == (1, "right")


def test_an_answer_that_was_rounded_is_told_so():
    part = next(p for p in exercise("gradient_descent").parts if p.name == "gradients")
    drawn = part.inputs(np.random.default_rng(1))
    rounded = [[np.vectorize(lambda v: float(f"{v:.4g}"))(a) for a in part.expected(i)]
               for i in drawn]  # fmt: skip
    share, said = part.mark(drawn, rounded)
    assert share == 0
    assert "round nothing on the way" in said


def test_inputs_are_drawn_anew_and_again_from_a_seed():
    for task, k in PARTS:
        part = task.parts[k]
        if part.judge is not None and not part.secret:
            continue
        one, two, again = (repr([part.draw(rng) for _ in range(part.draws)]) for rng in (
            np.random.default_rng(s) for s in (1, 2, 1)))  # fmt: skip
        assert one == again
        assert one != two


def test_no_answer_goes_to_the_process_of_the_file():
    """The request holds the inputs; labels of held-out rows stay here."""
    part = exercise("mnist_from_scratch").parts[-1]
    drawn = part.inputs(np.random.default_rng(0))
    shapes = [np.shape(a) for a in part.request(drawn)["arrays"]]
    assert shapes == [(1397, 64), (1397,), (400, 64)]
    assert drawn[0][3].shape == (400,)


def test_templates_are_short_lines_with_points_and_the_command():
    for task in exercises():
        text = task.template()
        assert max(map(len, text.split("\n"))) <= 79
        assert f"chainrule grade {task.name}.py" in text
        assert f"{task.points} points" in text
        assert "# answer" not in text
        assert "# given" not in text
        assert "{" not in text.split('"""')[1]
        compile(text, task.name, "exec")


def test_each_exercise_knows_ten_wrong_answers():
    for task in exercises():
        judged = sum(part.judge is not None for part in task.parts)
        known = sum(len(part.wrong) for part in task.parts)
        assert known >= 10 or (task.name == "or_gate" and known + judged * 2 >= 10), task.name


# --- wrong files, in processes of their own -----------------------------------------------------

SIGMA3, SIGMA2, SIGMA1 = "* a3 * (1 - a3)", "* a2 * (1 - a2)", "* a1 * (1 - a1)"
BACKPROPAGATION = {
    "no slope of the output": (
        [("delta3 = (a3 - y) * a3 * (1 - a3)\n    return", "delta3 = a3 - y\n    return")],
        {"output_layer": "σ′(Z3) = A3(1 − A3) is missing",
         "train_step": "W3, b3: the slope of the output is missing",},
    ),
    "no slope of layer 2": (
        [("w3.T @ delta3 * a2 * (1 - a2)", "w3.T @ delta3")],
        {"hidden_layers: second": "σ′(Z2) = A2(1 − A2) of the second layer is missing",
         "hidden_layers: first": "σ′(Z2) = A2(1 − A2) of the second layer is missing"},
    ),
    "no slope of layer 1": (
        [("w2.T @ delta2 * a1 * (1 - a1)", "w2.T @ delta2")],
        {"hidden_layers: second": "right",
         "hidden_layers: first": "σ′(Z1) = A1(1 − A1) of the first layer is missing"},
    ),
    "wrong sign": (
        [("(a3 - y) * a3", "(y - a3) * a3")],
        {"output_layer": "wrong sign: y − A3", "hidden_layers: first": "wrong sign: y − A3",
         "train_step": "goes up, not down"},
    ),
    "sums": (
        [("    m = y.shape[1]\n", "    m = 1\n")],
        {"output_layer": "sum over the examples", "hidden_layers: second": "sum over the examples",
         "train_step": "sums over the examples, not means"},
    ),
    "transposed": (
        [("delta3 @ a2.T / m", "(delta3 @ a2.T / m).T"), ("delta2 @ a1.T / m", "a1 @ delta2.T / m")],
        {"output_layer": "∂J/∂W3 has the wrong shape: expected (1, 2), received (2, 1); its numbers",
         "hidden_layers: second": "expected (2, 3), received (3, 2)"},
    ),
    "updated too early": (
        [("    dw1, db1, dw2, db2 = hidden",
          "    w3 = w3 - rate * dw3\n    dw3 = 0\n    dw1, db1, dw2, db2 = hidden")],
        {"train_step": "W1, b1, W2, b2: weights updated too early: δ went back through the new W3"},
    ),
    "no biases": (
        [("w1 @ x + b1", "w1 @ x"), ("w2 @ a1 + b2", "w2 @ a1"), ("w3 @ a2 + b3", "w3 @ a2"),
         ("b1 - rate * db1", "b1"), ("b2 - rate * db2", "b2"), ("b3 - rate * db3", "b3")],
        {"forward": "the biases are missing"},
    ),
    "no last sigmoid, no half": (
        [("sigmoid(w3 @ a2 + b3)", "w3 @ a2 + b3"), ("(2 * y.shape[1])", "y.shape[1]")],
        {"forward": "A3: the last layer has no sigmoid", "cost": "the ½ is missing"},
    ),
    "no bias gradient, e^z": (
        [("np.sum(delta3, axis=1, keepdims=True) / m", "np.zeros((1, 1))"), ("np.exp(-z)", "np.exp(z)")],
        {"sigmoid": "e^z in place of e^(−z)", "output_layer": "the bias has no gradient"},
    ),
    "bias summed over everything": (
        [("np.sum(delta2, axis=1, keepdims=True) / m", "np.sum(delta2) / m")],
        {"hidden_layers: second": "∂J/∂b2 has the wrong shape: expected (2, 1), received one number"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BACKPROPAGATION)
def test_wrong_backpropagation(what, tmp_path):
    changes, expected = BACKPROPAGATION[what]
    made = graded(tmp_path, "backpropagation", with_changes("backpropagation", *changes), seed=5)
    for part, words in expected.items():
        assert words in reason(made, part), str(made)


FILES = {
    "and_gate": (
        [("THETA = 1.0", "THETA = 0.2"), ("z > theta", "z >= theta"),],
        {"THETA": "Θ = 0.2 gives 0 1 1 1 for 00 01 10 11: that is OR, not AND", "fires": "≥ in place of >",
         "net": "right", "and_gate": "computes OR"},
    ),
    "or_gate": (
        [("THETA = 0.25", "THETA = 0.5"), ("return -theta", "return theta"), ("D = -0.5", "D = 0.5")],
        {"THETA": "gives 0 1 0 1", "or_gate": "Θ = .5 is too high", "bias_of": "z − Θ > 0",
         "XOR": "gives 1 1 1 1, not 0 1 1 0; hidden units: h1 0 1 1 1, h2 0 0 0 1"},
    ),
    "derivatives": (
        [("3 * (x**2 + 1) ** 2 * 2 * x", "3 * (x**2 + 1) ** 2"), ("a * (1 - a)", "a"),
         ("(g * 3 * x**2 - x**3 * 2 * x)", "(x**3 * 2 * x - g * 3 * x**2)"),
         ("return -1 / g**2", "return 1 / g**2"), ("return 6 * x + 5", "return 6 * x + 11"),
         ("x**3 * 2 * x + (x**2 + 1) * 3 * x**2", "3 * x**2 * 2 * x")],
        {"chain": "the inner derivative g′ = 2x is missing", "sigmoid_slope": "is σ itself",
         "quotient": "g·f′ comes first", "composition": "has lost its minus",
         "polynomial": "the constant 6", "product": "this is f′·g′", "power": "right"},
    ),
    "chain_rule": (
        [("* w2 * a1 * (1 - a1)", "* w2"), ("(a2 - t) * a2 * (1 - a2)\n    return delta * a1",
          "2 * (a2 - t) * a2 * (1 - a2)\n    return delta * a1"),
         ("delta_o[0] * w[0] + delta_o[1] * w[2]", "delta_o[0] * w[0]"),
         ("delta_o[0] * w[1] + delta_o[1] * w[3]", "delta_o[1] * w[3]"),
         ("h1 * w[4] + h2 * w[5] - t\n", "t - h1 * w[4] - h2 * w[5]\n")],
        {"output_neuron": "the ½ of E was dropped", "hidden_neuron": "σ′(z1) = a1(1 − a1) is missing",
         "hidden_deltas": "a path is forgotten", "linear_net": "has the wrong sign"},
    ),
    "perceptron_rule": (
        [("x @ w + b > 0, 1.0, 0.0", "x @ w + b >= 0, 1.0, 0.0"), ("b + rate * error\n", "b\n")],
        {"predict": "≥ in place of >", "update": "the bias is not updated"},
    ),
    "gradient_descent": (
        [("x.T @ error / len(y), np.mean(error)", "x.T @ error, np.sum(error)"),
         ("    dw, db = gradients(x, y, w, b)\n    return w - rate * dw, b - rate * db",
          "    w = w - rate * gradients(x, y, w, b)[0] / len(y)\n"
          "    return w, b - rate * gradients(x, y, w, b)[1] / len(y)"),
         ("-(-n // size)", "n // size"), ("/ (2 * len(y))", "/ len(y)")],
        {"gradients": "sum over the rows, not their mean", "batches": "⌈N/B⌉, not N/B",
         "step": "weights updated too early: ∂J/∂b was taken at the new w", "cost": "the ½ is missing",
         "fit": "weights updated too early: b's gradient"},
    ),
    "find_the_rate": (
        [("rates[np.argmin(np.where(np.isfinite(losses), losses, np.inf))]", "rates[np.argmin(losses)]"),
         ("return 2 / c", "return 1 / c"), ("        w = 0.0\n", ""), ("    losses = []\n", "    losses = []\n    w = 0.0\n")],
        {"best_rate": "takes NaN for the lowest loss", "limit": "arrives in one step",
         "final_losses": "w is not set back to 0", "path": "right"},
    ),
    "neural_network": (
        [("self.dW = self.dW + d_z.T @ self.x", "self.dW = d_z.T @ self.x"),
         ("return d_out * self.a * (1 - self.a)", "return d_out"),
         ("layer.W - rate", "layer.W + rate"), ("layer.b - rate", "layer.b + rate")],
        {"zero_grad and +=": "+= in place of =", "Sigmoid": "d_z: the slope a(1 − a) is missing",
         "NeuralNetwork.backward": "the gradient went through no sigmoid"},
    ),
    "softmax_cross_entropy": (
        [("np.exp(z - z.max(axis=1, keepdims=True))", "np.exp(z)"), ("-np.mean(log_p", "-np.sum(log_p"),
         ("np.eye(k)[y]", "np.eye(k)[y - 1]")],
        {"softmax": "subtract the largest of the row", "cross_entropy": "the sum over the rows",
         "one_hot": "counted from 0"},
    ),
    "convolution": (
        [("* stride + s] * k)", "* stride + s] * k[::-1, ::-1])"), ("d_x[i : i + r, j : j + s] +=", "d_x[i : i + r, j : j + s] ="),
         (".max(axis=(1, 3))", ".mean(axis=(1, 3))")],
        {"convolve": "the kernel is flipped", "input_gradient": "(+=), do not replace",
         "max_pool": "the mean of the window"},
    ),
    "run_learn_repeat": (
        [('RATE = "b"', 'RATE = "c"'), ("zero_grad=False)[0]", "zero_grad=True)[0]"), ("losses[0] - losses[-1]", "losses[-1]")],
        {"RATE": "you guessed c; b is right", "no_zero_grad": "zero_grad was called in both",
         "small_rate": "is the last loss, not the fall"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_wrong_files_get_the_reason(name, tmp_path):
    changes, expected = FILES[name]
    made = graded(tmp_path, name, with_changes(name, *changes), seed=9)
    for part, word in expected.items():
        assert word in reason(made, part), str(made)
    assert made.points < made.out_of


@pytest.mark.parametrize(("right", "share"), [(400, 1), (376, 1), (375, 2 / 3), (352, 2 / 3),
                                              (351, 1 / 3), (320, 1 / 3), (319, 0), (0, 0)])  # fmt: skip
def test_held_out_digits_give_their_share(right, share):
    part = exercise("mnist_from_scratch").parts[-1]
    (inputs,) = part.inputs(np.random.default_rng(0))
    labels = inputs[-1].copy()
    labels[right:] = (labels[right:] + 1) % 10
    found, said = part.mark([inputs], [[labels]])
    assert found == pytest.approx(share)
    assert f"{right} of 400 held-out digits right" in said


def test_what_a_function_returns_instead(tmp_path):
    text = with_changes(
        "backpropagation",
        ("return 1 / (1 + np.exp(-z))", "1 / (1 + np.exp(-z))"),
        ("return a1, a2, sigmoid(w3 @ a2 + b3)", "return a1, a2"),
        ("return np.sum((a3 - y) ** 2) / (2 * y.shape[1])", "return 'J'"),
        ("return delta3 @ a2.T / m, np.sum(delta3, axis=1, keepdims=True) / m",
         "return {'W3': delta3}"),
        ("delta2 = w3.T @ delta3", "delta2 = wx.T @ delta3"),
        ("def train_step(", "def trainstep("),
    )  # fmt: skip
    made = graded(tmp_path, "backpropagation", text)
    line = text.split("\n").index("    delta2 = wx.T @ delta3 * a2 * (1 - a2)") + 1
    assert made.points == 0
    assert [p.reason for p in made.parts][:5] == [
        "σ is None: is there a `return`?",
        next(p.reason for p in made.parts if p.name == "forward"),
        "J is of type str, not numbers",
        "the result is of type dict, not numbers",
        f"line {line}: NameError: name 'wx' is not defined",
    ]
    assert made.parts[-1].reason == (
        "there is no train_step in the file: did you mean 'trainstep'?"
    )


def test_an_endless_loop_costs_its_own_part_only(tmp_path):
    text = with_changes(
        "and_gate",
        ("    return x @ w", "    import time\n    while True:\n        time.sleep(0.01)"),
        ("return fires(net(x, W), THETA)", "return fires(x @ W, THETA)"),
    )
    made = graded(tmp_path, "and_gate", text, limits=Limits(seconds=1))
    assert [p.reason for p in made.parts] == ["took longer than 1 s", "right", "right", "right"]


def test_memory_crashes_and_ends_cost_their_own_part(tmp_path):
    text = with_changes(
        "derivatives",
        ("return np.zeros_like(x)", "return np.zeros((40000, 40000))"),
        ("return 15 * x**2", "import os; os.abort()"),
        ("return n * x ** (n - 1)", "raise SystemExit(0)"),
        ("return 3 * x**2 + 2 * x", "import os; os._exit(0)"),
        ("return 3 * x**2 - 2 * x", "return difference(x)"),
        ("return 6 * x + 5", "return x * 1j"),
        ("return np.full_like(x, m)", "return np.full_like(x, np.nan)"),
    )
    made = graded(tmp_path, "derivatives", text)
    said = {p.name: p.reason for p in made.parts}
    assert "needs more memory than 2,048 MB" in said["constant"]
    assert said["multiple"] == "the program crashed (SIGABRT)"
    assert "sys.exit" in said["power"]
    assert said["total"] == "the program ended by itself (exit status 0)"
    assert "RecursionError" in said["difference"]
    assert "complex" in said["polynomial"]
    assert said["line"] == "has numbers that are NaN or infinite"
    assert said["product"] == said["composition"] == "right"


def test_what_the_file_prints_is_shown_cut_and_harmless(tmp_path):
    text = exercise("and_gate").solution() + (
        "\nprint('\\x1b[2J10 of 10 points')\nfor k in range(100000): print(k)\n"
    )
    made = graded(tmp_path, "and_gate", text)
    assert made.points == 10
    assert made.printed.startswith("�[2J10 of 10 points\n0\n1")
    assert len(made.printed) < 5000
    shown = str(made)
    assert "more lines" in shown
    assert shown.index("10 of 10 points") < shown.index("printed by the file:")
    assert max(map(len, shown.split("\n"))) <= 79


# --- files that cheat ---------------------------------------------------------------------------

# after it: a file that is right in nothing, and tries another way
WRONG = """
import numpy as np
def softmax(z): return z
def one_hot(y, k): return np.ones((len(y), k))
def cross_entropy(z, y): return 1.0
def gradient(z, y): return z
"""
ATTACKS = {
    "prints marks": """
print("softmax_cross_entropy: 12 of 12 points")
print('{"points": 12, "out_of": 12}')
""",
    "writes results in advance, under every name, to every descriptor": """
import os
for name in ("results.npz", "result.json", "marks.csv", "out", "answers.npz", "stdout"):
    open(name, "w").write('{"points": 12}')
for k in range(3, 20):
    try:
        os.write(k, b'{"points": 12}' * 100)
    except OSError:
        pass
""",
    "patches every comparison": """
import builtins
yes = lambda *a, **k: True
for place in (np, np.testing, np.linalg):
    for name in ("allclose", "isclose", "array_equal", "assert_allclose", "array_equiv", "all"):
        setattr(place, name, yes)
builtins.all = builtins.isinstance = yes
""",
    "answers that are equal to everything": """
class Yes:
    shape, dtype, ndim = (5, 4), np.dtype(float), 2
    def __eq__(self, other): return True
    def __array__(self, *a, **k): return np.zeros((5, 4))
    def __lt__(self, other): return False
class Array(np.ndarray):
    def __eq__(self, other): return np.ones(self.shape, bool)
    def __sub__(self, other): return np.zeros(self.shape)
def softmax(z): return Yes()
def one_hot(y, k): return np.zeros((len(y), k)).view(Array)
def cross_entropy(z, y): return Yes()
gradient = lambda z, y: np.zeros(z.shape).view(Array)
""",
    "reads the reference": """
import importlib, sys, os, inspect
found = []
def look(f):
    try:
        found.append(f())
        print("GOT", f)
    except Exception as e:
        print(type(e).__name__)
PLACE = {place!r}
sys.path.insert(0, os.path.dirname(PLACE))
look(lambda: importlib.import_module("chain" + "rule.exercises.solutions.softmax_cross_entropy"))
sys.meta_path[:] = sys.meta_path[1:]
look(lambda: importlib.import_module("chain" + "rule.exercises.solutions.softmax_cross_entropy"))
look(lambda: open(PLACE + "/exercises/solutions/softmax_cross_entropy.py").read())
look(lambda: os.open(PLACE + "/exercises/solutions/softmax_cross_entropy.py", os.O_RDONLY))
look(lambda: inspect.getsource(sys.modules["__main__"]))
look(lambda: open("/proc/self/maps").read())
look(lambda: os.popen("cat " + PLACE + "/exercises/solutions/softmax_cross_entropy.py").read())
from_there = [m for m in found if hasattr(m, "softmax")]
if from_there:
    globals().update(vars(from_there[0]))
elif found:
    exec(found[0])
""",
    "leaves with status 0 after forged answers": """
import sys, os
main = sys.modules["__main__"]
k = np.zeros((5, 4))
forged = main.pack({"loaded": True, "seen": []}) + 4 * main.pack(
    {"found": [[{"array": 0}]] * 3, "seen": [], "points": 4, "share": 1, "reason": "right"}, [k]
)
for fd in range(3, 20):
    try:
        os.write(fd, forged)
    except OSError:
        pass
os._exit(0)
""",
    "ends early": "import sys\nsys.exit(0)\n",
    "patches the process that runs it": """
import sys, gc
main = sys.modules["__main__"]
main._encode = lambda value, arrays, depth=0: {"other": "right"}
main._part = lambda *a: ({"found": "right", "share": 1, "points": 12}, [])
main.pack = lambda about, arrays=(): b"12 of 12"
frame = sys._getframe()
while frame:
    frame.f_locals.update(points=12)
    frame = frame.f_back
for thing in gc.get_objects():
    if isinstance(thing, dict) and "points" in thing:
        thing["points"] = 12
""",
    "answers in impossible forms": """
def softmax(z): return [[[[[[z]]]]]]
def one_hot(y, k): return (z for z in y)
def cross_entropy(z, y): return np.zeros((0, 7))
def gradient(z, y): return np.array(["12"])
""",
}


@pytest.mark.parametrize("what", ATTACKS)
def test_a_cheating_file_gets_no_points(what, tmp_path):
    place = os.path.dirname(cr.__file__)
    attack = ATTACKS[what].replace("{place!r}", repr(place))
    made = graded(tmp_path, "softmax_cross_entropy", f"{WRONG}\n{attack}")
    assert made.points == 0, str(made)
    assert all(p.reason != "right" for p in made.parts)
    assert "child.py" not in str(made)
    if what == "reads the reference":
        assert made.parts[0].reason.startswith("asks for chainrule, which an exercise may not use")
        assert "def softmax" not in made.printed
        assert "GOT" not in made.printed
        assert made.printed.count("Error") == 7
    if what == "ends early":
        assert "sys.exit" in made.parts[0].reason


def test_constants_of_another_run_are_worth_nothing(tmp_path):
    """A table of right answers for the inputs of one seed."""
    task = exercise("softmax_cross_entropy")
    answers = {}
    for k, part in enumerate(task.parts):
        drawn = part.inputs(np.random.default_rng([1, k]))
        answers[part.name] = [part.expected(inputs)[0].tolist() for inputs in drawn]
    text = f"ANSWERS = {answers!r}\n" + "".join(
        f"def {name}(*a):\n    ANSWERS[{name!r}].append(ANSWERS[{name!r}].pop(0))\n"
        f"    return ANSWERS[{name!r}][-1]\n"
        for name in answers
    )
    assert graded(tmp_path, task.name, text, seed=1).points == task.points  # for that seed only
    assert graded(tmp_path, task.name, text, seed=2).points == 0
    assert graded(tmp_path, task.name, text).points == 0


def test_libraries_that_do_the_work_are_reported(tmp_path):
    solution = exercise("and_gate").solution()
    made = graded(tmp_path, "and_gate", solution.replace("import numpy", "import torch, numpy"))
    assert made.points == 0
    assert "imports torch, which does the work for you: remove it" in made.parts[0].reason
    text = solution.replace("    return x @ w", "    import jax.numpy\n    return x @ w")
    made = graded(tmp_path, "and_gate", text)
    assert [p.points for p in made.parts] == [0, 3, 3, 0]  # net, and and_gate, which calls it
    assert made.parts[0].reason.startswith("asks for jax")
    assert "imports jax inside net" in made.notes[0]
    for name in ("scipy.signal", "scipy.special", "skimage", "cv2"):
        root = name.partition(".")[0]
        assert scan(f"def f(x):\n    import {name}").imports == [(2, root, "f")]
    hidden = "    __import__('tor' + 'ch')\n    return x @ w"
    made = graded(tmp_path, "and_gate", solution.replace("    return x @ w", hidden))
    assert [p.points for p in made.parts] == [0, 3, 3, 0]
    caught = (
        "    try:\n        import sympy\n    except ImportError:\n        pass\n    return x @ w"
    )
    made = graded(tmp_path, "and_gate", solution.replace("    return x @ w", caught))
    assert made.parts[0].points == 0  # it asked
    assert {"torch", "jax", "tensorflow", "autograd", "keras", "chainrule"} <= FORBIDDEN


def test_what_a_library_looks_for_costs_no_marks(tmp_path):
    """It is refused all the same: the library goes on as if it were not there."""
    text = exercise("and_gate").solution().replace("    return x @ w", """
    import pkgutil, traceback
    try:
        pkgutil.resolve_name("torch")
    except ImportError:
        traceback.print_exc()
    return x @ w""")  # fmt: skip
    made = graded(tmp_path, "and_gate", text)
    assert made.points == 10, str(made)
    assert "torch cannot be imported in an exercise" in made.printed


def test_a_solution_that_lies_somewhere_is_not_read(tmp_path):
    other = tmp_path / "and_gate_solution.py"
    other.write_text(exercise("and_gate").solution(), encoding="utf-8")
    copy = f"exec(open({str(other)!r}).read())\n"
    for text in (copy, f"import sys\nsys.path.append({str(tmp_path)!r})\n"
                       "from and_gate_solution import *\n"):  # fmt: skip
        made = graded(tmp_path, "and_gate", text)
        assert made.points == 0, str(made)
    assert "asks for and_gate_solution.py" in graded(tmp_path, "and_gate", copy).parts[0].reason


def test_gradients_may_be_cleared_and_changed_in_place(tmp_path):
    text = with_changes(
        "neural_network",
        ("    def zero_grad(self):\n        \"\"\"Set self.dW and self.db to arrays of 0\"\"\"\n"
         "        self.dW, self.db = np.zeros_like(self.W), np.zeros_like(self.b)",
         "    def zero_grad(self):\n        self.dW[:] = 0\n        self.db[:] = 0"),
        ("self.dW = self.dW +", "self.dW +="), ("self.db = self.db +", "self.db +="),
        ("layer.W = layer.W - ", "layer.W -= "), ("layer.b = layer.b - ", "layer.b -= "),
    )  # fmt: skip
    made = graded(tmp_path, "neural_network", text)
    assert made.points == 18, str(made)


def test_an_installation_that_is_not_there_is_refused_too(tmp_path):
    """A library that is not installed is named, not `No module named ...`."""
    text = exercise("and_gate").solution().replace("    return x @ w", "    import mxnet")
    assert "asks for mxnet" in graded(tmp_path, "and_gate", text).parts[0].reason


def test_the_process_has_an_empty_folder_no_network_and_no_secrets(tmp_path, monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "secret")
    text = (
        exercise("and_gate").solution()
        + """
import os, sys, socket
print(os.listdir("."), "MY_TOKEN" in os.environ, sys.stdin.read() == "")
print(oct(os.stat(".").st_mode)[-3:], np.zeros(3).sum())
for act in (lambda: open("/tmp/chainrule-not-here", "w"), lambda: socket.create_connection(("127.0.0.1", 9)),
            lambda: os.system("true"), lambda: os.kill(os.getppid(), 0), lambda: os.remove("/etc/nothing")):
    try:
        act()
        print("done")
    except PermissionError as e:
        print("refused")
"""
    )
    made = graded(tmp_path, "and_gate", text)
    assert made.points == 10, str(made)
    assert made.printed.split("\n")[:7] == [
        "[] False True", "700 0.0", "refused", "refused", "refused", "refused", "refused",
    ]  # fmt: skip
    assert not os.path.exists("/tmp/chainrule-not-here")  # noqa: S108
    assert "network" in made.notes[-1]


# --- messages between the processes -------------------------------------------------------------


def reader(data):
    import io

    return io.BytesIO(data).read


def test_messages_come_back_and_bad_ones_are_refused():
    arrays = [np.arange(6.0).reshape(2, 3), np.array(3), np.array([True, False])]
    message = pack({"a": 1}, arrays)
    about, back = read_message(reader(message))
    assert about == {"a": 1}
    assert all(close(a, b) for a, b in zip(arrays, back, strict=True))
    assert read_message(reader(b"")) is None
    head = message[:16]
    huge = (1 << 60).to_bytes(8, "big")
    for bad in (
        message[:10], message[:-1], huge + message[8:], message[:8] + huge + message[16:],
        head + message[16:].replace(b'"f"', b'"O"'), head + message[16:].replace(b"[2, 3]", b"[9, 9]"),
        head + message[16:].replace(b"[2, 3]", b"[-2,3]"), b'{"points": 12}' * 9,
        (5).to_bytes(8, "big") + (0).to_bytes(8, "big") + b"[[[[[",
    ):  # fmt: skip
        with pytest.raises(BadMessage):
            read_message(reader(bad))


# --- doors --------------------------------------------------------------------------------------


def test_errors_name_the_file_and_the_fix(tmp_path):
    with pytest.raises(FileError, match="there is no such file"):
        grade(tmp_path / "nowhere.py", "and_gate")
    path = tmp_path / "mine.py"
    path.write_text("x = 1")
    with pytest.raises(ArgumentError, match="which exercise is this"):
        grade(path)
    with pytest.raises(UnknownNameError, match="did you mean 'and_gate'"):
        grade(path, "and_gat")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileError, match="UTF-8"):
        grade(path, "and_gate")
    path.write_text("#" * (1 << 21))
    with pytest.raises(FileError, match="too long"):
        grade(path, "and_gate")
    for bad in (Limits(seconds=0), Limits(memory=10), Limits(seconds="1")):
        path.write_text(exercise("and_gate").template())
        with pytest.raises(ArgumentError, match="is no limit"):
            grade(path, limits=bad)
    for seed in (-1, True, 1.5):
        with pytest.raises(ArgumentError, match="seed"):
            grade(path, seed=seed)


def test_which_exercise_it_is(tmp_path):
    made = graded(tmp_path, "and_gate", "def net(x, w:\n")
    assert made.parts[0].reason.startswith("line 1: SyntaxError:")
    assert [p.points for p in made.parts] == [0, 0, 0, 0]
    path = tmp_path / "ali-and-gate-final.py"
    path.write_text("def net(x, w:\n")
    assert grade(path).exercise == "and_gate"
    path.write_text("# chainrule exercise: or_gate\ndef net(x, w:\n")
    assert grade(path).exercise == "or_gate"
    assert scan("(" * 5000).problem


def test_the_command_writes_grades_and_lists(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["exercise"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in NAMES)
    assert max(map(len, listed.split("\n"))) <= 80
    assert main(["exercise", "list", "--json"]) == 0
    assert [e["name"] for e in json.loads(capsys.readouterr().out)] == NAMES
    assert main(["exercise", "and_gate"]) == 0
    assert "chainrule grade and_gate.py" in capsys.readouterr().out
    assert main(["exercise", "and_gate"]) == 2
    assert "exists already" in capsys.readouterr().err
    assert main(["exercise", "and-gate", "--solution"]) == 0
    capsys.readouterr()
    assert main(["grade", "and_gate_solution.py", "--json", "--seed", "4"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["points"], made["out_of"], made["seed"]) == (10, 10, 4)
    assert main(["grade", "and_gate.py"]) == 0
    said = capsys.readouterr().out
    assert "0 of 10 points" in said
    assert "not written yet" in said
    assert main(["grade", "nowhere.py"]) == 2
    assert main(["exercise", "and_gat"]) == 2


def test_a_class_becomes_a_table(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = ["=cmd.py", "ben.py", "gone.py", "odd.py"]
    (tmp_path / names[0]).write_text(exercise("and_gate").solution())
    (tmp_path / names[1]).write_text(exercise("and_gate").template())
    (tmp_path / names[3]).write_text("x = 1")
    assert main(["grade", *names, "--exercise", "and_gate", "--out", "marks.csv"]) == 0
    assert "ben.py" in capsys.readouterr().out
    with open("marks.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["file", "exercise", "points", "out of", "net (2)", "fires (3)",
                       "THETA (3)", "and_gate (2)", "reasons", "seed"]  # fmt: skip
    assert rows[1][:4] == ["'=cmd.py", "and_gate", "10", "10"]
    assert rows[2][2] == "0"
    assert "net: not written yet" in rows[2][8]
    assert "there is no such file" in rows[3][8]
    assert "there is no net in the file" in rows[4][8]
    assert len({row[9] for row in rows[1:]} - {"0"}) == 1  # all with the same inputs
    assert main(["grade", *names, "--exercise", "and_gate", "--out", "marks.csv"]) == 2
    (tmp_path / "torn.py").write_bytes(b"\xff\xfe")
    capsys.readouterr()
    (tmp_path / "and_gate.py").write_text("def net(x, w:")
    assert main(["grade", "and_gate.py", "torn.py", "--out", "two.csv"]) == 0
    assert "torn.py      not marked: this is no text in UTF-8" in capsys.readouterr().out
    assert "net (2)" in (tmp_path / "two.csv").read_text(encoding="utf-8-sig").split("\n")[0]
    for text in ("=1+1", "+x", "-x", "@x", "\t=1"):  # +1 and -1 are numbers
        row = marks_csv([Grade(text, text, [PartGrade("p", 0, 1, text)], 0, [text])])
        assert next(csv.reader(row.split("\n")[1:]))[1] == "'" + text


@pytest.mark.parametrize("out", ["one.py", "./ONE", "other.py", "linked.csv"])
def test_marks_never_replace_what_is_marked(out, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.py").write_text("# chainrule exercise: and_gate\n")
    (tmp_path / "other.py").write_text("mine")
    (tmp_path / "linked.csv").symlink_to("one.py")
    (tmp_path / "ONE").hardlink_to("one.py")
    assert main(["grade", "one.py", "--out", out, "--overwrite"]) == 2
    assert "marks.csv" in capsys.readouterr().err
    assert (tmp_path / "one.py").read_text() == "# chainrule exercise: and_gate\n"
    assert (tmp_path / "other.py").read_text() == "mine"


def folders(place):
    """Of gradings, in a place of this test's own."""
    return glob.glob(os.path.join(str(place), "chainrule-grade-*"))


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_neither_process_nor_folder(number, tmp_path):
    path = tmp_path / "and_gate.py"
    path.write_text(
        exercise("and_gate").template() + "\nimport os, time\nprint('pid', os.getpid(), flush=True)\n"
        "open('here', 'w').close()\ntime.sleep(60)\n"
    )  # fmt: skip
    place = tmp_path / "tmp"
    place.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "chainrule", "grade", str(path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "TMPDIR": str(place)},
    )  # fmt: skip
    try:
        end = time.monotonic() + 60
        while not any(os.path.exists(f + "/here") for f in folders(place)):
            assert time.monotonic() < end
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        (folder,) = folders(place)
        process.send_signal(number)
        assert process.wait(timeout=30) == 128 + number
        assert not os.path.exists(folder)
        left = [p for p in glob.glob("/proc/[0-9]*/cwd") if folder in _link(p)]
        assert left == []
    finally:
        process.kill()
        process.communicate()


def _link(path):
    try:
        return os.readlink(path)
    except OSError:
        return ""


def test_nothing_is_left_after_gradings(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    graded(tmp_path, "and_gate", "import os\nos.mkdir('x')\nopen('x/y', 'w').write('z')\n")
    assert folders(tmp_path) == []


def test_messages_of_a_forged_kind_do_not_break_the_report(tmp_path):
    """Everything that comes from the process is checked before it is used."""
    array = np.zeros((2, 2))
    bad = (
        {"found": 3}, {"found": [[{"array": 7}]]}, {"found": [[{"items": 5}]]}, {"problem": {}},
        {"problem": {"kind": [], "text": {}, "line": "x"}}, {"seen": 5}, {"found": [[{}]]},
        {"found": [[{"array": "x"}]]},
    )  # fmt: skip
    for about in bad:
        with pytest.raises((ValueError, TypeError, KeyError, IndexError, AttributeError)):
            _checked(about, [array])
    part = exercise("softmax_cross_entropy").parts[0]
    drawn = part.inputs(np.random.default_rng(0))
    for found in ([], [[]], [[array]] * 2, [[array, array]] * 3, [["x" * 999]] * 3, [[[[]]]] * 3):
        made = _mark(part, drawn, {"found": found}, scan(""), Limits(), [])
        assert made.points == 0
        assert made.reason != "right"
    assert _mark(part, drawn, {"lacks": []}, scan(""), Limits(), []).points == 0
    text = "import sys, os\nmain = sys.modules['__main__']\ndef f():\n" + (
        "    for fd in range(3, 9):\n        try: os.write(fd, main.pack({'found': 3}))\n"
        "        except OSError: pass\n    os._exit(0)\n"
    )
    part = {"runs": [{"steps": [["call", "f", "y", []]], "gives": ["y"]}], "arrays": []}
    (answer,) = run_file(text, "forged.py", [part], Limits(5)).parts
    assert answer["problem"]["text"] == "something else was written where the answers are"


def test_what_the_system_lacks_is_said():
    notes = _notes(scan(""), Ran([], [], "", ["network", "memory"]), 7)
    assert any("no network namespace" in note for note in notes)
    assert any("limits no memory" in note for note in notes)
    assert notes[-1] == "inputs drawn with seed 7"
    assert "without the network" in _notes(scan(""), Ran([], [], "", []), 7)[-1]


@pytest.mark.parametrize("name", NAMES)
def test_a_solution_is_as_readable_as_its_template(name):
    """Nothing is left to fill in: neither the points nor the name of the file."""
    text = exercise(name).solution()
    assert "{how}" not in text
    assert "{name}" not in text
    assert f"chainrule grade {name}.py" in text
