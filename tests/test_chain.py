"""The chain rule: recording, walking back, and what happens at the edges."""

from __future__ import annotations

import ast
import inspect
import re
import threading

import mpmath as mp
import numpy as np
import pytest

import chainrule as cr
from chainrule import chain, losses, ops
from chainrule.chain import (
    Node,
    active_tape,
    gradients,
    op,
    record,
    stop_gradient,
    vjp,
)
from chainrule.derivatives import hessian, jacobian, jvp, value_and_grad
from chainrule.errors import ArgumentError, GradientError, ShapeError, StateError
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


def test_a_hundred_thousand_operations():
    def f(x):
        for _ in range(100_000):
            x = x * 1.00001
        return x

    y, back = vjp(f, np.array(1.0))
    assert y == pytest.approx(1.00001**100_000, rel=1e-10)
    assert back(1.0) == pytest.approx(1.00001**100_000, rel=1e-10)


def test_a_deep_second_derivative():
    def f(x):
        y = x * x
        for _ in range(10_000):
            y = y * 1.0001
        return y

    _, back = vjp(lambda x: vjp(f, x)[1](1.0), np.array(3.0))
    assert back(1.0) == pytest.approx(2 * 1.0001**10_000, rel=1e-11)


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


def test_a_tape_is_opened_once():
    tape = record()
    text = "Tape: a tape is opened once\n  fix: open a new one with cr.record()"
    with tape, pytest.raises(StateError, match=re.escape(text) + r"\Z"):
        tape.__enter__()
    with pytest.raises(StateError, match=re.escape(text)), tape:
        pass
    assert active_tape() is None


def test_the_tape_closes_after_an_error():
    with pytest.raises(ZeroDivisionError), record() as tape:
        raise ZeroDivisionError
    assert tape.closed
    assert active_tape() is None


# --- calls, scopes, the walk ------------------------------------------------------------------


@op
def halves(x):
    """The first half, the rest, and how many there are: two results and a constant."""
    n = len(x) // 2

    def back(d_a, d_b, d_n):
        assert d_n is None
        return ops.concatenate([d_a, d_b]) if isinstance(d_a, Node) else np.concatenate([d_a, d_b])

    return (x[:n], x[n:], np.array(n)), back


def test_results_of_a_tuple():
    with record() as tape:
        x = tape.watch(np.array([1.0, 2.0, 3.0, 4.0]))
        a, b, n = halves(x)
        loss = ops.sum(b * b)
        both = ops.sum(a * b)
    call = tape.calls[1]
    assert (a.call, a.place, b.call, b.place) == (call, 0, call, 1)
    assert type(n) is np.ndarray  # whole numbers are constants
    assert call.results[2] is n
    np.testing.assert_array_equal(tape.gradients(loss, [x])[0], [0, 0, 6, 8])  # zeros for a
    np.testing.assert_array_equal(tape.gradients(both, [x])[0], [3, 4, 1, 2])
    np.testing.assert_array_equal(tape.gradients(loss, [a, b])[1], [6, 8])
    np.testing.assert_array_equal(tape.gradients(loss, [a])[0], [0, 0])
    np.testing.assert_array_equal(tape.gradients(a, [x], np.ones(2))[0], [1, 1, 0, 0])
    steps = {c.index: (d, ds) for c, d, ds in tape.walk(loss, [x])}
    d_results, d_args = steps[1]
    np.testing.assert_array_equal(d_results[0], [0, 0])
    np.testing.assert_array_equal(d_results[1], [6, 8])
    assert d_results[2] is None
    np.testing.assert_array_equal(d_args[0], [0, 0, 6, 8])


def test_second_derivative_through_a_tuple():
    def f(x):
        a, b, _ = halves(x * x)
        return ops.sum(a * b)

    x = np.array([1.0, 2.0, 3.0, 4.0])
    m = np.diag(2 * np.array([9.0, 16, 1, 4]))  # f = x0²x2² + x1²x3²
    m[0, 2] = m[2, 0] = 4 * 1 * 3
    m[1, 3] = m[3, 1] = 4 * 2 * 4
    np.testing.assert_allclose(hessian(f)(x), m, rtol=1e-14)


