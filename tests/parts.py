"""The tables of parts. A new layer, loss, metric, optimizer, initializer, regularizer, schedule or
callback adds one row; `test_parts.py` drives the same contract for all.

What a row expects is the published formula on plain numbers in mpmath, or loops over lists. Nothing
here calls chainrule, except to make the part that is tested.
"""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np

import chainrule as cr
from layer_row import (
    LayerRow,
    dense,
    draw,
    dropout,
    each,
    exact,
    flat,
    sigmoid,
    softmax,
    softmax_axis_1,
    softmax_rows,
)
from table_ctc import ctc

mp.mp.dps = 30
mpf = mp.mpf
EPS = mpf("1e-7")  # Keras's fuzz factor


def mean(values: Any) -> Any:
    values = list(values)
    return mp.fsum(values) / len(values)


# --- samplers ------------------------------------------------------------------------------------


def reals(rng, shape):
    return rng.normal(size=shape)


def positive(rng, shape):
    return rng.uniform(0.2, 3.0, size=shape)


def probabilities(rng, shape):
    """Rows that sum to 1."""
    p = rng.uniform(0.1, 1.0, size=shape)
    return p / p.sum(-1, keepdims=True)


def unit(rng, shape):
    """Probabilities of yes and no."""
    return rng.uniform(0.05, 0.95, size=shape)


def bits(rng, shape):
    return rng.integers(0, 2, size=shape).astype(float)


def signs(rng, shape):
    return 2.0 * rng.integers(0, 2, size=shape) - 1.0


def one_hot(rng, shape):
    return np.eye(shape[-1])[rng.integers(0, shape[-1], size=shape[:-1])]


def numbers(rng, shape):
    """Class numbers: the last axis is gone."""
    return rng.integers(0, shape[-1], size=shape[:-1])


# --- losses --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LossRow:
    """One loss: the formula of one sample, `each(t, y)` for the lists t and y.

    With `whole` it is that of a batch, a list of one number a sample, for nested lists.
    """

    name: str
    each: Callable
    t: Callable = reals
    y: Callable = reals
    kwargs: dict = field(default_factory=dict)
    alias: tuple[str, ...] = ()
    function: str | None = None  # name of the function in cr.losses
    tag: str = ""
    whole: bool = False
    shapes: tuple[tuple[int, ...], ...] = ((5, 3), (2, 4, 3))  # of predictions

    @property
    def id(self) -> str:
        return f"{self.name}-{self.tag}" if self.tag else self.name

    def make(self, **more: Any) -> Any:
        return getattr(cr.losses, self.name)(**self.kwargs, **more)

    def sample(self, shape: tuple = (), dtype: str = "float64") -> tuple:
        rng, shape = draw(self.id), shape or self.shapes[0]
        t, y = self.t(rng, shape), self.y(rng, shape).astype(dtype)
        return (t.astype(dtype) if t.dtype.kind == "f" else t), y

    def reference(self, t: np.ndarray, y: np.ndarray) -> list:
        """One number a sample, for every row of the last axis."""
        if self.whole:
            return self.each(exact(t), exact(y))
        rows = np.asarray(y).reshape(-1, y.shape[-1])
        wanted = t.reshape(-1) if t.ndim < y.ndim else t.reshape(-1, t.shape[-1])
        return [self.each(exact(a), exact(b)) for a, b in zip(wanted, rows, strict=True)]


def _bce(t: list, p: list) -> Any:
    return -mean(a * mp.log(b) + (1 - a) * mp.log(1 - b) for a, b in zip(t, p, strict=True))


def _cce(t: list, p: list) -> Any:
    total = mp.fsum(p)
    return -mp.fsum(a * mp.log(b / total) for a, b in zip(t, p, strict=True))


def _huber(delta: Any) -> Callable:
    def one(a, b):
        e = abs(a - b)
        return e * e / 2 if e <= delta else delta * e - delta * delta / 2

    return lambda t, y: mean(map(one, t, y))


def _cosine(t: list, y: list) -> Any:
    lengths = mp.sqrt(mp.fsum(a * a for a in t)) * mp.sqrt(mp.fsum(b * b for b in y))
    return -mp.fsum(a * b for a, b in zip(t, y, strict=True)) / lengths


def _smooth(t: list, s: Any) -> list:
    return [a * (1 - s) + s / len(t) for a in t]


def _categorical_hinge(t: list, y: list) -> Any:
    right = mp.fsum(a * b for a, b in zip(t, y, strict=True))
    # Keras's form: the largest of (1 − t)·y, in which the right class stands as 0
    wrong = max((1 - a) * b for a, b in zip(t, y, strict=True))
    return max(mpf(0), wrong - right + 1)


def _focal(gamma: Any, alpha: Any = None) -> Callable:
    def one(a, p):
        right = a * p + (1 - a) * (1 - p)
        weight = 1 if alpha is None else a * alpha + (1 - a) * (1 - alpha)
        return weight * (1 - right) ** gamma * _bce([a], [p])

    return lambda t, y: mean(map(one, t, y))


def _focal_classes(t: list, y: list, alpha: list, gamma: Any) -> Any:
    total = mp.fsum(y)
    shares = [b / total for b in y]
    return -mp.fsum(
        k * (1 - p) ** gamma * a * mp.log(p) for a, p, k in zip(t, shares, alpha, strict=True)
    )


def _tversky(missed: Any, invented: Any) -> Callable:
    def one(t, y):
        both = mp.fsum(a * b for a, b in zip(t, y, strict=True))
        lost = mp.fsum(a * (1 - b) for a, b in zip(t, y, strict=True))
        made_up = mp.fsum((1 - a) * b for a, b in zip(t, y, strict=True))
        return 1 - both / (both + missed * lost + invented * made_up + EPS)

    return one


def _dice(t: list, y: list) -> Any:
    both = mp.fsum(a * b for a, b in zip(t, y, strict=True))
    return 1 - 2 * both / (mp.fsum(t) + mp.fsum(y) + EPS)


def _circle(gamma: Any, margin: Any) -> Callable:
    """Equation 6 of Sun et al. 2020, with distances d = 1 − s in place of similarities s."""

    def distance(a, b):
        return max(1 - mp.fsum(u * v for u, v in zip(a, b, strict=True)), mpf(0))

    def of(t, y):
        found = []
        for i, a in enumerate(y):
            same, other = [], []
            for j, b in enumerate(y):
                d = distance(a, b)
                if t[i] != t[j]:
                    other.append(mp.exp(gamma * max(1 + margin - d, mpf(0)) * (1 - margin - d)))
                elif i != j:
                    same.append(mp.exp(gamma * (margin + d) * (d - margin)))
            found.append(mp.log(1 + mp.fsum(same) * mp.fsum(other)))
        return found

    return of


def embeddings(rng, shape):
    y = rng.normal(size=shape)
    return y / np.linalg.norm(y, axis=-1, keepdims=True)


def two_of_each(rng, shape):
    """Class numbers of which each has another row."""
    return np.arange(shape[0]) // 2 % 2


def labels_in_frames(rng, shape):
    """Class numbers from 1 on, two in most rows, with zeros behind them."""
    labels = rng.integers(1, shape[-1], size=(shape[0], 2))
    return np.concatenate([labels, np.zeros((shape[0], 1), labels.dtype)], axis=1)


def _ctc(t: list, y: list) -> list:
    lengths = [len([k for k in row if k]) for row in t]
    labels = [[int(k) for k in row] for row in t]
    return ctc(labels, y, lengths, [len(row) for row in y])


