"""TableEncoder: tables into arrays, in a Sequential, in files; numbers against plain loops."""

from __future__ import annotations

import copy
import json
import math
import os
import pickle
import statistics
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers
from chainrule.errors import ArgumentError, ChainruleError, DataError, FileError, StateError
from chainrule.tables.frame import Frame


def feature(name, role, levels=None):
    return {"name": name, "role": role, "levels": levels}


FEATURES = [
    feature("age", "number"),
    feature("job", "category"),
    feature("city", "category"),
    feature("member", "flag"),
    feature("size", "ordinal", ["S", "M", "L"]),
    feature("since", "date"),
    feature("note", "text"),
]


def rows(n=180, seed=0):
    rng = np.random.default_rng(seed)
    cities = [f"c{k:03d}" for k in range(60)]
    words = ["good", "bad", "tea", "coffee", "late", "early"]
    age = rng.normal(40, 12, n).round(1)
    age[::11] = np.nan
    return {
        "age": age,
        "job": [("cook", "smith", "", "clerk")[k] for k in rng.integers(0, 4, n)],
        "city": [cities[k] for k in rng.integers(0, 60, n)],
        "member": [("no", "yes")[k] for k in rng.integers(0, 2, n)],
        "size": [("S", "M", "L")[k] for k in rng.integers(0, 3, n)],
        "since": np.datetime64("2020-01-31") + rng.integers(0, 900, n),
        "note": [" ".join(rng.choice(words, 4)) for _ in range(n)],
    }


def adapted(features=FEATURES, data=None, most_levels=40, **kwargs):
    """`city` has 60 levels: codes, and the rest as they come."""
    layer = layers.TableEncoder(features, most_levels=most_levels, **kwargs)
    layer.adapt(rows() if data is None else data)
    return layer


def column(layer, y, name):
    """The prepared feature of this name."""
    for key, names in layer.feature_names.items():
        if name in names:
            return y[key][:, names.index(name)]
    raise AssertionError(f"no feature {name!r} in {layer.feature_names}")


def bent(x, median, spread):
    z = (x - median) / spread
    return z / math.sqrt(1 + (z / 3) ** 2)


# --- numbers -------------------------------------------------------------------------------------


def test_numbers_are_scaled_and_bent_as_the_formula_says():
    x = [3.0, 1.0, None, 10.0, 4.0, 1.5]
    layer = adapted([feature("x", "number")], {"x": x}, log=False)
    present = sorted(v for v in x if v is not None)
    q1, median, q3 = statistics.quantiles(present, n=4, method="inclusive")
    y = layer({"x": [7.0, None, -1e300, 1e300]})
    expected = [bent(7.0, median, q3 - q1), 0.0, -3.0, 3.0]
    np.testing.assert_allclose(y["numeric"][:, 0], expected, rtol=1e-5)
    np.testing.assert_array_equal(column(layer, y, "x is missing"), [0, 1, 0, 0])


def test_a_spread_of_nothing_falls_back_to_the_range_and_then_to_zero():
    layer = adapted([feature("x", "number")], {"x": [0.0] * 9 + [8.0]}, log=False)
    np.testing.assert_allclose(layer({"x": [8.0]})["numeric"], [[bent(8.0, 0.0, 4.0)]], rtol=1e-6)
    layer = adapted(
        [feature("x", "number"), feature("z", "number")], {"x": [5.0] * 4, "z": range(4)}
    )
    assert layer({"x": [9.0], "z": [1.5]})["numeric"].tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("log", [True, "auto"])
def test_heavy_tails_are_bent_by_a_logarithm(log):
    x = [1.0, 2.0, 3.0, 4.0, 5.0, 1e5]
    layer = adapted([feature("x", "number")], {"x": x}, log=log)
    logs = [math.log1p(v / 3.5) for v in x]  # 3.5 is the median
    q1, median, q3 = statistics.quantiles(logs, n=4, method="inclusive")
    np.testing.assert_allclose(
        layer({"x": [1e5, -2.0]})["numeric"][:, 0],
        [bent(logs[-1], median, q3 - q1), bent(-math.log1p(2 / 3.5), median, q3 - q1)],
        rtol=1e-5,
    )
    assert adapted([feature("x", "number")], {"x": x}, log=False).statistics[0]["log"] is None


