"""Series: one date and one number. What comes next is learnt from the values before.

A date alone says little about the number beside it, and rows drawn at random lie between rows that
were learnt: such a table is refused unless past values are asked for. Then row t gets the values of
rows t−1 to t−N as columns, the last rows are held out, and two simple answers stand beside the
model: the last value, and the value one season ago (Hyndman and Athanasopoulos, *Forecasting:
Principles and Practice*, section 5.2: the naïve and the seasonal naïve method).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..dialect import argument
from ..errors import ArgumentError, DataError
from .frame import Column, Frame
from .roles import Roles
from .values import as_dates, as_numbers, counted, place

__all__ = ["Lagged", "find", "lag_name", "lagged", "refusal"]

_FEWEST = 10  # rows to be left with all their past values
_DAY = 86_400_000_000  # microseconds
_PERIODS = {"day": _DAY, "week": 7 * _DAY, "year": round(365.25 * _DAY)}


def find(frame: Frame, roles: Roles) -> tuple[str, str] | None:
    """The names of date and number where a table holds nothing else to learn from.

    Example:
        >>> from chainrule.tables import find_roles
        >>> frame = Frame.of({"day": ["2024-01-01", "2024-01-02"], "cups": [3.5, 4.5]})
        >>> find(frame, find_roles(frame))
        ('day', 'cups')
    """
    used = roles.used
    if len(used) != 1 or used[0].role != "date":
        return None
    if np.isnan(as_numbers(frame[roles.target])).all():
        return None
    return used[0].name, roles.target


def refusal(frame: Frame, date: str, value: str) -> ArgumentError:
    """The sentence that refuses a series for which no past values were asked.

    Example:
        >>> print(refusal(Frame.of({"day": ["2024-01-01"]}), "day", "cups"))
        the table: this is a series: one date ('day') and one number ('cups')
          expected: how many values before each row to learn from
          fix: add lags=12: each row then has the 12 values before it as columns, and the last
        fifth of the rows is held out
    """
    return ArgumentError(
        f"this is a series: one date ({date!r}) and one number ({value!r})",
        where=frame.where,
        expected="how many values before each row to learn from",
        fix=f"add {argument('lags', 12)}: each row then has the 12 values before it as columns, "
        "and the last fifth of the rows is held out",
    )


def lag_name(value: str, back: int) -> str:
    """The name of the column of values so many rows before.

    Example:
        >>> lag_name("cups", 2)
        'cups[t-2]'
    """
    return f"{value}[t-{back}]"


@dataclass(frozen=True, eq=False)
class Lagged:
    """A series in the order of time, with past values as columns.

    Args:
        frame: rows that have all their past values: the columns of the table, then `value[t-1]` to
            `value[t-N]`, then the value itself.
        names: of the columns that were added.
        values: the whole series in order, float64 with NaN.
        places: of the frame's rows among `values`.
        seasons: how many rows a day, a week or a year may have, by name.
        notices: sentences on gaps and steps.
    """

    frame: Frame
    names: tuple[str, ...]
    values: np.ndarray
    places: np.ndarray
    seasons: Mapping[str, int]
    notices: tuple[str, ...] = ()

    def baselines(self, train: np.ndarray) -> dict[str, np.ndarray]:
        """What the two simple answers say for every row of the frame.

        The season is the one with the smallest squared error on the rows to train. Where the series
        does not reach back so far, and in gaps, the last value known stands in.

        Args:
            train: rows of the frame to choose the season on.

        Returns:
            Predictions by name: `"last value"`, and `"last season (12 rows)"` where there is one.

        Example:
            >>> days = [f"2024-01-{d:02d}" for d in range(1, 29)]
            >>> series = lagged(Frame.of({"day": days, "cups": [5.0, 6, 4, 5, 5, 9, 1] * 4}),
            ...                 "day", "cups", 7)
            >>> answers = series.baselines(np.arange(14))
            >>> list(answers), answers["last season (7 rows)"][:7].tolist()
            (['last value', 'last season (7 rows)'], [5.0, 6.0, 4.0, 5.0, 5.0, 9.0, 1.0])
        """
        filled = _forward(self.values)
        last = filled[np.maximum(self.places - 1, 0)]
        answers = {"last value": last}
        truth = self.values[self.places]
        best = (np.inf, 0, last)
        for rows in sorted(set(self.seasons.values())):
            back = self.places - rows
            guess = np.where(back >= 0, filled[np.maximum(back, 0)], last)
            squares = ((guess - truth)[train]) ** 2
            error = float(squares[~np.isnan(squares)].sum())
            if error < best[0]:
                best = (error, rows, guess)
        if best[1]:
            answers[f"last season ({best[1]} rows)"] = best[2]
        return answers


def lagged(frame: Frame, date: str, value: str, lags: int, *, ahead: bool = False) -> Lagged:
    """The rows in order of time, each with the `lags` values before it as columns.

    A lag counts rows. Missing values stay missing in the columns.

    Args:
        frame: the table.
        date: the column that says the time.
        value: the column of the series.
        lags: how many values before each row to add.
        ahead: also give the row after the last, one step later, whose value is not known.

    Raises:
        ArgumentError: lags is no whole number from 1, or fewer than ten rows would be left.
        DataError: two rows of one time, rows without a time, or no numbers.

    Example:
        >>> days = [f"2024-01-{d:02d}" for d in range(1, 16)]
        >>> series = lagged(Frame.of({"day": days, "cups": np.arange(15) / 2}), "day", "cups", 2)
        >>> series.frame.names, len(series.frame)
        (['day', 'cups[t-1]', 'cups[t-2]', 'cups'], 13)
        >>> [column.values[0].item() for column in series.frame][1:]
        [0.5, 0.0, 1.0]
    """
    times, values = _checked(frame, date, value, lags, ahead)
    order = np.argsort(times, kind="stable")
    said = [] if (order == np.arange(len(order))).all() else ["the rows were sorted by time"]
    times, values = times[order], values[order]
    step, in_months, odd = _step(times)
    if odd:
        said.append(
            f"{counted(odd, 'step')} of {len(times) - 1:,} between dates differ from the usual "
            f"{_spoken(step, in_months)}: a lag counts rows"
        )
    rows = frame.take(order)
    lines = rows.lines
    if ahead:
        values, lines = np.append(values, np.nan), np.append(lines, lines[-1] + 1)
        times = np.append(times, _later(times[-1], step, in_months))
    places = np.arange(lags, len(values))
    names = tuple(lag_name(value, back) for back in range(1, lags + 1))
    made = _columns(rows, date, value, times, values, places, names)
    seasons = _seasons(step, in_months, len(values))
    return Lagged(
        Frame(made, lines[places], frame.where), names, values, places, seasons, tuple(said)
    )


def _columns(
    rows: Frame,
    date: str,
    value: str,
    times: np.ndarray,
    values: np.ndarray,
    places: np.ndarray,
    names: tuple[str, ...],
) -> list[Column]:
    made = []
    for column in rows:
        if column.name == date:
            made.append(Column(date, len(made), "date", times[places]))
        elif column.name != value:
            inside = np.minimum(places, len(rows) - 1)  # the row ahead takes the last one's cells
            made.append(Column(column.name, len(made), column.kind, column.values[inside]))
    for back, name in enumerate(names, 1):
        made.append(Column(name, len(made), "number", values[places - back]))
    made.append(Column(value, len(made), "number", values[places]))
    taken = [column.name for column in made]
    clash = next((name for name in names if taken.count(name) > 1), None)
    if clash is not None:
        raise DataError("a column has the name of a past value", where=rows.where, received=clash)
    return made


def _checked(
    frame: Frame, date: str, value: str, lags: int, ahead: bool
) -> tuple[np.ndarray, np.ndarray]:
    times, values = as_dates(frame[date]), as_numbers(frame[value])
    if np.isnat(times).any():
        row = int(np.argmax(np.isnat(times)))
        raise DataError(
            f"{counted(int(np.isnat(times).sum()), 'row')} without a date in a series",
            where=place(frame, frame[date], row),
        )
    known, first, counts = np.unique(times, return_index=True, return_counts=True)
    if len(known) < len(times):
        row = int(first[int(np.argmax(counts > 1))])
        raise DataError(
            "two rows have the same date, so this is not one series",
            where=place(frame, frame[date], row),
            fix="give each series in a file of its own",
        )
    if np.isnan(values).all():
        raise DataError("the series holds no numbers", where=f"{frame.where}, column {value!r}")
    whole = isinstance(lags, (int, np.integer)) and not isinstance(lags, bool)
    most = len(values) - (1 if ahead else _FEWEST) + int(ahead)
    if not whole or not 1 <= lags <= most:
        raise ArgumentError(
            f"{argument('lags')} is out of range",
            where=frame.where,
            expected=f"1 to {most:,}, for {counted(len(values), 'row')}" if most > 0 else
            f"more than {_FEWEST} rows",
            received=repr(lags),
        )  # fmt: skip
    return times, values


def _forward(values: np.ndarray) -> np.ndarray:
    """Gaps take the last value known; those at the start the first."""
    known = np.flatnonzero(~np.isnan(values))
    place = np.searchsorted(known, np.arange(len(values)), side="right") - 1
    return values[known[np.maximum(place, 0)]]


# --- steps of time --------------------------------------------------------------------------------


def _months(times: np.ndarray) -> np.ndarray | None:
    """Months since 1970, where all dates are of the same day of the month, or all of the last."""
    months = times.astype("datetime64[M]")
    inside = times - months
    last = ((times + np.timedelta64(1, "D")).astype("datetime64[M]") > months).all()
    return months.astype(np.int64) if last or (inside == inside[0]).all() else None


def _step(times: np.ndarray) -> tuple[int, bool, int]:
    """The usual step in months or microseconds, which of them, and how many steps are others."""
    months = _months(times)
    steps = np.diff(times.astype(np.int64) if months is None else months)
    if not len(steps):
        return 1, months is not None, 0
    sizes, counts = np.unique(steps, return_counts=True)
    usual = int(np.argmax(counts))
    return int(sizes[usual]), months is not None, int(len(steps) - counts[usual])


def _spoken(step: int, in_months: bool) -> str:
    if in_months:
        return counted(step, "month")
    for name, size in (("day", _DAY), ("hour", _DAY // 24), ("minute", _DAY // 1440)):
        if step % size == 0:
            return counted(step // size, name)
    return f"{step / 1e6:g} seconds"


def _later(last: np.datetime64, step: int, in_months: bool) -> np.datetime64:
    if not in_months:
        return last + np.timedelta64(step, "us")
    month = last.astype("datetime64[M]")
    if (last + np.timedelta64(1, "D")).astype("datetime64[M]") > month:  # ends of months
        after = month + np.timedelta64(step + 1, "M")
        return after.astype("datetime64[us]") - np.timedelta64(_DAY, "us")
    after = month + np.timedelta64(step, "M")
    return after.astype("datetime64[us]") + (last - month.astype("datetime64[us]"))


def _seasons(step: int, in_months: bool, rows: int) -> dict[str, int]:
    """Rows of a day, a week and a year, where the series holds two of them at least."""
    if in_months:
        found = {"year": 12 // step if 12 % step == 0 else 0}
    else:
        found = {name: round(size / step) for name, size in _PERIODS.items()}
    return {name: count for name, count in found.items() if 2 <= count <= rows // 2}
