"""How good answers are: figures beside those of the baseline and of the linear model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..course.text import table
from .checked import check_outputs, check_targets, check_weights
from .ranking import auc_draws, auc_estimate
from .resampling import Estimate, Resamples, mean_of, ratio
from .wording import answer, interval, number, percent, plain, points, written

__all__ = ["ClassScore", "Score", "Scores", "scores"]

# probabilities below it count as so much in a log loss: that of float32, which networks have
_SMALLEST = float(np.finfo(np.float32).eps)
_BINS = 10  # of the calibration error

# name -> (what it is called, which way is better, form, form of a difference)
_KINDS = {
    "accuracy": ("accuracy", "max", "share", "points"),
    "balanced_accuracy": ("balanced accuracy", "max", "share", "points"),
    "auc": ("AUC", "max", "number", "number"),
    "log_loss": ("log loss", "min", "number", "number"),
    "brier": ("Brier score", "min", "number", "number"),
    "calibration_error": ("calibration error", "min", "points", "points"),
    "r2": ("R²", "max", "number", "number"),
    "rmse": ("RMSE", "min", "number", "number"),
    "mae": ("mean absolute error", "min", "number", "number"),
}


@dataclass(frozen=True)
class Score:
    """One figure of a model, and the same of the two that it must beat.

    Args:
        name: `"accuracy"`, `"auc"`, ...
        model: with its 95 % interval.
        baseline: the same of the best constant answer; None where it has none.
        linear: of the linear model; None where there is none.
        over_baseline: how much better the model is, positive is better, in the figure's own unit.
        over_linear: likewise over the linear model.

    Example:
        >>> one = Score("accuracy", Estimate(0.9, 0.85, 0.94), baseline=0.7)
        >>> one.label, one.kind, one.gain_kind
        ('accuracy', 'share', 'points')
    """

    name: str
    model: Estimate
    baseline: float | None = None
    linear: float | None = None
    over_baseline: Estimate | None = None
    over_linear: Estimate | None = None

    @property
    def label(self) -> str:
        """What it is called in a table."""
        return _KINDS[self.name][0]

    @property
    def kind(self) -> str:
        """`"share"` (written in per cent), `"points"` or `"number"`."""
        return _KINDS[self.name][2]

    @property
    def gain_kind(self) -> str:
        """The form of a difference: `"points"` or `"number"`."""
        return _KINDS[self.name][3]

    def beside(self, gain: Estimate | None) -> float | None:
        """The error that a gain is a share of: of the baseline or of the linear model.

        None where a gain is told in the figure's own unit: only errors of values are told so, for
        which 0 means that nothing is wrong.
        """
        if self.name not in ("rmse", "mae") or gain is None:
            return None
        other = self.linear if gain is self.over_linear else self.baseline
        return other if other is not None and other > 0 else None


@dataclass(frozen=True)
class ClassScore:
    """Precision, recall and F1 of one class; NaN where there is nothing to divide by.

    Args:
        name: of the class.
        precision: of the rows answered so, the share that are.
        recall: of the rows that are, the share answered so.
        f1: 2·TP/(2·TP + FP + FN).
        support: how many rows are of this class (their weight, where rows have weights).
        answered: how many rows were answered so.

    Example:
        >>> found = scores([0, 1, 1], [0.2, 0.9, 0.6], ["no", "yes"]).by_class[1]
        >>> found.name, found.recall.value, found.support
        ('yes', 1.0, 2.0)
    """

    name: str
    precision: Estimate
    recall: Estimate
    f1: Estimate
    support: float
    answered: float


@dataclass(frozen=True, eq=False)
class Scores:
    """All figures on some rows; `scores` makes one.

    Args:
        task: `"classification"` or `"regression"`.
        rows: how many rows were looked at.
        groups: how many of them are independent: groups, or rows.
        figures: by name, in the order in which they are shown.
        baseline: the constant answer: the name of a class, or a number.
        class_names: of the classes; empty for values.
        by_class: in the order of the classes; empty for values.
        confusion: rows are true classes, columns answers; None for values.
        unit: of the target, as written after a value.
        notices: sentences on what must be known to read the figures.
        weighted: whether rows had weights.
        against: what the baseline is where it is no constant, such as `the last value`.

    Example:
        >>> found = scores([0, 1, 1], [0.2, 0.9, 0.6], ["no", "yes"])
        >>> found.task, found.always, sorted(found.figures)[:2]
        ('classification', 'always answering yes', ['accuracy', 'auc'])
    """

    task: str
    rows: int
    groups: int
    figures: Mapping[str, Score]
    baseline: str | float
    class_names: tuple[str, ...] = ()
    by_class: tuple[ClassScore, ...] = ()
    confusion: np.ndarray | None = None
    unit: str = ""
    notices: tuple[str, ...] = ()
    weighted: bool = field(default=False)
    against: str = ""

    def __getitem__(self, name: str) -> Score:
        return self.figures[name]

    @property
    def always(self) -> str:
        """The baseline in words: `always answering no`."""
        if self.against:
            return self.against
        if isinstance(self.baseline, str):
            return f"always answering {answer(self.baseline)}"
        return f"always answering {self.measure(self.baseline)}, the mean"

    def measure(self, value: float) -> str:
        """A value of the target with its unit."""
        return number(value) + (f" {self.unit}" if self.unit else "")

    def table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """(heads, rows) of the figures: model, interval, baseline, linear model."""
        constant = plain(self.baseline, 16) if isinstance(self.baseline, str) else "the mean"
        found = list(self.figures.values())
        linear = any(f.linear is not None for f in found)
        base = self.against or f"always {constant}"
        heads = ("", "model", "95 % interval", base, *(["linear"] * linear))
        rows = []
        for f in found:
            unit = f" {self.unit}" if self.unit and f.name in ("rmse", "mae") else ""
            label = "calibration error, points" if f.name == "calibration_error" else f.label
            cells = [label, written(f.model.value, f.kind) + unit,
                     interval(f.model.low, f.model.high, f.kind)]  # fmt: skip
            others = (f.baseline, *([f.linear] * linear))
            cells += ["" if v is None else written(v, f.kind) for v in others]
            rows.append(tuple(cells))
        return heads, rows

    def class_table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """(heads, rows) of the classes: precision, recall, F1, how many there are and were said."""
        heads = ("class", "precision", "recall", "F1", "rows", "answered")
        return heads, [
            (plain(c.name, 24), *(percent(e.value) for e in (c.precision, c.recall)),
             number(c.f1.value), *(_count(n) for n in (c.support, c.answered)))
            for c in self.by_class
        ]  # fmt: skip

    def describe(self, most: int = 20) -> str:
        """The tables for a terminal; of more classes than `most` the rarest-found ones.

        Example:
            >>> print(scores([0, 0, 0, 1], [0.1, 0.2, 0.6, 0.9], ["no", "yes"]).describe())
            4 rows
                                       model   95 % interval   always no
              accuracy                 ...
        """
        said = f"{self.rows:,} row{'' if self.rows == 1 else 's'}"
        if self.groups < self.rows:
            said += (
                f", {self.groups:,} of them independent: copies and rows of one group count once "
                "in the intervals"
            )
        lines = [said, *table(*self.table(), right={1, 2, 3, 4})]
        for f in self.figures.values():
            if f.name in ("accuracy", "rmse") and f.over_baseline is not None:
                lines += self._against(f)
        if self.by_class:
            heads, rows = self.class_table()
            if len(rows) > most:
                order = np.argsort([_last(c.recall.value) for c in self.by_class], kind="stable")
                rows = [rows[i] for i in order[:most]]
                lines += ["", f"the {most} of {len(order)} classes that are found least:"]
            else:
                lines.append("")
            lines += table(heads, rows, right={1, 2, 3, 4, 5})
        return "\n".join([*lines, *self.notices])

    def _against(self, f: Score) -> list[str]:
        lines = []
        for other, gain in ((self.always, f.over_baseline), ("the linear model", f.over_linear)):
            if gain is None:
                continue
            far = self.difference(f, gain)
            if gain.low <= 0 <= gain.high:  # what may be chance is not said to be better
                size = far.removesuffix(" than").removesuffix(" as")
                lines.append(f"  no difference to {other} is shown: {size} ({self.span(f, gain)})")
            else:
                lines.append(f"  {far} {other} ({self.span(f, gain)})")
        return lines

    def difference(self, score: Score, gain: Estimate) -> str:
        """`4.1 points better than`, `RMSE 29.5 % lower than`, `as good as`.

        A difference of errors is told as a share of the other's error: it needs no unit.
        """
        other = score.beside(gain)
        if other is not None:
            text = percent(abs(gain.value) / other)
            if gain.value == 0:
                return f"{score.label} the same as"
            return f"{score.label} {text} {'lower' if gain.value > 0 else 'higher'} than"
        text = points(abs(gain.value)) if score.gain_kind == "points" else number(abs(gain.value))
        if gain.value == 0 or (score.gain_kind == "points" and text == "0.0"):
            return "as good as"
        unit = " points" if score.gain_kind == "points" else f" of {score.label}"
        return f"{text}{unit} {'better' if gain.value > 0 else 'worse'} than"

    def span(self, score: Score, gain: Estimate) -> str:
        """`95 % interval 2.0 … 6.2`, or that there is none."""
        if math.isnan(gain.low):
            return "no interval"
        return f"95 % interval {self.ends(score, gain)}"

    def ends(self, score: Score, gain: Estimate) -> str:
        """Both ends of a gain's interval, in the form of `difference`."""
        other = score.beside(gain)
        if other is not None:
            return interval(gain.low / other, gain.high / other, "share")
        return interval(gain.low, gain.high, score.gain_kind)

    def to_json(self) -> dict[str, Any]:
        """Plain values; what is not a number is None."""
        return {
            "task": self.task, "rows": self.rows, "groups": self.groups,
            "baseline": self.baseline, "class_names": list(self.class_names), "unit": self.unit,
            "figures": {name: _plain_score(f) for name, f in self.figures.items()},
            "by_class": [
                {"name": c.name, "support": c.support, "answered": c.answered,
                 **{k: _plain(getattr(c, k)) for k in ("precision", "recall", "f1")}}
                for c in self.by_class
            ],
            "confusion": None if self.confusion is None else self.confusion.tolist(),
            "notices": list(self.notices), "weighted": self.weighted,
            "against": self.against,
        }  # fmt: skip

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Scores:
        """What `to_json` gave.

        Example:
            >>> found = scores([0, 1, 1], [0.2, 0.9, 0.6], ["no", "yes"])
            >>> Scores.from_json(found.to_json()).to_json() == found.to_json()
            True
        """
        kept = dict(values)
        kept["figures"] = {name: _score(name, f) for name, f in values["figures"].items()}
        kept["by_class"] = tuple(
            ClassScore(**{k: _estimate(v) if isinstance(v, list) else v for k, v in c.items()})
            for c in values["by_class"]
        )
        kept["confusion"] = None if kept["confusion"] is None else np.array(kept["confusion"])
        kept |= {k: tuple(kept[k]) for k in ("class_names", "notices")}
        return cls(**kept)

    def __repr__(self) -> str:
        first = next(iter(self.figures.values()))
        return (
            f"<Scores: {first.label} {written(first.model.value, first.kind)}, {self.rows:,} rows>"
        )