LOSSES = [
    LossRow(
        "BinaryFocalCrossentropy",
        _focal(2),
        bits,
        unit,
        alias=("binary_focal_crossentropy",),
        function="binary_focal_crossentropy",
    ),
    LossRow(
        "BinaryFocalCrossentropy",
        lambda t, z: _focal(mpf("1.5"), mpf("0.75"))(
            [a * mpf("0.75") + mpf("0.125") for a in t], [sigmoid(v) for v in z]
        ),
        bits,
        reals,
        {
            "apply_class_balancing": True,
            "alpha": 0.75,
            "gamma": 1.5,
            "from_logits": True,
            "label_smoothing": 0.25,
        },
        tag="everything",
    ),
    LossRow(
        "CategoricalFocalCrossentropy",
        lambda t, y: _focal_classes(t, y, [mpf("0.25")] * 3, 2),
        one_hot,
        unit,
        function="categorical_focal_crossentropy",
    ),
    LossRow(
        "CategoricalFocalCrossentropy",
        lambda t, z: _focal_classes(
            _smooth(t, mpf("0.25")), softmax(z), [mpf("0.25"), mpf(1), mpf("0.5")], 1
        ),
        one_hot,
        reals,
        {"alpha": [0.25, 1.0, 0.5], "gamma": 1.0, "from_logits": True, "label_smoothing": 0.25},
        tag="everything",
    ),
    LossRow(
        "CategoricalGeneralizedCrossEntropy",
        lambda t, y: (1 - y[int(t)] ** mpf("0.75")) / mpf("0.75"),
        numbers,
        probabilities,
        {"q": 0.75},
        function="categorical_generalized_cross_entropy",
    ),
    LossRow("Dice", _dice, bits, unit, {"axis": -1}, function="dice"),
    LossRow(
        "Tversky",
        _tversky(mpf("0.75"), mpf("0.25")),
        bits,
        unit,
        {"alpha": 0.75, "beta": 0.25, "axis": -1},
        function="tversky",
    ),
    LossRow(
        "Circle",
        _circle(mpf(4), mpf("0.25")),
        two_of_each,
        embeddings,
        {"gamma": 4.0, "margin": 0.25},
        function="circle",
        whole=True,
        shapes=((5, 3),),
    ),
    LossRow("CTC", _ctc, labels_in_frames, function="ctc", whole=True, shapes=((5, 4, 3),)),
    LossRow(
        "SparseCategoricalCrossentropy",
        lambda t, p: -mp.log(p[int(t)] / mp.fsum(p)),
        numbers,
        probabilities,
        {"ignore_class": 7},
        tag="none of them ignored",
    ),
    LossRow(
        "MeanSquaredError",
        lambda t, y: mean((a - b) ** 2 for a, b in zip(t, y, strict=True)),
        alias=("mse",),
        function="mean_squared_error",
    ),
    LossRow(
        "HalfSquaredError",
        lambda t, y: mp.fsum((a - b) ** 2 for a, b in zip(t, y, strict=True)) / 2,
        function="half_squared_error",
    ),
    LossRow(
        "MeanAbsoluteError",
        lambda t, y: mean(abs(a - b) for a, b in zip(t, y, strict=True)),
        alias=("mae",),
        function="mean_absolute_error",
    ),
    LossRow(
        "MeanBiasError",
        lambda t, y: mean(a - b for a, b in zip(t, y, strict=True)),
        alias=("mbe",),
        function="mean_bias_error",
    ),
    LossRow(
        "MeanAbsolutePercentageError",
        lambda t, y: 100 * mean(abs(a - b) / max(abs(a), EPS) for a, b in zip(t, y, strict=True)),
        alias=("mape",),
        function="mean_absolute_percentage_error",
    ),
    LossRow(
        "MeanSquaredLogarithmicError",
        lambda t, y: mean((mp.log(a + 1) - mp.log(b + 1)) ** 2 for a, b in zip(t, y, strict=True)),
        positive,
        positive,
        alias=("msle",),
        function="mean_squared_logarithmic_error",
    ),
    LossRow(
        "LogCosh",
        lambda t, y: mean(mp.log(mp.cosh(b - a)) for a, b in zip(t, y, strict=True)),
        alias=("log_cosh", "logcosh"),
        function="log_cosh",
    ),
    LossRow(
        "Poisson",
        lambda t, y: mean(b - a * mp.log(b + EPS) for a, b in zip(t, y, strict=True)),
        positive,
        positive,
        function="poisson",
    ),
    LossRow(
        "KLDivergence",
        lambda t, y: mp.fsum(a * mp.log(a / b) for a, b in zip(t, y, strict=True)),
        probabilities,
        probabilities,
        alias=("kld", "kl_divergence", "kullback_leibler_divergence"),
        function="kl_divergence",
    ),
    LossRow(
        "Hinge",
        lambda t, y: mean(max(mpf(0), 1 - a * b) for a, b in zip(t, y, strict=True)),
        signs,
        function="hinge",
    ),
    LossRow(
        "Hinge",
        lambda t, y: mean(max(mpf(0), 1 - (2 * a - 1) * b) for a, b in zip(t, y, strict=True)),
        bits,
        function="hinge",
        tag="labels 0 and 1",
    ),
    LossRow(
        "SquaredHinge",
        lambda t, y: mean(max(mpf(0), 1 - a * b) ** 2 for a, b in zip(t, y, strict=True)),
        signs,
        function="squared_hinge",
    ),
    LossRow("CategoricalHinge", _categorical_hinge, one_hot, function="categorical_hinge"),
    LossRow("Huber", _huber(mpf(1)), function="huber"),
    LossRow("Huber", _huber(mpf("0.25")), kwargs={"delta": 0.25}, tag="delta"),
    LossRow("CosineSimilarity", _cosine, function="cosine_similarity"),
    LossRow("BinaryCrossentropy", _bce, bits, unit, alias=("bce",), function="binary_crossentropy"),
    LossRow(
        "BinaryCrossentropy",
        lambda t, z: _bce(t, [sigmoid(v) for v in z]),
        bits,
        reals,
        {"from_logits": True},
        tag="logits",
    ),
    LossRow(
        "BinaryCrossentropy",
        lambda t, p: _bce([a * mpf("0.75") + mpf("0.125") for a in t], p),
        bits,
        unit,
        {"label_smoothing": 0.25},
        tag="smoothing",
    ),
    LossRow(
        "CategoricalCrossentropy",
        _cce,
        one_hot,
        probabilities,
        alias=("cce",),
        function="categorical_crossentropy",
    ),
    LossRow("CategoricalCrossentropy", _cce, one_hot, unit, tag="rows that do not sum to 1"),
    LossRow("CategoricalCrossentropy", _cce, probabilities, probabilities, tag="soft targets"),
    LossRow(
        "CategoricalCrossentropy",
        lambda t, z: _cce(t, softmax(z)),
        one_hot,
        reals,
        {"from_logits": True},
        tag="logits",
    ),
    LossRow(
        "CategoricalCrossentropy",
        lambda t, p: _cce(_smooth(t, mpf("0.25")), p),
        one_hot,
        probabilities,
        {"label_smoothing": 0.25},
        tag="smoothing",
    ),
    LossRow(
        "SparseCategoricalCrossentropy",
        lambda t, p: -mp.log(p[int(t)] / mp.fsum(p)),
        numbers,
        probabilities,
        alias=("scce",),
        function="sparse_categorical_crossentropy",
    ),
    LossRow(
        "SparseCategoricalCrossentropy",
        lambda t, z: -mp.log(softmax(z)[int(t)]),
        numbers,
        reals,
        {"from_logits": True},
        tag="logits",
    ),
]
LOSSES_WITHOUT_ROW = {"FunctionLoss"}  # made by `get(function)`; tested by name


# --- metrics -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MetricRow:
    """One metric: `of(t, y, w)` over all samples of all batches, lists of rows and of weights."""

    name: str
    of: Callable
    t: Callable = reals
    y: Callable = reals
    kwargs: dict = field(default_factory=dict)
    alias: tuple[str, ...] = ()
    logged: str = ""  # the name in logs, Keras's
    tag: str = ""
    best: str | None = "max"  # which way is better

    @property
    def id(self) -> str:
        return f"{self.name}-{self.tag}" if self.tag else self.name

    def make(self, **more: Any) -> Any:
        return getattr(cr.metrics, self.name)(**self.kwargs, **more)

    def batches(self, columns: int = 4, sizes: tuple = (5, 3, 1)) -> list[tuple]:
        """Ragged batches of (t, y, weight), float32."""
        rng = draw(self.id)
        found = []
        for n in sizes:
            t, y = self.t(rng, (n, columns)), self.y(rng, (n, columns)).astype("float32")
            t = t.astype("float32") if t.dtype.kind == "f" else t
            found.append((t, y, rng.integers(1, 5, n).astype("float32") / 4))
        return found

    def reference(self, batches: list, weighted: bool) -> Any:
        t = [exact(row) for b in batches for row in b[0]]
        y = [exact(row) for b in batches for row in b[1]]
        w = [mpf(float(v)) if weighted else mpf(1) for b in batches for v in b[2]]
        return self.of(t, y, w)


def _weighted(each: Callable) -> Callable:
    """Σwℓ/Σw of a number a sample."""

    def of(t, y, w):
        found = [each(a, b) for a, b in zip(t, y, strict=True)]
        return mp.fsum(v * k for v, k in zip(found, w, strict=True)) / mp.fsum(w)

    return of


def _loss(name: str) -> Callable:
    return next(row.each for row in LOSSES if row.name == name)


def _same(
    name: str, t: Callable, y: Callable, *alias: str, logged: str, of: str = "", best="min"
) -> MetricRow:
    each = _weighted(_loss(of or name))
    return MetricRow(name, each, t, y, alias=alias, logged=logged, best=best)


def _top(row: list) -> int:
    return row.index(max(row))


def _within(label: int, row: list, k: int) -> int:
    return int(sum(v > row[label] for v in row) < k)


def _share(t: list, y: list, w: list, other: Callable, bar: Any = 0.5) -> Any:
    """Hits/(hits + others) over all elements."""
    hits = others = mpf(0)
    for a, b, k in zip(t, y, w, strict=True):
        for u, v in zip(a, b, strict=True):
            hits += k * (u == 1 and v > bar)
            others += k * other(u == 1, v > bar)
    return hits / (hits + others)


def _counted(t: list, y: list, w: list, bar: Any) -> tuple:
    """Weights of hits, false alarms, correct rejections and misses over all elements."""
    found = [mpf(0)] * 4
    for a, b, k in zip(t, y, w, strict=True):
        for u, v in zip(a, b, strict=True):
            found[(0 if u == 1 else 1) if v > bar else (3 if u == 1 else 2)] += k
    return tuple(found)


def _over(part: Any, rest: Any) -> Any:
    return part / (part + rest) if part + rest else mpf(0)


def _roc(t: list, y: list, w: list) -> Any:
    """The weight of pairs in the right order, ties half: no thresholds at all."""
    wins = total = mpf(0)
    flat = [(u, v, k) for a, b, k in zip(t, y, w, strict=True) for u, v in zip(a, b, strict=True)]
    for _, p, k in (e for e in flat if e[0] == 1):
        for _, n, q in (e for e in flat if e[0] != 1):
            wins += k * q * (1 if p > n else mpf("0.5") if p == n else 0)
            total += k * q
    return wins / total


def _on_a_grid(rng, shape):
    """Predictions half way between thresholds of tenths: no two of them in one gap are apart."""
    return rng.integers(0, 10, shape) / 10 + 0.05


_TENTHS = [-EPS, *(mpf(k) / 10 for k in range(1, 10)), 1 + EPS]


def _steps(t: list, y: list, w: list, side: Callable, x: Callable, height: Callable) -> Any:
    """Σ over neighbouring thresholds of Δx times a height."""
    points = [_counted(t, y, w, bar) for bar in _TENTHS]
    places, heights = [x(*c) for c in points], [height(*c) for c in points]
    return mp.fsum(
        (a - b) * side(p, q)
        for a, b, p, q in zip(places, places[1:], heights, heights[1:], strict=False)
    )


def _recall(tp, fp, tn, fn):
    return _over(tp, fn)


def _precision(tp, fp, tn, fn):
    return _over(tp, fp)


def _specificity(tp, fp, tn, fn):
    return _over(tn, fp)


def _pr_area(t: list, y: list, w: list) -> Any:
    """∫ precision d recall by quadrature, hits growing in proportion to what is called positive."""

    def part(more, fewer):
        (tp0, fp0, _, fn0), (tp1, fp1, _, _) = more, fewer
        low, high = tp1 + fp1, tp0 + fp0
        if tp0 == tp1:
            return mpf(0)
        share = (tp0 - tp1) / (high - low)
        if not low:
            return share * tp0 / (tp0 + fn0)
        return mp.quad(lambda p: (tp1 + share * (p - low)) / p, [low, high]) * share / (tp0 + fn0)

    points = [_counted(t, y, w, bar) for bar in _TENTHS]
    return mp.fsum(itertools.starmap(part, itertools.pairwise(points)))


def _best(given: Callable, wanted: Callable, least: Any) -> Callable:
    def of(t, y, w):
        bars = [mpf(k) / 9 for k in range(10)]
        points = [_counted(t, y, w, bar) for bar in bars]
        return max([wanted(*c) for c in points if given(*c) >= least], default=mpf(0))

    return of


def _by_column(t: list, y: list, w: list, called: Callable) -> list:
    """(hits, false alarms, misses) of each column, `called(row)` being what is called positive."""
    found = [[mpf(0)] * 3 for _ in y[0]]
    for a, b, k in zip(t, y, w, strict=True):
        for column, (u, v) in enumerate(zip(a, called(b), strict=True)):
            if u == 1 or v:
                found[column][0 if u == 1 and v else 2 if u == 1 else 1] += k
    return found


