"""The public door to sources: how data that are larger than memory are read."""

from __future__ import annotations

from typing import Any

from ..checks import need_numbers
from .sources import Source
from .sources import source as make

__all__ = ["source"]


def source(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    batch_size: int | None = None,
    steps: int | None = None,
    shuffle: bool = True,
    block_rows: int | None = None,
) -> Source:
    """Data as `fit(source)` takes them, where you want a say in how they are read.

    `fit(x, y)` makes one itself. Make it yourself to choose how much of a file is in memory: three
    blocks at a time, of 64 MB each by default.

    Args:
        x: arrays, memory-mapped arrays (`np.load(path, mmap_mode="r")`), datasets in files (HDF5),
            trees of them, or batches: a generator, a Sequence, a DataLoader.
        y: the targets, where x is not made of batches.
        sample_weight: one weight a row, likewise.
        batch_size: rows a batch, 32 if not given.
        steps: batches an epoch; all by default.
        shuffle: whether each epoch has an order of its own. Arrays in memory are shuffled as a
            whole, files by block and within each block.
        block_rows: rows of a file that are read at once, rounded down to whole batches.

    Raises:
        ArgumentError: something that holds no data, or arguments that do not belong to it.
        DataError: rows of different lengths, or none.

    Example:
        >>> import tempfile
        >>> import numpy as np, chainrule as cr
        >>> model = cr.Sequential([cr.Input((4,)), cr.layers.Dense(1)])
        >>> model.compile("adam", "mse")
        >>> with tempfile.TemporaryFile() as file:
        ...     x = np.memmap(file, np.float32, "w+", shape=(1000, 4))
        ...     data = cr.data.source(x, np.zeros(1000), batch_size=50, block_rows=200)
        ...     history = model.fit(data, epochs=2, verbose=0)
        >>> data.steps, len(history.history["loss"])
        (20, 2)
    """
    numbers: dict[str, Any] = {"batch_size": batch_size, "steps": steps, "block_rows": block_rows}
    given = {name: value for name, value in numbers.items() if value is not None}
    need_numbers("source", "a whole number, 1 or more", lambda v: v >= 1 and v == int(v), **given)
    made = make(x, y, sample_weight, shuffle=shuffle, **numbers)
    made.own_order = False
    return made
