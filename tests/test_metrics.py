"""What a row cannot say of a metric: the user's own, words of Keras, both engines, refusals."""

from __future__ import annotations

import json

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers, losses, metrics, ops
from chainrule.errors import ArgumentError, DataError, ShapeError, StateError

ENGINES = ["numpy", "xla"]


def engine_or_skip(engine):
    if engine == "xla":
        pytest.importorskip("jax")
    return engine


# --- the user's own, as Keras's documentation writes them ------------------------------------------


class BinaryTruePositives(metrics.Metric):
    def __init__(self, name="binary_true_positives", **kwargs):
        super().__init__(name=name, **kwargs)
        self.true_positives = self.add_weight(name="tp", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true, y_pred = ops.cast(y_true, "bool"), ops.cast(ops.greater(y_pred, 0.5), "bool")
        values = ops.logical_and(ops.equal(y_true, True), ops.equal(y_pred, True))
        values = ops.cast(values, self.dtype)
        if sample_weight is not None:
            sample_weight = ops.cast(sample_weight, self.dtype)
            sample_weight = ops.reshape(sample_weight, (-1, 1))
            values = ops.multiply(values, sample_weight)
        self.true_positives.assign_add(ops.sum(values))

    def result(self):
        return self.true_positives

    def reset_state(self):
        self.true_positives.assign(0.0)


class MeanOfErrors(metrics.MeanMetricWrapper):
    def __init__(self, name="errors", dtype=None):
        super().__init__(lambda t, y, by: ops.mean(ops.abs(t - y) > by, axis=-1), name, dtype, by=1)


X = np.array([[0.1], [0.4], [0.9], [0.7]], "float32")
T = np.array([[0.0], [1.0], [1.0], [1.0]], "float32")


def fixed(**kwargs):
    """A model that gives back what it gets."""
    model = cr.Sequential([layers.Input((1,)), layers.Dense(1, use_bias=False)])
    model.set_weights([np.ones((1, 1))])
    model.compile(cr.optimizers.SGD(0.0), "mse", **kwargs)
    return model


@pytest.mark.parametrize("engine", ENGINES)
def test_a_metric_written_as_for_keras(engine):
    model = fixed(
        metrics=[BinaryTruePositives(), MeanOfErrors()],
        weighted_metrics=[BinaryTruePositives(name="weighted_hits")],
        engine=engine_or_skip(engine),
    )
    weights = np.array([1.0, 1.0, 0.5, 3.0])
    found = model.evaluate(X, T, sample_weight=weights, batch_size=2, return_dict=True, verbose=0)
    assert found["binary_true_positives"] == 2.0
    assert found["weighted_hits"] == 3.5
    assert found["errors"] == 0.0
    history = model.fit(X, T, sample_weight=weights, epochs=2, verbose=0).history
    assert history["binary_true_positives"] == [2.0, 2.0]


def test_a_name_in_place_of_a_shape():
    class Old(metrics.Metric):
        def __init__(self):
            super().__init__()
            self.total = self.add_weight("total", initializer="zeros")  # type: ignore[arg-type]

    with pytest.raises(ArgumentError) as caught:
        Old()
    assert str(caught.value) == (
        "Old.add_variable: the shape of a running figure comes first\n"
        "  expected: a tuple of lengths; () is one number\n"
        "  received: 'total'\n"
        "  fix: add_variable(name='total')"
    )


def test_variables_of_a_shape_and_an_initializer():
    metric = metrics.Metric(name="mine")
    v = metric.add_variable((2, 3), "ones", name="counts")
    w = metric.add_weight(shape=(2,), initializer=cr.initializers.Constant(2.0), dtype="float64")
    assert v.numpy().tolist() == [[1.0] * 3] * 2
    assert (w.dtype, w.numpy().tolist()) == ("float64", [2.0, 2.0])
    assert metric.variables == [v, w] or [
        u is x for u, x in zip(metric.variables, (v, w), strict=True)
    ]
    assert metric.dtype == "float32"
    assert metrics.MeanSquaredError().get_config()["dtype"] is None


def test_mean_and_sum_of_values():
    total = metrics.Sum()
    assert total([1.0, 2.0, 6.0]) == 9.0
    assert total(np.array([[1.0, 1.0], [2.0, 2.0]]), sample_weight=[1.0, 0.5]) == 13.0
    total.reset_state()
    assert total.result() == 0.0
    assert metrics.Mean()([1.0, 3.0]) == 2.0  # called with values alone, as in Keras


# --- functions and words -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        ("binary_accuracy", "BinaryAccuracy"),
        ("sparse_top_k_categorical_accuracy", "SparseTopKCategoricalAccuracy"),
        ("mean_squared_error", "MeanSquaredError"),
        ("log_cosh", "LogCoshError"),
        ("pearson_correlation", "PearsonCorrelation"),
        ("kl_divergence", "KLDivergence"),
    ],
)
def test_a_function_of_ours_is_its_class_under_its_own_name(function, kind):
    metric = metrics.get(getattr(metrics, function))
    assert (type(metric).__name__, metric.name) == (kind, function)
    again = metrics.get(json.loads(json.dumps(metrics.serialize(metric))))
    assert (type(again), again.name) == (type(metric), function)


