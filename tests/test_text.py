"""Texts: TextVectorization against Keras's ids, in models and files; pad_sequences and its like.

    python tests/test_text.py

asks Keras again and writes `files/text_keras.json`.
"""

from __future__ import annotations

import copy
import importlib.util
import json
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chainrule as cr
from chainrule import layers, utils
from chainrule.errors import ArgumentError, ChainruleError, DataError, ShapeError, StateError

RECORD = Path(__file__).parent / "files" / "text_keras.json"
SEEN = ["The cat sat. The end!", "A dog sat on the cat?", "", "dogs, CATS and it's"]
NEW = ["the cat's dog", "end of THE dog the dog", "zebra", ""]
CASES = {
    "plain": {},
    "six tokens": {"max_tokens": 6, "output_sequence_length": 4},
    "characters": {"split": "character", "standardize": "lower"},
    "as it is": {"standardize": None},
    "no punctuation": {"standardize": "strip_punctuation"},
    "whole texts": {"split": None},
    "bigrams too": {"ngrams": 2},
    "bigrams alone": {"ngrams": (2,)},
    "multi-hot": {"output_mode": "multi_hot"},
    "count": {"output_mode": "count", "max_tokens": 5},
    "tf-idf": {"output_mode": "tf_idf"},
    "wide": {"output_mode": "count", "max_tokens": 30, "pad_to_max_tokens": True},
    "given": {"vocabulary": ["dog", "cats", "the"], "split": "whitespace"},
    "given with weights": {
        "vocabulary": ["[UNK]", "dog", "the"],
        "idf_weights": [0.1, 2.0, 3.0],
        "output_mode": "tf_idf",
    },
}


def run(home, case):
    layer = home.TextVectorization(**CASES[case])
    if "vocabulary" not in CASES[case]:
        layer.adapt(np.array(SEEN))
    return [*map(str, layer.get_vocabulary())], np.asarray(layer(np.array(NEW))).tolist()


@pytest.mark.filterwarnings("ignore")  # of Keras
@pytest.mark.parametrize("case", CASES)
def test_same_words_same_ids_as_keras(case):
    theirs = json.loads(RECORD.read_text(encoding="utf-8"))[case]
    ours = run(layers, case)
    assert ours[0] == theirs[0]
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-6)


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(st.lists(st.text("ab ,.!Z\u05d0", max_size=12), min_size=1, max_size=6))
def test_ids_and_counts_are_those_of_plain_loops(texts):
    layer = layers.TextVectorization(vocabulary=["a", "ab", "z\u05d0"], output_sequence_length=4)
    known = ["", "[UNK]", "a", "ab", "z\u05d0"]
    rows = []
    for text in texts:
        words = "".join(c for c in text.lower() if c not in ",.!").split()
        rows.append(([known.index(w) if w in known else 1 for w in words] + [0] * 4)[:4])
    np.testing.assert_array_equal(layer(texts), rows)
    assert layer(texts).dtype == "int32"


# --- how texts come -------------------------------------------------------------------------------


def test_every_way_of_giving_texts_is_the_same():
    layer = layers.TextVectorization(vocabulary=["cat", "dog"])
    expected = [[2, 0], [3, 2]]
    texts = ["cat", "Dog cat"]
    for given_ in (
        texts,
        tuple(texts),
        [[t] for t in texts],
        np.array(texts),
        np.array(texts)[:, None],
        np.array(texts, object),
        [t.encode() for t in texts],
        np.array([t.encode() for t in texts]),
        [np.str_(t) for t in texts],
    ):
        np.testing.assert_array_equal(layer(given_), expected)
    np.testing.assert_array_equal(layer("dog"), [3])
    latin = layers.TextVectorization(vocabulary=["\u00e9t\u00e9"], encoding="latin-1")
    assert latin(["\u00c9t\u00e9".encode("latin-1")]) == 2


def test_texts_in_batches():
    layer = layers.TextVectorization(standardize=None)
    layer.adapt(iter([["a b", "a"], np.array(["a c c"]), ["never looked at"]]), steps=2)
    assert layer.get_vocabulary() == ["", "[UNK]", "a", "c", "b"]
    layer.adapt(["x"])  # what was known is forgotten
    assert layer.get_vocabulary(include_special_tokens=False) == ["x"]
    assert layer.vocabulary_size() == 3


def test_functions_of_the_user():
    layer = layers.TextVectorization(
        standardize=lambda text: text.replace("-", ""), split=lambda text: text.split(",")
    )
    layer.adapt(["a-b,c", "c,,c"])
    assert layer.get_vocabulary() == ["", "[UNK]", "c", "ab"]
    np.testing.assert_array_equal(layer(["c,,d"]), [[2, 0, 1]])  # an empty token is padding
    with pytest.raises(ArgumentError, match="'standardize' cannot be written to a file"):
        layer.get_config()


