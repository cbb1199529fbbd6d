"""What was found wrong with the tape; through the public API, on both engines where both apply."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ChainruleError, NonFiniteError, StateError

A = np.array([0.3, -1.2, 2.0])
ENGINES = ("numpy", "xla")
ROOT = Path(__file__).parents[1]


def on(engine, function, *args):
    """The function's value: computed by NumPy, or compiled by XLA."""
    if engine == "numpy":
        return function(*args)
    jax = pytest.importorskip("jax")
    return jax.jit(function)(*(np.asarray(a, "float32") for a in args))


# --- fused cross-entropies --------------------------------------------------------------------

Z = np.array([[0.2, -0.4, 1.1], [0.5, 0.1, -0.3]])
FUSED = {  # activation, loss by probabilities, and dE/da by hand for the sum of the rows
    "softmax": (
        cr.ops.softmax,
        lambda a: cr.ops.sum(cr.losses.categorical_crossentropy(np.eye(3)[:2], a)),
        lambda p: -np.eye(3)[:2] / p + 1.0,  # categorical_crossentropy divides by the row's sum
    ),
    "softmax by numbers": (
        cr.ops.softmax,
        lambda a: cr.ops.sum(cr.losses.sparse_categorical_crossentropy(np.array([0, 1]), a)),
        lambda p: -np.eye(3)[:2] / p + 1.0,
    ),
    "sigmoid": (
        cr.ops.sigmoid,
        lambda a: cr.ops.sum(cr.losses.binary_crossentropy(np.eye(3)[:2], a)),
        lambda p: (-np.eye(3)[:2] / p + (1 - np.eye(3)[:2]) / (1 - p)) / 3,
    ),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", FUSED)
def test_gradient_behind_a_fused_activation_is_refused(name, engine):
    activation, loss, _ = FUSED[name]

    def behind(z):
        with cr.record() as tape:
            a = activation(tape.watch(z))
            error = loss(a)
        return tape.gradients(error, [a])[0]  # today: zeros

    with pytest.raises(StateError, match=re.escape("record(fuse=False)")):
        on(engine, behind, Z)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", FUSED)
def test_gradient_behind_an_activation_kept_apart(name, engine):
    activation, loss, by_hand = FUSED[name]

    def behind(z):
        with cr.record(fuse=False) as tape:
            a = activation(z := tape.watch(z))
            error = loss(a)
        return tuple(tape.gradients(error, [a, z]))

    d_a, d_z = on(engine, behind, Z)
    p = np.exp(Z) / np.exp(Z).sum(-1, keepdims=True) if "softmax" in name else 1 / (1 + np.exp(-Z))
    np.testing.assert_allclose(d_a, by_hand(p), rtol=2e-5)
    rows = 1 if "softmax" in name else 3
    np.testing.assert_allclose(d_z, (p - np.eye(3)[:2]) / rows, rtol=2e-5)


# --- rules that say too little ----------------------------------------------------------------


@cr.op
def one_for_two(a, b):
    return a * b, lambda d_y: d_y * b


@cr.op
def short(a, b):
    return a * b, lambda d_y: (d_y * b,)


@cr.op
def short_functions(a, b):
    return a * b, (lambda d_y: d_y * b,)


@cr.op
def without(a, b):
    return a * b, lambda d_y: (d_y * b, None)


@cr.op
def without_function(a, b):
    return a * b, (lambda d_y: d_y * b, None)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "operation", [one_for_two, short, short_functions, without, without_function]
)
def test_a_rule_that_lacks_a_gradient_raises(operation, engine):
    for function in (
        lambda x: cr.vjp(operation, x, 2.0 * x)[1](x)[1],
        lambda x: cr.vjp(lambda b: operation(x, b), 2.0 * x)[1](x),  # only the second is recorded
    ):
        with pytest.raises(ChainruleError, match=operation.__name__):
            on(engine, function, A)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_function_of_several_values_is_no_constant(engine):
    def gradient(x):
        return cr.vjp(lambda v: (v * v, v), x)[1](x)  # today: zeros

    with pytest.raises(ChainruleError, match="vjp"):
        on(engine, gradient, A)


# --- compiled functions -----------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_compiled_function_on_a_tape_raises(engine):
    w = cr.Variable(A, name="w")
    square = cr.compile(lambda x: w * x * x, engine=engine)
    assert square(A.astype("float32")).shape == (3,)
    for use in (
        lambda: cr.vjp(square, A),
        lambda: cr.value_and_grad(lambda x: cr.ops.sum(square(x)))(A),
        lambda: cr.ops.sum(record_and_call(square)),
    ):
        with pytest.raises(StateError, match=r"cr\.compile"):
            use()


