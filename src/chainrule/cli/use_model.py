"""`chainrule evaluate`, `predict` and `summary`: what a trained model is good for."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from .. import config
from ..config import ENGINES
from ..errors import ArgumentError, ShapeError, choose
from ..terminal import say
from .command import Command
from .train_options import READING, add_options
from .use_table import evaluate_table, predict_table

__all__ = ["COMMANDS", "evaluate", "open_run", "predict", "rows_to_test", "summary"]


def evaluate(a: argparse.Namespace) -> int:
    """Print loss and metrics on data; draw pictures where asked."""
    from .. import report

    config.check_engine(a.engine, "--engine")
    run = open_run(a.model)
    if run.of_table:
        return evaluate_table(a, run)
    x, y, which = rows_to_test(a, run)
    if x.shape[1:] != run.schema.shape:
        raise ShapeError(
            "the data do not fit the model",
            where=a.data,
            expected=f"rows of shape {run.schema.shape}",
            received=f"rows of shape {x.shape[1:]}",
        )
    if a.out and not a.overwrite:
        names = report.picture_names(x.shape[1:], y.dtype.kind != "f", history=False)
        report.refuse_existing(a.out, [f"{name}.png" for name in names])
    say(f"data: {a.data}, {which}")
    logs = run.model.evaluate(x, y, batch_size=1024, verbose=0, return_dict=True, engine=a.engine)
    width = max(map(len, logs))
    for name, value in logs.items():
        say(f"{name:{width}}  {value:.6g}")
    if a.out:
        _draw(a, run, x, y)
    return 0


def _draw(a: argparse.Namespace, run: Any, x: Any, y: Any) -> None:
    from .. import report
    from ..data.schema import Rows
    from ..errors import MissingExtraError

    answers = run.answer(Rows(x, None, x), a.engine)
    names = None if y.dtype.kind == "f" else answers.class_names
    try:
        figures = report.draw({}, run.model, x, y, answers.outputs, names, schema=run.schema)
    except MissingExtraError as error:
        say(f"no pictures: {error.problem}; {error.fix}")
        return
    report.make(a.out)
    say("\n".join(["written:", *(f"  {path}" for path in report.write_pictures(a.out, figures))]))


def rows_to_test(a: argparse.Namespace, run: Any) -> tuple[Any, Any, str]:
    """x, y and which rows they are."""
    from ..data import catalog

    known, place = run.config.get("data") or {}, a.data
    seed, options = 0, {}
    named = place in catalog.datasets
    same = bool(known) and known.get("place") == (place if named else os.path.abspath(place))
    if same:
        seed, options = run.config.get("seed", 0), dict(known.get("options") or {})
    if a.missing and not named:
        options["missing"] = _dropped(a)
    if same or named or os.path.isdir(place) or not os.path.exists(place):
        data = catalog.load(place, seed=seed, **options)
        return data.x_test, data.y_test, f"its {len(data.x_test):,} held-out rows"
    rows = run.schema.read(place, targets=True, missing=_dropped(a))
    _say_notices(rows)
    if rows.y is None:
        raise ArgumentError(
            "the file has no target to compare with",
            where=place,
            expected="a CSV file with the columns of the training, the target among them",
            fix="chainrule predict takes files without a target",
        )
    return rows.x, rows.y, f"all {len(rows.x):,} rows"


def predict(a: argparse.Namespace) -> int:
    """Print or write the answer for each row of a file."""
    from .. import report

    config.check_engine(a.engine, "--engine")
    run = open_run(a.model)
    if run.of_table:
        return predict_table(a, run)
    if a.out and not a.overwrite:
        folder, name = os.path.split(a.out)
        report.refuse_existing(folder, [name])
    rows = run.schema.read(a.file, scaled=a.scaled, missing=_dropped(a))
    _say_notices(rows)
    high = run.schema.scaling.divide_by
    if high > 1 and not a.scaled and abs(rows.x).max() * high <= 1:
        say(f"chainrule: no number is above 1, but all are divided by {high:g} as in training; "
            "--scaled takes them as they are", sys.stderr)  # fmt: skip
    answers = run.answer(rows, a.engine)
    if a.out:
        from ..tables.values import counted

        _write(a.out, answers)
        say(f"{counted(len(answers), 'row')} written to {a.out}")
        return 0
    wide = max(4, len(str(answers.numbers[-1])) + 1)
    if answers.class_names is None:
        lines = ["row".ljust(wide) + " value"]
        for number, row in zip(answers.numbers, answers.outputs, strict=True):
            lines.append(f"{number:<{wide}} " + "  ".join(f"{value:.6g}" for value in row))
    else:
        width = max(5, *map(len, answers.class_names))
        lines = ["row".ljust(wide) + f" {'class':{width}}  probability"]
        for number, label, share in zip(
            answers.numbers, answers.labels, answers.probabilities, strict=True
        ):
            lines.append(f"{number:<{wide}} {label:{width}}  {share:8.2%}".replace("%", " %"))
    print("\n".join(lines))
    return 0


def _say_notices(rows: Any) -> None:
    for notice in rows.notices:
        say(notice, sys.stderr)


def _write(path: str, answers: Any) -> None:
    import csv
    import io

    from ..storage import write_atomically

    text = io.StringIO()
    head, rows = answers.table()
    csv.writer(text, lineterminator="\n").writerows([head, *rows])
    write_atomically(path, text.getvalue().encode())


def summary(a: argparse.Namespace) -> int:
    """Print the layers, and what the model was trained on and how well."""
    from ..workflow import say_results

    run = open_run(a.model, say_missing=False)
    run.model.summary()
    setting = run.model.get_compile_config()
    if setting:
        optimizer, loss = setting["optimizer"], setting["loss"]
        say(f" Optimizer: {_name(optimizer)}, loss: {_name(loss)}")
    if run.config:
        names = run.schema.class_names
        say(f" Trained on: {run.name}, {run.config['data'].get('scale')}")
        if names is not None:
            say(f" Classes: {', '.join(names[:20])}" + (", ..." if len(names) > 20 else ""))
        if run.results:
            rows = run.config["results"].get("test_rows", 0)
            say(f" When trained: {say_results(run.results, rows)}")
        if run.kept_epoch:
            say(f" Kept: {run.say_kept()}")
    return 0


def _name(part: Any) -> str:
    return part["class_name"] if isinstance(part, dict) else str(part)


def open_run(path: str, say_missing: bool = True) -> Any:
    """The run; a line says where there is only the model."""
    from .. import report
    from ..workflow import Run

    run = Run.load(path)
    if not run.config and say_missing:
        say(f"chainrule: there is no {report.CONFIG} beside the model: numbers are taken as they "
            "are, classes have no names", sys.stderr)  # fmt: skip
    return run


def _evaluate_options(p: Any) -> None:
    _model_argument(p)
    p.add_argument("data", metavar="DATA", help="a name, a folder or a table with its target; "
                   "for the data of the training, the held-out rows are taken")  # fmt: skip
    p.add_argument("--out", metavar="FOLDER", help="also draw the pictures into this folder")
    _table_options(p)
    _engine_option(p, "numpy", "NumPy starts at once")


def _predict_options(p: Any) -> None:
    _model_argument(p)
    p.add_argument(
        "file",
        metavar="FILE",
        help="a table (with or without the target), a .npy file, or an IDX file, plain or gzip; "
        "numbers as they were before scaling",
    )
    p.add_argument("--out", metavar="FILE.csv",
                   help="write the rows of the table with the answers beside them (of other files "
                   "the answers alone)")  # fmt: skip
    _table_options(p)
    p.add_argument("--scaled", action="store_true", help="the numbers are scaled already")
    _engine_option(p, "numpy", "NumPy starts at once")


def _model_argument(p: Any) -> None:
    p.add_argument("model", metavar="MODEL", help="a run folder or a .safetensors file")


def _table_options(p: Any) -> None:
    p.add_argument("--overwrite", action="store_true", help="replace what stands at --out")
    group = p.add_argument_group("how a table is read (as in training)")
    add_options(group, READING)


def _dropped(a: argparse.Namespace) -> str | None:
    """`--missing` for the runs of earlier versions, which left rows with empty cells out."""
    if a.missing is None:
        return None
    word = ",".join(a.missing)
    if word not in ("drop", "error"):
        raise choose("--missing", word, ("drop", "error"), where="a run of an earlier version")
    return word


def _engine_option(p: Any, default: str, why: str) -> None:
    p.add_argument("--engine", default=default, metavar="NAME",
                   help=f"{', '.join(ENGINES)} (default: {default}; {why})")  # fmt: skip


COMMANDS = (
    Command(
        "evaluate", evaluate, "Loss and accuracy of a model on data.",
        "examples:\n  chainrule evaluate runs/digits-20260314-150926 digits\n"
        "  chainrule evaluate runs/people-20260314-150926 other-people.csv", _evaluate_options,
    ),
    Command(
        "predict", predict, "The class and its probability, or the value, for each row.",
        "examples:\n  chainrule predict runs/digits-20260314-150926 examples.npy\n"
        "  chainrule predict model.safetensors people.csv --out answers.csv", _predict_options,
    ),
    Command(
        "summary", summary, "The layers of a model and their parameters.",
        "example:\n  chainrule summary runs/digits-20260314-150926", _model_argument,
    ),
)  # fmt: skip
