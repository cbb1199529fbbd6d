"""The loop: a generator of events that `fit` drains, and anyone else may iterate over."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import tree
from ..aliases import Tree
from ..data.sources import Chunk, Source
from ..errors import DataError, NonFiniteError, StateError
from .callbacks import Callback, CallbackList, History, Trainable
from .engines import Run, held_interrupts
from .pace import Pace
from .progress import Progress

__all__ = ["Event", "Fit", "evaluate", "fit", "one_batch", "predict"]


class Event(NamedTuple):
    """Something that has just happened in a fit, or is about to.

    Args:
        kind: `epoch_begin`, `batch_begin` (only where somebody looks at batches), `steps`,
            `validation_begin`, `test_batch_begin` and `test_batch_end` (likewise),
            `validation_end` or `epoch_end`.
        epoch: counted from 0.
        step: batches of the epoch that are done.
        steps: how many of them this event brought.
        logs: a function that returns the figures so far.
        alone: the figures of this one step, where somebody wants them.
    """

    kind: str
    epoch: int
    step: int = 0
    steps: int = 0
    logs: Callable[[], dict[str, Any]] = dict
    alone: dict[str, Any] | None = None


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
        by_test_batch: the same for those of the validation.
        each_step: with the figures of each batch alone; `by_batch` as well.
        steps_left: steps, from those that are done, after which a piece of work must end; None
            where it need not.
        stopped: asked between pieces; True ends the epoch there.
        end_on: asked where a step would have made a NaN; True ends the fit there.
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
        by_test_batch: bool = False,
        each_step: bool = False,
        steps_left: Callable[[int], int | None] = lambda done: None,
        stopped: Callable[[], bool] = lambda: False,
        end_on: Callable[[NonFiniteError], bool] = lambda error: False,
    ) -> None:
        self.run, self.source, self.held_out = run, source, held_out
        self.epochs, self.epoch, self.step = epochs, epoch, step
        self.validation_freq = validation_freq
        self.by_batch, self.by_test_batch, self.each_step = by_batch, by_test_batch, each_step
        self.steps_left, self.stopped, self.end_on = steps_left, stopped, end_on
        self.pace, self.test_pace = Pace(), Pace()
        self.steps_done = 0  # in all epochs of this fit
        self.broken = False  # by a NaN

    def events(self) -> Iterator[Event]:
        """Train, an event at a time."""
        resumed = self.step > 0
        if self.stopped() and not resumed:
            return
        for epoch in range(self.epoch, self.epochs):
            self.epoch = epoch
            if not resumed:
                self.step = 0
                self.run.reset()
            resumed = False
            yield Event("epoch_begin", self.epoch, self.step)
            yield from self._epoch()
            if not self.step:  # told to stop before it, broken in it, or no data were left
                return  # an epoch without a step has no figures
            logs = self.run.results("train")
            if self.held_out is not None and (self.epoch + 1) % self.validation_freq == 0:
                found: dict[str, Any] = {}
                yield from self._validate(found)
                logs |= {f"val_{name}": value for name, value in found.items()}
            yield Event("epoch_end", self.epoch, self.step, logs=lambda logs=logs: logs)
            if self.broken or self.stopped() or self.source.ended:
                return

    def _epoch(self) -> Iterator[Event]:
        for chunk in self.source.chunks(self.epoch, self.step):
            yield from self._chunk(chunk)
            if self.broken or self.stopped():
                return

    def _chunk(self, chunk: Chunk) -> Iterator[Event]:
        self.run.load(chunk)
        done, last = chunk.skip, chunk.skip + chunk.steps
        while done < last and not self.broken and not self.stopped():
            size = 1 if self.by_batch else self.pace.next(last - done)
            size = min(size, self.steps_left(self.steps_done) or size)
            if self.by_batch:
                yield Event("batch_begin", self.epoch, self.step)
                self.run.load(chunk)
            began, alone = time.perf_counter(), None
            try:
                if self.each_step:
                    alone = self.run.alone("train", done)
                else:
                    self.run.run("train", done, done + size)
            except NonFiniteError as error:
                if error.batch is None or not self.end_on(error):
                    raise
                self.broken, size = True, error.batch - self.step  # those before it count
                if not size:
                    return
            self.pace.took(size, began)
            done += size
            self.step += size
            self.steps_done += size
            logs = functools.partial(self.run.results, "train")
            yield Event("steps", self.epoch, self.step, size, logs, alone)

    def _validate(self, found: dict[str, Any]) -> Iterator[Event]:
        """Run the validation; its figures go into `found`."""
        assert self.held_out is not None  # noqa: S101 - asked for by `events`
        run, source = self.held_out
        yield Event("validation_begin", self.epoch, self.step)
        run.follow(self.run)
        run.reset()
        batches = 0
        for kind, step, size in pieces(run, source, self.test_pace, self.by_test_batch):
            batches += size
            if self.by_test_batch:
                logs = functools.partial(run.results, "test")
                yield Event(f"test_batch_{kind}", self.epoch, step, size, logs)
        if not batches:  # figures of nothing would be 0, and the best so far
            raise DataError(
                "the validation data gave no batch",
                where=f"epoch {self.epoch + 1}",
                expected="as many batches in each epoch as in the first",
                received="a source that is used up",
                fix="give arrays, or an object that can be iterated over again",
            )
        found |= run.results("test")
        yield Event("validation_end", self.epoch, self.step, logs=lambda: found)


def pieces(run: Run, source: Source, pace: Pace, by_batch: bool) -> Iterator[tuple[str, int, int]]:
    """Run the test step over a source: (`begin` or `end`, step, batches) around each piece."""
    for chunk in source.chunks(0):
        run.load(chunk)
        done, last = chunk.skip, chunk.skip + chunk.steps
        while done < last:
            size = 1 if by_batch else pace.next(last - done)
            step = chunk.first_step + done - chunk.skip
            yield "begin", step, 0
            began = time.perf_counter()
            run.run("test", done, done + size)
            pace.took(size, began)
            done += size
            yield "end", step, size


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
    from .checkpoint import Checkpoint  # and with it what reads and writes files

    history = History()
    params = {"epochs": epochs, "steps": source.steps, "verbose": verbose}
    run.task.prepare("train", first_batch(source))
    if held_out is not None:
        run.task.prepare("test", first_batch(held_out))
    figures = run.task.figures("train")
    figures += [f"val_{n}" for n in run.task.figures("test") if held_out is not None]
    # the history comes last: it sees what the others add
    listeners = CallbackList([*callbacks, history], model, params, figures)
    progress = Progress(verbose, epochs, source.steps)
    _say(progress, run, source, why, listeners, shuffle)
    model.stop_training = False
    test_run = None if held_out is None else type(run)(run.task, train=False)
    try:
        with held_interrupts():  # else Variables could be taken, and nobody to give them back
            run.begin()
        job = Fit(
            run, source, None if held_out is None else (test_run, held_out),  # type: ignore[arg-type]
            epochs=epochs, epoch=initial_epoch, validation_freq=validation_freq,
            by_batch=bool(listeners.by_batch()), by_test_batch=bool(listeners.watches("test")),
            each_step=listeners.each_step, steps_left=listeners.steps_left,
            stopped=lambda: listeners.is_over(job.steps_done), end_on=listeners.end_on,
        )  # fmt: skip
        checkpoint = Checkpoint(job, model, listeners)
        listeners.call("on_train_begin", {})
        if checkpoint.restore():
            progress.note(f"going on at epoch {job.epoch + 1}, after {job.step} steps of it")
        for event in job.events():
            compiles = run.name == "xla" and not run.task.programs
            _hear(event, listeners, progress, compiles, job.by_batch)
            if event.kind == "steps":
                listeners.after_steps(job.steps_done, event.epoch, event.step, event.logs)
            checkpoint.after(event)
        _finish(job, model)
        listeners.call("on_train_end", {})
        checkpoint.finished()
    finally:
        with held_interrupts():
            run.end()
            source.close()
            if held_out is not None:
                held_out.close()
            progress.close()
    return history


def _finish(job: Fit, model: Trainable) -> None:
    """The last epoch is done: averaged weights take the place of the weights."""
    task = job.run.task
    if job.broken:
        model.stop_training = True
    elif task.optimizer is not None and job.steps_done:
        task.optimizer.finalize_variable_values(task.trained)


def first_batch(source: Source) -> Tree:
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


def _hear(
    event: Event, listeners: CallbackList, progress: Progress, compiles: bool, by_batch: bool
) -> None:
    """Tell callbacks and progress of an event."""
    if event.kind == "epoch_begin":
        if not event.step:  # else it was called before the checkpoint that fit goes on from
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
        if by_batch:
            logs = event.logs()
            listeners.call("on_train_batch_end", event.step - 1, logs)
            listeners.call("on_batch_end", event.step - 1, logs)
        if event.alone is not None:
            listeners.after_step(event.epoch, event.step - 1, event.alone)
        progress.advance(event.steps, event.logs)
    elif event.kind == "validation_begin":
        listeners.call("on_test_begin", {})
    elif event.kind == "test_batch_begin":
        listeners.call("on_test_batch_begin", event.step, {})
    elif event.kind == "test_batch_end":
        listeners.call("on_test_batch_end", event.step, event.logs())
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
    try:
        listeners.call("on_test_begin", {})  # which may change weights
        with held_interrupts():
            run.begin()
        run.reset()
        progress.begin(0)
        watching = bool(listeners.watches("test"))
        for kind, step, size in pieces(run, source, Pace(), watching):
            if watching:
                logs = run.results("test") if kind == "end" else {}
                listeners.call(f"on_test_batch_{kind}", step, logs)
            if kind == "end":
                progress.advance(size)
        logs = run.results("test")
        progress.end(logs)
        listeners.call("on_test_end", logs)
    finally:
        with held_interrupts():
            run.end()
            source.close()
            progress.close()
    return logs


def predict(
    model: Trainable,
    predictor: Callable[[Tree], Tree],
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
    return tree.map(_joined, *found)


def _joined(*parts: Any) -> Any:
    """The rows of all batches, one behind the other."""
    if np.ndim(parts[0]):
        return np.concatenate(parts)
    raise StateError(
        "an output without a batch axis cannot be put together from several batches",
        where="predict",
        expected="one row a sample",
        received=f"a single number from each of {len(parts)} batches",
        fix="give predict all rows as one batch: batch_size=len(x)",
    )


def one_batch(run: Run, kind: str, chunk: Chunk) -> dict[str, Any]:
    """One step on all rows of a chunk; the figures of this batch alone."""
    from .step import Batch

    run.task.prepare(kind, Batch(*chunk.data))
    try:
        with held_interrupts():
            run.begin()
        run.reset()
        run.forget()  # the caller may have refilled the same buffer
        run.load(chunk)
        run.run(kind, 0, 1)
        return run.results(kind)
    finally:
        with held_interrupts():
            run.pause()
