"""What a row of the table cannot say of the rarer operations."""

from __future__ import annotations

import importlib
import inspect

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops
from chainrule.errors import ChainruleError
from keras_arguments import ARGUMENTS


def test_what_depends_on_values_runs_on_numpy_and_is_refused_in_a_program():
    jax = pytest.importorskip("jax")
    np.testing.assert_array_equal(ops.nonzero([0, 3, 0, 1])[0], [1, 3])
    np.testing.assert_array_equal(ops.unique([3, 1, 3]), [1, 3])
    for run in (ops.nonzero, ops.unique, ops.bincount):
        with pytest.raises(ChainruleError, match="depends on values"):
            jax.jit(run)(np.array([1, 0, 1]))


@pytest.mark.parametrize(
    "starts", [tuple, ops.stack, lambda s: [s[0], 2]], ids=["", "array", "mixed"]
)
def test_a_block_that_begins_where_a_program_says(starts):
    jax = pytest.importorskip("jax")
    x, u = np.arange(12, dtype="float32").reshape(3, 4), -np.ones((2, 2), "float32")
    wanted = x.copy()
    wanted[1:3, 2:4] = -1

    @jax.jit
    def both(s):
        begin = starts([s, s + 1])
        return ops.slice(x, begin, (2, 2)), ops.slice_update(x, begin, u)

    taken, written = both(np.int32(1))
    np.testing.assert_array_equal(taken, x[1:3, 2:4])
    np.testing.assert_array_equal(written, wanted)
    np.testing.assert_array_equal(ops.slice(x[0], 1, 2), [1, 2])  # of one axis one number


def test_every_operation_stands_in_a_graph_of_layers_as_one_call():
    """What is no `op` is `composite`, but for what makes arrays and what only looks at one."""
    functions = {name for name in ops.__all__ if inspect.isfunction(getattr(ops, name))}
    plain = {name for name in functions if not hasattr(getattr(ops, name), "__wrapped__")}
    makes = "arange bartlett blackman empty eye geomspace hamming hanning kaiser linspace logspace"
    looks = "convert_to_numpy dtype is_tensor logits_behind ndim shape size stop_gradient"
    assert plain == set(f"{makes} {looks} ones tri zeros".split())


def test_the_gradient_of_unique_goes_to_the_first_of_equals():
    _, back = cr.vjp(ops.unique, np.array([3.0, 1.0, 3.0]))
    np.testing.assert_array_equal(back(np.array([5.0, 7.0])), [7.0, 5.0, 0.0])


def test_what_an_array_is():
    x = np.zeros((2, 3), "float32")
    assert (ops.ndim(x), ops.size(x), ops.dtype(x), ops.is_tensor(x)) == (2, 6, "float32", True)
    assert ops.convert_to_numpy(x) is not x
    assert ops.convert_to_tensor(x) is x


def test_every_late_name_stands_in_its_file():
    for file, names in ops._LATE.items():
        assert sorted(names.split()) == sorted(
            importlib.import_module(f"chainrule.ops.{file}").__all__
        )


