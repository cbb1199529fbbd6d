"""Answers to a file larger than memory: read, answered and written some rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ..dialect import argument
from ..errors import ArgumentError
from ..files import write_pieces
from ..layers.host.table_encoder import ColumnReport
from ..tables import Frame
from ..tables.csvs import ReadAgain
from ..tables.reading import passes
from .table_answers import Written, fit_row, own_rows, rows_in
from .table_data import kinds_of
from .table_options import TableOptions
from .table_progress import Count
from .table_run import TableRun

__all__ = ["Streamed", "answer_large"]


class Streamed:
    """What came of the rows of a large file.

    Args:
        rows: how many there were.
        names: of the new columns.
        notices: sentences for the reader.
        unseen: by column, how the rows differ from those of the training.
        lost: how many have no answer.
        first: where the first of these stands, and why.
    """

    def __init__(self) -> None:
        self.rows = self.lost = 0
        self.names: list[str] = []
        self.notices: dict[str, None] = {}
        self.unseen: dict[str, ColumnReport] = {}
        self.seen = 0
        self.first: tuple[str, str] | None = None

    def add(self, answers: Any) -> None:
        """The answers to some rows more."""
        frame = answers.frame
        if answers.reasons and self.first is None:
            row = min(answers.reasons)
            self.first = frame.at(row), answers.reasons[row]
        self.lost += len(answers.reasons)
        self.notices |= dict.fromkeys(answers.notices)
        for name, report in answers.unseen.items():
            before = self.unseen.get(name)
            self.unseen[name] = report if before is None else _both(
                before, self.rows, report, len(frame)
            )  # fmt: skip
        self.rows += len(frame)
        self.seen += answers.seen


def _both(a: ColumnReport, rows: int, b: ColumnReport, more: int) -> ColumnReport:
    """The report on the rows of both: shares of present cells weigh as many cells as there are."""
    total = max(1, rows + more)
    present = rows * (1 - a.gaps), more * (1 - b.gaps)
    cells = max(1e-9, sum(present))
    return replace(
        a,
        gaps=(a.gaps * rows + b.gaps * more) / total,
        unseen=(a.unseen * present[0] + b.unseen * present[1]) / cells,
        outside=(a.outside * present[0] + b.outside * present[1]) / cells,
        examples=tuple(dict.fromkeys([*a.examples, *b.examples]))[:3],
    )


def answer_large(
    run: TableRun,
    source: str,
    out: str | None,
    engine: str | None = "numpy",
    verbose: Any = 0,
    **reading: Any,
) -> Streamed:
    """Write the rows of a file with the answers to them, some rows at a time.

    Args:
        run: with its model.
        source: the file.
        out: the file to write.
        engine: computes the answers.
        verbose: show how many rows have come by.
        reading: how the file is read.

    Raises:
        ArgumentError: no file to write to.
        DataError: a row that does not fit; nothing is written then.
        FileError: it cannot be read or written.
    """
    if out is None:
        raise ArgumentError(
            "so many rows are not printed",
            where=source,
            expected="a file for the answers",
            fix=argument("out", "answers.csv"),
        )
    if out.lower().endswith(".parquet"):
        raise ArgumentError(
            "answers to so many rows are written as CSV", expected="a name that ends with .csv",
            where=argument("out"), received=out,
        )  # fmt: skip
    options = TableOptions.of({**run.told(source, TableOptions.of(reading).reading()), **reading})
    again = passes(
        source, **options.reading(), **kinds_of(options), columns=run.format, lenient=True
    )
    count = Count("answering rows", again.rows_about, verbose)
    while True:
        found = Streamed()
        count.start()
        try:
            write_pieces(out, _pieces(run, again, source, engine, found, count))
        except ReadAgain:  # the format was mended: from the first row, in a new file
            continue
        finally:
            count.clear()
        return found


def _pieces(
    run: TableRun, again: Any, source: str, engine: str | None, found: Streamed, count: Count
) -> Iterator[bytes]:
    written, own = None, None
    for block in again:
        frame = run.in_units(run.named(block))
        answers = run.answers(frame, engine)
        if own is None and getattr(block.format, "door", "") == "CSV":
            own = rows_in(source, block.format)
        if written is None:
            # the column of reasons cannot come later, so it is there from the beginning
            written = Written(frame, [*(n for n in answers.columns() if n != "reason"), "reason"])
            found.names = written.names
        yield written.piece(answers, _own(frame, own), first=not found.rows)
        found.add(answers)
        count.add(len(frame))


def _own(frame: Frame, own: Iterator[tuple[int, list[str]]] | None) -> list[list[str]]:
    """The cells of the rows as they stand in the file."""
    if own is None:
        return own_rows(frame, None)
    rows, wide = [], len(frame.columns)
    for line in frame.lines.tolist():
        at, row = next(own)
        while at < line:
            at, row = next(own)
        rows.append(fit_row(row, wide))
    return rows
