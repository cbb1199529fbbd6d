"""What a report shows of a run: its figures, and what its data still say about them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from .. import tables
from ..data import catalog
from ..dialect import argument, counted
from ..errors import ChainruleError, StateError
from ..evaluation import scores, verdict
from ..experiments.results import shown
from ..files import digest_of
from ..report.page import Findings
from ..tables import Frame
from .run import Run
from .table_data import as_roles
from .table_large import open_large
from .table_options import TableOptions
from .table_run import LOUD

__all__ = ["findings_of"]

_WIDEST = 2000  # numbers of a row that are shown as columns


def findings_of(
    run: Run, predict: Callable[[Frame], Any] | None = None, outputs: Any = None
) -> Findings:
    """What `report.page.write_page` takes, of a run in memory or from its folder.

    The data of the training are looked for where they were. Without them a table's report has its
    figures alone, and says so; a run of another kind has none without its data.

    Args:
        run: with its model.
        predict: answers rows held out as in training, while the models that have not seen them
            are still there; by default the saved model answers.
        outputs: of a run on arrays, the model's answers to its test part, where they are known.

    Raises:
        StateError: there are neither data nor figures.

    Example:
        >>> import chainrule as cr
        >>> run = cr.train("moons", hidden=(4,), epochs=3, engine="numpy", verbose=0)
        >>> found = findings_of(run)
        >>> found.title, found.class_names, found.frame.names
        ('moons', ['0', '1'], ['x1', 'x2'])
    """
    table = getattr(run, "figures", None) is not None
    made = _of_table(run, predict) if table else _of_arrays(run, outputs)
    config = run.config
    command = config.get("command")
    return Findings(
        run.name,
        seconds=(config.get("results") or {}).get("seconds"),
        command=shlex.join(map(str, command)) if command else "",
        shell=_shell(run),
        python=_python(run),
        config=_settings(config),
        **made,
    )


def _shell(run: Run) -> str:
    """What to type next."""
    if run.folder is None:
        return ""
    place = shlex.quote(os.path.normpath(run.folder))
    lines = [f"chainrule predict {place} new.csv --out answers.csv"]
    if (run.config.get("data") or {}).get("place"):
        lines.append(f"chainrule replay {place}")
    return "\n".join(lines)


def _python(run: Run) -> str:
    if run.folder is None:
        return ""
    rows = '"new.csv"' if run.of_table else "rows"
    answers = "answers.labels" if run.schema.class_names else "answers.outputs"
    return (f"import chainrule as cr\n\nrun = cr.Run.load({os.path.normpath(run.folder)!r})\n"
            f"answers = run.predict({rows})\nprint({answers}[:5])")  # fmt: skip


def _settings(config: Any) -> dict[str, Any]:
    """Settings that were given, the seed, the engine and versions."""
    given = {
        **(config.get("arguments") or {}),
        **((config.get("table") or {}).get("options") or {}),
    }
    found: dict[str, Any] = {k: shown(v) or "none" for k, v in given.items() if v is not None}
    found["seed"] = config.get("seed", 0)
    found["rows fitted on"] = (config.get("results") or {}).get("fitted_rows")
    engine = config.get("engine") or {}
    found["engine"] = engine.get("name", "") if isinstance(engine, dict) else engine
    versions = config.get("versions") or {}
    found["versions"] = ", ".join(f"{name} {v}" for name, v in versions.items())
    return {k: v for k, v in found.items() if v not in ("", None)}


# --- tables -------------------------------------------------------------------------------------


def _of_table(run: Any, predict: Callable[[Frame], Any] | None) -> dict[str, Any]:
    """Of a table's run: figures from rows held out, and the table itself where it is there."""
    figures, config = run.figures, run.config
    table, results = config.get("table") or {}, config.get("results") or {}
    split = table.get("split") or {}
    refit = bool(split.get("refit"))
    notices: list[str] = [*(table.get("notices") or ()), *run.say_remarks()]
    whole, rows, count = _table_of(run, str(split.get("kind")), notices)
    names = run.schema.class_names
    own = results.get("epochs") is not None  # epochs of a network, not checks of the recipe
    curves = {k: v for k, v in run.curves().items() if own or k in ("loss", "val_loss")}
    format_ = getattr(whole, "format", None)
    if format_ is not None and format_.left_out:
        notices.append(f"Not all lines of the file are rows: header in line {format_.header_line}, "
                       + ", ".join(format_.left_out))  # fmt: skip
    made: dict[str, Any] = {
        "scores": figures.scores, "verdict": figures.verdict, "y": figures.y,
        "outputs": figures.outputs, "class_names": names, "target": run.roles.target,
        "roles": run.roles, "data": whole, "reading": getattr(format_, "said", ""),
        "kind": results.get("kind", "network"), "model": run.model.layers[1],
        "measured_on": _measured(table, len(figures.y), refit),
        "history": curves, "step": "epoch" if own else "check",
        "kept": run.kept_epoch if own else _kept(run),
        "rows": count,
    }  # fmt: skip
    if rows is not None:
        notices += [] if refit else _unseen(run, rows)
        made |= {"frame": rows, "predict": predict or _answers(run, names),
                 "seen": predict is None and refit}  # fmt: skip
    return {**made, "notices": list(dict.fromkeys(notices))}


