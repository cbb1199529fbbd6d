"""The recipe for tables: members, folds, edges, candidates, the choice between them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ArgumentError, DataError
from chainrule.layers.piecewise import edges_of
from chainrule.tables.split import folds
from chainrule.tabular import Problem, Settings, bag, fit, linear, recipe, solvers
from chainrule.tabular.design import Design
from chainrule.tabular.lasso import Lasso
from chainrule.tabular.linear import fit_linear, losses_of
from chainrule.tabular.newton import conjugate_gradients, newton
from chainrule.tabular.solvers import Logistic, Ridge

QUICK = {"steps": 24, "checks": 4, "batch_size": 16, "units": (8, 8), "bins": 4, "width": 3}


def table(n=80, seed=0, codes=False):
    draw = np.random.default_rng(seed)
    x = {
        "numeric": draw.normal(size=(n, 3)).astype(np.float32),
        "flat": (draw.random((n, 2)) < 0.5).astype(np.float32),
    }
    if codes:
        x["codes"] = draw.integers(0, 6, size=(n, 2)).astype(np.int32)
    return x, draw


def regression(n=80, seed=0, codes=False, **more):
    x, draw = table(n, seed, codes)
    y = 3 * x["numeric"][:, 0] + x["flat"][:, 1] + 20 + draw.normal(size=n) * 0.1
    return Problem(x, y, "regression", **more)


def classes(n=80, seed=0, codes=False, **more):
    x, _ = table(n, seed, codes)
    y = (x["numeric"][:, 0] > 0).astype(int) + (x["numeric"][:, 1] > 0.8)
    return Problem(x, y, "classification", 3, **more)


def small_bag(problem, members=2, **settings):
    chosen = Settings.of(problem.rows, **(QUICK | {"members": members, "folds": 8} | settings))
    widths = {k: v.shape[1] for k, v in problem.x.items()}
    levels = [int(c.max()) + 1 for c in problem.x.get("codes", np.zeros((1, 0))).T]
    made = bag.Bag(chosen, problem.task, problem.outputs, widths, levels, "numpy")
    return made, folds(problem.y, None, 8, 0, problem.task)[:members]


def ones(problem):
    return np.ones(problem.rows)


# --- edges ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("bins", [1, 3, 16])
@pytest.mark.parametrize("kind", ["distinct", "zeros", "few", "one"])
def test_edges_stand_at_equal_steps_of_root_counts(kind, bins):
    draw = np.random.default_rng(1)
    values = {
        "distinct": draw.normal(size=37),
        "zeros": np.where(draw.random(50) < 0.8, 0.0, draw.normal(size=50)),
        "few": draw.integers(0, 3, 40).astype(float),
        "one": np.full(5, 2.5),
    }[kind]
    found = sorted(set(values.tolist()))
    root = [math.sqrt(sum(v == d for v in values)) for d in found]
    places = [sum(root[:i]) + root[i] / 2 for i in range(len(found))]
    expected = []
    for k in range(bins + 1):
        wanted = places[0] + (places[-1] - places[0]) * k / bins
        edge = found[-1]
        for (a, b), (p, q) in zip(
            itertools.pairwise(found), itertools.pairwise(places), strict=True
        ):
            if p <= wanted <= q:
                edge = a + (b - a) * (wanted - p) / (q - p)
                break
        expected.append(edge)
    np.testing.assert_allclose(edges_of(values, bins), expected, rtol=1e-12, atol=1e-12)


def test_edges_of_a_column_that_is_mostly_zero_do_not_collapse():
    values = np.concatenate([np.zeros(9000), np.linspace(1, 100, 1000)])
    assert len(set(np.quantile(values, np.linspace(0, 1, 17)))) < 5  # what quantiles would do
    assert len(set(edges_of(values, 16))) == 17


def test_the_encoding_learns_its_edges_from_the_data_it_is_given():
    layer = cr.layers.PiecewiseLinearEncoding(4)
    rows = np.random.default_rng(0).normal(size=(30, 2))
    layer.adapt(rows)
    np.testing.assert_allclose(layer.edges.numpy()[1], edges_of(rows[:, 1], 4), rtol=1e-6)
    beyond = layer(np.array([[-99.0, 99.0]]))
    assert beyond[0, 0].tolist() == [0, 0, 0, 0]
    assert beyond[0, 1].tolist() == [1, 1, 1, 1]
    layer.adapt(np.array([[5.0, 1.0], [5.0, 2.0]]))  # a column of one value says nothing
    assert layer(np.array([[7.0, 1.5]]))[0, 0].tolist() == [0, 0, 0, 0]
    with pytest.raises(cr.errors.ShapeError, match="another number of features"):
        layer.adapt(np.zeros((3, 5)))
    with pytest.raises(DataError, match="not finite"):
        layer.adapt(np.array([[np.nan, 1.0]]))


# --- members --------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [regression, classes])
def test_members_are_the_networks_they_would_be_alone(make, monkeypatch):
    """Trained one by one, each gives what it gives in the bag, to float32's rounding."""
    problem = make(codes=True)
    together, parts = small_bag(problem, members=3, dropout=0.0)
    found = together.train(problem, parts, ones(problem), seed=5)
    last = {}
    for j in range(3):
        alone, _ = small_bag(problem, members=1, dropout=0.0)
        start = alone.network.start
        alone.network.__dict__["start"] = lambda seed, j=j, start=start: start(seed, j)
        every = bag.orders(parts, alone.steps * alone.settings.batch_size, 5)
        with monkeypatch.context() as patch:
            patch.setattr(bag, "orders", lambda *a, j=j, every=every: every[:, j : j + 1])
            last[j] = alone.train(problem, parts[j : j + 1], ones(problem), seed=5)
    for check in range(4):
        mean = np.average(
            [last[j].history[check].val_loss for j in range(3)],
            weights=[len(out) for _, out in parts],
        )
        np.testing.assert_allclose(found.history[check].val_loss, mean, rtol=2e-5)
    best = [c.val_loss for c in found.history].index(min(c.val_loss for c in found.history))
    assert found.best_step == found.history[best].step
    for j in range(3):
        if last[j].best_step == found.best_step:
            rows = parts[j][1]
            np.testing.assert_allclose(
                found.out_of_fold[rows], last[j].out_of_fold[rows], rtol=2e-5, atol=1e-5
            )
    assert any(last[j].best_step == found.best_step for j in range(3))