def scores(
    y: Any,
    outputs: Any,
    class_names: Sequence[object] | None = None,
    train_y: Any = None,
    linear: Any = None,
    weights: Any = None,
    seed: int = 0,
    *,
    groups: Any = None,
    unit: str = "",
    simple: Mapping[str, Any] | None = None,
) -> Scores:
    """Figures of answers on rows that were not trained on, beside baseline and linear model.

    The baseline is the best constant answer: the class that is most frequent in training (for log
    loss and Brier score the shares of all classes there), the mean of the training targets (their
    median for the mean absolute error).

    * accuracy: the share of rows whose most probable class is right;
    * balanced accuracy: the mean over the classes of their recall;
    * AUC: P(a positive row scores above a negative one); of more than two classes the mean, each
      against the rest;
    * log loss: −(1/n)Σ ln p of the right class, p at least 1.2e-7;
    * Brier score: (1/n)Σ Σₖ(pₖ − 1{y = k})², halved for two classes;
    * calibration error: Σ over 10 bins of (rows/n)·|mean p − share right|, where p is that of the
      second of two classes, or of the answer where there are more;
    * R²: 1 − Σ(y − ŷ)²/Σ(y − ȳ)²;
    * RMSE and mean absolute error: √((1/n)Σ(y − ŷ)²) and (1/n)Σ|y − ŷ|, in the target's unit.

    Intervals are the bootstrap's over 1,000 resamples; differences are paired: computed on the same
    resampled rows. `resampling` says how.

    Args:
        y: class numbers or values, (n,).
        outputs: probabilities (n, classes), or values (n,) or (n, 1); for two classes also the
            probability of the second alone.
        class_names: in the order of the outputs; None for values.
        train_y: targets of the training rows, for the baseline; by default `y` itself.
        linear: outputs of the linear model on the same rows.
        weights: of the rows.
        seed: of the resamples.
        groups: for each row the number of its group; rows of a group are drawn together.
        unit: of values, for the text.
        simple: values that need no model, by name, such as the last one of a series: the best of
            them on these rows takes the place of the constant answer, and all are named.

    Raises:
        DataError: no rows, labels outside the classes, outputs that are no probabilities.
        ShapeError: lengths or widths that differ.

    Example:
        >>> y = np.arange(200) % 4 == 0
        >>> p = np.where(y, 0.7, 0.2)
        >>> p[:10] = 0.4
        >>> found = scores(y, p, ["no", "yes"])
        >>> found["accuracy"].model.value, found["accuracy"].baseline
        (0.985, 0.75)
        >>> found["accuracy"].over_baseline.above(0.15), found["auc"].model.value > 0.99
        (True, True)
    """
    where = "scores"
    truth = check_targets(y, class_names, where)
    count = None if class_names is None else len(class_names)
    n = len(truth)
    ours = check_outputs(outputs, n, count, where)
    other = None if linear is None else check_outputs(linear, n, count, where, "linear")
    w = check_weights(weights, n, where)
    before = truth if train_y is None else check_targets(train_y, class_names, where)
    draws = Resamples(n, groups, seed)
    notices = []
    if train_y is None:
        notices.append("The baseline is taken from these rows themselves.")
    if draws.groups < 30:
        notices.append(f"Only {draws.groups} independent rows: the intervals are rough.")
    if class_names is None:
        known = {name: check_outputs(v, n, None, where, name) for name, v in (simple or {}).items()}
        best = min(known, key=lambda name: float(w @ (truth - known[name]) ** 2), default="")
        figures, baseline = _values(truth, ours, other, w, before, draws, known.get(best))
        for name, values in known.items():
            rmse = math.sqrt(float(np.average((truth - values) ** 2, weights=w)))
            mae = float(np.average(np.abs(truth - values), weights=w))
            notices.append(f"{name}: RMSE {number(rmse)}, mean absolute error {number(mae)}")
        return Scores("regression", n, draws.groups, figures, baseline, unit=unit,
                      notices=tuple(notices), weighted=weights is not None,
                      against=best)  # fmt: skip
    names = tuple(map(str, class_names))
    absent = [
        answer(names[k]) for k in np.flatnonzero(np.bincount(truth, minlength=len(names)) == 0)
    ]
    if absent:
        more = f" and {len(absent) - 5} more" if len(absent) > 5 else ""
        notices.append(f"No row here is {', '.join(absent[:5])}{more}.")
    usual = int(np.bincount(before, minlength=len(names)).argmax())
    shares = np.bincount(before, minlength=len(names)) / len(before)
    constant = np.tile(shares, (n, 1))
    sides = [
        _Side(truth, p, w, draws) for p in (ours, constant) + (() if other is None else (other,))
    ]
    sides[1].said = np.full(n, usual)
    figures = _class_figures(*sides)
    by_class, confusion = _by_class(sides[0], names)
    return Scores("classification", n, draws.groups, figures, names[usual], names, by_class,
                  confusion, notices=tuple(notices), weighted=weights is not None)  # fmt: skip


