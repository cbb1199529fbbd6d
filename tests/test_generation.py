"""Generation: greedy, drawn, by beams; with a cache and without, on both engines."""

from __future__ import annotations

import itertools
import subprocess
import sys

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers
from chainrule.applications import CharTransformer
from chainrule.errors import ArgumentError, DataError, ShapeError
from chainrule.models import generate
from chainrule.models.generation import probabilities

ENGINES = ["numpy", "xla"]


def small(vocabulary=7, length=12, **options):
    """A character transformer with weights far from zero, so that its tokens differ."""
    cr.utils.set_random_seed(5)
    options = {"num_layers": 2, "num_heads": 2, "hidden_dim": 8} | options
    model = CharTransformer(vocabulary, length, **options)
    model.predict(np.zeros((1, 2), int), engine="numpy")
    rng = np.random.default_rng(6)
    model.set_weights([w if w.ndim < 2 else rng.normal(size=w.shape) for w in model.get_weights()])
    return model


@pytest.fixture(params=ENGINES)
def engine(request):
    if request.param == "xla":
        pytest.importorskip("jax")
    return request.param


# --- with the cache as without -------------------------------------------------------------------


@pytest.mark.parametrize("how", [{}, {"temperature": 1.3, "top_k": 5, "seed": 4}], ids=str)
def test_with_the_cache_token_for_token_as_without(engine, how):
    model = small()
    start = np.array([[1, 2, 3], [6, 0, 4]])
    cached = generate(model, start, max_new_tokens=9, use_cache=True, engine=engine, **how)
    plain = generate(model, start, max_new_tokens=9, use_cache=False, engine=engine, **how)
    np.testing.assert_array_equal(cached, plain)
    assert cached.shape == (2, 12)
    np.testing.assert_array_equal(cached[:, :3], start)
    assert len(np.unique(cached[:, 3:])) > 2  # no constant sequence, which would show nothing


def test_greedy_is_the_largest_logit_each_time(engine):
    model, tokens = small(), [1, 2]
    found = generate(model, tokens, max_new_tokens=6, engine=engine)
    for _ in range(6):
        tokens.append(int(model.predict(np.array([tokens]), engine="numpy")[0, -1].argmax()))
    assert found.tolist() == tokens
    assert found.dtype == np.int32


def test_the_logits_are_the_same_with_the_cache():
    """Closer than the tokens would show."""
    model = small()
    tokens = np.array([[1, 5, 3, 2, 6]])
    cache, found = model.make_cache(1, 8), []
    for i in range(5):
        y, cache = model.call_with_cache(tokens[:, i : i + 1], cache, np.array([i]))
        found.append(np.asarray(y))
    np.testing.assert_allclose(
        np.concatenate(found, 1), model.predict(tokens, engine="numpy"), rtol=1e-5, atol=1e-5
    )


def test_beyond_the_length_the_last_tokens_are_read(engine):
    model = small(length=6)
    found = generate(model, [1, 2, 3], max_new_tokens=8, engine=engine)
    tokens = [1, 2, 3]
    for _ in range(8):
        last = np.array([tokens[-6:]])
        tokens.append(int(model.predict(last, engine="numpy")[0, -1].argmax()))
    assert found.tolist() == tokens
    with pytest.raises(ArgumentError, match="the cache has no room for so many tokens"):
        generate(model, [1, 2, 3], max_new_tokens=8, use_cache=True)


# --- drawing -------------------------------------------------------------------------------------


def test_the_same_seed_draws_the_same_on_both_engines():
    pytest.importorskip("jax")
    model = small()
    runs = [
        generate(model, [1], max_new_tokens=11, seed=seed, engine=engine).tolist()
        for seed in (1, 2)
        for engine in ENGINES
    ]
    assert runs[0] == runs[1]
    assert runs[2] == runs[3]
    assert runs[0] != runs[2]


