"""Is an answer right, right with an earlier error carried forward, or the end of a wrong path?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from .rounding import (
    LEAST,
    OTHER_TIES,
    Answer,
    Rounding,
    Unread,
    read_answer,
    roundings,
    written,
)
from .sheet import Sheet
from .slips import SLIPS, Change, changes
from .words import listed, sentence, where_of

__all__ = ["NEAR", "Judged", "Verdict", "digits_needed", "equals_way", "is_right", "judge"]

NEAR = 0.05  # relative: beyond it no rounding of intermediates is tried
_CLOSE = 0.01
_SEEN = 0.02  # relative: what nobody takes for a matter of rounding
MOST_DIGITS = 9  # that a question may need: as many as the answer key shows
SLIP_KEYS = frozenset(slip.key for slip in SLIPS)


class Judged(NamedTuple):
    """What was found out about an answer, in no language yet.

    Args:
        kind: "right", "carried", "wrong", "digits" or "unread".
        key: of the sentence.
        detail, where: what it speaks of.
        others: further wrong paths that lead to the same answer.
    """

    kind: str
    key: str
    detail: str = ""
    where: tuple[str, ...] = ()
    others: tuple[Judged, ...] = ()


class Verdict(NamedTuple):
    """What is said of an answer; true where it is right or carried forward.

    Args:
        question: the name of the number that was asked for.
        text: the answer as it was written.
        kind: "right", "carried" (right with an earlier error carried forward), "wrong", "digits"
            (too few of them) or "unread" (no number).
        marks: those that it gets.
        of: those that there are.
        judged: what was found out.

    Example:
        >>> import chainrule as cr
        >>> verdict = cr.quiz("004").check("w5.gradient", "0.440")
        >>> verdict.kind, verdict.slip, verdict.marks
        ('wrong', 'slope', 0)
        >>> verdict.reason
        'The slope σ′ was left out in δ_o1.'
    """

    question: str
    text: str
    kind: str
    marks: float
    of: float
    judged: Judged

    def __bool__(self) -> bool:
        return self.kind in ("right", "carried")

    @property
    def reason(self) -> str:
        """Why, in a sentence."""
        return self.said("en")

    @property
    def slip(self) -> str | None:
        """The key of the known wrong path that leads to the answer; None where none does."""
        return self.judged.key if self.kind == "wrong" and self.judged.key in SLIP_KEYS else None

    def said(self, language: str) -> str:
        """The reason in a language, "en" or "ar"."""
        found = self.judged
        said = _said(language, found)
        if found.others:
            or_ = sentence(language, "or")
            said += " " + " ".join(or_ + _said(language, o) for o in found.others)
        return said


def _said(language: str, found: Judged) -> str:
    names = list(found.where)
    whole = found.key in ("carried", "copied", "idle", "other")
    where = (listed(language, names) if names else "") if whole else where_of(language, names)
    return sentence(language, found.key, found.detail, where)


# --- right ----------------------------------------------------------------------------------------


def equals_way(
    sheet: Sheet,
    name: str,
    answer: Answer,
    known: Mapping[str, float] | None = None,
    change: Change | None = None,
) -> str | None:
    """Is the answer this number: "right" as it is, "rounded" with intermediates rounded, or None?

    Args:
        sheet: what computes it.
        name: which number.
        answer: as it was written.
        known: somebody's own numbers, which are taken as they are.
        change: a wrong path.
    """
    changed = None if change is None else change.formulas
    value = sheet.values(changed, None, known).exact(name)
    if not math.isfinite(value):
        return None
    if answer.short:
        return "right" if answer.equals(value) else None
    if answer.rounds(value):
        return "right"
    if abs(answer.value - value) > NEAR * abs(value):
        return None
    for rounding in roundings(answer):
        values = sheet.values(changed, rounding, known)
        if answer.rounds(values.exact(name)):
            return "rounded"
        for tie in OTHER_TIES if values.tied else ():
            if answer.rounds(sheet.values(changed, rounding._replace(tie=tie), known).exact(name)):
                return "rounded"
    return None


def is_right(sheet: Sheet, name: str, answer: Answer) -> bool:
    """Is it the true value, rounded at the end or on the way, to the digits that are needed?"""
    return equals_way(sheet, name, answer.padded(digits_needed(sheet, name))) is not None


def digits_needed(sheet: Sheet, name: str) -> int:
    """The significant digits that an answer needs: three, for a new weight often more.

    A step is small beside its weight: to three digits the old weight, and the new one by a wrong
    path, often look like the right one. So many digits are needed that none of them does, up to
    nine; what nine digits do not tell apart is left out of account.
    """
    if sheet.steps[name].role != "new":
        return LEAST
    if name not in sheet.needs:
        way, true = sheet.before(name) | {name}, sheet.values().exact(name)
        formulas = [c.formulas for c in changes(sheet, name) if way & c.formulas.keys()]
        wrong = [sheet.values(f).exact(name) for f in formulas]
        wrong.append(sheet.given[sheet.steps[name].parts["old"].name])
        sheet.needs[name] = max(_telling(sheet, name, true, w) for w in wrong)
    return sheet.needs[name]


def _telling(sheet: Sheet, name: str, true: float, wrong: float) -> int:
    """The digits from which on a wrong number is never taken for the true one."""
    if not math.isfinite(wrong) or abs(wrong - true) > 2 * NEAR * abs(true):
        return LEAST
    for n in range(MOST_DIGITS, LEAST - 1, -1):
        if equals_way(sheet, name, written(wrong, n)) is not None:
            return n + 1 if n < MOST_DIGITS else LEAST
    return LEAST


# --- everything -----------------------------------------------------------------------------------


def judge(
    sheet: Sheet, name: str, text: object, earlier: Mapping[str, Answer] | None = None
) -> Judged:
    """What an answer is.

    Args:
        sheet: the numbers.
        name: of the one that was asked for.
        text: the answer as it was typed.
        earlier: the student's own answers to other questions, by the names of their numbers.
    """
    answer = read_answer(text)
    if isinstance(answer, Unread):
        return Judged("unread", answer.why)
    least = digits_needed(sheet, name)
    before = sheet.before(name)
    own = {n: a for n, a in (earlier or {}).items() if n in before}
    found = _earned(sheet, name, answer.padded(least), own)
    lacks = answer.lacks(least)
    if found is not None and (found.kind != "wrong" or not lacks):
        return found
    if answer.short or (lacks and _earned(sheet, name, answer, own) is not None):
        return Judged("digits", "digits") if least == LEAST else (
            Judged("digits", "more", str(least))
        )  # fmt: skip
    step = sheet.steps[name]
    if step.role == "new" and answer.rounds(sheet.given[step.parts["old"].name]):
        return Judged("wrong", "old", step.parts["old"].name)
    for known in ({n: a.value for n, a in own.items()}, {}) if own else ({},):
        found = _slips(sheet, name, answer, known)
        marked = [j for j in (_marked_before(sheet, name, c, own) for c, _ in found) if j]
        if marked:
            return marked[0]
        if found:
            first, *others = (judged for _, judged in found)
            return first._replace(others=tuple(others[:1]))
    return _other(sheet, name, answer)


def _earned(sheet: Sheet, name: str, answer: Answer, own: Mapping[str, Answer]) -> Judged | None:
    """Right to its digits, or right from the student's own answers."""
    way = equals_way(sheet, name, answer)
    return _carried(sheet, name, answer, own) if way is None else Judged("right", way)