REFUSED = {
    "inv: the matrix is singular": lambda: ops.inv([[1.0, 2.0], [2.0, 4.0]]),
    "solve: the matrix is singular": lambda: ops.solve([[0.0]], [1.0]),
    "cholesky: the matrix is not symmetric": lambda: ops.cholesky([[1.0, 2.0], [0.0, 1.0]]),
    "cholesky: the matrix is not positive definite": lambda: ops.cholesky([[1.0, 2.0], [2.0, 1.0]]),
    "eigh: these are no square matrices": lambda: ops.eigh(np.ones((2, 3))),
    "solve: the right side does not fit": lambda: ops.solve(np.eye(3), np.ones(2)),
    "no derivative of lu_factor": lambda: _slope(lambda x: ops.lu_factor(x)[0], np.eye(2)),
    "no derivative of qr with more": lambda: _slope(lambda x: ops.qr(x)[0], np.ones((2, 3))),
    "no derivative of the full": lambda: _slope(lambda x: ops.svd(x)[0], np.ones((2, 3))),
    "two of the three numbers of each axis": lambda: ops.crop_images(
        np.ones((1, 4, 4, 1)), 1, 1, 1, 1, 2, 2
    ),
    "the margins do not fit": lambda: ops.crop_images(np.ones((1, 4, 4, 1)), 2, 0, 2, 0),
    "no derivative of i0": lambda: _slope(ops.i0, np.ones(2)),
    "only whole numbers and truth values have bits": lambda: ops.bitwise_and([1.0], [1]),
    "expected: kth from -3 to 2": lambda: ops.argpartition([3.0, 1.0, 2.0], 3),
    r"trapezoid: .*\n  expected: \(2, 3\), or a row of 3\n  received: \(2,\)": lambda: (
        ops.trapezoid(np.ones((2, 3)), [0.0, 1.0])
    ),
    r"quantile: q must lie between 0 and 1\n  received: 1.5": lambda: ops.quantile([1.0, 2.0], 1.5),
    r"percentile: q must lie between 0 and 100\n  received: \[-1.0\]": lambda: ops.percentile(
        [1.0, 2.0], [-1]
    ),
    r"q must lie between 0 and 1\n  received: \[\[0.5\]\]": lambda: ops.nanquantile([1.0], [[0.5]]),
    r"expected: 4 bytes a number\n  received: int8, 1 bytes": lambda: ops.view(
        np.ones(2, "float32"), "int8"
    ),
    r"expected: 4 bytes a number\n  received: float64, 8 bytes": lambda: ops.view(
        np.ones(2, "float32"), "float64"
    ),
    r"received: ord=-1 over 1 axes": lambda: ops.norm([3.0, 0.0, 4.0], -1),
    r"expected: targets of shape \(2,\)\n  received: \(3,\)": lambda: ops.in_top_k(
        [0, 1, 2], np.ones((2, 3)), 1
    ),
    "ctc_loss": lambda: ops.ctc_loss([[1, 2, 2]], np.zeros((1, 3, 3)), [3], [3]),
    r"expected: labels of shape \(2, 3\)\n": lambda: ops.sparse_softmax_cross_entropy(
        np.ones((2, 3, 4)), [0, 1]
    ),
    r"received: no xs$": lambda: ops.scan(lambda c, x: (c, x), 0.0),
    r"received: \(3,\); length=4$": lambda: ops.scan(
        lambda c, x: (c, x), 0.0, np.arange(3), length=4
    ),
    r"received: \(0, 3\) to \(-1, -1, 0\)": lambda: ops.reshape(np.zeros((0, 3)), (-1, -1, 0)),
    "only whole numbers from 0 can be counted": lambda: ops.bincount([1, -1]),
    r"received: dtype int64, shape \(\)": lambda: ops.bincount(np.int64(2)),
    r"received: \(2, 3\) and \(3,\)": lambda: ops.cdist(np.ones((2, 3)), np.ones(3)),
    r"received: \(3,\) and \(2, 3\)": lambda: ops.cdist(np.ones(3), np.ones((2, 3))),
    r"received: \(2, 1\), \(2, 4, 3\), \(2,\), \(1,\)": lambda: ops.ctc_loss(
        np.ones((2, 1), int), np.ones((2, 4, 3)), [1, 1], [4]
    ),
    r"received: \(2, 1\), \(2, 4, 3\), \(1,\), \(2,\)": lambda: ops.ctc_loss(
        np.ones((2, 1), int), np.ones((2, 4, 3)), [1], [4, 4]
    ),
    "received: 1 starts, 2 lengths": lambda: ops.slice(np.ones((2, 3)), (0,), (1, 1)),
    "received: 2 starts, 1 lengths": lambda: ops.slice(np.ones((2, 3)), (0, 0), (1,)),
    "received: 5 of shape": lambda: ops.take([1.0, 2.0], [[5, 7]]),
    "the logarithm of 0 has": lambda: _slope(lambda x: ops.slogdet(x)[1], np.zeros((2, 2))),
}


