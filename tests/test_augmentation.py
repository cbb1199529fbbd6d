"""Augmentation: what each layer does with known draws, how draws are spread, and training with it."""

from __future__ import annotations

import importlib.util
import re

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers
from chainrule.errors import ArgumentError, ChainruleError, DataError, ShapeError

ENGINES = ["numpy", "xla"]
IMAGE = np.arange(2 * 4 * 6 * 3, dtype="float32").reshape(2, 4, 6, 3)
SQUARE = np.arange(2 * 5 * 5 * 1, dtype="float32").reshape(2, 5, 5, 1)


def run(engine, layer, x, steps=1):
    """The layer while training, `steps` times, as one function of its variables."""
    layer.build(x.shape)
    function, values = layer.pure(training=True)
    if engine == "xla":
        jax = pytest.importorskip("jax")
        function = jax.jit(function)
    found = []
    for k in range(steps):
        now = [np.uint32(k) if v.shape == () and v.dtype == np.uint32 else v for v in values]
        found.append(np.asarray(function(now, x)))
    return found[0] if steps == 1 else found


# --- known draws: the lowest is the highest ------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("turns", [-1, 0, 1, 2, 3])
def test_quarter_turns_against_the_clock(engine, interpolation, turns):
    layer = layers.RandomRotation((turns / 4, turns / 4), "constant", interpolation)
    close = {"rtol": 0, "atol": 1e-4}
    np.testing.assert_allclose(run(engine, layer, SQUARE), np.rot90(SQUARE, turns, (1, 2)), **close)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("mode", "rows", "columns"),
    [
        ("constant", (None, 0, 1, 2), (2, 3, 4, 5, None, None)),
        ("nearest", (0, 0, 1, 2), (2, 3, 4, 5, 5, 5)),
        ("reflect", (0, 0, 1, 2), (2, 3, 4, 5, 5, 4)),
        ("wrap", (3, 0, 1, 2), (2, 3, 4, 5, 0, 1)),
    ],
)
def test_shifts_down_and_to_the_left(engine, mode, rows, columns):
    third = (-1 / 3, -1 / 3)
    layer = layers.RandomTranslation((0.25, 0.25), third, mode, "nearest", fill_value=-7.0)
    expected = np.full_like(IMAGE, -7.0)
    for i, r in enumerate(rows):
        for j, c in enumerate(columns):
            if r is not None and c is not None:
                expected[:, i, j] = IMAGE[:, r, c]
    np.testing.assert_array_equal(run(engine, layer, IMAGE), expected)


@pytest.mark.parametrize("engine", ENGINES)
def test_half_a_pixel_is_the_mean_of_two(engine):
    layer = layers.RandomTranslation((0, 0), (1 / 12, 1 / 12), "wrap")
    expected = (IMAGE + np.roll(IMAGE, 1, axis=2)) / 2
    np.testing.assert_allclose(run(engine, layer, IMAGE), expected, rtol=1e-5)


@pytest.mark.parametrize("engine", ENGINES)
def test_zoom_about_the_middle(engine):
    x = np.broadcast_to(np.arange(7.0)[:, None], (7, 7)).astype("float32")[None, :, :, None]
    half = run(engine, layers.RandomZoom((-0.5, -0.5), (0, 0)), x)[0, :, :, 0]
    np.testing.assert_allclose(half, 3 + (x[0, :, :, 0] - 3) / 2, rtol=1e-6)
    smaller = run(engine, layers.RandomZoom((1, 1), fill_mode="constant"), x)[0, :, :, 0]
    np.testing.assert_allclose(smaller[2:5, 3], [1, 3, 5], rtol=1e-6)
    assert not smaller[0].any()


