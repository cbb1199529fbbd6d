"""Operations on images and windows: what a row of the tables cannot say, and Keras beside them."""

from __future__ import annotations

import importlib.util
import math
import os

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops
from chainrule.errors import ChainruleError
from layer_row import stream

RNG = np.random.default_rng(5)
IMAGES = RNG.uniform(0, 1, (2, 6, 7, 3)).astype("float32")
VOLUME = RNG.normal(size=(4, 5, 6, 2)).astype("float32")
LOGITS = (RNG.normal(size=(3, 6, 5)) * 2).astype("float32")
CORNERS = np.array([[0, 0], [6, 0], [0, 5], [6, 5]], "float32")
PULLED = CORNERS + np.array([[0.5, 0.25], [-0.5, 1], [0, -1], [0.75, 0.5]], "float32")
PLACES = RNG.uniform(-4, 9, (2, 50)).astype("float32")

# --- types and shapes ----------------------------------------------------------------------------

EACH = {
    "affine": lambda x: ops.affine_transform(x, [0.9, 0.1, 0.3, -0.1, 0.9, 0.2, 0, 0.01], "bilinear", "mirror"),
    "perspective": lambda x: ops.perspective_transform(x, CORNERS, PULLED),
    "blur": lambda x: ops.gaussian_blur(x, (3, 5), (1.0, 2.0)),
    "sobel": ops.sobel_edges,
    "ssim": lambda x: ops.ssim(x, x[..., ::-1] * 1, filter_size=5),
    "patches": lambda x: ops.extract_patches(x, 3, 2, padding="same"),
    "gray": ops.rgb_to_grayscale,
    "elastic": lambda x: ops.elastic_transform(x, 3.0, 1.5, seed=2),
    "resize": lambda x: ops.resize(x, (4, 9)),
}  # fmt: skip


