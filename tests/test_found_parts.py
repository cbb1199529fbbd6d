"""What was found wrong in losses, metrics, optimizers and small layers: one test for each complaint.

Expected numbers are worked out in the comments, from the formulas of Keras's documentation.
"""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers, losses, metrics, ops, optimizers

ENGINES = ("numpy", "xla")


both = pytest.mark.parametrize("engine", ENGINES)


def needs(engine):
    if engine == "xla":
        pytest.importorskip("jax")


def small_model(engine, loss="mse", optimizer=None, outputs=1, activation=None, **how):
    """A Dense layer called "out" on three inputs, and eight rows of data."""
    needs(engine)
    model = cr.Sequential([cr.Input((3,)), layers.Dense(outputs, activation, name="out")])
    model.compile(optimizer or optimizers.SGD(0.1), loss, engine=engine, **how)
    x = np.linspace(-1, 1, 24, dtype="float32").reshape(8, 3)
    y = np.tile(np.linspace(0, 1, 8, dtype="float32")[:, None], (1, outputs))
    return model, x, y


def raises_ours(error=cr.errors.ChainruleError, match=None):
    return pytest.raises(error, match=match)


# --- metrics -------------------------------------------------------------------------------------

# called positive above .3: the 1st, 2nd, 3rd; above .7: the 3rd. True: the 1st and 3rd of 4.
TRUE, CALLED = np.array([1.0, 0, 1, 1]), np.array([0.5, 0.4, 0.9, 0.1])


@pytest.mark.parametrize(
    ("name", "wanted"), [("Precision", [2 / 3, 1.0]), ("Recall", [2 / 3, 1 / 3])]
)
def test_a_list_of_thresholds_gives_a_list_of_figures(name, wanted):
    metric = getattr(metrics, name)(thresholds=[0.3, 0.7])
    metric.update_state(TRUE[:2], CALLED[:2])
    metric.update_state(TRUE[2:], CALLED[2:])
    np.testing.assert_allclose(np.asarray(metric.result()), wanted, rtol=1e-6)
    metric.reset_state()
    np.testing.assert_array_equal(np.asarray(metric.result()), [0, 0])


@pytest.mark.parametrize("wrong", [[0.5, 1.5], -0.1, "x", [], [0.5, None]])
def test_thresholds_are_checked(wrong):
    with raises_ours(cr.errors.ArgumentError, "threshold"):
        metrics.Precision(thresholds=wrong)


@both
@pytest.mark.parametrize("word", ["Accuracy", "ACC", "Crossentropy"])
def test_words_for_metrics_are_the_same_in_capitals(engine, word):
    """Keras: `str(identifier).lower()` chooses the form by the shapes."""
    how = {"loss": "sparse_categorical_crossentropy", "outputs": 3, "activation": "softmax"}
    model, x, _ = small_model(engine, metrics=[word], **how)
    twin, _, _ = small_model(engine, metrics=[word.lower()], **how)
    labels = np.arange(8) % 3
    twin.set_weights(model.get_weights())
    logs = model.evaluate(x, labels, return_dict=True, verbose=0)
    same = twin.evaluate(x, labels, return_dict=True, verbose=0)
    assert logs[word] == same[word.lower()]


@both
def test_two_metrics_of_one_name_are_told_apart(engine):
    """Keras counts: mae, mae_1."""
    model, x, y = small_model(engine, metrics=["mae", "mae"])
    logs = model.evaluate(x, y, return_dict=True, verbose=0)
    assert list(logs) == ["loss", "mae", "mae_1"]
    assert logs["mae"] == logs["mae_1"]


def test_mean_with_negative_weights():
    mean = metrics.Mean()
    mean.update_state([1.0, 4.0], sample_weight=[1.0, -3.0])
    assert float(mean.result()) == pytest.approx((1 - 12) / -2)


def test_weights_for_each_element():
    """Right, wrong, wrong, right with weights 1, 2, 3, 4: (1 + 4)/10."""
    metric = metrics.BinaryAccuracy()
    metric.update_state(
        np.array([[1.0, 1], [0, 0]]),
        np.array([[0.9, 0.2], [0.8, 0.1]]),
        sample_weight=np.array([[1.0, 2], [3, 4]]),
    )
    assert float(metric.result()) == pytest.approx(0.5)


@pytest.mark.parametrize("name", ["Accuracy", "Precision", "Recall"])
def test_weights_for_each_element_where_they_worked(name):
    """One of the hits weighs 1, the other kinds of element weigh 3 in all."""
    wanted = {"Accuracy": 5 / 8, "Precision": 1 / 3, "Recall": 1 / 2}[name]
    metric = getattr(metrics, name)()
    t, y = np.array([[1.0, 0], [0, 1]]), np.array([[1.0, 1], [0, 0]])
    metric.update_state(t, y, sample_weight=np.array([[1.0, 2], [4, 1]]))
    assert float(metric.result()) == pytest.approx(wanted)


