"""Readers of files, embedded and made-up data: right answers, and clear errors for wrong files."""

import contextlib
import functools
import gzip
import hashlib
import http.server
import importlib
import os
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chainrule import datasets
from chainrule.data import mnist
from chainrule.data.idx import read_idx, write_idx
from chainrule.data.tables import read_csv
from chainrule.errors import (
    ArgumentError,
    ChainruleError,
    DataError,
    FileError,
    MissingExtraError,
    UnknownNameError,
)

REAL = Path(__file__).parents[2] / "shared" / "data"
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason="needs the real data beside the checkout")
DTYPES = ["uint8", "int8", "int16", "int32", "float32", "float64"]
fuzz = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def text_of(kind, call, *args, **kwargs):
    with pytest.raises(kind) as caught:
        call(*args, **kwargs)
    return str(caught.value)


# ---- IDX


@pytest.mark.parametrize("end", ["", ".gz"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(7,), (3, 4), (0, 5), (1, 2, 3, 2), (1,) * 9])
def test_idx_gives_back_what_was_written(tmp_path, dtype, shape, end):
    path = tmp_path / ("a.idx" + end)
    array = (np.arange(np.prod(shape)) - 2).reshape(shape).astype(dtype)
    write_idx(path, array)
    back = read_idx(path)
    assert back.dtype == array.dtype
    assert back.dtype.isnative
    assert back.flags.writeable
    np.testing.assert_array_equal(back, array)
    write_idx(path, array.astype(array.dtype.newbyteorder(">")))  # replaces, any byte order
    np.testing.assert_array_equal(read_idx(path), array)
    assert os.listdir(tmp_path) == [path.name]


def test_idx_bytes_are_those_of_the_format(tmp_path):
    write_idx(tmp_path / "a", np.array([[1, -2]], np.int16))
    assert (tmp_path / "a").read_bytes() == bytes.fromhex("00000b02 00000001 00000002 0001 fffe")
    write_idx(tmp_path / "strided", np.arange(12, dtype=np.uint8).reshape(3, 4)[::-2, ::2])
    assert read_idx(tmp_path / "strided").tolist() == [[8, 10], [0, 2]]
    for name in "xy":
        write_idx(tmp_path / f"{name}.gz", np.zeros(9, np.uint8))
    assert (tmp_path / "x.gz").read_bytes() == (tmp_path / "y.gz").read_bytes()


def head(*shape, code=8):
    return struct.pack(f">HBB{len(shape)}I", 0, code, len(shape), *shape)


BAD_IDX = {
    "empty": (b"", "this is not an IDX file", "an empty file"),
    "magic": (b"\x89PNG" + bytes(20), "this is not an IDX file", "the bytes 89 50 4e 47"),
    "type": (head(2, code=7) + b"ab", "this is not an IDX file", "the bytes 00 00 07 01"),
    "no axes": (bytes([0, 0, 8, 0, 1]), "the number of axes is out of range", "0"),
    "axes": (bytes([0, 0, 8, 255]) + bytes(1020), "the number of axes is out of range", "255"),
    "cut header": (head(2, 2)[:-1], "the header is cut off", "11 bytes"),
    "short": (head(2, 3) + b"12345", "the file is not as long as its header says", "17 bytes"),
    "long": (head(2, 3) + b"1234567", "the file is not as long as its header says", "19 bytes"),
    "huge": (head(2**32 - 1, 2**32 - 1), "the array is larger than allowed", "promises 18,446,"),
    "huge but empty": (head(0, 2**32 - 1, 9), "the array is larger than allowed", "promises"),
}


@pytest.mark.parametrize("case", BAD_IDX)
def test_damaged_idx_says_what_was_expected_and_received(tmp_path, case):
    content, problem, received = BAD_IDX[case]
    path = tmp_path / "bad.idx"
    path.write_bytes(content)
    message = text_of(FileError, read_idx, path)
    assert message.startswith(f"{path}: {problem}\n  expected: ")
    assert f"\n  received: {received}" in message or received in message.split("received:")[1]
    path.write_bytes(gzip.compress(content))
    assert "\n  expected: " in text_of(FileError, read_idx, path)


