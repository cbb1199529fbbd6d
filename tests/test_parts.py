"""Every loss, metric, optimizer, initializer, regularizer, schedule, callback and layer, one
contract each: see `parts.py` for the rows."""

from __future__ import annotations

import copy
import functools
import inspect
import json
import types

import mpmath as mp
import numpy as np
import pytest

import chainrule as cr
from chainrule import (
    callbacks,
    initializers,
    layers,
    losses,
    metrics,
    ops,
    optimizers,
    regularizers,
    schedules,
)
from chainrule.chain import record, vjp
from chainrule.errors import ArgumentError, UnknownNameError
from chainrule.gradcheck import gradcheck
from chainrule.operators import raw
from chainrule.training.state import decode, encode
from chainrule.variable import Variable, swap
from parts import (
    CALLBACKS,
    CALLBACKS_WITHOUT_ROW,
    CUT,
    INITIALIZERS,
    LAYERS,
    LAYERS_WITHOUT_ROW,
    LOSSES,
    LOSSES_WITHOUT_ROW,
    METRICS,
    METRICS_WITHOUT_ROW,
    OPTIMIZERS,
    REGULARIZERS,
    SCHEDULES,
    SHAPES,
    draw,
    exact,
    mpf,
    numbers,
    weights_and_gradients,
)

FLOATS = ("float32", "float64")


def every(rows, condition=lambda row: True):
    return pytest.mark.parametrize("row", [r for r in rows if condition(r)], ids=lambda r: r.id)


def flat(nested):
    return [v for n in nested for v in flat(n)] if isinstance(nested, list) else [nested]


def close(got, reference, dtype, ulp=8.0):
    """Within `ulp` units in the last place of the largest number; no float hides behind another."""
    got = np.asarray(got)
    wanted = flat(reference) if isinstance(reference, list) else [reference]
    eps = float(np.finfo(dtype).eps)
    largest = max([abs(v) for v in wanted] + [mpf(1)])
    assert got.size == len(wanted)
    for position, (a, b) in enumerate(zip(got.reshape(-1).tolist(), wanted, strict=True)):
        assert abs(mpf(a) - b) <= ulp * eps * largest, f"at {position}: {a}, expected {mp.nstr(b)}"


def jax_of(dtype):
    """jax, and the scope in which it computes in `dtype`."""
    jax = pytest.importorskip("jax")
    return jax, jax.enable_x64(dtype == "float64")


# --- completeness --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "rows", "without"),
    [
        (losses.registry, LOSSES, LOSSES_WITHOUT_ROW),
        (metrics.registry, METRICS, METRICS_WITHOUT_ROW),
        (optimizers.registry, OPTIMIZERS, set()),
        (initializers.registry, INITIALIZERS, set()),
        (regularizers.registry, REGULARIZERS, set()),
        (schedules.registry, SCHEDULES, set()),
        (layers.registry, LAYERS, LAYERS_WITHOUT_ROW),
        (callbacks.__all__, CALLBACKS, CALLBACKS_WITHOUT_ROW),
    ],
    ids=lambda v: v.kind if hasattr(v, "kind") else None,
)
def test_every_part_has_a_row(names, rows, without):
    # tests register parts of their own; only the package's count. The course's rules as printed, the
    # classic neurons and the models of tables are there once they are asked for, and tested in files
    # of their own
    registered = set(names)
    if hasattr(names, "find"):
        own = ("chainrule.course.", "chainrule.models.classic.", "chainrule.tabular.")
        modules = {n: names.find(n).__module__ for n in names}
        registered = {n for n, m in modules.items()
                      if m.startswith("chainrule.") and not m.startswith(own)}  # fmt: skip
    missing = registered - {row.name for row in rows}
    assert sorted(missing - without) == [], "each of these needs a row in tests/parts.py"
    assert sorted(without - missing) == [], "these have a row, or are no more"
    ids = [row.id for row in rows]
    assert len(ids) == len(set(ids))


def test_every_callback_is_offered():
    from chainrule.training import callbacks as made

    ours = [n for n in made.__all__ if isinstance(vars(made)[n], type)]
    ours = [n for n in ours if issubclass(vars(made)[n], callbacks.Callback)]
    assert "History" in ours
    assert sorted(set(ours) - set(callbacks.__all__)) == [], "export these in callbacks.py too"


CONFIGURABLE = [
    (module, row)
    for module, rows in (
        (losses, LOSSES),
        (metrics, METRICS),
        (optimizers, OPTIMIZERS),
        (initializers, INITIALIZERS),
        (layers, LAYERS),
    )
    for row in rows
] + [
    (module, types.SimpleNamespace(**vars(row), id=row.id, make=lambda m=module, r=row: made(m, r)))
    for module, rows in ((regularizers, REGULARIZERS), (schedules, SCHEDULES))
    for row in rows
]


def made(module, row):
    return getattr(module, row.name)(**row.kwargs)


configurable = pytest.mark.parametrize(
    ("module", "row"),
    CONFIGURABLE,
    ids=[f"{m.__name__.split('.')[1]}-{r.id}" for m, r in CONFIGURABLE],
)


@configurable
def test_config_round_trip(module, row):
    part = row.make()
    config = module.registry.serialize(part)
    again = module.registry.get(json.loads(json.dumps(config)))
    assert type(again) is type(part)
    assert module.registry.serialize(again) == config
    for name, value in row.kwargs.items():  # what was given is in it
        if isinstance(value, str) and name.endswith(("_regularizer", "_initializer")):
            assert value.replace("_", "") == config["config"][name]["class_name"].lower()
        elif not callable(value):
            assert config["config"][name] == value
    assert type(part).__name__ in repr(part)


@configurable
def test_get_by_name_class_object_and_config(module, row):
    registry, name = module.registry, row.name
    part = row.make()
    assert registry.get(part) is part
    snake = "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")
    for word in (name, name.lower(), snake, *getattr(row, "alias", ())):
        assert registry.find(word) is type(part) or word == "linear"
    needs = (p.default is p.empty for p in type(part)._arguments().values())
    if not any(needs) and not any(r.name == name for r in (*SCHEDULES, *LAYERS)):
        assert type(registry.get(name)) is type(part)
        assert type(registry.get(type(part))) is type(part)


@pytest.mark.parametrize(
    ("module", "wrong", "text"),
    [
        (losses, "mean_square_error", "unknown loss 'mean_square_error'\n  fix: did you mean "),
        (optimizers, "adm", "unknown optimizer 'adm'\n  fix: did you mean 'Adam'?"),
        (layers, "Desne", "unknown layer 'Desne'\n  fix: did you mean 'Dense'?"),
        (metrics, "acuracy", "unknown metric 'acuracy'\n  fix: did you mean 'Accuracy'?"),
        (
            initializers,
            "glorot_unifrom",
            "unknown initializer 'glorot_unifrom'\n  fix: did you mean 'GlorotUniform'?",
        ),
        (regularizers, "l1l3", "unknown regularizer 'l1l3'\n  fix: did you mean 'L1L2'?"),
        (
            schedules,
            "cosine_decy",
            "unknown learning-rate schedule 'cosine_decy'\n  fix: did you mean 'CosineDecay'?",
        ),
        (cr.activations, "rellu", "unknown activation 'rellu'\n  fix: did you mean 'relu'?"),
    ],
)
def test_unknown_names_are_answered_with_the_nearest(module, wrong, text):
    with pytest.raises(UnknownNameError) as caught:
        module.registry.get(wrong)
    assert str(caught.value).startswith(text)


def test_nothing_near_lists_all():
    with pytest.raises(UnknownNameError) as caught:
        regularizers.get("qqqqqqq")
    assert str(caught.value) == (
        "unknown regularizer 'qqqqqqq'\n  fix: use one of L1, L1L2, L2, OrthogonalRegularizer"
    )


def test_unknown_arguments_in_a_config():
    with pytest.raises(ArgumentError) as caught:
        optimizers.get({"class_name": "Adam", "config": {"learning_rat": 0.1}})
    assert str(caught.value) == (
        "Adam: unknown argument 'learning_rat' in the configuration\n"
        "  fix: did you mean 'learning_rate'?"
    )


