"""Resume: a fit that was interrupted anywhere ends as one that was not, bit for bit."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

import chainrule as cr
import soak
from chainrule import errors, storage
from chainrule.training import checkpoint, state

# equal bits are a claim about the programs that users have
pytestmark = pytest.mark.usefixtures("as_users_compile")
on_both = pytest.mark.parametrize("engine", ["numpy", "xla"])


class Killed(BaseException):
    """Ends a fit where it stands; what it has in memory is lost, as the model is made anew."""


@pytest.fixture
def kill(monkeypatch):
    """`kill(n)` ends the next fit after n events that its checkpoint has seen; None lets it run.

    `kill(f)` does when f(checkpoint) is true.
    """
    after = checkpoint.Checkpoint.after

    def arm(when):
        seen = [0]

        def dying(self, event):
            after(self, event)
            seen[0] += 1
            if when(self) if callable(when) else seen[0] == when:
                raise Killed

        monkeypatch.setattr(checkpoint.Checkpoint, "after", dying)

    return arm


def data(rows=23):
    rng = np.random.default_rng(4)
    x = rng.normal(size=(rows, 3)).astype("float32")
    return x, np.sin(x[:, :1]) + 0.1 * rng.normal(size=(rows, 1)).astype("float32")


def model_of(optimizer=None, metrics=("mae",), units=8, rate=0.3, seed=3):
    cr.utils.set_random_seed(seed)
    model = cr.Sequential(
        [
            cr.Input((3,)),
            cr.layers.Dense(units, "tanh"),
            cr.layers.Dropout(rate),
            cr.layers.Dense(1),
        ]
    )
    model.compile(optimizer or cr.optimizers.Adam(0.05), "mse", metrics=list(metrics))
    return model


def everything(model):
    """All values of a model, its optimizer included."""
    found = [np.array(v) for v in model.optimizer.variables]
    return [*model.get_weights(), *found, model.shuffle_key.numpy()]


def same(model, other):
    for mine, its in zip(everything(model), everything(other), strict=True):
        np.testing.assert_array_equal(mine, its)


# --- in a process of its own, killed -------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="kills with SIGKILL")
@on_both
@pytest.mark.parametrize(
    ("recipe", "moments"),
    [
        # 14 steps an epoch, checkpoints every 5, models every 9
        pytest.param("callbacks", [3, 9, 10, 27], id="first-epoch,same-epoch,on-it,mid-second"),
        pytest.param("schedule", [14, 33, 70], id="end-of-epoch,mid-epoch,both"),
    ],
)
def test_sigkill(engine, recipe, moments, tmp_path):
    """Deterministic places of the long form: `make soak`."""
    wanted = soak.whole(tmp_path / "whole", engine, recipe)
    assert {"best.safetensors", "final.safetensors", "history.json"} < set(wanted)
    assert not os.listdir(tmp_path / "whole" / "backup")  # it removes what it wrote
    for moment in moments:
        process = soak.start(tmp_path / "killed", engine, recipe, moment)
        process.communicate(timeout=300)
        assert process.returncode == -9
    process = soak.start(tmp_path / "killed", engine, recipe)
    process.communicate(timeout=300)
    assert process.returncode == 0
    assert soak.files(tmp_path / "killed") == wanted


# --- at every place ------------------------------------------------------------------------------


@on_both
@pytest.mark.parametrize("save_freq", ["epoch", 1, 4])
def test_from_every_place_of_a_fit(engine, save_freq, tmp_path, kill):
    """Six steps an epoch with a shorter last batch; killed after every event, and again there."""
    x, y = data()

    def fit():
        # a new process draws other numbers: weights, masks and order come from the checkpoint
        model = model_of(seed=4 if os.listdir(tmp_path) else 3)
        watch = [
            cr.callbacks.EarlyStopping(patience=1, restore_best_weights=True, min_delta=0.02),
            cr.callbacks.ReduceLROnPlateau("loss", 0.5, 1, min_delta=0.1, cooldown=2),
            cr.callbacks.LearningRateScheduler(lambda epoch, rate: 0.9 * rate),
            cr.callbacks.BackupAndRestore(tmp_path, save_freq=save_freq),
        ]
        history = model.fit(
            x, y, batch_size=4, epochs=5, validation_data=(x[:9], y[:9] - 0.5), callbacks=watch,
            validation_freq=2, verbose=0, engine=engine,
        )  # fmt: skip
        return model, history

    kill(None)
    model, history = fit()
    assert not os.listdir(tmp_path)
    for moment in range(1, 40, 4 if engine == "numpy" else 9):
        kill(moment)
        try:
            fit()
        except Killed:
            kill(2)  # the second process does not come far either
            try:
                fit()
            except Killed:
                kill(None)
                again, found = fit()
                assert found.history == history.history
                assert found.epoch == history.epoch
                same(again, model)
        assert not os.listdir(tmp_path)


RULES = {  # optimizers that remember more than slots of their own
    "averaged weights": lambda: cr.optimizers.Adam(
        0.05, amsgrad=True, use_ema=True, ema_overwrite_frequency=4
    ),
    "gathered gradients": lambda: cr.optimizers.AdamW(
        cr.optimizers.schedules.CosineDecay(0.05, 20), gradient_accumulation_steps=4, use_ema=True,
        no_decay=["bias"],
    ),
    "matrices": lambda: cr.optimizers.Muon(0.01, exclude_layers=["dense_1"]),
    "without a schedule": lambda: cr.optimizers.ScheduleFreeAdamW(0.05, warmup_steps=5),
}  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "engine"), [*((r, "numpy") for r in sorted(RULES)), ("gathered gradients", "xla")]
)
def test_optimizers_with_more_memory_resume(rule, engine, tmp_path, kill):
    """Six batches an epoch; gradients of four are one step: stops between them, too."""
    x, y = data()

    def fit():
        new = not os.path.exists(tmp_path / "checkpoint.safetensors")
        model = model_of(RULES[rule](), seed=3 if new else 4)
        backup = cr.callbacks.BackupAndRestore(tmp_path, save_freq=1)
        history = model.fit(
            x, y, batch_size=4, epochs=3, callbacks=[backup], verbose=0, engine=engine
        )
        return model, history

    kill(None)
    model, history = fit()
    for moment in (3, 8, 17) if engine == "numpy" else (9,):
        kill(moment)
        with pytest.raises(Killed):
            fit()
        kill(None)
        again, found = fit()
        assert found.history == history.history
        same(again, model)


@on_both
def test_from_the_last_batch_of_an_epoch(engine, tmp_path, kill):
    """All steps are done, the figures are not yet read; XLA keeps float64 figures in float32."""
    x, y = data()

    def fit(when):
        kill(when)
        model = model_of(metrics=[cr.metrics.MeanAbsoluteError(dtype="float64")])
        backup = cr.callbacks.BackupAndRestore(tmp_path, save_freq=1)
        how = {"batch_size": 4, "epochs": 2, "verbose": 0, "engine": engine}
        return model.fit(x, y, callbacks=[backup], **how).history

    history = fit(None)
    with pytest.raises(Killed):
        fit(lambda checkpoint: checkpoint.job.step == 6)
    assert storage.read(tmp_path / "checkpoint.safetensors")[1]["run"]["step"] == 6
    assert fit(None) == history


@on_both
@pytest.mark.parametrize("steps", [None, 4])
def test_other_sources_resume_by_position(engine, steps, tmp_path, kill):
    """Files in blocks, and objects indexed by batch; epochs that go on through the passes."""
    x, y = data(41)
    np.save(tmp_path / "x.npy", x)

    class Batches:
        def __len__(self):
            return 6

        def __getitem__(self, i):
            return x[i * 7 : i * 7 + 7], y[i * 7 : i * 7 + 7]

    sources = {
        "blocks": lambda: {"x": np.load(tmp_path / "x.npy", mmap_mode="r"), "y": y},
        "indexed": lambda: {"x": Batches()},
    }
    for name, source in sources.items():

        def fit(made=source, folder=tmp_path / name):
            new = not (folder / "checkpoint.safetensors").exists()
            model = model_of(cr.optimizers.SGD(0.1, momentum=0.9), seed=3 if new else 4)
            backup = cr.callbacks.BackupAndRestore(folder, save_freq=1)
            history = model.fit(
                **made(), epochs=4, steps_per_epoch=steps, callbacks=[backup], verbose=0,
                engine=engine, **({"batch_size": 7} if "y" in made() else {}),
            )  # fmt: skip
            return model, history

        kill(None)
        model, history = fit()
        for moment in (2, 9) if engine == "numpy" else (7,):
            kill(moment)
            with pytest.raises(Killed):
                fit()
            kill(None)
            again, found = fit()
            assert found.history == history.history
            same(again, model)


def test_an_object_that_shuffles_itself_is_told_of_the_epochs_before(tmp_path, kill):
    x, y = data(24)

    class Turning:
        """Keras's way: what the batches are changes at the end of an epoch."""

        turned = 0

        def __len__(self):
            return 4

        def __getitem__(self, i):
            rows = (np.arange(6) + 6 * i + self.turned) % 24
            return x[rows], y[rows]

        def on_epoch_end(self):
            self.turned += 5

    def fit():
        model = model_of()
        backup = cr.callbacks.BackupAndRestore(tmp_path, save_freq=3)
        return model.fit(Turning(), epochs=4, callbacks=[backup], verbose=0, engine="numpy"), model

    kill(None)
    history, model = fit()
    kill(11)
    with pytest.raises(Killed):
        fit()
    assert storage.read(tmp_path / "checkpoint.safetensors")[1]["run"]["epoch"] > 0
    kill(None)
    found, again = fit()
    assert found.history == history.history
    same(again, model)


