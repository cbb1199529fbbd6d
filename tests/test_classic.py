"""The classic neurons: rules against plain loops, what no line parts, files, the same explainer."""

from __future__ import annotations

import contextlib
import copy
import itertools
import pickle
import subprocess
import sys
import threading
from fractions import Fraction

import numpy as np
import pytest

import chainrule as cr
from chainrule.models import (
    Adaline,
    KMeans,
    LinearRegression,
    LogisticRegression,
    McCullochPitts,
    Perceptron,
    collapse,
)

L = cr.layers
GATE = [[0, 0], [0, 1], [1, 0], [1, 1]]
AND, OR, XOR = [0, 0, 0, 1], [0, 1, 1, 1], [0, 1, 1, 0]


def plain_perceptron(x, y, rate=1, most=1000, theta=0, strict=True):
    """The rule as the course writes it, a number at a time; fractions, so nothing is rounded."""
    w, b, updates = [Fraction(0)] * len(x[0]), Fraction(0), []
    rate, theta = Fraction(rate), Fraction(theta)
    for epoch in range(1, most + 1):
        wrong = 0
        for row, (xs, t) in enumerate(zip(x, y, strict=True)):
            z = sum(Fraction(v) * wi for v, wi in zip(xs, w, strict=True)) + b
            fired = int(z > theta) if strict else int(z >= theta)
            if fired != t:
                wrong += 1
                w = [wi + rate * (t - fired) * Fraction(v) for wi, v in zip(w, xs, strict=True)]
                b += rate * (t - fired)
                updates.append((epoch, row, tuple(w), b))
        if not wrong:
            return epoch, w, b, updates
    return None, w, b, updates


# --- the perceptron -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "epochs", "w", "b"), [(AND, 6, [2, 1], -2), (OR, 4, [1, 1], 0)], ids=["and", "or"]
)
def test_the_course_s_figures(y, epochs, w, b):
    model = Perceptron().fit(GATE, y)
    assert model.n_iter_ == epochs
    np.testing.assert_array_equal(model.coef_, [w])
    np.testing.assert_array_equal(model.intercept_, [b])
    assert model.converged
    assert model.cycle is None
    assert model.score(GATE, y) == 1
    np.testing.assert_array_equal(model.predict(GATE), y)
    assert model.history["errors"][-1] == 0
    assert len(model.history["errors"]) == epochs
    assert model.history["accuracy"][-1] == 1


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("rate", [1, 0.25])
@pytest.mark.parametrize(("theta", "strict"), [(0, True), (0, False), (2, True), (-1, False)])
def test_every_update_is_that_of_plain_loops(seed, rate, theta, strict):
    random = np.random.default_rng(seed)
    x = random.integers(-4, 5, (12, 3))
    z = x @ [1, -2, 1]
    x, y = x[z != 0], (z[z != 0] > 0).astype(int)
    epochs, w, b, updates = plain_perceptron(x.tolist(), y.tolist(), rate, 1000, theta, strict)
    assert epochs is not None
    model = Perceptron(learning_rate=rate, threshold=theta, strict=strict).fit(x, y)
    assert model.n_iter_ == epochs
    assert model.n_updates == len(updates) == len(model.path) - 1
    np.testing.assert_array_equal(model.coef_[0], [float(v) for v in w])
    assert model.intercept_[0] == float(b)
    for step, (epoch, row, after, bias) in zip(model.path[1:], updates, strict=True):
        assert (step.epoch, step.row) == (epoch, row)
        np.testing.assert_array_equal(step.coef[0], [float(v) for v in after])
        assert step.intercept[0] == float(bias)


def test_at_the_threshold_strict_and_not_differ():
    model = Perceptron(threshold=0.5)
    loose = Perceptron(threshold=0.5, strict=False)
    for m in (model, loose):
        m.build((None, 1))
        m.set_weights([[[1.0]], [0.0]])
    np.testing.assert_array_equal(model.predict([[0.5], [0.6]]), [0, 1])
    np.testing.assert_array_equal(loose.predict([[0.5], [0.4]]), [1, 0])


def test_several_units_learn_as_each_alone_would():
    """As long as every one of them makes mistakes of its own: a row changes only the wrong ones."""
    model = Perceptron(units=2).fit(GATE, np.stack([AND, OR], axis=1))
    assert model.n_iter_ == 6
    np.testing.assert_array_equal(model.coef_, [[2, 1], [1, 1]])
    np.testing.assert_array_equal(model.intercept_, [-2, 0])
    assert model.predict(GATE).tolist() == [[0, 0], [0, 1], [0, 1], [1, 1]]
    assert model.score(GATE, np.stack([AND, OR], axis=1)) == 1
    assert model.score(GATE, np.stack([AND, AND], axis=1)) == 0.5  # a row counts as a whole


def test_a_second_fit_goes_on():
    model = Perceptron()
    epochs = 0
    for _ in range(10):
        model.fit(GATE, AND, epochs=1)
        epochs += 1
        if model.converged:
            break
    assert epochs == 6
    np.testing.assert_array_equal(model.coef_, [[2, 1]])


def test_orders_drawn_from_a_seed():
    first = Perceptron().fit(GATE, AND, shuffle=True, seed=3)
    again = Perceptron().fit(GATE, AND, shuffle=True, seed=3)
    assert first.score(GATE, AND) == 1
    assert [s.row for s in first.path] == [s.row for s in again.path]
    others = {tuple(s.row for s in Perceptron().fit(GATE, AND, shuffle=True, seed=k).path)
              for k in range(6)}  # fmt: skip
    assert len(others) > 1


# --- what no line parts ---------------------------------------------------------------------------


def holds(cycle, x):
    """The proof itself, checked with fractions: equal sums of (x, 1), one side of each class."""

    def total(counts):
        return [sum(c * Fraction(float(v)) for v, c in zip(column, counts.values(), strict=True))
                for column in np.append(x[list(counts)], np.ones((len(counts), 1)), 1).T]  # fmt: skip

    return cycle.ones and cycle.zeros and total(cycle.ones) == total(cycle.zeros)


def test_xor_is_refused_and_says_why():
    model = Perceptron(name="gate")
    with pytest.raises(cr.errors.DataError) as caught:
        model.fit(GATE, XOR)
    text = str(caught.value)
    assert "no line parts the classes" in text
    assert "z1 + z2 = z0 + z3 for all weights, since (0, 1) + (1, 0) = (0, 0) + (1, 1)" in text
    assert "rows 1, 2 (target 1) ask for > 0 and rows 0, 3 (target 0) ask for ≤ 0" in text
    assert "hidden layer" in text
    np.testing.assert_array_equal(model.coef_, [[0, 0]])  # nothing is left of it
    assert model.n_iter_ == 0
    assert model.path == []
    assert model.history == {}


def test_a_refused_fit_leaves_the_one_before():
    model = Perceptron().fit(GATE, AND)
    path, history = model.path, dict(model.history)
    with pytest.raises(cr.errors.DataError):
        model.fit(GATE, np.reshape(XOR, (4, 1)))
    np.testing.assert_array_equal(model.coef_, [[2, 1]])
    assert (model.n_iter_, model.converged, len(model.path)) == (6, True, len(path))
    assert model.history == history
    assert model.predict(GATE).shape == (4,)


def test_xor_can_be_looked_at():
    model = Perceptron().fit(GATE, XOR, not_separable="keep")
    assert model.converged is False
    cycle = model.cycle
    assert holds(cycle, np.array(GATE))
    # the weights of that epoch are those of `length` epochs before
    _, w, b, updates = plain_perceptron(GATE, XOR, most=cycle.epoch)
    assert [float(v) for v in w] == cycle.coef[0].tolist()
    before = [u for u in updates if u[0] <= cycle.epoch - cycle.length][-1]
    assert (list(before[2]), before[3]) == (w, b)
    assert sum(cycle.rows.values()) == sum(u[0] > cycle.epoch - cycle.length for u in updates)
    report = model.report()
    assert "no line parts the classes: z1 + z2 = z0 + z3" in report
    assert "stopped after 3 epochs" in report


