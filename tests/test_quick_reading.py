"""What is read quickly is what is read with care: dates as bytes, rows without quotes, codes."""

from __future__ import annotations

import csv
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pa = pytest.importorskip("pyarrow")

import chainrule as cr  # noqa: E402
from chainrule import tables  # noqa: E402
from chainrule.errors import DataError  # noqa: E402
from chainrule.tables import bytes as table_bytes  # noqa: E402
from chainrule.tables import csvs, dates, dialects, found, judge  # noqa: E402
from chainrule.tables.fixed import fixed_dates  # noqa: E402
from chainrule.tables.formats import ColumnFormat, Format  # noqa: E402
from chainrule.tables.judge import Wanted  # noqa: E402
from chainrule.tables.numbers import written  # noqa: E402

FORMS = ["%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%y", "%y-%m-%d", "%Y-%m", "%m/%Y",
         "%Y%m%d", "%d-%b-%Y", "%b %d, %Y", "%d/%m/%Y %H:%M:%S", "%Y-%m-%dT%H:%M", "%d.%m.%Y %I:%M %p",
         ]  # fmt: skip
ODD = [None, "", " ", "NA", "31.02.2024", "2023-02-29", "1900-02-29", "2000-02-29", "٢٠٢٤-٠١-٠١"]


def digits(low, high, width=2):
    return st.integers(low, high).map(lambda value: f"{value:0{width}d}")


@st.composite
def dated(draw, form):
    """A cell in that format, or nearly: days that are none, times, zones, a character changed."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from(ODD))
    width = draw(st.sampled_from([2, 2, 2, 1]))
    parts = {
        "%Y": st.one_of(digits(1890, 2110, 4), digits(0, 9999, 4)), "%y": digits(0, 99),
        "%m": digits(0, 13, width), "%d": digits(0, 32, width), "%H": digits(0, 25),
        "%M": digits(0, 61), "%S": digits(0, 61), "%b": st.sampled_from(["Feb", "sept.", "x"]),
        "%I": digits(0, 13), "%p": st.sampled_from(["am", "PM"]),
    }  # fmt: skip
    cell = re.sub("%.", lambda part: draw(parts[part[0]]), form)
    time = draw(st.integers(-2, 4))
    if time >= 0:
        cell += draw(st.sampled_from("T t")) + draw(digits(0, 25)) + ":" + draw(digits(0, 61))
    if time >= 1:
        cell += ":" + draw(digits(0, 61))
    if time >= 2:
        cell += "." + draw(st.text("0123456789", min_size=1, max_size=9))
    if time >= 3:
        zones = ["Z", " UTC", "+01:00", "-0530", "-00:30", "+99:99", " pm"]
        cell += draw(st.sampled_from(zones))
    if cell and draw(st.integers(0, 9)) == 0:
        at = draw(st.integers(0, len(cell) - 1))
        cell = cell[:at] + draw(st.sampled_from("x/9 é٣-")) + cell[at + 1 :]
    return cell


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_dates_as_bytes_are_those_of_the_pattern(data):
    form = data.draw(st.sampled_from(FORMS))
    cells = pa.array(data.draw(st.lists(dated(form), max_size=10)), pa.string())
    cells = cells[data.draw(st.integers(0, 2)) :]
    values, read = fixed_dates(cells, form)
    careful, bad = dates.by_pattern(cells, form)
    assert (values[read] == careful[read]).all()
    assert not bad[read].any()
    assert np.isnat(values[~read]).all()
    both, odd = dates.convert(cells, form)
    assert both.tobytes() == careful.tobytes()
    assert (odd == bad).all()


def test_every_day_of_the_calendar():
    """NumPy's calendar is the judge: days from 1 to 9999, and none that it does not hold."""
    days = np.arange("0001-01-01", "10000-01-01", dtype="M8[D]")[::31]
    values, read = fixed_dates(pa.array(np.datetime_as_string(days).astype(object)), "%Y-%m-%d")
    assert read.all()
    assert (values == days).all()
    every = [f"{y}-{m:02}-{d:02}" for y in (1900, 2000, 2023, 2024) for m in range(1, 13)
             for d in range(1, 32)]  # fmt: skip
    known = {str(day) for day in np.arange("1900-01-01", "2025-01-01", dtype="M8[D]")}
    assert fixed_dates(pa.array(every), "%Y-%m-%d")[1].tolist() == [d in known for d in every]


@pytest.mark.parametrize(
    ("form", "cell", "expected"),
    [
        ("%Y-%m-%d", "2024-02-29T23:59:59.123456Z", "2024-02-29T23:59:59.123456"),
        ("%Y-%m-%d", "2024-02-29 01:00:00.250", "2024-02-29T01:00:00.250000"),
        ("%Y-%m-%d", "2024-01-01 00:30:00+01:00", "2023-12-31T23:30:00"),
        ("%Y-%m-%d", "2023-12-31 23:30:00-01:15", "2024-01-01T00:45:00"),
        ("%d/%m/%y", "01/02/68", "2068-02-01"),
        ("%d/%m/%y", "01/02/69", "1969-02-01"),
        ("%m/%Y", "12/0001", "0001-12-01"),
    ],
)
def test_values_that_are_known(form, cell, expected):
    values, read = fixed_dates(pa.array([cell]), form)
    assert read.all()
    assert values[0] == np.datetime64(expected)