@on_both
@pytest.mark.parametrize("when", ["on_epoch_end", "on_train_batch_end"])
def test_a_fit_that_has_been_told_to_stop_stops(engine, when, tmp_path, kill):
    """In epoch 1, after its third batch or at its end; killed before it could."""
    x, y = data()

    class Stop(cr.callbacks.Callback):
        def get_state(self):
            return {}

    def stop(self, number, logs=None):
        if len(self.model.history_of.epoch) == 1 and (when == "on_epoch_end" or number == 2):
            self.model.stop_training = True

    setattr(Stop, when, stop)

    def fit(events):
        kill(events)
        model, history = model_of(), cr.callbacks.History()
        model.history_of = history
        # the history of the user's own comes first: it has the epochs that have ended before
        watch = [Stop(), history, cr.callbacks.BackupAndRestore(tmp_path, save_freq=save_freq)]
        how = {"batch_size": 4, "epochs": 5, "verbose": 0, "engine": engine}
        model.fit(x, y, callbacks=watch, **how)
        return model, history

    save_freq = "epoch" if when == "on_epoch_end" else 1
    model, history = fit(None)
    assert history.epoch == [0, 1]
    assert int(model.optimizer.iterations) == (12 if when == "on_epoch_end" else 9)
    with pytest.raises(Killed):
        fit(lambda fit: fit.model.stop_training)
    assert storage.read(tmp_path / "checkpoint.safetensors")[1]["run"]["stopped"]
    again, found = fit(None)
    assert found.history == history.history
    same(again, model)


