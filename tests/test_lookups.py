"""Keras's layers for raw columns: lookups, bins, hashes, FeatureSpace; against what Keras says.

    python tests/test_lookups.py

asks Keras again and writes `files/lookups_keras.json`.
"""

from __future__ import annotations

import copy
import json
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers
from chainrule.errors import ArgumentError, ChainruleError, DataError, StateError
from chainrule.layers.host import hashes

RECORD = Path(__file__).parent / "files" / "lookups_keras.json"
WORDS = [["b", "a"], ["c", "b"], ["b", "é"], ["d", "a"]]
NEW = [["a", "zz"], ["b", "b"], ["", "é"], ["yy", "c"]]
NUMBERS = [[7, 3], [9, 7], [7, -2], [4, 3]]
OTHERS = [[3, 11], [7, 7], [0, -2], [12, 9]]
SPREAD = np.random.default_rng(4).normal(size=(300, 2)).round(3)
FLOATS = [[-0.7, 0.2], [0.2, 5.0], [-5.0, 0.0], [1.0, 0.5]]
LOOKUP = {
    "plain": {},
    "few": {"max_tokens": 4},
    "mask": {"mask_token": "b"},
    "several unknown": {"num_oov_indices": 3},
    "all known": {"num_oov_indices": 0, "vocabulary": ["a", "zz", "b", "", "é", "yy", "c"]},
    "salted": {"num_oov_indices": 5, "salt": [11, 12], "vocabulary": ["a"]},
    "given": {"vocabulary": ["c", "a"]},
    "given with what is special": {"mask_token": "", "vocabulary": ["", "[UNK]", "b"]},
    "one-hot": {"output_mode": "one_hot"},
    "multi-hot": {"output_mode": "multi_hot"},
    "masked counts": {"output_mode": "count", "mask_token": "b"},
    "wide": {"output_mode": "count", "max_tokens": 9, "pad_to_max_tokens": True},
    "tf-idf": {"output_mode": "tf_idf"},
    "tf-idf given": {
        "output_mode": "tf_idf",
        "vocabulary": ["b", "a"],
        "idf_weights": [0.5, 2.0],
    },
}
INTEGER = {
    "plain": {},
    "mask": {"mask_token": 7},
    "several unknown": {"num_oov_indices": 3},
    "farmhash": {"num_oov_indices": 4, "oov_method": "farmhash", "vocabulary": [7]},
    "farmhash salted": {
        "num_oov_indices": 4,
        "oov_method": "farmhash",
        "salt": 5,
        "vocabulary": [7],
    },
    "given": {"vocabulary": [9, 3]},
    "one-hot": {"output_mode": "one_hot", "max_tokens": 4},
    "counts": {"output_mode": "count"},
    "tf-idf": {"output_mode": "tf_idf", "mask_token": 3},
}
HASHING = {
    "plain": {"num_bins": 7},
    "masked": {"num_bins": 7, "mask_value": "b"},
    "salted": {"num_bins": 7, "salt": [133, 137]},
    "one salt": {"num_bins": 7, "salt": 133},
    "one-hot": {"num_bins": 3, "output_mode": "one_hot"},
    "multi-hot": {"num_bins": 3, "output_mode": "multi_hot"},
    "counts": {"num_bins": 3, "output_mode": "count"},
}
BINS = {
    "given": {"bin_boundaries": [-1.0, 0.0, 0.2, 3.0]},
    "learned": {"num_bins": 5},
    "coarse": {"num_bins": 3, "epsilon": 0.2},
    "one-hot": {"bin_boundaries": [0.0, 1.0], "output_mode": "one_hot"},
    "multi-hot": {"bin_boundaries": [0.0, 1.0], "output_mode": "multi_hot"},
    "counts": {"num_bins": 4, "output_mode": "count"},
}
LONG = ["", "a", "abcd", "abcdefgh", "x" * 17, "x" * 33, "xy" * 32, "z" * 65, "w" * 128, "k" * 200]


def columns():
    return {
        "age": np.array([20.0, 40.0, 30.0, 55.0]),
        "size": np.array([1.0, 2.0, 3.0, 4.0]),
        "income": np.array([1000.0, 2500.0, 1700.0, 9000.0]),
        "rooms": np.array([1, 3, 3, 2]),
        "job": ["cook", "smith", "cook", "clerk"],
        "street": ["a", "b", "c", "d"],
    }


