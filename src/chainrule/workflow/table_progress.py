"""The line that shows how far a fit on a table has come."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping

from ..terminal import columns

__all__ = ["Line"]

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
        now = time.monotonic()
        if self.width is None or now - self._last < _OFTEN:
            return
        self._last, self._shown = now, True
        loss = figures.get("val_loss")
        more = "" if loss is None else f", loss on rows held out {loss:.4g}"
        text = f"{self.label}: {name}, step {step:,} of {steps:,}{more}"
        print(f"\r{text[: self.width - 1]:{self.width - 1}}", end="", flush=True)

    def clear(self) -> None:
        """Nothing of it stays."""
        if self._shown and self.width is not None:
            print(f"\r{'':{self.width - 1}}\r", end="", flush=True)