# --- classes ------------------------------------------------------------------------------------


class _Side:
    """One who answers: figures on all rows and on every resample, (value, drawn)."""

    def __init__(self, y: np.ndarray, p: np.ndarray, w: np.ndarray, draws: Resamples) -> None:
        self.y, self.p, self.w, self.draws = y, p, w, draws
        self.classes = p.shape[1]
        self.said = p.argmax(1)

    def mean(self, values: np.ndarray) -> tuple[float, np.ndarray]:
        total = self.draws.sums(np.stack([self.w * values, self.w], 1))
        return float((self.w @ values) / self.w.sum()), ratio(total[:, 0], total[:, 1])

    def accuracy(self) -> tuple[float, np.ndarray]:
        return self.mean((self.said == self.y).astype(np.float64))

    def log_loss(self) -> tuple[float, np.ndarray]:
        right = self.p[np.arange(len(self.y)), self.y]
        return self.mean(-np.log(np.maximum(right, _SMALLEST)))

    def brier(self) -> tuple[float, np.ndarray]:
        right = self.p[np.arange(len(self.y)), self.y]
        square = (self.p**2).sum(1) + 1 - 2 * right  # (1 − p)² − p² of the right class
        return self.mean(square / 2 if self.classes == 2 else square)

    def recalls(self) -> tuple[np.ndarray, np.ndarray]:
        hits = self.w * (self.said == self.y)
        sums = [np.bincount(self.y, v, self.classes) for v in (hits, self.w)]
        drawn = [self.draws.by_class(self.y, v, self.classes) for v in (hits, self.w)]
        return ratio(*sums), ratio(*drawn)

    def balanced_accuracy(self) -> tuple[float, np.ndarray]:
        value, drawn = self.recalls()
        return float(mean_of(value)), mean_of(drawn)

    def aucs(self) -> list[tuple[float, np.ndarray]]:
        asked = [1] if self.classes == 2 else range(self.classes)
        return [auc_draws(self.y == k, self.p[:, k], self.w, self.draws) for k in asked]

    def calibration_error(self) -> float:
        """Of the second of two classes, of the answer where there are more."""
        sure = self.p[:, 1] if self.classes == 2 else self.p.max(1)
        right = self.y == 1 if self.classes == 2 else self.said == self.y
        place = np.minimum((sure * _BINS).astype(int), _BINS - 1)
        off = np.bincount(place, self.w * (sure - right), _BINS)
        return float(np.abs(off).sum() / self.w.sum())