def test_the_whole_message(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.idx").write_bytes(head(2, 3) + b"12345")
    assert text_of(FileError, read_idx, "a.idx") == (
        "a.idx: the file is not as long as its header says\n"
        "  expected: 18 bytes, for uint8 of shape (2, 3)\n"
        "  received: 17 bytes\n"
        "  fix: get the file again from where it came from"
    )
    Path("a.idx").write_bytes(gzip.compress(head(2, 3) + b"12345"))
    assert "a.idx: the file ends too early" in text_of(FileError, read_idx, "a.idx")
    Path("a.idx").write_bytes(gzip.compress(head(2, 3) + b"1234567"))
    assert "a.idx: the file goes on after its array" in text_of(FileError, read_idx, "a.idx")
    Path("a.idx").write_bytes(gzip.compress(head(1) + b"1")[:-6] + b"xxxxxx")
    assert "a.idx: the file cannot be read" in text_of(FileError, read_idx, "a.idx")
    Path("a.idx").write_bytes(head(1) + b"1")
    message = text_of(FileError, read_idx, "a.idx", sha256="ab" * 32)
    assert "the content is not the one that was published" in message
    assert "expected: SHA-256 abab" in message
    assert read_idx("a.idx", sha256=hashlib.sha256(head(1) + b"1").hexdigest().upper()) == [49]
    assert "at most 0 bytes" in text_of(FileError, read_idx, "a.idx", max_bytes=0)


def test_things_that_are_no_files(tmp_path):
    assert "there is no such file" in text_of(FileError, read_idx, tmp_path / "none")
    assert "received: a folder" in text_of(FileError, read_idx, tmp_path)
    for odd in (None, 7, "nul\0byte", "a" * 5000):
        text_of(FileError, read_idx, odd)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        assert "a pipe" in text_of(FileError, read_idx, tmp_path / "pipe")
    text_of(FileError, write_idx, tmp_path / "no" / "folder", np.zeros(1, np.uint8))
    assert "0-d" not in text_of(ArgumentError, write_idx, tmp_path / "x", np.uint8(1))
    assert os.listdir(tmp_path) in ([], ["pipe"])


@pytest.mark.parametrize("honest", [False, True])
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, honest):
    """64 MB of zeros in 64 kB: with a header that promises 10 bytes, and one that says it all."""
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(head(1 << 26 if honest else 10) + bytes(1 << 26), 9))
    tracemalloc.start()
    begin = time.perf_counter()
    text_of(FileError, read_idx, path, max_bytes=1 << 20)
    seconds, peak = time.perf_counter() - begin, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seconds < 0.5
    assert peak < 4 << 20


def test_a_small_gzip_cannot_claim_memory(tmp_path):
    (tmp_path / "liar.gz").write_bytes(gzip.compress(head(1 << 29)))
    tracemalloc.start()
    message = text_of(FileError, read_idx, tmp_path / "liar.gz")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "received: at most" in message
    assert peak < 4 << 20


def only_file_errors(path, content):
    path.write_bytes(content)
    with contextlib.suppress(FileError):
        assert read_idx(path, max_bytes=1 << 20).nbytes <= 1 << 20


@fuzz
@given(
    st.one_of(
        st.binary(max_size=200),
        st.binary(max_size=200).map(lambda b: b"\x1f\x8b" + b),
        st.binary(max_size=60).map(lambda b: b"\0\0\x08\x02" + b),
        st.binary(max_size=60).map(lambda b: gzip.compress(b"\0\0\x0d\x01" + b)),
    )
)
def test_random_bytes_raise_nothing_but_file_errors(tmp_path, content):
    only_file_errors(tmp_path / "f", content)


SAMPLE = head(4, 9, code=0x0C) + bytes(range(144))


@fuzz
@given(st.data(), st.sampled_from([SAMPLE, gzip.compress(SAMPLE)]))
def test_mutations_and_truncations_raise_nothing_but_file_errors(tmp_path, data, content):
    content = bytearray(content)
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    only_file_errors(tmp_path / "f", bytes(content[: data.draw(st.integers(0, len(content)))]))


def test_every_truncation_is_detected(tmp_path):
    for content in (SAMPLE, gzip.compress(SAMPLE)):
        for length in range(len(content)):
            (tmp_path / "f").write_bytes(content[:length])
            text_of(FileError, read_idx, tmp_path / "f")