PARTS = (losses, metrics, optimizers, schedules, initializers, regularizers)


def documented():
    """Every public class and function of the modules of parts, and the layers without a model."""
    for module in PARTS:
        for name in getattr(module, "__all__", None) or vars(module):
            part = getattr(module, name)
            ours = getattr(part, "__module__", "").startswith(module.__name__)
            if name[0] != "_" and callable(part) and ours:
                yield pytest.param(part, id=f"{module.__name__.rsplit('.', 1)[1]}.{name}")
    for name in layers.registry:
        part = layers.registry.find(name)
        if part.__module__.startswith(layers.__name__):
            yield pytest.param(part, id=f"layers.{name}")


@pytest.mark.parametrize("part", list(documented()))
def test_public_names_have_an_example(part):
    if getattr(part, "__self__", None) is not None:  # `register` is a method of the table
        return
    text = part.__doc__ or ""
    assert "Example:" in text
    assert ">>>" in text


@pytest.mark.parametrize("module", [*PARTS, layers], ids=lambda m: m.__name__)
def test_classes_are_found_where_they_are_written(module):
    """No class comes out of a factory, where neither an editor nor grep finds it."""
    for name in module.registry:
        part = module.registry.find(name)
        if part.__module__.startswith("chainrule."):
            assert f"class {name}(" in inspect.getsource(part)


# --- losses --------------------------------------------------------------------------------------


def test_arguments_of_losses_stand_in_the_order_of_keras():
    """Loss(name, reduction, dtype); a class of a function: its settings, then reduction, name."""
    loss = losses.Loss("mine", "sum", "float64")
    assert (loss.name, loss.reduction, loss.dtype) == ("mine", "sum", "float64")
    loss = losses.MeanSquaredError("sum", "mine", "float64")
    assert (loss.name, loss.reduction, loss.dtype) == ("mine", "sum", "float64")
    loss = losses.Huber(0.5, "sum", "mine")
    assert (loss.delta, loss.name, loss.reduction) == (0.5, "mine", "sum")
    assert losses.LogCosh().name == "log_cosh"
    assert losses.FunctionLoss(len, name="mine").name == "mine"


@every(LOSSES)
def test_loss_in_a_type_of_its_own(row):
    """float32 predictions, computed in float64: those of the same numbers in float64."""
    t, y = row.sample(dtype="float32")
    got = row.make(dtype="float64")(t, y)
    assert np.asarray(got).dtype == "float64"
    assert float(got) == float(row.make()(t, y.astype("float64")))


@pytest.mark.parametrize("name", ["sigmoid", "softmax"])
def test_loss_in_a_type_of_its_own_sees_the_logits(name):
    """−ln σ(−60) is 60; without the logits it would be −ln ε. The gradient comes back as float32."""
    z = np.array([[-60.0, 0.0]], "float32")
    kind = losses.BinaryCrossentropy if name == "sigmoid" else losses.CategoricalCrossentropy
    with record() as tape:
        x = tape.watch(z)
        value = kind(dtype="float64")(np.array([[1.0, 0.0]]), getattr(ops, name)(x))
        (gradient,) = tape.gradients(value, [x])
    wanted = 60.0 if name == "softmax" else (60.0 + np.log(2)) / 2
    assert float(raw(value)) == pytest.approx(wanted, rel=1e-12)
    assert raw(value).dtype == "float64"
    assert gradient.dtype == "float32"


@pytest.mark.parametrize("shapes", [((4,), (4, 1)), ((4, 1), (4,)), ((2, 3), (2, 3, 1))], ids=str)
def test_a_last_axis_of_length_one_is_put_right(shapes):
    t, y = (np.arange(float(np.prod(s))).reshape(s) for s in shapes)
    own = losses.get(lambda t, y: ops.abs(t - y))
    assert float(own(t, y)) == float(losses.MeanAbsoluteError()(t, y)) == 0.0


def test_labels_outside_the_classes_are_refused_everywhere():
    for wrong in ([-1], [3], [0.5]):
        for part in (losses.SparseCategoricalCrossentropy(), metrics.SparseCategoricalAccuracy()):
            with pytest.raises(cr.errors.DataError, match=r"y_true, row 0: a (label|class number)"):
                part(np.array(wrong), np.full((1, 3), 0.5))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("place", [0, 1], ids=["rows", "sequences"])
@every(LOSSES)
def test_loss_value(row, place, dtype):
    shape = row.shapes[place % len(row.shapes)]
    t, y = row.sample(shape, dtype)
    if dtype == "float32" and t.dtype.kind == "f":
        t = t.astype("float32")
    wanted = row.reference(t, y)
    count = len(wanted)
    none = row.make(reduction="none")(t, y)
    assert none.shape == (y.shape[:1] if row.whole else y.shape[:-1])
    close(none, wanted, dtype, ulp=32)
    got = row.make()(t, y)
    assert np.asarray(got).dtype == dtype
    assert np.shape(got) == ()
    close(got, mp.fsum(wanted) / count, dtype, ulp=32)
    close(row.make(reduction="mean")(t, y), mp.fsum(wanted) / count, dtype, ulp=32)
    close(row.make(reduction="sum")(t, y), mp.fsum(wanted), dtype, ulp=32)


@every(LOSSES)
def test_loss_with_sample_weights(row):
    t, y = row.sample()
    weights = np.array([0.5, 2.0, 0.0, 1.0, 0.25])
    wanted = [v * mpf(w) for v, w in zip(row.reference(t, y), weights.tolist(), strict=True)]
    close(row.make()(t, y, weights), mp.fsum(wanted) / 5, "float64", ulp=32)
    close(row.make()(t, y, weights.tolist()), mp.fsum(wanted) / 5, "float64", ulp=32)
    got = row.make(reduction="mean_with_sample_weight")(t, y, weights)
    close(got, mp.fsum(wanted) / mpf(3.75), "float64", ulp=32)
    close(row.make(reduction="sum")(t, y, weights), mp.fsum(wanted), "float64", ulp=32)


@every(LOSSES, lambda r: r.function)
def test_loss_as_a_function_and_by_name(row):
    t, y = row.sample()
    wanted = row.reference(t, y)
    close(getattr(losses, row.function)(t, y, **row.kwargs), wanted, "float64", ulp=32)
    function = losses.get(getattr(losses, row.function))  # as in compile(loss=cr.losses.x)
    if not row.kwargs:
        close(function(t, y), mp.fsum(wanted) / len(wanted), "float64", ulp=32)
    assert losses.registry.get(losses.serialize(function)) is not None
    if not row.kwargs:
        for name in (row.name, row.function, *row.alias):
            close(losses.get(name)(t, y), mp.fsum(wanted) / len(wanted), "float64", ulp=32)


@every(LOSSES)
def test_loss_gradient_by_differences(row):
    t, y = row.sample()
    loss = row.make()
    gradcheck(lambda y: loss(t, y), y)
    gradcheck(lambda y: loss(t, y, np.arange(1.0, 6.0)), y)


@pytest.mark.parametrize("dtype", FLOATS)
@every(LOSSES)
def test_loss_on_both_engines(row, dtype):
    jax, scope = jax_of(dtype)
    t, y = row.sample(dtype=dtype)
    loss = row.make()

    def both(t, y):
        value, back = vjp(lambda y: loss(t, y), y)
        return value, back(np.ones((), dtype))

    kept = t.copy(), y.copy()
    value, gradient = both(t, y)
    assert value.dtype == dtype
    assert gradient.dtype == dtype
    with scope:
        there, d_there = jax.jit(both)(t, y)
    assert there.dtype == dtype
    assert d_there.dtype == dtype
    eps = np.finfo(dtype).eps
    scale = float(np.abs(gradient).max()) + 1e-30
    np.testing.assert_allclose(there, value, rtol=32 * eps, atol=32 * eps)
    np.testing.assert_allclose(d_there, gradient, rtol=32 * eps, atol=32 * eps * scale)
    np.testing.assert_array_equal(t, kept[0])  # inputs are left alone
    np.testing.assert_array_equal(y, kept[1])


