"""A run trained again from what its folder says, and compared with what it holds, bit by bit."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import report
from ..dialect import argument
from ..errors import FileError, StateError
from .plan import Plan
from .replay_checks import refuse_changed
from .resume import settings_in
from .run import Run
from .table_options import TableOptions
from .table_plan import TablePlan

__all__ = ["Replay", "replay", "replay_plan"]


@dataclass(frozen=True)
class Replay:
    """What came of a repetition.

    Args:
        same: every bit of the weights, of the history and of the figures is equal.
        lines: sentences for the reader.
        run: the new run.

    Example:
        >>> Replay(True, ["every bit is the same"], None).same
        True
    """

    same: bool
    lines: list[str]
    run: Any


def replay_plan(folder: str) -> tuple[Any, Any]:
    """The run in a folder, and the plan that trains it once more.

    Raises:
        FileError: no finished run, or its data are not there any more.
        StateError: the data have changed, or were never in a file.
    """
    known = Run.load(folder)
    config = known.config
    if "arguments" not in config:
        raise FileError(
            "there is only a model, and nothing says how it was trained",
            where=folder,
            expected=f"a run folder with {report.CONFIG}",
        )
    results, data = config.get("results") or {}, config["data"]
    if results.get("stopped_by") is not None:
        raise StateError(
            f"the run was stopped by {results['stopped_by']}: when that was cannot be repeated",
            where=folder,
            fix="train again from the start: " + _typed(config),
        )
    refuse_changed(config, folder)
    place = data["place"]
    if not known.of_table:
        settings = settings_in(config, folder)
        return known, Plan(place, settings, dict(data["options"]))
    table = config["table"]
    chosen = {name: value for name, value in config["arguments"].items() if value is not None}
    if "hidden" in chosen:
        chosen["hidden"] = tuple(chosen["hidden"])
    chosen |= {"seed": config["seed"], "engine": config["engine"]["name"]}
    options = TableOptions.from_json(table["options"])
    return known, TablePlan(place, chosen, options, recipe=table.get("recipe"))


def replay(
    folder: str | os.PathLike[str],
    *,
    verbose: Any = 1,
    begun: Callable[[], None] = lambda: None,
    stopped_by: Callable[[], str | None] = lambda: None,
) -> Replay:
    """Train a run again from its folder alone, and say whether every bit is the same.

    Nothing in the folder is changed.

    Args:
        folder: of a finished run.
        verbose: as in `train`.
        begun: called when training begins.
        stopped_by: asked between pieces of work: the name of the signal that shall end it.

    Raises:
        FileError: no finished run, or its data are not there any more.
        StateError: the data have changed, were never in a file, or the run was interrupted.

    Example:
        >>> import os, tempfile, chainrule as cr
        >>> folder = tempfile.TemporaryDirectory()
        >>> place = os.path.join(folder.name, "run")
        >>> run = cr.train("xor", epochs=2, engine="numpy", out=place, verbose=0)
        >>> replay(place, verbose=0).lines
        ['every bit is the same: 6 arrays of weights, 4 figures of 2 epochs, 1 figure of the test']
        >>> folder.cleanup()
    """
    known, plan = replay_plan(os.fspath(folder))
    run = plan.run((), verbose, begun, stopped_by)
    if run.config["results"]["stopped_by"] is not None:
        return Replay(False, ["stopped: nothing can be compared"], run)
    differences, counted = [], []
    for name, compare in _PARTS.items():
        found, count = compare(known, run)
        counted.append(count)
        differences += [f"{name}: {found}"] if found else []
    if not differences:
        return Replay(True, ["every bit is the same: " + ", ".join(counted)], run)
    lines = ["NOT the same", *(f"  {line}" for line in differences), *_why(known.config)]
    return Replay(False, lines, run)


def _weights(known: Any, run: Any) -> tuple[str, str]:
    ours, theirs = known.model.get_weights(), run.model.get_weights()
    count = f"{len(ours)} arrays of weights"
    if [a.shape for a in ours] != [b.shape for b in theirs]:
        return "another model", count
    differ = [i for i, (a, b) in enumerate(zip(ours, theirs, strict=True)) if not _equal(a, b)]
    if not differ:
        return "", count
    most = max(float(np.abs(ours[i] - theirs[i]).max()) for i in differ)
    return f"{len(differ)} of {len(ours)} arrays differ, by up to {most:.3g}", count


def _equal(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def _history(known: Any, run: Any) -> tuple[str, str]:
    ours, theirs = (getattr(r.history, "history", {}) for r in (known, run))
    length = max(map(len, ours.values()), default=0)
    count = f"{_many(len(ours), 'figure')} of {_many(length, 'epoch')}"
    if list(ours) != list(theirs):
        return "other figures", count
    for name in ours:
        a, b = np.array(ours[name], np.float64), np.array(theirs[name], np.float64)
        if not np.array_equal(a, b, equal_nan=True):
            return f"{name} differs", count
    return "", count


def _results(known: Any, run: Any) -> tuple[str, str]:
    ours, theirs = dict(known.results), dict(run.results)
    count = f"{_many(len(ours), 'figure')} of the test"
    pair = [getattr(r, "figures", None) for r in (known, run)]
    if all(f is not None for f in pair) and not _equal(*(f.outputs for f in pair if f)):
        return "the answers to the rows held out differ", count
    differ = [name for name in ours if ours[name] != theirs.get(name)]
    return ", ".join(f"{n} {ours[n]!r} → {theirs.get(n)!r}" for n in differ), count


_PARTS: dict[str, Callable[[Any, Any], tuple[str, str]]] = {
    "weights": _weights, "history": _history, "figures": _results,
}  # fmt: skip


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


def _why(config: Mapping[str, Any]) -> list[str]:
    """What is known to make runs differ."""
    before, now = config.get("versions") or {}, report.versions()
    changed = [f"{name} {v} → {now.get(name, 'none')}" for name, v in before.items()
               if now.get(name) != v]  # fmt: skip
    lines = ["  other versions: " + ", ".join(changed)] if changed else []
    options = (config.get("table") or {}).get("options") or {}
    if options.get("budget") is not None:
        lines.append(f"  {argument('budget')} ends by the clock, which never runs twice alike")
    return lines or ["  the versions are the same: another processor computes sums in other orders"]


def _typed(config: Mapping[str, Any]) -> str:
    import shlex

    command = config.get("command")
    return shlex.join(command) if command else "cr.train with the same arguments"
