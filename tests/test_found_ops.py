"""What issue 5 found wrong in the operations: gradients and values, on both engines."""

from __future__ import annotations

import contextlib

import mpmath as mp
import numpy as np
import pytest

import chainrule as cr
from chainrule import ops
from chainrule.errors import ArgumentError, ChainruleError, ShapeError

engines = pytest.mark.parametrize("engine", ["numpy", "xla"])
wide_and_narrow = pytest.mark.parametrize("dtype", ["float64", "float32"])


def run(engine, f, *args, wide=True):
    """f(*args) by NumPy, or as a compiled program; arrays are its inputs, the rest constants."""
    if engine == "numpy":
        return f(*args)
    jax = pytest.importorskip("jax")
    places = [k for k, a in enumerate(args) if isinstance(a, np.ndarray)]

    def of_arrays(*arrays):
        now = list(args)
        for k, a in zip(places, arrays, strict=True):
            now[k] = a
        return f(*now)

    with jax.enable_x64(True) if wide else contextlib.nullcontext():
        return jax.tree.map(np.asarray, jax.jit(of_arrays)(*[args[k] for k in places]))


def grads(f, *args, d_y=None):
    """The gradients of Σ d_y·f(*args), d_y = 1 by default."""
    y, back = cr.vjp(f, *args)
    got = back(np.ones(np.shape(y)) if d_y is None else d_y)
    return got if isinstance(got, tuple) else (got,)


def second(f, x, d_x):
    """The gradient of Σ d_x·∇f: what is differentiated twice."""

    def slope(v):
        y, back = cr.vjp(f, v)
        return ops.sum(back(np.ones(np.shape(y))) * d_x)

    return cr.vjp(slope, x)[1](1.0)


# --- gradients --------------------------------------------------------------------------------

X = np.array([-2.0, -0.3, 0.2, 3.0])
E = np.exp

# operation of recorded arguments: their values, and each one's true gradient for d_y = 1
OPTIONS = {
    "leaky_relu": (ops.leaky_relu, (X, np.array(0.3)), ([0.3, 0.3, 1, 1], -2.3)),
    "relu slope": (ops.relu, (X, np.array(0.3)), ([0.3, 0.3, 1, 1], -2.3)),
    "relu max": (
        lambda x, top: ops.relu(x, 0.0, top),
        (X, np.array(2.0)),
        ([0, 0, 1, 0], 1),
    ),
    "relu threshold": (
        lambda x, a, t: ops.relu(x, a, None, t),
        (X, np.array(0.5), np.array(1.0)),
        ([0.5, 0.5, 0.5, 1], (-3 - 1.3 - 0.8), -1.5),
    ),
    "elu": (
        ops.elu,
        (X, np.array(0.7)),
        ([0.7 * E(-2), 0.7 * E(-0.3), 1, 1], E(-2) + E(-0.3) - 2),
    ),
    "celu": (
        ops.celu,
        (X, np.array(0.5)),
        ([E(-4), E(-0.6), 1, 1], E(-4) * (1 + 4) - 1 + E(-0.6) * (1 + 0.6) - 1),
    ),
    "squareplus": (
        ops.squareplus,
        (X, np.array(4.0)),
        ((1 + X / np.sqrt(X * X + 4)) / 2, np.sum(0.25 / np.sqrt(X * X + 4))),
    ),
    "hard_shrink": (ops.hard_shrink, (X, np.array(0.5)), ([1, 0, 0, 1], 0)),
    "soft_shrink": (ops.soft_shrink, (X, np.array(0.5)), ([1, 0, 0, 1], 0)),
    "soft_shrink twice": (
        ops.soft_shrink,
        (np.array([-2.0, -1.0, 3.0]), np.array(0.5)),
        ([1, 1, 1], 1),
    ),
    "pad": (
        lambda x, value: ops.pad(x, ((1, 2),), "constant", value),
        (X, np.array(7.0)),
        ([1, 1, 1, 1], 3),
    ),
}


@engines
@pytest.mark.parametrize("name", OPTIONS)
def test_recorded_options_get_their_own_gradient(name, engine):
    f, args, expected = OPTIONS[name]
    got = run(engine, lambda *now: grads(f, *now), *args)
    for d, right in zip(got, expected, strict=True):
        np.testing.assert_allclose(d, right, rtol=1e-12, atol=1e-12)