@every(LOSSES)
def test_loss_takes_lists_and_integers(row):
    t, y = row.sample(dtype="float32")
    got = row.make()(t.tolist(), y.tolist())
    np.testing.assert_allclose(got, row.make()(t, y), rtol=1e-6)


EXTREME = (0.0, 20.0, -20.0, 100.0, -100.0, 1e4, -1e4)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("z", EXTREME)
@pytest.mark.parametrize("t", [0.0, 1.0])
@pytest.mark.parametrize("where", ["behind sigmoid", "from_logits"])
def test_binary_crossentropy_is_exact_at_extreme_logits(z, t, dtype, where):
    x = np.array([[z]], dtype)
    loss = losses.BinaryCrossentropy(from_logits=where == "from_logits")
    with record() as tape:
        x = tape.watch(x)
        y = loss(np.array([[t]]), x if where == "from_logits" else ops.sigmoid(x))
        (gradient,) = tape.gradients(y, [x])
    sign = mpf(z) if t == 0 else -mpf(z)  # −ln σ(−s) = ln(1 + eˢ)
    exactly = mp.log1p(mp.exp(sign)) if sign < 50 else sign + mp.exp(-sign)
    eps, tiny = float(np.finfo(dtype).eps), float(np.finfo(dtype).tiny)
    assert abs(mpf(float(raw(y))) - exactly) <= 4 * eps * exactly + tiny
    slope = 1 / (1 + mp.exp(-mpf(z))) - t
    assert abs(mpf(float(gradient[0, 0])) - slope) <= 4 * eps
    if (z > 0) != (t == 1) and z != 0:  # wrong, so there is something to learn from
        assert abs(float(gradient[0, 0])) > 0.9


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("size", [20.0, 100.0, 1e4, 1e30])
@pytest.mark.parametrize("name", ["CategoricalCrossentropy", "SparseCategoricalCrossentropy"])
@pytest.mark.parametrize("where", ["behind softmax", "from_logits"])
def test_categorical_crossentropy_is_exact_at_extreme_logits(size, name, dtype, where):
    z = np.array([[size, 0.0, -size]], dtype)
    for label in range(3):
        t = np.array([label]) if name.startswith("Sparse") else np.eye(3)[[label]]
        loss = getattr(losses, name)(from_logits=where == "from_logits")
        with record() as tape:
            x = tape.watch(z)
            y = loss(t, x if where == "from_logits" else ops.softmax(x))
            (gradient,) = tape.gradients(y, [x])
        logits = exact(z)[0]
        top = max(logits)
        total = mp.fsum(mp.exp(v - top) for v in logits)
        exactly = top + mp.log(total) - logits[label]
        eps = float(np.finfo(dtype).eps)
        assert abs(mpf(float(raw(y))) - exactly) <= 8 * eps * max(exactly, 1)
        for k in range(3):
            slope = mp.exp(logits[k] - top) / total - (k == label)
            assert abs(mpf(float(gradient[0, k])) - slope) <= 8 * eps


def test_losses_refuse_to_broadcast():
    """A column against a row would be a matrix of differences: deck 004's notebook (E38)."""
    for row in LOSSES:
        if row.tag or row.whole or row.t is numbers:
            continue
        with pytest.raises(cr.errors.ShapeError, match="targets and predictions have different"):
            row.make()(np.ones((4, 3)), np.ones((4, 2)))
    wanted = losses.MeanSquaredError()(np.ones((4, 1)), np.zeros((4, 1)))
    assert losses.MeanSquaredError()(np.ones(4), np.zeros((4, 1))) == wanted == 1.0
    assert losses.MeanSquaredError()(np.ones((4, 1)), np.zeros(4)) == 1.0


def test_unknown_reduction():
    with pytest.raises(ArgumentError) as caught:
        losses.MeanSquaredError(reduction="avg")
    assert str(caught.value) == (
        "MeanSquaredError: reduction has an unknown value\n"
        "  expected: one of 'sum_over_batch_size', 'mean', 'sum', 'mean_with_sample_weight',"
        " 'none'\n"
        "  received: 'avg'\n"
        "  fix: use one of sum_over_batch_size, mean, sum, mean_with_sample_weight, none"
    )


def test_a_function_of_ones_own_is_a_loss():
    def cubic(t, y):
        return ops.mean(ops.abs(y - t) ** 3, axis=-1)

    loss = losses.get(cubic)
    t, y = np.zeros((2, 2)), np.array([[1.0, 2.0], [0.0, -1.0]])
    assert float(loss(t, y)) == (1 + 8 + 0 + 1) / 4
    gradcheck(lambda y: loss(t, y), y + 0.1)
    assert "cubic" in repr(loss)


# --- metrics -------------------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@every(METRICS)
def test_metric_value(row, weighted):
    metric, batches = row.make(), row.batches()
    kept = [tuple(a.copy() for a in b) for b in batches]
    for repeat in range(2):  # reset_state starts again
        for k, (t, y, w) in enumerate(batches):
            if repeat and k == 2:
                metric(t, y, w if weighted else None)
            else:
                metric.update_state(t, y, w if weighted else None)
        close(metric.result(), row.reference(batches, weighted), "float32", ulp=16)
        metric.reset_state()
        assert not np.any(metric.result())
    for before, after in zip(kept, batches, strict=True):
        for a, b in zip(before, after, strict=True):
            np.testing.assert_array_equal(a, b)


@every(METRICS)
def test_metric_inside_a_compiled_step(row):
    jax, _ = jax_of("float32")
    metric, batches = row.make(), row.batches(sizes=(4, 4))
    metric.build(batches[0][0].shape, batches[0][1].shape)

    @jax.jit
    def update(values, t, y, w):
        with swap(metric.variables, values) as now:
            metric.update_state(t, y, w)
            return now.values()

    values = [v.numpy() for v in metric.variables]
    for t, y, w in batches:
        values = update(values, t, y, w)
    for v, value in zip(metric.variables, values, strict=True):
        assert value.dtype == np.float32
        v.assign(np.asarray(value))
    close(metric.result(), row.reference(batches, True), "float32", ulp=16)


@every(METRICS)
def test_metric_knows_which_way_is_better(row):
    assert row.make().direction == row.best
    for name in (row.logged, *row.alias):
        assert not name or metrics.better_direction(name) == row.best


class Score(metrics.MeanMetric):
    direction = "max"


@pytest.mark.parametrize(
    ("name", "best"),
    [
        ("loss", "min"),
        ("val_loss", "min"),
        ("val_a_loss", "min"),
        ("accuracy", "max"),
        ("val_Accuracy", "max"),
        ("acc", "max"),
        ("out_accuracy_1", "max"),
        ("mae_2", "min"),
        ("weighted_mse", "min"),
        ("val_auc", "max"),
        ("f1", "max"),
        ("crossentropy", "min"),
        ("a_root_mean_squared_error", "min"),
        ("learning_rate", None),
        ("accuracy_of_nothing", None),
        ("val_mean_bias_error", None),
        ("val_mine", "max"),  # a metric of the user's own, where it is given
        ("mine_1", "max"),
    ],
)
def test_which_way_a_figure_is_better(name, best):
    assert metrics.better_direction(name, [Score(name="mine")]) == best
    if "mine" in name:
        assert metrics.better_direction(name) is None


@pytest.mark.parametrize(
    ("name", "taken", "weighted", "wanted"),
    [
        ("mae", ["loss"], False, "mae"),
        ("mae", ["loss", "mae"], False, "mae_1"),
        ("mae", ["loss", "mae", "mae_1"], False, "mae_2"),
        ("mae", ["loss"], True, "mae"),
        ("mae", ["loss", "mae"], True, "weighted_mae"),
        ("mae", ["loss", "mae", "weighted_mae"], True, "weighted_mae_1"),
    ],
)
def test_names_of_figures_as_keras_makes_them(name, taken, weighted, wanted):
    assert metrics.distinct_name(name, taken, weighted) == wanted


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_a_list_of_figures_in_the_logs(engine):
    if engine == "xla":
        pytest.importorskip("jax")
    model = cr.Sequential([cr.Input((2,)), layers.Dense(1, "sigmoid")])
    model.compile("sgd", "bce", metrics=[metrics.Recall(thresholds=[0.0, 1.0])], engine=engine)
    x, y = np.eye(2), np.array([0, 1])
    assert model.fit(x, y, verbose=1).history["recall"] == [[1.0, 0.0]]  # all and nothing
    assert model.evaluate(x, y, return_dict=True)["recall"] == [1.0, 0.0]


