"""Pooling and resizing: ties, NaN, what is refused, and what a compiled program must not hold."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from chainrule import layers, ops
from chainrule.chain import record, vjp
from chainrule.errors import ArgumentError, ShapeError

ENGINES = ["numpy", "xla"]


def ran(engine, function, *args):
    """The function's results on one engine, as NumPy arrays."""
    if engine == "xla":
        jax = pytest.importorskip("jax")
        with jax.enable_x64(True):
            return tuple(np.asarray(v) for v in jax.jit(function)(*args))
    return function(*args)


def first_of_the_largest(x, d_y, window, stride, before):
    """Where the gradient belongs, window by window and cell by cell."""
    d_x = np.zeros(x.shape)
    for b, i, j, c in np.ndindex(d_y.shape):
        best = None
        for p, q in itertools.product(range(window), range(window)):
            row, column = i * stride - before + p, j * stride - before + q
            if 0 <= row < x.shape[1] and 0 <= column < x.shape[2]:
                value = x[b, row, column, c]
                if best is None or value > x[best] or (np.isnan(value) and not np.isnan(x[best])):
                    best = (b, row, column, c)
        d_x[best] += d_y[b, i, j, c]
    return d_x


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("nan", [False, True], ids=["numbers", "NaN"])
@pytest.mark.parametrize(
    ("window", "stride", "padding", "before"),
    [
        (2, 2, "valid", 0),
        (3, 2, "valid", 0),
        (3, 1, "same", 1),
        (2, 3, "valid", 0),
        (7, 3, "valid", 0),
    ],
)
def test_the_first_of_equals_gets_the_gradient(window, stride, padding, before, nan, engine):
    """Row by row, as in PyTorch and Keras; a window with NaN is NaN, from the first one in it."""
    rng = np.random.default_rng(4)
    x = rng.integers(0, 3, (2, 9, 9, 2)).astype("float64")
    if nan:
        x[0, 3, 4, 0] = x[0, 4, 3, 0] = np.nan
    shape = ops.max_pool(x, window, stride, padding).shape
    d_y = rng.normal(size=shape)

    def both(x, d_y):
        y, back = vjp(lambda x: ops.max_pool(x, window, stride, padding), x)
        return y, back(d_y)

    y, d_x = ran(engine, both, x, d_y)
    np.testing.assert_allclose(
        d_x, first_of_the_largest(x, d_y, window, stride, before), atol=1e-14
    )
    assert np.isnan(y).any() == nan
    with record(fuse=False) as tape:  # and so says what it is made of
        node = tape.watch(x)
        made_of = ops.max_pool(node, window, stride, padding)
    np.testing.assert_array_equal(made_of.value, y)
    np.testing.assert_allclose(tape.gradients(made_of, [node], d_y)[0], d_x, atol=1e-14)


@pytest.mark.parametrize("engine", ENGINES)
def test_adaptive_max_gives_to_the_first_of_equals(engine):
    x = np.ones((1, 5, 5, 1))

    def both(x):
        y, back = vjp(lambda x: ops.adaptive_max_pool(x, 3), x)
        return y, back(np.arange(1.0, 10.0).reshape(1, 3, 3, 1))

    d_x = ran(engine, both, x)[1]
    wanted = np.zeros((5, 5))
    wanted[np.ix_([0, 1, 3], [0, 1, 3])] = np.arange(1.0, 10.0).reshape(3, 3)
    np.testing.assert_array_equal(d_x[0, :, :, 0], wanted)


def test_the_largest_of_whole_numbers_with_a_border():
    x = np.full((1, 3, 1), -5, np.int32)
    y = ops.max_pool(x, 2, padding="same")
    assert y.dtype == "int32"
    np.testing.assert_array_equal(y.ravel(), [-5, -5])


def test_the_mean_of_whole_numbers_is_no_whole_number():
    y = ops.average_pool(np.array([1, 2, 4]).reshape(1, 3, 1), 2, padding="same")
    np.testing.assert_array_equal(y.ravel(), [1.5, 4.0])


@pytest.mark.parametrize("name", ["max_pool", "average_pool"])
def test_no_window_reduction_in_the_compiled_program(name):
    """XLA's derivative of one goes from window to window, one after the other."""
    jax = pytest.importorskip("jax")

    def both(x, d_y):
        y, back = vjp(lambda x: getattr(ops, name)(x, 3, 2), x)
        return y, back(d_y)

    args = np.ones((4, 9, 9, 8), "float32"), np.ones((4, 4, 4, 8), "float32")
    text = jax.jit(both).lower(*args).compile().as_text()
    assert "fusion" in text
    for word in ("select-and-scatter", "reduce-window", "scatter", "while"):
        assert word not in text


