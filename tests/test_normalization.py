"""Normalization beyond the tables: precision, running means, freezing, masks, refusals."""

from __future__ import annotations

import re

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers, ops
from chainrule.chain import vjp
from chainrule.errors import ArgumentError, ChainruleError, ShapeError
from chainrule.variable import swap


def normal(*shape, seed=0, mean=0.0):
    return (mean + np.random.default_rng(seed).normal(size=shape)).astype("float32")


def by_hand(x, axes, epsilon=1e-3):
    """In float64, whose rounding is far below that of float32."""
    x = x.astype("float64")
    mean = x.mean(axes, keepdims=True)
    return (x - mean) / np.sqrt(((x - mean) ** 2).mean(axes, keepdims=True) + epsilon)


# --- precision -----------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["numpy", "xla"])
@pytest.mark.parametrize("mean", [0.0, 1e4])
def test_numbers_far_from_zero_keep_their_digits(engine, mean):
    """Fifty thousand float32 numbers near 10⁴: a plain sum of them is off by a tenth each."""
    x = normal(50_000, 4, mean=mean)
    wide = np.ascontiguousarray(x.T)
    runs = [
        (lambda v: ops.batch_normalization_training(v)[0], x, 0),
        (lambda v: ops.layer_normalization(v, epsilon=1e-3), wide, 1),
        (lambda v: ops.group_normalization(v, 2, epsilon=1e-3), x[None], None),
    ]
    for run, given, axis in runs:
        if engine == "xla":
            run = pytest.importorskip("jax").jit(run)
        if axis is None:
            expected = by_hand(given.reshape(1, 50_000, 2, 2), (1, 3)).reshape(given.shape)
        else:
            expected = by_hand(given, axis)
        np.testing.assert_allclose(run(given), expected, atol=2e-3)


def test_rows_added_up_as_a_product_agree():
    """On XLA long rows are summed by a product with ones; NumPy adds them up."""
    jax = pytest.importorskip("jax")
    x, gamma, beta, d_y = normal(64, 300), normal(300, seed=1), normal(300, seed=2), normal(64, 300)

    def run(x, gamma, beta, d_y):
        found = []
        for f in (ops.layer_normalization, lambda x, g, _: ops.rms_normalization(x, g)):
            y, back = vjp(f, x, gamma, beta)
            found += [y, *back(d_y)]
        return found

    compiled = jax.jit(run)
    if jax.default_backend() == "cpu":
        assert "dot" in compiled.lower(x, gamma, beta, d_y).as_text()
    for a, b in zip(compiled(x, gamma, beta, d_y), run(x, gamma, beta, d_y), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=2e-5)


def test_long_and_short_vectors_have_a_length():
    """Squares of 10³⁰ are beyond float32, those of 10⁻³⁰ are 0."""
    for size in (1e30, 1e-30):
        x = np.array([[3 * size, 4 * size]], "float32")
        y, back = vjp(lambda v: ops.normalize(v, epsilon=1e-37), x)
        np.testing.assert_allclose(y, [[0.6, 0.8]], rtol=1e-6)
        d_x = back(np.array([[1.0, 0.0]], "float32"))
        np.testing.assert_allclose(d_x * np.float32(size), [[0.128, -0.096]], rtol=1e-5)
    assert np.isnan(ops.normalize(np.array([[np.nan, 1.0]]))).all()


def test_equal_numbers_come_out_as_the_offset():
    x = np.full((4, 3), 7.3, "float32")
    for layer in (
        layers.BatchNormalization(beta_initializer="ones"),
        layers.LayerNormalization(beta_initializer="ones"),
        layers.GroupNormalization(1, beta_initializer="ones"),
    ):
        np.testing.assert_array_equal(layer(x, training=True), np.ones_like(x))
        assert np.isfinite(layer.backward(np.ones_like(x))).all()


# --- running means -------------------------------------------------------------------------------