@pytest.mark.parametrize("dtype", FLOATS)
def test_metric_sums_have_a_type(dtype):
    metric = metrics.MeanSquaredError(dtype=dtype)
    assert all(v.dtype == dtype for v in metric.variables)
    assert metrics.get(metrics.serialize(metric)).dtype == dtype


@every(METRICS, lambda r: r.logged)
def test_metric_is_logged_under_the_name_of_keras(row):
    assert row.make().name == row.logged
    assert row.make(name="mine").name == "mine"


@pytest.mark.parametrize(
    ("word", "y_shape", "output", "chosen"),
    [
        ("accuracy", (9, 1), (None, 1), "BinaryAccuracy"),
        ("accuracy", (9,), (None, 1), "BinaryAccuracy"),
        ("acc", (9,), (None, 3), "SparseCategoricalAccuracy"),
        ("accuracy", (9, 1), (None, 3), "SparseCategoricalAccuracy"),
        ("accuracy", (9, 3), (None, 3), "CategoricalAccuracy"),
        ("accuracy", (9, 2), (None, 2), "CategoricalAccuracy"),
        ("crossentropy", (9, 1), (None, 1), "BinaryCrossentropy"),
        ("ce", (9,), (None, 3), "SparseCategoricalCrossentropy"),
        ("crossentropy", (9, 3), (None, 3), "CategoricalCrossentropy"),
        ("mae", (9, 3), (None, 3), "MeanAbsoluteError"),
    ],
)
def test_words_that_depend_on_the_shapes(word, y_shape, output, chosen):
    metric = metrics.resolve(word, y_shape, output)
    assert type(metric).__name__ == chosen
    assert metric.name == word


def test_mean_metric():
    mean = metrics.Mean()
    mean.update_state([1.0, 2.0, 6.0])
    assert float(mean.result()) == 3
    mean.update_state(np.array([10.0]), sample_weight=[3.0])
    assert float(mean.result()) == (9 + 30) / 6
    mean.reset_state()
    assert float(mean.result()) == 0


def test_a_function_of_ones_own_is_a_metric():
    def within_one(t, y):
        return np.abs(t - y) < 1

    metric = metrics.get(within_one)
    metric.update_state(np.zeros((3, 1)), np.array([[0.5], [1.5], [0.0]]))
    assert metric.name == "within_one"
    assert float(metric.result()) == pytest.approx(2 / 3)


# --- optimizers ----------------------------------------------------------------------------------


def after_steps(row, dtype, steps=5):
    weights, gradients = weights_and_gradients(steps)
    variables = [Variable(w, name=f"w{i}", dtype=dtype) for i, w in enumerate(weights)]
    optimizer = row.make()
    for step in gradients:
        optimizer.apply([g.astype(dtype) for g in step], variables)
    return optimizer, variables


@functools.cache
def optimizer_reference(row_id, steps=5):
    """Weights, and memories by name: in exact numbers."""
    row = next(r for r in OPTIMIZERS if r.id == row_id)
    weights, gradients = weights_and_gradients(steps)
    lists = [[g.reshape(-1).tolist() for g in step] for step in gradients]
    return row.reference([w.reshape(-1).tolist() for w in weights], lists)


def slots_close(optimizer, values, row, dtype, ulp, steps=5):
    """What the optimizer remembers is what the recurrence remembers, in the optimizer's order."""
    memories = optimizer_reference(row.id, steps)[1]
    wanted = [
        memory[name]
        for variable, memory in zip(optimizer._trained, memories, strict=True)
        for name in optimizer.names_of_slots(variable)
    ]
    for value, one in zip(values, wanted, strict=True):
        assert value.dtype == dtype
        close(value, one, dtype, ulp=ulp)


def steps_counted(row, steps):
    return steps // row.kwargs.get("gradient_accumulation_steps", 1)


@pytest.mark.parametrize(("dtype", "steps", "ulp"), [("float32", 5, 16), ("float64", 100, 200)])
@every(OPTIMIZERS)
def test_optimizer_steps(row, dtype, steps, ulp):
    """Weights and slots are those of the paper's recurrence: 100 steps in float64."""
    optimizer, variables = after_steps(row, dtype, steps)
    reference = optimizer_reference(row.id, steps)[0]
    for v, wanted, shape in zip(variables, reference, SHAPES, strict=True):
        assert v.dtype == dtype
        assert v.shape == shape
        close(v.numpy(), wanted, dtype, ulp)
    assert int(optimizer.iterations) == steps_counted(row, steps)
    for slots in optimizer.slots:
        assert all(s.dtype == dtype and s.kind == "slot" for s in slots)
    slots = [s.numpy() for each in optimizer.slots for s in each]
    slots_close(optimizer, slots, row, dtype, ulp, steps)
    rate = row.rate(steps) if row.rate else mpf(row.kwargs["learning_rate"])
    assert abs(mpf(float(optimizer.learning_rate)) - rate) < 1e-15


@pytest.mark.parametrize(("dtype", "steps", "ulp"), [("float32", 5, 32), ("float64", 100, 200)])
@every(OPTIMIZERS)
def test_optimizer_inside_a_compiled_step(row, dtype, steps, ulp):
    jax, scope = jax_of(dtype)
    weights, gradients = weights_and_gradients(steps)
    variables = [Variable(w, name=f"w{i}", dtype=dtype) for i, w in enumerate(weights)]
    optimizer = row.make()
    optimizer.build(variables)
    state = [*variables, *optimizer.variables]

    def step(values, gradient):
        with swap(state, values) as now:
            optimizer.apply(gradient)
            return now.values()

    with scope:
        program = jax.jit(step)
        values = [np.array(v.value) for v in state]
        for gradient in gradients:
            values = program(values, [g.astype(dtype) for g in gradient])
        values = dict(zip(map(id, state), map(np.asarray, values), strict=True))
    for v, wanted in zip(variables, optimizer_reference(row.id, steps)[0], strict=True):
        assert values[id(v)].dtype == dtype
        close(values[id(v)], wanted, dtype, ulp)
    assert int(values[id(optimizer.iterations)]) == steps_counted(row, steps)
    slots = [values[id(s)] for each in optimizer.slots for s in each]
    slots_close(optimizer, slots, row, dtype, ulp, steps)


class KeepsTheStep(optimizers.Lion):
    """Remembers the average that the step looked at."""

    def update(self, w, g, m, *, rate, t):
        c = self.beta_1 * m + (1 - self.beta_1) * g
        return w - rate * np.sign(c), c


class KeepsTheSign(optimizers.Lion):
    """Remembers the average scaled by two, and takes it back: the same weights."""

    def update(self, w, g, m, *, rate, t):
        w, m = super().update(w, g, 0.5 * m, rate=rate, t=t)
        return w, 2 * m


@pytest.mark.parametrize("wrong", [KeepsTheStep, KeepsTheSign])
def test_a_wrong_memory_is_found(wrong):
    """The contract itself: right weights with wrong slots go wrong after the next load."""
    row = next(r for r in OPTIMIZERS if r.id == "Lion")
    lying = types.SimpleNamespace(**vars(row), make=lambda: wrong(0.01), reference=row.reference)
    optimizer, _ = after_steps(lying, "float32")
    slots = [s.numpy() for each in optimizer.slots for s in each]
    with pytest.raises(AssertionError, match="expected"):
        slots_close(optimizer, slots, row, "float32", 16)


