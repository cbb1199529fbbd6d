"""What a trained model is worth on other rows, and which rows it has seen."""

from __future__ import annotations

import os
from typing import Any

from .. import evaluation, tables
from ..errors import ArgumentError
from ..files import digest_of
from ..tables import Frame
from .table_data import as_roles
from .table_fit import predicted
from .table_run import TableRun
from .table_seen import say_seen
from .table_series import last_values

__all__ = ["judge", "knows"]


def knows(run: TableRun, data: Any) -> bool:
    """Is this the file that the run was trained on, under whatever name?"""
    if not isinstance(data, (str, os.PathLike)):
        return False
    about = run.config.get("data") or {}
    if about.get("sha256") is None or not os.path.isfile(data):
        return False
    return digest_of(os.fspath(data)) == about["sha256"]


def judge(run: TableRun, frame: Frame, engine: str | None = "numpy") -> tuple[Any, list[str]]:
    """The figures of the saved model on rows with their targets, and what must be said of them.

    Args:
        run: with its model.
        frame: rows that it has not been trained on.
        engine: computes the answers.

    Raises:
        ArgumentError: the rows have no target.
        DataError: a column is missing, or a class that training did not have.
    """
    roles = run.roles
    if roles.target not in frame:
        raise ArgumentError(
            "the file has no target to compare with",
            where=frame.where,
            expected=f"a column {roles.target!r}",
            fix="chainrule predict takes files without a target",
        )
    odd = frame[roles.target].unread or {}
    known = tables.known_rows(frame, roles)
    notices = []
    if not known.all():
        count = int((~known).sum())
        cells = ", ".join(f"{odd[row][:20]!r} in {frame.at(row)}" for row in sorted(odd)[:3])
        notices = [
            ("1 row has" if count == 1 else f"{count:,} rows have") + f" no {roles.target!r}"
            + (f" that can be read ({cells})" if odd else "") + ": left out"
        ]  # fmt: skip
    frame = frame.take(known)
    y = tables.targets(frame, roles)
    answers = run.answers(frame, engine)
    notices += [*answers.notices, *say_seen(answers.seen, len(frame), judged=True)]
    if answers.reasons:
        notices.append(f"{len(answers.reasons):,} rows cannot be answered: left out")
    fine = [i for i in range(len(frame)) if i not in answers.reasons]
    said = predicted(run.model, as_roles(frame, roles)[0].take(fine), engine)
    names = run.schema.class_names
    simple = None if run.series is None else last_values(frame.take(fine), run.series)
    return evaluation.scores(y[fine], said, names, simple=simple), notices