# ---- CSV


def csv(tmp_path, content, **arguments):
    path = tmp_path / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_csv(path, **arguments)


def test_numbers_text_and_header(tmp_path):
    table = csv(tmp_path, '\ufeffa, "b,b",c\n1,red,0.5\n\n-2e1, blue ,1.5\r\n3,red,2.5\n')
    assert table.feature_names == ["a", "b,b=blue", "b,b=red"]
    assert table.x.tolist() == [[1, 0, 1], [-20, 1, 0], [3, 0, 1]]
    assert (table.x.dtype, table.y.dtype) == (np.float32, np.float32)
    assert table.y.tolist() == [0.5, 1.5, 2.5]
    assert table.class_names is None
    assert table.numeric.tolist() == [True, False, False]
    assert repr(table) == "Table: 3 rows, 3 features, values"


def test_targets(tmp_path):
    rows = "1,5,10\n2,5.0,7\n3,+5,10\n4,-1,7\n"
    table = csv(tmp_path, rows)
    assert (table.class_names, table.y.tolist()) == (["7", "10"], [1, 0, 1, 0])
    assert table.y.dtype == np.int32
    table = csv(tmp_path, rows, target="x2")
    assert (table.class_names, table.y.tolist()) == (["-1", "5"], [1, 1, 1, 0])
    assert table.feature_names == ["x1", "x3"]
    assert csv(tmp_path, rows, classes=False).y.tolist() == [10, 7, 10, 7]
    assert csv(tmp_path, rows, target=0).class_names is None  # four values in four rows
    assert csv(tmp_path, rows, target=0, classes=True).class_names == ["1", "2", "3", "4"]
    table = csv(tmp_path, rows, target=None, categorical=["x3", 1])
    assert table.y is None
    assert table.feature_names == ["x1", "x2=-1", "x2=5", "x3=7", "x3=10"]


def test_a_test_file_read_like_its_training_file(tmp_path):
    train = csv(tmp_path, "1,red,no\n2,blue,yes\n")
    table = csv(tmp_path, "9,blue,yes.\n", like=train)
    assert table.x.tolist() == [[9, 1, 0]]
    assert (table.y.tolist(), table.class_names) == ([1], ["no", "yes"])
    where = f"{tmp_path / 't.csv'}, line 1, column 2 ('x2'): "
    assert text_of(DataError, csv, tmp_path, "9,green,no\n", like=train) == (
        where + "this category does not occur in the training table\n"
        "  expected: one of blue, red\n  received: 'green'\n"
        "  fix: correct the cell, or remove the row"
    )
    assert "the columns differ" in text_of(DataError, csv, tmp_path, "9,no\n", like=train)


