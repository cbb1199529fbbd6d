"""Ctrl-C and SIGTERM while a command runs."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from ..process import SIGNALS, leave
from ..workflow.interrupt import STOPPING

__all__ = ["Aborted", "Signals"]


class Aborted(KeyboardInterrupt):
    """A signal that cannot wait, where the process is not ours to end."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class Signals:
    """Ctrl-C and SIGTERM: before training they abort; then the first one asks it to stop.

    Use as a context around everything that must not be lost. Training asks for `name` between
    pieces of work: inside a step nothing may change.

    Args:
        process: the process is ours, and aborting means to end it.
    """

    def __init__(self, process: bool) -> None:
        self.process = process
        self.folder: str | None = None  # what is being written
        self.undo: Callable[[], None] = lambda: None  # what to do where nothing was trained yet
        self.received: int | None = None
        self._training = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Signals:
        import threading

        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *exc: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def begun(self) -> None:
        """Training has begun: from here on there is something to save."""
        self._training = True

    def name(self) -> str | None:
        """The signal that came, such as `"SIGTERM"`; None where none came."""
        return None if self.received is None else signal.Signals(self.received).name

    def _unwritten(self) -> None:
        """Remove the file that was being written, if any."""
        import contextlib
        import glob

        for path in glob.glob(f"{glob.escape(self.folder or '')}/.*.{os.getpid()}.*.tmp"):
            with contextlib.suppress(OSError):
                os.unlink(path)

    def _handle(self, number: int, frame: object) -> None:
        if not self._training or self.received is not None:
            if not self._training:
                self.undo()
            if self.process:
                self._unwritten()
                leave(number)
            raise Aborted(number)
        self.received = number
        # not print: the signal may have come in the middle of one
        os.write(2, STOPPING)