def test_a_loss_without_a_metric_is_measured_and_written_to_files():
    metric = metrics.get(metrics.huber)
    assert metric(np.array([[0.0]]), np.array([[3.0]])) == 2.5
    assert metric.direction == metrics.better_direction("val_huber", [metric]) == "min"
    again = metrics.get(json.loads(json.dumps(metrics.serialize(metric))))
    assert again(np.array([[0.0]]), np.array([[3.0]])) == 2.5
    wrapper = metrics.MeanMetricWrapper(losses.huber, delta=2.0)
    again = metrics.get(json.loads(json.dumps(metrics.serialize(wrapper))))
    assert again(np.array([[0.0]]), np.array([[3.0]])) == 4.0


# --- in compile ----------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_metrics_of_a_classifier(engine):
    """Built from the shapes; figures against counts by hand. Two batches, the second one shorter."""
    model = fixed(
        metrics=["AUC", "f1_score", "precision", metrics.FalseNegatives(), "r2_score",
                 metrics.BinaryIoU(), metrics.SensitivityAtSpecificity(1.0)],
        engine=engine_or_skip(engine),
    )  # fmt: skip
    found = model.evaluate(X, T, batch_size=3, return_dict=True, verbose=0)
    wanted = {
        "AUC": 1.0,
        "f1_score": [0.8],  # 2 hits, a miss
        "precision": 1.0,
        "false_negatives": 1.0,
        "r2_score": 1 - (0.01 + 0.36 + 0.01 + 0.09) / 0.75,
        "binary_io_u": (2 / 3 + 1 / 2) / 2,
        "sensitivity_at_specificity": 1.0,
    }
    for name, value in wanted.items():
        assert found[name] == pytest.approx(value, rel=1e-5), name
    if engine == "numpy":  # every epoch begins anew
        history = model.fit(X, T, epochs=2, batch_size=3, verbose=0, shuffle=False).history
        assert history["r2_score"] == pytest.approx([wanted["r2_score"]] * 2, rel=1e-5)


@pytest.mark.parametrize("engine", ENGINES)
def test_class_numbers_in_a_fit_with_several_classes(engine):
    model = cr.Sequential([layers.Input((3,)), layers.Softmax()])
    chosen = [metrics.F1Score(average="macro"), metrics.AUC(multi_label=True), metrics.Recall()]
    model.compile(
        None, "sparse_categorical_crossentropy", metrics=chosen, engine=engine_or_skip(engine)
    )
    x, t = np.eye(3, dtype="float32")[[0, 1, 2, 2]] * 9, np.array([0, 1, 2, 1])
    found = model.evaluate(x, t, return_dict=True, verbose=0)
    assert found["f1_score"] == pytest.approx((1 + 2 / 3 + 2 / 3) / 3, rel=1e-5)
    # class 1: hits before the one miss, three quarters; class 2: one in front, one beside
    assert found["auc"] == pytest.approx((1 + 0.75 + 5 / 6) / 3, rel=1e-5)
    assert found["recall"] == pytest.approx(0.75)


def test_a_metric_that_is_not_built_in_a_compiled_step():
    jax = pytest.importorskip("jax")
    metric = metrics.F1Score()
    with pytest.raises(StateError, match=r"metric.build\(y_true.shape, y_pred.shape\) before fit"):
        jax.jit(lambda t, y: metric.update_state(t, y))(np.eye(2), np.eye(2))


# --- refusals ------------------------------------------------------------------------------------


