"""Blocks of a transformer, positions, the cache of keys and values."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers
from chainrule.errors import ShapeError

X = np.random.default_rng(0).normal(size=(2, 5, 8))
E = np.random.default_rng(1).normal(size=(2, 4, 6))


def make(name, **options):
    cr.utils.set_random_seed(2)
    options = {"intermediate_dim": 6, "num_heads": 2, "dtype": "float64"} | options
    return getattr(layers, name)(**options)


def drawn(layer):
    """Weights that are no zeros and ones."""
    rng = np.random.default_rng(4)
    layer.set_weights([rng.normal(size=w.shape) * 0.5 for w in layer.get_weights()])
    return layer


# --- the blocks, computed from their parts in the order of the paper -----------------------------


def norm(x, layer):
    scale, shift = (w.astype("float64") for w in layer.get_weights())
    mean, var = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) / np.sqrt(var + layer.epsilon) * scale + shift


def heads(x, kernel, bias):
    return np.einsum("btd,dnh->bnth", x, kernel) + bias[:, None]


def look(x, seen, layer, allowed):
    w = layer.get_weights()
    q, k, v = heads(x, *w[:2]), heads(seen, *w[2:4]), heads(seen, *w[4:6])
    scores = np.where(allowed, q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1]), -np.inf)
    e = np.exp(scores - scores.max(-1, keepdims=True))
    y = e / e.sum(-1, keepdims=True) @ v
    return np.einsum("bnth,nhd->btd", y, w[6]) + w[7]


def network(x, block):
    (w1, b1), (w2, b2) = block.intermediate.get_weights(), block.output_dense.get_weights()
    return np.maximum(x @ w1 + b1, 0) @ w2 + b2


def by_hand(block, x, encoded=None, allowed=True):
    parts = [(block.attention_norm, lambda z: look(z, z, block.attention, allowed))]
    if encoded is not None:
        across = block.cross_attention
        parts.append((block.cross_attention_norm, lambda z: look(z, encoded, across, True)))
    parts.append((block.feedforward_norm, lambda z: network(z, block)))
    for layer, compute in parts:
        if block.normalize_first:
            x = x + compute(norm(x, layer))
        else:
            x = norm(x + compute(x), layer)
    return x


@pytest.mark.parametrize("first", [False, True], ids=["post-norm", "pre-norm"])
def test_encoder_by_hand(first):
    block = make("TransformerEncoder", normalize_first=first)
    block(X)
    drawn(block)
    np.testing.assert_allclose(block(X), by_hand(block, X), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("first", [False, True], ids=["post-norm", "pre-norm"])
@pytest.mark.parametrize("across", [False, True], ids=["alone", "cross-attention"])
def test_decoder_by_hand(first, across):
    block = make("TransformerDecoder", normalize_first=first)
    given = (X, E) if across else (X,)
    block(*given)
    drawn(block)
    expected = by_hand(block, *given, allowed=np.tri(5) > 0)
    np.testing.assert_allclose(block(*given), expected, rtol=1e-9, atol=1e-9)


# --- what may be seen ----------------------------------------------------------------------------


def test_a_decoder_does_not_see_the_future():
    block = make("TransformerDecoder", normalize_first=True)
    y = block(X)
    for t in range(1, 5):
        other = X.copy()
        other[:, t:] = 3.0
        np.testing.assert_array_equal(block(other)[:, :t], y[:, :t])
    assert np.abs(block(other, use_causal_mask=False) - block(other)).max() > 1e-3


@pytest.mark.parametrize("name", ["TransformerEncoder", "TransformerDecoder"])
def test_padding_changes_nothing(name):
    block = make(name)
    y = block(X[:, :3])
    padded = X.copy()
    padded[:, 3:] = 7.0
    mask = np.tile(np.arange(5) < 3, (2, 1))
    word = "padding_mask" if name == "TransformerEncoder" else "decoder_padding_mask"
    np.testing.assert_allclose(block(padded, **{word: mask})[:, :3], y, rtol=0, atol=1e-12)
    np.testing.assert_allclose(block(padded, mask=mask)[:, :3], y, rtol=0, atol=1e-12)
    wide = {"use_causal_mask": False} if name == "TransformerDecoder" else {}
    y = block(X[:, :3], **wide)
    np.testing.assert_allclose(block(padded, mask=mask, **wide)[:, :3], y, rtol=0, atol=1e-12)
    with pytest.raises(ShapeError, match=f"{word} has the wrong shape"):
        block(padded, **{word: mask[:, :4]})


@pytest.mark.parametrize("name", ["TransformerEncoder", "TransformerDecoder"])
def test_padding_of_tokens_travels_through_blocks(name):
    cr.utils.set_random_seed(2)
    tokens = cr.Input((None,), dtype="int32")
    x = layers.Embedding(9, 8, mask_zero=True)(tokens)
    for _ in range(2):
        wide = {"use_causal_mask": False} if name == "TransformerDecoder" else {}
        x = getattr(layers, name)(6, 2, normalize_first=True)(x, **wide)
    model = cr.Model(tokens, layers.LayerNormalization()(x))
    short, long = model.predict(np.array([[3, 1, 2]])), model.predict(np.array([[3, 1, 2, 0, 0]]))
    np.testing.assert_allclose(long[:, :3], short, rtol=0, atol=1e-6)


def test_padding_of_the_encoded_sequence_changes_nothing():
    block = make("TransformerDecoder")
    y = block(X, E[:, :3])
    mask = np.tile(np.arange(4) < 3, (2, 1))
    np.testing.assert_allclose(block(X, E, encoder_padding_mask=mask), y, rtol=0, atol=1e-12)


def test_scores_of_an_encoder():
    y, scores = make("TransformerEncoder")(X, return_attention_scores=True)
    assert scores.shape == (2, 2, 5, 5)
    np.testing.assert_allclose(y, make("TransformerEncoder")(X), rtol=0, atol=1e-12)
    x = cr.Input((5, 8))
    y, scores = make("TransformerEncoder")(x, return_attention_scores=True)
    assert scores.shape == (None, 2, 5, 5)


def test_a_block_is_built_for_one_sequence_or_two():
    block = make("TransformerDecoder")
    block(X)
    with pytest.raises(ShapeError, match="built for a decoder's sequence alone"):
        block(X, E)
    with pytest.raises(ShapeError, match="features a multiple of num_heads=3"):
        make("TransformerDecoder", num_heads=3)(X)


# --- the cache -----------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["numpy", "xla"])
@pytest.mark.parametrize("pieces", [(1, 1, 1, 1, 1), (3, 2), (2, 1, 2)], ids=str)
def test_with_a_cache_as_without(engine, pieces):
    block = make("TransformerDecoder", normalize_first=True)
    expected = block(X)

    def piece(x, cache, index):
        return block(x, self_attention_cache=cache, self_attention_cache_update_index=index)

    if engine == "xla":
        jax = pytest.importorskip("jax")
        piece, scope = jax.jit(piece), jax.enable_x64(True)
    else:
        import contextlib

        scope = contextlib.nullcontext()
    cache, at, found = np.zeros((2, 2, 6, 2, 4)), 0, []
    with scope:
        for n in pieces:
            y, cache = piece(X[:, at : at + n], cache, np.int32(at))
            found.append(np.asarray(y))
            at += n
    np.testing.assert_allclose(np.concatenate(found, 1), expected, rtol=1e-12, atol=1e-12)


def test_the_cache_of_cross_attention():
    block = make("TransformerDecoder")
    expected = block(X, E)
    own, other = np.zeros((2, 2, 5, 2, 4)), np.zeros((2, 2, 4, 2, 4))
    first, own, other = block(
        X[:, :2], E, self_attention_cache=own, self_attention_cache_update_index=0,
        cross_attention_cache=other, cross_attention_cache_update_index=0,
    )  # fmt: skip
    rest, own, _ = block(
        X[:, 2:], E * 0, self_attention_cache=own, self_attention_cache_update_index=2,
        cross_attention_cache=other,
    )  # fmt: skip
    np.testing.assert_allclose(np.concatenate([first, rest], 1), expected, rtol=1e-12, atol=1e-12)


def test_a_cache_that_does_not_fit():
    block = make("TransformerDecoder")
    block(X)
    with pytest.raises(ShapeError, match="the cache does not fit"):
        block(X, self_attention_cache=np.zeros((2, 2, 5, 2, 3)))


# --- positions -----------------------------------------------------------------------------------


def test_rotary_products_depend_on_the_distance_alone():
    layer = layers.RotaryEmbedding(dtype="float64")
    rng = np.random.default_rng(0)
    q, k = (np.tile(rng.normal(size=(1, 1, 1, 6)), (1, 9, 1, 1)) for _ in range(2))
    scores = np.einsum("btnh,bsnh->ts", layer(q), layer(k))
    for d in range(-8, 9):
        line = np.diagonal(scores, d)
        np.testing.assert_allclose(line, line[0], rtol=1e-12)
    moved = np.einsum("btnh,bsnh->ts", layer(q, start_index=5), layer(k, start_index=5))
    np.testing.assert_allclose(moved, scores, rtol=1e-12)
    np.testing.assert_allclose(layer(q, start_index=5)[:, :4], layer(q)[:, 5:], rtol=1e-12)


def test_rotary_by_complex_numbers():
    """a + ib times e^(iφ)."""
    x = np.random.default_rng(0).normal(size=(2, 7, 6))
    y = layers.RotaryEmbedding(max_wavelength=100, scaling_factor=2.0, dtype="float64")(x)
    phi = np.arange(7)[:, None] / 2.0 / 100 ** (2 * np.arange(3) / 6)
    turned = (x[..., :3] + 1j * x[..., 3:]) * np.exp(1j * phi)
    np.testing.assert_allclose(y, np.concatenate([turned.real, turned.imag], -1), rtol=1e-12)


def test_rotary_on_other_axes():
    x = np.random.default_rng(0).normal(size=(2, 7, 6))
    y = layers.RotaryEmbedding(dtype="float64")(x)
    turned = layers.RotaryEmbedding(sequence_axis=2, feature_axis=1, dtype="float64")(
        x.swapaxes(1, 2)
    )
    np.testing.assert_allclose(turned.swapaxes(1, 2), y, rtol=1e-12)
    with pytest.raises(ShapeError, match="even number of features"):
        layers.RotaryEmbedding()(np.zeros((1, 2, 3)))


@pytest.mark.parametrize("name", ["PositionEmbedding", "SinePositionEncoding", "RotaryEmbedding"])
@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_positions_from_a_number_that_is_known_only_when_it_runs(name, engine):
    layer = getattr(layers, name)(*([9] if name == "PositionEmbedding" else []))
    x = X.astype("float32")
    expected = layer(x, start_index=3)
    run = layer
    if engine == "xla":
        jax = pytest.importorskip("jax")
        run = jax.jit(lambda x, start: layer(x, start_index=start))
        np.testing.assert_allclose(run(x, np.int32(3)), expected, rtol=1e-5, atol=1e-5)
    at = np.array([3, 4, 5, 6, 7])
    np.testing.assert_allclose(layer(x, positions=at), expected, rtol=1e-6, atol=1e-6)


def test_more_positions_than_there_are():
    with pytest.raises(ShapeError, match="at most 4 positions"):
        layers.PositionEmbedding(4)(X)
    layer = layers.PositionEmbedding(6)
    layer(X)
    with pytest.raises(ShapeError, match="positions 2 to 6"):
        layer(X, start_index=2)
