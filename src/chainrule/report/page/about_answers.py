"""How good the answers are: tables of figures, what was taken for what, curves, thresholds."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ...evaluation import auc, calibration, cheapest, learning, precision_recall, roc, thresholds
from ...evaluation.checked import check_outputs
from ...evaluation.wording import answer, number, percent, plain
from ...metrics import better_direction
from .charts import COLOURS, Chart, heat
from .findings import Findings
from .pieces import Html, cards, figure, join, paragraph, section, table

__all__ = [
    "about_answers",
    "about_learning",
    "about_probabilities",
    "asked_class",
    "curve_title",
    "outputs_of",
    "thin",
]

_TAKEN = "What was taken for what"
_NUMBERED = 12  # classes up to which every count is written
_NARROW = 5  # likewise on a phone and on paper
_CONFUSED = 12  # mix-ups that are listed
_CURVES = 6
_DOTS = 1500
_POINTS = 300  # of a drawn curve
_MISSES = (1, 2, 5, 10, 20, 50, 100)  # as many false alarms as one miss may cost


def outputs_of(f: Findings) -> np.ndarray:
    """Probabilities (n, classes) or values (n,)."""
    count = None if f.class_names is None else len(f.class_names)
    return check_outputs(f.outputs, len(f.y), count, "report")


# --- figures ------------------------------------------------------------------------------------


def about_answers(f: Findings, rows: bool) -> Html:
    """The figures, and the confusion matrix or predicted values over true ones."""
    heads, lines = f.scores.table()
    parts = [paragraph(f.measured_on)] if f.measured_on else []
    tables = [table(heads, lines, range(1, len(heads)), "stack")]
    notes = [paragraph(text, "note") for text in f.scores.notices]
    if f.class_names is None:
        return section("figures", "How good it is", *parts, *tables, *notes, _values(f, rows))
    heads, lines = f.scores.class_table()
    most = Html("")
    if len(lines) > 20:
        recall = [c.recall.value for c in f.scores.by_class]
        order = np.argsort([2.0 if math.isnan(r) else r for r in recall], kind="stable")[:20]
        lines = [lines[k] for k in order]
        most = paragraph(f"The 20 of {len(recall)} classes that are found least:")
    classes = table(heads, lines, range(1, 6), "stack")
    tables.append(Html(f"<div>{most.markup}{classes.markup}</div>"))
    parts += [Html(f'<div class="side">{join(tables).markup}</div>'), *notes]
    return join([section("figures", "How good it is", *parts), _confusion(f)])


def _confusion(f: Findings) -> Html:
    names, cells = list(map(str, f.class_names or ())), f.scores.confusion
    if cells is None:
        return Html("")
    totals = cells.sum(1)
    shares = cells / np.maximum(totals, 1e-300)[:, None]
    if len(names) > _NUMBERED:
        return section("confusion", _TAKEN, *_mixed_up(names, cells, shares))
    words = paragraph("Rows are what is true, columns what was answered.")
    heads = ["true \\ answered", *(plain(n, 24) for n in names)]
    lines = [
        [plain(names[i], 24), *(_cell(cells[i, j], shares[i, j], i == j)
                                for j in range(len(names)))]
        for i in range(len(names))
    ]  # fmt: skip
    matrix = table(heads, lines, range(1, len(heads)), "matrix")
    if len(names) <= _NARROW:
        return section("confusion", _TAKEN, words, matrix)
    small = join(_mixed_up(names, cells, shares)).markup  # for a phone and for paper
    return section("confusion", _TAKEN, Html(
        f'<div class="large">{words.markup}{matrix.markup}</div>'
        f'<div class="small">{small}</div>\n'
    ))  # fmt: skip


def _mixed_up(names: list[str], cells: np.ndarray, shares: np.ndarray) -> list[Html]:
    """A picture of all classes, and the most frequent mix-ups in numbers."""
    wrong = cells * (1 - np.eye(len(names)))
    order = np.argsort(-wrong, axis=None, kind="stable")[:_CONFUSED]
    pairs = [np.unravel_index(k, wrong.shape) for k in order if wrong.flat[k] > 0]
    lines = [[plain(names[i]), plain(names[j]), _count(float(wrong[i, j])),
              percent(float(shares[i, j]))] for i, j in pairs]  # fmt: skip
    about = ("Rows are what is true, columns what was answered. Blue: right, orange: mixed up; "
             "darker is a larger share of the true class.")  # fmt: skip
    picture = cards(figure(heat(f"confusion of {len(names)} classes", shares), about))
    if not lines:
        return [picture]
    often = table(["true", "answered", "rows", "of this class"], lines, {2, 3}, "stack")
    return [picture, paragraph("The most frequent mix-ups:"), often]


def _cell(count: float, share: float, right: bool) -> Html:
    hue = "blue" if right else "orange"
    return Html(f'<span class="cell {hue}" style="--s:{100 * share:.0f}%">{_count(count)}</span>')


def _count(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else number(value)


def _values(f: Findings, rows: bool) -> Html:
    """Predicted over true, and what is left over predicted."""
    y, p = np.asarray(f.y, float).reshape(-1), outputs_of(f)
    unit = f" [{f.scores.unit}]" if f.scores.unit else ""
    low, high = min(y.min(), p.min()), max(y.max(), p.max())
    ends = (float(low), float(high))
    first = Chart("predicted over true", ends, ends, (f"true{unit}", f"predicted{unit}"),
                  square=True)  # fmt: skip
    left = y - p
    most = float(np.abs(left).max()) or 1.0
    second = Chart("residuals over predicted", (float(p.min()), float(p.max())), (-most, most),
                   (f"predicted{unit}", f"true − predicted{unit}"))  # fmt: skip
    for chart, a, b in ((first, y, p), (second, p, left)):
        if rows and len(y) <= _DOTS:
            chart.dots(a, b)
        else:
            chart.squares(np.histogram2d(a, b, 40, (chart.x, chart.y))[0])
    first.line(ends, ends, "ink", thick=1.2, dashed=True)
    second.line(second.x, (0, 0), "ink", thick=1.2, dashed=True)
    return cards(
        figure(first.draw(), "Predicted over true: a perfect model is on the dashed line."),
        figure(second.draw(), "What is left: a pattern here is something the model missed."),
    )


# --- training -----------------------------------------------------------------------------------


def about_learning(f: Findings) -> Html:
    """Curves of the loss and of metrics, and what they say."""
    history = {n: v for n, v in f.history.items() if len(v)}
    if "loss" not in history and "val_loss" not in history:
        return Html("")
    said = learning(history, f.kept, f.step)
    names = list(dict.fromkeys(n.removeprefix("val_") for n in history))
    pictures = []
    for name in names[:6]:
        made = _curve(f, name, history)
        if made is not None:
            pictures.append(figure(made.draw(), curve_title(name)))
    return section("learning", "How it learned", paragraph(said.sentence), cards(*pictures))


def curve_title(name: str) -> str:
    """What is drawn, and which way is better."""
    better = {"min": ": lower is better", "max": ": higher is better"}.get(_direction(name), "")
    plainly = name.removeprefix("val_").replace("_", " ")
    held = " on rows held out" if name.startswith("val_") else ""
    return f"{plainly}{held}{better}"


def _direction(name: str) -> str:
    return "min" if name == "loss" else str(better_direction(name))


def _curve(f: Findings, name: str, history: dict) -> Chart | None:
    both = [("training", history.get(name, ())), ("held out", history.get(f"val_{name}", ()))]
    both = [(label, np.asarray(v, float)) for label, v in both if len(v)]
    count = max(len(v) for _, v in both)
    every = np.concatenate([v for _, v in both])
    every = every[np.isfinite(every)]
    if not len(every):
        return None
    low, high = float(every.min()), float(every.max())
    steep = name.endswith("loss") and low > 0 and high > 30 * low
    chart = Chart(f"{name} by {f.step}", (1, max(count, 2)), (low, high), (f.step, ""),
                  logarithmic=steep)  # fmt: skip
    for k, (label, values) in enumerate(both):
        at = max(1, count // len(values)) * np.arange(1, len(values) + 1)
        keep = thin(len(values))
        chart.line(at[keep], values[keep], COLOURS[k], label=label, dashed=k > 0)
    if f.kept:
        chart.upright(f.kept, f"kept: {f.step} {f.kept:,}")
    return chart


def thin(count: int) -> np.ndarray:
    """Places of at most so many points, both ends among them."""
    return np.unique(np.linspace(0, count - 1, min(count, _POINTS)).round().astype(int))


# --- probabilities ------------------------------------------------------------------------------


def about_probabilities(f: Findings) -> Html:
    """ROC, precision and recall, thresholds with costs, calibration."""
    if f.class_names is None:
        return Html("")
    y, p, names = np.asarray(f.y).reshape(-1).astype(int), outputs_of(f), list(f.class_names)
    asked = _asked(y, p, f.weights)
    if not asked:
        return Html("")
    said, curves = [], []
    for kind, make, labels in (
        ("ROC", roc, ("false alarms: share of the others", "found: share of the class")),
        ("precision and recall", precision_recall, ("recall: share found", "precision")),
    ):
        chart = Chart(kind, (0, 1), (0, 1), labels, square=True)
        if kind == "ROC":
            chart.line((0, 1), (0, 1), "line", thick=1, dashed=True)
        for colour, k in zip(COLOURS, asked, strict=False):
            curve = make(y == k, p[:, k], f.weights)
            keep = thin(len(curve.x))
            word = "AUC" if kind == "ROC" else "mean precision"
            chart.line(curve.x[keep], curve.y[keep], colour,
                       label=f"{plain(names[k], 20)}, {word} {number(curve.area)}")  # fmt: skip
        about = (
            "ROC: what is found, and at which share of false alarms. The dashed line is chance."
            if kind == "ROC"
            else "Precision over recall: how many of the called rows are right, as more are found."
        )
        curves.append(figure(chart.draw(), about))
    if len(asked) < len(names) and len(names) > 2:
        note = f"The {len(asked)} classes that are told apart least, each against the rest."
        said = [paragraph(note)]
    parts = [section("curves", "Telling the classes apart", *said, cards(*curves))]
    if len(names) == 2:
        parts.append(_thresholds(f, y == asked[0], p[:, asked[0]], names[asked[0]]))
    parts.append(_calibrated(f, y, p, names, asked[0]))
    return join(parts)


def asked_class(y: np.ndarray) -> int:
    """Of two classes the rarer one, which is mostly the one that is asked about; else the second.

    Example:
        >>> asked_class(np.array([0, 0, 1])), asked_class(np.array([0, 1, 1])), asked_class([0, 1])
        (1, 0, 1)
    """
    seen = np.bincount(y, minlength=2)
    return int(seen[1] <= seen[0])


def _asked(y: np.ndarray, p: np.ndarray, weights: np.ndarray | None) -> list[int]:
    """Of two classes the rarer one, of more those with the lowest AUC."""
    seen = np.bincount(y, minlength=p.shape[1])
    there = [k for k in range(p.shape[1]) if 0 < seen[k] < len(y)]
    if p.shape[1] == 2:
        return [asked_class(y)] if there else []
    if len(there) <= _CURVES:
        return there
    area = {k: auc(y == k, p[:, k], weights) for k in there}
    return sorted(sorted(there, key=lambda k: area[k])[: _CURVES - 1])


def _thresholds(f: Findings, positive: np.ndarray, p: np.ndarray, name: str) -> Html:
    said = answer(name)
    every = [t for t in thresholds(positive, p, f.weights) if math.isfinite(t.at)]
    every = [every[k] for k in thin(len(every))]
    chart = Chart(f"precision and recall of {plain(name)} over the threshold", (0, 1), (0, 1),
                  (f"called {plain(name, 20)} from this probability on", "share"))  # fmt: skip
    at = [t.at for t in every]
    chart.line(at, [t.recall for t in every], "blue", label="recall: found")
    chart.line(at, [t.precision for t in every], "orange", label="precision: right when called")
    costs: Sequence[tuple[float, float]] = [(1.0, float(k)) for k in _MISSES]
    if f.costs is not None:
        costs = [f.costs]
    total = float(np.sum(f.weights)) if f.weights is not None else float(len(p))
    lines = []
    for alarm, miss in costs:
        best = cheapest(positive, p, f.weights, false_alarm=alarm, miss=miss)
        none, all_ = alarm * (best.false_alarms + best.spared), miss * (best.found + best.missed)
        called = best.found + best.false_alarms
        lines.append([
            _alarms(miss / alarm) if alarm else "everything",
            "never" if math.isinf(best.at) else number(best.at),
            f"{_count(best.found)} of {_count(best.found + best.missed)}",
            f"{_count(best.false_alarms)} of {_count(called)} called",
            number(100 * best.cost / total), number(100 * min(none, all_) / total),
        ])  # fmt: skip
    heads = ["one miss costs as much as", f"call it {plain(name, 16)} from", "found",
             "false alarms", "cost of 100 rows", "without a model"]  # fmt: skip
    return section(
        "threshold", "From which probability on to act",
        paragraph(f"Probabilities of {said}. A miss is a row that is {said} and was not called so; "
                  "find the line with what it costs you, counted in false alarms. Costs are in "
                  "false alarms; without a model the cheaper of calling all rows or none. "
                  "Thresholds are chosen on these same rows: expect a little more on new ones."),
        cards(figure(chart.draw(), f"What each threshold finds of {said}.")),
        table(heads, lines, range(1, 6), "stack"),
    )  # fmt: skip


def _alarms(count: float) -> str:
    return "1 false alarm" if count == 1 else f"{number(count)} false alarms"


def _calibrated(f: Findings, y: np.ndarray, p: np.ndarray, names: list[str], asked: int) -> Html:
    if len(names) == 2:
        hit, sure = y == asked, p[:, asked]
        what = f"the probability of {answer(names[asked])}"
    else:
        hit, sure = p.argmax(1) == y, p.max(1)
        what = "the probability of the answer"
    bins = calibration(hit, sure, f.weights)
    chart = Chart("calibration", (0, 1), (0, 1), ("said: mean probability", "came true: share"),
                  square=True)  # fmt: skip
    chart.line((0, 1), (0, 1), "line", thick=1, dashed=True)
    chart.line([b.said for b in bins], [b.seen for b in bins])
    most = max(b.rows for b in bins)
    for b in bins:
        chart.dots([b.said], [b.seen], radius=3 + 5 * math.sqrt(b.rows / most), opacity=0.85)
    error = f.scores["calibration_error"].model.value
    lines = [[f"{number(b.low)} … {number(b.high)}", percent(b.said), percent(b.seen),
              _count(b.rows)] for b in bins]  # fmt: skip
    listed = table(["said", "mean", "came true", "rows"], lines, {1, 2, 3})
    return section(
        "calibration", "Are the probabilities true",
        paragraph(f"Rows sorted by {what}. On the dashed line things come true as often as was "
                  "said; below it the model is too sure. On average it is off by "
                  f"{number(100 * error)} points."),
        cards(figure(chart.draw(), "Larger dots hold more rows."),
              Html(f'<div class="beside">{listed.markup}</div>')),
    )  # fmt: skip