def _kept(run: Any) -> int | None:
    """Which check of the recipe's history was kept."""
    steps = list(run.curves().get("step", []))
    return steps.index(run.kept_epoch) + 1 if run.kept_epoch in steps else None


def _measured(table: Any, count: int, refit: bool) -> str:
    """Which rows the figures are of, in a sentence."""
    split, options = table.get("split") or {}, table.get("options") or {}
    kind, rows = split.get("kind"), counted(count, "row")
    after = "; the saved model was then fitted on all rows" if refit else ""
    if kind == "folds":
        return (f"Measured on {rows}, each answered by a model that had not seen it "
                f"({split.get('parts')} folds){after}.")  # fmt: skip
    if kind == "test":
        name = os.path.basename(options.get("test") or "")
        return f"Measured on the {rows} of {name or argument('test')}."
    if kind == "time":
        column = options.get("time", (table.get("series") or {}).get("date"))
        if isinstance(column, int):
            column = (table.get("roles") or {})["roles"][column]["name"]
        by = f" by {column!r}" if column is not None else ""
        return f"Measured on the last {rows}{by}, by a model of the rows before{after}."
    return f"Measured on {rows} that took part in no choice{after}."


def _unseen(run: Any, rows: Frame) -> list[str]:
    """Columns of the rows held out of which much was never seen in training."""
    found = run.encoder.unseen(as_roles(rows, run.roles)[0])
    # without cells of the rows: the page may be one that holds none
    loud = [replace(c, examples=()).sentence for c in found.values() if c.worst > LOUD]
    return ["The rows of the figures are not as in training: " + "; ".join(loud)] if loud else []


def _table_of(
    run: Any, kind: str, notices: list[str]
) -> tuple[Frame | None, Frame | None, int | None]:
    """The table, the rows that the figures are of, and of how many rows the table is a sample.

    None for what is not there any more.
    """
    count = None
    try:
        if kind == "large":
            table = run.table if run.table is not None else _large_again(run)
            whole, rows, count = table.frame, table.test, table.rows
        else:
            whole = run.table.frame if run.table is not None else _read_again(run)
            rows = _held_out(run, whole, kind == "test")
        if len(rows) != len(run.figures.y):
            raise StateError("it has other rows than it had", where="the file")
    except (ChainruleError, OSError, KeyError, TypeError, IndexError) as error:
        why = getattr(error, "problem", "") or "it is not where it was"
        notices.append(f"The data of the training could not be read again ({why}): nothing is said "
                       "about columns and rows.")  # fmt: skip
        return None, None, None
    return whole, rows, count