def space(home, **more):
    space = home.utils.FeatureSpace
    features = {
        "age": "float_normalized",
        "size": "float",
        "income": space.float_discretized(num_bins=3),
        "rooms": "integer_categorical",
        "job": "string_categorical",
        "street": space.string_hashed(num_bins=4),
    }
    return space(features, **more)


def lookup(home, name, case):
    if name == "StringLookup":
        layer, seen, new = home.layers.StringLookup(**LOOKUP[case]), WORDS, NEW
    else:
        layer, seen, new = home.layers.IntegerLookup(**INTEGER[case]), NUMBERS, OTHERS
    if not {"vocabulary"} & set((LOOKUP if name == "StringLookup" else INTEGER)[case]):
        layer.adapt(np.array(seen))
    vocabulary = [v.item() if hasattr(v, "item") else v for v in layer.get_vocabulary()]
    column = np.array([row[:1] for row in new])
    return {
        "vocabulary": vocabulary,
        "rows": np.asarray(layer(np.array(new))).tolist(),
        "column": np.asarray(layer(column)).tolist(),
    }


def hashing(home, case):
    layer = home.layers.Hashing(**HASHING[case])
    found = {"rows": np.asarray(layer(np.array(NEW))).tolist()}
    if HASHING[case].get("mask_value") is None:
        found["numbers"] = np.asarray(layer(np.array(OTHERS))).tolist()
    return found


def bins(home, case):
    layer = home.layers.Discretization(**BINS[case])
    if "num_bins" in BINS[case]:
        layer.adapt(SPREAD.astype("float32"))
    return {
        "boundaries": [float(v) for v in layer.bin_boundaries],
        "rows": np.asarray(layer(np.array(FLOATS, "float32"))).tolist(),
    }


def crossing(home):
    layer = home.layers.HashedCrossing
    words, numbers = np.array(["a", "b", "a", "é"]), np.array([1, 1, -2, 2**40])
    return {
        "words and numbers": np.asarray(layer(97)([words, numbers])).tolist(),
        "three": np.asarray(layer(97)([words[:, None], numbers[:, None], words[:, None]])).tolist(),
        "one-hot": np.asarray(layer(3, output_mode="one_hot")([words, numbers])).tolist(),
    }


def spaces(home):
    whole = space(home, crosses=[("rooms", "job")], crossing_dim=5)
    whole.adapt(columns())
    new = {**columns(), "job": ["smith", "pilot", "cook", "cook"]}
    apart = space(home, output_mode="dict")
    apart.adapt(columns())
    one = {name: column[1] for name, column in columns().items()}
    return {
        "concat": np.asarray(whole(new)).tolist(),
        "one": np.asarray(whole(one)).tolist(),
        "dict": {name: np.asarray(v).tolist() for name, v in apart(new).items()},
    }


def said(*path):
    found = json.loads(RECORD.read_text(encoding="utf-8"))
    for name in path:
        found = found[name]
    return found


def same(ours, theirs):
    assert set(ours) == set(theirs)
    for name, value in theirs.items():
        if name == "vocabulary":
            assert ours[name] == value
        elif isinstance(value, dict):
            same(ours[name], value)
        else:
            np.testing.assert_allclose(ours[name], value, rtol=1e-5, atol=1e-6, err_msg=name)


# --- as Keras says ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "case"),
    [("StringLookup", c) for c in LOOKUP] + [("IntegerLookup", c) for c in INTEGER],
)
def test_lookups_are_those_of_keras(name, case):
    same(lookup(cr, name, case), said(name, case))


@pytest.mark.parametrize("case", HASHING)
def test_hashes_are_those_of_keras(case):
    same(hashing(cr, case), said("Hashing", case))


@pytest.mark.parametrize("case", BINS)
def test_bins_are_those_of_keras(case):
    same(bins(cr, case), said("Discretization", case))


def test_crossings_are_those_of_keras():
    same(crossing(cr), said("HashedCrossing"))


def test_spaces_are_those_of_keras():
    same(spaces(cr), said("FeatureSpace"))


@pytest.mark.parametrize("text", LONG, ids=len)
def test_hashes_of_every_length(text):
    fast, strong = said("hashes", str(len(text)))
    assert hashes.fingerprint(text.encode()) % (2**62 - 57) == fast
    assert hashes.siphash(text.encode(), (133, 137)) % (2**62 - 57) == strong


# --- the contract of every layer --------------------------------------------------------------------

