"""Variables and swap: reads and writes go to the given values, and come back from everything."""

from __future__ import annotations

import contextvars
import threading

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ArgumentError, ShapeError, StateError
from chainrule.layers import Dense
from chainrule.variable import KINDS, Variable, active_swap, swap

float32 = np.float32


def test_values_copies_and_types():
    given = np.array([1.0, 2.0])
    v = Variable(given, name="w")
    given[:] = 9
    assert v.numpy().tolist() == [1, 2]
    assert v.dtype == float32
    v.numpy()[:] = 9
    np.asarray(v)[:] = 9
    assert v.numpy().tolist() == [1, 2]
    assert Variable([1, 2], name="n").dtype == np.int64  # whole numbers stay
    assert Variable([1, 2], name="n", dtype="float64").dtype == np.float64
    cr.config.set_floatx("float64")
    assert Variable([1.0], name="n").dtype == np.float64
    assert v.dtype == float32  # made before
    assert repr(v) == "Variable('w', shape=(2,), dtype=float32, kind='weight', value=[1., 2.])"
    assert repr(Variable(1.0, name="w", trainable=False)).endswith(
        "kind='weight', trainable=False, value=1.)"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_kinds(kind):
    assert Variable(1.0, name="v", kind=kind).trainable == (kind == "weight")


def test_unknown_kind():
    with pytest.raises(ArgumentError) as caught:
        Variable(1.0, name="v", kind="wieght")
    assert str(caught.value) == (
        "Variable 'v': kind has an unknown value\n"
        "  expected: one of 'weight', 'statistic', 'seed', 'slot', 'metric', 'carry'\n"
        "  received: 'wieght'\n"
        "  fix: did you mean 'weight'?"
    )


def test_assign():
    v = Variable([1.0, 2.0], name="w")
    new = np.array([3.0, 4.0])
    v.assign(new)
    new[:] = 0
    assert v.numpy().tolist() == [3, 4]
    assert v.dtype == float32  # cast to the variable's type
    v.assign_add([1, 1])
    assert v.numpy().tolist() == [4, 5]
    for wrong, shape in (([1.0], "(1,)"), (1.0, "()"), ([[1.0, 2.0]], "(1, 2)")):
        with pytest.raises(ShapeError) as caught:
            v.assign(wrong)
        assert str(caught.value) == (
            "Variable 'w': a new value must have the shape of the old one\n"
            f"  expected: (2,)\n  received: {shape}"
        )
    assert v.numpy().tolist() == [4, 5]


def test_arithmetic_is_that_of_the_value():
    v = Variable([1.0, 4.0], name="w")
    assert (v * 2 + 1).tolist() == [3, 9]
    assert (2 - v).tolist() == [1, -2]
    assert (v @ np.array([1.0, 1.0], float32)) == 5
    assert np.sqrt(v).tolist() == [1, 2]
    assert float(v[1]) == 4
    assert (v < 2).tolist() == [True, False]


# --- swap ----------------------------------------------------------------------------------------


def test_swap_reads_and_writes_elsewhere():
    a, b = Variable(1.0, name="a"), Variable(2.0, name="b")
    with swap([a], [float32(10)]) as now:
        assert float(a) == 10
        assert float(b) == 2  # not swapped: as it is
        a.assign_add(5)
        assert float(a) == 15
        assert now.values() == [15]
    assert (float(a), float(b)) == (1, 2)
    assert now.values() == [15]  # still there to be read
    assert active_swap() is None


def test_nested_swaps():
    a, b = Variable(1.0, name="a"), Variable(2.0, name="b")
    with swap([a, b], [float32(10), float32(20)]) as outer:
        with swap([a], [float32(100)]) as inner:
            assert (float(a), float(b)) == (100, 20)  # the inner sees what the outer swapped
            a.assign_add(1)
        assert (float(a), float(b)) == (10, 20)
        assert inner.values() == [101]
        a.assign_add(1)
        assert outer.values() == [11, 20]
    assert (float(a), float(b)) == (1, 2)


def test_a_write_to_an_outer_variable_inside_an_inner_swap():
    """What the inner swap was not given belongs to the outer, and a write to it must not be lost."""
    a, b = Variable(1.0, name="a"), Variable(2.0, name="b")
    with swap([b], [float32(20)]) as outer:
        with swap([a], [float32(10)]):
            b.assign(float32(21))
            assert float(b) == 21
        assert float(b) == 21
    assert outer.values() == [21]
    assert float(b) == 2


def test_swap_restores_after_an_exception():
    a = Variable(1.0, name="a")

    class OopsError(Exception):
        pass

    def fail(value):
        with swap([a], [float32(value)]):
            raise OopsError

    with swap([a], [float32(9)]):
        with pytest.raises(OopsError):
            fail(8)
        assert float(a) == 9
    assert float(a) == 1
    with pytest.raises(OopsError):
        fail(7)
    assert float(a) == 1
    assert active_swap() is None


def test_swap_needs_one_value_for_each():
    with pytest.raises(ValueError, match="argument"):
        swap([Variable(1.0, name="a")], [])


def test_threads_do_not_see_each_others_swaps():
    v = Variable(0.0, name="v")
    n, wrong, gate = 8, [], threading.Barrier(8)

    def work(k):
        for _ in range(100):
            gate.wait()
            with swap([v], [float32(k)]) as now:
                for _ in range(5):
                    v.assign_add(1)
                if now.values() != [k + 5] or float(v) != k + 5:
                    wrong.append(k)
        if float(v) != 0:
            wrong.append("outside")

    threads = [threading.Thread(target=work, args=(k,)) for k in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong
    assert float(v) == 0


def test_a_thread_started_inside_a_swap_stands_outside():
    v, seen = Variable(1.0, name="v"), []
    with swap([v], [float32(5)]):
        t = threading.Thread(target=lambda: seen.append(float(v)))
        t.start()
        t.join()
        # unless it is given the context on purpose
        seen.append(contextvars.copy_context().run(lambda: float(v)))
    assert seen == [1, 5]


# --- guards --------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_assigning_an_attribute_inside_a_step(engine):
    class Leaky(cr.layers.Layer):
        def call(self, x):
            self.last_input = x
            return x * 1.0

        def compute_output_shape(self, input_shape):
            return input_shape

    model = cr.Sequential([cr.Input((2,)), Leaky(name="leaky"), Dense(1)])
    model.compile("adam", "mse")
    before = model.get_weights()
    with pytest.raises(StateError) as caught:
        model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0, engine=engine)
    assert str(caught.value) == (
        "leaky: the attribute 'last_input' was assigned inside a training step\n"
        "  expected: only values of Variables change inside a step\n"
        "  fix: make 'last_input' a Variable with add_weight(kind=...) and call .assign(...)"
    )
    assert not hasattr(model.layers[0], "last_input")
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    model.layers[0](np.ones((1, 2)))  # called directly it may
    assert model.layers[0].last_input is not None


def test_a_failed_trace_leaves_the_model_as_it_was():
    class Fails(cr.layers.Layer):
        broken = True

        def build(self, input_shape):
            self.w = self.add_weight("w", (2,), "ones")
            self.seen = self.add_weight("seen", (), "zeros", trainable=False, kind="statistic")

        def call(self, x, training=False):
            if training:
                self.seen.assign(self.seen.value + 1)
                if type(self).broken:
                    raise ZeroDivisionError("in the middle of the trace")
            return x * self.w

    x, y = np.ones((4, 2), "float32"), np.zeros((4, 2))
    model = cr.Sequential([cr.Input((2,)), Fails()])
    model.compile(cr.optimizers.SGD(0.25), "mse")
    for engine in ("xla", "numpy"):
        with pytest.raises(ZeroDivisionError):
            model.fit(x, y, verbose=0, engine=engine)
        assert active_swap() is None
        for v in [*model.variables, *model.optimizer.variables]:
            assert isinstance(v.value, (np.ndarray, np.generic))  # no tracer got out
        assert model.get_weights()[0].tolist() == [1, 1]
        assert float(model.layers[0].seen) == 0
        assert int(model.optimizer.iterations) == 0
    Fails.broken = False
    for engine in ("xla", "numpy"):
        model.fit(x, y, batch_size=4, verbose=0, engine=engine)
    # w ← w − ¼·(2·w·1·4/8), twice
    assert model.get_weights()[0].tolist() == [0.75**2] * 2
    assert float(model.layers[0].seen) == 2


def test_a_callback_that_raises_gives_the_weights_back():
    x, y = np.ones((4, 1)), np.zeros((4, 1))
    for engine in ("numpy", "xla"):
        model = cr.Sequential([Dense(1, use_bias=False, kernel_initializer="ones", input_dim=1)])
        model.compile(cr.optimizers.SGD(0.25), "mse")

        def stop(epoch, logs):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            model.fit(
                x,
                y,
                epochs=3,
                verbose=0,
                engine=engine,
                callbacks=[cr.callbacks.LambdaCallback(on_epoch_end=stop)],
            )
        assert model.get_weights()[0].tolist() == [[0.5]]  # one epoch was done
        assert all(v.holder is None for v in model.variables)


def test_tied_weights_are_one_variable():
    class Tied(cr.Model):
        def __init__(self):
            super().__init__()
            self.one = Dense(3, name="one")
            self.same = self.one
            self.group = [self.one, Dense(3, name="two")]

        def call(self, x):
            return self.group[1](self.same(self.one(x)))

    model = Tied()
    model(np.ones((2, 3)))
    assert len(model.weights) == 4
    assert len({id(v) for v in model.variables}) == len(model.variables)
    assert model.count_params() == 2 * (3 * 3 + 3)
    assert sorted(model.state_dict()) == ["one.bias", "one.kernel", "two.bias", "two.kernel"]
    assert [v is w for v, w in zip(model.one.weights, model.same.weights, strict=True)] == [
        True
    ] * 2