def test_a_member_never_sees_the_rows_it_holds_out():
    problem = regression(n=60)
    made, parts = small_bag(problem, members=3)
    seen, columns = [], made.columns

    def watched(problem, numbers):
        seen.append(numbers)
        return columns(problem, numbers)

    made.columns = watched
    kind, run = [], made._learn

    def learning(*args):
        kind.append(len(seen))
        run(*args)
        kind.append(len(seen))

    made._learn = learning
    made.train(problem, parts, ones(problem), seed=0)
    batches = np.concatenate(
        [s for a, b in zip(kind[::2], kind[1::2], strict=True) for s in seen[a:b]]
    )
    for j, (rows, out) in enumerate(parts):
        assert set(batches[:, j]) <= set(rows.tolist())
        assert not set(batches[:, j]) & set(out.tolist())
    assert len(set(batches[:, 0])) > 40  # and it sees the others


def test_each_epoch_of_a_member_has_each_of_its_rows_once():
    parts = [(np.arange(7), np.array([7])), (np.arange(1, 8), np.array([0]))]
    order = bag.orders(parts, 21, seed=3)
    for j, (rows, _) in enumerate(parts):
        for epoch in range(3):
            assert sorted(order[7 * epoch : 7 * epoch + 7, j]) == rows.tolist()
    assert not np.array_equal(order[:7], order[7:14])


