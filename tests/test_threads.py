"""Threads and forks: whoever asks during a fit gets right figures, of one moment.

The model of these tests has weights that are equal to each other and whole numbers after every
step (−n after n steps), and its loss is 2·(−n) times the data: a torn read, a lost update or a step
on somebody else's rows shows in the figure itself. The long form is tests/soak_threads.py.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops
from chainrule.errors import ChainruleError, StateError
from chainrule.training.engines import base
from chainrule.training.engines.base import Run
from chainrule.variable import Variable, claim, put, release, snapshot

on_both = pytest.mark.parametrize("engine", ["numpy", "xla"])
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


def ones(rows, value=1.0):
    return np.full((rows, 1), value, "float32")


def slope(y_true, y_pred):
    """A loss whose gradient does not depend on the weights: the mean of the prediction."""
    return ops.mean(y_pred, axis=-1)


class Pair(cr.layers.Layer):
    """x·(mean a + mean b): on x = 1, `slope` and SGD(size) take exactly 1 from both, each step."""

    def __init__(self, size=64, **kwargs):
        super().__init__(**kwargs)
        self.size = size

    def build(self, input_shape):
        self.a = self.add_weight("a", (self.size,), "zeros")
        self.b = self.add_weight("b", (self.size,), "zeros")

    def call(self, x):
        return x * (ops.mean(self.a) + ops.mean(self.b))


def counter(size=64):
    model = cr.Sequential([cr.Input((1,)), Pair(size)])
    model.compile(cr.optimizers.SGD(float(size)), slope)
    return model


def whole(weights):
    """The number that all weights are, or a failure."""
    numbers = {float(v) for w in weights for v in np.unique(w)}
    assert len(numbers) == 1, f"torn: {sorted(numbers)[:4]}"
    return numbers.pop()


def taken(figure, scale, most):
    """How many steps were taken when this loss (or prediction) was computed: a whole number."""
    n = -figure / (2 * scale)
    assert abs(n - round(n)) < 1e-3, f"{figure} is of no moment"
    assert -1e-3 < n < most + 1e-3, f"{n} of {most} steps"
    return round(n)


def rounds(engine, count, folder, epochs=12):
    """`count` fits, each beside eight threads that use the model; how often each one came round."""
    came = dict.fromkeys(
        ["predict", "evaluate", "save", "get_weights", "predict 2", "evaluate 2", "train", "other"],
        0,
    )
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)  # they take turns often, so that what can be torn is torn
    try:
        for _ in range(count):
            _round(engine, folder, epochs, came)
    finally:
        sys.setswitchinterval(before)
    return came


def _round(engine, folder, epochs, came):
    model, loaded, other = counter(), counter(), counter()
    steps, over, errors = 8 * epochs, threading.Event(), []
    most = steps + 1  # train_on_batch may come right after the last step of the fit
    path = os.path.join(folder, f"{engine}.safetensors")
    figures = {"verbose": 0, "engine": engine}
    started = threading.Event()

    def predict(scale):
        found = model.predict(ones(5, scale), engine=engine)
        assert found.shape == (5, 1)
        assert np.unique(found).size == 1
        taken(float(found[0, 0]), scale, most)

    def evaluate(rows, scale):
        taken(model.evaluate(ones(rows, scale), ones(rows), batch_size=8, **figures), scale, most)

    def save():
        loaded.load_weights(model.save_weights(path))
        assert -whole(loaded.get_weights()) in range(most + 1)

    def get_weights():
        assert -whole(model.get_weights()) in range(most + 1)

    def train():
        if started.is_set() and not over.is_set():
            try:
                model.train_on_batch(ones(4), ones(4), engine=engine)
            except StateError as error:
                assert "is being trained by another fit" in str(error)  # noqa: PT017
                return
            assert over.is_set(), "train_on_batch went between the steps of a fit"

    def fit_another():
        n = -whole(other.get_weights())
        history = other.fit(ones(8), ones(8), batch_size=4, shuffle=False, **figures).history
        assert history["loss"] == [pytest.approx(-2 * n - 1, abs=1e-3)]
        assert -whole(other.get_weights()) == n + 2

    works = {
        "predict": lambda: predict(1.0),
        "evaluate": lambda: evaluate(19, 100.0),
        "save": save,
        "get_weights": get_weights,
        "predict 2": lambda: predict(3.0),
        "evaluate 2": lambda: evaluate(40, 7.0),
        "train": train,
        "other": fit_another,
    }

    def again(name, work):
        try:
            while not over.is_set():
                work()
                came[name] += 1
                over.wait(0.001)
        except BaseException as error:
            errors.append(error)

    def fit():
        hook = cr.callbacks.LambdaCallback(
            on_train_begin=lambda logs: started.set(), on_train_end=lambda logs: over.set()
        )
        try:
            x = ones(32)
            found = model.fit(x, x, batch_size=4, epochs=epochs, callbacks=[hook], **figures)
            mean = [-2 * (8 * epoch + 3.5) for epoch in range(epochs)]
            assert found.history["loss"] == pytest.approx(mean, rel=1e-6)
        except BaseException as error:
            errors.append(error)
        finally:
            over.set()

    works["evaluate"]()  # what is compiled, is compiled before they meet
    threads = [threading.Thread(target=again, args=item, daemon=True) for item in works.items()]
    threads.append(threading.Thread(target=fit, daemon=True))
    for t in threads:
        t.start()
    for t in threads:
        t.join(120)
    assert not any(t.is_alive() for t in threads), "a thread hangs"
    if errors:
        raise errors[0]
    late = -whole(model.get_weights()) - steps  # train_on_batch may come after the last step
    assert late in (0, 1)


@on_both
def test_eight_threads_during_fit(engine, tmp_path):
    came = rounds(engine, 2, tmp_path)
    assert all(came.values()), came


@on_both
def test_a_fit_that_begins_while_an_evaluation_ends_counts_its_own_rows(engine, monkeypatch):
    """It starts at the very moment in which the evaluation puts its figures back."""
    model, losses, threads, began = counter(), [], [], threading.Event()
    model.set_weights([np.ones(64, "float32")] * 2)
    put, reset = base.put, base.Run.reset

    def fit():
        figures = {"engine": engine, "verbose": 0, "batch_size": 32}
        losses.extend(model.fit(ones(32), ones(32), **figures).history["loss"])

    def put_while_a_fit_begins(variables, values):
        if not threads:
            threads.append(threading.Thread(target=fit, daemon=True))
            threads[0].start()
            began.wait(1.0)  # never set where the fit has to wait for the evaluation
        put(variables, values)

    def reset_and_say(run):
        reset(run)
        if threading.current_thread() in threads:
            began.set()

    monkeypatch.setattr(base, "put", put_while_a_fit_begins)
    monkeypatch.setattr(base.Run, "reset", reset_and_say)
    model.evaluate(ones(19, 100.0), ones(19), batch_size=19, engine=engine, verbose=0)
    threads[0].join(60)
    assert losses == [2.0]  # x·(1 + 1) on 32 rows, and nothing of the other 19


@on_both
def test_set_weights_during_fit_lands_whole_and_is_kept(engine):
    """Values above any that training reaches: each is seen whole, the last is trained on."""
    model, x, over, seen = counter(), ones(64), threading.Event(), []
    values = itertools.count(1)

    def put_weights():
        while not over.is_set():
            v = 4096.0 * next(values)
            model.set_weights([np.full(64, v, "float32")] * 2)
            assert whole(model.get_weights()) > 0
            over.wait(0.001)

    def look(batch, logs):
        seen.append(whole(model.get_weights()))

    hook = cr.callbacks.LambdaCallback(on_train_batch_end=look)
    thread = threading.Thread(target=put_weights, daemon=True)
    thread.start()
    try:
        model.fit(x, x, batch_size=1, epochs=2, callbacks=[hook], verbose=0, engine=engine)
    finally:
        over.set()
        thread.join(30)
    assert max(seen) >= 4096  # it landed
    assert whole(model.get_weights()) > 0  # and was not lost


@on_both
def test_what_is_set_during_fit_is_trained_on(engine):
    model = counter()

    def set_once(batch, logs):
        if batch == 2:
            values = [np.full(64, 100.0, "float32")] * 2
            thread = threading.Thread(target=model.set_weights, args=(values,))
            thread.start()
            thread.join(30)

    hook = cr.callbacks.LambdaCallback(on_train_batch_end=set_once)
    model.fit(ones(8), ones(8), batch_size=1, callbacks=[hook], verbose=0, engine=engine)
    assert whole(model.get_weights()) == 100 - 5  # three steps before it, five after


# --- the steps of a hand-over, each on its own ----------------------------------------------------


class Holding:
    """A holder that shows who asks it for what, and when."""

    active = True

    def __init__(self, values=None):
        self.values = values

    def pull(self, variables):
        assert self.values is not None, "asked before it had the values"
        return [self.values[v.name] for v in variables]

    def push(self, variables, values):
        if not self.active:
            return False
        self.values.update({v.name: x for v, x in zip(variables, values, strict=True)})
        return True


def pair():
    return [Variable(1.0, name="a"), Variable(2.0, name="b")]


def test_a_holder_has_the_values_before_anybody_asks_it():
    variables, holder, seen = pair(), Holding(), []

    def ready(values):
        seen.append([v.holder for v in variables])
        holder.values = dict(zip("ab", values, strict=True))

    claim(variables, holder, lambda v, h: True, ready)
    assert seen == [[None, None]]
    assert [v.holder for v in variables] == [holder, holder]
    assert [float(v) for v in variables] == [1, 2]


def test_a_refused_claim_changes_nothing():
    variables, first = pair(), Holding({"a": 5.0, "b": 6.0})
    claim(variables[1:], first, lambda v, h: True, lambda values: None)

    def refuse(variable, holder):
        raise StateError("no")

    with pytest.raises(StateError):
        claim(variables, Holding(), refuse, lambda values: pytest.fail("taken"))
    assert [v.holder for v in variables] == [None, first]


def test_a_holder_that_has_let_go_is_passed_over():
    """What is put then stays in the Variable, and a late release does not cover it."""
    variables, holder = pair(), Holding({"a": np.float32(1), "b": np.float32(2)})
    claim(variables, holder, lambda v, h: True, lambda values: None)
    holder.active = False
    put(variables, [np.float32(7), np.float32(8)])
    release(variables, holder, [np.float32(1), np.float32(2)])
    assert snapshot(variables) == [7, 8]


@on_both
def test_what_is_set_while_the_last_step_runs_is_kept(engine):
    """It comes after `settle` of that step: the end of the run takes it in."""
    model = counter()
    model.train_on_batch(ones(4), ones(4), engine=engine)  # builds the optimizer
    whole_run, end = [], Run.pause

    def pause(self):
        thread = threading.Thread(
            target=model.set_weights, args=([np.full(64, 9.0, "float32")] * 2,)
        )
        thread.start()
        thread.join(30)
        whole_run.append(thread.is_alive())
        end(self)

    Run.pause = pause
    try:
        model.train_on_batch(ones(4), ones(4), engine=engine)
        model.fit(ones(4), ones(4), verbose=0, engine=engine)
        assert whole(model.get_weights()) == 9
        Run.pause = end
        model.fit(ones(4), ones(4), verbose=0, engine=engine)
        model.train_on_batch(ones(4), ones(4), engine=engine)
    finally:
        Run.pause = end
    assert whole(model.get_weights()) == 9 - 2  # and does not come back over newer weights
    assert whole_run == [False, False]


@on_both
def test_a_late_reader_of_a_run_that_has_ended_gets_the_last_values(engine):
    model, held = counter(), []
    hook = cr.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: held.append(model.weights[0].holder)
    )
    model.fit(ones(8), ones(8), batch_size=4, callbacks=[hook], verbose=0, engine=engine)
    assert model.weights[0].holder is None
    assert whole(held[0].pull(model.weights)) == -2


def test_parts_are_found_while_another_thread_sets_attributes():
    model, over, errors = counter(), threading.Event(), []

    def look():
        try:
            while not over.is_set():
                assert len(model.layers[0].variables) == 2
                model.layers[0].changed()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=look, daemon=True)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread.start()
    try:
        for i in range(3000):
            setattr(model.layers[0], f"note_{i % 100}", i)
            if i % 100 == 99:
                for k in range(100):
                    delattr(model.layers[0], f"note_{k}")
    finally:
        sys.setswitchinterval(before)
        over.set()
        thread.join(30)
    assert not errors, errors[0]


# --- forks ----------------------------------------------------------------------------------------

FORK = """
import os, sys, threading, time, warnings
import numpy as np
import chainrule as cr
from chainrule.errors import ChainruleError
warnings.simplefilter("ignore")
engine, used = sys.argv[1], sys.argv[2]
x = np.ones((8, 2), "float32")
model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(1)])
model.compile("sgd", "mse")
go_on, inside = threading.Event(), threading.Event()
def wait(batch, logs):
    inside.set()
    go_on.wait(20)
