"""Files as people have them: each gives the right frame, or one clear error that says what to do."""

from __future__ import annotations

import csv
import datetime
import gzip
import io
import json
import math
import random
import re
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import workbook
from chainrule import errors, tables

pa = pytest.importorskip("pyarrow", reason="tables are read by pyarrow")
nan = math.nan


def made(tmp_path, content, name="t.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def plain(frame):
    """Columns as lists; dates as text, missing numbers as None."""
    out = {}
    for column in frame:
        if column.kind == "number":
            out[column.name] = [None if v != v else v for v in column.values.tolist()]
        elif column.kind == "date":
            days = np.datetime_as_string(column.values, "s").tolist()
            out[column.name] = [None if d == "NaT" else d.removesuffix("T00:00:00") for d in days]
        else:
            out[column.name] = column.values.tolist()
    return out


GOOD = {
    # why it is awkward: the file, options, what it says, what must be said of it
    "semicolons and decimal commas": (
        "preis;menge\n1,5;2\n12,25;3\n", {}, {"preis": [1.5, 12.25], "menge": [2, 3]},
        "semicolons, decimal comma, UTF-8, header in line 1",
    ),
    "German thousands": (
        "a;b\n1.234,50;1\n12,00;2\n1.234.567,25;3\n", {}, {"a": [1234.5, 12, 1234567.25], "b": [1, 2, 3]},
        "points between thousands",
    ),
    "English thousands, quoted": (
        'a,b\n"1,234.50",x\n12.00,y\n', {}, {"a": [1234.5, 12], "b": ["x", "y"]},
        "commas between thousands",
    ),
    "French and Swiss thousands": (
        "a;b\n1 234,5;1'000.5\n10 000,25;12'345.25\n", {}, {"a": [1234.5, 10000.25], "b": [1000.5, 12345.25]},
        "spaces and apostrophes between thousands" ,
    ),
    "Indian thousands": (
        'a,b\n"12,34,567",1\n"1,00,000",2\n', {}, {"a": [1234567, 100000], "b": [1, 2]}, "commas between",
    ),
    "UTF-8 with BOM": ("\ufeffname,n\nÄ,1\n", {}, {"name": ["Ä"], "n": [1]}, "UTF-8 with BOM"),
    "UTF-16": ("name\tn\nÄ\t1\nß\t2\n".encode("utf-16"), {}, {"name": ["Ä", "ß"], "n": [1, 2]}, "tabs, UTF-16"),
    "UTF-16 without BOM": ("name,n\nÄ,1\nb,2\n".encode("utf-16-be"), {}, {"name": ["Ä", "b"], "n": [1, 2]}, "UTF-16"),
    "Latin-1": ("name;n\nMüller;1\nGröße;2\n".encode("latin-1"), {}, {"name": ["Müller", "Größe"], "n": [1, 2]}, "Latin-1"),
    "cp1252 with euro signs": ("p\n5 €\n6 €\n".encode("cp1252"), {}, {"p": [5, 6]}, "'p' in €"),
    "Cyrillic, named": ("a,n\nдом,1\nлес,2\n".encode("cp1251"), {"encoding": "cp1251"}, {"a": ["дом", "лес"], "n": [1, 2]}, "cp1251"),
    "a number in thousands never begins with 0": (
        "a,b,c\n-0.802,1.250,x\n0.248,2.500,y\n1.250,1.125,z\n", {},
        {"a": [-0.802, 0.248, 1.25], "b": [1.25, 2.5, 1.125], "c": ["x", "y", "z"]}, "",
    ),
    "nor with decimal commas": ("a;c\n0,802;x\n1,250;y\n", {}, {"a": [0.802, 1.25], "c": ["x", "y"]}, "decimal comma"),
    "currency": (
        'p,n\n"$1,234.50",1\n-$5.00,2\n($7.25),3\n,4\n', {},
        {"p": [1234.5, -5, -7.25, None], "n": [1, 2, 3, 4]}, "'p' in $",
    ),
    "percent": ("share,n\n12%,1\n3.5 %,2\nNA,3\n", {}, {"share": [12, 3.5, None], "n": [1, 2, 3]}, "'share' in %"),
    "a unit behind every number": ("w,n\n12 kg,1\n3.5 kg,2\n", {}, {"w": [12, 3.5], "n": [1, 2]}, "'w' in kg"),
    "ids with leading zeros": ("zip,n\n01234,1\n12345,2\n", {}, {"zip": ["01234", "12345"], "n": [1, 2]}, ""),
    "ids of 16 digits": ("id,n\n1234567890123456,1\n1234567890123457,2\n", {},
                         {"id": ["1234567890123456", "1234567890123457"], "n": [1, 2]}, ""),
    "dates of several kinds": (
        "a,b,c,d\n2024-03-04,04.03.2024,25/12/2024,\"Mar 4, 2024\"\n2024-03-05 10:30:00,5.3.2024,01/02/2024,\"Apr 1, 2023\"\n",
        {},
        {"a": ["2024-03-04", "2024-03-05T10:30:00"], "b": ["2024-03-04", "2024-03-05"],
         "c": ["2024-12-25", "2024-02-01"], "d": ["2024-03-04", "2023-04-01"]},
        "'c' is written day/month/year",
    ),
    "another column tells which dates": (
        "a,b\n03/04/2024,25/12/2024\n05/06/2024,26/12/2024\n", {},
        {"a": ["2024-04-03", "2024-06-05"], "b": ["2024-12-25", "2024-12-26"]}, "'a' is written day/month/year",
    ),
    "dates with zones": ("d,n\n2024-03-04T10:00:00Z,1\n2024-03-04T12:00:00+02:00,2\n", {},
                         {"d": ["2024-03-04T10:00:00"] * 2, "n": [1, 2]}, ""),
    "constant and empty columns": ("a,b,c\n1,,7\n2,,7\n", {}, {"a": [1, 2], "b": [None, None], "c": [7, 7]}, ""),
    "40 % missing": (
        "a,b\n1,x\n,\nNA,y\nnull,NA\n5,None\n", {},
        {"a": [1, None, None, None, 5], "b": ["x", None, "y", "NA", "None"]}, "",
    ),
    "missing marks that were named": (
        "a,b\n1,x\n-999,.\n3,y\n", {"missing": ["-999", "."]}, {"a": [1, None, 3], "b": ["x", None, "y"]}, "",
    ),
    "TRUE, FALSE and true": ("a,b\nTRUE,1\nFALSE,2\ntrue,3\n", {}, {"a": ["TRUE", "FALSE", "true"], "b": [1, 2, 3]}, ""),
    "target first, no header": ("yes,1.5\nno,2.5\nyes,3.5\n", {}, {"x1": ["yes", "no", "yes"], "x2": [1.5, 2.5, 3.5]}, "no header"),
    "quoted commas and line breaks": (
        'a,b,c\n1,"x, y","two\nlines"\n\n2,"say ""hi""",z\n', {},
        {"a": [1, 2], "b": ["x, y", 'say "hi"'], "c": ["two\nlines", "z"]}, "",
    ),
    "blanks around cells and quotes": (
        'a, b ,c\n 1 , "x, y", u\n 2 ,v , w \n', {}, {"a": [1, 2], "b": ["x, y", "v"], "c": ["u", "w"]}, "",
    ),
    "title lines above the header": (
        "Sales 2024\nby region\n\nregion,sold\nN,1\nS,2\n", {}, {"region": ["N", "S"], "sold": [1, 2]},
        "header in line 4, 2 lines above it left out",
    ),
    "a title in a sheet saved as CSV": (
        "Sales,,\n,,\nregion,sold,n\nN,1,3\nS,2,4\n", {}, {"region": ["N", "S"], "sold": [1, 2], "n": [3, 4]}, "header in line 3",
    ),
    "comments": (
        "# made in May\n# by hand\na,b\n1,2\n# a break\n3,4\n", {}, {"a": [1, 3], "b": [2, 4]}, "lines with # left out",
    ),
    "a header behind a comment mark": ("# a,b\n1,2\n3,4\n", {}, {"a": [1, 3], "b": [2, 4]}, ""),
    "Excel's hint": ("sep=;\na;b\n1;2\n", {}, {"a": [1], "b": [2]}, "semicolons"),
    "a row of units": ("m,v\nkg,m/s\n1.5,2\n2.5,3\n", {}, {"m": [1.5, 2.5], "v": [2, 3]}, "units in line 2; 'm' in kg; 'v' in m/s"),
    "a row of totals and a note": (
        "name,n\nA,1\nB,2\nTotal,3\n\nSource: the office\n", {}, {"name": ["A", "B"], "n": [1, 2]}, "2 lines at the end left out",
    ),
    "old Macintosh": ("a,b\r1,2\r3,4\r", {}, {"a": [1, 3], "b": [2, 4]}, ""),
    "every row ends with a delimiter": ("a,b,\n1,2,\n3,4,\n", {}, {"a": [1, 3], "b": [2, 4], "x3": [None, None]}, "column 3 has no name"),
    "an index without a name": (",a\n0,5\n1,6\n", {}, {"x1": [0, 1], "a": [5, 6]}, "column 1 has no name"),
    "names that are HTML": ("<b>a</b>,<script>\n1,2\n", {}, {"<b>a</b>": [1], "<script>": [2]}, ""),
    "a minus sign and scientific numbers": ("a,b\n−5,1e-3\n3,2.5E+2\n", {}, {"a": [-5, 3], "b": [0.001, 250]}, ""),
    "three decimals beside longer numbers": ("a,b\n1.234,x\n5.678,y\n1234,z\n", {}, {"a": [1.234, 5.678, 1234], "b": ["x", "y", "z"]}, ""),
    "another column tells the decimal mark": (
        "a;b\n1,234;0,5\n5,678;2,75\n", {}, {"a": [1.234, 5.678], "b": [0.5, 2.75]}, "decimal comma",
    ),
    "decimal comma, said": ("a;b\n1,234;x\n5,678;y\n", {"decimal": ","}, {"a": [1.234, 5.678], "b": ["x", "y"]}, ""),
    "thousands, said": ("a;b\n1,234;x\n5,678;y\n", {"thousands": ","}, {"a": [1234, 5678], "b": ["x", "y"]}, ""),
    "month first, said": ("d,n\n03/04/2024,1\n", {"date_format": "%m/%d/%Y"}, {"d": ["2024-03-04"], "n": [1]}, ""),
    "only text": ("text,label\ngood film,pos\nbad film,neg\nfine,pos\npoor,neg\n", {},
                  {"text": ["good film", "bad film", "fine", "poor"], "label": ["pos", "neg", "pos", "neg"]}, ""),
    "mixed types, half and half": ("size,n\n38,1\nM,2\n40,3\nL,4\n", {}, {"size": ["38", "M", "40", "L"], "n": [1, 2, 3, 4]}, ""),
    "one column": ("a\n1\n2\n\n3\n", {}, {"a": [1, 2, 3]}, ""),
    "one row": ("a,b\n1,x\n", {}, {"a": [1], "b": ["x"]}, ""),
    "no line break at the end": ("a,b\n1,x\n2,y", {}, {"a": [1, 2], "b": ["x", "y"]}, ""),
    "packed": (gzip.compress(b"a,b\n1,x\n2,y\n"), {}, {"a": [1, 2], "b": ["x", "y"]}, "packed with gzip"),
}  # fmt: skip


@pytest.mark.parametrize("case", GOOD)
def test_an_awkward_file_is_read_right(tmp_path, case):
    content, options, expected, said = GOOD[case]
    path = made(tmp_path, content)
    frame = tables.read(path, **options)
    assert plain(frame) == expected
    assert said in frame.format.said
    assert "\n" not in frame.format.said
    blocks = list(tables.blocks(path, **options))
    assert [line for b in blocks for line in b.lines] == frame.lines.tolist()
    assert sum(map(len, blocks)) == len(frame)
    # read again as a file for prediction: the same cells
    again = tables.read(path, **options, columns=frame.format.to_json())
    assert plain(again) == expected


BAD = {
    # file, options, the error, parts of its message
    "two decimal marks": (
        "a;n\n1,234;x\n5,678;y\n", {}, errors.DataError,
        ["column 1 ('a'): the numbers can be read in two ways", "1.234 and 5.678 (decimal comma)",
         "1234 and 5678 (commas between thousands)", 'fix: say decimal="," or thousands=","'],
    ),
    "points that could be either": (
        "a,n\n1.234,x\n5.678,y\n", {}, errors.DataError, ["1234 and 5678 (points between thousands)", 'decimal="."'],
    ),
    "two kinds of dates": (
        "d,n\n03/04/2024,1\n05/06/2024,2\n", {}, errors.DataError,
        ["the dates can be read in several ways", "2024-04-03 (day/month/year) or 2024-03-04 (month/day/year)",
         'date_format="%d/%m/%Y" or date_format="%m/%d/%Y"'],
    ),
    "three kinds of dates": ("d,n\n03-04-05,1\n", {}, errors.DataError, ["2005-04-03", "2005-03-04", "2003-04-05"]),
    "a day that is not there": (
        "d,n\n28.02.2024,1\n29.02.2024,2\n30.02.2024,3\n", {}, errors.DataError, ["line 4, column 1 ('d'): the cell is no date", "'30.02.2024'"],
    ),
    "a typing error": (
        "a,b\n1,2\n3.x,4\n5,6\n", {}, errors.DataError, ["line 3, column 1 ('a'): the cell is no number", "such as '1'", "'3.x'", 'missing="3.x"'],
    ),
    "decimal marks mixed": ("a;n\n1,5;1\n2.5;2\n3,25;3\n", {}, errors.DataError, ["line 3, column 1 ('a')", "not written alike", "'2.5'"]),
    "two currencies": ("p,n\n$5,1\n€6,2\n$7,3\n", {}, errors.DataError, ["more than one currency", "line 3", "'€6'"]),
    "percent in some rows": ("p,n\n5%,1\n0.06,2\n7%,3\n", {}, errors.DataError, ["more than one unit", "line 3"]),
    "too short a row": ("a,b\n1,2\n3\n5,6\n", {}, errors.DataError, ["line 3: the row has a different length", "2 cells", "1 cell: '3'"]),
    "too long a row": ("a,b\n1,2\n3,4,5\n5,6\n", {}, errors.DataError, ["line 3", "3 cells: '3,4,5'"]),
    "a comment further down": ("a,b\n1,2\n# why\n5,6\n", {}, errors.DataError, ["line 3", 'comment="#"']),
    "a shorter header": ("a,b\n1,2,3\n4,5,6\n", {}, errors.DataError, ["line 1: the header has another number", "3 names", "2: a, b"]),
    "duplicated header": ("a,b,a\n1,2,3\n", {}, errors.DataError, ["line 1, column 3: two columns have the same name", "'a', as in column 1"]),
    "a quote that is never closed": ('a,b\n1,"x\n2,y\n3,z\n', {}, errors.DataError, ["line 2: a quote is opened and never closed", "'\"x'"]),
    "a quote that makes one cell of half the file": (
        "c,n\n" + "C1,1\n" * 9 + '"C2,1\n' + "C1,1\n" * 9, {}, errors.DataError, ["line 11: a quote is opened and never closed", "'\"C2,1'", "close the quote"],
    ),
    "a stray quote in the last line": (
        "c,n\n" + "C1 a,1\n" * 9 + '"C2 b,1\n', {}, errors.DataError, ["line 11: a quote is opened"],
    ),
    "two stray quotes, rows between them": (
        'a,b\n1,x\n2,"y\n3,z\n4,"w\n5,v\n', {}, errors.DataError, ["line 3: the row runs up to line 5: a quote in it is not closed", "'\"y'"],
    ),
    "a stray quote in the header": ('a,"b\n1,2\n3,4\n', {}, errors.DataError, ["line 1: a quote is opened"]),
    "more remarks than rows": ("a,b\n1,2\n3,4\n5,6\nsee there\nand here\nand so\nand on\n", {}, errors.DataError, ["a different length", "line 5"]),
    "empty": ("", {}, errors.DataError, ["the file is empty"]),
    "only a header": ("a,b\n", {"header": True}, errors.DataError, ["no rows"]),
    "nothing tells the header": ("a,b\nc,d\n", {}, errors.DataError, ["nothing tells whether the first row is a header", "header=True or header=False"]),
    "years as names": ("k,2019,2020\nx,1,2\ny,3,4\n", {}, errors.DataError, ["nothing tells whether the first row is a header"]),
    "one column of decimal commas": ("price\n1,5\n2,7\n", {}, errors.DataError, ["decimal mark or stand between two columns", 'delimiter=";"']),
    "a NUL byte": (b"a,b\n1,2\n3,\0\n", {}, errors.DataError, ["line 3", "NUL"]),
    "an unknown encoding": ("a,n\nдом,1\nлес,2\n".encode("cp1251"), {}, errors.DataError, ["not UTF-8", "дом", "cp1251"]),
    "an infinite number": ("a,b\n1,2\n1e999,3\n4,5\n", {}, errors.DataError, ["line 3, column 1 ('a'): the cell is not a finite number", "'1e999'"]),
    "a page": ("<!DOCTYPE html><table>", {}, errors.FileError, ["a page"]),
    "a pickle": (b"\x80\x04\x95\x0b", {}, errors.FileError, ["pickle"]),
    "damaged gzip": (gzip.compress(b"a,b\n1,2\n" * 999)[:-20], {}, errors.FileError, ["cannot be read"]),
    "a wrong decimal mark said": ("a;b\n1.5;x\n2.25;y\n", {"decimal": ","}, errors.DataError, ["not written alike", 'leave decimal="," away']),
    "a wrong encoding said": (b"a,b\n\xe4,2\n", {"encoding": "utf-8"}, errors.FileError, ["not UTF-8", "0xe4"]),
    "an odd delimiter": ("a,b\n1,2\n", {"delimiter": ", "}, errors.ArgumentError, ["delimiter is not usable"]),
    "an odd date format": ("a,b\n1,2\n", {"date_format": "dd.mm"}, errors.ArgumentError, ["date_format is not usable", "%d/%m/%Y"]),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_an_awkward_file_gives_one_clear_error(tmp_path, case):
    content, options, kind, parts = BAD[case]
    path = made(tmp_path, content)
    for reading in (tables.read, lambda *a, **k: list(tables.blocks(*a, **k))):
        with pytest.raises(kind) as caught:
            reading(path, **options)
        for part in parts:
            assert part in str(caught.value)
        assert caught.value.expected or caught.value.fix or caught.value.received


# ---- further down than the sample reaches


@pytest.fixture
def small_sample(monkeypatch):
    """A sample of a tenth: what holds for 20,000 rows then holds for millions."""
    for name, value in {"HEAD": 16 << 10, "PIECE": 1 << 10, "TAIL": 2 << 10}.items():
        monkeypatch.setattr(f"chainrule.tables.bytes.{name}", value)


def long_file(tmp_path, change=None, rows=20_000, header="n,code,word,day\n"):
    """Beyond the sample: rows that are all alike but for one."""
    lines = [f"{i % 977},{i + 1000},w{i % 7},2024-01-{i % 28 + 1:02}\n" for i in range(rows)]
    for row, line in (change or {}).items():
        lines[row] = line
    return made(tmp_path, header + "".join(lines))


FAR = 11_003  # no piece of the sample begins near it


@pytest.mark.usefixtures("small_sample")
def test_a_long_file_is_read_whole(tmp_path):
    path = long_file(tmp_path)
    frame = tables.read(path)
    i = np.arange(20_000)
    np.testing.assert_array_equal(frame["n"].values, i % 977)
    np.testing.assert_array_equal(frame["code"].values, i + 1000)
    assert frame["word"].values[[0, 8, -1]].tolist() == ["w0", "w1", f"w{19_999 % 7}"]
    np.testing.assert_array_equal(
        frame["day"].values.astype("M8[D]"), np.datetime64("2024-01-01") + i % 28
    )
    np.testing.assert_array_equal(frame.lines, i + 2)
    blocks = list(tables.blocks(path))
    np.testing.assert_array_equal(np.concatenate([b.lines for b in blocks]), i + 2)
    np.testing.assert_array_equal(np.concatenate([b["n"].values for b in blocks]), i % 977)


@pytest.mark.usefixtures("small_sample")
@pytest.mark.parametrize(
    ("line", "parts"),
    [
        (
            "abc,5,w,2024-01-01\n",
            [f"line {FAR + 2}, column 1 ('n'): the cell is no number", "'abc'"],
        ),
        ("1,5,w,yesterday\n", [f"line {FAR + 2}, column 4 ('day'): the cell is no date"]),
        ("1,5,w,2024-02-30\n", [f"line {FAR + 2}, column 4 ('day')", "2024-02-30"]),
        ("1,5,w\n", [f"line {FAR + 2}: the row has a different length"]),
        ("inf,5,w,2024-01-01\n", [f"line {FAR + 2}, column 1 ('n')", "finite"]),
        ('1,5,"w,2024-01-01\n', [f"line {FAR + 2}", "quote"]),
        ("1,5,\0,2024-01-01\n", [f"line {FAR + 2}", "NUL"]),
    ],
)
def test_every_row_is_checked(tmp_path, line, parts):
    path = long_file(tmp_path, {FAR: line})
    for reading in (tables.read, lambda p: list(tables.blocks(p))):
        with pytest.raises(errors.DataError) as caught:
            reading(path)
        for part in parts:
            assert part in str(caught.value)


@pytest.mark.usefixtures("small_sample")
def test_a_code_far_down_makes_the_column_text(tmp_path):
    for code in ("0042", "12345678901234567"):
        path = long_file(tmp_path, {FAR: f"1,{code},w,2024-01-01\n"})
        frame = tables.read(path)
        assert (frame["code"].kind, frame["n"].kind) == ("text", "number")
        assert frame["code"].values[FAR] == code
        assert frame["code"].values[0] == "1000"
        try:  # what was seen before the first rows were given is mended, else it is said
            assert {block["code"].kind for block in tables.blocks(path)} == {"text"}
        except errors.DataError as error:
            said = str(error)
        else:
            said = "as_text"
        assert "as_text" in said
        assert sum(map(len, tables.blocks(path, as_text=["code"]))) == 20_000


@pytest.mark.usefixtures("small_sample")
def test_quotes_blank_lines_and_letters_far_down(tmp_path):
    path = long_file(tmp_path, {FAR: '1,5,"two\nlines, ü",2024-01-01\n', FAR + 9: "\n"})
    frame = tables.read(path)
    assert frame["word"].values[FAR] == "two\nlines, ü"
    assert frame.lines[[FAR - 1, FAR, FAR + 1]].tolist() == [FAR + 1, FAR + 2, FAR + 4]
    assert frame.lines[-1] == 20_000 + 2
    assert len(frame) == 19_999
    content = path.read_bytes().replace("ü".encode(), b"\xfc")
    path.write_bytes(content)
    frame = tables.read(path)
    assert frame["word"].values[FAR] == "two\nlines, ü"
    assert frame.format.encoding == "cp1252"


@pytest.mark.usefixtures("small_sample")
def test_both_readings_are_weighed_over_the_whole_column(tmp_path):
    lines = [f"{i % 9 + 1},{i % 900 + 100},03/{i % 12 + 1:02}/2024\n" for i in range(20_000)]
    lines[FAR] = "1,5,25/12/2024\n"
    frame = tables.read(made(tmp_path, "a,b,d\n" + "".join(lines)))
    assert frame.format.column("d").date_format == "%d/%m/%Y"
    assert str(frame["d"].values[FAR].astype("M8[D]")) == "2024-12-25"


def test_many_columns(tmp_path):
    names = [f"c{i}" for i in range(10_000)]
    rows = [",".join(str((i + r) % 10) for i in range(10_000)) for r in range(5)]
    frame = tables.read(made(tmp_path, ",".join(names) + "\n" + "\n".join(rows) + "\n"))
    assert (len(frame), len(frame.columns)) == (5, 10_000)
    assert frame["c9999"].values.tolist() == [9, 0, 1, 2, 3]
    with pytest.raises(errors.DataError, match="too many columns"):
        tables.read(made(tmp_path, ",".join(["1"] * 20_001) + "\n"))


def test_rows_longer_than_the_sample(tmp_path):
    path = made(tmp_path, "text,n\n" + "".join(f"{'x y ' * 300_000}{i},{i}\n" for i in range(4)))
    frame = tables.read(path)
    assert frame["n"].values.tolist() == [0, 1, 2, 3]
    assert [len(text) for text in frame["text"].values] == [1_200_001] * 4
    assert sum(map(len, tables.blocks(path))) == 4


# ---- prediction as in training


def test_a_file_for_prediction_is_read_as_the_training_was(tmp_path):
    train = tables.read(
        made(tmp_path, "zip;price;when;kind\n01234;1,234;03/04/2024;a\n12345;5,678;04/04/2024;b\n"),
        decimal=",",
        date_format="%d/%m/%Y",
    )
    kept = tables.Format.from_json(train.format.to_json())
    assert kept == train.format
    frame = tables.read(
        made(tmp_path, "kind;zip;when;price\na;55555;05/06/2024;2,345\n"), columns=kept
    )
    assert plain(frame) == {
        "kind": ["a"],
        "zip": ["55555"],
        "when": ["2024-06-05"],
        "price": [2.345],
    }
    with pytest.raises(errors.DataError, match=r"line 2, column 1 \('price'\)"):
        tables.read(made(tmp_path, "price,zip\nmuch,1\n"), columns=kept)
    with pytest.raises(errors.FileError):
        tables.read(tmp_path / "t.csv", columns={"columns": [{"name": 5}]})
    without = tables.read(made(tmp_path, "1,2\n3,4\n"))
    assert len(tables.read(made(tmp_path, "7,8\n"), columns=without.format)) == 1


# ---- other doors


def test_excel(tmp_path):
    pytest.importorskip("python_calamine", reason="Excel files are read by calamine")
    day = datetime.date
    rows = [
        ["Sales 2024"], [], ["name", "price", "day", "ok", "code"], ["", "[€]", "", "", ""],
        ["A", 1.234, day(2024, 1, 2), True, "007"], ["B", None, day(2024, 12, 31), False, "8"],
        ["C", 5.678, day(2024, 2, 3), True, "9"], ["Total", 6.912],
    ]  # fmt: skip
    path = workbook.write(tmp_path / "t.xlsx", {"one": rows, "two": [["x", "y"], [1, "u"]]})
    frame = tables.read(path)
    assert plain(frame) == {
        "name": ["A", "B", "C"], "price": [1.234, None, 5.678],
        "day": ["2024-01-02", "2024-12-31", "2024-02-03"], "ok": ["TRUE", "FALSE", "TRUE"],
        "code": ["007", "8", "9"],
    }  # fmt: skip
    assert frame.lines.tolist() == [5, 6, 7]
    for part in ("Excel, sheet 'one'", "other sheets: 'two'", "header in line 3", "'price' in €"):
        assert part in frame.format.said
    assert plain(tables.read(path, sheet="two")) == plain(tables.read(path, sheet=1)) == {
        "x": [1], "y": ["u"],
    }  # fmt: skip
    with pytest.raises(errors.ArgumentError, match="did you mean 'two'"):
        tables.read(path, sheet="tow")
    rows[5][1] = "lots"
    with pytest.raises(errors.DataError, match=r"row 6, column 2 \('price'\)"):
        tables.read(workbook.write(path, {"one": rows}))
    with pytest.raises(errors.DataError, match="workbook is empty"):
        tables.read(workbook.write(path, {"one": [], "two": []}))


def test_workbooks_that_explode(tmp_path, monkeypatch):
    rows = [["a", "b"], [1, 2]]
    monkeypatch.setattr("chainrule.tables.excel.MAX_UNPACKED", 2 << 20)
    path = workbook.write(tmp_path / "b.xlsx", {"one": rows}, {"xl/x.xml": " " * (3 << 20)})
    assert path.stat().st_size < 1 << 20
    with pytest.raises(errors.FileError, match="unpacks to more than is read"):
        tables.read(path)
    # two cells that span 17 billion, with attributes in any order
    far = workbook.sheet(rows).replace('<c r="B2"', '<c t="n" r="XFD1048576"')
    with pytest.raises(errors.FileError, match=r"1,048,576 rows × 16,384 columns"):
        tables.read(workbook.write(path, {"one": far}))
    # a size that lies: what stands behind it is never unpacked
    workbook.write(path, {"one": rows}, {"xl/x.xml": " " * (1 << 20)})
    data = path.read_bytes().replace((1 << 20).to_bytes(4, "little"), (9).to_bytes(4, "little"))
    path.write_bytes(data)
    with pytest.raises(errors.FileError):
        tables.read(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("t.csv", "a,b\n1,2\n")
    with pytest.raises(errors.FileError, match="an archive, and no Excel workbook"):
        tables.read(path)


def test_files_with_types(tmp_path):
    from pyarrow import feather, parquet

    table = pa.table(
        {
            "n": pa.array([1, None], pa.int32()),
            "id": pa.array([10**17, 1], pa.int64()),
            "s": ["01", ""],
            "c": pa.array(["u", "v"]).dictionary_encode(),
            "t": pa.array(["2024-01-02T10:00:00+02:00"] * 2).cast(pa.timestamp("ns", "UTC")),
            "b": [True, False],
            "e": pa.nulls(2),
        }
    )
    expected = {
        "n": [1, None], "id": ["100000000000000000", "1"], "s": ["01", None], "c": ["u", "v"],
        "t": ["2024-01-02T08:00:00"] * 2, "b": [1, 0], "e": [None, None],
    }  # fmt: skip
    parquet.write_table(table, tmp_path / "t.parquet")
    feather.write_feather(table, tmp_path / "t.feather")
    (tmp_path / "t.jsonl").write_text('{"a": 1, "b": "x"}\n{"a": 2.5, "b": null}\n')
    (tmp_path / "t.json").write_text('[{"a": 1, "b": "x"}, {"a": 2.5}]')
    for source in (tmp_path / "t.parquet", tmp_path / "t.feather", table):
        assert plain(tables.read(source)) == expected
        assert plain(next(tables.blocks(source))) == expected
    for name in ("t.jsonl", "t.json"):
        assert plain(tables.read(tmp_path / name)) == {"a": [1, 2.5], "b": ["x", None]}
    with pytest.raises(errors.DataError, match=r"column 1 \('a'\): the column holds neither"):
        tables.read(pa.table({"a": [[1], [2]]}))
    for name, content in {
        "a.parquet": b"PAR1" + bytes(60), "a.feather": b"ARROW1" + bytes(60), "a.jsonl": b'{"a"',
        "b.jsonl": b'{"a": 1}\n{"a": {"b": 1}}\n', "a.json": b"[1, 2]",
    }.items():  # fmt: skip
        with pytest.raises((errors.FileError, errors.DataError)):
            tables.read(made(tmp_path, content, name))


def test_columns_in_memory():
    assert plain(tables.read({"a": [1, None], "b": ["x", ""]})) == {
        "a": [1, None],
        "b": ["x", None],
    }
    assert plain(tables.read(np.eye(2))) == {"x1": [1, 0], "x2": [0, 1]}
    with pytest.raises(
        errors.DataError, match=r"row 2, column 1 \('a'\): the cell is not a finite"
    ):
        tables.read({"a": [1.0, math.inf]})
    for odd in (5, None, [1, 2], np.zeros(3), {"a": 5}, object()):
        with pytest.raises(errors.ChainruleError):
            tables.read(odd)
    kept = tables.read({"zip": ["01", "2"], "n": [1.0, 2.0]}).format
    frame = tables.read({"n": ["7", "NA"], "zip": [3, 4]}, columns=kept)
    assert plain(frame) == {"n": [7, None], "zip": ["3", "4"]}
    with pytest.raises(errors.DataError, match=r"row 2, column 1 \('n'\)"):
        tables.read({"n": ["7", "x"]}, columns=kept)


def test_data_frames():
    pandas = pytest.importorskip("pandas", reason="needs pandas")
    frame = pandas.DataFrame(
        {
            "a": [1, None],
            "d": pandas.to_datetime(["2024-01-02", None]),
            "c": pandas.Categorical(["u", "v"]),
        },
        index=["r", "s"],
    )
    read = tables.read(frame)
    assert plain(read) == {"a": [1, None], "d": ["2024-01-02", None], "c": ["u", "v"]}
    assert "the index of the DataFrame is no column" in read.format.said
    mixed = tables.read(pandas.DataFrame({"m": [1, "a"], 5: [1, 2]}))
    assert plain(mixed) == {"m": ["1", "a"], "5": [1, 2]}
    with pytest.raises(errors.DataError, match="two columns have the same name"):
        tables.read(pandas.DataFrame([[1, 2]], columns=["a", "a"]))
    polars = pytest.importorskip("polars", reason="needs polars")
    read = tables.read(polars.DataFrame({"a": [1, None], "s": ["x", "y"]}))
    assert plain(read) == {"a": [1, None], "s": ["x", "y"]}
    with pytest.raises(errors.DataError, match=r"collect\(\) first"):
        tables.read(polars.LazyFrame({"a": [1]}))


TEXTS = {
    "price": ["1.234,5", "12,25", "k.A.", "3,5"],
    "kg": ["427.8", "1", "#N/A", "2.5"],
    "day": ["05.03.2024", "31.12.2024", "keine Angabe", ""],
    "ok": ["TRUE", "false", "TRUE", "TRUE"],
    "zip": ["01234", "99999", "10115", "1"],
    "account": ["1234567890123456", "1", "2", "3"],
    "word": ["none", "a1", "-", "b"],
}


def as_source(kind, columns, folder):
    if kind == "dict":
        return columns
    if kind in ("pandas", "polars"):
        return pytest.importorskip(kind, reason=f"needs {kind}").DataFrame(columns)
    if kind == "arrow":
        return pa.table(columns)
    if kind == "parquet":
        from pyarrow import parquet

        parquet.write_table(pa.table(columns), folder / "t.parquet")
        return folder / "t.parquet"
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    if kind == "csv":
        lines = [list(columns), *[[f'"{cell}"' for cell in row.values()] for row in rows]]
        return made(folder, "\n".join(map(",".join, lines)) + "\n")
    if kind == "excel":
        pytest.importorskip("python_calamine", reason="Excel files are read by calamine")
        lines = [list(columns), *map(list, zip(*columns.values(), strict=True))]
        return workbook.write(folder / "t.xlsx", {"one": lines})
    text = "\n".join(map(json.dumps, rows)) if kind == "jsonl" else json.dumps(rows)
    return made(folder, text, f"t.{kind}")


SOURCES = ["csv", "dict", "pandas", "polars", "arrow", "parquet", "jsonl", "json", "excel"]


@pytest.mark.parametrize("kind", SOURCES)
def test_texts_are_read_alike_whatever_they_come_in(tmp_path, kind):
    frame = tables.read(as_source(kind, TEXTS, tmp_path))
    assert plain(frame) == {
        "price": [1234.5, 12.25, None, 3.5],
        "kg": [427.8, 1, None, 2.5],
        "day": ["2024-03-05", "2024-12-31", None, None],
        "ok": TEXTS["ok"], "zip": TEXTS["zip"], "account": TEXTS["account"],
        "word": TEXTS["word"],
    }  # fmt: skip
    assert "decimal comma" in frame.format.said
    assert "'day' is written day.month.year" in frame.format.said
    assert tables.find_roles(frame)["price"].cells[0] == ("1.234,5", "1234.5")
    if kind not in ("csv", "excel"):
        assert "text read as numbers: 'price', 'kg'; text read as dates: 'day'" in frame.format.said
    kept = tables.read(as_source(kind, TEXTS, tmp_path), as_text=["kg"], missing="3,5")
    assert kept["kg"].kind == "text"
    assert plain(kept)["price"] == [1234.5, 12.25, None, None]
    for cells, option in (
        (["1,234", "2,345"], 'decimal=","'), (["03/04/2024", "04/05/2024"], "date_format"),
        (["5 €", "7 $"], "more than one currency"),
    ):  # fmt: skip
        columns = {"a": cells, "b": ["x", "y"]}
        with pytest.raises(errors.DataError, match=re.escape(option)):
            tables.read(as_source(kind, columns, tmp_path))
    columns = {"a": ["1,234", "2,345"], "b": ["0,5", "1,5"]}
    frame = tables.read(as_source(kind, columns, tmp_path))  # the neighbour decides
    assert plain(frame) == {"a": [1.234, 2.345], "b": [0.5, 1.5]}


def test_texts_in_memory_are_read_as_those_of_the_training(tmp_path):
    columns = {"n": ["1,234", "0,5"], "day": ["05/03/2024", "31/12/2024"], "code": ["007", "8"]}
    kept = tables.read(columns).format
    new = {"code": ["8"], "n": ["5,678"], "day": ["01/02/2024"]}
    assert plain(tables.read(new, columns=kept)) == {
        "code": ["8"], "n": [5.678], "day": ["2024-02-01"],
    }  # fmt: skip
    # what a type says is a category stays one, and a code far down keeps its column text
    pandas = pytest.importorskip("pandas", reason="needs pandas")
    frame = pandas.DataFrame({"grade": pandas.Categorical(["1", "2"])})
    assert tables.read(frame)["grade"].kind == "text"
    many = [str(i) for i in range(50_000)]
    assert tables.read(pandas.DataFrame({"n": many}))["n"].kind == "number"
    assert tables.read(pandas.DataFrame({"n": [*many, "007"]}))["n"].kind == "text"
    assert [f["n"].kind for f in tables.blocks(pa.table({"n": many}))] == ["number"]


def test_without_pyarrow(monkeypatch, tmp_path):
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.csv", None)
    with pytest.raises(errors.MissingExtraError, match=r"chainrule\[data\]"):
        tables.read(made(tmp_path, "a,b\n1,2\n"))


# ---- random tables: the right answer, or an error of ours


def cells(kind, rng, rows, decimal, gaps):
    """Cells as they are written, and what they are."""
    out = []
    for _ in range(rows):
        if rng.random() < gaps:
            out.append(("", None))
        elif kind == "whole":
            value = rng.randint(-999, 99999)
            out.append((str(value), float(value)))
        elif kind == "fraction":
            value = round(rng.uniform(-5000, 5000), 2)
            out.append((f"{value:.2f}".replace(".", decimal), value))
        elif kind == "date":
            day = datetime.date(2000, 1, 1) + datetime.timedelta(rng.randint(0, 9000))
            out.append((day.strftime("%d.%m.%Y"), day.isoformat()))
        else:
            text = "".join(
                rng.choice("abcäß é,;\"\n '#x") for _ in range(rng.randint(1, 9))
            ).strip()
            text = f"q{text}" if text else "q"
            out.append((text, text))
    return out


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**9))
def test_random_tables_are_read_right_or_refused(tmp_path, seed):
    rng = random.Random(seed)  # noqa: S311
    delimiter, decimal = rng.choice([(",", "."), (";", ","), (";", "."), ("\t", ",")])
    encoding = rng.choice(["utf-8", "utf-8-sig", "utf-16", "cp1252"])
    kinds = [rng.choice(["whole", "fraction", "date", "text"]) for _ in range(rng.randint(1, 6))]
    rows, gaps = rng.randint(3, 40), rng.choice([0, 0.1, 0.4])
    columns = [cells(kind, rng, rows, decimal, gaps) for kind in kinds]
    for at in (0, -1):  # empty rows above and below the table are none
        columns[0][at] = cells(kinds[0], rng, 1, decimal, 0)[0]
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, lineterminator=rng.choice(["\n", "\r\n"]))
    writer.writerow([f"col {i}" for i in range(len(kinds))])
    writer.writerows([[column[r][0] for column in columns] for r in range(rows)])
    path = made(tmp_path, file.getvalue().encode(encoding))
    try:
        frame = tables.read(path, header=True)
    except (errors.DataError, errors.FileError):
        return
    assert len(frame) == rows
    for i, (kind, column) in enumerate(zip(kinds, columns, strict=True)):
        expected = [written for _, written in column]
        found = frame[f"col {i}"]
        if any(v is not None for v in expected):
            assert found.kind == {"text": "text", "date": "date"}.get(kind, "number")
        if found.kind == "text":
            expected = [v and v.replace("\r\n", "\n") for v in expected]
        assert plain(frame)[f"col {i}"] == expected


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.one_of(
        st.binary(max_size=150),
        st.text('0123.,;e-"\n\r x?\t#%€/', max_size=150).map(str.encode),
        st.lists(st.text("019.,-/ a$%", max_size=6), min_size=1, max_size=30).map(
            lambda c: "\n".join(",".join(c[i : i + 3]) for i in range(0, len(c), 3)).encode()
        ),
    )
)
def test_random_bytes_raise_nothing_but_our_errors(tmp_path, content):
    path = made(tmp_path, content)
    try:
        frame = tables.read(path)
    except (errors.DataError, errors.FileError):
        return
    for column in frame:
        assert len(column.values) == len(frame) == len(frame.lines)
        assert column.kind != "number" or not np.isinf(column.values).any()
    assert (np.diff(frame.lines) > 0).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert frame.format.from_json(frame.format.to_json()) == frame.format