def test_tails_that_are_not_heavy_stay():
    x = np.random.default_rng(1).normal(size=2000)
    layer = adapted([feature("x", "number")], {"x": x})
    assert layer.statistics[0]["log"] is None
    layer.adapt({"x": np.exp(1.5 * x)})
    assert layer.statistics[0]["log"] == pytest.approx(1.0, rel=0.1)
    layer.adapt({"x": np.where(x > 1, np.exp(2 * x), 0.0)})  # most rows are 0
    assert layer.statistics[0]["log"] > 0
    hours = np.where(x > 1, 40 + 15 * x, np.where(x < -1.5, 40 + 12 * x, 40 + 2 * x))
    layer.adapt({"x": hours})  # a narrow middle between two tails: a logarithm changes nothing
    assert layer.statistics[0]["log"] is None


# --- categories, flags, order ----------------------------------------------------------------------


def test_categories_with_missing_as_a_level_and_unseen_as_zeros():
    layer = adapted([feature("job", "category")], {"job": ["smith", "", "cook", "cook"]})
    assert layer.feature_names == {"flat": ["job=cook", "job=smith", "job is missing"]}
    y = layer({"job": ["cook", None, "pilot", "smith"]})
    assert y["flat"].tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0], [0, 1, 0]]
    assert list(y) == ["flat"]
    assert y["flat"].dtype == np.float32


def test_numbers_as_categories_keep_their_value():
    layer = adapted([feature("k", "category")], {"k": [10, 2, 2.5, None]})
    assert layer.feature_names["flat"] == ["k=2", "k=2.5", "k=10", "k is missing"]
    assert layer({"k": [2.0, 10]})["flat"].tolist() == [[1, 0, 0, 0], [0, 0, 1, 0]]


def test_many_levels_are_codes_and_rare_ones_share_zero():
    cells = [f"v{k}" for k in range(60) for _ in range(3)] + ["once", "twice", "twice", None]
    layer = adapted([feature("v", "category")], {"v": cells}, most_levels=50)
    assert layer.feature_names == {"codes": ["v"]}
    (levels,) = layer.levels
    assert len(levels) == 61
    assert levels[-1] == "(missing)"
    assert "twice" not in levels
    codes = layer({"v": [levels[0], levels[59], None, "once", "new"]})["codes"]
    assert codes.dtype == np.int32
    assert codes[:, 0].tolist() == [1, 60, 61, 0, 0]
    report = layer.unseen({"v": cells})["v"]
    assert report.unseen == pytest.approx(3 / 183)
    assert report.worst == 0
    assert not report.sentence


def test_fifty_levels_are_one_hot_and_one_more_is_not():
    cells = [f"v{k}" for k in range(50)] * 3
    for data, key in ((cells, "flat"), ([*cells, None], "codes")):
        layer = layers.TableEncoder([feature("v", "category")])
        layer.adapt({"v": data})
        assert list(layer.feature_names) == [key]


def test_flags_are_0_and_1_and_what_is_neither_is_the_average():
    layer = adapted(
        [feature("f", "flag", ["no", "yes"])], {"f": ["yes", "no", "Yes", "true", None]}
    )
    assert layer.feature_names == {"flat": ["f=yes", "f is missing"]}
    cells = ["no", "TRUE", None, "maybe"]
    assert layer({"f": cells})["flat"].tolist() == [[0, 0], [1, 0], [0.75, 1], [0.75, 1]]
    report = layer.unseen({"f": cells})["f"]
    assert (report.unseen, report.examples) == (pytest.approx(1 / 3), ("maybe",))
    assert layer({"f": [0, 1]})["flat"][:, 0].tolist() == [0, 1]  # numbers say the same


