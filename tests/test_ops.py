"""Every operation, one contract: see `tables.py` for the rows."""

from __future__ import annotations

import functools
import re
import runpy
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

from chainrule import ops
from chainrule.chain import record, vjp
from chainrule.derivatives import value_and_grad
from chainrule.errors import ChainruleError
from chainrule.gradcheck import gradcheck
from chainrule.ops import activations
from compiling import users_way
from row import dims_of, is_float
from tables import ROWS, WITHOUT_ROW

rows = pytest.mark.parametrize("row", ROWS, ids=lambda r: r.id)
with_grad = pytest.mark.parametrize("row", [r for r in ROWS if r.grad], ids=lambda r: r.id)


def flat(nested):
    return [v for n in nested for v in flat(n)] if isinstance(nested, list) else [nested]


def close_to(got, reference, ulp, scale=0.0):
    """Fails where |got − reference| exceeds `ulp` units in the last place of max(|ref|, scale)."""
    got = np.asarray(got)
    assert got.shape == dims_of(reference)
    eps, tiny = (np.finfo(got.dtype).eps, np.finfo(got.dtype).tiny) if is_float(got) else (0, 0)
    for position, (a, b) in enumerate(zip(got.reshape(-1).tolist(), flat(reference), strict=True)):
        allowed = ulp * float(eps) * max(abs(b), scale) + float(tiny)
        error = abs(mp.mpf(a) - b)
        assert error <= allowed, f"entry {position}: {a!r}, reference {mp.nstr(mp.mpf(b), 20)}"


def with_fixed(row, run):
    """`run` as a function of the row's float arguments alone."""
    args = row.sample()
    chosen = [k for k, v in enumerate(args) if is_float(v)]

    def function(*now):
        every = list(args)
        for k, v in zip(chosen, now, strict=True):
            every[k] = v
        return run(*every)

    return function


def floats_first(row, dtype="float64"):
    """The row's function of its float arguments alone, and those."""
    return with_fixed(row, row.run), [v.astype(dtype) for v in row.sample() if is_float(v)]


def composition(row):
    """What the row's operation is made of, if it says so."""
    return getattr(getattr(ops, row.name), "composition", None)


def cotangent(y, dtype=None):
    """A d_y that differs from entry to entry."""
    n = int(np.prod(np.shape(y)))
    return (0.5 + 0.37 * np.arange(n) % 1.0).reshape(np.shape(y)).astype(dtype or "float64")


def value_and_grads(row, dtype="float64", change=lambda x: x):
    function, xs = floats_first(row, dtype)
    xs = [change(x) for x in xs]
    if not row.grad:
        return function(*xs), ()
    y, back = vjp(function, *xs)
    d = back(cotangent(y, dtype))
    return y, d if isinstance(d, tuple) else (d,)


# --- completeness -----------------------------------------------------------------------------


def test_every_operation_has_a_row():
    tested = {id(getattr(ops, row.name)) for row in ROWS}  # an alias is the same object
    missing = [n for n in ops.__all__ if id(getattr(ops, n)) not in tested]
    assert sorted(missing) == sorted(WITHOUT_ROW)
    assert {row.name for row in ROWS} <= set(ops.__all__)


def test_every_activation_has_a_row():
    tested = {id(getattr(ops, row.name)) for row in ROWS}
    tested.add(id(activations.get("gelu")))  # ops.gelu with another default
    assert not [n for n in activations.registry if id(activations.get(n)) not in tested]


KERAS = [
    "celu",
    "elu",
    "exponential",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "swish",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "tanh",
    "tanh_shrink",
    "threshold",
    "step",
    "sign",
]


@pytest.mark.parametrize("name", KERAS)
def test_keras_activations_exist(name):
    if name != "gelu":  # another default; see test_gelu_is_approximate_where_keras_is
        assert activations.get(name) is getattr(ops, name)


def test_ids_are_unique():
    assert len({row.id for row in ROWS}) == len(ROWS)


def test_larger_tolerances_have_reasons():
    assert not [r.id for r in ROWS if (r.ulp > 4 or r.scale) and not r.why]


# --- one row at a time ------------------------------------------------------------------------


@rows
def test_value(row):
    args = row.sample()
    close_to(row.run(*args), row.reference(*args), row.ulp, row.scale)


@with_grad
def test_derivative(row):
    function, xs = floats_first(row)
    assert gradcheck(function, *xs).checked == sum(x.size for x in xs)


