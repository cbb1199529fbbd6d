"""Checkpoints: a fit written between two events, and gone on from.

A checkpoint is a model file with a run section: tensors under `run/` and the entry "run" in the
manifest. It is written by the loop when every callback has seen the last event, so that it is a
moment through which the uninterrupted fit came as well.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any

import numpy as np

from .. import saving
from ..data.sources import Source, refuse_other
from ..errors import ArgumentError, ChainruleError, FileError, StateError
from ..variable import Variable, frozen, put
from .callbacks import BackupAndRestore, CallbackList, remembers
from .state import decode, difference, encode

__all__ = ["Checkpoint"]

_VERSION = 1


class Checkpoint:
    """What a fit writes while it runs, and goes on from; nothing without `BackupAndRestore`.

    Args:
        job: the fit; its run has begun.
        model: what is trained.
        listeners: all callbacks, the history last.

    Raises:
        StateError: there is a checkpoint, and it is of another fit; or the data cannot be resumed.
        FileError: it is damaged.
    """

    def __init__(self, job: Any, model: Any, listeners: CallbackList) -> None:
        self.job, self.model, self.callbacks = job, model, listeners.callbacks
        self.backup = _only([c for c in self.callbacks if isinstance(c, BackupAndRestore)])
        self.found: Any = None
        if self.backup is None:
            return
        _need_resumable(job)
        self.compiled = _plain(_settings(model))
        os.makedirs(self.backup.backup_dir, exist_ok=True)
        self.found = self._read()
        for c in self.callbacks:
            if not remembers(c):
                print(
                    f"BackupAndRestore: {type(c).__name__} has no get_state and set_state; what it "
                    "remembers stands in no checkpoint"
                )

    # --- writing --------------------------------------------------------------------------------

    def after(self, event: Any) -> None:
        """Every callback has seen the event: write, if it is time to."""
        if self.backup is None or event.kind not in ("steps", "epoch_end"):
            return
        if self.backup._due(event.kind, self.job.steps_done):
            ended = event.kind == "epoch_end"
            self._write(event.epoch + ended, 0 if ended else event.step)
            self.backup._written()

    def _write(self, epoch: int, step: int) -> None:
        assert self.backup is not None  # noqa: S101 - asked by `after`
        arrays: dict[str, np.ndarray] = {}
        others = self._others()
        about = {
            "version": _VERSION,
            "epoch": epoch,
            "step": step,
            "steps_done": self.job.steps_done,
            "epochs": self.job.epochs,
            "stopped": bool(self.model.stop_training),
            "source": _plain(self.job.source.describe()),
            "held_out": self._held_out(),
            "compile": self.compiled,
            "values": _listed(others),
            "callbacks": [
                {"class": type(c).__name__, "state": _state_of(c, arrays)} for c in self.callbacks
            ],
        }
        variables = {f"run/values/{i}": v for i, v in enumerate(others)}
        path = self.backup.path
        if self.backup.double_checkpoint and os.path.exists(path):
            os.replace(path, self.backup.previous)
        saving.save_model(self.model, path, run=saving.RunSection(about, variables, arrays))

    def _others(self) -> list[Variable]:
        """What a fit changes beside model and optimizer: running figures, other optimizers."""
        known = set(map(id, saving.variables_of(self.model).values()))
        task = self.job.run.task
        return [v for v in (*task.variables, *task.given) if id(v) not in known]

    def _held_out(self) -> Any:
        if self.job.held_out is None:
            return None
        source = self.job.held_out[1]
        return _plain(source.describe()) if source.resumable else {"kind": source.kind}

    def finished(self) -> None:
        """The fit has ended by itself: its checkpoints are of no more use."""
        if self.backup is not None and self.backup.delete_checkpoint:
            for path in (self.backup.path, self.backup.previous):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)

    # --- going on -------------------------------------------------------------------------------

    def _read(self) -> Any:
        """The newest whole checkpoint of this fit, and the states in it; None without any.

        All of it is looked at here, before anything changes.
        """
        assert self.backup is not None  # noqa: S101 - asked by the caller
        paths = [self.backup.path, self.backup.previous]
        there = [p for p in paths if os.path.lexists(p)]
        for path in there:
            try:
                found = saving.read_file(path)
            except FileError:
                if path == there[-1]:
                    raise
                continue
            try:
                self._refuse_other(*found)
                return found, self._states(*found)
            except (LookupError, TypeError, AttributeError, ValueError) as error:
                if isinstance(error, ChainruleError):
                    raise
                raise FileError(  # with the right checksum, but not written by us
                    "the run section of the checkpoint is damaged",
                    where=path,
                    received=f"{type(error).__name__}: {error}",
                    fix="use another backup_dir, or remove the file",
                ) from None
        return None

    def _refuse_other(self, path: str, arrays: Any, manifest: dict[str, Any]) -> None:
        """Raise unless the checkpoint is one of this very fit."""
        about = manifest.get("run")
        if not isinstance(about, dict) or about.get("version") != _VERSION:
            raise FileError(
                "the file is a model and no checkpoint", where=path, fix="use another backup_dir"
            )
        saved = about["source"]
        refuse_other(saved, self.job.source, where=path)
        if about["held_out"] != (now := self._held_out()):
            raise _other(path, "validation data", about["held_out"], now)
        classes = [c["class"] for c in about["callbacks"]]
        if classes != (now := [type(c).__name__ for c in self.callbacks]):
            raise _other(path, "callbacks", ", ".join(classes[:-1]), ", ".join(now[:-1]))
        if manifest.get("model") is not None:
            layers = _plain(saving.architecture(self.model))
            if (found := difference(manifest["model"], layers)) is not None:
                raise _other(path, "layers", *found)
        assert self.backup is not None  # noqa: S101 - asked by `_read`
        compiled = [self.backup._must_agree(c) for c in (about["compile"], self.compiled)]
        if (found := difference(*compiled)) is not None:
            raise _other(path, "optimizer, loss and metrics", *found)
        others = self._others()
        if about["values"] != (now := _listed(others)):
            raise _other(path, "running figures", about["values"], now)
        for i, v in enumerate(others):
            if arrays[f"run/values/{i}"].shape != v.shape:
                raise ValueError(v.name)
        for name in ("epoch", "step", "steps_done"):
            if type(about[name]) is not int or about[name] < 0:
                raise ValueError(name)
        saving.matching(path, saving.variables_of(self.model), arrays)

    def _states(self, path: str, arrays: Any, manifest: dict[str, Any]) -> list[Any]:
        """What each callback had given."""
        return [decode(saved["state"], arrays) for saved in manifest["run"]["callbacks"]]

    def restore(self) -> bool:
        """Put everything back where the checkpoint has it; False where there is none.

        Called when training has begun, as callbacks start counting then.
        """
        if self.found is None:
            return False
        (path, arrays, manifest), states = self.found
        self.found, about = None, manifest["run"]
        pairs = saving.matching(path, saving.variables_of(self.model), arrays)
        others = self._others()
        pairs += [(v, arrays[f"run/values/{i}"]) for i, v in enumerate(others)]
        self._put(pairs)
        source, key = self.job.source, getattr(self.model, "shuffle_key", None)
        if key is not None and hasattr(source, "key"):
            source.key = key.numpy()
        self.job.epoch, self.job.step = about["epoch"], about["step"]
        self.job.steps_done = about["steps_done"]
        self.model.stop_training = bool(about["stopped"])
        source.resume(self.job.epoch)
        for c, given in zip(self.callbacks, states, strict=True):
            if remembers(c):
                c.set_state(given)
        return True

    def _put(self, pairs: list[tuple[Variable, np.ndarray]]) -> None:
        """Values as the run had them: not cast, since a run may keep figures in another type."""
        run = self.job.run
        run.settle()
        new = {id(v): frozen(array) for v, array in pairs}
        run.keep([new.get(id(v), x) for v, x in zip(run.variables, run.values, strict=True)])
        held = set(map(id, run.variables))
        rest = [(v, array) for v, array in pairs if id(v) not in held]
        put([v for v, _ in rest], [array for _, array in rest])


def _only(found: list[BackupAndRestore]) -> BackupAndRestore | None:
    if len(found) > 1:
        raise ArgumentError(
            "a fit has one BackupAndRestore", where="fit(callbacks=...)", received=len(found)
        )
    return found[0] if found else None


def _need_resumable(job: Any) -> None:
    """Raise at once, and not after the crash, where a fit on these data cannot be resumed."""
    refuse: list[Source] = [] if job.source.resumable else [job.source]
    if job.held_out is not None and job.held_out[1].one_shot:
        refuse.append(job.held_out[1])
    for source in refuse:
        refuse_other({}, source, where="BackupAndRestore")


def _other(path: str, what: str, saved: Any, now: Any) -> StateError:
    return StateError(
        f"the {what} are not those of the fit that is to be resumed",
        where=path,
        expected=str(saved)[:1000],
        received=str(now)[:1000],
        fix="start the same fit again; for another one use another backup_dir, or remove the file",
    )


def _settings(model: Any) -> Any:
    """What `compile` was given, without the rate, which training changes; None without."""
    try:
        found = model.get_compile_config()
    except ArgumentError:
        return {"optimizer": type(model.optimizer).__name__}
    if found is not None:
        optimizer = found["optimizer"]["config"] if found["optimizer"] else {}
        if not isinstance(optimizer.get("learning_rate"), dict):
            found["optimizer"]["config"] = optimizer | {"learning_rate": None}
    return found


def _listed(variables: list[Variable]) -> list[Any]:
    return [[v.name, v.kind, list(v.shape)] for v in variables]


def _state_of(callback: Any, arrays: dict[str, np.ndarray]) -> Any:
    if not remembers(callback):
        return None
    return encode(callback.get_state(), arrays, f"{type(callback).__name__}.get_state()")


def _plain(value: Any) -> Any:
    """As it comes back from a file."""
    return json.loads(json.dumps(value, default=lambda number: number.item()))
