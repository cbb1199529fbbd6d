"""`explain`: the decks' worked examples to twelve digits, and that nothing of a model changes."""

import re
import runpy
import subprocess
import sys
import time
import zlib
from fractions import Fraction
from pathlib import Path

import mpmath
import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ArgumentError, StateError
from chainrule.explanation import explain_deck
from chainrule.explanation.digits import Digits
from chainrule.explanation.formula import Style
from chainrule.explanation.steps import PARTS, Cell, Line, Table

L = cr.layers
mpmath.mp.dps = 40


def sigmoid(z):
    return 1 / (1 + mpmath.exp(-z))


def m(text):
    return mpmath.mpf(text)


def deck_001():
    """x .1, w1 .15, b1 .40, w2 .45, b2 .65, T .25, η .4."""
    x, w1, b1, w2, b2, T, eta = map(m, (".1", ".15", ".4", ".45", ".65", ".25", ".4"))
    z1 = w1 * x + b1
    a1 = sigmoid(z1)
    z2 = w2 * a1 + b2
    a2 = sigmoid(z2)
    E = (T - a2) ** 2 / 2
    d2 = (a2 - T) * a2 * (1 - a2)
    d1 = d2 * w2 * a1 * (1 - a1)
    g = {"w1": d1 * x, "b1": d1, "w2": d2 * a1, "b2": d2}
    old = {"w1": w1, "b1": b1, "w2": w2, "b2": b2}
    found = {"z1": z1, "a1": a1, "z2": z2, "a2": a2, "E": E, "δ2": d2, "δ1": d1}
    return found, g, {n: old[n] - eta * g[n] for n in g}


def deck_002():
    i = [m(2), m(3)]
    w = [m(v) for v in (".11", ".21", ".12", ".08", ".14", ".15")]
    h1, h2 = w[0] * i[0] + w[1] * i[1], w[2] * i[0] + w[3] * i[1]
    pred = w[4] * h1 + w[5] * h2
    d = pred - 1
    g = [d * w[4] * i[0], d * w[4] * i[1], d * w[5] * i[0], d * w[5] * i[1], d * h1, d * h2]
    names = [f"w{k}" for k in range(1, 7)]
    new = {n: a - m(".05") * b for n, a, b in zip(names, w, g, strict=True)}
    found = {"h1": h1, "h2": h2, "prediction": pred, "E": d**2 / 2, "Δ": d}
    return found, dict(zip(names, g, strict=True)), new


def deck_004():
    i = [m(".05"), m(".1")]
    w = dict(enumerate((m(v) for v in (".15", ".2", ".25", ".3", ".4", ".45", ".5", ".55")), 1))
    b1, b2, t = m(".35"), m(".6"), (m(".01"), m(".99"))
    net_h = [w[1] * i[0] + w[2] * i[1] + b1, w[3] * i[0] + w[4] * i[1] + b1]
    out_h = [sigmoid(z) for z in net_h]
    net_o = [w[5] * out_h[0] + w[6] * out_h[1] + b2, w[7] * out_h[0] + w[8] * out_h[1] + b2]
    out_o = [sigmoid(z) for z in net_o]
    E = sum((a - b) ** 2 for a, b in zip(t, out_o, strict=True)) / 2
    do = [(o - a) * o * (1 - o) for a, o in zip(t, out_o, strict=True)]
    to = [do[0] * w[5] + do[1] * w[7], do[0] * w[6] + do[1] * w[8]]
    dh = [a * o * (1 - o) for a, o in zip(to, out_h, strict=True)]
    g = {"w1": dh[0] * i[0], "w2": dh[0] * i[1], "w3": dh[1] * i[0], "w4": dh[1] * i[1],
         "w5": do[0] * out_h[0], "w6": do[0] * out_h[1], "w7": do[1] * out_h[0],
         "w8": do[1] * out_h[1], "b1": sum(dh), "b2": sum(do)}  # fmt: skip
    found = {"E": E, "∂E/∂out_h1": to[0], "∂E/∂out_h2": to[1]}
    for k in range(2):
        found |= {f"net_h{k + 1}": net_h[k], f"out_h{k + 1}": out_h[k], f"net_o{k + 1}": net_o[k],
                  f"out_o{k + 1}": out_o[k], f"δ_h{k + 1}": dh[k], f"δ_o{k + 1}": do[k]}  # fmt: skip
    return found, g, {f"w{k}": w[k] - g[f"w{k}"] / 2 for k in w}


DECKS = {"001": deck_001, "002": deck_002, "004": deck_004}


def computed(solution, key):
    """name -> value of every line and of the last column of every table of a part."""
    found = {}
    for item in solution[key].items:
        if isinstance(item, Line):
            found[item.name] = item.value
        elif isinstance(item, Table):
            for row in item.rows:
                last = row[-1]
                found[row[0]] = last.value if isinstance(last, Cell) else last
    return found