def test_groups_are_held_out_whole(monkeypatch):
    problem = regression(n=60, groups=np.arange(60) // 4)
    used = []
    train = bag.Bag.train
    monkeypatch.setattr(bag.Bag, "train", lambda *a: used.append(a[2]) or train(*a))
    fit(problem, settings=QUICK | {"candidates": ("network",)}, engine="numpy")
    for learn, out in used[0]:
        assert not set(problem.groups[learn]) & set(problem.groups[out])
    assert sorted(np.concatenate([out for _, out in used[0]]).tolist()) == list(range(60))
    few = regression(n=60, groups=np.arange(60) // 20)  # three groups: no eight folds
    assert fit(few, settings={"candidates": ("linear",)}).settings.folds == 3


def test_where_the_best_step_came_early_it_is_trained_again_with_less(monkeypatch):
    draw = np.random.default_rng(0)
    x = {"numeric": draw.normal(size=(60, 6)).astype(np.float32)}
    noise = Problem(x, draw.normal(size=60), "regression")
    steps, found = [], []
    train = bag.Bag.train

    def watched(self, *args):
        found.append(train(self, *args))
        steps.append(self.steps)
        return found[-1]

    monkeypatch.setattr(bag.Bag, "train", watched)
    only = QUICK | {"candidates": ("network",), "members": 2, "steps": 400, "checks": 10}
    fitted = fit(noise, settings=only | {"learning_rate": 0.03}, engine="numpy")
    assert steps[0] == 400
    assert found[0].history[-1].step < 400  # nothing got better for long
    assert found[0].best_step <= 133
    assert steps[1] == max(10, 2 * found[0].best_step)
    least = [min(c.val_loss for c in t.history) for t in found]
    assert fitted.history[0]["step"] == found[int(np.argmin(least))].history[0].step


def test_held_out_rows_of_folds_of_different_sizes_count_once():
    """Folds are filled up to one length; what fills them has no weight."""
    problem = regression(n=61)
    made, parts = small_bag(problem, members=8)
    assert len({len(out) for _, out in parts}) == 2
    found = made.train(problem, parts, ones(problem), seed=0)
    assert not np.isnan(found.out_of_fold).any()
    losses = losses_of(problem, found.out_of_fold) / problem.y.var()
    best = min(c.val_loss for c in found.history)
    np.testing.assert_allclose(losses.mean(), best, rtol=1e-4)


# --- the fit --------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [regression, classes])
def test_engines_agree_and_folds_of_one_shape_compile_once(make):
    pytest.importorskip("jax")
    from chainrule.training.engines import xla

    problem = make(codes=True)
    only = QUICK | {"candidates": ("network",), "members": 2}
    eager, compiled = (fit(problem, settings=only, engine=e) for e in ("numpy", "xla"))
    for a, b in zip(eager.history, compiled.history, strict=True):
        np.testing.assert_allclose(a["val_loss"], b["val_loss"], rtol=1e-4)
    np.testing.assert_allclose(eager.out_of_fold, compiled.out_of_fold, rtol=1e-3, atol=1e-3)
    before = xla.compilations[0]
    fit(make(n=83, seed=3, codes=True), settings=only, engine="xla")  # other rows, more of them
    assert xla.compilations[0] == before


def test_the_same_seed_gives_the_same_model_also_from_programs_used_before():
    problem, other = regression(), regression(seed=9)
    only = QUICK | {"candidates": ("network",), "members": 2}
    recipe._bags.known.clear()
    first = fit(problem, settings=only, engine="numpy", seed=4)
    fit(other, settings=only, engine="numpy", seed=1)  # the same bag, other rows
    assert len(recipe._bags.known) == 1
    again = fit(problem, settings=only, engine="numpy", seed=4)
    assert first.history == again.history
    np.testing.assert_array_equal(first.model.predict(problem.x), again.model.predict(problem.x))
    third = fit(problem, settings=only, engine="numpy", seed=5)
    assert third.history != again.history


def test_values_stay_inside_the_range_of_the_training_targets():
    x = np.linspace(-1, 1, 60)[:, None].astype(np.float32)
    problem = Problem({"numeric": x}, 10 * x[:, 0] + 100, "regression")
    only = QUICK | {"members": 2, "steps": 200, "units": (32,), "width": 8}
    fitted = fit(problem, settings=only | {"candidates": ("network",)}, engine="numpy")
    far = fitted.model.predict({"numeric": np.array([[-50.0], [50.0]], np.float32)})
    assert 90 - 1e-4 <= far.min() <= far.max() <= 110 + 1e-4
    assert far[1, 0] > 105 > 95 > far[0, 0]


@pytest.mark.parametrize("kind", ["network", "linear", "constant"])
@pytest.mark.parametrize("make", [regression, classes])
def test_models_are_files_and_their_answers_have_the_targets_units(make, kind, tmp_path):
    problem = make(codes=True)
    fitted = fit(problem, settings=QUICK | {"candidates": (kind,), "members": 2}, engine="numpy")
    assert (fitted.kind, fitted.name) == (kind, kind)
    out = fitted.model.predict(problem.x)
    assert out.shape == (80, problem.outputs)
    if problem.task == "classification":
        np.testing.assert_allclose(out.sum(1), 1, rtol=1e-5)
    else:
        assert 10 < out.mean() < 30
    again = cr.load_model(fitted.model.save(tmp_path / "model.safetensors"))
    np.testing.assert_allclose(again.predict(problem.x), out, rtol=1e-6)


def test_should_stop_keeps_the_best_so_far():
    told = []
    fitted = fit(
        regression(),
        settings=QUICK | {"candidates": ("network",), "members": 2},
        engine="numpy",
        progress=lambda name, step, steps, figures: told.append((name, step, steps)),
        should_stop=lambda: len(told) >= 2,
    )
    assert [c["step"] for c in fitted.history] == [6, 12]
    assert told[:2] == [("network", 6, 24), ("network", 12, 24)]
    assert fitted.candidates[0].note == "stopped after 12 of 24 steps"
    assert np.isfinite(fitted.model.predict(regression().x)).all()


def test_after_an_interrupt_the_next_fit_is_as_if_there_had_been_none():
    problem = regression()
    only = QUICK | {"candidates": ("network",), "members": 2}
    whole = fit(problem, settings=only, engine="numpy", seed=2)

    def interrupted(name, step, steps, figures):
        if step == 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(problem, settings=only, engine="numpy", seed=2, progress=interrupted)
    assert fit(problem, settings=only, engine="numpy", seed=2).history == whole.history


def test_a_budget_adds_variants_while_there_is_time(monkeypatch):
    monkeypatch.setattr(recipe, "_VARIANTS", {"a": {"dropout": 0.3}, "b": {"dropout": 0.0}})
    only = QUICK | {"candidates": ("network",), "members": 2}
    done = []
    fitted = fit(regression(), settings=only, engine="numpy", budget=60, callbacks=[done.append])
    assert [c.name for c in fitted.candidates] == ["network", "network, a", "network, b"]
    assert [c.name for c in done] == ["network", "network, a", "network, b"]
    fitted = fit(regression(), settings=only, engine="numpy", budget=0.0)
    assert [c.name for c in fitted.candidates] == ["network"]


# --- the choice -----------------------------------------------------------------------------------


@pytest.mark.parametrize("freedom", [1, 2, 5, 11, 40])
def test_one_error_is_student_s_quantile(freedom):
    mp = pytest.importorskip("mpmath")
    t, v = mp.mpf(linear._one_error(freedom)), mp.mpf(freedom)
    # P(T <= t) of Student's t, by the incomplete beta function
    below = 1 - mp.betainc(v / 2, 0.5, 0, v / (v + t * t), regularized=True) / 2
    assert float(below) == pytest.approx(float(mp.ncdf(1)), abs=0.003)
    assert linear._one_error(0) == math.inf


def test_two_rows_of_twelve_do_not_make_a_network_better():
    """Twelve rows as they were: the linear model was unsure of the two at the border alone."""
    d = np.array([-8, -6, -1, -1, -1, 0, 0, 0, 0, 0, 626, 654]) / 1000
    assert d.mean() > d.std(ddof=1) / math.sqrt(12)  # by more than one standard error
    assert not recipe.better(np.ones(12), np.ones(12) - d)
    assert recipe.better(np.ones(120), np.ones(120) - np.tile(d, 10))
    assert not recipe.better(np.ones(9), np.ones(9) - np.eye(9)[0])  # one row alone
    assert not recipe.better(np.ones(9), np.ones(9))


def test_the_simple_model_is_kept_within_one_standard_error():
    gain = np.array([0.5, -0.3, 0.4, -0.2, 0.3, -0.1])
    error = gain.std(ddof=1) / math.sqrt(6)
    assert gain.mean() < error
    simple = np.ones(6)
    assert not recipe.better(simple, simple - gain)
    assert recipe.better(simple, simple - gain - 0.08)  # .18 on average, error .13 · 1.16
    # rows that do not count change nothing
    weight = np.array([1, 1, 1, 1, 1, 1, 0.0])
    longer = np.append(gain + 0.05, 99.0)
    mean, found = linear.mean_and_error(longer, weight)
    assert mean == pytest.approx((gain + 0.05).mean())
    assert found == pytest.approx(error, rel=0.1)


def test_noise_is_given_the_constant_and_a_line_the_linear_model():
    draw = np.random.default_rng(0)
    x = {"numeric": draw.normal(size=(120, 3)).astype(np.float32)}
    settings = QUICK | {"members": 2}
    noise = fit(Problem(x, draw.normal(size=120), "regression"), settings=settings, engine="numpy")
    assert noise.kind == "constant"
    line = fit(Problem(x, x["numeric"] @ [1.0, 2.0, 0.0], "regression"), settings=settings,
               engine="numpy")  # fmt: skip
    assert line.kind == "linear"
    assert [c.name for c in line.candidates] == ["constant", "linear", "network"]
    wave = Problem(x, np.abs(x["numeric"][:, 0]) * 5, "regression")
    bent = fit(wave, settings=settings | {"steps": 300, "units": (16,)}, engine="numpy")
    assert bent.kind == "network"


def test_out_of_fold_figures_are_those_of_the_chosen_model():
    problem = classes()
    fitted = fit(problem, settings={"candidates": ("constant", "linear")})
    chosen = next(c for c in fitted.candidates if c.name == fitted.name)
    assert chosen.loss == pytest.approx(losses_of(problem, fitted.out_of_fold).mean())


# --- linear ---------------------------------------------------------------------------------------


def test_ridge_is_the_normal_equations():
    problem = regression(codes=True)
    parts = folds(problem.y, None, 4, 0, problem.task)
    weight = np.random.default_rng(0).uniform(0.5, 1.5, 80)
    found = fit_linear(problem, parts, weight, np.arange(80))
    x = np.concatenate(
        [problem.x["numeric"], problem.x["flat"]]
        + [np.eye(6)[problem.x["codes"][:, k]] for k in range(2)],
        axis=1,
    )
    spread = math.sqrt(np.average((problem.y - np.average(problem.y, weights=weight)) ** 2,
                                  weights=weight))  # fmt: skip
    full = np.concatenate([x, np.ones((80, 1))], axis=1)
    penalty = np.diag([found.penalty] * 17 + [0.0])
    w = np.linalg.pinv(full.T @ (full * weight[:, None]) + penalty) @ (
        full.T @ (weight * problem.y)
    )
    assert spread > 0  # the penalty is on weights of standardised targets: it scales out
    np.testing.assert_allclose(found.model.predict(problem.x)[:, 0], full @ w, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("count", "many"), [(2, 1000), (2, 50), (3, 1000)])
def test_logistic_regression_is_scikit_learns(count, many, monkeypatch):
    monkeypatch.setattr("chainrule.tabular.solvers._MANY", many)  # rows, above which H is kept
    sklearn = pytest.importorskip("sklearn.linear_model")
    problem = classes(n=120)
    if count == 2:
        problem = Problem(problem.x, problem.y > 0, "classification", 2)
    found = fit_linear(
        problem, folds(problem.y, None, 4, 0, problem.task), ones(problem), np.arange(120)
    )
    x = np.concatenate([problem.x["numeric"], problem.x["flat"]], axis=1)
    theirs = sklearn.LogisticRegression(C=1 / found.penalty, max_iter=5000, tol=1e-10).fit(
        x, problem.y
    )
    np.testing.assert_allclose(found.model.predict(problem.x), theirs.predict_proba(x), atol=2e-3)


def test_wide_texts_are_kept_as_what_is_not_zero():
    draw = np.random.default_rng(0)
    wide = np.zeros((50, 700), np.float32)
    for row in wide:
        row[draw.integers(0, 700, 6)] = draw.random(6)
    problem = Problem(
        {"numeric": draw.normal(size=(50, 2)), "flat": wide}, np.zeros(50), "regression"
    )
    design = Design(problem, np.arange(50))
    assert design.sparse is not None
    full = np.concatenate([problem.x["numeric"], wide], axis=1)
    w, r = draw.normal(size=(702, 2)), draw.normal(size=(50, 2))
    np.testing.assert_allclose(design.times(w), full @ w, atol=1e-10)
    np.testing.assert_allclose(design.back(r), full.T @ r, atol=1e-10)
    assert [v.shape[0] for v in design.cut(w).values()] == [2, 700]


def test_words_that_tell_the_classes_apart_cost_less():
    """Logistic regression on columns times |ln(p/q)|, p and q counted by loops."""
    sklearn = pytest.importorskip("sklearn.linear_model")
    draw = np.random.default_rng(0)
    wide, y = np.zeros((60, 320), np.float32), np.arange(60) % 2
    for row, label in zip(wide, y, strict=True):
        row[draw.integers(0, 160, 8) + 80 * label] = draw.random(8)
    found = fit_linear(
        Problem({"flat": wide}, y, "classification", 2),
        folds(y, None, 3, 0),
        np.ones(60),
        np.arange(60),
    )
    counts = [
        [1 + sum(wide[i, k] != 0 for i in range(60) if y[i] == c) for k in range(320)]
        for c in (0, 1)
    ]
    p, q = (np.array(c) / sum(c) for c in counts)
    scaled = wide * np.abs(np.log(p / q))
    theirs = sklearn.LogisticRegression(C=1 / found.penalty, max_iter=5000, tol=1e-9).fit(scaled, y)
    ours = found.model.predict({"flat": wide})
    np.testing.assert_allclose(ours, theirs.predict_proba(scaled), atol=2e-3)


def kinds_of_columns(kind, draw):
    """90 rows that are solved by each way there is, and the columns as one matrix."""
    if kind == "codes":
        codes = draw.integers(0, 6, size=(90, 2))
        x = {"numeric": draw.normal(size=(90, 3)), "codes": codes.astype(np.int32)}
        return x, np.concatenate([x["numeric"]] + [np.eye(6)[codes[:, k]] for k in range(2)], 1)
    width = {"few": 5, "many": 450, "words": 320}[kind]
    full = draw.normal(size=(90, width)).astype(np.float32)
    if kind == "words":
        full[draw.random(full.shape) < 0.95] = 0
    return {"flat" if kind == "words" else "numeric": full}, full.astype(np.float64)


@pytest.mark.parametrize("kind", ["few", "many", "words", "codes"])
@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("penalty", [30.0, 0.01])
def test_weights_are_where_the_gradient_is_zero(kind, count, penalty):
    """Σ share·(ŷ − t)·x + penalty·w = 0 for each weight, Σ share·(ŷ − t) = 0 for b: convex, so
    that this is the minimum, and no further from it than the gradient over the penalty."""
    draw = np.random.default_rng(0)
    x, full = kinds_of_columns(kind, draw)
    y = full[:, :3].argmax(1) % max(count, 2) if count > 1 else 5 * full[:, 0] + 7
    problem = Problem(x, y, "classification" if count > 1 else "regression", count)
    weight, use = draw.uniform(0.5, 2, 90), np.arange(90) % 4 > 0
    design, back = Design(problem, np.arange(90)), None
    if design.wide:
        design, back = design.turned()
    solver = (Ridge if count == 1 else Logistic)(problem, design, np.arange(90), weight)
    w = solver.solve(penalty, use, None, None)
    kernel, bias = solver.weights(w if back is None else np.concatenate([back @ w[:-1], w[-1:]]))
    z = full @ kernel + bias
    if count == 1:
        unit = np.average((y - np.average(y, weights=weight)) ** 2, weights=weight) ** 0.5
        off, kernel = (z - y[:, None]) / unit, kernel / unit
    else:
        e = np.exp(z - z.max(1, keepdims=True))
        off = e / e.sum(1, keepdims=True) - np.eye(count)[y]
    off *= (weight * use)[:, None]
    if count == 2:  # the first class has no weights
        off, kernel = off[:, 1:], kernel[:, 1:]
    assert np.abs(off.sum(0)).max() < 1e-3
    if kind in ("words", "codes") and count == 2:  # each word and level has a penalty of its own
        some = np.arange(full.shape[1]) >= (3 if kind == "codes" else 0)
        tells = [1 + ((full[use] != 0) * (weight[use] * (y[use] == c))[:, None]).sum(0)[some]
                 for c in (0, 1)]  # fmt: skip
        scale = np.ones(len(some))
        scale[some] = np.abs(np.log(tells[0] / tells[0].sum() * tells[1].sum() / tells[1]))
        gap = scale[:, None] * (full.T @ off) + penalty * kernel / scale[:, None]
    else:
        gap = full.T @ off + penalty * kernel
    assert np.abs(gap).max() < 2e-5 * np.abs(full.T @ (weight * use)).max()


@pytest.mark.parametrize("penalty", [2.0, 1e-3])
def test_one_column_of_two_classes_by_mpmath(penalty):
    """The two equations of the minimum, solved with 30 digits; classes that one cut separates."""
    mpmath = pytest.importorskip("mpmath")
    x, y = [-2.0, -1.0, -0.5, 0.25, 1.0, 3.0], [0, 0, 0, 1, 1, 1]

    def equations(w, b):
        p = [1 / (1 + mpmath.exp(-(w * v + b))) for v in x]
        return [
            sum((a - t) * v for a, t, v in zip(p, y, x, strict=True)) + penalty * w,
            sum(a - t for a, t in zip(p, y, strict=True)),
        ]

    problem = Problem({"numeric": np.array(x)[:, None]}, y, "classification", 2)
    solver = Logistic(problem, Design(problem, np.arange(6)), np.arange(6), np.ones(6))
    found = solver.solve(penalty, np.ones(6, bool), None, None)[:, 0]
    with mpmath.workdps(30):
        exact = mpmath.findroot(equations, (float(found[0]) * 1.05, float(found[1]) * 0.95))
    np.testing.assert_allclose(found, [float(v) for v in exact], rtol=1e-6)


@pytest.mark.parametrize("wide", [False, True])
def test_classes_that_can_be_separated_end_after_few_steps(wide, monkeypatch):
    """The weaker the penalty, the longer the way; from the penalty before it is a few steps."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=(80, 500 if wide else 6)).astype(np.float32)
    y = 2 * (x[:, 0] > 0) + (x[:, 1] > 0)
    problem = Problem({"numeric": x}, y, "classification", 4)
    counted, step = [0, 0], solvers._Penalised.step

    def counting(self, *args):
        counted[0] += 1
        return step(self, *args)

    times = Design.times

    def multiplied(self, w):
        counted[1] += 1
        return times(self, w)

    monkeypatch.setattr(solvers._Penalised, "step", counting)
    monkeypatch.setattr(Design, "times", multiplied)
    monkeypatch.setattr(linear, "_PATIENCE", 99)  # to the weakest penalty
    fit_linear(problem, folds(y, None, 3, 0), ones(problem), np.arange(80))
    solved = 3 * len(linear.PENALTIES) + 1
    assert counted[0] <= 5 * solved
    assert counted[1] <= 60 * solved


class LogCosh:
    """Σ ln cosh(z − t): from |z − t| > 1.09 on Newton's whole steps go further and further away."""

    ridge, total = np.zeros((2, 1)), 4.0
    x = np.array([[1.0, 2.0], [0.0, 1.0], [3.0, -1.0], [1.0, 1.0]])
    t = x @ np.array([[30.0], [-20.0]])

    def scores(self, w):
        return self.x @ w

    def back(self, r):
        return self.x.T @ r

    def loss(self, z):
        return float((np.logaddexp(z - self.t, self.t - z)).sum())

    def slope(self, z):
        return np.tanh(z - self.t)

    def step(self, g, z, slower):
        h = (self.x.T * (1 - np.tanh(z - self.t)[:, 0] ** 2 + 1e-9)) @ self.x
        return np.linalg.solve(h, g)


def test_steps_of_newton_are_halved_until_the_loss_falls():
    found = newton(LogCosh(), np.array([[27.0], [-19.0]]), 1e-12)
    np.testing.assert_allclose(found, [[30.0], [-20.0]], atol=1e-6)


def test_conjugate_gradients_solve():
    draw = np.random.default_rng(0)
    root = draw.normal(size=(12, 12))
    a, b = root @ root.T + np.diag(10.0 ** np.arange(12) / 1e5), draw.normal(size=(12, 1))
    found = conjugate_gradients(lambda v: a @ v, b, a.diagonal()[:, None], 1e-12)
    np.testing.assert_allclose(found, np.linalg.solve(a, b), rtol=1e-6)
    assert not conjugate_gradients(lambda v: a @ v, 0 * b, 1.0, 1e-9).any()


# --- weights --------------------------------------------------------------------------------------


def test_a_row_that_counts_twice_is_two_rows():
    problem = regression(n=40)
    twice = np.concatenate([np.arange(40), np.arange(10)])
    weight = np.where(np.arange(40) < 10, 2.0, 1.0)
    doubled = Problem({k: v[twice] for k, v in problem.x.items()}, problem.y[twice], "regression")
    found = []
    for p, w in ((problem, weight), (doubled, np.ones(50))):
        rows = np.arange(p.rows)
        solver = Ridge(p, Design(p, rows), rows, w)
        w = solver.solve(1.0, np.ones(p.rows, bool), None, None)
        found.append(solver.outputs(w, slice(40)))
    np.testing.assert_allclose(*found, rtol=1e-9)


def test_balance_makes_rare_classes_count():
    draw = np.random.default_rng(0)
    x = draw.normal(size=(300, 1)).astype(np.float32)
    y = (x[:, 0] + draw.normal(size=300) > 2.2).astype(int)
    problem = Problem({"numeric": x}, y, "classification", 2)
    assert 3 <= y.sum() <= 40
    only = {"candidates": ("linear",), "folds": 4, "members": 4}
    plain, balanced = (fit(problem, settings=only | {"balance": b}) for b in (False, True))
    said = [f.model.predict(problem.x).argmax(1).sum() for f in (plain, balanced)]
    assert said[0] < y.sum() < said[1]


# --- what is refused ------------------------------------------------------------------------------

X = {"numeric": np.zeros((6, 1), np.float32)}
REFUSED = {
    "lengths": (lambda: Problem(X, np.arange(5), "regression"), DataError, "the lengths differ"),
    "nan": (
        lambda: Problem({"numeric": np.full((2, 1), np.nan)}, [0, 1], "regression"),
        DataError,
        "not finite",
    ),
    "class": (
        lambda: Problem(X, [0, 1, 2, 0, 1, 2], "classification", 2),
        DataError,
        "outside the classes",
    ),
    "task": (lambda: Problem(X, np.arange(6), "ranking"), ArgumentError, "regression"),
    "key": (lambda: Problem({"x": X["numeric"]}, [0], "regression"), ArgumentError, "numeric"),
    "weights": (
        lambda: Problem(X, np.arange(6), "regression", sample_weight=[-1, 1, 1, 1, 1, 1]),
        DataError,
        "0 or more",
    ),
    "setting": (
        lambda: fit(Problem(X, np.arange(6), "regression"), settings={"batchsize": 3}),
        ArgumentError,
        "batch_size",
    ),
    "same": (
        lambda: fit(Problem(X, np.ones(6), "regression")),
        DataError,
        "all targets are the same",
    ),
    "few": (
        lambda: fit(Problem({"flat": np.zeros((3, 1))}, np.arange(3), "regression")),
        DataError,
        "too few rows",
    ),
    "members": (lambda: Settings(members=4, folds=2), ArgumentError, "a fold of its own"),
    "candidate": (lambda: Settings(candidates=("tree",)), ArgumentError, "linear"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_makes_no_sense_is_refused(what):
    call, error, text = REFUSED[what]
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize("rows", [4, 9, 30, 99, 100, 999, 1000, 10_000, 60_000, 10**7])
def test_there_is_a_recipe_for_every_number_of_rows(rows):
    found = Settings.of(rows)
    assert found.members <= found.folds <= max(2, rows // 2)
    assert found.steps * found.batch_size >= min(rows, 600)


def test_a_dozen_rows_are_fitted():
    x = {"numeric": np.arange(12, dtype=np.float32)[:, None]}
    fitted = fit(Problem(x, np.arange(12) % 2, "classification", 2), engine="numpy",
                 settings={"steps": 20, "checks": 2})  # fmt: skip
    assert [c.name for c in fitted.candidates] == ["constant", "linear", "network"]


def test_rows_come_from_a_memory_mapped_file_piece_by_piece(tmp_path, monkeypatch):
    problem = regression(n=200)
    for key, value in list(problem.x.items()):
        np.save(tmp_path / f"{key}.npy", value)
        problem.x[key] = np.load(tmp_path / f"{key}.npy", mmap_mode="r")
    only = QUICK | {"candidates": ("network",), "members": 2}
    at_once = fit(problem, settings=only, engine="numpy")
    monkeypatch.setattr(bag, "_PIECE", 2000)  # bytes: a block of held-out rows
    monkeypatch.setattr(bag, "_STEPS", 2000)  # a step or two
    by_piece = fit(problem, settings=only, engine="numpy")
    np.testing.assert_allclose(
        [c["val_loss"] for c in by_piece.history],
        [c["val_loss"] for c in at_once.history],
        rtol=1e-6,
    )


# ---- very wide tables


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("rows", [60, 310])  # solved at once, and step by step
def test_fewer_rows_than_columns_the_linear_model_is_the_same(task, rows, monkeypatch):
    draw = np.random.default_rng(0)
    x = draw.normal(size=(rows, 450)).astype(np.float32)
    z = x[:, :9].sum(1) + draw.normal(size=rows)
    y = (z > 0).astype(int) if task == "classification" else z
    problem = Problem({"numeric": x}, y, task, 2)
    parts = folds(problem.y, None, 4, 0, task)
    monkeypatch.setattr(linear, "PENALTIES", np.array([100.0, 10.0]))
    monkeypatch.setattr(solvers, "_NARROW", 200)
    monkeypatch.setattr(linear._Path, "or_better", lambda self, other: self)  # Σw² alone
    found = []
    for wide in (True, False):
        monkeypatch.setattr(Design, "wide", wide)
        found.append(fit_linear(problem, parts, problem.weights(), np.arange(rows)))
    ours, theirs = found
    assert ours.penalty == theirs.penalty
    assert np.allclose(ours.out_of_fold, theirs.out_of_fold, atol=0.01)
    assert np.allclose(*(f.model.predict({"numeric": x}) for f in found), atol=0.01)


def test_which_designs_are_turned():
    for rows, columns, wide in ((20, 400, True), (20, 200, False), (500, 400, False)):
        x = {"numeric": np.zeros((rows, columns), np.float32)}
        design = Design(Problem(x, np.zeros(rows), "regression"), np.arange(rows))
        assert design.wide == wide


def test_a_turned_design_spans_the_rows():
    x = np.random.default_rng(0).normal(size=(12, 400)).astype(np.float32)
    x[3] = x[4]  # two equal rows span less
    design = Design(Problem({"numeric": x}, np.zeros(12), "regression"), np.arange(12))
    turned, back = design.turned()
    assert turned.width == 11
    assert np.allclose(turned.full @ back.T, x, atol=1e-5)
    assert np.allclose(back.T @ back, np.eye(11), atol=1e-6)


def few_of_many(task, rows=60, columns=400):
    draw = np.random.default_rng(0)
    x = draw.normal(size=(rows, columns))
    z = 3 * x[:, 5] - 2 * x[:, 70] + x[:, 300] + 0.3 * draw.normal(size=rows)
    return Problem({"numeric": x}, (z > 0) if task == "classification" else z, task, 2)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_a_penalty_on_absolute_weights_is_at_its_minimum(task):
    """Where w is 0 the loss's slope is at most the penalty, else it is the penalty; 0 for b."""
    problem = few_of_many(task)
    weight, use = np.random.default_rng(1).uniform(0.5, 2, 60), np.arange(60) % 5 > 0
    solver = Lasso(problem, Design(problem, np.arange(60)), np.arange(60), weight)
    penalty, w = solver.penalties[7], None
    for stronger in solver.penalties[:8]:
        w = solver.solve(stronger, use, w, 0)
    z = problem.x["numeric"] @ w[:-1] + w[-1]
    y = problem.y[:, None]
    if task == "regression":
        mean = np.average(y[:, 0], weights=weight)
        t = (y - mean) / np.average((y[:, 0] - mean) ** 2, weights=weight) ** 0.5
        off = z - t
    else:
        off = 1 / (1 + np.exp(-z)) - y
    off = off * (weight * use)[:, None]
    slope, v = (problem.x["numeric"].T @ off)[:, 0] / penalty, w[:-1, 0]
    assert 3 <= (v != 0).sum() <= 40
    assert np.abs(slope).max() < 1.01
    np.testing.assert_allclose(slope[v != 0], -np.sign(v[v != 0]), atol=0.01)
    assert abs(off.sum()) < 0.01 * penalty
    largest = solver.penalties[0] * 10**0.125  # from which on no column is used
    for share, some in ((1.01, False), (0.97, True)):
        assert solver.solve(share * largest, use | True, None, 0)[:-1].any() == some


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_three_columns_of_many_are_found(task):
    problem = few_of_many(task)
    parts = folds(problem.y, None, 4, 0, task)
    found = fit_linear(problem, parts, ones(problem), np.arange(60))
    assert found.norm == 1
    kernel = np.abs(found.model.get_weights()[1]).max(1)
    assert set(np.argsort(-kernel)[:2]) == {5, 70}
    assert (kernel > 0).sum() < 60
    losses = [losses_of(problem, v).mean() for v in (found.out_of_fold, found.lowest)]
    assert losses[1] <= losses[0]


# ---- numbers before they were clipped


def clipped(values):
    return (values / np.sqrt(1 + np.square(values / 3))).astype(np.float32)


def test_numbers_are_taken_unclipped_where_that_is_better(tmp_path):
    draw = np.random.default_rng(0)
    u = draw.standard_t(3, size=(150, 2))
    for y, unbent in (
        (u @ [2.0, 1.0] + 7, True),
        (clipped(u) @ [2.0, 1.0] + 7, False),
    ):
        y = y + 0.05 * draw.normal(size=150)
        problem = Problem({"numeric": clipped(u), "flat": np.ones((150, 1))}, y, "regression")
        parts = folds(y, None, 5, 0, "regression")
        found = fit_linear(problem, parts, ones(problem), np.arange(150))
        assert found.model.unbent == unbent
        out = found.model.predict(problem.x)[:, 0]
        np.testing.assert_allclose(out, y, atol=0.3)
        if unbent:  # u itself, by the normal equations
            full = np.concatenate([u, np.ones((150, 1))], axis=1)
            exact = full @ np.linalg.lstsq(full, y)[0]
            np.testing.assert_allclose(out, exact, atol=0.02)
        again = cr.load_model(found.model.save(tmp_path / f"{unbent}.safetensors"))
        np.testing.assert_array_equal(again.predict(problem.x)[:, 0], out)
    far = {"numeric": np.full((1, 2), 3.0), "flat": np.ones((1, 1))}
    assert np.isfinite(found.model.predict(far)).all()
    # files from before it was an argument
    config = {k: v for k, v in found.model.get_config().items() if k != "unbent"}
    assert linear.TableLinear.from_config(config).unbent is False


def test_the_stronger_of_equal_penalties_is_taken_for_classes():
    problem = classes(n=90)
    parts = folds(problem.y, None, 5, 0)
    found = fit_linear(problem, parts, ones(problem), np.arange(90))
    solver = Logistic(problem, Design(problem, np.arange(90)), np.arange(90), ones(problem))
    curve = {}
    for penalty in linear.PENALTIES:
        out = np.zeros((90, 3))
        for learn, held in parts:
            use = np.isin(np.arange(90), learn)
            out[held] = solver.outputs(solver.solve(penalty, use, None, None), held)
        curve[penalty] = losses_of(problem, out)
    best = min(curve, key=lambda p: curve[p].mean())
    gaps = {p: v - curve[best] for p, v in curve.items() if p > best}
    clear = [p for p, d in gaps.items() if d.mean() > 0.6 * d.std(ddof=1) / math.sqrt(90)]
    equal = [p for p, d in gaps.items() if d.mean() < 0.5 * d.std(ddof=1) / math.sqrt(90)]
    assert found.model.unbent is False
    assert best <= found.penalty < min(clear)
    assert found.penalty >= max([best, *equal])
    assert losses_of(problem, found.lowest).mean() == pytest.approx(curve[best].mean(), rel=1e-3)


def test_hundreds_of_columns_go_into_the_network_as_they_are():
    draw = np.random.default_rng(0)
    x = draw.normal(size=(80, 380)).astype(np.float32)
    problem = Problem({"numeric": x}, 5 * x[:, 0] + 2, "regression")
    chosen = {"candidates": ("network",), "steps": 2, "checks": 1, "units": (4,), "members": 2}
    fitted = fit(problem, settings=chosen, engine="numpy")
    (about,) = fitted.candidates
    assert about.note == "numbers as they are: 380 inputs"
    assert fitted.model.get_config()["embedded"] is False
    copy = type(fitted.model).from_config(fitted.model.get_config())
    copy.build({"numeric": (None, 380)})
    assert [v.shape for v in copy.variables] == [v.shape for v in fitted.model.variables]
    narrow = fit(Problem({"numeric": x[:, :370]}, problem.y, "regression"), settings=chosen,
                 engine="numpy")  # fmt: skip
    assert narrow.model.embedded
    assert narrow.candidates[0].note == ""
    # many words beside few numbers are no reason to leave these as they are
    words = {"numeric": x[:, :90], "flat": np.zeros((80, 2500), np.float32)}
    left = fit(
        Problem(words, problem.y, "regression"), settings={"candidates": ("network", "constant")}
    )
    assert left.candidates[-1].note == "left out: 3,220 inputs, more than 3,000"


def test_thousands_of_columns_are_for_the_linear_model():
    x = np.random.default_rng(0).normal(size=(30, 3001)).astype(np.float32)
    fitted = fit(Problem({"numeric": x}, x[:, :3].sum(1), "regression"), engine="numpy")
    assert fitted.candidates[-1].note == "left out: 3,001 inputs, more than 3,000"
