"""What `fit` was given becomes a source of checked batches."""

from __future__ import annotations

from typing import Any

from ..aliases import Tree
from ..data.sources import Chunk, Source, in_memory, source
from ..errors import ArgumentError
from ..training import check
from ..training.callbacks import Callback
from .edge import Edge, rows_of

__all__ = ["Feed", "fit_arguments"]


class Feed:
    """The data of one fit, evaluation or prediction; builds the model for the first batch.

    Arrays in memory are checked whole, before anything runs; a stream is checked a chunk at a
    time, before the chunk's first step.
    """

    def __init__(self, model: Any, edge: Edge) -> None:
        self.model, self.edge = model, edge
        self.source: Any = None
        self.held_out: Source | None = None
        self.sample: Any = None  # inputs of a first batch, checked
        self._tail: Any = None

    def take(
        self,
        x: Tree,
        y: Tree,
        weight: Tree,
        *,
        batch_size: int | None,
        steps: int | None,
        shuffle: bool,
        validation_split: float = 0.0,
        once: bool = False,
    ) -> None:
        """The training data; with `once`, those of an evaluation: one pass."""
        if isinstance(x, Source):
            given = {"y": y, "sample_weight": weight, "batch_size": batch_size}
            given |= {"steps_per_epoch": steps, "validation_split": validation_split or None}
            for name in [n for n, value in given.items() if value is not None]:
                raise ArgumentError(
                    f"{name} is given beside a source that is ready",
                    where="fit",
                    fix=f"say it where the source is made: cr.data.source(..., {name}=...)"
                    if name not in ("validation_split", "steps_per_epoch")
                    else None,
                )
            if not x.own_order:  # the order of a resumed fit is that of the model's file
                x.key = self.model.shuffle_key.value
            self.source = x
            self._first(x, self.edge)
            return
        x = self.model.prepared(x)
        how = {"steps": steps, "shuffle": shuffle, "repeat": not once}
        share = check.share("validation_split", validation_split)
        if x is None:
            raise self._missing_x()
        if in_memory(x, y, weight):
            data = self._checked(x, y, weight, self.edge.without_classes())
            if share:
                data, self._tail = check.split_tail(data, share)
            data[2] = self.edge.weights(data[2], data[1], rows_of(data[0]))  # of this part alone
            self.source = self._arrays(data, batch_size, **how)
            return
        if share:
            raise ArgumentError(
                "validation_split needs arrays in memory",
                where="fit",
                received=type(x).__name__,
                fix="give validation_data=",
            )
        key = self.model.shuffle_key.value
        self.source = source(x, y, weight, batch_size=batch_size, key=key, **how)
        self._first(self.source, self.edge)

    def _missing_x(self) -> ArgumentError:
        method = self.edge.method
        return ArgumentError("x is missing", where=method, fix=f"model.{method}(x, y, ...)")

    def take_held_out(self, given: Any, *, batch_size: int | None, steps: int | None) -> None:
        """The validation data, if there are any."""
        how = {"steps": steps, "shuffle": False, "repeat": False}
        if given is None:
            if self._tail is not None:
                self.held_out = self._arrays(self._tail, batch_size, **how)
            return
        edge = Edge(self.model, needs_y=self.edge.needs_y, where="validation ")
        if isinstance(given, (tuple, list)) and len(given) in (2, 3):
            x, y, weight = (*given, None)[:3]
            x = self.model.prepared(x)
            if in_memory(x, y, weight):
                data = self._checked(x, y, weight, edge)
                self.held_out = self._arrays(data, batch_size, **how)
                return
            self.held_out = source(x, y, weight, batch_size=batch_size, **how)
        elif isinstance(given, (tuple, list, dict, int, float, str)) or hasattr(given, "shape"):
            received = type(given).__name__
            if isinstance(given, (tuple, list)):
                received += f" of {len(given)}"
            raise ArgumentError(
                "validation_data must be (x, y) or (x, y, sample_weight)",
                where="fit",
                received=received,
                fix="validation_data=(x_val, y_val), or a share: validation_split=0.2",
            )
        else:
            self.held_out = source(given, **how)
        self._first(self.held_out, edge)

    def take_inputs(self, x: Tree, *, batch_size: int, steps: int | None) -> None:
        """Inputs alone, to predict."""
        x = self.model.prepared(x)
        if in_memory(x):
            x = self.edge.inputs(x)
            self.model._ready(x)
            self.sample = x
            self.source = source(x, batch_size=batch_size, shuffle=False, repeat=False, steps=steps)
            return
        own = None if hasattr(x, "__next__") or not hasattr(x, "shape") else batch_size
        self.source = source(x, batch_size=own, shuffle=False, repeat=False, steps=steps)
        first = self.source.first()
        self.sample = self.edge.inputs(first[0])
        self.model._ready(self.sample)
        self.source.check = lambda data, row: (self.edge.inputs(data[0]), None, None)

    def one_batch(self, x: Tree, y: Tree, weight: Tree) -> Chunk:
        """All rows as one batch, for train_on_batch."""
        data = self._checked(x, y, weight, self.edge)
        return Chunk(tuple(data), None, rows_of(data[0]), 0, 1)

    def _checked(self, x: Tree, y: Tree, weight: Tree, edge: Edge) -> list[Tree]:
        """The arrays, checked; the model is built and its metrics chosen."""
        inputs = edge.inputs(x)
        self.model._ready(inputs)
        data = list(edge((inputs, y, weight)))
        self.model.prepare(data[0], data[1], edge)
        self.sample = data[0]
        return data

    def _arrays(self, data: Any, batch_size: int | None, **how: Any) -> Source:
        key = self.model.shuffle_key.value
        return source(*data, batch_size=batch_size, key=key, **how)

    def _first(self, stream: Source, edge: Edge) -> None:
        """Build the model for the first batch of a stream; later ones are checked as they come."""
        x, y, weight = stream.first()
        self.model._ready(edge.inputs(x))
        checked = edge((x, y, weight))
        self.model.prepare(checked[0], checked[1], edge)
        self.sample = checked[0]
        stream.check = lambda data, row: edge(data, row)


def fit_arguments(
    batch_size: Any,
    epochs: Any = 1,
    initial_epoch: Any = 0,
    steps: Any = None,
    validation_steps: Any = None,
    validation_batch_size: Any = None,
    validation_freq: Any = 1,
    callbacks: Any = None,
    verbose: Any = "auto",
    where: str = "fit",
) -> dict[str, Any]:
    """The numbers that `fit` was given, looked at; those that its loop needs."""
    for name, value in (
        ("batch_size", batch_size),
        ("steps_per_epoch" if where == "fit" else "steps", steps),
        ("validation_steps", validation_steps),
        ("validation_batch_size", validation_batch_size),
    ):
        if value is not None:
            check.whole_number(name, value, where=where)
    if isinstance(callbacks, Callback):
        callbacks = [callbacks]
    return {
        "epochs": check.whole_number("epochs", epochs, 0),
        "initial_epoch": check.whole_number("initial_epoch", initial_epoch, 0),
        "validation_freq": check.whole_number("validation_freq", validation_freq),
        "callbacks": check.list_of("callbacks", callbacks, where),
        "verbose": check.verbosity(verbose, where),
    }
