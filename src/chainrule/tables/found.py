"""A file of lines and how it is written, found from a sample that is spread over it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NoReturn

import numpy as np

from ..dialect import argument
from ..errors import DataError, FileError
from .bytes import Lines, Sample, encoding_of, first_bytes, nul_byte, sample, spaced_quote
from .convert import is_plain
from .dialects import (
    check_delimiter,
    columns_of_rows,
    find_comment,
    find_delimiter,
    is_open,
    rows_of,
)
from .formats import ColumnFormat, Format, encoding_words
from .judge import Judge, Wanted, is_mark, shapes
from .layout import Row, find_footer, find_layout, looks
from .numbers import written

__all__ = ["CODE", "CsvFile", "is_infinite", "ragged", "split_lines", "stray_quote"]

_SOME = 3000  # lines of a sample in which header and width are looked for
_FIRST = 12  # rows whose cells are kept as they were written


class CsvFile:
    """One file of lines, its format found.

    Args:
        path: the file.
        wanted: what was said about it.
        compression: `"gzip"` or "".
    """

    def __init__(self, path: str, wanted: Wanted, compression: str = "") -> None:
        self.path, self.wanted, self.compression = path, wanted, compression
        self.as_strings = False  # whole numbers are read as text, for the sake of their zeros
        self.by_hand: set[int] = set()  # columns of numbers that Arrow would not understand
        self.extra_text: tuple[int, ...] = ()
        self._find()

    def _find(self) -> None:
        wide = _width_of_characters(self.path, self.compression, self.wanted.encoding)
        found = sample(self.path, self.compression, wide)
        self.encoding = encoding_of(found, self.wanted.encoding, self.path)
        self.sampled_whole = found.whole
        head, pieces, tail = self._texts(found)
        if "\0" in head:
            line = head[: head.index("\0")].count("\n") + 1
            raise nul_byte(f"{self.path}, line {line}")
        lines = split_lines(head)
        self.comment = find_comment(lines[:50], self.wanted.comment)
        hinted, skip = self._hint(lines)
        body = self._without_comments(lines, skip)
        self.delimiter = self.wanted.delimiter or hinted or find_delimiter(body[:400], self.path)
        check_delimiter(self.delimiter, self.path)
        # what stands above the table and how its rows begin is looked for in the first of them
        some = len(body) if found.whole or '"' in head else min(len(body), _SOME)
        rows = [row for row in rows_of(body[:some], self.delimiter, 1, self.path) if any(row[1])]
        if found.whole and rows and is_open(body[rows[-1][0] - 1 :], self.delimiter):
            raise stray_quote(self, *rows[-1])
        counts = Counter(len(cells) for _, cells in rows[:2000])
        self.width = max(counts, key=lambda n: (counts[n], n)) if counts else 0
        if self.width == 1:
            self._check_one_column(rows)
        self.layout = find_layout(rows[:200], self.width, self.wanted, self.path)
        self.names = self.layout.names
        first = self.layout.first
        after = self.layout.units_line or self.layout.header_line
        self.first_line = rows[first][0] if first < len(rows) else after + 1
        self.skip = len("".join(lines[: self.first_line - 1]).encode("utf-8", "replace"))
        self._set_quotes(head, pieces)
        self._set_cells(rows[first:], body[some:], pieces, tail)
        self._judge()

    def _set_quotes(self, head: str, pieces: list[str]) -> None:
        self.quotes = '"' in head or any('"' in piece for piece in pieces)
        found = re.finditer(spaced_quote(self.delimiter), head, re.MULTILINE)
        self.close_quotes = self.quotes and any(not m[0].startswith('"') for m in found)

    def _set_cells(self, data: list[Row], more: list[str], pieces: list[str], tail: str) -> None:
        """The different cells of each column of the sample, without what stands below the table."""
        good = [cells for _, cells in data if len(cells) == self.width]
        parts = [columns_of_rows(more, self.delimiter, self.width)] if more else []
        for piece in pieces:
            lines = split_lines(piece)
            # where quotes hold line breaks, a piece may begin inside them
            if '"' not in piece or all(
                len(cells) == self.width for _, cells in rows_of(lines, self.delimiter)
            ):
                parts.append(columns_of_rows(lines, self.delimiter, self.width))
        count, self.footer, self.tail = self._find_footer(data, tail, good)
        if count and self.sampled_whole:
            below = sum(len(cells) == self.width for _, cells in data[-count:])
            good = good[: len(good) - below]
        columns = list(zip(*good, strict=False)) or [()] * len(self.names)
        self.counts = [Counter(column) for column in columns]
        for i, counts in enumerate(self.counts):
            for part in parts:
                counts.update(part[i])
            counts.pop("", None)
        self.head_rows = good[:_FIRST]

    def _texts(self, found: Sample) -> tuple[str, list[str], str]:
        """The sample as text, lines ending with a line feed."""
        codec = {"utf-16": "utf-16", "utf-32": "utf-32"}.get(self.encoding, self.encoding)
        follow = codec
        if codec == "utf-16":
            follow = "utf-16-be" if found.head[:2] == b"\xfe\xff" else "utf-16-le"
        elif codec == "utf-32":
            follow = "utf-32-be" if found.head[:2] == b"\0\0" else "utf-32-le"
        elif codec == "utf-8-sig":
            follow = "utf-8"
        errors = "strict" if found.whole else "replace"
        try:
            head = found.head.decode(codec, errors)
        except UnicodeError as error:
            self._not_decodable(error)
        pieces = [piece.decode(follow, "replace") for piece in found.pieces]
        tail = head if found.whole else found.tail.decode(follow, "replace")
        self.lone_returns = "\n" not in head and "\r" in head
        if self.lone_returns:
            head, tail = head.replace("\r", "\n"), tail.replace("\r", "\n")
            pieces = [piece.replace("\r", "\n") for piece in pieces]
        return head, pieces, tail

    def _not_decodable(self, error: UnicodeError) -> NoReturn:
        wrong = getattr(error, "object", b"")[getattr(error, "start", 0) :][:1]
        raise FileError(
            f"the file is not {encoding_words(self.encoding)}",
            where=self.path,
            received=f"the byte 0x{wrong.hex()}" if wrong else error,
            fix=f"name its encoding: {argument('encoding')}",
        ) from None

    def _hint(self, lines: Sequence[str]) -> tuple[str | None, int]:
        """Excel's first line `sep=;`."""
        first = lines[0].strip() if lines else ""
        if re.fullmatch("(?i)sep=.", first):
            return first[4], 1
        return ("\t", 1) if first.lower() == "sep=" and "\t" in lines[0] else (None, 0)

    def _without_comments(self, lines: Sequence[str], skip: int) -> list[str]:
        """Comments and the hint as empty lines; a header behind a comment mark stays."""
        out = ["\n" if i < skip else line for i, line in enumerate(lines)]
        if not self.comment:
            return out
        marked = [i for i, line in enumerate(out) if line.startswith(self.comment)]
        first = next((i for i, line in enumerate(out) if line.strip() and i not in {*marked}), 0)
        above = max((i for i in marked if i < first), default=None)
        bare = "" if above is None else out[above].strip().lstrip("#/%").strip()
        for i in marked:
            out[i] = "\n"
        # `# a,b,c` right above rows of three numbers is their header
        if bare and above is not None and self.wanted.header is not False:
            delimiter = self.wanted.delimiter or find_delimiter(out[:400], self.path)
            names, cells = (
                next(rows_of([line], delimiter), (0, [""]))[1] for line in (bare, out[first])
            )
            if len(names) == len(cells) > 1 and any(map(written, cells)):
                out[above] = bare + "\n"
        return out

    def _check_one_column(self, rows: Sequence[Row]) -> None:
        if self.wanted.delimiter is None:
            return
        other = next((mark for mark in ";\t|," if mark in rows[0][1][0]), None)
        if other:
            raise DataError(
                "there is only one column",
                where=f"{self.path}, line {rows[0][0]}",
                received=repr(rows[0][1][0][:80]),
                fix="read it with " + argument("delimiter", other),
            )

    def _find_footer(
        self, data: list[Row], tail: str, good: list[list[str]]
    ) -> tuple[int, list[str], int]:
        """Rows below the table, their lines, and how many bytes they are with what follows."""
        lines = split_lines(tail)
        if self.comment:
            lines = ["\n" if line.startswith(self.comment) else line for line in lines]
        rows = data if self.sampled_whole else list(rows_of(lines, self.delimiter))
        rows = [row for row in rows if any(row[1])]
        count = 0
        # a tail that begins inside quotes is not looked at
        if self.sampled_whole or all(len(cells) == self.width for _, cells in rows[:-5]):
            count = find_footer(rows, self.width, rough_kinds(good[:60], self.width))
            # a quote that is not closed makes one cell of all that follows: that is no remark
            if count and is_open(lines[rows[-1][0] - 1 :], self.delimiter):
                count = 0
            while any("\n" in cell for _, cells in rows[len(rows) - count :] for cell in cells):
                count -= 1
        if count:
            at = rows[len(rows) - count][0] - 1
        else:
            at = len(lines)
            while at and not lines[at - 1].strip(" \t\r\n" + self.delimiter):
                at -= 1
        below = "".join(split_lines(tail)[at:])
        shown = [line.strip() for line in lines[at:] if line.strip(" \t\r\n" + self.delimiter)]
        return count, shown, len(below.encode("utf-8", "replace"))

    def _judge(self) -> None:
        whole = None if self.sampled_whole else self.all_cells
        text = tuple(self.wanted.as_text) + self.extra_text
        judge = Judge(replace(self.wanted, as_text=text), self.path, self.place, whole)
        self.columns = judge.columns(self.names, self.counts)
        self.from_row: set[str] = set()  # columns whose unit stands above, not in the cells
        for i, unit in enumerate(self.layout.units):
            column = self.columns[i]
            if unit and column.kind == "number" and not column.unit:
                self.columns[i] = replace(column, unit=unit.strip("[]() "))
                self.from_row.add(column.name)
        plain = [c.decimal for c in self.columns if c.kind == "number"]
        self.decimal = "," if plain and all(d == "," for d in plain) else "."
        self.whole_numbers = {
            i
            for i, c in enumerate(self.columns)
            if self.is_native(c)
            and all(_WHOLE.fullmatch(form) for form in shapes(self.counts[i]) if "0" in form)
        }
        # −5 and (5) are numbers too, but not for Arrow
        self.by_hand |= {
            i
            for i, c in enumerate(self.columns)
            if c.kind == "number" and not _SIGNS.isdisjoint("".join(shapes(self.counts[i])))
        }

    def is_native(self, column: ColumnFormat) -> bool:
        """Whether Arrow could read the column by itself."""
        unit = "" if column.name in self.from_row else column.unit
        return is_plain(replace(column, unit=unit), self.decimal)

    def is_by_arrow(self, index: int) -> bool:
        """Whether it does."""
        by_hand = index in self.by_hand or (self.as_strings and index in self.whole_numbers)
        return not by_hand and self.is_native(self.columns[index])

    def repeats(self, index: int) -> bool:
        """Whether cells of the column stand in many rows: then each is looked at once."""
        counts = self.counts[index]
        return 50 * len(counts) < sum(counts.values())

    @property
    def format(self) -> Format:
        """What was found."""
        marked = any(
            "," in cell
            for column, cells in zip(self.columns, self.counts, strict=True)
            if column.kind == "number" and column.decimal == ","
            for cell in cells
        )
        notes = [
            f"column {i + 1} has no name: it is called {self.names[i]!r}"
            for i in self.layout.unnamed[:3]
        ]
        return Format(
            "CSV", tuple(self.columns), self.delimiter if self.width > 1 else "", self.encoding,
            self.compression, bool(self.layout.header_line), self.layout.header_line,
            self.first_line, self.layout.titles, self.layout.units_line, tuple(self.footer),
            "," if marked else ".", self.comment, self.wanted.missing, notes=tuple(notes),
        )  # fmt: skip

    def lines(self, watch: Callable[[bytes], None] | None = None) -> Lines:
        """The bytes from the first row to the last."""
        return Lines(
            self.path, self.encoding, self.compression, skip=self.skip,
            first_line=self.first_line, tail=self.tail,
            comment=self.comment, close_quotes=self.close_quotes, delimiter=self.delimiter,
            lone_returns=self.lone_returns, watch=watch,
        )  # fmt: skip

    def called(self, index: int) -> str:
        """`column 3 ('price')`."""
        return f"column {index + 1} ({self.names[index]!r})"

    def slow_rows(self) -> Iterator[Row]:
        """Every row with its line, cell by cell: for messages."""

        def text() -> Iterator[str]:
            for block in self.lines().blocks():
                yield from split_lines(block.decode("utf-8", "replace"))

        return rows_of(text(), self.delimiter, self.first_line, self.path)

    def place(self, index: int, cell: str) -> str:
        """Where such a cell of a column stands first."""
        for line, cells in self.slow_rows():
            if index < len(cells) and cells[index] == cell:
                return f"{self.path}, line {line}, {self.called(index)}"
        return f"{self.path}, {self.called(index)}"

    def find_cell(self, wrong: Callable[[str], bool], index: int) -> tuple[str, str]:
        """The first cell of a column that is wrong: where, and what."""
        for line, cells in self.slow_rows():
            if index < len(cells) and wrong(cells[index]):
                return f"{self.path}, line {line}, {self.called(index)}", cells[index]
        return f"{self.path}, {self.called(index)}", ""

    def all_cells(self, index: int) -> Mapping[str, int]:
        """All different cells of a column, for what a sample cannot decide."""
        found: Counter[str] = Counter()
        for _, cells in self.slow_rows():
            if index < len(cells) and cells[index]:
                found[cells[index]] += 1
                if len(found) > 100_000:
                    break
        return found

    def such_as(self, index: int) -> str:
        """`a number such as '12'`."""
        kind = self.columns[index].kind
        usual = next((c for c in self.counts[index] if not is_mark(c, self.wanted.missing)), None)
        return f"a {kind} such as {usual!r}" if usual else f"a {kind}"


