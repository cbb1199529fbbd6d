"""Convolutions beyond the tables: any geometry against plain loops, messages, memory, and the form
of the compiled program."""

from __future__ import annotations

import itertools
import math
import re
import tracemalloc

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import chainrule as cr
from chainrule import layers, ops
from chainrule.chain import record, vjp
from chainrule.errors import ArgumentError, ShapeError
from chainrule.ops import conv_forms

# --- any geometry, against a plain loop ----------------------------------------------------------


def windows_of(n, size, stride, dilation, padding):
    """For each window the places it takes in an axis of n numbers; None stands for a zero."""
    reach = (size - 1) * dilation + 1
    if padding == "same":
        count = math.ceil(n / stride)
        total = max((count - 1) * stride + reach - n, 0)
        padding = (total // 2, total - total // 2)
    elif padding == "causal":
        padding = (reach - 1, 0)
    elif padding == "valid":
        padding = (0, 0)
    places = [None] * padding[0] + list(range(n)) + [None] * padding[1]
    starts = range(0, len(places) - reach + 1, stride)
    return [[places[i + k * dilation] for k in range(size)] for i in starts]


def looped(x, kernel, draw, strides, padding, dilation_rate):
    """y, a d_y that is drawn, and what the loss Σ y·d_y gives for x and kernel, one by one."""
    *sizes, inner, filters = kernel.shape
    groups = x.shape[-1] // inner
    pads = [padding] * len(sizes) if isinstance(padding, str) else padding
    axes = [
        windows_of(*of)
        for of in zip(x.shape[1:-1], sizes, strides, dilation_rate, pads, strict=True)
    ]
    y = np.zeros((len(x), *map(len, axes), filters))
    d_x, d_kernel = np.zeros_like(x), np.zeros_like(kernel)
    d_y = draw(size=y.shape)
    for at in itertools.product(*map(range, y.shape)):
        sample, *window, filter_ = at
        group = filter_ // (filters // groups)
        channels = slice(group * inner, (group + 1) * inner)
        for k in itertools.product(*map(range, sizes)):
            place = [axis[w][p] for axis, w, p in zip(axes, window, k, strict=True)]
            if None not in place:
                here = (sample, *place, channels)
                weights = (*k, slice(None), filter_)
                y[at] += x[here] @ kernel[weights]
                d_x[here] += d_y[at] * kernel[weights]
                d_kernel[weights] += d_y[at] * x[here]
    return d_y, (y, d_x, d_kernel)


@st.composite
def geometries(draw):
    ndim = draw(st.integers(1, 3))
    sizes = draw(st.tuples(*[st.integers(1, 3)] * ndim))
    lengths = draw(st.tuples(*[st.integers(1, 7 if ndim < 3 else 4)] * ndim))
    strides = draw(st.tuples(*[st.integers(1, 3)] * ndim))
    dilation = draw(st.tuples(*[st.integers(1, 2)] * ndim))
    pairs = st.tuples(*[st.tuples(st.integers(0, 3), st.integers(0, 3))] * ndim)
    words = ["valid", "same", *(["causal"] if ndim == 1 else [])]
    padding = draw(st.one_of(st.sampled_from(words), pairs))
    groups, inner = draw(st.sampled_from([(1, 1), (1, 3), (2, 2), (3, 1)]))
    filters = groups * draw(st.integers(1, 2))
    for of in zip(
        lengths, sizes, strides, dilation,
        [padding] * ndim if isinstance(padding, str) else padding, strict=True,
    ):  # fmt: skip
        assume(windows_of(*of))
    samples = draw(st.integers(1, 3))
    return (samples, *lengths, groups * inner), (*sizes, inner, filters), strides, padding, dilation


@settings(max_examples=120, deadline=None, database=None, derandomize=True)
@given(geometries(), st.integers(0, 2**31))
def test_any_geometry(geometry, seed):
    """Value, gradients and composition; and the transposed one is the gradient of this."""
    x_shape, kernel_shape, strides, padding, dilation = geometry
    rng = np.random.default_rng(seed)
    x, kernel = rng.normal(size=x_shape), rng.normal(size=kernel_shape)
    d_y, expected = looped(x, kernel, rng.normal, strides, padding, dilation)

    def run(x, kernel):
        return ops.conv(x, kernel, strides, padding, dilation_rate=dilation)

    y, back = vjp(run, x, kernel)
    for ours, wanted in zip((y, *back(d_y)), expected, strict=True):
        np.testing.assert_allclose(ours, wanted, rtol=1e-11, atol=1e-11)
    with record(fuse=False) as tape:
        inputs = [tape.watch(x), tape.watch(kernel)]
        composed = run(*inputs)
    found = (composed.value, *tape.gradients(composed, inputs, d_y))
    for ours, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, wanted, rtol=1e-11, atol=1e-11)


