"""Going on with an interrupted run: its checkpoint, and what it was asked for."""

from __future__ import annotations

import contextlib
import glob
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from .. import report, saving
from ..callbacks import BackupAndRestore
from ..dialect import argument
from ..errors import ArgumentError, ChainruleError, FileError, StateError
from ..training.engines import choose_engine
from ..training.state import decode, difference
from .settings import Settings

__all__ = ["Interrupted", "RunCheckpoint", "refuse_other_words", "settings_in"]

# of `read_csv`: what is given beside a run may say so
_DEFAULTS = {"target": -1, "classes": "auto", "header": "auto", "delimiter": ",",
             "missing": "error", "categorical": ()}  # fmt: skip


class RunCheckpoint(BackupAndRestore):
    """The checkpoint in a run folder: written by the clock, and when a signal asks to stop.

    When it is written depends on the clock, what is written does not: every one is a moment
    through which the uninterrupted run came as well.

    Args:
        folder: of the run.
        seconds: of training between two.
        config: that of the run; where a run is replaced, `config.json` is still the old one's.
        begun: called when training begins.
        stopped_by: the name of the signal that has come, if any.
    """

    def __init__(
        self,
        folder: str,
        seconds: float = 0.0,
        config: Mapping[str, Any] | None = None,
        begun: Callable[[], None] = lambda: None,
        stopped_by: Callable[[], str | None] = lambda: None,
    ) -> None:
        # the plan removes it, when the model is written as well
        super().__init__(folder, delete_checkpoint=False)
        self.seconds, self.config = seconds, dict(config or {})
        self.begun, self.stopped_by = begun, stopped_by
        self.stopped_by_name: str | None = None
        self._last = time.monotonic()

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """The clock starts."""
        self._last = time.monotonic()
        self.begun()

    def _due(self, moment: str, steps_done: int) -> bool:
        if self.stopped_by_name is not None:  # the rest of the epoch belongs to no whole run
            return False
        self.stopped_by_name = self.stopped_by()
        late = time.monotonic() - self._last >= self.seconds
        return late or self.stopped_by_name is not None

    def _written(self) -> None:
        self._last = time.monotonic()
        if self.stopped_by_name is not None:  # not before: the checkpoint shall be gone on from
            self.model.stop_training = True

    def _must_agree(self, compiled: Any) -> Any:
        """All but the length of the cosine: a run may be made longer, and is checked before."""
        if not isinstance(compiled, dict) or not isinstance(compiled.get("optimizer"), dict):
            return compiled
        optimizer = compiled["optimizer"]
        inside = {**optimizer.get("config", {}), "learning_rate": None}
        return {**compiled, "optimizer": {**optimizer, "config": inside}}

    def get_state(self) -> dict[str, Any]:
        """All that `chainrule train --resume` must know."""
        return {"config": self.config}

    def remove(self) -> None:
        """Remove the checkpoint, and what a killed process left of one."""
        left = glob.glob(f"{glob.escape(self.backup_dir)}/.{report.CHECKPOINT}.*.tmp")
        for path in (self.path, *left):
            with contextlib.suppress(OSError):
                os.unlink(path)


@dataclass(frozen=True)
class Interrupted:
    """A run that can go on.

    Args:
        folder: where it stands.
        config: what `config.json` holds of it, without results.
        settings: what it was asked for, completed.
        saved: there is a checkpoint; else it begins again.
    """

    folder: str
    config: dict[str, Any]
    settings: Settings
    saved: bool

    @classmethod
    def read(cls, folder: str) -> Interrupted:
        """Look at a run folder.

        Raises:
            FileError: there is no run, it has ended, or its files are damaged.
        """
        path = os.path.join(folder, report.CHECKPOINT)
        saved = os.path.lexists(path)
        config = _config_in(path) if saved else report.read_config(folder)
        if config is not None and "table" in config:
            raise FileError(
                "the run of a table is not gone on with: it takes no checkpoints",
                where=folder,
                fix="train again; what has finished is repeated by `chainrule replay`",
            )
        if config is None:
            raise FileError(
                "there is no run to go on with",
                where=folder,
                expected=f"a run folder with {report.CHECKPOINT} or {report.CONFIG}",
                fix=f"{argument('resume')} takes the folder that training was writing to",
            )
        results = config.pop("results", None) or {}
        if not saved and (results or os.path.exists(os.path.join(folder, report.MODEL))):
            by = results.get("stopped_by")
            raise FileError(
                f"the run was stopped by {by} and has no checkpoint" if by
                else "the run has finished: there is nothing to go on with",
                where=folder,
                expected=f"an interrupted run, with {report.CHECKPOINT}",
                fix="train anew, into another folder, with more epochs if they were too few",
            )  # fmt: skip
        return cls(folder, config, settings_in(config, folder), saved)

    @property
    def place(self) -> str | None:
        """Where the data were; None for arrays."""
        place: str | None = self.config["data"]["place"]
        return place

    @property
    def table(self) -> dict[str, Any]:
        """What `read_csv` was told."""
        return dict(self.config["data"]["options"])

    def refuse_other_data(self, about: Mapping[str, Any]) -> None:
        """Raise unless names, columns and scaling are those of the run; fit looks at the rows.

        Raises:
            StateError: names the first difference.
        """
        found = difference(self.config["data"], json.loads(json.dumps(about)))
        if found is not None:
            raise StateError(
                "the data are not those of the run that is to be resumed",
                where=self.folder,
                expected=found[0][:300],
                received=found[1][:300],
                fix="bring the old data back, or train anew, into another folder",
            )

    def describe(self) -> str:
        """A line for the reader."""
        if self.saved:
            return f"resuming {self.folder}"
        return f"resuming {self.folder}: it has no checkpoint yet and begins again"