@engines
def test_prod_with_a_zero_is_differentiated_twice(engine):
    rows = [
        run(engine, lambda x, e: second(ops.prod, x, e), np.array([0.0, 2, 3]), e)
        for e in np.eye(3)
    ]
    np.testing.assert_allclose(rows, [[0, 3, 2], [3, 0, 0], [2, 0, 0]], atol=1e-15)


@engines
def test_clip_with_crossed_bounds_is_the_upper_bound(engine):
    x, low, up = np.array([0.0, 2.5, 5.0]), np.full(3, 3.0), np.full(3, 2.0)
    y, d = run(engine, lambda *a: (ops.clip(*a), grads(ops.clip, *a)), x, low, up)
    np.testing.assert_array_equal(y, [2, 2, 2])
    np.testing.assert_array_equal(d, [[0, 0, 0], [0, 0, 0], [1, 1, 1]])


@engines
@pytest.mark.parametrize("operation", [ops.matmul, ops.dense])
def test_products_with_inner_length_0(operation, engine):
    x, w = np.ones((2, 4, 0)), np.ones((0, 3))
    y, d = run(engine, lambda *a: (operation(*a), grads(operation, *a)), x, w)
    np.testing.assert_array_equal(y, np.zeros((2, 4, 3)))
    assert [g.shape for g in d] == [(2, 4, 0), (0, 3)]


@engines
def test_logaddexp_of_infinity(engine):
    inf = np.inf
    a, b = np.array([1.0, inf, -inf, -inf]), np.array([inf, 2.0, 3.0, -inf])
    d_a, d_b = run(engine, lambda *x: grads(ops.logaddexp, *x), a, b)
    np.testing.assert_array_equal(d_a, [0, 1, 0, 0.5])
    np.testing.assert_array_equal(d_b, [1, 0, 1, 0.5])


@engines
@pytest.mark.parametrize("p", [0, 0.0, np.zeros(2)], ids=["0", "0.0", "array"])
def test_infinity_to_the_0(p, engine):
    x = np.array([np.inf, -np.inf])
    (d_x,) = run(engine, lambda v: grads(lambda u: ops.power(u, p), v), x)
    np.testing.assert_array_equal(d_x, [0, 0])


@engines
@pytest.mark.parametrize("axis", [None, 0])
def test_std_of_a_constant_is_differentiated_twice(axis, engine):
    f = lambda x: second(lambda v: ops.std(v, axis=axis), x, np.array([1.0, 2.0, -1.0]))  # noqa: E731
    np.testing.assert_array_equal(run(engine, f, np.full(3, 2.0)), [0, 0, 0])


# --- axes and shapes --------------------------------------------------------------------------

M = np.arange(6.0).reshape(2, 3) + 1
S = np.array(3.0)