def test_most_dates_need_no_pattern(tmp_path, monkeypatch):
    """Without this the quick way could be lost, and nobody would see it."""
    rows = [f"{i},{d:02}.{m:02}.2024 {h:02}:00" for i, (d, m, h) in
            enumerate((d, m, h) for m in range(1, 13) for d in range(1, 29) for h in range(24))]  # fmt: skip
    path = tmp_path / "t.csv"
    path.write_text("number,day\n" + "\n".join(rows), encoding="utf-8")
    asked = []
    careful = dates.by_pattern
    monkeypatch.setattr(dates, "by_pattern", lambda c, f: asked.append(len(c)) or careful(c, f))
    frame = tables.read(path)
    assert not asked
    assert frame["day"].kind == "date"
    assert frame["day"].values[25] == np.datetime64("2024-01-02T01:00")


def test_a_day_that_stands_for_missing(tmp_path):
    path = tmp_path / "t.csv"
    days = [f"2024-01-{d:02}" for d in range(1, 29)] + ["1900-01-01", " 1900-01-01 ", ""]
    path.write_text("n,day\n" + "".join(f"{i},{d}\n" for i, d in enumerate(days)), encoding="utf-8")
    assert tables.read(path, missing="1900-01-01")["day"].missing.sum() == 3
    assert tables.read(path)["day"].missing.sum() == 1


# ---- rows and cells

CELLS = st.text("ab01,;\t -.\r\xa0\u2003\x1cé", max_size=5)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=6), st.sampled_from(",;\t|"),
       st.sampled_from(["\n", "\r\n"]))  # fmt: skip
def test_rows_are_cut_as_the_module_csv_cuts_them(rows, delimiter, end):
    text = "".join(delimiter.join(row) + end for row in rows)
    lines = found.split_lines(text)

    def attempt(given):
        try:
            return list(dialects.rows_of(given, delimiter))
        except Exception as error:
            return str(error)

    careful = attempt(iter(lines))  # no list: no quick way
    assert attempt(lines) == careful
    if isinstance(careful, list):
        for width in (1, 2, 3):
            even = [cells for _, cells in careful if len(cells) == width]
            columns = dialects.columns_of_rows(lines, delimiter, width)
            assert columns == [[row[i] for row in even] for i in range(width)]


CODES = ["", "0", "00", "007", " 01", "-05", "+0", "- 05", "2024-01-05", "0.5", "x 01", "01 ",
         " -010 ", "05.03", "a", "7", "  09", "10", "00:12", "01 2", "0" * 20]  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.sampled_from(CODES), min_size=2, max_size=3), min_size=1, max_size=4),
       st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n"]))  # fmt: skip
def test_cells_with_a_leading_zero_are_found_in_the_bytes(rows, delimiter, end):
    block = "".join(delimiter.join(row) + end for row in rows).encode()
    expected = {
        (i, j)
        for i, row in enumerate(rows)
        for j, cell in enumerate(row)
        if re.fullmatch("[+-]?0[0-9]+", cell.strip())
    }
    places = table_bytes.code_places(block, ord(delimiter))
    columns = table_bytes.columns_of(block, places, ord(delimiter)).tolist()
    line = [block[: p + (block[p] == 10)].count(b"\n") for p in places.tolist()]
    assert set(zip(line, columns, strict=True)) == expected


def test_shapes_keep_what_numbers_are_told_by():
    assert judge.shapes(["12.5", "-3", "1e5"]) == {"00.0", "-0", "0e0"}
    assert judge.shapes(["1\0002", "3"]) == {"0\0000", "0"}  # a cell holds the mark between cells


@pytest.mark.parametrize("cell", ["007", "-05", " 01", "0012 "])
def test_a_code_far_down_makes_the_column_text(tmp_path, cell):
    """A sample does not see it; beside it stand days, times and codes in columns of text."""
    path = tmp_path / "t.csv"
    rows = [
        f"{i + 10},2024-01-0{i % 9 + 1} 00:0{i % 10},0{i % 90:02},{i % 7}.05" for i in range(60_000)
    ]
    rows[40_000] = f"{cell},2024-01-01 00:00,001,0.05"
    path.write_text("n,time,zip,x\n" + "\n".join(rows) + "\n", encoding="utf-8")
    table = csvs.CsvTable(str(path), Wanted())
    read = []
    table.lines, lines = lambda watch=None: read.append(1) or lines(watch), table.lines
    frame = table.read()
    assert [c.kind for c in frame] == ["text", "date", "text", "number"]
    assert frame["n"].values[40_000] == cell.strip()
    assert len(read) == 2  # begun once more for the code, and for nothing else


