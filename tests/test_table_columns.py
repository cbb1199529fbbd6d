"""Roles of columns: every rule, with the tables on which a simpler rule would be wrong."""

from __future__ import annotations

import csv
import datetime
import itertools
import json
import os
from pathlib import Path

import numpy as np
import pytest

from chainrule.dialect import spoken
from chainrule.errors import ArgumentError, DataError, FileError
from chainrule.tables import Column, Frame, Role, Roles, find_roles, known_rows, targets
from chainrule.tables.scales import in_order
from chainrule.tables.values import as_dates, as_labels, as_number, plain_label

N = 60
DRAWN = np.random.default_rng(7)
PRICES = DRAWN.permutation(np.arange(100_000, 900_000, 7))[:N].tolist()
WORDS = ["red", "green", "blue"]
Y = [0.5 + i * i for i in range(N)]


def repeat(values, n=N):
    return [values[i % len(values)] for i in range(n)]


def run(start=1, step=1):
    return [start + i * step for i in range(N)]


SENTENCES = [f"the {w} item number {i} was fine" for i, w in enumerate(repeat(WORDS))]
DATES = [f"2024-{1 + i // 28:02d}-{1 + i % 28:02d}" for i in range(N)]
GAPPY = [v for v in range(1000, 1000 + 2 * N) if v % 7][:N]

