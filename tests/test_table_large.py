"""Tables larger than memory: the same answers as of tables that are read at once, said and bounded."""

from __future__ import annotations

import csv
import os

import numpy as np
import pytest

import chainrule as cr
from chainrule import tables
from chainrule.cli import main
from chainrule.errors import ArgumentError, ChainruleError, DataError
from chainrule.tables import Frame, csvs, split
from chainrule.tables.passes import Drawn, Passes, draws
from chainrule.tables.reading import passes
from chainrule.workflow import Run, table_large
from chainrule.workflow.replay import replay
from chainrule.workflow.table_data import as_roles, open_table
from chainrule.workflow.table_large import is_large, open_large, some_rows
from chainrule.workflow.table_options import TableOptions

pytest.importorskip("pyarrow")
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

ROWS = 3000
QUICK = ["--hidden", "8", "--epochs", "12", "--engine", "numpy"]


@pytest.fixture(autouse=True)
def every_file_is_large(monkeypatch):
    monkeypatch.setattr(table_large, "LARGE", 1000)
    monkeypatch.setattr(csvs, "BLOCK", 1 << 15)  # and comes in several blocks


def people(rows=ROWS, seed=0):
    random = np.random.default_rng(seed)
    age, size = random.integers(20, 70, rows), random.normal(size=rows).round(4)
    colour = random.choice(["red", "green", "blue"], rows)
    bought = np.where((age > 45) == (colour == "red"), "yes", "no")
    return {"no": np.arange(rows), "age": age, "size": size, "colour": colour, "bought": bought}


def write(path, columns):
    with open(path, "w", newline="", encoding="utf-8") as file:
        written = csv.writer(file)
        written.writerow(columns)
        written.writerows(zip(*(np.asarray(v).tolist() for v in columns.values()), strict=True))
    return str(path)


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write(tmp_path_factory.mktemp("large") / "people.csv", people())


@pytest.fixture(scope="module")
def run(table):
    """A run on it, from the command line."""
    before, table_large.LARGE = table_large.LARGE, 1000
    folder = os.path.join(os.path.dirname(table), "run")
    try:
        assert main(["train", table, "--out", folder, *QUICK]) == 0
    finally:
        table_large.LARGE = before
    return Run.load(folder)


# ---- what is found


def test_columns_are_what_they_are_in_a_table_that_is_read_at_once(table):
    large, ordinary = open_large(table, TableOptions()), open_table(table, TableOptions())
    ours, theirs = large.roles, ordinary.roles
    assert [(r.name, r.role) for r in ours.roles] == [(r.name, r.role) for r in theirs.roles]
    assert (ours.target, ours.task, ours.class_names) == ("bought", "classification", ("no", "yes"))
    assert large.rows == ROWS
    assert len(large.frame) < ROWS


def test_which_rows_are_drawn_does_not_depend_on_blocks(table):
    lines = np.arange(2, 5002)
    whole = draws(lines, 3, 1)
    assert np.array_equal(whole[1000:1500], draws(lines[1000:1500], 3, 1))
    assert abs(whole.mean() - 0.5) < 4 / np.sqrt(12 * 5000)  # four standard errors
    assert not np.array_equal(whole, draws(lines, 4, 1))
    assert whole.max() < 1
    chosen = []
    for pace in (7, 1000):
        drawn = Drawn(40)
        for start in range(0, len(lines), pace):
            some = lines[start : start + pace]
            drawn.add(
                Frame.of({"a": some.astype(float)}).take(np.arange(len(some))), draws(some, 0, 1)
            )
        chosen.append(drawn.frame()["a"].values)
    assert np.array_equal(*chosen)
    assert len(chosen[0]) == 40
    assert set(chosen[0]) == set(lines[np.argsort(draws(lines, 0, 1))[:40]])


def test_a_class_of_three_rows_is_known(tmp_path, monkeypatch):
    monkeypatch.setattr(table_large, "SAMPLE", 200)
    columns = people()
    columns["bought"] = columns["bought"].astype(object)
    columns["bought"][[2990, 2995, 2999]] = "perhaps"
    found = open_large(write(tmp_path / "t.csv", columns), TableOptions())
    assert found.roles.class_names == ("no", "perhaps", "yes")