@on_both
def test_a_checkpoint_is_engine_independent_and_a_model(engine, tmp_path, kill):
    x, y = data()
    other = "xla" if engine == "numpy" else "numpy"

    def fit(engine):
        model = model_of()
        backup = cr.callbacks.BackupAndRestore(tmp_path, save_freq=4)
        how = {"batch_size": 4, "epochs": 3, "verbose": 0, "engine": engine}
        return model.fit(x, y, callbacks=[backup], **how), model

    kill(None)
    whole, _ = fit(engine)
    kill(7)
    with pytest.raises(Killed):
        fit(engine)
    loaded = cr.load_model(tmp_path / "checkpoint.safetensors")  # the model at that moment
    steps = int(loaded.optimizer.iterations)
    assert steps % 4 == 0
    assert steps > 0
    each = cr.callbacks.ModelCheckpoint(tmp_path / "{epoch}-{batch}.safetensors", save_freq=4)
    model_of().fit(x, y, batch_size=4, epochs=3, callbacks=[each], verbose=0, engine=engine)
    epoch, batch = divmod(steps - 1, 6)
    same(loaded, cr.load_model(tmp_path / f"{epoch + 1}-{batch + 1}.safetensors"))
    kill(None)
    history, _ = fit(other)
    assert history.epoch == [0, 1, 2]
    np.testing.assert_allclose(history.history["loss"], whole.history["loss"], rtol=1e-5)