@pytest.mark.parametrize("deck", DECKS)
def test_worked_examples_agree_with_mpmath(deck):
    found, gradients, new = DECKS[deck]()
    solution = explain_deck(deck)
    said = computed(solution, "forward") | computed(solution, "loss")
    said |= computed(solution, "backward")
    loss = solution.say.loss
    for name, value in found.items():
        assert abs(said[name.replace("E", loss)] - value) < 1e-12, name
    for name, value in gradients.items():
        got = said[name] if name in said else said[f"∂{loss}/∂{name}"]
        assert abs(got - value) < 1e-12, name
    for name, value in computed(solution, "update").items():
        assert abs(value - new[name]) < 1e-12, name
    assert len(computed(solution, "update")) == len(new)


@pytest.mark.parametrize("deck", DECKS)
def test_one_compiled_step_gives_the_same_weights(deck):
    jax = pytest.importorskip("jax")
    example = cr.course.example(deck)
    solution = explain_deck(deck)
    model = example.model()
    model.compile(optimizer=example.optimizer(), loss=example.loss)
    with jax.enable_x64(True):
        model.fit(example.x, example.y, epochs=1, verbose=0, engine="xla")
    after = {w.path: w.after for w in solution.say.recording.weights}
    for path, variable in model.named_variables():
        if variable.kind == "weight":
            np.testing.assert_allclose(variable.numpy(), after[path], rtol=0, atol=1e-12)


@pytest.mark.parametrize("deck", DECKS)
def test_every_printed_digit_is_the_number_behind_it(deck):
    """Each number after the last equal sign of a printed line, and each cell, is a rounded value."""
    solution = explain_deck(deck)
    behind = [v for part in solution.parts for _, v, _ in part.numbers()]
    behind += [leaf.value for part in solution.parts for item in part.items
               if isinstance(item, Line) and item.formula is not None
               for leaf in item.formula.leaves()]  # fmt: skip
    behind += [solution.say.recording.loss, *range(12)]
    behind += [float(v) for v in tree_of(solution)]
    text = solution.text(more=True).split("7 WHY")[0]
    printed = re.findall(r"(?<![\w.∂])-?\d+\.\d{4,9}(?!\w)", text)
    assert len(printed) > 15
    for number in printed:
        decimals = len(number.split(".")[1])
        assert any(abs(abs(float(number)) - abs(v)) <= 0.51 * 10.0**-decimals for v in behind), (
            number
        )


def tree_of(solution):
    """Leaves of the formulas in tables, and outputs before the step."""
    rec = solution.say.recording
    yield from np.ravel(rec.value(rec.outputs))
    for part in solution.parts:
        for item in part.items:
            if isinstance(item, Table):
                for row in item.rows:
                    for cell in row:
                        if isinstance(cell, Cell) and cell.formula is not None:
                            yield from (leaf.value for leaf in cell.formula.leaves())


def test_the_short_text_of_deck_004():
    text = str(explain_deck("004"))
    lines = text.splitlines()
    assert len(lines) <= 60
    assert max(map(len, lines)) <= 80
    heads = [line.split()[1] for line in lines if re.match(r"\d [A-Z]+", line)]
    assert heads == [p.upper() for p in PARTS]
    for number in ("0.593269992", "0.298371109", "0.082167041", "0.000438568", "0.291027774"):
        assert number in text  # the digits of the slides
    assert "187.4× smaller" in text


def test_why_multiplies_to_its_ratio():
    line = explain_deck("004")["why"].items[1]
    assert line.value == pytest.approx(0.082167040564 / 0.000438567734, rel=1e-8)
    assert np.prod([f.value for f in line.steps]) == pytest.approx(line.value, rel=1e-12)


def small(dtype="float32", seed=0, **more):
    cr.utils.set_random_seed(seed)
    layers = [L.Input((3,)), L.Dense(2, "tanh", dtype=dtype), L.Dropout(0.5, seed=1)]
    model = cr.Sequential([*layers, L.Dense(2, "softmax", dtype=dtype)])
    model.compile(optimizer=more.get("optimizer", "adam"), loss="categorical_crossentropy")
    return model


X, Y = np.array([[0.5, -1.0, 2.0], [1.0, 0.3, -0.2]]), np.array([[1.0, 0.0], [0.0, 1.0]])


def everything(model):
    values = [v.numpy().copy() for v in model.variables]
    return values + [v.numpy().copy() for v in model.optimizer.variables]


