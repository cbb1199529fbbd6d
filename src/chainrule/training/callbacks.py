"""Callbacks: what happens around epochs and batches. Names and arguments are Keras 3's."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from ..errors import ArgumentError, StateError, choose, did_you_mean

__all__ = [
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
    "Trainable",
]


class Callback:
    """Base: override the moments you want; `self.model` and `self.params` are set by fit.

    Batch methods make the compiled engine stop after every batch; without them a whole epoch
    runs as one program.
    """

    model: Any = None
    params: dict[str, Any] | None = None

    def set_model(self, model: Any) -> None:
        """Called by fit."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Called by fit with epochs and steps."""
        self.params = params

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """After the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Before an epoch; epochs count from 0."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """After an epoch, with its loss, metrics and `val_` figures."""

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Before a batch."""

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After a batch, with the figures of the epoch so far."""

    def on_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Another name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Another name of `on_train_batch_end`."""

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Before an evaluation."""

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """After an evaluation."""

    def on_test_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Before a batch of an evaluation."""

    def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After a batch of an evaluation, with its figures so far."""

    def on_predict_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Before a batch of a prediction."""

    def on_predict_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After a batch of a prediction; `logs["outputs"]` are its outputs."""

    def on_predict_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Before a prediction."""

    def on_predict_end(self, logs: dict[str, Any] | None = None) -> None:
        """After a prediction."""


_BATCH = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")


class Trainable(Protocol):
    """What callbacks may ask of the model that is trained."""

    name: str
    optimizer: Any
    stop_training: bool

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights."""
        ...

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Put new values into all weights."""
        ...

    def save(self, filepath: Any, overwrite: bool = True) -> str:
        """Write the whole model."""
        ...

    def save_weights(self, filepath: Any, overwrite: bool = True) -> str:
        """Write the weights."""
        ...


class CallbackList:
    """The callbacks of one fit, called in order."""

    def __init__(
        self,
        callbacks: Sequence[Callback],
        model: Any,
        params: dict[str, Any],
        validated: bool = True,
    ) -> None:
        for c in callbacks:
            if isinstance(c, type) or not hasattr(c, "on_epoch_end"):
                raise ArgumentError(
                    "this is no callback",
                    where="fit(callbacks=...)",
                    expected="objects of cr.callbacks.Callback",
                    received=repr(c),
                    fix="EarlyStopping(), with parentheses" if isinstance(c, type) else None,
                )
        names = model.metrics_names if hasattr(model, "metrics_names") else []
        names = [*names, *(f"val_{n}" for n in names if validated)]
        # callbacks of the user's own may add figures, so only without any is a missing one certain
        if all(type(c).__module__ == __name__ for c in callbacks):
            for c in callbacks:
                if isinstance(c, _Monitor):
                    c.check(names)
        for c in callbacks:
            c.set_model(model)
            c.set_params(params)
        self.callbacks = list(callbacks)

    def by_batch(self) -> list[str]:
        """Names of the callbacks that look at batches."""
        return self._who(_BATCH)

    def watches(self, kind: str) -> list[str]:
        """Names of those that look at batches of an evaluation (`test`) or prediction."""
        return self._who((f"on_{kind}_batch_begin", f"on_{kind}_batch_end"))

    def _who(self, moments: Sequence[str]) -> list[str]:
        return [
            type(c).__name__
            for c in self.callbacks
            if any(getattr(type(c), m, None) is not getattr(Callback, m) for m in moments)
            or any(m in vars(c) for m in moments)
        ]

    def call(self, moment: str, *args: Any) -> None:
        """Call one method of every callback."""
        for c in self.callbacks:
            getattr(c, moment)(*args)


class History(Callback):
    """Every epoch's figures: `history.history["val_loss"]` is a list. Returned by fit."""

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Keep the epoch's figures."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def __repr__(self) -> str:
        last = ", ".join(f"{k} {v[-1]:.4f}" for k, v in self.history.items())
        return f"<History: {len(self.epoch)} epochs, last: {last or 'none'}>"


class _Monitor(Callback):
    """Base of those that watch one figure: which one, and which direction is better."""

    def __init__(self, monitor: str, mode: str, min_delta: float = 0.0) -> None:
        if mode not in ("auto", "min", "max"):
            raise choose("mode", mode, ("auto", "min", "max"), where=type(self).__name__)
        self.monitor, self.mode, self.min_delta = monitor, mode, abs(min_delta)
        self.best: float | None = None
        self.known: Sequence[str] = ()

    def figure(self, logs: dict[str, Any] | None) -> float | None:
        """The watched figure; a missing one is an error when validation could provide it."""
        logs = logs or {}
        if self.monitor in logs:
            return float(logs[self.monitor])
        if self.monitor in self.known:
            return None  # validation was not due in this epoch
        raise ArgumentError(
            f"the figure {self.monitor!r} does not exist",
            where=type(self).__name__,
            expected=", ".join(logs),
            received=repr(self.monitor),
            fix="give fit validation_split or validation_data"
            if self.monitor.startswith("val_") and not any(k.startswith("val_") for k in logs)
            else did_you_mean(self.monitor, logs),
        )

    def check(self, known: Sequence[str]) -> None:
        """Raise before training when the figure can never come."""
        if self.monitor == "learning_rate":
            return
        self.known = ()
        self.figure(dict.fromkeys(known, 0.0))
        self.known = known

    def better(self, value: float, best: float | None) -> bool:
        """Is the value better than the best by more than min_delta?"""
        if best is None:
            return not math.isnan(value)
        names = ("acc", "accuracy", "auc", "precision", "recall", "f1")
        up = self.mode == "max" or (self.mode == "auto" and any(n in self.monitor for n in names))
        return value - self.min_delta > best if up else value + self.min_delta < best

    def say(self, text: str, verbose: int) -> None:
        """A line for the reader."""
        if verbose:
            print(text)


