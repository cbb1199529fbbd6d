"""Sources: every batch once, in the right order, from any step on; threads that end; memory."""

from __future__ import annotations

import contextvars
import gc
import json
import os
import signal
import subprocess
import sys
import threading
import tracemalloc
import weakref
from collections import namedtuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chainrule as cr
from chainrule import rng
from chainrule.data import sources
from chainrule.data.sources import Arrays, Batches, Blocks, Indexed, prefetch, source
from chainrule.errors import ArgumentError, DataError, ShapeError, StateError

KEY = rng.key(7)


class OnDisk:
    """An array-like as h5py's: only sliced, never whole."""

    def __init__(self, array):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype

    def __getitem__(self, rows):
        assert isinstance(rows, slice)
        return self.array[rows].copy()


class Sequence:
    """Batches by number, as Keras's PyDataset."""

    def __init__(self, x, batch_size):
        self.x, self.size, self.calls = x, batch_size, []

    def __len__(self):
        return -(-len(self.x) // self.size)

    def __getitem__(self, i):
        x = self.x[i * self.size : (i + 1) * self.size]
        return x, x + 100

    def on_epoch_begin(self):
        self.calls.append("begin")

    def on_epoch_end(self):
        self.calls.append("end")


class Again:
    """An iterable that can be iterated anew, without a length."""

    def __init__(self, items):
        self.items, self.begun = items, 0

    def __iter__(self):
        self.begun += 1
        return iter(self.items)


def seen(src, epoch=0, first_step=0):
    """(step, x as a list) of every batch of an epoch."""
    found = []
    for chunk in src.chunks(epoch, first_step):
        for i, (x, _, _) in enumerate(chunk.batches()):
            found.append((chunk.first_step + i, np.asarray(x).reshape(-1).tolist()))
    return found


def xs(src, epoch=0, first_step=0):
    return [x for _, x in seen(src, epoch, first_step)]


def flat(lists):
    return [row for rows in lists for row in rows]


def cut(rows, size):
    return [list(rows[i : i + size]) for i in range(0, len(rows), size)]


def readers():
    return [t for t in threading.enumerate() if t.name == "chainrule data"]


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    gc.collect()
    for thread in readers():
        thread.join(timeout=5)
    assert readers() == []


# --- which source ----------------------------------------------------------------------------


def test_the_kind_follows_the_data(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((4, 2)))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    table = [
        (np.zeros((4, 2)), Arrays),
        ([[0, 1], [1, 0]], Arrays),
        ({"a": np.zeros(3), "b": [1, 2, 3]}, Arrays),
        ((np.zeros(3), np.zeros((3, 2))), Arrays),
        (mapped, Blocks),
        (mapped[1:], Blocks),
        (np.asarray(mapped), Blocks),
        (mapped + 1, Arrays),  # a memmap by its type, but in memory
        ({"a": np.zeros(4), "b": mapped}, Blocks),
        (OnDisk(np.zeros((4, 2))), Blocks),
        (Sequence(np.arange(4), 2), Indexed),
        (Again([np.zeros(2)]), Batches),
        (iter([np.zeros(2)]), Batches),
        ((np.zeros(2) for _ in range(2)), Batches),
    ]
    for x, kind in table:
        assert type(source(x)) is kind, x
    ready = source(np.zeros(3))
    assert source(ready) is ready


class Dataset:  # as torch calls it
    def __len__(self):
        return 3

    def __getitem__(self, i):
        return i


Dataset.__module__, Dataset.__qualname__ = "torch.utils.data.dataset", "Dataset"


def make_batches():
    yield np.zeros(2)


@pytest.mark.parametrize(
    ("x", "arguments", "error", "said"),
    [
        (None, {}, ArgumentError, "x holds no data"),
        ("data.npy", {}, ArgumentError, "read the file first"),
        (make_batches, {}, ArgumentError, "fix: call it: x=make_batches()"),
        (Dataset(), {}, ArgumentError, "samples and not batches"),
        (iter([]), {"y": np.zeros(2)}, ArgumentError, "y is given beside batches"),
        (iter([]), {"sample_weight": np.zeros(2)}, ArgumentError, "sample_weight is given"),
        (iter([]), {"batch_size": 32}, ArgumentError, "batch_size is given beside batches"),
        (3.0, {}, ShapeError, "x is a single number"),
        (np.zeros((0, 2)), {}, DataError, "x is empty"),
        ({}, {}, DataError, "x holds no array"),
        (np.zeros(3), {"y": np.zeros(4)}, DataError, "x and y have different lengths"),
        (
            {"a": np.zeros(3), "b": [1, 2]},
            {},
            DataError,
            "x.a and x.b have different lengths\n  expected: 3 rows in x.b, as in x.a\n"
            "  received: 2 rows",
        ),
        (OnDisk(np.zeros(3)), {"y": np.zeros(4)}, DataError, "x and y have different lengths"),
        (["a", "b"], {}, DataError, "not a number"),
        (Sequence(np.zeros(0), 2), {}, DataError, "x is empty"),
    ],
)
def test_what_is_no_data_is_refused(x, arguments, error, said):
    with pytest.raises(error) as caught:
        source(x, **arguments)
    assert said in str(caught.value)


def test_a_list_of_rows_is_a_tree_unless_one_array_is_expected():
    rows = [np.zeros(2), np.ones(2)]
    assert len(source(rows).first()[0]) == 2
    one = source(rows, single=(True, False, False))
    assert one.rows == 2
    assert one.first()[0].tolist() == [[0, 0], [1, 1]]
    batches = source(iter([(rows, [1, 0])]), single=(True, False, False))
    assert batches.first()[0].shape == (2, 2)


# --- order -----------------------------------------------------------------------------------


def test_arrays_keep_one_permutation_of_all_rows():
    src = source(np.arange(10), batch_size=4, key=KEY)
    for epoch in range(3):
        chunks = list(src.chunks(epoch))
        assert len(chunks) == 1
        expected = rng.permutation(rng.fold(KEY, epoch), 10)
        assert xs(src, epoch) == cut(expected.tolist(), 4)


def test_trees_are_cut_alike_and_missing_parts_stay_missing():
    x = {"a": np.arange(5), "b": [np.arange(5) * 10, np.arange(5) * 100]}
    src = source(x, [0, 1, 2, 3, 4], batch_size=2, key=KEY)
    for chunk in src.chunks():
        for x, y, weight in chunk.batches():
            assert weight is None
            assert (x["a"] * 100 == x["b"][1]).all()
            assert (x["a"] * 10 == x["b"][0]).all()
            assert (x["a"] == y).all()


@settings(deadline=None, max_examples=60)
@given(rows=st.integers(1, 40), size=st.integers(1, 9), block=st.integers(1, 30))
def test_a_file_in_order_gives_the_batches_of_memory(rows, size, block):
    x = np.arange(rows)
    src = source(OnDisk(x), batch_size=size, block_rows=block, shuffle=False)
    assert xs(src) == cut(x.tolist(), size)
    assert src.steps == len(cut(x, size))


@settings(deadline=None, max_examples=60)
@given(
    rows=st.integers(1, 60),
    size=st.integers(1, 9),
    block=st.integers(1, 30),
    epoch=st.integers(0, 3),
)
def test_a_shuffled_file_gives_each_row_once_block_by_block(rows, size, block, epoch):
    src = source(OnDisk(np.arange(rows)), batch_size=size, block_rows=block, key=KEY)
    batches = xs(src, epoch)
    assert sorted(flat(batches)) == list(range(rows))
    assert [len(b) for b in batches] == [len(b) for b in cut(range(rows), size)]
    assert src.block_rows % size == 0
    # no batch mixes blocks, and once a block was left only the short batch comes from it again
    blocks = [{row // src.block_rows for row in b} for b in batches]
    assert all(len(b) == 1 for b in blocks)
    whole = [b.pop() for b in blocks[: rows // size]]
    changes = [b for i, b in enumerate(whole) if i == 0 or whole[i - 1] != b]
    assert len(changes) == len(set(changes))


def test_blocks_and_rows_have_another_order_each_epoch():
    src = source(OnDisk(np.arange(400)), batch_size=5, block_rows=20, key=KEY)
    orders = [flat(xs(src, epoch)) for epoch in range(4)]
    assert len({tuple(o) for o in orders}) == 4
    assert len({tuple(row // 20 for row in o[::20]) for o in orders}) == 4  # of the blocks
    within = [tuple(row for row in o if row // 20 == block) for o in orders for block in range(20)]
    assert len({tuple(row % 20 for row in rows) for rows in within}) == 4 * 20
    other = source(OnDisk(np.arange(400)), batch_size=5, block_rows=20)  # a key of its own
    assert orders[0] != flat(xs(other))
    assert "20 blocks of 20 rows" in src.note
    assert source(OnDisk(np.arange(400)), shuffle=False, block_rows=20).note is None


def test_the_rows_of_a_chunk_are_copies_and_the_short_batch_costs_no_second_read(tmp_path):
    x = np.memmap(tmp_path / "x", np.float32, "w+", shape=(11, 2))
    [chunk] = source(x, batch_size=4, key=KEY).chunks()
    assert chunk.steps == 3
    assert type(chunk.data[0]) is np.ndarray
    assert not np.shares_memory(chunk.data[0], x)


def test_the_length_of_a_block_follows_from_bytes_and_batch_size_alone():
    small = source(OnDisk(np.zeros((10, 3), np.uint8)), batch_size=7)
    bytes_of_row = 3 * 4  # bytes become float32
    assert small.block_rows == (1 << 26) // bytes_of_row // 7 * 7
    wide = source(OnDisk(np.zeros((2, 1 << 25), np.uint8)), batch_size=4)
    assert wide.block_rows == 4  # one batch at least


# a row for every kind whose position can be found again
POSITIONS = {
    "arrays": lambda x, size, block, **kw: source(x, batch_size=size, **kw),
    "blocks": lambda x, size, block, **kw: source(
        OnDisk(x), x + 1, batch_size=size, block_rows=block, **kw
    ),
    "indexed": lambda x, size, block, **kw: source(Sequence(x, size), join=block, **kw),
}


@pytest.mark.parametrize("kind", POSITIONS)
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_an_epoch_goes_on_from_any_step(kind, data):
    rows, size = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 9))
    arguments = {"shuffle": data.draw(st.booleans()), "key": KEY}
    arguments["steps"] = data.draw(st.none() | st.integers(1, 2 * (-(-rows // size))))
    block, epoch = data.draw(st.integers(1, 20)), data.draw(st.integers(0, 3))
    src = POSITIONS[kind](np.arange(rows), size, block, **arguments)
    whole = seen(src, epoch)
    assert [step for step, _ in whole] == list(range(src.steps))
    first = data.draw(st.integers(0, src.steps))
    again = POSITIONS[kind](np.arange(rows), size, block, **arguments)  # as in a new process
    assert seen(again, epoch, first) == whole[first:]
    with pytest.raises(StateError, match="no such step"):
        seen(src, epoch, src.steps + 1)


@pytest.mark.parametrize("kind", POSITIONS)
@pytest.mark.parametrize("steps", [1, 3, 4, 7, 9])
@pytest.mark.parametrize("shuffle", [False, True])
def test_epochs_of_some_steps_go_on_through_the_passes(kind, steps, shuffle):
    """Four batches a pass; whole passes are epochs of a source without `steps`."""
    x = np.arange(11)
    make = POSITIONS[kind]
    passes = make(x, 3, 6, shuffle=shuffle, key=KEY)
    expected = flat([xs(passes, number) for number in range(9)])
    src = make(x, 3, 6, shuffle=shuffle, key=KEY, steps=steps)
    assert flat([xs(src, epoch) for epoch in range(4)]) == expected[: 4 * steps]


@pytest.mark.parametrize("kind", POSITIONS)
def test_without_repeat_each_epoch_begins_at_the_beginning(kind):
    make = POSITIONS[kind]
    src = make(np.arange(11), 3, 6, shuffle=False, repeat=False, steps=2)
    assert xs(src, 0) == xs(src, 5) == [[0, 1, 2], [3, 4, 5]]
    shuffled = make(np.arange(11), 3, 6, shuffle=True, key=KEY, repeat=False)
    usual = make(np.arange(11), 3, 6, shuffle=True, key=KEY)
    assert [xs(shuffled, epoch) for epoch in range(3)] == [xs(usual, epoch) for epoch in range(3)]
    first_two = make(np.arange(11), 3, 6, shuffle=True, key=KEY, repeat=False, steps=2)
    assert [xs(first_two, e) for e in range(3)] == [xs(usual, e)[:2] for e in range(3)]
    with pytest.warns(UserWarning, match="9 steps were asked for, but the data has only 4 batches"):
        short = make(np.arange(11), 3, 6, shuffle=False, repeat=False, steps=9)
    assert short.steps == len(seen(short)) == 4


@pytest.mark.parametrize("kind", POSITIONS)
def test_two_iterations_at_a_time_do_not_disturb_each_other(kind):
    src = POSITIONS[kind](np.arange(23), 3, 6, shuffle=True, key=KEY)
    expected = [xs(src, 0), xs(src, 1)]
    found = [[], []]
    both = [src.chunks(0), src.chunks(1)]
    while any(both):
        for i, chunks in enumerate(both):
            chunk = next(chunks, None) if chunks else None
            if chunk is None:
                both[i] = None
            else:
                found[i] += [x.tolist() for x, _, _ in chunk.batches()]
    assert found == expected


def test_indexed_shuffles_batches_and_calls_the_hooks():
    data = Sequence(np.arange(10), 3)
    src = source(data, key=KEY)
    assert "random order" in src.note
    assert data.calls == []
    order = rng.permutation(rng.fold(KEY, 1), 4).tolist()
    assert xs(src, 1) == [cut(range(10), 3)[i] for i in order]
    assert data.calls == ["begin", "end"]
    src.resume(2)
    assert data.calls == ["begin", "end"] * 3


def test_a_sequence_without_end_needs_steps():
    class Endless:
        num_batches = None

        def __getitem__(self, i):
            return np.array([i])

    assert xs(source(Endless(), steps=3), 2) == [[6], [7], [8]]
    with pytest.raises(DataError, match="no end"):
        source(Endless())


# --- streams ---------------------------------------------------------------------------------

A, B, W = np.arange(2.0), np.arange(2), np.ones(2)
Two = namedtuple("Two", "left right")


class Tensor:
    """A torch tensor's manners: no array until it was detached and brought from its device."""

    def __init__(self, array, where="gpu, with gradient"):
        self.array, self.where = array, where

    def detach(self):
        return Tensor(self.array, self.where.replace(", with gradient", ""))

    def cpu(self):
        return Tensor(self.array, self.where.replace("gpu", "cpu"))

    def __array__(self, dtype=None, copy=None):
        if self.where != "cpu":
            raise TypeError("can't convert " + self.where)
        return self.array


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (A, (A, None, None)),
        ((A,), (A, None, None)),
        ((A, B), (A, B, None)),
        ([A, B], (A, B, None)),  # torch's loaders give lists
        ((A, B, W), (A, B, W)),
        ((A, None, W), (A, None, W)),
        (((A, B), W), ((A, B), W, None)),
        (({"a": A, "b": [A, B]}, {"o": B}), ({"a": A, "b": [A, B]}, {"o": B}, None)),
        ({"a": A}, ({"a": A}, None, None)),
        (([[0.0], [1.0]], [0, 1]), (np.array([[0.0], [1.0]]), B, None)),
        ([[0, 1], [1, 0]], (np.array([[0, 1], [1, 0]]), None, None)),
        ((Tensor(A), Tensor(B)), (A, B, None)),
        ((Two(A, B), W), (Two(A, B), W, None)),
    ],
)
def test_a_batch_is_split_by_the_rule_of_keras(item, expected):
    src = source(iter([item]))
    np.testing.assert_equal(src.first(), expected)
    [chunk] = src.chunks()
    np.testing.assert_equal(chunk.batch(0), expected)


@pytest.mark.parametrize(
    ("item", "error", "said"),
    [
        ((A, B, W, A), DataError, "batch 1: a batch has 4 parts"),
        ((), DataError, "batch 1: a batch has 0 parts"),
        ((A, np.zeros(3)), DataError, "batch 1: x and y have different lengths"),
        ((np.float64(3), B), ShapeError, "batch 1: x is a single number"),
        ((None, B), DataError, "batch 1: x holds something that is not a number"),
        (["a", "b"], DataError, "not a number"),
        (A[:0], DataError, "batch 1: x is empty"),
    ],
)
@pytest.mark.parametrize("kind", [iter, list])
def test_a_wrong_batch_is_named(item, error, said, kind):
    items = [(A, B), item]
    data = iter(items) if kind is iter else Again(items)
    with pytest.raises(error) as caught:
        seen(source(data))
    assert said in str(caught.value)
    assert "batch 1" in str(caught.value)


def sizes(chunks):
    return [(c.first_step, c.steps, c.batch_size, len(c.data[0])) for c in chunks]


@pytest.mark.parametrize(
    ("shapes", "join", "expected"),
    [
        # of the chunks: (first step, steps, batch size, rows)
        ([4, 4, 4], 32, [(0, 3, 4, 12)]),
        ([4, 4, 4], 1, [(0, 1, 4, 4), (1, 1, 4, 4), (2, 1, 4, 4)]),
        ([4, 4, 4], 2, [(0, 2, 4, 8), (2, 1, 4, 4)]),
        ([4, 4, 3], 32, [(0, 3, 4, 11)]),
        ([4, 3, 4, 4], 32, [(0, 2, 4, 7), (2, 2, 4, 8)]),
        ([3, 4, 4], 32, [(0, 1, 3, 3), (1, 2, 4, 8)]),
        ([(4, 2), (4, 2), (4, 5), (4, 2)], 9, [(0, 2, 4, 8), (2, 1, 4, 4), (3, 1, 4, 4)]),
    ],
)
def test_batches_of_one_shape_are_joined(shapes, join, expected):
    items = [np.full(shape, i) for i, shape in enumerate(shapes)]
    assert sizes(source(iter(items), join=join).chunks()) == expected
    assert xs(source(iter(items), join=join)) == [i.reshape(-1).tolist() for i in items]


@pytest.mark.parametrize(
    "items",
    [
        [(A, B), (A.astype("float32"), B)],
        [(A, B), (A, None)],
        [(A, None), (A, B)],
        [{"a": A}, {"b": A}],
        [(A, B), (A, np.stack([B, B]))],
    ],
)
def test_batches_of_different_kinds_are_not_joined(items):
    assert [c.steps for c in source(iter(items)).chunks()] == [1, 1]


def test_large_batches_are_joined_by_bytes():
    items = [np.zeros((1, 1 << 20), np.float32)] * 20  # 4 MiB each
    assert [c.steps for c in source(iter(items)).chunks()] == [8, 8, 4]


def test_a_generator_may_fill_the_same_array_again():
    def batches():
        buffer = np.zeros(2)
        for i in range(5):
            buffer[:] = i
            yield buffer

    for join in (1, 2, 32):
        src = source(batches(), join=join)
        assert src.first()[0].tolist() == [0, 0]
        assert xs(src) == [[i, i] for i in range(5)]


class Counted:
    """A generator that knows how often it was asked."""

    def __init__(self, end=10**9):
        self.pulled, self.end = 0, end

    def __iter__(self):
        return self

    def __next__(self):
        if self.pulled == self.end:
            raise StopIteration
        self.pulled += 1
        return np.array([self.pulled - 1])


@pytest.mark.parametrize("join", [1, 2, 32])
def test_nothing_is_pulled_past_the_steps(join):
    data = Counted()
    src = source(data, steps=5, join=join)
    assert src.one_shot
    assert data.pulled == 0
    for _ in range(2):
        assert src.first()[0].tolist() == [0]
        assert data.pulled == 1
    assert xs(src, 0) == [[0], [1], [2], [3], [4]]
    assert data.pulled == 5
    assert xs(src, 1) == [[5], [6], [7], [8], [9]]
    chunks = src.chunks(2)
    next(chunks)
    src.close()
    assert data.pulled <= 15


def test_an_iterable_begins_anew_and_keeps_the_batch_that_was_looked_at():
    data = Again([np.array([i]) for i in range(3)])
    src = source(data)
    assert src.first()[0].tolist() == [0]
    assert [xs(src, e) for e in range(2)] == [[[0], [1], [2]]] * 2
    assert data.begun == 2
    on = source(data, steps=4)
    assert [flat(xs(on, e)) for e in range(3)] == [[0, 1, 2, 0], [1, 2, 0, 1], [2, 0, 1, 2]]
    anew = source(data, steps=2, repeat=False)
    assert [flat(xs(anew, e)) for e in range(2)] == [[0, 1], [0, 1]]


@pytest.mark.parametrize(
    ("make", "steps", "repeat", "epochs"),
    [
        (lambda: Counted(5), 3, True, [[0, 1, 2], [3, 4]]),
        (lambda: Counted(5), None, True, [[0, 1, 2, 3, 4], []]),
        (lambda: Counted(3), 3, True, [[0, 1, 2], []]),
        (lambda: Again([np.array([i]) for i in range(3)]), 5, False, [[0, 1, 2]]),
    ],
)
def test_data_that_run_out_end_the_epoch_with_a_warning(make, steps, repeat, epochs):
    src = source(make(), steps=steps, repeat=repeat)
    for epoch, expected in enumerate(epochs[:-1]):
        assert flat(xs(src, epoch)) == expected
        assert src.ended is None
    with pytest.warns(UserWarning, match="x ran out of data after"):
        assert flat(xs(src, len(epochs) - 1)) == epochs[-1]
    assert f"after {len(epochs[-1])} " in src.ended


@pytest.mark.parametrize("data", [iter([]), Again([])], ids=["iterator", "iterable"])
def test_data_without_a_batch_are_an_error(data):
    for call in (lambda s: s.first(), seen):
        with pytest.raises(DataError, match="x gives no batch"):
            call(source(data))


def test_a_stream_is_read_once_at_a_time_and_only_from_the_beginning():
    src = source(Counted(), steps=9, join=1)
    chunks = src.chunks()
    next(chunks)
    with pytest.raises(StateError, match="already being read"):
        seen(src)
    chunks.close()
    with pytest.raises(StateError, match="cannot be begun in its middle"):
        seen(src, 0, 3)


def test_torch_loader():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    x, y = torch.arange(10.0), torch.arange(10)
    data = torch.utils.data.TensorDataset(x, y)
    src = source(torch.utils.data.DataLoader(data, batch_size=4))
    assert src.steps == 3
    assert xs(src) == cut(list(range(10)), 4)
    with pytest.raises(ArgumentError, match="samples and not batches"):
        source(data)


# --- checks and errors -----------------------------------------------------------------------


def test_arrays_are_checked_once_and_blocks_each_with_their_place():
    calls = []

    def check(data, first_row):
        calls.append(first_row)
        x, y, weight = data
        return x.astype(np.float32), y, weight

    for make, expected in ((np.asarray, [0]), (OnDisk, [0, 4, 8] * 2)):
        src = source(make(np.arange(10)), batch_size=2, block_rows=4, shuffle=False)
        src.check = check
        calls.clear()
        for epoch in range(2):
            for chunk in src.chunks(epoch):
                assert chunk.data[0].dtype == np.float32
                assert (chunk.batch(chunk.skip)[0][0]) == chunk.first_row
        assert calls == expected


def wrong(data, first_row):
    if 7 in data[0]:
        at = int(np.argmax(data[0] == 7)) + (first_row or 0)
        raise DataError("a seven", where=f"row {at}", expected="no seven", fix="take it out")
    return data


SEVEN = np.arange(10)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (SEVEN, "row 7: a seven"),
        (OnDisk(SEVEN), "row 7: a seven"),
        (Sequence(SEVEN, 3), "batch 2, row 1: a seven"),
        (iter(cut(SEVEN.tolist(), 3)), "batch 2, row 7: a seven"),
    ],
    ids=["arrays", "blocks", "indexed", "batches"],
)
def test_an_error_of_the_check_keeps_its_text_and_gets_the_batch(data, said):
    more = {"batch_size": 2, "block_rows": 4} if hasattr(data, "shape") else {}
    src = source(data, shuffle=False, check=wrong, **more)
    with pytest.raises(DataError) as caught:
        seen(src)
    assert str(caught.value) == said + "\n  expected: no seven\n  fix: take it out"


def failing(rows):
    yield from (np.array([i]) for i in range(2))
    raise KeyError("boom")


class Failing(Sequence):
    def __getitem__(self, i):
        return super().__getitem__(i) if i < 2 else {}["boom"]


class FailingFile(OnDisk):
    def __getitem__(self, rows):
        return super().__getitem__(rows) if rows.start < 4 else {}["boom"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (failing(10), "batch 2: x failed\n  received: KeyError: 'boom'"),
        (Failing(SEVEN, 2), "batch 2: x[2] failed\n  received: KeyError: 'boom'"),
        (FailingFile(SEVEN), "rows 4 to 6: reading x failed\n  received: KeyError: 'boom'"),
    ],
    ids=["batches", "indexed", "blocks"],
)
def test_an_error_of_the_data_surfaces_with_its_place_and_cause(data, said):
    more = {"batch_size": 2, "block_rows": 2} if hasattr(data, "shape") else {}
    src = source(data, shuffle=False, **more)
    with pytest.raises(DataError) as caught:
        seen(src)
    assert str(caught.value) == said
    assert isinstance(caught.value.__cause__, KeyError)
    assert readers() == []


# --- describing and refusing -------------------------------------------------------------------


def described(**change):
    arguments = {"x": np.arange(12.0).reshape(6, 2), "batch_size": 2, "key": KEY} | change
    return source(**arguments)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"x": np.arange(10.0).reshape(5, 2)}, "rows 6"),
        ({"x": np.arange(12.0).reshape(6, 2) + 1}, "checksum"),
        ({"x": np.arange(12, dtype="float32").reshape(6, 2)}, "arrays {'x': [2, 'float64']}"),
        ({"x": {"a": np.arange(12.0).reshape(6, 2)}}, "arrays"),
        ({"y": np.arange(6)}, "arrays"),
        ({"batch_size": 3}, "batch_size 2"),
        ({"shuffle": False}, "shuffle True"),
        ({"steps": 2}, "steps 3"),
        ({"x": OnDisk(np.arange(12.0).reshape(6, 2))}, "kind arrays"),
        ({"x": iter([A]), "batch_size": None}, "cannot be resumed"),
    ],
)
def test_other_data_are_refused_by_their_difference(change, said):
    saved = json.loads(json.dumps(described().describe()))
    sources.refuse_other(saved, described())
    with pytest.raises(StateError) as caught:
        sources.refuse_other(saved, described(**change), where="run")
    assert said in str(caught.value)
    assert "run" in str(caught.value)


@pytest.mark.parametrize("kind", POSITIONS)
def test_a_description_is_plain_and_stays_the_same_while_data_are_read(kind):
    src = POSITIONS[kind](np.arange(11), 3, 6, shuffle=True, key=KEY)
    first = json.dumps(src.describe())
    seen(src)
    assert json.dumps(src.describe()) == first
    other = POSITIONS[kind](np.arange(11), 3, 6, shuffle=True, key=KEY)
    seen(other)
    assert json.dumps(other.describe()) == first


def test_other_blocks_are_refused():
    saved = source(OnDisk(SEVEN), batch_size=2, block_rows=4).describe()
    with pytest.raises(StateError, match="block_rows 4"):
        sources.refuse_other(saved, source(OnDisk(SEVEN), batch_size=2, block_rows=6))


# --- threads and memory --------------------------------------------------------------------------


def endless():
    while True:
        yield np.zeros(1)


def stop_by_break(src):
    for _ in src.chunks():
        break


def stop_by_error(src):
    with pytest.raises(ZeroDivisionError):
        [1 / 0 for _ in src.chunks()]


def stop_by_close(src):
    chunks = src.chunks()
    next(chunks)
    assert len(readers()) == 1
    src.close()
    assert readers() == []
    assert list(chunks) == []


def stop_by_dropping(src):
    chunks = src.chunks()
    next(chunks)
    assert len(readers()) == 1
    del chunks


@pytest.mark.parametrize(
    "stop",
    [stop_by_break, stop_by_error, stop_by_close, stop_by_dropping],
)
def test_the_thread_ends_however_reading_ends(stop):
    stop(source(endless(), join=1))
    gc.collect()
    for thread in readers():
        thread.join(timeout=5)
    assert readers() == []
    stop(source(OnDisk(np.arange(1000)), batch_size=1, block_rows=1))


def test_closing_the_iterator_waits_for_what_is_being_read():
    """Or the generator would still run when it is given to the next fit."""

    def items():
        yield np.zeros(1)
        threading.Event().wait(0.3)
        yield np.zeros(1)

    chunks = source(items(), join=1).chunks()
    next(chunks)
    chunks.close()
    assert readers() == []


def test_a_reader_that_was_dropped_unread_ends_its_thread():
    reader = prefetch.Reader(endless())
    [thread] = readers()
    del reader
    gc.collect()
    thread.join(timeout=5)
    assert not thread.is_alive()


def test_one_item_is_read_ahead_and_no_more():
    made, more = [], threading.Semaphore(0)

    def items():
        for i in range(6):
            made.append(i)
            more.release()
            yield i

    reader = prefetch.Reader(items())
    for i in range(5):
        assert more.acquire(timeout=5)  # item i is being made before it is asked for
        assert len(made) <= i + 1
        assert next(reader) == i
    reader.close()


def test_the_thread_does_not_keep_what_was_taken():
    dropped, found = threading.Event(), []

    def items():
        yield np.zeros(3)
        dropped.wait(30)
        found.append(alive())
        yield None

    reader = prefetch.Reader(items())
    item = next(reader)
    alive = weakref.ref(item)
    del item
    dropped.set()
    assert next(reader) is None
    assert found == [None]
    reader.close()


def test_the_thread_runs_in_the_context_of_the_caller():
    word = contextvars.ContextVar("word", default="none")
    word.set("ours")
    found = []

    def items():
        found.append((word.get(), threading.current_thread().daemon))
        word.set("theirs")
        yield 1

    assert list(prefetch.Reader(items())) == [1]
    assert found == [("ours", True)]
    assert word.get() == "ours"


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_comes_through_while_waiting():
    waiting, go_on = threading.Event(), threading.Event()

    def items():
        yield np.zeros(1)
        waiting.set()
        go_on.wait(30)
        yield np.zeros(1)

    def interrupt():
        waiting.wait(30)  # until the thread is inside the user's code, and fit waits for it
        os.kill(os.getpid(), signal.SIGINT)
        go_on.set()

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    killer = threading.Thread(target=interrupt)
    killer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            list(source(items(), join=1).chunks())
    finally:
        go_on.set()
        killer.join()
        signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_is_told_and_does_not_hang():
    code = """
import os
from chainrule.data.sources.prefetch import Reader
from chainrule.errors import StateError
def items():
    yield from range(9)
reader = Reader(items())
next(reader), next(reader)
child = os.fork()
try:
    list(reader)
except StateError as error:
    print(error.problem, flush=True)
if child:
    os.waitpid(child, 0)
"""
    out = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=60
    )
    assert out.stdout == "the thread that reads the data is gone\n"


def test_a_file_larger_than_its_budget_is_read_in_little_memory(tmp_path):
    shape, budget = (50_000, 1000), 20e6  # 200 MB of float32, and 20 MB to read them with
    x = np.memmap(tmp_path / "x", np.float32, "w+", shape=shape)  # sparse: it fills no disk
    x[40_000] = 1
    src = source(x, np.arange(len(x)), batch_size=50, block_rows=1000, key=KEY)
    src.check = lambda data, first_row: (data[0] * 2, *data[1:])
    found, tracemalloc_before = 0, tracemalloc.is_tracing()
    tracemalloc.start()
    try:
        for chunk in src.chunks():
            for batch, y, _ in chunk.batches():
                found += batch[y == 40_000].sum()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        if not tracemalloc_before:
            tracemalloc.stop()
    assert found == 2 * 1000
    assert peak < budget


@pytest.mark.slow
def test_datasets_of_tf_data_are_batches():
    """As in Keras's guides: batched, shuffled, repeated, with validation; tensors as arrays."""
    tf = pytest.importorskip("tensorflow")
    x = np.linspace(-1, 1, 24).reshape(6, 4).astype("float32")
    y = np.array([0, 1, 2, 0, 1, 2])
    data = tf.data.Dataset.from_tensor_slices((x, y))

    def fitted(*rows, **more):
        model = cr.Sequential([cr.Input((4,)), cr.layers.Dense(3, "softmax", name="out")])
        model.set_weights([np.arange(12.0).reshape(4, 3) / 12, np.zeros(3)])
        model.compile("sgd", "sparse_categorical_crossentropy", engine="numpy")
        history = model.fit(*rows, epochs=2, verbose=0, **more).history
        return model, history

    model, history = fitted(data.batch(2))
    expected, plain = fitted(x, y, batch_size=2, shuffle=False)
    assert history["loss"] == pytest.approx(plain["loss"], rel=1e-6)
    again = fitted(data.repeat().batch(2), steps_per_epoch=3, validation_data=data.batch(4))[1]
    assert again["loss"] == pytest.approx(plain["loss"], rel=1e-6)
    assert again["val_loss"][-1] == pytest.approx(expected.evaluate(x, y, verbose=0), rel=1e-6)
    np.testing.assert_allclose(model.predict(data.batch(4)), expected.predict(x), rtol=1e-6)
    np.testing.assert_allclose(model(tf.constant(x)), expected.predict(x), rtol=1e-6)
    with pytest.raises(DataError, match="x has no end"):
        fitted(data.repeat().batch(2))
    with pytest.raises(ShapeError, match=r"as of dataset\.batch\(32\)"):
        fitted(data)