def settings_in(config: Mapping[str, Any], folder: str) -> Settings:
    """What a run was asked for, completed.

    Raises:
        FileError: its `config.json` does not say it.
    """
    try:
        names = {f.name for f in fields(Settings)}
        found = {n: v for n, v in config["arguments"].items() if n in names}
        found["hidden"] = tuple(found["hidden"])
        settings = Settings(**found, seed=config["seed"], engine=config["engine"]["name"])
        settings.check()
        if not isinstance(settings.epochs, int):
            raise TypeError("epochs")
        dict(config["data"]["options"])
        str(config["data"]["place"])
    except (KeyError, TypeError, ValueError, AttributeError, ChainruleError) as error:
        raise FileError(
            "what the run was asked for cannot be read",
            where=folder,
            expected=f"{report.CONFIG} as `chainrule train` wrote it",
            received=str(error).split("\n")[0][:200],
        ) from None
    return settings


def _config_in(path: str) -> dict[str, Any]:
    """The `config.json` of the run that a checkpoint belongs to."""
    _, arrays, manifest = saving.read_file(path)
    try:
        states = [c for c in manifest["run"]["callbacks"] if c["class"] == RunCheckpoint.__name__]
        return dict(decode(states[0]["state"], arrays)["config"])
    except (LookupError, TypeError, ValueError, AttributeError):
        raise FileError(
            "this is not the checkpoint of a run",
            where=path,
            expected="what `chainrule train` or `cr.train` writes",
            fix="go on with it by the callback BackupAndRestore, as it was written",
        ) from None


def refuse_other_words(
    run: Interrupted,
    data: Any,
    chosen: Mapping[str, Any],
    table: Mapping[str, Any],
    out: str | os.PathLike[str] | None,
) -> None:
    """Raise for the first argument that says something else than the run.

    Args:
        run: what goes on.
        data: as given; None where nothing was.
        chosen: settings that were given.
        table: arguments of `read_csv` that were given.
        out: as given.

    Raises:
        ArgumentError: names the argument, both values and what to do.
    """
    fix = "leave it out: the run knows what it was asked for; or train anew, into another folder"

    def refuse(name: str, ours: Any, given: Any) -> None:
        if ours != given:
            raise ArgumentError(
                f"{argument(name)} is not what the run was asked for",
                where=run.folder,
                expected=f"no {argument(name)}" if ours is None else argument(name, ours),
                received=argument(name, given),
                fix=fix,
            )

    if data is None and run.place is None:
        raise ArgumentError(
            "the run was trained on arrays, which no folder holds",
            where=run.folder,
            fix="give them again: train((x, y), resume=folder)",
        )
    if data is not None and run.place is not None:
        given = os.fspath(data) if isinstance(data, (str, os.PathLike)) else type(data).__name__
        if given != run.place and os.path.abspath(given) != run.place:
            raise ArgumentError(
                "the data are not those of the run",
                where=run.folder,
                expected=run.place,
                received=given,
                fix=fix,
            )
    if out is not None and os.path.abspath(os.fspath(out)) != os.path.abspath(run.folder):
        refuse("out", run.folder, os.fspath(out))
    for name, value in chosen.items():
        ours = getattr(run.settings, name)
        if name == "epochs":
            if value < ours:
                raise ArgumentError(
                    f"{argument('epochs')} may only be larger than the run was asked for",
                    where=run.folder,
                    expected=f"at least {ours}",
                    received=value,
                )
        elif name == "engine":
            refuse(name, ours, choose_engine(value))
        elif name == "hidden":
            refuse(name, ours, tuple(value))
        elif name != "checkpoint_every":
            refuse(name, ours, value)
    for name, value in table.items():
        ours = run.table.get(name, _DEFAULTS.get(name))
        plain = [list(v) if isinstance(v, (list, tuple)) else v for v in (ours, value)]
        refuse(name, *plain)