@on_both
def test_a_gan_of_two_optimizers_resumes(engine, tmp_path, kill):
    """State of the user's own: another optimizer, which no section of a model file holds."""

    class Two(cr.Model):
        def __init__(self):
            super().__init__()
            self.a, self.b = cr.layers.Dense(4, "tanh"), cr.layers.Dense(1)
            self.other = cr.optimizers.Adam(0.03)

        def call(self, x):
            return self.b(self.a(x))

        def train_step(self, data):
            x, y = data
            with cr.record() as tape:
                loss = cr.ops.mean((self(x) - y) ** 2)
                first, second = self.a.trainable_variables, self.b.trainable_variables
                gradients = tape.gradients(loss, [*first, *second])
            self.optimizer.apply(gradients[: len(first)], first)
            self.other.apply(gradients[len(first) :], second)
            return {"own": loss}

    x, y = data()

    def fit():
        cr.utils.set_random_seed(1)
        model = Two()
        model.compile(cr.optimizers.SGD(0.1, momentum=0.9))
        backup = cr.callbacks.BackupAndRestore(tmp_path, save_freq=4)
        history = model.fit(
            x, y, batch_size=4, epochs=3, callbacks=[backup], verbose=0, engine=engine
        )
        return history.history, model.get_weights() + [np.array(v) for v in model.other.variables]

    kill(None)
    history, values = fit()
    assert list(history) == ["own"]
    for moment in (2, 6):
        kill(moment)
        with pytest.raises(Killed):
            fit()
        kill(None)
        again, found = fit()
        assert again == history
        for mine, its in zip(found, values, strict=True):
            np.testing.assert_array_equal(mine, its)


@on_both
def test_pieces_of_any_length_give_the_same_bits(engine):
    """What exact resume stands on: a piece of work is as long as the clock says."""
    x, y = data(50)

    def fit(every):
        model = model_of()
        watch = [] if every is None else [cr.callbacks.Callback()]
        if every is not None:
            watch[0].save_freq = every
        model.fit(x, y, batch_size=4, epochs=2, callbacks=watch, verbose=0, engine=engine)
        return model

    whole = fit(None)
    for every in (1, 2, 5, 13):
        same(fit(every), whole)


# --- what is refused -----------------------------------------------------------------------------


def interrupted(folder, kill, **how):
    """A checkpoint in `folder` of a fit that was killed."""
    kill(3)
    with pytest.raises(Killed):
        start(folder, **how)
    kill(None)


def start(folder, model=None, rows=23, batch_size=4, callbacks=(), x=None, **how):
    if x is None:
        x, how["y"] = data(rows)
    if batch_size:
        how["batch_size"] = batch_size
    backup = cr.callbacks.BackupAndRestore(folder, save_freq=2)
    model = model or model_of()
    return model.fit(x, epochs=3, callbacks=[*callbacks, backup], verbose=0, engine="numpy", **how)