def test_nothing_changes():
    model = small()
    model.fit(X, Y, epochs=2, verbose=0, engine="numpy")
    before = everything(model)
    key = cr.rng.next_key  # the global draws are not touched either
    cr.utils.set_random_seed(7)
    first = key()
    cr.utils.set_random_seed(7)
    text = str(cr.explain(model, X, Y))
    assert (key() == first).all()
    for a, b in zip(before, everything(model), strict=True):
        np.testing.assert_array_equal(a, b)
    assert str(cr.explain(model, X, Y)) == text  # and the same is said again


def test_the_step_is_the_next_step_of_training():
    """Dropout's mask, Adam's slots and the new weights are those that training makes next."""
    model = small()
    model.fit(X, Y, epochs=2, verbose=0, engine="numpy")
    rec = cr.explain(model, X, Y).say.recording
    model.train_on_batch(X, Y, engine="numpy")
    named = [(path, v) for path, v in model.named_variables() if v.kind == "weight"]
    for weight, (path, variable) in zip(rec.weights, named, strict=True):
        assert weight.path == path
        # the loss is fused in training: the same but for rounding; another mask is far off
        np.testing.assert_allclose(weight.after, variable.numpy(), rtol=1e-5)
    known = dict(zip(map(id, model.optimizer._trained), model.optimizer.slots, strict=True))
    for weight, (_, variable) in zip(rec.weights, named, strict=True):
        for (_, after), slot in zip(weight.slots.values(), known[id(variable)], strict=True):
            np.testing.assert_allclose(after, slot.numpy(), rtol=1e-5)


def test_adam_as_it_is_computed():
    model = cr.Sequential([L.Input((2,)), L.Dense(1, dtype="float64")])
    o = cr.optimizers.Adam(0.1)
    solution = cr.explain(model, [[1.0, 2.0]], [[3.0]], loss="mse", optimizer=o, detail="neuron")
    keeps, steps = [i for i in solution["update"].items if isinstance(i, Table)]
    assert keeps.columns == ("", "m", "v", "m̂", "v̂")
    for row, step in zip(keeps.rows, steps.rows, strict=True):
        mm, v, m_hat, v_hat = (c.value for c in row[1:])
        g = step[2]
        assert mm == pytest.approx(0.1 * g, rel=1e-12)
        assert v == pytest.approx(0.001 * g * g, rel=1e-12)
        assert m_hat == pytest.approx(mm / (1 - 0.9), rel=1e-12)
        assert v_hat == pytest.approx(v / (1 - 0.999), rel=1e-12)
        # Keras: ε stands beside √v before the correction
        expected = -0.1 * m_hat / (v_hat**0.5 + 1e-7 / (1 - 0.999) ** 0.5)
        assert step[3].value == pytest.approx(expected, rel=1e-9)
        assert step[3].formula is not None
        assert step[3].formula.value == pytest.approx(step[3].value, rel=1e-9)
    assert o.iterations.numpy() == 0  # the optimizer that was given is as it was


LOSSES = ["mse", "mae", "half_squared_error", "binary_crossentropy", "hinge", "huber", "log_cosh"]
# of one row: targets, outputs, and the formula in words of mathematics
WRITTEN = {
    "mse": ([0.2, 1.5], "1/2·((t1 - a1_1)² + (t2 - a1_2)²)"),
    "mbe": ([0.2, 1.5], "1/2·(t1 - a1_1 + t2 - a1_2)"),
    "mae": ([0.2, 1.5], "1/2·(abs(t1 - a1_1) + abs(t2 - a1_2))"),
    "mape": ([0.2, 1.5], "1/2·(100·abs(t1 - a1_1)/abs(t1) + 100·abs(t2 - a1_2)/abs(t2))"),
    "msle": ([0.2, 1.5], "1/2·((ln(1 + t1) - ln(1 + a1_1))² + (ln(1 + t2) - ln(1 + a1_2))²)"),
    "huber": ([0.2, 3.5], "1/2·(½·(a1_1 - t1)² + δ·(abs(a1_2 - t2) - ½·δ))"),
    "log_cosh": ([0.2, 3.5], "1/2·(ln(cosh(a1_1 - t1)) + ln(cosh(a1_2 - t2)))"),
    "poisson": ([2.0, 1.0], "1/2·(a1_1 - t1·ln(a1_1 + ε) + a1_2 - t2·ln(a1_2 + ε))"),
    "kl_divergence": ([0.25, 0.75], "t1·ln(t1/a1_1) + t2·ln(t2/a1_2)"),
    "hinge": ([1.0, -1.0], "1/2·(max(0, 1 - t1·a1_1) + max(0, 1 - t2·a1_2))"),
    "squared_hinge": ([1.0, -1.0], "1/2·(max(0, 1 - t1·a1_1)² + max(0, 1 - t2·a1_2)²)"),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_loss_is_written_with_its_formula(name):
    """And so is its derivative by each output: where a formula is wrong, none is shown."""
    targets, text = WRITTEN[name]
    cr.utils.set_random_seed(4)
    model = cr.Sequential([L.Input((3,)), L.Dense(2, "sigmoid", dtype="float64")])
    x = np.array([[0.3, -0.2, 0.9]])
    solution = cr.explain(model, x, [targets], loss=name, detail="neuron", optimizer="sgd")
    line = solution["loss"].items[0]
    assert line.formula is not None
    assert line.formula.write(Style(Digits(6))) == text
    assert float(line.formula.value) == pytest.approx(line.value, rel=1e-6)
    if name == "kl_divergence":  # a class without weight adds nothing
        zero = cr.explain(model, x, [[0.0, 1.0]], loss=name, optimizer="sgd")["loss"].items[0]
        assert zero.formula is None or "t1" not in zero.formula.write(Style(Digits(6)))
    table = solution["backward"].items[0]
    assert table.columns[1].startswith("∂E/∂out")
    arriving = [row[1] for row in table.rows]
    assert all(cell.formula is not None for cell in arriving)
    # of outputs that take different branches none speaks for all: e is small in one, large in one
    assert (" = " in table.columns[1]) == (name not in ("mape", "msle", "huber"))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "gelu", "softplus", "linear"])