# name of the column, its cells, its role, a piece of the reason
RULES = [
    ("age", repeat([39, 50, 28]), "number", "whole numbers, 28 to 50"),
    ("cm", repeat([1.5, 2.5, 3.25]), "number", "decimals, 1.5 to 3.25"),
    ("height", [170 + i / 7 for i in range(N)], "number", "decimals"),
    # numbers as text: numbers; those with leading zeros or over 15 digits only name something
    ("age", repeat(["39", "50", "28"]), "number", "whole numbers"),
    ("cm", repeat(["1.5", "-2.5e1", "3"]), "number", "decimals"),
    ("zip", repeat(["01234", "04567", "90210"]), "category", "3 values, leading zeros"),
    ("zip", repeat(["01234", "04567"]), "category", "leading zeros"),
    ("account", repeat(["1234567890123456", "2234567890123456"]), "category", "long"),
    # yes and no
    ("smoker", repeat(["yes", "no"]), "flag", "'yes' and 'no'"),
    ("smoker", repeat(["TRUE", "false", "true", "FALSE"]), "flag", "'TRUE' and 'false'"),
    ("smoker", repeat([0, 1, 1]), "flag", "0 and 1"),
    ("smoker", repeat(["1", "0"]), "flag", "0 and 1"),
    ("smoker", repeat(["Y", "N", ""]), "flag", "'Y' and 'N'"),
    ("children", repeat([0, 1, 0, 1, 2]), "number", "whole numbers, 0 to 2"),  # a count
    ("sign", repeat([-1, 1]), "number", "whole numbers"),
    ("smoker", repeat(["yes", ""]), "category", "'yes' or empty"),
    ("sex", repeat(["male", "female"]), "category", "2 values"),
    ("answer", repeat(["yes", "no", "maybe"]), "category", "3 values"),
    ("answer", repeat(["yes", "y"]), "category", "2 values"),  # no "no" among them
    # words with an order
    ("level", repeat(["medium", "low", "high"]), "ordinal", "3 levels in order"),
    ("band", repeat(["31-45", "18-30", "46+"]), "ordinal", "3 levels"),
    ("result", repeat(["2-1", "0-3", "1-1"]), "category", "3 values"),  # not bands: football
    ("level", repeat(["low", "high"]), "category", "2 values"),
    # nothing in them
    ("same", repeat([5]), "constant", "'5' in every row"),
    ("same", repeat(["a"]), "constant", "'a' in every row"),
    ("none", repeat([np.nan]), "constant", "empty"),
    ("none", [""] * N, "constant", "empty"),
    ("some", repeat([5, np.nan]), "category", "'5' or empty, 50% empty"),
    ("age", repeat([39, 50, 28, 51] * 5 + [np.nan]), "number", "28 to 51"),  # below 5 %
    ("age", repeat([39, np.nan, 28, 51]), "number", "whole numbers, 28 to 51, 25% empty"),
    # identifiers
    ("id", DRAWN.permutation(5 * N)[:N].tolist(), "identifier", "named 'id'"),
    ("PassengerId", PRICES, "identifier", "named 'id'"),
    ("order no.", PRICES, "identifier", "named 'no'"),
    ("Kunden-Nr", PRICES, "identifier", "named 'nr'"),
    ("key", PRICES, "identifier", "named 'key'"),
    ("n", run(), "identifier", "a running number"),
    ("n", run(N, -1), "identifier", "a running number"),
    ("n", DRAWN.permutation(run()).tolist(), "identifier", "a running number"),
    ("n", run(1_000_000, 300), "identifier", "a running number"),
    ("n", [str(v) for v in run()], "identifier", "a running number"),
    ("n", GAPPY, "identifier", "a running number"),
    ("n", DRAWN.permutation(GAPPY).tolist(), "identifier", "a running number"),
    ("name", [f"u{i}" for i in range(N)], "identifier", "text, each different"),
    ("name", [f"u{max(i, 2)}" for i in range(N)], "identifier", "58 of 60 different"),
    ("customer_id", repeat(run()[:55]), "identifier", "55 different"),
    # what a simpler rule takes for one
    ("price", PRICES, "number", "whole numbers"),  # each different, but far apart
    ("price", sorted(PRICES), "number", "whole numbers"),  # the table is sorted by price
    ("id", [v + 0.5 for v in run()], "number", "decimals"),
    ("no_of_rooms", PRICES, "number", "whole numbers"),
    ("key_rate", PRICES, "number", "whole numbers"),
    ("width", PRICES, "number", "whole numbers"),  # "id" is no word of it
    ("kids", PRICES, "number", "whole numbers"),
    ("year", run(1960), "number", "whole numbers, 1960 to 2019"),
    ("season", run(1960), "number", "whole numbers"),  # years, whatever they are called
    ("store_id", repeat([3, 17, 4]), "category", "named 'id': 3 values"),
    ("zip code", repeat([90210, 10001]), "category", "named 'code': 2 values"),
    ("PLZ", repeat([90210, 10001]), "category", "named 'plz'"),
    ("name", repeat(["anna", "ben", "carl"] + [f"u{i}" for i in range(27)]), "category", "30 val"),
    # sentences
    ("review", SENTENCES, "text", "7 words in the middle"),
    ("degree", repeat(["bachelor of arts", "master of arts", "no degree yet"]), "category", "3"),
    ("title", [f"item {i}" for i in range(N)], "identifier", "text, each different"),
    # dates
    ("day", np.array(DATES, "datetime64[D]"), "date", "2024-01-01 to 2024-03-04"),
    ("day", DATES, "date", "2024-01-01 to 2024-03-04"),
    ("month", [d[:7] for d in DATES], "date", "2024-01-01 to 2024-03-01"),
    ("timestamp", run(1_700_000_000, 300), "date", "seconds since 1970, 2023-11-14 to 2023-11-15"),
    ("timestamp", run(1_700_000_000_000, 300_000), "date", "seconds since 1970, 2023-11-14 to"),
    ("watts", repeat([1_700_000_000, 1_800_000_000]), "number", "1700000000 to 1800000000"),
    ("day", [*DATES[:-1], "soon"], "identifier", "text"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "cells", "role", "why"), RULES)
def test_rule(name, cells, role, why):
    found = find_roles(Frame.of({name: cells, "z": repeat([1.5, 2.5]), "y_": Y}))[name]
    assert (found.role, why in found.why) == (role, True), found


def test_an_id_of_a_few_things_with_many_rows_each_is_a_category():
    cells = repeat(list(range(100, 160)), 600)
    frame = Frame.of({"shop_id": cells, "x": repeat([1.5, 2.5], 600), "y": repeat(Y, 600)})
    assert find_roles(frame)["shop_id"].role == "category"


def test_short_tables_have_no_running_numbers():
    frame = Frame.of({"x": [1, 2, 3, 4, 5], "z": [1.5, 2, 2, 4, 4], "y": [2.5, 3.5, 1, 4, 5]})
    assert find_roles(frame)["x"].role == "number"