@pytest.mark.parametrize("seed", range(12))
def test_whole_numbers_end_with_a_line_or_with_a_proof(seed):
    random = np.random.default_rng(seed)
    x = random.integers(-2, 3, (7, 2))
    y = random.integers(0, 2, 7)
    model = Perceptron().fit(x, y, not_separable="keep", epochs=3000)
    if model.converged:
        np.testing.assert_array_equal(model.predict(x), y)
    else:
        assert holds(model.cycle, x)


def test_some_of_those_are_parted_and_some_are_not():
    """The test above would be empty if all were of one kind."""
    kinds = set()
    for seed in range(12):
        random = np.random.default_rng(seed)
        x, y = random.integers(-2, 3, (7, 2)), random.integers(0, 2, 7)
        kinds.add(Perceptron().fit(x, y, not_separable="keep", epochs=3000).converged)
    assert kinds == {True, False}


def test_equal_rows_with_different_targets():
    x, y = [[0.1, 0.7], [0.3, 0.2], [0.1, 0.7]], [1, 0, 0]
    with pytest.raises(cr.errors.DataError, match=r"z0 = z2 for all weights, since \(0.1, 0.7\)"):
        Perceptron().fit(x, y)
    cycle = Perceptron().fit(x, y, not_separable="keep", epochs=50).cycle
    assert (cycle.ones, cycle.zeros) == ({0: 1}, {2: 1})


def test_without_a_bias_a_row_of_zeros_cannot_fire():
    with pytest.raises(cr.errors.DataError, match=r"z0 = 0 for all weights, since \(0, 0\) = 0"):
        Perceptron(use_bias=False).fit([[0, 0], [1, 1]], [1, 0])


def test_without_a_bias_a_cycle_may_prove_nothing():
    """Θ is then a bias that never moves: w = .4 parts these rows, but the steps are too large."""
    model = Perceptron(use_bias=False, threshold=1.0)
    model.fit([[2.0], [3.0]], [0, 1], not_separable="keep")
    assert model.cycle is not None
    assert (model.cycle.ones, model.cycle.zeros) == ({}, {})
    assert "no line parts" not in model.report()
    assert "the weights came back to what they were, while rows 0, 1 changed them" in model.report()
    with pytest.raises(cr.errors.DataError, match="the perceptron rule never ends"):
        Perceptron(use_bias=False, threshold=1.0).fit([[2.0], [3.0]], [0, 1])
    assert (
        Perceptron(use_bias=False, threshold=1.0, learning_rate=0.1)
        .fit([[2.0], [3.0]], [0, 1])
        .converged
    )


def test_too_few_epochs_are_said():
    x = np.random.default_rng(0).normal(size=(9, 1))
    y = (x[:, 0] > 0).astype(int)
    y[np.argmax(x[:, 0])] = 0
    with pytest.warns(UserWarning, match="made mistakes in all 1000 epochs"):
        model = Perceptron().fit(x, y)
    assert model.converged is False
    assert model.cycle is None
    assert "more epochs may help" in Perceptron().fit(x, y, epochs=3).report()  # asked for: silent


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Perceptron().fit(GATE, [-1, 1, 1, 1]), r"row 0: a target is no class"),
        (lambda: Perceptron().fit(GATE, [0, 1, 1]), "different lengths"),
        (lambda: Perceptron().fit(GATE, np.zeros((4, 3))), r"units=3"),
        (lambda: Perceptron().fit(GATE), "y is missing"),
        (lambda: Perceptron().fit([0.0, 1.0], [0, 1]), "rows of numbers|table"),
        (lambda: Perceptron().fit([[np.nan]], [1]), "not finite"),
        (lambda: Perceptron().fit(GATE, AND, not_separable="rise"), "not_separable"),
        (lambda: Perceptron().fit(GATE, AND, epochs=0), "epochs"),
        (lambda: Perceptron(learning_rate=0), "learning_rate"),
        (lambda: Perceptron(threshold="high"), "threshold"),
        (lambda: Perceptron(eta0=0.1), "learning_rate"),
        (lambda: Perceptron(fit_intercept=False), "use_bias"),
        (lambda: Perceptron().coef_, "fit"),
        (lambda: Perceptron().add(L.Dense(1)), "single layer"),
        (lambda: Adaline().fit(GATE, [0, 1, 2, 0]), "LinearRegression"),
    ],
)  # fmt: skip
def test_what_is_refused(make, words):
    with pytest.raises(cr.errors.ChainruleError, match=words):
        make()


def test_another_optimizer_is_no_perceptron_rule():
    model = Perceptron()
    model.compile("adam", "mse")
    with pytest.raises(cr.errors.StateError, match="plain SGD"):
        model.fit(GATE, AND)


def test_predictions_have_the_shape_of_the_targets():
    """Compared with a column, a row would broadcast to a table, and a mean of it would lie."""
    row, column = np.array(AND), np.reshape(AND, (4, 1))
    for kind in (Perceptron, Adaline):
        model = kind().fit(GATE, row, epochs=6)
        assert model.predict(GATE).shape == row.shape
        assert model.decision_function(GATE).shape == row.shape
        model.fit(GATE, column, epochs=1)
        assert model.predict(GATE).shape == column.shape


# --- Adaline --------------------------------------------------------------------------------------


def plain_adaline(x, y, rate, epochs):
    """∂L/∂w = −(2/n)Σ(y − a)x, all from the old weights."""
    w, b, n, losses = [0.0] * len(x[0]), 0.0, len(x), []
    for _ in range(epochs):
        a = [sum(v * wi for v, wi in zip(xs, w, strict=True)) + b for xs in x]
        losses.append(sum((t - ai) ** 2 for t, ai in zip(y, a, strict=True)) / n)
        d_w = [-2 / n * sum((t - ai) * xs[j] for t, ai, xs in zip(y, a, x, strict=True))
               for j in range(len(w))]  # fmt: skip
        d_b = -2 / n * sum(t - ai for t, ai in zip(y, a, strict=True))
        w, b = [wi - rate * d for wi, d in zip(w, d_w, strict=True)], b - rate * d_b
    return w, b, losses


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_adaline_is_deck_003_s_gradient_descent(engine):
    if engine == "xla":
        pytest.importorskip("jax")
    x = np.random.default_rng(1).normal(size=(9, 3))
    y = (x.sum(1) > 0.3).astype(int)
    w, b, losses = plain_adaline(x.tolist(), y.tolist(), 0.1, 12)
    model = Adaline(learning_rate=0.1).fit(x, y, epochs=12, engine=engine)
    np.testing.assert_allclose(model.coef_[0], w, rtol=1e-13)
    np.testing.assert_allclose(model.intercept_, [b], rtol=1e-13)
    np.testing.assert_allclose(model.history["loss"], losses, rtol=1e-13)
    for epochs in (1, 7):
        np.testing.assert_allclose(
            model.path[epochs].coef[0], plain_adaline(x.tolist(), y.tolist(), 0.1, epochs)[0],
            rtol=1e-13,
        )  # fmt: skip


def test_adaline_s_own_rate_always_goes_down():
    """1/L of the data, also where they are measured in hundreds."""
    random = np.random.default_rng(2)
    x = np.stack([random.normal(160, 12, 60), random.normal(14, 2, 60)], axis=1)
    y = (x[:, 0] + 5 * x[:, 1] > 230).astype(int)
    model = Adaline().fit(x, y, epochs=50)
    largest = max(np.linalg.eigvalsh(2 / 60 * (a := np.append(x, np.ones((60, 1)), 1)).T @ a))
    assert model.learning_rate == pytest.approx(1 / largest, rel=1e-12)
    assert all(b <= a for a, b in itertools.pairwise(model.history["loss"]))


@pytest.mark.parametrize("labels", [(0, 1), (-1, 1)])
def test_adaline_knows_its_labels(labels):
    y = np.array(labels)[np.array(OR)]
    model = Adaline().fit(GATE, y, epochs=200)
    np.testing.assert_array_equal(model.predict(GATE), y)
    np.testing.assert_array_equal(model.classes_, labels)
    assert model.score(GATE, y) == 1


