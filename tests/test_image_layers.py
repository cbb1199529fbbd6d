"""The rarer layers of images: known draws, how draws are spread, labels mixed with their images,
both engines, and Keras beside them.

Single formulas are rows of layers_augmentation.py.
"""

from __future__ import annotations

import importlib.util
import os

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers, rng
from chainrule.errors import ChainruleError
from chainrule.layers.augmentation import Draws

RNG = np.random.default_rng(2)
X = RNG.uniform(0, 255, (3, 12, 10, 3)).astype("float32")
SIGMAS = 5


class Told:
    """Draws that are told: what is not, is the middle of its range."""

    def __init__(self, told):
        self.told = told

    def __call__(self, k, low=0.0, high=1.0, shape=(3,)):
        u = np.broadcast_to(np.asarray(self.told.get(k, 0.5), "float32"), shape)
        return u * (high - low) + low


# --- how draws are spread ------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [1e-6, 0.2, 1.0, 4.0])
def test_numbers_of_gamma_and_beta(alpha):
    n = 40000
    found = np.exp(rng.log_gamma(rng.key(3), alpha, n).astype("float64"))
    assert abs(found.mean() - alpha) < SIGMAS * np.sqrt(alpha / n)  # its variance is α too
    share = Draws(rng.key(4), n).beta(0, alpha).astype("float64")
    assert ((share >= 0) & (share <= 1)).all()
    variance = 1 / (4 * (2 * alpha + 1))
    assert abs(share.mean() - 0.5) < SIGMAS * np.sqrt(variance / n)
    assert abs(share.var() - variance) < 0.01


def test_gamma_and_beta_as_keras_calls_them():
    for kind in ("float16", "float32", "float64"):
        draw = cr.random.gamma((20000,), 3.0, dtype=kind, seed=1)
        assert draw.dtype == kind
        assert abs(draw.astype("float64").mean() - 3) < SIGMAS * np.sqrt(3 / 20000) + 1e-3
    each = cr.random.gamma((20000, 2), np.array([0.5, 9.0]), seed=2).mean(axis=0)
    np.testing.assert_allclose(each, [0.5, 9.0], atol=SIGMAS * np.sqrt(9 / 20000))
    draw = cr.random.beta((20000,), 2.0, 6.0, seed=1)
    variance = 2 * 6 / (8 * 8 * 9)
    assert abs(draw.mean() - 2 / 8) < SIGMAS * np.sqrt(variance / 20000)
    assert abs(draw.var() - variance) < 0.002
    np.testing.assert_array_equal(draw, cr.random.beta((20000,), 2.0, 6.0, seed=1))
    for wrong in (0, -1.0, [1.0, 0.0], "x"):
        with pytest.raises(ChainruleError, match="alpha must be above 0"):
            cr.random.gamma((2,), wrong)


def test_every_image_draws_its_own_change():
    """Each of the eleven occurs, and as often as another."""
    x = np.broadcast_to(RNG.uniform(20, 200, (1, 5, 6, 3)), (600, 5, 6, 3)).astype("float32")
    layer = layers.RandAugment(num_ops=1, factor=(0.4, 0.4), seed=3)
    y = layer(x, training=True)
    parts = layer._recipe.parts
    kinds = {}
    for image in y:  # shear has a side drawn for it; the others do one thing at one strength
        kinds[image.round(1).tobytes()] = kinds.get(image.round(1).tobytes(), 0) + 1
    counts = sorted(kinds.values(), reverse=True)
    assert len(kinds) >= len(parts)
    assert abs(counts[0] - 600 / 11) < SIGMAS * np.sqrt(600 / 11)
    again = layers.RandAugment(num_ops=1, factor=(0.4, 0.4), seed=3)
    np.testing.assert_array_equal(again(x, training=True), y)
    assert not np.array_equal(again(x, training=True), y)  # the next step


def test_a_chosen_change_is_that_layers_own():
    """For each number the picture is what the single layer makes of the same draws."""
    recipe = layers.RandAugment(factor=0.3)._recipe
    draw = Draws(rng.key(5), 3)
    for k, part in enumerate(recipe.parts):
        alone = part.augment(X, draw.part(k))
        mixed = recipe.one_each(X, np.array([k, -1, k]), draw)
        np.testing.assert_allclose(mixed[[0, 2]], alone[[0, 2]], rtol=1e-5, atol=1e-3)
        np.testing.assert_array_equal(mixed[1], X[1])


