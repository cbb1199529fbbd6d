"""Splits of tables: what belongs together stays together, and every class has its share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.errors import ArgumentError, DataError
from chainrule.tables import Frame, find_roles, split


def frame_of(n=100, seed=0, **more):
    g = np.random.default_rng(seed)
    return Frame.of({"a": g.normal(size=n), "b": g.choice(list("xyz"), n), **more,
                     "y": g.choice(list("pq"), n)})  # fmt: skip


def found(frame, **asked):
    return split.equal_rows(frame, find_roles(frame, **asked))


# --- equal rows -----------------------------------------------------------------------------------


def by_hand(frame, names):
    """Groups by comparing every row with every other, as text."""
    rows = [tuple(map(str, row)) for row in zip(*(frame[n].values for n in names), strict=True)]
    return [rows.index(row) for row in rows]


def test_equal_rows_are_found():
    g = np.random.default_rng(1)
    rows = np.concatenate([np.arange(80), g.integers(0, 80, 20)])
    g.shuffle(rows)
    frame = frame_of(80).take(rows)
    frame = Frame(frame.columns, np.arange(2, 102))
    equal = found(frame)
    hand = by_hand(frame, ["a", "b"])
    assert equal.copies == 20
    assert all((equal.groups == g).sum() == hand.count(h) for g, h in zip(equal.groups, hand,
                                                                       strict=True))  # fmt: skip
    first = [i + 2 for i, h in enumerate(hand) if h != i][:3]
    shown = ", ".join(map(str, first))
    assert equal.sentence == (
        f"20 rows are copies of others (rows {shown}, ...): equal rows stay on the same side"
    )


def test_an_id_does_not_make_copies_different_nor_does_another_target():
    frame = frame_of(40).take(np.r_[0:40, 0:10])
    columns = {c.name: c.values for c in frame}
    columns["y"] = np.array(["p", "q"] * 25, object)
    assert found(Frame.of({"id": np.arange(50.0) * 3, **columns})).copies == 10


def test_gaps_dates_and_minus_zero_are_compared_too():
    a = np.array([0.0, -0.0, np.nan, np.nan, 1.0, 2.0] * 2 + [5.0, 6, 7, 8])
    days = np.array([f"2024-01-{d:02d}" for d in range(1, 17)], "M8[D]").copy()
    days[[1, 3, 7, 9]] = days[[0, 2, 6, 8]]
    frame = Frame.of({"a": a, "day": days, "y": np.arange(16) / 2})
    groups = found(frame).groups
    assert [np.flatnonzero(groups == g).tolist() for g in np.unique(groups)][:2] == [[0, 1], [2, 3]]
    assert found(frame).copies == 4


def test_no_copies():
    assert found(frame_of()).sentence is None
    assert len(np.unique(found(frame_of()).groups)) == 100


def test_measurements_copied_ten_times_are_copies():
    rows = np.repeat(np.arange(60), 10)
    g = np.random.default_rng(3)
    table = {f"c{i}": g.normal(size=60) for i in range(40)}
    labels = g.choice(list("pq"), 60)
    equal = found(Frame.of({name: x[rows] for name, x in table.items()} | {"y": labels[rows]}))
    np.testing.assert_array_equal(equal.groups, rows)
    assert (equal.copies, len(np.unique(equal.groups))) == (540, 60)


@pytest.mark.parametrize(
    ("columns", "kinds"),
    [({"a": [0, 0, 1, 1] * 3, "b": [0, 1, 0, 1] * 3, "y": [0, 1, 1, 0] * 3}, 4),
     ({"a": [0, 1] * 6, "y": [0, 1, 1] * 4}, 2),
     ({f"c{i}": np.random.default_rng(i).choice(list("xyz"), 1000) for i in range(6)}
      | {"y": np.arange(1000) / 2}, None)],
)  # fmt: skip
def test_rows_of_few_kinds_are_no_copies(columns, kinds):
    equal = found(Frame.of(columns))
    n = len(equal.groups)
    assert len(np.unique(equal.groups)) == n
    assert equal.sentence.endswith("kinds: equal rows are split freely")
    assert kinds is None or f"the {n} rows are of only {kinds} kinds" in equal.sentence


def test_rows_that_are_all_the_same():
    frame = frame_of()
    assert split.same_rows(frame.take([3, 3, 3]), find_roles(frame)).tolist() == [0, 1, 2]


def test_a_table_pasted_three_times_is_found():
    frame = frame_of(100).take(np.tile(np.arange(100), 3))
    assert found(frame).copies == 200
    assert len(np.unique(found(frame).groups)) == 100


def test_rows_named_by_a_column_are_joined_with_equal_rows():
    frame = Frame.of({"patient": ["a", "b", "a", "c", None, None, "d"]})
    assert split.group_rows(frame, "patient").tolist() == [0, 1, 0, 3, 4, 5, 6]
    chained = np.array([0, 1, 2, 2, 4, 5, 1])  # row 2 = row 3 and row 1 = row 6
    assert split.group_rows(frame, "patient", chained).tolist() == [0, 1, 0, 0, 4, 5, 1]
    far = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4])  # pairs that touch end to end
    long = Frame.of({"p": list("zabbccddee")})
    assert split.group_rows(long, "p", far).tolist() == split_by_hand(far, list("zabbccddee"))


def split_by_hand(*partitions):
    """Connected rows, by joining sets until nothing touches."""
    sets = [{i for i, v in enumerate(p) if v == w} for p in partitions for w in set(p)]
    label = list(range(len(partitions[0])))
    for _ in label:
        for s in sets:
            least = min(label[i] for i in s)
            for i in s:
                label[i] = least
    return label


# --- folds ----------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_folds_hold_for_any_groups(data):
    n = data.draw(st.integers(2, 60))
    groups = np.array(data.draw(st.lists(st.integers(0, n), min_size=n, max_size=n)))
    task = data.draw(st.sampled_from(["classification", "regression"]))
    y = np.array(data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)))
    k = data.draw(st.integers(2, 6))
    if len(np.unique(groups)) < k:
        with pytest.raises(DataError, match="fewer"):
            split.folds(y, groups, k, 0, task)
        return
    parts = split.folds(y, groups, k, data.draw(st.integers(0, 5)), task)
    assert sorted(np.concatenate([held for _, held in parts])) == list(range(n))
    for train, held in parts:
        assert len(held) > 0
        assert sorted([*train, *held]) == list(range(n))
        assert not set(groups[train]) & set(groups[held])


def test_every_class_is_spread_evenly():
    y = np.repeat([0, 1, 2], [503, 52, 3])
    np.random.default_rng(0).shuffle(y)
    counts = np.array([np.bincount(y[held], minlength=3) for _, held in split.folds(y, None, 5)])
    assert (counts.max(0) - counts.min(0) <= 1).all()
    assert counts.sum(1).max() - counts.sum(1).min() <= 1


def test_single_rows_make_up_for_what_groups_left_uneven():
    y = np.r_[np.zeros(30, int), np.ones(120, int)]
    groups = np.r_[np.zeros(12, int), np.arange(1, 139)]  # one group of twelve zeros
    counts = [np.bincount(y[held]).tolist() for _, held in split.folds(y, groups, 5, 3)]
    assert sorted(c[0] for c in counts) == [4, 4, 5, 5, 12]  # 18 single zeros for four parts
    assert [c[1] for c in counts] == [24] * 5


def test_groups_of_one_class_each_are_spread_too():
    groups = np.repeat(np.arange(10), 4)
    assert [len(held) for _, held in split.folds(groups, groups, 5)] == [8] * 5


def test_targets_of_a_regression_are_spread():
    y = np.sort(np.random.default_rng(0).lognormal(size=500))
    means = [y[held].mean() for _, held in split.folds(y, None, 5, 0, "regression")]
    assert np.ptp(means) < 4 * y.std() / 10 * 0.5  # half of what chance would leave (4 s.e.)
    for _, held in split.folds(y, None, 5, 0, "regression"):
        assert np.histogram(held, bins=10, range=(0, 500))[0].tolist() == [10] * 10


def test_the_seed_decides():
    y = np.zeros(50)
    a, b, c = (split.folds(y, None, 5, seed)[0][1].tolist() for seed in (1, 1, 2))
    assert a == b != c
    assert a != list(range(10))


@pytest.mark.parametrize("k", [1, 0, -1, 2.5, "5", True, None])
def test_folds_must_be_a_number(k):
    with pytest.raises(ArgumentError, match="folds is out of range"):
        split.folds(np.zeros(9), None, k)


def test_fewer_rows_than_folds():
    with pytest.raises(DataError) as caught:
        split.folds(np.zeros(3), None, 5)
    assert str(caught.value) == (
        "there are fewer rows than folds\n  expected: at least 5\n  received: 3\n"
        "  fix: fewer folds, folds=3, or more rows"
    )
    with pytest.raises(DataError, match=r"fewer groups of equal rows or one name \(of 9 rows\)"):
        split.folds(np.zeros(9), np.arange(9) // 3, 5)


def test_no_row_of_one_side_equals_one_of_the_other():
    g = np.random.default_rng(3)
    frame = frame_of(300).take(g.integers(0, 300, 300))
    groups = split.same_rows(frame, find_roles(frame))
    y = np.unique(frame["y"].values.astype(str), return_inverse=True)[1]
    rows = list(zip(frame["a"].values, frame["b"].values, strict=True))
    for train, held in split.folds(y, groups, 5):
        assert not {rows[i] for i in train} & {rows[i] for i in held}


# --- time -----------------------------------------------------------------------------------------


def test_the_last_fifth_is_held_out():
    g = np.random.default_rng(0)
    days = np.datetime64("2024-01-01") + g.permutation(50)
    frame = Frame.of({"day": days.astype("M8[D]"), "y": np.arange(50) / 2})
    train, held = split.by_time(frame, "day")
    assert len(held) == 10
    assert days[train].max() < days[held].min()


def test_rows_of_one_moment_stay_together():
    frame = Frame.of({"day": [1, 1, 1, 1, 2, 2, 2, 2, 2, 2]})
    assert [p.tolist() for p in split.by_time(frame, "day")] == [[0, 1, 2, 3], [4, 5, 6, 7, 8, 9]]
    frame = Frame.of({"day": [1, 1, 1, 1, 1, 1, 1, 1, 1, 2]})
    assert [p.tolist() for p in split.by_time(frame, "day")][1] == [9]


def test_rows_without_a_time_and_copies_of_earlier_rows_are_not_judged():
    frame = Frame.of({"day": ["2024-01-01", "", "2024-01-02", "2024-01-03", "2024-01-04"]})
    train, held = split.by_time(frame, "day", 0.5)
    assert (train.tolist(), held.tolist()) == ([0, 2], [3, 4])
    train, held = split.by_time(frame, "day", 0.5, groups=np.array([0, 1, 2, 0, 3]))
    assert (train.tolist(), held.tolist()) == ([0, 2], [4])


def test_where_most_rows_are_of_the_first_moment_the_others_are_held_out():
    frame = Frame.of({"day": [1, 1, 1, 1, 2, 3]})
    assert split.by_time(frame, "day", 0.5)[1].tolist() == [4, 5]


def test_the_order_of_the_file_is_a_time_too():
    assert split.by_time(Frame.of({"x": [3, 1, 2, 5, 4]}), None)[1].tolist() == [4]


@pytest.mark.parametrize(
    ("cells", "says"), [([3, 3, 3], "the same in every row"), (["a", "b", "c"], "no cell that is")]
)
def test_what_is_no_time(cells, says):
    with pytest.raises(DataError, match="(?s)cannot be split by time.*" + says):
        split.by_time(Frame.of({"t": cells}), "t")
    with pytest.raises(ArgumentError, match="share is out of range"):
        split.by_time(Frame.of({"t": [1, 2]}), "t", share=1.0)


def test_the_column_that_says_the_time():
    n = 40
    base = {"x": np.random.default_rng(0).normal(size=n), "y": np.arange(n) / 2 + 0.25}
    days = np.array(["2024-01-01"], "M8[D]") + np.arange(n).astype("m8[D]")

    def column(**more):
        frame = Frame.of({**more, **base})
        return split.time_column(frame, find_roles(frame))

    few = days - (days.astype(int) % 4).astype("m8[D]")
    assert column(left=few, seen=days) == "seen"
    assert column(seen=few, Geburtsdatum=days) == "seen"  # nobody's row happened at birth
    assert column(date_of_birth=days) is None
    assert column(id=np.arange(n) * 3 + 7) == "id"
    assert column(id=np.arange(n)[::-1] * 3) == "id"
    assert column(id=np.random.default_rng(1).permutation(n)) is None
    assert column(year=2000 + np.arange(n) // 5) == "year"
    assert column(year=np.arange(n) // 5) is None  # of age
    assert column() is None


def test_worse_by_two_standard_errors():
    assert split.time_advice((0.9, 0.03), (0.81, 0.04), "day") is None  # 0.09 < 2·0.05
    assert "0.79 ± 0.04" in split.time_advice((0.9, 0.03), (0.79, 0.04), "day")
    assert split.time_advice((0.79, 0.03), (0.9, 0.04), "day") is None
    losses = split.time_advice((0.79, 0.03), (0.9, 0.04), "day", higher_is_better=False)
    assert losses.endswith('use time="day"')


def test_ten_copies_of_each_row_are_copies():
    """Rows of many decimals that repeat say nothing of other rows, however often they do."""
    draw = np.random.default_rng(0)
    columns = {f"c{i}": np.tile(draw.normal(size=60), 10) for i in range(5)}
    equal = found(Frame.of(columns | {"y": np.tile(np.arange(60) / 2, 10)}))
    assert len(np.unique(equal.groups)) == 60
    assert equal.copies == 540
