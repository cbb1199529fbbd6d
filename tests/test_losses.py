"""What a row cannot say of a loss: axes, classes that are ignored, extremes, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers, losses, ops
from chainrule.chain import record, vjp
from chainrule.errors import ArgumentError, DataError, ShapeError
from chainrule.operators import raw

ENGINES = ["numpy", "xla"]


def engine_or_skip(engine):
    if engine == "xla":
        pytest.importorskip("jax")
    return engine


def ln(*values):
    return [-math.log(v) for v in values]


# --- axes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("axis", [1, 2, -2])
@pytest.mark.parametrize(
    "name",
    [
        "BinaryCrossentropy",
        "BinaryFocalCrossentropy",
        "CategoricalCrossentropy",
        "CategoricalFocalCrossentropy",
        "SparseCategoricalCrossentropy",
    ],
)
def test_an_axis_is_the_last_one_of_moved_arrays(name, axis, from_logits):
    rng = np.random.default_rng(3)
    y = rng.uniform(0.1, 0.9, (2, 3, 4, 5))
    moved = np.moveaxis(y, axis, -1)
    labels = rng.integers(0, moved.shape[-1], moved.shape[:-1])
    if name.startswith("Sparse"):
        t, t_moved = labels, labels
    else:
        t_moved = np.eye(moved.shape[-1])[labels]
        t = np.moveaxis(t_moved, -1, axis)
    kind = getattr(losses, name)
    got = kind(from_logits=from_logits, axis=axis, reduction="none")(t, y)
    wanted = kind(from_logits=from_logits, reduction="none")(t_moved, moved)
    np.testing.assert_array_equal(got, wanted)
    if name.startswith("Sparse"):  # the axis may also stay, with length 1
        kept = np.expand_dims(t, axis)
        again = kind(from_logits=from_logits, axis=axis, reduction="none")(kept, y)
        np.testing.assert_array_equal(again, wanted)


def test_logits_behind_a_softmax_over_another_axis_are_not_taken():
    """y = softmax over the last axis; the classes of the loss lie along the first."""
    z = np.array([[[0.0, 1.0], [2.0, -1.0]]])
    loss = losses.CategoricalCrossentropy(axis=1, reduction="none")
    t = np.array([[[1.0, 0.0], [0.0, 1.0]]])
    with record() as tape:
        recorded = raw(loss(t, ops.softmax(tape.watch(z))))
    np.testing.assert_allclose(recorded, loss(t, ops.softmax(z)), rtol=1e-12)


def test_the_order_of_arguments_is_that_of_keras():
    loss = losses.SparseCategoricalCrossentropy(True, 255, "sum", 1, "mine", "float64")
    assert loss.get_config() == {
        "from_logits": True,
        "ignore_class": 255,
        "reduction": "sum",
        "axis": 1,
        "name": "mine",
        "dtype": "float64",
    }
    loss = losses.BinaryCrossentropy(False, 0.5, -1, "sum", "mine")
    assert (loss.label_smoothing, loss.reduction, loss.name) == (0.5, "sum", "mine")
    loss = losses.Tversky(0.25, 0.75, "sum", "mine", (1, 2), "float64")
    assert (loss.alpha, loss.beta, loss.axis, loss.dtype) == (0.25, 0.75, [1, 2], "float64")
    assert losses.Dice("none", "mine", 1).axis == 1
    assert losses.Circle(2.0, 0.5, False, "sum").remove_diagonal is False


# --- a class that is ignored ---------------------------------------------------------------------

Y = np.array([[0.5, 0.5], [0.25, 0.75], [0.1, 0.9]])


@pytest.mark.parametrize("ignored", [-1, 255, 1])
def test_what_is_ignored_is_not_in_the_mean(ignored):
    t = np.array([0, ignored, 0])
    loss = losses.SparseCategoricalCrossentropy(ignore_class=ignored)
    wanted = ln(0.5, 0.1)
    assert float(loss(t, Y)) == pytest.approx(sum(wanted) / 2, rel=1e-12)
    each = losses.SparseCategoricalCrossentropy(ignore_class=ignored, reduction="none")(t, Y)
    assert each.tolist() == pytest.approx([wanted[0], 0.0, wanted[1]], rel=1e-12)
    # a weight counts as it does in a mean over two samples
    weighted = loss(t, Y, np.array([1.0, 5.0, 3.0]))
    assert float(weighted) == pytest.approx((wanted[0] + 3 * wanted[1]) / 2, rel=1e-12)
    mine = losses.SparseCategoricalCrossentropy(
        ignore_class=ignored, reduction="mean_with_sample_weight"
    )
    assert float(mine(t, Y)) == pytest.approx(sum(wanted) / 2, rel=1e-12)
    _, back = vjp(lambda y: loss(t, y), Y)
    gradient = back(np.ones(()))
    assert not gradient[1].any()
    # rows are divided by their sum: −ln(y₀/(y₀ + y₁))
    assert gradient[0].tolist() == pytest.approx([-0.5, 0.5], rel=1e-12)


def test_of_nothing_but_ignored_samples_the_loss_is_zero():
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1, from_logits=True)
    assert float(loss(np.array([-1, -1]), Y[:2])) == 0.0
    with pytest.raises(DataError, match="a label is outside the classes"):
        loss(np.array([-2, 0]), Y[:2])


@pytest.mark.parametrize("engine", ENGINES)
def test_masks_and_ignored_classes_in_a_fit(engine):
    """A mean over the steps that are neither masked nor ignored, on both engines."""
    engine_or_skip(engine)
    x = np.array([[1, 2, 0], [2, 0, 0]])
    t = np.array([[1, -1, 0], [0, 1, 1]])  # counted: (0, 0) and (1, 0)
    model = cr.Sequential(
        [layers.Input((3,)), layers.Embedding(3, 2, mask_zero=True), layers.Softmax()]
    )
    table = np.array([[0.0, 0.0], [math.log(3.0), 0.0], [0.0, math.log(4.0)]])
    model.set_weights([table.astype("float32")])
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    model.compile(cr.optimizers.SGD(0.0), loss, engine=engine)
    wanted = sum(ln(0.25, 0.2)) / 2
    assert model.evaluate(x, t) == pytest.approx(wanted, rel=1e-5)
    assert model.fit(x, t, verbose=0).history["loss"][0] == pytest.approx(wanted, rel=1e-5)
    with pytest.raises(DataError, match=r"y, row 0: a label is outside the classes"):
        model.fit(x, t * 2, verbose=0)  # 2 is none, and neither is −2


# --- focal forms ---------------------------------------------------------------------------------


def test_focal_forms_without_a_focus_are_cross_entropies():
    rng = np.random.default_rng(5)
    y, t = rng.uniform(0.05, 0.95, (6, 3)), rng.integers(0, 2, (6, 3)).astype(float)
    np.testing.assert_allclose(
        losses.binary_focal_crossentropy(t, y, gamma=0.0),
        losses.binary_crossentropy(t, y),
        rtol=1e-12,
    )
    rows = np.eye(3)[rng.integers(0, 3, 6)]
    np.testing.assert_allclose(
        losses.categorical_focal_crossentropy(rows, y, alpha=1.0, gamma=0.0),
        losses.categorical_crossentropy(rows, y),
        rtol=1e-12,
    )


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("z", [-200.0, -30.0, 30.0, 200.0])
def test_focal_loss_at_extreme_logits(z, gamma):
    """Where the network is most wrong the loss is |z| and its slope −1; where right, both are 0."""
    x = np.array([[z]])
    for wrap, loss in (
        (ops.sigmoid, losses.BinaryFocalCrossentropy(gamma=gamma)),
        (lambda v: v, losses.BinaryFocalCrossentropy(gamma=gamma, from_logits=True)),
    ):
        with record() as tape:
            v = tape.watch(x)
            value = loss(np.array([[1.0]]), wrap(v))
            (slope,) = tape.gradients(value, [v])
        if z < 0:
            assert float(raw(value)) == pytest.approx(-z, rel=1e-5)
            assert float(slope[0, 0]) == pytest.approx(-1.0, rel=1e-5)
        else:
            assert 0 <= float(raw(value)) < 1e-12
            assert abs(float(slope[0, 0])) < 1e-12


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: losses.BinaryFocalCrossentropy(gamma=-1), "gamma must be zero or more"),
        (lambda: losses.BinaryFocalCrossentropy(alpha=2), "alpha must be from 0 to 1"),
        (lambda: losses.CategoricalFocalCrossentropy(alpha=[0.5, -1]), "alpha must be from 0 to 1"),
        (lambda: losses.CategoricalGeneralizedCrossEntropy(0), "q must be above 0 and at most 1"),
        (lambda: losses.Tversky(alpha=-1), "alpha must be zero or more"),
        (lambda: losses.Circle(gamma=0), "gamma must be above 0"),
        (lambda: losses.Circle(margin=2), "margin must be from 0 to 1"),
    ],
)
def test_settings_out_of_range(make, text):
    with pytest.raises(ArgumentError, match=text):
        make()


# --- regions -------------------------------------------------------------------------------------


def test_regions_of_a_whole_batch_and_of_each_image():
    t = np.array([[[1.0, 1.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 0.0]]])
    y = np.array([[[0.5, 1.0], [0.5, 0.0]], [[0.0, 0.0], [1.0, 0.0]]])
    each = [1 - 2 * 1.5 / (2 + 2), 1.0]
    assert losses.dice(t, y, axis=(1, 2)).tolist() == pytest.approx(each, rel=1e-6)
    assert float(losses.Dice(axis=(1, 2))(t, y)) == pytest.approx(sum(each) / 2, rel=1e-6)
    assert float(losses.Dice()(t, y)) == pytest.approx(1 - 2 * 1.5 / (3 + 3), rel=1e-6)
    assert float(losses.tversky(t, y)) == pytest.approx(float(losses.dice(t, y)), rel=1e-6)
    assert losses.get(losses.serialize(losses.Dice(axis=(1, 2)))).axis == [1, 2]


def test_one_number_for_a_batch_takes_no_weights_of_samples():
    with pytest.raises(ShapeError) as caught:
        losses.Dice()(np.ones((3, 2)), np.ones((3, 2)), np.ones(3))
    assert "axis=-1 gives one for each sample" in str(caught.value)


# --- circle and CTC ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shapes", [((4,), (4,)), ((4,), (4, 2, 1)), ((3,), (4, 2)), ((4, 2), (4, 2))]
)
def test_circle_takes_a_class_and_a_row_of_each(shapes):
    t, y = np.zeros(shapes[0], int), np.ones(shapes[1], "float32")
    with pytest.raises(ShapeError, match="labels and embeddings do not fit"):
        losses.circle(t, y)


def test_circle_leaves_out_rows_without_pairs():
    y = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    t = np.array([[0], [0], [1]])
    each = losses.Circle(gamma=2.0, reduction="none")(t, y)
    assert each[2] == 0
    got = losses.Circle(gamma=2.0)(t, y)
    assert float(got) == pytest.approx(float(each[0] + each[1]) / 2, rel=1e-12)
    alone = losses.Circle()(np.array([0, 1, 2]), y)
    _, back = vjp(lambda y: losses.Circle()(np.array([0, 1, 2]), y), y)
    assert float(alone) == 0.0
    assert not back(np.ones(())).any()


def test_circle_against_references():
    """Rows against others, which have labels of their own; gradients reach both."""
    y, others = np.array([[0.6, 0.8]]), np.array([[1.0, 0.0], [0.0, 1.0]])
    got = losses.circle([0], y, [0, 1], others, remove_diagonal=False, gamma=2.0, margin=0.25)
    near, far = 1 - 0.6, 1 - 0.8
    wanted = math.log(
        1 + math.exp(2 * (0.25 + near) * (near - 0.25)) * math.exp(2 * (1.25 - far) * (0.75 - far))
    )
    assert got.tolist() == pytest.approx([wanted], rel=1e-12)
    with pytest.raises(ShapeError, match="labels and embeddings do not fit"):
        losses.circle([0, 1], y)


CTC_REFUSED = [
    ([[1, 0, 2]], 4, "a label is the blank"),
    ([[1, 5, 0]], 4, "a label is outside the classes"),
    ([[1, 1, 1]], 4, "the labels do not fit into the frames"),
]


@pytest.mark.parametrize(("labels", "frames", "text"), CTC_REFUSED)
def test_ctc_refuses(labels, frames, text):
    z = np.zeros((1, frames, 3))
    with pytest.raises(DataError, match=text):
        losses.CTC()(labels, z)
    jax = pytest.importorskip("jax")
    # a program cannot look at its labels: the row is NaN, and so is its gradient
    program = jax.jit(lambda t, y: vjp(lambda y: losses.ctc(t, y), y)[1](np.ones(1, "float32")))
    assert np.isnan(np.asarray(program(np.array(labels), z.astype("float32")))).all()


def test_ctc_of_other_shapes():
    with pytest.raises(ShapeError, match=r"\(n, labels\) and y_pred \(n, frames, classes\)"):
        losses.ctc([1, 2], np.zeros((2, 3)))


@pytest.mark.parametrize("engine", ENGINES)
def test_ctc_learns_where_labels_stand(engine):
    """Two pulses in ten frames; only their order is told."""
    engine_or_skip(engine)
    rng = np.random.default_rng(0)
    x = np.zeros((32, 10, 2), "float32")
    t = np.zeros((32, 2), int)
    for row in range(32):
        order = rng.permutation(2)
        places = np.sort(rng.choice(10, 2, replace=False))
        for k, place in zip(order, places, strict=True):
            x[row, place, k] = 1.0
        t[row] = order + 1
    cr.utils.set_random_seed(0)
    model = cr.Sequential([layers.Input((10, 2)), layers.Dense(3)])
    model.compile(cr.optimizers.Adam(0.2), losses.CTC(), engine=engine)
    model.fit(x, t, epochs=120, batch_size=32, verbose=0)
    best = np.argmax(model.predict(x, verbose=0), axis=-1)
    read = [[k for i, k in enumerate(row) if k and (i == 0 or row[i - 1] != k)] for row in best]
    assert read == t.tolist()
