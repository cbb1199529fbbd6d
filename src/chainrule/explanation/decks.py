"""The worked examples of the decks, explained in their own words."""

from __future__ import annotations

from typing import Any

from .. import course
from ..errors import choose
from .explained import Explanation, explain
from .steps import Words

__all__ = ["explain_deck"]

# the errata that touch the worked example itself, each in a line: `chainrule course errata E31`
NOTES = {
    "001": {
        "E15": "the slide's 55.87 is not all vanishing gradient: a part is the small input.",
        "E6": "the deck's equations leave out the biases that its example has.",
    },
    "002": {
        "E24": "without activations the two layers equal one, of the product of their weights.",
        "E21": "in the slide's ∂Error/∂w6 a factor ∂/∂prediction is left out.",
    },
    "004": {
        "E31": "slides print net_h2 with b2, net_o1 with b1; the numbers do not.",
        "E46": "the formula 1/(2n)Σ loses its n: with n = 2, J would be half of this.",
        "E51": "backpropagation computes gradients; it is SGD that adjusts weights.",
    },
}


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
    return made.with_notes([Words(text, "note", e) for e, text in NOTES[deck].items()])