def test_the_only_column_is_kept():
    roles = find_roles(Frame.of({"x": run(), "y": Y}))
    assert roles["x"].role == "number"
    assert "'x' is a running number, but all there is to learn from" in roles.notices[-1]
    both = find_roles(Frame.of({"x": run(), "z": repeat([1.5, 2.5]), "y": Y}))
    assert both["x"].role == "identifier"


# --- cells ----------------------------------------------------------------------------------------


def role_of(cells, name="a", **asked):
    frame = Frame.of({name: cells, "z": repeat([1.5, 2.5], len(cells)), "t": Y[: len(cells)]})
    return find_roles(frame, **asked)[name]


def test_values_are_as_the_role_reads_them():
    flag = role_of(["no", "yes", "", "NO"])
    assert flag.values(Frame.of({"a": ["Yes", "no", "", "perhaps"]})).tolist()[:2] == [1, 0]
    assert np.isnan(flag.values(Frame.of({"a": ["Yes", "no", "", "perhaps"]}))[2:]).all()
    assert flag.values(Frame.of({"a": [1.0, 0.0]})).tolist() == [1, 0]
    size = role_of(["S", "L", "M", "S"])
    assert size.levels == ("S", "M", "L")
    assert size.values(Frame.of({"a": ["l", "XL", "S"]})).tolist()[::2] == [2, 0]
    code = role_of([90210, 10001, 90210, 10001], name="zip")
    assert code.values(Frame.of({"zip": [10001.0, np.nan]})).tolist() == ["10001", None]
    number = role_of(["3", "1", "4", "1"])
    assert number.values(Frame.of({"a": ["3", "x"]})).tolist()[0] == 3
    day = role_of(DATES[:4])
    assert day.values(Frame.of({"a": [20240131.0]})).tolist() == [datetime.datetime(2024, 1, 31)]
    with pytest.raises(ArgumentError, match="there is no such column"):
        day.values(Frame.of({"b": [1.0]}))


def test_values_are_found_wherever_the_column_stands():
    role = Role("a", 1, "number", "")
    assert role.values(Frame.of({"a": [1.0], "b": [2.0]})).tolist() == [1]
    assert role.values(Frame.of({"b": [2.0], "a": [1.0]})).tolist() == [1]


@pytest.mark.parametrize(
    ("cell", "value"),
    [("12", 12), ("-1.5e3", -1500), (".5", 0.5), ("5.", 5), ("0", 0), ("0.50", 0.5), ("-0", 0),
     ("007", None), ("1_000", None), ("nan", None), ("inf", None), ("1e999", None), ("١٢", None),
     ("0x1", None), ("1,5", None), ("", None), ("123456789012345", 123456789012345),
     ("1234567890123456", None)],
)  # fmt: skip
def test_a_number_is_what_a_number_looks_like(cell, value):
    assert as_number(cell) == value


@pytest.mark.parametrize(
    ("cell", "when"),
    [("2024", "2024-01-01"), ("202403", "2024-03-01"), ("20240331", "2024-03-31"),
     ("2024-03-31 12:30", "2024-03-31T12:30"), ("2024-03-31T12:30:05Z", "2024-03-31T12:30:05"),
     ("1700000000", "2023-11-14T22:13:20"), ("1700000000500", "2023-11-14T22:13:20.500"),
     ("2024033112", "NaT"), ("2024-13-01", "NaT"), ("2024-02-30", "NaT"), ("31.03.2024", "NaT"), ("3", "NaT")],
)  # fmt: skip
def test_dates_as_iso_8601_writes_them(cell, when):
    found = as_dates(Column("a", 0, "text", np.array([cell], object)))
    assert np.array_equal(found, np.array([when], "datetime64[us]"), equal_nan=True)


def test_dates_as_text():
    days = np.array(["2024-03-31", "NaT"], "datetime64[us]")
    assert as_labels(Column("a", 0, "date", days)).tolist() == ["2024-03-31", None]


@pytest.mark.parametrize(
    ("levels", "order"),
    [(["M", "XL", "S"], ["S", "M", "XL"]), (["often", "Never", "always"], ["Never", "often", "always"]),
     (["65 and more", "18-30", "31-45"], None), ([">65", "18-30", "31-65", "<18"], ["<18", "18-30", "31-65", ">65"]),
     (["mid", "medium", "low"], None), (["18-30", "25-40", "41+"], None), (["M", "F", "X"], None)],
)  # fmt: skip
def test_scales(levels, order):
    assert in_order(levels) == order


