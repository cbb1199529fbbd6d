"""Ctrl-C between two whole pieces of work, never inside one."""

from __future__ import annotations

import signal
import threading
from typing import Any

__all__ = ["held_interrupts"]


class held_interrupts:
    """Inside, Ctrl-C is noted and raised at the end; a second one is raised at once."""

    waiting = False

    def __enter__(self) -> held_interrupts:
        self._old: Any = None
        if threading.current_thread() is threading.main_thread():
            handler = signal.getsignal(signal.SIGINT)
            if callable(handler):
                self._old = handler
                signal.signal(signal.SIGINT, self._note)
        return self

    def _note(self, number: int, frame: Any) -> None:
        if self.waiting:
            signal.signal(signal.SIGINT, self._old)
            self._old(number, frame)
        self.waiting = True

    def __exit__(self, *exc: object) -> None:
        if self._old is not None:
            signal.signal(signal.SIGINT, self._old)
            if self.waiting:
                self._old(signal.SIGINT, None)