@pytest.mark.parametrize("rows", [1, 3])
def test_formulas_give_their_numbers(loss, activation, rows):
    rng = np.random.default_rng(zlib.crc32(f"{loss} {activation} {rows}".encode()))
    cr.utils.set_random_seed(3)
    model = cr.Sequential([
        L.Input((2,)), L.Dense(3, activation, dtype="float64", bias_initializer="random_normal"),
        L.Dense(2, "sigmoid", dtype="float64", kernel_regularizer="l2"),
    ])  # fmt: skip
    x, y = rng.normal(size=(rows, 2)), rng.integers(0, 2, (rows, 2)).astype(float)
    solution = cr.explain(model, x, y, loss=loss, detail="neuron", optimizer="sgd")
    formulas = 0
    for part in solution.parts:
        for item in part.items:
            pairs = [(item.formula, item.value)] if isinstance(item, Line) else [
                (c.formula, c.value) for row in getattr(item, "rows", ()) for c in row
                if isinstance(c, Cell)
            ]  # fmt: skip
            for formula, value in pairs:
                if formula is not None:
                    formulas += 1
                    assert float(formula.value) == pytest.approx(value, rel=1e-9, abs=1e-12)
    assert formulas > 15
    assert "✓" in str(solution["check"].items[0].text)
    with cr.record() as tape:  # an independent recording of the same step
        total = cr.losses.get(loss)(y, model(x)) + model.layers[-1].kernel.regularizer(
            model.layers[-1].kernel
        )
    expected = tape.gradients(total, model.trainable_variables)
    for weight, gradient in zip(solution.say.recording.weights, expected, strict=True):
        np.testing.assert_allclose(weight.gradient, gradient, rtol=1e-12, atol=1e-15)


def test_a_wrong_formula_is_left_out():
    """Label smoothing changes what the loss does; no formula is shown rather than a wrong one."""
    model = cr.Sequential([L.Input((2,)), L.Dense(2, "sigmoid", dtype="float64")])
    loss = cr.losses.BinaryCrossentropy(label_smoothing=0.2)
    solution = cr.explain(model, [[1.0, 2.0]], [[0.0, 1.0]], loss=loss)
    line = solution["loss"].items[0]
    assert line.formula is None
    assert line.value == pytest.approx(float(loss([[0.0, 1.0]], model(np.array([[1.0, 2.0]])))))
    with_weights = cr.losses.MeanSquaredError()
    say = cr.explain(model, [[1.0, 2.0]], [[0.0, 1.0]], loss=with_weights).say
    wrong = say.line("x", cr.explanation.formula.Leaf("a", 2.0) * 3, 5.0)
    assert wrong.formula is None
    assert say.doubts == ["x"]


def test_numbers_as_they_are_printed():
    d = Digits(9)
    assert d(-0.0) == "0"
    assert d(0.1 + 0.2) == "0.3"
    assert d(-0.000438567734) == "-0.000438568"
    assert d(4.3856e-12) == "4.3856e-12"
    assert d(float("nan")) == "nan"
    assert d(float("-inf")) == "-∞"
    assert Digits(9, 7)(0.12345678901) == "0.1234568"
    assert Digits(9, 7)(123.45678901) == "123.4568"


@pytest.mark.parametrize(("name", "path"), [("w1", "hidden/kernel[0,0]"), ("w3", "hidden/kernel[0,1]"),
                                            ("w6", "output/kernel[1,0]"),
                                            ("hidden/kernel:1,0", "hidden/kernel[1,0]"),
                                            ("hidden/kernel[1,1]", "hidden/kernel[1,1]"),
                                            ("b1", "hidden/bias[0]")])  # fmt: skip
