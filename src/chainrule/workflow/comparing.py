"""Runs beside each other: from their folders, or trained for it in one call."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..calls import answers
from ..dialect import counted
from ..errors import ArgumentError
from ..evaluation import Candidate, Comparison, Scores
from ..experiments.results import in_words, shown
from ..terminal import say
from .plan import train
from .run import Run

__all__ = ["compare", "compared"]

_MOST = 100  # trainings of one call
_ROWS = ("test", "folds", "time", "group", "target", "no_rows")  # no settings of the training


@answers
def compare(runs: Any, data: Any = None, *, verbose: int = 1, **settings: Any) -> Comparison:
    """Put runs beside each other; with `data`, train them first, all on the same rows.

    Args:
        runs: without `data`: runs, or folders of runs; a list, or a dict by name. With `data`:
            a dict of settings by name, `{"plain": {"optimizer": "sgd"}, "adam": {...}}`, or lists
            by setting, `{"optimizer": ["sgd", "adam"], "learning_rate": [0.1, 0.01]}`, of which
            every combination is trained.
        data: what `train` takes.
        verbose: 1 says a line for each training.
        settings: of all of them, as in `train`: `epochs=20`, `seed=1`. Equal seeds hold out the
            same rows, and begin with the same weights where the networks are the same.

    Returns:
        A `Comparison`: `best`, `table()`, printed as a table.

    Raises:
        ArgumentError: nothing to compare, or more than 100 combinations.
        FileError: a folder without a run.

    Example:
        >>> import chainrule as cr
        >>> found = cr.compare({"optimizer": ["sgd", "adam"]}, "and", epochs=3, engine="numpy",
        ...                    verbose=0)
        >>> sorted(run.name for run in found.runs)
        ['adam', 'sgd']
    """
    if data is None:
        if settings:
            raise ArgumentError(
                "settings are for trainings, and there are no data",
                where="compare",
                received=", ".join(settings),
                fix='compare({"optimizer": ["sgd", "adam"]}, data="digits")',
            )
        named = runs if isinstance(runs, Mapping) else _named(runs)
        loaded = {n: run if isinstance(run, Run) else Run.load(run) for n, run in named.items()}
        made = [compared(run, name) for name, run in loaded.items()]
        return Comparison(_told_apart(made, list(loaded.values())))
    found = []
    chosen = _chosen(runs)
    for name, one in chosen.items():
        run = train(data, **{**settings, **one}, verbose=0)
        found.append(compared(run, name))
        if verbose:
            value = next(iter(found[-1].figures.items()), ("no figure", float("nan")))
            say(f"{len(found)}/{len(chosen)}  {name}: {value[0]} {value[1]:.4g}  "
                f"({found[-1].seconds or 0:.1f} s)")  # fmt: skip
    return Comparison(found)


def compared(run: Run, name: str) -> Candidate:
    """A run as a comparison takes it.

    Example:
        >>> import chainrule as cr
        >>> run = cr.train("and", epochs=2, engine="numpy", verbose=0)
        >>> compared(run, "mine").data
        'and, seed 0'
    """
    config = run.config or {}
    results = config.get("results") or {}
    scores = results.get("scores")
    scores = None if scores is None else Scores.from_json(scores)
    figures = dict(results.get("test") or run.results or {})
    if scores is not None:
        figures = {n: f.model.value for n, f in scores.figures.items()
                   if n not in ("brier", "calibration_error")}  # fmt: skip
    curves = getattr(run.history, "history", run.history) or {}
    verdict = results.get("verdict") or {}
    count = getattr(run.model, "count_params", None)
    return Candidate(
        name, figures, {n: v for n, v in curves.items() if len(v)},
        run.kept_epoch or None,  # a linear model has no epoch
        results.get("seconds"), count() if count is not None and run.model.built else None,
        _settings(config), _rows(config), results.get("test_rows"),
        scores, verdict.get("sentence"),
        # the recipe of a table counts steps, all else epochs
        "step" if scores is not None and results.get("epochs") is None else "epoch",
    )  # fmt: skip


def _settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """What was said of the training, and of a table but for the rows of the figures."""
    found = {k: v for k, v in (config.get("arguments") or {}).items() if v is not None}
    options = (config.get("table") or {}).get("options") or {}
    return {**found, **{k: v for k, v in options.items() if k not in _ROWS}}


def _rows(config: Mapping[str, Any]) -> str:
    """Which rows the figures are of, and what was told of them: equal words, equal rows."""
    about, table = config.get("data") or {}, config.get("table") or {}
    place, seed = about.get("name") or about.get("place") or "", f"seed {config.get('seed', 0)}"
    if not place:
        return ""
    if not table:
        return f"{place}, {seed}"
    split, options = table.get("split") or {}, table.get("options") or {}
    count = (config.get("results") or {}).get("test_rows", 0)
    which = {
        "folds": "each once",  # whatever the seed of the folds
        "test": f"of {os.path.basename(options.get('test') or 'the test')}",
        "time": f"the last by {options.get('time', (table.get('series') or {}).get('date'))!r}",
    }.get(str(split.get("kind")), f"held out by {seed}")
    if options.get("group") is not None:
        which += f", in groups by {options['group']!r}"
    target = (table.get("roles") or {}).get("target")
    return f"{target!r} of {place}, {counted(count, 'row')}, {which}"


def _told_apart(made: Sequence[Candidate], runs: Sequence[Run]) -> list[Candidate]:
    """Runs on files of one name that are not the same file are not on the same rows."""
    digests = []
    for run in runs:
        about = (run.config or {}).get("data") or {}
        digests.append(
            "-".join(str(about.get(k) or "")[:8] for k in ("sha256", "test_sha256")).strip("-")
        )
    files = {one.data: {d for o, d in zip(made, digests, strict=True) if o.data == one.data}
             for one in made}  # fmt: skip
    return [
        replace(one, data=f"{one.data}, file {digest or 'unknown'}")
        if len(files[one.data]) > 1 else one
        for one, digest in zip(made, digests, strict=True)
    ]  # fmt: skip


def _named(runs: Any) -> dict[str, Any]:
    """Runs by the shortest names that tell them apart."""
    if isinstance(runs, (str, os.PathLike, Run)):
        runs = [runs]
    if not isinstance(runs, Iterable):
        raise ArgumentError(
            "there is nothing to compare",
            where="compare",
            expected="runs or folders of runs: a list, or a dict by name",
            received=repr(runs)[:100],
        )
    paths = [(r.folder or r.name) if isinstance(r, Run) else os.fspath(r) for r in runs]
    plain = [os.path.normpath(p) for p in paths]
    for names in ([os.path.basename(p) for p in plain], plain):
        if len(set(names)) == len(names):
            return dict(zip(names, runs, strict=True))
    return {f"{k}: {name}": run for k, (name, run) in enumerate(zip(plain, runs, strict=True), 1)}


def _chosen(runs: Any) -> dict[str, dict[str, Any]]:
    """Settings by name, of a dict of dicts or of a grid."""
    if not isinstance(runs, Mapping) or not runs:
        raise ArgumentError(
            "with data, settings are compared",
            where="compare",
            expected="a dict of settings by name, or of lists by setting",
            received=type(runs).__name__ if not isinstance(runs, Mapping) else "none",
            fix='compare({"optimizer": ["sgd", "adam"]}, data="digits")',
        )
    if all(isinstance(one, Mapping) for one in runs.values()):
        return {str(name): dict(one) for name, one in runs.items()}
    lists: list[Sequence[Any]] = [
        one if isinstance(one, (list, tuple)) else [one] for one in runs.values()
    ]
    found = [dict(zip(runs, one, strict=True)) for one in itertools.product(*lists)]
    if len(found) > _MOST:
        raise ArgumentError(
            "that are too many trainings",
            where="compare",
            expected=f"at most {_MOST}",
            received=" × ".join(str(len(one)) for one in lists) + f" = {len(found):,}",
            fix="cr.experiments.sweep, which keeps figures alone",
        )
    names = [", ".join(shown(value) for value in one.values()) for one in found]
    if len(set(names)) < len(names):
        names = [in_words(one) for one in found]
    return dict(zip(names, found, strict=True))