def test_augmix_is_a_mean_of_chains():
    """With nothing to change, each chain and so the mean of them is the image."""
    still = np.full((4, 5, 6, 3), 100, "float32")
    layer = layers.AugMix(factor=0.0, all_ops=False, seed=1)
    # a flat image is moved, stretched and equalised to itself; 1 bit and a threshold are not
    y = layer(still, training=True)
    assert y.shape == still.shape
    assert (y >= 0).all()
    layer._recipe.parts = tuple(
        p for p in layer._recipe.parts if type(p).__name__ not in ("RandomPosterization", "Solarization")
    )  # fmt: skip
    np.testing.assert_allclose(layer(still, training=True), still, rtol=1e-5)


def test_color_jitter_is_its_parts_one_after_the_other():
    how = {"brightness_factor": 0.3, "contrast_factor": 0.4}
    jitter = layers.RandomColorJitter(saturation_factor=(0.2, 0.7), hue_factor=0.5, seed=8, **how)
    draw = Draws(rng.key(1), 3)
    parts = [
        layers.RandomBrightness(0.3),
        layers.RandomContrast(0.4),
        layers.RandomSaturation((0.2, 0.7)),
        layers.RandomHue(0.5),
    ]
    x = X
    for k, part in enumerate(parts):
        x = part.augment(x, draw.part(k))
    np.testing.assert_array_equal(jitter.augment(X, draw), x)
    alone = layers.RandomColorJitter(contrast_factor=0.4).augment(X, draw)
    np.testing.assert_array_equal(alone, parts[1].augment(X, draw.part(1)))


def test_the_first_corner_stays_and_some_images_are_left():
    layer = layers.RandomPerspective(0.5, 0.6, seed=4)
    y = layer(np.broadcast_to(X[:1], (400, 12, 10, 3)), training=True)
    np.testing.assert_allclose(y[:, 0, 0], np.broadcast_to(X[0, 0, 0], (400, 3)), rtol=1e-4)
    changed = (np.abs(y - X[0]).max(axis=(1, 2, 3)) > 1).mean()
    assert abs(changed - 0.25) < SIGMAS * np.sqrt(0.25 * 0.75 / 400)  # u < v/2 for uniform u and v


# --- what is spread ------------------------------------------------------------------------------


def test_an_image_does_not_depend_on_those_beside_it():
    dark = np.concatenate([X[:1], X[1:] / 10])
    for layer in (layers.Equalization(), layers.AutoContrast(),
                  layers.ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(2, 3))):  # fmt: skip
        np.testing.assert_allclose(layer(dark)[0], layer(X[:1])[0], rtol=1e-6)
        flat = np.full((1, 4, 4, 1), 7.0, "float32")
        assert np.isfinite(layer(flat)).all()
        whole = X.astype("uint8")
        np.testing.assert_allclose(layer(whole), layer(whole.astype("float32")), rtol=1e-6)
        scaled = type(layer).from_config(layer.get_config() | {"value_range": (0, 1)})
        np.testing.assert_allclose(
            scaled(whole.astype("float32") / 255) * 255, layer(whole), rtol=1e-4, atol=1e-2
        )
    np.testing.assert_array_equal(layers.Equalization()(flat), flat)
    np.testing.assert_array_equal(layers.AutoContrast()(flat), flat)


# --- labels mixed with their images --------------------------------------------------------------


def batch(n=32):
    """Image i shows i everywhere; its label is i."""
    x = np.arange(n, dtype="float32")[:, None, None, None] * np.ones((1, 8, 6, 2), "float32")
    return {"images": x, "labels": np.eye(n, dtype="float32")}