def test_a_quote_that_is_never_closed_is_no_note_below_the_table(tmp_path):
    rows = [f"k{i},{i},yes" for i in range(30)]
    rows[14] = '"' + rows[14]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["name,n,paid", *rows, ""]), encoding="utf-8")
    with pytest.raises(errors.DataError, match="line 16") as caught:
        tables.read(path)
    assert "never closed" in str(caught.value)


@pytest.mark.parametrize(
    "cells",
    [np.zeros((2, 2)), [[1, 2], [3, 4]], [[1], [2, 3]], 5, np.array([1j, 2]), np.array([1j, "a"], object),
     np.array([{}, "a"], object), np.array([np.zeros(2), None], object)],
)  # fmt: skip
def test_a_column_that_is_no_list_of_cells_is_one_clear_error(cells):
    with pytest.raises(errors.DataError, match="no list of cells"):
        tables.Frame.of({"a": cells})


def test_names_that_are_numbers_and_cells_of_pandas():
    pandas = pytest.importorskip("pandas", reason="its missing values")
    frame = tables.Frame.of({0: [1, 2], 1: pandas.Series(["x", None], dtype="string")})
    assert (frame.names, frame["1"].values.tolist()) == (["0", "1"], ["x", None])
    with pytest.raises(errors.DataError, match="same name"):
        tables.Frame.of({0: [1], "0": [2]})


