"""What a source is: epochs of chunks, a chunk being many batches that can run as one program."""

from __future__ import annotations

import contextlib
import warnings
import weakref
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ... import tree
from ...arrays import asarray
from ...errors import ChainruleError, DataError, ShapeError, StateError
from .prefetch import Reader

__all__ = [
    "Chunk",
    "PARTS",
    "Source",
    "array",
    "as_trees",
    "cut",
    "named",
    "number_width",
    "Positions",
    "fingerprint",
    "reading",
    "refuse_other",
    "rows_of",
    "shapes",
]

_BATCHES = "; each item of a stream is a batch of samples, as of dataset.batch(32)"
PARTS = ("x", "y", "sample_weight")  # the parts of a batch, by the names that messages use

Check = Callable[[Any, "int | None"], Any]


class Chunk(NamedTuple):
    """Consecutive batches of an epoch.

    Batches `skip` to `skip + steps` of the chunk are the epoch's steps `first_step` to
    `first_step + steps`; those before `skip` were done already (a run that was resumed inside a
    chunk), and those behind belong to another epoch.

    Args:
        data: (x, y, sample_weight): each a tree of arrays whose first axis is the rows; y and
            sample_weight may be None.
        order: int32 row numbers into `data` in training order; None: the rows as they stand.
        batch_size: rows a step; the last batch of the chunk may be shorter.
        first_step: number within the epoch of the first batch that is to run.
        steps: how many batches are to run.
        skip: batches at the beginning that are not to run.
        first_row: where the rows stand in the whole source; None where that is not known.
    """

    data: Any
    order: np.ndarray | None
    batch_size: int
    first_step: int
    steps: int
    skip: int = 0
    first_row: int | None = 0

    def batch(self, number: int) -> Any:
        """The (x, y, sample_weight) of batch `number` of the chunk, counted with the skipped."""
        rows: Any = slice(number * self.batch_size, (number + 1) * self.batch_size)
        return cut(self.data, rows if self.order is None else self.order[rows])

    def batches(self) -> Iterator[Any]:
        """The batches that are to run."""
        return (self.batch(i) for i in range(self.skip, self.skip + self.steps))


