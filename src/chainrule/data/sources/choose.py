"""Which source some data make."""

from __future__ import annotations

from collections.abc import Callable
from io import IOBase
from typing import Any

from ... import rng, tree
from ...errors import ArgumentError
from ...symbol import Symbol
from .base import PARTS, Source, array, as_trees
from .blocks import Blocks, is_on_disk
from .memory import Arrays
from .streams import Batches, Indexed

__all__ = ["in_memory", "source"]


def source(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    batch_size: int | None = None,
    steps: int | None = None,
    shuffle: bool = True,
    key: Any = None,
    check: Callable[[Any, int | None], Any] | None = None,
    names: tuple[str, str, str] = PARTS,
    single: tuple[bool, bool, bool] = (False, False, False),
    repeat: bool = True,
    block_rows: int | None = None,
    join: int | None = None,
) -> Source:
    """The source of whatever `fit`, `evaluate` or `predict` was given as its data.

    * arrays, lists of numbers, tables, and trees of them: `Arrays`, shuffled as a whole;
    * the same with a leaf that lies in a file (`np.load(..., mmap_mode="r")`, HDF5): `Blocks`,
      read by a thread and shuffled by block and within;
    * an object with `__len__` and `__getitem__` that returns batches, such as Keras's PyDataset:
      `Indexed`;
    * generators, iterators and iterables of batches, such as torch's DataLoader: `Batches`.

    Args:
        x: the data; `y` and `sample_weight` only where x is not made of batches.
        y: the targets.
        sample_weight: one weight a row.
        batch_size: rows a batch, 32 if not given; batches that come ready have their own.
        steps: batches an epoch; None: all.
        shuffle: whether each epoch has an order of its own; does not apply to `Batches`.
        key: the key of the orders; drawn if not given.
        check: `check(data, first_row) -> data`, called on all that is handed out; may be set later.
        names: what messages call x, y and sample_weight.
        single: whether x, y and sample_weight are one array each: a list of rows is then no tree.
        repeat: whether epochs of `steps` go on where the last one ended, as in training; False:
            each begins at the beginning and ends with the data, as in evaluation.
        block_rows: rows of a block of a file.
        join: how many batches of a stream become one chunk at most.

    Raises:
        ArgumentError: something that holds no data, or arguments that do not belong to it.
        DataError: rows of different lengths, no rows, something that is not a number.

    Example:
        >>> import numpy as np
        >>> s = source(np.arange(10.0), np.arange(10), batch_size=4, shuffle=False)
        >>> [x.tolist() for chunk in s.chunks() for x, y, weight in chunk.batches()]
        [[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0], [8.0, 9.0]]
        >>> s = source(((np.full(2, i), np.full(2, -i)) for i in range(9)), steps=3)
        >>> [y.tolist() for chunk in s.chunks(epoch=0) for x, y, weight in chunk.batches()]
        [[0, 0], [-1, -1], [-2, -2]]
        >>> [y.tolist() for chunk in s.chunks(epoch=1) for x, y, weight in chunk.batches()]
        [[-3, -3], [-4, -4], [-5, -5]]
    """
    if isinstance(x, Source):
        return x
    shared: dict[str, Any] = {"check": check, "names": names, "asked": steps, "repeat": repeat}
    kind = _batches(x, names[0])
    if kind is None:
        data = as_trees((x, y, sample_weight), names, single, _leaf)
        shared |= {"shuffle": shuffle, "key": _key(shuffle, key), "batch_size": batch_size or 32}
        if any(is_on_disk(leaf) for leaf in tree.leaves(data)):
            return Blocks(data, block_rows=block_rows, **shared)
        return Arrays(data, **shared)
    given = {"y": y, "sample_weight": sample_weight, "batch_size": batch_size}
    for name, value in given.items():
        if value is not None:
            raise ArgumentError(
                f"{name} is given beside batches that are ready",
                where=names[0],
                expected="only x, whose items are x, (x, y) or (x, y, sample_weight)",
                received=f"x of the type {type(x).__name__} and {name}",
                fix=f"leave {name} out: each batch brings its own",
            )
    shared |= {"single": single} | ({} if join is None else {"join": join})
    if kind is Indexed:
        shared |= {"shuffle": shuffle, "key": _key(shuffle, key)}
    return kind(x, **shared)


def _no_collection(x: Any, name: str) -> None:
    """Refuse what can be walked through, but holds neither rows in an order nor batches."""
    fix = None
    if isinstance(x, (set, frozenset)):
        fix = f"a set has no order: {name}=sorted(values), as a list of rows"
    elif isinstance(x, range):
        fix = f"{name}=list(values), or np.array(list(values))"
    elif isinstance(x, IOBase):
        fix = "read the file first, as with np.loadtxt(file), or give cr.train its path"
    elif hasattr(x, "get_config"):
        fix = "give the data; a model or layer is called: model(x)"
    elif isinstance(x, Symbol):
        fix = "give the data; what Input returned stands for it while a model is built"
    if fix is not None:
        raise ArgumentError(
            f"{name} is no array", expected="an array with one row a sample",
            received=type(x).__name__, fix=fix,
        )  # fmt: skip


def _key(shuffle: bool, key: Any) -> Any:
    return rng.next_key() if shuffle and key is None else key


def _leaf(value: Any, name: str) -> Any:
    return value if is_on_disk(value) else array(value, name)


def _batches(x: Any, name: str) -> type[Indexed] | type[Batches] | None:
    """The class for data that come as ready batches; None for arrays and trees of arrays."""
    _no_collection(x, name)
    holds_numbers = any(
        hasattr(x, a) for a in ("shape", "__array__", "__dlpack__", "__array_interface__")
    )
    if tree.is_tree(x) or holds_numbers or isinstance(x, (int, float)):
        return None
    kinds = {c.__module__ + "." + c.__qualname__ for c in type(x).__mro__}
    if "torch.utils.data.dataset.Dataset" in kinds:
        raise ArgumentError(
            f"{name} is a torch Dataset, whose items are samples and not batches",
            fix="give torch.utils.data.DataLoader(dataset, batch_size=32)",
        )
    if x is None or isinstance(x, (str, bytes, bytearray)) or hasattr(x, "__fspath__"):
        raise ArgumentError(
            f"{name} holds no data",
            expected="arrays, a generator or iterable of batches, or an object with batches",
            received=repr(x)[:80],
            fix=None if x is None else 'read the file first, as with np.load(path, mmap_mode="r")',
        )
    if hasattr(x, "__getitem__") and (hasattr(x, "num_batches") or hasattr(x, "__len__")):
        return Indexed
    if hasattr(x, "__next__") or hasattr(x, "__iter__"):
        return Batches
    fix = f"call it: {name}={getattr(x, '__name__', 'make_batches')}()" if callable(x) else None
    raise ArgumentError(
        f"{name} holds no data",
        expected="arrays, a generator or iterable of batches, or an object with batches",
        received=repr(x)[:80],
        fix=fix,
    )


def in_memory(*parts: Any) -> bool:
    """Are these arrays, lists or trees of them, and none of them in a file?"""
    if parts[0] is None or isinstance(parts[0], Source) or _batches(parts[0], "x") is not None:
        return False
    return not any(is_on_disk(leaf) for leaf in tree.leaves(list(parts)))