def test_ordinal_levels_are_their_places():
    layer = adapted([FEATURES[4]], {"size": ["S", "L", "M", "M", "S", "L"]})
    low, middle, high, unknown = layer({"size": ["S", "M", "L", "XL"]})["numeric"][:, 0]
    assert (low, middle, unknown) == (-high, 0, 0)
    assert high > 0


# --- dates ----------------------------------------------------------------------------------------


def test_dates_are_year_days_and_waves():
    import datetime

    days = [datetime.date(2020, 1, 1) + datetime.timedelta(days=37 * k) for k in range(30)]
    layer = adapted([feature("d", "date")], {"d": np.array(days, "M8[D]")})
    y = layer({"d": np.array(days, "M8[D]")})
    for name, of, length in (
        ("month", lambda d: d.month - 1, 12),
        ("day", lambda d: d.day - 1, 31),
        ("weekday", lambda d: d.weekday(), 7),
    ):
        for wave in ("sin", "cos"):
            expected = [getattr(math, wave)(2 * math.pi * of(d) / length) for d in days]
            np.testing.assert_allclose(
                column(layer, y, f"d: {name} ({wave})"), expected, atol=1e-6, err_msg=name
            )
    q1, median, q3 = statistics.quantiles([d.year for d in days], n=4, method="inclusive")
    spread = (q3 - q1) or (days[-1].year - days[0].year) / 2
    np.testing.assert_allclose(
        column(layer, y, "d: year"), [bent(d.year, median, spread) for d in days], rtol=1e-5
    )
    assert not any("hour" in name for name in layer.feature_names["flat"])  # all at midnight
    report = layer.unseen({"d": np.array(["2019-12-31", "2020-05-05"], "M8[D]")})["d"]
    assert report.outside == 0.5
    assert report.examples == ("2019-12-31",)


def test_a_missing_date_is_in_the_middle_and_says_so():
    layer = adapted(
        [feature("d", "date")], {"d": np.array(["2020-01-01", "NaT", "2021-06-07"], "M8[us]")}
    )
    y = layer({"d": np.array(["NaT"], "M8[us]")})
    assert y["numeric"].tolist() == [[0, 0]]
    assert y["flat"].tolist() == [[*[0] * (y["flat"].shape[1] - 1), 1]]


# --- texts ----------------------------------------------------------------------------------------


def test_texts_are_the_tfidf_of_scikit_learn():
    text = pytest.importorskip("sklearn.feature_extraction.text")
    seen = ["the cat sat down", "The cat, the dog!", "a dog, sat", "the end!", "cat sat again"]
    layer = adapted([feature("t", "text")], {"t": seen})
    theirs = text.TfidfVectorizer(
        ngram_range=(1, 2),
        min_df=2,
        sublinear_tf=True,
        token_pattern=r"\w+|[^\w\s]",  # noqa: S106
    ).fit(seen)
    new = ["the the cat sat", "nothing", "dog, CAT sat!"]
    expected, y = theirs.transform(new).toarray(), layer({"t": new})["flat"]
    for token, place in theirs.vocabulary_.items():
        np.testing.assert_allclose(
            column(layer, {"flat": y}, f"t: {token}"), expected[:, place], rtol=1e-6, err_msg=token
        )
    assert y.shape == expected.shape
    assert layer({"t": [None, ""]})["flat"].sum() == 0
    assert layer.unseen({"t": new})["t"].examples == ("nothing",)


def test_texts_of_files_from_before_punctuation_was_read():
    """They know no "marks": words without punctuation, weighted as the statistics say."""
    old = [{"kind": "text", "gaps": 0.0, "tokens": ["its", "so good"], "idf": [1.5, 2.0]}]
    layer = layers.TableEncoder([feature("t", "text")], statistics=old)
    found = layer({"t": ["It's so good!", "it s", "so, good."]})["flat"]
    np.testing.assert_allclose(found, [[0.6, 0.8], [0, 0], [0, 1]], rtol=1e-6)
    again = layers.TableEncoder.from_config(layer.get_config())
    np.testing.assert_array_equal(again({"t": ["It's so good!"]})["flat"], found[:1])