def _marked_before(
    sheet: Sheet, name: str, change: Change, own: Mapping[str, Answer]
) -> Judged | None:
    """The same slip led to an earlier answer, which lost its marks: here it is carried forward.

    Somebody who goes on with all digits does not get what follows from the digits written down.
    """
    if name in change.formulas:  # made again
        return None
    wrong = [
        n for n, a in own.items()
        if not is_right(sheet, n, a) and equals_way(sheet, n, a, None, change) is not None
    ]  # fmt: skip
    return (
        Judged("carried", "carried", "", tuple(_used(sheet, name, dict.fromkeys(wrong, 0.0))))
        if wrong
        else None
    )


def _carried(sheet: Sheet, name: str, answer: Answer, own: Mapping[str, Answer]) -> Judged | None:
    """Right from the student's own answers: all of them, the right ones, or one wrong one."""
    if not own:
        return None
    wrong = [n for n, a in own.items() if not is_right(sheet, n, a)]
    right = {n: a.value for n, a in own.items() if n not in wrong}
    sets = [{n: a.value for n, a in own.items()}, right]
    for n in wrong:
        sets += [{n: own[n].value}, right | {n: own[n].value}]
    for known in sets:
        if not known or equals_way(sheet, name, answer, known) is None:
            continue
        used = [n for n in _used(sheet, name, known) if n in wrong]
        if not used:
            return Judged("right", "own")
        step = sheet.steps[name]
        copied = [n for n in used if own[n].value == answer.value]
        if copied and not step.same:  # a factor of 1 or a 0 would be marks for nothing
            return Judged("wrong", "copied", "", tuple(copied))
        moved = known | {n: 1.1 * known[n] for n in used}  # the answer must have come from them
        stays = step.role == "new" and answer.rounds(sheet.given[step.parts["old"].name])
        if stays or equals_way(sheet, name, answer, moved) is not None:
            return Judged("wrong", "idle", "", tuple(used))
        return Judged("carried", "carried", "", tuple(used))
    return None