def test_walk_visits_only_what_leads_to_what_is_asked():
    with record() as tape:
        x, w = tape.watch(A), tape.watch(2 * A)
        u = ops.tanh(x)
        aside = ops.exp(w)
        loss = ops.sum(u * w)
    later = list(tape.walk(loss, [u]))
    assert [c.index for c, _, _ in later] == [loss.index, loss.index - 1, u.index]
    np.testing.assert_array_equal(later[1][2][0], 2 * A)
    assert later[1][2][1] is None  # w is recorded, but nobody asked
    assert later[2][2] == (None,)  # asked for itself; nothing below is wanted
    assert aside.index not in [c.index for c, _, _ in tape.walk(loss, [x, w])]
    assert list(tape.walk(loss, [])) == []
    with pytest.raises(StateError):
        tape.walk(loss, [np.ones(3)])  # at once, not at the first step
    first, *_ = next(tape.walk(loss, [x]))  # may be left at any moment
    assert first is tape.calls[-1]


def test_arguments_given_by_name():
    with record() as tape:
        x, p = tape.watch(A), tape.watch(np.array(2.0))
        y = ops.sum(x=ops.power(x2=p, x1=x), axis=0)
    power, total = y.call.args[0].call, y.call
    assert power.args == (x, p)
    assert total.args[0] is power
    np.testing.assert_allclose(tape.gradients(y, [x])[0], 2 * A)


def test_watching_twice_is_watching_once():
    with record() as tape:
        x = tape.watch(A)
        assert tape.watch(A) is x
        assert tape.watch(x) is tape.watch(x)
        assert tape.sources[x.index] is A
        assert tape.known(np.ones(3)) is None


def test_scopes_nest_and_end():
    with record() as tape:
        x = tape.watch(A)
        with tape.enter("outer") as outer:
            a = x * 1.0
            with pytest.raises(ZeroDivisionError), tape.enter("inner") as inner:  # noqa: PT012
                b = x * 2.0
                raise ZeroDivisionError
            c = x * 3.0
        d = x * 4.0
        left = tape.enter("left open by an error")
        tape.enter("inside it")
        e = x * 5.0
        tape.leave(left)
        tape.leave(left)  # once more does nothing
        f = x * 6.0
    found = [tape.scope_of(v.call) for v in (x, a, b, c, d, e, f)]
    names = [s and s.layer for s in found]
    assert names == [None, "outer", "inner", "outer", None, "inside it", None]
    assert (inner.parent, outer.parent) == (outer, None)
    assert [s.layer for s in tape.scopes] == [
        "outer",
        "inner",
        "left open by an error",
        "inside it",
    ]
    assert (outer.first, outer.end) == (1, 4)


def test_a_scope_may_be_empty():
    with record() as tape:
        with tape.enter("empty"):
            pass
        y = tape.watch(A) * 2.0
        with tape.enter("still open"):
            z = y * 2.0
            assert tape.scope_of(z).layer == "still open"
    assert tape.scope_of(y) is None


# --- fused cross-entropies --------------------------------------------------------------------


def crossed(fuse, use=lambda a: 0.0):
    with record(fuse=fuse) as tape:
        z = tape.watch(np.array([0.2, -0.4, 1.1]))
        a = ops.softmax(z)
        loss = losses.categorical_crossentropy(np.eye(3)[1], a)
        other = ops.sum(a * a)
        total = loss + other
    return tape, z, a, loss, other, total


def test_past_a_fused_activation():
    text = (
        "gradients: the cross-entropy was computed from the logits, past 'softmax', whose output "
        "has no gradient of its own here\n"
        "  fix: keep softmax and cross-entropy apart: `with cr.record(fuse=False) as tape`"
    )
    tape, z, a, loss, other, total = crossed(True)
    for value in (loss, total):  # with another path to a the gradient there would be half of it
        with pytest.raises(StateError, match=re.escape(text) + r"\Z"):
            tape.gradients(value, [z, a])
    np.testing.assert_array_equal(tape.gradients(other, [a])[0], 2 * raw(a))  # not past it
    fused = tape.gradients(total, [z])[0]
    tape, z, a, _, _, total = crossed(False)
    np.testing.assert_allclose(tape.gradients(total, [z])[0], fused, rtol=1e-12)


# --- rules that say too little ----------------------------------------------------------------


