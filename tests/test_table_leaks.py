"""Columns that know the answer are warned of, others are not."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.tables import Frame, find_roles, leaks, split, targets

G = np.random.default_rng(5)
N = 300
NOISE = G.normal(size=N)
NUMBERS = G.normal(size=N)
HEAVY = G.lognormal(0, 3, N)
LETTERS = G.choice(list("abcdefgh"), N)
BINARY = np.where(NUMBERS > 1, "yes", "no")
DAYS = np.datetime64("2024-01-01") + G.integers(0, 300, N)
LATE = DAYS > np.datetime64("2024-08-01")  # noqa: SIM300
RARE = NUMBERS > np.sort(NUMBERS)[-5]  # noqa: SIM300
GAPS = np.where(NUMBERS > 0.8, np.nan, G.integers(0, 9, N) + 0.5)


def warned(columns, y, **asked):
    frame = Frame.of({**columns, "noise": NOISE[: len(y)], "t": y})
    roles = find_roles(frame, target="t", **asked)
    return leaks.find(frame, roles, targets(frame, roles))


LEAKS = [
    ("threshold", NUMBERS, BINARY, "AUC 1.000"),
    ("middle", NUMBERS, np.where(abs(NUMBERS) < 0.5, "in", "out"), "AUC"),  # not monotone
    ("falling", -NUMBERS, BINARY, "AUC 1.000"),
    ("code", np.char.add("c", LETTERS), np.where(LETTERS < "d", "p", "q"), "AUC 1.000"),
    ("code", np.char.add("c", LETTERS), LETTERS, "AUC 1.000"),  # eight classes
    ("day", DAYS, np.where(LATE, "late", "soon"), "AUC 1.000"),
    ("gap", GAPS, np.where(np.isnan(GAPS), "died", "lives"), "AUC 1.000"),  # only the gaps tell
    ("price", HEAVY, HEAVY * 1.19, "R² 1.000"),
    ("wave", NUMBERS, np.sin(3 * NUMBERS), "R²"),
    ("code", np.char.add("c", LETTERS), np.unique(LETTERS, return_inverse=True)[1] / 2, "R² 1.000"),
    ("rare", NUMBERS, np.where(RARE, "fraud", "fine"), "AUC"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "cells", "y", "score"), LEAKS)
def test_a_column_that_knows_the_answer(name, cells, y, score):
    (said,) = warned({name: cells}, y)
    assert said.startswith(f"{name!r} alone predicts 't' ({score}")
    assert said.endswith(f'If not, drop="{name}"')


FAIR = [
    (NUMBERS, np.where(NUMBERS + G.normal(0, 0.3, N) > 0, "p", "q")),
    (NUMBERS, NUMBERS + G.normal(0, 0.15, N)),  # R² of about .98
    (NOISE[::-1], BINARY),
    (np.char.add("u", (np.arange(N) // 2).astype(str)), np.where(NUMBERS > 0, "p", "q")),
    (np.array([f"the {a} is number {i}" for i, a in enumerate(LETTERS)]), LETTERS),  # sentences
]


@pytest.mark.parametrize(("cells", "y"), FAIR)
def test_a_column_that_only_helps(cells, y):
    assert warned({"x": cells}, y) == []


def test_with_few_rows_or_a_single_column_a_perfect_fit_means_nothing():
    assert warned({"x": NUMBERS[:25]}, np.where(NUMBERS[:25] > 0, "p", "q")) == []
    assert len(warned({"x": NUMBERS[:30]}, NUMBERS[:30] * 2)) == 1
    frame = Frame.of({"x": NUMBERS, "t": BINARY})
    roles = find_roles(frame)
    assert leaks.find(frame, roles, targets(frame, roles)) == []


def test_a_table_pasted_six_times_is_no_leak():
    rows = np.tile(np.arange(50), 6)
    y = np.where(G.normal(size=50) > 0, "p", "q")[rows]
    frame = Frame.of({"x": NUMBERS[rows], "noise": NOISE[rows], "t": y})
    roles = find_roles(frame)
    assert leaks.find(frame, roles, targets(frame, roles)) == []
    scores = G.normal(size=50)[rows]
    frame = Frame.of({"x": NUMBERS[rows], "noise": NOISE[rows], "t": scores})
    roles = find_roles(frame)
    assert leaks.find(frame, roles, targets(frame, roles)) == []


def test_large_tables_are_drawn_from(monkeypatch):
    monkeypatch.setattr(leaks, "_MOST", 100)
    seen = []
    score = leaks._score_alone
    monkeypatch.setattr(leaks, "_score_alone", lambda v, *a: seen.append(len(v)) or score(v, *a))
    assert len(warned({"x": NUMBERS}, BINARY)) == 1
    assert seen == [100, 100]


def test_auc_counts_pairs():
    y = G.integers(0, 2, 40) > 0
    output = G.integers(0, 6, 40).astype(float)  # many ties
    pairs = [(a > b) + 0.5 * (a == b) for a in output[y] for b in output[~y]]
    assert leaks._auc(y, output) == pytest.approx(np.mean(pairs))


def test_the_first_look_never_stops_what_the_folds_would_find():
    """Bins on all rows are compared with a lower bar; without them the answers are the same."""
    for name, cells, y, _ in LEAKS:
        frame = Frame.of({name: cells, "noise": NOISE, "t": y})
        roles = find_roles(frame, target="t")
        parts = split.folds(targets(frame, roles), None, 5, 0, roles.task)
        alone = leaks.score_alone(roles[name], frame, targets(frame, roles), parts, roles.task)
        assert alone >= (0.995 if roles.class_names else 0.99)


@pytest.mark.parametrize(("name", "cells", "y", "score"), LEAKS)
def test_among_very_many_columns_it_is_found_as_well(name, cells, y, score, monkeypatch):
    alone = warned({name: cells}, y)
    monkeypatch.setattr(leaks, "_MANY", 0)
    assert warned({name: cells}, y) == alone


def test_columns_that_know_nothing_are_not_looked_at_one_by_one(monkeypatch):
    noise = {f"g{i}": G.normal(size=N) for i in range(250)}
    words = {f"w{i}": G.choice(["a", "b", "c"], N) for i in range(20)}
    few = {f"k{i}": G.integers(0, 9, N) + 0.5 for i in range(20)}
    looked = []
    monkeypatch.setattr(
        leaks, "_score_alone", lambda *a, of=leaks._score_alone: looked.append(1) or of(*a)
    )
    columns = {**noise, "x": NUMBERS, **words, **few}
    for y in (BINARY, np.sin(3 * NUMBERS), LETTERS):
        looked.clear()
        said = warned(columns, y)
        assert len(said) == (y is not LETTERS)
        assert len(looked) < 15


def test_ranks_of_many_columns_are_those_of_scipy():
    rankdata = pytest.importorskip("scipy.stats").rankdata
    x = G.integers(0, 40, (200, 7)).astype(float)
    assert np.array_equal(leaks._mean_ranks(x), rankdata(x, axis=0))
