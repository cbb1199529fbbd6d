"""Callbacks that watch a figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ...errors import ArgumentError, NonFiniteError, choose, did_you_mean
from ...metrics import better_direction
from .base import Callback

__all__ = ["EarlyStopping", "Monitor", "ReduceLROnPlateau", "TerminateOnNaN"]


class Monitor(Callback):
    """Base of those that watch one figure: which one, and which direction is better.

    Args:
        monitor: name in the logs, such as "val_loss".
        mode: "min", "max", or "auto": the metric of that name knows.
        min_delta: a smaller change is no improvement.
    """

    _state: tuple[str, ...] = ("best",)  # attributes that a checkpoint must hold

    def __init__(self, monitor: str, mode: str, min_delta: float = 0.0) -> None:
        if mode not in ("auto", "min", "max"):
            raise choose("mode", mode, ("auto", "min", "max"), where=type(self).__name__)
        self.monitor, self.mode, self.min_delta = monitor, mode, abs(min_delta)
        self.best: float | None = None
        self._known: Sequence[str] = ()

    def figure(self, logs: dict[str, Any] | None) -> float | None:
        """The watched figure; a missing one is an error when validation could provide it."""
        logs = logs or {}
        if self.monitor in logs:
            return float(logs[self.monitor])
        if self.monitor in self._known:
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

    def _check(self, figures: Sequence[str], model: Any, *, all_known: bool) -> None:
        """Raise before training when the figure can never come, or nobody knows what is better."""
        self._known = ()
        if all_known and self.monitor != "learning_rate":
            self.figure(dict.fromkeys(figures, 0.0))
        self._known = figures
        self.direction(model)

    def direction(self, model: Any) -> str:
        """Which way is better, "min" or "max".

        Raises:
            ArgumentError: `mode` is "auto", and no metric of the model knows.
        """
        if self.mode != "auto":
            return self.mode
        found = better_direction(self.monitor, getattr(model, "metrics", ()))
        if found is None:
            raise ArgumentError(
                f"nobody knows whether a higher or a lower {self.monitor!r} is better",
                where=type(self).__name__,
                fix='say mode="max" or mode="min"',
            )
        return found

    def better(self, value: float, best: float | None) -> bool:
        """Is the value better than the best by more than min_delta?"""
        if best is None:
            return not math.isnan(value)
        if self.direction(self.model) == "max":
            return value - self.min_delta > best
        return value + self.min_delta < best

    def say(self, text: str, verbose: int) -> None:
        """A line for the reader."""
        if verbose:
            print(text)

    def get_state(self) -> dict[str, Any]:
        """What it has counted and kept."""
        return {name: getattr(self, name) for name in self._state}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        for name in self._state:
            setattr(self, name, state[name])


class EarlyStopping(Monitor):
    """Stop when a figure has not improved for `patience` epochs.

    `restore_best_weights` puts back the weights of the best epoch, also when training ends by
    itself. Epochs before `start_from_epoch` do not count. With a `baseline`, only an epoch better
    than it starts the count again.

    Raises:
        ArgumentError: before training: the figure can never come, or nobody knows which way it is
            better (say `mode`).

    Example:
        >>> import numpy as np, chainrule as cr
        >>> stop = cr.callbacks.EarlyStopping("loss", patience=2, restore_best_weights=True)
        >>> model = cr.Sequential([cr.layers.Dense(1)])
        >>> model.compile(cr.optimizers.SGD(0.0), "mse")
        >>> h = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=9, callbacks=[stop], verbose=0)
        >>> len(h.epoch), stop.best_epoch
        (3, 0)
    """

    _state = ("best", "best_epoch", "best_weights", "stopped_epoch", "wait")

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
        self.wait, self.stopped_epoch, self.best_epoch = 0, 0, 0
        self.best_weights: Any = None

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


class ReduceLROnPlateau(Monitor):
    """Multiply the learning rate by `factor` when a figure stalls for `patience` epochs.

    rate ← max(rate·factor, min_lr); then `cooldown` epochs do not count. The rate of each epoch
    stands in the history as `learning_rate`.

    Raises:
        ArgumentError: `factor` is not between 0 and 1; or, before training: the figure can never
            come, or nobody knows which way it is better (say `mode`).

    Example:
        >>> import numpy as np, chainrule as cr
        >>> slower = cr.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=9.0)
        >>> model = cr.Sequential([cr.layers.Dense(1)])
        >>> model.compile(cr.optimizers.SGD(0.1), "mse")
        >>> h = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=3, callbacks=[slower], verbose=0)
        >>> h.history["learning_rate"]
        [0.1, 0.1, 0.05]
    """

    _state = ("best", "cooling", "wait")

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
        self.wait, self.cooling = 0, 0

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
        if value is None:  # no validation in this epoch
            return
        if self.better(value, self.best):
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


class TerminateOnNaN(Callback):
    """Ends fit at the first NaN or infinity, without an exception, and prints the batch.

    The weights are those before that step (Keras's are those after it, NaN already); without this
    callback fit raises NonFiniteError there.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> model = cr.Sequential([cr.layers.Dense(1)])
        >>> model.compile(cr.optimizers.SGD(1e30), "mse")
        >>> h = model.fit(np.ones((4, 2)), np.ones((4, 1)), batch_size=2, epochs=9, verbose=0,
        ...               callbacks=[cr.callbacks.TerminateOnNaN()])  # doctest: +ELLIPSIS
        Batch ...
        >>> model.stop_training
        True
    """

    def on_non_finite(self, error: NonFiniteError) -> bool:
        """Say which batch, and end."""
        print(f"Batch {error.batch}: {error.problem} ({error.received})")
        return True
