"""The column to predict: which it is, classes or values, and its cells as a model learns them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..dialect import argument
from ..errors import ArgumentError, DataError, choose, did_you_mean
from .frame import Column, Frame
from .rules import Facts, find
from .values import (
    FALSE,
    TRUE,
    as_labels,
    as_number,
    as_numbers,
    counted,
    place,
    plain_label,
    written_number,
)

__all__ = ["TASKS", "class_rows", "class_values", "pick", "real_values", "say_ratings",
           "see_classes", "tell_task"]  # fmt: skip

TASKS = ("auto", "classification", "regression")
_NAMES = frozenset({"target", "label", "labels", "class", "y", "outcome", "response"})
_FEW_VALUES = 20
_MOST_CLASSES = 1000


def pick(frame: Frame, left_out: set[int], given: int | None) -> tuple[Column, str]:
    """The target and why it is: the one given, or else the last column that is not left out.

    A column named as targets are, and not the last, is asked about.

    Raises:
        ArgumentError: two columns could be meant, or none is left.
    """
    if given is not None:
        return frame.columns[given], "as asked"
    rest = [c for c in frame.columns if c.index not in left_out and not c.missing.all()]
    if not rest:
        raise ArgumentError(
            "there is no column to predict", where=frame.where, expected="a column with cells in it"
        )
    named = [c for c in rest if c.name.strip().casefold() in _NAMES]
    if named and rest[-1] not in named:
        raise ArgumentError(
            "two columns could be the one to predict",
            where=frame.where,
            expected=f"{named[0].name!r}, for its name, or {rest[-1].name!r}, the last one",
            fix=f"say which: {argument('target', named[0].name)}",
        )
    return rest[-1], "the last column"


def tell_task(frame: Frame, column: Column, task: str, given: bool) -> tuple[str, str]:
    """`"classification"` or `"regression"`, and the reason.

    Text means classes, decimals values; whole numbers mean classes where there are at most 20
    different ones that occur twice on average.

    Raises:
        ArgumentError: a task that is none of these.
        DataError: cells that are no target of that task.
    """
    if task not in TASKS:
        raise choose(argument("task"), task, TASKS, where=frame.where)
    where = f"{frame.where}, column {column.name!r}"
    facts = Facts(column)
    if not facts.filled:
        raise DataError("the target is empty in every row", where=where, fix=_other())
    if column.kind == "date":
        raise DataError("a date cannot be the target", where=where, fix=_other())
    classes = facts.distinct
    if task == "regression":
        _need_numbers(frame, column, facts)
        reason = "as asked"
    elif task == "classification":
        reason = f"as asked, {classes:,} classes"
    else:
        task, reason = _told(frame, column, facts, where, given)
    if classes == 1:
        cell = as_labels(column)[~column.missing][0]
        raise DataError(
            "the target is the same in every row, so there is nothing to learn",
            where=where,
            received=f"{cell[:40]!r} in {facts.filled:,} rows",
            fix=_other(),
        )
    if task == "classification" and (classes > _MOST_CLASSES or classes > facts.filled // 2 > 5):
        raise DataError(
            f"the target has {classes:,} classes for {facts.filled:,} rows",
            where=where,
            expected=f"at most {min(_MOST_CLASSES, facts.filled // 2):,}",
            fix=_other() + (f", or {argument('task', 'regression')}" if facts.numeric else ""),
        )
    return task, reason


def _told(frame: Frame, column: Column, facts: Facts, where: str, given: bool) -> tuple[str, str]:
    classes = facts.distinct
    if facts.numeric:
        if not facts.whole:
            return "regression", "decimals"
        if classes <= 2 or classes <= min(_FEW_VALUES, facts.filled // 2):
            return "classification", f"{classes} whole numbers"
        found = find(facts)
        if found.role == "identifier" and not given:
            raise DataError(
                f"the last column is {found.why}: that is nothing to predict",
                where=where,
                fix=_other(),
            )
        return "regression", f"{classes:,} different whole numbers"
    if facts.share_of_numbers >= 0.5 and classes > _FEW_VALUES:
        _need_numbers(frame, column, facts)
    return "classification", f"text, {classes:,} classes"


def say_ratings(name: str, class_names: Sequence[str]) -> list[str]:
    """What to say of classes that are whole numbers, as ratings are: they could be values too.

    Example:
        >>> print(*say_ratings("quality", ["3", "4", "5", "6"]))
        'quality' holds 4 whole numbers, 3 to 6: taken as classes, of which none is nearer to ...
        >>> say_ratings("kind", ["cat", "dog", "hen"])
        []
    """
    found = [as_number(label) for label in class_names]
    numbers = [n for n in found if n is not None and n.is_integer()]
    if len(numbers) < max(3, len(class_names)):
        return []
    return [
        f"{name!r} holds {len(numbers)} whole numbers, {min(numbers):g} to {max(numbers):g}: taken "
        "as classes, of which none is nearer to another; if they are a scale such as ratings, "
        f"{argument('task', 'regression')} predicts a value on it"
    ]


def _other() -> str:
    return f"name the column to predict: {argument('target', 'NAME')}"


def _need_numbers(frame: Frame, column: Column, facts: Facts) -> None:
    if facts.numeric:
        return
    odd = np.isnan(as_numbers(column)) & ~column.missing
    row = int(np.argmax(odd))
    raise DataError(
        "a target of values has cells that are no numbers",
        where=place(frame, column, row),
        expected="numbers",
        received=f"{as_labels(column)[row][:40]!r} ({counted(int(odd.sum()), 'such cell')})",
        fix=f"correct them, or take them as missing: {argument('numeric', column.name)}",
    )


# --- classes --------------------------------------------------------------------------------------


def see_classes(column: Column) -> tuple[list[str], list[str]]:
    """The names of the classes in order, and sentences on what was taken as the same.

    Numbers are in order of size, words in that of the alphabet. `1` and `1.0` are the same class,
    so are `>50K` and `>50K.`, TRUE and true. Classes that differ in capital letters alone stay
    apart, as `a` and `A` do among letters, and a sentence says so.

    Example:
        >>> see_classes(Column("y", 0, "text", np.array(["b", "a.", "a", "b"], object)))
        (['a', 'b'], ["'a.' is taken as 'a'"])
    """
    cells = list(dict.fromkeys(c for c in as_labels(column) if c is not None))
    plain = list(dict.fromkeys(plain_label(c) for c in cells))
    said = []
    if all(p.casefold() in TRUE | FALSE for p in plain):
        plain = list(dict.fromkeys(_one_word(p, plain) for p in plain))
    for name in [p for p in plain if p.endswith(".") and p[:-1] in plain]:
        plain.remove(name)
        said.append(f"{name!r} is taken as {name[:-1]!r}")
    alike: dict[str, str] = {}
    for name in plain:
        other = alike.setdefault(name.casefold(), name)
        if other != name and len(name) > 1:
            said.append(f"{other!r} and {name!r} are two classes, as they are written")
    numbers = [as_number(p) for p in plain]
    if None not in numbers:
        return [written_number(v) for v in sorted(v for v in numbers if v is not None)], said
    return sorted(plain), said


def _one_word(name: str, names: Sequence[str]) -> str:
    """TRUE, True and true are one; the first of them stands for all."""
    return next(n for n in names if n.casefold() == name.casefold())


def class_rows(column: Column, class_names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The class of each row, int32, −1 for empty cells; and which rows name no known class."""
    values, cells = as_labels(column), {}
    numbers = np.empty(len(values), np.int32)
    exact = {name: i for i, name in enumerate(class_names)}
    loose = _unambiguous(class_names, lambda n: n.removesuffix("."))
    folded = _unambiguous(class_names, lambda n: n.removesuffix(".").casefold())
    for row, cell in enumerate(values):
        if cell not in cells:
            plain = "" if cell is None else plain_label(cell)
            short = plain_label(plain.removesuffix("."))
            found = exact.get(plain, loose.get(short, folded.get(short.casefold(), -2)))
            cells[cell] = -1 if cell is None else found
        numbers[row] = cells[cell]
    return numbers, numbers == -2


