"""How many batches to run at once."""

from __future__ import annotations

import time

__all__ = ["Pace"]


_SEVERAL = 8  # batches at once, where they take no longer than `most`


class Pace:
    """About a quarter of a second of batches, so that Ctrl-C, progress and callbacks stay
    responsive; one batch first, whose time is the compiler's.

    Slow batches are run several at once, for up to `most` seconds: each call of a program asks the
    system for its memory anew, which for a large network is a third of a batch's time.
    """

    def __init__(self, seconds: float = 0.25, most: float = 1.0) -> None:
        self.seconds, self.most, self.each, self.calls = seconds, most, 0.0, 0

    def next(self, left: int) -> int:
        """Batches for the next call."""
        if self.calls == 0:
            return 1
        if self.calls == 1:
            return min(left, 16)
        each = max(self.each, 1e-7)
        size = max(int(self.seconds / each), min(_SEVERAL, int(self.most / each)))
        return max(1, min(left, size))

    def took(self, batches: int, began: float) -> None:
        """Remember what a call took."""
        if self.calls > 0:
            self.each = (time.perf_counter() - began) / batches
        self.calls += 1
