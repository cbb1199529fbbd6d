"""Rows larger than memory: encoded a block at a time into a temporary file, trained on from there.

The file has no name from the moment it is opened (POSIX) or goes with its last handle (Windows): it
is gone on every way out, an error, Ctrl-C and a killed process included.
"""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import tempfile
from collections.abc import Iterable
from typing import IO, Any

import numpy as np

from .. import tree
from ..errors import ArgumentError, DataError, FileError

__all__ = ["EncodedRows", "encoded_rows"]

_SPARE = 1 << 28  # bytes of the disk that are left to others


class EncodedRows:
    """Trees of memory-mapped arrays, for `fit(rows.x, rows.y, rows.sample_weight)`.

    As a context it lets go of the file at its end; without, the file goes with the last array.

    Args:
        parts: x, y and sample_weight, those after the first None where blocks have none.
        rows: how many there are.
        nbytes: how large they are on the disk.
    """

    def __init__(self, parts: tuple[Any, Any, Any], rows: int, nbytes: int) -> None:
        self.x, self.y, self.sample_weight = parts
        self.rows, self.nbytes = rows, nbytes

    @property
    def said(self) -> str:
        """One line on what was written."""
        return f"{self.rows:,} rows encoded, {_size(self.nbytes)} in a temporary file"

    def close(self) -> None:
        """Let go of the arrays, and with the last of them of the file."""
        self.x = self.y = self.sample_weight = None

    def __enter__(self) -> EncodedRows:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<EncodedRows: {self.said}>"


def encoded_rows(
    blocks: Iterable[Any],
    *,
    rows: int | None = None,
    folder: Any = None,
    budget: int | None = None,
) -> EncodedRows:
    """Write blocks of encoded rows to a temporary file, and map it into memory.

    Args:
        blocks: of (x, y), (x, y, sample_weight) or x alone, each an array or a tree of arrays with
            the same widths and types in every block.
        rows: how many there will be, where that is known: then the space is checked before more
            than one block is written.
        folder: where to write; by default the system's folder for temporary files, unless that lies
            in memory and there is another.
        budget: bytes that may be written at most.

    Raises:
        DataError: no rows; a block unlike the first.
        FileError: no space for it, or more than the budget.

    Example:
        >>> blocks = ((np.full((4, 2), k, np.float32), np.arange(4)) for k in range(3))
        >>> with encoded_rows(blocks, rows=12) as rows:
        ...     print(rows.x.shape, rows.y[-1], rows.said)
        (12, 2) 3 12 rows encoded, 192 bytes in a temporary file
    """
    folder = _folder(folder)
    found, count, written = _Files(folder), 0, 0
    with contextlib.ExitStack() as stack:
        stack.enter_context(found)
        for block in blocks:
            parts = block if isinstance(block, tuple) else (block,)
            added, size = found.check(parts)
            expected = size if rows is None or not added else size * max(1, (rows - count) / added)
            _need_room(folder, written, expected, budget)
            found.write(parts)
            count, written = count + added, written + size
        if not count:
            raise DataError("there are no rows to encode", where="encoded_rows")
        return EncodedRows(found.mapped(count), count, written)