@pytest.mark.parametrize("row", [r for r in ROWS if r.grad and r.second], ids=lambda r: r.id)
def test_second_derivative(row):
    function, xs = floats_first(row)

    def slope(*now):
        y, back = vjp(function, *now)
        d = back(cotangent(y))
        parts = zip(d if isinstance(d, tuple) else (d,), xs, strict=True)
        return sum(ops.sum(g * cotangent(x)) for g, x in parts)

    assert gradcheck(slope, *xs, eps=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [("float32", 2e-5), ("float16", 2e-2), ("bfloat16", 2**-4)]
)
@rows
def test_dtype_stays(row, dtype, tolerance):
    if dtype == "bfloat16":
        dtype = pytest.importorskip("ml_dtypes").bfloat16
    function, xs = floats_first(row, dtype)
    y, ds = value_and_grads(row, dtype)
    if row.keeps:
        assert y.dtype == dtype
        wide, _ = floats_first(row)
        expected = np.asarray(wide(*(x.astype("float64") for x in xs)))
        assert np.all(np.abs(y - expected) <= tolerance * np.maximum(1, np.abs(expected)))
    if row.keeps and row.grad:
        assert [d.dtype for d in ds] == [dtype] * len(xs)
        _, exact = value_and_grads(row)
        for d, e in zip(ds, exact, strict=True):
            assert np.all(np.abs(d - e) <= 3 * tolerance * np.maximum(1, np.abs(e)))
    assert np.asarray(function(*xs)).dtype == np.asarray(y).dtype


def _read_only(x):
    x = x.copy()
    x.setflags(write=False)
    return x


def _backwards(x):
    """The same numbers, stored from the end to the beginning, with gaps."""
    if not x.ndim:
        return x
    turned = (slice(None, None, -1),) * (x.ndim - 1)
    return np.repeat(x[(*turned, slice(None, None, -1))], 2, axis=-1)[
        (*turned, slice(None, None, -2))
    ]


@pytest.mark.parametrize("change", [_read_only, _backwards], ids=["read only", "backwards"])
@rows
def test_inputs_are_left_alone(row, change):
    kept = []

    def changed(x):
        new = change(x)
        np.testing.assert_array_equal(new, x)
        kept.append((new, x.copy()))
        return new

    y, ds = value_and_grads(row, change=changed)
    expected, expected_ds = value_and_grads(row)
    np.testing.assert_allclose(y, expected, rtol=1e-14, atol=1e-14)
    for d, e in zip(ds, expected_ds, strict=True):
        np.testing.assert_allclose(d, e, rtol=1e-13, atol=1e-13)
    for new, before in kept:
        np.testing.assert_array_equal(new, before)


OTHER_WORDS = {"segment_min", "full_like", "sparse_categorical_crossentropy"}  # about its type


def test_text_in_place_of_any_argument_is_refused():
    """Not one is left to NumPy, whose `isin` of text is silently False."""
    left = []
    for row in ROWS:
        if row.name == "scan" or row.id in ("nanargmax-none", "nanargmin-none"):
            continue  # the row's own function computes
        function, xs = floats_first(row)
        for k, x in enumerate(xs):
            given = [*xs[:k], np.full(np.shape(x), "a"), *xs[k + 1 :]]
            with pytest.raises(ChainruleError) as caught:
                function(*given)
            if "number" not in str(caught.value) and row.name not in OTHER_WORDS:
                left.append((row.id, k, str(caught.value)))
    assert not left


@pytest.mark.parametrize("row", [r for r in ROWS if r.each], ids=lambda r: r.id)
def test_zero_dimensions(row):
    args = [np.array(a.reshape(-1)[0]) for a in row.sample()]
    y = row.run(*args)
    assert np.shape(y) == ()
    close_to(np.asarray(y), row.reference(*args), row.ulp, row.scale)
    if row.grad:
        xs = [a for a in args if is_float(a)]
        fixed = args[: len(args) - len(xs)]
        assert gradcheck(lambda *now: row.run(*fixed, *now), *xs).checked == len(xs)