MADE = {
    "StringLookup": lambda: adapted(layers.StringLookup(output_mode="tf_idf"), WORDS),
    "StringLookup-mask": lambda: adapted(layers.StringLookup(mask_token="a"), WORDS),  # noqa: S106
    "IntegerLookup": lambda: adapted(layers.IntegerLookup(num_oov_indices=2), NUMBERS),
    "Discretization": lambda: adapted(layers.Discretization(num_bins=4), SPREAD),
    "Hashing": lambda: layers.Hashing(9, salt=(1, 2), output_mode="count"),
    "HashedCrossing": lambda: layers.HashedCrossing(9, output_mode="one_hot"),
    "FeatureSpace": lambda: adapted(space(cr, crosses=[("rooms", "job")]), columns()),
}
INPUTS = {
    "StringLookup": NEW,
    "IntegerLookup": np.array(OTHERS),
    "Discretization": np.array(FLOATS),
    "Hashing": NEW,
    "HashedCrossing": [np.array(["a", "b"]), np.array([1, 2])],
    "FeatureSpace": columns(),
}


def adapted(layer, data):
    layer.adapt(data)
    return layer


@pytest.mark.parametrize("name", MADE)
def test_a_copy_and_a_configuration_know_the_same(name):
    layer, x = MADE[name](), INPUTS[name.split("-")[0]]
    before, kept = layer(x), copy.deepcopy(x)
    config = layer.get_config()
    for again in (
        type(layer).from_config(json.loads(json.dumps(config))),
        layers.deserialize(json.loads(json.dumps(layers.serialize(layer)))),
        copy.deepcopy(layer),
        pickle.loads(pickle.dumps(layer)),  # noqa: S301
    ):
        if name == "FeatureSpace":  # its mean and variance are Variables: files have them
            again.set_weights(layer.get_weights())
        np.testing.assert_array_equal(again(x), before)
        assert again.get_config() == config
    np.testing.assert_array_equal(layer(x), before)  # nothing changed by calling
    assert repr(kept) == repr(x)
    assert np.asarray(before).dtype in ("int32", "float32")


@pytest.mark.parametrize("name", ["StringLookup", "Discretization", "IntegerLookup"])
def test_rows_of_counts_have_the_layers_type(name):
    how = {"bin_boundaries": [0.0]} if name == "Discretization" else {"vocabulary": None}
    if name != "Discretization":
        how = {"vocabulary": ["a", "b"] if name == "StringLookup" else [7, 3]}
    layer = getattr(layers, name)(output_mode="count", dtype="float16", **how)
    assert np.asarray(layer(INPUTS[name])).dtype == "float16"


@pytest.mark.parametrize("engine", ["numpy", "xla"])
@pytest.mark.parametrize(
    ("name", "mode"),
    [
        (name, mode)
        for name in ("IntegerLookup", "Discretization")
        for mode in ("int", "one_hot", "multi_hot", "count", "tf_idf")
        if (name, mode) != ("Discretization", "tf_idf")
    ],
)
def test_inside_a_network_they_are_what_they_are_outside(name, mode, engine):
    if engine == "xla":
        pytest.importorskip("jax")
    if name == "IntegerLookup":
        layer = adapted(layers.IntegerLookup(output_mode=mode, num_oov_indices=2), NUMBERS)
        x, kind = np.array(OTHERS), "int32"
    else:
        layer = adapted(layers.Discretization(num_bins=4, output_mode=mode), SPREAD)
        x, kind = np.array(FLOATS, "float32"), "float32"
    symbol = cr.Input((2,), dtype=kind)
    y = layer(symbol)
    expected = layer(x)
    assert y.shape == (None, *expected.shape[1:])
    assert y.dtype == expected.dtype
    model = cr.Model(symbol, y * 1)
    np.testing.assert_allclose(model.predict(x, engine=engine), expected, rtol=1e-6)


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_places_and_their_way_back(engine, tmp_path):
    if engine == "xla":
        pytest.importorskip("jax")
    words = adapted(layers.StringLookup(mask_token=""), WORDS)
    assert words(["b", "", "?"]).tolist() == [2, 0, 1]
    assert words("b") == 2
    assert words([b"b", "\u00e9".encode()]).tolist() == words(["b", "\u00e9"]).tolist()
    back = layers.StringLookup(mask_token="", vocabulary=words.get_vocabulary(), invert=True)
    assert back(np.array([[2, 0], [1, 99]])).tolist() == [["b", ""], ["[UNK]", "[UNK]"]]
    numbers = layers.IntegerLookup(vocabulary=[40, 30], invert=True, oov_token=-7)
    symbol = cr.Input((3,), dtype="int32")
    model = cr.Model(symbol, numbers(symbol))
    for y in (numbers(np.array([[2, 1, 5]])), model.predict(np.array([[2, 1, 5]]), engine=engine)):
        assert y.tolist() == [[30, 40, -7]]


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_a_sequential_takes_words_and_numbers(engine, tmp_path):
    if engine == "xla":
        pytest.importorskip("jax")
    for layer, x in (
        (adapted(layers.StringLookup(), WORDS), NEW),
        (adapted(layers.IntegerLookup(), NUMBERS), np.array(OTHERS)),
        (adapted(layers.Discretization(num_bins=4), SPREAD), np.array(FLOATS)),
    ):
        model = cr.Sequential([layer, layers.Embedding(9, 2), layers.Flatten(), layers.Dense(1)])
        model.compile("sgd", "mse")
        model.fit(x, np.ones((4, 1)), verbose=0, engine=engine)
        p = model.predict(x, engine=engine)
        inner = cr.Sequential(model.layers[1:])
        np.testing.assert_array_equal(p, inner.predict(layer(x), engine=engine))
        again = cr.load_model(model.save(tmp_path / layer.name))
        np.testing.assert_array_equal(again.predict(x, engine=engine), p)