def test_one_weight(name, path):
    solution = explain_deck("004")
    text = solution.text(weight=name)
    assert path in text.splitlines()[0]
    assert len(text.splitlines()) <= 25
    assert "✓" in text
    line = next(i for i in solution.weight(name).items if isinstance(i, Line))
    assert line.formula.value == pytest.approx(line.value, rel=1e-12)


@pytest.mark.parametrize(("name", "fix"), [("w9", "w"), ("hiden/kernel:0,0", "hidden/kernel[0,0]"),
                                           ("hidden/kernel:2,0", "0 to 1")])  # fmt: skip
def test_a_weight_that_is_none(name, fix):
    with pytest.raises(ArgumentError) as error:
        explain_deck("004").weight(name)
    assert fix in str(error.value)


def test_refused():
    model = cr.Sequential([L.Input((2,)), L.Dense(1)])
    with pytest.raises(StateError, match="no loss to explain"):
        cr.explain(model, [[1.0, 2.0]], [[1.0]])
    for wrong in ({"notation": "deck-9"}, {"detail": "all"}, {"digits": 99}, {"focus": 1}):
        with pytest.raises(ArgumentError):
            cr.explain(model, [[1.0, 2.0]], [[1.0]], loss="mse", **wrong)
    with pytest.raises(cr.errors.ShapeError):
        cr.explain(model, [[1.0, 2.0, 3.0]], [[1.0]], loss="mse")


def test_frozen_weights_have_gradients_and_no_step():
    model = cr.Sequential([L.Input((2,)), L.Dense(2, "tanh"), L.Dense(1)])
    model.layers[0].trainable = False
    solution = cr.explain(model, [[1.0, 2.0]], [[1.0]], loss="mse")
    first = solution.say.recording.weights[0]
    assert not first.trained
    assert np.any(first.gradient)
    np.testing.assert_array_equal(first.before, first.after)
    assert "frozen" in str(solution)
    assert not model.layers[0].trainable
    assert model.trainable_variables == model.layers[1].trainable_variables


def test_a_threshold_has_the_perceptron_rule():
    model = cr.Sequential([L.Input((2,)), L.Dense(2, "sigmoid"), L.Dense(1, "step")])
    text = str(cr.explain(model, [[1.0, 2.0]], [[1.0]], loss="mse"))
    assert "perceptron rule" in text
    unit = cr.Sequential([L.Input((2,)), L.Dense(1, "step")])
    unit.set_weights([[[-1.0], [0.5]], [0.25]])  # -2 + 1.5 + .25 < 0: it should fire, and does not
    solution = cr.explain(unit, [[2.0, 3.0]], [[1.0]], loss="mse", optimizer=cr.optimizers.SGD(0.5))
    table = solution["backward"].items[-1]
    assert [(row[0], row[-1].value) for row in table.rows] == [
        ("Δw1_11", 1.0), ("Δw1_21", 1.5), ("Δb1_1", 0.5)
    ]  # fmt: skip


@pytest.mark.parametrize("deck", DECKS)
def test_the_command(deck):
    done = subprocess.run(
        [sys.executable, "-m", "chainrule", "explain", "--deck", deck],
        capture_output=True, text=True, check=True, encoding="utf-8",
    )  # fmt: skip
    said, expected = done.stdout.splitlines(), str(explain_deck(deck)).splitlines()
    assert said[:-1] == expected[:-1]
    assert said[-1].startswith(expected[-1] + "; more: --weight w1")


def test_a_large_network_stays_short_and_light():
    model = cr.Sequential([
        L.Input((784,)), L.Dense(512, "relu"), L.Dense(512, "relu"), L.Dense(10, "softmax")
    ])  # fmt: skip
    x = np.random.default_rng(0).uniform(size=(1, 784))
    began = time.perf_counter()
    solution = cr.explain(model, x, [3], loss="sparse_categorical_crossentropy")
    text = solution.text(weight="dense/kernel:5,7")
    assert time.perf_counter() - began < 60  # a hang; the bar of a second stands in the benchmark
    assert len(text.splitlines()) <= 60
    assert len(str(solution).splitlines()) <= 80
    assert "more: their sum" in text or "509 more" in text