_WHOLE = re.compile(r"[+-]?[0-9]+")
CODE = re.compile(r"[+-]?0[0-9]+|[+-]?[0-9]{16,}")
_SIGNS = frozenset("−(")


def is_infinite(cell: str) -> bool:
    """Whether a cell is a number beyond those of float64, or says so."""
    try:
        return bool(np.isinf(float(cell)))
    except ValueError:
        return False


def split_lines(text: str) -> list[str]:
    """Lines with their ends."""
    # not splitlines, which also cuts at form feeds and at separators that are text
    return re.findall(r"[^\n]*\n|[^\n]+$", text)


def _width_of_characters(path: str, compression: str, named: str | None) -> int:
    start = first_bytes(path, 4, compression)
    name = (named or "").lower()
    if start[:4] in (b"\xff\xfe\0\0", b"\0\0\xfe\xff") or "32" in name:
        return 4
    wide = start[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in start or "16" in name
    return 2 if wide else 1


def rough_kinds(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """What the columns are, roughly; for telling the last row from the others."""
    kinds = []
    for i in range(width):
        found = Counter(looks(cells[i]) for cells in rows)
        kinds.append("number" if found["number"] > found["text"] else "text")
    return kinds


def ragged(table: CsvFile, line: int, cells: list[str]) -> DataError:
    """The error for a row of another length."""
    breaks = sum(cell.count("\n") for cell in cells)
    if breaks:
        return stray_quote(
            table,
            line,
            cells,
            f"the row runs over {breaks + 1:,} lines, and has a different length",
        )
    some = f"{len(cells)} cell" + ("s" if len(cells) != 1 else "")
    fix = "quote cells that contain the delimiter, or complete the row"
    if cells and cells[0][:1] in "#%/":
        fix = f"if it is a comment, say {argument('comment', cells[0][:1])}"
    if any("\n" in cell for cell in cells):
        fix = "look for a quote in this row that is never closed: it takes in the rows below"
    return DataError(
        "the row has a different length",
        where=f"{table.path}, line {line}",
        expected=f"{table.width} cells, as in the first row",
        received=f"{some}: {table.delimiter.join(cells)[:60]!r}",
        fix=fix,
    )


def stray_quote(
    table: CsvFile, line: int, cells: list[str], problem: str = "a quote is opened and never closed"
) -> DataError:
    """The error for a row that holds rows further down, by a quote without its partner."""
    shown = next((cell for cell in cells if "\n" in cell), cells[-1] if cells else "")
    return DataError(
        problem,
        where=f"{table.path}, line {line}",
        expected="a closing quote for every opening one, as RFC 4180 says",
        received=repr('"' + shown.split("\n")[0][:60]),
        fix='close the quote or take it away; inside a cell a quote is doubled: "5"" pipe"',
    )
