"""The figures of a table's run: from rows that took no part in any choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import evaluation
from ..errors import FileError
from ..evaluation.wording import written
from ..tables import split
from .table_data import TableData
from .table_fit import Fit
from .table_split import Parts

__all__ = ["Figures", "figures_of"]


@dataclass(eq=False)
class Figures:
    """Answers to rows held out, and what they are worth.

    Args:
        rows: numbers of the rows in the table, or in the file for the figures.
        y: their targets.
        outputs: what models that have not seen them said.
        linear: what the linear model said; None where there is none.
        scores: of these answers.
        verdict: on the saved model.
        later: the name of a column that says the time, and the same figures on the last rows by
            it, of a model of the rows before; or None.
        fresh: the same figures without the rows that are copies of rows of the training, on which
            the verdict rests; None where there are none.
    """

    rows: np.ndarray
    y: np.ndarray
    outputs: np.ndarray
    linear: np.ndarray | None
    scores: Any
    verdict: Any
    later: Any = None
    fresh: Any = None

    def results(self) -> dict[str, float]:
        """The figures that every run has: accuracy, or mean squared and mean absolute error."""
        if self.scores.task == "classification":
            return {"accuracy": float(self.scores["accuracy"].model.value)}
        rmse = float(self.scores["rmse"].model.value)
        return {"mse": rmse**2, "mae": float(self.scores["mae"].model.value)}

    def say_fresh(self) -> list[str]:
        """What the figures are without copies of rows of the training."""
        if self.fresh is None:
            return []
        name = "accuracy" if self.scores.task == "classification" else "rmse"
        ours, fresh = (
            written(s[name].model.value, s[name].kind) for s in (self.scores, self.fresh)
        )
        seen = self.scores.rows - self.fresh.rows
        are = "1 of these rows is a copy" if seen == 1 else f"{seen:,} of these rows are copies"
        return [f"{are} of rows of the training, which flatters: on the {self.fresh.rows:,} others "
                f"{self.scores[name].label} is {fresh}, on all {ours}; the verdict rests on the "
                "others"]  # fmt: skip

    def say_later(self) -> list[str]:
        """What the figures on the last rows by time say, in a sentence or two."""
        if self.later is None:
            return []
        column, later = self.later
        name = "accuracy" if self.scores.task == "classification" else "r2"
        label = self.scores[name].label
        ours, last = ((s[name].model.value, _error(s[name].model)) for s in (self.scores, later))
        advice = split.time_advice(ours, last, column, name=label)
        if advice is not None:
            return [advice]
        value = written(last[0], later[name].kind)
        return [f"by time ({column!r}): {later[name].label} {value} on the last {later.rows:,} "
                "rows, of a model of the rows before"]  # fmt: skip

    def arrays(self) -> dict[str, np.ndarray]:
        """For the file beside the model, from which a page can be written again."""
        found = {"rows": self.rows, "y": self.y, "outputs": self.outputs}
        return found if self.linear is None else {**found, "linear": self.linear}

    @classmethod
    def of_arrays(
        cls, arrays: Mapping[str, np.ndarray], results: Mapping[str, Any], where: str
    ) -> Figures:
        """From what `arrays` gave, and the results in `config.json`.

        Raises:
            FileError: they do not belong together.
        """
        try:
            later = results.get("later")
            return cls(
                arrays["rows"], arrays["y"], arrays["outputs"], arrays.get("linear"),
                evaluation.Scores.from_json(results["scores"]),
                evaluation.Verdict.from_json(results["verdict"]),
                None if later is None else (later[0], evaluation.Scores.from_json(later[1])),
                None if results.get("fresh") is None
                else evaluation.Scores.from_json(results["fresh"]),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError, AttributeError):
            raise FileError(
                "the figures of the run cannot be read",
                where=where,
                fix="take the files from the run again",
            ) from None


def figures_of(
    data: TableData,
    groups: np.ndarray,
    fits: Sequence[Fit],
    parts: Parts,
    kind: str,
    engine: str | None,
    later: tuple[str, Fit, np.ndarray] | None = None,
    suspects: Sequence[str] = (),
) -> Figures:
    """Judge each fit on the rows that it has not seen.

    Args:
        data: the table.
        groups: of its rows; rows of a group are no independent witnesses.
        fits: one for each of the parts.
        parts: which rows were held out.
        kind: of the saved model: network, linear or constant.
        engine: computes the answers.
        later: a column that says the time, a fit on the first rows by it, and the last rows.
        suspects: columns that alone tell the target.
    """
    rows: list[np.ndarray] = []
    outputs: list[np.ndarray] = []
    linear: list[np.ndarray | None] = []
    for fit, (_, held) in zip(fits, parts.pairs, strict=True):
        frame = data.test if held is None else data.frame.take(held)
        rows.append(np.arange(len(frame)) if held is None else held)  # type: ignore[arg-type]
        outputs.append(fit.outputs(frame, engine))
        linear.append(fit.linear(frame, engine))
    order = np.concatenate(rows).argsort(kind="stable")
    where = np.concatenate(rows)[order]
    test = data.test is not None
    y = data.test_y if test else data.y[where]
    beside = None
    # the linear model itself is judged by the constant answer alone
    if kind != "linear" and all(part is not None for part in linear):
        beside = np.concatenate([part for part in linear if part is not None])[order]
    seen = data.y if parts.kind in ("test", "folds", "large") else data.y[fits[0].rows]
    said = np.concatenate(outputs)[order]
    simple = None
    if data.series is not None:
        answers = data.series.simple(fits[0].rows)
        simple = {name: values[where] for name, values in answers.items()}
    found = evaluation.scores(
        y, said, data.class_names, seen, beside, groups=None if test else groups[where],
        simple=simple,
    )  # fmt: skip
    late = None if later is None else _later(data, *later, engine)
    fresh = None
    known = data.test_seen if test else None
    if known is not None and known.any():
        new = ~known[where]
        fresh = evaluation.scores(np.asarray(y)[new], said[new], data.class_names, seen,
                                  None if beside is None else beside[new])  # fmt: skip
    judged = evaluation.verdict(found if fresh is None else fresh, kind, suspects)
    return Figures(where, y, said, beside, found, judged, late, fresh)  # type: ignore[arg-type]


def _later(
    data: TableData, column: str, fit: Fit, held: np.ndarray, engine: str | None
) -> tuple[str, Any]:
    said = fit.outputs(data.frame.take(held), engine)
    return column, evaluation.scores(data.y[held], said, data.class_names, data.y[fit.rows])


def _error(estimate: Any) -> float:
    """The standard error of a figure, from its 95 % interval."""
    error = (estimate.high - estimate.low) / 3.92
    return error if np.isfinite(error) else float("inf")
