"""An explanation as Markdown: headings, lines in code blocks that copy cleanly, tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..formula import Style
from ..steps import PARTS, Line, Part, Table, Words
from .base import form
from .symbols import visible
from .text import lines_text, table_texts

if TYPE_CHECKING:
    from ..explained import Explanation

__all__ = ["markdown"]

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$^&])")
_FIRST = re.compile(r"^(\d*)([-+=.)])(?=[-=\s]|$)")  # of a line: a list, or a heading above


def escaped(text: object) -> str:
    r"""Text that Markdown shows as it is; a backslash stands before what would mean something.

    Example:
        >>> escaped("<b> a_b | $x$")
        '\\<b\\> a\\_b \\| \\$x\\$'
    """
    text = _SPECIAL.sub(r"\\\1", visible(text))
    return _FIRST.sub(r"\1\\\2", text)


def markdown(explanation: Explanation, more: bool = False, weight: str | None = None) -> str:
    """The nine parts, or one weight."""
    parts = explanation.parts if weight is None else (explanation.weight(weight),)
    title = escaped(f"One training step of {explanation.say.recording.model.name}")
    style = explanation.style
    out = [f"# {title}", *(_part(part, style, more or weight is not None) for part in parts)]
    out.append("*computed with all digits, rounded only here*")
    return "\n\n".join(out) + "\n"


def _part(part: Part, style: Style, more: bool) -> str:
    out = [f"## {part.number} {part.title}"] if part.key in PARTS else []
    block: list[Line] = []
    for item in [*(i for i in part.items if more or not i.more), None]:
        if isinstance(item, Line):
            block.append(item)
            continue
        if block:
            out.append(_code(lines_text(block, style)))
        block = []
        if isinstance(item, Words):
            out.append(_words(item))
        elif isinstance(item, Table):
            out.append(_table(item, style))
    return "\n\n".join(out if len(out) > 1 or part.key not in PARTS else [*out, "nothing"])


def _code(lines: Sequence[str]) -> str:
    """A block of code; its fence is longer than any that stands inside."""
    text = "\n".join(re.sub(r"\S.*", lambda m: visible(m[0]), line) for line in lines)
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _words(words: Words) -> str:
    ref = f"**{escaped(words.ref)}**: " if words.ref else ""
    text = ref + escaped(words.text)
    if words.kind == "heading":
        return f"**{text}**"
    return f"- {text}" if words.kind == "note" else text


def _table(table: Table, style: Style) -> str:
    columns = table_texts(table, style.digits)
    heads = [escaped(c) or " " for c in table.columns]
    rule = [":--", *("--:" for _ in heads[1:])]
    rows = [[escaped(column[r]) or " " for column in columns] for r in range(len(table.rows))]
    lines = ["| " + " | ".join(row) + " |" for row in (heads, rule, *rows)]
    out = [escaped(table.title), ""] if table.title else []
    out += lines
    if table.total:
        out += ["", f"… and {table.total - len(table.rows):,} more rows"]
    return "\n".join(out)


@form("markdown", ".md")
def _form(explanation: Any, more: bool, weight: str | None) -> str:
    return markdown(explanation, more, weight)