@pytest.mark.parametrize("row", [r for r in ROWS if composition(r)], ids=lambda r: r.id)
def test_fused_is_what_it_is_made_of(row):
    """Value and all gradients, step by step; and an operation is not made of itself."""
    xs = floats_first(row)[1]
    found = []
    for fuse in (True, False):
        with record(fuse=fuse) as tape:
            inputs = [tape.watch(x) for x in xs]
            y = with_fixed(row, row.run)(*inputs)
        made_of = {call.operation for call in tape.calls}
        assert (getattr(ops, row.name) in made_of) == fuse
        found.append((y.value, *tape.gradients(y, inputs, cotangent(y.value))))
    for fused, composed in zip(*found, strict=True):
        np.testing.assert_allclose(composed, fused, rtol=1e-10, atol=1e-10)


# --- both engines -----------------------------------------------------------------------------

GROUPS = sorted({row.group for row in ROWS})


def disagreements(got, expected, tolerance):
    """Ids of the rows whose arrays differ, so that one compiled program can hold many rows."""
    bad = []
    for name in expected:
        for a, b in zip(got[name], expected[name], strict=True):
            a, b = np.asarray(a), np.asarray(b)
            if a.shape != b.shape or a.dtype != b.dtype:
                bad.append(f"{name}: {a.dtype}{a.shape}, NumPy {b.dtype}{b.shape}")
            elif a.dtype.kind == "f":
                a, b = a.astype("float64"), b.astype("float64")
                if not np.all(np.abs(a - b) <= tolerance * np.maximum(1, np.abs(b))):
                    bad.append(f"{name}: {a.tolist()}, NumPy {b.tolist()}")
            elif not np.array_equal(a, b):
                bad.append(f"{name}: {a.tolist()}, NumPy {b.tolist()}")
    return bad


@pytest.mark.parametrize(
    ("group", "dtype", "tolerance"),
    [
        *((group, "float32", 1e-5) for group in GROUPS),
        # the rarer files compose what both types were asked of
        *((group, "float64", 1e-13) for group in GROUPS if group not in ops._LATE),
    ],
)
def test_numpy_and_xla_agree(group, dtype, tolerance):
    jax = pytest.importorskip("jax")
    chosen = [r for r in ROWS if r.group == group and (r.name != "cast" or dtype == "float64")]

    def every(inputs):
        results = {}
        for row in chosen:
            function = floats_first(row, dtype)[0]
            if row.grad:
                y, back = vjp(function, *inputs[row.id])
                d = back(cotangent(y, dtype))
                results[row.id] = (y, *(d if isinstance(d, tuple) else (d,)))
            else:
                results[row.id] = (function(*inputs[row.id]),)
        return results

    inputs = {row.id: floats_first(row, dtype)[1] for row in chosen}
    expected = every(inputs)
    with jax.enable_x64(dtype == "float64"):
        program = jax.jit(every).lower(inputs)
        # as users have it once: the rest asks whether our rules are right in XLA, too
        as_users = dtype == "float32" and group not in ops._LATE
        got = program.compile((users_way() if as_users else {}) or None)(inputs)
    if dtype == "float32":  # without 64 bits XLA counts in int32
        expected = {
            k: [v.astype("int32") if np.asarray(v).dtype == "int64" else v for v in y]
            for k, y in expected.items()
        }
    assert not disagreements(got, expected, tolerance)


def test_constants_stay_on_numpy_inside_a_compiled_program():
    """One argument is traced, the others are NumPy constants, as in `constant @ weights`."""
    jax = pytest.importorskip("jax")
    chosen = [r for r in ROWS if r.grad and len(floats_first(r)[1]) > 1]
    assert len(chosen) > 40

    def every(inputs, like):
        results = {}
        for row in chosen:
            function, xs = floats_first(row, "float32")
            for k in (0, len(xs) - 1):

                def of_one(x, f=function, xs=xs, k=k):
                    return f(*xs[:k], x, *xs[k + 1 :])

                y, back = vjp(of_one, inputs[row.id][k])
                results[f"{row.id}, {k}"] = (y, back(like(cotangent(y, "float32"))))
        return results

    inputs = {row.id: floats_first(row, "float32")[1] for row in chosen}
    program = jax.jit(lambda now: every(now, jax.numpy.asarray)).lower(inputs)
    got = program.compile()(inputs)
    assert not disagreements(got, every(inputs, np.asarray), 1e-5)


ELSEWHERE = {  # what JAX calls it, or how it is called; JAX differentiates on its own
    "linear": "identity",
    "softsign": "soft_sign",
    "soft_shrink": None,
    "hard_shrink": None,
    "threshold": None,
    "tanh_shrink": None,
    "sparsemax": None,
}


