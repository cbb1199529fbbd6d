"""Tables in files of lines: Arrow reads them in the format found, and no cell is trusted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np

from ..dialect import argument
from ..errors import ChainruleError, DataError, FileError
from .arrow import compute, need
from .bytes import Lines, Sample, code_places, columns_of, encoding_of, open_bytes
from .convert import column_data, unread
from .dialects import rows_of
from .found import CODE, CsvFile, is_infinite, ragged
from .frame import Column, Frame
from .judge import MARKS, Wanted, is_mark, odd_cell
from .numbers import MAX_DIGITS, Convention, written
from .rownumbers import RowNumbers

__all__ = ["CsvTable", "ReadAgain"]

BLOCK = 4 << 20  # bytes of rows that come together where they come in blocks
_WIDE = 500  # columns
_CODES = 20_000  # cells that begin with 0 and are looked at one by one
_MARKS = sorted({"", *MARKS, *map(str.upper, MARKS), *map(str.capitalize, MARKS), "NaN", "NaT"})


class _Again(Exception):
    """What the sample did not show: the file is read again, knowing it."""

    def __init__(self, **changes: Any) -> None:
        super().__init__(str(changes))
        self.changes = changes


class ReadAgain(Exception):
    """The format has been mended: rows that were given before were read in another one."""


class CsvTable(CsvFile):
    """One file of lines, its format found; `read` it whole or in `blocks`.

    Args:
        path: the file.
        wanted: what was said about it.
        compression: `"gzip"` or "".
    """

    def __init__(self, path: str, wanted: Wanted, compression: str = "") -> None:
        super().__init__(path, wanted, compression)
        # rows of thousands of cells: each column of each block is converted by itself
        self.block_size = 1 << 20 if self.width < _WIDE else 1 << 24
        self.codes_seen = 0

    # --- reading --------------------------------------------------------------------------------

    def read(self) -> Frame:
        """All rows."""
        while True:
            try:
                return self._read()
            except _Again as again:
                self._change(**again.changes)

    def blocks(self, again: bool = False) -> Iterator[Frame]:
        """The same, some rows at a time.

        What a sample did not show cannot be mended after the first rows are gone: it is an error.

        Args:
            again: it can, as the rows are gone through once more: `ReadAgain` says so.
        """
        pa, arrow = need(), need("pyarrow.csv")
        lines = self.lines(self._watch())
        numbers = RowNumbers(self)
        given = False
        try:
            reader = arrow.open_csv(lines, *self._options(max(BLOCK, self.block_size)))  # type: ignore[arg-type]
            for batch in reader:
                if batch.num_rows:
                    frame = self._frame(
                        pa.Table.from_batches([batch]), numbers.take(batch.num_rows)
                    )
                    given = True
                    yield frame
            numbers.end()
        except Exception as error:
            found = error if isinstance(error, _Again) else self._translated(error, lines)
            if not isinstance(found, _Again):
                raise found from None
            if given and not again:
                raise self._not_again(found.changes) from None
            self._change(**found.changes)
            if given:
                raise ReadAgain from None
            yield from self.blocks(again)
        finally:
            lines.close()

    def _not_again(self, changes: Mapping[str, Any]) -> ChainruleError:
        names = [repr(self.names[i]) for i in changes.get("text", ())]
        return DataError(
            "rows further down are not written like those of the sample",
            where=self.path,
            received=f"leading zeros or more than {MAX_DIGITS} digits in column {', '.join(names)}"
            if names
            else ", ".join(changes),
            fix=f"name the column in {argument('as_text')}" if names else "read it at once",
        )

    def _change(
        self,
        text: Sequence[int] = (),
        block_size: int = 0,
        strings: bool = False,
        encoding: str = "",
        by_hand: int = -1,
    ) -> None:
        self.block_size = block_size or self.block_size
        self.as_strings |= strings
        if by_hand >= 0:
            self.by_hand.add(by_hand)
        if encoding:
            self.wanted = replace(self.wanted, encoding=encoding)
            self._find()
        if text:
            self.extra_text += tuple(text)
            self._judge()

    def _read(self) -> Frame:
        arrow = need("pyarrow.csv")

        lines = self.lines(self._watch())
        try:
            table = arrow.read_csv(lines, *self._options(self.block_size))  # type: ignore[arg-type]
        except Exception as error:
            raise self._translated(error, lines) from None
        finally:
            lines.close()
        rows = table.num_rows
        if rows == lines.newlines:  # a row for every line: no empty ones, none of several lines
            numbers = np.arange(self.first_line, self.first_line + rows)
        else:
            all_lines = RowNumbers(self)
            numbers = all_lines.take(rows)
            all_lines.end()
        return self._frame(table, numbers)

    def _options(self, block_size: int) -> tuple[Any, Any, Any]:
        pa, arrow = need(), need("pyarrow.csv")

        # names of our own: those of the file may be anything
        names = [f"c{i}" for i in range(self.width)]
        number, text, few = pa.float64(), pa.string(), pa.dictionary(pa.int32(), pa.string())
        types = {
            n: number if self.is_by_arrow(i) else few if self.repeats(i) else text
            for i, n in enumerate(names)
        }
        return (
            arrow.ReadOptions(column_names=names, block_size=block_size),
            arrow.ParseOptions(delimiter=self.delimiter, newlines_in_values=True)
            if self.quotes
            else arrow.ParseOptions(delimiter=self.delimiter),
            arrow.ConvertOptions(
                column_types=types,
                null_values=[*_MARKS, *self.wanted.missing],
                strings_can_be_null=False,
                decimal_point=self.decimal,
            ),
        )

    def _watch(self) -> Callable[[bytes], None] | None:
        """What is looked for in the bytes: quotes, and codes such as 007 among whole numbers."""
        codes = bool(self.whole_numbers - self.by_hand) and not self.as_strings

        def watch(block: bytes) -> None:
            if not self.quotes and b'"' in block:
                self.quotes = True
                raise _Again()
            if codes:
                hits = code_places(block, ord(self.delimiter))
                if len(hits):
                    self._look_at_codes(block, hits)

        return watch

    def _look_at_codes(self, block: bytes, hits: np.ndarray) -> None:
        """Whether one of these cells stands in a column of whole numbers."""
        watched = self.whole_numbers - self.by_hand
        if not self.quotes:
            columns = columns_of(block, hits, ord(self.delimiter))
            hits = hits[np.isin(columns, [*watched])]
        self.codes_seen += len(hits)
        if self.codes_seen > _CODES:
            raise _Again(strings=True)
        found, end = set(), 0
        for hit in hits.tolist():
            if hit < end:
                continue
            start, end = block.rfind(b"\n", 0, hit + 1) + 1, block.find(b"\n", hit + 1)
            for _, cells in rows_of([block[start:end].decode("utf-8", "replace")], self.delimiter):
                found |= {i for i in watched if i < len(cells) and CODE.fullmatch(cells[i])}
        if found:
            raise self._as_codes(sorted(found))

    def _as_codes(self, found: list[int]) -> _Again:
        """Columns with codes are text, but for those of rows that a model of numbers answers."""
        numbers = [i for i in found if self._is_told(i)]
        return _Again(by_hand=numbers[0]) if numbers else _Again(text=found)

    def _is_told(self, index: int) -> bool:
        """Whether the column is known to hold numbers, and cells may stay unread."""
        if self._is_asked(index):
            return True
        like = self.wanted.like.column(self.names[index]) if self.wanted.like else None
        return self.wanted.lenient and like is not None and like.kind == "number"

    def _is_asked(self, index: int) -> bool:
        """Whether it was said that the column is one of numbers."""
        numbers = self.columns[index].kind == "number"
        return numbers and self.wanted.asks_number(index, self.names[index], len(self.names))

    def _frame(self, table: Any, numbers: np.ndarray) -> Frame:
        """Columns as their formats say; every cell that does not fit is an error."""
        columns, late = [], []
        for i, column in enumerate(self.columns):
            data = table.column(i)
            if self.is_by_arrow(i):
                self._check_numbers(i, data)
                left = None
            else:
                unit = "" if column.name in self.from_row else column.unit
                told = replace(column, unit=unit)
                cells = data
                data, bad = column_data(data, told, self.wanted.missing)
                asked = self._is_asked(i)
                left = None if bad is None else unread(data, bad, cells, self.wanted, asked)
                if bad is not None and left is None:
                    late.append((int(np.flatnonzero(bad)[0]), i, cells))
            first = self.first_line if len(numbers) == 0 else int(numbers[0])
            shown = {r: cells[i] for r, cells in enumerate(self.head_rows)} \
                if first == self.first_line else None  # fmt: skip
            columns.append(Column(column.name, i, column.kind, data, shown, left))
        if late:
            row, index, cells = min(late, key=lambda found: found[:2])
            self._late(row, index, cells[row].as_py().strip(), numbers)
        return Frame(columns, numbers, self.path, self.format)

    def _late(self, row: int, index: int, cell: str, numbers: np.ndarray) -> NoReturn:
        """A cell further down that does not fit its column."""
        column = self.columns[index]
        if column.kind == "number" and CODE.fullmatch(cell) and not self._is_told(index):
            raise _Again(text=[index])
        where = f"{self.path}, line {numbers[row]}, {self.called(index)}"
        raise odd_cell(where, cell, self.such_as(index), f"the cell is no {column.kind}",
                       bool(self.wanted.like))  # fmt: skip

    def _check_numbers(self, index: int, data: Any) -> None:
        pc = compute()

        ends = pc.min_max(data).as_py()
        low, high = ends["min"], ends["max"]
        if low is None or max(-low, high) < 10.0**MAX_DIGITS:
            return
        if np.isinf(low) or np.isinf(high):
            if self._is_told(index):
                raise _Again(by_hand=index)
            cells = self.find_cell(lambda cell: is_infinite(cell), index)
            raise odd_cell(*cells, self.such_as(index), "the cell is not a finite number")
        if index in self.whole_numbers:
            raise self._as_codes([index])

    # --- what went wrong ------------------------------------------------------------------------

    def _translated(self, error: Exception, lines: Lines) -> Exception:
        """What Arrow says, in our words and with the line of the file."""
        if isinstance(lines.problem, (ChainruleError, _Again)):
            return lines.problem
        if not isinstance(error, need().ArrowException):
            return error
        said = str(error)
        if "Empty CSV" in said:
            return DataError(
                "the file has no rows of data", where=self.path, expected="at least one"
            )
        if "straddl" in said or "block size" in said:
            if self.block_size < 1 << 28:
                return _Again(block_size=self.block_size * 16)
            return DataError("a row is longer than allowed", where=self.path)
        odd = next(((n, c) for n, c in self.slow_rows() if len(c) != self.width), None)
        if odd is not None and "conversion" not in said:
            return ragged(self, *odd)
        if "UTF8" in said:
            return self._not_utf8()
        found = re.search(r"column #(\d+).*invalid value '(.*)'", said, re.DOTALL)
        if found:
            index, cell = int(found[1]), found[2].strip()
            fits = is_mark(cell, self.wanted.missing) or self._fits(index, cell)
            if fits or self._is_told(index):
                return _Again(by_hand=index)  # " NA" with blanks, or −5: not known to Arrow
            return odd_cell(
                self.place(index, cell), cell, self.such_as(index), "the cell is no number"
            )
        return DataError("the file cannot be read", where=self.path, received=said[:200])

    def _fits(self, index: int, cell: str) -> bool:
        """Whether a cell that Arrow refused is a number of its column after all."""
        found, column = written(cell), self.columns[index]
        return found is not None and Convention(column.decimal, column.thousands) in found.fits \
            and (found.currency, found.unit) == ("", "")  # fmt: skip

    def _not_utf8(self) -> Exception:
        """The sample was plain ASCII or UTF-8, and further down there is something else."""
        seen, line = False, 1
        with open_bytes(self.path, self.compression) as file:
            for raw in file:
                try:
                    seen |= not raw.isascii() and bool(raw.decode("utf-8"))
                except UnicodeDecodeError:
                    if seen or self.wanted.encoding:
                        break
                    found = Sample(raw, [], raw, True)
                    try:
                        return _Again(encoding=encoding_of(found, None, self.path))
                    except ChainruleError as error:
                        return error
                line += 1
        return FileError(
            "the file is not UTF-8 text",
            where=f"{self.path}, line {line}",
            received="other bytes further down",
            fix=f"save it as UTF-8, or name its encoding: {argument('encoding', 'cp1252')}",
        )
