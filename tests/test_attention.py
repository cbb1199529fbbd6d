"""Attention and embedding beyond the tables: masks, causality, padding, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers, ops, rng
from chainrule.chain import vjp
from chainrule.errors import ArgumentError, DataError, ShapeError

X = np.random.default_rng(0).normal(size=(2, 6, 4))


def engines(function, *args):
    """The results on NumPy and, where JAX is, compiled."""
    yield function(*args)
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        yield np.asarray(jax.jit(function)(*args))


def heads(x, n=2):
    return x.reshape(*x.shape[:2], n, -1)


def make(kind, *args, **kwargs):
    cr.utils.set_random_seed(3)
    return getattr(layers, kind)(*args, dtype="float64", **kwargs)


def run(layer, x, **call):
    if isinstance(layer, layers.Attention):
        return layer([x, x], **call)
    return layer(x, x, **call)


LAYERS = [
    ("MultiHeadAttention", (2, 3)),
    ("GroupQueryAttention", (3, 4, 2)),
    ("Attention", ()),
    ("AdditiveAttention", ()),
]
every = pytest.mark.parametrize(("name", "args"), LAYERS, ids=[n for n, _ in LAYERS])


@every
def test_causal_the_future_changes_nothing(name, args):
    layer = make(name, *args)
    y = run(layer, X, use_causal_mask=True)
    for t in range(1, 6):
        other = X.copy()
        other[:, t:] += 1.0
        z = run(layer, other, use_causal_mask=True)
        np.testing.assert_array_equal(z[:, :t], y[:, :t])
        assert np.abs(z[:, t:] - y[:, t:]).max() > 1e-3


@every
def test_padding_changes_no_figure(name, args):
    layer = make(name, *args)
    alone = run(layer, X[:, :4])
    padded = np.concatenate([X[:, :4], np.full((2, 2, 4), 9.0)], axis=1)
    mask = np.arange(6) < np.array([[4], [4]])
    y = run(layer, padded, mask=[mask, mask])
    np.testing.assert_allclose(y[:, :4], alone, rtol=0, atol=1e-12)


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_padding_of_tokens_travels_to_the_attention(engine):
    """Tokens 0 behind a sentence change nothing, with nobody passing a mask."""
    if engine == "xla":
        pytest.importorskip("jax")
    cr.utils.set_random_seed(1)
    tokens = cr.Input((None,), dtype="int32")
    e = layers.Embedding(5, 4, mask_zero=True)(tokens)
    model = cr.Model(tokens, layers.MultiHeadAttention(2, 3)(e, e))
    short = model.predict(np.array([[3, 1, 2]]), engine=engine)
    long = model.predict(np.array([[3, 1, 2, 0, 0]]), engine=engine)
    np.testing.assert_allclose(long[:, :3], short, rtol=0, atol=1e-6)
    embedding = model.layers[1]
    assert np.abs(embedding.embeddings.numpy()[0]).max() > 0  # the mask leaves them out, not zeros


def test_a_position_that_may_look_nowhere_gets_zeros():
    q, k, v = (heads(x) for x in (X, X + 1, X + 2))
    mask = np.ones((2, 1, 6, 6), bool)
    mask[0, 0, 2] = False
    mask[1] = False

    def value_and_gradients(q, k, v):
        y, back = vjp(lambda q, k, v: ops.dot_product_attention(q, k, v, mask=mask), q, k, v)
        return cr.arrays.xp(y).concatenate([y.reshape(-1), *(d.reshape(-1) for d in back(y + 1))])

    found = [z.reshape(4, *q.shape) for z in engines(value_and_gradients, q, k, v)]
    for y, d_q, d_k, d_v in found:
        assert np.isfinite(y).all()
        assert not y[0, 2].any()
        assert not y[1].any()
        assert y[0, 1].any()
        assert not d_q[0, 2].any()
        assert not d_q[1].any()
        assert not d_k[1].any()
        assert not d_v[1].any()
        assert d_k[0].any()
    np.testing.assert_allclose(found[1], found[0], rtol=1e-12, atol=1e-12)


@every
def test_everything_masked(name, args):
    layer = make(name, *args)
    mask = np.zeros((2, 6), bool)
    y, scores = run(layer, X, mask=[None, mask], return_attention_scores=True)
    assert not y.any()  # the biases are zeros
    assert not scores.any()


@pytest.mark.parametrize("fuse", [True, False])
def test_the_same_dropout_on_both_engines_and_in_what_it_is_made_of(fuse):
    q, k, v = (heads(x) for x in (X, X + 1, X + 2))

    def dropped(q, k, v):
        key = rng.key(5)
        if fuse:
            return ops.dot_product_attention(q, k, v, dropout_rate=0.4, dropout_key=key)
        return ops.dot_product_attention.composition(q, k, v, dropout_rate=0.4, dropout_key=key)

    on_numpy, on_xla = engines(dropped, q, k, v)
    np.testing.assert_allclose(on_xla, on_numpy, rtol=1e-12, atol=1e-12)
    # by hand: the words of the stream below .4·2³² are dropped, the rest grows by 1/.6
    words = rng.bits(rng.key(5), (2, 2, 6, 6))
    scores = np.einsum("btnh,bsnh->bnts", q, k) / np.sqrt(2)
    p = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    p = np.where(words < round(0.4 * 2**32), 0.0, p / 0.6)
    np.testing.assert_allclose(on_numpy, np.einsum("bnts,bsnh->btnh", p, v), rtol=1e-12, atol=1e-12)


def test_dropout_is_differentiated_with_its_mask():
    q, k, v = (heads(x)[:1, :3] for x in (X, X + 1, X + 2))

    def dropped(*qkv):
        return ops.dot_product_attention(*qkv, dropout_rate=0.4, dropout_key=rng.key(5))

    assert cr.gradcheck(dropped, q, k, v).checked == 3 * q.size
    with pytest.raises(ArgumentError, match="dropout needs a key"):
        ops.dot_product_attention(q, k, v, dropout_rate=0.4)


def test_dropout_in_training_only_and_other_each_step():
    layer = make("MultiHeadAttention", 2, 3, dropout=0.5, seed=1)
    still = run(layer, X)
    np.testing.assert_array_equal(run(layer, X), still)
    first, second = run(layer, X, training=True), run(layer, X, training=True)
    assert not np.array_equal(first, still)
    assert not np.array_equal(first, second)


def test_scores_are_probabilities_before_dropout():
    layer = make("MultiHeadAttention", 2, 3, dropout=0.5, seed=1)
    _, scores = run(layer, X, training=True, return_attention_scores=True)
    assert scores.shape == (2, 2, 6, 6)
    np.testing.assert_allclose(scores.sum(-1), 1.0, atol=1e-12)
    plain, _ = run(layer, X, return_attention_scores=True)
    np.testing.assert_allclose(plain, run(layer, X), atol=1e-12)


def test_half_precision_is_finite_where_scores_are_large():
    q = np.full((1, 4, 1, 64), 60.0, "float16")
    y = ops.dot_product_attention(q, q, q)
    assert y.dtype == "float16"
    assert np.isfinite(y).all()


# --- refused -------------------------------------------------------------------------------------


def test_masks_of_the_wrong_shape_are_refused_by_name():
    layer = make("MultiHeadAttention", 2, 3, name="look")
    with pytest.raises(ShapeError) as caught:
        run(layer, X, attention_mask=np.ones((2, 6, 5), bool))
    text = str(caught.value)
    assert text.startswith("MultiHeadAttention 'look'")
    assert text.endswith(
        ": the attention mask has the wrong shape\n"
        "  expected: (batch, T, S) = (2, 6, 6), or (batch, heads, T, S) = (2, 2, 6, 6)\n"
        "  received: (2, 6, 5)"
    )
    with pytest.raises(ShapeError, match="value_mask has the wrong shape"):
        run(layer, X, value_mask=np.ones((2, 5), bool))
    with pytest.raises(ShapeError, match="dot_product_attention, mask"):
        ops.dot_product_attention(*[heads(X)] * 3, mask=np.ones((6, 5), bool))
    with pytest.raises(ShapeError, match="dot_product_attention, bias"):
        ops.dot_product_attention(*[heads(X)] * 3, bias=np.ones((3, 6, 6)))
    with pytest.raises(ShapeError, match="a mask has the wrong shape"):
        run(make("Attention"), X, mask=[None, np.ones((2, 5), bool)])


def test_a_mask_to_be_added_is_no_mask():
    added = np.where(np.tri(6) > 0, 0.0, -np.inf)
    with pytest.raises(ArgumentError, match=r"fix: give numbers that are added .* as bias="):
        ops.dot_product_attention(*[heads(X)] * 3, mask=added)
    layer = make("MultiHeadAttention", 2, 3)
    with pytest.raises(ArgumentError, match="fix: mask == 0"):
        run(layer, X, attention_mask=added)
    # ones and zeros of any type are a mask
    expected = run(layer, X, use_causal_mask=True)
    np.testing.assert_allclose(run(layer, X, attention_mask=np.tri(6)), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("query", "value"),
    [((2, 6), (2, 6)), ((2, 6, 4), (3, 6, 4)), ((2, 6, 5), (2, 6, 4)), ((2, 2, 6, 4),) * 2],
)
def test_inputs_that_do_not_fit_are_refused(query, value):
    layer = make("MultiHeadAttention", 2, 3)
    run(layer, X)
    with pytest.raises(ShapeError, match=r"MultiHeadAttention.*query, value and key do not fit"):
        layer(np.zeros(query), np.zeros(value))


def test_arguments_that_make_no_sense():
    for code, text in [
        (lambda: layers.MultiHeadAttention(0, 3), "num_heads is out of range"),
        (lambda: layers.MultiHeadAttention(2, 3, dropout=1.5), "dropout is out of range"),
        (lambda: layers.MultiHeadAttention(2, 3, output_shape=0), "output_shape"),
        (lambda: layers.GroupQueryAttention(3, 4, 3), "cannot be shared out evenly"),
        (lambda: layers.Attention(score_mode="dott"), "did you mean 'dot'"),
        (lambda: layers.Embedding(0, 3), "input_dim is out of range"),
    ]:
        with pytest.raises(ArgumentError, match=text):
            code()
    with pytest.raises(ShapeError, match="heads a multiple of key_heads"):
        ops.dot_product_attention(np.zeros((1, 2, 3, 4)), *[np.zeros((1, 2, 2, 4))] * 2)


# --- several calls, graphs -----------------------------------------------------------------------


def test_three_projections_side_by_side_are_three_products():
    """The same object thrice takes one product; equal arrays take three."""
    layer = make("MultiHeadAttention", 2, 3)
    np.testing.assert_allclose(layer(X, X, X), layer(X, X.copy(), X.copy()), rtol=1e-12)


def test_scores_in_a_graph_of_layers():
    x = cr.Input((6, 4))
    y, scores = layers.MultiHeadAttention(2, 3)(x, x, return_attention_scores=True)
    assert (y.shape, scores.shape) == ((None, 6, 4), (None, 2, 6, 6))
    y, scores = layers.Attention()([x, x], return_attention_scores=True)
    assert (y.shape, scores.shape) == ((None, 6, 4), (None, 6, 6))
    found = cr.Model(x, [y, scores]).predict(X)
    np.testing.assert_allclose(found[1].sum(-1), 1.0, atol=1e-6)


# --- embedding -----------------------------------------------------------------------------------


def test_tokens_outside_the_vocabulary_are_named_with_their_place():
    layer = layers.Embedding(5, 2, name="words")
    with pytest.raises(DataError) as caught:
        layer(np.array([[0, 1], [2, 7]]))
    text = str(caught.value)
    assert text.startswith("Embedding 'words'")
    assert ", row 1, column 1: a token is outside the vocabulary\n" in text
    assert "0 to 4, for a vocabulary of 5\n  received: 7 (1 such tokens)\n" in text
    for wrong in (-1, 5):
        with pytest.raises(DataError):
            ops.embedding(np.zeros((5, 2)), np.array([wrong]))
    with pytest.raises(DataError, match=r"received: 0\.5"):
        layer(np.array([0.5]))
    np.testing.assert_array_equal(layer(np.array([[1.0]])), layer(np.array([[1]])))


def test_wrong_tokens_in_a_compiled_program_are_nan():
    jax = pytest.importorskip("jax")
    table = np.ones((3, 2), "float32")
    y = np.asarray(jax.jit(ops.embedding)(table, np.array([-1, 0, 3, 2])))
    assert np.isnan(y).all(1).tolist() == [True, False, True, False]


def of_tokens(kind):
    if kind == "sequential":
        return cr.Sequential([layers.Embedding(5, 4), layers.Flatten(), layers.Dense(2)])
    if kind == "nested":
        return cr.Sequential([cr.Input((2,), dtype="int32"), of_tokens("sequential")])
    tokens = cr.Input((2,), dtype="int32")
    return cr.Model(tokens, layers.Dense(2)(layers.Flatten()(layers.Embedding(5, 4)(tokens))))


@pytest.mark.parametrize("kind", ["sequential", "graph", "nested"])
@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_wrong_tokens_are_found_in_the_data_before_anything_runs(engine, kind):
    if engine == "xla":
        pytest.importorskip("jax")
    model = of_tokens(kind)
    model.compile("sgd", "mse", engine=engine)
    y = np.zeros((4, 2))
    model.fit(np.ones((4, 2), int), y, verbose=0)
    weights = model.get_weights()
    x = np.array([[0, 1], [2, 7], [1, 1], [3, 4]])
    text = r"x, read by 'embedding.*', row 1, column 1: a token is outside the vocabulary"
    for run in (
        lambda: model.fit(x, y, verbose=0),
        lambda: model.evaluate(x, y, verbose=0),
        lambda: model.predict(x),
    ):
        with pytest.raises(DataError, match="^" + text):
            run()
    for a, b in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(DataError, match=text):  # a stream is looked at as it comes
        model.fit(((x[i : i + 1], y[i : i + 1]) for i in range(4)), verbose=0)


def test_padding_is_masked():
    layer = layers.Embedding(5, 2, mask_zero=True)
    assert layer.compute_mask(np.array([[0, 3]]), None).tolist() == [[False, True]]
    assert layers.Embedding(5, 2).compute_mask(np.array([[0, 3]]), None) is None


def test_first_values_of_a_table():
    table = np.arange(6.0).reshape(3, 2)
    layer = layers.Embedding(3, 2, weights=[table])
    np.testing.assert_array_equal(layer(np.array([2])), [[4.0, 5.0]])
    assert "weights" not in layer.get_config()


@pytest.mark.parametrize("n", [0, 1, 500])
def test_gradient_of_an_embedding_adds_up(n):
    """Against adding row by row."""
    ids = np.random.default_rng(n).integers(0, 7, size=(n, 2))
    d_y = np.random.default_rng(1).normal(size=(n, 2, 3))
    expected = np.zeros((7, 3))
    for i, row in zip(ids.reshape(-1), d_y.reshape(-1, 3), strict=True):
        expected[i] += row

    def gradient(table, d_y):
        return vjp(lambda t: ops.embedding(t, ids), table)[1](d_y)

    for found in engines(gradient, np.zeros((7, 3)), d_y):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_a_mask_of_two_axes_is_that_of_every_sample():
    """(T, S), as in Keras and PyTorch, also where batch = T; a mask of the keys has its own place."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4, 4, 3)).astype("float32")
    layer = cr.layers.MultiHeadAttention(1, 2)
    mask = np.tri(4, dtype=bool)
    every = np.broadcast_to(mask, (4, 4, 4))
    np.testing.assert_array_equal(
        layer(x, x, attention_mask=mask), layer(x, x, attention_mask=every)
    )
    with pytest.raises(ShapeError, match="the attention mask has the wrong shape") as caught:
        layer(x[:2], x[:2], attention_mask=mask[:2])
    assert caught.value.fix == "a mask of the keys, (batch, S), is value_mask"
    with pytest.raises(ShapeError, match="the attention mask has the wrong shape") as caught:
        layer(x[:2], x[:2], attention_mask=mask[:3])
    assert caught.value.fix is None


def test_nan_at_masked_places_is_as_documented():
    """Keras 3.15 and PyTorch 2.13 were asked: 0·NaN of a masked value is NaN in both."""
    x = np.ones((2, 4, 1, 3), "float32")
    holed = x.copy()
    holed[0, 3] = np.nan
    mask = np.ones((2, 1, 1, 4), bool)
    mask[0, ..., 3] = False
    y = cr.ops.dot_product_attention(x, x, holed, mask=mask)
    assert np.isnan(y[0]).all()
    np.testing.assert_allclose(y[1], 1, rtol=1e-6)
    np.testing.assert_allclose(cr.ops.dot_product_attention(x, holed, x, mask=mask), 1, rtol=1e-6)