def test_adaline_fires_at_its_threshold():
    model = Adaline(threshold=0.0)  # deck 003: z ≥ 0
    model.build((None, 1))
    model.set_weights([[[1.0]], [0.0]])
    np.testing.assert_array_equal(model.predict([[-1e-9], [0.0], [1.0]]), [0, 1, 1])
    assert Adaline(threshold=0.0, strict=True).strict


def test_a_rate_that_is_too_large_is_said():
    with pytest.raises(cr.errors.NonFiniteError, match="lower the learning rate"):
        Adaline(learning_rate=10).fit(GATE, OR)


# --- as every model -------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [Perceptron, Adaline])
def test_files_and_configurations(make, tmp_path):
    model = make(threshold=0.25, strict=False, learning_rate=0.5)
    model.fit(GATE, np.reshape(AND, (4, 1)), epochs=3)
    path = model.save(tmp_path / "classic.safetensors")
    loaded = cr.load_model(path)
    np.testing.assert_array_equal(loaded.coef_, model.coef_)
    assert loaded.get_config() == model.get_config()
    assert (loaded.threshold, loaded.strict, loaded.learning_rate) == (0.25, False, 0.5)
    loaded.fit(GATE, np.reshape(AND, (4, 1)), epochs=2)
    model.fit(GATE, np.reshape(AND, (4, 1)), epochs=2)
    np.testing.assert_array_equal(loaded.coef_, model.coef_)