def test_probabilities_by_hand():
    p = np.array([[0.4, 0.1, 0.3, 0.2]])
    z = np.log(p)
    np.testing.assert_allclose(probabilities(z), p)
    squares = p**2 / (p**2).sum()
    np.testing.assert_allclose(probabilities(z, temperature=0.5), squares)
    np.testing.assert_allclose(probabilities(z, top_k=2), [[4 / 7, 0, 3 / 7, 0]])
    # .4 and .3 do not reach .75, with .2 they do
    np.testing.assert_allclose(probabilities(z, top_p=0.75), [[4 / 9, 0, 3 / 9, 2 / 9]])
    np.testing.assert_allclose(probabilities(z, top_p=0.7), [[4 / 7, 0, 3 / 7, 0]])
    np.testing.assert_allclose(probabilities(z, top_p=1e-9), [[1, 0, 0, 0]])
    np.testing.assert_allclose(probabilities(z, top_k=9, top_p=1.0), p)
    np.testing.assert_allclose(probabilities(np.zeros((1, 4)), top_k=1), [[1, 0, 0, 0]])


def test_tokens_are_drawn_as_often_as_they_are_probable():
    p = np.array([0.5, 0.3, 0.2])
    table = np.log(np.tile(p, (3, 1)))
    model = cr.Sequential([layers.Embedding(3, 3, weights=[table])])
    drawn = generate(model, np.zeros((4000, 1), int), max_new_tokens=1, seed=0, engine="numpy")[
        :, 1
    ]
    share = np.bincount(drawn, minlength=3) / 4000
    assert (np.abs(share - p) < 5 * np.sqrt(p * (1 - p) / 4000)).all()
    cold = generate(
        model, np.zeros((50, 1), int), max_new_tokens=3, temperature=0.0, engine="numpy"
    )
    assert not cold.any()


# --- beams ---------------------------------------------------------------------------------------


def log_p(model, tokens, start):
    """Σ ln p of what follows the beginning."""
    z = model.predict(np.array([tokens[:-1]]), engine="numpy")[0].astype("float64")
    z -= np.log(np.exp(z).sum(-1, keepdims=True))
    return sum(z[i - 1, tokens[i]] for i in range(start, len(tokens)))


@pytest.mark.parametrize("use_cache", [False, True])
def test_beam_search_finds_what_trying_everything_finds(engine, use_cache):
    """Three tokens, four steps: 3³ beams leave nothing out."""
    model = small(vocabulary=3)
    rest = itertools.product(range(3), repeat=4)
    best = max(([1, 2, *r] for r in rest), key=lambda t: log_p(model, t, 2))
    found = generate(
        model, [1, 2], max_new_tokens=4, num_beams=27, use_cache=use_cache, engine=engine
    )
    assert found.tolist() == best
    greedy = generate(model, [1, 2], max_new_tokens=4, engine=engine).tolist()
    assert greedy != best  # else the search would show nothing
    both = generate(model, [[1, 2], [0, 1]], max_new_tokens=4, num_beams=2, engine=engine)
    for row in both:
        alone = generate(model, row[:2], max_new_tokens=4, num_beams=2, engine=engine)
        np.testing.assert_array_equal(alone, row)


@pytest.mark.parametrize("penalty", [0.0, 1.0, 3.0])
def test_beams_that_end(penalty):
    """With a last token: every sequence that stops at it, and those that never do."""
    model = small(vocabulary=3)
    every = [
        [1, 2, *r]
        for n in range(1, 5)
        for r in itertools.product(range(3), repeat=n)
        if 0 not in r[:-1] and (r[-1] == 0 or n == 4)
    ]
    best = max(every, key=lambda t: log_p(model, t, 2) / (len(t) - 2) ** penalty)
    found = generate(
        model, [1, 2], max_new_tokens=4, num_beams=27, eos_token_id=0, length_penalty=penalty,
        engine="numpy",
    )  # fmt: skip
    assert found.tolist() == best


# --- the end, other models -----------------------------------------------------------------------


def after(vocabulary=5):
    """A model that says: after each number comes the next."""
    table = np.roll(np.eye(vocabulary), 1, axis=1) * 9
    return cr.Sequential([layers.Embedding(vocabulary, vocabulary, weights=[table])])


