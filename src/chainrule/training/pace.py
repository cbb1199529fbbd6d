"""How many batches to run at once."""

from __future__ import annotations

import time

__all__ = ["Pace"]


class Pace:
    """About a quarter of a second of batches, so that Ctrl-C, progress and callbacks stay
    responsive; one batch first, whose time is the compiler's.
    """

    def __init__(self, seconds: float = 0.25) -> None:
        self.seconds, self.each, self.calls = seconds, 0.0, 0

    def next(self, left: int) -> int:
        """Batches for the next call."""
        if self.calls == 0:
            return 1
        if self.calls == 1:
            return min(left, 16)
        return max(1, min(left, int(self.seconds / max(self.each, 1e-7))))

    def took(self, batches: int, began: float) -> None:
        """Remember what a call took."""
        if self.calls > 0:
            self.each = (time.perf_counter() - began) / batches
        self.calls += 1