@pytest.mark.parametrize("name", EACH)
def test_one_image_whole_numbers_and_no_image(name):
    run = EACH[name]
    whole = (IMAGES * 255).astype("uint8")
    found = run(whole)
    assert found.dtype in (("uint8",) if name == "patches" else ("float32", "float64"))
    np.testing.assert_allclose(found, run(whole.astype("float32")), rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(run(IMAGES[0]), run(IMAGES[:1])[0], rtol=1e-6, atol=1e-6)
    assert run(IMAGES[:0]).shape == (0, *found.shape[1:])


def test_colors_there_and_back():
    np.testing.assert_allclose(ops.hsv_to_rgb(ops.rgb_to_hsv(IMAGES)), IMAGES, atol=1e-6)
    grey = np.full((1, 1, 3), 0.3)
    np.testing.assert_allclose(ops.rgb_to_hsv(grey), [[[0, 0, 0.3]]])
    y, back = cr.vjp(ops.rgb_to_hsv, grey)
    assert np.isfinite(back(np.ones_like(y))).all()
    black, back = cr.vjp(ops.rgb_to_hsv, np.zeros((1, 1, 3)))
    assert np.isfinite(back(np.ones_like(black))).all()
    assert ops.rgb_to_grayscale(IMAGES[..., :1]).shape == (2, 6, 7, 1)  # grey already


def test_the_next_number_of_each_type():
    assert ops.nextafter(np.array([1]), np.float32([2])).dtype == "float32"  # not a step of NumPy's
    for kind, step in (("float16", 2.0**-10), ("float32", 2.0**-23), ("float64", 2.0**-52)):
        one = np.ones(2, kind)
        found = ops.nextafter(one, np.array([2.0, 0.0], kind))
        assert found.dtype == kind
        np.testing.assert_array_equal(found.astype("float64") - 1, [step, -step / 2])
    assert ops.nextafter(np.array([1]), 2).dtype == cr.config.floatx()


def test_unfold_and_fold_are_the_derivatives_of_each_other():
    x = RNG.normal(size=(2, 3, 6, 5))
    how = {"kernel_size": (3, 2), "dilation": (1, 2), "padding": (1, 1), "stride": (2, 1)}
    y = ops.unfold(x, **how)
    z = RNG.normal(size=y.shape)
    folded = ops.fold(z, (6, 5), **how)
    np.testing.assert_allclose((y * z).sum(), (x * folded).sum())  # <Ax, z> = <x, Aᵀz>
    np.testing.assert_allclose(cr.vjp(lambda v: ops.unfold(v, **how), x)[1](z), folded)
    np.testing.assert_allclose(cr.vjp(lambda v: ops.fold(v, (6, 5), **how), z)[1](x), y)


@pytest.mark.parametrize(
    ("pattern", "lengths", "expected"),
    [
        ("b h w c -> b c h w", {}, lambda x: x.transpose(0, 3, 1, 2)),
        ("b h w c -> h (b w) c", {}, lambda x: np.concatenate(list(x), axis=1)),
        ("b h ... -> (h b) ...", {}, lambda x: np.concatenate(list(x.transpose(1, 0, 2, 3)))),
        ("b (h k) w 3 -> b h k w 3", {"k": 3}, None),
        ("b h w c -> b h 1 (w c)", {}, lambda x: x.reshape(2, 6, 1, 21)),
        ("b (h k) w c -> (b h) (k w c)", {"k": 2}, lambda x: x.reshape(6, 42)),
    ],
)
def test_patterns_of_axes(pattern, lengths, expected):
    if expected is None:  # a number other than 1 is no name
        with pytest.raises(ChainruleError, match="this is no pattern of axes"):
            ops.rearrange(IMAGES, pattern, **lengths)
    else:
        np.testing.assert_array_equal(ops.rearrange(IMAGES, pattern, **lengths), expected(IMAGES))


def test_one_image_is_drawn_as_a_batch_of_one():
    one = ops.elastic_transform(IMAGES[0], seed=3)
    np.testing.assert_array_equal(one, ops.elastic_transform(IMAGES[:1], seed=3)[0])
    np.testing.assert_array_equal(ops.gaussian_blur(IMAGES), ops.gaussian_blur(IMAGES, (3, 3)))


def test_four_points_for_one_image_may_have_its_axis():
    one = ops.perspective_transform(IMAGES[0], CORNERS, PULLED)
    np.testing.assert_array_equal(
        ops.perspective_transform(IMAGES[0], np.array([CORNERS]), np.array([PULLED])), one
    )
    with pytest.raises(ChainruleError, match=r"received: \(4, 2\) and \(1, 4, 2\)"):
        ops.perspective_transform(IMAGES[0], CORNERS, np.array([PULLED]))


def test_operations_in_a_graph_of_layers():
    x = cr.Input((6, 7, 3))
    patches = ops.extract_patches(ops.gaussian_blur(x), 2)
    model = cr.Model(x, ops.rearrange(patches, "b h w c -> b (h w) c"))
    assert model.output_shape == (None, 9, 12)
    assert model(IMAGES).shape == (2, 9, 12)


# --- drawn ---------------------------------------------------------------------------------------


def test_the_sheet_of_rubber_is_that_of_the_counter():
    """Each pixel's move by hand: normal numbers of the stream, weighted by the bell, zeros beyond."""
    height, width, alpha, sigma = 4, 5, 3.0, 0.5
    x = RNG.normal(size=(1, height, width, 1)).astype("float32")
    found = ops.elastic_transform(x, alpha, sigma, fill_mode="nearest", seed=9)

    def normal(number, i):
        u, v = ((stream(9, number, k)(i) >> 8) * 2.0**-24 for k in (2, 3))
        return math.sqrt(-2 * math.log(1 - u)) * math.cos(2 * math.pi * v)

    bell = [math.exp(-(((k - 1) / sigma) ** 2) / 2) for k in range(3)]
    bell = [w / sum(bell) for w in bell]

    def move(number, i, j):
        return alpha * sum(
            bell[p + 1] * bell[q + 1] * sigma * normal(number, (i + p) * width + j + q)
            for p in (-1, 0, 1)
            for q in (-1, 0, 1)
            if 0 <= i + p < height and 0 <= j + q < width
        )

    for i in range(height):
        for j in range(width):
            row, column = i + move(1, i, j), j + move(0, i, j)
            top, left = math.floor(row), math.floor(column)
            value = 0.0
            for r, c in ((0, 0), (0, 1), (1, 0), (1, 1)):
                share = (row - top if r else 1 - row + top) * (
                    column - left if c else 1 - column + left
                )
                value += share * x[0, min(max(top + r, 0), height - 1), min(max(left + c, 0), width - 1), 0]  # fmt: skip
            assert found[0, i, j, 0] == pytest.approx(value, abs=1e-5)
    stream_of_seeds = cr.random.SeedGenerator(9)
    again = [ops.elastic_transform(x, alpha, sigma, seed=stream_of_seeds) for _ in range(2)]
    assert not np.array_equal(*again)


# --- against Keras -------------------------------------------------------------------------------

LAST = {"data_format": "channels_last"}
AS_KERAS = {
    "rgb_to_hsv": lambda o: o.image.rgb_to_hsv(IMAGES),
    "hsv_to_rgb": lambda o: o.image.hsv_to_rgb(IMAGES),
    "rgb_to_grayscale": lambda o: o.image.rgb_to_grayscale(IMAGES),
    "affine, mirror": lambda o: o.image.affine_transform(IMAGES, np.array([0.8, 0.3, 1, -0.4, 0.9, 0.5, 0, 0], "float32"), "bilinear", "mirror")
    if o is ops else o.image.affine_transform(IMAGES, np.array([[0.8, 0.3, 1, -0.4, 0.9, 0.5, 0, 0]] * 2, "float32"), "bilinear", "mirror"),
    "perspective": lambda o: o.image.perspective_transform(IMAGES, np.stack([CORNERS] * 2), np.stack([PULLED] * 2), fill_value=0.5),
    "perspective, nearest, one": lambda o: o.image.perspective_transform(IMAGES[0], CORNERS, PULLED, "nearest"),
    **{
        f"map, {mode}, {order}": lambda o, mode=mode, order=order: o.image.map_coordinates(IMAGES[0, :, :, 0], PLACES, order, mode, 0.5)
        for mode in ("constant", "nearest", "reflect", "wrap", "mirror")
        for order in (0, 1)
    },
    "map, three axes": lambda o: o.image.map_coordinates(VOLUME[..., 0], np.abs(np.concatenate([PLACES, PLACES[:1]])), 1, "nearest"),
    "blur": lambda o: o.image.gaussian_blur(IMAGES, (5, 5), (1.5, 1.5), **LAST),
    "sobel": lambda o: o.image.sobel_edges(IMAGES, **LAST),
    "ssim": lambda o: o.image.ssim(IMAGES, IMAGES[::-1] * 0.5, filter_size=5),
    "patches": lambda o: o.image.extract_patches(IMAGES, (2, 3), (1, 2), padding="same"),
    "patches, dilation": lambda o: o.image.extract_patches(IMAGES, 2, 1, dilation_rate=2),
    "patches 3d": lambda o: o.image.extract_patches(VOLUME, (2, 2, 3)),
    "patches 3d, same": lambda o: o.image.extract_patches_3d(VOLUME[None], 2, 3, padding="same"),
    **{
        f"scale, {method}": lambda o, method=method: o.image.scale_and_translate(IMAGES, (2, 5, 9, 3), np.array([0.7, 1.6], "float32"), np.array([0.5, -1.25], "float32"), (1, 2), method)
        for method in ("linear", "cubic", "lanczos3")
    },
    "unfold": lambda o: o.nn.unfold(np.moveaxis(IMAGES, -1, 1), (2, 3), (2, 1), 1, (1, 2)),
    "fold": lambda o: o.nn.fold(np.arange(24.0, dtype="float32").reshape(1, 8, 3), (2, 4), 2),
    "rearrange": lambda o: o.rearrange(IMAGES, "b (h k) w c -> (b k) w (c h)", k=2),
    "nextafter": lambda o: o.nextafter(IMAGES, IMAGES[::-1]),
    "greedy": lambda o: o.nn.ctc_decode(LOGITS, np.array([6, 4, 5])),
    "greedy, repeated": lambda o: o.nn.ctc_decode(LOGITS, np.array([6, 4, 5]), merge_repeated=False, mask_index=2),
    "search": lambda o: o.nn.ctc_decode(LOGITS, np.array([6, 4, 5]), "beam_search", 30, 4),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")  # of Keras
@pytest.mark.parametrize("name", AS_KERAS)
def test_as_keras(name):
    if not importlib.util.find_spec("keras"):
        pytest.skip("Keras is not installed")
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras

    found, wanted = AS_KERAS[name](ops), AS_KERAS[name](keras.ops)
    pairs = zip(found, wanted, strict=True) if isinstance(found, tuple) else [(found, wanted)]
    for a, b in pairs:
        b = np.asarray(b)
        assert np.shape(a) == b.shape
        assert (a.dtype.kind == "f") == (b.dtype.kind == "f")
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)


# --- refused -------------------------------------------------------------------------------------

ERRORS = {
    "rgb_to_hsv: colours are given as numbers from 0 to 1\n  expected: images of floats\n"
    "  received: uint8\n  fix: images / 255": lambda: ops.rgb_to_hsv(np.zeros((2, 2, 3), "uint8")),
    "rgb_to_hsv: the images have no colours\n  expected: images of 3 channels": (
        lambda: ops.rgb_to_hsv(np.zeros((2, 2, 1)))
    ),
    "sobel_edges: these are no images\n  expected: (batch, height, width, channels)": (
        lambda: ops.sobel_edges(np.zeros((2, 2)))
    ),
    "gaussian_blur: sigma does not fit": lambda: ops.gaussian_blur(IMAGES, 3, 0.0),
    "gaussian_blur: arrays hold their channels in the last axis": lambda: ops.gaussian_blur(
        IMAGES, data_format="channels_first"
    ),
    "ssim: two images of one shape are compared": lambda: ops.ssim(IMAGES, IMAGES),  # 11 > 6
    "map_coordinates: there must be one coordinate for each axis": lambda: ops.map_coordinates(
        IMAGES[0, :, :, 0], PLACES[:1], 1
    ),
    "map_coordinates: order must be 0 or 1": lambda: ops.map_coordinates(
        IMAGES[0, :, :, 0], PLACES, 3
    ),
    "perspective_transform: no map takes these four points": lambda: ops.perspective_transform(
        IMAGES, CORNERS, np.zeros((4, 2))
    ),
    "perspective_transform: there must be four points": lambda: ops.perspective_transform(
        IMAGES, CORNERS[:3], CORNERS[:3]
    ),
    "elastic_transform: sigma is out of range": lambda: ops.elastic_transform(IMAGES, sigma=0.0),
    "scale_and_translate: method has an unknown value": lambda: ops.scale_and_translate(
        IMAGES, (2, 6, 7, 3), [1.0], [0.0], (1,), "nearest"
    ),
    "scale_and_translate: the numbers do not fit the axes": lambda: ops.scale_and_translate(
        IMAGES, (2, 6, 9, 3), [1.0], [0.0], (1,), "linear"
    ),
    "extract_patches: the kernel is larger than the input": lambda: ops.extract_patches(IMAGES, 8),
    "extract_patches_3d: these are no volumes": lambda: ops.extract_patches_3d(IMAGES[0], 2),
    "unfold: the input has the wrong number of axes": lambda: ops.unfold(IMAGES[0], 2),
    "fold: these are not the windows of such an image\n  expected: (batch, a multiple of 4, 9)": (
        lambda: ops.fold(np.zeros((1, 4, 8)), 4, 2)
    ),
    "rearrange: the axis cannot be divided so": lambda: ops.rearrange(
        IMAGES, "b (h k) w c -> b h k w c", k=4
    ),
    "rearrange: the array has other axes than the pattern": lambda: ops.rearrange(
        IMAGES, "h w c -> c h w"
    ),
    "rearrange: only one part of an axis may be without a length": lambda: ops.rearrange(
        IMAGES, "b (h k) w c -> b h k w c"
    ),
    "the same names on both sides": lambda: ops.rearrange(IMAGES, "b h w c -> b h w"),
    "names, brackets without brackets in them, 1 and ...\n  received: 'b (h ...) -> b h ...', '...'": lambda: (
        ops.rearrange(IMAGES, "b (h ...) -> b h ...")
    ),
    "each name once on each side": lambda: ops.rearrange(IMAGES, "b h h c -> b h c"),
    "ctc_decode: there are more paths than": lambda: ops.ctc_decode(
        LOGITS, [6, 6, 6], "beam_search", 2, 3
    ),
    "ctc_decode: logits and lengths do not fit": lambda: ops.ctc_decode(LOGITS, [7, 6, 6]),
    "ctc_decode: strategy has an unknown value": lambda: ops.ctc_decode(LOGITS, [6] * 3, "best"),
    "there is no derivative of decoded labels": lambda: cr.vjp(
        lambda z: ops.ctc_decode(z, [6, 6, 6])[1], LOGITS
    )[1](np.ones((3, 1), "float32")),
}


@pytest.mark.parametrize("text", ERRORS, ids=lambda text: text[:50])
def test_error_text(text):
    with pytest.raises(ChainruleError) as caught:
        ERRORS[text]()
    assert text in str(caught.value)
