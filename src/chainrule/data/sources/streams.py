"""Batches that someone else makes: generators, loaders, and objects that are indexed by batch."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np

from ... import rng, tree
from ...errors import DataError, StateError
from .base import Chunk, Positions, Source, as_trees, named, number_width, reading, rows_of

__all__ = ["Batches", "Indexed", "JOIN_BYTES", "JOIN_STEPS", "unpack"]

# batches of one shape run as one program: so many at most, and so many bytes
JOIN_STEPS = 32
JOIN_BYTES = 1 << 25


def unpack(item: Any) -> tuple[Any, Any, Any]:
    """(x, y, sample_weight) of a batch, by Keras 3's rule: a tuple or list of up to three parts.

    A list of numbers is one array (x). torch's loaders give lists.

    Raises:
        DataError: more than three parts, or none.
    """
    if not isinstance(item, (tuple, list)) or (isinstance(item, list) and tree.is_numbers(item)):
        return item, None, None
    if not 1 <= len(item) <= 3:
        raise DataError(
            f"a batch has {len(item)} parts",
            expected="x, (x, y) or (x, y, sample_weight)",
            received=f"a {type(item).__name__} of {len(item)}",
            fix="put several inputs into a tuple of their own: ((a, b), y)",
        )
    x, y, weight = (*item, None, None)[:3]
    return x, y, weight


class _Joined:
    """Batches of one shape, one behind the other in arrays of their own.

    A batch is copied before the next is asked for: many generators fill the same array again.
    """

    def __init__(self, data: tuple[Any, ...], step: int, most: int) -> None:
        self.rows, self.steps, self.first_step = 0, 0, step
        self.batch_size = rows_of(data)
        leaves, self.structure = tree.flatten(data)
        size = sum(leaf.size * number_width(leaf.dtype) for leaf in leaves if leaf is not None)
        self.most = max(1, min(most, JOIN_BYTES // max(size, 1)))
        self.leaves = [
            None if a is None else np.empty((self.most * len(a), *a.shape[1:]), a.dtype)
            for a in leaves
        ]

    def takes(self, data: tuple[Any, ...]) -> bool:
        leaves, structure = tree.flatten(data)
        if structure != self.structure or rows_of(data) > self.batch_size:
            return False
        return all(
            a is b if a is None or b is None else (a.shape[1:], a.dtype) == (b.shape[1:], b.dtype)
            for a, b in zip(self.leaves, leaves, strict=True)
        )

    def add(self, data: tuple[Any, ...]) -> None:
        end = self.rows + rows_of(data)
        for own, leaf in zip(self.leaves, tree.leaves(data), strict=True):
            if own is not None:
                own[self.rows : end] = leaf
        self.rows, self.steps = end, self.steps + 1

    @property
    def full(self) -> bool:
        return self.steps == self.most or self.rows < self.steps * self.batch_size

    def chunk(self) -> Chunk:
        leaves = [None if a is None else a[: self.rows] for a in self.leaves]
        data = tree.unflatten(self.structure, leaves)
        return Chunk(data, None, self.batch_size, self.first_step, self.steps, 0, None)


def _join(batches: Iterator[tuple[int, Any]], most: int) -> Iterator[Chunk]:
    """Chunks of consecutive batches; a batch that is shorter than the first ends its chunk."""
    joined: _Joined | None = None
    for step, data in batches:
        if joined is not None and not joined.takes(data):
            yield joined.chunk()
            joined = None
        joined = joined or _Joined(data, step, most)
        joined.add(data)
        if joined.full:
            yield joined.chunk()
            joined = None
    if joined is not None:
        yield joined.chunk()


class _Made(Source):
    """What the two kinds of sources of ready batches share."""

    single: tuple[bool, ...]

    def convert(self, item: Any) -> tuple[Any, ...]:
        """A batch as (x, y, sample_weight), trees of arrays of one length."""
        data = as_trees(unpack(item), self.names, self.single)
        rows_of(data, self.names, stream=True)
        return data


class Batches(_Made):
    """Generators, iterators and iterables of batches.

    Without `steps` an epoch is everything that one iteration gives. With it an iterator goes on
    across epochs, and an iterable is begun anew when it is exhausted. Where the data end early,
    `ended` says so and the epoch is shorter, with a warning, as in Keras. Never is more pulled than
    the steps of the epoch; what was read ahead when an epoch is broken off is lost.

    The rows come in the order in which they are given: `shuffle` does not apply, as in Keras.

    Args:
        repeat: False: each epoch begins an iterable anew and ends with it (for evaluation).
        join: how many batches may be joined to one chunk.
    """

    kind = "batches"
    resumable = False

    def __init__(
        self,
        x: Any,
        *,
        asked: int | None,
        repeat: bool,
        single: tuple[bool, ...],
        join: int = JOIN_STEPS,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        self.x, self.asked, self.repeat, self.single = x, asked, repeat, single
        self.one_shot = hasattr(x, "__next__")
        self.steps = length(x) if asked is None else asked
        if self.steps is None and is_endless(x):
            raise DataError(
                f"{self.names[0]} has no end", where=type(x).__name__,
                fix="say how much of it to take: steps_per_epoch=100 in fit, steps=100 in "
                "evaluate and predict; or leave its repeat() out",
            )  # fmt: skip
        self._most = join
        self._iterator: Any = x if self.one_shot else None
        self._peeked: list[Any] = []
        self._pulled = 0  # since the iterator began
        self._reading = False

    def first(self) -> Any:
        """The first batch, kept for the epoch that comes."""
        if not self._peeked:
            with reading(self.names[0], "batch 0", batch=True):
                try:
                    item = self._pull()
                except StopIteration:
                    raise self._nothing() from None
                data = self.convert(item)
            self._peeked.append(data)
            self.batch_size = rows_of(data)
            self._pulled -= 1
        return self._peeked[0]

    def chunks(self, epoch: int = 0, first_step: int = 0) -> Iterator[Chunk]:
        """One epoch, always from its beginning; one at a time."""
        if first_step:
            raise StateError(
                "an epoch of these data cannot be begun in its middle",
                where=self.names[0],
                expected="arrays, files, or an object with __len__ and __getitem__",
                received=type(self.x).__name__,
            )
        if self._reading:
            raise StateError(
                "these data are already being read",
                where=self.names[0],
                fix="give each fit and evaluate a generator of its own",
            )
        self._reading = True
        try:
            yield from self.ahead(_join(self._batches(), self._most))
        finally:
            self._reading = False

    def _batches(self) -> Iterator[tuple[int, Any]]:
        anew = not self.one_shot and (self.asked is None or not self.repeat)
        if anew and self._pulled:
            self._iterator = None
            self._peeked.clear()
        step = row = 0
        while self.asked is None or step < self.asked:
            with reading(self.names[0], f"batch {step}", batch=True):
                try:
                    item = self._pull()
                except StopIteration:
                    if not self._again(step):
                        return
                    continue
                data = item if self._peeked else self.convert(item)
                self._peeked.clear()
                data = self.checked(data, row)
            yield step, data
            row += rows_of(data)
            step += 1

    def _pull(self) -> Any:
        if self._iterator is None:
            self._iterator, self._pulled = iter(self.x), 0
        item = self._peeked[0] if self._peeked else next(self._iterator)
        self._pulled += 1
        return item

    def _again(self, step: int) -> bool:
        """After the end of the iterator: whether there is more to come for this epoch."""
        if not self._pulled:
            raise self._nothing()
        whole = self.asked is None and step > 0
        if not self.one_shot:
            self._iterator = None
            if whole or (self.repeat and self.asked is not None):
                return not whole
        elif whole:
            return False
        wanted = f"of {self.asked} " if self.asked else ""
        self.ended = (
            f"{self.names[0]} ran out of data after {step} {wanted}steps of the epoch; it needs "
            "steps × epochs batches, or must be an object that can be iterated anew"
        )
        return False

    def _nothing(self) -> DataError:
        return DataError(
            f"{self.names[0]} gives no batch",
            expected="at least one batch",
            received=f"an exhausted {type(self.x).__name__}",
            fix="make the generator anew before each call" if self.one_shot else None,
        )


class Indexed(Positions, _Made):
    """An object with `__len__` and `__getitem__` that returns whole batches (Keras's PyDataset).

    Shuffled, the batches come in random order, as in Keras. `on_epoch_begin` and `on_epoch_end`
    are called where they exist. One thread reads ahead; `workers` is not obeyed.
    """

    kind = "indexed"

    def __init__(
        self, x: Any, *, single: tuple[bool, ...], join: int = JOIN_STEPS, **shared: Any
    ) -> None:
        self.x, self.single, self._most = x, single, join
        super().__init__(x.num_batches if hasattr(x, "num_batches") else len(x), **shared)
        name = self.names[0]
        if self.batches == 0:
            raise DataError(f"{name} is empty", expected="at least one batch", received="length 0")
        if self.steps is None:
            raise DataError(
                f"{name} has no end", where=type(x).__name__, fix="say how many steps an epoch has"
            )
        self.shuffle = self.shuffle and self.batches is not None
        if self.shuffle:
            self.note = "the batches come in random order; the rows of a batch stay together"

    def first(self) -> Any:
        """Batch number 0."""
        with reading(self.names[0], "batch 0", batch=True):
            data = self.convert(self._item(0))
        self.batch_size = rows_of(data)
        return data

    def _item(self, number: int) -> Any:
        with reading(f"{self.names[0]}[{number}]", f"batch {number}"):
            return self.x[number]

    def chunks(self, epoch: int = 0, first_step: int = 0) -> Iterator[Chunk]:
        """One epoch from `first_step` on; the batches before are not asked for."""
        self._call("on_epoch_begin")
        yield from self.ahead(_join(self._batches(epoch, first_step), self._most))
        self._call("on_epoch_end")

    def _batches(self, epoch: int, first_step: int) -> Iterator[tuple[int, Any]]:
        for number, first, count, step in self.pieces(epoch, first_step):
            order: Any = range(first, first + count)
            if self.shuffle and self.batches is not None:
                order = rng.permutation(rng.fold(self.key, number), self.batches)
                order = order[first : first + count].tolist()
            for i, index in enumerate(order):
                item = self._item(index)
                with reading(self.names[0], f"batch {index}", batch=True):
                    data = self.checked(self.convert(item), None)
                yield step + i, data

    def resume(self, epoch: int) -> None:
        """Let the object do what it did at the end of the epochs before, such as shuffling."""
        for _ in range(epoch):
            self._call("on_epoch_begin")
            self._call("on_epoch_end")

    def _call(self, name: str) -> None:
        hook = getattr(self.x, name, None)
        if hook is not None:
            hook()

    def describe(self) -> dict[str, Any]:
        """Plain values that must be the same when a run is resumed; lengths may vary by batch."""
        return super().describe() | {
            "batch_size": None,
            "batches": self.batches,
            "arrays": self._kinds,
        }

    @functools.cached_property
    def _kinds(self) -> dict[str, list[Any]]:
        found = named(self.first(), self.names)
        return {name: [leaf.ndim, str(leaf.dtype)] for name, leaf in found}


def is_endless(x: Any) -> bool:
    """Does a dataset of tf.data say that it never ends (`tf.data.INFINITE_CARDINALITY`, −1)?

    Example:
        >>> is_endless([1, 2])
        False
    """
    if not hasattr(x, "element_spec") or not hasattr(x, "cardinality"):
        return False
    return int(x.cardinality()) == -1


def length(x: Any) -> int | None:
    """`len(x)`; None where it is not known (a stream, a dataset without end)."""
    try:
        return len(x)
    except (TypeError, AttributeError, NotImplementedError):
        return None
