"""Callbacks that write each epoch's figures into a file: CSV, JSON lines."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import ArgumentError, FileError
from ...files import csv_text, path_of
from .base import Callback

__all__ = ["CSVLogger", "JSONLinesLogger"]


class _Lines(Callback):
    """Base of those that add a line an epoch; a resumed fit cuts off what its checkpoint has not.

    Args:
        filename: the file; it is begun anew with the first line, unless `append`.
        append: write behind what stands there.
    """

    def __init__(self, filename: Any, append: bool = False) -> None:
        self.filename, self.append = path_of(filename), bool(append)
        self._size: int | None = None  # bytes of ours so far; None before the first line
        self._figures: Sequence[str] = ()

    def _check(self, figures: Sequence[str], model: Any, *, all_known: bool) -> None:
        self._figures = figures

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Nothing is written yet: a fit that is resumed keeps its file."""
        self._size = None

    def _write(self, text: str) -> None:
        """Add a line; the file is begun where this is the first one."""
        try:
            folder = os.path.dirname(os.path.abspath(self.filename))
            if self._size is None:
                os.makedirs(folder, exist_ok=True)
            keep = self._size is not None or self.append
            with open(self.filename, "ab" if keep else "wb") as file:
                file.write(text.encode())
                self._size = file.tell()
        except OSError as error:
            raise FileError(
                f"could not write: {error.strerror or error}",
                where=self.filename,
                fix="look at the folder, its rights and the free space",
            ) from None

    def get_state(self) -> dict[str, Any]:
        """How long the file is."""
        return {"size": self._size}

    def set_state(self, state: dict[str, Any]) -> None:
        """Cut off what was written after the checkpoint; it comes again."""
        self._size = state["size"]
        if self._size is None:
            return
        try:
            if os.path.getsize(self.filename) < self._size:
                raise FileError(
                    "the log is shorter than when the checkpoint was written",
                    where=self.filename,
                    fix="put the log back, or start the fit without its checkpoint",
                )
            os.truncate(self.filename, self._size)
        except FileNotFoundError:
            self._size = None  # somebody has taken it away: begin another


class CSVLogger(_Lines):
    """Each epoch's figures as a line of a CSV file, with a column `epoch` that counts from 0.

    The columns are sorted, as in Keras: all figures that are known before training or come with the
    first epoch; what is missing in an epoch (a validation that was not due) is "NA".

    Args:
        filename: the file; an existing one is begun anew, unless `append`.
        separator: between cells.
        append: write behind what stands there; its columns must be these.

    Raises:
        ArgumentError: with `append`: the file has other columns.
        FileError: the file cannot be written.

    Example:
        >>> import os, pathlib, tempfile, numpy as np, chainrule as cr
        >>> path = os.path.join(tempfile.mkdtemp(), "log.csv")
        >>> model = cr.Sequential([cr.layers.Dense(1, kernel_initializer="zeros")])
        >>> model.compile(cr.optimizers.SGD(0.0), "mse")
        >>> _ = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0,
        ...               callbacks=[cr.callbacks.CSVLogger(path)])
        >>> print(pathlib.Path(path).read_text(), end="")
        epoch,loss
        0,1.0
        1,1.0
    """

    def __init__(self, filename: Any, separator: str = ",", append: bool = False) -> None:
        if not isinstance(separator, str) or len(separator) != 1 or separator in '"\r\n':
            raise ArgumentError(
                "separator must be one character", where="CSVLogger", received=repr(separator)
            )
        super().__init__(filename, append)
        self.separator = separator
        self._keys: list[str] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write a line."""
        logs = logs or {}
        if self._size is None:
            self._keys = sorted({*self._figures, *logs})
            self._begin()
        cells = (_cell(logs[k]) if k in logs else "NA" for k in self._keys)
        self._write(self._text([epoch, *cells]))

    def _begin(self) -> None:
        columns = ["epoch", *self._keys]
        there = ""
        if self.append and os.path.exists(self.filename):
            with open(self.filename, encoding="utf-8", errors="replace") as file:
                there = file.readline()
        head = self._text(columns)
        if not there.strip():
            self._write(head)
        elif there.strip() != head.strip():
            raise ArgumentError(
                "the file has other columns",
                where=f"CSVLogger, {self.filename}",
                expected=head.strip(),
                received=there.strip()[:200],
                fix="write into another file, or leave append out",
            )

    def _text(self, cells: list[Any]) -> str:
        return csv_text([cells], self.separator)

    def get_state(self) -> dict[str, Any]:
        """How long the file is, and its columns."""
        return {**super().get_state(), "keys": self._keys}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on behind the lines of the checkpoint."""
        super().set_state(state)
        self._keys = list(state["keys"])


class JSONLinesLogger(_Lines):
    """Each epoch's figures as a JSON object in a line of its own.

    A figure that is not a finite number is null. Keras has no such callback.

    Args:
        filename: the file; an existing one is begun anew, unless `append`.
        append: write behind what stands there.

    Raises:
        FileError: the file cannot be written.

    Example:
        >>> import os, pathlib, tempfile, numpy as np, chainrule as cr
        >>> path = os.path.join(tempfile.mkdtemp(), "log.jsonl")
        >>> model = cr.Sequential([cr.layers.Dense(1, kernel_initializer="zeros")])
        >>> model.compile(cr.optimizers.SGD(0.0), "mse")
        >>> _ = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0,
        ...               callbacks=[cr.callbacks.JSONLinesLogger(path)])
        >>> print(pathlib.Path(path).read_text(), end="")
        {"epoch": 0, "loss": 1.0}
        {"epoch": 1, "loss": 1.0}
    """

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write a line."""
        line = {"epoch": epoch, **{name: _plain(value) for name, value in (logs or {}).items()}}
        import json  # few programs write such a file

        self._write(json.dumps(line, ensure_ascii=False) + "\n")


def _plain(value: Any) -> Any:
    """A figure as JSON has it."""
    value = np.asarray(value).tolist()
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _cell(value: Any) -> Any:
    """A figure as a cell; several in brackets."""
    value = np.asarray(value).tolist()
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else value