def _class_figures(model: _Side, constant: _Side, linear: _Side | None = None) -> dict[str, Score]:
    draws, found = model.draws, {}
    seen = np.bincount(model.y, minlength=model.classes)
    rarest = int(seen[seen > 0].min())
    for name in ("accuracy", "balanced_accuracy", "auc", "log_loss", "brier"):
        sign = 1 if _KINDS[name][1] == "max" else -1
        if name == "auc":
            ours, drawn = auc_estimate(model.aucs(), rarest, draws)
            base: Any = (0.5, np.full(len(drawn), 0.5))
            line: Any = None
            if linear is not None:
                theirs, line_drawn = auc_estimate(linear.aucs(), rarest, draws)
                line = (theirs.value, line_drawn)
            value = ours.value
        else:
            value, drawn = getattr(model, name)()
            ours = draws.estimate(value, drawn)
            if name == "accuracy" and value in (0.0, 1.0):
                edge = draws.edge()
                ours = Estimate(value, *((edge, 1.0) if value else (0.0, 1 - edge)))
            elif name == "balanced_accuracy" and value == 1.0:
                ours = Estimate(1.0, draws.edge(rarest), 1.0)
            base = getattr(constant, name)()
            line = None if linear is None else getattr(linear, name)()
        found[name] = Score(
            name, ours, base[0], None if line is None else line[0],
            draws.estimate(sign * (value - base[0]), sign * (drawn - base[1])),
            None if line is None
            else draws.estimate(sign * (value - line[0]), sign * (drawn - line[1])),
        )  # fmt: skip
        if name == "auc" and math.isnan(value):
            del found[name]  # rows of one class alone cannot be ranked
    error = [None if s is None else s.calibration_error() for s in (model, constant, linear)]
    found["calibration_error"] = Score(
        "calibration_error", Estimate(error[0] or 0.0), error[1], error[2]
    )
    return found