def test_exact_fractions():
    """Deck 002 by hand: every number a fraction of the decimals that the slide prints."""
    solution = explain_deck("002", exact=True)
    said = computed(solution, "forward") | computed(solution, "loss")
    said |= computed(solution, "backward")
    assert said["h1"] == Fraction(17, 20)
    assert said["prediction"] == Fraction(191, 1000)
    assert said["Error"] == Fraction(809, 1000) ** 2 / 2
    assert said["∂Error/∂w1"] == Fraction(-809, 1000) * Fraction(14, 100) * 2
    assert computed(solution, "update")["w6"] == Fraction(15, 100) + Fraction(1, 20) * Fraction(
        809, 1000
    ) * Fraction(48, 100)
    h1, h2 = Fraction("0.923619"), Fraction("0.5588775")  # after the step, as the deck has them
    again = h1 * Fraction("0.1743825") + h2 * Fraction("0.169416")
    assert solution["after"].items[1].value == again
    assert "E24" in str(solution)
    assert all(isinstance(v, Fraction) for v in said.values())


@pytest.mark.parametrize(("wrong", "word"), [
    ({"activation": "sigmoid"}, "exp"), ({"loss": "log_cosh"}, "cosh"),
    ({"loss": "cosine_similarity"}, "a formula"),
    ({"optimizer": "adam"}, "SGD"), ({"rows": 2}, "one row"), ({"units": 30}, "small"),
])  # fmt: skip
def test_what_is_not_exact_is_refused(wrong, word):
    cr.utils.set_random_seed(0)
    model = cr.Sequential([
        L.Input((2,)), L.Dense(wrong.get("units", 2), wrong.get("activation", "relu")), L.Dense(1)
    ])  # fmt: skip
    x, y = np.ones((wrong.get("rows", 1), 2)), np.ones((wrong.get("rows", 1), 1))
    with pytest.raises(ArgumentError, match="exact fractions") as error:
        cr.explain(model, x, y, loss=wrong.get("loss", "mse"), exact=True,
                   optimizer=wrong.get("optimizer", "sgd"))  # fmt: skip
    assert word in str(error.value)


def test_exact_with_relu_is_the_float_beside_it():
    for seed in range(20):
        cr.utils.set_random_seed(seed)
        model = cr.Sequential([L.Input((2,)), L.Dense(2, "relu"), L.Dense(2, "linear")])
        x, y = np.random.default_rng(seed).normal(size=(1, 2)), np.ones((1, 2))
        exact = cr.explain(model, x, y, loss="mse", optimizer="sgd", exact=True)
        plain = cr.explain(model, x, y, loss="mse", optimizer="sgd")
        for part in ("forward", "loss", "backward", "update"):
            ours, theirs = computed(exact, part), computed(plain, part)
            assert ours.keys() == theirs.keys()
            for name, value in ours.items():
                assert float(value) == pytest.approx(float(theirs[name]), rel=1e-5, abs=1e-6)


def number(cell):
    return cell.value if isinstance(cell, Cell) else float(cell)


@pytest.mark.parametrize("penalty", [None, "l2"])
def test_the_columns_of_a_row_make_its_gradient(penalty):
    """δ · input (+ what else reaches the weight) = gradient, also of a layer that is used twice."""
    cr.utils.set_random_seed(5)
    shared = L.Dense(2, "tanh", dtype="float64", kernel_regularizer=penalty)
    x = cr.Input((2,), dtype="float64")
    model = cr.Model(x, L.Dense(1, dtype="float64")(shared(shared(x))))
    solution = cr.explain(model, [[0.3, -0.2]], [[1.0]], loss="mse", optimizer="sgd")
    rows = [
        (item.columns, row) for item in solution["backward"].items
        if isinstance(item, Table) and "· input" in item.columns for row in item.rows
    ]  # fmt: skip
    names = [row[0] for _, row in rows]
    assert "w1_21" in names
    assert not any(n.startswith("w2") for n in names)  # the same weights have the same names
    for columns, row in rows:
        if row[1] == "Σ":
            continue
        made = number(row[1]) * number(row[2])
        if "+ other ways" in columns:
            made += number(row[3])
        assert made == pytest.approx(number(row[-1]), rel=1e-12)
    assert "✓" in solution["check"].items[0].text


def test_numbers_that_are_not_finite_are_no_tick():
    big = cr.initializers.Constant(1e30)
    model = cr.Sequential(
        [L.Input((1,)), L.Dense(2, kernel_initializer=big), L.Dense(1, kernel_initializer=big)]
    )
    solution = cr.explain(model, [[1e5]], [[1.0]], loss="mse", optimizer="sgd")
    assert solution["check"].items[0].kind == "bad"
    assert "✓" not in str(solution)


def test_targets_are_asked_for_in_our_words():
    model = cr.Sequential([L.Input((1,)), L.Dense(1)])
    with pytest.raises(cr.errors.DataError, match="explain: the targets are missing"):
        cr.explain(model, [[1.0]], None, loss="mse")


