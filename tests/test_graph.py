"""Graphs of layers: `Input()`, symbols, `Model(inputs, outputs)`.

Expected values are NumPy formulas on weights of ones; shapes and orders are Keras's.
"""

from __future__ import annotations

import copy
import gc
import json
import weakref

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers, ops
from chainrule.errors import ArgumentError, ChainruleError, ShapeError, StateError
from chainrule.layers import Activation, Dense, Dropout, Layer, register
from chainrule.models import Functional

ENGINES = ("numpy", "xla")
on_both = pytest.mark.parametrize("engine", ENGINES)


def ones(*shape):
    return np.ones(shape, "float32")


def sums(units=1, **kwargs):
    """A Dense layer of ones without bias: the sum of the features."""
    return Dense(units, use_bias=False, kernel_initializer="ones", **kwargs)


@register
class Halves(Layer):
    """Two outputs, as a tuple."""

    def call(self, x):
        n = x.shape[-1] // 2
        return x[:, :n], x[:, n:]


@register
class Named(Layer):
    """Two inputs by name, two outputs in a dict; shapes are found by running it."""

    def build(self, query_shape, value_shape):
        self.factor = self.add_weight("factor", (value_shape[-1],), "ones")

    def call(self, query, value, scale=1.0):
        return {"sum": query + value * self.factor, "product": scale * query * value}


