"""Series: past values beside each row, in the order of time."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from chainrule.errors import ArgumentError, DataError
from chainrule.tables import Frame, find_roles, series, split, targets

G = np.random.default_rng(2)


def days(n, start="2024-01-01", step="D"):
    return (np.datetime64(start, step) + np.arange(n).astype(f"m8[{step}]")).astype(
        "datetime64[us]"
    )


def table(n=40, **more):
    return Frame.of({"day": days(n), **more, "cups": np.arange(n) + 0.5})


@pytest.mark.parametrize(
    ("frame", "found"),
    [(table(), ("day", "cups")), (table(id=np.arange(40)), ("day", "cups")),
     (table(same=["a"] * 40), ("day", "cups")), (table(x=G.normal(size=40)), None),
     (Frame.of({"x": G.normal(size=40), "cups": np.arange(40) + 0.5}), None),
     (Frame.of({"day": days(40), "cups": np.arange(40) % 3}), ("day", "cups")),  # few values
     (Frame.of({"day": days(40), "kind": list("ab") * 20}), None)],
)  # fmt: skip
def test_one_date_and_one_number_are_a_series(frame, found):
    assert series.find(frame, find_roles(frame)) == found


def test_past_values_stand_beside_each_row():
    order = G.permutation(40)
    mixed = Frame(table().take(order).columns, np.arange(2, 42))
    made = series.lagged(mixed, "day", "cups", 3)
    assert made.frame.names == ["day", "cups[t-1]", "cups[t-2]", "cups[t-3]", "cups"]
    assert made.names == ("cups[t-1]", "cups[t-2]", "cups[t-3]")
    for row in range(37):
        there = [column.values[row] for column in made.frame]
        assert there[1:] == [row + 2.5, row + 1.5, row + 0.5, row + 3.5]
        assert there[0] == days(40)[row + 3]
        assert order[made.frame.lines[row] - 2] == row + 3  # the line where it stood
    assert made.notices == ("the rows were sorted by time",)


def test_other_columns_stay_and_gaps_stay_gaps():
    frame = table(shop=list("ab") * 20)
    cups = frame["cups"].values.copy()
    cups[5] = np.nan
    made = series.lagged(Frame.of({c.name: cups if c.name == "cups" else c.values for c in frame}),
                         "day", "cups", 2)  # fmt: skip
    assert made.frame["shop"].values.tolist() == list("ab") * 19
    assert np.flatnonzero(np.isnan(made.frame["cups[t-1]"].values)).tolist() == [4]
    assert np.flatnonzero(np.isnan(made.frame["cups"].values)).tolist() == [3]


def test_lags_are_numbers_whatever_they_look_like():
    frame = Frame.of({"day": days(62), "cups": np.arange(62) * 1.0})
    made = series.lagged(frame, "day", "cups", 2)
    roles = find_roles(made.frame, target="cups", task="regression", numeric=made.names)
    assert [r.role for r in roles.used] == ["date", "number", "number"]
    train, held_out = split.by_time(made.frame, "day")
    assert len(held_out) == 12
    assert targets(made.frame, roles)[held_out].tolist() == list(range(50, 62))
    assert train.max() < held_out.min()


@pytest.mark.parametrize(
    ("dates", "after"),
    [(days(20), "2024-01-21"), (days(20, "2020-11", "M"), "2022-07-01"),
     (np.arange("2020-01", "2021-09", dtype="M8[M]").astype("M8[D]") + np.timedelta64(14, "D"), "2021-09-15"),
     ((np.arange("2020-02", "2021-10", dtype="M8[M]").astype("M8[D]") - np.timedelta64(1, "D")), "2021-09-30"),
     (np.arange("2019-04", "2024-04", 3, dtype="M8[M]").astype("M8[D]"), "2024-04-01"),
     (days(20, "2024-01-01T00", "h"), "2024-01-01T20:00"),
     (days(20, "2005", "Y"), "2025-01-01")],
)  # fmt: skip
def test_the_row_ahead_is_one_step_later(dates, after):
    frame = Frame.of({"day": np.asarray(dates, "M8[us]"), "x": [1.5] * 20, "cups": np.arange(20.0)})
    made = series.lagged(frame, "day", "cups", 4, ahead=True)
    last = [column.values[-1] for column in made.frame]
    assert last[0] == np.datetime64(after)
    assert last[1:-1] == [1.5, 19, 18, 17, 16]
    assert np.isnan(last[-1])
    assert made.frame.lines[-1] == 21
    assert made.notices == ()


@pytest.mark.parametrize(
    ("dates", "seasons"),
    [(days(800), {"week": 7, "year": 365}), (days(60), {"week": 7}),
     (days(60, "2010-01", "M"), {"year": 12}), (days(20, "2010-01", "M"), {}),
     (np.arange("2000-01", "2010-01", 3, dtype="M8[M]").astype("M8[us]"), {"year": 4}),
     (days(60, "1960", "Y"), {}), (days(400, "2024-01-01T00", "h"), {"day": 24, "week": 168})],
)  # fmt: skip
def test_seasons_come_from_the_step(dates, seasons):
    frame = Frame.of({"day": dates, "cups": np.arange(len(dates)) / 2})
    assert series.lagged(frame, "day", "cups", 1).seasons == seasons


def test_simple_answers():
    """Against plain loops."""
    n = 70
    cups = 10 * np.sin(np.arange(n) * 2 * np.pi / 7) + G.normal(0, 0.1, n)
    cups[30] = np.nan
    frame = Frame.of({"day": days(n), "cups": cups})
    made = series.lagged(frame, "day", "cups", 3)
    answers = made.baselines(np.arange(50))
    known = list(cups)
    known[30] = known[29]
    assert list(answers) == ["last value", "last season (7 rows)"]
    for row, t in enumerate(range(3, n)):
        assert answers["last value"][row] == known[t - 1]
        assert answers["last season (7 rows)"][row] == (known[t - 7] if t >= 7 else known[t - 1])


def test_the_season_is_chosen_on_rows_to_train_alone():
    n = 800
    cups = np.where(np.arange(n) < 300, np.arange(n) % 7, np.arange(n) * 37 % 365) + 0.5
    made = series.lagged(Frame.of({"day": days(n), "cups": cups}), "day", "cups", 1)
    assert "last season (7 rows)" in made.baselines(np.arange(290))
    assert "last season (365 rows)" in made.baselines(np.arange(700, 799))


def test_uneven_steps_are_said():
    made = series.lagged(table().take(np.delete(np.arange(40), [7, 20])), "day", "cups", 1)
    assert made.notices == (
        "2 steps of 37 between dates differ from the usual 1 day: a lag counts rows",
    )


@pytest.mark.parametrize("lags", [0, -1, 31, 2.0, "3", True])
def test_lags_that_cannot_be(lags):
    with pytest.raises(
        ArgumentError, match="lags is out of range\n  expected: 1 to 30, for 40 rows"
    ):
        series.lagged(table(), "day", "cups", lags)


def test_as_many_lags_as_there_are_rows_only_to_look_ahead():
    assert len(series.lagged(table(), "day", "cups", 30).frame) == 10
    assert len(series.lagged(table(), "day", "cups", 40, ahead=True).frame) == 1
    with pytest.raises(ArgumentError):
        series.lagged(table(), "day", "cups", 41, ahead=True)


REFUSED = [
    (
        {"day": ["2024-01-01"] * 2 + ["2024-01-02"] * 18},
        r"row 1, column 1 \('day'\): two rows have the same date",
    ),
    (
        {"day": [*[f"2024-01-{d:02d}" for d in range(1, 20)], ""]},
        "row 20, .*: 1 row without a date",
    ),
    ({"cups": ["a"] * 20}, "the series holds no numbers"),
    ({"cups[t-1]": [1.5] * 20}, "a column has the name of a past value"),
]


@pytest.mark.parametrize(("columns", "says"), REFUSED)
def test_what_is_no_series(columns, says):
    base = {"day": days(20), "cups": np.arange(20) / 2}
    with pytest.raises(DataError, match=says):
        series.lagged(Frame.of({**base, **columns}), "day", "cups", 2)


def test_dates_are_dates():
    made = series.lagged(Frame.of({"day": [f"2024-01-{d:02d}" for d in range(1, 21)],
                                   "cups": np.arange(20) / 2}), "day", "cups", 2)  # fmt: skip
    assert made.frame["day"].values[0].item() == datetime.datetime(2024, 1, 3)
