"""Answers beside the rows they belong to: a file with its own cells, in order, and new columns."""

from __future__ import annotations

import csv
import gzip
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..dialect import counted
from ..errors import FileError
from ..files import csv_text, write_atomically
from ..tables import Frame
from ..tables.arrow import need
from .table_run import LOUD, TableAnswers
from .table_seen import say_seen

__all__ = ["ENDINGS", "Written", "answer_names", "fit_row", "own_rows", "rows_in", "say_unseen",
           "write_answers"]  # fmt: skip

ENDINGS = (".csv", ".tsv", ".txt", ".parquet")
_LONGEST = 1 << 27  # characters of one cell: a file with a quote that never ends


def answer_names(taken: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """Names of new columns that are none of those taken: all with the same number where one is.

    Example:
        >>> answer_names(["age", "prediction"], ["prediction", "probability"])
        ['prediction_2', 'probability_2']
        >>> answer_names(["age"], ["prediction"])
        ['prediction']
    """
    number, known = 1, set(taken)
    while True:
        names = [name if number == 1 else f"{name}_{number}" for name in wanted]
        if not known & set(names):
            return names
        number += 1


def own_rows(frame: Frame, path: Any) -> list[list[str]]:
    """The cells of the rows of a frame as they stand in the file, in order.

    Args:
        frame: as it was read.
        path: the file; something else for data in memory.
    """
    how = frame.format
    if isinstance(path, (str, os.PathLike)) and getattr(how, "door", "") == "CSV":
        found = _lines_of(os.fspath(path), how, set(frame.lines.tolist()))
        rows = [found.get(line) for line in frame.lines.tolist()]
        if all(row is not None for row in rows):
            return [fit_row(row, len(frame.columns)) for row in rows if row is not None]
    cells = [_cells(column) for column in frame]
    return [list(row) for row in zip(*cells, strict=True)]


def fit_row(row: list[str], wide: int) -> list[str]:
    """So many cells: empty ones at the end that are missing, none beyond.

    Example:
        >>> fit_row(["a"], 2), fit_row(["a", "b", ""], 2)
        (['a', ''], ['a', 'b'])
    """
    return [*row, *[""] * (wide - len(row))][:wide]


def _lines_of(path: str, how: Any, wanted: set[int]) -> dict[int, list[str]]:
    """Rows of a CSV file by the line on which they begin."""
    return {line: row for line, row in rows_in(path, how) if line in wanted}


def rows_in(path: str, how: Any) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file as they stand there, each with the line on which it begins.

    Args:
        path: the file.
        how: its `Format`.

    Raises:
        FileError: it cannot be read.
    """
    limit = csv.field_size_limit(_LONGEST)
    try:
        opener: Any = gzip.open if how.compression == "gzip" else open
        with opener(path, "rt", encoding=how.encoding, newline="") as file:
            rows = csv.reader(file, delimiter=how.delimiter or ",")
            before = 0
            for row in rows:
                yield before + 1, row
                before = rows.line_num
    except (OSError, csv.Error, UnicodeError) as error:
        raise FileError("the rows cannot be read again", where=path, received=error) from None
    finally:
        csv.field_size_limit(limit)


def _cells(column: Any) -> list[str]:
    """The cells of a column as text."""
    values, gone = column.values, column.missing
    if column.kind == "date":
        texts = [str(v).removesuffix("T00:00:00.000000") for v in values]
    elif column.kind == "number":
        texts = [_number(v) for v in values.tolist()]
    else:
        texts = [str(v) for v in values.tolist()]
    texts = ["" if empty else text for text, empty in zip(texts, gone.tolist(), strict=True)]
    for row, cell in (column.unread or {}).items():  # it counts as missing, and is there
        texts[row] = cell
    return texts


def _number(value: float) -> str:
    return str(int(value)) if value == value and value.is_integer() else repr(value)


def write_answers(path: str, answers: TableAnswers, source: Any) -> list[str]:
    """Write the rows of the source and the answers to them; the names of the new columns.

    The file is written as the source is: what stands between cells, decimal point or comma.

    Args:
        path: of the new file.
        answers: with the frame that they belong to.
        source: the file that was read; something else for data in memory.

    Raises:
        FileError: it cannot be written.
    """
    made = Written(answers.frame, list(answers.columns()))
    if path.lower().endswith(".parquet"):
        columns = dict(zip(made.names, answers.columns().values(), strict=True))
        _write_parquet(path, answers, columns, source)
        return made.names
    write_atomically(path, made.piece(answers, own_rows(answers.frame, source), first=True))
    return made.names


class Written:
    """Rows with answers behind them, as the bytes of a file that is written as their own is.

    Args:
        frame: the rows, or some of them.
        columns: what the answers are called.
    """

    def __init__(self, frame: Frame, columns: Sequence[str]) -> None:
        how = frame.format
        self.taken, self.columns = frame.names, list(columns)
        self.names = answer_names(self.taken, self.columns)
        self.mark = getattr(how, "delimiter", "") or ","
        self.comma = getattr(how, "decimal", "") == "," and self.mark != ","
        # a spreadsheet takes a file without a mark for one of its own country
        plain = getattr(how, "encoding", "utf-8") in ("utf-8", "ascii")
        self.start = b"" if plain else "\ufeff".encode()

    def piece(self, answers: TableAnswers, rows: list[list[str]], first: bool = False) -> bytes:
        """The rows of these answers; the first piece begins with the names."""
        made = answers.columns()
        wanted = [made.get(name, [""] * len(rows)) for name in self.columns]
        columns = [[_shown(v, self.comma, answers.digits) for v in values] for values in wanted]
        table = [row + [column[i] for column in columns] for i, row in enumerate(rows)]
        head = [[*self.taken, *self.names]] if first else []
        return (self.start if first else b"") + csv_text([*head, *table], self.mark).encode()


def _write_parquet(
    path: str, answers: TableAnswers, made: dict[str, list[Any]], source: Any
) -> None:
    """Columns with their types: those of a Parquet file as they stand in it."""
    pa, parquet = need(), need("pyarrow.parquet")
    frame = answers.frame
    if isinstance(source, (str, os.PathLike)) and getattr(frame.format, "door", "") == "Parquet":
        table = parquet.read_table(source, partitioning=None)
    else:
        table = pa.table({column.name: _typed(column) for column in frame})
    for name, values in made.items():
        cells = [None if value == "" or value != value else value for value in values]
        table = table.append_column(name, pa.array(cells))
    buffer = io.BytesIO()
    parquet.write_table(table, buffer)
    write_atomically(path, buffer.getvalue())


def _typed(column: Any) -> Any:
    """A column of a frame for Arrow; whole numbers as such."""
    pa, values, gone = need(), column.values, column.missing
    if column.kind == "text":
        return pa.array(values.tolist(), pa.string())
    if column.kind == "number":
        there = values[~gone]
        whole = bool((there == np.floor(there)).all() and (np.abs(there) < 2**53).all())
        whole = whole and bool(len(there))
        data = np.where(gone, 0, values)
        return pa.array(data.astype(np.int64) if whole else data, mask=gone)
    return pa.array(values, mask=gone)


def _shown(value: Any, comma: bool, digits: int) -> Any:
    if not isinstance(value, float):
        return value
    if not np.isfinite(value):
        return ""
    text = f"{value:.{digits}g}" if abs(value) < 1e6 else f"{value:.{max(digits, 10)}g}"
    return text.replace(".", ",") if comma else text


def say_unseen(unseen: Mapping[str, Any], rows: int, seen: int = 0) -> list[str]:
    """How new rows differ from those of the training, by column; the loud ones first.

    Args:
        unseen: the report on each column.
        rows: how many there are.
        seen: how many of them stood in training.

    Example:
        >>> say_unseen({}, 3)
        ['3 rows: no unseen category, no number out of range, no more gaps than in training']
    """
    odd = sorted((c for c in unseen.values() if c.sentence), key=lambda c: -c.worst)
    if not odd:
        if seen == rows:  # nothing else is to be expected of them
            return say_seen(seen, rows)
        return [*say_seen(seen, rows), f"{counted(rows, 'row')}: no unseen category, no number "
                "out of range, no more gaps than in training"]  # fmt: skip
    loud = [c for c in odd if c.worst > LOUD]
    lines = say_seen(seen, rows)
    if loud:
        columns = "1 column" if len(loud) == 1 else f"{len(loud)} columns"
        lines.append(f"WARNING: {columns} with over {LOUD:.0%} of cells that training has not "
                     "seen; the answers may be wrong there".replace("%", " %"))  # fmt: skip
    return lines + [f"  {'!' if c in loud else ' '} {c.sentence}" for c in odd]