def use(engine):
    model.fit(x, x[:, :1], verbose=0, engine=engine)
    model.predict(x, engine=engine)
    model.evaluate(x, x[:, :1], verbose=0, engine=engine)
    model.train_on_batch(x, x[:, :1], engine=engine)
    model.get_weights()
if used == "during fit":
    model.predict(x, engine="numpy")
    hook = cr.callbacks.LambdaCallback(on_train_batch_end=wait)
    fit = threading.Thread(target=lambda: model.fit(
        x, x[:, :1], callbacks=[hook], verbose=0, engine="numpy"), daemon=True)
    fit.start()
    inside.wait(20)
elif used != "import":
    use(used)
pid = os.fork()
if pid == 0:
    try:
        use(engine)
        said = "works"
    except ChainruleError as error:
        said = error.problem
    except BaseException as error:
        said = repr(error)
    print(said, flush=True)
    os._exit(0)
for _ in range(300):
    done, status = os.waitpid(pid, os.WNOHANG)
    if done:
        break
    time.sleep(0.1)
else:
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    print("hangs", flush=True)
go_on.set()
"""

REFUSED = "this process was forked from one that had used XLA, which does not survive a fork"


def python(code, *arguments, limit=90):
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=limit
    )
    assert done.returncode == 0, done.stderr[-800:]
    return done.stdout.splitlines()


@needs_fork
@pytest.mark.parametrize(
    ("used", "engine", "said"),
    [
        ("import", "numpy", "works"),
        ("import", "xla", "works"),
        ("numpy", "numpy", "works"),
        ("numpy", "xla", "works"),
        ("during fit", "numpy", "works"),
        ("xla", "numpy", "works"),
        ("xla", "auto", "works"),  # which is NumPy there
        ("xla", "xla", REFUSED),
    ],
)
def test_a_forked_child_works_or_says_why_not(used, engine, said):
    assert python(FORK, engine, used) == [said]


HELD = """
import os
from chainrule.variable import Variable, commits
import chainrule as cr, numpy as np, threading
v, inside, go_on = Variable(1.0), threading.Event(), threading.Event()
def hold():
    with commits():
        inside.set()
        go_on.wait(1.0)  # the fork waits for this