def _held_out(run: Any, whole: Frame, test: bool) -> Frame:
    """The rows that the figures are of: of the table, or of the file for them."""
    if not test:
        return whole.take(run.figures.rows)
    if run.table is not None:
        return run.table.test
    place = (run.config["table"].get("options") or {}).get("test")
    return _known(run, run.read(_same(place, (run.config.get("data") or {}).get("test_sha256"))))


def _large_again(run: Any) -> Any:
    """The sample of a table larger than memory, and the rows of it that the figures are of."""
    place = _unchanged(run)
    config = run.config
    options = TableOptions.from_json(config["table"]["options"])
    table = open_large(place, options, config["seed"], verbose=True)
    table.large.held_again(run.encoder, table, bool(config["arguments"]))
    return table


def _read_again(run: Any) -> Frame:
    return _known(run, run.read(_unchanged(run)))


def _unchanged(run: Any) -> str:
    """The file of the training.

    Raises:
        StateError: it is not there, or not what it was.
    """
    about = run.config.get("data") or {}
    return _same(about.get("place"), about.get("sha256"))


def _same(place: str | None, digest: str | None) -> str:
    """The file, where it is as it was.

    Raises:
        StateError: it is gone, or has changed.
    """
    if not place or not os.path.isfile(place):
        raise StateError("it is not where it was", where="the file")
    if digest is not None and digest_of(place) != digest:
        raise StateError("it has changed", where=place)
    return place


def _known(run: Any, frame: Frame) -> Frame:
    """The rows with a target."""
    return frame.take(tables.known_rows(frame, run.roles))


def _answers(run: Any, names: Any) -> Callable[[Frame], np.ndarray]:
    """The saved model on a frame; a row without anything to go by gets even odds."""

    def predict(frame: Frame) -> np.ndarray:
        outputs = np.asarray(run.answers(frame).outputs, np.float64)
        even = 1 / len(names) if names else float(np.mean(run.figures.y))
        return np.where(np.isfinite(outputs), outputs, even)

    return predict


# --- everything else ----------------------------------------------------------------------------


def _of_arrays(run: Run, outputs: Any = None) -> dict[str, Any]:
    """Of a run on arrays: its test part, answered again unless the answers are known."""
    data = run.data if run.data is not None else _loaded(run)
    names = run.schema.class_names
    x, y = data.x_test, np.asarray(data.y_test).reshape(-1)
    if outputs is None:
        outputs = run.model.predict(x, engine="numpy")
    outputs = np.asarray(outputs, np.float64).reshape(len(x), -1)
    found = scores(y, outputs, names, data.y_train)
    made = {
        "scores": found, "verdict": verdict(found), "y": y, "outputs": outputs,
        "class_names": names,
        "measured_on": f"Measured on {counted(len(y), 'row')} held out: neither trained on nor "
        "used to choose the epoch.",
        "history": dict(getattr(run.history, "history", run.history) or {}),
        "kept": run.kept_epoch, "model": run.model,
    }  # fmt: skip
    shape = run.schema.shape
    if len(shape) == 1 and shape[0] <= _WIDEST:
        columns = run.schema.feature_names or [f"x{k}" for k in range(1, shape[0] + 1)]
        raw = run.schema.scaling.undo(np.asarray(x))
        frame = Frame.of({name: raw[:, k] for k, name in enumerate(columns)}, run.name)

        def predict(rows: Frame) -> np.ndarray:
            stacked = np.stack([rows[k].values for k in range(len(columns))], 1)
            return np.asarray(run.model.predict(run.schema.scaling.apply(stacked), engine="numpy"))

        if len(set(columns)) == len(columns):
            made |= {"frame": frame, "predict": predict}
    return made


def _loaded(run: Run) -> Any:
    """The data of a run from its folder, split as they were."""
    about = run.config.get("data") or {}
    place = about.get("place")
    if not place:
        raise StateError(
            "the run does not say where its data are",
            where=run.folder or "the run",
            fix="a report needs a run that was trained on a file or a named data set",
        )
    options = dict(about.get("options") or {})
    return catalog.load(place, seed=run.config.get("seed", 0), **options)
