"""The line that shows how far a fit on a table has come."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping

from ..terminal import columns

__all__ = ["Count", "Line"]

_OFTEN = 0.2  # seconds


class Line:
    """One line of a terminal, written over and over; elsewhere nothing.

    Args:
        label: what is fitted.
    """

    def __init__(self, label: str) -> None:
        self.label, self.width = label, columns(sys.stdout)
        self._last, self._shown = 0.0, False

    def __call__(self, name: str, step: int, steps: int, figures: Mapping[str, float]) -> None:
        """As `tabular.fit` calls its `progress`."""
        loss = figures.get("val_loss")
        more = "" if loss is None else f", loss on rows held out {loss:.4g}"
        self.show(f"{name}, step {step:,} of {steps:,}{more}")

    def show(self, said: str) -> None:
        """Say this, unless something was said a moment ago."""
        now = time.monotonic()
        if self.width is None or now - self._last < _OFTEN:
            return
        self._last, self._shown = now, True
        text = f"{self.label}: {said}"
        print(f"\r{text[: self.width - 1]:{self.width - 1}}", end="", flush=True)

    def clear(self) -> None:
        """Nothing of it stays."""
        if self._shown and self.width is not None:
            print(f"\r{'':{self.width - 1}}\r", end="", flush=True)


class Count:
    """How many rows of a large file have come by, on one line of a terminal; elsewhere nothing.

    Args:
        label: what happens to them.
        total: how many there are, or about so many; 0 where nobody knows.
        verbose: False for nothing at all.
    """

    def __init__(self, label: str, total: int, verbose: object = True) -> None:
        self.line, self.total, self.verbose, self.rows = Line(label), total, verbose, 0

    def start(self) -> None:
        """Count from 0."""
        self.rows = 0

    def add(self, rows: int) -> None:
        """So many more."""
        self.rows += rows
        if self.verbose:
            share = f", about {min(0.99, self.rows / self.total):.0%}" if self.total else ""
            self.line.show(f"{self.rows:,} so far{share}".replace("%", " %"))

    def clear(self) -> None:
        """Nothing of it stays."""
        self.line.clear()