GEOMETRIES = [
    # x, kernel, strides, padding, dilation
    ((3, 9, 8, 1), (5, 5, 1, 6), 1, "same", 1),
    ((3, 9, 13, 1), (3, 4, 1, 2), (1, 2), "valid", 1),
    ((2, 9, 8, 3), (3, 3, 3, 4), 2, "same", 1),
    ((2, 8, 8, 2), (3, 3, 2, 2), 1, "same", 2),
    ((2, 8, 9, 2), (2, 3, 2, 2), (3, 2), ((3, 0), (0, 4)), 1),
    ((2, 7, 7, 16), (3, 3, 16, 8), 1, "valid", 1),
    ((2, 7, 7, 6), (3, 3, 2, 6), 2, "same", 1),
    ((2, 7, 7, 4), (3, 3, 1, 8), 2, "same", 1),
    ((2, 7, 7, 3), (3, 3, 1, 3), 1, "valid", 2),
    ((2, 31, 2), (3, 2, 4), 1, "causal", 4),
    ((2, 30, 1), (4, 1, 4), 3, "same", 1),
    ((1, 5, 6, 7, 2), (2, 3, 3, 2, 3), (1, 2, 1), "same", 1),
    ((3, 4, 4, 5), (1, 1, 5, 7), 1, "valid", 1),
    ((3, 5, 5, 5), (1, 1, 5, 2), 2, "same", 1),
]


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
def test_every_form_of_the_compiled_program_agrees_with_numpy(geometry):
    """Each of the forms that XLA is given, by number of channels, stride and dilation."""
    jax = pytest.importorskip("jax")
    x_shape, kernel_shape, strides, padding, dilation = geometry
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=x_shape), rng.normal(size=kernel_shape)

    def both(x, kernel, d_y=None):
        y, back = vjp(lambda *a: ops.conv(*a, strides, padding, dilation_rate=dilation), x, kernel)
        m = cr.arrays.xp(y)
        return (y, *back(m.cos(m.arange(y.size) * 1.0).reshape(y.shape)))

    with jax.enable_x64(True):
        there = jax.jit(both)(x, kernel)
    for a, b in zip(there, both(x, kernel), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("rows", [0, 1])
def test_a_batch_without_samples(rows):
    y, back = vjp(ops.conv, np.zeros((rows, 5, 5, 2)), np.ones((3, 3, 2, 4)))
    assert y.shape == (rows, 3, 3, 4)
    d_x, d_kernel = back(np.zeros(y.shape))
    assert d_x.shape == (rows, 5, 5, 2)
    np.testing.assert_array_equal(d_kernel, np.zeros((3, 3, 2, 4)))


def test_a_gradient_that_is_itself_recorded():
    """d_y on a tape further out: the rule is differentiated, not the composition."""
    rng = np.random.default_rng(1)
    x, kernel = rng.normal(size=(1, 4, 4, 2)), rng.normal(size=(3, 3, 2, 2))
    _, back = vjp(ops.conv, x, kernel)
    d_y = rng.normal(size=(1, 2, 2, 2))
    d_x, again = vjp(lambda d: back(d)[0], d_y)
    np.testing.assert_allclose(d_x, back(d_y)[0])
    np.testing.assert_allclose(again(x), ops.conv(x, kernel), rtol=1e-12)  # ⟨Kᵀd, x⟩ = ⟨d, K x⟩
    _, again = vjp(lambda d: back(d)[1], d_y)
    np.testing.assert_allclose(again(kernel), ops.conv(x, kernel), rtol=1e-12)


def test_same_padding_of_even_kernels_stands_as_in_tensorflow():
    """The odd zero goes to the end: the first window of an even kernel begins at the first number."""
    x = np.arange(1.0, 6.0).reshape(1, 5, 1)
    ones = np.ones((4, 1, 1))
    assert ops.conv(x, ones, padding="same")[0, :, 0].tolist() == [6, 10, 14, 12, 9]
    assert ops.conv(x, ones, 2, padding="same")[0, :, 0].tolist() == [6, 14, 9]


def test_causal_sees_nothing_that_comes_later():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(1, 12, 2))
    layer = layers.Conv1D(3, 4, padding="causal", dilation_rate=2)
    y = layer(x)
    for t in range(12):
        changed = x.copy()
        changed[:, t] += 1.0
        differs = np.any(layer(changed) != y, axis=-1)[0]
        assert not differs[:t].any()
        assert differs[t]