def test_rows_far_down_that_are_written_in_another_way(tmp_path):
    columns = people(8000)
    columns["size"] = [f"{v:.4f}" for v in columns["size"]]
    columns["size"][-1] = "wide"
    with pytest.raises(ChainruleError, match="no number") as caught:
        open_large(write(tmp_path / "t.csv", columns), TableOptions())
    assert "line 8001" in str(caught.value)
    # codes among whole numbers: the column is text from its first row on, as if read at once
    columns = {
        "code": np.arange(1000, 301_000).astype(str).astype(object),
        "y": [0.5, 1.5] * 150_000,
    }
    columns["code"][299_990] = "0077"
    path = write(tmp_path / "codes.csv", columns)
    seen, begun = [], []

    def begin():
        begun.append(len(seen))
        seen.clear()
        return seen.append

    again = passes(path)
    again.first(begin)
    # rows have mostly been given when it is found; a reader that is far ahead finds it before
    assert len(begun) in (1, 2)
    assert [len(seen), sum(map(len, seen))] == [len(list(again)), 300_000]
    assert {frame["code"].kind for frame in seen} == {"text"}
    assert tables.read(path)["code"].kind == "text"


def test_folds_and_lags_are_refused(table):
    with pytest.raises(ArgumentError, match="fit into memory"):
        cr.train(table, folds=5, verbose=0)


# ---- which rows are held out


def sides(path, options=None, seed=0):
    """Rows learnt from and rows held out, by line."""
    from chainrule.layers import TableEncoder

    options = options or TableOptions()
    data = open_large(path, options, seed)
    encoder = TableEncoder.of(data.roles)
    encoder.adapt(as_roles(data.frame, data.roles)[0])
    x, y, groups = data.large.encoded(encoder, data, plain=False)
    return data, x, y, groups


