"""Figures, intervals and verdicts: scikit-learn and plain loops say what is right."""

from __future__ import annotations

import itertools
import json
import math
import re
from statistics import NormalDist

import numpy as np
import pytest

from chainrule.errors import ArgumentError, DataError, ShapeError
from chainrule.evaluation import (
    Estimate,
    Resamples,
    Scores,
    Verdict,
    auc,
    calibration,
    cheapest,
    learning,
    partial_dependence,
    permutation_importance,
    precision_recall,
    roc,
    scores,
    thresholds,
    verdict,
    worst_mistakes,
)
from chainrule.evaluation.resampling import _outer_tail, _student
from chainrule.tables import Frame

YES_NO = ["no", "yes"]


def two_classes(n=400, rate=0.3, shift=1.5, seed=0):
    """Labels, and their true probabilities given a score that is shifted for the positives."""
    random = np.random.default_rng(seed)
    y = (random.random(n) < rate).astype(int)
    x = random.normal(size=n) + shift * y
    return y, 1 / (1 + np.exp(-(np.log(rate / (1 - rate)) + shift * x - shift**2 / 2)))


def several(n=500, classes=4, seed=1, shift=1.2):
    random = np.random.default_rng(seed)
    y = random.integers(0, classes, n)
    z = random.normal(size=(n, classes))
    z[np.arange(n), y] += shift
    p = np.exp(z)
    return y, p / p.sum(1, keepdims=True)


# --- against scikit-learn -----------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", ["two", "several"])
def test_class_figures_are_those_of_scikit_learn(kind, weighted):
    sk = pytest.importorskip("sklearn.metrics")
    y, p = two_classes() if kind == "two" else several()
    w = np.random.default_rng(2).random(len(y)) if weighted else None
    names = [f"c{k}" for k in range(2 if kind == "two" else 4)]
    found = scores(y, p, names, weights=w)
    full = np.stack([1 - p, p], 1) if kind == "two" else p
    said = full.argmax(1)
    expected = {
        "accuracy": sk.accuracy_score(y, said, sample_weight=w),
        "balanced_accuracy": sk.balanced_accuracy_score(y, said, sample_weight=w),
        "auc": sk.roc_auc_score(y, p, sample_weight=w, multi_class="ovr"),
        "log_loss": sk.log_loss(y, full, sample_weight=w),
        "brier": sk.brier_score_loss(y, p, sample_weight=w) if kind == "two" else None,
    }
    for name, value in expected.items():
        if value is not None:
            assert found[name].model.value == pytest.approx(value, rel=1e-12), name
    each = sk.precision_recall_fscore_support(y, said, sample_weight=w, zero_division=np.nan)
    for k, one in enumerate(found.by_class):
        got = (one.precision.value, one.recall.value, one.f1.value, one.support)
        assert got == pytest.approx(tuple(column[k] for column in each), rel=1e-12)
    np.testing.assert_allclose(
        found.confusion, sk.confusion_matrix(y, said, sample_weight=w), rtol=1e-12
    )


def test_brier_score_of_several_classes_is_the_sum_over_them():
    y, p = several(50)
    expected = np.mean([sum((p[i, k] - (y[i] == k)) ** 2 for k in range(4)) for i in range(50)])
    assert scores(y, p, list("abcd"))["brier"].model.value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_figures_of_values_are_those_of_scikit_learn(weighted):
    sk = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(3)
    y = 1e6 + random.normal(size=300)  # far from 0: squares would lose what matters
    p = y + random.normal(size=300)
    w = random.random(300) if weighted else None
    found = scores(y, p[:, None], weights=w, train_y=[1e6, 1e6 + 1, 1e6 + 5])
    assert found["r2"].model.value == pytest.approx(sk.r2_score(y, p, sample_weight=w), rel=1e-9)
    assert found["rmse"].model.value == pytest.approx(
        sk.root_mean_squared_error(y, p, sample_weight=w), rel=1e-12
    )
    assert found["mae"].model.value == pytest.approx(
        sk.mean_absolute_error(y, p, sample_weight=w), rel=1e-12
    )
    # the constant: the mean of the training targets, their median for the absolute error
    assert found["rmse"].baseline == pytest.approx(
        sk.root_mean_squared_error(y, np.full(300, 1e6 + 2), sample_weight=w), rel=1e-12
    )
    assert found["mae"].baseline == pytest.approx(
        sk.mean_absolute_error(y, np.full(300, 1e6 + 1), sample_weight=w), rel=1e-12
    )