def test_one_window_can_be_read_in_the_composition():
    """A row of the laid out windows times the kernel as a matrix is one pixel of the output."""
    x, kernel = np.arange(18.0).reshape(1, 3, 3, 2), np.arange(8.0).reshape(2, 2, 2, 1)
    with record(fuse=False) as tape:
        y = ops.conv(tape.watch(x), kernel)
    product = tape.calls[-1]
    assert product.operation is ops.matmul
    window = product.args[0].value[0, 1, 0]
    np.testing.assert_array_equal(window, x[0, 1:3, 0:2].reshape(-1))
    assert y.value[0, 1, 0, 0] == window @ kernel.reshape(-1)


# --- memory --------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(64, 20, 20, 4), (1, 96, 96, 8)], ids=["samples", "rows"])
def test_no_buffer_exceeds_input_plus_output(shape):
    """All windows together would be 25 times the input; only a block of them exists at a time."""
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=shape), rng.normal(size=(5, 5, shape[-1], 8))
    y, back = vjp(ops.conv, x, kernel)
    d_y = np.ones_like(y)

    def peak(run):
        run()
        tracemalloc.start()
        try:
            run()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    both = x.nbytes + y.nbytes
    # the result itself, a block of windows, its product, and NumPy's own
    assert peak(lambda: ops.conv(x, kernel)) < y.nbytes + 1.5 * both
    assert peak(lambda: back(d_y)) < x.nbytes + 2.5 * both


# --- layers: messages ----------------------------------------------------------------------------


def message(kind, run):
    with pytest.raises(kind) as caught:
        run()
    return re.sub(r" \(made at [^)]*\)", "", str(caught.value))


def test_the_classic_image_without_channels():
    layer = layers.Conv2D(4, 3, name="c1")
    assert message(ShapeError, lambda: layer(np.zeros((8, 28, 28)))) == (
        "Conv2D 'c1': the input has the wrong number of axes\n"
        "  expected: (batch, height, width, channels)\n"
        "  received: (None, 28, 28)\n"
        "  fix: x[..., None] adds the axis of a single channel"
    )


def test_the_same_in_a_model_before_anything_runs():
    text = message(
        ShapeError, lambda: cr.Sequential([cr.Input((28, 28)), layers.Conv2D(4, 3, name="c1")])
    )
    assert "x[..., None] adds the axis of a single channel" in text


def test_a_kernel_larger_than_the_image():
    layer = layers.Conv2D(4, (5, 3), name="c1", dilation_rate=(2, 1))
    assert message(ShapeError, lambda: layer(np.zeros((1, 8, 8, 1)))) == (
        "Conv2D 'c1': the kernel is larger than the input\n"
        "  expected: at least (9, 3) numbers (a kernel of (5, 3), dilated)\n"
        "  received: (8, 8)\n"
        "  fix: use padding='same', a smaller kernel, or fewer layers that shrink before it"
    )
    with pytest.raises(ShapeError, match="conv: the kernel is larger than the input"):
        ops.conv(np.zeros((1, 2, 2, 1)), np.zeros((3, 3, 1, 1)))


def test_an_image_of_no_pixels():
    with pytest.raises(ShapeError, match="the kernel is larger than the input"):
        layers.Conv1D(2, 1, padding="same")(np.zeros((1, 0, 2)))


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: layers.Conv2D(3, 3, groups=2), "the filters do not divide into groups"),
        (lambda: layers.Conv2D(0, 3), "filters does not fit"),
        (lambda: layers.Conv2D(2, (3, 3, 3)), "kernel_size does not fit"),
        (lambda: layers.Conv2D(2, 0), "kernel_size does not fit"),
        (lambda: layers.Conv2D(2, 3, strides=1.5), "strides does not fit"),
        (lambda: layers.Conv2D(2, 3, 2, dilation_rate=2), "strides and dilation_rate cannot both"),
        (lambda: layers.Conv2DTranspose(2, 3, 2, dilation_rate=2), "cannot both be above 1"),
        (lambda: layers.Conv2D(2, 3, padding="causal"), "padding has an unknown value"),
        (lambda: layers.Conv2D(2, 3, padding="sane"), "did you mean 'same'"),
        (lambda: layers.Conv2D(2, 3, padding=((1, 1),)), "padding does not fit"),
        (
            lambda: layers.Conv2D(2, 3, data_format="channels_first"),
            "hold their channels in the last axis",
        ),
        (lambda: layers.DepthwiseConv2D(3, depth_multiplier=0), "depth_multiplier does not fit"),
        (lambda: layers.Conv2DTranspose(2, 3, 2, output_padding=2), "less than the stride"),
        (lambda: layers.Conv2DTranspose(2, 3, padding=((0, 0), (1, 1))), "padding has an unknown"),
    ],
)
def test_arguments_that_are_none(make, text):
    said = message(ArgumentError, make)
    assert text in said
    assert said.split(" '")[0].split(":")[0] in ("Conv2D", "DepthwiseConv2D", "Conv2DTranspose")


