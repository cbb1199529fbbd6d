"""The verdict: one word and one sentence on whether a model is worth using, by written rules."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..dialect import argument
from ..errors import choose
from .resampling import Estimate
from .scores import ClassScore, Score, Scores
from .wording import answer, interval, number, percent, plain

__all__ = ["WORDS", "Verdict", "verdict"]

WORDS = ("USEFUL", "BARELY USEFUL", "NO BETTER", "RANKING ONLY", "UNCERTAIN", "DO NOT USE")
_KINDS = ("network", "linear", "constant")
_WAY = 0.2  # so far from chance to perfect must a balanced figure be, for certain
_RAREST = 10  # rows of the rarest class, for the rules on balanced figures
_LEAST = 0.01  # a gain that matters: points of accuracy, or a share of the constant's error
_LEAST_OF_ERRORS = 0.1  # or, where the constant is hardly ever wrong, so much of its mistakes


@dataclass(frozen=True)
class Verdict:
    """What to think of a model.

    Args:
        word: one of `WORDS`.
        sentence: begins with the word; one line.

    Example:
        >>> Verdict("USEFUL", "USEFUL: 4.1 points better than always answering no").negative
        False
    """

    word: str
    sentence: str

    @property
    def negative(self) -> bool:
        """Anything but USEFUL: to be repeated wherever the model answers."""
        return self.word != "USEFUL"

    @property
    def conditional(self) -> bool:
        """It holds only if a column that alone tells the answer is known in time."""
        return self.sentence.startswith(f"{self.word} only if ")

    def __str__(self) -> str:
        return self.sentence

    def to_json(self) -> dict[str, str]:
        """Plain values."""
        return {"word": self.word, "sentence": self.sentence}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Verdict:
        """What `to_json` gave.

        Raises:
            ArgumentError: a word that is none of `WORDS`.
        """
        if values.get("word") not in WORDS:
            raise choose("word", values.get("word"), WORDS, where="Verdict")
        return cls(str(values["word"]), str(values["sentence"]))


def verdict(scores: Scores, kind: str = "network", suspects: Sequence[str] = ()) -> Verdict:
    """Is the model better than the best constant answer, and than the linear model?

    "Shown" means that the whole 95 % interval of the paired difference is on that side of 0. The
    rules, the first that holds:

    1. The saved model is the constant: DO NOT USE.
    2. Shown to be better than the constant, and by enough to matter: by accuracy; of values by
       RMSE, or else by the mean absolute error (which a few wild values do not spoil). Enough is 1
       point, or a tenth of the constant's mistakes where it makes fewer than one in ten; of values
       1 % of the constant's error. Of the RMSE that is R² = 1 − .99² = .02: what Cohen (Statistical
       Power Analysis for the Behavioral Sciences, 1988, section 9.2) calls a small effect,
       f² = .02. With rows enough everything is shown, however small. Then rule 6.
    3. Classes: the interval of the balanced accuracy is wholly above 1/k + .2·(1 − 1/k) for k
       classes (.6 for two), and the rarest class has 10 rows or more: it finds the rare class,
       at the price of false alarms. This is how a model with class weights is useful although
       always answering "no" is right more often. Then rule 6.
    4. Classes: the interval of the AUC is wholly above .6, and the rarest class has 10 rows or
       more: RANKING ONLY. With 1 row in 200 a model can sort well and still answer "no" to all; its
       probabilities are worth something with a threshold of one's own, its answers are not.
    5. BARELY USEFUL where the model is shown to be better, but by less than rule 2 asks, after
       rule 6. UNCERTAIN where it is better on these rows but that is not shown, and the interval
       has room for a gain that matters, or where rules 3 or 4 would hold but for the number of
       rows. Otherwise DO NOT USE.
    6. There is a linear model, and the network is not shown to be better than it, neither in the
       figure of the rule that held nor in log loss (of values: nor in mean absolute error), or is
       shown to be worse in the former: NO BETTER. Otherwise USEFUL.

    Args:
        scores: what `scores` gave; with `linear=` for rule 6.
        kind: of the saved model: "network", "linear" or "constant".
        suspects: columns that alone tell the target: perhaps they are not known in time, and a good
            verdict holds only if they are.

    Raises:
        ArgumentError: another kind.

    Example:
        >>> import numpy as np
        >>> from chainrule.evaluation import scores
        >>> y = np.arange(300) % 3 == 0
        >>> said = np.where(np.arange(300) < 280, y, ~y)  # 280 right
        >>> verdict(scores(y, 0.8 * said + 0.1, ["no", "yes"])).sentence
        'USEFUL: 26.7 points better than always answering no (95 % interval ... … ...)'
        >>> verdict(scores(y, np.full(300, 0.3), ["no", "yes"])).word
        'DO NOT USE'
    """
    if kind not in _KINDS:
        raise choose("kind", kind, _KINDS, where="verdict")
    if kind == "constant":
        return Verdict("DO NOT USE", "DO NOT USE: nothing was found in the columns that tells the "
                       f"target; the model is {scores.always}")  # fmt: skip
    told = _by_gain(scores) or _by_class(scores) or _by_gain(scores, barely=True)
    if told is None:
        return _neither(scores)
    return _if_known(told, suspects) if suspects else told


# --- the rules ----------------------------------------------------------------------------------


def _by_gain(s: Scores, barely: bool = False) -> Verdict | None:
    """Rule 2; and what of rule 5 is shown, but too small to matter."""
    names = ("accuracy",) if s.task == "classification" else ("rmse", "mae")
    for name in names:
        score = s[name]
        gain = score.over_baseline
        if gain is None or not gain.above(0):
            continue
        if barely or gain.value >= _enough(score):
            return _against_linear(s, score, _better(s, score), barely)
    return None


def _enough(score: Score) -> float:
    """The smallest gain over the constant that matters."""
    base = score.baseline or 0.0
    if score.name == "accuracy":
        return min(_LEAST, _LEAST_OF_ERRORS * (1 - base))
    return _LEAST * base


def _by_class(s: Scores) -> Verdict | None:
    """Rules 3 and 4."""
    if s.task != "classification" or "auc" not in s.figures:
        return None
    rare = _rarest(s)
    balanced, ranked = s["balanced_accuracy"], s["auc"]
    present = sum(c.support > 0 for c in s.by_class)
    few = rare.support < _RAREST
    bars = (1 / present + _WAY * (1 - 1 / present), 0.5 + _WAY / 2)
    found, ranks = (
        e.value > bar if few else e.above(bar)
        for e, bar in zip((balanced.model, ranked.model), bars, strict=True)
    )
    if (not found and not ranks) or (few and _gain_with_room(s)):
        return None
    if few:
        return Verdict(
            "UNCERTAIN",
            f"UNCERTAIN: it seems to tell the classes apart ({_with_interval(ranked)}), but only "
            f"{_rows(rare.support)} {answer(rare.name)}: measure it on more rows",
        )
    right = f"right {percent(s['accuracy'].model.value)} of the time, {s.always} {_base(s)}"
    gain = s["accuracy"].over_baseline
    shown = gain is not None and gain.above(0)  # though too small to matter
    if found:
        why = (
            f"finds {percent(rare.recall.value)} of {answer(rare.name)}, "
            f"{_with_interval(balanced)}, where {s.always} has {percent(balanced.baseline or 0)}; "
            f"{'' if shown else 'but '}it is {right}"
        )
        return _against_linear(s, balanced, why)
    return Verdict(
        "RANKING ONLY",
        f"RANKING ONLY: its answers are {'hardly' if shown else 'no'} better than {s.always} "
        f"({right}), but its "
        f"probabilities sort the rows well ({_with_interval(ranked)}): choose a threshold of your "
        "own",
    )


def _if_known(told: Verdict, suspects: Sequence[str]) -> Verdict:
    """The verdict under the condition that the columns are there when the model is used."""
    shown = ", ".join(repr(plain(name)) for name in suspects[:3])
    shown += f" and {len(suspects) - 3} more" if len(suspects) > 3 else ""
    are, tell = (
        ("is", "it alone tells it") if len(suspects) == 1 else ("are", "each tells it alone")
    )
    known = f"{shown} {are} known before the answer is ({tell})"
    start = told.word + ":"
    if told.sentence.startswith(start):
        rest = told.sentence.removeprefix(start)
        return Verdict(told.word, f"{told.word} only if {known}:{rest}")
    return Verdict(told.word, f"{told.sentence}; and only if {known}")


def _against_linear(s: Scores, score: Score, why: str, barely: bool = False) -> Verdict:
    """Rule 6."""
    gain = score.over_linear
    good = Verdict("USEFUL", f"USEFUL: {why}")
    if barely:
        good = Verdict("BARELY USEFUL", f"BARELY USEFUL: {why}: shown, but too little to matter "
                       "for most purposes")  # fmt: skip
    if gain is None:
        return good
    second = "log_loss" if s.task == "classification" else "mae"
    also = s[second].over_linear
    shown = gain.above(0) or (also is not None and also.above(0) and not gain.high < 0)
    if shown:
        return good
    far = s.difference(score, gain).removesuffix(" than").removesuffix(" as")
    far = far if gain.high < 0 else f"no difference is shown, {far}"
    keep = argument("model", "linear")
    return Verdict(
        "NO BETTER",
        f"NO BETTER than the linear model: {far} ({s.span(score, gain)}); {keep} trains and keeps "
        f"that, which is simpler; the network: {why}",
    )


def _neither(s: Scores) -> Verdict:
    """Rule 5."""
    score = s["accuracy" if s.task == "classification" else "rmse"]
    gain = score.over_baseline or Estimate(math.nan)
    if _gain_with_room(s):
        return Verdict(
            "UNCERTAIN",
            f"UNCERTAIN: {s.difference(score, gain)} {s.always} on these {s.rows:,} rows, but that "
            f"may be chance ({s.span(score, gain)}): measure it on more rows",
        )
    if s.task == "regression":
        figures = f"RMSE {s.measure(score.model.value)} against {number(score.baseline or 0.0)}"
    else:
        figures = f"{percent(score.model.value)} right against {percent(score.baseline or 0.0)}"
        rare = _rarest(s)
        if rare.recall.value < 0.5 and rare.name != s.baseline:
            hits = f"{rare.recall.value * rare.support:g} of {rare.support:g}"
            if s.weighted:
                hits = f"{percent(rare.recall.value)} of those that are"
            # "0 of 16 4" would be no sentence
            of = f"rows of class {rare.name}" if rare.name[:1].isdigit() else answer(rare.name)
            figures += f", finds {hits} {of}"
    span = "" if math.isnan(gain.low) else f"; difference {_signed(s, score, gain)}"
    return Verdict("DO NOT USE", f"DO NOT USE: no better than {s.always} ({figures}{span})")


def _gain_with_room(s: Scores) -> bool:
    """Better on these rows, and the interval has room for a gain that matters."""
    score = s["accuracy" if s.task == "classification" else "rmse"]
    gain = score.over_baseline or Estimate(math.nan)
    return gain.value > 0 and not gain.high < _enough(score)


# --- words --------------------------------------------------------------------------------------


def _better(s: Scores, score: Score) -> str:
    gain = score.over_baseline or Estimate(math.nan)
    far = f"{s.difference(score, gain)} {s.always}"
    if s.task == "classification":
        return f"{far} ({s.span(score, gain)})"
    instead = f"{s.measure(score.model.value)} instead of {s.measure(score.baseline or 0.0)}"
    told = f"{far} ({instead}; {s.span(score, gain)})"
    return told + (f", R² {number(s['r2'].model.value)}" if "r2" in s.figures else "")


def _signed(s: Scores, score: Score, gain: Estimate) -> str:
    unit = " points" if score.gain_kind == "points" else ""
    return f"{s.ends(score, gain)}{unit} at 95 %"


def _base(s: Scores) -> str:
    return percent(s["accuracy"].baseline or 0.0)


def _with_interval(score: Score) -> str:
    e = score.model
    value = percent(e.value) if score.kind == "share" else number(e.value)
    return f"{score.label} {value}, 95 % interval {interval(e.low, e.high, score.kind)}"


def _rows(count: float) -> str:
    return "1 row is" if count == 1 else f"{count:g} rows are"


def _rarest(s: Scores) -> ClassScore:
    return min((c for c in s.by_class if c.support > 0), key=lambda c: c.support)