MISSING = "1,2,a\n3,?,b\n,5,a\n7,8,b\n"
BAD_CSV = {
    "missing": (MISSING, {}, "line 2, column 2 ('x2'): a cell is missing", 'missing="drop"'),
    "ragged": ("a,b\n1,2\n3\n", {}, "line 3: the row has a different length", "1 cell: '3'"),
    "typo": (
        "a,b\n1,2\n3.x,4\n5,6\n",
        {},
        "line 3, column 1 ('a'): the column holds both numbers and text",
        "expected: such as '1' in line 2\n  received: '3.x'",
    ),
    "odd number": ("u,1\nv,2\n3,3\n", {"header": False}, "line 3, column 1 ('x1')", "'3'"),
    "nan": ("1,2\nnan,4\n5,6\n", {}, "line 2, column 1 ('x1')", "received: 'nan'"),
    "overflow": ("1,2\n1e39,4\n", {}, "line 2, column 1 ('x1'): the cell is not a finite", "'1e39'"),
    "underscore": ("1,2\n3,4\n1_0,4\n", {}, "line 3, column 1 ('x1')", "'1_0'"),
    "quote": ('1,2\n"3,4\n', {}, "line 2: a quote is opened and never closed", "close the quote"),
    "empty": ("\n\n", {}, "t.csv: the file is empty", "received: 0"),
    "no rows": ("a,b\n", {"header": True}, "t.csv: the file has no rows of data", "expected"),
    "no header": ("a,b\nc,d\n", {}, "line 1: nothing tells whether", "fix: say header=True or"),
    "same names": ("a,a,b\n1,2,3\n", {}, "line 1, column 2: two columns have the same name", "'a'"),
    "semicolons": ("a;b\n1;2\n", {}, "line 1: there is only one column", 'delimiter=";"'),
    "one column": ("1\n2\n3\n", {}, "t.csv: the table has no features", "3 rows of 0"),
    "long line": ("1" * (1 << 20) + ",2\n", {}, "line 1, column 1 ('x1'): the cell is not a finite", "'11111"),
    "wide": ("1," * 20_001 + "2\n", {}, "there are too many columns", "20,002"),
    "text target": ("1,a\n2,b\n", {"classes": False}, "line 1, column 2 ('x2')", "classes=True"),
    "free text": (
        "".join(f"word{i},{i}\n" for i in range(300)),
        {},
        "column 1 ('x1') has too many different values",
        "at most 256",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_CSV)
def test_bad_csv_names_file_row_and_column(tmp_path, case):
    content, arguments, *parts = BAD_CSV[case]
    message = text_of(DataError, csv, tmp_path, content, **arguments)
    assert message.startswith(str(tmp_path / "t.csv"))
    for part in parts:
        assert part in message


def test_missing_cells_whole_message_and_drop(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("m.csv").write_text(MISSING)
    assert text_of(DataError, read_csv, "m.csv") == (
        "m.csv, line 2, column 2 ('x2'): a cell is missing\n"
        "  expected: a value\n  received: '?'\n"
        '  fix: fill it in, or leave such rows out with missing="drop"'
    )
    table = read_csv("m.csv", missing="drop")
    assert (table.x.tolist(), table.dropped) == ([[1, 2], [7, 8]], 2)


def test_csv_files_and_arguments(tmp_path):
    for odd in (tmp_path, tmp_path / "none", 0, None, "nul\0byte"):
        text_of(FileError, read_csv, odd)
    assert "not UTF-8" in text_of(FileError, csv, tmp_path, b"1,2\n\xff,3\n")
    assert "at most 4 bytes" in text_of(FileError, csv, tmp_path, "1,2\n3,4\n", max_bytes=4)
    for wrong in (
        {"target": "z"}, {"target": 2}, {"target": 1.5}, {"categorical": ["z"]}, {"header": "yes"},
        {"classes": "no"}, {"missing": "mean"}, {"delimiter": ", "}, {"delimiter": "\n"},
    ):  # fmt: skip
        text_of(ArgumentError, csv, tmp_path, "1,2\n3,4\n", **wrong)


@fuzz
@given(
    st.one_of(
        st.binary(max_size=120),
        st.text('0123.,;e-"\n\r x?', max_size=120).map(str.encode),
    )
)
def test_random_csv_raises_nothing_but_our_errors(tmp_path, content):
    try:
        table = csv(tmp_path, content, missing="drop")
    except (FileError, DataError):
        return
    assert np.isfinite(table.x).all()
    assert len(table.x) == len(table.y)


# ---- made-up data

SETS = [datasets.moons, datasets.circles, datasets.spirals, datasets.blobs, datasets.xor,
        datasets.plane, datasets.players, functools.partial(datasets.gate, "xor")]  # fmt: skip


@pytest.mark.parametrize("make", SETS, ids=lambda f: getattr(f, "__name__", "gate"))
def test_every_set_keeps_the_contract(make):
    x, y = make(n=101, noise=0.1, seed=3)
    assert (x.shape, x.dtype, y.shape) == ((101, 2), np.float32, (101,))
    assert y.dtype == (np.float32 if make is datasets.plane else np.int32)
    again, other = make(n=101, noise=0.1, seed=3), make(n=101, noise=0.1, seed=4)
    np.testing.assert_array_equal(x, again[0])
    np.testing.assert_array_equal(y, again[1])
    assert not np.array_equal(x, other[0])
    if y.dtype == np.int32:
        assert set(y.tolist()) == set(range(y.max() + 1))
    for wrong in (
        {"n": 1}, {"n": 2.5}, {"n": 10**9}, {"seed": -1}, {"seed": "a"}, {"noise": -1},
        {"noise": np.nan}, {"noise": np.inf},
    ):  # fmt: skip
        assert f"{next(iter(wrong))} is out of range\n  expected" in text_of(
            ArgumentError, make, **wrong
        )


def test_geometry_without_noise():
    x, y = datasets.circles(n=400, noise=0, factor=0.3)
    np.testing.assert_allclose(np.hypot(*x.T), np.where(y == 0, 1, 0.3), rtol=1e-6)
    x, y = datasets.moons(n=400, noise=0)
    centre = np.where(y[:, None] == 0, [0, 0], [1, 0.5])
    np.testing.assert_allclose(np.hypot(*(x - centre).T), 1, rtol=1e-5)
    assert (x[y == 0, 1] >= -1e-6).all()
    assert (x[y == 1, 1] <= 0.5 + 1e-6).all()
    x, y = datasets.spirals(n=300, noise=0, classes=3, turns=1.0)
    radius = np.hypot(*x.T)
    turn = np.exp(2j * np.pi * (radius + y / 3))
    np.testing.assert_allclose(x[:, 0] + 1j * x[:, 1], radius * turn, atol=1e-5)
    x, y = datasets.blobs(n=5, noise=0, classes=5)
    np.testing.assert_allclose(np.angle(x @ [1, 1j]) % (2 * np.pi), 2 * np.pi * y / 5, atol=1e-6)
    x, y = datasets.plane(n=50, noise=0, weights=(3, 4), bias=-1)
    np.testing.assert_allclose(y, x @ [3, 4] - 1, rtol=1e-4, atol=1e-6)


def test_noise_is_the_standard_deviation():
    x, y = datasets.circles(n=20_000, noise=0.1)
    clean, label = datasets.circles(n=20_000, noise=0)
    assert np.hypot(*x[y == 0].T).std() == pytest.approx(0.1, rel=0.05)
    np.testing.assert_array_equal(np.bincount(y), np.bincount(label))
    assert np.abs(clean).max() <= 1


GATES = {"and": [0, 0, 0, 1], "OR": [0, 1, 1, 1], "xor": [0, 1, 1, 0], "nand": [1, 1, 1, 0]}


@pytest.mark.parametrize(("name", "table"), GATES.items())
def test_gates(name, table):
    x, y = datasets.gate(name)
    assert x.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert y.tolist() == table
    assert datasets.gate(name, n=6)[1].tolist() == table + table[:2]


def test_an_unknown_gate():
    assert "did you mean 'nand'?" in text_of(ArgumentError, datasets.gate, "nande")


# ---- digits and MNIST


def test_digits():
    (x, y), (x_test, y_test) = datasets.digits.load_data()
    assert (x.shape, y.shape, x_test.shape) == ((1437, 8, 8), (1437,), (360, 8, 8))
    assert (x.dtype, y.dtype) == (np.uint8, np.uint8)
    everything = np.bincount(np.concatenate([y, y_test]))
    assert everything.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert np.abs(np.bincount(y_test) / everything - 0.2).max() < 0.01
    assert int(x.sum()) + int(x_test.sum()) == 561718
    folder = Path(datasets.digits.__file__).parent
    assert (folder / "digits.idx.gz").stat().st_size < 100_000
    license = (folder / "digits.LICENSE.md").read_text(encoding="utf-8")
    assert "CC BY 4.0" in license
    assert (
        hashlib.sha256(gzip.decompress((folder / "digits.idx.gz").read_bytes())).hexdigest()
        in license
    )


@needs_real
def test_real_mnist(monkeypatch, tmp_path):
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path))
    monkeypatch.setenv("CHAINRULE_DATA", str(REAL))
    (x, y), (x_test, y_test) = datasets.mnist.load_data("mnist.npz")
    assert (x.shape, y.shape) == ((60000, 28, 28), (60000,))
    assert (x_test.shape, y_test.shape) == ((10000, 28, 28), (10000,))
    assert {a.dtype for a in (x, y, x_test, y_test)} == {np.dtype(np.uint8)}
    assert y[:5].tolist() == [5, 0, 4, 1, 9]
    assert x.mean() / 255 == pytest.approx(0.1306604762738429)
    ready = datasets.load("mnist", path=REAL / "mnist")
    assert (ready.x_train.dtype, ready.x_train.max(), ready.y_train.dtype) == (
        np.float32, 1, np.int32,
    )  # fmt: skip