WRONG = {
    "softmax": lambda x: ops.softmax(x, axis=5),
    "moveaxis": lambda x: ops.moveaxis(x, 3, 0),
    "expand_dims": lambda x: ops.expand_dims(x, 4),
    "squeeze": lambda x: ops.squeeze(x[:1], -4),
    "stack": lambda x: ops.stack([x, x], axis=7),
    "swapaxes": lambda x: ops.swapaxes(x, 0, 2),
    "transpose": lambda x: ops.transpose(x, (0, 2)),
    "transpose twice": lambda x: ops.transpose(x, (0, 0)),
    "sum": lambda x: ops.sum(x, axis=2),
    "sum twice": lambda x: ops.sum(x, axis=(0, -2)),
    "mean": lambda x: ops.mean(x, axis=-3),
    "max": lambda x: ops.max(x, axis=(0, 2)),
    "prod": lambda x: ops.prod(x, axis=2),
    "var": lambda x: ops.var(x, axis=2),
    "std": lambda x: ops.std(x, axis=-3),
    "logsumexp": lambda x: ops.logsumexp(x, axis=2),
    "cumsum": lambda x: ops.cumsum(x, axis=2),
    "argmax": lambda x: ops.argmax(x, axis=2),
    "any": lambda x: ops.any(x, axis=2),
    "axis 1.5": lambda x: ops.sum(x, axis=1.5),
    "flip": lambda x: ops.flip(x, axis=2),
    "split axis": lambda x: ops.split(x, 2, axis=2),
    "split 0": lambda x: ops.split(x, 0),
    "concatenate axis": lambda x: ops.concatenate([x, x], axis=2),
    "concatenate": lambda x: ops.concatenate([x, x[:, :2]], axis=0),
    "concatenate nothing": lambda x: ops.concatenate([]),
    "stack shapes": lambda x: ops.stack([x, x[:1]]),
    "log_softmax": lambda x: ops.log_softmax(x, axis=2),
    "sparsemax": lambda x: ops.sparsemax(x, axis=2),
    "glu axis": lambda x: ops.glu(x, axis=2),
    "glu odd": lambda x: ops.glu(x, axis=1),
    "take axis": lambda x: ops.take(x, np.array([0]), axis=2),
    "take": lambda x: ops.take(x, np.array([2]), axis=0),
    "take .5": lambda x: ops.take(x, np.array([0.5]), axis=0),
    "getitem": lambda x: ops.getitem(x, 2),
    "getitem axes": lambda x: ops.getitem(x, (0, 0, 0)),
    "add": lambda x: ops.add(x, np.ones(2)),
    "multiply": lambda x: ops.multiply(x, np.ones((3, 3))),
    "maximum": lambda x: ops.maximum(x, np.ones(2)),
    "less": lambda x: ops.less(x, np.ones(2)),
    "where": lambda x: ops.where(x > 0, x, np.ones(2)),
    "clip": lambda x: ops.clip(x, np.zeros(2), 1.0),
    "reshape": lambda x: ops.reshape(x, (4, 2)),
    "reshape -1": lambda x: ops.reshape(x, (4, -1)),
    "broadcast_to": lambda x: ops.broadcast_to(x, (2, 2)),
    "matmul batch": lambda x: ops.matmul(np.ones((3, 2, 2)), np.ones((2, 2, 2)) * x[0, 0]),
    "dense": lambda x: ops.dense(x, np.ones((2, 4))),
    "dense bias": lambda x: ops.dense(x, np.ones((3, 4)), np.ones(3)),
    "pad": lambda x: ops.pad(x, ((1, 1),) * 3),
    "tile": lambda x: ops.tile(x, (-1, 2)),
    "softmax_cross_entropy": lambda x: ops.softmax_cross_entropy(x, np.ones((2, 1))),
    "sigmoid_cross_entropy": lambda x: ops.sigmoid_cross_entropy(x, np.ones((2, 1))),
    "sparse_softmax_cross_entropy": lambda x: ops.sparse_softmax_cross_entropy(
        x, np.zeros((2, 1), int)
    ),
}


@engines
@pytest.mark.parametrize("name", WRONG)
def test_wrong_shapes_and_axes_raise_our_errors(name, engine):
    """(4, 3) with (4, 1), an axis that is not there, lengths that do not fit."""
    with pytest.raises(ChainruleError):
        run(engine, WRONG[name], M)


@engines
@pytest.mark.parametrize("name", WRONG)
def test_so_they_do_while_recorded(name, engine):
    with pytest.raises(ChainruleError):
        run(engine, lambda x: cr.vjp(WRONG[name], x)[0], M)


NO_AXIS = [
    "sum", "mean", "max", "min", "prod", "var", "std", "logsumexp", "cumsum", "argmax",
    "any", "softmax", "log_softmax", "sparsemax", "flip", "squeeze",
]  # fmt: skip


@engines
@pytest.mark.parametrize("name", NO_AXIS)
def test_a_number_has_no_axis_0(name, engine):
    with pytest.raises(ChainruleError):
        run(engine, lambda x: getattr(ops, name)(x, axis=0), S)


# the operation over an axis of length 0: NumPy's well-defined answer, or our error (None)
EMPTY = {
    "softmax": np.zeros((2, 0)),
    "log_softmax": np.zeros((2, 0)),
    "logsumexp": np.full(2, -np.inf),
    "var": None,
    "std": None,
    "mean": None,
    "max": None,
    "min": None,
    "argmax": None,
}


@engines
@pytest.mark.parametrize("name", EMPTY)
def test_an_axis_of_length_0(name, engine):
    def f(x):
        return getattr(ops, name)(x, axis=1)

    if EMPTY[name] is None:
        with pytest.raises(ChainruleError):
            run(engine, f, np.zeros((2, 0)))
    else:
        np.testing.assert_array_equal(run(engine, f, np.zeros((2, 0))), EMPTY[name])