def test_curves_are_those_of_scikit_learn():
    sk = pytest.importorskip("sklearn.metrics")
    y, p = two_classes()
    p = np.round(p, 2)  # many ties
    w = np.random.default_rng(4).random(len(y))
    curve = roc(y, p, w)
    x, up, bars = sk.roc_curve(y, p, sample_weight=w, drop_intermediate=False)
    for ours, theirs in zip(curve[:3], (x, up, bars), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-15)
    assert curve.area == pytest.approx(sk.roc_auc_score(y, p, sample_weight=w), rel=1e-12)
    curve = precision_recall(y, p, w)
    precision, recall, bars = sk.precision_recall_curve(y, p, sample_weight=w)
    np.testing.assert_allclose(curve.x, recall[:-1][::-1], rtol=1e-12)
    np.testing.assert_allclose(curve.y, precision[:-1][::-1], rtol=1e-12)
    np.testing.assert_allclose(curve.thresholds, bars[::-1], rtol=1e-12)
    ap = sk.average_precision_score(y, p, sample_weight=w)
    assert curve.area == pytest.approx(ap, rel=1e-12)


def test_auc_counts_pairs():
    random = np.random.default_rng(5)
    y, s, w = random.random(60) < 0.4, random.integers(0, 9, 60), random.random(60)
    pairs = [(i, j) for i, j in itertools.product(range(60), repeat=2) if y[i] and not y[j]]
    right = sum(w[i] * w[j] * ((s[i] > s[j]) + 0.5 * (s[i] == s[j])) for i, j in pairs)
    assert auc(y, s, w) == pytest.approx(right / sum(w[i] * w[j] for i, j in pairs), rel=1e-12)
    assert math.isnan(auc([1, 1], [0.2, 0.3]))


def test_calibration_error_by_a_loop():
    y, p = two_classes(300)
    off = 0.0
    for b in range(10):
        rows = [i for i in range(300) if b / 10 <= p[i] < (b + 1) / 10]
        off += abs(sum(p[i] - y[i] for i in rows)) / 300
    found = scores(y, p, YES_NO)["calibration_error"].model.value
    assert found == pytest.approx(off, rel=1e-12)
    y, p = several(300)
    off = 0.0
    for b in range(10):
        rows = [i for i in range(300) if b / 10 <= p[i].max() < (b + 1) / 10]
        off += abs(sum(p[i].max() - (p[i].argmax() == y[i]) for i in rows)) / 300
    found = scores(y, p, list("abcd"))["calibration_error"].model.value
    assert found == pytest.approx(off, rel=1e-12)


# --- intervals ----------------------------------------------------------------------------------


def by_hand(draws, figure):
    """A figure on each resample, the rows of each written out."""
    found = []
    for counts in draws.counts.astype(int):
        rows = np.repeat(np.arange(len(draws.block)), counts[draws.block])
        found.append(figure(rows))
    return np.array(found)


def test_intervals_are_those_of_resampled_rows():
    y, p = two_classes(80)
    said = (p > 0.5).astype(int)
    line = np.clip(p + 0.2, 0, 1)
    found = scores(y, p, YES_NO, linear=line, seed=7)
    draws = Resamples(80, seed=7)
    tail = _outer_tail(80)

    def interval(figure):
        return np.nanquantile(by_hand(draws, figure), (tail, 1 - tail))

    def recall(rows, k):
        return (said[rows] == k)[y[rows] == k].mean()

    checks = {
        "accuracy": lambda r: (said[r] == y[r]).mean(),
        "balanced_accuracy": lambda r: (recall(r, 0) + recall(r, 1)) / 2,
        "log_loss": lambda r: -np.log(np.where(y[r], p[r], 1 - p[r])).mean(),
        "brier": lambda r: ((p[r] - y[r]) ** 2).mean(),
    }
    for name, figure in checks.items():
        got = found[name].model
        np.testing.assert_allclose((got.low, got.high), interval(figure), rtol=1e-9)
    gain = found["accuracy"].over_linear
    theirs = (line > 0.5).astype(int)
    paired = interval(lambda r: (said[r] == y[r]).mean() - (theirs[r] == y[r]).mean())
    np.testing.assert_allclose((gain.low, gain.high), paired, rtol=1e-9)
    usual = int(np.bincount(y).argmax())
    gain = found["accuracy"].over_baseline
    paired = interval(lambda r: (said[r] == y[r]).mean() - (y[r] == usual).mean())
    np.testing.assert_allclose((gain.low, gain.high), paired, rtol=1e-9)
    precision = found.by_class[1].precision
    paired = interval(lambda r: y[r][said[r] == 1].mean())
    np.testing.assert_allclose((precision.low, precision.high), paired, rtol=1e-9)