class EarlyStopping(_Monitor):
    """Stop when a figure has not improved for `patience` epochs.

    `restore_best_weights` puts back the weights of the best epoch, also when training ends by
    itself.  Epochs before `start_from_epoch` do not count.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience, self.verbose, self.baseline = patience, verbose, baseline
        self.restore_best_weights, self.start_from_epoch = restore_best_weights, start_from_epoch

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Start counting."""
        self.wait, self.stopped_epoch, self.best_epoch = 0, 0, 0
        self.best, self.best_weights = None, None

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Count, and stop."""
        value = self.figure(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self.better(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self.better(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Put the best weights back."""
        if self.stopped_epoch:
            self.say(f"Epoch {self.stopped_epoch + 1}: early stopping", self.verbose)
        if self.best_weights is not None:
            self.model.set_weights(self.best_weights)
            self.say(f"Restored the weights of epoch {self.best_epoch + 1}", self.verbose)


class ReduceLROnPlateau(_Monitor):
    """Multiply the learning rate by `factor` when a figure stalls for `patience` epochs."""

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        if not 0 < factor < 1:
            raise ArgumentError(
                "factor must lower the rate",
                where="ReduceLROnPlateau",
                expected="0 < factor < 1",
                received=factor,
            )
        self.factor, self.patience, self.verbose = factor, patience, verbose
        self.cooldown, self.min_lr = cooldown, min_lr

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Start counting."""
        self.best, self.wait, self.cooling = None, 0, 0

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Count, and lower the rate."""
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)
        value = self.figure(logs)
        if self.cooling > 0:
            self.cooling -= 1
            self.wait = 0
        if value is None or self.better(value, self.best):
            self.best, self.wait = value, 0
        elif self.cooling <= 0:
            self.wait += 1
            if self.wait >= self.patience:
                old = float(self.model.optimizer.learning_rate)
                if old > self.min_lr:
                    new = max(old * self.factor, self.min_lr)
                    self.model.optimizer.learning_rate = new
                    self.say(f"Epoch {epoch + 1}: learning rate {old:g} -> {new:g}", self.verbose)
                    self.cooling, self.wait = self.cooldown, 0


class LearningRateScheduler(Callback):
    """Set the learning rate before each epoch to `schedule(epoch, rate)`."""

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Set the rate."""
        rate = float(self.model.optimizer.learning_rate)
        try:
            rate = self.schedule(epoch, rate)
        except TypeError:  # Keras's older form takes the epoch alone
            rate = self.schedule(epoch)
        if not isinstance(rate, (int, float, np.floating)):
            raise ArgumentError(
                "the schedule must return a number",
                where="LearningRateScheduler",
                received=repr(rate),
            )
        self.model.optimizer.learning_rate = float(rate)
        if self.verbose:
            print(f"Epoch {epoch + 1}: learning rate {rate:g}")

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Show the rate in the figures."""
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


class ModelCheckpoint(_Monitor):
    """Save the model after each epoch, or only when a figure is the best so far.

    `filepath` may hold `{epoch:02d}` and `{val_loss:.3f}`. Files are safetensors whatever the
    extension says: `model.h5` is written as `model.safetensors`, with a line that says so.
    By default the last epoch overwrites the one before, not the best: set `save_best_only=True`.
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode)
        if save_freq != "epoch":
            raise ArgumentError(
                "only whole epochs are saved",
                where="ModelCheckpoint",
                expected='save_freq="epoch"',
                received=repr(save_freq),
            )
        self.filepath, self.verbose = os.fspath(filepath), verbose
        self.save_best_only, self.save_weights_only = save_best_only, save_weights_only
        self.best = initial_value_threshold

    def check(self, known: Sequence[str]) -> None:
        """Only the best needs a figure."""
        if self.save_best_only:
            super().check(known)
        os.makedirs(os.path.dirname(os.path.abspath(self.filepath)), exist_ok=True)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Save."""
        if self.save_best_only:
            value = self.figure(logs)
            if value is None or not self.better(value, self.best):
                return
            self.best = value
        try:
            path = self.filepath.format(epoch=epoch + 1, **(logs or {}))
        except (KeyError, IndexError, ValueError) as error:
            raise ArgumentError(
                f"the file name asks for a figure that does not exist: {error}",
                where="ModelCheckpoint",
                expected=", ".join(["epoch", *(logs or {})]),
                received=self.filepath,
            ) from None
        save = self.model.save_weights if self.save_weights_only else self.model.save
        written = save(path)
        self.say(f"Epoch {epoch + 1}: saved {written}", self.verbose)


class TerminateOnNaN(Callback):
    """Kept for Keras programs: fit stops by itself, before the update, at the first NaN."""


class LambdaCallback(Callback):
    """A callback made of functions, `LambdaCallback(on_epoch_end=lambda epoch, logs: ...)`."""

    def __init__(self, **moments: Callable[..., Any]) -> None:
        for name, function in moments.items():
            if not hasattr(Callback, name):
                raise StateError(
                    f"there is no moment {name!r}",
                    where="LambdaCallback",
                    fix=did_you_mean(name, [m for m in vars(Callback) if m.startswith("on_")]),
                )
            setattr(self, name, function)