STOP = cr.callbacks.EarlyStopping("loss")
OTHER = [
    ({"rows": 22}, "data are not", "rows 22"),
    ({"batch_size": 5}, "data are not", "batch_size 5"),
    ({"shuffle": False}, "data are not", "shuffle False"),
    ({"sample_weight": np.ones(23)}, "data are not", "sample_weight"),
    ({"steps_per_epoch": 2}, "data are not", "steps 2"),
    ({"callbacks": [STOP]}, "callbacks are not", "EarlyStopping"),
    ({"validation_split": 0.5}, "data are not", "rows 11"),
    ({"validation_data": data(9)}, "validation data are not", "'rows': 9"),
    ({"model": lambda: model_of(units=9)}, "layers are not", "layers.1.config.units 9"),
    ({"model": lambda: model_of(rate=0.5)}, "layers are not", "layers.2.config.rate 0.5"),
    ({"model": lambda: model_of("sgd")}, "optimizer, loss and metrics are not", "SGD"),
    (
        {"model": lambda: model_of(cr.optimizers.Adam(0.05, beta_1=0.5))},
        "optimizer, loss and metrics are not",
        "optimizer.config.beta_1 0.5",
    ),
    (
        {"model": lambda: model_of(metrics=["mse"])},
        "optimizer, loss and metrics are not",
        "metrics.0 mse",
    ),
]


@pytest.mark.parametrize(("change", "problem", "received"), OTHER)
def test_another_fit_is_refused_and_the_difference_named(change, problem, received, tmp_path, kill):
    interrupted(tmp_path, kill)
    change = {k: v() if k == "model" else v for k, v in change.items()}
    model = change.setdefault("model", model_of())
    before = model.get_weights()
    with pytest.raises(errors.StateError) as caught:
        start(tmp_path, **change)
    assert problem in caught.value.problem
    assert received in str(caught.value.received)
    assert str(tmp_path) in str(caught.value.where)
    for mine, its in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, its)
    start(tmp_path)  # the checkpoint is still there for the fit that it belongs to


def test_the_learning_rate_alone_is_no_other_optimizer(tmp_path, kill):
    """It is a value that training changes: the checkpoint's counts."""
    interrupted(tmp_path, kill)
    model = model_of(cr.optimizers.Adam(0.5))
    start(tmp_path, model)
    assert float(model.optimizer.learning_rate) == 0.05


def test_what_cannot_be_resumed_says_so_before_training(tmp_path):
    x, y = data()

    def batches():
        yield x, y

    for given in ({"x": batches()}, {"x": [(x, y)] * 3 and iter([(x, y)] * 3)}):
        with pytest.raises(errors.StateError, match="cannot be resumed") as caught:
            start(tmp_path, batch_size=None, **given)
        assert "arrays, files" in caught.value.expected
    with pytest.raises(errors.StateError, match="cannot be resumed"):
        start(tmp_path, validation_data=batches())
    assert not os.listdir(tmp_path)


def test_two_backups_are_refused(tmp_path):
    more = cr.callbacks.BackupAndRestore(tmp_path)
    with pytest.raises(errors.ArgumentError, match="one BackupAndRestore"):
        start(tmp_path, callbacks=[more])


# --- files ---------------------------------------------------------------------------------------


def test_it_removes_only_its_own_files(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    start(tmp_path)
    assert os.listdir(tmp_path) == ["notes.txt"]


def test_it_stays_where_it_is_wanted(tmp_path):
    x, y = data()

    def fit():
        backup = cr.callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)
        model = model_of()
        history = model.fit(x, y, epochs=2, callbacks=[backup], verbose=0, engine="numpy")
        return model, history

    model, history = fit()
    assert os.listdir(tmp_path) == ["checkpoint.safetensors"]
    again, found = fit()  # it has ended already
    assert found.history == history.history
    same(again, model)


