"""Ctrl-C during `cr.train`: the first asks it to stop and keep what there is, the second aborts."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

from ..training.callbacks import Callback

__all__ = ["STOPPING", "Begun", "Interrupts"]

STOPPING = b"\nstopping after this step and saving; once more aborts at once\n"


class Begun(Callback):
    """Tells that training has begun; for a run without a folder, which has no checkpoint."""

    def __init__(self, begun: Callable[[], None]) -> None:
        self.begun = begun

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Say so."""
        self.begun()

    def get_state(self) -> dict[str, Any]:
        """It remembers nothing."""
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """It remembers nothing."""


class Interrupts:
    """A context in which Ctrl-C ends training between two steps instead of losing it.

    Before training, and a second time, Ctrl-C is Python's own KeyboardInterrupt. A program that
    handles the signal itself keeps its handler, and so do threads, which get no signals.

    Args:
        stop: called at the first Ctrl-C of a training.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self.stop = stop
        self.received = self._training = self._mine = False

    def __enter__(self) -> Interrupts:
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._mine = True
            signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *exc: object) -> None:
        if self._mine:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def begun(self) -> None:
        """From here on there is something to keep."""
        self._training = True

    def name(self) -> str | None:
        """The signal that came."""
        return "SIGINT" if self.received else None

    def _handle(self, number: int, frame: Any) -> None:
        if not self._training or self.received:
            signal.default_int_handler(number, frame)
        self.received = True
        os.write(2, STOPPING)  # not print: the signal may have come in the middle of one
        self.stop()