def test_mixup_mixes_both_by_the_same_shares():
    given = batch()
    found = layers.MixUp(alpha=1.0, seed=3)(given)
    wanted = found["labels"] @ np.arange(32.0)
    np.testing.assert_allclose(found["images"][:, 0, 0, 0], wanted, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(found["labels"].sum(axis=1), 1, rtol=1e-6)
    own = np.diagonal(found["labels"])
    assert abs(own.mean() - 0.5) < SIGMAS / np.sqrt(12 * 32) + 1 / 32
    assert np.unique(own).size > 25  # each image has its own share
    np.testing.assert_array_equal(given["labels"], np.eye(32))  # what was given is left alone


def test_cutmix_pastes_a_rectangle_and_counts_its_pixels():
    given = batch() | {"segmentation_masks": batch()["images"][..., :1].astype("int32")}
    found = layers.CutMix(seed=5)(given)
    assert list(found) == list(given)
    assert found["segmentation_masks"].dtype == "int32"
    np.testing.assert_array_equal(found["segmentation_masks"][..., 0], found["images"][..., 0])
    for i, image in enumerate(found["images"][..., 0]):
        gone = image != i
        rows, columns = np.flatnonzero(gone.any(1)), np.flatnonzero(gone.any(0))
        assert gone.sum() == len(rows) * len(columns)
        np.testing.assert_allclose(found["labels"][i, i], 1 - gone.mean(), rtol=1e-5)
        for other in np.unique(image[gone]).astype(int):
            np.testing.assert_allclose(found["labels"][i, other], gone.mean(), rtol=1e-5)


def test_mixed_batches_train_a_model_and_rest_outside_training():
    mix, given = layers.MixUp(seed=1), batch(8)
    assert mix(given, training=False) is not None
    for key, value in mix(given, training=False).items():
        np.testing.assert_array_equal(value, given[key])
    model = cr.Sequential([cr.Input((8, 6, 2)), layers.Flatten(), layers.Dense(8, "softmax")])
    model.compile("adam", "categorical_crossentropy")
    mixed = mix(given)
    model.fit(mixed["images"], mixed["labels"], verbose=0)
    again = layers.MixUp.from_config(mix.get_config())
    np.testing.assert_array_equal(again(given)["images"], mixed["images"])
    one = layers.CutMix(seed=1)({"images": X[:1], "labels": np.ones((1, 1), "float32")})
    np.testing.assert_array_equal(one["images"], X[:1])  # alone in its batch
    none = layers.MixUp()({"images": X[:0], "labels": np.ones((0, 2), "float32")})
    assert none["images"].shape == (0, 12, 10, 3)


# --- both engines --------------------------------------------------------------------------------

MADE = {
    "jitter": lambda: layers.RandomColorJitter((0, 255), 0.2, 0.3, (0.3, 0.7), 0.4, seed=1),
    "blur": lambda: layers.RandomGaussianBlur(seed=1),
    "perspective": lambda: layers.RandomPerspective(scale=0.4, seed=1),
    "elastic": lambda: layers.RandomElasticTransform(seed=1),
    # the parts of RandAugment, and the mixing of MixUp, are in those two: XLA compiles anew for each
    "augmix": lambda: layers.AugMix(num_chains=2, chain_depth=1, seed=1),
    "cutmix": lambda: layers.CutMix(seed=1),
}
QUICK = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}


@pytest.mark.parametrize("name", MADE)
def test_both_engines_draw_the_same(name):
    jax = pytest.importorskip("jax")
    x = X[:, :6, :7]
    x = {"images": x, "labels": np.eye(3, dtype="float32")} if name == "cutmix" else x
    layer = MADE[name]()
    layer.build({k: v.shape for k, v in x.items()} if isinstance(x, dict) else x.shape)
    function, values = layer.pure(training=True)
    compiled = jax.jit(function).lower(values, x).compile(QUICK)
    for step in (0, 1):
        now = [np.uint32(step) if v.shape == () else v for v in values]
        a, b = function(now, x), compiled(now, x)
        for u, v in zip(*map(jax.tree_util.tree_leaves, (a, b)), strict=True):
            # a tone that lies on a step of posterization may fall on either side
            assert (np.abs(np.asarray(u) - v) < 2e-2).mean() > 0.995


# --- against Keras -------------------------------------------------------------------------------

U = np.array([0.2, 0.7, 0.9], "float32")


def _keras():
    if not importlib.util.find_spec("keras"):
        pytest.skip("Keras is not installed")
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras

    return keras.layers