INTEGERS = {
    "sum": lambda x, n: ops.sum(x, axis=n(1)),
    "mean keepdims": lambda x, n: ops.mean(x, axis=n(0)),
    "sum tuple": lambda x, n: ops.sum(x, axis=(n(0), n(1))),
    "max": lambda x, n: ops.max(x, axis=n(-1)),
    "std": lambda x, n: ops.std(x, axis=n(1)),
    "squeeze": lambda x, n: ops.squeeze(x[:1], n(0)),
    "split": lambda x, n: ops.concatenate(ops.split(x, n(3), axis=n(1))),
    "tile": lambda x, n: ops.tile(x, n(2)),
    "take": lambda x, n: ops.take(x, n(1), axis=n(1)),
}


@pytest.mark.usefixtures("as_users_compile")  # the last bit differs with how XLA compiles
@engines
@pytest.mark.parametrize("name", INTEGERS)
def test_numpy_integers_are_integers(name, engine):
    f = INTEGERS[name]
    y, (d,) = run(engine, lambda x: (f(x, np.int64), grads(lambda v: f(v, np.int64), x)), M)
    right, back = cr.vjp(lambda v: f(v, int), M)
    np.testing.assert_array_equal(y, right)
    np.testing.assert_array_equal(d, back(np.ones_like(right)))


def test_numpy_integers_as_argnums():
    _, d = cr.value_and_grad(lambda a, b: ops.sum(a * b), argnums=np.int64(1))(M, M + 1)
    np.testing.assert_array_equal(d, M)


# --- lists, complex numbers, types ------------------------------------------------------------

LISTS = {
    "add": (lambda: ops.add([1, 2], [3, 4]), [4, 6]),
    "multiply": (lambda: ops.multiply([1.0, 2.0], 3), [3, 6]),
    "subtract": (lambda: ops.subtract([1.0, 2.0], [3, 4]), [-2, -2]),
    "negative": (lambda: ops.negative([1.0, 2.0]), [-1, -2]),
    "square": (lambda: ops.square((1.0, 2.0)), [1, 4]),
    "power": (lambda: ops.power([1.0, 2.0], [2, 3]), [1, 8]),
    "less": (lambda: ops.less([1, 5], [3, 4]), [True, False]),
    "equal": (lambda: ops.equal([1, 5], [1, 4]), [True, False]),
    "relu": (lambda: ops.relu([-1.0, 2.0]), [0, 2]),
    "leaky_relu": (lambda: ops.leaky_relu([-1.0, 2.0]), [-0.2, 2]),
    "elu": (lambda: ops.elu([0.0, 2.0]), [0, 2]),
    "softmax": (lambda: ops.softmax([0.0, 0.0]), [0.5, 0.5]),
    "step": (lambda: ops.step([-1.0, 2.0]), [0, 1]),
    "cast": (lambda: ops.cast([1, 2], "float32"), [1, 2]),
    "getitem": (lambda: ops.getitem([1.0, 2.0, 3.0], slice(1, 3)), [2, 3]),
    "take": (lambda: ops.take([1.0, 2.0, 3.0], [2, 0], axis=0), [3, 1]),
    "dense": (lambda: ops.dense([[1.0, 2.0]], [[1.0], [3.0]], [1.0]), [[8]]),
    "matmul": (lambda: ops.matmul([[1, 2]], [[1], [3]]), [[7]]),
    "var": (lambda: ops.var([1.0, 3.0]), 1),
    "prod": (lambda: ops.prod([2.0, 3.0]), 6),
    "one_hot": (lambda: ops.one_hot([1, 0], 2), [[0, 1], [1, 0]]),
    "sparse": (lambda: ops.sparse_softmax_cross_entropy([[0.0, 0.0]], [1]), [np.log(2)]),
    "clip": (lambda: ops.clip([1, 5], [2, 2], [3, 3]), [2, 3]),
    "flip": (lambda: ops.flip([1.0, 2.0]), [2, 1]),
    "pad": (lambda: ops.pad([1.0], [[1, 0]]), [0, 1]),
    "reshape": (lambda: ops.reshape([1.0, 2.0], [2, 1]), [[1], [2]]),
    "with an array": (lambda: ops.add(np.array([1.0, 2.0]), [3, 4]), [4, 6]),
    "with a Variable": (lambda: ops.multiply([3, 4], cr.Variable([1.0, 2.0])), [3, 8]),
}


@pytest.mark.parametrize("name", LISTS)
def test_lists_are_arrays(name):
    call, right = LISTS[name]
    y = call()
    assert hasattr(y, "dtype")
    np.testing.assert_allclose(y, right, rtol=1e-6)