def oracle(row):
    import jax

    name = ELSEWHERE.get(row.name, row.name)
    arrays = ("elementwise", "reduce", "products", "order", "tensor", "division")
    # the other groups have namesakes in JAX that mean something else; loops are their reference
    if name is None or row.call or row.group not in (*arrays, "activations") or "axes" in row.tag:
        return None
    home = jax.numpy if row.group in arrays else jax.nn
    kwargs = dict(row.kwargs)
    if (row.name == "relu" and (kwargs or row.tag)) or row.name in (
        "clip",
        "cumsum",
        "cast",
        "var",
    ):
        return None
    if row.name in ("gelu", "leaky_relu") and "recorded" not in row.tag:
        kwargs = {"approximate": True, "negative_slope": 0.2} | kwargs
        kwargs = {k: kwargs[k] for k in kwargs if (k == "approximate") == (row.name == "gelu")}
    if row.name == "logsumexp":
        home = jax.nn
    found = getattr(home, name, None) or getattr(jax.lax, name, None)
    return found and functools.partial(found, **kwargs)


def test_jax_differentiates_to_the_same():
    jax = pytest.importorskip("jax")
    chosen = {r.id: (r, oracle(r)) for r in ROWS if r.grad and oracle(r) is not None}
    assert len(chosen) > 90

    def every(inputs):
        results = {}
        for name, (row, function) in chosen.items():
            y, back = jax.vjp(with_fixed(row, function), *inputs[name])
            results[name] = back(cotangent(y))
        return results

    expected = {name: value_and_grads(row)[1] for name, (row, _) in chosen.items()}
    with jax.enable_x64(True):
        got = jax.jit(every)({k: floats_first(r)[1] for k, (r, _) in chosen.items()})
    assert not disagreements(got, expected, 1e-12)


# --- broadcasting -----------------------------------------------------------------------------

PAIRS = [
    "add",
    "subtract",
    "multiply",
    "divide",
    "power",
    "maximum",
    "minimum",
    "arctan2",
    "logaddexp",
]


def summed_by_hand(d, shape):
    """The gradient at the broadcast shape, added entry by entry to where each copy came from."""
    total = np.zeros(shape)
    for index in np.ndindex(d.shape):
        own = index[d.ndim - len(shape) :]
        total[tuple(0 if n == 1 else i for i, n in zip(own, shape, strict=True))] += d[index]
    return total


@settings(max_examples=150, deadline=None, database=None, derandomize=True)
@given(
    st.sampled_from([*PAIRS, "where"]),
    mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3, min_side=0),
    st.integers(0, 2**31),
)
def test_broadcasting_is_undone(name, shapes, seed):
    rng = np.random.default_rng(seed)
    a, b = (rng.uniform(0.5, 2.0, shape) for shape in shapes.input_shapes)
    condition = rng.uniform(size=shapes.result_shape) > 0.5
    run = functools.partial(ops.where, condition) if name == "where" else getattr(ops, name)
    wide = [np.broadcast_to(x, shapes.result_shape).copy() for x in (a, b)]
    y, back = vjp(run, a, b)
    d_y = rng.uniform(-1, 1, shapes.result_shape)
    expected, expected_back = vjp(run, *wide)
    np.testing.assert_allclose(y, expected, rtol=1e-15)
    for d, d_wide, x in zip(back(d_y), expected_back(d_y), (a, b), strict=True):
        assert d.shape == x.shape
        np.testing.assert_allclose(d, summed_by_hand(d_wide, x.shape), rtol=1e-13, atol=1e-13)


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(mutually_broadcastable_shapes(signature="(n,k),(k,m)->(n,m)", max_dims=3, max_side=3))
def test_matmul_batches_broadcast(shapes):
    rng = np.random.default_rng(0)
    a, b = (rng.uniform(-1, 1, shape) for shape in shapes.input_shapes)
    batch = shapes.result_shape[:-2]
    wide = [np.broadcast_to(x, (*batch, *x.shape[-2:])).copy() for x in (a, b)]
    y, back = vjp(ops.matmul, a, b)
    d_y = rng.uniform(-1, 1, y.shape)
    for d, d_wide, x in zip(back(d_y), vjp(ops.matmul, *wide)[1](d_y), (a, b), strict=True):
        np.testing.assert_allclose(d, summed_by_hand(d_wide, x.shape), rtol=1e-12, atol=1e-12)


