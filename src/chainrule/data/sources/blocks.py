"""Files: arrays that are read block by block, so that they may be larger than memory."""

from __future__ import annotations

import functools
import math
import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np

from ... import rng, tree
from .base import (
    Chunk,
    Positions,
    array,
    fingerprint,
    named,
    number_width,
    reading,
    rows_of,
    shapes,
)

__all__ = ["BLOCK_BYTES", "Blocks", "is_on_disk"]

BLOCK_BYTES = 1 << 26  # of one block; about three exist at a time

# what arrays in memory have and datasets in files have not
_IN_MEMORY = ("__dlpack__", "__array_namespace__", "to_numpy", "numpy", "tocoo")


def is_on_disk(leaf: Any) -> bool:
    """True for memory-mapped arrays, and for array-likes that must be sliced to be read (HDF5)."""
    if isinstance(leaf, np.ndarray):
        base: Any = leaf
        while isinstance(base, (np.ndarray, memoryview)):
            if getattr(base, "_mmap", None) is not None:
                return True
            base = base.base if isinstance(base, np.ndarray) else base.obj
        return isinstance(base, mmap.mmap)
    if isinstance(leaf, np.generic) or any(hasattr(leaf, name) for name in _IN_MEMORY):
        return False
    return hasattr(leaf, "shape") and hasattr(leaf, "__getitem__")


class Blocks(Positions):
    """A tree of arrays of which some lie in a file.

    A block is a fixed number of rows, a multiple of the batch size; so only the last batch of an
    epoch may be shorter. Shuffled, the blocks come in random order and the rows of each block too;
    the short batch is drawn from the last block and comes last. Block order and row order are
    functions of (key, pass, block), so that any step can be found again.

    Args:
        block_rows: rows of a block, rounded down to whole batches; None: as many whole batches as
            fit into `BLOCK_BYTES`.
    """

    kind = "blocks"

    def __init__(
        self,
        data: tuple[Any, ...],
        *,
        batch_size: int,
        block_rows: int | None = None,
        **shared: Any,
    ) -> None:
        self.rows = rows_of(data, shared["names"])
        self.batch_size, self._data = batch_size, data
        super().__init__(-(-self.rows // batch_size), **shared)
        if block_rows is None:
            block_rows = BLOCK_BYTES // max(row_bytes(data), 1)
        self.block_rows = max(block_rows // batch_size, 1) * batch_size
        self.blocks = -(-self.rows // self.block_rows)
        if self.shuffle and self.blocks > 1:
            self.note = (
                f"the data is read in {self.blocks} blocks of {self.block_rows} rows: "
                "shuffled by block and within each block"
            )

    def first(self) -> Any:
        """The first rows as they stand, unchecked."""
        return self.read(0, min(self.batch_size, self.rows))

    def chunks(self, epoch: int = 0, first_step: int = 0) -> Iterator[Chunk]:
        """A chunk for each block, read by a thread; the short batch may be one of its own."""
        return self.ahead(self._chunks(epoch, first_step))

    def _chunks(self, epoch: int, first_step: int) -> Iterator[Chunk]:
        for number, first, count, step in self.pieces(epoch, first_step):
            at = 0  # batch of the pass with which a block begins
            for block, skip, size in self.plan(number):
                begin, end = max(at, first), min(at + size, first + count)
                if begin < end:
                    yield self._chunk(
                        number, block, skip + begin - at, end - begin, step + begin - first
                    )
                at += size

    def plan(self, number: int) -> list[tuple[int, int, int]]:
        """(block, its first batch, how many batches) of pass `number`, in training order."""
        each, last = self.block_rows // self.batch_size, self.blocks - 1
        full, short = divmod(self.rows - last * self.block_rows, self.batch_size)
        sizes = [each] * last + [full]
        if not self.shuffle:
            order = np.arange(self.blocks)
        else:
            order = rng.permutation(rng.fold(rng.fold(self.key, number), 0), self.blocks)
        found = [(b, 0, sizes[b]) for b in order.tolist() if sizes[b]]
        if short and found and found[-1][0] == last:
            found[-1] = (last, 0, full + 1)
        elif short:
            found.append((last, full, 1))
        return found

    def _chunk(self, number: int, block: int, skip: int, steps: int, first_step: int) -> Chunk:
        first = block * self.block_rows
        end = min(first + self.block_rows, self.rows)
        order = None
        if self.shuffle:
            key = rng.fold(rng.fold(self.key, number), block + 1)
            order = rng.permutation(key, end - first)
        data = self.checked(self.read(first, end), first)
        return Chunk(data, order, self.batch_size, first_step, steps, skip, first)

    def read(self, first: int, end: int) -> Any:
        """Rows `first` to `end`, copied into memory."""

        def one(leaf: Any) -> Any:
            if leaf is None or (isinstance(leaf, np.ndarray) and not is_on_disk(leaf)):
                return None if leaf is None else leaf[first:end]
            found = leaf[first:end]
            if not isinstance(found, np.ndarray):
                return array(found, self.names[0])
            copied = np.array(found)
            _let_go(leaf)
            return copied

        with reading(f"reading {self.names[0]}", f"rows {first} to {end}"):
            return tree.map(one, self._data)

    def describe(self) -> dict[str, Any]:
        """Plain values that must be the same when a run is resumed."""
        return super().describe() | {
            "block_rows": self.block_rows,
            "arrays": shapes(self._data, self.names),
            "checksum": self._checksum,
        }

    @functools.cached_property
    def _checksum(self) -> int:
        return fingerprint(self._data, self.rows)


def _let_go(leaf: Any) -> None:
    """The pages that were read count as the process's memory no longer; the file keeps them.

    Not of a mapping of mode "c", whose changes exist in memory alone.
    """
    mapped = getattr(leaf, "_mmap", None)
    if getattr(leaf, "mode", "c") != "c" and hasattr(mapped, "madvise"):
        mapped.madvise(mmap.MADV_DONTNEED)  # type: ignore[union-attr]


def row_bytes(data: tuple[Any, ...]) -> int:
    """Bytes of one row of all leaves together, once they are trained on."""
    return sum(
        math.prod(leaf.shape[1:]) * number_width(getattr(leaf, "dtype", np.float64))
        for _, leaf in named(data, ("x", "y", "sample_weight"))
    )