def _f(counts: list, square: Any) -> Any:
    tp, fp, fn = counts
    return (1 + square) * tp / ((1 + square) * tp + square * fn + fp) if tp else mpf(0)


def _largest(row: list) -> list:
    return [v == max(row) for v in row]


def _mean_f(t: list, y: list, w: list) -> Any:
    """By the number of positives of each column."""
    columns = _by_column(t, y, w, _largest)
    weights = [tp + fn for tp, _, fn in columns]
    scores = [_f(c, mpf(1)) for c in columns]
    return mp.fsum(a * b for a, b in zip(scores, weights, strict=True)) / mp.fsum(weights)


def _iou(numbers: Callable, classes: list) -> Callable:
    """`numbers(t, y)` are pairs of class numbers of one sample."""

    def of(t, y, w):
        found = []
        for k in classes:
            both = either = mpf(0)
            for a, b, weight in zip(t, y, w, strict=True):
                for u, v in numbers(a, b):
                    both += weight * (u == k == v)
                    either += weight * (k in (u, v))
            if either:
                found.append(both / either)
        return mp.fsum(found) / len(found)

    return of


def whole(rng, shape):
    return rng.integers(0, 3, shape)


def _paired(t: list, y: list) -> list:
    return [(int(u), int(v)) for u, v in zip(t, y, strict=True)]


def _tops(t: list, y: list) -> list:
    return [(_top(t), _top(y))]


def _correlation(concordance: bool) -> Callable:
    def of(t, y):
        mean_t, mean_y = mean(t), mean(y)
        var_t = mean((a - mean_t) ** 2 for a in t)
        var_y = mean((b - mean_y) ** 2 for b in y)
        cov = mean((a - mean_t) * (b - mean_y) for a, b in zip(t, y, strict=True))
        if concordance:
            return 2 * cov / (var_t + var_y + (mean_t - mean_y) ** 2)
        return cov / mp.sqrt(var_t * var_y)

    return _weighted(of)


def far(rng, shape):
    """Targets far from 0, as years are: their squares differ in the last digits of float32."""
    return 2000 + rng.normal(size=shape)


def _r2(t: list, y: list, w: list) -> list:
    found = []
    for column in range(len(t[0])):
        a, b = [row[column] for row in t], [row[column] for row in y]
        centre = mp.fsum(u * k for u, k in zip(a, w, strict=True)) / mp.fsum(w)
        whole = mp.fsum(k * (u - centre) ** 2 for u, k in zip(a, w, strict=True))
        left = mp.fsum(k * (u - v) ** 2 for u, v, k in zip(a, b, w, strict=True))
        found.append((1 - left / whole, whole))
    return found


METRICS = [
    *[
        MetricRow(
            name,
            lambda t, y, w, place=place: _counted(t, y, w, mpf("0.5"))[place],
            bits,
            unit,
            logged=logged,
            best=best,
        )
        for place, name, logged, best in (
            (0, "TruePositives", "true_positives", "max"),
            (1, "FalsePositives", "false_positives", "min"),
            (2, "TrueNegatives", "true_negatives", "max"),
            (3, "FalseNegatives", "false_negatives", "min"),
        )
    ],
    MetricRow(
        "FalsePositives",
        lambda t, y, w: [_counted(t, y, w, mpf(bar))[1] for bar in ("0.75", "0.25")],
        bits,
        unit,
        {"thresholds": [0.75, 0.25]},
        tag="thresholds that fall",
        best="min",
    ),
    MetricRow(
        "Precision",
        lambda t, y, w: _over(
            *[
                mp.fsum(
                    k * mp.fsum((u == right) and _within(c, b, 2) for c, u in enumerate(a))
                    for a, b, k in zip(t, y, w, strict=True)
                )
                for right in (1, 0)
            ]
        ),
        bits,
        reals,
        {"top_k": 2},
        tag="top 2",
    ),
    MetricRow(
        "Recall",
        lambda t, y, w: _recall(*_counted([[a[1]] for a in t], [[b[1]] for b in y], w, 0.5)),
        bits,
        unit,
        {"class_id": 1},
        tag="one class",
    ),
    MetricRow(
        "Recall",
        lambda t, y, w: _share(
            [[mpf(k == int(a)) for k in range(4)] for a in t],
            y,
            w,
            lambda true, called: true and not called,
        ),
        numbers,
        unit,
        tag="class numbers",
    ),
    MetricRow("AUC", _roc, bits, _on_a_grid, {"num_thresholds": 11}, logged="auc"),
    MetricRow(
        "AUC",
        lambda t, y, w: _roc(t, [[sigmoid(v) for v in row] for row in y], w),
        bits,
        lambda rng, shape: np.log((p := _on_a_grid(rng, shape)) / (1 - p)),
        {"num_thresholds": 11, "from_logits": True},
        tag="logits",
    ),
    MetricRow(
        "AUC",
        lambda t, y, w: mean(_roc([[a[k]] for a in t], [[b[k]] for b in y], w) for k in range(4)),
        bits,
        _on_a_grid,
        {"num_thresholds": 11, "multi_label": True},
        tag="labels",
    ),
    MetricRow(
        "AUC",
        lambda t, y, w: (
            mp.fsum((k + 1) * _roc([[a[k]] for a in t], [[b[k]] for b in y], w) for k in range(4))
            / 10
        ),
        bits,
        _on_a_grid,
        {
            "thresholds": [0.9, 0.1, 0.3, 0.2, 0.4, 0.6, 0.5, 0.7, 0.8],
            "multi_label": True,
            "num_labels": 4,
            "label_weights": [1.0, 2.0, 3.0, 4.0],
        },
        tag="labels with weights",
    ),
    MetricRow("AUC", _pr_area, bits, _on_a_grid, {"num_thresholds": 11, "curve": "PR"}, tag="PR"),
    MetricRow(
        "AUC",
        lambda t, y, w: _steps(t, y, w, min, _recall, _precision),
        bits,
        _on_a_grid,
        {"num_thresholds": 11, "curve": "PR", "summation_method": "minoring"},
        tag="PR from below",
    ),
    MetricRow(
        "AUC",
        lambda t, y, w: _steps(
            t, y, w, max, lambda *c: 1 - _specificity(*c) if c[1] + c[2] else mpf(0), _recall
        ),
        bits,
        _on_a_grid,
        {"num_thresholds": 11, "summation_method": "majoring"},
        tag="from above",
    ),
    MetricRow(
        "AUC",
        lambda t, y, w: _steps(
            t,
            y,
            w,
            lambda p, q: (p + q) / 2,
            # gains: (r − π)/((1 − π) r) of recall and of precision, π the share of positives
            lambda tp, fp, tn, fn: max(
                1 - (tp + fn) / (tn + fp) * fn / tp if tp else mpf(0), mpf(0)
            ),
            lambda tp, fp, tn, fn: 1 - (tp + fn) / (tn + fp) * fp / tp if tp else mpf(1),
        ),
        bits,
        _on_a_grid,
        {"num_thresholds": 11, "curve": "PRGAIN"},
        tag="gains",
    ),
    *[
        MetricRow(
            name,
            _best(given, wanted, mpf("0.5")),
            bits,
            unit,
            {argument: 0.5, "num_thresholds": 10},
            logged=logged,
        )
        for name, logged, argument, given, wanted in (
            (
                "SensitivityAtSpecificity",
                "sensitivity_at_specificity",
                "specificity",
                _specificity,
                _recall,
            ),
            (
                "SpecificityAtSensitivity",
                "specificity_at_sensitivity",
                "sensitivity",
                _recall,
                _specificity,
            ),
            ("PrecisionAtRecall", "precision_at_recall", "recall", _recall, _precision),
            ("RecallAtPrecision", "recall_at_precision", "precision", _precision, _recall),
        )
    ],
    MetricRow(
        "F1Score",
        lambda t, y, w: [_f(c, mpf(1)) for c in _by_column(t, y, w, _largest)],
        one_hot,
        reals,
        logged="f1_score",
    ),
    MetricRow(
        "F1Score",
        lambda t, y, w: mean(
            _f(c, mpf(1))
            for c in _by_column([[mpf(k == int(a)) for k in range(4)] for a in t], y, w, _largest)
        ),
        numbers,
        reals,
        {"average": "macro"},
        tag="class numbers",
    ),
    MetricRow("F1Score", _mean_f, one_hot, reals, {"average": "weighted"}, tag="weighted"),
    MetricRow(
        "FBetaScore",
        lambda t, y, w: _f(
            [
                mp.fsum(c)
                for c in zip(*_by_column(t, y, w, lambda r: [v > 0.25 for v in r]), strict=True)
            ],
            mpf(4),
        ),
        bits,
        unit,
        {"average": "micro", "beta": 2.0, "threshold": 0.25},
        logged="fbeta_score",
    ),
    MetricRow(
        "IoU",
        _iou(_paired, [0, 2]),
        whole,
        whole,
        {"num_classes": 3, "target_class_ids": [0, 2]},
        logged="io_u",
    ),
    MetricRow(
        "MeanIoU",
        _iou(lambda t, y: [(u, v) for u, v in _paired(t, y) if u != 1], [0, 1, 2]),
        whole,
        whole,
        {"num_classes": 3, "ignore_class": 1},
        logged="mean_io_u",
    ),
    MetricRow(
        "BinaryIoU",
        _iou(lambda t, y: [(int(u), int(v >= 0.25)) for u, v in zip(t, y, strict=True)], [0, 1]),
        bits,
        unit,
        {"threshold": 0.25},
        logged="binary_io_u",
    ),
    MetricRow(
        "OneHotIoU",
        _iou(_tops, [1, 3]),
        one_hot,
        reals,
        {"num_classes": 4, "target_class_ids": [1, 3]},
        logged="one_hot_io_u",
    ),
    MetricRow(
        "OneHotMeanIoU",
        _iou(_tops, [0, 1, 2, 3]),
        one_hot,
        reals,
        {"num_classes": 4},
        logged="one_hot_mean_io_u",
    ),
    MetricRow("PearsonCorrelation", _correlation(False), logged="pearson_correlation"),
    MetricRow("ConcordanceCorrelation", _correlation(True), logged="concordance_correlation"),
    MetricRow(
        "CosineSimilarity",
        _weighted(lambda t, y: -_cosine(t, y)),
        logged="cosine_similarity",
    ),
    MetricRow(
        "R2Score",
        lambda t, y, w: mean(v for v, _ in _r2(t, y, w)),
        far,
        far,
        alias=("r2",),
        logged="r2_score",
    ),
    MetricRow(
        "R2Score",
        lambda t, y, w: (
            mp.fsum(a * b for a, b in _r2(t, y, w)) / mp.fsum(b for _, b in _r2(t, y, w))
        ),
        kwargs={"class_aggregation": "variance_weighted_average"},
        tag="by variance",
    ),
    MetricRow(
        "R2Score",
        lambda t, y, w: [1 - (1 - v) * (len(t) - 1) / mpf(len(t) - 3) for v, _ in _r2(t, y, w)],
        kwargs={"class_aggregation": None, "num_regressors": 2},
        tag="adjusted",
    ),
    _same("MeanSquaredError", reals, reals, "mse", logged="mean_squared_error"),
    _same("MeanAbsoluteError", reals, reals, "mae", logged="mean_absolute_error"),
    _same("MeanBiasError", reals, reals, "mbe", logged="mean_bias_error", best=None),
    _same("HalfSquaredError", reals, reals, logged="half_squared_error"),
    _same(
        "MeanAbsolutePercentageError",
        positive,
        reals,
        "mape",
        logged="mean_absolute_percentage_error",
    ),
    _same(
        "MeanSquaredLogarithmicError",
        positive,
        positive,
        "msle",
        logged="mean_squared_logarithmic_error",
    ),
    _same("LogCoshError", reals, reals, "log_cosh", "logcosh", logged="logcosh", of="LogCosh"),
    _same("Poisson", positive, positive, logged="poisson"),
    _same("KLDivergence", probabilities, probabilities, "kld", logged="kl_divergence"),
    _same("Hinge", signs, reals, logged="hinge"),
    _same("SquaredHinge", signs, reals, logged="squared_hinge"),
    _same("CategoricalHinge", one_hot, reals, logged="categorical_hinge"),
    _same("BinaryCrossentropy", bits, unit, "bce", logged="binary_crossentropy"),
    _same(
        "CategoricalCrossentropy", one_hot, probabilities, "cce", logged="categorical_crossentropy"
    ),
    MetricRow(
        "CategoricalCrossentropy",
        _weighted(lambda t, z: _cce(t, softmax(z))),
        one_hot,
        reals,
        {"from_logits": True},
        tag="logits",
        best="min",
    ),
    MetricRow(
        "BinaryCrossentropy",
        _weighted(lambda t, z: _bce(t, [sigmoid(v) for v in z])),
        bits,
        reals,
        {"from_logits": True},
        tag="logits",
        best="min",
    ),
    _same(
        "SparseCategoricalCrossentropy",
        numbers,
        probabilities,
        "scce",
        logged="sparse_categorical_crossentropy",
    ),
    MetricRow(
        "SparseCategoricalCrossentropy",
        _weighted(lambda t, z: -mp.log(softmax(z)[int(t)])),
        numbers,
        reals,
        {"from_logits": True},
        tag="logits",
        best="min",
    ),
    MetricRow(
        "RootMeanSquaredError",
        lambda t, y, w: mp.sqrt(_weighted(_loss("MeanSquaredError"))(t, y, w)),
        alias=("rmse",),
        logged="root_mean_squared_error",
        best="min",
    ),
    MetricRow(
        "Accuracy",
        _weighted(lambda t, y: mean(mpf(a == b) for a, b in zip(t, y, strict=True))),
        bits,
        bits,
        logged="accuracy",
    ),
    MetricRow(
        "BinaryAccuracy",
        _weighted(lambda t, y: mean(mpf((a == 1) == (b > 0.5)) for a, b in zip(t, y, strict=True))),
        bits,
        unit,
        logged="binary_accuracy",
    ),
    MetricRow(
        "BinaryAccuracy",
        _weighted(lambda t, y: mean(mpf((a == 1) == (b > 0.8)) for a, b in zip(t, y, strict=True))),
        bits,
        unit,
        {"threshold": 0.8},
        tag="threshold",
    ),
    MetricRow(
        "CategoricalAccuracy",
        _weighted(lambda t, y: mpf(_top(t) == _top(y))),
        one_hot,
        reals,
        logged="categorical_accuracy",
    ),
    MetricRow(
        "SparseCategoricalAccuracy",
        _weighted(lambda t, y: mpf(int(t) == _top(y))),
        numbers,
        reals,
        logged="sparse_categorical_accuracy",
    ),
    MetricRow(
        "TopKCategoricalAccuracy",
        _weighted(lambda t, y: mpf(_within(_top(t), y, 2))),
        one_hot,
        reals,
        {"k": 2},
        logged="top_k_categorical_accuracy",
    ),
    MetricRow(
        "SparseTopKCategoricalAccuracy",
        _weighted(lambda t, y: mpf(_within(int(t), y, 2))),
        numbers,
        reals,
        {"k": 2},
        logged="sparse_top_k_categorical_accuracy",
    ),
    MetricRow(
        "Precision",
        lambda t, y, w: _share(t, y, w, lambda true, called: called and not true),
        bits,
        unit,
        logged="precision",
    ),
    MetricRow(
        "Precision",
        lambda t, y, w: _share(t, y, w, lambda true, called: called and not true, 0.7),
        bits,
        unit,
        {"thresholds": 0.7},
        tag="threshold",
    ),
    MetricRow(
        "Precision",
        lambda t, y, w: [
            _share(t, y, w, lambda true, called: called and not true, bar) for bar in (0.25, 0.75)
        ],
        bits,
        unit,
        {"thresholds": [0.25, 0.75]},
        tag="thresholds",
    ),
    MetricRow(
        "Recall",
        lambda t, y, w: [
            _share(t, y, w, lambda true, called: true and not called, bar) for bar in (0.25, 0.75)
        ],
        bits,
        unit,
        {"thresholds": [0.25, 0.75]},
        tag="thresholds",
    ),
    MetricRow(
        "Recall",
        lambda t, y, w: _share(t, y, w, lambda true, called: true and not called),
        bits,
        unit,
        logged="recall",
    ),
]
METRICS_WITHOUT_ROW = {
    "Mean",
    "Sum",
    "FunctionMetric",
    "MeanMetricWrapper",
}  # other arguments; tested by name


