"""Arrays in memory: one chunk an epoch, one permutation of all rows."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from ... import rng
from .base import Chunk, Positions, cut, fingerprint, rows_of, shapes

__all__ = ["Arrays"]


class Arrays(Positions):
    """A tree of arrays. Its rows are checked once, before the first epoch."""

    kind = "arrays"

    def __init__(self, data: tuple[Any, ...], *, batch_size: int, **shared: Any) -> None:
        self.rows = rows_of(data, shared["names"])
        self.batch_size = batch_size
        super().__init__(-(-self.rows // batch_size), **shared)
        self._raw = data
        self._data: Any = None

    def first(self) -> Any:
        """The first rows as they stand, unchecked."""
        return cut(self._raw, slice(self.batch_size))

    def chunks(self, epoch: int = 0, first_step: int = 0) -> Iterator[Chunk]:
        """One chunk of all rows for each pass that the epoch touches."""
        if self._data is None:
            self._data = self.checked(self._raw, 0)
        for number, first, count, step in self.pieces(epoch, first_step):
            order = rng.permutation(rng.fold(self.key, number), self.rows) if self.shuffle else None
            yield Chunk(self._data, order, self.batch_size, step, count, first)

    def describe(self) -> dict[str, Any]:
        """Plain values that must be the same when a run is resumed."""
        return super().describe() | {
            "arrays": shapes(self._raw, self.names),
            "checksum": self._checksum,
        }

    @functools.cached_property
    def _checksum(self) -> int:
        return fingerprint(self._raw, self.rows)