def test_an_optimizer_serves_several_sets_of_variables():
    """As in a network of two that take turns: each keeps its memory, all of it is state."""
    a, b = (Variable([1.0], name=n, dtype="float64") for n in "ab")
    both, alone = optimizers.SGD(0.1, momentum=0.5), optimizers.SGD(0.1, momentum=0.5)
    for _ in range(2):
        both.apply([np.ones(1)], [a])
        both.apply([np.ones(1)], [b])
    c = Variable([1.0], name="c", dtype="float64")
    for _ in range(2):
        alone.apply([np.ones(1)], [c])
    assert a.numpy() == b.numpy() == c.numpy()
    assert both.iterations == 4
    assert [v.name for v in both.variables] == [
        *("iterations", "learning_rate", "b/momentum", "a/momentum")
    ]


def test_settings_changed_after_the_first_step_make_a_new_version():
    """Whoever compiled a step compares it."""
    adam, w = optimizers.Adam(0.1), [Variable([1.0], name="w")]
    adam.beta_1 = 0.8
    adam.apply([np.ones(1)], w)
    before = adam.version
    adam.learning_rate = 0.2  # a Variable: no program takes it as fixed
    adam.apply([np.ones(1)], w)
    assert adam.version == before
    adam.beta_1 = 0.5
    adam.learning_rate = schedules.CosineDecay(0.1, 10)
    assert adam.version == before + 2


@every(OPTIMIZERS)
def test_optimizer_in_blocks(row):
    """Large arrays are updated a block at a time, in place where the engine owns them."""
    n = (1 << 14) + 100
    rng = draw(row.id)
    w, g = (rng.normal(size=n).astype("float32") for _ in range(2))
    small, large = row.make(), row.make()
    whole, parts = Variable(w, name="w"), [Variable(p, name="p") for p in np.array_split(w, 10)]
    kept = g.copy()
    for _ in range(3):
        large.apply([g], [whole])
        small.apply(np.array_split(g, 10), parts)
    np.testing.assert_array_equal(g, kept)
    assert large.elementwise == row.elementwise
    if row.elementwise and "clipnorm" not in row.kwargs:  # a part's norm is not that of the whole
        np.testing.assert_allclose(
            whole.numpy(), np.concatenate([p.numpy() for p in parts]), rtol=2e-6, atol=2e-7
        )
    owned = [Variable(w, name="w")]
    third = row.make()
    third.build(owned)
    state = [*owned, *third.variables]
    values = [np.array(v.value) for v in state]
    with swap(state, values, owned=True) as now:
        for _ in range(3):
            third.apply([g])
        np.testing.assert_array_equal(now.values()[0], whole.numpy())
    np.testing.assert_array_equal(owned[0].numpy(), w)  # the object itself was not touched


@every(OPTIMIZERS)
def test_optimizer_leaves_gradients_alone(row):
    weights, gradients = weights_and_gradients()
    kept = [g.copy() for g in gradients[0]]
    variables = [Variable(w, name="w") for w in weights]
    old = variables[0].value
    before = old.copy()
    row.make().apply(gradients[0], variables)
    for a, b in zip(kept, gradients[0], strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(old, before)  # somebody may hold the old array


def pair_of_dense(optimizer):
    model = cr.Sequential([cr.Input((2,)), layers.Dense(2, name="one"), layers.Dense(1)])
    model.compile(optimizer, "mse")
    return model


def test_weights_excluded_from_decay(tmp_path):
    """By words, by whole paths and as variables; a file and a copy keep it."""
    rows = np.zeros((4, 2), "float32"), np.zeros((4, 1), "float32")  # gradients of kernels are 0
    start = [np.full(s, len(s) - 1.0, "float32") for s in ((2, 2), (2,), (2, 1), (1,))]

    def shrunk(model, engine="numpy"):
        model.set_weights(start)
        model.fit(*rows, verbose=0, engine=engine)
        kernels = [w for w in model.get_weights() if w.ndim == 2]
        return [bool((w < 1).all()) for w in kernels]

    def sgd(**kwargs):
        return optimizers.SGD(0.1, weight_decay=0.5, **kwargs)

    assert shrunk(pair_of_dense(sgd())) == [True, True]
    assert shrunk(pair_of_dense(sgd(no_decay=["kernel"]))) == [False, False]
    assert shrunk(pair_of_dense(sgd(no_decay=["one/kernel"])), "xla") == [False, True]
    assert shrunk(pair_of_dense(sgd(no_decay=["ne/kernel"]))) == [True, True]  # no whole path
    by_name, by_variable = sgd(), sgd()
    by_name.exclude_from_weight_decay(var_names=["one"])
    assert shrunk(pair_of_dense(by_name)) == [False, True]
    model = pair_of_dense(by_variable)
    fresh = sgd()
    fresh.exclude_from_weight_decay([model.layers[-1].kernel])
    model.compile(fresh, "mse")
    assert shrunk(model) == [True, False]
    path = model.save(tmp_path / "model")
    again = cr.load_model(path)
    assert again.optimizer.no_decay == ["dense/kernel"]
    assert shrunk(again) == [True, False]
    assert shrunk(copy.deepcopy(model)) == [True, False]
    with pytest.raises(cr.errors.StateError, match="before the optimizer is built"):
        fresh.exclude_from_weight_decay(var_names=["bias"])
    with pytest.raises(ArgumentError, match="must be a list of words"):
        sgd(no_decay="bias")
    with pytest.raises(ArgumentError, match="var_list must be a list of Variables"):
        sgd().exclude_from_weight_decay(["bias"])


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_a_fit_ends_with_averaged_weights(engine):
    """Two steps of 1 and 3/2 on the mean of w: averages of 1 and 2.5 at one half."""

    def slope(y, p):
        return -y * p[..., 0]

    model = cr.Sequential([cr.Input((1,)), layers.Dense(1, use_bias=False)])
    model.compile(optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5), slope)
    model.set_weights([np.zeros((1, 1))])  # after the slots were made
    x = np.ones((2, 1), "float32")
    seen = []
    look = callbacks.LambdaCallback(
        on_epoch_end=lambda e, logs: seen.append(float(model.get_weights()[0][0, 0]))
    )
    model.fit(x, np.array([1.0, 1.5], "float32"), batch_size=1, shuffle=False, verbose=0,
              engine=engine, callbacks=[look])  # fmt: skip
    assert seen == [2.5]
    assert model.get_weights()[0].item() == (1 + 2.5) / 2


def test_an_optimizer_with_a_norm_sees_the_whole_weight():
    """Updates of large weights go block by block only where the class says that it may."""

    class Normed(optimizers.SGD):
        def update(self, w, g, *slots, rate, t):
            return w - rate * g / np.sqrt((g * g).sum())

    w = Variable(np.zeros(1 << 16), name="w")
    Normed(1.0).apply([np.ones(1 << 16, "float32")], [w])
    np.testing.assert_allclose(w.numpy(), -1 / 256)


def test_averages_of_weights_loaded_late():
    """z of ScheduleFreeAdamW starts at the weight of the first step, not of the build."""
    early, late = (Variable([5.0], name="w", dtype="float64") for _ in range(2))
    rules = [optimizers.ScheduleFreeAdamW(0.1) for _ in range(2)]
    late.assign([1.0])
    rules[1].build([late])
    late.assign([5.0])
    for rule, w in zip(rules, (early, late), strict=True):
        rule.apply([np.ones(1)], [w])
    assert early.numpy() == late.numpy()


@pytest.mark.parametrize(
    ("name", "kwargs", "text"),
    [
        ("SGD", {"gradient_accumulation_steps": 1}, "a whole number of at least 2"),
        ("SGD", {"gradient_accumulation_steps": 2.5}, "a whole number of at least 2"),
        ("Adam", {"ema_overwrite_frequency": 0}, "a whole number of at least 1"),
        ("Adam", {"use_ema": True, "ema_momentum": 1.5}, "0 to 1"),
        ("Muon", {"ns_steps": 0}, "a whole number of at least 1"),
        ("Muon", {"exclude_layers": "out"}, "must be a list of words"),
        ("Ftrl", {"learning_rate_power": 0.5}, "a number of 0 or less"),
        ("ScheduleFreeAdamW", {"beta_1": 0.0}, "above 0 and below 1"),
        ("Adafactor", {"clip_threshold": 0.0}, "a number above 0"),
        ("Lamb", {"beta_2": 1.0}, "from 0 up to, but"),
    ],
)
def test_optimizers_refuse(name, kwargs, text):
    with pytest.raises(ArgumentError, match=text):
        getattr(optimizers, name)(**kwargs)