def test_a_process_that_never_heard_of_it_loads_it(tmp_path):
    """Classic models are loaded late; files that name them are read all the same."""
    path = Adaline().fit(GATE, np.reshape(AND, (4, 1)), epochs=60).save(tmp_path / "a.safetensors")
    code = (
        "import chainrule as cr, sys; early = 'chainrule.models.classic' in sys.modules; "
        "m = cr.load_model(sys.argv[1]); "
        "print(early, type(m).__name__, m.predict([[1.0, 1.0]]).tolist(), 'jax' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    assert out.stdout.split() == ["False", "Adaline", "[[1]]", "False"], out.stderr


def test_both_engines_predict_the_same():
    pytest.importorskip("jax")
    model = Perceptron().fit(GATE, AND)
    np.testing.assert_array_equal(model.predict(GATE, engine="xla"), AND)
    assert model.evaluate(GATE, np.reshape(AND, (4, 1)), verbose=0, engine="xla") == 0


ASKED = ["predict", "decision_function", "predict_on_batch", "score", "evaluate", "test_on_batch"]
FOUR = [Perceptron, Adaline, LinearRegression, LogisticRegression]


def ask(model, asked):
    """The answer to one question about the gate."""
    how = {"verbose": 0} if asked == "evaluate" else {}
    data = [GATE] if asked in ASKED[:3] else [GATE, AND]
    return getattr(model, asked)(*data, **how)


def pickled(model):
    """Another process's copy."""
    return pickle.loads(pickle.dumps(model))  # noqa: S301 - our own bytes


@pytest.mark.parametrize("make", FOUR)
@pytest.mark.parametrize("asked", ASKED)
def test_what_has_seen_no_data_answers_nothing(make, asked):
    built = make()
    built.build((None, 2))
    for model in (make(), built, copy.deepcopy(built), pickled(built)):
        with pytest.raises(cr.errors.NotBuiltError, match=rf"(?s){asked} is known.*fit\(x, y\)"):
            ask(model, asked)
    model = make()
    with pytest.raises(cr.errors.NotBuiltError):
        ask(model, asked)
    assert not model.built  # a refused question leaves nothing


@pytest.mark.parametrize("make", FOUR)
def test_weights_that_were_set_or_loaded_are_known(make, tmp_path):
    zeros = [np.zeros((2, 1)), np.zeros(1)]  # the numbers of the beginning, but on purpose
    model = make()
    model.build((None, 2))
    with pytest.raises(cr.errors.NotBuiltError):
        model.predict(GATE)
    model.set_weights(zeros)
    expected = model.predict(GATE)
    other, by_hand = make(), make()
    other.build((None, 2))
    by_hand.build((None, 2))
    other.load_weights(model.save_weights(tmp_path / "w.safetensors"))
    by_hand.unit.kernel.assign(zeros[0])
    loaded = cr.load_model(model.save(tmp_path / "m.safetensors"))
    for known in (other, by_hand, loaded, copy.deepcopy(model), pickled(model)):
        np.testing.assert_array_equal(known.predict(GATE), expected)


class Stop(cr.callbacks.Callback):
    """Ends a fit by an interrupt at the begin of one epoch."""

    def __init__(self, at):
        self.at = at

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.at:
            raise KeyboardInterrupt


def test_a_fit_that_was_stopped_counts_from_its_first_update():
    for at in (0, 1):
        model = Adaline()
        with pytest.raises(KeyboardInterrupt):
            model.fit(GATE, AND, callbacks=[Stop(at)])
        if at:
            assert model.predict(GATE).shape == (4,)
        else:
            with pytest.raises(cr.errors.NotBuiltError):
                model.predict(GATE)
    perfect = Perceptron().fit(GATE, [0, 0, 0, 0])  # no row changes anything, and all are right
    np.testing.assert_array_equal(perfect.predict(GATE), [0, 0, 0, 0])
    assert perfect.score(GATE, AND) == 0.75


def test_a_first_fit_that_was_refused_taught_nothing():
    model = Perceptron()
    with pytest.raises(cr.errors.DataError):
        model.fit(GATE, XOR)
    with pytest.raises(cr.errors.NotBuiltError, match="predict"):
        model.predict(GATE)


def test_a_copy_is_a_model_of_its_own():
    model = Perceptron().fit(GATE, AND)
    other = copy.deepcopy(model)
    other.fit(GATE, OR)
    np.testing.assert_array_equal(model.coef_, [[2, 1]])
    assert (model.n_iter_, len(model.path)) == (6, 11)
    assert other.score(GATE, OR) == 1


def test_the_explainer_uses_the_rule():
    model = Perceptron(learning_rate=0.5)
    model.build((None, 2))
    model.set_weights([[[-1.0], [0.5]], [0.25]])
    solution = cr.explain(model, [[2.0, 3.0]], [1])
    rows = solution["update"].items[-1].rows
    assert solution["update"].items[-1].columns == ("", "old", "(y - t)·x", "step", "new")
    assert [(r[1], r[2], r[-2].value, r[-1]) for r in rows] == [
        (-1.0, -2.0, 1.0, 0.0), (0.5, -3.0, 1.5, 2.0), (0.25, -1.0, 0.5, 0.75)
    ]  # fmt: skip
    assert "no slopes" in str(solution)
    one = solution.text(weight="w1_21")
    assert "update new = old - 0.5 · (y - t)·x" in one
    assert "new = old - 0.5·(y - t)·x = 0.5 - 0.5·(-3) = 2" in one
    assert "✗" not in one
    np.testing.assert_array_equal(model.coef_, [[-1.0, 0.5]])  # the model is not changed
    model.fit([[2.0, 3.0]], [1], epochs=1)
    np.testing.assert_array_equal(model.coef_, [[0.0, 2.0]])  # and fit does what was explained
    with pytest.raises(cr.errors.DataError, match="one row"):
        cr.explain(model, GATE, AND)


def test_the_explainer_writes_the_threshold():
    model = Perceptron(threshold=0.5)
    assert "step(z1_1 - 0.5)" in str(cr.explain(model, [[1.0]], [1]))
    assert "fires where net > 0.5" in str(cr.explain(model, [[1.0]], [1]))
    assert "fires where net ≥ 0;" in str(cr.explain(Perceptron(strict=False), [[1.0]], [1]))


def test_adaline_is_explained_as_it_trains():
    model = Adaline(learning_rate=0.1).fit(GATE, AND, epochs=2)
    text = str(cr.explain(model, GATE, AND))
    model.fit(GATE, AND, epochs=1)
    assert f"{model.coef_[0, 0]:.6f}" in text


def test_the_rule_of_the_course_is_the_model_s():
    assert cr.course.perceptron_rule(GATE, AND) == (6, pytest.approx([2, 1]), -2)


# --- two lines ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seed", "engine"), [(3, "numpy"), (12, "numpy"), (7, "xla")])
def test_two_hidden_neurons_solve_xor(seed, engine):
    if engine == "xla":
        pytest.importorskip("jax")
    cr.utils.set_random_seed(seed)
    model = cr.Sequential([cr.Input((2,)), L.Dense(2, "tanh"), L.Dense(1, "sigmoid")])
    model.compile(cr.optimizers.SGD(1.0), "binary_crossentropy", engine=engine)
    x = np.array(GATE, float)
    model.fit(x, np.array(XOR), epochs=400, batch_size=4, shuffle=False, verbose=0)
    np.testing.assert_array_equal(model.predict(x)[:, 0].round(), XOR)


def test_threads_do_not_share_a_path():
    found = {}

    def work(y, key):
        found[key] = Perceptron().fit(GATE, y)

    threads = [threading.Thread(target=work, args=a) for a in ((AND, "and"), (OR, "or"))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert (found["and"].n_iter_, found["or"].n_iter_) == (6, 4)


# --- data -----------------------------------------------------------------------------------------


def test_the_irises_are_fisher_s():
    """Sums and rows that are printed in many books; not those of the UCI copy."""
    iris = cr.datasets.load_iris()
    assert iris.data.shape == (150, 4)
    assert iris.data.mean(0).round(3).tolist() == [5.843, 3.057, 3.758, 1.199]
    assert iris.data.std(0, ddof=1).round(3).tolist() == [0.828, 0.436, 1.765, 0.762]
    assert iris.data.min(0).tolist() == [4.3, 2.0, 1.0, 0.1]
    assert iris.data.max(0).tolist() == [7.9, 4.4, 6.9, 2.5]
    assert iris.target.tolist() == [0] * 50 + [1] * 50 + [2] * 50
    assert iris.data[[34, 37]].tolist() == [[4.9, 3.1, 1.5, 0.2], [4.9, 3.6, 1.4, 0.1]]
    np.testing.assert_array_equal(iris.data[101], iris.data[142])
    x, _ = cr.datasets.load_iris(return_X_y=True)
    np.testing.assert_array_equal(x, iris.data)
    x[:] = 0  # a copy: the next caller has the flowers still
    assert cr.datasets.load_iris().data.max() == 7.9
    data = cr.datasets.load("iris")
    assert data.class_names == ["setosa", "versicolor", "virginica"]
    assert data.feature_names[0] == "sepal length (cm)"


def test_setosa_can_be_parted_and_the_others_cannot():
    """What is said of them everywhere, with a proof."""
    x, y = cr.datasets.load_iris(return_X_y=True)
    model = Perceptron().fit(x, (y == 0).astype(int))
    assert model.converged
    model.fit(x, (y == 1).astype(int), not_separable="keep", epochs=20)
    assert model.converged is False


def test_one_neuron_learns_height_and_age():
    run = cr.train("players", hidden=(), seed=1, engine="numpy", verbose=0)
    assert run.config["results"]["test"]["accuracy"] >= 0.98
    x, y = cr.datasets.players(seed=1)
    labels = np.array(run.predict(x).labels)
    assert np.mean(labels == np.where(y, "accepted", "not accepted")) >= 0.98
    assert run.predict([[150, 12]]).labels == ["not accepted"]


def test_one_neuron_learns_any_table_by_its_defaults(tmp_path):
    """The defaults were bad in general: a table of one's own, values as well as classes."""
    x, y = cr.datasets.players(n=150, seed=5)
    rows = "".join(
        f"{h:.1f},{a:.2f},{'yes' if t else 'no'}\n" for (h, a), t in zip(x, y, strict=True)
    )
    (tmp_path / "squad.csv").write_text("height,age,squad\n" + rows)
    run = cr.train(tmp_path / "squad.csv", hidden=(), engine="numpy", verbose=0)
    answers = run.predict({"height": x[:, 0], "age": x[:, 1]})
    assert np.mean(np.array(answers.labels) == np.where(y, "yes", "no")) >= 0.98
    random = np.random.default_rng(0)
    x = random.normal(size=(150, 3)) * [1, 10, 100]
    values = x @ [1, 0.2, -0.03] + 30
    run = cr.train((x, values), hidden=(), engine="numpy", verbose=0)
    assert run.config["results"]["test"]["mse"] < 1e-3 * np.var(values)


def test_only_a_layer_alone_takes_the_long_steps():
    from chainrule.workflow.recipes import RECIPES
    from chainrule.workflow.settings import Settings

    table, gates = RECIPES["tables"], RECIPES["gates"]
    assert Settings(hidden=()).completed(table, 500).learning_rate == 0.05
    assert Settings().completed(table, 500).learning_rate == 0.001
    assert Settings(hidden=(4,)).completed(gates, 4).learning_rate == 0.05
    assert Settings(hidden=(), learning_rate=0.002).completed(table, 500).learning_rate == 0.002
    assert Settings(hidden=(), optimizer="sgd").completed(table, 500).learning_rate is None


# --- regression -----------------------------------------------------------------------------------


def normal_equations(x, y):
    """(XᵀX)⁻¹Xᵀy with 50 digits."""
    mpmath = pytest.importorskip("mpmath")
    with mpmath.workdps(50):
        a = mpmath.matrix([[*map(mpmath.mpf, map(float, row)), 1] for row in x])
        b = mpmath.matrix([mpmath.mpf(float(v)) for v in y])
        return [float(v) for v in mpmath.lu_solve(a.T * a, a.T * b)]


@pytest.mark.parametrize("far", [0.0, 1e5])
def test_the_closed_form_is_that_of_the_normal_equations(far):
    """Also for columns far from 0, such as years, where XᵀX itself would lose ten digits."""
    random = np.random.default_rng(4)
    x = random.normal(size=(12, 3)) + far
    y = x @ [1.0, -2.0, 0.5] + random.normal(size=12)
    model = LinearRegression().fit(x, y)
    *w, b = normal_equations(x, y)
    np.testing.assert_allclose(model.coef_, w, rtol=1e-9)
    np.testing.assert_allclose(model.intercept_, b, rtol=1e-7)
    np.testing.assert_allclose(model.predict(x), x @ w + b, atol=1e-9 * max(1, far))
    residual = y - x @ w - b
    assert model.score(x, y) == pytest.approx(1 - residual @ residual / np.sum((y - y.mean()) ** 2))
    assert model.rank_ == 3
    assert model.history["loss"] == [pytest.approx(np.mean(residual**2), rel=1e-6)]


def test_a_line_through_points_by_hand():
    """x̄ = 2, ȳ = 4, Sxy = 4, Sxx = 2: slope 2, intercept 0, residuals 1/3 · (−1, 2, −1)... by hand."""
    model = LinearRegression().fit([[1.0], [2.0], [3.0]], [2.0, 5.0, 5.0])
    assert model.coef_.tolist() == [pytest.approx(1.5)]
    assert model.intercept_ == pytest.approx(1.0)
    assert isinstance(model.intercept_, float)
    assert model.score([[1.0], [2.0], [3.0]], [2.0, 5.0, 5.0]) == pytest.approx(0.75)


def test_columns_that_say_the_same_have_the_shortest_answer():
    x = np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]])
    model = LinearRegression().fit(x, [5.0, 10.0, 15.0])
    np.testing.assert_allclose(model.coef_, [1.0, 2.0], atol=1e-12)  # of a + 2b = 5 the shortest
    assert model.rank_ == 1


def test_without_a_bias_and_several_targets():
    x = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0]])
    y = x @ np.array([[1.0, 2.0], [3.0, -1.0]])
    model = LinearRegression(units=2, use_bias=False).fit(x, y)
    np.testing.assert_allclose(model.coef_, [[1, 3], [2, -1]], atol=1e-12)
    assert model.predict(x).shape == (3, 2)
    assert model.score(x, y) == pytest.approx(1)