@pytest.mark.parametrize("engine", ENGINES)
def test_nearest_only_copies(engine):
    """No NaN and no infinity reaches another pixel, and gradients of copies are added up."""
    x = np.array([1.0, np.nan, np.inf, 2.0]).reshape(1, 2, 2, 1)

    def both(x):
        y, back = vjp(lambda x: ops.resize(x, (3, 3), "nearest"), x)
        return y, back(np.ones((1, 3, 3, 1)))

    y, d_x = ran(engine, both, x)
    rows = np.array([0, 1, 1])  # centres ⅓, 1, 1⅔ of pixels that end at 1 and 2
    np.testing.assert_array_equal(y[0, :, :, 0], x[0, :, :, 0][np.ix_(rows, rows)])
    np.testing.assert_array_equal(d_x[0, :, :, 0], [[1.0, 2.0], [2.0, 4.0]])


def test_the_same_size_is_the_same_image():
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 1))
    for how in ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"):
        np.testing.assert_array_equal(ops.resize(x, (3, 4), how), x)


X = np.zeros((1, 4, 5, 1))


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (
            lambda: ops.max_pool(X, 5),
            ShapeError,
            "max_pool: the window is larger than the array\n"
            "  expected: lengths of at least (5, 5)\n"
            "  received: shape (1, 4, 5, 1)\n"
            '  fix: a smaller window, or padding="same"',
        ),
        (
            lambda: ops.average_pool(X, (2, 2, 2)),
            ShapeError,
            "average_pool: the window does not fit the array\n"
            "  expected: (batch, length, channels), (batch, height, width, channels), or (batch, "
            "depth, height, width, channels), and a window for the axes between\n"
            "  received: shape (1, 4, 5, 1), window (2, 2, 2)",
        ),
        (
            lambda: ops.max_pool(X, 0),
            ArgumentError,
            "max_pool: pool_size does not fit\n"
            "  expected: a whole number, or 2 of them, of at least 1\n"
            "  received: 0",
        ),
        (
            lambda: ops.max_pool(X, 2, strides=(1, 1.5)),
            ArgumentError,
            "max_pool: strides does not fit\n"
            "  expected: a whole number, or 2 of them, of at least 1\n"
            "  received: (1, 1.5)",
        ),
        (
            lambda: ops.max_pool(X, 2, padding="sane"),
            ArgumentError,
            "max_pool: padding has an unknown value\n"
            "  expected: one of 'valid', 'same'\n"
            "  received: 'sane'\n"
            "  fix: did you mean 'same'?",
        ),
        (
            lambda: ops.adaptive_max_pool(X, (2, 6)),
            ShapeError,
            "adaptive_max_pool: the output does not fit the array\n"
            "  expected: (batch, *lengths, channels) and for each length an output no longer than "
            "it\n  received: shape (1, 4, 5, 1), output_size (2, 6)",
        ),
        (
            lambda: ops.resize(np.zeros((4, 5)), (2, 2)),
            ShapeError,
            "resize: only images can be resized\n"
            "  expected: (height, width, channels), or (batch, height, width, channels)\n"
            "  received: (4, 5)",
        ),
        (
            lambda: ops.resize(X, (2, 2), "bilinar"),
            ArgumentError,
            "resize: interpolation has an unknown value\n"
            "  expected: one of 'nearest', 'bilinear', 'bicubic', 'lanczos3', 'lanczos5'\n"
            "  received: 'bilinar'\n"
            "  fix: did you mean 'bilinear'?",
        ),
        (
            lambda: ops.upsampling(X, (2, 2, 2)),
            ShapeError,
            "upsampling: the sizes do not fit the array\n"
            "  expected: (batch, *lengths, channels) and a size for each length\n"
            "  received: shape (1, 4, 5, 1), size (2, 2, 2)",
        ),
    ],
)
def test_refused(call, kind, text):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == text


# --- layers ---------------------------------------------------------------------------------------