def test_times_and_days_are_no_codes(tmp_path):
    """A file of them is read once, its whole numbers by Arrow."""
    path = tmp_path / "t.csv"
    rows = [f"{i},0{i % 9 + 1}.01.2024 00:0{i % 10}" for i in range(60_000)]
    path.write_text("n,time\n" + "\n".join(rows) + "\n", encoding="utf-8")
    table = csvs.CsvTable(str(path), Wanted())
    frame = table.read()
    assert not table.as_strings
    assert table.codes_seen == 0
    assert frame["n"].kind == "number"
    assert frame["time"].kind == "date"


def test_few_different_texts_are_read_as_such(tmp_path):
    """By their different cells or each for itself: the answer is the same."""
    path = tmp_path / "t.csv"
    cells = [" a", "a", "", "NA", "b "] * 400
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["x", "k"], *([i / 3, c] for i, c in enumerate(cells))])
    table = csvs.CsvTable(str(path), Wanted())
    assert table.repeats(1)
    assert not table.repeats(0)
    few = table.read()["k"].values.tolist()
    table.repeats = lambda index: False
    assert few == table.read()["k"].values.tolist() == ["a", "a", None, "NA", "b"] * 400


# ---- many columns


def test_many_columns_are_scaled_as_each_is_by_itself():
    """A gap in training, a gap now, a heavy tail, a constant, words: to the last bit."""
    random = np.random.default_rng(0)
    table = {f"x{i}": random.normal(size=50) * 10.0 ** (i % 7 - 3) for i in range(60)}
    table |= {"tail": np.exp(3 * random.normal(size=50)), "one": np.ones(50)}
    table["x3"] = np.where(np.arange(50) == 7, np.nan, table["x3"])
    table["word"] = np.array(["a", "b"] * 25)
    features = [{"name": n, "role": "category" if n == "word" else "number"} for n in table]
    layer = cr.layers.TableEncoder(features)
    layer.adapt(table)
    now = tables.Frame.of({**table, "x5": np.where(np.arange(50) < 3, np.nan, table["x5"])})
    together = layer.prepare(now)
    alone: dict = {}
    for encoder, column in zip(layer._known(), now, strict=True):
        for key, block in encoder.encode(column).items():
            alone.setdefault(key, []).append(np.asarray(block, together[key].dtype))
    assert {*alone} == {*together}
    for key, blocks in alone.items():
        assert np.concatenate(blocks, 1).tobytes() == together[key].tobytes()
    endless = tables.Frame.of({**table, "x40": np.where(np.arange(50) == 4, np.inf, 1.0)})
    with pytest.raises(DataError, match="row 5, column 'x40'"):
        layer.prepare(endless)


def test_no_layers_are_looked_for_in_what_a_table_is_about():
    """Thousands of roles stand there, and models ask for their parts at every turn."""
    layer = cr.layers.TableEncoder([{"name": "x", "role": "number"}])
    layer.__dict__["about"] = {"roles": [cr.layers.Dense(2)]}
    layer.mine = [cr.layers.Dense(3)]
    assert layer.contents() == layer.mine


@pytest.mark.parametrize("log", [True, False, "auto"])
def test_which_numbers_get_a_logarithm(log):
    random = np.random.default_rng(0)
    table = {"tail": np.exp(3 * random.normal(size=200)), "even": random.normal(size=200),
             "none": np.zeros(200)}  # fmt: skip
    layer = cr.layers.TableEncoder([{"name": n, "role": "number"} for n in table], log=log)
    layer.adapt(table)
    scales = [encoder.state["log"] for encoder in layer._known()]
    expected = [np.median(np.abs(x)) for x in table.values()][:2]
    assert scales[2] is None
    assert scales[0] == (pytest.approx(expected[0]) if log else None)
    assert scales[1] == (pytest.approx(expected[1]) if log is True else None)


def test_a_format_says_of_its_columns_what_is_not_as_usual():
    plain, odd = ColumnFormat("a", "number"), ColumnFormat("b", "number", ",", ".", "€")
    form = Format("CSV", (plain, odd), ",")
    columns = form.to_json()["columns"]
    assert columns[0] == {"name": "a", "kind": "number"}
    assert columns[1]["currency"] == "€"
    assert Format.from_json(form.to_json()) == form


def test_long_rows_come_in_few_blocks(tmp_path):
    path = tmp_path / "wide.csv"
    names = ",".join(f"x{i}" for i in range(1500))
    row = ",".join(str(i + 10) for i in range(1499)) + ",word\n"
    path.write_text(names + "\n" + row * 300, encoding="utf-8")
    table = csvs.CsvTable(str(path), Wanted())
    frame = table.read()
    assert frame["x0"].data.num_chunks == 1
    assert (frame["x1498"].values == 1508).all()
    assert set(frame["x1499"].values) == {"word"}


def test_plain_numbers_are_numbers():
    """What is told without trying every convention is what they tell."""
    for cell in ("1", "-1.5", "+.5", "5.", "1e5", "1.e-3", "007", "12345678901234567890"):
        assert judge.PLAIN.fullmatch(cell)
        assert written(cell) is not None
        assert not judge.is_mark(cell)
