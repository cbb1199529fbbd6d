"""Numbers of one's own: the same network with other inputs, weights and targets for each student.

They come from a seed and the student's id alone. A draw is thrown away where it would not tell a
wrong path from the right one, where a unit is dead or saturated, or where a gradient is tiny.
"""

from __future__ import annotations

import math
import unicodedata

import numpy as np

from .. import rng
from ..errors import StateError
from ..files import checksum
from .asking import Question
from .checking import NEAR, equals_way
from .rounding import written
from .sheet import Sheet
from .slips import changes
from .working import RATE, Network

__all__ = ["clashes", "drawn", "student_id", "unusable"]

TRIES = 2000
SMALLEST = 1e-4  # of a gradient
FLAT = 0.05  # of a slope, as a share of the largest that the activation has
DIGITS = range(3, 7)  # to which a wrong path must differ from the right one
_STEEPEST = {"sigmoid": 0.25, "tanh": 1.0, "softplus": 1.0, "softsign": 1.0, "relu": 1.0}
# of the update the slips of the update itself are looked at: behind the digits of a weight the
# others often cannot be seen: for them its question asks for more digits (`digits_needed`)
_OF_UPDATE = ("ascent", "rate", "step")


def student_id(student: object) -> str:
    """An id as it is compared: without blanks at its ends, one form of each letter.

    Example:
        >>> student_id(" S01 "), student_id(7)
        ('S01', '7')
    """
    return unicodedata.normalize("NFC", str(student)).strip()


def drawn(
    net: Network, base: Sheet, questions: tuple[Question, ...], seed: int, student: str
) -> dict[str, float]:
    """The given numbers of one student.

    Args:
        net: names, and the numbers that are replaced.
        base: its sheet.
        questions: that must tell wrong paths from the right one.
        seed: of all students.
        student: the id.

    Raises:
        StateError: no draw could be used: the network hides its wrong paths.
    """
    key = rng.key(int(checksum(f"{seed}\n{student}".encode())[:15], 16))
    why = ""
    for k in range(TRIES):
        sheet = base.with_given(_numbers(net, rng.fold(key, k)))
        why = unusable(net, sheet) or clashes(sheet, questions)
        if not why:
            return sheet.given
    raise StateError(
        "no numbers were found that tell the wrong paths of this network apart",
        where="quiz", expected=f"a draw without: {why}", received=f"{TRIES:,} draws",
        fix="ask for fewer numbers, or give the optimizer a larger learning rate",
    )  # fmt: skip


def _numbers(net: Network, key: np.ndarray) -> dict[str, float]:
    """Every given number drawn anew, with two decimals; the learning rate and classes stay."""
    words = iter(rng.bits(key, 4 * len(net.given)).tolist())
    inputs, targets = ({n for row in rows for n in row} for rows in (net.inputs, net.targets))
    found: dict[str, float] = {}
    taken: set[float] = set()
    for name, value in net.given.items():
        if name == RATE or (name in targets and _fixed(net)):
            found[name] = value
            continue
        while True:
            word = next(words, None)
            if word is None:  # more names than grid points: they may repeat
                taken, words = set(), iter(rng.bits(rng.fold(key, len(found)), 64).tolist())
                continue
            number = (5 + word % 91) / 100  # 0.05 to 0.95
            if name not in inputs and name not in targets and (word >> 16) % 4 == 0:
                number = -number
            if abs(number) not in taken:
                break
        taken.add(abs(number))
        found[name] = number
    return found


def _fixed(net: Network) -> bool:
    """Are the targets classes, which cannot be drawn as numbers?"""
    kind = type(net.loss).__name__
    return "Crossentropy" in kind or kind == "Hinge"


def unusable(net: Network, sheet: Sheet) -> str:
    """Why the numbers are no good for anybody: a dead or saturated unit, a tiny gradient; or ""."""
    values = sheet.values()
    for step in sheet.steps.values():
        value = values.get(step.name)
        if not math.isfinite(value):
            return f"{step.name} is not a number"
        if step.role == "slope":
            steepest = _STEEPEST.get(step.parts["activation"], 1.0)
            if abs(value) < FLAT * steepest:
                return f"the unit of {step.name} is dead or saturated"
        if step.role in ("gradient", "delta", "error", "arriving") and abs(value) < SMALLEST:
            return f"{step.name} is below {SMALLEST:g}"
    return ""


def clashes(sheet: Sheet, questions: tuple[Question, ...]) -> str:
    """A wrong path whose result would pass as right for a question; "" where there is none."""
    true = sheet.values()
    asked = [q.name for q in questions if not sheet.steps[q.name].again]
    ways = {name: sheet.before(name) | {name} for name in asked}
    for change in changes(sheet):
        wrong = sheet.values(change.formulas)
        for name in asked:
            update = sheet.steps[name].role == "new"
            if update != (change.slip in _OF_UPDATE) or not ways[name] & change.formulas.keys():
                continue
            value, right = wrong.get(name), true.get(name)
            if not math.isfinite(value) or abs(value - right) <= 1e-12 * abs(right):
                continue  # for every number the same: nothing to tell apart
            if abs(value - right) > 2 * NEAR * abs(right):
                continue  # far from any rounding
            if any(equals_way(sheet, name, written(value, n)) for n in DIGITS):
                return f"{change.slip} looks right at {name}"
    return ""