def _used(sheet: Sheet, name: str, known: Mapping[str, float]) -> list[str]:
    """The known numbers that a number is computed from, before others that stand behind them."""
    found: list[str] = []
    waiting, seen = list(sheet.direct(name)), set()
    while waiting:
        n = waiting.pop(0)
        if n in seen:
            continue
        seen.add(n)
        if n in known:
            found.append(n)
        else:
            waiting += sheet.direct(n)
    return found


def _slips(
    sheet: Sheet, name: str, answer: Answer, known: Mapping[str, float]
) -> list[tuple[Change, Judged]]:
    """The wrong paths that lead to the answer, one for each kind, the likeliest first."""
    way = sheet.before(name) | {name}
    found: dict[str, tuple[bool, Change, Judged]] = {}
    true = sheet.values(known=known).exact(name)
    rounding = not _tells(answer, true) and _rounded_early(sheet, name, answer)
    for change in changes(sheet, name):
        places = [n for n in change.formulas if n in way and n not in known]
        if change.slip in found or not places:
            continue
        wrong = sheet.values(change.formulas, None, known).exact(name)
        if abs(wrong - true) <= 1e-12 * abs(true):
            continue
        matches = equals_way(sheet, name, answer, known, change)
        if matches is None or rounding or (matches == "rounded" and not _tells(answer, true)):
            continue
        where = () if places == [name] else tuple(places)
        plain = matches == "right"
        found[change.slip] = plain, change, Judged("wrong", change.slip, change.detail, where)
    plainly = [(change, judged) for plain, change, judged in found.values() if plain]
    return plainly or [(change, judged) for _, change, judged in found.values()]


def _tells(answer: Answer, true: float) -> bool:
    """Is an answer so far from the truth that a wrong path, rounded on the way, explains it?"""
    units = 0.0 if answer.exact else 5 * float(f"1e{-answer.decimals}")
    return abs(answer.value - true) >= min(units, _SEEN * abs(true))


def _other(sheet: Sheet, name: str, answer: Answer) -> Judged:
    """What can be said where no known slip leads to the answer."""
    values = sheet.values()
    value = values.exact(name)
    if answer.value and answer.rounds(-value):
        return Judged("wrong", "minus")
    for other in sheet.steps.values():
        if other.name != name and not other.again and answer.rounds(values.exact(other.name)):
            return Judged("wrong", "other", other.name, (name,))
    scale = answer.value / value if value else 0.0
    if scale > 0 and scale != 1:
        power = round(math.log10(scale))
        moved = answer._replace(value=answer.value / 10.0**power, decimals=answer.decimals + power)
        if power and moved.rounds(value):
            return Judged("wrong", "point")
    near = abs(answer.value - value) <= _CLOSE * abs(value)
    cut = abs(answer.value - value) < float(f"1e{-answer.decimals}") and (
        abs(answer.value) < abs(value)
    )  # fmt: skip
    if near and (cut or _rounded_early(sheet, name, answer)):
        return Judged("wrong", "close")
    return Judged("wrong", "wrong")


def _rounded_early(sheet: Sheet, name: str, answer: Answer) -> bool:
    """Is it as near to the truth as somebody comes who rounds on the way to fewer digits?

    Some results may be rounded up and others not: what counts is how far the number moves.
    """
    value = sheet.values().exact(name)
    half, off = float(f"0.5e{-answer.decimals}"), abs(answer.value - value)
    coarse = [Rounding(n, None, nets) for n in range(2, 6) for nets in (True, False)]
    moved = [abs(sheet.values(rounding=r).exact(name) - value) for r in coarse]
    return off <= max(m for m in moved if math.isfinite(m)) + half