@pytest.fixture
def small(monkeypatch, tmp_path):
    """A cache of its own, nothing in the environment, and an MNIST of nine images."""
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CHAINRULE_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "*")
    served = tmp_path / "served"
    served.mkdir()
    table = {}
    for name in mnist._FILES:
        count = 6 if "train" in name else 3
        shape = (count, 4, 4) if "images" in name else (count,)
        array = np.random.default_rng(count).integers(0, 10, shape).astype(np.uint8)
        write_idx(served / f"{name}.gz", array)
        packed = (served / f"{name}.gz").read_bytes()
        content = hashlib.sha256(gzip.decompress(packed)).hexdigest()
        table[name] = (content, hashlib.sha256(packed).hexdigest(), len(packed))
    monkeypatch.setattr(mnist, "_FILES", table)
    return served


@pytest.fixture
def server(small, monkeypatch):
    """The small MNIST on a local HTTP server; gives the list of requested paths."""
    pytest.importorskip("pooch", reason="downloads need pooch")
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            asked.append(self.path)

        def handle(self):
            with contextlib.suppress(ConnectionError):  # the client stops reading on purpose
                super().handle()

    make = functools.partial(Handler, directory=str(small))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), make) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        monkeypatch.setattr(mnist, "_MIRRORS", (f"http://127.0.0.1:{listening.server_port}/",))
        yield asked
        listening.shutdown()
        thread.join()


