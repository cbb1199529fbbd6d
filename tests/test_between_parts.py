"""What shows only where parts meet: masks through wrappers, states in predict, layers made late."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers
from chainrule.errors import ArgumentError, DataError, ShapeError

ENGINES = [
    "numpy",
    pytest.param(
        "xla", marks=pytest.mark.skipif(not importlib.util.find_spec("jax"), reason="no JAX here")
    ),
]


class Block(layers.Layer):
    """A layer of the user's own around a stack that learns its shapes from the data."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.stack = cr.Sequential([layers.Dense(8, "relu"), layers.Dense(4)])

    def call(self, x):
        return x + self.stack(x)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_stack_without_shapes_inside_a_layer(engine):
    assert Block()(cr.Input((4,))).shape == (None, 4)
    model = cr.Sequential([Block(), layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((6, 4), "float32")
    losses = model.fit(x, x[:, :1], epochs=3, verbose=0, engine=engine).history["loss"]
    assert losses[-1] < losses[0]
    assert len(model.trainable_variables) == 6


@pytest.mark.parametrize("engine", ENGINES)
def test_a_mask_that_is_meant_to_be_added_is_never_inverted(engine):
    a, k = cr.Input((3, 4)), cr.Input((3, 3))
    y = layers.MultiHeadAttention(1, 2)(a, a, attention_mask=k)
    model = cr.Model([a, k], y)
    added = np.where(np.tri(3) > 0, 0.0, -1e9)[None].astype("float32")
    with pytest.raises(ArgumentError, match="says where a position may look"):
        model.predict([np.ones((1, 3, 4)), added], engine=engine)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("token", [99, -3])
def test_generate_refuses_tokens_outside_the_vocabulary(engine, token):
    model = cr.applications.CharTransformer(5, 8, 1, 1, 4)
    with pytest.raises(DataError, match="vocabulary"):
        cr.models.generate(model, [[1, token]], max_new_tokens=2, engine=engine)


def test_a_shape_in_place_of_a_name():
    with pytest.raises(ArgumentError, match="the first argument is the name"):
        layers.Layer().add_weight((3,), "ones")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("rows", [6, 4])
def test_stateful_predict_takes_its_own_batch_size(engine, rows):
    model = cr.Sequential([cr.Input((5, 2), batch_size=rows), layers.LSTM(3, stateful=True)])
    x = np.random.default_rng(0).normal(size=(rows, 5, 2)).astype("float32")
    wanted = model(x)
    model.layers[-1].reset_state()
    found = model.predict(x, batch_size=rows, engine=engine)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_statistics_of_single_steps_leave_padding_out():
    x = np.array([[[1.0], [3.0], [100.0]]], "float32")
    mask = np.array([[True, True, False]])
    inner = layers.BatchNormalization(momentum=0.0)
    layers.TimeDistributed(inner)(x, mask=mask, training=True)
    assert inner.moving_mean.numpy() == pytest.approx([2.0])


def test_sentences_of_words():
    """Words to sentences to a text: what is padding in both stays out."""
    ids = np.array([[[1, 2, 0], [3, 0, 0], [0, 0, 0]]])
    word, inner, outer = layers.Embedding(5, 4, mask_zero=True), layers.LSTM(3), layers.LSTM(2)
    model = cr.Sequential(
        [cr.Input((3, 3), dtype="int32"), word, layers.TimeDistributed(inner), outer]
    )
    found = model(ids)
    table = word.embeddings.numpy()
    sentences = [inner(table[[1, 2]][None]), inner(table[[3]][None])]
    wanted = outer(np.stack(sentences, axis=1))
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_a_batch_shape_is_both():
    model = cr.Sequential([cr.Input(batch_shape=(2, 5, 3)), layers.LSTM(4, stateful=True)])
    assert model.output_shape == (2, 4)
    with pytest.raises(ArgumentError, match="batch_shape stands for batch_size and shape"):
        cr.Input((3,), batch_shape=(2, 3))


# --- what Keras's users meet first --------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_a_batch_size_holds_only_stateful_layers_to_it(engine):
    """As in Keras 3.15 with JAX: plain models take batches of any size (tried there, call by call)."""
    start = cr.Input((3,), batch_size=4)
    graph = cr.Model(start, layers.Dense(1)(start))
    stack = cr.Sequential([cr.Input((3,), batch_size=4), layers.Dense(1)])
    x = np.ones((6, 3), "float32")
    for model in (graph, stack):
        model.compile("sgd", "mse")
        assert model.output_shape == (4, 1)
        model.fit(x, x[:, :1], batch_size=4, verbose=0, engine=engine)
        assert model.predict(x, engine=engine).shape == model(x).shape == (6, 1)
    held = cr.Sequential([cr.Input((5, 3), batch_size=4), layers.LSTM(2, stateful=True)])
    with pytest.raises(ShapeError, match="a stateful layer takes batches of one size"):
        held.predict(np.ones((6, 5, 3)), engine=engine)


def _image_model(*between, loss="sparse_categorical_crossentropy"):
    model = cr.Sequential([cr.Input((28, 28, 1)), *between, layers.Dense(10)])
    model.compile("sgd", loss)
    return model


LABELS = np.arange(6) % 10
IMAGES = np.zeros((6, 28, 28, 1), "float32")


@pytest.mark.parametrize(
    ("loss", "y"),
    [
        ("sparse_categorical_crossentropy", LABELS),
        ("sparse_categorical_crossentropy", LABELS[:, None]),
        ("categorical_crossentropy", np.eye(10)[LABELS]),
        ("mse", LABELS),
    ],
)
def test_a_forgotten_flatten_is_named(loss, y):
    with pytest.raises(ShapeError) as caught:
        _image_model(layers.Conv2D(2, 3), loss=loss).fit(IMAGES, y, verbose=0)
    assert caught.value.fix == (
        "one prediction a sample: put a Flatten or a global pooling layer before the last Dense "
        "(a recurrent layer: return_sequences=False); or give a target for each position"
    )
    assert "26, 26" in str(caught.value)


def test_flatten_is_not_named_where_it_would_be_no_cure():
    """Targets that have the positions, but another number of them, or outputs without any."""
    with pytest.raises(ShapeError) as caught:
        _image_model(layers.Conv2D(2, 3)).fit(IMAGES, np.zeros((6, 28, 28)), verbose=0)
    assert caught.value.fix == "for one-hot rows use categorical_crossentropy"
    with pytest.raises(ShapeError) as caught:
        _image_model(layers.Flatten()).fit(IMAGES, np.eye(10)[LABELS], verbose=0)
    assert caught.value.fix == "for one-hot rows use categorical_crossentropy"


@pytest.mark.parametrize(
    ("shape", "given", "fix"),
    [
        ((28, 28, 1), (6, 28, 28), "x[..., None] adds the axis of a single channel"),
        ((28, 28, 1), (28, 28, 1), "x[None], if this is a single sample"),
        ((28, 28), (6, 28, 28, 1), "x[..., 0] drops the last axis, of length 1"),
        ((1,), (6,), "x[:, None] makes a column of one number a sample"),
        ((4,), (4,), "x[None], if this is a single sample"),
        ((28, 28, 1), (6, 32, 32, 1), None),
        ((28, 28, 3), (6, 28, 28), None),
    ],
)
def test_the_missing_axis_of_an_input_is_named(shape, given, fix):
    start = cr.Input(shape)
    graph = cr.Model(start, layers.Flatten()(start))
    for call in (graph, graph.predict, cr.Sequential([cr.Input(shape), layers.Flatten()]).predict):
        with pytest.raises(ShapeError, match="the input has the wrong shape") as caught:
            call(np.zeros(given, "float32"))
        assert caught.value.fix == fix


# --- layers that are replaced -------------------------------------------------------------------


class WithHead(cr.Model):
    def __init__(self):
        super().__init__()
        self.blocks = [layers.Dense(3, name="body")]
        self.head = layers.Dense(2, name="head")

    def call(self, x):
        return self.head(self.blocks[0](x))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_replaced_layer_is_gone(engine):
    """A new head for another task, under the old name: the old one is neither counted nor trained."""
    model, x = WithHead(), np.ones((4, 3), "float32")
    model.compile("sgd", "mse")
    model.fit(x, np.ones((4, 2)), verbose=0, engine=engine)
    old = model.head
    held = [v.numpy() for v in old.variables]
    model.head = layers.Dense(1, name="head")
    model.compile("sgd", "mse")
    model.fit(x, np.ones((4, 1)), verbose=0, engine=engine)
    assert model.layers == [model.blocks[0], model.head]
    assert [w.shape for w in model.get_weights()] == [(3, 3), (3,), (3, 1), (1,)]
    assert model.count_params() == 12 + 4
    for v, before in zip(old.variables, held, strict=True):
        np.testing.assert_array_equal(v, before)


def test_a_replaced_layer_in_a_list_or_a_stack_is_gone():
    model = WithHead()
    model.blocks[0] = layers.Dense(5, name="body")
    model(np.ones((1, 3)))
    assert [layer.units for layer in model.layers] == [5, 2]
    stack = cr.Sequential([cr.Input((2,)), layers.Dense(3), layers.Dense(4)])
    stack.pop()
    assert [w.shape for w in stack.get_weights()] == [(2, 3), (3,)]
    assert len(stack.trainable_variables) == 2


def test_layers_stand_in_the_order_in_which_they_came():
    """Not in that of the attributes that hold them: files and set_weights go by it."""
    model = WithHead()
    model.more = []
    model.tail = layers.Dense(4, name="tail")
    model.more.append(layers.Dense(4))
    assert [layer.name for layer in model.layers] == ["body", "head", "tail", "dense"]


def test_a_refused_layer_leaves_everything_as_it_was():
    model = WithHead()
    head = model.head
    with pytest.raises(ArgumentError, match="two layers are called 'body'"):
        model.head = layers.Dense(2, name="body")
    with pytest.raises(ArgumentError, match="two layers are called 'body'"):
        model.other = layers.Dense(2, name="body")
    assert model.head is head
    assert not hasattr(model, "other")
    assert model.layers == [model.blocks[0], head]


def test_names_stay_apart_though_layers_come_and_go():
    """Python gives the id of a layer that is gone to a new one, which must get a name all the same."""
    model = WithHead()
    for _ in range(3):
        model.head = layers.Dense(2, name="head")
    model.tail = layers.Dense(2)
    model.more = layers.Dense(2)
    assert [layer.name for layer in model.layers] == ["body", "head", "dense", "dense_1"]
    assert set(vars(model)["_called"]) == {id(layer) for layer in model.layers}


def test_all_states_of_a_model_are_reset():
    """Also those inside wrappers and models inside; what is not stateful is left alone."""
    inner = cr.Sequential([cr.Input((3, 4), batch_size=1), layers.GRU(2, stateful=True)])
    model = cr.Sequential(
        [
            cr.Input((3, 1), batch_size=1),
            layers.Bidirectional(layers.LSTM(2, stateful=True, return_sequences=True)),
            inner,
            layers.Dense(1),
        ]
    )
    x = np.ones((1, 3, 1), "float32")
    first, second = model(x), model(x)
    assert not np.array_equal(first, second)
    model.reset_states()
    held = [v.numpy() for v in model.variables if v.kind == "carry"]
    assert len(held) == 5
    assert not np.any([np.any(v) for v in held])
    np.testing.assert_array_equal(model(x), first)
    cr.Sequential([layers.LSTM(2, stateful=True)]).reset_states()  # not built: nothing yet


def test_one_sequence_written_as_lists_is_one_row():
    """A batch of one, in brackets, is no list of inputs; an array in a list is (Keras's way)."""
    model = cr.Sequential([cr.Input((4, 2)), cr.layers.LSTM(2), cr.layers.Dense(2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    x = [[[0.1, 0.2], [0.3, -0.4], [0.5, 0.6], [-0.7, 0.8]]]
    expected = model.predict(np.array(x), engine="numpy", verbose=0)
    np.testing.assert_array_equal(model.predict(x, engine="numpy", verbose=0), expected)
    np.testing.assert_array_equal(model.predict([np.array(x)], engine="numpy", verbose=0), expected)
    model.train_on_batch(x, [1], engine="numpy")