def test_the_one_before_is_read_where_the_last_is_damaged(tmp_path, kill):
    x, y = data()

    def fit(double):
        backup = cr.callbacks.BackupAndRestore(tmp_path, save_freq=2, double_checkpoint=double)
        model = model_of()
        how = {"batch_size": 4, "epochs": 3, "verbose": 0, "engine": "numpy"}
        return model.fit(x, y, callbacks=[backup], **how), model

    kill(None)
    whole, model = fit(True)
    kill(5)
    with pytest.raises(Killed):
        fit(True)
    names = ["checkpoint.previous.safetensors", "checkpoint.safetensors"]
    assert sorted(os.listdir(tmp_path)) == names
    steps = [storage.read(tmp_path / n)[1]["run"]["steps_done"] for n in names]
    assert steps[0] < steps[1]
    content = bytearray((tmp_path / names[1]).read_bytes())
    content[-1] ^= 1
    (tmp_path / names[1]).write_bytes(content)
    kill(None)
    found, again = fit(True)
    assert found.history == whole.history
    same(again, model)
    assert not os.listdir(tmp_path)


def test_a_damaged_checkpoint_or_a_mere_model_is_no_fresh_start(tmp_path, kill):
    model_of().save(tmp_path / "checkpoint.safetensors")
    with pytest.raises(errors.FileError, match="no checkpoint"):
        start(tmp_path)
    (tmp_path / "checkpoint.safetensors").unlink()
    interrupted(tmp_path, kill)
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(errors.FileError, match="damaged"):
        start(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        lambda run: run.pop("source"),
        lambda run: run.update(callbacks=None),
        lambda run: run.update(epoch=-1),
        lambda run: run.update(step="1"),
        lambda run: run.update(source=[1]),
        lambda run: run["callbacks"][-1].update(state={"$array": "run/state/99"}),
        lambda run: run["callbacks"].append(1),
    ],
    ids=range(7),
)
def test_a_run_section_of_somebody_else_s_is_damaged(change, tmp_path, kill):
    """Checksums are right, the contents are not ours."""
    interrupted(tmp_path, kill)
    path = str(tmp_path / "checkpoint.safetensors")
    arrays, manifest = storage.read(path)
    change(manifest["run"])
    storage.write(path, arrays, manifest)
    with pytest.raises(errors.FileError, match="run section of the checkpoint is damaged"):
        start(tmp_path)


def test_a_long_history_fits_into_a_checkpoint(tmp_path, kill):
    """A header is at most 8 megabytes; 800,000 figures are more."""
    x, y = data(4)

    class Long(cr.callbacks.Callback):
        figures = [k / 7 for k in range(800_000)]

        def get_state(self):
            return {"figures": self.figures}

        def set_state(self, state):
            assert state["figures"] == self.figures

    def fit():
        backup = cr.callbacks.BackupAndRestore(tmp_path)
        how = {"epochs": 3, "verbose": 0, "engine": "numpy"}
        return model_of().fit(x, y, callbacks=[Long(), backup], **how)

    kill(3)
    with pytest.raises(Killed):
        fit()
    kill(None)
    assert fit().epoch == [0, 1, 2]


def test_a_callback_without_a_state_is_named_once(tmp_path, capsys):
    class Mine(cr.callbacks.Callback):
        pass

    class Better(cr.callbacks.EarlyStopping):
        """What ours remembers is remembered in a subclass too."""

    start(tmp_path, callbacks=[Mine(), Better("loss", patience=9), cr.callbacks.LambdaCallback()])
    said = capsys.readouterr().out
    assert said.count("Mine") == 1
    assert "get_state" in said
    assert "Better" not in said
    assert "Lambda" not in said


def test_a_state_that_no_file_holds_names_the_callback(tmp_path):
    class Mine(cr.callbacks.Callback):
        def get_state(self):
            return {"model": [self.model]}

    with pytest.raises(errors.ArgumentError) as caught:
        start(tmp_path, callbacks=[Mine()])
    assert caught.value.where == "Mine.get_state()['model'][0]"