# --- extreme values ---------------------------------------------------------------------------

EXTREMES = [0.0, 1e-3, -1e-3, 20.0, -20.0, 100.0, -100.0, 1e4, -1e4, 3e38, -3e38]
precise = pytest.mark.parametrize("dtype", ["float64", "float32"])


def sigma(x):
    return 1 / (1 + mp.exp(-x))


# name: value, derivative, and the number the derivative's error is relative to (0: to itself)
CURVES = {
    "sigmoid": (sigma, lambda x: sigma(x) * sigma(-x), 1),  # y(1 − y): 1 − y rounds like 1
    "softplus": (lambda x: mp.log1p(mp.exp(x)) if x < 1000 else x, sigma, 0),
    "log_sigmoid": (lambda x: -mp.log1p(mp.exp(-x)) if x > -1000 else x, lambda x: sigma(-x), 0),
}


@precise
@pytest.mark.parametrize("name", CURVES)
def test_extreme_curves(name, dtype):
    f, slope, scale = CURVES[name]
    x = np.array(EXTREMES, dtype)
    with mp.workdps(120):
        exact = [mp.mpf(v) for v in x.tolist()]
        y, back = vjp(getattr(ops, name), x)
        close_to(y, [f(v) for v in exact], 4)
        close_to(back(np.ones_like(x)), [slope(v) for v in exact], 4, scale)


LOGITS = [
    [(20, -20, 0), (-20, 20, 20), (100, -100, 3), (-100, -100, -100)],
    [(1e4, 0, -1e4), (-1e4, 1e4, 1e4), (1e4, 1e4 - 1, 1e4 - 2), (-20, 100, -1e4)],
    [(3e38, 0, 1), (-3e38, 0, 20), (3e38, 3e38, 3e38), (-3e38, -3e38, -3e38)],
]


@precise
@pytest.mark.parametrize("rows", LOGITS, ids=["20 to 100", "1e4", "3e38"])
def test_extreme_softmax(rows, dtype):
    x = np.array(rows, dtype)
    with mp.workdps(120):
        exact = [[mp.mpf(v) for v in row] for row in x.tolist()]
        top = [max(row) for row in exact]
        e = [[mp.exp(v - m) for v in row] for row, m in zip(exact, top, strict=True)]
        p = [[v / mp.fsum(row) for v in row] for row in e]
        log_p = [
            [v - m - mp.log(mp.fsum(s)) for v in row]
            for row, m, s in zip(exact, top, e, strict=True)
        ]
        close_to(ops.softmax(x), p, 8)
        # near 0 the error is relative to 1: ln of a sum of numbers near 1
        close_to(ops.log_softmax(x), log_p, 4, scale=1)
        for label in range(3):
            labels = np.full(len(x), label)
            target = np.eye(3, dtype=dtype)[labels]
            reference = [-row[label] for row in log_p]
            slope = [[q - (k == label) for k, q in enumerate(row)] for row in p]
            for run in (
                lambda z, t=labels: ops.sparse_softmax_cross_entropy(z, t),
                lambda z, t=target: ops.softmax_cross_entropy(z, t),
            ):
                loss, back = vjp(run, x)
                d = back(np.ones_like(loss))
                assert np.isfinite(loss).all()
                assert np.isfinite(d).all()
                close_to(loss, reference, 4, scale=1)
                close_to(d, slope, 4, scale=1)
                wrong = np.array([row[label] < max(row) for row in rows])
                assert (np.abs(d[wrong, label]) > 0.4).all()


@precise
@pytest.mark.parametrize("rows", LOGITS, ids=["20 to 100", "1e4", "3e38"])
def test_extreme_logsumexp(rows, dtype):
    x = np.array(rows, dtype)
    with mp.workdps(120):
        exact = [[mp.mpf(v) for v in row] for row in x.tolist()]
        sums = [mp.fsum([mp.exp(v - max(row)) for v in row]) for row in exact]
        total = [max(row) + mp.log(s) for row, s in zip(exact, sums, strict=True)]
        y, back = vjp(lambda z: ops.logsumexp(z, axis=-1), x)
        close_to(y, total, 4)
        d = back(np.ones_like(y))
    assert np.isfinite(d).all()
    np.testing.assert_array_less(d, 1.001)
    assert (d.max(axis=-1) > 0.3).all()