def test_the_descent_comes_to_the_closed_form():
    random = np.random.default_rng(6)
    x = random.normal(size=(20, 2))
    y = x @ [2.0, -1.0] + 0.5 + 0.1 * random.normal(size=20)
    exact = LinearRegression().fit(x, y)
    model = LinearRegression(solver="gradient_descent").fit(x, y, epochs=300)
    np.testing.assert_allclose(model.coef_, exact.coef_, rtol=1e-8)
    np.testing.assert_allclose(model.intercept_, exact.intercept_, rtol=1e-8)
    w, _, losses = plain_adaline(x.tolist(), y.tolist(), model.learning_rate, 5)
    model = LinearRegression(solver="gradient_descent", learning_rate=model.learning_rate)
    model.fit(x, y, epochs=5)
    np.testing.assert_allclose(model.coef_, w, rtol=1e-12)
    np.testing.assert_allclose(model.history["loss"], losses, rtol=1e-12)
    assert "∂E/∂w1_11" in str(cr.explain(model, x[:2], y[:2]))


def logistic_minimum(x, y, l2=0.0):
    """The root of the gradient of the cross-entropy, with 40 digits, by mpmath's own search."""
    mpmath = pytest.importorskip("mpmath")
    with mpmath.workdps(40):
        rows = [[*map(mpmath.mpf, map(float, row)), mpmath.mpf(1)] for row in x]
        n, m = len(rows), len(rows[0])

        def gradient(*w):
            p = [1 / (1 + mpmath.exp(-mpmath.fdot(row, w))) for row in rows]
            return [mpmath.fsum((p[i] - int(y[i])) * rows[i][j] for i in range(n)) / n
                    + (2 * mpmath.mpf(l2) * w[j] if j < m - 1 else 0) for j in range(m)]  # fmt: skip

        return [float(v) for v in mpmath.findroot(gradient, [0] * m)]


@pytest.mark.parametrize("l2", [0.0, 0.05])
def test_newton_finds_the_minimum(l2):
    random = np.random.default_rng(8)
    x = random.normal(size=(15, 2))
    y = (x[:, 0] + random.normal(size=15) > 0).astype(int)
    model = LogisticRegression(l2=l2).fit(x, y)
    *w, b = logistic_minimum(x, y, l2)
    np.testing.assert_allclose(model.coef_[0], w, rtol=1e-9)
    np.testing.assert_allclose(model.intercept_, [b], rtol=1e-9)
    assert model.converged
    p = 1 / (1 + np.exp(-(x @ w + b)))
    np.testing.assert_allclose(model.predict_proba(x), np.stack([1 - p, p], 1), rtol=1e-8)
    np.testing.assert_array_equal(model.predict(x), (p > 0.5).astype(int))
    assert model.score(x, y) == np.mean((p > 0.5) == y)
    descent = LogisticRegression(l2=l2, solver="gradient_descent").fit(x, y, epochs=300)
    losses = descent.history["loss"]
    assert all(b < a for a, b in itertools.pairwise(losses[:20]))
    assert all(b < a + 1e-15 for a, b in itertools.pairwise(losses))  # at the end it is rounding
    cross = -np.mean(np.log(np.where(y, p, 1 - p))) + l2 * np.dot(w, w)
    assert losses[0] == pytest.approx(np.log(2))
    assert losses[-1] == pytest.approx(cross, rel=1e-4)
    assert model.evaluate(x, y, verbose=0) == pytest.approx(cross, rel=1e-6)
    assert "sigmoid" in str(cr.explain(model, x[:1], y[:1]))


def test_three_classes_by_newton_and_by_descent():
    x, y = cr.datasets.load_iris(return_X_y=True)
    model = LogisticRegression(units=3, l2=0.01).fit(x, y)
    p = model.predict_proba(x)
    d_w = x.T @ (p - np.eye(3)[y]) / 150 + 2 * 0.01 * model.coef_.T
    assert np.abs(d_w).max() < 1e-9  # the gradient is 0 at the minimum of a convex loss
    assert np.abs((p - np.eye(3)[y]).mean(0)).max() < 1e-9
    assert model.score(x, y) > 0.95
    descent = LogisticRegression(units=3, l2=0.01, solver="gradient_descent").fit(x, y, epochs=30)
    assert descent.history["loss"][0] == pytest.approx(np.log(3))
    assert descent.history["loss"][-1] < descent.history["loss"][0]


def test_classes_that_a_line_parts_have_no_best_weights():
    with pytest.warns(UserWarning, match="a line parts the classes"):
        model = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
    assert model.score([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]) == 1
    assert not model.converged
    assert LogisticRegression(l2=0.01).fit([[0.0], [1.0]], [0, 1]).converged


@pytest.mark.parametrize("make", [LinearRegression, LogisticRegression])
def test_regressions_as_files(make, tmp_path):
    model = make(solver="gradient_descent").fit(GATE, OR, epochs=4)
    loaded = cr.load_model(model.save(tmp_path / "r.safetensors"))
    np.testing.assert_array_equal(loaded.predict(GATE), model.predict(GATE))
    assert loaded.get_config() == model.get_config()
    np.testing.assert_array_equal(loaded.fit(GATE, OR, epochs=2).coef_,
                                  model.fit(GATE, OR, epochs=2).coef_)  # fmt: skip


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: LinearRegression(solver="svd"), "solver"),
        (lambda: LinearRegression().fit(GATE, OR, epochs=5), "gradient_descent"),
        (lambda: LinearRegression(solver="gradient_descent").fit(GATE, OR, epochs=1).rank_, "exact"),
        (lambda: LogisticRegression().fit(GATE, [0, 1, 2, 1]), "units=k"),
        (lambda: LogisticRegression(units=3).fit(GATE, [0, 1, 3, 1]), "outside the classes"),
        (lambda: LogisticRegression(l2=-1), "l2"),
        (lambda: LogisticRegression().fit(GATE, OR, engine="xla"), "gradient_descent"),
        (lambda: KMeans(5).fit([[0.0], [1.0], [1.0]]), r"KMeans\(n_clusters=2\)"),
        (lambda: KMeans(0), "n_clusters"),
        (lambda: KMeans(2.5), "n_clusters"),
        (lambda: KMeans(init="k-mean++"), "did you mean"),
        (lambda: KMeans(2, init=[[0.0], [1.0]]).fit(GATE), "do not fit"),
        (lambda: KMeans().labels_, "fit"),
        (lambda: KMeans().fit([[np.nan]]), "not finite"),
        (lambda: KMeans(random_state=0), "seed"),
    ],
)  # fmt: skip
def test_what_else_is_refused(make, words):
    with pytest.raises(cr.errors.ChainruleError, match=words):
        make()


# --- k-means --------------------------------------------------------------------------------------


def plain_lloyd(x, centers):
    """Both steps in plain loops, until nothing moves."""
    labels = None
    while True:
        new = [min(range(len(centers)), key=lambda j, r=r: sum((a - b) ** 2 for a, b in zip(r, centers[j], strict=True)))
               for r in x]  # fmt: skip
        if new == labels:
            return labels, centers
        labels = new
        groups = [
            [r for r, g in zip(x, labels, strict=True) if g == j] for j in range(len(centers))
        ]
        centers = [[sum(c) / len(g) for c in zip(*g, strict=True)] for g in groups]


def test_lloyd_s_steps_are_those_of_plain_loops():
    x = cr.datasets.load_iris().data
    first = x[[3, 60, 120]]
    labels, centers = plain_lloyd(x.tolist(), first.tolist())
    model = KMeans(3, init=first).fit(x)
    assert model.labels_.tolist() == labels
    np.testing.assert_allclose(model.cluster_centers_, centers, rtol=1e-12)
    np.testing.assert_array_equal(model.path[0], first)
    inertia = sum((a - b) ** 2 for r, g in zip(x.tolist(), labels, strict=True)
                  for a, b in zip(r, centers[g], strict=True))  # fmt: skip
    assert model.inertia_ == pytest.approx(inertia, rel=1e-12)
    assert model.converged
    assert all(b <= a for a, b in itertools.pairwise(model.history["inertia"]))
    assert len(model.path) == model.n_iter_ + 1


