"""An explanation as plain text: lines that copy cleanly, equal signs aligned, 80 columns."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from ..digits import Digits
from ..formula import Style
from ..steps import PARTS, Cell, Line, Part, Table, Words

__all__ = ["is_text", "lines_text", "part_lines", "table_texts"]

WIDTH = 80
INDENT = 2


def part_lines(
    part: Part, style: Style, more: bool = False, width: int = WIDTH, most: int = 10**9
) -> list[str]:
    """The lines of one part, under its heading; of a long block or table the first `most`."""
    head = f"{part.number} {part.title}" if part.key in PARTS else ""
    items = [i for i in part.items if more or not i.more]
    out = [head] if head else []
    if head and items and isinstance(items[0], Words):  # a sentence stands beside the heading
        first, items = items[0], items[1:]
        lead = f"{head}  "
        out = _words(first, width, lead)
    elif head and items and _alone(items):  # and so does a line with nothing like it below
        first, items = items[0], items[1:]
        out = list(_line(first, style, len(first.name), width, f"{head}  "))
    block: list[Line] = []
    for item in items:
        if isinstance(item, Line):
            block.append(item)
            continue
        out += _lines(block, style, width, most)
        block = []
        if isinstance(item, Words):
            out += _words(item, width)
        else:
            out += _table(item, style, width, most)
    out += _lines(block, style, width, most)
    return [f"{head}  nothing"] if out == [head] else out


def _words(words: Words, width: int, head: str = " " * INDENT) -> list[str]:
    ref = f"{words.ref}: " if words.ref else ""
    lead = "- " if words.kind == "note" else ""
    return textwrap.wrap(
        lead + ref + words.text, width, initial_indent=head,
        subsequent_indent=" " * (INDENT + len(lead)), break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def _lines(block: Sequence[Line], style: Style, width: int, most: int) -> list[str]:
    """Lines one below the other, their equal signs aligned."""
    if not block:
        return []
    room = max(len(line.name) for line in block)
    out: list[str] = []
    kept = block if len(block) <= most + 1 else block[:most]
    for line in kept:
        out += list(_line(line, style, room, width))
    if len(kept) < len(block):
        out.append(" " * INDENT + f"… and {len(block) - len(kept):,} more lines")
    return out


def lines_text(block: Sequence[Line], style: Style, width: int = WIDTH) -> list[str]:
    """A block of lines by itself, without the margin."""
    return [line[INDENT:] for line in _lines(block, style, width + INDENT, len(block))]


def is_text(cell: Any) -> bool:
    """Does text stand in a cell of a table, and no number?"""
    return isinstance(cell.value if isinstance(cell, Cell) else cell, str)


def _alone(items: Sequence[Any]) -> bool:
    """Does a block of one line come first?"""
    return isinstance(items[0], Line) and not (len(items) > 1 and isinstance(items[1], Line))


def _line(
    line: Line, style: Style, room: int, width: int, lead: str = " " * INDENT
) -> Iterator[str]:
    sides: list[str] = []
    result = style.number(line.value) if line.value is not None else ""
    numbers = type(style)(style.digits, numbers=True)
    if line.formula is not None:
        sides.append(line.formula.write(style))
        filled = line.formula.write(numbers)
        if filled != sides[-1] and filled != result:
            sides.append(filled)
    if not sides or sides[-1] != result:
        sides.append(result)
    note = f"  ({line.note})" if line.note else ""
    head = lead + line.name.ljust(room)
    margin = " " * len(head)
    text = head
    for k, side in enumerate(sides):
        piece = f" = {side}" + (note if k == len(sides) - 1 else "")
        if len(text) + len(piece) <= width or text == head:
            text += piece
        else:
            yield from _folded(text, len(margin) + 3, width)
            text = margin + piece
    yield from _folded(text, len(margin) + 3, width)


def _folded(text: str, hang: int, width: int) -> Iterator[str]:
    """Break a long line before an operator between terms."""
    while len(text) > width:
        cut = max((m.start() for m in re.finditer(r" [+-] |·|  (?=\()", text[:width])), default=0)
        if cut <= hang:
            break
        yield text[:cut].rstrip()
        text = " " * hang + text[cut:].lstrip()
    yield text


def _table(table: Table, style: Style, width: int, most: int) -> list[str]:
    """Columns aligned at the decimal point, one number of decimals a column."""
    if len(table.rows) > most + 1:
        total = table.total or len(table.rows)
        table = table._replace(rows=_telling(table.rows, most), total=total)
    columns = len(table.columns)
    out = []
    if table.title:
        out += textwrap.wrap(table.title, width, initial_indent=" " * INDENT,
                             subsequent_indent=" " * INDENT)  # fmt: skip
    aligned = table_texts(table, style.digits)
    widths = [max([len(table.columns[k]), *map(len, aligned[k])]) for k in range(columns)]
    spare = width - INDENT - sum(widths) - 2 * (columns - 1)
    if spare < 0:  # the end of a long path says what it is
        widths[0] = max(10, widths[0] + spare)
        aligned[0] = [t if len(t) <= widths[0] else "…" + t[1 - widths[0] :] for t in aligned[0]]

    def row(texts: Sequence[str]) -> str:
        first, *others = (t.ljust(w) if k == 0 else t.rjust(w)
                          for k, (t, w) in enumerate(zip(texts, widths, strict=True)))  # fmt: skip
        return (" " * INDENT + "  ".join([first, *others])).rstrip()

    if any(table.columns[1:]):
        out.append(row(table.columns))
    out += [row([column[r] for column in aligned]) for r in range(len(table.rows))]
    if table.total:
        out.append(" " * INDENT + f"… and {table.total - len(table.rows):,} more rows")
    return out


def _telling(rows: Sequence[Any], most: int) -> tuple[Any, ...]:
    """The first rows whose last number is not 0, in their order; others where those are few."""
    order = sorted(range(len(rows)), key=lambda r: _is_zero(rows[r][-1]))  # stable
    return tuple(rows[r] for r in sorted(order[:most]))


def _is_zero(cell: Any) -> bool:
    value = cell.value if isinstance(cell, Cell) else cell
    return not isinstance(value, str) and value == 0


def table_texts(table: Table, digits: Digits) -> list[list[str]]:
    """What stands in each column, from top to bottom; numbers end at the same decimal."""
    cells = [[_cell(c, digits) for c in row] for row in table.rows]
    columns = [[row[k] for row in cells] for k in range(len(table.columns))]
    return [*columns[:1], *map(_aligned, columns[1:])]


def _cell(cell: Any, digits: Digits) -> str:
    value = cell.value if isinstance(cell, Cell) else cell
    return value if isinstance(value, str) else digits.fixed(value)


def _aligned(column: Sequence[str]) -> list[str]:
    """Numbers with as many decimals as any of them needs."""
    plain = [t for t in column if re.fullmatch(r"-?\d+\.\d+", t)]
    most = max((len(t.split(".")[1].rstrip("0")) for t in plain), default=0)
    out = []
    for t in column:
        if re.fullmatch(r"-?\d+\.\d+", t):
            whole, rest = t.split(".")
            rest = rest.rstrip("0").ljust(min(most, len(rest)), "0")[: max(most, 0)]
            t = f"{whole}.{rest}" if rest else whole
        out.append(t)
    return out