def test_a_sequential_takes_columns(tmp_path):
    model = cr.Sequential([adapted(space(cr), columns()), layers.Dense(1)])
    model.compile("sgd", "mse")
    x = columns()
    model.fit(x, np.ones((4, 1)), verbose=0, engine="numpy")
    turned = {**dict(reversed(x.items())), "more": [0] * 4}
    p = model.predict(turned)
    np.testing.assert_array_equal(p, cr.Sequential(model.layers[1:]).predict(model.layers[0](x)))
    again = cr.load_model(model.save(tmp_path / "model"))
    np.testing.assert_array_equal(again.predict(x), p)
    alone = cr.load_model(model.layers[0].save(tmp_path / "space")).layers[0]
    np.testing.assert_array_equal(alone(x), model.layers[0](x))


def test_a_network_of_encoded_features_as_keras_writes_it():
    made = adapted(space(cr), columns())
    encoded = made.get_encoded_features()
    training = cr.Model(encoded, layers.Dense(1)(encoded))
    whole = cr.Sequential([made, training])
    np.testing.assert_array_equal(whole.predict(columns()), training.predict(made(columns())))


def test_batches_teach_as_the_whole_does():
    for make, data in (
        (lambda: layers.StringLookup(output_mode="tf_idf"), WORDS),
        (layers.IntegerLookup, NUMBERS),
    ):
        whole, parts = make(), make()
        whole.adapt(np.array(data))
        parts.adapt([np.array(data[:1]), np.array(data[1:]), np.array([data[0]] * 9)], steps=2)
        assert parts.get_config() == whole.get_config() | {"name": parts.name}
    whole = space(cr)
    whole.adapt({name: v[k : k + 2] for name, v in columns().items()} for k in (0, 2))
    np.testing.assert_allclose(
        whole(columns())[:, 0], adapted(space(cr), columns())(columns())[:, 0], rtol=1e-6
    )


# --- refused ----------------------------------------------------------------------------------------