def test_areas_of_logits_are_refused():
    logits = np.array([-3.0, 4.0])
    with pytest.raises(DataError) as caught:
        metrics.AUC()([0, 1], logits)
    assert str(caught.value) == (
        "AUC: predictions are no probabilities, and no threshold lies between them\n"
        "  expected: values from 0 to 1\n"
        "  received: -3 to 4\n"
        "  fix: end the model with a sigmoid or softmax, or give from_logits=True"
    )
    assert metrics.AUC(from_logits=True)([0, 1], logits) == 1.0
    jax = pytest.importorskip("jax")

    def areas(y):
        metric = metrics.AUC()
        with cr.variable.swap(metric.variables, [v.numpy() for v in metric.variables]):
            metric.update_state(np.array([0, 1]), y)
            return metric.result()

    assert np.isnan(jax.jit(areas)(logits))
    assert float(jax.jit(areas)(np.array([0.25, 0.5]))) == 1.0


@pytest.mark.parametrize(
    ("use", "error", "text"),
    [
        (lambda: metrics.AUC(curve="roce"), ArgumentError, "curve has an unknown value"),
        (lambda: metrics.AUC(num_thresholds=1), ArgumentError, "at least 2"),
        (lambda: metrics.AUC()([0, 1], [0.5, 1.5]), DataError, "no probabilities"),
        (lambda: metrics.AUC()([0, 1], [-0.5, 0.5]), DataError, "no probabilities"),
        (lambda: metrics.RecallAtPrecision(0.5, 0), ArgumentError, "at least 1"),
        (lambda: metrics.AUC(num_labels=3), ArgumentError, "goes with multi_label=True"),
        (lambda: metrics.Precision(top_k=0), ArgumentError, "top_k must be a whole number"),
        (lambda: metrics.Recall(class_id=-1), ArgumentError, "class_id must be a whole number"),
        (
            lambda: metrics.Recall(class_id=3)(np.eye(2), np.eye(2)),
            ShapeError,
            r"there is no class 3\n  expected: predictions of at least 4 columns",
        ),
        (lambda: metrics.PrecisionAtRecall(1.5), ArgumentError, "is a share"),
        (lambda: metrics.FBetaScore(beta=0), ArgumentError, "beta must be above 0"),
        (lambda: metrics.F1Score("mean"), ArgumentError, "average has an unknown value"),
        (lambda: metrics.F1Score(beta=2.0), ArgumentError, "unknown argument 'beta'"),
        (lambda: metrics.F1Score()(np.ones((2, 3, 4)), np.ones((2, 3, 4))), ShapeError, "columns"),
        (lambda: metrics.IoU(2, [2]), ArgumentError, "target_class_ids must be classes"),
        (lambda: metrics.MeanIoU(2)([0, 1], [0.2, 0.9]), DataError, "a class number is not whole"),
        (lambda: metrics.MeanIoU(2)([0, 2], [0, 1]), DataError, "a label is outside the classes"),
        (lambda: metrics.R2Score("mean"), ArgumentError, "class_aggregation has an unknown value"),
        (
            lambda: metrics.PearsonCorrelation()(np.ones((3, 1)), np.ones((3, 1))),
            ShapeError,
            "axis=0 correlates the samples of each batch",
        ),
    ],
)
def test_refusals(use, error, text):
    with pytest.raises(error, match=text):
        use()


# --- edges ---------------------------------------------------------------------------------------


def test_one_column_without_a_threshold():
    """.5, where Keras calls every row positive: its largest column is the only one."""
    t, y = np.array([[1.0], [0.0], [1.0], [0.0]]), np.array([[0.9], [0.2], [0.6], [0.4]])
    assert metrics.F1Score(average="micro")(t, y) == 1.0


def test_thresholds_are_not_reached_by_what_is_equal():
    """y > threshold, also where both are the same number of float32."""
    y = np.array([0.1, 0.3, 0.7], "float32")
    for bar in (0.1, 0.3, 0.7):
        assert metrics.TruePositives(bar)(np.ones(3), y) == sum(v > np.float32(bar) for v in y)
    assert metrics.TruePositives([0.7, 0.1])(np.ones(3), y).tolist() == [0.0, 2.0]


def test_areas_of_labels_of_one_kind():
    for curve in ("ROC", "PR", "PRGAIN"):
        for label in (0, 1):
            found = metrics.AUC(curve=curve)(np.full(3, label), [0.2, 0.5, 0.7])
            assert np.isfinite(found)