def test_a_train_step_of_ones_own_is_said():
    class Own(cr.Sequential):
        def train_step(self, data):
            return {"loss": 0.0}

    text = str(cr.explain(Own([L.Dense(1)]), [[1.0]], [[1.0]], loss="mse"))
    assert "train_step" in text


def test_more_rows_than_anybody_reads_are_refused_before_anything_runs():
    model = cr.Sequential([L.Input((1,)), L.Dense(1)])
    with pytest.raises(cr.errors.DataError, match="too much to explain"):
        cr.explain(model, np.ones((5000, 1)), np.ones((5000, 1)), loss="mse")


@pytest.mark.parametrize("deck", DECKS)
def test_a_deck_is_explained_in_the_words_of_its_slides(deck):
    ours, slides = explain_deck(deck).say.names, cr.course.example(deck).names
    assert ours.loss == slides.loss
    assert [ours.input(i) for i in range(len(slides.inputs))] == list(slides.inputs)
    assert [ours.target(k) for k in range(len(slides.targets))] == list(slides.targets)
    linear = deck == "002"
    for number, layer in enumerate(slides.layers, 1):
        for j in range(len(layer.out)):
            assert ours.out(number, j) == layer.out[j]
            assert linear or ours.net(number, j) == layer.net[j]
            for i in range(len(layer.kernel)):
                assert ours.weight(number, i, j) == layer.kernel[i][j]
        assert [ours.bias(number, j) for j in range(len(layer.bias))] == list(layer.bias)


def test_the_pictures_of_the_readme_are_those_of_now(tmp_path):
    """`python docs/make_pictures.py` writes them."""
    script = Path(__file__).parents[1] / "docs" / "make_pictures.py"
    made = runpy.run_path(str(script))["pictures"]()
    for name, drawing in made.items():
        file = script.with_name("pictures") / f"{name}.svg"
        drawing.save(tmp_path / "now.svg")
        assert file.read_bytes() == (tmp_path / "now.svg").read_bytes(), name
    assert {f.stem for f in (script.parent / "pictures").iterdir()} == set(made)


O = cr.optimizers
OPTIMIZERS = {
    "sgd": O.SGD(0.1), "momentum": O.SGD(0.1, momentum=0.9),
    "nesterov": O.SGD(0.1, momentum=0.9, nesterov=True), "decay": O.SGD(0.1, weight_decay=0.5),
    "clipnorm": O.SGD(0.1, clipnorm=0.1), "clipvalue": O.Adam(0.1, clipvalue=0.1),
    "rmsprop": O.RMSprop(0.1), "adagrad": O.Adagrad(0.1), "adadelta": O.Adadelta(1.0),
    "adam": O.Adam(0.1, epsilon=0.5), "adamw": O.AdamW(0.1, weight_decay=0.5),
    "adamax": O.Adamax(0.1), "lion": O.Lion(0.1), "moving": O.MovingAverageMomentum(),
    "outside": O.RMSpropOutside(),
}  # fmt: skip


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_update_is_worked_out(name):
    """old + what the formula gives = new, of the second step, whose slots are not 0."""
    cr.utils.set_random_seed(0)
    model = cr.Sequential([L.Input((2,)), L.Dense(2, dtype="float64")])
    model.compile(OPTIMIZERS[name], "mse")
    model.train_on_batch([[1.0, -2.0]], [[3.0, 1.0]], engine="numpy")
    solution = cr.explain(model, [[0.5, 2.0]], [[1.0, -1.0]])
    *kept, table = [i for i in solution["update"].items if isinstance(i, Table)]
    model.train_on_batch([[0.5, 2.0]], [[1.0, -1.0]], engine="numpy")
    new = {row[0]: row[-1] for row in table.rows}
    kernel, bias = model.get_weights()
    for i in range(2):
        for j in range(2):
            assert new[f"w1_{i + 1}{j + 1}"] == pytest.approx(kernel[i, j], rel=1e-12)
        assert new[f"b1_{i + 1}"] == pytest.approx(bias[i], rel=1e-12)
    for row in table.rows:
        step = row[-2]
        assert step.formula is not None
        assert row[1] + step.formula.value == pytest.approx(row[-1], rel=1e-9)
    for item in kept:
        for row in item.rows:
            for cell in row[1:]:
                if cell.formula is not None:
                    assert cell.formula.value == pytest.approx(cell.value, rel=1e-9)
    lines = [i for i in solution.weight("w1_11").items if isinstance(i, Line)]
    assert lines[-1].name == "new"
    assert lines[-1].formula.value == pytest.approx(kernel[0, 0], rel=1e-9)


def test_what_a_first_layer_does_to_the_inputs_is_shown():
    model = cr.Sequential([L.Input((2,)), L.Rescaling(2.0), L.Dense(1)])
    line = cr.explain(model, [[0.5, -1.0]], [[1.0]], loss="mse")["forward"].items[-1]
    assert {leaf.value for leaf in line.formula.leaves()} >= {1.0, -2.0}
    assert "x1" not in {leaf.name for leaf in line.formula.leaves()}  # x1 is 0.5