ERRORS = {
    "there is no vocabulary yet": (StateError, lambda: layers.StringLookup()(["a"])),
    "there is no vocabulary yet\n": (StateError, lambda: layers.IntegerLookup()(np.array([1]))),
    "row 1: this is no text": (
        DataError,
        lambda: layers.StringLookup(vocabulary=["a"])(["a", None]),
    ),
    "row 1: a token is not in the vocabulary\n  received: 'c'\n  fix: num_oov_indices=1": (
        DataError,
        lambda: layers.StringLookup(num_oov_indices=0, vocabulary=["a"])(["a", "c"]),
    ),
    "there is a fraction": (
        DataError,
        lambda: layers.IntegerLookup(vocabulary=[1])(np.array([1.5])),
    ),
    "this is no whole number": (DataError, lambda: layers.IntegerLookup().adapt([[1.5]])),
    "these tokens make no vocabulary": (
        ArgumentError,
        lambda: layers.StringLookup(vocabulary=["a", "b", "a"]),
    ),
    "at most 1 of them": (
        ArgumentError,
        lambda: layers.IntegerLookup(max_tokens=2, vocabulary=[1, 2]),
    ),
    "idf_weights do not fit": (
        ArgumentError,
        lambda: layers.StringLookup(output_mode="tf_idf", vocabulary=["a"]),
    ),
    "invert makes no sense here": (
        ArgumentError,
        lambda: layers.StringLookup(invert=True, output_mode="count"),
    ),
    "max_tokens makes no sense": (ArgumentError, lambda: layers.StringLookup(1)),
    "salt makes no sense here": (ArgumentError, lambda: layers.IntegerLookup(salt=3)),
    "a salt is a whole number or two": (ArgumentError, lambda: layers.Hashing(3, salt="s")),
    "texts do not enter a graph": (
        StateError,
        lambda: layers.StringLookup(vocabulary=["a"])(cr.Input((1,))),
    ),
    "texts become numbers before everything else": (
        ArgumentError,
        lambda: cr.Sequential([layers.Dense(1), layers.StringLookup(vocabulary=["a"])]),
    ),
    "Hashing computes before a network begins": (
        StateError,
        lambda: cr.Sequential([layers.Hashing(3), layers.Dense(1)]).predict(np.ones((2, 1))),
    ),
    "HashedCrossing computes before a network begins": (
        StateError,
        lambda: layers.HashedCrossing(3)([cr.Input((1,)), cr.Input((1,))]),
    ),
    "this is neither text nor a whole number": (DataError, lambda: layers.Hashing(3)([1.5])),
    "a crossing takes two or more columns": (
        DataError,
        lambda: layers.HashedCrossing(3)([np.array([1])]),
    ),
    "there are no bins\n": (ArgumentError, lambda: layers.Discretization()),
    "there are no bins yet": (
        StateError,
        lambda: layers.Discretization(num_bins=3)(np.ones((1, 1))),
    ),
    "these are no boundaries of bins": (
        ArgumentError,
        lambda: layers.Discretization([1.0, 0.0]),
    ),
    "bin_boundaries were given": (
        ArgumentError,
        lambda: layers.Discretization([1.0]).adapt(np.ones(3)),
    ),
    "the data holds a value that is not finite": (
        DataError,
        lambda: layers.Discretization(num_bins=2).adapt(np.array([1.0, np.nan])),
    ),
    "feature 'a' has an unknown value": (
        ArgumentError,
        lambda: cr.utils.FeatureSpace({"a": "flaot"}),
    ),
    "the column 'age' is missing": (
        DataError,
        lambda: adapted(space(cr), columns())({"aeg": [1.0]}),
    ),
    "the feature 'age' cannot be crossed": (
        ArgumentError,
        lambda: space(cr, crosses=[("age", "job")]),
    ),
    "raw columns do not enter a graph": (StateError, lambda: space(cr).get_inputs()),
    "which cannot be joined": (
        DataError,
        lambda: cr.utils.FeatureSpace(
            {"a": cr.utils.FeatureSpace.integer_hashed(3, output_mode="int")}
        )({"a": [1]}),
    ),
    "this cannot be looked up inside a compiled network": (
        StateError,
        lambda: in_xla(layers.IntegerLookup(vocabulary=[2**40])),
    ),
}


def in_xla(layer):
    pytest.importorskip("jax")
    symbol = cr.Input((1,), dtype="int32")
    return cr.Model(symbol, layer(symbol)).predict(np.ones((2, 1), int), engine="xla")


@pytest.mark.parametrize("text", ERRORS)
def test_messages(text):
    kind, make = ERRORS[text]
    with pytest.raises(ChainruleError, match=re.escape(text)) as caught:
        make()
    assert type(caught.value) is kind


def test_an_unknown_number_is_refused_before_training():
    model = cr.Sequential(
        [layers.IntegerLookup(num_oov_indices=0, vocabulary=[3, 7]), layers.Embedding(2, 1)]
    )
    assert model.predict(np.array([[7]])).shape == (1, 1, 1)
    with pytest.raises(DataError, match="row 1: a token is not in the vocabulary"):
        model.predict(np.array([[7], [8]]))


if __name__ == "__main__":
    import os

    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras
    import tensorflow as tf

    found = {
        "StringLookup": {case: lookup(keras, "StringLookup", case) for case in LOOKUP},
        "IntegerLookup": {case: lookup(keras, "IntegerLookup", case) for case in INTEGER},
        "Hashing": {case: hashing(keras, case) for case in HASHING},
        "Discretization": {case: bins(keras, case) for case in BINS},
        "HashedCrossing": crossing(keras),
        "FeatureSpace": spaces(keras),
        "hashes": {
            str(len(text)): [
                int(tf.strings.to_hash_bucket_fast(text, 2**62 - 57)),
                int(tf.strings.to_hash_bucket_strong(text, 2**62 - 57, key=[133, 137])),
            ]
            for text in LONG
        },
    }
    RECORD.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