def test_cells_are_shown_as_written_and_as_read():
    data = np.array([427.8, 3.0, np.nan, 3.0, 12.5])
    price = Column("price", 0, "number", data, {0: "427,8", 1: "3,00", 4: "12,50"})
    frame = Frame([price, Column("y", 1, "number", np.arange(5) / 2)], np.arange(2, 7))
    assert find_roles(frame)["price"].cells == (
        ("427,8", "427.8"), ("3,00", "3"), ("12,50", "12.5"))  # fmt: skip
    assert role_of(repeat(["01234", "04567"]), "zip").cells[0] == ("01234", "category")
    assert role_of(["no", "yes"] * 3).cells == (("no", "0"), ("yes", "1"))
    assert role_of(["S", "L", "M"] * 2).cells[1] == ("L", "2")


# --- asked for ------------------------------------------------------------------------------------


def table(**more):
    return Frame.of({"n": run(), "age": repeat([39, 50, 28]), "day": DATES, "y": Y, **more})


def test_what_is_asked_for_is_done():
    names = [f"{i} {w}" for i, w in enumerate(repeat(WORDS))]
    frame = table(stamp=repeat([20240131, 20240201]), name=names, last=repeat(["a", "b"]))
    roles = find_roles(
        frame, drop=["day"], numeric=0, categorical="age", date=["stamp"], text=[-2], target="y"
    )
    assert {r.name: r.role for r in roles.roles} == {
        "n": "number", "age": "category", "day": "dropped", "y": "target", "stamp": "date",
        "name": "text", "last": "category",
    }  # fmt: skip
    assert [r.name for r in roles.used] == ["n", "age", "stamp", "name", "last"]
    assert roles["day"].why == "as asked"
    assert [r.index for r in roles.roles] == list(range(7))


def test_an_index_may_be_text_but_a_name_comes_first():
    assert find_roles(table(), drop="1")["age"].role == "dropped"
    frame = Frame.of({"1": repeat([1.5, 2.5]), "b": repeat([2.5, 1.5, 4]), "y": Y})
    assert find_roles(frame, drop="1")["1"].role == "dropped"


@pytest.mark.parametrize(
    ("asked", "says"),
    [({"drop": "agee"}, "drop names a column that is not there.*fix: did you mean 'age'"),
     ({"target": "Agee"}, "target names a column.*did you mean 'age'"),
     ({"drop": 4}, "expected: a number below 4"), ({"drop": True}, "received: True"),
     ({"drop": 1, "numeric": "age"}, "column 'age': a column cannot be both.*drop and numeric"),
     ({"drop": "y", "target": "y"}, "target and drop"),
     ({"date": "age"}, "date names a column of which no cell can be read that way"),
     ({"numeric": "day"}, "expected: numbers\n  received: '2024-01-01'"),
     ({"task": "clasification"}, "task has an unknown value.*did you mean 'classification'")],
)  # fmt: skip
def test_what_cannot_be_done_is_said(asked, says):
    with pytest.raises(ArgumentError, match="(?s)" + says):
        find_roles(table(), **asked)


def test_messages_speak_the_language_of_the_command_line():
    with (
        spoken(lambda name, *value: f"--{name} {' '.join(map(str, value))}".rstrip()),
        pytest.raises(ArgumentError, match="--numeric names a column"),
    ):
        find_roles(table(), numeric="nowhere")


def test_a_column_of_numbers_with_a_few_words_is_asked_about():
    cells = [str(i / 2) for i in range(N)]
    cells[40] = "see note"
    with pytest.raises(DataError) as caught:
        find_roles(table(price=cells), target="y")
    assert str(caught.value) == (
        "the table, row 41, column 5 ('price'): the column holds numbers, but for 1 cell\n"
        "  expected: numbers, or a word about the others\n"
        "  received: 'see note'\n"
        '  fix: correct it, or say what it is: numeric="price" (such cells are missing), '
        'categorical="price" or drop="price"'
    )
    role = find_roles(table(price=cells), target="y", numeric="price")["price"]
    assert (role.role, role.why) == ("number", "as asked, 1 cell not")
    assert np.flatnonzero(np.isnan(role.values(table(price=cells)))).tolist() == [40]
    for asked in ("categorical", "drop", "text"):
        find_roles(table(price=cells), target="y", **{asked: "price"})
    half = [c if i % 2 else f"A/{c}" for i, c in enumerate(repeat(cells[:25]))]
    assert find_roles(table(ticket=half), target="y")["ticket"].role == "category"


