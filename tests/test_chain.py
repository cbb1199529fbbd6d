"""The chain rule: recording, walking back, and what happens at the edges."""

from __future__ import annotations

import ast
import inspect
import re
import threading

import mpmath as mp
import numpy as np
import pytest

from chainrule import chain, ops
from chainrule.chain import (
    Node,
    active_tape,
    gradients,
    op,
    record,
    stop_gradient,
    vjp,
)
from chainrule.derivatives import value_and_grad
from chainrule.errors import ShapeError, StateError
from chainrule.operators import Recordable, raw

A = np.array([0.3, -1.2, 2.0])


def grad(f, x):
    return vjp(f, x)[1](np.ones(np.shape(vjp(f, x)[0])))


# --- a user's own operation -------------------------------------------------------------------


@op
def cube(x):
    """x³."""
    return x**3, lambda d_y: d_y * 3 * x**2


def test_users_operation():
    y, back = vjp(cube, A)
    np.testing.assert_array_equal(y, A**3)
    np.testing.assert_allclose(back(np.ones(3)), 3 * A**2, rtol=1e-15)
    assert cube.__name__ == "cube"
    assert cube.__doc__ == "x³."


def test_without_a_tape_an_operation_returns_its_plain_value():
    assert type(cube(A)) is np.ndarray
    assert active_tape() is None


def test_one_function_for_several_arguments():
    @op
    def product(a, b):
        return a * b, lambda d_y: (d_y * b, d_y * a)

    d_a, d_b = vjp(product, A, 2 * A)[1](np.ones(3))
    np.testing.assert_array_equal(d_a, 2 * A)
    np.testing.assert_array_equal(d_b, A)


def test_keyword_arguments_are_constants():
    @op
    def scaled(x, *, by):
        return x * by, lambda d_y: d_y * by

    np.testing.assert_array_equal(grad(lambda x: scaled(x, by=4.0), A), [4, 4, 4])


def test_operation_without_derivative_returns_a_plain_array():
    rounded = op(lambda x: (np.round(x), None))
    with record() as tape:
        x = tape.watch(A)
        assert type(rounded(x)) is np.ndarray
        assert type(x > 0) is np.ndarray


def test_rule_that_returns_a_plain_number():
    constant = op(lambda x: (x * 2, lambda d_y: 2.0))
    d = vjp(constant, np.array(3.0, "float32"))[1](1.0)
    assert d == 2.0
    assert d.dtype == "float32"


def _counting():
    calls = []

    @op
    def matmul(x, w):
        def d_x(d_y):
            calls.append("x")
            return d_y @ w.T

        def d_w(d_y):
            calls.append("w")
            return x.T @ d_y

        return x @ w, (d_x, d_w)

    return matmul, calls


def test_only_wanted_gradients_are_formed():
    matmul, calls = _counting()
    data, w1, w2 = np.ones((2, 3)), np.ones((3, 4)), np.ones((4, 1))
    with record() as tape:
        a, b = tape.watch(w1), tape.watch(w2)
        loss = ops.sum(matmul(ops.tanh(matmul(data, a)), b))
    tape.gradients(loss, [a, b])
    assert calls == ["w", "x", "w"] or calls == ["x", "w", "w"]  # never d_data
    calls.clear()
    tape.gradients(loss, [b])
    assert calls == ["w"]  # nothing below the last product is walked
    calls.clear()
    tape.gradients(loss, [a])
    assert calls == ["x", "w"]


def test_watched_data_that_nobody_asks_for():
    matmul, calls = _counting()
    with record() as tape:
        x, w = tape.watch(np.ones((2, 3))), tape.watch(np.ones((3, 1)))
        loss = ops.sum(matmul(x, w))
    tape.gradients(loss, [w])
    assert calls == ["w"]


# --- sums over paths --------------------------------------------------------------------------


def test_shared_expressions_accumulate():
    def f(x):
        u = ops.sin(x)
        return u * u + u * x

    np.testing.assert_allclose(
        grad(f, A), 2 * np.sin(A) * np.cos(A) + np.cos(A) * A + np.sin(A), rtol=1e-14
    )


