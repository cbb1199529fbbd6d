"""Sealed files with wild manifests: the checksums are right, and nothing else need be.

`load_model` gives a model or a FileError, in little memory, whatever stands in a file.
"""

from __future__ import annotations

import copy
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import chainrule as cr
from chainrule.errors import FileError
from chainrule.layers import Dense, Dropout
from sealed import opened, seal

BUDGET = 64 << 20  # the files here have a few kilobytes


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """Entries, manifest and numbers of an honest file with something of everything."""
    schedule = cr.optimizers.schedules.PiecewiseConstantDecay([3, 5], [0.1, 0.01, 0.001])
    inner = cr.Sequential([Dense(2, "relu", kernel_regularizer="l2"), Dropout(0.5)], name="inner")
    model = cr.Sequential(
        [
            cr.Input((2, 2)),
            cr.layers.Flatten(),
            inner,
            cr.layers.LeakyReLU(),
            cr.layers.Activation("softplus"),
            Dense(3, "softmax", kernel_initializer=cr.initializers.Constant(0.5)),
        ]
    )
    model.compile(
        cr.optimizers.Adam(schedule),
        "sparse_categorical_crossentropy",
        metrics=["accuracy", cr.metrics.SparseTopKCategoricalAccuracy(k=2)],
    )
    model.fit(np.ones((4, 2, 2)), np.zeros(4), verbose=0, engine="numpy")
    return opened(model.save(tmp_path_factory.mktemp("wild") / "good"))


def spots(tree, at=()):
    """The place of everything in a JSON tree but its root."""
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        yield (*at, key)
        if isinstance(value, (dict, list)):
            yield from spots(value, (*at, key))


def put(tree, at, value):
    for key in at[:-1]:
        tree = tree[key]
    if value is DROP:
        del tree[at[-1]]
    else:
        tree[at[-1]] = copy.deepcopy(value)  # WILD holds lists, which must stay as they are


DROP = object()
WILD = st.one_of(
    st.sampled_from([DROP, None, True, False, "", "x", [], {}, -1, 0, 1, 0.5, -1.5, 1e308]),
    st.sampled_from([float("nan"), float("inf"), 2**28, 2**31, 2**33, 2**63, 10**30, 10**4000]),
    st.sampled_from([[2**28], [2**14] * 2, [2**16] * 4, [1] * 70, [None], [True], [[4]], ["a"]]),
    st.sampled_from(["relu", "Dense", "Sequential", "adam", "mse", "model/shuffle", "a" * 5000]),
    st.sampled_from(["object", "M8[s]", "complex64", "float64", "int32", "bfloat16", "U5", "(2,)f4"]),
    st.sampled_from([{"class_name": name, "config": {}} for name in ("Dense", "L2", "Adam", "x")]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=6,
    ),
)  # fmt: skip


def load(path):
    """What came of it; the memory that it took is looked at."""
    tracemalloc.start()
    try:
        cr.load_model(path)
        said = ""
    except FileError as error:
        said = str(error)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < BUDGET
    assert len(said) < 20_000
    return "refused" if said else "a model"


def test_the_honest_file_is_read(good, tmp_path):
    path = str(tmp_path / "m.safetensors")
    seal(path, *good)
    assert load(path) == "a model"


@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_wild_manifests_give_a_model_or_a_file_error(data, good, tmp_path):
    entries, manifest, numbers = copy.deepcopy(good)
    entries_too = data.draw(st.integers(0, 3)) == 0
    tree = entries if entries_too else manifest
    for _ in range(data.draw(st.integers(1, 3))):
        places = list(spots(tree))
        if not places:
            break
        put(tree, data.draw(st.sampled_from(places)), data.draw(WILD))
    path = str(tmp_path / "m.safetensors")
    try:
        seal(path, entries, manifest, numbers)
    except ValueError:  # half characters, which no file holds
        return
    load(path)


def test_every_setting_replaced_by_each_of_these(good, tmp_path):
    """One place at a time, all of them; nothing is left to a draw."""
    path, told = str(tmp_path / "m.safetensors"), set()
    _, manifest, _ = good
    places = [at for at in spots(manifest) if at[0] in ("model", "compile", "input_shape")]
    assert len(places) > 80
    for at in places:
        for value in (DROP, "x", [2**28], 10**30):
            entries, manifest, numbers = copy.deepcopy(good)
            put(manifest, at, value)
            seal(path, entries, manifest, numbers)
            told.add(load(path))
    assert told == {"a model", "refused"}
