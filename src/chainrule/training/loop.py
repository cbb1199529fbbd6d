"""The loop: a generator of events that `fit` drains, and anyone else may iterate over."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import tree
from ..data.sources import Chunk, Source
from .callbacks import Callback, CallbackList, History, Trainable
from .checkpoint import Checkpoint
from .engines import Run
from .pace import Pace
from .progress import Progress

__all__ = ["Event", "Fit", "evaluate", "fit", "one_batch", "predict"]


@dataclass(frozen=True)
class Event:
    """Something that has just happened in a fit, or is about to.

    Args:
        kind: `epoch_begin`, `batch_begin` (only where somebody looks at batches), `steps`,
            `validation_begin`, `validation_end` or `epoch_end`.
        epoch: counted from 0.
        step: batches of the epoch that are done.
        steps: how many of them this event brought.
        logs: a function that returns the figures so far.
    """

    kind: str
    epoch: int
    step: int = 0
    steps: int = 0
    logs: Callable[[], dict[str, Any]] = field(default=dict)


class Fit:
    """One fit: a run, a source, and where it stands.

    Iterating over `events()` trains; between two events nothing moves, so whoever iterates may
    read and set values, save, or stop.

    Args:
        run: what runs the steps; it has begun.
        source: the training data.
        held_out: run and source of the validation, or None.
        epochs: the epoch to stop before.
        epoch, step: where to begin.
        by_batch: an event before and after each batch.
        stop_at: also end a piece of work where this many steps of the fit are done.
        stopped: asked between pieces; True ends the epoch there.
    """

    def __init__(
        self,
        run: Run,
        source: Source,
        held_out: tuple[Run, Source] | None = None,
        *,
        epochs: int,
        epoch: int = 0,
        step: int = 0,
        validation_freq: int = 1,
        by_batch: bool = False,
        stop_at: Callable[[int], int] | None = None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self.run, self.source, self.held_out = run, source, held_out
        self.epochs, self.epoch, self.step = epochs, epoch, step
        self.validation_freq, self.by_batch = validation_freq, by_batch
        self.stop_at, self.stopped = stop_at, stopped
        self.pace, self.test_pace = Pace(), Pace()
        self.steps_done = 0  # in all epochs of this fit

    def events(self) -> Iterator[Event]:
        """Train, an event at a time."""
        resumed = self.step > 0
        for self.epoch in range(self.epoch, self.epochs):
            if not resumed:
                self.step = 0
                self.run.reset()
            resumed = False
            yield Event("epoch_begin", self.epoch, self.step)
            for chunk in self.source.chunks(self.epoch, self.step):
                yield from self._chunk(chunk)
                if self.stopped():
                    break
            logs = self.run.results("train")
            if self.held_out is not None and (self.epoch + 1) % self.validation_freq == 0:
                yield Event("validation_begin", self.epoch, self.step)
                found = self._validate()
                yield Event("validation_end", self.epoch, self.step, logs=lambda f=found: f)
                logs |= {f"val_{name}": value for name, value in found.items()}
            yield Event("epoch_end", self.epoch, self.step, logs=lambda logs=logs: logs)
            if self.stopped() or self.source.ended:
                return

    def _chunk(self, chunk: Chunk) -> Iterator[Event]:
        self.run.load(chunk)
        done, last = chunk.skip, chunk.skip + chunk.steps
        while done < last and not self.stopped():
            size = 1 if self.by_batch else self.pace.next(last - done)
            if self.stop_at is not None:
                size = min(size, self.stop_at(self.steps_done))
            if self.by_batch:
                yield Event("batch_begin", self.epoch, self.step)
                self.run.load(chunk)
            began = time.perf_counter()
            self.run.run("train", done, done + size)
            self.pace.took(size, began)
            done += size
            self.step += size
            self.steps_done += size
            yield Event(
                "steps", self.epoch, self.step, size, lambda: self.run.results("train")
            )

    def _validate(self) -> dict[str, Any]:
        assert self.held_out is not None  # noqa: S101 - asked for by `events`
        run, source = self.held_out
        run.follow(self.run)
        run.reset()
        for _ in test_pieces(run, source, self.test_pace):
            pass
        return run.results("test")


def test_pieces(
    run: Run, source: Source, pace: Pace, by_batch: Callable[[int], None] | None = None
) -> Iterator[int]:
    """Run the test step over a source; the number of batches of each piece."""
    for chunk in source.chunks(0):
        run.load(chunk)
        done, last = chunk.skip, chunk.skip + chunk.steps
        while done < last:
            size = 1 if by_batch is not None else pace.next(last - done)
            if by_batch is not None:
                by_batch(chunk.first_step + done - chunk.skip)
            began = time.perf_counter()
            run.run("test", done, done + size)
            pace.took(size, began)
            done += size
            yield size


def fit(
    model: Trainable,
    run: Run,
    source: Source,
    held_out: Source | None,
    *,
    why: str,
    shuffle: bool,
    epochs: int,
    initial_epoch: int,
    validation_freq: int,
    callbacks: Sequence[Callback],
    verbose: Any,
) -> History:
    """Drain the events of a fit: callbacks, progress, checkpoints. Returns the history."""
    history = History()
    params = {"epochs": epochs, "steps": source.steps, "verbose": verbose}
    # the history comes last: it sees what the others add
    listeners = CallbackList([*callbacks, history], model, params, held_out is not None)
    progress = Progress(verbose, epochs, source.steps)
    _say(progress, run, source, why, listeners, shuffle)
    model.stop_training = False
    run.task.prepare("train", first_batch(source))
    if held_out is not None:
        run.task.prepare("test", first_batch(held_out))
    test_run = None if held_out is None else type(run)(run.task, train=False)
    run.begin()
    try:
        job = Fit(
            run, source, None if held_out is None else (test_run, held_out),  # type: ignore[arg-type]
            epochs=epochs, epoch=initial_epoch, validation_freq=validation_freq,
            by_batch=bool(listeners.by_batch()), stopped=lambda: model.stop_training,
        )  # fmt: skip
        checkpoint = Checkpoint(job, model, listeners, history)
        listeners.call("on_train_begin", {})
        checkpoint.restore()
        for event in job.events():
            _hear(event, listeners, progress, run.name == "xla" and not run.task.programs)
            checkpoint.after(event)
        listeners.call("on_train_end", {})
        checkpoint.finished()
    finally:
        run.end()
        source.close()
        if held_out is not None:
            held_out.close()
        progress.close()
    return history


def first_batch(source: Source) -> Any:
    """A first batch, for a dry run of a step."""
    from .step import Batch

    return Batch(*source.checked(source.first(), 0))


def _say(
    progress: Progress, run: Run, source: Source, why: str, listeners: CallbackList, shuffle: bool
) -> None:
    rows = "" if source.rows is None else f"{source.rows} samples, "
    steps = "steps as they come" if source.steps is None else f"{source.steps} steps an epoch"
    progress.note(f"engine: {run.name} ({why}); {rows}{steps}")
    if source.note and shuffle:
        progress.note(source.note)
    watching = listeners.by_batch()
    if watching and run.name == "xla":
        progress.note(f"{watching[0]} looks at every batch: the epoch runs batch by batch")


def _hear(event: Event, listeners: CallbackList, progress: Progress, compiles: bool) -> None:
    """Tell callbacks and progress of an event."""
    if event.kind == "epoch_begin":
        listeners.call("on_epoch_begin", event.epoch, {})
        progress.begin(event.epoch)
        if event.step:
            progress.advance(event.step)
        if compiles:
            progress.say_compiling()
    elif event.kind == "batch_begin":
        listeners.call("on_train_batch_begin", event.step, {})
        listeners.call("on_batch_begin", event.step, {})
    elif event.kind == "steps":
        if listeners.by_batch():
            logs = event.logs()
            listeners.call("on_train_batch_end", event.step - 1, logs)
            listeners.call("on_batch_end", event.step - 1, logs)
        progress.advance(event.steps, event.logs)
    elif event.kind == "validation_begin":
        listeners.call("on_test_begin", {})
    elif event.kind == "validation_end":
        listeners.call("on_test_end", event.logs())
    elif event.kind == "epoch_end":
        logs = event.logs()
        listeners.call("on_epoch_end", event.epoch, logs)
        progress.end(logs)


def evaluate(
    model: Trainable, run: Run, source: Source, verbose: Any, callbacks: Sequence[Callback]
) -> dict[str, Any]:
    """Loss and metrics over a source."""
    listeners = CallbackList(callbacks, model, {"steps": source.steps, "verbose": verbose})
    progress = Progress(verbose, 0, source.steps, "Evaluate")
    run.task.prepare("test", first_batch(source))
    run.begin()
    try:
        run.reset()
        listeners.call("on_test_begin", {})
        progress.begin(0)
        watching = listeners.watches("test")

        def before(step: int) -> None:
            listeners.call("on_test_batch_begin", step, {})

        step = 0
        for size in test_pieces(run, source, Pace(), before if watching else None):
            step += size
            if watching:
                listeners.call("on_test_batch_end", step - 1, run.results("test"))
            progress.advance(size)
        logs = run.results("test")
        progress.end(logs)
        listeners.call("on_test_end", logs)
    finally:
        run.end()
        source.close()
        progress.close()
    return logs


def predict(
    model: Trainable,
    predictor: Callable[[Any], Any],
    source: Source,
    verbose: Any,
    callbacks: Sequence[Callback],
) -> Any:
    """The outputs over a source, batch by batch."""
    listeners = CallbackList(callbacks, model, {"steps": source.steps, "verbose": verbose})
    progress = Progress(verbose if verbose != "auto" else 0, 0, source.steps, "Predict")
    found: list[Any] = []
    step = 0
    try:
        listeners.call("on_predict_begin", {})
        progress.begin(0)
        for chunk in source.chunks(0):
            for x, _, _ in chunk.batches():
                listeners.call("on_predict_batch_begin", step, {})
                found.append(predictor(tree.map(np.ascontiguousarray, x)))
                listeners.call("on_predict_batch_end", step, {"outputs": found[-1]})
                step += 1
                progress.advance(1)
        progress.end({})
        listeners.call("on_predict_end", {})
    finally:
        source.close()
        progress.close()
    if len(found) == 1:
        return found[0]
    return tree.map(lambda *parts: np.concatenate(parts), *found)


def one_batch(run: Run, kind: str, chunk: Chunk) -> dict[str, Any]:
    """One step on all rows of a chunk; the figures of this batch alone."""
    from .step import Batch

    run.task.prepare(kind, Batch(*chunk.data))
    run.begin()
    try:
        run.reset()
        run.forget()  # the caller may have refilled the same buffer
        run.load(chunk)
        run.run(kind, 0, 1)
        return run.results(kind)
    finally:
        run.pause()