def test_logsumexp_of_masked_numbers():
    y, back = vjp(ops.logsumexp, np.array([-np.inf, 2.0, 2.0]))
    assert y == pytest.approx(2 + np.log(2), rel=1e-15)
    np.testing.assert_allclose(back(1.0), [0, 0.5, 0.5], rtol=1e-15)
    assert ops.logsumexp(np.array([np.inf, 0.0])) == np.inf


@precise
@pytest.mark.parametrize("target", [0.0, 1.0, 0.25])
def test_extreme_sigmoid_cross_entropy(target, dtype):
    z = np.array(EXTREMES, dtype)
    y = np.full_like(z, target)
    with mp.workdps(120):
        exact = [mp.mpf(v) for v in z.tolist()]
        reference = [max(v, 0) - v * mp.mpf(target) + mp.log1p(mp.exp(-abs(v))) for v in exact]
        loss, back = vjp(lambda logits: ops.sigmoid_cross_entropy(logits, y), z)
        d = back(np.ones_like(z))
        close_to(loss, reference, 4)
        close_to(d, [sigma(v) - mp.mpf(target) for v in exact], 4, scale=1)
    wrong = (z > 0) == (target == 0) if target in (0, 1) else np.abs(z) >= 20
    assert (np.abs(d[wrong]) > 0.2).all()


def test_differences_that_float32_cannot_hold():
    # 6e38 is beyond float32: the probabilities are right all the same, NumPy warns about the loss
    x = np.array([3e38, -3e38], "float32")
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(ops.softmax(x), np.array([1, 0], "float32"))
        _, back = vjp(lambda z: ops.sparse_softmax_cross_entropy(z, np.array(1)), x)
        np.testing.assert_array_equal(back(np.float32(1)), np.array([1, -1], "float32"))


@pytest.mark.parametrize("name", ["softplus", "log_sigmoid", "sigmoid", "relu", "erf", "tanh"])
def test_infinity_warns_nowhere(name):
    x = np.array([np.inf, -np.inf])
    limits = {
        "softplus": ([np.inf, 0], [1, 0]),
        "log_sigmoid": ([0, -np.inf], [0, 1]),
        "sigmoid": ([1, 0], [0, 0]),
        "relu": ([np.inf, 0], [1, 0]),
        "erf": ([1, -1], [0, 0]),
        "tanh": ([1, -1], [0, 0]),
    }
    y, back = vjp(getattr(ops, name), x)
    np.testing.assert_array_equal(y, limits[name][0])
    np.testing.assert_array_equal(back(np.ones(2)), limits[name][1])


def test_masked_logits():
    x = np.array([[1.0, -np.inf, 1.0]])
    y, back = vjp(ops.softmax, x)
    np.testing.assert_array_equal(y, [[0.5, 0.0, 0.5]])
    np.testing.assert_array_equal(back(np.array([[1.0, 5.0, 3.0]])), [[-0.5, 0.0, 0.5]])
    loss, back = vjp(lambda z: ops.softmax_cross_entropy(z, np.array([[1.0, 0.0, 0.0]])), x)
    np.testing.assert_allclose(loss, [np.log(2)])
    np.testing.assert_array_equal(back(np.ones(1)), [[-0.5, 0.0, 0.5]])


# --- what a table cannot say ------------------------------------------------------------------

CONVENTIONS = {  # at the kinks: documented, and the same as Keras's where Keras says so
    "relu at 0": (ops.relu, [0.0], [0.0]),
    "relu6 at 6": (ops.relu6, [6.0], [0.0]),
    "abs at 0": (ops.abs, [0.0], [0.0]),
    "clip on its edges": (lambda x: ops.clip(x, -1, 1), [-1.0, 1.0], [1.0, 1.0]),
    "max of equals": (ops.max, [3.0, 3.0, 1.0], [0.5, 0.5, 0.0]),
    "min of equals": (ops.min, [1.0, 1.0, 1.0, 2.0], [1 / 3, 1 / 3, 1 / 3, 0.0]),
    "maximum of equals": (lambda x: ops.maximum(x, 2.0), [2.0, 3.0], [0.5, 1.0]),
    "minimum of equals": (lambda x: ops.minimum(x, 2.0), [2.0, 3.0], [0.5, 0.0]),
    "std of equals": (ops.std, [2.0, 2.0], [0.0, 0.0]),
    "power 0 at 0": (lambda x: x**0, [0.0, 2.0], [0.0, 0.0]),
    "power 1 at 0": (lambda x: x**1, [0.0, 2.0], [1.0, 1.0]),
    "power 2 at 0": (lambda x: x**2.0, [0.0], [0.0]),
    "power of negatives": (lambda x: x**3, [-2.0], [12.0]),
    "exponent of 0": (lambda p: ops.power(np.array([0.0, 2.0]), p), [2.0, 0.0], [0.0, np.log(2)]),
    "step": (ops.step, [0.0, 1.0], [0.0, 0.0]),
    "threshold": (lambda x: ops.threshold(x, 1.0, x * 2), [1.0, 3.0], [2.0, 1.0]),
}