RULES = {  # what back returns for a·b, and what the message says was received
    "one array": (lambda a, b: lambda d_y: d_y * b, 1, "one array"),
    "short": (lambda a, b: lambda d_y: (d_y * b,), 1, "a tuple of 1"),
    "short functions": (lambda a, b: (lambda d_y: d_y * b,), 1, "a tuple of 1"),
    "none": (lambda a, b: lambda d_y: (None, d_y * a), 0, "None"),
    "no function": (lambda a, b: (None, lambda d_y: d_y * a), 0, "None"),
}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_that_lacks_a_gradient(name):
    rule, place, received = RULES[name]

    @op
    def times(a, b):
        return a * b, rule(a, b)

    text = (
        f"operation 'times': `back` has no gradient for argument {place}\n"
        "  expected: a tuple with one gradient for each positional argument, in their order\n"
        f"  received: {received}\n"
        "  fix: return (d_a, d_b, ...); for an argument without a gradient call the operation "
        "with cr.stop_gradient(x)"
    )
    with pytest.raises(GradientError, match=re.escape(text) + r"\Z"):
        vjp(times, A, 2 * A)[1](A)
    constant = [A, 2 * A]
    with pytest.raises(GradientError, match=re.escape(text) + r"\Z"):
        vjp(lambda v: times(*(v if k == place else c for k, c in enumerate(constant))), A)[1](A)
    right = 1 - place  # the other one is there, and may be asked for
    d = vjp(lambda v: times(*(v if k == right else c for k, c in enumerate(constant))), A)[1](A)
    np.testing.assert_array_equal(d, A * constant[place])


def test_a_function_of_several_values():
    text = (
        "vjp of pair: only a function that returns one array can be differentiated\n"
        "  received: tuple\n  fix: return one of them"
    )

    def pair(x):
        return x, x * x

    with pytest.raises(ShapeError, match=re.escape(text) + r"\Z"):
        vjp(pair, A)
    y, back = vjp(lambda x: 2, A)  # a plain number is a constant
    assert y == 2.0
    np.testing.assert_array_equal(back(1.0), np.zeros(3))


# --- whole derivatives ------------------------------------------------------------------------


M = np.array([[0.5, 0.2, -0.3], [0.1, -0.4, 0.7]])
WHOLE = {  # f, which every engine can run, and an argument
    "vector to vector": (lambda x: ops.tanh(M @ x), A),
    "vector to number": (lambda x: ops.sum(ops.exp(x) * x), A),
    "number to vector": (lambda x: ops.sin(x * A), np.array(0.7)),
    "number to number": (lambda x: x**3, np.array(0.7)),
    "matrix to matrix": (lambda x: ops.exp(0.5 * x) @ M, M.T),
    "matrix to number": (lambda x: ops.mean(ops.square(x @ A)), M),
    "nothing": (lambda x: A * 2.0, A),
}


@pytest.mark.parametrize("name", WHOLE)
def test_whole_derivatives_against_jax(name):
    """JAX's own derivatives of the same function, computed by its namespace in place of ours."""
    jax = pytest.importorskip("jax")
    f, x = WHOLE[name]
    v = np.cos(np.arange(x.size)).reshape(x.shape)
    with jax.enable_x64(True):

        def g(t):
            return raw(f(t))

        pairs = [(jacobian(f)(x), jax.jacobian(g)(x))]
        pairs += zip(jvp(f, (x,), (v,)), jax.jvp(g, (x,), (v,)), strict=True)
        total = lambda t: ops.sum(f(t) * f(t))  # noqa: E731
        pairs += [(hessian(total)(x), jax.hessian(total)(x))]
        pairs += [(jax.jit(jacobian(f))(x), pairs[0][1]), (jax.jit(hessian(total))(x), pairs[3][1])]
        for mine, theirs in pairs:
            assert mine.shape == theirs.shape
            np.testing.assert_allclose(mine, theirs, rtol=1e-13, atol=1e-15)


def test_whole_derivatives_by_formula():
    """f(x, y) = eˣ·sin y at 40 digits."""
    with mp.workdps(40):
        x, y = mp.mpf("0.3"), mp.mpf("-1.2")
        e, s, c = mp.exp(x), mp.sin(y), mp.cos(y)
        first = [float(e * s), float(e * c)]
        second = [[float(e * s), float(e * c)], [float(e * c), float(-e * s)]]

    def f(x, y):
        return ops.exp(x) * ops.sin(y)

    at = np.array(0.3), np.array(-1.2)
    np.testing.assert_allclose(jacobian(f, argnums=(0, 1))(*at), first, rtol=1e-15)
    np.testing.assert_allclose(hessian(f, argnums=[0, 1])(*at), second, rtol=1e-15)
    np.testing.assert_allclose(hessian(f, argnums=1)(*at), second[1][1], rtol=1e-15)
    y, d = jvp(f, at, (np.array(2.0), np.array(-1.0)))
    assert y == pytest.approx(first[0], rel=1e-15)
    assert d == pytest.approx(2 * first[0] - first[1], rel=1e-15)