def _slope(function, x):
    y, back = cr.vjp(function, x)
    return back(np.ones_like(y))


@pytest.mark.parametrize("text", REFUSED)
def test_matrices_that_have_no_answer(text):
    with pytest.raises(ChainruleError, match=text):
        REFUSED[text]()


def test_vectors_of_equal_values_have_no_derivative_but_the_values_have():
    x = np.eye(2)
    assert np.isnan(_slope(lambda x: ops.eigh(x)[1], x)).any()
    np.testing.assert_allclose(_slope(lambda x: ops.eigh(x)[0], x), np.eye(2), atol=1e-15)


def test_other_forms_of_matrices():
    x = np.array([[4.0, 2.0], [2.0, 5.0]])
    np.testing.assert_array_equal(ops.cholesky(x, upper=True), [[2.0, 1.0], [0.0, 2.0]])
    several = np.stack([ops.cholesky(x), np.eye(2), 2 * np.eye(2)])
    for upper in (False, True):
        given = several.transpose(0, 2, 1) if upper else several
        np.testing.assert_allclose(
            ops.cholesky_inverse(given, upper=upper), np.linalg.inv([x, np.eye(2), 4 * np.eye(2)])
        )
    np.testing.assert_allclose(ops.norm(x, "nuc"), 9.0)  # the trace, of a positive matrix
    np.testing.assert_allclose(ops.norm(x, -2, keepdims=True), [[(9 - 17**0.5) / 2]])


@pytest.mark.parametrize("order", [2, 3, 1.5])
def test_the_norm_of_nothing_is_flat(order):
    np.testing.assert_array_equal(_slope(lambda x: ops.norm(x, order, 0), np.zeros(3)), np.zeros(3))


def test_products_with_a_single_number():
    for product in (ops.inner, ops.dot):
        np.testing.assert_array_equal(product(2.0, [1.0, 3.0]), [2.0, 6.0])
        np.testing.assert_array_equal(product([1.0, 3.0], 2.0), [2.0, 6.0])


def test_blocks_of_one_pixel_change_nothing():
    x = np.arange(12.0).reshape(1, 2, 2, 3)
    np.testing.assert_array_equal(ops.depth_to_space(x, 1), x)
    np.testing.assert_array_equal(ops.space_to_depth(x, 1), x)


def test_one_length_may_be_left_to_no_numbers():
    assert ops.reshape(np.zeros((0, 3)), (-1, 0)).shape == (0, 0)


@pytest.mark.parametrize(
    ("x", "dtype", "wanted"),
    [
        (np.array([1e6, -1e6, 0.5]), "float16", [65504.0, -65504.0, 0.5]),
        (np.array([np.inf, -2.0], "float16"), "float32", [np.inf, -2.0]),
        (np.array([300, -5, 7]), "uint8", [255, 0, 7]),
        (np.array([300, 5], "uint16"), "int8", [127, 5]),
        (np.array([300, -5], "int32"), "float16", [300.0, -5.0]),
        (np.array([True, False]), "int16", [1, 0]),
    ],
    ids=lambda v: str(v).replace(" ", ""),
)
def test_what_is_beyond_a_type_is_moved_to_its_end(x, dtype, wanted):
    y = ops.saturate_cast(x, dtype)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y, wanted)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [(-(2**31), "int32"), (2**31 - 1, "int32"), (-(2**31) - 1, "int64"), (2**31, "int64")],
)
def test_whole_numbers_of_python_that_fit_are_int32(value, dtype):
    assert ops.array([value, 0]).dtype == dtype
    assert ops.array([value, 0])[0] == value