@pytest.mark.parametrize("engine", ENGINES)
def test_contrast_and_brightness(engine):
    mean = IMAGE.mean(axis=(1, 2), keepdims=True)
    layer = layers.RandomContrast((0.0, 0.0), value_range=(0, 200))
    np.testing.assert_allclose(run(engine, layer, IMAGE), IMAGE, rtol=1e-5, atol=1e-4)
    drawn = run(engine, layers.RandomContrast(0.5, (-1000, 1000), seed=2), IMAGE)
    f = ((drawn - mean) / (IMAGE - mean))[:, 0, 0, 0]
    assert ((f > 0.5) & (f < 1.5)).all()
    assert abs(f[0] - f[1]) > 1e-3  # each image has its own
    np.testing.assert_allclose(
        drawn, (IMAGE - mean) * f[:, None, None, None] + mean, rtol=1e-4, atol=1e-3
    )
    layer = layers.RandomBrightness((0.5, 0.5), value_range=(0, 100))
    np.testing.assert_allclose(run(engine, layer, IMAGE), np.minimum(IMAGE + 50, 100), rtol=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_crop_is_a_piece_of_each_image_from_its_own_place(engine):
    x = np.broadcast_to(SQUARE[:1], (200, 5, 5, 1))
    y = run(engine, layers.RandomCrop(3, 2, seed=4), x)[..., 0]
    pieces = {
        SQUARE[0, r : r + 3, c : c + 2, 0].tobytes(): (r, c) for r in range(3) for c in range(4)
    }
    places = [pieces[np.ascontiguousarray(p).tobytes()] for p in y]
    assert set(places) == set(pieces.values())


def test_at_rest_a_crop_is_the_middle_made_smaller():
    layer = layers.RandomCrop(2, 2)
    x = np.arange(32.0).reshape(1, 4, 8, 1)
    middle = x[0, :, 2:6, 0].reshape(2, 2, 2, 2).mean(axis=(1, 3))  # bilinear at half the size
    np.testing.assert_allclose(layer(x)[0, :, :, 0], middle, rtol=1e-6)
    larger = layers.RandomCrop(8, 16)(x)
    assert larger.shape == (1, 8, 16, 1)
    np.testing.assert_allclose(larger[0, 0, :4, 0], [0, 0.25, 0.75, 1.25], rtol=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
def test_erasing_a_rectangle(engine):
    x = np.ones((64, 10, 10, 3), "float32")
    layer = layers.RandomErasing((1, 1), (0.09, 0.36), fill_value=[5.0, 6.0, 300.0], seed=1)
    y = run(engine, layer, x)
    for image in y:
        gone = image[:, :, 0] == 5
        rows, columns = np.flatnonzero(gone.any(1)), np.flatnonzero(gone.any(0))
        assert gone[np.ix_(rows, columns)].all()  # a rectangle, and nothing beside it
        assert gone.sum() == len(rows) * len(columns)
        assert {len(rows), len(columns)} <= {3, 4, 5, 6, 7}
        np.testing.assert_array_equal(image[gone], [[5, 6, 255]] * gone.sum())
        np.testing.assert_array_equal(image[~gone], 1)
    noise = run(engine, layers.RandomErasing((1, 1), (1, 1), value_range=(0, 1), seed=1), x)
    assert ((noise >= 0) & (noise <= 1)).all()
    assert abs((noise == 0).mean() - 0.5) < 0.02  # half of a normal distribution is below 0


# --- how draws are spread -------------------------------------------------------------------------

MANY = np.arange(2.0, dtype="float32").reshape(1, 1, 2, 1).repeat(4000, axis=0)


def test_half_of_the_images_are_mirrored_each_axis_by_itself():
    x = np.arange(4.0, dtype="float32").reshape(1, 2, 2, 1).repeat(4000, axis=0)
    y = layers.RandomFlip(seed=3)(x, training=True)[:, 0, 0, 0]
    shares = [(y == v).mean() for v in range(4)]
    assert np.abs(np.array(shares) - 0.25).max() < 5 * np.sqrt(0.25 * 0.75 / 4000)
    y = layers.RandomFlip("vertical", seed=3)(x, training=True)
    assert set(np.unique(y[:, 0, 0, 0]).tolist()) == {0.0, 2.0}


def test_draws_are_uniform_and_new_each_step():
    layer = layers.RandomBrightness((-0.5, 0.25), value_range=(-4, 4), seed=9)
    first, second = ((layer(MANY, training=True) - MANY)[:, 0, 0, 0] / 8 for _ in range(2))
    for draws in (first, second):
        assert draws.min() >= -0.5
        assert draws.max() <= 0.25
        assert abs(draws.mean() + 0.125) < 5 * 0.75 / np.sqrt(12 * 4000)
        assert abs(draws.std() - 0.75 / np.sqrt(12)) < 0.01
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.08
    assert abs(np.corrcoef(first[1:], first[:-1])[0, 1]) < 0.08


def test_erasing_happens_as_often_as_asked():
    x = np.ones((4000, 4, 4, 1), "float32")
    for factor, share in (((0.25, 0.25), 0.25), (1.0, 0.5), (0.0, 0.0)):
        y = layers.RandomErasing(factor, (1, 1), fill_value=0.0, seed=2)(x, training=True)
        assert abs((y[:, 0, 0, 0] == 0).mean() - share) < 0.04


def test_every_number_of_bits_occurs():
    """Keras never draws the larger of two."""
    x = np.full((400, 1, 1, 1), 255.0, "float32")
    y = layers.RandomPosterization((1, 3), seed=0)(x, training=True)
    assert sorted(set(y.reshape(-1).tolist())) == [128.0, 192.0, 224.0]


# --- in training ----------------------------------------------------------------------------------

MAKE = {
    "flip": lambda: layers.RandomFlip(seed=1),
    "rotation": lambda: layers.RandomRotation(0.2, seed=1),
    "nearest": lambda: layers.RandomRotation(0.5, "wrap", "nearest", seed=1),
    "translation": lambda: layers.RandomTranslation(0.3, (0.0, 0.4), "wrap", seed=1),
    "zoom": lambda: layers.RandomZoom(0.4, 0.2, "nearest", seed=1),
    "crop": lambda: layers.RandomCrop(3, 4, seed=1),
    "contrast": lambda: layers.RandomContrast(0.5, seed=1),
    "brightness": lambda: layers.RandomBrightness(0.5, seed=1),
    "erasing": lambda: layers.RandomErasing(seed=1),
    "shear": lambda: layers.RandomShear(0.5, 0.3, seed=1),
    "invert": lambda: layers.RandomInvert(seed=1),
    "posterization": lambda: layers.RandomPosterization((1, 8), seed=1),
    "solarization": lambda: layers.Solarization(0.5, 1.0, seed=1),
}


@pytest.mark.parametrize("name", MAKE)
def test_both_engines_draw_the_same_step_by_step(name):
    x = np.random.default_rng(0).uniform(0, 255, (3, 5, 6, 2)).astype("float32")
    on_numpy = run("numpy", MAKE[name](), x, steps=3)
    on_xla = run("xla", MAKE[name](), x, steps=3)
    for a, b in zip(on_numpy, on_xla, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=2e-3)
    assert not np.array_equal(on_numpy[0], on_numpy[1]) or not np.array_equal(
        on_numpy[1], on_numpy[2]
    )


@pytest.mark.parametrize("name", [n for n in MAKE if n != "crop"])
def test_nothing_changes_outside_training(name):
    np.testing.assert_array_equal(MAKE[name]()(IMAGE), IMAGE)


def test_colors_are_mixed_with_grey_in_training_only():
    for layer in (layers.RandomGrayscale(1.0), layers.RandomColorDegeneration((1.0, 1.0))):
        np.testing.assert_array_equal(layer(IMAGE), IMAGE)
        assert not np.array_equal(layer(IMAGE, training=True), IMAGE)
        again = type(layer).from_config(layer.get_config())
        np.testing.assert_array_equal(again(IMAGE, training=True), layer(IMAGE, training=True))


@pytest.mark.parametrize("name", MAKE)
def test_whole_numbers_are_taken_as_floats(name):
    x = np.random.default_rng(0).integers(0, 256, (3, 5, 6, 2), dtype="uint8")
    a, b = (MAKE[name]()(v, training=True) for v in (x, x.astype("float32")))
    assert a.dtype == "float32"
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("engine", ENGINES)
def test_evaluate_and_predict_see_the_images_as_they_are(engine):
    if engine == "xla":
        pytest.importorskip("jax")
    x = np.random.default_rng(0).uniform(0, 1, (8, 5, 5, 1)).astype("float32")
    stack = [layers.RandomFlip(), layers.RandomRotation(0.3), layers.RandomErasing((1, 1))]
    model = cr.Sequential([cr.Input((5, 5, 1)), *stack, layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    plain = cr.Sequential([cr.Input((5, 5, 1)), *model.layers[3:]])
    plain.compile("sgd", "mse")
    np.testing.assert_array_equal(model.predict(x, engine=engine), plain.predict(x, engine=engine))
    how = {"verbose": 0, "engine": engine}
    assert model.evaluate(x, np.ones(8), **how) == plain.evaluate(x, np.ones(8), **how)
    model.fit(x, np.ones(8), epochs=1, **how)
    np.testing.assert_array_equal(model.predict(x, engine=engine), plain.predict(x, engine=engine))


def test_the_gradient_goes_through_it():
    """Where something before it is trained, or asked for."""
    cr.config.set_floatx("float64")
    try:
        x = np.random.default_rng(0).normal(size=(2, 3, 4, 1))
        for make in (MAKE["rotation"], MAKE["crop"], MAKE["flip"], lambda: layers.RandomZoom(0.5)):
            layer = make()
            layer.height, layer.width = 2, 3  # of the crop: smaller than these images
            layer.build(x.shape)
            function, values = layer.pure(training=True)
            assert cr.gradcheck(lambda v, f=function, w=values: f(w, v), x)
    finally:
        cr.config.set_floatx("float32")


# --- against Keras --------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")  # of Keras
@pytest.mark.parametrize("fill_mode", ["constant", "nearest", "reflect", "wrap"])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
def test_resampling_as_keras_does(fill_mode, interpolation):
    if not importlib.util.find_spec("keras"):
        pytest.skip("Keras is not installed")
    import os

    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras

    rng = np.random.default_rng(1)
    x = rng.normal(size=(4, 6, 7, 3)).astype("float32")
    turn = rng.normal(size=(4, 8)) * [0.3, 0.3, 2, 0.3, 0.3, 2, 0, 0] + [1, 0, 0, 0, 1, 0, 0, 0]
    turn = turn.astype("float32")
    ours = cr.ops.affine_transform(x, turn, interpolation, fill_mode, 0.5)
    theirs = keras.ops.image.affine_transform(x, turn, interpolation, fill_mode, 0.5)
    np.testing.assert_allclose(ours, np.asarray(theirs), rtol=1e-4, atol=1e-4)


# --- mixtures of a batch --------------------------------------------------------------------------


def test_mixup_mixes_images_and_targets_by_the_same_shares():
    x = np.eye(64, dtype="float32").reshape(64, 8, 8, 1)
    mixed, y = cr.data.mixup(x, np.eye(64, dtype="float32"), alpha=1.0, seed=3)
    np.testing.assert_allclose(mixed.reshape(64, 64), y, rtol=1e-6)
    np.testing.assert_allclose(y.sum(axis=1), 1, rtol=1e-6)
    shares = np.array([row[i] for i, row in enumerate(y)])
    assert abs(shares.mean() - 0.5) < 5 / np.sqrt(12 * 64) + 1 / 64
    assert mixed.dtype == y.dtype == "float32"
    again = cr.data.mixup(x, np.eye(64), alpha=1.0, seed=3)
    np.testing.assert_array_equal(again[0], mixed)
    near, _ = cr.data.mixup(x, np.eye(64), alpha=0.05, seed=3)
    edge = np.minimum(near, 1 - near).max(axis=(1, 2, 3))
    assert np.median(edge) < 0.01  # a small alpha stays near one of the two


def test_cutmix_pastes_rectangles_and_counts_their_pixels():
    x = np.arange(32.0, dtype="float32")[:, None, None, None] * np.ones((1, 8, 8, 2), "float32")
    cut, y = cr.data.cutmix(x, np.eye(32, dtype="float32"), seed=5)
    for i, image in enumerate(cut):
        other = [v for v in np.unique(image) if v != i]
        pasted = (image[:, :, 0] != i).mean()
        np.testing.assert_allclose(y[i, i], 1 - pasted, rtol=1e-6)
        assert len(other) <= 1
        if other:
            np.testing.assert_allclose(y[i, int(other[0])], pasted, rtol=1e-6)
            gone = image[:, :, 0] == other[0]
            rows, columns = np.flatnonzero(gone.any(1)), np.flatnonzero(gone.any(0))
            assert gone.sum() == len(rows) * len(columns)
    assert np.unique((cut[..., 0] != x[..., 0]).mean(axis=(1, 2))).size > 8  # many sizes


def test_mixtures_follow_the_seed_of_the_process():
    x, y = np.arange(6.0)[:, None], np.eye(6)
    cr.utils.set_random_seed(1)
    first, second = cr.data.mixup(x, y)[0], cr.data.mixup(x, y)[0]
    cr.utils.set_random_seed(1)
    np.testing.assert_array_equal(cr.data.mixup(x, y)[0], first)
    assert not np.array_equal(first, second)


# --- refused --------------------------------------------------------------------------------------

ERRORS = {
    "mode has an unknown value\n  expected: one of 'horizontal', 'vertical', "
    "'horizontal_and_vertical'": lambda: layers.RandomFlip("left"),
    "factor is out of range\n  expected: a number, or two, from -1.0 to 1.0\n  received: 1.5": (
        lambda: layers.RandomRotation(1.5)
    ),
    "height_factor is out of range": lambda: layers.RandomTranslation((0.1, 0.2, 0.3), 0.1),
    "width_factor is out of range": lambda: layers.RandomZoom(0.1, (-1.0, 0.0)),
    "factor is out of range\n  expected: a number, or two, from 0.0 to 1.0\n  received: -0.1": (
        lambda: layers.RandomContrast(-0.1)
    ),
    "factor is out of range\n  expected: a number, or two, from -1.0 to 1.0\n  received: nan": (
        lambda: layers.RandomBrightness(float("nan"))
    ),
    "fill_mode has an unknown value": lambda: layers.RandomRotation(0.1, "mirrored"),
    "interpolation has an unknown value": lambda: layers.RandomZoom(0.1, interpolation="cubic"),
    "only whole bits can be kept": lambda: layers.RandomPosterization(2.5),
    "the images have no colours": lambda: layers.RandomGrayscale(1.0)(
        IMAGE[..., :2], training=True
    ),
    "x_factor is out of range": lambda: layers.RandomShear(-0.5),
    "height must be a whole number of at least 1": lambda: layers.RandomCrop(0, 4),
    "value_range must be the lowest and the highest value of a pixel\n  expected: (0, 255), or "
    "(0, 1) for scaled images\n  received: (1, 0)": lambda: layers.RandomBrightness(0.1, (1, 0)),
    "fill_value must be a number, one for each channel, or None": lambda: layers.RandomErasing(
        fill_value="black"
    ),
    "there must be one fill_value for each channel\n  expected: 3 numbers, or one": lambda: (
        layers.RandomErasing((1, 1), fill_value=[1.0, 2.0])(IMAGE, training=True)
    ),
    "arrays hold their channels in the last axis here\n  expected: "
    'data_format="channels_last"\n  received: '
    "'channels_first'": lambda: layers.RandomFlip(data_format="channels_first"),
    "the layer takes images of a known size\n  expected: (batch, height, width, channels)\n"
    "  received: (None, 6, 3)": lambda: layers.RandomFlip()(IMAGE[0]),
    "affine_transform: the transform is not finite": lambda: cr.ops.affine_transform(
        IMAGE, [np.nan] * 8
    ),
    "affine_transform: these are no images, or not one transform for each": lambda: (
        cr.ops.affine_transform(IMAGE, np.zeros((3, 8)))
    ),
    "mixup: class numbers cannot be mixed\n  expected: one-hot rows, or numbers as floats\n"
    "  received: y of int64, shape (2,)\n  fix: cr.utils.to_categorical(y), and the loss "
    "'categorical_crossentropy'": lambda: cr.data.mixup(IMAGE, np.array([0, 1])),
    "mixup: x and y have different lengths": lambda: cr.data.mixup(IMAGE, np.eye(3)),
    "cutmix: cutmix takes images": lambda: cr.data.cutmix(np.ones((2, 3)), np.eye(2)),
    "mixup: alpha is out of range\n  expected: a number above 0": lambda: cr.data.mixup(
        IMAGE, np.eye(2), 0
    ),
    "cutmix: factor is out of range": lambda: cr.data.cutmix(IMAGE, np.eye(2), 2.0),
}


@pytest.mark.parametrize("text", ERRORS, ids=lambda text: text[:60])
def test_error_text(text):
    with pytest.raises(ChainruleError, match=re.escape(text)) as caught:
        ERRORS[text]()
    assert isinstance(caught.value, (ArgumentError, ShapeError, DataError))