@both
def test_metrics_by_output_name(engine):
    model, x, y = small_model(engine, metrics={"out": ["mae"]})
    logs = model.evaluate(x, y, return_dict=True, verbose=0)
    assert any(name.endswith("mae") for name in logs)


# --- losses --------------------------------------------------------------------------------------


class OwnSquare(losses.Loss):
    def call(self, y_true, y_pred):
        return ops.square(y_true - y_pred)


def test_the_first_argument_of_a_loss_is_its_name():
    assert OwnSquare("mine").name == "mine"
    loss = OwnSquare("mine", "sum")
    assert (loss.name, loss.reduction) == ("mine", "sum")


def test_a_loss_has_a_dtype():
    """Keras: Loss(name=None, reduction="sum_over_batch_size", dtype=None)."""
    loss = OwnSquare("mine", "sum", "float64")
    value = loss(np.ones(2, "float32"), np.zeros(2, "float32"))
    assert np.asarray(value).dtype == np.float64


def test_a_loss_of_ones_own_does_not_broadcast():
    """(1, 2) against (3, 5): (4 + 9)/2, not the mean over all four pairs."""
    y_true, y_pred = np.array([1.0, 2.0]), np.array([[3.0], [5.0]])
    assert float(OwnSquare()(y_true, y_pred)) == pytest.approx(6.5)
    assert float(OwnSquare()(y_true[:, None], y_pred[:, 0])) == pytest.approx(6.5)


@both
def test_a_loss_of_ones_own_does_not_broadcast_in_evaluate(engine):
    model, x, y = small_model(engine, loss=OwnSquare())
    wanted = float(np.mean((model.predict(x) - y) ** 2))
    assert model.evaluate(x, y[:, 0], verbose=0) == pytest.approx(wanted, rel=1e-5)


NOT_FINITE = pytest.mark.parametrize("weight", [np.nan, np.inf, -np.inf])


@NOT_FINITE
def test_sample_weights_of_a_loss_are_finite(weight):
    with raises_ours(cr.errors.DataError, "sample_weight"):
        losses.MeanSquaredError()(np.ones((2, 1)), np.zeros((2, 1)), [1.0, weight])


@NOT_FINITE
def test_sample_weights_of_a_metric_are_finite(weight):
    for metric in (metrics.MeanSquaredError(), metrics.Precision()):
        with raises_ours(cr.errors.DataError, "sample_weight"):
            metric.update_state(np.ones((2, 1)), np.zeros((2, 1)), [1.0, weight])
        assert all(float(v) == 0 for v in metric.variables)


@both
@NOT_FINITE
def test_sample_weights_of_fit_are_finite(engine, weight):
    """No complaint: it was refused before."""
    model, x, y = small_model(engine)
    with raises_ours(cr.errors.DataError, "sample_weight"):
        model.fit(x, y, sample_weight=[1.0] * 7 + [weight], verbose=0)


@both
@pytest.mark.parametrize(
    "wrong",
    [
        {0: -1.0, 1: 1.0},
        {0: None, 1: 1.0},
        {0: np.nan, 1: 1.0},
        {0: np.inf, 1: 1.0},
        {0: "x", 1: 1.0},
    ],
    ids=repr,
)
def test_class_weights_are_checked(engine, wrong):
    model, x, _ = small_model(
        engine, "sparse_categorical_crossentropy", outputs=2, activation="softmax"
    )
    before = model.get_weights()
    with raises_ours(match="class_weight"):
        model.fit(x, np.arange(8) % 2, class_weight=wrong, verbose=0)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("wrong", [-0.5, 1.5, np.nan])
def test_targets_of_kl_divergence_are_probabilities(wrong):
    t, y = np.array([[wrong, 0.5], [0.5, 0.5]]), np.full((2, 2), 0.5)
    for divergence in (losses.kl_divergence, losses.KLDivergence(), metrics.KLDivergence()):
        with raises_ours(cr.errors.DataError, "probabilit"):
            divergence(t, y)


@pytest.mark.parametrize(
    "engine",
    [
        "numpy",
        "xla",
    ],
)
@pytest.mark.parametrize("wrong", [-0.5, 1.5])
def test_targets_of_kl_divergence_are_probabilities_in_fit(engine, wrong):
    model, x, y = small_model(engine, "kl_divergence", outputs=2, activation="softmax")
    y[5, 1] = wrong
    before = model.get_weights()
    with raises_ours(cr.errors.DataError, "probabilit"):
        model.fit(x, y, verbose=0)
    np.testing.assert_array_equal(before[0], model.get_weights()[0])