class _Files:
    """One nameless file for each array of the trees."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.files: list[IO[bytes]] = []
        self.structure: Any = None
        self.kinds: list[tuple[tuple, Any]] = []  # shape of a row and type of each leaf

    def __enter__(self) -> _Files:
        return self

    def __exit__(self, *error: object) -> None:
        for file in self.files:  # a mapping keeps what it maps
            with contextlib.suppress(OSError):
                file.close()

    def check(self, parts: tuple) -> tuple[int, int]:
        """(rows, bytes) of a block, which must be like the first."""
        leaves, structure = tree.flatten(parts)
        kinds = [(np.shape(leaf)[1:], getattr(leaf, "dtype", None)) for leaf in leaves]
        if self.structure is None:
            right = all(isinstance(v, np.ndarray) and not v.dtype.hasobject for v in leaves)
            if not right or not 1 <= len(parts) <= 3:
                raise DataError(
                    "a block is (x, y), (x, y, sample_weight) or x, of arrays of numbers",
                    where="encoded_rows",
                    received=", ".join(type(v).__name__ for v in leaves),
                )
            self.structure, self.kinds = structure, kinds
            self.files = [self._open() for _ in leaves]
        lengths = {len(leaf) for leaf in leaves}
        if structure != self.structure or kinds != self.kinds or len(lengths) != 1:
            raise DataError(
                "a block is unlike the first",
                where="encoded_rows",
                expected=_shown(self.kinds) + ", all with as many rows",
                received=", ".join(f"{getattr(v, 'dtype', type(v))} {np.shape(v)}" for v in leaves),
            )
        return lengths.pop(), sum(leaf.nbytes for leaf in leaves)

    def _open(self) -> IO[bytes]:
        try:
            return tempfile.TemporaryFile(prefix="chainrule-", dir=self.folder)
        except OSError as error:
            raise _no_file(self.folder, error) from None

    def write(self, parts: tuple) -> None:
        """Put the rows of a block behind those before."""
        try:
            for file, leaf in zip(self.files, tree.leaves(parts), strict=True):
                file.write(np.ascontiguousarray(leaf).data)
        except OSError as error:
            raise _no_file(self.folder, error) from None

    def mapped(self, rows: int) -> tuple[Any, Any, Any]:
        """The files as arrays, in the tree of the blocks."""
        arrays = []
        for file, (shape, kind) in zip(self.files, self.kinds, strict=True):
            file.flush()
            if math.prod(shape):
                arrays.append(np.memmap(file, kind, "r", 0, (rows, *shape)))
            else:
                arrays.append(np.zeros((rows, *shape), kind))
        x, y, weight, *_ = (*tree.unflatten(self.structure, arrays), None, None)
        return x, y, weight


def _shown(kinds: list[tuple[tuple, Any]]) -> str:
    return ", ".join(f"{kind} (rows, {', '.join(map(str, shape))})" for shape, kind in kinds)


def _need_room(folder: str, written: int, more: float, budget: int | None) -> None:
    """Raise before a block is written that the disk or the budget has no room for."""
    if budget is not None and written + more > budget:
        raise FileError(
            "the encoded rows are larger than the budget",
            where="encoded_rows",
            expected=f"at most {_size(budget)}",
            received=f"{_size(written + more)}",
            fix="give a larger budget, fewer rows or fewer columns",
        )
    free = shutil.disk_usage(folder).free
    if more + _SPARE > free:
        raise FileError(
            "there is no space for the encoded rows; nothing of them is left behind",
            where=folder,
            expected=f"{_size(more + _SPARE)} free",
            received=f"{_size(free)} free",
            fix="free some space, or set the environment variable TMPDIR to a folder with more",
        )


def _no_file(folder: str, error: OSError) -> FileError:
    return FileError(
        "the temporary file cannot be written; nothing of it is left behind",
        where=folder,
        received=error.strerror or str(error),
        fix="free some space, or set the environment variable TMPDIR to another folder",
    )


def _folder(given: Any) -> str:
    """The folder to write to."""
    if given is not None:
        if not os.path.isdir(given):
            raise ArgumentError("there is no such folder", where="encoded_rows", received=given)
        return os.fspath(given)
    folder = tempfile.gettempdir()
    other = "/var/tmp"  # noqa: S108 - files in it are nameless
    if "TMPDIR" not in os.environ and _in_memory(folder) and os.access(other, os.W_OK):
        return other
    return folder


def _in_memory(folder: str) -> bool:
    """Is this a folder whose files take memory (Linux's tmpfs)?"""
    try:
        with open("/proc/mounts", encoding="utf-8", errors="replace") as file:
            mounts = [line.split()[1:3] for line in file]
    except OSError:
        return False
    path, best, kind = os.path.realpath(folder), "", ""
    for place, of in mounts:
        inside = path == place or path.startswith(place.rstrip("/") + "/")
        if inside and len(place) >= len(best):
            best, kind = place, of
    return kind in ("tmpfs", "ramfs")


def _size(n: float) -> str:
    """Bytes as people say them."""
    for unit in ("bytes", "KB", "MB", "GB"):
        if n < 1000 or unit == "GB":
            return f"{n:,.0f} {unit}" if unit == "bytes" else f"{n:,.1f} {unit}"
        n /= 1000
    raise AssertionError