# --- the target -----------------------------------------------------------------------------------

TARGETS = [
    (repeat(["a", "b"]), "classification", ("a", "b"), "text, 2 classes"),
    (repeat([1, 0]), "classification", ("0", "1"), "2 whole numbers"),
    (repeat([1.0, np.nan, 2.0]), "classification", ("1", "2"), "2 whole numbers"),
    (repeat([3, 8, 5, 10]), "classification", ("3", "5", "8", "10"), "4 whole numbers"),
    (repeat(["3", "10", "5"]), "classification", ("3", "5", "10"), "3 whole numbers"),
    (repeat(["1", "1.0", "2", "2.0"]), "classification", ("1", "2"), "whole numbers"),
    (Y, "regression", None, "decimals"),
    (repeat([0.5, 1]), "regression", None, "decimals"),
    (repeat(run(1)[:20]), "classification", tuple(map(str, run(1)[:20])), "20 whole numbers"),
    (repeat(run(1)[:21]), "regression", None, "21 different whole numbers"),
    (PRICES, "regression", None, "60 different whole numbers"),
    (["1", "2", "3", *repeat(["4"], 57)], "classification", ("1", "2", "3", "4"), "4 whole"),
    (repeat(["<=50K", ">50K."]), "classification", ("<=50K", ">50K."), "text"),
    (repeat(["<=50K", ">50K.", "<=50K.", ">50K"]), "classification", ("<=50K", ">50K"), "text"),
    (repeat(["TRUE", "false", "True", "False"]), "classification", ("TRUE", "false"), "text"),
    (repeat(["a", "A"]), "classification", ("A", "a"), "text"),
    (repeat(["01", "1"]), "classification", ("01", "1"), "text"),
]


@pytest.mark.parametrize(("cells", "task", "names", "why"), TARGETS)
def test_the_target_tells_the_task(cells, task, names, why):
    frame = Frame.of({"x": repeat([1.5, 2.5]), "t": cells})
    roles = find_roles(frame)
    assert (roles.task, roles.target) == (task, "t")
    assert roles.class_names == (None if names is None else tuple(sorted(names)) if
                                 names[0].isalpha() else names)  # fmt: skip
    assert "'t', the last column; " + task in roles.notices[0]
    assert why in roles.notices[0]
    y = targets(frame.take(known_rows(frame, roles)), roles)
    assert y.dtype == (np.float64 if task == "regression" else np.int32)


def test_a_task_can_be_asked_for():
    frame = Frame.of({"x": repeat([1.5, 2.5]), "q": repeat([3, 5, 8])})
    values = find_roles(frame, task="regression")
    assert values.class_names is None
    assert targets(frame, values).tolist()[:3] == [3, 5, 8]
    halves = Frame.of({"x": repeat([1.5, 2.5]), "q": repeat([0.5, 1])})
    assert find_roles(halves, task="classification").class_names == ("0.5", "1")
    assert find_roles(halves, categorical="q", target="q").class_names == ("0.5", "1")


def test_targets_of_a_file_to_evaluate():
    roles = find_roles(Frame.of({"x": repeat([1.5, 2.5]), "t": repeat(["<=50K", ">50K"])}))
    assert targets(Frame.of({"t": [">50K.", "<=50K", " >50K"]}), roles).tolist() == [1, 0, 1]
    dotted = find_roles(Frame.of({"x": repeat([1.5, 2.5]), "t": repeat(["<=50K.", ">50K."])}))
    assert targets(Frame.of({"t": [">50K", "<=50K"]}), dotted).tolist() == [1, 0]
    numbers = find_roles(Frame.of({"x": repeat([1.5, 2.5]), "t": repeat([2, 1])}))
    assert targets(Frame.of({"t": ["1.0", "2"]}), numbers).tolist() == [0, 1]
    words = find_roles(Frame.of({"x": repeat([1.5, 2.5]), "t": repeat(["Yes", "No"])}))
    assert targets(Frame.of({"t": ["yes", "NO"]}), words).tolist() == [1, 0]
    letters = find_roles(Frame.of({"x": repeat([1.5, 2.5]), "t": repeat(["a", "A", "B"])}))
    assert targets(Frame.of({"t": ["a", "A", "b"]}), letters).tolist() == [2, 0, 1]