def test_draws_are_independent_of_data_made_from_the_same_seed():
    """Rows and resamples from the same random bits: the first resample had no positive row."""
    y = np.random.default_rng(0).random(300) < 0.3
    shares = Resamples(300, seed=0).sums(y.astype(float)) / 300
    wide = 5 * math.sqrt(y.mean() * (1 - y.mean()) / 300)
    assert np.abs(shares - y.mean()).max() < wide


def test_intervals_of_values_are_those_of_resampled_rows():
    random = np.random.default_rng(8)
    y = random.normal(size=60)
    p = y + random.normal(size=60)
    found, draws = scores(y, p, seed=3), Resamples(60, seed=3)
    tail = _outer_tail(60)

    def r2(rows):
        return 1 - ((y - p)[rows] ** 2).sum() / ((y[rows] - y[rows].mean()) ** 2).sum()

    for name, figure in {
        "r2": r2,
        "rmse": lambda r: math.sqrt(((y - p)[r] ** 2).mean()),
        "mae": lambda r: np.abs((y - p)[r]).mean(),
    }.items():
        ends = np.quantile(by_hand(draws, figure), (tail, 1 - tail))
        np.testing.assert_allclose(found[name].model[1:], ends, rtol=1e-9)


def test_interval_of_the_auc_is_near_that_of_resampled_rows():
    """It is linearised: as wide as the exact one within a tenth."""
    y, p = two_classes(300)
    got = scores(y, p, YES_NO)["auc"].model
    exact = by_hand(Resamples(300), lambda r: auc(y[r], p[r]))
    low, high = np.quantile(exact, (_outer_tail(300), 1 - _outer_tail(300)))
    assert (got.low, got.high) == pytest.approx((low, high), abs=0.1 * (high - low))


def test_groups_are_drawn_together():
    """Each row four times: no more is known than from one of the four."""
    y, p = two_classes(100)
    alone = scores(y, p, YES_NO, seed=1)
    four = scores(np.tile(y, 4), np.tile(p, 4), YES_NO, groups=np.tile(np.arange(100), 4), seed=1)
    loose = scores(np.tile(y, 4), np.tile(p, 4), YES_NO, seed=1)
    assert four.groups == 100
    for name in ("accuracy", "log_loss", "auc", "balanced_accuracy"):
        np.testing.assert_allclose(four[name].model, alone[name].model, rtol=1e-9)
        width = alone[name].model.high - alone[name].model.low
        tight = loose[name].model.high - loose[name].model.low
        assert tight == pytest.approx(width / 2, rel=0.15)
    assert four.describe().startswith("400 rows, 100 of them independent: copies and rows of one ")


def test_many_rows_are_put_into_blocks_that_keep_the_width():
    y, p = two_classes(9000)
    got = scores(y, p, YES_NO)["accuracy"].model
    share = ((p > 0.5) == y).mean()
    expected = 2 * 1.96 * math.sqrt(share * (1 - share) / 9000)
    assert Resamples(9000).blocks == 2000
    assert got.high - got.low == pytest.approx(expected, rel=0.12)


def test_few_rows_have_wider_intervals():
    stats = pytest.importorskip("scipy.stats")
    for freedom in (5, 11, 29, 200):
        assert _student(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=0.003)
    for n in (12, 50):
        wide = math.sqrt(n / (n - 1)) * stats.t.ppf(0.975, n - 1)
        assert _outer_tail(n) == pytest.approx(NormalDist().cdf(-wide), rel=0.01)


