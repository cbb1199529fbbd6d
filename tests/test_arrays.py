"""Array operations: what their rows cannot say, and NumPy itself as the reference."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

import chainrule as cr
from chainrule import ops
from chainrule.chain import record, vjp
from chainrule.derivatives import value_and_grad
from chainrule.errors import ArgumentError, ChainruleError

ENGINES = ["numpy", "xla"]
X = np.array([[3.0, 1.0, 2.0], [0.5, -1.0, 4.0]])


def on(engine, f, *args):
    """f of the arguments, run by NumPy or compiled, in float64."""
    if engine == "numpy":
        return f(*args)
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        return [np.asarray(v) for v in jax.jit(lambda *a: tuple_of(f(*a)))(*args)]


def tuple_of(y):
    return y if isinstance(y, (tuple, list)) else (y,)


def results(engine, f, *args):
    y = on(engine, f, *args)
    return list(tuple_of(y))


# --- against NumPy, on many shapes --------------------------------------------------------------

AXIS = {
    "sort": (ops.sort, np.sort),
    "argsort": (ops.argsort, lambda x, axis: np.argsort(x, axis, kind="stable")),
    "cumprod": (ops.cumprod, np.cumprod),
    "flip": (ops.flip, np.flip),
    "repeat": (lambda x, axis: ops.repeat(x, 3, axis), lambda x, axis: np.repeat(x, 3, axis)),
    "roll": (lambda x, axis: ops.roll(x, -2, axis), lambda x, axis: np.roll(x, -2, axis)),
    "expand_dims": (ops.expand_dims, np.expand_dims),
}


@settings(max_examples=120, deadline=None, database=None, derandomize=True)
@given(st.sampled_from(sorted(AXIS)), array_shapes(max_dims=4, min_side=0, max_side=4), st.data())
def test_along_an_axis_as_numpy(name, shape, data):
    ours, numpy = AXIS[name]
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    x = np.random.default_rng(len(shape)).integers(-3, 4, shape).astype(float)  # many ties
    np.testing.assert_array_equal(ours(x, axis), numpy(x, axis))
    assert ours(x, axis).dtype == numpy(x, axis).dtype


@settings(max_examples=80, deadline=None, database=None, derandomize=True)
@given(array_shapes(min_dims=2, max_dims=4, min_side=0, max_side=4), st.integers(-5, 5))
def test_triangles_as_numpy(shape, k):
    x = np.random.default_rng(0).normal(size=shape)
    np.testing.assert_array_equal(ops.tril(x, k), np.tril(x, k))
    np.testing.assert_array_equal(ops.triu(x, k), np.triu(x, k))


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(st.data())
def test_several_axes_as_numpy(data):
    ndim = data.draw(st.integers(1, 4))
    x = np.zeros(tuple(range(2, 2 + ndim)))
    axes = st.lists(st.integers(0, ndim - 1), unique=True, max_size=ndim)
    source = data.draw(axes)
    target = data.draw(st.permutations(range(ndim)))[: len(source)]
    assert ops.moveaxis(x, source, target).shape == np.moveaxis(x, source, target).shape
    new = data.draw(st.lists(st.integers(0, ndim), unique=True, max_size=2))
    assert ops.expand_dims(x, new).shape == np.expand_dims(x, tuple(new)).shape


@settings(max_examples=120, deadline=None, database=None, derandomize=True)
@given(st.data())
def test_einsum_as_numpy(data):
    """Letters, repeated letters and ellipses in one and two operands, values and gradients."""
    lengths = {"a": 2, "b": 3, "c": 1}
    rng = np.random.default_rng(data.draw(st.integers(0, 9)))
    terms, operands = [], []
    for _ in range(data.draw(st.integers(1, 2))):
        before, after = (data.draw(st.text("abc", max_size=2)) for _ in range(2))
        inner = data.draw(st.sampled_from([None, (), (4,), (1,), (2, 4)]))
        terms.append(before + ("" if inner is None else "...") + after)
        shape = (*(lengths[c] for c in before), *(inner or ()), *(lengths[c] for c in after))
        operands.append(rng.normal(size=shape))
    subscripts = ",".join(terms)
    if data.draw(st.booleans()):
        known = sorted(set(subscripts) - {",", "."})
        chosen = data.draw(st.lists(st.sampled_from(known), unique=True)) if known else []
        subscripts += "->" + ("..." if "..." in subscripts else "") + "".join(chosen)
    try:
        expected = np.einsum(subscripts, *operands)
    except ValueError:
        with pytest.raises(cr.errors.ShapeError, match="the letters do not fit"):
            ops.einsum(subscripts, *operands)
        return
    y, back = vjp(lambda *xs: ops.einsum(subscripts, *xs), *operands)
    np.testing.assert_allclose(y, expected, rtol=1e-13, atol=1e-13)
    d_y = rng.normal(size=np.shape(y))
    v = [rng.normal(size=x.shape) for x in operands]  # the derivative along v, by linearity
    along = sum(np.vdot(d, w) for d, w in zip(tuple_of(back(d_y)), v, strict=True))
    exact = sum(
        np.vdot(d_y, np.einsum(subscripts, *(w if i == k else x for i, x in enumerate(operands))))
        for k, w in enumerate(v)
    )
    np.testing.assert_allclose(along, exact, rtol=1e-10, atol=1e-10)


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(st.integers(0, 3), st.integers(0, 2), st.integers(0, 2))
def test_tensordot_as_numpy(n, more_a, more_b):
    rng = np.random.default_rng(n)
    shared = tuple(rng.integers(1, 4, n))
    a, b = rng.normal(size=(2,) * more_a + shared), rng.normal(size=shared + (3,) * more_b)
    np.testing.assert_allclose(ops.tensordot(a, b, n), np.tensordot(a, b, n), rtol=1e-12)


# --- order: ties, NaN, empty axes ---------------------------------------------------------------

ODD = np.array([[2.0, np.nan, -0.0, 0.0, np.inf, 2.0, -np.inf, 1.0]])


@pytest.mark.parametrize("engine", ENGINES)
def test_order_of_ties_zeros_and_nan(engine):
    order = np.argsort(ODD, kind="stable")
    np.testing.assert_array_equal(results(engine, ops.argsort, ODD)[0], order)
    y, d = results(engine, slope_of_sort, ODD)
    np.testing.assert_array_equal(y, np.sort(ODD))
    np.testing.assert_array_equal(d[0, order[0]], np.arange(8.0))
    values, places = results(engine, lambda x: ops.top_k(x, 8), ODD)
    np.testing.assert_array_equal(places[0], [1, 4, 0, 5, 7, 2, 3, 6])
    np.testing.assert_array_equal(values[0], ODD[0, places[0]])


def slope_of_sort(x):
    y, back = vjp(ops.sort, x)
    return y, back(np.arange(8.0)[None])


@pytest.mark.parametrize("engine", ENGINES)
def test_gradient_of_top_k_goes_to_the_first_of_equals(engine):
    x = np.array([[1.0, 5.0, 5.0, 5.0]])

    def slope(x):
        _, back = vjp(lambda v: ops.top_k(v, 2)[0], x)
        return back(np.array([[10.0, 20.0]]))

    np.testing.assert_array_equal(results(engine, slope, x)[0], [[0, 10, 20, 0]])


@pytest.mark.parametrize("engine", ENGINES)
def test_take_along_an_axis_adds_up_what_is_taken_twice(engine):
    index = np.array([[1, 1, 1], [-1, 0, 2]])

    def slope(x):
        y, back = vjp(lambda v: ops.take_along_axis(v, index, axis=1), x)
        return y, back(np.array([[1.0, 2.0, 4.0], [8.0, 16.0, 32.0]]))

    y, d = results(engine, slope, X)
    np.testing.assert_array_equal(y, np.take_along_axis(X, index, 1))
    np.testing.assert_array_equal(d, [[0, 7, 0], [16, 0, 40]])


@pytest.mark.parametrize("one", [False, True], ids=["several", "one"])
def test_an_index_a_compiled_program_cannot_see(one):
    jax = pytest.importorskip("jax")
    index = np.array([[3], [-1]]) if one else np.array([[3, 0], [-1, 1]])
    with jax.enable_x64(True):
        y, d = jax.jit(
            lambda x, i: (
                ops.take_along_axis(x, i, 1),
                vjp(lambda v: ops.take_along_axis(v, i, 1), x)[1](np.ones(index.shape)),
            )
        )(X, index)
    y, d = np.asarray(y), np.asarray(d)
    assert np.isnan(y[0, 0])
    assert y[1, 0] == X[1, -1]
    np.testing.assert_array_equal(d, [[0, 0, 0], [0, 0, 1]] if one else [[1, 0, 0], [0, 1, 1]])


def test_a_step_in_the_order_has_second_derivatives():
    """Σ(3rd largest)³ and the like: the place is constant, what stands there is not."""
    f = value_and_grad(lambda x: ops.sum(ops.top_k(x, 2)[0] ** 3) + ops.sum(ops.sort(x)[:, 0] ** 3))
    _, back = vjp(lambda x: f(x)[1], X)
    expected = [[18.0, 6.0, 12.0], [3.0, -6.0, 24.0]]
    np.testing.assert_array_equal(back(np.ones_like(X)), expected)


def test_nothing_in_order():
    for shape in ((0,), (2, 0), (0, 3)):
        x = np.ones(shape)
        y, back = vjp(ops.sort, x)
        assert y.shape == shape == back(y).shape
        assert ops.argsort(x).shape == shape
        values, places = ops.top_k(x, 0)
        assert values.shape == places.shape == (*shape[:-1], 0)
        assert ops.take_along_axis(x, np.zeros((*shape[:-1], 0), int), -1).shape == (*shape[:-1], 0)


def test_integers_keep_their_type():
    x = np.array([[3, 1, 2]])
    for y in (ops.sort(x), ops.top_k(x, 2)[0], ops.tril(x), ops.roll(x, 1), ops.cumprod(x)):
        assert y.dtype == x.dtype
    assert ops.nan_to_num(x) is x
    assert (ops.mod(x, 2).dtype, ops.floor_divide(x, 2).dtype) == (x.dtype, x.dtype)


def test_top_k_stands_in_a_graph_of_layers():
    inputs = cr.Input((4,))
    values, places = ops.top_k(inputs, 2)
    model = cr.Model(inputs, [values, places])
    got = model.predict(np.array([[1.0, 4.0, 2.0, 3.0]]), verbose=0)
    np.testing.assert_array_equal(got[0], [[4, 3]])
    np.testing.assert_array_equal(got[1], [[1, 3]])


@pytest.mark.parametrize("mode", ["constant", "reflect"])
def test_a_graph_with_a_border_is_written_to_a_file(tmp_path, mode):
    inputs = cr.Input((4,))
    model = cr.Model(inputs, ops.pad(inputs, ((0, 0), (1, 2)), mode))
    x = np.arange(8.0, dtype="float32").reshape(2, 4)
    model.save(tmp_path / "model.safetensors")
    again = cr.load_model(tmp_path / "model.safetensors").predict(x, verbose=0)
    np.testing.assert_array_equal(again, np.pad(x, ((0, 0), (1, 2)), mode))


# --- products with zeros ------------------------------------------------------------------------


@pytest.mark.parametrize("zeros", [(), (2,), (0, 3), (1, 2, 4)])
def test_prod_and_cumprod_by_plain_loops(zeros):
    x = np.array([2.0, -1.5, 0.5, 3.0, 1.25])
    x[list(zeros)] = 0.0
    d_y = np.array([1.0, 0.3, -2.0, 0.7, 5.0])
    exact = [
        sum(d_y[j] * math.prod(x[k] for k in range(j + 1) if k != i) for j in range(i, 5))
        for i in range(5)
    ]
    np.testing.assert_allclose(vjp(ops.cumprod, x)[1](d_y), exact, rtol=1e-14)
    others = [math.prod(x[k] for k in range(5) if k != i) for i in range(5)]
    np.testing.assert_allclose(vjp(ops.prod, x)[1](1.0), others, rtol=1e-14)
    second = [
        [0.0 if i == j else math.prod(x[k] for k in range(5) if k not in (i, j)) for j in range(5)]
        for i in range(5)
    ]
    np.testing.assert_allclose(cr.hessian(ops.prod)(x), second, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(
        cr.hessian(lambda v: ops.cumprod(v)[-1])(x), second, rtol=1e-13, atol=1e-13
    )


def test_prod_of_many_numbers_records_few_calls():
    """Its derivative grew by four calls a number once: 300 numbers took seconds to compile."""

    def calls(n):
        with record() as outer:
            x = outer.watch(np.ones(n))
            with record() as inner:
                y = ops.prod(inner.watch(x))
            inner.gradients(y, [x])
        return len(outer.calls)

    assert calls(300) == calls(3) < 40


# --- errors -------------------------------------------------------------------------------------

ERRORS = {
    "top_k: there are not so many numbers along the last axis\n  expected: k from 0 to 3\n"
    "  received: k=4 of shape (2, 3)": lambda: ops.top_k(X, 4),
    "top_k: k must be a whole number\n  received: 1.5": lambda: ops.top_k(X, 1.5),
    "sort: there is no axis 2\n  expected: an axis from -2 to 1\n  received: 2 axes": lambda: (
        ops.sort(X, axis=2)
    ),
    "take_along_axis: an index is outside the array\n  expected: -3 to 2\n"
    "  received: 3 of shape (2, 3)": lambda: ops.take_along_axis(X, [[3], [0]], 1),
    "take_along_axis: an index must be a whole number\n  received: dtype float64": lambda: (
        ops.take_along_axis(X, [[1.0], [0.0]], 1)
    ),
    "take_along_axis: array and indices do not broadcast along all axes but 1\n"
    "  expected: as many axes, each as long, or of length 1\n"
    "  received: (2, 3) and indices (3, 1)": lambda: ops.take_along_axis(X, [[1]] * 3, 1),
    "take_along_axis: array and indices do not broadcast along all axes but 0\n"
    "  expected: as many axes, each as long, or of length 1\n"
    "  received: (6,) and indices (1, 1)": lambda: ops.take_along_axis(X, [[1]]),
    "tril: only matrices have a triangle\n  expected: at least 2 axes\n  received: shape (3,)": (
        lambda: ops.tril(np.ones(3))
    ),
    "roll: there must be one shift for each axis\n  expected: 2 shifts\n  received: (1,)": (
        lambda: ops.roll(X, (1,), (0, 1))
    ),
    "repeat: repeats do not fit the axis\n  expected: one number from 0, or 3 of them\n"
    "  received: [1, 2]": lambda: ops.repeat(X, [1, 2], axis=1),
    "repeat: repeats must be whole numbers\n  received: 1.5": lambda: ops.repeat(X, 1.5),
    "tensordot: the axes to be summed over differ in length\n  expected: equal lengths, pair by "
    "pair\n  received: axes (1,) of (2, 3) and (0,) of (2, 3)": lambda: ops.tensordot(X, X, 1),
    "tensordot: there are not so many axes\n  expected: axes from 0 to 2\n"
    "  received: axes=3 of (2, 3) and (2, 3)": lambda: ops.tensordot(X, X, 3),
    "var: there must be more numbers than ddof\n  expected: ddof from 0 to 2\n"
    "  received: ddof=3 for 3 numbers": lambda: ops.var(X, axis=1, ddof=3),
    "std: ddof must be a whole number\n  received: 0.5": lambda: ops.std(X, ddof=0.5),
    "moveaxis: there must be one destination for each source\n"
    "  received: source=(0, 1), destination=0": lambda: ops.moveaxis(X, (0, 1), 0),
    "expand_dims: an axis is named twice\n  received: axis=(0, 0)": lambda: ops.expand_dims(
        X, (0, 0)
    ),
    "einsum('...i->i'): the letters do not fit the arrays\n  expected: a letter for each axis, or "
    "..., and equal lengths for equal letters\n  received: (2, 3)": lambda: ops.einsum(
        "...i->i", X
    ),
    "jvp: the arguments of f and their directions are two tuples, of one array each too\n"
    "  expected: jvp(f, (x,), (v,))\n  received: ndarray and ndarray": lambda: cr.jvp(
        lambda x: x**2, X, X
    ),
    "jvp: the arguments of f and their directions are two tuples, of one array each too\n"
    "  expected: jvp(f, (x,), (v,))\n  received: 2 arguments, which f does not take": lambda: (
        cr.jvp(lambda x: x**2, [1.0, 2.0], [1.0, 0.0])
    ),
    "hessian: the second argument says which argument of f to differentiate, by its place\n"
    "  expected: hessian(f)(x), or hessian(f, argnums=0)(x)\n  received: hessian(f, ndarray)": (
        lambda: cr.hessian(ops.sum, X)
    ),
    "jacobian: the second argument says which argument of f to differentiate, by its place\n"
    "  expected: jacobian(f)(x), or jacobian(f, argnums=0)(x)\n  received: jacobian(f, list)": (
        lambda: cr.jacobian(ops.sum, [1.0, 2.0])
    ),
    "value_and_grad: the second argument says which argument of f to differentiate, by its place\n"
    "  expected: value_and_grad(f)(x), or value_and_grad(f, argnums=0)(x)\n"
    "  received: value_and_grad(f, float)": lambda: cr.value_and_grad(ops.sum, 2.0),
}


@pytest.mark.parametrize("text", ERRORS, ids=lambda text: text[:45])
def test_error_text(text):
    with pytest.raises(ChainruleError, match=re.escape(text) + r"\Z"):
        ERRORS[text]()


def test_places_are_taken_as_numpy_gives_them():
    f = lambda x, y: ops.sum(x * x * y)  # noqa: E731
    assert cr.hessian(f, np.int64(0))(np.array(3.0), np.array(5.0)) == 10
    assert cr.jvp(np.sin, (np.array(0.0),), (np.array(2.0),))[1] == 2


# --- recorded values ----------------------------------------------------------------------------

METHODS = {
    "max": lambda x: x.max(axis=1),
    "max of all": lambda x: x.max(),
    "min": lambda x: x.min(axis=0, keepdims=True),
    "ravel": lambda x: x.ravel(),
    "flatten": lambda x: x.flatten(),
    "squeeze": lambda x: x[:, :1].squeeze(),
    "squeeze axis": lambda x: x[:, :1].squeeze(axis=1),
    "var": lambda x: x.var(axis=1, ddof=1),
    "std": lambda x: x.std(),
    "std kept": lambda x: x.std(axis=0, keepdims=True),
    "transpose": lambda x: x.transpose(),
    "transpose axes": lambda x: x.transpose(1, 0),
    "transpose tuple": lambda x: x.transpose((1, 0)),
    "swapaxes": lambda x: x.swapaxes(0, -1),
    "mod": lambda x: x % 0.7,
    "mod of a number": lambda x: 7.5 % x,
    "floor_divide": lambda x: x // 0.7,
    "floor_divide of a number": lambda x: 7.5 // x,
    "np.max": lambda x: np.max(x, axis=1),
    "np.min": lambda x: np.min(x),
    "np.std": lambda x: np.std(x, axis=0, ddof=1),
    "np.var": lambda x: np.var(x),
    "np.mod": lambda x: np.mod(x, 0.7),
    "np.floor_divide": lambda x: np.floor_divide(x, 0.7),
    "np.squeeze": lambda x: np.squeeze(x[:, :1]),
    "np.transpose": np.transpose,
    "np.swapaxes": lambda x: np.swapaxes(x, 0, 1),
}


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("kind", ["node", "variable"])
def test_methods_as_numpy_has_them(name, kind):
    f, expected = METHODS[name], METHODS[name](X)
    with record() as tape:
        x = tape.watch(X) if kind == "node" else cr.Variable(X, dtype="float64")
        y = f(x)
        loss = ops.sum(y * np.arange(np.size(expected)).reshape(np.shape(expected)))
    assert type(y).__name__ == "Call"
    np.testing.assert_allclose(y.value, expected, rtol=1e-15)
    (d,) = tape.gradients(loss, [x])
    assert d.shape == X.shape
    outside = f(cr.Variable(X, dtype="float64"))
    np.testing.assert_allclose(outside, expected, rtol=1e-15)


@pytest.mark.parametrize("method", ["sum", "mean", "var", "std"])
def test_a_type_is_not_ignored(method):
    x = cr.Variable(X)
    with pytest.raises(ArgumentError, match="dtype has no place here"):
        getattr(x, method)(dtype="float64")
    with pytest.raises(ArgumentError, match="out has no place here"):
        x.max(out=np.zeros(()))


# --- exact where it is small --------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_power_of_infinity_by_its_exponent(engine):
    x = np.array([np.inf, -np.inf, np.inf, 0.0, 0.0, -2.0, -np.inf])
    p = np.array([-2.0, -3.0, 2.0, 2.0, 0.0, 3.0, 3.0])

    def slope(p):
        return vjp(lambda q: ops.power(x, q), p)[1](np.ones(7))

    np.testing.assert_array_equal(
        results(engine, slope, p)[0], [0, 0, np.inf, 0, 0, np.nan, np.nan]
    )


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_small_results_have_all_their_digits(engine, dtype):
    import mpmath as mp

    if engine == "xla":
        pytest.importorskip("jax")
    x = np.geomspace(1e-6, 0.9, 40).astype(dtype)
    got = results(engine, ops.tanh_shrink, x)[0]
    with mp.workdps(40):
        exact = [float(mp.mpf(float(v)) - mp.tanh(mp.mpf(float(v)))) for v in x]
    np.testing.assert_allclose(got, exact, rtol=8 * np.finfo(dtype).eps)
    x = np.linspace(-9, -1, 40).astype(dtype)
    got = results(engine, lambda v: ops.gelu(v, approximate=False), x)[0]
    exact = [float(mp.mpf(float(v)) * mp.ncdf(mp.mpf(float(v)))) for v in x]
    np.testing.assert_allclose(got, exact, rtol=170 * np.finfo(dtype).eps)