CORNERS = np.array([[0, 0], [9, 0], [0, 11], [9, 11]], "float32")
BEND = RNG.uniform(0, 1, (3, 4, 2)).astype("float32")
AS_KERAS = {
    "hue": lambda k: (
        layers.RandomHue((0, 1)).augment(X, Told({0: U, 1: [0.1, 0.9, 0.1]})),
        k.RandomHue((0, 1)).transform_images(X, {"factor": U * [1, -1, 1] / 2}),
    ),
    "saturation": lambda k: (
        layers.RandomSaturation((0, 0.5)).augment(X / 255, Told({0: U})),
        k.RandomSaturation((0, 0.5)).transform_images(X / 255, {"factor": U / 2 / (1 - U / 2)}),
    ),
    "sharpness": lambda k: (
        layers.RandomSharpness((0, 1)).augment(X, Told({0: U})),
        k.RandomSharpness((0, 1)).transform_images(X, {"factor": U}),
    ),
    "blur": lambda k: (
        layers.RandomGaussianBlur((0, 1), 5).augment(X, Told({0: U, 1: 0.5, 2: 0.8, 3: 0.8})),
        k.RandomGaussianBlur(kernel_size=5).transform_images(
            X, {"should_apply_blur": U > 0.5, "blur_factor": np.array([0.8, 0.8], "float32")}
        ),
    ),
    "contrast": lambda k: (layers.AutoContrast()(X), k.AutoContrast()(X)),
    "equalization": lambda k: (
        layers.Equalization()(X[:1].round()),
        k.Equalization()(X[:1].round()),
    ),
    "clahe": lambda k: (
        layers.ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(3, 4))(X.round()),
        k.ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(3, 4))(X.round()),
    ),
    "perspective": lambda k: (
        layers.RandomPerspective((1, 1), 0.5).augment(X, Told({2: BEND})),
        k.RandomPerspective(1.0, 0.5).transform_images(
            X,
            {
                "apply_perspective": np.ones(3, bool),
                "start_points": np.stack([CORNERS] * 3),
                "end_points": CORNERS * (1 + (BEND - 0.5) * 0.5),
            },
        ),
    ),
}


@pytest.mark.filterwarnings("ignore")  # of Keras
@pytest.mark.parametrize("name", AS_KERAS)
def test_as_keras(name):
    ours, theirs = AS_KERAS[name](_keras())
    away = np.abs(np.asarray(ours) - np.asarray(theirs))
    if name == "equalization":  # Keras finds a bin as (x/255)·255, which may fall just below x
        assert (away < 1e-3).mean() > 0.9
        assert away.max() < 10
    else:
        np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=5e-3)


# --- refused -------------------------------------------------------------------------------------

ERRORS = {
    "labels must be mixed with their images\n  expected: a dict": lambda: layers.MixUp(
        name="mix_up"
    )(X),
    "class numbers cannot be mixed": lambda: layers.CutMix()(
        {"images": X, "labels": np.array([0, 1, 2])}
    ),
    "these cannot be mixed\n  expected: images, and with them labels or segmentation_masks\n"
    "  received: images, boxes": lambda: layers.MixUp()({"images": X, "boxes": X}),
    "the lengths differ": lambda: layers.MixUp()({"images": X, "labels": np.eye(2)}),
    "alpha is out of range": lambda: layers.MixUp(alpha=0),
    "factor is out of range\n  expected: a number, or two, from 0.0 to 1.0": lambda: (
        layers.RandomHue(1.5)
    ),
    "kernel_size must be odd": lambda: layers.RandomGaussianBlur(kernel_size=4),
    "scale is out of range": lambda: layers.RandomPerspective(scale=2.0),
    "clip_limit is out of range": lambda: layers.ContrastLimitedAdaptiveHistogramEqualization(
        clip_limit=-1
    ),
    "tile_grid_size does not fit": lambda: layers.ContrastLimitedAdaptiveHistogramEqualization(
        tile_grid_size=(0, 2)
    ),
    "bins does not fit": lambda: layers.Equalization(bins=1),
    "num_ops does not fit": lambda: layers.RandAugment(num_ops=0),
    "the images have no colours, and are not grey": lambda: layers.RandAugment()(
        X[..., :2], training=True
    ),
    "the images have no colours\n": lambda: layers.RandomSaturation(0.5)(X[..., :1], training=True),
    "fill_mode has an unknown value": lambda: layers.RandomElasticTransform(fill_mode="edge"),
}


@pytest.mark.parametrize("text", ERRORS, ids=lambda text: text[:50])
def test_error_text(text):
    with pytest.raises(ChainruleError) as caught:
        ERRORS[text]()
    assert text in str(caught.value)