def test_what_has_ended_is_filled_up():
    found = generate(after(), [[2], [0]], max_new_tokens=9, eos_token_id=4, engine="numpy")
    assert found.tolist() == [[2, 3, 4, 4, 4], [0, 1, 2, 3, 4]]
    padded = generate(
        after(), [[2], [0]], max_new_tokens=9, eos_token_id=4, pad_token_id=1, engine="numpy"
    )
    assert padded.tolist() == [[2, 3, 4, 1, 1], [0, 1, 2, 3, 4]]
    assert generate(after(), [[2]], max_length=3).tolist() == [[2, 3, 4]]
    assert generate(after(), [[2, 3]], max_length=2).tolist() == [[2, 3]]


def test_models_with_an_input_of_fixed_length(engine):
    cr.utils.set_random_seed(1)
    tokens = cr.Input((4,), dtype="int32")
    x = layers.Embedding(5, 8, "random_normal")(tokens)
    x = layers.TransformerDecoder(8, 2)(x)
    model = cr.Model(tokens, layers.Dense(5)(x))
    found = generate(model, [1, 2], max_new_tokens=5, engine=engine)
    by_hand = [1, 2]
    for _ in range(5):
        last = by_hand[-4:]
        full = np.array([last + [0] * (4 - len(last))])
        by_hand.append(int(model.predict(full, engine="numpy")[0, len(last) - 1].argmax()))
    assert found.tolist() == by_hand


def test_models_that_say_one_token():
    table = np.eye(3)
    model = cr.Sequential(
        [
            cr.Input((2,), dtype="int32"),
            layers.Embedding(3, 3, weights=[table]),
            layers.Flatten(),
            layers.Dense(3, kernel_initializer="zeros", bias_initializer="zeros"),
        ]
    )
    kernel = np.concatenate([np.zeros((3, 3)), np.roll(np.eye(3), 1, axis=1)])
    model.layers[-1].set_weights([kernel, np.zeros(3)])
    assert generate(model, [0, 1], max_new_tokens=3, engine="numpy").tolist() == [0, 1, 2, 0, 1]
    with pytest.raises(ShapeError, match="expected: at least 2 tokens"):
        generate(model, [0], max_new_tokens=3)


# --- refused -------------------------------------------------------------------------------------


def test_a_model_that_looks_ahead_is_refused():
    cr.utils.set_random_seed(1)
    tokens = cr.Input((None,), dtype="int32")
    x = layers.Embedding(5, 8, "random_normal")(tokens)
    for block in (layers.TransformerEncoder(8, 2), layers.MultiHeadAttention(2, 4)):
        y = block(x) if isinstance(block, layers.TransformerEncoder) else block(x, x)
        model = cr.Model(tokens, layers.Dense(5)(y))
        with pytest.raises(ArgumentError, match="the model looks ahead"):
            generate(model, [1, 2, 3], max_new_tokens=2, engine="numpy")


@pytest.mark.parametrize(
    ("inputs", "how", "text"),
    [
        ([1], {}, "say how long"),
        ([1], {"max_length": 3, "max_new_tokens": 2}, "received: both"),
        ([1], {"max_new_tokens": -1}, "max_new_tokens is out of range"),
        ([1], {"max_new_tokens": 1, "temperature": -1.0}, "temperature is out of range"),
        ([1], {"max_new_tokens": 1, "top_k": 0}, "top_k is out of range"),
        ([1], {"max_new_tokens": 1, "top_p": 1.5}, "top_p is out of range"),
        ([1], {"max_new_tokens": 1, "num_beams": 2, "seed": 1}, "nothing is drawn"),
        ([1], {"max_new_tokens": 1, "do_sample": False, "top_k": 2}, "nothing is drawn"),
        ([1], {"max_new_tokens": 1, "use_cache": True}, "keeps no keys and values"),
        ([], {"max_new_tokens": 1}, "at least one token"),
        ([[1, 2], [3]], {"max_new_tokens": 1}, "several of one length"),
        ([0.5], {"max_new_tokens": 1}, "whole numbers"),
        ([9], {"max_new_tokens": 1}, "a token is outside the vocabulary"),
    ],
)
def test_refused(inputs, how, text):
    with pytest.raises((ArgumentError, ShapeError, DataError), match=text):
        generate(after(), inputs, **how)