def test_targets_that_cannot_be_taken():
    roles = find_roles(Frame.of({"x": repeat([1.5, 2.5]), "t": repeat(["cat", "dog"])}))
    with pytest.raises(DataError, match=r"(?s)row 2, column 1 .'t'.: a class that the training has not"
                       ".*'dig' .1 such row.*did you mean 'dog'"):  # fmt: skip
        targets(Frame.of({"t": ["dog", "dig"]}), roles)
    with pytest.raises(DataError, match=r"row 2, .*: 1 row without a target"):
        targets(Frame.of({"t": ["dog", ""]}), roles)
    values = find_roles(Frame.of({"x": repeat([1.5, 2.5]), "t": Y}))
    with pytest.raises(DataError, match=r"(?s)row 2, .*: a target that is no number.*'x'"):
        targets(Frame.of({"t": ["1", "x"]}), values)


def test_rows_without_a_target_are_left_out_and_said():
    cells = ["", *repeat(["a", "b"], N - 2), ""]
    frame = Frame.of({"x": [9.5, *repeat([1.5], N - 2), 2], "z": repeat([1.5, 2, 5]), "t": cells})
    roles = find_roles(frame)
    assert "2 rows without a target left out: rows 1, 60" in roles.notices
    assert roles["x"].role == "constant"  # in the rows that are left
    assert known_rows(frame, roles).sum() == N - 2


def test_classes_that_are_alike_or_rare_are_said():
    cells = [*repeat(["cat", "Cat", "dog", "dog."], N - 1), "cow"]
    roles = find_roles(Frame.of({"x": repeat([1.5, 2.5]), "t": cells}))
    assert roles.class_names == ("Cat", "cat", "cow", "dog")
    assert "'dog.' is taken as 'dog'" in roles.notices
    assert "'cat' and 'Cat' are two classes, as they are written" in roles.notices
    assert roles.notices[-1].startswith("one class has a single row")
    assert "'cow'" in roles.notices[-1]


REFUSED = [
    ({"x": repeat([1.5, 2]), "t": ["a"] * N}, {}, "(?s)the target is the same in every row.*'a' in 60"),
    ({"x": repeat([1.5, 2]), "t": [2.5] * N}, {}, "the target is the same in every row"),
    ({"x": repeat([1.5, 2]), "t": ["a"] * N}, {"task": "classification"}, "the same in every row"),
    ({"x": repeat([1.5, 2]), "t": [""] * N}, {"target": "t"}, "the target is empty in every row"),
    ({"x": repeat([1.5, 2]), "t": DATES}, {"target": "t"}, "60 classes for 60 rows"),
    ({"x": repeat([1.5, 2]), "t": np.array(DATES, "M8[D]")}, {}, "a date cannot be the target"),
    ({"x": repeat([1.5, 2]), "t": [f"u{i}" for i in range(N)]}, {}, "60 classes for 60 rows"),
    ({"x": repeat([1.5, 2]), "t": Y}, {"task": "classification"}, '(?s)60 classes.*task="regression"'),
    ({"x": repeat([1.5, 2]), "id": PRICES}, {}, "the last column is named 'id', each different"),
    ({"x": repeat([1.5, 2]), "t": repeat(["a", "b"])}, {"task": "regression"}, "(?s)no numbers.*'a' .60"),
    ({"x": repeat([1.5, 2]), "t": [*map(str, range(N - 1)), "?"]}, {}, "(?s)row 60, .*no numbers"),
    ({"x": [1.5] * N, "t": repeat(["a", "b"])}, {}, "all rows are the same"),
    ({"t": repeat(["a", "b"])}, {}, "there is no column to learn from beside the target"),
    ({"x": [f"u{i}" for i in range(N)], "t": repeat(["a", "b"])}, {}, '(?s)no column is left.*categorical="x"'),
    ({"x": repeat([1.5, 2]), "t": repeat(["a", "b"])}, {"drop": "x"}, "no column is left"),
    ({"x": [], "t": []}, {}, "the table has no rows of data"),
]  # fmt: skip


