"""Parts of an explanation as pieces of HTML: classes only, no script, no style attribute.

Each number stands in one `<data value=...>`, with all its digits. In a page (`Stepper`) each is
also a step: `data-step` on what appears with it, `data-from` on what may be seen before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any, NamedTuple

from ..digits import Digits
from ..steps import PARTS, Cell, Line, Part, Table, Words, counts
from .blanks import Gap
from .languages import Language
from .mathml import MathML, number_text, pieces, sign
from .mathml import math as element
from .symbols import symbol, visible
from .text import is_text, table_texts

__all__ = ["Cards", "Stepper", "line_decimals"]


class Stepper:
    """Counts the new numbers of a page, and knows the places of each.

    Args:
        drawn: (place, name of a number) -> the key under which a drawing shows it.
    """

    def __init__(self, drawn: dict[tuple[str, str], str] | None = None) -> None:
        self.now, self.drawn = 0, drawn or {}

    def take(self) -> int:
        """The next step."""
        self.now += 1
        return self.now

    def mark(self, at: Sequence[str], name: str) -> str:
        """Attributes of what the next number stands in."""
        number = self.take()
        return f' data-step="{number}" data-from="{number - 1}"{self.shows(at, name)}'

    def shows(self, at: Sequence[str], name: str) -> str:
        """The attribute that says where a drawing has this number, if it has."""
        key = self.drawn.get((at[0], name)) if at else None
        return f' data-shows="{escape(visible(key))}"' if key else ""


class Cards(NamedTuple):
    """How parts become HTML.

    Args:
        digits: write numbers.
        language: of the fixed words.
        decimals: that a reader may choose from.
        steps: counts them; None for a fragment.
    """

    digits: Digits
    language: Language
    decimals: tuple[int, ...] = ()
    steps: Stepper | None = None

    # --- parts ----------------------------------------------------------------------------------

    def part(self, part: Part, pieces_: Sequence[str] | None = None, name: str = "") -> str:
        """A section with its heading."""
        quiet = self._quiet(part)
        step, before = "", self.steps.now if self.steps is not None else 0
        if quiet and self.steps is not None:
            step = f' data-step="{self.steps.take()}"'
        inside = "".join(self.items(part.items) if pieces_ is None else pieces_)
        if not inside:
            inside = f'<p class="cr-words">{escape(self.language.word("nothing"))}</p>'
        if quiet and step:
            inside = f'<div data-from="{before + 1}">{inside}</div>'
        from_ = f' data-from="{before}"' if self.steps is not None else ""
        return (
            f'<section class="cr-part cr-{escape(part.key)}"{step}{from_}>{self._head(part, name)}'
            f"{inside}</section>\n"
        )

    def _quiet(self, part: Part) -> bool:
        """Is there no number in it that could be a step?"""
        return part.key != "network" and next(part.numbers(), None) is None

    def _head(self, part: Part, name: str) -> str:
        word, about = self.language.word(part.title), PARTS.get(part.key, "")
        number = f'<span class="cr-number">{part.number}</span> ' if part.key in PARTS else ""
        named = f' <bdi dir="ltr">{element(sign(symbol(name)))}</bdi>' if name else ""
        about = f" <small>{escape(self.language.word(about))}</small>" if about else ""
        return f"<h2>{number}{escape(word)}{named}{about}</h2>"

    def items(self, items: Sequence[Any]) -> Iterator[str]:
        """Each item, or block of lines, as HTML."""
        block: list[Line] = []
        for item in [*items, None]:
            if isinstance(item, Line):
                block.append(item)
                continue
            if block:
                yield f'<div class="cr-lines" dir="ltr">{"".join(map(self.line, block))}</div>\n'
            block = []
            if isinstance(item, Words):
                yield self.words(item)
            elif isinstance(item, Table):
                yield self.table(item)

    # --- words ----------------------------------------------------------------------------------

    def words(self, words: Words) -> str:
        """A sentence."""
        text, spoken = self.language.sentence(words.text)
        tongue = "" if spoken else ' lang="en" dir="ltr"'
        ref = f"<b>{escape(visible(words.ref))}</b> " if words.ref else ""
        more = " cr-more" if words.more else ""
        kind = escape(words.kind)
        return (
            f'<p class="cr-words cr-{kind}{more}"{self._since()}{tongue}>{ref}{escape(text)}</p>\n'
        )

    def _since(self) -> str:
        return "" if self.steps is None else f' data-from="{self.steps.now}"'

    def _at(self, at: Sequence[str]) -> str:
        places = "|".join(visible(a).replace("|", "¦") for a in at)
        return f' data-at="{escape(places)}"' if places else ""

    # --- lines ----------------------------------------------------------------------------------

    def line(self, line: Line) -> str:
        """name = symbols = numbers = value."""
        counted = line.value is not None and not isinstance(line.value, str)
        mark = self._since()
        if self.steps is not None and counted:
            mark = self.steps.mark(line.at, line.name)
        note = ""
        if line.note:
            said, _ = self.language.sentence(line.note)
            way = self.language.direction
            note = f' <span class="cr-note" dir="{way}">({escape(said)})</span>'
        more = " cr-more" if line.more else ""
        return (
            f'<div class="cr-line{more}"{mark}{self._at(line.at)}>'
            f'<span class="cr-name">{element(sign(symbol(self.language.name(line.name))))}</span>'
            f'<span class="cr-sides">{self._sides(line.formula, line.value, True)}{note}</span>'
            "</div>\n"
        )

    def _sides(self, formula: Any, value: Any, counted: bool) -> str:
        """= symbols = numbers = value, each a part of its own; not counted: without the first =."""
        style = MathML(self.digits, False, self.decimals)
        out, result = [], "" if value is None else self._result(value, counted)
        if formula is not None:
            symbols, filled = pieces(formula, style), pieces(formula, style.filled())
            same = symbols == filled
            out.append(_side("cr-symbols" + " cr-both" * same, symbols, counted))
            alone = isinstance(value, str) or filled != [element(style.number(value))]
            if not same and alone:
                out.append(_side("cr-numbers", filled))
        if result:
            out.append(_side("cr-result", [result]))
        return " ".join(out)

    def _result(self, value: Any, counted: bool) -> str:
        if isinstance(value, Gap):
            return gap_html(value)
        if isinstance(value, str):
            return f"<span>{escape(visible(value))}</span>"
        inside = element(MathML(self.digits, False, self.decimals).number(value))
        return _data(value, inside, "cr-value") if counted else inside

    # --- tables ---------------------------------------------------------------------------------

    def table(self, table: Table) -> str:
        """Numbers aligned at the decimal point, with as many decimals as the reader chooses."""
        texts = table_texts(table, self.digits)
        others = [table_texts(table, Digits(d, self.digits.held)) for d in self.decimals]
        since, body = self._since(), []
        of_text = [all(is_text(row[k]) for row in table.rows) for k in range(len(table.columns))]
        for r, row in enumerate(table.rows):
            at = table.at[r] if table.at else ()
            written = [[column[r] for column in columns] for columns in (texts, *others)]
            body.append(self._row(row, written, at, table.columns, of_text))
        title = ""
        if table.title:
            said, spoken = self.language.sentence(table.title)
            way = "" if spoken else ' lang="en" dir="ltr"'
            title = f"<caption{way}>{escape(said)}</caption>"
        heads = "".join(map(self._column, table.columns, of_text))
        rest = ""
        if table.total:
            words = self.language
            rest = (
                f'<p class="cr-words"{self._since()}>… {escape(words.word("and"))} '
                f"{table.total - len(table.rows):,} {escape(words.word('more rows'))}</p>"
            )
        more = " cr-more" if table.more else ""
        return (
            f'<div class="cr-wide{more}"{since}><table class="cr-table">{title}'
            f"<thead><tr>{heads}</tr></thead><tbody>{''.join(body)}</tbody></table>{rest}</div>\n"
        )

    def _column(self, name: str, of_text: bool) -> str:
        name, kind = name.strip(), ' class="cr-text"' if of_text else ""
        if name and " " not in name and symbol(name).kind != "text":
            return f"<th{kind}>{element(sign(symbol(name)))}</th>"
        return f"<th{kind}>{escape(self.language.head(name))}</th>"

    def _row(
        self, row: Sequence[Any], written: list[list[str]], at: Sequence[str],
        columns: Sequence[str], of_text: Sequence[bool],
    ) -> str:  # fmt: skip
        """A row. Numbers that only lead to a computed one appear together with it."""
        first = self.steps.now if self.steps is not None else 0
        made = [self._cell(cell, [t[k] for t in written], of_text[k]) for k, cell in enumerate(row)]
        cells, hows, waiting = [text for text, _ in made], [], []
        left = {k for k, (_, counted) in enumerate(made) if counted and k}
        computed = {k for k in left if isinstance(row[k], Cell)}
        for k in sorted(left if self.steps is not None else ()):
            waiting.append(k)
            if k not in computed and any(other > k for other in computed):
                continue
            shows = self.steps.shows(at, f"{row[0]} {columns[k]}") if self.steps else ""
            mark = self.steps.mark((), "") if self.steps else ""
            for place in waiting:
                cells[place] = cells[place].replace("<td", f"<td{mark}{shows * (place == k)}", 1)
            waiting = []
            if k in computed and row[k].formula is not None and self.steps:
                hows.append((self.steps.now, row[k].formula, row[k].value))
        name = f"<th>{self._named(str(row[0]))}</th>"
        since = f' data-from="{first}"' if self.steps is not None else ""
        whole = f"<tr{since}{self._at(at)}>{name}{''.join(cells[1:])}</tr>\n"
        return whole + "".join(self._how(n, f, v, len(columns)) for n, f, v in hows)

    def _named(self, text: str) -> str:
        """The name of a row: a symbol, or what somebody called it."""
        indent = "\u2003" * ((len(text) - len(text.lstrip(" "))) // 2)
        if not text.strip():
            return ""
        said = self.language.words.get(text.strip())
        return escape(said) if said else indent + element(sign(symbol(text)))

    def _cell(self, cell: Any, texts: Sequence[str], of_text: bool) -> tuple[str, bool]:
        """A cell, and whether it is a number; `of_text`: as the whole column."""
        value = cell.value if isinstance(cell, Cell) else cell
        if isinstance(value, Gap):
            return f'<td class="cr-cell" dir="ltr">{gap_html(value)}</td>', False
        if isinstance(value, str):
            kind = "cr-text" if of_text else "cr-cell"
            return f'<td class="{kind}" dir="ltr">{escape(visible(value))}</td>', False
        text, other = number_text(texts[0]), [number_text(t) for t in texts[1:]]
        attribute = ""
        if other and set(other) != {text}:
            attribute = f' data-d="{escape("|".join(other))}"'
        counted = counts(value)
        inside = f"<span{attribute}>{escape(text)}</span>"
        inside = _data(value, inside) if counted else inside
        return f'<td class="cr-cell" dir="ltr">{inside}</td>', counted

    def _how(self, step: int, formula: Any, value: Any, columns: int) -> str:
        """The formula of a number in a table, shown when it is the newest."""
        return (
            f'<tr class="cr-how" data-how="{step}"><td colspan="{columns}" dir="ltr">'
            f"{self._sides(formula, value, False)}</td></tr>\n"
        )


def gap_html(gap: Gap) -> str:
    """The label of a gap and room to write, or the answer."""
    label = f'<b class="cr-label">({escape(gap.label)})</b>'
    if gap.kind == "open":
        return f'<span class="cr-gap">{label}<span class="cr-room"></span></span>'
    answer = f" {escape(number_text(gap.answer))}" if gap.kind == "key" else ""
    return f'<span class="cr-gap cr-{gap.kind}">{label}{answer}</span>'


def _side(kind: str, parts: Sequence[str], equals: bool = True) -> str:
    """One side of an equation, after its equal sign."""
    equal = f'<span class="cr-equals">{element("<mo>=</mo>")}</span>' if equals else ""
    return f'<span class="cr-side {kind}">{equal}{"<wbr>".join(parts)}</span>'


def _data(value: Any, inside: str, kind: str = "") -> str:
    """A number with all its digits beside what is read of it."""
    name = f' class="{kind}"' if kind else ""
    return f'<data{name} value="{float(value)!r}">{inside}</data>'


def line_decimals(digits: Digits) -> tuple[int, ...]:
    """What a reader may choose from: 3, 6, 9, and what was asked for."""
    return tuple(sorted({3, 6, 9, digits.decimals}))