@pytest.mark.parametrize("name", ["exp", "relu", "softmax", "sum", "abs", "reshape", "cast"])
def test_complex_numbers_are_refused(name):
    more = {"reshape": ((2,),), "cast": ("float32",)}.get(name, ())
    for z in (np.array([1 + 2j, 1j]), np.array([1 + 2j, 1j], "complex64"), [1j, 2.0]):
        with pytest.raises(ChainruleError, match="complex"):
            getattr(ops, name)(z, *more)


def test_complex_numbers_are_refused_on_a_tape():
    with pytest.raises(ChainruleError, match="complex"):
        cr.vjp(ops.exp, np.array([1 + 2j]))


PAIRS = [
    "add", "subtract", "multiply", "divide", "power", "maximum", "minimum", "arctan2", "logaddexp",
]  # fmt: skip


@pytest.mark.parametrize("other", ["uint8", "int32", "int64"])
@pytest.mark.parametrize("name", PAIRS)
def test_integers_take_the_floats_type(name, other):
    f, x, n = getattr(ops, name), np.ones(3, "float32"), np.ones(3, other)
    assert f(x, n).dtype == f(n, x).dtype == "float32"


@pytest.mark.parametrize("name", PAIRS)
def test_so_they_do_compiled(name):
    f, x, n = getattr(ops, name), np.ones(3, "float32"), np.ones(3, "int64")
    for wide in (True, False):
        assert run("xla", f, x, n, wide=wide).dtype == run("xla", f, n, x, wide=wide).dtype
        assert run("xla", f, x, n, wide=wide).dtype == "float32"


@engines
@pytest.mark.parametrize("name", [*PAIRS, "matmul", "softmax_cross_entropy", "clip", "where"])
def test_a_plain_float64_array_takes_the_variables_type(name, engine):
    w, x = cr.Variable(np.ones((3, 3), "float32")), np.full((3, 3), 0.5)
    more = {"clip": (2.0,), "where": ()}.get(name, ())
    before = {"where": (np.ones((3, 3), bool),)}.get(name, ())

    def both(x):
        f = getattr(ops, name)
        with cr.record() as tape:
            recorded = f(*before, w, x, *more), f(*before, tape.watch(w.value), x, *more)
            other = f(*before, x, tape.watch(w.value), *more)
            watched = [cr.stop_gradient(y) for y in (*recorded, other)]
        return f(*before, w, x, *more), f(*before, x, w, *more), *watched

    assert {str(y.dtype) for y in run(engine, both, x)} == {"float32"}


@engines
def test_two_recorded_types_take_the_wider(engine):
    def f(a, b):
        return cr.vjp(ops.multiply, a, b)[0]

    assert run(engine, f, np.ones(2, "float32"), np.ones(2)).dtype == "float64"


def _bfloat16():
    return pytest.importorskip("ml_dtypes").bfloat16


# operation of a bfloat16 array of (2, 4) positive numbers
BFLOAT16 = {
    **{name: getattr(ops, name) for name in (
        "exp", "log", "sqrt", "rsqrt", "reciprocal", "square", "tanh", "sin", "cos", "erf", "abs",
        "sign", "step", "round", "relu", "relu6", "leaky_relu", "elu", "celu", "selu", "softplus",
        "softsign", "silu", "gelu", "mish", "sigmoid", "hard_sigmoid", "hard_silu", "hard_tanh",
        "hard_shrink", "soft_shrink", "tanh_shrink", "log_sigmoid", "sparse_plus",
        "sparse_sigmoid", "squareplus", "glu", "softmax", "log_softmax", "sparsemax", "sum",
        "mean", "max", "min", "prod", "var", "std", "logsumexp", "cumsum", "log1p", "log2",
        "log10", "expm1", "tan", "arctan", "sinh", "cosh", "arcsinh",
    )},
    "clip": lambda x: ops.clip(x, 0.5, 1.0),
    "threshold": lambda x: ops.threshold(x, 1.0, 0.0),
    "add": lambda x: ops.add(x, 0.5),
    "maximum": lambda x: ops.maximum(x, 0.5),
    "power": lambda x: ops.power(x, 3),
    "power .5": lambda x: ops.power(x, 0.5),
    "divide": lambda x: ops.divide(1.0, x),
    "logaddexp": lambda x: ops.logaddexp(x, 0.0),
    "arctan2": lambda x: ops.arctan2(x, 1.0),
    "where": lambda x: ops.where(x > 1, x, 0.0),
    "matmul": lambda x: ops.matmul(x, ops.transpose(x)),
    "dense": lambda x: ops.dense(x, ops.transpose(x)),
    "einsum": lambda x: ops.einsum("ij,kj->ik", x, x),
    "pad": lambda x: ops.pad(x, ((1, 1), (0, 0))),
    "softmax_cross_entropy": lambda x: ops.softmax_cross_entropy(x, x),
    "sigmoid_cross_entropy": lambda x: ops.sigmoid_cross_entropy(x, x),
    "sparse": lambda x: ops.sparse_softmax_cross_entropy(x, np.array([1, 0])),
}  # fmt: skip