class Source:
    """Base of all sources.

    Attributes:
        rows: samples in all; None where only the data's end will tell.
        steps: batches an epoch; None likewise.
        batch_size: rows a batch; None until the first batch of a stream was seen.
        resumable: whether an epoch can be begun at any step.
        one_shot: whether the data are used up by reading them.
        note: a sentence about the order, to be said once; None when there is nothing to say.
        own_order: whether `key`, by which it is shuffled, was chosen; else a fit gives the model's.
        ended: why the data ran out before the steps that were asked for; None while they did not.
            The epoch is then shorter, a warning says so, and training should stop.
        check: called as `check(data, first_row)` on every piece of data before it is handed out,
            in the thread that reads; what it returns takes the place of `data`.
    """

    kind = "source"
    resumable = True
    one_shot = False
    own_order = True
    key: Any = None
    rows: Any = None
    steps: Any = None
    batch_size: Any = None
    note: str | None = None
    ended: str | None = None

    def __init__(self, *, check: Check | None = None, names: tuple[str, ...] = PARTS) -> None:
        self.check, self.names = check, names
        self._readers: weakref.WeakSet[Reader] = weakref.WeakSet()

    def first(self) -> Any:
        """The (x, y, sample_weight) of a first batch, unchecked; nothing of the data is lost."""
        raise NotImplementedError

    def chunks(self, epoch: int = 0, first_step: int = 0) -> Iterator[Chunk]:
        """The chunks of one epoch from `first_step` on."""
        raise NotImplementedError

    def describe(self) -> dict[str, Any]:
        """Plain values that must be the same when a run is resumed: see `refuse_other`."""
        return {
            "kind": self.kind,
            "rows": self.rows,
            "batch_size": self.batch_size,
            "steps": self.steps,
        }

    def resume(self, epoch: int) -> None:
        """Called once in a new process, before its first epoch is number `epoch`."""

    def close(self) -> None:
        """End the threads that read ahead; the source may be used again."""
        for reader in list(self._readers):
            reader.close()

    def checked(self, data: Any, first_row: int | None) -> Any:
        """`data` as `check` returns them."""
        return data if self.check is None else self.check(data, first_row)

    def ahead(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        """The same chunks, each read by a thread while the one before is used."""
        before = self.ended
        reader = Reader(chunks)
        self._readers.add(reader)
        try:
            yield from reader
        finally:
            reader.close()
        if self.ended and self.ended != before:
            warnings.warn(self.ended, stacklevel=2)


class Positions(Source):
    """A source whose batches have numbers, so that any step of any epoch can be found again.

    `batches` is how many one pass over the data has (None: without end). With `steps` the epochs
    follow each other through the passes: the next begins where the last one ended. Without
    `repeat` every epoch begins at the beginning and is at most one pass.
    """

    batches: int | None

    def __init__(
        self,
        batches: int | None,
        *,
        asked: int | None,
        repeat: bool,
        shuffle: bool,
        key: Any,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        self.batches, self.repeat = batches, repeat
        self.shuffle, self.key = shuffle, key
        steps = batches if asked is None else asked
        if not repeat and batches is not None and steps is not None and steps > batches:
            self.ended = f"{steps} steps were asked for, but the data has only {batches} batches"
            warnings.warn(self.ended, stacklevel=2)
            steps = batches
        self.steps = steps

    def pieces(self, epoch: int, first_step: int) -> Iterator[tuple[int, int, int, int]]:
        """(pass, its first batch, how many batches, step within the epoch) until the epoch ends."""
        step, steps, n = first_step, self.steps, self.batches
        if first_step > steps:
            raise StateError(
                "the epoch has no such step", expected=f"at most {steps}", received=first_step
            )
        while step < steps:
            at = epoch * steps + step if self.repeat else step
            number, first = divmod(at, n) if n is not None else (0, at)
            count = steps - step if n is None else min(n - first, steps - step)
            yield number if self.repeat else epoch, first, count, step
            step += count

    def describe(self) -> dict[str, Any]:
        """Plain values that must be the same when a run is resumed: see `refuse_other`."""
        return super().describe() | {"shuffle": self.shuffle}


def array(value: Any, name: str) -> np.ndarray:
    """A leaf as a NumPy array; torch tensors come from their device first."""
    if hasattr(value, "detach") and hasattr(value, "cpu"):
        value = value.detach().cpu()
    return asarray(value, name=name)


def as_trees(
    parts: tuple[Any, ...],
    names: tuple[str, ...],
    single: tuple[bool, ...],
    convert: Callable[[Any, str], Any] = array,
) -> tuple[Any, ...]:
    """(x, y, sample_weight) as trees whose leaves are arrays.

    Numbers and nested lists of numbers are one array; so is every list where `single` says that
    the part is one array. None stays None, but in x.
    """
    return tuple(
        _as_tree(part, name, one, name != names[0], convert)
        for part, name, one in zip(parts, names, single, strict=True)
    )


def _as_tree(value: Any, name: str, single: bool, optional: bool, convert: Any) -> Any:
    if value is None and optional:
        return None
    rest = (single, optional, convert)
    if not isinstance(value, (tuple, list, dict)) or tree.is_numbers(value):
        return convert(value, name)
    if isinstance(value, dict):
        return {k: _as_tree(v, f"{name}.{k}", *rest) for k, v in value.items()}
    if single:
        return convert(value, name)
    make: Any = list if isinstance(value, list) else getattr(type(value), "_make", tuple)
    return make([_as_tree(v, f"{name}.{i}", *rest) for i, v in enumerate(value)])


def named(data: tuple[Any, ...], names: tuple[str, ...]) -> list[tuple[str, Any]]:
    """(name, leaf) of every leaf that is not None, such as `("x.image", ...)`."""
    found = []
    for name, part in zip(names, data, strict=True):
        for path, leaf in tree.paths(part):
            if leaf is not None:
                found.append((f"{name}.{path}" if path else name, leaf))
    return found


def rows_of(data: tuple[Any, ...], names: tuple[str, ...] = PARTS, *, stream: bool = False) -> int:
    """The number of rows, which all leaves share; with `stream`, of one item of a stream.

    Raises:
        ShapeError: a leaf is a single number.
        DataError: two leaves differ in length, or there is no row.
    """
    leaves = named(data, names)
    if not leaves:
        raise DataError(f"{names[0]} holds no array", expected="at least one array")
    for name, leaf in leaves:
        if len(leaf.shape) == 0:
            raise ShapeError(
                f"{name} is a single number",
                expected="an array with one row a sample",
                fix=f"np.array([{name}]), if there is one sample" + (_BATCHES if stream else ""),
            )
    first, rows = leaves[0][0], int(leaves[0][1].shape[0])
    for name, leaf in leaves[1:]:
        if leaf.shape[0] != rows:
            raise DataError(
                f"{first} and {name} have different lengths",
                expected=f"{rows} rows in {name}, as in {first}",
                received=f"{leaf.shape[0]} rows",
                fix="look for a header line, a dropped row or a transposed array",
            )
    if rows == 0:
        raise DataError(
            f"{first} is empty", expected="at least one row", received=tuple(leaves[0][1].shape)
        )
    return rows


def cut(data: Any, rows: Any) -> Any:
    """These rows of every leaf."""
    return tree.map(lambda leaf: None if leaf is None else leaf[rows], data)


def number_width(dtype: Any) -> int:
    """Bytes of a number once it is trained on: bytes and half floats become float32."""
    try:
        return max(np.dtype(dtype).itemsize, 4)
    except TypeError:  # a type of the file's own library
        return 8


def shapes(data: tuple[Any, ...], names: tuple[str, ...]) -> dict[str, list[Any]]:
    """The shape of a row and the dtype of every leaf, by name."""
    return {
        name: [*map(int, leaf.shape[1:]), str(getattr(leaf, "dtype", "?"))]
        for name, leaf in named(data, names)
    }


def fingerprint(data: tuple[Any, ...], rows: int) -> int:
    """A checksum of up to 64 rows: other data of the same shape is not taken for the same."""
    import zlib

    total = 0
    for row in np.unique(np.linspace(0, rows - 1, 64).astype(np.int64)).tolist():
        for name, leaf in named(data, PARTS):
            total = zlib.crc32(array(leaf[row : row + 1], name).tobytes(), total)
    return total


@contextlib.contextmanager
def reading(what: str, where: str, batch: bool = False) -> Iterator[None]:
    """Say where the data could not be read.

    An error of ours keeps its text and class; with `batch` its place is put in front. Any other
    becomes a DataError that holds it as its cause.
    """
    try:
        yield
    except ChainruleError as error:
        if not batch:
            raise
        at = where if error.where is None else f"{where}, {error.where}"
        same = {"expected": error.expected, "received": error.received, "fix": error.fix}
        raise type(error)(error.problem, where=at, **same).with_traceback(
            error.__traceback__
        ) from error.__cause__
    except Exception as error:
        raise DataError(
            f"{what} failed", where=where, received=f"{type(error).__name__}: {error}"
        ) from error


def refuse_other(saved: dict[str, Any], now: Source, *, where: str | None = None) -> None:
    """Raise unless `now` is the source that was described as `saved`.

    Raises:
        StateError: the data cannot be resumed by position, or they differ; names the differences.
    """
    if not now.resumable:
        raise StateError(
            "a run on these data cannot be resumed",
            where=where,
            expected="arrays, files, or an object with __len__ and __getitem__",
            received=f"{now.kind}, whose position cannot be found again",
        )
    found = now.describe()
    different = [k for k in {**saved, **found} if saved.get(k) != found.get(k)]
    if different:
        raise StateError(
            "the data are not those of the run that is to be resumed",
            where=where,
            expected="; ".join(f"{k} {saved.get(k)}" for k in different),
            received="; ".join(f"{k} {found.get(k)}" for k in different),
            fix="resume with the same data and arguments, or begin a new run",
        )
