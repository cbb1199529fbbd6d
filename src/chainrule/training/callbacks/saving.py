"""Callbacks that write files while a fit runs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from ...errors import ArgumentError
from ...files import path_of
from .base import Callback
from .monitor import Monitor

__all__ = ["BackupAndRestore", "ModelCheckpoint"]


def _frequency(save_freq: Any, where: str) -> Any:
    """`"epoch"`, or after how many batches."""
    if save_freq == "epoch":
        return save_freq
    if isinstance(save_freq, bool) or not isinstance(save_freq, int) or save_freq < 1:
        raise ArgumentError(
            "save_freq must say when to write",
            where=where,
            expected='"epoch", or a number of batches, at least 1',
            received=repr(save_freq),
        )
    return save_freq


class ModelCheckpoint(Monitor):
    """Save the model after each epoch or so many batches, or when a figure is the best so far.

    By default the last epoch overwrites the one before, not the best: set `save_best_only=True`.

    Args:
        filepath: may hold `{epoch:02d}`, `{batch}` (with `save_freq` in batches; both count from
            1) and figures, `{val_loss:.3f}`. Files are safetensors whatever the extension says:
            `model.h5` is written as `model.safetensors`, with a line that says so.
        save_freq: "epoch", or after how many batches, counted on over the epochs. The compiled
            engine goes on running many batches at once between them.
        initial_value_threshold: only what is better than this is saved.

    Raises:
        ArgumentError: the figure does not exist, or nobody knows which way it is better.
        FileError: the file cannot be written.

    Example:
        >>> import os, tempfile, numpy as np, chainrule as cr
        >>> folder = tempfile.mkdtemp()
        >>> save = cr.callbacks.ModelCheckpoint(os.path.join(folder, "{epoch}.safetensors"))
        >>> model = cr.Sequential([cr.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> _ = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, callbacks=[save], verbose=0)
        >>> sorted(os.listdir(folder))
        ['1.safetensors', '2.safetensors']
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: Any = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode)
        self.save_freq = _frequency(save_freq, "ModelCheckpoint")
        self.filepath, self.verbose = os.fspath(filepath), verbose
        self.save_best_only, self.save_weights_only = save_best_only, save_weights_only
        self.best = initial_value_threshold

    def _check(self, figures: Sequence[str], model: Any, *, all_known: bool) -> None:
        """Only the best needs a figure; between batches those of validation never come."""
        if self.save_best_only:
            by_batch = self.save_freq != "epoch"
            figures = [f for f in figures if not (by_batch and f[:4] == "val_")]
            super()._check(figures, model, all_known=all_known)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Make the folder."""
        os.makedirs(os.path.dirname(os.path.abspath(self.filepath)), exist_ok=True)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Save."""
        if self.save_freq == "epoch":
            self._save(logs or {}, {"epoch": epoch + 1}, f"Epoch {epoch + 1}")

    def _after_steps(self, epoch: int, step: int, logs: Any) -> None:
        self._save(logs(), {"epoch": epoch + 1, "batch": step}, f"Epoch {epoch + 1}, batch {step}")

    def _save(self, logs: dict[str, Any], place: dict[str, int], title: str) -> None:
        if self.save_best_only:
            value = self.figure(logs)
            if value is None or not self.better(value, self.best):
                return
            self.best = value
        try:
            path = self.filepath.format(**place, **logs)
        except (KeyError, IndexError, ValueError) as error:
            raise ArgumentError(
                f"the file name asks for a figure that does not exist: {error}",
                where="ModelCheckpoint",
                expected=", ".join([*place, *logs]),
                received=self.filepath,
            ) from None
        save = self.model.save_weights if self.save_weights_only else self.model.save
        self.say(f"{title}: saved {save(path)}", self.verbose)


class BackupAndRestore(Callback):
    """Write checkpoints, and go on from the last one when the same fit is started again.

    A checkpoint is a model file (`cr.load_model` reads it) that also holds where the fit stands:
    epoch, batch, running figures, the order of the rows, the whole history and what every callback
    remembers. A fit that was killed and started again so ends with the same weights, history and
    files, bit for bit, as one that was not. A callback of your own joins in by `get_state` and
    `set_state`. Between batches nothing is repeated: `on_epoch_begin` is not called again for the
    epoch that goes on.

    Arguments are Keras's; Keras begins the epoch again and has the history from there on.

    Args:
        backup_dir: folder of the file `checkpoint.safetensors`; made if it is missing.
        save_freq: "epoch", or after how many batches, counted on over the epochs.
        double_checkpoint: keep the one before as well, `checkpoint.previous.safetensors`; it is
            read where the last one is damaged.
        delete_checkpoint: remove these files, and nothing else, when fit has ended.

    Raises:
        StateError: the checkpoint belongs to a fit on other data, batches, layers, callbacks or
            another optimizer; or the data cannot be resumed (a generator).
        FileError: the checkpoint is damaged.

    Example:
        >>> import os, tempfile, numpy as np, chainrule as cr
        >>> def fit(folder, *callbacks):
        ...     cr.utils.set_random_seed(0)
        ...     model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(1)])
        ...     model.compile("adam", "mse")
        ...     backup = cr.callbacks.BackupAndRestore(folder)
        ...     return model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=4, verbose=0,
        ...                      callbacks=[backup, *callbacks])
        >>> def stop(epoch, logs):
        ...     if epoch == 2:
        ...         raise KeyboardInterrupt
        >>> folder = tempfile.mkdtemp()
        >>> whole = fit(folder, cr.callbacks.LambdaCallback())
        >>> try:
        ...     fit(folder, cr.callbacks.LambdaCallback(on_epoch_begin=stop))
        ... except KeyboardInterrupt:
        ...     os.listdir(folder)
        ['checkpoint.safetensors']
        >>> fit(folder, cr.callbacks.LambdaCallback()).history == whole.history
        True
    """

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: Any = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        self.backup_dir = path_of(backup_dir)
        self.save_freq = _frequency(save_freq, "BackupAndRestore")
        self.double_checkpoint, self.delete_checkpoint = double_checkpoint, delete_checkpoint

    @property
    def path(self) -> str:
        """Where the newest checkpoint stands."""
        return os.path.join(self.backup_dir, "checkpoint.safetensors")

    @property
    def previous(self) -> str:
        """Where the one before stands."""
        return os.path.join(self.backup_dir, "checkpoint.previous.safetensors")

    # --- asked by the checkpoint ----------------------------------------------------------------

    def _due(self, moment: str, steps_done: int) -> bool:
        """Is it time to write? Asked at every `steps` and `epoch_end`, which ends no batch."""
        if self.save_freq == "epoch":
            return moment == "epoch_end"
        return moment == "steps" and bool(steps_done % self.save_freq == 0)

    def _written(self) -> None:
        """Called when a checkpoint is written."""

    def _must_agree(self, compiled: Any) -> Any:
        """The part of what `compile` was given that must be as it was."""
        return compiled