def test_whole_numbers_are_matrices_too():
    assert ops.inv([[2, 0], [0, 4]]).dtype == "float32"
    one = np.arange(9.0).reshape(3, 3) % 5
    for x in (one[None], np.stack([one, one.T])):  # one, and fewer than they are long
        for lu, pivots, whole in zip(*ops.lu_factor(x), x, strict=True):
            lower, upper = np.tril(lu, -1) + np.eye(3), np.triu(lu)
            rows = [0, 1, 2]
            for i, p in enumerate(pivots):
                rows[i], rows[p] = rows[p], rows[i]
            np.testing.assert_allclose(lower @ upper, whole[rows], atol=1e-15)


def test_a_blank_must_stand_between_equal_labels_only():
    """One path of three frames spells 1 2 1, each frame with a third: −ln 1/27."""
    loss = ops.ctc_loss([[1, 2, 1]], np.zeros((1, 3, 3)), [3], [3])
    np.testing.assert_allclose(loss, [np.log(27)], rtol=1e-6)


@pytest.mark.parametrize("method", ["linear", "lower", "higher", "midpoint", "nearest"])
def test_quantiles_of_what_is_not_nan(method):
    x = np.random.default_rng(4).normal(size=(5, 8))
    x[np.random.default_rng(5).random(x.shape) < 0.3] = np.nan
    q = [0.0, 0.1, 0.5, 0.77, 1.0]
    np.testing.assert_allclose(
        ops.nanquantile(x, q, axis=1, method=method), np.nanquantile(x, q, axis=1, method=method)
    )


@pytest.mark.parametrize("window", [254, 255, 300])
def test_the_derivative_of_the_largest_of_many_cells(window):
    """Which cell it was is kept in one byte where that is enough."""
    x = np.random.default_rng(3).permutation(2 * window).astype(float).reshape(1, -1, 1)
    d = _slope(lambda x: ops.max_pool(x, window), x)
    halves = x.reshape(2, window)
    wanted = np.arange(window) == halves.argmax(axis=1)[:, None]
    np.testing.assert_array_equal(d.reshape(2, window), wanted)


def test_no_index_of_ours_hides_an_error_of_another_kind():
    with pytest.raises(ChainruleError, match="the index does not fit"):
        ops.getitem(np.ones(3), (0, 0))
    with pytest.raises(ChainruleError, match="the index does not fit"):
        ops.getitem(np.ones(3), ([0.5],))


@pytest.mark.parametrize("mode", ["valid", "same", "full"])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_correlations_of_rows_are_numpys(mode, n):
    x, y = np.arange(1.0, 7.0), np.array([2.0, -1.0, 0.5, 3.0, 1.0])[:n]
    np.testing.assert_allclose(ops.correlate(x, y, mode), np.correlate(x, y, mode))
    np.testing.assert_allclose(ops.correlate(y, x, mode), np.correlate(y, x, mode))


def test_the_ends_of_the_inverse_error_function():
    np.testing.assert_array_equal(ops.erfinv([1.0, -1.0, 2.0]), [np.inf, -np.inf, np.nan])


def test_rows_are_normalized_along_the_last_axis():
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    np.testing.assert_allclose((ops.normalize(x) ** 2).sum(axis=-1), 1.0)


def test_attention_to_nothing_is_nothing():
    q, none = np.ones((1, 2, 1, 3)), np.ones((1, 0, 1, 3))
    np.testing.assert_array_equal(ops.dot_product_attention(q, none, none), np.zeros_like(q))


def test_places_in_the_flattened_array():
    found = ops.unravel_index([0, 5, -1, -6], (2, 3))
    np.testing.assert_array_equal(found, [[0, 1, 1, 0], [0, 2, 2, 0]])


def test_right_sides_of_several_matrices():
    a = np.stack([np.eye(3), 2 * np.eye(3)])
    b = np.arange(6.0).reshape(2, 3)
    np.testing.assert_allclose(ops.solve(a, b), b / [[1], [2]])
    with pytest.raises(ChainruleError, match="the right side does not fit"):
        ops.solve(a[:, :2, :2], b)