@pytest.mark.parametrize("name", BFLOAT16)
def test_bfloat16_stays_bfloat16(name):
    x = (np.arange(8.0).reshape(2, 4) / 4 + 0.125).astype(_bfloat16())
    y, back = cr.vjp(BFLOAT16[name], x)
    assert y.dtype == back(np.ones(y.shape, y.dtype)).dtype == x.dtype
    exact = BFLOAT16[name](x.astype("float64"))
    np.testing.assert_allclose(y.astype("float64"), exact, rtol=2**-7, atol=2**-9)


# --- tails and narrow types -------------------------------------------------------------------


def sigma(x):
    return 1 / (1 + mp.exp(-x))


def mish(x):
    return x * mp.tanh(mp.log1p(mp.exp(x)))


TAILS = {
    "sigmoid": (ops.sigmoid, sigma, lambda x: sigma(x) * sigma(-x)),
    "silu": (
        ops.silu,
        lambda x: x * sigma(x),
        lambda x: sigma(x) * (1 + x * sigma(-x)),
    ),
    "mish": (ops.mish, mish, lambda x: mp.diff(mish, x)),
    "glu": (
        lambda b: ops.glu(ops.stack([b * 0 + 1, b]), axis=0),
        lambda x: [sigma(x)],
        lambda x: sigma(x) * sigma(-x),
    ),
    "sigmoid_cross_entropy of 0": (
        lambda z: ops.sigmoid_cross_entropy(z, z * 0),
        lambda x: mp.log1p(mp.exp(x)),
        sigma,
    ),
    "sigmoid_cross_entropy of 1": (
        lambda z: ops.sigmoid_cross_entropy(z, z * 0 + 1),
        lambda x: mp.log1p(mp.exp(-x)),
        lambda x: -sigma(-x),
    ),
}


def relative(got, exact):
    return max(
        abs(mp.mpf(float(g)) - e) / max(abs(e), mp.mpf(10) ** -37)
        for g, e in zip(np.ravel(got), exact, strict=True)
    )


@engines
@wide_and_narrow
@pytest.mark.parametrize("name", TAILS)
def test_tails_are_exact_relative_to_themselves(name, dtype, engine):
    f, value, slope = TAILS[name]
    x = np.array([-80.0, -40, -20, -15, -5, -1, 0.5, 5, 15, 20, 40, 80], dtype)
    y, (d,) = run(engine, lambda v: (f(v), grads(f, v)), x)
    eps = np.finfo(dtype).eps
    with mp.workdps(120):
        points = [mp.mpf(v) for v in x.tolist()]
        exact = [np.ravel(value(p))[0] for p in points]
        slopes = [slope(p) for p in points]
        assert relative(y, exact) < 16 * eps
        assert relative(d, slopes) < 64 * eps


@engines
def test_silu_of_infinity(engine):
    x = np.array([-np.inf, np.inf])
    for f in (ops.silu, ops.mish, lambda v: ops.gelu(v, False), lambda v: ops.gelu(v, True)):
        y, (d,) = run(engine, lambda v, f=f: (f(v), grads(f, v)), x)
        np.testing.assert_array_equal(y, [0, np.inf])
        np.testing.assert_array_equal(d, [0, 1])


@engines
@pytest.mark.parametrize("scale", [1e-4, 2e4], ids=["small", "large"])
def test_std_in_float16(scale, engine):
    """x² leaves float16 where x does not."""
    x = (np.array([1.0, -1.0, 1.0, -1.0]) * scale).astype("float16")
    y, (d,) = run(engine, lambda v: (ops.std(v), grads(ops.std, v)), x)
    assert y.dtype == d.dtype == "float16"
    np.testing.assert_allclose(y, np.float64(abs(x[0])), rtol=1e-3)
    np.testing.assert_allclose(d.astype(float), [0.25, -0.25, 0.25, -0.25], rtol=1e-3)


