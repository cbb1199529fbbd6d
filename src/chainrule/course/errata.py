"""Where a deck is wrong, or not the standard form: E1 to E54.

The words stand in `errata.en.toml`, what computes the numbers in the files `errata_000` to
`errata_004`.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..errors import UnknownNameError, did_you_mean
from ..terminal import fold
from . import errata_000, errata_001, errata_002, errata_004
from .errata_pairs import Pairs
from .text import WIDTH, show_value, table

__all__ = ["Erratum", "Line", "errata", "for_deck"]

_FOLDER = os.path.dirname(__file__)
_NUMBERS: dict[str, Callable[[], Pairs]] = (
    errata_000.NUMBERS | errata_001.NUMBERS | errata_002.NUMBERS | errata_004.NUMBERS
)


class Line(NamedTuple):
    """One number of an erratum.

    Attributes:
        label: what it is.
        deck: what the deck's words or its own numbers give; None where it gives none.
        right: what is right.

    Example:
        >>> errata("E37").lines()[0]
        Line(label='batch size', deck=500, right=100)
    """

    label: str
    deck: Any
    right: Any


class Erratum:
    """A place where a deck is wrong, or departs from the standard form.

    Attributes:
        id: "E1" to "E54".
        decks: where it stands.
        says: what the deck says.
        right: what is right.

    Example:
        >>> errata("E41")
        Erratum('E41', 'Updating the weights, “leading to significantly diverged model”.')
    """

    def __init__(
        self, id: str, decks: Sequence[str], says: str, right: str, labels: Sequence[str]
    ) -> None:
        self.id, self.decks, self.says, self.right = id, tuple(decks), says, right
        self._labels = tuple(labels)

    @property
    def has_numbers(self) -> bool:
        """Is there a number that shows the difference?"""
        return self.id in _NUMBERS

    def lines(self) -> list[Line]:
        """The numbers that show the difference, computed now; none where words are the matter.

        Example:
            >>> for line in errata("E46").lines():
            ...     print(line.label, round(line.deck, 9), round(line.right, 9))
            J of the example 0.298371109 0.149185554
        """
        if not self.has_numbers:
            return []
        pairs = zip(self._labels, _NUMBERS[self.id](), strict=True)
        return [Line(label, deck, right) for label, (deck, right) in pairs]

    def __str__(self) -> str:
        told = [f"{self.id}  deck {', '.join(self.decks)}", f"  says   {self.says}"]
        told.append(f"  right  {self.right}")
        rows = [(line.label, *map(show_value, line[1:])) for line in self.lines()]
        if rows:
            told += ["", *table(("", "deck", "right"), rows, right={1, 2})]
        return "\n".join(fold(line, WIDTH) for line in told)

    def __repr__(self) -> str:
        return f"Erratum({self.id!r}, {self.says!r})"


def errata(id: str | None = None) -> Any:
    """All errata in their order, or the one of an id.

    Raises:
        UnknownNameError: there is no such erratum.

    Example:
        >>> print(errata("E33"))
        E33  deck 004
          says   RMSE: tf.sqrt(tf.reduce_sum(tf.squared_difference(y_true, y_pred))).
          right  √ of the mean, not of the sum; the line above it, with reduce_mean, is
                 right.
        <BLANKLINE>
                                           deck      right
          RMSE of the example's outputs  0.772491  0.546234
        >>> len(errata())
        54
    """
    known = _read("en")
    if id is None:
        return list(known.values())
    word = str(id).upper()
    word = word if word.startswith("E") else f"E{word}"
    if word in known:
        return known[word]
    raise UnknownNameError(f"there is no erratum {id!r}", fix=did_you_mean(word, list(known)))


def for_deck(deck: str) -> list[Erratum]:
    """The errata of a deck.

    Raises:
        UnknownNameError: there is no such deck.

    Example:
        >>> [e.id for e in for_deck("003")]
        ['E27', 'E28', 'E29']
    """
    decks = sorted({d for e in errata() for d in e.decks})
    if deck not in decks:
        raise UnknownNameError(f"there is no deck {deck!r}", fix=did_you_mean(deck, decks))
    return [e for e in errata() if deck in e.decks]


@functools.cache
def _read(language: str) -> dict[str, Erratum]:
    """The errata in a language, by id."""
    import tomllib

    with open(os.path.join(_FOLDER, f"errata.{language}.toml"), "rb") as file:
        found = tomllib.load(file)
    return {
        id: Erratum(id, e["decks"], e["says"], e["right"], e.get("lines", ()))
        for id, e in found.items()
    }
