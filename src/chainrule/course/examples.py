"""The worked examples of the decks, by name."""

from __future__ import annotations

from typing import Any

from ..errors import UnknownNameError, did_you_mean
from . import deck_001, deck_002, deck_004
from .example import Example

__all__ = ["example", "examples"]

_ALL = {e.name: e for deck in (deck_001, deck_002, deck_004) for e in deck.EXAMPLES}


def examples() -> list[Example]:
    """All worked examples, in the order of the decks.

    Example:
        >>> [e.name for e in examples()][:4]
        ['001', '001-softmax', '002', '002-neuron']
    """
    return list(_ALL.values())


def example(name: str) -> Any:
    """A worked example by its name, such as "004" or "deck-004": an `Example` of its kind.

    Raises:
        UnknownNameError: with the nearest name there is.

    Example:
        >>> e = example("004")
        >>> e.quantities()["∂J/∂w5"].__round__(12)
        0.082167040564
        >>> example("005")
        Traceback (most recent call last):
        ...
        chainrule.errors.UnknownNameError: unknown example '005'
          fix: did you mean '004'?
    """
    word = str(name).lower().removeprefix("deck").lstrip("-_ ")
    if word in _ALL:
        return _ALL[word]
    raise UnknownNameError(f"unknown example {name!r}", fix=did_you_mean(word, list(_ALL)))