def test_the_most_frequent_tokens_are_taken():
    seen = ["a b", "a b", "a c", "a c", "a d"]
    layer = adapted([feature("t", "text")], {"t": seen}, text_features=2)
    assert layer.feature_names["flat"] == ["t: a", "t: a b"]


def test_many_rows_are_given_fewer_words_each(monkeypatch):
    from chainrule.layers.host import dates_texts

    monkeypatch.setattr(dates_texts, "_CELLS", 60)
    monkeypatch.setattr(dates_texts, "_FEWEST", 2)
    cells = ["a b c d", "a b c d", "a b c", "a b", "a"]
    one = adapted([feature("t", "text")], {"t": cells})
    two = adapted([feature("t", "text"), feature("u", "text")], {"t": cells, "u": cells})
    assert [e["tokens"] for e in one.statistics] == [["a", "a b", "b", "b c", "c", "c d", "d"]]
    assert [len(e["tokens"]) for e in two.statistics] == [6, 6]  # 60 / (5 rows · 2 texts)


# --- tables of any kind, in any order ---------------------------------------------------------------


def test_columns_go_by_name_in_any_order_and_others_are_left_alone():
    layer, data = adapted(), rows(seed=5)
    y = layer(data)
    turned = {"extra": list(range(180)), **dict(reversed(data.items()))}
    for other in (turned, Frame.of(turned)):
        for key, block in layer(other).items():
            np.testing.assert_array_equal(block, y[key])
    assert sorted(y) == ["codes", "flat", "numeric"]
    assert {k: v.shape[1] for k, v in y.items()} == {k: len(v) for k, v in layer.origin.items()}
    assert {name for names in layer.origin.values() for name in names} == set(data)


def test_only_training_rows_teach():
    """Rows that come later change nothing, and neither does preparing them."""
    layer = adapted()
    before = json.dumps(layer.statistics)
    layer(rows(seed=9))
    layer.unseen(rows(seed=9))
    assert json.dumps(layer.statistics) == before


def test_blocks_of_rows_teach_what_the_whole_table_does():
    frame = Frame.of(rows(300))
    whole, blocks = adapted(data=frame), layers.TableEncoder(FEATURES)
    blocks.adapt(frame.take(slice(k, k + 64)) for k in range(0, 300, 64))
    assert blocks.statistics == whole.statistics


def test_a_stream_of_more_numbers_than_there_is_room_for(monkeypatch):
    from chainrule.layers.host import table_encoder

    monkeypatch.setattr(table_encoder, "_ROOM", 0)  # 10,000 of each column
    x = np.random.default_rng(2).normal(5.0, 2.0, 60_000)
    layer = layers.TableEncoder([feature("x", "number")])
    layer.adapt(Frame.of({"x": x[k : k + 7000]}) for k in range(0, 60_000, 7000))
    state = layer.statistics[0]
    assert state["median"] == pytest.approx(5.0, abs=0.1)
    assert 1 / state["factor"] == pytest.approx(2 * 1.349, rel=0.05)
    assert (state["low"], state["high"]) == (x.min(), x.max())  # of all rows


def test_a_copy_and_a_configuration_know_the_same_to_the_last_bit():
    layer = adapted()
    y = layer(rows(seed=3))
    for again in (
        layers.TableEncoder.from_config(json.loads(json.dumps(layer.get_config()))),
        layers.deserialize(layers.serialize(layer)),
        copy.deepcopy(layer),
        pickle.loads(pickle.dumps(layer)),  # noqa: S301
    ):
        for key, block in again(rows(seed=3)).items():
            np.testing.assert_array_equal(block, y[key])
        again.adapt(rows(seed=4))
        assert again.statistics != layer.statistics


