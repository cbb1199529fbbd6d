"""What can be said about a table: how it is read, what its columns are, which rows are held out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from ..dialect import argument
from ..errors import ArgumentError, choose

__all__ = ["TASKS", "TableOptions"]

TASKS = ("auto", "classification", "regression")
_READING = ("delimiter", "decimal", "thousands", "encoding", "header", "missing", "comment",
            "sheet", "date_format")  # fmt: skip
_ROLES = ("target", "drop", "categorical", "numeric", "date", "text", "task")
_LISTS = ("drop", "categorical", "numeric", "date", "text", "missing")
_FEWEST_FOLDS = 2


@dataclass(frozen=True)
class TableOptions:
    """What was said about a table; None and empty where it is found out.

    Args:
        delimiter: what stands between cells.
        decimal: `"."` or `","`.
        thousands: what groups digits.
        encoding: of the file's text.
        header: is the first row one of names? or the number of the line that holds them.
        missing: cells that mean "nothing here".
        comment: lines that begin with this are left out.
        sheet: of a workbook: its name, or its number from 0.
        date_format: how dates are written, as `"%d.%m.%Y"`.
        target: the column to predict: name or index; by default it is found (`target`, ..., the
            last).
        drop: columns to leave out.
        categorical: columns of numbers that are categories.
        numeric: columns that are numbers, whatever they look like.
        date: columns of dates.
        text: columns of free text.
        task: `"classification"`, `"regression"`, or `"auto"`, by the values.
        test: a file whose rows are for the figures alone.
        folds: how many outer folds; 0 for a single part held out.
        group: rows with the same value in this column are never on both sides.
        time: the column by which the last fifth is held out.
        lags: of a series, a table of one date and one number: how many values before each row are
            columns; the last fifth is held out.
        balance: rare classes weigh as much as frequent ones.
        budget: seconds that the search for a model may take.
        no_rows: no rows of the table in the report.
    """

    delimiter: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    encoding: str | None = None
    header: bool | int | None = None
    missing: Sequence[str] | None = None
    comment: str | None = None
    sheet: str | int | None = None
    date_format: str | None = None
    target: int | str | None = None
    drop: Sequence[int | str] = ()
    categorical: Sequence[int | str] = ()
    numeric: Sequence[int | str] = ()
    date: Sequence[int | str] = ()
    text: Sequence[int | str] = ()
    task: str = "auto"
    test: Any = None
    folds: int | None = None
    group: int | str | None = None
    time: int | str | None = None
    lags: int | None = None
    balance: bool = False
    budget: float | None = None
    no_rows: bool = False

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> TableOptions:
        """From arguments, of which None was not given; `header="auto"` and the like are None too.

        Raises:
            ArgumentError: a word or number that makes no sense; before any data is read.
        """
        names = {f.name for f in fields(cls)}
        known = {name: value for name, value in given.items() if name in names}
        known = {name: value for name, value in known.items() if value is not None}
        for name in set(_LISTS) & set(known):
            value = known[name]
            known[name] = (value,) if isinstance(value, (str, int)) else tuple(value)
        if known.get("header") == "auto":
            del known["header"]
        classes = given.get("classes")
        if classes not in (None, "auto") and "task" not in known:
            known["task"] = "classification" if classes else "regression"
        made = cls(**known)
        made.check()
        return made

    def check(self) -> None:
        """Raise for a word or a number that no table can be read or split by."""
        if self.task not in TASKS:
            raise choose(argument("task"), self.task, TASKS)
        if self.missing in (("drop",), ("error",)):
            raise ArgumentError(
                f"{argument('missing')} names cells that mean 'nothing here'",
                expected="such as '?' or 'n/a'; NA, None and - are known in columns of numbers",
                received=repr(self.missing[0]),
                fix="leave it out: rows with empty cells are kept, and the model learns what an "
                "empty cell means",
            )
        if self.folds is not None and self.folds < _FEWEST_FOLDS and self.folds != 0:
            raise ArgumentError(
                f"{argument('folds')} is too small",
                expected=f"at least {_FEWEST_FOLDS}, or 0 for none",
                received=self.folds,
            )
        if self.budget is not None and not 0 < self.budget < float("inf"):
            raise ArgumentError(
                f"{argument('budget')} is no time", expected="seconds above 0", received=self.budget
            )
        apart = [
            name for name in ("test", "folds", "time", "lags") if getattr(self, name) is not None
        ]
        if len(apart) > 1:
            raise ArgumentError(
                f"{argument(apart[0])} and {argument(apart[1])} both say which rows are held out",
                fix="leave one of them out",
            )
        if self.lags is not None and (self.group is not None or self.task == "classification"):
            other = "group" if self.group is not None else "task"
            raise ArgumentError(
                f"{argument('lags')} are for one series of numbers",
                received=argument(other, getattr(self, other)),
                fix="leave one of them out",
            )

    def reading(self) -> dict[str, Any]:
        """The arguments of `tables.read` that were given."""
        return {n: getattr(self, n) for n in _READING if getattr(self, n) is not None}

    def reading_json(self) -> dict[str, Any]:
        """The same as plain values, for those who read another file in the same way."""
        return {n: v for n, v in self.to_json().items() if n in _READING}

    def roles(self) -> dict[str, Any]:
        """The arguments of `tables.find_roles`."""
        found = {n: getattr(self, n) for n in _ROLES}
        if self.group is not None:  # who somebody is teaches nothing about others
            found["drop"] = (*self.drop, self.group)
        return found

    def to_json(self) -> dict[str, Any]:
        """What was given, as plain values, for `config.json`."""
        found: dict[str, Any] = {}
        for f in fields(self):
            value = getattr(self, f.name)
            if value != f.default:
                found[f.name] = list(value) if isinstance(value, tuple) else value
        if "test" in found:
            test = found["test"]
            path = isinstance(test, (str, os.PathLike))
            found["test"] = os.path.abspath(os.fspath(test)) if path else None
        return found

    @classmethod
    def from_json(cls, config: Mapping[str, Any]) -> TableOptions:
        """What `to_json` gave."""
        return cls.of(config)