@pytest.mark.parametrize(("y", "wanted"), [([2.0, 2.0], 1.0), ([2.0, 3.0], 0.0)])
def test_r2_of_equal_targets(y, wanted):
    """As scikit-learn's r2_score has it."""
    assert metrics.R2Score()([2.0, 2.0], y) == wanted


def test_r2_of_targets_far_from_zero():
    """Years and prices: Σt² − (Σt)²/n in float32 has no right digit left here."""
    rng = np.random.default_rng(0)
    t = 1e6 + rng.normal(size=(4000, 1))
    y = t + 0.5 * rng.normal(size=t.shape)
    t, y = t.astype("float32"), y.astype("float32")
    metric = metrics.R2Score()
    for k in range(0, 4000, 100):
        metric.update_state(t[k : k + 100], y[k : k + 100])
    exact_t, exact_y = t.astype("float64"), y.astype("float64")
    wanted = 1 - ((exact_t - exact_y) ** 2).sum() / ((exact_t - exact_t.mean()) ** 2).sum()
    assert metric.result() == pytest.approx(wanted, rel=1e-5)


def test_a_function_gives_its_name_unless_there_is_another():
    def gap(y_true, y_pred):
        return np.abs(y_true - y_pred)

    assert metrics.get(gap).name == "gap"
    assert type(metrics.get(gap))(gap, "distance").name == "distance"


def test_one_answer_is_not_spread_over_all_predictions():
    with pytest.raises(ShapeError):
        metrics.AUC()([1.0], [0.2, 0.8])


def test_one_threshold_is_a_half():
    t, y = [0, 1, 1], [0.3, 0.8, 0.4]
    assert metrics.RecallAtPrecision(0.5, num_thresholds=1)(t, y) == 0.5


def test_crossentropies_take_probabilities_unless_told_otherwise():
    for metric, t, y in (
        (metrics.BinaryCrossentropy(), [[1.0]], [[0.9]]),
        (metrics.CategoricalCrossentropy(), [[0.0, 1.0]], [[0.1, 0.9]]),
        (metrics.SparseCategoricalCrossentropy(), [1], [[0.1, 0.9]]),
    ):
        assert metric(t, y) == pytest.approx(0.105360516, rel=1e-6)  # −ln .9


def test_correlations_of_rows_that_do_not_vary():
    t, y = np.array([[1.0, 1.0], [1.0, 2.0]]), np.array([[1.0, 3.0], [2.0, 4.0]])
    assert metrics.pearson_correlation(t, y).tolist() == pytest.approx([0.0, 1.0])
    assert metrics.concordance_correlation(t, y)[0] == 0.0
    same = np.ones((1, 2))  # neither varies, and no gap: nothing to divide by
    assert metrics.concordance_correlation(same, same).tolist() == [0.0]
    small = 1e-15 * np.array([[1.0, 2.0, 4.0]], "float32")  # a product of variances is 0
    assert metrics.pearson_correlation(small, 2 * small)[0] == pytest.approx(1.0, rel=1e-5)


def test_regions_count_weights_that_are_no_whole_numbers():
    metric = metrics.IoU(2, [1])
    assert metric([1, 1, 0], [1, 0, 1], [0.5, 0.25, 0.25]) == pytest.approx(0.5)
    images = metrics.MeanIoU(2, ignore_class=255)
    t, y = np.array([[[0, 1], [255, 1]]]), np.array([[[0, 1], [1, 0]]])
    assert images(t, y, np.array([2.0])) == pytest.approx(0.5)


# --- several labels ---------------------------------------------------------------------------------


def test_labels_that_count_as_one_have_weights():
    t, y = [[0, 1], [1, 0], [1, 1], [0, 0]], [[0.2, 0.9], [0.6, 0.4], [0.3, 0.7], [0.5, 0.1]]
    flat = metrics.AUC()(np.ravel(t), np.ravel(y), sample_weight=np.tile([3.0, 0.5], 4))
    assert metrics.AUC(label_weights=[3.0, 0.5])(t, y) == pytest.approx(flat)
    assert metrics.AUC()(t, y) != pytest.approx(flat)


def test_the_largest_of_each_step():
    y = [[[0.1, 0.2, 0.3], [0.9, 0.8, 0.7]]]
    assert metrics.Precision(top_k=1)([[[0, 0, 1], [1, 0, 0]]], y) == 1.0