def test_one_value_in_both_places():
    np.testing.assert_array_equal(grad(lambda x: x + x, A), [2, 2, 2])
    np.testing.assert_array_equal(grad(lambda x: x * x, A), 2 * A)
    np.testing.assert_array_equal(grad(lambda x: x - x, A), [0, 0, 0])


@pytest.mark.parametrize("levels", [1, 2, 30])
def test_diamonds(levels):
    def f(x):
        for _ in range(levels):
            a, b = x * 1.0, x * 2.0
            x = a + b
        return x

    counted = []
    unit = op(lambda x: (x, lambda d_y: counted.append(1) or d_y))
    assert grad(lambda x: f(unit(x)), np.array(1.0)) == 3.0**levels
    assert len(counted) == 1  # one walk, not one for each of the 2^levels paths


def test_ten_thousand_operations():
    def f(x):
        for _ in range(10_000):
            x = x * 1.0001
        return x

    assert grad(f, np.array(1.0)) == pytest.approx(1.0001**10_000, rel=1e-11)


def test_broadcasting_is_undone():
    def f(x, bias, scale):
        return x * scale + bias

    d_x, d_bias, d_scale = vjp(f, np.ones((4, 3)), np.zeros(3), np.array(2.0))[1](np.ones((4, 3)))
    np.testing.assert_array_equal(d_x, np.full((4, 3), 2.0))
    np.testing.assert_array_equal(d_bias, [4, 4, 4])
    assert d_scale == 12.0
    assert np.shape(d_scale) == ()


# --- tapes ------------------------------------------------------------------------------------


def test_record_and_gradients():
    with record() as tape:
        x, w = tape.watch(A), tape.watch(np.array(2.0))
        assert active_tape() is tape
        loss = ops.sum(x * w)
    d_x, d_w = gradients(loss, [x, w])
    np.testing.assert_array_equal(d_x, [2, 2, 2])
    assert d_w == pytest.approx(A.sum())
    np.testing.assert_array_equal(tape.gradients(loss, [A])[0], d_x)  # asked by the array itself


def test_gradient_of_a_middle_value():
    with record() as tape:
        x = tape.watch(A)
        u = x * 2.0
        loss = ops.sum(u * u)
    np.testing.assert_array_equal(tape.gradients(loss, [u])[0], 4 * A)


def test_gradients_with_respect_to_the_loss_itself():
    with record() as tape:
        loss = ops.sum(tape.watch(A))
    assert tape.gradients(loss, [loss]) == [1.0]


def test_unconnected_gives_zeros():
    with record() as tape:
        x, other = tape.watch(A), tape.watch(np.ones((2, 2), "float32"))
        loss = ops.sum(x)
        later = x * 2.0
    d_other, d_later = tape.gradients(loss, [other, later])
    np.testing.assert_array_equal(d_other, np.zeros((2, 2)))
    assert d_other.dtype == "float32"
    np.testing.assert_array_equal(d_later, np.zeros(3))
    with pytest.raises(StateError, match=r"an array was not watched: x = tape.watch\(x\)"):
        tape.gradients(loss, [np.ones(2)])  # a forgotten watch is no gradient of 0


def test_function_that_ignores_its_argument():
    y, back = vjp(lambda x: np.array(3.0), A)
    assert y == 3.0
    np.testing.assert_array_equal(back(1.0), np.zeros(3))


def test_vjp_may_be_called_again():
    _, back = vjp(lambda x: x * x, A)
    np.testing.assert_array_equal(back(np.ones(3)), back(np.ones(3)))
    np.testing.assert_array_equal(back(np.array([0.0, 1.0, 0.0])), [0, -2.4, 0])


def test_value_and_grad():
    y, d = value_and_grad(lambda x, w: ops.sum(x * w))(A, 2 * A)
    assert y == pytest.approx(2 * np.sum(A**2))
    np.testing.assert_array_equal(d, 2 * A)
    _, (d_w, d_x) = value_and_grad(lambda x, w: ops.sum(x * w), argnums=(1, 0))(A, 2 * A)
    np.testing.assert_array_equal(d_w, A)
    np.testing.assert_array_equal(d_x, 2 * A)
    _, d = value_and_grad(lambda x, n: ops.sum(x) * n, argnums=[0])(A, 3)
    assert isinstance(d, tuple)
    np.testing.assert_array_equal(d[0], [3, 3, 3])