def test_all_right_is_not_certain():
    """12 of 12: the exact interval of a share begins at .735 (Clopper and Pearson)."""
    y = np.array([0] * 6 + [1] * 6)
    found = scores(y, y.astype(float), YES_NO)
    assert found["accuracy"].model == Estimate(1.0, pytest.approx(0.7353, abs=1e-4), 1.0)
    assert found["auc"].model.low == pytest.approx(0.025 ** (1 / 6))
    assert math.isnan(found["log_loss"].model.low)  # no spread was seen: nothing is known of it
    none = scores(y, 1.0 - y, YES_NO)["accuracy"].model
    assert none == Estimate(0.0, 0.0, pytest.approx(0.2647, abs=1e-4))


def test_same_seed_same_figures_and_json():
    y, p = several(120)
    one, two = (scores(y, p, list("abcd"), linear=p[:, ::-1], seed=5) for _ in range(2))
    assert one.to_json() == two.to_json()
    text = json.dumps(one.to_json(), allow_nan=False)
    again = Scores.from_json(json.loads(text))
    assert again.to_json() == one.to_json()
    assert again.describe() == one.describe()
    assert verdict(again) == verdict(one)
    found = verdict(one)
    assert Verdict.from_json(found.to_json()) == found
    with pytest.raises(ArgumentError, match="word has an unknown value"):
        Verdict.from_json({"word": "FINE", "sentence": ""})


# --- verdicts: every rule, and its edges --------------------------------------------------------


def judged(y, p, names=YES_NO, kind="network", **more):
    return verdict(scores(y, p, names, **more), kind)


def test_useful_says_points_and_interval():
    y, p = two_classes(2000, 0.3, 2)
    found = judged(y, p)
    gain = 100 * (((p > 0.5) == y).mean() - (y == 0).mean())
    start = f"USEFUL: {gain:.1f} points better than always answering no (95 % interval "
    assert found.sentence.startswith(start)
    assert not found.negative


def test_churn_that_finds_nobody_is_not_to_be_used():
    """The issue's table: 95.22 % where always answering no gives 95.90 %, 0 of 24 found."""
    y = np.array([1] * 24 + [0] * 562)
    p = np.full(586, 0.05)
    p[24:28] = 0.9  # 4 false alarms
    found = judged(y, p)
    assert found.word == "DO NOT USE"
    assert found.sentence == (
        "DO NOT USE: no better than always answering no (95.2 % right against 95.9 %, finds 0 of "
        f"24 yes; difference {found.sentence.split('difference ')[1]}"
    )
    assert "finds 0 of 24 rows of class 4; " in judged(y, p, ["2", "4"]).sentence


def test_one_in_200_that_ranks_well_is_for_ranking_only():
    y, p = two_classes(20_000, 0.005, 2)
    found = judged(y, p)
    assert found.word == "RANKING ONLY"
    assert found.negative
    assert "choose a threshold of your own" in found.sentence


def test_class_weights_cost_accuracy_and_find_the_rare_class():
    y, p = two_classes(5000, 0.005, 2.5)
    p = 199 * p / (199 * p + 1 - p)
    found = judged(y, p)
    assert found.word == "USEFUL"
    assert "of yes, balanced accuracy" in found.sentence
    assert "always answering no 99" in found.sentence


def test_too_few_of_the_rare_class_are_uncertain():
    y = np.zeros(600, int)
    y[:5] = 1
    p = np.where(y, 0.4, 0.01 + 0.3 * np.random.default_rng(1).random(600))
    found = judged(y, p)
    assert found.word == "UNCERTAIN"
    assert "only 5 rows are yes" in found.sentence


def test_a_small_table_may_be_chance():
    y = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1])
    p = np.array([0.2, 0.2, 0.2, 0.9, 0.9, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.1])
    found = judged(y, p)
    assert found.word == "UNCERTAIN"
    assert "16.7 points better than always answering yes on these 12 rows" in found.sentence