def test_what_is_unusual_is_reported_by_column():
    data = {"age": [20.0, 30.0, 40.0, 50.0], "job": ["a", "b", "a", ""]}
    layer = adapted([feature("age", "number"), feature("job", "category")], data)
    report = layer.unseen({"age": [10.0, 30.0, None, 99.0], "job": ["a", "c", "c", "b"]})
    assert report["age"].outside == pytest.approx(2 / 3)
    assert report["age"].gaps == 0.25
    assert report["age"].worst == pytest.approx(2 / 3)
    assert report["job"].sentence == "job: 50 % unseen ('c')"
    assert (report["job"].unseen, report["job"].gaps, report["job"].gaps_in_training) == (
        0.5,
        0,
        0.25,
    )
    assert all(r.worst == 0 and not r.sentence for r in layer.unseen(data).values())


def test_roles_that_are_no_features_are_left_out():
    roles = [
        *FEATURES[:2],
        feature("id", "identifier"),
        feature("k", "constant"),
        feature("no", "dropped"),
        feature("y", "target"),
    ]
    assert layers.TableEncoder.of(roles).columns == ["age", "job"]


# --- in models --------------------------------------------------------------------------------------


class Net(cr.Model):
    """Takes the dict of arrays; `codes` are looked up."""

    def __init__(self):
        super().__init__()
        self.cities = layers.Embedding(80, 2)
        self.join = layers.Concatenate()
        self.out = layers.Dense(1, "sigmoid")

    def call(self, x):
        codes = self.cities(x["codes"][:, 0])
        return self.out(self.join([x["numeric"], x["flat"], codes]))


layers.register(Net)


def labels(data):
    return (np.nan_to_num(data["age"]) > 40).astype(int)


def model_of_tables(seed=0):
    cr.utils.set_random_seed(seed)
    model = cr.Sequential([adapted(), Net()])
    model.compile(cr.optimizers.Adam(0.05), "binary_crossentropy", metrics=["accuracy"])
    model.predict(rows())  # builds it
    return model


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_a_sequential_takes_tables(engine, tmp_path):
    """As if the tables had been made arrays before, on each of the model's doors."""
    if engine == "xla":
        pytest.importorskip("jax")
    data, held = rows(), rows(40, seed=1)
    y, y_held = labels(data), labels(held)
    model, plain = model_of_tables(), model_of_tables()
    x, x_held = plain.layers[0](data), plain.layers[0](held)
    how = {"epochs": 3, "verbose": 0, "engine": engine}
    h = model.fit(Frame.of(data), y, validation_data=(held, y_held), **how)
    g = plain.fit(x, y, validation_data=(x_held, y_held), **how)
    assert h.history == g.history
    p = plain.predict(x_held, engine=engine)
    turned = dict(reversed(held.items()), extra=["?"] * 40)
    for table in (held, turned, Frame.of(held)):
        np.testing.assert_array_equal(model.predict(table, engine=engine), p)
    np.testing.assert_allclose(model(held), p, rtol=1e-5)
    figures = {"verbose": 0, "engine": engine}
    assert model.evaluate(held, y_held, **figures) == plain.evaluate(x_held, y_held, **figures)
    assert model.train_on_batch(data, y, engine=engine) == plain.train_on_batch(x, y, engine=engine)
    again = cr.load_model(model.save(tmp_path / "model"))
    assert again.layers[0].statistics == model.layers[0].statistics
    np.testing.assert_array_equal(
        again.predict(turned, engine=engine), model.predict(held, engine=engine)
    )


def test_a_graph_of_named_inputs_is_a_net_too(tmp_path):
    layer = adapted(FEATURES[:2])
    inputs = {k: cr.Input((len(n),), name=k) for k, n in layer.feature_names.items()}
    net = cr.Model(inputs, layers.Dense(1)(layers.Concatenate()(list(inputs.values()))))
    model = cr.Sequential([layer, net])
    p = model.predict(rows())
    np.testing.assert_array_equal(p, net.predict(layer(rows())))
    again = cr.load_model(model.save(tmp_path / "m"))
    np.testing.assert_array_equal(again.predict(rows()), p)