def test_times_with_zones_are_dates_in_utc():
    zone = datetime.timezone(datetime.timedelta(hours=2))
    noon = datetime.datetime(2024, 1, 1, 12, tzinfo=zone)
    column = tables.Frame.of({"t": [noon, None, noon.astimezone(datetime.UTC)]})["t"]
    ten = np.datetime64("2024-01-01T10")
    np.testing.assert_array_equal(column.values, np.array([ten, "NaT", ten], "M8[us]"))
    with pytest.raises(errors.DataError, match="without one"):
        tables.Frame.of({"t": [noon, noon.replace(tzinfo=None)]})


def test_an_error_of_the_first_sheet_names_the_others(tmp_path):
    pytest.importorskip("python_calamine", reason="Excel files are read by calamine")
    sheets = {"Read me": [["made by", "hand"], ["in", "May"]], "Data": [["a", "b"], [1, 2]]}
    path = workbook.write(tmp_path / "t.xlsx", sheets)
    with pytest.raises(errors.DataError) as caught:
        tables.read(path)
    for part in ("sheet 'Read me'", "on another sheet ('Data')", 'sheet="Data"', "header=True"):
        assert part in str(caught.value)
    with pytest.raises(errors.DataError) as caught:
        tables.read(path, sheet="Read me")
    assert "another sheet" not in str(caught.value)