def test_a_subclassed_model_without_a_name_resumes_all_the_same(tmp_path, kill):
    class Mine(cr.Model):
        def __init__(self):
            super().__init__()
            self.out = cr.layers.Dense(1)

        def call(self, x):
            return self.out(x)

    def made():
        cr.utils.set_random_seed(2)
        model = Mine()
        model.compile("adam", "mse")
        return model

    model = made()
    kill(None)
    start(tmp_path, model)
    kill(3)
    with pytest.raises(Killed):
        start(tmp_path, made())
    kill(None)
    again = made()
    start(tmp_path, again)
    same(again, model)


def test_epochs_begin_once(tmp_path, kill):
    """The epoch that goes on began before: its callbacks have seen that."""
    seen = []
    tell = {"on_epoch_begin": lambda epoch, logs: seen.append(epoch)}
    kill(3)  # in the first epoch, at its first checkpoint
    with pytest.raises(Killed):
        start(tmp_path, callbacks=[cr.callbacks.LambdaCallback(**tell)])
    where = storage.read(tmp_path / "checkpoint.safetensors")[1]["run"]
    seen.clear()
    kill(None)
    start(tmp_path, callbacks=[cr.callbacks.LambdaCallback(**tell)])
    assert seen == list(range(where["epoch"] + (where["step"] > 0), 3))


# --- states --------------------------------------------------------------------------------------

STATES = [
    {},
    {"a": None, "b": True, "c": "text", "d": -3, "e": 0.1, "f": [1, 2.5, [None]]},
    {"bad": [float("inf"), float("-inf"), 1e-320, -0.0]},
    {"many": [0.1 * k for k in range(30)], "whole": list(range(9)), "table": [[1.5, 2.5]] * 9},
    {"mixed": [1, 2.0] * 9, "huge": [2**62] * 9, "pair": (1, [2.0])},
]


@pytest.mark.parametrize("given", STATES, ids=range(len(STATES)))
def test_plain_states_come_back(given):
    arrays = {}
    text = json.dumps(state.encode(given, arrays, "x"), allow_nan=False)
    found = state.decode(json.loads(text), arrays)
    assert repr(found) == repr(given)  # also types, and the sign of zero


def test_long_lists_of_numbers_stand_beside_the_text():
    for given, arrays in (([0.5] * 7, 0), ([0.5] * 8, 1), ([1] * 7 + [None], 0)):
        held = {}
        state.encode(given, held, "x")
        assert len(held) == arrays


def test_arrays_come_back():
    given = {"w": [np.arange(6.0).reshape(2, 3), np.array([], "int8")], "n": np.float32(0.1)}
    arrays = {}
    found = state.decode(state.encode(given, arrays, "x"), arrays)
    for mine, its in zip([*found["w"], found["n"]], [*given["w"], given["n"]], strict=True):
        assert mine.dtype == its.dtype
        np.testing.assert_array_equal(mine, its)
    assert np.isnan(state.decode(state.encode(float("nan"), {}, "x"), {}))


@pytest.mark.parametrize(
    "given", [object(), {1: 2}, {"$array": "x"}, {1, 2}, b"x", 1j, 2**63, [2**70] * 9]
)
def test_other_things_are_refused(given):
    with pytest.raises(errors.ArgumentError, match="cannot hold"):
        state.encode(given, {}, "x")


def test_a_resumed_fit_says_where_it_goes_on(tmp_path, capsys):
    """In the words that people count with: the second epoch is epoch 2."""

    def fit(epochs, verbose):
        model = cr.Sequential([cr.Input((1,)), cr.layers.Dense(1)])
        model.compile("sgd", "mse", engine="numpy")
        backup = cr.callbacks.BackupAndRestore(tmp_path / "backup", delete_checkpoint=False)
        x = np.ones((4, 1), np.float32)
        model.fit(x, x, batch_size=2, epochs=epochs, callbacks=[backup], verbose=verbose)

    fit(1, 0)
    fit(3, 2)
    said = capsys.readouterr().out
    assert "going on at epoch 2, after 0 steps of it" in said
    assert "Epoch 2/3" in said
    assert "Epoch 1/3" not in said