def test_the_irises_in_three_groups():
    """78.851441 with groups of 50, 62 and 38: what every book and library gives for k = 3."""
    x = cr.datasets.load_iris().data
    model = KMeans(3).fit(x)
    assert model.inertia_ == pytest.approx(78.851441426146, rel=1e-12)
    assert sorted(np.bincount(model.labels_).tolist()) == [38, 50, 62]
    assert len(set(model.labels_[:50])) == 1  # setosa alone
    np.testing.assert_array_equal(model.predict(x), model.labels_)
    assert model.score(x) == pytest.approx(-model.inertia_)
    np.testing.assert_array_equal(KMeans(3).fit_predict(x), model.labels_)  # equal seeds


def test_an_empty_group_gets_a_row():
    x = [[0.0], [1.0], [10.0], [11.0]]
    model = KMeans(3, init=[[0.0], [10.0], [500.0]]).fit(x)
    assert sorted(np.bincount(model.labels_, minlength=3).tolist()) == [1, 1, 2]
    assert np.isfinite(model.cluster_centers_).all()


def test_a_fit_that_is_cut_short_agrees_with_itself():
    x = cr.datasets.load_iris().data
    model = KMeans(3, init=x[:3], max_iter=1).fit(x)
    assert not model.converged
    np.testing.assert_array_equal(model.labels_, model.predict(x))


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_k_means_as_a_file_and_on_both_engines(engine, tmp_path):
    if engine == "xla":
        pytest.importorskip("jax")
    x = cr.datasets.load_iris().data
    model = KMeans(3, init=x[[3, 60, 120]]).fit(x)
    loaded = cr.load_model(model.save(tmp_path / "k.safetensors"))
    np.testing.assert_array_equal(loaded.predict(x, engine=engine), model.labels_)
    assert loaded.get_config() == model.get_config()
    with pytest.raises(cr.errors.ArgumentError, match="not in a model's file"):
        _ = loaded.labels_


def test_k_means_says_what_it_learnt():
    model = KMeans(3, name="groups").fit(cr.datasets.load_iris().data)
    for ask in (model.predict, model.transform, model.score):
        with pytest.raises(cr.errors.ShapeError, match=r"(?s)groups.*4 features.*3 features"):
            ask(np.ones((2, 3)))
    empty = KMeans(2)
    empty.build((None, 2))
    for asked in ("predict", "transform", "score"):
        for unfitted in (KMeans(2), empty, copy.deepcopy(empty)):
            with pytest.raises(cr.errors.NotBuiltError, match=rf"(?s){asked}.*fit\(x\)"):
                getattr(unfitted, asked)(GATE)
    empty.set_weights([[[0.0, 0.0], [1.0, 1.0]]])
    np.testing.assert_array_equal(copy.deepcopy(empty).predict(GATE), [0, 0, 0, 1])


DECK_001 = """
X_iris = iris.data
Y_iris = iris.target

x = DataFrame(iris.data, columns=['Sepal Length', 'Sepal Width', 'Petal Length', 'Petal Width'])
y = DataFrame(iris.target, columns=['Target'])
x.head(5)

model = KMeans(n_clusters=3)
model.fit(x)
predicted = model.labels_
"""


class DataFrame:
    """What the deck's program uses of pandas: an array with names of columns."""

    def __init__(self, data, columns):
        self.values, self.columns = np.asarray(data), columns
        self.shape, self.dtype, self.ndim = self.values.shape, self.values.dtype, self.values.ndim

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype)

    def __len__(self):
        return len(self.values)

    def head(self, n):
        return self.values[:n]


def test_deck_001_s_program():
    """Its listing ends inside a list of names, and before the clusters: completed here."""
    names = {"DataFrame": DataFrame}
    head = "from chainrule.models import KMeans\nfrom chainrule import datasets\n"
    exec(head + "iris = datasets.load_iris()\n" + DECK_001, names)  # noqa: S102
    assert names["x"].head(2).tolist() == [
        [5.1, 3.5, 1.4, 0.2],
        [4.9, 3.0, 1.4, 0.2],
    ]  # the slide's
    assert sorted(np.bincount(names["predicted"]).tolist()) == [38, 50, 62]


# --- deck 003's kit -------------------------------------------------------------------------------


def line(w=1.0, b=0.0):
    model = cr.Sequential([cr.Input((1,)), L.Dense(1, dtype="float64")])
    model.set_weights([[[w]], [b]])
    return model


X, Y = np.array([[1.0], [2.0]]), np.array([[3.0], [5.0]])


def grads(model):
    return [v.grad.item() for v in model.trainable_variables]


def test_the_loop_as_deck_003_says_it():
    """ŷ = w·x + b on (1, 3), (2, 5): ∂L/∂w = (2/2)Σ(ŷ − y)x, ∂L/∂b = Σ(ŷ − y); every step by hand."""
    model, loss_fn = line(), cr.losses.MeanSquaredError()
    optimizer = cr.optimizers.SGD(0.1)
    optimizer.build(model.trainable_variables)
    w, b = 1.0, 0.0
    for _ in range(20):
        model.zero_grad()
        out = model.forward(X)
        loss = loss_fn(out, Y)
        loss.backward()
        optimizer.step()
        off = [w * x + b - y for x, y in ((1, 3), (2, 5))]
        assert loss.item() == pytest.approx((off[0] ** 2 + off[1] ** 2) / 2, rel=1e-12)
        assert grads(model) == pytest.approx([off[0] + 2 * off[1], off[0] + off[1]], rel=1e-12)
        w, b = w - 0.1 * (off[0] + 2 * off[1]), b - 0.1 * (off[0] + off[1])
        assert [v.numpy().item() for v in model.weights] == pytest.approx([w, b], rel=1e-12)


def test_without_zero_grad_the_gradients_add_up():
    model, loss_fn = line(), cr.losses.MeanSquaredError()
    loss_fn(model.forward(X), Y).backward()
    assert grads(model) == [-8, -5]
    loss_fn(model.forward(X), Y).backward()
    assert grads(model) == [-16, -10]
    loss_fn(model.forward(2 * X), Y).backward()  # ŷ − y = (−1, −1): −1·2 − 1·4 and −2
    assert grads(model) == [-22, -12]
    model.zero_grad()
    assert [v.grad for v in model.weights] == [None, None]
    loss_fn(model.forward(X), Y).backward()
    assert grads(model) == [-8, -5]


def test_left_out_it_spoils_the_training():
    found = {}
    for clears in (True, False):
        model, loss_fn, optimizer = line(), cr.losses.MeanSquaredError(), cr.optimizers.SGD(0.1)
        model.compile(optimizer, "mse")  # builds the optimizer at the first forward
        for _ in range(60):
            if clears:
                model.zero_grad()
            loss = loss_fn(model.forward(X), Y)
            loss.backward()
            optimizer.step()
        found[clears] = loss.item()
    assert found[True] < 0.01 < 1 < found[False]


def test_the_explicit_style_adds_up_too():
    dense = L.Dense(1, dtype="float64")
    dense(X)
    dense.backward(np.ones((2, 1)))
    dense.backward(np.ones((2, 1)))
    assert [v.grad.item() for v in dense.weights] == [6, 4]
    dense.zero_grad()
    dense.backward(np.ones((2, 1)))
    assert [v.grad.item() for v in dense.weights] == [3, 2]


def test_any_formula_of_the_outputs():
    model = line()
    w = model.weights[0]
    loss = ((model.forward(X) - Y) ** 2).mean() + 0.5 * (w * w).sum()  # the penalty counts, too
    assert float(loss) == 6.5 + 0.5
    loss.backward()
    assert grads(model) == [-8 + 1, -5]
    assert type(w * w) is np.ndarray  # after backward nothing is recorded


