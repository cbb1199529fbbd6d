"""A table larger than memory: gone through in blocks, described and scaled by a sample of its rows.

The first pass checks every row and draws the sample, from which come the roles of the columns,
medians and levels. The second writes encoded rows to a temporary file, from which they are learnt.
Which rows are held out follows from what is in them, so that a copy of a row is on its side.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import tables
from ..data.encoded import encoded_rows
from ..dialect import argument
from ..errors import ArgumentError, ChainruleError, DataError
from ..files import digest_of
from ..tables import Frame, split
from ..tables.passes import Drawn, bytes_of, draws, joined, rows_of, uniform
from ..tables.reading import passes
from ..tables.values import as_dates, as_labels, as_numbers, factorize
from .table_data import TableData, as_roles, kinds_of, places_of, read_table
from .table_options import TableOptions
from .table_progress import Count
from .table_series import check_series

__all__ = ["HELD", "LARGE", "Large", "is_large", "open_large", "some_rows"]

LARGE = 1 << 27  # bytes from which a table is not read at once
SAMPLE = 200_000  # rows from which roles, medians and levels are found, of tables that are not wide
_CELLS = 1 << 22  # of wider ones so many cells
_FEWEST = 10_000
HELD = 50_000  # rows held out, from which figures and report are
MOST = 1_000_000  # rows learnt from: ten passes over them are some minutes
_PLAIN = 1 << 26  # numbers of a network of the user's own, which are held in memory
_SHARE = 0.2
_LEVELS = 1000  # as many classes a target can have
_FEW_NUMBERS = 20
_EACH = 3  # rows of every class that are in the sample in any case
_DRAW, _SIDE, _LEARN, _HOLD = range(4)  # what numbers are drawn for


def is_large(data: Any, options: TableOptions) -> bool:
    """Is this a file whose rows are not read at once?

    Example:
        >>> is_large({"age": [39, 40]}, TableOptions())
        False
    """
    place = places_of(data, options)[0]
    if place is None or not os.path.isfile(place):
        return False
    try:
        return bytes_of(place) >= LARGE
    except ChainruleError:
        return False  # reading it says what is wrong
    except Exception:  # Arrow's own: the same
        return False


def open_large(data: Any, options: TableOptions, seed: int = 0, verbose: Any = 0) -> TableData:
    """Go through all rows once: they are checked, and a sample of them is drawn and understood.

    Returns:
        The sample as a table; its `large` knows the file. What is held out is there after
        `large.encoded`.

    Raises:
        As `open_table`.
    """
    _refuse(options)
    place, test = places_of(data, options)
    made = Large(place, options, seed, verbose)  # type: ignore[arg-type]
    table = made.look()
    if test is not None:
        made.add_test(table, test)
    return table


def _refuse(options: TableOptions) -> None:
    for name in ("folds", "lags"):
        if getattr(options, name):
            raise ArgumentError(
                f"{argument(name)} are for tables that fit into memory",
                where="train",
                fix=f"leave {argument(name)} out: a fifth of the rows is held out",
            )


class Large:
    """A file of rows and what a first look found of it.

    Args:
        place: its path.
        options: what was said about the table.
        seed: of all that is drawn.
        verbose: show how many rows have come by.
    """

    def __init__(self, place: str, options: TableOptions, seed: int, verbose: Any) -> None:
        self.place, self.options, self.seed, self.verbose = place, options, seed, verbose
        self.passes = passes(place, **options.reading(), **kinds_of(options))
        self.rows = self.without = 0  # that have a target, and that have none
        self.free = False  # are equal rows no copies of each other?
        self.later: float | None = None  # the time from which rows are held out
        self.roles: Any = None
        self.told = False  # of copies in a file for the figures

    # --- the first pass -------------------------------------------------------------------------

    def look(self) -> TableData:
        """Check all rows; the sample, without the rows of it that are held out."""
        options, target = self.options, self.options.target
        while True:
            first = self._first(target)
            sample = first.sample()
            roles = tables.find_roles(sample, **{**options.roles(), "target": target})
            if roles.target == first.aim:
                break
            target = roles.target  # the first rows let another column look like it
        check_series(sample, roles, options)
        self.roles, self.sampled = roles, len(sample)
        self.rows, self.without = first.rows, first.without
        sample = sample.take(tables.known_rows(sample, roles))
        if options.time is not None:
            self.later = self._start_of_the_last(sample)
        copies = split.equal_rows(sample, roles)
        self.free = copies.copies > 0 and len(np.unique(copies.groups)) == len(sample)
        frame = sample.take(~self.is_held_out(sample))
        return TableData(
            frame, roles, tables.targets(frame, roles), os.path.basename(self.place), self.place,
            digest_of(self.place), large=self,
            notices=[*roles.notices, *self._say(copies.copies, sample)],
        )  # fmt: skip

    def _first(self, target: int | str | None) -> _First:
        made: list[_First] = []

        def begin() -> Callable[[Frame], None]:
            made.append(_First(self.options, self.seed, target, count))
            return made[-1]

        count = Count("checking rows", self.passes.rows_about, self.verbose)
        self.passes.first(begin)
        count.clear()
        if not made[-1].rows:
            raise DataError("the table has no rows with a target", where=self.place)
        return made[-1]

    def _start_of_the_last(self, sample: Frame) -> float:
        """The moment from which a fifth of the rows are."""
        column = sample[self.options.time].name  # type: ignore[index]
        train, _ = split.by_time(sample, column, _SHARE)
        times = _times(sample[column])
        return float(np.nextafter(times[train].max(), np.inf))

    def _say_time(self, sample: Frame) -> list[str]:
        """Of a table that is read at once the last rows by time have figures of their own."""
        told = self.options
        column = split.time_column(sample, self.roles)
        if column is None or told.time is not None or told.test is not None:
            return []
        share = f"{_SHARE:.0%}".replace("%", " %")
        return [
            f"the rows are of different times ({column!r}), and so are those held out: whether "
            "later rows are harder is not looked at in so large a table; "
            f"{argument('time', column)} holds out the last {share}"
        ]

    def _say(self, copies: int, sample: Frame) -> list[str]:
        said = []
        if self.without:
            rows = "row has" if self.without == 1 else "rows have"
            said.append(f"{self.without:,} {rows} no {self.roles.target!r} and cannot be judged: "
                        "left out")  # fmt: skip
        if self.sampled < self.rows:
            said.append(
                "the table is too large to be held in memory: columns, medians and levels from "
                f"{self.sampled:,} of {self.rows:,} rows, drawn by the seed"
            )
        said += self._say_time(sample)
        if self.free:
            said.append("the rows are of few kinds: equal rows are split freely")
        elif copies:
            said.append(
                f"{copies:,} of {self.sampled:,} rows looked at are copies of others: equal rows "
                "stay on the same side"
            )
        return said

    def describe(self) -> str:
        """Which rows are learnt from, and which the figures come from."""
        whole = f"{self.rows:,} rows"
        if self.options.test is not None:
            return f"{whole} to train on; figures on the rows of the test"
        last = "the last " if self.later is not None else ""
        return (
            f"{whole}: {last}{_SHARE:.0%} held out, figures on at most {HELD:,} of them; at "
            f"most {MOST:,} of the others to train on, drawn by the seed"
        ).replace("%", " %")

    # --- sides ----------------------------------------------------------------------------------

    def is_held_out(self, frame: Frame, groups: np.ndarray | None = None) -> np.ndarray:
        """Whether rows are for the figures alone.

        Args:
            frame: the rows.
            groups: of them, where they are known already.
        """
        if self.options.test is not None:
            return np.zeros(len(frame), bool)
        if self.later is not None:
            return _times(frame[self.options.time]) >= self.later  # type: ignore[index]
        if self.free and self.options.group is None:
            return draws(frame.lines, self.seed, _SIDE) < _SHARE
        groups = self.groups(frame) if groups is None else groups
        return uniform(split.scramble(groups)) < _SHARE

    def groups(self, frame: Frame) -> np.ndarray:
        """A number for each row; rows of one number belong together."""
        if self.options.group is None:
            return split.row_hashes(frame, self.roles, self.seed)
        labels = as_labels(frame[self.options.group]).copy()
        alone = np.flatnonzero(labels == None)  # noqa: E711 - cell by cell
        labels[alone] = [f"\0{line}" for line in frame.lines[alone].tolist()]
        one = Frame([tables.Column("group", 0, "text", labels)], frame.lines)
        roles = tables.Roles((tables.Role("group", 0, "category", ""),), "", "")
        return split.row_hashes(one, roles, self.seed)

    # --- the second pass ------------------------------------------------------------------------

    def encoded(self, encoder: Any, table: TableData, plain: bool) -> tuple[Any, Any, Any]:
        """Rows to learn from, encoded, in a temporary file; the rows held out go into the table.

        Returns:
            Columns, targets and groups of the rows to learn from, memory-mapped.

        Args:
            encoder: adapted.
            table: what `open_large` gave.
            plain: for a network of the user's own.
        """
        share, held = self._share(encoder, plain), Drawn(HELD)
        count = Count("encoding rows", self.rows + self.without, self.verbose)
        about = int(share * self.rows * (1 - _SHARE))
        rows = encoded_rows(self._blocks(encoder, share, held, count), rows=max(1, about))
        count.clear()
        if self.options.test is None:
            self._hold(table, held)
        columns, groups = rows.x["columns"], rows.x["groups"]  # type: ignore[index]
        self._copies(table, groups)
        return columns, rows.y, None if self.free and self.options.group is None else groups

    def _copies(self, table: TableData, groups: np.ndarray) -> None:
        """Rows for the figures that are learnt from as well: left out by time, else said."""
        held: Any = table.test
        if self.options.group is not None or (self.options.test is None and self.later is None):
            return
        seen = np.isin(self.groups(held).view(np.int64), groups)
        if self.options.test is None:  # what comes later may be a copy of what came before
            table.test, table.test_y = held.take(~seen), table.test_y[~seen]  # type: ignore[index]
        elif seen.any() and not self.told:
            self.told = True
            table.notices.append(
                f"{argument('test')}: {int(seen.sum()):,} of {len(held):,} rows are equal to rows "
                "of the training, which flatters the figures"
            )

    def _share(self, encoder: Any, plain: bool) -> float:
        """Of the rows that are not held out, how many are learnt from."""
        most = MOST
        if plain:
            width = sum(map(len, encoder.feature_names.values()))
            most = max(1, min(MOST, _PLAIN // width))
        return min(1.0, most / max(1.0, self.rows * (1 - _SHARE)))

    def held_again(self, encoder: Any, table: TableData, plain: bool) -> None:
        """The rows held out into the table, as `encoded` does; nothing is encoded."""
        if self.options.test is not None:
            return
        held = Drawn(HELD)
        count = Count("looking for the rows held out", self.rows + self.without, self.verbose)
        for _ in self._blocks(encoder, self._share(encoder, plain), held, count, write=False):
            pass
        count.clear()
        self._hold(table, held)

    def _hold(self, table: TableData, held: Drawn) -> None:
        if not held.seen:
            raise DataError("no row is left for the figures", where=self.place)
        table.test = held.frame()
        table.test_y = tables.targets(table.test, self.roles)

    def _blocks(
        self, encoder: Any, share: float, held: Drawn, count: Count, write: bool = True
    ) -> Any:
        for frame in self.passes:
            count.add(len(frame))
            known = tables.known_rows(frame, self.roles)
            if share < 1:
                known &= draws(frame.lines, self.seed, _LEARN) < share
            frame = rows_of(frame, np.flatnonzero(known))
            groups = self.groups(frame)
            apart = self.is_held_out(frame, groups)
            if apart.any():
                later = frame.take(apart)
                held.add(later, draws(later.lines, self.seed, _HOLD))
            rest = frame.take(~apart)
            if not len(rest) or not write:
                continue
            tidy = as_roles(rest, self.roles)[0]
            encoder.widen(tidy)
            x = {"columns": encoder.prepare(tidy), "groups": groups[~apart].view(np.int64)}
            yield x, tables.targets(rest, self.roles)

    # --- another file for the figures -----------------------------------------------------------

    def add_test(self, table: TableData, test: Any) -> None:
        """Rows of another file for the figures.

        Raises:
            ArgumentError: it is the file of the training.
            DataError: it has no rows.
        """
        rows, said = some_rows(test, self.options, self.passes.format, self.seed, self.verbose)
        known = tables.known_rows(rows, self.roles)
        table.test = rows.take(known)
        table.test_y = tables.targets(table.test, self.roles)
        if not len(table.test):
            raise DataError("the file for the figures has no rows", where=rows.where)
        if isinstance(test, (str, os.PathLike)):
            table.test_place = os.path.abspath(os.fspath(test))
            table.test_digest = digest_of(table.test_place)
            if table.test_digest == table.digest:
                raise ArgumentError(
                    f"the rows of {argument('test')} are those of the training: figures on them "
                    "say nothing about other rows",
                    where=rows.where,
                    fix=f"leave {argument('test')} out, and rows are held out",
                )
        table.notices += [f"{argument('test')}: {line}" for line in said]


class _First:
    """What the first pass collects: counts, and rows drawn."""

    def __init__(
        self, options: TableOptions, seed: int, target: int | str | None, count: Count
    ) -> None:
        self.options, self.seed, self.target, self.count = options, seed, target, count
        self.rows = self.without = 0
        self.aim = ""
        self.drawn: Drawn | None = None
        self.levels: dict[Any, int] | None = {}  # of the target, with rows that are kept of each
        self.rare: list[Frame] = []
        count.start()

    def __call__(self, frame: Frame) -> None:
        if self.drawn is None:
            given = {**self.options.roles(), "target": self.target}
            self.aim = tables.roles.aim(frame, **given)
            wide = max(_FEWEST, _CELLS // len(frame.columns))
            self.drawn = Drawn(min(SAMPLE, wide))
        self.count.add(len(frame))
        target = frame[self.aim]
        known = ~target.missing
        self.without += int((~known).sum())
        self.rows += int(known.sum())
        rows = np.flatnonzero(known)
        self.drawn.add(frame, np.where(known, draws(frame.lines, self.seed, _DRAW), 2.0))
        if self.levels is not None:
            self._see_levels(frame, target, rows)

    def _see_levels(self, frame: Frame, target: Any, rows: np.ndarray) -> None:
        """The first rows of every class: one of a million rows is in no sample."""
        values = target.values[rows]
        if target.kind == "text":
            found, codes = factorize(values)
        else:
            found, codes = np.unique(values, return_inverse=True)
            found = found.tolist()
        known: dict[Any, int] = self.levels or {}
        numbers = target.kind != "text" and self.options.task != "classification"
        if len(known.keys() | set(found)) > (_FEW_NUMBERS if numbers else _LEVELS):
            self.levels, self.rare = None, []
            return
        wanted = [k for k, level in enumerate(found) if known.get(level, 0) < _EACH]
        kept = [rows[codes == k][: _EACH - known.get(found[k], 0)] for k in wanted]
        for k, some in zip(wanted, kept, strict=True):
            known[found[k]] = known.get(found[k], 0) + len(some)
        self.levels = known
        if kept:
            self.rare.append(rows_of(frame, np.sort(np.concatenate(kept))))

    def sample(self) -> Frame:
        """The rows drawn and those of rare classes, in the order of the file."""
        if self.drawn is None or not self.rows:
            raise DataError("the table has no rows with a target", where="train")
        drawn = self.drawn.frame()
        both = joined([drawn, *self.rare])
        _, place = np.unique(both.lines, return_index=True)
        return both.take(place)


def _times(column: Any) -> np.ndarray:
    """Numbers or dates as float64, in order of time; NaN where there is none."""
    times = as_numbers(column)
    if np.isnan(times).all():
        dates = as_dates(column)
        times = np.where(np.isnat(dates), np.nan, dates.astype(np.int64).astype(np.float64))
    return times


def some_rows(
    data: Any, options: TableOptions, columns: Any, seed: int = 0, verbose: Any = 0
) -> tuple[Frame, list[str]]:
    """The rows of a file; of a large one at most as many as are held out, drawn by the seed.

    Args:
        data: a file, or a table in memory.
        options: how it is read.
        columns: the `Format` of the training's table.
        seed: of the choice.
        verbose: show how many rows have come by.

    Returns:
        The rows, and a sentence where they are not all.
    """
    if not is_large(data, options):
        return read_table(data, options, columns=columns), []
    again = passes(os.fspath(data), **options.reading(), **kinds_of(options), columns=columns)
    count = Count("reading rows", again.rows_about, verbose)
    made: list[Drawn] = []

    def begin() -> Callable[[Frame], None]:
        count.start()
        drawn = Drawn(HELD)
        made.append(drawn)

        def look(frame: Frame) -> None:
            count.add(len(frame))
            drawn.add(frame, draws(frame.lines, seed, _HOLD))

        return look

    again.first(begin)
    count.clear()
    drawn = made[-1]
    frame = drawn.frame()
    few = len(frame) < drawn.seen
    said = f"{len(frame):,} of {drawn.seen:,} rows, drawn by the seed"
    return frame, [said] if few else []
