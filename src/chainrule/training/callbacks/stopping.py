"""Stop rules: training ends when a figure has reached a value, or time is up."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from ...checks import is_number
from ...errors import ArgumentError
from ...variable import Variable, put, snapshot
from .base import Callback
from .monitor import Monitor

__all__ = ["StopWhen", "TimeLimit"]


class StopWhen(Monitor):
    """Stop when a figure has reached a value: `StopWhen("loss", below=1e-3)`.

    Deck 001 stops so: error below ε = .001, or 1,000 epochs, which are `fit(epochs=1000)`.

    Args:
        monitor: name in the logs, such as "loss" or "val_accuracy".
        below: stop as soon as the figure is smaller than this.
        at_least: stop as soon as the figure is this or larger; one of the two is given.
        before_update: stop at the forward pass that first shows it. The loss in the history of an
            epoch is that of the weights *before* its update, where all rows are one batch; by
            default training stops behind that update, with weights that are one step further. With
            `before_update=True` the update is taken back, so that the weights, the optimizer and
            every other state are those that made the figure. Only with one batch an epoch.
        verbose: 1 says in which epoch it stopped.

    Raises:
        ArgumentError: neither bound is given, or both, or one that is no number; or, before
            training: the figure can never come, or with `before_update` an epoch has several
            batches, or the figure is one of the validation, which comes after the update.

    The epochs count from 0 in `stopped_epoch`, which is None where it did not stop.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> model = cr.Sequential([cr.layers.Dense(1, kernel_initializer="zeros")])
        >>> model.compile(cr.optimizers.SGD(0.1), "mse")
        >>> stop = cr.callbacks.StopWhen("loss", below=0.1, before_update=True)
        >>> h = model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=99, batch_size=4,
        ...               callbacks=[stop], verbose=0)
        >>> [round(e, 4) for e in h.history["loss"]], stop.stopped_epoch  # 1·.36ᵏ
        ([1.0, 0.36, 0.1296, 0.0467], 3)
        >>> round(model.evaluate(np.ones((4, 1)), np.ones((4, 1)), verbose=0), 4)
        0.0467
    """

    _state = ("stopped_epoch",)

    def __init__(
        self,
        monitor: str = "loss",
        *,
        below: float | None = None,
        at_least: float | None = None,
        before_update: bool = False,
        verbose: int = 0,
    ) -> None:
        given = [v for v in (below, at_least) if v is not None]
        if len(given) != 1 or not is_number(given[0]):
            raise ArgumentError(
                "one bound must be given, a number",
                where="StopWhen",
                expected="below= for a loss or an error, at_least= for an accuracy",
                received=f"below={below!r}, at_least={at_least!r}",
                fix='StopWhen("loss", below=1e-3), or StopWhen("val_accuracy", at_least=0.98)',
            )
        super().__init__(monitor, "max" if below is None else "min")
        self.below, self.at_least = below, at_least
        self.before_update, self.verbose = before_update, verbose
        self.stopped_epoch: int | None = None
        self._epoch = 0
        self._kept: tuple[list[Variable], list[Any]] = ([], [])
        if before_update:  # of this one alone: whoever looks at batches makes XLA run them singly
            self.on_train_batch_begin = self._keep  # type: ignore[method-assign]
            self.on_train_batch_end = self._look  # type: ignore[method-assign]

    def reached(self, value: float) -> bool:
        """Is this value where training stops?"""
        return value < self.below if self.below is not None else value >= self.at_least  # type: ignore[operator]

    def _check(self, figures: Sequence[str], model: Any, *, all_known: bool) -> None:
        super()._check(figures, model, all_known=all_known)
        if self.before_update and self.monitor.startswith("val_"):
            raise ArgumentError(
                "figures of the validation come after the update, which cannot be waited for",
                where="StopWhen",
                expected="before_update=True with a figure of the training rows",
                received=f"monitor={self.monitor!r}",
                fix="leave before_update out, or watch the loss",
            )

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Start watching."""
        steps = (self.params or {}).get("steps")
        if self.before_update and steps != 1:
            raise ArgumentError(
                "before_update needs one batch an epoch: of several, each had other weights",
                where="StopWhen",
                expected="all rows in one batch",
                received="batches as they come" if steps is None else f"{steps} batches an epoch",
                fix="fit(batch_size=len(x)), or leave before_update out",
            )
        self.stopped_epoch, self._epoch = None, 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Which epoch it is."""
        self._epoch = epoch

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Stop, where the figure is there."""
        if not self.before_update:
            value = self.figure(logs)
            if value is not None and self.reached(value):
                self._stop(epoch)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Say where it stopped."""
        if self.stopped_epoch is not None:
            bound = f"below {self.below:g}" if self.below is not None else f"{self.at_least:g}"
            self.say(f"Epoch {self.stopped_epoch + 1}: {self.monitor} reached {bound}",
                     self.verbose)  # fmt: skip

    def _stop(self, epoch: int) -> None:
        self.stopped_epoch = epoch
        self.model.stop_training = True

    def _keep(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """What the step may change, as it is before it; its running figures stay as they come."""
        found = {id(v): v for v in (*self.model.variables, *self.model.optimizer.variables)}
        variables = [v for v in found.values() if v.kind != "metric"]
        self._kept = variables, snapshot(variables)

    def _look(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        value = self.figure(logs)
        if value is not None and self.reached(value):
            put(*self._kept)
            self._stop(self._epoch)
        self._kept = [], []


class TimeLimit(Callback):
    """Stop when training has taken so many seconds: `TimeLimit(60)`.

    It is asked between two pieces of work, of a second at most, so that an epoch may end in its
    middle; its figures are those of the batches that were done. The compiled engine goes on running
    many batches at once. A resumed fit has the time that was left. Keras has no such callback.

    Args:
        seconds: how long training may take, above 0; compiling counts.
        verbose: 1 says when it stopped.

    Raises:
        ArgumentError: no number of seconds.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> model = cr.Sequential([cr.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> limit = cr.callbacks.TimeLimit(1e-9)  # over before the second piece
        >>> h = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=1000, callbacks=[limit],
        ...               verbose=0)
        >>> len(h.epoch) < 1000, limit.stopped
        (True, True)
    """

    def __init__(self, seconds: float, verbose: int = 0) -> None:
        if not is_number(seconds) or seconds <= 0:
            raise ArgumentError(
                "seconds must be a number above 0", where="TimeLimit", received=repr(seconds)[:80]
            )
        self.seconds, self.verbose = seconds, verbose
        self.stopped = False
        self._began = self._before = 0.0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """The time runs."""
        self.stopped, self._before, self._began = False, 0.0, time.monotonic()

    def _is_over(self, steps_done: int) -> bool:
        if steps_done and not self.stopped and self._taken() >= self.seconds:
            self.stopped = True
            self.model.stop_training = True
        return self.stopped

    def _taken(self) -> float:
        return self._before + time.monotonic() - self._began

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Say that time was up."""
        if self.stopped and self.verbose:
            print(f"time is up: stopped after {self._taken():.1f} of {self.seconds:g} seconds")

    def get_state(self) -> dict[str, Any]:
        """The time taken so far."""
        return {"taken": self._taken()}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on with what is left."""
        self._before, self._began = state["taken"], time.monotonic()