def test_stop_gradient():
    np.testing.assert_array_equal(grad(lambda x: x * stop_gradient(x), A), A)
    assert stop_gradient(A) is A


def test_integers_become_floats():
    y, back = vjp(lambda x: x * x, [1, 2])
    assert y.dtype == "float64"
    np.testing.assert_array_equal(back(np.ones(2)), [2.0, 4.0])


@pytest.mark.parametrize("dtype", ["float32", "float16", "float64"])
def test_dtype_stays(dtype):
    x = A.astype(dtype)
    y, d = value_and_grad(lambda v: ops.mean(ops.tanh(v * 2.0 + 1) ** 2 / 3))(x)
    assert y.dtype == d.dtype == dtype


def test_a_closed_tape_records_nothing():
    with record() as tape:
        x = tape.watch(A)
        y = x * 2.0
    n = len(tape.calls)
    z = y + 1.0
    assert type(z) is np.ndarray
    assert len(tape.calls) == n
    np.testing.assert_array_equal(z, 2 * A + 1)
    np.testing.assert_array_equal(np.asarray(y), 2 * A)


def test_two_closed_tapes_record_nothing():
    with record() as outer:
        x = outer.watch(A)
        with record() as inner:
            y = inner.watch(x) * 2.0
    counts = len(outer.calls), len(inner.calls)
    assert type(y + 1.0) is np.ndarray
    assert (len(outer.calls), len(inner.calls)) == counts


def test_the_tape_closes_after_an_error():
    with pytest.raises(ZeroDivisionError), record() as tape:
        raise ZeroDivisionError
    assert tape.closed
    assert active_tape() is None


# --- derivatives of derivatives ---------------------------------------------------------------


def derivative(f):
    return lambda x: vjp(f, x)[1](np.ones(np.shape(raw(x))))


CLOSED = {  # the first, second and third derivative
    "tanh": (
        ops.tanh,
        lambda t: mp.sech(t) ** 2,
        lambda t: -2 * mp.tanh(t) * mp.sech(t) ** 2,
        lambda t: 4 * mp.tanh(t) ** 2 * mp.sech(t) ** 2 - 2 * mp.sech(t) ** 4,
    ),
    "exp": (ops.exp, mp.exp, mp.exp, mp.exp),
    "cube": (lambda x: x**3, lambda t: 3 * t**2, lambda t: 6 * t, lambda t: 6),
    "users cube": (cube, lambda t: 3 * t**2, lambda t: 6 * t, lambda t: 6),
    "sin of square": (
        lambda x: ops.sin(x * x),
        lambda t: 2 * t * mp.cos(t**2),
        lambda t: 2 * mp.cos(t**2) - 4 * t**2 * mp.sin(t**2),
        lambda t: -12 * t * mp.sin(t**2) - 8 * t**3 * mp.cos(t**2),
    ),
}


@pytest.mark.parametrize("name", CLOSED)
def test_higher_derivatives(name):
    f, *expected = CLOSED[name]
    for order, formula in enumerate(expected, 1):
        f = derivative(f)
        exact = [float(formula(mp.mpf(t))) for t in A.tolist()]
        np.testing.assert_allclose(f(A), exact, rtol=1e-13, atol=1e-15, err_msg=f"order {order}")
        assert type(f(A)) is np.ndarray


def test_mixed_second_derivative():
    _, back = vjp(lambda x, y: vjp(lambda a: a * a * y, x)[1](1.0), np.array(3.0), np.array(5.0))
    assert back(1.0) == (10.0, 6.0)


def test_hessian_vector_product():
    """H·v of f(x) = ¼(xᵀMx)² is (xᵀMx)Mv + 2Mx(xᵀMv), for a symmetric M."""
    rng = np.random.default_rng(1)
    m = rng.normal(size=(3, 3))
    m, x, v = m + m.T, rng.normal(size=3), rng.normal(size=3)

    def f(t):
        return 0.25 * (t @ (m @ t)) ** 2

    def along_v(t):
        return value_and_grad(f)(t)[1] @ v

    _, product = value_and_grad(along_v)(x)
    quadratic = x @ m @ x
    np.testing.assert_allclose(product, quadratic * m @ v + 2 * m @ x * (x @ m @ v), rtol=1e-12)