def test_branches_from_one_input():
    x = cr.Input((2,))
    both = L.Concatenate()([L.Dense(2, "tanh")(x), L.Dense(2, "relu")(x)])
    solution = cr.explain(cr.Model(x, L.Dense(1)(both)), [[0.5, -1.0]], [[1.0]], loss="mse")
    names = {leaf.name for line in solution["forward"].items[:8] if isinstance(line, Line)
             for leaf in line.formula.leaves()}  # fmt: skip
    assert {"x1", "x2"} <= names
    assert "✓" in solution["check"].items[0].text


def test_the_command_writes_a_new_file_and_replaces_none(tmp_path):
    def run(*words):
        return subprocess.run(
            [sys.executable, "-m", "chainrule", "explain", *words],
            capture_output=True, text=True, check=False, encoding="utf-8", cwd=tmp_path,
        )  # fmt: skip

    made = run("--deck", "004", "--format", "html", "--out", "deck.html")
    assert (made.returncode, made.stdout) == (0, "written: deck.html\n")
    before = (tmp_path / "deck.html").read_bytes()
    again = run("--deck", "001", "--out", "deck.html")
    assert again.returncode == 2
    assert "deck.html exists already" in again.stderr
    assert (tmp_path / "deck.html").read_bytes() == before
    assert run("--deck", "004", "--row", "3").returncode == 2


def test_several_inputs_and_outputs_by_their_names():
    a, b = cr.Input((2,), name="a"), cr.Input((2,), name="b")
    both = L.Concatenate()([L.Dense(1, "tanh")(a), L.Dense(1, "tanh")(b)])
    model = cr.Model([a, b], {"k": L.Dense(1, name="k")(both), "s": L.Dense(1, name="s")(both)})
    model.compile("sgd", loss={"k": "mse", "s": "mae"}, loss_weights={"k": 2.0, "s": 0.5})
    x = {"a": np.array([[0.5, -1.0]]), "b": np.array([[0.25, 2.0]])}
    y = {"k": np.array([[1.0]]), "s": np.array([[0.0]])}
    solution = cr.explain(model, x, y)
    by_name = {i.name: i for i in solution["loss"].items}
    k, s = by_name["E_k"].value, by_name["E_s"].value
    out = model.predict(x, engine="numpy", verbose=0)
    assert k == pytest.approx(float((out["k"][0, 0] - 1) ** 2), rel=1e-5)
    assert s == pytest.approx(abs(float(out["s"][0, 0])), rel=1e-5)
    assert by_name["E"].value == pytest.approx(2 * k + 0.5 * s, rel=1e-6)
    leaves = {leaf.name: leaf.value for line in solution["forward"].items
              if isinstance(line, Line) and line.formula for leaf in line.formula.leaves()}  # fmt: skip
    assert (leaves["a[0]"], leaves["b[1]"]) == (0.5, 2.0)


def test_a_sum_that_cancels_is_0():
    say = explain_deck("001").say
    terms = [cr.explanation.formula.Leaf(n, v) for n, v in (("a", 0.1), ("b", 0.2), ("c", -0.3))]
    line = say.line("d", cr.explanation.formula.Sum(terms), 0.1 + 0.2 - 0.3)
    assert line.value == 0.0
    assert say.digits(line.value) == "0"


def test_the_check_and_the_step_see_the_same_draws():
    """Dropout's mask stays what it was in the step: else differences and AFTER were of another."""
    solution = cr.explain(small(), X, Y)
    rec = solution.say.recording
    assert rec.loss_at([w.before for w in rec.weights]) == pytest.approx(rec.loss, rel=1e-6)
    assert solution["check"].items[0].kind == "ok"


def test_a_gradient_that_differs_has_no_tick():
    """At a kink of ReLU the difference is half the slope: the check says so and does not nod."""
    model = cr.Sequential([L.Input((2,)), L.Dense(1, "relu", dtype="float64")])
    model.set_weights([[[1.0], [1.0]], [0.0]])  # 1 - 1 + 0 = 0
    check = cr.explain(model, [[1.0, -1.0]], [[3.0]], loss="mse")["check"].items[0]
    assert check.kind == "bad"
    assert "✗" in check.text


def test_a_fraction_that_is_not_its_float_is_refused():
    from chainrule.explanation.exact import _same

    say = explain_deck("002").say
    assert _same(say, Fraction(1, 2), 0.5, "x") == Fraction(1, 2)
    with pytest.raises(ArgumentError, match="exact fractions"):
        _same(say, Fraction(1, 2), 0.6, "x")
