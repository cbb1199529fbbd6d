"""What a report is made of: everything that was found, as plain arrays and tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...evaluation import Scores, Verdict
from ...tables.frame import Frame

__all__ = ["Findings"]


@dataclass(frozen=True, eq=False)
class Findings:
    """Everything that a page shows; what is None is left out of it.

    Args:
        title: what was trained on: `adult.csv`.
        scores: figures on rows that took part in no choice.
        verdict: on them.
        y: the targets of those rows: class numbers or values, (n,).
        outputs: the answers: probabilities (n, classes) or values (n, 1).
        class_names: None for values.
        target: the name of the target column.
        measured_on: what those rows are, in a sentence: "Measured on 400 rows held out."
        frame: the same rows with all their columns, as they were read; for importance, dependence
            and worst mistakes. Its `lines` say where they stand in the file.
        predict: from a Frame to outputs, for importance and dependence.
        data: the whole table, for the description of its columns; `frame` by default.
        roles: of the columns, as `tables.find_roles` gives them.
        history: lists by name: `loss`, `val_loss`, ...
        kept: the epoch or step, from 1, whose weights the model has.
        step: what one entry of the history is.
        model: for its diagram.
        kind: "network", "linear" or "constant": what was saved.
        seconds: how long the training took.
        command: what to type to get the same run.
        python: lines that load and use it in Python.
        config: settings to list, by name.
        notices: sentences on what was decided on the way.
        weights: of the rows.
        costs: (false alarm, miss), where they are known.
        rows: how many the table has, where `data` is a sample of them.
        seen: whether `predict` is of a model that has seen these rows (one fitted on all rows,
            while `outputs` are out-of-fold): importance then says so.

    Example:
        >>> from chainrule.evaluation import scores, verdict
        >>> y, p = np.array([0, 1, 1, 0]), np.array([0.2, 0.9, 0.6, 0.4])
        >>> found = scores(y, p, ["no", "yes"])
        >>> Findings("churn.csv", found, verdict(found), y, p, ["no", "yes"]).title
        'churn.csv'
    """

    title: str
    scores: Scores
    verdict: Verdict
    y: np.ndarray
    outputs: np.ndarray
    class_names: Sequence[str] | None = None
    target: str = "target"
    measured_on: str = ""
    frame: Frame | None = None
    predict: Callable[[Frame], Any] | None = None
    data: Frame | None = None
    roles: Any = None
    history: Mapping[str, Sequence[float]] = field(default_factory=dict)
    kept: int | None = None
    step: str = "epoch"
    model: Any = None
    kind: str = "network"
    seconds: float | None = None
    command: str = ""
    python: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    notices: Sequence[str] = ()
    weights: np.ndarray | None = None
    costs: tuple[float, float] | None = None
    rows: int | None = None
    seen: bool = False