@pytest.mark.parametrize("name", CONVENTIONS)
def test_convention(name):
    f, x, d_x = CONVENTIONS[name]
    y, back = vjp(f, np.array(x))
    np.testing.assert_allclose(back(np.ones_like(y)), d_x, rtol=1e-15)


def test_cast_takes_the_gradient_back():
    x = np.array([0.1, 0.7])
    y, back = vjp(lambda v: ops.cast(v, "float32"), x)
    assert y.dtype == "float32"
    assert back(np.ones(2, "float32")).dtype == "float64"
    assert isinstance(ops.cast(x, "int32"), np.ndarray)
    with record() as tape:
        assert isinstance(ops.cast(tape.watch(x), "int32"), np.ndarray)  # nothing to record


def test_one_hot_dtype():
    assert ops.one_hot(np.array([0]), 2).dtype == "float32"
    assert ops.one_hot(np.array([0]), 2, dtype="float64").dtype == "float64"


def test_logits_behind():
    with record() as tape:
        z = tape.watch(np.array([0.1, 0.2]))
        y = ops.softmax(z)
        assert ops.logits_behind(y, ops.softmax) is z
        assert ops.logits_behind(y, ops.sigmoid) is None
        assert ops.logits_behind(y * 1.0, ops.softmax) is None
    assert ops.logits_behind(np.ones(2), ops.softmax) is None


def test_take_is_differentiated_again():
    f = value_and_grad(lambda x: ops.sum(ops.take(x, np.array([1, 1]), axis=0) ** 3))
    _, back = vjp(lambda x: f(x)[1], np.array([2.0, 3.0]))
    np.testing.assert_array_equal(back(np.array([1.0, 1.0])), [0.0, 36.0])


ERRORS = {
    "matmul: the inner lengths do not agree\n  expected: (..., n, k) times (..., k, m)\n"
    "  received: (2, 3) times (2, 3)": lambda: ops.matmul(np.ones((2, 3)), np.ones((2, 3))),
    "einsum('ij,jk->ik'): the letters do not fit the arrays\n  expected: a letter for each axis, or "
    "..., and equal lengths for equal letters\n  received: (2, 3), (2, 3)": lambda: ops.einsum(
        "ij,jk->ik", np.ones((2, 3)), np.ones((2, 3))
    ),
    "einsum('ii->i'): the letters do not fit the arrays\n  expected: a letter for each axis, or "
    "..., and equal lengths for equal letters\n  received: (2, 3)": lambda: ops.einsum(
        "ii->i", np.ones((2, 3))
    ),
    "squeeze: only an axis of length 1 can be squeezed away\n  received: (2, 3)": lambda: (
        ops.squeeze(np.ones((2, 3)), 0)
    ),
    "split: the axis does not divide into equal pieces\n  expected: a length divisible by 2\n"
    "  received: 3": lambda: ops.split(np.ones(3), 2),
    "one_hot, row 1: a label is outside the classes\n  expected: 0 to 2, for 3 classes\n  received: "
    "3 (1 such labels: [3])\n  fix: give a larger num_classes": lambda: ops.one_hot([0, 3], 3),
    "softmax: there is no axis 5\n  expected: an axis from -2 to 1\n  received: 2 axes": lambda: (
        ops.softmax(np.ones((2, 3)), axis=5)
    ),
    "sum: there is no axis 0\n  expected: no axis: it has none\n  received: 0 axes": lambda: (
        ops.sum(np.array(3.0), axis=0)
    ),
    "add: the shapes do not broadcast\n  expected: equal lengths, or 1, from the last axis on\n"
    "  received: (2, 3) and (2,)": lambda: ops.add(np.ones((2, 3)), np.ones(2)),
    "take: an index is outside the array\n  expected: -2 to 1\n  received: 2 of shape (2, 3)": (
        lambda: ops.take(np.ones((2, 3)), [2], axis=0)
    ),
    "exp: complex numbers have no place here\n  expected: real numbers\n  received: complex128\n"
    "  fix: give real and imaginary parts apart": lambda: ops.exp(np.array([1j])),
    "reshape: the numbers do not fill the new shape\n  expected: a shape of 6 numbers\n"
    "  received: (2, 3) to (4, 2)": lambda: ops.reshape(np.ones((2, 3)), (4, 2)),
    "mean: of no numbers there is no such value\n  received: shape (2, 0)": lambda: ops.mean(
        np.ones((2, 0))
    ),
    "unknown activation 'rleu'\n  fix: did you mean 'relu'?": lambda: activations.get("rleu"),
}


