"""Progress: a bar on a terminal, one plain line an epoch elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Any

from ..terminal import columns, fold

__all__ = ["Progress", "figures"]


def figures(logs: dict[str, Any]) -> str:
    """`loss 0.1234  accuracy 0.9876`."""
    return "  ".join(f"{name} {_short(value)}" for name, value in logs.items())


def _short(value: Any) -> str:
    if isinstance(value, list):
        return f"[{' '.join(map(_short, value))}]"
    value = float(value)
    return f"{value:.4f}" if value == 0 or 1e-3 <= abs(value) < 1e4 else f"{value:.3e}"


class Progress:
    """Shows a fit or an evaluation while it runs.

    Args:
        verbose: 0 silent, 1 a bar on a terminal (lines elsewhere), 2 one line an epoch.
    """

    def __init__(self, verbose: Any, epochs: int, steps: int | None, title: str = "Epoch") -> None:
        verbose = 1 if verbose == "auto" else int(verbose)
        self.shown, self.epochs, self.steps, self.title = verbose > 0, epochs, steps, title
        self._detailed, self._done = verbose == 1, 0
        self._bar: Any = None
        if verbose == 1 and sys.stdout.isatty():
            self._bar = _bar()
            self._bar.start()
        self._task: Any = None
        self._epoch, self._began = 0, time.perf_counter()

    def note(self, text: str) -> None:
        """A line that stays."""
        if self.shown:
            text = fold(text, columns())
            print(text, flush=True) if self._bar is None else self._bar.console.print(
                text, markup=False, highlight=False, soft_wrap=True
            )

    def begin(self, epoch: int) -> None:
        """An epoch starts."""
        self._began, self._epoch, self._done = time.perf_counter(), epoch, 0
        if self._bar is not None:
            self._task = self._bar.add_task(self._name(), total=self.steps, figures="")

    def _name(self) -> str:
        return f"{self.title} {self._epoch + 1}/{self.epochs}" if self.epochs else self.title

    def say_compiling(self) -> None:
        """The next batches wait for the compiler; the bar says so until `advance`."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, figures="compiling ...", refresh=True)
        elif self._bar is None and self._detailed:
            self.note("compiling the step ...")

    def advance(self, steps: int, logs: Any = None) -> None:
        """Some batches are done; `logs` is a function, called only where a bar shows it."""
        self._done += steps
        if self._bar is not None:
            text = figures(logs()) if logs is not None else ""
            self._bar.update(self._task, advance=steps, figures=text)

    def end(self, logs: dict[str, Any]) -> None:
        """An epoch is over."""
        if self._bar is not None:
            self._bar.remove_task(self._task)  # finished epochs become plain lines above the bar
            self._bar.refresh()  # else the next line would bring back the last picture of the bar
            self._task = None
        if not self.shown:
            return
        took = time.perf_counter() - self._began
        speed = f"{took:.1f} s" if took >= 0.05 else f"{took * 1e3:.0f} ms"
        self.note(f"{self._name()}  {figures(logs)}  ({self._done} steps, {speed})")

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _bar() -> Any:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Column

    narrow = (columns() or 80) < 90
    return Progress(
        TextColumn("{task.description}", table_column=Column(no_wrap=True)),
        BarColumn(bar_width=10 if narrow else 24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        # what does not fit is left out, never broken in two
        TextColumn("{task.fields[figures]}", table_column=Column(no_wrap=True, ratio=1)),
        refresh_per_second=8,
    )