def test_channels_that_do_not_divide_into_groups():
    layer = layers.Conv2D(4, 3, groups=2, name="c1")
    assert message(ShapeError, lambda: layer(np.zeros((1, 8, 8, 3)))) == (
        "Conv2D 'c1': the channels do not divide into groups\n"
        "  expected: channels that are a multiple of groups=2\n"
        "  received: (None, 8, 8, 3)"
    )


def test_other_channels_than_it_was_built_for():
    layer = layers.Conv2D(4, 3, name="c1")
    layer(np.zeros((1, 8, 8, 3)))
    assert message(ShapeError, lambda: layer(np.zeros((1, 8, 8, 1)))) == (
        "Conv2D 'c1': the input has the wrong number of channels\n"
        "  expected: (batch, height, width, 3)\n"
        "  received: (1, 8, 8, 1)"
    )


@pytest.mark.parametrize(
    ("run", "text"),
    [
        (lambda: ops.conv(np.zeros((2, 5, 5)), np.zeros((3, 3, 1, 2))), "x[..., None]"),
        (lambda: ops.conv(np.zeros((2, 5)), np.zeros((3, 2))), "1 to 3 axes between"),
        (lambda: ops.conv(np.zeros((2, 5, 5, 3)), np.zeros((3, 3, 2, 2))), "2 channels"),
        (lambda: ops.conv(np.zeros((2, 5, 4)), np.zeros((3, 2, 3))), "groups divide the 3 filters"),
        (
            lambda: ops.conv_transpose(np.zeros((2, 5, 4)), np.zeros((3, 2, 3))),
            "conv_transpose: the channels do not fit the kernel",
        ),
        (
            lambda: ops.depthwise_conv(np.zeros((2, 5, 4)), np.zeros((3, 2, 3))),
            "depthwise_conv: the kernel does not fit the channels",
        ),
        (
            lambda: ops.separable_conv(
                np.zeros((2, 5, 4)), np.zeros((3, 4, 1)), np.zeros((2, 4, 1))
            ),
            "separable_conv: the pointwise kernel has a window",
        ),
    ],
)
def test_arrays_that_do_not_fit(run, text):
    assert text in message(ShapeError, run)


def test_unknown_lengths_stay_unknown():
    conv = layers.Conv2D(4, 3, padding="same", strides=2)
    assert conv.compute_output_shape((None, None, 9, 1)) == (None, None, 5, 4)
    larger = layers.Conv2DTranspose(4, 3, padding="same", strides=2)
    assert larger.compute_output_shape((None, None, 9, 1)) == (None, None, 18, 4)
    gated = layers.Conv1D(4, 1, activation="glu")
    assert gated.compute_output_shape((None, 3, 1)) == (None, 3, 2) == (None, *gated(
        np.zeros((1, 3, 1))).shape[1:])  # fmt: skip


def test_first_values_know_their_window():
    """Glorot: ±√(6/(fan_in + fan_out)), fans counted over the whole window."""
    layer = layers.Conv2D(64, 5)
    layer.build((None, 8, 8, 16))
    limit = np.sqrt(6 / (25 * 16 + 25 * 64))
    kernel = layer.kernel.numpy()
    assert 0.97 * limit < np.abs(kernel).max() <= limit


# --- the compiled program ------------------------------------------------------------------------

# XLA:CPU hands a convolution to a library only in this form. With other labels, with groups or
# with a window turned round it becomes a plain loop, 8 to 40 times slower. Nothing else in the text
# says which: the operation is called `convolution` either way.
CANONICAL = {"b0f_0io->b0f", "b01f_01io->b01f", "b012f_012io->b012f"}


def naive_convolutions(text):
    """Lines of a compiled program whose convolution no library takes."""
    found = [line.strip() for line in text.splitlines() if " convolution(" in line]
    return [
        line
        for line in found
        if re.search(r"dim_labels=([^,\s]+)", line).group(1) not in CANONICAL
        or re.search(r"group_count=|rhs_reversal|lhs_dilate", line)
    ]


