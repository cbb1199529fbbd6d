"""XLA: the step compiled; a whole epoch is one program, data and weights stay on the device.

A program takes the first and last batch as numbers, so one compilation serves whole epochs, pieces
of them and single batches; a ragged last batch has a small program of its own. Nothing is donated:
the values before a call stay valid, which is what makes a NaN traceable to its step.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ... import tree
from ...operators import raw
from ...variable import Variable, snapshot, swap
from .. import step
from ..devices import put_rows, put_values
from ..jax_setup import compiler_options, plain_words, precision, use_jax
from ..step import Batch
from ..task import Task
from .base import Run, finite_weights, same, watched

__all__ = ["XlaPredictor", "XlaRun", "compilations", "count_compilation", "is_wide"]

compilations = [0]  # how many programs this process has compiled; tests count them
_compiling = threading.Lock()


PROGRAMS = 64  # compiled for one task: beyond, the one that was not used for longest is dropped


def keep_few(programs: dict[Any, Any]) -> None:
    """Make room for one more; a model fed batches of ever new sizes holds no more than these."""
    while len(programs) >= PROGRAMS:
        del programs[next(iter(programs))]


def count_compilation() -> None:
    """Runs while a program is traced, that is once for each compilation."""
    compilations[0] += 1


_WIDE = frozenset(map(np.dtype, ("float64", "int64", "uint64")))


def is_wide(values: Iterable[Any]) -> bool:
    """Does anything here, Variables or arrays, have 64 bits? JAX would cut them to 32."""
    return any(v.dtype in _WIDE for v in values)


class XlaRun(Run):
    """A run on XLA. Values are immutable arrays on the device, replaced whole."""

    name = "xla"

    def __init__(self, task: Task, *, train: bool) -> None:
        super().__init__(task, train=train)
        self.jax = use_jax()
        self._loaded: list[tuple[list[Any], Any, int]] = []
        self._orders: tuple[Any, Any] = (None, None)

    def forget(self) -> None:
        """Drop what was kept of earlier data."""
        super().forget()
        self._loaded = []

    def load(self, chunk: Any) -> None:
        """Put the rows on the device, where they are not there already."""
        self._chunk = chunk
        leaves, self._structure = tree.flatten(chunk.data)
        rows = self._rows = leaves[0].shape[0]
        # a float64 target meets predictions of the model's type, and takes theirs
        self.wide = is_wide(self.variables) or is_wide(a for a in leaves if _is_whole(a))
        for known in self._loaded:
            if same(known[0], leaves):
                self._data, self._room = known[1], known[2]
                break
        else:
            with precision(self.jax, self.wide):
                placed, self._room = put_rows(self.jax, chunk.data)
                self._data = tree.leaves(placed)  # JAX would sort the keys of dicts
            self._loaded = [(leaves, self._data, self._room), *self._loaded[:1]]
        known_order, order = self._orders
        fits = order is not None and len(order) == self._room
        if not fits or known_order is None or chunk.order is not known_order:
            order = np.zeros(self._room, np.int32)
            order[:rows] = np.arange(rows) if chunk.order is None else chunk.order
            self._orders = (chunk.order, order)

    def run(self, kind: str, first: int, last: int) -> None:
        """A piece of the chunk."""
        self.settle()
        before = self.values
        after, fine = self._call(kind, before, first, last)
        if kind == "train" and not fine:
            self._find(first, last)
            return
        self.keep(after)

    def _call(self, kind: str, values: Any, first: int, last: int) -> tuple[Any, bool]:
        size = self._chunk.batch_size
        whole, tail = divmod(self._rows, size)
        given = [np.asarray(v.value) for v in self.task.given]
        order, fine = self._orders[1], True
        with precision(self.jax, self.wide), plain_words(self.jax):
            if first < min(last, whole):
                program = self._program(kind, size, True)
                values, ok = program(
                    values, given, self._data, order, np.int32(first), np.int32(min(last, whole))
                )
                fine = bool(ok)
            if last > whole and tail and (fine or kind != "train"):
                program = self._program(kind, tail, False)
                values, ok = program(values, given, self._data, order, np.int32(whole * size))
                fine = fine and bool(ok)
        return values, fine

    def _find(self, first: int, last: int) -> None:
        """Go through the batches again one at a time, up to the one that failed, and name it."""
        for i in range(first, last):
            before = self.values
            after, fine = self._call("train", before, i, i + 1)
            if not fine:
                raise self.refuse(i, before)
            self.keep(after)

    def _program(self, kind: str, size: int, loop: bool) -> Any:
        structure = self._structure
        key = (kind, size, loop, structure, self.wide, tuple(map(id, self.variables)))
        programs = self.task.programs
        with _compiling:
            if key in programs:
                programs[key] = programs.pop(key)  # the last ones used come last
            else:
                keep_few(programs)
                programs[key] = epoch_program(
                    self.jax, self.task, self.variables, structure, kind, size, loop
                )
            return programs[key]


def epoch_program(
    jax: Any,
    task: Task,
    variables: Sequence[Variable],
    structure: Any,
    kind: str,
    size: int,
    loop: bool,
) -> Any:
    """`program(values, given, data, order, ...) -> (values, fine)`; data as a list of leaves.

    With `loop` it runs batches `first` to `last` of `size` rows each, else one batch of `size` rows
    that starts at row `start`.
    """
    jnp, lax = jax.numpy, jax.lax
    given_variables = list(task.given)
    kept = watched(variables)

    def one(values: Any, given: Any, data: Any, order: Any, start: Any) -> Any:
        chosen = lax.dynamic_slice(order, (start,), (size,))

        def rows(a: Any) -> Any:
            return a.at[chosen].get(mode="promise_in_bounds", unique_indices=True)

        leaves = [None if a is None else rows(a) for a in data]
        batch = Batch(*tree.unflatten(structure, leaves))
        with swap(given_variables, given), swap(variables, values) as now:
            loss = task.run(kind, batch)
            return now.values(), jnp.isfinite(loss).all()

    def whole(values: Any, fine: Any) -> tuple[Any, Any]:
        floats = [values[i] for i in kept if jnp.issubdtype(values[i].dtype, jnp.floating)]
        return values, jnp.stack([fine, *(jnp.isfinite(v).all() for v in floats)]).all()

    def epoch(values: Any, given: Any, data: Any, order: Any, first: Any, last: Any) -> Any:
        count_compilation()

        def body(i: Any, state: Any) -> Any:
            values, fine = one(state[0], given, data, order, i * size)
            return values, state[1] & fine

        return whole(*lax.fori_loop(first, last, body, (values, jnp.array(True))))

    def single(values: Any, given: Any, data: Any, order: Any, start: Any) -> Any:
        count_compilation()
        return whole(*one(values, given, data, order, start))

    return jax.jit(epoch if loop else single, compiler_options=compiler_options(jax))


class XlaPredictor:
    """The forward pass as a compiled function of a snapshot of values; safe from any thread.

    Rows are padded to a power of two, so that a thousand lengths cost a dozen compilations; not
    where a layer looks across the rows of a batch (`pad=False`): there each length is its own.
    """

    def __init__(self, task: Task, variables: Sequence[Variable], pad: bool = True) -> None:
        self.task, self.variables, self.pad = task, variables, pad
        self.jax = use_jax()
        self.wide = is_wide([v for v in variables if v.kind in ("weight", "statistic")])
        self._device: tuple[list[Any], list[Any]] = ([], [])  # host arrays, and their copies
        self._programs: dict[Any, Any] = {}  # by structure and shapes of the inputs

    def _program(self, structure: Any, key: Any) -> tuple[Any, list[Any]]:
        """The compiled pass, and in a list the structure of its outputs once it has run.

        Lists of leaves go in and out, since JAX sorts the keys of dicts.
        """
        outputs: list[Any] = []

        def program(values: Any, leaves: Any) -> Any:
            count_compilation()
            x = tree.unflatten(structure, leaves)
            with swap(self.variables, values):
                own = self.task.own_steps.get("predict")
                y = step.predict_step(self.task, x) if own is None else own((x,))
            found, made = tree.flatten(tree.map(raw, y))
            outputs[:] = [made]
            return found

        with _compiling:
            if key in self._programs:
                self._programs[key] = self._programs.pop(key)
            else:
                keep_few(self._programs)
                self._programs[key] = self.jax.jit(program), outputs
            return self._programs[key]

    def __call__(self, x: Any) -> Any:
        """The outputs for checked rows, as arrays of the caller's own."""
        use_jax()
        values = snapshot(self.variables)
        leaves, structure = tree.flatten(x)
        rows = len(leaves[0])
        bucket = 1 << (rows - 1).bit_length() if self.pad else rows
        wide = self.wide or is_wide(leaves)
        if bucket != rows:
            leaves = [_padded(a, bucket) for a in leaves]
        with precision(self.jax, wide), plain_words(self.jax):
            key = (structure, *[(a.shape, a.dtype) for a in leaves])
            program, outputs = self._program(structure, key)
            found = program(self._on_device(values), leaves)
            found = [np.array(v) if bucket == rows else np.array(v)[:rows].copy() for v in found]
        return tree.unflatten(outputs[0], found)

    def _on_device(self, values: list[Any]) -> list[Any]:
        """The values on the device; they are copied there again only when one has changed."""
        host, device = self._device  # one read: another thread may replace the pair
        if not same(host, values):
            finite_weights(self.task.name, self.variables, values)
            device = put_values(self.jax, values)
            self._device = (values, device)
        return device


def _is_whole(a: Any) -> bool:
    return a is not None and a.dtype.kind in "iu"


def _padded(a: np.ndarray, rows: int) -> np.ndarray:
    padded = np.zeros((rows, *a.shape[1:]), a.dtype)
    padded[: len(a)] = a
    return padded
