"""`chainrule evaluate`, `predict` and `summary`: what a trained model is good for."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from ..errors import ArgumentError, FileError, ShapeError
from .results import say_results

__all__ = ["evaluate", "predict", "summary"]


def evaluate(a: argparse.Namespace) -> int:
    """Print loss and metrics on data; draw pictures where asked."""
    import numpy as np

    from .. import report

    model, config = _open(a.model)
    inputs = _inputs(model, config, a.model)
    x, y, which = _rows_to_test(a.data, inputs, config)
    if x.shape[1:] != inputs.shape:
        raise ShapeError(
            "the data do not fit the model",
            where=a.data,
            expected=f"rows of shape {inputs.shape}",
            received=f"rows of shape {x.shape[1:]}",
        )
    print(f"data: {a.data}, {which}")
    logs = model.evaluate(x, y, batch_size=1024, verbose=0, return_dict=True, engine=a.engine)
    width = max(map(len, logs))
    for name, value in logs.items():
        print(f"{name:{width}}  {value:.6g}")
    if a.out:
        report.create(a.data, a.out, overwrite=True)
        predicted = model.predict(x, engine=a.engine)
        names = _class_names(config, predicted.shape[-1])
        if np.asarray(y).dtype.kind == "f":
            names = None
        pictures, notice = report.draw(a.out, {}, model, x, y, predicted, names)
        print("\n".join(["written:", *(f"  {p}" for p in pictures)]) if pictures else notice)
    return 0


def _rows_to_test(place: str, inputs: Any, config: dict[str, Any] | None) -> tuple[Any, Any, str]:
    """x, y and which rows they are."""
    from ..data import catalog

    known = {} if config is None else config["data"]
    seed, options = 0, {}
    named = place in catalog.datasets
    same = config is not None and (
        known.get("place") == (place if named else os.path.abspath(place))
    )
    if same and config is not None:
        seed, options = config.get("seed", 0), known.get("options", {})
    if same or named or os.path.isdir(place) or not os.path.exists(place):
        data = catalog.load(place, seed=seed, **options)
        which = f"its {len(data.x_test):,} held-out rows"
        return data.x_test, data.y_test, which
    x, y = inputs.read(place)
    if y is None:
        raise ArgumentError(
            "the file has no target to compare with",
            where=place,
            expected="a CSV file with the columns of the training, the target among them",
            fix="chainrule predict takes files without a target",
        )
    return x, y, f"all {len(x):,} rows"


def predict(a: argparse.Namespace) -> int:
    """Print or write the answer for each row of a file."""
    import numpy as np

    model, config = _open(a.model)
    inputs = _inputs(model, config, a.model)
    x, _ = inputs.read(a.file, a.scaled)
    if inputs.divide_by > 1 and not a.scaled and np.abs(x).max() * inputs.divide_by <= 1:
        print(
            f"chainrule: no number is above 1, but all are divided by {inputs.divide_by:g} as in "
            "training; --scaled takes them as they are",
            file=sys.stderr,
        )
    y = model.predict(x, engine=a.engine).reshape(len(x), -1)
    names = _class_names(config, y.shape[1])
    if a.out:
        _write_answers(a.out, y, names)
        print(f"{len(y):,} rows written to {a.out}")
        return 0
    if names is None:
        print("row  value")
        for i, row in enumerate(y):
            print(f"{i + 1:<4} " + "  ".join(f"{value:.6g}" for value in row))
        return 0
    width = max(5, *map(len, names))
    print(f"row  {'class':{width}}  probability")
    for i, (best, share) in enumerate(zip(y.argmax(1), y.max(1), strict=True)):
        print(f"{i + 1:<4} {names[best]:{width}}  {share:8.2%}".replace("%", " %"))
    return 0


def _write_answers(path: str, y: Any, names: list[str] | None) -> None:
    import csv
    import io

    from ..storage import write_atomically

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if names is None:
        writer.writerow(["row", *(["value"] if y.shape[1] == 1 else range(y.shape[1]))])
        writer.writerows([i + 1, *map(float, row)] for i, row in enumerate(y))
    else:
        writer.writerow(["row", "class", "probability", *(f"p({name})" for name in names)])
        for i, row in enumerate(y):
            best = int(row.argmax())
            writer.writerow([i + 1, names[best], float(row[best]), *map(float, row)])
    write_atomically(path, text.getvalue().encode())


def summary(a: argparse.Namespace) -> int:
    """Print the layers, and what the model was trained on and how well."""
    model, config = _open(a.model)
    model.summary()
    setting = model.get_compile_config()
    if setting:
        optimizer, loss = setting["optimizer"], setting["loss"]
        print(f" Optimizer: {_name(optimizer)}, loss: {_name(loss)}")
    if config is not None:
        names = config["data"]["class_names"]
        print(f" Trained on: {config['data'].get('name')}, {config['data'].get('scale')}")
        if names is not None:
            print(f" Classes: {', '.join(names[:20])}" + (", ..." if len(names) > 20 else ""))
        test = (config.get("results") or {}).get("test")
        if test:
            rows = config["results"].get("test_rows", 0)
            print(f" When trained: {say_results(test, rows)}")
    return 0


def _name(part: Any) -> str:
    return part["class_name"] if isinstance(part, dict) else str(part)


def _open(path: str) -> tuple[Any, dict[str, Any] | None]:
    """A model, and the config of its run where there is one beside it."""
    from .. import report
    from ..models import load_model

    folder = path if os.path.isdir(path) else os.path.dirname(path)
    file = os.path.join(path, report.MODEL) if os.path.isdir(path) else path
    if not os.path.exists(file):
        raise FileError(
            "there is no model",
            where=path,
            expected=f"a run folder with {report.MODEL}, or a .safetensors file",
            fix="train one: chainrule train digits",
        )
    return load_model(file), report.read_config(folder)


def _inputs(model: Any, config: dict[str, Any] | None, path: str) -> Any:
    from .. import report

    if model.input_shape is None:
        raise FileError(
            "the model does not say what its inputs look like",
            where=path,
            expected="a Sequential",
            received=type(model).__name__,
            fix="use it in Python: chainrule.load_model(path).predict(x)",
        )
    shape = tuple(model.input_shape[1:])
    if config is None:
        print(f"chainrule: there is no {report.CONFIG} beside the model: numbers are taken as they "
              "are, classes have no names", file=sys.stderr)  # fmt: skip
        return report.Inputs(shape)
    inputs = report.Inputs.from_json(config["data"].get("inputs"), path)
    if inputs.shape != shape:
        raise FileError(
            f"{report.CONFIG} belongs to another model",
            where=path,
            expected=f"inputs of shape {shape}",
            received=inputs.shape,
        )
    return inputs


def _class_names(config: dict[str, Any] | None, outputs: int) -> list[str] | None:
    """Names of the classes; numbers where no file knows them; None for values."""
    if config is None:
        return None if outputs == 1 else [str(i) for i in range(outputs)]
    names = config["data"]["class_names"]
    return names if names is None else [*names, *map(str, range(len(names), outputs))]