def test_a_gain_too_small_to_matter_is_none():
    """Better by one row of 20,000: the interval leaves no room for a point."""
    y = np.zeros(20_000, int)
    y[:10_000:2] = 1
    p = np.full(20_000, 0.25)
    p[0] = 0.6
    found = judged(y, p)
    assert found.word == "DO NOT USE"


@pytest.mark.parametrize(
    ("better", "word"), [(0.0, "NO BETTER"), (-0.05, "NO BETTER"), (0.1, "USEFUL")]
)
def test_against_the_linear_model(better, word):
    random = np.random.default_rng(9)
    y = (random.random(3000) < 0.4).astype(int)

    def right(share):
        return np.where(random.random(3000) < share, np.where(y, 0.8, 0.2), np.where(y, 0.2, 0.8))

    found = judged(y, right(0.85 + better), linear=right(0.85))
    assert found.word == word
    if word == "NO BETTER":
        assert found.sentence.startswith("NO BETTER than the linear model: ")
        assert 'model="linear" trains and keeps that' in found.sentence
        assert ("no difference is shown" in found.sentence) == (better == 0.0)
        assert "points better than always answering no" in found.sentence


def test_better_probabilities_count_against_the_linear_model():
    """The same answers, but surer where right: log loss shows it."""
    y, p = two_classes(2000)
    line = 0.5 + 0.1 * (p - 0.5)
    assert judged(y, p, linear=line).word == "USEFUL"
    assert judged(y, line, linear=p).word == "NO BETTER"


def test_verdicts_on_values():
    random = np.random.default_rng(10)
    x = random.normal(size=400)
    y = 100 + 10 * x + random.normal(size=400) * 5
    found = judged(y, 100 + 10 * x, None, unit="€")
    assert found.sentence.startswith("USEFUL: RMSE ")
    said = r"RMSE ([\d.]+) % lower than always answering [\d.]+ €, the mean \(([\d.]+) € instead "
    share, ours, theirs = re.search(said + r"of ([\d.]+) €; 95 % ", found.sentence).groups()
    assert float(share) == pytest.approx(100 * (1 - float(ours) / float(theirs)), abs=0.2)
    assert ", R² 0.78" in found.sentence
    bad = judged(y, 100 + 10 * random.normal(size=400), None)
    assert bad.word == "DO NOT USE"
    assert judged(y, 100 + 10 * x, None, linear=100 + 9.99 * x).word == "NO BETTER"
    wild = 100 + 10 * x
    wild[0] += 400  # one wild answer spoils the RMSE, not the mean absolute error
    assert judged(y, wild, None).sentence.startswith("USEFUL: mean absolute error")
    few = judged(y[:6], 100 + 2 * random.normal(size=6), None)
    assert few.word in ("UNCERTAIN", "DO NOT USE")


@pytest.mark.parametrize(
    ("r2", "word"), [(0.002, "BARELY USEFUL"), (0.015, "BARELY USEFUL"), (0.03, "USEFUL")]
)
def test_what_is_shown_must_also_be_large_enough_to_matter(r2, word):
    """Of 50,000 rows everything is shown; the bar is R² .02, where the RMSE is 1 % lower."""
    random = np.random.default_rng(3)
    x = random.normal(size=50_000)
    y = math.sqrt(r2) * x + math.sqrt(1 - r2) * random.normal(size=50_000)
    found = judged(y, math.sqrt(r2) * x, None)
    assert found.word == word
    assert found.negative == (word == "BARELY USEFUL")
    assert found.sentence.endswith("but too little to matter for most purposes") == found.negative


def test_half_a_point_is_much_where_the_constant_is_hardly_ever_wrong():
    """.5 points of accuracy: of 1.5 % mistakes a third, of 50 % hardly anything."""
    y = np.zeros(40_000, int)
    y[:600] = 1
    p = np.where(np.arange(40_000) < 200, 0.9, 0.01)  # 200 of the 600 are found
    assert judged(y, p).word == "USEFUL"
    even = np.arange(40_000) % 2
    p = np.where((np.arange(40_000) < 400) & (even == 1), 0.9, 0.3)  # answers no but for 200
    found = judged(even, p)
    assert found.word == "BARELY USEFUL"
    assert found.sentence.startswith("BARELY USEFUL: 0.5 points better than always answering no ")


