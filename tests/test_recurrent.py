"""Loops through time and recurrent layers: what no table says."""

from __future__ import annotations

import re

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers, ops
from chainrule.chain import record, vjp
from chainrule.errors import ArgumentError, ChainruleError, ShapeError, StateError
from chainrule.variable import Variable, swap

RNG = np.random.default_rng(5)
X = RNG.normal(size=(5, 2, 3))
H = RNG.normal(size=(2, 3))
A = RNG.normal(size=3)


def on_both(function, *args, tolerance=1e-12):
    """The value of a function of plain arrays on NumPy and in a compiled program."""
    jax = pytest.importorskip("jax")
    here = function(*args)
    with jax.enable_x64(True):
        there = jax.jit(function)(*args)
    for a, b in zip(there, here, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
    return here


# --- scan ---------------------------------------------------------------------------------------


def everything(x, h, a, w, *, late=False, reverse=False):
    """Values and gradients of a scan that closes over a recorded value, a Variable and a constant,
    counts in a Variable, and gives a tree; the way back inside the tape or after it."""
    m = cr.arrays.xp(x)
    weight = Variable(np.zeros((3, 3)), dtype="float64")
    counter = Variable(np.uint32(0), kind="seed")
    steps = []

    def forward(tape):
        xs, first, factor = tape.watch(x), tape.watch(h), tape.watch(a)
        twice = factor * 2.0

        def f(carry, now):
            steps.append(1)
            state, n = carry
            k = counter.value
            counter.assign(k + 1)
            scale = 1.0 + 0.1 * k.astype("float64")
            state = ops.tanh(ops.matmul(state, weight) + now["x"] * twice * scale)
            return (state, n + 1), {"y": state * factor, "n": n, "still": np.ones(2)}

        carry, ys = ops.scan(f, (first, m.asarray(0)), {"x": xs}, reverse=reverse)
        loss = ops.sum(carry[0] ** 2) + ops.sum(ys["y"] ** 3)
        return loss, [xs, first, factor, weight], (carry[1], ys["n"])

    with swap([weight, counter], [w, m.uint32(0)]) as now:
        with record() as tape:
            loss, wanted, counts = forward(tape)
            found = None if late else tape.gradients(loss, wanted)
        count = now.values()[1]
    weight.assign(np.ones((3, 3)))  # meanwhile it changed; the gradient is that of the value then
    found = tape.gradients(loss, wanted) if late else found
    return loss.value, *found, *map(np.asarray if m is np else m.asarray, counts), count


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("late", [False, True])
def test_scan_is_the_loop(late, reverse):
    w = RNG.normal(size=(3, 3))
    found = on_both(lambda *v: everything(*v, late=late, reverse=reverse), X, H, A, w)
    assert all(np.abs(d).max() > 0 for d in found[1:5])
    assert int(found[-1]) == len(X)
    np.testing.assert_array_equal(found[6], np.arange(5)[:: -1 if reverse else 1])


def test_scan_is_one_loop_in_a_compiled_program():
    jax = pytest.importorskip("jax")
    calls = []

    def run(x, h):
        with record() as tape:
            first = tape.watch(h)

            def step(carry, now):
                calls.append(1)
                return ops.tanh(carry + now), None

            last, nothing = ops.scan(step, first, x)
            assert nothing is None
            return tape.gradients(ops.sum(last), [first])[0]

    text = jax.jit(run).lower(X.astype("float32"), H.astype("float32")).as_text()
    assert text.count("stablehlo.while") == 2
    assert len(calls) < len(X)


def test_a_scan_in_a_scan():
    def nested(x, h, a):
        with record() as tape:
            xs, first, factor = tape.watch(x), tape.watch(h), tape.watch(a)

            def inner(carry, now):
                return carry * factor + now * first, carry

            def outer(carry, now):
                last, every = ops.scan(inner, carry * 0.1, xs)
                return ops.tanh(last + now), ops.sum(every * factor)

            last, ys = ops.scan(outer, first, xs)
            loss = ops.sum(last**2) + ops.sum(ys**2)
        return tuple(tape.gradients(loss, [xs, first, factor]))

    found = on_both(nested, X, H, A, tolerance=1e-10)

    def plain(x, h, a):  # the same, added up by hand on one tape
        with record() as tape:
            xs, first, factor = tape.watch(x), tape.watch(h), tape.watch(a)
            last, total = first, 0.0
            for t in range(5):
                inside, y = last * 0.1, 0.0
                for s in range(5):
                    y = y + ops.sum(inside * factor)
                    inside = inside * factor + xs[s] * first
                last = ops.tanh(inside + xs[t])
                total = total + y**2
            loss = ops.sum(last**2) + total
        return tape.gradients(loss, [xs, first, factor])

    for a, b in zip(found, plain(X, H, A), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10)


def test_second_derivative_of_a_scan():
    def slope(x, a):
        def total(a):
            return ops.sum(ops.scan(lambda h, v: (ops.tanh(h * a + v), None), a, x)[0] ** 2)

        with record() as tape:
            inner = tape.watch(a)
            _, back = vjp(total, inner)
            d = ops.sum(back(1.0) ** 2)
        return (raw_of(d), *tape.gradients(d, [inner]))

    def raw_of(d):
        return d.value

    on_both(slope, X[:, 0], A, tolerance=1e-10)


def test_what_a_step_may_not_do():
    jax = pytest.importorskip("jax")
    weight = Variable(np.ones(3), name="w")

    def assigns(x):
        def step(h, v):
            weight.assign(h)
            return h, v * weight

        with record():
            return ops.scan(step, np.zeros(3, "float32"), x)[0]

    with pytest.raises(StateError, match="assigns the trained Variable 'w'"):
        jax.jit(assigns)(X[:, 0].astype("float32"))
    found = []

    def changes(x):
        with record() as tape:
            a, b = tape.watch(x[0]), tape.watch(x[1])

            def step(h, v):
                found.append(1)
                return h * (a if len(found) == 1 else b), None

            last = ops.scan(step, x[2], x)[0]
            return tape.gradients(ops.sum(last), [a])

    with pytest.raises(StateError, match="used other values when it was run again"):
        jax.jit(changes)(X[:, 0].astype("float32"))


ERRORS = {
    "there must be one number of steps": lambda: ops.scan(lambda c, x: (c, x), 0.0, np.zeros(0)),
    "received: (2,), (3,)": lambda: ops.scan(lambda c, x: (c, x), 0.0, (np.zeros(2), np.zeros(3))),
    "received: no xs": lambda: ops.scan(lambda c, x: (c, x), 0.0),
    "a step must return two values": lambda: ops.scan(lambda c, x: c, 0.0, np.zeros(2)),
    "a step must return a carry of the shapes": lambda: ops.scan(
        lambda c, x: (ops.stack([c, c]), x), np.zeros(1), np.zeros(2)
    ),
    "lstm: x is no batch of sequences": lambda: ops.lstm(*[np.zeros((2, 2))] * 5),
    "gru: there are no steps to go through": lambda: ops.gru(
        np.zeros((2, 0, 1)), np.zeros((2, 1)), np.zeros((1, 3)), np.zeros((1, 3))
    ),
    "gru: bias does not fit\n  expected: (2, 3), for x (2, 4, 1) and 1 units\n  received: (3,)": (
        lambda: ops.gru(
            np.zeros((2, 4, 1)), np.zeros((2, 1)), np.zeros((1, 3)), np.zeros((1, 3)), np.zeros(3)
        )
    ),
    "the input is no batch of sequences": lambda: layers.LSTM(2)(np.zeros((3, 4))),
    "the sequences have no steps": lambda: layers.GRU(2)(np.zeros((3, 0, 4))),
    "received: (3, 4, 2)": lambda: _used()(np.zeros((3, 4, 2))),
    "initial_state does not fit\n  expected: (3, 2), (3, 2)\n  received: (3, 2)": lambda: (
        layers.LSTM(2)(np.zeros((3, 4, 1)), initial_state=[np.zeros((3, 2))])
    ),
    "the mask does not fit the sequences\n  expected: (batch, time) = (3, 4)": lambda: layers.LSTM(
        2
    )(np.zeros((3, 4, 1)), mask=np.ones((3, 5), bool)),
    "a stateful layer needs a batch of fixed size": lambda: cr.Sequential(
        [cr.Input((4, 1)), layers.LSTM(2, stateful=True)]
    ),
    "a stateful layer takes batches of one size\n  expected: 3 sequences": lambda: _used(
        stateful=True
    )(np.zeros((2, 4, 1))),
    "there is no state to reset": lambda: layers.LSTM(2).reset_state(),
    "units must be a whole number": lambda: layers.GRU(0),
    "recurrent_dropout is the share to drop": lambda: layers.LSTM(2, recurrent_dropout=1.0),
    "this is no recurrent cell": lambda: layers.RNN(layers.Dense(2)),
    "only a recurrent layer goes": lambda: layers.Bidirectional(layers.Dense(2)),
    "both layers go in the same direction": lambda: layers.Bidirectional(
        layers.LSTM(2), backward_layer=layers.LSTM(2)
    ),
    "did you mean 'concat'?": lambda: layers.Bidirectional(layers.LSTM(2), merge_mode="conkat"),
    "the input has no steps": lambda: layers.TimeDistributed(layers.Dense(2))(np.zeros((2, 3))),
}


def _used(**how):
    layer = layers.LSTM(2, **how)
    layer(np.zeros((3, 4, 1)))
    return layer


@pytest.mark.parametrize("text", ERRORS, ids=lambda t: t.split("\n")[0][:40])
def test_error_text(text):
    with pytest.raises(ChainruleError, match=re.escape(text)):
        ERRORS[text]()


# --- masks, states, dropout ---------------------------------------------------------------------

KINDS = {
    "SimpleRNN": {},
    "LSTM": {},
    "GRU": {},
    "GRU before": {"reset_after": False},
    "LSTM relu": {"activation": "softsign"},
    "LSTM dropout": {"dropout": 0.3, "recurrent_dropout": 0.4, "seed": 3},
}
kinds = pytest.mark.parametrize("kind", KINDS)


def made(kind, **how):
    cr.utils.set_random_seed(2)
    return getattr(layers, kind.split()[0])(4, **(KINDS[kind] | how))


@kinds
def test_padding_changes_no_figure(kind):
    """Values and gradients of a padded sequence are those of the shorter one, wherever it stands."""
    cr.config.set_floatx("float64")
    short = RNG.normal(size=(2, 3, 2))
    for before, after in ((0, 2), (2, 0), (1, 1)):
        padded = np.concatenate([np.full((2, n, 2), 7.0) for n in (before,)] + [short], axis=1)
        padded = np.concatenate([padded, np.full((2, after, 2), -9.0)], axis=1)
        mask = np.zeros((2, 3 + before + after), bool)
        mask[:, before : before + 3] = True
        layer = made(kind)
        y = layer(short)
        d = layer.backward(np.ones_like(y))
        own = [v.grad for v in layer.trainable_variables]
        layer.zero_grad()  # they add up
        long = layer(padded, mask=mask)
        d_long = layer.backward(np.ones_like(y))
        np.testing.assert_allclose(long, y, rtol=1e-12)
        np.testing.assert_allclose(d_long[:, before : before + 3], d, rtol=1e-12)
        assert not d_long[~mask].any()
        for a, b in zip(own, [v.grad for v in layer.trainable_variables], strict=True):
            np.testing.assert_allclose(b, a, rtol=1e-12)


def test_a_row_masked_altogether_keeps_its_state():
    y, h, c = layers.LSTM(2, return_state=True)(
        np.ones((1, 3, 1)), initial_state=[np.full((1, 2), 0.5)] * 2, mask=np.zeros((1, 3), bool)
    )
    np.testing.assert_array_equal([y, h, c], np.full((3, 1, 2), 0.5))


@kinds
def test_stateful_in_two_halves_equals_the_whole(kind):
    x = RNG.normal(size=(2, 6, 3)).astype("float32")
    layer = made(kind, stateful=True, return_sequences=True)
    whole = layer(x)
    layer.reset_state()
    halves = [layer(x[:, :3]), layer(x[:, 3:])]
    np.testing.assert_allclose(np.concatenate(halves, axis=1), whole, rtol=1e-6, atol=1e-7)
    assert {v.kind for v in layer.variables if v.name.startswith("state")} == {"carry"}
    layer.reset_states()
    np.testing.assert_array_equal(layer(x), whole)
    states = [v.numpy() for v in layer.states]
    layer(x)
    layer.reset_state(states)
    np.testing.assert_array_equal([v.numpy() for v in layer.states], states)


def test_one_dropout_mask_for_all_steps():
    layer = layers.SimpleRNN(
        3, activation=None, dropout=0.5, recurrent_dropout=0.5, use_bias=False, seed=1,
        return_sequences=True,
    )  # fmt: skip
    x = np.ones((2, 4, 3), "float32")
    layer(x)
    layer.set_weights([np.eye(3), np.eye(3)])
    layer.cell.count.assign(np.uint32(0))
    y = layer(x, training=True)
    layer.cell.count.assign(np.uint32(0))
    of_x, of_h = layer.cell.draw(2)
    assert set(np.unique([of_x, of_h])) == {0.0, 2.0}
    h, found = np.zeros((2, 3)), []
    for t in range(4):
        h = x[:, t] * of_x + h * of_h
        found.append(h)
    np.testing.assert_allclose(y, np.stack(found, axis=1), rtol=1e-6)
    np.testing.assert_allclose(layer(x)[:, -1], 4.0)  # none outside training
    assert not np.array_equal(layer(x, training=True), y)  # the next pass has masks of its own


def test_a_cell_with_a_dropout_of_its_own():
    """A counter inside the step goes from step to step on both engines, also on the way back."""
    jax = pytest.importorskip("jax")

    class Noisy(layers.Layer):
        state_size = 3

        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.drop = layers.Dropout(0.5, seed=4)
            self.mix = layers.Dense(3, kernel_initializer="orthogonal")

        def call(self, inputs, states):
            h = ops.tanh(self.drop(self.mix(inputs)) + states[0])
            return h, [h]

    cr.utils.set_random_seed(1)
    layer = layers.RNN(Noisy(), dtype="float32")
    x = RNG.normal(size=(2, 5, 3)).astype("float32")
    layer(x)
    function, values = layer.pure(training=True)
    fixed = {k: v for k, v in enumerate(values) if v.dtype.kind != "f"}

    def both(x, *floats):
        def of(x, *floats):
            now = list(floats)
            return function(
                [fixed.get(k) if k in fixed else now.pop(0) for k in range(len(values))], x
            )

        y, back = vjp(of, x, *floats)
        return (y, *back(cr.arrays.xp(y).ones_like(y)))

    floats = [v for v in values if v.dtype.kind == "f"]
    for a, b in zip(jax.jit(both)(x, *floats), both(x, *floats), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


# --- training on both engines -------------------------------------------------------------------


def trained(make, x, y, engine, **how):
    cr.utils.set_random_seed(6)
    model = make()
    model.compile(cr.optimizers.Adam(0.02), "mse")
    how = {"epochs": 3, "batch_size": 4, "shuffle": False, "verbose": 0} | how
    return model.fit(x, y, engine=engine, **how).history["loss"], model


MODELS = {
    "masks and dropout": lambda: cr.Sequential(
        [
            cr.Input((6, 3)),
            layers.Masking(0.0),
            layers.LSTM(4, return_sequences=True, dropout=0.2, recurrent_dropout=0.2, seed=1),
            layers.Bidirectional(layers.GRU(3, reset_after=False)),
            layers.Dense(1),
        ]
    ),
    "stateful": lambda: cr.Sequential(
        [cr.Input((6, 3), batch_size=4), layers.GRU(4, stateful=True), layers.Dense(1)]
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_both_engines_train_equally(name):
    pytest.importorskip("jax")
    rng = np.random.default_rng(1)  # its own: which tests ran before it differs from run to run
    x = rng.normal(size=(8, 6, 3)).astype("float32")
    x[::2, 4:] = 0.0
    y = rng.normal(size=(8, 1)).astype("float32")
    (here, a), (there, b) = (trained(MODELS[name], x, y, e) for e in ("numpy", "xla"))
    np.testing.assert_allclose(there, here, rtol=2e-5)
    assert here[-1] < here[0]
    for v, w in zip(a.variables, b.variables, strict=True):
        np.testing.assert_allclose(w.numpy(), v.numpy(), rtol=1e-3, atol=1e-5)


def test_a_stateful_model_goes_on_from_its_file(tmp_path):
    x = RNG.normal(size=(8, 6, 3)).astype("float32")
    y = RNG.normal(size=(8, 1)).astype("float32")
    how = {"batch_size": 4, "shuffle": False, "verbose": 0, "engine": "numpy"}
    _, straight = trained(MODELS["stateful"], x, y, "numpy", epochs=2)
    _, model = trained(MODELS["stateful"], x, y, "numpy", epochs=1)
    again = cr.load_model(model.save(tmp_path / "m"))
    again.fit(x, y, epochs=2, initial_epoch=1, **how)
    for v, w in zip(straight.variables, again.variables, strict=True):
        np.testing.assert_array_equal(w.numpy(), v.numpy())


def test_two_layers_learn_to_remember():
    """Was the first number of the sequence positive?"""
    pytest.importorskip("jax")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(128, 8, 1)).astype("float32")
    y = (x[:, 0] > 0).astype("float32")

    def make():
        return cr.Sequential(
            [
                cr.Input((8, 1)),
                layers.LSTM(12, return_sequences=True),
                layers.LSTM(12),
                layers.Dense(1),
            ]
        )

    losses = [trained(make, x, y, e, epochs=12, batch_size=32)[0] for e in ("numpy", "xla")]
    assert losses[0][-1] < 0.25 * losses[0][0]
    np.testing.assert_allclose(losses[1], losses[0], rtol=5e-3, atol=1e-4)


def test_a_graph_with_states_handed_on():
    """Encoder and decoder: the last states of one are the first of the other."""
    first, second = cr.Input((None, 3)), cr.Input((4, 2))
    _, h, c = layers.LSTM(5, return_state=True)(first)
    y = layers.LSTM(5, return_sequences=True)(second, initial_state=[h, c])
    model = cr.Model([first, second], y)
    assert model.output_shape == (None, 4, 5)
    a, b = RNG.normal(size=(2, 7, 3)), RNG.normal(size=(2, 4, 2))
    encoder, decoder = [layer for layer in model.layers if isinstance(layer, layers.LSTM)]
    _, *states = encoder(a)
    found = model.predict([a, b], engine="numpy")
    np.testing.assert_allclose(found, decoder(b, initial_state=states), rtol=1e-6)


def test_bidirectional_makes_its_backward_layer_again():
    layer = layers.Bidirectional(layers.LSTM(3, name="words"))
    assert (layer.forward_layer.name, layer.backward_layer.name) == (
        "forward_words",
        "backward_words",
    )
    config = layer.get_config()
    assert config["backward_layer"] is None
    layer(np.ones((1, 2, 2)))
    assert layer.get_config() == config
    again = layers.Bidirectional.from_config(config)
    assert again.get_config() == config
    assert again.backward_layer.name == "backward_words"
    given = [np.full_like(w, k) for k, w in enumerate(layer.get_weights())]
    again = layers.Bidirectional(layers.LSTM(3), weights=given)
    again(np.ones((1, 2, 2)))
    for a, b in zip(again.get_weights(), given, strict=True):
        np.testing.assert_array_equal(a, b)


def test_wrong_arguments_are_no_settings():
    with pytest.raises(ArgumentError, match="unknown argument 'return_sequence'"):
        layers.LSTM(3, return_sequence=True)
    with pytest.raises(ShapeError):
        layers.LSTM(3)(np.zeros((2, 3, 4, 5)))