def test_equal_rows_stand_on_one_side(tmp_path):
    columns = people()
    for name in ("age", "size", "colour", "bought"):  # every row twice, far apart
        columns[name] = np.concatenate([columns[name][: ROWS // 2]] * 2)
    data, x, y, groups = sides(write(tmp_path / "t.csv", columns))
    assert any("copies of others" in notice for notice in data.notices)
    held = data.large.groups(data.test).view(np.int64)
    assert not np.isin(held, groups).any()
    assert len(held) + len(y) == ROWS
    assert len(x["numeric"]) == len(y)
    assert abs(len(held) / ROWS - 0.2) < 4 * np.sqrt(0.16 / (ROWS / 2))
    assert (np.unique(groups, return_counts=True)[1] == 2).all()


def test_rows_of_few_kinds_are_split_freely(tmp_path):
    random = np.random.default_rng(0)
    columns = {n: random.choice(["a", "b"], ROWS) for n in ("one", "two", "three")}
    data, *_, groups = sides(write(tmp_path / "t.csv", columns))
    assert groups is None
    assert 0.1 < len(data.test) / ROWS < 0.3


def test_a_group_stands_on_one_side(tmp_path):
    columns = {"patient": np.arange(ROWS) % 211, **people()}
    data, *_, groups = sides(write(tmp_path / "t.csv", columns), TableOptions(group="patient"))
    held = set(data.test["patient"].values.tolist())
    assert 20 < len(held) < 70
    assert len(np.unique(groups)) == 211 - len(held)
    assert not held & set(data.frame["patient"].values.tolist())


def test_the_last_rows_by_time_are_held_out(tmp_path):
    columns = {"day": np.datetime64("2024-01-01") + np.arange(ROWS) // 5, **people()}
    data, _, y, _ = sides(write(tmp_path / "t.csv", columns), TableOptions(time="day"))
    first = data.test["day"].values.min()
    assert (data.frame["day"].values < first).all()
    assert abs(len(data.test) - ROWS / 5) <= 5
    assert len(y) + len(data.test) == ROWS


def test_another_seed_another_split_and_the_same_the_same(table):
    a, b, c = (sides(table, seed=s)[0].test.lines.tolist() for s in (0, 0, 1))
    assert a == b != c


def test_few_rows_are_drawn_where_there_are_many(table, monkeypatch):
    monkeypatch.setattr(table_large, "MOST", 500)
    monkeypatch.setattr(table_large, "HELD", 50)
    data, _, y, _ = sides(table)
    assert len(data.test) == 50
    assert abs(len(y) - 500) < 5 * np.sqrt(500)


def test_ranges_are_those_of_all_rows_learnt_from(table, monkeypatch):
    monkeypatch.setattr(table_large, "SAMPLE", 100)
    from chainrule.layers import TableEncoder

    data = open_large(table, TableOptions())
    encoder = TableEncoder.of(data.roles)
    encoder.adapt(as_roles(data.frame, data.roles)[0])
    data.large.encoded(encoder, data, plain=False)
    held = set(data.test.lines.tolist())
    size = people()["size"]
    rest = np.array([v for line, v in enumerate(size, 2) if line not in held])
    state = next(s for s, f in zip(encoder.statistics, encoder.features, strict=True)
                 if f["name"] == "size")  # fmt: skip
    assert (state["low"], state["high"]) == (rest.min(), rest.max())


# ---- the whole way


def test_a_run_says_what_it_is_worth(run, table, capsys):
    assert str(run.verdict).startswith("USEFUL")
    assert run.scores["accuracy"].model.value > 0.75
    assert run.config["data"]["rows"] == ROWS
    held = run.config["results"]["test_rows"]
    assert run.config["results"]["fitted_rows"] + held == ROWS
    assert main(["evaluate", run.folder, table]) == 0
    assert "held out in training" in capsys.readouterr().out
    with open(os.path.join(run.folder, "report.html"), encoding="utf-8") as file:
        page = file.read()
    assert f"{ROWS:,} rows, of which {ROWS - held:,} were looked at" in page


def test_a_report_from_the_folder_has_the_same_rows(run, tmp_path):
    from chainrule.workflow.findings import findings_of

    found = findings_of(run)
    assert found.rows == ROWS
    assert np.array_equal(tables.targets(found.frame, run.roles), run.figures.y)
    assert np.allclose(found.predict(found.frame), run.figures.outputs, atol=1e-6)


def test_a_repetition_is_the_same_bit_by_bit(run):
    assert replay(run.folder, verbose=0).same


def test_answers_are_those_of_a_file_read_at_once(run, tmp_path, monkeypatch, capsys):
    columns = people(8000, seed=1)
    columns["age"] = columns["age"].astype(object)
    columns["age"][[5, 7000]] = ""
    columns["colour"][7] = "pink"
    columns["size"] = columns["size"].astype(object)
    columns["size"][7999] = "wide"  # the last row of the last block has no answer, the others have
    new = write(tmp_path / "new.csv", {k: v for k, v in columns.items() if k != "bought"})
    assert main(["predict", run.folder, new, "--out", str(tmp_path / "a.csv")]) == 0
    said = capsys.readouterr()
    monkeypatch.setattr(table_large, "LARGE", 1 << 40)
    assert main(["predict", run.folder, new, "--out", str(tmp_path / "b.csv")]) == 0
    other = capsys.readouterr()
    a, b = read(tmp_path / "a.csv"), read(tmp_path / "b.csv")
    assert a == b
    assert a[0][-1] == "reason"
    assert len(a) == 8001
    assert "wide" in a[8000][-1]
    assert not any(row[-1] for row in a[1:8000])
    assert said.err == other.err
    assert "pink" in said.err


def test_a_refused_file_of_answers_is_not_begun(run, tmp_path):
    columns = {k: v for k, v in people(8000).items() if k != "bought"}
    columns["size"] = columns["size"].astype(object)
    columns["size"][:] = "wide"
    new = write(tmp_path / "new.csv", columns)
    assert main(["predict", run.folder, new, "--out", str(tmp_path / "a.csv")]) == 2
    assert os.listdir(tmp_path) == ["new.csv"]
    assert main(["predict", run.folder, new]) == 2  # so many rows are not printed
    assert main(["predict", run.folder, new, "--out", str(tmp_path / "a.parquet")]) == 2
    assert os.listdir(tmp_path) == ["new.csv"]


def test_a_large_file_keeps_to_what_was_said_of_the_training(tmp_path, capsys):
    columns = people(2000)
    columns["age"] = columns["age"].astype(object)
    columns["age"][::50] = "gone"
    columns["size"] = [f"{v:.3f} kg" for v in columns["size"]]
    table, folder = write(tmp_path / "t.csv", columns), str(tmp_path / "run")
    assert main(["train", table, "--missing", "gone", "--out", folder, *QUICK]) == 0
    capsys.readouterr()
    assert main(["predict", folder, table, "--out", str(tmp_path / "a.csv")]) == 0
    assert "cannot be read" not in capsys.readouterr().err
    other = write(tmp_path / "g.csv", {**columns, "size": [c[:-2] + "g" for c in columns["size"]]})
    assert main(["predict", folder, other, "--out", str(tmp_path / "b.csv")]) == 2
    assert "another unit than in training" in capsys.readouterr().err
    assert not (tmp_path / "b.csv").exists()


def test_another_large_file_is_judged_by_some_rows(run, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(table_large, "HELD", 500)
    other = write(tmp_path / "other.csv", people(2000, seed=2))
    assert main(["evaluate", run.folder, other]) == 0
    assert "500 of 2,000 rows, drawn by the seed" in capsys.readouterr().out


def test_a_file_for_the_figures(table, tmp_path):
    test = write(tmp_path / "test.csv", people(400, seed=3))
    made = cr.train(table, test=test, hidden=(8,), epochs=6, engine="numpy", verbose=0)
    assert len(made.figures.y) == 400
    assert made.config["results"]["fitted_rows"] == ROWS
    with pytest.raises(ArgumentError, match="those of the training"):
        cr.train(table, test=table, hidden=(8,), epochs=1, engine="numpy", verbose=0)


def test_typed_columns(tmp_path):
    parquet, arrow = pytest.importorskip("pyarrow.parquet"), pytest.importorskip("pyarrow")
    columns = people()
    path = str(tmp_path / "t.parquet")
    parquet.write_table(arrow.table(columns), path, row_group_size=700)
    assert is_large(path, TableOptions())
    data, _, y, _ = sides(path)
    assert data.rows == ROWS
    assert len(y) + len(data.test) == ROWS
    assert Passes(path, table_large.passes(path).wanted).rows_about == ROWS


def test_a_column_of_another_kind_further_down(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    path = str(tmp_path / "t.arrow")
    small = arrow.table({"a": [1, 2, 3] * 20, "y": [0.5, 1.5, 2.5] * 20})
    large = arrow.table({"a": [10**16 + i for i in range(60)], "y": [0.5] * 60})
    with arrow.ipc.new_file(path, small.schema) as file:
        file.write_table(small)
        file.write_table(large)
    with pytest.raises(DataError, match=r"row 61, column 1 .*does not fit its column"):
        open_large(path, TableOptions())


def test_rows_of_another_file_are_read_as_those_of_the_training(table):
    rows, said = some_rows(table, TableOptions(), tables.read(table).format)
    assert len(rows) == ROWS
    assert said == []


def test_hashes_of_rows_are_the_same_in_every_block():
    frame = Frame.of(people(500))
    roles = tables.find_roles(frame)
    whole = split.row_hashes(frame, roles, 5)
    assert np.array_equal(
        split.row_hashes(frame.take(np.arange(499, -1, -1)), roles, 5), whole[::-1]
    )
    assert len(np.unique(whole)) == 500
    # the copies are those that `equal_rows` finds
    twice = frame.take(np.concatenate([np.arange(500), np.arange(0, 500, 7)]))
    ours = np.unique(split.row_hashes(twice, roles), return_inverse=True)[1]
    theirs = split.equal_rows(twice, roles).groups
    assert len({*zip(ours.tolist(), theirs.tolist(), strict=True)}) == len(set(theirs.tolist()))


@pytest.mark.parametrize("named", [None, "day"])
def test_figures_of_later_rows_are_not_promised(tmp_path, named):
    """A small table has them; of a large one it is said how to get them."""
    columns = people()
    del columns["no"]
    days = np.datetime64("2021-01-01") + np.random.default_rng(3).integers(0, 900, ROWS)
    path = write(tmp_path / "dated.csv", {**columns, "day": days})
    notices = open_large(path, TableOptions(target="bought", time=named)).notices
    said = [line for line in notices if "later rows" in line]
    if named:
        assert not said
    else:
        assert len(said) == 1
        assert "'day'" in said[0]
        assert "time='day'" in said[0] or 'time="day"' in said[0]
        assert "last 20 %" in said[0]
    undated = open_large(write(tmp_path / "people.csv", columns), TableOptions()).notices
    assert not any("later rows" in line for line in undated)