@pytest.mark.parametrize("text", ERRORS, ids=lambda text: text.split(":")[0])
def test_error_text(text):
    with pytest.raises(ChainruleError, match=re.escape(text) + r"\Z"):
        ERRORS[text]()


def test_a_wrong_rule_is_caught():
    """The contract can fail: a rule that is off by 1e-4 does not pass, nor a value by 8 ulp."""
    from chainrule.chain import op

    bent = op(lambda x: (np.sin(x), lambda d_y: d_y * np.cos(x) * 1.0001))
    with pytest.raises(ChainruleError, match="wrong derivative"):
        gradcheck(bent, np.array([0.5]))
    with pytest.raises(AssertionError, match="entry 0"):
        close_to(np.array([0.5 + 8 * 2**-53]), [mp.mpf(0.5)], 4)


# --- forms for large arrays on XLA --------------------------------------------------------------


def _kernel_gradient(x, kernel, d_y):
    """The gradients that a dense layer's kernel and bias get, as a compiled program makes them."""
    bias = np.zeros(kernel.shape[1], np.float32)
    return vjp(lambda k, b: ops.dense(x, k, b), kernel, bias)[1](d_y)


@pytest.mark.parametrize(
    ("rows", "n", "units", "turned"),
    [
        ((4, 64), 40, 300, 0),  # x is turned
        ((4, 64), 300, 20, 1),  # the gradient is turned, and what comes out
        ((4, 2), 3, 5, None),  # a sum of products
    ],
)
def test_large_gradients_of_kernels_are_products_of_rows_with_columns(rows, n, units, turned):
    """XLA:CPU runs a product over both first axes at half its speed; the figures stay the same."""
    jax = pytest.importorskip("jax")
    if jax.default_backend() != "cpu":
        pytest.skip("a form for CPUs")
    rng = np.random.default_rng(0)
    x, kernel, d_y = (
        rng.normal(size=s).astype(np.float32) for s in ((*rows, n), (n, units), (*rows, units))
    )
    program = jax.jit(_kernel_gradient).lower(x, kernel, d_y).compile()
    for found, flat_x in zip(program(x, kernel, d_y), (x, np.ones((*rows, 1))), strict=True):
        exact = np.einsum("abi,abj->ij", flat_x.astype(float), d_y.astype(float))
        np.testing.assert_allclose(found, exact.reshape(found.shape), rtol=1e-4, atol=1e-4)
    text = program.as_text()
    assert "lhs_contracting_dims={0}" not in text
    turns = {0: f"f32[{n},256]", 1: f"f32[{units},256]"}
    assert turned is None or turns[turned] in text


# --- docstrings -------------------------------------------------------------------------------


def _page():
    return runpy.run_path(str(Path(__file__).parent.parent / "docs" / "make_derivatives.py"))


def test_the_page_of_all_derivatives_is_up_to_date():
    """`python docs/make_derivatives.py` writes it."""
    tool = _page()
    assert tool["PAGE"].read_text(encoding="utf-8") == tool["page"]()


@pytest.mark.parametrize("name", [n for n in ops.__all__ if n not in WITHOUT_ROW])
def test_every_operation_shows_formula_derivative_and_example(name):
    formula, derivative = _page()["formula_and_derivative"](name)
    assert formula
    assert re.search("[Dd]erivative|gradient|∂|d_|dA|dX|dL|dx|d:|Every summand", derivative), (
        derivative
    )
    assert "Example:\n" in getattr(ops, name).__doc__