def _unambiguous(names: Sequence[str], form: Any) -> dict[str, int]:
    """Names in another form, but for those that two classes would share."""
    forms = [form(name) for name in names]
    return {f: i for i, f in enumerate(forms) if forms.count(f) == 1}


def class_values(frame: Frame, column: Column, class_names: Sequence[str]) -> np.ndarray:
    """Class numbers, int32; an error names the first row without a class or with an unknown one."""
    numbers, unknown = class_rows(column, class_names)
    if unknown.any():
        row = int(np.argmax(unknown))
        cell = as_labels(column)[row]
        raise DataError(
            "a class that the training has not seen",
            where=place(frame, column, row),
            expected="one of " + ", ".join(map(repr, class_names[:20])),
            received=f"{cell[:40]!r} ({counted(int(unknown.sum()), 'such row')})",
            fix=did_you_mean(cell, class_names),
        )
    _need_filled(frame, column, numbers == -1)
    return numbers


def real_values(frame: Frame, column: Column) -> np.ndarray:
    """The values, float64, in the units of the file."""
    _need_filled(frame, column, column.missing)
    values = as_numbers(column)
    if not np.isfinite(values).all():
        row = int(np.argmax(~np.isfinite(values)))
        raise DataError(
            "a target that is no number",
            where=place(frame, column, row),
            received=repr(as_labels(column)[row])[:40],
        )
    return values


def _need_filled(frame: Frame, column: Column, missing: np.ndarray) -> None:
    if missing.any():
        row = int(np.argmax(missing))
        raise DataError(
            f"{counted(int(missing.sum()), 'row')} without a target",
            where=place(frame, column, row),
            expected="a cell that is not empty",
            fix="leave these rows out: frame.take(known_rows(frame, roles))",
        )