def test_slots_that_were_not_kept():
    adam = optimizers.Adam(0.1)
    adam.apply([np.ones(1)], [Variable([1.0], name="w")])
    for name, value in (("use_ema", True), ("gradient_accumulation_steps", 2), ("amsgrad", True)):
        with pytest.raises(cr.errors.StateError, match=f"{name} needs a memory"):
            setattr(adam, name, value)


def test_an_optimizer_in_keras_grammar():
    class Own(optimizers.Optimizer):
        def update_step(self, gradient, variable, learning_rate):
            variable.assign(variable - learning_rate * gradient)

    with pytest.raises(cr.errors.StateError) as caught:
        Own(0.1).apply([np.ones(1)], [Variable([1.0], name="w")])
    assert str(caught.value) == (
        "Own: an optimizer needs a method `update`\n"
        "  received: Keras's update_step\n"
        "  fix: slot_names = ('momentum',); def update(self, w, g, m, *, rate, t): "
        "return new_w, new_m"
    )


def test_momentum_of_deck_001_steps_ten_times_shorter():
    """Course README, E11: after five unit gradients at rate .01 and β .9."""
    unit = [np.ones(1)]
    for optimizer, wanted in (
        (optimizers.MovingAverageMomentum(0.01, beta=0.9), -0.013144),
        (optimizers.SGD(0.01, momentum=0.9), -0.131441),
    ):
        w = Variable([0.0], name="w", dtype="float64")
        for _ in range(5):
            optimizer.apply(unit, [w])
        assert float(w.numpy()[0]) == pytest.approx(wanted, abs=5e-7)


def test_first_step_of_rmsprop_is_too_long():
    """Course README, E12: 1/√(1 − ρ) = 3.16 times the rate."""
    for optimizer in (optimizers.RMSprop(0.01), optimizers.RMSpropOutside(0.01)):
        w = Variable([0.0], name="w", dtype="float64")
        optimizer.apply([np.ones(1)], [w])
        assert float(w.numpy()[0]) == pytest.approx(-0.01 / np.sqrt(0.1), rel=1e-5)


def test_learning_rate_is_read_and_set():
    adam = optimizers.Adam(0.25)
    assert adam.learning_rate == 0.25
    adam.learning_rate = 0.1
    assert adam.learning_rate == 0.1
    adam.learning_rate *= 0.5
    assert adam.learning_rate == 0.05
    adam.learning_rate = optimizers.SGD(0.1).learning_rate
    for wrong in ("a", float("nan"), float("inf"), True, None):
        with pytest.raises(ArgumentError, match="the learning rate must be a finite number"):
            adam.learning_rate = wrong
        with pytest.raises(ArgumentError, match="the learning rate must be a finite number"):
            optimizers.Adam(wrong)
    assert adam.learning_rate == 0.1
    scheduled = optimizers.SGD(schedules.ExponentialDecay(0.1, 10, 0.5))
    with pytest.raises(cr.errors.StateError) as caught:
        scheduled.learning_rate = 0.1
    assert str(caught.value) == (
        "SGD: the learning rate follows a schedule and cannot be set\n"
        "  fix: give the optimizer a number, or drop the callback that changes the rate"
    )
    with pytest.raises(cr.errors.StateError, match="follows a schedule and cannot be set"):
        scheduled.learning_rate.assign(0.1)
    assert scheduled.learning_rate.numpy() == 0.1


def test_optimizer_refuses():
    with pytest.raises(ArgumentError, match="only one kind of clipping"):
        optimizers.SGD(clipnorm=1.0, clipvalue=1.0)
    for kind, wrong in (
        ("SGD", {"clipnorm": -1.0}),
        ("SGD", {"clipvalue": 0.0}),
        ("SGD", {"global_clipnorm": float("nan")}),
        ("SGD", {"weight_decay": -0.1}),
        ("SGD", {"weight_decay": "x"}),
        ("Adam", {"beta_1": 1.0}),
        ("Adamax", {"beta_2": -0.1}),
        ("Adam", {"epsilon": -1e-7}),
        ("RMSprop", {"rho": 1.5}),
        ("RMSpropOutside", {"beta": None}),
        ("Adadelta", {"rho": float("nan")}),
        ("Adagrad", {"initial_accumulator_value": -1.0}),
        ("Lion", {"beta_2": 1.0}),
        ("MovingAverageMomentum", {"beta": True}),
    ):
        with pytest.raises(ArgumentError, match=f"{next(iter(wrong))} is out of range"):
            getattr(optimizers, kind)(**wrong)
    with pytest.raises(cr.errors.StateError, match="does not know the variables yet"):
        optimizers.SGD().apply([np.ones(1)])
    w = Variable([1.0], name="w")
    with pytest.raises(ArgumentError, match="one gradient for each variable"):
        optimizers.SGD().apply([], [w])
    assert w.numpy()[0] == 1


# --- initializers --------------------------------------------------------------------------------

# the mean and variance of n draws are normal around theirs; beyond 5 standard errors a right
# initializer falls once in 1.7 million draws, and the seeds are fixed
SIGMAS = 5


@pytest.mark.parametrize("shape", [(300, 200), (3, 3, 16, 40)], ids=["matrix", "window"])
@every(INITIALIZERS, lambda r: r.exact is None)
def test_initializer_moments(row, shape):
    x = row.make(seed=11)(shape, "float64")
    assert x.shape == shape
    window = int(np.prod(shape[:-2]))
    fans = shape[-2] * window, shape[-1] * window
    if row.name == "Orthogonal":
        fans = int(np.prod(shape[:-1])), shape[-1]
    mean, variance, n = float(row.mean), float(row.variance(*fans)), x.size
    assert abs(x.mean() - mean) < SIGMAS * np.sqrt(variance / n)
    spread = ((x - mean) ** 2).mean()
    if row.name != "Orthogonal":  # its entries hang together: Σx² is fixed
        assert abs(spread - variance) < SIGMAS * variance * np.sqrt(float(row.kurtosis - 1) / n)
    else:
        assert spread == pytest.approx(variance, rel=1e-12)
    if row.reach is not None:
        reach, furthest = float(row.reach(*fans)), np.abs(x - mean).max()
        assert furthest <= reach * (1 + 1e-12)
        if row.name != "Orthogonal":  # and nearly reached
            assert furthest > 0.99 * reach


@every(INITIALIZERS)
def test_initializer_seeds_and_dtypes(row):
    make = row.make
    shape = (6, 5)
    if row.exact is not None:
        for dtype in FLOATS:
            got = make()(shape, dtype)
            assert got.dtype == dtype
            assert got.tolist() == row.exact(shape)
        return
    one, again, other = make(seed=3)(shape), make(seed=3)(shape), make(seed=4)(shape)
    assert one.dtype == np.float32
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)
    np.testing.assert_array_equal(make(seed=3)(shape, "float64").astype("float32"), one)
    free = make()
    assert not np.array_equal(free(shape), free(shape))  # each call draws a new key
    cr.utils.set_random_seed(5)
    first = make()(shape)
    cr.utils.set_random_seed(5)
    np.testing.assert_array_equal(make()(shape), first)


def test_truncated_normal_has_the_variance_of_the_cut():
    assert float(CUT) == pytest.approx(0.774, abs=5e-4)  # Johnson, Kotz, Balakrishnan: .7737


@pytest.mark.parametrize("shape", [(40, 40), (30, 50), (50, 30), (3, 3, 4, 20)])
def test_orthogonal_rows_or_columns(shape):
    q = initializers.Orthogonal(gain=2.0, seed=1)(shape, "float64").reshape(-1, shape[-1])
    product = q @ q.T if q.shape[0] < q.shape[1] else q.T @ q
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-12)