def test_the_saved_constant_is_not_to_be_used():
    y, p = two_classes(500, 0.3, 2)
    found = judged(y, p, kind="constant")
    assert found.sentence == (
        "DO NOT USE: nothing was found in the columns that tells the target; the model is always "
        "answering no"
    )
    with pytest.raises(ArgumentError, match="kind has an unknown value"):
        judged(y, p, kind="tree")


def test_noise_is_hardly_ever_useful():
    """Of 100 small tables without any relation the rules call few useful."""
    random = np.random.default_rng(11)
    words = [
        judged((random.random(40) < 0.5).astype(int), random.random(40), seed=k).word
        for k in range(100)
    ]
    assert words.count("USEFUL") <= 5


def test_names_that_are_sentences_html_or_control_characters():
    y, p = two_classes(500, 0.3, 2)
    found = judged(y, p, ["<b>no\x1b[2J\nway</b>", "yes"])
    assert "always answering “<b>no[2J way</b>”" in found.sentence
    assert "\x1b" not in scores(y, p, ["no\x1b[2J", "yes"]).describe()


# --- thresholds, calibration, importance, dependence, mistakes ----------------------------------


def test_calibration_is_that_of_scikit_learn():
    sk = pytest.importorskip("sklearn.calibration")
    y, p = two_classes(500)
    seen, said = sk.calibration_curve(y, p, n_bins=10)
    found = calibration(y, p)
    np.testing.assert_allclose([b.seen for b in found], seen, rtol=1e-12)
    np.testing.assert_allclose([b.said for b in found], said, rtol=1e-12)
    assert sum(b.rows for b in found) == 500
    assert calibration([1, 0], [1.0, 0.0])[-1].high == 1.0  # 1 is in the last stretch


def test_thresholds_count_and_cost_by_a_loop():
    y, p = two_classes(60)
    p = np.round(p, 1)
    w = np.random.default_rng(1).random(60)
    found = thresholds(y, p, w, false_alarm=2, miss=7)
    assert [t.at for t in found] == [math.inf, *sorted(set(p.tolist()), reverse=True)]
    for t in found:
        called = p >= t.at
        fp = sum(w[i] for i in range(60) if called[i] and not y[i])
        fn = sum(w[i] for i in range(60) if not called[i] and y[i])
        assert (t.false_alarms, t.missed) == pytest.approx((fp, fn), abs=1e-12)
        assert t.cost == pytest.approx(2 * fp + 7 * fn, abs=1e-12)
    best = cheapest(y, p, w, false_alarm=2, miss=7)
    assert best.cost == min(t.cost for t in found)
    with pytest.raises(ArgumentError, match="miss is out of range"):
        thresholds(y, p, miss=-1)


def test_cheapest_threshold_is_near_elkans_for_true_probabilities():
    y, p = two_classes(100_000, 0.3, 1.5)
    found = cheapest(y, p, false_alarm=1, miss=4)
    assert found.at == pytest.approx(1 / 5, abs=0.03)


def answer_of(frame):
    """3·a − b; the other columns do not matter."""
    return 3 * frame["a"].values - frame["b"].values


def a_frame(n=400, others=3):
    random = np.random.default_rng(2)
    columns = {"b": random.normal(size=n), "a": random.normal(size=n)}
    columns |= {f"z{k}": random.normal(size=n) for k in range(others)}
    return Frame.of(columns)


def test_importance_is_the_rise_of_the_loss():
    """Of independent columns with variance 1 a shuffle adds 2·w² to the squared error."""
    frame = a_frame(4000)
    y = answer_of(frame) + np.random.default_rng(3).normal(size=4000)
    found = permutation_importance(answer_of, frame, y, rows=4000)
    value = {one.name: one.value for one in found.columns}
    assert [one.name for one in found.columns][:2] == ["a", "b"]
    assert value["a"] == pytest.approx(math.sqrt(1 + 18) - 1, rel=0.05)
    assert value["b"] == pytest.approx(math.sqrt(1 + 2) - 1, rel=0.05)
    assert value["z0"] == 0
    assert (found.figure, found.rows, found.notices) == ("RMSE", 4000, ())