@register
class Block(cr.Model):
    """A subclassed model, used as a layer."""

    def __init__(self, units=2, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.inner = sums(units)

    def call(self, x):
        return self.inner(x) + 1.0


# --- what a graph computes -----------------------------------------------------------------------


def two():
    return cr.Input((2,), name="a"), cr.Input((2,), name="b")


def operators():
    a, b = two()
    return cr.Model([a, b], 2 * a - b / 4 + a @ np.eye(2, dtype="float32") ** 2), (
        lambda a, b: 3 * a - b / 4
    )


def shared():
    a, b = two()
    layer = sums(2, name="shared")
    return cr.Model([a, b], layer(layer(a) + layer(b))), (
        lambda a, b: np.repeat(2 * (a + b).sum(-1, keepdims=True), 2, axis=1)
    )


def several_outputs_of_a_layer():
    a, b = two()
    left, right = Halves()(ops.concatenate([a, b], axis=-1))
    return cr.Model([a, b], left - right), lambda a, b: a - b


def inputs_by_name():
    a, b = two()
    y = Named()(query=a, value=b, scale=3.0)
    return cr.Model({"a": a, "b": b}, [y["sum"], y["product"]]), (lambda a, b: [a + b, 3 * a * b])


def variable():
    a, b = two()
    v = cr.Variable(np.array([2.0, 3.0], "float32"), name="v")
    return cr.Model([a, b], a * v + ops.maximum(b, v)), (
        lambda a, b: a * [2, 3] + np.maximum(b, [2, 3])
    )


def weight_of_a_layer():
    a, b = two()
    layer = sums(2)
    return cr.Model([a, b], ops.matmul(layer(a), layer.kernel) + b), (
        lambda a, b: 2 * a.sum(-1, keepdims=True) + b
    )


def functional_inside():
    x = cr.Input((2,), name="x")
    inner = cr.Model(x, [sums(2)(x), 2 * x], name="inner")
    a, b = two()
    p, q = inner(a)
    return cr.Model([a, b], p + q + inner(b)[1]), (
        lambda a, b: a.sum(-1, keepdims=True) + 2 * a + 2 * b
    )


def sequential_inside():
    inner = cr.Sequential([sums(2), Activation("relu")], name="stack")
    a, b = two()
    return cr.Model([a, b], inner(a) - inner(b)), (
        lambda a, b: (np.maximum(a.sum(-1), 0) - np.maximum(b.sum(-1), 0))[:, None] * [1, 1]
    )


def subclass_inside():
    a, b = two()
    return cr.Model([a, b], Block(2, name="block")(a) * b), (
        lambda a, b: (a.sum(-1, keepdims=True) + 1) * b
    )


def indices():
    a, b = two()
    both = ops.stack([a, b], axis=1)
    y = both[:, 1, ::-1] + both[..., 0] + ops.take(both, np.array([1]), axis=2)[:, 0]
    return cr.Model([a, b], y), (
        lambda a, b: b[:, ::-1] + np.stack([a[:, 0], b[:, 0]], 1) + a[:, 1:]
    )


def unused_input():
    a, b = two()
    return cr.Model([a, b], a + 1), lambda a, b: a + 1


def the_input_itself():
    a, b = two()
    return cr.Model([a, b], {"a": a, "twice": 2 * b}), lambda a, b: {"a": a, "twice": 2 * b}


GRAPHS = [
    operators,
    shared,
    several_outputs_of_a_layer,
    inputs_by_name,
    variable,
    weight_of_a_layer,
    functional_inside,
    sequential_inside,
    subclass_inside,
    indices,
    unused_input,
    the_input_itself,
]
graphs = pytest.mark.parametrize("graph", GRAPHS, ids=lambda g: g.__name__)


def data():
    rng = np.random.default_rng(0)
    return rng.normal(size=(5, 2)).astype("float32"), rng.normal(size=(5, 2)).astype("float32")


def same(found, expected, **how):
    flat_found, flat_expected = cr.tree.leaves(found), cr.tree.leaves(expected)
    assert len(flat_found) == len(flat_expected)
    if isinstance(expected, dict):
        assert list(found) == list(expected)
    for f, e in zip(flat_found, flat_expected, strict=True):
        np.testing.assert_allclose(f, e, **({"rtol": 1e-6, "atol": 1e-6} | how))


@on_both
@graphs
def test_a_graph_computes_what_was_written(graph, engine):
    model, formula = graph()
    a, b = data()
    same(model.predict([a, b], engine=engine), formula(a, b))
    same(model.predict({"b": b, "a": a}, engine=engine), formula(a, b))
    same(model([a, b]), formula(a, b))


@graphs
def test_a_graph_survives_files_configs_and_copies(graph, tmp_path):
    model, formula = graph()
    a, b = data()
    expected = formula(a, b)
    loaded = cr.load_model(model.save(tmp_path / "m.safetensors"))
    again = type(model).from_config(json.loads(json.dumps(model.get_config())))
    again.set_weights(model.get_weights())
    for other in (loaded, again, copy.deepcopy(model)):
        assert [v.shape for v in other.weights] == [v.shape for v in model.weights]
        assert [layer.name for layer in other.layers] == [layer.name for layer in model.layers]
        assert other.get_config() == model.get_config()
        same(other.predict([a, b], engine="numpy"), expected)


@graphs
def test_shapes_are_those_of_the_values(graph):
    model, _ = graph()
    values = model.predict(list(data()), engine="numpy")
    shapes = cr.tree.leaves(cr.tree.map(lambda s: s.shape, model.output))
    flat = [s.shape for s in model.outputs]
    assert flat == [(None, *v.shape[1:]) for v in cr.tree.leaves(values)]
    assert [s.dtype for s in model.outputs] == [v.dtype for v in cr.tree.leaves(values)]
    assert cr.tree.leaves(model.output_shape) == shapes


COMPOSITES = {
    "softmax": (lambda x: ops.softmax(x, axis=1), (None, 2, 3)),
    "moveaxis": (lambda x: ops.moveaxis(x, 1, 2), (None, 3, 2)),
    "swapaxes": (lambda x: ops.swapaxes(x, 1, 2), (None, 3, 2)),
    "expand_dims": (lambda x: ops.expand_dims(x, -1), (None, 2, 3, 1)),
    "squeeze": (lambda x: ops.squeeze(ops.reshape(x, (-1, 1, 6)), 1), (None, 6)),
    "concatenate": (lambda x: ops.concatenate([x, x], axis=1), (None, 4, 3)),
    "stack": (lambda x: ops.stack([x, x], axis=1), (None, 2, 2, 3)),
    "split": (lambda x: ops.split(x, 3, axis=2)[1], (None, 2, 1)),
    "cumsum": (lambda x: ops.cumsum(x, axis=1), (None, 2, 3)),
    "einsum": (lambda x: ops.einsum("btf,bsf->bts", x, x), (None, 2, 2)),
}


@pytest.mark.parametrize("name", COMPOSITES)
def test_a_function_made_of_operations_is_one_call(name):
    function, shape = COMPOSITES[name]
    x = cr.Input((2, 3))
    y = function(x)
    assert (y.shape, y.call.name) == (shape, name)
    values = np.random.default_rng(1).normal(size=(4, 2, 3)).astype("float32")
    np.testing.assert_array_equal(cr.Model(x, y).predict(values, engine="numpy"), function(values))


def test_layers_stand_in_keras_s_order_and_under_their_names():
    a, b = cr.Input((2,)), cr.Input((3,))
    late = cr.Input((4,))
    y = Dense(4)(ops.concatenate([Dense(4)(a), Dense(4)(b)], axis=-1)) + late
    model = cr.Model([a, b, late], y)
    assert [layer.name for layer in model.layers] == [
        "input", "input_1", "dense", "dense_1", "dense_2", "input_2",
    ]  # fmt: skip
    assert model.input_names == ["input", "input_1", "input_2"]
    assert model.output_keys == ["add"]
    assert model.output_names == [""]
    assert model.input_shape == [(None, 2), (None, 3), (None, 4)]
    assert model.output_shape == (None, 4)
    twice = cr.Model(a, [model.layers[2].output, model.layers[2].output])
    assert twice.output_names == ["dense", "dense_1"]


def test_axes_without_a_length():
    x = cr.Input((None, 3))
    model = cr.Model(x, sums(2)(x).mean(axis=1))
    assert sums(2)(x).shape == (None, None, 2)
    assert model.output_shape == (None, 2)
    for steps in (1, 4):
        assert model.predict(ones(2, steps, 3)).tolist() == [[3.0, 3.0]] * 2


@on_both
def test_inputs_come_in_the_types_that_were_asked_for(engine):
    whole = cr.Input((1,), dtype="int32", name="whole")
    plain = cr.Input((1,), name="plain")
    model = cr.Model([whole, plain], [whole - 16_777_216, plain * 2])
    y = model.predict({"whole": [[16_777_217]], "plain": [[1]]}, engine=engine)
    assert y[0].tolist() == [[1]]  # float32 does not know the number
    assert y[0].dtype.kind == "i"
    assert y[1].dtype == np.float32
    direct = model([np.array([[16_777_217]]), np.array([[1]])])
    assert [v.dtype for v in direct] == [np.int32, np.float32]
    wide = cr.Model(plain, Dense(1, dtype="float64")(plain))
    assert wide.predict(np.array([[0.1]]), engine=engine).dtype == np.float64
    assert wide.input_types(None) == "float64"


def test_features_from_the_middle_and_a_model_that_starts_there():
    x = cr.Input((2,))
    first = sums(3, name="first")(x)
    model = cr.Model(x, sums(1, name="last")(first))
    assert cr.Model(model.inputs, model.layers[1].output).predict(ones(1, 2)).tolist() == [[2] * 3]
    assert cr.Model(model.input, model.get_layer("first").output).layers[1] is model.layers[1]
    tail = cr.Model(model.get_layer("last").input, model.output)
    assert tail.predict(ones(1, 3)).tolist() == [[3.0]]
    stack = cr.Sequential([cr.Input((2,)), sums(3), sums(1)])
    assert cr.Model(stack.inputs, stack.layers[0].output).predict(ones(1, 2)).shape == (1, 3)
    assert stack.outputs[0].shape == (None, 1)
    assert not hasattr(cr.Sequential([sums(3)]), "inputs")
    assert not hasattr(Dense(1), "output")


def test_freezing_a_part():
    x = cr.Input((2,))
    base = cr.Model(x, sums(3)(x), name="base")
    y = cr.Input((2,))
    model = cr.Model(y, sums(1, name="head")(base(y)))
    base.trainable = False
    before = base.get_weights()[0]
    model.compile("sgd", "mse")
    model.fit(ones(4, 2), 0 * ones(4, 1), verbose=0)
    assert len(model.trainable_variables) == 1
    np.testing.assert_array_equal(base.get_weights()[0], before)
    assert not np.array_equal(model.get_layer("head").get_weights()[0], ones(3, 1))


@on_both
def test_a_variable_in_an_operation_is_trained(engine):
    x = cr.Input((1,))
    v = cr.Variable([1.0], name="v")
    model = cr.Model(x, x * v + sums()(x))
    model.compile(cr.optimizers.SGD(0.25), "mse")
    model.fit(ones(4, 1), 0 * ones(4, 1), batch_size=4, verbose=0, engine=engine)
    # loss (v + w)², v = w = 1: each falls by 0.25·2·2
    assert [w.item() for w in model.get_weights()] == [0.0, 0.0]
    assert v.numpy() == [0.0]
    assert len(model.trainable_variables) == 2


def test_training_reaches_the_layers_inside():
    x = cr.Input((1000,))
    inner = cr.Model(x, Dropout(0.5)(x))
    z = cr.Input((1000,))
    model = cr.Model(z, inner(z))
    always = cr.Model(z, Dropout(0.5)(z, training=True))
    assert (model(ones(1, 1000)) == 0).sum() == 0
    assert 400 < (model(ones(1, 1000), training=True) == 0).sum() < 600
    assert 400 < (always(ones(1, 1000)) == 0).sum() < 600


@register
class Ahead(Layer):
    """Says which steps count; hands its values on."""

    def call(self, x):
        return x

    def compute_mask(self, x, mask=None):
        return ops.not_equal(x[..., 0], 0.0)


@register
class Count(Layer):
    """How many steps the mask lets through."""

    def call(self, x, mask=None):
        if mask is None:
            return -ops.ones_like(x[:, 0])
        return ops.sum(ops.cast(mask, "float32"), axis=1, keepdims=True)


def test_masks_travel_through_graphs():
    x = cr.Input((4, 1))
    model = cr.Model(x, Count()(Activation("linear")(Ahead()(x))))
    steps = np.array([[[1.0], [2.0], [0.0], [0.0]]], "float32")
    assert model.predict(steps, engine="numpy").tolist() == [[2.0]]
    inner = cr.Model(x, Count()(x))
    assert inner(steps, mask=np.array([[True, True, True, False]])).tolist() == [[3.0]]
    outer = cr.Model(x, inner(Ahead()(x)))
    assert outer(steps).tolist() == [[2.0]]
    stack = cr.Sequential([cr.Input((4, 1)), Count()])
    assert stack(steps, mask=np.array([[True, True, True, False]])).tolist() == [[3.0]]


def test_a_subclass_with_its_own_step_may_be_a_graph(tmp_path):
    @register
    class Doubled(cr.Model):
        def train_step(self, data):
            return {**super().train_step(data), "twice": 2.0}

    x = cr.Input((2,))
    model = Doubled(x, sums()(x))
    assert isinstance(model, (Doubled, Functional))
    model.compile("sgd", "mse")
    assert model.fit(ones(4, 2), ones(4, 1), verbose=0).history["twice"] == [2.0]
    loaded = cr.load_model(model.save(tmp_path / "m.safetensors"))
    assert isinstance(loaded, Doubled)

    @register
    class Fixed(cr.Model):
        def __init__(self, units=1):
            x = cr.Input((2,))
            super().__init__(inputs=x, outputs=sums(units)(x))
            self.units = units

    model = Fixed(units=3)
    assert model.get_config()["units"] == 3
    loaded = cr.load_model(model.save(tmp_path / "n.safetensors"))
    assert loaded.predict(ones(1, 2)).tolist() == [[2.0] * 3]


def test_a_graph_inside_a_stack():
    x = cr.Input((2,))
    stack = cr.Sequential([cr.Model(x, 2 * sums(3)(x)), sums(1)])
    assert stack.output_shape == (None, 1)
    assert stack.predict(ones(1, 2)).tolist() == [[12.0]]
    assert len(stack.trainable_variables) == 2
    inner = cr.Sequential([sums(3)])
    assert cr.Sequential([cr.Input((2,)), inner, sums(1)]).output_shape == (None, 1)


def test_two_models_on_one_input(tmp_path):
    """An encoder and the whole share their Input and their layers, as in Keras's autoencoders."""
    x = cr.Input((3,), name="x")
    encoder = cr.Model(x, Dense(2, name="code")(x), name="encoder")
    z = cr.Input((2,), name="z")
    decoder = cr.Model(z, Dense(3, name="back")(z), name="decoder")
    whole = cr.Model(x, decoder(encoder(x)), name="whole")
    whole.compile("sgd", "mse")
    before = encoder.predict(ones(1, 3))
    whole.fit(ones(4, 3), 0 * ones(4, 3), verbose=0)
    assert not np.array_equal(encoder.predict(ones(1, 3)), before)
    loaded = cr.load_model(whole.save(tmp_path / "whole"))
    same(loaded.predict(ones(1, 3)), decoder.predict(encoder.predict(ones(1, 3))))


def test_long_graphs():
    x = y = cr.Input((1,))
    for _ in range(1500):
        y = y + 1
    assert cr.Model(x, y).predict(ones(1, 1), engine="numpy").tolist() == [[1501.0]]
    y, layer = x, sums()
    for _ in range(300):
        y = layer(y) + 1
    model = copy.deepcopy(cr.Model(x, y))
    assert model(ones(1, 1)).tolist() == [[301.0]]


def test_a_shared_layer_does_not_keep_dropped_models():
    layer, gone = sums(2), []
    for _ in range(5):
        x = cr.Input((2,))
        gone.append(weakref.ref(cr.Model(x, sums()(layer(Dense(2)(x))))))
    gc.collect()
    assert [r() for r in gone] == [None] * 5


# --- what is refused -----------------------------------------------------------------------------


def a_cycle():
    x = cr.Input((2,))
    y = x + 1
    z = y * 2
    y.call.args = (z, 1)
    cr.Model(x, z)


def incompatible():
    layer = Dense(2, name="hidden")
    layer(cr.Input((2,)))
    layer(cr.Input((3,)))


def incompatible_user_layer():
    layer = Named(name="mine")
    layer(cr.Input((2,)), cr.Input((2,)))
    layer(cr.Input((3,)), cr.Input((3,)))


def in_two_places():
    x, layer = cr.Input((2,)), Dense(2, name="both")
    inner = cr.Model(x, layer(x), name="inner")
    cr.Model(x, layer(inner(x)), name="outer").get_config()


def own_operation():
    @cr.op
    def cube(x):
        return x**3, lambda d_y: d_y * 3 * x**2

    x = cr.Input((2,))
    cr.Model(x, cube(x)).get_config()


X = cr.Input((2,), name="rows")
REFUSED = {
    "a cycle": (a_cycle, ArgumentError, "cycle"),
    "another Input": (
        lambda: cr.Model(X, X + cr.Input((2,), name="other")), ArgumentError, "'other'",
    ),
    "two shapes": (incompatible, ShapeError, "Dense 'hidden'"),
    "two shapes of a layer without a rule": (
        incompatible_user_layer, ShapeError, "Named 'mine'",
    ),
    "shapes of an operation": (
        lambda: ops.matmul(X, ones(3, 2)), ShapeError, "matmul.*rows",
    ),
    "a number": (lambda: float(X[0, 0]), StateError, "no numbers yet"),
    "a condition": (lambda: bool(X > 0), StateError, "no numbers yet"),
    "equality as a condition": (lambda: bool(X == 0), StateError, "no numbers yet"),
    "an array": (lambda: np.asarray(X), StateError, "no numbers yet"),
    "a batch as a list": (lambda: list(X), StateError, "no length"),
    "an input twice": (lambda: cr.Model([X, X], X + 1), ArgumentError, "twice"),
    "no symbol": (lambda: cr.Model(X, ones(2, 2)), ArgumentError, "outputs must be symbolic"),
    "a layer for its output": (
        lambda: cr.Model(X, Dense(2)), ArgumentError, "outputs must be symbolic",
    ),
    "an input's shape": (
        lambda: cr.Model(X, X + 1).predict(ones(2, 3)), ShapeError, "'rows'",
    ),
    "a missing input": (
        lambda: cr.Model({"p": X}, X + 1)({"q": ones(1, 2)}), ArgumentError, "no input 'q'",
    ),
    "two names": (
        lambda: cr.Model(X, Dense(1, name="d")(Dense(1, name="d")(X))), ArgumentError, "'d'",
    ),
    "the batch in a shape": (
        lambda: ops.reshape(X, (X.shape[0], 1, 2)), ShapeError, "-1",
    ),
    "an unknown argument": (lambda: Dense(1)(X, units=3), ArgumentError, "units"),
    "a layer in two models in a file": (in_two_places, ArgumentError, "'both'.*two places"),
    "an operation of one's own in a file": (own_operation, ArgumentError, "'cube'"),
    "a large constant in a file": (
        lambda: cr.Model(X, X @ ones(2, 6000)).get_config(), ArgumentError, "12,000 numbers",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    call, kind, message = REFUSED[name]
    with pytest.raises(kind, match=f"(?s){message}"):
        call()


def plain_config():
    x = cr.Input((2,), name="x")
    y = ops.concatenate([Dense(2, name="d")(x), x * 2], axis=-1)
    return json.loads(json.dumps(cr.Model(x, y, name="m").get_config()))


def put(*path):
    """A change of the config: the value at a path."""

    def change(config):
        *way, value = path
        for key in way[:-1]:
            config = config[key]
        config[way[-1]] = value

    return change


SELF = {"symbol": [1, 0]}
DEEP: list = []
for _ in range(900):
    DEEP = [DEEP]
CRAFTED = {
    "a call that needs itself": (put("calls", 1, "args", [SELF]), "no earlier call"),
    "a later call": (put("calls", 1, "args", [{"symbol": [3, 0]}]), "no earlier call"),
    "an output that is not there": (put("outputs", {"symbol": [1, 7]}), "no earlier call"),
    "a negative reference": (put("outputs", {"symbol": [-1, 0]}), "no earlier call"),
    "a huge reference": (put("outputs", {"symbol": [10**30, 0]}), "no earlier call"),
    "true for a number": (put("outputs", {"symbol": [True, 0]}), "no earlier call"),
    "an unknown layer": (put("calls", 1, "layer", "e"), "no such layer"),
    "a list for a name": (put("calls", 1, "layer", []), "no such layer"),
    "an unknown class": (put("layers", 1, "class_name", "Danse"), "did you mean 'Dense'"),
    "an unknown operation": (put("calls", 2, "operation", "multipli"), "did you mean 'multiply'"),
    "a function of Python": (put("calls", 2, "operation", "__import__"), "no operation"),
    "a helper of ours": (put("calls", 2, "operation", "logits_behind"), "no operation"),
    "two layers of one name": (put("layers", 0, "config", "name", "d"), "one name"),
    "arguments nested deeply": (put("calls", 2, "args", DEEP), "too deeply"),
    "a huge output": (
        put("calls", 2, "outputs", {"shape": [None, 2**40], "dtype": "float32"}), "shape",
    ),
    "a shape of shapes": (
        put("calls", 2, "outputs", {"shape": [[1]], "dtype": "float32"}), "outputs|shape",
    ),
    "objects": (put("calls", 2, "outputs", {"shape": [None, 2], "dtype": "object"}), "type"),
    "a huge constant": (
        put("calls", 2, "args", 1, {"array": [1], "shape": [2**20, 2**20], "dtype": "float32"}),
        "not its shape",
    ),
    "a huge variable": (
        put("variables", [{"name": "v", "shape": [2**20, 2**20], "dtype": "float32",
                           "kind": "weight", "trainable": True}]),
        "more weights than the file",
    ),
    "a huge layer": (put("layers", 1, "config", "units", 2**40), "more weights|units|shape"),
    "an unknown kind of argument": (put("calls", 2, "args", 1, {"exec": "1"}), "unknown kind"),
    "calls that are no list": (put("calls", {}), "must be a list"),
    "an entry that is not ours": (put("hook", 1), "unknown entry"),
    "outputs that are no symbols": (put("outputs", 3), "must be symbolic"),
}  # fmt: skip


@pytest.mark.parametrize("name", CRAFTED)
def test_a_crafted_configuration_is_refused(name):
    from chainrule.layers.base import weights_to_come

    change, message = CRAFTED[name]
    config = plain_config()
    with weights_to_come(100):
        Functional.from_config(config)  # as it is, it can be read
    change(config)
    with pytest.raises(ChainruleError, match=message), weights_to_come(100):
        Functional.from_config(config)


def test_files_written_before_arguments_had_keras_names_are_read():
    x = cr.Input((4,))
    y = cr.ops.reshape(cr.ops.clip(x, x_min=0.0, x_max=2.0), newshape=(-1, 2, 2))
    model = cr.Model(x, y)
    written = json.dumps(model.get_config())
    for now, then in (("x_min", "lower"), ("x_max", "upper"), ("newshape", "shape")):
        assert f'"{now}": ' in written
        # the shapes of outputs have been called so all along
        written = written.replace(f'"{now}": ', f'"{then}": ')
    rows = np.linspace(-1, 3, 8).reshape(2, 4)
    np.testing.assert_array_equal(cr.Model.from_config(json.loads(written))(rows), model(rows))


def test_reading_a_configuration_computes_nothing():
    """What a file claims is not tried out: huge shapes cost no memory."""
    import tracemalloc

    config = plain_config()
    config["layers"][0]["config"] |= {"shape": [2**28], "input_shape": [2**28]}
    config["layers"][1] = {"class_name": "Softmax", "config": {"name": "d"}}
    for call in config["calls"][1:]:
        call.get("outputs", {})["shape"] = [None, 2**28]
    tracemalloc.start()
    try:
        model = Functional.from_config(config)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
    assert model.output_shape == (None, 2**28)


# --- reading -------------------------------------------------------------------------------------


def test_the_summary_of_a_graph(capsys):
    a, b = two()
    layer = Dense(3, name="shared")
    v = cr.Variable(ones(3), name="v")
    model = cr.Model([a, b], Dense(1, name="out")((layer(a) - layer(b)) * v))
    model.summary(print_fn=print)
    lines = [
        [cell.strip() for cell in line.split("│")[1:-1]]
        for line in capsys.readouterr().out.splitlines()
        if line.startswith("│")
    ]
    assert lines == [
        ["Layer (type)", "Output shape", "Param #", "Connected to"],
        ["a (InputLayer)", "(None, 2)", "0", "-"],
        ["b (InputLayer)", "(None, 2)", "0", "-"],
        ["shared (Dense)", "(None, 3)", "9", "a, b"],
        ["subtract (operation)", "(None, 3)", "0", "shared, shared"],
        ["multiply (operation)", "(None, 3)", "3", "subtract"],
        ["out (Dense)", "(None, 1)", "4", "multiply"],
    ]
    assert "Connected to" in model._repr_html_()


def test_the_summary_of_a_subclass_shows_what_was_computed(capsys):
    class Late(cr.Model):
        def __init__(self):
            super().__init__()
            self.last, self.first = Dense(1, name="last"), Dense(5, name="first")

        def call(self, x):
            return self.last(self.first(x))

    model = Late()
    model.predict(ones(3, 2))
    model.summary()
    text = capsys.readouterr().out
    rows = {r.split()[1]: r for r in text.splitlines() if "Dense" in r}
    assert "(None, 1)" in rows["last"]
    assert "(None, 5)" in rows["first"]


# --- training ------------------------------------------------------------------------------------


@register
class ByHand(cr.Model):
    """The graph below, written by subclassing."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.left, self.right = Dense(4, "tanh", name="left"), Dense(4, "tanh", name="right")
        self.shared = Dense(4, "tanh", name="shared")
        self.kind, self.size = Dense(3, "softmax", name="kind"), Dense(1, name="size")

    def call(self, inputs):
        p, q = self.shared(self.left(inputs["a"])), self.shared(self.right(inputs["b"]))
        both = ops.concatenate([p, q], axis=-1)
        return {"kind": self.kind(both), "size": self.size(p * q)}


def as_graph():
    a, b = cr.Input((4,), name="a"), cr.Input((3,), name="b")
    shared = Dense(4, "tanh", name="shared")
    p = shared(Dense(4, "tanh", name="left")(a))
    q = shared(Dense(4, "tanh", name="right")(b))
    both = ops.concatenate([p, q], axis=-1)
    kind = Dense(3, "softmax", name="kind")(both)
    return cr.Model({"a": a, "b": b}, {"kind": kind, "size": Dense(1, name="size")(p * q)})


def batches(seed, count=6, rows=8):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        a = rng.normal(size=(rows, 4)).astype("float32")
        b = rng.normal(size=(rows, 3)).astype("float32")
        kind = rng.integers(0, 3, rows)
        yield {"a": a, "b": b}, {"kind": kind, "size": a[:, :1] - b[:, :1]}


BY_CLASS = {"kind": {0: 1.0, 1: 3.0, 2: 0.5}}
LOSSES = {"kind": "sparse_categorical_crossentropy", "size": "mse"}


def train(form, engine, path):
    model = form()
    x, _ = next(batches(0))
    model.predict(x, engine="numpy")
    model.set_weights(
        [np.random.default_rng(i).normal(0, 0.5, v.shape) for i, v in enumerate(model.weights)]
    )
    model.compile(
        "adam",
        LOSSES,
        loss_weights={"kind": 1.0, "size": 0.25},
        metrics={"kind": ["accuracy"], "size": ["mae"]},
    )

    def fit(m, seed):
        return m.fit(
            batches(seed, 6), steps_per_epoch=3, epochs=2, class_weight=BY_CLASS, verbose=0,
            engine=engine,
        ).history  # fmt: skip

    first = fit(model, 1)
    loaded = cr.load_model(model.save(path))
    second, again = fit(model, 2), fit(loaded, 2)
    assert again == second
    for mine, its in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, its)
    return first, second, model.get_weights()


def test_two_inputs_two_outputs_on_both_engines_and_by_subclassing(tmp_path):
    """The issue's second condition."""
    runs = {
        (form.__name__, engine): train(form, engine, tmp_path / f"{form.__name__}-{engine}")
        for form in (as_graph, ByHand)
        for engine in ENGINES
    }
    first, second, weights = runs["as_graph", "numpy"]
    assert set(first) == {
        "loss", "kind_loss", "size_loss", "kind_accuracy", "size_mae",
    }  # fmt: skip
    assert second["loss"][-1] < first["loss"][0]
    for other in runs.values():
        for mine, its in zip((first, second), other[:2], strict=True):
            assert list(mine) == list(its)
            for name in mine:
                np.testing.assert_allclose(mine[name], its[name], rtol=2e-5)
        for w, v in zip(weights, other[2], strict=True):
            np.testing.assert_allclose(w, v, rtol=2e-5, atol=2e-6)


@on_both
@pytest.mark.parametrize("form", [as_graph, ByHand], ids=lambda f: f.__name__)
def test_weights_by_class_and_output_are_the_formula_s(form, engine):
    model = form()
    x, y = next(batches(3))
    p = model.predict(x, engine="numpy")
    model.compile("sgd", LOSSES, loss_weights={"size": 0.25})
    logs = model.train_on_batch(x, y, class_weight=BY_CLASS, return_dict=True, engine=engine)
    w = np.array([1.0, 3.0, 0.5])[y["kind"]]
    kind = (w * -np.log(p["kind"][np.arange(8), y["kind"]])).mean()
    size = ((y["size"] - p["size"]) ** 2).mean()
    np.testing.assert_allclose(logs["kind_loss"], kind, rtol=1e-5)
    np.testing.assert_allclose(logs["size_loss"], size, rtol=1e-5)
    np.testing.assert_allclose(logs["loss"], kind + 0.25 * size, rtol=1e-5)


# --- types of what comes out --------------------------------------------------------------------

MOVED = {
    "Concatenate": lambda a, b: layers.Concatenate()([a, b]),
    "Reshape": lambda a, b: layers.Reshape((2, 2))(a),
    "Flatten": lambda a, b: layers.Flatten()(a),
    "Permute": lambda a, b: layers.Permute((1,))(a),
    "RepeatVector": lambda a, b: layers.RepeatVector(2)(a),
    "Identity": lambda a, b: layers.Identity()(a),
    "Add": lambda a, b: layers.Add()([a, b]),
    "Subtract": lambda a, b: layers.Subtract()([a, b]),
    "Multiply": lambda a, b: layers.Multiply()([a, b]),
    "Maximum": lambda a, b: layers.Maximum()([a, b]),
    "Dot": lambda a, b: layers.Dot(1)([a, b]),
    "Average": lambda a, b: layers.Average()([a, b]),
    "Embedding": lambda a, b: layers.Embedding(9, 2)(a),
    "CategoryEncoding": lambda a, b: layers.CategoryEncoding(9)(a),
    "Dense": lambda a, b: layers.Dense(2)(a),
    "Dropout": lambda a, b: layers.Dropout(0.5)(a),
    "TimeDistributed": lambda a, b: layers.TimeDistributed(layers.Flatten())(
        layers.Reshape((2, 2, 1))(a)
    ),
    "TimeDistributed, floats": lambda a, b: layers.TimeDistributed(layers.Embedding(9, 2))(
        layers.Reshape((2, 2))(a)
    ),
    "Sequential": lambda a, b: cr.Sequential([layers.Reshape((2, 2)), layers.Flatten()])(a),
    "Sequential, floats": lambda a, b: cr.Sequential([layers.Embedding(9, 2)])(a),
}


@pytest.mark.parametrize("kinds", [("int32", "int32"), ("int32", "float32"), ("float32", "int32")])
@pytest.mark.parametrize("name", MOVED)
def test_a_symbol_has_the_type_that_its_value_will_have(name, kinds):
    """Whole numbers that layers only move stay whole numbers, and the graph says so."""
    a, b = (cr.Input((4,), dtype=kind) for kind in kinds)
    symbol = MOVED[name](a, b)
    y = cr.Model([a, b], symbol)([np.ones((3, 4), kind) for kind in kinds])
    assert y.dtype == symbol.dtype
    assert y.dtype == ("int32" if _whole(name, kinds) else "float32")


def _whole(name, kinds):
    floats = name in ("Average", "CategoryEncoding", "Dense", "Dropout", "Embedding")
    alone = name not in ("Concatenate", "Add", "Subtract", "Multiply", "Maximum", "Dot")
    return not floats and "floats" not in name and "float32" not in kinds[: 1 if alone else 2]


def test_layers_in_a_stack_see_the_types_that_come():
    """A layer without a rule of its own is run on what the one before makes: floats."""
    seen = []

    class Look(layers.Layer):
        def call(self, x):
            seen.append(x.dtype)
            return x

    stack = cr.Sequential([cr.Input((3,), dtype="int32"), layers.Embedding(5, 2), Look()])
    assert stack.output.dtype == "float32"
    whole = cr.Sequential([cr.Input((4,), dtype="int32"), layers.Reshape((2, 2)), Look()])
    assert whole.output.dtype == "int32"
    assert set(seen[: len(seen) // 2]) == {np.dtype("float32")}
    assert set(seen[len(seen) // 2 :]) == {np.dtype("int32")}
