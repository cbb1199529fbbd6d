"""Words that have an order: low to high, never to always, and bands of numbers such as 18-25."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence

__all__ = ["in_order"]

# each scale from its lowest step; words of one step mean the same
_SCALES = [
    [step.split("|") for step in scale.split(" < ")]
    for scale in (
        "very low < low < medium|moderate|mid|middle|average|normal < high < very high",
        "l < m < h",
        "xxs < xs|extra small < s|small < m|medium < l|large < xl|extra large < xxl|2xl < xxxl|3xl",
        "tiny < small < medium < big|large < huge",
        "never < rarely|seldom < sometimes|occasionally < often|frequently|usually < always",
        "very poor|very bad|terrible < poor|bad < fair|average|ok|okay < good < very good"
        " < excellent",
        "fair < good < very good < premium < ideal",
        "strongly disagree < disagree < neutral|undecided|neither agree nor disagree < agree"
        " < strongly agree",
        "very dissatisfied < dissatisfied < neutral < satisfied < very satisfied",
        "none < mild < moderate < severe < critical",
        "beginner|novice < intermediate < advanced < expert",
        "first < second < third < fourth < fifth",
        "1st < 2nd < 3rd < 4th < 5th",
        "sehr niedrig < niedrig < mittel < hoch < sehr hoch",
        "klein < mittel < groß",
        "nie < selten < manchmal < oft < immer",
        "schlecht < mittel < gut < sehr gut",
    )
]
_BAND = re.compile(r"(\d+(?:\.\d+)?)\s*(?:-|–|to|bis)\s*(\d+(?:\.\d+)?)", re.ASCII)
_BELOW = re.compile(r"(?:<|<=|≤|under|below|unter|less than)\s*(\d+(?:\.\d+)?)", re.ASCII)
_ABOVE = re.compile(r"(?:>|>=|≥|over|above|über|more than)\s*(\d+(?:\.\d+)?)", re.ASCII)
_PLUS = re.compile(r"(\d+(?:\.\d+)?)\s*\+", re.ASCII)


def in_order(levels: Sequence[str]) -> list[str] | None:
    """The levels from the lowest to the highest, where their words say it; None elsewhere.

    Three levels at least: two are told apart by one number in any order.

    Example:
        >>> in_order(["Medium", "Low", "High"]), in_order(["red", "low", "high"])
        (['Low', 'Medium', 'High'], None)
        >>> in_order(["31-45", "18-30", "46+", "under 18"])
        ['under 18', '18-30', '31-45', '46+']
    """
    if not 3 <= len(levels) <= 50:
        return None
    words = [" ".join(level.replace("_", " ").split()).casefold() for level in levels]
    for scale in _SCALES:
        steps = {word: place for place, step in enumerate(scale) for word in step}
        if all(word in steps for word in words):
            places = [steps[word] for word in words]
            if len(set(places)) < len(places):
                return None  # "mid" and "medium" side by side: the words do not say which is more
            return [level for _, level in sorted(zip(places, levels, strict=True))]
    return _bands(levels, words)


def _bands(levels: Sequence[str], words: Sequence[str]) -> list[str] | None:
    """Bands that follow each other without overlap, two of them with both ends."""
    ends = [_ends(word) for word in words]
    found = sorted((e, level) for e, level in zip(ends, levels, strict=True) if e is not None)
    if len(found) < len(levels) or sum(math.isfinite(b - a) for (a, b), _ in found) < 2:
        return None
    bounds = [e for e, _ in found]
    apart = all(last <= first for (_, last), (first, _) in itertools.pairwise(bounds))
    return [level for _, level in found] if apart and all(a < b for a, b in bounds) else None


def _ends(word: str) -> tuple[float, float] | None:
    for pattern, low in ((_BELOW, True), (_ABOVE, False), (_PLUS, False)):
        match = pattern.fullmatch(word)
        if match:
            end = float(match[1])
            return (-math.inf, end) if low else (end, math.inf)
    match = _BAND.fullmatch(word)
    return (float(match[1]), float(match[2])) if match else None