def test_it_is_summarized_and_drawn():
    model, said = model_of_tables(), []
    model.summary(120, print_fn=said.append)
    assert "numeric (None, 4), flat (None, 54), codes (None, 1)" in said[0]
    assert "TableEncoder" in model.diagram().svg()


def test_validation_split_takes_the_end_of_the_table():
    data = rows()
    y = labels(data)
    h = model_of_tables().fit(data, y, validation_split=0.25, verbose=0, engine="numpy")
    plain = model_of_tables()
    x = plain.layers[0](data)
    held = {k: v[135:] for k, v in x.items()}, y[135:]
    g = plain.fit(
        {k: v[:135] for k, v in x.items()}, y[:135], validation_data=held, verbose=0, engine="numpy"
    )
    assert h.history == g.history


# --- real data --------------------------------------------------------------------------------------

REAL = Path(os.environ.get("CHAINRULE_DATA", Path(__file__).parents[2] / "shared" / "data"))


class Linear(cr.Model):
    """One Dense layer on all features."""

    def __init__(self):
        super().__init__()
        self.out = layers.Dense(1, "sigmoid")

    def call(self, x):
        return self.out(x["flat"])


@pytest.mark.skipif(not REAL.is_dir(), reason="no real data here")
def test_sentences_of_praise_and_of_blame():
    """rt-polarity, a fifth held out: 76 % with one Dense layer on words and pairs of words."""
    texts, y = [], []
    for label, name in enumerate(("rt-polarity.neg", "rt-polarity.pos")):
        lines = (REAL / "text" / name).read_text(encoding="utf-8").splitlines()
        texts += lines
        y += [label] * len(lines)
    order = np.random.default_rng(0).permutation(len(texts))
    texts, y = np.array(texts, object)[order], np.array(y)[order]
    train, test = slice(0, 8530), slice(8530, None)
    layer = layers.TableEncoder([feature("text", "text")])
    layer.adapt({"text": texts[train]})
    cr.utils.set_random_seed(0)
    model = cr.Sequential([layer, Linear()])
    model.compile(cr.optimizers.Adam(0.02), "binary_crossentropy", metrics=["accuracy"])
    model.fit({"text": texts[train]}, y[train], batch_size=256, epochs=4, verbose=0, engine="numpy")
    assert model.evaluate({"text": texts[test]}, y[test], verbose=0, engine="numpy")[1] >= 0.76


# --- refused ----------------------------------------------------------------------------------------

ERRORS = {
    "the table: the column 'jobs' is missing\n  expected: 'age', 'jobs'\n  received: 'age', 'job'\n"
    "  fix: did you mean 'job'?": (
        DataError,
        lambda: layers.TableEncoder([FEATURES[0], feature("jobs", "category")]).adapt(
            {"age": [1, 2], "job": ["a", "b"]}
        ),
    ),
    "the table, row 2: the column 'age' holds another kind of cells\n  expected: numbers\n"
    "  received: text, such as 'old'": (
        DataError,
        lambda: adapted(FEATURES[:1])({"age": [None, "old"]}),
    ),
    "the table, row 1: the column 'job' holds another kind of cells\n  expected: text\n"
    "  received: numbers, such as '1234.0'\n  fix: give them as text": (
        DataError,
        lambda: adapted([FEATURES[1]], {"job": ["01234", "x"]})({"job": [1234]}),
    ),
    "nothing is known of the columns yet\n  fix: call layer.adapt(training_rows) first": (
        StateError,
        lambda: layers.TableEncoder(FEATURES)(rows()),
    ),
    "tables do not enter a graph of layers": (StateError, lambda: adapted()(cr.Input((3,)))),
    "tables become numbers before everything else": (
        ArgumentError,
        lambda: cr.Sequential([layers.Dense(2), adapted()]),
    ),
    "the column 'age' is named twice": (
        ArgumentError,
        lambda: layers.TableEncoder([FEATURES[0], FEATURES[0]]),
    ),
    "there are no features": (ArgumentError, lambda: layers.TableEncoder([])),
    "column 'a': role has an unknown value": (
        ArgumentError,
        lambda: layers.TableEncoder([feature("a", "numbr")]),
    ),
    "column 'size': an ordinal column needs its levels": (
        ArgumentError,
        lambda: adapted([feature("size", "ordinal")], rows()),
    ),
    "the table, row 1: the column 'f' holds another kind of cells\n  expected: text": (
        DataError,
        lambda: adapted([feature("f", "flag")], {"f": [3, 4]}),
    ),
    "read by 'table_encoder': these are not the arrays": (
        DataError,
        lambda: model_of_tables().predict({"flat": np.ones((3, 2))}),
    ),
    "expected: a table, or a dict of columns by name": (
        DataError,
        lambda: model_of_tables().predict(np.ones((3, 2))),
    ),
    "fix: give every column of the training data": (
        DataError,
        lambda: adapted(FEATURES[:1])({"weight": [3]}),
    ),
    "this is no table": (DataError, lambda: adapted()(np.zeros((3, 2)))),
    "the table has no rows": (DataError, lambda: adapted(FEATURES[:1])({"age": []})),
    "there are no rows to learn from": (DataError, lambda: adapted(data=iter([]))),
    "a number is infinite": (DataError, lambda: adapted(FEATURES[:1])({"age": [1.0, math.inf]})),
    "these are not the statistics of such a column": (
        ArgumentError,
        lambda: layers.TableEncoder(FEATURES[:1], statistics=[{"kind": "number"}]),
    ),
    "the statistics are not those of these features": (
        ArgumentError,
        lambda: layers.TableEncoder(FEATURES[:1], statistics=[]),
    ),
}


