"""What each column of a table is good for, and why: found from its cells, its name and its target.

The roles:

*   `number`: measured or counted, such as an age.
*   `flag`: yes and no, 0 and 1.
*   `category`: a few names, or numbers that only name something, such as a postal code.
*   `ordinal`: names that have an order: low, medium, high.
*   `date`: year, month, day, weekday and elapsed time are made from it.
*   `text`: sentences: three words at least, mostly unique.
*   `constant`: the same in every row, or empty; left out.
*   `identifier`: different in every row and nothing more; left out.
*   `dropped`: left out as asked.
*   `target`: to predict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..dialect import argument
from ..errors import ArgumentError, DataError, FileError, did_you_mean
from .frame import Column, Frame
from .rules import Facts, Found, find, forced, number_columns
from .shown import cells_of, different, table
from .target import class_values, pick, real_values, say_ratings, see_classes, tell_task
from .values import as_dates, as_flags, as_labels, as_numbers, as_ranks, counted, place

__all__ = ["Role", "Roles", "aim", "find_roles", "known_rows", "targets"]

ROLES = (
    "number", "category", "flag", "ordinal", "date", "text",
    "constant", "identifier", "dropped", "target",
)  # fmt: skip
USED = ROLES[:6]
_ASKED = {"drop": "dropped", "categorical": "category", "numeric": "number", "date": "date",
          "text": "text"}  # fmt: skip

Names = int | str | Sequence[int | str]


@dataclass(frozen=True)
class Role:
    """What one column is good for.

    Args:
        name: of the column.
        index: its place in the file it was found in, from 0.
        role: one of `number category flag ordinal date text constant identifier dropped target`.
        why: the reason, in a few words.
        cells: up to three pairs: as written in the file, as read.
        levels: of a flag the words for no and yes, of an ordinal all from the lowest; else None.

    Example:
        >>> roles = find_roles(Frame.of({"size": ["S", "L", "M"], "price": [1.5, 4.5, 2.5]}))
        >>> roles["size"].role, roles["size"].levels
        ('ordinal', ('S', 'M', 'L'))
    """

    name: str
    index: int
    role: str
    why: str
    cells: tuple[tuple[str, str], ...] = ()
    levels: tuple[str, ...] | None = None

    def values(self, frame: Frame) -> np.ndarray:
        """This column's cells in any frame, as the role reads them.

        number, ordinal: float64 with NaN, ordinals as ranks from 0; flag: 1, 0 or NaN, float64;
        category, text: objects, str or None; date: datetime64[us] with NaT. What cannot be read
        that way is missing.

        Raises:
            ArgumentError: the frame has no such column.

        Example:
            >>> role = Role("smoker", 0, "flag", "yes and no", levels=("no", "yes"))
            >>> role.values(Frame.of({"smoker": ["no", "", "YES"]})).tolist()
            [0.0, nan, 1.0]
        """
        column = _column(frame, self)
        if self.role == "ordinal":
            return as_ranks(column, self.levels or ())
        read = {"number": as_numbers, "flag": as_flags, "date": as_dates}.get(self.role, as_labels)
        return read(column)


@dataclass(frozen=True)
class Roles:
    """The roles of all columns of a table, in its order, and what is to be predicted.

    Args:
        roles: one for each column.
        target: the name of the column to predict.
        task: `"classification"` or `"regression"`.
        class_names: in the order of the class numbers; None in regression.
        notices: sentences on what was decided or left out.

    Example:
        >>> frame = Frame.of({"id": [7, 8, 9], "cm": [1.5, 2.5, 2.5], "kind": ["a", "b", "b"]})
        >>> roles = find_roles(frame)
        >>> [role.name for role in roles.used], roles.target, roles.class_names
        (['cm'], 'kind', ('a', 'b'))
    """

    roles: tuple[Role, ...]
    target: str
    task: str
    class_names: tuple[str, ...] | None = None
    notices: tuple[str, ...] = ()

    @property
    def used(self) -> tuple[Role, ...]:
        """Those that a model learns from: neither left out nor the target."""
        return tuple(role for role in self.roles if role.role in USED)

    @property
    def class_count(self) -> int | None:
        """How many classes there are; None in regression."""
        return None if self.class_names is None else len(self.class_names)

    def __getitem__(self, name: str) -> Role:
        for role in self.roles:
            if role.name == name:
                return role
        raise ArgumentError(
            "there is no such column",
            received=repr(name),
            fix=did_you_mean(name, [role.name for role in self.roles]),
        )

    def describe(self, width: int = 88, rows: int = 40) -> str:
        """The table to look at before training: column, role, why, cells as written and as read.

        Args:
            width: of the lines, in characters.
            rows: at most so many columns in detail; of more, those that were left out or decided
                on come first, and the rest is counted by role.

        Example:
            >>> frame = Frame.of({"zip": ["01234", "04567", "01234"], "price": [4.5, 7.25, 1.0]})
            >>> print(find_roles(frame).describe())
            column  role      why                      as written → as read
            zip     category  2 values, leading zeros  01234 → category, 04567 → category
            price   target    the last column          4.5, 7.25, 1
        """
        return table(self.roles, width, rows)

    def to_json(self) -> dict[str, Any]:
        """Plain values, for a file.

        Example:
            >>> sorted(find_roles(Frame.of({"x": [1.5, 2.5], "y": [2.5, 4.5]})).to_json())
            ['class_names', 'notices', 'roles', 'target', 'task']
        """
        return {
            "roles": [
                {
                    "name": r.name, "index": r.index, "role": r.role, "why": r.why,
                    "cells": [list(pair) for pair in r.cells],
                    "levels": None if r.levels is None else list(r.levels),
                }
                for r in self.roles
            ],
            "target": self.target,
            "task": self.task,
            "class_names": None if self.class_names is None else list(self.class_names),
            "notices": list(self.notices),
        }  # fmt: skip

    @classmethod
    def from_json(cls, config: Any, where: str = "the description of the columns") -> Roles:
        """What `to_json` gave; checked, as it comes from a file.

        Raises:
            FileError: it is damaged.

        Example:
            >>> roles = find_roles(Frame.of({"x": [1.5, 2.5], "y": [2.5, 4.5]}))
            >>> Roles.from_json(roles.to_json()) == roles
            True
        """
        try:
            return _from_json(**config)
        except (TypeError, KeyError, ValueError, AttributeError):
            raise FileError(
                "the description of the columns makes no sense",
                where=where,
                fix="take the file from the run again",
            ) from None


def find_roles(
    frame: Frame,
    *,
    target: int | str | None = None,
    drop: Names = (),
    categorical: Names = (),
    numeric: Names = (),
    date: Names = (),
    text: Names = (),
    task: str = "auto",
) -> Roles:
    """What each column of a table is good for.

    Rows without a target are not looked at; `known_rows` says which they are.

    Args:
        frame: the table.
        target: name or index of the column to predict; the last one where nothing is said.
        drop: columns to leave out.
        categorical: columns to read as names, also where they hold numbers.
        numeric: columns to read as numbers, also where they look like ids; other cells are missing.
        date: columns to read as dates.
        text: columns to read as sentences.
        task: `"classification"`, `"regression"`, or `"auto"`: told by the target.

    Returns:
        `Roles`.

    Raises:
        ArgumentError: a column that is not there, or that was asked to be two things.
        DataError: a target that cannot be learnt; a column of numbers with a few words in it, which
            are neither taken for missing nor for categories unless someone says so; no column left.

    Example:
        >>> frame = Frame.of({"order_no": [11, 14, 19], "km": [2.5, 4.0, 4.0], "eur": [3, 5.5, 4]})
        >>> roles = find_roles(frame)
        >>> [(role.name, role.role) for role in roles.roles], roles.task
        ([('order_no', 'identifier'), ('km', 'number'), ('eur', 'target')], 'regression')
        >>> find_roles(frame, numeric="order_no")["order_no"].role
        'number'
    """
    _check(frame)
    asked = _asked(frame, drop=drop, categorical=categorical, numeric=numeric, date=date, text=text)
    aim = None if target is None else _index(frame, target, "target")
    if aim is not None and asked.get(aim, "number") not in ("number", "category"):
        raise ArgumentError(
            "a column cannot be both",
            where=f"{frame.where}, column {frame.columns[aim].name!r}",
            received=f"{argument('target')} and {argument(_word(asked[aim]))}",
        )
    dropped = {i for i, role in asked.items() if role == "dropped"}
    column, why = pick(frame, dropped, aim)
    column, task = _as_asked(column, asked.get(column.index), task)
    kind, reason = tell_task(frame, column, task, aim is not None)
    notices = [_say_target(column, why, kind, reason)]
    known, whole = ~column.missing, frame
    if not known.all():
        notices.append(_say_missing(frame, known))
        frame, column = frame.take(known), column.take(known)
    class_names = None
    if kind == "classification":
        class_names, said = see_classes(column)
        notices += [*said, *_say_rare(frame, column, class_names)]
        notices += say_ratings(column.name, class_names) if task == "auto" else []
    found, said = _features(frame, asked, column.index)
    found.insert(column.index, Found("target", why))
    roles = map(_role, whole.columns, found)  # of all rows: these know how cells are written
    names = None if class_names is None else tuple(class_names)
    return Roles(tuple(roles), column.name, kind, names, (*notices, *said))


def aim(frame: Frame, *, target: int | str | None = None, drop: Names = (), **others: Any) -> str:
    """The name of the column to predict, as `find_roles` takes it.

    Args:
        frame: some of the rows.
        target: as there.
        drop: as there.
        others: what else `find_roles` is given.

    Raises:
        ArgumentError: a column that is not there; two that could be meant.

    Example:
        >>> aim(Frame.of({"x": [1.5, 2.5], "y": [2.5, 4.5], "z": [0, 1]}), drop="z")
        'y'
    """
    _check(frame)
    dropped = {i for i, role in _asked(frame, drop=drop).items() if role == "dropped"}
    given = None if target is None else _index(frame, target, "target")
    return pick(frame, dropped, given)[0].name


def targets(frame: Frame, roles: Roles) -> np.ndarray:
    """The target of each row: class numbers, int32, or values in the file's units, float64.

    Also for a file to evaluate: `1` and `1.0`, `>50K` and `>50K.`, `Yes` and `yes` are the same
    class there.

    Raises:
        ArgumentError: the frame has no such column.
        DataError: an empty cell, an unknown class, no number; names the line.

    Example:
        >>> frame = Frame.of({"cm": [1.5, 2.5, 2.5], "kind": ["a", "b", "b"]})
        >>> targets(Frame.of({"kind": ["b", "a."]}), find_roles(frame))
        array([1, 0], dtype=int32)
    """
    column = frame[roles.target]
    if roles.class_names is not None:
        return class_values(frame, column, roles.class_names)
    return real_values(frame, column)


def known_rows(frame: Frame, roles: Roles) -> np.ndarray:
    """True for rows with a target: `frame.take(known_rows(frame, roles))` has the others left out.

    Example:
        >>> frame = Frame.of({"x": [1.5, 2.5, 3.5], "y": [0.5, None, 1.5]})
        >>> known_rows(frame, find_roles(frame)).tolist()
        [True, False, True]
    """
    column = frame[roles.target]
    return ~(column.missing if roles.class_names is not None else np.isnan(as_numbers(column)))


def _column(frame: Frame, role: Role) -> Column:
    """By name; at its old place first, as a search through ten thousand names takes its time."""
    if role.index < len(frame.columns) and frame.columns[role.index].name == role.name:
        return frame.columns[role.index]
    return frame[role.name]


# --- what was asked for ---------------------------------------------------------------------------


def _check(frame: Frame) -> None:
    if not len(frame) or not frame.columns:
        raise DataError(
            "the table has no rows of data", where=frame.where, expected="at least one row"
        )
    seen: set[str] = set()
    for name in frame.names:
        if name in seen:
            raise DataError(
                "two columns have the same name", where=frame.where, received=repr(name)[:80]
            )
        seen.add(name)


def _asked(frame: Frame, **lists: Names) -> dict[int, str]:
    """The role asked for, by index."""
    asked: dict[int, str] = {}
    for option, names in lists.items():
        for name in [names] if isinstance(names, (int, str)) else names:
            index = _index(frame, name, option)
            role = asked.setdefault(index, _ASKED[option])
            if role != _ASKED[option]:
                raise ArgumentError(
                    "a column cannot be both",
                    where=f"{frame.where}, column {frame.columns[index].name!r}",
                    received=f"{argument(_word(role))} and {argument(option)}",
                )
    return asked


def _word(role: str) -> str:
    return next(option for option, given in _ASKED.items() if given == role)


def _index(frame: Frame, name: int | str, option: str) -> int:
    count = len(frame.columns)
    if isinstance(name, str) and name in frame:
        return frame.names.index(name)
    if isinstance(name, str) and name.lstrip("-").isdecimal():
        name = int(name)  # an index, as the command line gives it
    if (
        isinstance(name, (int, np.integer))
        and not isinstance(name, bool)
        and -count <= name < count
    ):
        return int(name) % count
    raise ArgumentError(
        f"{argument(option)} names a column that is not there",
        where=frame.where,
        expected=f"a number below {count}, or one of " + ", ".join(frame.names[:20]),
        received=repr(name)[:100],
        fix=did_you_mean(name, frame.names) if isinstance(name, str) else None,
    )


def _as_asked(column: Column, role: str | None, task: str) -> tuple[Column, str]:
    """A target that was also named under `numeric` or `categorical`."""
    if role == "number":
        data = as_numbers(column)
        return Column(column.name, column.index, "number", data, column.written), task
    if role == "category" and task == "auto":
        return column, "classification"
    return column, task


# --- the columns to learn from --------------------------------------------------------------------


def _features(frame: Frame, asked: Mapping[int, str], aim: int) -> tuple[list[Found], list[str]]:
    """The roles of all columns but the target, and what was decided between them."""
    roles, odd, numbers, rest = [], [], [], []
    for column in frame:
        if column.index == aim:
            continue
        facts, role = Facts(column), asked.get(column.index)
        found = _found(frame, facts, role)
        if role is None and number_columns(facts) and found.role in ("category", "identifier"):
            odd.append(column)
        if role is None and found.role == "identifier" and facts.numeric:
            numbers.append(len(roles))
        roles.append(found)
        rest.append(column)
    if odd:
        raise _mixed(frame, odd)
    said: list[str] = []
    if not any(role.role in USED for role in roles) and len(numbers) == 1:
        only = roles[numbers[0]]
        name = rest[numbers[0]].name
        roles[numbers[0]] = Found("number", f"{only.why}, but all there is")
        said = [f"{name!r} is {only.why}, but all there is to learn from: taken as a number"]
    if not any(role.role in USED for role in roles):
        raise _nothing(frame, rest, roles)
    return roles, said


def _found(frame: Frame, facts: Facts, role: str | None) -> Found:
    if role is None:
        return find(facts)
    if role == "dropped":
        return Found("dropped", "as asked")
    found = forced(facts, role) if facts.filled else Found("constant", "every cell is empty")
    if found is None:
        raise ArgumentError(
            f"{argument(_word(role))} names a column of which no cell can be read that way",
            where=f"{frame.where}, column {facts.column.name!r}",
            expected="numbers" if role == "number" else "dates such as 2024-03-31",
            received=repr(as_labels(facts.column)[~facts.column.missing][0])[:60],
        )
    return found


def _role(column: Column, found: Found) -> Role:
    levels = None if found.levels is None else tuple(found.levels)
    bare = Role(column.name, column.index, found.role, found.why, levels=levels)
    few = different(column)
    values = bare.values(Frame([few], np.arange(len(few))))
    return replace(bare, cells=cells_of(few, found.role, values))


def _mixed(frame: Frame, columns: Sequence[Column]) -> DataError:
    first = columns[0]
    odd = np.flatnonzero(np.isnan(as_numbers(first)) & ~first.missing)
    row = int(odd[0])
    others = counted(len(columns) - 1, "other column")
    more = f" (and {others} too)" if len(columns) > 1 else ""
    return DataError(
        f"the column holds numbers, but for {counted(len(odd), 'cell')}{more}",
        where=place(frame, first, row),
        expected="numbers, or a word about the others",
        received=f"{as_labels(first)[row][:40]!r}",
        fix=f"correct it, or say what it is: {argument('numeric', first.name)} (such cells are "
        f"missing), {argument('categorical', first.name)} or {argument('drop', first.name)}",
    )


def _nothing(frame: Frame, columns: Sequence[Column], roles: Sequence[Found]) -> DataError:
    if not roles:
        problem = "there is no column to learn from beside the target"
    elif all(role.role == "constant" for role in roles):
        problem = "all rows are the same, so there is nothing to learn from"
    else:
        problem = "no column is left to learn from"
    named = list(zip([column.name for column in columns], roles, strict=True))
    shown = [f"{name!r}: {role.role}, {role.why}" for name, role in named[:5]]
    more = f" and {len(roles) - 5:,} more" if len(roles) > 5 else ""
    kept = next((name for name, role in named if role.role == "identifier"), None)
    fix = None if kept is None else f"keep one: {argument('categorical', kept)}"
    return DataError(
        problem, where=frame.where, received="; ".join(shown) + more if shown else None, fix=fix
    )


# --- sentences ------------------------------------------------------------------------------------


def _say_target(column: Column, why: str, task: str, reason: str) -> str:
    return f"target: {column.name!r}, {why}; {task} ({reason})"


def _say_missing(frame: Frame, known: np.ndarray) -> str:
    lines = frame.lines[~known]
    shown = ", ".join(map(str, lines[:5].tolist())) + (", ..." if len(lines) > 5 else "")
    at = "row" if len(lines) == 1 else "rows"
    return f"{counted(len(lines), 'row')} without a target left out: {at} {shown}"


def _say_rare(frame: Frame, column: Column, class_names: Sequence[str]) -> list[str]:
    counts = np.bincount(class_values(frame, column, class_names), minlength=len(class_names))
    once = [name for name, count in zip(class_names, counts, strict=True) if count == 1]
    if not once:
        return []
    shown = ", ".join(repr(name[:40]) for name in once[:5]) + (", ..." if len(once) > 5 else "")
    many = f"{len(once)} classes have" if len(once) > 1 else "one class has"
    return [f"{many} a single row, which cannot be both learnt and tested: {shown}"]


# --- from a file ----------------------------------------------------------------------------------


def _from_json(
    *, roles: Any, target: Any, task: Any, class_names: Any = None, notices: Any = ()
) -> Roles:
    made = tuple(_one_from_json(**role) for role in roles)
    aims = [role.name for role in made if role.role == "target"]
    fine = aims == [target] and len({role.name for role in made}) == len(made)
    fine = fine and task in ("classification", "regression")
    fine = fine and (class_names is not None) == (task == "classification")
    names = None if class_names is None else _words(class_names)
    fine = fine and (names is None or len(set(names)) == len(names) >= 2)
    if not fine:
        raise ValueError
    return Roles(made, target, task, names, _words(notices))


def _one_from_json(
    *, name: Any, index: Any, role: Any, why: Any, cells: Any = (), levels: Any = None
) -> Role:
    pairs = tuple((a, b) for a, b in map(_words, cells))
    words = None if levels is None else _words(levels)
    fine = role in ROLES and type(index) is int and index >= 0
    fine = fine and isinstance(name, str) and isinstance(why, str)
    fine = fine and (role != "ordinal" or (words is not None and len(words) > 1))
    if not fine:
        raise ValueError
    return Role(name, index, role, why, pairs, words)


def _words(values: Any) -> tuple[str, ...]:
    if not isinstance(values, (list, tuple)) or not all(isinstance(v, str) for v in values):
        raise ValueError
    return tuple(values)
