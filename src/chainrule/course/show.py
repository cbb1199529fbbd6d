"""The course as text: what there is, and an example beside its slide."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..terminal import fold
from .contents import contents
from .example import Example
from .printed import Compared
from .text import WIDTH, table

__all__ = ["show_course", "show_example"]

_DECIMALS = 9


def show_course(deck: str | None = None) -> str:
    r"""The names of all decks, lessons, examples, exercises, figures and errata.

    Args:
        deck: "000" to "004": only what is from that deck, and the lessons.

    Raises:
        UnknownNameError: there is no such deck.

    Example:
        >>> next(line for line in show_course().split("\n") if "epoch of" in line)
        '  001          One epoch of one input and two sigmoid neurons in a row'
    """
    told: list[str] = []
    for section in contents(deck):
        rows = [[_word(row[name]) for name in section.shown] for row in section.rows]
        width = [max(len(row[k]) for row in rows) for k in range(len(rows[0]) - 1)]
        told += [f"{section.title}: {section.how}", ""]
        for *names, text in rows:
            line = "".join(f"  {name:{n}}" for name, n in zip(names, width, strict=True)) + "  "
            told.append(line + _cut(text, WIDTH - len(line)))
        told.append("")
    return "\n".join(told[:-1])


def _word(value: Any) -> str:
    return value if isinstance(value, str) else " ".join(value)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


def show_example(example: Example, everything: bool = False, figures: bool = False) -> str:
    """An example with the slide's numbers beside ours.

    Args:
        example: one of `examples()`.
        everything: also the numbers that the slide does not print.
        figures: also what comes of further training.

    Example:
        >>> import chainrule as cr
        >>> print(show_example(cr.course.example("001-softmax")))
        001-softmax  deck 001: Softmax of three scores
        <BLANKLINE>
              slide  ours
          a1  0.51   0.529694070  wrong, E16
          a2  0.18   0.185359951  wrong, E16
          a3  0.31   0.284945979  wrong, E16
        <BLANKLINE>
        3 numbers on the slides: 3 wrong
        <BLANKLINE>
        more: chainrule course errata E16; chainrule course run 001-softmax --all
    """
    told = [fold(f"{example.name}  deck {example.deck}: {example.title}", WIDTH), ""]
    compared = example.compare()
    if compared and not everything:
        rows = [(row.quantity, row.ours, row) for row in compared]
    else:
        printed = {row.quantity: row for row in compared}
        rows = [(name, v, printed.get(name)) for name, v in example.quantities().items()]
    slides = [row.printed if row else "" for _, _, row in rows]
    ours = [_number(value) for _, value, _ in rows]
    cells = zip(
        (name for name, _, _ in rows),
        _at_the_point(slides),
        _at_the_point(ours),
        (_mark(row) for _, _, row in rows),
        strict=True,
    )
    told += table(("", "slide", "ours", ""), list(cells))
    if compared:
        told += ["", _sum_up(compared), *_notes(compared)]
    if figures and (found := example.figures()):
        told += ["", *table(("", "ours"), [(k, f"{v:.9g}") for k, v in found.items()], right={1})]
    return "\n".join([*told, "", fold(_more(example, compared, everything, figures), WIDTH)])


def _number(value: float) -> str:
    text = f"{value:.{_DECIMALS}f}"
    return text.lstrip("-") if float(text) == 0 else text


def _at_the_point(texts: list[str]) -> list[str]:
    """Decimal points under each other."""
    before = max(len(text.split(".")[0]) for text in texts)
    return [" " * (before - len(text.split(".")[0])) + text if text else "" for text in texts]


def _mark(row: Compared | None) -> str:
    if row is None:
        return ""
    return f"{row.verdict}, {row.erratum}" if row.erratum else row.verdict


def _sum_up(compared: list[Compared]) -> str:
    count = Counter(row.verdict for row in compared)
    parts = [f"{count[v]} {v}" for v in ("exact", "rounded", "wrong") if count[v]]
    return f"{len(compared)} numbers on the slides: {', '.join(parts)}"


def _notes(compared: list[Compared]) -> list[str]:
    rows = [(row.quantity, row.note) for row in compared if row.note]
    return [fold(line, WIDTH) for line in table(("", ""), rows)] if rows else []


def _more(example: Example, compared: list[Compared], everything: bool, figures: bool) -> str:
    """Where to go from here."""
    ids = sorted({row.erratum for row in compared if row.erratum}, key=lambda e: int(e[1:]))
    ways = [f"chainrule course errata {' '.join(ids)}"] if ids else []
    options = []
    if compared and not everything and len(example.quantities()) > len(compared):
        options.append("--all")
    if not figures and example.has_figures:
        options.append("--figures")
    if options:
        ways.append(f"chainrule course run {example.name} {' '.join(options)}")
    return f"more: {'; '.join(ways or ['chainrule course'])}"