thread = threading.Thread(target=hold)
thread.start()
inside.wait()
pid = os.fork()
if pid == 0:
    reader = threading.Thread(target=lambda: print(cr.variable.snapshot([v])[0], flush=True), daemon=True)
    reader.start()
    reader.join(10)
    os._exit(reader.is_alive())
print("child", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


@needs_fork
def test_a_child_never_waits_for_a_lock_of_a_thread_that_is_gone():
    assert python(HELD) == ["1.0", "child 0"]


DRAWS = """
import os, sys
import chainrule as cr
from chainrule import rng
seed = sys.argv[1]
if seed != "none":
    cr.utils.set_random_seed(int(seed))
def draw():
    layer = cr.layers.Dense(2)
    layer.build((None, 2))
    print(layer.kernel.numpy().ravel().tolist(), rng.next_key().tolist(), flush=True)
def child(depth):
    pid = os.fork()
    if pid == 0:
        if depth:
            child(depth - 1)
        draw()
        os._exit(0)
    os.waitpid(pid, 0)
child(0)
child(1)
draw()
"""


@needs_fork
def test_children_draw_other_numbers_and_the_same_again_after_the_seed():
    first, again, other, free = (python(DRAWS, s) for s in ("5", "5", "6", "none"))
    assert len(set(first)) == len(first) == 4  # two children, a grandchild, the parent
    assert first == again
    assert not set(first) & {*other, *free}


def test_errors_of_a_second_fit_name_the_way_out():
    model, inside, go_on = counter(), threading.Event(), threading.Event()

    def wait(epoch, logs):
        inside.set()
        go_on.wait(30)

    hook = cr.callbacks.LambdaCallback(on_epoch_end=wait)
    thread = threading.Thread(
        target=lambda: model.fit(ones(4), ones(4), callbacks=[hook], verbose=0, engine="numpy")
    )
    thread.start()
    try:
        assert inside.wait(30)
        with pytest.raises(ChainruleError, match="deepcopy"):
            model.fit(ones(4), ones(4), verbose=0, engine="numpy")
        assert whole(model.get_weights()) == -1
    finally:
        go_on.set()
        thread.join(30)