@pytest.mark.parametrize(("cells", "asked", "says"), REFUSED)
def test_refused_before_training(cells, asked, says):
    with pytest.raises(DataError, match=says):
        find_roles(Frame.of(cells), **asked)


def test_two_columns_of_one_name():
    column = Column("x", 0, "number", np.arange(3.0))
    with pytest.raises(DataError, match="two columns have the same name"):
        find_roles(Frame([column, column], np.arange(3)))


def test_a_target_in_the_first_column_is_asked_about():
    frame = Frame.of({"Class": repeat(["a", "b"]), "x": repeat([1.5, 2.5, 4])})
    with pytest.raises(ArgumentError, match=r"(?s)'Class', for its name, or 'x', the last one.*"
                       'target="Class"'):  # fmt: skip
        find_roles(frame)
    assert find_roles(frame, target="Class").target == "Class"
    assert find_roles(frame, target="x").target == "x"
    assert find_roles(frame, target=-1).target == "x"


def test_the_last_column_with_cells_is_the_target():
    frame = Frame.of({"x": repeat([1.5, 2.5]), "t": repeat(["a", "b"]), "x3": [""] * N})
    assert find_roles(frame).target == "t"
    dropped = Frame.of({"x": repeat([1.5, 2.5, 4]), "z": repeat([1.5, 2.5]), "t": repeat(["a"])})
    assert find_roles(dropped, drop="t").target == "z"


# --- the table ------------------------------------------------------------------------------------


def test_the_table_of_columns():
    frame = Frame.of({
        "Kunden\nNr": run(), "zip": repeat(["01234", "04567"]), "smoker": repeat(["no", "yes"]),
        "price": repeat([427.8, 3.0]), "kind": repeat(["a", "b"]),
    })  # fmt: skip
    assert find_roles(frame).describe() == (
        "column     role        why                         as written → as read\n"
        "Kunden Nr  identifier  named 'nr', each different  1, 2, 3\n"
        "zip        category    2 values, leading zeros     01234 → category, 04567 → category\n"
        "smoker     flag        'yes' and 'no'              no → 0, yes → 1\n"
        "price      number      decimals, 3 to 427.8        427.8, 3\n"
        "kind       target      the last column             a, b"
    )


@pytest.mark.parametrize("width", [80, 100])
def test_no_line_is_wider_than_asked(width):
    rude = "\x1b[31m" + "w" * 70 + "\u202e漢字" * 30
    frame = Frame.of({rude: repeat([rude, "b" * 70, "c"]), "x": repeat([1 / 3, 2e-9]), "y": Y})
    lines = find_roles(frame).describe(width=width).splitlines()
    assert len(lines) == 4
    wide = [sum(2 if "\u4e00" <= c <= "\u9fff" else 1 for c in line) for line in lines]
    assert max(wide) <= width
    assert "\x1b" not in "".join(lines)
    assert "\u202e" not in "".join(lines)


def test_thousands_of_columns_can_be_read():
    cells = DRAWN.normal(size=(4, 30))
    columns = {f"x{i}": cells[i % 4] for i in range(1_996)}
    columns["x500"] = np.ones(30)
    columns |= {"flag": repeat([0, 1, 1], 30), "zip": repeat(["01", "02", "03"], 30),
                "name": [f"u{i}" for i in range(30)], "kind": repeat(["a", "b"], 30)}  # fmt: skip
    text = find_roles(Frame.of(columns)).describe(rows=20)
    lines = text.splitlines()
    assert len(lines) <= 22
    for name in ("x500", "flag", "zip", "name", "kind", "x0"):  # what was decided on is all there
        assert sum(line.split()[0] == name for line in lines) == 1
    shown = len(lines) - 2
    assert lines[-1] == f"and {2_000 - shown:,} more columns: {2_000 - shown:,} number"


# --- files ----------------------------------------------------------------------------------------


def some_roles():
    frame = Frame.of({"a": repeat(["S", "M", "L"]), "b": repeat([0, 1]), "t": repeat(["x", "y"])})
    return find_roles(frame)


def test_roles_come_back_from_a_file():
    roles = some_roles()
    assert Roles.from_json(json.loads(json.dumps(roles.to_json()))) == roles
    values = find_roles(Frame.of({"x": repeat([1.5, 2.5]), "y": Y}))
    assert Roles.from_json(json.loads(json.dumps(values.to_json()))) == values