@engines
def test_divide_in_float16(engine):
    a, b = np.array([3e4, 1e-4, 2.0], "float16"), np.array([1e3, 1e-4, 300.0], "float16")
    d_a, d_b = run(engine, lambda *x: grads(ops.divide, *x), a, b)
    wide_a, wide_b = a.astype(float), b.astype(float)
    np.testing.assert_allclose(d_a.astype(float), 1 / wide_b, rtol=1e-3)
    np.testing.assert_allclose(d_b.astype(float), -wide_a / wide_b**2, rtol=2e-3)


@pytest.mark.parametrize("engine", ["numpy", "xla"])
@pytest.mark.parametrize("name", ["hard_shrink", "soft_shrink"])
def test_shrinks_keep_nan(name, engine):
    y = run(engine, getattr(ops, name), np.array([np.nan, 2.0]))
    assert np.isnan(y[0])


# --- labels -----------------------------------------------------------------------------------

LOGITS = np.array([[0.1, 0.2, 0.3, 0.4, 0.5]] * 3)


@pytest.mark.parametrize("label", [-1, 5, 9, 0.5, np.nan])
def test_labels_outside_the_classes_are_refused(label):
    labels = np.array([0, label, 4])
    for call in (
        lambda: ops.sparse_softmax_cross_entropy(LOGITS, labels),
        lambda: cr.vjp(lambda z: ops.sparse_softmax_cross_entropy(z, labels), LOGITS),
        lambda: ops.one_hot(labels, 5),
        lambda: cr.utils.to_categorical(labels, 5),
    ):
        with pytest.raises(ChainruleError, match="row 1"):
            call()


@pytest.mark.parametrize("label", [-1, 5, 9, 0.5])
def test_compiled_their_loss_is_nan(label):
    """Where nothing can be raised a plausible number must not come out."""
    labels = np.array([0, label, 4])

    def f(z, t):
        y, back = cr.vjp(lambda v: ops.sparse_softmax_cross_entropy(v, t), z)
        return y, back(z[:, 0] * 0 + 1)

    y, d = run("xla", f, LOGITS, labels)
    np.testing.assert_array_equal(np.isnan(y), [False, True, False])
    np.testing.assert_array_equal(np.isnan(d).all(axis=1), [False, True, False])
    hot = run("xla", lambda t: ops.one_hot(t, 5, dtype="float32"), labels)
    np.testing.assert_array_equal(np.isnan(hot).any(axis=1), [False, True, False])


# --- Keras's meaning --------------------------------------------------------------------------


@engines
def test_take_without_axis_takes_of_all_numbers(engine):
    y, (d,) = run(
        engine,
        lambda x: (ops.take(x, np.array([4, 4, 0])), grads(lambda v: ops.take(v, [4, 4, 0]), x)),
        M,
    )
    np.testing.assert_array_equal(y, [5, 5, 1])
    np.testing.assert_array_equal(d, [[1, 0, 0], [0, 2, 0]])


def test_gelu_is_approximate_where_keras_is():
    """keras.ops.gelu(x, approximate=True), keras.activations.gelu(x, approximate=False)."""
    assert ops.gelu(np.array(1.0)) == pytest.approx(0.8411919906, rel=1e-9)
    assert cr.activations.gelu(np.array(1.0)) == pytest.approx(0.8413447461, rel=1e-9)
    assert cr.activations.get("gelu")(np.array(1.0)) == pytest.approx(0.8413447461, rel=1e-9)


@pytest.mark.parametrize("wrong", ["none", "tanh", None, 2])
def test_gelu_takes_true_or_false(wrong):
    with pytest.raises(ChainruleError, match="approximate"):
        ops.gelu(np.ones(2), approximate=wrong)


def test_identity_is_the_matrix():
    np.testing.assert_array_equal(ops.identity(2), [[1, 0], [0, 1]])
    assert ops.identity(2).dtype == "float32"
    assert ops.identity(2, dtype="int32").dtype == "int32"
    assert cr.activations.get("identity") is cr.activations.linear