def test_importance_finds_the_few_of_many_columns():
    asked = []

    def counted(frame):
        asked.append(len(frame))
        return answer_of(frame)

    frame = a_frame(200, 3000)
    found = permutation_importance(counted, frame, answer_of(frame), most=20, rows=100, repeats=2)
    assert [one.name for one in found.columns][:2] == ["a", "b"]
    assert len(asked) < 300  # not 3,002 columns
    assert set(asked) == {100}
    assert found.notices == (
        "Measured on 100 of 200 rows, drawn at random.",
        "The 2 that seem to matter most of 3,002 columns.",
    )


def test_importance_stops_when_time_is_up():
    frame = a_frame(50, 200)
    found = permutation_importance(answer_of, frame, answer_of(frame), seconds=0)
    assert found.columns == ()
    assert "There was no time to measure it." in found.notices
    with pytest.raises(ArgumentError, match="there is no such column"):
        permutation_importance(answer_of, frame, answer_of(frame), columns=["q"])


def test_importance_of_classes_is_a_log_loss():
    frame = a_frame(500)
    p = 1 / (1 + np.exp(-answer_of(frame)))
    y = (np.random.default_rng(4).random(500) < p).astype(int)
    found = permutation_importance(
        lambda f: 1 / (1 + np.exp(-answer_of(f))), frame, y, YES_NO, columns=["a", "z1"]
    )
    assert [one.name for one in found.columns] == ["a", "z1"]
    assert found.loss == pytest.approx(-np.log(np.where(y, p, 1 - p)).mean(), rel=1e-9)


def test_dependence_is_the_mean_over_the_rows():
    frame = a_frame(150)
    found = partial_dependence(answer_of, frame, "b", points=7)
    assert len(found.at) == 7
    low, high = np.quantile(frame["b"].values, (0.02, 0.98))
    np.testing.assert_allclose(found.at, np.linspace(low, high, 7))
    expected = [(3 * frame["a"].values - v).mean() for v in found.at]
    np.testing.assert_allclose(found.mean[:, 0], expected, rtol=1e-12)


def test_dependence_of_dates_texts_and_gaps():
    days = np.array(["2024-01-01", "2024-01-03", "NaT", "2024-01-02"], "datetime64[D]")
    frame = Frame.of({"day": days, "job": ["cook", "cook", None, "smith"], "x": [1.0, 2, 3, 4]})

    def predict(f):
        late = (f["day"].values > np.datetime64("2024-01-02T12:00")).astype(float)
        cook = np.array([v == "cook" for v in f["job"].values], float)
        return np.stack([late, cook], 1)

    found = partial_dependence(predict, frame, "day")
    assert found.at.dtype.kind == "M"
    assert found.mean[:, 0].tolist() == [0.0, 0.0, 1.0]
    found = partial_dependence(predict, frame, "job")
    assert (found.at.tolist(), found.mean[:, 1].tolist()) == (["cook", "smith"], [1.0, 0.0])
    empty = Frame.of({"job": [None, None], "x": ["a", "b"]})
    with pytest.raises(ArgumentError, match="the column is empty"):
        partial_dependence(predict, empty, "job")


def test_dependence_of_a_wide_table_is_asked_in_parts():
    most = []

    def predict(f):
        most.append(len(f))
        return answer_of(f)

    frame = a_frame(200, 3000)
    found = partial_dependence(predict, frame, "a")
    assert (max(most), len(found.at)) == (600, 20)
    np.testing.assert_allclose(np.diff(found.mean[:, 0]), 3 * np.diff(found.at), rtol=1e-9)


def test_worst_mistakes_are_those_surest_of_a_wrong_class():
    y, p = several(200)
    found = worst_mistakes(y, p, list("abcd"), count=5)
    wrong = [i for i in range(200) if p[i].argmax() != y[i]]
    wrong.sort(key=lambda i: p[i][y[i]] - p[i].max())
    assert found.tolist() == wrong[:5]