@pytest.mark.parametrize(
    ("path", "value"),
    [(("roles", 0, "role"), "king"), (("roles", 0, "index"), -1), (("roles", 0, "index"), True),
     (("roles", 0, "name"), 3), (("roles", 0, "name"), "t"), (("roles", 0, "cells"), [["a"]]),
     (("roles", 0, "cells"), [[1, 2]]), (("roles", 0, "levels"), None), (("roles", 0, "levels"), "SM"),
     (("roles", 0, "levels"), ["S"]), (("roles", 0, "why"), None), (("roles", 0, "more"), 1),
     (("roles", 0), None), (("roles",), None), (("roles",), {}), (("target",), "a"),
     (("target",), None), (("task",), "both"), (("class_names",), None), (("class_names",), ["x"]),
     (("class_names",), ["x", "x"]), (("class_names",), "xy"), (("notices",), [1]), (("extra",), 1)],
)  # fmt: skip
def test_a_damaged_description_is_refused(path, value):
    config = some_roles().to_json()
    inner = config
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value
    with pytest.raises(
        FileError, match=r"model.json: the description of the columns makes no sense"
    ):
        Roles.from_json(config, "model.json")


@pytest.mark.parametrize("config", [None, [], "x", 3, {}])
def test_no_description_at_all(config):
    with pytest.raises(FileError):
        Roles.from_json(config)


# --- real tables ----------------------------------------------------------------------------------

SHARED = Path(os.environ.get("CHAINRULE_DATA", Path(__file__).parents[2] / "shared" / "data"))


def read(path):
    """A plain reading of a plain file: numbers where all cells are, `?` and nothing are missing."""
    with open(path, encoding="utf-8") as file:
        rows = [[c.strip() for c in row] for row in itertools.islice(csv.reader(file), 3000) if row]
    columns = {}
    for name, cells in enumerate(zip(*rows, strict=True)):
        name = f"x{name + 1}"
        cells = ["" if c == "?" else c for c in cells]
        found = [as_number(c) for c in cells]
        columns[name] = cells if None in found else np.array(found)
    return Frame.of(columns, path.name)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "task", "categories"),
    [("adult-train.csv", "classification", [1, 3, 5, 6, 7, 8, 9, 13]),
     ("winequality-red.csv", "classification", []), ("banknote_authentication.csv", "classification", [])],
)  # fmt: skip
def test_real_tables(name, task, categories):
    path = SHARED / "tabular" / name
    if not path.exists():
        pytest.skip("the data are not beside the checkout")
    frame = read(path)
    roles = find_roles(frame)
    assert roles.task == task
    assert [r.index for r in roles.used if r.role == "category"] == categories
    assert all(r.role in ("number", "category") for r in roles.used)
    assert len(roles.used) == len(frame.columns) - 1  # nothing is left out


@pytest.mark.real_data
def test_adults_with_a_full_stop_are_the_same_classes():
    path = SHARED / "tabular" / "adult-train.csv"
    if not path.exists():
        pytest.skip("the data are not beside the checkout")
    roles = find_roles(read(path))
    lines = path.with_name("adult-test.csv").read_text(encoding="utf-8").split("\n")
    test = Frame.of({roles.target: [line.split(", ")[-1] for line in lines if line]})
    assert np.bincount(targets(test, roles)).tolist() == [12435, 3846]  # UCI's own figures


@pytest.mark.parametrize(
    ("name", "task", "flags"),
    [("diabetes", "regression", 0), ("wine", "classification", 0), ("breast_cancer", "classification", 0)],
)  # fmt: skip
def test_tables_of_scikit_learn(name, task, flags):
    datasets = pytest.importorskip("sklearn.datasets")
    more = {"scaled": False} if name == "diabetes" else {}
    data = getattr(datasets, f"load_{name}")(**more)
    columns = {str(n): c for n, c in zip(data.feature_names, data.data.T, strict=True)}
    roles = find_roles(Frame.of({**columns, "target": data.target}))
    assert roles.task == task
    assert [r.role for r in roles.used] == ["number"] * data.data.shape[1]


def test_labels_in_one_form():
    assert plain_label("  a \t b ") == "a b"