def _by_class(side: _Side, names: Sequence[str]) -> tuple[tuple[ClassScore, ...], np.ndarray]:
    """Each class for itself, and the confusion matrix."""
    k, w, draws = side.classes, side.w, side.draws
    cells = np.bincount(side.y * k + side.said, w, k * k).reshape(k, k)
    hits = w * (side.said == side.y)
    totals = (np.diag(cells), cells.sum(1), cells.sum(0))
    drawn = (draws.by_class(side.y, hits, k), draws.by_class(side.y, w, k),
             draws.by_class(side.said, w, k))  # fmt: skip

    def all_of(figure: Any) -> list[Estimate]:
        return draws.estimates(figure(*totals), figure(*drawn))

    found = zip(
        names,
        all_of(lambda hit, are, said: ratio(hit, said)),
        all_of(lambda hit, are, said: ratio(hit, are)),
        all_of(lambda hit, are, said: ratio(2 * hit, are + said)),
        totals[1].tolist(), totals[2].tolist(), strict=True,
    )  # fmt: skip
    return tuple(ClassScore(*one) for one in found), cells


# --- values -------------------------------------------------------------------------------------


def _values(
    y: np.ndarray, ours: np.ndarray, linear: np.ndarray | None, w: np.ndarray,
    before: np.ndarray, draws: Resamples, simple: np.ndarray | None = None,
) -> tuple[dict[str, Score], float]:  # fmt: skip
    """R², RMSE and mean absolute error; the figures and the mean of the training targets.

    They stand beside those of the mean and the median, or of answers that need no model.
    """
    mean, median = float(before.mean()), float(np.median(before))
    total, centred = w.sum(), y - np.average(y, weights=w)  # centred: no digits are lost in squares
    spread = draws.sums(np.stack([w, w * centred, w * centred**2], 1)).T
    around = spread[2] - spread[1] ** 2 / np.maximum(spread[0], 1e-300)

    def figures(error: np.ndarray, off: np.ndarray) -> dict[str, tuple[float, np.ndarray]]:
        square, drawn = w @ error**2, draws.sums(np.stack([w * error**2, w * np.abs(off)], 1)).T
        return {
            "r2": (1 - float(ratio(square, w @ centred**2)), 1 - ratio(drawn[0], around)),
            "rmse": (math.sqrt(square / total), np.sqrt(ratio(drawn[0], spread[0]))),
            "mae": (float(w @ np.abs(off) / total), ratio(drawn[1], spread[0])),
        }

    model = figures(y - ours, y - ours)
    base = figures(y - mean, y - median) if simple is None else figures(y - simple, y - simple)
    line = None if linear is None else figures(y - linear, y - linear)
    found = {}
    for name, (value, drawn) in model.items():
        if math.isnan(value):
            continue  # R² where all targets are the same
        sign = 1 if _KINDS[name][1] == "max" else -1
        theirs = None if line is None else line[name]
        found[name] = Score(
            name, draws.estimate(value, drawn), base[name][0],
            None if theirs is None else theirs[0],
            draws.estimate(sign * (value - base[name][0]), sign * (drawn - base[name][1])),
            None if theirs is None
            else draws.estimate(sign * (value - theirs[0]), sign * (drawn - theirs[1])),
        )  # fmt: skip
    return found, mean


# --- plain values -------------------------------------------------------------------------------


def _count(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else number(value)


def _last(value: float) -> float:
    return 2.0 if math.isnan(value) else value


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _plain(estimate: Estimate | None) -> list[float | None] | None:
    return None if estimate is None else [_number(v) for v in estimate]


def _estimate(values: Sequence[float | None] | None) -> Any:
    return None if values is None else Estimate(*(math.nan if v is None else v for v in values))


def _plain_score(score: Score) -> dict[str, Any]:
    return {
        "model": _plain(score.model), "baseline": _number(score.baseline),
        "linear": _number(score.linear), "over_baseline": _plain(score.over_baseline),
        "over_linear": _plain(score.over_linear),
    }  # fmt: skip


def _score(name: str, values: Mapping[str, Any]) -> Score:
    pairs = {k: _estimate(v) if isinstance(v, list) else v for k, v in values.items()}
    return Score(name, **pairs)