def test_derivatives_of_whole_derivatives():
    third = jacobian(jacobian(jacobian(lambda x: ops.sum(x**4))))(A)
    expected = np.zeros((3, 3, 3))
    expected[range(3), range(3), range(3)] = 24 * A
    np.testing.assert_allclose(third, expected, rtol=1e-13)
    _, d = jvp(lambda x: jvp(lambda t: t**3, (x,), (np.ones(3),))[1], (A,), (np.ones(3),))
    np.testing.assert_allclose(d, 6 * A, rtol=1e-13)
    assert type(d) is np.ndarray


def test_argnums():
    f = lambda x, y: ops.sum(x * x * y)  # noqa: E731
    for wrap in (value_and_grad, jacobian):
        for second in (1, -1, np.int64(1), np.array(1)):
            found = wrap(f, argnums=second)(A, 2 * A)
            found = found[1] if wrap is value_and_grad else found
            np.testing.assert_allclose(found, A * A)
        for k in (2, -3):
            with pytest.raises(ArgumentError, match="argnums names an argument"):
                wrap(f, argnums=k)(A, A)
    assert isinstance(jacobian(f, argnums=[0])(A, A), tuple)
    assert hessian(f, argnums=(0, 1))(A, A)[0][1].shape == (3, 3)


def test_types_of_whole_derivatives():
    x = A.astype("float32")
    f = lambda t: ops.tanh(t * 2.0)  # noqa: E731
    found = [jacobian(f)(x), hessian(lambda t: ops.sum(f(t)))(x), *jvp(f, (x,), (x,))]
    assert {v.dtype.name for v in found} == {"float32"}
    assert jacobian(lambda t: t[:0])(A).shape == (0, 3)
    text = (
        "jvp: a direction must have the shape of its argument\n  expected: (3,)\n  received: (2,)"
    )
    with pytest.raises(ShapeError, match=re.escape(text)):
        jvp(f, (A,), (A[:2],))


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
        "numpy.spacing cannot be recorded\n"
        "  fix: use an operation of cr.ops, or define one with @cr.op"
    )
    with record() as tape, pytest.raises(StateError, match=re.escape(text) + r"\Z"):
        np.spacing(tape.watch(A))


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


def test_a_thread_begins_without_a_tape():
    seen = []
    with record() as tape:
        x = tape.watch(A)
        thread = threading.Thread(target=lambda: seen.append((active_tape(), ops.exp(A))))
        thread.start()
        thread.join()
        assert active_tape() is tape
        assert tape.calls == [x]
    assert seen[0][0] is None
    assert type(seen[0][1]) is np.ndarray


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
    assert len(code) < 330


# --- operations that state what they are made of ---------------------------------------------


def cube_made_of_products():
    @cr.op
    def cube(x):
        return x**3, lambda d_y: d_y * 3 * x**2

    @cube.composed
    def _(x):
        return x * x * x

    return cube


def test_an_unfused_tape_records_what_an_operation_is_made_of():
    cube = cube_made_of_products()
    for fuse, names in ((True, ["cube"]), (False, ["multiply", "multiply"])):
        with cr.record(fuse=fuse) as tape:
            x = tape.watch(np.array([2.0, -1.0]))
            y = cube(x)
        assert [call.operation.__name__ for call in tape.calls if call.operation] == names
        np.testing.assert_array_equal(tape.gradients(y, [x], np.ones(2))[0], [12.0, 3.0])


def test_a_second_derivative_runs_what_an_operation_is_made_of():
    """Its own rule could not: it computes with NumPy."""

    @cr.op
    def cube(x):
        return x**3, lambda d_y: d_y * 3 * np.square(np.asarray(x))

    cube.composed(lambda x: x * x * x)
    assert cr.hessian(cube)(np.array(2.0)) == 12.0


def test_an_operation_without_a_composition_is_recorded_as_it_is():
    with cr.record(fuse=False) as tape:
        cr.ops.exp(tape.watch(np.array(1.0)))
    assert tape.calls[-1].operation is cr.ops.exp