def test_an_unknown_token_counts_as_much_as_the_average():
    given_ = {"vocabulary": ["dog", "cat"], "idf_weights": [2.0, 5.0], "output_mode": "tf_idf"}
    layer = layers.TextVectorization(**given_)
    np.testing.assert_array_equal(layer(["dog bird bird"]), [[7.0, 2.0, 0.0]])
    again = layers.TextVectorization.from_config(layer.get_config())
    np.testing.assert_array_equal(again(["dog bird bird"]), [[7.0, 2.0, 0.0]])


def test_special_tokens_in_a_text_are_what_they_say():
    layer = layers.TextVectorization(standardize=None)
    layer.adapt(["[UNK] a"])
    assert layer.get_vocabulary() == ["", "[UNK]", "a"]
    np.testing.assert_array_equal(layer(["[UNK] a"]), [[1, 2]])


def test_a_vocabulary_in_a_file(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("dog\ncat\n\u05d7\u05ea\u05d5\u05dc\n", encoding="utf-8")
    for given_ in (path, str(path)):
        layer = layers.TextVectorization(vocabulary=given_)
        assert layer.get_vocabulary(False) == ["dog", "cat", "\u05d7\u05ea\u05d5\u05dc"]


def test_a_copy_knows_the_same():
    layer = layers.TextVectorization(vocabulary=["dog", "cat"], ngrams=(1, 2))
    for again in (
        layers.TextVectorization.from_config(json.loads(json.dumps(layer.get_config()))),
        layers.deserialize(layers.serialize(layer)),
        copy.deepcopy(layer),
        pickle.loads(pickle.dumps(layer)),  # noqa: S301
    ):
        assert again.get_vocabulary() == layer.get_vocabulary()
        np.testing.assert_array_equal(again(["dog cat x"]), layer(["dog cat x"]))
        again.set_vocabulary(["other"])
        assert layer.get_vocabulary(False) == ["dog", "cat"]


# --- in models ------------------------------------------------------------------------------------

TEXTS = ["good film", "bad film", "a good one", "bad bad bad", "good", "so bad", "good good", "bad"]
LABELS = np.array([1, 0, 1, 0, 1, 0, 1, 0])


def model_of_texts(mode="multi_hot"):
    cr.utils.set_random_seed(3)
    length = 4 if mode == "int" else None
    layer = layers.TextVectorization(output_mode=mode, output_sequence_length=length)
    layer.adapt(TEXTS)
    model = cr.Sequential([layer, layers.Dense(1, "sigmoid")])
    model.compile(cr.optimizers.Adam(0.1), "binary_crossentropy", metrics=["accuracy"])
    model.predict(TEXTS)  # builds it
    return model


def engine_of(name):
    if name == "xla":
        pytest.importorskip("jax")
    return {"engine": name, "verbose": 0}


@pytest.mark.parametrize("engine", ["numpy", "xla"])
@pytest.mark.parametrize("mode", ["int", "multi_hot", "count", "tf_idf"])
def test_a_sequential_takes_texts(engine, mode, tmp_path):
    """As if the texts had been made numbers before, on each of the model's doors."""
    how = engine_of(engine)
    model, plain = model_of_texts(mode), model_of_texts(mode)
    x = plain.layers[0](TEXTS)
    h = model.fit(TEXTS, LABELS, epochs=4, validation_data=(TEXTS[:3], LABELS[:3]), **how)
    g = plain.fit(x, LABELS, epochs=4, validation_data=(x[:3], LABELS[:3]), **how)
    assert h.history == g.history
    assert model.evaluate(np.array(TEXTS), LABELS, **how) == plain.evaluate(x, LABELS, **how)
    p = plain.predict(x, engine=engine)
    for texts in (TEXTS, np.array(TEXTS), np.array(TEXTS)[:, None]):
        np.testing.assert_array_equal(model.predict(texts, engine=engine), p)
    np.testing.assert_allclose(model(TEXTS), p, rtol=1e-5)
    assert model.train_on_batch(TEXTS, LABELS, engine=engine) == plain.train_on_batch(
        x, LABELS, engine=engine
    )
    again = cr.load_model(model.save(tmp_path / "model"))
    assert again.layers[0].get_vocabulary() == model.layers[0].get_vocabulary()
    np.testing.assert_array_equal(
        again.predict(TEXTS, engine=engine), model.predict(TEXTS, engine=engine)
    )


def test_it_learns_which_words_matter():
    model = model_of_texts()
    model.fit(TEXTS, LABELS, epochs=60, verbose=0, engine="numpy")
    assert model.evaluate(TEXTS, LABELS, verbose=0)[1] == 1.0
    assert (model.predict(["good", "bad"])[:, 0] > 0.5).tolist() == [True, False]


def test_texts_prepared_batch_by_batch():
    """The way of data pipelines: the layer stands outside, and gives rows of one length."""
    model = model_of_texts("int")
    layer, inner = model.layers
    rest = cr.Sequential([inner])
    rest.compile("sgd", "mse")
    batches = [(layer(TEXTS[i : i + 4]), LABELS[i : i + 4]) for i in (0, 4)]
    rest.fit(iter(batches), epochs=1, steps_per_epoch=2, verbose=0, engine="numpy")


def test_a_model_of_models_takes_texts():
    inner = model_of_texts()
    outer = cr.Sequential([inner, layers.Dense(2)])
    assert outer.predict(TEXTS).shape == (8, 2)


def test_a_large_vocabulary_in_other_letters_is_saved(tmp_path):
    """Sixty thousand words, which no header of a megabyte would hold."""
    words = [f"\u05de\u05d9\u05dc\u05d4{k:05d}" for k in range(60_000)]
    layer = layers.TextVectorization(vocabulary=words, output_sequence_length=2)
    model = cr.Sequential([layer, layers.Dense(1)])
    model.predict(words[:2])
    again = cr.load_model(model.save(tmp_path / "model"))
    assert again.layers[0].get_vocabulary(False) == words


# --- refused --------------------------------------------------------------------------------------


def vectorizer(**kwargs):
    layer = layers.TextVectorization(**kwargs)
    layer.adapt(["a b"])
    return layer


ERRORS = {
    "there is no vocabulary yet\n  fix: call layer.adapt(texts) first, or give vocabulary=": (
        StateError,
        lambda: layers.TextVectorization()(["a"]),
    ),
    "texts do not enter a graph of layers: its values are numbers\n  fix: call the layer on the "
    "texts and give the model what it returns; or make it the first layer of a Sequential, without "
    "an Input, which then takes texts": (StateError, lambda: vectorizer()(cr.Input((1,)))),
    "row 1: this is no text\n  expected: a text, or a list or column of texts\n  received: None\n"
    "  fix: fill or drop what is missing": (DataError, lambda: vectorizer()(["a", None])),
    "row 0: this is no text\n  expected: a text, or a list or column of texts\n  received: 3\n"
    "  fix: fill or drop what is missing": (DataError, lambda: vectorizer()([3])),
    "this is no text\n  expected: a text, or a list or column of texts\n  received: 3": (
        DataError,
        lambda: vectorizer()(3),
    ),
    "there are no texts\n  received: an empty list": (DataError, lambda: vectorizer()([])),
    "there is no token in any of these texts\n  received: 2 texts\n  fix: leave empty texts out, "
    "or give output_sequence_length=: they become padding": (
        DataError,
        lambda: vectorizer()(["", "!?"]),
    ),
    "adapt: there is no token in the data to learn a vocabulary from\n  expected: texts with at "
    "least one token\n  received: 2 texts": (
        DataError,
        lambda: layers.TextVectorization().adapt(["", " "]),
    ),
    "adapt: there is no token in the data to learn a vocabulary from\n  expected: texts with at "
    "least one token\n  received: 0 texts": (
        DataError,
        lambda: layers.TextVectorization().adapt([]),
    ),
    "vocabulary: these tokens make no vocabulary\n  expected: one token or more, each once\n"
    "  received: 'a' twice": (
        ArgumentError,
        lambda: layers.TextVectorization(vocabulary=["a", "b", "a"]),
    ),
    "vocabulary: these tokens make no vocabulary\n  expected: one token or more, each once, at "
    "most 1 of them\n  received: 2 tokens": (
        ArgumentError,
        lambda: layers.TextVectorization(3, vocabulary=["a", "b"]),
    ),
    "vocabulary: this cannot be a token here\n  expected: texts; ['', '[UNK]'] only at the "
    "beginning, in this order\n  received: '[UNK]' at place 1": (
        ArgumentError,
        lambda: layers.TextVectorization(vocabulary=["a", "[UNK]"]),
    ),
    "vocabulary: idf_weights do not fit\n  expected: 1 numbers\n  received: none\n  fix: they "
    "belong to output_mode='tf_idf', one for each token": (
        ArgumentError,
        lambda: layers.TextVectorization(output_mode="tf_idf", vocabulary=["a"]),
    ),
    "output_mode has an unknown value\n  expected: one of 'int', 'multi_hot', 'count', 'tf_idf'\n"
    "  received: 'ints'\n  fix: did you mean 'int'?": (
        ArgumentError,
        lambda: layers.TextVectorization(output_mode="ints"),
    ),
    "ragged makes no sense here\n  expected: False: the result is a plain array\n"
    "  received: True": (ArgumentError, lambda: layers.TextVectorization(ragged=True)),
    "max_tokens makes no sense here\n  expected: a whole number of at least 3\n  received: 2": (
        ArgumentError,
        lambda: layers.TextVectorization(2),
    ),
    "ngrams makes no sense here\n  expected: a whole number of at least 1, or several\n"
    "  received: 0": (ArgumentError, lambda: layers.TextVectorization(ngrams=0)),
    "output_sequence_length makes no sense here\n  expected: a whole number of at least 1, with "
    "output_mode='int'\n  received: 4": (
        ArgumentError,
        lambda: layers.TextVectorization(output_mode="count", output_sequence_length=4),
    ),
    "Input: strings do not enter a network\n  expected: a type of numbers\n  received: "
    "dtype='string'\n  fix: leave the Input out: a Sequential whose first layer is a "
    "TextVectorization takes texts": (ArgumentError, lambda: cr.Input((1,), dtype="string")),
    "a text is not in utf-8: invalid start byte": (DataError, lambda: vectorizer()([b"\xff"])),
}


@pytest.mark.parametrize("text", ERRORS, ids=lambda text: text[:50])
def test_error_text(text):
    kind, make = ERRORS[text]
    with pytest.raises(ChainruleError, match=re.escape(text)) as caught:
        make()
    assert type(caught.value) is kind


def test_texts_come_first():
    with pytest.raises(ArgumentError, match="texts become numbers before everything else"):
        cr.Sequential([layers.Dense(2), layers.TextVectorization()])
    with pytest.raises(DataError, match="row 1: this is no text"):
        model_of_texts().predict(["good", 3.0])


# --- sequences of one length ----------------------------------------------------------------------

SEQUENCES = [[1], [2, 3], [4, 5, 6], []]


@pytest.mark.parametrize("padding", ["pre", "post"])
@pytest.mark.parametrize("truncating", ["pre", "post"])
@pytest.mark.parametrize("maxlen", [None, 1, 2, 5])
def test_pad_sequences_by_plain_loops(padding, truncating, maxlen):
    length = maxlen or 3
    rows = []
    for s in SEQUENCES:
        kept = s[len(s) - min(length, len(s)) :] if truncating == "pre" else s[:length]
        fill = [9] * (length - len(kept))
        rows.append(fill + kept if padding == "pre" else kept + fill)
    how = {"padding": padding, "truncating": truncating, "value": 9}
    found = utils.pad_sequences(SEQUENCES, maxlen, **how)
    np.testing.assert_array_equal(found, rows)
    assert found.dtype == "int32"
    if importlib.util.find_spec("keras"):
        import keras

        np.testing.assert_array_equal(
            found, keras.utils.pad_sequences(SEQUENCES, maxlen=maxlen, **how)
        )


def test_pad_sequences_of_vectors():
    found = utils.pad_sequences([np.ones((1, 2)), [[3, 4], [5, 6]]], dtype="float32", value=-1.0)
    np.testing.assert_array_equal(found, [[[-1, -1], [1, 1]], [[3, 4], [5, 6]]])
    assert found.dtype == "float32"
    assert utils.pad_sequences([]).shape == (0, 0)


@pytest.mark.parametrize(
    ("text", "make"),
    [
        ("sequence 1: this is no sequence", lambda: utils.pad_sequences([[1], 2])),
        ("sequence 1: the steps have another shape", lambda: utils.pad_sequences([[1], [[2]]])),
        ("sequences must be a list", lambda: utils.pad_sequences(3)),
        ("padding has an unknown value", lambda: utils.pad_sequences([[1]], padding="before")),
        ("maxlen must be a whole number", lambda: utils.pad_sequences([[1]], maxlen=0)),
        ("sequence 0 holds something that is not a number", lambda: utils.pad_sequences(["ab"])),
    ],
)
def test_pad_sequences_refuses(text, make):
    with pytest.raises((DataError, ArgumentError, ShapeError), match=text):
        make()


@pytest.mark.parametrize("order", [1, 2, 3, np.inf])
def test_normalize_by_the_formula(order):
    x = np.array([[3.0, -4.0, 1.0], [0.0, 0.0, 0.0]])
    norm = np.abs(x[0]).max() if order == np.inf else (np.abs(x[0]) ** order).sum() ** (1 / order)
    np.testing.assert_allclose(utils.normalize(x, order=order), [x[0] / norm, x[1]], rtol=1e-14)
    np.testing.assert_allclose(utils.normalize(x, axis=0, order=order)[0], np.sign(x[0]))
    assert utils.normalize(np.ones((2, 2), "float32")).dtype == "float32"


if __name__ == "__main__":
    import os

    os.environ.setdefault("KERAS_BACKEND", "jax")
    from keras import layers as theirs

    said = {case: run(theirs, case) for case in CASES}
    lines = [f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in said.items()]
    RECORD.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