def test_initializers_refuse():
    with pytest.raises(cr.errors.ShapeError) as caught:
        initializers.Orthogonal()((3,))
    assert str(caught.value) == (
        "Orthogonal: this initializer makes matrices\n"
        "  expected: a shape with 2 axes or more\n  received: (3,)"
    )
    with pytest.raises(ArgumentError, match="scale must be positive"):
        initializers.VarianceScaling(scale=0)
    with pytest.raises(ArgumentError) as caught:
        initializers.VarianceScaling(mode="fan_inn")
    assert str(caught.value).endswith("received: 'fan_inn'\n  fix: did you mean 'fan_in'?")


def test_constant_of_an_array():
    value = [[1.0, 2.0], [3.0, 4.0]]
    constant = initializers.Constant(np.array(value))
    assert constant((2, 2)).tolist() == value
    config = json.loads(json.dumps(initializers.serialize(constant)))
    assert initializers.get(config)((2, 2)).tolist() == value


# --- regularizers and schedules ------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
@every(REGULARIZERS)
def test_regularizer(row, dtype):
    jax, scope = jax_of(dtype)
    w = draw(row.id).normal(size=(3, 4)).astype(dtype)
    penalty = made(regularizers, row)
    got = penalty(w)
    assert got.dtype == dtype
    close(got, row.of(flat(exact(w))), dtype, ulp=16)
    with scope:
        there = jax.jit(penalty)(w)
    assert there.dtype == dtype
    close(np.asarray(there), row.of(flat(exact(w))), dtype, ulp=16)
    gradcheck(penalty, w.astype("float64"))
    for wrong in (-0.1, float("inf"), float("nan")):
        with pytest.raises(ArgumentError, match="must be zero or more, and finite"):
            getattr(regularizers, row.name)(wrong)


@every(SCHEDULES)
def test_schedule(row):
    jax, scope = jax_of("float64")
    schedule = made(schedules, row)
    for step in range(9):
        assert abs(mpf(float(schedule(float(step)))) - row.of(step)) < mpf("1e-16")
    with scope:
        program = jax.jit(schedule)
        for step in range(9):
            assert abs(mpf(float(program(np.float64(step)))) - row.of(step)) < mpf("1e-15")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("ExponentialDecay", ("x", 4, 0.5)),
        ("ExponentialDecay", (0.1, 0, 0.5)),
        ("InverseTimeDecay", (0.1, 4, float("nan"))),
        ("PolynomialDecay", (0.1, -1)),
        ("PolynomialDecay", (0.1, 4, None)),
        ("CosineDecay", (True, 4)),
        ("CosineDecay", (0.1, float("inf"))),
        ("CosineDecay", (0.1, 9, 0.0, None, 0.2)),  # a target without steps
        ("CosineDecay", (0.1, 9, 0.0, None, None, 3)),  # and steps without a target
        ("CosineDecayRestarts", (0.1, 0)),
        ("CosineDecayRestarts", (0.1, 4, 0.5)),
        ("OneCycle", (0.1, 0)),
        ("OneCycle", (0.1, 9, 1.0)),
        ("PiecewiseConstantDecay", ([5, 2], [0.1, 0.2, 0.3])),
        ("PiecewiseConstantDecay", ([5], [0.1, "x"])),
    ],
)
def test_schedules_refuse(name, arguments):
    with pytest.raises(ArgumentError, match=name):
        getattr(schedules, name)(*arguments)


def test_a_schedule_starts_from_another_rate():
    schedule = schedules.CosineDecay(optimizers.Adam(0.25).learning_rate, 4)
    assert json.loads(json.dumps(schedule.get_config()))["initial_learning_rate"] == 0.25


def test_which_arguments_a_schedule_for_epochs_takes():
    def broken(epoch, rate):
        raise TypeError("mine")

    assert schedules.epoch_rate(lambda epoch, rate: (epoch, rate), 3, 0.5) == (3, 0.5)
    assert schedules.epoch_rate(lambda epoch: epoch, 3, 0.5) == 3
    assert schedules.epoch_rate(max, 3, 0.5) == 3  # a built-in without a signature: both
    with pytest.raises(TypeError, match="mine") as caught:
        schedules.epoch_rate(broken, 3, 0.5)
    assert caught.value.__context__ is None


# --- callbacks -----------------------------------------------------------------------------------


class FakeModel:
    """What a callback may ask of a model, without one."""

    def __init__(self):
        self.stop_training, self.saved, self.restored = False, [], None
        self.optimizer, self.epoch = types.SimpleNamespace(learning_rate=0.1), 0

    def get_weights(self):
        return self.epoch

    def set_weights(self, weights):
        self.restored = weights

    def save(self, path):
        self.saved.append(path)
        return path

    save_weights = save


@every(CALLBACKS)
def test_callback(row):
    model, rates, stopped = FakeModel(), [], None
    callback = row.make()
    for _ in range(2):  # a callback may serve a second fit
        model.__init__()
        rates.clear()
        stopped = None
        if row.saves is not None:
            callback = row.make()
        callback.set_model(model)
        callback.set_params({"epochs": len(row.figures)})
        callback.on_train_begin({})
        for epoch, figure in enumerate(row.figures):
            model.epoch = epoch
            callback.on_epoch_begin(epoch, {})
            rates.append(model.optimizer.learning_rate)
            callback.on_epoch_end(epoch, {"loss": figure, row.watch: figure})
            if model.stop_training:
                stopped = epoch
                break
        callback.on_train_end({})
        assert stopped == row.stops
        assert model.restored == row.restores
        if row.rates is not None:
            assert rates == pytest.approx(row.rates)
        if row.saves is not None:
            assert tuple(model.saved) == row.saves


@pytest.mark.parametrize("at", range(5))
@every(CALLBACKS, lambda r: len(r.figures) > 1)
def test_a_callback_goes_on_from_its_state(row, at):
    """Made anew after epoch `at`, it does what the one that was never interrupted does."""
    model, rates, stopped, arrays = FakeModel(), [], None, {}
    callback = row.make()
    callback.set_model(model)
    callback.on_train_begin({})
    for epoch, figure in enumerate(row.figures):
        model.epoch = epoch
        callback.on_epoch_begin(epoch, {})
        rates.append(model.optimizer.learning_rate)
        callback.on_epoch_end(epoch, {"loss": figure, row.watch: figure})
        if model.stop_training:
            stopped = epoch
            break
        if epoch == at:
            state = json.dumps(encode(callback.get_state(), arrays, row.name), allow_nan=False)
            callback = row.make()
            callback.set_model(model)
            callback.on_train_begin({})
            callback.set_state(decode(json.loads(state), arrays))
    callback.on_train_end({})
    assert stopped == row.stops
    assert model.restored == row.restores
    if row.rates is not None:
        assert rates == pytest.approx(row.rates)
    if row.saves is not None:
        assert tuple(model.saved) == row.saves
    if row.name == "History":
        assert callback.history["loss"] == list(row.figures)


# --- layers --------------------------------------------------------------------------------------


def ready(row, dtype="float64"):
    """A built layer with weights that are no zeros, its input, and the weights."""
    layer = row.stand_in(dtype=dtype) if row.name != "Sequential" else row.make()
    x = row.sample(dtype)
    if not layer.built:
        layer(x)
    rng = draw(row.id + "weights")
    drawn = [rng.normal(size=w.shape) for w in layer.get_weights()]
    layer.set_weights([np.abs(w) + 0.1 for w in drawn] if row.positive else drawn)
    return layer, x, layer.get_weights()


@pytest.mark.parametrize("dtype", FLOATS)
@every(LAYERS)
def test_layer_value(row, dtype):
    cr.config.set_floatx(dtype)
    layer, x, weights = ready(row, dtype)
    kept = x.copy()
    y = layer(x, training=row.training)
    assert isinstance(y, np.ndarray)
    assert y.dtype == dtype
    assert all(w.dtype == dtype for w in weights)
    close(y, row.reference(x, weights), dtype, ulp=32)
    np.testing.assert_array_equal(x, kept)
    assert layer.compute_output_shape((None, *row.shape[1:])) == (None, *y.shape[1:])


