"""Encoded rows in a temporary file: the same numbers, and nothing left behind on any way out."""

from __future__ import annotations

import collections
import os
import signal
import subprocess
import sys
import tempfile

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers
from chainrule.data import encoded
from chainrule.data.sources.blocks import is_on_disk
from chainrule.errors import ArgumentError, DataError, FileError

posix = pytest.mark.skipif(os.name != "posix", reason="files without a name")


def blocks(n=4, rows=32, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(n):
        x = {
            "numeric": rng.normal(size=(rows, 3)).astype("float32"),
            "codes": rng.integers(0, 5, (rows, 1)).astype("int32"),
        }
        yield x, rng.integers(0, 2, rows).astype("int32")


def whole(parts):
    return {k: np.concatenate([x[k] for x, _ in parts]) for k in parts[0][0]}, np.concatenate(
        [y for _, y in parts]
    )


def test_the_file_holds_what_the_blocks_held(tmp_path):
    x, y = whole(list(blocks()))
    with cr.data.encoded_rows(blocks(), rows=128, folder=tmp_path) as rows:
        assert (rows.rows, rows.sample_weight) == (128, None)
        assert rows.nbytes == sum(v.nbytes for v in [*x.values(), y])
        assert "128 rows encoded, 2.6 KB in a temporary file" in rows.said
        for found, expected in ((rows.y, y), *((rows.x[k], x[k]) for k in x)):
            np.testing.assert_array_equal(found, expected)
            assert found.dtype == expected.dtype
            assert is_on_disk(found)


def net():
    cr.utils.set_random_seed(1)
    inputs = {"numeric": cr.Input((3,)), "codes": cr.Input((1,), dtype="int32")}
    codes = layers.Flatten()(layers.Embedding(5, 2)(inputs["codes"]))
    y = layers.Dense(1, "sigmoid")(layers.Concatenate()([inputs["numeric"], codes]))
    model = cr.Model(inputs, y)
    model.compile("sgd", "binary_crossentropy")
    return model


def test_training_on_the_file_is_training_on_the_arrays():
    x, y = whole(list(blocks()))
    how = {"shuffle": False, "epochs": 2, "verbose": 0, "engine": "numpy"}
    expected = net().fit(x, y, **how).history
    rows = cr.data.encoded_rows(blocks())
    assert net().fit(rows.x, rows.y, **how).history == expected


@posix
def test_the_file_has_no_name(tmp_path):
    rows = cr.data.encoded_rows(blocks(), folder=tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert rows.y.sum() >= 0  # and can be read all the same


@posix
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interrupted_writing_leaves_nothing(error, tmp_path):
    opened = []

    def broken():
        yield from blocks(2)
        opened.extend(os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else [])
        raise error

    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    with pytest.raises(error):
        cr.data.encoded_rows(broken(), folder=tmp_path)
    assert list(tmp_path.iterdir()) == []
    if opened:
        assert len(os.listdir("/proc/self/fd")) <= before < len(opened)


@posix
def test_a_killed_process_leaves_nothing(tmp_path):
    code = f"""
import os, signal, numpy as np
from chainrule.data.encoded import encoded_rows
def blocks():
    yield np.zeros((1000, 100)), np.zeros(1000)
    os.kill(os.getpid(), signal.SIGKILL)
encoded_rows(blocks(), folder={str(tmp_path)!r})
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_too_small_is_said_before_it_is_full(tmp_path, monkeypatch):
    usage = collections.namedtuple("usage", "total used free")
    free = encoded._SPARE + 3000
    monkeypatch.setattr(encoded.shutil, "disk_usage", lambda folder: usage(0, 0, free))
    assert encoded.encoded_rows(blocks(4), folder=tmp_path).rows == 128
    with pytest.raises(FileError, match="no space for the encoded rows") as caught:
        encoded.encoded_rows(blocks(8), rows=256, folder=tmp_path)  # known from the first block
    assert caught.value.received == "268.4 MB free"


def test_a_device_that_fills_up_is_an_error_of_ours(tmp_path, monkeypatch):
    class Full:
        def write(self, data):
            raise OSError(28, "No space left on device")

        def close(self):
            pass

    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **kwargs: Full())
    with pytest.raises(FileError, match="cannot be written") as caught:
        encoded.encoded_rows(blocks(), folder=tmp_path)
    assert caught.value.received == "No space left on device"


ERRORS = {
    "the encoded rows are larger than the budget": (
        FileError,
        lambda: encoded.encoded_rows(blocks(), budget=1000),
    ),
    "there are no rows to encode": (DataError, lambda: encoded.encoded_rows([])),
    "a block is unlike the first": (
        DataError,
        lambda: encoded.encoded_rows([np.ones((2, 3)), np.ones((2, 4))]),
    ),
    "of arrays of numbers": (DataError, lambda: encoded.encoded_rows([np.array(["a", None])])),
    "there is no such folder": (
        ArgumentError,
        lambda: encoded.encoded_rows(blocks(), folder="/no/such/folder"),
    ),
}


@pytest.mark.parametrize("text", ERRORS)
def test_refused(text):
    kind, make = ERRORS[text]
    with pytest.raises(kind, match=text):
        make()


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="only Linux says it this way")
def test_reading_a_file_does_not_fill_the_memory(tmp_path):
    """Pages that were read go back; changes of a copy-on-write mapping stay."""
    from chainrule.data import source

    def shared():  # megabytes of file pages that count as the process's memory
        with open("/proc/self/statm") as file:
            return int(file.read().split()[2]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    rows = cr.data.encoded_rows(np.full((20_000, 100), k, np.float32) for k in range(10))
    before = shared()
    for _ in source(rows.x, batch_size=1000, block_rows=10_000, shuffle=False).chunks():
        pass
    assert shared() - before < 40  # of 80
    path = tmp_path / "a.npy"
    np.save(path, np.zeros((100, 2)))
    changed = np.load(path, mmap_mode="c")
    changed[:] = 7.0
    for chunk in source(changed, batch_size=10, shuffle=False).chunks():
        for x, _, _ in chunk.batches():
            assert (x == 7.0).all()
    assert (changed == 7.0).all()