@engines
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_over_two_axes(name, engine):
    x = np.linspace(-1, 2, 12).reshape(2, 2, 3)
    f = lambda v: getattr(ops, name)(v, axis=(1, 2))  # noqa: E731
    y, (d,) = run(engine, lambda v: (f(v), grads(f, v, d_y=x)), x)
    p = np.exp(x) / np.exp(x).sum(axis=(1, 2), keepdims=True)
    totals = {
        "softmax": (p, p * (x - (x * p).sum(axis=(1, 2), keepdims=True))),
        "log_softmax": (np.log(p), x - p * x.sum(axis=(1, 2), keepdims=True)),
    }
    np.testing.assert_allclose(y, totals[name][0], rtol=1e-12)
    np.testing.assert_allclose(d, totals[name][1], rtol=1e-10, atol=1e-12)


def test_one_hot_and_pad_have_keras_arguments():
    np.testing.assert_array_equal(ops.one_hot(np.array([1, 0]), 2, 0), [[0, 1], [1, 0]])
    np.testing.assert_array_equal(
        ops.pad(np.array([1.0, 2.0]), ((1, 1),), "constant", 5.0), [5, 1, 2, 5]
    )
    np.testing.assert_array_equal(
        ops.pad(np.array([1.0, 2, 3]), ((2, 1),), "reflect"), [3, 2, 1, 2, 3, 2]
    )


# --- new arrays ---------------------------------------------------------------------------------


def test_shape_is_a_function():
    """As in Keras: of arrays, lists, recorded values and symbols; never the module behind it."""
    assert ops.shape(np.ones((2, 3))) == (2, 3)
    assert ops.shape([[1], [2]]) == (2, 1)
    assert ops.shape(cr.Input((3,))) == (None, 3)
    with cr.record() as tape:
        assert ops.shape(tape.watch(np.ones((4, 1)))) == (4, 1)


@pytest.mark.parametrize(
    ("made", "dtype"),
    [
        (lambda: ops.arange(3), "int32"),
        (lambda: ops.arange(3.0), "float32"),
        (lambda: ops.arange(2**31, 2**31 + 2), "int64"),
        (lambda: ops.arange(4, 5), "int32"),
        (lambda: ops.arange(-(2**31), -(2**31) + 2), "int32"),
        (lambda: ops.arange(-(2**31) - 1, 0, 2**30), "int64"),
        (lambda: ops.arange(2**31 - 2, 2**31), "int32"),
        (lambda: ops.arange(3, dtype="float64"), "float64"),
        (lambda: ops.full((2,), 3), "float32"),
        (lambda: ops.full((2,), True), "float32"),
        (lambda: ops.full((2,), np.ones(2)), "float64"),
        (lambda: ops.full_like(np.ones(2, "int32"), 2.5), "int32"),
        (lambda: ops.linspace(0, 10, 3, dtype="int32"), "int32"),
        (lambda: ops.eye(2), "float32"),
    ],
)
def test_types_of_new_arrays_are_those_of_keras(made, dtype):
    """keras.ops 3.15 on JAX, but for what it makes float32 or int32 for want of 64 bits."""
    assert made().dtype == dtype


def test_new_arrays_may_be_written_to():
    for made in (ops.full((2, 2), 1.0), ops.zeros(2), ops.eye(2), ops.ones(3)):
        made[0] = 5


def test_new_arrays_of_traced_or_recorded_lengths_are_refused():
    with pytest.raises(ArgumentError, match="stop must be a plain number") as caught:
        cr.compile(ops.arange)(np.float32(3))
    assert "x.shape[0]" in caught.value.fix
    with cr.record() as tape, pytest.raises(ArgumentError, match="start must be a plain number"):
        ops.linspace(tape.watch(np.float64(1)), 2)
    with pytest.raises(ArgumentError, match="the step is 0"):
        ops.arange(0, 3, 0)
    with pytest.raises(ShapeError, match="cannot be repeated"):
        ops.full((2,), np.ones(3))
    with pytest.raises(ShapeError, match="a length is negative"):
        ops.zeros(-1)


def test_new_arrays_in_a_graph_and_its_file(tmp_path):
    x = cr.Input((3,))
    model = cr.Model(x, ops.full_like(x, 2.0) + ops.ones_like(x) + x * ops.arange(3))
    model.save(tmp_path / "m.safetensors")
    again = cr.load_model(tmp_path / "m.safetensors")
    for m in (model, again):
        np.testing.assert_array_equal(m.predict(np.ones((1, 3))), [[3, 4, 5]])