def test_download_then_cache(small, server):
    (x, y), (x_test, _) = datasets.load_mnist()
    assert (x.shape, y.shape, x_test.shape) == ((6, 4, 4), (6,), (3, 4, 4))
    assert sorted(server) == sorted(f"/{name}.gz" for name in mnist._FILES)
    server.clear()
    np.testing.assert_array_equal(datasets.load_mnist()[0][0], x)
    assert server == []


def test_a_wrong_checksum_is_refused(small, server, tmp_path):
    path = small / "t10k-labels-idx1-ubyte.gz"
    content = bytearray(path.read_bytes())
    content[4] ^= 1  # the time in gzip's header: the array inside is the same
    path.write_bytes(content)
    message = text_of(FileError, datasets.load_mnist)
    assert "could not be downloaded" in message
    assert "does not match the known hash" in message
    assert "t10k-labels-idx1-ubyte.gz" not in os.listdir(tmp_path / "cache" / "mnist")


def test_a_download_stops_at_its_size(small, server):
    with open(small / "train-images-idx3-ubyte.gz", "ab") as file:
        file.write(bytes(32 << 20))
    assert "the file is longer than" in text_of(FileError, datasets.load_mnist)


def test_offline_says_where_the_files_go(small, server, tmp_path, monkeypatch):
    monkeypatch.setattr(mnist, "_MIRRORS", ("http://127.0.0.1:9/",))  # nobody listens
    message = text_of(FileError, datasets.load_mnist)
    assert message.startswith(
        "load_mnist: MNIST is not on this machine and could not be downloaded"
    )
    for part in (*mnist._FILES, str(tmp_path / "cache" / "mnist"), "CHAINRULE_DATA"):
        assert part in message


