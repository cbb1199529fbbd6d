"""Layers that reshape or add noise: draws, statistics, penalties, unknown lengths, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers
from chainrule.errors import ArgumentError, ChainruleError, DataError, ShapeError
from chainrule.variable import swap
from layer_row import stream

SIGMAS = 5  # one false alarm in a million


def normals(seed, n, dtype):
    """Box and Muller's √(−2 ln u)·cos(2πv) of the words, as rng.py's docstrings say."""

    def uniform(number):
        words = stream(seed, 0, number)
        if dtype == "float32":
            return [(words(i) >> 8) * 2.0**-24 for i in range(n)]
        high = stream(seed, 0, number, 1)
        return [(high(i) * 2**21 + (words(i) >> 11)) * 2.0**-53 for i in range(n)]

    pairs = zip(uniform(2), uniform(3), strict=True)
    return np.array([math.sqrt(-2 * math.log(1 - u)) * math.cos(2 * math.pi * v) for u, v in pairs])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normal_noise_is_that_of_the_counter(dtype):
    x = np.arange(1.0, 7.0).reshape(2, 3).astype(dtype)
    noise = normals(7, 6, dtype).reshape(2, 3)
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    y = layers.GaussianNoise(0.25, seed=7, dtype=dtype)(x, training=True)
    assert y.dtype == dtype
    np.testing.assert_allclose(y, x + 0.25 * noise, rtol=tolerance)
    y = layers.GaussianDropout(0.2, seed=7, dtype=dtype)(x, training=True)
    np.testing.assert_allclose(y, x * (1 + 0.5 * noise), rtol=tolerance, atol=tolerance)


MADE = {
    "GaussianNoise": lambda: layers.GaussianNoise(0.5, seed=3),
    "GaussianDropout": lambda: layers.GaussianDropout(0.3, seed=3),
    "AlphaDropout": lambda: layers.AlphaDropout(0.3, seed=3),
    "SpatialDropout1D": lambda: layers.SpatialDropout1D(0.3, seed=3),
}


@pytest.mark.parametrize("name", MADE)
def test_the_same_draws_on_both_engines_and_new_ones_at_each_step(name):
    jax = pytest.importorskip("jax")
    layer = MADE[name]()
    x = np.ones((2, 3, 4), "float32")
    layer(x)
    before = [v.numpy() for v in layer.variables]

    def two(values, x):
        with swap(layer.variables, values) as now:
            first, second = layer(x, training=True), layer(x, training=True)
            return first, second, now.values()

    here, there = two(before, x), jax.jit(two)(before, x)
    for a, b in zip(here[:2], there[:2], strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-5, atol=1e-6)
    assert not np.array_equal(here[0], here[1])
    np.testing.assert_array_equal(there[2][-1], here[2][-1])
    assert layer.weights == []  # no numbers of the model: only counters
    np.testing.assert_array_equal(MADE[name]()(x, training=True), here[0])  # a seed gives them


def test_noise_has_the_mean_and_spread_it_says():
    n = 250_000
    x = np.ones((500, 500), "float32")
    y = layers.GaussianNoise(0.5, seed=1)(x, training=True)
    assert abs(y.mean() - 1) < SIGMAS * 0.5 / math.sqrt(n)
    assert abs(y.std() - 0.5) < SIGMAS * 0.5 / math.sqrt(2 * n)
    y = layers.GaussianDropout(0.2, seed=1)(x, training=True)
    assert abs(y.mean() - 1) < SIGMAS * 0.5 / math.sqrt(n)
    assert abs(y.std() - 0.5) < SIGMAS * 0.5 / math.sqrt(2 * n)


def test_alpha_dropout_keeps_mean_and_variance():
    x = np.random.default_rng(0).normal(size=(500, 500)).astype("float32")
    y = layers.AlphaDropout(0.4, seed=1)(x, training=True)
    assert abs(y.mean() - x.mean()) < 0.02
    assert abs(y.var() - 1) < 0.02
    share = (np.abs(y - y.min()) < 1e-6).mean()
    assert len(np.unique(y)) > 1000
    assert 0 < share < 1


def test_a_whole_map_is_dropped_or_kept():
    y = layers.SpatialDropout2D(0.5, seed=0)(np.ones((20, 3, 4, 10)), training=True)
    per_map = y.reshape(20, 12, 10)
    assert (per_map == per_map[:, :1]).all()
    assert set(np.unique(y).tolist()) == {0.0, 2.0}
    assert abs((per_map[:, 0] == 0).mean() - 0.5) < SIGMAS * 0.5 / math.sqrt(200)


def test_the_penalty_on_an_output_is_in_the_loss():
    """Of a sample on average: (l1·Σ|x| + l2·Σx²)/batch, as in Keras."""
    x = np.array([[1.0, -3.0], [2.0, 0.5]], "float32")
    model = cr.Sequential([cr.Input((2,)), layers.ActivityRegularization(l1=0.5, l2=0.25)])
    model.compile("sgd", "mse")
    loss = model.evaluate(x, x, verbose=0)
    expected = (0.5 * np.abs(x).sum() + 0.25 * (x**2).sum()) / 2
    assert (loss[0] if isinstance(loss, list) else loss) == pytest.approx(expected)
    config = model.layers[0].get_config()
    assert "activity_regularizer" not in config
    assert (config["l1"], config["l2"]) == (0.5, 0.25)


def test_shapes_that_are_not_known_yet():
    assert layers.Reshape((-1, 2)).compute_output_shape((None, None, 4)) == (None, None, 2)
    assert layers.Reshape((3, 2)).compute_output_shape((None, None, 2)) == (None, 3, 2)
    assert layers.Reshape((2, -1)).compute_output_shape((None, 4, 3)) == (None, 2, 6)
    assert layers.Reshape(()).compute_output_shape((None, 1)) == (None,)
    assert layers.Permute((2, 1)).compute_output_shape((None, None, 4)) == (None, 4, None)
    assert layers.RepeatVector(3).compute_output_shape((None, 2)) == (None, 3, 2)
    assert layers.Reshape((-1, 2))(np.zeros((0, 4))).shape == (0, 2, 2)
    assert layers.Reshape((-1,))(np.zeros((2, 0, 3))).shape == (2, 0)
    steps = cr.Input((None, 4))
    model = cr.Model(steps, layers.Reshape((-1, 2))(steps))
    assert model.predict(np.zeros((2, 3, 4)), engine="numpy").shape == (2, 6, 2)
    with pytest.raises(ShapeError, match="do not fill"):
        cr.Model(steps, layers.Reshape((3, 2))(steps)).predict(np.zeros((2, 3, 4)), engine="numpy")


def test_whole_numbers_keep_their_type_where_they_are_only_moved():
    ids = np.arange(6).reshape(1, 6)
    for layer in (layers.Reshape((2, 3)), layers.Permute((1,)), layers.RepeatVector(2)):
        assert layer(ids).dtype.kind == "i"


def test_identity_of_several():
    a, b = layers.Identity()([np.ones((1, 2)), np.zeros((1, 3))])
    assert (a.shape, b.shape) == ((1, 2), (1, 3))


def test_a_lambda_is_an_operation_by_name():
    layer = layers.Lambda(cr.ops.square)
    assert layer.get_config()["function"] == "square"
    again = cr.layers.deserialize(cr.layers.serialize(layer))
    np.testing.assert_array_equal(again(np.array([[3.0]])), [[9.0]])


def test_softmax_of_what_a_mask_takes():
    x = np.log(np.array([[1.0, 3.0, 5.0], [2.0, 2.0, 7.0]]))
    take = np.array([[True, True, False], [False, False, False]])
    layer = layers.Softmax(dtype="float64")
    np.testing.assert_allclose(layer(x, mask=take), [[0.25, 0.75, 0], [0, 0, 0]], atol=1e-15)
    d_x = layer.backward(np.array([[1.0, 0.0, 9.0], [1.0, 2.0, 3.0]]))
    np.testing.assert_allclose(d_x, [[0.1875, -0.1875, 0], [0, 0, 0]], atol=1e-15)
    columns = np.array([True, True, False])
    np.testing.assert_allclose(layer(x, mask=columns), [[0.25, 0.75, 0], [0.5, 0.5, 0]], atol=1e-9)
    steps = np.array([[True, False]])  # goes on with the steps, and changes nothing here
    np.testing.assert_array_equal(layer(x[None], mask=steps), layer(x[None]))


REFUSED = {
    "softmax mask": (
        lambda: layers.Softmax()(np.zeros((2, 3)), mask=np.ones((2, 2), bool)),
        r"Softmax .*the mask does not fit the input\n  expected: .* broadcast to \(2, 3\)",
    ),
    "reshape": (
        lambda: layers.Reshape((4, 2))(np.zeros((2, 6))),
        r"Reshape .*do not fill the new shape\n  expected: a shape of 6 numbers\n"
        r"  received: \(6,\) to \(4, 2\)",
    ),
    "reshape rest": (lambda: layers.Reshape((4, -1))(np.zeros((2, 6))), "do not fill"),
    "reshape two": (lambda: layers.Reshape((-1, -1)), "target_shape is no shape"),
    "reshape number": (lambda: layers.Reshape(4), "target_shape is no shape"),
    "reshape None": (lambda: layers.Reshape((None, 2)), "target_shape is no shape"),
    "permute batch": (lambda: layers.Permute((0, 1)), "dims must name every axis"),
    "permute twice": (lambda: layers.Permute((1, 1)), "dims must name every axis"),
    "permute rank": (
        lambda: layers.Permute((2, 1))(np.zeros((2, 3))),
        r"Permute .*another number of axes than dims\n  expected: 2 axes and the batch",
    ),
    "repeat": (lambda: layers.RepeatVector(0), "n must be a whole number"),
    "repeat rank": (lambda: layers.RepeatVector(2)(np.zeros((2, 3, 4))), "only rows of numbers"),
    "saved lambda": (
        lambda: layers.Lambda(lambda x: x + 1).get_config(),
        r"a function of your own cannot be written to a file\n(.*\n)*.*register_keras_serial",
    ),
    "a namesake": (lambda: layers.Lambda(np.square).get_config(), "a function of your own"),
    "no function": (lambda: layers.Lambda(3), "a Lambda needs a function"),
    "code as text": (lambda: layers.Lambda("lambda x: x"), "there is no operation"),
    "lambda name": (lambda: layers.Lambda("sqare"), "did you mean 'square'"),
    "spatial rank": (
        lambda: layers.SpatialDropout2D(0.5)(np.zeros((2, 3, 4))),
        r"SpatialDropout2D .*wrong number of axes\n  expected: \(batch, rows, columns, channels\)",
    ),
    "channels first": (
        lambda: layers.SpatialDropout2D(0.5, data_format="channels_first"),
        "the channels are the last axis",
    ),
    "noise shape": (
        lambda: layers.SpatialDropout1D(0.5, noise_shape=(1, 1, 1)),
        "unknown argument 'noise_shape'",
    ),
    "alpha all": (lambda: layers.AlphaDropout(1.0), "rate is out of range"),
    "gaussian all": (lambda: layers.GaussianDropout(1.0), "rate is out of range"),
    "stddev": (lambda: layers.GaussianNoise(-1.0), "stddev is out of range"),
    "penalty": (
        lambda: layers.ActivityRegularization(activity_regularizer="l2"),
        "unknown argument 'activity_regularizer'",
    ),
    "shared batch": (lambda: layers.PReLU(shared_axes=0), "shared_axes must be whole numbers"),
    "shared axis": (
        lambda: layers.PReLU(shared_axes=[2])(np.zeros((2, 3))),
        r"no such axis to share .*\n  expected: shared_axes from 1 to 1",
    ),
    "unknown length": (
        lambda: layers.PReLU()(cr.Input((None, 4))),
        r"its lengths must be known(.*\n)*  fix: shared_axes=\[1\]",
    ),
    "prelu later": (
        lambda: (p := layers.PReLU(), p(np.zeros((2, 3))), p(np.zeros((2, 4)))),
        r"PReLU .*was built for\n  expected: \(batch, 3\)",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    run, text = REFUSED[name]
    with pytest.raises(ChainruleError, match=text) as caught:
        run()
    assert isinstance(caught.value, (ShapeError, ArgumentError))


# --- standardizing, classes as rows -------------------------------------------------------------

DATA = np.random.default_rng(3).normal(5, 3, (10_000, 4))


@pytest.mark.parametrize(
    "data",
    [
        DATA,
        DATA.tolist(),
        [DATA[:1], DATA[1:7000], DATA[7000:]],
        (part for part in np.split(DATA, [123, 4567])),
        ((part, None) for part in np.split(DATA, [500])),
    ],
    ids=["array", "lists", "batches", "generator", "pairs"],
)
def test_statistics_of_parts_are_those_of_the_whole(data):
    layer = layers.Normalization(dtype="float64")
    layer.adapt(data)
    exact = [[math.fsum(column) / len(DATA) for column in DATA.T]]
    exact += [
        [
            math.fsum((v - m) ** 2 for v in column) / len(DATA)
            for column, m in zip(DATA.T, exact[0], strict=True)
        ]
    ]
    np.testing.assert_allclose(layer.get_weights(), exact, rtol=1e-12)


def test_statistics_are_far_from_zero_without_cancelling():
    """Values of 1e8 ± 1: a difference of squares would have no digit left."""
    layer = layers.Normalization(axis=None, dtype="float64")
    layer.adapt(1e8 + np.array([-1.0, 1.0, -1.0, 1.0]))
    np.testing.assert_allclose(layer.get_weights(), [1e8, 1], rtol=1e-15)


def test_steps_adapt_again_and_memory_mapped_files(tmp_path):
    layer = layers.Normalization()
    layer.adapt(iter([np.zeros((2, 4)), np.full((2, 4), 9.0)]), steps=1)
    np.testing.assert_array_equal(layer.get_weights(), np.zeros((2, 4)))
    np.save(tmp_path / "x.npy", DATA)
    layer.adapt(np.load(tmp_path / "x.npy", mmap_mode="r"))
    np.testing.assert_allclose(layer(DATA).mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(layer(DATA).std(0), 1, rtol=1e-5)


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_statistics_are_saved_and_never_trained(tmp_path, engine):
    pytest.importorskip("jax") if engine == "xla" else None
    first = layers.Normalization()
    first.adapt(DATA)
    model = cr.Sequential([first, layers.Dense(1)])
    model.compile("sgd", "mse")
    before = first.get_weights()
    model.fit(DATA[:64], DATA[:64, :1], verbose=0, engine=engine)
    np.testing.assert_array_equal(first.get_weights(), before)
    assert [v.kind for v in first.variables] == ["statistic"] * 2
    again = cr.load_model(model.save(tmp_path / "m"))
    np.testing.assert_array_equal(again.predict(DATA[:5]), model.predict(DATA[:5]))


def test_classes_outside_are_refused_wherever_they_come_in():
    layer = layers.CategoryEncoding(3)
    with pytest.raises(DataError, match="a label is outside the classes") as caught:
        layer(np.array([[0, 3]]))
    assert caught.value.fix == "number the classes from 0, or give a larger num_tokens"
    model = cr.Sequential([cr.Input((2,), dtype="int32"), layer, layers.Dense(1)])
    for engine in ("numpy", "xla"):
        with pytest.raises(DataError, match="outside the classes"):
            model.predict(np.array([[0, 1], [0, -1]]), engine=engine)


def test_a_batch_of_single_classes_has_a_row_for_each():
    for mode in ("one_hot", "multi_hot", "count"):
        layer = layers.CategoryEncoding(3, mode)
        np.testing.assert_array_equal(layer(np.array([2, 0])), [[0, 0, 1], [1, 0, 0]])
        assert layer(cr.Input(())).shape == (None, 3)


PREPARING = {
    "batch": (lambda: layers.Normalization(axis=0).adapt(DATA), "the batch has no statistics"),
    "one given": (lambda: layers.Normalization(mean=1.0), "mean and variance are given together"),
    "negative": (
        lambda: layers.Normalization(mean=1.0, variance=-1.0),
        "a variance is negative",
    ),
    "given and adapted": (
        lambda: layers.Normalization(mean=1.0, variance=1.0).adapt(DATA),
        "there is nothing to adapt",
    ),
    "given, not finite": (
        lambda: layers.Normalization(mean=math.nan, variance=1.0),
        "nan",
    ),
    "other shape": (
        lambda: layers.Normalization(mean=[1.0, 2.0], variance=[1.0, 2.0])(DATA),
        "the mean has another shape than its axes",
    ),
    "no data": (lambda: layers.Normalization().adapt([]), "no data to adapt to"),
    "nan": (lambda: layers.Normalization().adapt(np.full((2, 4), np.nan)), "the data"),
    "other lengths": (
        lambda: layers.Normalization().adapt([DATA[:3], DATA[:3, :2]]),
        "other lengths than the statistics",
    ),
    "unknown length": (
        lambda: layers.Normalization()(cr.Input((None,))),
        "the lengths of its axes must be known",
    ),
    "weights of no counts": (
        lambda: layers.CategoryEncoding(3)(np.array([[1]]), count_weights=np.ones((1, 1))),
        "count_weights are for counts",
    ),
    "sparse": (lambda: layers.CategoryEncoding(3, sparse=True), "the rows are plain arrays"),
    "mode": (lambda: layers.CategoryEncoding(3, "int"), "output_mode has an unknown value"),
    "equation": (lambda: layers.EinsumDense("ab,bc", 3), "the equation has another form"),
    "dots on one side": (
        lambda: layers.EinsumDense("...b,bc->c", 3),
        "the equation has another form",
    ),
    "letter twice": (
        lambda: layers.EinsumDense("aa,ab->ab", 3),
        "the equation has another form",
    ),
    "bias": (
        lambda: layers.EinsumDense("ab,bc->ac", 3, bias_axes="z"),
        "the bias axis 'z' is not in the result",
    ),
    "no length": (
        lambda: layers.EinsumDense("ab,cd->ad", 3)(np.ones((2, 3))),
        "the axis 'c' of the weights has no length",
    ),
    "lengths": (
        lambda: layers.EinsumDense("abc,cd->abd", 3)(np.ones((2, 3, 4))),
        "output_shape does not fit the equation",
    ),
    "another length": (
        lambda: layers.EinsumDense("abc,cd->abd", (7, 3))(np.ones((2, 3, 4))),
        "output_shape has 7 for 'b', the input 3",
    ),
    "axes": (
        lambda: layers.EinsumDense("ab,bc->ac", 3)(np.ones((2, 3, 4))),
        "another number of axes than the equation",
    ),
}


@pytest.mark.parametrize("name", PREPARING)
def test_preparing_layers_refuse(name):
    run, text = PREPARING[name]
    with pytest.raises(ChainruleError, match=text):
        run()


def test_einsum_dense_takes_no_other_length_than_it_was_built_for():
    layer = layers.EinsumDense("abc,cd->abd", (None, 2))
    layer(np.ones((2, 3, 4)))
    assert layer(np.ones((2, 5, 4))).shape == (2, 5, 2)
    with pytest.raises(ShapeError, match="another length than the kernel"):
        layer(np.ones((2, 3, 6)))
