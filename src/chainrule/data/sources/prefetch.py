"""A thread that reads one item ahead, and ends however the reading ends."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from typing import Any

from ...errors import StateError

__all__ = ["Reader"]

_ITEM, _ERROR, _END = "item", "error", "end"


class Reader:
    """The items of a generator, each made by a thread while the one before is used.

    At most one item lies ready; the next is begun when that one is taken, so that never more than
    the one in use and one more exist. The generator runs in a copy of the caller's context. An
    error in it is raised by `next` here. `close` ends the thread; so does dropping the reader.
    """

    def __init__(self, items: Iterator[Any]) -> None:
        self._room = threading.Semaphore(1)
        self._stop = threading.Event()
        self._ready: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        # the thread holds no reference to this object, which can therefore be dropped
        work = (_work, items, self._room, self._stop, self._ready)
        self._thread = threading.Thread(
            target=contextvars.copy_context().run, args=work, name="chainrule data", daemon=True
        )
        self._thread.start()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        kind, value = self._take()
        if kind == _ITEM:
            self._room.release()
            return value
        self.close()
        if kind == _ERROR:
            raise value
        raise StopIteration

    def _take(self) -> tuple[str, Any]:
        while not self._stop.is_set():
            alive = self._thread.is_alive()  # looked at first: what it put down last is then there
            try:
                # not for ever: Ctrl-C comes through, and a thread that a fork left behind is seen
                return self._ready.get(timeout=0.5 if alive else 0.0)
            except Empty:
                if not alive:
                    raise StateError(
                        "the thread that reads the data is gone",
                        fix="do not os.fork() while a model is being fitted",
                    ) from None
        return _END, None

    def close(self) -> None:
        """End the thread, and wait until what it is reading just now has come."""
        self._signal()
        if self._thread is not threading.current_thread():
            self._thread.join(timeout=5.0)  # a read that hangs must not hang the program
        while not self._ready.empty():
            self._ready.get()

    def _signal(self) -> None:
        self._stop.set()
        self._room.release()

    def __del__(self) -> None:
        if hasattr(self, "_ready"):
            self._signal()


def _work(
    items: Any,
    room: threading.Semaphore,
    stop: threading.Event,
    ready: SimpleQueue[tuple[str, Any]],
) -> None:
    try:
        while True:
            room.acquire()
            if stop.is_set():
                return
            try:
                item = next(items)
            except StopIteration:
                ready.put((_END, None))
                return
            ready.put((_ITEM, item))
            del item  # or this thread would keep it while it waits
    except BaseException as error:
        ready.put((_ERROR, error))
    finally:
        items.close()
