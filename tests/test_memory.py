"""What is used is given back, and what lies in a file stays there.

Memory is counted where it can be exactly: objects that live, arrays on the device, programs,
entries of caches. RssAnon (private memory, without the pages of files) is measured in a process of
its own. The long form is tests/soak_memory.py.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ArgumentError
from chainrule.layers import Dense, Layer
from chainrule.models import ready as models
from chainrule.training import devices
from chainrule.training.engines import xla

on_both = pytest.mark.parametrize("engine", ["numpy", "xla"])
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="RssAnon is Linux's")


def ones(rows, features=1):
    return np.ones((rows, features), "float32")


def dense(features=1):
    model = cr.Sequential([cr.Input((features,)), Dense(1)])
    model.compile("adam", "mse")
    return model


def use(model, engine, rows=4):
    x = ones(rows)
    model.fit(x, x, verbose=0, engine=engine)
    model.evaluate(x, x, verbose=0, engine=engine)
    model.predict(x, engine=engine)
    model.train_on_batch(x, x, engine=engine)


def living():
    """(layers, metrics, arrays on the device, compiled programs) in this process."""
    import jax

    gc.collect()
    objects = gc.get_objects()
    # by type: isinstance asks foreign objects for their class, and torch's answer with warnings
    kinds = [sum(issubclass(type(o), k) for o in objects) for k in (Layer, cr.metrics.Metric)]
    client = jax.devices()[0].client
    return [*kinds, len(jax.live_arrays()), len(client.live_executables())]


@pytest.mark.parametrize(("engine", "count"), [("numpy", 60), ("xla", 4)])
def test_models_leave_nothing_behind(engine, count):
    use(dense(), engine)  # what is made once
    before = living()
    alive = []
    for _ in range(count):
        model = dense()
        use(model, engine)
        alive += [weakref.ref(o) for o in (model, *model.variables, *model.optimizer.variables)]
    assert sum(ref() is not None for ref in alive) > 0
    del model
    after = living()
    assert not [ref() for ref in alive if ref() is not None]
    assert all(b <= a for a, b in zip(before, after, strict=True)), (before, after)


@on_both
def test_calls_on_batches_are_flat(engine):
    model, x = dense(8), ones(16, 8)

    def call(count):
        for _ in range(count):
            model.train_on_batch(x, x[:, :1], engine=engine)
            model.predict(x, engine=engine)
            model.test_on_batch(x, x[:, :1], engine=engine)
        gc.collect()
        return len(gc.get_objects()), living()[2:]

    call(20)
    objects, device = call(20)
    more_objects, more_device = call(150)
    assert more_objects - objects < 20
    assert all(b <= a for a, b in zip(device, more_device, strict=True))


def test_programs_of_a_changed_structure_are_dropped():
    model = cr.Sequential([cr.Input((1,)), Dense(2), Dense(1)])
    model.compile("adam", "mse")
    use(model, "xla")
    before = living()[3]
    for trainable in (False, True):
        model.layers[0].trainable = trainable
        use(model, "xla")
    assert living()[3] <= before
    assert len(model.__dict__["_tasks"]) <= 4


def test_tasks_are_bounded_while_settings_alternate():
    """The same structure, ever new optimizers: at most four tasks are kept."""
    model = dense()
    for _ in range(8):
        model.optimizer = cr.optimizers.SGD(0.1)
        model.train_on_batch(ones(4), ones(4), engine="numpy")
    assert len(model.__dict__["_tasks"]) <= 4


def test_a_power_of_two_rows_is_set_aside_as_it_is():
    for rows in (1 << 10, 1 << 15):
        assert devices.capacity(rows, 1000) == rows
        assert devices.capacity(rows + 1, 1000) == 2 * rows


@pytest.mark.parametrize("kind", ["programs of a step", "programs of a prediction"])
def test_ever_new_shapes_keep_few_programs(kind, monkeypatch):
    monkeypatch.setattr(xla, "PROGRAMS", 4)
    model = cr.Sequential([cr.Input((None, 1)), Dense(1)])
    model.compile("sgd", "mse")
    for n in range(1, 9):
        x = np.ones((2, n, 1), "float32")
        if kind == "programs of a prediction":
            model.predict(x, engine="xla")
        else:
            model.train_on_batch(np.ones((n, 2, 1), "float32"), np.ones((n, 2, 1)), engine="xla")
    if kind == "programs of a prediction":
        found = model.__dict__["_predictors"]["xla"]._programs
    else:
        (task,) = model.__dict__["_tasks"].values()
        found = task.programs
    assert len(found) == 4
    before = xla.compilations[0]
    if kind == "programs of a prediction":
        for n in (8, 5, 8):  # those that were used last are still there
            model.predict(np.ones((2, n, 1), "float32"), engine="xla")
    else:
        for n in (8, 5, 8):
            model.train_on_batch(np.ones((n, 2, 1), "float32"), np.ones((n, 2, 1)), engine="xla")
    assert xla.compilations[0] == before


def test_remembered_shapes_are_bounded(monkeypatch):
    monkeypatch.setattr(models, "SHAPES", 5)
    model = cr.Sequential([cr.Input((None, 1)), Dense(1)])
    for n in range(1, 30):
        assert model.predict(np.ones((1, n, 1), "float32"), engine="numpy").shape == (1, n, 1)
        assert len(model.__dict__["_specs"]) <= 5


def test_threads_that_are_no_more_leave_no_runs_behind():
    import threading

    model, x = dense(), ones(4)
    gates = [threading.Event() for _ in range(40)]

    def test(gate):
        model.test_on_batch(x, x, engine="numpy")
        gate.wait(30)  # they live at the same time, so that no number of a thread comes twice

    threads = [threading.Thread(target=test, args=(gate,)) for gate in gates]
    for t in threads:
        t.start()
    for gate in gates:
        gate.set()
    for t in threads:
        t.join(30)
    assert len(model.__dict__["_steppers"]) <= 16 + 1


def test_a_predictor_does_not_keep_old_weights():
    """On a change the copies on the device are replaced, and what is predicted is new."""
    model = dense()
    for value in (1.0, 2.0, 1.0):
        model.set_weights([np.full((1, 1), value), np.zeros(1)])
        for engine in ("numpy", "xla"):
            assert model.predict(ones(2), engine=engine).ravel().tolist() == [value, value]


# --- files ----------------------------------------------------------------------------------------

FIT = """
import gc, sys, threading
import numpy as np, chainrule as cr
engine, path, rows, block = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
def private():
    with open("/proc/self/status") as file:
        return int(next(line for line in file if line.startswith("RssAnon")).split()[1]) / 1e3