def test_the_derivative_of_one_cholesky_is_that_of_several():
    x = np.array([[4.0, 2.0], [2.0, 5.0]])
    several = np.stack([x, x + np.eye(2), 2 * x])
    together = _slope(ops.cholesky, several)
    np.testing.assert_allclose(together, [_slope(ops.cholesky, one) for one in several])
    np.testing.assert_allclose(_slope(ops.cholesky, x[None]), [_slope(ops.cholesky, x)])


@pytest.mark.parametrize("strategy", ["greedy", "beam_search"])
def test_frames_beyond_the_length_say_nothing(strategy):
    logits = np.random.default_rng(2).normal(size=(2, 7, 4)) * 3
    together = ops.ctc_decode(logits, [7, 4], strategy, 8, 1)
    alone = ops.ctc_decode(logits[1:, :4], [4], strategy, 8, 1)
    np.testing.assert_allclose(together[1][1:], alone[1], rtol=1e-6)
    np.testing.assert_array_equal(together[0][:, 1:, :4], alone[0])
    assert (together[0][:, 1, 4:] == -1).all()


def test_paths_that_no_frames_can_give_have_no_share():
    """One frame of two labels and a blank: nothing, the one or the other."""
    paths, score = ops.ctc_decode(np.zeros((1, 1, 3)), [1], "beam_search", 4, 4, mask_index=2)
    np.testing.assert_allclose(score[0], [-np.log(3)] * 3 + [-np.inf], rtol=1e-6)
    assert (paths[3] == -1).all()


def test_how_many_there_are_besides_nan():
    x = np.array([[5.0, np.nan], [np.nan, np.nan], [1.0, 3.0]])
    np.testing.assert_array_equal(ops.nanvar(x, axis=1), [0.0, np.nan, 1.0])
    assert ops.norm([3.0, 0.0, 4.0], 0) == 2  # which are not 0


def test_defaults_are_those_of_keras_and_numpy():
    for function, default in (
        (ops.logspace, {"num": 50, "endpoint": True, "base": 10}),
        (ops.linspace, {"num": 50, "endpoint": True}),
        (ops.geomspace, {"num": 50}),
        (ops.ctc_decode, {"strategy": "greedy", "beam_width": 100, "top_paths": 1}),
    ):
        known = inspect.signature(function).parameters
        assert {name: known[name].default for name in default} == default, function.__name__


# arguments of Keras's that are not here, with the reason
LEFT_OUT = {
    "channels come last, always": "data_format",
    "there are no sparse tensors": "sparse",
    "Keras's machinery": "kwargs unroll",
    "attention has one implementation": "flash_attention attn_logits_soft_cap",
    "numbers are given, not arrays of ends": "geomspace.axis linspace.axis logspace.axis",
    "cast(x, dtype) first": "cumprod.dtype cumsum.dtype nancumprod.dtype nancumsum.dtype prod.dtype",
    "maximum(max(x), initial)": "max.initial min.initial",
    "`cr.layers.Resizing` keeps proportions": """
        resize.crop_to_aspect_ratio resize.pad_to_aspect_ratio resize.fill_mode resize.fill_value
    """,
    "a shape that depends on values is refused": "unique.size unique.fill_value",
}


def test_arguments_are_called_as_in_keras():
    left_out = {word for words in LEFT_OUT.values() for word in words.split()}
    compared = 0
    for name, arguments in ARGUMENTS.items():
        own = name.rpartition(".")[2]
        if own not in ops.__all__ or inspect.isclass(getattr(ops, own)):
            continue
        ours = list(inspect.signature(getattr(ops, own)).parameters)
        wanted = [a for a in arguments if a in ours or not {a, f"{own}.{a}"} & left_out]
        assert ours[: len(wanted)] == wanted, f"{name}: {ours}, Keras {arguments}"
        compared += 1
    assert compared > 250