@every(LAYERS)
def test_layer_casts_its_input_and_takes_lists(row):
    layer, x, _ = ready(row, "float32")
    y = layer(x.astype("float64"))
    assert y.dtype == "float32" or row.name in ("InputLayer", "Sequential")
    np.testing.assert_allclose(layer(x.tolist()), y, rtol=1e-5, atol=1e-6)


@every(LAYERS, lambda r: not r.training)
def test_layer_gradient_by_differences(row):
    cr.config.set_floatx("float64")
    layer, x, _ = ready(row)
    report = gradcheck(layer, x)
    assert report.checked >= x.size


@every(LAYERS, lambda r: r.training)
def test_layer_gradient_by_differences_while_training(row):
    """The same counter each time, so the same mask: a function like any other."""
    cr.config.set_floatx("float64")
    layer, x, _ = ready(row)
    function, values = layer.pure(training=True)
    gradcheck(lambda x: function(values, x), x)


@every(LAYERS)
def test_layer_backward_in_the_explicit_style(row):
    cr.config.set_floatx("float64")
    layer, x, _ = ready(row)
    y = layer(x)
    d_y = draw(row.id + "d").normal(size=y.shape)
    d_x = layer.backward(d_y)
    step = 1e-6
    assert d_x.shape == x.shape
    for at in [(0,) * x.ndim, tuple(n - 1 for n in x.shape)]:
        moved = []
        for h in (step, -step):
            z = x.copy()
            z[at] += h
            moved.append((layer(z) * d_y).sum())
        assert d_x[at] == pytest.approx((moved[0] - moved[1]) / (2 * step), rel=1e-6, abs=1e-8)
    layer(x)
    layer.backward(d_y)
    for v in layer.trainable_variables:
        assert v.grad.shape == v.shape
        assert np.abs(v.grad).max() > 0
    layer.zero_grad()
    assert all(v.grad is None for v in layer.variables)


# XLA compiles anew for each: the options of a layer in float64 alone, where rounding hides less
ENGINES = [(row, dtype) for row in LAYERS for dtype in FLOATS if dtype == "float64" or not row.tag]


@pytest.mark.parametrize(("row", "dtype"), ENGINES, ids=lambda v: getattr(v, "id", v))
def test_layer_on_both_engines(row, dtype):
    jax, scope = jax_of(dtype)
    cr.config.set_floatx(dtype)
    layer, x, _ = ready(row, dtype)
    function, values = layer.pure(training=row.training)
    floats = [v for v in values if v.dtype.kind == "f"]
    fixed = {k: v for k, v in enumerate(values) if v.dtype.kind != "f"}

    def both(x, *given):
        def of(x, *now):
            now = list(now)
            return function([fixed[k] if k in fixed else now.pop(0) for k in range(len(values))], x)

        y, back = vjp(of, x, *given)
        m = cr.arrays.xp(y)
        d = back(m.cos(m.arange(y.size).astype(dtype)).reshape(y.shape))
        return y, d if isinstance(d, tuple) else (d,)

    y, d = both(x, *floats)
    with scope:
        there, d_there = jax.jit(both)(x, *floats)
    eps = 64 * np.finfo(dtype).eps
    assert there.dtype == dtype
    np.testing.assert_allclose(there, y, rtol=eps, atol=eps)
    for a, b in zip(d_there, d, strict=True):
        assert a.dtype == dtype
        assert b.dtype == dtype
        np.testing.assert_allclose(a, b, rtol=eps, atol=eps * max(1, np.abs(b).max()))


def test_dropout_leaves_the_mean_and_drops_the_rate():
    layer = layers.Dropout(0.3, seed=1)
    y = layer(np.ones((200, 500)), training=True)
    n = y.size
    dropped = (y == 0).mean()
    assert abs(dropped - 0.3) < SIGMAS * np.sqrt(0.3 * 0.7 / n)
    assert set(np.unique(y).tolist()) == {0.0, float(np.float32(1 / 0.7))}
    assert not np.array_equal(layer(np.ones((200, 500)), training=True), y)  # the next step
    np.testing.assert_array_equal(layer(np.ones((3, 2))), np.ones((3, 2)))


def test_dropout_next_to_one():
    """The largest rate below 1 drops all but one in four thousand millions."""
    y = layers.Dropout(1 - 1e-12, seed=0)(np.ones((10, 10)), training=True)
    assert (y == 0).all()


# --- saved, resumed, and the same on both engines ------------------------------------------------


def data(shape, outputs):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(10, *shape[1:])).astype("float32")
    return x, rng.normal(size=(10, *outputs[1:])).astype("float32")


def around(row):
    """The layer in a model that can be trained."""
    if row.name == "Sequential":
        model = row.make()
    else:
        layer = row.stand_in() if row.name != "Input" else layers.Activation("linear")
        model = cr.Sequential([cr.Input(row.shape[1:]), layer, layers.Dense(2)])
    model.compile(optimizers.Adam(0.05), "mse")
    return model


OF_DENSE = 3  # variables: its kernel and bias, and the count of shuffles
RESUMED = [
    pytest.param(row, engine, id=f"{engine}-{kind}-{row.id}")
    for kind, rows in (("layer", LAYERS), ("optimizer", OPTIMIZERS))
    for row in rows
    for engine in ("numpy", "xla")
    # XLA compiles anew for each: the plain rows, and the options that add state or read the step
    if engine == "numpy" or not row.tag or row.tag in ("training", "schedule", "everything")
    # and of layers those that hold something; test_layer_on_both_engines compiles them all
    if engine == "numpy" or row in OPTIMIZERS or len(around(row).variables) > OF_DENSE
    # a fit with averaged weights ends with the averages: test_resume.py interrupts one
    if not row.kwargs.get("use_ema")
]


def twin(make):
    """Two models with equal weights and streams."""
    found = []
    for _ in range(2):
        cr.utils.set_random_seed(8)
        found.append(make())
    return found


def state(model):
    return {
        **{path: v.numpy() for path, v in model.named_variables()},
        **{f"{i} {v.name}": v.numpy() for i, v in enumerate(model.optimizer.variables)},
    }


def same_state(a, b):
    a, b = state(a), state(b)
    assert list(a) == list(b)
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)


@pytest.mark.parametrize(("row", "engine"), RESUMED)
def test_saved_and_resumed_bit_for_bit(row, engine, tmp_path):
    """Training on from a file gives the very weights of training that was never interrupted."""

    def make():
        if row in LAYERS:
            return around(row)
        model = cr.Sequential([cr.Input((3,)), layers.Dense(2, "tanh"), layers.Dense(1)])
        model.compile(row.make(), "mse")
        return model

    straight, stopped = twin(make)
    x, y = data((5, 3) if row in OPTIMIZERS else row.shape, straight.output_shape)
    half = min(4, len(x) // 2)  # two steps an epoch; a ragged batch is a second program to compile
    x, y = x[: 2 * half], y[: 2 * half]
    how = {"batch_size": half, "verbose": 0, "engine": engine}
    rest = how | {"epochs": 3, "initial_epoch": 2}
    if engine == "numpy":
        straight.fit(x, y, epochs=3, **how)
    else:  # every model is compiled anew: one goes on itself, the other from its file
        stopped = straight
    stopped.fit(x, y, epochs=2, **how)
    path = stopped.save(tmp_path / "model")
    resumed = cr.load_model(path)
    same_state(resumed, stopped)
    np.testing.assert_array_equal(
        resumed.predict(x, engine="numpy"), stopped.predict(x, engine="numpy")
    )
    assert resumed.get_config() == stopped.get_config()
    assert resumed.optimizer.get_config() == stopped.optimizer.get_config()
    if engine == "xla":
        straight.fit(x, y, **rest)
    resumed.fit(x, y, **rest)
    same_state(resumed, straight)
    if engine == "xla":  # and the eager step, never interrupted, is the compiled step
        (eager, _) = twin(make)
        eager.fit(x, y, epochs=3, **(how | {"engine": "numpy"}))
        for name, value in state(eager).items():
            np.testing.assert_allclose(
                value, state(straight)[name], rtol=2e-4, atol=2e-6, err_msg=name
            )