def epoch_text(model, x, y):
    """The program of an epoch of `fit`, as the compiler wrote it."""
    import jax

    texts, compiled = [], jax.jit

    def jit(function, **how):
        program = compiled(function, **how)

        def run(*args):
            texts.append(program.lower(*args).compile().as_text())
            return program(*args)

        return run

    jax.jit = jit
    try:
        model.fit(x, y, batch_size=4, epochs=1, verbose=0, engine="xla")
    finally:
        jax.jit = compiled
    return "\n".join(texts)


def small_cnn():
    """Thin and wide inputs, strides, groups, channels on their own, dilation, a larger output."""
    return cr.Sequential(
        [
            cr.Input((12, 12, 1)),
            layers.Conv2D(6, 5, padding="same", activation="relu"),
            layers.Conv2D(16, 3, strides=2, padding="same"),
            layers.Conv2D(8, 3, groups=2, padding="same"),
            layers.DepthwiseConv2D(3, strides=2, padding="same"),
            layers.Conv2D(4, 2, dilation_rate=2, padding="same"),
            layers.Conv2DTranspose(3, 3, strides=2),
            layers.SeparableConv2D(4, 3),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )


@pytest.mark.usefixtures("as_users_compile")
def test_the_compiled_epoch_holds_no_naive_convolution_loop():
    pytest.importorskip("jax")
    model = small_cnn()
    model.compile("adam", "mse")
    rng = np.random.default_rng(0)
    text = epoch_text(model, rng.normal(size=(8, 12, 12, 1)), rng.normal(size=(8, 3)))
    assert " while(" in text  # the epoch is one program
    assert text.count(" convolution(") > 5
    assert naive_convolutions(text) == []


@pytest.mark.usefixtures("as_users_compile")
def test_a_naive_convolution_would_be_found():
    """What jax.grad makes of a convolution, in a loop."""
    jax = pytest.importorskip("jax")
    lax, numpy = jax.lax, jax.numpy

    def conv(x, kernel, **more):
        names = ("NHWC", "HWIO", "NHWC")
        return lax.conv_general_dilated(x, kernel, (1, 1), "VALID", dimension_numbers=names, **more)

    def found(step, *args):
        def run(*args):
            first = args[0]
            return lax.fori_loop(0, 3, lambda _, t: t + step(first + t, *args[1:]).sum(), 0.0)

        return naive_convolutions(jax.jit(run).lower(*args).compile().as_text())

    x, kernel = numpy.ones((4, 9, 9, 4)), numpy.ones((3, 3, 4, 4))
    assert found(conv, x, kernel) == []
    assert found(lambda x, k: jax.grad(lambda k: conv(x, k).sum())(k), x, kernel)
    thin = numpy.ones((3, 3, 1, 4))
    assert found(lambda x, k: conv(x, k, feature_group_count=4), x, thin)


@pytest.mark.usefixtures("as_users_compile")
@pytest.mark.parametrize("channels", [1, 3, 16])
def test_no_buffer_of_the_compiled_rules_exceeds_input_plus_output(channels):
    """Value and gradients of one layer; all windows together would be 25 times the input."""
    jax = pytest.importorskip("jax")
    x, kernel = np.ones((32, 28, 28, channels), "f4"), np.ones((5, 5, channels, 6), "f4")

    def run(x, kernel):
        y, back = vjp(lambda *a: ops.conv(*a, padding="same"), x, kernel)
        return (y, *back(y))

    text = jax.jit(run).lower(x, kernel).compile().as_text()
    sizes = [
        math.prod(map(int, dims.split(",")))
        for dims in re.findall(r"= f32\[([\d,]+)\]\S* (?!parameter)", entry(text))
    ]
    assert max(sizes) <= x.size + 32 * 28 * 28 * 6


def entry(text):
    """The computation that runs; what stands inside a fusion is never stored."""
    return text[text.index("ENTRY ") :]


@pytest.mark.parametrize("limit", [1, 7, 24, 25, 60, 1000])
@pytest.mark.parametrize(("samples", "rows", "numbers"), [(5, 3, 8), (4, 1, 30), (1, 6, 4)])
def test_blocks_of_windows_are_as_large_as_they_may_be(samples, rows, numbers, limit):
    """Every row of every sample once; no two neighbours would have fitted into one block."""
    blocks = list(conv_forms._blocks(samples, rows, numbers, limit))
    held = [[(s, r) for s in range(samples)[a] for r in range(rows)[b]] for a, b in blocks]
    assert [place for block in held for place in block] == list(np.ndindex(samples, rows))
    assert all(len(block) * numbers <= limit or len(block) == 1 for block in held)
    whole = rows * numbers <= limit
    for one, other in itertools.pairwise(held):
        together = (len(one) + (rows if whole else 1)) * numbers
        assert together > limit or (not whole and one[0][0] != other[0][0])
