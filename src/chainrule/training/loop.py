"""fit, evaluate and predict as readable loops over an engine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import rng
from ..errors import StateError
from .callbacks import Callback, CallbackList, History
from .engine import Pace
from .progress import Progress

__all__ = ["evaluate", "fit"]


def fit(
    model: Any,
    data: Sequence[Any],
    held_out: Sequence[Any] | None,
    *,
    batch_size: int,
    epochs: int,
    initial_epoch: int,
    shuffle: bool,
    callbacks: Sequence[Callback],
    verbose: Any,
    engine: Any,
    why: str,
    validation_batch_size: int,
    validation_freq: int,
) -> History:
    """Train; returns the history. `data` and `held_out` are checked arrays (x, y, weights)."""
    rows = len(data[0])
    n_steps = -(-rows // batch_size)
    history = History()
    params = {"epochs": epochs, "steps": n_steps, "verbose": verbose}
    # the history comes last: it sees what the others add
    listeners = CallbackList([*callbacks, history], model, params, held_out is not None)
    progress = Progress(verbose, epochs, n_steps)
    progress.note(f"engine: {engine.name} ({why}); {rows} samples, {n_steps} steps an epoch")
    watching = listeners.by_batch()
    if watching and engine.name == "xla":
        progress.note(f"{watching[0]} looks at every batch: the epoch runs batch by batch")
    model.stop_training = False
    pace = Pace()
    try:
        listeners.call("on_train_begin", {})
        for epoch in range(initial_epoch, epochs):
            listeners.call("on_epoch_begin", epoch, {})
            progress.begin(epoch)
            order = (
                rng.permutation(rng.fold(model.shuffle_key.value, epoch), rows) if shuffle else None
            )
            reset(model)
            done = 0
            while done < n_steps:
                left = n_steps - done
                size = 1 if watching else pace.next(left)
                if watching:
                    listeners.call("on_train_batch_begin", done, {})
                    listeners.call("on_batch_begin", done, {})
                began = time.perf_counter()
                engine.load(data, batch_size)  # a callback may have used the engine for its own
                engine.take()
                engine.run("train", order, done, done + size)
                pace.took(size, began)
                done += size
                if watching:
                    logs = results(model)
                    listeners.call("on_train_batch_end", done - 1, logs)
                    listeners.call("on_batch_end", done - 1, logs)
                progress.advance(size, lambda: results(model))
                if model.stop_training:  # a callback or a signal; the epoch ends here
                    break
            logs = results(model)
            if held_out is not None and (epoch + 1) % validation_freq == 0:
                listeners.call("on_test_begin", {})
                found = _test(model, held_out, validation_batch_size, engine)
                listeners.call("on_test_end", found)
                logs |= {f"val_{name}": value for name, value in found.items()}
            listeners.call("on_epoch_end", epoch, logs)
            progress.end(logs)
            if model.stop_training:
                break
        listeners.call("on_train_end", {})
    finally:
        engine.release()
        progress.close()
    return history


def evaluate(
    model: Any, data: Sequence[Any], batch_size: int, verbose: Any, engine: Any, callbacks: Any
) -> dict[str, float]:
    """Loss and metrics over `data`."""
    n_steps = -(-len(data[0]) // batch_size)
    listeners = CallbackList(callbacks, model, {"steps": n_steps, "verbose": verbose})
    progress = Progress(verbose, 0, n_steps, "Evaluate")
    running = [(v, v.numpy()) for m in model.all_metrics for v in m.variables]
    try:
        listeners.call("on_test_begin", {})
        progress.begin(0)
        logs = _test(model, data, batch_size, engine, progress)
        progress.end(logs)
        listeners.call("on_test_end", logs)
    finally:
        engine.release()
        for v, value in running:  # the figures of a fit that this evaluation may stand inside
            v.assign(value)
        progress.close()
    return logs


def _test(
    model: Any, data: Sequence[Any], batch_size: int, engine: Any, progress: Any = None
) -> dict[str, float]:
    rows = len(data[0])
    n_steps = -(-rows // batch_size)
    engine.load(data, batch_size)
    reset(model)
    pace, done = Pace(), 0
    while done < n_steps:
        size = pace.next(n_steps - done)
        began = time.perf_counter()
        engine.take()
        engine.run("test", None, done, done + size)
        pace.took(size, began)
        done += size
        if progress is not None:
            progress.advance(size)
    return results(model)


def reset(model: Any) -> None:
    """Start the running figures again."""
    for metric in model.all_metrics:
        metric.reset_state()


def results(model: Any) -> dict[str, float]:
    """The running figures by name."""
    found = {metric.name: np.asarray(metric.result()) for metric in model.all_metrics}
    return {name: value.tolist() for name, value in found.items()}  # a list for several thresholds


def need_compiled(model: Any, method: str) -> None:
    """Raise unless the model has a loss and, for fit, an optimizer."""
    if model.loss is None or (method == "fit" and model.optimizer is None):
        raise StateError(
            f"{method} needs a loss" + (" and an optimizer" if method == "fit" else ""),
            where=model.name,
            fix="call model.compile(optimizer='adam', loss=...) first",
        )
