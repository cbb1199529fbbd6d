"""What the columns of a sample hold: numbers, dates or text, and how those are written.

Where the cells of a whole column can be read in two ways, both are shown and nothing is read.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..dialect import argument
from ..errors import DataError
from . import dates
from .arrow import need
from .formats import ColumnFormat, Format, words_of
from .numbers import CONVENTIONS, Convention, Written, readings, written

__all__ = ["ENOUGH", "MARKS", "PLAIN", "Judge", "Wanted", "is_mark", "odd_cell", "shapes"]

# what stands for "no number" in columns of numbers and dates; compared in lower case
_MARKS = (
    "na n/a nan none null nil - -- --- ? ?? . .. ... #n/a #na <na> -nan n.a. n.a nd n.d. #div/0! "
    "#value! #ref! #num! #name? #null! – — nat missing unknown "
    "k.a. k.a s.d. s.d n.v. n.v unbekannt"
)
_SAID = ("k. a.", "keine angabe", "keine angaben", "s. d.", "n. a.", "n. d.", "n. v.", "no data",
         "not available", "sin datos", "sans données")  # fmt: skip
MARKS = frozenset((*_MARKS.split(), *_SAID))
PLAIN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{3})*")
_DIGITS = re.compile("[+-]?00+")
_CODE = re.compile(r"[+-]?(?:0[0-9]+|[0-9]{16,})")
_AS_ZERO = str.maketrans("123456789", "000000000")
ENOUGH = 20_000  # different cells of a column that are looked at


def is_mark(cell: str, named: Sequence[str] = ()) -> bool:
    """Whether a cell means "missing" in a column of numbers.

    Example:
        >>> is_mark("N/A"), is_mark("-"), is_mark("none of these"), is_mark("99", ["99"])
        (True, True, False, True)
    """
    return not cell or cell in named or cell.lower() in MARKS


def shapes(cells: Collection[str]) -> set[str]:
    """The cells with 0 for every digit: few of many, where only the marks between digits matter.

    Example:
        >>> sorted(shapes(["12.5", "33.1", "-7", "a1"]))
        ['-0', '00.0', 'a0']
    """
    found = "\0".join(cells).translate(_AS_ZERO).split("\0")
    if len(found) != len(cells):  # a cell holds the mark between them
        found = [cell.translate(_AS_ZERO) for cell in cells]
    return set(found)


@dataclass(frozen=True)
class Wanted:
    """What whoever asked has said about the file; None and empty: find out."""

    delimiter: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    encoding: str | None = None
    header: bool | int | None = None
    missing: tuple[str, ...] = ()
    comment: str | None = None
    sheet: str | int | None = None
    date_format: str | None = None
    as_text: tuple[str | int, ...] = ()
    as_number: tuple[str | int, ...] = ()  # columns of numbers: what is none is missing
    like: Format | None = None
    lenient: bool = False  # a cell that does not fit its column of the training is left unread
    as_given: bool = False  # texts in memory stay texts

    def asks_number(self, index: int, name: str, count: int) -> bool:
        """Was it said that this column, one of so many, is one of numbers?"""
        return bool({name, index, index - count} & {*self.as_number})

    def conventions(self) -> list[Convention]:
        """Those that decimal and thousands leave."""
        return [
            c
            for c in CONVENTIONS
            if (self.decimal is None or c.decimal == self.decimal)
            and (self.thousands is None or c.thousands in (self.thousands, ""))
            and (not self.thousands or c.decimal != self.thousands)
        ]


@dataclass
class _Found:
    """One column, with the readings that are left."""

    format: ColumnFormat
    conventions: list[Convention]
    dates: list[str]
    cells: list[str]
    marked: bool = False  # whether a decimal mark or thousands stand in it at all


class Judge:
    """Finds the formats of columns from cells.

    Args:
        wanted: what was said.
        where: the file, for messages.
        place: gives `file, row 12, column 3 ('price')` of the first such cell of a column.
        whole: gives all different cells of a column, where the sample is not the file.
    """

    def __init__(
        self,
        wanted: Wanted,
        where: str,
        place: Callable[[int, str], str],
        whole: Callable[[int], Mapping[str, int]] | None = None,
    ) -> None:
        self.wanted, self.where, self.place, self.whole = wanted, where, place, whole
        self.asked: set[int] = set()

    def columns(
        self, names: Sequence[str], cells: Sequence[Mapping[str, int]]
    ) -> list[ColumnFormat]:
        """A format for every column.

        Args:
            names: of the columns.
            cells: for each, its different cells, trimmed, with how often they occur.
        """
        text = {
            i for i, name in enumerate(names) if {name, i, i - len(names)} & {*self.wanted.as_text}
        }
        number = self.wanted.asks_number
        self.asked = {i for i, name in enumerate(names) if number(i, name, len(names))} - text
        found = [
            self._column(i, name, cells[i], i in text) for i, name in enumerate(names)
        ]  # fmt: skip
        for index, column in enumerate(found):
            unsettled = len(column.conventions) > 1 or len(column.dates) > 1
            if unsettled and self.whole is not None:
                found[index] = self._column(index, names[index], self.whole(index), False)
        marks = {c.conventions[0].decimal for c in found if len(c.conventions) == 1 and c.marked}
        first = {words_of(c.dates[0])[:3] for c in found if len(c.dates) == 1}
        return [self._settle(i, column, marks, first) for i, column in enumerate(found)]

    # --- one column -----------------------------------------------------------------------------

    def _column(self, index: int, name: str, counts: Mapping[str, int], text: bool) -> _Found:
        like = self.wanted.like.column(name) if self.wanted.like else None
        kind = "text" if text else like.kind if like else None
        cells = self._no_marks(counts)
        plain = _Found(ColumnFormat(name, kind or "text"), [], [], cells)
        if kind == "text" or not cells:
            return plain
        if index in self.asked:
            kind = "number"
        if kind != "date" and PLAIN.fullmatch(cells[0]):
            quick = self._plain(name, cells)
            if quick is not None:
                return quick
        if kind != "number":
            found = self._dates(index, name, cells, counts, kind)
            if found is not None:
                return found
        return self._numbers(index, name, cells, counts, kind) or plain

    def _no_marks(self, counts: Mapping[str, int]) -> list[str]:
        """The first cells that do not mean "missing": `is_mark` for each, in one go."""
        named = frozenset(self.wanted.missing)
        cells = list(itertools.islice(counts, ENOUGH + 100))
        if not MARKS.isdisjoint(map(str.lower, cells)) or "" in counts:
            cells = [cell for cell in cells if cell and cell.lower() not in MARKS]
        if not named.isdisjoint(cells):
            cells = [cell for cell in cells if cell not in named]
        return cells[:ENOUGH]

    def _plain(self, name: str, cells: list[str]) -> _Found | None:
        """Numbers as computers write them, which most columns are; None: look closer."""
        if self.wanted.decimal not in (None, ".") or self.wanted.thousands == ".":
            return None
        forms = shapes(cells)
        if not all(map(PLAIN.fullmatch, forms)):
            return None
        codes = any(map(_DIGITS.fullmatch, forms)) and any(map(_CODE.fullmatch, cells))
        if codes or dates.is_compact(cells, name):
            return None
        pointed = any("." in form for form in forms)
        if pointed and all(map(_GROUPED.fullmatch, forms)):
            return None  # 1.234 alone: it could be either
        return _Found(ColumnFormat(name, "number"), [Convention(".", "")], [], cells, pointed)

    def _dates(
        self, index: int, name: str, cells: list[str], counts: Mapping[str, int], kind: str | None
    ) -> _Found | None:
        named = self.wanted.date_format
        if named:
            dates.check_format(named)
        forms, odd = dates.readings(cells, name, named)
        if not forms and kind == "date" and self.wanted.lenient:
            forms, odd = self._as_then(name, cells)
        if not forms:
            if kind == "date":
                self._odd(index, cells[0], "a date, as in training")
            return None
        if odd and kind != "date" and not self._few(odd, cells, counts):
            return None
        if odd and not self._leaves(kind, odd, cells, counts):
            usual = next(cell for cell in cells if cell not in odd)
            self._odd(index, odd[0], f"a date such as {usual!r}", "the cell is no date")
        return _Found(ColumnFormat(name, "date", date_format=forms[0]), [], forms, cells)

    def _numbers(
        self, index: int, name: str, cells: list[str], counts: Mapping[str, int], kind: str | None
    ) -> _Found | None:
        found, odd = {}, []
        for cell in cells:
            parts = written(cell)
            if parts is not None:
                found[cell] = parts
                continue
            odd.append(cell)
            if kind is None and len(odd) > max(1, 0.1 * len(cells)):
                return None  # as `_few` would say
        codes = any(parts.is_code for parts in found.values())
        if kind is None and (codes or not found or (odd and not self._few(odd, cells, counts))):
            return None
        if index in self.asked:
            if not found:
                return None
        elif odd and not self._leaves(kind, odd, cells, counts):
            usual = next(iter(found), None)
            expected = f"a number such as {usual!r}" if usual else "a number, as in training"
            self._odd(index, odd[0], expected)
        for what, values in (
            ("currency", {p.currency: c for c, p in found.items() if p.currency}),
            ("unit", {p.unit: c for c, p in found.items()}),
        ):
            if len(values) > 1:
                self._two(index, f"the column has more than one {what}", list(values.values()))
        allowed = self.wanted.conventions()
        bodies = {parts.body for parts in found.values()}
        fits = readings(bodies, allowed)
        if not fits and (self.wanted.lenient or index in self.asked) and kind:
            fits = self._most(name, found, allowed, counts)
        if not fits:
            self._no_convention(index, found, allowed)
        money = next((p.currency for p in found.values() if p.currency), "")
        unit = next((p.unit for p in found.values() if p.unit), "")
        marked = any(not body.isdigit() for body in bodies)
        shape = ColumnFormat(name, "number", currency=money, unit=unit)
        return _Found(shape, fits, [], list(found), marked)

    def _few(self, odd: list[str], cells: list[str], counts: Mapping[str, int]) -> bool:
        """So few cells are odd that the column is meant to be without them."""
        usual = len(cells) - len(odd)
        rows = sum(counts[cell] for cell in odd) / sum(counts[cell] for cell in cells)
        return usual >= 2 and rows <= 0.5 and (len(odd) == 1 or len(odd) <= 0.1 * len(cells))

    def _as_then(self, name: str, cells: list[str]) -> tuple[list[str], list[str]]:
        """The format of the dates of the training, and the cells that are none in it."""
        like = self.wanted.like.column(name) if self.wanted.like else None
        form = (like.date_format if like else "") or "%Y-%m-%d"
        pa = need()
        bad = dates.convert(pa.array(cells, pa.string()), form)[1]
        odd = [cells[i] for i in np.flatnonzero(bad).tolist()]
        return ([form], odd) if len(odd) < len(cells) else ([], odd)

    def _leaves(
        self, kind: str | None, odd: list[str], cells: list[str], counts: Mapping[str, int]
    ) -> bool:
        """Whether cells of a known kind may stay unread: at most half of the rows."""
        rows = sum(counts[cell] for cell in odd) / sum(counts[cell] for cell in cells)
        return self.wanted.lenient and kind is not None and rows <= 0.5

    def _most(
        self, name: str, found: Mapping[str, Written], allowed: Sequence[Convention],
        counts: Mapping[str, int],
    ) -> list[Convention]:  # fmt: skip
        """The convention of the training, where it fits at least half of the rows."""
        like = self.wanted.like.column(name) if self.wanted.like else None
        rows = sum(counts[cell] for cell in found)
        return [
            c
            for c in allowed
            if like is not None
            and (c.decimal, c.thousands) == (like.decimal, like.thousands)
            and 2 * sum(counts[cell] for cell, parts in found.items() if c in parts.fits) >= rows
        ]

    # --- what stops the reading -----------------------------------------------------------------

    def _odd(
        self, index: int, cell: str, expected: str, problem: str = "the cell is no number"
    ) -> None:
        raise odd_cell(self.place(index, cell), cell, expected, problem, bool(self.wanted.like))

    def _two(self, index: int, problem: str, cells: list[str]) -> None:
        raise DataError(
            problem,
            where=self.place(index, cells[1]),
            expected=f"such as {cells[0]!r} in every row",
            received=repr(cells[1][:80]),
            fix="write all cells alike"
            + ("" if self.wanted.like else f", or leave the column as text: {argument('as_text')}"),
        )

    def _no_convention(
        self, index: int, found: Mapping[str, object], allowed: Sequence[Convention]
    ) -> None:
        parts = {cell: written(cell) for cell in found}
        fitting = {c: [w for w, p in parts.items() if p and c in p.fits] for c in CONVENTIONS}
        best = max(allowed or CONVENTIONS, key=lambda c: len(fitting[c]))
        other = next(cell for cell in found if cell not in fitting[best])
        usual = fitting[best][0] if fitting[best] else None
        said = [
            argument(name, value)
            for name in ("decimal", "thousands")
            if (value := getattr(self.wanted, name)) is not None
        ]
        raise DataError(
            "the numbers of the column are not written alike",
            where=self.place(index, other),
            expected=f"such as {usual!r}" if usual else "a number with " + " and ".join(said),
            received=repr(other[:80]),
            fix=f"leave {' and '.join(said)} away" if said else "write all cells alike",
        )

    def _settle(self, index: int, column: _Found, marks: set[str], first: set[str]) -> ColumnFormat:
        """The one reading; what the rest of the file, or the training, says decides between two."""
        name, like = column.format.name, None
        if self.wanted.like is not None:
            like = self.wanted.like.column(name)
        if len(column.dates) > 1:
            forms = [f for f in column.dates if like is not None and f == like.date_format]
            forms = forms or [f for f in column.dates if {words_of(f)[:3]} == first]
            if len(forms) != 1:
                self._ask_date(index, column)
            return replace(column.format, date_format=forms[0])
        if len(column.conventions) > 1:
            kept = [
                c
                for c in column.conventions
                if like is not None and (c.decimal, c.thousands) == (like.decimal, like.thousands)
            ]
            kept = kept or [c for c in column.conventions if {c.decimal} == marks]
            if len(kept) != 1:
                self._ask_number(index, column)
            column.conventions = kept
        if not column.conventions:
            return column.format
        chosen = column.conventions[0]
        return replace(column.format, decimal=chosen.decimal, thousands=chosen.thousands)

    def _ask_number(self, index: int, column: _Found) -> None:
        shown = [cell for cell in column.cells if not cell.isdigit()][:2]
        said = []
        for c in column.conventions:
            values = " and ".join(
                f"{c.value(parts.body):.10g}" for cell in shown if (parts := written(cell))
            )
            mark = {",": "comma", ".": "point"}[c.thousands or c.decimal]
            what = f"{mark}s between thousands" if c.thousands else f"decimal {mark}"
            option = ("thousands", c.thousands) if c.thousands else ("decimal", c.decimal)
            said.append((f"{values} ({what})", argument(*option)))
        raise DataError(
            "the numbers can be read in two ways, and nothing in the file says which is meant",
            where=f"{self.where}, column {index + 1} ({column.format.name!r})",
            expected="one reading",
            received=f"{', '.join(map(repr, shown))}: " + " or ".join(s for s, _ in said),
            fix="say " + " or ".join(option for _, option in said),
        )

    def _ask_date(self, index: int, column: _Found) -> None:
        pa = need()

        shown = column.cells[0]
        said = []
        for form in column.dates:
            value = np.datetime_as_string(dates.convert(pa.array([shown]), form)[0][0], "D")
            said.append((f"{value} ({words_of(form)})", argument("date_format", form)))
        raise DataError(
            "the dates can be read in several ways, and nothing in the file says which is meant",
            where=f"{self.where}, column {index + 1} ({column.format.name!r})",
            expected="one reading",
            received=f"{shown!r}: " + " or ".join(s for s, _ in said),
            fix="say " + " or ".join(option for _, option in said),
        )


def odd_cell(
    where: str, cell: str, expected: str, problem: str = "", told: bool = False
) -> DataError:
    """The error for a cell that does not fit its column; told: the training said what that is."""
    leave = "" if told else f"; to leave the column as text, name it in {argument('as_text')}"
    if "number" in expected or "number" in problem:
        leave = f"; to take all such cells as missing, name it in {argument('as_number')}{leave}"
    return DataError(
        problem or "the cell does not fit its column",
        where=where,
        expected=expected,
        received=repr(cell[:80]),
        fix=f'correct it; if it stands for "missing", say {argument("missing", cell[:20])}{leave}',
    )