def record_and_call(function):
    with cr.record():
        return function(A)


# --- calls ------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_an_operation_with_several_results(engine):
    @cr.op
    def polar(x, y):
        m = cr.xp(x)
        r = m.sqrt(x * x + y * y)
        angle = m.arctan2(y, x)

        def back(d_r, d_angle):
            return d_r * x / r - d_angle * y / r**2, d_r * y / r + d_angle * x / r**2

        return (r, angle), back

    def gradients(x, y):
        with cr.record() as tape:
            x, y = tape.watch(x), tape.watch(y)
            r, angle = polar(x, y)
            both, only = cr.ops.sum(r * r * angle), cr.ops.sum(angle)
        return (*tape.gradients(both, [x, y, r, angle]), *tape.gradients(only, [x, y]))

    x, y = np.array([1.0, 2.0]), np.array([0.5, -1.0])
    square, angle = x**2 + y**2, np.arctan2(y, x)
    expected = (
        2 * x * angle - y,
        2 * y * angle + x,
        2 * np.sqrt(square) * angle,
        square,
        -y / square,
        x / square,
    )
    received = on(engine, gradients, x, y)
    assert len(received) == len(expected)
    for mine, right in zip(received, expected, strict=True):
        np.testing.assert_allclose(mine, right, rtol=1e-5)


def test_a_call_keeps_constants_and_keywords():
    with cr.record() as tape:
        y = cr.ops.sum(tape.watch(A) * 2.0, axis=0)
    assert [c.operation and c.operation.__name__ for c in tape.calls] == [None, "multiply", "sum"]
    assert tape.calls[1].args == (tape.calls[0], 2.0)
    assert tape.calls[2].kwargs == {"axis": 0}
    assert y.call is tape.calls[2]


def test_walk_yields_the_backward_pass():
    with cr.record() as tape:
        x = tape.watch(A)
        loss = cr.ops.sum(x * 3.0)
    steps = [(c.operation and c.operation.__name__, d, ds) for c, d, ds in tape.walk(loss, [x])]
    assert [name for name, _, _ in steps] == ["sum", "multiply", None]
    assert steps[0][1] == 1.0
    np.testing.assert_array_equal(steps[1][1], [1, 1, 1])
    np.testing.assert_array_equal(steps[1][2][0], [3, 3, 3])
    assert steps[1][2][1] is None
    np.testing.assert_array_equal(steps[2][1], [3, 3, 3])


def test_a_layer_scope_ends():
    inner, outer = cr.layers.Dense(2, name="first"), cr.layers.Dense(1, name="second")
    x = np.ones((1, 2), "float32")
    inner(x), outer(x)
    with cr.record() as tape:
        a = inner(x)
        b = cr.ops.square(a)
        c = outer(b)
    layers = [s and s.layer.name for s in map(tape.scope_of, (a.call, b.call, c.call))]
    assert layers == ["first", None, "second"]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_culprit_is_named_with_the_layer_that_ran_it(engine):
    """A loss that makes the NaN is not put on the last layer, which had ended."""

    def loss(y_true, y_pred):
        return cr.ops.mean(cr.ops.sqrt(y_pred - 1e6), axis=-1)

    model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(1, name="last")])
    model.compile("sgd", loss)
    with pytest.raises(NonFiniteError, match="'sqrt'") as error:
        model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0, engine=engine)
    assert "last" not in str(error.value)  # today: "after entering Dense 'last'"


# --- whole derivatives ------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_jacobian_hessian_and_jvp(engine):
    m = np.array([[0.5, 0.2, 0.1], [0.0, -0.4, 0.3]])

    def f(x):
        return cr.ops.tanh(m.astype(x.dtype) @ x)

    slope = 1 - np.tanh(m @ A) ** 2
    exact = slope[:, None] * m
    np.testing.assert_allclose(on(engine, cr.jacobian(f), A), exact, rtol=1e-5)
    second = cr.hessian(lambda x: cr.ops.sum(f(x)))
    curve = m.T @ ((-2 * np.tanh(m @ A) * slope)[:, None] * m)
    np.testing.assert_allclose(on(engine, second, A), curve, rtol=1e-4, atol=1e-6)
    y, d = on(engine, lambda x, v: cr.jvp(f, (x,), (v,)), A, A[::-1])
    np.testing.assert_allclose(y, np.tanh(m @ A), rtol=1e-5)
    np.testing.assert_allclose(d, exact @ A[::-1], rtol=1e-5)


def test_the_example_of_an_own_recurrent_cell_exists():
    assert (ROOT / "examples" / "lstm_cell.py").exists()