def test_either_order_of_a_loss():
    """Keras's (y_true, y_pred) and the deck's (out, y): a cross-entropy is not symmetric."""
    model = cr.Sequential([cr.Input((1,)), L.Dense(1, "sigmoid", dtype="float64")])
    model.set_weights([[[0.5]], [0.25]])
    y, loss_fn = np.array([[1.0], [0.0]]), cr.losses.BinaryCrossentropy()
    losses = []
    for swapped, recorded in itertools.product((False, True), repeat=2):
        model.zero_grad()
        with cr.record() if recorded else contextlib.nullcontext():  # the cure of passes that meet
            out = model.forward(X)
            loss = loss_fn(out, y) if swapped else loss_fn(y, out)
        loss.backward()
        losses.append((float(loss), *grads(model)))
    p = 1 / (1 + np.exp(-(0.5 * X + 0.25)))
    wanted = [-np.mean(np.log(np.where(y, p, 1 - p))), np.mean((p - y) * X), np.mean(p - y)]
    assert losses[0] == pytest.approx(wanted, rel=1e-9)
    assert losses == [losses[0]] * 4


def test_a_penalty_counts_behind_another_models_pass():
    """Of a teacher, or of the other half of a pair: its pass is not where these weights are."""
    model, other = line(), line(2.0)
    out, elsewhere = model.forward(X), other.forward(X)
    w = model.weights[0]
    (((out - Y) ** 2).mean() + 0.5 * (w * w).sum()).backward()
    assert grads(model) == [-8 + 1, -5]
    v = other.weights[0]
    (elsewhere.sum() + 0.5 * (v * v).sum()).backward()
    assert grads(other) == [3 + 2, 2]
    assert type(w * w) is type(v * v) is np.ndarray  # nothing is recorded any more


def test_two_models_do_not_share_a_record():
    """Passes that overlap: each loss reaches its own weights alone."""
    one, two, loss_fn = line(), line(2.0), cr.losses.MeanSquaredError()
    first = loss_fn(one.forward(X), Y)
    second = loss_fn(two.forward(X), Y)
    first.backward()
    assert grads(one) == [-8, -5]
    assert [v.grad for v in two.weights] == [None, None]
    second.backward()  # 2x − y = (−1, −1)
    assert grads(two) == [-3, -2]
    assert grads(one) == [-8, -5]


def test_a_model_behind_a_model_is_one_pass():
    one, two = line(2.0), line(3.0)
    loss = two.forward(one.forward(X)).sum()  # 3·2·(1 + 2)
    assert float(loss) == 18
    loss.backward()
    assert grads(one) == [9, 6]
    assert grads(two) == [6, 2]
    dense = L.Dense(1, use_bias=False, dtype="float64", kernel_initializer="ones")
    one.zero_grad()
    dense(one.forward(X)).sum().backward()  # a layer called directly goes on with it
    assert grads(one) == [3, 2]
    assert dense.kernel.grad.item() == 6


def test_two_passes_that_meet_are_refused():
    """One of them would be a constant, and half of the gradient be missing."""
    model = line()
    with pytest.raises(cr.errors.StateError, match="two forward passes meet"):
        _ = model.forward(X) + model.forward(2 * X)
    with cr.record():
        loss = (model(X) + model(2 * X)).sum()
    loss.backward()
    assert grads(model) == [9, 4]


def test_threads_each_have_their_own_pass():
    model, loss_fn, found, go = line(), cr.losses.MeanSquaredError(), {}, threading.Barrier(4)

    def work(k):
        own = copy.deepcopy(model)
        go.wait()
        for _ in range(50):
            own.zero_grad()
            out = own.forward(k * X)
            loss_fn(out, Y).backward()
        found[k] = grads(own)

    threads = [threading.Thread(target=work, args=(k,)) for k in (1, 2, 3, 4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for k in (1, 2, 3, 4):
        off = [k - 3, 2 * k - 5]
        assert found[k] == [off[0] * k + off[1] * 2 * k, off[0] + off[1]]


def test_a_shared_model_in_two_threads():
    """What one thread leaves recording, the other does not see."""
    model, seen = line(), {}
    out = model.forward(X)

    def other():
        seen["product"] = type(model.weights[0] * 2.0)
        seen["loss"] = float(((model.forward(3 * X) - Y) ** 2).mean())

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert seen == {"product": np.ndarray, "loss": 0.5}
    cr.losses.MeanSquaredError()(out, Y).backward()
    assert grads(model) == [-8, -5]


def test_what_the_kit_refuses():
    model, loss_fn = line(), cr.losses.MeanSquaredError()
    loss = loss_fn(model.forward(X), Y)
    loss.backward()
    with pytest.raises(cr.errors.StateError, match="second time"):
        loss.backward()
    assert grads(model) == [-8, -5]
    with pytest.raises(cr.errors.ShapeError, match="single number"):
        model.forward(X).backward()
    with pytest.raises(cr.errors.StateError, match=r"optimizer\.build"):
        cr.optimizers.SGD(0.1).step()
    optimizer = cr.optimizers.SGD(0.1)
    optimizer.build(line().trainable_variables)
    with pytest.raises(cr.errors.StateError, match="no variable has a gradient"):
        optimizer.step()
    with pytest.raises(cr.errors.ArgumentError, match=r"Dense\(1, input_dim=2\)"):
        L.Linear(2, 1)


def test_forward_and_backward_by_hand_still_go_together():
    model = line(3.0)
    out = model.forward(X)
    np.testing.assert_array_equal(np.asarray(out), [[3], [6]])
    np.testing.assert_array_equal(model.backward(np.ones((2, 1))), [[3], [3]])
    assert grads(model) == [3, 2]


def test_a_pass_inside_a_recording_belongs_to_it():
    model = line()
    with cr.record() as tape:
        loss = cr.losses.MeanSquaredError()(Y, model.forward(X))
    assert tape.gradients(loss, model.weights)[0].item() == -8


def test_slots_and_frozen_weights_stay_with_step():
    model = line()
    optimizer = cr.optimizers.Adam(0.1)
    optimizer.build(model.trainable_variables)
    model.weights[0].grad = np.array([[1.0]])
    optimizer.step()  # the bias has no gradient: it stays, and its slots are kept
    assert model.weights[1].numpy().item() == 0
    assert model.weights[0].numpy().item() == pytest.approx(0.9, abs=1e-6)
    model.weights[1].grad = np.array([1.0])
    optimizer.step()
    assert len(optimizer.slots) == 2
    assert int(optimizer.iterations.value) == 2


def test_deck_003_s_class_as_mended():
    """E28: indented, one name for the layer, backward returns the gradient, numbers for `...`."""
    names = {"np": np}
    program = """
from chainrule.layers import Linear, Sigmoid

class NeuralNetwork:
    def __init__(self):
        self.linear = Linear(1)  # Set up the network structure.
        self.act = Sigmoid()  # Set up the activation function.

    def forward(self, x):
        z = self.linear(x)  # Propagates x through the layers.
        out = self.act(z)  # Applies the activation function.
        return out

    def backward(self, d_out):
        d_z = self.act.backward(d_out)  # Backpropagates dl/dout through the sigmoid.
        d_x = self.linear.backward(d_z)  # Backpropagates dl/dz through the layer.
        return d_x

network = NeuralNetwork()
x = np.array([[0.1]])
network.forward(x)
network.linear.set_weights([[[0.15]], [0.40]])
out = network.forward(x)
d_x = network.backward(out - 0.25)
"""
    cr.config.set_floatx("float64")
    exec(program, names)  # noqa: S102
    net = names["network"]
    a = 1 / (1 + np.exp(-0.415))  # deck 001's hidden neuron
    assert names["out"].item() == pytest.approx(a, rel=1e-12)
    delta = (a - 0.25) * a * (1 - a)
    assert net.linear.kernel.grad.item() == pytest.approx(delta * 0.1, rel=1e-12)
    assert names["d_x"].item() == pytest.approx(delta * 0.15, rel=1e-12)


# --- the unit of 1943, and a stack that is one matrix ---------------------------------------------


def test_mcculloch_and_pitts():
    """Their figure 1: or, and, and-not; and inhibition that no number of inputs outweighs."""
    assert McCullochPitts(1).truth_table(2)[:, 2].tolist() == OR
    assert McCullochPitts(2).truth_table(2)[:, 2].tolist() == AND
    assert McCullochPitts(1, inhibitory=[1]).truth_table(2)[:, 2].tolist() == [0, 0, 1, 0]
    for n in (2, 4):
        unit = McCullochPitts(1, inhibitory=[n])
        for row in unit.truth_table(n + 1):
            *bits, stop, y = row.tolist()
            assert y == (sum(bits) >= 1 and not stop)
    assert McCullochPitts(0, inhibitory=[0]).predict([[0], [1]]).tolist() == [1, 0]


def test_a_net_of_them_computes_xor():
    either, both = McCullochPitts(1), McCullochPitts(2)
    hidden = np.stack([either.predict(GATE), both.predict(GATE)], axis=1)
    assert McCullochPitts(1, inhibitory=[1]).predict(hidden).tolist() == XOR


def test_a_unit_of_1943_is_a_model(tmp_path):
    unit = McCullochPitts(2, inhibitory=[2])
    unit.predict([[1, 1, 0]])
    loaded = cr.load_model(unit.save(tmp_path / "unit.safetensors"))
    assert loaded.get_config() == unit.get_config()
    assert loaded.truth_table(3).tolist() == unit.truth_table(3).tolist()
    assert unit.score([[1, 1, 0], [1, 1, 1]], [1, 0]) == 1


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: McCullochPitts(1).predict([[0.5, 1]]), "row 0, input 0: an input is not binary"),
        (lambda: McCullochPitts(1.5), "threshold"),
        (lambda: McCullochPitts(1, inhibitory=[-1]), "inhibitory"),
        (lambda: McCullochPitts(1, inhibitory=[3]).predict([[0, 1]]), "4 inputs or more"),
        (lambda: McCullochPitts(1).fit(GATE, OR), "Perceptron"),
        (lambda: McCullochPitts(1).truth_table(40), "inputs is out of range"),
        (lambda: McCullochPitts(1).score(GATE, [1]), "different lengths"),
        (lambda: collapse(cr.Sequential([cr.Input((2,)), L.Dense(2, "relu"), L.Dense(1)])),
         r"Dense 'dense'(.|\n)*not linear(.|\n)*relu"),
        (lambda: collapse(cr.Sequential([L.Dense(2)])), "no weights yet"),
        (lambda: collapse(L.Dense(2)), "Sequential"),
        (lambda: collapse(cr.Sequential([cr.Input((4, 2)), L.Flatten(), L.Dense(1)])), "Flatten"),
    ],
)  # fmt: skip
def test_what_these_refuse(make, words):
    with pytest.raises(cr.errors.ChainruleError, match=words):
        make()