def test_nested_tapes_written_out():
    with record() as outer:
        x = outer.watch(A)
        with record() as inner:
            inner.watch(np.ones(2))  # so that x stands at another place on this tape
            u = inner.watch(x)
            loss = ops.sum(u**3)
        (first,) = inner.gradients(loss, [x])  # asked by what was watched, itself a Node outside
        assert isinstance(first, Node)
        assert first.tape is outer
        total = ops.sum(first)
    np.testing.assert_allclose(outer.gradients(total, [x])[0], 6 * A, rtol=1e-15)


# --- NumPy functions and operators on recorded values -----------------------------------------

OPERATORS = {
    "x + 1": (lambda x: x + 1, 1),
    "1 + x": (lambda x: 1 + x, 1),
    "x - 1": (lambda x: x - 1, 1),
    "1 - x": (lambda x: 1 - x, -1),
    "x * 2": (lambda x: x * 2, 2),
    "A * x": (lambda x: A * x, A),
    "x / 2": (lambda x: x / 2, 0.5),
    "A / x": (lambda x: A / x, -1 / A),
    "x ** 2": (lambda x: x**2, 2 * A),
    "2 ** x": (lambda x: 2**x, np.log(2) * 2**A),
    "-x": (lambda x: -x, -1),
    "abs(x)": (abs, np.sign(A)),
    "np.abs(x)": (np.abs, np.sign(A)),
    "np.exp(x)": (np.exp, np.exp(A)),
    "np.tanh(x)": (np.tanh, 1 - np.tanh(A) ** 2),
    "np.maximum(x, 0)": (lambda x: np.maximum(x, 0), A > 0),
    "np.multiply(A, x)": (lambda x: np.multiply(A, x), A),
    "np.divide(x, A)": (lambda x: np.divide(x, A), 1 / A),
    "A @ x": (lambda x: A @ x, A),
    "x @ A": (lambda x: x @ A, A),
    "x[1:]": (lambda x: x[1:], [0, 1, 1]),
    "x.sum()": (lambda x: x.sum(), 1),
    "x.mean()": (lambda x: x.mean(), 1 / 3),
    "x.reshape(3, 1).T": (lambda x: x.reshape(3, 1).T, 1),
    "x.astype": (lambda x: x.astype("float32"), 1),
    "sum of a loop": (lambda x: sum(v * v for v in x), 2 * A),
    "where x > 0": (lambda x: ops.where(x > 0, x, 0.0), A > 0),
    "where x != 2": (lambda x: ops.where(x != 2, x, 0.0), A != 2),
    "where x == 2": (lambda x: ops.where(x == 2, x, 0.0), A == 2),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_operator(name):
    f, expected = OPERATORS[name]
    with record() as tape:
        x = tape.watch(A)
        y = f(x)
        assert isinstance(y, Node)
        loss = ops.sum(y)
    tolerance = 1e-6 if "astype" in name else 1e-14
    np.testing.assert_allclose(
        tape.gradients(loss, [x])[0], np.broadcast_to(expected, 3), rtol=tolerance
    )


def test_numbers_of_a_recorded_value():
    with record() as tape:
        x = tape.watch(np.array(1.5))
        assert f"{x:.2f}" == "1.50"  # to be looked at, not to be computed with
        assert (x.shape, x.ndim, x.size, x.dtype) == ((), 0, 1, "float64")
        y = ops.exp(tape.watch(A))
        assert len(y) == 3
        assert repr(y).endswith("made_by=exp)")
        assert repr(x) == "Node(array(1.5), made_by=input)"
    assert (float(x), int(x), bool(x), x.item()) == (1.5, 1, True, 1.5)


def test_reaching_a_numpy_array_raises():
    text = (
        "turning a recorded value into a NumPy array would cut the chain rule here\n"
        "  fix: use the function of that name in cr.ops, or cr.stop_gradient(x) on purpose"
    )
    with record() as tape:
        x = tape.watch(A)
        for cut in (np.asarray, np.array, np.linalg.norm):
            with pytest.raises(StateError, match=re.escape(text) + r"\Z"):
                cut(x)


def test_numpy_function_without_operation_raises():
    text = (
        "numpy.hypot cannot be recorded\n"
        "  fix: use an operation of cr.ops, or define one with @cr.op"
    )
    with record() as tape, pytest.raises(StateError, match=re.escape(text) + r"\Z"):
        np.hypot(tape.watch(A), 1.0)


def test_gradient_of_many_numbers_raises():
    text = (
        "gradients: only a single number has a gradient\n  received: shape (3,)\n"
        "  fix: take the mean or sum, or use cr.vjp"
    )
    with record() as tape:
        y = tape.watch(A) * 2.0
    with pytest.raises(ShapeError, match=re.escape(text) + r"\Z"):
        gradients(y, [A])
    with pytest.raises(ShapeError, match=re.escape(text.replace("gradients", "value_and_grad", 1))):
        value_and_grad(lambda x: x * 2)(A)


def test_loss_from_elsewhere_raises():
    text = (
        "gradients: the loss was not computed on this tape\n"
        "  fix: compute the loss inside `with cr.record()`, from Variables or watched arrays"
    )
    with record() as tape:
        x = tape.watch(A)
    with record() as other:
        foreign = ops.sum(other.watch(A))
    for loss in (np.array(1.0), foreign):
        with pytest.raises(StateError, match=re.escape(text) + r"\Z"):
            tape.gradients(loss, [x])
    with pytest.raises(StateError, match=re.escape(text) + r"\Z"):
        gradients(np.array(1.0), [x])


# --- anything that holds an array -------------------------------------------------------------


def test_values_with_a_variable_like_box():
    class Box(Recordable):
        def __init__(self, value):
            self.value = value

        def on_tape(self):
            tape = active_tape()
            return self.value if tape is None else tape.leaf(self)

    w = Box(np.array(2.0))
    np.testing.assert_array_equal(w * A, 2 * A)
    with record() as tape:
        loss = ops.sum(w * A * w)
    assert tape.gradients(loss, [w])[0] == pytest.approx(4 * A.sum())
    with record() as outer:
        with record() as inner:
            loss = w**3
        (first,) = inner.gradients(loss, [w])
    assert outer.gradients(first, [w]) == [12.0]


# --- threads and compilers --------------------------------------------------------------------


def test_threads_do_not_see_each_other():
    gate, results, errors = threading.Barrier(2, timeout=20), {}, []

    def work(k):
        try:
            for _ in range(50):
                gate.wait()
                with record() as tape:
                    x = tape.watch(np.array(float(k)))
                    gate.wait()  # both tapes are open
                    assert active_tape() is tape
                    loss = x * x * x
                    gate.wait()
                assert len(tape.calls) == 3
                results[k] = tape.gradients(loss, [x])[0]
        except Exception as error:
            errors.append(error)
            gate.abort()

    threads = [threading.Thread(target=work, args=(k,)) for k in (2, 3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not errors
    assert results == {2: 12.0, 3: 27.0}


def test_inside_a_compiled_program():
    jax = pytest.importorskip("jax")

    def f(x, w):
        return ops.mean(ops.tanh(x @ w) ** 2)

    x, w = np.ones((2, 3), "float32"), np.full((3, 2), 0.1, "float32")
    both = value_and_grad(f, argnums=(0, 1))
    y, d = jax.jit(both)(x, w)
    expected, expected_d = both(x, w)
    assert y.dtype == "float32"
    np.testing.assert_allclose(y, expected, rtol=1e-6)
    for a, b in zip(d, expected_d, strict=True):
        assert a.dtype == "float32"
        np.testing.assert_allclose(a, b, rtol=1e-5)

    def slope(t):
        return value_and_grad(lambda u: ops.sum(ops.tanh(u)))(t)[1]

    second = jax.jit(lambda t: vjp(slope, t)[1](np.ones(3, "float32")))(A.astype("float32"))
    np.testing.assert_allclose(second, derivative(derivative(ops.tanh))(A), rtol=1e-5, atol=1e-6)


def test_the_chain_rule_stays_readable():
    """In one sitting: lines with code, docstrings not counted."""
    source = inspect.getsource(chain)
    told = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            told |= set(range(node.lineno, node.end_lineno + 1))
    code = [n for n, line in enumerate(source.splitlines(), 1) if line.strip() and n not in told]
    assert len(code) < 300
