"""What one column is, from its cells and its name: the rules, each with the reason it gives.

Nothing is known here of other columns or of the target. A rule that drops a column asks for more
than one sign: a price is no order number because each happens to be different.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from .frame import Column
from .scales import in_order
from .values import (
    FALSE,
    TRUE,
    as_dates,
    as_labels,
    as_number,
    as_numbers,
    counted,
    factorize,
    written_number,
)

__all__ = ["Facts", "Found", "find", "forced", "is_years", "name_words", "number_columns"]

_YEARS = (1800, 2100)
_REPEATS = 10  # expected among numbers drawn at random: with none of them, e⁻¹⁰ by chance
_CODE_WORDS = frozenset({"zip", "plz", "postcode", "postal", "code", "codes"})
_ID_WORDS = frozenset({"id", "ids", "no", "nr", "key", "uuid", "guid"})
_FIRST_ID_WORDS = frozenset({"id", "ids", "uuid", "guid"})  # "no of rooms" is a count
_TIME_WORDS = frozenset({"time", "timestamp", "ts", "date", "datetime", "epoch", "unix"})
_YEAR_WORDS = frozenset({"year", "years", "yr", "jahr", "annee", "año"})
_WORDS_IN_TEXT = 3
_MOSTLY_UNIQUE = 0.5
_NEARLY_ALL = 0.95
_FEW_LEVELS = 50
_MANY_GAPS = 0.05
_ROWS_PER_LEVEL = 10


@dataclass(frozen=True)
class Found:
    """A rule's answer: the role, the reason in a few words, and levels in order where it has any.

    Example:
        >>> Found("number", "decimals").levels is None
        True
    """

    role: str
    why: str
    levels: list[str] | None = None


class Facts:
    """What the rules ask about a column; each is computed once, and only when it is asked for.

    Example:
        >>> facts = Facts(Column("zip", 0, "text", np.array(["01234", "04567", None], object)))
        >>> facts.filled, facts.distinct, facts.numeric
        (2, 2, False)
    """

    def __init__(self, column: Column) -> None:
        self.column = column
        self.rows = len(column)

    @cached_property
    def filled(self) -> int:
        """How many cells are not empty."""
        return self.rows - int(self.column.missing.sum())

    @cached_property
    def _counted(self) -> tuple[Any, np.ndarray]:
        if self.column.kind == "text":
            levels, codes = factorize(self.column.values)
            return levels, np.bincount(codes[codes >= 0], minlength=len(levels))
        return np.unique(self.column.values[~self.column.missing], return_counts=True)

    @property
    def levels(self) -> Any:
        """The distinct cells: text in the order of the file, numbers and dates by size."""
        return self._counted[0]

    @property
    def counts(self) -> np.ndarray:
        """How often each occurs."""
        return self._counted[1]

    @property
    def distinct(self) -> int:
        """How many different cells there are."""
        return len(self.levels)

    @cached_property
    def level_numbers(self) -> np.ndarray:
        """The number that each level holds, NaN for none; float64."""
        if self.column.kind == "text":
            found = (as_number(level) for level in self.levels)
            return np.array([np.nan if v is None else v for v in found], np.float64)
        if self.column.kind == "date":
            return np.full(self.distinct, np.nan)
        return np.asarray(self.levels, np.float64)

    @cached_property
    def numeric(self) -> bool:
        """Is every filled cell a number, also where it was read as text?"""
        return not np.isnan(self.level_numbers).any()

    @cached_property
    def whole(self) -> bool:
        """Is every filled cell a whole number?"""
        return bool((self.level_numbers == np.floor(self.level_numbers)).all())

    @cached_property
    def share_of_numbers(self) -> float:
        """Of the filled cells."""
        return float(self.counts[~np.isnan(self.level_numbers)].sum() / max(self.filled, 1))

    @cached_property
    def words(self) -> set[str]:
        """Of the name, in lower case."""
        return set(name_words(self.column.name))


def name_words(name: str) -> list[str]:
    """The words of a column's name, in lower case; CamelCase and snake_case are taken apart.

    Example:
        >>> name_words("PassengerId"), name_words("order_no."), name_words("HTTPCode2")
        (['passenger', 'id'], ['order', 'no'], ['http', 'code', '2'])
    """
    name = re.sub(r"(?<=[a-zäöüß0-9])(?=[A-ZÄÖÜ])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return re.findall(r"[^\W\d_]+|\d+", name.casefold())


def find(facts: Facts) -> Found:
    """The role of a column for which nobody asked for another.

    Example:
        >>> find(Facts(Column("age", 0, "number", np.array([39.0, 50.0, 50.0, 28.0]))))
        Found(role='number', why='whole numbers, 28 to 50', levels=None)
    """
    rules = (_empty, _single, _date, *(_OF_NUMBERS if facts.numeric else _OF_TEXT))
    found = next(found for found in (rule(facts) for rule in rules) if found)
    gaps = 1 - facts.filled / facts.rows
    if found.role == "constant" or gaps < _MANY_GAPS:
        return found
    return replace(found, why=f"{found.why}, {gaps:.0%} empty")


def is_years(facts: Facts) -> bool:
    """Are all filled cells whole numbers from 1800 to 2100?

    Example:
        >>> is_years(Facts(Column("season", 0, "number", np.array([1999.0, 2001.0, np.nan]))))
        True
    """
    values = facts.level_numbers
    inside = (_YEARS[0] <= values) & (values <= _YEARS[1])
    return facts.numeric and facts.whole and bool(inside.all())


def number_columns(facts: Facts) -> bool:
    """Is this a column of numbers with a few cells that are none? Then someone has to say which.

    Nineteen of twenty cells are numbers, and those have many values.

    Example:
        >>> cells = [str(i / 2) for i in range(60)] + ["see note"]
        >>> number_columns(Facts(Column("price", 0, "text", np.array(cells, object))))
        True
    """
    if facts.column.kind != "text" or facts.numeric or not facts.filled:
        return False
    many = (~np.isnan(facts.level_numbers)).sum() > 20
    return many and facts.share_of_numbers >= _NEARLY_ALL


# --- every column ---------------------------------------------------------------------------------


def _empty(facts: Facts) -> Found | None:
    return None if facts.filled else Found("constant", "every cell is empty")


def _single(facts: Facts) -> Found | None:
    if facts.distinct > 1:
        return None
    cell = _cell(facts.levels[0])
    if facts.filled == facts.rows:
        return Found("constant", f"{cell} in every row")
    return Found("category", f"{cell} or empty")


def _date(facts: Facts) -> Found | None:
    """Also text whose every cell is a date as ISO 8601 writes it; a bare year is a number."""
    if facts.column.kind == "number" or (facts.column.kind == "text" and facts.numeric):
        return None
    days = facts.levels
    if facts.column.kind == "text":
        days = as_dates(Column("", 0, "text", np.array(facts.levels[:1], object)))
        if not np.isnat(days[0]):
            days = as_dates(Column("", 0, "text", np.array(facts.levels, object)))
    return None if np.isnat(days).any() else Found("date", _span(days.min(), days.max()))


def _clock(facts: Facts) -> Found | None:
    """Seconds since 1970, where the name says that it is a time."""
    if not facts.words & _TIME_WORDS or not facts.whole:
        return None
    first, last = facts.level_numbers.min(), facts.level_numbers.max()
    if not any(unit <= first and last < 1.9 * unit for unit in (1e9, 1e12)):
        return None
    ends = Column("", 0, "number", np.array([first, last]))
    return Found("date", "seconds since 1970, " + _span(*as_dates(ends)))


# --- numbers --------------------------------------------------------------------------------------


def _zero_one(facts: Facts) -> Found | None:
    if facts.distinct > 10 or set(facts.level_numbers.tolist()) != {0.0, 1.0}:
        return None
    return Found("flag", "0 and 1", ["0", "1"])


def _coded(facts: Facts) -> Found | None:
    """Numbers that only name something: postal codes, country codes, and ids of a few things."""
    if not facts.whole or facts.distinct == facts.filled:
        return None
    code = facts.words & _CODE_WORDS
    if not code and not _named_id(facts):
        return None
    if (
        not code
        and facts.distinct > _FEW_LEVELS
        and facts.filled < _ROWS_PER_LEVEL * facts.distinct
    ):
        return Found("identifier", f"an id; {facts.distinct:,} different")
    return Found("category", f"{_a(facts)}: {facts.distinct:,} values")


def _identifier(facts: Facts) -> Found | None:
    """Whole numbers, each once, that are named an id or run.

    They run if they go up or down evenly from row to row, or fill their range: n different numbers
    drawn at random from `span` whole numbers would repeat about n²/(2·span) times. Prices and
    populations repeat or lie far apart; a running number does neither, even with gaps or shuffled.
    """
    if not facts.whole or facts.distinct < facts.filled or facts.filled < 2:
        return None
    if _named_id(facts):
        return Found("identifier", f"{_a(facts)}, each different")
    low, high = facts.level_numbers.min(), facts.level_numbers.max()
    if facts.filled < 10 or is_years(facts) or facts.words & _YEAR_WORDS:
        return None
    there = as_numbers(facts.column)
    steps = np.diff(there[~np.isnan(there)])
    even = bool(len(steps) and steps[0] and (steps == steps[0]).all())
    n = facts.filled
    if even or n * (n - 1) / 2 >= _REPEATS * (high - low + 1):
        return Found("identifier", "a running number")
    return None


def _number(facts: Facts) -> Found:
    kind = "whole numbers" if facts.whole else "decimals"
    low, high = facts.level_numbers.min(), facts.level_numbers.max()
    return Found("number", f"{kind}, {_short(low)} to {_short(high)}")


# --- text -----------------------------------------------------------------------------------------


def _yes_no(facts: Facts) -> Found | None:
    words = {level.strip().casefold() for level in facts.levels[:50]}
    if facts.distinct > 50 or not words <= TRUE | FALSE or not words & TRUE or not words & FALSE:
        return None
    first = [
        next(v for v in facts.levels if v.strip().casefold() in side) for side in (FALSE, TRUE)
    ]
    return Found("flag", f"{_cell(first[1])} and {_cell(first[0])}", first)


def _ordinal(facts: Facts) -> Found | None:
    levels = in_order(facts.levels) if facts.distinct <= 50 else None
    if levels is None:
        return None
    return Found("ordinal", f"{len(levels)} levels in order", levels)


def _free_text(facts: Facts) -> Found | None:
    if facts.distinct < _MOSTLY_UNIQUE * facts.filled:
        return None
    words = np.repeat([len(level.split()) for level in facts.levels], facts.counts)
    middle = float(np.median(words))
    if middle < _WORDS_IN_TEXT:
        return None
    return Found("text", f"{_short(middle)} words in the middle, mostly unique")


def _unique_text(facts: Facts) -> Found | None:
    if facts.distinct == facts.filled:
        return Found("identifier", "text, each different")
    if facts.filled >= 20 and facts.distinct >= _NEARLY_ALL * facts.filled:
        return Found("identifier", f"text, {facts.distinct:,} of {facts.filled:,} different")
    return None


def _category(facts: Facts) -> Found:
    why = f"{facts.distinct:,} values"
    # level_numbers is None for leading zeros: they are told from words by their digits
    digits = [level for level in facts.levels if level.lstrip("+-").isdecimal()]
    if len(digits) == facts.distinct:
        why += ", leading zeros" if any(d.lstrip("+-")[0] == "0" for d in digits) else ", long"
    elif 0 < facts.share_of_numbers < 1:
        why += f", {facts.share_of_numbers:.0%} of cells numbers"
    elif facts.distinct > _FEW_LEVELS:
        why += f", {int((facts.counts == 1).sum()):,} of them once"
    return Found("category", why)


_Rule = Callable[[Facts], Found | None]
_OF_NUMBERS: Sequence[_Rule] = (_zero_one, _clock, _coded, _identifier, _number)
_OF_TEXT: Sequence[_Rule] = (_yes_no, _ordinal, _free_text, _unique_text, _category)


# --- as someone asked -----------------------------------------------------------------------------


def forced(facts: Facts, role: str) -> Found | None:
    """The same column in the role that was asked for; None where no cell can be read that way.

    Example:
        >>> forced(Facts(Column("floor", 0, "number", np.array([1.0, 2.0, 1.0]))), "category")
        Found(role='category', why='as asked, 2 values', levels=None)
    """
    if role == "number":
        readable = 0 if facts.column.kind == "date" else facts.share_of_numbers * facts.filled
        if not readable:
            return None
        odd = facts.filled - round(readable)
        return Found(role, "as asked" + (f", {counted(odd, 'cell')} not" if odd else ""))
    if role == "date":
        there = as_dates(facts.column)
        there = there[~np.isnat(there)]
        return Found(role, f"as asked, {_span(there.min(), there.max())}") if len(there) else None
    levels = set(as_labels(facts.column)) - {None}
    return Found(role, f"as asked, {len(levels):,} values" if role == "category" else "as asked")


# --- words ----------------------------------------------------------------------------------------


def _named_id(facts: Facts) -> bool:
    words = name_words(facts.column.name)
    return bool(words) and (words[-1] in _ID_WORDS or words[0] in _FIRST_ID_WORDS)


def _a(facts: Facts) -> str:
    words = name_words(facts.column.name)
    name = next(w for w in reversed(words) if w in _CODE_WORDS | _ID_WORDS)
    return f"named {name!r}"


def _cell(value: Any) -> str:
    if isinstance(value, np.datetime64):
        return str(value.astype("datetime64[D]"))
    text = value if isinstance(value, str) else written_number(value)
    return repr(text if len(text) <= 12 else text[:11] + "…")


def _short(value: float) -> str:
    value = float(value)
    return written_number(value) if abs(value) < 1e11 and value.is_integer() else f"{value:.4g}"


def _span(first: Any, last: Any) -> str:
    day = "datetime64[D]"
    return f"{first.astype(day)} to {last.astype(day)}"
