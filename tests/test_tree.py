"""Trees: structure, order, paths, and messages where two of them differ."""

from __future__ import annotations

import gc
import weakref
from collections import namedtuple

import numpy as np
import pytest

from chainrule import tree
from chainrule.errors import ShapeError

Pair = namedtuple("Pair", "left right")
ROW = np.zeros(2)

# tree, its leaves, its paths
TREES = [
    (7, [7], [""]),
    (None, [None], [""]),
    ((), [], []),
    ([1, (2, {"z": 3, "a": None})], [1, 2, 3, None], ["0", "1.0", "1.1.z", "1.1.a"]),
    ({"b": 1, "a": [2]}, [1, 2], ["b", "a.0"]),
    (Pair(1, {3: 2}), [1, 2], ["0", "1.3"]),
]


@pytest.mark.parametrize(("t", "expected", "paths"), TREES, ids=str)
def test_leaves_and_paths_stand_in_the_trees_order_and_come_back(t, expected, paths):
    found, structure = tree.flatten(t)
    assert found == tree.leaves(t) == expected
    assert [p for p, _ in tree.paths(t)] == paths
    again = tree.unflatten(structure, found)
    assert again == t
    assert type(again) is type(t)
    assert hash(structure) == hash(tree.flatten(again)[1])


def test_dicts_match_by_key_and_lists_match_tuples():
    a, b = {"x": 1, "y": [2, 3]}, {"y": (20, 30), "x": 10}
    assert tree.map(lambda p, q: p + q, a, b) == {"x": 11, "y": [22, 33]}
    assert tree.map(lambda p: -p, Pair(1, 2)) == Pair(-1, -2)
    assert tree.zip(a, b)[0] == ("x", (1, 10))


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        ((1, 2), (1,), "two trees have different structures\n  expected: a tuple of 2\n"
         "  received: a tuple of 1"),
        ({"in": [1, 2]}, {"in": 5}, "x.in: two trees have different structures\n"
         "  expected: a list of 2\n  received: 5"),
        ({"in": ROW}, {"in": (ROW,)}, "x.in: two trees have different structures\n"
         "  expected: an array\n  received: a tuple of 1"),
        ({"kernel": 1}, {"kernl": 1}, "two trees have different structures\n"
         "  expected: a dict with the keys 'kernel'\n"
         "  received: a dict with the keys 'kernl'\n  fix: 'kernl': did you mean 'kernel'?"),
        ([1], {0: 1}, "two trees have different structures"),
    ],
)  # fmt: skip
def test_trees_that_differ_are_refused_with_the_path(a, b, said):
    with pytest.raises(ShapeError) as caught:
        tree.map(lambda p, q: p, a, b, where="x")
    assert said in str(caught.value)


def test_leaves_that_do_not_fill_the_tree_are_refused():
    _, structure = tree.flatten((1, [2]))
    for leaves in ([1], [1, 2, 3]):
        with pytest.raises(ShapeError, match="expected: 2 leaves"):
            tree.unflatten(structure, leaves)


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ([[0, 1], [1, 0]], True),
        ((1.5, np.float32(2), np.array(3)), True),
        ([[1, None, "a"]], True),
        ([], True),
        ([ROW, ROW], False),
        ([1, {"a": 2}], False),
        (ROW, False),
        (3.0, False),
    ],
    ids=str,
)
def test_nested_numbers_are_one_array(x, expected):
    assert tree.is_numbers(x) is expected


def test_no_leaf_outlives_its_tree():
    """A reference cycle would keep the blocks of a file in memory until a collection."""
    gc.disable()
    try:
        leaf = np.zeros(3)
        alive = weakref.ref(leaf)
        t = tree.map(lambda a: a, {"a": (leaf, 1)})
        tree.zip(t, t)
        tree.flatten(t)
        del leaf, t
        assert alive() is None
    finally:
        gc.enable()
