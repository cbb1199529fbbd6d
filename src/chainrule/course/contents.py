"""What the course holds, as plain rows: decks, lessons, examples, exercises, figures, errata.

Figures and exercises stand on higher floors; they are asked for their rows when somebody wants the
list, and by no import.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..errors import UnknownNameError, did_you_mean
from ..vocabulary import loaded
from .as_printed import as_printed
from .errata import errata
from .examples import examples
from .lessons import lessons
from .small import small

__all__ = ["DECKS", "Section", "contents"]

DECKS = {
    "000": ("SDAIA bootcamp", "neurons, perceptron, gradient descent, backprop"),
    "001": ("Ahmed & Ehab", "losses, optimizers, a worked epoch, training well"),
    "002": ("Wehbe", "derivatives, a linear net, CNN, RNN, transformer"),
    "003": ("Saturdays.AI Kigali", "Adaline, MLP, a network class from scratch"),
    "004": ("Manchanda", "graphs and sessions, losses, a worked 2-2-2 net"),
}


class Section(NamedTuple):
    """One part of the list.

    Attributes:
        key: its name in JSON.
        title: in words.
        how: the command for one row of it.
        rows: plain dicts; `deck` or `decks` says which deck it is from, where it is from some.
        shown: the columns of the list, in order; the last is cut where it is too long.

    Example:
        >>> [section.key for section in contents()][:3]
        ['decks', 'lessons', 'examples']
    """

    key: str
    title: str
    how: str
    rows: list[dict[str, Any]]
    shown: tuple[str, ...]


def contents(deck: str | None = None) -> list[Section]:
    """All that there is, or what is from one deck; lessons belong to all.

    Raises:
        UnknownNameError: there is no such deck.

    Example:
        >>> found = {section.key: len(section.rows) for section in contents("003")}
        >>> found["errata"]
        3
    """
    if deck is not None and deck not in DECKS:
        raise UnknownNameError(f"there is no deck {deck!r}", fix=did_you_mean(deck, list(DECKS)))
    all_sections = [
        Section("decks", "Decks", "chainrule course --deck 004", _decks(), ("name", "by", "title")),
        Section("lessons", "Guided lessons, as notebooks", "chainrule course lesson 01",
                [{**n._asdict(), "id": f"{n.number:02}"} for n in lessons()],
                ("id", "title", "about")),
        Section("examples", "Worked examples", "chainrule course run 004",
                [{"name": e.name, "deck": e.deck, "title": e.title} for e in examples()],
                ("name", "title")),
        Section("small", "Small things to compute", "chainrule course small rules",
                [{"name": s.name, "deck": s.deck, "title": s.title} for s in small()],
                ("name", "title")),
        _elsewhere("exercises", "Exercises", "chainrule exercise backpropagation"),
        _elsewhere("figures", "Figures", "chainrule plot surface"),
        Section("printed", "Rules as printed, beside the right ones",
                "chainrule course printed momentum",
                [{"name": r.name, "deck": r.deck, "title": r.says} for r in as_printed()],
                ("name", "title")),
        Section("errata", "Errata", "chainrule course errata E13",
                [{"id": e.id, "decks": e.decks, "says": e.says} for e in errata()],
                ("id", "decks", "says")),
    ]  # fmt: skip
    kept = [s._replace(rows=[r for r in s.rows if _is_from(r, deck)]) for s in all_sections]
    return [s for s in kept if s.rows]


def _decks() -> list[dict[str, Any]]:
    return [{"name": name, "deck": name, "by": by, "title": t} for name, (by, t) in DECKS.items()]


# key -> the door, and the function behind it, whose rows have name, decks and title
_DOORS = {"exercises": ("exercises", "exercises"), "figures": ("figures", "rows")}


def _elsewhere(key: str, title: str, how: str) -> Section:
    found = [
        {"name": row.name, "decks": list(row.decks), "title": row.title}
        for row in loaded(*_DOORS[key])()
    ]
    return Section(key, title, how, found, ("name", "title"))


def _is_from(row: dict[str, Any], deck: str | None) -> bool:
    decks = row.get("decks") or [row.get("deck")]
    return deck is None or deck in decks or decks == [None]