LONG = "(batch, height, width, channels)"


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (
            lambda: layers.MaxPooling2D(3, name="p")(np.zeros((1, 2, 5, 1))),
            ShapeError,
            "the window is larger than the input\n"
            "  expected: lengths of at least (3, 3)\n"
            "  received: (None, 2, 5, 1)\n"
            '  fix: a smaller pool_size, or padding="same"',
        ),
        (
            lambda: layers.AveragePooling2D(2, name="p")(np.zeros((1, 28, 28))),
            ShapeError,
            f"the input has the wrong number of axes\n  expected: {LONG}\n"
            "  received: (None, 28, 28)\n"
            "  fix: images without colours need an axis of length 1 at the end: x[..., None]",
        ),
        (
            lambda: layers.GlobalMaxPooling1D(name="p")(np.zeros((1, 3))),
            ShapeError,
            "the input has the wrong number of axes\n  expected: (batch, steps, features)\n"
            "  received: (None, 3)\n"
            "  fix: reshape the input",
        ),
        (
            lambda: layers.AdaptiveMaxPooling2D(4, name="p")(np.zeros((1, 5, 3, 1))),
            ShapeError,
            "the output is longer than the input\n"
            "  expected: lengths of at least (4, 4)\n"
            "  received: (None, 5, 3, 1)\n"
            "  fix: UpSampling or Resizing makes longer ones",
        ),
        (
            lambda: layers.Cropping2D((1, 2), name="p")(np.zeros((1, 3, 4, 1))),
            ShapeError,
            "nothing is left of the input\n"
            "  expected: lengths of more than (2, 4)\n"
            "  received: (None, 3, 4, 1)\n"
            "  fix: a smaller cropping",
        ),
        (
            lambda: layers.Resizing(2, 2, name="p")(np.zeros((1, 3))),
            ShapeError,
            "the input is no image\n"
            f"  expected: (height, width, channels), or {LONG}\n"
            "  received: (None, 3)\n"
            "  fix: images without colours need an axis of length 1 at the end: x[..., None]",
        ),
    ],
)
def test_layers_refuse_what_they_cannot_compute(call, kind, text):
    with pytest.raises(kind) as caught:
        call()
    problem = str(caught.value).split(": ", 1)
    assert problem[1] == text
    assert "'p'" in problem[0]


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.MaxPooling2D(2, data_format="channels_first"),
        lambda: layers.GlobalAveragePooling1D("channels_first"),
        lambda: layers.AdaptiveMaxPooling1D(2, "channels_first"),
        lambda: layers.ZeroPadding2D(1, "channels_first"),
        lambda: layers.Cropping3D(1, "channels_first"),
        lambda: layers.UpSampling2D(2, "channels_first"),
        lambda: layers.Resizing(2, 2, data_format="channels_first"),
    ],
)
def test_channels_stand_last(make):
    with pytest.raises(ArgumentError, match="arrays hold their channels in the last axis here"):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.MaxPooling1D(0),
        lambda: layers.MaxPooling2D((2, 2, 2)),
        lambda: layers.AveragePooling2D(2, strides=0),
        lambda: layers.MaxPooling2D(2, padding="some"),
        lambda: layers.AdaptiveMaxPooling2D(True),
        lambda: layers.ZeroPadding2D(-1),
        lambda: layers.ZeroPadding2D((1, 2, 3)),
        lambda: layers.Cropping1D(1.5),
        lambda: layers.Cropping2D(((1, 2, 3), (1, 1))),
        lambda: layers.UpSampling1D(0),
        lambda: layers.UpSampling2D(2, interpolation="linear"),
        lambda: layers.Resizing(0, 5),
        lambda: layers.Resizing(5, 5, fill_mode="reflect"),
        lambda: layers.Resizing(5, 5, fill_value="x"),
        lambda: layers.Resizing(5, 5, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True),
    ],
)
def test_arguments_that_make_no_sense(make):
    with pytest.raises(ArgumentError, match=r"expected:|fix:"):
        make()


def test_unknown_lengths_stay_unknown():
    shapes = {
        layers.MaxPooling2D(2): (None, None, 2, 3),
        layers.AveragePooling2D(3, 2, "same"): (None, None, 2, 3),
        layers.ZeroPadding2D(1): (None, None, 6, 3),
        layers.Cropping2D(1): (None, None, 2, 3),
        layers.UpSampling2D(2): (None, None, 8, 3),
        layers.AdaptiveMaxPooling2D(2): (None, 2, 2, 3),
        layers.GlobalMaxPooling2D(): (None, 3),
        layers.Resizing(7, 8): (None, 7, 8, 3),
    }
    for layer, wanted in shapes.items():
        assert layer.compute_output_shape((None, None, 4, 3)) == wanted, layer


def test_masked_steps_do_not_count():
    """Masked equals shorter, whatever stands in the steps; of no steps the mean is 0."""
    x = np.random.default_rng(0).normal(size=(3, 5, 2))
    mask = np.array([[True] * 5, [True, True, False, False, False], [False] * 5])
    x[1, 2:] = np.nan
    layer = layers.GlobalAveragePooling1D(dtype="float64")
    y = layer(x, mask=mask)
    np.testing.assert_allclose(y[0], x[0].mean(0), rtol=1e-15)
    np.testing.assert_allclose(y[1], x[1, :2].mean(0), rtol=1e-15)
    np.testing.assert_array_equal(y[2], [0.0, 0.0])
    kept = layers.GlobalAveragePooling1D(keepdims=True, dtype="float64")(x, mask=mask)
    np.testing.assert_array_equal(kept[:, 0], y)
    _, back = vjp(lambda x: layer(x, mask=mask), x)
    d_x = back(np.ones((3, 2)))
    np.testing.assert_array_equal(d_x[1], [[0.5, 0.5]] * 2 + [[0.0, 0.0]] * 3)
    np.testing.assert_array_equal(d_x[2], np.zeros((5, 2)))
    with pytest.raises(ShapeError, match="the mask does not fit the input"):
        layer(x, mask=mask[:, :4])


def test_keras_names_layers_so():
    names = {layers.MaxPool2D: "max_pooling2d", layers.GlobalAvgPool1D: "global_average_pooling1d"}
    for kind, name in names.items():
        layer = kind(2) if kind is layers.MaxPool2D else kind()
        assert layer.name == name
