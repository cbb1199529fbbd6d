"""Soak: fits that are killed at random moments end as if nobody had killed them.

    python tests/soak.py --kills 200 --seed 1

For each engine and each recipe, a fit is started in a process of its own, killed (SIGKILL) at a
random moment, started again, and so on until it ends. Every file that it leaves must then have the
bytes that one uninterrupted fit leaves: the model with its optimizer, the history, the best model,
models by batches. Prints a line for each fit that ended, and a verdict; the exit status is that.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

RECIPES = ("callbacks", "schedule")


def model_of(recipe, seed):
    import chainrule as cr

    if seed is not None:
        cr.utils.set_random_seed(seed)
    model = cr.Sequential(
        [
            cr.Input((7,)),
            cr.layers.Dense(24, "tanh"),
            cr.layers.Dropout(0.3),
            cr.layers.Dense(1),
        ]
    )
    rate = 0.02
    if recipe == "schedule":
        rate = cr.optimizers.schedules.ExponentialDecay(0.02, decay_steps=40, decay_rate=0.8)
    model.compile(cr.optimizers.Adam(rate), "mse", metrics=["mae"])
    return model


def watchers(recipe, folder):
    """The callbacks of a fit; their files go into `folder`/out."""
    import chainrule as cr

    class Epochs(cr.callbacks.Callback):
        """A callback of the user's own with a state."""

        def __init__(self):
            self.ends = []

        def on_epoch_end(self, epoch, logs=None):
            self.ends.append(epoch)
            logs["epochs_seen"] = float(len(self.ends))

        def get_state(self):
            return {"ends": self.ends}

        def set_state(self, state):
            self.ends = state["ends"]

    call = cr.callbacks
    found = [
        call.EarlyStopping(patience=3, restore_best_weights=True, min_delta=1e-3),
        call.ModelCheckpoint(folder / "out" / "best.safetensors", save_best_only=True),
        call.ModelCheckpoint(folder / "out" / "m-{epoch}-{batch}.safetensors", save_freq=9),
        Epochs(),
        call.TerminateOnNaN(),
        call.BackupAndRestore(
            folder / "backup", save_freq=5, double_checkpoint=recipe == "schedule"
        ),
    ]
    if recipe == "callbacks":
        found += [
            call.LearningRateScheduler(lambda epoch, rate: 0.97 * rate),
            call.ReduceLROnPlateau(patience=1, factor=0.5, min_delta=0.02),
        ]
    return found


def work(folder, engine, recipe, die_at=None):
    """One fit from the beginning or from its checkpoint; the process ends itself at step `die_at`."""
    import numpy as np

    from chainrule.training import checkpoint

    if die_at is not None:
        after = checkpoint.Checkpoint.after

        def dying(self, event):
            after(self, event)
            if self.job.steps_done >= die_at:
                os.kill(os.getpid(), signal.SIGKILL)

        checkpoint.Checkpoint.after = dying
    rng = np.random.default_rng(5)
    x = rng.normal(size=(203, 7)).astype("float32")
    y = np.sin(x[:, :1]) + 0.3 * rng.normal(size=(203, 1)).astype("float32")
    (folder / "out").mkdir(parents=True, exist_ok=True)
    # a process that goes on draws other numbers: all that counts comes from the checkpoint
    new = not any((folder / "backup").glob("checkpoint*"))
    model = model_of(recipe, seed=11 if new else None)
    print("begun", flush=True)
    history = model.fit(
        x[:160],
        y[:160],
        sample_weight=np.linspace(0.5, 1.5, 160),
        batch_size=12,
        epochs=12,
        validation_data=(x[160:], y[160:]),
        callbacks=watchers(recipe, folder),
        verbose=0,
        engine=engine,
    )
    model.save(folder / "out" / "final.safetensors")
    figures = {"epoch": history.epoch, **history.history}
    (folder / "out" / "history.json").write_text(json.dumps(figures))


def start(folder, engine, recipe, die_at=None):
    """The fit in a process of its own."""
    command = [sys.executable, __file__, "--work", folder, engine, recipe, str(die_at or "")]
    return subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True)


def files(folder):
    """Checksums of what a fit left, by name."""
    found = sorted((folder / "out").iterdir()) + sorted((folder / "backup").iterdir())
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in found}


def whole(folder, engine, recipe):
    """What an uninterrupted fit leaves."""
    process = start(folder, engine, recipe)
    process.communicate(timeout=600)
    if process.returncode:
        raise SystemExit(f"the uninterrupted fit failed: {engine}, {recipe}")
    return files(folder)


def killed_until_it_ends(folder, engine, recipe, kills, moment):
    """How often it was killed; at most `kills` times, each time `moment()` seconds after it began."""
    for count in range(kills + 1):
        process = start(folder, engine, recipe)
        process.stdout.readline()  # "begun"
        timer = threading.Timer(moment(), process.kill) if count < kills else None
        if timer is not None:
            timer.start()
        process.communicate(timeout=600)
        if timer is not None:
            timer.cancel()
        if process.returncode == 0:
            return count
        if process.returncode != -signal.SIGKILL:
            raise SystemExit(f"the fit failed after {count} kills: {engine}, {recipe}, {folder}")
    raise AssertionError  # the last one is not killed


def soak(kills, seed, engines):
    draw, wrong, total = random.Random(seed), 0, 0  # noqa: S311 - no secret
    root = Path(tempfile.mkdtemp(prefix="chainrule-soak-"))
    os.environ.setdefault("CHAINRULE_CACHE", str(root / "cache"))
    print(
        f"{kills} kills for each of {', '.join(engines)}; seed {seed}; files in {root}", flush=True
    )
    for engine in engines:
        wanted, lasts = {}, {}
        for recipe in RECIPES:
            whole(root / "warm" / engine / recipe, engine, recipe)  # compiles
            began = time.perf_counter()
            wanted[recipe] = whole(root / "whole" / engine / recipe, engine, recipe)
            lasts[recipe] = time.perf_counter() - began
        done, number = 0, 0
        while done < kills:
            recipe = RECIPES[number % len(RECIPES)]
            folder = root / f"{engine}-{number}"
            longest = 0.5 * lasts[recipe]  # several kills a fit
            count = killed_until_it_ends(
                folder, engine, recipe, min(kills - done, 6), lambda s=longest: draw.uniform(0, s)
            )
            done, number, total = done + count, number + 1, total + count
            found = files(folder)
            different = [n for n in {**wanted[recipe], **found}
                         if found.get(n) != wanted[recipe].get(n)]  # fmt: skip
            wrong += bool(different)
            said = f"WRONG: {', '.join(different)} ({folder})" if different else "identical"
            print(
                f"{engine}, {recipe}: killed {count} times ({done} of {kills}); {said}", flush=True
            )
    print(f"{total} kills, {wrong} fits differ: {'FAILED' if wrong else 'passed'}")
    return int(wrong > 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200, help="for each engine")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engines", nargs="+", default=["numpy", "xla"])
    parser.add_argument("--work", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        folder, engine, recipe, die_at = arguments.work
        work(Path(folder), engine, recipe, int(die_at) if die_at else None)
        return 0
    return soak(arguments.kills, arguments.seed, arguments.engines)


if __name__ == "__main__":
    sys.exit(main())