CURVES = {
    "overfitting": ([1, 0.5, 0.2, 0.1], [1.0, 0.6, 0.7, 0.9], 2, "from epoch 3 on"),
    "still learning": (list(np.linspace(1, 0.1, 20)), list(np.linspace(1, 0.2, 20)), 20,
                       "still falling at the end (from 0.368 to 0.2"),
    "gap": ([1, 0.3, 0.1, 0.1, 0.1, 0.1], [1, 0.5, 0.4, 0.4, 0.4, 0.4], 3, "(loss 0.1)"),
    "levelled off": ([1, 0.5, 0.4, 0.4, 0.4, 0.4], [1, 0.5, 0.45, 0.44, 0.44, 0.44], 4, "0.44"),
    "unwatched": ([1, 0.5], [], None, "It ended at 0.5."),
}  # fmt: skip


@pytest.mark.parametrize("word", CURVES)
def test_curves_are_put_into_words(word):
    loss, held, kept, text = CURVES[word]
    found = learning({"loss": loss, "val_loss": held}, kept)
    assert found.word == word
    assert text in found.sentence


def test_overfitting_that_was_kept_is_said():
    found = learning({"loss": [1, 0.5, 0.1], "val_loss": [0.5, 0.7, 0.9]}, kept=3, step="step")
    assert "The weights of step 3, the last, were kept: keep the best instead." in found.sentence
    with pytest.raises(DataError, match="the history has no loss"):
        learning({"accuracy": [1.0]})


# --- what cannot be answered --------------------------------------------------------------------


def test_one_class_only():
    found = scores([0, 0, 0], [[0.9, 0.1], [0.8, 0.2], [0.4, 0.6]], YES_NO)
    assert "auc" not in found.figures
    assert "No row here is yes." in found.notices
    assert math.isnan(found.by_class[1].recall.value)
    assert found["balanced_accuracy"].model.value == pytest.approx(2 / 3)
    assert verdict(found).word == "DO NOT USE"


def test_all_targets_the_same():
    found = scores([2.0, 2.0], [1.0, 3.0])
    assert "r2" not in found.figures
    assert verdict(found).word == "DO NOT USE"


BAD = {
    "logits": (lambda: scores([0, 1], [[2.0, -1.0], [0.5, 0.5]], YES_NO), DataError,
               "scores: outputs are no probabilities\n"
               "  expected: in each row numbers from 0 to 1 with the sum 1\n"
               "  received: row 0: 2, -1\n  fix: give what softmax or sigmoid makes of them"),
    "label": (lambda: scores([0, 2], [0.1, 0.9], YES_NO), DataError, "a label is outside"),
    "rows": (lambda: scores([0, 1], [0.1, 0.9, 0.2], YES_NO), ShapeError,
             "outputs do not fit the targets"),
    "linear": (lambda: scores([1.0, 2], [1, 2], linear=[1, 2, 3]), ShapeError,
               "linear do not fit the targets"),
    "nothing": (lambda: scores([], []), DataError, "there are no rows"),
    "nan": (lambda: scores([1.0, 2], [1.0, np.nan]), DataError, "outputs holds a value"),
    "target": (lambda: scores([1.0, np.inf], [1.0, 2]), DataError, "y holds a value"),
    "weights": (lambda: scores([1.0, 2], [1.0, 2], weights=[-1, 2]), DataError, "must be 0 or"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_makes_no_sense_is_refused(name):
    call, kind, text = BAD[name]
    with pytest.raises(kind) as raised:
        call()
    assert text in str(raised.value)


def test_the_constant_says_the_shares_of_training():
    found = scores([0, 1, 1], [0.2, 0.9, 0.6], YES_NO, train_y=[0, 0, 0, 1])
    expected = -(math.log(0.75) + 2 * math.log(0.25)) / 3
    assert found["log_loss"].baseline == pytest.approx(expected, rel=1e-12)
    assert found["brier"].baseline == pytest.approx((0.0625 + 2 * 0.5625) / 3, rel=1e-12)
    assert (found.baseline, found["accuracy"].baseline) == ("no", pytest.approx(1 / 3))


def test_better_probabilities_do_not_outweigh_worse_answers():
    y = np.arange(2000) % 5 < 2
    ours = np.where(np.arange(2000) < 300, ~y, y)  # 85 % right, and never very sure when wrong
    line = np.where(np.arange(2000) < 150, ~y, y)  # more right, but wildly sure when wrong
    found = judged(y, 0.2 + 0.6 * ours, linear=np.where(line, 1 - 1e-7, 1e-7))
    assert found.word == "NO BETTER"
