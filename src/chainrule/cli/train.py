"""`chainrule train`: from the name of the data to a run folder."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Iterable
from typing import Any

from ..errors import ChainruleError, choose
from .recipes import recipe_for
from .results import results_of, say_results
from .signals import Signals, withdraw
from .train_options import SCHEDULES, check_numbers, table_options

__all__ = ["train"]


def train(a: argparse.Namespace) -> int:
    """Train a network and write its run folder; the exit status is that of a signal, if any."""
    from .. import activations, optimizers, report
    from ..callbacks import EarlyStopping, History
    from ..data import catalog
    from ..training.engines import choose_engine, why_engine
    from ..utils import set_random_seed

    # every word is looked at before any data is read
    activations.get(a.activation)
    optimizer = optimizers.registry.find(a.optimizer)
    engine = choose_engine(a.engine)
    if a.schedule not in SCHEDULES:
        raise choose("--schedule", a.schedule, SCHEDULES)
    check_numbers(a)
    options = table_options(a)
    began = time.perf_counter()
    named = a.data in catalog.datasets
    with Signals(a.process) as signals:
        data = catalog.load(a.data, seed=a.seed, **options)
        recipe = recipe_for(data, named)
        hidden = recipe.hidden if a.hidden is None else a.hidden
        dropout = recipe.dropout if a.dropout is None else a.dropout
        rate = a.lr
        if rate is None and a.optimizer.lower() == "adam":
            rate = recipe.learning_rate
        chosen: dict[str, Any] = {
            "hidden": list(hidden),
            "activation": a.activation,
            "dropout": dropout,
            "batch_size": recipe.batch_size if a.batch_size is None else a.batch_size,
            "optimizer": a.optimizer,
            "learning_rate": rate,
            "schedule": a.schedule,
            "patience": a.patience,
        }
        (x, y), held_out, chosen["validation_split"] = _split(data, a.validation_split, a.seed)
        steps = -(-len(x) // chosen["batch_size"])
        chosen["epochs"] = recipe.epochs_of(steps) if a.epochs is None else a.epochs
        set_random_seed(a.seed)
        model = _network(data, hidden, a.activation, dropout)
        classes = data.class_names is not None

        def compile() -> None:
            model.compile(
                _optimizer(optimizer, rate, a.schedule, chosen["epochs"] * steps),
                "sparse_categorical_crossentropy" if classes else "mse",
                metrics=["accuracy"] if classes else ["mae"],
            )

        compile()
        middle, spread = (0.0, 1.0) if classes else _standard(y)
        if not a.quiet:
            _describe(data, len(x), 0 if held_out is None else len(held_out[0]))
            if not classes:
                print(f"  figures   while training of (y − {middle:.5g}) / {spread:.5g}, then of y")
            model.summary()
        folder = report.create(data.name, a.out, a.overwrite)
        inputs = report.Inputs.of(data, options)
        config = {
            "command": ["chainrule", *a.words],
            "arguments": chosen,
            "seed": a.seed,
            "engine": {"name": engine, "why": why_engine(a.engine, engine)},
            "versions": report.versions(),
            "data": {
                "name": data.name,
                "place": data.name if named else os.path.abspath(a.data),
                "options": options,
                "source": data.source,
                "scale": data.scale,
                "feature_names": data.feature_names,
                "class_names": data.class_names,
                "inputs": inputs.to_json(),
            },
        }
        signals.folder = folder
        report.write_config(folder, config)
        history = History()
        callbacks: list[Any] = [history, signals]
        if a.patience is not None:
            monitor = "loss" if held_out is None else "val_loss"
            callbacks.append(
                EarlyStopping(monitor, patience=a.patience, restore_best_weights=True,
                              verbose=0 if a.quiet else 1)
            )  # fmt: skip
        try:
            model.fit(
                x,
                y if classes else (y - middle) / spread,
                batch_size=chosen["batch_size"],
                epochs=chosen["epochs"],
                verbose=0 if a.quiet else 1,
                callbacks=callbacks,
                validation_data=held_out
                if classes or held_out is None
                else (held_out[0], (held_out[1] - middle) / spread),
                engine=a.engine,
            )
        except ChainruleError:
            withdraw(folder)
            raise
        took = time.perf_counter() - began
        if not classes:
            _to_units(model, history.history, middle, spread)
            compile()  # the optimizer's slots were those of the other units
        written = [model.save(os.path.join(folder, report.MODEL))]
        report.write_history(folder, history.history)
        predicted = model.predict(data.x_test, engine=a.engine)
        results = results_of(data.y_test, predicted, data.class_names)
        by = signals.received
        config["results"] = {
            "test": results,
            "test_rows": len(data.x_test),
            "epochs": len(history.epoch),
            "seconds": round(took, 3),
            "stopped_by": None if by is None else signal.Signals(by).name,
        }
        report.write_config(folder, config)
        examples = report.write_examples(folder, inputs, data.x_test)
        pictures, notice = report.draw(
            folder, history.history, model, data.x_test, data.y_test, predicted, data.class_names
        )
    written += [os.path.join(folder, name) for name in ("history.csv", report.CONFIG)]
    _finish(a, folder, [*written, examples, *pictures], notice, results, len(data.x_test))
    if signals.received is not None:
        name = signal.Signals(signals.received).name
        print(f"stopped by {name} in epoch {len(history.epoch)} of {chosen['epochs']}; "
              f"what there was is in {folder}", file=sys.stderr)  # fmt: skip
        return 128 + signals.received
    return 0


def _split(data: Any, share: float | None, seed: int) -> tuple[Any, Any, float]:
    """Rows to train on, rows to watch the training with (drawn at random) or None, their share."""
    import numpy as np

    rows = len(data.x_train)
    if share is None:
        share = 0.1 if rows >= 100 else 0.0
    count = round(rows * share)
    if count == 0 or count == rows:
        return (data.x_train, data.y_train), None, 0.0
    order = np.random.default_rng(seed).permutation(rows)
    apart = np.zeros(rows, bool)
    apart[order[:count]] = True
    x, y = data.x_train, data.y_train
    return (x[~apart], y[~apart]), (x[apart], y[apart]), share


def _network(data: Any, hidden: Iterable[int], activation: str, dropout: float) -> Any:
    from ..layers import Dense, Dropout, Flatten, Input
    from ..models import Sequential

    model = Sequential([Input(data.feature_shape)])
    if len(data.feature_shape) > 1:
        model.add(Flatten())
    for units in hidden:
        model.add(Dense(units, activation))
        if dropout:
            model.add(Dropout(dropout))
    if data.class_names is None:
        model.add(Dense(1))
    else:
        model.add(Dense(max(2, len(data.class_names)), "softmax"))
    return model


def _optimizer(kind: Any, rate: float | None, schedule: str, steps: int) -> Any:
    """The optimizer; `cosine` lets its rate fall to 0 over all steps of the training."""
    from ..schedules import CosineDecay

    made = kind() if rate is None else kind(learning_rate=rate)
    if schedule == "constant":
        return made
    return kind(learning_rate=CosineDecay(made.learning_rate, max(1, steps)))


def _standard(y: Any) -> tuple[float, float]:
    """Mean and standard deviation of a target, as float32 so that both engines see the same."""
    import numpy as np

    mean, std = y.mean(dtype=np.float64), y.std(dtype=np.float64)
    return float(np.float32(mean)), float(np.float32(std)) or 1.0


def _to_units(model: Any, history: dict[str, list[float]], middle: float, spread: float) -> None:
    """From the standardised target to the target's own units; the last layer is linear.

    spread·(a W + b) + middle  =  a (spread·W) + (spread·b + middle)
    """
    last = model.layers[-1]
    last.kernel.assign(last.kernel.numpy() * spread)
    last.bias.assign(last.bias.numpy() * spread + middle)
    for name, values in history.items():
        factor = {"loss": spread**2, "mae": spread}.get(name.removeprefix("val_"), 1.0)
        values[:] = [value * factor for value in values]


def _describe(data: Any, rows: int, watched: int) -> None:
    shape = " × ".join(map(str, data.feature_shape))
    names = data.class_names
    task = "a value to predict" if names is None else f"{len(names)} classes"
    if names is not None and names != [str(i) for i in range(len(names))]:
        task += ": " + ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    test = "the same rows" if data.x_test is data.x_train else f"{len(data.x_test):,}"
    print(f"data: {data.name}. {data.description}")
    print(f"  rows      {rows:,} to train" + (f", {watched:,} to validate" if watched else "")
          + f", {test} to test")  # fmt: skip
    print(f"  features  {shape}; {data.scale}")
    print(f"  task      {task}")
    print(f"  source    {data.source}", flush=True)


def _program() -> str:
    """What to type for this command: its name, or its path where it is in no folder of PATH."""
    import shlex
    import shutil

    started = sys.argv[0]
    if os.path.basename(started) != "chainrule" or shutil.which("chainrule"):
        return "chainrule"
    return shlex.quote(os.path.relpath(started))


def _finish(
    a: argparse.Namespace, folder: str, written: list[str], notice: str | None,
    results: dict[str, float], rows: int,
) -> None:  # fmt: skip
    import shlex

    print(say_results(results, rows))
    if notice:
        print(notice)
    if a.quiet:
        print(folder)
        return
    print("written:")
    for path in written:
        print(f"  {path}")
    table = os.path.isfile(a.data)
    file = a.data if table else os.path.join(folder, "examples.npy")
    print(f"next: {_program()} predict {shlex.quote(folder)} {shlex.quote(file)}")