def test_running_means_go_a_step_at_a_time():
    """moving ← .9·moving + .1·now, with a variance that divides by n."""
    layer = layers.BatchNormalization(momentum=0.9)
    mean, variance = np.zeros(3), np.ones(3)
    for seed in range(3):
        x = normal(5, 2, 3, seed=seed, mean=seed)
        layer(x, training=True)
        mean = 0.9 * mean + 0.1 * x.astype("float64").mean((0, 1))
        variance = 0.9 * variance + 0.1 * x.astype("float64").var((0, 1))
        np.testing.assert_allclose(layer.moving_mean.numpy(), mean, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(layer.moving_variance.numpy(), variance, rtol=1e-5)
    x = normal(2, 2, 3)
    expected = (x - mean) / np.sqrt(variance + 1e-3)
    np.testing.assert_allclose(layer(x), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(layer.moving_mean.numpy(), mean, rtol=1e-5, atol=1e-7)
    kinds = [(v.name, v.kind, v.trainable) for v in layer.variables]
    assert kinds == [
        ("gamma", "weight", True),
        ("beta", "weight", True),
        ("moving_mean", "statistic", False),
        ("moving_variance", "statistic", False),
    ]


def test_a_batch_of_one():
    """Its variance is 0, so it comes out as beta; the running variance goes towards 0."""
    layer = layers.BatchNormalization(momentum=0.5)
    x = normal(1, 3)
    np.testing.assert_array_equal(layer(x, training=True), np.zeros((1, 3)))
    np.testing.assert_array_equal(layer.moving_variance.numpy(), np.full(3, 0.5))
    np.testing.assert_allclose(layer.moving_mean.numpy(), x[0] / 2)


def model_of(seed=1, **settings):
    cr.utils.set_random_seed(seed)
    model = cr.Sequential(
        [cr.Input((3,)), layers.Dense(4), layers.BatchNormalization(**settings), layers.Dense(1)]
    )
    model.compile(cr.optimizers.SGD(0.1), "mse")
    return model


DATA = normal(24, 3), normal(24, 1, seed=1)


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_evaluate_and_predict_change_no_running_mean(engine):
    model = model_of(momentum=0.5)
    x, y = DATA
    model.fit(x, y, batch_size=8, epochs=1, verbose=0, engine=engine)
    kept = [w.copy() for w in model.get_weights()]
    single = [model.predict(x[k : k + 1], engine=engine) for k in range(3)]
    model.evaluate(x, y, verbose=0)
    np.testing.assert_allclose(model.predict(x[:3], engine=engine), np.concatenate(single), 1e-5)
    for a, b in zip(model.get_weights(), kept, strict=True):
        np.testing.assert_array_equal(a, b)


def test_both_engines_keep_the_same_running_means():
    found = []
    for engine in ("numpy", "xla"):
        model = model_of(momentum=0.8)
        model.fit(*DATA, batch_size=7, epochs=3, verbose=0, engine=engine)
        found.append(model.get_weights())
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    assert np.abs(found[0][4]).max() > 1e-3  # the mean has moved


def test_train_on_batch_goes_a_step():
    model = model_of(momentum=0.5)
    norm = model.layers[1]
    inside = model.layers[0](DATA[0][:8])
    model.train_on_batch(DATA[0][:8], DATA[1][:8])
    np.testing.assert_allclose(norm.moving_mean.numpy(), inside.mean(0) / 2, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_frozen_it_predicts_while_training(engine):
    model = model_of(momentum=0.5)
    x, y = DATA
    model.fit(x, y, batch_size=8, epochs=1, verbose=0, engine=engine)
    norm = model.layers[1]
    norm.trainable = False
    model.compile(cr.optimizers.SGD(0.1), "mse")
    kept = [v.numpy().copy() for v in norm.variables]
    given = normal(5, 4)
    np.testing.assert_array_equal(norm(given, training=True), norm(given, training=False))
    before = model.layers[0].kernel.numpy().copy()
    model.fit(x, y, batch_size=8, epochs=1, verbose=0, engine=engine)
    for v, old in zip(norm.variables, kept, strict=True):
        np.testing.assert_array_equal(v.numpy(), old)
    assert not np.array_equal(model.layers[0].kernel.numpy(), before)  # the others learn
    norm.trainable = True
    model.compile(cr.optimizers.SGD(0.1), "mse")
    model.fit(x, y, batch_size=8, epochs=1, verbose=0, engine=engine)
    assert not np.array_equal(norm.moving_mean.numpy(), kept[2])


def test_one_program_for_all_steps():
    """Running means change at each step, and no step is compiled anew for that."""
    pytest.importorskip("jax")
    model = model_of()
    x, y = DATA
    runs = []
    norm = model.layers[1]
    call = type(norm).call

    class Counted(layers.BatchNormalization):
        def call(self, *args, **kwargs):
            runs.append(1)
            return call(self, *args, **kwargs)

    norm.__class__ = Counted
    model.fit(x, y, batch_size=8, epochs=1, verbose=0, engine="xla")
    traced = len(runs)
    model.fit(x, y, batch_size=8, epochs=4, verbose=0, engine="xla")
    assert len(runs) == traced


# --- masks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_masked_steps_have_no_part_in_the_statistics(engine):
    x = normal(3, 4, 2)
    mask = np.array([[1, 1, 0, 0], [1, 1, 1, 1], [0, 0, 0, 1]], bool)
    x[~mask] = np.nan
    layer = layers.BatchNormalization(momentum=0.0)
    layer.build(x.shape)
    values = [v.numpy() for v in layer.variables]

    def step(values, x):
        with swap(layer.variables, values) as now:
            y = layer(x, training=True, mask=mask)
            return y, now.values()

    if engine == "xla":
        step = pytest.importorskip("jax").jit(step)
    y, after = step(values, x)
    kept = x[mask]
    np.testing.assert_allclose(np.asarray(y)[mask], by_hand(kept, 0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(after[2], kept.mean(0), rtol=1e-5)
    np.testing.assert_allclose(after[3], kept.var(0), rtol=1e-5)


def test_where_nothing_counts_the_running_means_stay():
    layer = layers.BatchNormalization()
    x = normal(2, 3, 2)
    y = layer(x, training=True, mask=np.zeros((2, 3), bool))
    assert np.isfinite(y).all()
    np.testing.assert_array_equal(layer.moving_mean.numpy(), [0, 0])
    np.testing.assert_array_equal(layer.moving_variance.numpy(), [1, 1])


# --- refusals ------------------------------------------------------------------------------------


def built(layer, *shape):
    layer.build(shape)
    return layer


REFUSED = {
    "batch, channels": (
        lambda: built(layers.BatchNormalization(), None, 3)(normal(2, 4)),
        r"BatchNormalization .*has not the lengths.*\n  expected: \(3,\) at axis -1\n.*\(4,\) in",
    ),
    "no such axis": (
        lambda: layers.LayerNormalization(axis=3)(normal(2, 4)),
        r"LayerNormalization .*no such axis.*\n  expected: axis from 1 to 1.*\n.*axis=3",
    ),
    "the batch": (lambda: layers.LayerNormalization(axis=0)(normal(2, 4)), "no such axis"),
    "twice": (lambda: layers.LayerNormalization(axis=[1, -1])(normal(2, 4)), "named twice"),
    "several": (lambda: layers.BatchNormalization(axis=[1, 2]), "axis must be a whole number"),
    "axis as text": (lambda: layers.RMSNormalization(axis="last"), "axis must be a whole number"),
    "unknown length": (
        lambda: layers.LayerNormalization()(cr.Input((None,))),
        "length of the axis to normalize over must be known",
    ),
    "momentum": (lambda: layers.BatchNormalization(momentum=1.5), "momentum is out of range"),
    "epsilon": (lambda: layers.LayerNormalization(epsilon=-1.0), "epsilon is out of range"),
    "groups": (
        lambda: layers.GroupNormalization(3)(normal(2, 4)),
        r"GroupNormalization .*do not divide into groups\n  expected: a multiple of 3 channels",
    ),
    "no groups": (lambda: layers.GroupNormalization(0), "groups must be a whole number"),
    "mask": (
        lambda: layers.BatchNormalization()(
            normal(2, 3, 4), training=True, mask=np.ones((2, 4), bool)
        ),
        r"the mask does not fit the input\n  expected: \(2, 3\)",
    ),
    "empty batch": (
        lambda: ops.batch_normalization_training(np.ones((0, 3))),
        "of no numbers there is no such value",
    ),
    "gamma": (
        lambda: ops.layer_normalization(normal(2, 3), np.ones(2)),
        r"gamma does not fit .*\n  expected: gamma \(3,\) for x \(2, 3\)\n  received: \(2,\)",
    ),
    "order": (lambda: ops.normalize(normal(2, 3), order=0), "order must be at least 1"),
    "bias": (lambda: layers.LocalResponseNormalization(bias=0.0), "bias is out of range"),
    "radius": (lambda: layers.LocalResponseNormalization(1.5), "depth_radius must be a whole"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    run, text = REFUSED[name]
    with pytest.raises(ChainruleError, match=text) as caught:
        run()
    assert isinstance(caught.value, (ShapeError, ArgumentError))
    assert re.search(text, str(caught.value))