def test_without_pooch(small, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    message = text_of(MissingExtraError, datasets.load_mnist)
    assert 'pip install "chainrule[data]"' in message
    assert "CHAINRULE_DATA" in message


def test_local_files_spellings_and_order(small, tmp_path, monkeypatch):
    monkeypatch.setattr(mnist, "_download", lambda cache: pytest.fail("downloads"))
    plain = tmp_path / "data" / "mnist"
    plain.mkdir(parents=True)
    for name in mnist._FILES:
        spelled = name.replace("-idx", ".idx")
        (plain / spelled).write_bytes(gzip.decompress((small / f"{name}.gz").read_bytes()))
    first = datasets.load_mnist(plain)
    for folder in (small, tmp_path / "data"):
        np.testing.assert_array_equal(datasets.load_mnist(folder)[1][0], first[1][0])
    monkeypatch.setenv("CHAINRULE_DATA", str(tmp_path / "data"))
    assert len(datasets.load_mnist()[0][0]) == 6
    (plain / "t10k-labels.idx1-ubyte").unlink()
    message = text_of(FileError, datasets.load_mnist)
    assert "received: 3 of them; missing: t10k-labels-idx1-ubyte" in message
    assert "(named by CHAINRULE_DATA)" in message
    monkeypatch.setenv("CHAINRULE_DATA", str(tmp_path / "nowhere"))
    assert "received: no such folder" in text_of(FileError, datasets.load_mnist)
    monkeypatch.delenv("CHAINRULE_DATA")
    cache = tmp_path / "cache" / "mnist"
    cache.parent.mkdir()
    small.rename(cache)
    assert len(datasets.load_mnist()[0][0]) == 6
    write_idx(cache / "train-labels-idx1-ubyte.gz", np.zeros(6, np.uint8))
    assert "not the one that was published" in text_of(FileError, datasets.load_mnist)


def test_images_and_labels_must_agree(small):
    write_idx(small / "train-labels-idx1-ubyte.gz", np.zeros(5, np.uint8))
    message = text_of(FileError, datasets.load_idx_folder, small)
    assert "images and labels do not belong together" in message
    assert "received: train: images (6, 4, 4), labels (5,) of type uint8" in message
    write_idx(small / "train-labels-idx1-ubyte.gz", np.zeros(6, np.uint8))
    write_idx(small / "t10k-images-idx3-ubyte.gz", np.zeros((3, 5, 5), np.uint8))
    assert "differ in shape" in text_of(FileError, datasets.load_idx_folder, small)


# ---- the catalog


@pytest.mark.parametrize("name", [name for name in datasets.names if name != "mnist"])
def test_every_named_set(name):
    data = datasets.load(name, seed=1)
    for x, y in ((data.x_train, data.y_train), (data.x_test, data.y_test)):
        assert (x.dtype, x.shape) == (np.float32, (len(y), *data.feature_shape))
        assert np.isfinite(x).all()
        assert y.dtype == (np.int32 if data.class_names else np.float32)
        if data.class_names:
            assert set(y.tolist()) == set(range(len(data.class_names)))
    assert data.name == name
    assert min(len(data.description), len(data.source), len(data.scale)) > 3
    assert name in repr(data)
    again = datasets.load(name, seed=1)
    np.testing.assert_array_equal(again.x_test, data.x_test)
    if len(data.x_train) > 4:
        assert len(data.x_test) / (len(data.x_train) + len(data.x_test)) == pytest.approx(
            0.2, abs=0.01
        )


def test_a_data_set_knows_its_scaling(tmp_path, small):
    pixels, _ = datasets.load_digits()[0]
    digits = datasets.load("digits")
    scaling = digits.schema.scaling
    assert (scaling.divide_by, scaling.mean, digits.schema.columns) == (16, None, None)
    np.testing.assert_array_equal(digits.x_train * np.float32(16), pixels)
    assert datasets.load(small).schema.scaling.divide_by == 255
    assert datasets.load("moons").schema.scaling.divide_by == 1
    rows = "".join(f"{i},{'uv'[i % 2]},{i % 3}\n" for i in range(50))
    (tmp_path / "t.csv").write_text("size,colour,kind\n" + rows)
    data, table = datasets.load(tmp_path / "t.csv"), read_csv(tmp_path / "t.csv")
    schema, scaling = data.schema, data.schema.scaling
    assert [c.name for c in schema.columns] == ["size", "colour", "kind"]
    assert schema.columns[1].categories == ["u", "v"]
    assert schema.target is schema.columns[2]
    assert schema.feature_names == ["size", "colour=u", "colour=v"]
    assert (scaling.mean[1:].tolist(), scaling.std[1:].tolist()) == ([0, 0], [1, 1])
    back = np.concatenate([data.x_train, data.x_test]) * scaling.std + scaling.mean
    np.testing.assert_allclose(sorted(back[:, 0]), table.x[:, 0], atol=1e-5)


def test_named_sets_are_listed():
    names = "digits mnist iris players moons circles spirals blobs xor plane and or nand"
    assert list(datasets.names) == names.split()
    assert datasets.load("digits").x_train.max() == 1


def test_unknown_names_and_paths(tmp_path):
    assert text_of(UnknownNameError, datasets.load, "digit") == (
        "unknown data set 'digit'\n  fix: did you mean 'digits'?"
    )
    assert "no such folder or file" in text_of(FileError, datasets.load, "some/folder")
    assert "no such folder or file" in text_of(FileError, datasets.load, "mine.csv")
    assert "nothing in this folder" in text_of(FileError, datasets.load, tmp_path)
    assert "target is only for CSV" in text_of(ArgumentError, datasets.load, "moons", target=0)
    text_of(ArgumentError, datasets.load, "moons", seed=-1)


def test_own_folders(tmp_path, small):
    rows = "".join(f"{i},{'uv'[i % 2]},7,{'no' if i < 30 else 'yes'}\n" for i in range(50))
    (tmp_path / "train.csv").write_text(rows)
    data = datasets.load("mine", path=tmp_path)
    assert repr(data) == "Dataset 'mine': 40 + 10 examples of shape (4,), 2 classes"
    assert np.bincount(data.y_test).tolist() == [6, 4]
    everything = np.concatenate([data.x_train, data.x_test])
    assert data.x_train[:, 0].std() == pytest.approx(1, rel=1e-5)
    assert set(everything[:, 1:3].ravel().tolist()) == {0.0, 1.0}
    assert not everything[:, 3].any()  # a constant column
    (tmp_path / "test.csv").write_text("100,v,7,yes\n")
    data = datasets.load(tmp_path)
    assert (len(data.x_train), len(data.x_test)) == (50, 1)
    assert data.x_test[0].tolist() == pytest.approx([(100 - 24.5) / np.arange(50).std(), 0, 1, 0])
    assert datasets.load(tmp_path / "train.csv", seed=5, target=0).class_names is None
    (tmp_path / "test.csv").write_text("1,2,3,4\n")
    (tmp_path / "few.csv").write_text("1,2\n3,4\n")
    assert "too few rows" in text_of(DataError, datasets.load, tmp_path / "few.csv")
    images = datasets.load(small)
    assert (images.feature_shape, len(images.x_test)) == ((4, 4), 3)


@needs_real
def test_real_tables():
    bank = read_csv(REAL / "tabular" / "banknote_authentication.csv")
    assert (bank.x.shape, bank.class_names, bank.y.sum()) == ((1372, 4), ["0", "1"], 610)
    wine = read_csv(REAL / "tabular" / "winequality-red.csv")
    assert wine.class_names == list("345678")
    assert np.bincount(wine.y).tolist() == [10, 53, 681, 638, 199, 18]
    data = datasets.load(REAL / "tabular" / "winequality-red.csv", classes=False)
    assert data.class_names is None
    np.testing.assert_allclose(data.x_train.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(data.x_train.std(0), 1, atol=1e-5)


@needs_real
def test_real_adult():
    path = REAL / "tabular" / "adult-train.csv"
    assert "line 15, column 14 ('x14'): a cell is missing" in text_of(DataError, read_csv, path)
    train = read_csv(path, missing="drop")
    assert (train.x.shape, train.dropped) == ((30162, 104), 2399)
    test = read_csv(REAL / "tabular" / "adult-test.csv", missing="drop", like=train)
    assert (test.x.shape, test.class_names) == ((15060, 104), ["<=50K", ">50K"])
    assert test.y.mean() == pytest.approx(3700 / 15060)
    np.testing.assert_array_equal(test.x[:, ~train.numeric].sum(1), 8)


# ---- the floor


def test_the_floor_stands_on_little():
    code = (
        "import sys, chainrule.datasets; "
        "heavy = {'csv', 'gzip', 'hashlib', 'pooch', 'requests', 'jax'} & set(sys.modules);"
        "print(sorted(heavy))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "module", ["idx", "tables", "schema", "synthetic", "digits", "mnist", "catalog"]
)
def test_every_public_function_has_an_example(module):
    found = importlib.import_module(f"chainrule.data.{module}")
    for name in found.__all__:
        part = getattr(found, name)
        if callable(part) and name[0].islower() and name not in ("load_idx_folder", "idx_files"):
            assert ">>> " in part.__doc__, name
    assert issubclass(FileError, ChainruleError)