@pytest.mark.parametrize("text", ERRORS)
def test_messages(text):
    kind, make = ERRORS[text]
    with pytest.raises(ChainruleError) as caught:
        make()
    assert text in str(caught.value)
    assert type(caught.value) is kind


def test_a_failed_adapt_leaves_what_was_known():
    layer = adapted(FEATURES[:1])
    before = layer.statistics
    with pytest.raises(DataError):
        layer.adapt({"age": ["old", "young"]})
    assert layer.statistics == before


def test_whole_numbers_for_texts_that_are_their_levels():
    layer = adapted([feature("ward", "category")], {"ward": ["1", "2", "A"]})
    assert layer({"ward": [2, None, 3]})["flat"].tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 0]]


def test_numbers_and_dates_that_stand_in_texts():
    """Where a column was read as text, its role reads the cells; marks of its own are missing."""
    features = [feature("x", "number"), feature("d", "date")]
    texts = {"x": ["1", "2", "?", "4.5"], "d": ["2024-01-05", "2024-02-05", "", "2024-03-07"]}
    plain = {"x": [1, 2, None, 4.5], "d": np.array(texts["d"], "M8[us]")}
    layer, other = adapted(features, texts), adapted(features, plain)
    y, z = layer(texts), other(plain)
    for key in y:
        np.testing.assert_array_equal(y[key], z[key])
    np.testing.assert_array_equal(layer(plain)["numeric"], z["numeric"])
    with pytest.raises(DataError, match="row 3: the column 'x' holds another kind"):
        other(texts)


def test_a_column_of_gaps_alone_may_be_of_any_kind():
    layer = adapted(FEATURES[:3])
    y = layer({"age": [None, None], "job": [math.nan, None], "city": ["", ""]})
    assert column(layer, y, "age is missing").tolist() == [1, 1]
    assert column(layer, y, "job is missing").tolist() == [1, 1]


def test_a_damaged_configuration_is_refused_as_a_file(tmp_path):
    from chainrule import storage

    model = model_of_tables()
    arrays, manifest = storage.read(model.save(tmp_path / "m.safetensors"))
    state = manifest["model"]["config"]["layers"][0]["config"]["statistics"]
    state[0]["median"] = "much"
    storage.write(str(tmp_path / "n.safetensors"), arrays, manifest)
    with pytest.raises(FileError, match="these are not the statistics of such a column"):
        cr.load_model(tmp_path / "n.safetensors")