# --- the character transformer -------------------------------------------------------------------


def test_arguments_of_the_character_transformer():
    with pytest.raises(ArgumentError, match="hidden_dim a multiple of num_heads"):
        CharTransformer(5, 8, num_heads=3, hidden_dim=8)
    with pytest.raises(ArgumentError, match="num_layers is out of range"):
        CharTransformer(5, 8, num_layers=0)
    with pytest.raises(DataError, match="x, read by 'tokens', row 0, column 1"):
        small().predict(np.array([[1, 7]]))
    with pytest.raises(ShapeError, match="at most 12 positions"):
        small().predict(np.zeros((1, 13), int))


def test_tied_weights_are_one_table():
    model, other = small(tie_weights=True), small()
    assert other.count_params() - model.count_params() == 7 * 8 + 7
    y = model.predict(np.array([[1, 2]]), engine="numpy")
    assert y.shape == (1, 2, 7)


@pytest.mark.parametrize("tie_weights", [False, True])
def test_saved_and_loaded(tmp_path, tie_weights):
    model = small(tie_weights=tie_weights, dropout=0.1)
    model.compile("adam", cr.losses.SparseCategoricalCrossentropy(from_logits=True))
    x = np.array([[1, 2, 3, 4]])
    model.fit(x, np.array([[2, 3, 4, 5]]), verbose=0, engine="numpy")
    again = cr.load_model(model.save(tmp_path / "model"))
    assert type(again) is CharTransformer
    np.testing.assert_array_equal(
        again.predict(x, engine="numpy"), model.predict(x, engine="numpy")
    )
    assert again.get_config() == model.get_config()
    same = {"max_new_tokens": 4, "engine": "numpy"}
    np.testing.assert_array_equal(generate(again, x, **same), generate(model, x, **same))


def test_it_is_loaded_where_nobody_asked_for_architectures(tmp_path):
    """In a new process: the file names a class whose module is loaded late."""
    path = small(num_layers=1).save(tmp_path / "model")
    code = f"import chainrule as cr; print(type(cr.load_model({str(path)!r})).__name__)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "CharTransformer"


def test_it_learns_a_sequence_on_both_engines_equally():
    """Counting in a circle of five, begun anywhere; what it writes then goes on counting."""
    pytest.importorskip("jax")
    x = (np.arange(8) + np.arange(20)[:, None]) % 5
    y = (x + 1) % 5
    histories, models = [], []
    for engine in ENGINES:
        cr.utils.set_random_seed(2)
        model = CharTransformer(5, 8, num_layers=1, num_heads=2, hidden_dim=16)
        model.compile(
            cr.optimizers.Adam(0.02), cr.losses.SparseCategoricalCrossentropy(from_logits=True)
        )
        fit = model.fit(x, y, batch_size=10, epochs=15, verbose=0, engine=engine)
        histories.append(fit.history["loss"])
        models.append(model)
    np.testing.assert_allclose(histories[1], histories[0], rtol=2e-2, atol=2e-4)
    assert histories[0][0] > 1.0
    for model, engine in zip(models, ENGINES, strict=True):
        assert model.history.history["loss"][-1] < 0.1
        found = generate(model, [3, 4], max_new_tokens=6, engine=engine)
        assert found.tolist() == [3, 4, 0, 1, 2, 3, 4, 0]


def test_a_changed_model_generates_anew(engine):
    """The program that runs with the cache is kept with the model, until the model changes."""
    cr.utils.set_random_seed(0)
    model = CharTransformer(6, 8, 1, 1, 8)
    how = {"max_new_tokens": 5, "engine": engine}
    before = generate(model, [1, 2], **how)
    model.head.activation = cr.ops.negative  # the most probable token is now the least
    after = generate(model, [1, 2], **how)
    np.testing.assert_array_equal(after, generate(model, [1, 2], use_cache=False, **how))
    assert (after != before).any()