def test_a_linear_stack_is_one_matrix():
    """By hand: (1 2; 3 4)·(5; 6) = (17; 39), (1, 1)·(5; 6) + 2 = 13."""
    model = cr.Sequential([cr.Input((2,)), L.Dense(2), L.Dropout(0.5), L.Dense(1, "linear")])
    model.set_weights([[[1, 2], [3, 4]], [1, 1], [[5], [6]], [2]])
    one = collapse(model)
    kernel, bias = one.layers[0].get_weights()
    assert (kernel.tolist(), bias.tolist()) == ([[17], [39]], [13])
    x = np.random.default_rng(0).normal(size=(20, 2))
    np.testing.assert_allclose(one.predict(x), model.predict(x), rtol=1e-5, atol=1e-5)
    plain = cr.Sequential([cr.Input((2,)), L.Dense(2, use_bias=False), L.Activation("linear")])
    assert collapse(plain).layers[0].bias is None
    model.layers[0].activation = "tanh"
    with pytest.raises(cr.errors.ArgumentError, match="tanh"):
        collapse(model)


# --- the moving line ------------------------------------------------------------------------------


def test_the_line_is_where_z_is_at_the_threshold():
    pytest.importorskip("matplotlib")
    model = Perceptron().fit(GATE, AND)
    figure = cr.plots.moving_line(model, GATE, AND)
    assert len(figure.axes) == len(model.path) == 11
    for axes, step in zip(figure.axes, model.path, strict=True):
        lines = axes.get_lines()
        assert ("no line here" in axes.get_title()) == (not lines)
        for line in lines:
            for x, y in zip(*line.get_data(), strict=True):
                assert step.coef[0] @ [x, y] + step.intercept[0] == pytest.approx(0, abs=1e-12)
                assert -0.19 < x < 1.19
                assert -0.19 < y < 1.19
    title = figure.axes[3].get_title()
    assert title == "epoch 2, row 1\nw = (1, 0), b = -1"
    two = Adaline().fit(GATE, AND, epochs=300)
    axes = cr.plots.moving_line(two, GATE, AND, steps=[-1]).axes[0]
    for x, y in zip(*axes.get_lines()[0].get_data(), strict=True):
        assert two.coef_[0] @ [x, y] + two.intercept_[0] == pytest.approx(0.5)  # its threshold
    values = LinearRegression(solver="gradient_descent").fit([[0.0], [1.0]], [1.0, 3.0], epochs=3)
    figure = cr.plots.moving_line(values, [[0.0], [1.0]], [1.0, 3.0])
    line = figure.axes[-1].get_lines()[0]
    np.testing.assert_allclose(line.get_ydata(), values.predict(line.get_xdata().reshape(-1, 1)))


def test_at_most_twelve_panels():
    pytest.importorskip("matplotlib")
    model = Adaline().fit(GATE, AND, epochs=50)
    titles = [a.get_title() for a in cr.plots.moving_line(model, GATE, AND).axes]
    assert len(titles) == 12
    assert titles[0].startswith("start")
    assert titles[-1].startswith("epoch 50\n")


@pytest.mark.parametrize(("ending", "updates"), [(".gif", OR), (".png", [1, 1, 1, 1])])
def test_the_film_has_a_picture_for_each_update(ending, updates, tmp_path):
    pytest.importorskip("matplotlib")
    from PIL import Image

    model = Perceptron().fit(GATE, updates)
    path = tmp_path / f"or{ending}"
    assert cr.plots.animate_line(model, GATE, updates, path, seconds=0.5) == str(path)
    with Image.open(path) as film:
        assert film.n_frames == len(model.path) == (5 if updates is OR else 2)
        pictures = []
        for k in range(film.n_frames):
            film.seek(k)
            pictures.append(np.asarray(film.convert("RGB")).astype(int))
        assert film.info["duration"] == 2000  # the last one stays
    assert all(np.abs(a - b).sum() > 0 for a, b in itertools.pairwise(pictures))
    before = path.read_bytes()
    with pytest.raises(cr.errors.FileError, match="there already"):
        cr.plots.animate_line(model, GATE, OR, path)
    assert path.read_bytes() == before
    cr.plots.animate_line(model, GATE, OR, path, steps=[-1], overwrite=True)
    assert path.read_bytes() != before


def test_what_cannot_be_drawn(monkeypatch, tmp_path):
    pytest.importorskip("matplotlib")
    model = Perceptron().fit(GATE, AND)
    draw, film = cr.plots.moving_line, cr.plots.animate_line
    for call, words in (
        (lambda: draw(Perceptron(), GATE, AND), "no path"),
        (lambda: draw(cr.Sequential([L.Dense(1)]), GATE, AND), "no path"),
        (lambda: draw(KMeans(2).fit(GATE), GATE, AND), "no path"),
        (lambda: draw(model, np.ones((4, 3)), AND), r"\(n, 2\)"),
        (lambda: draw(model, GATE, [0, 1]), "different lengths"),
        (lambda: draw(model, GATE, AND, steps=[11]), "no such step"),
        (lambda: draw(model, GATE, AND, steps=[]), "no step"),
        (lambda: film(model, GATE, AND, tmp_path / "and.mp4"), "ending"),
        (lambda: film(model, GATE, AND, tmp_path / "and.gif", seconds=0), "seconds"),
    ):
        with pytest.raises(cr.errors.ChainruleError, match=words):
            call()
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(cr.errors.MissingExtraError, match="Pillow"):
        film(model, GATE, AND, tmp_path / "and.gif")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(cr.errors.MissingExtraError, match=r"chainrule\[viz\]"):
        draw(model, GATE, AND)