# --- optimizers ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class OptimizerRow:
    """One optimizer: `update(memory, w, g, rate, t)` of one number, as the paper has it. What it
    remembers stands in `memory` under the names of the optimizer's slots.

    The driver below adds clipping, decoupled weight decay and the schedule. `keras` says that
    Keras 3 has the very same optimizer; it was compared once, in float32, see the row's `agrees`.
    """

    name: str
    update: Callable
    kwargs: dict = field(default_factory=dict)
    tag: str = ""
    rate: Callable | None = None  # step -> rate, for a schedule
    keras: bool = True
    elementwise = True
    decay: float = 0.0  # where the optimizer has one by default

    @property
    def id(self) -> str:
        return f"{self.name}-{self.tag}" if self.tag else self.name

    def make(self, **more: Any) -> Any:
        kwargs = {k: v() if callable(v) else v for k, v in self.kwargs.items()}
        return getattr(cr.optimizers, self.name)(**(kwargs | more))

    def reference(self, weights: list, gradients: list) -> tuple[list, list]:
        """The weights after all steps, lists of flat lists of numbers; and what is remembered for
        each weight, by the names of its slots."""
        kwargs = self.kwargs
        w = [[mpf(v) for v in flat] for flat in weights]
        memory: list = [[{} for _ in flat] for flat in w]
        shared: list = [{} for _ in w]
        fixed, every = kwargs.get("learning_rate"), kwargs.get("gradient_accumulation_steps", 1)
        steps = [gradients[i : i + every] for i in range(0, len(gradients) // every * every, every)]
        for t, batches in enumerate(steps, 1):
            rate = self.rate(t * every - 1) if self.rate else mpf(fixed)
            step = [[sum(map(mpf, numbers)) / every for numbers in zip(*of_weight, strict=True)]
                    for of_weight in zip(*batches, strict=True)]  # fmt: skip
            clipped = self.clip(step)
            for i, entries in enumerate(w):
                decay = mpf(self.decay_of(i))
                old = [v - rate * decay * v for v in entries]
                w[i] = self.step(memory[i], old, clipped[i], SHAPES[i], rate, t)
                if kwargs.get("use_ema"):
                    keep = mpf(kwargs.get("ema_momentum", 0.99)) if t > 1 else mpf(0)
                    before = shared[i].get("ema", w[i])
                    shared[i]["ema"] = [keep * a + (1 - keep) * v
                                        for a, v in zip(before, w[i], strict=True)]  # fmt: skip
                    often = kwargs.get("ema_overwrite_frequency")
                    if often and t % often == 0:
                        w[i] = list(shared[i]["ema"])
        left = gradients[len(steps) * every :]
        for i in range(len(w) if every > 1 else 0):
            sums = [mp.fsum(numbers) for numbers in zip(*(g[i] for g in left), strict=True)]
            shared[i]["gradient_sum"] = sums or [mpf(0)] * len(w[i])
        return w, [self.remembered(m) | s for m, s in zip(memory, shared, strict=True)]

    def decay_of(self, weight: int) -> float:
        return self.kwargs.get("weight_decay", self.decay)

    def step(self, memory: Any, w: list, g: list, shape: tuple, rate: Any, t: int) -> list:
        """One step of one weight: number by number."""
        return [self.update(m, a, b, rate, t) for m, a, b in zip(memory, w, g, strict=True)]

    def remembered(self, memory: Any) -> dict:
        return {name: [number[name] for number in memory] for name in memory[0]}  # all slots

    def clip(self, g: list) -> list:
        if "clipvalue" in self.kwargs:
            limit = mpf(self.kwargs["clipvalue"])
            return [[max(-limit, min(limit, v)) for v in entries] for entries in g]
        norms = [mp.sqrt(mp.fsum(v * v for v in entries)) for entries in g]
        if "clipnorm" in self.kwargs:
            limit = mpf(self.kwargs["clipnorm"])
            return [
                [v * limit / max(n, limit) for v in entries]
                for entries, n in zip(g, norms, strict=True)
            ]
        if "global_clipnorm" in self.kwargs:
            limit = mpf(self.kwargs["global_clipnorm"])
            norm = mp.sqrt(mp.fsum(n * n for n in norms))
            return [[v * limit / max(norm, limit) for v in flat] for flat in g]
        return g


@dataclass(frozen=True)
class WholeRow(OptimizerRow):
    """An optimizer that sees a weight as a whole: `update(memory, w, g, shape, rate, t)` of flat
    lists, in plain loops; `memory` holds a list for each slot."""

    elementwise = False

    def step(self, memory: Any, w: list, g: list, shape: tuple, rate: Any, t: int) -> list:
        return self.update(memory[0], w, g, shape, rate, t)

    def remembered(self, memory: Any) -> dict:
        return dict(memory[0])


SHAPES = ((2, 3), (3,))


def weights_and_gradients(steps: int = 5) -> tuple[list, list]:
    """First weights, and the gradients of some steps, in float32 (so that both sides start equal)."""
    rng = np.random.default_rng(5)
    weights = [rng.normal(size=s).astype("float32") for s in SHAPES]
    gradients = [[(2 * rng.normal(size=s)).astype("float32") for s in SHAPES] for _ in range(steps)]
    return weights, gradients


def _sgd(momentum: Any = 0, nesterov: bool = False) -> Callable:
    momentum = mpf(momentum)

    def update(m, w, g, rate, t):
        v = m["momentum"] = momentum * m.get("momentum", 0) - rate * g
        return w + momentum * v - rate * g if nesterov else w + v

    return update


def _moving_average(beta: Any) -> Callable:
    beta = mpf(beta)

    def update(m, w, g, rate, t):
        m["velocity"] = beta * m.get("velocity", 0) + (1 - beta) * g
        return w - rate * m["velocity"]

    return update


def _adagrad(start: Any, epsilon: Any = 1e-7) -> Callable:
    def update(m, w, g, rate, t):
        a = m["accumulator"] = m.get("accumulator", mpf(start)) + g * g
        return w - rate * g / mp.sqrt(a + mpf(epsilon))

    return update


def _adadelta(rho: Any = 0.95, epsilon: Any = 1e-7) -> Callable:
    rho, epsilon = mpf(rho), mpf(epsilon)

    def update(m, w, g, rate, t):
        a = m["gradient_square"] = rho * m.get("gradient_square", 0) + (1 - rho) * g * g
        step = -mp.sqrt(m.get("step_square", 0) + epsilon) / mp.sqrt(a + epsilon) * g
        m["step_square"] = rho * m.get("step_square", 0) + (1 - rho) * step * step
        return w + rate * step

    return update


def _rmsprop(rho: Any = 0.9, momentum: Any = 0, centered: bool = False, epsilon: Any = 1e-7):
    rho, momentum, epsilon = mpf(rho), mpf(momentum), mpf(epsilon)

    def update(m, w, g, rate, t):
        v = m["velocity"] = rho * m.get("velocity", 0) + (1 - rho) * g * g
        m["average"] = rho * m.get("average", 0) + (1 - rho) * g
        size = v - m["average"] ** 2 if centered else v
        m["momentum"] = momentum * m.get("momentum", 0) + rate * g / mp.sqrt(size + epsilon)
        return w - m["momentum"]

    return update


def _rmsprop_outside(beta: Any, epsilon: Any) -> Callable:
    beta = mpf(beta)

    def update(m, w, g, rate, t):
        v = m["velocity"] = beta * m.get("velocity", 0) + (1 - beta) * g * g
        return w - rate * g / (mp.sqrt(v) + mpf(epsilon))

    return update


def _adam(b1: Any = 0.9, b2: Any = 0.999, epsilon: Any = 1e-7, largest: bool = False) -> Callable:
    """Kingma and Ba 2015, the more efficient order of section 2, with ε̂.

    `largest`: Reddi, Kale and Kumar 2018, algorithm 2.
    """
    b1, b2 = mpf(b1), mpf(b2)

    def update(memory, w, g, rate, t):
        m = memory["momentum"] = b1 * memory.get("momentum", 0) + (1 - b1) * g
        v = memory["velocity"] = b2 * memory.get("velocity", 0) + (1 - b2) * g * g
        if largest:
            v = memory["largest"] = max(memory.get("largest", 0), v)
        size = rate * mp.sqrt(1 - b2**t) / (1 - b1**t)
        return w - size * m / (mp.sqrt(v) + mpf(epsilon))

    return update


def _adamax(b1: Any = 0.9, b2: Any = 0.999, epsilon: Any = 1e-7) -> Callable:
    b1, b2 = mpf(b1), mpf(b2)

    def update(memory, w, g, rate, t):
        m = memory["momentum"] = b1 * memory.get("momentum", 0) + (1 - b1) * g
        u = memory["velocity"] = max(b2 * memory.get("velocity", 0), abs(g))
        return w - rate / (1 - b1**t) * m / (u + mpf(epsilon))

    return update


def _lion(b1: Any = 0.9, b2: Any = 0.99) -> Callable:
    """Chen et al. 2023, algorithm 2."""
    b1, b2 = mpf(b1), mpf(b2)

    def update(memory, w, g, rate, t):
        m = memory.get("momentum", 0)
        memory["momentum"] = b2 * m + (1 - b2) * g
        return w - rate * mp.sign(b1 * m + (1 - b1) * g)

    return update


def _nadam(b1: Any = 0.9, b2: Any = 0.999, epsilon: Any = 1e-7) -> Callable:
    """Dozat 2016, algorithm 2, with its schedule of the momentum (.96 a step)."""
    b1, b2 = mpf(b1), mpf(b2)

    def push(t):
        return b1 * (1 - mpf("0.5") * mpf("0.96") ** t)

    def update(memory, w, g, rate, t):
        m = memory["momentum"] = b1 * memory.get("momentum", 0) + (1 - b1) * g
        v = memory["velocity"] = b2 * memory.get("velocity", 0) + (1 - b2) * g * g
        product = memory["product"] = memory.get("product", 1) * push(t)
        look = push(t + 1) * m / (1 - product * push(t + 1)) + (1 - push(t)) * g / (1 - product)
        return w - rate * look / (mp.sqrt(v / (1 - b2**t)) + mpf(epsilon))

    return update


def _ftrl(power: Any = 0.5, start: Any = 0.1, l1: Any = 0, l2: Any = 0, shrink: Any = 0,
          beta: Any = 0) -> Callable:  # fmt: skip
    """McMahan et al. 2013, algorithm 1, with Keras's names of its numbers."""
    power, l1, l2, shrink, beta = map(mpf, (power, l1, l2, shrink, beta))

    def update(memory, w, g, rate, t):
        old = memory.get("accumulator", mpf(start))
        new = memory["accumulator"] = old + g * g
        sigma = (new**power - old**power) / rate
        z = memory["linear"] = memory.get("linear", 0) + g + 2 * shrink * w - sigma * w
        if abs(z) <= l1:
            return mpf(0)
        return -(z - mp.sign(z) * l1) / ((beta + new**power) / rate + 2 * l2)

    return update


def _schedule_free(
    b1: Any = 0.9, b2: Any = 0.999, epsilon: Any = 1e-8, warmup: int = 0, decay: Any = 0
) -> Callable:
    """Defazio et al. 2024, algorithm 1, with x kept beside z."""
    b1, b2 = mpf(b1), mpf(b2)

    def update(memory, w, g, rate, t):
        start = w / (1 - rate * decay)  # before the decay of the first step
        z, (x, last) = memory.get("momentum", start), memory.get("mean", (start, start))
        x = x + (w - last) / b1  # weight decay has moved w, which is made of x and z
        v = memory["velocity"] = b2 * memory.get("velocity", 0) + (1 - b2) * g * g
        rate = rate * min(mpf(t) / warmup, 1) if warmup else rate
        z = memory["momentum"] = z - rate * g / (mp.sqrt(v / (1 - b2**t)) + mpf(epsilon))
        x = (1 - mpf(1) / t) * x + z / t
        memory["mean"] = x, (1 - b1) * z + b1 * x
        return memory["mean"][1]

    return update


def _length(numbers: list) -> Any:
    return mp.sqrt(mp.fsum(v * v for v in numbers))


def _lamb(b1: Any = 0.9, b2: Any = 0.999, epsilon: Any = 1e-7) -> Callable:
    """You et al. 2020, algorithm 2, with φ the identity."""
    b1, b2 = mpf(b1), mpf(b2)

    def update(memory, w, g, shape, rate, t):
        m = memory.get("momentum", [0] * len(w))
        v = memory.get("velocity", [0] * len(w))
        m = memory["momentum"] = [b1 * a + (1 - b1) * b for a, b in zip(m, g, strict=True)]
        v = memory["velocity"] = [b2 * a + (1 - b2) * b * b for a, b in zip(v, g, strict=True)]
        u = [a / (1 - b1**t) / (mp.sqrt(b / (1 - b2**t)) + mpf(epsilon))
             for a, b in zip(m, v, strict=True)]  # fmt: skip
        ratio = _length(w) / _length(u) if _length(w) and _length(u) else 1
        return [a - rate * ratio * b for a, b in zip(w, u, strict=True)]

    return update


def _adafactor(
    power: Any = 0.8, e1: Any = 1e-30, e2: Any = 1e-3, d: Any = 1, relative: bool = True
):
    """Shazeer and Stern 2018, algorithms 4 and 5."""
    power, e1, e2, d = mpf(power), mpf(e1), mpf(e2), mpf(d)

    def update(memory, w, g, shape, rate, t):
        keep = 1 - mpf(t) ** -power
        square = [v * v + e1 for v in g]
        if len(shape) == 2:
            rows, columns = shape
            r = [mp.fsum(square[i * columns + j] for j in range(columns)) / columns
                 for i in range(rows)]  # fmt: skip
            c = [mp.fsum(square[i * columns + j] for i in range(rows)) / rows
                 for j in range(columns)]  # fmt: skip
            for name, new in (("row", r), ("column", c)):
                old = memory.get(name, [0] * len(new))
                memory[name] = [keep * a + (1 - keep) * b for a, b in zip(old, new, strict=True)]
            mean = mp.fsum(memory["row"]) / rows
            v = [a * b / mean for a in memory["row"] for b in memory["column"]]
        else:
            old = memory.get("velocity", [0] * len(g))
            v = [keep * a + (1 - keep) * b for a, b in zip(old, square, strict=True)]
            memory["velocity"] = v
        u = [a / mp.sqrt(b) for a, b in zip(g, v, strict=True)]
        size = mp.sqrt(mpf(len(u)))
        shrink = max(1, _length(u) / size / d)
        rho = min(rate, 1 / mp.sqrt(mpf(t))) if relative else rate
        step = max(e2, _length(w) / size) * rho / shrink
        return [a - step * b for a, b in zip(w, u, strict=True)]

    return update


def _times(x: list, y: list) -> list:
    """The product of two matrices, lists of rows."""
    return [[mp.fsum(a * b for a, b in zip(row, column, strict=True))
             for column in zip(*y, strict=True)] for row in x]  # fmt: skip


def _muon(mu: Any = 0.95, nesterov: bool = True, steps: int = 5, rms: Any = 0.2) -> Callable:
    """Jordan et al. 2024, with the size of Liu et al. 2025; Adam for what is no matrix."""
    adam, mu = _adam(), mpf(mu)

    def update(memory, w, g, shape, rate, t):
        if len(shape) != 2:
            each = memory.setdefault("each", [{} for _ in w])
            new = [adam(e, a, b, rate, t) for e, a, b in zip(each, w, g, strict=True)]
            memory |= {n: [e[n] for e in each] for n in ("momentum", "velocity")}
            return new
        m = memory.get("momentum", [0] * len(w))
        m = memory["momentum"] = [mu * a + b for a, b in zip(m, g, strict=True)]
        u = [b + mu * a for a, b in zip(m, g, strict=True)] if nesterov else m
        long = _length(u) + mpf(1e-7)
        x = [[u[i * shape[1] + j] / long for j in range(shape[1])] for i in range(shape[0])]
        for _ in range(steps):
            a = _times(x, [list(c) for c in zip(*x, strict=True)])
            aa = _times(a, a)
            b = [[mpf(-4.775) * p + mpf(2.0315) * q for p, q in zip(r, s, strict=True)]
                 for r, s in zip(a, aa, strict=True)]  # fmt: skip
            bx = _times(b, x)
            x = [[mpf(3.4445) * p + q for p, q in zip(r, s, strict=True)]
                 for r, s in zip(x, bx, strict=True)]  # fmt: skip
        size = mpf(rms) * mp.sqrt(max(shape)) if rms is not None else 1
        return [a - rate * size * b for a, b in zip(w, itertools.chain(*x), strict=True)]

    return update


@dataclass(frozen=True)
class MuonRow(WholeRow):
    """The two kinds of weights have a decay each."""

    def decay_of(self, weight: int) -> float:
        name = "adam_weight_decay" if len(SHAPES[weight]) != 2 else "weight_decay"
        return self.kwargs.get(name, 0.004) or 0.0

    def remembered(self, memory: Any) -> dict:
        return {k: v for k, v in memory[0].items() if k != "each"}


def _lr(rate: float, **more: Any) -> dict:
    return {"learning_rate": rate, **more}


OPTIMIZERS = [
    OptimizerRow("SGD", _sgd(), _lr(0.1)),
    OptimizerRow("SGD", _sgd(0.9), _lr(0.1, momentum=0.9), "momentum"),
    OptimizerRow("SGD", _sgd(0.9, True), _lr(0.1, momentum=0.9, nesterov=True), "nesterov"),
    OptimizerRow("SGD", _sgd(), _lr(0.1, weight_decay=0.1), "weight decay"),
    OptimizerRow("SGD", _sgd(), _lr(0.1, clipnorm=1.5), "clipnorm"),
    OptimizerRow("SGD", _sgd(), _lr(0.1, clipvalue=0.5), "clipvalue"),
    OptimizerRow("SGD", _sgd(0.5), _lr(0.1, global_clipnorm=2.0, momentum=0.5), "global_clipnorm"),
    OptimizerRow(
        "SGD",
        _sgd(),
        {
            "learning_rate": lambda: cr.optimizers.schedules.ExponentialDecay(
                0.2, decay_steps=2, decay_rate=0.5
            )
        },
        "schedule",
        rate=lambda step: mpf(0.2) * mpf(0.5) ** (mpf(step) / 2),
    ),
    OptimizerRow("MovingAverageMomentum", _moving_average(0.9), _lr(0.01), keras=False),
    OptimizerRow(
        "MovingAverageMomentum", _moving_average(0.5), _lr(0.1, beta=0.5), "beta", None, 0
    ),
    OptimizerRow("Adagrad", _adagrad(0.1), _lr(0.1)),
    OptimizerRow(
        "Adagrad",
        _adagrad(0.5, 1e-3),
        _lr(0.1, initial_accumulator_value=0.5, epsilon=1e-3),
        "options",
    ),
    OptimizerRow("Adadelta", _adadelta(), _lr(1.0)),
    OptimizerRow("Adadelta", _adadelta(0.5, 1e-3), _lr(0.5, rho=0.5, epsilon=1e-3), "options"),
    OptimizerRow("RMSprop", _rmsprop(), _lr(0.01)),
    OptimizerRow("RMSprop", _rmsprop(0.9, 0.8), _lr(0.01, momentum=0.8), "momentum"),
    # centred: after one step the variance is rho*(1-rho)*g², positive; a large ε keeps it smooth
    OptimizerRow(
        "RMSprop", _rmsprop(0.9, 0, True), _lr(0.01, centered=True, epsilon=1e-7), "centered"
    ),
    OptimizerRow(
        "RMSprop",
        _rmsprop(0.7, 0.5, True, 1e-3),
        _lr(0.01, rho=0.7, momentum=0.5, centered=True, epsilon=1e-3),
        "everything",
    ),
    OptimizerRow("RMSpropOutside", _rmsprop_outside(0.9, 1e-6), _lr(0.01), keras=False),
    OptimizerRow("Adam", _adam(), _lr(0.01)),
    OptimizerRow(
        "Adam",
        _adam(0.5, 0.9, 1e-3),
        _lr(0.01, beta_1=0.5, beta_2=0.9, epsilon=1e-3),
        "options",
    ),
    OptimizerRow("Adam", _adam(), _lr(0.01, clipnorm=0.3, weight_decay=0.2), "clip and decay"),
    OptimizerRow(
        "Adam",
        _adam(),
        {"learning_rate": lambda: cr.optimizers.schedules.CosineDecay(0.1, decay_steps=4)},
        "schedule",
        rate=lambda step: mpf(0.1) * (1 + mp.cos(mp.pi * min(mpf(step), 4) / 4)) / 2,
    ),
    OptimizerRow("Adam", _adam(largest=True), _lr(0.01, amsgrad=True), "amsgrad"),
    OptimizerRow("Adam", _adam(), _lr(0.01, use_ema=True), "ema"),
    OptimizerRow(
        "SGD",
        _sgd(0.9),
        _lr(0.1, momentum=0.9, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=3),
        "ema overwrites",
    ),
    OptimizerRow(
        "Adam", _adam(), _lr(0.01, gradient_accumulation_steps=3, weight_decay=0.1), "accumulated"
    ),
    OptimizerRow(
        "RMSprop",
        _rmsprop(0.9, 0.8),
        _lr(0.01, momentum=0.8, gradient_accumulation_steps=2, use_ema=True, clipnorm=1.0),
        "momentum accumulated with ema",
    ),
    OptimizerRow(
        "SGD",
        _sgd(),
        {
            "learning_rate": lambda: cr.optimizers.schedules.InverseTimeDecay(0.1, 4, 0.5),
            "gradient_accumulation_steps": 2,
        },
        "schedule accumulated",
        rate=lambda step: mpf(0.1) / (1 + mpf(0.5) * step / 4),
    ),
    OptimizerRow("AdamW", _adam(), _lr(0.01), decay=0.004),
    OptimizerRow("AdamW", _adam(), _lr(0.01, weight_decay=0.3), "weight decay"),
    OptimizerRow("AdamW", _adam(largest=True), _lr(0.01, amsgrad=True), "amsgrad", decay=0.004),
    OptimizerRow("Nadam", _nadam(), _lr(0.01)),
    OptimizerRow(
        "Nadam", _nadam(0.5, 0.9, 1e-3), _lr(0.01, beta_1=0.5, beta_2=0.9, epsilon=1e-3), "options"
    ),
    OptimizerRow("Ftrl", _ftrl(), _lr(0.1)),
    OptimizerRow(
        "Ftrl",
        _ftrl(0.75, 0.5, 0.3, 0.2, 0.1, 0.4),
        _lr(
            0.1,
            learning_rate_power=-0.75,
            initial_accumulator_value=0.5,
            l1_regularization_strength=0.3,
            l2_regularization_strength=0.2,
            l2_shrinkage_regularization_strength=0.1,
            beta=0.4,
        ),
        "options",
    ),
    OptimizerRow("ScheduleFreeAdamW", _schedule_free(), _lr(0.01)),
    OptimizerRow(
        "ScheduleFreeAdamW",
        _schedule_free(0.8, 0.9, 1e-3, 7, mpf(0.1)),
        _lr(0.01, beta_1=0.8, beta_2=0.9, epsilon=1e-3, warmup_steps=7, weight_decay=0.1),
        "options",
    ),
    WholeRow("Lamb", _lamb(), _lr(0.01)),
    WholeRow(
        "Lamb",
        _lamb(0.5, 0.9, 1e-3),
        _lr(0.01, beta_1=0.5, beta_2=0.9, epsilon=1e-3, weight_decay=0.2),
        "options",
    ),
    WholeRow("Adafactor", _adafactor(), _lr(0.3)),
    WholeRow(
        "Adafactor",
        _adafactor(0.5, 1e-8, 0.1, 0.7, False),
        _lr(
            0.3,
            beta_2_decay=-0.5,
            epsilon_1=1e-8,
            epsilon_2=0.1,
            clip_threshold=0.7,
            relative_step=False,
            weight_decay=0.01,
        ),
        "options",
    ),
    MuonRow("Muon", _muon(), _lr(0.01)),
    MuonRow(
        "Muon",
        _muon(0.8, False, 3, None),
        _lr(0.01, momentum=0.8, nesterov=False, ns_steps=3, rms_rate=None, adam_weight_decay=None),
        "options",
    ),
    OptimizerRow("Adamax", _adamax(), _lr(0.01)),
    OptimizerRow("Lion", _lion(), _lr(0.01)),
    OptimizerRow(
        "Lion", _lion(0.6, 0.8), _lr(0.01, beta_1=0.6, beta_2=0.8, weight_decay=0.3), "options"
    ),
]


# --- initializers --------------------------------------------------------------------------------


@dataclass(frozen=True)
class InitializerRow:
    """One initializer: mean, variance and kurtosis of its numbers, and the range they lie in."""

    name: str
    kwargs: dict = field(default_factory=dict)
    mean: Any = 0
    variance: Callable | None = None  # of (fan_in, fan_out)
    kurtosis: Any = 3  # E(x − μ)⁴/σ⁴
    reach: Callable | None = None  # largest |x − mean|, of (fan_in, fan_out)
    exact: Callable | None = None  # shape -> nested lists, for those that draw nothing
    alias: tuple[str, ...] = ()
    tag: str = ""

    @property
    def id(self) -> str:
        return f"{self.name}-{self.tag}" if self.tag else self.name

    def make(self, **more: Any) -> Any:
        return getattr(cr.initializers, self.name)(**(self.kwargs | more))


def _cut_moment(power: int) -> Any:
    """E xᵖ of a standard normal cut at ±2."""
    inside = mp.quad(mp.npdf, [-2, 2])
    return mp.quad(lambda x: x**power * mp.npdf(x), [-2, 0, 2]) / inside


CUT = _cut_moment(2)  # variance: .7737
CUT_KURTOSIS = _cut_moment(4) / CUT**2
FLAT = mpf(9) / 5  # kurtosis of a uniform


def _uniform(name: str, n: Callable, scale: int) -> InitializerRow:
    """Uniform in ±√(3·scale/n)."""
    return InitializerRow(
        name,
        variance=lambda i, o: mpf(scale) / n(i, o),
        kurtosis=FLAT,
        reach=lambda i, o: mp.sqrt(mpf(3) * scale / n(i, o)),
    )


def _cut(name: str, n: Callable, scale: int) -> InitializerRow:
    """Normal cut at two standard deviations, the variance scale/n being that after the cut."""
    return InitializerRow(
        name,
        variance=lambda i, o: mpf(scale) / n(i, o),
        kurtosis=CUT_KURTOSIS,
        reach=lambda i, o: 2 * mp.sqrt(mpf(scale) / n(i, o) / CUT),
    )


def _filled(value: float) -> Callable:
    def of(shape: tuple) -> Any:
        return value if not shape else [of(shape[1:]) for _ in range(shape[0])]

    return of


def _in(i: int, o: int) -> Any:
    return mpf(i)


def _avg(i: int, o: int) -> Any:
    return mpf(i + o) / 2


INITIALIZERS = [
    InitializerRow("Zeros", exact=_filled(0.0)),
    InitializerRow("Ones", exact=_filled(1.0)),
    InitializerRow("Constant", {"value": 0.25}, exact=_filled(0.25)),
    InitializerRow(
        "Identity",
        {"gain": 2.0},
        exact=lambda s: [[2.0 * (i == k) for k in range(s[1])] for i in range(s[0])],
        alias=("eye", "IdentityInitializer"),
    ),
    InitializerRow(
        "RandomUniform",
        {"minval": -1.0, "maxval": 3.0},
        mean=1,
        variance=lambda i, o: mpf(16) / 12,
        kurtosis=FLAT,
        reach=lambda i, o: mpf(2),
        alias=("uniform", "random_uniform"),
    ),
    InitializerRow(
        "RandomNormal",
        {"mean": 2.0, "stddev": 0.5},
        mean=2,
        variance=lambda i, o: mpf("0.25"),
        alias=("normal", "random_normal"),
    ),
    InitializerRow(
        "TruncatedNormal",
        {"mean": -1.0, "stddev": 0.5},
        mean=-1,
        variance=lambda i, o: mpf("0.25") * CUT,
        kurtosis=CUT_KURTOSIS,
        reach=lambda i, o: mpf(1),
        alias=("truncated_normal",),
    ),
    InitializerRow(
        "VarianceScaling",
        {"scale": 2.0, "mode": "fan_out", "distribution": "untruncated_normal"},
        variance=lambda i, o: mpf(2) / o,
    ),
    InitializerRow(
        "VarianceScaling",
        {"mode": "fan_geo_avg", "distribution": "uniform"},
        variance=lambda i, o: 1 / mp.sqrt(mpf(i) * o),
        kurtosis=FLAT,
        reach=lambda i, o: mp.sqrt(3 / mp.sqrt(mpf(i) * o)),
        tag="geometric mean",
    ),
    _uniform("GlorotUniform", _avg, 1),
    _cut("GlorotNormal", _avg, 1),
    _uniform("HeUniform", _in, 2),
    _cut("HeNormal", _in, 2),
    _uniform("LecunUniform", _in, 1),
    _cut("LecunNormal", _in, 1),
    # entries of a random orthogonal matrix of n rows have variance 1/n (n the longer side)
    InitializerRow(
        "Orthogonal",
        {"gain": 2.0},
        variance=lambda i, o: mpf(4) / max(i, o),
        kurtosis=3,
        reach=lambda i, o: mpf(2),
        alias=("OrthogonalInitializer",),
    ),
]


# --- regularizers and schedules ------------------------------------------------------------------


@dataclass(frozen=True)
class FormulaRow:
    """A regularizer, of all numbers of a weight; or a schedule, of the step."""

    name: str
    kwargs: dict
    of: Callable
    alias: tuple[str, ...] = ()
    tag: str = ""

    @property
    def id(self) -> str:
        return f"{self.name}-{self.tag}" if self.tag else self.name


def _cosines(w: Any) -> Any:
    """Σ |cos| over the pairs of 3 rows of 4 numbers."""
    rows = [w[k : k + 4] for k in (0, 4, 8)]
    total = mpf(0)
    for a, b in ((0, 1), (0, 2), (1, 2)):
        inner = mp.fsum(u * v for u, v in zip(rows[a], rows[b], strict=True))
        lengths = [mp.sqrt(mp.fsum(v * v for v in rows[k])) for k in (a, b)]
        total += abs(inner) / (lengths[0] * lengths[1])
    return total


REGULARIZERS = [
    FormulaRow("L1", {"l1": 0.3}, lambda w: mpf(0.3) * mp.fsum(map(abs, w)), ("l1",)),
    FormulaRow("L2", {"l2": 0.3}, lambda w: mpf(0.3) * mp.fsum(v * v for v in w), ("l2",)),
    FormulaRow(
        "L1L2",
        {"l1": 0.1, "l2": 0.2},
        lambda w: mp.fsum(mpf(0.1) * abs(v) + mpf(0.2) * v * v for v in w),
        ("l1_l2", "L1L2"),
    ),
    FormulaRow("OrthogonalRegularizer", {"factor": 0.3}, lambda w: mpf(0.3) * _cosines(w) / 3),
]


def _wave(rate: float, alpha: float, step: int, steps: int, height: float) -> Any:
    """Half a cosine."""
    cosine = mpf(height) * (1 + mp.cos(mp.pi * mpf(step) / steps)) / 2
    return mpf(rate) * ((1 - mpf(alpha)) * cosine + mpf(alpha))


_DECAY = {"initial_learning_rate": 0.1, "decay_steps": 4, "decay_rate": 0.5}
SCHEDULES = [
    FormulaRow("ExponentialDecay", _DECAY, lambda s: mpf(0.1) * mpf(0.5) ** (mpf(s) / 4)),
    FormulaRow(
        "ExponentialDecay",
        _DECAY | {"staircase": True},
        lambda s: mpf(0.1) * mpf(0.5) ** (s // 4),
        tag="stairs",
    ),
    FormulaRow("InverseTimeDecay", _DECAY, lambda s: mpf(0.1) / (1 + mpf(0.5) * s / 4)),
    FormulaRow(
        "InverseTimeDecay",
        _DECAY | {"staircase": True},
        lambda s: mpf(0.1) / (1 + mpf(0.5) * (s // 4)),
        tag="stairs",
    ),
    FormulaRow(
        "PolynomialDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 6, "end_learning_rate": 0.01, "power": 2.0},
        lambda s: (mpf(0.1) - mpf(0.01)) * (1 - mpf(min(s, 6)) / 6) ** 2 + mpf(0.01),
    ),
    FormulaRow(
        "CosineDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 6, "alpha": 0.2},
        lambda s: mpf(0.1) * (mpf(0.8) * (1 + mp.cos(mp.pi * mpf(min(s, 6)) / 6)) / 2 + mpf(0.2)),
    ),
    FormulaRow(
        "PolynomialDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 3, "end_learning_rate": 0.01, "cycle": True},
        lambda s: (mpf(0.1) - mpf(0.01)) * (1 - mpf(s) / (3 * max(1, -(-s // 3)))) + mpf(0.01),
        tag="cycle",
    ),
    FormulaRow(
        "CosineDecay",
        {
            "initial_learning_rate": 0.02,
            "decay_steps": 4,
            "alpha": 0.1,
            "warmup_target": 0.1,
            "warmup_steps": 3,
        },
        lambda s: (
            mpf(0.02) + (mpf(0.1) - mpf(0.02)) * s / 3
            if s < 3
            else mpf(0.1)
            * (mpf(1 - mpf(0.1)) * (1 + mp.cos(mp.pi * mpf(min(s - 3, 4)) / 4)) / 2 + mpf(0.1))
        ),
        tag="warm-up",
    ),
    FormulaRow(
        "CosineDecayRestarts",
        {"initial_learning_rate": 0.1, "first_decay_steps": 2, "m_mul": 0.5, "alpha": 0.2},
        # waves of 2 and 4 steps, then one of 8
        lambda s: _wave(
            0.1, 0.2, *((s, 2, 1) if s < 2 else (s - 2, 4, 0.5) if s < 6 else (s - 6, 8, 0.25))
        ),
    ),
    FormulaRow(
        "CosineDecayRestarts",
        {"initial_learning_rate": 0.1, "first_decay_steps": 3, "t_mul": 1.0},
        lambda s: _wave(0.1, 0.0, s % 3, 3, 1),
        tag="equal waves",
    ),
    FormulaRow(
        "OneCycle",
        {"max_learning_rate": 0.1, "total_steps": 8, "pct_start": 0.25, "final_div_factor": 100.0},
        lambda s: (
            mpf(0.1) + (mpf(0.1) / 25 - mpf(0.1)) * (1 + mp.cos(mp.pi * mpf(s) / 2)) / 2
            if s < 2
            else mpf(0.1) / 2500
            + (mpf(0.1) - mpf(0.1) / 2500) * (1 + mp.cos(mp.pi * mpf(s - 2) / 6)) / 2
        ),
    ),
    FormulaRow(
        "PiecewiseConstantDecay",
        {"boundaries": [2, 5], "values": [0.3, 0.2, 0.1]},
        # Keras: the first value up to and including the first boundary
        lambda s: mpf(0.3) if s <= 2 else mpf(0.2) if s <= 5 else mpf(0.1),
    ),
]


# --- callbacks -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class CallbackRow:
    """One callback in a run whose figures are given: what Keras's documentation says happens.

    `figures` are the values of `watch` after each epoch. `stops` is the epoch (from 0) after which
    training is told to stop, `rates` the learning rate during each epoch (the first is .1),
    `restores` the epoch whose weights stand at the end, `saves` the epochs (from 1) that are saved.
    """

    name: str
    kwargs: dict = field(default_factory=dict)
    figures: tuple[float, ...] = ()
    watch: str = "val_loss"
    stops: int | None = None
    rates: tuple[float, ...] | None = None
    restores: int | None = None
    saves: tuple[str, ...] | None = None
    tag: str = ""

    @property
    def id(self) -> str:
        return f"{self.name}-{self.tag}" if self.tag else self.name

    def make(self) -> Any:
        return getattr(cr.callbacks, self.name)(**self.kwargs)


_DIP = (1.0, 0.5, 0.6, 0.7, 0.4, 0.8)
CALLBACKS = [
    CallbackRow("EarlyStopping", {"patience": 2}, _DIP, stops=3),
    CallbackRow("EarlyStopping", {"patience": 3}, _DIP, tag="patience outlasts the bump"),
    CallbackRow("EarlyStopping", {}, (1.0, 0.5, 0.4, 0.45), stops=3, tag="no patience"),
    CallbackRow(
        "EarlyStopping",
        {"patience": 2, "restore_best_weights": True},
        _DIP,
        stops=3,
        restores=1,
        tag="restores",
    ),
    CallbackRow(
        "EarlyStopping",
        {"patience": 9, "restore_best_weights": True},
        _DIP,
        restores=4,
        tag="restores at the end too",
    ),
    CallbackRow(
        "EarlyStopping",
        {"patience": 2, "min_delta": 0.3},
        (1.0, 0.9, 0.8, 0.6),
        stops=2,
        tag="min_delta",
    ),
    CallbackRow(
        "EarlyStopping",
        {"monitor": "val_accuracy", "patience": 1},
        (0.5, 0.6, 0.55),
        "val_accuracy",
        stops=2,
        tag="accuracy goes up",
    ),
    CallbackRow(
        "EarlyStopping",
        {"monitor": "score", "mode": "max", "patience": 1},
        (0.5, 0.6, 0.55),
        "score",
        stops=2,
        tag="mode",
    ),
    CallbackRow(
        "EarlyStopping",
        {"patience": 1, "start_from_epoch": 3},
        (1.0, 2.0, 3.0, 0.9, 1.1),
        stops=4,
        tag="start_from_epoch",
    ),
    CallbackRow(
        "EarlyStopping",
        {"patience": 2, "baseline": 0.4},
        # an epoch that improves never stops, but without beating the baseline the wait goes on
        (1.0, 0.9, 0.8, 0.85),
        stops=3,
        tag="baseline never reached",
    ),
    CallbackRow("StopWhen", {"monitor": "loss", "below": 0.5}, _DIP, stops=4),  # .5 is not below
    CallbackRow(
        "StopWhen",
        {"monitor": "val_accuracy", "at_least": 0.6},
        (0.5, 0.6, 0.7),
        "val_accuracy",
        stops=1,
        tag="at_least",
    ),
    CallbackRow("StopWhen", {"below": 0.1}, _DIP, tag="never"),
    CallbackRow(
        "ReduceLROnPlateau",
        {"patience": 2, "factor": 0.5},
        (1.0, 1.0, 1.0, 1.0, 1.0, 0.5),
        rates=(0.1, 0.1, 0.1, 0.05, 0.05, 0.025),
    ),
    CallbackRow(
        "ReduceLROnPlateau",
        {"patience": 1, "factor": 0.1, "min_lr": 0.005},
        (1.0, 1.0, 1.0, 1.0),
        rates=(0.1, 0.1, 0.01, 0.005),
        tag="min_lr",
    ),
    CallbackRow(
        "ReduceLROnPlateau",
        {"patience": 1, "factor": 0.5, "cooldown": 2},
        (1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
        # lowered after epoch 1; of the two quiet epochs the second counts again (Keras)
        rates=(0.1, 0.1, 0.05, 0.05, 0.025, 0.025),
        tag="cooldown",
    ),
    CallbackRow(
        "ReduceLROnPlateau",
        {"patience": 2, "factor": 0.5, "cooldown": 1},
        (1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
        rates=(0.1, 0.1, 0.1, 0.05, 0.05, 0.025),  # the quiet epoch is the first that counts
        tag="cooldown and patience",
    ),
    CallbackRow(
        "LearningRateScheduler",
        {"schedule": max},  # in C: what it takes cannot be asked
        (1.0, 1.0, 1.0),
        rates=(0.1, 1.0, 2.0),
        tag="a function that does not tell",
    ),
    CallbackRow(
        "LearningRateScheduler",
        {"schedule": lambda epoch, rate: 0.1 / (epoch + 1)},
        (1.0, 1.0, 1.0),
        rates=(0.1, 0.05, 0.1 / 3),
    ),
    CallbackRow(
        "LearningRateScheduler",
        {"schedule": lambda epoch: 0.3},
        (1.0, 1.0),
        rates=(0.3, 0.3),
        tag="the epoch alone",
    ),
    CallbackRow(
        "ModelCheckpoint",
        {"filepath": "m-{epoch:02d}-{val_loss:.2f}"},
        _DIP[:3],
        saves=("m-01-1.00", "m-02-0.50", "m-03-0.60"),
    ),
    CallbackRow(
        "ModelCheckpoint",
        {"filepath": "m{epoch}", "save_best_only": True},
        _DIP,
        saves=("m1", "m2", "m5"),
        tag="the best only",
    ),
    CallbackRow(
        "ModelCheckpoint",
        {"filepath": "m{epoch}", "save_best_only": True, "initial_value_threshold": 0.55},
        _DIP,
        saves=("m2", "m5"),
        tag="threshold",
    ),
    CallbackRow(
        "ModelCheckpoint",
        {"filepath": "m{epoch}", "save_best_only": True, "monitor": "f1", "mode": "max"},
        (0.1, 0.3, 0.2),
        "f1",
        saves=("m1", "m2"),
        tag="mode",
    ),
    CallbackRow("BackupAndRestore", {"backup_dir": "runs"}, (1.0, 2.0)),
    CallbackRow("TerminateOnNaN", {}, (1.0, 2.0)),
    CallbackRow("History", {}, (1.0, 2.0)),
    CallbackRow("StepHistory", {}, (1.0, 2.0)),
    CallbackRow("LambdaCallback", {"on_epoch_end": lambda epoch, logs: None}, (1.0,)),
    CallbackRow("Callback", {}, (1.0,)),
]
CALLBACKS_WITHOUT_ROW = {
    "CallbackList",  # no callback itself
    *("CSVLogger", "JSONLinesLogger", "SwapEMAWeights", "TensorBoard", "TimeLimit"),  # test_logs.py
}


# --- layers --------------------------------------------------------------------------------------


def dense_shared(f: Callable = lambda z: z) -> Callable:
    """f(Σ x_j·w_jk + b), the same b for every k."""

    def of(x, w, b=None):
        return dense(f)(x, w, None if b is None else [b[0]] * len(w[0]))

    return of


# further rows stand in files `layers_*.py` beside, which offer them as LAYERS
LAYERS: list[LayerRow] = [
    LayerRow("Dense", dense(), (3,), alias=("Linear", "linear")),
    LayerRow("Dense", dense(mp.tanh), (3, "tanh"), tag="tanh"),
    LayerRow("Dense", dense(), (3,), {"use_bias": False}, tag="no bias"),
    LayerRow("Dense", dense(sigmoid), (2, "sigmoid"), shape=(2, 3, 4), tag="three axes"),
    LayerRow(
        "Dense",
        dense(),
        (3,),
        {"kernel_regularizer": "l2", "bias_initializer": "ones", "kernel_initializer": "he_normal"},
        tag="parts by name",
    ),
    LayerRow("SharedBiasDense", dense_shared(sigmoid), (3, "sigmoid")),
    LayerRow("SharedBiasDense", dense_shared(), (3,), {"use_bias": False}, tag="no bias"),
    LayerRow(
        "SharedBiasDense",
        dense_shared(),
        (2,),
        {"bias_trainable": False, "bias_initializer": "ones"},
        shape=(2, 3, 4),
        tag="frozen",
    ),
    LayerRow("Activation", each(mp.tanh), ("tanh",)),
    LayerRow("Sigmoid", each(sigmoid)),
    LayerRow("Tanh", each(mp.tanh)),
    LayerRow("ReLU", each(lambda v: max(v, mpf(0))), kink=(0.0,)),
    LayerRow(
        "ReLU",
        each(
            lambda v: mpf(0.75) if v >= 0.75 else v if v >= 0.25 else mpf(0.125) * (v - mpf(0.25))
        ),
        kwargs={"max_value": 0.75, "negative_slope": 0.125, "threshold": 0.25},
        kink=(0.25, 0.75),
        tag="options",
    ),
    LayerRow("LeakyReLU", each(lambda v: v if v > 0 else mpf(0.3) * v), kink=(0.0,)),
    LayerRow(
        "LeakyReLU",
        each(lambda v: v if v > 0 else mpf(0.125) * v),
        kwargs={"negative_slope": 0.125},
        kink=(0.0,),
        tag="slope",
    ),
    LayerRow("Softmax", softmax_rows),
    LayerRow("Softmax", softmax_axis_1, kwargs={"axis": 1}, shape=(2, 3, 4), tag="axis"),
    LayerRow("Flatten", lambda x: [flat(row) for row in x], shape=(3, 2, 4)),
    LayerRow("Dropout", each(lambda v: v), (0.5,), {"seed": 7}),
    LayerRow("Dropout", dropout(0.25, 7), (0.25,), {"seed": 7}, training=True, tag="training"),
    LayerRow(
        "Dropout",
        dropout(0.5, 2**40 + 3, True),
        (0.5,),
        {"seed": 2**40 + 3, "noise_shape": [None, 1]},
        training=True,
        tag="noise shape",
    ),
    LayerRow("Dropout", each(lambda v: 0 * v), (1.0,), {"seed": 7}, training=True, tag="all"),
    LayerRow("InputLayer", each(lambda v: v), ((4,),), alias=("Input",), model=False),
    LayerRow(
        "Sequential",
        lambda x, w, b, u, c: softmax_rows(dense()(dense(mp.tanh)(x, w, b), u, c)),
        (lambda: [cr.layers.Dense(3, "tanh"), cr.layers.Dense(2, "softmax")],),
    ),
]
LAYERS_WITHOUT_ROW = {"Functional"}  # graphs have test_graph.py
for _path in sorted(Path(__file__).parent.glob("layers_*.py")):
    _module = importlib.import_module(_path.stem)
    LAYERS += _module.LAYERS
    LAYERS_WITHOUT_ROW |= getattr(_module, "WITHOUT_ROW", set())
