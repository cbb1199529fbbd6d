"""The course: worked examples beside what their slides print, and where a deck is wrong.

Example:
    >>> import chainrule as cr
    >>> for row in cr.course.example("001").compare()[:3]:
    ...     print(row.quantity, row.printed, row.verdict)
    z1 0.415 exact
    a1 0.6023 rounded
    z2 0.9210 rounded
"""

from ..vocabulary import answer
from .as_printed import AsPrinted, Deck001Adam, Deck001CCE, PrintedRow, as_printed, deck_001_cce
from .contents import DECKS, Section, contents
from .errata import Erratum, Line, errata, for_deck
from .example import Example, ForwardExample, GradientExample
from .examples import example, examples
from .gates import GateExample, perceptron_rule
from .lessons import Lesson, lessons
from .names import LayerNames, Names
from .printed import Compared, Printed, rounded_as, verdict
from .show import show_course, show_example
from .small import Small, SmallLine, small

__all__ = [
    "DECKS",
    "AsPrinted",
    "Compared",
    "Deck001Adam",
    "Deck001CCE",
    "Erratum",
    "Example",
    "ForwardExample",
    "GateExample",
    "GradientExample",
    "LayerNames",
    "Lesson",
    "Line",
    "Names",
    "Printed",
    "PrintedRow",
    "Section",
    "Small",
    "SmallLine",
    "as_printed",
    "contents",
    "deck_001_cce",
    "errata",
    "example",
    "examples",
    "for_deck",
    "lessons",
    "perceptron_rule",
    "rounded_as",
    "show_course",
    "show_example",
    "small",
    "verdict",
]

answer(__name__)
