"""The page of a report: what it holds, what it never holds, and that it is one file."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser

import numpy as np
import pytest

import chainrule as cr
from chainrule.evaluation import Verdict, scores, verdict
from chainrule.report.page import Findings, make_page, write_page
from chainrule.report.page import page as page_module
from chainrule.report.page.charts import Chart, bars, number_bins, ticks
from chainrule.report.page.pieces import text
from chainrule.report.page.private import LEFT_OUT, looks_personal
from chainrule.tables import Frame

EVIL = '"><script>alert(1)</script>'
CURVES = {"loss": [1.0, 0.5, 0.3, 0.2], "val_loss": [1.0, 0.6, 0.5, 0.8], "accuracy": [0.5] * 4}


def findings(n=300, names=("no", "yes"), columns=("age", "plan", "since"), **more):
    """A made-up run on a table of numbers, words and dates."""
    random = np.random.default_rng(1)
    frame = Frame.of({
        columns[0]: np.where(random.random(n) < 0.1, np.nan, random.normal(45, 12, n)),
        columns[1]: random.choice(["basic", "plus", "SECRET PLAN"], n),
        columns[2]: np.datetime64("2024-01-01") + random.integers(0, 300, n).astype("m8[D]"),
    })  # fmt: skip
    frame = Frame(frame.columns, np.arange(2, n + 2), "churn.csv", "found")

    def predict(f):
        age = np.nan_to_num(f[columns[0]].values, nan=45.0)
        p = 1 / (1 + np.exp(-(age - 50) / 6 - (f[columns[1]].values == "plus")))
        return np.stack([1 - p, p], 1)

    p = predict(frame)
    y = (random.random(n) < p[:, 1]).astype(int)
    found = scores(y, p, names, train_y=y)
    return Findings(
        "churn.csv", found, verdict(found), y, p, names, "left", frame=frame, predict=predict,
        history=CURVES, kept=3, command="chainrule train churn.csv", python="import chainrule",
        config={"rate": 0.002}, **more,
    )  # fmt: skip


class Reader(HTMLParser):
    """Tags that are open, ids, attributes that could run or fetch something."""

    VOID = ("meta", "br", "img", "link", "input", "hr")

    def __init__(self, page):
        super().__init__()
        self.open, self.ids, self.tags, self.bad, self.text = [], [], set(), [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        for name, value in attrs:
            if name.startswith("on") or name in ("src", "href", "srcset", "action", "data"):
                self.bad.append((tag, name, value))
            if name == "id":
                self.ids.append(value)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("style", "title", "desc"):
            self.text.append(data)


def read(page):
    reader = Reader(page)
    assert reader.open == []
    return reader


def test_the_page_has_every_part_in_order():
    model = cr.Sequential([cr.Input((3,)), cr.layers.Dense(2, "softmax")])
    page = make_page(findings(model=model, measured_on="Measured on 300 rows held out."))
    reader = read(page)
    parts = [name for name in reader.ids if not re.match("[td]-", name)]
    assert parts == [
        "verdict", "figures", "confusion", "data", "learning", "curves", "threshold",
        "calibration", "importance", "dependence", "mistakes", "model", "use",
    ]  # fmt: skip
    text = " ".join(reader.text)
    for expected in ("USEFUL", "Measured on 300 rows held out.", "balanced accuracy",
                     "Overfitting from epoch 4 on", "kept: epoch 3", "one miss costs as much as",
                     "Which columns matter", "chainrule train churn.csv", "SECRET PLAN"):  # fmt: skip
        assert expected in text, expected


def test_nothing_runs_and_nothing_is_fetched():
    page = make_page(findings())
    reader = read(page)
    assert reader.bad == []
    assert not reader.tags & {"script", "link", "img", "iframe", "object", "form", "base"}
    assert 'http-equiv="Content-Security-Policy" content="default-src \'none\'; ' in page
    found = set(re.findall(r"(?:https?:)?//[^\s\"']+", page))
    assert found <= {"http://www.w3.org/2000/svg"}
    assert "@import" not in page
    assert "url(" not in page


def test_every_text_of_others_is_escaped():
    names = [EVIL, "</style><b>"]
    f = findings(names=names, columns=(EVIL, "<img src=x onerror=alert(2)>", "</td>\u202edate"))
    f = Findings(**{
        **f.__dict__, "title": EVIL, "target": EVIL, "command": "</code>" + EVIL,
        "python": "</pre>" + EVIL, "config": {EVIL: EVIL}, "measured_on": EVIL, "notices": [EVIL],
        "history": {**CURVES, EVIL: [1.0, 2.0]},
    })  # fmt: skip
    reader = read(make_page(f))
    assert reader.bad == []
    assert not reader.tags & {"script", "img", "b>"}
    assert "\u202e" not in "".join(t for t in reader.text)
    assert EVIL in "".join(reader.text)


def test_without_rows_no_cell_is_on_the_page():
    """Neither mistakes, nor cells as written, nor single points of values."""
    random = np.random.default_rng(2)
    y = random.normal(size=50)
    frame = Frame.of({"who": [f"PERSON{k}" for k in range(50)], "x": y})
    frame = Frame(frame.columns, frame.lines, "a.csv", "found")

    class Roles:
        roles = [Role("who", "text", cells=(("PERSON7", "PERSON7"),)), Role("x", "number")]
        used = roles
        notices = ()

    found = scores(y, y + 0.1)
    f = Findings("a.csv", found, verdict(found), y, y + 0.1, frame=frame, roles=Roles(),
                 predict=lambda f: f["x"].values)  # fmt: skip
    with_rows, without = make_page(f), make_page(f, rows=False)
    assert "PERSON7" in with_rows
    assert "This page holds rows of the data" in with_rows
    assert "PERSON" not in without
    assert LEFT_OUT in without
    assert "Rows are left out of this page." in without
    assert with_rows.count("<circle") - without.count("<circle") == 100  # two charts of 50 points


class Role:
    def __init__(self, name, role, why="", cells=()):
        self.name, self.role, self.why, self.cells = name, role, why, cells


def test_without_rows_no_value_of_few_people_is_on_the_page():
    """Names and addresses that repeat are categories; so are values that stand in four rows."""
    random = np.random.default_rng(4)
    n = 300
    who = [f"{a} {b}" for a in ("Anna", "Bob", "Chloé") for b in ("Meier", "O'Neil", "Żak")]
    mail = [f"{a}@example.org" for a in ("x", "y", "z")]
    frame = Frame.of({
        "handled by": random.choice(who, n), "reached at": random.choice(mail, n),
        "name": random.choice(["Minka", "Rex"], n),
        "town": np.array(["Elsewhere"] * 4 + ["Chur"] * 5 + ["Bern"] * (n - 9)),
        "income": np.arange(n) * 137.0 + 1000,
    })  # fmt: skip
    kinds = ("category", "category", "category", "category", "number")

    class Roles:
        roles = [Role(c.name, kind, "whole numbers, 1000 to 41963" if kind == "number" else "")
                 for c, kind in zip(frame, kinds, strict=True)]  # fmt: skip
        used = roles
        notices = ()

    def predict(f):
        parts = [(f[k].values == f[k].values[0]) * 0.1 for k in range(4)]
        return sum(parts) + f["income"].values / 1e5

    y = predict(frame) + random.normal(size=n) * 0.05
    found = scores(y, predict(frame))
    f = Findings("a.csv", found, verdict(found), y, predict(frame), frame=frame, roles=Roles(),
                 predict=predict)  # fmt: skip
    with_rows, without = make_page(f), make_page(f, rows=False)
    for cell in ("Anna Meier", "x@example.org", "Minka", "Elsewhere", "1000 to 41,963"):
        assert cell in with_rows, cell
        assert cell not in without, cell
    for word in ("Anna", "Chloé", "Żak", "Neil", "example.org", "Rex", "Elsewhere"):
        assert word not in without, word
    assert "9 different, none of them shown" in without
    assert "Bern 97.0 %, Chur 1.7 %; 3 different, 1 not shown" in without
    # of 300 numbers a twentieth lies beyond each end: the values in places 15 and 284
    assert f"mostly {1000 + 15 * 137:.0f} to {1000 + 284 * 137:,.0f}, median" in without


@pytest.mark.parametrize(
    ("name", "values", "personal"),
    [
        ("city", ["Bern", "Basel", "New York"], False),
        ("state", ["active", "left"], False),
        ("sold by", ["Anna Meier", "Bob Stone", "nobody"], True),
        ("by", ["MEIER, Anna", "Żak, Olga"], True),
        ("to", ["079 123 45 67", "+41 44 123 45 67"], True),
        ("LastName", ["x", "y"], True),
        ("e_mail", ["x", "y"], True),
        ("size", ["10-20", "20-30"], False),
        ("code", ["1234", "5678"], False),
    ],
)
def test_what_looks_like_people(name, values, personal):
    assert looks_personal(name, values) == personal


def test_options_are_not_broken_after_their_dashes():
    f = findings(notices=["say --no-rows <now>"])
    kept = Verdict("NO BETTER", "NO BETTER than it: --model linear trains and keeps that")
    page = make_page(Findings(**{**f.__dict__, "verdict": kept}))
    assert "<code>--model</code> linear trains" in page
    assert "say <code>--no-rows</code> &lt;now&gt;" in page
    assert "li code{white-space:nowrap}" in page


def test_zeros_are_printed_in_the_matrix():
    y = np.array([0] * 5 + [1] * 5 + [2] * 5)
    p = np.eye(3)[y]
    found = scores(y, p, ["a", "b", "c"])
    page = make_page(Findings("t.csv", found, verdict(found), y, p, ["a", "b", "c"]))
    cells = re.findall(r'class="cell \w+"[^>]*>([^<]*)<', page)
    assert cells == ["5", "0", "0", "0", "5", "0", "0", "0", "5"]


def test_many_classes_and_columns_are_shown_in_part():
    random = np.random.default_rng(3)
    names = [f"c{k}" for k in range(40)]
    y = np.arange(400) % 40
    p = random.random((400, 40)) + 3 * np.eye(40)[y]
    p /= p.sum(1, keepdims=True)
    frame = Frame.of({f"x{k}": random.normal(size=400) for k in range(500)})
    found = scores(y, p, names)
    page = make_page(Findings("wide.csv", found, verdict(found), y, p, names, frame=frame))
    text = " ".join(read(page).text)
    assert "500 columns" in text
    assert "In detail: 20 columns" in text
    assert text.count("median") == 20
    assert "The 20 of 40 classes that are found least" in text
    assert len(page) < 400_000


def test_the_page_keeps_its_time(monkeypatch):
    """A model that takes long: importance stops, and the page says so."""
    f, asked = findings(), []

    def slow(frame):
        asked.append(1)
        time.sleep(0.2)
        return f.predict(frame)

    monkeypatch.setattr(page_module, "_LEAST", 1.5)
    page = make_page(Findings(**{**f.__dict__, "predict": slow}))
    assert "few shuffles" in page or "no time" in page
    assert len(asked) < 16  # three columns, five shuffles each, and once as they are


@pytest.mark.parametrize("n", [1, 2, 12])
def test_tiny_tables(n):
    y = np.arange(n) % 2
    p = np.full(n, 0.4)
    found = scores(y, p, ["no", "yes"])
    f = Findings("t.csv", found, verdict(found), y, p, ["no", "yes"], history={"loss": [0.7]})
    read(make_page(f))
    found = scores(y * 1.0, p)
    f = Findings("t.csv", found, verdict(found), y * 1.0, p)
    read(make_page(f))


def test_write_page_writes_what_make_page_gives(tmp_path):
    f = findings(60)
    f = Findings(**{**f.__dict__, "predict": None})
    path = write_page(f, tmp_path / "report.html")
    with open(path, encoding="utf-8") as file:
        assert file.read() == make_page(f)


def test_ticks_are_round_and_inside():
    assert ticks(0, 60) == [0, 20, 40, 60]
    assert ticks(0.123, 0.131) == pytest.approx([0.124, 0.126, 0.128, 0.13])
    assert ticks(5, 5) == [5]
    chart = Chart("c", (1, 1), (2, 2))  # one point: axes all the same
    chart.line([1], [2])
    assert "<circle" in chart.draw().svg()
    counts, ends = number_bins(np.array([1.0, 1.0, np.nan, np.inf]))
    assert (sum(counts), ends) == (2.0, (1.0, 1.0))


@pytest.mark.parametrize(("count", "both"), [(5, False), (6, True)])
def test_a_wide_matrix_has_another_form_for_phones_and_paper(count, both):
    y = np.arange(60) % count
    p = np.full((60, count), 0.1) + np.eye(count)[(y + (np.arange(60) < 3)) % count]
    p /= p.sum(1, keepdims=True)
    names = [f"c{k}" for k in range(count)]
    found = scores(y, p, names)
    page = make_page(Findings("t.csv", found, verdict(found), y, p, names))
    assert ('<div class="small">' in page) == both
    assert ("The most frequent mix-ups:" in page) == both
    assert len(re.findall(r'class="cell \w+"', page)) == count**2


def test_long_names_stand_above_their_bars_and_quotes_end_no_attribute():
    long = "how often do you go there, number 14 of them"
    beside, above = (bars("t", [n, "x"], [1.0, -2.0], ["+1", "−2"]).svg() for n in ("y", long))
    assert long in above
    heights = [float(re.search(r'viewBox="0 0 \S+ (\S+)"', svg)[1]) for svg in (beside, above)]
    assert heights == [64.0, 96.0]  # of 24 and 40 a row
    assert text("\"'") == "&quot;&#x27;"