# --- optimizers ----------------------------------------------------------------------------------


def test_iterations_compare_with_a_number():
    sgd = optimizers.SGD()
    assert sgd.iterations == 0
    assert bool(sgd.iterations != 1)
    sgd.apply([np.ones(1)], [cr.Variable([1.0], name="w")])
    assert sgd.iterations == 1
    assert sgd.iterations != 0


def test_learning_rate_is_a_variable():
    sgd = optimizers.SGD(0.25)
    assert isinstance(sgd.learning_rate, cr.Variable)
    assert sgd.learning_rate.numpy() == 0.25
    sgd.learning_rate.assign(0.5)
    assert float(sgd.learning_rate) == 0.5
    w = cr.Variable([1.0], name="w")
    sgd.apply([np.array([1.0], "float32")], [w])
    assert w.numpy().tolist() == [0.5]
    sgd.learning_rate = 0.125
    assert float(sgd.learning_rate.numpy()) == 0.125


@both
def test_learning_rate_is_set_to_a_schedule(engine):
    """Loss w·x with x = 1: each step subtracts the rate. .5, then 1 (step 1), then .25 (step 2)."""
    needs(engine)
    model = cr.Sequential([cr.Input((1,)), layers.Dense(1, use_bias=False)])
    sgd = optimizers.SGD(0.5)
    model.compile(sgd, lambda t, y: ops.mean(y, axis=-1), engine=engine)
    x = np.ones((1, 1), "float32")
    model.set_weights([np.array([[4.0]])])
    model.fit(x, x, verbose=0)
    assert model.get_weights()[0].item() == 3.5
    sgd.learning_rate = optimizers.schedules.PiecewiseConstantDecay([1], [1.0, 0.25])
    model.fit(x, x, epochs=2, verbose=0)
    assert model.get_weights()[0].item() == 2.25
    assert float(sgd.learning_rate) == 0.25


def test_adamw_without_decay_is_refused_or_adam():
    """Keras raises a ValueError: AdamW without its decay is Adam."""
    with raises_ours(cr.errors.ArgumentError, "weight_decay"):
        optimizers.AdamW(weight_decay=None)


def test_gradients_that_are_none_are_skipped_with_a_warning():
    used, unused = cr.Variable([1.0], name="used"), cr.Variable([1.0], name="unused")
    with pytest.warns(UserWarning, match="unused"):
        optimizers.SGD(0.5).apply_gradients([(np.array([1.0], "float32"), used), (None, unused)])
    assert used.numpy().tolist() == [0.5]
    assert unused.numpy().tolist() == [1.0]


def test_no_gradient_at_all_is_an_error():
    v = cr.Variable([1.0], name="v")
    with raises_ours(cr.errors.ArgumentError, "no gradient"):
        optimizers.SGD(0.5).apply_gradients([(None, v)])


@both
@pytest.mark.parametrize("arguments", [1, 2])
def test_an_error_in_a_schedule_is_its_own(engine, arguments):
    """For the callback: of two arguments, and of the epoch alone."""

    def broken(epoch, rate):
        return "text" + epoch

    schedule = broken if arguments == 2 else lambda epoch: broken(epoch, None)
    model, x, y = small_model(engine)
    with pytest.raises(TypeError, match="can only concatenate str") as caught:
        model.fit(x, y, verbose=0, callbacks=[cr.callbacks.LearningRateScheduler(schedule)])
    assert caught.value.__context__ is None


@pytest.mark.parametrize("wrong", [len, [0.1], object, np.ones(2)], ids=str)
def test_what_is_no_learning_rate(wrong):
    with raises_ours(cr.errors.ArgumentError, "learning rate"):
        optimizers.SGD(wrong)


# --- callbacks and models ------------------------------------------------------------------------


@both
def test_terminate_on_nan_ends_fit(engine, capsys):
    """Keras: "Batch 2: Invalid loss, terminating training"."""
    model, x, y = small_model(engine, optimizer=optimizers.SGD(1e30))
    history = model.fit(
        x, y, epochs=9, batch_size=2, verbose=0, callbacks=[cr.callbacks.TerminateOnNaN()]
    )
    assert len(history.epoch) < 9
    printed = capsys.readouterr()
    assert "batch" in (printed.out + printed.err).lower()


def test_input_shape_exists_once_it_is_known():
    assert not hasattr(cr.Sequential([layers.Dense(2)]), "input_shape")
    model = cr.Sequential([cr.Input((3,)), layers.Dense(2)])
    assert model.input_shape == (None, 3)


# --- layers --------------------------------------------------------------------------------------


