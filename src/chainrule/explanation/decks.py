"""The worked examples of the decks, explained in their own words."""

from __future__ import annotations

from typing import Any

from .. import course
from ..errors import choose
from .explained import Explanation, explain
from .steps import Words

__all__ = ["explain_deck"]

# the errata that touch the worked example itself
NOTES = {"001": ("E15", "E6"), "002": ("E24", "E21"), "004": ("E31", "E46", "E51")}


def explain_deck(deck: str, notation: str | None = None, **settings: Any) -> Explanation:
    """The worked example of deck `"001"`, `"002"` or `"004"`, with its numbers and names.

    Args:
        deck: which one.
        notation: in place of the deck's own.
        settings: `digits` and `detail` of `explain`.

    Raises:
        ArgumentError: a deck without a worked gradient.

    Example:
        >>> print(explain_deck("001").text(weight="w1").splitlines()[-1].strip())
        new = old - 0.4·gradient = 0.15 - 0.4·0.001021396 = 0.149591442
    """
    if deck not in NOTES:
        raise choose("deck", deck, NOTES, where="explain")
    example: Any = course.example(deck)
    made = explain(
        example.model(), example.x, example.y, example.loss, example.optimizer(),
        notation or f"deck-{deck}", **settings,
    )  # fmt: skip
    return made.with_notes([Words(_first(course.errata(e)), "note", e) for e in NOTES[deck]])


ROOM = 68  # what stands in one line of text behind an erratum's number


def _first(erratum: Any) -> str:
    """What is right: its first sentence, and more where a line has room."""
    first, *others = erratum.right.rstrip(".").split(". ")
    for sentence in others:
        if len(first) + len(sentence) > ROOM:
            break
        first += f". {sentence}"
    return f"{first}."