x, y = np.memmap(path, np.float32, "r", shape=(rows, 1000)), np.zeros((rows, 1), "float32")
model = cr.Sequential([cr.Input((1000,)), cr.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(np.zeros((100, 1000), "float32"), y[:100], batch_size=50, epochs=2, verbose=0, engine=engine)
data = x if not block else cr.data.source(x, y, batch_size=50, block_rows=block)
gc.collect()
before, most, over = private(), [0.0], threading.Event()
def watch():
    while not over.is_set():
        most[0] = max(most[0], private())
        over.wait(0.002)
thread = threading.Thread(target=watch)
thread.start()
if block:
    model.fit(data, verbose=0, engine=engine)
else:
    model.fit(data, y, batch_size=50, verbose=0, engine=engine)
over.set()
thread.join()
print(most[0] - before, int(model.optimizer.iterations))
"""


def growth(engine, path, rows, block, limit=120):
    """MB of private memory by which a fit of a file of (rows, 1000) float32 grew; its steps."""
    done = subprocess.run(
        [sys.executable, "-c", FIT, engine, str(path), str(rows), str(block)],
        capture_output=True, text=True, timeout=limit,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-800:]
    megabytes, steps = done.stdout.split()[-2:]
    return float(megabytes), int(steps)


@on_linux
@pytest.mark.parametrize(
    ("engine", "budget"),
    [("numpy", 20), ("xla", 60)],  # XLA's own pools and its copies of three blocks come on top
)
def test_a_file_of_200_mb_is_trained_on_in_little_memory(engine, budget, tmp_path):
    with open(tmp_path / "x", "wb") as file:
        file.truncate(200_000_000)  # sparse: it fills no disk
    megabytes, steps = growth(engine, tmp_path / "x", 50_000, 400)
    assert steps == 4 + 1000
    assert megabytes < budget


@on_both
def test_a_source_with_blocks_trains_as_the_array(engine, tmp_path):
    rng = np.random.default_rng(0)
    x = np.memmap(tmp_path / "x", np.float32, "w+", shape=(230, 3))
    x[:] = rng.normal(size=x.shape)
    y = np.array(x[:, :1]) * 2
    weights = []
    for given in (
        {"x": np.array(x), "y": y, "batch_size": 20},
        {"x": cr.data.source(x, y, batch_size=20, block_rows=65, shuffle=False)},
    ):
        model = dense(3)
        model.set_weights([np.ones((3, 1)), np.zeros(1)])
        model.fit(**given, epochs=2, shuffle=False, verbose=0, engine=engine)
        weights.append(model.get_weights())
    for a, b in zip(*weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_source_of_ones_own_is_shuffled_as_the_model_says(tmp_path):
    """Two models of one seed see one order, whenever the sources were made."""
    x = np.memmap(tmp_path / "x", np.float32, "w+", shape=(64, 1))
    x[:] = np.arange(64.0)[:, None]
    found = []
    for early in (True, False):
        source = cr.data.source(x, x, batch_size=4, block_rows=16) if early else None
        cr.utils.set_random_seed(3)
        model = dense()
        source = source or cr.data.source(x, x, batch_size=4, block_rows=16)
        found.append(model.fit(source, epochs=2, verbose=0, engine="numpy").history["loss"])
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("arguments", "name"),
    [({"batch_size": 0}, "batch_size"), ({"block_rows": 1.5}, "block_rows"),
     ({"steps": "x"}, "steps"), ({"block_rows": True}, "block_rows")],
)  # fmt: skip
def test_numbers_of_a_source_are_checked(arguments, name):
    with pytest.raises(ArgumentError, match=name):
        cr.data.source(ones(4), ones(4), **arguments)


@pytest.mark.parametrize(
    "more", [{"y": ones(8)}, {"batch_size": 4}, {"steps_per_epoch": 1}, {"validation_split": 0.5}]
)
def test_what_a_source_knows_already_is_refused_beside_it(more):
    with pytest.raises(ArgumentError, match=next(iter(more))):
        dense().fit(cr.data.source(ones(8), ones(8)), **more, verbose=0, engine="numpy")


class Sequence:
    def __init__(self, x, y, size):
        self.x, self.y, self.size = x, y, size

    def __len__(self):
        return -(-len(self.x) // self.size)

    def __getitem__(self, i):
        rows = slice(i * self.size, (i + 1) * self.size)
        return self.x[rows], self.y[rows]


def loader(x, y, size):
    data = pytest.importorskip("torch.utils.data", reason="torch is not installed here")
    import torch

    return data.DataLoader(
        data.TensorDataset(torch.from_numpy(x), torch.from_numpy(y)), batch_size=size
    )


def generator(x, y, size):
    while True:
        yield from Iterable(x, y, size)


class Iterable:
    """Can be iterated anew; has no length."""

    def __init__(self, x, y, size):
        self.batches = [(x[i : i + size], y[i : i + size]) for i in range(0, len(x), size)]

    def __iter__(self):
        return iter(self.batches)


@on_both
@pytest.mark.parametrize("kind", ["generator", "iterable", "Sequence", "DataLoader"])
def test_batches_of_any_kind_train_as_the_arrays(kind, engine):
    x = np.random.default_rng(0).normal(size=(22, 3)).astype("float32")
    y = x[:, :1] * 2
    make = {
        "generator": generator,
        "iterable": Iterable,
        "Sequence": Sequence,
        "DataLoader": loader,
    }
    weights = []
    for given in ({"x": x, "y": y, "batch_size": 4}, {"x": make[kind](x, y, 4)}):
        if kind == "generator" and "y" not in given:
            given["steps_per_epoch"] = 6
        model = dense(3)
        model.set_weights([np.ones((3, 1)), np.zeros(1)])
        model.fit(**given, epochs=2, shuffle=False, verbose=0, engine=engine)
        weights.append(model.get_weights())
    for a, b in zip(*weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
