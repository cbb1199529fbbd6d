"""A series: past values as columns, the last rows held out, and the rows that come next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .. import tables
from ..dialect import argument
from ..errors import ArgumentError, DataError
from ..tables import Frame, series
from ..tables.values import as_dates, as_numbers
from .table_options import TableOptions

__all__ = ["Series", "as_series", "check_series", "last_values", "next_rows", "with_lags"]


@dataclass(frozen=True, eq=False)
class Series:
    """A table with past values as columns.

    Args:
        date: the column that says the time.
        value: the column that is learnt.
        lags: how many values before each row are looked at.
        lagged: the rows, with the whole series.
        known: which of its rows are trained on: those with a value.
    """

    date: str
    value: str
    lags: int
    lagged: series.Lagged
    known: np.ndarray

    def simple(self, train: np.ndarray) -> dict[str, np.ndarray]:
        """What the last value and the last season say for each row of the table.

        Args:
            train: the rows on which the season is chosen.
        """
        places = np.flatnonzero(self.known)
        found = self.lagged.baselines(places[train])
        return {f"the {name}": answers[places] for name, answers in found.items()}

    def to_json(self) -> dict[str, Any]:
        """For `config.json`."""
        return {"date": self.date, "value": self.value, "lags": self.lags}


def check_series(frame: Frame, roles: Any, options: TableOptions) -> tuple[str, str] | None:
    """The date and the number of a series that past values were asked of; None for a table.

    Raises:
        ArgumentError: a series of which they were not asked; or they were, and it is none.
    """
    found = series.find(frame, roles)
    if options.lags is None:
        if found is not None and options.task != "classification":
            raise series.refusal(frame, *found)
        return None
    if found is None:
        used = [role.name for role in roles.used]
        dates = [role.name for role in roles.used if role.role == "date"]
        others = [name for name in used if name not in dates[:1]]
        raise ArgumentError(
            f"{argument('lags')} are for a series: one date and one number",
            where=frame.where,
            received=f"{roles.target!r} beside {', '.join(map(repr, used[:5]))}"
            + (", ..." if len(used) > 5 else ""),
            fix=argument("drop", tuple(others[:5])) + " leaves other columns out: what they will "
            "be in rows to come is not known" if dates
            else f"name the column of dates with {argument('date')}",
        )  # fmt: skip
    return found


def as_series(frame: Frame, roles: Any, options: TableOptions) -> tuple[Frame, Any, Any] | None:
    """The table with past values as columns, its roles, and the series; None where it is none.

    Raises:
        As `check_series` and `series.lagged`.
    """
    found = check_series(frame, roles, options)
    if found is None:
        return None
    date, value = found
    lags: Any = options.lags
    made = series.lagged(_two(frame, date, value), date, value, lags)
    lagged = replace(made.frame, format=frame.format)
    roles = tables.find_roles(
        lagged, target=value, date=(date,), numeric=made.names, task="regression"
    )
    return lagged, roles, Series(date, value, lags, made, tables.known_rows(lagged, roles))


def _two(frame: Frame, date: str, value: str) -> Frame:
    """The two columns of a series.

    Raises:
        DataError: one of them is missing.
    """
    for name in (date, value):
        if name not in frame:
            raise DataError(
                "a column of the series is missing",
                where=frame.where,
                expected=f"{date!r} and {value!r}",
                received=", ".join(map(repr, frame.names[:10])),
                fix="give the rows of the past: the next ones are told from them",
            )
    return replace(frame, columns=[frame[date], frame[value]])


def with_lags(frame: Frame, about: dict[str, Any]) -> Frame:
    """Rows of a series with their past values as columns.

    Args:
        frame: the rows.
        about: `Series.to_json`.
    """
    two = _two(frame, about["date"], about["value"])
    made = series.lagged(two, about["date"], about["value"], about["lags"])
    return replace(made.frame, format=frame.format)


def last_values(frame: Frame, about: dict[str, Any]) -> dict[str, np.ndarray] | None:
    """The last value known before each row, for `scores(simple=...)`; None where a row has none.

    Args:
        frame: of `with_lags`.
        about: `Series.to_json`.
    """
    found = np.full(len(frame), np.nan)
    for back in range(1, about["lags"] + 1):
        values = frame[series.lag_name(about["value"], back)].values
        found = np.where(np.isnan(found), values, found)
    return None if np.isnan(found).any() else {"the last value": found}


def next_rows(frame: Frame, about: dict[str, Any], predict: Any) -> tuple[Frame, np.ndarray]:
    """The rows that come next with what a model says of them.

    Rows at the end that have a date and no value are answered in order, each from the answers
    before it; where there are none, the one row after the last is.

    Args:
        frame: the rows of the past.
        about: `Series.to_json`.
        predict: given a frame of one row, its value (1, 1).

    Returns:
        The rows with their past values, and the answers (rows, 1).

    Raises:
        DataError: fewer values than the model looks at.
    """
    date, value, lags = about["date"], about["value"], about["lags"]
    two = _two(frame, date, value)
    order = np.argsort(as_dates(two[date]), kind="stable")
    two = two.take(order)
    times, values = as_dates(two[date]), as_numbers(two[value])
    known = np.flatnonzero(~np.isnan(values))
    past = int(known[-1]) + 1 if len(known) else 0
    if past < lags:
        raise DataError(
            "there are too few values to go on from",
            where=frame.where,
            expected=f"at least {lags}, as many as the model looks at",
            received=past,
        )
    rows, answers = [], []
    for number in range(max(1, len(two) - past)):
        given = Frame.of({date: times[: past + number], value: values[: past + number]}, two.where)
        ahead = series.lagged(given, date, value, lags, ahead=True).frame.take([-1])
        if past < len(two):
            day = times[past + number]
            columns = [replace(c, data=np.array([day])) if c.name == date else c for c in ahead]
            ahead = replace(ahead, columns=columns, lines=two.lines[[past + number]])
        else:
            times = np.append(times, as_dates(ahead[date]))
            values = np.append(values, np.nan)
            ahead = replace(ahead, lines=two.lines[-1:] + 1)
        answer = predict(ahead)
        values[past + number] = float(answer[0, 0])
        rows.append(ahead)
        answers.append(answer)
    joined = [
        replace(c, data=np.concatenate([row[c.name].values for row in rows])) for c in rows[0]
    ]
    lines = np.concatenate([row.lines for row in rows])
    return replace(rows[0], columns=joined, lines=lines), np.concatenate(answers)