@both
def test_no_activation_is_the_identity(engine):
    needs(engine)
    for layer in (layers.Dense(2, "tanh"), layers.Activation("tanh")):
        model = cr.Sequential([cr.Input((2,)), layer])
        x = np.array([[3.0, -4.0]], "float32")
        model.predict(x, engine=engine)
        layer.activation = None
        wanted = x @ model.get_weights()[0] if model.get_weights() else x
        np.testing.assert_allclose(model.predict(x, engine=engine), wanted, rtol=1e-6)
        layer.activation = "relu"
        got = model.predict(x, engine=engine)
        np.testing.assert_allclose(got, np.maximum(wanted, 0), rtol=1e-6)


NAN = float("nan")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("ReLU", {"max_value": -1.0}),
        ("ReLU", {"max_value": NAN}),
        ("ReLU", {"max_value": "x"}),
        ("ReLU", {"negative_slope": None}),
        ("ReLU", {"negative_slope": -0.1}),
        ("ReLU", {"negative_slope": NAN}),
        ("ReLU", {"threshold": None}),
        ("ReLU", {"threshold": -0.1}),
        ("ReLU", {"threshold": "x"}),
        ("LeakyReLU", {"negative_slope": None}),
        ("LeakyReLU", {"negative_slope": NAN}),
        ("LeakyReLU", {"negative_slope": "x"}),
        ("LeakyReLU", {"negative_slope": [0.1]}),
        ("Dropout", {"rate": 0.5, "noise_shape": "xy"}),
        ("Dropout", {"rate": 0.5, "noise_shape": 3}),
        ("Dropout", {"rate": 0.5, "noise_shape": [None, 0]}),
        ("Dropout", {"rate": 0.5, "noise_shape": [None, -1]}),
        ("Dropout", {"rate": 0.5, "noise_shape": [None, 1.5]}),
    ],
    ids=str,
)
def test_arguments_are_checked_when_a_layer_is_made(name, arguments):
    with raises_ours(cr.errors.ArgumentError):
        getattr(layers, name)(**arguments)


@pytest.mark.parametrize("noise", [(None, 1, 1), (None, 2), (3, 3)])
def test_a_noise_shape_that_does_not_fit_the_input(noise):
    layer = layers.Dropout(0.5, noise_shape=noise)
    with raises_ours(cr.errors.ShapeError, "noise_shape"):
        layer(np.ones((2, 3)), training=True)


# --- operations (their mends are elsewhere) ------------------------------------------------------


def test_take_without_an_axis_counts_through_all():
    """Keras: axis=None flattens."""
    assert np.asarray(ops.take(np.array([[1.0, 2], [3, 4]]), np.array([2, 0]))).tolist() == [3, 1]


def test_gelu_of_ops_and_of_activations():
    """Keras: ops.gelu approximates by tanh unless told otherwise, activations.gelu does not."""
    x = 1.0
    tanh = 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    normal = 0.8413447460685429  # Φ(1)
    assert float(ops.gelu(np.array([x]))[0]) == pytest.approx(tanh, abs=1e-12)
    assert float(cr.activations.get("gelu")(np.array([x]))[0]) == pytest.approx(normal, abs=1e-12)


def test_identity_is_a_matrix():
    """Keras: ops.identity(n) is NumPy's."""
    assert np.asarray(ops.identity(2)).tolist() == [[1, 0], [0, 1]]


def test_softmax_over_two_axes():
    z = np.arange(12.0).reshape(2, 2, 3) / 3
    e = np.exp(z)
    wanted = e / e.sum(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(ops.softmax(z, axis=(1, 2)), wanted, rtol=1e-12)
    np.testing.assert_allclose(layers.Softmax(axis=(1, 2))(z), wanted, rtol=1e-6)


def test_what_call_accepts_is_read_for_each_class_by_itself():
    """Also where the class above was used before, and was asked first."""

    class Above(cr.layers.Layer):
        def call(self, x):
            return x

    assert not Above()._accepts.training
    Above()(np.ones((1, 2)))

    class Below(Above):
        def call(self, x, training=False):
            return x + training

    class Beside(Above):
        pass

    assert Below()(np.ones((1, 2)), training=True)[0, 0] == 2
    assert Below._accepts.training
    assert not Beside()._accepts.training
    assert not Above()._accepts.training


@pytest.mark.parametrize("given", ["the model", "its variables"])
def test_an_optimizer_that_was_given_the_model_says_how_it_learns_of_it(given):
    """PyTorch's optimizers take the parameters first."""
    model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(1)])
    first = model if given == "the model" else model.trainable_variables
    with pytest.raises(
        cr.errors.ArgumentError, match=r"optimizer\.build\(model\.trainable_variables\)"
    ):
        cr.optimizers.SGD(first, 0.5)
    with pytest.raises(cr.errors.ArgumentError, match="momentum is out of range"):
        cr.optimizers.SGD(0.5, first)
