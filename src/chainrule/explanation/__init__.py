"""One training step of any network as a worked solution: `explain`."""

from .decks import explain_deck
from .explained import Explanation, explain

__all__ = ["Explanation", "explain", "explain_deck"]
