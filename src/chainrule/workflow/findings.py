"""What a report shows of a run: its figures, and what its data still say about them."""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import tables
from ..data import catalog
from ..dialect import argument
from ..errors import ChainruleError, StateError
from ..evaluation import scores, verdict
from ..report.page import Findings
from ..tables import Frame
from .run import Run
from .table_large import open_large
from .table_options import TableOptions

__all__ = ["findings_of"]

_WIDEST = 2000  # numbers of a row that are shown as columns
_SETTINGS = ("name", "why")


def findings_of(run: Run) -> Findings:
    """What `report.page.write_page` takes, of a run in memory or from its folder.

    The data of the training are looked for where they were. Without them a table's report has its
    figures alone, and says so; a run of another kind has none without its data.

    Raises:
        StateError: there are neither data nor figures.

    Example:
        >>> import chainrule as cr
        >>> run = cr.train("moons", hidden=(4,), epochs=3, engine="numpy", verbose=0)
        >>> found = findings_of(run)
        >>> found.title, found.class_names, found.frame.names
        ('moons', ['0', '1'], ['x1', 'x2'])
    """
    made = _of_table(run) if getattr(run, "figures", None) is not None else _of_arrays(run)
    config = run.config
    results = config.get("results") or {}
    command = config.get("command")
    return Findings(
        run.name,
        history=dict(getattr(run.history, "history", run.history) or {}),
        kept=run.kept_epoch,
        step="step"
        if results.get("kept_by") is None and results.get("epochs") is None
        else "epoch",
        model=run.model,
        seconds=results.get("seconds"),
        command=shlex.join(map(str, command)) if command else "",
        python=_python(run),
        config=_settings(config),
        **made,
    )


def _python(run: Run) -> str:
    if run.folder is None:
        return ""
    rows = '"new.csv"' if getattr(run, "figures", None) is not None else "rows"
    answers = "answers.labels" if run.schema.class_names else "answers.outputs"
    return (f"import chainrule as cr\n\nrun = cr.Run.load({os.path.normpath(run.folder)!r})\n"
            f"answers = run.predict({rows})\nprint({answers}[:5])")  # fmt: skip


def _settings(config: Any) -> dict[str, Any]:
    """Settings that were given, the seed, the engine and versions."""
    found = {k: v for k, v in (config.get("arguments") or {}).items() if v is not None}
    found["seed"] = config.get("seed", 0)
    engine = config.get("engine") or {}
    found["engine"] = engine.get("name", "") if isinstance(engine, dict) else engine
    versions = config.get("versions") or {}
    found["versions"] = ", ".join(f"{name} {v}" for name, v in versions.items())
    return {k: v for k, v in found.items() if v not in ("", None)}


# --- tables -------------------------------------------------------------------------------------


def _of_table(run: Any) -> dict[str, Any]:
    """Of a table's run: figures from rows held out, and the table itself where it is there."""
    figures, config = run.figures, run.config
    split = (config.get("table") or {}).get("split") or {}
    notices: list[str] = list((config.get("table") or {}).get("notices") or ())
    whole, rows, count = _table_of(run, str(split.get("kind")), notices)
    names = run.schema.class_names
    folds = split.get("kind") == "folds"
    made: dict[str, Any] = {
        "scores": figures.scores, "verdict": figures.verdict, "y": figures.y,
        "outputs": figures.outputs, "class_names": names, "target": run.roles.target,
        "roles": run.roles, "notices": notices, "data": whole,
        "kind": (config.get("results") or {}).get("kind", "network"),
        "measured_on": _measured(split, len(figures.y)), "seen": folds and bool(split.get("refit")),
        "rows": count,
    }  # fmt: skip
    if rows is not None:
        made |= {"frame": rows, "predict": _answers(run, names)}
    return made


def _measured(split: Any, count: int) -> str:
    kind = split.get("kind")
    if kind == "folds":
        return (f"Out-of-fold: each of {count:,} rows was answered by a model that had not seen "
                f"it ({split.get('parts')} folds).")  # fmt: skip
    if kind == "test":
        return f"Measured on the {count:,} rows of {argument('test')}."
    return f"Measured on {count:,} rows that took part in no choice."


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
    return _known(run, run.read((run.config["table"].get("options") or {}).get("test")))


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
    place, digest = about.get("place"), about.get("sha256")
    if not place or not os.path.isfile(place):
        raise StateError("it is not where it was", where="the file")
    with open(place, "rb") as file:
        if digest is not None and hashlib.file_digest(file, "sha256").hexdigest() != digest:
            raise StateError("it has changed", where="the file")
    return str(place)


def _known(run: Any, frame: Frame) -> Frame:
    return frame.take(tables.known_rows(frame, run.roles))


def _answers(run: Any, names: Any) -> Callable[[Frame], np.ndarray]:
    """The saved model on a frame; a row without anything to go by gets even odds."""

    def predict(frame: Frame) -> np.ndarray:
        outputs = np.asarray(run.answers(frame).outputs, np.float64)
        even = 1 / len(names) if names else float(np.mean(run.figures.y))
        return np.where(np.isfinite(outputs), outputs, even)

    return predict


# --- everything else ----------------------------------------------------------------------------


def _of_arrays(run: Run) -> dict[str, Any]:
    """Of a run on arrays: its test part, answered again."""
    data = run.data if run.data is not None else _loaded(run)
    names = run.schema.class_names
    x, y = data.x_test, np.asarray(data.y_test).reshape(-1)
    outputs = np.asarray(run.model.predict(x, engine="numpy"), np.float64).reshape(len(x), -1)
    found = scores(y, outputs, names, data.y_train)
    made = {
        "scores": found, "verdict": verdict(found), "y": y, "outputs": outputs,
        "class_names": names,
        "measured_on": f"Measured on {len(y):,} rows held out: neither trained on nor used to "
        "choose the epoch.",
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
